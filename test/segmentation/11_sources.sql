-- 11_sources.sql: identity of customers by their type; sources rebuilt, renamed, dropped, in every mode; days that cannot be meant
\ir ../lib/begin.sql
SELECT plan(48);

-- Types whose equal values print differently are refused, in every mode.
CREATE EXTENSION citext;
CREATE DOMAIN mail AS citext;
CREATE DOMAIN amount_of AS numeric;
CREATE DOMAIN number_of AS numeric(10, 0);
CREATE DOMAIN code AS text;
CREATE TYPE pair AS (a numeric, b text);
CREATE TYPE tier AS ENUM ('gold', 'silver');
CREATE COLLATION whatever_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE ids (at date, amount int, changed timestamp, citext citext, mail mail, folded text COLLATE whatever_case, numeric numeric, amount_of amount_of, float8 float8, float4 float4,
  "interval" interval, jsonb jsonb, pair pair, "int4[]" int[], money money, int4range int4range);
CREATE TABLE gone (who int, at timestamp);
CREATE FUNCTION way(mode text, changed name DEFAULT 'changed') RETURNS segment.change_rule LANGUAGE sql AS $$
  SELECT CASE mode WHEN 'all' THEN segment.by_reading_all() WHEN 'ledgers' THEN segment.by_reading_all(true) WHEN 'column' THEN segment.by_column(changed)
                   WHEN 'tombstones' THEN segment.by_tombstones('public.gone', 'who', 'at', changed) WHEN 'triggers' THEN segment.by_triggers() ELSE segment.by_triggers(true) END
