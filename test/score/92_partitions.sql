-- rfm_score(…) OVER (PARTITION BY …) in the node that sorts nothing: what it takes, and that it returns what core's WindowAgg returns.
\ir ../lib/begin.sql
\ir ../grouping/same.psql
\ir node.psql
CREATE COLLATION case_blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE orders AS
SELECT (i * 7919) % 1501 AS customer, timestamptz '2020-01-01 UTC' + (i % 997) * interval '1 day' AS at,
       (((i * 31) % 10000) - 300)::numeric / 100 AS amount, NULLIF('m' || (i * 7919) % 1501 % 5, 'm3') AS market,
       ((ARRAY['North', 'NORTH', 'south', 'South'])[1 + (i * 7919) % 1501 % 4]) COLLATE case_blind AS region,
       ((i * 7919) % 1501 % 3)::numeric + CASE WHEN (i * 7919) % 1501 % 2 = 0 THEN 0.00 ELSE 0 END AS scaled,
       CASE (i * 7919) % 1501 % 3 WHEN 0 THEN '-0'::float8 WHEN 1 THEN 0 ELSE 'NaN' END AS zero, 'c' || (i * 7919) % 1501 % 9 AS channel
FROM generate_series(1, 15000) i;
CREATE TABLE stored AS SELECT customer, market, segment.rfm_agg(at, amount) AS rfm FROM orders GROUP BY customer, market
UNION ALL SELECT 5000, 'm1', NULL UNION ALL SELECT 5001, 'm7', segment.rfm_agg(timestamptz '2020-01-01 UTC', -5.00) UNION ALL SELECT 5002, 'm8', NULL;
ANALYZE orders, stored;
LOAD 'segment';
SELECT plan(127);
\set score 'segment.rfm_score(segment.rfm_agg(at, amount), date ''2023-01-01'') OVER '
\set by_market 'SELECT customer, market, ' :score '(PARTITION BY market) FROM orders GROUP BY customer, market'

