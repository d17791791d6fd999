-- 02_figures.sql: markets: figures by hand, and of AdventureWorks and Online Retail, from raw orders through ledgers
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
SELECT plan(17);
SET search_path = public, segment;

-- constant currency: 1,000 USD at .90 and 500 GBP at 1.15 are 1,475.00; 1,200 USD at .80 and 500 GBP at 1.20 are 1,560.00; at the old rates 1,655.00
CREATE TABLE fx AS SELECT rates_agg(currency, day, 1 / rate) AS rates FROM (VALUES ('USD', date '2023-12-31', 0.90), ('GBP', '2023-12-31', 1.15), ('USD', '2024-12-31', 0.80), ('GBP', '2024-12-31', 1.20)) v(currency, day, rate);
CREATE TABLE sale AS SELECT * FROM (VALUES ('USD', date '2023-12-31', 1000), ('GBP', '2023-12-31', 500), ('USD', '2024-12-31', 1200), ('GBP', '2024-12-31', 500)) v(currency, day, amount);
CREATE TABLE total AS SELECT sum(convert_currency(rates, amount, currency, 'EUR', day)) FILTER (WHERE day < '2024-01-01') AS before, sum(convert_currency(rates, amount, currency, 'EUR', day)) FILTER (WHERE day > '2024-01-01') AS after,
  sum(convert_currency(rates, amount, currency, 'EUR', '2023-12-31')) FILTER (WHERE day < '2024-01-01') AS b, sum(convert_currency(rates, amount, currency, 'EUR', '2023-12-31')) FILTER (WHERE day > '2024-01-01') AS a FROM fx, sale;
SELECT is(round(before, 2) || ' ' || round(after, 2) || ' ' || round(a, 2), '1475.00 1560.00 1655.00', 'as reported, and at the old rates') FROM total;
SELECT is((SELECT concat_ws(' ', round(change, 2), round(volume_part, 2), round(currency_part, 2), round(growth::numeric, 6), round(constant_growth::numeric, 6)) FROM constant_currency(before, after, b, a)), '85.00 180.00 -95.00 0.057627 0.122034', 'volume and currency') FROM total;
SELECT is((SELECT growth FROM constant_currency(0, 5, 0, 5)), NULL, 'no growth from nothing');
SELECT is((SELECT count(*) FROM constant_currency(1, 2, NULL, 2)), 0::bigint, 'what could not be converted');

-- the day is the business day of the market: an order at 23:30 UTC on Friday, and one at 00:30 in Berlin on Monday
CREATE TABLE ecb AS SELECT rates_agg(currency, day, rate) AS rates FROM (VALUES ('USD', date '2019-11-08', 1.1034), ('USD', '2019-11-11', 1.1041)) v(currency, day, rate);
SELECT results_eq($$SELECT day_of(at, 'Europe/Berlin'), round(1 / convert_currency(rates, 1, 'USD', 'EUR', day_of(at, 'Europe/Berlin')), 4) FROM ecb, (VALUES (timestamptz '2019-11-08 23:30Z'), ('2019-11-10 23:30Z')) v(at) ORDER BY 1$$,
  $$VALUES (date '2019-11-09', 1.1034), ('2019-11-11', 1.1041)$$, 'Saturday by Friday''s rate, Monday by its own');
SELECT is(convert_currency(rates, 1, 'USD', 'EUR', '2019-11-10'), convert_currency(rates, 1, 'USD', 'EUR', '2019-11-08'), 'before Monday''s is published, Friday''s') FROM ecb;

-- AdventureWorks: revenue and cost of each country, and the margin, from two calendars of each customer
CREATE TABLE aw AS SELECT country, customer_key, ledger_agg(order_date, quantity * unit_price, order_number) l, ledger_agg(order_date, quantity * unit_cost, order_number) k FROM adventureworks GROUP BY 1, 2;
CREATE TABLE market AS SELECT country, retention_agg(l, p, '2020-12-31', k) r FROM (SELECT periods(ARRAY[min(order_date), max(order_date) + 1]) p FROM adventureworks) g, aw GROUP BY country;
SELECT results_eq($$SELECT country, active, revenue, revenue - margin, missing_costs FROM market, lifecycle_table(r) ORDER BY 1$$,
  $$VALUES ('Australia', 3480::bigint, 7416456.2001, 4339433.3899, 0::bigint), ('Canada', 1499, 1769245.8145, 1011401.6185, 0), ('France', 1705, 2362643.3193, 1373297.2639, 0), ('Germany', 1675, 2524679.9728, 1470493.7656, 0),
    ('United Kingdom', 1822, 2902562.0949, 1687787.6791, 0), ('United States', 7235, 7938999.4177, 4574457.6681, 0)$$, 'customers, revenue and cost by country');
