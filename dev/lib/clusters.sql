-- clusters.sql: what dev/demo --clusters adds, from table customer_segments: clusters on recency, orders and revenue.
-- Takes picture and rules, the files to write to; the profile goes to standard output.
\set ON_ERROR_STOP on
SET search_path = public, segment;
SET client_min_messages = error;
CREATE TABLE features AS
SELECT customer_id, segment_name, recency_days::float8 AS recency, orders::float8 AS orders, revenue::float8 AS revenue
FROM customer_segments WHERE recency_days IS NOT NULL;
CREATE TABLE summary AS SELECT coreset_agg(recency, orders, revenue) AS coreset FROM features;
CREATE TABLE choice AS SELECT * FROM summary, kmeans_choose(coreset, 2, 10);
-- Where no number is clear, five are as many as people keep apart.
CREATE TABLE clusters AS
SELECT coreset, kmeans(coreset, coalesce((SELECT min(advised_k) FROM choice), (SELECT least(5, max(k)) FROM choice))) AS model FROM summary;
CREATE TABLE customer_clusters AS
SELECT *, cluster_of((SELECT model FROM clusters), recency, orders, revenue) AS cluster FROM features;

-- The picture: recency against revenue, both as the logarithm sees them; up to 3000 customers, a colour each cluster.
CREATE TABLE dot AS
SELECT cluster, ln(1 + recency) AS x, ln(1 + greatest(revenue, 0)) AS y FROM customer_clusters ORDER BY md5(customer_id::text) LIMIT 3000;
\pset format unaligned
\pset tuples_only on
\o :picture
WITH scale AS (SELECT greatest(max(x), 1e-9) AS x1, greatest(max(y), 1e-9) AS y1 FROM dot),
     colour AS (SELECT cluster, (ARRAY['#1b6ca8', '#d1495b', '#2a9d5c', '#edae49', '#7a4fb5', '#3fb6b2', '#8d6e63', '#e07bb0', '#6b7a8f', '#a3b234'])[1 + (cluster - 1) % 10] AS c
                FROM (SELECT DISTINCT cluster FROM dot) d),
     -- each cluster goes by the segment that most of its customers are in
     name AS (SELECT cluster, mode() WITHIN GROUP (ORDER BY segment_name) AS mostly, round(100.0 * count(*) / sum(count(*)) OVER ()) AS share
              FROM customer_clusters GROUP BY cluster)
SELECT '<svg xmlns="http://www.w3.org/2000/svg" width="800" height="420" font-family="sans-serif" font-size="13"><rect width="800" height="420" fill="white"/>'
       || '<text x="60" y="28" font-size="16">Clusters: days since the last order (across) and revenue (up), logarithmic</text><path d="M60 50V360H580" fill="none" stroke="#444"/>'
       || format('<text x="55" y="60" text-anchor="end">%s</text><text x="55" y="364" text-anchor="end">0</text><text x="60" y="382">0</text><text x="580" y="382" text-anchor="end">%s</text>',
                 round((exp(y1) - 1)::numeric), round((exp(x1) - 1)::numeric))
       || (SELECT string_agg(format('<circle cx="%s" cy="%s" r="2" fill="%s" fill-opacity="0.5"/>', round((60 + 520 * x / x1)::numeric, 1), round((360 - 300 * y / y1)::numeric, 1), c), '') FROM dot JOIN colour USING (cluster))
       || (SELECT string_agg(format('<circle cx="606" cy="%s" r="5" fill="%s"/><text x="618" y="%s">%s %s (%s %%)</text>', 56 + 22 * n, c, 60 + 22 * n, cluster, replace(replace(mostly, '&', '&amp;'), '<', '&lt;'), share), '')
             FROM (SELECT *, row_number() OVER (ORDER BY cluster) AS n FROM colour JOIN name USING (cluster)) l)
       || '</svg>'
FROM scale;
\o
\pset tuples_only off
\pset footer off
CREATE TABLE profile AS
SELECT p.* FROM cluster_profile((SELECT cluster_quality((SELECT model FROM clusters), ARRAY[recency, orders, revenue]) FROM features), '{recency,orders,revenue}') p;
SELECT cluster, min(size) AS customers, round(100 * min(share)::numeric, 1) AS percent,
       round(max(mean) FILTER (WHERE name = 'recency')::numeric) AS recency_days, round(max(mean) FILTER (WHERE name = 'orders')::numeric, 1) AS orders,
       round(max(mean) FILTER (WHERE name = 'revenue')::numeric, 2) AS revenue,
       (SELECT mode() WITHIN GROUP (ORDER BY segment_name) FROM customer_clusters c WHERE c.cluster = p.cluster) AS mostly
FROM profile p GROUP BY cluster ORDER BY cluster;
\o :rules
SELECT cluster, rule, round(precision::numeric, 2) AS precision, round(recall::numeric, 2) AS recall
FROM clusters, cluster_rules(model, coreset, '{recency,orders,revenue}') ORDER BY cluster;
