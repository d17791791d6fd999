-- When the planner takes the node, privileges, prepared statements, cursors, EXPLAIN.
\ir ../lib/begin.sql
\ir same.psql
SELECT plan(30);

CREATE TABLE orders AS
SELECT (i * 7919) % 5003 AS customer, timestamptz '2020-01-01 UTC' + (i % 1000) * interval '1 day' AS ordered,
       ((i * 31) % 10000)::numeric / 100 AS amount
FROM generate_series(1, 60000) i;
CREATE TABLE few AS SELECT * FROM orders LIMIT 20;
ANALYZE orders, few;
\set query 'SELECT customer, segment.rfm_agg(ordered, amount) FROM orders GROUP BY customer'

-- Cost.
SELECT ok(uses_node(:'query'), 'taken by default');
SELECT ok(uses_node('SELECT * FROM (SELECT customer, segment.rfm_agg(ordered, amount) AS rfm,
                       segment.rfm_frequency(segment.rfm_agg(ordered, amount)) > 1 AS again FROM orders
                       WHERE customer IS NOT NULL AND ordered < timestamptz ''2024-01-01 UTC'' GROUP BY customer) c'),
          'taken in the shape of the main job');
SELECT ok(NOT uses_node('SELECT customer, segment.rfm_agg(ordered, amount) FROM few GROUP BY customer'), 'not for a tiny table');
SELECT ok(NOT uses_node('SELECT customer, count(*) FROM orders GROUP BY customer'), 'not without an aggregate of ours');
CREATE INDEX orders_by_customer ON orders (customer) INCLUDE (ordered, amount);
CLUSTER orders USING orders_by_customer;
ANALYZE orders;
SELECT ok(NOT uses_node(:'query' || ' ORDER BY customer LIMIT 10'), 'not for a few groups of sorted input');
SET LOCAL segment.enable_fast_aggregate = off;
SELECT ok(NOT uses_node(:'query'), 'not when turned off');
SET LOCAL segment.enable_fast_aggregate = on;
SET LOCAL enable_hashagg = off;
SELECT ok(NOT uses_node(:'query'), 'not when hash aggregation is turned off');
SET LOCAL enable_hashagg = on;

-- EXPLAIN.
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE plan_lines (line text);
DO $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT customer % 7, segment.rfm_agg(ordered, amount)
                       FROM orders o GROUP BY customer % 7, customer HAVING count(*) > 12' LOOP
    INSERT INTO plan_lines VALUES (line);
  END LOOP;
END
$$;
SELECT matches((SELECT line FROM plan_lines WHERE line LIKE '%Group Key:%'), 'Group Key: \(+(o\.)?customer % 7\)+, \(?(o\.)?customer\)?$', 'EXPLAIN shows the keys');
SELECT ok(EXISTS (SELECT FROM plan_lines WHERE line LIKE '%Filter: ((count(*)) > 12)'), 'and HAVING');
SELECT ok(EXISTS (SELECT FROM plan_lines WHERE line LIKE '%Groups: 5003'), 'and the groups');

-- Prepared statements and cursors.
SET LOCAL segment.enable_fast_aggregate = force;
SET LOCAL plan_cache_mode = force_generic_plan;
PREPARE by_limit(int) AS SELECT customer, segment.rfm_frequency(segment.rfm_agg(ordered, amount)) FROM orders WHERE customer < $1 GROUP BY customer;
CREATE TEMP TABLE prepared AS EXECUTE by_limit(3);
SELECT is((SELECT count(*) FROM prepared), 3::bigint, 'a prepared statement');
CREATE TEMP TABLE prepared_again AS EXECUTE by_limit(40);
SELECT is((SELECT count(*) FROM prepared_again), 40::bigint, 'the same plan with another parameter');
DECLARE c SCROLL CURSOR FOR SELECT customer, segment.rfm_agg(ordered, amount) FROM orders GROUP BY customer;
MOVE FORWARD 10 IN c;
CREATE FUNCTION fetched() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c refcursor := 'c';
  first text;
  again text;
BEGIN
  FETCH c INTO first;
  MOVE BACKWARD 2 IN c;
  FETCH c INTO again;
  FETCH c INTO again;
  RETURN CASE WHEN again = first THEN 'same' ELSE again || ' after ' || first END;
END
$$;
SELECT is(fetched(), 'same', 'a scrolling cursor goes back');
CLOSE c;

-- Rows that a concurrent update would send through the plan again (EvalPlanQual) need a plan that can restart.
CREATE TABLE summary (customer int PRIMARY KEY, rfm segment.rfm);
INSERT INTO summary SELECT customer, NULL FROM orders GROUP BY customer;
UPDATE summary s SET rfm = n.rfm FROM (SELECT customer, segment.rfm_agg(ordered, amount) AS rfm FROM orders GROUP BY customer) n
WHERE n.customer = s.customer;
SELECT is((SELECT count(*) FROM summary WHERE rfm IS NOT NULL), 5003::bigint, 'UPDATE … FROM a grouping');

-- Parallel plans.
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SELECT is((SELECT count(*) FROM (SELECT customer, segment.rfm_agg(ordered, amount) FROM orders GROUP BY customer) q), 5003::bigint,
          'no group is lost or doubled by parallel workers');
