-- 04_random.sql: 300 random shops, from raw order lines through ledgers, against plain SQL: zones and the days on which clocks change,
-- customers with returns only or without orders, orders of zero, fiscal calendars, as_of before, inside and after the grid, parts merged
\ir ../lib/begin.sql
SELECT plan(24);
SET search_path = public, segment;
SELECT setseed(0.14);

CREATE TABLE shop AS
SELECT s, ('{UTC,America/Los_Angeles,Europe/Berlin,Asia/Kathmandu,Pacific/Auckland}'::text[])[1 + s % 5] AS zone,
  CASE s % 7 WHEN 0 THEN periods('month', '2024-01-15', '2024-12-01') WHEN 1 THEN periods('week', '2024-02-01', '2024-06-01') WHEN 2 THEN periods('week', '2024-09-01', '2024-12-20', first_day => 7)
    WHEN 3 THEN periods('28 days', '2024-01-06', '2024-12-20') WHEN 4 THEN periods('quarter', '2023-12-01', '2025-03-01', first_month => 2)
    WHEN 5 THEN (SELECT periods(array_agg(date '2023-12-31' + w * 7 ORDER BY w)) FROM unnest('{0,4,8,13,17,21,26,30,34,39,43,47,52}'::int[]) w)
    ELSE (SELECT periods(array_agg(DISTINCT date '2024-01-10' + (g * g * (s % 5 + 1)) % 300)) FROM generate_series(1, 9) g) END AS p,
  date '2023-12-20' + (random() * 420)::int AS as_of, 1 + s % 4 AS rolling, s % 90 AS mature
FROM generate_series(1, 300) s;
-- a third of the lines lie within a day of a change of the clocks; a customer in six only returns
CREATE TABLE line AS
SELECT s, 1 + floor(random() * 12)::int AS c, o AS id, CASE WHEN random() < 0.3 THEN ('{2024-03-10,2024-03-31,2024-04-07,2024-09-29,2024-10-27,2024-11-03}'::timestamptz[])[1 + floor(random() * 6)::int] + random() * interval '2 days' - interval '1 day'
  ELSE timestamptz '2023-11-20' + random() * interval '450 days' END AS at, NULL::numeric AS amount, NULL::numeric AS cost
FROM generate_series(1, 300) s, generate_series(1, 40) o;
INSERT INTO line SELECT * FROM line WHERE random() < 0.4;
UPDATE line SET amount = CASE WHEN c % 6 = 5 THEN -round((random() * 50)::numeric, 1) - 0.1 WHEN random() < 0.1 THEN 0 ELSE round((random() * 100 - 15)::numeric, (random() * 3)::int) END,
  cost = CASE WHEN random() < 0.93 OR s % 3 = 0 THEN round((random() * 60)::numeric, 2) END;
UPDATE line SET cost = -cost WHERE amount < 0;

-- ours: from lines through ledgers; customers of a table of customers, so that some have no ledger
CREATE TABLE calendar AS
SELECT s, c, p, as_of, l, k FROM shop CROSS JOIN generate_series(1, 13) c
LEFT JOIN (SELECT s, c, ledger_agg(at, amount, id, zone) l, ledger_agg(at, cost, id, zone) k FROM line JOIN shop USING (s) GROUP BY s, c) x USING (s, c);
CREATE TABLE ours AS SELECT s, retention_agg(l, p, as_of, k) r, retention_agg(l, p, as_of) plain FROM calendar GROUP BY s;

-- theirs: days of customers, periods, cohorts
CREATE TABLE day AS
SELECT s, c, d, count(*) FILTER (WHERE is_order) AS orders, count(*) FILTER (WHERE NOT is_order) AS returns, sum(net) AS net, coalesce(sum(net) FILTER (WHERE NOT is_order), 0) AS returned,
  coalesce(sum(cost), 0) AS cost, count(*) FILTER (WHERE cost_order) AS cost_orders, count(cost) AS costs
FROM (SELECT s, c, id, (at AT TIME ZONE zone)::date AS d, bool_or(amount >= 0) AS is_order, sum(amount) AS net, sum(cost) AS cost, bool_or(cost >= 0) AS cost_order
      FROM line JOIN shop USING (s) GROUP BY s, c, id, at, zone) o JOIN shop USING (s) WHERE d <= as_of GROUP BY s, c, d;
