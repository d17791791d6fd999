-- segmentation: publishing summaries without small groups

CREATE FUNCTION segment_internal.hidden_groups(sizes bigint[], k bigint, frozen integer DEFAULT 0) RETURNS integer
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN max(must) > 0 THEN coalesce(min(i) FILTER (WHERE i >= must
           -- The remainder is no small group, nor one group, nor are those one that join the frozen ones.
           AND pool >= k AND i >= 2 AND (frozen = 0 OR i = frozen OR i >= frozen + 2 AND pool - frozen_pool >= k)
           -- Who knows these rules knows that no hidden group is above cap, and still not each to half of k.
           AND (i = frozen OR least(cap, pool - i + 1) - CASE WHEN frozen > 0 THEN 1 ELSE greatest(1, pool - (i - 1) * cap) END >= (k + 1) / 2)
           AND (frozen <> 1 OR (i - 1) * (cap - 1) >= (k + 1) / 2)), max(i)) ELSE 0 END::integer
  FROM (SELECT i, pool, must, sum(n) FILTER (WHERE i <= frozen) OVER () AS frozen_pool,
               CASE WHEN i = must AND i > frozen THEN k - 1 ELSE coalesce(next, pool) END AS cap
        FROM (SELECT n, i, sum(n) OVER (ORDER BY i) AS pool, lead(n) OVER (ORDER BY i) AS next,
                     coalesce(max(i) FILTER (WHERE n < k OR i <= frozen) OVER (), 0) AS must
              FROM unnest(sizes) WITH ORDINALITY AS s (n, i)) x) y;
END;
COMMENT ON FUNCTION segment_internal.hidden_groups(bigint[], bigint, integer) IS
  'how many of the groups to hide, from the first: the first frozen ones anyway; then the others, which are in ascending order '
  'of size: all smaller than k, and on until the hidden have k members together, are two or more, and the size of none can '
  'be told more exactly than to half of k by who knows the total and these rules. All, if that cannot be had';

CREATE FUNCTION segment_internal.hidden_names(names text[], sizes bigint[], k bigint, frozen text[]) RETURNS text[]
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT coalesce((array_agg(name ORDER BY i))[1:segment_internal.hidden_groups(array_agg(n ORDER BY i), k, (count(*) FILTER (WHERE old))::integer)], '{}')
  FROM (SELECT name, n, old, row_number() OVER (ORDER BY old DESC, n, name COLLATE "C") AS i
        FROM (SELECT g.name, g.n, g.name = ANY (frozen) AS old FROM unnest(names, sizes) AS g (name, n)) x) y;
END;
COMMENT ON FUNCTION segment_internal.hidden_names(text[], bigint[], bigint, text[]) IS
  'the names of the groups to hide, by hidden_groups: those in frozen, and the smallest of the others';

CREATE TYPE segment_internal.hidden AS (segments text[], markets text[], cells text[], merged text[], unnamed text[]);
COMMENT ON TYPE segment_internal.hidden IS 'what a publication hides: segments and markets, each by itself; markets by segment; segments that are taken together by market; and of these which are not listed either';

CREATE FUNCTION segment_internal.hidden_before(name text, grain text, k integer) RETURNS text[]
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT coalesce(array_agg(DISTINCT p.name), '{}') FROM segment.published_hidden p
  WHERE p.segmentation = hidden_before.name AND p.grain = hidden_before.grain AND k > 0;
END;
COMMENT ON FUNCTION segment_internal.hidden_before(text, text, integer) IS
  'the groups of a grain that a segmentation''s publications hide; none if k is 0. What another day''s publication hid stays hidden, as the difference of two remainders would be the group';

