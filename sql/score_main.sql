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
