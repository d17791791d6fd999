-- 01_rates.sql: intervals, decomposition, concentration, control limits: published figures and rules
\ir ../lib/begin.sql
SELECT plan(55);
SET search_path = public, segment;

-- Wilson: Newcombe 1998 (table I), statsmodels proportion_confint
SELECT is(array_agg(round(low::numeric, 6) || ' ' || round(high::numeric, 6) ORDER BY n),
  '{0.255289 0.366210,0.062386 0.160487,0.000000 0.161125,0.006113 0.171755,0.908190 1.000000}', 'Newcombe''s examples')
FROM (VALUES (1, 81, 263), (2, 15, 148), (3, 0, 20), (4, 1, 29), (5, 38, 38)) v(n, x, of), rate_interval(x, of);
SELECT is((SELECT high FROM rate_interval(38, 38)), 1::float8, 'never above 1, and 1 where all did');
SELECT is((SELECT low FROM rate_interval(0, 38)), 0::float8, 'and 0 where none did');
SELECT ok(abs(low - 0.348499283643951) < 1e-9 AND abs(high - 0.651500716356049) < 1e-9 AND rate = 0.5, 'statsmodels, 19 of 38') FROM rate_interval(19, 38);
SELECT is(round(low::numeric, 6) || ' ' || round(high::numeric, 6), '0.678542 0.713104', '1,892 of 2,718') FROM rate_interval(1892, 2718);
SELECT is(round(low::numeric, 6) || ' ' || round(high::numeric, 6), '0.641562 0.669827', '2,845 of 4,338') FROM rate_interval(2845, 4338);
SELECT is(num_nulls(rate, low, high), 3, 'no denominator') FROM rate_interval(0, 0);
SELECT ok(low > 0 AND low < rate AND rate < high AND high < 1, 'nearly certain, and still an interval') FROM rate_interval(1, 3, 0.9999999999999999);
SELECT is(high - low, 0::float8, 'no confidence, no interval') FROM rate_interval(1, 3, 1e-320);
SELECT throws_ok('SELECT rate_interval(3, 2)', '22023', 'numerator is out of range', 'more than there are');
SELECT throws_ok('SELECT rate_interval(-1, 2)', '22023', 'numerator is out of range', 'fewer than none');
SELECT throws_ok('SELECT rate_interval(1, 2, 1)', '22023', 'confidence is out of range', 'certainty');

-- Shapley: toy examples by hand, and Online Retail's spring against autumn
CREATE FUNCTION parts(before float8[], after float8[], digits int DEFAULT 4) RETURNS numeric[] LANGUAGE sql AS
  'SELECT array_agg(round(part::numeric, digits) ORDER BY n) FROM unnest(segment.decompose(before, after)) WITH ORDINALITY d(part, n)';
SELECT is(parts('{100,2,50}', '{120,1.8,55}'), '{1993.3333,-1156.6667,1043.3333}', 'three factors');
SELECT is(parts('{100,2,50}', '{200,2,60}'), '{11000,0,3000}', 'a factor that did not change');
SELECT is(parts(ARRAY[1993, 4025 / 1993.0, 1743295.68 / 4025], ARRAY[2851, 6341 / 2851.0, 3153974.55 / 6341]), '{847959.6806,231452.1053,331267.0841}', 'customers, frequency, value');
SELECT is(parts('{0,0,0}', '{2,3,5}'), '{10,10,10}', 'from nothing');
SELECT is(parts('{7}', '{9}'), '{2}', 'one factor');
SELECT is(decompose('{}', '{}'), '{}', 'none');
SELECT is(decompose('{1,NULL}', '{1,2}'), NULL, 'a factor that does not exist');
SELECT is((SELECT count(*) FROM generate_series(1, 500) g, LATERAL (SELECT array_agg((g * 7919 * i % 1009) / 100.0) b, array_agg((g * 104729 * i % 997) / 90.0) a FROM generate_series(1, 1 + g % 8) i) f,
  LATERAL (SELECT sum(p) s FROM unnest(decompose(b::float8[], a::float8[])) p) d, LATERAL (SELECT coalesce(exp(sum(ln(nullif(x, 0)))), 0) * (count(*) FILTER (WHERE x = 0) = 0)::int v FROM unnest(b) x) vb,
  LATERAL (SELECT coalesce(exp(sum(ln(nullif(x, 0)))), 0) * (count(*) FILTER (WHERE x = 0) = 0)::int v FROM unnest(a) x) va
  WHERE abs(s - (va.v - vb.v)) > 1e-9 * greatest(va.v, vb.v, 1)), 0::bigint, 'parts add up to the change, 500 times');
SELECT throws_ok($$SELECT decompose('{1,2}', '{1}')$$, '2202E', 'before and after have different factors', 'another number of factors');
SELECT throws_ok($$SELECT decompose('{1,NaN}', '{1,2}')$$, '22003', 'factor is not finite', 'NaN');
SELECT throws_ok($$SELECT decompose(array_fill(1::float8, ARRAY[17]), array_fill(1::float8, ARRAY[17]))$$, '2202E', NULL, 'too many factors');

