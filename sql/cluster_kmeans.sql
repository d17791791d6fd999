-- Clusters: three clear groups found, described, assigned and measured; and what is refused.
SET search_path = public, segment; -- for the operators
-- groups of 40, 30 and 20 customers around (10, 5), (100, 50) and (400, 2); two lack a number
CREATE TABLE customer AS
SELECT g * 100 + i AS id, recency + i % 5 AS recency, orders + i % 3 AS orders
FROM (VALUES (1, 40, 10.0::float8, 5.0::float8), (2, 30, 100, 50), (3, 20, 400, 2)) v(g, n, recency, orders), generate_series(1, n) i
UNION ALL VALUES (901, NULL, 5), (902, 10, NULL);

CREATE TABLE model AS
SELECT coreset, segment.kmeans(coreset, 3) AS model FROM (SELECT segment.coreset_agg(recency, orders, 'none') AS coreset FROM customer) c;
SELECT i.vectors, i.skipped, i.features, i.transform, i.exact, i.points FROM model, segment.coreset_info(coreset) i;
SELECT t.cluster, t.size, t.share::numeric(4, 3) AS share, t.centroid[1]::numeric(6, 2) AS recency, t.centroid[2]::numeric(6, 2) AS orders
FROM model, segment.cluster_table(model) t ORDER BY cluster;

-- assigned: the vectors that lack a number have no cluster
SELECT segment.cluster_of((SELECT model FROM model), recency, orders) AS cluster, count(*), min(id), max(id) FROM customer GROUP BY 1 ORDER BY 1;

-- the same rows in parts and in another order are the same summary, and so the same model
SELECT segment.coreset_rollup(part) = (SELECT coreset FROM model) AS same_coreset,
       segment.kmeans(segment.coreset_rollup(part), 3) = (SELECT model FROM model) AS same_model
FROM (SELECT segment.coreset_agg(recency, orders, 'none') AS part FROM (SELECT * FROM customer ORDER BY id DESC) c GROUP BY id % 7) p;
SELECT model::text::segment.kmeans_model = model AS same_by_text FROM model;

-- one statement: a window that fits and assigns; each cluster is one group
SELECT cluster, count(*), count(DISTINCT id / 100) AS groups
FROM (SELECT id, segment.kmeans_assign(ARRAY[recency, orders], 3, 'none') OVER () AS cluster FROM customer WHERE id < 900) c GROUP BY 1 ORDER BY 1;

-- how many clusters: the silhouette says three
SELECT k, silhouette::numeric(3, 2), smallest_share::numeric(4, 3) FROM segment.kmeans_choose((SELECT coreset FROM model), 2, 5) ORDER BY k;

-- refused
SELECT segment.kmeans(coreset, 0) FROM model;
SELECT segment.kmeans(coreset, 1000) FROM model;
SELECT segment.cluster_of(model, ARRAY[1.0, 2.0, 3.0]) FROM model;
SELECT segment.coreset_agg('NaN'::float8, 1.0);
SELECT segment.kmeans(coreset, 3, 'zscore') FROM model;
DROP TABLE customer, model;
