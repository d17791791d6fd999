-- 02_retention.sql: cohorts and lifecycle from ledgers: the public test figures of products, and rules
\ir ../lib/begin.sql
SELECT plan(38);
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

-- against plain SQL: 200 random shops, months and odd boundaries, as_of anywhere
SELECT setseed(0.5);
CREATE TABLE random_shop AS SELECT s, 1 + floor(random() * 12)::int AS c, date '2023-01-01' + floor(random() * 500)::int AS d, round((random() * 100 - 15)::numeric, (random() * 3)::int) AS amount
FROM generate_series(1, 200) s, generate_series(1, 60);
CREATE TABLE grid AS SELECT s, CASE WHEN s % 2 = 0 THEN periods('month', '2023-03-10', '2024-04-01') ELSE (SELECT periods(array_agg(DISTINCT date '2023-02-01' + (g * g * (s % 5 + 1)) % 400 ORDER BY date '2023-02-01' + (g * g * (s % 5 + 1)) % 400)) FROM generate_series(1, 9) g) END AS p,
  date '2023-06-01' + s AS as_of FROM generate_series(1, 200) s;
CREATE TABLE ours AS SELECT s, retention_agg(l, p, as_of) r FROM (SELECT s, c, ledger_agg(d, amount) l FROM random_shop GROUP BY 1, 2) x JOIN grid USING (s) GROUP BY s;
CREATE TABLE facts AS
SELECT s, c, t.period_no AS p, count(*) FILTER (WHERE amount >= 0) AS orders, sum(amount) AS money, f.first_day, t.period_start, t.period_end
FROM grid JOIN random_shop USING (s), LATERAL periods_table(p, as_of) t, LATERAL (SELECT min(d) FROM random_shop x WHERE x.s = random_shop.s AND x.c = random_shop.c AND amount >= 0 AND d <= as_of) f(first_day)
WHERE d >= t.period_start AND d < t.period_end AND d <= as_of GROUP BY s, c, t.period_no, f.first_day, t.period_start, t.period_end;
SELECT is_empty($$
  SELECT s, cohort_no, cohort_no + period_no AS p, customers, orders, revenue FROM ours, cohort_table(r) WHERE customers > 0 OR revenue <> 0
  EXCEPT SELECT s, cohort, p, count(*) FILTER (WHERE orders > 0), sum(orders)::bigint, sum(money) FROM (SELECT f.*, period_of(g.p, first_day) AS cohort FROM facts f JOIN grid g USING (s)) x WHERE p >= cohort GROUP BY 1, 2, 3$$, 'every cell of ours');
SELECT is_empty($$
  SELECT s, cohort, p, count(*) FILTER (WHERE orders > 0), sum(orders)::bigint, sum(money) FROM (SELECT f.*, period_of(g.p, first_day) AS cohort FROM facts f JOIN grid g USING (s)) x WHERE p >= cohort GROUP BY 1, 2, 3
  EXCEPT SELECT s, cohort_no, cohort_no + period_no AS p, customers, orders, revenue FROM ours, cohort_table(r)$$, 'and no other');
SELECT is_empty($$
  SELECT s, cohort_no, cohort_no + period_no, customers FROM ours, cohort_table(r, 'on', 'recurring') WHERE customers > 0
  EXCEPT SELECT a.s, a.p, b.p, count(*) FROM facts a JOIN facts b USING (s, c) WHERE a.orders > 0 AND b.orders > 0 AND a.p <= b.p GROUP BY 1, 2, 3$$, 'recurring');
SELECT is_empty($$
  SELECT s, cohort_no, cohort_no + period_no, customers FROM ours, cohort_table(r, 'on_or_after') WHERE customers > 0
  EXCEPT SELECT g.s, k, q, count(*) FROM grid g JOIN (SELECT s, c, min(d) first_day, max(d) last_day FROM random_shop JOIN grid USING (s) WHERE amount >= 0 AND d <= as_of GROUP BY 1, 2) x USING (s),
    LATERAL (SELECT period_of(p, first_day)) k(k), LATERAL generate_series(k, period_count(p)) q WHERE last_day >= period_start(p, q) AND period_start(p, q) <= as_of GROUP BY 1, 2, 3$$, 'on or after');
SELECT is_empty($$
  SELECT s, period_no, active, revenue FROM ours, lifecycle_table(r) WHERE active > 0 OR revenue <> 0
  EXCEPT SELECT s, p, count(*) FILTER (WHERE orders > 0), sum(money) FROM facts GROUP BY 1, 2$$, 'active customers and revenue of a period');
