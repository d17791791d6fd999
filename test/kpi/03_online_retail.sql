-- 03_online_retail.sql: cohorts, lifecycle, rates and concentration of Online Retail and CDNOW; the figures were computed with pandas,
-- those of reference/kpi.md C.9 and reference/rooms.md K12 to K17
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
SELECT plan(24);
SET search_path = public, segment;

CREATE TABLE calendars AS SELECT customer_id, ledger_agg(ordered_at, amount, order_id) AS ledger FROM valid_sales GROUP BY customer_id;
CREATE TABLE r AS SELECT retention_agg(ledger, periods('month', '2010-12-01', '2012-01-01'), '2011-12-09') AS r FROM calendars;
CREATE FUNCTION cohort_row(start date, kind text) RETURNS text LANGUAGE sql AS
  'SELECT string_agg(customers::text, '' '' ORDER BY period_no) FROM r, segment.cohort_table(r, kind) WHERE cohort_start = start';

SELECT is(cohort_row('2010-12-01', 'on'), '885 324 286 340 321 352 321 309 313 350 331 445 235', 'cohort 2010-12');
SELECT is(cohort_row('2011-01-01', 'on'), '417 92 111 96 134 120 103 101 125 136 152 49', 'cohort 2011-01');
SELECT is((SELECT string_agg(cohort_size::text, ' ' ORDER BY cohort_no) FROM r, cohort_table(r) WHERE period_no = 0), '885 417 380 452 300 284 242 188 169 299 358 323 41', 'cohort sizes');
SELECT is(cohort_row('2010-12-01', 'on_or_after'), '885 766 753 741 724 713 696 672 652 621 583 510 235', 'on or after, 2010-12');
SELECT is(cohort_row('2011-01-01', 'on_or_after'), '417 335 330 325 317 301 288 279 260 228 164 49', 'on or after, 2011-01');
SELECT is((SELECT string_agg(round(revenue, 2)::text, ' ' ORDER BY period_no) FROM r, cohort_table(r) WHERE cohort_no = 1 AND period_no < 4), '572713.89 276237.69 233845.37 303119.39', 'revenue of 2010-12');
SELECT is((SELECT string_agg(round(cumulative_revenue_per_customer::numeric, 4)::text, ' ' ORDER BY period_no) FROM r, cohort_table(r) WHERE cohort_no = 1 AND period_no IN (0, 1, 2, 3, 11, 12)),
  '647.1343 959.2673 1223.4994 1566.0072 4888.5255 5098.4726', 'cumulative per customer');
SELECT is((SELECT string_agg(round(revenue, 2)::text, ' ' ORDER BY period_no) FROM r, cohort_table(r) WHERE cohort_no = 2 AND period_no < 4), '293207.35 55149.91 63268.17 71587.40', 'revenue of 2011-01');
SELECT is((SELECT string_agg(format('%s/%s', n, d), ' ' ORDER BY period_no) FROM (SELECT period_no, sum(customers) n, sum(cohort_size) d FROM r, cohort_table(r) WHERE is_complete AND period_no IN (1, 2, 6, 11) GROUP BY 1) x),
  '940/3974 901/3616 781/2718 445/885', 'weighted retention over complete cells');
SELECT is((SELECT string_agg(round(n / d, 6)::text, ' ' ORDER BY period_no) FROM (SELECT period_no, sum(customers) n, sum(cohort_size) d FROM r, cohort_table(r) WHERE period_no IN (1, 2, 6, 11) GROUP BY 1) x),
  '0.227135 0.237041 0.271622 0.379416', 'which the open month would lower');
SELECT is((SELECT string_agg(concat_ws('/', active, new, retained, resurrected, dormant, asleep), ' ' ORDER BY period_no) FROM r, lifecycle_table(r) WHERE period_no > 1),
  '741/417/324/0/561/0 758/380/262/116/479/561 974/452/290/232/468/924 856/300/304/252/670/1160 1056/284/368/404/488/1578 991/242/410/339/646/1662 949/188/365/396/626/1969 935/169/388/378/561/2199 1266/299/425/542/510/2382 1364/358/489/517/777/2350 1664/323/622/719/742/2610 615/41/371/203/1293/2633',
  'lifecycle');
SELECT is((SELECT string_agg(orders || ' ' || round(revenue, 2), ', ' ORDER BY period_no) FROM r, lifecycle_table(r) WHERE period_no IN (1, 4, 7, 11, 12)),
  '1400 572713.89, 1321 595500.76, 1393 661213.69, 1929 1039318.79, 2657 1161817.38', 'orders and revenue of months');
SELECT is((SELECT array_agg(is_complete ORDER BY period_no) FROM r, lifecycle_table(r) WHERE period_no > 11), '{t,f}', 'the last month has not ended');
SELECT is((SELECT repeaters || '/' || customers || ' ' || round(repeat_rate::numeric, 5) FROM r, repeat_rate(r)), '2845/4338 0.65583', 'repeat rate');

