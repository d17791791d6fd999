-- 03_errors.sql: limits of memory and options that are words: one SQLSTATE and one wording in every room
\ir ../lib/begin.sql
SELECT plan(40);
SET search_path = public, segment;

CREATE FUNCTION error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE state text; message text; detail text; hint text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN others THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', state, message, detail, hint);
END $$;

CREATE TABLE customer AS
SELECT g, rfm_agg(date '2025-01-01' + g % 31, g) AS rfm, repeat_summary(g % 5, CASE WHEN g % 5 = 0 THEN 0 ELSE g END, 40000 + g, NULL, '1 day') AS repeat
FROM generate_series(1, 40000) g GROUP BY g;
CREATE TABLE made AS
SELECT coreset_agg(ARRAY[g, g * g % 977]::float8[]) AS coreset, quantiles_agg(g) AS quantiles, rfm_cut_points_agg(rfm, '2025-01-31', 5) AS cuts
FROM customer WHERE g <= 2000;
CREATE TABLE model AS
SELECT kmeans(coreset, 2) AS kmeans, btyd_model('mbgnbd', '{.525,6.183,.891,1.614}', '1 week') AS btyd, spend_model(6, 4, 15) AS spend FROM made;

-- memory: 53400 with both amounts, and a hint whose figure is enough
SET maintenance_work_mem = '1MB';
CREATE TEMP TABLE greedy(what, statement) AS VALUES
  ('natural breaks', $$SELECT cut_points_agg(g, 5, 'natural') FROM customer$$),
  ('natural breaks of quantiles', $$SELECT cut_points(quantiles_agg(g), 5, 'natural') FROM customer$$),
  ('kmeans', $$SELECT kmeans(coreset_agg(ARRAY[g, g * 7 % 977]::float8[]), 50) FROM customer$$),
  ('gmm', $$SELECT gmm(coreset_agg(ARRAY[g, g * 7 % 977]::float8[]), 9) FROM customer$$),
  ('kmeans_choose', $$SELECT kmeans_choose(coreset_agg(ARRAY[g, g * 7 % 977]::float8[]), 2, 9) FROM customer$$),
  ('a fit of orders', $$SELECT mbgnbd(btyd_agg(repeat)) FROM customer$$),
  ('a backtest', $$SELECT backtest(holdout_agg(('{2024-01-01 ' || g || '}')::ledger, '2024-06-30', '2024-12-31', '1 week'), '{nbd}') FROM customer$$);
SELECT matches(error_of(statement), '^53400 \| maintenance_work_mem is too small for [^|]+ \| It needs \d+ kB; maintenance_work_mem is 1024 kB\. \| Set maintenance_work_mem to at least \d+ MB, or [^|]+\.$', what)
FROM greedy;
RESET maintenance_work_mem;

-- words: 22023 that names the option, the value and every word that is accepted; case counts
CREATE TEMP TABLE misread(option, accepted, statement) AS VALUES
  ('method', 'quantile, equal_width and natural', $$SELECT cut_points_agg(g, 5, %L) FROM customer$$),
  ('method', 'quantile, equal_width and natural', $$SELECT cut_points(quantiles, 5, %L) FROM made$$),
  ('method', 'quantile, equal_width and natural', $$SELECT rfm_cut_points_agg(rfm, '2025-01-31', 5, %L) FROM customer$$),
  ('direction', 'ascending and descending', $$SELECT cut_points(quantiles, 5, 'quantile', %L) FROM made$$),
  ('side', 'quantile, from, within and under', $$SELECT cut_points('{1,2}'::float8[], %L)$$),
  ('monetary', 'total and average', $$SELECT rfm_score(rfm, '2025-01-31', monetary => %L) OVER () FROM customer$$),
  ('transform', 'none and log', $$SELECT coreset_agg(ARRAY[1::float8], %L)$$),
  ('transform', 'none, log and stored', $$SELECT kmeans(coreset, 2, transform => %L) FROM made$$),
  ('nulls', 'skip, error and mean', $$SELECT coreset_agg(ARRAY[1::float8], 'log', 1, %L)$$),
  ('scale', 'standard, robust and none', $$SELECT kmeans(coreset, 2, scale => %L) FROM made$$),
  ('scale', 'standard, robust and none', $$SELECT gmm(coreset, 2, scale => %L) FROM made$$),
  ('covariance', 'diagonal and full', $$SELECT gmm(coreset, 2, %L) FROM made$$),
  ('timing', 'continuous and period_end', $$SELECT clv(btyd, spend, repeat_summary(1, 1, 9, 5, '1 week'), '1 year', 0.1, 1, %L) FROM model$$),
  ('model', 'nbd, bgnbd, mbgnbd, pareto_nbd and bgbb', $$SELECT btyd_model(%L, '{1,2,3,4}', '1 week')$$),
  ('model', 'nbd, bgnbd, mbgnbd, pareto_nbd and bgbb', $$SELECT backtest(holdout_agg('{2024-01-01 1}'::ledger, '2024-06-30', '2024-12-31', '1 week'), ARRAY[%L])$$);
