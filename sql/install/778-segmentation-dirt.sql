-- segmentation: ordinary dirt in a source that no row shows by itself, and numbers that are no money

CREATE TYPE segment_internal.finding AS (check_name text, severity text, rows bigint, share numeric, message text, sql text);
COMMENT ON TYPE segment_internal.finding IS 'a row of preflight()';

CREATE FUNCTION segment_internal.found(check_name text, sql text, count text, if_any text, message text, total bigint DEFAULT NULL) RETURNS segment_internal.finding
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  rows bigint := (segment_internal.read_as_owner(concat('SELECT ', count, ' FROM (', sql, ') AS x')))[1];
BEGIN
  RETURN ROW(check_name, CASE WHEN rows > 0 THEN if_any ELSE 'ok' END, rows, round(rows / nullif(total::numeric, 0), 6), message, sql);
END
$$;
COMMENT ON FUNCTION segment_internal.found(text, text, text, text, text, bigint) IS
  'a finding of preflight: count is the expression that counts the rows x of sql; if_any is the severity if there are any; share only where total is given';

-- Columns whose every value differs identify rows, so that rows that differ in nothing else were loaded twice. Floating point
-- and wide types are no ids.
CREATE FUNCTION segment_internal.row_id_columns(source regclass, roles name[], total bigint) RETURNS name[]
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  candidates name[] := ARRAY(SELECT a.attname FROM pg_attribute a
    WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (roles)
      AND a.atttypid::regtype = ANY ('{smallint,integer,bigint,uuid,text,varchar,bpchar,numeric}'::regtype[]) ORDER BY a.attnum);
  unique_ones text[];
BEGIN
  IF candidates = '{}' THEN
    RETURN '{}';
  END IF;
  unique_ones := segment_internal.read_as_owner((SELECT format('SELECT %s FROM %s AS o',
    string_agg(format('count(DISTINCT o.%I) = %s', c.name, total), ', ' ORDER BY c.position), source)
    FROM unnest(candidates) WITH ORDINALITY AS c (name, position)));
  RETURN ARRAY(SELECT c.name FROM unnest(candidates, unique_ones) AS c (name, is_unique) WHERE c.is_unique::boolean);
END
$$;
COMMENT ON FUNCTION segment_internal.row_id_columns(regclass, name[], bigint) IS 'the columns of a source, other than those with a role, whose value differs in every row';

CREATE FUNCTION segment_internal.preflight_new_ids(source regclass, roles name[], total bigint) RETURNS SETOF segment_internal.finding
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ids name[] := segment_internal.row_id_columns(source, roles, total);
  others text;
BEGIN
  IF ids = '{}' OR total < 2 THEN
    RETURN;
  END IF;
  SELECT string_agg(format('o.%I', a.attname), ', ' ORDER BY a.attnum) INTO others
  FROM pg_attribute a WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (ids)
    AND EXISTS (SELECT FROM pg_opclass c JOIN pg_am m ON m.oid = c.opcmethod JOIN pg_type t ON t.oid = a.atttypid
                WHERE m.amname = 'btree' AND c.opcdefault AND c.opcintype IN (t.oid, t.typbasetype, CASE WHEN t.typtype = 'e' THEN 'anyenum'::regtype WHEN t.typname = 'varchar' THEN 'text'::regtype END));
  RETURN NEXT segment_internal.found('rows repeated under new ids',
    format('SELECT %1$s, count(*) AS n FROM %2$s AS o GROUP BY %1$s HAVING count(*) > 1', others, source), 'coalesce(sum(x.n - 1), 0)', 'warning',
    format('equal to another row in all but %s: loaded twice under a new id?', array_to_string(ids, ', ')), total);
END
$$;
COMMENT ON FUNCTION segment_internal.preflight_new_ids(regclass, name[], bigint) IS
  'rows that differ from another in nothing but columns that are unique: events that were loaded twice. None where no column is';

