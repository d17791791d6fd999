-- 03_errors.sql: what is refused, and with what; degenerate samples; extreme customers; one-timers
\ir ../lib/begin.sql
\ir ../lib/near.sql
SELECT plan(56);
SET search_path = public, segment;
SET client_min_messages = error; -- the warnings of fits that do not converge are looked at in model_info
CREATE TEMP TABLE m AS SELECT btyd_model('mbgnbd', '{.525,6.183,.891,1.614}', '1 week') AS m, repeat_summary(2, 30.43, 38.86, 35, '1 week') AS r, spend_model(6.25, 3.74, 15.44) AS g;

SELECT throws_ok($$SELECT segment.btyd_model('mbgnbd', '{1,2,3}', '1 week')$$, '22023', 'wrong number of parameters', 'too few parameters'),
  throws_ok($$SELECT segment.btyd_model('nothing', '{1,2,3,4}', '1 week')$$, '22023', NULL, 'an unknown model'),
  throws_ok($$SELECT segment.btyd_model('gamma_gamma', '{1,2,3}', '1 week')$$, '22023', NULL, 'a model of another kind'),
  throws_ok($$SELECT segment.btyd_model('nbd', '{1,-2}', '1 week')$$, '22023', NULL, 'a negative parameter'),
  throws_ok($$SELECT segment.btyd_model('nbd', '{1,NaN}', '1 week')$$, '22023', NULL, 'NaN'),
  throws_ok($$SELECT segment.expected_orders(m, r, '-1 day') FROM m$$, '22023', 'horizon is out of range', 'a negative horizon'),
  throws_ok($$SELECT segment.p_orders(m, r, '1 year', -1) FROM m$$, '22023', 'n is out of range', 'a negative n'),
  throws_ok($$SELECT segment.next_order(m, r, 1) FROM m$$, '22023', 'probability is out of range', 'a sure next order'),
  throws_ok($$SELECT segment.orders_quantile(m, r, '1 year', 'NaN') FROM m$$, '22023', NULL, 'a quantile at NaN'),
  throws_ok($$SELECT segment.clv(m, g, r, '1 year', -0.1) FROM m$$, '22023', 'annual discount is out of range', 'a negative discount'),
  throws_ok($$SELECT segment.residual_value(m, g, r, 0) FROM m$$, '22023', 'annual discount is out of range', 'no discount on an infinite horizon'),
  throws_ok($$SELECT segment.clv(m, g, r, '1 year', 0.1, 1, 'sometimes') FROM m$$, '22023', NULL, 'an unknown timing'),
  throws_ok($$SELECT segment.clv(m, g, r, '1 year', 0.1, 'NaN') FROM m$$, '22023', 'margin rate is out of range', 'a margin of NaN'),
  throws_ok($$SELECT segment.bgbb(segment.btyd_agg(r)) FROM m$$, '22023', 'bgbb needs whole periods', 'fractional times for BG/BB'),
  throws_ok($$SELECT segment.btyd_agg(segment.repeat_summary(1, 1, 2, NULL, u::interval)) FROM (VALUES ('1 day'), ('1 week')) v(u)$$, '22023', 'units of time differ', 'mixed units'),
  throws_ok($$SELECT segment.btyd_agg(r, '{1,NULL}') FROM m$$, '22004', NULL, 'a NULL covariate'),
  throws_ok($$SELECT segment.btyd_agg(r, '{1,NaN}') FROM m$$, '22003', NULL, 'a covariate of NaN'),
  throws_ok($$SELECT segment.btyd_agg(r, c::float8[]) FROM m, (VALUES ('{1}'), ('{1,2}')) v(c)$$, '22023', 'numbers of covariates differ', 'mixed covariates'),
  throws_ok($$SELECT segment.mbgnbd(segment.btyd_agg(r), penalty => -1) FROM m$$, '22023', NULL, 'a negative penalty'),
  throws_ok($$SELECT segment.mbgnbd(segment.btyd_agg(r), max_iter => 0) FROM m$$, '22023', NULL, 'no iterations'),
  throws_ok($$SELECT segment.mbgnbd('{unit 7 covariates 0}')$$, '22023', 'there are no customers to fit', 'no customers'),
  throws_ok($$SELECT segment.gamma_gamma(segment.spend_agg(segment.repeat_summary(0, 0, 1, NULL, '1 week')))$$, '22023', 'there are no customers to fit', 'no spend'),
  throws_ok($$SELECT segment.sbg('{10,11,12}')$$, '22023', NULL, 'a cohort that grows'),
  throws_ok($$SELECT segment.sbg('{10}')$$, '2202E', NULL, 'a cohort of one count'),
  throws_ok($$SELECT segment.p_alive(segment.bgnbd(segment.btyd_agg(r, '{1}'), 0.1), segment.repeat_summary(0, 0, 1, NULL, '1 week')) FROM m$$, '22023', 'the model has covariates', 'a model with covariates needs them');
SET maintenance_work_mem = '1MB';
SELECT throws_ok($$SELECT segment.mbgnbd(segment.btyd_agg(segment.repeat_summary(g % 5, CASE WHEN g % 5 = 0 THEN 0 ELSE g END, 20000 + g, NULL, '1 day'))) FROM generate_series(1, 20000) g$$,
  '53400', NULL, 'a fit beyond maintenance_work_mem');
