-- segmentation: declaring one, and the plain SQL that it stands for

CREATE FUNCTION segment_internal.check_filter(filter text) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_check_filter';
COMMENT ON FUNCTION segment_internal.check_filter(text) IS
  'true if the text is one SQL expression and nothing more, so that it can stand between parentheses in any query; 42601 '
  'otherwise. Names are not looked up. NULL for NULL';

CREATE FUNCTION segment_internal.run_restricted(command text) RETURNS bigint
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_run_restricted';
COMMENT ON FUNCTION segment_internal.run_restricted(text) IS
  'runs one command as the current role in a security-restricted operation, as REFRESH MATERIALIZED VIEW does, so that '
  'code in it cannot take on another role; the number of rows. NULL for NULL';

CREATE FUNCTION segment_internal.read_restricted(query text) RETURNS text[]
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_read_restricted';
COMMENT ON FUNCTION segment_internal.read_restricted(text) IS
  'the first row of a query, as text, run as by run_restricted; NULL without a row, and for NULL';

CREATE FUNCTION segment_internal.segmentation_column_type(source regclass, "column" name) RETURNS regtype
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT a.atttypid::pg_catalog.regtype
  FROM pg_catalog.pg_attribute a
  WHERE a.attrelid = source AND a.attname = "column" AND a.attnum > 0 AND NOT a.attisdropped;
END;
COMMENT ON FUNCTION segment_internal.segmentation_column_type(regclass, name) IS 'type of a column; NULL if there is none of that name';

CREATE FUNCTION segment_internal.segmentation_version_of(name text, version integer DEFAULT NULL) RETURNS segment.segmentation_version
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
COMMENT ON FUNCTION segment_internal.segmentation_version_of(text, integer) IS
  'the row of a version, the active one unless a number is given. 42704 if there is no such segmentation or version';

CREATE FUNCTION segment_internal.segmentation_bins(v segment.segmentation_version) RETURNS integer
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT s.bins::integer FROM segment.scheme s WHERE s.name = v.scheme ORDER BY s.shipped LIMIT 1;
END;
COMMENT ON FUNCTION segment_internal.segmentation_bins(segment.segmentation_version) IS 'number of scores a dimension: that of the version''s scheme';

CREATE FUNCTION segment_internal.segmentation_days(v segment.segmentation_version, as_of date) RETURNS text
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN format('segment.on_or_before(o.%I, DATE %L, %L)', v.at, as_of, v.zone)
    || CASE WHEN v.look_back_days IS NULL THEN ''
            ELSE format(E'\n    AND NOT segment.on_or_before(o.%I, DATE %L, %L)', v.at, as_of - v.look_back_days, v.zone) END;
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_days(segment.segmentation_version, date) IS 'condition on a row o of a version''s source: its day counts at as_of. NULL for NULL';

CREATE FUNCTION segment.keyed_hash(customer text, key bytea) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT encode(sha256(key || sha256(key || convert_to(customer, 'UTF8'))), 'hex');
END;
COMMENT ON FUNCTION segment.keyed_hash(text, bytea) IS 'pseudonym of a customer id as text: keyed SHA-256, 64 hexadecimal digits; NULL for NULL';

CREATE FUNCTION segment_internal.segmentation_check_blocked(v segment.segmentation_version) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  b segment.blocked_column;
BEGIN
  -- A filter is text here: a blocked name in it is refused, wherever it stands.
  SELECT * INTO b FROM segment.blocked_column c
  WHERE lower(c.name) = ANY (ARRAY[lower(v.customer), lower(v.at), lower(v.amount), lower(v.order_id), lower(v.market), lower(v.channel), lower(v.changed_at)])
     OR strpos(' ' || regexp_replace(lower(v.filter), '[^[:alnum:]_]+', ' ', 'g') || ' ', ' ' || regexp_replace(lower(c.name), '[^[:alnum:]_]+', ' ', 'g') || ' ') > 0
  ORDER BY c.name LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format('column "%s" may not be used', b.name),
      DETAIL = coalesce(b.reason, 'It is listed in segment.blocked_column.'),
      HINT = 'Declare the segmentation without it; a filter must not name it either.';
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_check_blocked(segment.segmentation_version) IS
  '42501 if a version uses a column of blocked_column, or its filter has such a word in it. What a view makes of its columns is not seen';

