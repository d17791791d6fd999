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

DO $$
DECLARE
  types text[];
  symbol text;
  arguments text;
  what text;
BEGIN
  FOREACH types SLICE 1 IN ARRAY ARRAY[
    ['numeric', ''], ['int2', ''], ['int4', ''], ['int8', ''], ['float8', ''], ['bool', ''],
    ['numeric', 'numeric'], ['int4', 'int4'], ['int8', 'int8'], ['float8', 'float8'], ['bool', 'bool'],
    ['bool', 'numeric'], ['bool', 'int8'], ['bool', 'float8'], ['numeric', 'bool'], ['int8', 'bool'], ['float8', 'bool']] LOOP
    symbol := concat_ws('_', types[1], nullif(types[2], ''));
    arguments := 'y ' || types[1] || CASE WHEN types[2] <> '' THEN ', x ' || types[2] ELSE '' END;
    what := CASE WHEN types[2] = '' THEN 'the metric of one arm, a customer a row, as exact sums. Give customers without orders a 0, or they are missing from the mean. Rows with a NULL are skipped; NULL without any.'
                 ELSE 'a metric and a second column: the denominator of a ratio (orders and sessions of a customer), or what the customer did before the experiment, for method cuped. A row whose x is NULL counts as one whose x is missing; a row whose y is NULL is skipped.' END
         || ' Numeric and integers exactly; float8 rounded once a row to 20 decimals, so that the sums do not depend on the order of the rows; a boolean''s true is 1. 22003 for NaN, infinities, 10^30 and beyond, and numerics of more than 20 decimals';
    EXECUTE format($f$
      CREATE FUNCTION segment_internal.outcome_agg_trans(internal, %1$s) RETURNS internal
        AS 'MODULE_PATHNAME', 'segment_outcome_agg_%2$s' LANGUAGE C IMMUTABLE PARALLEL SAFE;
      COMMENT ON FUNCTION segment_internal.outcome_agg_trans(internal, %1$s) IS 'Transition function of outcome_agg. 22023 outside an aggregate.';
      CREATE AGGREGATE segment.outcome_agg(%1$s) (
        SFUNC = segment_internal.outcome_agg_trans, STYPE = internal, SSPACE = 512, FINALFUNC = segment_internal.outcome_final,
        COMBINEFUNC = segment_internal.outcome_combine, SERIALFUNC = segment_internal.outcome_serialize,
        DESERIALFUNC = segment_internal.outcome_deserialize, PARALLEL = SAFE
      );
      COMMENT ON AGGREGATE segment.outcome_agg(%1$s) IS %3$L;
    $f$, arguments, symbol, what);
  END LOOP;
END
$$;

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
