-- event: when things happen, with those for whom they have not yet: type survival

CREATE TYPE segment.survival;

CREATE FUNCTION segment_internal.survival_in(cstring) RETURNS segment.survival
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_survival_in';
COMMENT ON FUNCTION segment_internal.survival_in(cstring) IS
  'reads the text of a survival';

CREATE FUNCTION segment_internal.survival_out(segment.survival) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_stored_out';
COMMENT ON FUNCTION segment_internal.survival_out(segment.survival) IS
  'writes a survival as text';

CREATE FUNCTION segment_internal.survival_recv(internal) RETURNS segment.survival
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_survival_recv';
COMMENT ON FUNCTION segment_internal.survival_recv(internal) IS
  'reads the binary form of a survival, checking it';

CREATE FUNCTION segment_internal.survival_send(segment.survival) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_stored_send';
COMMENT ON FUNCTION segment_internal.survival_send(segment.survival) IS
  'writes the binary form of a survival';

CREATE TYPE segment.survival (
  INPUT = segment_internal.survival_in, OUTPUT = segment_internal.survival_out, RECEIVE = segment_internal.survival_recv, SEND = segment_internal.survival_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended
);
COMMENT ON TYPE segment.survival IS
  'when something happened, and up to when it had not: the counts of each time, exactly. Values merge: survival_rollup, +';

CREATE FUNCTION segment_internal.survival_agg_trans(internal, days integer, observed boolean) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_survival_days_trans';
COMMENT ON FUNCTION segment_internal.survival_agg_trans(internal, integer, boolean) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.survival_agg_trans(internal, elapsed double precision, observed boolean) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_survival_time_trans';
COMMENT ON FUNCTION segment_internal.survival_agg_trans(internal, double precision, boolean) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.survival_rollup_trans(internal, survival segment.survival) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_survival_rollup_trans';
COMMENT ON FUNCTION segment_internal.survival_rollup_trans(internal, segment.survival) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.survival_combine(internal, internal) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_survival_combine';
COMMENT ON FUNCTION segment_internal.survival_combine(internal, internal) IS
  'Combine function.';

CREATE FUNCTION segment_internal.survival_final(internal) RETURNS segment.survival
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_survival_final';
COMMENT ON FUNCTION segment_internal.survival_final(internal) IS
  'Final function.';

CREATE FUNCTION segment_internal.survival_serialize(internal) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_survival_final';
COMMENT ON FUNCTION segment_internal.survival_serialize(internal) IS
  'Serial function.';

CREATE FUNCTION segment_internal.survival_deserialize(bytea, internal) RETURNS internal
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_survival_deserialize';
COMMENT ON FUNCTION segment_internal.survival_deserialize(bytea, internal) IS
  'Deserial function.';

