-- segmentation: totals of each snapshot, brought forward from day to day
--
-- What BI views show of a snapshot is kept as sums, in tables of few rows. Sums are exact (integers and decimals), so a day's
-- follow from those of the day before: take away the states that ended, add those that began. The result is that of
-- reading all states, to the digit; sums lose their zeros at the end, so that it prints the same too.

CREATE TABLE segment.segment_total (
  snapshot integer NOT NULL,
  version_id integer NOT NULL,
  market text NOT NULL,
  segment text NOT NULL,
  sort smallint NOT NULL,
  customers bigint NOT NULL,
  customers_with_orders bigint NOT NULL,
  orders numeric NOT NULL,
  orders_squared numeric NOT NULL,
  revenue numeric NOT NULL,
  revenue_squared numeric NOT NULL,
  average numeric NOT NULL,
  average_squared numeric NOT NULL,
  last_day numeric NOT NULL,
  last_day_squared numeric NOT NULL,
  PRIMARY KEY (snapshot, market, segment, sort)
);
INSERT INTO segment_internal.owned_table VALUES ('segment_total', 'version_id', NULL, 'member', NULL);
COMMENT ON TABLE segment.segment_total IS 'totals of each snapshot by market and segment; written by refresh, shown by segment_summary and segment_profile';
COMMENT ON COLUMN segment.segment_total.snapshot IS 'the snapshot';
COMMENT ON COLUMN segment.segment_total.version_id IS 'number of its version';
COMMENT ON COLUMN segment.segment_total.market IS 'the market; all where the segmentation has none';
COMMENT ON COLUMN segment.segment_total.segment IS 'the segment';
COMMENT ON COLUMN segment.segment_total.sort IS 'its rank, 1 is best';
COMMENT ON COLUMN segment.segment_total.customers IS 'number of customers';
COMMENT ON COLUMN segment.segment_total.customers_with_orders IS 'how many of them have orders, so a recency and an average order';
COMMENT ON COLUMN segment.segment_total.orders IS 'number of their orders';
COMMENT ON COLUMN segment.segment_total.orders_squared IS 'sum of the squares of their numbers of orders';
COMMENT ON COLUMN segment.segment_total.revenue IS 'net amount of their orders';
COMMENT ON COLUMN segment.segment_total.revenue_squared IS 'sum of the squares of it';
COMMENT ON COLUMN segment.segment_total.average IS 'sum of their average orders, each rounded to 12 decimals';
COMMENT ON COLUMN segment.segment_total.average_squared IS 'sum of the squares of these';
COMMENT ON COLUMN segment.segment_total.last_day IS 'sum of the days of their last orders, in days since 2000-01-01: recency of any day follows';
COMMENT ON COLUMN segment.segment_total.last_day_squared IS 'sum of the squares of these';

CREATE TABLE segment.score_total (
  snapshot integer NOT NULL,
  version_id integer NOT NULL,
  r smallint NOT NULL,
  f smallint NOT NULL,
  m smallint NOT NULL,
  segment text NOT NULL,
  sort smallint NOT NULL,
  customers bigint NOT NULL,
  revenue numeric NOT NULL,
  PRIMARY KEY (snapshot, r, f, m, segment, sort)
);
INSERT INTO segment_internal.owned_table VALUES ('score_total', 'version_id', NULL, 'member', NULL);
COMMENT ON TABLE segment.score_total IS 'totals of each snapshot by scores and segment, of customers with scores; written by refresh, shown by rfm_grid';
COMMENT ON COLUMN segment.score_total.snapshot IS 'the snapshot';
COMMENT ON COLUMN segment.score_total.version_id IS 'number of its version';
COMMENT ON COLUMN segment.score_total.r IS 'recency score';
COMMENT ON COLUMN segment.score_total.f IS 'frequency score';
COMMENT ON COLUMN segment.score_total.m IS 'monetary score';
COMMENT ON COLUMN segment.score_total.segment IS 'the segment';
COMMENT ON COLUMN segment.score_total.sort IS 'its rank, 1 is best';
COMMENT ON COLUMN segment.score_total.customers IS 'number of customers';
COMMENT ON COLUMN segment.score_total.revenue IS 'net amount of their orders';

