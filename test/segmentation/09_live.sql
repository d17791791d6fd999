-- 09_live.sql: one customer's row is kept current by triggers, in the transaction that writes
\ir ../lib/begin.sql
SELECT plan(16);
CREATE TABLE shop (customer integer, at timestamptz, amount numeric, market text);
CREATE INDEX ON shop (customer);
INSERT INTO shop SELECT g % 60, timestamptz '2025-01-01Z' + g * interval '7 hours', g % 97, 'north' FROM generate_series(1, 600) g;
SELECT segment.create_segmentation('shop', 'shop', 'customer', 'at', 'amount', market => 'market', changes => segment.by_triggers(live => true));
SELECT segment.create_segmentation('whole', 'shop', 'customer', 'at', 'amount', market => 'market');
INSERT INTO shop VALUES (1, '2025-06-01Z', 5, 'north');
SELECT is((SELECT count(*) FROM segment.live_customer), 0::bigint, 'before the first refresh there is nothing to score by');
SELECT segment.refresh(n, '2025-06-30') FROM unnest('{shop,whole}'::text[]) n;
SELECT is((SELECT count(*) FROM segment.customer_now WHERE segmentation = 'shop' AND NOT is_live), 60::bigint, 'all are as in the snapshot');

INSERT INTO shop VALUES (1, '2025-06-30 10:00Z', 500, 'south');
INSERT INTO shop VALUES (100, '2025-06-30 11:00Z', 20, 'south');
INSERT INTO shop VALUES (101, '2025-07-04 11:00Z', 20, 'south');
UPDATE shop SET amount = amount * 3 WHERE customer = 2;
UPDATE shop SET customer = 102 WHERE customer = 3;
DELETE FROM shop WHERE customer = 4;
SELECT results_eq($$SELECT customer, segment IS NULL FROM segment.live_customer ORDER BY customer::integer$$,
  $$VALUES ('1', false), ('2', false), ('3', true), ('4', true), ('100', false), ('101', false), ('102', false)$$, 'who bought, changed, came and went');
SELECT is((SELECT string_agg(concat_ws(' ', customer_id, as_of, is_live), ', ') FROM segment.customer_now WHERE segmentation = 'shop' AND customer_id IN ('3', '101')),
  '101 2025-07-04 t', 'an order after the snapshot''s day counts; who has none is not shown');
SELECT segment.refresh('whole', '2025-06-30');
SELECT is_empty($$
  SELECT customer_id, market, recency_days, orders, revenue, r_score, f_score, m_score, segment_name FROM segment.customer_now
  WHERE segmentation = 'shop' AND customer_id <> '101'
  EXCEPT ALL
  SELECT customer_id, market, recency_days, orders, revenue, r_score, f_score, m_score, segment_name FROM segment.customer_now
  WHERE segmentation = 'whole' AND customer_id <> '101'$$, 'each is what a refresh of all gives');
SELECT is((SELECT count(*) FROM segment.customer_now WHERE segmentation = 'shop'), 61::bigint, 'and everybody is there');
SELECT segment.refresh('shop', '2025-06-30');
SELECT results_eq($$SELECT customer FROM segment.live_customer$$, $$VALUES ('101')$$, 'a refresh takes over what its day covers');
SELECT segment.refresh('shop', '2025-07-04');
SELECT is_empty($$TABLE segment.live_customer$$, 'and then the rest');

INSERT INTO shop SELECT g, '2025-07-04Z', 1, 'north' FROM generate_series(1, 150) g;
SELECT is_empty($$TABLE segment.live_customer$$, 'many customers at once wait for the next refresh');
SELECT is((SELECT count(*) FROM segment.change_queue), 150::bigint, 'which will find them');
SELECT isnt(segment.refresh_customer('shop', '150'), NULL, 'one can be brought up to date by hand');
SELECT is((SELECT rows FROM segment.forget('150') WHERE table_name = 'segment.live_customer'), 1::bigint, 'forget reaches the row');
SELECT throws_ok($$SELECT segment.create_segmentation('x', 'shop', 'customer', 'at', 'amount', changes => segment.by_triggers(live => NULL))$$, '22004', NULL, 'live is yes or no');
SELECT throws_ok($$SELECT segment.create_segmentation('x', 'shop', 'customer', 'at', 'amount', scores => segment.rfm_scores(cut_points => 'floating'), changes => segment.by_triggers(live => true))$$,
  '22023', NULL, 'and frozen cut points');

-- A row of segmentation_version that names another's ledger set, beside a view of its own: what the view calls must not run as who
-- writes to the other's table.
CREATE ROLE segment_test_mallory;
GRANT CREATE ON SCHEMA public TO segment_test_mallory;
SELECT segment.grant_segmentation('segment_test_mallory');
CREATE TABLE loot (who name);
GRANT INSERT ON loot TO PUBLIC;
SELECT ledger_set AS shop_set FROM segment.segmentation_version WHERE segmentation = 'shop' AND ledger_set IS NOT NULL LIMIT 1 \gset
SET ROLE segment_test_mallory;
CREATE TABLE bait AS SELECT g % 50 AS customer, date '2025-01-01' + g AS at, g::numeric AS amount FROM generate_series(1, 150) g;
CREATE FUNCTION planted(integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.loot VALUES (current_user); RETURN $1; END';
CREATE VIEW bait_view AS SELECT public.planted(customer) AS customer, at, amount FROM bait;
GRANT SELECT ON bait_view TO PUBLIC;
SELECT segment.create_segmentation('bait', 'bait', 'customer', 'at', 'amount', changes => segment.by_triggers(live => true));
SELECT segment.refresh('bait', '2025-06-30');
INSERT INTO bait VALUES (7, '2025-06-30', 5);
SELECT is((SELECT count(*) FROM segment.live_customer WHERE segmentation = 'bait'), 1::bigint, 'an owner''s own table is followed');
UPDATE segment.segmentation_version SET source = 'bait_view', ledger_set = :shop_set WHERE segmentation = 'bait';
RESET ROLE;
DELETE FROM loot;
INSERT INTO shop VALUES (1, '2025-07-04Z', 1, 'north');
SELECT is_empty('TABLE loot', 'nobody''s code runs as who writes to another''s table');
SELECT * FROM finish();
ROLLBACK;
