-- 20_checklist.sql: the checklist of every aggregate, for items_agg, items_rollup, affinity_agg and affinity_rollup (values in any order and
-- beyond the memory limit: 03; bad bytes: test/t/010; cancelled: test/t/070)
\ir ../lib/begin.sql
SELECT plan(58);
SET search_path = public, segment;
CREATE TABLE o AS SELECT g AS line, g % 3 AS market, g / 7 AS basket, (g::bigint * 7919 % 104729) % 211 AS item, 'item ' || (g::bigint * 7919 % 104729) % 211 AS name FROM generate_series(0, 20999) g;
CREATE TABLE b AS SELECT basket AS line, basket % 3 AS market, items_agg(item) AS i, items_agg(name) AS t FROM o GROUP BY basket;
ALTER TABLE b ADD a affinity;
UPDATE b SET a = x.a FROM (SELECT line, affinity_agg(t) a FROM b WHERE line < 300 GROUP BY line) x WHERE x.line = b.line;
CREATE TABLE o_parts (LIKE o) PARTITION BY LIST (market);
CREATE TABLE o_parts_0 PARTITION OF o_parts FOR VALUES IN (0);
CREATE TABLE o_parts_1 PARTITION OF o_parts FOR VALUES IN (1);
CREATE TABLE o_parts_2 PARTITION OF o_parts FOR VALUES IN (2);
INSERT INTO o_parts SELECT * FROM o;
CREATE TABLE b_parts (LIKE b) PARTITION BY LIST (market);
CREATE TABLE b_parts_0 PARTITION OF b_parts FOR VALUES IN (0);
CREATE TABLE b_parts_1 PARTITION OF b_parts FOR VALUES IN (1);
CREATE TABLE b_parts_2 PARTITION OF b_parts FOR VALUES IN (2);
INSERT INTO b_parts SELECT * FROM b;
ANALYZE o, b, o_parts, b_parts;

