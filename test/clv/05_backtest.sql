-- 05_backtest.sql: the hold-out of CDNOW: measures of prediction and ranking, calibration, gain, tracking, no leak
-- Figures: MAE, MSLE, bias, RMSE of BTYDplus 1.2.0's comparison (each package's own estimates); tracking of the BTYD vignette.
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
\ir ../lib/near.sql
SELECT plan(60);
SET search_path = public, segment;
CREATE TEMP TABLE ledgers AS SELECT customer_id, ledger_agg(date, amount) AS l FROM cdnow_sample GROUP BY customer_id;
CREATE TEMP TABLE h AS SELECT holdout_agg(l, '1997-09-30', '1998-06-30', '1 week') AS h FROM ledgers;
CREATE TEMP TABLE b AS SELECT b.* FROM h, backtest(h) b;

SELECT pg_temp.near(expected, e, .1, format('%s: forecast', m)), pg_temp.near(mae, a, 1e-4, format('%s: MAE', m)), pg_temp.near(msle, l, 1e-4, format('%s: MSLE', m)),
  pg_temp.near(bias, s, 1e-4, format('%s: bias', m)), pg_temp.near(rmse, r, 2e-4, format('%s: RMSE', m))
FROM (VALUES ('nbd', 2929.82, 1.0410, .36225, .5568, 1.8595), ('pareto_nbd', 1665.43, .75451, .23774, -.1151, 1.6028),
  ('bgnbd', 1653.39, .78545, .23427, -.1215, 1.6080), ('mbgnbd', 1576.71, .76478, .23143, -.1622, 1.6072)) v(m, e, a, l, s, r)
JOIN b ON ranked_by = m || ': expected orders';
SELECT is(min(actual), 1882::float8, 'orders of the hold-out'), is(max(customers), 2357::bigint, 'customers') FROM b;
SELECT pg_temp.near(auc, a, 2e-3, 'AUC of ' || r) FROM b JOIN (VALUES ('bgnbd: p_alive', .316), ('baseline: recency', .771), ('mbgnbd: p_alive', .687), ('mbgnbd: expected orders', .773)) v(r, a) ON ranked_by = r;
SELECT ok(auc >= 0.77, 'the axis of value tiers ranks at least as well as 0.77: ' || ranked_by) FROM b WHERE ranked_by IN ('pareto_nbd: p_orders', 'pareto_nbd: expected orders', 'mbgnbd: expected orders');
SELECT is(auc, 0.5::float8, 'a score that tells nobody apart: AUC 0.5'), is(gini, 0::float8, 'Gini 0'), is(top_10_share, 0.1::float8, 'gain of a random order') FROM b WHERE ranked_by = 'nbd: p_alive';
-- Equal recencies are equal in every unit of time: t and t_x in weeks or months differ in their last bits.
SELECT is(count(DISTINCT (auc, top_10_share)), 2::bigint, 'baselines do not depend on the unit')
FROM unnest('{1 day,1 week,1 month}'::interval[]) u, LATERAL (SELECT holdout_agg(l, '1997-09-30', '1998-06-30', u) AS h FROM ledgers) c, backtest(c.h, '{nbd}') b
WHERE b.ranked_by IN ('baseline: recency', 'baseline: rfm score');
-- AUC and gain again, by plain SQL
CREATE TEMP TABLE scored AS SELECT expected_orders(m, ledger_repeat(l, '1997-09-30', '1 week'), '273 days') AS s, (SELECT count(*) FROM ledger_entries(l) WHERE day > '1997-09-30') AS later
FROM ledgers, (SELECT mbgnbd(holdout_btyd(h)) AS m FROM h) f;
SELECT pg_temp.near(auc, (SELECT (sum(r) FILTER (WHERE later > 0) - p * (p + 1) / 2.0) / (p * n)
  FROM (SELECT later, rank() OVER (ORDER BY s) + (count(*) OVER (PARTITION BY s) - 1) / 2.0 AS r FROM scored) x,
       (SELECT count(*) FILTER (WHERE later > 0) AS p, count(*) FILTER (WHERE later = 0) AS n FROM scored) y GROUP BY p, n), 1e-12, 'AUC is that of ranks')
FROM b WHERE ranked_by = 'mbgnbd: expected orders';
SELECT is(count(*), 8::bigint, 'calibration by number of repeat purchases'), pg_temp.near(sum(customers * actual), 1882, 1e-9, 'its actual orders'),
  pg_temp.near(sum(customers * expected), 1665.513, .01, 'its expected orders') FROM h, backtest_calibration(h, pareto_nbd(holdout_btyd(h)));
SELECT ok(bool_and(orders_share >= before), 'gains rise'), pg_temp.near(max(orders_share), 1, 1e-12, 'to the whole'), pg_temp.near(max(amount_share), 1, 1e-12, 'also of the amount')
FROM (SELECT g.*, coalesce(lag(orders_share) OVER (ORDER BY decile), 0) AS before FROM h, backtest_gain(h, mbgnbd(holdout_btyd(h))) g) s;

-- tracking: expected cumulative repeat orders at the ends of weeks 20 to 25; 1997-09-30 is day 272
SELECT pg_temp.near(tracked_orders(p, c, make_interval(days => 7 * w - 272)), t, .1, format('Pareto/NBD, week %s', w)),
  pg_temp.near(tracked_orders(bg, c, make_interval(days => 7 * w - 272)), u, .05, format('BG/NBD, week %s', w))
FROM (SELECT pareto_nbd(holdout_btyd(h)) AS p, bgnbd(holdout_btyd(h)) AS bg, holdout_btyd(h) AS c FROM h) f,
  (VALUES (20, 1308.856, 1312.458), (21, 1385.275, 1387.346), (22, 1459.923, 1460.392), (23, 1532.906, 1531.713), (24, 1604.32, 1601.418), (25, 1674.253, 1669.6)) v(w, t, u);

-- no leak: what models are fitted on is the same if the future is cut away first, or changed
SELECT is(holdout_btyd(h), (SELECT btyd_agg(ledger_repeat(l, '1997-09-30', '1 week')) FROM ledgers), 'models are fitted on the calibration only') FROM h;
SELECT is(holdout_btyd(h), (SELECT holdout_btyd(holdout_agg(l + ledger '{1997-10-05 500}', '1997-09-30', '1998-06-30', '1 week')) FROM ledgers), 'a changed future changes nothing in it') FROM h;
-- merging, forms, errors
SELECT is((SELECT holdout_rollup(p) FROM (SELECT holdout_agg(l, '1997-09-30', '1998-06-30', '1 week') AS p FROM ledgers GROUP BY customer_id % 3) s), h, 'a rollup of parts is the whole') FROM h;
SELECT ok(h::text::holdout = h, 'text round trip') FROM h;
SELECT is((SELECT holdout_agg(l, '1996-09-30', '1998-06-30', '1 week') FROM ledgers), NULL, 'nobody yet: NULL');
SELECT throws_ok($$SELECT segment.holdout_agg(l, '1997-09-30', '1997-09-30', '1 week') FROM ledgers$$, '22023', 'the hold-out is empty', 'an empty hold-out');
SELECT throws_ok($$SELECT segment.backtest(h, '{magic}') FROM h$$, '22023', 'unknown model: "magic"', 'an unknown model');
SELECT throws_ok($$SELECT segment.backtest_gain(h, segment.btyd_model('nbd', '{1,1}', '1 day')) FROM h$$, '22023', 'units of time differ', 'a model of another unit');
SELECT finish();
ROLLBACK;
