-- 01_funnel.sql: funnel_agg by the figures of others, and by brute force over all chains of events
\ir ../lib/begin.sql
SELECT plan(84);
SET search_path = public, segment;

-- f('1 a, 8 b', 10, 'any', 'ab'): the events of one person, in seconds, and the steps as letters
CREATE FUNCTION events(list text) RETURNS TABLE (at timestamp, kind text) LANGUAGE sql AS $$
  SELECT timestamp '2024-01-01' + make_interval(secs => split_part(trim(e), ' ', 1)::float8), split_part(trim(e), ' ', 2) FROM unnest(string_to_array(list, ',')) e
$$;
CREATE FUNCTION f(list text, seconds float8, ties text, steps text, step_order text DEFAULT 'ordered') RETURNS int LANGUAGE sql AS $$
  SELECT funnel_reached(funnel_agg(at, make_interval(secs => seconds), ties, step_order, VARIADIC ARRAY(SELECT kind = s FROM unnest(string_to_array(steps, NULL)) s)))
  FROM events(list)
$$;
CREATE FUNCTION f(list text, seconds float8, steps text) RETURNS int LANGUAGE sql AS $$
  SELECT funnel_reached(funnel_agg(at, make_interval(secs => seconds), VARIADIC ARRAY(SELECT kind = s FROM unnest(string_to_array(steps, NULL)) s)))
  FROM events(list)
$$;

-- ClickHouse's 00632_aggregation_window_funnel
SELECT is(f('0 a, 1 b, 2 c, 3 d, 4 e, 5 f, 6 g, 7 h, 8 i', 10000, 'a'), 1, 'one step');
SELECT is(f('0 a, 1 b, 2 c, 3 d, 4 e, 5 f, 6 g, 7 h, 8 i', 10000, 'ab'), 2, 'two steps');
SELECT is(f('0 a, 1 b, 2 c, 3 d, 4 e, 5 f, 6 g, 7 h, 8 i', 10000, 'abci'), 4, 'four steps');
SELECT is(f('0 a, 1 b, 2 c, 3 d, 4 e, 5 f, 6 g, 7 h, 8 i', w, 'defgh'), want, 'steps 3 to 7 within ' || w) FROM (VALUES (2, 3), (3, 4), (4, 5)) v(w, want);
SELECT is(f('0 a, 1 b, 2 c, 3 d, 4 e, 5 f, 6 g, 7 h, 8 i', 10000, 'ib'), 1, 'backwards');
SELECT is(f(events, 10000, 'abc'), want, 'user ' || u)
FROM (VALUES (1, '0 a, 1 b, 2 c', 3), (2, '0 a, 1 d, 2 b, 3 c', 3), (3, '0 a, 1 a, 2 b, 3 b, 4 c, 5 c', 3), (4, '0 a, 1 a, 2 a, 3 a, 4 b, 5 b, 6 c, 7 c', 3),
             (5, '0 a, 1 a, 2 b, 3 b, 4 d, 5 c, 6 c', 3), (6, '0 c, 1 c, 2 b, 3 b, 4 a, 5 a', 1)) v(u, events, want);

-- the edge of the window
SELECT is(f('0 a, 10 b', w, 'ab'), want, '10 seconds apart, within ' || w) FROM (VALUES (10, 2), (9, 1)) v(w, want);
SELECT is(f('0 i, 5 s, 10 l, 15 i, 20 s, 25 i, 30 s, 35 l, 40 e', w, 'isle'), want, 'the third start counts, within ' || w)
FROM (VALUES (60, 4), (25, 4), (15, 4), (14, 3)) v(w, want);

-- chains
SELECT is(f('1 a, 8 a, 9 b, 15 c', 8, 'abc'), 3, 'a later start wins');
SELECT is(f('1 a, 2 b, 8 a, 11 c', 10, 'abc'), 3, 'a restart does not lose the chain');
SELECT is(f('0 a, 600 b, 1800 d, 2400 b', 4000, 'abcd'), 2, 'a step is missing');
SELECT is(f(events, 50, ties, 'xy'), want, 'user ' || u || ', ties ' || ties)
FROM (VALUES (123, '99 y, 100 x, 100 y', 'any', 2), (345, '200 x, 210 x, 230 y, 240 y', 'any', 2), (234, '250 y', 'any', 0),
             (123, '99 y, 100 x, 100 y', 'later', 1), (345, '200 x, 210 x, 230 y, 240 y', 'later', 2), (234, '250 y', 'later', 0)) v(u, events, ties, want);

