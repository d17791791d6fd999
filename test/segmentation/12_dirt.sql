-- 12_dirt.sql: preflight finds what lies between rows and in ids, and nothing that is not there; refresh tells of currencies
\ir ../lib/begin.sql
SELECT plan(23);
CREATE FUNCTION pg_temp.warnings(source regclass, customer name, amount name, order_id name) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(check_name || ' ' || rows, ', ' ORDER BY check_name COLLATE "C"), 'none') FROM segment.preflight(source, customer, 'd', amount, order_id) WHERE severity IN ('warning', 'error')
$$;

-- Loaded twice under new ids: with order ids, without, by uuid, and not where lines differ or no column is an id
CREATE TABLE twice (event int, o int, c int, d date, a numeric);
INSERT INTO twice VALUES (1, 100, 1, '2025-01-01', 20), (2, 100, 1, '2025-01-01', 20), (3, 101, 2, '2025-01-02', 15), (4, 102, 2, '2025-01-03', 15), (5, 102, 2, '2025-01-03', 16);
SELECT is(pg_temp.warnings('twice', 'c', 'a', 'o'), 'rows repeated under new ids 1', 'an event twice');
SELECT is(count(*), 1::bigint, 'the SQL shows it') FROM segment.preflight('twice', 'c', 'd', 'a', 'o') f WHERE f.check_name = 'rows repeated under new ids' AND f.sql LIKE 'SELECT o.o, o.c, o.d, o.a, count(*)%';
ALTER TABLE twice ADD line uuid; UPDATE twice SET line = gen_random_uuid();
SELECT is(pg_temp.warnings('twice', 'c', 'a', 'o'), 'rows repeated under new ids 1', 'under two new ids');
ALTER TABLE twice DROP line, ADD note json;
SELECT is(pg_temp.warnings('twice', 'c', 'a', 'o'), 'rows repeated under new ids 1', 'beside a column that cannot be compared');
CREATE VIEW once AS SELECT * FROM twice WHERE event <> 2;
SELECT is(pg_temp.warnings('once', 'c', 'a', 'o'), 'none', 'loaded once');

-- One address of many people, at any number of customers
CREATE TABLE shared (o int, c text, d date, a numeric);
INSERT INTO shared SELECT g, CASE WHEN g <= 90 THEN 'orders@marketplace.example' ELSE 'c' || g % 700 END, date '2025-01-01' + g % 300, 10 FROM generate_series(1, 2000) g;
SELECT is(pg_temp.warnings('shared', 'c', 'a', 'o'), 'customers with more than 1 % of the rows 1', 'a marketplace''s address');
CREATE VIEW few AS SELECT o, 'c' || o % 7 AS c, d, a FROM shared;
SELECT is(pg_temp.warnings('few', 'c', 'a', 'o'), 'none', 'seven customers with 14 % each');

-- Spellings and blanks
CREATE TABLE spelled (o int, c text, d date, a numeric);
INSERT INTO spelled VALUES (1, 'Mia@x.example', '2025-01-02', 10), (2, 'mia@x.example', '2025-02-02', 20), (3, ' mia@x.example', '2025-03-02', 30), (4, '', '2025-03-04', 100), (5, 'Unknown ', '2025-03-05', 100), (6, 'bo', '2025-03-05', 1);
SELECT is(pg_temp.warnings('spelled', 'c', 'a', 'o'), 'blank or placeholder customers 2, customers in several spellings 1', 'spellings and blanks');
SELECT is((SELECT f.sql FROM segment.preflight('spelled', 'c', 'd', 'a', 'o') f WHERE f.check_name = 'customers in several spellings') IS NOT NULL, true, 'with SQL');
CREATE VIEW clean AS SELECT o, nullif(nullif(lower(btrim(c)), ''), 'unknown') AS c, d, a FROM spelled;
SELECT is(pg_temp.warnings('clean', 'c', 'a', 'o'), 'rows without a customer 2', 'made one in a view, blanks NULL');

