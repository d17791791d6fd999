-- 02_formulas.sql: predictions at published, rounded parameters, through SQL and its units; renewals; what must agree
\ir ../lib/begin.sql
\ir ../lib/near.sql
SELECT plan(120);
SET search_path = public, segment;
CREATE TEMP TABLE m AS SELECT btyd_model('bgnbd', '{.243,4.414,.793,2.426}', '1 week') AS bg,
  btyd_model('mbgnbd', '{.525,6.183,.891,1.614}', '1 week') AS mbg, btyd_model('pareto_nbd', '{.553,10.578,.606,11.669}', '1 week') AS pareto,
  spend_model(6.25, 3.74, 15.44) AS gg;
CREATE TEMP TABLE c AS SELECT repeat_summary(2, 30.43, 38.86, 35, '1 week') AS two, repeat_summary(0, 0, 38.86, NULL, '1 week') AS none,
  repeat_summary(26, 30.857142857, 31, 40, '1 week') AS c1516;

SELECT pg_temp.near(expected_orders(bg, two, '39 weeks'), 1.22602817477, 1e-11, 'BG/NBD orders'), pg_temp.near(p_alive(bg, two), .726578570081, 1e-12, 'BG/NBD P(alive)'),
  is(p_alive(bg, none), 1::float8, 'BG/NBD: P(alive) of every one-time buyer is 1'), pg_temp.near(expected_orders(bg, c1516, '52 weeks'), 25.7564922153, 1e-9, 'BG/NBD 1516'),
  pg_temp.near(expected_orders(mbg, two, '39 weeks'), 1.26296062327, 1e-11, 'MBG/NBD orders'), pg_temp.near(p_alive(mbg, none), .389735080919, 1e-12, 'MBG/NBD P(alive)'),
  pg_temp.near(expected_orders(pareto, two, '39 weeks'), 1.45512319326, 1e-11, 'Pareto/NBD orders'), pg_temp.near(p_alive(pareto, none), .295286604617, 1e-12, 'Pareto/NBD P(alive)'),
  pg_temp.near(residual_orders(pareto, two, exp(.0027 * 365.25 / 7) - 1), 6.48377356773, 1e-9, 'DERT'),
  pg_temp.near(residual_orders(pareto, c1516, exp(.0027 * 365.25 / 7) - 1), 86.0526586488, 1e-8, 'DERT 1516'),
  pg_temp.near(residual_orders(pareto, none, exp(.0027 * 365.25 / 7) - 1), .477136229032, 1e-10, 'DERT x = 0'),
  pg_temp.near(expected_orders(bg, '52 weeks'), 1.446050595396, 1e-11, 'BG/NBD, a new customer'),
  pg_temp.near(p_orders(bg, '39 weeks', 2) - p_orders(bg, '39 weeks', 3), .085429759539, 1e-11, 'BG/NBD, two orders of a new customer'),
  pg_temp.near(p_orders(mbg, '39 weeks', 2) - p_orders(mbg, '39 weeks', 3), .086894825673, 1e-11, 'MBG/NBD'),
  pg_temp.near(p_orders(pareto, '39 weeks', 2) - p_orders(pareto, '39 weeks', 3), .08248718412, 1e-10, 'Pareto/NBD'),
  pg_temp.near(expected_spend(gg, repeat_summary(2, 1, 2, 40, '1 week')), 39.1404199475, 1e-10, 'expected spend of 40 twice'),
  pg_temp.near(expected_spend(gg, none), 6.25 * 15.44 / 2.74, 1e-12, 'a one-time buyer: the population''s mean') FROM m, c;

-- what must agree with itself, for each model
SELECT pg_temp.near(s, e, 1e-6 * e, 'the probabilities of at least n orders add up to the expectation: ' || k)
FROM (SELECT k, expected_orders(x, two, '39 weeks') AS e, (SELECT sum(p_orders(x, two, '39 weeks', n)) FROM generate_series(1, 400) n) AS s
      FROM c, m, LATERAL (VALUES ('bgnbd', bg), ('mbgnbd', mbg), ('pareto_nbd', pareto), ('nbd', btyd_model('nbd', '{.385,12.07}', '1 week'))) v(k, x)) s;
SELECT pg_temp.near(s, e, 1e-12, 'the same for bgbb')
FROM (SELECT expected_orders(x, r, '10 years') AS e, (SELECT sum(p_orders(x, r, '10 years', n)) FROM generate_series(1, 10) n) AS s
      FROM (SELECT btyd_model('bgbb', '{1.204,.750,.657,2.783}', '1 year') AS x, repeat_summary(3, 5, 6, NULL, '1 year') AS r) v) s;
