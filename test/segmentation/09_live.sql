-- 09_live.sql: customers as of now: scored as one reads, from the orders of those who changed; and what verify finds
\ir ../lib/begin.sql
SELECT plan(30);
CREATE TABLE shop (customer integer, at timestamptz, amount numeric, market text);
CREATE INDEX ON shop (customer);
INSERT INTO shop SELECT g % 60, timestamptz '2025-01-01Z' + g * interval '7 hours', g % 97, 'north' FROM generate_series(1, 600) g;
SELECT segment.create_segmentation('shop', 'shop', 'customer', 'at', 'amount', market => 'market', changes => segment.by_triggers(live => true));
SELECT segment.create_segmentation('whole', 'shop', 'customer', 'at', 'amount', market => 'market');
INSERT INTO shop VALUES (1, '2025-06-01Z', 5, 'north');
SELECT is((SELECT count(*) FROM segment.live_rows('shop')), 0::bigint, 'before the first refresh there is nothing to score by');
SELECT segment.refresh(n, '2025-06-30') FROM unnest('{shop,whole}'::text[]) n;
SELECT is((SELECT count(*) FROM segment.customer_now WHERE segmentation = 'shop' AND NOT is_live), 60::bigint, 'all are as in the snapshot');

INSERT INTO shop VALUES (1, '2025-06-30 10:00Z', 500, 'south');
INSERT INTO shop VALUES (100, '2025-06-30 11:00Z', 20, 'south');
INSERT INTO shop VALUES (1000, '2199-06-30 11:00Z', 20, 'south');
UPDATE shop SET amount = amount * 3 WHERE customer = 2;
UPDATE shop SET customer = 102 WHERE customer = 3;
DELETE FROM shop WHERE customer = 4;
SELECT results_eq($$SELECT customer, segment IS NULL FROM segment.live_rows('shop') ORDER BY customer::integer$$,
  $$VALUES ('1', false), ('2', false), ('3', true), ('4', true), ('100', false), ('102', false), ('1000', true)$$, 'who bought, changed, came and went; a day in the future has not come');
SELECT segment.refresh('whole', '2025-06-30');
SELECT is_empty($$
  SELECT customer_id, market, recency_days, orders, revenue, r_score, f_score, m_score, segment_name FROM segment.customer_now
  WHERE segmentation = 'shop'
  EXCEPT ALL
  SELECT customer_id, market, recency_days, orders, revenue, r_score, f_score, m_score, segment_name FROM segment.customer_now
  WHERE segmentation = 'whole'$$, 'each is what a refresh of all gives');
SELECT is((SELECT count(*) FROM segment.customer_now WHERE segmentation = 'shop'), 60::bigint, 'and everybody is there');
INSERT INTO shop VALUES (101, '2025-07-04 11:00Z', 20, 'south');
SELECT is((SELECT string_agg(concat_ws(' ', customer_id, as_of, is_live), ', ') FROM segment.customer_now WHERE segmentation = 'shop' AND customer_id IN ('3', '101')),
  '101 2025-07-04 t', 'an order after the snapshot''s day counts; who has none is not shown');

-- verify reads everything, and changes nothing.
SELECT results_eq($$SELECT customer_id, is_known FROM segment.verify('shop') ORDER BY customer_id::integer$$,
  $$VALUES ('1', true), ('2', true), ('3', true), ('4', true), ('100', true), ('102', true)$$, 'verify finds who changed, and that the queue knows');
SELECT is(count(*), 7::bigint, 'customers changed since the last refresh are queued still') FROM (SELECT DISTINCT customer FROM segment.change_queue WHERE customer <> '101') q;
SELECT is(verified_differences, 6::bigint, 'the count is kept') FROM segment.segmentation WHERE name = 'shop';
SELECT is_empty($$SELECT * FROM segment.verify('whole')$$, 'nothing differs where all was read');
SELECT segment.refresh('shop', '2025-06-30');
SELECT is_empty($$SELECT * FROM segment.live_rows('shop')$$, 'a refresh takes over');
SELECT is_empty($$SELECT * FROM segment.verify('shop')$$, 'and nothing differs');
ALTER TABLE shop DISABLE TRIGGER USER;
UPDATE shop SET amount = amount + 1 WHERE customer = 5;
ALTER TABLE shop ENABLE TRIGGER USER;
SELECT results_eq($$SELECT customer_id, revenue - stored_revenue, is_known FROM segment.verify('shop')$$, $$VALUES ('5', 10::numeric, false)$$, 'what was written with triggers off is found');
SELECT segment.refresh('shop', '2025-07-04');
SELECT is_empty($$SELECT * FROM segment.verify('shop')$$, 'a refresh notices that they were');
SELECT throws_ok($$SELECT * FROM segment.verify('nobody')$$, '42704', NULL, 'an unknown name');

