-- 20_checklist.sql: the checklist of every aggregate of the room (figures, out of range: the files before; bad bytes: test/t/010)
\ir ../lib/begin.sql
SELECT plan(120);
SET search_path = public, segment;
SET client_min_messages = error;
CREATE TABLE o AS
SELECT g AS line, g % 3 AS market, CASE WHEN g % 97 > 0 THEN timestamp '2024-01-01' + make_interval(mins => g * 7919 % 20011) END AS at, g * 31 % 11 AS kind,
       (SELECT funnel_agg(timestamp '2024-01-01' + make_interval(mins => g * 7919 % 20011 + n * g % 1000), '5 days', n < 3, n = 4, n > 4) FROM generate_series(1, g % 7) n) AS funnel
FROM generate_series(0, 29999) g;
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
CREATE FUNCTION results(source text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text; whole text;
BEGIN
  EXECUTE format('SELECT md5(string_agg(market || r::text, '','' ORDER BY market)) FROM (SELECT market, %s AS r FROM %s GROUP BY market) q', call, source) INTO answer;
  EXECUTE format('SELECT md5((%s)::text) FROM %s', call, source) INTO whole;
  RETURN answer || whole;
END $$;
CREATE TABLE calls (call text, rolled text);
INSERT INTO calls VALUES
  ('funnel_agg(at, ''1 hour'', kind = 1, kind = 2, kind = 3, kind = 3)', NULL),
  ('funnel_agg(at, ''1 hour'', ''later'', ''ordered'', kind = 1, kind IN (2, 5), kind > 4) FILTER (WHERE line % 5 > 0)', NULL),
  ('funnel_agg(at::date, ''1 day'', ''any'', ''any_order'', date ''2024-01-03'', date ''2024-01-10'', line = 1, line = 15011, line = 22000)', NULL),
  ('funnel_table_agg(funnel)', 'funnels_rollup'),
  ('sequence_agg(at, kind = 1, kind IN (1, 2), kind = 3)', NULL),
  ('identity_agg(''a'' || line % 500, ''b'' || line * 31 % 700, 100000, 99)', 'identity_rollup'),
  ('identity_agg(''a'' || line % 500, nullif(''b'' || line * 31 % 70, ''b7'')) FILTER (WHERE at IS NOT NULL)', 'identity_rollup'),
  ('survival_agg(line % 700, line % 3 = 1) FILTER (WHERE at IS NOT NULL)', 'survival_rollup'),
  ('survival_agg(extract(epoch FROM at)::float8 - 1704060000, line % 5 > 0)', 'survival_rollup');
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial AS SELECT call, rolled, results('o', call) AS answer FROM calls;
SELECT ok(answer IS NOT NULL, 'a result: ' || call) FROM serial ORDER BY call COLLATE "C";
SELECT is(results('(SELECT * FROM o ORDER BY md5(line::text)) s', call), answer, 'shuffled = in order: ' || call) FROM serial ORDER BY call COLLATE "C";
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET enable_partitionwise_aggregate = on;
SELECT matches(plan_of(format('SELECT %s FROM o', call)), 'Finalize.*Partial', 'partial aggregates in workers: ' || call) FROM calls ORDER BY call COLLATE "C";
SELECT is(results('o', call), answer, 'parallel = serial: ' || call) FROM serial ORDER BY call COLLATE "C";
SELECT matches(plan_of('SELECT market, funnel_table_agg(funnel) FROM parts GROUP BY market'), 'Append.*Aggregate', 'a partition-wise plan');
SELECT is(results('parts', call), answer, 'partition-wise = serial: ' || call) FROM serial ORDER BY call COLLATE "C";
SET max_parallel_workers_per_gather = 0;

-- without rows, NULLs, one row
CREATE FUNCTION answer_of(q text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE answer boolean;
BEGIN
  EXECUTE q INTO answer;
  RETURN answer;
END $$;
SELECT ok(answer_of(format('SELECT %s IS NULL FROM o WHERE false', call)), 'no rows: ' || call) FROM calls ORDER BY call COLLATE "C";
SELECT ok(answer_of(format('SELECT %s IS NULL FROM o WHERE at IS NULL AND funnel IS NULL', replace(replace(call, '''a'' ||', 'NULL ||'), '''b'' ||', 'NULL ||'))), 'NULLs only: ' || call) FROM calls ORDER BY call COLLATE "C";
SELECT ok(answer_of(format('SELECT %s IS NOT NULL FROM o WHERE line = 13', call)), 'one row: ' || call) FROM calls ORDER BY call COLLATE "C";

-- a roll-up of parts = the whole, by the aggregate and by +
SELECT ok(answer_of(format('SELECT %2$s(r) = (SELECT %1$s FROM o) FROM (SELECT %1$s AS r FROM o GROUP BY line %% 7) x', call, rolled)), 'parts rolled up = whole: ' || call) FROM serial WHERE rolled IS NOT NULL ORDER BY call COLLATE "C";
SELECT ok(answer_of(format('SELECT a + b = (SELECT %1$s FROM o) AND b + a = a + b FROM (SELECT %1$s AS a FROM o WHERE line < 7000) x, (SELECT %1$s AS b FROM o WHERE line >= 7000) y', call)), 'a + b = whole: ' || call) FROM serial WHERE rolled IS NOT NULL ORDER BY call COLLATE "C";

-- growing and moving frames
SELECT ok(answer_of(format('SELECT bool_and(r IS NOT DISTINCT FROM (SELECT %1$s FROM o WHERE line <= x.line)) FROM (SELECT line, %1$s OVER (ORDER BY line) AS r FROM o WHERE line < 90) x', call)), 'a growing frame: ' || call) FROM calls ORDER BY call COLLATE "C";
SELECT ok(answer_of(format('SELECT bool_and(r IS NOT DISTINCT FROM (SELECT %1$s FROM o WHERE line BETWEEN x.line - 20 AND x.line)) FROM (SELECT line, %1$s OVER (ORDER BY line ROWS 20 PRECEDING) AS r FROM o WHERE line < 90) x', call)), 'a moving frame: ' || call) FROM calls ORDER BY call COLLATE "C";

-- the grouping node = core's plan
SET segment.enable_fast_aggregate = on;
SET enable_partitionwise_aggregate = off;
CREATE FUNCTION grouped(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
  EXECUTE format('SELECT md5(string_agg(person || coalesce(r::text, ''''), '','' ORDER BY person)) FROM (SELECT line / 9 AS person, %s AS r FROM o GROUP BY 1) q', call) INTO answer;
  RETURN answer;
END $$;
SELECT matches(plan_of(format('SELECT line / 9, %s FROM o GROUP BY 1', call)), 'Segment', 'the node: ' || call) FROM calls WHERE call ~ '^(funnel|sequence)_agg' ORDER BY call COLLATE "C";
SELECT matches(plan_of('SELECT market, funnel_agg(at, ''1 day'', kind = 1, kind = 2, kind = 3, kind = 4, kind = 5) FROM o GROUP BY market'), 'Segment', 'the node where conditions are many: their cost counts once');
CREATE TEMP TABLE by_node AS SELECT call, grouped(call) AS answer FROM calls;
SET segment.enable_fast_aggregate = off;
SELECT is(answer, grouped(call), 'the node = core: ' || call) FROM by_node ORDER BY call COLLATE "C";
RESET segment.enable_fast_aggregate;

-- binary COPY, text, indexes, comparison
CREATE TEMP TABLE sent AS SELECT market, funnel_agg(at, '1 hour', kind = 1, kind = 2) AS f, funnel_table_agg(funnel) AS fs, sequence_agg(at, kind = 1, kind = 2) AS t, identity_agg('a' || line, 'b' || kind) AS i, survival_agg(line, kind > 5) AS s FROM o GROUP BY market;
CREATE TEMP TABLE received (LIKE sent);
COMMIT;
\set file `mktemp -u -p /tmp`
COPY sent TO :'file' (FORMAT binary);
COPY received FROM :'file' (FORMAT binary);
\! rm -f /tmp/segment-event.*
SELECT is((SELECT count(*) FROM sent NATURAL JOIN received), 3::bigint, 'binary COPY round trip');
SELECT is((SELECT count(*) FROM sent s JOIN received r ON s.f::text::funnel = r.f AND s.fs::text::funnels = r.fs AND s.t::text::timeline = r.t AND s.i::text::identity = r.i AND s.s::text::survival = r.s), 3::bigint, 'and as text');
CREATE INDEX ON received USING hash (fs);
SET enable_seqscan = off;
SELECT is((SELECT count(*) FROM received WHERE fs = (SELECT fs FROM sent WHERE market = 1)), 1::bigint, 'found by a hash index');
RESET enable_seqscan;
SELECT is((SELECT count(DISTINCT f) FROM received), 3::bigint, 'DISTINCT');
CREATE ROLE segment_event_reader;
SET ROLE segment_event_reader;
SELECT is(funnel_reached(funnel_agg(date '2024-01-01', '1 day', true)), 1, 'as another role');
RESET ROLE;
DROP ROLE segment_event_reader;

SELECT * FROM finish();
