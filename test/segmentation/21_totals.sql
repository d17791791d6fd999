-- 21_totals.sql: totals brought forward from day to day are those of all states, to the digit
\ir ../lib/begin.sql
SELECT plan(26);

-- Sums over states against plain SQL, with amounts of every kind: many decimals, beyond 64 and 128 bits, returns only.
CREATE TEMP TABLE person AS
SELECT 'c' || g AS customer, CASE g % 3 WHEN 0 THEN 'North' ELSE 'South' END AS market, (ARRAY['A', 'B', 'C'])[1 + g % 3] AS segment, (1 + g % 3)::smallint AS sort,
       (SELECT segment.rfm_agg(date '2024-01-01' + (g * 37 + o * 11) % 300, CASE g % 10 WHEN 7 THEN -1.5 - g WHEN 8 THEN 9.1e12 + g WHEN 9 THEN 1e25 + g ELSE (g * o % 97) / 7.0 END::numeric(40, 12))
        FROM generate_series(1, 1 + g % 4) o) AS rfm
FROM generate_series(1, 400) g;
CREATE TEMP TABLE summed AS SELECT u.* FROM (SELECT segment_internal.state_sums_agg(customer, market, rfm, NULL, segment, sort, NULL, 'UTC') AS s FROM person) x, unnest(x.s) u;
SELECT results_eq($$SELECT market, segment, sort, customers, customers_with_orders, orders, orders_squared, revenue, revenue_squared, last_day, last_day_squared FROM summed ORDER BY 1, 2$$,
  $$SELECT market, segment, sort, count(*), count(segment.rfm_last(rfm)), sum(segment.rfm_frequency(rfm)), sum(segment.rfm_frequency(rfm)::numeric ^ 2), sum(segment.rfm_monetary(rfm)),
      sum(segment.rfm_monetary(rfm) * segment.rfm_monetary(rfm)), sum(segment.rfm_last(rfm) - date '2000-01-01')::numeric, sum((segment.rfm_last(rfm) - date '2000-01-01')::numeric ^ 2)
    FROM person GROUP BY 1, 2, 3 ORDER BY 1, 2$$, 'sums by market and segment');
SELECT is_empty($$SELECT s.market, s.segment, s.average, p.average, s.average_squared, p.squared FROM summed s JOIN (
    SELECT market, segment, sum(round(a, 12)) AS average, sum(round(a, 12) * round(a, 12)) AS squared
    FROM (SELECT *, segment.rfm_monetary(rfm) / nullif(segment.rfm_frequency(rfm), 0)::numeric(40, 20) AS a FROM person) x GROUP BY 1, 2) p USING (market, segment)
  WHERE s.average <> p.average OR s.average_squared <> p.squared$$, 'averages, rounded to 12 decimals');
SELECT is((SELECT segment_internal.state_sums_agg(customer, market, rfm, NULL, segment, sort, NULL, 'UTC') FROM (SELECT * FROM person ORDER BY hashtext(customer)) p),
          (SELECT segment_internal.state_sums_agg(customer, market, rfm, NULL, segment, sort, NULL, 'UTC') FROM person), 'the same in any order');
SELECT is((SELECT segment_internal.state_sums_agg(customer, market, NULL, NULL, NULL, NULL, NULL, 'UTC') FROM person), NULL, 'who is no customer any more adds nothing');

-- The curve against plain SQL, whole and brought forward.
CREATE FUNCTION pg_temp.curve_by_sql(revenues numeric[]) RETURNS numeric[] LANGUAGE sql AS $$
  SELECT array_agg(coalesce((SELECT sum(r) FROM (SELECT r FROM unnest(revenues) r ORDER BY r DESC LIMIT ceil(cardinality(revenues) * p / 100.0)) x), 0) ORDER BY p) FROM generate_series(0, 100) p $$;
