-- segmentation: flat views for BI tools. Each names its unique key; none has NULL in it.

CREATE VIEW segment.published_snapshot WITH (security_invoker = true) AS
SELECT DISTINCT ON (t.segmentation, t.as_of)
       t.segmentation, t.as_of, t.id AS snapshot, t.version AS definition_version, p.id AS previous_snapshot,
       p.as_of AS previous_as_of, t.customers, t.unknown_rows, t.unknown_amount, t.refreshed_at AS computed_at,
       t.as_of = (SELECT max(n.as_of) FROM segment.snapshot n WHERE n.segmentation = t.segmentation
                  AND (n.made_active OR n.version = s.active_version)) AS is_latest
FROM segment.snapshot t
JOIN segment.segmentation s ON s.name = t.segmentation
LEFT JOIN segment.snapshot p ON p.id = t.previous
WHERE t.made_active OR t.version = s.active_version
ORDER BY t.segmentation, t.as_of, t.version = s.active_version DESC, t.version DESC;
COMMENT ON VIEW segment.published_snapshot IS
  'the snapshots that the views show: unique key (segmentation, as_of). That of the active version, else of the version that was active then';
COMMENT ON COLUMN segment.published_snapshot.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.published_snapshot.as_of IS 'the day, inclusive, up to which orders count';
COMMENT ON COLUMN segment.published_snapshot.snapshot IS 'number of the snapshot';
COMMENT ON COLUMN segment.published_snapshot.definition_version IS 'the version that made it';
COMMENT ON COLUMN segment.published_snapshot.previous_snapshot IS 'the snapshot that it is compared with; NULL for the first';
COMMENT ON COLUMN segment.published_snapshot.previous_as_of IS 'its day';
COMMENT ON COLUMN segment.published_snapshot.customers IS 'number of customers';
COMMENT ON COLUMN segment.published_snapshot.unknown_rows IS 'rows of the source without a customer';
COMMENT ON COLUMN segment.published_snapshot.unknown_amount IS 'their amount';
COMMENT ON COLUMN segment.published_snapshot.computed_at IS 'when it was last computed';
COMMENT ON COLUMN segment.published_snapshot.is_latest IS 'whether it is the newest day of its segmentation';

CREATE VIEW segment.customer_profile WITH (security_invoker = true) AS
SELECT t.segmentation, t.as_of, c.customer AS customer_id, c.market,
       segment.rfm_recency(c.rfm, t.as_of, v.zone) AS recency_days,
       segment.rfm_frequency(c.rfm) AS orders,
       segment.rfm_monetary(c.rfm) AS revenue,
       segment.rfm_average(c.rfm) AS average_order,
       segment.rfm_first(c.rfm, v.zone) AS first_order_on,
       segment.rfm_last(c.rfm, v.zone) AS last_order_on,
       segment.rfm_returns(c.rfm) AS returns,
       segment.rfm_returned(c.rfm) AS returned_amount,
       segment.score_r(c.score) AS r_score, segment.score_f(c.score) AS f_score, segment.score_m(c.score) AS m_score, segment.score_code(c.score) AS rfm_code,
       c.segment AS segment_name, c.sort AS segment_sort,
       c.previous_segment AS previous_segment_name, c.previous_sort AS previous_segment_sort,
       c.since AS segment_since, c.moved_by, t.is_latest, t.definition_version, t.computed_at, c.channel AS preferred_channel
FROM segment.published_snapshot t
JOIN segment.segmentation_version v ON v.segmentation = t.segmentation AND v.version = t.definition_version
JOIN segment.snapshot_customer c ON c.snapshot = t.snapshot;
COMMENT ON VIEW segment.customer_profile IS
  'one row a segmentation, day and customer: unique key (segmentation, as_of, customer_id). Personal data. Filter is_latest for the current state';