INSERT INTO shop SELECT g, '2025-07-04Z', 1, 'north' FROM generate_series(1, 150) g;
SELECT is((SELECT count(*) FROM segment.customer_now WHERE segmentation = 'shop' AND is_live), 150::bigint, 'many customers at once');
SELECT segment.forget('150');
SELECT is((SELECT count(*) FROM segment.customer_now WHERE segmentation = 'shop' AND customer_id = '150'), 0::bigint, 'not one that is erased');
SELECT throws_ok($$SELECT segment.create_segmentation('x', 'shop', 'customer', 'at', 'amount', changes => segment.by_triggers(live => NULL))$$, '22004', NULL, 'live is yes or no');
SELECT throws_ok($$SELECT segment.create_segmentation('x', 'shop', 'customer', 'at', 'amount', scores => segment.rfm_scores(cut_points => 'floating'), changes => segment.by_triggers(live => true))$$,
  '22023', NULL, 'and frozen cut points');

-- Writers need no grants; readers see what is stored, owners what is now; nobody's code runs as another.
CREATE ROLE segment_test_writer;
CREATE ROLE segment_test_mallory;
GRANT CREATE ON SCHEMA public TO segment_test_mallory;
GRANT INSERT ON shop TO segment_test_writer;
SELECT segment.refresh('shop', '2025-07-04');
SET ROLE segment_test_writer;
SELECT lives_ok($$INSERT INTO shop VALUES (1, '2025-07-04Z', 900, 'north')$$, 'a writer needs INSERT on the source, nothing else');
SELECT is((SELECT count(*) FROM segment.customer_now), 0::bigint, 'and sees nobody');
RESET ROLE;
SELECT is((SELECT count(*) FROM segment.customer_now WHERE segmentation = 'shop' AND is_live), 1::bigint, 'the owner sees the change at once');
SELECT segment.grant_reader('segment_test_mallory', 'shop');
SET ROLE segment_test_mallory;
SELECT is((SELECT count(*) FROM segment.customer_now WHERE segmentation = 'shop' AND is_live), 0::bigint, 'a reader sees what is stored');
SELECT cmp_ok((SELECT count(*) FROM segment.customer_now WHERE segmentation = 'shop'), '>', 100::bigint, 'of everybody');
RESET ROLE;

-- What another tenant's table brings along (here a policy that counts) does not run because somebody looks at the view: not for a superuser, nor for who asks for
-- another segmentation.
CREATE ROLE segment_test_tenant;
GRANT USAGE, CREATE ON SCHEMA public TO segment_test_tenant;
SELECT segment.grant_segmentation('segment_test_tenant');
SET ROLE segment_test_tenant;
CREATE TABLE trap (customer integer, at date, amount numeric);
INSERT INTO trap SELECT g % 20, date '2025-01-01' + g, 7 FROM generate_series(1, 100) g;
SELECT segment.create_segmentation('trap', 'public.trap', 'customer', 'at', 'amount', changes => segment.by_triggers(live => true));
SELECT segment.refresh('trap', '2025-07-01');
INSERT INTO trap VALUES (1, '2025-07-01', 9);
CREATE SEQUENCE looks;
CREATE FUNCTION looks() RETURNS boolean LANGUAGE sql AS $$SELECT nextval('public.looks') > 0$$;
CREATE POLICY looks ON trap USING (public.looks());
ALTER TABLE trap ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SELECT is((SELECT count(*) FROM segment.customer_now WHERE is_live), 1::bigint, 'a tenant''s own');
SELECT is(is_called, true, 'runs its policy') FROM looks;
SELECT setval('looks', 1, false);
RESET ROLE;
SELECT segment.create_segmentation('mine', 'shop', 'customer', 'at', 'amount', changes => segment.by_triggers(live => true));
SELECT segment.refresh('mine', '2025-07-04');
INSERT INTO shop VALUES (1, '2025-07-04Z', 900, 'north');
SELECT results_eq($$SELECT segmentation COLLATE "default", count(*), bool_or(is_live) FROM segment.customer_now WHERE segmentation <> 'shop' GROUP BY 1 ORDER BY 1$$,
  $$VALUES ('mine', 150::bigint, true), ('trap', 20, false), ('whole', 60, false)$$, 'a superuser sees its own as of now, and what is stored of others');
CREATE ROLE segment_test_both;
GRANT segment_test_tenant TO segment_test_both;
SELECT segment.grant_reader('segment_test_both', 'mine');
SET ROLE segment_test_both;
SELECT cmp_ok((SELECT count(*) FROM segment.customer_now WHERE segmentation = 'mine'), '>', 100::bigint, 'a member of the tenant''s role that asks for another segmentation');
SELECT is(is_called, false, 'runs nothing of the tenant') FROM looks;
SELECT is((SELECT count(*) FROM segment.customer_now WHERE is_live), 1::bigint, 'one that asks for all does');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
