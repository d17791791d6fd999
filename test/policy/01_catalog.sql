-- 01_catalog.sql: what every object of the extension must have, read from the catalogs.
\ir ../lib/begin.sql

-- The members of the extension.
CREATE TEMP VIEW member AS
SELECT classid, objid FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
  AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'segment');
CREATE TEMP VIEW function AS
SELECT p.*, l.lanname, p.oid::regprocedure::text AS signature
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang JOIN member ON classid = 'pg_proc'::regclass AND objid = p.oid;
CREATE TEMP VIEW relation AS
SELECT c.*, c.oid::regclass::text AS name FROM pg_class c JOIN member ON classid = 'pg_class'::regclass AND objid = c.oid;

SELECT plan(33);

-- Comments
SELECT is_empty($$SELECT signature FROM function WHERE obj_description(oid, 'pg_proc') IS NULL$$,
  'every function and aggregate has a comment');
SELECT is_empty($$SELECT t.oid::regtype FROM pg_type t JOIN member ON classid = 'pg_type'::regclass AND objid = t.oid
  WHERE obj_description(t.oid, 'pg_type') IS NULL AND typcategory <> 'A'
    AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = typrelid AND relkind <> 'c')$$, 'every type has a comment');
SELECT is_empty($$SELECT o.oid::regoperator FROM pg_operator o JOIN member ON classid = 'pg_operator'::regclass AND objid = o.oid
  WHERE obj_description(o.oid, 'pg_operator') IS NULL$$, 'every operator has a comment');
SELECT is_empty($$SELECT name FROM relation WHERE relkind IN ('r', 'v', 'p') AND obj_description(oid, 'pg_class') IS NULL$$,
  'every table and view has a comment');
SELECT is_empty($$SELECT r.name || '.' || a.attname FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid
  WHERE r.relkind IN ('r', 'v', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND col_description(r.oid, a.attnum) IS NULL$$,
  'every column has a comment');

-- Functions
-- Those that write are volatile. An aggregate of ours that sorts in its state needs all rows in one process.
SELECT is_empty($$SELECT signature FROM function WHERE proparallel <> 's' AND provolatile <> 'v' AND NOT (prokind = 'a' AND signature::text LIKE 'segment_internal.%')$$,
  'every function is parallel safe, but those that write');
SELECT is_empty($$SELECT signature FROM function WHERE prosecdef$$, 'no function is SECURITY DEFINER');
SELECT is_empty($$SELECT signature FROM function
  WHERE lanname = 'sql' AND prosqlbody IS NULL AND NOT coalesce(array_to_string(proconfig, ' '), '') ~ 'search_path='$$,
  'SQL functions are BEGIN ATOMIC or pin search_path');
SELECT is_empty($$SELECT signature FROM function
  WHERE lanname NOT IN ('sql', 'c', 'internal') AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false)$$,
  'other languages pin search_path = pg_catalog, pg_temp');
SELECT is_empty($$SELECT signature || ' is ' || prosrc FROM function WHERE lanname = 'c' AND prosrc !~ '^segment_'$$,
  'C functions are segment_…');
SELECT is_empty($$SELECT a.aggfnoid::regprocedure FROM pg_aggregate a JOIN function f ON f.oid = a.aggfnoid
  WHERE aggkind = 'n' AND f.proparallel = 's' AND (aggcombinefn = 0 OR aggtranstype = 'internal'::regtype AND (aggserialfn = 0 OR aggdeserialfn = 0))$$,
  'aggregates that are parallel safe can be computed in parallel');
SELECT is_empty($$SELECT f.signature FROM pg_aggregate a JOIN function f ON f.oid = a.aggcombinefn
  WHERE aggtranstype = 'internal'::regtype AND f.proisstrict$$, 'combine functions of internal states are not strict');
SELECT is_empty($$SELECT signature FROM function WHERE 'internal'::regtype = ANY (proargtypes::oid[])
  AND prorettype <> 'internal'::regtype
  AND oid NOT IN (SELECT unnest(ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn]::oid[]) FROM pg_aggregate)
  AND oid NOT IN (SELECT unnest(ARRAY[typreceive]::oid[]) FROM pg_type)
  AND oid NOT IN (SELECT unnest(ARRAY[amproc]::oid[]) FROM pg_amproc)$$,
  'functions that take internal are support functions of something');

