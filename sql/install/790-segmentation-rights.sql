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
    -- Of a dropped role there is a number left, which may be another role's where the dump is restored.
    PERFORM pg_extension_config_dump(format('segment.%I', t.name), CASE WHEN EXISTS (
      SELECT FROM pg_attribute a WHERE a.attrelid = format('segment.%I', t.name)::regclass AND a.attname = 'role' AND a.atttypid = 'regrole'::regtype)
      THEN 'WHERE EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = role)' ELSE '' END);
    CONTINUE WHEN t.read = 'nobody';
    seen := CASE t.read WHEN 'member' THEN members WHEN 'owner' THEN owners ELSE everybody END;
    seen := CASE
      WHEN t.read = 'public' THEN 'true'
      WHEN t.name = 'segmentation_member' THEN 'pg_catalog.pg_has_role(role, ''USAGE'')'
      WHEN t.key IN ('name', 'segmentation') THEN format('%I OPERATOR(pg_catalog.=) ANY (%s)', t.key, seen)
      WHEN t.key = 'version_id' THEN format('version_id OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT v.id FROM segment.segmentation_version v WHERE v.segmentation OPERATOR(pg_catalog.=) ANY (%s)))', seen)
      WHEN t.key = 'ledger_set' THEN format('ledger_set OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT l.id FROM segment.ledger_set l WHERE l.segmentation OPERATOR(pg_catalog.=) ANY (%s)))', seen)
      WHEN t.key = 'pilot' THEN format('pilot OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT p.id FROM segment.pilot p WHERE p.segmentation OPERATOR(pg_catalog.=) ANY (%s)))', seen)
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