ALTER TABLE day ADD missing bigint, ADD earned numeric;
UPDATE day SET missing = CASE WHEN orders > 0 THEN greatest(orders - cost_orders, 0) WHEN costs = 0 THEN returns ELSE 0 END;
UPDATE day SET earned = CASE WHEN missing > 0 THEN 0 ELSE net END, cost = CASE WHEN missing > 0 THEN 0 ELSE cost END;
CREATE TABLE period AS SELECT s, n AS q, period_start(p, n) AS start, period_end(p, n) AS stop, period_count(p) AS n, as_of, rolling, mature FROM shop, generate_series(1, period_count(p)) n;
CREATE TABLE customer AS
SELECT s, c, f AS first, l AS last, o AS orders, CASE WHEN f < (SELECT min(start) FROM period WHERE s = x.s) THEN 0 ELSE coalesce((SELECT q FROM period WHERE s = x.s AND f >= start AND f < stop), 1000) END AS k
FROM (SELECT s, c, min(d) f, max(d) l, sum(orders) o FROM day WHERE orders > 0 GROUP BY s, c) x;
-- what a customer did in a period of the grid, and in an own one: own period q begins as far into period q as the first order was in its, or on its last day
CREATE TABLE fact AS
SELECT d.s, d.c, q, k, sum(d.orders) AS orders, sum(returns) AS returns, sum(net) AS net, sum(returned) AS returned, sum(earned) AS earned, sum(cost) AS cost, sum(missing) AS missing
FROM day d JOIN period p ON p.s = d.s AND d >= start AND d < stop LEFT JOIN customer c ON c.s = d.s AND c.c = d.c GROUP BY 1, 2, 3, 4;
CREATE TABLE own AS
SELECT d.s, d.c, own AS q, k, sum(d.orders) AS orders, sum(returns) AS returns, sum(net) AS net, sum(returned) AS returned, sum(earned) AS earned, sum(cost) AS cost, sum(missing) AS missing
FROM day d JOIN customer c USING (s, c) JOIN period f ON f.s = d.s AND f.q = c.k,
  LATERAL (SELECT max(q) AS own FROM period p WHERE p.s = d.s AND q >= k AND start + least(first - f.start, stop - start - 1) <= d) o
WHERE d >= first AND d < (SELECT max(stop) FROM period p WHERE p.s = d.s) GROUP BY 1, 2, 3, 4;
CREATE TABLE cell AS SELECT a.s, a.q AS k, b.q AS q, b.start, b.stop, b.n, b.as_of, b.rolling, b.stop <= b.as_of + 1 AS complete, (SELECT max(stop) FROM period p WHERE p.s = a.s) <= b.as_of + 1 AS over
FROM period a JOIN period b USING (s) WHERE a.q <= b.q AND b.start <= b.as_of;
CREATE INDEX ON fact (s, k, q);
CREATE INDEX ON own (s, k, q);
CREATE INDEX ON fact (s, q, c);
CREATE INDEX ON customer (s, c);
CREATE INDEX ON period (s, q);
ANALYZE;

