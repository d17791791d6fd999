-- 17_words.sql: every meaning that is shown is true of the customers who carry it, by count, on three shops; figures come from cut points; evidence that
-- contradicts a name is told
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
\pset fieldsep '\n'
SELECT plan(28);
CREATE VIEW sold (shop, customer, at, amount, order_id, market) AS
SELECT 'cdnow', customer_id, date, amount, NULL::text, NULL::text FROM cdnow UNION ALL
SELECT 'retail', customer_id, invoice_date::date, quantity * unit_price, invoice_no, country FROM online_retail WHERE customer_id IS NOT NULL UNION ALL
SELECT 'adventure', customer_key, order_date, quantity * unit_price, order_number, country FROM adventureworks;
DO $$
DECLARE x record;
BEGIN
  FOR x IN SELECT * FROM (VALUES ('cdnow', '{1997-09-30,1998-06-30}'::date[]), ('retail', '{2011-06-30,2011-12-09}'), ('adventure', '{2019-06-30,2020-06-30}')) s (shop, days) LOOP
    EXECUTE format('CREATE VIEW %I AS SELECT customer, at, amount, order_id, market FROM sold WHERE shop = %L', x.shop || ' sold', x.shop);
    PERFORM segment.create_segmentation(x.shop || ' ' || s.name, format('%I', x.shop || ' sold')::regclass, 'customer', 'at', 'amount', CASE WHEN x.shop <> 'cdnow' THEN 'order_id' END,
      market => CASE WHEN x.shop <> 'cdnow' AND s.name = 'standard' THEN 'market' END, label => segment.by_scheme(s.name, hold_days => CASE s.name WHEN 'quartiles' THEN 20 END),
      scores => segment.rfm_scores(CASE s.name WHEN 'grid' THEN 'floating' ELSE 'frozen' END, monetary => CASE s.name WHEN 'braze' THEN 'average' ELSE 'total' END),
      changes => segment.by_reading_all(ledgers => true))
    FROM segment.scheme s WHERE s.shipped AND s.name IN ('standard', 'grid', 'quartiles', 'braze');
    PERFORM segment.refresh(g.name, d) FROM segment.segmentation g, unnest(x.days) d WHERE g.name LIKE x.shop || ' %' ;
  END LOOP;
END
$$;
-- The figures of each segment, read back from the words
CREATE TABLE said AS
SELECT s.segmentation, s.as_of, s.market, s.segment_name, s.figures, s.customers,
  coalesce((regexp_match(s.figures, 'last order (\d+) (?:to \d+ )?days ago(?! or more)'))[1], (regexp_match(s.figures, 'last order (\d+) days ago or more'))[1], '0')::int AS recency_from,
  coalesce((regexp_match(s.figures, 'last order (?:up to |\d+ to )?(\d+) days ago(?! or)'))[1], '99999')::int AS recency_to,
  coalesce((regexp_match(s.figures, '(?:^|; )(\d+) (?:to \d+ )?orders?'))[1], '0')::int AS orders_from,
  coalesce((regexp_match(s.figures, '(?:^|; )(?:\d+ to |up to )?(\d+) orders?(?=;|$)'))[1], '99999')::int AS orders_to,
  s.figures ~ 'more than' AS is_above, coalesce((regexp_match(s.figures, '(?:more than|from) (-?[\d.]+)'))[1], '-1e15')::numeric AS above,
  coalesce((regexp_match(s.figures, '(?:more than -?[\d.]+ up to|from -?[\d.]+ up to|; up to|^up to|order of up to) (-?[\d.]+)(?: in all|$|;)'))[1], '1e15')::numeric AS up_to,
  coalesce((regexp_match(s.figures, 'first order up to (\d+) days ago'))[1], '99999')::int AS first_to
FROM segment.segment_summary s WHERE s.segment_sort < 1000;
SELECT is_empty($$SELECT segmentation, as_of, segment_name FROM said WHERE figures IS NULL$$, 'every segment of a scheme has figures');
SELECT cmp_ok(count(DISTINCT figures), '>', 100::bigint, 'which differ') FROM said;
SELECT is_empty($$SELECT p.segmentation, p.as_of, p.customer_id, p.segment_name, p.recency_days, p.orders, p.revenue, s.figures
  FROM segment.customer_profile p JOIN said s USING (segmentation, as_of, segment_name)
  CROSS JOIN LATERAL (SELECT CASE WHEN p.segmentation LIKE '% braze' THEN p.average_order ELSE p.revenue END AS money) m
  WHERE s.market IN ('all', p.market) AND NOT (p.recency_days BETWEEN s.recency_from AND s.recency_to
    AND p.orders BETWEEN s.orders_from AND s.orders_to AND m.money <= s.up_to AND (m.money > s.above OR m.money = s.above AND NOT s.is_above)
    AND p.as_of - p.first_order_on <= s.first_to) LIMIT 5$$, 'and they are true of everybody who carries it, in each market and in all');
