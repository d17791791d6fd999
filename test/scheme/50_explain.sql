-- 50_explain.sql: explain_label(): its words, and that every suggestion is true.
\ir ../lib/begin.sql
SELECT plan(14);

CREATE TABLE cuts AS SELECT segment.rfm_cut_points(segment.cut_points(ARRAY[30,60,90,180], 'within'), segment.cut_points(ARRAY[2,3,5,8], 'from'),
  segment.cut_points(ARRAY[50,100,200,400], 'from')) AS total,
  segment.rfm_cut_points(segment.cut_points(ARRAY[30,60,90,180], 'within'), segment.cut_points(ARRAY[2,3,5,8], 'from'),
  segment.cut_points(ARRAY[10,20,40,80.5], 'from'), 'average') AS average,
  -- most have one order, so two score high: here standard's bounds of orders decide
  'r: within {30,60,90,180}; f: quantile {1,1,1,4}; m: total from {50,100,200,400}'::segment.rfm_cut_points AS few;
CREATE FUNCTION orders(n int, first date, last date, amount numeric) RETURNS segment.rfm LANGUAGE sql AS $$
  SELECT segment.rfm_agg(CASE i WHEN 1 THEN first ELSE last END, amount) FROM generate_series(1, n) i
$$;

SELECT is(segment.explain_label(total, orders(4, '2025-01-01', '2025-06-01', 25.50), '2025-06-30', 'standard'), array_to_string(ARRAY[
  'Potential Loyalists (4 of 11 in scheme standard): Among the more recent customers, with more than one order: on the way to being loyal.',
  'What to do: Invite them to the loyalty programme and recommend what goes with earlier orders.',
  'Recency 5 of 5: 29 days since the last order (5: 0 to 30, 4: 31 to 60, 3: 61 to 90, 2: 91 to 180, 1: 181 or more)',
  'Frequency 3 of 5: 4 orders (5: 8 or more, 4: 5 to 7, 3: 3 to 4, 2: 2, 1: 1)',
  'Monetary 3 of 5: 102.00 in total (5: from 400 on, 4: from 200 on, 3: from 100 on, 2: from 50 on, 1: less)',
  'First order 180 days ago',
  'Why: rule 10: recency at least 4, frequency 2 to 3, monetary at most 4',
  'Up: with 1 more order now of any amount: Loyal',
  'Up: with 1 more order now of 98.00 or more: Champions',
  'Down: without an order, from 2025-08-01 on: Need Attention'], E'\n'), 'in words')
FROM cuts;
SELECT alike(segment.explain_label(total, orders(1, '2025-06-29', '2025-06-29', 10), '2025-06-30', 'standard'),
  '%Why: rule 1: recency at least 4, frequency 1, monetary at most 4, first order at most 60 days ago%Down: without an order, from 2025-08-29 on: Need Attention',
  'a rule with a condition') FROM cuts;
SELECT alike(segment.explain_label(average, (SELECT segment.rfm_agg(date '2025-06-29', a) FROM unnest('{30.5,30.5,-1}'::numeric[]) a), '2025-06-30', 'standard'),
  '%Monetary 3 of 5: 30.00 an order, 60.0 in total (5: from 80.5 on, 4: from 40 on%First order 1 day ago; 1 return%', 'money an order; returns') FROM cuts;
SELECT alike(segment.explain_label(total, orders(9, '2025-01-01', '2025-06-30', 100), '2025-06-30', 'standard'),
  'Champions (1 of 11 in scheme standard)%Up: this is the best segment of the scheme%', 'the best') FROM cuts;
SELECT alike(segment.explain_label(total, orders(1, '2025-01-01', '2025-03-01', 999), '2025-06-30', 'r_package'),
  'Others (scheme r_package)%Why: no rule of the scheme covers these scores%', 'no rule') FROM cuts;
SELECT is(segment.explain_label(total, NULL, '2025-06-30', 'standard'),
  E'Prospect (scheme standard): Known, but has not ordered yet.\nWhat to do: Win the first order: introduce the range, offer a small welcome.',
  'no summary') FROM cuts;
