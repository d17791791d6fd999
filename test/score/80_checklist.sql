-- 80_checklist.sql: the checklist of every aggregate, for quantiles_agg, quantiles_rollup, cut_points_agg and
-- rfm_cut_points_agg (no rows, NULLs, one row, NaN, text form: 20 to 70; bad bytes and cancel: test/t)
\ir ../lib/begin.sql
SELECT plan(62);
SET search_path = public, segment;
SET client_min_messages = error;
CREATE TABLE o AS
SELECT g AS line, g % 3 AS market, CASE WHEN g % 11 > 0 THEN (g::bigint * 7919 % 30011) / 100.0 END::float8 AS value,
       rfm_agg(date '2024-01-01' + g % 400, (g::bigint * 7919 % 30011) / 100.0 - 5) AS rfm
FROM generate_series(1, 30000) g GROUP BY g;
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
CREATE TABLE calls (call text);
INSERT INTO calls VALUES ('quantiles_agg(value)'), ('quantiles_agg(line % 50)'), ('quantiles_agg(value) FILTER (WHERE line % 2 = 0)'),
  ('cut_points_agg(value, 5)'), ('cut_points_agg(value, 9, ''natural'')'), ('cut_points_agg(value, 4, ''equal_width'', ''descending'')'),
  ('rfm_cut_points_agg(rfm, ''2025-06-01'', 5)'), ('rfm_cut_points_agg(rfm, ''2025-06-01'', 4, ''natural'', ''average'', ''UTC'')'),
  ('quantiles_rollup(CASE WHEN line % 7 > 0 THEN ''{1,2:3}''::quantiles + ''{5}'' END)');

SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial AS SELECT call, results('o', call) AS answer FROM calls;
SELECT ok(answer IS NOT NULL, 'a result: ' || call) FROM serial ORDER BY call COLLATE "C";
SELECT is(results('(SELECT * FROM o ORDER BY md5(line::text)) s', call), answer, 'shuffled = in order: ' || call) FROM serial ORDER BY call COLLATE "C";
SELECT is(quantiles_agg(value)::text, '{' || (SELECT string_agg(value || CASE WHEN n > 1 THEN ':' || n ELSE '' END, ',' ORDER BY value)
  FROM (SELECT value, count(*) n FROM o WHERE value IS NOT NULL GROUP BY value) v) || '}', 'quantiles = GROUP BY value') FROM o;

SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET enable_partitionwise_aggregate = on;
SELECT matches(plan_of(format('SELECT %s FROM o', call)), 'Finalize.*Partial', 'partial aggregates in workers: ' || call) FROM calls ORDER BY call COLLATE "C";
SELECT is(results('o', call), answer, 'parallel = serial: ' || call) FROM serial ORDER BY call COLLATE "C";
SELECT matches(plan_of('SELECT market, cut_points_agg(value, 5) FROM parts GROUP BY market'), 'Append.*Aggregate', 'a partition-wise plan');
SELECT is(results('parts', call), answer, 'partition-wise = serial: ' || call) FROM serial ORDER BY call COLLATE "C";
SET max_parallel_workers_per_gather = 0;

-- a memory limit far below the data: sorted runs in temporary files, the same results
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT is(results('o', call), answer, 'in 64 kB: ' || call) FROM serial WHERE call LIKE '%(value%' AND call NOT LIKE '%FILTER%' ORDER BY call COLLATE "C";
SELECT is(quantiles_distinct(quantiles_agg(g)), 200000::bigint, 'many runs, merged in levels') FROM generate_series(200000, 1, -1) g;
SELECT results_eq('SELECT (quantiles_entries(quantiles_agg(g::bigint * 7919 % 5003))).* FROM generate_series(1, 100000) g',
  'SELECT (g::bigint * 7919 % 5003)::float8, count(*) FROM generate_series(1, 100000) g GROUP BY 1 ORDER BY 1', 'values that recur in many runs');
SELECT is(cut_points_agg(g::bigint * 7919 % 5003, 4)::text, 'quantile {1250,2501,3752} by quantile of {25005,25005,25005,24985}', 'and their cut points') FROM generate_series(1, 100000) g;
RESET work_mem;
RESET hash_mem_multiplier;

-- window frames
SELECT is_empty($$
  SELECT * FROM (SELECT line, quantiles_agg(value) OVER w AS q, cut_points_agg(value, 3) OVER w AS c FROM o WHERE line <= 60 WINDOW w AS (ORDER BY line)) r
  WHERE q IS DISTINCT FROM (SELECT quantiles_agg(value) FROM o WHERE line <= r.line) OR c IS DISTINCT FROM (SELECT cut_points_agg(value, 3) FROM o WHERE line <= r.line)$$, 'a growing frame');
SELECT is_empty($$
  SELECT * FROM (SELECT line, quantiles_agg(line) OVER (ORDER BY line ROWS 2 PRECEDING) AS q FROM o WHERE line <= 60) r
  WHERE q IS DISTINCT FROM (SELECT quantiles_agg(o.line) FROM o WHERE o.line BETWEEN r.line - 2 AND r.line)$$, 'a moving frame');
SELECT is_empty($$
  SELECT * FROM (SELECT line, rfm_cut_points_agg(rfm, '2025-06-01', 3) OVER (ORDER BY line) AS c FROM o WHERE line <= 60) r
  WHERE c IS DISTINCT FROM (SELECT rfm_cut_points_agg(rfm, '2025-06-01', 3) FROM o WHERE line <= r.line)$$, 'a growing frame of summaries');

-- binary COPY round trip, indexes, joins by value
CREATE TEMP TABLE sent AS SELECT market, quantiles_agg(value) q, cut_points_agg(value, 5) c, rfm_cut_points_agg(rfm, '2025-06-01', 5) r FROM o GROUP BY market;
CREATE TEMP TABLE received (LIKE sent);
COMMIT;
\set file `mktemp -u -p /tmp`
COPY sent TO :'file' (FORMAT binary);
COPY received FROM :'file' (FORMAT binary);
\! rm -f /tmp/segment-score.*
SELECT is((SELECT count(*) FROM sent NATURAL JOIN received), 3::bigint, 'binary COPY round trip');
SELECT is((SELECT count(*) FROM sent s JOIN received r ON s.q::text = r.q::text AND s.c::text = r.c::text AND s.r::text = r.r::text), 3::bigint, 'and as text');
CREATE INDEX ON received (c, r);
CREATE INDEX ON received USING hash (q);
SET enable_seqscan = off;
SELECT is((SELECT count(*) FROM received WHERE c = (SELECT c FROM sent WHERE market = 1)), 1::bigint, 'found by a btree index');
SELECT is((SELECT count(*) FROM received WHERE q = (SELECT q FROM sent WHERE market = 1)), 1::bigint, 'found by a hash index');

-- a role without any privilege but the schema's
CREATE ROLE segment_score_reader;
SET ROLE segment_score_reader;
SELECT is(cut_points_agg(g, 5)::text, 'quantile {20.8,40.6,60.4,80.2} by quantile of {20,20,20,20,20}', 'as another role') FROM generate_series(1, 100) g;
RESET ROLE;
DROP ROLE segment_score_reader;

SELECT * FROM finish();