CREATE FUNCTION segment_internal.grant_segmentation(role regrole) RETURNS void
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM segment_internal.check_database_owner('let roles declare segmentations'), segment_internal.check_role(role);
  INSERT INTO segment.segmentation_declarer VALUES (role) ON CONFLICT DO NOTHING;
  PERFORM segment_internal.segmentation_log('grant segmentation', '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, jsonb_build_object('role', role::text));
END
$$;
COMMENT ON FUNCTION segment_internal.grant_segmentation(regrole) IS 'grant_segmentation as the tables'' owner';
CREATE FUNCTION segment.grant_segmentation(role regrole) RETURNS void AS 'MODULE_PATHNAME', 'segment_as_owner' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment.grant_segmentation(regrole) IS
  'lets a role, and those that have its privileges, declare segmentations of its own. What it declares it alone refreshes, changes and drops; it sees no other''s. '
  '42501 for others than the owner of the database, 42704 for a role that does not exist';

CREATE FUNCTION segment_internal.revoke_segmentation(role regrole) RETURNS boolean
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  had boolean;
BEGIN
  PERFORM segment_internal.check_database_owner('say who declares segmentations');
  DELETE FROM segment.segmentation_declarer d WHERE d.role = revoke_segmentation.role;
  had := FOUND;
  PERFORM segment_internal.segmentation_log('revoke segmentation', '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, jsonb_build_object('role', role::text));
  RETURN had;
END
$$;
COMMENT ON FUNCTION segment_internal.revoke_segmentation(regrole) IS 'revoke_segmentation as the tables'' owner';
CREATE FUNCTION segment.revoke_segmentation(role regrole) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_as_owner' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment.revoke_segmentation(regrole) IS
  'takes back what grant_segmentation gave; whether the role had it. Segmentations that it declared stay: see hand_over and drop_segmentation. 42501 for others than the owner of the database';

CREATE FUNCTION segment_internal.grant_reader(role regrole, name text, summary_only boolean) RETURNS void
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation := segment_internal.segmentation_own(name);
BEGIN
  PERFORM segment_internal.check_role(role);
  INSERT INTO segment.segmentation_member AS m (segmentation, role, owns, summary_only) VALUES (own.name, grant_reader.role, false, grant_reader.summary_only)
  ON CONFLICT ON CONSTRAINT segmentation_member_pkey DO UPDATE SET summary_only = excluded.summary_only WHERE NOT m.owns;
  PERFORM segment_internal.segmentation_log('grant reader', own.name, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    jsonb_build_object('role', role::text, 'summary_only', summary_only));
END
$$;
COMMENT ON FUNCTION segment_internal.grant_reader(regrole, text, boolean) IS 'grant_reader as the tables'' owner';
CREATE FUNCTION segment.grant_reader(role regrole, name text, summary_only boolean DEFAULT false) RETURNS void
  AS 'MODULE_PATHNAME', 'segment_as_owner' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment.grant_reader(regrole, text, boolean) IS
  'lets a role, and those that have its privileges, read the views of one segmentation, customers included, its definition and published summaries, and nothing of others. summary_only: '
  'its published summaries alone, without small groups. 42501 for others than the segmentation''s owner, 42704 for a role that does not exist';

CREATE FUNCTION segment_internal.revoke_reader(role regrole, name text) RETURNS boolean
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation := segment_internal.segmentation_own(name);
  had boolean;
BEGIN
  DELETE FROM segment.segmentation_member m WHERE m.segmentation = own.name AND m.role = revoke_reader.role AND NOT m.owns;
  had := FOUND;
  PERFORM segment_internal.segmentation_log('revoke reader', own.name, NULL, NULL, NULL, NULL, NULL, NULL, NULL, jsonb_build_object('role', role::text));
  RETURN had;
END
$$;
COMMENT ON FUNCTION segment_internal.revoke_reader(regrole, text) IS 'revoke_reader as the tables'' owner';
CREATE FUNCTION segment.revoke_reader(role regrole, name text) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_as_owner' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment.revoke_reader(regrole, text) IS 'takes back what grant_reader gave for one segmentation; whether the role had it. Owner only: 42501 for others';

CREATE FUNCTION segment_internal.hand_over(name text, role regrole) RETURNS void
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  caller regrole := segment_internal.caller();
  former regrole := segment_internal.segmentation_owner(name);
BEGIN
  IF NOT pg_has_role(caller, 'pg_database_owner', 'USAGE') THEN
    PERFORM segment_internal.segmentation_own(name);
  END IF;
  PERFORM segment_internal.check_role(role);
  -- Nobody, the owner of the database neither, makes another role run what that role did not declare.
  PERFORM segment_internal.act_for(role);
  PERFORM FROM segment.segmentation s WHERE s.name = hand_over.name FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    PERFORM segment_internal.refuse_unknown(name);
  END IF;
  DELETE FROM segment.segmentation_member m WHERE m.segmentation = name AND (m.owns OR m.role = hand_over.role);
  INSERT INTO segment.segmentation_member (segmentation, role, owns) VALUES (name, role, true);
  PERFORM segment_internal.segmentation_log('hand over', name, NULL, NULL, NULL, NULL, NULL, NULL, NULL, jsonb_build_object('from', former::text, 'to', role::text));
END
$$;
COMMENT ON FUNCTION segment_internal.hand_over(text, regrole) IS 'hand_over as the tables'' owner';
CREATE FUNCTION segment.hand_over(name text, role regrole) RETURNS void AS 'MODULE_PATHNAME', 'segment_as_owner' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment.hand_over(text, regrole) IS
  'gives a segmentation to a role whose privileges the caller has, with whose rights it runs from then on: by its owner, or by the owner of the database, also after the role '
  'that owned it was dropped. 42501 for others, 42704 if it or the role does not exist';

CREATE FUNCTION segment_internal.members(name text, OUT role regrole, OUT owns boolean, OUT summary_only boolean) RETURNS SETOF record
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT pg_has_role(segment_internal.caller(), 'pg_database_owner', 'USAGE') THEN
    PERFORM segment_internal.segmentation_own(name);
  END IF;
  RETURN QUERY SELECT m.role, m.owns, m.summary_only FROM segment.segmentation_member m WHERE m.segmentation = name ORDER BY m.owns DESC, m.role::text;
END
$$;
COMMENT ON FUNCTION segment_internal.members(text) IS 'members as the tables'' owner';
CREATE FUNCTION segment.members(name text, OUT role regrole, OUT owns boolean, OUT summary_only boolean) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_as_owner' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 5;
COMMENT ON FUNCTION segment.members(text) IS
  'owner and readers of a segmentation; the number of a role that was dropped. 42501 for others than its owner and the owner of the database';
