-- segmentation: stored ledgers, and how the customers whose orders changed are found

CREATE SEQUENCE segment.ledger_set_id AS integer;

CREATE TABLE segment.ledger_set (
  id integer PRIMARY KEY DEFAULT nextval('segment.ledger_set_id'),
  segmentation text NOT NULL REFERENCES segment.segmentation (name) ON UPDATE CASCADE ON DELETE CASCADE,
  generation bigint NOT NULL DEFAULT 0,
  read_at timestamptz,
  changed_until timestamp,
  tombstones_until timestamp,
  customers bigint NOT NULL DEFAULT 0,
  rows bigint NOT NULL DEFAULT 0,
  last_day date,
  unknown_rows bigint NOT NULL DEFAULT 0,
  unknown_last_day date,
  unknown segment.ledger
);
ALTER SEQUENCE segment.ledger_set_id OWNED BY segment.ledger_set.id;
COMMENT ON SEQUENCE segment.ledger_set_id IS 'numbers of ledger sets';
COMMENT ON TABLE segment.ledger_set IS 'one row a set of stored ledgers: those of the versions of a segmentation that read the same rows of the same source';
COMMENT ON COLUMN segment.ledger_set.id IS 'its number';
COMMENT ON COLUMN segment.ledger_set.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.ledger_set.generation IS 'how often orders were read into it; 0: never';
COMMENT ON COLUMN segment.ledger_set.read_at IS 'when orders were last read';
COMMENT ON COLUMN segment.ledger_set.changed_until IS 'newest changed_at seen, at most the time of reading (UTC for timestamptz)';
COMMENT ON COLUMN segment.ledger_set.tombstones_until IS 'newest tombstone seen, likewise';
COMMENT ON COLUMN segment.ledger_set.customers IS 'number of ledgers when all orders were last read';
COMMENT ON COLUMN segment.ledger_set.rows IS 'rows of the source with a customer';
COMMENT ON COLUMN segment.ledger_set.last_day IS 'day of the last row with a customer';
COMMENT ON COLUMN segment.ledger_set.unknown_last_day IS 'day of the last row without a customer';
COMMENT ON COLUMN segment.ledger_set.unknown_rows IS 'rows of the source without a customer';
COMMENT ON COLUMN segment.ledger_set.unknown IS 'their ledger, each row an order; NULL: there are none';

CREATE TABLE segment.customer_ledger (
  ledger_set integer NOT NULL,
  customer text NOT NULL,
  generation bigint NOT NULL,
  last_day date,
  opted_out boolean NOT NULL DEFAULT false,
  rows bigint NOT NULL,
  ledger segment.ledger,
  market_days date[],
  markets text[],
  channel_days date[],
  channels text[],
  channel_rows bigint[],
  PRIMARY KEY (ledger_set, customer)
);
CREATE INDEX customer_ledger_generation ON segment.customer_ledger (ledger_set, generation);
CREATE INDEX customer_ledger_opted_out ON segment.customer_ledger (ledger_set) WHERE opted_out;
COMMENT ON TABLE segment.customer_ledger IS 'one row a ledger set and customer: all orders, of any day. Personal data';
COMMENT ON COLUMN segment.customer_ledger.ledger_set IS 'the ledger set';
COMMENT ON COLUMN segment.customer_ledger.customer IS 'the customer id as text';
COMMENT ON COLUMN segment.customer_ledger.generation IS 'generation of the set in which the row last changed';
COMMENT ON COLUMN segment.customer_ledger.last_day IS 'day of the customer''s last row';
COMMENT ON COLUMN segment.customer_ledger.opted_out IS 'whether the opt-out relation listed the customer when it was last read';
COMMENT ON COLUMN segment.customer_ledger.rows IS 'rows of the source';
COMMENT ON COLUMN segment.customer_ledger.ledger IS 'the purchase calendar; NULL: no row counts any more, or opted out';
COMMENT ON COLUMN segment.customer_ledger.market_days IS 'days on which the market changed, ascending; NULL without a market column';
COMMENT ON COLUMN segment.customer_ledger.markets IS 'the market from each of these days on';
COMMENT ON COLUMN segment.customer_ledger.channel_days IS 'a day for each day and channel with rows, ascending; NULL without a channel column';
COMMENT ON COLUMN segment.customer_ledger.channels IS 'the channel';
COMMENT ON COLUMN segment.customer_ledger.channel_rows IS 'the number of rows';

CREATE TABLE segment.change_queue (
  ledger_set integer NOT NULL,
  customer text,
  everything boolean NOT NULL DEFAULT false
);
CREATE INDEX change_queue_ledger_set ON segment.change_queue (ledger_set);
COMMENT ON TABLE segment.change_queue IS 'changes that triggers saw and refresh has not read yet: whoever writes to a source with triggers needs INSERT here, see grant_writer()';
COMMENT ON COLUMN segment.change_queue.ledger_set IS 'the ledger set';
COMMENT ON COLUMN segment.change_queue.customer IS 'customer whose rows changed, as text; NULL: rows without a customer did';
COMMENT ON COLUMN segment.change_queue.everything IS 'true: the source was truncated';

