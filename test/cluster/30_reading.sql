-- 30_reading.sql: quality, profiles, the number of clusters, relabelling, the window form. Figures of iris were computed
-- with scikit-learn 1.2.1 (KMeans, calinski_harabasz_score, davies_bouldin_score).
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
SET search_path = public, segment;
SELECT plan(39);
CREATE TEMP TABLE iris AS SELECT x FROM point WHERE set = 'iris';
CREATE TEMP TABLE model AS SELECT kmeans(coreset_agg(x, 'none'), 3, scale => 'none') AS model FROM iris;
CREATE TEMP TABLE quality AS SELECT cluster_quality((SELECT model FROM model), x) AS q FROM iris;

-- The quality of an assignment
SELECT is((SELECT array[round(inertia::numeric, 6), round(total::numeric, 4), round(calinski_harabasz::numeric, 4), round(davies_bouldin::numeric, 6), round(silhouette::numeric, 6)]
           FROM cluster_quality_info((SELECT q FROM quality))), '{78.851441,681.3706,561.6278,0.661972,0.666386}'::numeric[], 'indices of iris');
SELECT is((SELECT q FROM quality), (SELECT cluster_quality((SELECT model FROM model), x) FROM (SELECT x FROM iris ORDER BY md5(x::text)) s), 'shuffled: the same bytes');
SELECT is(q::text::cluster_quality, q, 'text round trip') FROM quality;
SELECT is((SELECT cluster_quality(model, x) FROM model, iris WHERE false), NULL, 'no rows: NULL');
SELECT is((SELECT cluster_quality(NULL, x) FROM iris), NULL, 'no model: NULL');
SELECT is((SELECT (cluster_quality_info(cluster_quality(model, CASE WHEN i % 2 = 0 THEN x END))).skipped FROM model, (SELECT x, row_number() OVER () AS i FROM iris) s), 75::bigint, 'NULL vectors are counted');
SELECT throws_ok($$SELECT cluster_quality(m.model, x) FROM iris, (SELECT model FROM model UNION ALL SELECT kmeans_agg(x, 3) FROM iris) m$$, '22023', NULL, 'two models at once');
SELECT throws_ok($$SELECT cluster_quality(model, ARRAY[1.0, 2.0]) FROM model$$, '22023', NULL, 'vectors that do not fit');
CREATE TABLE big AS SELECT g AS id, ARRAY[g % 97, g % 89, sqrt(g)]::float8[] AS x FROM generate_series(1, 30000) g;
ANALYZE big;
CREATE TEMP TABLE serial AS SELECT cluster_quality((SELECT kmeans_agg(x, 4) FROM big), x) AS q FROM big;
SET max_parallel_workers_per_gather = 2; SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
CREATE TABLE big_model AS SELECT kmeans_agg(x, 4) AS m FROM big;
SELECT is((SELECT cluster_quality((SELECT kmeans_agg(x, 4) FROM big), x) FROM big), q, 'parallel = serial') FROM serial;
RESET max_parallel_workers_per_gather;

-- Profiles
SELECT results_eq($$SELECT cluster, size, name, round(mean::numeric, 4), round(population_mean::numeric, 4), round(index::numeric, 2), rank
  FROM cluster_profile((SELECT q FROM quality), '{sepal length,sepal width,petal length,petal width}') WHERE cluster = 2 ORDER BY rank$$,
  $$VALUES (2, 50::bigint, 'petal length', 1.4620, 3.7580, 38.90, 1), (2, 50, 'petal width', 0.2460, 1.1993, 20.51, 2),
           (2, 50, 'sepal length', 5.0060, 5.8433, 85.67, 3), (2, 50, 'sepal width', 3.4280, 3.0573, 112.12, 4)$$, 'setosa: what sets it apart comes first');
SELECT throws_ok($$SELECT * FROM cluster_profile((SELECT q FROM quality), '{a,b}')$$, '22023', NULL, 'names that do not fit');
SELECT is((SELECT count(*) FROM cluster_profile((SELECT q FROM quality)) WHERE name IS NULL), 12::bigint, 'without names');

