\echo Use "CREATE EXTENSION segment" to load this file. \quit

SET LOCAL search_path = pg_catalog, pg_temp;

-- The schema must be empty, and the installer's own or the database owner's: the owner of a schema that was there before
-- could have put functions into it that capture calls of this extension's users, and so could anybody later who may
-- create objects in it. (The database owner could install the extension alone; and a superuser who restores a dump of that
-- finds the schema made, and owned, like this; its privileges are restored later.)
DO $$
DECLARE
  problem text;
BEGIN
  SELECT CASE
           WHEN pg_catalog.quote_ident(r.rolname) OPERATOR(pg_catalog.<>) '@extowner@'
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_database d
                              WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
                                AND d.datdba OPERATOR(pg_catalog.=) n.nspowner)
             THEN pg_catalog.format('Schema "segment" belongs to role "%s".', r.rolname)
           WHEN EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace OPERATOR(pg_catalog.=) n.oid)
             OR EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.pronamespace OPERATOR(pg_catalog.=) n.oid)
             OR EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.typnamespace OPERATOR(pg_catalog.=) n.oid)
             OR EXISTS (SELECT FROM pg_catalog.pg_operator o WHERE o.oprnamespace OPERATOR(pg_catalog.=) n.oid)
             THEN 'Schema "segment" is not empty.'
           WHEN EXISTS (SELECT FROM pg_catalog.aclexplode(n.nspacl) a
                         WHERE a.privilege_type OPERATOR(pg_catalog.=) 'CREATE'
                           AND a.grantee OPERATOR(pg_catalog.<>) n.nspowner)
             THEN 'Others than its owner may create objects in schema "segment".'
         END
    INTO problem
    FROM pg_catalog.pg_namespace n
    JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) n.nspowner
   WHERE n.nspname OPERATOR(pg_catalog.=) 'segment';
  IF problem IS NOT NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'duplicate_schema',
      MESSAGE = 'schema "segment" exists already and cannot be trusted',
      DETAIL  = problem || ' The extension needs a schema of this name that is its installer''s own, empty, and closed to others.',
      HINT    = 'Rename that schema (ALTER SCHEMA segment RENAME TO …) or drop it, then run CREATE EXTENSION again.';
  END IF;
END
$$;

GRANT USAGE ON SCHEMA segment TO PUBLIC;
COMMENT ON SCHEMA segment IS 'Customer segmentation: RFM scores, named segments and what derives from them (extension segment)';
