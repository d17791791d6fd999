-- ledger: one customer's purchase calendar, and the repeat summary that buy-till-you-die models are fitted on.

CREATE TYPE segment.ledger;

CREATE FUNCTION segment_internal.ledger_in(cstring) RETURNS segment.ledger
  AS 'MODULE_PATHNAME', 'segment_ledger_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.ledger_in(cstring) IS 'Text input of type ledger: {day amount[ orders returns returned],...}. 22P02 for anything else.';

CREATE FUNCTION segment_internal.ledger_out(segment.ledger) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_ledger_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.ledger_out(segment.ledger) IS 'Text output of type ledger, the same under any DateStyle.';

CREATE FUNCTION segment_internal.ledger_recv(internal) RETURNS segment.ledger
  AS 'MODULE_PATHNAME', 'segment_ledger_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.ledger_recv(internal) IS 'Binary input of type ledger. 22P03 for anything that ledger_send does not give.';

CREATE FUNCTION segment_internal.ledger_send(segment.ledger) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_ledger_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.ledger_send(segment.ledger) IS 'Binary output of type ledger.';

CREATE TYPE segment.ledger (
  INPUT = segment_internal.ledger_in, OUTPUT = segment_internal.ledger_out, RECEIVE = segment_internal.ledger_recv, SEND = segment_internal.ledger_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE segment.ledger IS 'One customer''s purchase calendar: the days with orders or returns, how many of them, exact amounts; a few bytes a day. Made by ledger_agg; answers any past date.';

CREATE FUNCTION segment_internal.ledger_to_jsonb(ledger segment.ledger) RETURNS jsonb
  AS 'MODULE_PATHNAME', 'segment_ledger_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.ledger_to_jsonb(segment.ledger) IS 'The calendar as a JSON array of days: day, orders, returns, amount, returned';
CREATE CAST (segment.ledger AS jsonb) WITH FUNCTION segment_internal.ledger_to_jsonb(segment.ledger);
COMMENT ON CAST (segment.ledger AS jsonb) IS 'The calendar as a JSON array of days: day, orders, returns, amount, returned';

CREATE TYPE segment.repeat_summary;

CREATE FUNCTION segment_internal.repeat_summary_in(cstring) RETURNS segment.repeat_summary
  AS 'MODULE_PATHNAME', 'segment_repeat_summary_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.repeat_summary_in(cstring) IS 'Text input of type repeat_summary: x count t_x number t number [spend number] [first number] skipped count unit days. 22P02 for anything else.';

CREATE FUNCTION segment_internal.repeat_summary_out(segment.repeat_summary) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_repeat_summary_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.repeat_summary_out(segment.repeat_summary) IS 'Text output of type repeat_summary; numbers read back as the same doubles.';

CREATE FUNCTION segment_internal.repeat_summary_recv(internal) RETURNS segment.repeat_summary
  AS 'MODULE_PATHNAME', 'segment_repeat_summary_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.repeat_summary_recv(internal) IS 'Binary input of type repeat_summary. 22P03 for anything that repeat_summary_send does not give.';

CREATE FUNCTION segment_internal.repeat_summary_send(segment.repeat_summary) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_repeat_summary_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.repeat_summary_send(segment.repeat_summary) IS 'Binary output of type repeat_summary.';

CREATE TYPE segment.repeat_summary (
  INPUT = segment_internal.repeat_summary_in, OUTPUT = segment_internal.repeat_summary_out, RECEIVE = segment_internal.repeat_summary_recv, SEND = segment_internal.repeat_summary_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = plain
);
COMMENT ON TYPE segment.repeat_summary IS 'What buy-till-you-die models know of a customer: x repeat purchases, t_x time from the first to the last, t time observed, mean spend of the repeat purchases, and the unit of time.';

CREATE FUNCTION segment_internal.repeat_summary_to_jsonb(repeat_summary segment.repeat_summary) RETURNS jsonb
  AS 'MODULE_PATHNAME', 'segment_repeat_summary_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.repeat_summary_to_jsonb(segment.repeat_summary) IS 'The summary as a JSON object: x, t_x, t, spend, first_spend, skipped_days, unit_days';
CREATE CAST (segment.repeat_summary AS jsonb) WITH FUNCTION segment_internal.repeat_summary_to_jsonb(segment.repeat_summary);
COMMENT ON CAST (segment.repeat_summary AS jsonb) IS 'The summary as a JSON object: x, t_x, t, spend, first_spend, skipped_days, unit_days';

-- Comparison.

CREATE FUNCTION segment_internal.ledger_eq(segment.ledger, segment.ledger) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_ledger_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.ledger_ne(segment.ledger, segment.ledger) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_ledger_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.ledger_lt(segment.ledger, segment.ledger) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_ledger_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.ledger_le(segment.ledger, segment.ledger) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_ledger_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.ledger_gt(segment.ledger, segment.ledger) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_ledger_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.ledger_ge(segment.ledger, segment.ledger) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_ledger_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.ledger_cmp(segment.ledger, segment.ledger) RETURNS int AS 'MODULE_PATHNAME', 'segment_ledger_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.ledger_hash(segment.ledger) RETURNS int AS 'MODULE_PATHNAME', 'segment_ledger_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.ledger_hash_extended(segment.ledger, bigint) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_ledger_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.ledger_eq(segment.ledger, segment.ledger) IS 'Equality of ledgers; the number of decimals does not matter (1.5 = 1.50)';
COMMENT ON FUNCTION segment_internal.ledger_ne(segment.ledger, segment.ledger) IS 'Inequality of ledgers';
COMMENT ON FUNCTION segment_internal.ledger_lt(segment.ledger, segment.ledger) IS 'Order of ledgers: day by day, by day, orders, amount, returns, returned';
COMMENT ON FUNCTION segment_internal.ledger_le(segment.ledger, segment.ledger) IS 'Order of ledgers: day by day, by day, orders, amount, returns, returned';
COMMENT ON FUNCTION segment_internal.ledger_gt(segment.ledger, segment.ledger) IS 'Order of ledgers: day by day, by day, orders, amount, returns, returned';
COMMENT ON FUNCTION segment_internal.ledger_ge(segment.ledger, segment.ledger) IS 'Order of ledgers: day by day, by day, orders, amount, returns, returned';
COMMENT ON FUNCTION segment_internal.ledger_cmp(segment.ledger, segment.ledger) IS 'Three-way comparison of ledgers for btree: -1, 0 or 1';
COMMENT ON FUNCTION segment_internal.ledger_hash(segment.ledger) IS 'Hash, equal for equal ledgers';
COMMENT ON FUNCTION segment_internal.ledger_hash_extended(segment.ledger, bigint) IS 'Hash with a seed, equal for equal ledgers';

CREATE OPERATOR segment.= (LEFTARG = segment.ledger, RIGHTARG = segment.ledger, FUNCTION = segment_internal.ledger_eq, COMMUTATOR = OPERATOR(segment.=), NEGATOR = OPERATOR(segment.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR segment.<> (LEFTARG = segment.ledger, RIGHTARG = segment.ledger, FUNCTION = segment_internal.ledger_ne, COMMUTATOR = OPERATOR(segment.<>), NEGATOR = OPERATOR(segment.=), RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR segment.< (LEFTARG = segment.ledger, RIGHTARG = segment.ledger, FUNCTION = segment_internal.ledger_lt, COMMUTATOR = OPERATOR(segment.>), NEGATOR = OPERATOR(segment.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR segment.<= (LEFTARG = segment.ledger, RIGHTARG = segment.ledger, FUNCTION = segment_internal.ledger_le, COMMUTATOR = OPERATOR(segment.>=), NEGATOR = OPERATOR(segment.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR segment.> (LEFTARG = segment.ledger, RIGHTARG = segment.ledger, FUNCTION = segment_internal.ledger_gt, COMMUTATOR = OPERATOR(segment.<), NEGATOR = OPERATOR(segment.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR segment.>= (LEFTARG = segment.ledger, RIGHTARG = segment.ledger, FUNCTION = segment_internal.ledger_ge, COMMUTATOR = OPERATOR(segment.<=), NEGATOR = OPERATOR(segment.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR segment.= (segment.ledger, segment.ledger) IS 'Equality of ledgers; the number of decimals does not matter (1.5 = 1.50)';
COMMENT ON OPERATOR segment.<> (segment.ledger, segment.ledger) IS 'Inequality of ledgers';
COMMENT ON OPERATOR segment.< (segment.ledger, segment.ledger) IS 'Order of ledgers: day by day, by day, orders, amount, returns, returned';
COMMENT ON OPERATOR segment.<= (segment.ledger, segment.ledger) IS 'Order of ledgers: day by day, by day, orders, amount, returns, returned';
COMMENT ON OPERATOR segment.> (segment.ledger, segment.ledger) IS 'Order of ledgers: day by day, by day, orders, amount, returns, returned';
COMMENT ON OPERATOR segment.>= (segment.ledger, segment.ledger) IS 'Order of ledgers: day by day, by day, orders, amount, returns, returned';

CREATE OPERATOR CLASS segment.ledger_ops DEFAULT FOR TYPE segment.ledger USING btree AS
  OPERATOR 1 segment.<, OPERATOR 2 segment.<=, OPERATOR 3 segment.=, OPERATOR 4 segment.>=, OPERATOR 5 segment.>, FUNCTION 1 segment_internal.ledger_cmp(segment.ledger, segment.ledger);
CREATE OPERATOR CLASS segment.ledger_hash_ops DEFAULT FOR TYPE segment.ledger USING hash AS
  OPERATOR 1 segment.=, FUNCTION 1 segment_internal.ledger_hash(segment.ledger), FUNCTION 2 segment_internal.ledger_hash_extended(segment.ledger, bigint);
COMMENT ON OPERATOR CLASS segment.ledger_ops USING btree IS 'Sorting and uniqueness of ledgers';
COMMENT ON OPERATOR CLASS segment.ledger_hash_ops USING hash IS 'Grouping and hash joins of ledgers';
-- Comparison.

CREATE FUNCTION segment_internal.repeat_summary_eq(segment.repeat_summary, segment.repeat_summary) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_repeat_summary_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.repeat_summary_ne(segment.repeat_summary, segment.repeat_summary) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_repeat_summary_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.repeat_summary_lt(segment.repeat_summary, segment.repeat_summary) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_repeat_summary_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.repeat_summary_le(segment.repeat_summary, segment.repeat_summary) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_repeat_summary_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.repeat_summary_gt(segment.repeat_summary, segment.repeat_summary) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_repeat_summary_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.repeat_summary_ge(segment.repeat_summary, segment.repeat_summary) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_repeat_summary_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.repeat_summary_cmp(segment.repeat_summary, segment.repeat_summary) RETURNS int AS 'MODULE_PATHNAME', 'segment_repeat_summary_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.repeat_summary_hash(segment.repeat_summary) RETURNS int AS 'MODULE_PATHNAME', 'segment_repeat_summary_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.repeat_summary_hash_extended(segment.repeat_summary, bigint) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_repeat_summary_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.repeat_summary_eq(segment.repeat_summary, segment.repeat_summary) IS 'Equality of repeat summaries';
COMMENT ON FUNCTION segment_internal.repeat_summary_ne(segment.repeat_summary, segment.repeat_summary) IS 'Inequality of repeat summaries';
COMMENT ON FUNCTION segment_internal.repeat_summary_lt(segment.repeat_summary, segment.repeat_summary) IS 'Order of repeat summaries: by x, t_x, t, unit, spend';
COMMENT ON FUNCTION segment_internal.repeat_summary_le(segment.repeat_summary, segment.repeat_summary) IS 'Order of repeat summaries: by x, t_x, t, unit, spend';
COMMENT ON FUNCTION segment_internal.repeat_summary_gt(segment.repeat_summary, segment.repeat_summary) IS 'Order of repeat summaries: by x, t_x, t, unit, spend';
COMMENT ON FUNCTION segment_internal.repeat_summary_ge(segment.repeat_summary, segment.repeat_summary) IS 'Order of repeat summaries: by x, t_x, t, unit, spend';
COMMENT ON FUNCTION segment_internal.repeat_summary_cmp(segment.repeat_summary, segment.repeat_summary) IS 'Three-way comparison of repeat summaries for btree: -1, 0 or 1';
COMMENT ON FUNCTION segment_internal.repeat_summary_hash(segment.repeat_summary) IS 'Hash, equal for equal repeat summaries';
COMMENT ON FUNCTION segment_internal.repeat_summary_hash_extended(segment.repeat_summary, bigint) IS 'Hash with a seed, equal for equal repeat summaries';

CREATE OPERATOR segment.= (LEFTARG = segment.repeat_summary, RIGHTARG = segment.repeat_summary, FUNCTION = segment_internal.repeat_summary_eq, COMMUTATOR = OPERATOR(segment.=), NEGATOR = OPERATOR(segment.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR segment.<> (LEFTARG = segment.repeat_summary, RIGHTARG = segment.repeat_summary, FUNCTION = segment_internal.repeat_summary_ne, COMMUTATOR = OPERATOR(segment.<>), NEGATOR = OPERATOR(segment.=), RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR segment.< (LEFTARG = segment.repeat_summary, RIGHTARG = segment.repeat_summary, FUNCTION = segment_internal.repeat_summary_lt, COMMUTATOR = OPERATOR(segment.>), NEGATOR = OPERATOR(segment.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR segment.<= (LEFTARG = segment.repeat_summary, RIGHTARG = segment.repeat_summary, FUNCTION = segment_internal.repeat_summary_le, COMMUTATOR = OPERATOR(segment.>=), NEGATOR = OPERATOR(segment.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR segment.> (LEFTARG = segment.repeat_summary, RIGHTARG = segment.repeat_summary, FUNCTION = segment_internal.repeat_summary_gt, COMMUTATOR = OPERATOR(segment.<), NEGATOR = OPERATOR(segment.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR segment.>= (LEFTARG = segment.repeat_summary, RIGHTARG = segment.repeat_summary, FUNCTION = segment_internal.repeat_summary_ge, COMMUTATOR = OPERATOR(segment.<=), NEGATOR = OPERATOR(segment.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR segment.= (segment.repeat_summary, segment.repeat_summary) IS 'Equality of repeat summaries';
COMMENT ON OPERATOR segment.<> (segment.repeat_summary, segment.repeat_summary) IS 'Inequality of repeat summaries';
COMMENT ON OPERATOR segment.< (segment.repeat_summary, segment.repeat_summary) IS 'Order of repeat summaries: by x, t_x, t, unit, spend';
COMMENT ON OPERATOR segment.<= (segment.repeat_summary, segment.repeat_summary) IS 'Order of repeat summaries: by x, t_x, t, unit, spend';
COMMENT ON OPERATOR segment.> (segment.repeat_summary, segment.repeat_summary) IS 'Order of repeat summaries: by x, t_x, t, unit, spend';
COMMENT ON OPERATOR segment.>= (segment.repeat_summary, segment.repeat_summary) IS 'Order of repeat summaries: by x, t_x, t, unit, spend';

CREATE OPERATOR CLASS segment.repeat_summary_ops DEFAULT FOR TYPE segment.repeat_summary USING btree AS
  OPERATOR 1 segment.<, OPERATOR 2 segment.<=, OPERATOR 3 segment.=, OPERATOR 4 segment.>=, OPERATOR 5 segment.>, FUNCTION 1 segment_internal.repeat_summary_cmp(segment.repeat_summary, segment.repeat_summary);
CREATE OPERATOR CLASS segment.repeat_summary_hash_ops DEFAULT FOR TYPE segment.repeat_summary USING hash AS
  OPERATOR 1 segment.=, FUNCTION 1 segment_internal.repeat_summary_hash(segment.repeat_summary), FUNCTION 2 segment_internal.repeat_summary_hash_extended(segment.repeat_summary, bigint);
COMMENT ON OPERATOR CLASS segment.repeat_summary_ops USING btree IS 'Sorting and uniqueness of repeat summaries';
COMMENT ON OPERATOR CLASS segment.repeat_summary_hash_ops USING hash IS 'Grouping and hash joins of repeat summaries';
-- Building and merging.

CREATE FUNCTION segment_internal.ledger_agg_combine(internal, internal) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_ledger_agg_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION segment_internal.ledger_agg_serialize(internal) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_ledger_agg_serialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.ledger_agg_deserialize(bytea, internal) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_ledger_agg_deserialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.ledger_agg_final(internal) RETURNS segment.ledger
  AS 'MODULE_PATHNAME', 'segment_ledger_agg_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.ledger_agg_combine(internal, internal) IS 'Combine function of ledger_agg and ledger_rollup: the same order id in both counts once';
COMMENT ON FUNCTION segment_internal.ledger_agg_serialize(internal) IS 'Serialization of ledger_agg''s state, for parallel plans';
COMMENT ON FUNCTION segment_internal.ledger_agg_deserialize(bytea, internal) IS 'Deserialization of ledger_agg''s state, for parallel plans';
COMMENT ON FUNCTION segment_internal.ledger_agg_final(internal) IS 'Final function of ledger_agg and ledger_rollup';

-- An overload for each type of time and of amount, so that nothing resolves to a cast that loses something or depends on the session's time zone.
DO $$
DECLARE
  at_type text;
  amount_type text;
  more text;
  more_types text;
  rest text;
BEGIN
  FOREACH at_type IN ARRAY ARRAY['date', 'timestamp', 'timestamptz'] LOOP
    FOREACH amount_type IN ARRAY ARRAY['numeric', 'smallint', 'int', 'bigint', 'float8'] LOOP
      FOREACH more IN ARRAY ARRAY['', ', order_id anyelement', ', order_id anyelement, zone text'] LOOP
        more_types := pg_catalog.replace(pg_catalog.replace(more, 'order_id ', ''), 'zone ', '');
        rest := CASE WHEN more = '' THEN 'one row an order'
                     ELSE 'rows with the same order_id are one order, which counts on the day of its first row >= 0, or is a return if all its rows are negative; a row with a NULL order_id is an order of its own' END
             || CASE WHEN more LIKE '%zone%' AND at_type = 'timestamptz' THEN '; days are those of the time zone zone'
                     WHEN more LIKE '%zone%' THEN '; days are the ' || at_type || '''s own, whatever zone is: it matters for timestamptz'
                     WHEN at_type = 'timestamptz' THEN '; days are those of UTC' ELSE '' END;
        EXECUTE pg_catalog.format($f$
          CREATE FUNCTION segment_internal.ledger_agg_trans(internal, at %1$s, amount %2$s%3$s) RETURNS internal
            AS 'MODULE_PATHNAME', 'segment_ledger_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE SUPPORT segment_internal.rfm_agg_support;
          COMMENT ON FUNCTION segment_internal.ledger_agg_trans(internal, %1$s, %2$s%4$s) IS
            'Transition function of ledger_agg. 22023 outside an aggregate.';
          CREATE AGGREGATE segment.ledger_agg(at %1$s, amount %2$s%3$s) (
            SFUNC = segment_internal.ledger_agg_trans, STYPE = internal, SSPACE = 256, FINALFUNC = segment_internal.ledger_agg_final,
            COMBINEFUNC = segment_internal.ledger_agg_combine, SERIALFUNC = segment_internal.ledger_agg_serialize,
            DESERIALFUNC = segment_internal.ledger_agg_deserialize, PARALLEL = SAFE
          );
          COMMENT ON AGGREGATE segment.ledger_agg(%1$s, %2$s%4$s) IS %5$L;
        $f$, at_type, amount_type, more, more_types,
          'Purchase calendar of one customer, ' || rest || '. A negative amount is a return, zero is an order. Rows with a NULL time or amount are skipped; NULL without rows. Amounts: numeric and integers exactly (up to 20 decimals), float8 rounded to 6 decimals a row. 22003 for NaN, infinities and amounts from 10^30, 22008 for infinite times.');
      END LOOP;
    END LOOP;
  END LOOP;
END
$$;

CREATE FUNCTION segment_internal.ledger_rollup_trans(internal, segment.ledger) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_ledger_rollup_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.ledger_rollup_trans(internal, segment.ledger) IS 'Transition function of ledger_rollup. 22023 outside an aggregate.';
CREATE AGGREGATE segment.ledger_rollup(segment.ledger) (
  SFUNC = segment_internal.ledger_rollup_trans, STYPE = internal, SSPACE = 256, FINALFUNC = segment_internal.ledger_agg_final,
  COMBINEFUNC = segment_internal.ledger_agg_combine, SERIALFUNC = segment_internal.ledger_agg_serialize, DESERIALFUNC = segment_internal.ledger_agg_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.ledger_rollup(segment.ledger) IS 'Merges stored ledgers of one customer (one a day, one a shop, ...) into one: assumes that every order lies in one part; an order split over two parts counts twice. NULLs are skipped; NULL without input.';

CREATE FUNCTION segment_internal.ledger_add(segment.ledger, segment.ledger) RETURNS segment.ledger
  AS 'MODULE_PATHNAME', 'segment_ledger_add' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.ledger_add(segment.ledger, segment.ledger) IS 'The calendar of both: assumes that no order lies in both. NULL if either is NULL.';
CREATE OPERATOR segment.+ (LEFTARG = segment.ledger, RIGHTARG = segment.ledger, FUNCTION = segment_internal.ledger_add, COMMUTATOR = OPERATOR(segment.+));
COMMENT ON OPERATOR segment.+ (segment.ledger, segment.ledger) IS 'The calendar of both: assumes that no order lies in both';

-- Questions.

CREATE FUNCTION segment.ledger_as_of(ledger segment.ledger, as_of date) RETURNS segment.ledger
  AS 'MODULE_PATHNAME', 'segment_ledger_as_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.ledger_as_of(segment.ledger, date) IS 'The calendar up to as_of, that day included: nothing after it is left. NULL if nothing is left, or for NULL arguments. 22023 for infinite dates.';

CREATE FUNCTION segment.ledger_rfm(ledger segment.ledger, as_of date) RETURNS segment.rfm
  AS 'MODULE_PATHNAME', 'segment_ledger_rfm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.ledger_rfm(segment.ledger, date) IS 'The rfm of all orders up to as_of, the same as rfm_agg over their dates. NULL without a day up to then, or for NULL arguments. 22023 for infinite dates.';

CREATE FUNCTION segment.ledger_rfm(ledger segment.ledger, as_of date, look_back interval) RETURNS segment.rfm
  AS 'MODULE_PATHNAME', 'segment_ledger_rfm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.ledger_rfm(segment.ledger, date, interval) IS 'The rfm of the orders in the window that ends with the day as_of and is look_back long (''365 days'', ''1 year''). NULL without a day in it, or for NULL arguments. 22023 for infinite dates or a window below one day.';

CREATE FUNCTION segment.ledger_entries(ledger segment.ledger, OUT day date, OUT orders bigint, OUT returns bigint, OUT amount numeric, OUT returned numeric) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_ledger_entries' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.ledger_entries(segment.ledger) IS 'One row a day of the calendar: orders, returns, net amount of all its rows, and the amount returned (positive).';

CREATE FUNCTION segment.ledger_orders(ledger segment.ledger, from_day date, to_day date) RETURNS bigint
  AS 'MODULE_PATHNAME', 'segment_ledger_orders' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.ledger_orders(segment.ledger, date, date) IS 'Orders in the period [from_day, to_day); 0 if there are none. NULL for NULL arguments.';

CREATE FUNCTION segment.ledger_revenue(ledger segment.ledger, from_day date, to_day date) RETURNS numeric
  AS 'MODULE_PATHNAME', 'segment_ledger_revenue' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.ledger_revenue(segment.ledger, date, date) IS 'Net amount, returns subtracted, in the period [from_day, to_day); exact; 0 if there is none. NULL for NULL arguments.';

CREATE FUNCTION segment.ledger_active(ledger segment.ledger, from_day date, to_day date) RETURNS boolean
  AS 'MODULE_PATHNAME', 'segment_ledger_active' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.ledger_active(segment.ledger, date, date) IS 'True if an order lies in the period [from_day, to_day). NULL for NULL arguments.';

CREATE FUNCTION segment.ledger_first(ledger segment.ledger) RETURNS date
  AS 'MODULE_PATHNAME', 'segment_ledger_first' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.ledger_first(segment.ledger) IS 'Day of the first order. NULL without an order, or for NULL.';

CREATE FUNCTION segment.ledger_last(ledger segment.ledger, as_of date DEFAULT 'infinity') RETURNS date
  AS 'MODULE_PATHNAME', 'segment_ledger_last' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.ledger_last(segment.ledger, date) IS 'Day of the last order up to as_of. NULL without one, or for NULL.';

CREATE FUNCTION segment.ledger_next_purchase(ledger segment.ledger, after date) RETURNS date
  AS 'MODULE_PATHNAME', 'segment_ledger_next_purchase' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.ledger_next_purchase(segment.ledger, date) IS 'Day of the first purchase after a day: what a prediction made on that day is checked against. NULL if none is known, or for NULL arguments.';

CREATE FUNCTION segment.ledger_decayed(ledger segment.ledger, as_of date, half_life interval) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_ledger_decayed' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.ledger_decayed(segment.ledger, date, interval) IS 'Net amount up to as_of of which each day counts half for every half_life that it lies before as_of: the sum of amount * 2^(-age / half_life). half_life is in days, without months: 22023. 0 for a calendar that begins later; NULL for NULL arguments.';

CREATE FUNCTION segment.ledger_gaps(ledger segment.ledger, as_of date) RETURNS int[]
  AS 'MODULE_PATHNAME', 'segment_ledger_gaps' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.ledger_gaps(segment.ledger, date) IS 'Days between successive purchases up to as_of, in order of time. A purchase is a day with an order on which no more was returned than bought. NULL with fewer than two purchases, or for NULL arguments.';

CREATE FUNCTION segment.ledger_median_gap(ledger segment.ledger, as_of date) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_ledger_median_gap' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.ledger_median_gap(segment.ledger, date) IS 'Median number of days between successive purchases up to as_of. A purchase is a day with an order on which no more was returned than bought. NULL with fewer than two purchases, or for NULL arguments.';

CREATE FUNCTION segment.ledger_regularity(ledger segment.ledger, as_of date) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_ledger_regularity' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.ledger_regularity(segment.ledger, date) IS 'How regular the gaps between purchases up to as_of are: the shape of their gamma distribution (Thom 1958). 1 is random, above 1 regular, below 1 in bursts; infinity if all gaps are equal. NULL with fewer than three purchases, or for NULL arguments.';

CREATE FUNCTION segment.ledger_overdue(ledger segment.ledger, as_of date) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_ledger_overdue' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.ledger_overdue(segment.ledger, date) IS 'Days since the last purchase up to as_of, divided by the customer''s own median gap: 1 is due, 2 is twice as long as usual. NULL with fewer than two purchases, or for NULL arguments.';

-- Repeat summaries.

CREATE FUNCTION segment.ledger_repeat(ledger segment.ledger, as_of date, unit interval) RETURNS segment.repeat_summary
  AS 'MODULE_PATHNAME', 'segment_ledger_repeat' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.ledger_repeat(segment.ledger, date, interval) IS 'Repeat summary at as_of, as the buy-till-you-die literature defines it: purchases merge by day, the first is not counted, times are in units of unit (a month is 365.25/12 days). Days on which more was returned than bought, or all of it, are no purchases, and counted in repeat_skipped. NULL without a purchase up to as_of, or for NULL arguments. 22023 for infinite dates or a unit outside one second to 100 years.';

CREATE FUNCTION segment.ledger_repeat_periods(ledger segment.ledger, as_of date, period interval) RETURNS segment.repeat_summary
  AS 'MODULE_PATHNAME', 'segment_ledger_repeat_periods' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.ledger_repeat_periods(segment.ledger, date, interval) IS 'Repeat summary at as_of of a customer with one chance to buy in each period (BG/BB, Fader, Hardie, Shang 2010): x periods with a purchase, t_x the last of them, t whole periods up to as_of, spend the mean amount of a period with a purchase. Period k ends k periods after the first purchase; months and years are the calendar''s, so for calendar years collect date_trunc(''year'', day). Purchases in the period that has not ended are left out. NULL without a purchase up to as_of, or for NULL arguments. 22023 unless the period is whole days or whole months.';

CREATE FUNCTION segment_internal.repeat_later(repeat segment.repeat_summary, days integer) RETURNS segment.repeat_summary
  AS 'MODULE_PATHNAME', 'segment_repeat_later' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.repeat_later(segment.repeat_summary, integer) IS 'What ledger_repeat gives so many days later if nothing was bought between. NULL for NULL.';

CREATE FUNCTION segment_internal.ledger_due(ledger segment.ledger, as_of date, look_back_days integer) RETURNS date
  AS 'MODULE_PATHNAME', 'segment_ledger_due' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.ledger_due(segment.ledger, date, integer) IS 'The first day after as_of on which ledger_rfm changes: that of the next entry, or that on which the oldest one leaves the look-back window (NULL: there is none). NULL if there is no such day, or for a NULL ledger or as_of.';

CREATE FUNCTION segment.repeat_summary(x bigint, t_x float8, t float8, spend float8, unit interval, first_spend float8 DEFAULT NULL) RETURNS segment.repeat_summary
  AS 'MODULE_PATHNAME', 'segment_repeat_summary_make' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment.repeat_summary(bigint, float8, float8, float8, interval, float8) IS 'Repeat summary of data that come ready: x repeat purchases, t_x time from the first to the last of them, t time observed, both in units of unit; spend mean amount of the repeat purchases, or NULL. NULL if x, t_x, t or unit is NULL. 22023 unless 0 <= t_x <= t, and t_x = 0 where x = 0.';

CREATE FUNCTION segment.repeat_x(repeat_summary segment.repeat_summary) RETURNS bigint
  AS 'MODULE_PATHNAME', 'segment_repeat_x' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.repeat_x(segment.repeat_summary) IS 'Number of repeat purchases: purchase days after the first. NULL for NULL.';

CREATE FUNCTION segment.repeat_t_x(repeat_summary segment.repeat_summary) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_repeat_t_x' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.repeat_t_x(segment.repeat_summary) IS 'Time from the first to the last purchase, in units; 0 without a repeat purchase. NULL for NULL.';

CREATE FUNCTION segment.repeat_t(repeat_summary segment.repeat_summary) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_repeat_t' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.repeat_t(segment.repeat_summary) IS 'Time from the first purchase to the end of the observation, in units. NULL for NULL.';

CREATE FUNCTION segment.repeat_spend(repeat_summary segment.repeat_summary) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_repeat_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.repeat_spend(segment.repeat_summary) IS 'Mean amount of the repeat purchases. NULL if there are none or it is unknown.';

CREATE FUNCTION segment.repeat_first_spend(repeat_summary segment.repeat_summary) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_repeat_first_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.repeat_first_spend(segment.repeat_summary) IS 'Amount of the first purchase. NULL if unknown.';

CREATE FUNCTION segment.repeat_unit(repeat_summary segment.repeat_summary) RETURNS interval
  AS 'MODULE_PATHNAME', 'segment_repeat_unit' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.repeat_unit(segment.repeat_summary) IS 'The unit of time. NULL for NULL.';

CREATE FUNCTION segment.repeat_skipped(repeat_summary segment.repeat_summary) RETURNS bigint
  AS 'MODULE_PATHNAME', 'segment_repeat_skipped' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.repeat_skipped(segment.repeat_summary) IS 'Days with orders or returns that were no purchase: more was returned than bought, or all of it. NULL for NULL.';
