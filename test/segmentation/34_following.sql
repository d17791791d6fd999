-- 34_following.sql: changes are found whatever way they come, or all orders are read; a writer is never refused for our reasons
\ir ../lib/begin.sql
SELECT plan(42);
SET client_min_messages = error;

CREATE FUNCTION why(name text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(r.details ->> 'because', 'read: ' || r.source_rows) FROM segment.segmentation_run r WHERE r.segmentation = $1 AND action = 'refresh' ORDER BY run_at DESC LIMIT 1
$$;
CREATE FUNCTION read_all(name text) RETURNS text LANGUAGE sql AS $$
  SELECT r.details ->> 'read_all' FROM segment.segmentation_run r WHERE r.segmentation = $1 AND action = 'refresh' ORDER BY run_at DESC LIMIT 1
$$;
-- What is stored is what a segmentation that reads all orders says.
CREATE FUNCTION differs(name text, day date DEFAULT '2025-12-31') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE v segment.segmentation_version; n bigint;
BEGIN
  SELECT * INTO v FROM segment.segmentation_version s WHERE s.segmentation = name;
  PERFORM segment.refresh(name, day);
  PERFORM segment.create_segmentation('all of ' || name, v.source::regclass, v.customer, v.at, v.amount), segment.refresh('all of ' || name, day);
  SELECT count(*) INTO n FROM (SELECT customer_id, orders, revenue, recency_days FROM segment.customer_profile WHERE segmentation = name AND as_of = day) a
  FULL JOIN (SELECT customer_id, orders, revenue, recency_days FROM segment.customer_profile WHERE segmentation = 'all of ' || name AND as_of = day) b USING (customer_id)
  WHERE a IS DISTINCT FROM b;
  PERFORM segment.drop_segmentation('all of ' || name);
  RETURN n;
END
$$;

-- A plain table
CREATE TABLE plain (c int, d date, a numeric);
INSERT INTO plain SELECT g % 50, date '2025-01-01' + g % 300, 10 FROM generate_series(1, 500) g;
SELECT segment.create_segmentation('plain', 'plain', 'c', 'd', 'a', changes => segment.by_triggers());
SELECT segment.refresh('plain', '2025-12-31');
INSERT INTO plain VALUES (7, '2025-12-01', 99);
SELECT is(differs('plain'), 0::bigint, 'an insert');
SELECT is(read_all('plain'), 'false', 'does not read all');
SET session_replication_role = replica;
INSERT INTO plain VALUES (8, '2025-12-01', 99);
UPDATE plain SET c = 9 WHERE c = 10;
RESET session_replication_role;
SELECT is(differs('plain'), 0::bigint, 'session_replication_role = replica');
ALTER TABLE plain DISABLE TRIGGER USER;
INSERT INTO plain VALUES (11, '2025-12-01', 99);
ALTER TABLE plain ENABLE TRIGGER USER;
SELECT is(differs('plain'), 0::bigint, 'triggers that were off for a time');
SELECT is(why('plain'), 'triggers were missing or not enabled always on public.plain', 'it is said');
INSERT INTO plain VALUES (11, '2025-12-01', 99);
SELECT segment.refresh('plain', '2025-12-31');
SELECT is(read_all('plain'), 'false', 'they are whole again');
ALTER TABLE plain ALTER COLUMN a TYPE numeric USING a * 2;
SELECT is(differs('plain'), 0::bigint, 'values written anew by ALTER TABLE');
SELECT is(why('plain'), 'tables of the source were attached, detached or written anew', 'it is said');
TRUNCATE plain;
INSERT INTO plain VALUES (1, '2025-12-01', 99);
SELECT is(differs('plain'), 0::bigint, 'TRUNCATE');
MERGE INTO plain p USING (VALUES (1), (2)) s (c) ON s.c = p.c WHEN MATCHED THEN UPDATE SET a = 1 WHEN NOT MATCHED THEN INSERT VALUES (s.c, '2025-12-02', 5);
INSERT INTO plain SELECT g, '2025-12-03', 1 FROM generate_series(3, 6) g;
DELETE FROM plain WHERE c = 3;
SELECT is(differs('plain'), 0::bigint, 'MERGE, many rows, DELETE');
SELECT tgname AS trigger FROM pg_trigger WHERE tgrelid = 'plain'::regclass AND tgname LIKE '%rows' \gset
DROP TRIGGER :"trigger" ON plain;
INSERT INTO plain VALUES (4, '2025-12-04', 1);
SELECT is(differs('plain'), 0::bigint, 'a trigger that its table''s owner drops');

-- Columns
CREATE TABLE renamed (gone int, c int, d date, a numeric);
ALTER TABLE renamed DROP COLUMN gone;
INSERT INTO renamed SELECT g % 20, '2025-05-05', 1 FROM generate_series(1, 60) g;
SELECT segment.create_segmentation('renamed', 'renamed', 'c', 'd', 'a', changes => segment.by_triggers());
SELECT segment.refresh('renamed', '2025-12-31');
ALTER TABLE renamed RENAME c TO customer;
SELECT lives_ok($$INSERT INTO renamed VALUES (1, '2025-06-01', 5)$$, 'a renamed column stops no writer');
SELECT throws_ok($$SELECT segment.refresh('renamed', '2025-12-31')$$, '42703', NULL, 'refresh says so');
ALTER TABLE renamed RENAME customer TO c;
SELECT is(differs('renamed'), 0::bigint, 'back again, what was written meanwhile is found');
ALTER TABLE renamed DROP COLUMN c;
SELECT lives_ok($$INSERT INTO renamed VALUES ('2025-06-01', 5)$$, 'a dropped column stops no writer');
SELECT lives_ok($$SELECT segment.drop_segmentation('renamed')$$, 'the segmentation can be dropped');

-- Ids of every type that stands for itself, as text
CREATE TYPE grade AS ENUM ('a', 'B''', 'c c');
CREATE DOMAIN code AS char(6);
CREATE TABLE typed (i2 smallint, i8 bigint, n numeric(8, 2), u uuid, day date, e grade, b bytea, v varchar(9), c code, t text, d date, a numeric);
SELECT segment.create_segmentation(col, 'typed', col::name, 'd', 'a', changes => segment.by_triggers()), segment.refresh(col, '2025-12-31') FROM unnest('{i2,i8,n,u,day,e,b,v,c,t}'::text[]) col;
SET DateStyle = 'German, DMY';
SET bytea_output = 'escape';
INSERT INTO typed VALUES (-3, 9007199254740993, 1.5, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '2025-02-03', 'B''', '\x00ff', 'x y', 'ab', E'l\u00e4\n', '2025-06-01', 4);
RESET DateStyle;
RESET bytea_output;
SELECT is(string_agg(concat(l.segmentation, ' ', q.customer), '|' ORDER BY l.segmentation),
  E'b \\x00ff|c ab|day 2025-02-03|e B''|i2 -3|i8 9007199254740993|n 1.50|t l\u00e4\n|u a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|v x y',
  'ids are queued as they are stored, whatever the session''s settings')
FROM segment.change_queue q JOIN segment.ledger_set l ON l.id = q.ledger_set WHERE NOT q.everything;
SELECT is(sum(differs(col))::int, 0, 'and found') FROM unnest('{i2,i8,n,u,day,e,b,v,c,t}'::text[]) col;
ALTER TABLE typed ALTER i8 TYPE double precision;
SELECT lives_ok($$INSERT INTO typed (i8, d, a) VALUES (1.5, '2025-06-01', 5)$$, 'a column of another type stops no writer');
SELECT is(count(*), 1::bigint, 'everything is to be read') FROM segment.change_queue q JOIN segment.ledger_set l ON l.id = q.ledger_set WHERE l.segmentation = 'i8' AND q.everything;
INSERT INTO typed (d, a) VALUES ('2025-06-01', 5), ('2025-06-02', 5);
SELECT is(count(*), 2::bigint, 'rows without a customer, once for each of two statements') FROM segment.change_queue q JOIN segment.ledger_set l ON l.id = q.ledger_set WHERE l.segmentation = 't' AND q.customer IS NULL AND NOT q.everything;

-- More ids than fit into the memory of a statement
CREATE TABLE many (c int, d date, a numeric);
SELECT segment.create_segmentation('many', 'many', 'c', 'd', 'a', changes => segment.by_triggers()), segment.refresh('many', '2025-12-31');
SET work_mem = '64kB';
INSERT INTO many SELECT g, '2025-06-01', 1 FROM generate_series(1, 20000) g;
RESET work_mem;
SELECT is(count(*) FILTER (WHERE everything) || ' ' || (count(*) < 20000), '1 true', 'more ids than fit into work_mem: everything is to be read') FROM segment.change_queue q JOIN segment.ledger_set l ON l.id = q.ledger_set WHERE l.segmentation = 'many';
SELECT is(differs('many'), 0::bigint, 'and is found');

-- Partitions of two levels, made, attached and detached at any time
CREATE TABLE parts (c int, d date, a numeric) PARTITION BY RANGE (d);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2025-07-01') PARTITION BY LIST (c);
CREATE TABLE parts_1_0 PARTITION OF parts_1 FOR VALUES IN (0, 1, 2, 3, 4);
CREATE TABLE parts_1_x PARTITION OF parts_1 DEFAULT;
INSERT INTO parts SELECT g % 9, date '2025-01-01' + g, 1 FROM generate_series(1, 90) g;
SELECT segment.create_segmentation('parts', 'parts', 'c', 'd', 'a', changes => segment.by_triggers()), segment.refresh('parts', '2025-12-31');
INSERT INTO parts_1_0 VALUES (3, '2025-02-02', 7);
UPDATE parts SET c = 8 WHERE c = 2;
SELECT is(differs('parts'), 0::bigint, 'a row into a leaf, rows from one leaf to another');
SELECT is(read_all('parts'), 'false', 'without reading all');
CREATE TABLE parts_2 (a numeric, d date, c int);
INSERT INTO parts_2 VALUES (70, '2025-08-01', 50), (70, '2025-08-01', 3);
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM ('2025-07-01') TO ('2026-01-01');
SELECT is(differs('parts'), 0::bigint, 'a partition attached, with its rows');
INSERT INTO parts_2 (c, d, a) VALUES (4, '2025-08-02', 7);
SELECT is(differs('parts'), 0::bigint, 'and what is written to it, whose columns are in another order');
SELECT is(read_all('parts'), 'false', 'without reading all');
ALTER TABLE parts DETACH PARTITION parts_2;
INSERT INTO parts_2 (c, d, a) VALUES (4, '2025-08-02', 7000);
SELECT is(differs('parts'), 0::bigint, 'a partition detached');
SELECT is_empty($$SELECT FROM pg_trigger WHERE tgrelid = 'parts_2'::regclass$$, 'which keeps no trigger');
TRUNCATE parts_1_x;
SELECT is(differs('parts'), 0::bigint, 'TRUNCATE of a leaf');
DROP TABLE parts_1_x;
SELECT is(differs('parts'), 0::bigint, 'a leaf dropped');

-- Inheritance
CREATE TABLE parent (c int, d date, a numeric);
CREATE TABLE child () INHERITS (parent);
INSERT INTO parent SELECT g % 9, date '2025-01-01' + g, 1 FROM generate_series(1, 90) g;
SELECT segment.create_segmentation('parent', 'parent', 'c', 'd', 'a', changes => segment.by_triggers()), segment.refresh('parent', '2025-12-31');
INSERT INTO child VALUES (100, '2025-02-02', 7);
SELECT is(differs('parent'), 0::bigint, 'rows of a child');
SELECT is(read_all('parent'), 'false', 'without reading all');
CREATE TABLE late_child () INHERITS (child);
INSERT INTO late_child VALUES (101, '2025-02-02', 7);
SELECT is(differs('parent'), 0::bigint, 'a child made later');
UPDATE late_child SET a = 8;
SELECT is(differs('parent'), 0::bigint, 'is followed');
ALTER TABLE child NO INHERIT parent;
SELECT is(differs('parent'), 0::bigint, 'children that are none any more');

-- A table where the owner of the extension's tables may not look
CREATE SCHEMA private;
CREATE TABLE private.sales (c int, d date, a numeric);
INSERT INTO private.sales SELECT g % 9, date '2025-01-01' + g, 1 FROM generate_series(1, 90) g;
SELECT segment.create_segmentation('private', 'private.sales', 'c', 'd', 'a', changes => segment.by_triggers()), segment.refresh('private', '2025-12-31');
INSERT INTO private.sales VALUES (100, '2025-02-02', 7);
SELECT is(differs('private') || ' ' || read_all('private'), '0 false', 'a table in a schema that is closed to others');
SELECT is(rows > 0, true, 'forget reaches it') FROM segment.forget('100') WHERE table_name = 'segment.customer_ledger';

-- Triggers left behind queue nothing; the segmentation takes its triggers with it.
SELECT id AS set FROM segment.ledger_set WHERE segmentation = 'parent' \gset
SELECT segment.drop_segmentation('parent');
SELECT is_empty($$SELECT FROM pg_trigger WHERE tgrelid IN ('parent'::regclass, 'child'::regclass, 'late_child'::regclass)$$, 'dropped with the segmentation');
CREATE TABLE stray (c int);
CREATE TRIGGER r AFTER INSERT ON stray FOR EACH ROW EXECUTE FUNCTION segment_internal.queue_changes(:set, 'c');
INSERT INTO stray VALUES (1);
SELECT is(count(*), 0::bigint, 'a trigger for a ledger set that is gone queues nothing') FROM segment.change_queue WHERE ledger_set = :set;

-- Whoever is erased is queued no more.
SELECT id AS set FROM segment.ledger_set WHERE segmentation = 'plain' \gset
SELECT sum(rows) > 0 AS found FROM segment.forget('5');
INSERT INTO plain VALUES (5, '2025-12-05', 1), (6, '2025-12-05', 1);
UPDATE plain SET c = 5 WHERE c = 6;
SELECT is(string_agg(DISTINCT concat(customer, ' ', everything), '|'), '6 f', 'an erased customer is not queued') FROM segment.change_queue WHERE ledger_set = :set;

SELECT * FROM finish();
ROLLBACK;
