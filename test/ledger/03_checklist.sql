-- 03_checklist.sql: ledger_agg and ledger_rollup: plans, parts, windows, forms, roles
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
SELECT plan(21);
SET search_path = public, segment;

CREATE TEMP TABLE whole AS SELECT customer_id, ledger_agg(ordered_at, amount, order_id) AS l FROM known_customers GROUP BY customer_id;
CREATE TEMP TABLE lines AS SELECT customer_id, ledger_agg(ordered_at, amount) AS l FROM known_customers GROUP BY customer_id;
SELECT is_empty($$SELECT FROM whole w JOIN (SELECT customer_id, rfm_agg(ordered_at::date, amount, order_id) AS r FROM known_customers GROUP BY 1) s USING (customer_id)
  WHERE ledger_rfm(l, '2012-01-01') <> r$$, 'Online Retail: the rfm from the ledger is that from the order lines');
SELECT is_empty($$SELECT FROM lines w JOIN (SELECT customer_id, rfm_agg(ordered_at::date, amount) AS r FROM known_customers GROUP BY 1) s USING (customer_id)
  WHERE ledger_rfm(l, '2012-01-01') <> r$$, 'the same, one row an order');
SELECT is_empty($$SELECT FROM lines w JOIN (SELECT customer_id, sum(amount) AS s FROM known_customers GROUP BY 1) s USING (customer_id)
  WHERE ledger_revenue(l, '-infinity', 'infinity')::text <> s::text$$, 'the total is sum(numeric) to the digit');
SELECT results_eq($$SELECT sum(ledger_orders(l, '-infinity', 'infinity')), sum(ledger_revenue(l, '-infinity', 'infinity'))
  FROM (SELECT ledger_agg(ordered_at, amount, order_id) AS l FROM valid_sales GROUP BY customer_id) s$$,
  $$VALUES (18532::numeric, 8911407.904)$$, 'Online Retail: valid sales');

-- forced parallel
CREATE TABLE forced AS SELECT * FROM known_customers;
ANALYZE forced;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
SET enable_hashagg = on; SET segment.enable_fast_aggregate = off; -- partial aggregates are the executor's
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS
$$BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query; END$$;
SELECT ok((SELECT bool_or(p LIKE '%Partial%Aggregate%') FROM plan_of('SELECT customer_id % 10, ledger_agg(ordered_at, amount, order_id) FROM forced GROUP BY 1') p), 'a parallel plan');
CREATE TEMP TABLE parallel AS SELECT customer_id % 10 AS k, ledger_agg(ordered_at, amount, order_id) AS l, ledger_agg(ordered_at, amount) AS n FROM forced GROUP BY 1;
CREATE TEMP TABLE parallel_rollup AS SELECT customer_id % 10 AS k, ledger_rollup(l) AS l FROM whole GROUP BY 1;
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial AS SELECT customer_id % 10 AS k, ledger_agg(ordered_at, amount, order_id) AS l, ledger_agg(ordered_at, amount) AS n FROM forced GROUP BY 1;
SELECT is_empty($$SELECT FROM parallel p JOIN serial s USING (k) WHERE segment_internal.ledger_send(p.l) <> segment_internal.ledger_send(s.l)$$, 'parallel = serial, byte for byte, with order ids');
SELECT is_empty($$SELECT FROM parallel p JOIN serial s USING (k) WHERE segment_internal.ledger_send(p.n) <> segment_internal.ledger_send(s.n)$$, 'and without');
SELECT is_empty($$SELECT FROM parallel_rollup p JOIN serial s USING (k) WHERE p.l <> s.l$$, 'a rollup of customers is the ledger of all their orders');
CREATE TEMP TABLE shuffled AS SELECT customer_id % 10 AS k, ledger_agg(ordered_at, amount, order_id ORDER BY md5(order_id || amount::text)) AS l FROM forced GROUP BY 1;
SELECT is_empty($$SELECT FROM shuffled p JOIN serial s USING (k) WHERE segment_internal.ledger_send(p.l) <> segment_internal.ledger_send(s.l)$$, 'shuffled rows');

-- partition-wise
CREATE TABLE parts (LIKE forced) PARTITION BY HASH (customer_id);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT * FROM forced;
SET enable_partitionwise_aggregate = on;
SELECT is_empty($$SELECT FROM (SELECT customer_id % 10 AS k, ledger_agg(ordered_at, amount, order_id) AS l FROM parts GROUP BY 1) p
  JOIN serial s USING (k) WHERE segment_internal.ledger_send(p.l) <> segment_internal.ledger_send(s.l)$$, 'partition-wise');