SELECT is_empty($$SELECT s, period_no FROM ours, lifecycle_table(r) WHERE active <> new + retained + resurrected OR resurrected < 0 OR dormant < 0 OR asleep < resurrected$$, 'the identities hold in every row');
SELECT is((SELECT count(*) FROM ours, cohort_table(r) WHERE period_no = 0 AND customers <> cohort_size), 0::bigint, 'at age 0 everybody is there');

-- checklist: merging, plans, forms, errors
SELECT is(retention_rollup(part), (SELECT r FROM ours WHERE s = 2), 'parts rolled up = whole')
FROM (SELECT retention_agg(l, p, as_of) part FROM (SELECT s, c, ledger_agg(d, amount) l FROM random_shop WHERE s = 2 GROUP BY 1, 2) x JOIN grid USING (s) GROUP BY c % 4) y;
SELECT is((SELECT retention_agg(l, p, as_of) FROM (SELECT c, ledger_agg(d, amount) l FROM random_shop WHERE s = 2 GROUP BY c ORDER BY md5(c::text)) x, grid WHERE s = 2), (SELECT r FROM ours WHERE s = 2), 'in any order');
CREATE TABLE calendars AS SELECT s, c, ledger_agg(d, amount) l FROM random_shop GROUP BY 1, 2;
ANALYZE calendars;
CREATE TEMP TABLE serial AS SELECT retention_agg(l, periods('month', '2023-01-01', '2024-06-01'), '2024-05-01') r FROM calendars;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
SELECT is(retention_agg(l, periods('month', '2023-01-01', '2024-06-01'), '2024-05-01'), (TABLE serial), 'parallel = serial') FROM calendars;
SELECT is((SELECT count(*) FROM ours WHERE r::text::retention <> r), 0::bigint, 'text and back');
SELECT is(retention_agg(NULL, periods('month', '2023-01-01', '2024-06-01'), '2024-05-01'), NULL, 'no ledger');
SELECT throws_ok($$SELECT retention_agg(l, periods('month', '2023-01-01', '2024-06-01'), date '2024-05-01' + c) FROM calendars$$, '22023', NULL, 'as_of changes');
SELECT throws_ok($$SELECT a.r + b.r FROM r1 a, r2 b$$, '22023', 'retention of different periods or days', 'other periods');
SELECT throws_ok($$SELECT cohort_table(r, 'after') FROM r1$$, '22023', NULL, 'an unknown kind');
SELECT throws_ok($$SELECT retention_agg(l, periods('day', '2023-01-01', '2026-01-01'), '2024-05-01') FROM calendars$$, '54000', 'too many periods for retention', 'too many periods');

-- Sums that no stored value may hold: a value that cannot be read again must not come out.
CREATE TABLE large AS SELECT replace(r::text, '00000101fb01fb', made)::retention AS r
FROM (SELECT retention_agg(ledger_agg, periods('month', '2024-01-01', '2024-02-01'), '2024-01-31') AS r FROM (SELECT ledger_agg(date '2024-01-10', -5)) l) v,
  (VALUES ('0000ffffffffff0f01fb01fb'), ('00000101fb1d' || repeat('00', 28) || '80')) m(made);
SELECT is((SELECT count(*) FROM large WHERE r::text LIKE '%ffffffffff0f%' OR r::text LIKE '%0080%'), 2::bigint, 'the largest count and amount');
SELECT throws_ok($$SELECT r + r FROM large WHERE r::text LIKE '%ffffffffff0f%'$$, '22003', 'sum of retention is out of range', 'a count beyond them');
SELECT throws_ok($$SELECT r + r FROM large WHERE r::text NOT LIKE '%ffffffffff0f%'$$, '22003', 'sum of retention is out of range', 'an amount beyond them');
SELECT throws_ok($$SELECT retention_rollup(r) FROM large, generate_series(1, 2) WHERE r::text LIKE '%ffffffffff0f%'$$, '22003', 'sum of retention is out of range', 'in an aggregate');

SELECT throws_ok($$SELECT retention_rate(retention_agg(l, periods('month', '2023-01-01', '2023-02-01'), '2024-05-01'), 1, 1) FROM calendars$$, '22023', 'retention has a single period', 'nothing to compare with');

SELECT * FROM finish();
ROLLBACK;
