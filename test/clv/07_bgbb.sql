-- 07_bgbb.sql: BG/BB: the published fit of the donations, periods of the calendar, the hold-out of simulated donors
\ir ../lib/begin.sql
\ir ../lib/near.sql
SELECT plan(30);
SET search_path = public, segment;

-- Fader, Hardie, Shang (2010), table 2 and section 4: 11,104 supporters first seen in 1995, x of 6 years with a gift, the
-- last in year t_x; estimates 1.204, .750, .657, 2.783, log-likelihood -33225.6
CREATE TEMP TABLE donors (x int, t_x int, n int);
INSERT INTO donors VALUES (6, 6, 1203), (5, 6, 728), (4, 6, 512), (3, 6, 357), (2, 6, 234), (1, 6, 129), (5, 5, 335), (4, 5, 284), (3, 5, 225), (2, 5, 173), (1, 5, 119),
  (4, 4, 240), (3, 4, 181), (2, 4, 155), (1, 4, 78), (3, 3, 322), (2, 3, 255), (1, 3, 129), (2, 2, 613), (1, 2, 277), (1, 1, 1091), (0, 0, 3464);
CREATE TEMP TABLE donations AS SELECT bgbb(btyd_agg(repeat_summary(x, t_x, 6, NULL, '1 year'))) AS f FROM donors, generate_series(1, n);
SELECT pg_temp.near(p.estimate, w, 6e-4, 'donations: ' || p.parameter) FROM donations, model_parameters(f) p
JOIN (VALUES ('alpha', 1.204), ('beta', .750), ('gamma', .657), ('delta', 2.783)) v(n, w) ON n = parameter;
SELECT pg_temp.near((model_info(f)).log_likelihood, -33225.6, .05, 'its log-likelihood'), is((model_info(f)).customers, 11104::bigint, 'its supporters'),
  is((model_info(f)).histories, 22, 'its histories'), is((model_info(f)).stopped, 'converged', 'it converges') FROM donations;
SELECT pg_temp.near(expected_orders(f, repeat_summary(x, t, 6, NULL, '1 year'), '5 years'), w, .006, format('gifts of 2002 to 2006 where x = %s, t_x = %s', x, t))
FROM donations, (VALUES (0, 0, .07), (6, 6, 3.75), (5, 6, 3.23), (1, 1, .09)) v(x, t, w);

-- periods: of the calendar, and counted from the first purchase
SELECT is(ledger_repeat_periods('{1995-01-01 5,1996-01-01 5,1997-01-01 5,1999-01-01 7}', '2000-12-31', '1 year')::text, 'x 3 t_x 4 t 5 spend 5.666666666666667 first 5 skipped 0 unit 365.25', 'calendar years, leap years among them'),
  is(ledger_repeat_periods('{1995-01-31 5,1995-02-28 5,1995-03-01 5,1995-04-30 7}', '1995-05-30', '1 month')::text, 'x 3 t_x 3 t 3 spend 5.666666666666667 first 5 skipped 0 unit 30.4375', 'months end where a month has no such day'),
  is(ledger_repeat_periods('{1995-01-31 5,1995-02-28 5,1995-03-01 5,1995-04-30 7}', '1995-05-31', '14 days')::text, 'x 3 t_x 7 t 8 spend 5.666666666666667 first 5 skipped 0 unit 14', 'days'),
  is(ledger_repeat_periods('{1995-01-31 5,1995-02-01 5,1995-02-28 5}', '1995-02-28', '1 month')::text, 'x 1 t_x 1 t 1 spend 10 first 5 skipped 0 unit 30.4375', 'two purchases of one period are one'),
  is(ledger_repeat_periods('{1995-01-31 5,1995-02-28 5}', '1995-02-27', '1 month')::text, 'x 0 t_x 0 t 0 first 5 skipped 0 unit 30.4375', 'a period that has not ended is left out'),
  is(ledger_repeat_periods('{1995-01-31 5}', '1995-01-30', '1 month'), NULL, 'not yet a customer'),
  is(ledger_repeat_periods('{1995-01-31 5}', '1995-01-31', '1 month')::text, 'x 0 t_x 0 t 0 first 5 skipped 0 unit 30.4375', 'the first day');
SELECT is((SELECT count(*) FROM generate_series(date '2023-01-01', '2026-12-31', '1 day') d, generate_series(0, 60, 7) g
  WHERE repeat_t(ledger_repeat_periods(('{' || d::date || ' 1}')::ledger, (d + g * interval '1 month')::date, '1 month')) <> g), 0::bigint, 'whole months as date + interval counts them');
SELECT throws_ok(format($$SELECT segment.ledger_repeat_periods('{1995-01-31 5}', '1996-01-01', %L)$$, p), '22023', 'a period must be whole days or whole months', 'a period of ' || p)
FROM (VALUES ('1 month 1 day'), ('36 hours'), ('1 month -1 day')) v(p);

-- the hold-out of donors drawn from the model: it predicts them, NBD and MBG/NBD do not
CREATE TEMP TABLE ledgers AS SELECT customer, ledger_agg(date_trunc('year', ordered_at)::date, 10) AS l
FROM simulate_orders(btyd_model('bgbb', '{1.204,.750,.657,2.783}', '1 year'), 4000, '1995-07-01', '12 years') GROUP BY customer;
CREATE TEMP TABLE h AS SELECT holdout_periods_agg(l, '2000-12-31', '2006-12-31', '1 year') AS h FROM ledgers;
SELECT ok(abs(bias) < .06, 'BG/BB: bias ' || round(bias::numeric, 3)) FROM h, backtest(h, '{bgbb}') WHERE ranked_by = 'bgbb: expected orders';
SELECT is(sum(customers), 4000::numeric, 'calibration: all donors'), ok(max(abs(actual - expected)) < .4, 'calibration: close in every class') FROM h, backtest_calibration(h, bgbb(holdout_btyd(h)));
SELECT is(holdout_btyd(h), (SELECT btyd_agg(ledger_repeat_periods(l, '2000-12-31', '1 year')) FROM ledgers), 'fitted on the periods up to the split only') FROM h;
SELECT is((SELECT holdout_rollup(p) FROM (SELECT holdout_periods_agg(l, '2000-12-31', '2006-12-31', '1 year') AS p FROM ledgers GROUP BY customer % 3) s), h, 'a rollup of parts is the whole') FROM h;
SELECT throws_ok($$SELECT segment.backtest(segment.holdout_agg(l, '2000-12-31', '2006-12-31', '1 year'), '{bgbb}') FROM ledgers$$, '22023', 'bgbb needs whole periods', 'a hold-out in continuous time is refused');
SELECT throws_ok($$SELECT segment.holdout_periods_agg(l, '2000-12-31', '2001-12-30', '1 year') FROM ledgers$$, '22023', 'the hold-out is shorter than a period', 'a short hold-out');
SELECT finish();
ROLLBACK;
