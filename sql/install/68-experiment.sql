-- experiment: one metric in one arm of an experiment, as exact sums

CREATE TYPE segment.outcome;

CREATE FUNCTION segment_internal.outcome_in(cstring) RETURNS segment.outcome
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_in';
COMMENT ON FUNCTION segment_internal.outcome_in(cstring) IS
  'reads the text of an outcome';

CREATE FUNCTION segment_internal.outcome_out(segment.outcome) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_out';
COMMENT ON FUNCTION segment_internal.outcome_out(segment.outcome) IS
  'writes an outcome as text';

CREATE FUNCTION segment_internal.outcome_recv(internal) RETURNS segment.outcome
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_recv';
COMMENT ON FUNCTION segment_internal.outcome_recv(internal) IS
  'reads the binary form of an outcome, checking it';

CREATE FUNCTION segment_internal.outcome_send(segment.outcome) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_send';
COMMENT ON FUNCTION segment_internal.outcome_send(segment.outcome) IS
  'writes the binary form of an outcome';

CREATE TYPE segment.outcome (
  INPUT = segment_internal.outcome_in, OUTPUT = segment_internal.outcome_out, RECEIVE = segment_internal.outcome_recv, SEND = segment_internal.outcome_send,
  INTERNALLENGTH = VARIABLE, STORAGE = extended
);
COMMENT ON TYPE segment.outcome IS
  'one metric in one arm of an experiment: how many rows, the exact sum and the exact sum of squares, and of a second column likewise: what compare reads. Values merge: outcome_rollup, +. As text n 3, y 6.5, yy 15.25: rows, sum of y, sum of y squared; with a second column n 3, y 6, yy 14, x 9, xx 29, xy 20, and behind a semicolon the rows whose x is missing';

CREATE FUNCTION segment_internal.outcome_eq(segment.outcome, segment.outcome) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_bytes_eq';
COMMENT ON FUNCTION segment_internal.outcome_eq(segment.outcome, segment.outcome) IS
  'behind =: equal';

CREATE FUNCTION segment_internal.outcome_ne(segment.outcome, segment.outcome) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_bytes_ne';
COMMENT ON FUNCTION segment_internal.outcome_ne(segment.outcome, segment.outcome) IS
  'behind <>: not equal';

CREATE FUNCTION segment_internal.outcome_lt(segment.outcome, segment.outcome) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_bytes_lt';
COMMENT ON FUNCTION segment_internal.outcome_lt(segment.outcome, segment.outcome) IS
  'behind <: less';

CREATE FUNCTION segment_internal.outcome_le(segment.outcome, segment.outcome) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_bytes_le';
COMMENT ON FUNCTION segment_internal.outcome_le(segment.outcome, segment.outcome) IS
  'behind <=: less or equal';

CREATE FUNCTION segment_internal.outcome_gt(segment.outcome, segment.outcome) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_bytes_gt';
COMMENT ON FUNCTION segment_internal.outcome_gt(segment.outcome, segment.outcome) IS
  'behind >: greater';

CREATE FUNCTION segment_internal.outcome_ge(segment.outcome, segment.outcome) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_bytes_ge';
COMMENT ON FUNCTION segment_internal.outcome_ge(segment.outcome, segment.outcome) IS
  'behind >=: greater or equal';

CREATE FUNCTION segment_internal.outcome_cmp(segment.outcome, segment.outcome) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_bytes_cmp';
COMMENT ON FUNCTION segment_internal.outcome_cmp(segment.outcome, segment.outcome) IS
  'order of two outcomes, by their bytes: for indexes and DISTINCT, without a meaning';

CREATE FUNCTION segment_internal.outcome_hash(segment.outcome) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_bytes_hash';
COMMENT ON FUNCTION segment_internal.outcome_hash(segment.outcome) IS
  'hash of an outcome; equal values have equal hashes';

CREATE FUNCTION segment_internal.outcome_hash_extended(segment.outcome, bigint) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_bytes_hash_extended';
COMMENT ON FUNCTION segment_internal.outcome_hash_extended(segment.outcome, bigint) IS
  'seeded hash of an outcome';

