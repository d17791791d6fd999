-- 05_behaviour.sql: the sample clickstream: first event to first purchase (R's survival package), sessions, active days, platforms, converted within a time
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
\ir ../lib/near.sql
SELECT plan(27);
SET search_path = public, segment, pg_temp;

CREATE TABLE p AS SELECT user_id, min(at) AS first, min(at) FILTER (WHERE event = 'purchase') AS bought, (SELECT max(at) FROM clickstream) AS last FROM clickstream GROUP BY user_id;
CREATE TABLE s AS SELECT survival_agg((extract(epoch FROM coalesce(bought, last) - first) / 86400)::float8, bought IS NOT NULL) AS s FROM p;
SELECT is(survival_count(s) || ' ' || survival_events(s), '600 328', 'people, purchases') FROM s;
SELECT pg_temp.near(survival_median(s), 90.0525, 1e-9, 'median days to the first purchase') FROM s;
SELECT pg_temp.near(low, 77.956, 0.0005, 'its lower bound'), pg_temp.near(high, 97.382, 0.0005, 'its upper bound') FROM s, survival_interval(s);
SELECT pg_temp.near(survival_at(s, t), want, 5e-9, 'S(' || t || ')') FROM s, (VALUES (1, 0.89833333), (7, 0.87166667), (30, 0.75809776), (60, 0.61800616), (90, 0.50009110)) v(t, want);
SELECT is((SELECT at_risk FROM survival_table(s) WHERE elapsed > t ORDER BY elapsed LIMIT 1), want::bigint, 'at risk after ' || t) FROM s, (VALUES (1, 539), (7, 523), (30, 453), (60, 331), (90, 192)) v(t, want);
SELECT pg_temp.near((SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM bought - first) / 86400) FROM p), 35.8726, 5e-5, 'the median of buyers only is far too short');
SELECT is((SELECT count(*) FILTER (WHERE bought - first <= '7 days') || '/' || count(*) FROM p), '77/600', 'bought within seven days');
-- the same as a funnel: exposed people with and without orders
SELECT is((SELECT count(*) FILTER (WHERE funnel_reached(f) = 2) || '/' || count(*) FROM (SELECT funnel_agg(c.at, '7 days', c.at = p.first AND c.event <> 'purchase', c.event = 'purchase') AS f FROM clickstream c JOIN p USING (user_id) GROUP BY user_id) x), '77/600', 'the same by a funnel from the first event');

-- sessions: a gap of more than 30 minutes begins a new one
SELECT is((SELECT count(*) FROM (SELECT at - lag(at) OVER (PARTITION BY user_id ORDER BY at) AS gap FROM clickstream) x WHERE gap IS NULL OR gap > '30 minutes'), 3605::bigint, 'sessions');

-- stickiness, May 2024
CREATE TABLE a AS SELECT active_agg(l, '2024-05-01', '2024-06-01', 31) AS a FROM (SELECT ledger_agg(at, 0) AS l FROM clickstream GROUP BY user_id) x;
SELECT is((SELECT sum(active) FROM a, active_table(a)), 1007::numeric, 'daily users');
SELECT is((SELECT active_in_window FROM a, active_table(a) WHERE day = '2024-05-31'), 468::bigint, 'monthly users');
SELECT pg_temp.near((SELECT mean_stickiness FROM a, active_table(a) WHERE day = '2024-05-31'), 0.0694099807, 5e-11, 'stickiness');
SELECT is((SELECT string_agg(n::text, ' ' ORDER BY days) FROM (SELECT days, count(*) AS n FROM (SELECT count(DISTINCT at::date) AS days FROM clickstream WHERE at >= '2024-05-01' AND at < '2024-06-01' GROUP BY user_id) x GROUP BY days) y), '186 122 88 51 17 4', 'active days');

-- platforms
SELECT is((SELECT string_agg(set || ' ' || n, ', ' ORDER BY set) FROM (SELECT set, count(*) AS n FROM (SELECT string_agg(DISTINCT platform, '+') AS set FROM clickstream WHERE event = any (kinds) GROUP BY user_id) x GROUP BY set) y), want, what)
FROM (VALUES ((SELECT array_agg(DISTINCT event) FROM clickstream), 'desktop 229, desktop+mobile 118, desktop+mobile+tablet 16, desktop+tablet 29, mobile 146, mobile+tablet 17, tablet 45', 'people by the platforms they use'),
             ('{purchase}', 'desktop 182, desktop+mobile 3, desktop+tablet 4, mobile 94, mobile+tablet 1, tablet 44', 'and by those they buy on')) v(kinds, want, what);
SELECT is((SELECT string_agg(acquisition_channel || ' ' || n, ', ' ORDER BY acquisition_channel) FROM (SELECT acquisition_channel, count(*) AS n FROM clickstream WHERE event = 'purchase' GROUP BY 1) x), 'direct 18, email 75, organic 161, paid_search 161, social 55', 'purchases by channel');
SELECT is((SELECT channel_type(count(*) FILTER (WHERE platform = 'mobile'), count(*) FILTER (WHERE platform = 'desktop')) FROM clickstream WHERE user_id = 'user_0000' AND platform <> 'tablet'),
  (SELECT CASE WHEN bool_or(platform = 'mobile') AND bool_or(platform = 'desktop') THEN 'omnichannel' WHEN bool_or(platform = 'mobile') THEN 'online only' ELSE 'store only' END FROM clickstream WHERE user_id = 'user_0000' AND platform <> 'tablet'), 'one person''s channels');
-- attribution of all purchases: totals agree
SELECT is((SELECT sum(a.credit) FROM clickstream c, LATERAL (SELECT array_agg(t.at) AS ats, array_agg(t.platform) AS channels FROM clickstream t WHERE t.user_id = c.user_id AND t.at < c.at AND t.event = 'home') t, attribution(c.at, 9.99, ats, channels, 'linear', '7 days') a WHERE c.event = 'purchase'), 470 * 9.99, 'credits of all purchases add up to revenue');
SELECT * FROM finish();
ROLLBACK;