CREATE TABLE segment.move_total (
  snapshot integer NOT NULL,
  version_id integer NOT NULL,
  from_segment text NOT NULL,
  from_sort smallint,
  to_segment text NOT NULL,
  to_sort smallint,
  customers bigint NOT NULL,
  revenue numeric NOT NULL,
  by_order bigint NOT NULL,
  by_time bigint NOT NULL,
  by_recalibration bigint NOT NULL,
  UNIQUE NULLS NOT DISTINCT (snapshot, from_segment, to_segment, from_sort, to_sort)
);
INSERT INTO segment_internal.owned_table VALUES ('move_total', 'version_id', NULL, 'member', NULL);
COMMENT ON TABLE segment.move_total IS 'how many customers went from which segment to which between a snapshot and the one before; written by refresh, shown by segment_migration';
COMMENT ON COLUMN segment.move_total.snapshot IS 'the later snapshot';
COMMENT ON COLUMN segment.move_total.version_id IS 'number of its version';
COMMENT ON COLUMN segment.move_total.from_segment IS 'segment before, or Not a customer';
COMMENT ON COLUMN segment.move_total.from_sort IS 'its rank; NULL for Not a customer';
COMMENT ON COLUMN segment.move_total.to_segment IS 'segment after, or No customer any more';
COMMENT ON COLUMN segment.move_total.to_sort IS 'its rank; NULL for No customer any more';
COMMENT ON COLUMN segment.move_total.customers IS 'number of customers';
COMMENT ON COLUMN segment.move_total.revenue IS 'net amount of their orders, after or, if gone, before';
COMMENT ON COLUMN segment.move_total.by_order IS 'how many moved by their own orders';
COMMENT ON COLUMN segment.move_total.by_time IS 'how many moved as time passed';
COMMENT ON COLUMN segment.move_total.by_recalibration IS 'how many moved by other cut points or rules only';

CREATE TABLE segment.drift_total (
  snapshot integer NOT NULL,
  version_id integer NOT NULL,
  baseline date,
  feature text NOT NULL,
  bin integer NOT NULL,
  customers bigint NOT NULL,
  PRIMARY KEY (snapshot, feature, bin)
);
INSERT INTO segment_internal.owned_table VALUES ('drift_total', 'version_id', NULL, 'member', NULL);
COMMENT ON TABLE segment.drift_total IS 'how many customers of each snapshot lie in each bin of its version''s first cut points; written by refresh, shown by drift';
COMMENT ON COLUMN segment.drift_total.snapshot IS 'the snapshot';
COMMENT ON COLUMN segment.drift_total.version_id IS 'number of its version';
COMMENT ON COLUMN segment.drift_total.baseline IS 'the day of the cut points that bins are by; NULL without any, and for segment';
COMMENT ON COLUMN segment.drift_total.feature IS 'recency, frequency, monetary, or segment';
COMMENT ON COLUMN segment.drift_total.bin IS 'the score by the first cut points; of segment the rank';
COMMENT ON COLUMN segment.drift_total.customers IS 'number of customers';

CREATE TABLE segment.value_curve_point (
  snapshot integer NOT NULL,
  version_id integer NOT NULL,
  percentile smallint NOT NULL,
  customers bigint NOT NULL,
  revenue numeric NOT NULL,
  PRIMARY KEY (snapshot, percentile)
);
INSERT INTO segment_internal.owned_table VALUES ('value_curve_point', 'version_id', NULL, 'member', NULL);
COMMENT ON TABLE segment.value_curve_point IS 'what the best 0 to 100 per cent of the customers of each snapshot brought; written by refresh, shown by value_curve';
COMMENT ON COLUMN segment.value_curve_point.snapshot IS 'the snapshot';
COMMENT ON COLUMN segment.value_curve_point.version_id IS 'number of its version';
COMMENT ON COLUMN segment.value_curve_point.percentile IS '0 to 100';
COMMENT ON COLUMN segment.value_curve_point.customers IS 'how many customers these are; a part of one counts as a whole one';
COMMENT ON COLUMN segment.value_curve_point.revenue IS 'net amount of their orders';

CREATE TABLE segment.value_ranking (
  snapshot integer PRIMARY KEY,
  version_id integer NOT NULL,
  ranking bytea,
  began bytea,
  ended bytea
);
ALTER TABLE segment.value_ranking ALTER ranking SET STORAGE EXTERNAL;
INSERT INTO segment_internal.owned_table VALUES ('value_ranking', 'version_id', NULL, 'nobody', NULL);
COMMENT ON TABLE segment.value_ranking IS 'the revenues of a version''s customers, largest first, without their ids, and how they changed since: what value_curve_point is brought forward from';
COMMENT ON COLUMN segment.value_ranking.snapshot IS 'the snapshot';
COMMENT ON COLUMN segment.value_ranking.version_id IS 'number of its version';
COMMENT ON COLUMN segment.value_ranking.ranking IS 'all revenues of the snapshot; NULL: those of the newest snapshot before that has them, changed by each day since';
COMMENT ON COLUMN segment.value_ranking.began IS 'revenues that the snapshot has and the one before had not; NULL: none';
COMMENT ON COLUMN segment.value_ranking.ended IS 'revenues that the snapshot before had; NULL: none';
CREATE INDEX value_ranking_version ON segment.value_ranking (version_id);

