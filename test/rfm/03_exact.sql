-- 03_exact.sql: totals equal sum(numeric) to the digit; equal inputs give equal bytes
\ir ../lib/begin.sql
SELECT plan(18);
SET search_path = public, segment;
SELECT setseed(0.25);

-- amounts of every scale from 0 to 20, of every magnitude up to 10^29, both signs
CREATE TEMP TABLE a AS
SELECT g AS id, g % 500 AS customer, date '2024-01-01' + (random() * 600)::int AS at,
       round(((random() - 0.3) * (10::numeric ^ (random() * CASE WHEN g % 3 = 0 THEN 29 ELSE 5 END)::int))::numeric,
             CASE WHEN g % 500 < 250 THEN 2 ELSE (random() * 20)::int END) AS amount
FROM generate_series(1, 40000) g;
INSERT INTO a SELECT 40000 + g, 500 + g % 3, '2024-05-05', 1.0 / (g % 7 + 1) FROM generate_series(1, 3000) g;
INSERT INTO a SELECT 50000 + g, 600, '2024-05-05', 9223372036854775807 FROM generate_series(1, 9) g;
INSERT INTO a SELECT 50100 + g, 601, '2024-05-05', (CASE WHEN g % 2 = 0 THEN -1 ELSE 1 END) * (1e30 - 1) FROM generate_series(1, 11) g;
INSERT INTO a SELECT 50200 + g, 602, '2024-05-05', 1e29 + 0.12345678901234567890 FROM generate_series(1, 100) g;
INSERT INTO a SELECT 50300 + g, 603, '2024-05-05', v FROM unnest(ARRAY[1e29 + 0.00000000000000000001, -1e29]) WITH ORDINALITY u(v, g);

SELECT is(max(scale(amount)), 20, 'there are amounts with 20 decimals') FROM a;
SELECT is_empty($$SELECT customer, rfm_monetary(rfm_agg(at, amount))::text, sum(amount)::text FROM a GROUP BY customer
                  HAVING rfm_monetary(rfm_agg(at, amount))::text IS DISTINCT FROM sum(amount)::text$$, 'monetary = sum(numeric), to the digit');
SELECT is_empty($$SELECT customer FROM a GROUP BY customer
                  HAVING rfm_monetary(rfm_agg(at, amount, id))::text IS DISTINCT FROM sum(amount)::text$$, 'with order ids too');
SELECT is_empty($$SELECT customer FROM a GROUP BY customer
                  HAVING rfm_returned(rfm_agg(at, amount)) IS DISTINCT FROM coalesce(-sum(amount) FILTER (WHERE amount < 0), 0)$$, 'returned is the sum of the negatives');
SELECT is_empty($$SELECT customer FROM a GROUP BY customer
                  HAVING rfm_frequency(rfm_agg(at, amount)) <> count(*) FILTER (WHERE amount >= 0)
                      OR rfm_last(rfm_agg(at, amount)) <> max(at) FILTER (WHERE amount >= 0)$$, 'frequency and last');
SELECT is_empty($$SELECT customer FROM a GROUP BY customer
                  HAVING segment_internal.rfm_send(rfm_agg(at, amount ORDER BY id)) <> segment_internal.rfm_send(rfm_agg(at, amount ORDER BY amount, id DESC))$$, 'any order of rows: the same bytes');
SELECT is_empty($$SELECT customer FROM a GROUP BY customer
                  HAVING pg_column_size(rfm_agg(at, amount ORDER BY id)) <> pg_column_size(rfm_agg(at, amount ORDER BY amount, id DESC))$$, 'and the same stored size');
SELECT is_empty($$SELECT customer FROM (SELECT customer, rfm_agg(at, amount) r, rfm_agg(at, amount, id) r3 FROM a GROUP BY customer, id % 7) p
                  JOIN (SELECT customer, rfm_agg(at, amount) w FROM a GROUP BY customer) q USING (customer)
                  GROUP BY customer, w HAVING segment_internal.rfm_send(rfm_rollup(r)) <> segment_internal.rfm_send(w) OR segment_internal.rfm_send(rfm_rollup(r3)) <> segment_internal.rfm_send(w)$$, 'rollup of parts: the same bytes');