-- repeated steps
SELECT is(f('1 v, 2 v, 3 v', 10, ties, 'vvv'), 3, 'three views, ties ' || ties) FROM unnest('{any,later}'::text[]) ties;
SELECT is(f('1 v', 10, ties, 'vvv'), 1, 'one event is one step, ties ' || ties) FROM unnest('{any,later}'::text[]) ties;
SELECT is(f(events, 200, 'ffs'), want, 'two failures, then success: ' || u)
FROM (VALUES (234, '100 f, 250 f', 2), (345, '200 s, 210 f, 230 s', 1), (123, '180 f, 220 f, 250 s', 3)) v(u, events, want);

-- ties
SELECT is(f('5 b, 5 a, 5 c', 10, ties, 'abc'), want, 'all at once, ties ' || ties) FROM (VALUES ('any', 3), ('later', 1)) v(ties, want);
SELECT is(f('0 a, 1 b, 1 c, 1 d, 2 e', 10, ties, 'abcde'), want, 'three at once, ties ' || ties) FROM (VALUES ('any', 5), ('later', 2)) v(ties, want);
SELECT is(f('1 a, 2 b, 3 b, 3 c', 10, 'later', 'abc'), 3, 'an earlier b leaves the later ones alone');

-- what else is said of the chain
SELECT is(funnel_times(x), ARRAY['2024-01-01 00:00:08', '2024-01-01 00:00:09', '2024-01-01 00:00:15']::timestamp[], 'the chain that completes first starts as late as it can')
FROM (SELECT funnel_agg(at, '14 seconds', kind = 'a', kind = 'b', kind = 'c') AS x FROM events('1 a, 8 a, 9 b, 10 b, 15 c, 16 c')) y;
SELECT is(funnel_entered(x), timestamp '2024-01-01 00:00:01', 'entered with the first start') FROM (SELECT funnel_agg(at, '14 seconds', kind = 'a', kind = 'c') AS x FROM events('1 a, 8 a, 15 c')) y;
SELECT is(funnel_time(x, 2), interval '7 seconds', 'time to a step') FROM (SELECT funnel_agg(at, '14 seconds', kind = 'a', kind = 'c', kind = 'd') AS x FROM events('1 a, 8 a, 15 c')) y;
SELECT is(funnel_time(x, 3), NULL, 'NULL if it was not reached') FROM (SELECT funnel_agg(at, '14 seconds', kind = 'a', kind = 'c', kind = 'd') AS x FROM events('1 a, 8 a, 15 c')) y;
SELECT is(funnel_agg(at, '1 day', kind = 'x')::jsonb, '{"steps": 1, "times": [], "within": "1 day", "entered": null, "reached": 0}', 'nobody') FROM events('1 a');
SELECT is(funnel_agg(at, '2 days', true, true)::jsonb, '{"steps": 2, "times": ["2024-01-01T00:00:00", "2024-01-03T00:00:00"], "within": "2 days", "entered": "2024-01-01T00:00:00", "reached": 2}', 'dates')
FROM (VALUES (date '2024-01-03'), ('2024-01-01')) v(at);
SELECT is(funnel_times(funnel_agg(at, '2 days', at < '2024-07-01', true), 'Europe/Berlin'), '{2024-03-30 12:00,2024-03-31 14:00}', 'moments, by the clocks of a zone; a day has 24 hours')
FROM (VALUES (timestamptz '2024-03-31 12:00+00'), ('2024-03-30 11:00+00')) v(at);
SELECT is(funnel_agg(at, '1 day', true), NULL, 'NULL times only') FROM (VALUES (NULL::date), (NULL)) v(at);
SELECT is(funnel_agg(at, '1 day', true), NULL, 'no rows') FROM events('1 a') WHERE false;

