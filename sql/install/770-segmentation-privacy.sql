-- segmentation: erasure and access

CREATE VIEW segment.personal_data WITH (security_invoker = true) AS
SELECT format('segment.%I', o.name) AS table_name, o.personal AS column_name, o.content
FROM segment_internal.owned_table o
WHERE o.personal IS NOT NULL;
COMMENT ON VIEW segment.personal_data IS 'where the extension keeps data of persons, for a record of processing; unique key (table_name, column_name). Objects of your own made from them are yours to list';
COMMENT ON COLUMN segment.personal_data.table_name IS 'the table';
COMMENT ON COLUMN segment.personal_data.column_name IS 'the column that identifies the person';
COMMENT ON COLUMN segment.personal_data.content IS 'what is in it';
GRANT SELECT ON segment_internal.owned_table, segment.personal_data TO PUBLIC;

-- '007' is customer 7 where ids are integers, but not where any source's are text.
CREATE FUNCTION segment_internal.canonical_id(customer text) RETURNS text
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ids record;
  scale integer;
BEGIN
  SELECT array_agg(DISTINCT CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END) AS types,
         array_agg(DISTINCT CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END) AS modifiers INTO ids
  FROM segment.segmentation_version v JOIN pg_attribute a ON a.attrelid = segment_internal.relation_named(v.source) AND a.attname = v.customer JOIN pg_type t ON t.oid = a.atttypid;
  IF ids.types <@ '{smallint,integer,bigint}'::regtype[]::oid[] AND customer ~ '^[[:space:]]*[-+]?[0-9]{1,30}[[:space:]]*$' THEN
    RETURN customer::numeric;
  ELSIF ids.types = ARRAY['uuid'::regtype::oid] AND lower(customer) ~ '^[{]?([0-9a-f]{4}-?){7}[0-9a-f]{4}[}]?$' THEN
    RETURN customer::uuid;
  ELSIF ids.types = ARRAY['numeric'::regtype::oid] AND cardinality(ids.modifiers) = 1 AND ids.modifiers[1] > 4 AND customer ~ '^[[:space:]]*[-+]?[0-9]{1,200}([.][0-9]{1,200})?[[:space:]]*$' THEN
    scale := (ids.modifiers[1] - 4) & 2047;
    IF scale <= 1000 AND round(customer::numeric, scale) = customer::numeric THEN
      RETURN round(customer::numeric, scale);
    END IF;
  END IF;
  RETURN customer;
END
$$;
COMMENT ON FUNCTION segment_internal.canonical_id(text) IS
  'a customer id as it is stored, if the ids of all declared sources are integers, uuids, or numerics of one scale; else as given';

CREATE FUNCTION segment_internal.spellings(customer text) RETURNS text[]
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT ARRAY[c.id] || ARRAY(SELECT segment.keyed_hash(c.id, k.key) FROM segment.pseudonym_key k) FROM (SELECT segment_internal.canonical_id(customer) AS id) c;
END;
COMMENT ON FUNCTION segment_internal.spellings(text) IS 'how a customer, given by id as text, may be stored: by id, first, and by the pseudonym in each pseudonymous segmentation';

CREATE FUNCTION segment_internal.keep_out(customer text) RETURNS bytea
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  added bytea;
BEGIN
  INSERT INTO segment.forgotten_key (key)
  VALUES (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) ON CONFLICT DO NOTHING;
  INSERT INTO segment.forgotten (hash, forgotten_on) VALUES (segment_internal.customer_hash(customer), segment.day_of(now()))
  ON CONFLICT DO NOTHING RETURNING hash INTO added;
  RETURN added;
END
$$;
COMMENT ON FUNCTION segment_internal.keep_out(text) IS 'adds the keyed hash of an id to forgotten; returns it if it is new, else NULL';

