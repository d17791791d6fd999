#!/usr/bin/env perl
# options.pl TABLES PAGE [--check]: puts the tables of options (made by options.sql) in their places in a page; with --check only says which differ.
use strict;
use warnings;

my ($tables, $page, $check) = @ARGV;
my $read = sub { open my $in, '<', $_[0] or die "$_[0]: $!\n"; local $/; return scalar <$in> };
my %table;
my $made = $read->($tables);
$table{$1} = $2 while $made =~ /(<!-- options of \w+ -->)\n(.*?)<!-- end -->/gs;
my $text = $read->($page);
my %seen;
my $differing = 0;
$text =~ s{(<!-- options of \w+ -->)\n(.*?)<!-- end -->}{
	my ($mark, $old) = ($1, $2);
	$seen{$mark} = 1;
	my $new = $table{$mark} // '';
	if ($new ne $old) { $differing++; print "$page: $mark differs: run dev/reference\n" if $check }
	"$mark\n$new<!-- end -->"
}gse;
for my $mark (sort keys %table)
{
	next if $seen{$mark};
	print "$page: $mark is missing\n";
	$differing++;
}
unless ($check)
{
	open my $out, '>', $page or die "$page: $!\n";
	print {$out} $text;
}
exit($check && $differing ? 1 : 0);
