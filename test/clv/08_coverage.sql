-- 08_coverage.sql: the 95 % intervals of fits to simulated customers hold the truth about as often as they say; the whole
-- study of 200 runs a model is bench/coverage. Seeds are fixed: 40 runs, of which 33 to 40 are within chance (99.9 %).
\ir ../lib/begin.sql
SELECT plan(23);
SET search_path = public, segment;
SET client_min_messages = error;
CREATE TEMP TABLE truth (model text, parameters float8[], unit interval, period interval, customers int, runs int);
INSERT INTO truth VALUES ('nbd', '{.385,12.07}', '1 week', '78 weeks', 1500, 40), ('bgnbd', '{.243,4.414,.793,2.426}', '1 week', '78 weeks', 2000, 40),
  ('mbgnbd', '{.525,6.183,.891,1.614}', '1 week', '78 weeks', 2000, 40), ('bgbb', '{1.204,.750,.657,2.783}', '1 year', '8 years', 2000, 40),
  ('pareto_nbd', '{.553,10.578,.606,11.669}', '1 week', '78 weeks', 400, 40);
CREATE TEMP TABLE fitted AS
SELECT model, parameters, CASE model WHEN 'nbd' THEN nbd(b) WHEN 'bgnbd' THEN bgnbd(b) WHEN 'mbgnbd' THEN mbgnbd(b) WHEN 'bgbb' THEN bgbb(b) ELSE pareto_nbd(b) END AS f
FROM truth, generate_series(1, runs) seed, LATERAL (SELECT btyd_agg(r) AS b FROM simulate_summaries(btyd_model(model, parameters, unit), customers, period, '0 days', seed) r) s;
CREATE TEMP TABLE estimate AS
SELECT f.model, p.* FROM fitted f, LATERAL (SELECT q.*, parameters[row_number() OVER ()] AS truth FROM model_parameters(f) q) p
UNION ALL SELECT 'gamma_gamma', p.* FROM generate_series(1, 40) seed, LATERAL (SELECT q.*, ('{6.25,3.74,15.44}'::float8[])[row_number() OVER ()] FROM (
    SELECT gamma_gamma(spend_agg(r)) AS f FROM simulate_summaries(btyd_model('nbd', '{.8,12.07}', '1 week'), spend_model(6.25, 3.74, 15.44), 2000, '78 weeks', '0 days', seed) r) g, model_parameters(f) q) p
UNION ALL SELECT 'sbg', p.* FROM generate_series(1, 40) seed, LATERAL (SELECT q.*, ('{.704,1.182}'::float8[])[row_number() OVER ()] FROM model_parameters(sbg(simulate_renewals(renewal_model(.704, 1.182), 2000, 7, seed))) q) p;
SELECT ok(count(*) = 40 AND count(*) FILTER (WHERE truth BETWEEN lower_95 AND upper_95) >= 33, format('%s %s: %s of 40 hold the truth', model, parameter, count(*) FILTER (WHERE truth BETWEEN lower_95 AND upper_95)))
FROM estimate GROUP BY model, parameter ORDER BY model, parameter;
SELECT finish();
ROLLBACK;
