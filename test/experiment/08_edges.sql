-- 08_edges.sql: compare where there is little to compare: missing rows, negative and zero baselines, no events, missing covariates, options
\ir ../lib/begin.sql
\ir ../lib/near.sql
SELECT plan(107);
SET search_path = public, segment;

-- no rows, one row, equal values
SELECT is(reason, want, want), is(diff, NULL, 'no difference'), is(p_value, NULL, 'no p')
FROM (VALUES (NULL::outcome, NULL::outcome, 'no rows in either arm'), (NULL, 'n 3, y 6, yy 14', 'no rows in the control arm'), ('n 3, y 6, yy 14', NULL, 'no rows in the treated arm')) v(c, t, want), compare(c, t);
SELECT is(treated_value, 2::float8, 'the arm that has rows has a mean'), is(n_treated, 3::bigint, 'and rows') FROM compare(NULL, 'n 3, y 6, yy 14');
SELECT is(diff, 1::float8, 'one row an arm: difference'), is(ci_low, NULL, 'no interval'), is(reason, 'an arm has one row: its variance is unknown', 'reason'), is(lift, .5::float8, 'lift') FROM compare('n 1, y 2, yy 4', 'n 1, y 3, yy 9');
SELECT is(diff, 1::float8, 'equal values: difference'), is(se, NULL, 'no standard error'), is(reason, 'no variance: the rows of each arm are all alike', 'reason') FROM compare('n 3, y 6, yy 12', 'n 3, y 9, yy 27');
SELECT is(df, 2::float8, 'an arm that does not vary adds no degrees of freedom'), is(reason, NULL, 'and there is an answer') FROM compare('n 3000, y 6000, yy 12000', 'n 3, y 6, yy 14');
SELECT is(reason, 'no rows with both columns in the treated arm', 'ratio needs both columns'), is(missing, 1::bigint, 'missing ones are counted') FROM compare('n 2, y 1, yy 1, x 2, xx 2, xy 1', 'n 0, y 0, yy 0, x 0, xx 0, xy 0; n 1, y 1, yy 1', 'ratio');
SELECT is(reason, 'the denominators of an arm add up to 0', 'no ratio to 0'), is(diff, NULL, 'no difference') FROM compare('n 2, y 1, yy 1, x 0, xx 2, xy 1', 'n 2, y 1, yy 1, x 2, xx 2, xy 1', 'ratio');

-- a negative baseline: better is positive, also of the interval; a baseline of 0 or near it
SELECT pg_temp.near(lift, .5, 1e-15, 'from -2 to -1 is half better'), ok(lift_low < .5 AND lift_high > .5, 'within its interval') FROM compare('n 40, y -80, yy 180', 'n 40, y -40, yy 60');
SELECT pg_temp.near(n.lift_low, -p.lift_high, 1e-14, 'mirrored: low'), pg_temp.near(n.lift_high, -p.lift_low, 1e-14, 'mirrored: high'), pg_temp.near(n.lift_p, p.lift_p, 1e-15, 'mirrored: p')
FROM unnest(ARRAY['fieller', 'delta']) r, compare('n 40, y -80, yy 180', 'n 40, y -40, yy 60', relative => r) n, compare('n 40, y 80, yy 180', 'n 40, y 40, yy 60', relative => r) p;
SELECT is(lift, NULL, 'no lift from 0'), is(reason, 'the control arm is 0: no relative lift', 'reason'), isnt(ci_low, NULL, 'the difference has its interval') FROM compare('n 3, y 0, yy 2', 'n 3, y 6, yy 14');
SELECT isnt(lift, NULL, 'a lift from nearly 0'), is(lift_low, NULL, 'without an interval'), is(reason, 'the control arm is not different from 0: the lift could be anything', 'reason') FROM compare('n 3, y 1, yy 9', 'n 3, y 9, yy 29');
SELECT is(lift, -1::float8, 'nothing left'), is(lift_low, NULL, 'an arm of zeros has no interval of its lift'), isnt(ci_low, NULL, 'but one of the difference'), is(reason, 'the treated arm is 0 in all rows: no interval of the lift', 'reason')
FROM unnest(ARRAY['fieller', 'delta']) r, compare('n 30, y 60, yy 140', 'n 30, y 0, yy 0', relative => r);

-- rates: no events, all events, never beyond what rates can be
SELECT ok(ci_low >= -1 AND ci_high <= 1 AND ci_low <= diff AND diff <= ci_high AND p_value BETWEEN 0 AND 1, format('%s/%s - %s/%s', a, m, b, n)), ok(lift_low IS NULL OR (lift_low >= -1 AND lift_low <= lift AND lift <= lift_high), 'its lift')
FROM (VALUES (0, 1, 0, 1), (1, 1, 0, 1), (0, 1, 1, 1), (0, 5, 5, 5), (5, 5, 0, 5), (5, 5, 5, 5), (1, 1000000, 0, 3), (3, 3, 999999, 1000000), (1, 4, 2, 7)) v(a, m, b, n), compare(outcome_of_rate(b, n), outcome_of_rate(a, m), 'rate');
SELECT is(lift, NULL, 'no event in the control arm: no lift'), is(reason, 'the control arm is 0: no relative lift', 'reason') FROM compare(outcome_of_rate(0, 50), outcome_of_rate(5, 50), 'rate');
SELECT is(lift_low, -1::float8, 'no event in the treated arm: nothing or little is left'), ok(lift_high BETWEEN -1 AND 0, 'up to here') FROM compare(outcome_of_rate(20, 50), outcome_of_rate(0, 50), 'rate');
SELECT is(p_value, 1::float8, 'the same rates'), is(statistic, 0::float8, 'no distance') FROM compare(outcome_of_rate(3, 30), outcome_of_rate(5, 50), 'rate');
SELECT pg_temp.near(c.ci_low, 0, 1e-12, 'at confidence 1 - p an end is 0: ' || m) FROM (VALUES ('rate'), ('mean')) v(m), compare(outcome_of_rate(10, 100), outcome_of_rate(20, 100), m) p, compare(outcome_of_rate(10, 100), outcome_of_rate(20, 100), m, confidence => 1 - p.p_value) c;

