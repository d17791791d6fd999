-- 17_kpi.sql: KPIs over time, written by refresh: against plain SQL, their targets, limits, and what moves them
\ir ../lib/begin.sql
SET search_path = public, segment;
SELECT plan(57);

CREATE TABLE sale (id integer, who integer, at date, amount numeric(10, 2), land text, written timestamptz NOT NULL DEFAULT '2025-06-01');
-- 400 customers of three countries, some of whom move; returns, and customers who only return
INSERT INTO sale
SELECT g, (g * 7919 % 1009) % 400, date '2024-01-10' + (g * 104729 % 481 + g * 31 % 15)::int, CASE WHEN g % 23 = 0 OR (g * 7919 % 1009) % 400 < 5 THEN -1 ELSE 1 END * (g % 101 + 0.25),
       (ARRAY['DE', 'FR', 'UK'])[1 + ((g * 7919 % 1009) % 400 + g / 2500) % 3] FROM generate_series(1, 3000) g;

SELECT is(create_segmentation('shop', 'sale', 'who', 'at', 'amount', 'id', 'land', changes => by_column('written')), 'shop', 'declared');
SELECT is(refreshed, date '2025-05-20', 'refreshed in the middle of a month') FROM refresh('shop', '2025-05-20');

-- The same by plain SQL: one row a customer and month, by market and segment of the day
CREATE FUNCTION plain(name text, day date) RETURNS TABLE (kpi text, period_start date, dimension text, value_key text, numerator numeric, denominator numeric)
LANGUAGE sql SET search_path = public, segment AS $$
  WITH s AS (SELECT o.*, (min(o.at) FILTER (WHERE o.amount >= 0) OVER (PARTITION BY o.who))::date AS first_on FROM sale o WHERE o.at <= day),
  c AS (SELECT p.customer_id::int AS who, p.market, p.segment_name FROM customer_profile p WHERE p.segmentation = name AND p.as_of = day),
  d AS (SELECT who, 'all' AS dimension, 'all' AS value_key FROM c UNION ALL SELECT who, 'market', market FROM c UNION ALL SELECT who, 'segment', segment_name FROM c),
  m AS (SELECT generate_series(date '2024-01-01', date_trunc('month', day), '1 month')::date AS month),
  a AS (
    SELECT d.dimension, d.value_key, m.month, d.who, count(s.id) FILTER (WHERE s.amount >= 0) AS orders, sum(s.amount) AS revenue, min(s.first_on) AS first_on, bool_or(s.id IS NOT NULL) AS any
    FROM d CROSS JOIN m LEFT JOIN s ON s.who = d.who AND s.at >= m.month AND s.at < m.month + interval '1 month' GROUP BY 1, 2, 3, 4),
  b AS (
    SELECT a.*, f.first_on AS came, lag(a.orders) OVER (PARTITION BY a.dimension, a.value_key, a.who ORDER BY a.month) AS before
    FROM a LEFT JOIN (SELECT who, min(first_on) AS first_on FROM s GROUP BY 1) f USING (who)),
  t AS (
    SELECT dimension, value_key, month, count(*) FILTER (WHERE orders > 0) AS active, count(*) FILTER (WHERE came >= month AND came < month + interval '1 month') AS new,
           count(*) FILTER (WHERE orders > 0 AND before > 0) AS retained, count(*) FILTER (WHERE before > 0) AS active_before,
           count(*) FILTER (WHERE orders > 0 AND came < month AND before = 0) AS back, count(*) FILTER (WHERE came < month AND before = 0) AS asleep,
           sum(orders) AS orders, coalesce(sum(revenue), 0) AS revenue
    FROM b GROUP BY 1, 2, 3)
  SELECT k.kpi, t.month, t.dimension, t.value_key, k.numerator, k.denominator
  FROM t CROSS JOIN LATERAL (VALUES ('customers', active::numeric, NULL::numeric), ('new customers', new, NULL), ('retention rate', retained, active_before),
    ('churn rate', active_before - retained, active_before), ('reactivation rate', back, asleep), ('orders', orders, NULL), ('revenue', revenue, NULL),
    ('orders per customer', orders, active), ('average order value', revenue, orders), ('revenue per customer', revenue, active)) k (kpi, numerator, denominator)
  WHERE active > 0 OR asleep > 0 OR active_before > 0 OR revenue <> 0
