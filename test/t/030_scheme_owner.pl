# Installed by a plain database owner: a third role can score and label, the owner edits schemes, dumps and restores them,
# and an upgrade that ships a scheme under a name that a user already uses changes nothing for that user.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ShadowInstallation;
use Test::More;

my $superuser = getpwuid($>);
my ($install, $extension) = shadow_installation(PostgreSQL::Test::Utils::tempdir . '/shadow');
my $control = slurp_file("$extension/segment.control");
my ($version) = $control =~ /default_version = '(.*?)'/;

my $node = PostgreSQL::Test::Cluster->new('scheme', install_path => $install);
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE keeper LOGIN;
CREATE ROLE reader LOGIN;
CREATE ROLE other LOGIN;
CREATE DATABASE shop OWNER keeper;
CREATE DATABASE restored OWNER keeper;
CREATE DATABASE later OWNER keeper;
CREATE DATABASE by_superuser OWNER keeper;
CREATE DATABASE taken OWNER keeper;
SQL

# Statements as a role in a database; the result, or the error message.
sub as
{
	my ($role, $database, $sql) = @_;
	my ($out, $err) = ('', '');
	my $code = $node->psql($database, $sql, stdout => \$out, stderr => \$err, extra_params => [ '-U', $role ], on_error_stop => 1);
	return $code == 0 ? $out : $err;
}

# --- installed by the owner ------------------------------------------------------------------------------------------

is(as('keeper', 'shop', 'CREATE EXTENSION segment'), '', 'a plain database owner installs the extension');
is(as('reader', 'shop', <<'SQL'), "t\n1|Champions|1|Champions\n2|Lost|11|New", 'a third role scores and labels');
CREATE TEMP TABLE orders AS SELECT 1 + (i > 3)::int AS customer, date '2025-06-01' + i AS at, 10 AS amount FROM generate_series(1, 4) i;
SELECT count(DISTINCT segment.label(score, 'standard', rfm, '2025-06-30')) > 1
FROM (SELECT segment.rfm_agg(at, amount) AS rfm, segment.rfm_score(segment.rfm_agg(at, amount), '2025-06-30') OVER () AS score
      FROM orders GROUP BY customer) c;
SELECT customer, segment.label(score, 'classic'), segment.label_sort(score, 'standard'), segment.label(better, 'standard', rfm, '2025-06-30')
FROM (SELECT customer, segment.rfm_agg(at, amount) AS rfm,
             CASE customer WHEN 1 THEN '5-5-5' ELSE '1-1-1' END::segment.rfm_score AS score,
             CASE customer WHEN 1 THEN '5-5-5' ELSE '5-1-1' END::segment.rfm_score AS better
      FROM orders GROUP BY customer) c
ORDER BY customer;
SQL
is(as('reader', 'shop', "SELECT count(*) > 80 FROM segment.scheme_segments"), 't', 'and reads the segments');
is(as('reader', 'shop', "SELECT count(*) FROM segment.check_scheme('standard')"), '0', 'and checks a scheme');
like(as('reader', 'shop', "SELECT segment.copy_scheme('classic', 'x')"), qr/permission denied for table scheme/, 'but writes none');
is(as('keeper', 'shop', <<'SQL'), '16', 'the owner copies a scheme and edits it');
SELECT segment.copy_scheme('standard', 'ours');
UPDATE segment.scheme_rule SET segment = 'Stars' WHERE scheme = 'ours' AND segment = 'Champions';
INSERT INTO segment.scheme (name, bins, title) VALUES ('tiers', 3, 'ours, before the extension had one');
INSERT INTO segment.scheme_rule (scheme, position, segment, r_lower) VALUES ('tiers', 1, 'Upper', 2), ('tiers', 2, 'Lower', NULL);
SQL
is(as('reader', 'shop', "SELECT segment.label('5-5-5', 'ours')"), 'Stars', 'the third role sees it');
is(as('keeper', 'shop', 'GRANT INSERT, UPDATE, DELETE ON segment.scheme, segment.scheme_rule TO reader'), '', 'the owner hands the right on');
is(as('reader', 'shop', "SELECT segment.copy_scheme('grid', 'reader''s')"), '10', 'and the third role writes');
like(as('keeper', 'shop', "UPDATE segment.scheme SET title = 'x' WHERE name = 'classic'"), qr/cannot be changed/, 'the owner does not change what is shipped');
like(as('keeper', 'shop', 'ALTER TABLE segment.scheme DISABLE TRIGGER ALL'), qr/must be owner/, 'nor switches the guard off');
as('keeper', 'shop', "CREATE MATERIALIZED VIEW labelled AS SELECT segment.label('5-5-5', 'ours') AS segment");
is(as('keeper', 'shop', 'REFRESH MATERIALIZED VIEW labelled; SELECT segment FROM labelled'), 'Stars', 'the owner refreshes a materialized view');