-- any order, and the range of entry
SELECT is(f('1 c, 2 a, 3 b', 10, 'any', 'abc', 'any_order'), 3, 'any order');
SELECT is(f('1 c, 2 c, 3 b, 20 a', 10, 'any', 'abc', 'any_order'), 2, 'any order, within the time');
SELECT is(funnel_reached(funnel_agg(at, '10 s', 'any', step_order, timestamp '2024-01-01 00:00:02', timestamp '2024-01-01 00:00:08', kind = 'a', kind = 'b')), 2, 'later steps may lie after the range: ' || step_order)
FROM events('1 a, 2 a, 8 a, 12 b'), unnest('{ordered,any_order}'::text[]) step_order GROUP BY step_order ORDER BY step_order DESC;
SELECT is(funnel_reached(funnel_agg(at, '10 s', 'any', 'ordered', timestamp '2024-01-01 00:00:03', timestamp '2024-01-01 00:00:08', kind = 'a', kind = 'b')), 0, 'nobody enters within the range')
FROM events('1 a, 2 a, 8 a, 12 b');
SELECT is(funnel_reached(funnel_agg(at, '10 s', 'any', 'ordered', timestamp '-infinity', timestamp 'infinity', kind = 'a', kind = 'b')), 2, 'an infinite range') FROM events('1 a, 2 a, 8 a, 12 b');

-- brute force: all chains of 10,000 people with ties, repeats, NULLs and events that can be several steps
CREATE TABLE e AS
SELECT p, n AS id, CASE WHEN r % 31 > 0 THEN timestamp '2024-01-01' + make_interval(secs => (r / 31) % (3 + p % 20)) END AS at,
       CASE p % 4 WHEN 0 THEN ARRAY[k = 1, k = 2, k = 3] WHEN 1 THEN ARRAY[k IN (1, 4), k = 2, k IN (1, 3)] WHEN 2 THEN ARRAY[k = 1, k = 1, k IN (2, 3)]
                  ELSE ARRAY[k <> 2, nullif(k, 3) = 2, k > 1] END AS steps
FROM (SELECT p, n, (hashint8(p * 64::bigint + n)::bigint + 2147483648) AS r, (hashint8(p * 64::bigint + n + 7777777)::bigint + 2147483648) % 4 + 1 AS k
      FROM generate_series(1, 10000) p, generate_series(1, 8) n WHERE n <= 1 + p % 8) x;
CREATE TABLE rule AS SELECT * FROM (VALUES (1, 'any', 'ordered', 4, 0, 30), (2, 'later', 'ordered', 4, 0, 30), (3, 'any', 'ordered', 7, 2, 6), (4, 'later', 'ordered', 0, 0, 30), (5, 'any', 'any_order', 4, 0, 30), (6, 'any', 'any_order', 3, 3, 7))
  v(rule, ties, step_order, within, low, high);
CREATE FUNCTION brute(which int) RETURNS TABLE (p int, reached int, times timestamp[]) LANGUAGE sql AS $$
  WITH RECURSIVE o AS (SELECT *, make_interval(secs => r.within) AS w, timestamp '2024-01-01' + make_interval(secs => low) AS from_at, timestamp '2024-01-01' + make_interval(secs => high) AS to_at FROM rule r WHERE rule = which),
  chain AS (
    SELECT e.p, ARRAY[e.id] AS ids, ARRAY[s] AS done, ARRAY[e.at] AS times FROM e, o, generate_series(1, 3) s
    WHERE e.steps[s] AND (s = 1 OR step_order = 'any_order') AND e.at >= from_at AND e.at < to_at
    UNION ALL
    SELECT c.p, c.ids || e.id, c.done || s, c.times || e.at FROM chain c JOIN e ON e.p = c.p CROSS JOIN o CROSS JOIN generate_series(1, 3) s
    WHERE e.steps[s] AND e.id <> ALL (c.ids) AND (e.at > c.times[cardinality(c.times)] OR ties = 'any' AND e.at = c.times[cardinality(c.times)]) AND e.at - c.times[1] <= w
      AND CASE step_order WHEN 'ordered' THEN s = cardinality(c.done) + 1 ELSE s <> ALL (c.done) END)
  SELECT DISTINCT ON (c.p) c.p, cardinality(c.times), c.times FROM chain c ORDER BY c.p, cardinality(c.times) DESC, c.times[cardinality(c.times)], c.times[1] DESC, c.times
