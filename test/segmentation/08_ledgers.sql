-- 08_ledgers.sql: stored ledgers: any past day without the orders; how changes are found; shared by versions
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
SELECT plan(40);

-- --- a ledger knows what the orders know: returns, order ids, windows, zones, kinds of amount; it prints all its decimals ----
SET search_path = public, segment;
SELECT setseed(0.3);
CREATE TEMP TABLE o AS
SELECT c, at, CASE WHEN random() > 0.05 THEN round((random() * 100 - 15)::numeric, (random() * 3)::integer) END AS amount,
       (c * 1000 + extract(doy FROM at AT TIME ZONE 'America/St_Johns') * 3 + floor(random() * 3))::integer AS id
FROM (SELECT (random() * 40)::integer AS c, timestamptz '2025-01-01 00:00Z' + random() * interval '200 days' AS at FROM generate_series(1, 3000)) x;
CREATE TEMP VIEW by_day AS SELECT c, (at AT TIME ZONE 'America/St_Johns')::date AS day, amount, id FROM o;
SELECT is_empty($$
  SELECT c, d, rfm_ledger::text, rfm_orders::text FROM (
    SELECT c, d, segment.ledger_rfm(l, d) AS rfm_ledger, (SELECT segment.rfm_agg(day, amount, id) FROM by_day b WHERE b.c = x.c AND day <= d) AS rfm_orders
    FROM (SELECT c, segment.ledger_agg(at, amount, id, 'America/St_Johns') AS l FROM o GROUP BY c) x,
         generate_series(timestamp '2025-01-03', '2025-07-25', '3 days') g, CAST(g AS date) d) y
  WHERE rfm_ledger IS DISTINCT FROM rfm_orders$$, 'the summary of a ledger is that of the orders, with order ids and a zone');
SELECT is_empty($$
  SELECT c, d FROM (
    SELECT c, d, segment.ledger_rfm(l, d, interval '30 days') AS rfm_ledger,
           (SELECT segment.rfm_agg(day, amount) FROM by_day b WHERE b.c = x.c AND day <= d AND day > d - 30) AS rfm_orders
    FROM (SELECT c, segment.ledger_agg(at, amount, NULL::integer, 'America/St_Johns') AS l FROM o GROUP BY c) x,
         generate_series(timestamp '2025-01-03', '2025-07-25', '3 days') g, CAST(g AS date) d) y
  WHERE rfm_ledger IS DISTINCT FROM rfm_orders$$, 'and in a window');
SELECT is_empty($$
  SELECT c FROM (
    SELECT c, segment.ledger_rfm(segment.ledger_agg(at::timestamp, amount::float8), '2025-12-31') AS a, segment.rfm_agg(at::timestamp::date, amount::float8) AS b,
           segment.ledger_rfm(segment.ledger_agg(at::date, amount::integer), '2025-12-31') AS e, segment.rfm_agg(at::date, amount::integer) AS f
    FROM o GROUP BY c) y
  WHERE segment_internal.rfm_send(a) IS DISTINCT FROM segment_internal.rfm_send(b) OR segment_internal.rfm_send(e) IS DISTINCT FROM segment_internal.rfm_send(f)$$, 'for double precision and integer amounts, timestamps and dates');

-- --- month ends of Online Retail from one ledger set, without the orders ---------------------------------------------------
CREATE TABLE sales AS TABLE valid_sales;
CREATE INDEX ON sales (customer_id);
SELECT segment.create_segmentation('plain', 'sales', 'customer_id', 'ordered_at', 'amount', 'order_id', market => 'country');
SELECT segment.create_segmentation('stored', 'sales', 'customer_id', 'ordered_at', 'amount', 'order_id', market => 'country', changes => segment.by_reading_all(ledgers => true));
CREATE TEMP TABLE month_end AS
SELECT (m + interval '1 month')::date - 1 AS as_of FROM generate_series(timestamp '2011-01-01', '2011-11-01', '1 month') m;
SELECT is(count(segment.refresh('plain', as_of)), 11::bigint, 'eleven month ends from the orders') FROM (SELECT as_of FROM month_end ORDER BY as_of) m;
SELECT throws_ok($$SELECT segment.refresh('stored', '2011-01-31', read => 'nothing')$$, '55000', NULL, 'without ledgers there is nothing to read');
SELECT throws_ok($$SELECT segment.refresh('plain', '2011-01-31', read => 'nothing')$$, '22023', NULL, 'nor where none are kept');
SELECT throws_ok($$SELECT segment.refresh('plain', '2011-01-31', read => 'some')$$, '22023', NULL, 'read has three values');
SELECT lives_ok($$SELECT segment.refresh('stored', '2011-01-31')$$, 'the first refresh reads all orders');
SELECT is(count(*), 4338::bigint, 'a ledger for each customer, of whatever day') FROM segment.customer_ledger;
DELETE FROM sales;
SELECT is(count(segment.refresh('stored', as_of, read => 'nothing')), 11::bigint, 'the orders gone, eleven month ends from ledgers') FROM (SELECT as_of FROM month_end ORDER BY as_of) m;
SELECT is_empty($$
  (SELECT as_of, customer_id, market, recency_days, orders, revenue, first_order_on, last_order_on, returns, returned_amount, rfm_code, segment_name,
          previous_segment_name, segment_since, moved_by FROM segment.customer_profile WHERE segmentation = 'plain'
   EXCEPT ALL
   SELECT as_of, customer_id, market, recency_days, orders, revenue, first_order_on, last_order_on, returns, returned_amount, rfm_code, segment_name,
          previous_segment_name, segment_since, moved_by FROM segment.customer_profile WHERE segmentation = 'stored')
  UNION ALL
  (SELECT as_of, customer_id, market, recency_days, orders, revenue, first_order_on, last_order_on, returns, returned_amount, rfm_code, segment_name,
          previous_segment_name, segment_since, moved_by FROM segment.customer_profile WHERE segmentation = 'stored'
   EXCEPT ALL
   SELECT as_of, customer_id, market, recency_days, orders, revenue, first_order_on, last_order_on, returns, returned_amount, rfm_code, segment_name,
          previous_segment_name, segment_since, moved_by FROM segment.customer_profile WHERE segmentation = 'plain')$$,
  'each is what the orders gave: values, scores, segments, movements, markets');

