-- Lifetime value: histories collected, models fitted and asked, backtest; and what is refused. Numbers are rounded to what the
-- arithmetic of any platform gives.
SET search_path = public, segment;
-- customers who buy at even gaps and stop after some purchases, seen for 40 to 52 weeks
CREATE TABLE history AS
SELECT row_number() OVER () AS customer, x, segment.repeat_summary(x, x * gap, t, CASE WHEN x > 0 THEN spend * (1 + noise / sqrt(x)) END, '1 week') AS r
FROM unnest('{2.5,4.5,7,10,15,22,35,60,100,150}'::float8[]) gap, unnest('{0,1,2,3,5,99}'::int[]) stays, generate_series(40, 52, 3) t,
     unnest('{20,40,70}'::float8[]) spend, unnest('{-0.4,0.4}'::float8[]) noise, LATERAL (SELECT least(stays, floor(t / gap)::int) AS x) v;
SELECT count(*), sum(x) AS repeat_purchases, count(*) FILTER (WHERE x = 0) AS bought_once FROM history;

CREATE TABLE model AS SELECT segment.btyd_agg(r) AS btyd, segment.gamma_gamma(segment.spend_agg(r)) AS spend FROM history;
ALTER TABLE model ADD mbgnbd segment.btyd_model, ADD pareto_nbd segment.btyd_model;
UPDATE model SET mbgnbd = segment.mbgnbd(btyd), pareto_nbd = segment.pareto_nbd(btyd);
SELECT i.model, i.unit, i.customers, i.log_likelihood::numeric(8, 1), i.stopped, i.warnings
FROM model, unnest(ARRAY[mbgnbd, pareto_nbd]) fit, segment.model_info(fit) i;
SELECT p.parameter, p.estimate::numeric(8, 2), p.standard_error::numeric(8, 2) FROM model, segment.model_parameters(mbgnbd) p;
SELECT p.parameter, p.estimate::numeric(8, 2) FROM model, segment.model_parameters(spend) p;
SELECT mbgnbd::text::segment.btyd_model = mbgnbd AS same_by_text FROM model;

-- asked: whether still active, orders to come, their value. Silence after many purchases says more than after one
SELECT what, segment.p_alive(mbgnbd, r)::numeric(4, 3) AS p_alive, segment.expected_orders(mbgnbd, r, '12 months')::numeric(6, 2) AS orders,
       segment.p_orders(mbgnbd, r, '12 months')::numeric(4, 3) AS p_order, segment.expected_spend(spend, r)::numeric(6, 1) AS per_order,
       segment.clv(mbgnbd, spend, r, '12 months', 0.1)::numeric(8, 1) AS value
FROM model, LATERAL (VALUES (1, 'bought once', segment.repeat_summary(0, 0, 45, NULL, '1 week')), (2, 'again at once', segment.repeat_summary(1, 1, 45, 30, '1 week')),
       (3, 'steady', segment.repeat_summary(8, 43, 45, 30, '1 week')), (4, 'steady, then silent', segment.repeat_summary(8, 15, 45, 30, '1 week')), (5, NULL, NULL)) c(n, what, r)
ORDER BY n;
-- the model of one market each is GROUP BY; a sum over customers is not far from the data
SELECT round(sum(segment.expected_orders(mbgnbd, r, '1 week'))) AS next_week FROM model, history;

-- a calendar gives the summary; the hold-out splits it
SELECT ranked_by, customers, actual FROM segment.backtest((
  SELECT segment.holdout_agg(ledger, '2025-06-30', '2025-12-31', '1 week')
  FROM (SELECT segment.ledger_agg(date '2025-01-01' + c % 50 + o * (7 + c % 40), 10) AS ledger FROM generate_series(1, 200) c, generate_series(0, c % 7) o GROUP BY c) l),
  models => '{nbd}') ORDER BY ranked_by COLLATE "C";
SELECT tier, value_level, return_level FROM segment.value_tiers(2) ORDER BY sort;

-- refused
SELECT segment.repeat_summary(2, 50, 45, 30, '1 week');
SELECT segment.p_alive(mbgnbd, segment.repeat_summary(1, 10, 45, 30, '1 day')) FROM model;
SELECT segment.expected_orders(mbgnbd, r, '-1 month') FROM model, history LIMIT 1;
SELECT segment.mbgnbd(btyd, penalty => -1) FROM model;
DROP TABLE history, model;
-- A hold-out after the last order says so.
SELECT ranked_by, actual, auc
FROM (SELECT segment.holdout_agg(l, '2025-06-30', '2025-09-30', '1 week') AS h
      FROM (SELECT segment.ledger_agg(date '2024-01-01' + i * i % 300 + 40 * j, 10) AS l FROM generate_series(1, 60) i, generate_series(0, i % 4) j GROUP BY i) v) s,
  segment.backtest(h, '{nbd}', 0.01) WHERE ranked_by = 'nbd: expected orders';