-- FILTER, window frame
SELECT is((SELECT ledger_agg(d, a) FILTER (WHERE a > 1) FROM (VALUES (date '2025-01-01', 1), ('2025-01-02', 2)) v(d, a))::text, '{2025-01-02 2}', 'FILTER');
SELECT results_eq($$SELECT (ledger_agg(d, 1) OVER (ORDER BY d ROWS 1 PRECEDING))::text FROM (VALUES (date '2025-01-01'), ('2025-01-02'), ('2025-01-03')) v(d)$$,
  $$VALUES ('{2025-01-01 1}'), ('{2025-01-01 1,2025-01-02 1}'), ('{2025-01-02 1,2025-01-03 1}')$$, 'a window frame');

-- text and binary
SELECT is_empty($$SELECT FROM whole WHERE segment_internal.ledger_send(l::text::ledger) <> segment_internal.ledger_send(l)$$, 'text round trip');
CREATE TABLE copied (l ledger, r repeat_summary);
INSERT INTO copied SELECT l, ledger_repeat(l, '2011-12-09', '1 week') FROM whole;
SELECT is((SELECT count(DISTINCT l) FROM copied), (SELECT count(DISTINCT l::text) FROM copied), 'distinct ledgers');
SELECT is((SELECT count(DISTINCT r) FROM copied), (SELECT count(DISTINCT r::text) FROM copied), 'distinct repeat summaries');

-- wide amounts: beyond 64 and beyond 128 bits
SELECT is(ledger_revenue(ledger_agg(date '2025-01-01' + g, a), '-infinity', 'infinity'), sum(a), 'amounts of any size, exactly')
FROM (SELECT g, CASE g % 3 WHEN 0 THEN 0.00000000000000000001 WHEN 1 THEN 999999999999999999999999999999 ELSE -123456789012345678901234 END AS a
      FROM generate_series(1, 30) g) s;
SELECT is(ledger_rfm(ledger_agg(date '2025-01-01' + g, a), '2026-01-01'), rfm_agg(date '2025-01-01' + g, a), 'and their rfm')
FROM (SELECT g, CASE g % 3 WHEN 0 THEN 0.00000000000000000001 WHEN 1 THEN 999999999999999999999999999999 ELSE -123456789012345678901234 END AS a
      FROM generate_series(1, 30) g) s;
SELECT is(ledger_orders(ledger_agg(date '2025-01-01' + g % 1000, 1), '-infinity', 'infinity'), 100000::bigint, 'long lists are packed on the way')
FROM generate_series(1, 100000) g;

-- memory: hashing a numeric id from a table copies it, once a row; the copies do not stay
CREATE TEMP TABLE numeric_ids AS SELECT g, (g % 50 + 0.5)::numeric AS id FROM generate_series(1, 100000) g;
CREATE FUNCTION memory_of(id text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE format('EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT g %% 5, segment.ledger_agg(date ''2024-01-01'', 1, %s) FROM numeric_ids GROUP BY 1', id) LOOP
    IF line ~ 'Memory Usage' THEN RETURN substring(line FROM 'Memory Usage: (\d+)kB'); END IF;
  END LOOP;
END $$;
SET segment.enable_fast_aggregate = off; -- the figure is the executor's own node's
SELECT cmp_ok(memory_of('id'), '<', memory_of('g % 50') + 200, 'numeric order ids take the memory of integer ones');

-- a role that owns nothing
CREATE ROLE segment_ledger_nobody;
GRANT SELECT ON forced TO segment_ledger_nobody;
SET LOCAL ROLE segment_ledger_nobody;
SELECT lives_ok($$SELECT segment.ledger_agg(ordered_at, amount, order_id) FROM public.forced WHERE customer_id = 12346$$, 'as nobody in particular');
RESET ROLE;

SET segment.enable_fast_aggregate = force;
SELECT is_empty($$SELECT FROM (SELECT customer_id, ledger_agg(ordered_at, amount, order_id) AS l FROM forced GROUP BY 1) f
  JOIN whole w ON w.customer_id = f.customer_id WHERE segment_internal.ledger_send(f.l) <> segment_internal.ledger_send(w.l)$$, 'the fast grouping path gives the same');
RESET segment.enable_fast_aggregate;

SELECT finish();
ROLLBACK;