-- In the cross table (hidden segments taken together) markets are hidden as a whole: those hidden before, then in ascending
-- order of size up to the last that has a small cell or is hidden as such, and on until neither the remainder nor what is
-- new in it has a small cell, and none but the largest of them make k customers. Where that would be all of them, the
-- remainder's small segments are taken together first, for every market.
CREATE FUNCTION segment_internal.hidden_markets(t segment.published_snapshot, k integer, h segment_internal.hidden, OUT cells text[], OUT small text[])
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  WITH cell AS (
    SELECT c.market, CASE WHEN c.segment = ANY ((h).segments || (h).merged) THEN '(other segments)' ELSE c.segment END AS segment, sum(c.customers) AS n
    FROM segment.segment_total c WHERE c.snapshot = (t).snapshot GROUP BY 1, 2
  ),
  mar AS (
    SELECT g.*, row_number() OVER (ORDER BY g.old DESC, g.n, g.market COLLATE "C") AS i
    FROM (SELECT c.market, sum(c.n) AS n, bool_or(c.n < k) OR c.market = ANY ((h).markets) AS bad,
                 c.market = ANY (segment_internal.hidden_before((t).segmentation, 'market and segment', k)) AS old
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
           THEN (SELECT segment_internal.hidden_names(array_agg(r.segment), array_agg(r.n), k, (h).merged) FROM remainder r) END
  FROM upto u, must;
END;
COMMENT ON FUNCTION segment_internal.hidden_markets(segment.published_snapshot, integer, segment_internal.hidden) IS
  'the markets to hide by segment; small: segments to take together instead, where that would be all markets, else NULL';

-- A hidden group that an earlier publication did not list, and a remainder that differs by less than k: to list it would
-- tell its size.
CREATE FUNCTION segment_internal.hidden_unnamed(t segment.published_snapshot, k integer, h segment_internal.hidden) RETURNS text[]
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  WITH pool AS (
    SELECT 'segment' AS grain, c.segment AS name, sum(sum(c.customers)) OVER () AS n
    FROM segment.segment_total c WHERE c.snapshot = (t).snapshot AND c.segment = ANY ((h).segments) GROUP BY c.segment
    UNION ALL
    SELECT 'market', c.market, sum(sum(c.customers)) OVER ()
    FROM segment.segment_total c WHERE c.snapshot = (t).snapshot AND c.market = ANY ((h).markets) GROUP BY c.market
  ),
  earlier AS (
    SELECT p.grain, p.as_of, array_agg(CASE p.grain WHEN 'segment' THEN p.segment_name ELSE p.market END) AS listed,
           count(*) FILTER (WHERE p.is_suppressed) = 0 AS all_shown,
           max(p.customers) FILTER (WHERE '(other segments)' = p.segment_name OR '(other markets)' = p.market) AS n
    FROM segment.published_summary p
    WHERE p.segmentation = (t).segmentation AND p.grain IN ('segment', 'market') AND p.min_cell > 0 AND k > 0
    GROUP BY p.grain, p.as_of
  )
  SELECT coalesce(array_agg(DISTINCT concat(p.grain, ' ', p.name)), '{}')
  FROM pool p JOIN earlier e ON e.grain = p.grain
  WHERE p.name <> ALL (e.listed) AND abs(p.n - CASE WHEN e.all_shown THEN 0 ELSE e.n END) < k;
END;
COMMENT ON FUNCTION segment_internal.hidden_unnamed(segment.published_snapshot, integer, segment_internal.hidden) IS 'grain and name of the hidden groups that must not be listed either';

CREATE FUNCTION segment_internal.hidden_of(t segment.published_snapshot, k integer) RETURNS segment_internal.hidden
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  h segment_internal.hidden;
  markets record;
BEGIN
  SELECT coalesce(segment_internal.hidden_names(array_agg(g.name), array_agg(g.n), k, segment_internal.hidden_before(t.segmentation, 'segment', k)), '{}')
    INTO h.segments
  FROM (SELECT c.segment AS name, sum(c.customers)::bigint AS n FROM segment.segment_total c WHERE c.snapshot = t.snapshot GROUP BY c.segment) g;
  SELECT coalesce(segment_internal.hidden_names(array_agg(g.name), array_agg(g.n), k, segment_internal.hidden_before(t.segmentation, 'market', k)), '{}')
    INTO h.markets
  FROM (SELECT c.market AS name, sum(c.customers)::bigint AS n FROM segment.segment_total c WHERE c.snapshot = t.snapshot GROUP BY c.market) g;
  h.merged := segment_internal.hidden_before(t.segmentation, 'segment and market', k);
  FOR attempt IN 1 .. 2 LOOP
    markets := segment_internal.hidden_markets(t, k, h);
    h.cells := markets.cells;
    EXIT WHEN attempt = 2 OR markets.small IS NULL OR markets.small <@ (h.merged || '{(other segments)}'::text[]);
    h.merged := h.merged || markets.small;
  END LOOP;
  h.unnamed := segment_internal.hidden_unnamed(t, k, h);
  RETURN h;
END
$$;
COMMENT ON FUNCTION segment_internal.hidden_of(segment.published_snapshot, integer) IS 'what the publication of a snapshot hides, beside those of other days';

CREATE FUNCTION segment_internal.published_rows(t segment.published_snapshot, k integer, h segment_internal.hidden, OUT grain text, OUT market text,
  OUT segment text, OUT sort smallint, OUT hidden boolean, OUT n bigint, OUT orders bigint, OUT revenue numeric) RETURNS SETOF record
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
  WITH base AS (
    SELECT c.market, c.segment, min(c.sort) AS sort, sum(c.customers) AS n, sum(c.orders) AS orders, sum(c.revenue) AS revenue
    FROM segment.segment_total c WHERE c.snapshot = (t).snapshot
    GROUP BY c.market, c.segment
  )
  SELECT 'total', 'all', 'all', NULL::smallint, sum(b.n) < k, sum(b.n)::bigint, sum(b.orders)::bigint, sum(b.revenue) FROM base b HAVING count(*) > 0
  UNION ALL
  SELECT 'segment', 'all', b.segment, min(b.sort), b.segment = ANY ((h).segments), sum(b.n)::bigint, sum(b.orders)::bigint, sum(b.revenue)
  FROM base b WHERE 'segment ' || b.segment <> ALL ((h).unnamed) GROUP BY b.segment
  UNION ALL
  SELECT 'segment', 'all', '(other segments)', NULL, sum(b.n) < k, sum(b.n)::bigint, sum(b.orders)::bigint, sum(b.revenue)
  FROM base b WHERE b.segment = ANY ((h).segments) HAVING count(*) > 0
  UNION ALL
  SELECT 'market', b.market, 'all', NULL, b.market = ANY ((h).markets), sum(b.n)::bigint, sum(b.orders)::bigint, sum(b.revenue)
  FROM base b WHERE b.market <> 'all' AND 'market ' || b.market <> ALL ((h).unnamed) GROUP BY b.market
  UNION ALL
  SELECT 'market', '(other markets)', 'all', NULL, sum(b.n) < k, sum(b.n)::bigint, sum(b.orders)::bigint, sum(b.revenue)
  FROM base b WHERE b.market = ANY ((h).markets) AND b.market <> 'all' HAVING count(*) > 0
  UNION ALL
  SELECT 'market and segment', b.market, 'all', NULL, true, NULL, NULL, NULL
  FROM base b WHERE b.market = ANY ((h).cells) AND b.market <> 'all' AND 'market ' || b.market <> ALL ((h).unnamed) GROUP BY b.market
  UNION ALL
  SELECT 'market and segment', x.market, x.segment, min(x.sort), x.market = '(other markets)' AND sum(x.n) < k, sum(x.n)::bigint, sum(x.orders)::bigint, sum(x.revenue)
  FROM (SELECT CASE WHEN b.market = ANY ((h).cells) THEN '(other markets)' ELSE b.market END AS market,
               CASE WHEN b.segment = ANY ((h).segments || (h).merged) THEN '(other segments)' ELSE b.segment END AS segment,
               CASE WHEN b.segment <> ALL ((h).segments || (h).merged) THEN b.sort END AS sort, b.n, b.orders, b.revenue
        FROM base b WHERE b.market <> 'all') x
  GROUP BY x.market, x.segment;
END;
COMMENT ON FUNCTION segment_internal.published_rows(segment.published_snapshot, integer, segment_internal.hidden) IS
  'the rows of a publication: hidden ones still with their numbers';

CREATE FUNCTION segment_internal.publish_summary(name text, k integer, as_of date, OUT shown bigint, OUT suppressed bigint) RETURNS record
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own segment.segmentation := segment_internal.segmentation_own(name);
  t segment.published_snapshot;
  h segment_internal.hidden;
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
  h := segment_internal.hidden_of(t, k);
  INSERT INTO segment.published_hidden (segmentation, as_of, grain, name)
  SELECT own.name, t.as_of, 'segment', x FROM unnest(h.segments) x UNION ALL
  SELECT own.name, t.as_of, 'market', x FROM unnest(h.markets) x UNION ALL
  SELECT own.name, t.as_of, 'market and segment', x FROM unnest(h.cells) x UNION ALL
  SELECT own.name, t.as_of, 'segment and market', x FROM (SELECT DISTINCT x FROM unnest(h.merged) x WHERE x <> '(other segments)') m (x);
  INSERT INTO segment.published_summary (segmentation, as_of, grain, market, segment_name, segment_sort, is_suppressed, customers, orders,
    revenue, min_cell, definition_version)
  SELECT own.name, t.as_of, o.grain, o.market, o.segment, o.sort, o.hidden, CASE WHEN NOT o.hidden THEN o.n END,
         CASE WHEN NOT o.hidden THEN o.orders END, CASE WHEN NOT o.hidden THEN segment_internal.money(o.revenue) END, k, t.definition_version
  FROM segment_internal.published_rows(t, k, h) o;
  SELECT count(*) FILTER (WHERE NOT p.is_suppressed), count(*) FILTER (WHERE p.is_suppressed) INTO shown, suppressed
  FROM segment.published_summary p WHERE p.segmentation = own.name AND p.as_of = t.as_of;
  PERFORM segment_internal.segmentation_log('publish', own.name, t.definition_version, t.as_of, NULL, NULL, t.customers, NULL, NULL,
                                   jsonb_build_object('k', k, 'shown', shown, 'suppressed', suppressed));
END
$$;
COMMENT ON FUNCTION segment_internal.publish_summary(text, integer, date) IS 'publish_summary, as the tables'' owner';

CREATE FUNCTION segment.publish_summary(name text, k integer DEFAULT 10, as_of date DEFAULT NULL, OUT shown bigint, OUT suppressed bigint) RETURNS record
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.publish_summary(text, integer, date) IS
  'writes a snapshot''s totals by segment, by market, and by both into published_summary, without groups of fewer than k '
  'distinct customers and without what would give them away: where one group is hidden at least two are, which have k '
  'customers together in the remainder row, so that totals add up. By market and segment whole markets are hidden, and '
  'segments taken together where that would hide all: hidden cells form full rectangles, which no margin determines. What the publication of one day hides those of other days '
  'hide too (unpublish takes one back), and a new small group is not listed until the remainder has changed by k. k: 10 by '
  'default, 0 suppresses nothing. as_of: the newest by default. Returns how many rows are shown and suppressed. Owner only';

CREATE FUNCTION segment_internal.unpublish(name text, as_of date) RETURNS bigint
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
COMMENT ON FUNCTION segment_internal.unpublish(text, date) IS 'unpublish, as the tables'' owner';

CREATE FUNCTION segment.unpublish(name text, as_of date DEFAULT NULL) RETURNS bigint
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_as_owner';
COMMENT ON FUNCTION segment.unpublish(text, date) IS
  'removes what publish_summary wrote for a day (NULL: all days), and lets other days show again what only that one hid: who '
  'kept a copy of both can then compute the difference. Returns the number of rows. Owner only';

CREATE FUNCTION segment.suppressed_counts(source regclass, customer name, "by" name, k integer DEFAULT 10, filter text DEFAULT NULL,
  OUT group_name text, OUT is_suppressed boolean, OUT customers bigint) RETURNS SETOF record
  LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM segment_internal.check_column(NULL, source, 'customer', customer), segment_internal.check_column(NULL, source, 'by', "by"),
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
