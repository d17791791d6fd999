# Dump and restore in every mode (plain, custom, directory with jobs, by section, data alone), by the owner of the database and by a superuser,
# with rows in every table: all is there afterwards, rights and triggers included, and a refresh goes on without reading all orders.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dump_modes');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
my $superuser = getpwuid($>);
$node->safe_psql('postgres', 'CREATE ROLE keeper LOGIN; CREATE ROLE "Jo ""the"" shop" LOGIN; CREATE ROLE bi LOGIN; CREATE DATABASE shop OWNER keeper');
my $jo = 'Jo "the" shop';

# Statements as a role in a database; the result, or the error message.
sub as
{
	my ($role, $database, $sql) = @_;
	my ($out, $err) = ('', '');
	my $code = $node->psql($database, $sql, stdout => \$out, stderr => \$err, extra_params => [ '-U', $role ], on_error_stop => 1);
	return $code == 0 ? $out : "$out$err";
}

is(as('keeper', 'shop', <<'SQL'), '', 'the owner of the database installs');
CREATE EXTENSION segment;
INSERT INTO segment.blocked_column VALUES ('religion', 'special category');
GRANT CREATE ON SCHEMA public TO "Jo ""the"" shop";
SET client_min_messages = error;
DO $$BEGIN PERFORM segment.grant_segmentation('"Jo ""the"" shop"'), segment.forget('nobody', unknown_too => true); END$$;
SQL
is(as($jo, 'shop', <<'SQL'), '', 'and a role declares');
SET client_min_messages = error;
CREATE TABLE orders (gone int, customer int, at date, amount numeric, market text) PARTITION BY RANGE (at);
ALTER TABLE orders DROP COLUMN gone; -- numbers of columns are others after a restore
CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM ('2025-01-01') TO ('2025-07-01');
CREATE TABLE orders_2 PARTITION OF orders FOR VALUES FROM ('2025-07-01') TO ('2027-01-01');
CREATE TABLE answers AS SELECT g AS customer, date '2025-01-20' AS answered_at, g % 11 AS score FROM generate_series(1, 50) g;
INSERT INTO orders SELECT g % 120, date '2025-01-01' + g % 300, g % 89, 'm' || g % 3 FROM generate_series(1, 1500) g;
DO $$
BEGIN
  PERFORM segment.create_segmentation('followed', 'orders', 'customer', 'at', 'amount', market => 'market', changes => segment.by_triggers(live => true), measures => segment.measures(survey => 'answers'));
  PERFORM segment.create_segmentation('clusters', 'orders', 'customer', 'at', 'amount', label => segment.by_clusters(2), privacy => segment.privacy(pseudonymous => true));
  PERFORM segment.refresh(s, d) FROM unnest('{followed,clusters}'::text[]) s, unnest('{2025-06-01,2025-10-02,2025-11-15}'::date[]) d;
  PERFORM segment.set_kpi_target('followed', 'orders', 100), segment.set_market_size('followed', 'm1', 1000), segment.set_segment_note('followed', 'Champions', 'x', 'y');
  PERFORM segment.publish_summary('followed', 40), segment.grant_reader('bi', 'followed');
  PERFORM segment.create_pilot('autumn', 'followed', '2025-10-03', 10, cost => 0.1, margin_rate => 0.5, metrics => ARRAY[segment.pilot_metric('revenue', 'cuped'), segment.pilot_metric('m1', 'rate', 'market = ''m1''')]);
END
$$;
INSERT INTO orders VALUES (5, '2025-10-03', 7, 'm1');
DO $$BEGIN PERFORM segment.measure_pilot('autumn', 'followed', '2025-10-15'); END$$;
SQL

