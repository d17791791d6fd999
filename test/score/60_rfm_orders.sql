-- 60_rfm_orders.sql: the R package rfm's example orders, analysis date 2006-12-31: its bins as a person's thresholds,
-- frequency and monetary from, recency under; figures from running the package (score counts, first rows, sums)
\ir ../lib/data.sql
\if :no_data
\q
\endif
\ir ../lib/begin.sql
SELECT plan(11);
SET search_path = public, segment;

SELECT rfm_cut_points(cut_points(ARRAY[115, 181, 297.4, 482], 'under'), cut_points(ARRAY[4, 5, 6, 8]), cut_points(ARRAY[255.8, 382, 506.4, 666])) AS cuts \gset
CREATE TEMP TABLE c AS
SELECT customer_id, rfm, rfm_score(:'cuts'::rfm_cut_points, rfm, '2006-12-31') AS score
FROM (SELECT customer_id, rfm_agg(order_date, revenue) AS rfm FROM rfm_orders GROUP BY customer_id) t;

SELECT is(count(*), 995::bigint, 'customers') FROM c;
SELECT results_eq('SELECT count(*) FROM c GROUP BY score_r(score) ORDER BY score_r(score)', 'VALUES (197::bigint), (200), (199), (199), (200)', 'recency scores');
SELECT results_eq('SELECT count(*) FROM c GROUP BY score_f(score) ORDER BY score_f(score)', 'VALUES (268::bigint), (187), (176), (244), (120)', 'frequency scores');
SELECT results_eq('SELECT count(*) FROM c GROUP BY score_m(score) ORDER BY score_m(score)', 'VALUES (200::bigint), (200), (198), (202), (195)', 'monetary scores');
SELECT is(sum(score_code(score)), 329437::bigint, 'sum of rfm_score') FROM c;
SELECT is(sum(rfm_frequency(rfm)), 4906::numeric, 'sum of transaction_count') FROM c;
SELECT results_eq($$SELECT customer_id, rfm_recency(rfm, '2006-12-31'), rfm_frequency(rfm), rfm_monetary(rfm)::int, score_code(score) FROM c ORDER BY customer_id COLLATE "C" LIMIT 12$$,
  $$VALUES ('Abbey O''Reilly', 205, 6::bigint, 472, 343), ('Add Senger', 140, 3, 340, 412), ('Aden Lesch', 194, 4, 405, 323), ('Aden Murphy', 98, 7, 596, 544),
           ('Admiral Senger', 132, 5, 448, 433), ('Agness O''Keefe', 90, 9, 843, 555), ('Aileen Barton', 84, 9, 763, 555), ('Ailene Hermann', 281, 8, 699, 355),
           ('Aiyanna Bruen', 246, 4, 157, 321), ('Akeelah Walsh', 160, 7, 779, 445), ('Ala Schmidt', 349, 3, 363, 212), ('Alannah Borer', 619, 4, 196, 121)$$, 'the first rows');
SELECT is(count(*), 2::bigint, 'custom cuts, rounded, change two scores')
FROM c WHERE score <> rfm_score(rfm_cut_points(cut_points(ARRAY[115, 181, 297, 482], 'under'), cut_points(ARRAY[4, 5, 6, 8]), cut_points(ARRAY[256, 382, 506, 666])), rfm, '2006-12-31');

-- the package's side of recency is one of its own: within moves the customers whose days are a threshold
SELECT is(count(*), (SELECT count(*) FROM c WHERE rfm_recency(rfm, '2006-12-31') IN (115, 181, 482)), 'within differs from under at the thresholds only')
FROM c WHERE score <> rfm_score(rfm_cut_points(cut_points(ARRAY[115, 181, 297.4, 482], 'within'), cut_points(ARRAY[4, 5, 6, 8]), cut_points(ARRAY[255.8, 382, 506.4, 666])), rfm, '2006-12-31');
SELECT ok(count(*) > 0, 'and there are such customers') FROM c WHERE rfm_recency(rfm, '2006-12-31') IN (115, 181, 482);
SELECT is(:'cuts'::rfm_cut_points::text, 'r: under {115,181,297.4,482}; f: from {4,5,6,8}; m: total from {255.8,382,506.4,666}', 'the rule as text');

SELECT * FROM finish();
