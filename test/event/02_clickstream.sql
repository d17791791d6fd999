-- 02_clickstream.sql: the sample clickstream: levels by window and tie rule (ClickHouse 26.7 where it is exact, brute force for all), the table
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
SELECT plan(26);
SET search_path = public, segment;
CREATE FUNCTION levels(within interval, ties text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(coalesce(n, 0)::text, ' ' ORDER BY level)
  FROM generate_series(0, 6) level LEFT JOIN
       (SELECT funnel_reached(f) AS level, count(*) AS n
        FROM (SELECT funnel_agg(at, within, ties, 'ordered', event = 'product_view', event = 'add_to_cart', event = 'cart', event = 'shipping_details', event = 'payment_details', event = 'purchase') AS f
              FROM clickstream GROUP BY user_id) x GROUP BY 1) y USING (level)
$$;
SELECT is(levels(w, ties), want, w || ', ties ' || ties)
FROM (VALUES ('30 minutes'::interval, 'any', '2 118 163 160 95 50 12'), ('1 hour', 'any', '2 118 159 154 99 53 15'), ('1 day', 'any', '2 116 158 155 100 53 16'),
             ('7 days', 'any', '2 111 134 143 101 69 40'), ('36500 days', 'any', '2 81 88 100 107 108 114'),
             ('30 minutes', 'later', '2 118 163 160 95 50 12'), ('1 hour', 'later', '2 118 159 155 99 52 15'), ('1 day', 'later', '2 116 158 156 100 52 16'),
             ('7 days', 'later', '2 111 134 143 101 69 40'), ('36500 days', 'later', '2 81 88 100 107 108 114')) v(w, ties, want);
SELECT is((SELECT string_agg(n::text, ' ' ORDER BY level) FROM (SELECT funnel_reached(f) AS level, count(*) AS n FROM (SELECT funnel_agg(at, '1 day', event = 'catalog', event = 'add_to_cart', event = 'purchase') AS f FROM clickstream GROUP BY user_id) x GROUP BY 1) y WHERE level > 0),
  '147 272 181', 'catalog, add_to_cart, purchase within a day');
SELECT is(string_agg(n::text, ' ' ORDER BY level), want, 'on ' || platform)
FROM (SELECT platform, funnel_reached(f) AS level, count(*) AS n FROM (SELECT platform, funnel_agg(at, '1 day', event = 'catalog', event = 'add_to_cart', event = 'purchase') AS f FROM clickstream GROUP BY user_id, platform) x GROUP BY 1, 2) y
JOIN (VALUES ('desktop', '18 124 144 106'), ('mobile', '22 103 122 50'), ('tablet', '8 39 35 25')) v(platform, want) USING (platform) GROUP BY platform, want ORDER BY platform;

-- the table: counts, rates and medians by SQL
CREATE TEMP TABLE f AS SELECT user_id, funnel_agg(at, '7 days', event = 'product_view', event = 'add_to_cart', event = 'purchase') AS f FROM clickstream GROUP BY user_id;
CREATE TEMP TABLE t AS SELECT t.* FROM (SELECT funnel_table_agg(f) AS x FROM f) y, funnel_table(x, '2024-06-30') t;
SELECT is((SELECT string_agg(reached::text, ' ' ORDER BY step) FROM t), (SELECT string_agg((SELECT count(*) FROM f WHERE funnel_reached(f) >= s AND NOT funnel_in_progress(f, '2024-06-30'))::text, ' ' ORDER BY s) FROM generate_series(1, 3) s), 'reached');
SELECT is((SELECT string_agg(in_progress::text, ' ' ORDER BY step) FROM t), (SELECT string_agg((SELECT count(*) FROM f WHERE funnel_reached(f) >= s AND funnel_in_progress(f, '2024-06-30'))::text, ' ' ORDER BY s) FROM generate_series(1, 3) s), 'in progress');
SELECT is((SELECT string_agg(median_time::text, ' ' ORDER BY step) FROM t), (SELECT string_agg((SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY funnel_time(f, s)) FROM f WHERE NOT funnel_in_progress(f, '2024-06-30'))::text, ' ' ORDER BY s) FROM generate_series(1, 3) s), 'median times');
SELECT is((SELECT median_step_time FROM t WHERE step = 3), (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY (funnel_times(f))[3] - (funnel_times(f))[2]) FROM f WHERE NOT funnel_in_progress(f, '2024-06-30')), 'median time of a step');
SELECT is((SELECT (rate, rate_low, rate_high) FROM t WHERE step = 3), (SELECT (r.rate, r.low, r.high) FROM t, rate_interval(reached, entered) r WHERE step = 3), 'the rate is of those who entered');
SELECT is((SELECT step_rate FROM t WHERE step = 3), (SELECT (SELECT reached FROM t WHERE step = 3)::float8 / reached FROM t WHERE step = 2), 'and of those who had reached the step before');
SELECT is((SELECT in_progress FROM t WHERE step = 1), 0::bigint, 'all entered long ago');
SELECT is((SELECT string_agg(in_progress::text, ' ' ORDER BY step) FROM (SELECT funnel_table_agg(f) AS x FROM (SELECT funnel_agg(at, '7 days', event = 'product_view', event = 'add_to_cart', event = 'purchase') AS f FROM clickstream WHERE at < '2024-02-01' GROUP BY user_id) u) y, funnel_table(x, '2024-01-31') WHERE step = 1),
  (SELECT count(*)::text FROM (SELECT min(at) AS first FROM clickstream WHERE event = 'product_view' AND at < '2024-02-01' GROUP BY user_id) x WHERE first >= '2024-01-25'), 'January: who entered less than seven days before its end is in progress');
SELECT is((SELECT reached + in_progress FROM (SELECT funnel_table_agg(f) AS x FROM (SELECT funnel_agg(at, '7 days', event = 'product_view') AS f FROM clickstream WHERE at < '2024-02-01' GROUP BY user_id) u) y, funnel_table(x, '2024-01-31')),
  (SELECT count(DISTINCT user_id) FROM clickstream WHERE event = 'product_view' AND at < '2024-02-01'), 'and all are there');
SELECT throws_ok($$SELECT funnel_table(x, '2024-06-01') FROM (SELECT funnel_table_agg(f) AS x FROM f) y$$, '22023', 'funnel holds events after as_of', 'events after as_of');
SELECT throws_ok($$SELECT funnel_table(x, '2024-06-30', 'UTC', 1) FROM (SELECT funnel_table_agg(f) AS x FROM f) y$$, '22023', 'confidence is out of range', 'no confidence of 1');
SELECT throws_ok($$SELECT funnel_table_agg(f) FROM (SELECT f FROM f UNION ALL SELECT funnel_agg(at, '8 days', true, true, true) FROM clickstream) u$$, '22023', 'funnels of different rules', 'different rules');

SELECT * FROM finish();
ROLLBACK;
