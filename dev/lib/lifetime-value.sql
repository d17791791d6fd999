-- lifetime-value.sql: what dev/demo --lifetime-value adds, from table ledgers (customer_id, ledger) and customer_segments.
-- Takes as_of. The last quarter of the time is held out to check predictions that the rest makes.
\set ON_ERROR_STOP on
SET search_path = public, segment;
SET client_min_messages = error;
CREATE TABLE fitted AS
SELECT mbgnbd(btyd_agg(r)) AS orders, gamma_gamma(spend_agg(r, true)) AS spend
FROM (SELECT ledger_repeat(ledger, :'as_of', '1 week') AS r FROM ledgers) s;
CREATE TABLE lifetime_value AS
SELECT customer_id, p_alive(f.orders, r) AS p_alive, p_orders(f.orders, r, '12 months') AS p_orders, expected_spend(f.spend, r) AS spend,
       expected_orders(f.orders, r, '12 months') AS orders_12_months,
       clv(f.orders, f.spend, r, '12 months', 0.1) AS value_12_months
FROM (SELECT customer_id, ledger_repeat(ledger, :'as_of', '1 week') AS r FROM ledgers) s, fitted f WHERE r IS NOT NULL;
CREATE TABLE split AS
SELECT first, split, until, holdout_agg(ledger, split, until, '1 week') AS holdout
FROM ledgers, (SELECT min(ledger_first(ledger)) AS first, :'as_of'::date - (:'as_of'::date - min(ledger_first(ledger))) / 4 AS split, :'as_of'::date AS until FROM ledgers) d
GROUP BY 1, 2, 3;
CREATE TABLE checked AS SELECT b.* FROM split, backtest(holdout, '{mbgnbd,pareto_nbd}') b;
CREATE TABLE calibration AS SELECT c.* FROM split, backtest_calibration(holdout, mbgnbd(holdout_btyd(holdout))) c;
-- cumulative repeat purchases, week by week
CREATE TABLE tracking AS
WITH purchase AS (SELECT e.day, row_number() OVER (PARTITION BY customer_id ORDER BY e.day) AS n FROM ledgers, ledger_entries(ledger) e, split
                  WHERE e.orders > 0 AND ledger_first(ledger) <= split),
     model AS (SELECT mbgnbd(holdout_btyd(holdout)) AS m, holdout_btyd(holdout) AS b FROM split)
SELECT week, (SELECT count(*) FROM purchase WHERE n > 1 AND day <= week) AS actual,
       tracked_orders(m, b, (week - split) * interval '1 day') AS expected
FROM split, model, LATERAL (SELECT first + 7 * g AS week FROM generate_series(1, (until - first) / 7) g) w;

-- A chart: lines through points, axes with their ends, as one SVG document.
CREATE FUNCTION pg_temp.chart(title text, x float8[], lines float8[][], names text[], x_ends text[], mark float8) RETURNS text LANGUAGE sql AS $$
  WITH scale AS (SELECT (SELECT min(v) FROM unnest(x) v) AS x0, (SELECT max(v) FROM unnest(x) v) AS x1, (SELECT greatest(max(v), 1e-9) FROM unnest(lines) v) AS y1),
  path AS (SELECT l, string_agg(format('%s,%s', round((60 + 520 * (x[i] - x0) / (x1 - x0))::numeric, 1), round((320 - 270 * lines[l][i] / y1)::numeric, 1)), ' ' ORDER BY i) AS points
           FROM scale, generate_series(1, array_length(lines, 1)) l, generate_series(1, array_length(x, 1)) i GROUP BY l)
  SELECT format('<svg xmlns="http://www.w3.org/2000/svg" width="640" height="380" font-family="sans-serif" font-size="13"><rect width="640" height="380" fill="white"/><text x="60" y="28" font-size="16">%s</text><path d="M60 50V320H580" fill="none" stroke="#444"/><text x="55" y="60" text-anchor="end">%s</text><text x="55" y="324" text-anchor="end">0</text><text x="60" y="342">%s</text><text x="580" y="342" text-anchor="end">%s</text>%s%s</svg>',
    title, round(y1::numeric, CASE WHEN y1 < 20 THEN 1 ELSE 0 END), x_ends[1], x_ends[2],
    CASE WHEN mark IS NULL THEN '' ELSE format('<path d="M%s 50V320" stroke="#999" stroke-dasharray="4"/>', round((60 + 520 * (mark - x0) / (x1 - x0))::numeric, 1)) END,
    (SELECT string_agg(format('<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/><text x="%s" y="366" fill="%s">%s</text>', points,
       (ARRAY['#222', '#c33'])[l], 60 + 130 * (l - 1), (ARRAY['#222', '#c33'])[l], names[l]), '' ORDER BY l) FROM path))
  FROM scale $$;
\pset format unaligned
\pset tuples_only on
\o :tracking
SELECT pg_temp.chart('Repeat purchases so far; held out behind the mark', array_agg((week - first)::float8 ORDER BY week),
  ARRAY[array_agg(actual::float8 ORDER BY week), array_agg(expected ORDER BY week)], '{actual,expected}', ARRAY[min(week), max(week)]::text[], min(split - first)) FROM tracking, split;
\o :calibration
SELECT pg_temp.chart('Mean purchases in the hold-out by purchases before', array_agg(repeat_purchases::float8 ORDER BY repeat_purchases),
  ARRAY[array_agg(actual ORDER BY repeat_purchases), array_agg(expected ORDER BY repeat_purchases)], '{actual,expected}', ARRAY[min(repeat_purchases)::text, max(repeat_purchases) || ' or more'], NULL)
FROM calibration HAVING count(*) > 1;
\o
\pset tuples_only off
\pset footer off
SELECT coalesce(segment_name, 'Total') AS segment, count(*) AS customers, round(avg(p_alive)::numeric, 2) AS p_alive, round(avg(orders_12_months)::numeric, 2) AS orders_12_months,
       round(sum(value_12_months)::numeric) AS value_12_months, round(avg(value_12_months)::numeric, 2) AS value_per_customer
FROM lifetime_value JOIN customer_segments USING (customer_id)
GROUP BY GROUPING SETS ((segment_name, segment_sort), ()) ORDER BY grouping(segment_name), segment_sort;
\echo
SELECT t.tier AS "value tier", count(*) AS customers, round(avg(p_orders)::numeric, 2) AS p_order_12_months, round(avg(v.spend)::numeric, 2) AS spend_per_order,
       round(sum(value_12_months)::numeric) AS value_12_months
FROM (SELECT l.*, score(c.p, l.p_orders) AS return_level FROM lifetime_value l, (SELECT cut_points_agg(p_orders, 2) AS p FROM lifetime_value) c) v
JOIN (SELECT score(c.p, l.p_orders) AS return_level, cut_points_agg(l.value_12_months, 2) AS value
      FROM lifetime_value l, (SELECT cut_points_agg(p_orders, 2) AS p FROM lifetime_value) c GROUP BY 1) w USING (return_level)
JOIN value_tiers(2) t ON t.return_level = v.return_level AND t.value_level = score(w.value, v.value_12_months)
GROUP BY t.tier, t.sort ORDER BY t.sort;
\echo
SELECT ranked_by AS "hold-out: ranked by", actual AS orders, round(expected::numeric) AS expected, round(mae::numeric, 3) AS mae,
       round(auc::numeric, 3) AS auc, round(top_20_share::numeric, 3) AS top_20_share
FROM checked ORDER BY auc DESC NULLS LAST;
