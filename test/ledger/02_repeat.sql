-- 02_repeat.sql: repeat summaries: definitions, toy tables of lifetimes, CDNOW; the size of a ledger; no leak from the future
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
SELECT plan(27);
SET search_path = public, segment;

-- the toy table of lifetimes' tests (ids 1 to 6, observed until 2015-02-07): frequency, recency, T, money
CREATE TEMP TABLE toy (id int, at date, amount numeric);
INSERT INTO toy VALUES (1, '2015-01-01', 1), (1, '2015-02-06', 2), (2, '2015-01-01', 2), (3, '2015-01-01', 3),
  (3, '2015-01-02', 1), (3, '2015-01-05', 5), (4, '2015-01-16', 6), (4, '2015-02-02', 3), (4, '2015-02-05', 3),
  (4, '2015-02-05', 0), (5, '2015-01-16', 3), (5, '2015-01-17', 4), (5, '2015-01-18', 5), (6, '2015-02-02', 5);
SELECT results_eq($$
  SELECT id, repeat_x(r), repeat_t_x(r), repeat_t(r), coalesce(repeat_spend(r), 0)
  FROM (SELECT id, ledger_repeat(ledger_agg(at, amount), '2015-02-07', '1 day') AS r FROM toy GROUP BY id) s ORDER BY id$$,
  $$VALUES (1, 1::bigint, 36::float8, 37::float8, 2::float8), (2, 0, 0, 37, 0), (3, 2, 4, 37, 3), (4, 2, 20, 22, 3),
           (5, 2, 2, 22, 4.5), (6, 0, 0, 5, 0)$$, 'lifetimes'' daily table');

SELECT is(ledger_repeat('{2025-01-01 5,2025-01-08 -2 0 1 2,2025-01-15 3}', '2025-01-22', '1 week')::text,
  'x 1 t_x 2 t 3 spend 3 first 5 skipped 1 unit 7', 'a day of returns is no purchase, and counted');
SELECT is(repeat_skipped(ledger_repeat('{2025-01-01 5,2025-01-08 0 1 1 4}', '2025-01-22', '1 week')), 1::bigint,
  'a day on which all was returned is no purchase');
SELECT is(repeat_x(ledger_repeat('{2025-01-01 5,2025-01-08 0}', '2025-01-22', '1 week')), 1::bigint, 'an order of zero is a purchase');
SELECT is(ledger_repeat('{2025-01-08 -2 0 1 2}', '2025-01-22', '1 week'), NULL, 'returns only: NULL');
SELECT is(ledger_repeat('{2025-01-08 2}', '2025-01-01', '1 week'), NULL, 'not bought yet: NULL');
SELECT is(repeat_t(ledger_repeat('{2025-01-01 5}', '2026-01-01', '1 month')), 365 / (365.25::float8 / 12), 'a month is 365.25/12 days');
SELECT is(repeat_unit(ledger_repeat('{2025-01-01 5}', '2026-01-01', '1 week')), interval '7 days', 'the unit');
SELECT throws_ok($$SELECT segment.ledger_repeat('{2025-01-01 5}', '2026-01-01', '-1 day')$$, '22023', NULL, 'a negative unit');
SELECT throws_ok($$SELECT segment.ledger_repeat('{2025-01-01 5}', 'infinity', '1 day')$$, '22023', NULL, 'as_of must be finite');
SELECT throws_ok($$SELECT segment.repeat_summary(1, 5, 4, NULL, '1 week')$$, '22023', NULL, 't_x beyond t');
SELECT throws_ok($$SELECT segment.repeat_summary(0, 1, 4, NULL, '1 week')$$, '22023', NULL, 't_x without a repeat purchase');
SELECT throws_ok($$SELECT segment.repeat_summary(1, 1, 'NaN', NULL, '1 week')$$, '22023', NULL, 'NaN');
SELECT is(repeat_summary(0, 0, 4, 0, '1 week')::text, 'x 0 t_x 0 t 4 skipped 0 unit 7', 'a spend of zero without repeat purchases is none');
SELECT is(repeat_summary(NULL, 0, 4, 0, '1 week'), NULL, 'NULL in, NULL out');
SELECT ok(r = r::text::repeat_summary, 'text round trip')
FROM (SELECT repeat_summary(3, 1.0 / 3, 2.0 / 3, 0.1, '1 week', 12.345) AS r) s;

