-- segmentation: did the same customers move as a whole?

CREATE FUNCTION segment.stuart_maxwell(counts bigint[], OUT statistic double precision, OUT df integer, OUT p_value double precision) RETURNS record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_stuart_maxwell_test';
COMMENT ON FUNCTION segment.stuart_maxwell(bigint[]) IS
  'test of marginal homogeneity: whether the same members are distributed alike at two times (Stuart 1955, Maxwell 1970). '
  'counts: a square table, rows before, columns after. df: the rank, k - 1 at most; 0 if nobody changed, statistic and '
  'p_value then NULL. Two categories give McNemar''s test. NULL for NULL; 2202E if not square, 22004, 22023 for its cells';

-- All customers of two days are compared and counted by hashing: the planner, who takes days for small, would look up and sort.
CREATE FUNCTION segment.segment_shift(name text, from_as_of date, to_as_of date, OUT statistic double precision, OUT df integer,
  OUT p_value double precision, OUT customers bigint, OUT changed bigint) RETURNS record
  LANGUAGE sql STABLE PARALLEL SAFE SET enable_nestloop = off SET enable_sort = off
BEGIN ATOMIC
  SELECT segment_internal.check_seen(name, d) FROM unnest(ARRAY[from_as_of, to_as_of]) d;
  WITH pair AS (
    SELECT a.segment AS before, b.segment AS after, count(*) AS n
    FROM segment.published_snapshot s
    JOIN segment.published_snapshot t ON t.segmentation = s.segmentation
    JOIN segment.state a ON a.version_id = s.version_id AND a.from_day <= s.as_of AND a.until_day > s.as_of AND a.segment IS NOT NULL
    JOIN segment.state b ON b.version_id = t.version_id AND b.from_day <= t.as_of AND b.until_day > t.as_of AND b.segment IS NOT NULL
      AND b.customer = a.customer
    WHERE s.segmentation = segment_shift.name AND s.as_of = from_as_of AND t.as_of = to_as_of
    GROUP BY a.segment, b.segment
  ),
  category AS (SELECT p.before AS segment FROM pair p UNION SELECT p.after FROM pair p),
  line AS (
    SELECT r.segment, array_agg(coalesce(p.n, 0) ORDER BY c.segment COLLATE "C") AS counts
    FROM category r CROSS JOIN category c LEFT JOIN pair p ON p.before = r.segment AND p.after = c.segment
    GROUP BY r.segment
  )
  SELECT x.statistic, x.df, x.p_value, (SELECT coalesce(sum(p.n), 0)::bigint FROM pair p),
         (SELECT coalesce(sum(p.n) FILTER (WHERE p.before <> p.after), 0)::bigint FROM pair p)
  FROM (SELECT array_agg(l.counts ORDER BY l.segment COLLATE "C") AS counts FROM line l) m
  LEFT JOIN LATERAL segment.stuart_maxwell(m.counts) x ON true;
END;
COMMENT ON FUNCTION segment.segment_shift(text, date, date) IS
  'whether the shares of the segments changed between two days among the customers of both, by stuart_maxwell: a chi-square '
  'test would be wrong for the same customers. customers: how many are in both; changed: how many carry another segment. '
  'NULL statistic if nobody changed; 42704 if there is no such segmentation, or no snapshot of either day';