# --- dump and restore ------------------------------------------------------------------------------------------------

my $dump = "$PostgreSQL::Test::Utils::tmp_check/shop.sql";
my $everything = <<'SQL';
SELECT s, r FROM segment.scheme s LEFT JOIN segment.scheme_rule r ON (r.scheme, r.shipped) = (s.name, s.shipped) WHERE NOT s.shipped
ORDER BY s.name, r.position;
SELECT segment.label('5-5-5', 'ours'), segment.label('3-3-3/3', 'tiers'), segment.label('5-5-5', 'classic');
SELECT has_table_privilege('reader', 'segment.scheme', 'INSERT');
SELECT count(*) FROM segment.scheme WHERE shipped;
SQL
my $before = as('keeper', 'shop', $everything);
like($before, qr/Stars\|Upper\|Champions/, 'what there is before');
$node->command_ok([ 'pg_dump', '-U', 'keeper', '-f', $dump, 'shop' ], 'the owner dumps');
unlike(slurp_file($dump), qr/Potential Loyalist\t/, 'no shipped row is in the dump');

# restore DUMP, DATABASE, ROLE: the messages of psql, which stops at the first error.
sub restore
{
	my ($file, $database, $role) = @_;
	my ($out, $err) = ('', '');
	my $code = $node->psql($database, undef, stdout => \$out, stderr => \$err, on_error_stop => 1,
		extra_params => [ '-U', $role, '-f', $file ]);
	return ($code, $err);
}
my ($code, $messages) = restore($dump, 'restored', 'keeper');
is($code, 0, 'the owner restores') or diag($messages);
is(as('keeper', 'restored', $everything), $before, 'all is as before');

($code, $messages) = restore($dump, 'by_superuser', $superuser);
is($code, 0, 'a superuser restores') or diag($messages);
is(as('keeper', 'by_superuser', $everything), $before, 'all is as before there too');
is(as('keeper', 'by_superuser', "UPDATE segment.scheme SET title = 'mine' WHERE NOT shipped"), '', 'and the owner still edits');

# --- a next version ships a name that is in use ----------------------------------------------------------------------

append_to_file("$extension/segment--$version--next.sql", <<'SQL');
INSERT INTO scheme (name, shipped, bins, title, source) VALUES ('tiers', true, 5, 'shipped tiers', 'the next version');
INSERT INTO scheme_rule (scheme, shipped, position, segment, f_lower, sort)
VALUES ('tiers', true, 1, 'First tier', 3, 1), ('tiers', true, 2, 'Second tier', NULL, 2);
UPDATE scheme_rule SET meaning = 'Better said.' WHERE scheme = 'grid' AND shipped AND segment = 'champions';
SQL
my ($out, $err) = ('', '');
$node->psql('shop', "ALTER EXTENSION segment UPDATE TO 'next'", stderr => \$err, extra_params => [ '-U', 'keeper' ]);
like($err, qr/^psql:\S+ WARNING:  scheme "tiers" is now shipped with the extension, and a scheme of yours has that name/, 'the owner is told');
unlike($err, qr/ERROR/, 'the upgrade succeeds');
is(as('reader', 'shop', "SELECT segment.label('3-3-3/3', 'tiers'), segment.label_meaning('5-5-5', 'grid')"), 'Upper|Better said.',
	"the user's scheme stays in use, and shipped words improve");