SELECT is((SELECT segment_internal.revenue_curve_agg(rfm) FROM person), (SELECT pg_temp.curve_by_sql(array_agg(segment.rfm_monetary(rfm))) FROM person), 'the curve, revenues of any size');
CREATE TEMP TABLE plain AS SELECT g, segment.rfm_agg(date '2024-01-01', (hashint4(g) % 100000) / 100.0) AS rfm FROM generate_series(1, 1000) g GROUP BY g;
SELECT is((SELECT segment_internal.ranking_curve(segment_internal.ranking_agg(rfm), '{}', '{}') FROM plain),
          (SELECT segment_internal.revenue_curve_agg(rfm) FROM plain), 'from a ranking');
SELECT is((SELECT segment_internal.ranking_curve(segment_internal.ranking_agg(rfm) FILTER (WHERE g <= 600),
             ARRAY[segment_internal.ranking_agg(rfm) FILTER (WHERE g BETWEEN 601 AND 800), NULL, segment_internal.ranking_agg(rfm) FILTER (WHERE g > 800)],
             ARRAY[segment_internal.ranking_agg(rfm) FILTER (WHERE g IN (17, 700))]) FROM plain),
          (SELECT segment_internal.revenue_curve_agg(rfm) FROM plain WHERE g NOT IN (17, 700)), 'and from one with those who joined and left');
SELECT is((SELECT segment_internal.ranking_merge(segment_internal.ranking_agg(rfm) FILTER (WHERE g <= 600),
             ARRAY[segment_internal.ranking_agg(rfm) FILTER (WHERE g > 600)], ARRAY[segment_internal.ranking_agg(rfm) FILTER (WHERE g IN (17, 700))]) FROM plain),
          (SELECT segment_internal.ranking_agg(rfm) FROM plain WHERE g NOT IN (17, 700)), 'which make the ranking of all');
SELECT is((SELECT segment_internal.ranking_curve(segment_internal.ranking_agg(rfm), '{}', (SELECT ARRAY[segment_internal.ranking_agg(r)] FROM (SELECT segment.rfm_agg(date '2024-01-01', 0.001) AS r) x)) FROM plain),
          NULL, 'one who was not there cannot leave');
SELECT is((SELECT octet_length(segment_internal.ranking_agg(rfm)) FROM person), 0, 'a revenue that does not fit: no ranking');
SELECT is(segment_internal.ranking_curve('', '{}', '{}'), NULL, 'and no curve of it');
SELECT throws_ok($$SELECT segment_internal.ranking_curve('\x0102ff', '{}', '{}')$$, '22P03', NULL, 'damaged bytes');
SELECT throws_ok($$SELECT segment_internal.ranking_curve('\x010205', '{}', '{}')$$, '22P03', NULL, 'bytes that are missing');
SELECT is((SELECT segment_internal.revenue_curve_agg(NULL) FROM plain), NULL, 'nobody has no curve');

-- Random histories: new customers, late rows, returns, deletes; days in any order, the same day again, gaps of months. After
-- each refresh every total of every snapshot is compared with what all states give.
SELECT setseed(0.4);
CREATE TABLE shop (id int, customer int, day date, amount numeric, market text);
INSERT INTO shop SELECT g, (random() * 1000)::int, date '2025-01-01' + (random() * 150)::int, round((random() * 200)::numeric, 2), (ARRAY['DE', 'FR', 'IT'])[1 + (random() * 2)::int]
FROM generate_series(1, 3000) g;
SELECT segment.create_segmentation('frozen', 'shop', 'customer', 'day', 'amount', market => 'market');
SELECT segment.create_segmentation('floating', 'shop', 'customer', 'day', 'amount', label => segment.by_scheme('classic'), scores => segment.rfm_scores(cut_points => 'floating'));
SELECT segment.create_segmentation('window', 'shop', 'customer', 'day', 'amount', days => segment.calendar(look_back_days => 120));
CREATE TEMP TABLE step (i int, brought_forward bigint, differences bigint);
CREATE TEMP VIEW totals AS
SELECT 'segment' AS of, t::text FROM segment.segment_total t UNION ALL SELECT 'score', t::text FROM segment.score_total t UNION ALL
SELECT 'move', t::text FROM segment.move_total t UNION ALL SELECT 'drift', t::text FROM segment.drift_total t UNION ALL
SELECT 'curve', t::text FROM segment.value_curve_point t UNION ALL SELECT 'evidence', t::text FROM segment.evidence_total t UNION ALL
SELECT 'snapshot', concat_ws(' ', t.id, t.customers, t.moved, t.fingerprint) FROM segment.snapshot t;
CREATE FUNCTION pg_temp.differences() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  carried text[] := ARRAY(SELECT concat_ws(' ', of, t) FROM totals);
  s segment.snapshot;
