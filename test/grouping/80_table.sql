-- Rows of the nodes into a new table: gathered and inserted many at a time, the same rows as one by one.
\ir ../lib/begin.sql
SELECT plan(21);
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL segment.enable_fast_aggregate = force;

CREATE TEMP TABLE orders AS
SELECT i % 4000 AS customer, date '2024-01-01' + i % 100 AS day, (i * 31 % 10000 - 300) / 100.0 AS amount, i AS id
FROM generate_series(1, 20000) i;
ANALYZE orders;
\set main 'SELECT customer, segment.rfm_recency(rfm, \'2025-01-01\') AS recency, segment.rfm_monetary(rfm) AS revenue, NULLIF(customer % 3, 0) AS sparse, segment.label(score, \'classic\') AS segment FROM (SELECT customer, segment.rfm_agg(day, amount) AS rfm, segment.rfm_score(segment.rfm_agg(day, amount), \'2025-01-01\') OVER () AS score FROM orders GROUP BY customer) c'
\set wide 'SELECT customer % 7 AS customer, string_agg(md5(id::text), \'\' ORDER BY id) AS long, segment.rfm_agg(day, amount) AS rfm FROM (SELECT * FROM orders) o GROUP BY 1'

-- Bytes of log that a statement writes.
CREATE FUNCTION logged(statement text, fast text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
  start pg_lsn;
BEGIN
  PERFORM set_config('segment.enable_fast_aggregate', fast, true);
  start := pg_current_wal_insert_lsn();
  EXECUTE statement;
  RETURN pg_current_wal_insert_lsn() - start;
END
$$;
CREATE FUNCTION differences(query text, made text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  result bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM (((%1$s) EXCEPT ALL TABLE %2$s) UNION ALL (TABLE %2$s EXCEPT ALL (%1$s))) d', query, made) INTO result;
  RETURN result;
END
$$;

CREATE TABLE plain AS :main;
SELECT is(differences(:'main', 'plain'), 0::bigint, 'a table');
SELECT is((SELECT count(*) FROM plain), 4000::bigint, 'all rows');
CREATE TEMP TABLE temporary AS :main;
SELECT is(differences(:'main', 'temporary'), 0::bigint, 'a temporary table');
CREATE UNLOGGED TABLE unlogged AS :main;
SELECT is(differences(:'main', 'unlogged'), 0::bigint, 'an unlogged table');
CREATE TABLE source AS TABLE orders;
CREATE MATERIALIZED VIEW materialized AS SELECT customer, segment.rfm_agg(day, amount) AS rfm FROM source GROUP BY customer;
SELECT is(differences('SELECT customer, segment.rfm_agg(day, amount) AS rfm FROM source GROUP BY customer', 'materialized'), 0::bigint, 'a materialized view');
INSERT INTO source SELECT 9999, '2024-05-05', 5, 1;
REFRESH MATERIALIZED VIEW materialized;
SELECT is((SELECT count(*) FROM materialized), 4001::bigint, 'which can be refreshed');
CREATE TABLE toasted AS :wide;
SELECT is(differences(:'wide', 'toasted'), 0::bigint, 'values beyond a page');
CREATE TABLE filled WITH (fillfactor = 50) AS :main;
SELECT cmp_ok(pg_relation_size('filled'), '>', pg_relation_size('plain') * 3 / 2, 'the fillfactor holds');
CREATE TABLE renamed (a, b, c, d, e) AS :main;
SELECT is(differences(:'main', 'renamed'), 0::bigint, 'columns of other names');
PREPARE prepared AS :main;
CREATE TABLE executed AS EXECUTE prepared;
SELECT is(differences(:'main', 'executed'), 0::bigint, 'a prepared statement');
SELECT ok(count(*) > 0, 'EXPLAIN ANALYZE makes a table too') FROM (SELECT logged('EXPLAIN (ANALYZE) CREATE TABLE explained AS ' || :'main', 'force')) l;
SELECT is(differences(:'main', 'explained'), 0::bigint, 'with the same rows');
CREATE TABLE empty AS SELECT * FROM (:main) m WHERE customer < 0;
SELECT is((SELECT count(*) FROM empty), 0::bigint, 'no rows');
CREATE TABLE without AS :main WITH NO DATA;
SELECT is((SELECT count(*) FROM without), 0::bigint, 'WITH NO DATA');
CREATE TABLE nothing AS SELECT segment.rfm_agg(day, amount) IS NULL AS x FROM orders WHERE id < 0 GROUP BY customer;
SELECT is((SELECT count(*) FROM nothing), 0::bigint, 'no rows without a node above the groups');

-- an error on the way
SELECT throws_ok('CREATE TABLE broken AS SELECT customer, 1 / (customer - 3900), segment.rfm_agg(day, amount) FROM orders GROUP BY customer',
  '22012', NULL, 'an error in a late row');
SELECT hasnt_table('public', 'broken', 'leaves no table');
CREATE TABLE after_error AS :main;
SELECT is(differences(:'main', 'after_error'), 0::bigint, 'and the next statement works');
SELECT is((SELECT count(DISTINCT cmin::text || ' ' || xmin::text) FROM plain), 1::bigint, 'one command made all rows');

-- what it is for: fewer bytes of log
SELECT CASE WHEN current_setting('wal_level') = 'minimal' THEN skip('a new table is not logged with wal_level minimal', 2)
  ELSE (SELECT cmp_ok(logged('CREATE TABLE by_core AS SELECT customer, day, rfm IS NULL FROM (SELECT customer, day, id, segment.rfm_agg(day, amount) AS rfm FROM orders GROUP BY 1, 2, 3) q', 'off') -
    logged('CREATE TABLE by_node AS SELECT customer, day, rfm IS NULL FROM (SELECT customer, day, id, segment.rfm_agg(day, amount) AS rfm FROM orders GROUP BY 1, 2, 3) q', 'force'), '>', 500000.0, 'a record a page, not a row')) END;
SELECT CASE WHEN current_setting('wal_level') <> 'minimal' THEN is((SELECT count(*) FROM by_node), (SELECT count(*) FROM by_core), 'of as many rows') END;

SELECT * FROM finish();
ROLLBACK;
