-- 32_pseudonyms.sql: snapshots without customer ids; columns that may not be used; the log; retention
\ir ../lib/begin.sql
SELECT plan(31);

CREATE TABLE people (id text, at date, amount int, place text, "Religion" text);
INSERT INTO people SELECT 'customer ' || g % 200, date '2025-01-01' + g / 5, g * 7919 % 1000, (ARRAY['north', 'south'])[1 + g % 2], 'x' FROM generate_series(1, 1000) g;
SELECT segment.create_segmentation('plain', 'people', 'id', 'at', 'amount', market => 'place');
SELECT segment.create_segmentation('hidden', 'people', 'id', 'at', 'amount', market => 'place', privacy => segment.privacy(pseudonymous => true));
SELECT segment.refresh(s, d) FROM unnest('{plain,hidden}'::text[]) s, unnest('{2025-06-30,2025-07-10}'::date[]) d;
SELECT is(count(DISTINCT c.customer) || ' ' || bool_and(c.customer ~ '^[0-9a-f]{64}$'), '200 true', 'pseudonyms instead of ids') FROM segment.state c
JOIN segment.segmentation_version v ON v.id = c.version_id WHERE segmentation = 'hidden';
SELECT is_empty($$SELECT segmentation FROM segment.customer_profile WHERE segmentation = 'hidden' AND customer_id LIKE '%customer%'$$, 'in the views too');
CREATE TEMP TABLE mapped AS SELECT DISTINCT id, segment.keyed_hash(id, key) AS pseudonym FROM people, segment.pseudonym_key WHERE segmentation = 'hidden';
SELECT is_empty($$
  SELECT m.pseudonym, as_of, orders, revenue, rfm_code, segment_name, previous_segment_name, segment_since, moved_by
  FROM segment.customer_profile p JOIN mapped m ON m.id = p.customer_id WHERE segmentation = 'plain'
  EXCEPT ALL
  SELECT customer_id, as_of, orders, revenue, rfm_code, segment_name, previous_segment_name, segment_since, moved_by
  FROM segment.customer_profile WHERE segmentation = 'hidden'$$, 'with the same values and history');
SELECT is(octet_length(key), 32, 'by a key of 32 bytes') FROM segment.pseudonym_key;
SELECT is((segment.refresh('hidden', '2025-07-10')).moved, (SELECT moved FROM segment.snapshot WHERE segmentation = 'hidden' AND as_of = '2025-07-10'), 'which stays');
SELECT throws_ok($$SELECT segment.new_version('hidden', changes => segment.by_reading_all(ledgers => true))$$, '0A000', NULL, 'no ledgers by pseudonym');
SELECT throws_ok($$SELECT segment.create_segmentation('x', 'people', 'id', 'at', 'amount', changes => segment.by_triggers(), privacy => segment.privacy(pseudonymous => true))$$, '0A000', NULL, 'nor queues');

-- Access and erasure by the id
SELECT results_eq($$SELECT p ->> 'segmentation', count(*) FROM jsonb_array_elements(segment.export_person('customer 7') -> 'profiles') p GROUP BY 1 ORDER BY 1$$,
  $$VALUES ('hidden', 2::bigint), ('plain', 2)$$, 'export_person finds both');
SELECT count(*) AS states FROM segment.state WHERE customer = 'customer 7' OR customer = (SELECT pseudonym FROM mapped WHERE id = 'customer 7') \gset
SELECT is(rows || ' ' || (rows >= 2), :'states' || ' true', 'forget too') FROM segment.forget('customer 7') WHERE table_name = 'segment.state';
SELECT is(count(*), 0::bigint, 'nothing is left') FROM segment.state WHERE customer = 'customer 7' OR customer = (SELECT pseudonym FROM mapped WHERE id = 'customer 7');
SELECT is((segment.refresh('hidden', '2025-07-10')).customers, 199::bigint, 'and does not come back');
SELECT is(segment.forget_pseudonyms('hidden') || ' ' || segment.forget_pseudonyms('hidden'), 'true false', 'the key is removed');
SELECT is(jsonb_array_length(segment.export_person('customer 8') -> 'profiles'), 2, 'without the key, nobody is led back to a person');
SELECT is((segment.refresh('hidden', '2025-07-20')).moved, 199::bigint, 'a new key: all are new');

