-- 01_semantics.sql: what a ledger says about orders, returns, order ids, days, zones, past dates and gaps
\ir ../lib/begin.sql
SELECT plan(57);
SET search_path = public, segment;

CREATE TEMP TABLE t (at timestamp, amount numeric);
INSERT INTO t VALUES ('2025-01-10 10:00', 5), ('2025-01-10 11:00', 7.50), ('2025-01-20 23:59:59', -2.25),
                     ('2025-02-01', 0), (NULL, 100), ('2025-03-01', NULL), ('2025-02-01', 3);
SELECT ledger_agg(at, amount) AS l FROM t \gset
SELECT is(:'l'::ledger::text, '{2025-01-10 12.50 2 0 0.00,2025-01-20 -2.25 0 1 2.25,2025-02-01 3.00 2 0 0.00}', 'rows merge by day');
SELECT is(ledger_orders(:'l', '-infinity', 'infinity'), 4::bigint, 'four orders: zero is one, a return is none');
SELECT is(ledger_revenue(:'l', '-infinity', 'infinity')::text, '13.25', 'revenue is net of returns, with the largest number of decimals');
SELECT is(ledger_revenue(:'l', '2025-01-10', '2025-01-20')::text, '12.50', 'a period is half-open');
SELECT is(ledger_orders(:'l', '2025-01-11', '2025-02-01'), 0::bigint, 'no order in a period');
SELECT ok(NOT ledger_active(:'l', '2025-01-11', '2025-02-01'), 'a return alone makes nobody active');
SELECT ok(ledger_active(:'l', '2025-02-01', '2025-02-02'), 'active with an order');
SELECT is(ledger_first(:'l'), date '2025-01-10', 'day of the first order');
SELECT is(ledger_last(:'l'), date '2025-02-01', 'day of the last order');
SELECT is(ledger_last(:'l', '2025-01-31'), date '2025-01-10', 'last order as of a day: a return does not move it');
SELECT is(ledger_last(:'l', '2025-01-01'), NULL, 'no order yet');
SELECT is((SELECT ledger_agg(at, amount) FROM t WHERE false), NULL, 'no rows: NULL');
SELECT is((SELECT ledger_agg(at, amount) FROM t WHERE at IS NULL OR amount IS NULL), NULL, 'skipped rows only: NULL');
SELECT is((SELECT ledger_agg(at, amount ORDER BY at DESC, amount DESC) FROM t)::text, :'l', 'the order of rows does not matter');
SELECT results_eq($$SELECT * FROM ledger_entries('{2025-01-10 12.50 2 0 0.00,2025-01-20 -2.25 0 1 2.25}')$$,
  $$VALUES (date '2025-01-10', 2::bigint, 0::bigint, 12.50, 0.00), ('2025-01-20', 0, 1, -2.25, 2.25)$$, 'entries');

-- as of a past date nothing later is left
SELECT is(ledger_as_of(:'l', '2025-01-31')::text, '{2025-01-10 12.50 2 0 0.00,2025-01-20 -2.25 0 1 2.25}', 'as of a day between');
SELECT is(ledger_as_of(:'l', '2025-02-01')::text, :'l', 'as_of is inclusive');
SELECT is(ledger_as_of(:'l', '2025-01-09'), NULL, 'nothing yet: NULL');
SELECT throws_ok($$SELECT segment.ledger_as_of('{2025-01-10 1}', 'infinity')$$, '22023', NULL, 'as_of must be finite');

-- rfm
SELECT is(ledger_rfm(:'l', '2025-03-01'), (SELECT rfm_agg(at::date, amount) FROM t), 'the rfm is that of the orders');
SELECT is(ledger_rfm(:'l', '2025-01-31'), (SELECT rfm_agg(at::date, amount) FROM t WHERE at < '2025-02-01'), 'as of a past date');
SELECT is(ledger_rfm(:'l', '2025-02-03', '3 days'), (SELECT rfm_agg(at::date, amount) FROM t WHERE at >= '2025-02-01'), 'in a window');
SELECT is(ledger_rfm(:'l', '2025-02-04', '3 days'), NULL, 'nothing in the window');
SELECT is(ledger_rfm(:'l', '2025-02-10', '1 month')::text, 'date(2025-02-01,2025-02-01,2,0.75,1,2.25)', 'a window of a calendar month');
SELECT throws_ok($$SELECT segment.ledger_rfm('{2025-01-10 1}', '2025-02-01', '0 days')$$, '22023', NULL, 'an empty window');
SELECT throws_ok($$SELECT segment.ledger_rfm('{2025-01-10 1}', '2025-02-01', '-1 year')$$, '22023', NULL, 'a negative window');

-- order ids
CREATE TEMP TABLE l (at date, amount numeric, id text);
INSERT INTO l VALUES ('2025-01-01', 10, 'a'), ('2025-01-01', -3, 'a'), ('2025-01-02', -4, 'b'), ('2025-01-03', -1, 'b'),
                     ('2025-01-03', 1, NULL), ('2025-01-03', 1, NULL), ('2025-01-04', -2, NULL), ('2025-01-05', -6, 'c'),
                     ('2025-01-06', 0, 'c'), ('2025-01-07', 2, 'd'), ('2025-01-08', 2, 'd');
SELECT ledger_agg(at, amount, id) AS l FROM l \gset
SELECT is(:'l'::ledger::text, '{2025-01-01 7,2025-01-02 -4 0 1 4,2025-01-03 1 2 0 1,2025-01-04 -2 0 1 2,2025-01-05 -6 0 0 0,2025-01-06 0,2025-01-07 2,2025-01-08 2 0+ 0 0}',
  'lines of an order count once, on its first day; a discount is no return');
