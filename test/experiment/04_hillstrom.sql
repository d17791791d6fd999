-- 04_hillstrom.sql: Kevin Hillstrom's e-mail test: figures by scipy 1.10 and R 4.2.2, and what they are worth
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
\ir ../lib/near.sql
SELECT plan(68);
SET search_path = public, segment;

CREATE TABLE arm AS
SELECT CASE segment WHEN 'Mens E-Mail' THEN 'mens' WHEN 'Womens E-Mail' THEN 'womens' ELSE 'none' END AS arm, count(*) AS n,
       outcome_agg(spend) AS spend, outcome_agg(visit) AS visit, outcome_agg(conversion = 1) AS conversion, outcome_agg(spend, history) AS spend_history, outcome_agg(visit, history) AS visit_history
FROM hillstrom GROUP BY 1;
CREATE TABLE pair AS SELECT t.arm, t.spend AS t_spend, c.spend AS c_spend, t.visit AS t_visit, c.visit AS c_visit, t.conversion AS t_conversion, c.conversion AS c_conversion,
  t.spend_history AS t_sh, c.spend_history AS c_sh, t.visit_history AS t_vh, c.visit_history AS c_vh FROM arm t, arm c WHERE t.arm <> 'none' AND c.arm = 'none';

-- E3: Welch
SELECT pg_temp.near(diff, .76982716, 5e-9, 'Mens spend: difference'), pg_temp.near(se, .14524656, 5e-9, 'standard error'), pg_temp.near(statistic, 5.3001404, 5e-8, 't'), pg_temp.near(df, 36671.158, 5e-4, 'df'),
       pg_temp.near(p_value / 1.163815e-07, 1, 5e-7, 'p'), pg_temp.near(ci_low, .48513973, 5e-9, 'low'), pg_temp.near(ci_high, 1.05451458, 5e-9, 'high') FROM pair, compare(c_spend, t_spend) WHERE arm = 'mens';
SELECT pg_temp.near(diff, .42441222, 5e-9, 'Womens spend: difference'), pg_temp.near(se, .13033286, 5e-9, 'standard error'), pg_temp.near(df, 40064.884, 5e-4, 'df'),
       pg_temp.near(p_value, .0011293971, 5e-11, 'p'), pg_temp.near(ci_low, .16895679, 5e-9, 'low'), pg_temp.near(ci_high, .67986764, 5e-9, 'high') FROM pair, compare(c_spend, t_spend) WHERE arm = 'womens';
SELECT pg_temp.near(diff, .076589564, 5e-10, 'Mens visit: difference'), pg_temp.near(se, .0033858878, 5e-11, 'standard error') FROM pair, compare(c_visit, t_visit) WHERE arm = 'mens';
SELECT pg_temp.near(diff, .0068050065, 5e-11, 'Mens conversion: difference'), pg_temp.near(se, .00092087279, 5e-12, 'standard error') FROM pair, compare(c_conversion, t_conversion) WHERE arm = 'mens';
-- Newcombe
SELECT pg_temp.near(ci_low, .069953308, 5e-10, 'Mens visit: low'), pg_temp.near(ci_high, .083226741, 5e-10, 'high') FROM pair, compare(c_visit, t_visit, 'rate') WHERE arm = 'mens';
SELECT pg_temp.near(ci_low, .005014345, 5e-10, 'Mens conversion: low'), pg_temp.near(ci_high, .008640723, 5e-10, 'high') FROM pair, compare(c_conversion, t_conversion, 'rate') WHERE arm = 'mens';
SELECT pg_temp.near(ci_low, .001501657, 5e-10, 'Womens conversion: low'), pg_temp.near(ci_high, .004745471, 5e-10, 'high') FROM pair, compare(c_conversion, t_conversion, 'rate') WHERE arm = 'womens';

-- E4: relative lift; Fieller checked by root finding in R
SELECT pg_temp.near(lift, 1.17928877, 5e-9, 'Mens spend: lift'), pg_temp.near(lift_low, .643675384363, 5e-12, 'Fieller: low'), pg_temp.near(lift_high, 1.977480791769, 5e-12, 'high') FROM pair, compare(c_spend, t_spend) WHERE arm = 'mens';
SELECT pg_temp.near(lift_se, .32397690, 5e-9, 'delta: standard error'), pg_temp.near(lift_low, .54428476, 5e-9, 'low'), pg_temp.near(lift_high, 1.81429278, 5e-9, 'high') FROM pair, compare(c_spend, t_spend, relative => 'delta') WHERE arm = 'mens';
SELECT pg_temp.near(lift, .65015186, 5e-9, 'Womens spend: lift'), pg_temp.near(lift_low, .22416172, 5e-9, 'Fieller: low'), pg_temp.near(lift_high, 1.27496469, 5e-9, 'high') FROM pair, compare(c_spend, t_spend) WHERE arm = 'womens';
SELECT pg_temp.near(lift_low, .14911246, 5e-9, 'delta: low'), pg_temp.near(lift_high, 1.15119127, 5e-9, 'high') FROM pair, compare(c_spend, t_spend, relative => 'delta') WHERE arm = 'womens';
SELECT pg_temp.near(lift, .72140462, 5e-9, 'Mens visit: lift'), pg_temp.near(lift_low, .64092478, 5e-9, 'Fieller: low'), pg_temp.near(lift_high, .80711899, 5e-9, 'high') FROM pair, compare(c_visit, t_visit) WHERE arm = 'mens';
SELECT pg_temp.near(lift_low, .63841181, 5e-9, 'delta: low'), pg_temp.near(lift_high, .80439743, 5e-9, 'high') FROM pair, compare(c_visit, t_visit, relative => 'delta') WHERE arm = 'mens';
-- by Wilson's limits: close to Fieller's where there are thousands of events; by scipy
SELECT pg_temp.near(lift_low, .6403919712895603, 1e-12, 'Wilson''s limits: low'), pg_temp.near(lift_high, .8064170076754142, 1e-12, 'high') FROM pair, compare(c_visit, t_visit, 'rate') WHERE arm = 'mens';