-- That test can fail: the bounds are tight
SELECT cmp_ok(count(*) FILTER (WHERE s.recency_to < 99999), '>', 50::bigint, 'with an upper recency bound'), cmp_ok(count(*) FILTER (WHERE s.orders_from > 1), '>', 50::bigint, 'a least number of orders'),
  cmp_ok(count(*) FILTER (WHERE s.above > -1e15), '>', 50::bigint, 'a least total'), cmp_ok(count(*) FILTER (WHERE s.up_to < 1e15), '>', 50::bigint, 'a greatest one'),
  cmp_ok(count(*) FILTER (WHERE s.first_to < 99999), '>', 5::bigint, 'a first order'), is(count(*) FILTER (WHERE s.segmentation LIKE '% quartiles' AND s.recency_to < 99999), 0::bigint, 'no latest day where time moves late')
FROM said s;

-- The words of the default scheme, on the day of its cut points, within those who are scored together: shares of customers
CREATE TABLE standing AS
SELECT x.segmentation, x.segment_name, x.recency_days, x.orders, x.revenue, x.tenure,
       CASE WHEN x.own THEN x.recent_own ELSE x.recent_all END AS more_recent, CASE WHEN x.own THEN x.away_own ELSE x.away_all END AS less_recent,
       CASE WHEN x.own THEN x.often_own ELSE x.often_all END AS more_orders, CASE WHEN x.own THEN x.seldom_own ELSE x.seldom_all END AS fewer_orders,
       CASE WHEN x.own THEN x.rich_own ELSE x.rich_all END AS more_revenue, CASE WHEN x.own THEN x.poor_own ELSE x.poor_all END AS less_revenue
FROM (
  SELECT p.*, p.as_of - p.first_order_on AS tenure,
         EXISTS (SELECT FROM segment.segmentation_cut_points c WHERE c.segmentation = p.segmentation AND c.market = p.market) AS own,
         (rank() OVER (e ORDER BY recency_days) - 1)::numeric / count(*) OVER e AS recent_all, (rank() OVER (e ORDER BY recency_days DESC) - 1)::numeric / count(*) OVER e AS away_all,
         (rank() OVER (e ORDER BY orders DESC) - 1)::numeric / count(*) OVER e AS often_all, (rank() OVER (e ORDER BY orders) - 1)::numeric / count(*) OVER e AS seldom_all,
         (rank() OVER (e ORDER BY revenue DESC) - 1)::numeric / count(*) OVER e AS rich_all, (rank() OVER (e ORDER BY revenue) - 1)::numeric / count(*) OVER e AS poor_all,
         (rank() OVER (m ORDER BY recency_days) - 1)::numeric / count(*) OVER m AS recent_own, (rank() OVER (m ORDER BY recency_days DESC) - 1)::numeric / count(*) OVER m AS away_own,
         (rank() OVER (m ORDER BY orders DESC) - 1)::numeric / count(*) OVER m AS often_own, (rank() OVER (m ORDER BY orders) - 1)::numeric / count(*) OVER m AS seldom_own,
         (rank() OVER (m ORDER BY revenue DESC) - 1)::numeric / count(*) OVER m AS rich_own, (rank() OVER (m ORDER BY revenue) - 1)::numeric / count(*) OVER m AS poor_own
  FROM segment.customer_profile p
  WHERE p.segmentation LIKE '% standard' AND p.orders > 0 AND p.as_of = (SELECT min(c.as_of) FROM segment.segmentation_cut_points c WHERE c.segmentation = p.segmentation)
  WINDOW e AS (PARTITION BY p.segmentation), m AS (PARTITION BY p.segmentation, p.market)) x;
