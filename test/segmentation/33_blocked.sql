-- 33_blocked.sql: columns that no segmentation may use, in every spelling of a filter and every place of a declaration
\ir ../lib/begin.sql
SELECT plan(9);

CREATE TYPE trait AS (religion text, height int);
CREATE TABLE people (id int, at date, amount int, place text, "Religion" text, traits trait, seen timestamp);
INSERT INTO people SELECT g % 20, date '2025-01-01' + g, g, 'north', 'x', ROW('x', 1)::trait, now() FROM generate_series(1, 100) g;
CREATE TABLE others (id int, "RELIGION" text, at timestamp, place text);
CREATE VIEW people_view AS SELECT id, at, amount, place, "Religion" AS faith FROM people;
INSERT INTO segment.blocked_column VALUES ('religion', 'special category (GDPR article 9)');
CREATE FUNCTION said(call text, OUT state text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE call;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END
$$;
CREATE TABLE filter AS SELECT * FROM unnest(ARRAY[
  '"Religion" = ''x''', 'o."Religion" IS NULL', 'U&"\0052eligion" = ''x''', 'U&"!0052eligion" UESCAPE ''!'' = ''x''', '/* x */ o . "Religion" = ''x''', '(o)."Religion" = ''x''', '"Religion"(o) = ''x''',
  'to_jsonb(o) ->> ''Religion'' = ''x''', 'row_to_json(o)::text LIKE ''%x%''', 'o::text LIKE ''%x%''', 'o = o', 'o.* IS NOT NULL', 'ROW(o.*) = ROW(o.*)', 'to_jsonb(o) IS NOT NULL', 'num_nulls(o.*) > 0', 'concat(o.*) <> ''''',
  '(traits).religion = ''x''', '(o.traits).religion = ''x''', '((o).traits).religion = ''x''', 'religion(traits) = ''x''', 'to_jsonb(traits) ->> ''religion'' = ''x''', 'traits = traits', 'EXISTS (SELECT FROM unnest(ARRAY[traits]) t (r, h) WHERE r = ''x'')',
  'EXISTS (SELECT t FROM (SELECT p.traits AS t FROM public.people p) q)',
  '(SELECT "Religion" FROM public.people p WHERE p.id = o.id LIMIT 1) = ''x''', 'EXISTS (SELECT FROM public.people p WHERE p = o)', 'EXISTS (SELECT * FROM (SELECT * FROM public.people) p WHERE p.id = o.id)',
  'EXISTS (WITH w AS (SELECT * FROM public.people) SELECT FROM w WHERE w.id = o.id)', 'id IN (SELECT b.id FROM public.people a JOIN public.others b ON a."Religion" = b."RELIGION")',
  'id IN (SELECT id FROM public.people UNION SELECT id FROM public.others WHERE "RELIGION" = ''x'')', 'id IN (SELECT p.id FROM public.people AS p (id, b, c, d, harmless) WHERE harmless = ''x'')',
  'EXISTS (SELECT FROM public.people a NATURAL JOIN public.people b)', 'EXISTS (SELECT count(*) FILTER (WHERE p."Religion" = ''x'') OVER () FROM public.people p)', 'id = (SELECT max(id) FROM public.people GROUP BY "Religion" LIMIT 1)',
  'id IN (SELECT id FROM public.people ORDER BY "Religion" LIMIT 1)', 'EXISTS (SELECT FROM LATERAL (SELECT o."Religion" AS r) x WHERE x.r = ''x'')', 'CASE WHEN "Religion" IS NULL THEN true ELSE true END',
  'EXISTS (SELECT FROM public.people p TABLESAMPLE SYSTEM (1) WHERE p."Religion" = ''x'')', 'EXISTS (SELECT to_jsonb(p) FROM public.people p)']) WITH ORDINALITY AS f (filter, n);
SELECT is_empty($$SELECT filter, s.state, s.message FROM filter, said(format('SELECT segment.create_segmentation(''x'', ''people'', ''id'', ''at'', ''amount'', filter => %L)', filter)) s
  WHERE s.state IS DISTINCT FROM '42501' OR s.message <> 'column "religion" may not be used' OR s.detail <> 'special category (GDPR article 9)'$$, 'in every spelling of a filter');
SELECT is_empty($$SELECT o, s.state FROM unnest(ARRAY['market => ''Religion''', 'channel => ''Religion''', 'order_id => ''Religion''', 'changes => segment.by_tombstones(''others'', ''id'', ''at'', changed_at => ''Religion'')',
    'privacy => segment.privacy(opt_out => ''others'', opt_out_customer => ''RELIGION'')']) o, said(format('SELECT segment.create_segmentation(''x'', ''people'', ''id'', ''at'', ''amount'', %s)', o)) s
  WHERE s.state IS DISTINCT FROM '42501' AND NOT (s.state = '42804' AND o ~ 'changed_at|opt_out')$$, 'in every place of a declaration');
CREATE TABLE allowed AS SELECT * FROM unnest(ARRAY['place <> ''religion''', 'place = $$Religion$$', '(traits).height = 1', 'EXISTS (SELECT FROM public.people p WHERE p.id = o.id)', '(SELECT count(*) FROM public.people) > 0',
  'EXISTS (SELECT p.id, p.at FROM public.people p JOIN public.others q USING (id))', 'length(''to_jsonb(o) ->> ''''religion'''''') > 0', 'id IN (SELECT 1 AS religion_of_none)', '-- religion' || E'\n amount > 0']) WITH ORDINALITY AS f (filter, n);
SELECT is_empty($$SELECT filter, s.message FROM allowed, said(format('SELECT segment.create_segmentation(%L, ''people'', ''id'', ''at'', ''amount'', filter => %L)', 'allowed ' || n, filter)) s WHERE s.state IS NOT NULL$$, 'words that are no column are not');
SELECT lives_ok($$SELECT segment.create_segmentation('view', 'people_view', 'id', 'at', 'amount', filter => 'faith = ''x''')$$, 'what a view makes of its columns is not seen');
SELECT is(segment.create_segmentation('declared', 'people', 'id', 'at', 'amount', market => 'place', filter => '(o.traits).height > 0'), 'declared', 'a field beside a blocked one is not blocked');
SELECT is((segment.refresh('declared', '2025-03-01')).customers, 20::bigint, 'nor is its refresh');
INSERT INTO segment.blocked_column VALUES ('PLACE');
SELECT is_empty($$SELECT f.call, s.state FROM unnest(ARRAY['refresh(''declared'')', 'refresh(''declared'', ''2025-02-01'')', 'definition(''declared'')', 'new_version(''declared'')']) f (call), said('SELECT segment.' || f.call) s WHERE s.state IS DISTINCT FROM '42501'$$,
  'what is blocked later stops at once');
SELECT is(segment.new_version('declared', market => ''), 2, 'a version without it');
DELETE FROM segment.blocked_column WHERE name = 'PLACE';
SELECT is((segment.refresh('declared', '2025-03-02')).customers, 20::bigint, 'unblocked again, it goes on');

SELECT * FROM finish();
ROLLBACK;