RESET maintenance_work_mem;

-- degenerate samples: a warning, no standard errors, finite parameters; never silence
SELECT is((model_info(f)).stopped, CASE WHEN what LIKE 'all one-timers%' THEN 'no optimum' ELSE 'boundary' END, what || ': why it stopped') || E'\n' ||
  is((model_info(f)).warnings IS NOT NULL AND model_covariance(f) IS NULL, true, what || ': a warning, no standard errors') || E'\n' ||
  ok((SELECT bool_and(estimate > 0 AND estimate < 1e17) FROM model_parameters(f)), what || ': finite') || E'\n' ||
  ok(expected_orders(f, repeat_summary(0, 0, 20, NULL, '1 week'), '1 year') BETWEEN 0 AND 1000, what || ': predicts')
FROM (SELECT 'all one-timers: ' || k AS what, CASE k WHEN 'bg' THEN bgnbd(b) WHEN 'mbg' THEN mbgnbd(b) ELSE pareto_nbd(b) END AS f
      FROM (SELECT btyd_agg(repeat_summary(0, 0, g, NULL, '1 week')) AS b FROM generate_series(1, 100) g) s, (VALUES ('bg'), ('mbg'), ('pareto')) v(k)
      UNION ALL SELECT 'one customer', mbgnbd(btyd_agg(r)) FROM m
      UNION ALL SELECT 'identical customers', mbgnbd(btyd_agg(r)) FROM m, generate_series(1, 1000)) s;

-- Gamma-Gamma with negative or no spend; q <= 1
SELECT is((model_info(gamma_gamma(spend_agg(repeat_summary(1, 1, 2, s, '1 week'))))).skipped_customers, 2::bigint, 'customers with a spend of zero or less are counted')
FROM (SELECT g::float8 AS s FROM generate_series(-1, 100) g) v;
SELECT is(expected_spend(spend_model(2, 0.5, 10), repeat_summary(0, 0, 1, NULL, '1 week')), NULL, 'q <= 1: no population mean'),
  ok(expected_spend(spend_model(2, 0.5, 10), repeat_summary(3, 1, 2, 20, '1 week')) > 0, 'but one for customers with purchases'),
  is(expected_spend(spend_model(2, 2, 10), repeat_summary(3, 1, 2, NULL, '1 week')), NULL, 'unknown spend'),
  is((model_info(spend_model(2, 0.5, 10))).warnings[1] LIKE 'q <= 1%', true, 'a warning'),
  ok(expected_spend(spend_model(6, 4, 15, true), repeat_summary(0, 0, 1, NULL, '1 week', 100)) > expected_spend(spend_model(6, 4, 15, true), repeat_summary(0, 0, 1, NULL, '1 week', 10)),
    'with first purchases one-time buyers are told apart');

-- histories that give other implementations NaN or infinity
SELECT is(count(*) FILTER (WHERE p_alive(x, r) BETWEEN 0 AND 1 AND expected_orders(x, r, '1 year') BETWEEN 0 AND 1e6 AND p_orders(x, r, '1 year', 3) BETWEEN 0 AND 1
  AND residual_orders(x, r, 0.1) BETWEEN 0 AND 1e6 AND expected_orders_error(x, r, '1 year') IS NULL), count(*), 'finite for every model and customer')
FROM (VALUES (btyd_model('pareto_nbd', '{.5143,2.8845,.2856,14.1087}', '1 week')), (btyd_model('pareto_nbd', '{10.465,7.98565181e-3,3.0516,2.820}', '1 week')),
  (btyd_model('bgnbd', '{.25,4,1e-8,2.5}', '1 week')), (btyd_model('bgnbd', '{.25,4,.8,1e-8}', '1 week')), (btyd_model('mbgnbd', '{.25,4,1,2.5}', '1 week')),
  (btyd_model('mbgnbd', '{1e-8,1e8,1e8,1e-8}', '1 week')), (btyd_model('pareto_nbd', '{1,1,1,7721}', '1 week')), (btyd_model('nbd', '{.4,12}', '1 week'))) v(x),
  (VALUES (0, 0, 0), (0, 0, 5000), (221, 103.42857, 103.57143), (254, 97.14286, 97.28571), (161, 94.71429, 98), (204, 98.57143, 99.42857), (500, 1, 37), (400, 5, 6),
          (1000, 10, 100), (5000, 700, 700), (5000, 1, 700), (1, 0.14, 5000), (133, 200, 200)) h(x_, t_x, t), LATERAL (SELECT repeat_summary(x_, t_x, t, NULL, '1 week') AS r) s;
SELECT is(p_alive(m, NULL), NULL, 'NULL customer'), is(mbgnbd(NULL), NULL, 'NULL sample') FROM m;
-- a fit that stops early may have a covariance beyond double precision: then it has none, and the model can be read again
SELECT is(m::text::segment.btyd_model::text, m::text, 'a fit without usable standard errors is a value like any other')
FROM (SELECT segment.mbgnbd('{unit 1 covariates 2: 1 2 3 0.5 -1*1}'::segment.btyd, 1e-300, 2) AS m) f;
SELECT finish();
ROLLBACK;
