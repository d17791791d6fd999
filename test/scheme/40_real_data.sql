-- 40_real_data.sql: labels of real customers: the published figures, and whether standard's words are true.
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
SELECT plan(24);

-- Every customer of the three data sets, scored among its own: days, orders, total as plain SQL has them.
CREATE TEMP TABLE customer AS
SELECT 'Online Retail' AS data, customer_id::text, date '2011-12-10' AS as_of, segment.rfm_agg(ordered_at, amount, order_id) AS rfm,
       segment.rfm_score(segment.rfm_agg(ordered_at, amount, order_id), date '2011-12-10') OVER () AS score
FROM valid_sales GROUP BY customer_id
UNION ALL
SELECT 'CDNOW', customer_id::text, '1998-06-30', segment.rfm_agg(date, amount),
       segment.rfm_score(segment.rfm_agg(date, amount), date '1998-06-30') OVER ()
FROM cdnow GROUP BY customer_id
UNION ALL
SELECT 'rfm_orders', customer_id, '2006-12-31', segment.rfm_agg(order_date, revenue),
       segment.rfm_score(segment.rfm_agg(order_date, revenue), date '2006-12-31') OVER ()
FROM rfm_orders GROUP BY customer_id;

-- classic on Online Retail, the figures of plain SQL with type-7 quantiles.
SELECT results_eq(
  $$SELECT segment.label(score, 'classic'), count(*) FROM customer WHERE data = 'Online Retail' GROUP BY 1 ORDER BY 2 DESC$$,
  $$VALUES ('Champions', 798::bigint), ('Hibernating', 659), ('Lost', 567), ('New', 407), ('Loyal', 403), ('At Risk', 348),
    ('Potential Loyalist', 307), ('Need Attention', 254), ('Promising', 243), ('About To Sleep', 229), ('Cannot Lose', 123)$$,
  'classic on Online Retail');
SELECT is((SELECT count(*) FROM customer WHERE data = 'Online Retail' AND segment.label(score, 'classic') = 'Cannot Lose'
           AND segment.rfm_frequency(rfm) = 1), 108::bigint, 'of whom 108 of 123 "Cannot Lose" have one order: why standard exists');

-- The R package's own summary of its example data: its thresholds, its recency rule, both of its schemes. First current:
-- customers, orders, revenue, medians.
CREATE TEMP TABLE r_customer AS
SELECT customer_id, rfm, segment.rfm_score(segment.rfm_cut_points(segment.cut_points(ARRAY[115,181,297.4,482], 'under'),
         segment.cut_points(ARRAY[4,5,6,8], 'from'), segment.cut_points(ARRAY[255.8,382,506.4,666], 'from')), rfm, '2006-12-31') AS score
FROM customer WHERE data = 'rfm_orders';
SELECT results_eq(
  $$SELECT segment.label(score, 'r_package') COLLATE "C", count(*), sum(segment.rfm_frequency(rfm)), sum(segment.rfm_monetary(rfm)),
      round(sum(segment.rfm_monetary(rfm)) / sum(segment.rfm_frequency(rfm)), 2),
      (percentile_cont(0.5) WITHIN GROUP (ORDER BY segment.rfm_recency(rfm, '2006-12-31')))::numeric,
      (percentile_cont(0.5) WITHIN GROUP (ORDER BY segment.rfm_frequency(rfm)))::numeric,
      (percentile_cont(0.5) WITHIN GROUP (ORDER BY segment.rfm_monetary(rfm)))::numeric
    FROM r_customer GROUP BY 1 ORDER BY 1$$,
  $$VALUES ('About To Sleep' COLLATE "C", 102::bigint, 283::numeric, 23449::numeric, 82.86, 331.0, 3.0, 230.5),
    ('At Risk', 28, 216, 22227, 102.90, 453.5, 8, 816), ('Can''t Lose Them', 47, 274, 32446, 118.42, 494, 6, 687),
    ('Champions', 35, 316, 31646, 100.15, 53, 9, 868), ('Lost', 148, 393, 35324, 89.88, 576, 3, 237),
    ('Loyal Customers', 170, 799, 76562, 95.82, 356.5, 4, 434), ('Need Attention', 10, 57, 4562, 80.04, 508.5, 6, 475.5),
    ('New Customers', 104, 329, 28837, 87.65, 101.5, 3, 250), ('Potential Loyalist', 342, 2211, 204856, 92.65, 151.5, 6, 580.5),
    ('Promising', 9, 28, 4249, 151.75, 231, 3, 459)$$, 'r_package: the summary of its vignette');