-- A date or a timestamp would become a timestamptz by a cast that depends on the session's time zone. (In PL/pgSQL of ours nobody passes one.)
SELECT is_empty($$SELECT f.signature, t.type FROM function f, unnest('{date,timestamp}'::regtype[]) t(type)
  WHERE (f.pronamespace = 'segment'::regnamespace OR f.lanname <> 'plpgsql') AND 'timestamptz'::regtype = ANY (f.proargtypes) AND NOT EXISTS (SELECT FROM function g WHERE g.proname = f.proname AND g.pronamespace = f.pronamespace
    AND g.proargtypes::oid[] = array_replace(array_replace(f.proargtypes::oid[], 'timestamptz'::regtype::oid, t.type::oid), 'timestamptz[]'::regtype::oid, (SELECT typarray FROM pg_type WHERE oid = t.type)))$$,
  'what takes a timestamptz takes a date and a timestamp');

-- Relations
SELECT is_empty($$SELECT name FROM relation WHERE relkind = 'v'
  AND NOT coalesce(reloptions && ARRAY['security_invoker=true', 'security_invoker=on'], false)$$, 'views are security_invoker');
SELECT is_empty($$SELECT name FROM relation WHERE relkind = 'm'$$, 'no materialized view is a member');
SELECT is_empty($$SELECT name FROM relation WHERE relkind IN ('r', 'p') AND relname <> 'owned_table' -- which the script fills
  AND oid <> ALL (coalesce((SELECT extconfig FROM pg_extension WHERE extname = 'segment'), '{}'))$$,
  'every table is dumped as configuration');

-- pg_upgrade restores the members of the extension one by one, functions (and the views that they read) before operator
-- classes: GROUP BY, DISTINCT, ORDER BY, UNION and PARTITION BY over a type of ours cannot be parsed then.
SELECT is_empty($$
  WITH body AS (
    SELECT signature AS name, prosqlbody::text AS tree FROM function WHERE prosqlbody IS NOT NULL
    UNION ALL SELECT r.name, w.ev_action::text FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid)
  SELECT b.name, o.oid::regoperator FROM body b, regexp_matches(b.tree, ':(?:eqop|sortop) (\d+)', 'g') used
    JOIN pg_operator o ON o.oid = used[1]::oid JOIN member ON classid = 'pg_operator'::regclass AND objid = o.oid$$,
  'no body of a function or view sorts or groups by a type of ours');

-- Privileges: PUBLIC may use the schema and read the schemes, and nothing else beyond the defaults
SELECT results_eq($$SELECT privilege_type FROM pg_namespace, aclexplode(nspacl) WHERE nspname = 'segment' AND grantee = 0$$,
  $$VALUES ('USAGE')$$, 'PUBLIC has USAGE on the schema only');
SELECT is_empty($$SELECT r.name, acl.privilege_type FROM relation r, aclexplode(r.relacl) acl
  WHERE grantee = 0 AND NOT (privilege_type = 'SELECT' AND (relkind = 'v' OR relname IN ('scheme', 'scheme_rule', 'owned_table')
    OR relname IN (SELECT name FROM segment_internal.owned_table WHERE read <> 'nobody')))$$,
  'PUBLIC reads the scheme tables, views, and through policies the tables of segmentations');
SELECT is_empty($$SELECT r.name, acl.privilege_type, grantee::regrole FROM relation r, aclexplode(r.relacl) acl
  WHERE relkind IN ('r', 'S') AND privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'USAGE') AND grantee NOT IN (SELECT 'pg_database_owner'::regrole UNION SELECT extowner FROM pg_extension WHERE extname = 'segment' UNION SELECT nspowner FROM pg_namespace WHERE nspname = 'segment_internal')$$,
  'nobody but the owner of the database writes to tables');

-- Tables of segmentations: one catalog, from which all else follows.
SELECT results_eq($$SELECT relname FROM relation WHERE relkind = 'r' AND relname NOT IN ('scheme', 'scheme_rule', 'owned_table') ORDER BY 1$$,
  $$SELECT name FROM segment_internal.owned_table ORDER BY 1$$, 'every table is a row of owned_table');
