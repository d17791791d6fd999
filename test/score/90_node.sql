-- rfm_score(…) OVER () by a node of its own: when it is taken, and that it returns what core's WindowAgg returns.
\ir ../lib/begin.sql
\ir ../grouping/same.psql
\ir node.psql
SELECT plan(63);

CREATE TABLE orders AS
SELECT (i * 7919) % 3001 AS customer, timestamptz '2020-01-01 UTC' + (i % 997) * interval '1 day' AS at,
       (((i * 31) % 10000) - 300)::numeric / 100 AS amount
FROM generate_series(1, 30000) i;
CREATE TABLE stored AS SELECT customer, segment.rfm_agg(at, amount) AS rfm FROM orders GROUP BY customer
UNION ALL SELECT 5000, NULL UNION ALL SELECT 5001, segment.rfm_agg(timestamptz '2020-01-01 UTC', -5.00);
ANALYZE orders, stored;
LOAD 'segment';

\set summaries 'SELECT customer, segment.rfm_agg(at, amount) AS rfm FROM orders GROUP BY customer'
\set scored 'SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount), date ''2023-01-01'') OVER () AS score FROM orders GROUP BY customer'

-- Serial.
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL segment.enable_fast_aggregate = on;
SELECT ok(scores_with_node(:'scored'), 'taken by default');
SET LOCAL segment.enable_fast_aggregate = off;
SELECT ok(NOT scores_with_node(:'scored'), 'not when turned off');
SELECT * FROM same_scores(:'scored', 'scores of groups');
SELECT * FROM same_scores('SELECT customer, rfm, segment.rfm_score(rfm, date ''2023-01-01'') OVER () FROM stored', 'stored summaries, one NULL, one without an order');
SELECT * FROM same_scores('SELECT segment.score_r(s), segment.score_f(s), count(*) FROM (SELECT segment.rfm_score(rfm, date ''2023-01-01'', 9, ''natural'', ''average'') OVER () AS s
                           FROM stored WHERE customer % 7 = 0) x GROUP BY 1, 2', 'options, and groups above');
