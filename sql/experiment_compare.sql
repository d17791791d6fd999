-- experiment: who is in which arm; one arm against another; what is refused
\set VERBOSITY terse
SET extra_float_digits = 0;
SET search_path = public, segment;
SELECT id, round(assign_share(id, 'pilot-1')::numeric, 12) AS share, assign(id, 'pilot-1', ARRAY[0.1, 0.9]) AS arm FROM unnest(ARRAY['1', '2', '3', '42']) id;
CREATE TEMP TABLE sessions AS
SELECT 'control' AS arm, unnest(ARRAY[3, 1, 4, 2, 5, 1, 2, 6]) AS sessions, unnest(ARRAY[1, 0, 2, 1, 2, 0, 1, 2]) AS orders
UNION ALL SELECT 'treated', unnest(ARRAY[2, 5, 1, 3, 4, 2, 6, 1]), unnest(ARRAY[1, 3, 0, 2, 3, 1, 3, 1]);
SELECT outcome_agg(orders, sessions) FILTER (WHERE arm = 'control') AS control, outcome_agg(orders, sessions) FILTER (WHERE arm = 'treated') AS treated FROM sessions \gset
SELECT :'control'::outcome, :'treated'::outcome;
SELECT outcome_n(:'control'), outcome_total(:'control'), outcome_total_x(:'control'), outcome_mean(:'control'), outcome_ratio(:'control');
SELECT method, n_control, n_treated, round(diff::numeric, 6) AS diff, round(se::numeric, 6) AS se, round(ci_low::numeric, 6) AS low, round(ci_high::numeric, 6) AS high,
       round(p_value::numeric, 6) AS p, round(lift::numeric, 4) AS lift, round(lift_low::numeric, 4) AS lift_low, round(lift_high::numeric, 4) AS lift_high, reason
FROM unnest(ARRAY['mean', 'ratio', 'cuped']) method, compare(:'control', :'treated', method);
SELECT round(ci_low::numeric, 6) AS low, round(ci_high::numeric, 6) AS high, round(p_value::numeric, 6) AS p FROM compare(outcome_of_rate(1, 34), outcome_of_rate(7, 34), 'rate');
SELECT side, round(ci_low::numeric, 6) AS low, round(p_value::numeric, 6) AS p FROM unnest(ARRAY['two-sided', 'greater']) side, compare(outcome_of_rate(100, 1000), outcome_of_rate(130, 1000), 'rate', side => side);
SELECT n_control, n_treated, treated_value, diff, reason FROM compare(NULL, 'n 3, y 6, yy 14');
SELECT diff, ci_low, reason FROM compare('n 1, y 3, yy 9', 'n 3, y 6, yy 14');
SELECT diff, ci_low, lift, reason FROM compare('n 3, y 6, yy 12', 'n 3, y 9, yy 27');
SELECT round(ci_low::numeric, 4) AS low, round(lift::numeric, 4) AS lift, lift_low, reason FROM compare('n 3, y 1, yy 9', 'n 3, y 9, yy 29');
SELECT n, round(chi_square::numeric, 6) AS chi_square, df, round(p_value::numeric, 46) AS p, method, verdict, reason FROM srm(ARRAY[9463, 7681], ARRAY[0.5, 0.5]);
SELECT n, chi_square, df, round(p_value::numeric, 6) AS p, method, verdict, reason FROM srm(ARRAY[5, 0], ARRAY[0.5, 0.5]);
SELECT adjust_p(ARRAY[0.01, 0.02, NULL, 0.04]), adjust_p(ARRAY[0.01, 0.02, NULL, 0.04], 'bh');
SELECT segments, left_out, q, df, round(p_value::numeric, 6) AS p FROM heterogeneity(ARRAY[1, 3, 5, NULL], ARRAY[0.5, 1, 1, 1]);
SELECT control, treated, total FROM sample_size_rates(0.10, 0.12);
SELECT control, treated, total FROM sample_size_means(10, 0.3, 0.85);
SELECT round(detectable_difference(10, 500, 4500)::numeric, 6) AS difference, round(lower::numeric, 6) AS lower, round(higher::numeric, 6) AS higher FROM detectable_rate(0.1, 500, 4500);
SELECT roi, roi_low, roi_high FROM roi(4, 2, 6, 0.5, 0.5);
SELECT 'n 2, y 10, yy 49'::outcome;
SELECT outcome_agg('NaN'::float8);
SELECT compare('n 3, y 6, yy 14', 'n 3, y 6, yy 14', 'ratio');
SELECT compare('n 3, y 6, yy 14', 'n 3, y 6, yy 14', 'rate');
SELECT compare('n 3, y 6, yy 14', 'n 3, y 6, yy 14', confidence => 95);
SELECT assign('1', '', ARRAY[0.5, 0.5]);
SELECT assign('1', 'a', ARRAY[0.5, 0.6]);
