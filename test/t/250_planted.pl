# While the install script runs as superuser, functions and operators of every name and type of arguments that the server has come into
# schema segment. None of them may run, and nothing may refer to them. An event trigger plants them, as a second session can.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('planted');
$node->init;
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE eve;
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
  RAISE LOG 'planted';
END
$plant$;
CREATE EVENT TRIGGER plant ON ddl_command_end WHEN TAG IN ('CREATE TYPE', 'CREATE FUNCTION') EXECUTE FUNCTION public.plant();
SQL

my ($status, $out, $err) = $node->psql('postgres', 'CREATE EXTENSION segment');
my $log = PostgreSQL::Test::Utils::slurp_file($node->logfile);
like($log, qr/LOG:  planted/, 'there were plants');
is($status, 0, "installed: what a trigger makes while the script runs counts as the extension's own") or diag($err);
is($node->safe_psql('postgres', q{SELECT pg_describe_object(d.classid, d.objid, 0) FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid
	WHERE d.refclassid = 'pg_proc'::regclass AND p.pronamespace = 'segment'::regnamespace AND p.prosrc LIKE '%a plant ran%' AND d.classid <> 'pg_operator'::regclass}), '', 'nothing of ours refers to a plant');
unlike($log, qr/LOG:  a plant ran/, 'no plant ran');
is($node->safe_psql('postgres', q{SELECT rolsuper FROM pg_roles WHERE rolname = 'eve'}), 'f', 'eve is no superuser');
done_testing();