SELECT * FROM same_scores('SELECT customer + 1, segment.score_code(segment.rfm_score(rfm, date ''2023-01-01'') OVER ()) + customer FROM stored', 'inside an expression');
SELECT * FROM same_scores('SELECT segment.rfm_score(rfm, date ''2023-01-01'') OVER () FROM stored WHERE customer < 0', 'nobody');
SELECT * FROM same_scores('SELECT customer, segment.rfm_score(rfm, date ''2023-01-01'') OVER () FROM stored WHERE customer >= 5000', 'nobody with an order');
SELECT * FROM same_scores('SELECT customer, segment.rfm_score(rfm, date ''2023-01-01'', min_partition => 10000, fallback => ''' ||
                          (SELECT segment.rfm_cut_points_agg(rfm, date '2023-01-01', 5) FROM stored WHERE customer < 100) || ''') OVER () FROM stored', 'a fallback');
SELECT * FROM same_scores('SELECT g, s.* FROM generate_series(1, 3) g, LATERAL (SELECT customer, segment.rfm_score(rfm, date ''2023-01-01'') OVER () FROM stored WHERE customer % 3 < g) s',
                          'again for each row of another table');
SET LOCAL work_mem = '64kB';
SELECT * FROM same_scores('SELECT customer, rfm, segment.rfm_score(rfm, date ''2023-01-01'') OVER () FROM stored', 'little memory');
RESET work_mem;

-- as_of is known when the query runs only.
CREATE FUNCTION day_of(integer) RETURNS date STABLE PARALLEL SAFE LANGUAGE sql BEGIN ATOMIC SELECT max(at)::date + $1 FROM orders; END;
\set last '(SELECT max(at)::date + 1 FROM orders)'
SELECT * FROM same_scores('SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount), ' || :'last' || ') OVER () FROM orders GROUP BY customer', 'as_of is a subquery''s');
SELECT * FROM same_scores('WITH d AS (SELECT max(at)::date AS day FROM orders) SELECT customer, (SELECT day FROM d) AS as_of, segment.rfm_score(segment.rfm_agg(at, amount), (SELECT day FROM d) + 1) OVER ()
                           FROM orders WHERE at < (SELECT day FROM d) + 1 GROUP BY customer', 'as_of is a CTE''s');
SELECT * FROM same_scores('SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount), greatest(current_date, day_of(1))) OVER () FROM orders GROUP BY customer', 'as_of is a stable function''s');
SELECT * FROM same_scores('SELECT d.day, s.* FROM (VALUES (date ''2023-01-01''), (''2023-02-01''), (NULL)) d(day), LATERAL (SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount), coalesce(d.day, ''2024-01-01'')) OVER ()
                           FROM orders WHERE customer < coalesce(extract(month FROM d.day)::int, 9) * 100 GROUP BY customer) s', 'as_of differs between the scans');
SELECT * FROM same_scores('SELECT customer, segment.rfm_score(rfm, date ''2023-01-01'', min_partition => 10000, fallback => (SELECT segment.rfm_cut_points_agg(rfm, date ''2023-01-01'', 5) FROM stored WHERE customer < 100)) OVER () FROM stored',
                          'the fallback is a subquery''s');
CREATE FUNCTION scores_of(day date) RETURNS TABLE (customer integer, score text) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT o.customer, segment.rfm_score(segment.rfm_agg(at, amount), day) OVER ()::text FROM orders o WHERE at < day + 1 GROUP BY o.customer;
END
$$;
SELECT is(differences('SELECT * FROM scores_of(''2022-01-01'')'), 0::bigint, 'as_of is a variable of PL/pgSQL');

-- What stays with core.
SELECT * FROM same_scores('SELECT customer, segment.rfm_score(rfm, date ''2023-01-01'') OVER (PARTITION BY customer % 3 ORDER BY customer) FROM stored', 'partitions with an order', false);
SELECT * FROM same_scores('SELECT customer, segment.rfm_score(rfm, date ''2023-01-01'') OVER (ORDER BY customer) FROM stored', 'an order', false);

-- Errors are those of the function.
SET LOCAL segment.enable_fast_aggregate = force;
SELECT throws_ok('SELECT segment.rfm_score(rfm, NULL::date) OVER () FROM stored', '22004', 'as_of must not be NULL', 'a NULL option');
SELECT lives_ok('SELECT segment.rfm_score(rfm, NULL::date) OVER () FROM stored WHERE false', 'which nobody looks at without a row');
SELECT throws_ok('SELECT segment.rfm_score(rfm, date ''2023-01-01'', min_partition => 10000) OVER () FROM stored', '22023',
                 'a partition is smaller than min_partition, and there is no fallback', 'too few customers');
CREATE ROLE segment_score_reader;
GRANT SELECT ON stored TO segment_score_reader;
REVOKE EXECUTE ON FUNCTION segment.rfm_score(segment.rfm, date, integer, text, text, text, bigint, segment.rfm_cut_points) FROM PUBLIC;
SET LOCAL ROLE segment_score_reader;
SELECT throws_ok('SELECT segment.rfm_score(rfm, date ''2023-01-01'') OVER () FROM stored', '42501', 'permission denied for function rfm_score', 'EXECUTE is asked for');
RESET ROLE;
GRANT EXECUTE ON FUNCTION segment.rfm_score(segment.rfm, date, integer, text, text, text, bigint, segment.rfm_cut_points) TO PUBLIC;

-- Prepared statements and cursors.
SET LOCAL plan_cache_mode = force_generic_plan;
PREPARE by_bins(int) AS SELECT max(segment.score_m(s)) FROM (SELECT segment.rfm_score(rfm, date '2023-01-01', $1) OVER () AS s FROM stored) x;
CREATE TEMP TABLE seven AS EXECUTE by_bins(7);
CREATE TEMP TABLE three AS EXECUTE by_bins(3);
SELECT is((SELECT max || ' ' || (SELECT max FROM three) FROM seven), '7 3', 'bins as a parameter');
DECLARE c SCROLL CURSOR FOR SELECT customer, segment.rfm_score(rfm, date '2023-01-01') OVER () FROM stored;
MOVE FORWARD 20 IN c;
MOVE BACKWARD 20 IN c;
CREATE TEMP TABLE seen (customer integer, score text);
DO $$
DECLARE
  c refcursor := 'c';
  r record;
BEGIN
  FETCH c INTO r;
  INSERT INTO seen VALUES (r.customer, r.rfm_score::text);
END
$$;
SELECT is((SELECT count(*) FROM seen JOIN (SELECT customer, segment.rfm_score(rfm, date '2023-01-01') OVER ()::text AS score FROM stored) s USING (customer, score)), 1::bigint, 'a cursor goes back');

CLOSE c;

-- Several processes.
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
ALTER TABLE orders SET (parallel_workers = 2);
ALTER TABLE stored SET (parallel_workers = 2);
CREATE TEMP TABLE plan_lines (line text);
DO $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS off) SELECT segment.label(s, ''classic''), customer FROM
      (SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount), date ''2023-01-01'') OVER () AS s FROM orders GROUP BY customer) x' LOOP
    INSERT INTO plan_lines VALUES (line);
  END LOOP;
END
$$;
SELECT is((SELECT string_agg(substring(line FROM '(Gather|Parallel Custom Scan \(\w+\))'), ', ') FROM plan_lines), 
          'Gather, Parallel Custom Scan (SegmentScore), Parallel Custom Scan (SegmentGrouping)', 'labels are looked up by the workers');
SELECT * FROM same_scores(:'scored', 'parallel, scores of groups');
SELECT * FROM same_scores('SELECT customer, rfm, segment.rfm_score(rfm, date ''2023-01-01'', 4, ''equal_width'') OVER () FROM stored', 'parallel, stored summaries');
SELECT * FROM same_scores('SELECT g, s.* FROM generate_series(1, 3) g, LATERAL (SELECT customer, segment.label(segment.rfm_score(rfm, date ''2023-01-01'') OVER (), ''classic'') FROM stored WHERE customer % 3 < g) s',
                          'parallel, again for each row of another table');
SELECT is(differences('SELECT customer, segment.rfm_score(rfm, date ''2023-01-01'') OVER () FROM stored WHERE customer >= 5000'), 0::bigint, 'parallel, nobody with an order');
CREATE TEMP TABLE chosen AS SELECT 3000 AS customers;
CREATE FUNCTION chosen(integer, segment.rfm) RETURNS segment.rfm STABLE PARALLEL RESTRICTED LANGUAGE plpgsql AS
  $$ BEGIN RETURN CASE WHEN $1 < (SELECT customers FROM chosen) THEN $2 END; END $$;
SELECT * FROM same_scores('SELECT customer, segment.rfm_score(chosen(customer, rfm), date ''2023-01-01'') OVER () FROM stored', 'called with what workers must not ask for');
-- From version 18 on EXPLAIN wants to see a WindowAgg for a window function.
SELECT lives_ok('EXPLAIN (VERBOSE) SELECT customer, segment.rfm_score(rfm, date ''2023-01-01'') OVER () AS s FROM stored ORDER BY s', 'EXPLAIN VERBOSE, with a sort by score');
-- Workers are handed the values of subqueries.
SELECT * FROM same_together('SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount), ' || :'last' || ') OVER () FROM orders WHERE at < ' || :'last' || ' GROUP BY customer', 'as_of is a subquery''s');
SELECT * FROM same_together('SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount), greatest(current_date, day_of(1))) OVER () FROM orders GROUP BY customer', 'as_of is a stable function''s');
SELECT * FROM same_together('SELECT g, (SELECT max(s::text || c) FROM (SELECT customer AS c, segment.rfm_score(rfm, ' || :'last' || ' + g) OVER () AS s FROM stored) x) FROM generate_series(1, 3) g',
                            'as_of depends on another table', false);
SET LOCAL segment.enable_fast_aggregate = force;
PREPARE by_day(date) AS SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount), $1) OVER () FROM orders WHERE at < $1 + 1 GROUP BY customer;
SELECT ok(workers_score('EXECUTE by_day(''2022-06-01'')'), 'parallel, as_of is a parameter: workers');
CREATE TEMP TABLE by_parameter AS EXECUTE by_day('2022-06-01');
SELECT is((SELECT count(*) FROM (TABLE by_parameter EXCEPT ALL SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount), '2022-06-01') OVER () FROM orders WHERE at < '2022-06-02' GROUP BY customer) d),
          0::bigint, 'parallel, as_of is a parameter: same rows');
SET LOCAL parallel_leader_participation = off;
SELECT is(differences(:'scored'), 0::bigint, 'parallel, without the leader');
-- Workers do not know the other table's rows.
SELECT * FROM same_scores('SELECT g, s.* FROM generate_series(1, 3) g, LATERAL (SELECT customer, segment.rfm_score(CASE WHEN customer % 3 < g THEN rfm END, date ''2023-01-01'') OVER () FROM stored) s',
                          'what the function is called with depends on another table');

SELECT * FROM finish();
ROLLBACK;
