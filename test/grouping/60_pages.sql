-- Tables whose pages the node reads itself: however their rows are stored, and whatever the filter asks of them.
\ir ../lib/begin.sql
\ir same.psql
SELECT plan(140);
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL timezone = 'America/New_York';

-- Columns of every width and alignment, NULLs in any of them, a dropped column, and columns that older rows lack.
CREATE TABLE orders (flag boolean, gone text, letter "char", small int2, note text, fixed char(5), customer int4, big int8,
                     day date, local timestamp, at timestamptz, at_note text, amount numeric(12,2), tags int[], id uuid, name name);
INSERT INTO orders
SELECT CASE WHEN i % 3 > 0 THEN i % 2 = 0 END, 'gone', (i % 7)::text::"char", CASE WHEN i % 5 > 0 THEN i % 9 - 4 END,
       CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE repeat('n', i % 300) END, 'f' || i % 10, NULLIF(i % 60, 13), (i % 17 - 8) * 1000000000::int8,
       CASE WHEN i % 11 > 0 THEN date '2024-03-10' + i % 30 - 15 WHEN i % 2 = 0 THEN 'infinity' ELSE '-infinity' END,
       timestamp '2024-03-10' + (i % 90 - 45) * interval '8 hours', timestamptz '2024-03-10 00:00' + (i % 90 - 45) * interval '8 hours',
       CASE WHEN i % 6 > 0 THEN 'x' || i END, CASE WHEN i % 13 > 0 THEN (i % 90)::numeric / 7 END,
       CASE WHEN i % 2 = 0 THEN ARRAY[i, i + 1] END, md5((i % 60)::text)::uuid, 'name' || i % 3
FROM generate_series(1, 3000) i;
ALTER TABLE orders DROP COLUMN gone;
ALTER TABLE orders ADD COLUMN late int DEFAULT 7, ADD COLUMN later text DEFAULT 'standard', ADD COLUMN empty int8;
INSERT INTO orders (customer, at, amount, late, later, empty, id)
SELECT i % 60, timestamptz '2024-03-09 12:00' + i * interval '1 hour', i, i % 3, 'l' || i % 4, i % 5, md5((i % 60)::text)::uuid FROM generate_series(1, 500) i;
DELETE FROM orders WHERE customer = 3 AND small = 2;
UPDATE orders SET amount = amount + 1 WHERE customer IN (4, 5);
SAVEPOINT undone;
INSERT INTO orders (customer, at, amount) SELECT 7, '2024-03-09', 1 FROM generate_series(1, 20);
DELETE FROM orders WHERE customer = 8;
ROLLBACK TO undone;
ANALYZE orders;

SELECT same(format('SELECT %s AS key, segment.rfm_agg(at, amount), count(*) AS n, max(big) AS big FROM orders GROUP BY %1$s', key), 'key ' || key)
FROM unnest('{customer,small,flag,letter,note,fixed,day,local,id,name,late,later,empty,tags}'::text[]) key;
SELECT same(format('SELECT customer, segment.rfm_agg(at, amount) FROM orders WHERE %s GROUP BY customer', condition), condition)
FROM unnest(ARRAY[
  'flag', 'NOT flag', 'flag IS NULL', 'NOT (flag IS NULL)', 'flag IS TRUE', 'flag = false',
  'small < 2', 'small > -2::int8', '3 >= small AND small <> 0::int8', '-1 = small', 'small < -40000 OR small > 2', 'small > 40000',
  'big < 9223372036854775807 AND big > (-9223372036854775808)', 'big > 9223372036854775807', 'big < (-9223372036854775808)', 'big <> 2000000000::int8', 'big <= small',
  'late = 7', 'late IS NULL', 'later = ''standard''', 'empty IS NOT NULL', 'empty IS NULL AND late > 1',
  'day < ''infinity''', 'day >= ''-infinity'' AND day <> ''2024-03-08''', 'day <= date ''2024-03-10''', 'day > timestamp ''2024-03-10''',
  'local < date ''2024-03-10''', 'local > date ''infinity''', 'local < timestamptz ''2024-03-10 06:00 UTC''', 'at > timestamp ''2024-03-10 02:30''', 'at < date ''2024-03-10'' + 1',
  'at < date ''infinity'' AND small = 1', 'at < (SELECT max(local) FROM orders)::date', 'amount > 3 AND flag AND note <> ''''',
  'at < current_date AND at > now() - interval ''200 years''', 'customer = ANY (''{1,2,3}'')', 'customer IN (SELECT small FROM orders)',
  'small < 2 AND 10 / (small - 2) < 0', 'ctid > ''(1,1)''', 'orders IS NOT NULL']) condition;
SELECT same('SELECT customer, ctid, segment.rfm_agg(at, amount) FROM orders GROUP BY customer, ctid', 'a column of the system');
SELECT same('SELECT customer, segment.rfm_agg(at, amount) FILTER (WHERE flag), segment.rfm_agg(at, amount, note) FROM orders WHERE late = 7 GROUP BY customer', 'FILTER and order ids');

