-- 14_due.sql: whom time alone moves is known beforehand: a refresh that looks at nobody but those who are due gives what the orders give by plain SQL,
-- for every scheme, thresholds of every side, days of zones, leap days, orders that lie ahead, and look-back windows
\ir ../lib/begin.sql
SELECT plan(4);
SELECT setseed(0.6);
CREATE TABLE shop AS
SELECT (random() * random() * 130)::integer AS customer, timestamptz '2023-11-01Z' + random() * interval '150 days' AS at,
       CASE WHEN random() > 0.03 THEN round((random() * 120 - 12)::numeric, 2) END AS amount, (ARRAY['north', 'south', ''])[1 + floor(random() * 3)] AS market,
       (ARRAY['web', 'shop', NULL])[1 + floor(random() * 3)] AS channel
FROM generate_series(1, 900);
-- A scheme with bounds of tenure on both sides, and the same segment before and behind one of them
INSERT INTO segment.scheme (name, bins) VALUES ('aging', 3);
INSERT INTO segment.scheme_rule (scheme, position, segment, r_lower, tenure_days_lower, tenure_days_upper) VALUES
  ('aging', 1, 'Fresh', 2, NULL, 6), ('aging', 2, 'Young', 1, 7, 20), ('aging', 3, 'Fresh', 3, 21, 33), ('aging', 4, 'Old', 1, 60, NULL), ('aging', 5, 'Rest', 1, NULL, NULL);

-- One segmentation for each scheme and side; zones, windows, markets and channels by turns.
CREATE TEMP TABLE variant AS
SELECT format('%s %s', s.name, x.side) AS name, s.name AS scheme, s.bins, x.side, (ARRAY['UTC', 'Australia/Lord_Howe', 'Pacific/Apia', 'America/St_Johns'])[1 + n % 4] AS zone,
       CASE WHEN n % 3 = 0 THEN 40 END AS look_back, n % 5 = 1 AS by_market, n % 4 = 3 AS by_channel
FROM (SELECT s.name, s.bins, row_number() OVER (ORDER BY s.name, s.shipped) * 3 AS k FROM segment.scheme s) s,
     (VALUES ('quantile descending', 0), ('within', 1), ('under', 2)) x (side, i), LATERAL (SELECT (k + i)::integer) y (n);
SELECT segment.create_segmentation(name, 'shop', 'customer', 'at', 'amount', market => CASE WHEN by_market THEN 'market' END, channel => CASE WHEN by_channel THEN 'channel' END,
  label => segment.by_scheme(scheme), days => segment.calendar(zone, look_back_days => look_back), changes => segment.by_triggers())
FROM variant;
INSERT INTO segment.segmentation_cut_points (segmentation, version, as_of, market, customers, cut_points)
SELECT name, 1, '2024-01-01', '', 100, format('r: %s {%s}; f: from {%s}; m: %s from {%s}', side,
    (SELECT string_agg((CASE WHEN i % 2 = 0 THEN i * 9 ELSE i * 6.5 END)::text, ',' ORDER BY i) FROM generate_series(1, bins - 1) i),
    (SELECT string_agg((i + 1)::text, ',' ORDER BY i) FROM generate_series(1, bins - 1) i), CASE WHEN by_channel THEN 'average' ELSE 'total' END,
    (SELECT string_agg((i * 60)::text, ',' ORDER BY i) FROM generate_series(1, bins - 1) i))::segment.rfm_cut_points
FROM variant;
CREATE TEMP TABLE day AS
SELECT date '2024-02-20' + d AS as_of FROM unnest('{0,1,7,8,9,10,11,20,31,33,60}'::integer[]) d;
CREATE TEMP TABLE refreshed AS
SELECT v.name, d.as_of, (segment.refresh(v.name, d.as_of)).* FROM (SELECT v.name, d.as_of FROM variant v, day d ORDER BY 2, 1) x JOIN variant v USING (name) JOIN day d USING (as_of);

CREATE TEMP VIEW expected AS
SELECT v.name, d.as_of, o.customer::text AS customer_id, c.score, segment.label(c.score, v.scheme, c.rfm, d.as_of, v.zone) AS segment_name,
       segment.rfm_frequency(c.rfm) AS orders, segment.rfm_monetary(c.rfm) AS revenue, segment.rfm_first(c.rfm, v.zone) AS first_order_on
FROM variant v
CROSS JOIN day d
CROSS JOIN LATERAL (
  SELECT s.customer, CASE WHEN v.look_back IS NULL THEN segment.rfm_agg(s.at, s.amount)
    ELSE segment_internal.rfm_since_first(segment.rfm_agg(s.at, s.amount) FILTER (WHERE segment.day_of(s.at, v.zone) > d.as_of - v.look_back), segment.rfm_agg(s.at, s.amount)) END AS rfm
  FROM shop s WHERE segment.day_of(s.at, v.zone) <= d.as_of GROUP BY s.customer) o
CROSS JOIN LATERAL (SELECT o.rfm, segment.rfm_score(p.cut_points, o.rfm, d.as_of, v.zone) AS score FROM segment.segmentation_cut_points p WHERE p.segmentation = v.name) c
WHERE o.rfm IS NOT NULL;
CREATE TEMP TABLE wanted AS SELECT name, as_of, customer_id, segment.score_code(score) AS rfm_code, segment_name, orders, revenue, first_order_on FROM expected;
CREATE TEMP TABLE stored AS SELECT segmentation AS name, as_of, customer_id, rfm_code, segment_name, orders, revenue, first_order_on FROM segment.customer_profile;
SELECT is_empty('(TABLE wanted EXCEPT ALL TABLE stored) UNION ALL (TABLE stored EXCEPT ALL TABLE wanted)', 'each day of each segmentation is what plain SQL makes of the orders');
SELECT cmp_ok(count(*), '>', 15000::bigint, 'of many customers and days') FROM wanted;
SELECT is_empty($$SELECT segmentation, as_of FROM segment.segmentation_run WHERE action = 'refresh' AND (details->>'scored_all')::boolean
  AND as_of > '2024-02-20'$$, 'and nobody but who was due was looked at');
SELECT cmp_ok(count(*) FILTER (WHERE moved_by = 'time'), '>', 500::bigint, 'while time moved many') FROM segment.state;
SELECT * FROM finish();
ROLLBACK;