-- CDNOW, calibration to 1997-09-30: sufficient statistics of the published sample
CREATE TEMP TABLE ledgers AS SELECT customer_id, ledger_agg(date, amount) AS l FROM cdnow_sample GROUP BY customer_id;
CREATE TEMP TABLE summaries AS SELECT customer_id, l, ledger_repeat(l, '1997-09-30', '1 week') AS r FROM ledgers;
SELECT results_eq($$SELECT count(r), sum(repeat_x(r)), round(sum(repeat_t_x(r))::numeric, 3), round(sum(repeat_t(r))::numeric, 3) FROM summaries$$,
  $$VALUES (2357::bigint, 2457::numeric, 16135.571, 77111.286)$$, 'CDNOW: customers, orders, times');
SELECT results_eq($$SELECT least(repeat_x(r), 7), count(*) FROM summaries GROUP BY 1 ORDER BY 1$$,
  $$VALUES (0::bigint, 1411::bigint), (1, 439), (2, 214), (3, 100), (4, 62), (5, 38), (6, 29), (7, 64)$$, 'CDNOW: by number of repeat orders');
SELECT results_eq($$SELECT round(avg(s)::numeric, 4), round(stddev_samp(s)::numeric, 4), min(s), round((percentile_cont(0.5) WITHIN GROUP (ORDER BY s))::numeric, 4), round(max(s)::numeric, 3)
  FROM (SELECT repeat_spend(r) AS s FROM summaries) v$$,
  $$VALUES (35.0778, 30.2835, 2.99::float8, 27.4975, 299.634)$$, 'CDNOW: mean repeat spend');
SELECT is((SELECT sum((SELECT count(*) FROM ledger_entries(l) WHERE day > '1997-09-30')) FROM ledgers), 1882::numeric, 'CDNOW: orders of the hold-out');

-- nothing after as_of is used: the summary of the cut calendar, and of the cut orders, is the same
SELECT is_empty($$SELECT FROM summaries WHERE r <> ledger_repeat(ledger_as_of(l, '1997-09-30'), '1997-09-30', '1 week')$$, 'no leak from the future');
SELECT is_empty($$SELECT s.customer_id FROM summaries s
  JOIN (SELECT customer_id, ledger_agg(date, amount) AS l FROM cdnow_sample WHERE date <= '1997-09-30' GROUP BY 1) c USING (customer_id)
  WHERE s.r <> ledger_repeat(c.l, '1997-09-30', '1 week') OR ledger_as_of(s.l, '1997-09-30') <> c.l$$, 'the same from the orders of that time');

-- size: at most 6 bytes per active day plus 40 per customer
SELECT cmp_ok((SELECT sum(pg_column_size(l)) FROM ledgers), '<=',
  (SELECT 40 * count(*) + 6 * sum((SELECT count(*) FROM ledger_entries(l))) FROM ledgers)::bigint, 'CDNOW fits 6 bytes a day');
CREATE TEMP TABLE retail AS SELECT customer_id, ledger_agg(ordered_at, amount, order_id) AS l FROM known_customers GROUP BY customer_id;
SELECT cmp_ok((SELECT sum(pg_column_size(l)) FROM retail), '<=',
  (SELECT 40 * count(*) + 6 * sum((SELECT count(*) FROM ledger_entries(l))) FROM retail)::bigint, 'Online Retail fits 6 bytes a day');

-- What a stored summary is so many days later
SELECT is(count(*) FILTER (WHERE segment_internal.repeat_later(ledger_repeat(l, '2025-03-01', u), n) <> ledger_repeat(l, date '2025-03-01' + n, u)), 0::bigint, 'as if counted later, to the last bit')
FROM (VALUES (ledger '{2025-01-01 5.00,2025-02-01 7.00}'), ('{2025-02-28 5.00}')) v (l), unnest('{1 day,1 week,1 month}'::interval[]) u, generate_series(0, 400) n;
SELECT throws_ok($$SELECT segment_internal.repeat_later(repeat_summary(1, 10, 45, 30, '1 day'), -1)$$, '22023', 'days is out of range', 'not back');
SELECT is((SELECT segment_internal.repeat_later(r, 0) = r FROM (SELECT repeat_summary(1, 10.123, 10.1230001, 30, '1 week') AS r) s), true, 'a time that is no whole day');
SELECT finish();
ROLLBACK;
