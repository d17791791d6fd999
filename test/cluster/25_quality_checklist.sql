-- 25_quality_checklist.sql: the checklist of the aggregate cluster_quality (no rows, NULL, text form and two models at once:
-- 30_reading; bad bytes and cancel: test/t)
\ir ../lib/begin.sql
SELECT plan(16);
SET search_path = public, segment;
CREATE TABLE v AS SELECT g AS id, ARRAY[(hashint4(g) & 127), (hashint4(g + 7) & 31) * 0.1, (hashint4(g) & 63) * 0.25 + 1]::float8[] AS x, hashint4(g) & 3 AS part FROM generate_series(1, 20000) g;
CREATE TABLE parts (LIKE v) PARTITION BY HASH (id);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT * FROM v;
ANALYZE v;
ANALYZE parts;
CREATE TABLE model AS SELECT kmeans_agg(x, 4) AS m FROM v;
CREATE TABLE whole AS SELECT cluster_quality((SELECT m FROM model), x) AS q FROM v;

SELECT is((SELECT vectors FROM cluster_quality_info((SELECT cluster_quality((SELECT m FROM model), '{1,2,3}'::float8[]))) ), 1::bigint, 'one row');
SELECT throws_ok($$SELECT cluster_quality((SELECT m FROM model), '{1,NaN,3}'::float8[])$$, '22003', NULL, 'NaN');
SELECT throws_ok($$SELECT cluster_quality((SELECT m FROM model), '{1,-Infinity,3}'::float8[])$$, '22003', NULL, 'infinity');
SELECT is((SELECT cluster_quality((SELECT m FROM model), x) FROM (SELECT x FROM v ORDER BY md5(id::text)) s), q, 'shuffled: the same bytes') FROM whole;
SELECT is((SELECT cluster_quality((SELECT m FROM model), x) FILTER (WHERE part = 1) FROM v), (SELECT cluster_quality((SELECT m FROM model), x) FROM v WHERE part = 1), 'FILTER');
SELECT is((SELECT (cluster_quality_info(cluster_quality((SELECT m FROM model), x) OVER (ORDER BY id ROWS 4 PRECEDING))).vectors FROM v ORDER BY id OFFSET 10 LIMIT 1), 5::bigint, 'a window frame');
SET enable_partitionwise_aggregate = on;
SELECT is((SELECT cluster_quality((SELECT m FROM model), x) FROM parts), q, 'partition-wise = plain') FROM whole;
SELECT is_empty($$SELECT id % 3, md5(segment_internal.cluster_quality_send(cluster_quality((SELECT m FROM model), x))) FROM parts GROUP BY 1
  EXCEPT SELECT id % 3, md5(segment_internal.cluster_quality_send(cluster_quality((SELECT m FROM model), x))) FROM v GROUP BY 1$$, '… by group too');
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SELECT is((SELECT cluster_quality((SELECT m FROM model), x) FROM v), q, 'parallel = serial') FROM whole;
CREATE FUNCTION parallel_plan() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) SELECT cluster_quality((SELECT m FROM model), x) FROM v' LOOP
    IF line ~ 'Partial Aggregate' THEN RETURN true; END IF;
  END LOOP;
  RETURN false;
END $$;
SELECT ok(parallel_plan(), '… and it was parallel');
CREATE ROLE plain_reader;
GRANT SELECT ON v, model TO plain_reader;
SET ROLE plain_reader;
SELECT is((SELECT vectors FROM cluster_quality_info((SELECT cluster_quality((SELECT m FROM model), x) FROM v))), 20000::bigint, 'as an ordinary role');
RESET ROLE;
-- Parts of a distributed query travel as text, those without any vector too.
CREATE AGGREGATE part_quality(kmeans_model, float8[]) (SFUNC = segment_internal.cluster_quality_trans, STYPE = cluster_quality);
CREATE TABLE sent AS SELECT id % 5 AS n, part_quality((SELECT m FROM model), x)::text AS part FROM v GROUP BY 1
  UNION ALL SELECT 5, part_quality((SELECT m FROM model), NULL)::text;
SELECT is((SELECT cluster_quality_rollup(part::cluster_quality ORDER BY n DESC) FROM sent),
          (SELECT cluster_quality((SELECT m FROM model), x) FROM (SELECT x FROM v UNION ALL SELECT NULL) y), 'parts as text, merged = the whole');
SELECT is((SELECT (vectors, skipped, total, calinski_harabasz, davies_bouldin, silhouette)::text FROM sent, cluster_quality_info(part::cluster_quality) WHERE n = 5), '(0,1,,,,)', 'a part without vectors');
SELECT is_empty('SELECT FROM sent, cluster_profile(part::cluster_quality) WHERE n = 5', '… has no profile');
SELECT is((SELECT cluster_quality_rollup(part::cluster_quality) FROM sent WHERE n = 5), NULL, '… and is no quality');
SELECT throws_ok($$SELECT cluster_quality_rollup(q) FROM (SELECT q FROM whole UNION ALL SELECT cluster_quality((SELECT kmeans(coreset_agg(x), 2) FROM v), '{1,2,3}'::float8[])) y$$, '22023', 'qualities of different models', 'different models');
SELECT * FROM finish();
ROLLBACK;
