-- 14_hold.sql: labels that hold still: what time changes waits, own orders show at once, fewer changes are undone
\ir ../lib/begin.sql
\ir ../lib/data.sql
\if :no_data
\q
\endif
\pset fieldsep '\n'
SELECT plan(26);
CREATE VIEW sales AS SELECT customer_id, invoice_date AS at, quantity * unit_price AS amount, invoice_no FROM online_retail WHERE customer_id IS NOT NULL;
SELECT segment.create_segmentation(n, 'sales', 'customer_id', 'at', 'amount', 'invoice_no', label => segment.by_scheme(hold_days => h, hold_gaps => g), changes => segment.by_reading_all(ledgers => true))
FROM (VALUES ('raw', NULL, 2), ('week', 7, 0), ('two months', 60, 0), ('gaps', 7, 2)) v (n, h, g);
DO $$
BEGIN
  PERFORM segment.refresh(n, '2011-10-09') FROM unnest('{raw,week,two months,gaps}'::text[]) n;
  FOR i IN 1 .. 61 LOOP
    PERFORM segment.refresh(n, date '2011-10-09' + i, read => 'nothing') FROM unnest('{raw,week,two months,gaps}'::text[]) n;
  END LOOP;
END
$$;
CREATE TABLE change AS
SELECT segmentation, customer_id, as_of, left_segment_name AS was, entered_segment_name AS is_now, moved_by FROM segment.segment_changes
WHERE left_segment_name IS NOT NULL AND entered_segment_name IS NOT NULL;
CREATE INDEX ON change (segmentation, customer_id);
ANALYZE change;
CREATE TABLE undone AS
SELECT c.segmentation, count(*) AS changes, count(*) FILTER (WHERE EXISTS (
  SELECT FROM change x WHERE x.segmentation = c.segmentation AND x.customer_id = c.customer_id AND x.as_of > c.as_of AND x.as_of <= c.as_of + 7 AND x.is_now = c.was)) AS n
FROM change c GROUP BY 1;
-- The figures of docs/segmentation.md
SELECT results_eq('SELECT segmentation COLLATE "C", changes, n FROM undone ORDER BY 1', $$VALUES ('gaps' COLLATE "C", 2394::bigint, 28::bigint), ('raw', 5644, 297), ('two months', 2641, 22), ('week', 4822, 210)$$,
  'changes, and those undone within a week');
SELECT cmp_ok((SELECT n FROM undone WHERE segmentation = 'gaps'), '<', (SELECT n FROM undone WHERE segmentation = 'raw') / 5, 'fewer than a fifth with what hold_days does unless told otherwise');
SELECT is((SELECT label FROM segment.segmentation_version WHERE segmentation = 'gaps'), segment.by_scheme(hold_days => 7), 'which is to wait for two of the usual gaps');
SELECT cmp_ok(avg((p.segment_name = r.segment_name)::int), '>=', 0.95, p.segmentation || ': moves by own orders show on their day')
FROM segment.customer_profile p JOIN segment.customer_profile r ON r.segmentation = 'raw' AND r.as_of = p.as_of AND r.customer_id = p.customer_id
WHERE p.segmentation <> 'raw' AND r.moved_by = 'order' GROUP BY p.segmentation ORDER BY 1;

-- On the day of an own order the label is the raw one; the raw label is that of the segmentation that does not wait
SELECT is(count(*), 0::bigint, 'own orders show on their day') FROM segment.customer_profile WHERE segmentation <> 'raw' AND last_order_on = as_of AND segment_name <> raw_segment_name;
SELECT is(count(*), 0::bigint, 'raw_segment_name is the segment without the wait')
FROM segment.customer_profile p JOIN segment.customer_profile r ON r.segmentation = 'raw' AND r.as_of = p.as_of AND r.customer_id = p.customer_id
WHERE p.segmentation <> 'raw' AND (p.raw_segment_name <> r.segment_name OR p.rfm_code <> r.rfm_code);
SELECT is(count(*), 0::bigint, 'nobody waits in the one that does not') FROM segment.customer_profile WHERE segmentation = 'raw' AND segment_name <> raw_segment_name;
SELECT cmp_ok(count(*), '>', 100::bigint, 'but here') FROM segment.customer_profile WHERE segmentation = 'week' AND segment_name <> raw_segment_name AND is_latest;