-- Gini: by hand; the ten incomes are an example of R's package ineq
SELECT is(round(gini('{1,2,3,4,5}')::numeric, 12), round(4 / 15.0, 12), '1 to 5');
SELECT is(round(gini('{1,2,3,4,5}', corrected => true)::numeric, 12), round(1 / 3.0, 12), 'corrected');
SELECT is(gini('{0:3,10}'), 0.75::float8, 'one has all');
SELECT is(gini('{0:3,10}', true), 1::float8, 'corrected: 1');
SELECT is(gini('{7:1000}'), 0::float8, 'equal values');
SELECT is(round(gini('{541,1463,2445,3438,4437,5401,6392,8304,11904,22261}')::numeric, 7), 0.4620911, 'ten incomes');
SELECT is(round(gini('{1:2,2:2,10}')::numeric, 12), 0.475, 'ties');
SELECT is(gini('{0:5}'), NULL, 'nothing to spread');
SELECT is(gini('{-5,-4}'), NULL, 'nobody left');
SELECT is(gini('{5}', true), NULL, 'one value has no corrected coefficient');
SELECT is(gini('{-7:3,1,2,3,4,5}'), gini('{1,2,3,4,5}'), 'negative values are left out');
SELECT is(left_out('{-7:3,1,2,3,4,5}'), 3::bigint, 'and counted');
SELECT is(top_share('{0:9,10}', 0.1), 1::float8, 'top 10 %');
SELECT is(round(top_share('{1,2,3,4,5,6,7,8,9,10}', 0.2)::numeric, 12), round(19 / 55.0, 12), 'exactly two of ten');
SELECT is(round(top_share('{1,2,3,4,5,6,7,8,9,10}', 0.21)::numeric, 12), round(27 / 55.0, 12), 'rounded up');
SELECT is(top_share('{1,2}', 0) || ' ' || top_share('{1,2}', 1), '0 1', 'none and all');
SELECT throws_ok($$SELECT gini('{2,1e+308:3}')$$, '22003', 'total of the values is out of range', 'a total beyond the range of numbers');
SELECT throws_ok($$SELECT * FROM lorenz_table('{2,1e+308:3}')$$, '22003', 'total of the values is out of range', 'no curve of it either');
SELECT is(left_out('{-1,1e+308:3}'), 1::bigint, 'but what is left out is counted');
SELECT throws_ok($$SELECT top_share('{1,2}', 20)$$, '22023', 'share is out of range', '20 instead of 0.2');
SELECT results_eq($$SELECT customers_share, round(total_share::numeric, 6) FROM lorenz_table('{1,2,3,4}', 4)$$,
  $$VALUES (0::float8, 0.000000), (0.25, 0.1), (0.5, 0.3), (0.75, 0.6), (1, 1)$$, 'Lorenz curve');
SELECT results_eq($$SELECT round(total_share::numeric, 6) FROM lorenz_table('{1,3}', 4)$$, $$VALUES (0.000000), (0.125), (0.25), (0.625), (1)$$, 'between two customers');

-- Control limits: NIST handbook 6.3.2.2; Online Retail's retention; a small p chart by hand
SELECT is(DISTINCT_limits, '50.81 45.8159 55.8041', 'XmR of ten flow rates')
FROM (SELECT string_agg(DISTINCT round(center::numeric, 4)::float8 || ' ' || round(lower::numeric, 4) || ' ' || round(upper::numeric, 4), '|') AS DISTINCT_limits
  FROM control_limits('{49.6,47.6,49.9,51.3,47.8,51.2,52.6,52.4,53.6,52.1}')) x;
CREATE TABLE retained AS SELECT '{324,262,290,304,368,410,365,388,425,489,622}'::bigint[] AS x, '{885,741,758,974,856,1056,991,949,935,1266,1364}'::bigint[] AS n;
SELECT is((SELECT array_agg("position" ORDER BY 1) FROM retained, control_limits_rate(x, n, 'binomial') WHERE is_signal), '{4,9,11}', 'a binomial chart calls three months unusual');
SELECT is((SELECT count(*) FROM retained, control_limits_rate(x, n) WHERE is_signal), 0::bigint, 'Laney''s none');
SELECT results_eq($$SELECT round(lower::numeric, 6), round(upper::numeric, 6) FROM retained, control_limits_rate(x, n) WHERE "position" IN (4, 9, 11) ORDER BY "position"$$,
  'VALUES (0.256806, 0.531500), (0.253971, 0.534336), (0.278091, 0.510216)', 'Laney''s limits');
SELECT is(round(lower::numeric, 7) || ' ' || round(upper::numeric, 7), '0.1417151 0.3826092', 'three points') FROM control_limits_rate('{30,45,22}', '{120,150,100}', 'binomial') WHERE "position" = 1;
SELECT is((SELECT array_agg("position") FROM control_limits('{10,11,10,11,10,30}'::float8[], baseline => 5) WHERE is_signal), '{6}', 'limits from a baseline');
SELECT is((SELECT count(*) FROM generate_series(1, 300) g, LATERAL (SELECT g / 7.0::float8 * 10 ^ (g % 21 - 10) AS same) x, control_limits(array_fill(same, ARRAY[2 + g % 40])) WHERE is_signal OR center <> same),
  0::bigint, 'equal points are no signal: rounding their sum makes none');
SELECT throws_ok($$SELECT * FROM control_limits('{1e308,-1e308}')$$, '22003', 'control limits are out of range', 'limits beyond the range of numbers');
SELECT is((SELECT center FROM control_limits('{1e308,1e308,1e308}') LIMIT 1), 1e308::float8, 'a mean within it, though the sum is not');
SELECT throws_ok($$SELECT * FROM control_limits_rate('{1,2}', '{2,0}')$$, '22023', 'rate is out of range', 'no denominator');

SELECT * FROM finish();
ROLLBACK;
