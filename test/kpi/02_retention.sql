-- 02_retention.sql: cohorts and lifecycle from ledgers: the public test figures of products, and rules
\ir ../lib/begin.sql
SELECT plan(22);
SET search_path = public, segment;

-- One row a cohort: customers by period, blank after the end.
CREATE FUNCTION triangle(r retention, kind text DEFAULT 'on', cohort text DEFAULT 'first') RETURNS SETOF text LANGUAGE sql AS
  'SELECT string_agg(customers::text, '' '' ORDER BY period_no) FROM cohort_table(r, kind, cohort) t GROUP BY cohort_no ORDER BY cohort_no';
CREATE FUNCTION days(first date, VARIADIC offsets int[]) RETURNS ledger LANGUAGE sql AS
  'SELECT ledger_agg(first + o, 10) FROM unnest(offsets) o';

-- PostHog retention, test_day_interval: two people, seven days
CREATE TABLE k1 AS SELECT days('2020-06-10', 0, 1, 2, 5, 6) AS ledger UNION ALL SELECT days('2020-06-10', 1, 2, 3, 6);
CREATE TABLE r1 AS SELECT retention_agg(ledger, periods('day', '2020-06-10', '2020-06-17'), '2020-06-16') AS r FROM k1;
SELECT results_eq($$SELECT triangle(r, 'on', 'recurring') FROM r1$$,
  $$VALUES ('1 1 1 0 0 1 1'), ('2 2 1 0 1 2'), ('2 1 0 1 2'), ('1 0 0 1'), ('0 0 0'), ('1 1'), ('2')$$, 'days, recurring');
SELECT results_eq($$SELECT triangle(r) FROM r1$$,
  $$VALUES ('1 1 1 0 0 1 1'), ('1 1 1 0 0 1'), ('0 0 0 0 0'), ('0 0 0 0'), ('0 0 0'), ('0 0'), ('0')$$, 'days, by the first');
-- PostHog rolling retention, which is on or after
CREATE TABLE r2 AS SELECT retention_agg(l, periods('day', '2020-01-01', '2020-01-07'), '2020-01-06') AS r
FROM (VALUES (days('2020-01-01', 0, 3, 4)), (days('2020-01-01', 0, 1)), (days('2020-01-01', 1, 2, 3)), (days('2020-01-01', 3, 4)), (days('2020-01-01', 4))) v(l);
SELECT results_eq($$SELECT triangle(r, 'on_or_after', 'recurring') FROM r2$$, $$VALUES ('2 2 1 1 1 0'), ('2 1 1 0 0'), ('1 1 0 0'), ('3 2 0'), ('3 0'), ('0')$$, 'on or after, recurring');
SELECT results_eq($$SELECT triangle(r, 'on_or_after') FROM r2$$, $$VALUES ('2 2 1 1 1 0'), ('1 1 1 0 0'), ('0 0 0 0'), ('1 1 0'), ('1 0'), ('0')$$, 'on or after, by the first');
-- PostHog, months
CREATE TABLE r3 AS SELECT retention_agg(l, periods('month', '2020-01-01', '2020-12-01'), '2020-11-30') AS r
FROM (SELECT ledger_agg(make_date(2020, m, 10), 1) l FROM unnest('{1,2,3,5,6,9}'::int[]) m UNION ALL SELECT ledger_agg(make_date(2020, m, 10), 1) FROM unnest('{1,2,3,6,7,11}'::int[]) m) x;
SELECT is((SELECT string_agg(t, '|') FROM r3, triangle(r, 'on', 'recurring') t),
  '2 2 2 0 1 2 1 0 1 0 1|2 2 0 1 2 1 0 1 0 1|2 0 1 2 1 0 1 0 1|0 0 0 0 0 0 0 0|1 1 0 0 1 0 0|2 1 0 1 0 1|1 0 0 0 1|0 0 0 0|1 0 0|0 0|1', 'months');
