-- 08_margin.sql: ranks by margin, while orders and returns follow the sales amount
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
\pset fieldsep '\n'
SELECT plan(19);
SET search_path = public, segment;

-- Three orders, two of them at a loss: as the amount, profit makes returns of them
CREATE TEMP TABLE t (at date, amount numeric, cost numeric, id int);
INSERT INTO t VALUES ('2025-01-01', 30, 18.0, 1), ('2025-02-01', 20, 23, 2), ('2025-03-01', 9.5, 10.5, 3), ('2025-03-02', -9.5, NULL, 4);
SELECT rfm_agg(at, amount, id) AS sales, rfm_with_monetary(rfm_agg(at, amount, id), sum(amount - cost)) AS r FROM t \gset
SELECT is((SELECT rfm_frequency(rfm_agg(at, amount - cost, id)) FROM t), 1::bigint, 'the trap: profit as the amount'), is(rfm_frequency(:'r'), 3::bigint, 'three orders'),
  is(rfm_monetary(:'r')::text, '8.0', 'their margin'), is(rfm_last(:'r'), date '2025-03-01', 'their days'), is(rfm_returns(:'r'), 1::bigint, 'the returns of the sales'),
  is(rfm_returned(:'r'), 9.5, 'and their amount'), is(rfm_average(:'r'), 8.0 / 3, 'margin per order'), ok(rfm_with_monetary(:'r', rfm_monetary(:'sales')) = :'sales'::rfm, 'and back');
SELECT is(rfm_with_monetary(:'r', NULL), NULL, 'no margin'), is(rfm_with_monetary(NULL, 1), NULL, 'no orders'), is(rfm_monetary(rfm_with_monetary(:'r', -0.00000000000000000001)), -0.00000000000000000001, 'to 20 decimals');
SELECT throws_ok(format('SELECT rfm_with_monetary(%L, %s)', :'r', x), '22003', NULL, x) FROM unnest('{"''NaN''","1e31","1e-21"}'::text[]) x;

-- AdventureWorks, with costs missing of one line in 97
CREATE TABLE line AS SELECT customer_key AS customer, order_date AS at, quantity * unit_price AS amount, CASE WHEN product_key % 97 > 0 THEN quantity * unit_cost END AS cost, quantity * unit_cost AS whole_cost, order_number, country AS market FROM adventureworks;
CREATE TABLE scored AS
SELECT c.*, rfm_monetary(rfm) AS revenue, rfm_score(rfm_with_monetary(rfm, margin), '2019-06-30') OVER () AS score, rfm_score(rfm, '2019-06-30') OVER () AS by_sales
FROM (SELECT customer, (array_agg(market ORDER BY at DESC, market))[1] AS market, rfm_agg(at, amount, order_number) AS rfm, sum(amount - cost) AS margin, sum(whole_cost) AS cost, count(*) FILTER (WHERE cost IS NULL) AS missing
      FROM line GROUP BY customer) c;
SELECT results_eq('SELECT round(sum(x.revenue), 2), round(sum(x.cost), 2) FROM (SELECT label(score, ''standard'') AS segment, market, sum(revenue) AS revenue, sum(cost) AS cost FROM scored GROUP BY 1, 2) x',
  'VALUES (24914586.82, 14456871.39)', 'revenue and cost by segment and market add up to the cent');
SELECT cmp_ok(count(*), '>', 100::bigint, 'some costs are missing') FROM line WHERE cost IS NULL;
SELECT is((SELECT sum(missing) FROM scored), (SELECT count(*) FROM line WHERE cost IS NULL)::numeric, 'missing costs are counted');
-- Ranks by hand: one and the number of quintiles below the margin
SELECT is_empty($$SELECT customer, margin, score FROM scored, (SELECT percentile_cont('{0.2,0.4,0.6,0.8}'::float8[]) WITHIN GROUP (ORDER BY margin::float8) AS cut FROM scored) q
  WHERE score_m(score) <> 1 + (SELECT count(*) FROM unnest(cut) c WHERE c < margin::float8) OR (score_r(score), score_f(score)) <> (score_r(by_sales), score_f(by_sales))
    AND margin IS NOT NULL AND NOT EXISTS (SELECT FROM scored s WHERE s.margin IS NULL)$$, 'ranks by margin are those computed by hand');
SELECT cmp_ok(count(*) FILTER (WHERE score_m(score) <> score_m(by_sales)), '>', 100::bigint, 'and others than by sales') FROM scored;
SELECT finish();
ROLLBACK;
