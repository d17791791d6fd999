-- 03_survival.sql: survival_agg by figures of R's survival package
\ir ../lib/begin.sql
\ir ../lib/near.sql
SELECT plan(29);
SET search_path = public, segment, pg_temp;

-- aml, maintained (Miller 1997)
CREATE TABLE aml (days int, seen boolean);
INSERT INTO aml VALUES (9, true), (13, true), (13, false), (18, true), (23, true), (28, false), (31, true), (34, true), (45, false), (48, true), (161, false);
CREATE TABLE s AS SELECT survival_agg(days, seen) AS s FROM aml;
SELECT pg_temp.near(survival_at(s, t), want, 1e-12, 'S(' || t || ')')
FROM s, (VALUES (9, 10.0 / 11), (13, 9.0 / 11), (18, 63.0 / 88), (23, 27.0 / 44), (31, 27.0 / 55), (34, 81.0 / 220), (48, 81.0 / 440), (8.9, 1), (160, 81.0 / 440), (161, 81.0 / 440)) v(t, want);
SELECT is(survival_at(s, 162), NULL, 'nothing is known beyond the last time') FROM s;
SELECT is(survival_median(s), 31::float8, 'median') FROM s;
SELECT is(survival_quantile(s, 0.9), NULL, 'so many have not done it yet') FROM s;
SELECT is(survival_count(s) || ' ' || survival_events(s), '11 7', 'counts') FROM s;
SELECT is((SELECT string_agg(at_risk || '/' || events || '/' || censored, ' ' ORDER BY elapsed) FROM survival_table(s)), '11/1/0 10/1/1 8/1/0 7/1/0 6/0/1 5/1/0 4/1/0 3/0/1 2/1/0 1/0/1', 'the table') FROM s;
-- survfit(Surv(time, status) ~ 1): its default interval
SELECT pg_temp.near(low, l, 1e-9, 'lower bound at ' || elapsed), pg_temp.near(high, h, 1e-9, 'upper bound at ' || elapsed)
FROM s, survival_table(s) JOIN (VALUES (31, exp(ln(27.0 / 55) - 1.959963984540054 * sqrt(1 / 110.0 + 1 / 90.0 + 1 / 56.0 + 1 / 42.0 + 1 / 20.0)), exp(ln(27.0 / 55) + 1.959963984540054 * sqrt(1 / 110.0 + 1 / 90.0 + 1 / 56.0 + 1 / 42.0 + 1 / 20.0)))) v(elapsed, l, h) USING (elapsed);
-- where the curve stands still exactly at one half, the median is the middle, as in R
SELECT is(survival_median(survival_agg(d, true)), 2.5::float8, 'the median of 1, 2, 3, 4') FROM generate_series(1, 4) d;
SELECT is(survival_median(survival_agg(d, d < 3)), 2::float8, 'without an event behind it') FROM generate_series(1, 4) d;
SELECT is(survival_median(survival_agg(d, true)), 2::float8, 'the median of 1, 2, 3') FROM generate_series(1, 3) d;
SELECT is(survival_agg(NULL::int, true), NULL, 'NULL');
SELECT is(survival_agg(d, NULL), NULL, 'nobody knows whether it happened') FROM aml, LATERAL (SELECT days) x(d);
SELECT is(survival_at(survival_agg(d, true), 5), 0::float8, 'it happened to all') FROM generate_series(1, 3) d;
SELECT ok((SELECT survival_agg(days, seen) FROM aml) = (SELECT survival_agg(days::float8, seen) FROM aml), 'whole days are times too');
SELECT is((SELECT survival_agg(i % 400, i % 3 > 0) FROM generate_series(1, 40000) i)::jsonb, 
  (SELECT jsonb_build_object('count', 40000, 'events', sum(d), 'median', min(t) FILTER (WHERE s <= 0.5))
   FROM (SELECT t, d, exp(sum(ln(1 - d / n::numeric)) OVER (ORDER BY t)) AS s
         FROM (SELECT t, d, sum(c) OVER (ORDER BY t DESC) AS n FROM (SELECT i % 400 AS t, count(*) AS c, count(*) FILTER (WHERE i % 3 > 0) AS d FROM generate_series(1, 40000) i GROUP BY 1) a) b WHERE n > d) c), 'more rows than fit at first');
SELECT throws_ok($$SELECT survival_agg(-1, true)$$, '22003', NULL, 'a negative time');
SELECT throws_ok($$SELECT survival_agg('NaN'::float8, true)$$, '22003', NULL, 'NaN');
SELECT throws_ok($$SELECT survival_quantile(s, 1) FROM s$$, '22023', 'share is out of range', 'a share of all');
SELECT throws_ok($$SELECT survival_at(s, -1) FROM s$$, '22023', NULL, 'before the beginning');
SELECT * FROM finish();
ROLLBACK;
