# qualified.pl SCRIPT: the places of an assembled install script that a name planted by others could take over, as "line: why".
# The script runs as superuser beside schemas that others may write to. Under search_path = pg_catalog, pg_temp a name without a
# schema is the server's own, or of pg_temp if the server has none. So: the pin comes first and nothing loosens it; each body
# that is looked up when it is called has the pin too; what is no name of the server's own is written with its schema.
#
# Statements are read as tokens, bodies in dollar quotes too. Of quoted strings, those that hold SQL by their upper-case keywords
# are searched for our own relations, functions and types without a schema, as they may become dynamic statements. A name that
# such a text is only put together with (format's %s and %I, ||) is not seen: it resolves under its function's pin.
# qualified_cases.sql shows what is found; dev/lint holds this script to it.
use strict;
use warnings;

my $text = do { local $/; <> };
my $word = qr/[a-z_][a-z_0-9]*/;
my @broken;
my $pin = qr/search_path = pg_catalog, pg_temp/;

# Comments and quoted strings become blanks, of the same length; the code within dollar quotes stays.
(my $code = lc $text) =~ s{(--[^\n]*|^\\[^\n]*|(?<![a-z0-9_])e'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*')}{(my $blank = $1) =~ s/[^\n]/ /g; $blank}gmes;

