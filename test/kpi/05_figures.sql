-- 05_figures.sql: figures of other products, of textbooks and by hand, from raw orders through ledgers
\ir ../lib/begin.sql
SELECT plan(31);
SET search_path = public, segment;

-- PostHog stickiness: one person on nine days in a row, one on every other of them
CREATE TABLE person (id int, d date);
INSERT INTO person SELECT 1, date '2020-01-10' + g FROM generate_series(1, 9) g UNION ALL SELECT 2, date '2020-01-09' + 2 * g FROM generate_series(1, 5) g;
CREATE FUNCTION stickiness(p periods) RETURNS text LANGUAGE sql AS
  $$SELECT string_agg(periods_active || ':' || customers, ' ' ORDER BY periods_active) FROM (SELECT retention_agg(l, p, '2020-01-31') r FROM (SELECT ledger_agg(d, 1) l FROM person GROUP BY id) x) y, stickiness_table(r) WHERE customers > 0$$;
SELECT is(stickiness(periods('day', '2020-01-01', '2020-02-01')), '5:1 9:1', 'days');
SELECT is(stickiness(periods('week', '2020-01-01', '2020-02-01', first_day => 7)), '3:2', 'weeks from Sunday');
SELECT is(stickiness(periods('week', '2020-01-01', '2020-02-01')), '2:2', 'weeks from Monday: the week start matters');
SELECT is((SELECT string_agg(customers_at_least::text, ' ' ORDER BY periods_active) FROM (SELECT retention_agg(l, periods('day', '2020-01-09', '2020-01-20'), '2020-01-19') r FROM (SELECT ledger_agg(d, 1) l FROM person GROUP BY id) x) y, stickiness_table(r)),
  '2 2 2 2 2 1 1 1 1 0 0', 'at least so many days');

-- ClickHouse's retention: its documentation, and its test
CREATE TABLE clickhouse AS SELECT uid, d FROM (VALUES (date '2020-01-01', 5), ('2020-01-02', 10), ('2020-01-03', 15)) v(d, n), generate_series(0, n - 1) uid;
SELECT is((SELECT string_agg(customers::text, ' ' ORDER BY period_no) FROM (SELECT retention_agg(l, periods('day', '2020-01-01', '2020-01-04'), '2020-01-03') r FROM (SELECT ledger_agg(d, 1) l FROM clickhouse GROUP BY uid) x) y, cohort_table(r) WHERE cohort_no = 1), '5 5 5', 'five of the first day, on each day');
CREATE TABLE clickhouse_test AS SELECT uid, d FROM (VALUES (date '2018-08-06', 80), ('2018-08-07', 50), ('2018-08-08', 60)) v(d, n), generate_series(1, n) uid;
SELECT is((SELECT string_agg(customers::text, ' ' ORDER BY period_no) FROM (SELECT retention_agg(l, periods('day', '2018-08-06', '2018-08-09'), '2018-08-08') r FROM (SELECT ledger_agg(d, 1) l FROM clickhouse_test GROUP BY uid) x) y, cohort_table(r) WHERE cohort_no = 1), '80 50 60', '80, 50 and 60 users');

