-- segmentation: what is wrong with a source

CREATE TABLE segment.data_quality (
  segmentation text NOT NULL REFERENCES segment.segmentation (name) ON UPDATE CASCADE ON DELETE CASCADE,
  as_of date NOT NULL,
  check_name text NOT NULL,
  severity text NOT NULL,
  rows bigint NOT NULL,
  total_rows bigint NOT NULL,
  share numeric,
  message text NOT NULL,
  definition_version integer NOT NULL,
  checked_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (segmentation, as_of, check_name)
);
COMMENT ON TABLE segment.data_quality IS 'what refresh found in the source when it last read all of it, one row a check; unique key (segmentation, as_of, check_name). preflight() finds more, and gives the SQL that shows the rows';
COMMENT ON COLUMN segment.data_quality.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.data_quality.as_of IS 'day of the refresh';
COMMENT ON COLUMN segment.data_quality.check_name IS 'what was counted, as in preflight()';
COMMENT ON COLUMN segment.data_quality.severity IS 'ok (no such row), info, or warning';
COMMENT ON COLUMN segment.data_quality.rows IS 'how many rows of the source';
COMMENT ON COLUMN segment.data_quality.total_rows IS 'rows of the source that meet the filter, of any day: the denominator of share';
COMMENT ON COLUMN segment.data_quality.share IS 'rows / total_rows, 0 to 1; NULL for an empty source';
COMMENT ON COLUMN segment.data_quality.message IS 'what it means for the result';
COMMENT ON COLUMN segment.data_quality.definition_version IS 'the version that was refreshed';
COMMENT ON COLUMN segment.data_quality.checked_at IS 'when';
GRANT SELECT, INSERT, UPDATE, DELETE ON segment.data_quality TO @extowner@, pg_database_owner WITH GRANT OPTION;
SELECT pg_catalog.pg_extension_config_dump('segment.data_quality', '');

-- The checks that count rows one by one: a condition on a row o of the source each.
CREATE FUNCTION segment_internal.quality_conditions(source regclass, customer name, at name, amount name, OUT check_name text, OUT severity text,
  OUT condition text, OUT message text) RETURNS SETOF record
  LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 9 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  number regtype := segment_internal.segmentation_column_type(source, amount);
BEGIN
  RETURN QUERY SELECT x.check_name, x.severity, x.condition, x.message FROM (VALUES
    ('rows without a customer', 'warning', format('o.%I IS NULL', customer), 'not scored; their amount is the line Unknown customer', true),
    ('rows without a time', 'warning', format('o.%I IS NULL', at), 'skipped', true),
    ('rows without an amount', 'warning', format('o.%I IS NULL', amount), 'skipped', true),
    ('amounts that are no number', 'error', format('o.%I IN (''NaN'', ''Infinity'', ''-Infinity'')', amount), 'refresh stops at them',
     number IN ('numeric'::regtype, 'double precision'::regtype)),
    ('infinite times', 'error', format('NOT isfinite(o.%I)', at), 'refresh stops at them', true),
    ('orders in the future', 'warning', format('NOT segment.on_or_before(o.%I, segment.day_of(now())) AND isfinite(o.%1$I)', at), 'not seen before their day; with the rule last_order, as_of is today at most', true),
    ('times before 1990', 'warning', format('o.%I < DATE ''1990-01-01''', at), 'often a default such as 1900-01-01 or 1970-01-01', true),
    ('negative amounts', 'info', format('o.%I < 0', amount), 'returns: they lower revenue and are no orders', true),
    ('zero amounts', 'info', format('o.%I = 0', amount), 'orders of zero', true)
  ) x (check_name, severity, condition, message, applies) WHERE x.applies;
END
$$;
COMMENT ON FUNCTION segment_internal.quality_conditions(regclass, name, name, name) IS
  'the checks of a source that look at one row alone: name, severity if there are any, SQL condition on a row o, meaning';

