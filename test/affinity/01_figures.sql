-- 01_figures.sql: what others publish of small sets of baskets: OpenRetailScience, mlxtend, MADlib, arules (reference/rooms.md 3c), and items by hand
\ir ../lib/begin.sql
SELECT plan(50);
SET search_path = public, segment;

-- items
SELECT is((SELECT items_agg(x)::text FROM unnest('{milk,bread,milk,NULL,Bread}'::text[]) x), '["Bread", "bread", "milk"]', 'texts: each once, by their bytes, NULL left out');
SELECT is((SELECT items_agg(x)::text FROM unnest('{7,-9223372036854775808,7,9223372036854775807,0}'::bigint[]) x), '[-9223372036854775808, 0, 7, 9223372036854775807]', 'integers: by value, whatever their size');
SELECT is((SELECT items_agg(x::smallint) FROM generate_series(1, 9) x), (SELECT items_agg(x::bigint) FROM generate_series(1, 9) x), 'integers of any width are the same items');
SELECT is((SELECT items_agg(x)::text FROM (VALUES (1.50), (1.5), (2.0)) v(x)), '["1.5", "2"]', 'numeric: equal numbers are one item');
SELECT is((SELECT items_agg(x)::text FROM (VALUES ('a  '::char(3)), ('a')) v(x)), '["a"]', 'char(n): without the blanks at the end');
SELECT is((SELECT items_agg(x)::text FROM (VALUES ('00000000-0000-0000-0000-000000000001'::uuid)) v(x)), '["00000000-0000-0000-0000-000000000001"]', 'uuid: its text');
SELECT is((SELECT items_agg(x)::text FROM (VALUES (true), (false)) v(x)), '["f", "t"]', 'boolean: its text');
SELECT is(items_agg(NULL::text), NULL, 'NULL only: no items');
SELECT is('["b", "a", "b"]'::items, '["a","b"]'::items, 'a text may have them in any order');
SELECT is('["\"\\\/\u0001\té😀", ""]'::items::text, '["", "\"\\/\u0001\té😀"]', 'quotes, backslashes, control characters, the empty text');
SELECT is(items_count('[5, 6, 7]') || ' ' || array_to_string(items_array('["b c", "a,b"]'), ';'), '3 a,b;b c', 'how many, and as an array');
SELECT is('[1, 3]'::items + '[2, 3]', '[1, 2, 3]', 'the items of both');
SELECT is((SELECT items_rollup(i) FROM (VALUES ('[1, 3]'::items), (NULL), ('[2]')) v(i)), '[1, 2, 3]', 'of all');
SELECT is(concat_ws(' ', has('[1, 3]', 3), has('[1, 3]', 2::smallint), has('[1, 3]', 4::bigint), has('["a", "c"]', 'c'), has('["a", "c"]', 'b'), has('["t"]', true)), 't f f t f t', 'has');
SELECT is(has('[1, 3]', NULL::int), NULL, 'has NULL: NULL');
SELECT is('[1, 3]'::items::jsonb, '[1, 3]', 'as jsonb');
SELECT throws_ok($$SELECT has('[1, 3]', 'a')$$, '22023', NULL, 'a text among integers');
SELECT throws_ok($$SELECT '[1]'::items + '["a"]'$$, '22023', NULL, 'integers and texts');
SELECT throws_ok($$SELECT items_agg(1.5::float8)$$, '42804', NULL, 'floating-point numbers are no items');
SELECT throws_ok($$SELECT items_agg(date '2024-01-01')$$, '42804', NULL, 'nor dates, whose text depends on DateStyle');
SELECT throws_ok($$SELECT items_agg(point '(1,2)')$$, '42883', NULL, 'nor what cannot be hashed');

CREATE FUNCTION of_baskets(VARIADIC baskets text[]) RETURNS affinity LANGUAGE sql AS $$
  SELECT segment.affinity_agg(i) FROM unnest(baskets) WITH ORDINALITY t(b, n), LATERAL (SELECT segment.items_agg(x) i FROM unnest(string_to_array(b, ',')) x) x $$;
