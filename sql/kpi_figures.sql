-- kpi: a rate's interval, concentration, decomposition, control limits; what is refused
\set VERBOSITY terse
SELECT round(rate::numeric, 4) AS rate, round(low::numeric, 4) AS low, round(high::numeric, 4) AS high FROM segment.rate_interval(81, 263);
SELECT round(segment.gini('{1,2,3,4,5}')::numeric, 4) AS gini, round(segment.top_share('{1,2,3,4,5}', 0.2)::numeric, 4) AS top, segment.left_out('{-1,2}') AS left_out;
SELECT round(customers_share::numeric, 2) AS customers, round(total_share::numeric, 2) AS total FROM segment.lorenz_table('{1,2,3,4}', 4);
SELECT round(part::numeric, 4) AS part FROM unnest(segment.decompose('{100,2,50}', '{120,1.8,55}')) part;
SELECT "position", round(lower::numeric, 4) AS lower, round(upper::numeric, 4) AS upper, is_signal FROM segment.control_limits('{1,2,1,2,9}'::float8[], baseline => 4);
SELECT "position", round(lower::numeric, 4) AS lower, round(upper::numeric, 4) AS upper, is_signal FROM segment.control_limits_rate('{30,45,22}', '{120,150,100}');
SELECT segment.rate_interval(3, 2);
SELECT segment.decompose('{1}', '{1,2}');