$$;
CREATE VIEW ours AS SELECT kpi, period_start, dimension, value_key, trim_scale(numerator) AS numerator, denominator FROM kpi_series
WHERE segmentation = 'shop' AND definition_version = 1 AND kpi NOT LIKE 'margin%' AND kpi NOT IN ('repeat rate', 'mature repeat rate', 'penetration', 'market share');
CREATE VIEW wanted AS SELECT kpi, period_start, dimension, value_key, trim_scale(numerator) AS numerator, denominator FROM plain('shop', '2025-05-20');
SELECT is_empty($$SELECT * FROM ours EXCEPT ALL SELECT * FROM wanted$$, 'no value that plain SQL does not give');
SELECT is_empty($$SELECT * FROM wanted EXCEPT ALL SELECT * FROM ours$$, 'and every one that it gives');
SELECT cmp_ok(count(*), '>', 1000::bigint, 'of all, by segment and by market') FROM ours;
SELECT is_empty($$SELECT * FROM kpi_series WHERE value IS DISTINCT FROM CASE WHEN denominator IS NULL THEN numerator::float8 WHEN denominator > 0 THEN (numerator / denominator)::float8 END
  AND unit NOT LIKE 'share%'$$, 'a value is its numerator by its denominator');
SELECT is_empty($$SELECT FROM kpi_series WHERE (value IS NULL) <> (reason IS NOT NULL)$$, 'what has no value has a reason');
SELECT results_eq($$SELECT DISTINCT reason FROM kpi_series WHERE kpi = 'margin'$$, $$VALUES ('no costs are known')$$, 'margin without costs is not 0');
SELECT is_empty($$SELECT FROM kpi_series WHERE is_complete <> (period_end <= '2025-05-21')$$, 'the month of as_of is open');
SELECT is_empty($$SELECT s.* FROM kpi_series s, rate_interval(CASE WHEN unit = 'share of customers' THEN numerator::bigint END, denominator::bigint) i
  WHERE (ci_low, ci_high) IS DISTINCT FROM (low, high)$$, 'shares of customers have Wilson''s interval, others none');
SELECT results_eq($$SELECT numerator, denominator FROM kpi_series WHERE dimension = 'all' AND kpi = 'repeat rate'$$,
  $$SELECT count(*) FILTER (WHERE n > 1)::numeric, count(*)::numeric FROM (SELECT count(*) AS n FROM sale WHERE amount >= 0 AND at <= '2025-05-20' GROUP BY who) c$$, 'repeat rate');
SELECT is_empty($$SELECT kpi, period_start FROM kpi_series WHERE dimension = 'all' AND kpi IN ('orders', 'revenue', 'customers')
  AND numerator <> (SELECT sum(m.numerator) FROM kpi_series m WHERE m.dimension = 'market' AND (m.kpi, m.period_start) = (kpi_series.kpi, kpi_series.period_start))$$,
  'markets add up: a customer is in one');

-- Limits: those of the functions, by the first 12 complete months
CREATE TEMP TABLE complete AS SELECT * FROM kpi_series WHERE is_complete AND dimension = 'all' AND value IS NOT NULL;
SELECT is_empty($$SELECT c.period_start, c.limit_low, l.lower FROM (SELECT array_agg(value ORDER BY period_start) AS p FROM complete WHERE kpi = 'revenue') x, control_limits(p, 12) l
  JOIN (SELECT *, row_number() OVER (ORDER BY period_start) AS n FROM complete WHERE kpi = 'revenue') c ON c.n = l.position
  WHERE (c.limit_low, c.limit_high, c.is_signal) IS DISTINCT FROM (l.lower, l.upper, l.is_signal)$$, 'XmR limits of revenue');
SELECT is_empty($$SELECT c.period_start, c.limit_low, l.lower
  FROM (SELECT array_agg(numerator::bigint ORDER BY period_start) AS x, array_agg(denominator::bigint ORDER BY period_start) AS n FROM complete WHERE kpi = 'retention rate') x, control_limits_rate(x, n, baseline => 12) l
  JOIN (SELECT *, row_number() OVER (ORDER BY period_start) AS n FROM complete WHERE kpi = 'retention rate') c ON c.n = l.position
  WHERE (c.limit_low, c.limit_high, c.is_signal) IS DISTINCT FROM (l.lower, l.upper, l.is_signal)$$, 'Laney''s of retention');
SELECT is_empty($$SELECT FROM kpi_series WHERE NOT is_complete AND (limit_low, limit_high, is_signal) IS DISTINCT FROM (NULL, NULL, NULL)$$, 'an open period has none');

