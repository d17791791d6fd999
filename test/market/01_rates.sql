-- 01_rates.sql: exchange rates: the figures of the ECB's rates of 2019-11-08, look-back, exactness, checklist, errors
\ir ../lib/begin.sql
SELECT plan(58);
SET search_path = public, segment;

CREATE TABLE ecb (currency text, day date, rate numeric);
INSERT INTO ecb VALUES ('USD', '2019-11-08', 1.1034), ('AUD', '2019-11-08', 1.6065), ('GBP', '2019-11-08', .86158),
  ('CAD', '2019-11-08', 1.4561), ('JPY', '2019-11-08', 120.72), ('SEK', '2019-11-08', 10.7025);
CREATE TABLE fx AS SELECT rates_agg(currency, day, rate) AS rates FROM ecb;

-- The rates of Friday 2019-11-08, exchangeratesapi/exchangeratesapi#66; the amounts by exact fractions
SELECT is(round(convert_currency(rates, 100, 'AUD', 'EUR', '2019-11-10'), 10), 62.2471210707, 'on a Sunday by Friday''s rates, to the base') FROM fx;
SELECT is(convert_currency(rates, 100, 'AUD', 'GBP', '2019-11-10'), 53.6308745721, 'through the base') FROM fx;
SELECT is(convert_currency(rates, 250, 'USD', 'EUR', '2019-11-10'), 226.5724125430, 'dollars') FROM fx;
SELECT is(convert_currency(rates, 80, 'GBP', 'CAD', '2019-11-10'), 135.2027670094, 'pounds to Canadian dollars') FROM fx;
SELECT is(convert_currency(rates, 100, 'AUD', 'EUR', '2019-11-10', max_age => 1), NULL, 'older than max_age') FROM fx;
SELECT is(convert_currency(rates, 100, 'AUD', 'EUR', '2019-11-10', max_age => 2) IS NULL, false, 'exactly max_age old') FROM fx;
SELECT is(convert_currency(rates, 100, 'AUD', 'EUR', '2019-11-07'), NULL, 'never a later rate') FROM fx;
SELECT is(convert_currency(rates, 100, 'AUD', 'EUR', '2019-11-15') IS NULL, false, 'seven days by default') FROM fx;
SELECT is(convert_currency(rates, 100, 'AUD', 'EUR', '2019-11-16'), NULL, 'and not eight') FROM fx;
SELECT is(convert_currency(rates, 1, 'EUR', 'USD', '2019-11-08'), 1.1034000000, 'from the base') FROM fx;
SELECT is(convert_currency(rates, 12.5, 'USD', 'USD', '1999-01-01'), 12.5, 'the same currency needs no rate') FROM fx;
SELECT is(convert_currency(rates, 12.5, 'QQQ', 'QQQ', '1999-01-01'), 12.5, 'known or not') FROM fx;
SELECT is(convert_currency(rates, 1, 'usd', 'EUR', '2019-11-08'), NULL, 'codes are compared as they are') FROM fx;
SELECT is(convert_currency(rates, 1, 'USDX', 'EUR', '2019-11-08'), NULL, 'a longer code') FROM fx;
SELECT is(convert_currency(rates, 1, 'US', 'EUR', '2019-11-08'), NULL, 'a shorter code') FROM fx;
SELECT is(convert_currency(rates, 1, 'A-very-long-name-of-a-currency', 'EUR', '2019-11-08'), NULL, 'no code at all') FROM fx;
SELECT is(convert_currency(rates, NULL, 'USD', 'EUR', '2019-11-08'), NULL, 'NULL amount') FROM fx;
SELECT is(convert_currency(rates, -100, 'AUD', 'EUR', '2019-11-10'), -62.2471210707, 'returns convert alike') FROM fx;
SELECT is(convert_currency(rates, 0, 'AUD', 'EUR', '2019-11-10'), 0.0, 'nothing') FROM fx;

-- exact, rounded once: against numeric, over amounts of all sizes and decimals
CREATE TABLE amount AS
SELECT (CASE WHEN g % 3 = 0 THEN -1 ELSE 1 END * round((g::numeric * 7919 % 1000003) * 10::numeric ^ (g % 17 - 4), g % 19) ) AS amount,
       (ARRAY['USD', 'AUD', 'GBP', 'CAD', 'JPY', 'SEK', 'EUR'])[1 + g % 7] AS a, (ARRAY['USD', 'AUD', 'GBP', 'CAD', 'JPY', 'SEK', 'EUR'])[1 + g / 7 % 7] AS b
