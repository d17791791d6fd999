-- segmentation: publishing summaries without small groups

CREATE FUNCTION publish_summary(name text, k integer DEFAULT 10, as_of date DEFAULT NULL, OUT shown bigint, OUT suppressed bigint) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation := segment.segmentation_own(name);
  t segment.published_snapshot;
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
  INSERT INTO segment.published_summary (segmentation, as_of, grain, market, segment_name, segment_sort, is_suppressed, customers, orders,
    revenue, min_cell, definition_version)
  WITH base AS (
    SELECT c.market, c.segment, c.sort, count(*) AS n, sum(segment.rfm_frequency(c.rfm))::bigint AS orders, sum(segment.rfm_monetary(c.rfm)) AS revenue
    FROM segment.snapshot_customer c WHERE c.snapshot = t.snapshot
    GROUP BY c.market, c.segment, c.sort
  ),
  -- Segments, and markets, each by ascending size; the first few are hidden.
  seg AS (
    SELECT s.segment, s.sort, s.n, s.i <= segment.hidden_groups(array_agg(s.n) OVER w, k) AS hidden
    FROM (SELECT b.segment, b.sort, sum(b.n)::bigint AS n, row_number() OVER (ORDER BY sum(b.n), b.segment COLLATE "C") AS i
          FROM base b GROUP BY b.segment, b.sort) s
    WINDOW w AS (ORDER BY s.i ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
  ),
  mar AS (
    SELECT s.market, s.n, s.i, s.i <= segment.hidden_groups(array_agg(s.n) OVER w, k) AS hidden
    FROM (SELECT b.market, sum(b.n)::bigint AS n, row_number() OVER (ORDER BY sum(b.n), b.market COLLATE "C") AS i
          FROM base b GROUP BY b.market) s
    WINDOW w AS (ORDER BY s.i ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
  ),
  -- The cross table, hidden segments taken together.
  cell AS (
    SELECT m.market, m.i, m.hidden, CASE WHEN s.hidden THEN '(other segments)' ELSE b.segment END AS segment,
           CASE WHEN NOT s.hidden THEN b.sort END AS sort, sum(b.n)::bigint AS n, sum(b.orders)::bigint AS orders, sum(b.revenue) AS revenue
    FROM base b JOIN mar m USING (market) JOIN seg s ON s.segment = b.segment AND s.sort = b.sort
    GROUP BY 1, 2, 3, 4, 5
  ),
  -- Markets are hidden in it in ascending order of size: up to the last that has a small cell or is hidden as such, and on
  -- until no segment of the remainder is small (a single hidden market would leave its small cell there).
  must AS (SELECT coalesce(max(i) FILTER (WHERE n < k OR hidden), 0) AS last FROM cell),
  upto AS (
    SELECT CASE WHEN (SELECT last FROM must) = 0 THEN 0 ELSE coalesce(
      (SELECT min(m.i) FROM mar m
       WHERE m.i >= (SELECT last FROM must)
         AND NOT EXISTS (SELECT FROM cell c WHERE c.i <= m.i GROUP BY c.segment HAVING sum(c.n) < k)),
      (SELECT max(m.i) FROM mar m)) END AS last
  ),
  out_rows AS (
    SELECT 'total' AS grain, 'all' AS market, 'all' AS segment, NULL::smallint AS sort, sum(n) < k AS hidden, sum(n) AS n, sum(orders) AS orders, sum(revenue) AS revenue
    FROM base HAVING count(*) > 0
    UNION ALL
    SELECT 'segment', 'all', s.segment, s.sort, s.hidden, sum(b.n), sum(b.orders), sum(b.revenue)
    FROM seg s JOIN base b ON b.segment = s.segment AND b.sort = s.sort GROUP BY s.segment, s.sort, s.hidden
    UNION ALL
    SELECT 'segment', 'all', '(other segments)', NULL, sum(b.n) < k, sum(b.n), sum(b.orders), sum(b.revenue)
    FROM seg s JOIN base b ON b.segment = s.segment AND b.sort = s.sort WHERE s.hidden HAVING count(*) > 0
    UNION ALL
    SELECT 'market', m.market, 'all', NULL, m.hidden, sum(b.n), sum(b.orders), sum(b.revenue)
    FROM mar m JOIN base b USING (market) WHERE m.market <> 'all' GROUP BY m.market, m.hidden
    UNION ALL
    SELECT 'market', '(other markets)', 'all', NULL, sum(b.n) < k, sum(b.n), sum(b.orders), sum(b.revenue)
    FROM mar m JOIN base b USING (market) WHERE m.hidden AND m.market <> 'all' HAVING count(*) > 0
    UNION ALL
    SELECT 'market and segment', c.market, c.segment, c.sort, false, c.n, c.orders, c.revenue
    FROM cell c WHERE c.i > (SELECT last FROM upto) AND c.market <> 'all'
    UNION ALL
    SELECT 'market and segment', c.market, 'all', NULL, true, NULL, NULL, NULL
    FROM cell c WHERE c.i <= (SELECT last FROM upto) AND c.market <> 'all' GROUP BY c.market
    UNION ALL
    SELECT 'market and segment', '(other markets)', c.segment, c.sort, sum(c.n) < k, sum(c.n), sum(c.orders), sum(c.revenue)
    FROM cell c WHERE c.i <= (SELECT last FROM upto) AND c.market <> 'all' GROUP BY c.segment, c.sort
  )
  SELECT own.name, t.as_of, o.grain, o.market, o.segment, o.sort, o.hidden, CASE WHEN NOT o.hidden THEN o.n END,
         CASE WHEN NOT o.hidden THEN o.orders END, CASE WHEN NOT o.hidden THEN o.revenue END, k, t.definition_version
  FROM out_rows o;
  SELECT count(*) FILTER (WHERE NOT p.is_suppressed), count(*) FILTER (WHERE p.is_suppressed) INTO shown, suppressed
  FROM segment.published_summary p WHERE p.segmentation = own.name AND p.as_of = t.as_of;
  PERFORM segment.segmentation_log('publish', own.name, t.definition_version, t.as_of, NULL, NULL, t.customers, NULL, NULL,
                                   jsonb_build_object('k', k, 'shown', shown, 'suppressed', suppressed));
END
$$;
COMMENT ON FUNCTION publish_summary(text, integer, date) IS
  'writes a snapshot''s totals by segment, by market, and by both into published_summary, without groups of fewer than k '
  'distinct customers and without what would give them away: where one group is hidden at least two are, which have k '
  'customers together in the remainder row, so that totals add up. By market and segment whole markets are hidden, in '
  'ascending order of size: hidden cells then form a full rectangle, which no margin determines. k: 10 by default, 0 '
  'suppresses nothing. as_of: the newest by default. Returns how many rows are shown and suppressed. Owner only';
