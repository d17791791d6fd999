# message-style.pl FILE…: messages of C code and of the install script that break PostgreSQL's style guide for errors, one
# a line: the primary is no sentence (no capital, no full stop), detail and hint are sentences, none has contractions.
use strict;
use warnings;

my %kind = (MESSAGE => 'errmsg', DETAIL => 'errdetail', HINT => 'errhint');

# [kind, text, position] of each message that is a literal.
sub messages
{
	my ($file, $source) = @_;
	my @found;

	if ($file =~ /\.[ch]$/)
	{
		my $literal = qr/"(?:[^"\\]|\\.)*"\s*|U?INT64_FORMAT\s*/;
		while ($source =~ /\b(errmsg|errdetail|errhint)\(\s*((?:$literal)+)/g)
		{
			my ($kind, $text, $at) = ($1, $2, pos $source);
			$text =~ s/U?INT64_FORMAT/"%d"/g;
			push @found, [ $kind, join('', $text =~ /"((?:[^"\\]|\\.)*)"/g), $at ];
		}
	}
	else
	{
		while ($source =~ /\b(MESSAGE|DETAIL|HINT)\s*=\s*(?:(?:pg_catalog\.)?format\(\s*)?((?:'(?:[^']|'')*'\s*)+)/g)
		{
			my ($kind, $text, $at) = ($kind{$1}, $2, pos $source);
			push @found, [ $kind, join('', $text =~ /'((?:[^']|'')*)'/g), $at ];
		}
	}
	return @found;
}

for my $file (@ARGV)
{
	open my $handle, '<', $file or die "$file: $!";
	my $source = do { local $/; <$handle> };
	close $handle;
	for (messages($file, $source))
	{
		my ($kind, $text, $at) = @$_;
		my @faults;

		push @faults, 'contraction' if $text =~ /n'+t\b/;
		push @faults, 'full stop' if $kind eq 'errmsg' && $text =~ /\.$/;
		push @faults, 'capital' if $kind eq 'errmsg' && $text =~ /^[A-Z][a-z]/;
		push @faults, 'no full stop' if $kind ne 'errmsg' && $text !~ /[.?]\)?$/ && $text !~ /%[sI]$/;
		printf "%s:%d: %s, %s: %s\n", $file, 1 + (substr($source, 0, $at) =~ tr/\n//), $kind, $_, $text for @faults;
	}
}