GRANT SELECT, INSERT, UPDATE, DELETE ON segment.ledger_set, segment.customer_ledger, segment.change_queue TO @extowner@, pg_database_owner WITH GRANT OPTION;
GRANT SELECT, UPDATE, USAGE ON SEQUENCE segment.ledger_set_id TO @extowner@, pg_database_owner WITH GRANT OPTION;
SELECT pg_catalog.pg_extension_config_dump('segment.ledger_set_id', '');
SELECT pg_catalog.pg_extension_config_dump('segment.ledger_set', '');
SELECT pg_catalog.pg_extension_config_dump('segment.customer_ledger', '');
SELECT pg_catalog.pg_extension_config_dump('segment.change_queue', '');

-- What decides which rows a ledger is made of. Versions that agree in it share ledgers.
CREATE FUNCTION segment_internal.ledger_inputs(v segment.segmentation_version) RETURNS jsonb
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT to_jsonb(v) - '{segmentation,version,state,look_back_days,scheme,cut_points,method,monetary,min_market,as_of_rule,clusters,cluster_model,cluster_names,'
    'features,value_tiers,orders_model,horizon,live,ledger_set,created_by,created_at,activated_at}'::text[];
END;
COMMENT ON FUNCTION segment_internal.ledger_inputs(segment.segmentation_version) IS 'the options of a version that its ledgers depend on';

CREATE FUNCTION segment_internal.changes_guarantee(v segment.segmentation_version) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE v.changes
    WHEN 'none' THEN 'none: every refresh reads all orders'
    WHEN 'rebuild' THEN 'rebuild: every refresh reads all orders into stored ledgers'
    WHEN 'changed_at' THEN format('changed_at %I from %s before the newest seen: finds inserts, late rows and updates; not deletes, nor '
      'for the former customer that a row moved to another; nor transactions that took longer. Refresh with read => ''all'' finds everything',
      v.changed_at, v.changed_look_back)
    WHEN 'tombstones' THEN concat('tombstones: finds the customers whom ', v.tombstones, ' lists from ', v.changed_look_back, ' before the newest seen',
      CASE WHEN v.changed_at IS NOT NULL THEN format(', and inserts, late rows and updates by changed_at %I', v.changed_at) END,
      '; deletes and moves to another customer if they are listed there')
    ELSE 'triggers: finds every INSERT, UPDATE, DELETE, COPY and TRUNCATE, of each customer before and after; not what is written with triggers '
      'off, nor to partitions made, attached or detached since' END;
END;
COMMENT ON FUNCTION segment_internal.changes_guarantee(segment.segmentation_version) IS 'what an incremental refresh of a version finds, and what it does not';

CREATE FUNCTION segment_internal.segmentation_ledger_agg(v segment.segmentation_version) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT format('segment.ledger_agg(o.%I, o.%I%s)', v.at, v.amount, CASE
    WHEN segment_internal.segmentation_column_type(v.source, v.at) = 'timestamptz'::pg_catalog.regtype
      THEN format(', %s, %L', coalesce('o.' || quote_ident(v.order_id), 'NULL::integer'), v.zone)
    ELSE ', o.' || quote_ident(v.order_id) END);
END;
COMMENT ON FUNCTION segment_internal.segmentation_ledger_agg(segment.segmentation_version) IS 'the aggregate that makes a version''s ledgers';

CREATE FUNCTION segment_internal.segmentation_ledgers(v segment.segmentation_version, only_for text DEFAULT NULL) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  source text := segment_internal.segmentation_source(v, NULL);
  day text := format('segment.day_of(o.%I, %L)', v.at, v.zone);
