-- Memory: at most 100 bytes a group, spilling beyond work_mem x hash_mem_multiplier, the same rows whatever the hash.
\ir ../lib/begin.sql
\ir same.psql
SELECT plan(27);
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL hash_mem_multiplier = 2;

CREATE TEMP TABLE orders AS
SELECT ((i::bigint * 7919) % 50000) AS customer, md5(((i::bigint * 7919) % 20000)::text) AS token,
       timestamptz '2020-01-01 UTC' + (i % 1000) * interval '1 day' AS ordered, ((i * 31) % 10000 - 300) / 100.0 AS amount, i / 3 AS order_id
FROM generate_series(1, 150000) i;
ANALYZE orders;

-- A line of EXPLAIN (ANALYZE) as a number.
CREATE FUNCTION shown(query text, what text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  line text;
  plan text := '';
BEGIN
  SET LOCAL segment.enable_fast_aggregate = force;
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) ' || query LOOP
    plan := plan || line || E'\n';
  END LOOP;
  RETURN substring(plan FROM what || ': (\d+)');
END
$$;

\set by_customer '\'SELECT customer, segment.rfm_agg(ordered, amount) FROM orders GROUP BY customer\''
\set by_token '\'SELECT token, segment.rfm_agg(ordered, amount), count(*), array_agg(order_id ORDER BY order_id) FROM orders GROUP BY token\''
SET LOCAL work_mem = '64MB';
SELECT is(shown(:by_customer, 'Groups'), 50000::bigint, 'EXPLAIN shows the groups');
SELECT is(shown(:by_customer, 'Batches'), 1::bigint, 'one batch where memory suffices');
SELECT is(shown(:by_customer, 'Disk Usage'), NULL, 'nothing is written where memory suffices');
SELECT cmp_ok(shown(:by_customer, 'Memory Usage') * 1024.0 / 50000, '<=', 100.0, 'at most 100 bytes a group');

SET LOCAL work_mem = '256kB';
SELECT cmp_ok(shown(:by_customer, 'Batches'), '>', 5::bigint, 'several batches where it does not');
SELECT cmp_ok(shown(:by_customer, 'Disk Usage'), '>', 0::bigint, 'rows are written');
SELECT is(shown(:by_customer, 'Groups'), 50000::bigint, 'no group is lost or split');
SELECT cmp_ok(shown(:by_customer, 'Memory Usage'), '<=', 1024::bigint, 'within twice the limit of 512 kB');

SET LOCAL work_mem = '64kB';
SELECT is(differences(:by_customer), 0::bigint, format('integer key, seed %s', seed))
FROM generate_series(0, 2) seed, LATERAL set_config('segment.grouping_seed', seed::text, true);
SELECT is(differences('SELECT token, segment.rfm_agg(ordered, amount), count(*), sum(amount) FROM orders GROUP BY token'), 0::bigint,
          format('text key, seed %s', seed))
FROM generate_series(0, 2) seed, LATERAL set_config('segment.grouping_seed', seed::text, true);
SELECT is(differences('SELECT token, segment.rfm_agg(ordered, amount, order_id), string_agg(order_id::text, '','' ORDER BY order_id) FROM orders GROUP BY token'),
          0::bigint, 'states that grow: left to core with ORDER BY');
SELECT is(differences('SELECT token, segment.rfm_agg(ordered, amount, order_id), max(token), sum(amount) FROM orders GROUP BY token'), 0::bigint,
          'states that grow');
SELECT is(differences('SELECT repeat(token, 400) AS k, segment.rfm_agg(ordered, amount) FROM orders WHERE order_id < 900 GROUP BY 1'), 0::bigint,
          'keys of 13 kB');

-- ledgers lie outside the groups too
\set ledger '\'SELECT customer, segment.ledger_agg(ordered, amount) FROM orders GROUP BY customer\''
\set ledger_ids '\'SELECT customer, segment.ledger_agg(ordered, amount, order_id) FROM orders GROUP BY customer\''
SET LOCAL work_mem = '64MB';
SELECT cmp_ok(shown(:ledger, 'Memory Usage') * 1024.0 / 50000, '<=', 160.0, 'ledgers of three orders: at most 160 bytes a group');
SET LOCAL work_mem = '256kB';
SELECT cmp_ok(shown(:ledger, 'Batches'), '>', 5::bigint, 'ledgers: several batches where memory does not suffice');
SELECT cmp_ok(shown(:ledger, 'Memory Usage'), '<=', 1024::bigint, 'ledgers: within twice the limit');
SELECT cmp_ok(shown(:ledger_ids, 'Memory Usage'), '<=', 1024::bigint, 'ledgers of order ids: within twice the limit');
SELECT is(differences(:ledger), 0::bigint, 'ledgers: same rows');
SELECT is(differences(:ledger_ids), 0::bigint, 'ledgers of order ids: same rows');
SELECT is(differences('SELECT token, segment.ledger_agg(ordered, amount, order_id::text) FROM orders GROUP BY token'), 0::bigint,
          'ledgers of order ids as text, of a text key: same rows');

-- totals beyond 128 bits lie outside the groups: they count too
SET LOCAL work_mem = '256kB';
\set wide '\'SELECT customer, segment.rfm_agg(ordered, amount + 1e29 + 1e-20) FROM orders GROUP BY customer\''
SELECT cmp_ok(shown(:wide, 'Memory Usage'), '<=', 1024::bigint, 'wide totals: within twice the limit');
SELECT is(differences(:wide), 0::bigint, 'wide totals: same rows');
SELECT is((SELECT count(*) FROM pg_ls_tmpdir()), 0::bigint, 'no temporary file is left');

SELECT * FROM finish();
ROLLBACK;