BEGIN
  FOR s IN SELECT * FROM segment.snapshot ORDER BY as_of LOOP
    UPDATE segment.snapshot SET carry = false;
    PERFORM segment_internal.write_totals(s);
  END LOOP;
  -- What was brought forward stays what it was for the steps to come.
  RAISE EXCEPTION USING ERRCODE = 'P0099', MESSAGE = (SELECT count(*) FROM (
    (SELECT concat_ws(' ', of, t) FROM totals EXCEPT ALL SELECT unnest(carried)) UNION ALL
    (SELECT unnest(carried) EXCEPT ALL SELECT concat_ws(' ', of, t) FROM totals)) x)::text;
EXCEPTION WHEN SQLSTATE 'P0099' THEN
  RETURN sqlerrm::bigint;
END
$$;
CREATE FUNCTION pg_temp.steps(n int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  newest date := '2025-06-01';
  day date;
BEGIN
  FOR i IN 1 .. n LOOP
    day := CASE WHEN i % 5 = 4 THEN date '2025-05-01' + (random() * (newest - date '2025-05-01'))::int WHEN i % 7 = 6 THEN newest
                ELSE newest + 1 + CASE WHEN i % 6 = 5 THEN 60 ELSE (random() * 3)::int END END;
    newest := greatest(newest, day);
    INSERT INTO shop SELECT 10000 + 100 * i + g, (random() * (1000 + i))::int, day - (random() * 5)::int,
      CASE WHEN g % 9 = 0 THEN -round((random() * 50)::numeric, 2) WHEN i = 18 THEN round(random()::numeric, 9) ELSE round((random() * 200)::numeric, 2) END,
      (ARRAY['DE', 'FR', 'IT'])[1 + (random() * 2)::int] FROM generate_series(1, 12) g;
    DELETE FROM shop WHERE id % 211 = i;
    -- Other versions for a while: their first days begin all states anew.
    IF i = 10 THEN
      PERFORM segment.new_version('frozen', label => segment.by_scheme('classic')), segment.activate_version('frozen', 2);
      PERFORM segment.new_version('floating', filter => 'market <> ''IT'''), segment.activate_version('floating', 2);
    ELSIF i = 17 THEN
      PERFORM segment.activate_version('frozen', 1), segment.activate_version('floating', 1);
    END IF;
    PERFORM segment.refresh(name, day) FROM segment.segmentation;
    INSERT INTO step VALUES (i, (SELECT count(*) FROM segment.value_ranking WHERE began IS NOT NULL), pg_temp.differences());
  END LOOP;
END
$$;
SELECT pg_temp.steps(24);
SELECT is_empty('SELECT * FROM step WHERE differences <> 0', 'after each of 24 steps totals are those of all states');
SELECT cmp_ok((SELECT count(*) FROM step WHERE brought_forward > 3), '>', 8::bigint, 'many were brought forward, the curve too');
SELECT cmp_ok((SELECT count(*) FROM segment.evidence_total), '>', 20::bigint, 'and some have evidence');

-- Against the orders themselves.
SELECT is_empty($$
  SELECT t.as_of, t.revenue, x.revenue FROM (SELECT as_of, sum(revenue) AS revenue, sum(customers) AS customers FROM segment.segment_summary WHERE segmentation = 'floating' AND market = 'all' GROUP BY 1) t
  JOIN (SELECT as_of, sum(revenue) AS revenue, count(*) AS customers FROM segment.customer_profile WHERE segmentation = 'floating' GROUP BY 1) x USING (as_of)
  WHERE t.revenue <> x.revenue OR t.customers <> x.customers$$, 'summaries are those of the profiles');
SELECT is_empty($$
  SELECT to_as_of, to_segment FROM segment.segment_migration m
  JOIN (SELECT segmentation, as_of, coalesce(previous_segment_name, 'Not a customer') AS from_segment, segment_name, count(*) AS n, sum(revenue) AS revenue,
               count(*) FILTER (WHERE moved_by = 'order') AS by_order, count(*) FILTER (WHERE moved_by = 'time') AS by_time FROM segment.customer_profile GROUP BY 1, 2, 3, 4) p
    ON p.segmentation = m.segmentation AND p.as_of = m.to_as_of AND p.from_segment = m.from_segment AND p.segment_name = m.to_segment
  WHERE (m.customers, m.revenue, m.moved_by_order, m.moved_by_time) IS DISTINCT FROM (p.n, p.revenue, p.by_order, p.by_time)$$, 'migrations too');

-- An erased customer: past counts stay, the next day's totals are computed of all states.
CREATE TEMP TABLE past AS SELECT * FROM totals WHERE of <> 'snapshot';
SELECT customer AS someone FROM shop GROUP BY customer HAVING count(*) > 3 ORDER BY 1 LIMIT 1 \gset
SELECT cmp_ok((SELECT sum(rows) FROM segment.forget(:'someone')), '>', 0::numeric, 'a customer is erased');
SELECT is_empty('SELECT * FROM past EXCEPT SELECT * FROM totals', 'totals of past days stay as they are');
SELECT is((SELECT count(*) FROM segment.value_ranking), 0::bigint, 'the revenue is in no ranking');
SELECT segment.refresh(name, (SELECT max(as_of) + 1 FROM segment.snapshot)) FROM segment.segmentation;
SELECT is_empty($$
  SELECT segmentation FROM segment.snapshot s WHERE as_of = (SELECT max(as_of) FROM segment.snapshot)
    AND (customers <> (SELECT count(*) FROM segment.state c WHERE c.version_id = s.version_id AND c.until_day > s.as_of AND c.rfm IS NOT NULL)
      OR customers <> (SELECT sum(t.customers) FROM segment.segment_total t WHERE t.snapshot = s.id)
      OR customers <> (SELECT max(t.customers) FROM segment.value_curve_point t WHERE t.snapshot = s.id))$$, 'the next day counts without the customer');

-- A day removed.
SELECT segment.remove_snapshot('frozen', (SELECT as_of FROM segment.published_snapshot WHERE segmentation = 'frozen' ORDER BY as_of OFFSET 3 LIMIT 1));
SELECT is((SELECT count(*) FROM segment.segment_total t WHERE NOT EXISTS (SELECT FROM segment.snapshot s WHERE s.id = t.snapshot)), 0::bigint, 'a day removed leaves no totals');

-- Days that are too old.
SELECT cmp_ok((SELECT sum(segment.purge_snapshots(name, 100)) FROM segment.segmentation), '>', 10::numeric, 'old days are removed');
SELECT is_empty($$SELECT e.snapshot FROM segment.evidence_total e WHERE NOT EXISTS (SELECT FROM segment.snapshot s WHERE s.id = e.base) UNION ALL
  SELECT t.snapshot FROM segment.drift_total t WHERE NOT EXISTS (SELECT FROM segment.snapshot s WHERE s.id = t.snapshot)$$, 'and nothing is judged by them any more');

SELECT * FROM finish();
ROLLBACK;