SELECT is_empty($$SELECT name FROM relation WHERE relname IN (SELECT name FROM segment_internal.owned_table) AND NOT (relrowsecurity AND relowner = 'pg_database_owner'::regrole)$$,
  'under row-level security, and owned so that the owner of the database dumps it');
SELECT is_empty($$SELECT o.name, o.read, p.polcmd FROM segment_internal.owned_table o
  LEFT JOIN pg_policy p ON p.polrelid = format('segment.%I', o.name)::regclass
  WHERE (o.read = 'nobody') <> (p.polcmd IS NULL) OR p.polcmd <> 'r'$$, 'with one policy, to read; with none where nobody reads');
SELECT is_empty($$SELECT o.name, o.key FROM segment_internal.owned_table o WHERE o.key <> 'none'
  AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = format('segment.%I', o.name)::regclass AND a.attname = o.key)$$, 'its key is a column');
SELECT is_empty($$SELECT o.name FROM segment_internal.owned_table o WHERE (o.personal IS NULL) <> (o.content IS NULL)
  OR o.personal IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = format('segment.%I', o.name)::regclass AND a.attname = o.personal)$$,
  'and so is what identifies a person');
SELECT is_empty($$SELECT a.attrelid::regclass, a.attname FROM pg_attribute a JOIN segment_internal.owned_table o ON a.attrelid = format('segment.%I', o.name)::regclass
  WHERE a.attname IN ('customer', 'customer_id') AND o.personal IS NULL AND o.name <> 'segmentation_version' AND a.atttypid = 'text'::regtype$$, 'no table with ids of customers is left out');
SELECT is_empty($$SELECT conname FROM pg_constraint c JOIN relation r ON r.oid = c.conrelid WHERE contype = 'f' AND relname IN (SELECT name FROM segment_internal.owned_table)$$,
  'no foreign key stands in the way of a parallel restore');
SELECT is_empty($$SELECT signature FROM function WHERE prosrc = 'segment_as_owner' AND NOT EXISTS (SELECT FROM function i WHERE i.pronamespace = 'segment_internal'::regnamespace
  AND i.proname = function.proname AND i.proargtypes = function.proargtypes AND i.lanname = 'plpgsql' AND i.prorettype = function.prorettype)$$,
  'what acts with authority has its function in segment_internal');
SELECT is_empty($$SELECT signature FROM function WHERE lanname = 'plpgsql' AND cardinality(string_to_array(prosrc, E'\n')) > 62$$, 'no function in PL/pgSQL is longer than 60 lines');

-- Names
-- Whatever has a schema has an address of schema and name.
SELECT is_empty($$SELECT a.type, a.identity FROM member, pg_identify_object(classid, objid, 0) a
  WHERE a.schema IS DISTINCT FROM 'segment' AND a.schema IS DISTINCT FROM 'segment_internal'
    AND a.type NOT IN ('cast', 'schema') AND a.type !~ '^(trigger|rule|policy)'$$, 'everything lies in schemas segment and segment_internal');
CREATE TEMP VIEW support AS
SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze]::oid[]) AS oid FROM pg_type
UNION SELECT unnest(ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn]::oid[]) FROM pg_aggregate
UNION SELECT unnest(ARRAY[oprcode, oprrest, oprjoin]::oid[]) FROM pg_operator UNION SELECT amproc FROM pg_amproc UNION SELECT castfunc FROM pg_cast
UNION SELECT tgfoid FROM pg_trigger UNION SELECT prosupport FROM pg_proc;
SELECT is_empty($$SELECT signature FROM function WHERE pronamespace = 'segment'::regnamespace AND (oid IN (SELECT oid FROM support)
    OR prorettype IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype, 'cstring'::regtype)
    OR proargtypes::oid[] && ARRAY['internal', 'cstring']::regtype[]::oid[])$$,
  'functions behind types, aggregates, operators, casts and triggers lie in segment_internal');
SELECT results_eq(
  $$SELECT trusted, relocatable, superuser FROM pg_available_extension_versions WHERE name = 'segment' AND installed$$,
  $$VALUES (true, false, true)$$, 'trusted, and not relocatable');

SELECT * FROM finish();
ROLLBACK;