-- Refunds whose order is not there
CREATE TABLE orders (o int, status text, c text, d date, a numeric);
INSERT INTO orders VALUES (1, 'cancelled', 'ann', '2025-03-01', 120), (2, 'completed', 'ann', '2025-03-02', -120), (3, 'completed', 'bo', '2025-03-01', 50), (4, 'completed', 'bo', '2025-03-02', -50), (5, 'completed', 'cy', '2025-03-02', -9), (6, 'completed', 'cy', '2025-03-05', 9);
CREATE VIEW completed AS SELECT o, c, d, a FROM orders WHERE status = 'completed';
SELECT is(pg_temp.warnings('completed', 'c', 'a', 'o'), 'returns without a purchase before 2', 'the order was filtered out; a refund before the first purchase');
SELECT is(pg_temp.warnings('orders', 'c', 'a', 'o'), 'returns without a purchase before 1', 'all orders');

-- Totals on every line
CREATE TABLE totals (o int, line int, c int, d date, total numeric);
INSERT INTO totals SELECT o, l, o % 40, date '2025-01-01' + o % 90, 5 + o % 77 FROM generate_series(1, 200) o, generate_series(1, 1 + o % 4) l;
SELECT is(pg_temp.warnings('totals', 'c', 'total', 'o'), 'orders with one amount on every line 150', 'the total on every line');
SELECT is(pg_temp.warnings('totals', 'c', 'line', 'o'), 'none', 'lines of their own');

-- Numbers that are no money
CREATE TABLE noise (c int, d date, a numeric);
INSERT INTO noise VALUES (1, '2025-01-01', 12.64), (2, '2025-01-02', 0.0000000000000004440892), (3, '2025-01-03', 1e30), (4, '2025-01-04', 0.1000000000000000000000);
SELECT is(pg_temp.warnings('noise', 'c', 'a', NULL), 'amounts that are out of range 3, amounts with more than 6 decimals 1', 'float noise');
SELECT segment.create_segmentation('noise', 'noise', 'c', 'd', 'a');
SELECT segment.refresh('noise');
SELECT is(s.customers || ' ' || q.rows, '1 3', 'refresh leaves out what preflight told of, and counts it') FROM segment.snapshot s JOIN segment.data_quality q USING (segmentation)
WHERE segmentation = 'noise' AND check_name = 'amounts that are out of range';
CREATE VIEW rounded AS SELECT c, d, round(a, 2) AS a FROM noise WHERE a < 1e30;
SELECT is(pg_temp.warnings('rounded', 'c', 'a', NULL), 'none', 'rounded, as the hint says');

-- Currencies, whatever their column is called, at every refresh
CREATE TABLE money (c int, d date, a numeric, "orderCurrency" text, "order_CCY" char(3));
INSERT INTO money SELECT g % 20, date '2025-01-01' + g, g, 'EUR', 'EUR' FROM generate_series(1, 200) g;
SELECT segment.create_segmentation('money', 'money', 'c', 'd', 'a');
SELECT is(customers, 20::bigint, 'one currency') FROM segment.refresh('money', '2025-06-30');
SELECT is(severity || ' ' || rows, 'ok 1', 'is fine') FROM segment.data_quality WHERE segmentation = 'money' AND check_name = 'currencies' AND as_of = '2025-06-30';
UPDATE money SET "order_CCY" = 'USD' WHERE c = 3; UPDATE money SET "order_CCY" = 'GBP' WHERE c = 4;
SELECT is(customers, 20::bigint, 'three') FROM segment.refresh('money', '2025-07-01');
SELECT is(severity || ' ' || rows, 'warning 3', 'are told') FROM segment.data_quality WHERE segmentation = 'money' AND check_name = 'currencies' AND as_of = '2025-07-01';
SELECT is(pg_temp.warnings('money', 'c', 'a', NULL), 'currencies 3', 'by preflight too');
SELECT is(count(*), 0::bigint, 'no column is called like one') FROM segment.data_quality WHERE segmentation = 'noise' AND check_name = 'currencies';
SELECT finish();
ROLLBACK;
