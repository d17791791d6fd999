-- 07_sequence.sql: sequence_agg by ClickHouse's examples, by regular expressions and by joins
\ir ../lib/begin.sql
SELECT plan(51);
SET search_path = public, segment;
CREATE FUNCTION t(list text, kinds text) RETURNS timeline LANGUAGE sql AS $$
  SELECT sequence_agg(timestamp '2024-01-01' + make_interval(secs => split_part(trim(e), ' ', 1)::float8), VARIADIC ARRAY(SELECT split_part(trim(e), ' ', 2) = k FROM unnest(string_to_array(kinds, NULL)) k))
  FROM unnest(string_to_array(list, ',')) e
$$;
SELECT is(sequence_match(t('1 1, 2 3, 3 2', kinds), '(?1)(?2)'), want, 'next to each other, conditions ' || kinds) FROM (VALUES ('12', true), ('123', false), ('124', true)) v(kinds, want);
SELECT is(sequence_count(t('1 1, 2 3, 3 2, 4 1, 5 3, 6 2', kinds), '(?1).*(?2)'), 2::bigint, 'twice, conditions ' || kinds) FROM unnest('{12,123}'::text[]) kinds;
SELECT is(sequence_count(t('0 1, 1800 2, 5000 1, 6801 2', '12'), pattern), want::bigint, pattern)
FROM (VALUES ('(?1)(?t>1800)(?2)', 1), ('(?1)(?t<=1800)(?2)', 1), ('(?1)(?t>=1800)(?2)', 2), ('(?1)(?t==1801)(?2)', 1), ('(?1)(?t<1800)(?2)', 0), ('(?1)(?t>1800)(?t<=1801.5)(?2)', 1), ('(?1)(?t>1801.5)(?2)', 1), ('(?1)(?t>6801)(?2)', 0),
             ('(?1) (?2) (?1) (?2)', 1), ('.*(?1).*', 2), ('..', 2), ('(?1).(?1)', 1), ('.(?1)', 1), ('.(?2)', 2)) v(pattern, want);
SELECT ok(sequence_match(t('1 a, 2 b, 3 c, 4 d', 'abcd'), '(?1)(?2)(?3)'), 'c after a, b');
-- within an instant the order of conditions, whatever the rows' order
SELECT is(sequence_match(t('1 b, 1 a', 'ab'), pattern), want, 'at once: ' || pattern) FROM (VALUES ('(?1)(?2)', true), ('(?2)(?1)', false)) v(pattern, want);
SELECT is(timeline_events(t('1 a, 2 x, 3 b', 'ab')), 2::bigint, 'events without a condition are left out');
SELECT is(sequence_match(t('1 x', 'ab'), '.'), false, 'nothing there');
-- an event that two conditions hold for is one event
SELECT is(sequence_match(sequence_agg(date '2024-01-01', true, true), pattern), want, pattern) FROM (VALUES ('(?1)', true), ('(?2)', true), ('(?1)(?2)', false), ('(?1).*(?2)', false)) v(pattern, want) GROUP BY pattern, want ORDER BY pattern;

-- random people: patterns without times are regular expressions
CREATE TABLE e AS SELECT p, n, timestamp '2024-01-01' + make_interval(secs => n * 10 + (hashint8(p * 1000::bigint + n)::bigint + 2147483648) % 10) AS at, (ARRAY['a', 'b', 'c'])[1 + (hashint8(p * 1000::bigint + n + 500000)::bigint + 2147483648) % 3] AS kind
FROM generate_series(1, 1000) p, generate_series(1, 20) n;
CREATE TABLE w AS SELECT p, sequence_agg(at, kind = 'a', kind = 'b', kind = 'c') AS t, string_agg(kind, '' ORDER BY at) AS word FROM e GROUP BY p;
SELECT is((SELECT count(*) FROM w WHERE sequence_count(t, pattern) <> regexp_count(word, expression)), 0::bigint, pattern || ' = ' || expression)
FROM (VALUES ('(?1)(?2)', 'ab'), ('(?1).*(?2)', 'a.*?b'), ('(?1).(?2)', 'a.b'), ('(?1).*(?2)(?3)', 'a.*?bc'), ('(?1)(?1).*(?3).*(?2)', 'aa.*?c.*?b'), ('(?3)..(?1).*.(?2)', 'c..a.*?.b'), ('(?2)(?2)(?2)', 'bbb')) v(pattern, expression);
SELECT is((SELECT count(*) FROM w WHERE sequence_match(t, format('(?1)(?t%s%s)(?2)', sign, seconds)) <> EXISTS (SELECT FROM e a JOIN e b USING (p) WHERE a.p = w.p AND a.kind = 'a' AND b.kind = 'b' AND b.at > a.at AND
  CASE sign WHEN '<' THEN b.at - a.at < d WHEN '<=' THEN b.at - a.at <= d WHEN '>' THEN b.at - a.at > d WHEN '>=' THEN b.at - a.at >= d ELSE b.at - a.at = d END)), 0::bigint, format('pairs: %s %s seconds', sign, seconds))
FROM (VALUES ('<', 9), ('<=', 9), ('>', 170), ('>=', 170), ('==', 57)) v(sign, seconds), make_interval(secs => seconds) d;
SELECT ok((SELECT bool_and(sequence_agg = (SELECT t FROM w WHERE w.p = x.p)) FROM (SELECT p, timeline_rollup(part) AS sequence_agg FROM (SELECT p, sequence_agg(at, kind = 'a', kind = 'b', kind = 'c') AS part FROM e GROUP BY p, n % 3) y GROUP BY p) x), 'parts of a person = the whole');

SELECT throws_ok(format($$SELECT sequence_match(t('1 a', 'ab'), %L)$$, pattern), '22023', NULL, 'no pattern: ' || pattern)
FROM unnest('{"","(?3)","(?0)","(?1","(?t<5)(?1)","(?1)(?t<5)","(?1)(?t=5)(?2)","(?1)(?t<x)(?2)",a,"(?1)|(?2)"}'::text[]) pattern;
SELECT * FROM finish();
ROLLBACK;
