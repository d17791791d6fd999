-- 01_semantics.sql: what an rfm says about orders, returns, zero amounts, NULLs, order ids, days and zones
\ir ../lib/begin.sql
SELECT plan(44);
SET search_path = public, segment;

-- orders, returns, zero, NULL
CREATE TEMP TABLE t (at timestamp, amount numeric);
INSERT INTO t VALUES ('2025-01-10 10:00', 5), ('2025-01-20 23:59:59', 7.50), ('2025-01-05', -2.25), ('2025-02-01', 0),
                     (NULL, 100), ('2025-03-01', NULL);
SELECT rfm_agg(at, amount) AS r FROM t \gset
SELECT is(rfm_frequency(:'r'), 3::bigint, 'frequency counts rows with an amount >= 0');
SELECT is(rfm_monetary(:'r')::text, '10.25', 'monetary is net of returns, with the largest number of decimals');
SELECT is(rfm_first(:'r'), date '2025-01-10', 'a return does not move the first order');
SELECT is(rfm_last(:'r'), date '2025-02-01', 'a zero amount is an order; a NULL amount is skipped');
SELECT is(rfm_returns(:'r'), 1::bigint, 'one return');
SELECT is(rfm_returned(:'r')::text, '2.25', 'the amount returned is positive');
SELECT is(rfm_recency(:'r', '2025-02-01'), 0, 'recency is 0 on the day of the last order');
SELECT is(rfm_recency(:'r', '2025-02-11'), 10, 'recency counts calendar days');
SELECT is(rfm_tenure(:'r', '2025-02-11'), 32, 'tenure counts from the first order');
SELECT is(rfm_average(:'r')::text, (10.25::numeric / 3)::text, 'average order value');

-- nothing, returns only
SELECT is((SELECT rfm_agg(at, amount) FROM t WHERE false), NULL, 'no rows: NULL');
SELECT is((SELECT rfm_agg(at, amount) FROM t WHERE at IS NULL OR amount IS NULL), NULL, 'skipped rows only: NULL');
SELECT rfm_agg(at, amount) AS r FROM t WHERE amount < 0 \gset
SELECT is(rfm_frequency(:'r'), 0::bigint, 'returns only: frequency 0');
SELECT is(rfm_recency(:'r', '2025-02-11'), NULL, 'returns only: no recency');
SELECT is(rfm_first(:'r'), NULL, 'returns only: no first order');
SELECT is(rfm_average(:'r'), NULL, 'returns only: no average');
SELECT is(rfm_monetary(:'r')::text, '-2.25', 'returns only: a negative total');

-- order ids
CREATE TEMP TABLE l (at date, amount numeric, id text);
INSERT INTO l VALUES ('2025-01-01', 10, 'a'), ('2025-01-01', -3, 'a'), ('2025-01-02', -4, 'b'), ('2025-01-02', -1, 'b'),
                     ('2025-01-03', 1, NULL), ('2025-01-03', 1, NULL), ('2025-01-04', -2, NULL), ('2025-01-05', -6, 'c'),
                     ('2025-01-06', 0, 'c');
SELECT rfm_agg(at, amount, id) AS r FROM l \gset
SELECT is(rfm_frequency(:'r'), 4::bigint, 'two ids with a row >= 0, and two rows without an id');
SELECT is(rfm_returns(:'r'), 2::bigint, 'one id with negative rows only, and one negative row without an id');
SELECT is(rfm_returned(:'r')::text, '7', 'a discount line of an order is no return');
SELECT is(rfm_monetary(:'r')::text, '-4', 'all rows count in the total');
SELECT is(rfm_last(:'r'), date '2025-01-06', 'the row >= 0 dates the order');
SELECT is((SELECT rfm_agg(at, amount, id ORDER BY id DESC, amount) FROM l)::text, :'r', 'the order of rows does not matter');