SELECT results_eq($$SELECT category, revenue, revenue - margin, round(margin_rate::numeric, 9) FROM (SELECT category, retention_agg(l, p, '2020-12-31', k) r FROM (SELECT category, customer_key, ledger_agg(order_date, quantity * unit_price, order_number) l, ledger_agg(order_date, quantity * unit_cost, order_number) k
    FROM adventureworks GROUP BY 1, 2) c, (SELECT periods(ARRAY[min(order_date), max(order_date) + 1]) p FROM adventureworks) g GROUP BY category) x, lifecycle_table(r) ORDER BY 1$$,
  $$VALUES ('Accessories', 906673.1070, 336913.0460, .628407368), ('Bikes', 23642495.0952, 13916326.8240, .411385018), ('Clothing', 365418.6171, 203631.5151, .442744552)$$, 'margin rate by category');
SELECT is((SELECT concat_ws(' ', active, orders, round(revenue, 2), round(revenue - margin, 2), stays.customers) FROM (SELECT retention_agg(l, p, '2020-12-31', k) r FROM (SELECT customer_key, ledger_agg(order_date, quantity * unit_price, order_number) l, ledger_agg(order_date, quantity * unit_cost, order_number) k FROM adventureworks GROUP BY 1) c,
    (SELECT periods(ARRAY[min(order_date), max(order_date) + 1]) p FROM adventureworks) g) x, lifecycle_table(r), LATERAL (SELECT repeaters AS customers FROM repeat_rate(r)) stays), '17411 25164 24914586.82 14456871.39 5862', 'all of it: two of the 25,162 orders are of two customers each');
SELECT is((SELECT sum(active) FROM market, lifecycle_table(r)), 17416::numeric, 'customers by country add up to more: five have two countries');

-- by market, rolled up = over all, where no customer has two markets
CREATE TABLE single AS SELECT * FROM aw WHERE customer_key IN (SELECT customer_key FROM aw GROUP BY 1 HAVING count(*) = 1);
SELECT ok((SELECT retention_rollup(r) FROM (SELECT country, retention_agg(l, periods('month', '2017-01-01', '2020-01-01'), '2019-06-30', k) r FROM single GROUP BY country) x) = (SELECT retention_agg(l, periods('month', '2017-01-01', '2020-01-01'), '2019-06-30', k) FROM single), 'markets rolled up');
SELECT ok((SELECT active_rollup(a) FROM (SELECT country, active_agg(l, '2018-01-01', '2019-01-01', 28) a FROM single GROUP BY country) x) = (SELECT active_agg(l, '2018-01-01', '2019-01-01', 28) FROM single), 'and their active customers');
SELECT is((SELECT string_agg(country || ' ' || n, ', ' ORDER BY n DESC) FROM (SELECT country, (SELECT active FROM lifecycle_table(r)) n FROM (SELECT country, retention_agg(l, periods('{2010-12-01,2011-12-10}'::date[]), '2011-12-09') r
  FROM (SELECT country, customer_id, ledger_agg(ordered_at, amount, order_id) l FROM valid_sales GROUP BY 1, 2) c GROUP BY country) m) x WHERE country IN ('United Kingdom', 'Germany')), 'United Kingdom 3920, Germany 94', 'customers of markets');
SELECT is((SELECT count(DISTINCT customer_id) FROM valid_sales), 4338::bigint, 'and the distinct ones beside their sum of 4,346');

-- penetration of a category: buyers of it over customers
SELECT is((SELECT round(penetration(count(DISTINCT customer_key) FILTER (WHERE category = 'Bikes'), count(DISTINCT customer_key))::numeric, 6) FROM adventureworks), (SELECT round(count(DISTINCT customer_key) FILTER (WHERE category = 'Bikes') / count(DISTINCT customer_key)::numeric, 6) FROM adventureworks), 'of bikes');
SELECT is(penetration(3, NULL), NULL, 'no size of the market, no penetration');
SELECT throws_ok('SELECT penetration(-1, 5)', '22003', NULL, 'fewer customers than none');

SELECT * FROM finish();
ROLLBACK;
