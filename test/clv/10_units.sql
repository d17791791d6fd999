-- Numbers with a dimension: fits in days, weeks and months, in cents and euros, with covariates in any unit, are one fit; what a
-- hint advises helps; a fit along a ridge is not called converged.
\ir ../lib/begin.sql
\ir ../lib/near.sql
SELECT plan(22);

-- Five samples, from 8 to 800 customers, with two covariates.
CREATE TABLE sample AS
SELECT s, c, segment.ledger_agg(d, 5 + (c * 31 + k * 17) % 90, NULL::int) AS ledger, ARRAY[(c % 7) / 7.0, c % 2]::float8[] AS z
FROM unnest(ARRAY[8, 25, 90, 300, 800]) WITH ORDINALITY n(customers, s), generate_series(1, customers) c, generate_series(1, 1 + (c * c % 5) * (c % 3)) k,
  LATERAL (SELECT date '2023-01-01' + ((c * 7919 + k * 104729 + k * k * 31 * c) % (730 - 90 * (c % 6)))::int AS d) x
GROUP BY s, c;

CREATE FUNCTION fit(model text, b segment.btyd, penalty float8, max_iter int DEFAULT 500) RETURNS segment.btyd_model LANGUAGE sql AS $$
  SELECT CASE model WHEN 'nbd' THEN segment.nbd(b, penalty, max_iter) WHEN 'bgnbd' THEN segment.bgnbd(b, penalty, max_iter)
    WHEN 'mbgnbd' THEN segment.mbgnbd(b, penalty, max_iter) ELSE segment.pareto_nbd(b, penalty, max_iter) END
$$;
SET client_min_messages = error;

-- Units of time.
CREATE TABLE fitted AS
SELECT s, unit, model, penalty, fit(model, b, penalty) AS fit
FROM (SELECT s, unit, segment.btyd_agg(segment.ledger_repeat(ledger, '2024-12-31', unit)) AS b FROM sample, unnest('{1 day,1 week,1 month,1 year,1 hour}'::interval[]) unit GROUP BY s, unit) x,
  unnest('{nbd,bgnbd,mbgnbd,pareto_nbd}'::text[]) model, unnest(ARRAY[0, 0.0001, 0.001, 0.1]::float8[]) penalty;
CREATE TABLE expected AS
SELECT s, unit, model, penalty, (segment.model_info(fit)).stopped, sum(segment.expected_orders(fit, segment.ledger_repeat(ledger, '2024-12-31', unit), '1 year')) AS orders
FROM fitted JOIN sample USING (s) GROUP BY s, unit, model, penalty, (segment.model_info(fit)).stopped;
SELECT is_empty(format($$SELECT s, penalty, max(orders), min(orders) FROM expected WHERE model = %L AND penalty > 0 GROUP BY s, penalty HAVING max(orders) > min(orders) * (1 + 1e-6)$$, model),
  'a penalised ' || model || ' expects the same in every unit')
FROM unnest('{nbd,bgnbd,mbgnbd,pareto_nbd}'::text[]) model;
-- The hint of a fit without convergence: 0.001, or 0.1 a customer, or ten times the penalty.
SELECT is_empty($$SELECT s, unit, model, penalty FROM fitted JOIN (SELECT s, unit, segment.btyd_agg(segment.ledger_repeat(ledger, '2024-12-31', unit)) AS b, count(*) AS n
    FROM sample CROSS JOIN (SELECT DISTINCT unit FROM fitted) u GROUP BY s, unit) x USING (s, unit)
  WHERE (segment.model_info(fit)).stopped <> 'converged' AND (segment.model_info(fit(model, b, greatest(0.001, 0.1 / n, 10 * penalty)))).stopped <> 'converged'$$, 'the penalty that the hint advises makes a fit converge');
SELECT cmp_ok((SELECT count(*) FROM expected WHERE penalty = 0 AND stopped <> 'converged'), '>', 0::bigint, 'where some had not');
SELECT is_empty($$SELECT s, model, max(orders), min(orders) FROM expected WHERE penalty = 0 AND stopped = 'converged' GROUP BY s, model HAVING max(orders) > min(orders) * (1 + 1e-6)$$,
  'a converged fit without a penalty expects the same in every unit');
