-- 40_window.sql: rfm_score OVER: options, partitions, ties, customers without orders, what is refused
\ir ../lib/begin.sql
SELECT plan(47);
SET search_path = public, segment;

-- ten customers: customer g has g orders (1 to 10), the last one g days before 2025-01-31, each of g euros; a market each half
CREATE TABLE o AS
SELECT g AS customer, CASE WHEN g <= 5 THEN 'A' ELSE 'B' END AS market, date '2025-01-31' - g - (i - 1) AS at, g::numeric AS amount
FROM generate_series(1, 10) g, generate_series(1, g) i;
CREATE TABLE c AS SELECT customer, market, rfm_agg(at, amount) AS rfm FROM o GROUP BY 1, 2;

SELECT is(rfm_score(rfm, '2025-01-31') OVER (), want::rfm_score, 'quintiles of customer ' || customer)
FROM c JOIN unnest(ARRAY['5-1-1', '5-1-1', '4-2-2', '4-2-2', '3-3-3', '3-3-3', '2-4-4', '2-4-4', '1-5-5', '1-5-5']) WITH ORDINALITY w(want, n) ON n = customer
ORDER BY customer;
SELECT is(string_agg(s::text, ' ' ORDER BY customer), '2-1-1/2 2-1-1/2 2-1-1/2 2-1-1/2 2-1-1/2 1-2-2/2 1-2-2/2 1-2-2/2 1-2-2/2 1-2-2/2', 'two bins')
FROM (SELECT customer, rfm_score(rfm, '2025-01-31', 2) OVER () AS s FROM c) t;
SELECT is(string_agg(s::text, ' ' ORDER BY customer), '3-1-1/3 3-1-1/3 3-1-1/3 3-1-1/3 2-2-1/3 2-2-2/3 2-2-2/3 1-3-2/3 1-3-3/3 1-3-3/3', 'equal width, options by name')
FROM (SELECT customer, rfm_score(rfm, as_of => '2025-01-31', method => 'equal_width', bins => 3) OVER () AS s FROM c) t;
SELECT is(string_agg(score_m(s)::text, '' ORDER BY customer), '1111223344', 'natural breaks of 1, 4, 9, … 100: squares 129 + 60.5 + 112.5 + 180.5')
FROM (SELECT customer, rfm_score(rfm, as_of => '2025-01-31', method => 'natural', bins => 4) OVER () AS s FROM c) t;
SELECT is(string_agg(score_m(s)::text, '' ORDER BY customer), '1122334455', 'monetary as average order')
FROM (SELECT customer, rfm_score(rfm, '2025-01-31', monetary => 'average') OVER () AS s FROM c) t;
SELECT is((SELECT count(*) FROM (SELECT rfm_score(rfm, '2025-01-31') OVER () a, rfm_score(rfm, '2025-01-31') OVER (ORDER BY customer DESC ROWS 1 PRECEDING) b FROM c) t WHERE a <> b), 0::bigint,
  'ORDER BY and frames do not matter');
SELECT is((SELECT count(*) FROM (SELECT customer, rfm_score(rfm, '2025-01-31') OVER () a FROM c) x JOIN (SELECT customer, rfm_score(rfm, '2025-01-31') OVER () b FROM (SELECT * FROM c ORDER BY md5(customer::text)) s) y USING (customer) WHERE a <> b), 0::bigint,
  'nor does the order of rows');
SELECT is(string_agg(s::text, ' ' ORDER BY customer), '5-1-1 4-2-2 3-3-3 2-4-4 1-5-5 5-1-1 4-2-2 3-3-3 2-4-4 1-5-5', 'each partition by its own cut points')
FROM (SELECT customer, rfm_score(rfm, '2025-01-31') OVER (PARTITION BY market) AS s FROM c) t;

-- on the grouping level, with the aggregate as argument
SELECT is(string_agg(score_code(s)::text, ' ' ORDER BY customer), '511 511 422 422 333 333 244 244 155 155', 'score and summary on one grouping level')
FROM (SELECT customer, rfm_score(rfm_agg(at, amount), '2025-01-31') OVER () AS s FROM o GROUP BY customer) t;

