-- market: exchange rates as a value; look-back, conversion through the base, what could not be converted
\set VERBOSITY terse
SET datestyle = ISO;
SET search_path = public, segment;

SELECT rates_agg(currency, day, rate) AS rates
FROM (VALUES ('USD', date '2019-11-07', 1.1077), ('USD', '2019-11-08', 1.1034), ('GBP', '2019-11-08', 0.86158)) v(currency, day, rate)
\gset

SELECT :'rates'::rates;
SELECT * FROM rates_table(:'rates');
SELECT day, convert_currency(:'rates', 250, 'USD', 'EUR', day) AS to_base, convert_currency(:'rates', 250, 'USD', 'GBP', day) AS through_base
FROM generate_series(date '2019-11-06', '2019-11-18', '3 days') g, LATERAL (SELECT g::date) d(day);
SELECT penetration(300, 1200);
SELECT rates_agg('USD', '2020-01-01', -1);
SELECT 'EUR {USD {}}'::rates;