COMMENT ON COLUMN segment.customer_profile.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.customer_profile.as_of IS 'the day, inclusive, up to which orders count';
COMMENT ON COLUMN segment.customer_profile.customer_id IS 'the customer id, as text; definition() gives it in its own type';
COMMENT ON COLUMN segment.customer_profile.market IS 'the customer''s market; all where the segmentation has none';
COMMENT ON COLUMN segment.customer_profile.recency_days IS 'days from the last order to as_of; NULL without an order';
COMMENT ON COLUMN segment.customer_profile.orders IS 'number of orders';
COMMENT ON COLUMN segment.customer_profile.revenue IS 'net amount of all orders, returns subtracted';
COMMENT ON COLUMN segment.customer_profile.average_order IS 'revenue / orders; NULL without an order';
COMMENT ON COLUMN segment.customer_profile.first_order_on IS 'day of the first order; NULL without an order';
COMMENT ON COLUMN segment.customer_profile.last_order_on IS 'day of the last order; NULL without an order';
COMMENT ON COLUMN segment.customer_profile.returns IS 'number of returns';
COMMENT ON COLUMN segment.customer_profile.returned_amount IS 'amount of the returns, as a positive number';
COMMENT ON COLUMN segment.customer_profile.r_score IS 'recency score, the highest is best; NULL without an order';
COMMENT ON COLUMN segment.customer_profile.f_score IS 'frequency score, the highest is best; NULL without an order';
COMMENT ON COLUMN segment.customer_profile.m_score IS 'monetary score, the highest is best; NULL without an order';
COMMENT ON COLUMN segment.customer_profile.rfm_code IS 'the three scores as a number such as 543; NULL without an order';
COMMENT ON COLUMN segment.customer_profile.segment_name IS 'the segment';
COMMENT ON COLUMN segment.customer_profile.segment_sort IS 'rank of the segment, 1 is best: the column to sort segment_name by';
COMMENT ON COLUMN segment.customer_profile.previous_segment_name IS 'segment in the snapshot before; NULL: not a customer then';
COMMENT ON COLUMN segment.customer_profile.previous_segment_sort IS 'rank of the previous segment';
COMMENT ON COLUMN segment.customer_profile.segment_since IS 'day of the snapshot since which the customer has carried the segment';
COMMENT ON COLUMN segment.customer_profile.moved_by IS 'why the segment differs from the previous: new, order, time, recalibration; NULL: it does not';
COMMENT ON COLUMN segment.customer_profile.is_latest IS 'whether as_of is the newest day of the segmentation';
COMMENT ON COLUMN segment.customer_profile.definition_version IS 'the version that made the snapshot';
COMMENT ON COLUMN segment.customer_profile.computed_at IS 'when it was computed';
COMMENT ON COLUMN segment.customer_profile.preferred_channel IS 'the channel of most of the customer''s rows; NULL where the segmentation has none';

-- Filters on segmentation, as_of and is_latest reach the table: they are columns of every partition and group.
CREATE VIEW segment.segment_summary WITH (security_invoker = true) AS
SELECT l.segmentation, l.as_of, l.market, l.segment AS segment_name, l.sort AS segment_sort,
       l.customers, (sum(l.customers) OVER market)::bigint AS total_customers, l.customers / sum(l.customers) OVER market AS share_customers,
       l.orders::bigint AS orders, l.revenue, sum(l.revenue) OVER market AS total_revenue,
       l.revenue / nullif(sum(l.revenue) OVER market, 0) AS share_revenue,
       l.revenue / nullif(l.orders, 0) AS average_order,
       l.recency_days / nullif(l.customers_with_orders, 0)::numeric AS average_recency_days,
       g.meaning, g.action, g.colour, l.is_latest, l.definition_version