CREATE OPERATOR segment.= (LEFTARG = segment.outcome, RIGHTARG = segment.outcome, FUNCTION = segment_internal.outcome_eq,
  COMMUTATOR = OPERATOR(segment.=), NEGATOR = OPERATOR(segment.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
COMMENT ON OPERATOR segment.= (segment.outcome, segment.outcome) IS 'equal';
CREATE OPERATOR segment.<> (LEFTARG = segment.outcome, RIGHTARG = segment.outcome, FUNCTION = segment_internal.outcome_ne,
  COMMUTATOR = OPERATOR(segment.<>), NEGATOR = OPERATOR(segment.=), RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR segment.<> (segment.outcome, segment.outcome) IS 'not equal';
CREATE OPERATOR segment.< (LEFTARG = segment.outcome, RIGHTARG = segment.outcome, FUNCTION = segment_internal.outcome_lt,
  COMMUTATOR = OPERATOR(segment.>), NEGATOR = OPERATOR(segment.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR segment.< (segment.outcome, segment.outcome) IS 'less';
CREATE OPERATOR segment.<= (LEFTARG = segment.outcome, RIGHTARG = segment.outcome, FUNCTION = segment_internal.outcome_le,
  COMMUTATOR = OPERATOR(segment.>=), NEGATOR = OPERATOR(segment.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR segment.<= (segment.outcome, segment.outcome) IS 'less or equal';
CREATE OPERATOR segment.> (LEFTARG = segment.outcome, RIGHTARG = segment.outcome, FUNCTION = segment_internal.outcome_gt,
  COMMUTATOR = OPERATOR(segment.<), NEGATOR = OPERATOR(segment.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR segment.> (segment.outcome, segment.outcome) IS 'greater';
CREATE OPERATOR segment.>= (LEFTARG = segment.outcome, RIGHTARG = segment.outcome, FUNCTION = segment_internal.outcome_ge,
  COMMUTATOR = OPERATOR(segment.<=), NEGATOR = OPERATOR(segment.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR segment.>= (segment.outcome, segment.outcome) IS 'greater or equal';

CREATE OPERATOR CLASS segment.outcome_ops DEFAULT FOR TYPE segment.outcome USING btree AS
  OPERATOR 1 segment.<, OPERATOR 2 segment.<=, OPERATOR 3 segment.=, OPERATOR 4 segment.>=, OPERATOR 5 segment.>,
  FUNCTION 1 segment_internal.outcome_cmp(segment.outcome, segment.outcome);
COMMENT ON OPERATOR CLASS segment.outcome_ops USING btree IS 'order of outcomes, by bytes';

CREATE OPERATOR CLASS segment.outcome_hash_ops DEFAULT FOR TYPE segment.outcome USING hash AS
  OPERATOR 1 segment.=,
  FUNCTION 1 segment_internal.outcome_hash(segment.outcome), FUNCTION 2 segment_internal.outcome_hash_extended(segment.outcome, bigint);
COMMENT ON OPERATOR CLASS segment.outcome_hash_ops USING hash IS 'hashing of outcomes';

CREATE FUNCTION segment_internal.outcome_agg_trans(internal, y numeric) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_agg_numeric';
COMMENT ON FUNCTION segment_internal.outcome_agg_trans(internal, numeric) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.outcome_agg_trans(internal, y smallint) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_agg_int2';
COMMENT ON FUNCTION segment_internal.outcome_agg_trans(internal, smallint) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.outcome_agg_trans(internal, y integer) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_agg_int4';
COMMENT ON FUNCTION segment_internal.outcome_agg_trans(internal, integer) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.outcome_agg_trans(internal, y bigint) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_agg_int8';
COMMENT ON FUNCTION segment_internal.outcome_agg_trans(internal, bigint) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.outcome_agg_trans(internal, y double precision) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_agg_float8';
COMMENT ON FUNCTION segment_internal.outcome_agg_trans(internal, double precision) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.outcome_agg_trans(internal, y boolean) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_agg_bool';
COMMENT ON FUNCTION segment_internal.outcome_agg_trans(internal, boolean) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.outcome_agg_trans(internal, y numeric, x numeric) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_agg_numeric_numeric';
COMMENT ON FUNCTION segment_internal.outcome_agg_trans(internal, numeric, numeric) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.outcome_agg_trans(internal, y integer, x integer) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_agg_int4_int4';
COMMENT ON FUNCTION segment_internal.outcome_agg_trans(internal, integer, integer) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.outcome_agg_trans(internal, y bigint, x bigint) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_agg_int8_int8';
COMMENT ON FUNCTION segment_internal.outcome_agg_trans(internal, bigint, bigint) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.outcome_agg_trans(internal, y double precision, x double precision) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_agg_float8_float8';
COMMENT ON FUNCTION segment_internal.outcome_agg_trans(internal, double precision, double precision) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.outcome_agg_trans(internal, y boolean, x boolean) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_agg_bool_bool';
COMMENT ON FUNCTION segment_internal.outcome_agg_trans(internal, boolean, boolean) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.outcome_agg_trans(internal, y boolean, x numeric) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_agg_bool_numeric';
COMMENT ON FUNCTION segment_internal.outcome_agg_trans(internal, boolean, numeric) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.outcome_agg_trans(internal, y boolean, x bigint) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_agg_bool_int8';
COMMENT ON FUNCTION segment_internal.outcome_agg_trans(internal, boolean, bigint) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.outcome_agg_trans(internal, y boolean, x double precision) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_agg_bool_float8';
COMMENT ON FUNCTION segment_internal.outcome_agg_trans(internal, boolean, double precision) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.outcome_agg_trans(internal, y numeric, x boolean) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_agg_numeric_bool';
COMMENT ON FUNCTION segment_internal.outcome_agg_trans(internal, numeric, boolean) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.outcome_agg_trans(internal, y bigint, x boolean) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_agg_int8_bool';
COMMENT ON FUNCTION segment_internal.outcome_agg_trans(internal, bigint, boolean) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.outcome_agg_trans(internal, y double precision, x boolean) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_agg_float8_bool';
COMMENT ON FUNCTION segment_internal.outcome_agg_trans(internal, double precision, boolean) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.outcome_rollup_trans(internal, outcome segment.outcome) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_rollup_trans';
COMMENT ON FUNCTION segment_internal.outcome_rollup_trans(internal, segment.outcome) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.outcome_combine(internal, internal) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_combine';
COMMENT ON FUNCTION segment_internal.outcome_combine(internal, internal) IS
  'Combine function.';

CREATE FUNCTION segment_internal.outcome_final(internal) RETURNS segment.outcome
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_final';
COMMENT ON FUNCTION segment_internal.outcome_final(internal) IS
  'Final function.';

CREATE FUNCTION segment_internal.outcome_serialize(internal) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_final';
COMMENT ON FUNCTION segment_internal.outcome_serialize(internal) IS
  'Serial function.';

CREATE FUNCTION segment_internal.outcome_deserialize(bytea, internal) RETURNS internal
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_deserialize';
COMMENT ON FUNCTION segment_internal.outcome_deserialize(bytea, internal) IS
  'Deserial function.';

CREATE AGGREGATE segment.outcome_agg(y numeric) (
  SFUNC = segment_internal.outcome_agg_trans,
  STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
  COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize, DESERIALFUNC = segment_internal.outcome_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.outcome_agg(numeric) IS
  'the metric of one arm, a customer a row, as exact sums. Give customers without orders a 0, or they are missing from the mean. Rows with a NULL are skipped; NULL without any. 22003 for NaN, infinities, 10^30 and beyond, more than 20 decimals';

CREATE AGGREGATE segment.outcome_agg(y smallint) (
  SFUNC = segment_internal.outcome_agg_trans,
  STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
  COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize, DESERIALFUNC = segment_internal.outcome_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.outcome_agg(smallint) IS
  'the same for smallint';

CREATE AGGREGATE segment.outcome_agg(y integer) (
  SFUNC = segment_internal.outcome_agg_trans,
  STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
  COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize, DESERIALFUNC = segment_internal.outcome_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.outcome_agg(integer) IS
  'the same for integer';

CREATE AGGREGATE segment.outcome_agg(y bigint) (
  SFUNC = segment_internal.outcome_agg_trans,
  STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
  COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize, DESERIALFUNC = segment_internal.outcome_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.outcome_agg(bigint) IS
  'the same for bigint';

CREATE AGGREGATE segment.outcome_agg(y double precision) (
  SFUNC = segment_internal.outcome_agg_trans,
  STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
  COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize, DESERIALFUNC = segment_internal.outcome_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.outcome_agg(double precision) IS
  'the same for double precision, rounded once a row to 20 decimals: the sums do not depend on the order of the rows';

CREATE AGGREGATE segment.outcome_agg(y boolean) (
  SFUNC = segment_internal.outcome_agg_trans,
  STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
  COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize, DESERIALFUNC = segment_internal.outcome_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.outcome_agg(boolean) IS
  'the same for a metric that is true or false, such as having ordered: true is 1';

CREATE AGGREGATE segment.outcome_agg(y numeric, x numeric) (
  SFUNC = segment_internal.outcome_agg_trans,
  STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
  COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize, DESERIALFUNC = segment_internal.outcome_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.outcome_agg(numeric, numeric) IS
  'a metric and a second column: the denominator of a ratio (orders and sessions of a customer), or what the customer did before the experiment, for method cuped. A row whose x is NULL counts as one whose x is missing; a row whose y is NULL is skipped';

CREATE AGGREGATE segment.outcome_agg(y integer, x integer) (
  SFUNC = segment_internal.outcome_agg_trans,
  STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
  COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize, DESERIALFUNC = segment_internal.outcome_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.outcome_agg(integer, integer) IS
  'the same for integer and integer';

CREATE AGGREGATE segment.outcome_agg(y bigint, x bigint) (
  SFUNC = segment_internal.outcome_agg_trans,
  STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
  COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize, DESERIALFUNC = segment_internal.outcome_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.outcome_agg(bigint, bigint) IS
  'the same for bigint and bigint';

CREATE AGGREGATE segment.outcome_agg(y double precision, x double precision) (
  SFUNC = segment_internal.outcome_agg_trans,
  STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
  COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize, DESERIALFUNC = segment_internal.outcome_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.outcome_agg(double precision, double precision) IS
  'the same for double precision and double precision';

CREATE AGGREGATE segment.outcome_agg(y boolean, x boolean) (
  SFUNC = segment_internal.outcome_agg_trans,
  STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
  COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize, DESERIALFUNC = segment_internal.outcome_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.outcome_agg(boolean, boolean) IS
  'the same for boolean and boolean';

CREATE AGGREGATE segment.outcome_agg(y boolean, x numeric) (
  SFUNC = segment_internal.outcome_agg_trans,
  STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
  COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize, DESERIALFUNC = segment_internal.outcome_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.outcome_agg(boolean, numeric) IS
  'the same for boolean and numeric';

CREATE AGGREGATE segment.outcome_agg(y boolean, x bigint) (
  SFUNC = segment_internal.outcome_agg_trans,
  STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
  COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize, DESERIALFUNC = segment_internal.outcome_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.outcome_agg(boolean, bigint) IS
  'the same for boolean and bigint';

CREATE AGGREGATE segment.outcome_agg(y boolean, x double precision) (
  SFUNC = segment_internal.outcome_agg_trans,
  STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
  COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize, DESERIALFUNC = segment_internal.outcome_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.outcome_agg(boolean, double precision) IS
  'the same for boolean and double precision';

CREATE AGGREGATE segment.outcome_agg(y numeric, x boolean) (
  SFUNC = segment_internal.outcome_agg_trans,
  STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
  COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize, DESERIALFUNC = segment_internal.outcome_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.outcome_agg(numeric, boolean) IS
  'the same for numeric and boolean';

CREATE AGGREGATE segment.outcome_agg(y bigint, x boolean) (
  SFUNC = segment_internal.outcome_agg_trans,
  STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
  COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize, DESERIALFUNC = segment_internal.outcome_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.outcome_agg(bigint, boolean) IS
  'the same for bigint and boolean';

CREATE AGGREGATE segment.outcome_agg(y double precision, x boolean) (
  SFUNC = segment_internal.outcome_agg_trans,
  STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
  COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize, DESERIALFUNC = segment_internal.outcome_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.outcome_agg(double precision, boolean) IS
  'the same for double precision and boolean';

CREATE AGGREGATE segment.outcome_rollup(outcome segment.outcome) (
  SFUNC = segment_internal.outcome_rollup_trans,
  STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
  COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize, DESERIALFUNC = segment_internal.outcome_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.outcome_rollup(segment.outcome) IS
  'the outcome of all rows of the parts together: days, markets, servers. NULL without any. 22023 if only some have a second column';

CREATE FUNCTION segment_internal.outcome_add(segment.outcome, segment.outcome) RETURNS segment.outcome
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_add';
COMMENT ON FUNCTION segment_internal.outcome_add(segment.outcome, segment.outcome) IS
  'behind +: the rows of both. 22023 if only one has a second column';

CREATE OPERATOR segment.+ (LEFTARG = segment.outcome, RIGHTARG = segment.outcome, FUNCTION = segment_internal.outcome_add, COMMUTATOR = OPERATOR(segment.+));
COMMENT ON OPERATOR segment.+ (segment.outcome, segment.outcome) IS 'the rows of both';

CREATE FUNCTION segment.outcome(n bigint, y numeric, yy numeric) RETURNS segment.outcome
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_of_sums';
COMMENT ON FUNCTION segment.outcome(bigint, numeric, numeric) IS
  'an outcome of sums that were computed elsewhere: rows, sum of the metric, sum of its squares. 22023 for sums that no data have; NULL for NULL';

CREATE FUNCTION segment.outcome(n bigint, y numeric, yy numeric, x numeric, xx numeric, xy numeric) RETURNS segment.outcome
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_of_sums';
COMMENT ON FUNCTION segment.outcome(bigint, numeric, numeric, numeric, numeric, numeric) IS
  'the same with a second column: its sum, that of its squares, and that of the products';

CREATE FUNCTION segment.outcome_of_rate(events bigint, n bigint) RETURNS segment.outcome
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_of_rate';
COMMENT ON FUNCTION segment.outcome_of_rate(bigint, bigint) IS
  'the outcome of n customers of whom so many have the event. 22023 unless events is 0 to n; NULL for NULL';

CREATE FUNCTION segment.outcome_n(outcome segment.outcome) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_n';
COMMENT ON FUNCTION segment.outcome_n(segment.outcome) IS
  'how many rows have the metric; NULL for NULL';

CREATE FUNCTION segment.outcome_missing(outcome segment.outcome) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_missing';
COMMENT ON FUNCTION segment.outcome_missing(segment.outcome) IS
  'how many rows have the metric but not the second column; NULL without a second column, and for NULL';

CREATE FUNCTION segment.outcome_total(outcome segment.outcome) RETURNS numeric
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_total';
COMMENT ON FUNCTION segment.outcome_total(segment.outcome) IS
  'the exact sum of the metric; NULL for NULL';

CREATE FUNCTION segment.outcome_total_x(outcome segment.outcome) RETURNS numeric
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_total_x';
COMMENT ON FUNCTION segment.outcome_total_x(segment.outcome) IS
  'the exact sum of the second column; NULL without one, and for NULL';

CREATE FUNCTION segment.outcome_mean(outcome segment.outcome) RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_mean';
COMMENT ON FUNCTION segment.outcome_mean(segment.outcome) IS
  'the mean of the metric: total / n, rounded once; NULL for NULL';

CREATE FUNCTION segment.outcome_mean_x(outcome segment.outcome) RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_mean_x';
COMMENT ON FUNCTION segment.outcome_mean_x(segment.outcome) IS
  'the mean of the second column, of the rows that have it; NULL without any, and for NULL';

CREATE FUNCTION segment.outcome_ratio(outcome segment.outcome) RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_ratio';
COMMENT ON FUNCTION segment.outcome_ratio(segment.outcome) IS
  'sum of the metric over sum of the second column, of the rows that have both; NULL if there are none, if that sum is 0, and for NULL';

CREATE FUNCTION segment.outcome_correlation(outcome segment.outcome) RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_correlation';
COMMENT ON FUNCTION segment.outcome_correlation(segment.outcome) IS
  'correlation of metric and second column. Its square is the part of the variance that method cuped removes. NULL where one of them does not vary, and for NULL';

CREATE FUNCTION segment.outcome_sd(outcome segment.outcome, method text DEFAULT 'mean') RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_outcome_sd';
COMMENT ON FUNCTION segment.outcome_sd(segment.outcome, text) IS
  'standard deviation per row of what compare compares by that method (mean, rate, ratio or cuped): what sample sizes follow from. NULL for fewer than two rows, for a rate of other values than 0 and 1, and for NULL; 22023 if the method needs a second column and there is none';

CREATE FUNCTION segment_internal.outcome_to_jsonb(segment.outcome) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('n', segment.outcome_n($1), 'total', segment.outcome_total($1),
    'mean', segment.outcome_mean($1), 'sd', segment.outcome_sd($1), 'missing', segment.outcome_missing($1),
    'total_x', segment.outcome_total_x($1), 'mean_x', segment.outcome_mean_x($1), 'ratio', segment.outcome_ratio($1),
    'correlation', segment.outcome_correlation($1)));
END;
COMMENT ON FUNCTION segment_internal.outcome_to_jsonb(segment.outcome) IS 'behind the cast: rows, total, mean and deviation; of a second column too';
CREATE CAST (segment.outcome AS jsonb) WITH FUNCTION segment_internal.outcome_to_jsonb(segment.outcome);
COMMENT ON CAST (segment.outcome AS jsonb) IS 'rows, total, mean and deviation; of a second column too';
