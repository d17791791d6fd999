-- segmentation: declaring one, and the plain SQL that it stands for

CREATE FUNCTION check_filter(filter text) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_check_filter';
COMMENT ON FUNCTION check_filter(text) IS
  'true if the text is one SQL expression and nothing more, so that it can stand between parentheses in any query; 42601 '
  'otherwise. Names are not looked up. NULL for NULL';

CREATE FUNCTION run_restricted(command text) RETURNS bigint
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_run_restricted';
COMMENT ON FUNCTION run_restricted(text) IS
  'runs one command as the current role in a security-restricted operation, as REFRESH MATERIALIZED VIEW does, so that '
  'code in it can''t take on another role; the number of rows. NULL for NULL';

CREATE FUNCTION read_restricted(query text) RETURNS text[]
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_read_restricted';
COMMENT ON FUNCTION read_restricted(text) IS
  'the first row of a query, as text, run as by run_restricted; NULL without a row, and for NULL';

CREATE FUNCTION segmentation_column_type(source regclass, "column" name) RETURNS regtype
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT a.atttypid::pg_catalog.regtype
  FROM pg_catalog.pg_attribute a
  WHERE a.attrelid = source AND a.attname = "column" AND a.attnum > 0 AND NOT a.attisdropped;
END;
COMMENT ON FUNCTION segmentation_column_type(regclass, name) IS 'type of a column; NULL if there is none of that name';

CREATE FUNCTION segmentation_version_of(name text, version integer DEFAULT NULL) RETURNS segmentation_version
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v segment.segmentation_version;
BEGIN
  SELECT sv.* INTO v
  FROM segment.segmentation s
  JOIN segment.segmentation_version sv ON sv.segmentation = s.name
  WHERE s.name = segmentation_version_of.name
    AND sv.version = coalesce(segmentation_version_of.version, s.active_version);
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_object',
      MESSAGE = format(CASE WHEN version IS NULL THEN 'segmentation "%s" does not exist'
                            ELSE 'segmentation "%s" has no version %s' END, name, version),
      DETAIL = format('There are: %s.', coalesce(CASE WHEN version IS NULL
        THEN (SELECT string_agg(s.name, ', ' ORDER BY s.name) FROM segment.segmentation s)
        ELSE (SELECT string_agg(sv.version::text, ', ' ORDER BY sv.version) FROM segment.segmentation_version sv
              WHERE sv.segmentation = segmentation_version_of.name) END, 'none')),
      HINT = CASE WHEN version IS NULL THEN 'Declare it with create_segmentation.' ELSE 'Make one with new_version.' END;
  END IF;
  RETURN v;
END
$$;
COMMENT ON FUNCTION segmentation_version_of(text, integer) IS
  'the row of a version, the active one unless a number is given. 42704 if there is no such segmentation or version';

CREATE FUNCTION segmentation_bins(v segmentation_version) RETURNS integer
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT s.bins::integer FROM scheme s WHERE s.name = v.scheme ORDER BY s.shipped LIMIT 1;
END;
COMMENT ON FUNCTION segmentation_bins(segmentation_version) IS 'number of scores a dimension: that of the version''s scheme';

CREATE FUNCTION segmentation_source(v segmentation_version, as_of date) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  at text := format('o.%I', v.at);
  kind regtype := segment.segmentation_column_type(v.source, v.at);
  sql text := format('  FROM %s AS o', v.source);
  clauses text[] := '{}';
