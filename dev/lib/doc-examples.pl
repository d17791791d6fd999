# doc-examples.pl NAME FILE PSQL...: runs the ```sql blocks of a Markdown file, in order, in one psql session; prints TAP.
#
# A block whose fence reads ```sql skip=REASON is listed as skipped. A ```text block right after an sql block is its
# expected output, compared line by line without trailing blanks. After a failed block the rest is not run.
use strict;
use warnings;

my ($name, $file, @psql) = @ARGV;
open(my $in, '<', $file) or die "$file: $!";
my (@blocks, $block, $kind);
while (my $line = <$in>)
{
	if (!defined $kind && $line =~ /^```(\w*)\s*(.*?)\s*$/)
	{
		$kind = $1;
		if ($kind eq 'sql')
		{
			$block = { line => $., sql => '', skip => $2 =~ /^skip=(.+)/ ? $1 : undef, fresh => 1 };
			push @blocks, $block;
		}
		elsif ($kind eq 'text' && $block && $block->{fresh})
		{
			$block->{expected} = '';
		}
	}
	elsif (defined $kind && $line =~ /^```/)
	{
		$block->{fresh} = 0 if $block && $kind ne 'sql';
		undef $kind;
	}
	elsif (defined $kind)
	{
		$block->{sql} .= $line if $kind eq 'sql';
		$block->{expected} .= $line if $kind eq 'text' && $block && $block->{fresh};
	}
	elsif ($line =~ /\S/)
	{
		$block->{fresh} = 0 if $block;
	}
}

# One script: a mark after each block shows how far psql came and what each block printed.
my $mark = 'end of documentation example';
my $script = "\\set ON_ERROR_STOP on\n";
my @run = grep { !defined $_->{skip} } @blocks;
$script .= "$_->{sql}\n;\n\\echo '$mark'\n" for @run;
$script =~ s/;\s*\n;\n/;\n/g;
my $path = ($ENV{HOME} || '/tmp') . "/doc-examples.$$.sql";
open(my $out, '>', $path) or die "$path: $!";
print $out $script;
close $out;
my $output = do { open(my $pipe, '-|', join(' ', map { quotemeta } @psql, '-q', '-f', $path) . ' 2>&1') or die $!; local $/; <$pipe> };
unlink $path;
my @printed = split /^\Q$mark\E\n/m, $output, -1;

print '1..', scalar(@blocks), "\n";
my $number = 0;
my $stopped = 0;
sub trimmed { my $text = shift; $text =~ s/[ \t]+$//mg; $text =~ s/\s+\z//; $text =~ s/\A\n+//; return $text }
for my $block (@blocks)
{
	$number++;
	my $title = "$number - $name, line $block->{line}";
	if (defined $block->{skip}) { print "ok $title # SKIP $block->{skip}\n"; next }
	if ($stopped) { print "not ok $title (not run)\n"; next }
	my $text = shift @printed;
	if (!@printed)
	{
		$stopped = 1;
		print "not ok $title\n", map { "# $_\n" } split /\n/, $text;
	}
	elsif (defined $block->{expected} && trimmed($block->{expected}) ne trimmed($text))
	{
		print "not ok $title\n# printed:\n", map({ "# $_\n" } split /\n/, trimmed($text)),
			"# the page says:\n", map { "# $_\n" } split /\n/, trimmed($block->{expected});
	}
	else
	{
		print "ok $title\n";
	}
}
