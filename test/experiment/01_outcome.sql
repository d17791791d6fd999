-- 01_outcome.sql: outcome_agg: exact sums against numeric, and the checklist of every aggregate (bad bytes and cancel: test/t)
\ir ../lib/begin.sql
\ir ../lib/near.sql
SELECT plan(205);
SET search_path = public, segment;

-- rows of all sizes and decimals: sums as numeric has them
CREATE TABLE o AS
SELECT g AS line, g % 3 AS market, CASE WHEN g % 11 > 0 THEN round((g::numeric * 7919 % 30011 - 9000) * 10::numeric ^ (g % 9 - 6), g % 5) END AS y,
       CASE WHEN g % 13 > 0 THEN round((g::numeric * 104729 % 10007 - 2000) * 10::numeric ^ (g % 4 - 2), g % 4) END AS x
FROM generate_series(1, 12000) g;
CREATE TABLE parts (LIKE o) PARTITION BY LIST (market);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES IN (0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2);
INSERT INTO parts SELECT * FROM o;
ANALYZE o;
ANALYZE parts;
SELECT is(outcome_agg(y), outcome(count(y), sum(y), sum(y * y)), 'sums are those of numeric'), is(outcome_total(outcome_agg(y)), sum(y), 'total'),
       is(outcome_n(outcome_agg(y)), count(y), 'rows'), is(outcome_missing(outcome_agg(y)), NULL, 'no second column') FROM o;
SELECT is(outcome_agg(y, x), outcome(count(y), sum(y), sum(y * y), sum(x), sum(x * x), sum(x * y)), 'of two columns') FROM o WHERE x IS NOT NULL AND y IS NOT NULL;
SELECT is(outcome_missing(outcome_agg(y, x)), count(*) FILTER (WHERE x IS NULL AND y IS NOT NULL), 'rows without x'), is(outcome_n(outcome_agg(y, x)), count(y), 'all rows'),
       is(outcome_total(outcome_agg(y, x)), sum(y), 'total of all rows'), is(outcome_total_x(outcome_agg(y, x)), sum(x) FILTER (WHERE y IS NOT NULL), 'total of x') FROM o;
SELECT is(outcome_agg(y), outcome(5, 1000000000000000000000000000000.99999999999999999999 - 1e-20 + .00000000000000000003, sum(y * y)), 'the largest values with the smallest')
FROM (VALUES (999999999999999999999999999999.99999999999999999999), (1::numeric), (1e-20), (2e-20), (-1e-20)) v(y);
SELECT is(outcome_agg(y * 1.000), outcome_agg(y), 'zeros behind the point make no difference') FROM o;
SELECT is(outcome_agg(y::float8)::text, outcome_agg(y)::text, 'whole numbers are the same in every type: double precision'), is(outcome_agg(y::int), outcome_agg(y), 'integer'),
       is(outcome_agg(y::bigint), outcome_agg(y), 'bigint'), is(outcome_agg(y::smallint), outcome_agg(y), 'smallint'), is(outcome_agg(y::int, y::int), outcome_agg(y, y), 'two integers'),
       is(outcome_agg(y::bigint, y::int), outcome_agg(y, y), 'bigint and integer'), is(outcome_agg(y, y::float8), outcome_agg(y, y), 'numeric and double precision')
FROM (SELECT trunc(y % 30000) AS y FROM o) s;
SELECT is(outcome_agg(y > 0), outcome_of_rate(count(*) FILTER (WHERE y > 0), count(y)), 'true is 1'),
       is(outcome_agg(y > 0, x), outcome_agg((y > 0)::int::numeric, x), 'boolean and numeric'), is(outcome_agg(y, x > 0), outcome_agg(y, (x > 0)::int::numeric), 'numeric and boolean'),
       is(outcome_agg(y > 0, x > 0), outcome_agg((y > 0)::int, (x > 0)::int), 'two booleans') FROM o;
SELECT is(pg_typeof(outcome_agg(y, x > 0))::text, 'outcome', 'resolves: ' || t) FROM o, (VALUES ('numeric, boolean')) v(t) GROUP BY t;
SELECT lives_ok(format('SELECT outcome_agg(1::%s, 1::%s)', a, b), format('resolves: %s, %s', a, b)) FROM unnest(ARRAY['smallint', 'integer', 'bigint', 'numeric', 'real', 'float8']) a, unnest(ARRAY['smallint', 'integer', 'bigint', 'numeric', 'real', 'float8']) b;
-- double precision: rounded once to 20 decimals, half to even; exact otherwise. The decimals of 0.1 are those of its 53 bits
SELECT is(outcome_agg(y)::text, 'n 1, y ' || text, text) FROM (VALUES (0.1::float8, '0.10000000000000000555, yy 0.0100000000000000011100000000000000308025'), (-2.5, '-2.5, yy 6.25'), (1e-20, '0.00000000000000000001, yy 0.0000000000000000000000000000000000000001'),
  (0.5e-20 * 0.9999, '0, yy 0'), (1e-300, '0, yy 0'), (5e-324, '0, yy 0'), ('-0'::float8, '0, yy 0'), (2::float8 ^ 99, '633825300114114700748351602688, yy 401734511064747568885490523085290650630550748445698208825344'),
  (9.9e29, '990000000000000022500528357376, yy 980100000000000044551046147604480506273776361081516773605376')) v(y, text) GROUP BY text, y;
