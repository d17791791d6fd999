-- retention: who was active when, by cohort, with orders and money

CREATE TYPE segment.retention;

CREATE FUNCTION segment_internal.retention_in(cstring) RETURNS segment.retention
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_retention_in';
COMMENT ON FUNCTION segment_internal.retention_in(cstring) IS
  'reads the text of a retention';

CREATE FUNCTION segment_internal.retention_out(segment.retention) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_stored_out';
COMMENT ON FUNCTION segment_internal.retention_out(segment.retention) IS
  'writes a retention as text';

CREATE FUNCTION segment_internal.retention_recv(internal) RETURNS segment.retention
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_retention_recv';
COMMENT ON FUNCTION segment_internal.retention_recv(internal) IS
  'reads the binary form of a retention, checking it';

CREATE FUNCTION segment_internal.retention_send(segment.retention) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_stored_send';
COMMENT ON FUNCTION segment_internal.retention_send(segment.retention) IS
  'writes the binary form of a retention';

CREATE TYPE segment.retention (
  INPUT = segment_internal.retention_in, OUTPUT = segment_internal.retention_out, RECEIVE = segment_internal.retention_recv, SEND = segment_internal.retention_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE segment.retention IS
  'who was active in which period of a grid, by the period of the first order, with orders and exact money, up to a day: what cohort_table, lifecycle_table, retention_rate and their companions read. Values of the same grid and day merge: retention_rollup, +';

CREATE FUNCTION segment_internal.retention_agg_trans(internal, ledger segment.ledger, periods segment.periods, as_of date) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_retention_agg_trans';
COMMENT ON FUNCTION segment_internal.retention_agg_trans(internal, segment.ledger, segment.periods, date) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.retention_agg_trans(internal, ledger segment.ledger, periods segment.periods, as_of date, costs segment.ledger) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_retention_agg_trans';
COMMENT ON FUNCTION segment_internal.retention_agg_trans(internal, segment.ledger, segment.periods, date, segment.ledger) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.retention_rollup_trans(internal, retention segment.retention) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_retention_rollup_trans';
COMMENT ON FUNCTION segment_internal.retention_rollup_trans(internal, segment.retention) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.retention_combine(internal, internal) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_retention_combine';
COMMENT ON FUNCTION segment_internal.retention_combine(internal, internal) IS
  'Combine function.';

CREATE FUNCTION segment_internal.retention_final(internal) RETURNS segment.retention
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_retention_final';
COMMENT ON FUNCTION segment_internal.retention_final(internal) IS
  'Final function.';

CREATE FUNCTION segment_internal.retention_serialize(internal) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_retention_final';
COMMENT ON FUNCTION segment_internal.retention_serialize(internal) IS
  'Serial function.';

CREATE FUNCTION segment_internal.retention_deserialize(bytea, internal) RETURNS internal
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_retention_deserialize';
COMMENT ON FUNCTION segment_internal.retention_deserialize(bytea, internal) IS
  'Deserial function.';

CREATE AGGREGATE segment.retention_agg(ledger segment.ledger, periods segment.periods, as_of date) (
  SFUNC = segment_internal.retention_agg_trans,
  STYPE = internal, SSPACE = 262144, FINALFUNC = segment_internal.retention_final,
  COMBINEFUNC = segment_internal.retention_combine, SERIALFUNC = segment_internal.retention_serialize, DESERIALFUNC = segment_internal.retention_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.retention_agg(segment.ledger, segment.periods, date) IS
  'retention over stored ledgers, a customer a row, in one pass: orders after as_of do not count. A NULL ledger is skipped; NULL without any. The other arguments are the same in every row: 22023 where they change, 22004 for NULL, 54000 beyond 1000 periods';

CREATE AGGREGATE segment.retention_agg(ledger segment.ledger, periods segment.periods, as_of date, costs segment.ledger) (
  SFUNC = segment_internal.retention_agg_trans,
  STYPE = internal, SSPACE = 262144, FINALFUNC = segment_internal.retention_final,
  COMBINEFUNC = segment_internal.retention_combine, SERIALFUNC = segment_internal.retention_serialize, DESERIALFUNC = segment_internal.retention_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.retention_agg(segment.ledger, segment.periods, date, segment.ledger) IS
  'the same with the margin: costs is the customer''s calendar of costs, ledger_agg over the same orders with their costs. Days on which fewer orders have a cost than there are do not count in the margin, and missing_costs says how many costs are missing; NULL costs: all of them';

CREATE AGGREGATE segment.retention_rollup(retention segment.retention) (
  SFUNC = segment_internal.retention_rollup_trans,
  STYPE = internal, SSPACE = 262144, FINALFUNC = segment_internal.retention_final,
  COMBINEFUNC = segment_internal.retention_combine, SERIALFUNC = segment_internal.retention_serialize, DESERIALFUNC = segment_internal.retention_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.retention_rollup(segment.retention) IS
  'the retention of all customers of the parts; NULL without any. Each customer must lie in one part. 22023 for different periods or days, and for parts with and without costs';

CREATE FUNCTION segment_internal.retention_add(segment.retention, segment.retention) RETURNS segment.retention
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_retention_add';
COMMENT ON FUNCTION segment_internal.retention_add(segment.retention, segment.retention) IS
  'behind +: the customers of both. 22023 for different periods or days';

CREATE OPERATOR segment.+ (LEFTARG = segment.retention, RIGHTARG = segment.retention, FUNCTION = segment_internal.retention_add,
  COMMUTATOR = OPERATOR(segment.+));
COMMENT ON OPERATOR segment.+ (segment.retention, segment.retention) IS 'the customers of both';

CREATE FUNCTION segment.cohort_table(retention segment.retention, kind text DEFAULT 'on', cohort text DEFAULT 'first',
  age text DEFAULT 'calendar', rolling_periods integer DEFAULT 3,
  OUT cohort_no integer, OUT cohort_start date, OUT period_no integer, OUT period_start date, OUT period_end date,
  OUT cohort_size bigint, OUT customers bigint, OUT retention_rate double precision, OUT retention_low double precision,
  OUT retention_high double precision, OUT orders bigint, OUT returns bigint, OUT revenue numeric, OUT returned numeric,
  OUT cumulative_revenue numeric, OUT cumulative_revenue_per_customer double precision, OUT margin numeric,
  OUT margin_rate double precision, OUT missing_costs bigint, OUT cumulative_margin numeric,
  OUT cumulative_margin_per_customer double precision, OUT is_complete boolean)
  RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 500 AS 'MODULE_PATHNAME', 'segment_cohort_table';
COMMENT ON FUNCTION segment.cohort_table(segment.retention, text, text, text, integer) IS
  'the cohort triangle: one row a cohort and period since. period_no counts from the cohort''s own period, which is 0. kind on: customers active in that period; on_or_after: in it or a later one, up to as_of, final only when the last period of the grid is complete; rolling: in it or one of those before it, rolling_periods in all. cohort first: by the first order ever; recurring: everyone active in a period begins a row, without money. age calendar: periods of the grid; own: from the day of each customer''s first order, which begins period 0, each next one as many days into a period of the grid as the first order was, or on its last day; period_start and period_end are NULL then, and a row is complete when it is for everybody. retention_rate is customers / cohort_size, with its Wilson interval of 95 %; revenue is net of returns; revenue, margin and orders are of the period whatever the kind. margin is what is left of revenue whose costs are known, margin_rate its share of that revenue, missing_costs how many costs are missing; NULL where retention was collected without costs. Periods that begin after as_of have no row. No row for NULL; 22023 for recurring cohorts by own age, 54000 for more rolling_periods than a long grid keeps apart';

CREATE FUNCTION segment.lifecycle_table(retention segment.retention,
  OUT period_no integer, OUT period_start date, OUT period_end date, OUT active bigint, OUT new bigint, OUT retained bigint,
  OUT resurrected bigint, OUT dormant bigint, OUT dormant_shown bigint, OUT asleep bigint, OUT orders bigint, OUT returns bigint,
  OUT revenue numeric, OUT returned numeric, OUT average_order_value double precision,
  OUT revenue_per_customer double precision, OUT orders_per_customer double precision, OUT margin numeric,
  OUT margin_rate double precision, OUT margin_per_customer double precision, OUT missing_costs bigint, OUT is_complete boolean)
  RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 36 AS 'MODULE_PATHNAME', 'segment_lifecycle_table';
COMMENT ON FUNCTION segment.lifecycle_table(segment.retention) IS
  'one row a period: active = new + retained + resurrected customers. new: first order ever; retained: active in the period before, too; resurrected: active earlier, but not then; dormant: active in the period before, and not now (dormant_shown is negative, for charts); asleep: customers who were not active in the period before, and no new ones. In the first period all but new are NULL if there were customers before it: begin the grid a period earlier. Revenue is net of returns, of all customers; averages are NULL without orders. margin is what is left of revenue whose costs are known, margin_rate its share of that revenue, missing_costs how many costs are missing; NULL where retention was collected without costs. No row for NULL';

CREATE FUNCTION segment.retention_rate(retention segment.retention, from_period integer, to_period integer,
  OUT at_start bigint, OUT at_end bigint, OUT new bigint, OUT retained bigint, OUT resurrected bigint, OUT lost bigint,
  OUT retention_rate double precision, OUT retention_low double precision, OUT retention_high double precision,
  OUT churn_rate double precision, OUT textbook_rate double precision, OUT reactivation_rate double precision,
  OUT is_complete boolean)
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_retention_rate';
COMMENT ON FUNCTION segment.retention_rate(segment.retention, integer, integer) IS
  'one period against a later one, by their numbers: customers active in both / active in the first, with its Wilson interval of 95 %; churn is the rest. textbook_rate is (end - new) / start, which also counts the resurrected and may pass 1; reactivation_rate is resurrected / those who were customers before, but not active in the first. NULL where nobody is there to divide by, and for NULL; 22023 unless from_period is before to_period';

CREATE FUNCTION segment.churn_rate(retention segment.retention, from_period integer, to_period integer,
  OUT lost bigint, OUT at_start bigint, OUT churn_rate double precision, OUT churn_low double precision,
  OUT churn_high double precision, OUT is_complete boolean)
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_churn_rate';
COMMENT ON FUNCTION segment.churn_rate(segment.retention, integer, integer) IS
  'customers active in the first period and not in the later one, of those active in the first, with the Wilson interval of 95 %; they may come back. The rate is NULL where nobody was active; NULL for NULL; 22023 unless from_period is before to_period';

CREATE FUNCTION segment.reactivation_rate(retention segment.retention, from_period integer, to_period integer,
  OUT resurrected bigint, OUT asleep bigint, OUT reactivation_rate double precision, OUT reactivation_low double precision,
  OUT reactivation_high double precision, OUT is_complete boolean)
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_reactivation_rate';
COMMENT ON FUNCTION segment.reactivation_rate(segment.retention, integer, integer) IS
  'customers active in the later period, of those who were customers before it but not active in the first, with the Wilson interval of 95 %. The rate is NULL where nobody was asleep; NULL for NULL; 22023 unless from_period is before to_period';

CREATE FUNCTION segment.repeat_rate(retention segment.retention, mature_days integer DEFAULT 0,
  OUT repeaters bigint, OUT customers bigint, OUT repeat_rate double precision, OUT repeat_low double precision,
  OUT repeat_high double precision, OUT mature_repeaters bigint, OUT mature_customers bigint,
  OUT mature_repeat_rate double precision, OUT mature_repeat_low double precision, OUT mature_repeat_high double precision)
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_repeat_rate';
COMMENT ON FUNCTION segment.repeat_rate(segment.retention, integer) IS
  'customers with two orders or more by as_of, of all whose first order lies before the end of the grid, and of the mature: those whose first order is at least mature_days days old at as_of, as the young have had no chance. With Wilson intervals of 95 %; NULL for NULL';

CREATE FUNCTION segment.stickiness_table(retention segment.retention, OUT periods_active integer, OUT customers bigint, OUT customers_at_least bigint)
  RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 36 AS 'MODULE_PATHNAME', 'segment_stickiness_table';
COMMENT ON FUNCTION segment.stickiness_table(segment.retention) IS
  'how many customers were active in exactly so many periods of the grid, and in so many or more. One row a number of periods; no row for NULL';

CREATE FUNCTION segment.compare_periods(retention segment.retention, from_period integer, to_period integer)
RETURNS TABLE (kpi text, before double precision, after double precision, change double precision, relative_change double precision, is_complete boolean)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 11
BEGIN ATOMIC
  SELECT k.kpi, k.before, k.after, k.after - k.before,
         CASE WHEN k.before > 0 THEN (k.after - k.before) / k.before END,
         b.is_complete AND a.is_complete
    FROM segment.lifecycle_table(retention) AS b, segment.lifecycle_table(retention) AS a,
         LATERAL (VALUES ('customers', b.active::double precision, a.active::double precision),
                         ('new customers', b.new, a.new),
                         ('orders', b.orders, a.orders),
                         ('orders per customer', b.orders_per_customer, a.orders_per_customer),
                         ('average order value', b.average_order_value, a.average_order_value),
                         ('revenue', b.revenue, a.revenue),
                         ('revenue per customer', b.revenue_per_customer, a.revenue_per_customer),
                         ('margin', b.margin, a.margin),
                         ('margin rate', b.margin_rate, a.margin_rate),
                         ('margin per customer', b.margin_per_customer, a.margin_per_customer),
                         ('missing costs', b.missing_costs, a.missing_costs)) AS k(kpi, before, after)
   WHERE b.period_no = from_period AND a.period_no = to_period;
END;
COMMENT ON FUNCTION segment.compare_periods(segment.retention, integer, integer) IS
  'what the customers of two periods did, one row a figure: customers, new customers, orders, purchase frequency (orders per customer), average order value, revenue and margin, in all and per active customer. relative_change is of what was before, NULL unless that is above 0; figures that nobody gave, such as a margin without costs, are NULL. is_complete: both periods are. No row unless both lie in the grid and have begun, and for NULL';

CREATE FUNCTION segment.decompose_periods(retention segment.retention, from_period integer, to_period integer, units segment.retention DEFAULT NULL)
RETURNS TABLE (factor text, before double precision, after double precision, part double precision, is_complete boolean)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 4
BEGIN ATOMIC
  SELECT d.factor, d.before, d.after, d.part, b.is_complete AND a.is_complete
    FROM segment.lifecycle_table(retention) AS b
         JOIN segment.lifecycle_table(retention) AS a ON a.period_no = to_period
         LEFT JOIN segment.lifecycle_table(units) AS ub ON ub.period_start = b.period_start AND ub.period_end = b.period_end
         LEFT JOIN segment.lifecycle_table(units) AS ua ON ua.period_start = a.period_start AND ua.period_end = a.period_end,
         LATERAL segment.decompose_revenue(b.active, b.orders, b.revenue, a.active, a.orders, a.revenue, ub.revenue, ua.revenue) AS d
   WHERE b.period_no = from_period;
END;
COMMENT ON FUNCTION segment.decompose_periods(segment.retention, integer, integer, segment.retention) IS
  'why revenue changed between two periods: decompose_revenue of what their customers did. units: retention over calendars of units, ledger_agg(day, units, order), on the same grid, which splits the order value into units per order and price per unit. By market or category: GROUP BY it. is_complete: both periods are. No row unless both lie in the grid and have begun, and for NULL retention';
