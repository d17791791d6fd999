-- segmentation: stored ledgers, and how the customers whose orders changed are found

-- What decides which rows a ledger is made of. Versions that agree in it share ledgers.
CREATE FUNCTION segment_internal.ledger_inputs(v segment.segmentation_version) RETURNS jsonb
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT jsonb_build_array(v.source, v.customer, v.at, v.amount, v.order_id, v.market, v.channel, v.filter, (v.days).zone,
    (v.privacy).opt_out, (v.privacy).opt_out_customer, to_jsonb(v.changes) - 'live', to_jsonb(v.measures) - '{survey,survey_customer,survey_at,survey_score,survey_name}'::text[]);
END;
COMMENT ON FUNCTION segment_internal.ledger_inputs(segment.segmentation_version) IS 'the options of a version that its ledgers depend on';

CREATE FUNCTION segment_internal.changes_guarantee(v segment.segmentation_version) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE (v.changes).kind
    WHEN 'reading_all' THEN CASE WHEN (v.changes).ledgers THEN 'reading_all: every refresh reads all orders into stored ledgers'
                                 ELSE 'reading_all: every refresh reads all orders' END
    WHEN 'column' THEN format('column %I from %s before the newest seen: finds inserts, late rows and updates; not deletes, nor '
      'for the former customer that a row moved to another; nor transactions that took longer. Refresh with read => ''all'' finds everything',
      (v.changes).changed_at, (v.changes).look_back)
    WHEN 'tombstones' THEN concat('tombstones: finds the customers whom ', (v.changes).tombstones, ' lists from ', (v.changes).look_back, ' before the newest seen',
      ', and inserts, late rows and updates by column ' || quote_ident((v.changes).changed_at),
      '; deletes and moves to another customer if they are listed there')
    ELSE 'triggers: finds every INSERT, UPDATE, DELETE, COPY and TRUNCATE, of each customer before and after; not what is written with triggers off' END;
END;
COMMENT ON FUNCTION segment_internal.changes_guarantee(segment.segmentation_version) IS 'what an incremental refresh of a version finds, and what it does not';

CREATE FUNCTION segment_internal.ledger_changes_in(v segment.segmentation_version, relation text, customer name, at name, until timestamp,
  OUT customers text[], OUT unknown boolean, OUT newest timestamp) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  type regtype := segment_internal.segmentation_column_type(segment_internal.relation_named(relation), at);
  zoned boolean := type = 'timestamptz'::regtype;
  since timestamp := until - (v.changes).look_back;
  found text[];
BEGIN
  IF type = 'date'::regtype THEN
    since := date_trunc('day', since);
  END IF;
  found := segment_internal.read_as_owner(concat(
    CASE WHEN until IS NULL THEN 'SELECT NULL, NULL'
         ELSE format('SELECT array_agg(DISTINCT %s) FILTER (WHERE o.%2$I IS NOT NULL), bool_or(o.%2$I IS NULL)',
                     segment_internal.customer_text(v, format('o.%I', customer)), customer) END,
    format(', to_char((max(o.%I) FILTER (WHERE isfinite(o.%1$I)))%s, ''YYYY-MM-DD HH24:MI:SS.US'') FROM %s AS o', at,
           CASE WHEN zoned THEN ' AT TIME ZONE ''UTC''' ELSE '::timestamp' END, relation),
    CASE WHEN until IS NOT NULL THEN
      format(' WHERE o.%I >= %s OR o.%1$I IS NULL', at,
             format(CASE WHEN zoned THEN 'TIMESTAMP %L AT TIME ZONE ''UTC''' ELSE 'TIMESTAMP %L' END, since)) END));
  customers := coalesce(found[1]::text[], '{}');
  unknown := coalesce(found[2]::boolean, false);
  -- A time in the future must not hide what is written until then.
  newest := least(coalesce(greatest(found[3]::timestamp, until), '-infinity'), now() AT TIME ZONE CASE WHEN zoned THEN 'UTC' ELSE (v.days).zone END);
END
$$;
COMMENT ON FUNCTION segment_internal.ledger_changes_in(segment.segmentation_version, text, name, name, timestamp) IS
  'customers of the rows of a relation whose time of writing is the look-back before until or later, or missing (none if until is NULL); '
  'whether rows without a customer are among them; and the newest time, at most now';

