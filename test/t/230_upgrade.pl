# 230_upgrade.pl: ALTER EXTENSION UPDATE with segmentations in place, from the first version to one that exists in this test only;
# what is in the tables survives it, and pg_dump and restore before and after; DROP EXTENSION leaves what is the user's.
use strict;
use warnings;

use FilledTables;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ShadowInstallation;
use Test::More;

my ($install, $extension) = shadow_installation(PostgreSQL::Test::Utils::tempdir . '/shadow');
my ($version) = slurp_file("$extension/segment.control") =~ /default_version = '(.*?)'/;
my $node = PostgreSQL::Test::Cluster->new('upgrade', install_path => $install);
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE keeper LOGIN; CREATE ROLE analyst LOGIN; CREATE DATABASE shop OWNER keeper; CREATE DATABASE restored OWNER keeper');

sub as
{
	my ($role, $database, $sql) = @_;
	my ($out, $err) = ('', '');
	my $code = $node->psql($database, $sql, stdout => \$out, stderr => \$err, extra_params => [ '-U', $role ], on_error_stop => 1);
	$err =~ s/^.*(WARNING|DETAIL|HINT|NOTICE):.*\n?//mg;
	return $code == 0 ? $out : $err;
}

is(as('keeper', 'shop', fill_every_table() . <<'SQL'), '', 'a database owner installs the first version, and fills every table');
CREATE MATERIALIZED VIEW mine AS SELECT customer_id, segment_name FROM segment.customer_profile WHERE segmentation = 'schemes';
CREATE VIEW later AS SELECT segment_name, count(*) FROM segment.customer_profile GROUP BY 1;
SQL

# Contents of every table, and of what is computed from them; tables as the catalog lists them.
my @tables = split /\n/, as('keeper', 'shop', q{SELECT c.oid::regclass FROM pg_class c JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass
	AND d.deptype = 'e' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'segment') WHERE c.relkind = 'r' AND c.relname <> 'owned_table' ORDER BY 1});

sub contents
{
	my ($database) = @_;
	my %is = map { $_ => as('keeper', $database, "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM $_ t") } @tables;
	$is{definition} = as('keeper', $database, q{SELECT md5(string_agg(segment.definition(name, '2025-05-31'), '' ORDER BY name)) FROM segment.segmentation});
	$is{mine} = as('keeper', $database, 'SELECT count(*), md5(string_agg(m::text, $$|$$ ORDER BY m::text)) FROM mine m');
	$is{sequences} = as('keeper', $database, q{SELECT string_agg(concat_ws(' ', sequencename, last_value), ',' ORDER BY sequencename) FROM pg_sequences WHERE schemaname = 'segment'});
	return \%is;
}
my $before = contents('shop');
is_deeply([ grep { $before->{$_} =~ /^0 /} @tables ], [], 'no table is empty');

# --- upgrade -----------------------------------------------------------------------------------------------------------

append_to_file("$extension/segment--$version--next.sql", <<'SQL');
ALTER TABLE state ADD COLUMN remark text;
ALTER TABLE segmentation ADD COLUMN contact text;
CREATE TABLE next_table (segmentation text, n integer);
ALTER TABLE next_table OWNER TO pg_database_owner;
SELECT pg_catalog.pg_extension_config_dump('next_table', '');
INSERT INTO segment_internal.owned_table VALUES ('next_table', 'segmentation', NULL, 'member', NULL);
CREATE OR REPLACE FUNCTION segment_internal.customer_hash(customer text) RETURNS bytea
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT sha256(k.key || sha256(k.key || convert_to(customer, 'UTF8'))) FROM forgotten_key k;
END;
SQL
is(as('keeper', 'shop', q{ALTER EXTENSION segment UPDATE TO 'next'; SELECT extversion FROM pg_extension WHERE extname = 'segment'}), 'next', 'the owner upgrades');
$before->{'segment.state'} = as('keeper', 'shop', q{SELECT count(*) || ' ' || md5(string_agg(t::text, '|' ORDER BY t::text)) FROM segment.state t});
$before->{'segment.segmentation'} = as('keeper', 'shop', q{SELECT count(*) || ' ' || md5(string_agg(t::text, '|' ORDER BY t::text)) FROM segment.segmentation t});
like($before->{'segment.state'}, qr/^\d{4} /, 'with all rows of all customers');
is_deeply(contents('shop'), $before, 'all else is as it was');
is(as('keeper', 'shop', q{SELECT string_agg(r::text, ' ' ORDER BY s.name) FROM segment.segmentation s, segment.refresh(s.name, '2025-05-31') r}) =~ s/,\d+\)/)/gr, '(2025-05-31,299) (2025-05-31,299) (2025-05-31,298) (2025-05-31,299)', 'and refreshes go on');
is(as('analyst', 'shop', q{SELECT string_agg(DISTINCT segmentation, ' ') FROM segment.customer_profile}), 'schemes', 'readers read what they read');

# --- dump and restore --------------------------------------------------------------------------------------------------

as('keeper', 'shop', 'UPDATE orders SET amount = amount + 1 WHERE customer = 8'); # waits in the queue, and is live
$before = contents('shop');
my $dump = PostgreSQL::Test::Utils::tempdir . '/shop.sql';
my @connection = ('-U', 'keeper', '-h', $node->host, '-p', $node->port);
$node->command_ok([ 'pg_dump', @connection, '-f', $dump, 'shop' ], 'the owner dumps');
(my $control = slurp_file("$extension/segment.control")) =~ s/default_version = '.*?'/default_version = 'next'/;
unlink "$extension/segment.control";
append_to_file("$extension/segment.control", $control);
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', @connection, '-d', 'restored', '-f', $dump ], 'and restores');
my $after = contents('restored');
is_deeply($after, $before, 'every table, definition and sequence');
as('keeper', 'restored', q{UPDATE orders SET amount = amount + 1 WHERE customer = 9});
is(as('keeper', 'restored', q{SELECT string_agg(DISTINCT customer, ',' ORDER BY customer) FROM segment.change_queue}), '8,9', 'triggers follow the restored source');
is(as('keeper', 'restored', q{SELECT segment.create_segmentation('new', 'orders', 'customer', 'at', 'amount'); SELECT customers FROM segment.refresh('new', '2025-05-31')}),
	"new\n299", 'new segmentations and snapshots get numbers of their own');

# --- drop --------------------------------------------------------------------------------------------------------------

like(as('keeper', 'restored', 'DROP EXTENSION segment'), qr/cannot drop extension segment because other objects depend on it/, 'views of the user keep the extension');
my $orders = as('keeper', 'restored', 'SELECT count(*), sum(amount) FROM orders');
is(as('keeper', 'restored', 'SET client_min_messages = error; DROP EXTENSION segment CASCADE; SELECT count(*), sum(amount) FROM orders'), $orders,
	'CASCADE drops these views and triggers, and none of the user\'s tables');
is(as('keeper', 'restored', q{INSERT INTO orders VALUES (1, '2025-06-01', 5, 'DE'); SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'}), '3',
	'they can be written as before');
is(as('keeper', 'restored', q{SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname = 'segment'}), '0', 'and nothing of the extension is left');

$node->stop;
done_testing();