FROM (
  SELECT p.segmentation, p.as_of, m.market, p.segment_name AS segment, p.segment_sort AS sort, p.is_latest, p.definition_version,
         count(*) AS customers, sum(p.orders) AS orders, sum(p.revenue) AS revenue, sum(p.recency_days) AS recency_days,
         count(*) FILTER (WHERE p.orders > 0) AS customers_with_orders
  FROM segment.customer_profile p
  CROSS JOIN LATERAL unnest(CASE WHEN p.market = 'all' THEN ARRAY['all'] ELSE ARRAY['all', p.market] END) AS m (market)
  GROUP BY p.segmentation, p.as_of, p.is_latest, p.definition_version, m.market, p.segment_name, p.segment_sort
  UNION ALL
  SELECT t.segmentation, t.as_of, 'all', 'Unknown customer', 1003::smallint, t.is_latest, t.definition_version, NULL, NULL,
         t.unknown_amount, NULL, NULL
  FROM segment.published_snapshot t
  WHERE t.unknown_rows > 0
) l
LEFT JOIN segment.segment_meaning g ON g.segmentation = l.segmentation AND g.version = l.definition_version AND g.segment = l.segment
WINDOW market AS (PARTITION BY l.segmentation, l.as_of, l.is_latest, l.market);
COMMENT ON VIEW segment.segment_summary IS
  'one row a segmentation, day, market and segment: unique key (segmentation, as_of, market, segment_name). Market all is '
  'everybody; there rows without a customer are the line Unknown customer. Small groups are shown: publish_summary hides them';
COMMENT ON COLUMN segment.segment_summary.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.segment_summary.as_of IS 'the day, inclusive, up to which orders count';
COMMENT ON COLUMN segment.segment_summary.market IS 'the market, or all';
COMMENT ON COLUMN segment.segment_summary.segment_name IS 'the segment, or Unknown customer';
COMMENT ON COLUMN segment.segment_summary.segment_sort IS 'rank of the segment, 1 is best: the column to sort segment_name by';
COMMENT ON COLUMN segment.segment_summary.customers IS 'number of customers; NULL for Unknown customer';
COMMENT ON COLUMN segment.segment_summary.total_customers IS 'customers of the market: the denominator of share_customers';
COMMENT ON COLUMN segment.segment_summary.share_customers IS 'customers / total_customers, 0 to 1';
COMMENT ON COLUMN segment.segment_summary.orders IS 'number of orders of these customers';
COMMENT ON COLUMN segment.segment_summary.revenue IS 'net amount of their orders';
COMMENT ON COLUMN segment.segment_summary.total_revenue IS 'net amount of the market: the denominator of share_revenue';
COMMENT ON COLUMN segment.segment_summary.share_revenue IS 'revenue / total_revenue; NULL if that is 0';
COMMENT ON COLUMN segment.segment_summary.average_order IS 'revenue / orders';
COMMENT ON COLUMN segment.segment_summary.average_recency_days IS 'mean days since the last order, of customers with orders';
COMMENT ON COLUMN segment.segment_summary.meaning IS 'who is in the segment, as the scheme says';
COMMENT ON COLUMN segment.segment_summary.action IS 'what to do about them, as the scheme says';
COMMENT ON COLUMN segment.segment_summary.colour IS 'colour in charts, as #RRGGBB';
COMMENT ON COLUMN segment.segment_summary.is_latest IS 'whether as_of is the newest day of the segmentation';
COMMENT ON COLUMN segment.segment_summary.definition_version IS 'the version that made the snapshot';

CREATE VIEW segment.rfm_grid WITH (security_invoker = true) AS
SELECT g.segmentation, g.as_of, g.r_score, g.f_score, g.customers, g.total_customers::bigint AS total_customers,
       g.customers / g.total_customers AS share_customers,
       g.revenue, substr(g.segment, 6) AS segment_name, left(g.segment, 5)::smallint AS segment_sort, g.is_latest, g.definition_version
FROM (
  SELECT t.segmentation, t.as_of, segment.score_r(c.score) AS r_score, segment.score_f(c.score) AS f_score, count(*) AS customers,
         sum(count(*)) OVER (PARTITION BY t.segmentation, t.as_of, t.is_latest) AS total_customers, sum(segment.rfm_monetary(c.rfm)) AS revenue,
         mode() WITHIN GROUP (ORDER BY lpad(c.sort::text, 5, '0') || c.segment COLLATE "C") AS segment, t.is_latest, t.definition_version
  FROM segment.published_snapshot t
  JOIN segment.snapshot_customer c ON c.snapshot = t.snapshot
  WHERE segment.score_r(c.score) IS NOT NULL
  GROUP BY t.segmentation, t.as_of, segment.score_r(c.score), segment.score_f(c.score), t.is_latest, t.definition_version
) g;
COMMENT ON VIEW segment.rfm_grid IS
  'one row a segmentation, day, recency score and frequency score, for a heat map: unique key (segmentation, as_of, r_score, f_score)';
