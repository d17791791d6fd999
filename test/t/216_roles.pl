# Segmentations belong to roles, not to names: owners and readers are renamed and dropped, namesakes come, and the owner of the database hands
# over what belongs to nobody.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('roles');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
my $superuser = getpwuid($>);
$node->safe_psql('postgres', "CREATE ROLE $_ LOGIN") for ('keeper', 'ana', 'bob', 'bi', 'stranger');
$node->safe_psql('postgres', 'CREATE DATABASE shop OWNER keeper');

# Statements as a role; the result, or the error message.
sub as
{
	my ($role, $sql) = @_;
	my ($out, $err) = ('', '');
	my $code = $node->psql('shop', $sql, stdout => \$out, stderr => \$err, extra_params => [ '-U', $role ], on_error_stop => 1);
	return $code == 0 ? $out : "$out$err";
}
my $count = 'SELECT count(*) FROM segment.customer_profile';

is(as('keeper', <<'SQL'), '', 'installed');
CREATE EXTENSION segment;
CREATE TABLE orders AS SELECT g % 40 AS c, date '2025-01-01' + g % 200 AS d, 10 AS a FROM generate_series(1, 400) g;
GRANT SELECT, TRIGGER ON orders TO ana;
SQL
like(as('ana', q{SELECT segment.create_segmentation('m', 'public.orders', 'c', 'd', 'a')}), qr/role "ana" may not declare segmentations.*SELECT segment\.grant_segmentation\('ana'\)/s, 'who may not declare is told whom to ask');
like(as('ana', q{SELECT segment.grant_segmentation('ana')}), qr/must be owner of the database/, 'nobody grants it to himself');
like(as('keeper', q{SELECT segment.grant_segmentation('4000000000')}), qr/role 4000000000 does not exist/, 'nor is it granted to a number that is no role');
is(as('keeper', q{SELECT segment.grant_segmentation('ana')}), '', 'the owner of the database does');
is(as('ana', q{SELECT segment.create_segmentation('m', 'public.orders', 'c', 'd', 'a', changes => segment.by_triggers()); SELECT customers FROM segment.refresh('m', '2025-07-20'); DO $$BEGIN PERFORM segment.grant_reader('bi', 'm'); END$$}), "m\n40", 'declared');
is(as('bi', $count), '40', 'a reader reads');

$node->safe_psql('postgres', 'ALTER ROLE ana RENAME TO anna; ALTER ROLE bi RENAME TO business; CREATE ROLE ana LOGIN; CREATE ROLE bi LOGIN');
is(as('anna', q{SELECT customers FROM segment.refresh('m', '2025-07-21')}), '40', 'a renamed owner owns');
is(as('business', "$count WHERE is_latest"), '40', 'a renamed reader reads');
is(as($_, $count), '0', "a namesake sees nothing: $_") for ('ana', 'bi');
like(as('ana', q{SELECT segment.refresh('m')}), qr/segmentation "m" does not exist/, 'nor does it refresh');
like(as('ana', q{SELECT segment.create_segmentation('n', 'public.orders', 'c', 'd', 'a')}), qr/may not declare/, 'nor declare');

is(as('anna', q{SELECT * FROM segment.members('m')}), "anna|t|f\nbusiness|f|f", 'the owner sees who reads');
like(as('business', q{SELECT * FROM segment.members('m')}), qr/must be owner of segmentation "m"/, 'a reader does not');

# Members of a role
$node->safe_psql('postgres', 'GRANT anna TO bob; CREATE ROLE analysts; GRANT analysts TO stranger');
is(as('bob', q{SELECT customers FROM segment.refresh('m', '2025-07-21')}), '40', 'who has the owner\'s privileges refreshes');
like(as('anna', qq{SELECT segment.$_}), qr/role 4000000000 does not exist/, "$_: a number is no role") for q{grant_reader('4000000000', 'm')}, q{hand_over('m', '4000000000')};
is(as('anna', q{SELECT segment.grant_reader('analysts', 'm')}) . as('stranger', "$count WHERE is_latest"), '40', 'a group reads');
like(as('stranger', q{SELECT segment.refresh('m')}), qr/must be owner of segmentation "m".*belongs to role "anna"/s, 'and does no more');
like(as('anna', q{SELECT segment.hand_over('m', 'stranger')}), qr/must have the privileges of role "stranger"/, 'nobody makes another run what he wrote');
$node->safe_psql('postgres', 'REVOKE anna FROM bob');

