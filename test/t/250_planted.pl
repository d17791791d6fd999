# While the install script runs as superuser, functions and operators of every name and type of arguments that the server has come into
# schema segment; functions of any arguments, casts, domains and types into segment, segment_internal and the session's pg_temp.
# None of them may run, and nothing may refer to them. An event trigger plants them, as a second session can.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('planted');
$node->init;
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE eve;
CREATE FUNCTION public.plant_names(schema text) RETURNS void LANGUAGE plpgsql AS $plant$
DECLARE
  f record;
  body text := 'AS $f$ BEGIN RAISE LOG ''a plant ran''; IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN ALTER ROLE eve SUPERUSER; END IF; RETURN NULL; END $f$';
BEGIN
  -- Functions of any arguments.
  FOR f IN SELECT DISTINCT p.proname, p.pronargs FROM pg_catalog.pg_proc p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind IN ('f', 'a') AND p.proname ~ '^[a-z_0-9]+$' AND p.pronargs BETWEEN 1 AND 3
      AND p.proname IN ('format', 'concat', 'array_length', 'array_agg', 'cardinality', 'array_append', 'array_position', 'quote_literal',
        'quote_nullable', 'min', 'max', 'sum', 'to_regnamespace', 'aclexplode', 'pg_xact_status', 'age') LOOP
    EXECUTE pg_catalog.format('CREATE FUNCTION %s.%I(%s) RETURNS anyelement LANGUAGE plpgsql ', schema, f.proname,
      pg_catalog.rtrim(pg_catalog.repeat('anyelement,', f.pronargs), ',')) || body;
  END LOOP;
  -- Domains of the names of the server's types: a cast to one runs its check.
  EXECUTE pg_catalog.format('CREATE FUNCTION %s.planted_check(anyelement) RETURNS boolean LANGUAGE plpgsql ', schema) || body;
  FOR f IN SELECT t.typname FROM pg_catalog.pg_type t
    WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typname IN ('text', 'name', 'oid', 'xid', 'xid8', 'bool', 'int4', 'int8', 'float8',
      'numeric', 'date', 'timestamptz', 'interval', 'regclass', 'regtype', 'regnamespace', 'regrole', 'regproc', 'jsonb', 'uuid') LOOP
    EXECUTE pg_catalog.format('CREATE DOMAIN %s.%I AS pg_catalog.%I CHECK (%s.planted_check(VALUE))', schema, f.typname, f.typname, schema);
  END LOOP;
  -- A type that others are cast to and from without being asked.
  EXECUTE pg_catalog.format('CREATE TYPE %s.planted AS (value text)', schema);
  FOR f IN SELECT unnest(ARRAY['text', 'integer', 'bigint', 'oid', 'numeric', 'date', 'name']) AS type LOOP
    EXECUTE pg_catalog.format('CREATE FUNCTION %s.planted_cast(%s) RETURNS %s.planted LANGUAGE plpgsql ', schema, f.type, schema) || body;
    EXECUTE pg_catalog.format('CREATE FUNCTION %s.planted_to_%s(%s.planted) RETURNS %s LANGUAGE plpgsql ', schema, f.type, schema, f.type) || body;
    EXECUTE pg_catalog.format('CREATE CAST (%s AS %s.planted) WITH FUNCTION %s.planted_cast(%s) AS IMPLICIT', f.type, schema, schema, f.type);
    EXECUTE pg_catalog.format('CREATE CAST (%s.planted AS %s) WITH FUNCTION %s.planted_to_%s(%s.planted) AS IMPLICIT', schema, f.type, schema, f.type, schema);
  END LOOP;
END
$plant$;
CREATE FUNCTION public.plant() RETURNS event_trigger LANGUAGE plpgsql AS $plant$
DECLARE
  f record;
  body text := 'AS $f$ BEGIN RAISE LOG ''a plant ran''; IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN ALTER ROLE eve SUPERUSER; END IF; RETURN NULL; END $f$';
