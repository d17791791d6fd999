-- 03_plan.sql: assignment, split check, families of tests, power: figures of R 4.2.2, statsmodels 0.13.5, G*Power and SHA-256 itself
\ir ../lib/begin.sql
\ir ../lib/near.sql
SELECT plan(160);
SET search_path = public, segment;

-- E16: assignment; the first 8 bytes of SHA-256 by Python's hashlib
SELECT is(assign_share(id, salt), share, format('share of %s, %s', salt, id)),
       is(substr(encode(sha256(convert_to(salt || ':' || id, 'UTF8')), 'hex'), 1, 16), head, 'the hash by core''s sha256')
FROM (VALUES ('pilot-1', '1', '76eb9b9f7e3722b0', 0.4645325912844922::float8), ('pilot-1', '2', '6797a2ef1779e4e4', 0.4046575387687663), ('pilot-1', '3', '2029301d49622188', 0.1256284781933421),
             ('pilot-1', '42', '06986d82aacf226f', 0.025763363267114148), ('spring', 'CUST-0001', '79d977251ccd1a57', 0.4759745088202191), ('spring', 'ü', '4a16797f5b82f1f2', 0.28940543517411377)) v(salt, id, head, share);
SELECT is(count(*), 1050::bigint, 'of pilot-1 ids 1 to 10000, 1,050 lie below 0.1') FROM generate_series(1, 10000) g WHERE assign_share(g::text, 'pilot-1') < 0.1;
-- the documented formula in plain SQL: top 53 bits of the first 8 bytes, divided by 2^53; for texts of all lengths about the block's
SELECT is(count(*), 0::bigint, 'the formula in plain SQL, for ids and salts of 0 to 200 bytes')
FROM generate_series(0, 200) i, generate_series(1, 200, 3) s, LATERAL (SELECT substr(repeat('aé€𝄞z', 40), 1, i) AS id, substr(repeat('Salt-ö', 40), 1, s) AS salt) t
WHERE assign_share(id, salt) <> (('x' || substr(encode(sha256(convert_to(salt || ':' || id, 'UTF8')), 'hex'), 1, 16))::bit(64) >> 11)::bigint::float8 / 2::float8 ^ 53;
SELECT is(array_agg(assign(g::text, 'pilot-1', ARRAY[0.1, 0.2, 0.7]) ORDER BY g),
          array_agg(CASE WHEN assign_share(g::text, 'pilot-1') < 0.1 THEN 1 WHEN assign_share(g::text, 'pilot-1') < 0.1::float8 + 0.2 THEN 2 ELSE 3 END ORDER BY g),
          'the first arm whose cumulated share exceeds the customer''s') FROM generate_series(1, 3000) g;
SELECT is(count(*) FILTER (WHERE assign(g::text, 's', array_fill(0.1::float8, ARRAY[10])) IS NULL), 0::bigint, 'ten tenths leave nobody out'),
       is(count(*) FILTER (WHERE (assign(g::text, 's', ARRAY[0.3, 0.3]) IS NULL) <> (assign_share(g::text, 's') >= 0.6)), 0::bigint, 'who is beyond the shares is in no arm'),
       is(count(*) FILTER (WHERE assign(g::text, 's', ARRAY[0, 1, 0]) <> 2), 0::bigint, 'arms of share 0 are empty') FROM generate_series(1, 10000) g;
SELECT is(assign_share(NULL, 'a'), NULL, 'NULL id'), is(assign('1', 'a', NULL), NULL, 'NULL shares'), ok(assign_share('', 'a') >= 0, 'an empty id is one');
SELECT throws_ok($$SELECT assign_share('1', '')$$, '22023', 'salt must not be empty', 'empty salt');
SELECT throws_ok(format('SELECT assign(%L, %L, %s)', '1', 'a', s), '22023', 'shares are no split', s)
FROM unnest(ARRAY['ARRAY[0.5, 0.6]', 'ARRAY[-0.1, 0.5]', $$ARRAY['NaN'::float8]$$, 'ARRAY[0.5, NULL]', 'ARRAY[]::float8[]', 'ARRAY[[0.5, 0.5]]', 'ARRAY[0.0]', 'array_fill(0.0001::float8, ARRAY[1001])']) s;