-- a pair with its counts, and what the counts give beyond the columns
CREATE FUNCTION pair(a affinity, x text, y text) RETURNS TABLE (n_ab bigint, n_a bigint, n_b bigint, support numeric, confidence numeric, lift numeric, leverage numeric, conviction float8, jaccard numeric, kulczynski numeric, cosine numeric)
LANGUAGE sql AS $$
  SELECT n_ab, n_a, n_b, round(support::numeric, 6), round(confidence::numeric, 6), round(lift::numeric, 6), round(leverage::numeric, 10), conviction, round(n_ab::numeric / (n_a + n_b - n_ab), 6),
    round((n_ab::numeric / n_a + n_ab::numeric / n_b) / 2, 10), round((n_ab / sqrt(n_a::float8 * n_b))::numeric, 10)
  FROM segment.affinity_table(a, 1) WHERE item_a = x AND item_b = y $$;
CREATE FUNCTION first_four(a affinity, x text, y text) RETURNS text LANGUAGE sql AS $$ SELECT concat_ws(' ', n_a, n_b, n_ab, support, confidence, lift) FROM pair(a, x, y) $$;

-- A1: OpenRetailScience
CREATE TABLE a1 AS SELECT of_baskets('milk,bread,fruit', 'butter,eggs,fruit', 'beer,diapers', 'milk,bread,butter,eggs,fruit', 'bread') a;
SELECT is(first_four(a, x, y), v, x || ' - ' || y) FROM a1, (VALUES ('beer', 'diapers', '1 1 1 0.200000 1.000000 5.000000'), ('bread', 'butter', '3 2 1 0.200000 0.333333 0.833333'), ('bread', 'fruit', '3 3 2 0.400000 0.666667 1.111111'),
  ('bread', 'milk', '3 2 2 0.400000 0.666667 1.666667'), ('butter', 'eggs', '2 2 2 0.400000 1.000000 2.500000'), ('butter', 'fruit', '2 3 2 0.400000 1.000000 1.666667'), ('milk', 'bread', '2 3 2 0.400000 1.000000 1.666667'),
  ('milk', 'eggs', '2 2 1 0.200000 0.500000 1.250000')) v(x, y, v);
SELECT is((SELECT count(*) FROM a1, affinity_table(a, 1)), 22::bigint, '22 directed pairs');
SELECT is((SELECT count(*) FROM a1, affinity_table(a)), 0::bigint, 'none of them in 10 baskets');
SELECT is((SELECT to_jsonb(i) FROM a1, affinity_info(a) i), '{"item_kind": "text", "n_baskets": 5, "single_item_baskets": 1, "largest_basket": 5, "n_items": 7, "incidences": 14, "n_pairs": 11, "max_items": 1000, "baskets_above_max_items": 0}', 'info');
SELECT is((SELECT string_agg(concat_ws(' ', item, n, support), ', ' ORDER BY item) FROM a1, affinity_items(a) WHERE n > 2), 'bread 3 0.6, fruit 3 0.6', 'items');
SELECT is((SELECT round(lift_low::numeric, 9) FROM a1, affinity_table(a, 1) WHERE item_a = 'beer'), round((5 * exp(-1.959963984540054 * sqrt(0.8)))::numeric, 9), 'the lower bound of the lift: 5 exp(-z sqrt(1 - 1 - 1 + 2 - 1/5))');

-- A2: mlxtend
CREATE TABLE a2 AS SELECT of_baskets('Eggs,Kidney Beans,Milk,Nutmeg,Onion,Yogurt', 'Dill,Eggs,Kidney Beans,Nutmeg,Onion,Yogurt', 'Apple,Eggs,Kidney Beans,Milk', 'Corn,Kidney Beans,Milk,Unicorn,Yogurt', 'Corn,Eggs,Ice cream,Kidney Beans,Onion') a;
SELECT is((SELECT concat_ws(' ', support, confidence, lift, leverage, conviction, jaccard, kulczynski) FROM a2, pair(a, 'Onion', 'Eggs')), '0.600000 1.000000 1.250000 0.1200000000 Infinity 0.750000 0.8750000000', 'Onion -> Eggs');
SELECT is((SELECT concat_ws(' ', support, confidence, lift, leverage, conviction, jaccard, kulczynski) FROM a2, pair(a, 'Eggs', 'Kidney Beans')), '0.800000 1.000000 1.000000 0.0000000000 Infinity 0.800000 0.9000000000', 'Eggs -> Kidney Beans');
SELECT is((SELECT concat_ws(' ', confidence, conviction) FROM a2, pair(a, 'Kidney Beans', 'Eggs')), '0.800000 1', 'Kidney Beans -> Eggs');
SELECT is((SELECT round((leverage / greatest(support * (1 - n_a / 5.0), n_a / 5.0 * (n_b / 5.0 - support)))::numeric, 9) FROM a2, pair(a, 'Onion', 'Eggs')), 0.5, 'Zhang of Onion -> Eggs from the counts');

