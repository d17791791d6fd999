-- 18_survey.sql: what customers say by segment and market, and margins of KPIs, by an expression over the source
\ir ../lib/begin.sql
SET search_path = public, segment;
SELECT plan(36);

CREATE TABLE sale (id integer, who integer, at date, amount numeric(10, 2), cost numeric(10, 2), land text, currency text DEFAULT 'EUR', written timestamptz NOT NULL DEFAULT '2025-06-01');
INSERT INTO sale
SELECT g, (g * 7919 % 1009) % 90, date '2025-01-03' + (g * 104729 % 130)::int, CASE WHEN g % 19 = 0 THEN -1 ELSE 1 END * (g % 101 + 0.25),
       CASE WHEN g % 37 = 0 THEN NULL ELSE CASE WHEN g % 19 = 0 THEN -1 ELSE 1 END * round((g % 101) * 0.6 + g % 5, 2) END,
       (ARRAY['DE', 'FR'])[1 + ((g * 7919 % 1009) % 90) % 2] FROM generate_series(1, 1500) g;
CREATE TABLE answer (person integer, said_at timestamptz, score integer, topic text);
INSERT INTO answer SELECT g % 110, timestamptz '2025-03-01 00:00Z' + g * interval '1 hour', g * 31 % 11, 'NPS' FROM generate_series(1, 400) g;
INSERT INTO answer SELECT g % 70, timestamptz '2025-03-01 00:00Z' + g * interval '1 hour', 1 + g * 17 % 5, 'csat' FROM generate_series(1, 100) g;
INSERT INTO answer VALUES (3, '2025-06-01', 0, 'NPS'), (4, '2025-03-01', NULL, 'csat'), (NULL, '2025-03-01', 1, 'csat'), (5, '2025-03-02', 3, '');

SELECT create_segmentation('shop', 'sale', 'who', 'at', 'amount', 'id', 'land', changes => by_column('written'),
  measures => measures(margin => 'amount - cost', survey => 'answer', survey_customer => 'person', survey_at => 'said_at', survey_name => 'topic')) \g /dev/null
SELECT refresh('shop', '2025-05-12') \g /dev/null

-- Surveys: the last answer of each customer, by hand
CREATE TEMP TABLE said AS
SELECT a.topic AS survey, d.dimension, d.value_key, a.score
FROM (SELECT DISTINCT ON (topic, person) topic, person, score FROM answer WHERE score IS NOT NULL AND said_at < '2025-05-13 00:00Z' AND topic <> '' ORDER BY topic, person, said_at DESC) a
JOIN customer_profile p ON p.customer_id = a.person::text AND p.segmentation = 'shop'
CROSS JOIN LATERAL (VALUES ('all', 'all'), ('segment', p.segment_name), ('market', p.market)) d (dimension, value_key);
SELECT is_empty($$(SELECT survey, dimension, value_key, answers, round(mean::numeric, 12) FROM survey_summary EXCEPT ALL SELECT survey, dimension, value_key, count(*), round(avg(score), 12) FROM said GROUP BY 1, 2, 3)$$, 'answers and means');
SELECT is(count(*), (SELECT count(*) FROM (SELECT DISTINCT survey, dimension, value_key FROM said) x), 'of all, by segment and by market') FROM survey_summary;
SELECT results_eq($$SELECT promoters, passives, detractors, round(nps::numeric, 12) FROM survey_summary WHERE survey = 'NPS' AND dimension = 'all'$$,
  $$SELECT count(*) FILTER (WHERE score >= 9), count(*) FILTER (WHERE score IN (7, 8)), count(*) FILTER (WHERE score < 7),
      round((count(*) FILTER (WHERE score >= 9) - count(*) FILTER (WHERE score < 7)) / count(*)::numeric, 12) FROM said WHERE survey = 'NPS' AND dimension = 'all'$$, 'net promoters');
SELECT is_empty($$SELECT FROM survey_summary WHERE survey = 'csat' AND (promoters IS NOT NULL OR nps IS NOT NULL)$$, 'a score of satisfaction has none');
SELECT is_empty($$SELECT FROM survey_summary WHERE answers = 1 AND ci_low IS NOT NULL OR answers > 1 AND NOT (ci_low <= mean AND mean <= ci_high)$$, 'intervals around the mean, none of one answer');
-- Moore's text: 5.0, 5.5, 6.2, 4.8, 5.9 by R's t.test: 4.7621 to 6.1979
SELECT results_eq($$SELECT round(mean::numeric, 4), round(low::numeric, 4), round(high::numeric, 4) FROM mean_interval(5, 27.4, 151.54)$$,
  $$SELECT 5.4800, round((5.48 - 2.7764451051978 * sqrt(0.347 / 5))::numeric, 4), round((5.48 + 2.7764451051978 * sqrt(0.347 / 5))::numeric, 4)$$, 'the interval is Student''s, with four degrees of freedom');