CREATE FUNCTION segment_internal.ledger_changes(v segment.segmentation_version, s segment.ledger_set, OUT customers text[], OUT unknown boolean, OUT everything boolean,
  OUT changed_until timestamp, OUT tombstones_until timestamp) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found record;
BEGIN
  customers := '{}';
  unknown := false;
  everything := s.generation = 0 OR (v.changes).kind = 'reading_all';
  IF (v.changes).kind = 'triggers' THEN
    -- What commits after this statement began stays in the queue for the next refresh.
    WITH taken AS (DELETE FROM segment.change_queue q WHERE q.ledger_set = s.id RETURNING q.*)
    SELECT coalesce(array_agg(DISTINCT t.customer) FILTER (WHERE t.customer IS NOT NULL), '{}') AS customers,
           coalesce(bool_or(t.customer IS NULL), false) AS unknown, coalesce(bool_or(t.everything), false) AS everything
      INTO found FROM taken t;
    customers := found.customers;
    unknown := found.unknown;
    everything := everything OR found.everything;
  END IF;
  IF (v.changes).changed_at IS NOT NULL THEN
    found := segment_internal.ledger_changes_in(v, v.source, v.customer, (v.changes).changed_at, s.changed_until);
    customers := customers || found.customers;
    unknown := unknown OR found.unknown;
    changed_until := found.newest;
  END IF;
  IF (v.changes).tombstones IS NOT NULL THEN
    found := segment_internal.ledger_changes_in(v, (v.changes).tombstones, (v.changes).tombstone_customer, (v.changes).tombstone_at, s.tombstones_until);
    customers := customers || found.customers;
    unknown := unknown OR found.unknown;
    tombstones_until := found.newest;
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.ledger_changes(segment.segmentation_version, segment.ledger_set) IS
  'what changed in the source since a ledger set was last read, by the version''s rule: customers (a superset), whether rows without a '
  'customer did, whether all must be read; and how far changes are known now. Empties the queue of triggers';

CREATE FUNCTION segment_internal.opt_out_changes(v segment.segmentation_version, OUT listed text[], OUT unlisted text[]) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  id text := segment_internal.customer_text(v, 'x.' || quote_ident((v.privacy).opt_out_customer));
  now_listed text[];
BEGIN
  IF (v.privacy).opt_out IS NOT NULL THEN
    now_listed := coalesce((segment_internal.read_as_owner(concat('SELECT array_agg(DISTINCT ', id, ') FROM ', (v.privacy).opt_out,
      format(' AS x WHERE x.%I IS NOT NULL', (v.privacy).opt_out_customer), ' AND ' || segment_internal.not_forgotten(id))))[1]::text[], '{}');
  END IF;
  SELECT array_agg(n.customer) FILTER (WHERE o.customer IS NULL), array_agg(o.customer) FILTER (WHERE n.customer IS NULL) INTO listed, unlisted
  FROM (SELECT u.customer COLLATE "C" AS customer FROM unnest(now_listed) u (customer)) n
  FULL JOIN (SELECT l.customer FROM segment.customer_ledger l WHERE l.ledger_set = v.ledger_set AND l.opted_out) o ON o.customer = n.customer;
  listed := coalesce(listed, '{}');
  unlisted := coalesce(unlisted, '{}');
END
$$;
COMMENT ON FUNCTION segment_internal.opt_out_changes(segment.segmentation_version) IS
  'customers whom the opt-out relation lists and did not when it was last read, and the other way round';

CREATE FUNCTION segment_internal.canonical_ids(v segment.segmentation_version, customers text[]) RETURNS text[]
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF customers = '{}' THEN
    RETURN customers;
  END IF;
  -- Who may write to a list may have put there what is no id at all: that must not stop refreshes for good.
  BEGIN
    RETURN (segment_internal.read_as_owner(format('SELECT array_agg(DISTINCT %s) FROM unnest(%L::text[]::%s[]) AS x (id)',
      segment_internal.customer_text(v, 'x.id'), customers::text, segment_internal.customer_type(v))))[1]::text[];
  EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
    RETURN NULL;
  END;
END
$$;
COMMENT ON FUNCTION segment_internal.canonical_ids(segment.segmentation_version, text[]) IS
  'the distinct ids, each in the one text that is stored of it; NULL if one of the texts is no id';

CREATE FUNCTION segment_internal.ledgers_collected(v segment.segmentation_version) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT concat('SELECT ', segment_internal.customer_text(v, 'l.customer_id'),
                ', l.last_day, false, l.rows, l.ledger, l.market_days, l.markets, l.channel_days, l.channels, l.channel_rows, l.costs FROM ledgers AS l');