SELECT is(ledger_rfm(:'l', '2025-03-01'), (SELECT rfm_agg(at, amount, id) FROM l), 'the rfm is that of the order lines');
SELECT is((SELECT ledger_agg(at, amount, id ORDER BY id DESC, amount) FROM l)::text, :'l', 'the order of lines does not matter');
SELECT is((SELECT ledger_agg(at, amount, NULL::int) FROM l)::text, (SELECT ledger_agg(at, amount) FROM l)::text, 'NULL ids: each line an order of its own');
SELECT is(ledger_orders(ledger_agg(date '2025-01-01' + g % 7, 1, g % 1000), '-infinity', 'infinity'), 1000::bigint, 'a thousand ids')
FROM generate_series(1, 7000) g;
SELECT throws_ok($$SELECT segment.ledger_agg(date '2025-01-01', 1, '{}'::json)$$, '42883', NULL, 'an id type without equality is refused');

-- zones
SELECT is(ledger_agg(timestamptz '2025-01-01 23:30Z', 1)::text, '{2025-01-01 1}', 'timestamptz: days of UTC');
SELECT is(ledger_agg(timestamptz '2025-01-01 23:30Z', 1, 7, 'Europe/Berlin')::text, '{2025-01-02 1}', 'or of a zone');
SELECT is(ledger_agg(timestamptz '2025-01-01 23:30Z', 1.5, NULL::int, 'America/New_York')::text, '{2025-01-01 1.5}', 'with a NULL order id');
SELECT throws_ok($$SELECT segment.ledger_agg(timestamptz '2025-01-01 23:30Z', 1, 7, 'Nowhere')$$, '22023', NULL, 'an unknown zone');
SELECT throws_ok($$SELECT segment.ledger_agg(timestamptz '2025-01-01 23:30Z', 1, 7, NULL)$$, '22004', NULL, 'a NULL zone');
SELECT throws_ok($$SELECT segment.ledger_agg(timestamp 'infinity', 1)$$, '22008', NULL, 'an infinite time');
SELECT throws_ok($$SELECT segment.ledger_agg(date '2025-01-01', 'NaN'::numeric)$$, '22003', NULL, 'NaN');
SELECT throws_ok($$SELECT segment.ledger_agg(date '2025-01-01', 1e30)$$, '22003', NULL, 'an amount too large');

-- merging
SELECT is((ledger '{2025-01-01 1.5,2025-01-03 2.0}' + ledger '{2025-01-01 1.25,2025-01-02 3.00}')::text,
  '{2025-01-01 2.75 2 0 0.00,2025-01-02 3.00,2025-01-03 2.00}', 'ledger + ledger');
SELECT is((SELECT ledger_rollup(p) FROM (SELECT ledger_agg(at, amount) AS p FROM t GROUP BY at::date) s)::text,
  (SELECT ledger_agg(at, amount) FROM t)::text, 'a rollup of the days is the whole');
SELECT is((SELECT ledger_rollup(NULL::ledger)), NULL, 'a rollup of NULLs');
SELECT is(ledger_orders(ledger_rollup(p), '-infinity', 'infinity'), 2::bigint, 'an order split over two parts counts twice')
FROM (SELECT ledger_agg(date '2025-01-01', 1, 1) AS p UNION ALL SELECT ledger_agg(date '2025-01-01', 1, 1)) s;

-- equality
SELECT ok(ledger '{2025-01-01 1.5}' = ledger '{2025-01-01 1.50}', 'decimals do not matter');
SELECT is(segment_internal.ledger_hash('{2025-01-01 1.5}'), segment_internal.ledger_hash('{2025-01-01 1.50}'), 'nor in the hash');
SELECT ok(ledger '{2025-01-01 1.5}' < ledger '{2025-01-01 1.51}' AND ledger '{2025-01-01 9}' < ledger '{2025-01-01 9,2025-01-02 1}', 'order');

-- gaps: days 0, 10, 30, 60
\set g '{2025-01-01 1,2025-01-11 1,2025-01-31 1,2025-03-02 1,2025-03-05 -1 0 1 1}'
SELECT is(ledger_gaps(:'g', '2025-12-31'), ARRAY[10, 20, 30], 'gaps; a return is no purchase');
SELECT is(ledger_gaps(:'g', '2025-02-01'), ARRAY[10, 20], 'gaps as of a day');
SELECT is(ledger_gaps(:'g', '2025-01-05'), NULL, 'no gap yet');
SELECT is(ledger_median_gap(:'g', '2025-12-31'), 20::float8, 'median gap');
SELECT is(ledger_overdue(:'g', '2025-04-11'), 2::float8, 'forty days after the last purchase: twice the median gap');
SELECT is(ledger_next_purchase(:'g', '2025-01-11'), date '2025-01-31', 'next purchase');
-- s = ln(20) - (ln 10 + ln 20 + ln 30) / 3 = 0.0958942; (1 + sqrt(1 + 4 s / 3)) / (4 s) = 5.37574
SELECT is(round(ledger_regularity(:'g', '2025-12-31')::numeric, 5), 5.37574, 'regularity by Thom''s formula');
SELECT is(ledger_regularity('{2025-01-01 1,2025-01-11 1,2025-01-21 1}', '2025-12-31'), 'infinity'::float8, 'equal gaps');
SELECT is(ledger_regularity('{2025-01-01 1,2025-01-11 1}', '2025-12-31'), NULL, 'one gap says nothing');
SELECT is(ledger '{2025-01-01 1.50}'::jsonb, '[{"day": "2025-01-01", "orders": 1, "returns": 0, "amount": 1.50, "returned": 0.00}]', 'jsonb');

SELECT finish();
ROLLBACK;
