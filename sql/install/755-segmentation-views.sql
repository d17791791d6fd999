-- segmentation: flat views for BI tools. Each names its unique key; none has NULL in it.
--
-- Views of totals look up the totals of each snapshot by its number, and group within it: a filter on segmentation, as_of or
-- is_latest decides how many snapshots are read. That holds whatever the planner believes of the tables' sizes.

CREATE FUNCTION segment_internal.money(amount numeric) RETURNS numeric
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(amount, greatest(min_scale(amount), 2));
COMMENT ON FUNCTION segment_internal.money(numeric) IS 'an amount with two decimals, or as many as it needs: equal amounts print the same';

-- is_latest compares two columns, which the planner takes to hold for few rows: plans suit the newest day.
CREATE VIEW segment.published_snapshot WITH (security_invoker = true) AS
SELECT x.segmentation, x.as_of, x.snapshot, x.definition_version, x.previous_snapshot, x.previous_as_of, x.customers, x.unknown_rows, x.unknown_amount,
       x.computed_at, x.as_of = x.newest AS is_latest, x.version_id
FROM (
  SELECT DISTINCT ON (t.segmentation, t.as_of)
         t.segmentation, t.as_of, t.id AS snapshot, t.version AS definition_version, p.id AS previous_snapshot,
         p.as_of AS previous_as_of, t.customers, t.unknown_rows, t.unknown_amount, t.refreshed_at AS computed_at,
         max(t.as_of) OVER (PARTITION BY t.segmentation) AS newest, t.version_id
  FROM segment.snapshot t
  JOIN segment.segmentation s ON s.name = t.segmentation
  LEFT JOIN segment.snapshot p ON p.id = t.previous
  WHERE t.made_active OR t.version = s.active_version
  ORDER BY t.segmentation, t.as_of, t.version = s.active_version DESC, t.version DESC) x;
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
COMMENT ON COLUMN segment.published_snapshot.version_id IS 'number of that version, as in state';

CREATE VIEW segment.customer_profile WITH (security_invoker = true) AS
SELECT t.segmentation, t.as_of, c.customer AS customer_id, c.market,
       segment.rfm_recency(c.rfm, t.as_of, (v.days).zone) AS recency_days,
       segment.rfm_frequency(c.rfm) AS orders,
       segment_internal.money(segment.rfm_monetary(c.rfm)) AS revenue,
       segment.rfm_average(c.rfm) AS average_order,
       segment.rfm_first(c.rfm, (v.days).zone) AS first_order_on,
       segment.rfm_last(c.rfm, (v.days).zone) AS last_order_on,
       segment.rfm_returns(c.rfm) AS returns,
       segment_internal.money(segment.rfm_returned(c.rfm)) AS returned_amount,
       segment.score_r(c.score) AS r_score, segment.score_f(c.score) AS f_score, segment.score_m(c.score) AS m_score, segment.score_code(c.score) AS rfm_code,
       c.segment AS segment_name, c.sort AS segment_sort,
       CASE WHEN c.from_day = t.as_of THEN c.previous_segment ELSE c.segment END AS previous_segment_name,
       CASE WHEN c.from_day = t.as_of THEN c.previous_sort ELSE c.sort END AS previous_segment_sort,
       c.since AS segment_since, CASE WHEN c.from_day = t.as_of THEN c.moved_by END AS moved_by, t.is_latest, t.definition_version, t.computed_at,
       c.channel AS preferred_channel,
       CASE WHEN (v.label).hold_days IS NULL THEN c.segment ELSE segment.label(c.score, (v.label).scheme, c.rfm, t.as_of, (v.days).zone) END AS raw_segment_name