BEGIN
  source := concat(source, CASE WHEN position(E'\n  WHERE ' IN source) > 0 THEN E'\n    AND ' ELSE E'\n  WHERE ' END,
    format('o.%I IS NOT NULL', v.customer), E'\n    AND ' || only_for);
  RETURN concat(
    E'grouped AS (\n', format('  SELECT o.%I AS customer_id, %s AS ledger, count(*) AS rows, ', v.customer, segment_internal.segmentation_ledger_agg(v)),
    format('segment.day_of(max(o.%I), %L)', v.at, v.zone), E' AS last_day\n',
    source, format(E'\n  GROUP BY o.%I', v.customer),
    CASE WHEN EXISTS (SELECT FROM segment.forgotten) THEN format(E'\n  HAVING NOT segment.is_forgotten(o.%I::text)', v.customer) END,
    E'\n),\n',
    -- Where the market changed: the last of each day, if it is not that of the day before.
    CASE WHEN v.market IS NOT NULL THEN concat(
      E'markets AS (\n  SELECT customer_id, array_agg(day ORDER BY day) AS market_days, array_agg(market ORDER BY day) AS markets\n'
      '  FROM (SELECT customer_id, day, market, lag(market) OVER (PARTITION BY customer_id ORDER BY day) AS market_before\n'
      '        FROM (\n',
      format(E'  SELECT DISTINCT ON (o.%1$I, %2$s) o.%1$I AS customer_id, %2$s AS day, o.%3$I::text AS market\n',
             v.customer, day, v.market),
      source, format(E'\n    AND o.%1$I::text <> '''' AND isfinite(o.%2$I)\n  ORDER BY o.%3$I, %4$s, o.%2$I DESC, o.%1$I::text COLLATE "C" DESC',
                     v.market, v.at, v.customer, day),
      E') AS d) AS c\n  WHERE market_before IS DISTINCT FROM market\n  GROUP BY customer_id\n),\n') END,
    CASE WHEN v.channel IS NOT NULL THEN concat(
      E'channels AS (\n  SELECT customer_id, array_agg(day ORDER BY day, channel COLLATE "C") AS channel_days,\n'
      '         array_agg(channel ORDER BY day, channel COLLATE "C") AS channels, array_agg(n ORDER BY day, channel COLLATE "C") AS channel_rows\n'
      '  FROM (\n',
      format(E'  SELECT o.%I AS customer_id, %s AS day, o.%I::text AS channel, count(*) AS n\n', v.customer, day, v.channel),
      source, format(E'\n    AND o.%I::text <> '''' AND isfinite(o.%I)\n  GROUP BY 1, 2, 3) AS d\n  GROUP BY customer_id\n),\n', v.channel, v.at)) END,
    format(E'ledgers AS MATERIALIZED (\n  SELECT customer_id, ledger, rows, last_day, %s, %s\n  FROM grouped%s%s\n)',
      CASE WHEN v.market IS NULL THEN 'NULL::date[] AS market_days, NULL::text[] AS markets' ELSE 'market_days, markets' END,
      CASE WHEN v.channel IS NULL THEN 'NULL::date[] AS channel_days, NULL::text[] AS channels, NULL::bigint[] AS channel_rows'
           ELSE 'channel_days, channels, channel_rows' END,
      CASE WHEN v.market IS NOT NULL THEN ' LEFT JOIN markets USING (customer_id)' END,
      CASE WHEN v.channel IS NOT NULL THEN ' LEFT JOIN channels USING (customer_id)' END));
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_ledgers(segment.segmentation_version, text) IS
  'common table expressions of a version that end with ledgers: one row a customer with customer_id and the columns of customer_ledger, '
  'from all orders, or from those that meet a further condition';

CREATE FUNCTION segment_internal.segmentation_from_ledgers(v segment.segmentation_version, as_of date, ledgers text) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN concat(
    '  SELECT customer_id, market, rfm', CASE WHEN v.channel IS NOT NULL THEN ', channel' END, CASE WHEN v.value_tiers IS NOT NULL THEN ', repeat' END,
    E'\n  FROM (\n    SELECT customer_id,\n           ',
    CASE WHEN v.market IS NULL THEN '''all''' ELSE format('coalesce(markets[width_bucket(DATE %L, market_days)], ''unknown'')', as_of) END, E' AS market,\n           ',
    CASE WHEN v.channel IS NOT NULL THEN format(
      E'(SELECT c.channel FROM unnest(channel_days, channels, channel_rows) AS c (day, channel, n)\n'
      '            WHERE c.day <= DATE %L%s GROUP BY c.channel ORDER BY sum(c.n) DESC, c.channel COLLATE "C" LIMIT 1) AS channel,\n           ', as_of,
      CASE WHEN v.look_back_days IS NOT NULL THEN format(' AND c.day > DATE %L', as_of - v.look_back_days) END) END,
    CASE WHEN v.value_tiers IS NOT NULL THEN format(E'segment.ledger_repeat(ledger, DATE %L, interval ''1 week'') AS repeat,\n           ', as_of) END,
    format(E'segment.ledger_rfm(ledger, DATE %L%s) AS rfm\n', as_of,
           CASE WHEN v.look_back_days IS NOT NULL THEN format(', interval ''%s days''', v.look_back_days) END),
    '    FROM ', ledgers, E'\n    OFFSET 0) AS l\n  WHERE rfm IS NOT NULL');
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_from_ledgers(segment.segmentation_version, date, text) IS
  'query that gives what segmentation_customers does at the end of a day from ledgers, one row a customer with a row that counts by then';

CREATE FUNCTION segment_internal.segmentation_stored(v segment.segmentation_version, as_of date, after bigint DEFAULT 0) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.segmentation_from_ledgers(v, as_of, concat(
    '(SELECT s.customer AS customer_id, s.* FROM segment.customer_ledger AS s',
    format(' WHERE s.ledger_set = %s AND s.ledger IS NOT NULL', v.ledger_set),
    CASE WHEN after > 0 THEN format(' AND s.generation > %s', after) END, ') AS s'));
END;
COMMENT ON FUNCTION segment_internal.segmentation_stored(segment.segmentation_version, date, bigint) IS
  'query that gives what segmentation_customers does from the stored ledgers of a version, or from those that changed after a generation';