-- The same day again: the same rows
CREATE TEMP TABLE once AS TABLE kpi_point;
SELECT is(refreshed, date '2025-05-20', 'the same day again') FROM refresh('shop', '2025-05-20');
SELECT is_empty($$(TABLE once EXCEPT ALL TABLE kpi_point) UNION ALL (TABLE kpi_point EXCEPT ALL TABLE once)$$, 'changes nothing');

-- Targets
SELECT set_kpi_target('shop', 'orders', 180, 20) \g /dev/null
SELECT set_kpi_target('shop', 'orders', 300, 10, valid_from => '2025-01-01') \g /dev/null
SELECT set_kpi_target('shop', 'churn rate', 0.5, 0.2) \g /dev/null
SELECT set_kpi_target('shop', 'average order value', 50, dimension => 'market', value_key => 'DE') \g /dev/null
SELECT is_empty($$SELECT period_start, value, status FROM kpi_series WHERE kpi = 'orders' AND dimension = 'all' AND status IS DISTINCT FROM
  CASE WHEN period_start >= '2025-05-01' THEN NULL WHEN value >= CASE WHEN period_start < '2025-01-01' THEN 180 ELSE 300 END THEN 'on track'
       WHEN value >= CASE WHEN period_start < '2025-01-01' THEN 160 ELSE 290 END THEN 'watch' ELSE 'off' END$$, 'status by the target that held when the month began; none while it is open');
SELECT is((SELECT array_agg(DISTINCT status ORDER BY status) FROM kpi_series WHERE kpi = 'orders' AND status IS NOT NULL), '{off,"on track",watch}'::text[], 'of every kind');
SELECT is_empty($$SELECT value, status FROM kpi_series WHERE kpi = 'churn rate' AND dimension = 'all' AND is_complete AND value IS NOT NULL AND status IS DISTINCT FROM
  CASE WHEN value <= 0.5 THEN 'on track' WHEN value <= 0.7 THEN 'watch' ELSE 'off' END$$, 'less churn is better');
SELECT results_eq($$SELECT DISTINCT dimension, value_key FROM kpi_series WHERE kpi = 'average order value' AND target IS NOT NULL$$, $$VALUES ('market', 'DE')$$, 'a target of one market');
SELECT set_kpi_target('shop', 'average order value', NULL, dimension => 'market', value_key => 'DE') \g /dev/null
SELECT is_empty($$SELECT FROM kpi_target WHERE kpi = 'average order value'$$, 'NULL takes it away');
SELECT throws_ok($$SELECT set_kpi_target('shop', 'nosuch', 1)$$, '42704', 'KPI "nosuch" does not exist', 'a KPI that is none');
SELECT throws_ok($$SELECT set_kpi_target('shop', 'stickiness', 1)$$, '42704', NULL, 'nor one that is not kept');
SELECT throws_ok($$SELECT set_kpi_target('shop', NULL, 1)$$, '22004', NULL, 'nor NULL');
SELECT throws_ok($$SELECT set_kpi_target('shop', 'orders', 1, -1)$$, '22023', 'a target cannot be that', 'a tolerance below 0');
SELECT throws_ok($$SELECT set_kpi_target('shop', 'orders', 'NaN')$$, '22023', NULL, 'no number');
SELECT throws_ok($$SELECT set_kpi_target('shop', 'orders', 1, direction => 'left')$$, '22023', NULL, 'a direction that is none');
SELECT throws_ok($$SELECT set_kpi_target('shop', 'orders', 1, dimension => 'channel', value_key => 'x')$$, '22023', NULL, 'a dimension that is none');

-- Penetration and share: 300 of 1,200 (rooms.md M5); a size that nobody gave is no 0
SELECT set_market_size('shop', 'DE', 1200, 5000000), set_market_size('shop', 'FR', 800) \g /dev/null
SELECT is(refreshed, date '2025-05-20', 'again') FROM refresh('shop', '2025-05-20');
SELECT results_eq($$SELECT value_key, value, reason FROM kpi_series WHERE kpi = 'penetration' AND dimension <> 'segment' ORDER BY 1$$,
  $$SELECT x.market, CASE x.market WHEN 'DE' THEN n / 1200::float8 WHEN 'FR' THEN n / 800::float8 END, CASE WHEN x.market IN ('all', 'UK') THEN 'no market size' END
    FROM (SELECT coalesce(market, 'all') AS market, count(*) FILTER (WHERE orders > 0) AS n FROM customer_profile WHERE segmentation = 'shop' GROUP BY ROLLUP (market)) x ORDER BY 1$$, 'customers by those who could be');