-- PostHog, weeks from Sunday, and from Monday: the same counts
CREATE TABLE r4 AS SELECT first_day, retention_agg(l, periods('week', '2020-06-08', '2020-07-26', first_day => first_day), '2020-07-25') AS r
FROM (SELECT ledger_agg(d, 1) l FROM unnest('{2020-06-10,2020-06-11,2020-06-17,2020-06-24,2020-07-04,2020-07-11}'::date[]) d
      UNION ALL SELECT ledger_agg(d, 1) FROM unnest('{2020-06-10,2020-06-11,2020-06-17,2020-07-04,2020-07-11,2020-07-25}'::date[]) d) x, unnest('{1,7}'::int[]) first_day GROUP BY first_day;
SELECT is((SELECT string_agg(t, '|') FROM triangle(r, 'on', 'recurring') t), '2 2 1 2 2 0 1|2 1 2 2 0 1|1 1 1 0 0|2 2 0 1|2 0 1|0 0|1', 'weeks from day ' || first_day) FROM r4;
-- PostHog lifecycle, by day: the whole history, and part of it in another zone
CREATE TABLE people (person int, at timestamptz);
INSERT INTO people SELECT 1, (d || ' 12:00Z')::timestamptz FROM unnest('{2020-01-13,2020-01-15,2020-01-17,2020-01-19}'::text[]) d
  UNION ALL VALUES (2, timestamptz '2020-01-09 12:00Z'), (2, '2020-01-12 12:00Z'), (3, '2020-01-12 12:00Z'), (4, '2020-01-15 12:00Z'), (1, '2020-01-11 23:00Z'), (1, '2020-01-12 01:00Z');
CREATE FUNCTION lifecycle(zone text, first date, last date) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(new::text, ' ' ORDER BY period_no) || '|' || string_agg(coalesce(retained::text, '-'), ' ' ORDER BY period_no) || '|' || string_agg(coalesce(resurrected::text, '-'), ' ' ORDER BY period_no)
      || '|' || string_agg(coalesce(dormant_shown::text, '-'), ' ' ORDER BY period_no)
  FROM (SELECT retention_agg(ledger, periods('day', '2020-01-09', '2020-01-20'), '2020-01-19') r
        FROM (SELECT ledger_agg(at, 1, NULL::int, zone) AS ledger FROM people GROUP BY person) l) x, lifecycle_table(r) WHERE period_start BETWEEN first AND last
$$;
SELECT is(lifecycle('UTC', '2020-01-09', '2020-01-17'), '1 0 1 1 0 0 1 0 0|0 0 0 1 1 0 0 0 0|0 0 0 1 0 0 1 0 1|0 -1 0 0 -2 -1 0 -2 0', 'lifecycle, all history');
SELECT is(lifecycle('UTC', '2020-01-12', '2020-01-19'), '1 0 0 1 0 0 0 0|1 1 0 0 0 0 0 0|1 0 0 1 0 1 0 1|0 -2 -1 0 -2 0 -1 0', 'lifecycle, days 12 to 19');
SELECT is(lifecycle('America/Los_Angeles', '2020-01-12', '2020-01-19'), '1 0 0 1 0 0 0 0|0 0 0 0 0 0 0 0|1 1 0 1 0 1 0 1|-1 -2 -1 0 -2 0 -1 0', 'and in another zone');

-- money, returns, first ever, open and future periods
CREATE TABLE shop (c int, d date, amount numeric);
INSERT INTO shop VALUES (1, '2024-01-05', 10.00), (1, '2024-02-05', 20.5), (1, '2024-02-20', -5), (2, '2024-02-01', 7), (2, '2024-05-01', 9),
  (3, '2023-12-01', 100), (3, '2024-03-31', 50), (4, '2024-01-10', -30), (4, '2024-03-01', 40), (4, '2024-03-15', -1), (5, '2024-01-20', -2), (6, '2024-01-31', 0);
CREATE TABLE r5 AS SELECT retention_agg(l, periods('month', '2024-01-01', '2024-07-01'), '2024-04-15') AS r FROM (SELECT ledger_agg(d, amount) l FROM shop GROUP BY c) x;
SELECT results_eq($$SELECT cohort_start, period_no, cohort_size, customers, orders, revenue, cumulative_revenue, cumulative_revenue_per_customer, is_complete FROM r5, cohort_table(r) WHERE cohort_no < 3 ORDER BY 1, 2$$,
  $$VALUES (date '2024-01-01', 0, 2::bigint, 2::bigint, 2::bigint, 10.00, 10.00, 5::float8, true), ('2024-01-01', 1, 2, 1, 1, 15.50, 25.50, 12.75, true), ('2024-01-01', 2, 2, 0, 0, 0.00, 25.50, 12.75, true),
    ('2024-01-01', 3, 2, 0, 0, 0.00, 25.50, 12.75, false), ('2024-02-01', 0, 1, 1, 1, 7.00, 7.00, 7, true), ('2024-02-01', 1, 1, 0, 0, 0.00, 7.00, 7, true), ('2024-02-01', 2, 1, 0, 0, 0.00, 7.00, 7, false)$$,
  'cohort money; an order of zero counts; May and later have not begun');