-- Rules
CREATE TEMP TABLE rule AS SELECT * FROM cluster_rules((SELECT model FROM model), (SELECT coreset_agg(x, 'none') FROM iris), '{sepal length,sepal width,petal length,petal width}');
SELECT results_eq($$SELECT rule, precision, recall FROM rule WHERE cluster = 2$$, $$VALUES ('petal length <= 2', 1::float8, 1::float8)$$, 'setosa: a rule of one threshold, without exception');
SELECT results_eq($$SELECT cluster, precision, recall FROM rule ORDER BY 1$$,
  $$SELECT r.cluster, count(*) FILTER (WHERE inside AND c = r.cluster)::float8 / count(*) FILTER (WHERE inside), count(*) FILTER (WHERE inside AND c = r.cluster)::float8 / count(*) FILTER (WHERE c = r.cluster)
    FROM rule r, LATERAL (SELECT cluster_of((SELECT model FROM model), x) AS c,
                            (SELECT bool_and(coalesce(v >= lower[j], true) AND coalesce(v <= upper[j], true)) FROM unnest(x) WITH ORDINALITY u(v, j)) AS inside FROM iris) i
    GROUP BY r.cluster ORDER BY 1$$, 'precision and recall are those of the rule on the flowers');
SELECT ok(min(precision) > 0.85 AND min(recall) > 0.8, 'and not bad') FROM rule;

-- The number of clusters
SELECT is(advised_k, expected, format('%s: %s clusters are advised', set, expected))
FROM (VALUES ('s1', 15), ('s2', 15), ('a1', 20)) v(set, expected),
     LATERAL (SELECT DISTINCT advised_k FROM kmeans_choose((SELECT coreset_agg(x, 'none') FROM point p WHERE p.set = v.set), 2, 25, scale => 'none')) q;
SELECT results_eq($$SELECT k, round(calinski_harabasz::numeric, 4), round(davies_bouldin::numeric, 4), round(silhouette::numeric, 4), advised_k
  FROM kmeans_choose((SELECT coreset_agg(x, 'none') FROM iris), 3, 3, scale => 'none')$$,
  $$VALUES (3, 561.6278, 0.6620, 0.6664, NULL::int)$$, 'iris: the same indices from the coreset; one k alone is not advised');
SELECT matches((SELECT DISTINCT reason FROM kmeans_choose((SELECT coreset_agg(x, 'none') FROM iris), 2, 8, scale => 'none')), '^no clear k: the criteria disagree', 'iris: the criteria disagree');
SELECT ok(bool_and(advised_k IS NULL) AND bool_and(reason ~ 'end of the range'), format('Online Retail, %s: no clear k', transform))
FROM (VALUES ('none'), ('log')) t(transform),
     LATERAL (SELECT c.* FROM (SELECT coreset_agg(ARRAY[rfm_recency(r, '2011-12-10'), rfm_frequency(r), rfm_monetary(r)]::float8[], transform) AS coreset
                               FROM (SELECT rfm_agg(ordered_at, amount, order_id) AS r FROM valid_sales GROUP BY customer_id) q) s, kmeans_choose(coreset, 2, 10) c) q
GROUP BY transform ORDER BY transform;
SELECT is((SELECT array_agg(k ORDER BY k) FROM kmeans_choose((SELECT coreset_agg(x) FROM (VALUES (1), (2), (2), (9)) v(x)))), '{2,3}'::int[], 'no more clusters than distinct points');

-- A refit keeps its predecessor's numbers
SELECT is(relabel(model, model), model, 'relabelled by itself: the same') FROM model;
SELECT results_eq($$SELECT r.cluster, new_cluster, old_cluster, status FROM
    (SELECT kmeans(coreset_agg(ARRAY[x], 'none'), 3, scale => 'none') AS m FROM unnest('{0,1,10,11,12,20,21}'::float8[]) x) a,
    (SELECT kmeans(coreset_agg(ARRAY[x], 'none'), 3, scale => 'none') AS m FROM unnest('{0,1,2,3,10,11,50,51,52}'::float8[]) x) b,
    relabel_report(b.m, a.m) r ORDER BY 1$$,
  $$VALUES (1, 3, 1, 'matched'), (2, 1, 2, 'matched'), (3, NULL, 3, 'retired'), (4, 2, NULL, 'new')$$, 'matched, new and retired');
SELECT throws_ok($$SELECT relabel(model, (SELECT kmeans_agg(x, 3) FROM iris)) FROM model$$, '22023', NULL, 'models of different transforms');

-- A second scan takes the error of a compressed coreset out
CREATE TEMP TABLE compressed AS SELECT coreset_compress(coreset_agg(x, 'none'), 300) AS c FROM point WHERE set = 's2';
CREATE TEMP TABLE rough AS SELECT kmeans(c, 15, scale => 'none') AS m FROM compressed;
CREATE TEMP TABLE smooth AS SELECT kmeans_refine((SELECT cluster_quality((SELECT m FROM rough), x) FROM point WHERE set = 's2'), c) AS m FROM compressed;
CREATE TEMP TABLE sums AS
SELECT sum(cluster_distance((SELECT m FROM rough), x) ^ 2) AS rough, sum(cluster_distance((SELECT m FROM smooth), x) ^ 2) AS smooth FROM point WHERE set = 's2';
SELECT ok(smooth < rough AND smooth < 1.327910949e13 * 1.001, format('S2 in 300 micro-clusters: %s of the best known, refined %s', round((rough / 1.327910949e13)::numeric, 6), round((smooth / 1.327910949e13)::numeric, 6))) FROM sums;
SELECT ok(i.inertia >= s.smooth * (1 - 1e-12) AND i.inertia < s.smooth * 1.001, '… and its inertia is a tight upper bound') FROM sums s, smooth, model_info(m) i;
SELECT is((SELECT sum(size) FROM smooth, cluster_table(m)), 5000::float8, '… with exact sizes');