-- What each word claims: recent and frequent are two fifths, highest one fifth; away longest two fifths, longest of all one
CREATE TABLE claim (segment_name text, words text, broken text);
INSERT INTO claim VALUES
('Champions', 'Among the most recent, most frequent and highest-spending customers.', 'more_recent > 0.2 OR more_orders > 0.4 OR more_revenue > 0.4'),
('Loyal', 'Order often, and are not among those away longest.', 'more_orders > 0.4 OR more_recent > 0.6'),
('Big Spenders', 'Not among those who order most often (or two orders at most), but among the highest totals; not among those away longest.', 'more_orders < 0.2 AND orders > 2 AND fewer_orders > 0.6 OR more_revenue > 0.2 OR more_recent > 0.6'),
('Potential Loyalists', 'Among the more recent customers, with more than one order: on the way to being loyal.', 'more_recent > 0.4 OR orders < 2'),
('New', 'First order within the last 60 days; among those with the fewest orders.', 'tenure > 60 OR fewer_orders > 0.2'),
('Promising', 'Among the more recent customers; among those with the fewest orders.', 'more_recent > 0.4 OR fewer_orders > 0.2'),
('Need Attention', 'Not among those who order most often (or two orders at most); the last order is neither among the most recent nor among the oldest.', 'fewer_orders > 0.6 AND orders > 2 OR more_recent < 0.2 OR more_recent > 0.8'),
('Cannot Lose', 'Ordered often and spent much, but are among those away longest.', 'more_orders > 0.4 OR more_revenue > 0.4 OR less_recent > 0.4'),
('At Risk', 'Ordered repeatedly, but are among those away longest.', 'orders < 2 OR less_recent > 0.4'),
('Hibernating', 'Among those away longest, and no more orders than most; not away longest of all, or with one of the higher totals.', 'less_recent > 0.4 OR fewer_orders > 0.5'),
('Lost', 'Away longest of all; no more orders and no higher total than most.', 'less_recent > 0.2 OR fewer_orders > 0.5 OR less_revenue > 0.6');
SELECT set_eq($$SELECT segment, meaning FROM segment.scheme_segments WHERE scheme = 'standard' AND sort < 1000$$, 'SELECT segment_name, words FROM claim', 'each sentence of the default scheme is checked');
CREATE FUNCTION pg_temp.liars(broken text, name text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM standing WHERE segment_name = %L AND (%s)', name, broken) INTO n;
  RETURN n;
END
$$;
SELECT is(pg_temp.liars(broken, segment_name), 0::bigint, segment_name || ': true of each') FROM claim ORDER BY segment_name;

-- The same over cut points alone
SELECT is(segment.label_meaning(segment.rfm_cut_points(segment.cut_points('{14,37,90,178}'::float8[], 'within'), segment.cut_points('{2,3,5,9}'::float8[]), segment.cut_points('{100,200,400,800}'::float8[])), 'standard', 'Potential Loyalists'),
    'Among the more recent customers, with more than one order: on the way to being loyal. Here: last order up to 37 days ago; 2 to 4 orders; up to 800.00 in all.', 'label_meaning over cut points'),
  is(segment.label_meaning(segment.rfm_cut_points(segment.cut_points('{14,37,90,178}'::float8[], 'within'), segment.cut_points('{2,3,5,9}'::float8[]), segment.cut_points('{100,200,400,800}'::float8[])), 'standard', 'nosuch'), NULL, 'an unknown segment'),
  is_empty($$SELECT * FROM segment.scheme_bounds(segment.rfm_cut_points(segment.cut_points('{14}'::float8[], 'within'), segment.cut_points('{2}'::float8[]), segment.cut_points('{100}'::float8[])), 'standard')$$, 'cut points of other bins');

-- A name that evidence contradicts: all of those who were away longest bought again, of the others fewer than a third
CREATE TABLE season (customer int, at date, amount numeric);
INSERT INTO season SELECT c, date '2023-11-01' + 10 * o + c, 90 FROM generate_series(1, 20) c, generate_series(1, 10) o;
INSERT INTO season SELECT c, date '2024-06-01' + 2 * c, 20 FROM generate_series(21, 120) c;
INSERT INTO season SELECT c, date '2025-03-01', 30 FROM generate_series(1, 50) c;
SELECT segment.create_segmentation('season', 'season', 'customer', 'at', 'amount');
SELECT segment.refresh('season', d) FROM unnest('{2025-01-31,2025-05-31}'::date[]) d;
SELECT is((SELECT contradiction FROM segment.segment_evidence WHERE segmentation = 'season' AND segment_name = 'Cannot Lose'),
  'The name puts them among those who leave, but 20 of 20 bought within 120 days, and of all customers 42 %. True would be "Ordering still, in their own time". Do not win them back: let a longer time without an order count as away, by higher recency thresholds.',
  'evidence against a name, with what would be true');
SELECT is((SELECT contradicted FROM segment.segmentation_status WHERE segmentation = 'season'), (SELECT string_agg(segment_name, ', ' ORDER BY segment_sort) FROM segment.segment_evidence WHERE segmentation = 'season' AND contradiction IS NOT NULL), 'the status lists it');
SELECT results_eq($$SELECT segmentation, segment_name COLLATE "C", contradiction FROM segment.segment_summary WHERE is_latest AND market = 'all' AND contradiction IS NOT NULL ORDER BY 1, 2$$,
  $$SELECT e.segmentation, e.segment_name COLLATE "C", e.contradiction FROM segment.segment_evidence e JOIN segment.segment_summary s ON s.segmentation = e.segmentation AND s.is_latest AND s.market = 'all' AND s.segment_name = e.segment_name
    WHERE e.is_latest AND e.contradiction IS NOT NULL ORDER BY 1, 2$$, 'and the summary says it');

-- The figures of docs/segmentation.md
SELECT segment.create_segmentation('retail', 'known_customers', 'customer_id', 'ordered_at', 'amount', 'order_id');
SELECT segment.refresh('retail', d) FROM unnest('{2011-08-31,2011-11-30}'::date[]) d;
SELECT results_eq($$SELECT e.segment_name, e.customers, e.buyers, round(e.share_buyers, 2), round(e.share_buyers_all, 2), e.contradiction IS NOT NULL FROM segment.segment_evidence e
  WHERE e.segmentation = 'retail' AND e.segment_name IN ('Champions', 'Cannot Lose', 'Lost') ORDER BY e.segment_sort$$,
  $$VALUES ('Champions', 431::bigint, 382::bigint, 0.89, 0.56, false), ('Cannot Lose', 97, 65, 0.67, 0.56, true), ('Lost', 503, 161, 0.32, 0.56, false)$$, 'what Online Retail''s names were worth');
SELECT finish();
ROLLBACK;
