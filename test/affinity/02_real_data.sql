-- 02_real_data.sql: Online Retail by invoice and by customer, AdventureWorks by order; figures by DuckDB (reference/rooms.md A6, kpi.md C.9)
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
SELECT plan(20);
SET search_path = public, segment;

CREATE TABLE line AS SELECT invoice_no, customer_id, stock_code FROM online_retail WHERE customer_id IS NOT NULL AND invoice_no NOT LIKE 'C%' AND quantity > 0 AND unit_price > 0;
CREATE TABLE m AS SELECT affinity_agg(i) a FROM (SELECT items_agg(stock_code) i FROM line GROUP BY invoice_no) b;
SELECT is((SELECT concat_ws(' ', n_baskets, n_items, incidences, largest_basket, n_pairs, single_item_baskets) FROM m, affinity_info(a)), '18532 3665 387841 541 2220183 1407', 'baskets, items, incidences, pairs');
CREATE TABLE t AS SELECT t.* FROM m, affinity_table(a, 10) t;
SELECT is((SELECT (count(*) / 2) || ' ' || (count(*) FILTER (WHERE n_ab >= 100) / 2) FROM t), '204027 1580', 'pairs in 10 and in 100 baskets');
SELECT is((SELECT sum(n_ab) / 2 FROM m, affinity_table(a, 1)), 9119978::numeric, 'pair incidences');
SELECT is((SELECT concat_ws(' ', n_ab, n_a, n_b, round(support::numeric, 10), round(confidence::numeric, 10), round(lift::numeric, 9)) FROM t WHERE item_a = '22386' AND item_b = '85099B'), '546 871 1600 0.0294625513 0.6268656716 7.260671642', '22386 -> 85099B');
SELECT is((SELECT round(confidence::numeric, 5) FROM t WHERE item_b = '22386' AND item_a = '85099B'), 0.34125, 'and back');
SELECT is((SELECT string_agg(concat_ws(' ', n_ab, n_a, n_b, round(confidence::numeric, 10), round(lift::numeric, 8)), ', ' ORDER BY item_a) FROM t WHERE (item_a, item_b) IN (('22697', '22699'), ('22699', '22697'))),
  '541 691 783 0.7829232996 18.53018466, 541 783 691 0.6909323116 18.53018466', '22697 - 22699');
SELECT is((SELECT string_agg(n_ab || ' ' || round(lift::numeric, 8), ', ' ORDER BY n_ab DESC) FROM t WHERE (item_a, item_b) IN (('22726', '22727'), ('20725', '22384'))), '530 14.19454790, 523 8.07646624', '22726 - 22727, 20725 - 22384');
SELECT is((SELECT string_agg(concat_ws(' ', item_a, item_b, n_ab, n_a, n_b, round(lift::numeric, 8)), ', ') FROM (SELECT * FROM t WHERE n_ab >= 100 AND item_a < item_b ORDER BY lift DESC LIMIT 2) x),
  '23289 23291 117 141 144 106.78900709, 23345 23346 100 133 138 100.96981584', 'the highest lifts');

-- the lower bound stays below the lift, and sends what is rare down
SELECT ok(bool_and(lift_low < lift) AND bool_and(lift_low > 0), 'the lower bound is below') FROM t WHERE n_ab < n_a;

-- by customer
CREATE TABLE c AS SELECT customer_id, items_agg(stock_code) i FROM line GROUP BY customer_id;
SELECT is((SELECT concat_ws(' ', sum(items_count(i)), max(items_count(i)), count(*) FILTER (WHERE has(i, '22386')), count(*) FILTER (WHERE has(i, '85099B')), count(*) FILTER (WHERE has(i, '22386') AND has(i, '85099B')),
  count(*) FILTER (WHERE has(i, '22386') AND NOT has(i, '85099B'))) FROM c), '266792 1787 372 635 285 87', 'customers with items, and the gap');
