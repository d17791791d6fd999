-- 20_views.sql: what BI tools rely on: flat types, unique keys as documented, labels with ranks, rates with both parts, names that stay
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
SELECT plan(36);

-- Valid sales, and those without a customer; a few countries are markets of their own.
CREATE TABLE sales AS
SELECT customer_id, invoice_date AS ordered_at, quantity * unit_price AS amount, invoice_no AS order_id, country
FROM online_retail WHERE invoice_no NOT LIKE 'C%' AND quantity > 0 AND unit_price > 0;
SELECT segment.create_segmentation('shop', 'sales', 'customer_id', 'ordered_at', 'amount', 'order_id', market => 'country');
SELECT segment.refresh('shop', d) FROM unnest('{2011-08-31,2011-11-30,2011-12-10}'::date[]) d;
SELECT segment.publish_summary('shop');
CREATE TABLE tiny AS SELECT c, date '2011-11-30' AS d, CASE c WHEN 1 THEN -5 ELSE 10 END AS a FROM generate_series(1, 3) c;
SELECT segment.create_segmentation('tiny', 'tiny', 'c', 'd', 'a');
SELECT segment.refresh('tiny', '2011-11-30');
-- Ledgers, answers and a pilot: KPIs, surveys, experiments.
CREATE TABLE tenth AS SELECT * FROM sales WHERE customer_id % 10 = 0;
CREATE TABLE answers AS SELECT DISTINCT ON (customer_id) customer_id AS customer, ordered_at::date AS answered_at, customer_id % 11 AS score FROM tenth ORDER BY customer_id, ordered_at;
SELECT segment.create_segmentation('kept', 'tenth', 'customer_id', 'ordered_at', 'amount', 'order_id', changes => segment.by_triggers(), measures => segment.measures(survey => 'answers', survey_customer => 'customer'));
SELECT segment.refresh('kept', d) FROM unnest('{2011-08-31,2011-12-02,2011-12-09}'::date[]) d;
SELECT segment.create_pilot('autumn', 'kept', '2011-09-15', shares => '{0.4,0.6}');
SELECT segment.measure_pilot('autumn', 'kept', '2011-11-30');

-- What BI tools read: every view, and the tables that are flat themselves.
CREATE TEMP VIEW shape AS
SELECT c.oid, c.relname AS name, obj_description(c.oid, 'pg_class') AS comment,
       regexp_split_to_array(coalesce((regexp_match(obj_description(c.oid, 'pg_class'), '[Uu]nique key \(([^)]+)\)'))[1],
                                      (regexp_match(obj_description(c.oid, 'pg_class'), '[Uu]nique key (\w+)'))[1]), ',\s*') AS key
FROM pg_class c
WHERE c.relnamespace = 'segment'::regnamespace
  AND (c.relkind = 'v' AND c.relname NOT IN ('scheme_segments', 'personal_data', 'progress')
       OR c.relname IN ('data_quality', 'published_summary', 'segmentation_run'));

SELECT is_empty($$
  SELECT s.name, a.attname, format_type(a.atttypid, -1) FROM shape s JOIN pg_attribute a ON a.attrelid = s.oid
  WHERE a.attnum > 0 AND NOT a.attisdropped AND (s.name, a.attname) <> ('segmentation_run', 'details')
    AND a.atttypid <> ALL ('{text,name,smallint,integer,bigint,numeric,double precision,boolean,date,timestamptz}'::regtype[])$$,
  'flat types only: no array, composite, json or type of ours');
SELECT is_empty($$SELECT name, comment FROM shape WHERE key IS NULL$$, 'each documents its unique key');

-- Each key: no two rows, no NULL.
CREATE FUNCTION pg_temp.key_holds(name text, key text[], OUT rows bigint, OUT twice bigint, OUT missing bigint) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('SELECT count(*), count(*) - count(DISTINCT (%s)), count(*) FILTER (WHERE num_nulls(%1$s) > 0) FROM segment.%2$I',
    (SELECT string_agg(quote_ident(k), ', ') FROM unnest(key) k), name) INTO rows, twice, missing;
END
$$;
SELECT is_empty($$SELECT name, k.* FROM shape, pg_temp.key_holds(name, key) k WHERE k.rows = 0 AND name <> 'refresh_progress' OR k.twice > 0 OR k.missing > 0$$,
  'keys are unique and complete, on data');