-- A3: MADlib, which prints a conviction of 0 where the confidence is 1
CREATE TABLE a3 AS SELECT of_baskets('beer,diapers,chips', 'beer,diapers', 'beer,diapers', 'beer,chips', 'beer', 'beer,diapers,chips', 'beer,diapers') a;
SELECT is((SELECT concat_ws(' ', n_ab, support, confidence, lift, round(conviction::numeric, 6)) FROM a3, pair(a, x, y)), v, x || ' -> ' || y)
FROM (VALUES ('diapers', 'beer', '5 0.714286 1.000000 1.000000 Infinity'), ('beer', 'diapers', '5 0.714286 0.714286 1.000000 1.000000'), ('chips', 'beer', '3 0.428571 1.000000 1.000000 Infinity'), ('chips', 'diapers', '2 0.285714 0.666667 0.933333 0.857143')) v(x, y, v);

-- A4: Groceries of arules: measures of published counts, over baskets that have them
CREATE FUNCTION of_counts(n_ab int, n_a int, n_b int, n int) RETURNS affinity LANGUAGE sql AS $$
  SELECT segment.affinity_agg(CASE WHEN g <= n_ab THEN '["a", "b"]' WHEN g <= n_a THEN '["a"]' WHEN g <= n_a + n_b - n_ab THEN '["b"]' ELSE '["other"]' END::segment.items) FROM generate_series(1, n) g $$;
SELECT is((SELECT concat_ws(' ', support, confidence, lift, leverage, round(conviction::numeric, 10), jaccard, kulczynski, cosine) FROM pair(of_counts(736, 1903, 2513, 9835), 'a', 'b')),
  '0.074835 0.386758 1.513634 0.0253943086 1.2140128748 0.200000 0.3398173952 0.3365597496', 'other vegetables -> whole milk');
SELECT is((SELECT concat_ws(' ', support, confidence, lift) FROM pair(of_counts(551, 1372, 2513, 9835), 'a', 'b')), '0.056024 0.401603 1.571735', 'yogurt -> whole milk');
SELECT is((SELECT concat_ws(' ', support, confidence, lift) FROM pair(of_counts(466, 1072, 1903, 9835), 'a', 'b')), '0.047382 0.434701 2.246605', 'root vegetables -> other vegetables');
SELECT is((SELECT round(lift, 5) FROM pair(of_counts(394, 2513, 1715, 9835), 'a', 'b')), 0.89911, 'whole milk - soda');
-- Yule's Q and phi from the counts that the table gives
SELECT is((SELECT round(((n11 * n00 - n10 * n01) / (n11 * n00 + n10 * n01))::numeric, 9) || ' ' || round(((n11 * n00 - n10 * n01) / sqrt((n11 + n10) * (n01 + n00) * (n11 + n01) * (n10 + n00)))::numeric, 9)
  FROM (SELECT n_ab::float8 n11, (n_a - n_ab)::float8 n10, (n_b - n_ab)::float8 n01, (n_baskets - n_a - n_b + n_ab)::float8 n00 FROM affinity_table(of_counts(736, 1903, 2513, 9835), 1) WHERE item_a = 'a') c), '0.371953496 0.147388388', 'Yule''s Q and phi');

-- A11: apriori in arules' own test: at a support of a quarter 5 items and 10 rules of two (and 3 of three, which we leave)
SELECT is((SELECT (SELECT count(*) FROM affinity_items(a) WHERE support >= 0.25) || ' ' || (SELECT count(*) FROM affinity_table(a, 1) WHERE support >= 0.25) FROM of_baskets('a,b,c', 'a,b', 'a,b,d', 'b,e', 'a,c', 'c,e', 'a,b,d,e') a), '5 10', 'rules of arules');

-- options
SELECT throws_ok($$SELECT affinity_table(a, 0) FROM a1$$, '22023', NULL, 'min_count is at least 1');
SELECT throws_ok($$SELECT affinity_table(a, level => 1) FROM a1$$, '22023', NULL, 'level is below 1');

SELECT * FROM finish();