-- a missing covariate counts as the mean of all that are there, in both arms
CREATE TABLE r AS SELECT i % 2 AS arm, (i * 7919 % 101)::numeric AS y, CASE WHEN i % 5 > 0 THEN (i * 7919 % 101 + i * 31 % 17)::numeric END AS x FROM generate_series(1, 200) i;
SELECT pg_temp.near(a.diff, b.diff, 1e-12, 'cuped: difference'), pg_temp.near(a.se, b.se, 1e-12, 'standard error'), pg_temp.near(a.theta, b.theta, 1e-12, 'theta'), pg_temp.near(a.lift_low, b.lift_low, 1e-12, 'lift, low'), pg_temp.near(a.covariate_p, b.covariate_p, 1e-12, 'covariate'),
       is(a.missing, 40::bigint, 'so many were missing'), is(b.missing, 0::bigint, 'or none')
FROM (SELECT outcome_agg(y, x) FILTER (WHERE arm = 0) AS c, outcome_agg(y, x) FILTER (WHERE arm = 1) AS t, outcome_agg(y::float8, coalesce(x, m)::float8) FILTER (WHERE arm = 0) AS cf, outcome_agg(y::float8, coalesce(x, m)::float8) FILTER (WHERE arm = 1) AS tf
      FROM r, (SELECT avg(x) AS m FROM r) m) s, compare(c, t, 'cuped') a, compare(cf, tf, 'cuped') b;
SELECT is(theta, 0::float8, 'no covariate at all: none is taken out'), isnt(ci_low, NULL, 'as by mean') FROM compare('n 0, y 0, yy 0, x 0, xx 0, xy 0; n 3, y 6, yy 14', 'n 0, y 0, yy 0, x 0, xx 0, xy 0; n 3, y 9, yy 29', 'cuped');

-- y follows from x: no variance is left, whatever the digits
SELECT is(se, NULL, 'no variance of ' || m), is(reason, 'no variance: the rows of each arm are all alike', 'reason of ' || m)
FROM (SELECT outcome_agg(g * .1::float8, g::float8 / 3) AS c, outcome_agg((g + 5) * .1::float8, (g + 5)::float8 / 3) AS t FROM generate_series(1, 50) g) s, unnest(ARRAY['ratio', 'cuped']) m, compare(c, t, m);

-- Welch's test does not mind the order of the arms, the unit of the metric, or a shift of both arms
SELECT pg_temp.near(a.p_value, b.p_value, 1e-15, 'arms swapped: p'), pg_temp.near(a.ci_low, -b.ci_high, 1e-15, 'and interval') FROM compare('n 30, y 60, yy 140', 'n 20, y 50, yy 160') a, compare('n 20, y 50, yy 160', 'n 30, y 60, yy 140') b;
SELECT pg_temp.near(b.p_value / a.p_value, 1, 1e-12, 'shifted by a billion: p'), pg_temp.near(b.diff, a.diff, 1e-15, 'difference'), pg_temp.near(b.se, a.se, 1e-12, 'standard error')
FROM (SELECT outcome_agg(g % 7 / 10.0) AS c, outcome_agg(g % 9 / 10.0) AS t, outcome_agg(1000000000 + g % 7 / 10.0) AS cs, outcome_agg(1000000000 + g % 9 / 10.0) AS ts FROM generate_series(1, 100) g) s, compare(c, t) a, compare(cs, ts) b;

SELECT is(missing, 9223372036854775807, 'as many as can be') FROM (SELECT 'n 0, y 0, yy 0, x 0, xx 0, xy 0; n 4611686018427387904, y 0, yy 0'::outcome AS o) s, compare(o, o, 'cuped');

SELECT throws_ok('SELECT compare(''n 3, y 6, yy 14'', ''n 3, y 6, yy 14'', ' || o || ')', state, NULL, o) FROM (VALUES ('method => NULL', '22004'), ('method => ''t''', '22023'), ('relative => NULL', '22004'), ('relative => ''log''', '22023'), ('confidence => NULL', '22004'),
  ('confidence => 1', '22023'), ('confidence => 0', '22023'), ('confidence => ''NaN''', '22023'), ('side => NULL', '22004'), ('side => ''both''', '22023'), ('always_valid => 0', '22023'), ('always_valid => 9, side => ''less'', confidence => 0.4', '22023'),
  ('method => ''ratio''', '22023'), ('method => ''cuped''', '22023'), ('method => ''rate''', '22023')) v(o, state);
SELECT is(always_valid.p_value, 1::float8, 'NULL is no number of rows: not always valid') FROM compare('n 3, y 6, yy 14', 'n 3, y 6, yy 14', always_valid => NULL) always_valid;

SELECT * FROM finish();
ROLLBACK;