-- E8: a covariate that explains next to nothing
SELECT pg_temp.near(theta, .00121720358, 5e-12, 'spend on history: theta'), pg_temp.near(diff, .767449619, 5e-10, 'difference'), pg_temp.near(se, .145215041, 5e-10, 'standard error'), ok(variance_reduction < .001, 'it reduces nothing') FROM pair, compare(c_sh, t_sh, 'cuped') WHERE arm = 'mens';
SELECT pg_temp.near(theta, .00122289652, 5e-12, 'joint theta') FROM pair, compare(c_sh, t_sh, 'cuped_joint') WHERE arm = 'mens';
SELECT pg_temp.near(theta, 9.07751248e-05, 5e-13, 'visit on history: theta'), pg_temp.near(diff, .0764122546, 5e-11, 'difference'), pg_temp.near(se, .00337836019, 5e-12, 'standard error'), ok(covariate_p > .05, 'history was the same before') FROM pair, compare(c_vh, t_vh, 'cuped') WHERE arm = 'mens';

-- E12: always valid
SELECT pg_temp.near((ci_high - ci_low) / 2, .4677615184, 5e-9, 'tightest at 5,000: half of the width'), pg_temp.near(ci_low, .3020656, 5e-8, 'low'), pg_temp.near(ci_high, 1.2375887, 5e-8, 'high'), pg_temp.near(p_value / 8.075372e-06, 1, 5e-7, 'p') FROM pair, compare(c_spend, t_spend, always_valid => 5000) WHERE arm = 'mens';
SELECT pg_temp.near((ci_high - ci_low) / 2, .4408536647, 5e-9, 'tightest at 42,613: half of the width'), pg_temp.near(p_value / 1.143418e-05, 1, 1e-6, 'p') FROM pair, compare(c_spend, t_spend, always_valid => 42613) WHERE arm = 'mens';

-- E13: four tests together
CREATE TABLE four AS SELECT array_agg(p_value ORDER BY k) AS p FROM (SELECT 1 + (arm = 'womens')::int AS k, p_value FROM pair, compare(c_spend, t_spend) UNION ALL SELECT 3 + (arm = 'womens')::int, p_value FROM pair, compare(c_conversion, t_conversion)) s;
SELECT is(bool_and(abs(a / b - 1) < 5e-7), true, 'holm') FROM four, unnest(adjust_p(p, 'holm'), ARRAY[3.491445e-07, 1.129397e-03, 6.007263e-13, 3.120568e-04]) u(a, b);
SELECT is(bool_and(abs(a / b - 1) < 5e-7), true, 'bh') FROM four, unnest(adjust_p(p, 'bh'), ARRAY[2.327630e-07, 1.129397e-03, 6.007263e-13, 2.080379e-04]) u(a, b);

-- E15: worth, at a margin of 40 % and 5 cents a mail; its interval is by the normal distribution, ours that of compare, by t
SELECT pg_temp.near(roi, 5.158617, 5e-7, 'Mens: roi'), pg_temp.near(roi_low, 2.881193, 1e-4, 'low'), pg_temp.near(roi_high, 7.436042, 1e-4, 'high'), pg_temp.near(margin, .3079309, 5e-8, 'margin a mail') FROM pair, compare(c_spend, t_spend) c, roi(c.diff, c.ci_low, c.ci_high, .4, .05) WHERE arm = 'mens';
SELECT pg_temp.near(roi, 2.395298, 5e-7, 'Womens: roi'), pg_temp.near(roi_low, .351716, 1e-4, 'low'), pg_temp.near(roi_high, 4.438879, 1e-4, 'high') FROM pair, compare(c_spend, t_spend) c, roi(c.diff, c.ci_low, c.ci_high, .4, .05) WHERE arm = 'womens';

SELECT is(verdict, 'ok', 'the split is as planned') FROM (SELECT array_agg(n) AS n FROM arm) s, srm(n, ARRAY[1, 1, 1]);
-- one part a history segment, stored and rolled up, is the whole
SELECT is(outcome_rollup(p), (SELECT spend FROM arm WHERE arm = 'mens'), 'parts of segments add up') FROM (SELECT outcome_agg(spend) AS p FROM hillstrom WHERE segment = 'Mens E-Mail' GROUP BY history_segment) s;
SELECT pg_temp.near(p.diff / c.diff, 1, .01, 'the total of the segments is that of all') FROM
  (SELECT array_agg(c.diff ORDER BY h) AS diffs, array_agg(c.se ORDER BY h) AS ses, array_agg(n ORDER BY h) AS weights FROM (SELECT history_segment AS h, count(*)::float8 AS n, outcome_agg(spend) FILTER (WHERE segment = 'No E-Mail') AS c, outcome_agg(spend) FILTER (WHERE segment = 'Mens E-Mail') AS t FROM hillstrom GROUP BY 1) x, compare(x.c, x.t) c) a,
  poststratify(diffs, ses, weights) p, pair, compare(c_spend, t_spend) c WHERE arm = 'mens';
SELECT * FROM finish();