-- Fader, Hardie, Shang (2010), donations 1995 to 2000: parameters 1.204, .750, .657, 2.783; expected in the next five
-- years for x = 0, n = 6: .07; x = 6, t_x = 6: 3.75; P(alive) .11 and .93 in 2001
SELECT pg_temp.near(expected_orders(x, repeat_summary(0, 0, 6, NULL, '1 year'), '5 years'), .07, .005, 'BG/BB x = 0'),
  pg_temp.near(expected_orders(x, repeat_summary(6, 6, 6, NULL, '1 year'), '5 years'), 3.75, .005, 'BG/BB x = 6'),
  pg_temp.near(p_alive(x, repeat_summary(0, 0, 6, NULL, '1 year'), '1 year'), .11, .005, 'BG/BB P(alive) x = 0'),
  pg_temp.near(p_alive(x, repeat_summary(6, 6, 6, NULL, '1 year'), '1 year'), .93, .005, 'BG/BB P(alive) x = 6')
FROM (SELECT btyd_model('bgbb', '{1.204,.750,.657,2.783}', '1 year') AS x) v;

SELECT pg_temp.near(discounted_orders(x, two, '39 weeks'), expected_orders(x, two, '39 weeks'), 1e-12, 'no discount: ' || k) || E'\n' ||
  pg_temp.near(discounted_orders(x, two, '1000 years', 0.1), residual_orders(x, two, 0.1), 1e-9, 'a long horizon is an infinite one: ' || k) || E'\n' ||
  pg_temp.near(discounted_orders(x, two, '1 year', 0.1, 'period_end', '10 minutes'), discounted_orders(x, two, '1 year', 0.1), 1e-5, 'many short steps are continuous: ' || k) || E'\n' ||
  pg_temp.near(discounted_orders(x, two, '2 years', 1, 'period_end', '1 year'),
    expected_orders(x, two, '1 year') / 2 + (expected_orders(x, two, '2 years') - expected_orders(x, two, '1 year')) / 4, 1e-12, 'steps of a year at 100 %: ' || k)
  || E'\n' || ok(discounted_orders(x, two, '18 months', 1, 'period_end', '1 year') BETWEEN expected_orders(x, two, '18 months') / 4 AND expected_orders(x, two, '18 months') / 2, 'a last step that is shorter: ' || k)
FROM c, m, LATERAL (VALUES ('bgnbd', bg), ('mbgnbd', mbg), ('pareto_nbd', pareto)) v(k, x);
SELECT pg_temp.near(clv(mbg, gg, two, '1 year', 0.1, 0.4), discounted_orders(mbg, two, '1 year', 0.1) * expected_spend(gg, two) * 0.4, 1e-12, 'clv is orders × spend × margin'),
  pg_temp.near(residual_value(mbg, gg, two, 0.1), residual_orders(mbg, two, 0.1) * expected_spend(gg, two), 1e-12, 'over an infinite horizon'),
  pg_temp.near(p_orders(mbg, two, make_interval(secs => 86400 * next_order(mbg, two, 0.5))), 0.5, 1e-9, 'next_order inverts p_orders'),
  pg_temp.near(p_orders(pareto, two, make_interval(secs => 86400 * next_order(pareto, two, 0.5))), 0.5, 1e-9, 'also for Pareto/NBD'),
  is(next_order(mbg, none, 0.9), NULL, 'never that probable: NULL'),
  ok(p_return(pareto, two) < p_alive(pareto, two) AND p_return(mbg, two) = p_alive(mbg, two), 'with Pareto/NBD the living may leave before they buy'),
  ok(p_orders(pareto, two, '900 years') <= p_return(pareto, two), 'p_return bounds p_orders'),
  pg_temp.near(p_alive(mbg, two, '0 days'), p_alive(mbg, two), 1e-12, 'P(alive) after no time'),
  ok(p_alive(mbg, two, '1 year') < p_alive(mbg, two), 'P(alive) falls with time') FROM m, c;
SELECT ok(p_orders(mbg, two, '39 weeks', q + 1) <= 0.025 AND (q = 0 OR p_orders(mbg, two, '39 weeks', q) > 0.025), 'orders_quantile inverts p_orders')
FROM (SELECT mbg, two, orders_quantile(mbg, two, '39 weeks', 0.975) AS q FROM m, c) s;

