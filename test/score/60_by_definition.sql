-- Quantile scores against their definition, computed in plain SQL with exact numbers: type-7 cut points at the rational
-- position (N - 1) * i / bins, score 1 + number of cut points below the value, recency reversed. Markets of 1 to 40
-- customers, 60 % of whom bought once, with small amounts that tie often, also as averages of different order counts.
\ir ../lib/begin.sql
SELECT plan(5);

SELECT setseed(0.25);
CREATE TEMP TABLE customers AS
SELECT market, customer, CASE WHEN random() < 0.6 THEN 1 ELSE 2 + floor(random() * 11)::int END AS orders
FROM generate_series(1, 40) market, generate_series(1, market) customer;
CREATE TEMP TABLE orders AS
SELECT market, customer, date '2024-01-01' + floor(random() * 300)::int AS at,
       0.05 * (2 * (customer % 4) + CASE WHEN customer % 3 = 0 THEN floor(random() * 6) ELSE 2 END)::numeric AS amount
FROM customers, generate_series(1, orders);
CREATE TEMP TABLE summaries AS
SELECT market, customer, segment.rfm_agg(at, amount) AS rfm, date '2024-12-31' - max(at) AS days, count(*) AS orders,
       sum(amount) AS total, sum(amount) * 27720 / count(*) AS average        -- 27720 = lcm(1 .. 12): exact
FROM orders GROUP BY market, customer;

CREATE TEMP TABLE ranked AS
SELECT market, customer, dimension, value,
       row_number() OVER (PARTITION BY market, dimension ORDER BY value) - 1 AS rank,
       count(*) OVER (PARTITION BY market, dimension) AS n
FROM summaries, LATERAL (VALUES ('r', days::numeric), ('f', orders), ('total', total), ('average', average))
  AS d(dimension, value);
CREATE INDEX ON ranked (market, dimension, rank);
ANALYZE ranked;

CREATE TEMP TABLE cuts AS
SELECT lo.market, lo.dimension, n_bins,
       (n_bins - rest) * lo.value + CASE WHEN rest > 0 THEN rest * hi.value ELSE 0 END AS cut_times_bins
FROM (SELECT DISTINCT market, dimension, n FROM ranked) s
CROSS JOIN generate_series(2, 9) n_bins
CROSS JOIN generate_series(1, n_bins - 1) i
CROSS JOIN LATERAL (SELECT (n - 1) * i / n_bins AS place, (n - 1) * i % n_bins AS rest) x
JOIN ranked lo ON lo.market = s.market AND lo.dimension = s.dimension AND lo.rank = place
LEFT JOIN ranked hi ON hi.market = s.market AND hi.dimension = s.dimension AND hi.rank = place + 1;
CREATE INDEX ON cuts (market, dimension);
ANALYZE cuts;

CREATE TEMP TABLE expected AS
SELECT v.market, v.customer, v.dimension, c.n_bins AS bins,
       CASE WHEN v.dimension = 'r' THEN c.n_bins - c.below ELSE 1 + c.below END AS score
FROM ranked v,
     LATERAL (SELECT n_bins, count(*) FILTER (WHERE cut_times_bins < n_bins * v.value) AS below
              FROM cuts WHERE cuts.market = v.market AND cuts.dimension = v.dimension GROUP BY n_bins) c;
ANALYZE expected;

CREATE TEMP TABLE given AS
SELECT market, customer, bins, monetary,
       segment.rfm_score(rfm, '2024-12-31', bins, monetary => monetary)
         OVER (PARTITION BY market, bins, monetary) AS score,
       segment.rfm_score(cut_points, rfm, '2024-12-31') AS frozen
FROM summaries
JOIN (SELECT market, bins, monetary,
             segment.rfm_cut_points_agg(rfm, '2024-12-31', bins, 'quantile', monetary) AS cut_points
      FROM summaries, generate_series(2, 9) bins, unnest('{total,average}'::text[]) monetary
      GROUP BY market, bins, monetary) c USING (market);
ANALYZE given;

CREATE FUNCTION pg_temp.wrong(what text) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*)
  FROM given g JOIN expected e USING (market, customer, bins)
  WHERE e.dimension = what
    AND CASE what WHEN 'r' THEN segment.score_r(g.score)
                  WHEN 'f' THEN segment.score_f(g.score)
                  WHEN g.monetary THEN segment.score_m(g.score)
                  ELSE e.score END <> e.score $$;
SELECT is(pg_temp.wrong('r'), 0::bigint, 'recency scores are those of the definition, for 2 to 9 bins');
SELECT is(pg_temp.wrong('f'), 0::bigint, 'frequency scores are');
SELECT is(pg_temp.wrong('total'), 0::bigint, 'monetary scores of totals are');
SELECT is(pg_temp.wrong('average'), 0::bigint, 'monetary scores of averages are: equal averages of different totals alike');
SELECT is((SELECT count(*) FROM given WHERE score::text <> frozen::text), 0::bigint,
  'window function and frozen cut points of the same customers agree');

SELECT * FROM finish();
ROLLBACK;
