-- 20_checklist.sql: the checklist of every aggregate, for retention_agg, retention_rollup, active_agg and active_rollup
-- (bad bytes: test/t/010; cancel: test/t/070; memory: what a state takes depends on the grid, not on the rows)
\ir ../lib/begin.sql
SELECT plan(86);
SET search_path = public, segment;
SET client_min_messages = error;
CREATE TABLE o AS
SELECT c, c % 3 AS market, ledger_agg(date '2024-01-01' + (c * 7919 + k * k * 31 + k * 104729) % 400, ((c * 31 + k * 7919) % 3001) / 100.0 - 2) AS l,
       ledger_agg(date '2024-01-01' + (c * 7919 + k * k * 31 + k * 104729) % 400, ((c * 31 + k * 7919) % 1501) / 100.0) FILTER (WHERE (c + k) % 9 > 0) AS k
FROM generate_series(1, 3000) c, generate_series(1, 7) k GROUP BY c;
UPDATE o SET l = NULL WHERE c % 17 = 0;
UPDATE o SET k = NULL WHERE c % 19 = 0;
CREATE TABLE parts (LIKE o) PARTITION BY LIST (market);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES IN (0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2);
INSERT INTO parts SELECT * FROM o;
ANALYZE o;
ANALYZE parts;