SELECT results_eq($$SELECT mean, low, high FROM mean_interval(1, 7, 49)$$, $$VALUES (7::float8, NULL::float8, NULL::float8)$$, 'of one value none');
SELECT results_eq($$SELECT mean, low, high FROM mean_interval(3, 6, 12)$$, $$VALUES (2::float8, 2::float8, 2::float8)$$, 'of equal values the value');
SELECT is_empty($$SELECT FROM mean_interval(0, 0, 0) i WHERE i IS NOT NULL$$, 'of none nothing');
SELECT throws_ok($$SELECT mean_interval(3, 6, 11)$$, '22023', 'no values have that sum and sum of squares', 'sums that are none');
SELECT throws_ok($$SELECT mean_interval(3, 6, 12, 1)$$, '22023', NULL, 'a confidence of 1');
CREATE TEMP TABLE once AS TABLE survey_score;
SELECT refresh('shop', '2025-05-12') \g /dev/null
SELECT is_empty($$(TABLE once EXCEPT TABLE survey_score) UNION ALL (TABLE survey_score EXCEPT TABLE once)$$, 'the same day again is the same');

-- Margins: missing costs are no costs of 0
SELECT results_eq($$SELECT period_start, numerator FROM kpi_series WHERE kpi = 'margin' AND dimension = 'all' ORDER BY 1$$,
  $$SELECT month, sum(revenue - costs) FROM (
      SELECT date_trunc('month', at)::date AS month, who, at, sum(amount) AS revenue, sum(cost) AS costs, bool_and(cost IS NOT NULL) AS known FROM sale WHERE at <= '2025-05-12' GROUP BY 1, 2, 3) d
    WHERE known AND month > '2024-12-01' GROUP BY 1 ORDER BY 1$$, 'margin of the days of customers whose costs are all known');
SELECT results_eq($$SELECT kpi, round(value::numeric, 12), reason FROM kpi_series WHERE kpi = 'margin rate' AND dimension = 'all' AND period_start = '2025-02-01'$$,
  $$SELECT 'margin rate', round(sum(revenue - costs) / sum(revenue), 12), NULL FROM (SELECT who, at, sum(amount) AS revenue, sum(cost) AS costs FROM sale
    WHERE at >= '2025-02-01' AND at < '2025-03-01' GROUP BY 1, 2 HAVING bool_and(cost IS NOT NULL)) d$$, 'the rate is of the same days'' revenue');
SELECT is((SELECT sum(numerator) FROM kpi_series WHERE kpi = 'margin' AND dimension = 'market'), (SELECT sum(numerator) FROM kpi_series WHERE kpi = 'margin' AND dimension = 'all'), 'markets add up');
SELECT is((SELECT sum(numerator) FROM kpi_series WHERE kpi = 'margin' AND dimension = 'segment'), (SELECT sum(numerator) FROM kpi_series WHERE kpi = 'margin' AND dimension = 'all'), 'and segments');
SELECT results_eq($$SELECT rows, severity FROM data_quality WHERE check_name = 'rows without a cost'$$, $$SELECT count(*), 'warning' FROM sale WHERE cost IS NULL$$, 'missing costs are counted');
UPDATE sale SET cost = 0, written = '2025-06-02' WHERE cost IS NULL AND id < 800;
SELECT refresh('shop', '2025-05-12') \g /dev/null
SELECT is((SELECT sum(numerator) FROM kpi_series WHERE kpi = 'margin' AND dimension = 'all'),
  (SELECT sum(revenue - costs) FROM (SELECT who, at, sum(amount) AS revenue, sum(cost) AS costs FROM sale WHERE at <= '2025-05-12' GROUP BY 1, 2 HAVING bool_and(cost IS NOT NULL)) d), 'costs that come later count');
SELECT is((SELECT count(*) FROM verify('shop')), 0::bigint, 'as if all were read');

-- A loss: price 10, cost 12 is an order, and no return
CREATE TABLE loss (who int, at date, amount numeric, cost numeric);
INSERT INTO loss VALUES (1, '2025-05-01', 10, 12);
SELECT create_segmentation('loss', 'loss', 'who', 'at', 'amount', changes => by_reading_all(ledgers => true), measures => measures(margin => 'amount - cost')), refresh('loss', '2025-05-31') \g /dev/null
SELECT results_eq($$SELECT kpi, value FROM kpi_series WHERE segmentation = 'loss' AND dimension = 'all' AND kpi IN ('orders', 'revenue', 'margin', 'margin rate') ORDER BY 1$$,
  $$VALUES ('margin', -2::float8), ('margin rate', -0.2), ('orders', 1), ('revenue', 10)$$, 'a line sold at a loss');

