-- rfm: the fixed-size summary of one customer's orders.

CREATE TYPE segment.rfm;

CREATE FUNCTION segment_internal.rfm_in(cstring) RETURNS segment.rfm
  AS 'MODULE_PATHNAME', 'segment_rfm_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.rfm_in(cstring) IS 'Text input of type rfm: kind(first,last,orders,total,returns,returned). 22P02 for anything else.';

CREATE FUNCTION segment_internal.rfm_out(segment.rfm) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_rfm_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.rfm_out(segment.rfm) IS 'Text output of type rfm, the same under any DateStyle and time zone.';

CREATE FUNCTION segment_internal.rfm_recv(internal) RETURNS segment.rfm
  AS 'MODULE_PATHNAME', 'segment_rfm_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.rfm_recv(internal) IS 'Binary input of type rfm. 22P03 for anything that rfm_send does not give.';

CREATE FUNCTION segment_internal.rfm_send(segment.rfm) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_rfm_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.rfm_send(segment.rfm) IS 'Binary output of type rfm.';

-- Declared variable-length although all values have one of two sizes: a fixed length could never grow later.
CREATE TYPE segment.rfm (
  INPUT = segment_internal.rfm_in, OUTPUT = segment_internal.rfm_out, RECEIVE = segment_internal.rfm_recv, SEND = segment_internal.rfm_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = plain
);
COMMENT ON TYPE segment.rfm IS 'Summary of one customer''s orders: first and last order, number of orders, exact net total, returns. Made by rfm_agg, read by rfm_recency, rfm_frequency, rfm_monetary, ...';

-- Accessors. zone matters for timestamptz orders only: the time zone whose calendar days count.

CREATE FUNCTION segment.rfm_recency(rfm segment.rfm, as_of date, zone text DEFAULT 'UTC') RETURNS int
  AS 'MODULE_PATHNAME', 'segment_rfm_recency' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.rfm_recency(segment.rfm, date, text) IS 'Recency: calendar days from the customer''s last order to as_of (0 = on that day). zone: time zone of the days, for timestamptz orders. NULL without an order or for NULL arguments. 22023 if an order lies after as_of, or for an unknown zone.';

CREATE FUNCTION segment.rfm_frequency(rfm segment.rfm) RETURNS bigint
  AS 'MODULE_PATHNAME', 'segment_rfm_frequency' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.rfm_frequency(segment.rfm) IS 'Frequency: number of orders; returns (negative amounts) are none. 0 for a customer with returns only, NULL for NULL.';

CREATE FUNCTION segment.rfm_monetary(rfm segment.rfm) RETURNS numeric
  AS 'MODULE_PATHNAME', 'segment_rfm_monetary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.rfm_monetary(segment.rfm) IS 'Monetary: net total of all amounts, returns subtracted; exact, the same as sum(numeric), with the largest number of decimals among the amounts (6 for float8 amounts). NULL for NULL.';

CREATE FUNCTION segment_internal.rfm_since_first(rfm segment.rfm, whole segment.rfm) RETURNS segment.rfm
  AS 'MODULE_PATHNAME', 'segment_rfm_since_first' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.rfm_since_first(segment.rfm, segment.rfm) IS 'rfm, of the orders of a window, with the first order of the whole history: who bought long ago is not new in a window. As it is without orders in either; NULL for NULL. 22023 for times of different types.';

CREATE FUNCTION segment.rfm_average(rfm segment.rfm) RETURNS numeric
  AS 'MODULE_PATHNAME', 'segment_rfm_average' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.rfm_average(segment.rfm) IS 'Average order value: net total / number of orders, with numeric''s rule for decimals. NULL without an order or for NULL.';

CREATE FUNCTION segment.rfm_first(rfm segment.rfm, zone text DEFAULT 'UTC') RETURNS date
  AS 'MODULE_PATHNAME', 'segment_rfm_first' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.rfm_first(segment.rfm, text) IS 'Day of the first order, in time zone zone for timestamptz orders. NULL without an order or for NULL. 22023 for an unknown zone.';

CREATE FUNCTION segment.rfm_last(rfm segment.rfm, zone text DEFAULT 'UTC') RETURNS date
  AS 'MODULE_PATHNAME', 'segment_rfm_last' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.rfm_last(segment.rfm, text) IS 'Day of the last order, in time zone zone for timestamptz orders. NULL without an order or for NULL. 22023 for an unknown zone.';

CREATE FUNCTION segment.rfm_tenure(rfm segment.rfm, as_of date, zone text DEFAULT 'UTC') RETURNS int
  AS 'MODULE_PATHNAME', 'segment_rfm_tenure' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.rfm_tenure(segment.rfm, date, text) IS 'Tenure: calendar days from the customer''s first order to as_of. zone: time zone of the days, for timestamptz orders. NULL without an order or for NULL arguments. 22023 if an order lies after as_of, or for an unknown zone.';

