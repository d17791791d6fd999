-- 03_time.sql: what changed between snapshots of Online Retail, checked against plain SQL
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
SELECT plan(32);

-- Hand examples
SELECT is(round(segment.psi('{0.5,0.3,0.2}', '{0.4,0.35,0.25}')::numeric, 6), 0.041179, 'psi: the hand example');
SELECT is(segment.psi('{50,30,20}', '{80,70,50}'), segment.psi('{0.5,0.3,0.2}', '{0.4,0.35,0.25}'), 'counts are made shares');
SELECT is(segment.psi('{1,2,3}', '{1,2,3}'), 0::float8, 'a sample against itself');
SELECT is(round(segment.psi('{1,1,0}', '{1,1,0}')::numeric, 12), 0::numeric, 'a bin empty in both adds nothing');
SELECT is(round(segment.psi('{1,0}', '{1,1}')::numeric, 6), round((-0.5 * ln(0.5) + (0.5 - 0.0001) * ln(0.5 / 0.0001))::numeric, 6), 'an empty share counts as 0.0001');
SELECT is(segment.psi('{1,2}', '{1,2,3}'), NULL, 'different bins can not be compared');
SELECT is(segment.psi('{0,0}', '{1,2}'), NULL, 'nor with nobody');
-- Partitions {a,b}{c}{d} and {a,b}{c,d}: Hubert and Arabie's formula by hand gives (1 - 1/3) / (1.5 - 1/3).
SELECT is(round(segment.adjusted_rand('{2,1,1}', '{2,1,1}', '{2,2}')::numeric, 9), round((1 - 1 / 3.0) / (1.5 - 1 / 3.0), 9), 'adjusted Rand index by hand');
SELECT is(segment.adjusted_rand('{3,4}', '{3,4}', '{3,4}'), 1::float8, 'of a partition with itself');

-- Month ends of 2011, and half of them under a market each.
CREATE TABLE sales AS TABLE valid_sales;
CREATE INDEX ON sales (customer_id);
SELECT segment.create_segmentation('shop', 'sales', 'customer_id', 'ordered_at', 'amount', 'order_id');
SELECT is(count(segment.refresh('shop', (m + interval '1 month')::date - 1)), 10::bigint, 'ten month ends')
FROM generate_series(timestamp '2011-01-01', '2011-10-01', '1 month') m;
SELECT segment.new_version('shop');
SELECT segment.activate_version('shop', 2);
SELECT is(refreshed, date '2011-11-30', 'and an eleventh by cut points made anew') FROM segment.refresh('shop', '2011-11-30');
ANALYZE segment.state, segment.snapshot;

CREATE TEMP TABLE profile AS SELECT * FROM segment.customer_profile;
CREATE TEMP TABLE migration AS SELECT * FROM segment.segment_migration;
CREATE TEMP TABLE change AS SELECT * FROM segment.segment_changes;

-- The migration matrix
SELECT is(count(DISTINCT to_as_of), 10::bigint, 'ten matrices') FROM migration;
SELECT is_empty($$
  SELECT from_as_of, from_segment, sum(customers) FROM migration WHERE direction <> 'new' GROUP BY 1, 2
  EXCEPT SELECT as_of, segment_name, count(*) FROM profile GROUP BY 1, 2$$, 'rows add up to the segments before');
SELECT is_empty($$
  SELECT to_as_of, to_segment, sum(customers), sum(revenue) FROM migration GROUP BY 1, 2
  EXCEPT SELECT as_of, segment_name, count(*), sum(revenue) FROM profile GROUP BY 1, 2$$, 'columns to those after, with their revenue');
SELECT is((SELECT sum(customers) FROM migration), (SELECT count(*)::numeric FROM profile WHERE as_of > '2011-01-31'), 'and all are there');
SELECT is_empty($$SELECT * FROM migration WHERE from_segment = to_segment AND moved_by_order + moved_by_time + moved_by_recalibration <> 0
  OR direction IN ('up', 'down') AND moved_by_order + moved_by_time + moved_by_recalibration <> customers$$, 'who moved has one cause, who stayed none');

-- Entered and left
SELECT is_empty($$
  SELECT as_of, segment_name, entered - "left" FROM (
    SELECT as_of, entered_segment_name AS segment_name, count(*) AS entered FROM change WHERE entered_segment_name IS NOT NULL GROUP BY 1, 2) e
  FULL JOIN (SELECT as_of, left_segment_name AS segment_name, count(*) AS "left" FROM change WHERE left_segment_name IS NOT NULL GROUP BY 1, 2) l
    USING (as_of, segment_name)
  WHERE entered IS NOT NULL AND "left" IS NOT NULL
  EXCEPT
  SELECT b.as_of, b.segment_name, b.n - a.n
  FROM (SELECT as_of, segment_name, count(*) AS n FROM profile GROUP BY 1, 2) b
  JOIN (SELECT as_of, segment_name, count(*) AS n FROM profile GROUP BY 1, 2) a
    ON a.segment_name = b.segment_name AND a.as_of = date_trunc('month', b.as_of)::date - 1$$, 'entered minus left is the change in count');
SELECT is_empty($$
  (SELECT customer_id, coalesce(entered_segment_name, segment_name)
   FROM (SELECT * FROM profile WHERE as_of = '2011-10-31') p FULL JOIN (SELECT * FROM change WHERE as_of = '2011-11-30') c USING (customer_id))
  EXCEPT ALL SELECT customer_id, segment_name FROM profile WHERE as_of = '2011-11-30'$$, 'the changes applied to the list before give the list after');

