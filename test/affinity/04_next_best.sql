-- 04_next_best.sql: what to offer next against a query that says the same, its reasons and its check; switching; decayed preferences (reference/rooms.md A9, A10)
\ir ../lib/begin.sql
SELECT plan(31);
SET search_path = public, segment;
SELECT setseed(0.44);

CREATE TABLE line AS SELECT c, b, floor(power(random(), 1.5) * 40)::int AS item FROM generate_series(1, 200) c, generate_series(1, 3) b, generate_series(1, 4) l;
CREATE TABLE m AS SELECT affinity_agg(i) a FROM (SELECT items_agg(item) i FROM line WHERE b < 3 GROUP BY c, b) x;
CREATE TABLE c AS SELECT c, items_agg(item) FILTER (WHERE b < 3) i, items_agg(item) FILTER (WHERE b = 3) l FROM line GROUP BY c;
-- the parts of each score, then scores, then ranks
CREATE FUNCTION by_hand(k int, allow_repeat boolean, min_count int) RETURNS TABLE (c int, rank bigint, item text, score numeric, because text, n_together bigint, n_because bigint, n_item bigint) LANGUAGE sql AS $$
  WITH part AS MATERIALIZED (SELECT c, item_b AS item, item_a AS because, n_ab, n_a, n_b, n_ab / sqrt(n_a::float8) / sqrt(n_b::float8) AS part, i
                FROM m, segment.affinity_table(a, min_count) t JOIN c ON segment.has(i, item_a::int) WHERE allow_repeat OR NOT segment.has(i, item_b::int)),
       total AS (SELECT c, item, round(sum(part)::numeric, 9) AS score, n_b FROM part GROUP BY c, item, n_b),
       place AS (SELECT *, row_number() OVER (PARTITION BY c ORDER BY score DESC, n_b DESC, item::int) AS rank FROM total),
       reason AS (SELECT DISTINCT ON (c, item) c, item, because, n_ab, n_a FROM part ORDER BY c, item, round(part::numeric, 12) DESC, because::int)
  SELECT c, rank, item, score, because, n_ab, n_a, n_b FROM place JOIN reason USING (c, item) WHERE rank <= k $$;
CREATE TABLE ours AS SELECT k, repeat, least, c, rank, item, round(score::numeric, 9) AS score, because, n_together, n_because, n_item
  FROM m, (VALUES (3, false, 10), (5, true, 4), (1000, false, 1)) o(k, repeat, least), c, next_best(a, i, k, repeat, least);
SELECT is_empty(format($$SELECT c, rank, item, score, because, n_together, n_because, n_item FROM by_hand(%1$s, %2$L, %3$s) EXCEPT SELECT c, rank, item, score, because, n_together, n_because, n_item FROM ours WHERE k = %1$s$$, k, repeat, least), 'offers, scores and reasons by hand: ' || k)
FROM (VALUES (3, false, 10), (5, true, 4), (1000, false, 1)) o(k, repeat, least);
SELECT is((SELECT count(*) FROM ours WHERE k = o.k), (SELECT count(*) FROM by_hand(k, repeat, least)), 'and no others: ' || k) FROM (VALUES (3, false, 10), (5, true, 4), (1000, false, 1)) o(k, repeat, least);
SELECT is_empty($$SELECT * FROM ours JOIN c USING (c) WHERE NOT has(i, because::int) OR n_together > least(n_because, n_item) OR (NOT repeat AND has(i, item::int))$$, 'every reason is owned, no offer is, unless repeats are allowed');
SELECT ok((SELECT bool_or(has(i, item::int)) FROM ours JOIN c USING (c) WHERE repeat), 'what is used up is offered again');

-- the check
CREATE TABLE checked AS SELECT c.c, x.* FROM m, c, next_best_check(a, i, l, 3) x;
SELECT is_empty($$SELECT * FROM checked JOIN c USING (c) WHERE n_later <> (SELECT count(*) FROM unnest(items_array(l)) x WHERE NOT has(i, x::int)) OR n_offers <> (SELECT count(*) FROM ours WHERE k = 3 AND ours.c = c.c)
  OR hits <> (SELECT count(*) FROM ours WHERE k = 3 AND ours.c = c.c AND has(l, item::int))
  OR popular_hits <> (SELECT count(*) FROM (SELECT item FROM m, affinity_items(a) WHERE NOT has(i, item::int) ORDER BY n DESC, item::int LIMIT 3) p WHERE has(l, item::int))$$, 'hits are those of the lists');
