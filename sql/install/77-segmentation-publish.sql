-- segmentation: publishing summaries without small groups

CREATE FUNCTION segment.publish_summary(name text, k integer DEFAULT 10, as_of date DEFAULT NULL, OUT shown bigint, OUT suppressed bigint) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation := segment_internal.segmentation_own(name);
  t segment.published_snapshot;
  segments text[];  -- hidden, each
  markets text[];
  cells text[];     -- markets hidden by segment
  merged text[];    -- segments taken together by market
  small text[];
  unnamed text[];   -- hidden segments and markets that are not listed either
BEGIN
  IF k IS NULL OR k < 0 THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'k is out of range',
      DETAIL = format('k is %s; accepted is 0 (nothing is suppressed) or more.', coalesce(k::text, 'NULL')), HINT = 'Usual values are 5 to 20.';
  END IF;
  SELECT * INTO t FROM segment.published_snapshot p
  WHERE p.segmentation = own.name AND CASE WHEN publish_summary.as_of IS NULL THEN p.is_latest ELSE p.as_of = publish_summary.as_of END;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'no_data_found', MESSAGE = format('segmentation "%s" has no snapshot to publish', name),
      DETAIL = format('Its days are: %s.', coalesce((SELECT string_agg(p.as_of::text, ', ' ORDER BY p.as_of)
        FROM segment.published_snapshot p WHERE p.segmentation = own.name), 'none')), HINT = 'Run refresh() first.';
  END IF;

  DELETE FROM segment.published_summary p WHERE p.segmentation = own.name AND p.as_of = t.as_of;
  DELETE FROM segment.published_hidden p WHERE p.segmentation = own.name AND p.as_of = t.as_of;

  -- What another day's publication hid stays hidden, as the difference of two remainders would be the group.
  SELECT segment_internal.hidden_names(array_agg(g.name), array_agg(g.n), k, coalesce((SELECT array_agg(p.name) FROM segment.published_hidden p
           WHERE p.segmentation = own.name AND p.grain = 'segment' AND k > 0), '{}'))
    INTO segments
  FROM (SELECT c.segment AS name, count(*) AS n FROM segment.snapshot_customer c WHERE c.snapshot = t.snapshot GROUP BY c.segment) g;
  SELECT segment_internal.hidden_names(array_agg(g.name), array_agg(g.n), k, coalesce((SELECT array_agg(p.name) FROM segment.published_hidden p
           WHERE p.segmentation = own.name AND p.grain = 'market' AND k > 0), '{}'))
    INTO markets
  FROM (SELECT c.market AS name, count(*) AS n FROM segment.snapshot_customer c WHERE c.snapshot = t.snapshot GROUP BY c.market) g;

  -- In the cross table (hidden segments taken together) markets are hidden as a whole: those hidden before, then in ascending
  -- order of size up to the last that has a small cell or is hidden as such, and on until neither the remainder nor what is
  -- new in it has a small cell, and none but the largest of them make k customers. Where that would be all of them, the
  -- remainder's small segments are taken together first, for every market.
  SELECT coalesce(array_agg(DISTINCT p.name), '{}') INTO merged FROM segment.published_hidden p
  WHERE p.segmentation = own.name AND p.grain = 'segment and market' AND k > 0;
  FOR attempt IN 1 .. 2 LOOP
    WITH cell AS (
      SELECT c.market, CASE WHEN c.segment = ANY (segments || merged) THEN '(other segments)' ELSE c.segment END AS segment, count(*) AS n
      FROM segment.snapshot_customer c WHERE c.snapshot = t.snapshot GROUP BY 1, 2
    ),
    mar AS (
      SELECT g.*, row_number() OVER (ORDER BY g.old DESC, g.n, g.market COLLATE "C") AS i
      FROM (SELECT c.market, sum(c.n) AS n, bool_or(c.n < k) OR c.market = ANY (markets) AS bad,
                   EXISTS (SELECT FROM segment.published_hidden p WHERE p.segmentation = own.name AND p.grain = 'market and segment'
                           AND p.name = c.market AND k > 0) AS old
            FROM cell c GROUP BY c.market) g
    ),
    must AS (SELECT coalesce(max(m.i) FILTER (WHERE m.bad OR m.old), 0) AS last, count(*) FILTER (WHERE m.old) AS frozen FROM mar m),
    upto AS (
      SELECT CASE WHEN must.last = 0 THEN 0 ELSE coalesce(
        (SELECT min(m.i) FROM mar m
         WHERE m.i >= must.last
           AND NOT EXISTS (SELECT FROM cell c JOIN mar x USING (market) WHERE x.i <= m.i GROUP BY c.segment HAVING sum(c.n) < k)
           AND NOT EXISTS (SELECT FROM cell c JOIN mar x USING (market) WHERE x.i <= m.i AND x.i > must.frozen GROUP BY c.segment HAVING sum(c.n) < k)
           AND (SELECT sum(x.n) - max(x.n) FROM mar x WHERE x.i <= m.i) >= k),
        (SELECT max(m.i) FROM mar m)) END AS last
      FROM must
    ),
    remainder AS (
      SELECT c.segment, coalesce(sum(c.n) FILTER (WHERE x.i > must.frozen), sum(c.n))::bigint AS n
      FROM cell c JOIN mar x USING (market), must WHERE x.i <= must.last GROUP BY c.segment
    )
    SELECT (SELECT coalesce(array_agg(m.market), '{}') FROM mar m WHERE m.i <= u.last),
           CASE WHEN u.last = (SELECT max(m.i) FROM mar m) AND must.last < u.last
             THEN (SELECT segment_internal.hidden_names(array_agg(r.segment), array_agg(r.n), k, merged) FROM remainder r) END
      INTO cells, small
    FROM upto u, must;
    EXIT WHEN attempt = 2 OR small IS NULL OR small <@ (merged || '{(other segments)}'::text[]);
    merged := merged || small;
  END LOOP;

  -- A hidden group that an earlier publication did not list, and a remainder that differs by less than k: to list it would
  -- tell its size.
  WITH pool AS (
    SELECT 'segment' AS grain, s.name, sum(count(*)) OVER () AS n
    FROM segment.snapshot_customer c JOIN unnest(segments) s (name) ON c.segment = s.name WHERE c.snapshot = t.snapshot GROUP BY s.name
    UNION ALL
    SELECT 'market', m.name, sum(count(*)) OVER ()
    FROM segment.snapshot_customer c JOIN unnest(markets) m (name) ON c.market = m.name WHERE c.snapshot = t.snapshot GROUP BY m.name
  ),
  earlier AS (
    SELECT p.grain, p.as_of, array_agg(CASE p.grain WHEN 'segment' THEN p.segment_name ELSE p.market END) AS listed,
           count(*) FILTER (WHERE p.is_suppressed) = 0 AS all_shown,
           max(p.customers) FILTER (WHERE '(other segments)' = p.segment_name OR '(other markets)' = p.market) AS n
    FROM segment.published_summary p
    WHERE p.segmentation = own.name AND p.grain IN ('segment', 'market') AND p.min_cell > 0 AND k > 0
    GROUP BY p.grain, p.as_of
  )
  SELECT coalesce(array_agg(DISTINCT concat(p.grain, ' ', p.name)), '{}') INTO unnamed
  FROM pool p JOIN earlier e ON e.grain = p.grain
  WHERE p.name <> ALL (e.listed) AND abs(p.n - CASE WHEN e.all_shown THEN 0 ELSE e.n END) < k;

  INSERT INTO segment.published_hidden (segmentation, as_of, grain, name)
  SELECT own.name, t.as_of, 'segment', x FROM unnest(segments) x UNION ALL
  SELECT own.name, t.as_of, 'market', x FROM unnest(markets) x UNION ALL
  SELECT own.name, t.as_of, 'market and segment', x FROM unnest(cells) x UNION ALL
  SELECT own.name, t.as_of, 'segment and market', x FROM (SELECT DISTINCT x FROM unnest(merged) x WHERE x <> '(other segments)') m (x);

  INSERT INTO segment.published_summary (segmentation, as_of, grain, market, segment_name, segment_sort, is_suppressed, customers, orders,
    revenue, min_cell, definition_version)
  WITH base AS (
    SELECT c.market, c.segment, min(c.sort) AS sort, count(*) AS n, sum(segment.rfm_frequency(c.rfm))::bigint AS orders, sum(segment.rfm_monetary(c.rfm)) AS revenue
    FROM segment.snapshot_customer c WHERE c.snapshot = t.snapshot
    GROUP BY c.market, c.segment
  ),
  out_rows (grain, market, segment, sort, hidden, n, orders, revenue) AS (
    SELECT 'total', 'all', 'all', NULL::smallint, sum(n) < k, sum(n), sum(orders), sum(revenue) FROM base HAVING count(*) > 0
    UNION ALL
    SELECT 'segment', 'all', b.segment, min(b.sort), b.segment = ANY (segments), sum(b.n), sum(b.orders), sum(b.revenue)
    FROM base b WHERE 'segment ' || b.segment <> ALL (unnamed) GROUP BY b.segment
    UNION ALL
    SELECT 'segment', 'all', '(other segments)', NULL, sum(b.n) < k, sum(b.n), sum(b.orders), sum(b.revenue)
    FROM base b WHERE b.segment = ANY (segments) HAVING count(*) > 0
    UNION ALL
    SELECT 'market', b.market, 'all', NULL, b.market = ANY (markets), sum(b.n), sum(b.orders), sum(b.revenue)
    FROM base b WHERE b.market <> 'all' AND 'market ' || b.market <> ALL (unnamed) GROUP BY b.market
    UNION ALL
    SELECT 'market', '(other markets)', 'all', NULL, sum(b.n) < k, sum(b.n), sum(b.orders), sum(b.revenue)
    FROM base b WHERE b.market = ANY (markets) AND b.market <> 'all' HAVING count(*) > 0
    UNION ALL
    SELECT 'market and segment', b.market, 'all', NULL, true, NULL, NULL, NULL
    FROM base b WHERE b.market = ANY (cells) AND b.market <> 'all' AND 'market ' || b.market <> ALL (unnamed) GROUP BY b.market
    UNION ALL
    SELECT 'market and segment', x.market, x.segment, min(x.sort), x.market = '(other markets)' AND sum(x.n) < k, sum(x.n), sum(x.orders), sum(x.revenue)
    FROM (SELECT CASE WHEN b.market = ANY (cells) THEN '(other markets)' ELSE b.market END AS market,
                 CASE WHEN b.segment = ANY (segments || merged) THEN '(other segments)' ELSE b.segment END AS segment,
                 CASE WHEN b.segment <> ALL (segments || merged) THEN b.sort END AS sort, b.n, b.orders, b.revenue
          FROM base b WHERE b.market <> 'all') x
    GROUP BY x.market, x.segment
  )
  SELECT own.name, t.as_of, o.grain, o.market, o.segment, o.sort, o.hidden, CASE WHEN NOT o.hidden THEN o.n END,
         CASE WHEN NOT o.hidden THEN o.orders END, CASE WHEN NOT o.hidden THEN o.revenue END, k, t.definition_version
  FROM out_rows o;
  SELECT count(*) FILTER (WHERE NOT p.is_suppressed), count(*) FILTER (WHERE p.is_suppressed) INTO shown, suppressed
  FROM segment.published_summary p WHERE p.segmentation = own.name AND p.as_of = t.as_of;
  PERFORM segment_internal.segmentation_log('publish', own.name, t.definition_version, t.as_of, NULL, NULL, t.customers, NULL, NULL,
                                   jsonb_build_object('k', k, 'shown', shown, 'suppressed', suppressed));
