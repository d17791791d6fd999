# A cancel or a memory limit at any moment of an aggregation leaves the session usable and no temporary file behind.
use strict;
use warnings;

use Cancels;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('cancel');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nwork_mem = '1MB'\nmax_parallel_workers_per_gather = 2");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION segment;
CREATE TABLE o AS
SELECT g / 3 AS order_id, g % 40000 AS customer, timestamp '2024-01-01' + g * interval '1 minute' AS at, (g % 997)::numeric / 100 AS amount
FROM generate_series(1, 400000) g;
ANALYZE o;
SQL

my %queries = (
	'two arguments' => 'SELECT customer, segment.rfm_agg(at, amount) FROM o GROUP BY customer',
	'three arguments' => 'SELECT customer, segment.rfm_agg(at, amount, order_id) FROM o GROUP BY customer',
	'ledger' => 'SELECT customer, segment.ledger_agg(at, amount) FROM o GROUP BY customer',
	'ledger with order ids' => 'SELECT customer, segment.ledger_agg(at, amount, order_id) FROM o GROUP BY customer',
	'rollup' => 'SELECT customer, segment.rfm_rollup(r) FROM (SELECT customer, segment.rfm_agg(at, amount) AS r FROM o GROUP BY customer, at) q GROUP BY customer',
);
for my $name (sort keys %queries)
{
	cancel_at($node, $name, "SELECT count(r) FROM (SELECT t::text AS r FROM ($queries{$name}) t) q", 5, 20, 60, 120, 200, 350);
	my $rows = $node->safe_psql('postgres', "SELECT count(*) FROM ($queries{$name}) t");
	is($rows, '40000', "$name: the server goes on and answers in full");
}
no_temporary_files($node);
$node->stop;
done_testing();