-- Every query, alone and with workers, with much memory and little.
CREATE TABLE queries (name text, query text);
INSERT INTO queries VALUES
  ('a text key, NULL among its values', :'by_market'),
  ('a stored summary, one NULL, one without an order', 'SELECT customer, rfm, segment.rfm_score(rfm, date ''2023-01-01'') OVER (PARTITION BY market) FROM stored'),
  ('two keys', 'SELECT customer, ' || :'score' || '(PARTITION BY market, channel) FROM orders GROUP BY customer, market, channel'),
  ('an expression', 'SELECT customer, ' || :'score' || '(PARTITION BY coalesce(market, ''none'') || channel) FROM orders GROUP BY customer, market, channel'),
  ('a partition for each customer', 'SELECT ' || :'score' || '(PARTITION BY customer), customer FROM orders GROUP BY customer'),
  ('a nondeterministic collation', 'SELECT customer, region::text COLLATE "C", ' || :'score' || '(PARTITION BY region) FROM orders GROUP BY customer, region'),
  ('numbers of different scale', 'SELECT customer, ' || :'score' || '(PARTITION BY trunc(scaled, customer % 3)) FROM orders GROUP BY customer, scaled'),
  ('two zeros and NaN', 'SELECT customer, zero + 1, ' || :'score' || '(PARTITION BY zero) FROM orders GROUP BY customer, zero'),
  ('arrays', 'SELECT customer, ' || :'score' || '(PARTITION BY ARRAY[market, channel], customer % 2 = 0) FROM orders GROUP BY customer, market, channel'),
  ('a constant', 'SELECT customer, ' || :'score' || '(PARTITION BY 1) FROM orders GROUP BY customer'),
  ('two of the same partitioning', 'SELECT customer, ' || :'score' || '(PARTITION BY market), segment.rfm_score(segment.rfm_agg(at, amount), date ''2023-01-01'', 9, ''natural'', ''average'') OVER (PARTITION BY market)
     FROM orders GROUP BY customer, market'),
  ('three partitionings', 'SELECT customer, ' || :'score' || '(PARTITION BY market), ' || :'score' || '(), segment.score_m(' || :'score' || '(PARTITION BY channel, market)) FROM orders GROUP BY customer, market, channel'),
  ('a named window twice', 'SELECT customer, ' || :'score' || 'w, segment.score_code(' || :'score' || 'w) FROM orders GROUP BY customer, market WINDOW w AS (PARTITION BY market)'),
  ('as_of by partition', 'SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount), coalesce(date ''2023-01-01'' + length(market), ''2024-01-01'')) OVER (PARTITION BY market) FROM orders GROUP BY customer, market'),
  ('a one-row table beside it', 'SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount), day) OVER () FROM orders, (SELECT max(at)::date AS day FROM orders) d GROUP BY customer, day'),
  ('options by partition', 'SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount), date ''2023-01-01'', 2 + length(channel), CASE market WHEN ''m1'' THEN ''natural'' ELSE ''equal_width'' END,
     CASE channel WHEN ''c2'' THEN ''total'' ELSE ''average'' END, zone => CASE channel WHEN ''c3'' THEN ''UTC'' ELSE ''Asia/Tokyo'' END) OVER (PARTITION BY market, channel) FROM orders GROUP BY customer, market, channel'),
  ('a fallback for small partitions', 'SELECT customer, segment.rfm_score(rfm, date ''2023-01-01'', min_partition => 320, fallback => (SELECT segment.rfm_cut_points_agg(rfm, date ''2023-01-01'', 5) FROM stored)) OVER (PARTITION BY market) FROM stored'),
  ('as_of is a subquery''s', 'SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount), (SELECT max(at)::date FROM orders)) OVER (PARTITION BY market) FROM orders GROUP BY customer, market'),
  ('again for each row of another table', 'SELECT g, s.* FROM generate_series(1, 3) g, LATERAL (SELECT customer, ' || :'score' || '(PARTITION BY market) FROM orders WHERE customer % 3 < g GROUP BY customer, market) s'),
  ('nobody', 'SELECT customer, ' || :'score' || '(PARTITION BY market) FROM orders WHERE customer < 0 GROUP BY customer, market'),
  ('joins, HAVING, groups above', 'SELECT market, segment.score_r(s), count(*) FROM (SELECT o.customer, o.market, ' || :'score' || '(PARTITION BY o.market) AS s FROM orders o JOIN stored USING (customer)
     GROUP BY o.customer, o.market HAVING count(*) > 2) x GROUP BY 1, 2'),
  ('a set operation above', :'by_market' || ' UNION ALL ' || :'by_market'),
  ('DISTINCT and ORDER BY', 'SELECT DISTINCT market, segment.score_r(' || :'score' || '(PARTITION BY market)) FROM orders GROUP BY customer, market ORDER BY market');
CREATE FUNCTION all_same(workers integer) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  q queries;
BEGIN
  PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
  FOR q IN TABLE queries LOOP
    PERFORM set_config('segment.enable_fast_aggregate', 'force', true);
    RETURN NEXT is(CASE WHEN workers > 0 AND q.name NOT IN ('a one-row table beside it', 'again for each row of another table', 'joins, HAVING, groups above') THEN workers_score(q.query) ELSE scores_with_node(q.query) END, true, format('%s, %s workers: the node', q.name, workers));
    RETURN NEXT is(differences(q.query), 0::bigint, format('%s, %s workers: same rows', q.name, workers));
    PERFORM set_config('work_mem', '64kB', true);
    RETURN NEXT is(differences(q.query), 0::bigint, format('%s, %s workers: same rows with little memory', q.name, workers)) WHERE differences(q.query) > 0;
    PERFORM set_config('work_mem', '4MB', true);
  END LOOP;
END
$$;
SELECT * FROM all_same(0);
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
ALTER TABLE orders SET (parallel_workers = 2);
ALTER TABLE stored SET (parallel_workers = 2);
SELECT * FROM all_same(2);
SET LOCAL max_parallel_workers_per_gather = 0;

-- Many large and mixed batches, in several passes, from files.
CREATE TABLE many AS SELECT i AS customer, i % 20011 AS small, i % 7 AS large, segment.rfm_agg(date '2022-01-01' + i % 300, i * 7919 % 1009) AS rfm FROM generate_series(1, 60000) i GROUP BY i;
ALTER TABLE many SET (parallel_workers = 2);
ANALYZE many;
SET LOCAL work_mem = '64kB';
SELECT is(differences('SELECT customer, segment.rfm_score(rfm, date ''2023-01-01'') OVER (PARTITION BY small), segment.rfm_score(rfm, date ''2023-01-01'', 4) OVER (PARTITION BY large) FROM many'), 0::bigint, '20011 and 7 partitions');
SELECT is(differences('SELECT customer, segment.rfm_score(rfm, date ''2023-01-01'') OVER (PARTITION BY lpad(small::text, 500)) FROM many WHERE customer < 20000'), 0::bigint, 'long keys');
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT is(differences('SELECT customer, segment.rfm_score(rfm, date ''2023-01-01'') OVER (PARTITION BY small), segment.rfm_score(rfm, date ''2023-01-01'', 4) OVER (PARTITION BY large) FROM many'), 0::bigint, 'with workers');
SET LOCAL max_parallel_workers = 0;
SELECT is(differences('SELECT customer, segment.rfm_score(rfm, date ''2023-01-01'') OVER (PARTITION BY small) FROM many'), 0::bigint, 'with workers that do not come');
RESET max_parallel_workers;
SET LOCAL max_parallel_workers_per_gather = 0;
RESET work_mem;

-- EXPLAIN.
CREATE FUNCTION lines(query text, wanted text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  found text;
BEGIN
  FOR line IN EXECUTE query LOOP
    found := nullif(concat_ws('; ', found, substring(line FROM wanted)), '');
  END LOOP;
  RETURN found;
END
$$;
SET LOCAL segment.enable_fast_aggregate = on;
SELECT is(lines('EXPLAIN (COSTS off) ' || :'by_market', '(SegmentScore|Partition Key.*|Sort)'), 'SegmentScore; Partition Key: market', 'taken by default; the key is shown, and nothing is sorted');
SELECT is(lines('EXPLAIN (COSTS off, VERBOSE) SELECT customer, ' || :'score' || '(PARTITION BY market, channel), ' || :'score' || '(), ' || :'score' || '(PARTITION BY customer % 3, channel) FROM orders GROUP BY customer, market, channel', '(Partition Key.*)'),
          'Partition Keys: (orders.market, orders.channel), (), (((orders.customer % 3)), orders.channel)', 'several partitionings');
SELECT is(lines('EXPLAIN (COSTS off, FORMAT json) ' || :'by_market', '"Partition Key": (\["market"\])'), '["market"]', 'as JSON');
SET LOCAL work_mem = '64kB';
SELECT ok(lines('EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) ' || :'by_market', '(Partitions: 5|Disk Usage: [1-9].*)') ~ '^Partitions: 5; Disk Usage', 'ANALYZE counts partitions and what files hold');
RESET work_mem;
SET LOCAL segment.enable_fast_aggregate = off;
SELECT ok(NOT scores_with_node(:'by_market'), 'not when turned off');

-- What stays with core.
SELECT * FROM same_scores('SELECT customer, ' || :'score' || '(PARTITION BY market ORDER BY customer) FROM orders GROUP BY customer, market', 'an order', false);
SELECT * FROM same_scores('SELECT customer, ' || :'score' || '(PARTITION BY (customer % 4)::bit(4)::varbit) FROM orders GROUP BY customer', 'a type without a hash', false);

-- Errors are those of the function.
SET LOCAL segment.enable_fast_aggregate = force;
SELECT throws_ok('SELECT segment.rfm_score(rfm, date ''2023-01-01'' + customer) OVER (PARTITION BY market) FROM stored WHERE rfm IS NOT NULL', '22023', 'as_of must be the same in every row', 'another as_of in a partition');
SELECT throws_ok('SELECT segment.rfm_score(rfm, date ''2023-01-01'', method => CASE WHEN customer > 700 THEN ''quantile'' ELSE ''natural'' END) OVER (PARTITION BY market) FROM stored', '22023',
                 'method must be the same in every row', 'another method in a partition');
SELECT throws_ok('SELECT segment.rfm_score(rfm, NULL::date) OVER (PARTITION BY market) FROM stored', '22004', 'as_of must not be NULL', 'a NULL option');
SELECT lives_ok('SELECT segment.rfm_score(rfm, NULL::date) OVER (PARTITION BY market) FROM stored WHERE false', 'which nobody looks at without a row');
SELECT throws_ok('SELECT segment.rfm_score(rfm, date ''2023-01-01'', min_partition => 310) OVER (PARTITION BY market) FROM stored', '22023', 'a partition is smaller than min_partition, and there is no fallback', 'too few customers');
SELECT throws_ok('SELECT segment.rfm_score(rfm, date ''2020-01-01'') OVER (PARTITION BY market) FROM stored', '22023', NULL, 'orders after as_of');
CREATE ROLE segment_partition_reader;
CREATE TABLE by_uuid AS SELECT customer, md5(market)::uuid AS market, rfm FROM stored;
GRANT SELECT ON by_uuid TO segment_partition_reader;
\set of_uuid 'SELECT segment.rfm_score(rfm, date ''2023-01-01'') OVER (PARTITION BY market) FROM by_uuid'
REVOKE EXECUTE ON FUNCTION uuid_eq(uuid, uuid) FROM PUBLIC;
SET LOCAL ROLE segment_partition_reader;
SELECT throws_ok(:'of_uuid', '42501', 'permission denied for function uuid_eq', 'EXECUTE on a key''s equality function is asked for');
SET LOCAL segment.enable_fast_aggregate = off;
SELECT throws_ok(:'of_uuid', '42501', 'permission denied for function uuid_eq', 'as in core''s plan');
SET LOCAL segment.enable_fast_aggregate = force;
RESET ROLE;
GRANT EXECUTE ON FUNCTION uuid_eq(uuid, uuid) TO PUBLIC;

-- The ways in which rows are asked for.
CREATE TEMP TABLE whole AS SELECT customer, market, rfm_score::text AS score FROM (:by_market) x;
PREPARE of_market(date, text) AS SELECT customer, market, segment.rfm_score(segment.rfm_agg(at, amount), $1) OVER (PARTITION BY coalesce(market, $2)) FROM orders GROUP BY customer, market;
SET LOCAL plan_cache_mode = force_generic_plan;
SELECT ok(scores_with_node('EXECUTE of_market(''2023-01-01'', ''none'')'), 'a prepared statement');
CREATE TEMP TABLE prepared AS EXECUTE of_market('2023-01-01', 'none');
SELECT is((SELECT count(*) FROM (SELECT customer, market, rfm_score::text FROM prepared EXCEPT TABLE whole) d), 0::bigint, 'has these rows');
DECLARE c SCROLL CURSOR FOR :by_market;
DECLARE h CURSOR WITH HOLD FOR :by_market;
MOVE 400 IN c;
MOVE BACKWARD 390 IN c;
CREATE FUNCTION fetched(c refcursor, n integer) RETURNS SETOF whole LANGUAGE plpgsql AS $$
DECLARE
  r record;
BEGIN
  FOR i IN 1 .. n LOOP
    FETCH c INTO r;
    EXIT WHEN NOT FOUND;
    RETURN NEXT (r.customer, r.market, r.rfm_score::text)::whole;
  END LOOP;
END
$$;
SELECT is((SELECT count(*) FROM fetched('c', 5) JOIN whole USING (customer, score)), 5::bigint, 'a cursor goes back');
SET LOCAL work_mem = '64kB';
SELECT is((SELECT count(*) FROM fetched('c', 10000)), (SELECT count(*) FROM whole) - 15, 'and on to the end with another work_mem');
RESET work_mem;
CLOSE c;
SELECT is((SELECT count(*) FROM fetched('h', 10000) JOIN whole USING (customer, score)), (SELECT count(*) FROM whole), 'a cursor that is held');
CLOSE h;
SELECT is((SELECT count(*) FROM (SELECT * FROM (:by_market) x LIMIT 7) y), 7::bigint, 'LIMIT');
CREATE MATERIALIZED VIEW scored AS :by_market;
REFRESH MATERIALIZED VIEW scored;
SELECT is((SELECT count(*) FROM (SELECT customer, market, rfm_score::text FROM scored EXCEPT TABLE whole) d), 0::bigint, 'a materialized view, refreshed');
CREATE TABLE inserted (customer integer, market text, score segment.rfm_score);
INSERT INTO inserted :by_market;
SELECT is((SELECT count(*) FROM (SELECT customer, market, score::text FROM inserted EXCEPT TABLE whole) d), 0::bigint, 'INSERT');
SET LOCAL jit_above_cost = 0;
SELECT is(differences(:'by_market'), 0::bigint, 'with jit');
RESET jit_above_cost;

-- A view over rows that a policy lets through.
CREATE ROLE segment_market_reader;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON orders TO segment_market_reader USING (market = 'm1');
CREATE VIEW scores WITH (security_invoker = true) AS SELECT * FROM (:by_market) x;
GRANT SELECT ON orders, scores TO segment_market_reader;
CREATE TEMP TABLE owned AS SELECT customer, rfm_score::text AS score FROM scores WHERE market = 'm1';
GRANT SELECT ON owned TO segment_market_reader;
SET LOCAL segment.enable_fast_aggregate = force;
SET LOCAL ROLE segment_market_reader;
SELECT is((SELECT count(*) || ' ' || count(DISTINCT market) FROM scores JOIN owned ON owned.customer = scores.customer AND owned.score = rfm_score::text), (SELECT count(*) || ' 1' FROM owned), 'row-level security');
RESET ROLE;

-- Partition-wise grouping below.
CREATE TABLE split (LIKE orders) PARTITION BY HASH (customer);
CREATE TABLE split_0 PARTITION OF split FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE split_1 PARTITION OF split FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO split TABLE orders;
ANALYZE split;
SET LOCAL enable_partitionwise_aggregate = on;
\set by_split 'SELECT customer, ' :score '(PARTITION BY market) FROM split GROUP BY customer, market'
SELECT * FROM same_scores(:'by_split', 'partition-wise');
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT * FROM same_scores(:'by_split', 'partition-wise, with workers');

SELECT * FROM finish();
ROLLBACK;
