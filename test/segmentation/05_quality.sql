-- 05_quality.sql: preflight and data_quality find the known dirt of Online Retail, and made-up dirt
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
SELECT plan(27);

CREATE VIEW lines AS SELECT *, quantity * unit_price AS amount FROM online_retail;
CREATE TEMP TABLE found AS SELECT * FROM segment.preflight('lines', 'customer_id', 'invoice_date', 'amount', 'invoice_no', 'country');
SELECT results_eq($$SELECT check_name, severity, rows FROM found WHERE check_name IN ('rows', 'rows without a customer', 'repeated rows',
    'zero amounts', 'orders in the future', 'customers of several markets', 'orders of several customers', 'rows without a time') ORDER BY check_name COLLATE "C"$$,
  $$VALUES ('customers of several markets', 'info', 8::bigint), ('orders in the future', 'ok', 0), ('orders of several customers', 'ok', 0),
    ('repeated rows', 'info', 5268), ('rows', 'ok', 541909), ('rows without a customer', 'warning', 135080), ('rows without a time', 'ok', 0),
    ('zero amounts', 'info', 2515)$$, 'Online Retail''s known dirt');
SELECT is(share, round(135080 / 541909.0, 6), 'with its share') FROM found WHERE check_name = 'rows without a customer';
SELECT is(count(*), 0::bigint, 'a row a check, each with the SQL that shows it') FROM found
WHERE sql IS NULL OR message IS NULL OR severity NOT IN ('ok', 'info', 'warning', 'error');
SELECT sql AS no_customer FROM found WHERE check_name = 'rows without a customer' \gset
CREATE TEMP TABLE shown AS :no_customer;
SELECT is(count(*), 135080::bigint, 'which does') FROM shown;

-- Stored by refresh, with the line of unknown customers
SELECT segment.create_segmentation('lines', 'lines', 'customer_id', 'invoice_date', 'amount', 'invoice_no', privacy => segment.privacy(max_unknown_share => 0.25));
SELECT is(customers, 4372::bigint, 'refreshed') FROM segment.refresh('lines');
SELECT is(count(*), 0::bigint, 'data_quality has preflight''s numbers') FROM segment.data_quality d JOIN found f USING (check_name) WHERE d.rows <> f.rows;
SELECT results_eq($$SELECT customers, revenue, segment_sort::int FROM segment.segment_summary WHERE segment_name = 'Unknown customer'$$,
  $$VALUES (NULL::bigint, 1447682.12, 1003)$$, 'rows without a customer are one line');
SELECT is(sum(revenue), 9747747.934, 'and all lines add up to the source') FROM segment.segment_summary;
SELECT is(customers, 33::bigint, 'customers with cancellations only') FROM segment.segment_summary WHERE segment_name = 'No orders';
UPDATE segment.segmentation SET max_unknown_share = 0.2;
SELECT throws_ok($$SELECT segment.refresh('lines')$$, '22000', NULL, 'the quality gate refuses to publish');

-- Made-up dirt
CREATE TABLE dirt (who text, at timestamptz, amount float8);
INSERT INTO dirt
SELECT 'c' || g, timestamptz '2025-01-01' + g * interval '1 hour', g FROM generate_series(1, 1000) g
UNION ALL SELECT 'guest', timestamptz '2025-02-01' + g * interval '1 minute', 5 FROM generate_series(1, 300) g
UNION ALL VALUES ('x', timestamptz '2999-01-01', 1::float8), ('x', '1900-01-01', 1), ('x', 'infinity', 1), ('x', NULL, 1), ('x', '2025-01-01', NULL),
                 ('x', '2025-01-01', 'NaN'), ('x', '2025-01-01', '-Infinity'), (NULL, '2025-01-01', -3);
SELECT results_eq($$SELECT check_name, severity, rows FROM segment.preflight('dirt', 'who', 'at', 'amount')
    WHERE severity IN ('warning', 'error') ORDER BY check_name COLLATE "C"$$,
  $$VALUES ('amounts that are no number', 'error', 2::bigint), ('blank or placeholder customers', 'warning', 300), ('customers with more than 1 % of the rows', 'warning', 1), ('infinite times', 'error', 1),
    ('orders in the future', 'warning', 1), ('rows without a customer', 'warning', 1), ('rows without a time', 'warning', 1),
    ('rows without an amount', 'warning', 1), ('times before 1990', 'warning', 1)$$, 'made-up dirt');
