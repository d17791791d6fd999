-- 30_tables.sql: users' schemes are rows; shipped ones can't be changed.
\ir ../lib/begin.sql
SELECT plan(52);

-- A scheme of one's own, with open bounds.
INSERT INTO segment.scheme (name, bins, title) VALUES ('mine', 4, 'three groups');
INSERT INTO segment.scheme_rule (scheme, position, segment, r_lower, f_lower, meaning, sort) VALUES ('mine', 10, 'Best', 4, 3, NULL, NULL);
INSERT INTO segment.scheme_rule (scheme, position, segment, r_upper) VALUES ('mine', 20, 'Gone', 1);
INSERT INTO segment.scheme_rule (scheme, position, segment, f_upper, meaning) VALUES ('mine', 30, 'Best', 1, 'said later');
INSERT INTO segment.scheme_rule (scheme, position, segment) VALUES ('mine', 40, 'Rest');
SELECT is(segment.label('4-3-1/4', 'mine'), 'Best', 'bounds that are NULL are open');
SELECT is(segment.label('1-4-4/4', 'mine'), 'Gone', 'an upper bound');
SELECT is(segment.label('2-2-2/4', 'mine'), 'Rest', 'a rule without bounds takes what is left');
SELECT is(segment.label_meaning('4-3-1/4', 'mine'), 'said later', 'a later rule may say what the first leaves open');
SELECT is(segment.label_action('4-3-1/4', 'mine'), NULL, 'what no rule says is NULL');
SELECT is(segment.label_sort('2-2-2/4', 'mine'), 40::smallint, 'without sort the first position counts');
SELECT is(segment.label_sort('2-1-1/4', 'mine'), 10::smallint, 'also behind a second rule of the segment');
SELECT results_eq($$SELECT segment, sort, meaning FROM segment.scheme_segments WHERE scheme = 'mine' AND sort < 1000 ORDER BY sort$$,
  $$VALUES ('Best', 10::smallint, 'said later'), ('Gone', 20::smallint, NULL), ('Rest', 40::smallint, NULL)$$, 'scheme_segments says the same');
SELECT is((SELECT string_agg(DISTINCT positions::text, ' ') FROM segment.check_scheme('mine') WHERE kind = 'overlap'), '{20,30}',
  'a rule without bounds takes what is left and is no overlap');
INSERT INTO segment.scheme (name) VALUES ('empty');
SELECT is(segment.label('5-5-5', 'empty'), 'Others', 'a scheme without rules');
SELECT is((SELECT count(*)::int FROM segment.check_scheme('empty')), 125, 'is all gaps');

-- Constraints.
SELECT throws_matching(format('INSERT INTO segment.scheme_rule (scheme, position, segment, %s) VALUES (''mine'', 50, ''X'', %s)', columns, bounds), message, columns || ' = ' || bounds)
FROM (VALUES ('r_lower', '0', 'scheme_rule_r_bounds'), ('r_upper', '10', 'scheme_rule_r_bounds|beyond the scheme''s bins'),
             ('f_lower, f_upper', '3, 2', 'scheme_rule_f_bounds'), ('m_lower, m_upper', '4, 1', 'scheme_rule_m_bounds'),
             ('m_lower', '5', 'beyond the scheme''s bins'), ('f_upper', '9', 'beyond the scheme''s bins'),
             ('orders_lower', '0', 'scheme_rule_orders_bounds'), ('orders_lower, orders_upper', '3, 2', 'scheme_rule_orders_bounds'),
             ('tenure_days_upper', '-1', 'scheme_rule_tenure_bounds'), ('sort', '1000', 'scheme_rule_sort_range'),
             ('colour', '''red''', 'scheme_rule_colour_form')) v(columns, bounds, message);