$$;
CREATE FUNCTION ours(which int) RETURNS TABLE (p int, reached int, times timestamp[]) LANGUAGE sql AS $$
  SELECT p, funnel_reached(f), funnel_times(f)
  FROM (SELECT p, funnel_agg(at, make_interval(secs => within), ties, step_order, timestamp '2024-01-01' + make_interval(secs => low), timestamp '2024-01-01' + make_interval(secs => high), VARIADIC steps) AS f
        FROM e, rule WHERE rule = which GROUP BY p) x WHERE funnel_reached(f) > 0
$$;
CREATE TABLE want AS SELECT rule, b.* FROM rule, brute(rule) b;
CREATE TABLE have AS SELECT rule, o.* FROM rule, ours(rule) o;
SELECT is((SELECT string_agg(format('%s %s %s', p, reached, times), E'\n' ORDER BY p) FROM (SELECT * FROM want w WHERE w.rule = r.rule EXCEPT SELECT * FROM have LIMIT 3) x), NULL, 'all chains, rule ' || rule || ': none longer, earlier or shorter') FROM rule r ORDER BY rule;
SELECT is((SELECT count(*) FROM have h WHERE h.rule = r.rule), (SELECT count(*) FROM want w WHERE w.rule = r.rule), 'as many people, rule ' || rule) FROM rule r ORDER BY rule;
SELECT cmp_ok((SELECT count(DISTINCT reached) FROM have h WHERE h.rule = r.rule), '>=', CASE WHEN rule = 4 THEN 1 ELSE 3 END::bigint, 'of all lengths, rule ' || rule) FROM rule r ORDER BY rule;

-- errors
SELECT throws_ok($$SELECT funnel_agg(at, '1 month', true) FROM events('1 a')$$, '22023', 'within has no fixed length', 'months');
SELECT throws_ok($$SELECT funnel_agg(at, '-1 s', true) FROM events('1 a')$$, '22023', 'within is out of range', 'a negative time');
SELECT throws_ok($$SELECT funnel_agg(at, NULL, true) FROM events('1 a')$$, '22004', NULL, 'no time');
SELECT throws_ok($$SELECT funnel_agg(at, '1 s', VARIADIC array_fill(true, ARRAY[33])) FROM events('1 a')$$, '22023', NULL, '33 steps');
SELECT throws_ok($$SELECT funnel_agg(at, '1 s', VARIADIC '{}'::bool[]) FROM events('1 a')$$, '22023', NULL, 'no steps');
SELECT throws_ok($$SELECT funnel_agg(at, '1 s', VARIADIC CASE kind WHEN 'a' THEN '{t}' ELSE '{t,f}' END::bool[]) FROM events('1 a, 2 b')$$, '22023', 'number of conditions changes', 'another number of steps');
SELECT throws_ok($$SELECT funnel_agg(at, '1 s', kind, 'ordered', true) FROM events('1 any, 2 later')$$, '22023', 'ties must be the same in every row', 'an option that changes');
SELECT throws_ok($$SELECT funnel_agg(at, '1 s', 'some', 'ordered', true) FROM events('1 a')$$, '22023', 'unknown ties: "some"', 'an unknown word');
SELECT throws_ok($$SELECT funnel_agg(timestamp 'infinity', '1 s', true)$$, '22008', NULL, 'an infinite time');
SELECT throws_ok($$SELECT funnel_agg(date '300000-01-01', '1 s', true)$$, '22008', NULL, 'a date beyond timestamps');
SELECT throws_ok($$SELECT funnel_time(funnel_agg(at, '1 s', true), 2) FROM events('1 a')$$, '22023', NULL, 'a step that there is not');

SELECT * FROM finish();
ROLLBACK;