BEGIN
  IF as_of IS NOT NULL THEN
    clauses := clauses || CASE kind
      WHEN 'date'::regtype THEN format('%s <= DATE %L', at, as_of)
      WHEN 'timestamptz'::regtype THEN format('%s < TIMESTAMP %L AT TIME ZONE %L', at, as_of + 1, v.zone)
      ELSE format('%s < TIMESTAMP %L', at, as_of + 1) END;
    IF v.look_back_days IS NOT NULL THEN
      clauses := clauses || CASE kind
        WHEN 'date'::regtype THEN format('%s > DATE %L', at, as_of - v.look_back_days)
        WHEN 'timestamptz'::regtype THEN format('%s >= TIMESTAMP %L AT TIME ZONE %L', at, as_of - v.look_back_days + 1, v.zone)
        ELSE format('%s >= TIMESTAMP %L', at, as_of - v.look_back_days + 1) END;
    END IF;
  END IF;
  IF v.filter IS NOT NULL THEN
    clauses := clauses || format(E'(%s\n)', v.filter);
  END IF;
  IF v.opt_out IS NOT NULL THEN
    clauses := clauses || format('NOT EXISTS (SELECT FROM %s AS x WHERE x.%I = o.%I)', v.opt_out, v.opt_out_customer, v.customer);
  END IF;
  RETURN sql || coalesce(E'\n  WHERE ' || nullif(array_to_string(clauses, E'\n    AND '), ''), '');
END
$$;
COMMENT ON FUNCTION segmentation_source(segmentation_version, date) IS
  'FROM and WHERE of a version''s queries: the rows of the source up to as_of (NULL: all) that count; customers without an id included';

CREATE FUNCTION segmentation_customers(v segmentation_version, as_of date) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  source text := segment.segmentation_source(v, as_of);
BEGIN
  RETURN concat(
    format(E'  SELECT o.%I AS customer_id,\n', v.customer),
    CASE WHEN v.market IS NULL THEN E'         ''all'' AS market,\n'
      ELSE format(
        E'         coalesce((array_agg(o.%1$I::text ORDER BY o.%2$I DESC, o.%1$I::text COLLATE "C" DESC)\n'
        '           FILTER (WHERE o.%1$I::text <> '''' AND o.%2$I IS NOT NULL))[1], ''unknown'') AS market,\n', v.market, v.at) END,
    format(E'         segment.rfm_agg(o.%I, o.%I%s) AS rfm\n', v.at, v.amount, ', o.' || quote_ident(v.order_id)),
    source,
    CASE WHEN position(E'\n  WHERE ' IN source) > 0 THEN E'\n    AND ' ELSE E'\n  WHERE ' END,
    format(E'o.%I IS NOT NULL\n  GROUP BY o.%1$I', v.customer),
    CASE WHEN EXISTS (SELECT FROM segment.forgotten) THEN format(E'\n  HAVING NOT segment.is_forgotten(o.%I::text)', v.customer) END);
END
$$;
COMMENT ON FUNCTION segmentation_customers(segmentation_version, date) IS
  'query of a version that gives customer_id, market and rfm, one row a customer';

CREATE FUNCTION segmentation_scored(v segmentation_version, as_of date) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  stored text;
  made text := format('segment.rfm_cut_points_agg(rfm, DATE %L, %s, %L, %L, %L)',
                      as_of, segment.segmentation_bins(v), v.method, v.monetary, v.zone);
BEGIN
  SELECT string_agg(format(E'    (%L, bigint %L, %L::segment.rfm_cut_points)', p.market, p.customers, p.cut_points), E',\n'
                    ORDER BY p.market COLLATE "C")
    INTO stored
  FROM segment.segmentation_cut_points p
  WHERE p.segmentation = v.segmentation AND p.version = v.version
    AND (v.cut_points = 'frozen' OR p.as_of = segmentation_scored.as_of);
  RETURN concat(
    E'customers AS MATERIALIZED (\n', segment.segmentation_customers(v, as_of), E'\n),\n',
    E'cut_points (market, customers, cut_points) AS MATERIALIZED (\n',
    CASE
      WHEN stored IS NOT NULL THEN E'  VALUES\n' || stored
      ELSE concat(
        format(E'  SELECT '''', count(*), %s\n  FROM customers\n  WHERE segment.rfm_frequency(rfm) > 0\n  HAVING count(*) > 0', made),
        CASE WHEN v.market IS NOT NULL THEN
          format(E'\n  UNION ALL\n  SELECT market, count(*), %s\n  FROM customers\n  WHERE segment.rfm_frequency(rfm) > 0\n'
                 '  GROUP BY market\n  HAVING count(*) >= %s', made, v.min_market) END)
    END,
    E'\n),\nscored AS (\n',
    E'  SELECT c.customer_id, c.market, c.rfm,\n',
    format(E'         segment.rfm_score(%s, c.rfm, DATE %L, %L) AS score\n',
           CASE WHEN v.market IS NULL THEN 'everybody.cut_points' ELSE 'coalesce(own.cut_points, everybody.cut_points)' END, as_of, v.zone),
    E'  FROM customers AS c\n',
    CASE WHEN v.market IS NOT NULL THEN E'  LEFT JOIN cut_points AS own ON own.market = c.market\n' END,
    E'  LEFT JOIN cut_points AS everybody ON everybody.market = \'\'\n',
    E')\n');