SELECT is((SELECT concat_ws(' ', n_later, n_offers, popular_hits) FROM m, next_best_check(a, '[1]', '[1, 999]', 3, true) x), '2 3 1', 'with repeats, and an item that nobody knows');
SELECT is((SELECT count(*) FROM m, next_best(a, '[999]')), 0::bigint, 'nothing goes with an unknown item');
SELECT is((SELECT count(*) FROM m, next_best(a, NULL)), 0::bigint, 'NULL: no row');
SELECT ok((SELECT x IS NULL FROM m, next_best_check(a, '[1]', NULL) x), 'and no check');
SELECT throws_ok('SELECT next_best(a, ''["a"]'') FROM m', '22023', NULL, 'a text among integers');
SELECT throws_ok('SELECT next_best(a, ''[1]'', 0) FROM m', '22023', NULL, 'k is at least 1');
SELECT throws_ok('SELECT next_best(a, ''[1]'', 1001) FROM m', '22023', NULL, 'and at most 1000');
SELECT throws_ok('SELECT next_best(a, ''[1]'', 3, false, 0) FROM m', '22023', NULL, 'min_count is at least 1');

-- values that alternate at one call, and limits that change
SELECT is((SELECT string_agg(item, ' ' ORDER BY g) FROM generate_series(1, 6) g, (SELECT affinity_agg('[1, 2]') a, affinity_agg('[1, 3]') b) x, next_best(CASE WHEN g % 2 = 0 THEN a ELSE b END, '[1]', 1, false, 1)), '3 2 3 2 3 2', 'each value answers for itself');
SELECT is((SELECT array_agg((SELECT count(*) FROM next_best(a, '[1]', 100, false, g)) ORDER BY o) FROM m, unnest('{9,1,9,1}'::int[]) WITH ORDINALITY g(g, o)), (SELECT ARRAY[x, y, x, y] FROM (SELECT count(*) FILTER (WHERE n_ab >= 9) x, count(*) y FROM m, affinity_table(a, 1) WHERE item_a = '1') z), 'and each limit');
-- symmetric items tie: by the item, then the reason, that comes first
SELECT is((SELECT string_agg(item || '<' || because, ' ' ORDER BY rank) FROM (SELECT affinity_agg('["a", "b", "x", "y"]') s) z, next_best(s, '["y", "x"]', 5, false, 1)), 'a<x b<x', 'ties are stable');

-- A10: switching
SELECT is((SELECT concat_ws(' ', s.new, lost, focus_up, focus_down, switched_in, switched_out) FROM switching(fb, cb, fa, ca) s), v, format('%s, %s to %s, %s', fb, cb, fa, ca))
FROM (VALUES (0, 0, 100, 0, '100 0 0 0 0 0'), (100, 100, 150, 80, '0 0 30 0 20 0'), (100, 100, 50, 110, '0 0 0 -40 0 -10'), (100, 100, 180, 50, '0 0 30 0 50 0'), (100, 100, 20, 150, '0 0 0 -30 0 -50'), (0, 1, 1, 0, '0 0 0 0 1 0'), (0, 0, 1, 1, '1 0 0 0 0 0')) f(fb, cb, fa, ca, v);
SELECT is_empty($$SELECT * FROM (SELECT a % 4 * 10 fb, a / 4 % 4 * 7 cb, a / 16 % 4 * 13 fa, a / 64 * 9 ca FROM generate_series(0, 255) a) q, switching(fb, cb, fa, ca) s WHERE s.new + lost + focus_up + focus_down + switched_in + switched_out <> fa - fb$$, 'the parts add up to the change');

-- A9: decayed preferences
CREATE TABLE p AS SELECT category, ledger_decayed(ledger_agg(day, amount), '2025-12-31', '180 days') w, sum(amount) s
FROM (VALUES ('Bikes', date '2025-12-31' - 400, 1000), ('Accessories', date '2025-12-31' - 30, 20), ('Accessories', date '2025-12-31' - 200, 40), ('Clothing', date '2025-12-31' - 90, 60), ('Clothing', date '2026-01-01', 5000)) v(category, day, amount) GROUP BY category;
SELECT is((SELECT string_agg(concat_ws(' ', category, round(w::numeric, 7), round((w / total)::numeric, 7)), ', ' ORDER BY category) FROM p, (SELECT sum(w) total FROM p) t), 'Accessories 36.3354686 0.1239810, Bikes 214.3109957 0.7312550, Clothing 42.4264069 0.1447640', 'weights and shares');
SELECT throws_ok($$SELECT ledger_decayed(ledger_agg(date '2025-01-01', 1), '2025-12-31', '6 months')$$, '22023', NULL, 'months differ in length');
SELECT throws_ok($$SELECT ledger_decayed(ledger_agg(date '2025-01-01', 1), '2025-12-31', '0 days')$$, '22023', NULL, 'a half-life is above 0');

SELECT * FROM finish();
