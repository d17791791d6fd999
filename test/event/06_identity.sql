-- 06_identity.sql: identity_agg: components by the figures of others and by a recursive query, hubs, limits
\ir ../lib/begin.sql
SELECT plan(28);
SET search_path = public, segment;

CREATE FUNCTION persons(i identity) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(person || '{' || ids || '}', ' ' ORDER BY person COLLATE "C") FROM (SELECT person, string_agg(id, ',' ORDER BY id COLLATE "C") AS ids FROM identity_table(i) GROUP BY person) x
$$;
-- MADlib's weakly connected components
CREATE TABLE e (a text, b text);
INSERT INTO e VALUES ('0', '1'), ('0', '2'), ('1', '2'), ('1', '3'), ('2', '3'), ('2', '5'), ('2', '6'), ('3', '0'), ('5', '6'), ('6', '3'), ('10', '11'), ('10', '12'), ('11', '12'), ('11', '13'),
  ('12', '13'), ('13', '10'), ('15', '16'), ('15', '14'), ('4', NULL);
SELECT is(persons(identity_agg(a, b)), '0{0,1,2,3,5,6} 10{10,11,12,13} 14{14,15,16} 4{4}', 'four components, named by their first id') FROM e;
SELECT is((SELECT string_agg(DISTINCT person || ' ' || ids, ', ') FROM identity_table(i)), '0 6, 10 4, 14 3, 4 1', 'and their sizes') FROM (SELECT identity_agg(a, b) AS i FROM e) x;
SELECT is(identity_agg(a, b)::jsonb, '{"ids": 14, "edges": 18, "persons": 4, "joined": 3, "largest": 6, "hubs": 0, "too_connected": 0, "ids_per_person": 3.5}', 'in numbers') FROM e;
-- Splink's chain, by the probability that is asked for
SELECT is(persons(identity_agg(a, b) FILTER (WHERE p >= t) + identity_agg(a, NULL) + identity_agg(b, NULL)), want, 'from ' || t)
FROM (VALUES ('1', '2', 0.45), ('2', '3', 0.55), ('3', '4', 0.65), ('4', '5', 0.75), ('6', '7', 0.9)) v(a, b, p), (VALUES (0.5, '1{1} 2{2,3,4,5} 6{6,7}'), (0.7, '1{1} 2{2} 3{3} 4{4,5} 6{6,7}')) w(t, want) GROUP BY t, want ORDER BY t;
-- the worst shape for labels that are handed on: a chain, in order and not
SELECT is((identity_info(identity_agg(i::text, (i + 1)::text))).largest, 100000::bigint, 'a chain of 100,000') FROM generate_series(1, 99999) i;
SELECT is((identity_info(i)).largest || (SELECT min(person) || max(person) FROM identity_table(i)), '10000011', 'in another order, named 1') FROM (SELECT identity_agg(i::text, (i + 1)::text ORDER BY hashint4(i)) AS i FROM generate_series(1, 99999) i) x;

-- random graphs = a recursive query
CREATE TABLE r AS SELECT g, 'c' || (hashint8(g)::bigint + 2147483648) % 900 AS a, 'd' || (hashint8(g + 100000)::bigint + 2147483648) % 700 AS b FROM generate_series(1, 700) g;
CREATE TABLE reached AS WITH RECURSIVE n AS (SELECT a, b FROM r UNION SELECT b, a FROM r), c AS (SELECT a AS id, a AS other FROM n UNION SELECT c.id, n.b FROM c JOIN n ON n.a = c.other)
  SELECT id, min(other COLLATE "C") AS person, count(*) AS ids FROM c GROUP BY id;
