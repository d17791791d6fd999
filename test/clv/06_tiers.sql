-- 06_tiers.sql: value tiers, shares of the best and their rule for ties; simulation
\ir ../lib/begin.sql
\ir ../lib/near.sql
SELECT plan(38);
SET search_path = public, segment;
SELECT is(value_tier(2, 1), 'Valuable and slipping away', 'a name'), is(value_tier(3, 1, 3), 'Valuable and slipping away', 'of nine'),
  is(value_tier(3, 1), NULL, 'no such level'), is(value_tier(1, 1, 4), NULL, 'no such number of levels'), is(value_tier(NULL, 1), NULL, 'NULL');
SELECT is(count(*), l * l, format('%s × %s tiers', l, l)), is(count(DISTINCT (value_level, return_level)), l * l, 'each once'),
  is(count(DISTINCT tier), l * l, 'names differ'), is(min(sort) || '-' || max(sort), '1-' || l * l, 'sort keys'),
  ok(bool_and(length(meaning) > 10 AND length(action) > 10), 'each has a meaning and an action')
FROM (VALUES (2::bigint), (3)) v(l), value_tiers(l::int) GROUP BY l ORDER BY l;
SELECT is(value_tier_sort(2, 2), 1, 'the best tier comes first'), is(value_tier_sort(1, 1, 3), 9, 'the least last');
-- a better level never sorts later
SELECT is_empty($$SELECT FROM segment.value_tiers(3) a, segment.value_tiers(3) b WHERE a.value_level >= b.value_level AND a.return_level >= b.return_level AND a.sort > b.sort$$, 'monotone');
SELECT is(string_agg(top_tier(r, 10), ',' ORDER BY r), 'top 10 %,top 20 %,top 30 %,the rest', 'tops of ten') FROM generate_series(1, 4) r;
SELECT is((SELECT string_agg(t || n, ',' ORDER BY n) FROM (SELECT top_tier(rank() OVER (ORDER BY v DESC), count(*) OVER ()) AS t, v FROM unnest(ARRAY[9, 8, 8, 8, 1, 1, 1, 1, 1, 1]) v) s, LATERAL (SELECT v AS n) x WHERE v > 1),
  'top 20 %8,top 20 %8,top 20 %8,top 10 %9', 'ties: all or none');
SELECT is(string_agg(volume_tier(r, 10), ',' ORDER BY r), 'heavy,heavy,medium,medium,medium,light,light,light,light,light', 'heavy, medium, light') FROM generate_series(1, 10) r;
SELECT is(top_tier(3, 10, '{0.25}'), 'top 25 %', 'own shares'), is(top_tier(4, 10, '{0.25}'), 'the rest', 'and the rest');

-- simulation: deterministic, and what the model expects (four standard errors)
\set m 'btyd_model(''mbgnbd'', ''{.525,6.183,.891,1.614}'', ''1 week'')'
SELECT results_eq($$SELECT * FROM segment.simulate_orders(segment.btyd_model('mbgnbd', '{.525,6.183,.891,1.614}', '1 week'), 100, '2025-01-01', '1 year', '4 weeks', 7)$$,
  $$SELECT * FROM segment.simulate_orders(segment.btyd_model('mbgnbd', '{.525,6.183,.891,1.614}', '1 week'), 100, '2025-01-01', '1 year', '4 weeks', 7)$$, 'the same for the same seed');
SELECT pg_temp.near(avg(repeat_x(r)), expected_orders(m, h), 4 * stddev_samp(repeat_x(r)) / sqrt(count(*)), k || ': orders as expected')
FROM (VALUES ('mbgnbd', interval '52 weeks', btyd_model('mbgnbd', '{.525,6.183,.891,1.614}', '1 week')), ('bgnbd', '52 weeks', btyd_model('bgnbd', '{.243,4.414,.793,2.426}', '1 week')),
  ('pareto_nbd', '52 weeks', btyd_model('pareto_nbd', '{.553,10.578,.606,11.669}', '1 week')), ('nbd', '52 weeks', btyd_model('nbd', '{.385,12.07}', '1 week')), ('bgbb', '10 years', btyd_model('bgbb', '{1.204,.750,.657,2.783}', '1 year'))) v(k, h, m),
  simulate_summaries(m, 20000, h) r GROUP BY k, m, h;
SELECT is_empty($$SELECT customer, ordered_at FROM segment.simulate_orders(segment.btyd_model('bgnbd', '{.243,4.414,.793,2.426}', '1 week'), segment.spend_model(6.25, 3.74, 15.44), 500, '2025-01-01', '1 year', '4 weeks', 7)
  EXCEPT SELECT * FROM segment.simulate_orders(segment.btyd_model('bgnbd', '{.243,4.414,.793,2.426}', '1 week'), 500, '2025-01-01', '1 year', '4 weeks', 7)$$, 'amounts do not change the orders');
SELECT pg_temp.near(avg(repeat_first_spend(r)), expected_spend(g, repeat_summary(0, 0, 1, NULL, '1 week')), 4 * stddev_samp(repeat_first_spend(r)) / sqrt(count(*)), 'first spends as expected'),
  pg_temp.near(avg(repeat_spend(r)), expected_spend(g, repeat_summary(0, 0, 1, NULL, '1 week')), 4 * stddev_samp(repeat_spend(r)) / sqrt(count(repeat_spend(r))), 'and those of repeat orders')
FROM (SELECT spend_model(6.25, 5.74, 15.44) AS g) m, simulate_summaries(btyd_model('nbd', '{.385,12.07}', '1 week'), g, 20000, '1 year') r GROUP BY g;
SELECT ok(bool_and(amount > 0 AND scale(amount) <= 2), 'amounts in cents') FROM simulate_orders(btyd_model('nbd', '{.385,12.07}', '1 week'), spend_model(6.25, 3.74, 15.44), 1000, '2025-01-01', '1 year');
SELECT ok(abs(n / 20000.0 - renewal_survival(m, i::int - 1)) < 4 * sqrt(0.25 / 20000), format('left after %s renewals', i - 1))
FROM (SELECT renewal_model(.668, 3.806) AS m) s, unnest(simulate_renewals(m, 20000, 3, 5)) WITH ORDINALITY u(n, i);
SELECT throws_ok($$SELECT segment.simulate_renewals(segment.renewal_model(1, 1), 0, 3)$$, '22023', NULL, 'no customers');
SELECT finish();
ROLLBACK;