# Tokens: words, operators and single characters, each with its line.
my (@token, @line);
my $line = 1;
while ($code =~ /\G(?:(\n)|[ \t\r]+|(\$$word?\$|"[^"\n]*"|$word|[0-9][0-9.e]*|::|:=|[-+*\/<>=~!\@#%^&|]+|.))/g)
{
	if (defined $1) { $line++; }
	elsif (defined $2) { push @token, $2; push @line, $line; }
}
push @token, ('') x 8;

sub broken { push @broken, "$line[$_[0]]: $_[1]"; }

# The pin, before anything else, and the same wherever a path is set.
$code =~ /\A\s*set local $pin;/ or push @broken, '1: the first statement is not SET LOCAL search_path = pg_catalog, pg_temp';
while ($code =~ /(search_path.{0,24})/g)
{
	my ($set, $at) = ($1, $-[1]);
	push @broken, (1 + (substr($code, 0, $at) =~ tr/\n//)) . ": $set" if $set !~ /^$pin(?:\W|$)/;
}
push @broken, (1 + (substr($text, 0, $-[0]) =~ tr/\n//)) . ': set_config of search_path' while $text =~ /set_config\s*\(\s*'search_path/gi;

# A body as text is looked up when it is called.
while ($code =~ /\bcreate\s+(?:or\s+replace\s+)?(?:function|procedure)\s+([\w.]+)((?:(?!\$\w*\$)[^;])*)/g)
{
	my ($made, $head, $at) = ($1, $2, $-[1]);
	next if $head =~ /\blanguage\s+(?:c|internal)\b/ || $head =~ /\bbegin\s+atomic\b/ || $head =~ /\breturn\b/;
	# The settings may also follow the body.
	my $after = substr($code, $at) =~ /\A[^;\$]*(\$\w*\$).*?\Q$1\E([^;]*);/s ? $2 : '';
	"$head $after" =~ /$pin/ or push @broken, (1 + (substr($code, 0, $at) =~ tr/\n//)) . ": $made has a body without SET search_path = pg_catalog, pg_temp";
}

# What the script makes; names of common table expressions, which look like relations.
my (%function, %relation, %type, %local);
my %kind = map { $_ => 1 } qw(function aggregate procedure type domain table view sequence);
for my $i (0 .. $#token - 8)
{
	my $t = $token[$i];
	if ($t eq 'create' || $t eq 'alter' || $t eq 'drop' || $t eq 'comment' && $token[$i + 1] eq 'on')
	{
		my $k = $i + 1;
		$k++ while $token[$k] =~ /^(?:on|or|replace|unlogged|materialized)$/;
		if ($kind{$token[$k]})
		{
			my ($what, $n) = ($token[$k], $k + 1);
			if ($token[$n] !~ /^(?:segment|segment_internal)$/ || $token[$n + 1] ne '.') { broken($n, "$t $what $token[$n]"); next; }
			next if $t ne 'create';
			$function{$token[$n + 2]} = 1 if $what =~ /^(?:function|aggregate|procedure)$/;
			$relation{$token[$n + 2]} = 1 if $what =~ /^(?:table|view|sequence)$/;
			$type{$token[$n + 2]} = 1 if $what =~ /^(?:type|domain|table|view)$/;
		}
		elsif ($token[$k] eq 'operator' && $token[$k + 1] !~ /^(?:segment|segment_internal)$/)
		{
			broken($k, "$t operator without schema") if $token[$k + 1] !~ /^(?:class|family)$/ || $token[$k + 2] !~ /^(?:segment|segment_internal)$/;
		}
	}
	$local{$t} = 1 if $t =~ /^$word$/ && $token[$i + 1] eq 'as' && ($token[$i + 2] eq '(' || $token[$i + 2] =~ /^(?:materialized|not)$/);
	if ($t eq ')' && $token[$i + 1] eq 'as' && $token[$i + 2] =~ /^(?:\(|materialized|not)$/)    # cte (column, ...) AS (
	{
		my $k = $i;
		$k-- while $k > 0 && $token[$k] ne '(';
		$local{$token[$k - 1]} = 1 if $k > 0;
	}
}

# Where a list or a section gives names with their types: arguments, columns, variables.
for my $i (0 .. $#token - 8)
{
	my ($from, $to) = (0, 0);
	if ($token[$i] =~ /^(?:create|comment)$/)
	{
		my $k = $i + 1;
		$k++ while $token[$k] =~ /^(?:on|or|replace|unlogged)$/;
		next if $token[$k] !~ /^(?:function|aggregate|procedure|type|table)$/ || $token[$k + 2] ne '.';
		$k += 4;
		$k++ if $token[$k] eq 'as';
		next if $token[$k] ne '(';
		my $depth = 0;
		for ($from = $to = $k; $to < $#token - 8; $to++)
		{
			$depth++ if $token[$to] eq '(';
			last if $token[$to] eq ')' && --$depth == 0;
		}
	}
	elsif ($token[$i] eq 'declare')
	{
		for ($from = $to = $i; $to < $#token - 8 && $token[$to] ne 'begin'; $to++) { }
	}
	my $list = $token[$i] eq 'declare' || $token[$i + 1] =~ /^(?:type|table|unlogged)$/ ? qr/^$word$/ : qr/^(?:$word|\(|,)$/;
	for my $k ($from + 1 .. $to)
	{
		broken($k, "type $token[$k]") if $type{$token[$k]} && $token[$k - 1] =~ $list && $token[$k - 1] !~ /^(?:key|default|then|else|when|and|or|not|select|from|in|into)$/
			&& $token[$k + 1] =~ /^(?:,|\)|;|:=|\[|default|=|not|null|primary|check|unique|references|generated)$/;
	}
}

# Where they are used.
for my $i (1 .. $#token - 8)
{
	my ($before, $t, $next) = @token[$i - 1 .. $i + 1];
	next if $t !~ /^$word$/ || $before eq '.' || $next eq '.';
	if ($before =~ /^(?:join|update|references)$/ || $before eq 'from' && $i > 1 && $token[$i - 2] ne 'distinct' || $before eq 'into' && $token[$i - 2] eq 'insert')
	{
		broken($i, "relation $t") if $t !~ /^(?:pg_.*|cascade|public|lateral|only|or|select|set|skip)$/ && !$local{$t} && $next ne '(';
	}
	broken($i, "type $t") if $type{$t} && $next =~ /^(?:\)|\[)$/ && $before eq 'as' && $token[$i - 2] ne ')' && "@token[($i > 12 ? $i - 12 : 0) .. $i]" =~ /\bcast \((?:(?! select | from )[^()]|\([^()]*\))* as \w+$/;
	broken($i, "type $t") if $type{$t} && $before eq '(' && $token[$i - 2] eq 'cast' && $token[$i - 3] =~ /^(?:create|on)$/;
	broken($i, "type $t%$token[$i + 2]") if $type{$t} && $next eq '%' && $token[$i + 2] =~ /^(?:row)?type$/;
	broken($i, "type $t") if $type{$t} && ($before eq '::' || $before =~ /^(?:returns|setof)$/ || $before =~ /^(?:stype|leftarg|rightarg)$/);
	broken($i, "type $t") if $type{$t} && $before eq '=' && $token[$i - 2] =~ /^(?:stype|leftarg|rightarg)$/;
	if ($function{$t} && $next eq '(' && ($before =~ /^(?:select|perform|return|call|where|and|or|not|then|else|when|case|in|function)$/ || $before =~ /^(?:\(|,|=|<|>|<=|>=|<>|\|\||\+|-|\*|\/|:=)$/))
	{
		broken($i, "$t(...)") unless $local{$t};
	}
	broken($i, "$token[$i - 2] = $t") if $before eq '=' && $token[$i - 2] =~ /^(?:[sm]?(?:inv)?func|m?finalfunc|combinefunc|serialfunc|deserialfunc|input|output|receive|send|procedure)$/ && $function{$t};
}
# Privileges, triggers, policies, indexes, comments on parts of a table: the names behind ON, and the trigger's function.
sub at_line { return 1 + (substr($code, 0, $_[0]) =~ tr/\n//); }

sub has_schema { return $_[0] =~ /^\s*(?:segment|segment_internal|pg_catalog|pg_temp)\.|^\s*@/; }

while ($code =~ /\b(?:grant|revoke)\b[^;\$]*?\bon\s+(all\s+\w+\s+in\s+schema\s+|schema\s+|(?:table|sequence|function|procedure|routine|type|domain)\s+)?((?:[^;()]|\([^()]*\))*?)\s(?:to|from)\s/g)
{
	my ($kind, $names, $at) = ($1 // '', $2, $-[2]);
	$names =~ s/\([^()]*\)//g;
	for my $name (split /,/, $names)
	{
		my $good = $kind =~ /schema/ ? $name =~ /^\s*(?:segment|segment_internal)\s*$/ : has_schema($name);
		push @broken, at_line($at) . ": privileges on $name" unless $good;
	}
}
while ($code =~ /\bcreate\s+(?:or\s+replace\s+)?(?:constraint\s+)?(trigger|policy|(?:unique\s+)?index|rule)\b[^;\$]*?\bon\s+(?:only\s+)?([\w.%]+)([^;\$]*)/g)
{
	my ($kind, $name, $rest, $at) = ($1, $2, $3, $-[2]);
	push @broken, at_line($at) . ": $kind on $name" unless has_schema($name);
	push @broken, at_line($at) . ": trigger executes $1" if $kind eq 'trigger' && $rest =~ /\bexecute\s+(?:function|procedure)\s+([\w.]+)/ && !has_schema($1);
}
while ($code =~ /\bcomment\s+on\s+(column|(?:trigger|policy|rule|constraint)\s+\w+\s+on)\s+([\w.]+)/g)
{
	push @broken, at_line($-[2]) . ": comment on $1 $2" unless has_schema($2);
}

# Strings that hold SQL.
my $ours = sub { my ($names) = @_; return join '|', map { quotemeta } sort keys %$names; };
my ($relations, $functions, $types) = map { $ours->($_) || '(?!)' } \(%relation, %function, %type);
(my $strings = $text) =~ s{(--[^\n]*)}{' ' x length $1}gme;
$strings =~ s{(\bIS\s+'(?:[^']|'')*')}{(my $comment = $1) =~ s/[^\n]/ /g; $comment}ge;
while ($strings =~ /'((?:[^']|'')*)'/g)
{
	my ($string, $line) = ($1, 1 + (substr($strings, 0, $-[1]) =~ tr/\n//));
	next if $string !~ /\b(?:SELECT|INSERT|UPDATE|DELETE|FROM|JOIN|USING|CREATE|GRANT|REVOKE|DROP|ALTER|CALL)\b|::/;
	push @broken, "$line: relation $1 in a string" if $string =~ /\b(?:FROM|JOIN|INTO|UPDATE|USING|ONLY|TABLE|ON)\s+($relations)\b(?!\s*[.(])/ && !$local{$1};
	push @broken, "$line: $1(...) in a string" if $string =~ /(?<![\w.])($functions)\(/ && !$local{$1};
	push @broken, "$line: type $1 in a string" if $string =~ /::($types)\b(?!\s*\.)/;
}
my %seen;
print map { "$_\n" } grep { !$seen{$_}++ } @broken;