CREATE AGGREGATE segment.survival_agg(days integer, observed boolean) (
  SFUNC = segment_internal.survival_agg_trans,
  STYPE = internal, SSPACE = 4096, FINALFUNC = segment_internal.survival_final,
  COMBINEFUNC = segment_internal.survival_combine, SERIALFUNC = segment_internal.survival_serialize, DESERIALFUNC = segment_internal.survival_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.survival_agg(integer, boolean) IS
  'one row a person: the days from the beginning until it happened (observed), or until the last day on which it was known not to have (not observed: censored, not dropped). Rows with a NULL are skipped; NULL without any. 22003 for a negative time';

CREATE AGGREGATE segment.survival_agg(elapsed double precision, observed boolean) (
  SFUNC = segment_internal.survival_agg_trans,
  STYPE = internal, SSPACE = 4096, FINALFUNC = segment_internal.survival_final,
  COMBINEFUNC = segment_internal.survival_combine, SERIALFUNC = segment_internal.survival_serialize, DESERIALFUNC = segment_internal.survival_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.survival_agg(double precision, boolean) IS
  'the same for times that are no whole days, in any unit: extract(epoch FROM then - at) / 86400. 22003 for a time that is negative or not finite';

CREATE AGGREGATE segment.survival_rollup(survival segment.survival) (
  SFUNC = segment_internal.survival_rollup_trans,
  STYPE = internal, SSPACE = 4096, FINALFUNC = segment_internal.survival_final,
  COMBINEFUNC = segment_internal.survival_combine, SERIALFUNC = segment_internal.survival_serialize, DESERIALFUNC = segment_internal.survival_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.survival_rollup(segment.survival) IS
  'the persons of all parts; NULL without any. Each person must lie in one part';

CREATE FUNCTION segment_internal.survival_add(segment.survival, segment.survival) RETURNS segment.survival
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_survival_add';
COMMENT ON FUNCTION segment_internal.survival_add(segment.survival, segment.survival) IS
  'behind +: the persons of both';

CREATE OPERATOR segment.+ (LEFTARG = segment.survival, RIGHTARG = segment.survival, FUNCTION = segment_internal.survival_add,
  COMMUTATOR = OPERATOR(segment.+));
COMMENT ON OPERATOR segment.+ (segment.survival, segment.survival) IS 'the persons of both';

CREATE FUNCTION segment.survival_count(survival segment.survival) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_survival_count';
COMMENT ON FUNCTION segment.survival_count(segment.survival) IS
  'how many persons; NULL for NULL';

CREATE FUNCTION segment.survival_events(survival segment.survival) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_survival_events';
COMMENT ON FUNCTION segment.survival_events(segment.survival) IS
  'for how many of them it happened; NULL for NULL';

CREATE FUNCTION segment.survival_at(survival segment.survival, elapsed double precision) RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_survival_at';
COMMENT ON FUNCTION segment.survival_at(segment.survival, double precision) IS
  'the share of all for whom it has not happened up to this time, that included (Kaplan and Meier). NULL beyond the last time at which anybody was seen, unless it had happened to all; NULL for NULL. 22023 for a negative time';

CREATE FUNCTION segment.survival_quantile(survival segment.survival, share double precision) RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_survival_quantile_of';
COMMENT ON FUNCTION segment.survival_quantile(segment.survival, double precision) IS
  'when it has happened to a share of all, such as 0.25: those count for whom it has not yet. Where the estimate stands exactly at the share, the middle of that time and the next event. NULL if it never gets there: too many have not done it yet; NULL for NULL. 22023 unless share is between 0 and 1';

CREATE FUNCTION segment.survival_median(survival segment.survival) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment.survival_quantile(survival, 0.5);
END;
COMMENT ON FUNCTION segment.survival_median(segment.survival) IS
  'when it has happened to half of all. The median of those only for whom it has happened is too short. NULL if fewer than half have done it so far, and for NULL';

CREATE FUNCTION segment.survival_interval(survival segment.survival, share double precision DEFAULT 0.5, confidence double precision DEFAULT 0.95, OUT estimate double precision, OUT low double precision, OUT high double precision) RETURNS record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_survival_quantile_interval';
COMMENT ON FUNCTION segment.survival_interval(segment.survival, double precision, double precision) IS
  'survival_quantile with its interval: where the interval of the estimate gets to the share. NULL where it does not; NULL for NULL. 22023 unless share and confidence are between 0 and 1';

CREATE FUNCTION segment.survival_table(survival segment.survival, confidence double precision DEFAULT 0.95, OUT elapsed double precision, OUT at_risk bigint, OUT events bigint, OUT censored bigint, OUT survival_rate double precision, OUT low double precision, OUT high double precision) RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 100 AS 'MODULE_PATHNAME', 'segment_survival_table';
COMMENT ON FUNCTION segment.survival_table(segment.survival, double precision) IS
  'one row a time: persons for whom it had not happened before, for whom it happened then, and who were seen last then; the share for whom it has not happened so far, with its interval by the logarithm (as survfit of R). NULL for the bounds where nobody is left; no row for NULL. 22023 unless confidence is between 0 and 1';

CREATE FUNCTION segment_internal.survival_to_jsonb(segment.survival) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.jsonb_build_object('count', segment.survival_count($1), 'events', segment.survival_events($1), 'median', segment.survival_median($1));
END;
COMMENT ON FUNCTION segment_internal.survival_to_jsonb(segment.survival) IS 'behind the cast: count, events and median';
CREATE CAST (segment.survival AS jsonb) WITH FUNCTION segment_internal.survival_to_jsonb(segment.survival);
COMMENT ON CAST (segment.survival AS jsonb) IS 'count, events and median';
