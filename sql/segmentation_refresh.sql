-- A declared segmentation: two refreshes, who moved and why, incremental refresh, publication, erasure; and what is refused.
SET datestyle = ISO;
CREATE TABLE orders AS
SELECT c AS customer, date '2025-06-30' - (c * 7) % 180 - o * 30 AS at, 10 + (c * 13) % 90 AS amount, CASE WHEN c % 3 = 0 THEN 'north' ELSE 'south' END AS market
FROM generate_series(1, 60) c, generate_series(0, c % 5) o;
INSERT INTO orders VALUES (NULL, '2025-06-01', 99, 'north');

SELECT segment.create_segmentation('shop', 'orders', 'customer', 'at', 'amount', market => 'market', scores => segment.rfm_scores(min_market => 10), changes => segment.by_triggers());
SELECT * FROM segment.refresh('shop', '2025-06-30');
SELECT segment_name, customers, orders, revenue FROM segment.segment_summary
WHERE segmentation = 'shop' AND is_latest AND market = 'all' ORDER BY segment_sort, segment_name COLLATE "C";

-- a month later: one customer came back, one is new
INSERT INTO orders VALUES (7, '2025-07-20', 80, 'south'), (61, '2025-07-21', 15, 'north');
SELECT * FROM segment.refresh('shop', '2025-07-31');
SELECT customer_id, left_segment_name, entered_segment_name, direction, moved_by FROM segment.segment_changes
WHERE segmentation = 'shop' AND is_latest AND moved_by <> 'time' ORDER BY customer_id::int;
SELECT sum(customers) AS customers, sum(moved_by_order) AS by_order, sum(moved_by_time) AS by_time FROM segment.segment_migration
WHERE segmentation = 'shop' AND is_latest;

-- what was read from changes is what reading everything gives
CREATE VIEW profile AS SELECT to_jsonb(p) - 'computed_at' AS row FROM segment.customer_profile p WHERE segmentation = 'shop' AND is_latest;
CREATE TABLE incremental AS TABLE profile;
SELECT * FROM segment.refresh('shop', '2025-07-31', read => 'all');
SELECT count(*) AS differences FROM ((TABLE incremental EXCEPT TABLE profile) UNION ALL (TABLE profile EXCEPT TABLE incremental)) d;

-- a summary that shows no small group
SELECT * FROM segment.publish_summary('shop', 5);
SELECT grain, segment_name, is_suppressed, customers FROM segment.published_summary
WHERE segmentation = 'shop' AND grain IN ('total', 'segment') ORDER BY grain COLLATE "C", segment_sort, segment_name COLLATE "C";

-- erased everywhere
SELECT * FROM segment.forget('7');
SELECT count(*) FROM segment.customer_profile WHERE segmentation = 'shop' AND customer_id = '7';

-- refused
SELECT segment.create_segmentation('shop', 'orders', 'customer', 'at', 'amount');
SELECT segment.create_segmentation('other', 'orders', 'client', 'at', 'amount');
SELECT segment.create_segmentation('other', 'orders', 'customer', 'at', 'amount', label => segment.by_scheme('clasic'));
SELECT segment.create_segmentation('other', 'orders', 'customer', 'at', 'amount', scores => segment.rfm_scores('frosen'));
SELECT segment.create_segmentation('other', 'orders', 'customer', 'at', 'amount', filter => 'region = ''x''');
SELECT segment.create_segmentation('other', 'orders', 'customer', 'at', 'amount', label => segment.by_value_tiers(), days => segment.calendar(look_back_days => 30));
SELECT segment.refresh('shopp');
SELECT segment.drop_segmentation('shop');
DELETE FROM segment.forgotten;
DROP VIEW profile;
DROP TABLE orders, incremental;
