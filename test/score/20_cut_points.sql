-- 20_cut_points.sql: cut_points: forms, the four sides, the three methods, what is refused
\ir ../lib/begin.sql
SELECT plan(72);
SET search_path = public, segment;

-- sides: below, at and above the thresholds 10 and 20
SELECT results_eq(format($$SELECT score(%L::cut_points, v)::int FROM unnest('{9,10,11,20,21}'::float8[]) v$$, c), want, c)
FROM (VALUES ('quantile {10,20}', ARRAY[1, 1, 2, 2, 3]), ('quantile descending {10,20}', ARRAY[3, 3, 2, 2, 1]),
             ('from {10,20}', ARRAY[1, 2, 2, 3, 3]), ('within {10,20}', ARRAY[3, 3, 2, 2, 1]),
             ('under {10,20}', ARRAY[3, 2, 2, 1, 1])) t(c, want);
SELECT is(cut_points(ARRAY[2, 5, 10])::text, 'from {2,5,10}', 'from is the default side');
SELECT is(cut_points(ARRAY[2, 5, 10], side)::text, side || ' {2,5,10}', side || ' round trip')
FROM unnest('{from,within,under,quantile}'::text[]) side;
SELECT is(cut_points(ARRAY[1.5, 1.5])::text, 'from {1.5,1.5}', 'equal thresholds are allowed');
SELECT is(cut_points(ARRAY[-0.0, 1])::text, 'from {0,1}', 'zero has no sign');
SELECT is(cut_points('{2,5}')::text, 'from {2,5}', 'an array literal resolves');
SELECT is(cut_points('{2,5}'::float8[], 'within')::text, 'within {2,5}', 'and with a side, if its type is written');
SELECT is(cut_points(NULL::float8[]), NULL, 'NULL thresholds: NULL');
SELECT is(cut_points_array('within {30,90}'), ARRAY[30, 90]::float8[], 'the thresholds as an array');
SELECT is(score('from {1}', NULL), NULL, 'NULL has no score');
SELECT is(pg_typeof(score('from {1}', 1)), 'smallint'::regtype, 'a score is a smallint');

-- text form
SELECT is(t::cut_points::text, t, 'text form leads back: ' || t)
FROM unnest(ARRAY['quantile {1,2} by quantile of {3,0,2}', 'quantile descending {1.25,1e+300} by natural of {1,1,1}',
                  'quantile {-1} by equal_width of {9,1}', 'under {115,181,297.4,482}']) t;
SELECT is(' from { 1 , 2 } '::cut_points, 'from {1,2}', 'white space does not matter');
SELECT throws_ok(format('SELECT %L::cut_points', bad), '22P02', NULL, format('refused: %L', bad))
FROM unnest(ARRAY['', '1,2', 'from {}', 'from {2,1}', 'from {NaN}', 'from {1e999}', 'from descending {1}', 'from {1,2} x',
                  'quantile {1} by quantile of {1}', 'quantile {1} by quantile of {0,0}',
                  'quantile {1,1} by quantile of {1,1,1}', 'from {1} by quantile of {1,1}']) bad;

-- errors: SQLSTATE, primary, detail, hint
CREATE FUNCTION error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE d text; h text; m text; s text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS s = RETURNED_SQLSTATE, m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', s, m, d, h);
END $$;
SELECT is(error_of('SELECT cut_points(ARRAY[5, 2])'),
  '22023 | thresholds must ascend | Threshold 2 is 2, after 5. | List them from low to high, for recency too: the side gives the direction.', 'unsorted');
SELECT is(error_of('SELECT cut_points(ARRAY[5, NULL])'),
  '22004 | thresholds must not be NULL | The array holds a NULL. | Leave it out, or give its value.', 'NULL inside');
SELECT is(error_of($$SELECT cut_points('{1,NaN}'::float8[])$$),
  '22003 | thresholds must be finite | Threshold 2 is NaN. | The lowest and the highest score have no outer threshold: leave infinities out.', 'NaN');
SELECT is(error_of($$SELECT cut_points('{1,Infinity}'::float8[])$$),
  '22003 | thresholds must be finite | Threshold 2 is Infinity. | The lowest and the highest score have no outer threshold: leave infinities out.', 'infinity');