my @tables = split /\n/, as('keeper', 'shop', 'SELECT name FROM segment_internal.owned_table ORDER BY 1');
my $state = join ' UNION ALL ', map {
	"SELECT '$_' AS name, count(*) AS n, coalesce(md5(string_agg((to_jsonb(t) - 'source_seen')::text, '|' ORDER BY t::text COLLATE \"C\")), '') AS digest FROM segment.$_ t"
} @tables;
my $before = as('keeper', 'shop', "$state ORDER BY 1");
unlike($before, qr/^\w+\|0\|/m, 'rows are in every table');

# How each is dumped; how it is restored: a list of commands, with the database's name for DB.
my $dir = PostgreSQL::Test::Utils::tempdir;
my @modes = (
	[ 'plain', [ '-f', "$dir/plain" ], [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', 'DB', '-f', "$dir/plain" ] ],
	[ 'custom', [ '-Fc', '-f', "$dir/custom" ], [ 'pg_restore', '--exit-on-error', '-d', 'DB', "$dir/custom" ] ],
	[ 'directory and jobs', [ '-Fd', '-j2', '-f', "$dir/jobs" ], [ 'pg_restore', '--exit-on-error', '-j2', '-d', 'DB', "$dir/jobs" ] ],
	[ 'custom and jobs', [ '-Fc', '-f', "$dir/again" ], [ 'pg_restore', '--exit-on-error', '-j4', '-d', 'DB', "$dir/again" ] ],
	[ 'sections', [ '-Fc', '-f', "$dir/sections" ], map { [ 'pg_restore', '--exit-on-error', "--section=$_", '-d', 'DB', "$dir/sections" ] } ('pre-data', 'data', 'post-data') ],
	[ 'inserts', [ '--inserts', '-f', "$dir/inserts" ], [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', 'DB', '-f', "$dir/inserts" ] ]);
my $number = 0;
for my $role ($superuser, 'keeper')
{
	# The owner of the database dumps what it may read, and gives tables to others if it is a member of them.
	$node->safe_psql('shop', qq{GRANT "Jo ""the"" shop" TO keeper}) if $role eq 'keeper';
	for my $mode (@modes)
	{
		my ($name, $dump, @restore) = @$mode;
		my $to = 'restored_' . ++$number;
		my @how = ('-h', $node->host, '-p', $node->port, '-U', $role);
		$node->safe_psql('postgres', "CREATE DATABASE $to OWNER keeper");
		# An owner needs the right to create where its table is, before the dump gives it.
		$node->safe_psql($to, 'GRANT CREATE ON SCHEMA public TO PUBLIC');
		system('rm', '-rf', "$dir/jobs");
		$node->command_ok([ 'pg_dump', @how, @$dump, 'shop' ], "$name: $role dumps");
		for my $command (@restore)
		{
			my ($program, @rest) = map { $_ eq 'DB' ? $to : $_ } @$command;
			$node->command_ok([ $program, @how, @rest ], "$name: $role restores");
		}
		is(as('keeper', $to, "$state ORDER BY 1"), $before, "$name: by $role, all is there");
		is(as('bi', $to, q{SELECT count(DISTINCT customer_id), string_agg(DISTINCT segmentation, ' ') FROM segment.customer_profile}), '120|followed', "$name: a reader reads");
		is(as($jo, $to, q{SET quote_all_identifiers = on; INSERT INTO public.orders VALUES (7, '2025-10-04', 7, 'm1'); SELECT customers FROM segment.refresh('followed', '2025-11-16');
			SELECT details->>'read_all', source_rows < 100, details->>'because' FROM segment.segmentation_run WHERE action = 'refresh' AND segmentation = 'followed' ORDER BY run_at DESC LIMIT 1}), "120\nfalse|t|",
			"$name: a refresh goes on with the customers in the queue, and one that a trigger added");
		is(as('bi', $to, q{SELECT count(*) FROM segment.customer_ledger}), '0', "$name: and no orders");
		like(as('bi', $to, q{SELECT segment.refresh('followed')}), qr/must be owner of segmentation "followed"/, "$name: roles are those that they were");
		$node->safe_psql('postgres', "DROP DATABASE $to");
	}
}
$node->stop;
done_testing();