CREATE FUNCTION segment.rfm_returns(rfm segment.rfm) RETURNS bigint
  AS 'MODULE_PATHNAME', 'segment_rfm_returns' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.rfm_returns(segment.rfm) IS 'Number of returns: rows with a negative amount; with an order id, orders all of whose rows are negative. NULL for NULL.';

CREATE FUNCTION segment.rfm_returned(rfm segment.rfm) RETURNS numeric
  AS 'MODULE_PATHNAME', 'segment_rfm_returned_amount' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.rfm_returned(segment.rfm) IS 'Amount of all returns, as a positive number: monetary + returned is the total before returns. NULL for NULL.';

CREATE FUNCTION segment.rfm_with_monetary(rfm segment.rfm, monetary numeric) RETURNS segment.rfm
  AS 'MODULE_PATHNAME', 'segment_rfm_with_monetary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.rfm_with_monetary(segment.rfm, numeric) IS 'The same orders, days and returns with another monetary value, such as the margin: then scores rank by it, while an order at a loss stays an order. rfm_returned stays that of the sales. NULL for NULL: a margin that is not known is none. 22003 beyond 10^30 or 20 decimals, and for NaN.';

CREATE FUNCTION segment_internal.rfm_to_jsonb(rfm segment.rfm) RETURNS jsonb
  AS 'MODULE_PATHNAME', 'segment_rfm_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.rfm_to_jsonb(segment.rfm) IS 'The summary as a JSON object: first, last (ISO 8601 or null), orders, monetary, returns, returned, time (date, timestamp or timestamptz).';

CREATE CAST (segment.rfm AS jsonb) WITH FUNCTION segment_internal.rfm_to_jsonb(segment.rfm);
COMMENT ON CAST (segment.rfm AS jsonb) IS 'The summary as a JSON object';

-- Comparison: a total order in which the number of decimals does not matter.

CREATE FUNCTION segment_internal.rfm_eq(segment.rfm, segment.rfm) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_rfm_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.rfm_ne(segment.rfm, segment.rfm) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_rfm_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.rfm_lt(segment.rfm, segment.rfm) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_rfm_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.rfm_le(segment.rfm, segment.rfm) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_rfm_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.rfm_gt(segment.rfm, segment.rfm) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_rfm_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.rfm_ge(segment.rfm, segment.rfm) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_rfm_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.rfm_cmp(segment.rfm, segment.rfm) RETURNS int AS 'MODULE_PATHNAME', 'segment_rfm_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.rfm_hash(segment.rfm) RETURNS int AS 'MODULE_PATHNAME', 'segment_rfm_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.rfm_hash_extended(segment.rfm, bigint) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_rfm_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.rfm_eq(segment.rfm, segment.rfm) IS 'Equality of summaries; the number of decimals does not matter (1.5 = 1.50)';
COMMENT ON FUNCTION segment_internal.rfm_ne(segment.rfm, segment.rfm) IS 'Inequality of summaries';
COMMENT ON FUNCTION segment_internal.rfm_lt(segment.rfm, segment.rfm) IS 'Order of summaries: by orders, total, last, first, returns, returned';
COMMENT ON FUNCTION segment_internal.rfm_le(segment.rfm, segment.rfm) IS 'Order of summaries: by orders, total, last, first, returns, returned';
COMMENT ON FUNCTION segment_internal.rfm_gt(segment.rfm, segment.rfm) IS 'Order of summaries: by orders, total, last, first, returns, returned';
COMMENT ON FUNCTION segment_internal.rfm_ge(segment.rfm, segment.rfm) IS 'Order of summaries: by orders, total, last, first, returns, returned';
COMMENT ON FUNCTION segment_internal.rfm_cmp(segment.rfm, segment.rfm) IS 'Three-way comparison of summaries for btree: -1, 0 or 1';
COMMENT ON FUNCTION segment_internal.rfm_hash(segment.rfm) IS 'Hash of a summary, equal for equal summaries';
COMMENT ON FUNCTION segment_internal.rfm_hash_extended(segment.rfm, bigint) IS 'Hash of a summary with a seed, equal for equal summaries';