COMMENT ON COLUMN segment.rfm_grid.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.rfm_grid.as_of IS 'the day, inclusive, up to which orders count';
COMMENT ON COLUMN segment.rfm_grid.r_score IS 'recency score, the highest is best';
COMMENT ON COLUMN segment.rfm_grid.f_score IS 'frequency score, the highest is best';
COMMENT ON COLUMN segment.rfm_grid.customers IS 'number of customers in the cell';
COMMENT ON COLUMN segment.rfm_grid.total_customers IS 'customers with scores: the denominator of share_customers';
COMMENT ON COLUMN segment.rfm_grid.share_customers IS 'customers / total_customers, 0 to 1';
COMMENT ON COLUMN segment.rfm_grid.revenue IS 'net amount of their orders';
COMMENT ON COLUMN segment.rfm_grid.segment_name IS 'the segment that most customers of the cell are in (of equals, the better)';
COMMENT ON COLUMN segment.rfm_grid.segment_sort IS 'rank of that segment, 1 is best';
COMMENT ON COLUMN segment.rfm_grid.is_latest IS 'whether as_of is the newest day of the segmentation';
COMMENT ON COLUMN segment.rfm_grid.definition_version IS 'the version that made the snapshot';

-- Each row of the ranking stands for the percentiles that it is the last customer of: none or one, several where customers are few.
CREATE VIEW segment.value_curve WITH (security_invoker = true) AS
SELECT t.segmentation, t.as_of, x.percentile::smallint AS percentile, x.customers, x.total_customers,
       x.customers::numeric / nullif(x.total_customers, 0) AS share_customers, x.revenue, x.total_revenue,
       x.revenue / nullif(x.total_revenue, 0) AS share_revenue, t.is_latest, t.definition_version
FROM segment.published_snapshot t
CROSS JOIN LATERAL (
  SELECT p AS percentile, r.i AS customers, r.n AS total_customers, r.revenue, r.total_revenue
  FROM (SELECT row_number() OVER best AS i, count(*) OVER () AS n, sum(segment.rfm_monetary(c.rfm)) OVER best AS revenue,
               sum(segment.rfm_monetary(c.rfm)) OVER () AS total_revenue
        FROM segment.snapshot_customer c WHERE c.snapshot = t.snapshot
        WINDOW best AS (ORDER BY segment.rfm_monetary(c.rfm) DESC ROWS UNBOUNDED PRECEDING)) r
  CROSS JOIN LATERAL generate_series(100 * (r.i - 1) / r.n + 1, 100 * r.i / r.n) p
  UNION ALL
  SELECT 0, 0, count(*), 0, sum(segment.rfm_monetary(c.rfm)) FROM segment.snapshot_customer c WHERE c.snapshot = t.snapshot HAVING count(*) > 0) x;
COMMENT ON VIEW segment.value_curve IS
  'how much of the revenue the best customers bring: for each per cent of them, 0 to 100, the customers with the greatest revenue '
  'taken first; unique key (segmentation, as_of, percentile). A part of a customer counts as a whole one. Customers with '
  'negative revenue bend the curve back to its end';
COMMENT ON COLUMN segment.value_curve.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.value_curve.as_of IS 'the day, inclusive, up to which orders count';
COMMENT ON COLUMN segment.value_curve.percentile IS 'the best so many per cent of the customers, 0 to 100';
COMMENT ON COLUMN segment.value_curve.customers IS 'how many customers these are';
COMMENT ON COLUMN segment.value_curve.total_customers IS 'number of all customers: the denominator of share_customers';
COMMENT ON COLUMN segment.value_curve.share_customers IS 'customers / total_customers, 0 to 1';
COMMENT ON COLUMN segment.value_curve.revenue IS 'net amount of their orders';
COMMENT ON COLUMN segment.value_curve.total_revenue IS 'that of all customers: the denominator of share_revenue';
COMMENT ON COLUMN segment.value_curve.share_revenue IS 'revenue / total_revenue; NULL if that is 0';
COMMENT ON COLUMN segment.value_curve.is_latest IS 'whether as_of is the newest day of the segmentation';
COMMENT ON COLUMN segment.value_curve.definition_version IS 'the version that made the snapshot';

