-- 20_checklist.sql: the checklist of every aggregate, for rates_agg and rates_rollup (no rows, NULLs, one row, out of range: 01; bad bytes: test/t/010)
\ir ../lib/begin.sql
SELECT plan(22);
SET search_path = public, segment;
SET client_min_messages = error;
CREATE TABLE o AS SELECT g AS line, g % 3 AS market, 'C' || g % 30 AS currency, date '2010-01-01' + g / 30 AS day, round(1 + (g::numeric * 7919 % 100003) / 10000, 4) AS rate FROM generate_series(0, 29999) g;
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
CREATE TABLE calls (call text);
INSERT INTO calls VALUES ('rates_agg(currency, day, rate)'), ('rates_agg(currency, day, rate, ''USD'') FILTER (WHERE line % 2 = 0)'), ('rates_rollup(CASE WHEN line < 200 THEN (''EUR {'' || currency || '' {'' || day || '' '' || rate || ''}}'')::rates END)');
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial AS SELECT call, results('o', call) AS answer FROM calls;
SELECT ok(answer IS NOT NULL, 'a result: ' || call) FROM serial ORDER BY call COLLATE "C";
SELECT is(results('(SELECT * FROM o ORDER BY md5(line::text)) s', call), answer, 'shuffled = in order: ' || call) FROM serial ORDER BY call COLLATE "C";
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET enable_partitionwise_aggregate = on;
SELECT matches(plan_of(format('SELECT %s FROM o', call)), 'Finalize.*Partial', 'partial aggregates in workers: ' || call) FROM calls ORDER BY call COLLATE "C";
SELECT is(results('o', call), answer, 'parallel = serial: ' || call) FROM serial ORDER BY call COLLATE "C";
SELECT matches(plan_of('SELECT market, rates_agg(currency, day, rate) FROM parts GROUP BY market'), 'Append.*Aggregate', 'a partition-wise plan');
SELECT is(results('parts', call), answer, 'partition-wise = serial: ' || call) FROM serial ORDER BY call COLLATE "C";
SET max_parallel_workers_per_gather = 0;

SELECT is_empty($$
  SELECT * FROM (SELECT line, rates_agg(currency, day, rate) OVER (ORDER BY line) AS r FROM o WHERE line < 90) x WHERE r IS DISTINCT FROM (SELECT rates_agg(currency, day, rate) FROM o WHERE line <= x.line)$$, 'a growing frame');
SELECT is_empty($$
  SELECT * FROM (SELECT line, rates_agg(currency, day, rate) OVER (ORDER BY line ROWS 2 PRECEDING) AS r FROM o WHERE line < 90) x WHERE r IS DISTINCT FROM (SELECT rates_agg(currency, day, rate) FROM o WHERE line BETWEEN x.line - 2 AND x.line)$$, 'a moving frame');

CREATE TEMP TABLE sent AS SELECT market, rates_agg(currency, day, rate) r FROM o GROUP BY market;
CREATE TEMP TABLE received (LIKE sent);
COMMIT;
\set file `mktemp -u -p /tmp`
COPY sent TO :'file' (FORMAT binary);
COPY received FROM :'file' (FORMAT binary);
\! rm -f /tmp/segment-market.*
SELECT is((SELECT count(*) FROM sent NATURAL JOIN received), 3::bigint, 'binary COPY round trip');
SELECT is((SELECT count(*) FROM sent s JOIN received r ON s.r::text::rates = r.r), 3::bigint, 'and as text');
CREATE INDEX ON received USING hash (r);
SET enable_seqscan = off;
SELECT is((SELECT count(*) FROM received WHERE r = (SELECT r FROM sent WHERE market = 1)), 1::bigint, 'found by a hash index');
RESET enable_seqscan;
CREATE ROLE segment_market_reader;
SET ROLE segment_market_reader;
SELECT is(convert_currency(rates_agg('USD', '2024-01-01', 1.1), 11, 'USD', 'EUR', '2024-01-03'), 10.0000000000, 'as another role');
RESET ROLE;
DROP ROLE segment_market_reader;

SELECT * FROM finish();
