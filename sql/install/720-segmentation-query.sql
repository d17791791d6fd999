-- segmentation: the SQL that a version stands for, as text. What users wrote (source, filter, opt-out relation) stands in the queries
-- over the source only; everything behind customers or ledgers is ours.

CREATE FUNCTION segment_internal.customer_type(v segment.segmentation_version) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  -- The names "character" and "bit" mean one of them.
  SELECT CASE t WHEN 'bpchar'::pg_catalog.regtype THEN 'bpchar' WHEN 'bit'::pg_catalog.regtype THEN 'pg_catalog."bit"' ELSE t::text END
  FROM segment_internal.segmentation_column_type(segment_internal.source_oid(v), v.customer) AS t;
END;
COMMENT ON FUNCTION segment_internal.customer_type(segment.segmentation_version) IS 'name of the type of a version''s customer ids, as in a cast';

CREATE FUNCTION segment_internal.segmentation_days(v segment.segmentation_version, as_of date, windowed boolean DEFAULT true) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT format('segment.on_or_before(o.%I, DATE %L, %L)', v.at, as_of, (v.days).zone)
    || CASE WHEN (v.days).look_back_days IS NULL OR NOT windowed THEN ''
            ELSE format(E'\n    AND NOT segment.on_or_before(o.%I, DATE %L, %L)', v.at, as_of - (v.days).look_back_days, (v.days).zone) END
  WHERE as_of IS NOT NULL;
END;
COMMENT ON FUNCTION segment_internal.segmentation_days(segment.segmentation_version, date, boolean) IS
  'condition on a row o of a version''s source: its day counts at as_of (windowed: with the look-back window). NULL for NULL';

CREATE FUNCTION segment_internal.segmentation_source(v segment.segmentation_version, as_of date, VARIADIC conditions text[] DEFAULT '{}') RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT concat('  FROM ', v.source, E' AS o\n  WHERE ', coalesce(nullif(concat_ws(E'\n    AND ',
    segment_internal.segmentation_days(v, as_of, false), '(' || v.filter || E'\n)',
    CASE WHEN (v.privacy).opt_out IS NOT NULL THEN
      concat('NOT EXISTS (SELECT FROM ', (v.privacy).opt_out, format(' AS x WHERE x.%I = o.%I)', (v.privacy).opt_out_customer, v.customer)) END,
    nullif(array_to_string(conditions, E'\n    AND '), '')), ''), 'true'));
END;
COMMENT ON FUNCTION segment_internal.segmentation_source(segment.segmentation_version, date, text[]) IS
  'FROM and WHERE of a version''s queries: the rows of the source up to as_of (NULL: all) that count, those without a customer included, '
  'and that meet further conditions';

