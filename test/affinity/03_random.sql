-- 03_random.sql: 300 random sets of baskets, integers and texts, against a self join in SQL: any order, plan, split and merge, and beyond the memory limit
\ir ../lib/begin.sql
SELECT plan(17);
SET search_path = public, segment;
SELECT setseed(0.16);
CREATE FUNCTION plan_of(q text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; answer text := '';
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || q LOOP answer := answer || line || E'\n'; END LOOP;
  RETURN answer;
END $$;

-- sets of different size, number of items, skew; some items are doubled within a basket, some NULL
CREATE TABLE line AS
SELECT s, b, CASE WHEN random() < 0.02 THEN NULL ELSE 1 + floor(power(random(), 1 + s % 4) * (3 + s % 97))::int * (CASE WHEN s % 5 = 0 THEN -1 ELSE 1 END) END AS item
FROM generate_series(1, 300) s, generate_series(1, 10 + s % 50) b, generate_series(1, 1 + (random() * random() * (s % 30))::int) l;
INSERT INTO line SELECT s, b, item FROM line WHERE random() < 0.2;
CREATE FUNCTION name_of(item int) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT chr(97 + abs(item) % 7) || repeat('é', abs(item) % 3) || item $$;
CREATE TABLE basket AS SELECT s, b, items_agg(item) i, items_agg(name_of(item)) t FROM line GROUP BY s, b;
CREATE TABLE ours AS SELECT s, affinity_agg(i, 12) i, affinity_agg(t, 12) t FROM basket GROUP BY s;
ANALYZE;

-- the self join that people write
CREATE TABLE entry AS SELECT DISTINCT s, b, item FROM line WHERE item IS NOT NULL;
CREATE TABLE size AS SELECT s, b, count(*) n FROM entry GROUP BY s, b;
CREATE TABLE theirs AS
SELECT x.s, x.item::text a, y.item::text b, name_of(x.item) ta, name_of(y.item) tb, count(*) n FROM entry x JOIN entry y ON x.s = y.s AND x.b = y.b AND x.item <> y.item JOIN size z ON z.s = x.s AND z.b = x.b WHERE z.n <= 12 GROUP BY x.s, x.item, y.item;
SELECT ok((SELECT count(*) FROM theirs) > 100000, 'there are pairs to compare');
SELECT is_empty($$(SELECT s, a, b, n FROM theirs EXCEPT SELECT s, item_a, item_b, n_ab FROM ours, affinity_table(i, 1)) UNION ALL (SELECT s, item_a, item_b, n_ab FROM ours, affinity_table(i, 1) EXCEPT SELECT s, a, b, n FROM theirs)$$, 'integers: pairs are those of a self join');
SELECT is_empty($$(SELECT s, ta, tb, n FROM theirs EXCEPT SELECT s, item_a, item_b, n_ab FROM ours, affinity_table(t, 1)) UNION ALL (SELECT s, item_a, item_b, n_ab FROM ours, affinity_table(t, 1) EXCEPT SELECT s, ta, tb, n FROM theirs)$$, 'texts: pairs are those of a self join');
SELECT is_empty($$SELECT * FROM (SELECT s, item::text, count(*) n FROM entry GROUP BY s, item) e FULL JOIN (SELECT s, t.* FROM ours, affinity_items(i) t) o USING (s, item, n) WHERE e.s IS NULL OR o.s IS NULL$$, 'items are counted once a basket');
SELECT is_empty($$SELECT * FROM (SELECT s, count(*) n_baskets, count(*) FILTER (WHERE n = 1) one, max(n) largest_basket, sum(n) incidences, count(*) FILTER (WHERE n > 12) large FROM size GROUP BY s) e
  FULL JOIN (SELECT s, t.* FROM ours, affinity_info(t) t) o ON e.s = o.s AND e.n_baskets = o.n_baskets AND one = single_item_baskets AND e.largest_basket = o.largest_basket AND e.incidences = o.incidences AND large = baskets_above_max_items WHERE e.s IS NULL OR o.s IS NULL$$, 'so are baskets');
SELECT ok((SELECT count(*) FROM size WHERE n > 12) > 100, 'some baskets exceed max_items');
SELECT is_empty($$SELECT * FROM theirs t JOIN (SELECT s, x.* FROM ours, affinity_table(i, 1) x) o ON t.s = o.s AND t.a = item_a AND t.b = item_b
  WHERE abs(support - n::float8 / n_baskets) > 1e-14 OR abs(confidence - n::float8 / n_a) > 1e-14 OR abs(lift - n::float8 * n_baskets / n_a / n_b) > 1e-12 * lift OR abs(leverage - (support - n_a::float8 * n_b / n_baskets / n_baskets)) > 1e-14
    OR (n = n_a) <> (conviction = 'Infinity') OR (n < n_a AND abs(conviction - (1 - n_b::float8 / n_baskets) / (1 - confidence)) > 1e-10)$$, 'measures are their definitions');

-- any order, plan, split and merge
SELECT is_empty($$SELECT s, i, t FROM ours EXCEPT SELECT s, affinity_agg(i, 12), affinity_agg(t, 12) FROM (SELECT * FROM basket ORDER BY md5(s || ' ' || b)) x GROUP BY s$$, 'shuffled baskets');
SELECT is_empty($$SELECT s, i, t FROM ours EXCEPT SELECT s, affinity_rollup(i), affinity_rollup(t) FROM (SELECT s, b % 4, affinity_agg(i, 12) i, affinity_agg(t, 12) t FROM basket GROUP BY s, b % 4) x GROUP BY s$$, 'parts rolled up');
SELECT is_empty($$SELECT s, i, t FROM ours EXCEPT SELECT s, x.i + y.i, y.t + x.t FROM (SELECT s, affinity_agg(i, 12) i, affinity_agg(t, 12) t FROM basket WHERE b < 6 GROUP BY s) x JOIN (SELECT s, affinity_agg(i, 12) i, affinity_agg(t, 12) t FROM basket WHERE b >= 6 GROUP BY s) y USING (s)$$, 'two parts added');
CREATE TABLE whole AS SELECT affinity_agg(i, 12) i, affinity_agg(t, 12) t FROM basket;
SELECT is((SELECT t.i::text || t.t FROM (SELECT affinity_agg(i, 12) i, affinity_agg(t, 12) t FROM (SELECT s, b, items_agg(item) i, items_agg(name_of(item)) t FROM (SELECT * FROM line ORDER BY md5(s || ' ' || b || item)) l GROUP BY s, b ORDER BY 2, 1) x) t), (SELECT i::text || t FROM whole), 'shuffled lines');
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SELECT matches(plan_of('SELECT affinity_agg(i, 12), affinity_agg(t, 12) FROM basket'), 'Finalize.*Partial', 'partial aggregates in workers');
SELECT is((SELECT affinity_agg(i, 12)::text || affinity_agg(t, 12) FROM basket), (SELECT i::text || t FROM whole), 'in parallel');

-- beyond the memory limit, which is 64 kB at least: baskets and pairs go to files
CREATE TABLE big AS SELECT b, items_agg((power(random(), 2) * 900)::int) i FROM generate_series(1, 30000) b, generate_series(1, 8) l GROUP BY b;
SET work_mem = '256MB';
SET max_parallel_workers_per_gather = 0;
CREATE TABLE in_memory AS SELECT affinity_agg(i) a FROM big;
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT is((SELECT affinity_agg(i) FROM big), (SELECT a FROM in_memory), 'beyond the memory limit');
SELECT is((SELECT affinity_rollup(a) FROM (SELECT affinity_agg(i) a FROM big GROUP BY b % 3) x), (SELECT a FROM in_memory), 'parts rolled up beyond the memory limit');
SET max_parallel_workers_per_gather = 2;
SELECT is((SELECT affinity_agg(i) FROM big), (SELECT a FROM in_memory), 'in parallel beyond the memory limit');
SELECT is((SELECT sum(n_ab) FROM in_memory, affinity_table(a, 1)), (SELECT sum(items_count(i)::bigint * (items_count(i) - 1)) FROM big), 'and all pairs of all baskets are there');

SELECT * FROM finish();