SELECT results_eq($$SELECT value_key, value, reason FROM kpi_series WHERE kpi = 'market share' AND dimension = 'market' ORDER BY 1$$,
  $$SELECT * FROM (VALUES ('DE', ((SELECT sum(numerator) FROM ours WHERE kpi = 'revenue' AND value_key = 'DE' AND period_start BETWEEN '2024-05-01' AND '2025-04-01') / 5000000)::float8, NULL),
    ('FR', NULL, 'no market size'), ('UK', NULL, 'no market size')) v$$, 'twelve complete months by what the market spends');
SELECT set_market_size('shop', 'UK', 2000) \g /dev/null
SELECT refresh('shop', '2025-05-20') \g /dev/null
SELECT is(denominator, 4000::numeric, 'every market with a size: all of them') FROM kpi_series WHERE kpi = 'penetration' AND dimension = 'all';
SELECT throws_ok($$SELECT set_market_size('shop', 'DE', 0)$$, '22023', 'a market cannot have that size', 'size 0 is an error');

-- The next day: what came in, and a late order of a month that was over
INSERT INTO sale VALUES (9001, 1, '2025-05-21', 50, 'DE', '2025-06-02'), (9002, 399, '2025-03-31', 70, 'UK', '2025-06-02');
CREATE TEMP TABLE before AS TABLE kpi_point;
SELECT refresh('shop', '2025-05-21') \g /dev/null
SELECT results_eq($$SELECT period_start, change::numeric FROM kpi_change WHERE kpi = 'revenue' AND dimension = 'all' ORDER BY 1$$, $$VALUES (date '2025-03-01', 70.00), ('2025-05-01', 50.00)$$,
  'both are what changed');
SELECT is_empty($$SELECT p.kpi, p.period_start FROM kpi_point p JOIN before b USING (version, kpi, dimension, value_key, period_start)
  LEFT JOIN kpi_change c USING (kpi, dimension, value_key, period_start) WHERE p.value - b.value <> 0 AND c.change IS DISTINCT FROM p.value - b.value$$, 'each difference of the two days is a change');
SELECT is((SELECT sum(change) FROM kpi_change WHERE kpi = 'revenue' AND dimension = 'market'), 120::float8, 'and markets'' add up to that of all');
SELECT is_empty($$SELECT * FROM kpi_point WHERE dimension = 'segment' AND period_end <= '2025-05-01' AND as_of = '2025-05-21'$$, 'a segment''s months that were over stay as they were');
DELETE FROM sale WHERE id = 9001;

-- A new month: of segments, by who was in them when the old one ended
SELECT refresh('shop', '2025-06-02') \g /dev/null
SELECT results_eq($$SELECT DISTINCT is_complete FROM kpi_series WHERE period_start = '2025-05-01' AND dimension = 'segment'$$, 'VALUES (true)', 'May is over');
CREATE TEMP TABLE may AS SELECT * FROM kpi_point WHERE dimension = 'segment' AND period_start <= '2025-05-01';
SELECT refresh('shop', '2025-08-10') \g /dev/null
SELECT is_empty($$(TABLE may EXCEPT ALL SELECT * FROM kpi_point WHERE dimension = 'segment' AND period_start <= '2025-05-01')$$, 'and its segments are those of then, whatever becomes of the customers');
-- A mistaken day is taken back
SELECT remove_snapshot('shop', '2025-08-10') \g /dev/null
SELECT is((SELECT max(period_start) FROM kpi_series), date '2025-06-01', 'without the newest snapshot the series ends where the one before did');
SELECT results_eq($$SELECT count(*) FROM kpi_series WHERE is_complete AND period_start = '2025-06-01'$$, 'VALUES (0::bigint)', 'and its last month is open again');
CREATE TEMP TABLE now AS TABLE kpi_point;
SELECT refresh('shop', '2025-04-01'), refresh('shop', '2999-01-01', allow_future => true) \g /dev/null
SELECT is_empty($$(TABLE now EXCEPT ALL TABLE kpi_point) UNION ALL (TABLE kpi_point EXCEPT ALL TABLE now)$$, 'an earlier day, and one that is yet to come, change no KPI');