FROM generate_series(1, 5000) g;
SELECT is((SELECT count(*) FROM amount, fx, LATERAL (SELECT convert_currency(rates, amount, a, b, '2019-11-08') AS c) c
  WHERE a <> b AND c <> sign(amount) * div(abs(amount) * coalesce((SELECT rate FROM ecb WHERE currency = b), 1) * 2 * 10::numeric ^ 30
      + coalesce((SELECT rate FROM ecb WHERE currency = a), 1) * 10::numeric ^ 20,
    coalesce((SELECT rate FROM ecb WHERE currency = a), 1) * 2 * 10::numeric ^ 20) * 0.0000000001), 0::bigint, 'half away from zero at the tenth decimal, always');
SELECT is(convert_currency('EUR {ABC {2020-01-01 3}}', 0.00000000015, 'ABC', 'EUR', '2020-01-01'), 0.0000000001, 'a half goes away from zero');
SELECT is(convert_currency('EUR {ABC {2020-01-01 3}}', -0.00000000015, 'ABC', 'EUR', '2020-01-01'), -0.0000000001, 'below zero too');
SELECT is(convert_currency('EUR {ABC {2020-01-01 1.25}}', 99999999999999999999999999999.99999999999999999999, 'EUR', 'ABC', '2020-01-01'), 125000000000000000000000000000.0000000000, 'the largest amount');

-- constant currency: at the rates of one day. Before 1,475.00, after 1,560.00; at the old rates 1,655.00: volume +180, currency -95
CREATE TABLE change (year int, currency text, amount numeric);
INSERT INTO change VALUES (1, 'USD', 1000), (1, 'GBP', 500), (2, 'USD', 1200), (2, 'GBP', 500);
CREATE TABLE yearly AS SELECT rates_agg(currency, day, rate) AS rates
FROM (VALUES ('USD', date '2023-12-31', 1.25), ('GBP', '2023-12-31', 0.8), ('USD', '2024-12-31', 1.6), ('GBP', '2024-12-31', 0.625)) v(currency, day, rate);
SELECT results_eq($$SELECT year, sum(convert_currency(rates, amount, currency, 'EUR', make_date(2022 + year, 12, 31))) * 1,
  sum(convert_currency(rates, amount, currency, 'EUR', '2023-12-31')) * 1 FROM change, yearly GROUP BY 1 ORDER BY 1$$,
  $$VALUES (1, 1425.0000000000, 1425.0000000000), (2, 1550.0000000000, 1585.0000000000)$$, 'reported, and at constant rates');

-- forms
SELECT is(rates::text, 'EUR {AUD {2019-11-08 1.6065}, CAD {2019-11-08 1.4561}, GBP {2019-11-08 0.86158}, JPY {2019-11-08 120.72}, SEK {2019-11-08 10.7025}, USD {2019-11-08 1.1034}}', 'text') FROM fx;
SELECT is(rates::text::rates, rates, 'and back') FROM fx;
SELECT is(rates_agg(currency, day, rate * 1.000), (SELECT rates FROM fx), 'zeros behind the point make no difference') FROM ecb;
SELECT is(rates_base(rates), 'EUR', 'base') FROM fx;
SELECT results_eq('SELECT (rates_table(rates)).* FROM fx', 'SELECT * FROM ecb ORDER BY 1', 'as rows');
SELECT is(rates::jsonb -> 'rates' -> 'GBP' ->> '2019-11-08', '0.86158', 'as jsonb') FROM fx;
SELECT is((SELECT count(DISTINCT r) FROM (SELECT rates r FROM fx UNION ALL SELECT rates FROM fx) x), 1::bigint, 'hashes and sorts');

