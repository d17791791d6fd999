# Installed by a plain database owner: declarations and snapshots survive dump and restore, by the owner and by a superuser;
# two roles under row-level security see what a filtered copy gives; a refresh runs with its owner's rights only.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('segmentation');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE keeper LOGIN;
CREATE ROLE north LOGIN;
CREATE ROLE south LOGIN;
CREATE DATABASE shop OWNER keeper;
CREATE DATABASE restored OWNER keeper;
CREATE DATABASE by_superuser OWNER keeper;
SQL
my $superuser = getpwuid($>);

# Statements as a role in a database; the result, or the error message.
sub as
{
	my ($role, $database, $sql) = @_;
	my ($out, $err) = ('', '');
	my $code = $node->psql($database, $sql, stdout => \$out, stderr => \$err, extra_params => [ '-U', $role ], on_error_stop => 1);
	return $code == 0 ? $out : $err;
}

is(as('keeper', 'shop', <<'SQL'), '', 'a plain database owner installs the extension and grants');
CREATE EXTENSION segment;
CREATE TABLE orders AS
SELECT 'c' || g % 700 AS customer, timestamp '2025-01-01' + g * interval '20 minutes' AS at, (g * 7919 % 10000) / 100.0 AS amount,
       (ARRAY['north', 'south'])[1 + g % 700 % 2] AS region
FROM generate_series(1, 6000) g;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_region ON orders USING (region = current_user);
GRANT SELECT ON orders TO north, south;
GRANT CREATE ON SCHEMA public TO north, south;
DO $$BEGIN PERFORM segment.grant_segmentation('north'), segment.grant_segmentation('south'); END$$;
SQL

# --- row-level security of the source --------------------------------------------------------------------------------

for my $role ('north', 'south')
{
	is(as($role, 'shop', <<"SQL"), "$role\n2025-03-20|350", "$role declares and refreshes");
SELECT segment.create_segmentation('$role', 'public.orders', 'customer', 'at', 'amount');
SELECT refreshed, customers FROM segment.refresh('$role', '2025-03-20');
SQL
	is(as('keeper', 'shop', <<"SQL"), '0', "$role sees what a filtered copy gives");
CREATE TABLE copy_$role AS SELECT * FROM orders WHERE region = '$role';
DO \$\$BEGIN PERFORM segment.create_segmentation('copy of $role', 'copy_$role', 'customer', 'at', 'amount'), segment.refresh('copy of $role', '2025-03-20'); END\$\$;
SELECT count(*) FROM (
  SELECT customer_id, recency_days, orders, revenue, rfm_code, segment_name FROM segment.customer_profile WHERE segmentation = '$role'
  EXCEPT ALL
  SELECT customer_id, recency_days, orders, revenue, rfm_code, segment_name FROM segment.customer_profile WHERE segmentation = 'copy of $role') d;
SQL
}
like(as('north', 'shop', q{SELECT segment.refresh('south')}), qr/segmentation "south" does not exist/, 'nobody borrows another role\'s rights');
is(as($superuser, 'shop', q{SELECT customers FROM segment.refresh('south', '2025-03-20')}), '350', 'nor does a superuser lend them: it runs as its owner');

# --- row-level security of the extension's own tables ------------------------------------------------------------------

# Every table and view that can say whose rows it has.
my @relations = split /\n/, as($superuser, 'shop', q{SELECT c.oid::regclass FROM pg_class c JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass
	AND d.deptype = 'e' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'segment')
	WHERE c.relkind IN ('r', 'v') AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'segmentation')
	AND c.relname <> 'refresh_progress' ORDER BY 1});
cmp_ok(scalar @relations, '>', 20, 'tables and views by segmentation');
as('south', 'shop', q{SELECT segment.new_version('south', changes => segment.by_reading_all(ledgers => true)), segment.refresh('south', '2025-03-10'), segment.refresh('south', '2025-03-20', 2);
	SELECT segment.publish_summary('south', 2, '2025-03-10')});
my $whose = join ' UNION ', map { "SELECT segmentation FROM $_" } grep { $_ ne 'segment.published_summary' } @relations;
is(as('north', 'shop', "SELECT string_agg(segmentation, ' ' ORDER BY 1) FROM ($whose) x"), 'north', 'north sees rows of its own segmentation only');
is(as('north', 'shop', q{SELECT count(DISTINCT customer) FROM segment.state}) . as('south', 'shop', q{SELECT count(DISTINCT customer) FROM segment.state}), '350350', 'customers too');
is(as('north', 'shop', q{SELECT count(*) FROM segment.customer_ledger}) . as('south', 'shop', q{SELECT count(*) FROM segment.customer_ledger}), '0350', 'and ledgers');
like(as('north', 'shop', $_), qr/permission denied/, "nobody changes rows but by functions: $_")
	for (q{UPDATE segment.state SET segment = 'x'}, q{UPDATE segment.segmentation_member SET role = 'north'}, q{DELETE FROM segment.published_summary}, q{DELETE FROM segment.segmentation_version},
	q{INSERT INTO segment.segmentation (name) VALUES ('x')}, q{INSERT INTO segment.segmentation_run (action, segmentation, run_by) VALUES ('x', 'south', 'south')});
like(as('north', 'shop', q{SELECT segment.create_segmentation('south', 'public.orders', 'customer', 'at', 'amount')}), qr/the name "south" is taken/, 'a name that another role took');

