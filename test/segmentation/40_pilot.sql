-- 40_pilot.sql: declared pilots: who is assigned and who is left out, what is measured of whom, and what the views make of it
\ir ../lib/begin.sql
\ir ../lib/near.sql
SELECT plan(71);
SET client_min_messages = error;

-- A shop of 2,000 customers, of whom c % 5 = 0 ordered most; a few tables beside it.
CREATE TABLE orders (customer int, at timestamp, amount numeric(10, 2), order_id int, category text, cost numeric(10, 2));
INSERT INTO orders SELECT c, timestamp '2025-01-01' + interval '1 hour' * ((c * 7919 + n * 1237) % 4000), 5 + (c * 31 + n) % 90, c * 100 + n, 'hats', 3
FROM generate_series(1, 2000) c, generate_series(0, 4 * (c % 5 = 0)::int) n;
CREATE TABLE opted_out (customer int);
INSERT INTO opted_out SELECT generate_series(1991, 2000);
SELECT lives_ok($$SELECT segment.create_segmentation('shop', 'orders', 'customer', 'at', 'amount', 'order_id', privacy => segment.privacy(opt_out => 'opted_out'))$$, 'a segmentation');
SELECT lives_ok($$SELECT segment.refresh('shop', '2025-06-30')$$, 'of the end of June');
INSERT INTO opted_out VALUES (1990);
SELECT lives_ok($$SELECT segment.forget('1989')$$, 'one customer is erased');

SELECT results_eq($$SELECT * FROM segment.create_pilot('spring', 'shop', '2025-07-01', 30, arms => '{hold-out,mail}', shares => '{0.25,0.75}', margin_rate => 0.4, cost => 0.05, metrics => ARRAY[
    segment.pilot_metric('revenue'), segment.pilot_metric('ordered'), segment.pilot_metric('orders', 'cuped'), segment.pilot_metric('average_order'),
    segment.pilot_metric('margin', value => 'amount - o.cost', worth => 'margin'), segment.pilot_metric('hats', 'rate', 'category = ''hats'''), segment.pilot_metric('cost share', value => 'o.cost', per => 'amount')])$$,
  $$VALUES (1988::bigint, 1::bigint, 0::bigint, 0::bigint, 0::bigint)$$, 'a pilot of everybody but who has opted out; the erased one is no customer any more');
SELECT is_empty($$SELECT s.segment, a.arm, count(*) FROM segment.pilot_assignment s JOIN segment.pilot_arm a USING (pilot, arm) JOIN (SELECT segment, count(*) AS n FROM segment.pilot_assignment GROUP BY 1) t USING (segment)
  GROUP BY 1, 2, a.share, t.n HAVING abs(count(*) - t.n * a.share) >= 1$$, 'in each segment the arms have their shares to within one customer');
SELECT is_empty($$SELECT a.customer FROM segment.pilot_assignment a LEFT JOIN segment.customer_profile p ON p.segmentation = 'shop' AND p.as_of = '2025-06-30' AND p.customer_id = a.customer
  WHERE (a.segment, a.sort) IS DISTINCT FROM (p.segment_name, p.segment_sort)$$, 'the segments of the day before');
SELECT is((SELECT verdict FROM segment.pilot_summary WHERE pilot = 'spring'), 'Not measured yet: call measure_pilot. Nothing can be said before 2025-07-31, when 30 days have passed.', 'not measured yet');
SELECT is_empty('SELECT * FROM segment.experiment_result', 'and no result');

-- What they do: orders of three lines in the days that are watched, on their first and last days too, and just outside of them.
CREATE TABLE plan AS SELECT a.customer::int AS customer, a.arm FROM segment.pilot_assignment a;
INSERT INTO orders SELECT customer, d, 10 + customer % 17 + l, 500000 + customer * 10 + k, CASE l WHEN 1 THEN 'hats' ELSE 'bikes' END, 2
FROM plan, (VALUES (1, timestamp '2025-07-01 00:00:00'), (2, '2025-07-30 23:59:59'), (3, '2025-06-30 23:59:59'), (4, '2025-07-31 00:00:00'), (5, '2025-07-15')) t (k, d), generate_series(0, 2) l
WHERE segment.assign_share(customer::text, 'luck' || k) < CASE WHEN k IN (3, 4) THEN 0.5 WHEN arm = 2 THEN 0.12 ELSE 0.08 END AND (l < 2 OR customer % 2 = 0);
INSERT INTO orders SELECT customer, '2025-07-20', -3, NULL, 'hats', 0 FROM plan WHERE customer % 9 = 0;