-- Causes
CREATE TEMP TABLE activity AS
SELECT c.as_of, c.customer_id, c.moved_by, EXISTS (
    SELECT FROM sales s WHERE s.customer_id = c.customer_id::int AND s.ordered_at >= c.from_as_of + 1 AND s.ordered_at < c.as_of + 1) AS ordered
FROM change c;
SELECT is_empty($$SELECT * FROM activity WHERE ordered <> (moved_by IN ('new', 'order')) AND moved_by <> 'recalibration'$$,
  'moved by an order: there was one; by time: there was none');
SELECT is(count(*), 0::bigint, 'frozen cut points recalibrate nobody') FROM change WHERE moved_by = 'recalibration' AND as_of < '2011-11-30';
SELECT cmp_ok(count(*), '>', 100::bigint, 'cut points made anew do') FROM change WHERE moved_by = 'recalibration' AND as_of = '2011-11-30';
SELECT is_empty($$
  SELECT c.customer_id FROM change c
  JOIN segment.published_snapshot t ON t.as_of = '2011-11-30'
  JOIN segment.state s ON s.version_id = t.version_id AND s.customer = c.customer_id AND s.from_day <= t.as_of AND s.until_day > t.as_of
  WHERE c.as_of = '2011-11-30' AND c.moved_by <> 'new' AND (c.moved_by = 'recalibration') <> (c.left_segment_name = segment.label(
    segment.rfm_score((SELECT cut_points FROM segment.segmentation_cut_points WHERE version = 1), s.rfm, '2011-11-30'), 'standard', s.rfm, '2011-11-30'))$$,
  'those, and only those, whose segment the former cut points would have kept');

-- Dates
SELECT is_empty($$
  SELECT customer_id, segment_since FROM profile WHERE as_of = '2011-11-30'
  EXCEPT
  SELECT customer_id, min(as_of) FROM (
    SELECT customer_id, as_of, segment_name, max(CASE WHEN segment_name <> now_name THEN as_of END) OVER (PARTITION BY customer_id) AS other
    FROM (SELECT *, last_value(segment_name) OVER (PARTITION BY customer_id ORDER BY as_of ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS now_name FROM profile) q
  ) z WHERE as_of > coalesce(other, '-infinity') GROUP BY 1$$, 'segment_since is the first day of the last unbroken run');

-- Drift
SELECT is(max(psi), 0::float8, 'no drift at the baseline') FROM segment.drift WHERE as_of = baseline_as_of;
SELECT results_eq($$SELECT feature, psi FROM segment.drift WHERE as_of = '2011-10-31' AND feature = 'monetary'$$, $$
  SELECT 'monetary', segment.psi(array_agg(e::float8 ORDER BY b), array_agg(a::float8 ORDER BY b))
  FROM (SELECT m_score AS b, count(*) FILTER (WHERE as_of = '2011-01-31') AS e, count(*) FILTER (WHERE as_of = '2011-10-31') AS a
        FROM profile WHERE as_of < '2011-11-30' GROUP BY 1) x$$, 'psi of the scores by frozen cut points');
SELECT results_eq('SELECT calibrated_as_of, days_since_calibration, level FROM segment.segmentation_status',
  $$VALUES (date '2011-11-30', 0, 'stable')$$, 'after a recalibration the status is stable');

-- Evidence
SELECT results_eq($$SELECT as_of, days, segment_name, customers, buyers, revenue_since FROM segment.segment_evidence
  WHERE to_as_of = '2011-11-30' ORDER BY segment_sort$$, $$
  SELECT date '2011-08-31', 91, segment_name, count(*), count(*) FILTER (WHERE s.n > 0), coalesce(sum(s.spent), 0)
  FROM profile p
  LEFT JOIN (SELECT customer_id::text, count(*) AS n, sum(amount) AS spent FROM sales
             WHERE ordered_at >= '2011-09-01' AND ordered_at < '2011-12-01' GROUP BY 1) s USING (customer_id)
  WHERE p.as_of = '2011-08-31' GROUP BY segment_name, segment_sort ORDER BY segment_sort$$, 'who bought since, by the orders');

-- Two versions of one day
SELECT segment.refresh('shop', '2011-11-30', 1);
SELECT results_eq($$SELECT sum(customers)::bigint, count(DISTINCT adjusted_rand) FROM segment.compare_versions('shop', 1, 2, '2011-11-30')$$,
  'VALUES (4297::bigint, 1::bigint)', 'the cross table of two versions');
SELECT is(max(adjusted_rand), 1::float8, 'a version agrees with itself') FROM segment.compare_versions('shop', 2, 2, '2011-11-30');
SELECT throws_like($$SELECT segment.compare_versions('shop', 1, 2, '2011-10-30')$$, 'segmentation "shop" has no snapshot of 2011-10-30 by version 1', 'no table without a snapshot of the day');
SELECT throws_like($$SELECT segment.compare_versions('shop', 1, 9, '2011-11-30')$$, 'segmentation "shop" has no version 9', 'nor of a version that is not there');
SELECT throws_like($$SELECT segment.compare_versions('ship', 1, 2, '2011-11-30')$$, 'segmentation "ship" does not exist', 'nor of a name that is not there');

SELECT * FROM finish();
ROLLBACK;
