-- 10_options.sql: every option of a declaration with NULL, a wrong word, out of its range, and with what it does not fit: what the error says
\ir ../lib/begin.sql
SELECT plan(16);

CREATE TABLE shop (customer int, at date, amount numeric, country text, changed timestamp, note json, units int);
INSERT INTO shop SELECT g % 40, date '2025-01-01' + g, g, 'x', now(), NULL, 1 FROM generate_series(1, 300) g;
CREATE VIEW shop_view AS TABLE shop;
CREATE TABLE gone (who int, at timestamp);
CREATE TABLE model AS SELECT segment.kmeans(segment.coreset_agg(ARRAY[g, g % 7]::float8[]), k => 2) AS two FROM generate_series(1, 50) g;

-- What a call says; NULL if it says nothing.
CREATE TYPE said AS (state text, message text, detail text, hint text, context text);
CREATE FUNCTION said(call text) RETURNS said LANGUAGE plpgsql AS $$
DECLARE
  s said;
BEGIN
  EXECUTE call;
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS s.state = RETURNED_SQLSTATE, s.message = MESSAGE_TEXT, s.detail = PG_EXCEPTION_DETAIL, s.hint = PG_EXCEPTION_HINT, s.context = PG_EXCEPTION_CONTEXT;
  RETURN s;
END
$$;

