-- 20_label.sql: label() and its companions: the cases without a rule, conditions, errors, and what a query sees.
\ir ../lib/begin.sql
SELECT plan(61);

-- By scores.
SELECT is(segment.label('5-5-5', 'classic'), 'Champions', 'a segment');
SELECT is(segment.label_sort('5-5-5', 'classic'), 1::smallint, 'its rank');
SELECT is(segment.label_meaning('5-5-5', 'grid'), 'Bought lately and often.', 'its meaning');
SELECT is(segment.label_action('1-1-1', 'standard'), 'Leave out of paid campaigns; a yearly newsletter at most.', 'its action');
SELECT is(segment.label_colour('5-5-5', 'standard'), '#364B9A', 'its colour');
SELECT is(segment.label(NULL, 'classic'), 'Prospect', 'no score: Prospect');
SELECT is(segment.label('none', 'classic'), 'No orders', 'score none: No orders');
SELECT is(segment.label('none/3', 'klaviyo'), 'No orders', 'score none with other bins');
SELECT is(segment.label('2-1-5', 'r_package'), 'Others', 'no rule: Others');
SELECT is(segment.label('5-5-5', NULL), NULL, 'no scheme: NULL');
SELECT is(segment.label(NULL, NULL), NULL, 'nothing: NULL');
SELECT is(ARRAY[segment.label_sort('2-1-5', 'r_package'), segment.label_sort('none', 'classic'), segment.label_sort(NULL, 'grid')],
  '{1000,1001,1002}'::smallint[], 'ranks behind all segments');
SELECT isnt(segment.label_meaning(s, 'r_package'), NULL, 'a meaning for ' || segment.label(s, 'r_package'))
FROM (VALUES ('2-1-5'::segment.rfm_score), ('none'), (NULL)) v(s);
SELECT isnt(segment.label_action(NULL, 'grid'), NULL, 'an action for Prospect');
SELECT is(segment.label_sort('5-5-5', NULL), NULL, 'label_sort: no scheme, NULL');
SELECT set_eq($$SELECT DISTINCT segment.label(segment.rfm_score(r, f, m), s), segment.label_sort(segment.rfm_score(r, f, m), s),
    segment.label_meaning(segment.rfm_score(r, f, m), s), segment.label_action(segment.rfm_score(r, f, m), s),
    segment.label_colour(segment.rfm_score(r, f, m), s), s
  FROM generate_series(1, 5) r, generate_series(1, 5) f, generate_series(1, 5) m, unnest('{classic,grid,r_package}'::text[]) s$$,
  $$SELECT segment, sort, meaning, action, colour, scheme FROM segment.scheme_segments
    WHERE scheme IN ('classic', 'grid', 'r_package') AND sort < 1000 OR (scheme, segment) = ('r_package', 'Others')$$,
  'scheme_segments says what the functions say, the scheme changing from row to row');

