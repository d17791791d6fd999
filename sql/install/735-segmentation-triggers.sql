-- segmentation: triggers that write down whose orders changed

CREATE FUNCTION segment_internal.queue_changes() RETURNS trigger AS 'MODULE_PATHNAME', 'segment_queue_changes' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.queue_changes() IS
  'trigger of a source, for each row and for TRUNCATE: adds the customers of changed rows to change_queue, whoever writes; erased customers not. '
  'Arguments: the ledger set, and the column with the customer. What it cannot tell by customer is queued as a change of everything. '
  'On tables that the ledger set does not follow it does nothing';

CREATE FUNCTION segment_internal.make_trigger(relation regclass, name name, rows boolean, ledger_set integer, customer name) RETURNS void
  AS 'MODULE_PATHNAME', 'segment_make_trigger' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.make_trigger(regclass, name, boolean, integer, name) IS
  'puts queue_changes on a table, for rows or for TRUNCATE, such that it fires always; 42501 unless the role of act_for has TRIGGER on the table';

CREATE FUNCTION segment_internal.drop_trigger(trigger oid, wait boolean) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_drop_trigger' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.drop_trigger(oid, boolean) IS
  'takes a trigger off its table if it calls queue_changes, whoever owns the table; false if there is no such trigger or, unless told to wait, while others use the table';

CREATE FUNCTION segment_internal.followed_tables(source regclass, OUT relation regclass, OUT kind "char", OUT is_root boolean) RETURNS SETOF record
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
  WITH RECURSIVE tree AS (
    SELECT source AS relation
    UNION
    SELECT i.inhrelid::regclass FROM tree t JOIN pg_inherits i ON i.inhparent = t.relation)
  SELECT t.relation, c.relkind, NOT c.relispartition OR t.relation = source FROM tree t JOIN pg_class c ON c.oid = t.relation;
END;
COMMENT ON FUNCTION segment_internal.followed_tables(regclass) IS
  'a source, its partitions and inheritance children of every level; is_root: row triggers are made there (partitions get those of their root by the server)';

-- One trigger a row of the result: those that there should be, and how they are.
CREATE FUNCTION segment_internal.followed_triggers(source regclass, ledger_set integer, OUT relation regclass, OUT name name, OUT rows boolean,
  OUT to_make boolean, OUT enabled "char") RETURNS SETOF record
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
  SELECT f.relation, x.name, x.rows, f.is_root OR NOT x.rows, g.tgenabled
  FROM segment_internal.followed_tables(source) f
  CROSS JOIN LATERAL (VALUES (format('segment_%s_rows', ledger_set)::name, true), (format('segment_%s_truncate', ledger_set)::name, false)) x (name, rows)
  LEFT JOIN pg_trigger g ON g.tgrelid = f.relation AND g.tgname = x.name AND g.tgfoid = 'segment_internal.queue_changes'::regproc
  WHERE x.rows OR f.kind IN ('r', 'p');
END;
COMMENT ON FUNCTION segment_internal.followed_triggers(regclass, integer) IS
  'the triggers by which a ledger set follows a source: where, for rows or TRUNCATE, whether they are made there or come from the root of partitions; enabled: as in pg_trigger, NULL if missing';

CREATE FUNCTION segment_internal.followed_digest(source regclass) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT md5(string_agg(concat_ws(' ', f.relation::oid, pg_relation_filenode(f.relation)), ',' ORDER BY f.relation::oid))
  FROM segment_internal.followed_tables(source) f;
END;
COMMENT ON FUNCTION segment_internal.followed_digest(regclass) IS
  'digest of the tables of a source and of their files: another one after partitions were attached or detached, children made, or a table written anew (TRUNCATE, ALTER TYPE, VACUUM FULL)';

CREATE FUNCTION segment_internal.made_triggers(ledger_set integer, OUT oid oid, OUT relation oid) RETURNS SETOF record
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
  SELECT g.oid, g.tgrelid FROM pg_trigger g
  WHERE g.tgfoid = 'segment_internal.queue_changes'::regproc AND g.tgparentid = 0 AND split_part(encode(g.tgargs, 'escape'), '\000', 1) = ledger_set::text;
END;
COMMENT ON FUNCTION segment_internal.made_triggers(integer) IS 'the triggers of a ledger set, on whatever table, without those that partitions have from their root';