CREATE TABLE segment.evidence_total (
  snapshot integer NOT NULL,
  version_id integer NOT NULL,
  base integer NOT NULL,
  segment text NOT NULL,
  sort smallint NOT NULL,
  customers bigint NOT NULL,
  buyers bigint NOT NULL,
  orders_since numeric NOT NULL,
  revenue_since numeric NOT NULL,
  PRIMARY KEY (snapshot, segment, sort)
);
INSERT INTO segment_internal.owned_table VALUES ('evidence_total', 'version_id', NULL, 'member', NULL);
COMMENT ON TABLE segment.evidence_total IS 'what those who carried a segment at least 90 days before a snapshot have bought since; written by refresh, shown by segment_evidence';
COMMENT ON COLUMN segment.evidence_total.snapshot IS 'the snapshot up to which orders count';
COMMENT ON COLUMN segment.evidence_total.version_id IS 'number of its version';
COMMENT ON COLUMN segment.evidence_total.base IS 'the snapshot at which they carried the segment';
COMMENT ON COLUMN segment.evidence_total.segment IS 'the segment';
COMMENT ON COLUMN segment.evidence_total.sort IS 'its rank, 1 is best';
COMMENT ON COLUMN segment.evidence_total.customers IS 'number of customers of both snapshots';
COMMENT ON COLUMN segment.evidence_total.buyers IS 'how many of them have ordered since';
COMMENT ON COLUMN segment.evidence_total.orders_since IS 'number of their orders since';
COMMENT ON COLUMN segment.evidence_total.revenue_since IS 'net amount since';

CREATE FUNCTION segment_internal.sums_of_day(version_id integer, day date, zone text) RETURNS segment_internal.state_sum[]
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.state_sums_agg(s.customer, s.market, s.rfm, s.score, s.segment, s.sort, s.channel, zone)
  FROM segment.state s
  WHERE s.version_id = sums_of_day.version_id AND s.from_day <= day AND s.until_day > day;
END;
COMMENT ON FUNCTION segment_internal.sums_of_day(integer, date, text) IS 'sums over all states of a version that hold on a day';

