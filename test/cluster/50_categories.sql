-- 50_categories.sql: mixed data as docs/cluster.md describes it: a category is a column of 0 and sqrt(gamma / 2).
\ir ../lib/begin.sql
SET search_path = public, segment;
SELECT plan(3);
CREATE TEMP TABLE shopper AS
SELECT g AS id, CASE WHEN g % 2 = 0 THEN 'store' ELSE 'web' END AS channel, (g % 4 / 2) * 1.0 + (g % 10) * 0.01 AS spend FROM generate_series(1, 400) g;
CREATE FUNCTION vector(s shopper, gamma float8) RETURNS float8[] LANGUAGE sql AS $$
  SELECT ARRAY[s.spend, CASE s.channel WHEN 'store' THEN sqrt(gamma / 2) ELSE 0 END, CASE s.channel WHEN 'web' THEN sqrt(gamma / 2) ELSE 0 END] $$;
SELECT is((SELECT round(sum((u.a - u.b) ^ 2)::numeric, 9) FROM shopper x, shopper y, unnest(vector(x, 0.5), vector(y, 0.5)) AS u(a, b)
           WHERE x.id = 1 AND y.id = 2 AND u.a <> u.b AND greatest(u.a, u.b) = sqrt(0.25)), 0.5, 'two channels are gamma apart');
SELECT is((SELECT count(DISTINCT (c, channel)) FROM (SELECT channel, cluster_of((SELECT kmeans(coreset_agg(vector(s, 9), 'none'), 2, scale => 'none') FROM shopper s), vector(t, 9)) AS c FROM shopper t) q),
          2::bigint, 'a large gamma: the channels are the clusters');
SELECT is((SELECT count(DISTINCT (c, spend > 0.5)) FROM (SELECT spend, cluster_of((SELECT kmeans(coreset_agg(vector(s, 0.01), 'none'), 2, scale => 'none') FROM shopper s), vector(t, 0.01)) AS c FROM shopper t) q),
          2::bigint, 'a small gamma: the spend decides');
SELECT * FROM finish();
ROLLBACK;