-- the probability of exactly n orders of a new customer in 39 weeks: BTYD 2.4.3 and BTYDplus 1.2.0
SELECT pg_temp.near(p_orders_exactly(x, '39 weeks', n - 1), p, 5.1e-11, format('%s: exactly %s orders', k, n - 1))
FROM m, LATERAL (VALUES
  ('BG/NBD', bg, '{.573786352096,.199395280836,.085429759539,.045860353848,.027671449336,.017965493867,.012268976716,.008695428804}'::float8[]),
  ('MBG/NBD', mbg, '{.582473189493,.182783077288,.086894825673,.048570442952,.029774148559,.019387323554,.013174035023,.009240696567}'),
  ('Pareto/NBD', pareto, '{.5936250316,.16556294728,.08248718412,.04903995364,.03169570674,.02148482836,.01501118375,.01070775073}')) v(k, x, ps),
  unnest(ps) WITH ORDINALITY u(p, n);
SELECT pg_temp.near(p_orders_exactly(bg, '2 weeks', 10), 1.07869e-07, 1e-12, 'BG/NBD: ten orders in two weeks'),
  pg_temp.near(p_orders_exactly(bg, '30 weeks', 20), .0002222260, 5e-11, 'BG/NBD: twenty in thirty') FROM m;
SELECT pg_temp.near(sum(p_orders_exactly(x, h, '39 weeks', n)), 1, 1e-9, k || ': the probabilities of 0 to 400 orders add up to 1') || E'\n' ||
  pg_temp.near(max(abs(p_orders_exactly(x, h, '39 weeks', n) - p_orders(x, h, '39 weeks', n) + p_orders(x, h, '39 weeks', n + 1))), 0, 1e-13, k || ': and are the differences of those of at least n')
FROM c, m, LATERAL (VALUES ('bgnbd', bg), ('mbgnbd', mbg), ('pareto_nbd', pareto), ('nbd', btyd_model('nbd', '{.385,12.07}', '1 week')), ('bgbb', btyd_model('bgbb', '{1.204,.750,.657,2.783}', '1 week'))) v(k, x),
  LATERAL (SELECT CASE k WHEN 'bgbb' THEN repeat_summary(2, 30, 38, 35, '1 week') ELSE c.two END AS h) w, generate_series(0, 400) n GROUP BY k;

-- the mean time to the next order that comes within a horizon, and what many orders do to the quadrature: 50 digits by mpmath
SELECT pg_temp.near(expected_next_order(mbg, two, '39 weeks') / 7, 12.6769064484574, 1e-12, 'MBG/NBD: mean wait'),
  pg_temp.near(expected_next_order(pareto, two, '39 weeks') / 7, 12.10482959197879, 1e-12, 'Pareto/NBD: mean wait'),
  pg_temp.near(expected_next_order(pareto, many, '52 weeks') / 7, .1421111072607114, 1e-13, 'Pareto/NBD: mean wait after 5,000 orders'),
  pg_temp.near(expected_next_order(bg, thousand, '52 weeks') / 7, .1044931012776672, 1e-14, 'BG/NBD: mean wait after 1,000 orders'),
  pg_temp.near(p_alive(bg, thousand, '52 weeks'), .05588785376878054, 1e-15, 'BG/NBD: P(alive) a year after 1,000 orders'),
  pg_temp.near(expected_orders(bg, thousand, '52 weeks'), 32.45018121843987, 1e-11, 'BG/NBD: orders of the next year after 1,000'),
  pg_temp.near(p_alive(mbg, four_thousand, '365 weeks'), .6898874135991374, 1e-14, 'MBG/NBD: P(alive) seven years after 4,000 orders'),
  pg_temp.near(expected_orders(mbg, four_thousand, '365 weeks'), 1704.982713300956, 1e-9, 'MBG/NBD: orders of seven years after 4,000'),
  ok(expected_next_order(mbg, two, '10 weeks') BETWEEN 0 AND 35, 'half of the horizon at most, as rates only fall'),
  is(expected_next_order(mbg, two, '0 days'), NULL, 'no time: NULL') FROM m, c,
  (SELECT repeat_summary(5000, 700, 700, NULL, '1 week') AS many, repeat_summary(1000, 99, 100, NULL, '1 week') AS thousand, repeat_summary(4000, 700, 700, NULL, '1 week') AS four_thousand) h;
SELECT pg_temp.near(expected_next_order(x, r, '10 years') / 365.25, (SELECT sum(n * (p_orders(x, r, n * interval '1 year') - p_orders(x, r, (n - 1) * interval '1 year'))) / p_orders(x, r, '10 years') FROM generate_series(1, 10) n), 1e-12, 'BG/BB: mean wait')
FROM (SELECT btyd_model('bgbb', '{1.204,.750,.657,2.783}', '1 year') AS x, repeat_summary(3, 5, 6, NULL, '1 year') AS r) v;

