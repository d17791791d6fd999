-- 02_compare.sql: compare against published figures: gbstats (growthbook/growthbook, packages/stats/tests), R 4.2.2, statsmodels 0.13.5
\ir ../lib/begin.sql
\ir ../lib/near.sql
SELECT plan(163);
SET search_path = public, segment;

-- E1: gbstats, Welch; the sums of its TestTwoSidedTTest
CREATE TABLE e1 AS SELECT outcome(3407, 1396.87, 52377.9767) AS a, outcome(3000, 1396.87, 52377.9767) AS a3000, outcome(3461, 2422.70, 134698.29) AS b;
SELECT pg_temp.near(diff, 0.29, 5e-6, 'gbstats: difference'), pg_temp.near(ci_low, .04538, 5e-6, 'gbstats: low'), pg_temp.near(ci_high, .53462, 5e-6, 'gbstats: high'),
       pg_temp.near(se, .12478, 5e-6, 'gbstats: standard error'), pg_temp.near(p_value, .02016, 5e-6, 'gbstats: p') FROM e1, compare(a, b);
SELECT pg_temp.near(lift, .70732, 5e-6, 'gbstats: lift'), pg_temp.near(lift_low, -.03526, 5e-6, 'gbstats: lift, low'), pg_temp.near(lift_high, 1.44989, 5e-6, 'gbstats: lift, high'),
       pg_temp.near(lift_se, .37879, 5e-6, 'gbstats: lift, standard error'), pg_temp.near(lift_p, .06191, 5e-6, 'gbstats: lift, p') FROM e1, compare(a, b, relative => 'delta');
SELECT pg_temp.near(diff, .2343767, 5e-8, 'gbstats, one-sided: difference'), pg_temp.near(ci_low, .0207915, 5e-8, 'gbstats, greater: low'),
       is(ci_high, 'Infinity', 'gbstats, greater: no upper end'), pg_temp.near(p_value, .0355427, 5e-8, 'gbstats, greater: p'),
       pg_temp.near(lift, .5033611, 5e-8, 'gbstats, greater: lift'), pg_temp.near(lift_se, .3334122, 5e-8, 'gbstats, greater: lift, standard error'),
       pg_temp.near(lift_low, -.0451367, 5e-8, 'gbstats, greater: lift, low'), pg_temp.near(lift_p, .0655826, 5e-8, 'gbstats, greater: lift, p')
FROM e1, compare(a3000, b, side => 'greater', relative => 'delta');
SELECT pg_temp.near(p_value, .9644573, 5e-8, 'gbstats, less: p'), pg_temp.near(ci_high, .4479619, 5e-8, 'gbstats, less: high'), is(ci_low, '-Infinity', 'gbstats, less: no lower end')
FROM e1, compare(a3000, b, side => 'less');

-- E2: gbstats, proportions: the variance is p(1 - p)
SELECT pg_temp.near(lift, .06667, 5e-6, 'proportions: lift'), pg_temp.near(lift_se, .27170, 5e-6, 'proportions: standard error'), pg_temp.near(lift_low, -.47767, 5e-6, 'proportions: low'),
       pg_temp.near(lift_high, .61101, 5e-6, 'proportions: high'), pg_temp.near(lift_p, .80707, 5e-6, 'proportions: p')
FROM compare(outcome_of_rate(14, 28), outcome_of_rate(16, 30), 'rate', relative => 'delta');
SELECT throws_ok($$SELECT outcome(2, 10, 49)$$, '22023', NULL, 'squares below those of equal values are no data''s');

-- E5: Newcombe 1998 and statsmodels' confint_proportions_2indep(method='newcomb')
SELECT pg_temp.near(ci_low, low, 5e-7, format('Newcombe %s/%s - %s/%s: low', a, m, b, n)), pg_temp.near(ci_high, high, 5e-7, format('Newcombe %s/%s - %s/%s: high', a, m, b, n))
FROM (VALUES (56, 70, 48, 80, .052431, .333873), (9, 10, 3, 10, .170523, .809018), (10, 10, 0, 20, .679086, 1), (10, 10, 0, 10, .607509, 1),
             (0, 10, 0, 20, -.161125, .277533), (7, 34, 1, 34, .018921, .340369)) v(a, m, b, n, low, high), compare(outcome_of_rate(b, n), outcome_of_rate(a, m), 'rate');

