-- segmentation: triggers that write down whose orders changed

CREATE FUNCTION segment_internal.queue_changes() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  customers text[];
BEGIN
  IF NOT has_table_privilege('segment.change_queue', 'INSERT') THEN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
      MESSAGE = format('permission denied to record the change to %s', TG_RELID::regclass),
      DETAIL = format('A segmentation follows the table by triggers, and role "%s" has no INSERT privilege on segment.change_queue.', current_user),
      HINT = format('Ask its owner for: SELECT segment.grant_writer(%L).', current_user);
  END IF;
  IF TG_OP = 'TRUNCATE' THEN
    INSERT INTO segment.change_queue (ledger_set, everything) VALUES (TG_ARGV[0]::integer, true);
  ELSE
    EXECUTE concat('INSERT INTO segment.change_queue (ledger_set, customer) ',
      concat_ws(' UNION ', CASE WHEN TG_OP <> 'DELETE' THEN format('SELECT %s, n.%I::text FROM new_rows n', TG_ARGV[0]::integer, TG_ARGV[1]) END,
                           CASE WHEN TG_OP <> 'INSERT' THEN format('SELECT %s, n.%I::text FROM old_rows n', TG_ARGV[0]::integer, TG_ARGV[1]) END));
  END IF;
  -- A role that sees a part of the rows only must not label by them. What a definition runs, runs as the writer: the owner of the
  -- segmentation must be one who could have put a trigger of its own on the table, whatever ledger set its rows name.
  IF TG_OP <> 'TRUNCATE' AND has_table_privilege('segment.live_customer', 'INSERT') AND NOT row_security_active(TG_RELID) THEN
    EXECUTE concat('SELECT array_agg(customer) FROM (', concat_ws(' UNION ',
      CASE WHEN TG_OP <> 'DELETE' THEN format('SELECT n.%I::text AS customer FROM new_rows n', TG_ARGV[1]) END,
      CASE WHEN TG_OP <> 'INSERT' THEN format('SELECT n.%I::text AS customer FROM old_rows n', TG_ARGV[1]) END),
      ' LIMIT 101) AS c WHERE customer IS NOT NULL') INTO customers;
    IF cardinality(customers) <= 100 THEN
      PERFORM segment.refresh_customer(v.segmentation, c)
      FROM segment.segmentation s JOIN segment.segmentation_version v ON v.segmentation = s.name AND v.version = s.active_version, unnest(customers) c
      WHERE v.ledger_set = TG_ARGV[0]::integer AND v.live
        AND EXISTS (SELECT FROM pg_roles r WHERE r.rolname = s.owner AND has_table_privilege(r.oid, TG_RELID, 'TRIGGER'))
        AND EXISTS (SELECT FROM segment.snapshot t WHERE t.segmentation = s.name AND t.version = v.version AND t.customers > 0);
    END IF;
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION segment_internal.queue_changes() IS
  'statement trigger of a source: adds the customers of the rows before and after to change_queue, as the role that writes; and where the '
  'segmentation is live and no more than 100 customers are concerned, brings their rows up to date. '
  'Arguments: the ledger set, and the column with the customer. 42501 without INSERT on change_queue';

CREATE FUNCTION segment.grant_writer(role regrole) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('GRANT INSERT ON segment.change_queue TO %s', role);
END
$$;
COMMENT ON FUNCTION segment.grant_writer(regrole) IS
  'lets a role write to sources that triggers follow: INSERT on change_queue, nothing else. Roles that could write when the segmentation '
  'was declared have it. 42501 for roles that may not grant it';

CREATE FUNCTION segment_internal.follow_source(v segment.segmentation_version) RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  relation regclass;
  event record;
  writer record;
  count integer := 0;
BEGIN
  -- A statement that names a partition fires the triggers of that partition only, one that names the root those of the root.
  FOR relation IN SELECT v.source UNION SELECT t.relid FROM pg_partition_tree(v.source) t JOIN pg_class c ON c.oid = t.relid AND c.relkind <> 'f' LOOP
    FOR event IN SELECT * FROM (VALUES ('insert', 'REFERENCING NEW TABLE AS new_rows'), ('delete', 'REFERENCING OLD TABLE AS old_rows'),
                                       ('update', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'), ('truncate', '')) e (name, tables)
                 WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = relation AND t.tgname = format('segment_%s_%s', v.ledger_set, e.name))
    LOOP
      EXECUTE format('CREATE TRIGGER segment_%s_%s AFTER %2$s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION segment_internal.queue_changes(%L, %L)',
                     v.ledger_set, event.name, relation, event.tables, v.ledger_set, v.customer);
      count := count + 1;
    END LOOP;
    FOR writer IN
      SELECT DISTINCT a.grantee
      FROM (SELECT c.relowner AS grantee, 'INSERT' AS privilege_type FROM pg_class c WHERE c.oid = relation
            UNION ALL SELECT a.grantee, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = relation
            UNION ALL SELECT a.grantee, a.privilege_type FROM pg_attribute t, aclexplode(t.attacl) a WHERE t.attrelid = relation) a
      WHERE a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE') AND (a.grantee = 0 OR NOT has_table_privilege(a.grantee, 'segment.change_queue', 'INSERT'))
    LOOP
      EXECUTE format('GRANT INSERT ON segment.change_queue TO %s', CASE WHEN writer.grantee = 0 THEN 'PUBLIC' ELSE writer.grantee::regrole::text END);
    END LOOP;
  END LOOP;
  RETURN count;
END
$$;
COMMENT ON FUNCTION segment_internal.follow_source(segment.segmentation_version) IS
  'makes the triggers of a version''s source and of its partitions where they are missing, and gives the roles that may write there '
  'INSERT on change_queue. Returns the number of triggers made';

CREATE FUNCTION segment_internal.unfollow_source(ledger_set integer) RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t record;
  count integer := 0;
BEGIN
  FOR t IN SELECT g.tgname, g.tgrelid::regclass AS relation FROM pg_trigger g
           WHERE g.tgfoid = 'segment_internal.queue_changes'::regproc AND g.tgname ~ format('^segment_%s_', ledger_set) AND g.tgparentid = 0 LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.relation);
    count := count + 1;
  END LOOP;
  DELETE FROM segment.change_queue q WHERE q.ledger_set = unfollow_source.ledger_set;
  RETURN count;