END;
COMMENT ON FUNCTION segment_internal.ledgers_collected(segment.segmentation_version) IS 'query over segmentation_ledgers with the columns of incoming_ledger';

CREATE FUNCTION segment_internal.store_ledgers(set_id integer, new_generation bigint, only_for text[]) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  written bigint;
  emptied bigint;
BEGIN
  -- As bytes, since equal ledgers may print differently
  INSERT INTO segment.customer_ledger AS t (ledger_set, generation, customer, last_day, rows, ledger, market_days, markets, channel_days, channels, channel_rows, costs)
  SELECT set_id, new_generation, l.customer, l.last_day, l.rows, l.ledger, l.market_days, l.markets, l.channel_days, l.channels, l.channel_rows, l.costs
  FROM segment_internal.incoming_ledgers() l
  -- In the order of the index
  ORDER BY l.customer COLLATE "C"
  ON CONFLICT ON CONSTRAINT customer_ledger_pkey DO UPDATE
    SET generation = excluded.generation, last_day = excluded.last_day, rows = excluded.rows, ledger = excluded.ledger, market_days = excluded.market_days,
        markets = excluded.markets, channel_days = excluded.channel_days, channels = excluded.channels, channel_rows = excluded.channel_rows, costs = excluded.costs
  WHERE ROW(t.last_day, t.rows, t.ledger, t.market_days, t.markets, t.channel_days, t.channels, t.channel_rows, t.costs)::record OPERATOR(pg_catalog.*<>)
        ROW(excluded.last_day, excluded.rows, excluded.ledger, excluded.market_days, excluded.markets, excluded.channel_days, excluded.channels, excluded.channel_rows, excluded.costs)::record;
  GET DIAGNOSTICS written = ROW_COUNT;
  UPDATE segment.customer_ledger t
  SET generation = new_generation, rows = 0, last_day = NULL, ledger = NULL, market_days = NULL, markets = NULL, channel_days = NULL, channels = NULL, channel_rows = NULL, costs = NULL
  WHERE t.ledger_set = set_id AND t.rows > 0 AND (only_for IS NULL OR t.customer = ANY (only_for))
    AND NOT EXISTS (SELECT FROM segment_internal.incoming_ledgers() l WHERE l.customer = t.customer);
  GET DIAGNOSTICS emptied = ROW_COUNT;
  RETURN written + emptied;
END
$$;
COMMENT ON FUNCTION segment_internal.store_ledgers(integer, bigint, text[]) IS
  'puts incoming_ledgers() into a ledger set: what differs gets the new generation; customers among those asked for (NULL: all) who have no rows any more '
  'keep an empty line. Returns the number of ledgers that differ';

CREATE FUNCTION segment_internal.store_first_ledgers(set_id integer, new_generation bigint) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  written bigint;
BEGIN
  -- In the order of the index
  written := segment_internal.put_rows('customer_ledger', format('SELECT %s, l.customer, bigint %L, l.last_day, false, l.rows, l.ledger, l.market_days, l.markets, '
    'l.channel_days, l.channels, l.channel_rows, l.costs FROM incoming_ledgers AS l ORDER BY l.customer COLLATE "C"', set_id, new_generation));
  PERFORM segment_internal.analyze_ledgers();
  RETURN written;
END
$$;
COMMENT ON FUNCTION segment_internal.store_first_ledgers(integer, bigint) IS 'the same for a ledger set that holds nothing yet';

CREATE FUNCTION segment_internal.sync_everything(v segment.segmentation_version, INOUT s segment.ledger_set, OUT changed bigint) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM segment_internal.progress_next('reading all orders');
  BEGIN
    PERFORM segment_internal.collect_ledgers(concat('WITH ', segment_internal.segmentation_ledgers(v), ' ', segment_internal.ledgers_collected(v)));
  EXCEPTION WHEN numeric_value_out_of_range OR datetime_field_overflow THEN
    -- Among the rows are some that no ledger takes: once more without them
    v := segment_internal.only_fit(v);
    PERFORM segment_internal.collect_ledgers(concat('WITH ', segment_internal.segmentation_ledgers(v), ' ', segment_internal.ledgers_collected(v)));
  END;
  PERFORM segment_internal.progress_next('storing ledgers');
  IF EXISTS (SELECT FROM segment.customer_ledger t WHERE t.ledger_set = s.id) THEN
    changed := segment_internal.store_ledgers(s.id, s.generation, NULL);
  ELSE
    changed := segment_internal.store_first_ledgers(s.id, s.generation);
  END IF;
  SELECT count(*), coalesce(sum(l.rows), 0), max(l.last_day) INTO s.customers, s.rows, s.last_day FROM segment_internal.incoming_ledgers() l;
