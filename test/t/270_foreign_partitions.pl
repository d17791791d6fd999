# The recipes of docs/scale-out.md for partitioned foreign tables: orders in three other databases, one partition each by customer.
# What is pushed down, and that the answers are those of the same rows in one table.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('foreign');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\njit = off\nenable_partitionwise_aggregate = on");
$node->start;
plan skip_all => 'no postgres_fdw here' if $node->psql('postgres', 'CREATE EXTENSION postgres_fdw') != 0;

my ($host, $port) = ($node->host, $node->port);
my $orders = 'customer_id integer NOT NULL, country text, order_id integer, ordered_at timestamptz, amount numeric(10, 2)';
$node->safe_psql('postgres', <<SQL);
CREATE EXTENSION segment;
CREATE TABLE local_orders AS
SELECT g % 997 AS customer_id, 'c' || g % 5 AS country, g / 2 AS order_id, timestamptz '2024-01-01 UTC' + g * interval '37 minutes' AS ordered_at, ((g * 7919) % 20000 / 100.0 - 10)::numeric(10, 2) AS amount
FROM generate_series(1, 20000) g;
CREATE TABLE orders ($orders) PARTITION BY HASH (customer_id);
SQL
for my $n (0 .. 2)
{
	$node->safe_psql('postgres', "CREATE DATABASE shard_$n");
	$node->safe_psql("shard_$n", "CREATE EXTENSION segment; CREATE TABLE orders ($orders)");
	$node->safe_psql('postgres', <<SQL);
CREATE SERVER shard_$n FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'shard_$n', extensions 'segment', async_capable 'true', use_remote_estimate 'false');
CREATE USER MAPPING FOR CURRENT_USER SERVER shard_$n;
CREATE FOREIGN TABLE orders_$n PARTITION OF orders FOR VALUES WITH (MODULUS 3, REMAINDER $n) SERVER shard_$n OPTIONS (table_name 'orders');
SQL
}
$node->safe_psql('postgres', 'INSERT INTO orders SELECT * FROM local_orders; ANALYZE orders, orders_0, orders_1, orders_2, local_orders');
is($node->safe_psql('shard_1', 'SELECT count(*) BETWEEN 5000 AND 9000 FROM orders'), 't', 'the orders lie in other databases');

# same(NAME, QUERY over TABLE): the rows of foreign partitions are those of one table; returns the plan.
sub same
{
	my ($name, $query) = @_;
	my %digest;
	for my $table ('orders', 'local_orders')
	{
		my $of_table = $query =~ s/\bTABLE\b/$table/gr;
		$digest{$table} = $node->safe_psql('postgres', "SELECT md5(string_agg(x::text, '|' ORDER BY x::text)) FROM ($of_table) x");
	}
	is($digest{orders}, $digest{local_orders}, "$name: the rows of one node");
	return $node->safe_psql('postgres', 'EXPLAIN (VERBOSE, COSTS off) ' . ($query =~ s/\bTABLE\b/orders/gr));
}

my $plan = same('by the key of the partitions', 'SELECT customer_id, segment.rfm_agg(ordered_at, amount) AS rfm FROM TABLE GROUP BY customer_id');
is(() = $plan =~ /Remote SQL: SELECT customer_id, segment\.rfm_agg\(ordered_at, amount\)/g, 3, '  whole summaries are made on each server');
$plan = same('with order ids', 'SELECT customer_id, segment.rfm_agg(ordered_at, amount, order_id) AS rfm, segment.ledger_agg(ordered_at, amount, order_id) AS ledger FROM TABLE GROUP BY customer_id');
is(() = $plan =~ /Remote SQL: SELECT customer_id, segment\.rfm_agg/g, 3, '  states of type internal too, since no partial state travels');
$plan = same('a filter that does not depend on the session', q{SELECT customer_id, segment.rfm_agg(ordered_at, amount) FROM TABLE WHERE ordered_at < timestamptz '2024-12-01 00:00 UTC' GROUP BY customer_id});
is(() = $plan =~ /Remote SQL: .*rfm_agg.*WHERE \(\(ordered_at < /g, 3, '  is applied there');
$plan = same('by another key, in two levels', 'SELECT country, segment.rfm_rollup(part) FROM (SELECT customer_id, country, segment.rfm_agg(ordered_at, amount) AS part FROM TABLE GROUP BY customer_id, country) b GROUP BY country');
is(() = $plan =~ /Remote SQL: .*rfm_agg/g, 3, '  parts are made on each server');
same('scores and names from frozen cut points', q{SELECT customer_id, segment.label(segment.rfm_score(c.cut_points, rfm, '2025-06-01'), 'standard', rfm, '2025-06-01')
  FROM (SELECT customer_id, segment.rfm_agg(ordered_at, amount) AS rfm FROM TABLE GROUP BY customer_id) r,
       (SELECT segment.rfm_cut_points(segment.cut_points(ARRAY[30, 90, 180, 365], 'within'), segment.cut_points(ARRAY[2, 3, 5, 10], 'from'), segment.cut_points(ARRAY[50, 100, 250, 1000], 'from')) AS cut_points) c});
same('scores over all customers', q{SELECT customer_id, segment.rfm_score(rfm, '2025-06-01') OVER () FROM (SELECT customer_id, segment.rfm_agg(ordered_at, amount) AS rfm FROM TABLE GROUP BY customer_id) r});
same('clusters and their quality', q{SELECT segment.cluster_quality_info(segment.cluster_quality(m, f)) FROM (SELECT segment.kmeans(segment.coreset_agg(f), 3) AS m FROM (
    SELECT ARRAY[segment.rfm_frequency(rfm), segment.rfm_monetary(rfm)]::float8[] AS f FROM (SELECT customer_id, segment.rfm_agg(ordered_at, amount) AS rfm FROM TABLE GROUP BY customer_id) r) x) model,
    (SELECT ARRAY[segment.rfm_frequency(rfm), segment.rfm_monetary(rfm)]::float8[] AS f FROM (SELECT customer_id, segment.rfm_agg(ordered_at, amount) AS rfm FROM TABLE GROUP BY customer_id) r) y GROUP BY m});
same('lifetime value', q{SELECT segment.btyd_agg(segment.ledger_repeat(ledger, '2025-06-01', '1 week')) FROM (SELECT customer_id, segment.ledger_agg(ordered_at, amount, order_id) AS ledger FROM TABLE GROUP BY customer_id) r});

# A segmentation over foreign partitions.
my %rows;
for my $table ('orders', 'local_orders')
{
	$node->safe_psql('postgres', "SELECT segment.create_segmentation('of_$table', '$table', 'customer_id', 'ordered_at', 'amount', order_id => 'order_id'); SELECT segment.refresh('of_$table', '2025-06-01')");
	$rows{$table} = $node->safe_psql('postgres', "SELECT md5(string_agg((to_jsonb(p) - '{segmentation,computed_at}'::text[])::text, ',' ORDER BY customer_id)) FROM segment.customer_profile p WHERE segmentation = 'of_$table'");
}
is($rows{orders}, $rows{local_orders}, 'a segmentation of them has the rows of one table');
$node->stop;
done_testing();
