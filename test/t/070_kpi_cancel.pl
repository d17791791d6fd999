# A cancel at any moment of collecting or reading retention and active customers leaves the session usable.
use strict;
use warnings;

use Cancels;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('kpi_cancel');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nmax_parallel_workers_per_gather = 0");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION segment;
CREATE TABLE l AS SELECT c, segment.ledger_agg(date '2020-01-01' + (c * 7919 + k * 104729 + k * k * 31 * c) % 1000, 10) AS l
FROM generate_series(1, 20000) c, generate_series(1, 20) k GROUP BY c;
CREATE TABLE r AS SELECT c % 8 AS part, segment.retention_agg(l, segment.periods('day', '2020-01-01', '2021-06-01'), '2022-09-26') AS r FROM l GROUP BY 1;
SQL

my %queries = (
	'retention_agg' => "SELECT md5(segment.retention_agg(l, segment.periods('day', '2020-01-01', '2021-12-01'), '2022-09-26', l)::text) FROM l",
	'retention_rollup' => 'SELECT md5(segment.retention_rollup(r)::text) FROM r',
	'cohort_table' => "SELECT sum(customers) FROM r, segment.cohort_table(r, 'on_or_after', 'recurring')",
	'active_agg' => "SELECT md5(segment.active_agg(l, '2020-01-01', '2024-12-01', 3660)::text) FROM l",
);
for my $name (sort keys %queries)
{
	my $whole = $node->safe_psql('postgres', $queries{$name});
	cancel_at($node, $name, $queries{$name}, 2, 10, 40, 100, 250);
	is($node->safe_psql('postgres', $queries{$name}), $whole, "$name: the server goes on and answers as before");
}
$node->stop;
done_testing();