SELECT results_eq($$SELECT * FROM segment.measure_pilot('spring', 'shop', '2025-07-29')$$, $$VALUES (date '2025-07-29', 0::bigint, 1988::bigint, 0::bigint)$$, 'a day too early nobody counts');
SELECT is((SELECT verdict FROM segment.pilot_summary), 'Too early: nobody has been watched for 30 days on 2025-07-29. 1988 customers whose 30 days have not passed are left out.', 'and the verdict says so');
SELECT results_eq($$SELECT * FROM segment.measure_pilot('spring', 'shop', '2025-07-30')$$, $$VALUES (date '2025-07-30', 1988::bigint, 0::bigint, 0::bigint)$$, 'then everybody does');
-- By plain SQL: everybody, with zeros
CREATE TABLE truth AS
SELECT p.customer, p.arm, a.segment, coalesce(x.revenue, 0) AS revenue, coalesce(x.orders, 0) AS orders, coalesce(x.orders, 0) > 0 AS ordered, coalesce(x.margin, 0) AS margin, coalesce(x.hats, false) AS hats, coalesce(x.cost, 0) AS cost, coalesce(b.orders, 0) AS before
FROM plan p JOIN segment.pilot_assignment a ON a.customer = p.customer::text
LEFT JOIN (SELECT customer, sum(amount) AS revenue, count(DISTINCT order_id) FILTER (WHERE amount >= 0) AS orders, sum(amount - cost) AS margin, sum(cost) AS cost, bool_or(category = 'hats') AS hats FROM orders WHERE at >= '2025-07-01' AND at < '2025-07-31' GROUP BY 1) x ON x.customer = p.customer
LEFT JOIN (SELECT customer, count(DISTINCT order_id) AS orders FROM orders WHERE at >= '2025-06-01' AND at < '2025-07-01' GROUP BY 1) b ON b.customer = p.customer;
CREATE TABLE wanted AS
SELECT m.metric, s.segment_name, c.* FROM (SELECT 'all' AS segment_name, NULL::text AS only UNION ALL SELECT DISTINCT segment, segment FROM truth) s
CROSS JOIN LATERAL (SELECT segment.outcome_agg(revenue) FILTER (WHERE arm = 1) AS r1, segment.outcome_agg(revenue) FILTER (WHERE arm = 2) AS r2, segment.outcome_agg(ordered) FILTER (WHERE arm = 1) AS o1, segment.outcome_agg(ordered) FILTER (WHERE arm = 2) AS o2,
    segment.outcome_agg(orders, before) FILTER (WHERE arm = 1) AS n1, segment.outcome_agg(orders, before) FILTER (WHERE arm = 2) AS n2, segment.outcome_agg(revenue, orders::numeric) FILTER (WHERE arm = 1) AS a1, segment.outcome_agg(revenue, orders::numeric) FILTER (WHERE arm = 2) AS a2,
    segment.outcome_agg(margin) FILTER (WHERE arm = 1) AS m1, segment.outcome_agg(margin) FILTER (WHERE arm = 2) AS m2, segment.outcome_agg(hats) FILTER (WHERE arm = 1) AS h1, segment.outcome_agg(hats) FILTER (WHERE arm = 2) AS h2,
    segment.outcome_agg(cost, revenue) FILTER (WHERE arm = 1) AS c1, segment.outcome_agg(cost, revenue) FILTER (WHERE arm = 2) AS c2
  FROM truth t WHERE s.only IS NULL OR t.segment = s.only) x