is(as('reader', 'shop', "SELECT string_agg(segment, ', ' ORDER BY sort) FROM segment.scheme_segments WHERE scheme = 'tiers' AND sort < 1000"),
	'Upper, Lower', 'also for BI tools');
is(as('keeper', 'shop', "SELECT extversion FROM pg_extension WHERE extname = 'segment'"), 'next', 'the version is the next one');
is(as('keeper', 'shop', "UPDATE segment.scheme SET name = 'our tiers' WHERE name = 'tiers' AND NOT shipped"), '', "the user's one is renamed");
is(as('keeper', 'shop', "SELECT segment.label('3-3-3/3', 'our tiers'), segment.label('3-3-3', 'tiers')"), 'Upper|First tier', 'and both can be used');
like(as('keeper', 'shop', "UPDATE segment.scheme_rule SET sort = 7 WHERE scheme = 'tiers'"), qr/cannot be changed/, 'the new one is guarded like the others');

# The old dump under the new version.
(my $next = $control) =~ s/default_version = '.*?'/default_version = 'next'/;
unlink "$extension/segment.control";
append_to_file("$extension/segment.control", $next);
($code, $messages) = restore($dump, 'later', 'keeper');
is($code, 0, 'an old dump is restored under the next version') or diag($messages);
like($messages, qr/WARNING:  scheme "tiers" hides a shipped scheme of the same name/, 'the owner is told');
is(as('keeper', 'later', "SELECT segment.label('3-3-3/3', 'tiers'), segment.label('5-5-5', 'ours'), extversion FROM pg_extension WHERE extname = 'segment'"),
	'Upper|Stars|next', "and the user's schemes are as they were");

# --- a schema that is not the installer's ----------------------------------------------------------------------------

$node->safe_psql('taken', 'CREATE SCHEMA segment AUTHORIZATION other');
my $refused = as('keeper', 'taken', 'CREATE EXTENSION segment');
like($refused, qr/schema "segment" exists already/, 'a schema of another role is refused');
like($refused, qr/HINT:  Rename that schema/, 'with a way out');
$node->safe_psql('taken', 'DROP SCHEMA segment');
as('keeper', 'taken', 'CREATE SCHEMA segment; GRANT CREATE ON SCHEMA segment TO PUBLIC');
like(as('keeper', 'taken', 'CREATE EXTENSION segment'), qr/Others than its owner may create objects/,
	'a schema that others may create functions in is refused');

# --- a schema owner who puts other relations in the place of ours ------------------------------------------------------

# A foreign key cascades as the owner of the tables, a superuser: its triggers must not run what the schema's owner put
# under the old name.
as('keeper', 'later', <<'SQL');
ALTER SCHEMA segment RENAME TO moved;
CREATE SCHEMA segment;
CREATE TABLE public.caught (who name);
CREATE FUNCTION segment.catch() RETURNS smallint LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.caught VALUES (current_user);
  RETURN 5;
END $$;
CREATE VIEW segment.scheme AS SELECT 'ours'::text AS name, false AS shipped, segment.catch() AS bins;
CREATE VIEW segment.scheme_rule AS SELECT 'ours'::text AS scheme, false AS shipped, 1::smallint AS position, segment.catch()::text AS segment;
SQL
is(as('keeper', 'later', "UPDATE moved.scheme SET name = 'still ours', bins = 6 WHERE name = 'ours'; SELECT moved.label('5-5-5', 'grid')"), 'champions',
	'tables are found in the schema that the extension is in');
is(as('keeper', 'later', "SELECT moved.label('5-5-5/6', 'still ours'), moved.copy_scheme('grid', 'other grid')"), 'Stars|10', 'also what is written there');
is(as('keeper', 'later', 'SELECT count(*) FROM public.caught'), '0', 'and nothing else is run, by nobody');

$node->stop;
done_testing();