CREATE FUNCTION segment_internal.preflight_spellings(source regclass, customer name, total bigint) RETURNS SETOF segment_internal.finding
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF segment_internal.segmentation_column_type(source, customer) <> ALL ('{text,varchar,bpchar,name}'::regtype[]) THEN
    RETURN;
  END IF;
  RETURN NEXT segment_internal.found('blank or placeholder customers',
    format('SELECT o.* FROM %s AS o WHERE lower(btrim(o.%I::text, E'' \t\r\n'')) IN ('''', ''-'', ''?'', ''0'', ''n/a'', ''na'', ''none'', ''null'', ''nan'', ''unknown'', ''guest'', ''anonymous'')',
           source, customer), 'count(*)', 'warning', 'one customer to the engine, but nobody in particular: set them to NULL', total);
  RETURN NEXT segment_internal.found('customers in several spellings',
    format('SELECT lower(btrim(o.%1$I::text, E'' \t\r\n'')) AS customer, array_agg(DISTINCT o.%1$I::text) AS spellings FROM %2$s AS o WHERE o.%1$I IS NOT NULL '
           'GROUP BY 1 HAVING count(DISTINCT o.%1$I::text) > 1', customer, source), 'count(*)', 'warning',
    format('customers, not rows, whose ids differ in case or blanks only: one person each? lower(btrim(%I)) in a view makes them one', customer));
END
$$;
COMMENT ON FUNCTION segment_internal.preflight_spellings(regclass, name, bigint) IS 'ids of customers that are blank, stand for nobody, or are one id written in several ways; only of text columns';

CREATE FUNCTION segment_internal.preflight_orders(source regclass, customer name, at name, amount name, order_id name) RETURNS SETOF segment_internal.finding
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  f segment_internal.finding;
  lines text[];
BEGIN
  RETURN NEXT segment_internal.found('returns without a purchase before',
    format('SELECT r.* FROM (SELECT o.*, min(o.%1$I) FILTER (WHERE o.%2$I >= 0) OVER (PARTITION BY o.%3$I) AS first_purchase FROM %4$s AS o WHERE o.%3$I IS NOT NULL) r '
           'WHERE r.%2$I < 0 AND (r.first_purchase IS NULL OR r.%1$I < r.first_purchase)', at, amount, customer, source), 'count(*)', 'warning',
    'refunds of customers who had bought nothing by then: was the order filtered out, or placed before the data begin?');
  IF order_id IS NULL THEN
    RETURN;
  END IF;
  f := segment_internal.found('orders with one amount on every line',
    format('SELECT o.%I, count(*) AS lines, min(o.%I) AS amount FROM %s AS o WHERE o.%1$I IS NOT NULL GROUP BY 1 HAVING count(*) > 1 AND min(o.%2$I) = max(o.%2$I) AND min(o.%2$I) <> 0',
           order_id, amount, source), 'count(*)', 'warning', 'orders, not rows: if each line repeats the total of its order, revenue is several times too high; take one line an order');
  -- Some orders have equal lines by chance; totals on lines show in nearly all orders.
  lines := segment_internal.read_as_owner(format('SELECT count(*) FROM (SELECT FROM %s AS o WHERE o.%I IS NOT NULL GROUP BY o.%2$I HAVING count(*) > 1) x', source, order_id));
  f.severity := CASE WHEN f.rows > 0.8 * lines[1]::bigint THEN 'warning' ELSE 'ok' END;
  RETURN NEXT f;
END
$$;
COMMENT ON FUNCTION segment_internal.preflight_orders(regclass, name, name, name, name) IS 'returns of nothing, and totals of orders that every line repeats';

CREATE FUNCTION segment_internal.preflight_decimals(source regclass, amount name, total bigint) RETURNS SETOF segment_internal.finding
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF segment_internal.segmentation_column_type(source, amount) <> 'numeric'::regtype THEN
    RETURN;
  END IF;
  RETURN NEXT segment_internal.found('amounts with more than 6 decimals',
    format('SELECT o.* FROM %s AS o WHERE scale(trim_scale(o.%I)) > 6', source, amount), 'count(*)', 'warning',
    format('rests of floating point, or prices not yet rounded: round(%I, 2) in a view', amount), total);
END
$$;
COMMENT ON FUNCTION segment_internal.preflight_decimals(regclass, name, bigint) IS 'the noise of floating point in a numeric column';