CREATE FUNCTION segment_internal.segmentation_quality(v segment.segmentation_version, as_of date, OUT source_rows bigint, OUT unknown_rows bigint,
  OUT unknown_amount numeric) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  counts text[];
BEGIN
  counts := segment_internal.read_restricted((
    SELECT concat(
      format('SELECT count(*), count(*) FILTER (WHERE %1$s), count(*) FILTER (WHERE %1$s AND o.%2$I IS NULL), '
             'sum(o.%3$I::numeric) FILTER (WHERE %1$s AND o.%2$I IS NULL)', segment_internal.segmentation_days(v, as_of), v.customer, v.amount),
      string_agg(format(', count(*) FILTER (WHERE %s)', q.condition), '' ORDER BY q.check_name), E'\n', segment_internal.segmentation_source(v, NULL))
    FROM segment_internal.quality_conditions(v.source, v.customer, v.at, v.amount) q));
  source_rows := counts[2];
  unknown_rows := counts[3];
  unknown_amount := counts[4];
  DELETE FROM segment.data_quality d WHERE d.segmentation = v.segmentation AND d.as_of = segmentation_quality.as_of;
  INSERT INTO segment.data_quality (segmentation, as_of, check_name, severity, rows, total_rows, share, message, definition_version)
  SELECT v.segmentation, segmentation_quality.as_of, q.check_name, CASE WHEN q.n > 0 THEN q.severity ELSE 'ok' END, q.n, counts[1]::bigint,
         q.n / nullif(counts[1]::numeric, 0), q.message, v.version
  FROM (SELECT c.*, counts[4 + row_number() OVER (ORDER BY c.check_name)]::bigint AS n
        FROM segment_internal.quality_conditions(v.source, v.customer, v.at, v.amount) c) q;
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_quality(segment.segmentation_version, date) IS
  'counts the rows of a version''s source that meet a quality condition into data_quality, in one scan; returns the rows up to as_of, '
  'those of them without a customer, and their amount (NULL without such rows)';

CREATE FUNCTION segment.preflight(source regclass, customer name, at name, amount name, order_id name DEFAULT NULL, market name DEFAULT NULL,
  currency name DEFAULT NULL, OUT check_name text, OUT severity text, OUT rows bigint, OUT share numeric, OUT message text, OUT sql text) RETURNS SETOF record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  c record;
  counts text[];
  total bigint;