-- Versions are series of their own; fiscal months are given
SELECT new_version('shop', days => calendar(boundaries => '{2025-01-06,2025-02-03,2025-03-03,2025-04-07,2025-05-05,2025-06-02}')) \g /dev/null
SELECT refresh('shop', '2025-05-04', 2) \g /dev/null
SELECT is_empty($$SELECT FROM kpi_series WHERE definition_version = 2$$, 'a draft is not shown');
SELECT activate_version('shop', 2) \g /dev/null
SELECT results_eq($$SELECT period_start, numerator, is_complete FROM kpi_series WHERE definition_version = 2 AND dimension = 'all' AND kpi = 'orders' ORDER BY 1$$,
  $$SELECT b.a, count(*)::numeric, true FROM (VALUES (date '2025-02-03', date '2025-03-03'), ('2025-03-03', '2025-04-07'), ('2025-04-07', '2025-05-05')) b (a, z) JOIN sale ON at >= a AND at < z AND amount >= 0 GROUP BY 1 ORDER BY 1$$,
  '4-4-5: all but the first, which says who was there before');
SELECT throws_ok($$SELECT calendar(boundaries => '{2025-02-01,2025-01-01}')$$, '22023', NULL, 'boundaries that do not ascend');

-- All ledgers are read for KPIs: of many customers not each day
CREATE FUNCTION waits(day date, n bigint) RETURNS boolean LANGUAGE sql AS $$
  SELECT segment_internal.kpis_wait(v, jsonb_populate_record(t, jsonb_build_object('as_of', day, 'customers', n)))
  FROM segment.segmentation_version v JOIN segment.snapshot t ON t.version_id = v.id AND t.as_of = '2025-06-02' WHERE v.segmentation = 'shop' AND v.version = 1 $$;
SELECT results_eq($$SELECT waits('2025-06-03', 50000), waits('2025-06-03', 50001), waits('2025-06-08', 50001), waits('2025-06-09', 50001), waits('2025-06-30', 50001)$$,
  'VALUES (false, true, true, false, false)', 'beyond 50,000 once a week');
UPDATE kpi_point SET as_of = '2025-06-28' WHERE version = 1 AND period_start = '2025-06-01';
SELECT results_eq($$SELECT waits('2025-06-29', 50001), waits('2025-06-30', 50001)$$, 'VALUES (true, false)', 'and on the day on which a period ends');
SELECT is(refresh_kpis('shop'), date '2025-05-04', 'or when asked for, as of the newest day of the active version');
SELECT throws_ok($$SELECT refresh_kpis('nosuch')$$, '42704', NULL, 'of no segmentation');

-- Who sees them
SELECT create_segmentation('plain', 'sale', 'who', 'at', 'amount') \g /dev/null
SELECT refresh('plain', '2025-05-20') \g /dev/null
SELECT is_empty($$SELECT FROM kpi_series WHERE segmentation = 'plain'$$, 'without stored ledgers there are none');
SELECT throws_ok($$SELECT refresh_kpis('plain')$$, '55000', NULL, 'nor can they be made');
SELECT is_empty($$SELECT c.kpi, c.function FROM kpi_catalog c WHERE to_regproc('segment.' || c.function) IS NULL UNION ALL
  SELECT s.kpi, NULL FROM (SELECT DISTINCT kpi FROM kpi_point) s WHERE s.kpi NOT IN (SELECT kpi FROM kpi_catalog WHERE is_stored)$$, 'the catalogue names functions that there are, and every KPI that is kept');
CREATE ROLE segment_test_kpi;
SET ROLE segment_test_kpi;
SELECT is_empty($$SELECT FROM segment.kpi_series UNION ALL SELECT FROM segment.kpi_target UNION ALL SELECT FROM segment.market_size$$, 'others see nothing');
SELECT throws_ok($$SELECT segment.set_kpi_target('shop', 'orders', 1)$$, '42704', NULL, 'nor set anything');
RESET ROLE;
SELECT set_segment_note('shop', 'Champions', 'Say that packaging is too much', 'Loyalty team'), grant_reader('segment_test_kpi', 'shop') \g /dev/null
SET ROLE segment_test_kpi;
SELECT results_eq($$SELECT DISTINCT owner, note FROM segment.segment_meaning WHERE segmentation = 'shop' AND owner IS NOT NULL$$, $$VALUES ('Loyalty team', 'Say that packaging is too much')$$, 'readers see notes and KPIs');
RESET ROLE;
SELECT drop_segmentation('shop') \g /dev/null
SELECT is_empty($$SELECT FROM kpi_point UNION ALL SELECT FROM kpi_target UNION ALL SELECT FROM market_size UNION ALL SELECT FROM segment_note$$, 'dropped with the segmentation');

SELECT * FROM finish();
ROLLBACK;