END
$$;
COMMENT ON FUNCTION segment_internal.sync_everything(segment.segmentation_version, segment.ledger_set) IS
  'reads all orders into the ledgers of a set, which become those of its generation; the set''s counts, and how many ledgers differ';

CREATE FUNCTION segment_internal.of_customers(v segment.segmentation_version, customers text[]) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT format('o.%I = ANY (%L::text[]::%s[])', v.customer, customers::text, segment_internal.customer_type(v));
END;
COMMENT ON FUNCTION segment_internal.of_customers(segment.segmentation_version, text[]) IS 'condition on a row o of a version''s source: it is of one of the customers';

CREATE FUNCTION segment_internal.sync_changed(v segment.segmentation_version, customers text[], INOUT s segment.ledger_set, OUT changed bigint, OUT rows_read bigint) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old record;
  new record;
BEGIN
  PERFORM segment_internal.progress_next('reading changed orders');
  PERFORM segment_internal.collect_ledgers(concat('WITH ', segment_internal.segmentation_ledgers(segment_internal.only_fit(v),
    segment_internal.of_customers(v, customers)), ' ', segment_internal.ledgers_collected(v)));
  SELECT coalesce(sum(t.rows), 0) AS rows, max(t.last_day) AS last_day INTO old
  FROM segment.customer_ledger t WHERE t.ledger_set = s.id AND t.customer = ANY (customers);
  changed := segment_internal.store_ledgers(s.id, s.generation, customers);
  SELECT coalesce(sum(l.rows), 0) AS rows, max(l.last_day) AS last_day INTO new FROM segment_internal.incoming_ledgers() l;
  rows_read := new.rows;
  s.rows := s.rows - old.rows + new.rows;
  IF old.last_day = s.last_day AND coalesce(new.last_day < s.last_day, true) THEN
    SELECT max(t.last_day) INTO s.last_day FROM segment.customer_ledger t WHERE t.ledger_set = s.id;
  ELSE
    s.last_day := greatest(s.last_day, new.last_day);
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.sync_changed(segment.segmentation_version, text[], segment.ledger_set) IS
  'reads the orders of customers into the ledgers of a set; the set''s counts, how many ledgers differ, and the rows read';

CREATE FUNCTION segment_internal.sync_ledgers(v segment.segmentation_version, read text, OUT generation bigint, OUT rows_read bigint, OUT changed bigint,
  OUT everything boolean, OUT unfit boolean) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s segment.ledger_set;
  found record;
  opt_outs record;
  priced record;
  done record;
  customers text[];
BEGIN
  SELECT * INTO s FROM segment.ledger_set t WHERE t.id = v.ledger_set FOR NO KEY UPDATE;
  rows_read := 0;
  changed := 0;
  everything := false;
  generation := s.generation;
  IF read = 'nothing' THEN
    IF s.generation = 0 THEN
      RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('segmentation "%s" has no stored ledgers yet', v.segmentation),
        DETAIL = 'read is nothing, and no refresh has read the orders.', HINT = 'Refresh once without read => ''nothing''.';
    END IF;
    RETURN;
  END IF;
  PERFORM segment_internal.progress_next('finding changes');
  found := segment_internal.ledger_changes(v, s);
  opt_outs := segment_internal.opt_out_changes(v);
  priced := segment_internal.rates_changes(v, s);
  found.unknown := found.unknown OR priced.since IS NOT NULL;
  customers := segment_internal.canonical_ids(v, found.customers || opt_outs.listed || opt_outs.unlisted
    || ARRAY(SELECT l.customer FROM segment.customer_ledger l WHERE l.ledger_set = s.id AND l.last_day >= priced.since));
  -- Beyond a fifth of the customers one pass over all orders is faster.
  everything := found.everything OR read = 'all' OR customers IS NULL OR cardinality(customers) > greatest(10000, s.customers / 5);
  generation := s.generation + 1;
  s.generation := generation;
  IF everything THEN
    done := segment_internal.sync_everything(v, s);
    s := done.s;
    changed := done.changed;
    rows_read := s.rows;
  ELSIF customers <> '{}' THEN
    done := segment_internal.sync_changed(v, customers, s);
    s := done.s;
    changed := done.changed;
    rows_read := done.rows_read;
    unfit := segment_internal.has_unfit(v, segment_internal.of_customers(v, customers));
  END IF;
  PERFORM segment_internal.store_opt_outs(s.id, generation, opt_outs.listed, opt_outs.unlisted);
  IF everything OR found.unknown THEN
    SELECT x.r[1], x.r[2], x.r[3] INTO s.unknown, s.unknown_rows, s.unknown_last_day FROM (SELECT segment_internal.read_as_owner(segment_internal.unknown_ledger(segment_internal.only_fit(v)))) x (r);
  END IF;
  UPDATE segment.ledger_set t
  SET generation = s.generation, read_at = now(), changed_until = coalesce(found.changed_until, s.changed_until),
      tombstones_until = coalesce(found.tombstones_until, s.tombstones_until), customers = s.customers, rows = s.rows, last_day = s.last_day,
      unknown_rows = coalesce(s.unknown_rows, 0), unknown_last_day = s.unknown_last_day, unknown = s.unknown, rates = priced.rates
  WHERE t.id = s.id;
