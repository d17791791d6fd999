-- actives: active customers by day, and within a window of days

CREATE TYPE segment.actives;

CREATE FUNCTION segment_internal.actives_in(cstring) RETURNS segment.actives
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_actives_in';
COMMENT ON FUNCTION segment_internal.actives_in(cstring) IS
  'reads the text of actives';

CREATE FUNCTION segment_internal.actives_out(segment.actives) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_stored_out';
COMMENT ON FUNCTION segment_internal.actives_out(segment.actives) IS
  'writes actives as text';

CREATE FUNCTION segment_internal.actives_recv(internal) RETURNS segment.actives
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_actives_recv';
COMMENT ON FUNCTION segment_internal.actives_recv(internal) IS
  'reads the binary form of actives, checking it';

CREATE FUNCTION segment_internal.actives_send(segment.actives) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_stored_send';
COMMENT ON FUNCTION segment_internal.actives_send(segment.actives) IS
  'writes the binary form of actives';

CREATE TYPE segment.actives (
  INPUT = segment_internal.actives_in, OUTPUT = segment_internal.actives_out, RECEIVE = segment_internal.actives_recv, SEND = segment_internal.actives_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE segment.actives IS
  'how many customers were active on each day of a range, and within a window of days up to it: what active_table reads. Values of the same days and window merge: active_rollup, +';

CREATE FUNCTION segment_internal.active_agg_trans(internal, ledger segment.ledger, from_day date, to_day date, window_days integer) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_active_agg_trans';
COMMENT ON FUNCTION segment_internal.active_agg_trans(internal, segment.ledger, date, date, integer) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.active_rollup_trans(internal, actives segment.actives) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_active_rollup_trans';
COMMENT ON FUNCTION segment_internal.active_rollup_trans(internal, segment.actives) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.active_combine(internal, internal) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_active_combine';
COMMENT ON FUNCTION segment_internal.active_combine(internal, internal) IS
  'Combine function.';

CREATE FUNCTION segment_internal.active_final(internal) RETURNS segment.actives
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_active_final';
COMMENT ON FUNCTION segment_internal.active_final(internal) IS
  'Final function.';

CREATE FUNCTION segment_internal.active_serialize(internal) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_active_final';
COMMENT ON FUNCTION segment_internal.active_serialize(internal) IS
  'Serial function.';

CREATE FUNCTION segment_internal.active_deserialize(bytea, internal) RETURNS internal
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_active_deserialize';
COMMENT ON FUNCTION segment_internal.active_deserialize(bytea, internal) IS
  'Deserial function.';

CREATE AGGREGATE segment.active_agg(ledger segment.ledger, from_day date, to_day date, window_days integer) (
  SFUNC = segment_internal.active_agg_trans,
  STYPE = internal, SSPACE = 8192, FINALFUNC = segment_internal.active_final,
  COMBINEFUNC = segment_internal.active_combine, SERIALFUNC = segment_internal.active_serialize, DESERIALFUNC = segment_internal.active_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.active_agg(segment.ledger, date, date, integer) IS
  'active customers of each day from from_day to the day before to_day, over stored ledgers, a customer a row: who has an order on the day, and who has one on it or the window_days - 1 days before it, also before from_day. Days after what the ledgers know count as days without orders: end with the day after the last one. A NULL ledger is skipped; NULL without any. The other arguments are the same in every row: 22023 where they change or are out of range (window_days is 1 to 3660), 22004 for NULL, 54000 beyond 10000 days';

CREATE AGGREGATE segment.active_rollup(actives segment.actives) (
  SFUNC = segment_internal.active_rollup_trans,
  STYPE = internal, SSPACE = 8192, FINALFUNC = segment_internal.active_final,
  COMBINEFUNC = segment_internal.active_combine, SERIALFUNC = segment_internal.active_serialize, DESERIALFUNC = segment_internal.active_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.active_rollup(segment.actives) IS
  'the active customers of all parts; NULL without any. Each customer must lie in one part. 22023 for different days or windows';

CREATE FUNCTION segment_internal.actives_add(segment.actives, segment.actives) RETURNS segment.actives
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_actives_add';
COMMENT ON FUNCTION segment_internal.actives_add(segment.actives, segment.actives) IS
  'behind +: the customers of both. 22023 for different days or windows';

CREATE OPERATOR segment.+ (LEFTARG = segment.actives, RIGHTARG = segment.actives, FUNCTION = segment_internal.actives_add,
  COMMUTATOR = OPERATOR(segment.+));
COMMENT ON OPERATOR segment.+ (segment.actives, segment.actives) IS 'the customers of both';

CREATE FUNCTION segment.active_table(actives segment.actives, OUT day date, OUT active bigint, OUT active_in_window bigint,
  OUT active_days_in_window bigint, OUT stickiness double precision, OUT mean_stickiness double precision)
  RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 365 AS 'MODULE_PATHNAME', 'segment_active_table';
COMMENT ON FUNCTION segment.active_table(segment.actives) IS
  'one row a day: customers active on it; within the window up to it (with a window of 28 days what is called MAU); on how many days of the window, summed over them; stickiness: active / active_in_window, which goes with the day of the week; mean_stickiness: the share of the days of the window on which somebody active in it is active, on average. NULL where nobody is; no row for NULL';
