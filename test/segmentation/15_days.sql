-- 15_days.sql: days: none in the future unless asked for, none that cannot be taken back, one bad row decides nothing for all
\ir ../lib/begin.sql
SELECT plan(28);
CREATE TABLE shop AS SELECT g % 50 AS customer, date '2025-01-01' + g % 300 AS day, (g * 7 % 90)::numeric AS amount FROM generate_series(1, 800) g;
SELECT segment.create_segmentation('plain', 'shop', 'customer', 'day', 'amount', privacy => segment.privacy(keep_days => 100));
SELECT segment.create_segmentation('stored', 'shop', 'customer', 'day', 'amount', changes => segment.by_triggers());
SELECT segment.refresh(n, d) FROM unnest('{plain,stored}'::text[]) n, unnest('{2025-09-30,2025-10-27}'::date[]) d;
CREATE TEMP TABLE before AS SELECT v.segmentation, s.customer, s.from_day, s.until_day, s.segment, s.previous_segment, s.since, s.moved_by
FROM segment.state s JOIN segment.segmentation_version v ON v.id = s.version_id;
CREATE TEMP VIEW now AS SELECT v.segmentation, s.customer, s.from_day, s.until_day, s.segment, s.previous_segment, s.since, s.moved_by
FROM segment.state s JOIN segment.segmentation_version v ON v.id = s.version_id;

SELECT throws_ok(format('SELECT segment.refresh(%L, DATE ''2071-12-31'')', n), '22008', '2071-12-31 is in the future', 'a day to come is refused: ' || n) FROM unnest('{plain,stored}'::text[]) n;
SELECT throws_ok($$SELECT segment.refresh('plain', 'infinity', allow_future => true)$$, '22008', NULL, 'infinity always');
SELECT throws_ok($$SELECT segment.refresh('plain', '-infinity')$$, '22008', NULL, 'on both sides');
SELECT is(count(segment.refresh(n, date '2071-12-31', allow_future => true)), 2::bigint, 'unless it is asked for') FROM unnest('{plain,stored}'::text[]) n;
SELECT is((SELECT string_agg(as_of::text, ' ' ORDER BY as_of) FROM segment.snapshot WHERE segmentation = 'plain'), '2025-09-30 2025-10-27 2071-12-31', 'retention does not count from the future');
SELECT is((SELECT min(recency_days) > 16000 FROM segment.customer_profile WHERE segmentation = 'stored' AND is_latest), true, 'and everybody is old then');
SELECT is(segment.remove_snapshot('plain', '2071-12-31'), 1, 'one snapshot can be removed');
SELECT is(segment.remove_snapshot('stored', '2071-12-31'), 1, 'in each mode');
SELECT is_empty('(TABLE before EXCEPT ALL TABLE now) UNION ALL (TABLE now EXCEPT ALL TABLE before)', 'and all is as if it had not been');
SELECT is((SELECT sum(customers)::bigint FROM segment.segment_summary WHERE segmentation = 'stored' AND is_latest AND market = 'all'), 50::bigint, 'totals too');
SELECT throws_ok($$SELECT segment.remove_snapshot('plain', '2071-12-31')$$, '42704', NULL, 'what is not there is said');

-- One between two others: history is that of the days that are left.
SELECT segment.refresh(n, '2025-10-10') FROM unnest('{plain,stored}'::text[]) n;
SELECT isnt_empty('TABLE now EXCEPT ALL TABLE before', 'a day between two others shows');
SELECT is(segment.remove_snapshot(n, '2025-10-10'), 1, 'and goes: ' || n) FROM unnest('{plain,stored}'::text[]) n;
SELECT is_empty('(TABLE before EXCEPT ALL TABLE now) UNION ALL (TABLE now EXCEPT ALL TABLE before)', 'without a trace');
SELECT is(segment.remove_snapshot('plain', '2025-09-30'), 1, 'the first one too');
SELECT is((SELECT count(*) FROM now WHERE segmentation = 'plain' AND moved_by = 'new' AND from_day = '2025-10-27'), 50::bigint, 'then everybody is new on the day after');
SELECT is(segment.remove_snapshot('plain', '2025-10-27'), 1, 'and the last');
SELECT is_empty($$SELECT * FROM now WHERE segmentation = 'plain'$$, 'nothing is left');
SELECT lives_ok($$SELECT segment.refresh('plain', '2025-10-27')$$, 'and it can begin again');
SELECT is((segment.refresh('plain', '0217-12-31')).customers, 0::bigint, 'a day before the first order has nobody');

-- A row that lies ahead
INSERT INTO shop VALUES (3, '2199-01-01', 50), (99, '2199-01-01', 50);
SELECT is(refreshed, date '2025-10-27', 'the last order is one that was: ' || n) FROM unnest('{plain,stored}'::text[]) n, segment.refresh(n);
SELECT is((SELECT count(*) FROM segment.customer_profile WHERE segmentation = 'stored' AND is_latest), 50::bigint, 'who will be a customer is none yet');
SELECT is((segment.refresh('stored', '2199-01-02', allow_future => true)).customers, 51::bigint, 'but then');
SELECT is((SELECT recency_days FROM segment.customer_profile WHERE segmentation = 'stored' AND as_of = '2199-01-02' AND customer_id = '3'), 1, 'and is found without a change of the orders');
SELECT throws_ok($$SELECT segment.purge_snapshots((SELECT min(name) FROM segment.segmentation), -5)$$, '22023', 'keep_days must not be negative', 'nobody removes all snapshots by a sign');

SELECT * FROM finish();
ROLLBACK;