-- The migration of snapshots made later adds up as that of snapshots made in time does.
CREATE TEMP TABLE migration AS SELECT * FROM segment.segment_migration WHERE segmentation = 'stored';
CREATE TEMP TABLE change AS SELECT * FROM segment.segment_changes WHERE segmentation = 'stored';
CREATE TEMP TABLE count_of AS
SELECT as_of, segment_name, count(*) AS n FROM segment.customer_profile WHERE segmentation = 'stored' GROUP BY 1, 2;
SELECT is_empty($$SELECT from_as_of, from_segment, sum(customers) FROM migration WHERE direction <> 'new' GROUP BY 1, 2
  EXCEPT SELECT as_of, segment_name, n FROM count_of$$, 'rows of each matrix add up to the segments before');
SELECT is_empty($$SELECT as_of, segment_name, n FROM count_of WHERE as_of > '2011-01-31'
  EXCEPT SELECT to_as_of, to_segment, sum(customers) FROM migration GROUP BY 1, 2$$, 'columns to those after');
SELECT is_empty($$
  SELECT a.as_of, s, coalesce(after.n, 0) - coalesce(before.n, 0),
         (SELECT count(*) FROM change c WHERE c.as_of = a.as_of AND c.entered_segment_name = s)
       - (SELECT count(*) FROM change c WHERE c.as_of = a.as_of AND c.left_segment_name = s)
  FROM (SELECT as_of, date_trunc('month', as_of)::date - 1 AS from_as_of FROM month_end WHERE as_of IN ('2011-02-28', '2011-07-31', '2011-11-30')) a
  CROSS JOIN (SELECT DISTINCT segment_name AS s FROM count_of) x
  LEFT JOIN count_of before ON before.as_of = a.from_as_of AND before.segment_name = s
  LEFT JOIN count_of after ON after.as_of = a.as_of AND after.segment_name = s
  WHERE coalesce(after.n, 0) - coalesce(before.n, 0) <>
         (SELECT count(*) FROM change c WHERE c.as_of = a.as_of AND c.entered_segment_name = s)
       - (SELECT count(*) FROM change c WHERE c.as_of = a.as_of AND c.left_segment_name = s)$$,
  'entered minus left is the change in counts');

-- A recalibration reads nothing either: versions that read the same rows share ledgers.
SELECT is(segment.new_version('stored'), 2, 'a version with cut points of its own');
SELECT is((SELECT count(*) FROM segment.ledger_set), 1::bigint, 'on the same ledgers');
SELECT is(customers, 4297::bigint, 'is made from them') FROM segment.refresh('stored', '2011-11-30', 2, 'nothing');
SELECT segment.new_version('stored', filter => 'amount > 1');
SELECT is((SELECT count(*) FROM segment.ledger_set), 2::bigint, 'another filter reads other rows');

-- --- how changes are found ---------------------------------------------------------------------------------------------------
CREATE TABLE shop (customer integer, day date, amount integer, written timestamptz);
INSERT INTO shop SELECT g % 50, date '2025-01-01' + g, g, '2025-06-01' FROM generate_series(1, 200) g;
CREATE TABLE gone (who integer, at timestamptz);
CREATE TABLE out_list (customer integer);
SELECT segment.create_segmentation('written', 'shop', 'customer', 'day', 'amount', changes => segment.by_column('written', '1 hour'));
SELECT segment.create_segmentation('listed', 'shop', 'customer', 'day', 'amount', changes => segment.by_tombstones('gone', 'who', 'at'), privacy => segment.privacy(opt_out => 'out_list'));
SELECT segment.create_segmentation('followed', 'shop', 'customer', 'day', 'amount', changes => segment.by_triggers());
SELECT is(count(segment.refresh(n, '2025-12-31')), 3::bigint, 'three ways') FROM unnest('{written,listed,followed}'::text[]) n;
DELETE FROM shop WHERE customer = 7;
INSERT INTO shop VALUES (100, '2025-12-30', 5, '2025-06-02');
INSERT INTO shop VALUES (NULL, '2025-12-31', 5, '2025-06-02');
SELECT results_eq($$SELECT n, (segment.refresh(n, '2025-12-31')).customers FROM unnest('{written,listed,followed}'::text[]) n$$,
  $$VALUES ('written', 51::bigint), ('listed', 50), ('followed', 50)$$, 'changed_at finds the new one, triggers also the deleted, tombstones what they list');