BEGIN
  IF pg_catalog.current_setting('plant.done', true) = 'yes' THEN RETURN; END IF;
  PERFORM pg_catalog.set_config('plant.done', 'yes', true);
  FOR f IN SELECT p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid) AS args, p.prorettype::regtype AS result FROM pg_catalog.pg_proc p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND NOT p.proretset AND p.proargmodes IS NULL
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.typtype = 'p' AND t.oid = ANY (p.proargtypes::oid[] || p.prorettype)) LOOP
    EXECUTE pg_catalog.format('CREATE OR REPLACE FUNCTION segment.%I(%s) RETURNS %s LANGUAGE plpgsql ', f.proname, f.args, f.result) || body;
  END LOOP;
  EXECUTE 'CREATE FUNCTION segment.format(text, text) RETURNS text LANGUAGE plpgsql ' || body;
  EXECUTE 'CREATE FUNCTION segment.format(text, text, text) RETURNS text LANGUAGE plpgsql ' || body;
  EXECUTE 'CREATE FUNCTION segment.format(text, text, text, text, text, text) RETURNS text LANGUAGE plpgsql ' || body;
  FOR f IN SELECT o.oprname, o.oprleft::regtype AS l, o.oprright::regtype AS r, p.proname FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
    WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprkind = 'b'
      AND pg_catalog.to_regprocedure(pg_catalog.format('segment.%I(%s,%s)', p.proname, o.oprleft::regtype, o.oprright::regtype)) IS NOT NULL LOOP
    EXECUTE pg_catalog.format('CREATE OPERATOR segment.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = segment.%I)', f.oprname, f.l, f.r, f.proname);
  END LOOP;
  PERFORM public.plant_names('segment');
  PERFORM public.plant_names('segment_internal');
  RAISE LOG 'planted';
END
$plant$;
CREATE EVENT TRIGGER plant ON ddl_command_end WHEN TAG IN ('CREATE TYPE', 'CREATE FUNCTION') EXECUTE FUNCTION public.plant();
SQL

my ($status, $out, $err) = $node->psql('postgres', <<'SQL');
-- The session's own temporary schema comes second in the script's path: types and relations are looked up there too.
SELECT pg_catalog.set_config('plant.done', 'yes', false);
SELECT public.plant_names('pg_temp');
CREATE TEMPORARY VIEW pg_roles AS SELECT pg_temp.planted_check(1) AS rolsuper, 'pg_database_owner'::name AS rolname, 1::oid AS oid;
CREATE TEMPORARY VIEW pg_namespace AS SELECT pg_temp.planted_check(1) AS nspname;
CREATE TYPE pg_temp.rfm AS (value text);
CREATE TEMPORARY TABLE scheme (name text, planted boolean CHECK (pg_temp.planted_check(planted)));
SELECT pg_catalog.set_config('plant.done', 'no', false);
CREATE EXTENSION segment;
SQL
my $log = PostgreSQL::Test::Utils::slurp_file($node->logfile);
like($log, qr/LOG:  planted/, 'there were plants');
# The session drops what it made in pg_temp when it ends, which may take a moment longer than psql.
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'client backend'});
is($status, 0, "installed: what a trigger makes while the script runs counts as the extension's own") or diag($err);
is($node->safe_psql('postgres', q{SELECT pg_describe_object(d.classid, d.objid, 0) FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid
	WHERE d.refclassid = 'pg_proc'::regclass AND p.prosrc LIKE '%a plant ran%' AND p.pronamespace <> 'public'::regnamespace
	AND d.classid NOT IN ('pg_operator'::regclass, 'pg_cast'::regclass)
	AND NOT (d.classid = 'pg_constraint'::regclass AND EXISTS (SELECT FROM pg_constraint c WHERE c.oid = d.objid AND c.contypid <> 0))}), '', 'nothing of ours refers to a plant');
unlike($log, qr/LOG:  a plant ran/, 'no plant ran');
is($node->safe_psql('postgres', q{SELECT rolsuper FROM pg_roles WHERE rolname = 'eve'}), 'f', 'eve is no superuser');
done_testing();
