-- 50_online_retail.sql: Online Retail, valid sales, as of 2011-12-10: figures of reference runs, and batch = frozen
\ir ../lib/data.sql
\if :no_data
\q
\endif
\ir ../lib/begin.sql
SELECT plan(31);
SET search_path = public, segment;

CREATE TEMP TABLE c AS
SELECT customer_id, rfm, rfm_score(rfm, '2011-12-10') OVER () AS score
FROM (SELECT customer_id, rfm_agg(ordered_at, amount, order_id) AS rfm FROM valid_sales GROUP BY customer_id) t;
SELECT rfm_cut_points_agg(rfm, '2011-12-10', 5) AS cuts FROM c \gset

SELECT is(count(*), 4338::bigint, 'customers') FROM c;
SELECT results_eq('SELECT score_r(score)::int, count(*) FROM c GROUP BY 1 ORDER BY 1', 'VALUES (1, 861::bigint), (2, 866), (3, 863), (4, 880), (5, 868)', 'recency scores');
SELECT results_eq('SELECT score_f(score)::int, count(*) FROM c GROUP BY 1 ORDER BY 1', 'VALUES (1, 1493::bigint), (2, 835), (3, 508), (4, 802), (5, 700)', 'frequency scores');
SELECT results_eq('SELECT score_m(score)::int, count(*) FROM c GROUP BY 1 ORDER BY 1', 'VALUES (1, 868::bigint), (2, 867), (3, 868), (4, 867), (5, 868)', 'monetary scores');
SELECT results_eq(format($$SELECT i.upper::text FROM rfm_cut_points_info(%L) i WHERE dimension = %L AND upper IS NOT NULL ORDER BY i.upper$$, :'cuts', d),
  want, 'cut points of ' || d)
FROM (VALUES ('recency', ARRAY['13.8', '33', '72', '180']), ('frequency', ARRAY['1', '2', '3', '6']),
             ('monetary', ARRAY['250.194', '490.096', '942.276', '2058.426'])) t(d, want);
SELECT results_eq(format($$SELECT dimension, score::int, count FROM rfm_cut_points_info(%L) ORDER BY 1, 2$$, :'cuts'),
  $$SELECT 'frequency', score_f(score)::int, count(*) FROM c GROUP BY 1, 2 UNION ALL SELECT 'monetary', score_m(score), count(*) FROM c GROUP BY 1, 2
    UNION ALL SELECT 'recency', score_r(score), count(*) FROM c GROUP BY 1, 2 ORDER BY 1, 2$$, 'the counts kept in the cut points');

-- one customer at a time by frozen cut points = the batch, for every method, monetary and number of bins
CREATE FUNCTION differing(options text, aggregate_options text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM (SELECT rfm, rfm_score(rfm, %1$L, %2$s) OVER () AS batch FROM c) b, '
                 '(SELECT rfm_cut_points_agg(rfm, %1$L, %3$s) FROM c) k(cuts) WHERE batch IS DISTINCT FROM rfm_score(cuts, rfm, %1$L)',
                 '2011-12-10', options, aggregate_options) INTO n;
  RETURN n;
END $$;
SET client_min_messages = error;
SELECT is(differing(format('%s, %L, %L', bins, method, monetary), format('%s, %L, %L', bins, method, monetary)), 0::bigint, format('frozen = batch: %s bins, %s, %s', bins, method, monetary))
FROM unnest('{2,5,9}'::int[]) bins, unnest('{quantile,equal_width,natural}'::text[]) method, unnest('{total,average}'::text[]) monetary
WHERE bins = 5 OR monetary = 'total';
SET client_min_messages = warning;

-- the same by the two-step way and after storage as text
SELECT is(rfm_cut_points(cut_points(quantiles_agg(rfm_recency(rfm, '2011-12-10')), 5, direction => 'descending'),
                         cut_points(quantiles_agg(rfm_frequency(rfm)), 5), cut_points(quantiles_agg(rfm_monetary(rfm)), 5)), :'cuts'::rfm_cut_points,
  'put together from quantiles: the same value') FROM c;
SELECT is(count(*) FILTER (WHERE score = rfm_score(:'cuts'::rfm_cut_points, rfm, '2011-12-10')), 4338::bigint, 'frozen as text: the same scores') FROM c;

-- ties: equal values, equal scores
SELECT is_empty('SELECT rfm_frequency(rfm) FROM c GROUP BY 1 HAVING count(DISTINCT score_f(score)) > 1', 'customers with as many orders have the same score');
SELECT is_empty('SELECT rfm_recency(rfm, ''2011-12-10'') FROM c GROUP BY 1 HAVING count(DISTINCT score_r(score)) > 1', 'and of the same day');

-- by country: each as if alone
CREATE TEMP TABLE k AS SELECT country, customer_id, rfm_agg(ordered_at, amount, order_id) AS rfm FROM valid_sales GROUP BY 1, 2;
CREATE TEMP TABLE by_country AS SELECT country, customer_id, rfm, rfm_score(rfm, '2011-12-10') OVER (PARTITION BY country) AS score FROM k;
SELECT is(count(*), 4346::bigint, 'customers by country') FROM by_country;
CREATE TEMP TABLE alone (country text, customer_id int, score rfm_score);
DO $$
DECLARE one text;
BEGIN
  FOR one IN SELECT DISTINCT country FROM k LOOP
    INSERT INTO alone SELECT country, customer_id, rfm_score(rfm, '2011-12-10') OVER () FROM k WHERE country = one;
  END LOOP;
END $$;
SELECT results_eq('SELECT country, customer_id, score FROM by_country ORDER BY 1, 2', 'SELECT * FROM alone ORDER BY 1, 2', 'partitioned = each country alone');

-- min_partition and fallback: countries with fewer than 100 customers by the whole's cut points
CREATE TEMP TABLE with_fallback AS
SELECT country, customer_id, rfm, count(*) OVER (PARTITION BY country) AS customers,
       rfm_score(rfm, '2011-12-10', min_partition => 100, fallback => (SELECT rfm_cut_points_agg(rfm, '2011-12-10', 5) FROM k)) OVER (PARTITION BY country) AS score
FROM k;
SELECT is(count(DISTINCT country), 1::bigint, 'one country has 100 customers') FROM with_fallback WHERE customers >= 100;
SELECT is_empty('SELECT FROM with_fallback JOIN by_country USING (country, customer_id) WHERE customers >= 100 AND with_fallback.score <> by_country.score', 'large countries by their own cut points');
SELECT is_empty('SELECT FROM with_fallback WHERE customers < 100 AND score <> rfm_score((SELECT rfm_cut_points_agg(rfm, ''2011-12-10'', 5) FROM k), rfm, ''2011-12-10'')',
  'small ones by the whole''s');

-- the whole file, lines without a customer included
CREATE TEMP TABLE everybody AS
SELECT customer_id, rfm_score(rfm_agg(ordered_at, amount, order_id), '2011-12-10') OVER () AS score FROM known_customers GROUP BY customer_id;
SELECT is(count(*) FILTER (WHERE score = 'none'), 33::bigint, 'customers with returns only') FROM everybody;
SELECT results_eq($$SELECT customer_id, rfm_score(rfm_agg(ordered_at, amount, order_id), '2011-12-10') OVER () FROM all_lines WHERE customer_id IS NOT NULL GROUP BY customer_id ORDER BY 1$$,
  'SELECT * FROM everybody ORDER BY 1', 'the documented SELECT on all lines = on known customers');

SELECT * FROM finish();
