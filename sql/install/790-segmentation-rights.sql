-- segmentation: who may see what; all that is written is written by functions, as the tables' owner

-- The tables belong to pg_database_owner, whose member is whoever owns the database: it sees all, and so do pg_dump and COPY
-- when it runs them. Others have SELECT at most, and see rows of segmentations that they are a member of. What a policy reads
-- is itself read under policies: members are rows of segmentation_member whose role one has. Lists are ARRAY(SELECT ...): found
-- once a query, and good for indexes.
DO $$
DECLARE
  t record;
  everybody text := 'ARRAY(SELECT m.segmentation FROM segment.segmentation_member m)';
  members text := 'ARRAY(SELECT m.segmentation FROM segment.segmentation_member m WHERE NOT m.summary_only)';
  owners text := 'ARRAY(SELECT m.segmentation FROM segment.segmentation_member m WHERE m.owns)';
  seen text;
BEGIN
  FOR t IN SELECT * FROM segment_internal.owned_table LOOP
    EXECUTE format('ALTER TABLE segment.%I OWNER TO pg_database_owner', t.name);
    EXECUTE format('ALTER TABLE segment.%I ENABLE ROW LEVEL SECURITY', t.name);
    PERFORM pg_extension_config_dump(format('segment.%I', t.name), '');
    CONTINUE WHEN t.read = 'nobody';
    seen := CASE t.read WHEN 'member' THEN members WHEN 'owner' THEN owners ELSE everybody END;
    seen := CASE
      WHEN t.read = 'public' THEN 'true'
      WHEN t.name = 'segmentation_member' THEN 'pg_catalog.pg_has_role(role, ''USAGE'')'
      WHEN t.key IN ('name', 'segmentation') THEN format('%I OPERATOR(pg_catalog.=) ANY (%s)', t.key, seen)
      WHEN t.key = 'version_id' THEN format('version_id OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT v.id FROM segment.segmentation_version v WHERE v.segmentation OPERATOR(pg_catalog.=) ANY (%s)))', seen)
      WHEN t.key = 'ledger_set' THEN format('ledger_set OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT l.id FROM segment.ledger_set l WHERE l.segmentation OPERATOR(pg_catalog.=) ANY (%s)))', seen)
      WHEN t.key = 'snapshot' THEN format('snapshot OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT s.id FROM segment.snapshot s WHERE s.segmentation OPERATOR(pg_catalog.=) ANY (%s)))', seen)
    END;
    -- A namesake's log is not its own.
    IF t.name = 'segmentation_run' THEN
      seen := seen || ' AND EXISTS (SELECT FROM segment.segmentation s WHERE s.name OPERATOR(pg_catalog.=) segmentation AND run_at OPERATOR(pg_catalog.>=) s.created_at)';
    END IF;
    EXECUTE format('CREATE POLICY seen ON segment.%I FOR SELECT USING (%s)', t.name, seen);
    EXECUTE format('GRANT SELECT ON segment.%I TO PUBLIC', t.name);
  END LOOP;
  FOR t IN SELECT s.relname FROM pg_class s JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.deptype = 'a' AND d.refclassid = 'pg_class'::regclass
           JOIN segment_internal.owned_table o ON d.refobjid = format('segment.%I', o.name)::regclass WHERE s.relkind = 'S' LOOP
    PERFORM pg_extension_config_dump(format('segment.%I', t.relname), '');
  END LOOP;
END
$$;

-- Lines of the log are added, never changed: by the owner of the database neither.
REVOKE UPDATE, DELETE, TRUNCATE ON segment.segmentation_run FROM pg_database_owner;