SELECT results_eq(
  $$SELECT segment.label(score, 'r_package_old') COLLATE "C", count(*), sum(segment.rfm_frequency(rfm)), sum(segment.rfm_monetary(rfm))
    FROM r_customer GROUP BY 1 ORDER BY 1$$,
  $$VALUES ('About To Sleep' COLLATE "C", 50::bigint, 127::numeric, 10914::numeric), ('At Risk', 86, 438, 44178),
    ('Champions', 158, 1234, 120178), ('Lost', 111, 244, 20955), ('Loyal Customers', 278, 1708, 166712),
    ('Need Attention', 35, 144, 13287), ('Others', 48, 210, 22061), ('Potential Loyalist', 229, 801, 65873)$$,
  'r_package_old: customers, orders, revenue of its old tests');

-- standard on all three: who carries which label, checked against the orders themselves.
CREATE TEMP TABLE labelled AS
SELECT data, segment.label(score, 'standard', rfm, as_of) AS segment, segment.label(score, 'standard') AS by_scores,
       segment.rfm_recency(rfm, as_of) AS days, segment.rfm_frequency(rfm) AS orders, segment.rfm_monetary(rfm) AS total,
       segment.rfm_tenure(rfm, as_of) AS tenure
FROM customer;
SELECT results_eq($$SELECT segment, count(*) FROM labelled WHERE data = 'Online Retail' GROUP BY 1 ORDER BY 2 DESC$$,
  $$VALUES ('Loyal', 744::bigint), ('Lost', 724), ('Hibernating', 611), ('Need Attention', 576), ('Champions', 548),
    ('Potential Loyalists', 458), ('At Risk', 247), ('New', 234), ('Cannot Lose', 145), ('Big Spenders', 51)$$, 'standard on Online Retail');
SELECT results_eq($$SELECT segment, count(*) FROM labelled WHERE data = 'CDNOW' GROUP BY 1 ORDER BY 2 DESC$$,
  $$VALUES ('Hibernating', 4624::bigint), ('Need Attention', 4351), ('Champions', 3868), ('Lost', 3806), ('Loyal', 3592),
    ('Potential Loyalists', 2152), ('At Risk', 768), ('Big Spenders', 320), ('Cannot Lose', 89)$$, 'standard on CDNOW');
SELECT is_empty($$SELECT * FROM labelled WHERE segment IN ('Others', 'No orders', 'Prospect') OR segment IS NULL$$, 'nobody is left over');
SELECT is_empty($$SELECT * FROM labelled WHERE segment = 'New' AND tenure > 60$$, 'New: the first order is at most 60 days old');
SELECT isnt_empty($$SELECT * FROM labelled WHERE segment = 'New'$$, '  and there are some');
SELECT is_empty($$SELECT * FROM labelled WHERE segment IN ('Champions', 'Loyal', 'Cannot Lose') AND orders < 3$$,
  'Champions, Loyal, Cannot Lose: at least three orders');
SELECT is_empty($$SELECT * FROM labelled WHERE segment IN ('Potential Loyalists', 'At Risk') AND orders < 2$$,
  'Potential Loyalists, At Risk: bought more than once');
-- A share of customers by value: ties may widen it, so the bound is the value at that share.
CREATE TEMP TABLE bound AS
SELECT data, percentile_cont(ARRAY[.2, .4, .6, .8]) WITHIN GROUP (ORDER BY days) AS days,
       percentile_cont(ARRAY[.2, .4, .6, .8]) WITHIN GROUP (ORDER BY orders) AS orders,
       percentile_cont(ARRAY[.2, .4, .6, .8]) WITHIN GROUP (ORDER BY total::float8) AS total
FROM labelled GROUP BY data;
SELECT is_empty($$SELECT * FROM labelled l JOIN bound b USING (data)
  WHERE segment = 'Champions' AND NOT (l.days <= b.days[1] AND l.orders >= b.orders[3] AND l.total >= b.total[3])$$,
  'Champions: among the most recent fifth, the most frequent two fifths, the highest-spending two fifths');
SELECT is_empty($$SELECT * FROM labelled l JOIN bound b USING (data) WHERE segment = 'Big Spenders' AND NOT l.total >= b.total[4]$$,
  'Big Spenders: among the highest-spending fifth');
SELECT is_empty($$SELECT * FROM labelled l JOIN bound b USING (data)
  WHERE segment IN ('Loyal', 'Big Spenders', 'Potential Loyalists', 'New', 'Promising', 'Need Attention') AND NOT l.days <= b.days[3]$$,
  'those who are still active: within the most recent three fifths');
