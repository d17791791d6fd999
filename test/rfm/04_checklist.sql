-- 04_checklist.sql: the checklist of every aggregate, for rfm_agg with two and three arguments and rfm_rollup
-- (NaN and infinity, NULLs, empty input, shuffled order and rollup: 01 to 03; bad bytes and cancel: test/t)
\ir ../lib/begin.sql
SELECT plan(21);
SET search_path = public, segment;
SELECT setseed(0.5);
CREATE TABLE o AS
SELECT g AS line, g / 3 AS order_id, (random() * 2000)::int AS customer, timestamp '2024-01-01' + random() * interval '500 days' AS at,
       round((random() * 100 - 20)::numeric, 2) AS amount, (random() * 100 - 20)::float8 AS price
FROM generate_series(1, 60000) g;
CREATE TABLE parts (LIKE o) PARTITION BY HASH (customer);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO parts SELECT * FROM o;
ANALYZE o;
ANALYZE parts;

CREATE FUNCTION plan_of(q text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; answer text := '';
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || q LOOP answer := answer || line || E'\n'; END LOOP;
  RETURN answer;
END $$;

-- a digest of all results, bytes and all
CREATE FUNCTION digest(source text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
  EXECUTE format('SELECT md5(string_agg(customer || '':'' || segment_internal.rfm_send(r)::text, '','' ORDER BY customer)) FROM (SELECT customer, %s AS r FROM %s GROUP BY customer) q', call, source) INTO answer;
  RETURN answer;
END $$;

CREATE TEMP TABLE calls (call text);
INSERT INTO calls VALUES ('rfm_agg(at, amount)'), ('rfm_agg(at, price)'), ('rfm_agg(at, amount, order_id)'), ('rfm_agg(at, price, order_id::text)'),
                         ('rfm_agg(at::date, line)'), ('rfm_agg(at, amount) FILTER (WHERE amount > 0)');
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial AS SELECT call, digest('o', call) AS answer FROM calls;

SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET enable_partitionwise_aggregate = on;
SET segment.enable_fast_aggregate = off;
SELECT matches(plan_of('SELECT customer, rfm_agg(at, amount) FROM o GROUP BY customer'), 'Partial', 'two arguments: a partial aggregate in workers');
SELECT matches(plan_of('SELECT customer, rfm_agg(at, amount, order_id) FROM o GROUP BY customer'), 'Partial', 'three arguments: likewise');
SELECT is(digest('o', call), answer, 'parallel = serial: ' || call) FROM serial ORDER BY call COLLATE "C";
SET max_parallel_workers_per_gather = 0;
SELECT matches(plan_of('SELECT customer, rfm_agg(at, amount) FROM parts GROUP BY customer'), 'Append.*Aggregate', 'partition-wise plan');
SELECT is(digest('parts', call), answer, 'partition-wise = serial: ' || call) FROM serial ORDER BY call COLLATE "C" LIMIT 3;
SET enable_hashagg = off;
SELECT is(digest('o', call), answer, 'sorted = hashed: ' || call) FROM serial ORDER BY call COLLATE "C" LIMIT 3;
RESET enable_hashagg;

-- window frames: running summaries equal fresh ones
SELECT is_empty($$
  SELECT * FROM (SELECT line, rfm_agg(at, amount) OVER w AS running, rfm_agg(at, amount, order_id) OVER w AS running_3 FROM o WHERE customer = 7 WINDOW w AS (ORDER BY line)) q
  WHERE running::text <> (SELECT rfm_agg(at, amount) FROM o WHERE customer = 7 AND line <= q.line)::text
     OR running_3::text <> (SELECT rfm_agg(at, amount, order_id) FROM o WHERE customer = 7 AND line <= q.line)::text$$, 'growing window frame');
SELECT is_empty($$
  SELECT * FROM (SELECT line, row_number() OVER w AS n, rfm_agg(at, amount) OVER (w ROWS 2 PRECEDING) AS moving FROM o WHERE customer = 7 WINDOW w AS (ORDER BY line)) q
  WHERE n > 3 AND rfm_frequency(moving) + rfm_returns(moving) <> 3$$, 'moving window frame');

-- binary COPY round trip
CREATE TEMP TABLE sent AS SELECT customer, rfm_agg(at, amount) r FROM o GROUP BY customer;
CREATE TEMP TABLE received (customer int, r rfm);
\set file `mktemp -u -p /tmp`
COPY sent TO :'file' (FORMAT binary);
COPY received FROM :'file' (FORMAT binary);
\! rm -f /tmp/segment-rfm.*
SELECT is_empty('SELECT customer FROM sent JOIN received USING (customer) WHERE sent.r::text <> received.r::text', 'binary COPY round trip');
SELECT is((SELECT count(*) FROM received), (SELECT count(*) FROM sent), 'all rows came back');

-- btree and hash support
CREATE INDEX ON received USING btree (r);
CREATE INDEX ON received USING hash (r);
SELECT is((SELECT count(*) FROM sent JOIN received ON sent.r = received.r), (SELECT count(*) FROM sent a JOIN sent b ON a.r::text = b.r::text), 'joins by value');

-- memory follows the orders, not the rows: hashing a numeric id copies it, once a row (if it comes from a table)
CREATE TEMP TABLE numeric_ids AS SELECT g, (g % 50 + 0.5)::numeric AS id FROM generate_series(1, 100000) g;
CREATE FUNCTION memory_of(call text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE format('EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT g %% 5, %s FROM numeric_ids GROUP BY 1', call) LOOP
    IF line ~ 'Memory Usage' THEN RETURN substring(line FROM 'Memory Usage: (\d+)kB'); END IF;
  END LOOP;
END $$;
SELECT cmp_ok(memory_of('rfm_agg(date ''2024-01-01'', 1, id)'), '<', 200, 'many rows of few orders with numeric ids');

SELECT * FROM finish();
ROLLBACK;