-- The names of columns are a contract: these first, in this order; new ones come after them.
CREATE TEMP TABLE contract (name text, columns text);
INSERT INTO contract VALUES
  ('customer_profile', 'segmentation as_of customer_id market recency_days orders revenue average_order first_order_on last_order_on returns returned_amount r_score f_score m_score rfm_code segment_name segment_sort previous_segment_name previous_segment_sort segment_since moved_by is_latest definition_version computed_at'),
  ('segment_summary', 'segmentation as_of market segment_name segment_sort customers total_customers share_customers orders revenue total_revenue share_revenue average_order average_recency_days meaning action colour is_latest definition_version'),
  ('rfm_grid', 'segmentation as_of r_score f_score customers total_customers share_customers revenue segment_name segment_sort is_latest definition_version'),
  ('value_curve', 'segmentation as_of percentile customers total_customers share_customers revenue total_revenue share_revenue is_latest definition_version'),
  ('segment_profile', 'segmentation as_of segment_name segment_sort feature feature_sort customers mean population_mean relative_importance z is_latest definition_version'),
  ('segment_migration', 'segmentation from_as_of to_as_of from_segment from_sort to_segment to_sort direction customers total_customers share_of_from revenue moved_by_order moved_by_time moved_by_recalibration is_latest definition_version'),
  ('segment_changes', 'segmentation from_as_of as_of customer_id market left_segment_name left_segment_sort entered_segment_name entered_segment_sort direction moved_by revenue is_latest definition_version'),
  ('segment_evidence', 'segmentation as_of to_as_of days segment_name segment_sort customers buyers share_buyers share_buyers_all orders_since revenue_since revenue_since_per_customer is_latest'),
  ('drift', 'segmentation as_of feature baseline_as_of psi level baseline_customers customers is_latest definition_version'),
  ('data_quality', 'segmentation as_of check_name severity rows total_rows share message definition_version checked_at'),
  ('published_summary', 'segmentation as_of grain market segment_name segment_sort is_suppressed customers orders revenue min_cell definition_version published_at'),
  ('segmentation_run', 'run_at action segmentation version as_of run_by session_role source source_rows customers fingerprint seconds details'),
  ('segmentation_status', 'segmentation owner description active_version latest_as_of computed_at customers calibrated_as_of days_since_calibration max_psi level moved_by_time share_moved_without_order');
SELECT alike((SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = ('segment.' || name)::regclass AND attnum > 0 AND NOT attisdropped),
             columns || '%', name || ': columns') FROM contract;

-- Labels beside ranks, one to one within a snapshot.
SELECT is_empty($$SELECT segmentation, as_of, segment_name FROM segment.segment_summary GROUP BY 1, 2, 3 HAVING count(DISTINCT segment_sort) > 1$$,
  'a label has one rank');
SELECT is_empty($$SELECT segmentation, as_of, segment_sort FROM segment.segment_summary GROUP BY 1, 2, 3 HAVING count(DISTINCT segment_name) > 1$$,
  'and a rank one label');

-- Rates: numerator and denominator stand beside them.
SELECT is_empty($$SELECT * FROM segment.segment_summary WHERE share_customers <> customers / total_customers::numeric
  OR share_revenue <> revenue / total_revenue OR share_customers NOT BETWEEN 0 AND 1$$, 'segment_summary: shares');
SELECT is_empty($$SELECT segmentation, as_of, market FROM segment.segment_summary GROUP BY 1, 2, 3
  HAVING sum(customers) <> max(total_customers) OR abs(sum(share_customers) - 1) > 1e-15 OR sum(revenue) <> max(total_revenue)$$, 'and they add up in each market');
SELECT is_empty($$SELECT * FROM segment.rfm_grid WHERE share_customers <> customers / total_customers::numeric$$, 'rfm_grid: shares');
SELECT is_empty($$SELECT segmentation, to_as_of, from_segment FROM segment.segment_migration GROUP BY 1, 2, 3
  HAVING sum(customers) <> max(total_customers) OR abs(sum(share_of_from) - 1) > 1e-15$$, 'segment_migration: shares of each origin');

-- The line of unknown customers.
SELECT results_eq($$SELECT segment_name, segment_sort::int, customers, revenue FROM segment.segment_summary
  WHERE segmentation = 'shop' AND is_latest AND customers IS NULL$$,
  $$SELECT 'Unknown customer', 1003, NULL::bigint, sum(amount) FROM sales WHERE customer_id IS NULL$$, 'one line of unknown customers, in market all');

-- The value curve: kpi figures of valid sales (top 1 % 0.31999, 10 % 0.61375, 20 % 0.74617), ceil(n p) customers.
SELECT results_eq($$SELECT percentile::int, customers, round(share_revenue, 5) FROM segment.value_curve
  WHERE segmentation = 'shop' AND is_latest AND percentile IN (0, 1, 10, 20, 100) ORDER BY percentile$$,
  $$VALUES (0, 0::bigint, 0::numeric), (1, 44::bigint, 0.31999), (10, 434, 0.61375), (20, 868, 0.74617), (100, 4338, 1)$$, 'what the best 1, 10, 20 % bring');
SELECT is_empty($$
  SELECT p, c.customers, c.revenue FROM generate_series(0, 100) p
  FULL JOIN (SELECT * FROM segment.value_curve WHERE segmentation = 'shop' AND as_of = '2011-11-30') c ON c.percentile = p
  WHERE c.customers IS DISTINCT FROM ceil(4297 * p / 100.0)
     OR c.revenue IS DISTINCT FROM (SELECT coalesce(sum(revenue), 0) FROM (SELECT revenue FROM segment.customer_profile
          WHERE segmentation = 'shop' AND as_of = '2011-11-30' ORDER BY revenue DESC LIMIT ceil(4297 * p / 100.0)) x)$$, 'each per cent by its definition');
