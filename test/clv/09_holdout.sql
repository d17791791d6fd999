-- 09_holdout.sql: holdout_agg, holdout_periods_agg and what all aggregates of histories share: plans, parts, windows, forms,
-- memory, roles
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
\pset fieldsep '\n'
SELECT plan(35);
SET search_path = public, segment;
CREATE TABLE buyer AS SELECT customer_id, ledger_agg(date, amount) AS l FROM cdnow_sample GROUP BY customer_id;
ANALYZE buyer;
CREATE TEMP TABLE whole AS SELECT holdout_agg(l, '1997-09-30', '1998-06-30', '1 week') AS h, holdout_periods_agg(l, '1997-09-30', '1998-06-30', '1 month') AS p FROM buyer;

SELECT is((SELECT holdout_agg(l, '1997-09-30', '1998-06-30', '1 week') FROM buyer WHERE false), NULL, 'no rows'),
  is((SELECT holdout_periods_agg(l, '1997-09-30', '1998-06-30', '1 month') FROM buyer WHERE false), NULL, 'no rows, periods'),
  is((SELECT holdout_agg(NULL, '1997-09-30', '1998-06-30', '1 week') FROM buyer), NULL, 'all NULL'),
  is((SELECT holdout_periods_agg(NULL, '1997-09-30', '1998-06-30', '1 month') FROM buyer), NULL, 'all NULL, periods'),
  is(holdout_agg('{1997-09-01 5.00,1997-09-15 7.00,1997-10-15 2.00}', '1997-09-30', '1997-10-31', '1 week')::text,
    '{unit 7 horizon 4.428571428571429: 1 2 4.142857142857143 12 2 1 2*1}', 'one row'),
  is(holdout_periods_agg('{1997-07-01 5.00,1997-09-01 7.00,1997-10-15 2.00}', '1997-09-30', '1997-12-31', '1 month')::text,
    '{unit 30.4375 horizon 3: 1 2 2 12 1 1 2*1}', 'one row, periods');
SELECT throws_ok(format('SELECT segment.holdout_agg(l, %s) FROM public.buyer', a), '22004', NULL, 'NULL argument: ' || a) || E'\n' ||
  throws_ok(format('SELECT segment.holdout_periods_agg(l, %s) FROM public.buyer', a), '22004', NULL, 'NULL argument, periods: ' || a)