FROM segment.published_snapshot t
JOIN segment.segmentation_version v ON v.id = t.version_id
JOIN segment.state c ON c.version_id = t.version_id AND c.from_day <= t.as_of AND c.until_day > t.as_of
WHERE c.rfm IS NOT NULL;
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
COMMENT ON COLUMN segment.customer_profile.raw_segment_name IS 'the segment by the scores of as_of alone: with hold_days it may differ from segment_name, which waits';
COMMENT ON COLUMN segment.customer_profile.preferred_channel IS 'the channel of most of the customer''s rows; NULL where the segmentation has none';

CREATE VIEW segment.segment_meaning WITH (security_invoker = true) AS
SELECT v.segmentation, v.version, g.segment, g.sort, g.meaning, g.action, g.colour, n.owner, n.note, segment_internal.segment_figures(v.id, 'infinity', 'all', g.segment) AS figures
FROM segment.segmentation_version v
CROSS JOIN LATERAL (
  SELECT s.segment, s.sort, s.meaning, s.action, s.colour
  FROM segment.scheme_segments s
  WHERE s.scheme = (v.label).scheme AND ((v.label).kind = 'scheme' OR s.segment = 'No orders')
  UNION ALL
  -- Without a scheme there are no rules that could leave somebody out
  SELECT s.segment, s.sort, 'Has ordered, but everything came back: there is nothing to go by.', 'Leave out of campaigns; look into why everything came back.', s.colour
  FROM segment.scheme_segments s
  WHERE s.scheme = (v.label).scheme AND (v.label).kind <> 'scheme' AND s.segment = 'Others'
  UNION ALL
  SELECT t.tier, t.sort, t.meaning, t.action, segment_internal.segment_colour(t.sort)
  FROM (SELECT r.tier, coalesce((SELECT m.tier_sorts[(v.label).tiers * (r.value_level - 1) + r.return_level] FROM segment.segmentation_model m
                                 WHERE m.segmentation = v.segmentation AND m.version = v.version ORDER BY m.as_of DESC LIMIT 1), r.sort) AS sort, r.meaning, r.action
        FROM segment.value_tiers((v.label).tiers) r) t
  UNION ALL
  SELECT l.segment, l.sort,
         format('Typically %s; %s %% of the customers when fitted',
                (SELECT string_agg(concat(replace(f.name, '_', ' '), ' ', round(c.centroid[f.position]::numeric, 1)), ', ' ORDER BY f.position)
                 FROM unnest((v.label).features) WITH ORDINALITY AS f (name, position)), round(100 * c.share::numeric)),
         NULL, segment_internal.segment_colour(l.sort)
  FROM (SELECT coalesce((v.label).cluster_model, (SELECT m.clusters FROM segment.segmentation_model m WHERE m.segmentation = v.segmentation
                                          AND m.version = v.version ORDER BY m.as_of DESC LIMIT 1)) AS model) m,
       segment.cluster_labels(m.model, (v.label).features, (v.label).names) l JOIN segment.cluster_table(m.model) c USING (cluster)
) g
LEFT JOIN segment.segment_note n ON n.segmentation = v.segmentation AND n.segment_name = g.segment;
COMMENT ON VIEW segment.segment_meaning IS 'every segment that a version can name, whatever names it: unique key (segmentation, version, segment)';
COMMENT ON COLUMN segment.segment_meaning.segmentation IS 'the segmentation''s name';
COMMENT ON COLUMN segment.segment_meaning.version IS 'the version';
COMMENT ON COLUMN segment.segment_meaning.segment IS 'the segment';
COMMENT ON COLUMN segment.segment_meaning.sort IS 'rank, 1 is best; clusters by typical revenue';
COMMENT ON COLUMN segment.segment_meaning.meaning IS 'who is in it: as the scheme or tier says; of a cluster the typical customer (the newest model''s)';
COMMENT ON COLUMN segment.segment_meaning.action IS 'what to do about them; NULL for clusters';
COMMENT ON COLUMN segment.segment_meaning.colour IS 'colour in charts, as #RRGGBB';
COMMENT ON COLUMN segment.segment_meaning.owner IS 'who looks after it, by set_segment_note';
COMMENT ON COLUMN segment.segment_meaning.note IS 'what readers should know, by set_segment_note';
COMMENT ON COLUMN segment.segment_meaning.figures IS 'what the scheme''s scores are in days, orders and money, by the newest cut points of all markets; NULL for clusters and tiers';