CROSS JOIN LATERAL (VALUES ('revenue', 'mean', r1, r2), ('ordered', 'rate', o1, o2), ('orders', 'cuped', n1, n2), ('average_order', 'ratio', a1, a2), ('margin', 'mean', m1, m2), ('hats', 'rate', h1, h2), ('cost share', 'ratio', c1, c2)) m (metric, method, control, treated)
CROSS JOIN LATERAL segment.compare(m.control, m.treated, m.method) c;
SELECT is(count(*), (SELECT 7 * (count(DISTINCT segment) + 1) FROM truth), 'results: metrics by segments, and all') FROM segment.experiment_result;
SELECT is_empty($$SELECT metric, segment_name, e.diff, w.diff FROM segment.experiment_result e FULL JOIN wanted w USING (metric, segment_name)
  WHERE (e.n_control, e.n_treated, e.control_value, e.treated_value, e.diff, e.se, e.ci_low, e.ci_high, e.p_value, e.lift, e.lift_low, e.lift_high, e.cuped_theta, e.reason)
    IS DISTINCT FROM (w.n_control, w.n_treated, w.control_value, w.treated_value, w.diff, w.se, w.ci_low, w.ci_high, w.p_value, w.lift, w.lift_low, w.lift_high, w.theta, w.reason)$$, 'as plain SQL over all customers finds them, to the bit');
SELECT is((SELECT count(*) FROM truth WHERE orders = 0) > 1000, true, 'most have no order, and count');
SELECT ok(bool_and(e.p_differ = h.p_value), 'p_differ is that of the segments') FROM segment.experiment_result e
JOIN (SELECT metric, segment.heterogeneity_p(array_agg(diff), array_agg(se)) AS p_value FROM (SELECT * FROM wanted WHERE segment_name <> 'all' ORDER BY segment_name) s GROUP BY metric) h USING (metric);
SELECT is((SELECT array_agg(p_adjusted ORDER BY metric_sort) FROM segment.experiment_result WHERE segment_name = 'all'),
  segment.adjust_p((SELECT array_agg(p_value ORDER BY metric_sort) FROM segment.experiment_result WHERE segment_name = 'all')), 'p_adjusted: all metrics together');
SELECT pg_temp.near(e.stratified_diff, p.diff, 1e-12, 'the total of the segments') FROM segment.experiment_result e,
  LATERAL (SELECT array_agg(diff ORDER BY segment_name) AS d, array_agg(se ORDER BY segment_name) AS s, array_agg((n_control + n_treated)::float8 ORDER BY segment_name) AS w FROM wanted WHERE metric = 'revenue' AND segment_name <> 'all') x,
  segment.poststratify(x.d, x.s, x.w) p WHERE e.metric = 'revenue' AND e.segment_name = 'all';
SELECT pg_temp.near(e.roi, 0.4 * e.diff / 0.05 - 1, 1e-9, 'ROI of revenue, by the margin rate') || E'\n' || pg_temp.near(e.break_even_diff, 0.125, 1e-12, 'what pays') FROM segment.experiment_result e WHERE metric = 'revenue' AND segment_name = 'all';
SELECT pg_temp.near(e.roi, e.diff / 0.05 - 1, 1e-9, 'of a margin, as it is') FROM segment.experiment_result e WHERE metric = 'margin' AND segment_name = 'all';
SELECT pg_temp.near(e.cost_per_order, 0.05 / e.diff, 1e-12, 'what one more who orders cost') FROM segment.experiment_result e WHERE metric = 'ordered' AND segment_name = 'all';
SELECT is(count(*), 0::bigint, 'no cost an order of other metrics') FROM segment.experiment_result WHERE metric NOT IN ('ordered', 'orders') AND num_nonnulls(cost_per_order, cost_per_order_low, cost_per_order_high) > 0;
SELECT is((SELECT verdict FROM segment.pilot_summary), 'mail against hold-out, revenue within 30 days, 1491 and 497 customers: 7.16 more per customer (66.3 %), between 4.61 and 9.71; it pays from 0.13 on: yes, it pays; enough data: yes. Segments differ (p 0.0482): look at each.', 'the verdict in plain words');
SELECT is((SELECT (split_verdict, assigned, analysed, in_progress, opted_out, assigned_control)::text FROM segment.pilot_summary), '(ok,1988,1988,0,0,497)', 'the split check and the numbers');
SELECT results_eq($$SELECT * FROM segment.measure_pilot('spring', 'shop', '2025-09-30')$$, $$VALUES (date '2025-09-30', 1988::bigint, 0::bigint, 0::bigint)$$, 'measured later');
SELECT is_empty($$SELECT metric, segment_name FROM segment.experiment_result e JOIN wanted w USING (metric, segment_name) WHERE (e.diff, e.se) IS DISTINCT FROM (w.diff, w.se)$$, 'nothing differs: each customer is watched for the same days');
SELECT lives_ok($$SELECT segment.refresh('shop', '2025-07-31')$$, 'the segments move on');
SELECT lives_ok($$SELECT segment.measure_pilot('spring', 'shop', '2025-09-30')$$, 'measured again');
SELECT is_empty($$SELECT metric, segment_name FROM segment.experiment_result e FULL JOIN wanted w USING (metric, segment_name) WHERE (e.diff, e.se) IS DISTINCT FROM (w.diff, w.se)$$, 'still by the segments of the day of assignment');