CREATE TABLE receipt AS SELECT g / 4 AS who, date '2025-01-01' + g / 4 AS day, 1 AS amount, 7 AS id FROM generate_series(1, 400) g;
SELECT is(severity, 'warning', 'lines that should be one order') FROM segment.preflight('receipt', 'who', 'day', 'amount')
WHERE check_name = 'rows at the same time of the same customer';
SELECT is(rows, 1::bigint, 'an order id of several customers') FROM segment.preflight('receipt', 'who', 'day', 'amount', 'id')
WHERE check_name = 'orders of several customers';

-- Each row's SQL runs, and shows as many rows as the check counted, unless the message says that it counts something else.
CREATE FUNCTION shown(sql text) RETURNS bigint LANGUAGE plpgsql AS $$DECLARE n bigint; BEGIN EXECUTE 'SELECT count(*) FROM (' || sql || ') x' INTO n; RETURN n; END$$;
CREATE TEMP TABLE all_found AS
SELECT 'lines' AS source, * FROM found UNION ALL
SELECT 'dirt', * FROM segment.preflight('dirt', 'who', 'at', 'amount') UNION ALL
SELECT 'receipt', * FROM segment.preflight('receipt', 'who', 'day', 'amount', 'id', 'id');
SELECT is(count(shown(sql)), count(*), 'the SQL of every check runs') FROM all_found;
SELECT is_empty($$SELECT source, check_name, rows, shown(sql) FROM all_found WHERE rows <> shown(sql)
  AND check_name NOT IN ('repeated rows', 'rows at the same time of the same customer', 'days since the last order')$$, 'and shows what was counted');
SELECT is(count(DISTINCT check_name) > 15, true, 'of all the checks') FROM all_found;

-- Currencies, indexes, rights
CREATE TABLE foreign_sales AS SELECT g % 50 AS id, date '2025-01-01' + g / 10 AS at, g AS amount, (ARRAY['EUR', 'USD'])[1 + g % 2] AS "Currency_Code" FROM generate_series(1, 400) g;
SELECT results_eq($$SELECT severity, rows, shown(sql) FROM segment.preflight('foreign_sales', 'id', 'at', 'amount') WHERE check_name = 'currencies'$$,
  $$VALUES ('warning', 2::bigint, 2::bigint)$$, 'mixed currencies, in a column that is called like one');
SELECT results_eq($$SELECT severity, rows FROM segment.preflight('foreign_sales', 'id', 'at', 'amount', currency => 'at') WHERE check_name = 'currencies'$$,
  $$VALUES ('warning', 41::bigint)$$, 'or that is named');
SELECT is_empty($$SELECT * FROM segment.preflight('receipt', 'who', 'day', 'amount') WHERE check_name = 'currencies'$$, 'no such column');
SELECT results_eq($$SELECT severity, rows, message ~ 'CREATE INDEX ON public.foreign_sales \(id, at\)' FROM segment.preflight('foreign_sales', 'id', 'at', 'amount') WHERE check_name = 'index by customer'$$,
  $$VALUES ('info', 0::bigint, true)$$, 'no index that finds a customer''s rows');
CREATE INDEX ON public.foreign_sales (id, at);
SELECT results_eq($$SELECT severity, rows FROM segment.preflight('foreign_sales', 'id', 'at', 'amount') WHERE check_name = 'index by customer'$$, $$VALUES ('ok', 1::bigint)$$, 'made');
CREATE ROLE segment_test_quality;
SET ROLE segment_test_quality;
SELECT results_eq($$SELECT check_name, severity FROM segment.preflight('foreign_sales', 'id', 'at', 'amount')$$,
  $$VALUES ('customer column', 'error'), ('at column', 'error'), ('amount column', 'error')$$, 'columns that the role may not read');
RESET ROLE;

-- What can not be read at all
SELECT results_eq($$SELECT check_name, severity FROM segment.preflight('dirt', 'nobody', 'who', 'amount')$$,
  $$VALUES ('customer column', 'error'), ('at column', 'error')$$, 'columns that are missing or unfit');
CREATE TABLE empty (who int, day date, amount int);
SELECT is(severity, 'error', 'an empty source') FROM segment.preflight('empty', 'who', 'day', 'amount') WHERE check_name = 'rows';
SELECT lives_ok($$SELECT segment.create_segmentation('empty', 'empty', 'who', 'day', 'amount')$$, 'can be declared');
SELECT throws_ok($$SELECT segment.refresh('empty')$$, 'P0002', NULL, 'has no last order');
SELECT is(customers, 0::bigint, 'and no customers on a given day') FROM segment.refresh('empty', '2025-01-01');

SELECT * FROM finish();
ROLLBACK;