CREATE VIEW segment.segment_summary WITH (security_invoker = true) AS
SELECT t.segmentation, t.as_of, l.market, l.segment AS segment_name, l.sort AS segment_sort,
       l.customers, l.total_customers, l.customers / l.total_customers::numeric AS share_customers,
       l.orders, segment_internal.money(l.revenue) AS revenue, segment_internal.money(l.total_revenue) AS total_revenue,
       l.revenue / nullif(l.total_revenue, 0) AS share_revenue,
       l.revenue / nullif(l.orders, 0) AS average_order,
       l.recency_days / nullif(l.customers_with_orders, 0) AS average_recency_days,
       g.meaning, g.action, g.colour, t.is_latest, t.definition_version,
       segment_internal.segment_figures(t.version_id, t.as_of, l.market, l.segment) AS figures, segment_internal.evidence_verdict(t.snapshot, l.segment) AS contradiction
FROM segment.published_snapshot t
CROSS JOIN LATERAL (
  SELECT y.market, y.segment, y.sort, y.customers, (sum(y.customers) OVER market)::bigint AS total_customers, y.orders,
         y.revenue, sum(y.revenue) OVER market AS total_revenue, y.recency_days, y.customers_with_orders
  FROM (
    SELECT m.market, x.segment, x.sort, sum(x.customers)::bigint AS customers, sum(x.orders)::bigint AS orders, sum(x.revenue) AS revenue,
           sum(x.customers_with_orders * (t.as_of - date '2000-01-01') - x.last_day) AS recency_days,
           sum(x.customers_with_orders) AS customers_with_orders
    FROM segment.segment_total x
    CROSS JOIN LATERAL unnest(CASE WHEN x.market = 'all' THEN ARRAY['all'] ELSE ARRAY['all', x.market] END) AS m (market)
    WHERE x.snapshot = t.snapshot
    GROUP BY m.market, x.segment, x.sort
    UNION ALL
    SELECT 'all', 'Unknown customer', 1003::smallint, NULL, NULL, t.unknown_amount, NULL, NULL
    WHERE t.unknown_rows > 0) y
  WINDOW market AS (PARTITION BY y.market)
) l
LEFT JOIN segment.segment_meaning g ON g.segmentation = t.segmentation AND g.version = t.definition_version AND g.segment = l.segment;
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
COMMENT ON COLUMN segment.segment_summary.figures IS 'what the scheme''s scores are in days, orders and money, by the cut points of the market and day; NULL for clusters and tiers';
COMMENT ON COLUMN segment.segment_summary.contradiction IS 'what segment_evidence says against the name of a segment among the best or the worst, and what would be true; NULL: nothing';

CREATE VIEW segment.rfm_grid WITH (security_invoker = true) AS
SELECT t.segmentation, t.as_of, g.r_score, g.f_score, g.customers, g.total_customers,
       g.customers / g.total_customers::numeric AS share_customers,
       segment_internal.money(g.revenue) AS revenue, g.segment_name, g.segment_sort, t.is_latest, t.definition_version
