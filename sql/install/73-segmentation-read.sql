-- segmentation: reading changed orders into stored ledgers

CREATE FUNCTION segment_internal.segmentation_progress(name text, step text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('application_name', format('segment: %s, refresh of %s', step, name), true);
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_progress(text, text) IS
  'shows what a refresh is at as application_name of its session, until its transaction ends: see the view refresh_progress';

CREATE VIEW segment.refresh_progress WITH (security_invoker = true) AS
SELECT a.pid, substring(a.application_name FROM '^segment: .*, refresh of (.*)$') AS segmentation,
       substring(a.application_name FROM '^segment: (.*), refresh of ') AS step
FROM pg_catalog.pg_stat_activity a
WHERE a.application_name LIKE 'segment: %, refresh of %' AND a.datname = current_database();
COMMENT ON VIEW segment.refresh_progress IS 'the refreshes that run in this database, of any role: unique key pid. Names beyond ASCII are shown with question marks, long ones cut';
COMMENT ON COLUMN segment.refresh_progress.pid IS 'server process, as in pg_stat_activity';
COMMENT ON COLUMN segment.refresh_progress.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.refresh_progress.step IS 'what it is at: finding changes, reading orders, scoring, comparing, or waiting';
GRANT SELECT ON segment.refresh_progress TO PUBLIC;
GRANT SELECT ON segment.refresh_progress TO @extowner@, pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION segment_internal.customer_type(v segment.segmentation_version) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  -- The name "character" means one character.
  SELECT CASE t WHEN 'bpchar'::pg_catalog.regtype THEN 'bpchar' ELSE t::text END FROM segment_internal.segmentation_column_type(v.source, v.customer) AS t;
END;
COMMENT ON FUNCTION segment_internal.customer_type(segment.segmentation_version) IS 'name of the type of a version''s customer ids, as in a cast';

CREATE FUNCTION segment_internal.ledger_changes_in(relation regclass, customer name, at name, until timestamp, look_back interval, zone text,
  OUT customers text[], OUT unknown boolean, OUT newest timestamp) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  type regtype := segment_internal.segmentation_column_type(relation, at);
  zoned boolean := type = 'timestamptz'::regtype;
  since timestamp := until - look_back;
  found text[];
BEGIN
  IF type = 'date'::regtype THEN
    since := date_trunc('day', since);
  END IF;
  found := segment_internal.read_restricted(concat(
    CASE WHEN until IS NULL THEN 'SELECT NULL, NULL'
         ELSE format('SELECT array_agg(DISTINCT o.%I::text) FILTER (WHERE o.%1$I IS NOT NULL), bool_or(o.%1$I IS NULL)', customer) END,
    format(', to_char((max(o.%I) FILTER (WHERE isfinite(o.%1$I)))%s, ''YYYY-MM-DD HH24:MI:SS.US'') FROM %s AS o', at,
           CASE WHEN zoned THEN ' AT TIME ZONE ''UTC''' ELSE '::timestamp' END, relation),
    CASE WHEN until IS NOT NULL THEN
      format(' WHERE o.%I >= %s OR o.%1$I IS NULL', at,
             format(CASE WHEN zoned THEN 'TIMESTAMP %L AT TIME ZONE ''UTC''' ELSE 'TIMESTAMP %L' END, since)) END));
  customers := coalesce(found[1]::text[], '{}');
  unknown := coalesce(found[2]::boolean, false);
  -- A time in the future must not hide what is written until then.
  newest := least(coalesce(greatest(found[3]::timestamp, until), '-infinity'), now() AT TIME ZONE CASE WHEN zoned THEN 'UTC' ELSE zone END);
END
$$;
COMMENT ON FUNCTION segment_internal.ledger_changes_in(regclass, name, name, timestamp, interval, text) IS
  'customers of the rows of a relation whose time of writing is look_back before until or later, or missing (none if until is NULL); '
  'whether rows without a customer are among them; and the newest time, at most now';

CREATE FUNCTION segment_internal.ledger_changes(v segment.segmentation_version, s segment.ledger_set, OUT customers text[], OUT unknown boolean, OUT everything boolean,
  OUT changed_until timestamp, OUT tombstones_until timestamp) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found record;
BEGIN
  customers := '{}';
  unknown := false;
  everything := s.generation = 0 OR v.changes = 'rebuild';
  IF v.changes = 'triggers' THEN
    -- What commits after this statement began stays in the queue for the next refresh.
    WITH taken AS (DELETE FROM segment.change_queue q WHERE q.ledger_set = s.id RETURNING q.*)
    SELECT coalesce(array_agg(DISTINCT t.customer) FILTER (WHERE t.customer IS NOT NULL), '{}') AS customers,
           coalesce(bool_or(t.customer IS NULL), false) AS unknown, coalesce(bool_or(t.everything), false) AS everything
      INTO found FROM taken t;
    customers := found.customers;
    unknown := found.unknown;
    everything := everything OR found.everything;
  END IF;
  IF v.changed_at IS NOT NULL THEN
    found := segment_internal.ledger_changes_in(v.source, v.customer, v.changed_at, s.changed_until, v.changed_look_back, v.zone);
    customers := customers || found.customers;
    unknown := unknown OR found.unknown;
    changed_until := found.newest;
  END IF;
  IF v.tombstones IS NOT NULL THEN
    found := segment_internal.ledger_changes_in(v.tombstones, v.tombstone_customer, v.tombstone_at, s.tombstones_until, v.changed_look_back, v.zone);
    customers := customers || found.customers;
    unknown := unknown OR found.unknown;
    tombstones_until := found.newest;
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.ledger_changes(segment.segmentation_version, segment.ledger_set) IS
  'what changed in the source since a ledger set was last read, by the version''s rule: customers (a superset), whether rows without a '
  'customer did, whether all must be read; and how far changes are known now. Empties the queue of triggers';

CREATE FUNCTION segment_internal.sync_ledgers(v segment.segmentation_version, read text, OUT generation bigint, OUT rows_read bigint, OUT changed bigint,
  OUT everything boolean) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s segment.ledger_set;
  found record;
  customers text[];
  unknown boolean;
  listed text[] := '{}';
  unlisted text[] := '{}';
  opt_outs text[];
  old record;
  new record;
  columns text[] := '{last_day,rows,ledger,market_days,markets,channel_days,channels,channel_rows}';
  into_ledgers text;
  literal text;
  not_forgotten text := CASE WHEN v.opt_out IS NOT NULL AND EXISTS (SELECT FROM segment.forgotten)
    THEN format(' AND NOT segment.is_forgotten(x.%I::text)', v.opt_out_customer) END;
BEGIN
  SELECT * INTO s FROM segment.ledger_set t WHERE t.id = v.ledger_set;
  everything := false;
  rows_read := 0;
  changed := 0;
  generation := s.generation;
  IF read = 'nothing' THEN
    IF s.generation = 0 THEN
      RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('segmentation "%s" has no stored ledgers yet', v.segmentation),
        DETAIL = 'read is nothing, and no refresh has read the orders.', HINT = 'Refresh once without read => ''nothing''.';
    END IF;
    RETURN;
  END IF;
  PERFORM segment_internal.segmentation_progress(v.segmentation, 'finding changes');
  found := segment_internal.ledger_changes(v, s);
  customers := found.customers;
  unknown := found.unknown;
  everything := found.everything OR read = 'all';

  IF v.opt_out IS NOT NULL THEN
    opt_outs := segment_internal.read_restricted(format(
      'WITH listed AS (SELECT DISTINCT x.%I::text AS customer FROM %s AS x WHERE x.%1$I IS NOT NULL%3$s),'
      ' known AS (SELECT l.customer FROM segment.customer_ledger l WHERE l.ledger_set = %4$s AND l.opted_out)'
      ' SELECT (SELECT array_agg(customer) FROM (TABLE listed EXCEPT TABLE known) n), (SELECT array_agg(customer) FROM (TABLE known EXCEPT TABLE listed) n)',
      v.opt_out_customer, v.opt_out, not_forgotten, s.id));
    listed := coalesce(opt_outs[1]::text[], '{}');
    unlisted := coalesce(opt_outs[2]::text[], '{}');
    customers := customers || listed || unlisted;
  END IF;
  -- Who may write to the queue or to a list may have put there what is no id at all: that must not stop refreshes for good.
  IF NOT everything AND customers <> '{}' THEN
    BEGIN
      PERFORM segment_internal.read_restricted(format('SELECT %L::%s[]', customers::text, segment_internal.customer_type(v)));
    EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
      everything := true;
    END;
  END IF;
  -- Beyond a fifth of the customers one pass over all orders is faster.
  everything := everything OR cardinality(customers) > greatest(10000, s.customers / 5);
  generation := s.generation + 1;
  into_ledgers := concat('INSERT INTO segment.customer_ledger AS t (ledger_set, generation, customer, ', array_to_string(columns, ', '), ') SELECT ', s.id,
    ', ', generation, ', l.customer_id::text, ', (SELECT string_agg('l.' || c, ', ') FROM unnest(columns) c), ' FROM ledgers AS l');
  IF everything OR customers <> '{}' THEN
    PERFORM segment_internal.segmentation_progress(v.segmentation, CASE WHEN everything THEN 'reading all orders' ELSE 'reading changed orders' END);
  END IF;
  IF everything THEN
    DELETE FROM segment.customer_ledger t WHERE t.ledger_set = s.id;
    s.customers := segment_internal.run_restricted(concat('WITH ', segment_internal.segmentation_ledgers(v), E'\n', into_ledgers,
      -- In the order of the index, so that snapshots made from them are written in order too
      ' ORDER BY 3'));
    changed := s.customers;
    SELECT coalesce(sum(t.rows), 0), max(t.last_day) INTO s.rows, s.last_day FROM segment.customer_ledger t WHERE t.ledger_set = s.id;
    rows_read := s.rows;
    UPDATE segment.snapshot t SET generation = NULL
    FROM segment.segmentation_version w
    WHERE w.segmentation = v.segmentation AND w.ledger_set = s.id AND t.segmentation = w.segmentation AND t.version = w.version;
    IF v.opt_out IS NOT NULL THEN
      listed := coalesce((segment_internal.read_restricted(format('SELECT array_agg(DISTINCT x.%I::text) FROM %s AS x WHERE x.%1$I IS NOT NULL%3$s',
                                                         v.opt_out_customer, v.opt_out, not_forgotten)))[1]::text[], '{}');
    END IF;
    unlisted := '{}';
  ELSIF customers <> '{}' THEN
    SELECT array_agg(DISTINCT c) INTO customers FROM unnest(customers) c;
    SELECT coalesce(sum(t.rows), 0) AS rows, max(t.last_day) AS last_day INTO old
    FROM segment.customer_ledger t WHERE t.ledger_set = s.id AND t.customer = ANY (customers);
    literal := quote_literal(customers::text);
    -- As bytes, since equal ledgers may print differently
    PERFORM segment_internal.run_restricted(concat(
      'WITH ', segment_internal.segmentation_ledgers(v, format('o.%I = ANY (%s::%s[])', v.customer, literal, segment_internal.customer_type(v))), E',\nput AS (',
      into_ledgers, ' ON CONFLICT (ledger_set, customer) DO UPDATE SET generation = excluded.generation, ',
      (SELECT string_agg(format('%1$s = excluded.%1$s', c), ', ') FROM unnest(columns) c),
      ' WHERE (segment_internal.ledger_send(t.ledger), ', (SELECT string_agg('t.' || c, ', ') FROM unnest(array_remove(columns, 'ledger')) c),
      ') IS DISTINCT FROM (segment_internal.ledger_send(excluded.ledger), ', (SELECT string_agg('excluded.' || c, ', ') FROM unnest(array_remove(columns, 'ledger')) c),
      ')) UPDATE segment.customer_ledger AS t SET generation = ', generation, ', rows = 0, ',
      (SELECT string_agg(c || ' = NULL', ', ') FROM unnest(array_remove(columns, 'rows')) c), ' WHERE t.ledger_set = ', s.id,
      ' AND t.customer = ANY (', literal, '::text[]) AND t.rows > 0',
      ' AND NOT EXISTS (SELECT FROM ledgers AS l WHERE l.customer_id::text = t.customer)'));
    SELECT coalesce(sum(t.rows), 0) AS rows, max(t.last_day) AS last_day, count(*) FILTER (WHERE t.generation = sync_ledgers.generation) AS changed INTO new
    FROM segment.customer_ledger t WHERE t.ledger_set = s.id AND t.customer = ANY (customers);
    rows_read := new.rows;
    changed := new.changed;
    s.rows := s.rows - old.rows + new.rows;
    IF old.last_day = s.last_day AND coalesce(new.last_day < s.last_day, true) THEN
      SELECT max(t.last_day) INTO s.last_day FROM segment.customer_ledger t WHERE t.ledger_set = s.id;
    ELSE
      s.last_day := greatest(s.last_day, new.last_day);
    END IF;
  END IF;
  IF listed <> '{}' OR unlisted <> '{}' THEN
    UPDATE segment.customer_ledger t SET opted_out = false WHERE t.ledger_set = s.id AND t.customer = ANY (unlisted);
    INSERT INTO segment.customer_ledger AS t (ledger_set, customer, generation, opted_out, rows)
    SELECT s.id, c, sync_ledgers.generation, true, 0 FROM unnest(listed) c
    ON CONFLICT ON CONSTRAINT customer_ledger_pkey DO UPDATE SET opted_out = true;
  END IF;
  IF everything OR unknown THEN
    SELECT x.r[1], x.r[2], x.r[3] INTO s.unknown, s.unknown_rows, s.unknown_last_day FROM (SELECT segment_internal.read_restricted(segment_internal.unknown_ledger(v))) x (r);
  END IF;

  UPDATE segment.ledger_set t
  SET generation = sync_ledgers.generation, read_at = now(), changed_until = coalesce(found.changed_until, s.changed_until),
      tombstones_until = coalesce(found.tombstones_until, s.tombstones_until), customers = s.customers, rows = s.rows, last_day = s.last_day,
      unknown_rows = coalesce(s.unknown_rows, 0), unknown_last_day = s.unknown_last_day, unknown = s.unknown
  WHERE t.id = s.id;
END
$$;
COMMENT ON FUNCTION segment_internal.sync_ledgers(segment.segmentation_version, text) IS
  'brings the stored ledgers of a version up to date: reads the orders of changed customers (read changes), of all (all, or the first '
  'time, or if more than a fifth changed), or none (nothing). Returns the generation of the ledgers, the rows read, the number of ledgers '
  'that differ, and whether all orders were read. 55000 for nothing without ledgers';

CREATE FUNCTION segment_internal.unknown_ledger(v segment.segmentation_version) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  source text := segment_internal.segmentation_source(v, NULL);
  zoned boolean := segment_internal.segmentation_column_type(v.source, v.at) = 'timestamptz'::regtype;
BEGIN
  RETURN concat(
    format('SELECT segment.ledger_agg(o.%I, coalesce(o.%I::numeric, 0)%s)', v.at, v.amount,
      CASE WHEN zoned THEN format(', NULL::integer, %L', v.zone) END),
    format(', count(*), segment.day_of(max(o.%I), %L)', v.at, v.zone), source,
    CASE WHEN position(E'\n  WHERE ' IN source) > 0 THEN ' AND ' ELSE ' WHERE ' END, format('o.%I IS NULL', v.customer));
END
$$;
COMMENT ON FUNCTION segment_internal.unknown_ledger(segment.segmentation_version) IS
  'query of a version that gives the ledger of the rows without a customer, each an order, their number, and the last day';
