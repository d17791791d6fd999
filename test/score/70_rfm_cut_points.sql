-- 70_rfm_cut_points.sql: the frozen rule: forms, parts of different bins, scoring one customer, what is refused
\ir ../lib/begin.sql
SELECT plan(37);
SET search_path = public, segment;

SELECT is(c::rfm_cut_points::text, c, 'text round trip: ' || c)
FROM unnest(ARRAY['r: within {30,90}; f: from {2,5}; m: total from {50,200}', 'r: under {1}; f: quantile {1,2}; m: average from {5,6,7}',
                  'r: quantile descending {3} by natural of {1,2}; f: quantile {1} by quantile of {3,0}; m: total quantile {9} by equal_width of {2,1}']) c;
SELECT is('r:within{30};f:{2};m:total{50}'::rfm_cut_points, 'r: within {30}; f: from {2}; m: total from {50}', 'white space and the side from may be left out');
SELECT throws_ok(format('SELECT %L::rfm_cut_points', bad), '22P02', NULL, format('refused: %L', bad))
FROM unnest(ARRAY['', 'r: within {30}', 'r: within {30}; f: from {2}; m: from {50}', 'r: from {30}; f: from {2}; m: total from {50}',
                  'r: within {30}; f: within {2}; m: total from {50}', 'r: within {30}; f: from {2}; m: total under {50}',
                  'f: from {2}; r: within {30}; m: total from {50}', 'r: within {30}; f: from {2}; m: total from {50};',
                  'r: within {1,2,3,4,5,6,7,8,9}; f: from {2}; m: total from {50}']) bad;

-- put together
SELECT is(rfm_cut_points(cut_points(ARRAY[30, 90], 'within'), cut_points(ARRAY[2]), cut_points(ARRAY[10, 20, 30]))::text,
  'r: within {30,90}; f: from {2}; m: total from {10,20,30}', 'parts of different bins');
SELECT is(rfm_cut_points('within {30}', 'from {2}', 'from {9}', 'average')::text, 'r: within {30}; f: from {2}; m: average from {9}', 'literals resolve; monetary is average');
SELECT is(rfm_cut_points('within {30}', NULL, 'from {9}'), NULL, 'NULL in, NULL out');

-- one customer: 3 orders of 60 in all, the last one 30 days before
CREATE TEMP TABLE c AS SELECT rfm_agg(at, amount) AS rfm FROM (VALUES (date '2025-01-01', 10), (date '2024-12-01', 20), (date '2024-06-01', 30)) t(at, amount);
SELECT is(rfm_score('r: within {30,90}; f: from {2,3}; m: total from {61}'::rfm_cut_points, rfm, '2025-01-31'), '3-3-1/3-3-2', 'bins of each dimension') FROM c;
SELECT is(rfm_score('r: under {30,90}; f: from {2,4}; m: average from {20}'::rfm_cut_points, rfm, '2025-01-31'), '2-2-2/3-3-2', 'under, average') FROM c;
SELECT is(rfm_score('r: within {30}; f: from {2}; m: total from {9}'::rfm_cut_points, rfm_agg(date '2025-01-01', -1), '2025-01-31'), 'none/2', 'returns only: none');
SELECT is(rfm_score('r: within {30}; f: from {2}; m: total from {9}'::rfm_cut_points, NULL::rfm, '2025-01-31'), NULL, 'no summary: NULL');
SELECT is(rfm_score(NULL::rfm_cut_points, rfm, '2025-01-31'), NULL, 'no cut points: NULL') FROM c;
SELECT is(ARRAY[rfm_score(k, r, '2025-01-31'), rfm_score(k, r, '2025-01-31', 'Asia/Tokyo')]::text, '{1-1-1/2,2-1-1/2}', 'zone decides on the day')
FROM (SELECT 'r: within {0}; f: from {2}; m: total from {9}'::rfm_cut_points, rfm_agg(timestamptz '2025-01-30 23:30+00', 1)) t(k, r);
SELECT is(provolatile::text || proparallel::text, 'is', 'immutable and parallel safe') FROM pg_proc WHERE oid = 'rfm_score(rfm_cut_points, rfm, date, text)'::regprocedure;

