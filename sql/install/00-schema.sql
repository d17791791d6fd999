\echo Use "CREATE EXTENSION segment" to load this file. \quit

-- The script runs as superuser, whoever installs, and others may write into schema "segment" meanwhile. So nothing is looked up there
-- unless it is written with its schema: functions, operators and types without one are the server's own. LOCAL, or the
-- session would keep the path.
SET LOCAL search_path = pg_catalog, pg_temp;

-- What is in the schema, or comes into it, captures calls of this extension's users: a better match for the types of a
-- call wins. So the schema must be empty and closed; and its owner must be a superuser or the owner of the database, unless
-- it was made in this transaction (CREATE EXTENSION makes it if there is none), when no other session can see it yet.
-- A restored dump has made it beforehand, as the database's owner or a superuser; its privileges are restored later.
DO $$
DECLARE
  made pg_catalog.xid;
  owner pg_catalog.name;
  owner_is_trusted boolean;
  top pg_catalog.xid8 := pg_current_xact_id();
  ours boolean := false;
  problem pg_catalog.text;
BEGIN
  SELECT n.xmin, r.rolname, r.rolsuper OR r.rolname = 'pg_database_owner' OR r.oid = d.datdba,
         CASE
           WHEN EXISTS (SELECT FROM pg_depend x WHERE x.refclassid = 'pg_namespace'::regclass AND x.refobjid = n.oid
                        AND x.classid NOT IN ('pg_extension'::regclass, 'pg_default_acl'::regclass, 'pg_publication_namespace'::regclass))
             THEN 'It is not empty.'
           WHEN EXISTS (SELECT FROM aclexplode(n.nspacl) a WHERE a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner)
             THEN 'Others than its owner may create objects in it.'
         END
    INTO made, owner, owner_is_trusted, problem
    FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner, pg_database d
   WHERE n.nspname = 'segment' AND d.datname = current_database();
  -- Visible and still in progress: made by this transaction, or a part of it that has a number of its own.
  IF age(made) <= age(top::xid) THEN
    ours := pg_xact_status((top::text::bigint + age(top::xid) - age(made))::text::xid8) = 'in progress';
  END IF;
  IF problem IS NULL AND NOT owner_is_trusted AND NOT ours THEN
    problem := format('It belongs to role "%s", who does not own the database.', owner);
  END IF;
  IF problem IS NOT NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'duplicate_schema',
      MESSAGE = 'schema "segment" exists already and cannot be trusted',
      DETAIL  = problem || ' The extension needs a schema of this name that is empty, and closed to all but a superuser or the owner of the database.',
      HINT    = 'Rename that schema (ALTER SCHEMA segment RENAME TO ...) or drop it, then run CREATE EXTENSION again, which makes it.';
  END IF;
  IF to_regnamespace('segment_internal') IS NOT NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'duplicate_schema',
      MESSAGE = 'schema "segment_internal" exists already',
      DETAIL  = 'The extension makes a schema of this name for what its functions need and users do not call.',
      HINT    = 'Rename that schema (ALTER SCHEMA segment_internal RENAME TO ...) or drop it, then run CREATE EXTENSION again.';
  END IF;
  -- A role that may install, but does not own the database, must not keep the schema: it could add functions later.
  IF NOT owner_is_trusted THEN
    ALTER SCHEMA segment OWNER TO pg_database_owner;
  END IF;
END
$$;

GRANT USAGE ON SCHEMA segment TO PUBLIC;
COMMENT ON SCHEMA segment IS 'Customer segmentation: RFM scores, named segments and what derives from them (extension segment)';

CREATE SCHEMA segment_internal;
GRANT USAGE ON SCHEMA segment_internal TO PUBLIC;
COMMENT ON SCHEMA segment_internal IS 'Functions that the extension segment needs and users do not call: behind types, operators, aggregates, triggers and views. They may change in any version';