SELECT is(outcome_total(outcome_agg(y)), sum(y::numeric), 'double precision of few digits: exact within 20 decimals')
FROM (SELECT (g % 1000) * 2::float8 ^ (g % 60 - 30) AS y FROM generate_series(1, 6000) g WHERE g % 60 - 30 > -16) s;
SELECT is(outcome_sd(outcome_agg(y)), 0::float8, 'equal values do not vary, in any type') FROM (SELECT 0.1::float8 + 1e9 AS y FROM generate_series(1, 1000)) s;
SELECT pg_temp.near(outcome_mean(outcome_agg(y)) / avg(y)::float8, 1, 4e-16, 'mean'), pg_temp.near(outcome_sd(outcome_agg(y)) / sqrt(((count(y) * sum(y * y) - sum(y) ^ 2) / (count(y) * (count(y) - 1)))::float8), 1, 1e-15, 'deviation'),
       pg_temp.near(outcome_ratio(outcome_agg(y, x)) / (sum(y) / sum(x))::float8, 1, 1e-15, 'ratio'), pg_temp.near(outcome_correlation(outcome_agg(y, x)), corr(y, x), 1e-12, 'correlation'),
       pg_temp.near(outcome_mean_x(outcome_agg(y, x)) / avg(x)::float8, 1, 4e-16, 'mean of x'), pg_temp.near(outcome_sd(outcome_agg(y, x), 'cuped'), sqrt((regr_syy(y, x) - regr_sxy(y, x) ^ 2 / regr_sxx(y, x)) / (count(*) - 1)), 1e-6, 'deviation about the regression')
FROM o WHERE x IS NOT NULL AND y IS NOT NULL;
SELECT is(outcome_sd('n 1, y 3, yy 9'), NULL, 'one row does not vary'), is(outcome_ratio('n 2, y 1, yy 1, x 0, xx 2, xy 0'), NULL, 'no ratio to 0'), is(outcome_correlation('n 2, y 2, yy 2, x 0, xx 2, xy 0'), NULL, 'no correlation without variance'),
       is(outcome_mean_x('n 2, y 1, yy 1'), NULL, 'no second column'), is(outcome_sd('n 2, y 1, yy 1', 'rate'), .5::float8, 'deviation of a rate'), is(outcome_sd('n 2, y 2, yy 4', 'rate'), NULL, 'no rate');
SELECT throws_ok($$SELECT outcome_sd('n 2, y 1, yy 1', 'ratio')$$, '22023', 'outcome has no second column', 'no ratio'), throws_ok($$SELECT outcome_sd('n 2, y 1, yy 1', 'sum')$$, '22023', 'unknown method: "sum"', 'no method');

