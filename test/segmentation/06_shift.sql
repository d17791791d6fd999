-- 06_shift.sql: the Stuart-Maxwell test, by itself and between snapshots
\ir ../lib/begin.sql
SELECT plan(11);

SELECT results_eq($$SELECT round(statistic::numeric, 3), df, round(p_value::numeric, 6)
  FROM segment.stuart_maxwell('{{1520,266,124,66},{234,1512,432,78},{117,362,1772,205},{36,82,179,492}}')$$,
  'VALUES (11.957, 3, 0.007533)', 'vision of 7,477 women: Stuart''s published figures');
SELECT results_eq($$SELECT statistic, df FROM segment.stuart_maxwell('{{59,6},{16,80}}')$$, 'VALUES (100 / 22::float8, 1)', 'two categories: McNemar''s test');
SELECT results_eq($$SELECT * FROM segment.stuart_maxwell('{{5,0},{0,7}}')$$, 'VALUES (NULL::float8, 0, NULL::float8)', 'nobody changed');
SELECT results_eq($$SELECT * FROM segment.stuart_maxwell(NULL)$$, 'VALUES (NULL::float8, NULL::int, NULL::float8)', 'NULL');
SELECT throws_ok($$SELECT segment.stuart_maxwell('{{1,2,3},{4,5,6}}')$$, '2202E', NULL, 'a table that is not square');
SELECT throws_ok($$SELECT segment.stuart_maxwell('{1,2}')$$, '2202E', NULL, 'no table');
SELECT throws_ok($$SELECT segment.stuart_maxwell('{{1,NULL},{2,3}}')$$, '22004', NULL, 'a NULL cell');
SELECT throws_ok($$SELECT segment.stuart_maxwell('{{1,-1},{2,3}}')$$, '22023', NULL, 'a negative cell');

CREATE TABLE shop AS
SELECT c AS customer, date '2025-01-01' + (c * 7919 + o * 13) % 200 AS day, (c * 31 % 97) AS amount
FROM generate_series(1, 500) c, generate_series(0, c % 5) o;
SELECT segment.create_segmentation('shop', 'shop', 'customer', 'day', 'amount');
SELECT segment.refresh('shop', day) FROM unnest('{2025-05-01,2025-07-01}'::date[]) day;
CREATE TEMP TABLE pair AS
SELECT a.segment_name AS before, b.segment_name AS after FROM segment.customer_profile a JOIN segment.customer_profile b USING (customer_id)
WHERE a.as_of = '2025-05-01' AND b.as_of = '2025-07-01';
SELECT results_eq($$SELECT customers, changed, statistic > 0, p_value BETWEEN 0 AND 1 FROM segment.segment_shift('shop', '2025-05-01', '2025-07-01')$$,
  $$SELECT count(*), count(*) FILTER (WHERE before <> after), true, true FROM pair$$, 'between snapshots, the customers of both');
SELECT results_eq($$SELECT statistic, df, changed FROM segment.segment_shift('shop', '2025-05-01', '2025-05-01')$$, 'VALUES (NULL::float8, 0, 0::bigint)', 'a day against itself');
SELECT throws_like($$SELECT segment.segment_shift('shop', '2025-05-01', '2025-05-02')$$, 'segmentation "shop" has no snapshot of 2025-05-02', 'a day without a snapshot');

SELECT * FROM finish();
ROLLBACK;