CREATE OPERATOR segment.= (LEFTARG = segment.rfm, RIGHTARG = segment.rfm, FUNCTION = segment_internal.rfm_eq, COMMUTATOR = OPERATOR(segment.=), NEGATOR = OPERATOR(segment.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR segment.<> (LEFTARG = segment.rfm, RIGHTARG = segment.rfm, FUNCTION = segment_internal.rfm_ne, COMMUTATOR = OPERATOR(segment.<>), NEGATOR = OPERATOR(segment.=), RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR segment.< (LEFTARG = segment.rfm, RIGHTARG = segment.rfm, FUNCTION = segment_internal.rfm_lt, COMMUTATOR = OPERATOR(segment.>), NEGATOR = OPERATOR(segment.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR segment.<= (LEFTARG = segment.rfm, RIGHTARG = segment.rfm, FUNCTION = segment_internal.rfm_le, COMMUTATOR = OPERATOR(segment.>=), NEGATOR = OPERATOR(segment.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR segment.> (LEFTARG = segment.rfm, RIGHTARG = segment.rfm, FUNCTION = segment_internal.rfm_gt, COMMUTATOR = OPERATOR(segment.<), NEGATOR = OPERATOR(segment.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR segment.>= (LEFTARG = segment.rfm, RIGHTARG = segment.rfm, FUNCTION = segment_internal.rfm_ge, COMMUTATOR = OPERATOR(segment.<=), NEGATOR = OPERATOR(segment.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR segment.= (segment.rfm, segment.rfm) IS 'Equality of summaries; the number of decimals does not matter';
COMMENT ON OPERATOR segment.<> (segment.rfm, segment.rfm) IS 'Inequality of summaries';
COMMENT ON OPERATOR segment.< (segment.rfm, segment.rfm) IS 'Order of summaries: by orders, total, last, first, returns, returned';
COMMENT ON OPERATOR segment.<= (segment.rfm, segment.rfm) IS 'Order of summaries: by orders, total, last, first, returns, returned';
COMMENT ON OPERATOR segment.> (segment.rfm, segment.rfm) IS 'Order of summaries: by orders, total, last, first, returns, returned';
COMMENT ON OPERATOR segment.>= (segment.rfm, segment.rfm) IS 'Order of summaries: by orders, total, last, first, returns, returned';

CREATE OPERATOR CLASS segment.rfm_ops DEFAULT FOR TYPE segment.rfm USING btree AS
  OPERATOR 1 segment.<, OPERATOR 2 segment.<=, OPERATOR 3 segment.=, OPERATOR 4 segment.>=, OPERATOR 5 segment.>, FUNCTION 1 segment_internal.rfm_cmp(segment.rfm, segment.rfm);
CREATE OPERATOR CLASS segment.rfm_hash_ops DEFAULT FOR TYPE segment.rfm USING hash AS
  OPERATOR 1 segment.=, FUNCTION 1 segment_internal.rfm_hash(segment.rfm), FUNCTION 2 segment_internal.rfm_hash_extended(segment.rfm, bigint);
COMMENT ON OPERATOR CLASS segment.rfm_ops USING btree IS 'Sorting and uniqueness of summaries';
COMMENT ON OPERATOR CLASS segment.rfm_hash_ops USING hash IS 'Grouping and hash joins of summaries';

-- Merging.

CREATE FUNCTION segment_internal.rfm_add(segment.rfm, segment.rfm) RETURNS segment.rfm
  AS 'MODULE_PATHNAME', 'segment_rfm_add_rfm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.rfm_add(segment.rfm, segment.rfm) IS 'The summary of both: assumes that no order lies in both. NULL if either is NULL. 22023 if their times are of different types.';

CREATE OPERATOR segment.+ (LEFTARG = segment.rfm, RIGHTARG = segment.rfm, FUNCTION = segment_internal.rfm_add, COMMUTATOR = OPERATOR(segment.+));
COMMENT ON OPERATOR segment.+ (segment.rfm, segment.rfm) IS 'The summary of both: assumes that no order lies in both';

CREATE FUNCTION segment_internal.rfm_agg_support(internal) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_rfm_agg_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.rfm_agg_support(internal) IS 'Planner support of rfm_agg: has the library loaded in time for its grouping path';

CREATE FUNCTION segment_internal.rfm_agg_combine(segment.rfm, segment.rfm) RETURNS segment.rfm
  AS 'MODULE_PATHNAME', 'segment_rfm_agg_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE SUPPORT segment_internal.rfm_agg_support;
COMMENT ON FUNCTION segment_internal.rfm_agg_combine(segment.rfm, segment.rfm) IS 'Combine function of rfm_agg and transition function of rfm_rollup. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.rfm_agg_final(segment.rfm) RETURNS segment.rfm
  AS 'MODULE_PATHNAME', 'segment_rfm_agg_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.rfm_agg_final(segment.rfm) IS 'Final function of rfm_agg and rfm_rollup: the canonical form of the state';

CREATE AGGREGATE segment.rfm_rollup(segment.rfm) (
  SFUNC = segment_internal.rfm_agg_combine, STYPE = segment.rfm, SSPACE = 96, FINALFUNC = segment_internal.rfm_agg_final,
  COMBINEFUNC = segment_internal.rfm_agg_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.rfm_rollup(segment.rfm) IS 'Merges stored summaries of one customer (one a day, one a shop, ...) into one: assumes that every order lies in one part; an order split over two parts counts twice. NULLs are skipped; NULL without input. 22023 if the times are of different types.';

CREATE FUNCTION segment_internal.rfm_orders_combine(internal, internal) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_rfm_orders_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION segment_internal.rfm_orders_serialize(internal) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_rfm_orders_serialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.rfm_orders_deserialize(bytea, internal) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_rfm_orders_deserialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.rfm_orders_final(internal) RETURNS segment.rfm
  AS 'MODULE_PATHNAME', 'segment_rfm_orders_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.rfm_orders_combine(internal, internal) IS 'Combine function of rfm_agg with an order id: the same order in both counts once';
COMMENT ON FUNCTION segment_internal.rfm_orders_serialize(internal) IS 'Serialization of rfm_agg''s state with its order ids, for parallel plans';
COMMENT ON FUNCTION segment_internal.rfm_orders_deserialize(bytea, internal) IS 'Deserialization of rfm_agg''s state with its order ids, for parallel plans';
COMMENT ON FUNCTION segment_internal.rfm_orders_final(internal) IS 'Final function of rfm_agg with an order id';

-- rfm_agg: an overload for each type of time and of amount, so that nothing resolves to a lossy cast.
DO $$
DECLARE
  at_type text;
  amount_type text;
BEGIN
  FOREACH at_type IN ARRAY ARRAY['date', 'timestamp', 'timestamptz'] LOOP
    FOREACH amount_type IN ARRAY ARRAY['numeric', 'smallint', 'int', 'bigint', 'float8'] LOOP
      EXECUTE format($f$
        CREATE FUNCTION segment_internal.rfm_agg_trans(segment.rfm, at %1$s, amount %2$s) RETURNS segment.rfm
          AS 'MODULE_PATHNAME', 'segment_rfm_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE SUPPORT segment_internal.rfm_agg_support;
        COMMENT ON FUNCTION segment_internal.rfm_agg_trans(segment.rfm, %1$s, %2$s) IS
          'Transition function of rfm_agg(at, amount). 22023 outside an aggregate.';
        CREATE AGGREGATE segment.rfm_agg(at %1$s, amount %2$s) (
          SFUNC = segment_internal.rfm_agg_trans, STYPE = segment.rfm, SSPACE = 96, FINALFUNC = segment_internal.rfm_agg_final,
          COMBINEFUNC = segment_internal.rfm_agg_combine, PARALLEL = SAFE
        );
        COMMENT ON AGGREGATE segment.rfm_agg(%1$s, %2$s) IS
          'Summary of one customer''s orders, one row an order. A negative amount is a return: it lowers the total, is no order and moves neither first nor last; zero is an order. Rows with a NULL time or amount are skipped; NULL without rows. Amounts: numeric and integers exactly (up to 20 decimals), float8 rounded to 6 decimals a row. 22003 for NaN, infinities and amounts from 10^30, 22008 for infinite times.';
        CREATE FUNCTION segment_internal.rfm_agg_trans(internal, at %1$s, amount %2$s, order_id anyelement) RETURNS internal
          AS 'MODULE_PATHNAME', 'segment_rfm_orders_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE SUPPORT segment_internal.rfm_agg_support;
        COMMENT ON FUNCTION segment_internal.rfm_agg_trans(internal, %1$s, %2$s, anyelement) IS
          'Transition function of rfm_agg(at, amount, order_id). 22023 outside an aggregate.';
        CREATE AGGREGATE segment.rfm_agg(at %1$s, amount %2$s, order_id anyelement) (
          SFUNC = segment_internal.rfm_agg_trans, STYPE = internal, SSPACE = 400, FINALFUNC = segment_internal.rfm_orders_final,
          COMBINEFUNC = segment_internal.rfm_orders_combine, SERIALFUNC = segment_internal.rfm_orders_serialize,
          DESERIALFUNC = segment_internal.rfm_orders_deserialize, PARALLEL = SAFE
        );
        COMMENT ON AGGREGATE segment.rfm_agg(%1$s, %2$s, anyelement) IS
          'Summary of one customer''s orders from order lines: rows with the same order_id are one order, counted exactly; a row with a NULL order_id is an order of its own. An order counts if any of its rows is >= 0 (a discount line is no return), else it is a return. Rows with a NULL time or amount are skipped; NULL without rows. Amounts and errors as in rfm_agg(at, amount); 42883 for an order_id type without equality or hash.';
      $f$, at_type, amount_type);
    END LOOP;
  END LOOP;
END
$$;