-- checklist: no rows, NULLs, order, parallel, parts
SELECT is(rates_agg(currency, day, rate), NULL, 'no rows') FROM ecb WHERE false;
SELECT is(rates_agg(NULL, day, rate), NULL, 'NULLs only') FROM ecb;
SELECT is(rates_agg('EUR', day, 1), NULL, 'only the base') FROM ecb;
SELECT is(rates_agg(currency, day, rate) FILTER (WHERE currency = 'USD')::text, 'EUR {USD {2019-11-08 1.1034}}', 'FILTER') FROM ecb;
CREATE TABLE many AS SELECT 'C' || g % 30 AS currency, date '2010-01-01' + g / 30 AS day, round(1 + (g::numeric * 7919 % 100003) / 10000, 4) AS rate FROM generate_series(0, 59999) g;
ANALYZE many;
CREATE TEMP TABLE serial AS SELECT rates_agg(currency, day, rate) AS rates FROM many;
SELECT is((SELECT count(*) FROM serial, LATERAL rates_table(rates)), 60000::bigint, 'every rate');
SELECT is(rates_agg(currency, day, rate), (TABLE serial), 'shuffled') FROM (SELECT * FROM many ORDER BY md5(currency || day)) m;
SELECT is(rates_rollup(r), (TABLE serial), 'parts rolled up') FROM (SELECT rates_agg(currency, day, rate) r FROM many GROUP BY extract(dow FROM day)) p;
SELECT is(a + b, (TABLE serial), 'a + b') FROM (SELECT rates_agg(currency, day, rate) FILTER (WHERE day < '2012-01-01') a, rates_agg(currency, day, rate) FILTER (WHERE day >= '2012-01-01') b FROM many) p;
SELECT is(rates_agg(currency, day, rate), (TABLE serial), 'the same row twice') FROM (TABLE many UNION ALL TABLE many) m;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
SELECT is(rates_agg(currency, day, rate), (TABLE serial), 'parallel') FROM many;
RESET max_parallel_workers_per_gather;
SELECT is((SELECT count(*) FROM many m, serial WHERE convert_currency(rates, 1, 'EUR', m.currency, m.day) <> m.rate), 0::bigint, 'each of 60,000 rates is found again, from a toasted value');
SELECT is((SELECT count(*) FROM many m, (SELECT rates_agg(currency, day, rate) AS rates FROM many) r WHERE convert_currency(rates, 1, 'EUR', m.currency, m.day) <> m.rate), 0::bigint, 'and from one in memory');
SELECT is((SELECT count(*) FROM many m, LATERAL (SELECT rates_agg(currency, day, rate) FROM ecb WHERE m.rate > 0) r(rates) WHERE m.day = '2010-01-01' AND convert_currency(r.rates, 1, 'EUR', 'USD', '2019-11-08') <> 1.1034), 0::bigint, 'a value of its own in each row');
SELECT is((SELECT string_agg(convert_currency(r.rates, 1, 'EUR', 'USD', '2020-01-02')::text, ' ') FROM (VALUES ('EUR {USD {2020-01-01 1.1}}'::rates), ('EUR {AUD {2020-01-01 5}, USD {2020-01-01 1.2}}'), ('EUR {USD {2020-01-02 1.3}}')) r(rates)),
  '1.1000000000 1.2000000000 1.3000000000', 'other rates in each row');
SELECT is(count(*), 0::bigint, 'nothing suspicious') FROM fx, rates_check(rates);
SELECT results_eq($$SELECT * FROM rates_check('EUR {USD {2020-01-01 1.1, 2020-01-02 0.5, 2020-01-03 1.1}}')$$,
  $$VALUES ('USD', date '2020-01-02', 0.5, date '2020-01-01', 1.1), ('USD', '2020-01-03', 1.1, '2020-01-02', 0.5)$$, 'quoted the other way round');
SELECT is(rates_agg(currency, day, rate, 'USD')::text, 'USD {EUR {2020-01-01 0.9}}', 'another base') FROM (VALUES ('EUR', date '2020-01-01', 0.9), ('USD', '2020-01-01', 1.00)) v(currency, day, rate);

SELECT is(rates_agg('USD', '2020-01-01', 1 / 0.9)::text, 'EUR {USD {2020-01-01 1.1111111111111111}}', 'a quotient');
SELECT is(rates_agg('USD', '2020-01-01', 12345678901.123456789012345678901234567890)::text, 'EUR {USD {2020-01-01 12345678901.123457}}', 'kept with 18 digits');

-- errors
SELECT throws_ok($$SELECT rates_agg('USD', day, 0) FROM ecb$$, '22003', 'exchange rate is out of range', 'a rate of zero');
SELECT throws_ok($$SELECT rates_agg('USD', day, 'NaN') FROM ecb$$, '22003', 'exchange rate is out of range', 'NaN');
SELECT throws_ok($$SELECT rates_agg('US Dollar', day, 1) FROM ecb$$, '22023', 'currency code is none', 'no code');
SELECT throws_ok($$SELECT rates_agg('USD', day, rate) FROM ecb$$, '22023', 'two exchange rates for one day', 'a contradiction');
SELECT throws_ok($$SELECT rates_agg('EUR', day, 1.1) FROM ecb$$, '22023', 'rate of the base currency is not 1', 'the base with a rate');
SELECT throws_ok($$SELECT rates || ''::text FROM (SELECT 'EUR {USD {2020-01-01 1}}'::rates + 'USD {EUR {2020-01-01 1}}' AS rates) x$$, '22023', 'exchange rates have different base currencies', 'two bases');
-- penetration: 300 of 1,200; no size: NULL; size 0: an error
SELECT results_eq('SELECT penetration(300, 1200), penetration(300, NULL)', 'VALUES (.25::float8, NULL::float8)', 'penetration');
SELECT throws_ok('SELECT penetration(300, 0)', '22003', 'market size is out of range', 'a market of nobody');

SELECT * FROM finish();
ROLLBACK;