-- half a year against the next
SELECT results_eq($$SELECT at_start, at_end, new, retained, resurrected, round(retention_rate::numeric, 5), round(retention_low::numeric, 6), round(retention_high::numeric, 6), is_complete
  FROM (SELECT retention_agg(ledger, periods(ARRAY['2010-12-01', '2011-06-01', '2011-12-01']::date[]), '2011-12-09') r FROM calendars) x, retention_rate(r, 1, 2)$$,
  $$VALUES (2718::bigint, 3471::bigint, 1579::bigint, 1892::bigint, 0::bigint, 0.69610, 0.678542, 0.713104, true)$$, 'half years');

-- all of it as one period: orders, average order value, purchase frequency, revenue per customer
SELECT is((SELECT concat_ws(' ', active, orders, round(revenue, 2), round(average_order_value::numeric, 4), round(orders_per_customer::numeric, 4), round(revenue_per_customer::numeric, 3))
  FROM (SELECT retention_agg(ledger, periods('{2010-12-01,2011-12-10}'::date[]), '2011-12-09') r FROM calendars) x, lifecycle_table(r)), '4338 18532 8911407.90 480.8660 4.2720 2054.266', 'value of all');

-- spring against autumn, from ledgers: what customers, frequency and order value contributed; with units, from calendars of units
CREATE TABLE seasons AS SELECT retention_agg(ledger, p, '2011-12-09') r, retention_agg(units, p, '2011-12-09') u FROM (SELECT periods('{2011-03-01,2011-06-01,2011-09-01,2011-12-01}'::date[]) p) g, calendars
  JOIN (SELECT customer_id, ledger_agg(invoice_date, quantity, invoice_no) AS units FROM online_retail WHERE customer_id IS NOT NULL AND invoice_no NOT LIKE 'C%' AND quantity > 0 AND unit_price > 0 GROUP BY customer_id) q USING (customer_id);
SELECT is((SELECT string_agg(concat_ws('/', active, orders, round(revenue, 2)), ' ' ORDER BY period_no) FROM seasons, lifecycle_table(r) WHERE period_no IN (1, 3)), '1993/4025/1743295.68 2851/6341/3153974.55', 'two seasons');
SELECT is((SELECT string_agg(round(part::numeric, 1)::text, ' ') FROM seasons, decompose_periods(r, 1, 3)), '847959.7 231452.1 331267.1', 'why revenue changed');
SELECT is((SELECT round(sum(part)::numeric, 2) FROM seasons, decompose_periods(r, 1, 3, u)), (SELECT round(sum(revenue) FILTER (WHERE period_no = 3) - sum(revenue) FILTER (WHERE period_no = 1), 2) FROM seasons, lifecycle_table(r)), 'with units and prices');
SELECT is((SELECT string_agg(round(before::numeric, 4) || '/' || round(after::numeric, 4), ' ') FROM seasons, decompose_periods(r, 1, 3, u) WHERE factor LIKE '%unit%'), '252.0065/285.1046 1.7187/1.7446', 'units an order and price a unit');

-- active customers of each day and of 28 days, against plain SQL
SELECT is_empty($$
  SELECT day, active, active_in_window, active_days_in_window FROM (SELECT active_agg(ledger, '2011-01-01', '2011-12-10', 28) a FROM calendars) x, active_table(a)
  EXCEPT SELECT day::date, count(DISTINCT customer_id) FILTER (WHERE d = day), count(DISTINCT customer_id), count(DISTINCT (customer_id, d)) FROM generate_series(timestamp '2011-01-01', '2011-12-09', '1 day') day
    LEFT JOIN (SELECT DISTINCT customer_id, ordered_at::date AS d FROM valid_sales) s ON d > day - interval '28 days' AND d <= day GROUP BY day$$, 'active in 28 days');

-- by country rolled up: all countries' rows, with eight customers of two countries in both
SELECT is((SELECT sum(cohort_size) FROM (SELECT retention_rollup(part) r FROM (SELECT retention_agg(l, periods('month', '2010-12-01', '2012-01-01'), '2011-12-09') part
  FROM (SELECT customer_id, country, ledger_agg(ordered_at, amount, order_id) l FROM valid_sales GROUP BY 1, 2) c GROUP BY country) p) x, cohort_table(r) WHERE period_no = 0), 4346::numeric, 'customers by country add up to 4,346');

SELECT is((SELECT round(top_share(q, 0.01)::numeric, 5) || ' ' || round(top_share(q, 0.1)::numeric, 5) || ' ' || round(top_share(q, 0.2)::numeric, 5) || ' ' || round(gini(q)::numeric, 6)
  FROM (SELECT quantiles_agg(m::float8) q FROM (SELECT sum(amount) m FROM valid_sales GROUP BY customer_id) c) x), '0.31999 0.61375 0.74617 0.715140', 'concentration');
SELECT is((SELECT round(top_share(q, 0.2)::numeric, 5) || ' ' || round(gini(q)::numeric, 6) FROM (SELECT quantiles_agg(m::float8) q FROM (SELECT sum(amount) m FROM cdnow GROUP BY customer_id) c) x), '0.67777 0.634571', 'concentration of CDNOW');

SELECT * FROM finish();
ROLLBACK;
