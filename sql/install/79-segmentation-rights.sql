-- segmentation: who may see and change what

-- Each role sees and changes the rows of its own segmentations, and sees those that it is a reader of, by row-level security.
-- pg_dump, COPY and the owner of the database must see all: the tables belong to pg_database_owner, whose member is whoever
-- owns the database. What a policy reads is itself read under policies: rows of snapshots through snapshot, and so on.
DO $$
DECLARE
  t record;
  own text;
  visible text;
BEGIN
  FOR t IN
    SELECT * FROM (VALUES
      ('segmentation', 'owner OPERATOR(pg_catalog.=) CURRENT_USER',
       'EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE (r.rolname OPERATOR(pg_catalog.=) owner OR r.rolname OPERATOR(pg_catalog.=) ANY (readers))'
       ' AND pg_catalog.pg_has_role(r.oid, ''USAGE''))'),
      ('segmentation_version', 'segmentation', NULL),
      ('pseudonym_key', 'segmentation', 'segmentation IN (SELECT s.name FROM segment.segmentation s WHERE s.owner OPERATOR(pg_catalog.=) CURRENT_USER)'),
      ('segmentation_cut_points', 'segmentation', NULL),
      ('segmentation_model', 'segmentation', NULL),
      ('snapshot', 'segmentation', NULL),
      ('snapshot_customer', 'snapshot', NULL),
      ('ledger_set', 'segmentation', NULL),
      ('customer_ledger', 'ledger_set', NULL),
      ('change_queue', 'ledger_set', NULL),
      ('live_customer', 'segmentation', NULL),
      ('data_quality', 'segmentation', NULL),
      ('published_summary', 'segmentation', 'true'),
      ('published_hidden', 'segmentation', NULL),
      ('segmentation_run', NULL, NULL)) t (name, own, visible)
  LOOP
    EXECUTE format('ALTER TABLE segment.%I OWNER TO pg_database_owner', t.name);
    EXECUTE format('ALTER TABLE segment.%I ENABLE ROW LEVEL SECURITY', t.name);
    EXECUTE format('CREATE POLICY administered ON segment.%I TO ', t.name) || '@extowner@ USING (true) WITH CHECK (true)'; -- a role's name may hold a %
    CONTINUE WHEN t.name OPERATOR(pg_catalog.=) 'segmentation_run';
    own := CASE t.own
      WHEN 'segmentation' THEN 'segmentation IN (SELECT s.name FROM segment.segmentation s WHERE s.owner OPERATOR(pg_catalog.=) CURRENT_USER)'
      WHEN 'snapshot' THEN 'snapshot IN (SELECT s.id FROM segment.snapshot s JOIN segment.segmentation g ON g.name OPERATOR(pg_catalog.=) s.segmentation '
                           'WHERE g.owner OPERATOR(pg_catalog.=) CURRENT_USER)'
      WHEN 'ledger_set' THEN 'ledger_set IN (SELECT s.id FROM segment.ledger_set s JOIN segment.segmentation g ON g.name OPERATOR(pg_catalog.=) s.segmentation '
                             'WHERE g.owner OPERATOR(pg_catalog.=) CURRENT_USER)'
      ELSE t.own END;
    visible := coalesce(t.visible, CASE t.own
      WHEN 'segmentation' THEN 'segmentation IN (SELECT s.name FROM segment.segmentation s)'
      WHEN 'snapshot' THEN 'snapshot IN (SELECT s.id FROM segment.snapshot s)'
      WHEN 'ledger_set' THEN 'ledger_set IN (SELECT s.id FROM segment.ledger_set s)' END);
    -- Writers of the source who keep rows current are readers with the right to write there.
    own := CASE WHEN t.name OPERATOR(pg_catalog.=) 'live_customer' THEN visible ELSE own END;
    EXECUTE format('CREATE POLICY seen ON segment.%I FOR SELECT USING (%s)', t.name, visible);
    IF t.name OPERATOR(pg_catalog.=) 'change_queue' THEN
      EXECUTE format('CREATE POLICY added ON segment.%I FOR INSERT WITH CHECK (true)', t.name);
    ELSE
      EXECUTE format('CREATE POLICY added ON segment.%I FOR INSERT WITH CHECK (%s)', t.name, own);
    END IF;
    EXECUTE format('CREATE POLICY changed ON segment.%I FOR UPDATE USING (%s) WITH CHECK (%2$s)', t.name, own);
    EXECUTE format('CREATE POLICY removed ON segment.%I FOR DELETE USING (%s)', t.name, own);
  END LOOP;
END
$$;