CREATE FUNCTION plan_of(q text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; answer text := '';
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || q LOOP answer := answer || line || E'\n'; END LOOP;
  RETURN answer;
END $$;
-- all results of a call, each market's and the whole's
CREATE FUNCTION results(source text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text; whole text;
BEGIN
  EXECUTE format('SELECT md5(string_agg(market || r::text, '','' ORDER BY market)) FROM (SELECT market, %s AS r FROM %s GROUP BY market) q', call, source) INTO answer;
  EXECUTE format('SELECT md5((%s)::text) FROM %s', call, source) INTO whole;
  RETURN answer || whole;
END $$;
CREATE TABLE calls (call text, rolled text);
INSERT INTO calls VALUES ('retention_agg(l, periods(''month'', ''2024-01-01'', ''2025-02-01''), ''2025-01-20'')', 'retention_rollup'), ('retention_agg(l, periods(''week'', ''2024-03-01'', ''2024-09-01''), ''2024-08-20'', k)', 'retention_rollup'),
  ('retention_agg(l, periods(''10 days'', ''2024-03-01'', ''2024-09-01''), ''2024-12-20'', k) FILTER (WHERE c % 2 = 0)', 'retention_rollup'),
  ('active_agg(l, ''2024-02-01'', ''2025-02-01'', 28)', 'active_rollup'), ('active_agg(l, ''2023-12-20'', ''2024-12-01'', 1) FILTER (WHERE c % 2 = 0)', 'active_rollup'), ('active_agg(l, ''2024-11-01'', ''2024-11-02'', 400)', 'active_rollup');

SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial AS SELECT call, rolled, results('o', call) AS answer FROM calls;
SELECT ok(answer IS NOT NULL, 'a result: ' || call) FROM serial ORDER BY call COLLATE "C";
SELECT is(results('(SELECT * FROM o ORDER BY md5(c::text)) s', call), answer, 'shuffled = in order: ' || call) FROM serial ORDER BY call COLLATE "C";
-- a roll-up of parts = the whole, by the aggregate and by +
CREATE FUNCTION answer_of(q text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE answer boolean;
BEGIN
  EXECUTE q INTO answer;
  RETURN answer;
END $$;
SELECT ok(answer_of(format('SELECT %2$s(r) = (SELECT %1$s FROM o) FROM (SELECT %1$s AS r FROM o GROUP BY c %% 7) x', call, rolled)), 'parts rolled up = whole: ' || call) FROM serial ORDER BY call COLLATE "C";
SELECT ok(answer_of(format('SELECT a + b = (SELECT %1$s FROM o) AND b + a = a + b FROM (SELECT %1$s AS a FROM o WHERE c < 700) x, (SELECT %1$s AS b FROM o WHERE c >= 700) y', call)), 'a + b = whole: ' || call) FROM serial ORDER BY call COLLATE "C";

SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET enable_partitionwise_aggregate = on;
SELECT matches(plan_of(format('SELECT %s FROM o', call)), 'Finalize.*Partial', 'partial aggregates in workers: ' || call) FROM calls ORDER BY call COLLATE "C";
SELECT is(results('o', call), answer, 'parallel = serial: ' || call) FROM serial ORDER BY call COLLATE "C";
SELECT matches(plan_of('SELECT market, active_agg(l, ''2024-02-01'', ''2025-02-01'', 28) FROM parts GROUP BY market'), 'Append.*Aggregate', 'a partition-wise plan');
SELECT is(results('parts', call), answer, 'partition-wise = serial: ' || call) FROM serial ORDER BY call COLLATE "C";
SET max_parallel_workers_per_gather = 0;

-- no rows, NULLs, one row
SELECT ok(answer_of(format('SELECT %s IS NULL FROM o WHERE false', call)), 'no rows: ' || call) FROM calls ORDER BY call COLLATE "C";
SELECT ok(answer_of(format('SELECT %s IS NULL FROM o WHERE l IS NULL', call)), 'NULL ledgers only: ' || call) FROM calls ORDER BY call COLLATE "C";
SELECT is(retention_rollup(NULL), NULL, 'no retention');
SELECT is(active_rollup(NULL), NULL, 'no actives');
SELECT is((SELECT string_agg(active || '/' || active_in_window, ' ' ORDER BY day) FROM (SELECT active_agg(l, '2024-01-01', '2024-01-08', 3) AS a FROM (SELECT ledger_agg(d, 1) l FROM unnest('{2023-12-30,2024-01-03,2024-01-05}'::date[]) d) y) x, active_table(a)), '0/1 0/0 1/1 0/1 1/1 0/1 0/1', 'one customer, a window of three days');

-- growing and moving frames
SELECT is_empty($$
  SELECT * FROM (SELECT c, retention_agg(l, periods('month', '2024-01-01', '2025-02-01'), '2025-01-20', k) OVER w AS r, active_agg(l, '2024-02-01', '2025-02-01', 7) OVER w AS a FROM o WHERE c <= 60 WINDOW w AS (ORDER BY c)) x
  WHERE r IS DISTINCT FROM (SELECT retention_agg(l, periods('month', '2024-01-01', '2025-02-01'), '2025-01-20', k) FROM o WHERE c <= x.c) OR a IS DISTINCT FROM (SELECT active_agg(l, '2024-02-01', '2025-02-01', 7) FROM o WHERE c <= x.c)$$, 'a growing frame');
SELECT is_empty($$
  SELECT * FROM (SELECT c, retention_agg(l, periods('month', '2024-01-01', '2025-02-01'), '2025-01-20') OVER w AS r, active_agg(l, '2024-02-01', '2025-02-01', 7) OVER w AS a FROM o WHERE c <= 60 WINDOW w AS (ORDER BY c ROWS 2 PRECEDING)) x
  WHERE r IS DISTINCT FROM (SELECT retention_agg(l, periods('month', '2024-01-01', '2025-02-01'), '2025-01-20') FROM o WHERE c BETWEEN x.c - 2 AND x.c) OR a IS DISTINCT FROM (SELECT active_agg(l, '2024-02-01', '2025-02-01', 7) FROM o WHERE c BETWEEN x.c - 2 AND x.c)$$, 'a moving frame');

-- binary COPY round trip, indexes, joins by value
CREATE TEMP TABLE sent AS SELECT market, retention_agg(l, periods('month', '2024-01-01', '2025-02-01'), '2025-01-20', k) r, active_agg(l, '2024-02-01', '2025-02-01', 7) a FROM o GROUP BY market;
CREATE TEMP TABLE received (LIKE sent);
COMMIT;
\set file `mktemp -u -p /tmp`
COPY sent TO :'file' (FORMAT binary);
COPY received FROM :'file' (FORMAT binary);
\! rm -f /tmp/segment-kpi.*
SELECT is((SELECT count(*) FROM sent NATURAL JOIN received), 3::bigint, 'binary COPY round trip');
SELECT is((SELECT count(*) FROM sent s JOIN received r ON s.r::text::retention = r.r AND s.a::text::actives = r.a), 3::bigint, 'and as text');
SELECT is((SELECT count(DISTINCT r) || ' ' || count(DISTINCT a) FROM (TABLE sent UNION ALL TABLE received) x), '3 3', 'sorted and hashed');
CREATE INDEX ON received (md5(r::text), md5(a::text));
CREATE INDEX ON received USING hash (a);
SET enable_seqscan = off;
SELECT is((SELECT count(*) FROM received WHERE a = (SELECT a FROM sent WHERE market = 1)), 1::bigint, 'found by a hash index');
RESET enable_seqscan;

-- errors
SELECT throws_ok($$SELECT retention_agg(l, periods('month', '2023-01-01', '2024-06-01'), date '2024-05-01' + c) FROM o$$, '22023', NULL, 'as_of changes');
SELECT throws_ok($$SELECT retention_agg(l, periods('month', '2023-01-01', date '2024-05-01' + c), '2024-05-01') FROM o$$, '22023', NULL, 'periods change');
SELECT throws_ok($$SELECT retention_agg(l, NULL, '2024-05-01') FROM o$$, '22004', NULL, 'no periods');
SELECT throws_ok($$SELECT retention_agg(l, periods('month', '2023-01-01', '2024-06-01'), NULL, k) FROM o$$, '22004', NULL, 'no as_of');
SELECT throws_ok($$SELECT retention_agg(l, periods('month', '2023-01-01', '2024-06-01'), 'infinity') FROM o$$, '22023', NULL, 'as_of at the end of time');
SELECT throws_ok($$SELECT retention_agg(l, periods('day', '2023-01-01', '2026-01-01'), '2024-05-01') FROM o$$, '54000', 'too many periods for retention', 'too many periods');
SELECT throws_ok($$SELECT a.r + b.r FROM sent a, (SELECT retention_agg(l, periods('month', '2024-01-01', '2025-02-01'), '2025-01-19', k) FROM o) b(r)$$, '22023', 'retention of different periods or days', 'another day');
SELECT throws_ok($$SELECT a.r + b.r FROM sent a, (SELECT retention_agg(l, periods('month', '2024-01-01', '2025-02-01'), '2025-01-20') FROM o) b(r)$$, '22023', 'retention with and without costs', 'without costs');
SELECT throws_ok($$SELECT cohort_table(r, 'after') FROM sent$$, '22023', NULL, 'an unknown kind');
SELECT throws_ok($$SELECT cohort_table(r, age => 'days') FROM sent$$, '22023', NULL, 'an unknown age');
SELECT throws_ok($$SELECT cohort_table(r, cohort => 'recurring', age => 'own') FROM sent$$, '22023', 'recurring cohorts have no own age', 'recurring by own age');
SELECT throws_ok($$SELECT cohort_table(r, 'rolling', rolling_periods => 0) FROM sent$$, '22023', 'rolling_periods is out of range', 'no periods');
SELECT throws_ok($$SELECT cohort_table(retention_agg(l, periods('day', '2024-01-01', '2024-12-31'), '2024-12-31'), 'rolling', rolling_periods => 100) FROM o$$, '54000', 'rolling_periods is too many for this retention', 'more than a long grid keeps apart');
SELECT is((SELECT count(*) FROM sent, cohort_table(r, 'rolling', rolling_periods => 1000) WHERE customers <> cohort_size), 0::bigint, 'more than the grid has are all');
SELECT throws_ok($$SELECT active_agg(l, '2024-02-01', '2024-02-01', 7) FROM o$$, '22023', 'to_day is not after from_day', 'no day');
SELECT throws_ok($$SELECT active_agg(l, '2024-02-01', 'infinity', 7) FROM o$$, '22023', 'to_day is not after from_day', 'days without end');
SELECT throws_ok($$SELECT active_agg(l, '2024-02-01', '2064-02-01', 7) FROM o$$, '54000', 'too many days for actives', 'too many days');
SELECT throws_ok($$SELECT active_agg(l, '2024-02-01', '2024-03-01', 0) FROM o$$, '22023', 'window_days is out of range', 'no window');
SELECT throws_ok($$SELECT active_agg(l, '2024-02-01', '2024-03-01', 1 + c) FROM o$$, '22023', NULL, 'a window that changes');
SELECT throws_ok($$SELECT active_agg(l, '2024-02-01', NULL, 7) FROM o$$, '22004', NULL, 'no end');
SELECT throws_ok($$SELECT a.a + b.a FROM sent a, (SELECT active_agg(l, '2024-02-01', '2025-02-01', 8) FROM o) b(a)$$, '22023', 'actives of different days or windows', 'another window');

-- a role without any privilege but the schema's
CREATE ROLE segment_kpi_reader;
SET ROLE segment_kpi_reader;
SELECT is((SELECT max(active_in_window) FROM (SELECT active_agg(l, '2024-01-01', '2024-01-03', 2) AS a FROM (SELECT ledger_agg(date '2024-01-01', 1) l) y) x, active_table(a)), 1::bigint, 'as another role');
RESET ROLE;
DROP ROLE segment_kpi_reader;

SELECT * FROM finish();