-- The rule again, by plain SQL: the label of a week ago, of so many gaps ago, or of the last order's day
SELECT is(count(*) FILTER (WHERE p.segment_name <> r.segment_name), 0::bigint, p.segmentation || ': the held label is the raw one of so many days ago, or of the last order'),
  cmp_ok(count(DISTINCT w.gaps), CASE p.segmentation WHEN 'week' THEN '=' ELSE '>' END, CASE p.segmentation WHEN 'week' THEN 0 ELSE 20 END::bigint, 'of customers who order more or less often')
FROM segment.customer_profile p
CROSS JOIN LATERAL (SELECT CASE WHEN p.segmentation = 'gaps' AND p.orders > 1 THEN least(365, floor(2.0 * (p.last_order_on - p.first_order_on) / (p.orders - 1))::int) END AS gaps) w
JOIN segment.customer_profile r ON r.segmentation = 'raw' AND r.customer_id = p.customer_id AND r.as_of = greatest(p.as_of - greatest(7, w.gaps), p.last_order_on)
WHERE p.segmentation IN ('week', 'gaps') AND p.orders = r.orders AND p.revenue = r.revenue AND p.returns = r.returns GROUP BY p.segmentation ORDER BY p.segmentation;

-- All at once or day by day, with few scored or everybody
SELECT segment.create_segmentation('week again', 'sales', 'customer_id', 'at', 'amount', 'invoice_no', label => segment.by_scheme(hold_days => 7, hold_gaps => 0));
SELECT segment.refresh('week again', d) FROM unnest('{2011-10-09,2011-12-09,2011-11-09}'::date[]) d;
SELECT is(count(*), 0::bigint, 'the same on any day, however refreshed')
FROM segment.customer_profile a JOIN segment.customer_profile b USING (as_of, customer_id) WHERE a.segmentation = 'week' AND b.segmentation = 'week again' AND (a.segment_name, a.rfm_code) IS DISTINCT FROM (b.segment_name, b.rfm_code);
SELECT is(count(*), (SELECT count(*) FROM segment.customer_profile WHERE segmentation = 'week again'), 'nobody missing')
FROM segment.customer_profile a JOIN segment.customer_profile b USING (as_of, customer_id) WHERE a.segmentation = 'week' AND b.segmentation = 'week again';
SELECT segment.definition('week', '2011-12-09') AS sql \gset
SELECT is_empty(format('SELECT customer_id::text COLLATE "C", segment_name FROM (%s) d EXCEPT SELECT customer_id, segment_name FROM segment.customer_profile WHERE segmentation = ''week'' AND is_latest', :'sql'), 'definition waits too');

-- In words
SELECT customer_id AS who, segment_name AS shown, raw_segment_name AS raw FROM segment.customer_profile WHERE segmentation = 'week' AND is_latest AND segment_name <> raw_segment_name ORDER BY customer_id LIMIT 1 \gset
SELECT matches(segment.explain_segment('week', :'who'), format('^Segment %s on 2011-12-09, since .*Time alone moves this customer 7 days late: the above is as of 2011-12-.*days without an order shows so many days after them\. By the scores of 2011-12-09 alone: %s\.$', :'shown', :'raw')),
  unalike(segment.explain_segment('raw', :'who'), '%Time alone%'), alike(segment.explain_segment('raw', :'who', '2011-10-10'), 'Segment % on 2011-10-10, since 2011-10-09%'),
  is(segment.explain_segment('raw', 'nobody'), NULL, 'nobody'), throws_like($$SELECT segment.explain_segment('raw', '1', '2020-01-01')$$, 'segmentation "raw" has no snapshot of 2020-01-01', 'no snapshot'),
  throws_like($$SELECT segment.explain_segment('row', '1')$$, 'segmentation "row" does not exist', 'no such segmentation');
SELECT is_empty($$SELECT customer_id, moved_by, e FROM segment.customer_profile, segment.explain_segment('raw', customer_id) e WHERE segmentation = 'raw' AND is_latest
  AND split_part(e, E'\n', 1) <> concat('Segment ', segment_name, ' on 2011-12-09, since ', segment_since,
    CASE moved_by WHEN 'new' THEN '; new' ELSE '; moved by ' || moved_by || ', from ' || previous_segment_name END, '.')$$, 'who did not move is not said to have moved'),
  cmp_ok(count(*) FILTER (WHERE moved_by IS NULL), '>', 0::bigint, 'some did not') FROM segment.customer_profile WHERE segmentation = 'raw' AND is_latest;
SELECT throws_ok($$SELECT segment.by_scheme(hold_days => 0)$$, '22023', NULL, 'a wait of no day');
SELECT finish();
ROLLBACK;
