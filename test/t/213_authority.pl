# Authority: roles that may declare segmentations, readers, and roles without any right try every table, every function and every
# trigger. Nothing of others is written or read, and what a role wrote runs as that role only, whoever sets it going.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('authority');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
my $superuser = getpwuid($>);
$node->safe_psql('postgres', 'CREATE ROLE keeper LOGIN; CREATE ROLE alice LOGIN; CREATE ROLE mallory LOGIN; CREATE ROLE bi LOGIN; CREATE ROLE stranger LOGIN; CREATE DATABASE shop OWNER keeper');

# Statements as a role; the result, or the error message.
sub as
{
	my ($role, $sql) = @_;
	my ($out, $err) = ('', '');
	my $code = $node->psql('shop', $sql, stdout => \$out, stderr => \$err, extra_params => [ '-U', $role ], on_error_stop => 1);
	return $code == 0 ? $out : "$out$err";
}

is(as('keeper', <<'SQL'), '', 'the owner of the database installs');
CREATE EXTENSION segment;
GRANT CREATE ON SCHEMA public TO alice, mallory;
SET client_min_messages = error;
DO $$BEGIN PERFORM segment.grant_segmentation('alice'), segment.grant_segmentation('mallory'); END$$;
SQL
is(as('alice', <<'SQL'), "al\n300\n300", 'alice declares, refreshes and publishes');
CREATE TABLE orders (customer text, at date, amount numeric, market text);
INSERT INTO orders SELECT 'secret-' || g % 300, date '2025-01-01' + g % 300, g % 89, 'secret market ' || g % 2 FROM generate_series(1, 3000) g;
SELECT segment.create_segmentation('al', 'orders', 'customer', 'at', 'amount', market => 'market', changes => segment.by_triggers(live => true));
SELECT customers FROM segment.refresh('al', '2025-11-01');
SELECT customers FROM segment.refresh('al', '2025-11-02');
DO $$BEGIN
  PERFORM segment.create_segmentation('al hidden', 'orders', 'customer', 'at', 'amount', privacy => segment.privacy(pseudonymous => true));
  PERFORM segment.refresh('al hidden', '2025-11-01'), segment.publish_summary('al', 5), segment.grant_reader('bi', 'al');
END$$;
INSERT INTO orders VALUES ('secret-7', '2025-11-01', 3, 'secret market 1');
DO $$BEGIN
  PERFORM segment.create_pilot('al''s pilot', 'al', '2025-11-03', 1, salt => 'secret');
  PERFORM segment.measure_pilot('al''s pilot', 'al', '2025-11-04');
END$$;
SQL
is(as('keeper', q{SELECT rows FROM segment.forget('secret-9') WHERE table_name = 'segment.forgotten'; INSERT INTO segment.blocked_column VALUES ('religion', 'no')}), '1', 'somebody was forgotten');

# What is stored, table by table; of mallory's own segmentations nothing.
my @tables = split /\n/, as('keeper', 'SELECT name FROM segment_internal.owned_table ORDER BY 1');
cmp_ok(scalar @tables, '>', 20, 'tables');
my %key = map { split /\|/ } split /\n/, as('keeper', q{SELECT name || '|' || key FROM segment_internal.owned_table});
my %alices = (
	none => 'true', name => q{name ~ '^al'}, segmentation => q{segmentation ~ '^al'},
	version_id => q{version_id IN (SELECT id FROM segment.segmentation_version WHERE segmentation ~ '^al')},
	snapshot => q{snapshot IN (SELECT id FROM segment.snapshot WHERE segmentation ~ '^al')},
	pilot => q{pilot IN (SELECT id FROM segment.pilot WHERE segmentation ~ '^al')},
	ledger_set => q{ledger_set IN (SELECT id FROM segment.ledger_set WHERE segmentation ~ '^al')});