CREATE FUNCTION segment_internal.erase(ids text[], OUT table_name text, OUT rows bigint) RETURNS SETOF record
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t segment_internal.owned_table;
BEGIN
  -- Totals of the days that lose the customer no longer fit: the next refresh computes them anew.
  PERFORM segment_internal.forget_totals(c.version_id) FROM (
    SELECT DISTINCT x.version_id FROM segment.state x WHERE x.version_id = ANY (ARRAY(SELECT v.id FROM segment.segmentation_version v)) AND x.customer = ANY (ids)) c;
  UPDATE segment.snapshot s SET generation = NULL
  WHERE EXISTS (SELECT FROM segment.state c WHERE c.version_id = s.version_id AND c.customer = ANY (ids) AND c.from_day <= s.as_of AND s.as_of < c.until_day);
  UPDATE segment.ledger_set s
  SET rows = s.rows - c.rows,
      last_day = (SELECT max(o.last_day) FROM segment.customer_ledger o WHERE o.ledger_set = s.id AND o.customer <> ALL (ids))
  FROM (SELECT l.ledger_set, sum(l.rows) AS rows FROM segment.customer_ledger l
        WHERE l.ledger_set = ANY (ARRAY(SELECT x.id FROM segment.ledger_set x)) AND l.customer = ANY (ids) GROUP BY 1) c WHERE c.ledger_set = s.id;
  FOR t IN SELECT o.* FROM segment_internal.owned_table o JOIN pg_attribute a ON a.attrelid = format('segment.%I', o.name)::regclass AND a.attname = o.personal
           WHERE a.atttypid = 'text'::regtype ORDER BY o.name LOOP
    table_name := format('segment.%I', t.name);
    EXECUTE format('DELETE FROM segment.%I WHERE %I = ANY ($1)', t.name, t.personal) || CASE t.key
      WHEN 'version_id' THEN ' AND version_id = ANY (ARRAY(SELECT v.id FROM segment.segmentation_version v))'
      WHEN 'ledger_set' THEN ' AND ledger_set = ANY (ARRAY(SELECT l.id FROM segment.ledger_set l))'
      WHEN 'pilot' THEN ' AND pilot = ANY (ARRAY(SELECT p.id FROM segment.pilot p))' ELSE '' END USING ids;
    GET DIAGNOSTICS rows = ROW_COUNT;
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION segment_internal.erase(text[]) IS 'removes customers, given by their spellings, from every table of the catalog that has persons; the number of rows by table';

CREATE FUNCTION segment_internal.forget(customer text, unknown_too boolean, OUT table_name text, OUT rows bigint) RETURNS SETOF record
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ids text[];
  added bytea;
  found bigint := 0;
BEGIN
  PERFORM segment_internal.check_database_owner('erase a customer');
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = 'forget must see what others commit while it waits for them',
      DETAIL = format('The isolation level is %s.', current_setting('transaction_isolation')), HINT = 'Call it in a transaction of isolation level read committed.';
  END IF;
  -- Who could bring the customer back: refreshes and declarations, which lock rows here, and writers of followed tables. The hash
  -- comes first, as writers see it before it is committed.
  LOCK TABLE segment.segmentation IN EXCLUSIVE MODE;
  ids := segment_internal.spellings(customer);
  added := segment_internal.keep_out(ids[1]);
  PERFORM segment_internal.wait_for_writers();
  FOR table_name, rows IN SELECT e.table_name, e.rows FROM segment_internal.erase(ids) e LOOP
    found := found + rows;
    RETURN NEXT;
  END LOOP;
  IF found = 0 AND added IS NOT NULL AND NOT unknown_too THEN
    DELETE FROM segment.forgotten f WHERE f.hash = added;
    added := NULL;
    RAISE WARNING USING ERRCODE = '02000', MESSAGE = 'the customer was not found in any table of the extension',
      DETAIL = 'Nothing was removed, and the id is not kept out.', HINT = 'Check the id. To keep out one that is not stored yet, pass unknown_too => true.';
    PERFORM segment_internal.segmentation_log('forget', '', NULL, NULL, NULL, NULL, 0, NULL, NULL, '{"found": false}');
  ELSE
    PERFORM segment_internal.segmentation_log('forget', '', NULL, NULL, NULL, NULL, NULL, encode(segment_internal.customer_hash(ids[1]), 'hex'), NULL, NULL);
  END IF;
  table_name := 'segment.forgotten';
  rows := num_nonnulls(added);
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION segment_internal.forget(text, boolean) IS 'forget as the tables'' owner';
CREATE FUNCTION segment.forget(customer text, unknown_too boolean DEFAULT false, OUT table_name text, OUT rows bigint) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_as_owner' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 5;
COMMENT ON FUNCTION segment.forget(text, boolean) IS
  'erases a customer, given by id as text, from every table of the extension, and keeps a keyed hash, so that no later '
  'refresh brings the customer back. Waits for refreshes and for writers of followed tables that are under way. Returns the rows removed or added by table; a second call changes nothing. An id that is stored nowhere is said so by a WARNING, and kept out only with unknown_too. '
  'Counts and cut points of snapshots stay. Erase the source yourself, and refresh materialized views made from snapshots; removed '
  'rows leave the disk with VACUUM, and backups with their age. NULL does nothing. 42501 for others than the owner of the database; 55000 in other isolation levels than read committed';

