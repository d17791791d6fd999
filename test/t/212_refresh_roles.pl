# Incremental refresh as an ordinary role that owns nothing but its table: writers without any right of ours, row-level
# security of the source, partitions, declarations that survive dump and restore, and writers during a refresh.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('refresh_roles');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE keeper LOGIN;
CREATE ROLE shop LOGIN;
CREATE ROLE till LOGIN;
CREATE ROLE late LOGIN;
CREATE ROLE north LOGIN;
CREATE DATABASE shop OWNER keeper;
CREATE DATABASE restored OWNER keeper;
SQL

# Statements as a role; the result, or the error message.
sub as
{
	my ($role, $sql, $database) = @_;
	my ($out, $err) = ('', '');
	my $code = $node->psql($database // 'shop', $sql, stdout => \$out, stderr => \$err, extra_params => [ '-U', $role ], on_error_stop => 1);
	return $code == 0 ? $out : $err;
}

is(as('keeper', 'CREATE EXTENSION segment; GRANT CREATE ON SCHEMA public TO shop, north; DO $$BEGIN PERFORM segment.grant_segmentation(r) FROM unnest(ARRAY[\'shop\', \'north\']::regrole[]) r; END$$;'),
	'', 'a plain database owner installs and grants');
is(as('shop', <<'SQL'), "all\n300", 'an ordinary role declares what triggers follow, of a partitioned table');
CREATE TABLE orders (customer integer, at date, amount numeric, region text) PARTITION BY RANGE (at);
CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM ('2025-01-01') TO ('2025-07-01');
CREATE TABLE orders_2 PARTITION OF orders FOR VALUES FROM ('2025-07-01') TO ('2026-01-01');
GRANT SELECT, INSERT, UPDATE (amount) ON orders, orders_1, orders_2 TO till;
INSERT INTO orders SELECT g % 300, date '2025-01-01' + g % 360, g % 89, (ARRAY['north', 'south'])[1 + g % 2] FROM generate_series(1, 3000) g;
SELECT segment.create_segmentation('all', 'orders', 'customer', 'at', 'amount', changes => segment.by_triggers(live => true));
GRANT INSERT ON orders TO late;
SELECT customers FROM segment.refresh('all', '2025-12-31');
SQL
is(as('till', 'INSERT INTO orders VALUES (1000, \'2025-12-30\', 10, \'north\'); UPDATE orders SET amount = 3 WHERE customer = 17; INSERT INTO orders_2 VALUES (1001, \'2025-12-30\', 10, \'north\')'),
	'', 'who may write to the table writes, to it and to a partition');
is(as('till', 'SELECT (SELECT count(*) FROM segment.change_queue), (SELECT count(*) FROM segment.state)'), '0|0', 'but sees neither the queue nor customers');
is(as('late', q{INSERT INTO orders VALUES (1002, '2025-12-30', 10, 'north')}), '', 'a later writer needs no right of ours either');
is(as('shop', q{SELECT customers FROM segment.refresh('all', '2025-12-31')}), '303', 'all that is found');
is(as('shop', q{SELECT details->>'read_all', source_rows FROM segment.segmentation_run WHERE action = 'refresh' ORDER BY run_at DESC LIMIT 1}), 'false|13',
	'by reading the orders of four customers');
is(as('till', q{INSERT INTO orders VALUES (1000, '2025-12-31', 'NaN', 'north'), (1000, '2025-12-31', 1e300, 'north'), (NULL, '2025-12-31', NULL, NULL)}), '', 'what no aggregate takes is written');
is(as('shop', q{DELETE FROM orders WHERE amount = 'NaN' OR amount > 1e30 OR customer IS NULL; UPDATE orders SET amount = 900 WHERE customer = 1000; SELECT count(*) FROM segment.change_queue}), '5', 'and queued');

# Partitions made later
is(as('shop', <<'SQL'), "304", 'a new partition is followed at once');
CREATE TABLE orders_3 PARTITION OF orders FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
INSERT INTO orders_3 VALUES (1003, '2026-01-01', 5, 'south');
SELECT customers FROM segment.refresh('all', '2026-01-01');
SQL

# A writer whose transaction is open while a refresh runs is found by the next one.
my $writer = $node->background_psql('shop', extra_params => [ '-U', 'till' ]);
$writer->query_safe(q{BEGIN; INSERT INTO orders VALUES (1004, '2025-12-31', 5, 'south');});
is(as('shop', q{SELECT customers FROM segment.refresh('all', '2026-01-01')}), '304', 'what has not committed is not seen, and nobody waits');
$writer->query_safe('COMMIT');
$writer->quit;
is(as('shop', q{SELECT customers FROM segment.refresh('all', '2026-01-01')}), '305', 'and not lost');

# Row-level security of the source: north sees what a filtered copy gives, incrementally too.
is(as('shop', <<'SQL'), '', 'the source gets policies');
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_region ON orders USING (region = current_user);
CREATE POLICY write ON orders FOR INSERT WITH CHECK (true);
GRANT SELECT, TRIGGER ON orders, orders_1, orders_2, orders_3 TO north;
SQL
is(as('north', q{SELECT segment.create_segmentation('north', 'public.orders', 'customer', 'at', 'amount', changes => segment.by_triggers()); SELECT customers = (SELECT count(DISTINCT customer) FROM public.orders) FROM segment.refresh('north', '2026-01-01')}),
	"north\nt", 'north declares and refreshes');
as('till', q{INSERT INTO orders VALUES (5, '2025-12-31', 70, 'north'), (6, '2025-12-31', 70, 'south'), (2000, '2025-12-31', 70, 'north'), (2001, '2025-12-31', 70, 'south')});
is(as('shop', <<'SQL'), 'copy', 'a filtered copy');
CREATE TABLE copy AS SELECT * FROM orders WHERE region = 'north';
SELECT segment.create_segmentation('copy', 'copy', 'customer', 'at', 'amount', changes => segment.by_reading_all(ledgers => true));
SQL
as('shop', q{SELECT segment.refresh('copy', '2026-01-01')});
as('north', q{SELECT segment.refresh('north', '2026-01-01')});
is(as(scalar getpwuid($>), q{SELECT count(*), count(*) FILTER (WHERE b.customer_id IS NULL) FROM segment.customer_profile a
  LEFT JOIN segment.customer_profile b ON b.segmentation = 'copy' AND b.as_of = a.as_of AND (b.customer_id, b.recency_days, b.orders, b.revenue) = (a.customer_id, a.recency_days, a.orders, a.revenue)
  WHERE a.segmentation = 'north' AND a.as_of = '2026-01-01'}), as('shop', q{SELECT count(*), 0 FROM segment.customer_profile WHERE segmentation = 'copy' AND as_of = '2026-01-01'}), 'and an incremental refresh agree');
as('till', q{INSERT INTO orders VALUES (7, '2025-12-31', 70, 'north')});

# Dump and restore keep ledgers, queue and triggers.
my $state = q{SELECT md5(string_agg(l::text, ' ' ORDER BY l::text)) FROM segment.customer_ledger l};
my $before = as('keeper', $state);
my $file = PostgreSQL::Test::Utils::tempdir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $file, '-p', $node->port, '-h', $node->host, 'shop' ], 'dumped');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-p', $node->port, '-h', $node->host, '-d', 'restored', '-f', $file ], 'restored');
is(as('keeper', $state, 'restored'), $before, 'with the ledgers');
is(as('till', q{INSERT INTO orders VALUES (3000, '2025-12-31', 70, 'north')}, 'restored'), '', 'and triggers');
is(as('shop', q{SELECT customers - (SELECT customers FROM segment.snapshot WHERE segmentation = 'all' AND as_of = '2026-01-01') FROM segment.refresh('all', '2026-01-01')}, 'restored'),
	'3', 'an incremental refresh goes on: the new one, and the two that had waited in the queue');
is(as('shop', q{SELECT details->>'read_all' FROM segment.segmentation_run WHERE action = 'refresh' ORDER BY run_at DESC LIMIT 1}, 'restored'), 'false', 'without reading all');
like(as(scalar getpwuid($>), 'DROP EXTENSION segment', 'restored'), qr/other objects depend on it/, 'triggers depend on the extension');
$node->safe_psql('restored', 'DROP EXTENSION segment CASCADE');
is(as('till', q{INSERT INTO orders VALUES (3001, '2025-12-31', 70, 'north')}, 'restored'), '', 'CASCADE leaves the table');
$node->stop;
done_testing();
