#!/usr/bin/perl
# meta.pl FOLDER: is FOLDER/META.json what the specification of PGXN 1.0.0 asks for, and true of the files beside it? Prints what is not.
use strict;
use warnings;
use JSON::PP;

my $folder = shift or die "usage: meta.pl FOLDER\n";

sub contents
{
	open my $file, '<', "$folder/$_[0]" or die "$_[0]: $!\n";
	local $/;
	return scalar <$file>;
}

my $meta = JSON::PP->new->decode(contents('META.json'));
my ($version) = contents('segment.control') =~ /^default_version = '(.*)'$/m;
my @faults;

sub check
{
	my ($holds, $fault) = @_;
	push @faults, $fault unless $holds;
}

for my $key (qw(name version abstract maintainer license provides meta-spec))
{
	check(defined $meta->{$key}, "$key is missing");
}
my %known = map { $_ => 1 } qw(name version abstract maintainer license provides meta-spec description generated_by no_index prereqs release_status resources tags);
check(scalar($known{$_} || /^x_/i), "$_ is no key of the specification") for sort keys %$meta;
check(scalar($meta->{version} =~ /^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-[\w.-]+)?$/a), 'version is no semantic version');
check($meta->{version} eq $version, "version is not segment.control's $version");
check($meta->{'meta-spec'}{version} eq '1.0.0', 'meta-spec is not 1.0.0');
for my $name (sort keys %{ $meta->{provides} })
{
	my $extension = $meta->{provides}{$name};
	check(($extension->{version} // '') eq $version, "provides $name: version is not $version");
	check(-f "$folder/$extension->{$_}", "provides $name: no file $extension->{$_}") for grep { exists $extension->{$_} } qw(file docfile);
	check(exists $extension->{file}, "provides $name: file is missing");
}
for my $phase (sort keys %{ $meta->{prereqs} })
{
	for my $kind (sort keys %{ $meta->{prereqs}{$phase} })
	{
		check(scalar($meta->{prereqs}{$phase}{$kind}{$_} =~ /^\d+\.\d+\.\d+$/a), "prereqs $phase $kind $_: no version of three numbers") for sort keys %{ $meta->{prereqs}{$phase}{$kind} };
	}
}
my ($changes) = contents('debian/changelog') =~ /^postgresql-segment \((.*?)\)/;
check($changes eq $version, "debian/changelog begins with $changes");
print "$_\n" for @faults;
exit(@faults > 0);
