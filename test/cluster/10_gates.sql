-- 10_gates.sql: k-means reaches the best known sums of squares of published point sets. Sources: S1, S2, A1 and Birch1
-- Fraenti & Sieranoja, Applied Intelligence 48 (2018); iris, proven optima, du Merle, Hansen, Jaumard & Mladenovic,
-- SIAM J. Sci. Comput. 21 (2000); German towns, Spaeth; TSPLIB1060, Bagirov, Pattern Recognition 41 (2008). Birch1 is compressed: its
-- bound is the part of the error that micro-clusters bring.
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
SET search_path = public, segment;
CREATE TEMP TABLE gate (set text, k int, best float8, allowed float8);
INSERT INTO gate VALUES
  ('s1', 15, 8.917615617e12, 1.0005), ('s2', 15, 1.327910949e13, 1.0005), ('a1', 20, 1.214625752e10, 1.0005),
  ('iris', 2, 152.3479518, 1.0005), ('iris', 3, 78.85144143, 1.0005), ('iris', 4, 57.22847321, 1.0005),
  ('iris', 5, 46.44618205, 1.0005), ('iris', 6, 39.03998725, 1.0005), ('iris', 10, 25.83405482, 1.0005),
  ('german', 2, 121425.7523, 1.0005), ('german', 3, 77008.63667, 1.0005), ('german', 4, 49600.58929, 1.0005),
  ('german', 5, 38716.01986, 1.0005), ('german', 6, 30535.39087, 1.0005), ('german', 7, 24432.56825, 1.0005),
  ('german', 8, 21483.01825, 1.0005), ('german', 9, 18550.43571, 1.0005), ('german', 10, 16307.96410, 1.0005),
  ('tsplib1060', 2, 9.831949884e9, 1.0005), ('tsplib1060', 5, 3.791002267e9, 1.0005),
  ('tsplib1060', 10, 1.754840214e9, 1.0005), ('tsplib1060', 20, 7.917945962e8, 1.0005),
  ('tsplib1060', 50, 2.555095362e8, 1.01), ('birch1', 100, 9.27727677e13, 1.0003),
  ('wine', 2, 4543749.615, 1.0005), ('wine', 3, 2370689.687, 1.0005), ('wine', 4, 1331903.062, 1.0005),
  ('wine', 5, 916379.1872, 1.0005);
SELECT plan((SELECT count(*)::int FROM gate) + 9);

CREATE TEMP TABLE summary AS SELECT set, coreset_agg(x, 'none') AS coreset FROM point GROUP BY set;
CREATE TEMP TABLE model AS
SELECT set, k, best, allowed, kmeans(coreset, k, scale => 'none') AS model FROM gate JOIN summary USING (set);

-- The true sum of squares of each model over all points, from its own distances.
CREATE TEMP TABLE reached AS
SELECT m.set, m.k, m.best, m.allowed, (SELECT sum(cluster_distance(model, x) ^ 2) FROM point p WHERE p.set = m.set) AS sse, i.inertia, i.exact
FROM model m, model_info(model) i;

SELECT ok(sse <= best * allowed, format('%s k=%s: %s of the best known, at most %s', set, k, round((sse / best)::numeric, 6), allowed))
FROM reached ORDER BY set COLLATE "C", k;
SELECT is_empty($$SELECT set, k, sse / best FROM reached WHERE sse < best * (1 - 1e-9)$$, 'no sum is below the best known');
SELECT is_empty($$SELECT set, k FROM reached WHERE exact AND abs(inertia - sse) > 1e-9 * sse$$,
  'where nothing was compressed the model''s inertia is the true sum');
SELECT results_eq($$SELECT set, k FROM reached WHERE NOT exact$$, $$VALUES ('birch1', 100)$$, 'only Birch1 was compressed');
SELECT is_empty($$SELECT set, k FROM reached WHERE NOT exact AND inertia < sse$$, '… and there the inertia is an upper bound');

-- Compressed although it would not have to be: 2048 micro-clusters for 5000 points.
CREATE TEMP TABLE squeezed AS
SELECT set, best, kmeans(coreset_compress(coreset, 2048), k, scale => 'none') AS model
FROM gate JOIN summary USING (set) WHERE set IN ('s1', 's2');
SELECT ok(sse <= 1.005 * best AND (model_info(model)).inertia >= sse * (1 - 1e-12),
          format('%s in 2048 micro-clusters: %s of the best known', set, round((sse / best)::numeric, 6)))
FROM squeezed s, LATERAL (SELECT sum(cluster_distance(s.model, x) ^ 2) AS sse FROM point p WHERE p.set = s.set) q ORDER BY set;

-- The same with the defaults for customers: transform log, scale standard; and with robust scaling.
SELECT is((SELECT count(*) FROM cluster_table((SELECT kmeans_agg(x, 3) FROM point WHERE set = 'iris'))), 3::bigint, 'kmeans_agg fits k clusters');
SELECT is((SELECT kmeans_agg(x, 3, 'none') FROM point WHERE set = 'iris'), (SELECT kmeans(coreset_agg(x, 'none'), 3) FROM point WHERE set = 'iris'),
          'kmeans_agg is kmeans of coreset_agg');
SELECT is((SELECT array_agg(size ORDER BY cluster) FROM cluster_table((SELECT model FROM model WHERE set = 'iris' AND k = 3))), '{62,50,38}'::float8[],
          'iris has clusters of 62, 50 and 38 flowers');
SELECT * FROM finish();
ROLLBACK;
