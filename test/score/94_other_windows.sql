-- Other window functions beside rfm_score(…) OVER (…): core's WindowAggs above the node.
\ir ../lib/begin.sql
\ir ../grouping/same.psql
\ir node.psql
CREATE TABLE orders AS
SELECT (i * 7919) % 1501 AS customer, timestamptz '2020-01-01 UTC' + (i % 997) * interval '1 day' AS at,
       (((i * 31) % 10000) - 300)::numeric / 100 AS amount, NULLIF('m' || (i * 7919) % 1501 % 5, 'm3') AS market, 'c' || (i * 7919) % 1501 % 9 AS channel
FROM generate_series(1, 15000) i;
CREATE TABLE stored AS SELECT customer, market, channel, segment.rfm_agg(at, amount) AS rfm FROM orders GROUP BY customer, market, channel
UNION ALL SELECT 5000, 'm1', 'c1', NULL UNION ALL SELECT 5001, 'm7', 'c2', segment.rfm_agg(timestamptz '2020-01-01 UTC', -5.00) UNION ALL SELECT 5002, 'm8', NULL, NULL;
ANALYZE orders, stored;
LOAD 'segment';
SELECT plan(134);
\set score 'segment.rfm_score(segment.rfm_agg(at, amount), date ''2023-01-01'') OVER '
\set of_stored 'segment.rfm_score(rfm, date ''2023-01-01'') OVER '
\set money 'segment.rfm_monetary(segment.rfm_agg(at, amount))'
CREATE AGGREGATE longest(text) (sfunc = textcat, stype = text, initcond = '', parallel = safe);