-- E10: split check; chi-square by scipy.stats.chisquare. Kohavi, Tang, Xu print 1.8e-6 for the third
SELECT pg_temp.near(chi_square, c, 5e-8 * greatest(c, 1), format('srm %s: chi-square', counts)), pg_temp.near(p_value / p, 1, 5e-7, 'p'), is(s.verdict, v.verdict, v.verdict)
FROM (VALUES (ARRAY[21387, 21307, 21306], ARRAY[1, 1, 1], .20253125, .9036929576, 'ok'), (ARRAY[9463, 7681], ARRAY[.5, .5], 185.2265516, 3.502192e-42, 'mismatch'),
             (ARRAY[821588, 815482], ARRAY[.5, .5], 22.7743688, 1.821793e-06, 'mismatch'), (ARRAY[500, 450], ARRAY[1, 1], 2.6315789, .1047575, 'ok'),
             (ARRAY[9100, 900], ARRAY[.9, .1], 11.1111111, .0008581207, 'mismatch')) v(counts, shares, c, p, verdict), srm(counts::bigint[], shares::float8[]) s;
SELECT is(chi_square, 5::float8, '5 : 0: chi-square'), pg_temp.near(p_value, .0625, 1e-12, 'exact p: 2 of 32 outcomes'), is(method, 'exact', 'method'), is(verdict, 'too few to say', 'verdict')
FROM srm(ARRAY[5, 0], ARRAY[.5, .5]);
-- exact: scipy.stats.binomtest(20, 400, 0.01).pvalue
SELECT pg_temp.near(p_value / 7.471130138581816e-09, 1, 1e-9, 'exact binomial'), is(method, 'exact', 'method'), is(verdict, 'mismatch', 'verdict') FROM srm(ARRAY[380, 20], ARRAY[99, 1]);
SELECT is(df, 2::bigint, 'an arm of share 0 does not count'), is(n, 300::bigint, 'all do') FROM srm(ARRAY[100, 0, 100, 100], ARRAY[1, 0, 1, 1]);
SELECT is(verdict, 'mismatch', 'customers in an arm of share 0'), is(p_value, 0::float8, 'p'), isnt(reason, NULL, 'reason') FROM srm(ARRAY[100, 1, 100], ARRAY[1, 0, 1]);
SELECT is(verdict, 'too few to say', 'nobody'), isnt(reason, NULL, 'reason') FROM srm(ARRAY[0, 0], ARRAY[1, 1]);
SELECT throws_ok(format('SELECT * FROM srm(%s)', s), NULL, NULL, s)
FROM unnest(ARRAY['ARRAY[1, 2], ARRAY[1]', 'ARRAY[1, NULL], ARRAY[1, 1]', 'ARRAY[-1, 2], ARRAY[1, 1]', 'ARRAY[1, 2], ARRAY[1, -1]', 'ARRAY[1, 2], ARRAY[0, 0]', 'ARRAY[1], ARRAY[1]', $$ARRAY[1, 2], ARRAY[1, 'NaN']$$]) s;

-- E11: R's power.prop.test, power.t.test (whose root finding stops within about 1e-5 of the root); G*Power by Spotify's tests;
-- statsmodels' power_proportions_2indep
SELECT pg_temp.near(control_exact, 3840.847482, 5e-6, 'rates .10 to .12'), is(control, 3841::bigint, 'rounded up'), is(total, 7682::bigint, 'in all') FROM sample_size_rates(.10, .12);
SELECT pg_temp.near(control_exact, 76.70693011, 1e-5, '.50 to .75, 90 %') FROM sample_size_rates(.50, .75, .9);
SELECT pg_temp.near(control_exact, 62.33551145, 1e-5, 'one-sided') FROM sample_size_rates(.50, .75, .9, side => 'greater');
SELECT pg_temp.near(power_rates(.5, .75, 50, 50), .7401659013, 5e-10, 'power at 50 an arm'), pg_temp.near(power_rates(.5, .75, 50, 50, strict => true), .7401671934, 5e-10, 'strict');
SELECT pg_temp.near(higher, .8026140907, 2e-5, 'the rate that 50 an arm show'), pg_temp.near(power_rates(.5, lower, 50, 50), .9, 1e-9, 'and the lower one') FROM detectable_rate(.5, 50, 50, .9);
SELECT pg_temp.near(power_means(1, 1, 20, 20), .8689528017, 5e-10, 'power of means');
SELECT pg_temp.near(control_exact, 22.0210977, 1e-5, 'means, 90 %') FROM sample_size_means(1, 1, .9);
SELECT pg_temp.near(control_exact, 17.84712609, 1e-5, 'one-sided') FROM sample_size_means(1, 1, .9, side => 'greater');
SELECT pg_temp.near(control_exact, 19952.95424, 5e-4, 'sd 10, difference .3, 85 %'), is(total, 39906::bigint, 'G*Power') FROM sample_size_means(10, .3, .85);
SELECT pg_temp.near(2 * control_exact, 897348, 2, 'rates .34 to .343, 85 %: G*Power') FROM sample_size_rates(.34, .343, .85);
SELECT pg_temp.near(control_exact, 448674.3952, 5e-4, 'and R') FROM sample_size_rates(.34, .343, .85);
SELECT pg_temp.near(control_exact, 33728.8849, 5e-4, 'Hillstrom''s spend') FROM sample_size_means(11.5882, .25);
SELECT pg_temp.near(power_rates(.015, .001, 550, 550, strict => true), .74156, 5e-6, 'statsmodels'),
       pg_temp.near(power_rates(.2, .1, 308, 154, strict => true), .7995659211532175, 1e-12, 'statsmodels, unequal arms');
