<<<<<<< HEAD
-- Scores: the main job on twelve customers, frozen cut points, a person's thresholds, and what is refused.
SET search_path = public, segment; -- for the operators
CREATE TABLE customer AS
SELECT c, segment.rfm_agg(date '2025-12-31' - c * c, c * 10.5) AS rfm
FROM generate_series(1, 12) c, generate_series(1, 1 + (c > 6)::int + (c > 9)::int * 3) n GROUP BY c;

-- equal values have equal scores: six customers with one order
SELECT c, segment.rfm_recency(rfm, '2025-12-31') AS recency, segment.rfm_frequency(rfm) AS frequency,
       segment.rfm_monetary(rfm) AS monetary, segment.rfm_score(rfm, '2025-12-31') OVER () AS score
FROM customer ORDER BY c;

SELECT segment.score_r(score) AS r, segment.score_f(score) AS f, segment.score_m(score) AS m, segment.score_code(score) AS code
FROM (SELECT c, segment.rfm_score(rfm, '2025-12-31', bins => 3) OVER () AS score FROM customer) s ORDER BY c LIMIT 2;

-- frozen cut points score one customer as the batch did
CREATE TABLE frozen AS SELECT segment.rfm_cut_points_agg(rfm, '2025-12-31', 5) AS cut_points FROM customer;
SELECT cut_points FROM frozen;
SELECT count(*) FILTER (WHERE batch = segment.rfm_score(cut_points, rfm, '2025-12-31')) AS same, count(*)
FROM (SELECT rfm, segment.rfm_score(rfm, '2025-12-31') OVER () AS batch FROM customer) s, frozen;

-- a person's thresholds: the side is part of them
SELECT days, segment.score(segment.cut_points(ARRAY[30, 90, 180, 365], 'within'), days) AS within,
       segment.score(segment.cut_points(ARRAY[30, 90, 180, 365], 'from'), days) AS "from"
FROM (VALUES (0), (30), (31), (365), (366)) v(days);
SELECT segment.cut_points(ARRAY[2, 3, 5, 10]);

-- refused
SELECT segment.cut_points(ARRAY[3, 2]);
SELECT segment.cut_points(ARRAY[1, NULL]);
SELECT segment.cut_points(ARRAY[1, 2], 'above');
SELECT segment.rfm_score(rfm, '2025-12-31', bins => 10) OVER () FROM customer LIMIT 1;
SELECT '6-1-1'::segment.rfm_score;
DROP TABLE customer, frozen;
=======
-- Scores, cut points and quantiles at a glance.
SET search_path = public, segment;
CREATE TABLE orders AS
SELECT customer_id, date '2025-12-31' - customer_id * 7 - n AS ordered_at, (customer_id * 37 + n * 11) % 90 + 10 AS amount
FROM generate_series(1, 12) customer_id, generate_series(0, customer_id % 4) n;

-- each customer among all, with three bins
SELECT customer_id, rfm_recency(rfm, '2025-12-31') AS days, rfm_frequency(rfm) AS orders, rfm_monetary(rfm) AS total, score, score_code(score)
FROM (SELECT customer_id, rfm_agg(ordered_at, amount) AS rfm, rfm_score(rfm_agg(ordered_at, amount), '2025-12-31', 3) OVER () AS score
      FROM orders GROUP BY customer_id) c
ORDER BY customer_id;

-- the rule behind it, frozen
SELECT rfm_cut_points_agg(rfm, '2025-12-31', 3) AS rule
FROM (SELECT rfm_agg(ordered_at, amount) AS rfm FROM orders GROUP BY customer_id) c \gset
SELECT :'rule' AS rule;
SELECT dimension, score, lower, upper, used, count FROM rfm_cut_points_info(:'rule');
SELECT rfm_score(:'rule'::rfm_cut_points, rfm_agg(ordered_at, amount), '2025-12-31') FROM orders WHERE customer_id = 12;

-- thresholds of a person, and their sides
SELECT v, score(cut_points(ARRAY[10, 20]), v) AS "from", score('within {10,20}', v) AS within, score('under {10,20}', v) AS under
FROM generate_series(5, 25, 5) v;
SELECT * FROM cut_points_info(cut_points(ARRAY[2, 5, 5]));

-- methods: equal width misleads where a few values are far from the rest
SELECT cut_points(quantiles, 4, method) FROM (SELECT quantiles_agg(v) FROM generate_series(1, 40) i, LATERAL (VALUES (i), (i % 3), (10 ^ (i - 37))) x(v)) t(quantiles),
  unnest('{quantile,natural,equal_width}'::text[]) method;

DROP TABLE orders;
>>>>>>> 1653be7 (score: documentation, a regression test; cut points between two values have 15 digits)