-- Pseudonyms are found too; nobody's answers come without the customer
SELECT create_segmentation('hashed', 'sale', 'who', 'at', 'amount', privacy => privacy(pseudonymous => true),
  measures => measures(survey => 'answer', survey_customer => 'person', survey_at => 'said_at', survey_name => 'topic')), refresh('hashed', '2025-05-12') \g /dev/null
SELECT results_eq($$SELECT survey, answers, mean FROM survey_summary WHERE segmentation = 'hashed' AND dimension = 'all' ORDER BY 1$$,
  $$SELECT survey, answers, mean FROM survey_summary WHERE segmentation = 'shop' AND dimension = 'all' ORDER BY 1$$, 'where ids are hashed too');
SELECT forget('3') \g /dev/null
SELECT refresh('shop', '2025-05-12') \g /dev/null
SELECT is((SELECT answers FROM survey_summary WHERE segmentation = 'shop' AND survey = 'NPS' AND dimension = 'all'), (SELECT count(*) - 1 FROM said WHERE survey = 'NPS' AND dimension = 'all'), 'who was forgotten says nothing');

-- Survey columns in other versions do not read orders again; a survey named by its score
SELECT new_version('shop', measures => measures(margin => 'amount - cost', survey => 'answer', survey_customer => 'person', survey_at => 'said_at')) \g /dev/null
SELECT is((SELECT count(DISTINCT ledger_set) FROM segmentation_version WHERE segmentation = 'shop'), 1::bigint, 'versions with other surveys share ledgers');
SELECT new_version('shop', measures => measures(margin => 'amount * 0.4')) \g /dev/null
SELECT is((SELECT count(DISTINCT ledger_set) FROM segmentation_version WHERE segmentation = 'shop'), 2::bigint, 'with another margin they do not');
SELECT refresh('shop', '2025-05-12', 2), activate_version('shop', 2) \g /dev/null
SELECT is((SELECT array_agg(DISTINCT survey) FROM survey_summary WHERE segmentation = 'shop'), '{score}', 'one survey, by the name of its score');
SELECT remove_snapshot('shop', '2025-05-12', 2) \g /dev/null
SELECT is((SELECT count(*) FROM survey_score s WHERE NOT EXISTS (SELECT FROM snapshot t WHERE t.id = s.snapshot)), 0::bigint, 'removed with the snapshot');

-- What cannot be
SELECT throws_ok($$SELECT measures(survey_name => 'topic')$$, '22023', 'columns of a survey need survey', 'a column of no survey');
SELECT throws_ok($$SELECT measures(survey => 'answer', survey_at => NULL)$$, '22004', NULL, 'no time');
SELECT throws_ok($$SELECT create_segmentation('x', 'sale', 'who', 'at', 'amount', measures => measures(survey => 'answer', survey_customer => 'person'))$$, '42703', NULL, 'a column that is not there');
SELECT throws_ok($$SELECT create_segmentation('x', 'sale', 'who', 'at', 'amount', measures => measures(survey => 'answer', survey_customer => 'topic', survey_at => 'said_at'))$$, '42804', NULL, 'other ids');
SELECT throws_ok($$SELECT create_segmentation('x', 'sale', 'who', 'at', 'amount', measures => measures(margin => 'nosuch'))$$, '42703', NULL, 'a margin of a column that is none');
SELECT throws_ok($$SELECT create_segmentation('x', 'sale', 'who', 'at', 'amount', measures => measures(margin => 'cost); DROP TABLE sale; --'))$$, '42601', NULL, 'nor more than one expression');
SELECT throws_ok($$SELECT create_segmentation('x', 'sale', 'who', 'at', 'amount', measures => measures(margin => 'at'))$$, '42846', NULL, 'nor a date');
INSERT INTO segment.blocked_column VALUES ('cost', 'secret');
SELECT throws_ok($$SELECT create_segmentation('x', 'sale', 'who', 'at', 'amount', measures => measures(margin => 'amount - cost'))$$, '42501', NULL, 'nor of a blocked column');
DELETE FROM segment.blocked_column;
DROP TABLE answer;
SELECT activate_version('shop', 1) \g /dev/null
SELECT throws_ok($$SELECT refresh('shop', '2025-05-13')$$, '42P01', NULL, 'a survey that is gone');
SELECT drop_segmentation('shop'), drop_segmentation('hashed') \g /dev/null
SELECT is_empty('SELECT FROM survey_score', 'dropped with the segmentation');

SELECT * FROM finish();
ROLLBACK;