CREATE FUNCTION segment_internal.sums_changed(began segment_internal.state_sum[], ended segment_internal.state_sum[]) RETURNS segment_internal.state_sum[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT ARRAY(SELECT u FROM unnest(began) u
               UNION ALL
               SELECT ROW(u.market, u.segment, u.sort, u.r, u.f, u.m, - u.customers, - u.customers_with_orders, - u.orders, - u.orders_squared,
                          - u.revenue, - u.revenue_squared, - u.average, - u.average_squared, - u.last_day, - u.last_day_squared,
                          - u.hashes)::segment_internal.state_sum
               FROM unnest(ended) u);
END;
COMMENT ON FUNCTION segment_internal.sums_changed(segment_internal.state_sum[], segment_internal.state_sum[]) IS 'sums over what began, and, negative, over what ended';

-- The state before is found by the primary key, one look-up a state that began.
CREATE FUNCTION segment_internal.changes_of_day(version_id integer, day date, zone text, OUT sums segment_internal.state_sum[], OUT began bytea, OUT ended bytea) RETURNS record
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.sums_changed(segment_internal.state_sums_agg(n.customer, n.market, n.rfm, n.score, n.segment, n.sort, n.channel, zone),
           segment_internal.state_sums_agg(o.customer, o.market, o.rfm, o.score, o.segment, o.sort, o.channel, zone)),
         segment_internal.ranking_agg(n.rfm) FILTER (WHERE segment.rfm_monetary(n.rfm) IS DISTINCT FROM segment.rfm_monetary(o.rfm)),
         segment_internal.ranking_agg(o.rfm) FILTER (WHERE segment.rfm_monetary(n.rfm) IS DISTINCT FROM segment.rfm_monetary(o.rfm))
  FROM segment.state n
  LEFT JOIN LATERAL (
    SELECT * FROM segment.state o
    WHERE o.version_id = changes_of_day.version_id AND o.customer = n.customer AND o.from_day < day
    ORDER BY o.from_day DESC LIMIT 1) o ON true
  WHERE n.version_id = changes_of_day.version_id AND n.from_day = day;
END;
COMMENT ON FUNCTION segment_internal.changes_of_day(integer, date, text) IS
  'sums over the states of a version that began on a day, and, negative, over those that ended on it; the revenues among them that differ';

CREATE FUNCTION segment_internal.changes_moved(zone text, OUT sums segment_internal.state_sum[], OUT began bytea, OUT ended bytea) RETURNS record
  LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
  SELECT segment_internal.sums_changed(segment_internal.state_sums_agg(m.customer, m.market, m.rfm, m.score, m.segment, m.sort, m.channel, zone),
           segment_internal.state_sums_agg(m.customer, m.former_market, m.former_rfm, m.former_score, m.former_segment, m.former_sort, m.former_channel, zone)),
         segment_internal.ranking_agg(m.rfm) FILTER (WHERE segment.rfm_monetary(m.rfm) IS DISTINCT FROM segment.rfm_monetary(m.former_rfm)),
         segment_internal.ranking_agg(m.former_rfm) FILTER (WHERE segment.rfm_monetary(m.rfm) IS DISTINCT FROM segment.rfm_monetary(m.former_rfm))
  FROM segment_internal.moved() m;
END;
COMMENT ON FUNCTION segment_internal.changes_moved(text) IS 'changes_of_day of moved()';

CREATE FUNCTION segment_internal.write_segment_totals(s segment.snapshot, before integer, sums segment_internal.state_sum[]) RETURNS void
  LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
  INSERT INTO segment.segment_total
  SELECT s.id, s.version_id, x.market, x.segment, x.sort, sum(x.customers), sum(x.customers_with_orders), sum(x.orders), sum(x.orders_squared),
         trim_scale(sum(x.revenue)), trim_scale(sum(x.revenue_squared)), trim_scale(sum(x.average)), trim_scale(sum(x.average_squared)),
         sum(x.last_day), sum(x.last_day_squared)
  FROM (SELECT u.market, u.segment, u.sort, u.customers, u.customers_with_orders, u.orders, u.orders_squared, u.revenue,
               u.revenue_squared, u.average, u.average_squared, u.last_day, u.last_day_squared
        FROM unnest(sums) u
        UNION ALL
        SELECT t.market, t.segment, t.sort, t.customers, t.customers_with_orders, t.orders, t.orders_squared, t.revenue,
               t.revenue_squared, t.average, t.average_squared, t.last_day, t.last_day_squared
        FROM segment.segment_total t WHERE t.snapshot = before) x
  GROUP BY x.market, x.segment, x.sort
  HAVING sum(x.customers) <> 0;
  INSERT INTO segment.score_total
  SELECT s.id, s.version_id, x.r, x.f, x.m, x.segment, x.sort, sum(x.customers), trim_scale(sum(x.revenue))
  FROM (SELECT u.r, u.f, u.m, u.segment, u.sort, u.customers, u.revenue FROM unnest(sums) u WHERE u.r IS NOT NULL
        UNION ALL
        SELECT t.r, t.f, t.m, t.segment, t.sort, t.customers, t.revenue FROM segment.score_total t WHERE t.snapshot = before) x
  GROUP BY x.r, x.f, x.m, x.segment, x.sort
  HAVING sum(x.customers) <> 0;
END;
COMMENT ON FUNCTION segment_internal.write_segment_totals(segment.snapshot, integer, segment_internal.state_sum[]) IS
  'writes segment_total and score_total of a snapshot: those of the snapshot before (NULL: none) and sums';

-- Those whose state began on the day have moved, or not; who stayed are all others of the segment.
CREATE FUNCTION segment_internal.write_move_totals(s segment.snapshot, p segment.snapshot, kept boolean) RETURNS void
  LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
  INSERT INTO segment.move_total
  WITH moved AS MATERIALIZED (
    SELECT n.previous_segment, n.previous_sort, n.segment, n.sort, count(*) AS customers, sum(segment.rfm_monetary(n.rfm)) AS revenue,
           count(*) FILTER (WHERE n.moved_by = 'order') AS by_order, count(*) FILTER (WHERE n.moved_by = 'time') AS by_time,
           count(*) FILTER (WHERE n.moved_by = 'recalibration') AS by_recalibration
    FROM (SELECT n.previous_segment, n.previous_sort, n.segment, n.sort, coalesce(n.rfm, o.rfm) AS rfm, n.moved_by
          FROM segment.state n
          LEFT JOIN LATERAL (
            SELECT x.rfm FROM segment.state x
            WHERE n.rfm IS NULL AND x.version_id = (p).version_id AND x.customer = n.customer AND x.from_day <= (p).as_of AND x.until_day > (p).as_of
            ORDER BY x.from_day DESC LIMIT 1) o ON true
          WHERE NOT kept AND n.version_id = s.version_id AND n.from_day = s.as_of
          UNION ALL
          SELECT m.former_segment, m.former_sort, m.segment, m.sort, coalesce(m.rfm, m.former_rfm), m.moved_by FROM segment_internal.moved() m WHERE kept) n
    WHERE n.previous_segment IS DISTINCT FROM n.segment OR n.previous_sort IS DISTINCT FROM n.sort
    GROUP BY n.previous_segment, n.previous_sort, n.segment, n.sort
  ),
  stayed AS (
    SELECT x.segment, x.sort, sum(x.customers)::bigint AS customers, sum(x.revenue) AS revenue
    FROM (SELECT t.segment, t.sort, t.customers, t.revenue FROM segment.segment_total t WHERE t.snapshot = s.id
          UNION ALL
          SELECT m.segment, m.sort, - m.customers, - m.revenue FROM moved m WHERE m.segment IS NOT NULL) x
    GROUP BY x.segment, x.sort
    HAVING sum(x.customers) <> 0
  )
  SELECT s.id, s.version_id, coalesce(m.previous_segment, 'Not a customer'), m.previous_sort, coalesce(m.segment, 'No customer any more'), m.sort,
         m.customers, trim_scale(m.revenue), m.by_order, m.by_time, m.by_recalibration
  FROM moved m
  UNION ALL
  SELECT s.id, s.version_id, t.segment, t.sort, t.segment, t.sort, t.customers, trim_scale(t.revenue), 0, 0, 0 FROM stayed t;
END;
COMMENT ON FUNCTION segment_internal.write_move_totals(segment.snapshot, segment.snapshot, boolean) IS
  'writes move_total of a snapshot, compared with p, from its segment_total and the states that began on its day (kept: which are moved())';

CREATE FUNCTION segment_internal.write_drift_totals(s segment.snapshot, v segment.segmentation_version, baseline date) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM segment.drift_total t WHERE t.snapshot = s.id;
  INSERT INTO segment.drift_total
  SELECT s.id, s.version_id, NULL, 'segment', t.sort, sum(t.customers) FROM segment.segment_total t WHERE t.snapshot = s.id GROUP BY t.sort;
  IF (v.scores).cut_points = 'frozen' THEN
    INSERT INTO segment.drift_total
    SELECT s.id, s.version_id, baseline, x.feature, x.bin, sum(t.customers)
    FROM segment.score_total t
    CROSS JOIN LATERAL (VALUES ('recency', t.r), ('frequency', t.f), ('monetary', t.m)) x (feature, bin)
    WHERE t.snapshot = s.id
    GROUP BY x.feature, x.bin;
    RETURN;
  END IF;

  INSERT INTO segment.drift_total
  SELECT s.id, s.version_id, baseline, x.feature, x.bin, sum(g.customers)
  FROM (SELECT segment.score_code(segment.rfm_score(coalesce(own.cut_points, everybody.cut_points), c.rfm, s.as_of, (v.days).zone)) AS code, count(*) AS customers
        FROM segment.state c
        LEFT JOIN segment.segmentation_cut_points own ON own.segmentation = v.segmentation AND own.version = v.version
          AND own.as_of = baseline AND own.market = c.market
        LEFT JOIN segment.segmentation_cut_points everybody ON everybody.segmentation = v.segmentation AND everybody.version = v.version
          AND everybody.as_of = baseline AND everybody.market = ''
        WHERE c.version_id = s.version_id AND c.from_day <= s.as_of AND c.until_day > s.as_of AND c.rfm IS NOT NULL
        GROUP BY 1) g
  CROSS JOIN LATERAL (VALUES ('recency', g.code / 100), ('frequency', g.code / 10 % 10), ('monetary', g.code % 10)) x (feature, bin)
  WHERE x.bin IS NOT NULL
  GROUP BY x.feature, x.bin;
END
$$;
COMMENT ON FUNCTION segment_internal.write_drift_totals(segment.snapshot, segment.segmentation_version, date) IS
  'writes drift_total of a snapshot, in the bins of the cut points of the day baseline. Frozen cut points are these, so scores are the bins; where they float all states are scored by them';

CREATE FUNCTION segment_internal.renew_drift(s segment.snapshot, v segment.segmentation_version) RETURNS void
  LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
  SELECT segment_internal.write_drift_totals(t, v, b.baseline)
  FROM (SELECT min(p.as_of) AS baseline FROM segment.segmentation_cut_points p WHERE p.segmentation = (v).segmentation AND p.version = (v).version) b
  JOIN segment.snapshot t ON t.version_id = (v).id
  WHERE t.id = (s).id
     OR ((v).scores).cut_points = 'floating' AND EXISTS (SELECT FROM segment.drift_total d WHERE d.snapshot = t.id AND d.baseline <> b.baseline);
END;
COMMENT ON FUNCTION segment_internal.renew_drift(segment.snapshot, segment.segmentation_version) IS
  'writes drift_total of a snapshot, and of those of its version whose bins were by other cut points than what are now the first';

CREATE FUNCTION segment_internal.ranking_before(before segment.snapshot, OUT base date, OUT ranking bytea, OUT began bytea[], OUT ended bytea[],
  OUT bytes bigint) RETURNS record
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  complete boolean;
BEGIN
  SELECT t.as_of, r.ranking INTO base, ranking
  FROM segment.value_ranking r JOIN segment.snapshot t ON t.id = r.snapshot
  WHERE r.version_id = (before).version_id AND r.ranking IS NOT NULL AND t.as_of <= (before).as_of
  ORDER BY t.as_of DESC LIMIT 1;
  SELECT coalesce(array_agg(r.began), '{}'), coalesce(array_agg(r.ended), '{}'), count(*) = count(r.snapshot),
         coalesce(sum(coalesce(octet_length(r.began), 0) + coalesce(octet_length(r.ended), 0)), 0)
    INTO began, ended, complete, bytes
  FROM segment.snapshot t LEFT JOIN segment.value_ranking r ON r.snapshot = t.id
  WHERE t.version_id = (before).version_id AND t.as_of > base AND t.as_of <= (before).as_of;
  IF NOT complete THEN
    ranking := NULL;
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.ranking_before(segment.snapshot) IS
  'the newest whole ranking up to a snapshot, its day, and what joined and left it until that; NULL ranking: not known';

CREATE FUNCTION segment_internal.write_value_curve(s segment.snapshot, before segment.snapshot, began bytea, ended bytea) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known record := segment_internal.ranking_before(before);
  points numeric[] := segment_internal.ranking_curve(known.ranking, known.began || began, known.ended || ended);
  whole bytea;
BEGIN
  -- A ranking that much has changed since is written anew.
  IF points IS NOT NULL AND known.bytes > octet_length(known.ranking) / 4 THEN
    whole := segment_internal.ranking_merge(known.ranking, known.began || began, known.ended || ended);
  END IF;
  IF points IS NULL THEN
    SELECT segment_internal.ranking_agg(c.rfm) INTO whole
    FROM segment.state c WHERE c.version_id = s.version_id AND c.from_day <= s.as_of AND c.until_day > s.as_of;
    points := segment_internal.ranking_curve(whole, '{}', '{}');
  END IF;
  IF points IS NULL AND whole IS NOT NULL THEN
    SELECT segment_internal.revenue_curve_agg(c.rfm) INTO points
    FROM segment.state c WHERE c.version_id = s.version_id AND c.from_day <= s.as_of AND c.until_day > s.as_of;
    whole := NULL;
  ELSIF points IS NOT NULL THEN
    INSERT INTO segment.value_ranking
    SELECT s.id, s.version_id, whole, CASE WHEN before.id IS NOT NULL THEN began END, CASE WHEN before.id IS NOT NULL THEN ended END;
  END IF;
  IF whole IS NOT NULL THEN
    -- The one before stays: the same day again goes back to it.
    DELETE FROM segment.value_ranking r USING segment.snapshot t
    WHERE r.version_id = s.version_id AND t.id = r.snapshot
      AND t.as_of < (SELECT max(u.as_of) FROM segment.value_ranking o JOIN segment.snapshot u ON u.id = o.snapshot
                     WHERE o.version_id = s.version_id AND o.ranking IS NOT NULL AND u.as_of < s.as_of);
  END IF;

  INSERT INTO segment.value_curve_point
  SELECT s.id, s.version_id, p.i - 1, ceil(n.customers * (p.i - 1) / 100.0), p.revenue
  FROM (SELECT sum(t.customers) AS customers FROM segment.segment_total t WHERE t.snapshot = s.id) n, unnest(points) WITH ORDINALITY p (revenue, i);
END
$$;
COMMENT ON FUNCTION segment_internal.write_value_curve(segment.snapshot, segment.snapshot, bytea, bytea) IS
  'writes value_curve_point of a snapshot: from the ranking of the snapshot before (NULL: not to be used) and the revenues that differ, else from all states; and its value_ranking';

CREATE FUNCTION segment_internal.evidence_base(s segment.snapshot) RETURNS segment.snapshot
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT p
  FROM segment.snapshot p
  WHERE p.segmentation = s.segmentation AND p.as_of <= s.as_of - 90 AND (p.version_id = s.version_id OR p.made_active)
  ORDER BY p.as_of DESC, p.version_id = s.version_id DESC, p.version DESC
  LIMIT 1;
END;
COMMENT ON FUNCTION segment_internal.evidence_base(segment.snapshot) IS
  'the snapshot whose segments are judged by what was bought until this one: the newest at least 90 days before, of its version or one that was active; NULL: none';

CREATE FUNCTION segment_internal.evidence_of_all(b segment.snapshot, s segment.snapshot, OUT segment text, OUT sort smallint, OUT customers bigint,
  OUT buyers bigint, OUT orders_since numeric, OUT revenue_since numeric) RETURNS SETOF record
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
  SELECT c.segment, c.sort, count(*), count(*) FILTER (WHERE segment.rfm_frequency(n.rfm) > segment.rfm_frequency(c.rfm)),
         sum(segment.rfm_frequency(n.rfm) - segment.rfm_frequency(c.rfm)), sum(segment.rfm_monetary(n.rfm) - segment.rfm_monetary(c.rfm))
  FROM segment.state c
  JOIN segment.state n ON n.version_id = (s).version_id AND n.customer = c.customer AND n.from_day <= (s).as_of AND n.until_day > (s).as_of
  WHERE c.version_id = (b).version_id AND c.from_day <= (b).as_of AND c.until_day > (b).as_of AND c.rfm IS NOT NULL AND n.rfm IS NOT NULL
  GROUP BY c.segment, c.sort;
END;
COMMENT ON FUNCTION segment_internal.evidence_of_all(segment.snapshot, segment.snapshot) IS
  'of all customers of snapshots b and s, by their segment in b: how many, who ordered between, how much';

CREATE FUNCTION segment_internal.evidence_of(someone text[], version_id integer, base date, day date, OUT segment text, OUT sort smallint,
  OUT customers bigint, OUT buyers bigint, OUT orders_since numeric, OUT revenue_since numeric) RETURNS SETOF record
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
  SELECT c.segment, c.sort, count(*), count(*) FILTER (WHERE segment.rfm_frequency(n.rfm) > segment.rfm_frequency(c.rfm)),
         sum(segment.rfm_frequency(n.rfm) - segment.rfm_frequency(c.rfm)), sum(segment.rfm_monetary(n.rfm) - segment.rfm_monetary(c.rfm))
  FROM unnest(someone) x (customer)
  CROSS JOIN LATERAL (
    SELECT h.segment, h.sort, h.rfm, h.until_day FROM segment.state h
    WHERE h.version_id = evidence_of.version_id AND h.customer = x.customer AND h.from_day <= base ORDER BY h.from_day DESC LIMIT 1) c
  CROSS JOIN LATERAL (
    SELECT h.rfm, h.until_day FROM segment.state h
    WHERE h.version_id = evidence_of.version_id AND h.customer = x.customer AND h.from_day <= day ORDER BY h.from_day DESC LIMIT 1) n
  WHERE c.rfm IS NOT NULL AND n.rfm IS NOT NULL AND c.until_day > base AND n.until_day > day
  GROUP BY c.segment, c.sort;
END;
COMMENT ON FUNCTION segment_internal.evidence_of(text[], integer, date, date) IS 'the same of some customers and two days of one version, by look-ups';

CREATE FUNCTION segment_internal.evidence_changed(s segment.snapshot, b segment.snapshot, before segment.snapshot, OUT base date, OUT someone text[]) RETURNS record
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  rows bigint;
BEGIN
  SELECT p.as_of INTO base
  FROM segment.evidence_total e JOIN segment.snapshot p ON p.id = e.base
  WHERE e.snapshot = before.id AND p.version_id = s.version_id AND b.version_id = s.version_id AND p.as_of <= b.as_of
  LIMIT 1;
  IF base IS NULL THEN
    RETURN;
  END IF;
  SELECT array_agg(DISTINCT x.customer), count(*) INTO someone, rows
  FROM (SELECT c.customer FROM segment.state c
        WHERE c.version_id = s.version_id AND (c.from_day = s.as_of OR c.from_day > base AND c.from_day <= b.as_of)
        LIMIT before.customers / 8 + 1) x;
  IF rows > before.customers / 8 THEN
    base := NULL;
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.evidence_changed(segment.snapshot, segment.snapshot, segment.snapshot) IS
  'the base of the snapshot before, and whose evidence for s and b may differ from that: states began since then; base NULL: too many, or no comparison';

-- Two days of many customers are compared by hashing, whatever the planner believes of the days' sizes.
CREATE FUNCTION segment_internal.write_evidence(s segment.snapshot, before segment.snapshot) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
  b segment.snapshot := segment_internal.evidence_base(s);
  changed record := segment_internal.evidence_changed(s, b, before);
BEGIN
  DELETE FROM segment.evidence_total t WHERE t.snapshot = s.id;
  -- Summaries of look-back windows lose orders, so their difference says nothing.
  IF b.id IS NULL OR EXISTS (SELECT FROM segment.segmentation_version v
                             WHERE v.id IN (s.version_id, b.version_id) AND (v.days).look_back_days IS NOT NULL) THEN
    RETURN;
  END IF;
  INSERT INTO segment.evidence_total
  SELECT s.id, s.version_id, b.id, x.segment, x.sort, sum(x.customers), sum(x.buyers), sum(x.orders_since), trim_scale(sum(x.revenue_since))
  FROM (SELECT a.* FROM segment_internal.evidence_of_all(b, s) a WHERE changed.base IS NULL
        UNION ALL
        SELECT e.segment, e.sort, e.customers, e.buyers, e.orders_since, e.revenue_since FROM segment.evidence_total e
        WHERE e.snapshot = before.id AND changed.base IS NOT NULL
        UNION ALL
        SELECT o.segment, o.sort, - o.customers, - o.buyers, - o.orders_since, - o.revenue_since
        FROM segment_internal.evidence_of(changed.someone, s.version_id, changed.base, before.as_of) o WHERE changed.base IS NOT NULL
        UNION ALL
        SELECT n.* FROM segment_internal.evidence_of(changed.someone, s.version_id, b.as_of, s.as_of) n WHERE changed.base IS NOT NULL) x
  GROUP BY x.segment, x.sort
  HAVING sum(x.customers) <> 0;
END
$$;
COMMENT ON FUNCTION segment_internal.write_evidence(segment.snapshot, segment.snapshot) IS
  'writes evidence_total of a snapshot: brought forward from the snapshot before (NULL: not to be used), else from its states and those of the base';

CREATE FUNCTION segment_internal.renew_evidence(changed segment.snapshot) RETURNS void
  LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
  SELECT segment_internal.write_evidence(t, NULL)
  FROM segment.snapshot t
  WHERE t.segmentation = (changed).segmentation AND t.as_of >= (changed).as_of + 90
    AND (EXISTS (SELECT FROM segment.evidence_total e WHERE e.snapshot = t.id AND e.base = (changed).id)
         OR (segment_internal.evidence_base(t)).id = (changed).id);
END;
COMMENT ON FUNCTION segment_internal.renew_evidence(segment.snapshot) IS
  'writes evidence_total anew of the later snapshots whose base a snapshot is, was, or has become';

CREATE FUNCTION segment_internal.delete_totals(snapshot integer) RETURNS void
  LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
  DELETE FROM segment.segment_total t WHERE t.snapshot = delete_totals.snapshot;
  DELETE FROM segment.score_total t WHERE t.snapshot = delete_totals.snapshot;
  DELETE FROM segment.move_total t WHERE t.snapshot = delete_totals.snapshot;
  DELETE FROM segment.drift_total t WHERE t.snapshot = delete_totals.snapshot;
  DELETE FROM segment.value_curve_point t WHERE t.snapshot = delete_totals.snapshot;
  DELETE FROM segment.value_ranking t WHERE t.snapshot = delete_totals.snapshot;
  DELETE FROM segment.evidence_total t WHERE t.snapshot = delete_totals.snapshot;
END;
COMMENT ON FUNCTION segment_internal.delete_totals(integer) IS 'deletes the totals of a snapshot';

CREATE FUNCTION segment_internal.write_totals(s segment.snapshot) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  v segment.segmentation_version;
  p segment.snapshot;
  before segment.snapshot;
  began bigint;
  changes record;
  kept boolean := segment_internal.has_moved(s.version_id, s.as_of);
BEGIN
  SELECT x.* INTO v FROM segment.segmentation_version x WHERE x.id = s.version_id;
  SELECT x.* INTO p FROM segment.snapshot x WHERE x.id = s.previous;
  -- Where many states changed, all of them are read faster than those of the day before are looked up.
  IF kept AND p.version_id = s.version_id AND p.carry THEN
    before := p;
  ELSIF p.version_id = s.version_id AND p.carry THEN
    SELECT count(*) INTO began
    FROM (SELECT FROM segment.state n WHERE n.version_id = s.version_id AND n.from_day = s.as_of LIMIT p.customers / 8 + 1) x;
    IF began <= p.customers / 8 THEN
      before := p;
    END IF;
  END IF;
  IF before.id IS NULL THEN
    SELECT segment_internal.sums_of_day(s.version_id, s.as_of, (v.days).zone) AS sums, NULL::bytea AS began, NULL::bytea AS ended INTO changes;
  ELSIF kept THEN
    changes := segment_internal.changes_moved((v.days).zone);
  ELSE
    changes := segment_internal.changes_of_day(s.version_id, s.as_of, (v.days).zone);
  END IF;

  PERFORM segment_internal.delete_totals(s.id);
  PERFORM segment_internal.write_segment_totals(s, before.id, changes.sums);
  IF p.id IS NOT NULL THEN
    PERFORM segment_internal.write_move_totals(s, p, kept);
  END IF;
  PERFORM segment_internal.renew_drift(s, v);
  PERFORM segment_internal.write_value_curve(s, before, changes.began, changes.ended);
  PERFORM segment_internal.write_evidence(s, before);
  PERFORM segment_internal.renew_evidence(s);
  UPDATE segment.snapshot t
  SET carry = true,
      customers = coalesce(before.customers, 0) + coalesce((SELECT sum(x.customers) FROM unnest(changes.sums) x), 0),
      fingerprint = coalesce(before.fingerprint, 0) + coalesce((SELECT sum(x.hashes) FROM unnest(changes.sums) x), 0),
      moved = CASE WHEN kept THEN (SELECT count(*) FROM segment_internal.moved() m WHERE m.moved_by <> 'gone')
              ELSE (SELECT count(*) FROM segment.state n
               WHERE n.version_id = s.version_id AND n.from_day = s.as_of AND n.moved_by IN ('new', 'order', 'time', 'recalibration')) END
  WHERE t.id = s.id;
END
$$;
COMMENT ON FUNCTION segment_internal.write_totals(segment.snapshot) IS
  'writes the totals of a snapshot, its number of customers, how many moved, and its fingerprint: brought forward from the '
  'snapshot before if that is of the same version and can be carried, else from all states of the day. Call it after the '
  'states, for the day and for the next snapshot of the version';

CREATE FUNCTION segment_internal.drop_totals(snapshot integer) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  judged integer[] := ARRAY(SELECT DISTINCT e.snapshot FROM segment.evidence_total e WHERE e.base = drop_totals.snapshot AND e.snapshot <> e.base);
BEGIN
  PERFORM segment_internal.delete_totals(drop_totals.snapshot);
  PERFORM segment_internal.write_evidence(t, NULL) FROM segment.snapshot t WHERE t.id = ANY (judged);
END
$$;
COMMENT ON FUNCTION segment_internal.drop_totals(integer) IS
  'deletes the totals of a snapshot that is removed already, and judges anew the segments of later snapshots that were compared with it';

CREATE FUNCTION segment_internal.forget_totals(version_id integer) RETURNS void
  LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
  UPDATE segment.snapshot t SET carry = false WHERE t.version_id = forget_totals.version_id AND t.carry;
  DELETE FROM segment.value_ranking r WHERE r.version_id = forget_totals.version_id;
END;
COMMENT ON FUNCTION segment_internal.forget_totals(integer) IS
  'call it where states of a version were removed: totals of past days stay as they are, the next day''s are computed from all states';