FROM segment.published_snapshot t
CROSS JOIN LATERAL (
  SELECT y.r AS r_score, y.f AS f_score, sum(y.customers)::bigint AS customers, (sum(sum(y.customers)) OVER ())::bigint AS total_customers,
         sum(y.revenue) AS revenue,
         (array_agg(y.segment ORDER BY y.customers DESC, y.sort, y.segment COLLATE "C"))[1] AS segment_name,
         (array_agg(y.sort ORDER BY y.customers DESC, y.sort, y.segment COLLATE "C"))[1] AS segment_sort
  FROM (SELECT x.r, x.f, x.segment, x.sort, sum(x.customers) AS customers, sum(x.revenue) AS revenue
        FROM segment.score_total x WHERE x.snapshot = t.snapshot GROUP BY x.r, x.f, x.segment, x.sort) y
  GROUP BY y.r, y.f
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

CREATE VIEW segment.value_curve WITH (security_invoker = true) AS
SELECT t.segmentation, t.as_of, x.percentile, x.customers, x.total_customers,
       x.customers::numeric / nullif(x.total_customers, 0) AS share_customers, segment_internal.money(x.revenue) AS revenue,
       segment_internal.money(x.total_revenue) AS total_revenue, x.revenue / nullif(x.total_revenue, 0) AS share_revenue, t.is_latest, t.definition_version
FROM segment.published_snapshot t
CROSS JOIN LATERAL (
  SELECT p.percentile, p.customers, p.revenue, max(p.customers) OVER () AS total_customers,
         max(p.revenue) FILTER (WHERE p.percentile = 100) OVER () AS total_revenue
  FROM segment.value_curve_point p
  WHERE p.snapshot = t.snapshot) x;
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
SELECT t.segmentation, t.as_of, p.segment_name, p.segment_sort, p.feature, p.feature_sort, p.customers, p.mean, p.population_mean,
       p.mean / nullif(p.population_mean, 0) - 1 AS relative_importance,
       ((p.mean - p.population_mean) / nullif(p.population_deviation, 0))::double precision AS z, t.is_latest, t.definition_version
FROM segment.published_snapshot t
CROSS JOIN LATERAL (
  SELECT c.segment AS segment_name, c.sort AS segment_sort, f.feature, f.feature_sort, f.n::bigint AS customers, f.total / nullif(f.n, 0) AS mean,
         sum(f.total) OVER everybody / nullif(sum(f.n) OVER everybody, 0) AS population_mean,
         sqrt(greatest(sum(f.squares) OVER everybody / nullif(sum(f.n) OVER everybody, 0)
                       - (sum(f.total) OVER everybody / nullif(sum(f.n) OVER everybody, 0)) ^ 2, 0)) AS population_deviation
  FROM (
    SELECT x.segment, x.sort, t.as_of - date '2000-01-01' AS day, sum(x.customers) AS customers, sum(x.customers_with_orders) AS customers_with_orders,
           sum(x.orders) AS orders, sum(x.orders_squared) AS orders_squared, sum(x.revenue) AS revenue, sum(x.revenue_squared) AS revenue_squared,
           sum(x.average) AS average, sum(x.average_squared) AS average_squared, sum(x.last_day) AS last_day,
           sum(x.last_day_squared) AS last_day_squared
    FROM segment.segment_total x
    WHERE x.snapshot = t.snapshot
    GROUP BY x.segment, x.sort) c
  CROSS JOIN LATERAL (VALUES
    ('recency_days', 1::smallint, c.customers_with_orders, c.customers_with_orders * c.day - c.last_day,
     c.customers_with_orders * c.day * c.day - 2 * c.day * c.last_day + c.last_day_squared),
    ('orders', 2::smallint, c.customers, c.orders, c.orders_squared),
    ('revenue', 3::smallint, c.customers, c.revenue, c.revenue_squared),
    ('average_order', 4::smallint, c.customers_with_orders, c.average, c.average_squared)) f (feature, feature_sort, n, total, squares)
  WINDOW everybody AS (PARTITION BY f.feature)
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
GRANT SELECT ON segment.published_snapshot, segment.customer_profile, segment.segment_meaning, segment.segment_summary, segment.rfm_grid, segment.value_curve, segment.segment_profile TO PUBLIC;
GRANT SELECT ON segment.published_snapshot, segment.customer_profile, segment.segment_meaning, segment.segment_summary, segment.rfm_grid, segment.value_curve, segment.segment_profile
  TO @extowner@, pg_database_owner WITH GRANT OPTION;