-- Every query, alone and with workers, with much memory and little. Functions that depend on the order of rows have one
-- in which no two rows are equal.
CREATE TABLE queries (name text, query text, workers boolean DEFAULT true);
INSERT INTO queries (name, query) VALUES
  ('the same window', 'SELECT customer, market, ' || :'score' || '(PARTITION BY market), count(*) OVER (PARTITION BY market) FROM orders GROUP BY customer, market'),
  ('a named window for both', 'SELECT customer, count(*) OVER w, segment.score_code(' || :'score' || 'w), sum(' || :'money' || ') OVER w FROM orders GROUP BY customer, market WINDOW w AS (PARTITION BY market)'),
  ('all rows', 'SELECT customer, ' || :'score' || '(), count(*) OVER () FROM orders GROUP BY customer'),
  ('another partitioning', 'SELECT customer, ' || :'score' || '(), count(*) OVER (PARTITION BY market), ' || :'score' || '(PARTITION BY channel) FROM orders GROUP BY customer, market, channel'),
  ('ranks by revenue', 'SELECT customer, ' || :'score' || '(PARTITION BY market), rank() OVER (PARTITION BY market ORDER BY ' || :'money' || ' DESC), dense_rank() OVER (ORDER BY ' || :'money' || ') FROM orders GROUP BY customer, market'),
  ('many windows', 'SELECT customer, row_number() OVER (ORDER BY customer, market), ' || :'score' || '(), ntile(7) OVER (ORDER BY customer, market), lag(customer, 2, -1) OVER (PARTITION BY market ORDER BY customer),
     percent_rank() OVER (PARTITION BY channel ORDER BY ' || :'money' || '), ' || :'score' || '(PARTITION BY channel, market), first_value(market) OVER (PARTITION BY channel ORDER BY customer), count(*) OVER (PARTITION BY channel)
     FROM orders GROUP BY customer, market, channel'),
  ('frames', 'SELECT customer, ' || :'of_stored' || '(PARTITION BY market), sum(customer) OVER (ORDER BY customer ROWS BETWEEN 3 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW), count(rfm) OVER (ORDER BY customer RANGE BETWEEN 10 PRECEDING AND CURRENT ROW),
     last_value(channel) OVER (PARTITION BY market ORDER BY customer GROUPS BETWEEN CURRENT ROW AND 1 FOLLOWING) FROM stored'),
  ('a filter, and an argument that is not shown', 'SELECT market, ' || :'of_stored' || '(), count(*) FILTER (WHERE customer % 3 = 1) OVER (PARTITION BY market), max(segment.rfm_last(rfm)) OVER (PARTITION BY channel) FROM stored'),
  ('in one expression', 'SELECT customer, segment.score_code(' || :'score' || '()) + rank() OVER (ORDER BY customer % 100) * 1000 - count(*) OVER () FROM orders GROUP BY customer'),
  ('aggregates of aggregates', 'SELECT market, ' || :'score' || '(), sum(count(*)) OVER (PARTITION BY market), ' || :'money' || ' / sum(' || :'money' || ') OVER () FROM orders GROUP BY customer, market'),
  ('aggregates of ours, and of a user', 'SELECT customer, ' || :'of_stored' || '(), segment.rfm_rollup(rfm) OVER (PARTITION BY market), longest(channel) OVER (PARTITION BY market, channel), segment.rfm_cut_points_agg(rfm, date ''2023-01-01'', 5) OVER (PARTITION BY channel) FROM stored'),
  ('rfm_score with an order', 'SELECT customer, ' || :'of_stored' || '(), ' || :'of_stored' || '(PARTITION BY market ORDER BY customer), ' || :'of_stored' || '(PARTITION BY market) FROM stored'),
  ('rfm_score over what has no hash', 'SELECT customer, ' || :'of_stored' || '(PARTITION BY (customer % 4)::bit(4)::varbit), ' || :'of_stored' || '(PARTITION BY market) FROM stored'),
  ('keys that are expressions', 'SELECT customer, ' || :'score' || '(PARTITION BY coalesce(market, ''none'')), count(*) OVER (PARTITION BY coalesce(market, ''none''), customer % 2 ORDER BY lower(channel)) FROM orders GROUP BY customer, market, channel'),
  ('keys that are constant', 'SELECT customer, ' || :'of_stored' || '(PARTITION BY market), count(*) OVER (PARTITION BY market, 1 ORDER BY channel), rank() OVER (PARTITION BY market, channel ORDER BY customer % 9, market) FROM stored WHERE market = ''m1'''),
  ('the best of each market', 'SELECT * FROM (SELECT customer, market, ' || :'score' || '() AS score, row_number() OVER (PARTITION BY market ORDER BY ' || :'money' || ' DESC, customer) AS place FROM orders GROUP BY customer, market) x WHERE place <= 3'),
  ('the first in two ways', 'SELECT * FROM (SELECT customer, ' || :'of_stored' || '(PARTITION BY channel) AS score, row_number() OVER (ORDER BY customer) AS n, rank() OVER (PARTITION BY market ORDER BY customer) AS place, count(*) OVER (PARTITION BY market) FROM stored) x
     WHERE n < 700 AND place < 90'),
  ('the last', 'SELECT * FROM (SELECT customer, ' || :'of_stored' || '(PARTITION BY market) AS score, row_number() OVER (PARTITION BY market ORDER BY customer) AS place FROM stored) x WHERE place > 280'),
  ('only in a filter above', 'SELECT customer, score FROM (SELECT customer, ' || :'of_stored' || '() AS score, count(*) OVER (PARTITION BY market, channel) AS n FROM stored) x WHERE n % 2 = 0'),
  ('DISTINCT', 'SELECT DISTINCT market, segment.score_r(' || :'score' || '(PARTITION BY market)), count(*) OVER (PARTITION BY market) FROM orders GROUP BY customer, market'),
  ('ORDER BY a window function, and LIMIT', 'SELECT customer, ' || :'of_stored' || '() FROM stored ORDER BY rank() OVER (PARTITION BY channel ORDER BY customer), customer LIMIT 100'),
  ('as_of is a subquery''s', 'SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount), (SELECT max(at)::date FROM orders)) OVER (), rank() OVER (ORDER BY ' || :'money' || '), (SELECT count(*) FROM stored) FROM orders GROUP BY customer'),
  ('nobody', 'SELECT customer, ' || :'of_stored' || '(PARTITION BY market), count(*) OVER () FROM stored WHERE customer < 0');
INSERT INTO queries VALUES
  ('groups above', 'SELECT market, segment.score_r(s), max(n), count(*) FROM (SELECT market, ' || :'of_stored' || '(PARTITION BY market) AS s, count(*) OVER (PARTITION BY channel) AS n FROM stored) x GROUP BY 1, 2', true),
  ('volatile expressions', 'SELECT customer, random() < 2, ' || :'of_stored' || '(), count(*) OVER (PARTITION BY market, random() < 2) FROM stored', false),
  ('grouping sets', 'SELECT market, channel, segment.rfm_score(segment.rfm_agg(at, amount), date ''2023-01-01'', 2) OVER (PARTITION BY grouping(market)), count(*) OVER (PARTITION BY grouping(market)) FROM orders GROUP BY CUBE (market, channel)', false),
  ('again for each row of another table', 'SELECT g, s.* FROM generate_series(1, 3) g, LATERAL (SELECT customer, ' || :'score' || '(PARTITION BY market), count(*) OVER (PARTITION BY channel) FROM orders WHERE customer % 3 < g GROUP BY customer, market, channel) s', false),
  ('another window depends on another table', 'SELECT g, s.* FROM generate_series(1, 3) g, LATERAL (SELECT customer, ' || :'of_stored' || '(), sum(customer) OVER (ORDER BY customer ROWS g PRECEDING), count(*) OVER (PARTITION BY customer % g) FROM stored) s', false),
  ('a set operation above', 'SELECT customer, ' || :'of_stored' || '(), count(*) OVER () FROM stored UNION ALL SELECT customer, ' || :'of_stored' || '(), rank() OVER (ORDER BY customer) FROM stored', true);
CREATE FUNCTION all_same(with_workers boolean) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  q queries;
  label text := CASE WHEN with_workers THEN 'workers' ELSE 'alone' END;
BEGIN
  FOR q IN TABLE queries LOOP
    PERFORM set_config('segment.enable_fast_aggregate', 'force', true);
    RETURN NEXT is(CASE WHEN with_workers AND q.workers THEN workers_score(q.query) ELSE scores_with_node(q.query) END, true, format('%s, %s: the node', q.name, label));
    RETURN NEXT is(differences(q.query), 0::bigint, format('%s, %s: same rows', q.name, label));
    PERFORM set_config('work_mem', '64kB', true);
    RETURN NEXT is(differences(q.query), 0::bigint, format('%s, %s: same rows with little memory', q.name, label)) WHERE differences(q.query) > 0;
    PERFORM set_config('work_mem', '4MB', true);
  END LOOP;
END
$$;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT * FROM all_same(false);
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
ALTER TABLE orders SET (parallel_workers = 2);
ALTER TABLE stored SET (parallel_workers = 2);
SELECT * FROM all_same(true);

-- The plans.
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  found text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
    found := nullif(concat_ws(', ', found, substring(line FROM '(WindowAgg|(?:Incremental )?Sort(?= *$)|Gather(?: Merge)?|Parallel Custom Scan \(SegmentScore\)|Custom Scan \(SegmentScore\)|Run Condition: .*)')), '');
  END LOOP;
  RETURN found;
END
$$;
SET LOCAL segment.enable_fast_aggregate = on;
\set by_market 'SELECT customer, ' :score '(PARTITION BY market), count(*) OVER (PARTITION BY market) FROM orders GROUP BY customer, market'
SELECT is(plan_of(:'by_market'), 'WindowAgg, Gather Merge, Sort, Parallel Custom Scan (SegmentScore)', 'workers score and sort');
SELECT is(plan_of('SELECT customer, ' || :'score' || '(), count(*) OVER () FROM orders GROUP BY customer'), 'WindowAgg, Gather, Parallel Custom Scan (SegmentScore)', 'nothing is sorted where nothing has to be');
SELECT is(plan_of('SELECT customer, ' || :'score' || '(), count(*) OVER (PARTITION BY market, channel), count(*) OVER (PARTITION BY market), max(customer) OVER (ORDER BY channel) FROM orders GROUP BY customer, market, channel'),
          'WindowAgg, WindowAgg, Sort, WindowAgg, Gather Merge, Sort, Parallel Custom Scan (SegmentScore)', 'no more sorts than core''s');
SELECT is(plan_of('SELECT * FROM (SELECT customer, ' || :'score' || '(), row_number() OVER (ORDER BY customer) AS n FROM orders GROUP BY customer) x WHERE n <= 10') ~
          '^WindowAgg, Run Condition: .*, Gather Merge, Sort, Parallel Custom Scan \(SegmentScore\)$', true, 'it ends early');
SELECT is(plan_of('SELECT * FROM (SELECT customer, ' || :'score' || '(PARTITION BY market), row_number() OVER (ORDER BY customer) AS n, count(*) OVER (PARTITION BY market) FROM orders GROUP BY customer, market) x WHERE n <= 10') ~
          '(^|, )Run Condition: ', true, 'a condition on a lower or the last window');
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT is(plan_of('SELECT customer, ' || :'score' || '(PARTITION BY market), rank() OVER (ORDER BY customer) FROM orders GROUP BY customer, market'), 'WindowAgg, Sort, Custom Scan (SegmentScore)', 'alone');
SELECT lives_ok('EXPLAIN (VERBOSE, ANALYZE) ' || query, 'EXPLAIN VERBOSE: ' || name) FROM queries WHERE name IN ('many windows', 'the first in two ways', 'aggregates of aggregates');
SET LOCAL segment.enable_fast_aggregate = off;
SELECT ok(NOT scores_with_node(:'by_market'), 'not when turned off');

-- The ways in which rows are asked for.
SET LOCAL segment.enable_fast_aggregate = force;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL plan_cache_mode = force_generic_plan;
PREPARE of_day(date, int) AS SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount), $1) OVER (PARTITION BY market) AS score, count(*) OVER (PARTITION BY customer % $2) AS n FROM orders GROUP BY customer, market;
SELECT ok(workers_score('EXECUTE of_day(''2023-01-01'', 7)'), 'a prepared statement');
CREATE TEMP TABLE sevenths AS EXECUTE of_day('2023-01-01', 7);
CREATE TEMP TABLE ninths AS EXECUTE of_day('2023-02-01', 9);
SET LOCAL segment.enable_fast_aggregate = off;
CREATE TEMP TABLE expected AS EXECUTE of_day('2023-02-01', 9);
SELECT is((SELECT count(*) FROM (TABLE ninths EXCEPT ALL TABLE expected) d), 0::bigint, 'of its second parameters');
SELECT isnt((SELECT max(n) FROM sevenths), (SELECT max(n) FROM ninths), 'which differ from the first');
SET LOCAL segment.enable_fast_aggregate = force;
SET LOCAL jit_above_cost = 0;
SELECT is(differences(:'by_market'), 0::bigint, 'with jit');
RESET jit_above_cost;
DECLARE c SCROLL CURSOR FOR SELECT customer, segment.rfm_score(rfm, date '2023-01-01') OVER (), row_number() OVER (ORDER BY customer) AS n FROM stored;
MOVE 20 IN c;
MOVE BACKWARD 10 IN c;
CREATE FUNCTION fetched(c refcursor) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  r record;
BEGIN
  FETCH c INTO r;
  RETURN r.n;
END
$$;
SELECT is(fetched('c'), 11::bigint, 'a cursor goes back');
CLOSE c;

-- Errors and privileges are those of the functions.
SELECT throws_ok('SELECT segment.rfm_score(rfm, NULL::date) OVER (), count(*) OVER () FROM stored', '22004', 'as_of must not be NULL', 'a NULL option');
SELECT throws_ok('SELECT ' || :'of_stored' || '(), sum(1 / (customer - 7)) OVER (PARTITION BY market) FROM stored', '22012', NULL, 'an error of the other function');
CREATE ROLE segment_window_reader;
GRANT SELECT ON stored TO segment_window_reader;
REVOKE EXECUTE ON FUNCTION longest(text) FROM PUBLIC;
SET LOCAL ROLE segment_window_reader;
SELECT throws_ok('SELECT ' || :'of_stored' || '(), longest(channel) OVER (PARTITION BY market) FROM stored', '42501', 'permission denied for function longest', 'EXECUTE on the other function is asked for');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