CREATE FUNCTION segment_internal.segmentation_source(v segment.segmentation_version, as_of date) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  clauses text[] := ARRAY[segment_internal.segmentation_days(v, as_of), '(' || v.filter || E'\n)'];
BEGIN
  IF v.opt_out IS NOT NULL THEN
    clauses := clauses || format('NOT EXISTS (SELECT FROM %s AS x WHERE x.%I = o.%I)', v.opt_out, v.opt_out_customer, v.customer);
  END IF;
  RETURN concat(format('  FROM %s AS o', v.source), E'\n  WHERE ' || nullif(array_to_string(clauses, E'\n    AND '), ''));
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_source(segment.segmentation_version, date) IS
  'FROM and WHERE of a version''s queries: the rows of the source up to as_of (NULL: all) that count; customers without an id included';

CREATE FUNCTION segment_internal.segmentation_customers(v segment.segmentation_version, as_of date) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  source text := segment_internal.segmentation_source(v, as_of);
BEGIN
  IF v.changes <> 'none' THEN
    RETURN concat('  WITH ', segment_internal.segmentation_ledgers(v), E'\n', segment_internal.segmentation_from_ledgers(v, as_of, 'ledgers'));
  END IF;
  RETURN concat(
    format(E'  SELECT o.%I AS customer_id,\n', v.customer),
    CASE WHEN v.market IS NULL THEN E'         ''all'' AS market,\n'
      ELSE format(
        E'         coalesce((array_agg(o.%1$I::text ORDER BY o.%2$I DESC, o.%1$I::text COLLATE "C" DESC)\n'
        '           FILTER (WHERE o.%1$I::text <> '''' AND o.%2$I IS NOT NULL))[1], ''unknown'') AS market,\n', v.market, v.at) END,
    CASE WHEN v.channel IS NOT NULL THEN format(
      E'         mode() WITHIN GROUP (ORDER BY o.%1$I::text COLLATE "C") FILTER (WHERE o.%1$I::text <> '''') AS channel,\n', v.channel) END,
    CASE WHEN v.value_tiers IS NOT NULL THEN format(
      E'         segment.ledger_repeat(%s, DATE %L, interval ''1 week'') AS repeat,\n', segment_internal.segmentation_ledger_agg(v), as_of) END,
    format(E'         segment.rfm_agg(o.%I, o.%I%s) AS rfm\n', v.at, v.amount, ', o.' || quote_ident(v.order_id)),
    source,
    CASE WHEN position(E'\n  WHERE ' IN source) > 0 THEN E'\n    AND ' ELSE E'\n  WHERE ' END,
    format(E'o.%I IS NOT NULL\n  GROUP BY o.%1$I', v.customer),
    CASE WHEN EXISTS (SELECT FROM segment.forgotten) THEN format(E'\n  HAVING NOT segment.is_forgotten(o.%I::text)', v.customer) END);
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_customers(segment.segmentation_version, date) IS
  'query of a version that gives customer_id, market, rfm, and where the version needs them channel and repeat, one row a customer';