BEGIN
  -- Columns, types, rights: with an error here nothing can be counted.
  FOR c IN
    SELECT x.role, x.name, x.types, segment_internal.segmentation_column_type(source, x.name) AS type
    FROM (VALUES ('customer', customer, NULL::regtype[]), ('at', at, '{date,timestamp,timestamptz}'),
                 ('amount', amount, '{numeric,smallint,integer,bigint,double precision}'), ('order_id', order_id, NULL),
                 ('market', market, NULL), ('currency', currency, NULL)) x (role, name, types)
    WHERE x.name IS NOT NULL OR x.role IN ('customer', 'at', 'amount')
  LOOP
    check_name := c.role || ' column';
    severity := 'error';
    message := CASE WHEN c.type IS NULL THEN format('%s has no column "%s"', source, c.name)
                    WHEN c.type <> ALL (c.types) THEN format('"%s" is of type %s; accepted are %s', c.name, c.type, array_to_string(c.types, ', '))
                    WHEN NOT has_column_privilege(source, c.name, 'SELECT') THEN format('role "%s" may not read "%s"', current_user, c.name) END;
    IF message IS NOT NULL THEN
      RETURN NEXT;
      total := -1;
    END IF;
  END LOOP;
  IF total = -1 THEN
    RETURN;
  END IF;

  -- Rows one by one
  counts := segment_internal.read_restricted((
    SELECT concat('SELECT count(*)', string_agg(format(', count(*) FILTER (WHERE %s)', q.condition), '' ORDER BY q.check_name), format(' FROM %s AS o', source))
    FROM segment_internal.quality_conditions(source, customer, at, amount) q));
  total := counts[1];
  check_name := 'rows';
  severity := CASE WHEN total = 0 THEN 'error' ELSE 'ok' END;
  rows := total;
  share := NULL;
  message := CASE WHEN total = 0 THEN 'the source is empty, or row-level security hides all of it' ELSE 'rows that the current role sees' END;
  sql := format('SELECT * FROM %s', source);
  RETURN NEXT;
  FOR c IN
    SELECT q.*, counts[1 + row_number() OVER (ORDER BY q.check_name)]::bigint AS n
    FROM segment_internal.quality_conditions(source, customer, at, amount) q
  LOOP
    check_name := c.check_name;
    severity := CASE WHEN c.n > 0 THEN c.severity ELSE 'ok' END;
    rows := c.n;
    share := round(c.n / nullif(total::numeric, 0), 6);
    message := c.message;
    sql := format('SELECT o.* FROM %s AS o WHERE %s', source, c.condition);
    RETURN NEXT;
  END LOOP;

  -- Rows together
  check_name := 'repeated rows';
  sql := format('SELECT o::text, count(*) FROM %s AS o GROUP BY 1 HAVING count(*) > 1', source);
  rows := (segment_internal.read_restricted(format('SELECT coalesce(sum(x.n - 1), 0) FROM (%s) AS x (line, n)', sql)))[1];
  severity := CASE WHEN rows > 0 THEN 'info' ELSE 'ok' END;
  share := round(rows / nullif(total::numeric, 0), 6);
  message := 'equal in every column to another row: loaded twice?';
  RETURN NEXT;

  check_name := 'customers with more than 1 % of the rows';
  sql := format('SELECT o.%I, count(*) FROM %s AS o WHERE o.%1$I IS NOT NULL GROUP BY 1 HAVING count(*) > %3$s ORDER BY 2 DESC', customer, source, greatest(100, total / 100));
  rows := (segment_internal.read_restricted(format('SELECT count(*) FROM (%s) x', sql)))[1];
  severity := CASE WHEN rows > 0 THEN 'warning' ELSE 'ok' END;
  share := NULL;
  message := 'customers, not rows: one id may stand for guests or a till; filter it out';
  RETURN NEXT;

  IF order_id IS NULL THEN
    check_name := 'rows at the same time of the same customer';
    sql := format('SELECT o.%I, o.%I, count(*) FROM %s AS o WHERE o.%1$I IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1', customer, at, source);
    rows := (segment_internal.read_restricted(format('SELECT coalesce(sum(n), 0) FROM (%s) AS x (c, t, n)', sql)))[1];
    share := round(rows / nullif(total::numeric, 0), 6);
    severity := CASE WHEN rows > total / 10 THEN 'warning' WHEN rows > 0 THEN 'info' ELSE 'ok' END;
    message := 'each row counts as an order: name an order_id if these are lines of one';
    RETURN NEXT;
  ELSE
    check_name := 'orders of several customers';
    sql := format('SELECT o.%I FROM %s AS o WHERE o.%1$I IS NOT NULL GROUP BY 1 HAVING count(DISTINCT o.%3$I) > 1', order_id, source, customer);
    rows := (segment_internal.read_restricted(format('SELECT count(*) FROM (%s) x', sql)))[1];
    share := NULL;
    severity := CASE WHEN rows > 0 THEN 'warning' ELSE 'ok' END;
    message := 'orders, not rows: each customer gets an order; order ids should be unique in the source';
    RETURN NEXT;
  END IF;

  IF market IS NOT NULL THEN
    check_name := 'customers of several markets';
    sql := format('SELECT o.%I FROM %s AS o WHERE o.%1$I IS NOT NULL GROUP BY 1 HAVING count(DISTINCT o.%3$I) > 1', customer, source, market);
    rows := (segment_internal.read_restricted(format('SELECT count(*) FROM (%s) x', sql)))[1];
    share := NULL;
    severity := CASE WHEN rows > 0 THEN 'info' ELSE 'ok' END;
    message := 'customers, not rows: each is in the market of the last row';
    RETURN NEXT;
  END IF;

  -- Amounts of several currencies must not be added up: a column that is named, or called, like one.
  currency := coalesce(currency, (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attname ~* '(^|_)(currency|curr|ccy|valuta|wahrung|waehrung|devise|moneda)(_?(code|iso|id))?$' ORDER BY a.attnum LIMIT 1));
  IF currency IS NOT NULL THEN
    check_name := 'currencies';
    sql := format('SELECT o.%I, count(*), sum(o.%I) FROM %s AS o WHERE o.%1$I IS NOT NULL GROUP BY 1 ORDER BY 2 DESC', currency, amount, source);
    rows := (segment_internal.read_restricted(format('SELECT count(*) FROM (%s) x', sql)))[1];
    share := NULL;
    severity := CASE WHEN rows > 1 THEN 'warning' ELSE 'ok' END;
    message := format('currencies, not rows, in column %I: convert amounts in a view, or filter one', currency);
    RETURN NEXT;
  END IF;

  -- Incremental refresh and triggers read the rows of single customers.
  IF (SELECT k.relkind FROM pg_class k WHERE k.oid = source) IN ('r', 'p', 'm') THEN
    check_name := 'index by customer';
    sql := format('SELECT i.indexrelid::regclass, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid '
                  'AND a.attnum = i.indkey[0] WHERE i.indrelid = %L::regclass AND i.indisvalid AND i.indpred IS NULL AND a.attname = %L', source, customer);
    EXECUTE format('SELECT count(*) FROM (%s) x', sql) INTO rows;
    share := NULL;
    severity := CASE WHEN rows = 0 THEN 'info' ELSE 'ok' END;
    message := CASE WHEN rows = 0 THEN format('indexes, not rows: without one that begins with the customer, incremental refresh (changes => ...) reads the whole '
                                              'table: CREATE INDEX ON %s (%I, %I)', source, customer, at)
                    ELSE 'indexes, not rows, that begin with the customer' END;
    RETURN NEXT;
  END IF;

  check_name := 'days since the last order';
  sql := format('SELECT max(o.%I) FROM %s AS o', at, source);
  rows := (segment_internal.read_restricted(format('SELECT segment.day_of(now()) - segment.day_of(max(o.%I)) FROM %s AS o '
    'WHERE isfinite(o.%1$I) AND segment.on_or_before(o.%1$I, segment.day_of(now()))', at, source)))[1];
  share := NULL;
  severity := CASE WHEN rows > 7 THEN 'info' ELSE 'ok' END;
  message := 'days, not rows: how fresh the source is';
  RETURN NEXT;

  check_name := 'days without orders';
  sql := format('SELECT r.a + d FROM (SELECT segment.day_of(min(o.%1$I)) AS a, segment.day_of(max(o.%1$I)) AS b FROM %2$s AS o WHERE isfinite(o.%1$I)) r, '
                'generate_series(0, r.b - r.a) d EXCEPT SELECT DISTINCT segment.day_of(o.%1$I) FROM %2$s AS o', at, source);
  rows := (segment_internal.read_restricted(format('SELECT count(*) FROM (%s) x', sql)))[1];
  severity := CASE WHEN rows > 0 THEN 'info' ELSE 'ok' END;
  message := 'days, not rows, between the first and the last: closed, or not loaded?';
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION segment.preflight(regclass, name, name, name, name, name, name) IS
  'checks a source before create_segmentation, without writing: one row a check, with severity (ok, info, warning, error), '
  'the number of rows and their share of all, what it means, and the SQL that shows them. Days of timestamptz are those of UTC. Reads the source several times, as '
  'the current role. An error among the columns is all that is returned';