SELECT is(error_of($$SELECT cut_points('{}'::float8[])$$),
  '22023 | wrong number of thresholds: 0 | Accepted are 1 to 99 thresholds, which make one score more. | Five scores need four thresholds.', 'none');
SELECT is(left(error_of('SELECT cut_points(array_agg(g)) FROM generate_series(1, 100) g'), 39),
  '22023 | wrong number of thresholds: 100', 'too many');
SELECT is(error_of('SELECT cut_points(ARRAY[[1, 2]])'),
  '2202E | thresholds must be a plain list | The array has 2 dimensions. | Pass an array such as ARRAY[2, 5, 10].', 'another shape');
SELECT is(error_of($$SELECT cut_points(ARRAY[1], 'above')$$),
  '22023 | unknown side: "above" | Accepted are quantile, from, within and under, in lower case. | from is for frequency and monetary (5 or more), within for recency (within 180 days).', 'unknown side');
SELECT is(error_of($$SELECT score('from {1}', 'NaN')$$),
  '22003 | value is out of range for a score | The value is NaN; accepted are finite numbers. | Filter such values, or replace them.', 'NaN has no score');
SELECT is(left(error_of('SELECT cut_points(quantiles_agg(1), 1)'), 28), '22023 | bins is out of range', 'too few bins');
SELECT is(error_of('SELECT cut_points(quantiles_agg(1), 101)'),
  '22023 | bins is out of range | bins is 101; accepted are 2 to 100. | Pass a value within the range.', 'too many bins');
SELECT is(error_of($$SELECT cut_points(quantiles_agg(1), 5, 'jenks')$$),
  '22023 | unknown method: "jenks" | Accepted are quantile, equal_width and natural, in lower case. | quantile puts equally many values into each score, natural those that lie together.', 'unknown method');
SELECT is(error_of($$SELECT cut_points(quantiles_agg(1), 5, 'natural', 'up')$$),
  '22023 | unknown direction: "up" | Accepted are ascending and descending, in lower case. | ascending gives the highest score to the highest values, descending to the lowest.', 'unknown direction');

-- methods
SELECT is(cut_points_agg(v, 5)::text, 'quantile {20.8,40.6,60.4,80.2} by quantile of {20,20,20,20,20}', 'quantiles of 1 to 100')
FROM generate_series(1, 100) v;
SELECT is(cut_points_array(cut_points_agg(v, 10)), ARRAY[1, 2, 3, 4, 5, 6, 7, 8, 9]::float8[], 'deciles of 0 to 10 are whole')
FROM generate_series(0, 10) v;
SELECT is(cut_points_agg(v, 4, 'equal_width')::text, 'quantile {25,50,75} by equal_width of {2,1,0,2}', 'bins of equal width')
FROM unnest('{0,10,40,80,100}'::float8[]) v;
SELECT is(cut_points_agg(v, 3, 'natural')::text, 'quantile {3,22} by natural of {3,3,2}', 'natural breaks lie in the gaps')
FROM unnest('{1,2,3,20,21,22,50,55}'::float8[]) v;
-- the classic example of Jenks breaks, also by hand: 4 classes of 1 2 4 5 7 9 10 20
SELECT is(cut_points_agg(v, 4, 'natural')::text, 'quantile {2,5,10} by natural of {2,2,3,1}', 'natural breaks by hand')
FROM unnest('{4,5,9,10,1,2,7,20}'::float8[]) v;
SELECT is(cut_points_agg(v, 5, m)::text, want, m || ': fewer values than bins')
FROM (VALUES ('quantile', 'quantile {1,1,2,2} by quantile of {3,0,2,0,1}'),
             ('natural', 'quantile {1,1,1,2} by natural of {3,0,0,2,1}'),
             ('equal_width', 'quantile {1.4,1.8,2.2,2.6} by equal_width of {3,0,2,0,1}')) t(m, want),
     unnest('{1,1,1,2,2,3}'::float8[]) v GROUP BY m, want ORDER BY m;
SELECT is(cut_points_agg(7, 5, m)::text, format('quantile {7,7,7,7} by %s of {1,0,0,0,0}', m), m || ': one value has score 1')
FROM unnest('{quantile,natural,equal_width}'::text[]) m GROUP BY m ORDER BY m;
SELECT is(cut_points_agg(7, 5, 'quantile', 'descending')::text, 'quantile descending {7,7,7,7} by quantile of {0,0,0,0,1}',
  'descending: one value has the best score');