-- an id of any hashable type; equal by the type's own rule
SELECT is(rfm_frequency(rfm_agg(d, 1, i)), 2::bigint, 'integer ids')
FROM (VALUES (date '2025-01-01', 1), ('2025-01-01', 1), ('2025-01-01', 2)) v(d, i);
SELECT is(rfm_frequency(rfm_agg(d, 1, i::numeric)), 1::bigint, 'numeric ids: 1.0 is 1')
FROM (VALUES (date '2025-01-01', '1'), ('2025-01-01', '1.0')) v(d, i);
SELECT is(rfm_frequency(rfm_agg(d, 1, i::uuid)), 2::bigint, 'uuid ids')
FROM (VALUES (date '2025-01-01', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), ('2025-01-01', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'),
             ('2025-01-01', 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')) v(d, i);
SELECT is(rfm_frequency(rfm_agg(d, 1, i::char(8))), 1::bigint, 'char(n) ids: trailing blanks do not count')
FROM (VALUES (date '2025-01-01', 'x'), ('2025-01-01', 'x  ')) v(d, i);
SELECT is(rfm_frequency(rfm_agg(date '2025-01-01', 1, g % 1000)), 1000::bigint, 'a thousand ids of one customer')
FROM generate_series(1, 5000) g;
SELECT throws_ok($$SELECT segment.rfm_agg(date '2025-01-01', 1, '{}'::json)$$, '42883', NULL, 'an id type without equality is refused');

-- each type of amount has its own overload
SELECT is(rfm_monetary(rfm_agg(date '2025-01-01', 3))::text, '3', 'int stays an integer');
SELECT is(rfm_monetary(rfm_agg(date '2025-01-01', 3::smallint))::text, '3', 'smallint stays an integer');
SELECT is(rfm_monetary(rfm_agg(date '2025-01-01', 9223372036854775807::bigint))::text, '9223372036854775807', 'bigint is exact');
SELECT is(rfm_monetary(rfm_agg(date '2025-01-01', 0.1::float8))::text, '0.100000', 'float8 is rounded to 6 decimals');
SELECT is(rfm_monetary(rfm_agg(date '2025-01-01', 0.1::real))::text, '0.100000', 'real goes the float8 way');

-- days of a zone, under any session settings
CREATE TEMP TABLE z (at timestamptz);
INSERT INTO z VALUES ('2025-03-01 23:30:00+00');
SELECT rfm_agg(at, 1) AS r FROM z \gset
SELECT is(rfm_last(:'r'), date '2025-03-01', 'UTC by default');
SELECT is(rfm_last(:'r', 'Europe/Berlin'), date '2025-03-02', 'the day of a zone');
SELECT is(rfm_recency(:'r', '2025-03-02', 'America/New_York'), 1, 'recency in a zone');
SET LOCAL timezone = 'Asia/Tokyo';
SET LOCAL datestyle = 'SQL, DMY';
SELECT is(rfm_last(:'r'), date '2025-03-01', 'the session''s zone does not matter');
SELECT is((SELECT rfm_agg(at, 1) FROM z)::text, :'r', 'nor does DateStyle');
SELECT is(rfm_first(rfm_agg(t, 1), 'Europe/Berlin'), date '2025-03-01', 'a zone leaves timestamps alone')
FROM (VALUES (timestamp '2025-03-01 23:30')) v(t);
SELECT is(rfm_tenure(r, date '1999-03-29', 'Europe/Berlin'), 1, 'days around the start of summer time')
FROM (SELECT rfm_agg(timestamptz '1999-03-27 23:30:00+00', 1) AS r) q;

-- merging
SELECT is((SELECT rfm_rollup(r) FROM (SELECT rfm_agg(at, amount) AS r FROM t GROUP BY at) q)::text,
          (SELECT rfm_agg(at, amount) FROM t)::text, 'rollup of parts is the whole');
SELECT is((SELECT rfm_agg(at, amount) FROM t WHERE amount > 5) + (SELECT rfm_agg(at, amount) FROM t WHERE amount <= 5),
          (SELECT rfm_agg(at, amount) FROM t), 'rfm + rfm');
SELECT is((SELECT rfm_frequency(rfm_rollup(r))
           FROM (SELECT rfm_agg(at, amount, id) AS r FROM l WHERE id = 'a' GROUP BY amount) q), 1::bigint,
          'an order split over parts: the part with its discount line only is a return there');

SELECT * FROM finish();
ROLLBACK;
