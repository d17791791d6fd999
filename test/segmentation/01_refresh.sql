-- 01_refresh.sql: snapshots of Online Retail are what a fresh computation gives, day by day
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
SELECT plan(20);

CREATE TABLE sales AS TABLE valid_sales;
SELECT segment.create_segmentation('frozen', 'sales', 'customer_id', 'ordered_at', 'amount', 'order_id');
SELECT segment.create_segmentation('floating', 'sales', 'customer_id', 'ordered_at', 'amount', 'order_id', label => segment.by_scheme('classic'), scores => segment.rfm_scores(cut_points => 'floating'));
CREATE TEMP TABLE month_end AS
SELECT (m + interval '1 month')::date - 1 AS as_of FROM generate_series(timestamp '2011-01-01', '2011-11-01', '1 month') m;
CREATE TEMP TABLE refreshed AS
SELECT x.name, r.*
FROM (SELECT name, as_of FROM month_end, (VALUES ('frozen'), ('floating')) n(name) ORDER BY as_of) x, segment.refresh(x.name, x.as_of) r;

SELECT is(count(*), 22::bigint, 'eleven month ends of two segmentations') FROM segment.published_snapshot;

-- Recency, orders and revenue: by plain SQL.
SELECT is_empty($$
  SELECT p.as_of, customer_id, recency_days, orders, revenue, first_order_on
  FROM segment.customer_profile p WHERE segmentation = 'frozen'
  EXCEPT ALL
  SELECT as_of, customer_id::text, as_of - max(ordered_at)::date, count(DISTINCT order_id), sum(amount), min(ordered_at)::date
  FROM month_end JOIN valid_sales ON ordered_at < as_of + 1 GROUP BY as_of, customer_id$$,
  'recency, orders, revenue and first order of each snapshot are those of the orders up to its day');
SELECT is(
  (SELECT count(*) FROM segment.customer_profile WHERE segmentation = 'frozen'),
  (SELECT sum(n) FROM (SELECT count(DISTINCT customer_id) AS n FROM month_end JOIN valid_sales ON ordered_at < as_of + 1 GROUP BY as_of) x)::bigint,
  'and every customer is there');

-- Scores: by the window function.
CREATE TEMP VIEW fresh AS
SELECT as_of, customer_id, rfm, segment.rfm_score(rfm, as_of) OVER (PARTITION BY as_of) AS score
FROM (SELECT as_of, customer_id, segment.rfm_agg(ordered_at, amount, order_id) AS rfm
      FROM month_end JOIN valid_sales ON ordered_at < as_of + 1 GROUP BY as_of, customer_id) x;
SELECT is_empty($$
  SELECT as_of, customer_id, rfm_code, segment_name, segment_sort FROM segment.customer_profile WHERE segmentation = 'floating'
  EXCEPT ALL
  SELECT as_of, customer_id::text, segment.score_code(score), segment.label(score, 'classic', rfm, as_of),
         segment.label_sort(score, 'classic', rfm, as_of)
  FROM fresh$$, 'floating: each day''s own cut points give the scores and labels');
SELECT is_empty($$
  SELECT as_of, customer_id, rfm_code, segment_name FROM segment.customer_profile WHERE segmentation = 'frozen'
  EXCEPT ALL
  SELECT as_of, customer_id::text, segment.score_code(score), segment.label(score, 'standard', rfm, as_of)
  FROM (SELECT as_of, customer_id, rfm, segment.rfm_score(
          (SELECT segment.rfm_cut_points_agg(rfm, as_of, 5) FROM fresh WHERE as_of = '2011-01-31'), rfm, as_of) AS score
        FROM fresh) x$$, 'frozen: the first day''s cut points give all scores and labels');

-- Idempotent, and an old day sees no newer order.
CREATE TEMP TABLE before AS SELECT * FROM segment.customer_profile;
CREATE TEMP TABLE again AS
SELECT r.* FROM (VALUES ('floating', date '2011-11-30'), ('frozen', '2011-03-31'), ('frozen', '2011-11-30')) n(name, as_of), segment.refresh(n.name, n.as_of) r;
SELECT results_eq('SELECT * FROM again', $$SELECT refreshed, customers, moved FROM refreshed
  WHERE (name, refreshed) IN (('floating', '2011-11-30'), ('frozen', '2011-03-31'), ('frozen', '2011-11-30')) ORDER BY name, refreshed$$,
  'the same day again returns the same');
