-- 07_aa.sql: A/A over Online Retail: 1,000 splits of the same customers, of whom none was treated: p-values are uniform, and the split check is quiet
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
\ir ../lib/near.sql
SELECT plan(5);
SET search_path = public, segment;
CREATE TEMP TABLE customer AS SELECT customer_id::text AS id, sum(amount) AS spend, count(DISTINCT order_id) AS orders, count(DISTINCT order_id) > 1 AS again FROM valid_sales GROUP BY 1;
CREATE TEMP TABLE split AS
SELECT salt, count(*) FILTER (WHERE arm = 1) AS n1, count(*) FILTER (WHERE arm = 2) AS n2,
       outcome_agg(orders) FILTER (WHERE arm = 1) AS c, outcome_agg(orders) FILTER (WHERE arm = 2) AS t, outcome_agg(again) FILTER (WHERE arm = 1) AS ca, outcome_agg(again) FILTER (WHERE arm = 2) AS ta,
       outcome_agg(spend, orders) FILTER (WHERE arm = 1) AS cs, outcome_agg(spend, orders) FILTER (WHERE arm = 2) AS ts
FROM (SELECT s AS salt, orders, again, spend, assign(id, 'aa-' || s, ARRAY[.5, .5]) AS arm FROM customer, generate_series(1, 1000) s) x GROUP BY salt;
-- Kolmogorov-Smirnov at 1 %: the distance of p-values from the uniform distribution is below 1.628 / sqrt(1000)
SELECT ok(max(greatest(k / 1000.0 - p, p - (k - 1) / 1000.0)) < 1.628 / sqrt(1000), format('p-values are uniform: %s, distance %s', what, round(max(greatest(k / 1000.0 - p, p - (k - 1) / 1000.0))::numeric, 4)))
FROM (SELECT what, p, row_number() OVER (PARTITION BY what ORDER BY p) AS k FROM
  (SELECT 'orders, mean' AS what, p_value AS p FROM split, compare(c, t) UNION ALL SELECT 'repeat rate', p_value FROM split, compare(ca, ta, 'rate') UNION ALL SELECT 'spend per order, ratio', p_value FROM split, compare(cs, ts, 'ratio')) s) r
GROUP BY what ORDER BY what;
SELECT ok(count(*) FILTER (WHERE verdict = 'mismatch') <= 3, format('split check: %s alarms in 1,000', count(*) FILTER (WHERE verdict = 'mismatch'))), is(count(*) FILTER (WHERE verdict = 'too few to say'), 0::bigint, 'always an answer') FROM split, srm(ARRAY[n1, n2], ARRAY[.5, .5]);
SELECT * FROM finish();
ROLLBACK;