END
$$;
COMMENT ON FUNCTION segment.publish_summary(text, integer, date) IS
  'writes a snapshot''s totals by segment, by market, and by both into published_summary, without groups of fewer than k '
  'distinct customers and without what would give them away: where one group is hidden at least two are, which have k '
  'customers together in the remainder row, so that totals add up. By market and segment whole markets are hidden, and '
  'segments taken together where that would hide all: hidden cells form full rectangles, which no margin determines. What the publication of one day hides those of other days '
  'hide too (unpublish takes one back), and a new small group is not listed until the remainder has changed by k. k: 10 by '
  'default, 0 suppresses nothing. as_of: the newest by default. Returns how many rows are shown and suppressed. Owner only';

CREATE FUNCTION segment.unpublish(name text, as_of date DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation := segment_internal.segmentation_own(name);
  rows bigint;
BEGIN
  DELETE FROM segment.published_hidden p WHERE p.segmentation = own.name AND p.as_of = coalesce(unpublish.as_of, p.as_of);
  DELETE FROM segment.published_summary p WHERE p.segmentation = own.name AND p.as_of = coalesce(unpublish.as_of, p.as_of);
  GET DIAGNOSTICS rows = ROW_COUNT;
  PERFORM segment_internal.segmentation_log('unpublish', own.name, NULL, unpublish.as_of, NULL, NULL, NULL, NULL, NULL, NULL);
  RETURN rows;
END
$$;
COMMENT ON FUNCTION segment.unpublish(text, date) IS
  'removes what publish_summary wrote for a day (NULL: all days), and lets other days show again what only that one hid: who '
  'kept a copy of both can then compute the difference. Returns the number of rows. Owner only';

CREATE FUNCTION segment.suppressed_counts(source regclass, customer name, "by" name, k integer DEFAULT 10, filter text DEFAULT NULL,
  OUT group_name text, OUT is_suppressed boolean, OUT customers bigint) RETURNS SETOF record
  LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM segment_internal.segmentation_check_column(source, 'customer', customer, NULL), segment_internal.segmentation_check_column(source, 'by', "by", NULL),
          segment_internal.check_filter(filter);
  RETURN QUERY EXECUTE format(
    'WITH g AS (SELECT coalesce(nullif(o.%1$I::text, ''''), ''unknown'') AS name, count(DISTINCT o.%2$I) AS n FROM %3$s AS o WHERE o.%2$I IS NOT NULL%4$s GROUP BY 1), '
    'h AS MATERIALIZED (SELECT segment_internal.hidden_names(array_agg(g.name), array_agg(g.n), %5$L, ''{}'') AS hidden FROM g) '
    'SELECT g.name, g.name = ANY (h.hidden), CASE WHEN g.name <> ALL (h.hidden) THEN g.n END FROM g, h '
    'UNION ALL SELECT ''(other)'', sum(g.n) < %5$L, CASE WHEN sum(g.n) >= %5$L THEN sum(g.n)::bigint END FROM g, h WHERE g.name = ANY (h.hidden) HAVING count(*) > 0 '
    'ORDER BY 2, 3 DESC NULLS LAST, 1', "by", customer, source, E' AND (' || filter || E'\n)', k);
END
$$;
COMMENT ON FUNCTION segment.suppressed_counts(regclass, name, name, integer, text) IS
  'distinct customers by a column of any relation, read as the caller, with groups of fewer than k hidden as by '
  'publish_summary; (other) is the remainder. A customer of several groups counts in each. NULL and empty are the group '
  'unknown; k NULL hides nothing. 42703 for an unknown column, 42601 for a filter that is no expression';