SELECT is_empty($$
  (TABLE before EXCEPT ALL SELECT * FROM segment.customer_profile) UNION ALL (SELECT * FROM segment.customer_profile EXCEPT ALL TABLE before)$$,
  'and gives the same rows, in earlier and later snapshots too');
SELECT is(count(DISTINCT fingerprint), 1::bigint, 'the log''s fingerprint says so') FROM segment.segmentation_run
WHERE segmentation = 'floating' AND as_of = '2011-11-30';

-- The plain SQL.
SELECT segment.definition('frozen', '2011-08-31') AS frozen_sql, segment.definition('floating', '2011-08-31') AS floating_sql \gset
CREATE TEMP TABLE pasted AS :frozen_sql;
SELECT is(count(*), 3317::bigint, 'definition gives a row a customer') FROM pasted;
SELECT col_type_is('pasted', 'customer_id', 'integer', 'and the id in its own type');
SELECT is_empty($$
  SELECT customer_id::text, as_of, market, recency_days, orders, revenue, first_order_on, last_order_on, r_score, f_score, m_score,
         rfm_code, segment_name, segment_sort FROM pasted
  EXCEPT ALL
  SELECT customer_id, as_of, market, recency_days, orders, revenue, first_order_on, last_order_on, r_score, f_score, m_score,
         rfm_code, segment_name, segment_sort FROM segment.customer_profile WHERE segmentation = 'frozen' AND as_of = '2011-08-31'$$,
  'the same rows as the stored ones');
CREATE TEMP TABLE pasted_floating AS :floating_sql;
SELECT is_empty($$
  SELECT customer_id::text, rfm_code, segment_name FROM pasted_floating
  EXCEPT ALL
  SELECT customer_id, rfm_code, segment_name FROM segment.customer_profile WHERE segmentation = 'floating' AND as_of = '2011-08-31'$$,
  'floating cut points too');

-- An earlier day filled in later links the days as if they had come in order.
SELECT segment.create_segmentation('late', 'sales', 'customer_id', 'ordered_at', 'amount', 'order_id');
SELECT is(count(segment.refresh('late', as_of)), 6::bigint, 'days refreshed out of order')
FROM unnest('{2011-01-31,2011-06-30,2011-04-30,2011-05-31,2011-03-31,2011-02-28}'::date[]) as_of;
SELECT is_empty($$
  SELECT as_of, customer_id, segment_name, previous_segment_name, previous_segment_sort, segment_since, moved_by
  FROM segment.customer_profile WHERE segmentation = 'late'
  EXCEPT ALL
  SELECT as_of, customer_id, segment_name, previous_segment_name, previous_segment_sort, segment_since, moved_by
  FROM segment.customer_profile WHERE segmentation = 'frozen'$$, 'give the same history');

-- The as-of rule, and the views' totals.
SELECT is(refreshed, date '2011-12-09', 'without a day, as_of is that of the last order') FROM segment.refresh('frozen');
SELECT results_eq($$SELECT sum(customers)::bigint, sum(orders)::bigint, sum(revenue), sum(share_customers) FROM segment.segment_summary
  WHERE segmentation = 'frozen' AND is_latest$$, 'VALUES (4338::bigint, 18532::bigint, 8911407.904, 1::numeric)',
  'segment_summary adds up to the literature''s totals');
SELECT results_eq($$SELECT sum(customers)::bigint, sum(revenue), max(total_customers)::bigint FROM segment.rfm_grid
  WHERE segmentation = 'frozen' AND is_latest$$, 'VALUES (4338::bigint, 8911407.904, 4338::bigint)', 'rfm_grid too');
SELECT is(count(DISTINCT as_of), 1::bigint, 'one day is the latest') FROM segment.rfm_grid WHERE is_latest AND segmentation = 'frozen';

-- Retention.
SELECT cmp_ok(segment.purge_snapshots('frozen', 100), '>', 0::bigint, 'old snapshots can be removed');
SELECT is(min(as_of), date '2011-08-31', 'younger ones stay') FROM segment.customer_profile WHERE segmentation = 'frozen';

SELECT * FROM finish();
ROLLBACK;
