-- Cut points by three methods and four sides, what their scores mean, quantiles.
SET search_path = public, segment;

-- sides at the thresholds themselves
SELECT v, score(cut_points(ARRAY[10, 20]), v) AS "from", score('within {10,20}', v) AS within, score('under {10,20}', v) AS under,
       score('quantile {10,20}', v) AS quantile
FROM generate_series(5, 25, 5) v;

-- a score that nobody can get
SELECT * FROM cut_points_info(cut_points(ARRAY[2, 5, 5]));

-- six one-time buyers of nine: frequency scores that nobody gets
SELECT score, lower, upper, used, count
FROM cut_points_info((SELECT cut_points_agg(orders, 5) FROM unnest('{1,1,1,1,1,1,2,3,8}'::int[]) orders));

-- methods: equal width misleads where a few values are far from the rest
SELECT quantiles_agg(v) AS quantiles FROM (SELECT 10.0 ^ i FROM generate_series(0, 6) i UNION ALL SELECT i % 4 FROM generate_series(1, 40) i) t(v) \gset
SELECT :'quantiles'::quantiles;
SELECT cut_points(:'quantiles'::quantiles, 4, method) FROM unnest('{quantile,natural,equal_width}'::text[]) method;
SELECT quantile(:'quantiles', 0.5) AS median, quantiles_count(:'quantiles'), quantiles_count(:'quantiles'::quantiles + '{1:2}') AS with_two_more;
