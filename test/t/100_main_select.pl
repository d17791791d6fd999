# 100_main_select.pl: the main job as README.md prints it: as a query, as a materialized view, refreshed concurrently
# while somebody reads, in parallel, by market; every column against plain SQL.
use strict;
use warnings;
use FindBin;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "max_parallel_workers = 4\nmin_parallel_table_scan_size = 0");
$node->start;
my $db = 'postgres';
$node->safe_psql($db, 'CREATE EXTENSION segment');
$node->safe_psql($db, slurp_file("$FindBin::Bin/../docs/fixture.sql"));

# README's statement: the block that creates the materialized view.
my $readme = slurp_file("$FindBin::Bin/../../README.md");
my ($view) = $readme =~ /^(CREATE MATERIALIZED VIEW customer_segments AS\n.*?;)$/ms;
ok($view, 'README.md creates customer_segments');
(my $select = $view) =~ s/^CREATE MATERIALIZED VIEW customer_segments AS\n//;
$select =~ s/;\s*$//;
sub fingerprint { return $node->safe_psql($db, join(";\n", @_[1 .. $#_], "SELECT count(*), md5(string_agg(s::text, '|' ORDER BY customer_id)) FROM ($_[0]) s")) }

# --- plain SQL says the same ----------------------------------------------------------------------------------------

my $plain = q{
  WITH customer AS (
    SELECT customer_id, count(DISTINCT order_id) FILTER (WHERE amount >= 0) AS orders, sum(amount) AS revenue,
           min(ordered_at) FILTER (WHERE amount >= 0)::date AS first_order_on,
           max(ordered_at) FILTER (WHERE amount >= 0)::date AS last_order_on,
           current_date - max(ordered_at) FILTER (WHERE amount >= 0)::date AS recency_days
    FROM orders WHERE customer_id IS NOT NULL AND ordered_at < current_date + 1 GROUP BY customer_id
  ), cuts AS (
    SELECT percentile_cont(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY recency_days) AS r,
           percentile_cont(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY orders) AS f,
           percentile_cont(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY revenue::float8) AS m
    FROM customer WHERE orders > 0
  )
  SELECT customer_id, first_order_on, last_order_on, recency_days, orders, revenue,
         CASE WHEN orders > 0 THEN 5 - (SELECT count(*) FROM unnest(cuts.r) cut WHERE cut < recency_days) END AS r,
         CASE WHEN orders > 0 THEN 1 + (SELECT count(*) FROM unnest(cuts.f) cut WHERE cut < orders) END AS f,
         CASE WHEN orders > 0 THEN 1 + (SELECT count(*) FROM unnest(cuts.m) cut WHERE cut < revenue) END AS m
  FROM customer, cuts};
is($node->safe_psql($db, "SELECT count(*) FROM ($select) s"),
	$node->safe_psql($db, 'SELECT count(DISTINCT customer_id) FROM orders WHERE ordered_at < current_date + 1'), 'one row a customer');
for my $column (qw(first_order_on last_order_on orders revenue r f m))
{
	is($node->safe_psql($db, "SELECT count(*), max(customer_id) FROM ($select) s FULL JOIN ($plain) p USING (customer_id)
		WHERE s.$column IS DISTINCT FROM p.$column"), '0|', "$column is what plain SQL computes");
}
is($node->safe_psql($db, "SELECT count(*) FROM ($select) s WHERE rfm_code IS DISTINCT FROM r * 100 + f * 10 + m"), '0', 'rfm_code');
is($node->safe_psql($db, "SELECT count(*) FROM ($select) s WHERE segment_name IS NULL OR segment_sort IS NULL"), '0', 'every customer has a name');

# --- plans ----------------------------------------------------------------------------------------------------------

my $serial = fingerprint($select, 'SET max_parallel_workers_per_gather = 0');
my @parallel = ('SET max_parallel_workers_per_gather = 4', 'SET parallel_setup_cost = 0', 'SET parallel_tuple_cost = 0', 'SET enable_sort = off');
is(fingerprint($select, @parallel), $serial, 'parallel plans give the same bytes');
like($node->safe_psql($db, join(';', @parallel, "EXPLAIN (COSTS OFF) $select")), qr/Parallel|Gather/, '... and were parallel');
is(fingerprint($select, 'SET enable_hashagg = off'), $serial, 'sorted aggregation gives the same bytes');
is(fingerprint($select, "SET work_mem = '64kB'"), $serial, 'so does little memory');

# --- by market ------------------------------------------------------------------------------------------------------

(my $by_country = $select) =~ s/OVER \(\)/OVER (PARTITION BY country)/;
$by_country =~ s/GROUP BY customer_id\b/GROUP BY customer_id, country/;
for my $country (qw(DE FR UK))
{
	(my $alone = $select) =~ s/FROM orders\b/FROM (SELECT * FROM orders WHERE country = '$country') orders/;
	(my $part = $by_country) =~ s/FROM orders\b/FROM (SELECT * FROM orders) orders/;
	is($node->safe_psql($db, "SELECT count(*) FROM ($alone) s JOIN ($part) p USING (customer_id)
			WHERE s::text <> p::text"), '0', "PARTITION BY country: $country as if alone");
}

# --- materialized view ----------------------------------------------------------------------------------------------

$node->safe_psql($db, $view);
$node->safe_psql($db, 'CREATE UNIQUE INDEX ON customer_segments (customer_id)');
is(fingerprint('SELECT * FROM customer_segments'), $serial, 'the materialized view holds the query\'s rows');
my ($today) = $readme =~ /^(CREATE VIEW customer_segments_today AS\n.*?;)$/ms;
$node->safe_psql($db, $today);
is($node->safe_psql($db, "SELECT count(*), max(customer_id) FROM customer_segments_today s FULL JOIN ($plain) p USING (customer_id)
	WHERE s.recency_days IS DISTINCT FROM p.recency_days"), '0|', 'recency_days of the view above is what plain SQL computes');

my ($in, $out) = ('', '');
my $reader = IPC::Run::start([ 'psql', '-X', '-A', '-t', '-q', '-d', $node->connstr($db) ], '<', \$in, '>', \$out, IPC::Run::timeout(120));
$in = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 'reads ' || count(*) FROM customer_segments;\n";
$reader->pump until $out =~ /reads (\d+)/;
my $before = $1;

$node->safe_psql($db, "INSERT INTO orders VALUES (1, 5000, date '2025-06-01', 99, 'UK', 'web')");
$node->safe_psql($db, "SET lock_timeout = '20s'; REFRESH MATERIALIZED VIEW CONCURRENTLY customer_segments");
is($node->safe_psql($db, 'SELECT count(*) FROM customer_segments'), $before + 1, 'refreshed while a reader holds the view');
is($node->safe_psql($db, 'SELECT orders, revenue FROM customer_segments WHERE customer_id = 5000'), '1|99.00', 'the new customer is there');
($in, $out) = ("SELECT 'still ' || count(*) FROM customer_segments; COMMIT;\n\\q\n", '');
$reader->finish;
like($out, qr/still $before\b/, 'the reader still reads what he read');

# --- the table in which rows that differ are replaced, as docs/performance.md prints it -------------------------------

my $page = slurp_file("$FindBin::Bin/../../docs/performance.md");
my ($table) = $page =~ /^(CREATE VIEW segments_query AS\n.*?)^```/ms;
my ($replace) = $page =~ /^(BEGIN;\nLOCK TABLE segments .*?^COMMIT;)$/ms;
ok($table && $replace, 'docs/performance.md has table and refresh');
$node->safe_psql($db, "$table; DELETE FROM orders WHERE customer_id = 7; UPDATE orders SET amount = amount + 1 WHERE customer_id = 8;
	INSERT INTO orders VALUES (2, 5001, date '2025-06-01', 99, 'UK', 'web')");
my $kept = 'SELECT count(*) FROM segments WHERE xmin::text::bigint < ' . $node->safe_psql($db, 'SELECT txid_current()');
my $rows = $node->safe_psql($db, $kept);
$node->safe_psql($db, $replace);
is($node->safe_psql($db, 'SELECT count(*) FROM ((TABLE segments EXCEPT TABLE segments_query) UNION ALL (TABLE segments_query EXCEPT TABLE segments)) d'),
	'0', 'it becomes what the query gives');
cmp_ok($node->safe_psql($db, $kept), '>', $rows * 0.9, 'and nearly all rows stay untouched');

# --- the table to try on, in a database without one -------------------------------------------------------------------

my ($try) = $readme =~ /^(CREATE TABLE IF NOT EXISTS orders AS\n.*?;)$/ms;
my ($first) = $readme =~ /^(SELECT customer_id,\n +segment\.rfm_recency.*?)\nORDER BY customer_id\nLIMIT 5;$/ms;
ok($try && $first, 'README.md makes a table and asks the first question');
$node->safe_psql('postgres', 'CREATE DATABASE try');
$node->safe_psql('try', "CREATE EXTENSION segment; $try");
is($node->safe_psql('try', "SELECT count(*), count(DISTINCT segment_name) > 5, bool_and(recency_days >= 0) FROM ($first) q"), '1000|t|t',
	'its customers are in several segments');

# --- the dbt model, rendered as dbt would ----------------------------------------------------------------------------

my ($model) = $readme =~ /^```sql skip=dbt[^\n]*\n(.*?)^```/ms;
$model =~ s/^\{[{%].*[}%]\}\n//mg;
$model =~ s/\{\{ as_of \}\}/date '2025-12-31'/g;
$model =~ s/\{\{ ref\('orders'\) \}\}/orders/g;
is($node->safe_psql($db, "SELECT count(*), bool_and(segment_name IS NOT NULL) FROM ($model) m"),
	$node->safe_psql($db, "SELECT count(DISTINCT customer_id) || '|t' FROM orders WHERE ordered_at < date '2025-12-31' + 1"), 'the dbt model');

done_testing();