CREATE TABLE i AS SELECT identity_agg(a, b) AS i FROM r;
SELECT set_eq('SELECT id, person, ids::bigint FROM i, identity_table(i)', 'SELECT id, person, ids FROM reached', 'components = reachability');
SELECT is((SELECT sum(degree) FROM i, identity_table(i)), (SELECT 2 * count(*)::bigint FROM (SELECT DISTINCT a, b FROM r) x), 'degrees count distinct edges');
SELECT is((SELECT (identity_info(i)).persons FROM i), (SELECT count(DISTINCT person) FROM reached), 'as many persons');
SELECT cmp_ok((SELECT count(DISTINCT ids) FROM reached), '>', 5::bigint, 'of many sizes');
-- hubs are left out with their edges, and listed
CREATE TABLE d AS SELECT id, count(*) AS degree FROM (SELECT DISTINCT a AS id, b FROM r UNION SELECT DISTINCT b, a FROM r) x GROUP BY id;
CREATE TABLE h AS SELECT identity_agg(a, b, 1000000, 3) AS i FROM r;
SELECT set_eq('SELECT id FROM h, identity_table(i) WHERE left_out = ''degree''', 'SELECT id FROM d WHERE degree > 3', 'hubs are listed');
SELECT is((SELECT (identity_info(i)).hubs FROM h), (SELECT count(*) FROM d WHERE degree > 3), 'and counted');
SELECT set_eq('SELECT id, person FROM h, identity_table(i)', $$
  SELECT coalesce(t.id, d.id) AS id, coalesce(t.person, d.id) AS person FROM d FULL JOIN (SELECT t.* FROM (SELECT identity_agg(a, b) AS i FROM r WHERE a NOT IN (SELECT id FROM d WHERE degree > 3) AND b NOT IN (SELECT id FROM d WHERE degree > 3)) x, identity_table(i) t) t USING (id)$$, 'as if their edges were not there');
-- too many ids are no person
CREATE TABLE m AS SELECT identity_agg(a, b, 5) AS i FROM r;
SELECT set_eq('SELECT id FROM m, identity_table(i) WHERE left_out = ''component''', 'SELECT id FROM reached WHERE ids > 5', 'components that are too large are listed');
SELECT is_empty('SELECT id FROM m, identity_table(i) JOIN reached USING (id) WHERE identity_table.person <> CASE WHEN reached.ids > 5 THEN id ELSE reached.person END', 'each of their ids stays by itself');
SELECT is((SELECT (identity_info(i)).largest FROM m), 5::bigint, 'so the largest person has five');
-- reversible: an edge less
SELECT is(persons(identity_agg(a, b)), 'card:1{card:1,mail:a} card:2{card:2,mail:b}', 'apart without the shared device') FROM (VALUES ('card:1', 'mail:a'), ('card:2', 'mail:b'), ('card:2', 'device:x'), ('mail:a', 'device:x')) v(a, b) WHERE b <> 'device:x';
SELECT is(persons(identity_agg(a, b, 100, 1)), 'card:1{card:1} card:2{card:2} device:x{device:x} mail:a{mail:a} mail:b{mail:b}', 'every id of two edges a hub') FROM (VALUES ('card:1', 'mail:a'), ('card:2', 'mail:b'), ('card:2', 'device:x'), ('mail:a', 'device:x'), ('mail:b', 'card:1')) v(a, b);
SELECT is(persons(identity_agg('x', 'x')), 'x{x}', 'an id and itself');
SELECT is(identity_agg(NULL, NULL), NULL, 'NULLs');
SELECT ok(identity_agg(a, b) = identity_agg(b, a), 'edges have no direction') FROM e;
-- errors
SELECT throws_ok($$SELECT identity_agg('', 'x')$$, '22023', 'id is empty or too long', 'an empty id');
SELECT throws_ok($$SELECT identity_agg(repeat('x', 1001), 'x')$$, '22023', 'id is empty or too long', 'a long id');
SELECT throws_ok($$SELECT identity_agg('a', 'x', 0)$$, '22023', 'max_component is out of range', 'no component at all');
SELECT throws_ok($$SELECT identity_agg('a', 'x', NULL)$$, '22004', NULL, 'a NULL limit');
SELECT throws_ok($$SELECT identity_agg('a', 'x', g) FROM generate_series(1, 2) g$$, '22023', 'max_component must be the same in every row', 'a limit that changes');
SET maintenance_work_mem = '1MB';
SELECT throws_ok($$SELECT identity_agg(g::text, 'x' || g) FROM generate_series(1, 100000) g$$, '53400', NULL, 'more than fits maintenance_work_mem');
RESET maintenance_work_mem;
SELECT * FROM finish();
ROLLBACK;