SELECT alike(segment.explain_label(total, (SELECT segment.rfm_agg(date '2025-06-29', -5)), '2025-06-30', 'standard'), 'No orders (scheme standard)%', 'returns only') FROM cuts;
SELECT is(segment.explain_label(total, orders(1, '2025-01-01', '2025-01-01', 1), NULL, 'standard'), NULL, 'no as_of') FROM cuts;
SELECT throws_ok($$SELECT segment.explain_label(total, NULL, '2025-06-30', 'braze') FROM cuts$$, '22023', 'score has other bins than scheme "braze"', 'other bins');
SELECT throws_ok($$SELECT segment.explain_label(total, orders(1, '2025-07-01', '2025-07-01', 1), '2025-06-30', 'standard') FROM cuts$$, '22023', NULL, 'an order after as_of');

-- Every way up, tried out with real orders; and every day down. Customers of all kinds, three schemes, three kinds of cut points.
CREATE TABLE explained AS
SELECT s.scheme, k.cut_points, r.rfm, date '2025-06-30' AS as_of, segment.explain_label(k.cut_points, r.rfm, '2025-06-30', s.scheme) AS said,
       segment.label_sort(segment.rfm_score(k.cut_points, r.rfm, '2025-06-30'), s.scheme, r.rfm, '2025-06-30') AS sort
FROM cuts c, LATERAL (VALUES (c.total), (c.average), (c.few)) k(cut_points), (VALUES ('standard'), ('classic'), ('r_package')) s(scheme),
     LATERAL (SELECT orders(n, '2025-06-30'::date - days - tenure, '2025-06-30'::date - days, amount) AS rfm
              FROM unnest('{1,2,3,4,5,7,8}'::int[]) n, unnest('{0,29,45,75,120,400}'::int[]) days, unnest('{0,100}'::int[]) tenure,
                   unnest('{0,4.99,19.99,33.33,70,500}'::numeric[]) amount) r;
CREATE TABLE ways AS
SELECT e.*, (m[1])::int AS n, m[2] AS amount, m[3] AS promised,
       coalesce(substring(m[2] FROM '^([0-9.]+) (?:or more|to)')::numeric, 0) AS least,
       substring(m[2] FROM 'to ([0-9.]+)')::numeric AS most
FROM explained e, regexp_matches(said, 'Up: with (\d+) more orders? now of ([^:]*): ([^\n]*)', 'g') m;
SELECT cmp_ok((SELECT count(*) FROM ways), '>', 1000::bigint, 'there are many ways up');
SELECT is_empty($$
  SELECT w.said, w.n, a.amount FROM ways w, LATERAL (VALUES (least), (coalesce(most, least + 10000))) a(amount),
    LATERAL (SELECT w.rfm OPERATOR(segment.+) segment.rfm_agg(as_of, CASE i WHEN 1 THEN a.amount ELSE 0 END) AS rfm FROM generate_series(1, n) i) more
  WHERE segment.label_sort(segment.rfm_score(cut_points, more.rfm, as_of), scheme, more.rfm, as_of) > (SELECT max(sort) FROM segment.scheme_segments g
          WHERE (g.scheme, g.segment) = (w.scheme, w.promised))
     OR (a.amount = least AND segment.label(segment.rfm_score(cut_points, more.rfm, as_of), scheme, more.rfm, as_of) <> promised)$$,
  'each way up leads where it says, with the least amount and with more');
SELECT is_empty($$
  SELECT w.said, w.n FROM ways w,
    LATERAL (SELECT w.rfm OPERATOR(segment.+) segment.rfm_agg(as_of, CASE i WHEN 1 THEN least - 10::numeric ^ -scale(least) ELSE 0 END) AS rfm FROM generate_series(1, n) i) more
  WHERE least > 0 AND segment.label(segment.rfm_score(cut_points, more.rfm, as_of), scheme, more.rfm, as_of) = promised$$,
  'and not with one cent (or one unit of whole amounts) less');
SELECT is_empty($$
  SELECT said, day FROM (SELECT *, substring(said FROM 'from (\d{4}-\d\d-\d\d) on')::date AS day, substring(said FROM 'Down: .*: ([^\n]*)$') AS fall FROM explained) e
  WHERE segment.label(segment.rfm_score(cut_points, rfm, day), scheme, rfm, day) IS DISTINCT FROM fall
     OR segment.label_sort(segment.rfm_score(cut_points, rfm, day - 1), scheme, rfm, day - 1) > sort
     OR (day IS NULL AND segment.label_sort(segment.rfm_score(cut_points, rfm, as_of + 3000), scheme, rfm, as_of + 3000) > sort)$$,
  'each day down is the first one');
SELECT * FROM finish();
ROLLBACK;
