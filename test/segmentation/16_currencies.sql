-- 16_currencies.sql: amounts in several currencies: converted before anything is summed, and what cannot be is left out, counted and said
\ir ../lib/begin.sql
SET search_path = public, segment;
SELECT plan(30);

CREATE TABLE ecb (currency text, day date, rate numeric);
INSERT INTO ecb VALUES ('USD', '2019-11-08', 1.1034), ('AUD', '2019-11-08', 1.6065), ('GBP', '2019-11-08', 0.86158), ('CAD', '2019-11-08', 1.4561);
CREATE TABLE sold (who integer, at timestamptz, amount numeric(12, 2), currency char(3), id integer, changed timestamptz NOT NULL DEFAULT '2019-11-20');
INSERT INTO sold VALUES (1, '2019-11-10 12:00Z', 250, 'USD', 1), (1, '2019-11-10 13:00Z', 100, 'AUD', 2), (2, '2019-11-10 12:00Z', 80, 'GBP', 3),
  (2, '2019-11-11 12:00Z', 10, 'EUR', 4), (3, '2019-11-10 12:00Z', 500, 'TRY', 5), (3, '2019-11-11 12:00Z', 7, 'EUR', 6), (4, '2019-11-10 12:00Z', 9, 'TRY', 7),
  (NULL, '2019-11-10 12:00Z', 110.34, 'USD', 8), (5, '2019-11-07 12:00Z', 10, 'USD', 9), (6, '2019-11-10 12:00Z', -25, 'USD', 10), (6, '2019-11-10 12:00Z', 5, NULL, 11);

-- What each customer brought, by plain SQL over the published rates of Friday, which Sunday and Monday take
CREATE TEMP TABLE euro AS
SELECT s.who::text COLLATE "C" AS customer_id, sum(CASE WHEN s.currency = 'EUR' THEN s.amount ELSE round(s.amount / e.rate, 10) END) AS revenue
FROM sold s LEFT JOIN ecb e ON e.currency = s.currency AND e.day <= s.at::date WHERE s.who IS NOT NULL AND (s.currency = 'EUR' OR e.rate IS NOT NULL) GROUP BY 1;

SELECT is(create_segmentation('read', 'sold', 'who', 'at', 'amount', 'id', measures => measures('currency', 'ecb')), 'read', 'declared');
SELECT is(refreshed, date '2019-11-11', 'refreshed') FROM refresh('read');
CREATE VIEW seen AS SELECT customer_id COLLATE "C" AS customer_id, trim_scale(revenue) AS revenue FROM customer_profile;
SELECT results_eq($$SELECT * FROM seen WHERE revenue IS NOT NULL ORDER BY 1$$, $$SELECT customer_id, trim_scale(revenue) FROM euro ORDER BY 1$$, 'each customer in euro');
SELECT is(revenue, 226.5724125430 + 62.2471210707, 'dollars and Australian dollars of a Sunday, by the rates of Friday') FROM seen WHERE customer_id = '1';
SELECT results_eq($$SELECT rows, total_rows, severity FROM data_quality WHERE segmentation = 'read' AND check_name = 'amounts that could not be converted'$$,
  $$VALUES (4::bigint, 11::bigint, 'warning')$$, 'lira, no currency and an order before the first rate are counted');
SELECT matches(message, '509.00 TRY.*10.00 USD.*5.00 without a currency', 'and said with their amounts') FROM data_quality
WHERE segmentation = 'read' AND check_name = 'amounts that could not be converted';
SELECT is_empty($$SELECT FROM data_quality WHERE check_name = 'currencies'$$, 'several currencies are no finding any more');
SELECT is(unknown_amount, 100.0000000000, 'nor are rows without a customer summed as they are') FROM segment.snapshot;
SELECT is(definition('read') ~ 'convert_currency', true, 'the definition converts too');

-- Ledgers: a rate that comes late, or is corrected, reaches the orders from its day on
SELECT FROM create_segmentation('kept', 'sold', 'who', 'at', 'amount', 'id', changes => by_column('changed'), measures => measures('currency', 'ecb'));
SELECT is(refreshed, date '2019-11-11', 'with ledgers') FROM refresh('kept');
SELECT is_empty($$(SELECT customer_id, revenue FROM customer_profile WHERE segmentation = 'kept' EXCEPT SELECT customer_id, revenue FROM customer_profile WHERE segmentation = 'read')$$,
  'the same figures');
