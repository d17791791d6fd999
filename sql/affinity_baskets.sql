-- affinity: items of baskets, pairs that go together, and what is refused
\set VERBOSITY terse
SET search_path = public, segment;

CREATE TEMP TABLE basket AS
SELECT n, items_agg(x) AS items
FROM unnest('{"milk,bread,fruit","butter,eggs,fruit","beer,diapers","milk,bread,butter,eggs,fruit",bread}'::text[]) WITH ORDINALITY b(list, n), unnest(string_to_array(list, ',')) x
GROUP BY n;
SELECT n, items, items_count(items), has(items, 'milk') FROM basket ORDER BY n;
SELECT affinity_agg(items) AS affinity FROM basket \gset
SELECT :'affinity'::affinity;
SELECT item_a, item_b, n_ab, n_a, n_b, n_baskets, support, round(confidence::numeric, 6) AS confidence, round(lift::numeric, 6) AS lift, round(lift_low::numeric, 6) AS lift_low,
  round(leverage::numeric, 6) AS leverage, round(conviction::numeric, 6) AS conviction
FROM affinity_table(:'affinity', min_count => 2) ORDER BY lift_low DESC, n_ab DESC, item_a, item_b;
SELECT * FROM affinity_items(:'affinity') ORDER BY n DESC, item;
SELECT * FROM affinity_info(:'affinity');
SELECT (SELECT affinity_rollup(a) FROM (SELECT affinity_agg(items) AS a FROM basket GROUP BY n) x) = :'affinity' AS rolled_up;
SELECT baskets_above_max_items, n_pairs FROM (SELECT affinity_agg(items, 3) AS a FROM basket) x, affinity_info(a);

SELECT items_agg(1.5::float8);
SELECT has('[1, 2]', 'bread');
SELECT affinity_agg(items, 1) FROM basket;
SELECT affinity_table(:'affinity', 0);
SELECT '[1, "bread"]'::items;
SELECT '{"max_items": 1000}'::affinity;