-- Partitions whose columns lie at different places.
CREATE TABLE sales (customer int, at timestamptz, amount numeric, note text) PARTITION BY RANGE (at);
CREATE TABLE sales_1 PARTITION OF sales FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE sales_2 (note text, gone int, amount numeric, customer int, at timestamptz NOT NULL);
ALTER TABLE sales_2 DROP COLUMN gone;
ALTER TABLE sales ATTACH PARTITION sales_2 FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
CREATE TABLE sales_3 PARTITION OF sales DEFAULT PARTITION BY HASH (customer);
CREATE TABLE sales_3a PARTITION OF sales_3 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE sales_3b PARTITION OF sales_3 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO sales SELECT i % 40, timestamptz '2024-01-01' + i * interval '1 hour', i::numeric / 3, CASE WHEN i % 5 > 0 THEN repeat('n', i % 50) END FROM generate_series(1, 2500) i;
ANALYZE sales;
SELECT same(format('SELECT customer, segment.rfm_agg(at, amount), count(note) FROM sales WHERE %s GROUP BY customer', condition), 'partitions, ' || condition)
FROM unnest('{true,at < ''2024-02-10'',at >= date ''2024-01-20'' AND note IS NOT NULL,length(note) > 3,at < now()}'::text[]) condition;
SELECT same('SELECT s.i, (SELECT string_agg(r::text, '','' ORDER BY r::text) FROM (SELECT customer, segment.rfm_agg(at, amount) FROM sales WHERE at < date ''2024-01-01'' + s.i * 20 GROUP BY customer) r)
             FROM generate_series(0, 6) AS s (i)', 'partitions pruned when the scan begins again');
SELECT same('SELECT customer, segment.rfm_agg(at, amount) FROM (SELECT customer, at, amount FROM sales UNION ALL SELECT customer, at, amount FROM orders WHERE small > 1) u GROUP BY customer', 'UNION ALL');

-- Many partitions take turns with one page's rows: they need little more memory than core's plan.
CREATE TABLE many (LIKE sales) PARTITION BY LIST (customer);
DO $$ BEGIN
  FOR i IN 1..300 LOOP
    EXECUTE format('CREATE TABLE many_%s PARTITION OF many FOR VALUES IN (%1$s)', i);
  END LOOP;
END $$;
INSERT INTO many SELECT i % 300 + 1, timestamptz '2024-01-01' + i * interval '1 hour', i::numeric / 3, repeat('n', i % 50) FROM generate_series(1, 3000) i;
CREATE FUNCTION memory(way text, query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  c refcursor;
  first record;
  bytes bigint;
BEGIN
  PERFORM set_config('segment.enable_fast_aggregate', way, true);
  OPEN c NO SCROLL FOR EXECUTE query;
  FETCH c INTO first;
  SELECT sum(total_bytes) INTO bytes FROM pg_backend_memory_contexts;
  CLOSE c;
  RETURN bytes;
END
$$;
\set of_many '\'SELECT customer, segment.rfm_agg(at, amount), count(note) FROM many GROUP BY customer\''
SELECT is(differences(:of_many), 0::bigint, 'many partitions: same rows');
SELECT cmp_ok(memory('force', :of_many) - memory('off', :of_many), '<', 2000000::bigint, 'many partitions: memory');
SELECT same('SELECT a, b, segment.rfm_agg(at, amount) FROM (SELECT customer AS a, customer AS b, at, amount FROM orders
             UNION ALL SELECT late, customer, at, amount FROM orders) u GROUP BY a, b', 'UNION ALL with a column twice');

-- Values that are compressed or stored elsewhere.
CREATE TABLE long_notes (note text, at timestamptz, amount numeric, more text);
ALTER TABLE long_notes ALTER COLUMN more SET STORAGE EXTERNAL;
INSERT INTO long_notes SELECT repeat(chr(65 + i % 20), 5000), timestamptz '2024-01-01' + i * interval '1 hour', i::numeric / 3, repeat(chr(65 + i % 9), 4000)
FROM generate_series(1, 400) i;
SELECT same('SELECT more, note, segment.rfm_agg(at, amount) FROM long_notes WHERE length(more) > 5 GROUP BY more, note', 'long keys');
SELECT same('SELECT note, segment.rfm_agg(at, amount, more) FROM long_notes GROUP BY note', 'long order ids');

-- Parameters, and a scan that begins again with others.
SET LOCAL plan_cache_mode = force_generic_plan;
CREATE FUNCTION by_parameters(way text, before date, above int) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('segment.enable_fast_aggregate', way, true);
  DEALLOCATE ALL;
  EXECUTE 'PREPARE q(date, int) AS SELECT (customer, segment.rfm_agg(at, amount))::text FROM orders WHERE at < $1 AND big > $2 GROUP BY customer ORDER BY customer';
  RETURN QUERY EXECUTE format('EXECUTE q(%L, %L)', before, above);
END
$$;
SELECT results_eq(format('SELECT by_parameters(''force'', %L, %L)', before, above), format('SELECT by_parameters(''off'', %L, %L)', before, above), format('parameters %s, %s', before, above))
FROM (VALUES ('2024-03-10', 0), ('infinity', 1), (NULL, 1), ('2024-03-20', NULL)) AS p (before, above);
SELECT same('SELECT s.i, (SELECT string_agg(r::text, '','' ORDER BY r::text) FROM (SELECT customer, segment.rfm_agg(at, amount) FROM orders WHERE small < s.i AND at < date ''2024-03-01'' + s.i GROUP BY customer) r)
             FROM generate_series(-3, 12) AS s (i)', 'begun again');
SELECT * FROM finish();
ROLLBACK;
