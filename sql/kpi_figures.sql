-- kpi: a rate's interval, concentration, decomposition, control limits; what is refused
\set VERBOSITY terse
SELECT round(rate::numeric, 4) AS rate, round(low::numeric, 4) AS low, round(high::numeric, 4) AS high FROM segment.rate_interval(81, 263);
SELECT round(segment.gini('{1,2,3,4,5}')::numeric, 4) AS gini, round(segment.top_share('{1,2,3,4,5}', 0.2)::numeric, 4) AS top, segment.left_out('{-1,2}') AS left_out;
SELECT round(customers_share::numeric, 2) AS customers, round(total_share::numeric, 2) AS total FROM segment.lorenz_table('{1,2,3,4}', 4);
SELECT round(part::numeric, 4) AS part FROM unnest(segment.decompose('{100,2,50}', '{120,1.8,55}')) part;
SELECT "position", round(lower::numeric, 4) AS lower, round(upper::numeric, 4) AS upper, is_signal FROM segment.control_limits('{1,2,1,2,9}'::float8[], baseline => 4);
SELECT "position", round(lower::numeric, 4) AS lower, round(upper::numeric, 4) AS upper, is_signal FROM segment.control_limits_rate('{30,45,22}', '{120,150,100}');
-- cohorts and lifecycle of three customers, and what is refused
CREATE TEMP TABLE r AS
SELECT segment.retention_agg(ledger, segment.periods('month', '2024-01-01', '2024-05-01'), '2024-04-15') AS r
FROM (SELECT c, segment.ledger_agg(d, amount) AS ledger
      FROM (VALUES (1, date '2024-01-05', 10.00), (1, '2024-02-05', 20.00), (2, '2024-01-20', 5.00), (2, '2024-03-01', 7.00), (3, '2024-02-10', 1.50), (3, '2024-02-12', -0.50)) v(c, d, amount)
      GROUP BY c) l;
SELECT cohort_no, period_no, customers, cohort_size, revenue, is_complete FROM r, segment.cohort_table(r);
SELECT period_no, active, new, retained, resurrected, dormant, asleep, revenue FROM r, segment.lifecycle_table(r);
SELECT retained, lost, churn_rate FROM r, segment.retention_rate(r, 1, 2);
SELECT cohort_no, period_no, customers FROM r, segment.cohort_table(r, 'rolling', rolling_periods => 2) WHERE cohort_no = 1;
SELECT cohort_no, period_no, customers, revenue, is_complete FROM r, segment.cohort_table(r, age => 'own') WHERE cohort_no = 1;
SELECT kpi, before, after FROM r, segment.compare_periods(r, 1, 2) WHERE after IS NOT NULL;
SELECT factor, part FROM r, segment.decompose_periods(r, 1, 2);
SELECT repeaters, customers, mature_repeaters, mature_customers FROM r, segment.repeat_rate(r, 80);
SELECT periods_active, customers, customers_at_least FROM r, segment.stickiness_table(r);
SELECT day - date '2024-01-04' AS day, active, active_in_window FROM (SELECT segment.active_agg(l.ledger, '2024-01-04', '2024-01-08', 2) AS a FROM (SELECT segment.ledger_agg(d, 1) AS ledger FROM (VALUES (date '2024-01-03'), ('2024-01-06')) v(d)) l) x, segment.active_table(a);
SELECT tier, customers, total FROM segment.heavy_medium_light('{1,2,3,4,5}');
SELECT segment.rate_interval(3, 2);
SELECT segment.cohort_table(r, cohort => 'recurring', age => 'own') FROM r;
SELECT segment.decompose('{1}', '{1,2}');