-- units
SELECT throws_ok($$SELECT segment.p_alive(bg, segment.repeat_summary(2, 200, 300, NULL, '1 day')) FROM m$$, '22023', 'units of time differ', 'a daily summary given to a weekly model');
SELECT pg_temp.near(expected_orders(btyd_model('mbgnbd', '{.525,43.281,.891,1.614}', '1 day'), repeat_summary(2, 213.01, 272.02, 35, '1 day'), '273 days'),
  expected_orders(mbg, two, '39 weeks'), 1e-12, 'the unit only rescales') FROM m, c;
SELECT pg_temp.near(expected_orders(mbg, two, '12 months'), expected_orders(mbg, two, '365 days 06:00'), 1e-12, 'twelve months are 365.25 days') FROM m, c;

-- renewals (Fader, Hardie 2007: high-end data, .668 and 3.806: retention rates .869, .855)
SELECT pg_temp.near(renewal_survival(x, 7), .491, .012, 'sBG survival after 7 renewals'), pg_temp.near(renewal_survival(x, 3), renewal_rate(x, 0) * renewal_rate(x, 1) * renewal_rate(x, 2), 1e-12, 'survival is the product of the rates'),
  pg_temp.near(renewal_rate(x, 0), 3.806 / 4.474, 1e-12, 'first renewal'), ok(renewal_rate(x, 5) > renewal_rate(x, 0), 'renewal rates rise'),
  pg_temp.near(residual_renewals(x, 0, 1000), renewal_survival(x, 1) / 1001, 1e-6, 'a huge discount leaves the next renewal')
FROM (SELECT renewal_model(.668, 3.806) AS x) v;
SELECT pg_temp.near(p.estimate, w, 5e-4, 'sBG fit: ' || p.parameter) FROM model_parameters(sbg('{1000,869,743,653,593,551,517,491}')) p
JOIN (VALUES ('alpha', .668), ('beta', 3.806)) v(n, w) ON n = parameter;

-- Value's own scatter: figures by mpmath, 40 digits, from the distribution's formula; and its calibration on simulated customers.
SELECT pg_temp.near(clv_quantile(btyd_model('nbd', '{.385,12.07}', '1 week'), spend_model(6.25, 3.74, 15.44), repeat_summary(x, CASE WHEN x > 0 THEN t ELSE 0 END, t, m, '1 week'), '1 year', p), e, 1e-9,
  format('clv_quantile of %s for x = %s', p, x))
FROM (VALUES (2, 30.0, 35::float8, .025, 0::float8), (2, 30, 35, .5, 78.362872672829694), (2, 30, 35, .975, 363.12603853110484), (0, 20, NULL, .9, 68.126863283240803),
  (8, 38.86, 22.5, .975, 445.32951493739724)) v (x, t, m, p, e);
SELECT is(clv_quantile(b, g, r, '1 year', .025, -2), -2 * clv_quantile(b, g, r, '1 year', .975), 'a negative margin turns the interval round')
FROM (SELECT btyd_model('nbd', '{.385,12.07}', '1 week') AS b, spend_model(6.25, 3.74, 15.44) AS g, repeat_summary(2, 30, 30, 35, '1 week') AS r) v;
SELECT ok(abs(avg((later <= q)::int) - p) < 4 * sqrt(p * (1 - p) / count(*)), format('%s: %s of the customers stay below the quantile of %s', kind, round(avg((later <= q)::int), 3), p))
FROM (SELECT kind, p, coalesce(ledger_revenue(l, '2025-07-01', '2026-07-01'), 0) AS later, clv_quantile(m, spend_model(6.25, 3.74, 15.44), ledger_repeat(l, '2025-06-30', '1 week'), '365 days', p) AS q
      FROM (SELECT kind, m, ledger_agg(ordered_at, amount) AS l FROM (VALUES ('pareto_nbd', '{.553,4.578,.606,11.669}'::float8[]), ('mbgnbd', '{.525,6.183,.891,1.614}')) k (kind, params),
              LATERAL (SELECT btyd_model(kind, params, '1 week') AS m) b, simulate_orders(m, spend_model(6.25, 3.74, 15.44), 1000, '2024-07-01', '2 years', '0 weeks', 11) GROUP BY kind, m, customer) c,
           (VALUES (.5), (.9), (.975)) v (p)) s
WHERE q > 0 GROUP BY kind, p ORDER BY kind, p;
SELECT finish();
ROLLBACK;