-- E7: the small CUPED example, computed by hand and with scipy
CREATE TABLE e7 AS SELECT outcome_agg(y, x) FILTER (WHERE arm = 'c') AS c, outcome_agg(y, x) FILTER (WHERE arm = 't') AS t
FROM (SELECT 'c', unnest(ARRAY[10, 12, 9, 15, 11, 8, 14, 13]), unnest(ARRAY[9, 11, 8, 14, 12, 7, 13, 12])
      UNION ALL SELECT 't', unnest(ARRAY[13, 11, 16, 12, 17, 10, 15, 14]), unnest(ARRAY[10, 9, 13, 10, 14, 8, 12, 11])) v(arm, y, x);
SELECT pg_temp.near(diff, 2.0, 1e-15, 'without covariate: difference'), pg_temp.near(se, 1.22474487, 5e-9, 'standard error'), pg_temp.near(df, 14, 1e-12, 'degrees of freedom'),
       pg_temp.near(p_value, .12475042, 5e-9, 'p') FROM e7, compare(c, t);
SELECT pg_temp.near(theta, 1.04317789, 5e-9, 'cuped: theta'), pg_temp.near(treated_value, 13.43480138, 5e-9, 'treated'), pg_temp.near(control_value, 11.56519862, 5e-9, 'control'),
       pg_temp.near(diff, 1.86960276, 5e-9, 'difference'), pg_temp.near(se, .30589649, 5e-9, 'standard error'), pg_temp.near(df, 11.649268, 5e-7, 'degrees of freedom'),
       pg_temp.near(p_value, .00005953, 5e-9, 'p'), pg_temp.near(ci_low, 1.200879, 5e-7, 'low'), pg_temp.near(ci_high, 2.538326, 5e-7, 'high'),
       pg_temp.near(variance_reduction, 1 - (.30589649 / 1.22474487) ^ 2, 2e-8, 'variance reduction'), is(missing, 0::bigint, 'none missing') FROM e7, compare(c, t, 'cuped');
SELECT pg_temp.near(theta, 1.05608283, 5e-9, 'cuped, joint: theta'), pg_temp.near(diff, 1.86798965, 5e-9, 'difference'), pg_temp.near(se, .30624810, 5e-9, 'standard error') FROM e7, compare(c, t, 'cuped_joint');
-- gbstats: theta of X (.3, .5, .9, 22), Y (2, 1, 5, 3) in both arms; a constant X
SELECT pg_temp.near(theta, .01864, 5e-6, 'gbstats: theta') FROM (SELECT outcome_agg(y, x) AS o FROM (VALUES (2, .3), (1, .5), (5, .9), (3, 22)) v(y, x)) s, compare(o, o, 'cuped');
SELECT is(theta, 0::float8, 'constant covariate: theta'), is(variance_reduction, 0::float8, 'no reduction'), is(covariate_p, NULL, 'nothing to test'), is(c.ci_low, m.ci_low, 'as without')
FROM (SELECT outcome_agg(y, 5) AS o, outcome_agg(y + y * y, 5) AS p FROM (VALUES (2), (1), (5), (3)) v(y)) s, compare(o, p, 'cuped') c, LATERAL (SELECT ci_low FROM compare(o, p)) m;

-- E9: ratio metric by the delta method, computed with numpy
CREATE TABLE e9 AS SELECT outcome_agg(orders, sessions) FILTER (WHERE arm = 'c') AS c, outcome_agg(orders, sessions) FILTER (WHERE arm = 't') AS t
FROM (SELECT 'c', unnest(ARRAY[3, 1, 4, 2, 5, 1, 2, 6]), unnest(ARRAY[1, 0, 2, 1, 2, 0, 1, 2])
      UNION ALL SELECT 't', unnest(ARRAY[2, 5, 1, 3, 4, 2, 6, 1]), unnest(ARRAY[1, 3, 0, 2, 3, 1, 3, 1])) v(arm, sessions, orders);
SELECT pg_temp.near(control_value, .375, 1e-15, 'ratio: control'), pg_temp.near(treated_value, .583333333, 5e-10, 'treated'), pg_temp.near(diff, .208333333, 5e-10, 'difference'),
       pg_temp.near(se, .064293062, 5e-10, 'standard error'), pg_temp.near(statistic, 3.240370, 5e-7, 'z'), pg_temp.near(lift, .555555556, 5e-10, 'lift'),
       pg_temp.near(lift_se, .210756533, 5e-10, 'lift, standard error') FROM e9, compare(c, t, 'ratio');
SELECT pg_temp.near(outcome_sd(c, 'ratio') / sqrt(8), .038575837, 5e-10, 'ratio: standard error of the control arm'),
       pg_temp.near(outcome_sd(t, 'ratio') / sqrt(8), .051434450, 5e-10, 'and of the treated one') FROM e9;