INSERT INTO ecb VALUES ('TRY', '2019-11-09', 6.4);
UPDATE ecb SET rate = 1.5 WHERE currency = 'AUD';
INSERT INTO ecb VALUES ('GBP', '2019-11-11', 0.9);
SELECT is(refreshed, date '2019-11-11', 'again') FROM refresh('kept');
SELECT is(details->>'read_all', 'false', 'not by reading everything') FROM segment.segmentation_run WHERE segmentation = 'kept' AND action = 'refresh' ORDER BY run_at DESC LIMIT 1;
SELECT FROM refresh('read');
SELECT is_empty($$(SELECT customer_id, revenue FROM customer_profile WHERE segmentation = 'kept' EXCEPT SELECT customer_id, revenue FROM customer_profile WHERE segmentation = 'read')
  UNION ALL (SELECT customer_id, revenue FROM customer_profile WHERE segmentation = 'read' EXCEPT SELECT customer_id, revenue FROM customer_profile WHERE segmentation = 'kept')$$,
  'new and corrected rates, as if all had been read');
SELECT is(revenue, round(500 / 6.4, 10) + 7, 'lira are there now') FROM customer_profile WHERE customer_id = '3' AND segmentation = 'kept';
SELECT is((SELECT differs FROM (SELECT count(*) AS differs FROM verify('kept')) x), 0::bigint, 'verify agrees');
-- A new order that cannot be converted is counted although the refresh reads changes alone
INSERT INTO sold VALUES (2, '2019-11-11 12:00Z', 3, 'ZZZ', 12, '2019-11-21');
SELECT FROM refresh('kept');
SELECT is(rows, 3::bigint, 'what cannot be converted is counted anew') FROM data_quality WHERE segmentation = 'kept' AND check_name = 'amounts that could not be converted';

-- Another currency is another version
SELECT is(new_version('read', measures => measures('currency', 'ecb', 'GBP', max_age => 0)), 2, 'a version in pounds');
SELECT FROM refresh('read', version => 2), activate_version('read', 2);
SELECT is(revenue, 89.0000000000, 'pounds as they are, euro by the rate of the day itself') FROM customer_profile WHERE segmentation = 'read' AND customer_id = '2';

-- What cannot be
SELECT throws_ok($$SELECT measures('currency')$$, '22023', 'currency and rates need each other', 'a currency without rates');
SELECT throws_ok($$SELECT measures(rates => 'ecb')$$, '22023', 'currency and rates need each other', 'rates without a currency');
SELECT throws_ok($$SELECT measures('currency', 'ecb', 'EU R')$$, '22023', 'to_currency is out of range', 'a code that is none');
SELECT throws_ok($$SELECT measures('currency', 'ecb', NULL)$$, '22004', NULL, 'nor NULL');
SELECT throws_ok($$SELECT measures('currency', 'ecb', max_age => -1)$$, '22023', 'max_age is out of range', 'an age below 0');
SELECT throws_ok($$SELECT create_segmentation('x', 'sold', 'who', 'at', 'amount', measures => NULL)$$, '22004', NULL, 'NULL for the value');
SELECT throws_ok($$SELECT create_segmentation('x', 'sold', 'who', 'at', 'amount', measures => measures('nosuch', 'ecb'))$$, '42703', NULL, 'a column that is none');
SELECT throws_ok($$SELECT create_segmentation('x', 'sold', 'who', 'at', 'amount', measures => measures('id', 'ecb'))$$, '42804', NULL, 'nor of another type');
SELECT throws_ok($$SELECT create_segmentation('x', 'sold', 'who', 'at', 'amount', measures => measures('currency', 'sold'))$$, '42703', NULL, 'rates without the columns of rates');
CREATE ROLE segment_test_seller;
GRANT SELECT ON sold TO segment_test_seller;
SELECT FROM grant_segmentation('segment_test_seller');
SET ROLE segment_test_seller;
SELECT throws_ok($$SELECT segment.create_segmentation('x', 'sold', 'who', 'at', 'amount', measures => segment.measures('currency', 'ecb'))$$, '42501', NULL, 'rates that the owner may not read');
RESET ROLE;
UPDATE ecb SET rate = 0 WHERE currency = 'TRY';
SELECT throws_ok($$SELECT refresh('kept')$$, '22003', NULL, 'a rate that is none stops the refresh');

SELECT * FROM finish();
ROLLBACK;
