# Changes of a source that other servers and other sessions make: by logical replication, to partitions on another server, by writers whose
# transactions are open while a customer is erased.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->append_conf('postgresql.conf', 'fsync = off');
$publisher->start;
my $node = PostgreSQL::Test::Cluster->new('subscriber');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION segment');

sub refresh
{
	my ($name) = @_;
	return $node->safe_psql('postgres', qq{SELECT customers FROM segment.refresh('$name', '2025-12-31');
		SELECT details->>'read_all' FROM segment.segmentation_run WHERE segmentation = '$name' AND action = 'refresh' ORDER BY run_at DESC LIMIT 1});
}

# --- a subscription's tables, plain and partitioned ------------------------------------------------------------------------

my $tables = q{CREATE TABLE orders (o int PRIMARY KEY, c int, d date, a numeric);
	CREATE TABLE parts (o int, c int, d date, a numeric, PRIMARY KEY (o, d)) PARTITION BY RANGE (d);
	CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2025-07-01');
	CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ('2025-07-01') TO ('2026-01-01')};
$publisher->safe_psql('postgres', "$tables; " . join ';', map { "INSERT INTO $_ SELECT g, g % 30, date '2025-01-01' + g, 5 FROM generate_series(1, 300) g" } ('orders', 'parts'));
$publisher->safe_psql('postgres', 'CREATE PUBLICATION p FOR TABLE orders, parts WITH (publish_via_partition_root = true)');
$node->safe_psql('postgres', $tables);
$node->safe_psql('postgres', "CREATE SUBSCRIPTION s CONNECTION '" . $publisher->connstr . " dbname=postgres' PUBLICATION p");
$node->wait_for_subscription_sync($publisher, 's');
for my $name ('orders', 'parts')
{
	$node->safe_psql('postgres', "SELECT segment.create_segmentation('$name', '$name', 'c', 'd', 'a', 'o', changes => segment.by_triggers())");
	is(refresh($name), "30\ntrue", "$name of a subscription are declared");
	$publisher->safe_psql('postgres', "INSERT INTO $name VALUES (1001, 100, '2025-03-01', 7), (1002, 101, '2025-08-01', 7); UPDATE $name SET a = 70 WHERE o = 7; DELETE FROM $name WHERE c = 9");
	$publisher->wait_for_catchup('s');
	is(refresh($name), "31\nfalse", "what is replicated to $name is found, without reading all");
	is($node->safe_psql('postgres', "SELECT revenue FROM segment.customer_profile WHERE segmentation = '$name' AND customer_id = '7'"), '115.00', 'an update too');
	$publisher->safe_psql('postgres', "TRUNCATE $name; INSERT INTO $name VALUES (1, 1, '2025-03-01', 7)");
	$publisher->wait_for_catchup('s');
	is(refresh($name), "1\ntrue", 'and TRUNCATE');
}
$node->safe_psql('postgres', 'DROP SUBSCRIPTION s');

# --- a partition on another server -------------------------------------------------------------------------------------

SKIP:
{
	skip 'no postgres_fdw here', 5 if $node->psql('postgres', 'CREATE EXTENSION postgres_fdw') != 0;
	$publisher->safe_psql('postgres', q{CREATE TABLE far (c int, d date, a numeric); INSERT INTO far VALUES (50, '2025-08-01', 3)});
	my ($host, $port) = ($publisher->host, $publisher->port);
	$node->safe_psql('postgres', qq{CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'postgres'); CREATE USER MAPPING FOR CURRENT_USER SERVER other;
		CREATE TABLE mixed (c int, d date, a numeric) PARTITION BY RANGE (d);
		CREATE TABLE mixed_1 PARTITION OF mixed FOR VALUES FROM ('2025-01-01') TO ('2025-07-01');
		INSERT INTO mixed SELECT g % 5, date '2025-01-01' + g, 5 FROM generate_series(1, 100) g;
		SELECT segment.create_segmentation('mixed', 'mixed', 'c', 'd', 'a', changes => segment.by_triggers())});
	is(refresh('mixed'), "5\ntrue", 'partitions here');
	$node->safe_psql('postgres', q{CREATE FOREIGN TABLE mixed_2 PARTITION OF mixed FOR VALUES FROM ('2025-07-01') TO ('2026-01-01') SERVER other OPTIONS (table_name 'far')});
	$node->safe_psql('postgres', q{INSERT INTO mixed VALUES (6, '2025-09-01', 3), (6, '2025-03-01', 3)});
	is(refresh('mixed'), "7\ntrue", 'one on another server made later: writers go on, and all is read');
	$publisher->safe_psql('postgres', q{INSERT INTO far VALUES (51, '2025-08-01', 3)});
	is(refresh('mixed'), "8\ntrue", 'what is written over there is found');
	my ($code, $out, $err) = $node->psql('postgres', q{SELECT segment.create_segmentation('again', 'mixed', 'c', 'd', 'a', changes => segment.by_triggers())});
	isnt($code, 0, 'declared with such a partition it is refused');
	like($err, qr/cannot be followed by triggers.*by_column/s, 'with a way out');
}

# --- forget() and who could bring the customer back --------------------------------------------------------------------

$node->safe_psql('postgres', q{TRUNCATE orders; INSERT INTO orders SELECT g, g % 30, date '2025-01-01' + g, 5 FROM generate_series(1, 300) g});
refresh('orders');
my $writer = $node->background_psql('postgres');
$writer->query_safe(q{BEGIN; INSERT INTO orders VALUES (2001, 7, '2025-08-02', 3)});
my $eraser = $node->background_psql('postgres');
$eraser->query_until(qr/start/, "\\echo start\nSELECT rows FROM segment.forget('7');\n");
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%forget(%' AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()}) or die;
pass('forget waits for a writer that has queued the customer');
is($node->safe_psql('postgres', q{INSERT INTO orders VALUES (2002, 7, '2025-08-03', 3), (2003, 8, '2025-08-03', 3) RETURNING o}), "2002\n2003", 'other writers do not wait, of that customer neither');
is($node->safe_psql('postgres', q{SELECT count(*) > 0 FROM segment.customer_profile WHERE segmentation = 'orders'}), 't', 'nor do readers');
$writer->query_safe('COMMIT');
$writer->quit;
$eraser->quit;
is($node->safe_psql('postgres', q{SELECT count(*) FROM segment.change_queue WHERE customer = '7'}), '0', 'no id of the customer is in the queue');
is($node->safe_psql('postgres', q{SELECT count(*) FROM segment.change_queue WHERE everything}), '1', 'who wrote meanwhile has all orders read');
is(refresh('orders'), "29\ntrue", 'the customer is out');
is($node->safe_psql('postgres', q{SELECT count(*) FROM segment.state WHERE customer = '7'}), '0', 'of the states too');

# A transaction that began before, with a snapshot of its own
my $old = $node->background_psql('postgres', on_error_stop => 0);
$old->query_safe(q{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM orders});
$node->safe_psql('postgres', q{SELECT segment.forget('11')});
$old->query(q{SELECT segment.refresh('orders', '2025-12-30'); COMMIT});
$old->quit;
is($node->safe_psql('postgres', q{SELECT count(*) FROM segment.state WHERE customer = '11'}), '0', 'a refresh with an older snapshot does not bring an erased customer back');
my ($code, $out, $err) = $node->psql('postgres', q{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT segment.forget('12')});
like($err, qr/must see what others commit/, 'forget wants to see what is committed meanwhile');

$node->stop;
$publisher->stop;
done_testing();