-- A call of each function that is right, as arguments by name.
CREATE TABLE base (made_by text PRIMARY KEY, arguments jsonb);
INSERT INTO base VALUES
('create_segmentation', '{"name": "''x''", "source": "''shop''", "customer": "''customer''", "at": "''at''", "amount": "''amount''"}'),
('by_scheme', '{}'), ('by_clusters', '{"clusters": "3"}'), ('by_cluster_model', '{"model": "(SELECT two FROM public.model)", "features": "''{orders,revenue}''"}'),
('by_value_tiers', '{}'), ('rfm_scores', '{}'), ('calendar', '{}'), ('by_reading_all', '{}'), ('by_column', '{"changed_at": "''changed''"}'),
('by_tombstones', '{"tombstones": "''gone''", "customer": "''who''", "at": "''at''"}'), ('by_triggers', '{}'), ('privacy', '{}'), ('measures', '{}'), ('create_pilot', '{"name": "''x''", "segmentation": "''x''", "starts": "''2025-12-01''"}');
CREATE FUNCTION call(made_by text, other jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT format('SELECT segment.%s(%s)', made_by, (SELECT string_agg(a.key || ' => ' || a.value, ', ' ORDER BY a.key) FROM jsonb_each_text(b.arguments || other) a))
  FROM base b WHERE b.made_by = call.made_by
$$;
SELECT is_empty($$SELECT made_by, s.message FROM base, said(call(made_by)) s WHERE made_by NOT IN ('create_segmentation', 'create_pilot') AND s.state IS NOT NULL$$, 'as they stand the calls are right');
SELECT is((SELECT array_agg(DISTINCT made_by ORDER BY made_by) FROM segment_internal.declaration_option), (SELECT array_agg(made_by ORDER BY made_by) FROM base), 'every function is here');
SELECT is_empty($$SELECT p.proname, a.name FROM pg_proc p CROSS JOIN LATERAL unnest(p.proargnames[:p.pronargs]) a (name)
    WHERE p.pronamespace = 'segment'::regnamespace AND p.proname IN (SELECT made_by FROM base)
  EXCEPT SELECT made_by, option FROM segment_internal.declaration_option$$, 'and every argument of theirs');
SELECT is((SELECT pronargs FROM pg_proc WHERE oid = 'segment.create_segmentation'::regproc), 15::smallint, 'create_segmentation takes 15');

-- Wrong values of each option
CREATE TABLE tried AS
SELECT o.made_by, o.option, w.value, call(o.made_by, jsonb_build_object(o.option, w.value)) AS call
FROM segment_internal.declaration_option o CROSS JOIN LATERAL (SELECT CASE o.option WHEN 'label' THEN 'label_rule' WHEN 'scores' THEN 'score_rule' WHEN 'days' THEN 'day_rule' WHEN 'changes' THEN 'change_rule'
    WHEN 'measures' THEN 'measure_rule' WHEN 'audience' THEN 'audience_rule' ELSE 'privacy_rule' END AS type) k
CROSS JOIN LATERAL (SELECT count(*)::int AS fields, k.type FROM pg_attribute a WHERE a.attrelid = ('segment.' || k.type)::regclass) n
CROSS JOIN LATERAL (
  SELECT 'NULL' AS value WHERE o.needed
  UNION ALL SELECT v FROM unnest(CASE o.kind
    WHEN 'word' THEN ARRAY['''nosuch''', '''''', quote_literal(upper(o.words[1])), quote_literal(o.words[1] || ' ')]
    WHEN 'words' THEN ARRAY['''{nosuch}''', '''{}''', '''{orders,orders}''', '''{orders,NULL}''', '''{orders,age}''']
    WHEN 'names' THEN ARRAY['''{a,a}''', '''{"",b}''', '''{Others,b}''', '''{b,Not a customer}''', '''{a,b,c,d}''', '''{{a,b},{c,d}}''', '''{a,NULL}''']
    WHEN 'number' THEN ARRAY[(o.lowest - 1)::text, '-1'] || CASE WHEN o.highest < 2147483647 THEN (o.highest + 1)::text END
    WHEN 'positive' THEN ARRAY['0', '-1', '''NaN''', '''Infinity''', (o.highest + 1)::text]
    WHEN 'confidence' THEN ARRAY['0', '1', '''NaN''', '-0.5']
    WHEN 'day' THEN ARRAY['''infinity''', '''-infinity''']
    WHEN 'arms' THEN ARRAY['''{}''', '''{a}''', '''{a,a}''', '''{a,NULL}''', '''{a,""}''', '''{{a,b},{c,d}}''']
    WHEN 'shares' THEN ARRAY['''{}''', '''{1}''', '''{0.5,0.6}''', '''{0,1}''', '''{-0.1,1}''', '''{0.1,NULL}''', '''{NaN,0.1}''', '''{{0.1,0.2}}''']
    WHEN 'values' THEN ARRAY['''{}''', 'ARRAY[segment.pilot_metric(''orders''), segment.pilot_metric(''orders'')]']
    WHEN 'share' THEN ARRAY['-0.1', '1.1', '''NaN''', '''Infinity''']
    WHEN 'code' THEN ARRAY['''''', '''EU R''', '''EUROEUROEURO''', '''E-R''']
    WHEN 'duration' THEN ARRAY['''-1 day''', '''101 years''', CASE WHEN o.lowest IS NULL THEN '''0''' END]
    WHEN 'zone' THEN ARRAY['''Nowhere/City''', '''''', '''+02''', '''CEST''']
    WHEN 'scheme' THEN ARRAY['''nosuch''', '''''']
    WHEN 'text' THEN CASE WHEN o.lowest IS NOT NULL THEN ARRAY['''''', quote_literal(repeat('x', o.highest + 1))] END
    WHEN 'column' THEN CASE WHEN o.made_by = 'create_segmentation' THEN ARRAY['''nosuch''', '''Customer''', '''''', quote_literal('amount; --')] END
    WHEN 'value' THEN ARRAY[format('ROW(%s)::segment.%s', repeat('NULL, ', n.fields - 1) || 'NULL', n.type)] END) v
  WHERE v IS NOT NULL) w;
CREATE TABLE answer AS SELECT t.*, s.* FROM tried t, said(t.call) s;
SELECT is_empty('SELECT call, message FROM answer WHERE state IS NULL', 'each is refused');
SELECT is_empty($$SELECT call, state, message FROM answer
  WHERE state IS DISTINCT FROM CASE WHEN value = 'NULL' THEN '22004' WHEN option = 'scheme' THEN '42704'
    WHEN made_by = 'create_segmentation' AND option IN ('customer', 'at', 'amount', 'order_id', 'market', 'channel') THEN '42703'
    WHEN value LIKE 'ROW(%' THEN '22004' ELSE '22023' END$$, 'by the SQLSTATE of its kind');
SELECT is_empty($$SELECT call, message, detail FROM answer WHERE strpos(message || ' ' || detail, option) = 0$$, 'the option is named');
SELECT is_empty($$SELECT call, message, detail, hint FROM answer WHERE message ~ '\n' OR detail = '' OR hint = '' OR length(message) > 200 OR length(detail) > 600$$,
  'in one line, with a detail and a hint');
SELECT is_empty($$SELECT call, detail FROM answer a JOIN segment_internal.declaration_option o USING (made_by, option) CROSS JOIN LATERAL unnest(o.words) w
  WHERE strpos(a.detail, w) = 0$$, 'with every word that is accepted');
SELECT is_empty($$SELECT call, context FROM answer WHERE context ~ 'segment_internal' OR cardinality(string_to_array(context, E'\n')) > 2$$, 'and without our insides');

-- What does not fit together, and what is there but unfit
CREATE TABLE pair (wrong jsonb, state text, said text);
INSERT INTO pair SELECT w::jsonb, state, said FROM (VALUES
  ('{"label": "segment.by_value_tiers()", "days": "segment.calendar(look_back_days => 30)"}', '22023', 'look_back_days'),
  ('{"changes": "segment.by_triggers(live => true)", "scores": "segment.rfm_scores(''floating'')"}', '22023', 'live and floating'),
  ('{"scores": "segment.rfm_scores(min_market => 5)"}', '22023', 'min_market needs market'),
  ('{"privacy": "segment.privacy(pseudonymous => true)", "changes": "segment.by_triggers()"}', '0A000', 'pseudonymous'),
  ('{"privacy": "segment.privacy(pseudonymous => true)", "changes": "segment.by_reading_all(ledgers => true)"}', '0A000', 'pseudonymous'),
  ('{"privacy": "segment.privacy(opt_out_customer => ''who'')"}', '22023', 'opt_out_customer needs opt_out'),
  ('{"privacy": "segment.privacy(opt_out => ''gone'')"}', '42703', 'column "customer" of public.gone'),
  ('{"privacy": "segment.privacy(opt_out => ''gone'', opt_out_customer => ''at'')"}', '42804', 'holds other ids'),
  ('{"measures": "segment.measures(''country'')"}', '22023', 'currency and rates need each other'),
  ('{"measures": "segment.measures(rates => ''gone'')"}', '22023', 'currency and rates need each other'),
  ('{"measures": "segment.measures(''nosuch'', ''gone'')"}', '42703', 'nosuch'),
  ('{"measures": "segment.measures(''country'', ''gone'')"}', '42703', 'column "currency" of public.gone'),
  ('{"measures": "segment.measures(''units'', ''gone'')"}', '42804', 'column "units"'),
  ('{"source": "''shop_view''", "changes": "segment.by_triggers()"}', '42809', 'cannot be followed by triggers'),
  ('{"changes": "segment.by_column(''nosuch'')"}', '42703', 'nosuch'),
  ('{"changes": "segment.by_column(''amount'')"}', '42804', 'column "amount"'),
  ('{"changes": "segment.by_tombstones(''gone'', ''nosuch'', ''at'')"}', '42703', 'nosuch'),
  ('{"changes": "segment.by_tombstones(''gone'', ''who'', ''who'')"}', '42804', 'column "who"'),
  ('{"changes": "segment.by_tombstones(''gone'', ''who'', ''at'', changed_at => ''nosuch'')"}', '42703', 'nosuch'),
  ('{"changes": "ROW(''column'', NULL, ''1 day'', NULL, NULL, NULL, false, true)::segment.change_rule"}', '22004', 'changed_at'),
  ('{"changes": "ROW(''trigger'', NULL, NULL, NULL, NULL, NULL, false, true)::segment.change_rule"}', '22023', 'changes'),
  ('{"label": "ROW(''clusters'', ''standard'', 1, NULL, NULL, ''{orders}'', NULL, NULL, NULL, NULL, NULL)::segment.label_rule"}', '22023', 'clusters'),
  ('{"label": "ROW(''scheme'', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::segment.label_rule"}', '22004', 'scheme'),
  ('{"label": "segment.by_cluster_model((SELECT two FROM public.model))"}', '22023', 'features'),
  ('{"source": "''pg_class_oid_index''"}', '42809', 'holds no rows'),
  ('{"customer": "''note''"}', '42804', 'cannot identify customers'),
  ('{"at": "''units''"}', '42804', 'column "units"'),
  ('{"amount": "''country''"}', '42804', 'column "country"'),
  ('{"order_id": "''note''"}', '42883', 'order ids of type json'),
  ('{"filter": "''units''"}', '42804', 'boolean'),
  ('{"filter": "''nosuch = 1''"}', '42703', 'nosuch'),
  ('{"filter": "''true; DROP TABLE shop''"}', '42601', 'syntax'),
  ('{"filter": "''''"}', '42601', 'filter'),
  ('{"filter": "''nosuch(units)''"}', '42883', 'nosuch'),
  ('{"filter": "''units = 1 / 0''"}', '22012', 'division')) p (w, state, said);
CREATE TABLE paired AS SELECT p.wrong, p.state AS right_state, p.said AS right_words, s.* FROM pair p, said(call('create_segmentation', wrong)) s;
SELECT is_empty('SELECT wrong, state, message FROM paired WHERE state IS DISTINCT FROM right_state', 'what does not fit is refused');
SELECT is_empty('SELECT wrong, message FROM paired WHERE strpos(message, right_words) = 0', 'by its name');
SELECT is_empty($$SELECT wrong, message, detail, hint, context FROM paired WHERE message ~ '\n' OR detail = '' OR hint = '' OR length(detail) > 600
  OR context ~ 'segment_internal' OR cardinality(string_to_array(context, E'\n')) > 2$$, 'in one line, detail and hint');
SELECT is(count(*), 0::bigint, 'nothing is left of them') FROM segment.segmentation;

-- The same in the next version
SELECT call('create_segmentation') AS right \gset
:right;
SELECT is_empty($$SELECT p.wrong, p.right_state, s.state, s.message FROM paired p, said(replace(call('create_segmentation', p.wrong), 'create_segmentation', 'new_version')) s
  WHERE s.state IS DISTINCT FROM p.right_state AND NOT (p.wrong ? 'privacy' AND p.right_state = '0A000') AND p.wrong ->> 'filter' IS DISTINCT FROM ''''''$$, 'new_version refuses the same');
SELECT is(segment.new_version('x', filter => '', market => ''), 2, 'an empty text takes an option away');

SELECT * FROM finish();
ROLLBACK;