SELECT throws_matching($$INSERT INTO segment.scheme_rule (scheme, position, segment) VALUES ('mine', 0, 'X')$$, 'scheme_rule_position_range', 'position 0');
SELECT throws_matching(format('INSERT INTO segment.scheme_rule (scheme, position, segment) VALUES (''mine'', 50, %L)', s), 'scheme_rule_segment_', 'segment ' || s)
FROM unnest('{Others,No orders,Prospect,""}'::text[]) s;
SELECT throws_matching($$INSERT INTO segment.scheme_rule (scheme, position, segment) VALUES ('nowhere', 1, 'X')$$, 'scheme_rule_scheme_exists', 'a rule without its scheme');
SELECT throws_matching($$INSERT INTO segment.scheme (name, bins) VALUES ('x', 1)$$, 'scheme_bins_range', 'one bin');
SELECT throws_matching($$INSERT INTO segment.scheme (name, bins) VALUES ('x', 10)$$, 'scheme_bins_range', 'ten bins');
SELECT throws_matching($$INSERT INTO segment.scheme (name) VALUES ('')$$, 'scheme_name_length', 'an empty name');
SELECT throws_ok($$UPDATE segment.scheme SET bins = 3 WHERE name = 'mine'$$, '23514', NULL, 'fewer bins than the rules use');
SELECT lives_ok($$UPDATE segment.scheme SET bins = 5 WHERE name = 'mine'$$, 'more bins');
SELECT is(segment.label('4-3-1', 'mine'), 'Best', 'the rules hold for the new bins');
WITH s AS (INSERT INTO segment.scheme (name, bins) VALUES ('at once', 3) RETURNING name)
INSERT INTO segment.scheme_rule (scheme, position, segment, r_lower) SELECT name, 1, 'X', 3 FROM s;
SELECT is(segment.label('3-1-1/3', 'at once'), 'X', 'scheme and rules in one statement');

-- Shipped rows, as superuser.
SELECT throws_ok(statement, '55000', NULL, statement) FROM unnest(ARRAY[
  'UPDATE segment.scheme SET title = ''x'' WHERE name = ''classic''', 'DELETE FROM segment.scheme WHERE name = ''classic''',
  'UPDATE segment.scheme_rule SET segment = ''x'' WHERE scheme = ''classic''', 'DELETE FROM segment.scheme_rule',
  'INSERT INTO segment.scheme (name, shipped) VALUES (''x'', true)', 'UPDATE segment.scheme SET shipped = true WHERE name = ''mine''',
  'INSERT INTO segment.scheme_rule (scheme, position, segment) VALUES (''classic'', 99, ''x'')',
  'INSERT INTO segment.scheme_rule (scheme, shipped, position, segment) VALUES (''classic'', true, 99, ''x'')',
  'TRUNCATE segment.scheme_rule', 'TRUNCATE segment.scheme CASCADE']) statement;

-- The guards on tables that are not theirs, and called by hand.
CREATE TABLE own (name int, scheme int, shipped text, bins text);
CREATE TRIGGER g BEFORE INSERT ON own FOR EACH ROW EXECUTE FUNCTION segment_internal.scheme_guard();
SELECT throws_ok($$INSERT INTO own VALUES (1, 1, 'x', 'y')$$, '39P01', NULL, 'scheme_guard on another table');
CREATE TABLE own2 (scheme int, shipped bool, r_lower text);
CREATE TRIGGER g BEFORE INSERT ON own2 FOR EACH ROW EXECUTE FUNCTION segment_internal.scheme_rule_guard();
SELECT throws_ok($$INSERT INTO own2 VALUES (1, false, 'y')$$, '39P01', NULL, 'scheme_rule_guard on another table');
SELECT throws_ok('SELECT segment_internal.scheme_guard()', '39P01', NULL, 'a trigger function is no function to call');

-- Copies.
SELECT is(segment.copy_scheme(source => 'classic', target => 'my classic') , 41, 'named arguments');
SELECT is(segment.copy_scheme('grid', 'my grid'), 10, 'copy_scheme returns the number of rules');
SELECT throws_ok($$SELECT segment.copy_scheme('grid', 'classic')$$, '42710', NULL, 'a name in use');
SELECT throws_ok($$SELECT segment.copy_scheme('gird', 'new')$$, '42704', NULL, 'a scheme that does not exist');

SELECT * FROM finish();
ROLLBACK;
