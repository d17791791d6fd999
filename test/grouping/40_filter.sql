-- The scan's filter, which the node looks at itself when it reads a table's pages; a date that a timestamptz is compared with is converted once.
\ir ../lib/begin.sql
\ir same.psql
SELECT plan(31);

SET LOCAL timezone = 'America/New_York';
CREATE TABLE orders AS
SELECT i % 50 AS customer, NULLIF(timestamptz '2024-03-09 00:00 UTC' + (i % 200) * interval '15 minutes', '2024-03-09 07:15 UTC') AS ordered,
       (i % 90)::numeric / 10 AS amount
FROM generate_series(1, 2000) i;
ANALYZE orders;
SET LOCAL max_parallel_workers_per_gather = 0;

-- The session's zone changes to summer time on that day.
SELECT same(format('SELECT customer, segment.rfm_agg(ordered, amount) FROM orders WHERE %s GROUP BY customer', condition), condition)
FROM (SELECT format('ordered %s date ''2024-03-10''', operator) AS condition FROM unnest('{=,<>,<,<=,>,>=}'::text[]) operator
      UNION ALL SELECT format('date ''2024-03-10'' %s ordered', operator) FROM unnest('{=,<>,<,<=,>,>=}'::text[]) operator) c;
SELECT same('SELECT customer, segment.rfm_agg(ordered, amount) FROM orders
             WHERE NOT (ordered < date ''infinity'' AND ordered > date ''-infinity'' AND ordered >= date ''2024-03-10'' OR ordered < date ''4713-01-01 BC'') GROUP BY customer',
            'the ends of dates');

-- A plan that is kept looks at the zone when it runs.
SET LOCAL segment.enable_fast_aggregate = force;
SET LOCAL plan_cache_mode = force_generic_plan;
PREPARE rows_before AS SELECT sum(segment.rfm_frequency(r)) FROM
  (SELECT customer, segment.rfm_agg(ordered, amount) AS r FROM orders WHERE ordered < date '2024-03-10' GROUP BY customer) c;
CREATE TEMP TABLE there AS EXECUTE rows_before;
SELECT is((SELECT sum FROM there), (SELECT count(*) FROM orders WHERE ordered < timestamptz '2024-03-10 05:00 UTC')::numeric, 'in New York');
SET LOCAL timezone = 'Asia/Tokyo';
CREATE TEMP TABLE here AS EXECUTE rows_before;
SELECT is((SELECT sum FROM here), (SELECT count(*) FROM orders WHERE ordered < timestamptz '2024-03-09 15:00 UTC')::numeric, 'the same statement in Tokyo');


-- A cursor looks at the zone when it is read.
CREATE TEMP TABLE read_by_cursor (way text, orders numeric);
DO $$
DECLARE
  rows refcursor;
  way text;
  orders numeric;
BEGIN
  FOREACH way IN ARRAY '{force,off}'::text[] LOOP
    PERFORM set_config('segment.enable_fast_aggregate', way, true), set_config('timezone', 'America/New_York', true);
    OPEN rows FOR EXECUTE 'SELECT sum(segment.rfm_frequency(r)) FROM
      (SELECT customer, segment.rfm_agg(ordered, amount) AS r FROM orders WHERE ordered < date ''2024-03-10'' GROUP BY customer) c';
    PERFORM set_config('timezone', 'Asia/Tokyo', true);
    FETCH rows INTO orders;
    INSERT INTO read_by_cursor VALUES (way, orders);
    CLOSE rows;
  END LOOP;
END
$$;
SELECT is((SELECT orders FROM read_by_cursor WHERE way = 'force'), (SELECT orders FROM read_by_cursor WHERE way = 'off'), 'a cursor');
SET LOCAL segment.enable_fast_aggregate = force;
SET LOCAL timezone = 'UTC';
PREPARE by_day(date) AS SELECT customer, segment.rfm_agg(ordered, amount) FROM orders WHERE ordered < $1 GROUP BY customer;
SELECT lives_ok('EXECUTE by_day(''2024-03-10'')', 'a day that is a parameter is core''s matter');
SELECT lives_ok('EXECUTE by_day(NULL)', 'and NULL');

SELECT * FROM finish();
ROLLBACK;