-- … also where micro-clusters are large beside clusters: eight skewed features without any clusters in them
CREATE TEMP TABLE spread AS
SELECT array_agg(exp(2 * s ^ 3) ORDER BY j) AS x
FROM generate_series(1, 20000) i, generate_series(1, 8) j, LATERAL (SELECT sin((i * 8 + j)::bigint * (i * 8 + j) % 1000003) AS s) q GROUP BY i;
CREATE TEMP TABLE large AS SELECT coreset_agg(x) AS c FROM spread;
CREATE TEMP TABLE model_0 AS SELECT kmeans(c, 10) AS m FROM large;
CREATE TEMP TABLE quality_0 AS SELECT cluster_quality((SELECT m FROM model_0), x) AS q FROM spread;
CREATE TEMP TABLE quality_1 AS SELECT cluster_quality((SELECT kmeans_refine(q, c) FROM quality_0, large), x) AS q FROM spread;
CREATE TEMP TABLE quality_2 AS SELECT cluster_quality((SELECT kmeans_refine(q, c) FROM quality_1, large), x) AS q FROM spread;
SELECT ok(b.inertia < a.inertia AND c.inertia < b.inertia, format('eight features: inertia %s, refined %s, twice %s', round(a.inertia), round(b.inertia), round(c.inertia)))
FROM quality_0, cluster_quality_info(quality_0.q) a, quality_1, cluster_quality_info(quality_1.q) b, quality_2, cluster_quality_info(quality_2.q) c;
SELECT is(cluster_quality((SELECT m FROM model_0), x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8]), (SELECT q FROM quality_0), 'quality of columns and of arrays is the same')
FROM spread;
SELECT is((cluster_quality_info(cluster_quality((SELECT kmeans_agg(ARRAY[f], 2) FROM (VALUES (1), (2), (9)) v(f)), f))).skipped, 1::bigint, 'a NULL column is skipped')
FROM (VALUES (1::float8), (NULL), (9)) v(f);
SELECT throws_ok($$SELECT cluster_quality((SELECT m FROM model_0), x[1], x[2]) FROM spread$$, '22023', NULL, 'two columns for a model of eight');
SELECT is(kmeans_refine(q, (SELECT coreset_agg(x, 'none') FROM iris)), (SELECT model FROM model), 'an exact model stays') FROM quality;
SELECT throws_ok($$SELECT kmeans_refine(q, c) FROM quality, compressed$$, '22023', NULL, 'a coreset of other vectors');
SELECT throws_ok($$SELECT kmeans_refine((SELECT cluster_quality((SELECT kmeans(c, 15) FROM compressed), x) FROM point WHERE set = 's2'), (SELECT coreset_agg(ARRAY[x[2], x[1]], 'none') FROM point WHERE set = 's2'))$$,
  '22023', NULL, 'the same number of other vectors');

-- Window form
SELECT is((SELECT array_agg(c ORDER BY i) FROM (SELECT row_number() OVER () AS i, kmeans_assign(x, 3) OVER () AS c FROM iris) q),
          (SELECT array_agg(cluster_of((SELECT kmeans_agg(x, 3) FROM iris), x) ORDER BY i) FROM (SELECT row_number() OVER () AS i, x FROM iris) q), 'kmeans_assign is kmeans_agg and cluster_of');
SELECT is_empty($$SELECT * FROM (SELECT set, kmeans_assign(x, 2, 'none', 'none') OVER (PARTITION BY set) AS c, x FROM point WHERE set IN ('iris', 'german')) q
  JOIN (SELECT set, kmeans(coreset_agg(x, 'none'), 2, scale => 'none') AS m FROM point GROUP BY set) m USING (set) WHERE c <> cluster_of(m, x)$$, '… by partition');
SELECT is((SELECT array_agg(kmeans_assign ORDER BY x) FROM (SELECT x, kmeans_assign(ARRAY[x], 5) OVER () FROM unnest('{1,2,2,NULL}'::float8[]) x) q), '{2,1,1,NULL}'::int[], 'fewer vectors than clusters; NULL');
SELECT * FROM finish();
ROLLBACK;