CREATE VIEW segment.segment_profile WITH (security_invoker = true) AS
SELECT p.segmentation, p.as_of, p.segment_name, p.segment_sort, p.feature, p.feature_sort, p.customers, p.mean, p.population_mean,
       p.mean / nullif(p.population_mean, 0) - 1 AS relative_importance,
       ((p.mean - p.population_mean) / nullif(p.population_deviation, 0))::double precision AS z, p.is_latest, p.definition_version
FROM (
  SELECT c.segmentation, c.as_of, c.segment_name, c.segment_sort, f.feature, f.feature_sort, count(f.value) AS customers,
         avg(f.value) AS mean,
         sum(sum(f.value)) OVER everybody / nullif(sum(count(f.value)) OVER everybody, 0) AS population_mean,
         sqrt(greatest(sum(sum(f.value * f.value)) OVER everybody / nullif(sum(count(f.value)) OVER everybody, 0)
                       - (sum(sum(f.value)) OVER everybody / nullif(sum(count(f.value)) OVER everybody, 0)) ^ 2, 0)) AS population_deviation,
         c.is_latest, c.definition_version
  FROM segment.customer_profile c
  CROSS JOIN LATERAL (VALUES ('recency_days', 1::smallint, c.recency_days::numeric), ('orders', 2::smallint, c.orders::numeric),
                             ('revenue', 3::smallint, c.revenue), ('average_order', 4::smallint, c.average_order)) f (feature, feature_sort, value)
  GROUP BY c.segmentation, c.as_of, c.is_latest, c.definition_version, c.segment_name, c.segment_sort, f.feature, f.feature_sort
  WINDOW everybody AS (PARTITION BY c.segmentation, c.as_of, c.is_latest, f.feature)
) p;
COMMENT ON VIEW segment.segment_profile IS
  'what sets each segment apart: its mean of each feature beside the mean of all customers (a snake plot); unique key '
  '(segmentation, as_of, segment_name, feature). The z of a feature, weighted by customers, add up to 0';
COMMENT ON COLUMN segment.segment_profile.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.segment_profile.as_of IS 'the day, inclusive, up to which orders count';
COMMENT ON COLUMN segment.segment_profile.segment_name IS 'the segment';
COMMENT ON COLUMN segment.segment_profile.segment_sort IS 'rank of the segment, 1 is best: the column to sort segment_name by';
COMMENT ON COLUMN segment.segment_profile.feature IS 'recency_days, orders, revenue or average_order, as in customer_profile';
COMMENT ON COLUMN segment.segment_profile.feature_sort IS '1 to 4: the column to sort feature by';
COMMENT ON COLUMN segment.segment_profile.customers IS 'number of customers of the segment who have a value';
COMMENT ON COLUMN segment.segment_profile.mean IS 'mean of these customers; NULL if there are none';
COMMENT ON COLUMN segment.segment_profile.population_mean IS 'mean of all customers who have a value';
COMMENT ON COLUMN segment.segment_profile.relative_importance IS 'mean / population_mean - 1: 0.5 is half as much again as usual; NULL if that is 0';
COMMENT ON COLUMN segment.segment_profile.z IS '(mean - population_mean) / standard deviation of all customers; NULL if all are equal';
COMMENT ON COLUMN segment.segment_profile.is_latest IS 'whether as_of is the newest day of the segmentation';
COMMENT ON COLUMN segment.segment_profile.definition_version IS 'the version that made the snapshot';

-- The views run with the reader's rights: without rights on the tables they show nothing.
GRANT SELECT ON segment.published_snapshot, segment.customer_profile, segment.segment_summary, segment.rfm_grid, segment.value_curve, segment.segment_profile TO PUBLIC;
GRANT SELECT ON segment.published_snapshot, segment.customer_profile, segment.segment_summary, segment.rfm_grid, segment.value_curve, segment.segment_profile
  TO @extowner@, pg_database_owner WITH GRANT OPTION;