my $state = join ' UNION ALL ', map {
	"SELECT '$_' AS name, count(*) AS n, coalesce(md5(string_agg(t::text, '|' ORDER BY t::text COLLATE \"C\")), '') AS digest FROM segment.$_ t WHERE $alices{$key{$_}}"
} @tables;
my $before = as('keeper', "$state ORDER BY 1");
sub unchanged
{
	my ($what) = @_;
	is(as('keeper', "$state ORDER BY 1"), $before, "nothing changed: $what");
	return;
}

# --- every table -----------------------------------------------------------------------------------------------------

as('keeper', <<'SQL');
CREATE FUNCTION public.done() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
-- What of a list of statements succeeds.
CREATE FUNCTION public.tried(statements text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE s text;
BEGIN
  FOREACH s IN ARRAY statements LOOP
    BEGIN
      EXECUTE s;
      RETURN NEXT s;
    EXCEPTION WHEN OTHERS THEN
      IF SQLSTATE NOT IN ('42501', '42809') THEN RETURN NEXT concat(s, ': ', SQLSTATE, ' ', SQLERRM); END IF;
    END;
  END LOOP;
END
$$;
SQL
my $statements = join ', ', map {
	my $t = $_;
	map { "format('$_', '$t')" } (
		'INSERT INTO segment.%1$s SELECT * FROM segment.%1$s', 'INSERT INTO segment.%1$s DEFAULT VALUES', 'DELETE FROM segment.%1$s', 'TRUNCATE segment.%1$s',
		'LOCK TABLE segment.%1$s IN SHARE MODE', 'SELECT FROM segment.%1$s FOR UPDATE', 'ALTER TABLE segment.%1$s DISABLE ROW LEVEL SECURITY', 'ALTER TABLE segment.%1$s OWNER TO current_user',
		'CREATE TRIGGER t AFTER INSERT ON segment.%1$s EXECUTE FUNCTION public.done()', 'CREATE POLICY mine ON segment.%1$s USING (true)',
		'CREATE INDEX ON segment.%1$s ((1))', 'CREATE RULE r AS ON INSERT TO segment.%1$s DO INSTEAD NOTHING', 'DROP TABLE segment.%1$s')
} @tables;
my $updates = q{SELECT array_agg(format('UPDATE segment.%I SET %I = %2$I', o.name, a.attname)) FROM segment_internal.owned_table o JOIN pg_attribute a ON a.attrelid = format('segment.%I', o.name)::regclass AND a.attnum = 1};
my $sequences = q{SELECT array_agg(s) FROM pg_class c, LATERAL (VALUES (format('SELECT nextval(%L)', c.oid::regclass)), (format('SELECT setval(%L, 1)', c.oid::regclass))) v (s) WHERE relkind = 'S' AND relnamespace = 'segment'::regnamespace};
for my $role ('mallory', 'bi', 'stranger')
{
	is(as($role, "SELECT public.tried(ARRAY[$statements] || ($updates) || ($sequences))"), '', "$role writes to no table");
}
unchanged('by statements');
my $union = join ' UNION ALL ', map { "SELECT t::text AS x FROM segment.$_ t" } grep { !/^(?:forgotten|forgotten_key|segmentation_declarer|value_ranking)$/ } @tables;
for my $role ('mallory', 'stranger')
{
	is(as($role, "SELECT count(*) FROM ($union) u WHERE x ~ '\\yal\\y|secret'"), '0', "$role reads nothing of alice");
}
for my $table ('forgotten', 'forgotten_key', 'segmentation_declarer')
{
	like(as($_, "SELECT * FROM segment.$table"), qr/permission denied/, "$_ does not read $table") for ('alice', 'mallory', 'bi', 'stranger');
}
is(as('bi', 'SELECT count(*) FROM segment.customer_ledger') . as('bi', 'SELECT count(*) FROM segment.change_queue') . as('bi', 'SELECT count(*) FROM segment.pseudonym_key'), '000',
	'a reader reads no orders and no keys');
is(as('bi', q{SELECT count(*) FROM segment.customer_profile WHERE as_of = '2025-11-01'; SELECT count(*) > 0 FROM segment.published_summary; SELECT segment.definition('al') ~ 'FROM public.orders';
	SELECT jsonb_array_length(segment.export_person('secret-7') -> 'profiles'); SELECT string_agg(DISTINCT segmentation, ' ') FROM segment.segmentation_version}), "299\nt\nt\n2\nal", 'but all that it was granted');

# --- every function --------------------------------------------------------------------------------------------------

# Arguments that name what is alice's, by type; NULL for other types.
as('keeper', <<'SQL');
CREATE TABLE public.argument (type regtype PRIMARY KEY, value text);
INSERT INTO public.argument VALUES ('text', 'al'), ('name', 'customer'), ('integer', '1'), ('bigint', '1'), ('boolean', 'true'), ('date', '2025-11-01'), ('regclass', 'public.orders'),
  ('regrole', 'mallory'), ('text[]', '{al,secret-7}'), ('timestamptz', '2025-11-01'), ('jsonb', '{}'), ('numeric', '1'), ('double precision', '0.5'), ('bytea', 'x'), ('interval', '1 day');
INSERT INTO public.argument SELECT 'oid', oid FROM pg_trigger WHERE tgrelid = 'public.orders'::regclass LIMIT 1;
INSERT INTO public.argument SELECT 'segment.segmentation_version', v::text FROM segment.segmentation_version v WHERE segmentation = 'al';
INSERT INTO public.argument SELECT 'segment.segmentation', s::text FROM segment.segmentation s WHERE name = 'al';
INSERT INTO public.argument SELECT 'segment.snapshot', s::text FROM segment.snapshot s WHERE segmentation = 'al' LIMIT 1;
INSERT INTO public.argument SELECT 'segment.ledger_set', s::text FROM segment.ledger_set s WHERE segmentation = 'al' LIMIT 1;
GRANT SELECT ON public.argument TO PUBLIC;
-- Calls every function in both schemas; returns what gives away something of alice's.
CREATE FUNCTION public.called(hostile boolean) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE f record; call text; result text;
BEGIN
  FOR f IN SELECT p.*, p.oid::regprocedure AS signature FROM pg_proc p
           WHERE pronamespace IN ('segment'::regnamespace, 'segment_internal'::regnamespace) AND prokind = 'f' AND prorettype NOT IN ('trigger'::regtype, 'internal'::regtype)
             AND NOT proargtypes::oid[] && ARRAY['internal', 'cstring', '"any"', 'anyelement', 'anyarray', 'record']::regtype[]::oid[] ORDER BY p.oid LOOP
    call := format('SELECT string_agg(x::text, E''\n'') FROM %s(%s) x', f.oid::regproc,
      (SELECT string_agg(format('%L::%s', CASE WHEN hostile THEN a.value END, format_type(t.type, NULL)), ', ' ORDER BY t.i)
       FROM unnest(f.proargtypes::oid[]) WITH ORDINALITY t (type, i) LEFT JOIN public.argument a ON a.type = t.type));
    BEGIN
      EXECUTE call INTO result;
    EXCEPTION WHEN OTHERS THEN result := SQLERRM;
    END;
    -- What was given stands in errors and descriptions of what was given.
    IF replace(result, 'secret-7', '') ~ 'secret' OR result ~ 'internal error|cache lookup' THEN
      RETURN NEXT concat(f.signature, ': ', left(result, 100));
    END IF;
  END LOOP;
END
$$;
SQL
for my $role ('mallory', 'bi', 'stranger')
{
	my $out = as($role, q{SET statement_timeout = '60s'; SET client_min_messages = error; SELECT public.called(false); SELECT public.called(true)});
	is($out, '', "$role calls every function, with NULL and with what is alice's: nothing is given away") if $role ne 'bi';
}
unchanged('by functions');
is(as('mallory', q{SELECT count(*) FROM pg_trigger WHERE tgrelid = 'public.orders'::regclass}), '2', 'the triggers are where they were');

# --- triggers --------------------------------------------------------------------------------------------------------

as('mallory', 'CREATE TABLE mine (customer text, at date, amount numeric, market text)');
as('mallory', q{CREATE TRIGGER t AFTER INSERT OR UPDATE ON mine FOR EACH ROW EXECUTE FUNCTION segment_internal.queue_changes('1', 'customer');
	CREATE TRIGGER e AFTER INSERT ON mine EXECUTE FUNCTION segment_internal.queue_changes('1', 'customer'); ALTER TABLE mine ENABLE ALWAYS TRIGGER t});
is(as('mallory', q{INSERT INTO mine VALUES ('x', '2025-01-01', 1, NULL); UPDATE mine SET amount = 2}), '', 'a trigger that names what another follows does nothing');
unchanged('by triggers');
# It is taken off there, but whoever holds the table stops nobody.
my $held = $node->background_psql('shop', extra_params => [ '-U', 'mallory' ]);
$held->query('BEGIN; SELECT count(*) FROM mine');
is(as('alice', q{BEGIN; SET lock_timeout = '20s'; SELECT customers FROM segment.refresh('al', '2025-11-02'); ROLLBACK}), '299', 'a refresh does not wait for a table of another role with a trigger that names its ledgers');
is(as('alice', q{BEGIN; SET lock_timeout = '20s'; SELECT segment.drop_segmentation('al'); ROLLBACK}), '', 'nor does who drops it');
$held->query('ROLLBACK');
$held->quit;

# --- whose code runs as whom -------------------------------------------------------------------------------------------

# Whatever mallory wrote writes down as whom it runs, and tries to become another.
is(as('mallory', <<'SQL'), '', 'a trap in everything that a declaration can name');
CREATE TABLE loot (who text, session text, note text);
GRANT INSERT ON loot TO PUBLIC;
CREATE FUNCTION attempt(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE command;
  RETURN 'done: ' || command;
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE;
END
$$;
GRANT EXECUTE ON FUNCTION attempt(text) TO PUBLIC;
CREATE FUNCTION pwn(anyelement) RETURNS anyelement LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.loot VALUES (current_user, session_user);
  IF hashtext($1::text) % 8 = 0 THEN
    INSERT INTO public.loot SELECT current_user, session_user, public.attempt(c) FROM unnest(ARRAY['RESET ROLE', 'SET ROLE alice', 'SET SESSION AUTHORIZATION DEFAULT',
      'SELECT segment.drop_segmentation(''al'')', 'SELECT segment.hand_over(''al'', ''mallory'')', 'DELETE FROM segment.state', 'SELECT segment_internal.caller()',
      'SELECT segment_internal.act_for(''alice'')', 'SELECT segment_internal.read_as_owner(''SELECT 1'')', 'SELECT segment_internal.collect_ids(''SELECT ''''x'''''')', 'SELECT * FROM segment_internal.incoming()',
      'CREATE TEMP TABLE t (x int)', 'INSERT INTO segment.segmentation_declarer VALUES (''mallory'')', 'SELECT set_config(''role'', ''alice'', false)']) c;
    PERFORM set_config('search_path', 'public, pg_catalog', false);
  END IF;
  RETURN $1;
EXCEPTION WHEN OTHERS THEN RETURN $1;
END
$$;
GRANT EXECUTE ON FUNCTION pwn(anyelement) TO PUBLIC;
-- Better matches than pg_catalog's, if the path led here.
CREATE FUNCTION format(text, integer) RETURNS text LANGUAGE sql AS 'SELECT public.pwn($1)';
CREATE FUNCTION count(text) RETURNS text LANGUAGE sql AS 'SELECT public.pwn($1)';
CREATE DOMAIN id AS text CHECK (pwn(VALUE) IS NOT NULL);
CREATE TABLE base (customer id, at date, amount numeric, market text, changed_at timestamptz DEFAULT now());
INSERT INTO base SELECT g % 20, date '2025-01-01' + g % 200, g % 89, $x$'; SELECT public.pwn(1); --$x$ || g % 2 FROM generate_series(1, 80) g;
CREATE VIEW trap AS SELECT pwn(customer)::id AS customer, pwn(at) AS at, pwn(amount) AS amount, pwn(market) AS market, changed_at FROM base;
CREATE VIEW refused AS SELECT pwn('19'::text) AS customer, now() AS at;
ALTER TABLE base ENABLE ROW LEVEL SECURITY;
ALTER TABLE base FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON base USING (pwn(true));
GRANT SELECT ON base, trap, refused TO PUBLIC;
DELETE FROM loot;
SQL
is(as('mallory', <<'SQL'), '', 'declared and refreshed in every way');
SET client_min_messages = error;
DO $$
DECLARE
  d date;
BEGIN
  PERFORM segment.create_segmentation('mal', 'trap', 'customer', 'at', 'amount', market => 'market', filter => 'public.pwn(o.amount) >= 0',
    privacy => segment.privacy(opt_out => 'refused', opt_out_customer => 'customer', purpose => $x$'; SELECT public.pwn(1); --$x$));
  PERFORM segment.create_segmentation('mal column', 'trap', 'customer', 'at', 'amount', changes => segment.by_column('changed_at'));
  PERFORM segment.create_segmentation('mal stones', 'trap', 'customer', 'at', 'amount', changes => segment.by_tombstones('refused', 'customer', 'at'));
  PERFORM segment.create_segmentation('mal live', 'base', 'customer', 'at', 'amount', changes => segment.by_triggers(live => true));
  PERFORM segment.create_segmentation('mal clusters', 'trap', 'customer', 'at', 'amount',
    label => segment.by_clusters(2, names => ARRAY[$x$' || public.pwn('x') || '$x$, $x$x'); SELECT public.pwn(1); --$x$]));
  FOREACH d IN ARRAY '{2025-08-01,2025-08-02}'::date[] LOOP
    PERFORM segment.refresh(s, d) FROM unnest('{mal,mal column,mal stones,mal live,mal clusters}'::text[]) s;
  END LOOP;
  PERFORM segment.create_pilot($x$'; SELECT public.pwn(1); --$x$, 'mal', '2025-08-03', 1, arms => ARRAY[$x$' || public.pwn('x') || '$x$, 'b'], shares => '{0.5,0.5}', strata => '{segment,market}',
    audience => segment.by_query('SELECT public.pwn(customer) FROM public.base UNION SELECT public.pwn(''y''::text)'),
    metrics => ARRAY[segment.pilot_metric($x$x'); SELECT public.pwn(1); --$x$, value => 'public.pwn(amount)', per => 'public.pwn(1)'), segment.pilot_metric('r', 'rate', 'public.pwn(true)')]);
  PERFORM segment.pilot_outlook('mal', 1, segment.pilot_metric('m', value => 'public.pwn(amount)'), segment.by_query('SELECT public.pwn(customer) FROM public.base'), as_of => '2025-08-03');
  PERFORM segment.measure_pilot(name, 'mal', '2025-08-03') FROM segment.pilot WHERE segmentation = 'mal';
END
$$;
SQL
is(as('mallory', q{SELECT segment.create_segmentation($x$mal'); SELECT public.pwn(1); --$x$, 'base', 'customer', 'at', 'amount') ~ '^mal'; SELECT customers FROM segment.refresh($x$mal'); SELECT public.pwn(1); --$x$, '2025-08-01')}),
	"t\n20", 'a name that looks like SQL');
is(as('mallory', q{SELECT count(*) > 0 FROM loot; SELECT DISTINCT who FROM loot; SELECT DISTINCT note FROM loot WHERE note ~ '^done: ' AND note !~ 'TEMP TABLE'}), "t\nmallory", 'all of it ran, as mallory, and got nowhere');
unchanged('by code within a refresh');

# Whoever sets it going
my @views = split /\n/, as('keeper', q{SELECT c.oid::regclass FROM pg_class c WHERE relkind = 'v' AND relnamespace = 'segment'::regnamespace ORDER BY 1});
as('mallory', q{DELETE FROM loot; DO $$BEGIN PERFORM segment.grant_reader(r, s.name) FROM segment.segmentation s, unnest('{alice,bi,keeper}'::regrole[]) r; END$$; INSERT INTO base VALUES ('7', '2025-08-01', 3, 'x')});
as('mallory', 'DELETE FROM loot');
for my $role ($superuser, 'keeper', 'alice', 'bi')
{
	as($role, "SELECT count(*) FROM $_") for @views;
	as($role, qq{SELECT segment.$_}) for (q{definition('mal')}, q{refresh('mal', '2025-08-03')}, q{measure_pilot(name, 'mal', '2025-08-03') FROM segment.pilot}, q{assign_pilot(name, 'mal') FROM segment.pilot}, q{verify('mal')}, q{verify('mal live')}, q{export_person('7')}, q{publish_summary('mal')}, q{preflight('mal')}, q{activate_version('mal', 1)});
}
as($_, q{INSERT INTO public.orders VALUES ('secret-8', '2025-11-01', 3, NULL)}) for ($superuser, 'alice');
as($superuser, q{SELECT segment.forget('8')});
as($superuser, q{SELECT segment.refresh('al', '2025-11-03')});
is(as('mallory', q{SELECT DISTINCT who FROM loot WHERE who <> 'mallory'; SELECT DISTINCT note FROM loot WHERE note ~ '^done: ' AND note !~ 'TEMP TABLE'}), '', 'as mallory only, whoever reads, refreshes, erases or writes');

# Rows that the owner of the database forged lend nobody's rights.
as('keeper', q{SET client_min_messages = error; SELECT segment.create_segmentation('k', 'public.trap', 'customer', 'at', 'amount', changes => segment.by_reading_all(ledgers => true)); SELECT segment.refresh('k', '2025-08-01')});
is(as('keeper', qq{UPDATE segment.segmentation_member SET role = '$superuser'::regrole WHERE segmentation = 'k' AND owns; SELECT segment.grant_segmentation('keeper')}), '', 'the owner of the database makes a superuser own what he wrote');
as('mallory', 'DELETE FROM loot');
like(as('keeper', q{SELECT segment.refresh('k', '2025-08-02')}), qr/must be owner of segmentation "k"/, 'which he cannot refresh');
like(as('keeper', qq{SELECT segment.hand_over('mal', '$superuser')}), qr/must have the privileges/, 'nor give such a thing to a superuser');
as('keeper', "SELECT count(*) FROM $_") for @views;
as('keeper', "SELECT segment.$_") for (q{definition('k')}, q{verify('k')}, q{drop_segmentation('k')});
is(as('mallory', q{SELECT DISTINCT who FROM loot WHERE who NOT IN ('mallory', 'keeper')}), '', 'and nothing runs as the superuser');

# What the owner of the database can change, or hang on the tables, does not run as a role with rights beyond the database.
$node->safe_psql('postgres', 'CREATE ROLE maker LOGIN CREATEROLE; CREATE ROLE files LOGIN; GRANT pg_write_server_files TO files');
as('keeper', q{DO $$BEGIN PERFORM segment.grant_segmentation('maker'), segment.grant_segmentation('files'); END$$});
for my $role ($superuser, 'maker', 'files')
{
	like(as($role, qq{SELECT segment.create_segmentation('beyond', 'public.base', 'customer', 'at', 'amount')}), qr/may not own segmentations in this database/, "$role declares nothing in a database of one who has fewer rights");
}
is(as('keeper', <<'SQL'), '', 'a trigger of the owner of the database on a table of the extension');
CREATE FUNCTION rise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM segment_internal.act_for(r.oid::regrole), segment_internal.run_as_owner('ALTER ROLE keeper SUPERUSER') FROM pg_roles r WHERE r.rolsuper;
  RETURN NEW;
EXCEPTION WHEN insufficient_privilege THEN
  NEW.details := to_jsonb(SQLERRM);
  RETURN NEW;
END
$$;
CREATE TRIGGER rise BEFORE INSERT ON segment.segmentation_run FOR EACH ROW EXECUTE FUNCTION rise();
SQL
as($superuser, q{SELECT segment.refresh('al', '2025-11-03')});
is(as('keeper', q{DROP TRIGGER rise ON segment.segmentation_run; SELECT count(*) > 0 FROM segment.segmentation_run WHERE details::text ~ 'may not own segmentations'; SELECT rolsuper FROM pg_roles WHERE rolname = 'keeper'}), "t\nf",
	'does not make him a superuser when a superuser refreshes');

# Code that waits for the end of the transaction would run as whoever commits.
is(as('mallory', <<'SQL'), '', 'a deferred trigger');
CREATE TABLE late (x int);
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO public.loot VALUES (current_user, session_user, 'late'); RETURN NULL; END$$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late();
CREATE FUNCTION later(date) RETURNS date LANGUAGE plpgsql AS $$BEGIN INSERT INTO public.late VALUES (1); RETURN $1; END$$;
CREATE VIEW trap_late AS SELECT customer, later(at) AS at, amount FROM base;
DO $$BEGIN PERFORM segment.create_segmentation('mal late', 'trap_late', 'customer', 'at', 'amount'); END$$;
DELETE FROM loot;
SQL
like(as($superuser, q{SELECT segment.refresh('mal late', '2025-08-01')}), qr/security-restricted operation/, 'does not fire later, as the superuser');
is(as('mallory', q{SELECT count(*) FROM loot WHERE note = 'late'}), '0', 'nor did it');

# --- errors and cancels ------------------------------------------------------------------------------------------------

my $restored = as('mallory', <<'SQL');
CREATE FUNCTION break(date) RETURNS date LANGUAGE plpgsql AS $$BEGIN IF current_setting('my.mode', true) = 'sleep' THEN PERFORM pg_sleep(60); END IF; RAISE 'broken'; END$$;
CREATE VIEW broken AS SELECT customer, break(at) AS at, amount FROM base;
DO $$
DECLARE i int;
BEGIN
  PERFORM segment.create_segmentation('mal broken', 'broken', 'customer', 'at', 'amount');
  FOREACH i IN ARRAY '{1,2,3}'::int[] LOOP
    BEGIN
      PERFORM segment.refresh('mal broken', '2025-08-01');
      RAISE EXCEPTION 'it was not broken';
    EXCEPTION WHEN raise_exception THEN NULL;
    END;
  END LOOP;
END
$$;
SELECT current_user, current_setting('search_path');
SELECT public.attempt('SELECT segment_internal.caller()'), public.attempt('CREATE TEMP TABLE here (x int)');
SELECT customers FROM segment.refresh('mal column', '2025-08-02');
SQL
is($restored, "mallory|\"\$user\", public\n42501|done: CREATE TEMP TABLE here (x int)\n19", 'after errors in it the session is as before');
like(as('mallory', q{SET my.mode = 'sleep'; SET statement_timeout = '300ms'; SELECT segment.refresh('mal broken', '2025-08-01')}), qr/statement timeout/, 'a cancel');
my $session = $node->background_psql('shop', extra_params => [ '-U', 'mallory' ], on_error_stop => 0);
$session->query(q{SET my.mode = 'sleep'; SET statement_timeout = '300ms'; BEGIN; SAVEPOINT s; SELECT segment.refresh('mal broken', '2025-08-01'); ROLLBACK TO s; SET statement_timeout = 0});
like($session->query(q{SELECT current_user; SELECT public.attempt('SELECT segment_internal.caller()'); SELECT public.attempt('CREATE TEMP TABLE here (x int)')}), qr/mallory\n42501\ndone/,
	'after a cancel within a block the session is as before');
$session->quit;

$node->stop;
done_testing();