-- a mean over cohorts is sum over sum: 2 of 110, not a tenth (PostHog/posthog#25998)
CREATE TABLE cohorts AS SELECT c, d FROM generate_series(1, 110) c, LATERAL (SELECT CASE WHEN c <= 10 THEN date '2024-01-05' ELSE date '2024-02-05' END UNION ALL SELECT date '2024-02-06' WHERE c <= 2) x(d);
SELECT is((SELECT round(sum(customers) / sum(cohort_size), 7) FROM (SELECT retention_agg(l, periods('month', '2024-01-01', '2024-04-01'), '2024-03-31') r FROM (SELECT ledger_agg(d, 1) l FROM cohorts GROUP BY c) x) y, cohort_table(r) WHERE period_no = 1 AND cohort_size > 0), 0.0181818, 'weighted, zeros included');
SELECT is((SELECT avg(retention_rate) FROM (SELECT retention_agg(l, periods('month', '2024-01-01', '2024-04-01'), '2024-03-31') r FROM (SELECT ledger_agg(d, 1) l FROM cohorts GROUP BY c) x) y, cohort_table(r) WHERE period_no = 1 AND cohort_size > 0), 0.1::float8, 'what a mean of rates would say');

-- own age: no midnight effect (PostHog/posthog#29958: 23:45 and 00:01 are days 0 and 1 of the calendar), months by their days, the last day of a short one
CREATE FUNCTION ages(p periods, VARIADIC days date[]) RETURNS text LANGUAGE sql AS
  $$SELECT string_agg(customers::text, '' ORDER BY cohort_no, period_no) FROM (SELECT retention_agg(l, p, '2025-12-31') r FROM (SELECT ledger_agg(d, 1) l FROM unnest(days) d) x) y, cohort_table(r, age => 'own') WHERE cohort_size > 0$$;
SELECT is(ages(periods('month', '2024-01-01', '2024-05-01'), '2024-01-31', '2024-02-28'), '1000', 'the 31st, and the 28th of a February of 29 days: still the first month');
SELECT is(ages(periods('month', '2024-01-01', '2024-05-01'), '2024-01-31', '2024-02-29'), '1100', 'the 29th, its last day: the second');
SELECT is(ages(periods('month', '2023-01-01', '2023-05-01'), '2023-01-31', '2023-02-28', '2023-03-30', '2023-03-31'), '1110', 'a month later again on the 31st');
SELECT is(ages(periods('month', '2024-01-01', '2024-05-01'), '2024-01-20', '2024-02-01', '2024-03-19', '2024-03-20'), '1110', 'the 1st of the next month is no month later');
SELECT is(ages(periods('7 days', '2024-01-01', '2024-01-29'), '2024-01-03', '2024-01-09', '2024-01-10', '2024-01-23'), '1110', 'weeks of seven days from the first order: days 0, 6, 7 and 20');
SELECT is(ages(periods('{2024-01-01,2024-01-29,2024-02-26,2024-04-01}'::date[]), '2024-01-25', '2024-02-21', '2024-02-22'), '110', '4-4-5 weeks');

-- rolling: active within the last two months
SELECT is((SELECT string_agg(customers::text, ' ' ORDER BY period_no) FROM (SELECT retention_agg(l, periods('month', '2024-01-01', '2024-08-01'), '2024-07-31') r FROM (SELECT ledger_agg(d, 1) l FROM unnest('{2024-01-05,2024-03-05,2024-06-05}'::date[]) d) x) y,
  cohort_table(r, 'rolling', rolling_periods => 2) WHERE cohort_no = 1), '1 1 1 1 0 1 1', 'January, March and June');

-- a loss-making order: sold for 10.00, cost 12.00. As price minus cost it would be no order and a return
CREATE TABLE loss AS SELECT 1 AS c, date '2024-01-10' AS d, 10.00 AS amount, 12.00 AS cost;
SELECT is(rfm_frequency(rfm_agg(d, amount)) || ' ' || rfm_monetary(rfm_agg(d, amount)) || ' ' || rfm_returns(rfm_agg(d, amount)), '1 10.00 0', 'an order, no return') FROM loss;
SELECT is(rfm_monetary(rfm_agg(d, amount)) - rfm_monetary(rfm_agg(d, cost)), -2.00, 'its margin by two sums') FROM loss;
SELECT is(rfm_frequency(rfm_agg(d, amount - cost)) || ' ' || rfm_returns(rfm_agg(d, amount - cost)), '0 1', 'the trap') FROM loss;
SELECT results_eq($$SELECT active, orders, returns, revenue, margin, margin_rate, missing_costs FROM (SELECT retention_agg(l, periods('month', '2024-01-01', '2024-02-01'), '2024-01-31', k) r FROM (SELECT ledger_agg(d, amount) l, ledger_agg(d, cost) k FROM loss) x) y, lifecycle_table(r)$$,
  $$VALUES (1::bigint, 1::bigint, 0::bigint, 10.00, -2.00, -0.2::float8, 0::bigint)$$, 'its margin by two calendars');

-- costs that are missing, free goods, goods that came back, costs booked on another day
CREATE TABLE sale (c int, d date, id int, amount numeric, cost numeric);
INSERT INTO sale VALUES (1, '2024-01-05', 1, 100, 60), (1, '2024-01-20', 2, 50, NULL), (1, '2024-01-25', 3, -100, -60), (2, '2024-01-05', 4, 30, 0), (3, '2024-01-07', 5, 20, NULL), (3, '2024-01-09', 6, -20, NULL);
CREATE TABLE sold AS SELECT retention_agg(l, periods('month', '2024-01-01', '2024-03-01'), '2024-02-10', k) r FROM (SELECT c, ledger_agg(d, amount, id) l FROM sale GROUP BY c) x
JOIN (SELECT c, ledger_agg(d, cost, id) k FROM (SELECT c, d, cost, id FROM sale UNION ALL VALUES (1, date '2024-02-01', 3.50, 9)) z GROUP BY c) y USING (c);
SELECT results_eq('SELECT revenue, margin, margin_rate, missing_costs FROM sold, lifecycle_table(r)',
  $$VALUES (80::numeric, 30.00, 1::float8, 3::bigint), (0, -3.50, NULL, 0)$$, 'missing costs are counted, not 0') ;
SELECT results_eq($$SELECT kpi, before, after FROM sold, compare_periods(r, 1, 2) WHERE kpi IN ('margin', 'margin per customer', 'missing costs', 'customers', 'average order value') ORDER BY 1$$,
  $$VALUES ('average order value', 20::float8, NULL::float8), ('customers', 3, 0), ('margin', 30, -3.5), ('margin per customer', 10, NULL), ('missing costs', 3, 0)$$, 'one month against the next');

-- Shapley by line of business, from ledgers: new and lost lines apart, all parts add up to the change
CREATE TABLE line AS SELECT c, k, d, id, u, u * p AS amount FROM (SELECT 1 + g % 40 AS c, (ARRAY['old', 'new', 'gone', 'same'])[1 + g % 4] AS k, g AS id, 1 + g % 5 AS u, round(2 + (g * 7919 % 97) / 10.0, 2) AS p, date '2024-01-01' + g * 13 % 60 AS d FROM generate_series(1, 400) g) x
WHERE NOT (k = 'new' AND d < '2024-02-01') AND NOT (k = 'gone' AND d >= '2024-02-01');
CREATE TABLE kept AS SELECT k, retention_agg(l, periods('month', '2024-01-01', '2024-03-01'), '2024-02-29') r, retention_agg(q, periods('month', '2024-01-01', '2024-03-01'), '2024-02-29') units
FROM (SELECT c, k, ledger_agg(d, amount, id) l, ledger_agg(d, u, id) q FROM line GROUP BY c, k) x GROUP BY k;
SELECT results_eq('SELECT k, string_agg(factor, '', '' ORDER BY o) FROM kept, decompose_periods(r, 1, 2, units) WITH ORDINALITY d(factor, before, after, part, is_complete, o) GROUP BY k ORDER BY k',
  $$VALUES ('gone', 'lost line'), ('new', 'new line'), ('old', 'customers, orders per customer, units per order, price per unit'), ('same', 'customers, orders per customer, units per order, price per unit')$$, 'lines of business');
SELECT is((SELECT round(sum(part)::numeric, 6) FROM kept, decompose_periods(r, 1, 2, units)), (SELECT round(sum(amount) FILTER (WHERE d >= '2024-02-01') - sum(amount) FILTER (WHERE d < '2024-02-01'), 6) FROM line), 'with items and prices, the parts add up');
SELECT is((SELECT round(sum(part)::numeric, 6) FROM kept, decompose_periods(r, 1, 2)), (SELECT round(sum(amount) FILTER (WHERE d >= '2024-02-01') - sum(amount) FILTER (WHERE d < '2024-02-01'), 6) FROM line), 'and without');
SELECT results_eq($$SELECT factor, round(before::numeric, 6), round(after::numeric, 6) FROM kept, decompose_periods(r, 1, 2, units) WHERE k = 'old'$$,
  $$SELECT factor, round(b, 6), round(a, 6) FROM (SELECT count(DISTINCT c) FILTER (WHERE d < '2024-02-01')::numeric cb, count(DISTINCT c) FILTER (WHERE d >= '2024-02-01')::numeric ca, count(*) FILTER (WHERE d < '2024-02-01')::numeric ob, count(*) FILTER (WHERE d >= '2024-02-01')::numeric oa,
      sum(u) FILTER (WHERE d < '2024-02-01')::numeric ub, sum(u) FILTER (WHERE d >= '2024-02-01')::numeric ua, sum(amount) FILTER (WHERE d < '2024-02-01') mb, sum(amount) FILTER (WHERE d >= '2024-02-01') ma FROM line WHERE k = 'old') x,
    LATERAL (VALUES ('customers', cb, ca), ('orders per customer', ob / cb, oa / ca), ('units per order', ub / ob, ua / oa), ('price per unit', mb / ub, ma / ua)) f(factor, b, a)$$, 'factors by hand');
SELECT is((SELECT count(*) FROM decompose_revenue(0, 0, 0, NULL, NULL, NULL)), 0::bigint, 'nothing before and nothing after');
SELECT is((SELECT factor || ' ' || part FROM decompose_revenue(0, 0, -5, 0, 0, -2)), 'returns only 3', 'returns only');
SELECT is((SELECT array_agg(part) FROM decompose_revenue(2, 3, NULL, 2, 4, 10)), '{NULL,NULL,NULL}', 'revenue that nobody gave');

-- heavy, medium, light: equal values are in one tier, what is below 0 left out
SELECT results_eq($$SELECT tier, customers, round(customers_share::numeric, 4), total, round(total_share::numeric, 4), lowest, highest FROM heavy_medium_light('{1,2:3,3,4,5,6,7,8}') ORDER BY tier_sort$$,
  $$VALUES ('Heavy', 2::bigint, 0.2, 15::float8, 0.3750, 7::float8, 8::float8), ('Medium', 3, 0.3, 15, 0.3750, 4, 6), ('Light', 5, 0.5, 10, 0.25, 1, 3)$$, 'ten customers');
SELECT results_eq($$SELECT tier, customers, total FROM heavy_medium_light('{-3:2,0:2,2:6,9}') ORDER BY tier_sort$$, $$VALUES ('Heavy', 7::bigint, 21::float8), ('Medium', 0, 0), ('Light', 2, 0)$$, 'six equal ones go together');
SELECT throws_ok($$SELECT heavy_medium_light('{1,2}', 0.6, 0.5)$$, '22023', 'share is out of range', 'more than all');

SELECT * FROM finish();
ROLLBACK;