SELECT pg_temp.near(control_exact, 2185.299, 5e-4, '9 treated per hold-out: hold-out'), pg_temp.near(control_exact * 9, 19667.694, 5e-4, 'treated'), is(total, control + treated, 'in all') FROM sample_size_rates(.10, .12, treated_per_control => 9);
SELECT pg_temp.near(power_rates(.5, higher, 50, 50), .9, 1e-12, 'at the root the power is the one asked for') FROM detectable_rate(.5, 50, 50, .9);
SELECT pg_temp.near(power_means(3, detectable_difference(3, 500, 4500), 500, 4500), .8, 1e-9, 'the detectable difference is detected'),
       pg_temp.near(detectable_difference(3, 500, 4500, side => 'less'), -detectable_difference(3, 500, 4500, side => 'greater'), 1e-12, 'less looks the other way');
SELECT is(control, NULL, 'no difference: no number'), isnt(reason, NULL, 'reason') FROM sample_size_rates(.1, .1);
SELECT is(control, NULL, 'the wrong side: no number'), isnt(reason, NULL, 'reason') FROM sample_size_means(1, -1, side => 'greater');
SELECT is(higher, NULL, 'not even 1'), is(lower, NULL, 'not even 0') FROM detectable_rate(.5, 3, 3);
SELECT throws_ok('SELECT ' || s, '22023', NULL, s) FROM unnest(ARRAY['sample_size_rates(1.1, .2)', 'sample_size_rates(.1, .2, power => 1)', 'sample_size_rates(.1, .2, treated_per_control => 0)',
  'sample_size_means(0, 1)', 'power_means(1, 1, 1, 20)', $$power_means(1, 1, 20, 20, side => 'both')$$, 'power_rates(.1, .2, 20, 20, confidence => 95)', $$detectable_difference('NaN', 20, 20)$$]) s;
SELECT is(array_agg(n_control ORDER BY share), ARRAY[50, 100, 150, 500]::bigint[], 'hold-outs of 5, 10, 15 and 50 % of 1,000'),
       is(bool_and(abs(difference - detectable_difference(outcome_sd(o), n_control, n_treated)) < 1e-12), true, 'by the past variance'),
       is(bool_and(abs(lift - difference / outcome_mean(o)) < 1e-12), true, 'relative to the past mean'), is(bool_and(verdict LIKE n_control || ' held out of 1000: cannot tell less than %'), true, 'said plainly')
FROM (SELECT outcome_agg(g % 17) AS o FROM generate_series(1, 1000) g) s, holdout_table(o);
SELECT is(verdict, 'cannot tell: too few customers', 'a hold-out of nobody') FROM holdout_table('n 10, y 5, yy 5', ARRAY[0.05::float8]);

-- E13: R's p.adjust
SELECT is(bool_and(abs(a - b) < 1e-12), true, method) FROM (VALUES ('bonferroni', ARRAY[.05, .10, .15, .20, .25]), ('holm', ARRAY[.05, .08, .09, .09, .09]), ('hochberg', ARRAY[.05, .05, .05, .05, .05]),
  ('bh', ARRAY[.05, .05, .05, .05, .05]), ('by', array_fill(.05 * 137 / 60, ARRAY[5]))) v(method, want), unnest(adjust_p(ARRAY[.01, .02, .03, .04, .05], method), want) u(a, b) GROUP BY method ORDER BY method;
CREATE TABLE bh95 AS SELECT ARRAY[.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .3240, .4262, .5719, .6528, .7590, 1]::float8[] AS p;
SELECT is(bool_and(abs(a - b) < 1e-10), true, 'Benjamini & Hochberg 1995: bh') FROM bh95, unnest(adjust_p(p, 'bh'),
  ARRAY[.0015, .003, .0095, .035625, .0603, .0638571429, .0638571429, .0645, .0765, .486, .5811818182, .714875, .7532307692, .8132142857, 1]) u(a, b);
