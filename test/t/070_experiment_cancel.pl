# Experiments: a cancel in the middle of an aggregate, a split or an exact test leaves the session usable, and nothing behind.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('experiment_cancel');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\njit = off\nmin_parallel_table_scan_size = 0\nparallel_setup_cost = 0");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION segment;
CREATE TABLE v AS SELECT g AS id, g % 1000 AS grp, (g % 977) / 7.0 AS y, (g % 101)::float8 AS x FROM generate_series(1, 1000000) g;
ANALYZE v;
SQL

my %queries = (
	'outcome_agg' => 'SELECT segment.outcome_agg(y, x) FROM v',
	'outcome_agg in workers' => 'SET max_parallel_workers_per_gather = 2; SELECT grp, segment.outcome_agg(y) FROM v GROUP BY grp',
	'outcome_rollup' => 'SELECT segment.outcome_rollup(o) FROM (SELECT segment.outcome_agg(y) AS o FROM v GROUP BY id) s',
	'compare' => 'SELECT count((segment.compare(o, o)).p_value) FROM (SELECT segment.outcome_agg(y) OVER (ORDER BY id ROWS 3 PRECEDING) AS o FROM v) s',
	'assign' => q{SELECT count(segment.assign(id::text, 'a', ARRAY[0.1, 0.9])) FROM v},
	'srm' => q{SELECT count(s.p_value) FROM generate_series(1, 100) g, segment.srm(ARRAY[700 + g, 4, 4], ARRAY[0.99, 0.005, 0.005]) s},
);
for my $name (sort keys %queries)
{
	my $cancelled = 0;
	for my $delay (10, 40, 100)
	{
		my ($out, $err) = ('', '');
		my $code = $node->psql('postgres', "SET statement_timeout = $delay; $queries{$name}", stdout => \$out, stderr => \$err);
		next if $code == 0;
		like($err, qr/canceling statement due to statement timeout/, "$name: cancelled after $delay ms");
		$cancelled++;
	}
	ok($cancelled > 0, "$name: $cancelled cancels");
}
# In one session: a cancel, then the same again, whole.
my ($out, $err) = ('', '');
$node->psql('postgres', q{SET max_parallel_workers_per_gather = 0; SET statement_timeout = '20ms';
SELECT segment.outcome_agg(y, x) FROM v;
SET statement_timeout = 0; SELECT segment.outcome_n(segment.outcome_agg(y, x)) FROM v;}, on_error_stop => 0, stdout => \$out, stderr => \$err);
is($out, '1000000', 'the session goes on');
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_ls_tmpdir()'), '0', 'no temporary file is left');
$node->stop;
done_testing();