END
$$;
COMMENT ON FUNCTION segmentation_scored(segmentation_version, date) IS
  'common table expressions customers, cut_points (stored, or made) and scored of a version''s query';

CREATE FUNCTION segmentation_as_of(v segmentation_version) RETURNS date
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  today date := (now() AT TIME ZONE v.zone)::date;
  last_order text;
BEGIN
  IF v.as_of_rule = 'last_order' THEN
    last_order := (segment.read_restricted(format('SELECT (max(o.%I)%s)::date::timestamp %s', v.at,
                   CASE WHEN segment.segmentation_column_type(v.source, v.at) = 'timestamptz'::regtype
                     THEN format(' AT TIME ZONE %L', v.zone) END,
                   segment.segmentation_source(v, NULL))))[1];
    IF last_order IS NULL THEN
      RAISE EXCEPTION USING ERRCODE = 'no_data_found', MESSAGE = 'the source has no order that counts',
        DETAIL = format('%s has no row with a time that meets the filter.', v.source),
        HINT = 'Look at preflight() for the source, or pass as_of.';
    END IF;
    RETURN least(last_order::timestamp::date, today);
  END IF;
  RETURN today - CASE v.as_of_rule WHEN 'yesterday' THEN 1 ELSE 0 END;
END
$$;
COMMENT ON FUNCTION segmentation_as_of(segmentation_version) IS
  'as_of by the version''s rule: the day of the last order that counts (at most today), today, or yesterday, in its zone. P0002 if last_order finds none';

CREATE FUNCTION definition(name text, as_of date DEFAULT NULL, version integer DEFAULT NULL) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v segment.segmentation_version := segment.segmentation_version_of(name, version);
  day date := coalesce(as_of,
    (SELECT max(t.as_of) FROM segment.snapshot t WHERE t.segmentation = v.segmentation AND t.version = v.version),
    (now() AT TIME ZONE v.zone)::date);
BEGIN
  RETURN concat(
    format(E'-- segmentation %s, version %s, as of %s\n', v.segmentation, v.version, day),
    'WITH ', segment.segmentation_scored(v, day),
    format(E'SELECT customer_id, DATE %L AS as_of, market,\n', day),
    format(E'       segment.rfm_recency(rfm, DATE %L, %L) AS recency_days,\n', day, v.zone),
    E'       segment.rfm_frequency(rfm) AS orders,\n       segment.rfm_monetary(rfm) AS revenue,\n',
    format(E'       segment.rfm_first(rfm, %L) AS first_order_on,\n       segment.rfm_last(rfm, %1$L) AS last_order_on,\n', v.zone),
    E'       segment.score_r(score) AS r_score, segment.score_f(score) AS f_score, segment.score_m(score) AS m_score,\n',
    E'       segment.score_code(score) AS rfm_code,\n',
    format(E'       segment.label(score, %L, rfm, DATE %L, %L) AS segment_name,\n', v.scheme, day, v.zone),
    format(E'       segment.label_sort(score, %L, rfm, DATE %L, %L) AS segment_sort\n', v.scheme, day, v.zone),
    'FROM scored');
END
$$;
COMMENT ON FUNCTION definition(text, date, integer) IS
  'the plain SQL that refresh runs: pasted into psql or dbt it gives the rows of customer_profile, with the customer id in '
  'its own type. as_of: by default the newest snapshot''s, or today without one; version: by default the active one. '
  'Frozen cut points stand in it as literals once they are made. 42704 for an unknown segmentation or version';