END
$$;
COMMENT ON FUNCTION segment_internal.sync_ledgers(segment.segmentation_version, text) IS
  'brings the stored ledgers of a version up to date: reads the orders of changed customers (read changes), of all (all, or the first '
  'time, or if more than a fifth changed), or none (nothing). Returns the generation of the ledgers, the rows read, the number of ledgers '
  'that differ, and whether all orders were read. 55000 for nothing without ledgers';

CREATE FUNCTION segment_internal.store_opt_outs(set_id integer, new_generation bigint, listed text[], unlisted text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE segment.customer_ledger t SET opted_out = false WHERE t.ledger_set = set_id AND t.customer = ANY (unlisted);
  INSERT INTO segment.customer_ledger AS t (ledger_set, customer, generation, opted_out, rows)
  SELECT set_id, c, new_generation, true, 0 FROM unnest(listed) c
  ON CONFLICT ON CONSTRAINT customer_ledger_pkey DO UPDATE SET opted_out = true;
END
$$;
COMMENT ON FUNCTION segment_internal.store_opt_outs(integer, bigint, text[], text[]) IS 'marks the ledgers of a set by who is listed as opted out, and who is no longer';

CREATE FUNCTION segment_internal.unknown_ledger(v segment.segmentation_version) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  zoned boolean := segment_internal.segmentation_column_type(segment_internal.source_oid(v), v.at) = 'timestamptz'::regtype;
BEGIN
  RETURN concat(
    format('SELECT segment.ledger_agg(o.%I, coalesce((%s)::numeric, 0)%s)', v.at, segment_internal.amount_sql(v),
      CASE WHEN zoned THEN format(', NULL::integer, %L', (v.days).zone) END),
    format(', count(*), segment.day_of(max(o.%I), %L)', v.at, (v.days).zone),
    segment_internal.segmentation_source(v, NULL, format('o.%I IS NULL', v.customer)));
END
$$;
COMMENT ON FUNCTION segment_internal.unknown_ledger(segment.segmentation_version) IS
  'query of a version that gives the ledger of the rows without a customer, each an order, their number, and the last day';

CREATE FUNCTION segment_internal.segmentation_ledger_set(v segment.segmentation_version) RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT (v.changes).ledgers THEN
    RETURN NULL;
  END IF;
  SELECT t.ledger_set INTO v.ledger_set
  FROM segment.segmentation_version t
  WHERE t.segmentation = v.segmentation AND t.ledger_set IS NOT NULL AND segment_internal.ledger_inputs(t) = segment_internal.ledger_inputs(v)
  ORDER BY t.version LIMIT 1;
  IF v.ledger_set IS NULL THEN
    INSERT INTO segment.ledger_set (segmentation) VALUES (v.segmentation) RETURNING id INTO v.ledger_set;
  END IF;
  IF (v.changes).kind = 'triggers' THEN
    PERFORM segment_internal.follow_source(v);
  END IF;
  RETURN v.ledger_set;
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_ledger_set(segment.segmentation_version) IS
  'the ledger set of a new version: that of versions that read the same rows, else a new one, with triggers if the version has them; NULL without ledgers';