-- E12: gbstats, always valid. Its one-sided p comes from a bisection that stops early: ours is where the bound is 0
SELECT pg_temp.near(lift, .50336, 5e-6, 'always valid: lift'), pg_temp.near(lift_low, -.55844, 5e-6, 'low'), pg_temp.near(lift_high, 1.56516, 5e-6, 'high'), pg_temp.near(lift_p, 1, 1e-12, 'p')
FROM e1, compare(a3000, b, relative => 'delta', always_valid => 1000);
SELECT pg_temp.near(lift, .50386, 5e-6, 'always valid, proportions: lift'), pg_temp.near(lift_low, .40098, 5e-6, 'low'), pg_temp.near(lift_high, .60675, 5e-6, 'high'), pg_temp.near(lift_se, .03386, 5e-6, 'standard error'),
       ok(lift_p < 1e-5, 'p') FROM compare(outcome_of_rate(1396, 3000), outcome_of_rate(2422, 3461), 'rate', relative => 'delta', always_valid => 5000);
SELECT pg_temp.near(lift_low, -.4235645, 5e-8, 'always valid, greater: lift, low'), pg_temp.near(ci_low, -.1265684, 5e-8, 'low'), pg_temp.near(p_value, .4631649, 2e-4, 'p')
FROM e1, compare(a3000, b, relative => 'delta', side => 'greater', always_valid => 5000);
-- the mean of n rows with standard deviation 1, as the difference from an arm that does not vary
SELECT pg_temp.near((ci_high - ci_low) / 2, half, 5e-11, format('confidence sequence at %s rows', n))
FROM (VALUES (1000, .1063754701), (5000, .0429243372), (10000, .0306147722)) v(n, half),
     compare(outcome(2, 0, 0), outcome(n - 2, 0, (n - 3) * (n - 2)::numeric / n), always_valid => 5000);

-- E18: R's sleep data, t.test(extra ~ group)
SELECT pg_temp.near(statistic, -1.86081347, 5e-9, 'sleep: t'), pg_temp.near(df, 17.7764735, 5e-8, 'df'), pg_temp.near(p_value, .07939414, 5e-9, 'p'), pg_temp.near(ci_low, -3.36548323, 5e-9, 'low'), pg_temp.near(ci_high, .20548323, 5e-9, 'high')
FROM (SELECT outcome_agg(e) FILTER (WHERE g = 1) AS one, outcome_agg(e) FILTER (WHERE g = 2) AS two
      FROM (SELECT 1, unnest(ARRAY[.7, -1.6, -.2, -1.2, -.1, 3.4, 3.7, .8, 0, 2]) UNION ALL SELECT 2, unnest(ARRAY[1.9, .8, 1.1, .1, -.1, 4.4, 5.5, 1.6, 4.6, 3.4])) v(g, e)) s, compare(two, one);

-- one test, one interval: p is below 1 - confidence exactly where the interval leaves 0 out; Fieller's lift interval too
CREATE TABLE pair AS
SELECT g, outcome_agg(greatest(v, 0), w) FILTER (WHERE i % 2 = 0) AS c, outcome_agg(greatest(v + (g % 7 - 3) * 0.9, 0), w + 1) FILTER (WHERE i % 2 = 1) AS t,
       outcome_agg(v > 4) FILTER (WHERE i % 2 = 0) AS rc, outcome_agg(v + (g % 7 - 3) * 0.9 > 4) FILTER (WHERE i % 2 = 1) AS rt
FROM generate_series(1, 300) g, generate_series(1, 60) i, LATERAL (SELECT sin(g * 1000 + i * 7.7) * 3 + cos(i * g) * 2 + 3 AS v, sin(g + i * i) + 3 AS w) r GROUP BY g;
SELECT is(count(*) FILTER (WHERE (p_value < 1 - confidence) <> (ci_low > 0 OR ci_high < 0)), 0::bigint, format('p and interval agree: %s, %s, %s', method, side, always)),
       is(count(*) FILTER (WHERE (lift_low > 0 OR lift_high < 0) <> (ci_low > 0 OR ci_high < 0)), 0::bigint, format('lift and difference agree: %s, %s, %s', method, side, always)),
       ok(count(*) FILTER (WHERE ci_low > 0 OR ci_high < 0) > 0, 'and some are far from 0')
FROM pair, (VALUES ('mean'), ('rate'), ('ratio'), ('cuped')) m(method), (VALUES ('two-sided'), ('greater'), ('less')) s(side), (VALUES (NULL), (60)) a(always), (VALUES (0.95), (0.7)) l(confidence),
     compare(CASE method WHEN 'rate' THEN rc ELSE c END, CASE method WHEN 'rate' THEN rt ELSE t END, method, confidence => confidence, side => side, always_valid => always)
GROUP BY method, side, always ORDER BY 1;
SELECT * FROM finish();
ROLLBACK;