SELECT results_eq($$SELECT percentile::int, customers, revenue FROM segment.value_curve WHERE segmentation = 'tiny' AND percentile IN (33, 34, 66, 67, 100) ORDER BY 1$$,
  $$VALUES (33, 1::bigint, 10::numeric), (34, 2, 20), (66, 2, 20), (67, 3, 15), (100, 3, 15)$$, 'three customers, one with returns only: the curve bends back');

-- The profile.
SELECT is_empty($$SELECT segmentation, as_of, feature, sum(customers * z) FROM segment.segment_profile
  GROUP BY 1, 2, 3 HAVING abs(sum(customers * z)) > 1e-6$$, 'z, weighted by customers, add up to 0');
SELECT is_empty($$
  SELECT s.segment_name FROM segment.segment_profile s
  JOIN (SELECT segment_name, avg(revenue) AS mean FROM segment.customer_profile WHERE segmentation = 'shop' AND is_latest GROUP BY 1) m USING (segment_name),
  (SELECT avg(revenue) AS mean, stddev_pop(revenue) AS deviation FROM segment.customer_profile WHERE segmentation = 'shop' AND is_latest) p
  WHERE segmentation = 'shop' AND is_latest AND feature = 'revenue'
    AND (abs(s.mean - m.mean) > 1e-9 OR abs(s.population_mean - p.mean) > 1e-9 OR abs(s.relative_importance - (m.mean / p.mean - 1)) > 1e-9
      OR abs(s.z - (m.mean - p.mean) / p.deviation) > 1e-9)$$, 'means, relative importance and z of revenue by their definitions');
SELECT is((SELECT count(*) FROM segment.segment_profile WHERE segmentation = 'tiny' AND segment_name = 'No orders' AND mean IS NULL), 2::bigint,
  'no orders: no mean of days and average order');

-- Views of totals read totals: no customer, however many the planner believes there are; and cost less than what starts jit.
UPDATE pg_class SET reltuples = 5e7, relpages = 1 WHERE oid IN ('segment.state'::regclass, 'segment.customer_ledger'::regclass);
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
  RETURN plan;
END
$$;
CREATE TEMP TABLE planned AS
SELECT v, filter, pg_temp.plan_of(format('SELECT * FROM segment.%I%s', v, filter)) AS plan
FROM unnest('{published_snapshot,segment_summary,rfm_grid,value_curve,segment_profile,segment_migration,drift,segment_evidence,segmentation_status}'::text[]) v,
     unnest('{"", " WHERE segmentation = ''shop''"}'::text[]) filter;
SELECT is_empty($$SELECT v, filter, plan -> 0 -> 'Plan' ->> 'Total Cost' FROM planned WHERE (plan -> 0 -> 'Plan' ->> 'Total Cost')::float8 > 100000$$,
  'views of totals cost less than jit_above_cost, without ANALYZE');
SELECT is_empty($$SELECT v, filter FROM planned WHERE plan::text ~ '"Relation Name": "(state|customer_ledger)"'$$, 'and read no states');
SELECT cmp_ok((pg_temp.plan_of($$SELECT * FROM segment.segment_changes WHERE segmentation = 'shop' AND is_latest$$))::text, '~', 'state_from_day', 'who moved is found by an index');
SELECT cmp_ok((pg_temp.plan_of($$SELECT * FROM segment.customer_profile WHERE segmentation = 'shop' AND customer_id = '12347'$$))::text, '~', 'state_pkey', 'and so is one customer');

-- Sums print the same whichever way they were reached, and money with two decimals at least.
SELECT is_empty($$SELECT revenue FROM segment.segment_summary WHERE scale(revenue) <> greatest(min_scale(revenue), 2) UNION ALL
  SELECT revenue FROM segment.value_curve WHERE scale(revenue) <> greatest(min_scale(revenue), 2) UNION ALL
  SELECT revenue FROM segment.customer_profile WHERE scale(revenue) <> greatest(min_scale(revenue), 2)$$, 'money has two decimals, or as many as it needs');

-- Names that the views give themselves are taken.
SELECT throws_ok($$INSERT INTO segment.scheme (name) VALUES ('x'); INSERT INTO segment.scheme_rule (scheme, position, segment) VALUES ('x', 1, 'Unknown customer')$$,
  '23514', NULL, 'no segment of a scheme is called as the line of unknown customers');
SELECT throws_ok($$SELECT segment.create_segmentation('y', 'sales', 'customer_id', 'ordered_at', 'amount', label => segment.by_clusters(2, names => '{a,Not a customer}'))$$,
  '22023', NULL, 'nor is a cluster');
SELECT * FROM finish();
ROLLBACK;