SELECT is((SELECT sum(n_ab) / 2 FROM (SELECT affinity_agg(i, 2000) a FROM c) m, affinity_table(a, 1)), 23873523::numeric, 'their pair incidences');
SELECT is((SELECT concat_ws(' ', n_baskets, incidences, max_items, baskets_above_max_items) FROM (SELECT affinity_agg(i) a FROM c) m, affinity_info(a)), '4338 266792 1000 4', 'four customers have more than 1000 items: they count, and are reported');
SELECT is((SELECT i FROM (SELECT items_rollup(i) i FROM (SELECT customer_id, items_agg(stock_code) i FROM line GROUP BY customer_id, invoice_no) b GROUP BY customer_id) x EXCEPT SELECT i FROM c), NULL, 'a customer''s baskets rolled up are the customer''s items');

-- AdventureWorks: categories and subcategories by order
CREATE TABLE aw AS SELECT affinity_agg(c) c, affinity_agg(s) s FROM (SELECT items_agg(category) c, items_agg(subcategory) s FROM adventureworks GROUP BY order_number) o;
SELECT is((SELECT string_agg(item || ' ' || n, ', ' ORDER BY item) FROM aw, affinity_items(c)), 'Accessories 16983, Bikes 13928, Clothing 6975', 'orders with a category');
SELECT is((SELECT string_agg(concat_ws(' ', item_a, item_b, n_ab, round(lift::numeric, 5)), ', ' ORDER BY item_a, item_b) FROM aw, affinity_table(c) WHERE item_a < item_b),
  'Accessories Bikes 7109 0.75622, Accessories Clothing 4322 0.91806, Bikes Clothing 3222 0.83452', 'categories');
SELECT is((SELECT n_baskets FROM aw, affinity_info(c)), 25162::bigint, 'orders');
SELECT is((SELECT string_agg(concat_ws(' ', item_a, item_b, n_ab, round(lift::numeric, 5)), ', ' ORDER BY lift DESC) FROM (SELECT t.* FROM aw, affinity_table(s, 300) t WHERE item_a < item_b ORDER BY lift DESC LIMIT 4) x),
  'Jerseys Shorts 313 2.68002, Bottles and Cages Hydration Packs 319 2.57507, Fenders Mountain Bikes 881 2.38508, Caps Jerseys 581 2.27747', 'subcategories');

-- parts by month, rolled up
SELECT is((SELECT affinity_rollup(a) FROM (SELECT affinity_agg(i) a FROM (SELECT left(invoice_no, 3) p, items_agg(stock_code) i FROM line GROUP BY p, invoice_no) b GROUP BY p) x), (SELECT a FROM m), 'parts rolled up are the whole');

-- next_best on a hold-out: trained on invoices before September 2011, checked by what customers bought anew from then on
CREATE TABLE past AS SELECT affinity_agg(i) a FROM (SELECT items_agg(stock_code) i FROM online_retail WHERE customer_id IS NOT NULL AND invoice_no NOT LIKE 'C%' AND quantity > 0 AND unit_price > 0 AND invoice_date < '2011-09-01' GROUP BY invoice_no) b;
CREATE TABLE holdout AS SELECT items_agg(stock_code) FILTER (WHERE invoice_date < '2011-09-01') i, items_agg(stock_code) FILTER (WHERE invoice_date >= '2011-09-01') l
FROM online_retail WHERE customer_id IS NOT NULL AND invoice_no NOT LIKE 'C%' AND quantity > 0 AND unit_price > 0 GROUP BY customer_id;
SELECT is((SELECT concat_ws(' ', count(*), round(avg((hits > 0)::int), 4), round(avg((popular_hits > 0)::int), 4)) FROM past, holdout, next_best_check(a, i, l, 3) WHERE n_later > 0), '1891 0.2522 0.1438', 'three offers: one is bought by 25 %, of the best sellers by 14 %');
SELECT is((SELECT concat_ws(' ', count(*), round(avg((hits > 0)::int), 4), round(avg((popular_hits > 0)::int), 4)) FROM past, holdout, next_best_check(a, i, l, 10) WHERE n_later > 0), '1891 0.4617 0.3131', 'ten offers');

SELECT * FROM finish();
