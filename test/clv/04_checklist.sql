-- 04_checklist.sql: btyd_agg, spend_agg and their rollups: plans, parts, windows, forms; models as values
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
\pset fieldsep '\n'
SELECT plan(38);
SET search_path = public, segment;
CREATE TABLE customer AS SELECT customer_id, ledger_repeat(ledger_agg(date, amount), '1997-09-30', '1 week') AS r FROM cdnow_sample GROUP BY customer_id;
ANALYZE customer;
CREATE TEMP TABLE whole AS SELECT btyd_agg(r) AS b, spend_agg(r) AS g, btyd_agg(r, ARRAY[customer_id % 3]) AS c FROM customer;

SELECT is((SELECT btyd_agg(r) FROM customer WHERE false), NULL, 'no rows'), is((SELECT btyd_agg(NULL::repeat_summary) FROM customer), NULL, 'all NULL'),
  is((SELECT btyd_agg(repeat_summary(1, 1, 2, NULL, '1 week')))::text, '{unit 7 covariates 0: 1 1 2*1}', 'one row'),
  is((SELECT spend_agg(r) FROM customer WHERE false), NULL, 'no spend');
SELECT is((SELECT btyd_agg(r ORDER BY md5(customer_id::text)) FROM customer), b, 'shuffled rows') FROM whole;
SELECT is((SELECT spend_agg(r ORDER BY md5(customer_id::text)) FROM customer), g, 'shuffled rows of spend') FROM whole;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query; END$$;
SELECT ok((SELECT bool_or(p LIKE '%Partial Aggregate%') FROM plan_of('SELECT btyd_agg(r) FROM customer') p), 'a parallel plan');
SELECT ok((SELECT btyd_agg(r) FROM customer) = b, 'parallel = serial') FROM whole;
SELECT ok((SELECT spend_agg(r) FROM customer) = g, 'parallel = serial, spend') FROM whole;
SELECT ok((SELECT btyd_agg(r, ARRAY[customer_id % 3]) FROM customer) = c, 'parallel = serial, with covariates') FROM whole;
RESET max_parallel_workers_per_gather;
SELECT ok((SELECT btyd_rollup(p) FROM (SELECT btyd_agg(r) AS p FROM customer GROUP BY customer_id % 7) s) = b, 'a rollup of parts is the whole') FROM whole;
SELECT ok((SELECT spend_rollup(p) FROM (SELECT spend_agg(r) AS p FROM customer GROUP BY customer_id % 7) s) = g, 'the same for spend, with those skipped') FROM whole;
SELECT ok((SELECT (array_agg(p))[1] + (array_agg(p))[2] FROM (SELECT customer_id % 2 AS k, btyd_agg(r) AS p FROM customer GROUP BY 1) s) = b, 'btyd + btyd') FROM whole;
SELECT ok((SELECT (array_agg(p))[1] + (array_agg(p))[2] FROM (SELECT customer_id % 2 AS k, spend_agg(r) AS p FROM customer GROUP BY 1) s) = g, 'spend + spend') FROM whole;
SELECT is((SELECT btyd_rollup(NULL::btyd)), NULL, 'a rollup of NULLs');
SELECT is((SELECT btyd_agg(r) FILTER (WHERE customer_id <= 10) FROM customer), (SELECT btyd_agg(r) FROM customer WHERE customer_id <= 10), 'FILTER');
SELECT is((SELECT array_agg(x::text) FROM (SELECT btyd_agg(repeat_summary(g, 1, 2, NULL, '1 week')) OVER (ORDER BY g ROWS 1 PRECEDING) AS x FROM generate_series(1, 3) g) s),
  ARRAY['{unit 7 covariates 0: 1 1 2*1}', '{unit 7 covariates 0: 1 1 2*1, 2 1 2*1}', '{unit 7 covariates 0: 2 1 2*1, 3 1 2*1}'], 'a window frame');
SELECT ok(b::text::btyd = b AND g::text::spend_summary = g AND c::text::btyd = c, 'text round trips') FROM whole;
CREATE TABLE partitioned (LIKE customer) PARTITION BY HASH (customer_id);
CREATE TABLE partitioned_0 PARTITION OF partitioned FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE partitioned_1 PARTITION OF partitioned FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO partitioned SELECT * FROM customer;
SET enable_partitionwise_aggregate = on;
SELECT ok((SELECT btyd_agg(r) FROM partitioned) = b, 'partition-wise') FROM whole;

