set work_mem='1GB'; set jit=off; set max_parallel_workers_per_gather=0;
\timing on
select max(customer_id), max(ordered_at), sum(amount) from orders;
\echo agg
explain (analyze, timing off, costs off) SELECT customer_id, segment.rfm_agg(ordered_at, amount) AS rfm  FROM orders  GROUP BY customer_id;
\echo agg+filter
explain (analyze, timing off, costs off) SELECT customer_id, segment.rfm_agg(ordered_at, amount) AS rfm  FROM orders  WHERE customer_id IS NOT NULL AND ordered_at < date '2024-03-01' + 1 GROUP BY customer_id;