SELECT is_empty($$SELECT customer FROM a GROUP BY customer HAVING rfm_agg(at, amount)::text::rfm::text <> rfm_agg(at, amount)::text
                      OR pg_column_size(rfm_agg(at, amount)::text::rfm) <> pg_column_size(rfm_agg(at, amount))$$, 'text round trip, narrow and wide');
SELECT ok(bool_or(pg_column_size(r) > 100) AND bool_or(pg_column_size(r) < 100), 'both forms were seen: 72 and 136 bytes')
FROM (SELECT rfm_agg(at, amount) AS r FROM a GROUP BY customer) q;
SELECT is(rfm_monetary(rfm_agg(at, amount))::text, '0.00000000000000000001', 'a difference that only exact arithmetic sees') FROM a WHERE customer = 603;

-- stored as core stores it, byte for byte
CREATE TEMP TABLE n AS
SELECT (n::text || 'e-' || scale)::numeric AS v
FROM generate_series(0, 20) scale, (SELECT unnest(ARRAY[0, 1, 9, 10, 9999, 10000, 10001, 99990000, 100000000, 123456789, 10000000000000000, 9223372036854775807])
  UNION ALL SELECT floor(random() * 10::numeric ^ (random() * 18)::int)::bigint FROM generate_series(1, 300)) d (n);
INSERT INTO n SELECT -v FROM n UNION ALL SELECT -9223372036854775808::numeric;
SELECT is_empty($$SELECT v FROM (SELECT v, rfm_monetary(rfm_agg(date '2024-01-01', v)) AS m FROM n GROUP BY ctid, v) q
                  WHERE numeric_send(m) <> numeric_send(v) OR pg_column_size(m) <> pg_column_size(v + 0)$$, 'monetary of 64 bits: the bytes of the amount');
SELECT is_empty($$SELECT customer FROM a GROUP BY customer HAVING numeric_send(rfm_monetary(rfm_agg(at, amount))) <> numeric_send(sum(amount))$$, 'and of sum(numeric)');

-- float8: the same whatever the order, although float addition is not
CREATE TEMP TABLE f AS SELECT g AS id, date '2024-01-01' AS at, (random() * 10 ^ (random() * 12))::float8 AS amount FROM generate_series(1, 20000) g;
SELECT is(rfm_agg(at, amount ORDER BY amount)::text, rfm_agg(at, amount ORDER BY amount DESC)::text, 'float8: any order, the same total') FROM f;
SELECT ok(abs(rfm_monetary(rfm_agg(at, amount)) - sum(amount::numeric)) < 0.02, 'float8: within the rounding of 20,000 rows at 6 decimals') FROM f;

-- comparison ignores decimals, hash agrees
SELECT is(rfm_agg(date '2024-01-01', 1.5) , rfm_agg(date '2024-01-01', 1.500), '1.5 = 1.500');
SELECT is(segment_internal.rfm_hash(rfm_agg(date '2024-01-01', 1.5)) = segment_internal.rfm_hash(rfm_agg(date '2024-01-01', 1.500))
          AND segment_internal.rfm_hash_extended(rfm_agg(date '2024-01-01', 1.5), 7) = segment_internal.rfm_hash_extended(rfm_agg(date '2024-01-01', 1.500), 7), true, 'and so do their hashes');
SELECT is((SELECT count(DISTINCT r) FROM (SELECT rfm_agg(at, amount) r FROM a GROUP BY id) q),
          (SELECT count(*) FROM (SELECT DISTINCT r FROM (SELECT rfm_agg(at, amount) r FROM a GROUP BY id) q) u), 'sorting and hashing find the same distinct values');

SELECT * FROM finish();
ROLLBACK;