-- Errors.
SELECT throws_ok($$SELECT segment.label('4-4-4/4', 'classic')$$, '22023', 'score has other bins than scheme "classic"', 'other bins');
SELECT throws_ok($$SELECT segment.label('4-4-4/4-5-5', 'braze')$$, '22023', 'score has other bins than scheme "braze"', 'other bins in one dimension');
SELECT throws_ok($$SELECT segment.label('none/4', 'classic')$$, '22023', NULL, 'none with other bins');
SELECT throws_ok($$SELECT segment.label('5-5-5', 'klasic')$$, '42704', 'scheme "klasic" does not exist', 'an unknown scheme');
SELECT throws_ok($$SELECT segment.label(NULL, 'klasic')$$, '42704', NULL, 'an unknown scheme without a score');
CREATE FUNCTION pg_temp.hint(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN hint;
END $$;
SELECT is(pg_temp.hint($$SELECT segment.label('5-5-5', 'klasic')$$),
  'Did you mean "classic"?', 'the nearest name');
SELECT is(pg_temp.hint($$SELECT segment.label('5-5-5', 'zzzzzzzzzz')$$),
  'Choose one of these, or make one with copy_scheme().', 'no name is near');
SELECT is(pg_temp.hint(format('SELECT segment.label(%L, %L)', '5-5-5', repeat('x', 100000))),
  'Choose one of these, or make one with copy_scheme().', 'a very long name');
SELECT is(pg_temp.hint($$SELECT segment.label('5-5-5/9', 'classic')$$),
  'Make the score with bins => 5, or choose a scheme with the score''s bins: SELECT name, bins FROM segment.scheme.', 'bins: the way out');

-- With orders and tenure: the customer's summary decides what scores leave open.
CREATE FUNCTION pg_temp.orders(n int, first date, last date) RETURNS segment.rfm LANGUAGE sql AS $$
  SELECT segment.rfm_agg(CASE i WHEN 1 THEN first ELSE last END, 10) FROM generate_series(1, n) i
$$;
SELECT is(segment.label('4-1-2', 'standard', pg_temp.orders(1, '2025-05-01', '2025-05-01'), '2025-06-30'), 'New', 'first order 60 days ago: New');
SELECT is(segment.label('4-1-2', 'standard', pg_temp.orders(1, '2025-05-01', '2025-05-01'), '2025-07-01'), 'Promising', '61 days: not new');
SELECT is(segment.label('4-1-2', 'standard'), 'Promising', 'by scores alone: not new');
SELECT is(segment.label('2-4-4', 'standard', pg_temp.orders(3, '2025-01-01', '2025-02-01'), '2025-12-31'), 'Cannot Lose', 'three orders: Cannot Lose');
SELECT is(segment.label('2-4-4', 'standard', pg_temp.orders(2, '2025-01-01', '2025-02-01'), '2025-12-31'), 'At Risk', 'two orders: not');
SELECT is(segment.label('2-4-4', 'standard'), 'At Risk', 'by scores alone: not');
SELECT is(segment.label('5-5-5', 'standard', pg_temp.orders(2, '2025-01-01', '2025-02-01'), '2025-02-01'), 'Big Spenders', 'two orders make no champion');
SELECT is(segment.label('5-5-5', 'standard', pg_temp.orders(3, '2025-01-01', '2025-02-01'), '2025-02-01'), 'Champions', 'three do');
SELECT is(segment.label_sort('4-1-2', 'standard', pg_temp.orders(1, '2025-05-01', '2025-05-01'), '2025-05-01'), 5::smallint, 'label_sort with conditions');
SELECT is(segment.label_colour('4-1-2', 'standard', pg_temp.orders(1, '2025-05-01', '2025-05-01'), '2025-05-01'), '#C2E4EF', 'label_colour with conditions');
SELECT is(segment.label_meaning('4-1-2', 'standard', pg_temp.orders(1, '2025-05-01', '2025-05-01'), '2025-05-01'),
  'First order within the last 60 days; among those with the fewest orders.', 'label_meaning with conditions');
SELECT is(segment.label_action('4-1-2', 'standard', pg_temp.orders(1, '2025-05-01', '2025-05-01'), '2025-05-01'),
  'Welcome them, help them with what they bought, and win the second order soon.', 'label_action with conditions');
SELECT is(segment.label('5-5-5', 'standard', NULL, '2025-01-01'), 'Prospect', 'no summary: Prospect');
SELECT is(segment.label('none', 'standard', (SELECT segment.rfm_agg(date '2025-01-01', -10)), '2025-01-01'), 'No orders', 'returns only: No orders');
SELECT is(segment.label(NULL, 'standard', (SELECT segment.rfm_agg(date '2025-01-01', -10)), '2025-01-01'), 'No orders', 'returns only, no score: No orders');
SELECT is(segment.label(NULL, 'standard', pg_temp.orders(3, '2025-01-01', '2025-02-01'), '2025-02-01'), NULL, 'orders without a score: NULL');
SELECT is(segment.label('5-5-5', 'standard', pg_temp.orders(3, '2025-01-01', '2025-02-01'), NULL), NULL, 'no as_of: NULL');
SELECT is(segment.label('5-5-5', 'standard', pg_temp.orders(3, '2025-01-01', '2025-02-01'), '2025-02-01', NULL), NULL, 'no zone: NULL');
SELECT throws_ok($$SELECT segment.label('5-5-5', 'classic', pg_temp.orders(3, '2025-01-01', '2025-02-01'), '2025-01-31')$$,
  '22023', NULL, 'an order after as_of is refused');
SELECT throws_ok($$SELECT segment.label('5-5-5', 'classic', pg_temp.orders(3, '2025-01-01', '2025-02-01'), 'infinity')$$,
  '22023', NULL, 'as_of must be a day');
-- 60 days in Berlin, 61 in UTC: the first order was made between their midnights.
SELECT is(segment.label('4-1-2', 'standard', r, '2025-06-30', 'Europe/Berlin') || segment.label('4-1-2', 'standard', r, '2025-06-30'), 'NewPromising',
  'the day counts in the zone that is given')
FROM (SELECT segment.rfm_agg(timestamptz '2025-04-30 22:30:00+00', 10) AS r) s;
SELECT throws_ok($$SELECT segment.label('4-1-2', 'standard', segment.rfm_agg(timestamptz '2025-04-30 22:30:00+00', 10), '2025-06-30', 'Mars/Olympus')$$,
  '22023', NULL, 'an unknown zone');

-- An edit in the same transaction is seen, also where a call site lives on.
SELECT segment.copy_scheme('classic', 'mine') \g /dev/null
SELECT is(segment.label('5-5-5', 'mine'), 'Champions', 'a copy');
CREATE FUNCTION pg_temp.loop() RETURNS text LANGUAGE plpgsql AS $$
DECLARE seen text := '';
BEGIN
  FOR i IN 1..3 LOOP
    seen := seen || segment.label('5-5-5', 'mine') || ' ';
    UPDATE segment.scheme_rule SET segment = 'Stars' || i WHERE scheme = 'mine' AND segment.label('5-5-5', 'mine') = scheme_rule.segment;
  END LOOP;
  RETURN seen || segment.label('5-5-5', 'mine');
END $$;
SELECT is(pg_temp.loop(), 'Champions Stars1 Stars2 Stars3', 'each turn of a loop sees the edit of the turn before');
CREATE FUNCTION pg_temp.undone() RETURNS text LANGUAGE plpgsql AS $$
DECLARE seen text := '';
BEGIN
  FOR i IN 1..3 LOOP
    BEGIN
      UPDATE segment.scheme_rule SET segment = 'Undone' WHERE scheme = 'mine' AND segment = 'Stars3';
      seen := seen || segment.label('5-5-5', 'mine') || ' ';
      RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN
      seen := seen || segment.label('5-5-5', 'mine') || ' ';
    END;
  END LOOP;
  RETURN seen;
END $$;
SELECT is(pg_temp.undone(), 'Undone Stars3 Undone Stars3 Undone Stars3 ', 'an edit that is rolled back is gone');
PREPARE p AS SELECT segment.label('5-5-5', 'mine');
SELECT results_eq('EXECUTE p', ARRAY['Stars3'], 'a prepared statement');
UPDATE segment.scheme_rule SET segment = 'Champions' WHERE scheme = 'mine' AND segment = 'Stars3';
SELECT results_eq('EXECUTE p', ARRAY['Champions'], 'a prepared statement after an edit');

-- Under any search_path.
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.eq(text, text) RETURNS bool LANGUAGE sql AS 'SELECT 1 / 0 = 1';
CREATE OPERATOR hostile.= (LEFTARG = text, RIGHTARG = text, FUNCTION = hostile.eq);
CREATE TABLE hostile.scheme (name text);
SET LOCAL search_path = hostile, pg_catalog;
SELECT segment.label('5-5-5', 'classic') AS hostile_label, segment.copy_scheme('grid', 'mine 2') AS hostile_copy \gset
SELECT count(*) AS hostile_check FROM segment.check_scheme('r_package') \gset
UPDATE segment.scheme SET bins = 6 WHERE name OPERATOR(pg_catalog.=) 'mine 2';
INSERT INTO segment.scheme_rule (scheme, position, segment, r_lower) VALUES ('mine 2', 100, 'x', 6);
SET LOCAL search_path = public;
SELECT is(:'hostile_label'::text, 'Champions', 'label under a hostile search_path');
SELECT is(:hostile_check, 98, 'check_scheme under a hostile search_path');
SELECT is(:hostile_copy, 10, 'copy_scheme under a hostile search_path, and the triggers');

-- In a materialized view, which is refreshed with a restricted search_path.
CREATE TABLE customers AS SELECT i, segment.rfm_score(1 + i % 5, 1 + i / 5 % 5, 1 + i / 25 % 5) AS score FROM generate_series(0, 124) i;
CREATE MATERIALIZED VIEW labelled AS SELECT i, segment.label(score, 'classic') AS segment FROM customers;
SELECT is((SELECT count(*)::int FROM labelled WHERE segment = 'Potential Loyalist'), 24, 'CREATE MATERIALIZED VIEW');
DELETE FROM customers WHERE segment.score_code(score) = 323;
REFRESH MATERIALIZED VIEW labelled;
SELECT is((SELECT count(*)::int FROM labelled WHERE segment = 'Potential Loyalist'), 23, 'REFRESH MATERIALIZED VIEW');

-- In parallel workers.
CREATE TABLE many AS SELECT segment.rfm_score(1 + i % 5, 1 + i / 5 % 5, 1 + i / 25 % 5) AS score FROM generate_series(0, 124999) i;
ANALYZE many;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE FUNCTION pg_temp.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN ' || query; END $$;
SELECT isnt_empty($$SELECT * FROM pg_temp.plan('SELECT segment.label(score, ''classic''), count(*) FROM many GROUP BY 1') l WHERE l ~ 'Gather'$$,
  'the plan is parallel');
SELECT results_eq($$SELECT segment.label(score, 'classic') COLLATE "C" AS s, count(*) / 1000 FROM many GROUP BY 1 ORDER BY 1$$,
  $$SELECT segment COLLATE "C", count(*) FROM (SELECT segment.label(segment.rfm_score(r, f, m), 'classic') AS segment
    FROM generate_series(1, 5) r, generate_series(1, 5) f, generate_series(1, 5) m) c GROUP BY 1 ORDER BY 1$$, 'workers give the same labels');

SELECT * FROM finish();
ROLLBACK;