SELECT results_eq($$SELECT period_start, active, new, retained, resurrected, dormant, asleep, orders, returns, revenue, returned, is_complete FROM r5, lifecycle_table(r) ORDER BY 1$$,
  $$VALUES (date '2024-01-01', 2::bigint, 2::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, 2::bigint, 2::bigint, -22.00, -32.00, true), ('2024-02-01', 2, 1, 1, 0, 1, 1, 2, 1, 22.50, -5.00, true),
    ('2024-03-01', 2, 1, 0, 1, 2, 2, 2, 1, 89.00, -1.00, true), ('2024-04-01', 0, 0, 0, 0, 2, 3, 0, 0, 0.00, 0.00, false)$$, 'lifecycle with customers from before the grid, and with returns before the first order');
SELECT is((SELECT sum(revenue) FROM r5, lifecycle_table(r)), (SELECT sum(amount) FROM shop WHERE d BETWEEN '2024-01-01' AND '2024-04-15'), 'no money is lost');
SELECT is(average_order_value, NULL, 'no orders, no average') FROM r5, lifecycle_table(r) WHERE period_start = '2024-04-01';
SELECT is((SELECT array_agg(DISTINCT is_complete) FROM r5, cohort_table(r, 'on_or_after')), '{f}', 'on or after is final when the grid is over');
SELECT results_eq($$SELECT at_start, at_end, new, retained, resurrected, lost, retention_rate, churn_rate, textbook_rate FROM r5, retention_rate(r, 2, 3)$$,
  $$VALUES (2::bigint, 2::bigint, 1::bigint, 0::bigint, 1::bigint, 2::bigint, 0::float8, 1::float8, 0.5::float8)$$, 'one period against the next');
SELECT results_eq($$SELECT repeaters, customers, mature_repeaters, mature_customers FROM r5, repeat_rate(r, 60)$$, 'VALUES (2::bigint, 5::bigint, 2::bigint, 4::bigint)', 'repeaters, of all and of the mature');

-- Sums that no stored value may hold: a value that cannot be read again must not come out.
CREATE TABLE large AS SELECT replace(r::text, '00000101fb01fb', made)::retention AS r
FROM (SELECT retention_agg(ledger_agg, periods('month', '2024-01-01', '2024-02-01'), '2024-01-31') AS r FROM (SELECT ledger_agg(date '2024-01-10', -5)) l) v,
  (VALUES ('0000ffffffffff0f01fb01fb'), ('00000101fb1d' || repeat('00', 28) || '80')) m(made);
SELECT is((SELECT count(*) FROM large WHERE r::text LIKE '%ffffffffff0f%' OR r::text LIKE '%0080%'), 2::bigint, 'the largest count and amount');
SELECT throws_ok($$SELECT r + r FROM large WHERE r::text LIKE '%ffffffffff0f%'$$, '22003', 'sum of retention is out of range', 'a count beyond them');
SELECT throws_ok($$SELECT r + r FROM large WHERE r::text NOT LIKE '%ffffffffff0f%'$$, '22003', 'sum of retention is out of range', 'an amount beyond them');
SELECT throws_ok($$SELECT retention_rollup(r) FROM large, generate_series(1, 2) WHERE r::text LIKE '%ffffffffff0f%'$$, '22003', 'sum of retention is out of range', 'in an aggregate');

SELECT throws_ok($$SELECT retention_rate(retention_agg(ledger, periods('month', '2023-01-01', '2023-02-01'), '2024-05-01'), 1, 1) FROM k1$$, '22023', 'retention has a single period', 'nothing to compare with');

SELECT * FROM finish();
ROLLBACK;
