-- segmentation: what is wrong with a source

-- The checks that count rows one by one: a condition on a row o of the source each.
CREATE FUNCTION segment_internal.quality_conditions(source regclass, customer name, at name, amount name, OUT check_name text, OUT severity text,
  OUT condition text, OUT message text) RETURNS SETOF record
  LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  number regtype := segment_internal.segmentation_column_type(source, amount);
BEGIN
  RETURN QUERY SELECT x.check_name, x.severity, x.condition, x.message FROM (VALUES
    ('rows without a customer', 'warning', format('o.%I IS NULL', customer), 'not scored; their amount is the line Unknown customer', true),
    ('rows without a time', 'warning', format('o.%I IS NULL', at), 'skipped', true),
    ('rows without an amount', 'warning', format('o.%I IS NULL', amount), 'skipped', true),
    ('amounts that are no number', 'error', format('(o.%1$I >= ''Infinity'' OR o.%1$I <= ''-Infinity'')', amount), 'left out: NaN or infinite', segment_internal.is_fit(number, amount) IS NOT NULL),
    ('amounts that are out of range', 'error', format('NOT %2$s AND o.%1$I < ''Infinity'' AND o.%1$I > ''-Infinity''', amount, segment_internal.is_fit(number, amount)),
     'left out: 10^30 and more, or more than 20 decimals; round them in a view', segment_internal.is_fit(number, amount) IS NOT NULL),
    ('infinite times', 'error', format('NOT isfinite(o.%I)', at), 'left out', true),
    ('orders in the future', 'warning', format('NOT segment.on_or_before(o.%I, segment.day_of(now())) AND isfinite(o.%1$I)', at), 'not seen before their day; with the rule last_order, as_of is today at most', true),
    ('times before 1990', 'warning', format('o.%I < DATE ''1990-01-01''', at), 'often a default such as 1900-01-01 or 1970-01-01', true),
    ('negative amounts', 'info', format('o.%I < 0', amount), 'returns: they lower revenue and are no orders', true),
    ('zero amounts', 'info', format('o.%I = 0', amount), 'orders of zero', true)
  ) x (check_name, severity, condition, message, applies) WHERE x.applies;
END
$$;
COMMENT ON FUNCTION segment_internal.quality_conditions(regclass, name, name, name) IS
  'the checks of a source that look at one row alone: name, severity if there are any, SQL condition on a row o, meaning';

