-- 07_labels.sql: segments from clusters and value tiers instead of a scheme: declared, refreshed, compared, printed
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
SELECT plan(39);

CREATE TABLE sales AS TABLE valid_sales;
ALTER TABLE sales ADD COLUMN channel text;
UPDATE sales SET channel = CASE WHEN order_id::int % 3 = 0 THEN 'web' ELSE 'store' END;

-- Same rows: those that refresh stored, those of a second refresh, those of the pasted SQL.
CREATE FUNCTION pasted_differs(name text, as_of date) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM ((SELECT customer_id::text, market, orders, revenue, rfm_code, segment_name, segment_sort FROM (%s) d '
    'EXCEPT ALL SELECT customer_id, market, orders, revenue, rfm_code, segment_name, segment_sort FROM segment.customer_profile WHERE segmentation = %L AND as_of = %L) '
    'UNION ALL (SELECT customer_id, market, orders, revenue, rfm_code, segment_name, segment_sort FROM segment.customer_profile WHERE segmentation = %2$L AND as_of = %3$L '
    'EXCEPT ALL SELECT customer_id::text, market, orders, revenue, rfm_code, segment_name, segment_sort FROM (%1$s) d)) x', segment.definition(name, as_of), name, as_of) INTO n;
  RETURN n;
END
$$;

-- Clusters
SELECT segment.create_segmentation('clusters', 'sales', 'customer_id', 'ordered_at', 'amount', 'order_id', channel => 'channel', label => segment.by_clusters(4));
CREATE TEMP TABLE unfitted AS SELECT segment.definition('clusters', '2011-08-31') AS sql;
SELECT segment.refresh('clusters', '2011-08-31');
SELECT segment.refresh('clusters', '2011-09-30');
CREATE TEMP TABLE features AS
SELECT as_of, customer_id::text AS customer_id, segment.rfm_recency(rfm, as_of) AS recency, segment.rfm_frequency(rfm) AS orders, segment.rfm_monetary(rfm) AS revenue
FROM (SELECT as_of, customer_id, segment.rfm_agg(ordered_at, amount, order_id) AS rfm FROM (VALUES (date '2011-08-31'), ('2011-09-30')) d (as_of)
      JOIN valid_sales ON ordered_at < as_of + 1 GROUP BY 1, 2) r;
CREATE TEMP TABLE model AS SELECT segment.kmeans(segment.coreset_agg(ARRAY[recency, orders, revenue]::float8[]), k => 4) AS model FROM features WHERE as_of = '2011-08-31';
SELECT is_empty($$SELECT as_of, customer_id, segment_name FROM segment.customer_profile WHERE segmentation = 'clusters'
  EXCEPT ALL SELECT as_of, customer_id, 'Cluster ' || segment.cluster_of(model, recency, orders::float8, revenue::float8) FROM features, model$$,
  'both days'' labels are the clusters of a model fitted by hand to the first day');
SELECT is(count(*), 2 + 3317 - 2 + (SELECT count(*) FROM features WHERE as_of = '2011-09-30'), 'for every customer')
FROM segment.customer_profile WHERE segmentation = 'clusters';
SELECT results_eq($$SELECT segment_name FROM segment.segment_summary WHERE segmentation = 'clusters' AND is_latest ORDER BY segment_sort$$,
  $$SELECT 'Cluster ' || cluster FROM model, segment.cluster_table(model) ORDER BY centroid[3] DESC$$, 'ranked by typical revenue');
SELECT results_eq($$SELECT count(*), count(meaning), count(colour) FROM segment.segment_summary WHERE segmentation = 'clusters' AND is_latest$$,
  'VALUES (4::bigint, 4::bigint, 4::bigint)', 'each with a meaning and a colour');
SELECT is(pasted_differs('clusters', '2011-08-31'), 0::bigint, 'definition gives the first day''s rows');
SELECT is(pasted_differs('clusters', '2011-09-30'), 0::bigint, 'and the second''s');
SELECT sql FROM unfitted \gset
SELECT is_empty(format($$SELECT customer_id::text, segment_name, segment_sort FROM (%s) d
  EXCEPT ALL SELECT customer_id, segment_name, segment_sort FROM segment.customer_profile WHERE segmentation = 'clusters' AND as_of = '2011-08-31'$$, :'sql'),
  'that of before the first refresh fits the same model');
CREATE TEMP TABLE before AS SELECT * FROM segment.customer_profile;
CREATE TEMP TABLE fitted AS TABLE segment.segmentation_model;
SELECT segment.refresh('clusters', '2011-08-31');
SELECT is_empty('TABLE before EXCEPT SELECT * FROM segment.customer_profile', 'the same day again gives the same rows');
SELECT results_eq('TABLE segment.segmentation_model', 'TABLE fitted', 'and leaves the model alone');
SELECT is_empty($$SELECT customer_id, preferred_channel FROM segment.customer_profile WHERE segmentation = 'clusters' AND as_of = '2011-09-30'
  EXCEPT SELECT customer_id::text, CASE WHEN count(*) FILTER (WHERE channel = 'store') >= count(*) FILTER (WHERE channel = 'web') THEN 'store' ELSE 'web' END
  FROM sales WHERE ordered_at < '2011-10-01' GROUP BY customer_id$$, 'preferred_channel is the most frequent');
SELECT is(count(*) FILTER (WHERE moved_by = 'recalibration'), 0::bigint, 'frozen models recalibrate nobody') FROM segment.customer_profile WHERE segmentation = 'clusters';
SELECT cmp_ok(count(*) FILTER (WHERE moved_by = 'time'), '>', 0::bigint, 'recency moves customers') FROM segment.customer_profile WHERE segmentation = 'clusters';

-- A model and names of one's own
SELECT segment.new_version('clusters', label => segment.by_cluster_model(model, names => '{Core,Fading,Whales}')) FROM model;
SELECT segment.refresh('clusters', '2011-09-30', 2);
SELECT results_eq($$SELECT first_segment, second_segment, adjusted_rand FROM segment.compare_versions('clusters', 1, 2, '2011-09-30') ORDER BY 1$$,
  $$VALUES ('Cluster 1', 'Core', 1::float8), ('Cluster 2', 'Fading', 1), ('Cluster 3', 'Whales', 1), ('Cluster 4', 'Cluster 4', 1)$$, 'a given model with names of one''s own');
SELECT throws_ok($$SELECT segment.new_version('clusters', label => segment.by_clusters(4, names => '{A,A}'))$$, '22023', NULL, 'names must differ');
SELECT throws_ok($$SELECT segment.new_version('clusters', label => ROW('both', 'standard', 3, NULL, NULL, '{orders}', 2, 'mbgnbd', '1 year', NULL, NULL)::segment.label_rule)$$, '22023', NULL, 'not clusters and tiers at once');
SELECT throws_ok($$SELECT segment.new_version('clusters', label => segment.by_clusters(4, features => '{age}'))$$, '22023', NULL, 'unknown features');
SELECT throws_ok($$SELECT segment.new_version('clusters', label => segment.by_cluster_model('x', features => '{orders}'))$$, '22P02', NULL, 'a model that is none');

-- Floating clusters keep their numbers.
SELECT segment.create_segmentation('floating', 'sales', 'customer_id', 'ordered_at', 'amount', 'order_id', 
  label => segment.by_clusters(4, features => '{recency,orders,revenue,average_order,tenure}'), scores => segment.rfm_scores(cut_points => 'floating'));
SELECT segment.refresh('floating', d) FROM unnest('{2011-08-31,2011-09-30}'::date[]) d;
SELECT is(count(*), 2::bigint, 'floating: a model a day') FROM segment.segmentation_model WHERE segmentation = 'floating';
SELECT is(pasted_differs('floating', '2011-09-30'), 0::bigint, 'definition gives the rows');
SELECT results_eq($$SELECT DISTINCT (SELECT array_agg(cluster ORDER BY cluster) FROM segment.cluster_table(clusters)) FROM segment.segmentation_model WHERE segmentation = 'floating'$$,
  $$VALUES ('{1,2,3,4}'::int[])$$, 'with the same numbers');
SELECT cmp_ok(count(*) FILTER (WHERE segment_name = previous_segment_name), '>', count(*) / 2, 'most customers stay where they were')
FROM segment.customer_profile WHERE segmentation = 'floating' AND as_of = '2011-09-30';
SELECT cmp_ok(count(*) FILTER (WHERE moved_by = 'recalibration'), '>', 0::bigint, 'some move with the model') FROM segment.customer_profile WHERE segmentation = 'floating';

-- Value tiers
SET client_min_messages = error; -- the data do not determine all parameters
SELECT segment.create_segmentation('value', 'sales', 'customer_id', 'ordered_at', 'amount', 'order_id', label => segment.by_value_tiers(3));
SELECT segment.definition('value', '2011-08-31') AS sql \gset
SELECT segment.refresh('value', '2011-08-31');
SELECT segment.refresh('value', '2011-09-30');
SELECT is_empty(format($$SELECT customer_id::text, segment_name, segment_sort FROM (%s) d
  EXCEPT ALL SELECT customer_id, segment_name, segment_sort FROM segment.customer_profile WHERE segmentation = 'value' AND as_of = '2011-08-31'$$, :'sql'),
  'value tiers: the SQL of before the first refresh fits the same models');
SELECT is(pasted_differs('value', '2011-08-31'), 0::bigint, 'definition gives the first day''s rows');
SELECT is(pasted_differs('value', '2011-09-30'), 0::bigint, 'and the second''s');
CREATE TEMP TABLE by_hand AS
WITH r AS (
  SELECT customer_id, segment.ledger_repeat(segment.ledger_agg(ordered_at, amount, order_id), '2011-08-31', '1 week') AS r
  FROM valid_sales WHERE ordered_at < '2011-09-01' GROUP BY 1),
m AS (SELECT segment.pareto_nbd(segment.btyd_agg(r)) AS o, segment.gamma_gamma(segment.spend_agg(r, true)) AS s FROM r),
p AS (SELECT customer_id, segment.clv(o, s, r, '12 months') AS value, segment.p_orders(o, r, '12 months') AS p FROM r, m),
q AS (SELECT percentile_cont('{0.3333333333333333,0.6666666666666667}'::float8[]) WITHIN GROUP (ORDER BY p) AS qp FROM p),
l AS (SELECT p.*, 1 + (p > qp[1])::int + (p > qp[2])::int AS return_level FROM p, q),
w AS (SELECT return_level, percentile_cont('{0.3333333333333333,0.6666666666666667}'::float8[]) WITHIN GROUP (ORDER BY value) AS qv FROM l GROUP BY 1)
SELECT customer_id::text, segment.value_tier(1 + (value > qv[1])::int + (value > qv[2])::int, return_level, 3) AS tier, value FROM l JOIN w USING (return_level);
SELECT cmp_ok(count(*), '<=', 4::bigint, 'the tiers are those of hand-made models and thirds, but for customers at a quantile')
FROM (SELECT customer_id, tier FROM by_hand EXCEPT SELECT customer_id, segment_name FROM segment.customer_profile WHERE segmentation = 'value' AND as_of = '2011-08-31') d;
SELECT results_eq($$SELECT segment_name, action IS NOT NULL, colour IS NOT NULL FROM segment.segment_summary WHERE segmentation = 'value' AND is_latest ORDER BY segment_sort$$,
  $$SELECT tier, true, true FROM by_hand GROUP BY tier ORDER BY avg(value) DESC$$, 'all nine tiers, each with what to do, by the mean value of their customers');
SELECT ok(bool_and(p ->> 'action' <> ''), 'export_person too')
FROM jsonb_array_elements(segment.export_person('12347') -> 'profiles') p WHERE p ->> 'segmentation' = 'value';
SELECT segment.new_version('value', label => segment.by_value_tiers(2, 'mbgnbd', '6 months'));
SELECT segment.refresh('value', '2011-10-31', 2);
SELECT is(count(*) FILTER (WHERE moved_by = 'recalibration' AND segment_name NOT IN (SELECT tier FROM segment.value_tiers(3))) > 0, true, 'other tiers are a recalibration')
FROM segment.state c JOIN segment.segmentation_version v ON v.id = c.version_id, LATERAL (SELECT c.segment AS segment_name) n WHERE v.segmentation = 'value' AND v.version = 2;
SELECT throws_ok($$SELECT segment.new_version('value', days => segment.calendar(look_back_days => 90))$$, '22023', NULL, 'tiers need whole histories');
SELECT throws_ok($$SELECT segment.create_segmentation('x', 'sales', 'customer_id', 'ordered_at', 'amount', label => segment.by_value_tiers(4))$$, '22023', NULL, 'two or three levels');

-- From tiers to clusters: names of another kind
SELECT segment.new_version('value', label => segment.by_clusters(3));
SELECT segment.activate_version('value', 3);
SELECT segment.refresh('value', '2011-11-30');
SELECT is_empty($$SELECT moved_by FROM segment.customer_profile WHERE segmentation = 'value' AND as_of = '2011-11-30' AND moved_by NOT IN ('new', 'recalibration')$$,
  'labels of another kind: all who were customers moved by recalibration');

-- Customers without orders, or with nothing kept
CREATE TABLE returns AS SELECT g AS c, date '2025-01-01' + g % 40 AS at, CASE WHEN g = 5 THEN -g ELSE g END AS amount FROM generate_series(1, 60) g
UNION ALL SELECT 7, date '2025-01-08', -7;
SELECT segment.create_segmentation('returns', 'returns', 'c', 'at', 'amount', label => segment.by_value_tiers(2));
SELECT segment.refresh('returns');
SELECT results_eq($$SELECT customer_id COLLATE "default", segment_name, segment_sort FROM segment.customer_profile WHERE segmentation = 'returns' AND customer_id IN ('5', '7') ORDER BY 1$$,
  $$VALUES ('5', 'No orders', 1001::smallint), ('7', 'Others', 1000::smallint)$$, 'a return alone is No orders; an order that came back whole has no value to expect');
SELECT is(segment.explain_segment('returns', '7'), E'Segment Others on 2025-02-09, since 2025-02-09; new.\n'
  'Others (value tiers): Has ordered, but everything came back: there is nothing to go by.\nWhat to do: Leave out of campaigns; look into why everything came back.', 'no scheme, no rule to blame');
SELECT is(e, format(E'Segment %1$s on 2025-02-09, since 2025-02-09; new.\n%1$s (value tiers): %2$s.\nWhat to do: %3$s.', t.tier, t.meaning, t.action), 'a tier in words, with what to do')
FROM segment.customer_profile p JOIN segment.value_tiers(2) t ON t.tier = p.segment_name, segment.explain_segment('returns', '8') e WHERE segmentation = 'returns' AND customer_id = '8';
SELECT matches(segment.explain_segment('clusters', customer_id), format('^Segment %1$s on .*\n%1$s \(clusters\): Typically .* when fitted\.$', segment_name), 'a cluster in words; what to do is yours to say')
FROM segment.customer_profile WHERE segmentation = 'clusters' AND is_latest ORDER BY customer_id LIMIT 1;
SELECT is(segment.create_segmentation('returned', 'returns', 'c', 'at', 'amount', label => segment.by_clusters(2)), 'returned', 'clusters of the same');
ALTER TABLE returns ADD COLUMN half text;
UPDATE returns SET half = CASE WHEN c <= 40 THEN 'low' ELSE 'high' END;
SELECT segment.create_segmentation('halves', 'returns', 'c', 'at', 'amount', market => 'half', scores => segment.rfm_scores(min_market => 30));
SELECT segment.refresh('halves');
SELECT alike(segment.explain_segment('halves', '9'), E'%\nScored among the customers of market low', 'whose cut points these are');
SELECT unalike(segment.explain_segment('halves', '50'), '%Scored among%', 'a market that is too small has those of all');
SELECT * FROM finish();
ROLLBACK;
