-- The type rfm_score: forms, comparison, accessors, hostile input.
\ir ../lib/begin.sql
SELECT plan(41);
SET search_path = public, segment;

-- Text form.
SELECT is('5-4-3'::rfm_score::text, '5-4-3', 'five bins are not written');
SELECT is('3-2-1/4'::rfm_score::text, '3-2-1/4', 'other equal bins are');
SELECT is('3-2-1/4-3-2'::rfm_score::text, '3-2-1/4-3-2', 'different bins are');
SELECT is('5-4-3/5'::rfm_score::text, '5-4-3', 'the usual bins written out are the same value');
SELECT is('1-2-1/2-2-2'::rfm_score::text, '1-2-1/2', 'equal bins are written once');
SELECT is(E' \t5-4-3\n'::rfm_score::text, '5-4-3', 'white space around is ignored');
SELECT is('none'::rfm_score::text, 'none', 'none is a value');
SELECT is('none/4'::rfm_score::text, 'none/4', 'none keeps its bins');
SELECT is('none/9-2-5'::rfm_score::text, 'none/9-2-5', 'none keeps different bins');
SELECT is(rfm_score('5-4-3'), '5-4-3', 'a lone literal is a cast, not a call');

SELECT throws_ok(format('SELECT %L::rfm_score', bad), '22P02', NULL, format('refused: %L', bad))
FROM unnest(ARRAY['', '5', '5-4', '5-4-3-2', '5-4-3/', '5-4-3/10', '5-4-3/1', '5-4-3/5-5', '6-1-1', '0-0-0', '0-1-1',
                  '5-4-3x', 'None', 'none-', '5 -4-3', '3-3-3/4-3-2']) bad;

-- Constructor.
SELECT is(rfm_score(5, 4, 3), '5-4-3'::rfm_score, 'a score from numbers');
SELECT is(rfm_score(3, 2, 1, bins => 4), '3-2-1/4'::rfm_score, 'a score from numbers with bins');
SELECT is(rfm_score(3, NULL::int, 1), NULL, 'NULL in, NULL out');
SELECT throws_ok('SELECT rfm_score(6, 1, 1)', '22023', 'r is out of range', 'a score above its bins');
SELECT throws_ok('SELECT rfm_score(1, 1, 1, 10)', '22023', 'bins is out of range', 'too many bins');

-- Accessors.
SELECT results_eq($$SELECT score_r(s), score_f(s), score_m(s), score_code(s), score_fm(s) FROM (SELECT '5-4-3'::rfm_score) t(s)$$,
  $$VALUES (5::smallint, 4::smallint, 3::smallint, 543, 3.5::float8)$$, 'the parts of a score');
SELECT results_eq($$SELECT score_r(s), score_f(s), score_m(s), score_code(s), score_fm(s) FROM (SELECT 'none'::rfm_score) t(s)$$,
  $$VALUES (NULL::smallint, NULL::smallint, NULL::smallint, NULL::int, NULL::float8)$$, 'none has no scores');
SELECT results_eq($$SELECT score_bins_r(s), score_bins_f(s), score_bins_m(s) FROM (SELECT '3-2-1/4-3-2'::rfm_score) t(s)$$,
  $$VALUES (4::smallint, 3::smallint, 2::smallint)$$, 'bins');
SELECT ok('none'::rfm_score IS NOT NULL, 'none is not NULL');
SELECT is('3-2-1/4-3-2'::rfm_score::jsonb, '{"r": 3, "f": 2, "m": 1, "bins": [4, 3, 2]}'::jsonb, 'as jsonb');
SELECT is('none'::rfm_score::jsonb, '{"r": null, "f": null, "m": null, "bins": [5, 5, 5]}'::jsonb, 'none as jsonb');

-- Order.
SELECT results_eq($$SELECT s::text FROM unnest('{5-1-1,none,1-5-5,1-1-2,1-1-1/9,2-1-1,1-1-1}'::rfm_score[]) u(s) ORDER BY u.s$$,
  $$VALUES ('none'), ('1-1-1'), ('1-1-1/9'), ('1-1-2'), ('1-5-5'), ('2-1-1'), ('5-1-1')$$, 'order by r, f, m, bins');
SELECT ok('5-4-3'::rfm_score > '5-4-2' AND '5-4-3'::rfm_score >= '5-4-3' AND '5-4-3'::rfm_score < '5-5-1'
  AND '5-4-3'::rfm_score <= '5-4-3' AND '5-4-3'::rfm_score <> '5-4-3/6' AND NOT '5-4-3'::rfm_score = '5-4-2', 'operators');

-- Every value there is: text and binary forms lead back to it, no two values are equal, hashes agree.
CREATE TEMP TABLE every ON COMMIT DROP AS
SELECT format('%s-%s-%s/%s-%s-%s', r, f, m, br, bf, bm)::rfm_score AS s
FROM generate_series(2, 9) br, generate_series(2, 9) bf, generate_series(2, 9) bm,
     generate_series(1, br) r, generate_series(1, bf) f, generate_series(1, bm) m;
INSERT INTO every SELECT format('none/%s-%s-%s', br, bf, bm)::rfm_score
FROM generate_series(2, 9) br, generate_series(2, 9) bf, generate_series(2, 9) bm;
SELECT is((SELECT count(DISTINCT s) FROM every), (44 ^ 3 + 8 ^ 3)::bigint, 'every value is distinct');
SELECT is((SELECT count(*) FROM every WHERE s::text::rfm_score IS DISTINCT FROM s), 0::bigint, 'text form leads back');

SELECT * FROM finish();
ROLLBACK;
