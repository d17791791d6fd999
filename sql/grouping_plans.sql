-- GROUP BY over our aggregates: which queries the node answers, that it gives the rows of core's plan, and how it is turned off.
SET max_parallel_workers_per_gather = 0;
CREATE TABLE orders AS
SELECT (i * 7919) % 53 AS customer, 'shop ' || (i * 31) % 17 AS shop, date '2020-01-01' + (i * 37) % 500 AS at,
       ((i * 101) % 9000 - 500) / 100.0 AS amount, i / 3 AS order_id
FROM generate_series(1, 4000) i;
ANALYZE orders;

-- Whether the node answers a query where it may whatever the costs, and the rows that differ from core's plan.
CREATE FUNCTION compare(query text, OUT node boolean, OUT rows bigint, OUT differences bigint) LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  node := false;
  SET LOCAL segment.enable_fast_aggregate = force;
  FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
    node := node OR line LIKE '%Custom Scan (SegmentGrouping)%';
  END LOOP;
  EXECUTE format('CREATE TEMP TABLE fast AS SELECT q::text AS row FROM (%s) q', query);
  SET LOCAL segment.enable_fast_aggregate = off;
  EXECUTE format('CREATE TEMP TABLE plain AS SELECT q::text AS row FROM (%s) q', query);
  SELECT count(*) INTO rows FROM fast;
  SELECT count(*) INTO differences FROM ((TABLE fast EXCEPT ALL TABLE plain) UNION ALL (TABLE plain EXCEPT ALL TABLE fast)) d;
  DROP TABLE fast, plain;
END $$;

SELECT c.*, query FROM unnest(ARRAY[
  'SELECT customer, segment.rfm_agg(at, amount) FROM orders GROUP BY customer',
  'SELECT customer, shop, segment.rfm_agg(at, amount, order_id), count(*), sum(amount) FROM orders GROUP BY customer, shop',
  'SELECT shop, segment.rfm_agg(at, amount) FILTER (WHERE amount > 0) FROM orders WHERE customer < 20 GROUP BY shop HAVING count(*) > 80',
  'SELECT segment.rfm_frequency(segment.rfm_agg(at, amount)) + customer FROM orders GROUP BY customer',
  'SELECT customer, count(*) FROM orders GROUP BY customer',
  'SELECT customer, shop, segment.rfm_agg(at, amount) FROM orders GROUP BY ROLLUP (customer, shop)',
  'SELECT customer, segment.rfm_agg(at, amount ORDER BY at) FROM orders GROUP BY customer']) WITH ORDINALITY q(query, n), compare(query) c
ORDER BY n;

-- the score above it is a node, too
SET segment.enable_fast_aggregate = force;
EXPLAIN (COSTS off) SELECT customer, segment.rfm_score(segment.rfm_agg(at, amount), '2021-06-30') OVER () FROM orders GROUP BY customer;
SET segment.enable_fast_aggregate = off;
EXPLAIN (COSTS off) SELECT customer, segment.rfm_agg(at, amount) FROM orders GROUP BY customer;
SET segment.enable_fast_aggregate = maybe;
DROP FUNCTION compare;
DROP TABLE orders;