-- one model a market is GROUP BY market; equal samples give byte-equal models
SELECT is((SELECT count(DISTINCT mbgnbd(b)) FROM (SELECT btyd_agg(r) AS b FROM customer GROUP BY customer_id % 3) s), 3::bigint, 'a fit per group');
SELECT ok(mbgnbd(b) = mbgnbd((SELECT btyd_agg(r ORDER BY r DESC) FROM customer)), 'fits are deterministic') FROM whole;
SELECT ok(f::text::btyd_model = f AND h::text::spend_model = h AND s::text::renewal_model = s, 'models: text round trips')
FROM (SELECT mbgnbd(b) AS f, gamma_gamma(g) AS h, sbg('{1000,869,743,653}') AS s FROM whole) v;
SELECT is(mbgnbd(b)::jsonb -> 'parameters' ?& ARRAY['r', 'alpha', 'a', 'b'], true, 'models: jsonb') FROM whole;
SELECT is(btyd_agg(repeat_summary(1, 1, 2, NULL, '1 week'))::jsonb, '{"unit_days": 7, "histories": [[1, 1, 2, 1]]}', 'btyd: jsonb');
SELECT is(spend_agg(repeat_summary(1, 1, 2, 5, '1 week'))::jsonb, '{"with_first": false, "skipped_customers": 0, "histories": [[1, 5, 1]]}', 'spend: jsonb');
CREATE TABLE stored (f btyd_model PRIMARY KEY, b btyd);
INSERT INTO stored SELECT mbgnbd(b), b FROM whole;
SELECT is((SELECT count(*) FROM stored, customer WHERE expected_orders(f, r, '1 year') > 1), (SELECT count(*) FROM whole, customer WHERE expected_orders(mbgnbd(b), r, '1 year') > 1), 'stored models predict the same');
SELECT is((SELECT count(*) FROM stored s JOIN whole w ON s.b = w.b), 1::bigint, 'hash or merge join on a value');

-- covariates: a variable that is no help has coefficients near zero; without it the likelihood is that of no covariates
SELECT ok((SELECT (model_info(f)).log_likelihood >= (model_info(p)).log_likelihood - 1e-6), 'a covariate never lowers the likelihood')
FROM (SELECT mbgnbd(c) AS f, mbgnbd(b) AS p FROM whole) s;
SELECT is((SELECT array_agg(parameter) FROM whole, model_parameters(mbgnbd(c))), ARRAY['r', 'alpha', 'a', 'b', 'rate_1', 'leave_1'], 'names of coefficients');
SELECT ok(abs(expected_orders(with_covariates(f, '{1}'), r, '1 year') - expected_orders(with_covariates(f, '{0}'), r, '1 year')) > 1e-6, 'covariates change predictions')
FROM (SELECT mbgnbd(c) AS f FROM whole) s, (SELECT repeat_summary(2, 30.43, 38.86, 35, '1 week') AS r) v;
-- their standard errors: log alpha of a customer with z = 1 is log alpha - rate_1
SELECT ok(abs(sqrt((model_covariance(with_covariates(f, '{1}')))[2][2]) / p.a1 / sqrt(c[2][2] / p.a0 ^ 2 + c[5][5] - 2 * c[5][2] / p.a0) - 1) < 1e-12, 'with_covariates keeps standard errors'),
  ok(expected_orders_error(with_covariates(f, '{1}'), r, '1 year') > 0, 'and so those of predictions')
FROM (SELECT f, model_covariance(f) AS c FROM (SELECT mbgnbd(c) AS f FROM whole) q) s, (SELECT repeat_summary(2, 30.43, 38.86, 35, '1 week') AS r) v,
  LATERAL (SELECT (SELECT estimate FROM model_parameters(f) WHERE parameter = 'alpha') AS a0, (SELECT estimate FROM model_parameters(with_covariates(f, '{1}')) WHERE parameter = 'alpha') AS a1) p;
-- the same likelihoods maximised by scipy on CDNOW, with the first spend in hundreds as the covariate: of the rate as Fader, Hardie
-- 2007 have it, of leaving as beta (Pareto/NBD) or a (the others)
CREATE TEMP TABLE by_first_spend AS SELECT btyd_agg(r, ARRAY[repeat_first_spend(r) / 100]) AS b FROM customer;
CREATE TEMP TABLE scipy (model text, log_likelihood float8, estimates float8[]);
INSERT INTO scipy VALUES ('bgnbd', -9562.069404, '{.25203108,6.42506522,.87121673,2.52047311,.88892062,-.19943201}'),
  ('mbgnbd', -9560.508832, '{.5599483,8.84154074,.93566866,1.56305801,.7938956,-.17233962}'),
  ('pareto_nbd', -9572.132398, '{.57459256,14.39119809,.58994975,12.22774151,.73682709,.21501182}');
SELECT ok(abs((model_info(f)).log_likelihood - log_likelihood) < 1e-5, model || ' with a covariate: log-likelihood'),
  ok((SELECT bool_and(abs(p.estimate - estimates[p.i]) < 3e-6 * greatest(1, abs(p.estimate))) FROM (SELECT q.*, row_number() OVER () AS i FROM model_parameters(f) q) p), model || ' with a covariate: estimates')
FROM scipy, by_first_spend, LATERAL (SELECT CASE model WHEN 'bgnbd' THEN bgnbd(b) WHEN 'mbgnbd' THEN mbgnbd(b) ELSE pareto_nbd(b) END AS f) v;
SELECT finish();
ROLLBACK;
