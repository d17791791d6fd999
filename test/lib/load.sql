-- load.sql: tables for the files of the data folder; dev/test fills them once a database.
CREATE TABLE online_retail (
  invoice_no text, stock_code text, description text, quantity int, invoice_date timestamp,
  unit_price numeric, customer_id int, country text
);
CREATE TABLE cdnow (customer_id int, date date, quantity int, amount numeric);
CREATE TABLE cdnow_sample (master_id int, customer_id int, date date, quantity int, amount numeric);
CREATE TABLE rfm_orders (customer_id text, order_date date, revenue numeric);
CREATE TABLE adventureworks (
  order_number text, line_number int, order_date date, customer_key int, region text, country text, continent text,
  product_key int, product_name text, subcategory text, category text, quantity int, unit_price numeric, unit_cost numeric
);
-- Kevin Hillstrom's e-mail test of 2008: 64,000 customers, split at random into two campaigns and a hold-out.
CREATE TABLE hillstrom (
  customer_id int, recency int, history_segment text, history numeric, mens int, womens int, zip_code text, newbie int,
  channel text, segment text, visit int, conversion int, spend numeric
);

-- A synthetic clickstream of a shop (retentioneering): 600 people, 2024-01 to 2024-06.
CREATE TABLE clickstream (
  user_id text, session_id text, event text, at timestamp, platform text, acquisition_channel text, user_cohort text, user_lifecycle text
);

-- Published point sets for clusters: s1, s2, a1, birch1, iris, wine, german, tsplib1060; x is the point.
CREATE TABLE point (id int GENERATED ALWAYS AS IDENTITY, set text, x float8[]);
CREATE TABLE wholesale (channel int, region int, fresh float8, milk float8, grocery float8, frozen float8, delicassen float8);

-- Every line, with the columns that the examples use; customer_id is NULL in 135,080 of them.
CREATE VIEW all_lines AS
SELECT customer_id, invoice_date AS ordered_at, quantity * unit_price AS amount, invoice_no AS order_id, country
FROM online_retail;

-- Every line of a known customer: returns, cancellations and zero prices included.
CREATE VIEW known_customers AS
SELECT customer_id, invoice_date AS ordered_at, quantity * unit_price AS amount, invoice_no AS order_id, country
FROM online_retail
WHERE customer_id IS NOT NULL;

-- The literature's valid sales: 397,884 lines, 18,532 invoices, 4,338 customers, 8,911,407.904 in all.
CREATE VIEW valid_sales AS
SELECT customer_id, invoice_date AS ordered_at, quantity * unit_price AS amount, invoice_no AS order_id, country
FROM online_retail
WHERE customer_id IS NOT NULL AND invoice_no NOT LIKE 'C%' AND quantity > 0 AND unit_price > 0;
