-- Options that subqueries give leave what stands above the scores to the workers, however many levels up; and where a
-- subquery depends on the level's surroundings, its value still is that of each scan.
\ir ../lib/begin.sql
\ir ../grouping/same.psql
\ir node.psql
CREATE TABLE orders AS
SELECT (i * 7919) % 1501 AS customer, timestamptz '2020-01-01 UTC' + (i % 997) * interval '1 day' AS at,
       (((i * 31) % 10000) - 300)::numeric / 100 AS amount
FROM generate_series(1, 15000) i;
CREATE TABLE days AS SELECT d::date AS day FROM generate_series(date '2022-01-01', date '2022-10-01', interval '1 month') d;
ANALYZE orders, days;
ALTER TABLE orders SET (parallel_workers = 2);
ALTER TABLE days SET (parallel_workers = 0);
LOAD 'segment';
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SELECT plan(35);

-- What the workers do, from the top: the nodes and the scans of subqueries below the first Gather.
CREATE FUNCTION shared(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  shape text := '';
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
    shape := shape || COALESCE(substring(line FROM '(Gather|Subquery Scan on c|Parallel Custom Scan \(\w+\)|CTE Scan on c)') || ', ', '');
  END LOOP;
  RETURN rtrim(shape, ', ');
END
$$;
CREATE FUNCTION same_shared(query text, name text, shape text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('segment.enable_fast_aggregate', 'on', true);
  RETURN NEXT is(shared(query), shape, name || ': who does what');
  RETURN NEXT is(differences(query), 0::bigint, name || ': same rows');
END
$$;
\set day '(SELECT max(day) FROM days)'
\set scores 'SELECT customer, segment.rfm_agg(at, amount) AS rfm, segment.rfm_score(segment.rfm_agg(at, amount), ' :day ') OVER () AS score FROM orders WHERE at < ' :day ' + 1 GROUP BY customer'
\set groups 'SELECT customer, segment.rfm_agg(at, amount) AS rfm FROM orders WHERE at < ' :day ' + 1 GROUP BY customer'
\set above_scores 'Gather, Subquery Scan on c, Parallel Custom Scan (SegmentScore), Parallel Custom Scan (SegmentGrouping)'
\set below 'Gather, Parallel Custom Scan (SegmentScore), Parallel Custom Scan (SegmentGrouping)'
\set above_groups 'Gather, Subquery Scan on c, Parallel Custom Scan (SegmentGrouping)'

SELECT * FROM same_shared('SELECT customer, ' || :'day' || ', segment.rfm_recency(rfm, ' || :'day' || '), segment.label(score, ''classic'') FROM (' || :'scores' || ') c', 'the main job', :'above_scores');
SELECT * FROM same_shared('SELECT customer, segment.rfm_recency(rfm, ' || :'day' || ') FROM (' || :'groups' || ') c', 'groups alone', :'above_groups');
SELECT * FROM same_shared('SELECT customer, segment.label(score, ''classic'') FROM (SELECT *, row_number() OVER (ORDER BY customer) AS place FROM (' || :'scores' || ') c) d', 'two levels up', 
                          :'above_scores');
SELECT * FROM same_shared('SELECT segment.label(score, ''classic''), count(*), sum(segment.rfm_monetary(rfm)) FROM (' || :'scores' || ') c GROUP BY 1', 'counted by segment', :'above_scores');
SELECT * FROM same_shared('SELECT customer, segment.label(score, ''classic'') FROM (' || :'scores' || ') c WHERE EXISTS (SELECT FROM days WHERE day > ''2022-03-01'') AND customer = ANY (ARRAY(SELECT extract(day FROM day)::int FROM days))',
                          'with subqueries of other kinds above', :'above_scores');
SELECT * FROM same_shared('SELECT customer, segment.label(score, ''classic'') FROM (SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount), ' || :'day' || ') OVER () AS score FROM orders
                           WHERE at < ' || :'day' || ' AND EXISTS (SELECT FROM days) AND extract(day FROM at)::int = ANY (ARRAY(SELECT generate_series(1, 20))) GROUP BY customer) c', 'and below', :'above_scores');
SELECT * FROM same_shared('WITH d AS MATERIALIZED (SELECT max(day) AS day FROM days) SELECT customer, (SELECT day FROM d), segment.label(score, ''classic'') FROM
                           (' || replace(:'scores', :'day', '(SELECT day FROM d)') || ') c', 'a CTE declared above', :'above_scores');
SELECT is(differences('SELECT segment.label(score, ''classic''), customer FROM (' || :'scores' || ') c UNION ALL SELECT segment.rfm_recency(rfm, ' || :'day' || ')::text, customer FROM (' || :'groups' || ') d'), 0::bigint, 'beside another level');

-- A subquery with workers of its own is computed before those of the level start.
ALTER TABLE days SET (parallel_workers = 1);
SELECT * FROM same_shared('SELECT customer, segment.rfm_recency(rfm, date ''2023-01-01'') FROM (' || replace(:'groups', :'day', '(SELECT (max(day) + count(*)::int)::date FROM days)') || ') c', 'a subquery with workers',
                          'Gather, Gather, Subquery Scan on c, Parallel Custom Scan (SegmentGrouping)');
ALTER TABLE days SET (parallel_workers = 0);

-- What depends on the surroundings stays where it is.
SELECT * FROM same_shared('SELECT c.*, segment.label(score, ''classic'') FROM days o, LATERAL (' || replace(:'scores', :'day', '(SELECT max(day) FROM days WHERE day <= o.day)') || ') c', 'a subquery of another table''s row', :'below');
SELECT is(differences('SELECT o.day, (SELECT string_agg(segment.label(score, ''classic''), '','' ORDER BY customer) FROM (' || replace(:'scores', :'day', '(SELECT max(day) FROM days WHERE day <= o.day)') || ') c) FROM days o'), 0::bigint, 'a subquery of a row two levels up');
SELECT * FROM same_shared('SELECT customer, segment.rfm_recency(rfm, ' || :'day' || ') FROM (WITH d AS MATERIALIZED (SELECT max(day) AS day FROM days) ' || replace(:'groups', :'day', '(SELECT day FROM d)') || ') c',
                          'a CTE declared in the level', 'Subquery Scan on c, Gather, Parallel Custom Scan (SegmentGrouping)');

-- Levels that are no table of FROM.
SELECT is(differences('WITH c AS MATERIALIZED (' || :'scores' || ') SELECT c.customer, segment.label(c.score, ''classic'') FROM c JOIN c d ON c.score::text = d.score::text AND d.customer < 20'), 0::bigint, 'scores in a CTE');
SELECT is(differences('WITH c AS NOT MATERIALIZED (' || :'scores' || '), d AS (SELECT customer, segment.label(score, ''classic'') AS name FROM c) SELECT name, count(*) FROM d GROUP BY 1 UNION SELECT ''all'', count(*) FROM d'), 0::bigint, 'scores in two CTEs');
SELECT is(differences('SELECT customer FROM orders WHERE (customer, ''5-5-5'') IN (SELECT customer, score::text FROM (' || :'scores' || ') c) OR customer NOT IN (SELECT customer FROM (' || :'groups' || ') d)'), 0::bigint, 'scores and groups in IN');
SELECT is(differences('SELECT day, EXISTS (SELECT FROM (' || :'scores' || ') c WHERE segment.score_r(score) = extract(month FROM day)), ARRAY(SELECT segment.label(score, ''classic'') FROM (' || :'scores' || ') c WHERE customer < 9 ORDER BY customer) FROM days'),
          0::bigint, 'scores in EXISTS and ARRAY');
SELECT is(differences('SELECT max(customer) FROM (SELECT customer, segment.label(score, ''classic'') AS name FROM (SELECT * FROM (' || :'scores' || ') b WHERE customer % 2 = ' || '(SELECT count(*) % 2 FROM days) OFFSET 0) c) d WHERE name <> (SELECT min(name) FROM segment.scheme)'),
          0::bigint, 'subqueries on three levels');
CREATE TEMP TABLE names (customer integer, name text);
SET LOCAL segment.enable_fast_aggregate = force;
INSERT INTO names SELECT customer, segment.label(score, 'standard') FROM (:scores) c;
UPDATE names n SET name = name || ' ' || segment.score_code(score) FROM (:scores) c WHERE c.customer = n.customer;
DELETE FROM names n USING (:groups) c WHERE c.customer = n.customer AND segment.rfm_frequency(rfm) < (SELECT 5);
SET LOCAL segment.enable_fast_aggregate = off;
SELECT is((SELECT count(*) FROM ((TABLE names) EXCEPT (SELECT customer, segment.label(score, 'standard') || ' ' || segment.score_code(score) FROM (:scores) c WHERE segment.rfm_frequency(rfm) >= 5)) d), 0::bigint, 'INSERT, UPDATE, DELETE');
SELECT isnt((SELECT count(*) FROM names), 0::bigint, 'of rows');

-- Rescans, and plans that are run again.
SELECT is(differences('SELECT o.day, c.* FROM days o LEFT JOIN LATERAL (SELECT segment.label(score, ''classic'') AS name, count(*) FROM (' || :'scores' || ') c WHERE customer % 9 < extract(month FROM o.day) GROUP BY 1) c ON true'),
          0::bigint, 'again for each row of another table');
SET LOCAL segment.enable_fast_aggregate = force;
SET LOCAL plan_cache_mode = force_generic_plan;
PREPARE at_most(date) AS SELECT customer, segment.label(score, 'standard') AS name
  FROM (SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount), (SELECT max(day) FROM days WHERE day <= $1)) OVER () AS score FROM orders WHERE at < (SELECT max(day) + 1 FROM days WHERE day <= $1) GROUP BY customer) c;
SELECT is(shared('EXECUTE at_most(''2022-05-05'')'), :'above_scores', 'a prepared statement');
CREATE TEMP TABLE may AS EXECUTE at_most('2022-05-05');
INSERT INTO days VALUES ('2022-04-20'), ('2022-05-04');
CREATE TEMP TABLE may_again AS EXECUTE at_most('2022-05-05');
SET LOCAL segment.enable_fast_aggregate = off;
CREATE FUNCTION expected(day date) RETURNS TABLE (customer integer, name text) LANGUAGE sql AS $$
  SELECT customer, segment.label(segment.rfm_score(segment.rfm_agg(at, amount), $1) OVER (), 'standard') FROM orders WHERE at < $1 + 1 GROUP BY customer $$;
SELECT is((SELECT count(*) FROM (TABLE may EXCEPT SELECT * FROM expected('2022-05-01')) d), 0::bigint, 'of its first parameter');
SELECT is((SELECT count(*) FROM (TABLE may_again EXCEPT SELECT * FROM expected('2022-05-04')) d), 0::bigint, 'and when the subquery gives another day');
SELECT isnt((SELECT count(*) FROM (TABLE may EXCEPT TABLE may_again) d), 0::bigint, 'which changes names');
SELECT lives_ok('EXPLAIN (VERBOSE, ANALYZE) SELECT customer, segment.rfm_recency(rfm, ' || :'day' || ') FROM (' || :'scores' || ') c', 'EXPLAIN VERBOSE');

SELECT * FROM finish();
ROLLBACK;