SELECT is(bool_and(abs(a - b) < 1e-10), true, 'Benjamini & Hochberg 1995: holm') FROM bh95, unnest(adjust_p(p, 'holm'),
  ARRAY[.0015, .0056, .0247, .1140, .2211, .2780, .2780, .2780, .3213, 1, 1, 1, 1, 1, 1]) u(a, b);
SELECT is(adjust_p(ARRAY[.04, NULL, .01], 'bonferroni'), ARRAY[.08, NULL, .02]::float8[], 'NULLs stay and do not count'), is(adjust_p('{}'), '{}', 'none'), is(adjust_p(NULL), NULL, 'NULL'),
       is(adjust_p(ARRAY[.03, .01, .02]), ARRAY[.04, .03, .04]::float8[], 'in the order given');
SELECT throws_ok($$SELECT adjust_p(ARRAY[1.5])$$, '22023', 'p-value is out of range', 'no p-value'), throws_ok($$SELECT adjust_p(ARRAY[.5], 'none')$$, '22023', 'unknown method: "none"', 'no method');

-- Cochran's Q: by hand: weights 4, 1, 1; mean (4 + 3 + 5) / 6 = 2; Q = 4 + 1 + 9
SELECT is(segments, 3::bigint, 'segments'), is(left_out, 2::bigint, 'left out'), is(q, 14::float8, 'Q'), is(df, 2::bigint, 'df'), pg_temp.near(p_value, exp(-7), 1e-16, 'p of 2 degrees is exp(-Q / 2)'),
       pg_temp.near(i_squared, 12.0 / 14, 1e-15, 'I squared'), is(pooled, 2::float8, 'pooled'), pg_temp.near(pooled_se, 1 / sqrt(6), 1e-15, 'its standard error')
FROM heterogeneity(ARRAY[1, 3, 5, NULL, 7], ARRAY[.5, 1, 1, 1, NULL]);
SELECT is(heterogeneity_p(ARRAY[1], ARRAY[1]), NULL, 'one segment'), pg_temp.near(heterogeneity_p(ARRAY[1, 3, 5], ARRAY[.5, 1, 1]), exp(-7), 1e-16, 'p alone');
SELECT is(diff, 2.5::float8, 'post-stratified: 3/4 of 2 and 1/4 of 4'), is(se, .75::float8 * sqrt(1 + 1.0 / 9), 'its standard error'), pg_temp.near(ci_low, 2.5 - 1.959963984540054 * .75 * sqrt(10.0 / 9), 1e-14, 'low')
FROM poststratify(ARRAY[2, 4], ARRAY[1, 1], ARRAY[300, 100]);
SELECT is(diff, NULL, 'a segment without an answer: none'), isnt(reason, NULL, 'reason') FROM poststratify(ARRAY[2, NULL], ARRAY[1, 1], ARRAY[300, 100]);
SELECT is(diff, 2::float8, 'but one without weight does not matter') FROM poststratify(ARRAY[2, NULL], ARRAY[1, NULL], ARRAY[1, 0]);

-- worth: by hand
SELECT is(roi, 3::float8, 'roi'), is(roi_low, 1::float8, 'low'), is(roi_high, 5::float8, 'high'), is(margin, 2::float8, 'margin') FROM roi(4, 2, 6, .5, .5);
SELECT is(roi, NULL, 'no difference known'), is(roi_high, 'Infinity', 'one-sided') FROM roi(NULL, 2, 'Infinity', .5, .5);
SELECT is(cost_each, 5::float8, 'cost of an order'), is(low, 2.5::float8, 'low'), is(high, 10::float8, 'high'), is(reason, NULL, 'no reason') FROM cost_per_incremental(.1, .05, .2, .5);
SELECT is(high, 'Infinity', 'perhaps no order: no upper limit'), isnt(reason, NULL, 'reason') FROM cost_per_incremental(.1, -.05, .2, .5);
SELECT is(cost_each, NULL, 'no order'), is(low, NULL, 'at no price'), isnt(reason, NULL, 'reason') FROM cost_per_incremental(-.1, -.2, -.05, .5);
SELECT is(diff, 1.25::float8, 'break-even difference'), pg_temp.near(lift, 1.25 / 5.5, 1e-15, 'lift'), pg_temp.near(1 / lift_low + 1 / lift_high, 2 * 5.5 / 1.25, 1e-12, 'from the ends of the mean') FROM (SELECT outcome_agg(g) AS o FROM generate_series(1, 10) g) s, break_even_lift(o, .4, .5);
SELECT throws_ok('SELECT ' || s, '22023', NULL, s) FROM unnest(ARRAY['roi(1, 1, 1, 0, 1)', 'roi(1, 1, 1, .4, 0)', 'cost_per_incremental(1, 1, 1, -1)']) s;

SELECT * FROM finish();
ROLLBACK;