CREATE FUNCTION plan_of(q text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; answer text := '';
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || q LOOP answer := answer || line || E'\n'; END LOOP;
  RETURN answer;
END $$;
CREATE FUNCTION results(source text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text; whole text;
BEGIN
  EXECUTE format('SELECT md5(string_agg(market || r::text, '','' ORDER BY market)) FROM (SELECT market, %s AS r FROM %s GROUP BY market) q', call, source) INTO answer;
  EXECUTE format('SELECT md5((%s)::text) FROM %s', call, source) INTO whole;
  RETURN answer || whole;
END $$;
CREATE TABLE calls (source text, call text);
INSERT INTO calls VALUES ('o', 'items_agg(item)'), ('o', 'items_agg(name) FILTER (WHERE line % 2 = 0)'), ('b', 'items_rollup(i)'), ('b', 'affinity_agg(i)'), ('b', 'affinity_agg(t, 5) FILTER (WHERE line % 2 = 0)'), ('b', 'affinity_rollup(a)');
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial AS SELECT source, call, results(source, call) AS answer FROM calls;
SELECT ok(answer IS NOT NULL, 'a result: ' || call) FROM serial ORDER BY call COLLATE "C";
SELECT is(results(format('(SELECT * FROM %s ORDER BY md5(line::text)) s', source), call), answer, 'shuffled = in order: ' || call) FROM serial ORDER BY call COLLATE "C";
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET enable_partitionwise_aggregate = on;
SELECT matches(plan_of(format('SELECT %s FROM %s', call, source)), 'Finalize.*Partial', 'partial aggregates in workers: ' || call) FROM calls ORDER BY call COLLATE "C";
SELECT is(results(source, call), answer, 'parallel = serial: ' || call) FROM serial ORDER BY call COLLATE "C";
SELECT matches(plan_of(format('SELECT market, %s FROM %s_parts GROUP BY market', call, source)), 'Append.*Aggregate', 'a partition-wise plan: ' || call) FROM calls ORDER BY call COLLATE "C";
SELECT is(results(source || '_parts', call), answer, 'partition-wise = serial: ' || call) FROM serial ORDER BY call COLLATE "C";
SET max_parallel_workers_per_gather = 0;
SELECT is((SELECT affinity_rollup(a) FROM (SELECT affinity_agg(t) a FROM b GROUP BY line % 7) x), (SELECT affinity_agg(t) FROM b), 'a roll-up of parts = the whole');
SELECT is((SELECT items_rollup(i) FROM (SELECT items_agg(item) i FROM o GROUP BY line % 7) x), (SELECT items_agg(item) FROM o), 'of items, too');

-- no rows, NULL, one row, options
SELECT is((SELECT (items_agg(item), items_rollup(NULL), affinity_agg(NULL), affinity_rollup(NULL))::text FROM o WHERE false), '(,,,)', 'no rows: NULL');
SELECT is((SELECT (items_agg(NULL::int), items_rollup(NULL), affinity_agg(NULL), affinity_agg(NULL, 5), affinity_rollup(NULL))::text FROM o), '(,,,,)', 'NULL rows: NULL');
SELECT is((SELECT affinity_agg(CASE WHEN line % 2 = 0 THEN i END) FROM b), (SELECT affinity_agg(i) FROM b WHERE line % 2 = 0), 'NULL among others is skipped');
SELECT is(affinity_agg('[1, 2]')::text, '{"max_items": 1000, "baskets": 1, "single": 0, "large": 0, "largest": 2, "items": [1,1,2,1], "pairs": [[1,1],[]]}', 'one basket');
SELECT is(affinity_agg('["x"]')::text, '{"max_items": 1000, "baskets": 1, "single": 1, "large": 0, "largest": 1, "items": ["x",1], "pairs": [[]]}', 'one item');
SELECT throws_ok('SELECT affinity_agg(i, 1) FROM b', '22023', NULL, 'max_items is at least 2');
SELECT throws_ok('SELECT affinity_agg(i, NULL) FROM b', '22004', NULL, 'and not NULL');
SELECT throws_ok('SELECT affinity_agg(i, 5 + line % 2) FROM b', '22023', NULL, 'and does not change');
SELECT throws_ok('SELECT affinity_agg(CASE WHEN line = 7 THEN t ELSE i END) FROM b', '22023', NULL, 'integers and texts');
SELECT throws_ok($$SELECT affinity_agg('[1,2]') + affinity_agg('[1,2]', 5)$$, '22023', NULL, 'other max_items');

-- as window functions
SELECT is_empty($$SELECT * FROM (SELECT line, items_agg(item) OVER (ORDER BY line) AS r FROM o WHERE line < 90) x WHERE r IS DISTINCT FROM (SELECT items_agg(item) FROM o WHERE line <= x.line)$$, 'items: a growing frame');
SELECT is_empty($$SELECT * FROM (SELECT line, items_agg(name) OVER (ORDER BY line ROWS 2 PRECEDING) AS r FROM o WHERE line < 90) x WHERE r IS DISTINCT FROM (SELECT items_agg(name) FROM o WHERE line BETWEEN x.line - 2 AND x.line)$$, 'items: a moving frame');
SELECT is_empty($$SELECT * FROM (SELECT line, affinity_agg(t) OVER (ORDER BY line) AS r FROM b WHERE line < 90) x WHERE r IS DISTINCT FROM (SELECT affinity_agg(t) FROM b WHERE line <= x.line)$$, 'affinity: a growing frame');
SELECT is_empty($$SELECT * FROM (SELECT line, affinity_rollup(a) OVER (ORDER BY line ROWS 2 PRECEDING) AS r FROM b WHERE line < 90) x WHERE r IS DISTINCT FROM (SELECT affinity_agg(t) FROM b WHERE line BETWEEN x.line - 2 AND x.line)$$, 'affinity: a moving frame');

-- to files and back, indexes, another role
CREATE TEMP TABLE sent AS SELECT market, affinity_agg(i) i, affinity_agg(t) t, items_rollup(t) s FROM b GROUP BY market;
CREATE TEMP TABLE received (LIKE sent);
COMMIT;
\set file `mktemp -u -p /tmp`
COPY sent TO :'file' (FORMAT binary);
COPY received FROM :'file' (FORMAT binary);
\! rm -f /tmp/segment-affinity.*
SELECT is((SELECT count(*) FROM sent NATURAL JOIN received), 3::bigint, 'binary COPY round trip');
SELECT is((SELECT count(*) FROM sent s JOIN received r ON s.i::text::affinity = r.i AND s.t::text::affinity = r.t AND s.s::text::items = r.s), 3::bigint, 'and as text');
SELECT is((SELECT count(*) FROM sent WHERE (i::jsonb)->'baskets' = to_jsonb((SELECT n_baskets FROM affinity_info(i)))), 3::bigint, 'and as jsonb');
CREATE INDEX ON received USING hash (t);
CREATE INDEX ON received (s);
SET enable_seqscan = off;
SELECT is((SELECT count(*) FROM received WHERE t = (SELECT t FROM sent WHERE market = 1)), 1::bigint, 'found by a hash index');
SELECT is((SELECT count(*) FROM received WHERE s = (SELECT s FROM sent WHERE market = 1)), (SELECT count(*) FROM sent WHERE s = (SELECT s FROM sent WHERE market = 1)), 'and by a btree');
RESET enable_seqscan;
CREATE ROLE segment_affinity_reader;
SET ROLE segment_affinity_reader;
SELECT is((SELECT n_ab FROM (SELECT affinity_agg('[1, 2]') a) x, affinity_table(a, 1) LIMIT 1), 1::bigint, 'as another role');
RESET ROLE;
DROP ROLE segment_affinity_reader;

SELECT * FROM finish();