SELECT is(cut_points_agg(v::float8, 5), (SELECT cut_points(quantiles_agg(v), 5) FROM unnest('{3,1,4,1,5,9,2,6}'::float8[]) v), 'one step or two: the same')
FROM unnest('{9,6,5,4,3,2,1,1}'::float8[]) v;
SELECT is((SELECT max(score(c, v) - 1 - (SELECT count(*) FROM unnest(cut_points_array(c)) t WHERE t < v)) FROM unnest('{3,1,4,1,5,9,2,6}'::float8[]) v), 0::bigint,
  'score is 1 + the number of cut points below')
FROM (SELECT cut_points_agg(v, 9) FROM unnest('{3,1,4,1,5,9,2,6}'::float8[]) v) t(c);
SELECT is(cut_points_agg(v, 2)::text, 'quantile {1.7976931348623155e+308} by quantile of {1,1}', 'a cut point stays below its upper neighbour')
FROM unnest('{1.7976931348623155e308,1.7976931348623157e308}'::float8[]) v;

-- natural breaks respect maintenance_work_mem
SET maintenance_work_mem = '1MB';
SELECT matches(error_of('SELECT cut_points_agg(g, 5, ''natural'') FROM generate_series(1, 100000) g'),
  '^53400 .*maintenance_work_mem is 1024 kB. . Set maintenance_work_mem to at least \d+ MB', 'natural breaks: too many distinct values');
RESET maintenance_work_mem;

-- info
SELECT results_eq($$SELECT score, lower, includes_lower, upper, includes_upper, used, count, side, direction, method
                    FROM cut_points_info('from {2,5,5}')$$,
  $$VALUES (4::smallint, 5::float8, true, NULL::float8, NULL::bool, true, NULL::bigint, 'from', 'ascending', 'given'),
           (3::smallint, 5, true, 5, false, false, NULL, 'from', 'ascending', 'given'),
           (2::smallint, 2, true, 5, false, true, NULL, 'from', 'ascending', 'given'),
           (1::smallint, NULL, NULL, 2, false, true, NULL, 'from', 'ascending', 'given')$$, 'what each score of a person''s thresholds means');
SELECT results_eq($$SELECT score, lower, includes_lower, upper, includes_upper, used, count
                    FROM cut_points_info('quantile descending {1,1,3} by quantile of {2,5,0,6}')$$,
  $$VALUES (4::smallint, NULL::float8, NULL::bool, 1::float8, true, true, 6::bigint), (3::smallint, 1, false, 1, true, false, 0),
           (2::smallint, 1, false, 3, true, true, 5), (1::smallint, 3, false, NULL, NULL, true, 2)$$, 'what each made score means');
SELECT is((SELECT count(*) FROM cut_points_info(NULL)), 0::bigint, 'nothing about NULL');
SELECT is('quantile {1} by quantile of {2,3}'::cut_points::jsonb,
  '{"side": "quantile", "direction": "ascending", "method": "quantile", "bins": 2, "thresholds": [1], "counts": [2, 3]}', 'as jsonb');
SELECT is('within {30}'::cut_points::jsonb,
  '{"side": "within", "direction": "descending", "method": "given", "bins": 2, "thresholds": [30], "counts": null}', 'a person''s as jsonb');

-- comparison
SELECT results_eq($$SELECT c::text FROM unnest(ARRAY['from {2}','from {1,9}','within {1}','from {1}']::cut_points[]) u(c) ORDER BY u.c$$,
  $$VALUES ('from {1}'), ('within {1}'), ('from {2}'), ('from {1,9}')$$, 'an order');
SELECT is((SELECT count(DISTINCT c) FROM unnest(ARRAY['from {2}','from {2.0}','within {2}','quantile {2}','quantile {2} by quantile of {1,1}']::cut_points[]) c), 4::bigint,
  'side, method and counts tell cut points apart');

-- a warning where equal width misleads
SET client_min_messages = error;
SELECT lives_ok($$SELECT cut_points_agg(exp(g / 10.0), 5, 'equal_width') FROM generate_series(1, 200) g$$, 'equal width of skewed values is a warning only');

SELECT * FROM finish();