-- no rows, NULLs, one row, what is refused
SELECT is(outcome_agg(y), NULL, 'no rows'), is(outcome_agg(y, x), NULL, 'no rows of two columns') FROM o WHERE false;
SELECT is(outcome_agg(NULL::int), NULL, 'only NULLs'), is(outcome_agg(NULL::int, 1), NULL, 'only NULLs of y'), is(outcome_agg(1, NULL::int)::text, 'n 0, y 0, yy 0, x 0, xx 0, xy 0; n 1, y 1, yy 1', 'no x at all');
SELECT is(outcome_agg(3.5)::text, 'n 1, y 3.5, yy 12.25', 'one row'), is(outcome_rollup(NULL::outcome), NULL, 'no parts');
SELECT throws_ok(format('SELECT outcome_agg(%s)', v), '22003', message, v) FROM (VALUES ('''NaN''::float8', 'y is not a finite number'), ('''-Infinity''::float8', 'y is not a finite number'), ('1e30::float8', 'y is out of range'), ('''NaN''::numeric', 'y is not a finite number'),
  ('''Infinity''::numeric', 'y is not a finite number'), ('-1e30::numeric', 'y is out of range'), ('1e-21::numeric', 'y has too many decimals'), ('1, ''NaN''::float8', 'x is not a finite number'), ('1, 1e-21::numeric', 'x has too many decimals')) v(v, message);

CREATE FUNCTION plan_of(q text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; answer text := '';
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || q LOOP answer := answer || line || E'\n'; END LOOP;
  RETURN answer;
END $$;
CREATE FUNCTION results(source text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text; whole text;
BEGIN
  EXECUTE format('SELECT string_agg(market || r::text, '','' ORDER BY market) FROM (SELECT market, %s AS r FROM %s GROUP BY market) q', call, source) INTO answer;
  EXECUTE format('SELECT (%s)::text FROM %s', call, source) INTO whole;
  RETURN answer || whole;
END $$;
CREATE TABLE calls (call text);
INSERT INTO calls VALUES ('outcome_agg(y)'), ('outcome_agg(y, x)'), ('outcome_agg(y::float8)'), ('outcome_agg(y::float8 / 7, x::float8 / 3)'), ('outcome_agg(y > 0)'), ('outcome_agg(line % 97)'),
  ('outcome_agg(y) FILTER (WHERE line % 2 = 0)'), ('outcome_agg(y * 10000000000000000000, x * 1000000000000000000000)'), ('outcome_rollup(CASE WHEN line % 7 > 0 THEN ''n 3, y 1.5, yy 2.25''::outcome + outcome_of_rate(1, line) END)');
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial AS SELECT call, results('o', call) AS answer FROM calls;
SELECT ok(answer IS NOT NULL, 'a result: ' || call) FROM serial ORDER BY call COLLATE "C";
SELECT is(results('(SELECT * FROM o ORDER BY md5(line::text)) s', call), answer, 'shuffled = in order: ' || call) FROM serial ORDER BY call COLLATE "C";
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET enable_partitionwise_aggregate = on;
SELECT matches(plan_of(format('SELECT %s FROM o', call)), 'Finalize.*Partial', 'partial aggregates in workers: ' || call) FROM calls ORDER BY call COLLATE "C";
SELECT is(results('o', call), answer, 'parallel = serial: ' || call) FROM serial ORDER BY call COLLATE "C";
SELECT matches(plan_of('SELECT market, outcome_agg(y) FROM parts GROUP BY market'), 'Append.*Aggregate', 'a partition-wise plan');
SELECT is(results('parts', call), answer, 'partition-wise = serial: ' || call) FROM serial ORDER BY call COLLATE "C";
SET max_parallel_workers_per_gather = 0;
SELECT is((SELECT outcome_rollup(p) FROM (SELECT outcome_agg(y, x) AS p FROM o GROUP BY line % 100) s), (SELECT outcome_agg(y, x) FROM o), 'a roll-up of parts = the whole');
SELECT is((SELECT outcome_agg(y) FROM o WHERE market = 0) + (SELECT outcome_agg(y) FROM o WHERE market > 0), (SELECT outcome_agg(y) FROM o), 'and +');
SELECT is('n 1, y 1, yy 1'::outcome + NULL, NULL, '+ NULL');
SELECT throws_ok($$SELECT outcome_rollup(o) FROM (VALUES ('n 1, y 1, yy 1'::outcome), ('n 1, y 1, yy 1, x 1, xx 1, xy 1')) v(o)$$, '22023', 'outcomes have different columns', 'one column and two'),
       throws_ok($$SELECT outcome_of_rate(1, 4611686018427387904) + outcome_of_rate(1, 1)$$, '22003', 'outcome has too many rows', 'too many rows');
SELECT is(outcome_of_rate(1, 4611686018427387903) + outcome_of_rate(1, 1), outcome_of_rate(2, 4611686018427387904), 'but not one fewer');

-- a memory limit far below the data: states are small, and as many as there are groups
SET work_mem = '64kB';
SELECT is(count(*), 12000::bigint, 'a group a row in 64 kB') FROM (SELECT outcome_agg(y, x) AS r FROM o GROUP BY line) q;
RESET work_mem;

-- window frames
SELECT is_empty($$SELECT * FROM (SELECT line, outcome_agg(y) OVER (ORDER BY line) AS q FROM o WHERE line <= 60) r
  WHERE q IS DISTINCT FROM (SELECT outcome_agg(y) FROM o WHERE line <= r.line)$$, 'a growing frame');
SELECT is_empty($$SELECT * FROM (SELECT line, outcome_agg(y, x) OVER (ORDER BY line ROWS 2 PRECEDING) AS q FROM o WHERE line <= 60) r
  WHERE q IS DISTINCT FROM (SELECT outcome_agg(y, x) FROM o WHERE o.line BETWEEN r.line - 2 AND r.line)$$, 'a moving frame');

-- forms
SELECT is(t::outcome::text, t, t) FROM unnest(ARRAY['n 3, y 6.5, yy 15.25', 'n 3, y 6, yy 14, x 9, xx 29, xy 20', 'n 3, y 6, yy 14, x 9, xx 29, xy 20; n 2, y 1, yy 1', 'n 0, y 0, yy 0, x 0, xx 0, xy 0; n 1, y -1.5, yy 2.25',
  'n 2, y 0.3, yy 0.05, x 0.03, xx 0.0005, xy 0.005', 'n 4611686018427387904, y 0, yy 0']) t;
SELECT is('  n 3 , y 6.50 , yy 15.2500'::outcome::text, 'n 3, y 6.5, yy 15.25', 'white space and zeros');
SELECT throws_ok(format('SELECT %L::outcome', t), '22P02', NULL, t) FROM unnest(ARRAY['', 'n', 'n 3', 'n 0, y 0, yy 0', 'n -1, y 0, yy 0', 'n 3, y 6', 'n 3, y 6, yy 11', 'n 1, y 3, yy 10', 'n 3, y 6, yy 14, x 9, xx 29, xy 40', 'n 3, y 6, yy 14 z',
  'n 3, y NaN, yy 14', 'n 3, y 1e3, yy 14', 'n 4611686018427387905, y 0, yy 0', 'n 9223372036854775808, y 0, yy 0', 'n 2, y 0, yy -1', 'n 1, y 1000000000000000000000000000001, yy 1', 'n 2, y 0.000000000000000000001, yy 1',
  'n 3, y 6, yy 14; n 2, y 1, yy 1', 'n 0, y 1, yy 1, x 0, xx 0, xy 0; n 1, y 1, yy 1', 'n 1, y ' || repeat('9', 200) || ', yy 1', 'n 2, y 0, yy 0.00000000000000000000000000000000000000001', 'n 2, y 0, yy 0, x 0, xx 0, xy 0.000000000000000000000000000000000000000000001']) t;
SELECT is(outcome(3, 6.5, 15.25)::text, 'n 3, y 6.5, yy 15.25', 'of sums'), is(outcome(3, 6, 14, 9, 29, 20)::text, 'n 3, y 6, yy 14, x 9, xx 29, xy 20', 'of two columns'), is(outcome_of_rate(2, 5)::text, 'n 5, y 2, yy 2', 'of a rate'), is(outcome(3, 6.5, NULL), NULL, 'NULL');
SELECT throws_ok('SELECT ' || c, '22023', NULL, c) FROM unnest(ARRAY['outcome(0, 0, 0)', 'outcome(3, 6, 11)', $$outcome(3, 'NaN', 11)$$, $$outcome(3, 6, 'Infinity')$$, 'outcome(3, 1e40, 1e90)', 'outcome(3, 1e-30, 1)', 'outcome(3, 1e200, 1)', 'outcome_of_rate(3, 2)', 'outcome_of_rate(-1, 2)', 'outcome_of_rate(0, 0)']) c;
SELECT is(outcome_agg(g, g * g)::jsonb, '{"n": 3, "total": 6, "mean": 2, "sd": 1, "missing": 0, "total_x": 14, "mean_x": 4.666666666666667, "ratio": 0.42857142857142855, "correlation": 0.989743318610787}', 'as jsonb') FROM generate_series(1, 3) g;
CREATE TEMP TABLE sent AS SELECT market, outcome_agg(y) AS a, outcome_agg(y, x) AS b, outcome_agg(x::float8 / 3) AS c FROM o GROUP BY market;
CREATE TEMP TABLE received (LIKE sent);
COMMIT;
\set file `mktemp -u -p /tmp`
COPY sent TO :'file' (FORMAT binary);
COPY received FROM :'file' (FORMAT binary);
\! rm -f /tmp/segment-experiment.*
SELECT is((SELECT count(*) FROM sent NATURAL JOIN received), 3::bigint, 'binary COPY round trip');
SELECT is((SELECT count(*) FROM sent s JOIN received r ON s.a::text::outcome = r.a AND s.b::text::outcome = r.b AND s.c::text::outcome = r.c), 3::bigint, 'and as text');
CREATE INDEX ON received (a);
CREATE INDEX ON received USING hash (b);
SET enable_seqscan = off;
SELECT is((SELECT count(*) FROM received WHERE a = (SELECT a FROM sent WHERE market = 1)), 1::bigint, 'found by a btree index');
SELECT is((SELECT count(*) FROM received WHERE b = (SELECT b FROM sent WHERE market = 1)), 1::bigint, 'found by a hash index');
RESET enable_seqscan;

-- a role without any privilege but the schema's
CREATE ROLE segment_experiment_reader;
SET ROLE segment_experiment_reader;
SELECT is(outcome_agg(g)::text, 'n 10, y 55, yy 385', 'as another role'), is((compare(outcome_agg(g), outcome_agg(g + 1))).diff, 1::float8, 'compare too') FROM generate_series(1, 10) g;
RESET ROLE;
DROP ROLE segment_experiment_reader;

SELECT * FROM finish();