CREATE FUNCTION segment_internal.row_checks_trans(bigint[], no_customer boolean, at "any", amount "any", counted boolean, in_future boolean) RETURNS bigint[]
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_row_checks_trans';
COMMENT ON FUNCTION segment_internal.row_checks_trans(bigint[], boolean, "any", "any", boolean, boolean) IS 'behind row_checks_agg';
CREATE FUNCTION segment_internal.row_checks_combine(bigint[], bigint[]) RETURNS bigint[]
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_row_checks_combine';
COMMENT ON FUNCTION segment_internal.row_checks_combine(bigint[], bigint[]) IS 'behind row_checks_agg';
CREATE AGGREGATE segment_internal.row_checks_agg(no_customer boolean, at "any", amount "any", counted boolean, in_future boolean) (
  SFUNC = segment_internal.row_checks_trans, STYPE = bigint[], COMBINEFUNC = segment_internal.row_checks_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment_internal.row_checks_agg(boolean, "any", "any", boolean, boolean) IS
  'what quality_conditions asks of each row, in one call: the number of rows, of those counted, and of those that fail each of row_check_names(). NULL without a row';

CREATE FUNCTION segment_internal.row_check_names() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT '{rows without a customer,rows without a time,rows without an amount,amounts that are no number,amounts that are out of range,infinite times,'
         'orders in the future,times before 1990,negative amounts,zero amounts}'::text[];
END;
COMMENT ON FUNCTION segment_internal.row_check_names() IS 'the checks of quality_conditions, in the order in which row_checks_agg counts them';

CREATE FUNCTION segment_internal.currency_column(source regclass) RETURNS name
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT a.attname FROM pg_catalog.pg_attribute a WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attname::text ~* '(^|_)(currency|curr|ccy|valuta|wahrung|waehrung|devise|moneda)(_?(code|iso|id))?$' ORDER BY a.attnum LIMIT 1;
END;
COMMENT ON FUNCTION segment_internal.currency_column(regclass) IS 'the first column that is called like one of currencies; NULL if none is';

CREATE FUNCTION segment_internal.segmentation_quality(v segment.segmentation_version, as_of date, OUT source_rows bigint, OUT unknown_rows bigint,
  OUT unknown_amount numeric) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  source regclass := segment_internal.source_oid(v);
  currency name := CASE WHEN (v.measures).currency IS NULL THEN segment_internal.currency_column(source) END;
  counts text[];
  failed bigint[];
  currencies bigint := 1;
BEGIN
  counts := segment_internal.read_as_owner(concat(
    format('SELECT segment_internal.row_checks_agg(o.%2$I IS NULL, o.%5$I, o.%6$I, %1$s, NOT segment.on_or_before(o.%5$I, DATE %7$L)), '
           'count(*) FILTER (WHERE o.%2$I IS NULL AND %1$s AND %4$s), sum((%3$s)::numeric) FILTER (WHERE o.%2$I IS NULL AND %1$s AND %4$s)',
           segment_internal.segmentation_days(v, as_of), v.customer, segment_internal.amount_sql(v), segment_internal.fit_rows(v), v.at, v.amount, segment.day_of(now())),
    format(', count(*) FILTER (WHERE %s)', CASE WHEN (v.measures).margin IS NULL THEN 'false' ELSE format('o.%I IS NOT NULL AND %s IS NULL', v.amount, segment_internal.cost_sql(v)) END),
    ', count(*) FILTER (WHERE ' || segment_internal.not_converted(v) || ')',
    CASE WHEN currency IS NOT NULL THEN format(', min(o.%1$I::text) <> max(o.%1$I::text)', currency) END, E'\n', segment_internal.segmentation_source(v, NULL)));
  failed := coalesce(counts[1]::bigint[], array_fill(0::bigint, ARRAY[12]));
  IF currency IS NOT NULL AND counts[array_upper(counts, 1)]::boolean THEN
    currencies := (segment_internal.read_as_owner(format('SELECT count(DISTINCT o.%I::text) %s', currency, segment_internal.segmentation_source(v, NULL))))[1];
  END IF;
  source_rows := failed[2];
  unknown_rows := counts[2];
  unknown_amount := counts[3];
  DELETE FROM segment.data_quality d WHERE d.segmentation = v.segmentation AND d.as_of = segmentation_quality.as_of;
  INSERT INTO segment.data_quality (segmentation, as_of, check_name, severity, rows, total_rows, share, message, definition_version)
  SELECT v.segmentation, segmentation_quality.as_of, q.check_name, CASE WHEN q.n > 0 THEN q.severity ELSE 'ok' END, q.n, failed[1],
         q.n / nullif(failed[1]::numeric, 0), q.message, v.version
  FROM (SELECT c.*, failed[2 + array_position(segment_internal.row_check_names(), c.check_name)] AS n
        FROM segment_internal.quality_conditions(source, v.customer, v.at, v.amount) c) q
  UNION ALL
  SELECT v.segmentation, segmentation_quality.as_of, 'currencies', CASE WHEN currencies > 1 THEN 'warning' ELSE 'ok' END, currencies, failed[1], NULL,
         format('currencies, not rows, in column %I: convert amounts in a view, or filter one', currency), v.version
  WHERE currency IS NOT NULL
  UNION ALL
  SELECT v.segmentation, segmentation_quality.as_of, 'rows without a cost', CASE WHEN n.rows > 0 THEN 'warning' ELSE 'ok' END, n.rows, failed[1],
         n.rows / nullif(failed[1]::numeric, 0), 'the margin is not known: days of a customer on which an order has no cost do not count in margins', v.version
  FROM (SELECT counts[4]::bigint AS rows) n WHERE (v.measures).margin IS NOT NULL
  UNION ALL
  SELECT v.segmentation, segmentation_quality.as_of, 'amounts that could not be converted', CASE WHEN n.rows > 0 THEN 'warning' ELSE 'ok' END, n.rows, failed[1],
         n.rows / nullif(failed[1]::numeric, 0),
         'left out, so that totals are too small: no rate of their day' || CASE WHEN n.rows > 0 THEN ', nor of the ' || (v.measures).max_age || ' days before: ' || segment_internal.unconverted_amounts(v) ELSE '' END,
         v.version
  FROM (SELECT CASE WHEN (v.measures).currency IS NOT NULL THEN counts[array_upper(counts, 1)]::bigint END AS rows) n WHERE n.rows IS NOT NULL;
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_quality(segment.segmentation_version, date) IS
  'counts the rows of a version''s source that meet a quality condition into data_quality, in one scan; returns the rows up to as_of, '
  'those of them without a customer, and their amount (NULL without such rows)';

CREATE FUNCTION segment_internal.preflight_columns(source regclass, customer name, at name, amount name, order_id name, market name, currency name)
  RETURNS SETOF segment_internal.finding
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT f.role || ' column', 'error', NULL::bigint, NULL::numeric, f.message, NULL::text
  FROM (
    SELECT c.role, c.position, CASE
      WHEN a.atttypid IS NULL THEN format('%s has no column "%s"', source, c.name)
      WHEN a.atttypid::regtype <> ALL (c.types) THEN format('"%s" is of type %s; accepted are %s', c.name, a.atttypid::regtype, array_to_string(c.types, ', '))
      WHEN c.role = 'customer' AND segment_internal.identity_gap(a.atttypid, a.atttypmod, a.attcollation) IS NOT NULL
        THEN format('"%s" cannot identify customers: %s', c.name, segment_internal.identity_gap(a.atttypid, a.atttypmod, a.attcollation))
      WHEN NOT has_column_privilege(segment_internal.caller(), source, c.name, 'SELECT') THEN format('role %s may not read "%s"', segment_internal.caller(), c.name) END AS message
    FROM (VALUES (1, 'customer', customer, NULL::regtype[]), (2, 'at', at, '{date,timestamp,timestamptz}'),
                 (3, 'amount', amount, '{numeric,smallint,integer,bigint,double precision}'), (4, 'order_id', order_id, NULL),
                 (5, 'market', market, NULL), (6, 'currency', currency, NULL)) c (position, role, name, types)
    LEFT JOIN pg_attribute a ON a.attrelid = source AND a.attname = c.name AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.name IS NOT NULL OR c.role IN ('customer', 'at', 'amount')) f
  WHERE f.message IS NOT NULL ORDER BY f.position;
END
$$;
COMMENT ON FUNCTION segment_internal.preflight_columns(regclass, name, name, name, name, name, name) IS 'columns that are not there, unfit, or not to be read: with one nothing can be counted';

CREATE FUNCTION segment_internal.preflight_rows(source regclass, customer name, at name, amount name) RETURNS SETOF segment_internal.finding
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  counts text[] := segment_internal.read_as_owner((
    SELECT concat('SELECT count(*)', string_agg(format(', count(*) FILTER (WHERE %s)', q.condition), '' ORDER BY q.check_name), format(' FROM %s AS o', source))
    FROM segment_internal.quality_conditions(source, customer, at, amount) q));
  total bigint := counts[1];
BEGIN
  RETURN QUERY SELECT 'rows', CASE WHEN total = 0 THEN 'error' ELSE 'ok' END, total, NULL::numeric,
    CASE WHEN total = 0 THEN 'the source is empty, or row-level security hides all of it' ELSE 'rows that the current role sees' END, format('SELECT * FROM %s', source);
  RETURN QUERY SELECT c.check_name, CASE WHEN c.n > 0 THEN c.severity ELSE 'ok' END, c.n, round(c.n / nullif(total::numeric, 0), 6), c.message,
    format('SELECT o.* FROM %s AS o WHERE %s', source, c.condition)
  FROM (SELECT q.*, counts[1 + row_number() OVER (ORDER BY q.check_name)]::bigint AS n FROM segment_internal.quality_conditions(source, customer, at, amount) q) c;
END
$$;
COMMENT ON FUNCTION segment_internal.preflight_rows(regclass, name, name, name) IS 'what shows in rows one by one; the first row is their number';

CREATE FUNCTION segment_internal.preflight_groups(source regclass, customer name, at name, order_id name, market name, total bigint) RETURNS SETOF segment_internal.finding
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 4 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  f segment_internal.finding;
BEGIN
  RETURN NEXT segment_internal.found('repeated rows', format('SELECT o::text, count(*) AS n FROM %s AS o GROUP BY 1 HAVING count(*) > 1', source),
    'coalesce(sum(x.n - 1), 0)', 'info', 'equal in every column to another row: loaded twice?', total);
  -- One of few customers has more than 1 % anyway: one that stands for many has many times what the others have.
  RETURN NEXT segment_internal.found('customers with more than 1 % of the rows',
    format('SELECT c.* FROM (SELECT o.%I, count(*) AS n, avg(count(*)) OVER () AS mean FROM %s AS o WHERE o.%1$I IS NOT NULL GROUP BY 1) c '
           'WHERE c.n >= %3$s AND c.n > 10 * c.mean ORDER BY c.n DESC', customer, source, greatest(20, total / 100 + 1)),
    'count(*)', 'warning', 'customers, not rows: one id may stand for guests or a till; filter it out');
  IF order_id IS NULL THEN
    f := segment_internal.found('rows at the same time of the same customer',
      format('SELECT o.%I, o.%I, count(*) AS n FROM %s AS o WHERE o.%1$I IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1', customer, at, source),
      'coalesce(sum(x.n), 0)', 'info', 'each row counts as an order: name an order_id if these are lines of one', total);
    f.severity := CASE WHEN f.rows > total / 10 THEN 'warning' ELSE f.severity END;
    RETURN NEXT f;
  ELSE
    RETURN NEXT segment_internal.found('orders of several customers',
      format('SELECT o.%I FROM %s AS o WHERE o.%1$I IS NOT NULL GROUP BY 1 HAVING count(DISTINCT o.%3$I) > 1', order_id, source, customer),
      'count(*)', 'warning', 'orders, not rows: each customer gets an order; order ids should be unique in the source');
  END IF;
  IF market IS NOT NULL THEN
    RETURN NEXT segment_internal.found('customers of several markets',
      format('SELECT o.%I FROM %s AS o WHERE o.%1$I IS NOT NULL GROUP BY 1 HAVING count(DISTINCT o.%3$I) > 1', customer, source, market),
      'count(*)', 'info', 'customers, not rows: each is in the market of the last row');
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.preflight_groups(regclass, name, name, name, name, bigint) IS 'what shows when rows are looked at together';

CREATE FUNCTION segment_internal.preflight_currencies(source regclass, amount name, currency name) RETURNS SETOF segment_internal.finding
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  named name := coalesce(currency, segment_internal.currency_column(source));
  f segment_internal.finding;
BEGIN
  IF named IS NOT NULL THEN
    f := segment_internal.found('currencies', format('SELECT o.%I, count(*), sum(o.%I) FROM %s AS o WHERE o.%1$I IS NOT NULL GROUP BY 1 ORDER BY 2 DESC', named, amount, source),
      'count(*)', 'warning', format('currencies, not rows, in column %I: convert amounts in a view, or filter one', named));
    f.severity := CASE WHEN f.rows > 1 THEN 'warning' ELSE 'ok' END;
    RETURN NEXT f;
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.preflight_currencies(regclass, name, name) IS
  'amounts of several currencies, which must not be added up, by a column that is named, or called, like one';

CREATE FUNCTION segment_internal.preflight_index(source regclass, customer name, at name) RETURNS SETOF segment_internal.finding
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  n bigint;
  sql text := format('SELECT i.indexrelid::regclass, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid '
                     'AND a.attnum = i.indkey[0] WHERE i.indrelid = %L::regclass AND i.indisvalid AND i.indpred IS NULL AND a.attname = %L', source, customer);
BEGIN
  IF (SELECT k.relkind FROM pg_class k WHERE k.oid = source) IN ('r', 'p', 'm') THEN
    EXECUTE format('SELECT count(*) FROM (%s) x', sql) INTO n;
    RETURN QUERY SELECT 'index by customer', CASE WHEN n = 0 THEN 'info' ELSE 'ok' END, n, NULL::numeric, CASE WHEN n > 0 THEN 'indexes, not rows, that begin with the customer'
      ELSE format('indexes, not rows: without one that begins with the customer, incremental refresh (changes => ...) reads the whole table: CREATE INDEX ON %s (%I, %I)',
                  source, customer, at) END, sql;
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.preflight_index(regclass, name, name) IS 'whether the rows of single customers, which incremental refreshes read, can be found';

CREATE FUNCTION segment_internal.preflight_days(source regclass, at name) RETURNS SETOF segment_internal.finding
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  f segment_internal.finding;
BEGIN
  f := segment_internal.found('days since the last order', 
    format('SELECT max(o.%I) AS newest FROM %s AS o WHERE isfinite(o.%1$I) AND segment.on_or_before(o.%1$I, segment.day_of(now()))', at, source),
    'segment.day_of(now()) - segment.day_of(max(x.newest))', 'info', 'days, not rows: how fresh the source is');
  f.severity := CASE WHEN f.rows > 7 THEN 'info' ELSE 'ok' END;
  RETURN NEXT f;
  RETURN NEXT segment_internal.found('days without orders',
    format('SELECT r.a + d FROM (SELECT segment.day_of(min(o.%1$I)) AS a, segment.day_of(max(o.%1$I)) AS b FROM %2$s AS o WHERE isfinite(o.%1$I)) r, '
           'generate_series(0, r.b - r.a) d EXCEPT SELECT DISTINCT segment.day_of(o.%1$I) FROM %2$s AS o', at, source),
    'count(*)', 'info', 'days, not rows, between the first and the last: closed, or not loaded?');
END
$$;
COMMENT ON FUNCTION segment_internal.preflight_days(regclass, name) IS 'how fresh a source is, and where it has gaps';

CREATE FUNCTION segment_internal.preflight(source regclass, customer name, at name, amount name, order_id name, market name, currency name,
  OUT check_name text, OUT severity text, OUT rows bigint, OUT share numeric, OUT message text, OUT sql text) RETURNS SETOF record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  total bigint;
BEGIN
  PERFORM segment_internal.check_option('create_segmentation', 'source', source::text), segment_internal.check_option('create_segmentation', 'customer', customer),
    segment_internal.check_option('create_segmentation', 'at', at), segment_internal.check_option('create_segmentation', 'amount', amount),
    segment_internal.act_for(segment_internal.caller());
  RETURN QUERY SELECT * FROM segment_internal.preflight_columns(source, customer, at, amount, order_id, market, currency);
  IF FOUND THEN
    RETURN;
  END IF;
  FOR check_name, severity, rows, share, message, sql IN SELECT * FROM segment_internal.preflight_rows(source, customer, at, amount) LOOP
    total := coalesce(total, rows);
    RETURN NEXT;
  END LOOP;
  RETURN QUERY SELECT * FROM segment_internal.preflight_groups(source, customer, at, order_id, market, total);
  RETURN QUERY SELECT * FROM segment_internal.preflight_new_ids(source, ARRAY[customer, at, amount, coalesce(order_id, customer), coalesce(market, customer)], total);
  RETURN QUERY SELECT * FROM segment_internal.preflight_spellings(source, customer, total);
  RETURN QUERY SELECT * FROM segment_internal.preflight_orders(source, customer, at, amount, order_id);
  RETURN QUERY SELECT * FROM segment_internal.preflight_decimals(source, amount, total);
  RETURN QUERY SELECT * FROM segment_internal.preflight_currencies(source, amount, currency);
  RETURN QUERY SELECT * FROM segment_internal.preflight_index(source, customer, at);
  RETURN QUERY SELECT * FROM segment_internal.preflight_days(source, at);
END
$$;
COMMENT ON FUNCTION segment_internal.preflight(regclass, name, name, name, name, name, name) IS 'preflight, as the tables'' owner';

CREATE FUNCTION segment.preflight(source regclass, customer name, at name, amount name, order_id name DEFAULT NULL, market name DEFAULT NULL,
  currency name DEFAULT NULL, OUT check_name text, OUT severity text, OUT rows bigint, OUT share numeric, OUT message text, OUT sql text) RETURNS SETOF record
  LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 20 AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.preflight(regclass, name, name, name, name, name, name) IS
  'checks a source before create_segmentation, without writing: one row a check, with severity (ok, info, warning, error), '
  'the number of rows and their share of all, what it means, and the SQL that shows them. Days of timestamptz are those of UTC. Reads the source several times, as '
  'the current role. An error among the columns is all that is returned';