-- What labels a customer other than a scheme. The two functions below write SQL about one row, and what it needs from all.
CREATE FUNCTION segment_internal.segmentation_features(v segment.segmentation_version, as_of date, rfm text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT 'ARRAY[' || string_agg(CASE f.name
      WHEN 'recency' THEN format('segment.rfm_recency(%s, DATE %L, %L)', rfm, as_of, v.zone)
      WHEN 'orders' THEN format('segment.rfm_frequency(%s)', rfm)
      WHEN 'revenue' THEN format('segment.rfm_monetary(%s)', rfm)
      WHEN 'average_order' THEN format('segment.rfm_average(%s)', rfm)
      WHEN 'tenure' THEN format('segment.rfm_tenure(%s, DATE %L, %L)', rfm, as_of, v.zone)
      WHEN 'returns' THEN format('segment.rfm_returns(%s)', rfm)
      WHEN 'returned' THEN format('segment.rfm_returned(%s)', rfm)
    END, ', ' ORDER BY f.position) || ']::double precision[]'
  FROM unnest(v.features) WITH ORDINALITY AS f (name, position);
END;
COMMENT ON FUNCTION segment_internal.segmentation_features(segment.segmentation_version, date, text) IS
  'SQL of the feature vector of a customer whose summary is the SQL expression rfm';

CREATE FUNCTION segment_internal.segmentation_model_of(v segment.segmentation_version, as_of date) RETURNS segment.segmentation_model
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT m FROM segment.segmentation_model m
  WHERE m.segmentation = v.segmentation AND m.version = v.version AND (v.cut_points = 'frozen' OR m.as_of = segmentation_model_of.as_of);
END;
COMMENT ON FUNCTION segment_internal.segmentation_model_of(segment.segmentation_version, date) IS
  'the fitted models that label a version''s customers at as_of; NULL if none are stored';

CREATE FUNCTION segment.cluster_labels(model segment.kmeans_model, features text[], names text[], OUT cluster integer, OUT segment text, OUT sort smallint)
  RETURNS SETOF record LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 8
BEGIN ATOMIC
  SELECT t.cluster, coalesce(names[t.cluster], 'Cluster ' || t.cluster),
         row_number() OVER (ORDER BY t.centroid[array_position(features, 'revenue')] DESC NULLS LAST, t.cluster)::smallint
  FROM segment.cluster_table(model) AS t;
END;
COMMENT ON FUNCTION segment.cluster_labels(segment.kmeans_model, text[], text[]) IS
  'segments of a model''s clusters: named by names, or Cluster and the number; ranked by the typical revenue, highest first, '
  'if that is one of the features, else by number. No rows for a NULL model';

CREATE FUNCTION segment_internal.segmentation_models(v segment.segmentation_version, as_of date) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  m segment.segmentation_model := segment_internal.segmentation_model_of(v, as_of);
  old segment.kmeans_model;
  fit text;
BEGIN
  IF v.value_tiers IS NOT NULL THEN
    RETURN concat(
      E'models AS MATERIALIZED (\n',
      CASE WHEN m.version IS NOT NULL
        THEN format(E'  SELECT %L::segment.btyd_model AS orders,\n         %L::segment.spend_model AS spend', m.orders, m.spend)
        ELSE format(E'  SELECT segment.%s(segment.btyd_agg(repeat)) AS orders,\n'
                    '         segment.gamma_gamma(segment.spend_agg(repeat, true)) AS spend\n  FROM customers', v.orders_model) END,
      E'\n),\npredicted AS MATERIALIZED (\n',
      E'  SELECT c.*, segment.expected_spend(m.spend, c.repeat) AS expected_spend,\n',
      format(E'         segment.p_orders(m.orders, c.repeat, interval %L) AS p_order\n  FROM customers AS c, models AS m\n),\n', v.horizon),
      E'levels AS MATERIALIZED (\n',
      CASE WHEN m.version IS NOT NULL
        THEN format(E'  SELECT %L::segment.cut_points AS spend,\n         %L::segment.cut_points AS p_order', m.spend_levels, m.return_levels)
        ELSE format(E'  SELECT segment.cut_points_agg(expected_spend, %1$s) AS spend,\n'
                    '         segment.cut_points_agg(p_order, %1$s) AS p_order\n  FROM predicted', v.value_tiers) END,
      E'\n),\n');
  END IF;

  IF v.cluster_model IS NOT NULL OR m.version IS NOT NULL THEN
    fit := format('  SELECT %L::segment.kmeans_model AS model', coalesce(v.cluster_model, m.clusters));
  ELSIF v.clusters IS NOT NULL THEN
    -- Sorted, as a compressed coreset depends on the order of its rows
    fit := format('segment.kmeans(segment.coreset_agg(%s ORDER BY customer_id::text COLLATE "C"), k => %s)',
                  segment_internal.segmentation_features(v, as_of, 'rfm'), v.clusters);
    -- Cluster 3 stays cluster 3 where models float.
    SELECT b.clusters INTO old FROM segment.segmentation_model b
    WHERE b.segmentation = v.segmentation AND b.version = v.version AND b.as_of < segmentation_models.as_of
    ORDER BY b.as_of DESC LIMIT 1;
    IF old IS NOT NULL THEN
      fit := format('segment.relabel(%s, %L::segment.kmeans_model)', fit, old);
    END IF;
    fit := format(E'  SELECT %s AS model\n  FROM customers\n  WHERE segment.rfm_frequency(rfm) > 0', fit);
  ELSE
    RETURN '';
  END IF;
  RETURN concat(E'clusters AS MATERIALIZED (\n', fit, E'\n),\ncluster_labels AS MATERIALIZED (\n',
    format(E'  SELECT l.* FROM clusters, segment.cluster_labels(model, %L, %L) AS l\n),\n', v.features, v.cluster_names));
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_models(segment.segmentation_version, date) IS
  'common table expressions between customers and scored that a version needs to label by clusters or value tiers (models '
  'stored, or fitted to the customers); empty for a scheme';

CREATE FUNCTION segment_internal.segmentation_labelled(v segment.segmentation_version, as_of date) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  without text := 'segment.rfm_frequency(s.rfm) > 0';
BEGIN
  IF v.value_tiers IS NOT NULL THEN
    RETURN concat(
      format(E'  SELECT s.*, coalesce(t.tier, CASE WHEN %s THEN ''Others'' ELSE ''No orders'' END) AS segment_name,\n', without),
      format(E'         coalesce(t.sort, CASE WHEN %s THEN 1000 ELSE 1001 END)::smallint AS segment_sort\n', without),
      E'  FROM scored AS s\n  CROSS JOIN levels AS l\n',
      format(E'  LEFT JOIN segment.value_tiers(%s) AS t\n', v.value_tiers),
      E'    ON t.spend_level = segment.score(l.spend, s.expected_spend) AND t.return_level = segment.score(l.p_order, s.p_order)\n');
  ELSIF v.clusters IS NOT NULL OR v.cluster_model IS NOT NULL THEN
    RETURN concat(
      format(E'  SELECT s.*, coalesce(l.segment, CASE WHEN %s THEN ''Others'' ELSE ''No orders'' END) AS segment_name,\n', without),
      format(E'         coalesce(l.sort, CASE WHEN %s THEN 1000 ELSE 1001 END)::smallint AS segment_sort\n', without),
      E'  FROM scored AS s\n  CROSS JOIN clusters AS m\n  LEFT JOIN cluster_labels AS l\n',
      format(E'    ON segment.rfm_frequency(s.rfm) > 0 AND l.cluster = segment.cluster_of(m.model, %s)\n', segment_internal.segmentation_features(v, as_of, 's.rfm')));
  END IF;
  RETURN concat(
    format(E'  SELECT s.*, segment.label(s.score, %L, s.rfm, DATE %L, %L) AS segment_name,\n', v.scheme, as_of, v.zone),
    format(E'         segment.label_sort(s.score, %L, s.rfm, DATE %L, %L) AS segment_sort\n', v.scheme, as_of, v.zone),
    E'  FROM scored AS s\n');
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_labelled(segment.segmentation_version, date) IS
  'query of a version that adds segment_name and segment_sort to scored: from its scheme, clusters or value tiers. A customer '
  'with orders who gets none is Others (no purchase that was kept), one without is No orders';

CREATE VIEW segment.segment_meaning WITH (security_invoker = true) AS
SELECT v.segmentation, v.version, g.segment, g.sort, g.meaning, g.action, g.colour
FROM segment.segmentation_version v
CROSS JOIN LATERAL (
  SELECT s.segment, s.sort, s.meaning, s.action, s.colour
  FROM segment.scheme_segments s
  WHERE s.scheme = v.scheme AND (num_nonnulls(v.clusters, v.cluster_model, v.value_tiers) = 0 OR s.segment IN ('Others', 'No orders'))
  UNION ALL
  SELECT t.tier, t.sort, t.meaning, t.action, (p.palette)[1 + t.sort % 9]
  FROM (VALUES ('{#DDDDDD,#004949,#009292,#490092,#006DDB,#B66DFF,#6DB6FF,#B6DBFF,#DB6D00}'::text[])) p (palette), segment.value_tiers(v.value_tiers) t
  UNION ALL
  SELECT l.segment, l.sort,
         format('Typically %s; %s %% of the customers when fitted',
                (SELECT string_agg(concat(replace(f.name, '_', ' '), ' ', round(c.centroid[f.position]::numeric, 1)), ', ' ORDER BY f.position)
                 FROM unnest(v.features) WITH ORDINALITY AS f (name, position)), round(100 * c.share::numeric)),
         NULL, (p.palette)[1 + l.sort % 9]
  FROM (VALUES ('{#DDDDDD,#004949,#009292,#490092,#006DDB,#B66DFF,#6DB6FF,#B6DBFF,#DB6D00}'::text[])) p (palette),
       (SELECT coalesce(v.cluster_model, (SELECT m.clusters FROM segment.segmentation_model m WHERE m.segmentation = v.segmentation
                                          AND m.version = v.version ORDER BY m.as_of DESC LIMIT 1)) AS model) m,
       segment.cluster_labels(m.model, v.features, v.cluster_names) l JOIN segment.cluster_table(m.model) c USING (cluster)
) g;
COMMENT ON VIEW segment.segment_meaning IS 'every segment that a version can name, whatever names it: unique key (segmentation, version, segment)';
COMMENT ON COLUMN segment.segment_meaning.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.segment_meaning.version IS 'the version';
COMMENT ON COLUMN segment.segment_meaning.segment IS 'the segment';
COMMENT ON COLUMN segment.segment_meaning.sort IS 'rank, 1 is best; clusters by typical revenue';
COMMENT ON COLUMN segment.segment_meaning.meaning IS 'who is in it: as the scheme or tier says; of a cluster the typical customer (the newest model''s)';
COMMENT ON COLUMN segment.segment_meaning.action IS 'what to do about them; NULL for clusters';
COMMENT ON COLUMN segment.segment_meaning.colour IS 'colour in charts, as #RRGGBB';
GRANT SELECT ON segment.segment_meaning TO PUBLIC;
GRANT SELECT ON segment.segment_meaning TO @extowner@, pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION segment_internal.segmentation_label_then(old segment.segmentation_version, calibrated date, v segment.segmentation_version, as_of date) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  m segment.segmentation_model := segment_internal.segmentation_model_of(old, calibrated);
BEGIN
  IF old.value_tiers IS NOT NULL AND v.value_tiers IS NOT NULL THEN
    RETURN format('segment.value_tier(segment.score(%L::segment.cut_points, segment.expected_spend(%L::segment.spend_model, s.repeat)), '
      'segment.score(%L::segment.cut_points, segment.p_orders(%L::segment.btyd_model, s.repeat, interval %L)), %s)',
      m.spend_levels, m.spend, m.return_levels, m.orders, old.horizon, old.value_tiers);
  ELSIF num_nonnulls(old.clusters, old.cluster_model) = 1 AND num_nonnulls(v.clusters, v.cluster_model) = 1 THEN
    RETURN format('(SELECT l.segment FROM segment.cluster_labels(%1$L::segment.kmeans_model, %2$L, %3$L) AS l '
      'WHERE l.cluster = segment.cluster_of(%1$L::segment.kmeans_model, %4$s))', coalesce(old.cluster_model, m.clusters),
      old.features, old.cluster_names, segment_internal.segmentation_features(old, as_of, 's.rfm'));
  ELSIF num_nonnulls(old.clusters, old.cluster_model, old.value_tiers, v.clusters, v.cluster_model, v.value_tiers) = 0 THEN
    RETURN format('segment.label(segment.rfm_score(coalesce(old_own.cut_points, old_all.cut_points), s.rfm, DATE %1$L, %2$L), %3$L, '
      's.rfm, DATE %1$L, %2$L)', as_of, old.zone, old.scheme);
  END IF;
  RETURN 'before.segment';
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_label_then(segment.segmentation_version, date, segment.segmentation_version, date) IS
  'SQL of the segment that a row s (rfm, repeat) would have had under an older version''s rules and the models it had on the '
  'day calibrated; where old and new label by different things (scheme, clusters, tiers) the old segment, as names then cannot be compared';

CREATE FUNCTION segment_internal.segmentation_scored(v segment.segmentation_version, as_of date, customers text DEFAULT NULL) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  stored text;
  made text := format('segment.rfm_cut_points_agg(rfm, DATE %L, %s, %L, %L, %L)',
                      as_of, segment_internal.segmentation_bins(v), v.method, v.monetary, v.zone);
BEGIN
  PERFORM segment_internal.segmentation_check_blocked(v);
  SELECT string_agg(format(E'    (%L, bigint %L, %L::segment.rfm_cut_points)', p.market, p.customers, p.cut_points), E',\n'
                    ORDER BY p.market COLLATE "C")
    INTO stored
  FROM segment.segmentation_cut_points p
  WHERE p.segmentation = v.segmentation AND p.version = v.version
    AND (v.cut_points = 'frozen' OR p.as_of = segmentation_scored.as_of);
  RETURN concat(
    E'customers AS MATERIALIZED (\n', coalesce(customers, segment_internal.segmentation_customers(v, as_of)), E'\n),\n',
    E'cut_points (market, customers, cut_points) AS MATERIALIZED (\n',
    CASE
      WHEN stored IS NOT NULL THEN E'  VALUES\n' || stored
      ELSE concat(
        format(E'  SELECT '''', count(*), %s\n  FROM customers\n  WHERE segment.rfm_frequency(rfm) > 0\n  HAVING count(*) > 0', made),
        CASE WHEN v.market IS NOT NULL THEN
          format(E'\n  UNION ALL\n  SELECT market, count(*), %s\n  FROM customers\n  WHERE segment.rfm_frequency(rfm) > 0\n'
                 '  GROUP BY market\n  HAVING count(*) >= %s', made, v.min_market) END)
    END,
    E'\n),\n', segment_internal.segmentation_models(v, as_of),
    E'scored AS (\n  SELECT c.*,\n',
    format(E'         segment.rfm_score(%s, c.rfm, DATE %L, %L) AS score\n',
           CASE WHEN v.market IS NULL THEN 'everybody.cut_points' ELSE 'coalesce(own.cut_points, everybody.cut_points)' END, as_of, v.zone),
    format(E'  FROM %s AS c\n', CASE WHEN v.value_tiers IS NOT NULL THEN 'predicted' ELSE 'customers' END),
    CASE WHEN v.market IS NOT NULL THEN E'  LEFT JOIN cut_points AS own ON own.market = c.market\n' END,
    E'  LEFT JOIN cut_points AS everybody ON everybody.market = \'\'\n',
    E'),\nlabelled AS (\n', segment_internal.segmentation_labelled(v, as_of), E')\n');
END
$$;
COMMENT ON FUNCTION segment_internal.segmentation_scored(segment.segmentation_version, date, text) IS
  'common table expressions of a version''s query: customers (by default segmentation_customers), cut_points and models '
  '(stored, or made), scored, labelled';

CREATE FUNCTION segment_internal.segmentation_as_of(v segment.segmentation_version) RETURNS date
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  today date := segment.day_of(now(), v.zone);
  last_order text;
BEGIN
  IF v.as_of_rule = 'last_order' THEN
    last_order := CASE WHEN v.ledger_set IS NOT NULL THEN (SELECT greatest(s.last_day, s.unknown_last_day)::text FROM segment.ledger_set s WHERE s.id = v.ledger_set) ELSE (segment_internal.read_restricted(format('SELECT segment.day_of(max(o.%I), %L)::timestamp %s', v.at, v.zone,
                   segment_internal.segmentation_source(v, NULL))))[1] END;
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
COMMENT ON FUNCTION segment_internal.segmentation_as_of(segment.segmentation_version) IS
  'as_of by the version''s rule: the day of the last order that counts (at most today), today, or yesterday, in its zone. P0002 if last_order finds none';

CREATE FUNCTION segment.definition(name text, as_of date DEFAULT NULL, version integer DEFAULT NULL) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
  SET DateStyle = 'ISO, YMD' SET IntervalStyle = postgres SET extra_float_digits = 1 AS $$
DECLARE
  v segment.segmentation_version := segment_internal.segmentation_version_of(name, version);
  day date := coalesce(as_of,
    (SELECT max(t.as_of) FROM segment.snapshot t WHERE t.segmentation = v.segmentation AND t.version = v.version),
    segment.day_of(now(), v.zone));
BEGIN
  RETURN concat(
    format(E'-- segmentation %s, version %s, as of %s\n', regexp_replace(v.segmentation, '[[:cntrl:]]', ' ', 'g'), v.version, day),
    format(E'-- changes %s\n', regexp_replace(segment_internal.changes_guarantee(v), '[[:cntrl:]]', ' ', 'g')),
    'WITH ', segment_internal.segmentation_scored(v, day),
    format(E'SELECT customer_id, DATE %L AS as_of, market,\n', day),
    format(E'       segment.rfm_recency(rfm, DATE %L, %L) AS recency_days,\n', day, v.zone),
    E'       segment.rfm_frequency(rfm) AS orders,\n       segment.rfm_monetary(rfm) AS revenue,\n',
    format(E'       segment.rfm_first(rfm, %L) AS first_order_on,\n       segment.rfm_last(rfm, %1$L) AS last_order_on,\n', v.zone),
    E'       segment.score_r(score) AS r_score, segment.score_f(score) AS f_score, segment.score_m(score) AS m_score,\n',
    E'       segment.score_code(score) AS rfm_code,\n',
    E'       segment_name, segment_sort',
    CASE WHEN v.channel IS NOT NULL THEN ', channel' END,
    CASE WHEN v.value_tiers IS NOT NULL THEN ', expected_spend, p_order' END,
    E'\nFROM labelled');
END
$$;
COMMENT ON FUNCTION segment.definition(text, date, integer) IS
  'the plain SQL that refresh runs: pasted into psql or dbt it gives the rows of customer_profile, with the customer id in '
  'its own type. as_of: by default the newest snapshot''s, or today without one; version: by default the active one. '
  'Frozen cut points stand in it as literals once they are made. 42704 for an unknown segmentation or version';