# The owner is dropped
$node->safe_psql('shop', "REASSIGN OWNED BY anna TO $superuser; DROP OWNED BY anna; DROP ROLE anna; DROP OWNED BY business; DROP ROLE business");
is($node->safe_psql('shop', 'SELECT count(*) FROM pg_trigger WHERE tgrelid = \'orders\'::regclass'), '2', 'the triggers are still there');
is(as('keeper', 'INSERT INTO orders VALUES (1, \'2025-07-19\', 3); SELECT count(*) > 0 FROM segment.segmentation_status'), 't', 'and stop no writer');
like(as('keeper', q{SELECT segment.refresh('m', '2025-07-22')}), qr/does not exist any more.*segment\.hand_over\('m', role\)/s, 'nobody can refresh it, and is told what can be done');
like(as($superuser, q{SELECT segment.refresh('m', '2025-07-22')}), qr/does not exist any more/, 'no superuser either');
$node->safe_psql('postgres', 'CREATE ROLE anna LOGIN; CREATE ROLE business LOGIN');
is(as($_, $count), '0', "a namesake sees nothing: $_") for ('anna', 'business');
like(as('anna', q{SELECT segment.hand_over('m', 'anna')}), qr/segmentation "m" does not exist/, 'nor takes it over');
like(as('stranger', q{SELECT segment.hand_over('m', 'stranger')}), qr/must be owner|does not exist any more/, 'a reader does not either');
is(as('keeper', q{DO $$BEGIN PERFORM segment.hand_over('m', 'keeper'); END$$; SELECT customers FROM segment.refresh('m', '2025-07-22'); SELECT count(*) FROM segment.customer_profile WHERE is_latest}), "40\n40", 'the owner of the database takes it over');
is(as('keeper', q{SELECT details - 'seconds' FROM segment.segmentation_run WHERE action = 'hand over'}) =~ /"to": "keeper"/ ? 't' : 'f', 't', 'which the log says');
is(as($superuser, q{SELECT segment.hand_over('m', 'bob')}) . as('bob', q{SELECT segment.drop_segmentation('m')}), '', 'a superuser gives it to anybody, who drops it');
is(as('keeper', q{SELECT count(*) FROM pg_trigger WHERE tgrelid = 'orders'::regclass}), '0', 'with its triggers, on a table of another');

# A later segmentation of the same name has no part in what was before.
is(as('keeper', q{SELECT segment.grant_segmentation('anna'); GRANT SELECT ON orders TO anna}) . as('anna', q{SELECT segment.create_segmentation('m', 'public.orders', 'c', 'd', 'a')}), 'm', 'a namesake of the segmentation');
is(as('anna', q{SELECT string_agg(action, ' ') FROM segment.segmentation_run}), 'create', 'sees its own log');
is(as('stranger', 'SELECT count(*) FROM segment.segmentation'), '0', 'and has no readers');

# A number that is left of a dropped role is not dumped: where it is restored it may be another role's.
is(as('keeper', q{SELECT count(*) FROM segment.segmentation_declarer d LEFT JOIN pg_roles r ON r.oid = d.role WHERE r.oid IS NULL}), '1', 'a dropped role may declare, by its number');
my ($dump) = run_command([ 'pg_dump', '-U', $superuser, '-h', $node->host, '-p', $node->port, '--data-only', 'shop' ]);
like($dump, qr/^COPY segment\.segmentation_declarer \(role\) FROM stdin;\nanna\n\\\.\n/m, 'which no dump has');

# Taken back
is(as('keeper', q{SELECT segment.revoke_segmentation('anna'), segment.revoke_segmentation('anna')}), 't|f', 'the right is taken back');
like(as('anna', q{SELECT segment.create_segmentation('another', 'public.orders', 'c', 'd', 'a')}), qr/may not declare/, 'no new ones');
is(as('anna', q{SELECT customers FROM segment.refresh('m', '2025-07-22')}), '40', 'what there is goes on');

# Another owner of the database
$node->safe_psql('postgres', 'ALTER DATABASE shop OWNER TO bob');
is(as('bob', q{DO $$BEGIN PERFORM segment.grant_segmentation('stranger'); END$$; SELECT count(*) FROM segment.customer_profile; SELECT count(*) FROM segment.segmentation_declarer d JOIN pg_roles r ON r.oid = d.role}), "40\n1", 'a new owner of the database has its rights');
like(as('keeper', q{SELECT segment.grant_segmentation('anna')}), qr/must be owner of the database/, 'the former has them no more');
is(as('keeper', $count), '0', 'and sees nothing');
$node->stop;
done_testing();