-- ties, one customer, no customer
SELECT is(string_agg(s::text, ' '), '5-1-1 5-1-1 5-1-1', 'equal customers: best recency score, lowest of the others')
FROM (SELECT rfm_score(rfm, '2025-01-31') OVER () AS s FROM c, generate_series(1, 3) WHERE customer = 4) t;
SELECT is(rfm_score(rfm, '2025-01-31', method => m) OVER (), '5-1-1', 'one customer, ' || m) FROM c, unnest('{quantile,natural,equal_width}'::text[]) m WHERE customer = 4 AND m = 'quantile';
SELECT is(s, '5-1-1', 'one customer, ' || m)
FROM unnest('{natural,equal_width}'::text[]) m, LATERAL (SELECT rfm_score(rfm, '2025-01-31', method => m) OVER () FROM c WHERE customer = 4) t(s);
SELECT is((SELECT rfm_score(rfm, '2025-01-31') OVER () FROM c WHERE false), NULL, 'no customer');

-- customers without an order, and without a summary
CREATE TABLE d AS
SELECT customer, rfm FROM c UNION ALL SELECT 11, rfm_agg(date '2025-01-01', -5) UNION ALL SELECT 12, NULL;
SELECT is(string_agg(coalesce(s::text, 'NULL'), ' ' ORDER BY customer), '5-1-1 5-1-1 4-2-2 4-2-2 3-3-3 3-3-3 2-4-4 2-4-4 1-5-5 1-5-5 none NULL',
  'returns only: none; no summary: NULL; neither counts for the cut points')
FROM (SELECT customer, rfm_score(rfm, '2025-01-31') OVER () AS s FROM d) t;
SELECT is(string_agg(coalesce(s::text, 'NULL'), ' ' ORDER BY customer), 'none/4 NULL', 'nobody has an order')
FROM (SELECT customer, rfm_score(rfm, '2025-01-31', 4) OVER () AS s FROM d WHERE customer > 10) t;
SELECT is(rfm_score(NULL, '2025-01-31') OVER (), NULL, 'a NULL literal resolves');

-- small partitions
PREPARE fell_back AS
SELECT customer, rfm_score(rfm, '2025-01-31', min_partition => 6,
                           fallback => (SELECT rfm_cut_points_agg(rfm, '2025-01-31', 5) FROM c)) OVER (PARTITION BY market) AS s FROM c;
SELECT results_eq('EXECUTE fell_back', $$SELECT customer, rfm_score(rfm, '2025-01-31') OVER () AS s FROM c$$, 'small partitions are scored by the whole''s cut points');
SELECT is(string_agg(s::text, ' ' ORDER BY customer), '5-1-1 4-2-2 3-3-3 2-4-4 1-5-5 5-1-1 4-2-2 3-3-3 2-4-4 1-5-5', 'as large as min_partition is large enough')
FROM (SELECT customer, rfm_score(rfm, '2025-01-31', min_partition => 5,
                                 fallback => (SELECT rfm_cut_points_agg(rfm, '2025-01-31', 5) FROM c)) OVER (PARTITION BY market) AS s FROM c) t;

-- days of a zone
SELECT is(ARRAY(SELECT score_r(rfm_score(rfm, '2025-01-31', 2, zone => z) OVER (PARTITION BY z)) FROM
  (SELECT rfm_agg(timestamptz '2025-01-30 23:30+00', 1) UNION ALL SELECT rfm_agg(timestamptz '2025-01-31 00:30+00', 1)) t(rfm), unnest('{UTC,Asia/Tokyo}'::text[]) z ORDER BY z, 1),
  '{2,2,1,2}'::smallint[], 'zone decides on the day: one day in Tokyo, two in UTC');