# A reader of one segmentation
as($superuser, 'shop', 'CREATE ROLE marketer LOGIN');
is(as('marketer', 'shop', q{SELECT (SELECT count(*) FROM segment.customer_profile), (SELECT count(*) FROM segment.published_summary)}), '0|0', 'a role without rights reads nothing');
like(as('north', 'shop', q{SELECT segment.grant_reader('marketer', 'south')}), qr/does not exist/, 'only its owner shows a segmentation');
is(as('south', 'shop', q{SELECT segment.grant_reader('marketer', 'south')}), '', 'a reader');
for my $view (grep { !/personal_data|customer_ledger|change_queue|published_hidden|pseudonym_key/ } @relations)
{
	is(as('marketer', 'shop', "SELECT coalesce(string_agg(DISTINCT segmentation, ' '), 'south') FROM $view"), 'south', "reads $view of that segmentation only");
}
is(as('marketer', 'shop', q{SELECT count(DISTINCT customer_id) FROM segment.customer_profile}), '350', 'with its customers');
like(as('marketer', 'shop', q{SELECT segment.refresh('south')}), qr/must be owner|permission denied/, 'and may not refresh it');
is(as('marketer', 'shop', q{SELECT count(*) FROM segment.customer_ledger}), '0', 'nor read orders');
is(as('marketer', 'shop', q{SELECT segment.definition('south') ~ 'FROM public.orders'; SELECT count(*) > 0 FROM segment.published_summary}), "t\nt", 'it reads the definition and what is published');
is(as('south', 'shop', q{SELECT segment.revoke_reader('marketer', 'south'), segment.revoke_reader('marketer', 'south')}), 't|f', 'taken back');
is(as('marketer', 'shop', q{SELECT count(*) FROM segment.customer_profile}), '0', 'nothing is left');
is(as('south', 'shop', q{SELECT segment.grant_reader('marketer', 'south', summary_only => true)}), '', 'a reader of published summaries alone');
is(as('marketer', 'shop', q{SELECT (SELECT count(*) FROM segment.customer_profile), (SELECT count(*) > 0 FROM segment.published_summary)}), '0|t', 'sees no customer');

# A view whose function tries to become the session's role again.
like(as($superuser, 'shop', <<'SQL'), qr/security-(?:restricted operation|definer function)/, 'code in a source can not take on another role');
SET ROLE north;
CREATE FUNCTION public.climb() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RESET ROLE; RETURN true; END';
CREATE VIEW public.trap AS SELECT * FROM public.orders WHERE public.climb();
SELECT segment.create_segmentation('trap', 'public.trap', 'customer', 'at', 'amount');
SELECT segment.refresh('trap', '2025-03-20');
SQL
as('north', 'shop', q{SELECT segment.drop_segmentation('trap'); DROP VIEW public.trap; DROP FUNCTION public.climb});
like(as('north', 'shop', 'UPDATE segment.segmentation_run SET run_by = NULL'), qr/permission denied/, 'the log is added to only');
like(as('keeper', 'shop', 'DELETE FROM segment.segmentation_run'), qr/permission denied/, 'by the extension\'s owner too');

# --- dump and restore ------------------------------------------------------------------------------------------------

my $state = q{SELECT md5(string_agg(p::text, ' ' ORDER BY p::text)) FROM segment.customer_profile p};
my $before = as('keeper', 'shop', $state);
for my $role ('keeper', $superuser)
{
	my $file = PostgreSQL::Test::Utils::tempdir . "/$role.sql";
	my $to = $role eq 'keeper' ? 'restored' : 'by_superuser';
	# The policy is the table's own: its owner may dump it.
	$node->command_ok([ 'pg_dump', '-U', $role, '-f', $file, '-p', $node->port, '-h', $node->host, 'shop' ], "$role dumps");
	$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-U', $role, '-p', $node->port, '-h', $node->host, '-d', $to, '-f', $file ],
		"$role restores");
	is(as($role, $to, $state), $before, 'the views show the same');
	is(as('north', $to, q{SELECT customers FROM segment.refresh('north', '2025-03-20')}), '350', 'and refresh goes on');
	is(as($role, $to, $state . q{ WHERE segmentation <> 'north'}), as('keeper', 'shop', $state . q{ WHERE segmentation <> 'north'}), 'others are as they were');
}

# --- erasure ----------------------------------------------------------------------------------------------------------

my $person = 'b5c0a1de-0000-4000-8000-0123456789ab';
as('keeper', 'restored', <<"SQL");
CREATE TABLE people AS SELECT '$person'::uuid AS id, date '2025-01-01' AS at, 10 AS amount
UNION ALL SELECT gen_random_uuid(), date '2025-01-01' + g, g FROM generate_series(1, 100) g;
SELECT segment.create_segmentation('people', 'people', 'id', 'at', 'amount', market => 'id', scores => segment.rfm_scores(min_market => 1));
SELECT segment.new_version('people', market => '', scores => segment.rfm_scores());
SELECT segment.activate_version('people', 2);
SELECT segment.refresh('people');
SELECT segment.forget('$person');
SELECT segment.refresh('people');
SQL
is(as('keeper', 'restored', q{SELECT customers FROM segment.published_snapshot WHERE segmentation = 'people'}), '100', 'the forgotten customer does not come back');
my ($dump, $messages) = run_command([ 'pg_dump', '-U', 'keeper', '-p', $node->port, '-h', $node->host, '--data-only', '--exclude-table=people', 'restored' ]);
like($dump, qr/COPY segment\.state/, 'a dump of the extension\'s tables');
unlike($dump, qr/\Q$person\E/, 'has no trace of the forgotten customer');

# --- the user's own objects ------------------------------------------------------------------------------------------

is(as('keeper', 'restored', q{DROP EXTENSION segment; SELECT count(*) FROM orders}), '6000', 'DROP EXTENSION leaves the user\'s tables');
$node->stop;
done_testing();