-- Opting out after the assignment
INSERT INTO opted_out VALUES (1), (2);
SELECT results_eq($$SELECT * FROM segment.measure_pilot('spring', 'shop', '2025-07-30')$$, $$VALUES (date '2025-07-30', 1986::bigint, 0::bigint, 2::bigint)$$, 'who has opted out since does not count');
SELECT matches((SELECT verdict FROM segment.pilot_summary), '2 customers who have opted out since are left out.$', 'and is told');

-- Other pilots of the same customers
SELECT results_eq($$SELECT * FROM segment.create_pilot('beside', 'shop', '2025-07-30', 10)$$, $$VALUES (0::bigint, 3::bigint, 0::bigint, 1986::bigint, 0::bigint)$$, 'another pilot waits until they are free');
SELECT results_eq($$SELECT assigned > 900, opted_out, forgotten, in_other_pilots, held_out FROM segment.create_pilot('behind', 'shop', '2025-08-01', 10, shares => '{0.2,0.3}', strata => NULL, salt => 'behind')$$, $$VALUES (true, 2::bigint, 0::bigint, 0::bigint, 0::bigint)$$, 'which they are afterwards');
SELECT is_empty($$SELECT p.customer_id, a.arm FROM segment.customer_profile p LEFT JOIN (segment.pilot_assignment a JOIN segment.pilot q ON q.id = a.pilot AND q.name = 'behind') ON a.customer = p.customer_id
  WHERE p.segmentation = 'shop' AND p.as_of = '2025-07-31' AND NOT EXISTS (SELECT FROM opted_out o WHERE o.customer::text = p.customer_id) AND a.arm IS DISTINCT FROM segment.assign(p.customer_id, 'behind', '{0.2,0.3}')$$, 'without strata an arm is what assign says, and half of them are in none');
SELECT lives_ok($$SELECT segment.stop_pilot('behind', 'shop', '2025-08-02')$$, 'stopped');
SELECT results_eq($$SELECT in_other_pilots FROM segment.create_pilot('at once', 'shop', '2025-08-02', 5)$$, $$VALUES (0::bigint)$$, 'its customers are free from that day on');

-- A hold-out that stays out
SELECT results_eq($$SELECT assigned FROM segment.create_pilot('never mailed', 'shop', '2025-09-01', 365, shares => '{0.1,0.9}', keeps_out => true)$$, $$VALUES (1986::bigint)$$, 'a hold-out of everybody, beside other pilots');
SELECT results_eq($$SELECT assigned, in_other_pilots, held_out FROM segment.create_pilot('autumn', 'shop', '2025-10-01', 30)$$,
  $$SELECT 1986 - n, 0::bigint, n FROM (SELECT count(*) AS n FROM segment.pilot_assignment a JOIN segment.pilot p ON p.id = a.pilot WHERE p.name = 'never mailed' AND a.arm = 1) h$$, 'its control arm is left out, its other arm is not');
SELECT ok(a.assigned + a.held_out = (SELECT count(*) FROM segment.customer_profile p WHERE p.segmentation = 'shop' AND p.as_of = '2025-07-31' AND p.segment_name IN ('Lost', 'Champions')
    AND NOT EXISTS (SELECT FROM opted_out o WHERE o.customer::text = p.customer_id)) AND a.held_out > 0, 'of some segments: those, but the held out ones') FROM segment.create_pilot('winter', 'shop', '2025-11-01', 20, audience => segment.in_segments('Lost', 'Champions')) a;

