-- 02_data.sql: the data folder was loaded as its README counts it; every figure of the other files rests on this.
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
SELECT plan(5);

SELECT is(count(*), 541909::bigint, 'lines of Online Retail') FROM online_retail;
SELECT is(count(*) FILTER (WHERE customer_id IS NULL), 135080::bigint, 'lines without a customer') FROM all_lines;
SELECT results_eq(
  'SELECT count(*), count(DISTINCT order_id), count(DISTINCT customer_id), sum(amount) FROM valid_sales',
  'VALUES (397884::bigint, 18532::bigint, 4338::bigint, 8911407.904)', 'valid sales: lines, orders, customers, amount');
SELECT results_eq(
  'SELECT count(DISTINCT customer_id), sum(amount) FROM known_customers',
  'VALUES (4372::bigint, 8300065.814)', 'known customers');
SELECT results_eq(
  'SELECT (SELECT count(*) FROM cdnow), (SELECT count(*) FROM cdnow_sample), (SELECT count(*) FROM rfm_orders)',
  'VALUES (69659::bigint, 6919::bigint, 4906::bigint)', 'CDNOW, its sample, rfm_orders');

SELECT * FROM finish();
ROLLBACK;