$$;
CREATE TABLE mode AS SELECT * FROM unnest('{all,ledgers,column,tombstones,triggers,live}'::text[]) AS name;
CREATE FUNCTION said(call text, OUT state text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE call;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END
$$;
SELECT is_empty($$SELECT a.attname, m.name, s.* FROM pg_attribute a, mode m, said(format('SELECT segment.create_segmentation(''x'', ''ids'', %L, ''at'', ''amount'', changes => way(%L))', a.attname, m.name)) s
  WHERE attrelid = 'ids'::regclass AND attnum > 3 AND (s.state IS DISTINCT FROM '42804' OR s.message <> format('column "%s" of public.ids cannot identify customers', a.attname) OR s.hint = '')$$,
  'types whose equal values print differently are refused');

-- Others are known by one text, whatever the session says.
CREATE TABLE known (at date, amount int, changed timestamp DEFAULT now(), int2 int2, int8 int8, uuid uuid, "numeric(9,2)" numeric(9,2), number_of number_of, text text, code code, "char(8)" char(8),
  "varchar(9)" varchar(9), bytea bytea, date date, timestamp timestamp, timestamptz timestamptz, time time, tier tier, inet inet, cidr cidr, bool bool, "name" name, "bit(6)" bit(6), varbit varbit, oid oid);
INSERT INTO known (at, amount, int2, int8, uuid, "numeric(9,2)", number_of, text, code, "char(8)", "varchar(9)", bytea, date, timestamp, timestamptz, time, tier, inet, cidr, bool, name, "bit(6)", varbit, oid)
SELECT date '2025-01-01' + g, g % 7, i, i, md5(i::text)::uuid, i, i, 'a\' || i, i, i, i, decode(md5(i::text), 'hex'), date '2025-01-01' + i, timestamp '2025-01-01 12:00' + i * interval '1 day 1 minute',
  timestamptz '2025-03-30 00:30+00' + i * interval '1 hour', time '00:00' + i * interval '1 minute', (ARRAY['gold', 'silver'])[1 + i % 2]::tier, ('10.0.0.' || i)::inet, ('10.0.' || i || '.0/24')::cidr, i % 2 = 0, 'n' || i, i::bit(6), i::bit(6), i
FROM (SELECT g, g % 10 AS i FROM generate_series(1, 100) g) x;
CREATE TABLE id AS SELECT attname AS name FROM pg_attribute WHERE attrelid = 'known'::regclass AND attnum > 3;
SELECT is(count(segment.create_segmentation(i.name || ' ' || m.name, 'known', i.name, 'at', 'amount', changes => way(m.name))), 3 * 22::bigint, 'others are not')
FROM id i, mode m WHERE m.name IN ('all', 'column', 'live');
CREATE TABLE first AS SELECT s.name, r.customers FROM segment.segmentation s, segment.refresh(s.name, '2025-05-01') r;
SELECT is_empty($$SELECT name, customers FROM first WHERE customers <> CASE WHEN name ~ '^(tier|bool) ' THEN 2 ELSE 10 END$$, 'ten customers of each');
SET TimeZone = 'Pacific/Apia'; SET DateStyle = 'German'; SET bytea_output = escape; SET IntervalStyle = sql_standard; SET extra_float_digits = -3; SET quote_all_identifiers = on;
UPDATE known SET amount = amount + 1, changed = now() + '1 minute' WHERE int2 IN (2, 3);
INSERT INTO known SELECT '06.04.2025', k.amount, now() + '1 minute', k.int2, k.int8, k.uuid, k."numeric(9,2)", k.number_of, k.text, k.code, k."char(8)", k."varchar(9)", k.bytea, k.date, k.timestamp, k.timestamptz,
  k.time, k.tier, k.inet, k.cidr, k.bool, k.name, k."bit(6)", k.varbit, k.oid FROM known k WHERE at = '05.01.2025';
SELECT is_empty($$SELECT f.name, r.customers FROM first f, segment.refresh(f.name, '02.05.2025') r WHERE r.customers <> f.customers$$, 'nor more in another session with other settings');
SELECT is_empty($$SELECT segmentation, customer_id FROM segment.customer_profile WHERE as_of = '02.05.2025' AND moved_by = 'new'$$, 'nobody is new');
SELECT is_empty($$SELECT p.segmentation, p.customer_id, p.orders, p.revenue FROM segment.customer_profile p JOIN segment.customer_profile w ON w.segmentation = replace(replace(p.segmentation, ' column', ' all'), ' live', ' all')
    AND w.as_of = p.as_of AND w.customer_id = p.customer_id WHERE (p.orders, p.revenue) IS DISTINCT FROM (w.orders, w.revenue)$$, 'and all are read right from changes alone');
RESET ALL; SET client_min_messages = warning; SET search_path = public;
SELECT segment.drop_segmentation(name) FROM segment.segmentation ORDER BY name;

-- A source that is built anew under its name, as dbt does it: read in full and followed again, in every mode.
CREATE TABLE shop (o int, c int, d date, a numeric, changed timestamp, country text);
INSERT INTO shop SELECT g, g % 50, date '2024-01-01' + g % 300, 10, '2024-12-01', 'x' FROM generate_series(1, 500) g;
SELECT segment.create_segmentation(m.name, 'shop', 'c', 'd', 'a', 'o', changes => way(m.name)) FROM mode m;
SELECT is_empty($$SELECT m.name, r.customers FROM mode m, segment.refresh(m.name) r WHERE r.customers <> 50$$, 'fifty customers');
CREATE TABLE shop_new (LIKE shop);
INSERT INTO shop_new TABLE shop;
INSERT INTO shop_new VALUES (9001, 7, '2024-11-20', 777, '2024-11-30', 'x'); -- older than what was seen of changed
ALTER TABLE shop RENAME TO shop_backup;
ALTER TABLE shop_new RENAME TO shop;
SELECT is_empty($$SELECT m.name, s.state FROM mode m, said(format('SELECT segment.refresh(%L, ''2024-10-26'', read => ''nothing'')', m.name)) s
  WHERE m.name <> 'all' AND (s.state IS DISTINCT FROM '55000' OR s.message NOT LIKE '%built anew: public.shop' OR s.hint = '')$$, 'who reads nothing is told that a table is another one');
SELECT is_empty($$SELECT m.name, r.refreshed FROM mode m, segment.refresh(m.name) r WHERE r.refreshed <> '2024-11-20'$$, 'a new table of the same name is noticed in every mode');
SELECT results_eq($$SELECT m.name, (SELECT p.revenue FROM segment.customer_profile p WHERE p.segmentation = m.name AND p.customer_id = '7' AND p.is_latest) FROM mode m ORDER BY 1$$,
  $$SELECT m.name, 877.00 FROM mode m ORDER BY 1$$, 'and read in full');
SELECT is_empty($$SELECT m.name FROM mode m WHERE m.name <> 'all' AND NOT EXISTS (SELECT FROM segment.segmentation_run r WHERE r.segmentation = m.name AND r.details::text ~ 'rebuilt')$$, 'the log says so');
INSERT INTO shop VALUES (9002, 8, '2024-11-21', 5, '2025-01-01', 'x');
SELECT results_eq($$SELECT m.name, r.refreshed FROM mode m, segment.refresh(m.name) r ORDER BY 1$$, $$SELECT m.name, date '2024-11-21' FROM mode m ORDER BY 1$$, 'it is followed from then on');
SELECT is(count(*), 0::bigint, 'what was queued is read') FROM segment.change_queue;
INSERT INTO shop_backup VALUES (9003, 9, '2024-11-22', 5, '2025-01-01', 'x');
SELECT is(count(*), 0::bigint, 'the backup is not') FROM segment.change_queue;
DROP TABLE shop_backup;
SELECT is_empty($$SELECT m.name FROM mode m, segment.refresh(m.name) r WHERE r.refreshed <> '2024-11-21'$$, 'nor missed when it is dropped');
CREATE VIEW shop_view AS TABLE shop;
SELECT is(segment.new_version('all', source => 'shop_view'), 2, 'a version may read another relation');
DROP VIEW shop_view;

-- Columns and relations that go away
CREATE FUNCTION refused(state text, said text) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT m.name || coalesce(r.mode, '') || ': ' || coalesce(s.state || ' ' || s.message, 'nothing') FROM mode m CROSS JOIN (VALUES (NULL), (', read => ''all'''), (', read => ''nothing''')) r (mode)
  CROSS JOIN said(format('SELECT segment.refresh(%L%s)', m.name, r.mode)) s
  WHERE NOT (m.name = 'all' AND r.mode ~ 'nothing') AND (s.state IS DISTINCT FROM refused.state OR strpos(s.message, refused.said) = 0 OR s.hint !~ 'new_version|view')
$$;
ALTER TABLE shop RENAME COLUMN c TO customer;
SELECT lives_ok($$INSERT INTO shop VALUES (9004, 1, '2024-11-23', 5, '2025-01-02', 'x')$$, 'a renamed column stops no writer');
SELECT lives_ok($$UPDATE shop SET customer = 2 WHERE o = 9004; DELETE FROM shop WHERE o = 3$$, 'nor other writes');
SELECT is_empty($$SELECT refused('42703', 'column "c" of public.shop does not exist')$$, 'every refresh says which column is gone');
SET client_min_messages = error;
SELECT is(count(*), 50::bigint, 'who looks at now sees what is stored') FROM segment.customer_now WHERE segmentation = 'live' AND NOT is_live;
SET client_min_messages = warning;
ALTER TABLE shop RENAME COLUMN customer TO c;
SELECT is_empty($$SELECT m.name, r.refreshed FROM mode m, segment.refresh(m.name) r WHERE r.refreshed <> '2024-11-23'$$, 'once it is back, nothing was lost');
SELECT is_empty($$SELECT m.name FROM mode m WHERE m.name NOT IN ('column', 'tombstones') AND (SELECT p.orders FROM segment.customer_profile p WHERE p.segmentation = m.name AND p.customer_id = '3' AND p.is_latest) <> 9$$,
  'of deletes neither, where they are seen');
ALTER TABLE shop RENAME COLUMN a TO paid;
SELECT is_empty($$SELECT refused('42703', 'column "a" of public.shop does not exist')$$, 'an amount that is gone');
SELECT is(segment.new_version(m.name, amount => 'paid'), CASE m.name WHEN 'all' THEN 3 ELSE 2 END, 'the way out of ' || m.name) FROM mode m WHERE m.name IN ('all', 'triggers');
SELECT segment.activate_version('all', 3), segment.activate_version('triggers', 2);
SELECT is((segment.refresh(name)).customers, 50::bigint, 'leads on') FROM unnest('{all,triggers}'::text[]) AS name;
ALTER TABLE shop RENAME COLUMN paid TO a;
SELECT segment.activate_version('all', 1), segment.activate_version('triggers', 1);
ALTER TABLE shop ALTER COLUMN c TYPE numeric;
SELECT is_empty($$SELECT refused('42804', 'column "c" of public.shop cannot identify customers')$$, 'a type that cannot identify any more');
DROP TABLE shop CASCADE;
SELECT is_empty($$SELECT refused('42P01', 'does not exist: public.shop')$$, 'a source that is gone');

-- Rows that no aggregate takes: the writer is not stopped, the refresh leaves them out and counts them, whether it reads all or changes.
CREATE TABLE odd (c int, at timestamp, a numeric);
INSERT INTO odd SELECT g % 300, timestamp '2025-01-01' + g % 300 * interval '1 day', g % 89 FROM generate_series(1, 3000) g;
SELECT segment.create_segmentation('odd ' || m.name, 'odd', 'c', 'at', 'a', changes => way(m.name)) FROM mode m WHERE m.name IN ('all', 'ledgers', 'live');
SELECT segment.refresh('odd ' || m.name, '2025-12-31') FROM mode m WHERE m.name IN ('all', 'ledgers', 'live');
CREATE TABLE without AS SELECT customer_id, orders, revenue FROM segment.customer_profile WHERE segmentation = 'odd all';
INSERT INTO odd VALUES (1, '2025-12-30', 'NaN'), (1, 'infinity', 1), (1, '-infinity', 1), (2, '2025-12-30', 1e40), (2, '2025-12-30', 1.123456789012345678901234567), (2, '2999-12-30', 1),
  (3, '2025-12-30', '-Infinity'), (NULL, '2025-12-30', 'NaN'), (NULL, '2025-12-30', 7), (3, '2025-12-30', NULL);
SELECT results_eq($$SELECT customer_id COLLATE "default", orders, revenue FROM segment.customer_now WHERE segmentation = 'odd live' AND is_live ORDER BY 1$$,
  $$SELECT customer_id COLLATE "default", orders, revenue FROM without WHERE customer_id IN ('1', '2', '3') ORDER BY 1$$, 'odd rows stop no look at now');
SELECT is_empty($$SELECT customer_id FROM segment.verify('odd live')$$, 'nor a verification');
SELECT is_empty($$SELECT m.name, r.refreshed FROM mode m, segment.refresh('odd ' || m.name, '2025-12-31') r WHERE m.name IN ('all', 'ledgers', 'live') AND r.customers <> 300$$, 'odd rows stop no refresh');
SELECT is_empty($$(SELECT s.name, w.* FROM segment.segmentation s, without w WHERE s.name ~ '^odd ' EXCEPT SELECT segmentation, customer_id, orders, revenue FROM segment.customer_profile)$$, 'and change nothing');
SELECT results_eq($$SELECT DISTINCT check_name, rows, severity FROM segment.data_quality WHERE segmentation ~ '^odd ' AND check_name IN ('amounts that are no number', 'amounts that are out of range', 'infinite times') ORDER BY 1$$,
  $$VALUES ('amounts that are no number', 3::bigint, 'error'), ('amounts that are out of range', 2, 'error'), ('infinite times', 2, 'error')$$, 'all of them are counted');
SELECT results_eq($$SELECT DISTINCT unknown_rows, unknown_amount FROM segment.snapshot WHERE segmentation ~ '^odd '$$, $$VALUES (1::bigint, 7::numeric)$$, 'the line of unknown customers has none of them');
SELECT is_empty($$SELECT m.name FROM mode m, segment.refresh('odd ' || m.name, read => 'all') r WHERE m.name IN ('all', 'ledgers', 'live') AND r.refreshed <> '2025-12-30'$$, 'nor is any of them the last order');

-- Names that were found by the search path are kept whole.
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.orders AS SELECT g % 5 AS c, date '2025-01-01' + g AS d, 1 AS a FROM generate_series(1, 50) g;
SET search_path = public, elsewhere;
SELECT segment.create_segmentation('found', 'orders', 'c', 'd', 'a');
SET search_path = public;
SELECT is((segment.refresh('found')).customers, 5::bigint, 'a source is found from another path');
SELECT is(source, 'elsewhere.orders', 'by its whole name') FROM segment.segmentation_version WHERE segmentation = 'found';
CREATE TEMP TABLE passing AS TABLE elsewhere.orders;
SELECT throws_ok($$SELECT segment.create_segmentation('x', 'passing', 'c', 'd', 'a')$$, '0A000', NULL, 'a temporary table is none');

-- A schema that only the segmentation's owner may use; rights that are taken away again
CREATE ROLE segment_test_declarer;
SELECT segment.grant_segmentation('segment_test_declarer');
CREATE SCHEMA hidden;
CREATE TABLE hidden.orders AS SELECT g % 5 AS c, timestamp '2025-01-01' + g * interval '1 day' AS d, 1 AS a, now()::timestamp AS changed FROM generate_series(1, 50) g;
CREATE TABLE hidden.out AS SELECT 3 AS c;
GRANT EXECUTE ON FUNCTION way(text, name), said(text) TO segment_test_declarer;
GRANT USAGE ON SCHEMA hidden TO segment_test_declarer;
GRANT SELECT ON hidden.out, public.gone, public.mode TO segment_test_declarer;
GRANT TRIGGER ON hidden.orders TO segment_test_declarer;
SET ROLE segment_test_declarer;
SELECT results_eq($$SELECT state, message, hint FROM said($q$SELECT segment.create_segmentation('x', 'hidden.orders', 'c', 'd', 'a')$q$)$$,
  $$VALUES ('42501', 'role "segment_test_declarer" may not read hidden.orders', 'Ask the owner of the relation for: GRANT SELECT (c, d, a) ON hidden.orders TO segment_test_declarer.')$$, 'what may not be read is said with the way out');
RESET ROLE;
GRANT SELECT (c, d, a, changed) ON hidden.orders TO segment_test_declarer;
SET ROLE segment_test_declarer;
SELECT is_empty($$SELECT m.name, s.state, s.message FROM mode m, said(format('SELECT segment.create_segmentation(%L, ''hidden.orders'', ''c'', ''d'', ''a'', changes => way(%L), privacy => segment.privacy(''hidden.out''))', 'hidden ' || m.name, m.name)) s
  WHERE s.state IS NOT NULL$$, 'what may be read is declared in every mode');
SELECT is_empty($$SELECT m.name, r.customers FROM mode m, segment.refresh('hidden ' || m.name) r WHERE r.customers <> 4$$, 'and refreshed');
SELECT is_empty($$SELECT m.name, r.customers FROM mode m, segment.refresh('hidden ' || m.name) r WHERE r.customers <> 4$$, 'again');
RESET ROLE;
REVOKE SELECT (a) ON hidden.orders FROM segment_test_declarer;
SET ROLE segment_test_declarer;
SELECT is_empty($$SELECT m.name, s.state, s.message FROM mode m, said(format('SELECT segment.refresh(%L)', 'hidden ' || m.name)) s
  WHERE s.state IS DISTINCT FROM '42501' OR s.hint NOT LIKE '%GRANT SELECT (a) ON hidden.orders TO segment_test_declarer.'$$, 'a right that was taken away is named, in every mode');
RESET ROLE;

-- A source whose own functions call us, as its owner, while it is read: what the refresh writes for is taken away.
CREATE TABLE calls (call text);
CREATE FUNCTION calling(customer int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  next text;
BEGIN
  DELETE FROM public.calls RETURNING call INTO next;
  IF FOUND THEN
    EXECUTE next;
  END IF;
  RETURN customer;
END
$$;
CREATE TABLE called (c int, d date, a numeric);
INSERT INTO called SELECT g % 50, date '2024-01-01' + g % 300, 10 FROM generate_series(1, 500) g;
CREATE VIEW calling AS SELECT public.calling(c) AS c, d, a FROM called;
SELECT segment.create_segmentation('calling ' || m, 'calling', 'c', 'd', 'a', changes => way(m)) FROM unnest('{all,ledgers}'::text[]) m;
SELECT is(count(segment.refresh('calling ' || m, '2024-11-01')), 2::bigint, 'a view whose function could call') FROM unnest('{all,ledgers}'::text[]) m;
INSERT INTO calls SELECT 'SELECT segment.drop_segmentation(''calling all'')';
SELECT is(s.state || ' ' || s.message, '55000 segmentation "calling all" was changed by its own refresh', 'it drops what is refreshed') FROM said($$SELECT segment.refresh('calling all', '2024-11-02')$$) s;
DELETE FROM calls;
INSERT INTO calls SELECT 'SELECT segment.drop_segmentation(''calling ledgers'')';
SELECT is(s.state || ' ' || s.message, '55000 segmentation "calling ledgers" was changed by its own refresh', 'with ledgers too') FROM said($$SELECT segment.refresh('calling ledgers', '2024-11-02')$$) s;
DELETE FROM calls;
SELECT is_empty($$SELECT m, v.* FROM unnest('{all,ledgers}'::text[]) m, segment.verify('calling ' || m) v$$, 'all is as before');

SELECT * FROM finish();
ROLLBACK;