SELECT is_empty($$SELECT s, model, unit, p.* FROM fitted, segment.model_parameters(fit) p WHERE (segment.model_info(fit)).stopped = 'converged' AND NOT p.standard_error < 1e4 * p.estimate$$,
  'no fit along a ridge is called converged');

-- More rounds, the other hint.
SELECT is_empty($$SELECT s, model FROM (SELECT s, model, segment.model_info(fit(model, b, 0.001, 2)) AS few, segment.model_info(fit(model, b, 0.001, 20)) AS more
    FROM (SELECT s, segment.btyd_agg(segment.ledger_repeat(ledger, '2024-12-31', '1 week')) AS b FROM sample GROUP BY s) x, unnest('{nbd,bgnbd,mbgnbd,pareto_nbd}'::text[]) model) y
  WHERE (few).stopped = 'maximum of iterations' AND NOT ((more).stopped = 'converged' OR (more).gradient_norm < (few).gradient_norm)$$, 'a higher max_iter helps');

-- Whole periods have no unit; units of money.
SELECT is((SELECT count(DISTINCT round(segment.expected_spend(fit, segment.repeat_summary(3, 200, 300, 40 * scale, '1 day'))::numeric / scale::numeric, 6))
  FROM (SELECT scale, segment.gamma_gamma(segment.spend_agg(segment.repeat_summary(r.x, r.t_x, r.t, r.spend * scale, '1 day')), penalty) AS fit
        FROM (SELECT (c * 7 % 6 + 1)::bigint AS x, 1.0 AS t_x, 9.0 AS t, 5 + (c * 7919 % 97)::float8 AS spend FROM generate_series(1, 400) c) r,
          unnest(ARRAY[1, 100, 0.001]::float8[]) scale GROUP BY scale) f), 1::bigint, format('gamma_gamma in cents and euros, penalty %s', penalty))
FROM unnest(ARRAY[0.001, 0.1]::float8[]) penalty;

-- Units of covariates, their zero too.
CREATE FUNCTION with_units(model text, penalty float8, scale float8, zero float8) RETURNS numeric LANGUAGE sql AS $$
  SELECT round(sum(segment.expected_orders(segment.with_covariates(fit, ARRAY[z[1] * scale + zero, z[2] + zero]), segment.ledger_repeat(ledger, '2024-12-31', '1 week'), '1 year'))::numeric, 5)
  FROM (SELECT fit(model, segment.btyd_agg(segment.ledger_repeat(ledger, '2024-12-31', '1 week'), ARRAY[z[1] * scale + zero, z[2] + zero]), penalty) AS fit FROM sample WHERE s = 4) f, sample WHERE s = 4
$$;
SELECT is(with_units(model, 0.001, 1000, -20), with_units(model, 0.001, 1, 0), 'covariates of a penalised ' || model) FROM unnest('{bgnbd,mbgnbd,pareto_nbd}'::text[]) model;

-- Where nobody leaves, models of leaving say so, and predict what nbd does: the parameters of leaving have no best value.
SET search_path = public, segment;
CREATE TEMP TABLE loyal AS SELECT btyd_agg(r) AS b FROM simulate_summaries(btyd_model('nbd', '{.8,10}', '1 week'), 3000, '1 year') r;
SELECT is(stopped, 'nobody leaves', kind || ': nobody leaves'), pg_temp.near(expected_orders(m, '1 year'), expected_orders(nbd(b), '1 year'), 1e-4, 'and predicts what nbd does')
FROM loyal, LATERAL (VALUES ('pareto_nbd', pareto_nbd(b)), ('mbgnbd', mbgnbd(b)), ('bgnbd', bgnbd(b))) v (kind, m), model_info(m);

-- Shapes that rise without end are no optimum.
SELECT isnt((segment.model_info(segment.bgnbd(segment.btyd_agg(segment.repeat_summary(2, 50, 100, NULL, '1 day'))))).stopped, 'converged', 'customers who all buy alike');
SELECT is((segment.model_info(segment.bgnbd(segment.btyd_agg(segment.repeat_summary(2, 50, 100, NULL, '1 day')), 0.1))).stopped, 'converged', 'with a penalty, they do');
SELECT * FROM finish();
ROLLBACK;
