# Calls every function of the extension straight from SQL, as an ordinary role, with arguments that nobody had in mind:
# NULLs in each place, extremes, values that are stored, texts that were changed, states of aggregates without a final
# function; in and outside of aggregates and windows. Each call ends in a result or in an error with a SQLSTATE of its own,
# within 5 seconds. test/fuzz/direct_calls.sql makes the calls; SEGMENT_CALLS says how many, SEGMENT_SEED which.
use strict;
use warnings;

use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $calls = $ENV{SEGMENT_CALLS} || 20_000;
my $seed = $ENV{SEGMENT_SEED} || 1;
my $batch = 500;
my $fuzz = dirname(__FILE__) . '/../fuzz';

my $node = PostgreSQL::Test::Cluster->new('direct');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\njit = off\nlog_min_messages = panic\nlog_min_error_statement = panic\nmax_parallel_workers_per_gather = 0\nrestart_after_crash = on\ntemp_file_limit = 1GB");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION segment; CREATE ROLE fuzzer LOGIN; ALTER DATABASE postgres SET search_path = fz, public');
$node->safe_psql('postgres', PostgreSQL::Test::Utils::slurp_file("$fuzz/direct_calls.sql"));
for my $file (glob "$fuzz/seeds/*.txt")
{
	my $type = basename($file, '.txt');
	for my $line (split /\n/, PostgreSQL::Test::Utils::slurp_file($file))
	{
		$line =~ s/'/''/g;
		$node->safe_psql('postgres', "INSERT INTO fz.seed VALUES ('$type', '$line')") if length $line;
	}
}
$node->safe_psql('postgres', 'SELECT fz.make_pools(60)');
$node->safe_psql('postgres', 'SELECT fz.add_states()');
$node->safe_psql('postgres', 'SELECT fz.list_pools(); ANALYZE');
my $functions = $node->safe_psql('postgres', 'SELECT count(*) FROM fz.function');
cmp_ok($calls, '>', $functions, "$calls calls, each of $functions functions at least once");

my (@problems, %states);
my $done = 0;

# Notes a problem, and says it at once: a long run need not come to its end.
sub problem
{
	push @problems, $_[0];
	diag($_[0]);
}

# Makes calls and notes what was wrong with them; false if the batch did not come to its end.
sub make
{
	my ($first, $last, $timeout) = @_;
	my ($out, $err) = ('', '');
	my $status = $node->psql('postgres',
		"SET statement_timeout = '${timeout}s'; BEGIN; SET LOCAL client_min_messages = error; SELECT * FROM fz.make($seed, $first, $last); ROLLBACK",
		stdout => \$out, stderr => \$err, on_error_die => 0, extra_params => [ '-U', 'fuzzer', '-F', "\t" ]);
	return 0 if $status != 0 || $err ne '';
	for my $line (split /\n/, $out)
	{
		my ($n, $problem, $query) = split /\t/, $line, 3;
		next if !defined $query;
		if ($n == -1)
		{
			$states{ (split / /)[0] } += (split / /)[1] for split /,/, $query;
		}
		else
		{
			problem("call $n: $problem: $query");
		}
	}
	return 1;
}

for (my $first = 0; $first < $calls; $first += $batch)
{
	my $last = $first + $batch - 1;
	$last = $calls - 1 if $last >= $calls;
	if (!make($first, $last, 120))
	{
		# one by one, to see which it is
		$node->poll_query_until('postgres', 'SELECT true');
		for my $n ($first .. $last)
		{
			next if make($n, $n, 5);
			$node->poll_query_until('postgres', 'SELECT true');
			problem("call $n: the server crashes, or the call ends neither in time nor by an error: "
			  . substr($node->safe_psql('postgres', "SELECT fz.call($seed, $n)", extra_params => [ '-U', 'fuzzer' ]), 0, 1000));
		}
	}
	$done = $last + 1;
	note("$done calls") if $done % ($batch * 20) == 0;
	last if @problems >= 50;
}
is($done, $calls, 'all calls were made');
is(join("\n", @problems[ 0 .. ($#problems < 49 ? $#problems : 49) ]), '', "seed $seed: each call ends in a result or in an error with a SQLSTATE of its own");
note(join ', ', map { "$_: $states{$_}" } sort { $states{$b} <=> $states{$a} } keys %states);
cmp_ok($states{'00000'} || 0, '>', $calls / 5, 'many calls end in a result');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/terminated by signal|PANIC|TRAP:/, 'no process crashed');
$node->stop;
done_testing();