-- Blocked columns
INSERT INTO segment.blocked_column VALUES ('religion', 'special category (GDPR article 9)');
SELECT throws_ok($$SELECT segment.create_segmentation('x', 'people', 'id', 'at', 'amount', market => 'Religion')$$, '42501', NULL, 'a blocked column as market');
SELECT throws_ok($$SELECT segment.create_segmentation('x', 'people', 'id', 'at', 'amount', channel => 'Religion')$$, '42501', NULL, 'as channel');
SELECT throws_ok(format('SELECT segment.create_segmentation(''x'', ''people'', ''id'', ''at'', ''amount'', filter => %L)', f), '42501', NULL, 'in a filter: ' || f)
FROM unnest(ARRAY['"Religion" = ''x''', 'o."Religion" IS NULL', '(SELECT "Religion" FROM public.people p WHERE p.id = o.id LIMIT 1) = ''x''', 'U&"\0052eligion" = ''x''', 'to_jsonb(o) ->> ''Religion'' = ''x''',
  'EXISTS (SELECT FROM public.people p WHERE p = o)', 'EXISTS (SELECT FROM (SELECT * FROM public.people) p WHERE p.id = o.id)']) f;
SELECT lives_ok($$SELECT segment.create_segmentation('allowed', 'people', 'id', 'at', 'amount', filter => 'place <> ''religions''')$$, 'other words are not');
INSERT INTO segment.blocked_column VALUES ('place');
SELECT throws_ok($$SELECT segment.refresh('plain')$$, '42501', NULL, 'blocked later: refresh stops');
SELECT throws_ok($$SELECT segment.definition('plain')$$, '42501', NULL, 'and nothing is printed');
DELETE FROM segment.blocked_column;

-- Retention, and the log
SELECT segment.create_segmentation('short', 'people', 'id', 'at', 'amount', privacy => segment.privacy(keep_days => 10, purpose => 'newsletter'));
SELECT segment.refresh('short', d) FROM unnest('{2025-06-01,2025-06-05,2025-06-11,2025-06-12}'::date[]) d;
SELECT results_eq($$SELECT as_of FROM segment.snapshot WHERE segmentation = 'short' ORDER BY 1$$, $$VALUES (date '2025-06-05'), ('2025-06-11'), ('2025-06-12')$$,
  'refresh removes snapshots older than keep_days');
SELECT is(count(*), 0::bigint, 'with their customers') FROM segment.state c JOIN segment.segmentation_version v ON v.id = c.version_id
WHERE NOT EXISTS (SELECT FROM segment.snapshot s WHERE s.version_id = c.version_id AND s.as_of >= c.from_day AND s.as_of < c.until_day);
SELECT is_empty($$SELECT * FROM segment.segmentation_run WHERE run_at IS NULL OR run_by IS NULL OR session_role IS NULL
  OR action = 'refresh' AND num_nulls(version, as_of, source, source_rows, customers, fingerprint, seconds) > 0$$, 'the log says who, when, which version, source, counts and fingerprint');
SELECT results_eq($$SELECT action, count(*) FROM segment.segmentation_run WHERE segmentation = 'short' GROUP BY 1 ORDER BY 1$$, $$VALUES ('create', 1::bigint), ('refresh', 4)$$, 'of every action');
SELECT segment.refresh('short', '2025-06-12');
SELECT is(count(*) || ' ' || count(DISTINCT fingerprint), '2 1', 'the same result has the same fingerprint') FROM segment.segmentation_run
WHERE segmentation = 'short' AND as_of = '2025-06-12';

SELECT * FROM finish();
ROLLBACK;
