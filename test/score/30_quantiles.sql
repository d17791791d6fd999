-- 30_quantiles.sql: quantiles: the exact multiset, its forms, merging, quantile()
\ir ../lib/begin.sql
SELECT plan(50);
SET search_path = public, segment;

SELECT is(quantiles_agg(v)::text, '{-2.5,0,1:2,3}', 'distinct values with their counts, in order; NULL is skipped')
FROM unnest('{1,3,NULL,1,-2.5,-0.0}'::float8[]) v;
SELECT is(quantiles_agg(v), NULL, 'NULLs only: NULL') FROM unnest('{NULL,NULL}'::float8[]) v;
SELECT is(quantiles_agg(v), NULL, 'no rows: NULL') FROM unnest('{}'::float8[]) v;
SELECT is(quantiles_agg(7)::text, '{7}', 'one row');
SELECT is(quantiles_agg(g % 3)::text, '{0:333,1:334,2:333}', 'integers') FROM generate_series(1, 1000) g;
SELECT is(quantiles_agg(1.10)::text, '{1.1}', 'numeric');
SELECT throws_ok(format('SELECT quantiles_agg(%L::float8)', v), '22003', 'value is out of range for quantiles', 'refused: ' || v)
FROM unnest('{NaN,Infinity,-Infinity}'::text[]) v;

-- counts of every width survive both forms
SELECT is(q::quantiles::text, q, 'text round trip: ' || q)
FROM unnest(ARRAY['{1}', '{1,2:2}', '{1:255,2}', '{1:256,2}', '{1:65535}', '{1:65536,3:2}', '{1:4294967295,2}', '{1:4294967296,2}',
                  '{-1.7976931348623157e+308,4.94065645841247e-324,0.1}']) q;
SELECT is('{ 1 : 2 , 3 }'::quantiles::text, '{1:2,3}', 'white space does not matter');
SELECT is('{-0}'::quantiles::text, '{0}', 'zero has no sign');
SELECT throws_ok(format('SELECT %L::quantiles', bad), '22P02', NULL, format('refused: %L', bad))
FROM unnest(ARRAY['', '{}', '{1', '{1,}', '{2,1}', '{1,1}', '{1:0}', '{1:-1}', '{1:99999999999999999999}', '{1:36028797018963969}', '{NaN}',
                  '{1e999}', '{1} x', '1', '{1:2:3}', '{0x1}']) bad;

-- merging
SELECT is('{1:2,3}'::quantiles + '{2,3:4}'::quantiles, '{1:2,2,3:5}', 'a sum holds both');
SELECT is(quantiles_rollup(q)::text, '{1:2,2,3:5}', 'rollup merges parts and skips NULL') FROM unnest(ARRAY['{1:2,3}', NULL, '{2,3:4}']::quantiles[]) q;
SELECT is((SELECT quantiles_rollup(q) FROM (SELECT quantiles_agg(g * 7 % 101) AS q FROM generate_series(1, 5000) g GROUP BY g % 13) p),
  (SELECT quantiles_agg(g * 7 % 101) FROM generate_series(1, 5000) g), 'rollup of parts = whole');
SELECT throws_ok($$SELECT '{1:36028797018963968}'::quantiles + '{1}'::quantiles$$, '54000', 'too many values for quantiles', 'a total beyond the limit');

-- readers
SELECT is(quantiles_count('{1:2,3}'), 3::bigint, 'how many values');
SELECT is(quantiles_distinct('{1:2,3}'), 2::bigint, 'how many distinct ones');
SELECT results_eq($$SELECT * FROM quantiles_entries('{1:2,3}')$$, 'VALUES (1::float8, 2::bigint), (3, 1)', 'entries as rows');
SELECT is('{1:2,3}'::quantiles::jsonb, '{"count": 3, "values": [[1, 2], [3, 1]]}', 'as jsonb');
SELECT is((SELECT count(*) FROM generate_series(0, 1000) p, (SELECT quantiles_agg(v) q, array_agg(v) a FROM unnest('{5,1,1,4,9,9,9,2.5}'::float8[]) v) t
           WHERE quantile(q, p / 1000.0) IS DISTINCT FROM (SELECT percentile_cont(p / 1000.0) WITHIN GROUP (ORDER BY v) FROM unnest(a) v)
             AND abs(quantile(q, p / 1000.0) - (SELECT percentile_cont(p / 1000.0) WITHIN GROUP (ORDER BY v) FROM unnest(a) v)) > 1e-14), 0::bigint,
  'quantile is percentile_cont');
SELECT is(quantile('{7}', 0.3), 7::float8, 'the quantile of one value');
SELECT is(ARRAY[quantile('{1:3,2}', 0), quantile('{1:3,2}', 1)], '{1,2}', 'the ends');
SELECT throws_ok($$SELECT quantile('{1}', 1.1)$$, '22003', 'p is out of range', 'p above 1');
SELECT throws_ok($$SELECT quantile('{1}', 'NaN')$$, '22003', 'p is out of range', 'p is NaN');

-- order and hashing
SELECT results_eq($$SELECT q::text FROM unnest(ARRAY['{2}','{1,3}','{1:2}','{1}','{1,2}']::quantiles[]) u(q) ORDER BY u.q$$,
  $$VALUES ('{1}'), ('{1,2}'), ('{1,3}'), ('{1:2}'), ('{2}')$$, 'a dictionary''s order');

SELECT * FROM finish();