CREATE FUNCTION segment_internal.make_triggers(source regclass, ledger_set integer, customer name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t record;
BEGIN
  -- One that was disabled, or enabled again by hand, is made anew. Row triggers of partitions come and go with those of the root.
  FOR t IN SELECT * FROM segment_internal.followed_triggers(source, ledger_set) f WHERE f.to_make
           AND (f.enabled IS DISTINCT FROM 'A' OR f.rows AND EXISTS (
             SELECT FROM segment_internal.followed_triggers(source, ledger_set) p WHERE p.rows AND NOT p.to_make AND p.enabled IS DISTINCT FROM 'A'
             AND f.relation IN (SELECT a.relid FROM pg_partition_ancestors(p.relation) a))) LOOP
    PERFORM segment_internal.drop_trigger(g.oid, true) FROM pg_trigger g WHERE g.tgrelid = t.relation AND g.tgname = t.name;
    PERFORM segment_internal.make_trigger(t.relation, t.name, t.rows, ledger_set, customer);
  END LOOP;
END
$$;
COMMENT ON FUNCTION segment_internal.make_triggers(regclass, integer, name) IS 'makes the triggers of a source where they are missing or do not fire always';

CREATE FUNCTION segment_internal.follow_source(v segment.segmentation_version) RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  source regclass := segment_internal.source_oid(v);
  home oid := 'segment.state'::regclass;
  former segment.ledger_set;
  digest text;
  broken text := (SELECT string_agg(DISTINCT t.relation::text, ', ') FROM segment_internal.followed_triggers(source, v.ledger_set) t WHERE t.enabled IS DISTINCT FROM 'A');
  remote text := (SELECT string_agg(f.relation::text, ', ') FROM segment_internal.followed_tables(source) f WHERE f.kind = 'f');
BEGIN
  SELECT * INTO former FROM segment.ledger_set s WHERE s.id = v.ledger_set;
  IF broken IS NOT NULL THEN
    PERFORM segment_internal.make_triggers(source, v.ledger_set, v.customer);
  END IF;
  -- Such as partitions that were detached, and a table that was renamed when another took its name. What is in use there waits for the next time.
  PERFORM segment_internal.drop_trigger(g.oid, false) FROM segment_internal.made_triggers(v.ledger_set) g
  WHERE g.relation NOT IN (SELECT f.relation FROM segment_internal.followed_tables(source) f);
  digest := segment_internal.followed_digest(source);
  UPDATE segment.ledger_set s SET followed = digest, followed_source = source, followed_name = v.source, followed_in = home
  WHERE s.id = v.ledger_set AND (s.followed, s.followed_source, s.followed_name, s.followed_in) IS DISTINCT FROM (digest, source::oid, v.source, home);
  RETURN CASE
    WHEN former.followed IS NULL THEN 'the source is followed from now on'
    WHEN broken IS NOT NULL THEN format('triggers were missing or not enabled always on %s', broken)
    WHEN remote IS NOT NULL THEN format('changes on another server cannot be followed: %s', remote)
    WHEN former.followed_in = home AND (former.followed, former.followed_source) IS DISTINCT FROM (digest, source::oid) THEN 'tables of the source were attached, detached or written anew'
  END;
END
$$;
COMMENT ON FUNCTION segment_internal.follow_source(segment.segmentation_version) IS
  'makes the triggers of a version''s source, its partitions and children where they are missing. NULL if changes have been followed without a gap since the last '
  'call, also in another database before a dump; else why all orders must be read';

CREATE FUNCTION segment_internal.unfollow_source(ledger_set integer) RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  count integer;
  source regclass := (SELECT CASE WHEN s.followed_in = 'segment.state'::regclass THEN s.followed_source ELSE segment_internal.relation_named(s.followed_name) END
                      FROM segment.ledger_set s WHERE s.id = unfollow_source.ledger_set);
BEGIN
  SELECT count(*) FILTER (WHERE segment_internal.drop_trigger(g.oid, g.relation IN (SELECT f.relation FROM segment_internal.followed_tables(source) f))) INTO count
  FROM segment_internal.made_triggers(ledger_set) g;
  DELETE FROM segment.change_queue q WHERE q.ledger_set = unfollow_source.ledger_set;
  UPDATE segment.ledger_set s SET followed = NULL, followed_source = NULL, followed_name = NULL, followed_in = NULL WHERE s.id = unfollow_source.ledger_set;
  RETURN count;
END
$$;
COMMENT ON FUNCTION segment_internal.unfollow_source(integer) IS 'removes the triggers of a ledger set, whoever owns the tables, and what they queued; returns their number. On tables that it does not follow, and that are in use, they stay: they do nothing';
