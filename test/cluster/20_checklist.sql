-- 20_checklist.sql: the checklist of the aggregates coreset_agg, coreset_rollup and kmeans_agg
-- (bad bytes and cancel: test/t)
\ir ../lib/begin.sql
SELECT plan(67);
SET search_path = public, segment;
CREATE TABLE v AS
SELECT g AS id, (hashint4(g) & 127)::float8 AS r, (hashint4(g + 7) & 31)::float8 AS f, (hashint4(g) & 127) * 0.25 + 1 AS m, hashint4(g) & 3 AS part
FROM generate_series(1, 40000) g;
CREATE TABLE parts (LIKE v) PARTITION BY HASH (id);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO parts SELECT * FROM v;
ANALYZE v;
ANALYZE parts;
CREATE FUNCTION plan_of(q text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; answer text := '';
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || q LOOP answer := answer || line || E'\n'; END LOOP;
  RETURN answer;
END $$;

-- No rows, NULLs, one row
SELECT is(coreset_agg(r, f), NULL, 'no rows: NULL') FROM v WHERE false;
SELECT is(kmeans_agg(ARRAY[r, f], 3), NULL, 'no rows: no model') FROM v WHERE false;
SELECT is(coreset_rollup(c), NULL, 'no coresets: NULL') FROM (SELECT NULL::coreset AS c WHERE false) q;
SELECT is(coreset_rollup(c), NULL, 'all coresets NULL: NULL') FROM (SELECT NULL::coreset AS c FROM v LIMIT 3) q;
SELECT is(coreset_agg(NULL::float8[]), NULL, 'all vectors NULL: NULL') FROM v;
SELECT is(coreset_agg(r, NULL::float8), NULL, 'a NULL in every vector: NULL') FROM v;
SELECT ok((i).vectors = 36000 AND (i).skipped = 4000 AND (i).exact, 'vectors with a NULL are skipped and counted')
FROM (SELECT coreset_info(coreset_agg(CASE WHEN id % 10 > 0 THEN r END, f)) AS i FROM v) q;
SELECT is((SELECT missing FROM coreset_features((SELECT coreset_agg(CASE WHEN id % 10 > 0 THEN r END, f) FROM v)) WHERE feature = 1), 4000::bigint,
          '… by feature too');
SELECT is((SELECT array_agg(centroid[1] ORDER BY cluster) FROM cluster_table((SELECT kmeans(coreset_agg(ARRAY[x], 'none'), 1) FROM (VALUES (7::float8)) q(x)))), '{7}'::float8[],
          'one row is its own cluster');
SELECT is((SELECT (model_info(kmeans_agg(ARRAY[5.0, x], 1))).explained FROM generate_series(1, 3) x), 0::float8, 'a constant feature does no harm');
SELECT is((SELECT (model_info(kmeans_agg(ARRAY[5.0, 3.0], 1))).explained FROM generate_series(1, 3) x), NULL, 'all points equal: nothing to explain');

-- Refused
SELECT throws_ok($$SELECT coreset_agg(x) FROM (VALUES (1::float8), ('NaN')) q(x)$$, '22003', NULL, 'NaN');
SELECT throws_ok($$SELECT coreset_agg(ARRAY[1, x]) FROM (VALUES (1::float8), ('-Infinity')) q(x)$$, '22003', NULL, 'infinity');
SELECT throws_ok($$SELECT coreset_agg(x) FROM (VALUES (ARRAY[1, 2]::float8[]), (ARRAY[1])) q(x)$$, '22023', NULL, 'vectors of different length');
SELECT throws_ok($$SELECT coreset_agg(ARRAY[[1, 2], [3, 4]]::float8[])$$, '2202E', NULL, 'a matrix');
SELECT throws_ok($$SELECT coreset_agg('{}'::float8[])$$, '2202E', NULL, 'an empty vector');
SELECT throws_ok($$SELECT coreset_agg(array_fill(1::float8, ARRAY[65]))$$, '2202E', NULL, '65 features');
SELECT lives_ok($$SELECT coreset_agg(array_fill(1::float8, ARRAY[64]))$$, '64 features');
SELECT throws_ok($$SELECT segment_internal.kmeans_agg_final(coreset_agg(x)) FROM (VALUES (1::float8), (2)) q(x)$$, '22023', NULL, 'the final function with a coreset that says no k');
SELECT throws_ok($$SELECT coreset_agg(ARRAY[1::float8], 'none', -1)$$, '22023', NULL, 'a negative weight');
SELECT throws_ok($$SELECT coreset_agg(ARRAY[1::float8], 'none', 'NaN')$$, '22023', NULL, 'a weight that is no number');
SELECT throws_ok($$SELECT coreset_agg(ARRAY[1::float8], 'none', 5e9) FROM generate_series(1, 2)$$, '54000', NULL, 'too much weight');
SELECT throws_ok($$SELECT coreset_agg(ARRAY[1::float8], 'square')$$, '22023', NULL, 'an unknown transform');
SELECT throws_ok($$SELECT coreset_agg(ARRAY[1::float8], NULL)$$, '22004', NULL, 'a NULL option');
SELECT throws_ok($$SELECT coreset_agg(ARRAY[1::float8], 'log', 1, 'zero')$$, '22023', NULL, 'an unknown policy');
SELECT throws_ok($$SELECT coreset_agg(ARRAY[1, NULL]::float8[], 'log', 1, 'error')$$, '22004', NULL, 'nulls error');
SELECT throws_ok($$SELECT coreset_agg(ARRAY[x], CASE WHEN x > 1 THEN 'log' ELSE 'none' END) FROM generate_series(1, 2) x$$, '22023', NULL, 'options that change');
SELECT throws_ok($$SELECT coreset_rollup(c) FROM (SELECT coreset_agg(1) UNION ALL SELECT coreset_agg(1, 'none')) q(c)$$, '22023', NULL, 'rollup of different transforms');
SELECT throws_ok($$SELECT coreset_agg(1) + coreset_agg(1, 2)$$, '22023', NULL, '+ of different lengths');
SELECT throws_ok($$SELECT coreset_agg(1e200, 'none')$$, '22003', NULL, 'a raw feature whose square overflows');
SELECT throws_ok($$SELECT kmeans(coreset_agg(x % 3), 4) FROM generate_series(1, 9) x$$, '22023', 'more clusters than distinct points', 'k above the number of distinct points');
SELECT throws_ok($$SELECT kmeans(coreset_agg(x), 0) FROM generate_series(1, 9) x$$, '22023', NULL, 'k = 0');
SELECT throws_ok($$SELECT kmeans(coreset_agg(x), 2, scale => 'minmax') FROM generate_series(1, 9) x$$, '22023', NULL, 'an unknown scale');
SELECT throws_ok($$SELECT kmeans_agg(ARRAY[x], x) FROM generate_series(1, 9) x$$, '22023', NULL, 'k that changes');
SELECT throws_ok($$SELECT kmeans(coreset_compress(coreset_agg(x, 'none'), 5), 2, transform => 'log') FROM generate_series(1, 9) x$$, '0A000', NULL, 'log of compressed raw points');
SELECT throws_ok($$SELECT segment_internal.coreset_agg_trans(NULL, ARRAY[1::float8])$$, '22023', NULL, 'a support function outside its aggregate');

SELECT throws_ok($$SELECT kmeans(coreset_agg(x, 'none'), 2, scale => 'robust') FROM unnest(ARRAY[-power(2::float8, 400), 0, 1e-200, 2e-200, 3e-200, power(2::float8, 400)]) x$$, '22003', NULL, 'values that no scale brings together');
SELECT throws_ok($$SELECT cluster_quality((SELECT kmeans(coreset_agg(x * 1e-150, 'none'), 2) FROM generate_series(1, 9) x), '{1e130}'::float8[])$$, '22003', NULL, 'a vector too far off for its square');
SELECT lives_ok($$SELECT relabel(m::text::kmeans_model, regexp_replace(m::text, '"centroids":.*', '"centroids":[1e308,-1e308]}')::kmeans_model) FROM (SELECT kmeans_agg(ARRAY[x], 2) AS m FROM generate_series(1, 9) x) q$$,
  'relabelling ends for any numbers');

-- Extreme amounts are fine under log, and exact points can change their transform
SELECT is((SELECT array_agg(size ORDER BY cluster) FROM cluster_table((SELECT kmeans_agg(ARRAY[x], 2) FROM unnest('{1,2,3,1e300,-1e300}'::float8[]) x))), '{4,1}'::float8[], '1e300');
SELECT is(kmeans(coreset_agg(r, f, 'none'), 5, transform => 'log'), kmeans(coreset_agg(r, f), 5), 'log of exact raw points is log') FROM v;

-- The same bytes for any order, plan and split
CREATE TEMP TABLE plain AS SELECT coreset_agg(r, f, m) AS c, kmeans_agg(ARRAY[r, f, m], 5) AS model FROM v;
SELECT ok((coreset_info(c)).exact AND (coreset_info(c)).points < 40000, 'some thousand distinct points') FROM plain;
SELECT is(coreset_agg(r, f, m), (SELECT c FROM plain), 'shuffled') FROM (SELECT * FROM v ORDER BY hashint4(id + 99)) q;
SELECT is(coreset_agg(ARRAY[r, f, m]), (SELECT c FROM plain), 'as arrays') FROM v;
SELECT is(coreset_rollup(c), (SELECT c FROM plain), 'rollup of parts') FROM (SELECT coreset_agg(r, f, m) AS c FROM v GROUP BY part) q;
SELECT is((SELECT coreset_agg(r, f, m) FROM v WHERE part < 2) + (SELECT coreset_agg(r, f, m) FROM v WHERE part >= 2), c, '+ of parts') FROM plain;
SELECT is((SELECT coreset_agg(r, f, m) FILTER (WHERE part < 2) FROM v), (SELECT coreset_agg(r, f, m) FROM v WHERE part < 2), 'FILTER');
SELECT is(c::text::coreset, c, 'text round trip') FROM plain;
SELECT is(model::text::kmeans_model, model, 'text round trip of a model') FROM plain;
SELECT is(model::jsonb::kmeans_model, model, 'jsonb round trip of a model') FROM plain;
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET enable_partitionwise_aggregate = on;
SELECT matches(plan_of('SELECT coreset_agg(r, f, m) FROM v'), 'Partial Aggregate', 'a partial aggregate in workers');
SELECT is(coreset_agg(r, f, m), (SELECT c FROM plain), 'parallel = serial') FROM v;
SELECT is(kmeans_agg(ARRAY[r, f, m], 5), (SELECT model FROM plain), 'parallel = serial, model') FROM v;
SELECT is(md5(string_agg(c::text, ',' ORDER BY part)), (SELECT md5(string_agg(c::text, ',' ORDER BY part)) FROM (SELECT part, coreset_agg(ARRAY[r, f]) AS c FROM v GROUP BY part) s), 'parallel = serial, grouped')
FROM (SELECT part, coreset_agg(r, f) AS c FROM v GROUP BY part) q;
SET max_parallel_workers_per_gather = 0;
SELECT matches(plan_of('SELECT coreset_agg(r, f, m) FROM parts'), 'Append.*Partial', 'partition-wise plan');
SELECT is(coreset_agg(r, f, m), (SELECT c FROM plain), 'partition-wise = serial') FROM parts;
SELECT is_empty($$SELECT id FROM (SELECT id, coreset_agg(r, f) OVER (ORDER BY id) AS running FROM v WHERE id <= 50) w
  WHERE running <> (SELECT coreset_agg(r, f) FROM v WHERE v.id <= w.id)$$, 'running window = fresh');

-- Weights and NULL as mean
SELECT is((SELECT (coreset_info(coreset_agg(ARRAY[x], 'none', 0.5))).weight FROM generate_series(1, 9) x), 4.5::float8, 'weights add up');
SELECT is((SELECT mean FROM coreset_features((SELECT coreset_agg(ARRAY[x], 'none', 1, 'mean') FROM unnest('{1,2,NULL,6}'::float8[]) x))), 3::float8, 'nulls mean: the mean of the others');
SELECT is((SELECT cluster_of(model, ARRAY[NULL]::float8[]) IS NOT NULL FROM (SELECT kmeans(coreset_agg(ARRAY[x], 'none', 1, 'mean'), 2) AS model FROM unnest('{1,2,NULL,6}'::float8[]) x) q), true,
          'nulls mean: assigned too');
SELECT is(cluster_of(model, NULL::float8, 1, 2), NULL, 'nulls skip: not assigned') FROM plain;

-- Compressed: bounded, and reproducible for one plan
CREATE TABLE many AS SELECT g AS id, exp(4 * sin(g::float8)) AS a, exp(3 * cos(g * 7.1)) AS b, (g * 0.618034) % 1 AS c FROM generate_series(1, 150000) g;
CREATE TEMP TABLE big AS SELECT coreset_agg(a, b, c) AS c FROM many;
SELECT ok(NOT (coreset_info(c)).exact AND (coreset_info(c)).bytes <= 300000 AND (coreset_info(c)).weight = 150000, '150,000 points in at most 300,000 bytes') FROM big;
SELECT is(coreset_agg(a, b, c), (SELECT c FROM big), 'the same plan gives the same bytes') FROM many;
SELECT ok(abs(x.mean - y.mean) < 1e-9 * abs(y.mean) AND abs(x.variance - y.variance) < 1e-9 * y.variance, 'mean and variance are those of all points, feature ' || feature)
FROM coreset_features((SELECT c FROM big)) x, LATERAL (SELECT avg(v) AS mean, var_pop(v) AS variance FROM (SELECT ln(1 + CASE feature WHEN 1 THEN a WHEN 2 THEN b ELSE c END) AS v FROM many) q) y;
-- a coreset without a vector, of 100 rows that were NULL, stays what it is: its text is read again
SELECT is(coreset_compress(c, 2)::text::coreset::text, c::text, 'compressing a coreset without vectors changes nothing')
FROM (SELECT '\x01000100000000000000000000000000000000000000000000000064000000000000000000000000'::coreset) e (c);
SELECT * FROM finish();
ROLLBACK;