-- made in one step
SELECT is(rfm_cut_points_agg(r, '2025-01-31', 2), NULL, 'nobody has an order: NULL') FROM (SELECT rfm_agg(date '2025-01-01', -1) UNION ALL SELECT NULL) t(r);
SELECT is(rfm_cut_points_agg(r, '2025-01-31', 2), NULL, 'no rows: NULL') FROM (SELECT rfm FROM c WHERE false) t(r);
SELECT is(rfm_cut_points_agg(rfm, '2025-01-31', 2)::text,
  'r: quantile descending {30} by quantile of {0,1}; f: quantile {3} by quantile of {1,0}; m: total quantile {60} by quantile of {1,0}', 'one customer') FROM c;
SELECT is(rfm_cut_points_agg(rfm, '2025-01-31', 2, 'natural', 'average', 'UTC')::text,
  'r: quantile descending {30} by natural of {0,1}; f: quantile {3} by natural of {1,0}; m: average quantile {20} by natural of {1,0}', 'all options') FROM c;

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
SELECT is(error_of($$SELECT rfm_cut_points(cut_points(ARRAY[30]), cut_points(ARRAY[2]), cut_points(ARRAY[9]))$$),
  '22023 | cut points do not fit together | Cut points of recency must be descending: the sides within and under are. | For recency use cut_points(array, ''within'') or cut_points(quantiles, bins, direction => ''descending''); for frequency and monetary cut_points(array).',
  'recency the wrong way round');
SELECT is(error_of($$SELECT rfm_cut_points_agg(rfm, '2025-01-31', 10) FROM c$$), '22023 | bins is out of range | bins is 10; accepted are 2 to 9. | Pass a value within the range.', 'too many bins');
SELECT is(error_of($$SELECT rfm_cut_points_agg(rfm, '2025-01-31', NULL) FROM c$$), '22004 | bins must not be NULL | It is an option, and options have no unknown value. | Pass a value, or leave the argument out if it has a default.', 'bins NULL');
SELECT is(error_of($$SELECT rfm_cut_points_agg(rfm, date '2025-01-31' + g, 5) FROM c, generate_series(0, 1) g$$),
  '22023 | as_of must be the same in every row | It is an option: one value holds for all rows of a group or partition. | Pass a constant, or add it to GROUP BY or PARTITION BY.', 'as_of changes');
SELECT is(error_of($$SELECT cut_points_agg(g, g) FROM generate_series(2, 3) g$$),
  '22023 | bins must be the same in every row | It is an option: one value holds for all rows of a group or partition. | Pass a constant, or add it to GROUP BY or PARTITION BY.', 'bins change');
SELECT matches(error_of($$SELECT rfm_cut_points_agg(rfm, '2024-12-31', 5) FROM c$$), '^22023 .*as_of', 'an order after as_of');
SELECT is(error_of($$SELECT segment_internal.quantiles_agg_trans(NULL, 1)$$), '22023 | quantiles_agg_trans is a support function of an aggregate | It was called outside an aggregate. | Call the aggregate instead.', 'support functions are not for calling');

-- order, hashing, jsonb
SELECT is(count(DISTINCT k), 2::bigint, 'equal values are one') FROM unnest(ARRAY['r: within {30}; f: from {2}; m: total from {9}', 'r: within {30}; f: {2}; m: total {9.0}', 'r: within {30}; f: from {2}; m: average from {9}']::rfm_cut_points[]) k;
SELECT is('r: within {30}; f: from {2}; m: total from {9}'::rfm_cut_points::jsonb -> 'recency' ->> 'side', 'within', 'as jsonb');
SELECT results_eq($$SELECT dimension, score::int, lower, upper, used FROM rfm_cut_points_info('r: within {30}; f: from {2}; m: total from {9}')$$,
  $$VALUES ('recency', 2, NULL::float8, 30::float8, true), ('recency', 1, 30, NULL, true), ('frequency', 2, 2, NULL, true), ('frequency', 1, NULL, 2, true),
           ('monetary', 2, 9, NULL, true), ('monetary', 1, NULL, 9, true)$$, 'what each score means');

SELECT * FROM finish();