CREATE FUNCTION segment.export_person(customer text) RETURNS jsonb
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  WITH person AS MATERIALIZED (SELECT segment_internal.spellings(customer) AS ids)
  SELECT jsonb_build_object(
    'customer', p.ids[1],
    'erased', segment.is_forgotten(p.ids[1]),
    'profiles', (
      SELECT coalesce(jsonb_agg(to_jsonb(c) || jsonb_build_object(
        'purpose', s.description, 'meaning', g.meaning, 'action', g.action, 'scheme', (v.label).scheme,
        'inputs', jsonb_build_object('source', v.source, 'time', v.at, 'amount', v.amount, 'order', v.order_id, 'market', v.market))
        ORDER BY c.segmentation, c.as_of), '[]')
      FROM segment.customer_profile c
      JOIN segment.segmentation s ON s.name = c.segmentation
      JOIN segment.segmentation_version v ON v.segmentation = c.segmentation AND v.version = c.definition_version
      LEFT JOIN segment.segment_meaning g ON g.segmentation = v.segmentation AND g.version = v.version AND g.segment = c.segment_name
      WHERE c.customer_id = ANY (p.ids)),
    'ledgers', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('segmentation', l.segmentation, 'rows', c.rows, 'last_day', c.last_day, 'opted_out', c.opted_out,
        'ledger', c.ledger::text, 'markets', c.markets, 'channels', c.channels) ORDER BY l.segmentation, l.id), '[]')
      FROM segment.customer_ledger c JOIN segment.ledger_set l ON l.id = c.ledger_set WHERE c.customer = ANY (p.ids)),
    'pilots', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('segmentation', q.segmentation, 'pilot', q.name, 'arm', a.name, 'from', c.assigned_on, 'days', q.watch_days, 'segment', c.segment)
        ORDER BY q.segmentation, c.assigned_on, q.name), '[]')
      FROM segment.pilot_assignment c JOIN segment.pilot q ON q.id = c.pilot JOIN segment.pilot_arm a ON a.pilot = c.pilot AND a.arm = c.arm WHERE c.customer = ANY (p.ids)))
  FROM person p;
END;
COMMENT ON FUNCTION segment.export_person(text) IS
  'all that is stored about a customer, given by id as text, in the segmentations that the caller reads, as a JSON object: each shown snapshot''s values, scores and '
  'segment with its meaning, the purpose, and the columns that it was made from; ledgers, to the owner of a segmentation; the arms of pilots (GDPR article 15, CCPA right to know). NULL for NULL. '
  '42501 for roles that neither declare segmentations nor read any';

CREATE FUNCTION segment_internal.forget_pseudonyms(name text) RETURNS boolean
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation := segment_internal.segmentation_own(name);
  had boolean;
BEGIN
  DELETE FROM segment.pseudonym_key k WHERE k.segmentation = own.name;
  had := FOUND;
  PERFORM segment_internal.segmentation_log('forget pseudonyms', own.name, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
  RETURN had;
END
$$;
COMMENT ON FUNCTION segment_internal.forget_pseudonyms(text) IS 'forget_pseudonyms as the tables'' owner';
CREATE FUNCTION segment.forget_pseudonyms(name text) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_as_owner' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment.forget_pseudonyms(text) IS
  'removes the key of a pseudonymous segmentation: its snapshots can no longer be led back to persons, by nobody, and the next refresh makes another key. False if there was none. '
  '42501 for others than its owner';