FROM (VALUES ('NULL, ''1998-06-30'', ''1 week'''), ('''1997-09-30'', NULL, ''1 week'''), ('''1997-09-30'', ''1998-06-30'', NULL')) v(a);
SELECT throws_ok($$SELECT segment.holdout_agg(l, d::date, '1998-06-30', '1 week') FROM public.buyer, (VALUES ('1997-09-30'), ('1997-09-23')) v(d)$$, '22023', 'hold-out periods differ', 'two splits'),
  throws_ok($$SELECT segment.holdout_agg(l, 'infinity', '1998-06-30', '1 week') FROM public.buyer$$, '22023', NULL, 'an infinite split');
SELECT ok((SELECT holdout_agg(l, '1997-09-30', '1998-06-30', '1 week' ORDER BY md5(customer_id::text)) FROM buyer) = h, 'shuffled rows'),
  ok((SELECT holdout_periods_agg(l, '1997-09-30', '1998-06-30', '1 month' ORDER BY md5(customer_id::text)) FROM buyer) = p, 'shuffled rows, periods') FROM whole;

SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query; END$$;
SELECT ok((SELECT bool_or(q LIKE '%Partial Aggregate%') FROM plan_of('SELECT holdout_agg(l, ''1997-09-30'', ''1998-06-30'', ''1 week'') FROM buyer') q), 'a parallel plan'),
  ok((SELECT holdout_agg(l, '1997-09-30', '1998-06-30', '1 week') FROM buyer) = h, 'parallel = serial'),
  ok((SELECT holdout_periods_agg(l, '1997-09-30', '1998-06-30', '1 month') FROM buyer) = p, 'parallel = serial, periods') FROM whole;
RESET max_parallel_workers_per_gather;
CREATE TABLE parts (LIKE buyer) PARTITION BY HASH (customer_id);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT * FROM buyer;
SET enable_partitionwise_aggregate = on;
SELECT ok((SELECT holdout_agg(l, '1997-09-30', '1998-06-30', '1 week') FROM parts) = h, 'partition-wise'),
  ok((SELECT holdout_periods_agg(l, '1997-09-30', '1998-06-30', '1 month') FROM parts) = p, 'partition-wise, periods') FROM whole;
SELECT ok((SELECT holdout_rollup(x) FROM (SELECT holdout_periods_agg(l, '1997-09-30', '1998-06-30', '1 month') AS x FROM buyer GROUP BY customer_id % 5) s) = p, 'a rollup of parts is the whole'),
  ok((SELECT (array_agg(x))[1] + (array_agg(x))[2] FROM (SELECT holdout_agg(l, '1997-09-30', '1998-06-30', '1 week') AS x FROM buyer GROUP BY customer_id % 2) s) = h, 'holdout + holdout'),
  is((SELECT holdout_rollup(NULL::holdout)), NULL, 'a rollup of NULLs') FROM whole;
SELECT is((SELECT holdout_agg(l, '1997-09-30', '1998-06-30', '1 week') FILTER (WHERE customer_id <= 10) FROM buyer), (SELECT holdout_agg(l, '1997-09-30', '1998-06-30', '1 week') FROM buyer WHERE customer_id <= 10), 'FILTER');
SELECT is((SELECT array_agg(jsonb_array_length(x::jsonb -> 'histories')) FROM (SELECT holdout_agg(l, '1997-09-30', '1998-06-30', '1 week') OVER (ORDER BY customer_id ROWS 1 PRECEDING) AS x FROM buyer WHERE customer_id IN (1, 2, 9)) s),
  '{1,2,2}'::int[], 'a window frame');
CREATE TABLE copied (h holdout, p holdout);
INSERT INTO copied SELECT h::text::holdout, p::text::holdout FROM whole;
SELECT ok(c.h = w.h AND c.p = w.p AND segment_internal.holdout_send(c.h) = segment_internal.holdout_send(w.h), 'text and binary'), is(jsonb_array_length(w.p::jsonb -> 'histories') > 100, true, 'jsonb'),
  is(w.p::jsonb -> 'horizon', '9', 'nine whole months') FROM copied c, whole w;

-- beyond the memory limit histories go on in files: the same value, in any order, merged, in parallel, with the counts
CREATE TABLE many AS SELECT row_number() OVER () AS id, r FROM simulate_summaries(btyd_model('mbgnbd', '{.525,6.183,.891,1.614}', '1 week'), 30000, '78 weeks', '52 weeks') r;
INSERT INTO many SELECT id + 30000, r FROM many WHERE id % 3 = 0;
ANALYZE many;
CREATE TEMP TABLE in_memory AS SELECT btyd_agg(r) AS b FROM many;
SET work_mem = '64kB'; SET hash_mem_multiplier = 1;
SELECT ok((SELECT btyd_agg(r ORDER BY md5(id::text)) FROM many) = b, 'a small work_mem, shuffled'), ok((SELECT btyd_rollup(x) FROM (SELECT btyd_agg(r) AS x FROM many GROUP BY id % 7) s) = b, 'and merged') FROM in_memory;
SET max_parallel_workers_per_gather = 2;
SELECT ok((SELECT btyd_agg(r) FROM many) = b, 'and in parallel'), is(jsonb_path_query_first(b::jsonb, 'strict $.histories[*] ? (@[3] > 1)') IS NOT NULL, true, 'equal ones were counted') FROM in_memory;
SET maintenance_work_mem = '1MB';
SELECT throws_ok($$SELECT segment.backtest(segment.holdout_agg(('{2024-01-01 ' || id || '}')::segment.ledger, '2024-06-30', '2024-12-31', '1 week'), '{nbd}') FROM public.many$$, '53400',
  'maintenance_work_mem is too small for the backtest', 'a backtest beyond maintenance_work_mem');
RESET maintenance_work_mem;
CREATE ROLE segment_clv_nobody;
GRANT SELECT ON buyer TO segment_clv_nobody;
SET LOCAL ROLE segment_clv_nobody;
SELECT lives_ok($$SELECT segment.holdout_agg(l, '1997-09-30', '1998-06-30', '1 week'), segment.pareto_nbd(segment.btyd_agg(segment.ledger_repeat(l, '1997-09-30', '1 week'))) FROM public.buyer WHERE customer_id < 300$$, 'as nobody in particular');
RESET ROLE;
SELECT finish();
ROLLBACK;