CREATE FUNCTION differ(ours text, theirs text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  EXECUTE format('WITH a AS MATERIALIZED (%s), b AS MATERIALIZED (%s) SELECT count(*) FROM ((TABLE a EXCEPT ALL TABLE b) UNION ALL (TABLE b EXCEPT ALL TABLE a)) d', ours, theirs) INTO n;
  RETURN n;
END $$;

SELECT cmp_ok((SELECT count(*) FROM cell), '>', 10000::bigint, 'cells to compare');
SELECT ok((SELECT count(*) FILTER (WHERE k = 0) > 50 AND count(*) FILTER (WHERE k = 1000) > 20 FROM customer) AND EXISTS (SELECT FROM day WHERE missing > 0)
  AND (SELECT count(*) > 50 FROM (SELECT FROM day GROUP BY s, c HAVING sum(orders) = 0) x) AND EXISTS (SELECT FROM cell WHERE over) AND EXISTS (SELECT FROM cell WHERE NOT complete), 'with all that they should have');
SELECT is((SELECT count(*) FROM ours WHERE r IS NULL), 0::bigint, 'each shop has retention');

SELECT is(differ($$SELECT s, cohort_no, cohort_no + period_no, period_start, period_end, cohort_size, customers, is_complete FROM ours, cohort_table(plain)$$,
  $$SELECT s, k, q, start, stop, (SELECT count(*) FROM customer c WHERE c.s = x.s AND c.k = x.k), (SELECT count(*) FROM fact f WHERE f.s = x.s AND f.k = x.k AND f.q = x.q AND orders > 0), complete FROM cell x$$), 0::bigint, 'cohorts: on');
SELECT is(differ($$SELECT s, cohort_no, cohort_no + period_no, customers, is_complete FROM ours, cohort_table(r, 'on_or_after')$$,
  $$SELECT s, k, q, (SELECT count(*) FROM customer c WHERE c.s = x.s AND c.k = x.k AND last >= start), over FROM cell x$$), 0::bigint, 'on or after');
SELECT is(differ($$SELECT s, cohort_no, cohort_no + period_no, customers, is_complete FROM ours JOIN shop USING (s), cohort_table(r, 'rolling', rolling_periods => rolling)$$,
  $$SELECT s, k, q, (SELECT count(DISTINCT c) FROM fact f WHERE f.s = x.s AND f.k = x.k AND f.q > x.q - rolling AND f.q <= x.q AND orders > 0), complete FROM cell x$$), 0::bigint, 'rolling');
SELECT is(differ($$SELECT s, cohort_no, cohort_no + period_no, cohort_size, customers FROM ours, cohort_table(r, 'on', 'recurring')$$,
  $$SELECT s, k, q, (SELECT count(*) FROM fact f WHERE f.s = x.s AND f.q = x.k AND orders > 0), (SELECT count(*) FROM fact f JOIN fact g USING (s, c) WHERE f.s = x.s AND f.q = x.k AND f.orders > 0 AND g.q = x.q AND g.orders > 0) FROM cell x$$), 0::bigint, 'recurring: on');
SELECT is(differ($$SELECT s, cohort_no, cohort_no + period_no, customers FROM ours, cohort_table(r, 'on_or_after', 'recurring')$$,
  $$SELECT s, k, q, (SELECT count(*) FROM fact f JOIN customer c USING (s, c) WHERE f.s = x.s AND f.q = x.k AND f.orders > 0 AND last >= start) FROM cell x$$), 0::bigint, 'recurring: on or after');
SELECT is(differ($$SELECT s, cohort_no, cohort_no + period_no, customers FROM ours JOIN shop USING (s), cohort_table(r, 'rolling', 'recurring', rolling_periods => rolling)$$,
  $$SELECT s, k, q, (SELECT count(DISTINCT f.c) FROM fact f JOIN fact g USING (s, c) WHERE f.s = x.s AND f.q = x.k AND f.orders > 0 AND g.q > x.q - rolling AND g.q <= x.q AND g.orders > 0) FROM cell x$$), 0::bigint, 'recurring: rolling');
SELECT is(differ($$SELECT s, cohort_no, cohort_no + period_no, cohort_size, customers, is_complete FROM ours, cohort_table(r, age => 'own')$$,
  $$SELECT s, k, q, (SELECT count(*) FROM customer c WHERE c.s = x.s AND c.k = x.k), (SELECT count(*) FROM own f WHERE f.s = x.s AND f.k = x.k AND f.q = x.q AND orders > 0),
      coalesce((SELECT max(b.start + least(o, b.stop - b.start - 1)) <= x.as_of + 1 FROM period b, period a, generate_series(0, a.stop - a.start - 1) o WHERE b.s = x.s AND b.q = x.q + 1 AND a.s = x.s AND a.q = x.k), false) FROM cell x$$),
  0::bigint, 'own age: on; complete when it is for whoever may have come on the last day of the cohort');
SELECT is(differ($$SELECT s, cohort_no, cohort_no + period_no, customers FROM ours, cohort_table(r, 'on_or_after', age => 'own')$$,
  $$SELECT s, k, q, (SELECT count(*) FROM customer c WHERE c.s = x.s AND c.k = x.k AND (last >= (SELECT max(stop) FROM period p WHERE p.s = x.s) OR EXISTS (SELECT FROM own f WHERE f.s = x.s AND f.c = c.c AND f.q >= x.q AND f.orders > 0))) FROM cell x$$), 0::bigint, 'own age: on or after');
SELECT is(differ($$SELECT s, cohort_no, cohort_no + period_no, customers FROM ours JOIN shop USING (s), cohort_table(r, 'rolling', age => 'own', rolling_periods => rolling)$$,
  $$SELECT s, k, q, (SELECT count(DISTINCT c) FROM own f WHERE f.s = x.s AND f.k = x.k AND f.q > x.q - rolling AND f.q <= x.q AND orders > 0) FROM cell x$$), 0::bigint, 'own age: rolling');

-- money and margin of cohorts, by calendar and by own age
CREATE FUNCTION money_of(facts text) RETURNS text LANGUAGE sql AS $$
  SELECT format('SELECT s, k, q, coalesce(o, 0), coalesce(r, 0), coalesce(net, 0), coalesce(b, 0), sum(coalesce(net, 0)) OVER w, coalesce(e - c, 0), round(CASE WHEN e > 0 THEN (e - c) / e END, 9), coalesce(m, 0), sum(coalesce(e - c, 0)) OVER w
    FROM cell LEFT JOIN (SELECT s, k, q, sum(orders) o, sum(returns) r, sum(net) AS net, sum(returned) b, sum(earned) e, sum(cost) c, sum(missing) m FROM %I WHERE k > 0 GROUP BY 1, 2, 3) f USING (s, k, q) WINDOW w AS (PARTITION BY s, k ORDER BY q)', facts)
$$;
SELECT is(differ($$SELECT s, cohort_no, cohort_no + period_no, orders, returns, revenue, returned, cumulative_revenue, margin, round(margin_rate::numeric, 9), missing_costs, cumulative_margin FROM ours, cohort_table(r)$$, replace(money_of('fact'), 'k > 0', 'k <= q')),
  0::bigint, 'orders, money and margin of cohorts');
SELECT is(differ($$SELECT s, cohort_no, cohort_no + period_no, orders, returns, revenue, returned, cumulative_revenue, margin, round(margin_rate::numeric, 9), missing_costs, cumulative_margin FROM ours, cohort_table(r, age => 'own')$$, money_of('own')),
  0::bigint, 'and by own age');
SELECT is((SELECT count(*) FROM ours, cohort_table(plain) WHERE num_nonnulls(margin, margin_rate, missing_costs, cumulative_margin, cumulative_margin_per_customer) > 0), 0::bigint, 'no margin without costs');

-- lifecycle
SELECT is(differ($$SELECT s, period_no, active, new, retained, resurrected, dormant, asleep, orders, returns, revenue, returned, margin, missing_costs, is_complete FROM ours, lifecycle_table(r)$$,
  $$SELECT s, q, a, n, CASE WHEN known THEN t END, CASE WHEN known THEN a - n - t END, CASE WHEN known THEN b - t END, CASE WHEN known THEN e - b END, o, r, m, ret, g, mis, complete FROM (
      SELECT x.s, x.q, stop <= as_of + 1 AS complete, q > 1 OR NOT EXISTS (SELECT FROM customer c WHERE c.s = x.s AND c.k = 0) AS known,
        (SELECT count(*) FROM fact f WHERE f.s = x.s AND f.q = x.q AND orders > 0) AS a, (SELECT count(*) FROM customer c WHERE c.s = x.s AND c.k = x.q) AS n,
        (SELECT count(*) FROM fact f JOIN fact g USING (s, c) WHERE f.s = x.s AND f.q = x.q AND g.q = x.q - 1 AND f.orders > 0 AND g.orders > 0) AS t,
        (SELECT count(*) FROM fact f WHERE f.s = x.s AND f.q = x.q - 1 AND orders > 0) AS b, (SELECT count(*) FROM customer c WHERE c.s = x.s AND c.first < x.start) AS e, v.*
      FROM period x, LATERAL (SELECT coalesce(sum(orders), 0) AS o, coalesce(sum(returns), 0) AS r, coalesce(sum(net), 0) AS m, coalesce(sum(returned), 0) AS ret, coalesce(sum(earned - cost), 0) AS g, coalesce(sum(missing), 0) AS mis FROM fact f WHERE f.s = x.s AND f.q = x.q) v
      WHERE start <= as_of) y$$), 0::bigint, 'lifecycle');
SELECT is((SELECT count(*) FROM ours, lifecycle_table(r) WHERE active <> new + retained + resurrected OR resurrected < 0 OR dormant < 0 OR asleep < resurrected), 0::bigint, 'its identities hold in every row');

-- any period against any later one
CREATE TABLE pair AS SELECT a.s, a.q AS f, b.q AS t FROM period a JOIN period b USING (s) WHERE a.q < b.q AND (a.q + b.q + a.s) % 5 = 0;
SELECT is(differ($$SELECT ours.s, f, t, x.at_start, x.retained, c.lost, c.at_start, coalesce(abs(c.churn_rate - 1 + x.retention_rate) < 1e-12, x.at_start = 0), a.resurrected, a.asleep
    FROM ours JOIN pair ON pair.s = ours.s, retention_rate(r, f, t) x, churn_rate(r, f, t) c, reactivation_rate(r, f, t) a$$,
  $$SELECT pair.s, f, t, st, bo, st - bo, st, true, en - nw - bo, ev - st FROM pair, LATERAL (SELECT
      (SELECT count(*) FROM fact x WHERE x.s = pair.s AND x.q = f AND orders > 0) st, (SELECT count(*) FROM fact x WHERE x.s = pair.s AND x.q = t AND orders > 0) en,
      (SELECT count(*) FROM fact x JOIN fact y USING (s, c) WHERE x.s = pair.s AND x.q = f AND y.q = t AND x.orders > 0 AND y.orders > 0) bo,
      (SELECT count(*) FROM customer c WHERE c.s = pair.s AND c.k = t) nw, (SELECT count(*) FROM customer c WHERE c.s = pair.s AND c.k < t) ev) v$$), 0::bigint, 'retention, churn and reactivation of any two periods');
SELECT is(differ($$SELECT s, repeaters, customers, mature_repeaters, mature_customers FROM ours JOIN shop USING (s), repeat_rate(r, mature)$$,
  $$SELECT s, count(*) FILTER (WHERE orders > 1), count(orders), count(*) FILTER (WHERE orders > 1 AND first <= as_of - mature), count(*) FILTER (WHERE first <= as_of - mature) FROM shop LEFT JOIN (SELECT * FROM customer WHERE k < 1000) c USING (s) GROUP BY s$$),
  0::bigint, 'repeat rate of all and of the mature');
CREATE TABLE activity AS SELECT s, c, count(*) AS n FROM fact WHERE orders > 0 AND k < 1000 GROUP BY s, c;
SELECT is(differ($$SELECT s, periods_active, customers, customers_at_least FROM ours, stickiness_table(r)$$,
  $$SELECT s, q, (SELECT count(*) FROM activity a WHERE a.s = p.s AND n = q), (SELECT count(*) FROM activity a WHERE a.s = p.s AND n >= q) FROM period p WHERE start <= as_of$$), 0::bigint, 'stickiness');

-- active customers of days and windows, from before the days shown
CREATE TABLE active AS SELECT s, active_agg(l, d1, d1 + 1 + s % 80, 1 + s % 40) a FROM calendar, LATERAL (SELECT date '2024-01-01' + s % 150) x(d1) GROUP BY s, d1;
SELECT is(differ($$SELECT s, day, active, active_in_window, active_days_in_window, round(stickiness::numeric, 9), round(mean_stickiness::numeric, 9) FROM active, active_table(a)$$,
  $$SELECT s, day, count(c) FILTER (WHERE d = day), count(DISTINCT c), count(c), round(count(c) FILTER (WHERE d = day) / nullif(count(DISTINCT c), 0)::numeric, 9), round(count(c) / nullif(count(DISTINCT c), 0)::numeric / (1 + s % 40), 9)
    FROM (SELECT s, date '2024-01-01' + s % 150 + g AS day FROM shop, generate_series(0, s % 80) g) x LEFT JOIN (SELECT DISTINCT s AS s2, c, (at AT TIME ZONE zone)::date AS d FROM line JOIN shop USING (s) WHERE amount >= 0) y ON s2 = s AND d <= day AND d > day - (1 + s % 40) GROUP BY s, day$$), 0::bigint, 'active customers');
SELECT is((SELECT count(*) FROM (SELECT s, active_rollup(part) m FROM (SELECT s, c * 7919 % (1 + s % 6), active_agg(l, date '2024-01-01' + s % 150, date '2024-01-01' + s % 150 + 1 + s % 80, 1 + s % 40) part FROM calendar GROUP BY 1, 2) x GROUP BY s) y JOIN active USING (s) WHERE m = a AND a::text::actives = a), 300::bigint, 'parts of them rolled up = whole, and text and back');

-- merged parts in any split, orders in any order
SELECT is((SELECT count(*) FROM ours JOIN (SELECT s, retention_rollup(part ORDER BY md5(k::text)) m FROM (SELECT s, c * 7919 % (1 + s % 6) AS k, retention_agg(l, p, as_of, calendar.k ORDER BY md5(c::text)) part FROM calendar GROUP BY 1, 2) x GROUP BY s) y USING (s) WHERE m = r), 300::bigint, 'parts rolled up = whole');
SELECT is((SELECT count(*) FROM ours WHERE r::text::retention = r AND plain::text::retention = plain), 300::bigint, 'text and back');

SELECT * FROM finish();
ROLLBACK;