-- errors
CREATE FUNCTION error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE d text; h text; m text; s text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS s = RETURNED_SQLSTATE, m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', s, m, d, h);
END $$;
SELECT is(error_of(format('SELECT rfm_score(rfm, %s) OVER () FROM c', call)), want, call)
FROM (VALUES
  ($$'2025-01-31', 1$$, '22023 | bins is out of range | bins is 1; accepted are 2 to 9. | Pass a value within the range.'),
  ($$'2025-01-31', 10$$, '22023 | bins is out of range | bins is 10; accepted are 2 to 9. | Pass a value within the range.'),
  ($$'2025-01-31', method => 'ntile'$$, '22023 | unknown method: "ntile" | Accepted are quantile, equal_width and natural, in lower case. | quantile puts equally many values into each score, natural those that lie together.'),
  ($$'2025-01-31', monetary => 'max'$$, '22023 | unknown monetary: "max" | Accepted are total and average, in lower case. | total is the sum of the amounts, average their mean per order.'),
  ($$'2025-01-31', min_partition => -1$$, '22023 | min_partition is out of range | min_partition is -1; accepted are 0 to 2147483647. | Pass a value within the range.'),
  ($$NULL::date$$, '22004 | as_of must not be NULL | It is an option, and options have no unknown value. | Pass a value, or leave the argument out if it has a default.'),
  ($$'2025-01-31', bins => NULL$$, '22004 | bins must not be NULL | It is an option, and options have no unknown value. | Pass a value, or leave the argument out if it has a default.'),
  ($$'2025-01-31', min_partition => 11$$,
   '22023 | a partition is smaller than min_partition, and there is no fallback | The partition has 10 customers with orders, min_partition is 11. | Pass fallback => (SELECT rfm_cut_points_agg(rfm, as_of, bins) FROM ...).'),
  ($$'2025-01-31', 4, fallback => 'r: within {30,90}; f: from {2,5}; m: total from {50,200}'$$,
   '22023 | fallback has other bins than the partition | fallback has 3 bins in a dimension, the partition 4. | Make fallback with the same bins.'),
  ($$'2025-01-31', 3, fallback => 'r: within {30,90}; f: from {2,5}; m: average from {50,200}'$$,
   '22023 | fallback looks at another monetary than the partition | fallback is made of the average, the partition of the total. | Make fallback with the same monetary.'),
  ($$date '2025-01-31' + customer$$,
   '22023 | as_of must be the same in every row | It is an option: one value holds for all rows of a group or partition. | Pass a constant, or add it to GROUP BY or PARTITION BY.'),
  ($$'2025-01-31', 2 + customer % 2$$,
   '22023 | bins must be the same in every row | It is an option: one value holds for all rows of a group or partition. | Pass a constant, or add it to GROUP BY or PARTITION BY.'),
  ($$'2025-01-31', method => CASE WHEN customer < 9 THEN 'natural' ELSE 'quantile' END$$,
   '22023 | method must be the same in every row | It is an option: one value holds for all rows of a group or partition. | Pass a constant, or add it to GROUP BY or PARTITION BY.')) t(call, want);
SELECT matches(error_of($$SELECT rfm_score(rfm, '2025-01-01') OVER () FROM c$$), '^22023 .*as_of', 'an order after as_of');
SELECT matches(error_of($$SELECT rfm_score(rfm, 'infinity') OVER () FROM c$$), '^22023 ', 'as_of infinity');
SELECT matches(error_of($$SELECT rfm_score(rfm, '2025-01-31', zone => 'Nowhere') OVER () FROM c$$), '^22023 .*Nowhere', 'unknown zone');
SELECT lives_ok($$SELECT rfm_score(rfm, as_of) OVER (PARTITION BY as_of) FROM c, (VALUES (date '2025-01-31'), ('2025-02-28')) d(as_of)$$,
  'an as_of each partition');
SELECT matches(error_of($$SELECT rfm_score(rfm, '2025-01-31') FROM c$$), '^42809 .*window function.*requires an OVER clause', 'without OVER');

SELECT * FROM finish();