-- An audience of a query: with those who never ordered; who joins later is watched from then on
CREATE TABLE prospects (id bigint, since date);
INSERT INTO prospects SELECT g, '2025-10-01' FROM generate_series(1981, 2100) g;
SELECT results_eq($$SELECT assigned, opted_out, forgotten FROM segment.create_pilot('prospects', 'shop', '2025-11-21', 10, audience => segment.by_query('SELECT id FROM public.prospects'), strata => '{segment,market}')$$,
  $$SELECT 120 - 11 - 1 - count(*), 11::bigint, 1::bigint FROM segment.pilot_assignment a JOIN segment.pilot p ON p.id = a.pilot WHERE p.name = 'never mailed' AND a.arm = 1 AND a.customer::int > 1980$$, 'a query: prospects too, but nobody who is erased, has opted out or is held out');
SELECT is((SELECT count(*) FROM segment.pilot_assignment a JOIN segment.pilot p ON p.id = a.pilot WHERE p.name = 'prospects' AND a.segment = 'Prospect' AND a.customer::int > 2000), 100::bigint, 'who never ordered is a prospect');
INSERT INTO prospects SELECT generate_series(2101, 2110);
CREATE TABLE first_batch AS SELECT * FROM segment.pilot_assignment;
SELECT results_eq($$SELECT assigned FROM segment.assign_pilot('prospects', 'shop', '2025-11-28')$$, $$VALUES (10::bigint)$$, 'ten more join');
SELECT is_empty($$SELECT * FROM first_batch EXCEPT SELECT * FROM segment.pilot_assignment$$, 'nobody changes arms');
SELECT results_eq($$SELECT analysed, in_progress FROM segment.measure_pilot('prospects', 'shop', '2025-12-02')$$, $$SELECT count(*) - 10, 10::bigint FROM segment.pilot_assignment a JOIN segment.pilot p ON p.id = a.pilot WHERE p.name = 'prospects'$$, 'they are in progress while the others count');

-- Small strata: each customer has each arm with its share, though a stratum of one is never split
SELECT ok(abs(avg((segment_internal.arm_at((segment.assign_share('x' || s, 'salt' || s))::float8, '{0.1,0.9}') = 1)::int) - 0.1) < 0.02, 'a stratum of one is held out one time in ten') FROM generate_series(1, 4000) s;

-- Rights and erasure
SELECT is((SELECT count(*) FROM segment.pilot_assignment WHERE customer = '3') > 0, true, 'customer 3 is in pilots');
SELECT lives_ok($$SELECT segment.forget('3')$$, 'and is erased');
SELECT is((SELECT count(*) FROM segment.pilot_assignment WHERE customer = '3'), 0::bigint, 'from there too');
SELECT is((SELECT count(*) FROM segment.personal_data WHERE table_name = 'segment.pilot_assignment'), 1::bigint, 'the table is listed');

CREATE ROLE pilot_reader;
CREATE ROLE pilot_stranger;
SELECT segment.grant_reader('pilot_reader', 'shop');
SET ROLE pilot_reader;
SELECT is((SELECT count(*) FROM segment.pilot_summary WHERE verdict <> '') > 3 AND (SELECT count(*) FROM segment.experiment_result) > 50, true, 'a reader of the segmentation reads what pilots showed');
SELECT throws_ok($$SELECT segment.measure_pilot('spring', 'shop', '2025-07-30')$$, '42501', 'must be owner of segmentation "shop"');
SET ROLE pilot_stranger;
SELECT is((SELECT count(*) FROM segment.pilot_summary) + (SELECT count(*) FROM segment.experiment_result) + (SELECT count(*) FROM segment.pilot_assignment), 0::bigint, 'others read nothing');
SELECT throws_ok($$SELECT segment.measure_pilot('spring', 'shop')$$, '42704', 'segmentation "shop" does not exist');
RESET ROLE;

