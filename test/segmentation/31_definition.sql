-- 31_definition.sql: the printed SQL gives the stored rows, for any mix of options, sources and names
\ir ../lib/begin.sql
SELECT plan(13);

-- A source with names that must be quoted, in a schema that is not in the path
CREATE SCHEMA "Odd ""Shop";
CREATE TABLE "Odd ""Shop"."Order Lines; --" (
  "Kunde's ID" text, "At" timestamptz, "day" date, "local" timestamp, "select" numeric, units int, price float8, "Order" bigint, "%I" text, "\x" text, "order by 1; DROP TABLE x" bool);
INSERT INTO "Odd ""Shop"."Order Lines; --"
SELECT CASE WHEN g % 37 <> 0 THEN (ARRAY['a''', '"b"', '%s', '\', ' '])[1 + g % 5] || g % 113 END, timestamptz '2025-01-01 00:30+00' + g * interval '157 minutes',
       date '2025-01-01' + g / 9, timestamp '2025-01-01 00:30' + g * interval '157 minutes', (g * 7919 % 9973 - 800) / 100.0, g % 7, g % 11 / 7.0, g / 2,
       (ARRAY['it''s', 'a"b', NULL, '', '$$'])[1 + g % 113 % 5], (ARRAY['web', 'store'])[1 + g % 3 % 2], g % 4 <> 0
FROM generate_series(1, 3000) g;
CREATE VIEW "a view" AS SELECT * FROM "Odd ""Shop"."Order Lines; --" WHERE units >= 0;
CREATE MATERIALIZED VIEW "a ""matview""" AS TABLE "a view";
CREATE TABLE parts (LIKE "Odd ""Shop"."Order Lines; --") PARTITION BY RANGE ("day");
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (MINVALUE) TO ('2025-06-01');
CREATE TABLE parts_2 PARTITION OF parts DEFAULT;
INSERT INTO parts TABLE "a view";
CREATE TABLE "Opt Out" ("Who?" text);
INSERT INTO "Opt Out" VALUES ('a''5'), ('"b"6'), (NULL);

-- The same source as a file, read by a foreign table
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
SELECT format('/tmp/segment_%s.csv', pg_backend_pid()) AS file \gset
COPY (TABLE "a view") TO :'file' (FORMAT csv);
SELECT format('CREATE FOREIGN TABLE "foreign" (%s) SERVER files OPTIONS (filename %L, format ''csv'')',
  string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum), :'file') AS create_foreign
FROM pg_attribute WHERE attrelid = '"a view"'::regclass AND attnum > 0 \gset
:create_foreign;

-- Random options; the seed is fixed, so that a failure can be looked at.
CREATE FUNCTION pick(VARIADIC choices text[]) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT choices[1 + floor(random() * cardinality(choices))::int]';
CREATE FUNCTION declare(name text) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE
  at text := pick('At', 'day', 'local');
  market text := pick('%I', NULL);
  scheme text := pick('standard', 'classic', 'grid', 'quartiles');
  label text := CASE pick('scheme', 'scheme', 'clusters', 'tiers')
    WHEN 'clusters' THEN format('segment.by_clusters(%s, names => %L)', pick('2', '3'), ARRAY['O''Neill', '"x"'])
    WHEN 'tiers' THEN format('segment.by_value_tiers(%s)', pick('2', '3')) ELSE format('segment.by_scheme(%L)', scheme) END;
  call text := format('SELECT segment.create_segmentation(%L, %L, %L, %L, %L', name,
    pick('"Odd ""Shop"."Order Lines; --"', '"a view"', '"a ""matview"""', 'parts', '"foreign"'), 'Kunde''s ID', at, pick('select', 'units', 'price'));
BEGIN
  call := call || format(', order_id => %L, market => %L, channel => %L', pick('Order', NULL), market, pick('\x', NULL))
    || format(', filter => %L', pick(NULL, E'o.units > 1 -- no gifts', '"order by 1; DROP TABLE x"', '"%I" IS DISTINCT FROM ''$$'' /* ; */', '"Kunde''s ID" LIKE ''%1%'' AND "select" <> 0'))
    || format(', label => %s, scores => segment.rfm_scores(%L, %L, %L, %s)', label, pick('frozen', 'floating'), pick('quantile', 'equal_width'), pick('total', 'average'),
              CASE WHEN market IS NULL THEN 'NULL' ELSE pick('1', '20', '1000', 'NULL') END)
    || format(', days => segment.calendar(%L, look_back_days => %s)', pick('UTC', 'Asia/Tokyo', 'America/Caracas', 'Australia/Lord_Howe'),
              CASE WHEN label LIKE '%by_scheme%' THEN pick('NULL', '30', '90') ELSE 'NULL' END)
    || CASE WHEN random() < 0.5 THEN ', privacy => segment.privacy(opt_out => ''"Opt Out"'', opt_out_customer => ''Who?'')' ELSE '' END || ')';
  EXECUTE call;
  RETURN call;
END
$f$;

-- Rows of the printed SQL against the stored ones; NULL if equal.
CREATE FUNCTION difference(name text, day date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
  found bigint;
BEGIN
  EXECUTE format('WITH printed AS (SELECT customer_id::text, as_of, market, recency_days, orders, revenue, first_order_on, last_order_on, rfm_code, segment_name, segment_sort FROM (%s) d), '
    'stored AS (SELECT customer_id, as_of, market, recency_days, orders, revenue, first_order_on, last_order_on, rfm_code, segment_name, segment_sort '
    '           FROM segment.customer_profile WHERE segmentation = %L AND as_of = %L) '
    'SELECT (SELECT count(*) FROM ((TABLE printed EXCEPT ALL TABLE stored) UNION ALL (TABLE stored EXCEPT ALL TABLE printed)) x), (SELECT count(*) FROM stored)',
    segment.definition(name, day), name, day) INTO n, found;
  RETURN CASE WHEN n > 0 THEN n || ' rows differ' WHEN found = 0 THEN 'no rows' END;
END
$$;
SET client_min_messages = error; -- small random data do not determine every model
SELECT setseed(0.42);
CREATE TEMP TABLE tried AS
SELECT name, declare(name) AS call
FROM (SELECT 'definition ' || g || (ARRAY['', '''', '"', E'\n; DROP TABLE parts; --', '%s', '\'])[1 + g % 6] AS name FROM generate_series(1, 60) g) x;
SELECT is(count(*), 60::bigint, 'sixty random segmentations') FROM tried;
CREATE TEMP TABLE refreshed AS SELECT name, call, r.* FROM tried, segment.refresh(name, '2025-07-31') r;
SELECT is_empty($$SELECT call, difference(name, '2025-07-31') FROM tried WHERE difference(name, '2025-07-31') IS NOT NULL$$, 'each printed SQL gives the stored rows');
SELECT is(count(*), 15::bigint, 'a later day of some') FROM (SELECT name FROM tried ORDER BY name LIMIT 15) t, segment.refresh(name, '2025-09-30');
SELECT is_empty($$SELECT t.call, difference(t.name, as_of) FROM tried t JOIN segment.published_snapshot p ON p.segmentation = t.name AND p.as_of = '2025-09-30'
  WHERE difference(t.name, as_of) IS NOT NULL$$, 'and that of theirs');

-- Settings of the session change nothing.
CREATE TEMP TABLE printed AS SELECT name, segment.definition(name, '2025-07-31') AS sql FROM tried;
SET TimeZone = 'Pacific/Apia'; SET DateStyle = 'SQL, DMY'; SET extra_float_digits = -5; SET IntervalStyle = sql_standard; SET search_path = pg_catalog, public; SET standard_conforming_strings = on; SET bytea_output = escape;
SELECT is_empty($$SELECT t.name FROM tried t JOIN printed p USING (name) WHERE segment.definition(t.name, DATE '2025-07-31') <> p.sql$$, 'the printed SQL is the same under other settings');
SELECT is_empty($$SELECT call FROM tried WHERE public.difference(name, DATE '2025-07-31') IS NOT NULL$$, 'and so are its rows');
RESET ALL; SET client_min_messages = error; SET search_path = public;
SELECT is_empty($$SELECT call FROM tried WHERE (segment.refresh(name, '2025-07-31')).customers <> (SELECT customers FROM refreshed r WHERE r.name = tried.name)$$, 'nor do refreshes change');

-- Hostile text stays text.
SELECT is((SELECT count(*) FROM parts), (SELECT count(*) FROM "a view"), 'no table was dropped');
SELECT is_empty($$SELECT name FROM tried WHERE segment.definition(name) !~ '^(--[^\n]*\n)+WITH '$$, 'a name can not leave its comment');
SELECT throws_ok(format('SELECT segment.create_segmentation(''x'', ''parts'', %L, ''At'', ''units'')', c), '42703', NULL, 'customer ' || c)
FROM unnest(ARRAY['"Kunde''s ID"', '1) FROM parts; --', 'Kunde''s ID::int']) c;
SELECT throws_ok($$SELECT segment.create_segmentation('x', 'parts', 'Kunde''s ID', 'At', 'units', scores => segment.rfm_scores(method => 'quantile'', 5) --'))$$, '22023', NULL, 'a method that is none');
DO $$BEGIN EXECUTE format('COPY (SELECT) TO %L', '/tmp/segment_' || pg_backend_pid() || '.csv'); END$$;

SELECT * FROM finish();
ROLLBACK;