-- The log: who acts writes lines of its own; nobody changes them, the database's owner neither.
CREATE POLICY seen ON segment.segmentation_run FOR SELECT USING (run_by = CURRENT_USER OR segmentation IN (SELECT s.name FROM segment.segmentation s));
CREATE POLICY added ON segment.segmentation_run FOR INSERT WITH CHECK (run_by = CURRENT_USER AND session_role = SESSION_USER);
REVOKE UPDATE, DELETE, TRUNCATE ON segment.segmentation_run FROM pg_database_owner;

CREATE FUNCTION segment.grant_segmentation(role regrole) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON segment.segmentation, segment.pseudonym_key, segment.segmentation_version, '
                 'segment.segmentation_cut_points, segment.segmentation_model, segment.snapshot, segment.snapshot_customer, '
                 'segment.published_summary, segment.published_hidden, segment.data_quality, segment.ledger_set, segment.customer_ledger, '
                 'segment.live_customer TO %s', role);
  EXECUTE format('GRANT SELECT, DELETE ON segment.change_queue TO %s', role);
  EXECUTE format('GRANT INSERT ON segment.change_queue TO %s WITH GRANT OPTION', role);
  EXECUTE format('GRANT SELECT ON segment.forgotten, segment.forgotten_key, segment.blocked_column TO %s', role);
  EXECUTE format('GRANT SELECT, INSERT ON segment.segmentation_run TO %s', role);
  EXECUTE format('GRANT USAGE ON SEQUENCE segment.snapshot_id, segment.ledger_set_id TO %s', role);
END
$$;
COMMENT ON FUNCTION segment.grant_segmentation(regrole) IS
  'lets a role declare and refresh segmentations of its own, and no other''s: row-level security on the extension''s tables shows '
  'each role its own segmentations and those that it is a reader of (see grant_reader). 42501 for roles that may not grant it';

CREATE FUNCTION segment.grant_reader(role regrole, name text DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation;
  tables regclass[] := '{segment.segmentation,segment.segmentation_version,segment.segmentation_cut_points,segment.segmentation_model,'
                       'segment.snapshot,segment.snapshot_customer,segment.live_customer,segment.data_quality,segment.segmentation_run}';
BEGIN
  IF EXISTS (SELECT FROM unnest(tables) t WHERE NOT has_table_privilege(role, t, 'SELECT')) THEN
    IF EXISTS (SELECT FROM unnest(tables) t WHERE NOT has_table_privilege(t, 'SELECT WITH GRANT OPTION')) THEN
      RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format('role %s may not read the extension''s tables yet', role),
        DETAIL = 'The owner of the database lets a role read them, without any rows; then the owner of a segmentation shows it.',
        HINT = format('Ask the owner of the database for: SELECT segment.grant_reader(%L).', role);
    END IF;
    EXECUTE format('GRANT SELECT ON %s TO %s', array_to_string(tables, ', '), role);
  END IF;
  IF name IS NULL THEN
    RETURN;
  END IF;
  own := segment_internal.segmentation_own(name);
  UPDATE segment.segmentation s SET readers = s.readers || r.rolname
  FROM pg_roles r WHERE s.name = own.name AND r.oid = role AND r.rolname <> ALL (s.readers);
  PERFORM segment_internal.segmentation_log('grant reader', own.name, NULL, NULL, NULL, NULL, NULL, NULL, NULL, jsonb_build_object('role', role));
END
$$;
COMMENT ON FUNCTION segment.grant_reader(regrole, text) IS
  'lets a role read the views of one segmentation, customers included, and nothing of others; without a name it gets the rights on the '
  'tables, which the database''s owner must give, and sees no rows yet. For numbers without small groups grant SELECT on '
  'published_summary instead. 42501 for others than the segmentation''s owner, and without rights to hand on';

CREATE FUNCTION segment.revoke_reader(role regrole, name text) RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation := segment_internal.segmentation_own(name);
  rows bigint;
BEGIN
  UPDATE segment.segmentation s SET readers = array_remove(s.readers, r.rolname)
  FROM pg_roles r WHERE s.name = own.name AND r.oid = role AND r.rolname = ANY (s.readers);
  GET DIAGNOSTICS rows = ROW_COUNT;
  PERFORM segment_internal.segmentation_log('revoke reader', own.name, NULL, NULL, NULL, NULL, NULL, NULL, NULL, jsonb_build_object('role', role));
  RETURN rows > 0;
END
$$;
COMMENT ON FUNCTION segment.revoke_reader(regrole, text) IS 'takes back what grant_reader gave for one segmentation; whether the role had it. Owner only: 42501 for others';