-- Amounts are measured in the currency of the segmentation
CREATE TABLE sold AS SELECT c AS customer, date '2025-06-01' AS at, 10::numeric AS amount, 'USD' AS currency FROM generate_series(1, 20) c;
CREATE TABLE rate (currency text, day date, rate numeric);
INSERT INTO rate SELECT 'USD', d, 2 FROM generate_series(date '2025-05-01', '2025-08-01', '1 day') d;
SELECT segment.create_segmentation('dollars', 'sold', 'customer', 'at', 'amount', measures => segment.measures('currency', 'rate', 'EUR'));
SELECT segment.refresh('dollars', '2025-06-30'), segment.create_pilot('p', 'dollars', '2025-07-01', 5, shares => '{0.5,0.5}', metrics => ARRAY[segment.pilot_metric('revenue'), segment.pilot_metric('as sold', value => 'amount')]);
INSERT INTO sold SELECT c, '2025-07-02', 10 * c, 'USD' FROM generate_series(1, 20) c;
SELECT segment.measure_pilot('p', 'dollars', '2025-07-31');
SELECT is((SELECT array_agg(t ORDER BY metric) FROM (SELECT metric, sum(segment.outcome_total(outcome)) AS t FROM segment.pilot_outcome o JOIN segment.pilot q ON q.id = o.pilot WHERE q.segmentation = 'dollars' GROUP BY 1) x), '{1035,2070}'::numeric[], 'converted, but for customer 3, who is erased; an expression of one''s own is not');
SELECT segment.drop_segmentation('dollars');

-- What cannot be
SELECT throws_ok($$SELECT segment.create_pilot('spring', 'shop', '2025-12-01')$$, '42710', 'pilot "spring" exists already');
SELECT throws_ok($$SELECT segment.create_pilot('x', 'shop', '2025-06-30')$$, '55000', 'segmentation "shop" has no snapshot before 2025-06-30');
SELECT throws_ok($$SELECT segment.create_pilot('x', 'shop', '2025-12-01', 0)$$, '22023', 'watch_days is out of range');
SELECT throws_ok($$SELECT segment.create_pilot('x', 'shop', '2025-12-01', salt => 'behind')$$, '22023', 'another pilot has the salt "behind"');
SELECT throws_ok($$SELECT segment.create_pilot('x', 'shop', '2025-12-01', shares => '{0.5,0.6}')$$, '22023', 'shares do not fit the arms');
SELECT throws_ok($$SELECT segment.create_pilot('x', 'shop', '2025-12-01', arms => '{a,a}')$$, '22023', 'arms do not fit');
SELECT throws_ok($$SELECT segment.create_pilot('x', 'shop', '2025-12-01', metrics => ARRAY[segment.pilot_metric('m', value => 'nothing')])$$, '42703', 'column "nothing" does not exist');
SELECT throws_ok($$SELECT segment.create_pilot('x', 'shop', '2025-12-01', audience => segment.by_query('SELECT nothing'))$$, '42703', 'column "nothing" does not exist');
SELECT throws_ok($$SELECT segment.pilot_metric('m')$$, '22023', 'metric "m" needs a value');
SELECT throws_ok($$SELECT segment.pilot_metric('m', value => '1) FROM t --')$$, '42601');
SELECT throws_ok($$SELECT segment.measure_pilot('x', 'shop')$$, '42704', 'segmentation "shop" has no pilot "x"');
SELECT throws_ok($$SELECT segment.measure_pilot('spring', 'shop', '2999-01-01')$$, '22008', '2999-01-01 is in the future');
INSERT INTO segment.blocked_column VALUES ('category', 'no');
SELECT throws_ok($$SELECT segment.create_pilot('x', 'shop', '2025-12-01', metrics => ARRAY[segment.pilot_metric('m', 'rate', 'category = ''hats''')])$$, '42501', 'column "category" may not be used');
SELECT lives_ok($$SELECT segment.drop_pilot('winter', 'shop')$$, 'a pilot is dropped');
SELECT is((SELECT count(*) FROM segment.pilot_summary WHERE pilot = 'winter'), 0::bigint, 'and gone');
SELECT lives_ok($$SELECT segment.drop_segmentation('shop')$$, 'and the segmentation');
SELECT is((SELECT (SELECT count(*) FROM segment.pilot) + (SELECT count(*) FROM segment.pilot_arm) + (SELECT count(*) FROM segment.pilot_assignment) + (SELECT count(*) FROM segment.pilot_outcome)), 0::bigint, 'with all its pilots');
SELECT * FROM finish();
ROLLBACK;