CREATE FUNCTION segment_internal.not_forgotten(customer text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT format('NOT segment.is_forgotten(%s)', customer) WHERE segment_internal.anybody_forgotten();
END;
COMMENT ON FUNCTION segment_internal.not_forgotten(text) IS 'condition that the id given as SQL text is not an erased one; NULL if none was erased';

CREATE FUNCTION segment_internal.segmentation_ledger_agg(v segment.segmentation_version, amount text DEFAULT NULL) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT format('segment.ledger_agg(o.%I, %s%s)', v.at, coalesce(segmentation_ledger_agg.amount, segment_internal.amount_sql(v)), CASE
    WHEN segment_internal.segmentation_column_type(segment_internal.source_oid(v), v.at) = 'timestamptz'::pg_catalog.regtype
      THEN format(', %s, %L', coalesce('o.' || quote_ident(v.order_id), 'NULL::integer'), (v.days).zone)
    ELSE ', o.' || quote_ident(v.order_id) END);
END;
COMMENT ON FUNCTION segment_internal.segmentation_ledger_agg(segment.segmentation_version, text) IS 'the aggregate that makes a version''s ledgers, of its amounts or of others, given as SQL';

CREATE FUNCTION segment_internal.segmentation_rfm_agg(v segment.segmentation_version, as_of date) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  summary text := format('segment.rfm_agg(o.%I, %s%s)', v.at, segment_internal.amount_sql(v), ', o.' || quote_ident(v.order_id));
BEGIN
  IF (v.days).look_back_days IS NULL THEN
    RETURN summary;
  END IF;
  RETURN format(E'segment_internal.rfm_since_first(%1$s FILTER (WHERE NOT segment.on_or_before(o.%2$I, DATE %3$L, %4$L)),\n           %1$s)',
                summary, v.at, as_of - (v.days).look_back_days, (v.days).zone);
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_rfm_agg(segment.segmentation_version, date) IS
  'SQL of the summary of a version''s customer at as_of, over the rows up to then: with a look-back window that of its orders, with the first of all';

CREATE FUNCTION segment_internal.segmentation_customers(v segment.segmentation_version, as_of date) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- Rows before the window count for the market and the first order only.
  in_window text := CASE WHEN (v.days).look_back_days IS NULL THEN '' ELSE
    format(' AND NOT segment.on_or_before(o.%I, DATE %L, %L)', v.at, as_of - (v.days).look_back_days, (v.days).zone) END;
BEGIN
  RETURN concat(
    format(E'  SELECT o.%I AS customer_id,\n', v.customer),
    CASE WHEN v.market IS NULL THEN E'         ''all'' AS market,\n'
      ELSE format(
        E'         coalesce((array_agg(o.%1$I::text ORDER BY o.%2$I DESC, o.%1$I::text COLLATE "C" DESC)\n'
        '           FILTER (WHERE o.%1$I::text <> '''' AND o.%2$I IS NOT NULL))[1], ''unknown'') AS market,\n', v.market, v.at) END,
    CASE WHEN v.channel IS NOT NULL THEN format(
      E'         mode() WITHIN GROUP (ORDER BY o.%1$I::text COLLATE "C") FILTER (WHERE o.%1$I::text <> ''''%2$s) AS channel,\n', v.channel, in_window) END,
    CASE WHEN (v.label).kind = 'value_tiers' THEN format(
      E'         segment.ledger_repeat(%s, DATE %L, interval ''1 week'') AS repeat,\n', segment_internal.segmentation_ledger_agg(v), as_of) END,
    '         ', segment_internal.segmentation_rfm_agg(v, as_of), E' AS rfm\n',
    segment_internal.segmentation_source(v, as_of, format('o.%I IS NOT NULL', v.customer)),
    format(E'\n  GROUP BY o.%I', v.customer),
    E'\n  HAVING ' || segment_internal.not_forgotten(segment_internal.customer_text(v, format('o.%I', v.customer))));
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_customers(segment.segmentation_version, date) IS
  'query of a version over its source that gives customer_id, market, rfm, and where the version needs them channel and repeat, one row a customer';

CREATE FUNCTION segment_internal.segmentation_ledgers(v segment.segmentation_version, only_for text DEFAULT NULL) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  source text := segment_internal.segmentation_source(v, NULL, format('o.%I IS NOT NULL', v.customer), only_for);
  day text := format('segment.day_of(o.%I, %L)', v.at, (v.days).zone);
BEGIN
  RETURN concat(
    E'grouped AS (\n', format('  SELECT o.%I AS customer_id, %s AS ledger, count(*) AS rows, ', v.customer, segment_internal.segmentation_ledger_agg(v)),
    format('segment.day_of(max(o.%I), %L)', v.at, (v.days).zone), ' AS last_day, ',
    CASE WHEN (v.measures).margin IS NULL THEN 'NULL::segment.ledger' ELSE segment_internal.segmentation_ledger_agg(v, segment_internal.cost_sql(v)) END, E' AS costs\n',
    source, format(E'\n  GROUP BY o.%I', v.customer),
    E'\n  HAVING ' || segment_internal.not_forgotten(segment_internal.customer_text(v, format('o.%I', v.customer))), E'\n),\n',
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
    format(E'ledgers AS (\n  SELECT customer_id, ledger, rows, last_day, %s, %s, costs\n  FROM grouped%s%s\n)',
      CASE WHEN v.market IS NULL THEN 'NULL::date[] AS market_days, NULL::text[] AS markets' ELSE 'market_days, markets' END,
      CASE WHEN v.channel IS NULL THEN 'NULL::date[] AS channel_days, NULL::text[] AS channels, NULL::bigint[] AS channel_rows'
           ELSE 'channel_days, channels, channel_rows' END,
      CASE WHEN v.market IS NOT NULL THEN ' LEFT JOIN markets USING (customer_id)' END,
      CASE WHEN v.channel IS NOT NULL THEN ' LEFT JOIN channels USING (customer_id)' END));
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_ledgers(segment.segmentation_version, text) IS
  'common table expressions of a version over its source that end with ledgers: one row a customer with customer_id and the columns of '
  'customer_ledger, from all orders, or from those that meet a further condition';

CREATE FUNCTION segment_internal.segmentation_from_ledgers(v segment.segmentation_version, as_of date, ledgers text) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  summary text := format('segment.ledger_rfm(ledger, DATE %L)', as_of);
BEGIN
  IF (v.days).look_back_days IS NOT NULL THEN
    summary := format('segment_internal.rfm_since_first(segment.ledger_rfm(ledger, DATE %L, interval ''%s days''), %s)',
                      as_of, (v.days).look_back_days, summary);
  END IF;
  RETURN concat(
    E'  SELECT customer_id,\n         ',
    CASE WHEN v.market IS NULL THEN '''all''' ELSE format('coalesce(markets[width_bucket(DATE %L, market_days)], ''unknown'')', as_of) END, E' AS market,\n         ',
    CASE WHEN v.channel IS NOT NULL THEN format(
      E'(SELECT c.channel FROM unnest(channel_days, channels, channel_rows) AS c (day, channel, n)\n'
      '          WHERE c.day <= DATE %L%s GROUP BY c.channel ORDER BY sum(c.n) DESC, c.channel COLLATE "C" LIMIT 1) AS channel,\n         ', as_of,
      CASE WHEN (v.days).look_back_days IS NOT NULL THEN format(' AND c.day > DATE %L', as_of - (v.days).look_back_days) END) END,
    CASE WHEN (v.label).kind = 'value_tiers' THEN format(E'segment.ledger_repeat(ledger, DATE %L, interval ''1 week'') AS repeat,\n         ', as_of) END,
    segment_internal.due_of_ledger(v, as_of), E' AS due,\n         ',
    -- Each is asked for several times: computed once
    summary, E' AS rfm\n    FROM ', ledgers, E'\n    OFFSET 0');
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_from_ledgers(segment.segmentation_version, date, text) IS
  'query that gives what segmentation_customers does at the end of a day from ledgers, and due, the day on which a ledger alone says something else';

CREATE FUNCTION segment_internal.due_of_ledger(v segment.segmentation_version, as_of date) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN format('least(segment_internal.ledger_due(ledger, DATE %L, %s)', as_of, coalesce((v.days).look_back_days::text, 'NULL'))
    -- Rows without an amount have a market and a channel, but no entry.
    || CASE WHEN v.market IS NULL THEN '' ELSE format(', (SELECT min(d) FROM unnest(market_days) AS d WHERE d > DATE %L)', as_of) END
    || CASE WHEN v.channel IS NULL THEN '' ELSE format(', (SELECT min(d) FROM unnest(channel_days) AS d WHERE d > DATE %L)', as_of) END
    || CASE WHEN v.channel IS NULL OR (v.days).look_back_days IS NULL THEN ''
            ELSE format(', (SELECT min(d + %s) FROM unnest(channel_days) AS d WHERE d + %1$s > DATE %L)', (v.days).look_back_days, as_of) END
    || ')';
END
$$;
COMMENT ON FUNCTION segment_internal.due_of_ledger(segment.segmentation_version, date) IS
  'SQL of the first day after as_of on which what a ledger and its market and channel days say changes without a new order';

-- What labels a customer other than a scheme. The functions below write SQL about one row, and what it needs from all.
CREATE FUNCTION segment_internal.segmentation_features(v segment.segmentation_version, as_of date, rfm text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT 'ARRAY[' || string_agg(CASE f.name
      WHEN 'recency' THEN format('segment.rfm_recency(%s, DATE %L, %L)', rfm, as_of, (v.days).zone)
      WHEN 'orders' THEN format('segment.rfm_frequency(%s)', rfm)
      WHEN 'revenue' THEN format('segment.rfm_monetary(%s)', rfm)
      WHEN 'average_order' THEN format('segment.rfm_average(%s)', rfm)
      WHEN 'tenure' THEN format('segment.rfm_tenure(%s, DATE %L, %L)', rfm, as_of, (v.days).zone)
      WHEN 'returns' THEN format('segment.rfm_returns(%s)', rfm)
      WHEN 'returned' THEN format('segment.rfm_returned(%s)', rfm)
    END, ', ' ORDER BY f.position) || ']::double precision[]'
  FROM unnest((v.label).features) WITH ORDINALITY AS f (name, position);
END;
COMMENT ON FUNCTION segment_internal.segmentation_features(segment.segmentation_version, date, text) IS
  'SQL of the feature vector of a customer whose summary is the SQL expression rfm';

CREATE FUNCTION segment_internal.segmentation_model_of(v segment.segmentation_version, as_of date) RETURNS segment.segmentation_model
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT m FROM segment.segmentation_model m
  WHERE m.segmentation = v.segmentation AND m.version = v.version AND ((v.scores).cut_points = 'frozen' OR m.as_of = segmentation_model_of.as_of);
END;
COMMENT ON FUNCTION segment_internal.segmentation_model_of(segment.segmentation_version, date) IS
  'the fitted models that label a version''s customers at as_of; NULL if none are stored';

CREATE FUNCTION segment_internal.flat(value anyelement) RETURNS anyelement
  AS 'MODULE_PATHNAME', 'segment_flat' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.flat(anyelement) IS
  'the value itself, not a pointer to where it is stored out of line: what every row of a query is given is unpacked once. NULL for NULL';

CREATE FUNCTION segment_internal.segmentation_has_due(v segment.segmentation_version) RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT v.ledger_set IS NOT NULL AND (v.scores).cut_points = 'frozen' AND (v.label).kind = 'scheme';
END;
COMMENT ON FUNCTION segment_internal.segmentation_has_due(segment.segmentation_version) IS
  'whether the days are known on which time alone changes states: with stored ledgers, frozen cut points and a scheme';

CREATE FUNCTION segment_internal.segmentation_cut_points_made(v segment.segmentation_version, as_of date) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  made text := format('segment.rfm_cut_points_agg(rfm, DATE %L, %s, %L, %L, %L)', as_of, segment_internal.segmentation_bins(v),
                      (v.scores).method, (v.scores).monetary, (v.days).zone);
BEGIN
  RETURN concat(
    format(E'  SELECT '''' AS market, count(*) AS customers, %s AS cut_points\n  FROM customers\n  WHERE segment.rfm_frequency(rfm) > 0\n  HAVING count(*) > 0', made),
    CASE WHEN v.market IS NOT NULL THEN
      format(E'\n  UNION ALL\n  SELECT market, count(*), %s\n  FROM customers\n  WHERE segment.rfm_frequency(rfm) > 0\n  GROUP BY market\n  HAVING count(*) >= %s',
             made, coalesce((v.scores).min_market, 20 * segment_internal.segmentation_bins(v))) END);
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_cut_points_made(segment.segmentation_version, date) IS
  'query that makes a version''s cut points of its customers at as_of: those of all under the market '''', and those of each market that is large enough';

CREATE FUNCTION segment_internal.segmentation_cut_points_of(v segment.segmentation_version, as_of date) RETURNS SETOF segment.segmentation_cut_points
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
  SELECT p.* FROM segment.segmentation_cut_points p
  WHERE p.segmentation = v.segmentation AND p.version = v.version
    AND ((v.scores).cut_points = 'frozen' OR p.as_of = segmentation_cut_points_of.as_of);
END;
COMMENT ON FUNCTION segment_internal.segmentation_cut_points_of(segment.segmentation_version, date) IS
  'the stored cut points that score a version''s customers at as_of';

CREATE FUNCTION segment_internal.segmentation_cut_points_text(v segment.segmentation_version, as_of date, literal boolean) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  stored text;
BEGIN
  SELECT string_agg(format(E'    (%L, bigint %L, %L::segment.rfm_cut_points)', p.market, p.customers, p.cut_points), E',\n' ORDER BY p.market COLLATE "C")
    INTO stored
  FROM segment_internal.segmentation_cut_points_of(v, as_of) p;
  IF stored IS NULL THEN
    RETURN concat(E'cut_points (market, customers, cut_points) AS MATERIALIZED (\n', segment_internal.segmentation_cut_points_made(v, as_of), E'\n),\n');
  ELSIF literal THEN
    RETURN concat(E'cut_points (market, customers, cut_points) AS MATERIALIZED (\n  VALUES\n', stored, E'\n),\n');
  END IF;
  RETURN format(E'cut_points AS NOT MATERIALIZED (\n  SELECT p.market, p.cut_points FROM segment.segmentation_cut_points AS p\n'
                '  WHERE p.segmentation = %L AND p.version = %s', v.segmentation, v.version)
    || CASE WHEN (v.scores).cut_points = 'frozen' THEN '' ELSE format(' AND p.as_of = DATE %L', as_of) END || E'\n),\n';
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_cut_points_text(segment.segmentation_version, date, boolean) IS
  'common table expression cut_points of a version''s query: the stored ones, by reference or as literals, else made of customers';

CREATE FUNCTION segment_internal.segmentation_models(v segment.segmentation_version, as_of date, literal boolean) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  m segment.segmentation_model := segment_internal.segmentation_model_of(v, as_of);
  kept text := format(E'FROM segment.segmentation_model AS m\n  WHERE m.segmentation = %L AND m.version = %s AND m.as_of = DATE %L OFFSET 0',
                      v.segmentation, v.version, m.as_of);
BEGIN
  IF (v.label).kind = 'value_tiers' AND m.version IS NULL THEN
    RETURN segment_internal.segmentation_fit_tiers(v);
  ELSIF (v.label).kind = 'value_tiers' THEN
    RETURN concat(E'models AS NOT MATERIALIZED (\n  SELECT ', CASE WHEN literal
        THEN format(E'%L::segment.btyd_model AS orders, %L::segment.spend_model AS spend,\n'
                    '         %L::segment.cut_points AS return_levels, %L::segment.cut_points[] AS value_levels, %L::smallint[] AS tier_sorts',
                    m.orders, m.spend, m.return_levels, m.value_levels, m.tier_sorts)
        ELSE E'segment_internal.flat(m.orders) AS orders, segment_internal.flat(m.spend) AS spend, m.return_levels, m.value_levels, m.tier_sorts\n  ' || kept END,
      E'\n),\npredicted AS NOT MATERIALIZED (\n', segment_internal.segmentation_predicted(v),
      E'\n),\nlevels AS NOT MATERIALIZED (\n  SELECT return_levels, value_levels, tier_sorts FROM models\n),\n');
  ELSIF (v.label).kind = 'clusters' THEN
    RETURN concat(E'clusters AS ', CASE WHEN (v.label).cluster_model IS NULL AND m.version IS NULL THEN E'MATERIALIZED (\n' || segment_internal.segmentation_fit_clusters(v, as_of)
        WHEN literal THEN format(E'MATERIALIZED (\n  SELECT %L::segment.kmeans_model AS model', coalesce((v.label).cluster_model, m.clusters))
        WHEN (v.label).cluster_model IS NOT NULL THEN format(E'NOT MATERIALIZED (\n  SELECT segment_internal.flat((m.label).cluster_model) AS model '
          'FROM segment.segmentation_version AS m WHERE m.segmentation = %L AND m.version = %s OFFSET 0', v.segmentation, v.version)
        ELSE E'NOT MATERIALIZED (\n  SELECT segment_internal.flat(m.clusters) AS model ' || kept END,
      format(E'\n),\ncluster_labels AS NOT MATERIALIZED (\n  SELECT l.* FROM clusters, segment.cluster_labels(model, %L, %L) AS l\n),\n',
             (v.label).features, (v.label).names));
  END IF;
  RETURN '';
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_models(segment.segmentation_version, date, boolean) IS
  'common table expressions between customers and scored that a version needs to label by clusters or value tiers: models '
  'stored (by reference or as literals), or fitted to the customers; empty for a scheme';

CREATE FUNCTION segment_internal.segmentation_predicted(v segment.segmentation_version) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT format(E'  SELECT c.*, segment.expected_spend(m.spend, c.repeat) AS expected_spend,\n'
                '         segment.p_orders(m.orders, c.repeat, interval %1$L) AS p_order,\n'
                '         segment.clv(m.orders, m.spend, c.repeat, interval %1$L) AS expected_value\n  FROM customers AS c CROSS JOIN models AS m', (v.label).horizon);
END;
COMMENT ON FUNCTION segment_internal.segmentation_predicted(segment.segmentation_version) IS 'query of a version by value tiers that adds expected_spend, p_order and expected_value to customers';

CREATE FUNCTION segment_internal.segmentation_fit_tiers(v segment.segmentation_version) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT concat(
    format(E'models AS MATERIALIZED (\n  SELECT segment.%s(segment.btyd_agg(repeat)) AS orders,\n'
           '         segment.gamma_gamma(segment.spend_agg(repeat, true)) AS spend\n  FROM customers', (v.label).model),
    E'\n),\npredicted AS MATERIALIZED (\n', segment_internal.segmentation_predicted(v),
    format(E'\n),\nreturn_cut AS MATERIALIZED (\n  SELECT segment.cut_points_agg(p_order, %1$s) AS return_levels FROM predicted\n),\n'
           'value_cut AS MATERIALIZED (\n'
           '  SELECT g.return_level, coalesce((SELECT segment.cut_points_agg(p.expected_value, %1$s) FROM predicted AS p, return_cut AS r\n'
           '                                   WHERE segment.score(r.return_levels, p.p_order) = g.return_level),\n'
           '                                  (SELECT segment.cut_points_agg(p.expected_value, %1$s) FROM predicted AS p)) AS cut\n'
           '  FROM generate_series(1, %1$s) AS g (return_level)\n),\n'
           'tiers AS MATERIALIZED (\n'
           '  SELECT t.value_level, t.return_level, row_number() OVER (ORDER BY avg(p.expected_value::numeric) DESC NULLS LAST, t.sort) AS sort\n'
           '  FROM segment.value_tiers(%1$s) AS t JOIN value_cut AS v USING (return_level) CROSS JOIN return_cut AS r\n'
           '  LEFT JOIN predicted AS p ON segment.score(r.return_levels, p.p_order) = t.return_level AND segment.score(v.cut, p.expected_value) = t.value_level\n'
           '  GROUP BY t.value_level, t.return_level, t.sort\n),\n'
           'levels AS MATERIALIZED (\n'
           '  SELECT r.return_levels, (SELECT array_agg(v.cut ORDER BY v.return_level) FROM value_cut AS v) AS value_levels,\n'
           '         (SELECT array_agg(t.sort::smallint ORDER BY t.value_level, t.return_level) FROM tiers AS t) AS tier_sorts\n  FROM return_cut AS r\n),\n', (v.label).tiers));
END;
COMMENT ON FUNCTION segment_internal.segmentation_fit_tiers(segment.segmentation_version) IS 'models, predicted and levels of a version by value tiers, fitted to its customers';

CREATE FUNCTION segment_internal.segmentation_fit_clusters(v segment.segmentation_version, as_of date) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- Sorted, as a compressed coreset depends on the order of its rows
  fit text := format('segment.kmeans(segment.coreset_agg(%s ORDER BY customer_id::text COLLATE "C"), k => %s)',
                     segment_internal.segmentation_features(v, as_of, 'rfm'), (v.label).clusters);
  former date;
BEGIN
  -- Cluster 3 stays cluster 3 where models float.
  SELECT max(b.as_of) INTO former FROM segment.segmentation_model b
  WHERE b.segmentation = v.segmentation AND b.version = v.version AND b.as_of < segmentation_fit_clusters.as_of;
  IF former IS NOT NULL THEN
    fit := format('segment.relabel(%s, (SELECT m.clusters FROM segment.segmentation_model AS m WHERE m.segmentation = %L AND m.version = %s AND m.as_of = DATE %L))',
                  fit, v.segmentation, v.version, former);
  END IF;
  RETURN format(E'  SELECT %s AS model\n  FROM customers\n  WHERE segment.rfm_frequency(rfm) > 0', fit);
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_fit_clusters(segment.segmentation_version, date) IS 'query that fits the clusters of a version to its customers at as_of';

-- What time alone changes shows some days later: the label is that of so many days ago, but for what the customer has done since. They are hold_days,
-- or some of the customer's usual gaps between orders. They depend on the summary only, so they stay while time alone passes.
CREATE FUNCTION segment_internal.wait_days(rfm segment.rfm, hold_days integer, hold_gaps integer, look_back_days integer, zone text) RETURNS integer
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  -- With a look-back window the first order is that of all, but those between lie in the window.
  SELECT CASE WHEN hold_gaps > 0 AND segment.rfm_frequency(rfm) > 1
    THEN greatest(hold_days, least(365, hold_gaps * least(segment.rfm_last(rfm, zone) - segment.rfm_first(rfm, zone), look_back_days) / (segment.rfm_frequency(rfm) - 1))::integer)
    ELSE hold_days END;
END;
COMMENT ON FUNCTION segment_internal.wait_days(segment.rfm, integer, integer, integer, text) IS
  'how many days later what time alone changes shows of a customer: hold_days, or hold_gaps mean gaps between the orders of the summary, if that is more, but these at most a year';

CREATE FUNCTION segment_internal.segmentation_wait(v segment.segmentation_version, rfm text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN (v.label).hold_gaps > 0
    THEN format('segment_internal.wait_days(%s, %s, %s, %s, %L)', rfm, (v.label).hold_days, (v.label).hold_gaps, coalesce((v.days).look_back_days::text, 'NULL'), (v.days).zone)
    ELSE (v.label).hold_days::text END
  WHERE (v.label).hold_days IS NOT NULL;
END;
COMMENT ON FUNCTION segment_internal.segmentation_wait(segment.segmentation_version, text) IS
  'SQL of the days that what time alone changes shows later in a version by a scheme, of a customer whose summary is the SQL expression rfm; NULL: at once';

CREATE FUNCTION segment_internal.held_day(v segment.segmentation_version, as_of date, rfm text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN (v.label).hold_days IS NULL THEN format('DATE %L', as_of)
              ELSE format('greatest(DATE %L - %s, segment.rfm_last(%s, %L))', as_of, segment_internal.segmentation_wait(v, rfm), rfm, (v.days).zone) END;
END;
COMMENT ON FUNCTION segment_internal.held_day(segment.segmentation_version, date, text) IS
  'SQL of the day whose label a version by a scheme shows at as_of: as_of, or with hold_days so many days before as segmentation_wait says, but no day before the last order of rfm';

CREATE FUNCTION segment_internal.segmentation_labelled(v segment.segmentation_version, as_of date) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- Who gets no label: Others with orders (no purchase that was kept), else No orders
  named text := E'  SELECT s.*, coalesce(%1$s, CASE WHEN segment.rfm_frequency(s.rfm) > 0 THEN ''Others'' ELSE ''No orders'' END) AS segment_name,\n'
                '         coalesce(%2$s, CASE WHEN segment.rfm_frequency(s.rfm) > 0 THEN 1000 ELSE 1001 END)::smallint AS segment_sort\n  FROM scored AS s\n';
  zoned text := format('s.rfm, %s, %L)', segment_internal.held_day(v, as_of, 's.rfm'), (v.days).zone);
BEGIN
  CASE (v.label).kind
    WHEN 'value_tiers' THEN
      RETURN concat(format(named, 't.tier', format('l.tier_sorts[%s * (t.value_level - 1) + t.return_level]', (v.label).tiers)), E'  CROSS JOIN levels AS l\n',
        format(E'  LEFT JOIN segment.value_tiers(%s) AS t\n', (v.label).tiers),
        E'    ON t.return_level = segment.score(l.return_levels, s.p_order) AND t.value_level = segment.score(l.value_levels[t.return_level], s.expected_value)\n');
    WHEN 'clusters' THEN
      RETURN concat(format(named, 'l.segment', 'l.sort'), E'  CROSS JOIN clusters AS m\n  LEFT JOIN cluster_labels AS l\n',
        format(E'    ON segment.rfm_frequency(s.rfm) > 0 AND l.cluster = segment.cluster_of(m.model, %s)\n',
               segment_internal.segmentation_features(v, as_of, 's.rfm')));
    ELSE
      RETURN format(E'  SELECT s.*, segment.label(s.%3$s, %1$L, %2$s AS segment_name,\n'
                    '         segment.label_sort(s.%3$s, %1$L, %2$s AS segment_sort\n  FROM scored AS s\n', (v.label).scheme, zoned,
                    CASE WHEN (v.label).hold_days IS NULL THEN 'score' ELSE 'held_score' END);
  END CASE;
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_labelled(segment.segmentation_version, date) IS
  'query of a version that adds segment_name and segment_sort to scored: from its scheme, clusters or value tiers';

CREATE FUNCTION segment_internal.segmentation_scored(v segment.segmentation_version, as_of date, customers text DEFAULT NULL, literal boolean DEFAULT false, nobody boolean DEFAULT false)
  RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own_or_all text := CASE WHEN v.market IS NULL THEN 'everybody.cut_points' ELSE 'coalesce(own.cut_points, everybody.cut_points)' END;
BEGIN
  RETURN concat(
    'customers AS ', CASE WHEN literal THEN 'MATERIALIZED ' END, E'(\n', coalesce(customers, segment_internal.segmentation_customers(v, as_of)), E'\n),\n',
    segment_internal.segmentation_cut_points_text(v, as_of, literal), segment_internal.segmentation_models(v, as_of, literal),
    E'scored AS (\n  SELECT c.*,\n', format(E'         segment.rfm_score(%s, c.rfm, DATE %L, %L) AS score', own_or_all, as_of, (v.days).zone),
    format(E',\n         segment.rfm_score(%s, c.rfm, %s, %L) AS held_score', own_or_all, segment_internal.held_day(v, as_of, 'c.rfm'), (v.days).zone)
      || CASE WHEN (v.label).hold_days IS NOT NULL THEN '' END,
    CASE WHEN NOT literal AND segment_internal.segmentation_has_due(v) THEN
      format(E',\n         least(segment_internal.score_due(%1$s, c.rfm, DATE %2$L, %3$L, %4$L)', own_or_all, as_of, (v.days).zone, segment_internal.tenure_bounds(v))
      || CASE WHEN (v.label).hold_days IS NULL THEN '' ELSE format(', segment_internal.score_due(%s, c.rfm, %s, %L, %L) + %s', own_or_all,
                segment_internal.held_day(v, as_of, 'c.rfm'), (v.days).zone, segment_internal.tenure_bounds(v), segment_internal.segmentation_wait(v, 'c.rfm')) END || ') AS score_due' END,
    format(E'\n  FROM %s AS c\n', CASE WHEN (v.label).kind = 'value_tiers' THEN 'predicted' ELSE 'customers' END),
    CASE WHEN v.market IS NOT NULL THEN E'  LEFT JOIN cut_points AS own ON own.market = c.market\n' END,
    E'  LEFT JOIN cut_points AS everybody ON everybody.market = \'\'\n', CASE WHEN NOT nobody THEN E'  WHERE c.rfm IS NOT NULL\n' END, CASE WHEN NOT literal THEN E'  OFFSET 0\n' END,
    E'),\nlabelled AS (\n', segment_internal.segmentation_labelled(v, as_of), E')\n');
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_scored(segment.segmentation_version, date, text, boolean, boolean) IS
  'common table expressions of a version''s query: customers (by default segmentation_customers), cut_points and models '
  '(stored: by reference, or as literals; else made), scored, labelled. nobody: with those who have no order that counts, whose rfm is NULL';

CREATE FUNCTION segment_internal.tenure_bounds(v segment.segmentation_version) RETURNS integer[]
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT coalesce(array_agg(DISTINCT x.bound ORDER BY x.bound), '{}')
  FROM segment.scheme_rule r CROSS JOIN LATERAL (VALUES (r.tenure_days_lower), (r.tenure_days_upper + 1)) x (bound)
  WHERE r.scheme = (v.label).scheme AND x.bound IS NOT NULL
    AND r.shipped = (SELECT s.shipped FROM segment.scheme s WHERE s.name = r.scheme ORDER BY s.shipped LIMIT 1);
END;
COMMENT ON FUNCTION segment_internal.tenure_bounds(segment.segmentation_version) IS
  'numbers of days since the first order at which a rule of the version''s scheme begins or ceases to hold';

CREATE FUNCTION segment_internal.segmentation_incoming(v segment.segmentation_version, as_of date, customers text, customer text, scored boolean, partial boolean) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  due boolean := segment_internal.segmentation_has_due(v);
  rest text := concat(', ', CASE WHEN v.channel IS NULL THEN 'NULL::text' ELSE 'c.channel' END,
                      ', ', CASE WHEN (v.label).kind = 'value_tiers' THEN 'c.repeat' ELSE 'NULL::segment.repeat_summary' END);
  -- Of those who are asked for, nobody is left out; else who is no customer yet is in it where the day on which that changes is known.
  kept text := CASE WHEN partial THEN '' WHEN due THEN ' WHERE c.rfm IS NOT NULL OR c.due IS NOT NULL' ELSE ' WHERE c.rfm IS NOT NULL' END;
BEGIN
  IF scored THEN
    RETURN concat('WITH ', segment_internal.segmentation_scored(v, as_of, customers, false, true), 'SELECT ', customer, ', c.market, c.rfm, c.score, '
      'CASE WHEN c.rfm IS NOT NULL THEN c.segment_name END, CASE WHEN c.rfm IS NOT NULL THEN c.segment_sort END', rest,
      CASE WHEN due THEN ', least(c.due, c.score_due)' ELSE ', NULL::date' END, ' FROM labelled AS c', kept);
  END IF;
  RETURN concat('SELECT ', customer, ', c.market, c.rfm, NULL::segment.rfm_score, NULL::text, NULL::smallint', rest,
                CASE WHEN due THEN ', c.due' ELSE ', NULL::date' END, E' FROM (\n', customers, E'\n) AS c', kept);
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_incoming(segment.segmentation_version, date, text, text, boolean, boolean) IS
  'query with the columns of incoming_row: a version''s customers at as_of, with or without scores and labels. customers: query that gives them; '
  'customer: SQL of the id as text of a row c of it; partial: also those of them who are no customers, with NULL for rfm';