INSERT INTO gone VALUES (7, '2025-06-02'), (100, '2025-06-02');
SELECT results_eq($$SELECT n, (segment.refresh(n, '2025-12-31')).customers FROM unnest('{written,listed,followed}'::text[]) n$$,
  $$VALUES ('written', 51::bigint), ('listed', 50), ('followed', 50)$$, 'once it lists them');
SELECT is((segment.refresh('written', '2025-12-31', read => 'all')).customers, 50::bigint, 'reading all finds what changed_at can not');
SELECT is((SELECT details->>'read_all' FROM segment.segmentation_run WHERE segmentation = 'written' ORDER BY run_at DESC LIMIT 1), 'true', 'and the log says so');
SELECT is((SELECT string_agg(unknown_rows::text, ' ' ORDER BY segmentation) FROM segment.snapshot WHERE segmentation IN ('written', 'followed')), '1 1', 'rows without a customer are found too');
SELECT is(refreshed, date '2025-12-31', 'the last row''s day is known without reading the source') FROM segment.refresh('followed');
INSERT INTO out_list VALUES (3);
SELECT is((segment.refresh('listed', '2025-12-31')).customers, 49::bigint, 'an opt-out is followed');
SELECT is_empty($$SELECT FROM segment.customer_ledger WHERE ledger IS NOT NULL AND customer = '3' AND opted_out$$, 'and no order of theirs kept');
DELETE FROM out_list;
SELECT is((segment.refresh('listed', '2025-12-31')).customers, 50::bigint, 'and its withdrawal');
SELECT matches(segment.definition('written'), 'column written from 01:00:00 before .* not deletes', 'the definition says what is found');
SELECT matches(segment.definition('followed'), 'triggers: finds every', 'and how');
INSERT INTO segment.change_queue (ledger_set, customer) SELECT ledger_set, 'no number' FROM segment.segmentation_version WHERE segmentation = 'followed';
SELECT is((segment.refresh('followed', '2025-12-31')).customers, 50::bigint, 'what is no customer id in the queue does not stop a refresh');
SELECT is((SELECT count(*) FROM segment.change_queue), 0::bigint, 'the queue is empty');
TRUNCATE shop;
SELECT is((segment.refresh('followed', '2025-12-31')).customers, 0::bigint, 'TRUNCATE is seen');

-- --- refused ------------------------------------------------------------------------------------------------------------------
SELECT throws_ok($$SELECT segment.create_segmentation('x', 'shop', 'customer', 'day', 'amount', changes => ROW('magic', NULL, NULL, NULL, NULL, NULL, false, true)::segment.change_rule)$$, '22023', NULL, 'an unknown way');
SELECT throws_ok($$SELECT segment.create_segmentation('x', 'shop', 'customer', 'day', 'amount', changes => segment.by_column(NULL))$$, '22004', NULL, 'a way without its column');
SELECT throws_ok($$SELECT segment.create_segmentation('x', 'valid_sales', 'customer_id', 'ordered_at', 'amount', changes => segment.by_triggers())$$, '42809', NULL, 'triggers on a view');
SELECT throws_ok($$SELECT segment.create_segmentation('x', 'shop', 'customer', 'day', 'amount', changes => segment.by_column('amount'))$$, '42804', NULL, 'a column that is no time');
CREATE TABLE odd AS SELECT 1.0::numeric AS customer, date '2025-01-01' AS day, 1 AS amount;
SELECT throws_ok($$SELECT segment.create_segmentation('x', 'odd', 'customer', 'day', 'amount', changes => segment.by_reading_all(ledgers => true))$$, '42804', NULL, 'ids that print in several ways');

-- --- removed -------------------------------------------------------------------------------------------------------------------
SELECT lives_ok($$SELECT segment.drop_segmentation(n) FROM unnest('{stored,written,listed,followed,plain}'::text[]) n$$, 'segmentations are dropped');
SELECT is((SELECT count(*) FROM segment.customer_ledger) + (SELECT count(*) FROM segment.ledger_set) + (SELECT count(*) FROM pg_trigger WHERE tgrelid = 'shop'::regclass),
  0::bigint, 'with ledgers and triggers');
SELECT * FROM finish();
ROLLBACK;