SELECT is(differences(:'query'), 0::bigint, 'parallel: same rows');
SET LOCAL work_mem = '64kB';
SELECT is(differences(:'query'), 0::bigint, 'parallel, little memory: same rows');
SELECT is(differences('SELECT customer, segment.rfm_agg(ordered, amount * 1e26 + 1e-9) FROM orders GROUP BY customer'), 0::bigint,
          'parallel, totals beyond 128 bits: same rows');
SELECT is(differences('SELECT md5(customer::text), segment.rfm_agg(ordered, amount), count(*), min(ordered) FROM orders GROUP BY 1'), 0::bigint,
          'parallel, text keys and core''s aggregates: same rows');
SELECT is(differences('SELECT NULLIF(customer % 10, 3), segment.rfm_agg(ordered, amount) FILTER (WHERE amount > 50) FROM orders GROUP BY 1'), 0::bigint,
          'parallel, a NULL key: same rows');
RESET work_mem;

-- Core gathers the partial paths of a partition-wise grouping before the node is asked for: they must stay valid.
CREATE TABLE parted (LIKE orders) PARTITION BY RANGE (customer);
CREATE TABLE parted_most PARTITION OF parted FOR VALUES FROM (0) TO (4300);
CREATE TABLE parted_few PARTITION OF parted FOR VALUES FROM (4300) TO (5003);
INSERT INTO parted SELECT customer, ordered, amount FROM orders;
ANALYZE parted;
SET LOCAL enable_partitionwise_aggregate = on;
SET LOCAL parallel_tuple_cost = 0.01;
\set windowed 'SELECT customer, segment.rfm_agg(ordered, amount), row_number() OVER (ORDER BY customer) FROM parted GROUP BY customer'
SELECT is(differences(:'windowed', 'on'), 0::bigint, 'partition-wise and parallel: same rows');
SELECT is(differences(:'windowed'), 0::bigint, 'partition-wise and parallel, forced: same rows');
RESET parallel_tuple_cost;
RESET enable_partitionwise_aggregate;

-- Privileges: as core's executor checks them.
CREATE ROLE segment_grouping_reader;
GRANT SELECT ON orders TO segment_grouping_reader;
SELECT uses_node(:'query') AS as_owner \gset
SET LOCAL ROLE segment_grouping_reader;
SELECT lives_ok('EXPLAIN ' || :'query', 'anybody may run the aggregate');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION segment.rfm_agg(timestamptz, numeric) FROM PUBLIC;
SET LOCAL ROLE segment_grouping_reader;
SET LOCAL segment.enable_fast_aggregate = force;
SELECT throws_ok(:'query', '42501', 'permission denied for aggregate rfm_agg', 'unless EXECUTE on the aggregate is revoked');
RESET ROLE;
GRANT EXECUTE ON FUNCTION segment.rfm_agg(timestamptz, numeric) TO PUBLIC;
REVOKE EXECUTE ON FUNCTION segment_internal.rfm_agg_trans(segment.rfm, timestamptz, numeric) FROM PUBLIC;
SET LOCAL ROLE segment_grouping_reader;
SELECT lives_ok(:'query', 'the transition function needs the aggregate''s owner to have the privilege');
RESET ROLE;
CREATE TABLE by_uuid AS SELECT md5(customer::text)::uuid AS customer, ordered, amount FROM few;
GRANT SELECT ON by_uuid TO segment_grouping_reader;
\set of_uuid 'SELECT customer, segment.rfm_agg(ordered, amount) FROM by_uuid GROUP BY customer'
REVOKE EXECUTE ON FUNCTION uuid_hash_extended(uuid, bigint), uuid_hash(uuid) FROM PUBLIC;
SET LOCAL ROLE segment_grouping_reader;
SELECT lives_ok(:'of_uuid', 'a key''s hash function needs no privilege');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION uuid_eq(uuid, uuid) FROM PUBLIC;
SET LOCAL ROLE segment_grouping_reader;
SELECT throws_ok(:'of_uuid', '42501', 'permission denied for function uuid_eq', 'its equality function does');
SET LOCAL segment.enable_fast_aggregate = off;
SELECT throws_ok(:'of_uuid', '42501', 'permission denied for function uuid_eq', 'as in core''s plan');
SET LOCAL segment.enable_fast_aggregate = force;
RESET ROLE;
GRANT EXECUTE ON FUNCTION uuid_eq(uuid, uuid), uuid_hash_extended(uuid, bigint), uuid_hash(uuid) TO PUBLIC;

-- What settings turn off is not taken because the node stands on it: a hash index has no parallel scan.
SET LOCAL segment.enable_fast_aggregate = on;
CREATE TABLE one_shop AS SELECT *, 1 AS shop FROM orders;
CREATE INDEX ON one_shop USING hash (shop);
ANALYZE one_shop;
SET LOCAL enable_bitmapscan = off;
SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
CREATE FUNCTION reads_all(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
    IF line LIKE '%Seq Scan%' THEN RETURN true; END IF;
  END LOOP;
  RETURN false;
END
$$;
\set of_shop 'SELECT customer, segment.rfm_agg(ordered, amount) FROM one_shop WHERE shop = 1 GROUP BY customer'
SELECT ok(reads_all(:'of_shop'), 'a parallel scan, if nothing forbids it');
SET LOCAL enable_seqscan = off;
SELECT ok(NOT reads_all(:'of_shop'), 'no sequential scan where they are turned off');

SELECT * FROM finish();
ROLLBACK;
