-- rfm_score(…) OVER () above groups that are all in memory: they are read twice instead of stored.
\ir ../lib/begin.sql
\ir ../grouping/same.psql
SELECT plan(50);

CREATE TABLE orders AS
SELECT CASE WHEN i % 501 > 0 THEN (i * 7919) % 3001 END AS customer, 'customer ' || (i * 7919) % 3001 AS name,
       timestamptz '2020-01-01 UTC' + (i % 997) * interval '1 day' AS at,
       (((i * 31) % 10000) - 300)::numeric / 100 * CASE WHEN i % 1000 = 0 THEN 1e28 ELSE 1 END AS amount, i AS order_id
FROM generate_series(1, 30000) i;
ANALYZE orders;
LOAD 'segment';

-- Where the scores' node says that it has the rows from, and other lines of EXPLAIN (ANALYZE).
CREATE FUNCTION explained(query text, wanted text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  found text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) ' || query LOOP
    found := nullif(concat_ws(', ', found, substring(line FROM wanted)), '');
  END LOOP;
  RETURN found;
END
$$;
CREATE FUNCTION same_from(query text, place text, name text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  RETURN NEXT is(differences(query), 0::bigint, name || ': same rows');
  PERFORM set_config('segment.enable_fast_aggregate', 'force', true);
  RETURN NEXT is(explained(query, 'Rows Read Again: (.*)'), place, name || ': ' || place);
END
$$;
\set score 'segment.rfm_score(segment.rfm_agg(at, amount), date ''2023-01-01'') OVER () AS score'
\set scored 'SELECT customer, segment.rfm_agg(at, amount) AS rfm, ' :score ' FROM orders GROUP BY customer'

SET LOCAL max_parallel_workers_per_gather = 0;
SELECT * FROM same_from(:'scored', 'from the groups', 'one key, NULL among them, totals of more than 128 bits');
SELECT * FROM same_from('SELECT name, ' || :'score' || ' FROM orders GROUP BY name', 'from the groups', 'a text key');
SELECT * FROM same_from('SELECT ' || :'score' || ', name, customer FROM orders GROUP BY customer, name', 'from the groups', 'two keys in another order');
SELECT * FROM same_from('SELECT customer, count(*), max(at), ' || :'score' || ' FROM orders GROUP BY customer', 'from the groups', 'aggregates without memory of their own');
SELECT * FROM same_from('SELECT customer, sum(amount), ' || :'score' || ' FROM orders GROUP BY customer', 'from a store', 'an aggregate with memory of its own');
SELECT * FROM same_from('SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount, order_id), date ''2023-01-01'') OVER () FROM orders GROUP BY customer', 'from a store', 'order ids');
SELECT * FROM same_from('SELECT lower(name), ' || :'score' || ' FROM orders GROUP BY lower(name)', 'from the groups', 'an expression as key');
SELECT * FROM same_from('SELECT score, random() < 2 FROM (' || :'scored' || ') x', 'from the groups', 'a volatile function above');

-- HAVING is asked twice, and counts once.
\set having ' HAVING segment.rfm_frequency(segment.rfm_agg(at, amount)) > 9'
SELECT * FROM same_from(:'scored' || :'having', 'from the groups', 'HAVING');
SELECT is(explained(:'scored' || :'having', 'Rows Removed by Filter: (.*)'),
          (SELECT count(*)::text FROM (SELECT FROM orders GROUP BY customer HAVING NOT segment.rfm_frequency(segment.rfm_agg(at, amount)) > 9) x), 'HAVING: what it leaves out is counted once');
SELECT is(explained(:'scored' || :'having', 'SegmentGrouping\) \(actual rows=(\d+)'),
          (SELECT count(*)::text FROM (SELECT FROM orders GROUP BY customer HAVING segment.rfm_frequency(segment.rfm_agg(at, amount)) > 9) x), 'HAVING: so are rows');
SELECT * FROM same_from(:'scored' || ' HAVING count(*) > 100000', NULL, 'HAVING leaves out all');
SELECT * FROM same_from(:'scored' || ' HAVING random() < 2', 'from a store', 'a volatile HAVING');
SELECT * FROM same_from(:'scored' || ' HAVING EXISTS (SELECT FROM orders o WHERE o.order_id = max(orders.order_id))', 'from a store', 'a subquery in HAVING');

-- A final function that may change the state is called once.
CREATE AGGREGATE final_once(timestamptz, numeric) (SFUNC = segment_internal.rfm_agg_trans, STYPE = segment.rfm, FINALFUNC = segment_internal.rfm_agg_final, FINALFUNC_MODIFY = READ_WRITE);
CREATE FUNCTION last_day(integer) RETURNS integer LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN $1; END';
CREATE AGGREGATE volatile_max(integer) (SFUNC = int4larger, STYPE = integer, FINALFUNC = last_day);
SELECT * FROM same_from('SELECT customer, final_once(at, amount), ' || :'score' || ' FROM orders GROUP BY customer', 'from a store', 'a final function that changes the state');
SELECT * FROM same_from('SELECT customer, volatile_max(order_id), ' || :'score' || ' FROM orders GROUP BY customer', 'from a store', 'a volatile final function');

-- Groups in files.
SET LOCAL work_mem = '64kB';
SET LOCAL hash_mem_multiplier = 1;
SELECT * FROM same_from(:'scored', 'from a store', 'little memory');
SET LOCAL hash_mem_multiplier = 100;
SELECT * FROM same_from(:'scored', 'from the groups', 'memory for groups only');
RESET work_mem;
RESET hash_mem_multiplier;

-- Again and again.
SELECT * FROM same_from('SELECT g, s.* FROM generate_series(1, 3) g, LATERAL (SELECT customer, segment.rfm_agg(at, amount), ' || :'score' || ' FROM orders WHERE order_id % 3 < g GROUP BY customer) s',
                        'from the groups', 'for each row of another table');
SELECT * FROM same_from('SELECT g, s.* FROM generate_series(1, 3) g, LATERAL (SELECT customer, ' || :'score' || ' FROM orders GROUP BY customer HAVING max(order_id) % 3 < g) s',
                        'from the groups', 'with another HAVING for each row');
SET LOCAL segment.enable_fast_aggregate = force;
CREATE TEMP TABLE whole AS SELECT customer, score::text FROM (:scored) x;
CREATE TEMP TABLE seen (customer integer, score text);
DECLARE c NO SCROLL CURSOR FOR SELECT customer, score::text FROM (:scored) x;
DECLARE b SCROLL CURSOR FOR SELECT customer, score::text FROM (:scored) x;
DECLARE h CURSOR WITH HOLD FOR SELECT customer, score::text FROM (:scored) x;
CREATE FUNCTION fetched(c refcursor, n integer) RETURNS SETOF whole LANGUAGE plpgsql AS $$
DECLARE
  r whole;
BEGIN
  FOR i IN 1 .. n LOOP
    FETCH c INTO r;
    EXIT WHEN NOT FOUND;
    RETURN NEXT r;
  END LOOP;
END
$$;
INSERT INTO seen SELECT * FROM fetched('c', 5);
SELECT is((SELECT count(*) FROM seen JOIN whole USING (customer, score)), 5::bigint, 'a cursor begins');
MOVE 100 IN b;
MOVE BACKWARD ALL IN b;
SELECT is((SELECT count(*) FROM fetched('b', 10000)), (SELECT count(*) FROM whole), 'one that goes back has all rows');
INSERT INTO seen SELECT * FROM fetched('c', 10000);
SELECT is((SELECT count(*) FROM ((TABLE seen EXCEPT ALL TABLE whole) UNION ALL (TABLE whole EXCEPT ALL TABLE seen)) d), 0::bigint, 'it goes on to the end beside the others');
SELECT is((SELECT count(*) FROM fetched('c', 1)), 0::bigint, 'and stays there');
CLOSE c;
CLOSE b;
SELECT is((SELECT count(*) FROM fetched('h', 10000)), (SELECT count(*) FROM whole), 'a cursor that is held');
CLOSE h;
SELECT is((SELECT count(*) FROM (SELECT * FROM (:scored) x LIMIT 7) y), 7::bigint, 'LIMIT');

-- Several processes hand partitions of groups on: the leader leaves them to the workers, if those come in time.
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
ALTER TABLE orders SET (parallel_workers = 2);
SELECT is(differences(:'scored' || :'having'), 0::bigint, 'several processes');
CREATE TABLE many AS
SELECT (i::bigint * 7919) % 30011 AS customer, timestamptz '2020-01-01 UTC' + (i % 997) * interval '1 day' AS at, i % 5000 AS amount
FROM generate_series(1, 400000) i;
ANALYZE many;
\set many_scored 'SELECT customer, segment.rfm_agg(at, amount) AS rfm, ' :score ' FROM many GROUP BY customer'
SELECT is(differences(:'many_scored'), 0::bigint, 'with enough rows for all of them: by rows');
SELECT is(differences('SELECT customer % 1000, segment.rfm_agg(at, amount), ' || :'score' || ' FROM many GROUP BY customer % 1000'), 0::bigint, 'by groups');
SET LOCAL work_mem = '64kB';
SELECT is(differences(:'many_scored'), 0::bigint, 'with little memory');
SELECT is(differences('SELECT g, s.* FROM generate_series(1, 2) g, LATERAL (SELECT customer, ' || :'score' || ' FROM many WHERE amount % 2 < g GROUP BY customer) s'),
          0::bigint, 'for each row of another table');
SET LOCAL max_parallel_workers = 0;
SELECT is(differences(:'many_scored'), 0::bigint, 'none of the workers comes');

SELECT * FROM finish();
ROLLBACK;