SELECT is(error_of(format(statement, word)) ~ ('^22023 \| unknown ' || option || ': "' || word || '" \| Accepted are ' || accepted || ', in lower case\. \| [^|]+\.$'), true,
  statement || ': ' || word) || CASE WHEN error_of(format(statement, word)) LIKE '22023 | unknown%' THEN '' ELSE E'\n' || diag(error_of(format(statement, word))) END
FROM misread, (VALUES ('Full')) v(word);

-- NULL: an error in aggregates, window functions and kmeans, NULL from functions that are strict
SELECT is(error_of(statement), '22004 | ' || option || ' must not be NULL | It is an option, and options have no unknown value. | Pass a value, or leave the argument out if it has a default.', statement)
FROM (VALUES
  ('method', $$SELECT cut_points_agg(g, 5, NULL) FROM customer$$), ('bins', $$SELECT cut_points_agg(g, NULL) FROM customer$$),
  ('monetary', $$SELECT rfm_score(rfm, '2025-01-31', monetary => NULL) OVER () FROM customer$$),
  ('zone', $$SELECT rfm_cut_points_agg(rfm, '2025-01-31', 5, 'quantile', 'total', NULL) FROM customer$$),
  ('transform', $$SELECT coreset_agg(ARRAY[1::float8], NULL)$$), ('k', $$SELECT kmeans_agg(ARRAY[1::float8], NULL)$$),
  ('scale', $$SELECT kmeans_assign(ARRAY[1::float8], 1, 'log', NULL) OVER ()$$), ('scale', $$SELECT kmeans(coreset, 2, scale => NULL) FROM made$$),
  ('include_first', $$SELECT spend_agg(repeat, NULL) FROM customer$$),
  ('zone', $$SELECT ledger_agg(date '2025-01-01', 1, 1, NULL)$$), ('until', $$SELECT holdout_agg('{2024-01-01 1}'::ledger, '2024-06-30', NULL, '1 week')$$),
  ('model', $$SELECT backtest(holdout_agg('{2024-01-01 1}'::ledger, '2024-06-30', '2024-12-31', '1 week'), '{NULL}')$$)) t(option, statement);
SELECT is((SELECT cut_points(quantiles, 5, NULL) FROM made), NULL, 'a strict function: NULL');
SELECT is((SELECT gmm(coreset, 2, NULL) FROM made), NULL, 'another');

-- an option that changes
SELECT is(error_of(statement), '22023 | ' || option || ' must be the same in every row | It is an option: one value holds for all rows of a group or partition. | Pass a constant, or add it to GROUP BY or PARTITION BY.', statement)
FROM (VALUES
  ('method', $$SELECT cut_points_agg(g, 5, CASE g WHEN 1 THEN 'quantile' ELSE 'natural' END ORDER BY g) FROM customer$$),
  ('transform', $$SELECT coreset_agg(ARRAY[1::float8], CASE g WHEN 1 THEN 'log' ELSE 'none' END ORDER BY g) FROM customer$$),
  ('bins', $$SELECT rfm_score(rfm, '2025-01-31', CASE g WHEN 1 THEN 5 ELSE 4 END) OVER (ORDER BY g ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM customer$$),
  ('k', $$SELECT kmeans_agg(ARRAY[1::float8], 1 + g % 2) FROM customer$$)) t(option, statement);

SELECT * FROM finish();
ROLLBACK;