SELECT is_empty($$SELECT * FROM labelled l JOIN bound b USING (data)
  WHERE segment IN ('Cannot Lose', 'At Risk', 'Hibernating', 'Lost') AND NOT l.days > b.days[3]$$, 'those who are not: beyond');
SELECT is_empty($$SELECT data, segment, max(days) FROM labelled JOIN segment.scheme_segments USING (segment)
  WHERE scheme = 'standard' AND meaning ~ 'lately|still active' AND days > 365 GROUP BY data, segment$$,
  'of nobody away for a year it is said that they bought lately');
SELECT is_empty($$SELECT * FROM labelled l JOIN bound b USING (data) WHERE segment = 'Lost' AND NOT (l.days > b.days[4] AND l.total <= b.total[3])$$,
  'Lost: longest ago, and small');
SELECT is_empty($$SELECT * FROM (SELECT data, total, segment, avg(total) FILTER (WHERE segment = 'Champions') OVER (PARTITION BY data) AS champions,
    avg(total) OVER (PARTITION BY data, segment) AS mean FROM labelled) l WHERE mean > champions AND segment NOT IN ('Champions', 'Big Spenders')$$,
  'no segment but Big Spenders is worth more a head than Champions');
-- Scores alone: what can't be checked is not claimed.
SELECT is_empty($$SELECT * FROM labelled WHERE by_scores IN ('New', 'Cannot Lose')$$, 'by scores alone nobody is New or Cannot Lose');
SELECT is_empty($$SELECT * FROM labelled WHERE by_scores <> segment
  AND (by_scores, segment) NOT IN (('Promising', 'New'), ('At Risk', 'Cannot Lose'), ('Champions', 'Big Spenders'), ('Loyal', 'Big Spenders'),
                                   ('Loyal', 'Potential Loyalists'), ('Loyal', 'Need Attention'))$$, 'and these are all the differences');
SELECT is_empty($$SELECT * FROM labelled WHERE data = 'Online Retail' AND by_scores <> segment AND segment NOT IN ('New', 'Cannot Lose')$$,
  'on Online Retail the first two only');

-- All lines of known customers, returns included: 33 have no order left.
SELECT is(count(*) FILTER (WHERE segment.label(score, 'classic') = 'No orders'), 33::bigint, 'known customers: 33 have returns only, and are labelled so')
FROM (SELECT segment.rfm_score(segment.rfm_agg(ordered_at, amount, order_id), date '2011-12-10') OVER () AS score
      FROM known_customers GROUP BY customer_id) c;
-- A customer table with people who never ordered.
SELECT is(string_agg(coalesce(segment.label(score, 'standard', rfm, '2011-12-10'), 'NULL'), ', ' ORDER BY id), 'Prospect, Prospect',
  'customers without orders are prospects')
FROM (SELECT v.id, segment.rfm_agg(s.ordered_at, s.amount, s.order_id) AS rfm,
             segment.rfm_score(segment.rfm_agg(s.ordered_at, s.amount, s.order_id), date '2011-12-10') OVER () AS score
      FROM (VALUES (-1), (-2)) v(id) LEFT JOIN valid_sales s ON s.customer_id = v.id GROUP BY v.id) c;
-- The design's main job, as it stands there but for the names of this table.
CREATE MATERIALIZED VIEW customer_segments AS
SELECT customer_id, date '2011-12-10' AS as_of,
       segment.rfm_recency(rfm, '2011-12-10') AS recency_days,
       segment.score_code(score) AS rfm_code,
       segment.label(score, 'classic') AS segment_name,
       segment.label_sort(score, 'classic') AS segment_sort
FROM (SELECT customer_id,
             segment.rfm_agg(ordered_at, amount, order_id) AS rfm,
             segment.rfm_score(segment.rfm_agg(ordered_at, amount, order_id), '2011-12-10') OVER () AS score
      FROM valid_sales
      WHERE customer_id IS NOT NULL AND ordered_at < date '2011-12-10' + 1
      GROUP BY customer_id) c;
CREATE UNIQUE INDEX ON customer_segments (customer_id);
REFRESH MATERIALIZED VIEW CONCURRENTLY customer_segments;
SELECT is((SELECT count(*) FROM customer_segments WHERE segment_name = 'Champions' AND segment_sort = 1), 798::bigint,
  'the main job as a materialized view, refreshed concurrently');

SELECT * FROM finish();
ROLLBACK;