END
$$;
COMMENT ON FUNCTION segment_internal.unfollow_source(integer) IS 'removes the triggers of a ledger set, and what they queued; returns their number. 42501 for others than the owner of the source';

CREATE FUNCTION segment_internal.segmentation_check_changes(v segment.segmentation_version) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  a pg_attribute;
  t pg_type;
  times regtype[] := '{date,timestamp,timestamptz}';
BEGIN
  IF v.changes NOT IN ('none', 'rebuild', 'changed_at', 'tombstones', 'triggers') OR v.changes IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('there is no way "%s" to find changes', v.changes),
      DETAIL = 'Accepted are none, rebuild, changed_at, tombstones and triggers.', HINT = 'See the documentation for what each finds.';
  END IF;
  IF v.changes IN ('none', 'rebuild', 'triggers') AND (v.changed_at IS NOT NULL OR v.tombstones IS NOT NULL)
     OR v.changes = 'changed_at' AND (v.changed_at IS NULL OR v.tombstones IS NOT NULL) OR v.changes = 'tombstones' AND v.tombstones IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('the options do not fit changes => %L', v.changes),
      DETAIL = format('changed_at is %s, tombstones is %s.', coalesce(v.changed_at, 'NULL'), coalesce(v.tombstones::text, 'NULL')),
      HINT = 'changed_at needs the column changed_at; tombstones needs a relation, and takes a column changed_at; the others need neither.';
  END IF;
  IF v.live AND (v.changes <> 'triggers' OR v.cut_points <> 'frozen') THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'a live segmentation needs triggers and frozen cut points',
      DETAIL = format('changes is %s, cut_points is %s.', v.changes, v.cut_points), HINT = 'Pass changes => ''triggers'', or leave live out.';
  END IF;
  IF v.changes = 'none' THEN
    RETURN;
  END IF;
  IF v.changed_at IS NOT NULL THEN
    PERFORM segment_internal.segmentation_check_column(v.source, 'changed_at', v.changed_at, times);
  END IF;
  IF v.tombstones IS NOT NULL THEN
    PERFORM segment_internal.segmentation_check_column(v.tombstones, 'tombstone_customer', v.tombstone_customer, NULL);
    PERFORM segment_internal.segmentation_check_column(v.tombstones, 'tombstone_at', v.tombstone_at, times);
  END IF;
  IF v.changes = 'triggers' AND (SELECT c.relkind FROM pg_class c WHERE c.oid = v.source) NOT IN ('r', 'p') THEN
    RAISE EXCEPTION USING ERRCODE = 'wrong_object_type', MESSAGE = format('%s cannot have triggers that see the rows', v.source),
      DETAIL = 'changes is triggers, which needs a table or partitioned table.', HINT = 'Use changed_at or tombstones.';
  END IF;
  -- One customer must have one text: ids that are equal but print differently would be two ledgers.
  SELECT * INTO a FROM pg_attribute p WHERE p.attrelid = v.source AND p.attname = v.customer;
  SELECT b.* INTO t FROM pg_type p JOIN pg_type b ON b.oid = CASE WHEN p.typbasetype = 0 THEN p.oid ELSE p.typbasetype END WHERE p.oid = a.atttypid;
  IF NOT (t.oid::regtype = ANY ('{smallint,integer,bigint,oid,uuid,date,text,varchar,bpchar,name,bytea}'::regtype[]) OR t.typtype = 'e'
          OR t.oid = 'numeric'::regtype AND a.atttypmod >= 0)
     OR EXISTS (SELECT FROM pg_collation c WHERE c.oid = a.attcollation AND NOT c.collisdeterministic) THEN
    RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = format('ledgers cannot be stored by customer ids of type %s', format_type(a.atttypid, a.atttypmod)),
      DETAIL = 'Ids that are equal may print differently. Accepted are integers, numeric with a declared scale, uuid, date, enum, bytea and '
               'text types with a deterministic collation.',
      HINT = 'Declare the segmentation on a view that casts the id to text, or leave changes at none.';
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_check_changes(segment.segmentation_version) IS
  'stops unless a version''s way to find changes is complete and fits its source. 22023, 42703, 42804, 42809, 0A000';

CREATE FUNCTION segment_internal.segmentation_ledger_set(v segment.segmentation_version) RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF v.changes = 'none' THEN
    RETURN NULL;
  END IF;
  SELECT t.ledger_set INTO v.ledger_set
  FROM segment.segmentation_version t
  WHERE t.segmentation = v.segmentation AND t.ledger_set IS NOT NULL AND segment_internal.ledger_inputs(t) = segment_internal.ledger_inputs(v)
  ORDER BY t.version LIMIT 1;
  IF v.ledger_set IS NULL THEN
    INSERT INTO segment.ledger_set (segmentation) VALUES (v.segmentation) RETURNING id INTO v.ledger_set;
  END IF;
  IF v.changes = 'triggers' THEN
    PERFORM segment_internal.follow_source(v);
  END IF;
  RETURN v.ledger_set;
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_ledger_set(segment.segmentation_version) IS
  'the ledger set of a new version: that of versions that read the same rows, else a new one, with triggers if the version has them; NULL for changes none';
