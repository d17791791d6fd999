-- One customer has 40 % of the rows, and the processes share rows: its partition is grouped by one of them.
\ir ../lib/begin.sql
\ir same.psql
SELECT plan(9);

CREATE TABLE orders AS
SELECT CASE WHEN i % 5 < 2 THEN 1 ELSE (i * 7919) % 40009 END AS customer, timestamptz '2020-01-01 UTC' + (i % 1000) * interval '1 day' AS ordered,
       ((i * 31) % 10000 - 1500)::numeric / 100 AS amount, i / 2 % 40000 AS order_id
FROM generate_series(1, 120000) i;
ANALYZE orders;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;

-- The lines of the plan.
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  plan text := '';
BEGIN
  SET LOCAL segment.enable_fast_aggregate = force;
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) ' || query LOOP
    plan := plan || line || E'\n';
  END LOOP;
  RETURN plan;
END
$$;

\set two '\'SELECT customer, segment.rfm_agg(ordered, amount) FROM orders GROUP BY customer\''
\set three '\'SELECT customer, segment.rfm_agg(ordered, amount, order_id) FROM orders GROUP BY customer\''
\set text_id '\'SELECT customer, segment.rfm_agg(ordered, amount, order_id::text), array_agg(order_id % 3) IS NULL FROM orders GROUP BY customer\''
SELECT matches(plan_of(:two), 'Partitions: \d+', 'rows are shared');
SELECT matches(plan_of(:three), 'Partitions: \d+', 'with order ids too');
SELECT matches(plan_of(:text_id), 'Partitions: \d+', 'and with ids of type text');
SELECT is(differences(:two), 0::bigint, 'same rows');
SELECT is(differences(:three), 0::bigint, 'with order ids: same rows');
SELECT is(differences(:text_id), 0::bigint, 'with ids of type text: same rows');
SET LOCAL work_mem = '64kB';
SELECT is(differences(:two), 0::bigint, 'little memory: same rows');
SELECT is(differences(:three), 0::bigint, 'little memory, with order ids: same rows');
SELECT is((SELECT count(*) FROM pg_ls_tmpdir()), 0::bigint, 'no temporary file is left');

SELECT * FROM finish();
ROLLBACK;
