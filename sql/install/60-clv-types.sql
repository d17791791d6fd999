-- clv-types: the values of room clv: what models are fitted on, and fitted models.

CREATE TYPE segment.btyd;

CREATE FUNCTION segment_internal.btyd_in(cstring) RETURNS segment.btyd
  AS 'MODULE_PATHNAME', 'segment_btyd_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.btyd_in(cstring) IS 'Text input of type btyd: {unit days covariates n: x t_x t*count, ...}. 22P02 for anything else.';

CREATE FUNCTION segment_internal.btyd_out(segment.btyd) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_tally_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.btyd_out(segment.btyd) IS 'Text output of type btyd; numbers read back as the same doubles.';

CREATE FUNCTION segment_internal.btyd_recv(internal) RETURNS segment.btyd
  AS 'MODULE_PATHNAME', 'segment_btyd_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.btyd_recv(internal) IS 'Binary input of type btyd. 22P03 for anything that btyd_send does not give.';

CREATE FUNCTION segment_internal.btyd_send(segment.btyd) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_tally_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.btyd_send(segment.btyd) IS 'Binary output of type btyd.';

CREATE TYPE segment.btyd (
  INPUT = segment_internal.btyd_in, OUTPUT = segment_internal.btyd_out, RECEIVE = segment_internal.btyd_recv, SEND = segment_internal.btyd_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE segment.btyd IS 'Histories of many customers, equal ones once with a count: what transaction models are fitted on. Made by btyd_agg; merges by btyd_rollup and +.';

CREATE FUNCTION segment_internal.btyd_to_jsonb(btyd segment.btyd) RETURNS jsonb
  AS 'MODULE_PATHNAME', 'segment_tally_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.btyd_to_jsonb(segment.btyd) IS 'An object: unit_days and histories, each x, t_x, t, covariates, count';
CREATE CAST (segment.btyd AS jsonb) WITH FUNCTION segment_internal.btyd_to_jsonb(segment.btyd);
COMMENT ON CAST (segment.btyd AS jsonb) IS 'An object: unit_days and histories, each x, t_x, t, covariates, count';

CREATE FUNCTION segment_internal.btyd_eq(segment.btyd, segment.btyd) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.btyd_ne(segment.btyd, segment.btyd) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.btyd_lt(segment.btyd, segment.btyd) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.btyd_le(segment.btyd, segment.btyd) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.btyd_gt(segment.btyd, segment.btyd) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.btyd_ge(segment.btyd, segment.btyd) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.btyd_cmp(segment.btyd, segment.btyd) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.btyd_hash(segment.btyd) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.btyd_hash_extended(segment.btyd, bigint) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_clv_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.btyd_eq(segment.btyd, segment.btyd) IS 'Equality of btyd values, by bytes';
COMMENT ON FUNCTION segment_internal.btyd_ne(segment.btyd, segment.btyd) IS 'Inequality of btyd values';
COMMENT ON FUNCTION segment_internal.btyd_lt(segment.btyd, segment.btyd) IS 'Order of btyd values, by bytes';
COMMENT ON FUNCTION segment_internal.btyd_le(segment.btyd, segment.btyd) IS 'Order of btyd values, by bytes';
COMMENT ON FUNCTION segment_internal.btyd_gt(segment.btyd, segment.btyd) IS 'Order of btyd values, by bytes';
COMMENT ON FUNCTION segment_internal.btyd_ge(segment.btyd, segment.btyd) IS 'Order of btyd values, by bytes';
COMMENT ON FUNCTION segment_internal.btyd_cmp(segment.btyd, segment.btyd) IS 'Three-way comparison of btyd values for btree: -1, 0 or 1';
COMMENT ON FUNCTION segment_internal.btyd_hash(segment.btyd) IS 'Hash, equal for equal btyd values';
COMMENT ON FUNCTION segment_internal.btyd_hash_extended(segment.btyd, bigint) IS 'Hash with a seed, equal for equal btyd values';
CREATE OPERATOR segment.= (LEFTARG = segment.btyd, RIGHTARG = segment.btyd, FUNCTION = segment_internal.btyd_eq, COMMUTATOR = OPERATOR(segment.=), NEGATOR = OPERATOR(segment.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR segment.<> (LEFTARG = segment.btyd, RIGHTARG = segment.btyd, FUNCTION = segment_internal.btyd_ne, COMMUTATOR = OPERATOR(segment.<>), NEGATOR = OPERATOR(segment.=), RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR segment.< (LEFTARG = segment.btyd, RIGHTARG = segment.btyd, FUNCTION = segment_internal.btyd_lt, COMMUTATOR = OPERATOR(segment.>), NEGATOR = OPERATOR(segment.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR segment.<= (LEFTARG = segment.btyd, RIGHTARG = segment.btyd, FUNCTION = segment_internal.btyd_le, COMMUTATOR = OPERATOR(segment.>=), NEGATOR = OPERATOR(segment.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR segment.> (LEFTARG = segment.btyd, RIGHTARG = segment.btyd, FUNCTION = segment_internal.btyd_gt, COMMUTATOR = OPERATOR(segment.<), NEGATOR = OPERATOR(segment.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR segment.>= (LEFTARG = segment.btyd, RIGHTARG = segment.btyd, FUNCTION = segment_internal.btyd_ge, COMMUTATOR = OPERATOR(segment.<=), NEGATOR = OPERATOR(segment.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR segment.= (segment.btyd, segment.btyd) IS 'Equality of btyd values';
COMMENT ON OPERATOR segment.<> (segment.btyd, segment.btyd) IS 'Inequality of btyd values';
COMMENT ON OPERATOR segment.< (segment.btyd, segment.btyd) IS 'Order of btyd values, by bytes';
COMMENT ON OPERATOR segment.<= (segment.btyd, segment.btyd) IS 'Order of btyd values, by bytes';
COMMENT ON OPERATOR segment.> (segment.btyd, segment.btyd) IS 'Order of btyd values, by bytes';
COMMENT ON OPERATOR segment.>= (segment.btyd, segment.btyd) IS 'Order of btyd values, by bytes';
CREATE OPERATOR CLASS segment.btyd_ops DEFAULT FOR TYPE segment.btyd USING btree AS
  OPERATOR 1 segment.<, OPERATOR 2 segment.<=, OPERATOR 3 segment.=, OPERATOR 4 segment.>=, OPERATOR 5 segment.>, FUNCTION 1 segment_internal.btyd_cmp(segment.btyd, segment.btyd);
CREATE OPERATOR CLASS segment.btyd_hash_ops DEFAULT FOR TYPE segment.btyd USING hash AS
  OPERATOR 1 segment.=, FUNCTION 1 segment_internal.btyd_hash(segment.btyd), FUNCTION 2 segment_internal.btyd_hash_extended(segment.btyd, bigint);
COMMENT ON OPERATOR CLASS segment.btyd_ops USING btree IS 'Sorting and uniqueness of btyd values';
COMMENT ON OPERATOR CLASS segment.btyd_hash_ops USING hash IS 'Grouping and hash joins of btyd values';

CREATE TYPE segment.spend_summary;

CREATE FUNCTION segment_internal.spend_summary_in(cstring) RETURNS segment.spend_summary
  AS 'MODULE_PATHNAME', 'segment_spend_summary_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.spend_summary_in(cstring) IS 'Text input of type spend_summary: {with_first 0 skipped n: purchases spend*count, ...}. 22P02 for anything else.';

CREATE FUNCTION segment_internal.spend_summary_out(segment.spend_summary) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_tally_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.spend_summary_out(segment.spend_summary) IS 'Text output of type spend_summary; numbers read back as the same doubles.';

CREATE FUNCTION segment_internal.spend_summary_recv(internal) RETURNS segment.spend_summary
  AS 'MODULE_PATHNAME', 'segment_spend_summary_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.spend_summary_recv(internal) IS 'Binary input of type spend_summary. 22P03 for anything that spend_summary_send does not give.';

CREATE FUNCTION segment_internal.spend_summary_send(segment.spend_summary) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_tally_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.spend_summary_send(segment.spend_summary) IS 'Binary output of type spend_summary.';

CREATE TYPE segment.spend_summary (
  INPUT = segment_internal.spend_summary_in, OUTPUT = segment_internal.spend_summary_out, RECEIVE = segment_internal.spend_summary_recv, SEND = segment_internal.spend_summary_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE segment.spend_summary IS 'Mean spends of many customers with the number of purchases behind each: what gamma_gamma is fitted on. Made by spend_agg; merges by spend_rollup and +.';

CREATE FUNCTION segment_internal.spend_summary_to_jsonb(spend_summary segment.spend_summary) RETURNS jsonb
  AS 'MODULE_PATHNAME', 'segment_tally_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.spend_summary_to_jsonb(segment.spend_summary) IS 'An object: with_first, skipped_customers and histories, each purchases, mean spend, count';
CREATE CAST (segment.spend_summary AS jsonb) WITH FUNCTION segment_internal.spend_summary_to_jsonb(segment.spend_summary);
COMMENT ON CAST (segment.spend_summary AS jsonb) IS 'An object: with_first, skipped_customers and histories, each purchases, mean spend, count';

CREATE FUNCTION segment_internal.spend_summary_eq(segment.spend_summary, segment.spend_summary) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.spend_summary_ne(segment.spend_summary, segment.spend_summary) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.spend_summary_lt(segment.spend_summary, segment.spend_summary) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.spend_summary_le(segment.spend_summary, segment.spend_summary) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.spend_summary_gt(segment.spend_summary, segment.spend_summary) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.spend_summary_ge(segment.spend_summary, segment.spend_summary) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.spend_summary_cmp(segment.spend_summary, segment.spend_summary) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.spend_summary_hash(segment.spend_summary) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.spend_summary_hash_extended(segment.spend_summary, bigint) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_clv_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.spend_summary_eq(segment.spend_summary, segment.spend_summary) IS 'Equality of spend summaries, by bytes';
COMMENT ON FUNCTION segment_internal.spend_summary_ne(segment.spend_summary, segment.spend_summary) IS 'Inequality of spend summaries';
COMMENT ON FUNCTION segment_internal.spend_summary_lt(segment.spend_summary, segment.spend_summary) IS 'Order of spend summaries, by bytes';
COMMENT ON FUNCTION segment_internal.spend_summary_le(segment.spend_summary, segment.spend_summary) IS 'Order of spend summaries, by bytes';
COMMENT ON FUNCTION segment_internal.spend_summary_gt(segment.spend_summary, segment.spend_summary) IS 'Order of spend summaries, by bytes';
COMMENT ON FUNCTION segment_internal.spend_summary_ge(segment.spend_summary, segment.spend_summary) IS 'Order of spend summaries, by bytes';
COMMENT ON FUNCTION segment_internal.spend_summary_cmp(segment.spend_summary, segment.spend_summary) IS 'Three-way comparison of spend summaries for btree: -1, 0 or 1';
COMMENT ON FUNCTION segment_internal.spend_summary_hash(segment.spend_summary) IS 'Hash, equal for equal spend summaries';
COMMENT ON FUNCTION segment_internal.spend_summary_hash_extended(segment.spend_summary, bigint) IS 'Hash with a seed, equal for equal spend summaries';
CREATE OPERATOR segment.= (LEFTARG = segment.spend_summary, RIGHTARG = segment.spend_summary, FUNCTION = segment_internal.spend_summary_eq, COMMUTATOR = OPERATOR(segment.=), NEGATOR = OPERATOR(segment.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR segment.<> (LEFTARG = segment.spend_summary, RIGHTARG = segment.spend_summary, FUNCTION = segment_internal.spend_summary_ne, COMMUTATOR = OPERATOR(segment.<>), NEGATOR = OPERATOR(segment.=), RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR segment.< (LEFTARG = segment.spend_summary, RIGHTARG = segment.spend_summary, FUNCTION = segment_internal.spend_summary_lt, COMMUTATOR = OPERATOR(segment.>), NEGATOR = OPERATOR(segment.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR segment.<= (LEFTARG = segment.spend_summary, RIGHTARG = segment.spend_summary, FUNCTION = segment_internal.spend_summary_le, COMMUTATOR = OPERATOR(segment.>=), NEGATOR = OPERATOR(segment.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR segment.> (LEFTARG = segment.spend_summary, RIGHTARG = segment.spend_summary, FUNCTION = segment_internal.spend_summary_gt, COMMUTATOR = OPERATOR(segment.<), NEGATOR = OPERATOR(segment.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR segment.>= (LEFTARG = segment.spend_summary, RIGHTARG = segment.spend_summary, FUNCTION = segment_internal.spend_summary_ge, COMMUTATOR = OPERATOR(segment.<=), NEGATOR = OPERATOR(segment.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR segment.= (segment.spend_summary, segment.spend_summary) IS 'Equality of spend summaries';
COMMENT ON OPERATOR segment.<> (segment.spend_summary, segment.spend_summary) IS 'Inequality of spend summaries';
COMMENT ON OPERATOR segment.< (segment.spend_summary, segment.spend_summary) IS 'Order of spend summaries, by bytes';
COMMENT ON OPERATOR segment.<= (segment.spend_summary, segment.spend_summary) IS 'Order of spend summaries, by bytes';
COMMENT ON OPERATOR segment.> (segment.spend_summary, segment.spend_summary) IS 'Order of spend summaries, by bytes';
COMMENT ON OPERATOR segment.>= (segment.spend_summary, segment.spend_summary) IS 'Order of spend summaries, by bytes';
CREATE OPERATOR CLASS segment.spend_summary_ops DEFAULT FOR TYPE segment.spend_summary USING btree AS
  OPERATOR 1 segment.<, OPERATOR 2 segment.<=, OPERATOR 3 segment.=, OPERATOR 4 segment.>=, OPERATOR 5 segment.>, FUNCTION 1 segment_internal.spend_summary_cmp(segment.spend_summary, segment.spend_summary);
CREATE OPERATOR CLASS segment.spend_summary_hash_ops DEFAULT FOR TYPE segment.spend_summary USING hash AS
  OPERATOR 1 segment.=, FUNCTION 1 segment_internal.spend_summary_hash(segment.spend_summary), FUNCTION 2 segment_internal.spend_summary_hash_extended(segment.spend_summary, bigint);
COMMENT ON OPERATOR CLASS segment.spend_summary_ops USING btree IS 'Sorting and uniqueness of spend summaries';
COMMENT ON OPERATOR CLASS segment.spend_summary_hash_ops USING hash IS 'Grouping and hash joins of spend summaries';

CREATE TYPE segment.holdout;

CREATE FUNCTION segment_internal.holdout_in(cstring) RETURNS segment.holdout
  AS 'MODULE_PATHNAME', 'segment_holdout_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.holdout_in(cstring) IS 'Text input of type holdout: {unit days horizon units: x t_x t spend before orders amount*count, ...}. 22P02 for anything else.';

CREATE FUNCTION segment_internal.holdout_out(segment.holdout) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_tally_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.holdout_out(segment.holdout) IS 'Text output of type holdout; numbers read back as the same doubles.';

CREATE FUNCTION segment_internal.holdout_recv(internal) RETURNS segment.holdout
  AS 'MODULE_PATHNAME', 'segment_holdout_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.holdout_recv(internal) IS 'Binary input of type holdout. 22P03 for anything that holdout_send does not give.';

CREATE FUNCTION segment_internal.holdout_send(segment.holdout) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_tally_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.holdout_send(segment.holdout) IS 'Binary output of type holdout.';

CREATE TYPE segment.holdout (
  INPUT = segment_internal.holdout_in, OUTPUT = segment_internal.holdout_out, RECEIVE = segment_internal.holdout_recv, SEND = segment_internal.holdout_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE segment.holdout IS 'Histories up to a split date and what came after, of many customers: what backtest compares models on. Made by holdout_agg; merges by holdout_rollup and +.';

CREATE FUNCTION segment_internal.holdout_to_jsonb(holdout segment.holdout) RETURNS jsonb
  AS 'MODULE_PATHNAME', 'segment_tally_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.holdout_to_jsonb(segment.holdout) IS 'An object: unit_days, horizon and histories, each x, t_x, t, mean spend, orders of the last period, orders and amount of the hold-out, count';
CREATE CAST (segment.holdout AS jsonb) WITH FUNCTION segment_internal.holdout_to_jsonb(segment.holdout);
COMMENT ON CAST (segment.holdout AS jsonb) IS 'An object: unit_days, horizon and histories, each x, t_x, t, mean spend, orders of the last period, orders and amount of the hold-out, count';

CREATE FUNCTION segment_internal.holdout_eq(segment.holdout, segment.holdout) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.holdout_ne(segment.holdout, segment.holdout) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.holdout_lt(segment.holdout, segment.holdout) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.holdout_le(segment.holdout, segment.holdout) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.holdout_gt(segment.holdout, segment.holdout) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.holdout_ge(segment.holdout, segment.holdout) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.holdout_cmp(segment.holdout, segment.holdout) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.holdout_hash(segment.holdout) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.holdout_hash_extended(segment.holdout, bigint) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_clv_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.holdout_eq(segment.holdout, segment.holdout) IS 'Equality of holdouts, by bytes';
COMMENT ON FUNCTION segment_internal.holdout_ne(segment.holdout, segment.holdout) IS 'Inequality of holdouts';
COMMENT ON FUNCTION segment_internal.holdout_lt(segment.holdout, segment.holdout) IS 'Order of holdouts, by bytes';
COMMENT ON FUNCTION segment_internal.holdout_le(segment.holdout, segment.holdout) IS 'Order of holdouts, by bytes';
COMMENT ON FUNCTION segment_internal.holdout_gt(segment.holdout, segment.holdout) IS 'Order of holdouts, by bytes';
COMMENT ON FUNCTION segment_internal.holdout_ge(segment.holdout, segment.holdout) IS 'Order of holdouts, by bytes';
COMMENT ON FUNCTION segment_internal.holdout_cmp(segment.holdout, segment.holdout) IS 'Three-way comparison of holdouts for btree: -1, 0 or 1';
COMMENT ON FUNCTION segment_internal.holdout_hash(segment.holdout) IS 'Hash, equal for equal holdouts';
COMMENT ON FUNCTION segment_internal.holdout_hash_extended(segment.holdout, bigint) IS 'Hash with a seed, equal for equal holdouts';
CREATE OPERATOR segment.= (LEFTARG = segment.holdout, RIGHTARG = segment.holdout, FUNCTION = segment_internal.holdout_eq, COMMUTATOR = OPERATOR(segment.=), NEGATOR = OPERATOR(segment.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR segment.<> (LEFTARG = segment.holdout, RIGHTARG = segment.holdout, FUNCTION = segment_internal.holdout_ne, COMMUTATOR = OPERATOR(segment.<>), NEGATOR = OPERATOR(segment.=), RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR segment.< (LEFTARG = segment.holdout, RIGHTARG = segment.holdout, FUNCTION = segment_internal.holdout_lt, COMMUTATOR = OPERATOR(segment.>), NEGATOR = OPERATOR(segment.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR segment.<= (LEFTARG = segment.holdout, RIGHTARG = segment.holdout, FUNCTION = segment_internal.holdout_le, COMMUTATOR = OPERATOR(segment.>=), NEGATOR = OPERATOR(segment.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR segment.> (LEFTARG = segment.holdout, RIGHTARG = segment.holdout, FUNCTION = segment_internal.holdout_gt, COMMUTATOR = OPERATOR(segment.<), NEGATOR = OPERATOR(segment.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR segment.>= (LEFTARG = segment.holdout, RIGHTARG = segment.holdout, FUNCTION = segment_internal.holdout_ge, COMMUTATOR = OPERATOR(segment.<=), NEGATOR = OPERATOR(segment.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR segment.= (segment.holdout, segment.holdout) IS 'Equality of holdouts';
COMMENT ON OPERATOR segment.<> (segment.holdout, segment.holdout) IS 'Inequality of holdouts';
COMMENT ON OPERATOR segment.< (segment.holdout, segment.holdout) IS 'Order of holdouts, by bytes';
COMMENT ON OPERATOR segment.<= (segment.holdout, segment.holdout) IS 'Order of holdouts, by bytes';
COMMENT ON OPERATOR segment.> (segment.holdout, segment.holdout) IS 'Order of holdouts, by bytes';
COMMENT ON OPERATOR segment.>= (segment.holdout, segment.holdout) IS 'Order of holdouts, by bytes';
CREATE OPERATOR CLASS segment.holdout_ops DEFAULT FOR TYPE segment.holdout USING btree AS
  OPERATOR 1 segment.<, OPERATOR 2 segment.<=, OPERATOR 3 segment.=, OPERATOR 4 segment.>=, OPERATOR 5 segment.>, FUNCTION 1 segment_internal.holdout_cmp(segment.holdout, segment.holdout);
CREATE OPERATOR CLASS segment.holdout_hash_ops DEFAULT FOR TYPE segment.holdout USING hash AS
  OPERATOR 1 segment.=, FUNCTION 1 segment_internal.holdout_hash(segment.holdout), FUNCTION 2 segment_internal.holdout_hash_extended(segment.holdout, bigint);
COMMENT ON OPERATOR CLASS segment.holdout_ops USING btree IS 'Sorting and uniqueness of holdouts';
COMMENT ON OPERATOR CLASS segment.holdout_hash_ops USING hash IS 'Grouping and hash joins of holdouts';

CREATE TYPE segment.btyd_model;

CREATE FUNCTION segment_internal.btyd_model_in(cstring) RETURNS segment.btyd_model
  AS 'MODULE_PATHNAME', 'segment_btyd_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.btyd_model_in(cstring) IS 'Text input of type btyd_model: the kind, then words and numbers. 22P02 for anything else.';

CREATE FUNCTION segment_internal.btyd_model_out(segment.btyd_model) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_clv_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.btyd_model_out(segment.btyd_model) IS 'Text output of type btyd_model; numbers read back as the same doubles.';

CREATE FUNCTION segment_internal.btyd_model_recv(internal) RETURNS segment.btyd_model
  AS 'MODULE_PATHNAME', 'segment_btyd_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.btyd_model_recv(internal) IS 'Binary input of type btyd_model. 22P03 for anything that btyd_model_send does not give.';

CREATE FUNCTION segment_internal.btyd_model_send(segment.btyd_model) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_clv_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.btyd_model_send(segment.btyd_model) IS 'Binary output of type btyd_model.';

CREATE TYPE segment.btyd_model (
  INPUT = segment_internal.btyd_model_in, OUTPUT = segment_internal.btyd_model_out, RECEIVE = segment_internal.btyd_model_recv, SEND = segment_internal.btyd_model_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = plain
);
COMMENT ON TYPE segment.btyd_model IS 'A fitted transaction model: nbd, bgnbd, mbgnbd, pareto_nbd or bgbb. Read by p_alive, expected_orders, p_orders, clv, ...; described by model_info and model_parameters.';

CREATE FUNCTION segment_internal.btyd_model_to_jsonb(btyd_model segment.btyd_model) RETURNS jsonb
  AS 'MODULE_PATHNAME', 'segment_clv_model_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.btyd_model_to_jsonb(segment.btyd_model) IS 'An object: model, parameters, standard_errors, how the fit went, warnings';
CREATE CAST (segment.btyd_model AS jsonb) WITH FUNCTION segment_internal.btyd_model_to_jsonb(segment.btyd_model);
COMMENT ON CAST (segment.btyd_model AS jsonb) IS 'An object: model, parameters, standard_errors, how the fit went, warnings';

CREATE FUNCTION segment_internal.btyd_model_eq(segment.btyd_model, segment.btyd_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.btyd_model_ne(segment.btyd_model, segment.btyd_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.btyd_model_lt(segment.btyd_model, segment.btyd_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.btyd_model_le(segment.btyd_model, segment.btyd_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.btyd_model_gt(segment.btyd_model, segment.btyd_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.btyd_model_ge(segment.btyd_model, segment.btyd_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.btyd_model_cmp(segment.btyd_model, segment.btyd_model) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.btyd_model_hash(segment.btyd_model) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.btyd_model_hash_extended(segment.btyd_model, bigint) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_clv_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.btyd_model_eq(segment.btyd_model, segment.btyd_model) IS 'Equality of transaction models, by bytes';
COMMENT ON FUNCTION segment_internal.btyd_model_ne(segment.btyd_model, segment.btyd_model) IS 'Inequality of transaction models';
COMMENT ON FUNCTION segment_internal.btyd_model_lt(segment.btyd_model, segment.btyd_model) IS 'Order of transaction models, by bytes';
COMMENT ON FUNCTION segment_internal.btyd_model_le(segment.btyd_model, segment.btyd_model) IS 'Order of transaction models, by bytes';
COMMENT ON FUNCTION segment_internal.btyd_model_gt(segment.btyd_model, segment.btyd_model) IS 'Order of transaction models, by bytes';
COMMENT ON FUNCTION segment_internal.btyd_model_ge(segment.btyd_model, segment.btyd_model) IS 'Order of transaction models, by bytes';
COMMENT ON FUNCTION segment_internal.btyd_model_cmp(segment.btyd_model, segment.btyd_model) IS 'Three-way comparison of transaction models for btree: -1, 0 or 1';
COMMENT ON FUNCTION segment_internal.btyd_model_hash(segment.btyd_model) IS 'Hash, equal for equal transaction models';
COMMENT ON FUNCTION segment_internal.btyd_model_hash_extended(segment.btyd_model, bigint) IS 'Hash with a seed, equal for equal transaction models';
CREATE OPERATOR segment.= (LEFTARG = segment.btyd_model, RIGHTARG = segment.btyd_model, FUNCTION = segment_internal.btyd_model_eq, COMMUTATOR = OPERATOR(segment.=), NEGATOR = OPERATOR(segment.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR segment.<> (LEFTARG = segment.btyd_model, RIGHTARG = segment.btyd_model, FUNCTION = segment_internal.btyd_model_ne, COMMUTATOR = OPERATOR(segment.<>), NEGATOR = OPERATOR(segment.=), RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR segment.< (LEFTARG = segment.btyd_model, RIGHTARG = segment.btyd_model, FUNCTION = segment_internal.btyd_model_lt, COMMUTATOR = OPERATOR(segment.>), NEGATOR = OPERATOR(segment.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR segment.<= (LEFTARG = segment.btyd_model, RIGHTARG = segment.btyd_model, FUNCTION = segment_internal.btyd_model_le, COMMUTATOR = OPERATOR(segment.>=), NEGATOR = OPERATOR(segment.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR segment.> (LEFTARG = segment.btyd_model, RIGHTARG = segment.btyd_model, FUNCTION = segment_internal.btyd_model_gt, COMMUTATOR = OPERATOR(segment.<), NEGATOR = OPERATOR(segment.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR segment.>= (LEFTARG = segment.btyd_model, RIGHTARG = segment.btyd_model, FUNCTION = segment_internal.btyd_model_ge, COMMUTATOR = OPERATOR(segment.<=), NEGATOR = OPERATOR(segment.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR segment.= (segment.btyd_model, segment.btyd_model) IS 'Equality of transaction models';
COMMENT ON OPERATOR segment.<> (segment.btyd_model, segment.btyd_model) IS 'Inequality of transaction models';
COMMENT ON OPERATOR segment.< (segment.btyd_model, segment.btyd_model) IS 'Order of transaction models, by bytes';
COMMENT ON OPERATOR segment.<= (segment.btyd_model, segment.btyd_model) IS 'Order of transaction models, by bytes';
COMMENT ON OPERATOR segment.> (segment.btyd_model, segment.btyd_model) IS 'Order of transaction models, by bytes';
COMMENT ON OPERATOR segment.>= (segment.btyd_model, segment.btyd_model) IS 'Order of transaction models, by bytes';
CREATE OPERATOR CLASS segment.btyd_model_ops DEFAULT FOR TYPE segment.btyd_model USING btree AS
  OPERATOR 1 segment.<, OPERATOR 2 segment.<=, OPERATOR 3 segment.=, OPERATOR 4 segment.>=, OPERATOR 5 segment.>, FUNCTION 1 segment_internal.btyd_model_cmp(segment.btyd_model, segment.btyd_model);
CREATE OPERATOR CLASS segment.btyd_model_hash_ops DEFAULT FOR TYPE segment.btyd_model USING hash AS
  OPERATOR 1 segment.=, FUNCTION 1 segment_internal.btyd_model_hash(segment.btyd_model), FUNCTION 2 segment_internal.btyd_model_hash_extended(segment.btyd_model, bigint);
COMMENT ON OPERATOR CLASS segment.btyd_model_ops USING btree IS 'Sorting and uniqueness of transaction models';
COMMENT ON OPERATOR CLASS segment.btyd_model_hash_ops USING hash IS 'Grouping and hash joins of transaction models';

CREATE TYPE segment.spend_model;

CREATE FUNCTION segment_internal.spend_model_in(cstring) RETURNS segment.spend_model
  AS 'MODULE_PATHNAME', 'segment_spend_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.spend_model_in(cstring) IS 'Text input of type spend_model: the kind, then words and numbers. 22P02 for anything else.';

CREATE FUNCTION segment_internal.spend_model_out(segment.spend_model) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_clv_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.spend_model_out(segment.spend_model) IS 'Text output of type spend_model; numbers read back as the same doubles.';

CREATE FUNCTION segment_internal.spend_model_recv(internal) RETURNS segment.spend_model
  AS 'MODULE_PATHNAME', 'segment_spend_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.spend_model_recv(internal) IS 'Binary input of type spend_model. 22P03 for anything that spend_model_send does not give.';

CREATE FUNCTION segment_internal.spend_model_send(segment.spend_model) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_clv_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.spend_model_send(segment.spend_model) IS 'Binary output of type spend_model.';

CREATE TYPE segment.spend_model (
  INPUT = segment_internal.spend_model_in, OUTPUT = segment_internal.spend_model_out, RECEIVE = segment_internal.spend_model_recv, SEND = segment_internal.spend_model_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = plain
);
COMMENT ON TYPE segment.spend_model IS 'A fitted model of spend per order: gamma_gamma. Read by expected_spend and clv.';

CREATE FUNCTION segment_internal.spend_model_to_jsonb(spend_model segment.spend_model) RETURNS jsonb
  AS 'MODULE_PATHNAME', 'segment_clv_model_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.spend_model_to_jsonb(segment.spend_model) IS 'An object: model, parameters, standard_errors, how the fit went, warnings';
CREATE CAST (segment.spend_model AS jsonb) WITH FUNCTION segment_internal.spend_model_to_jsonb(segment.spend_model);
COMMENT ON CAST (segment.spend_model AS jsonb) IS 'An object: model, parameters, standard_errors, how the fit went, warnings';

CREATE FUNCTION segment_internal.spend_model_eq(segment.spend_model, segment.spend_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.spend_model_ne(segment.spend_model, segment.spend_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.spend_model_lt(segment.spend_model, segment.spend_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.spend_model_le(segment.spend_model, segment.spend_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.spend_model_gt(segment.spend_model, segment.spend_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.spend_model_ge(segment.spend_model, segment.spend_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.spend_model_cmp(segment.spend_model, segment.spend_model) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.spend_model_hash(segment.spend_model) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.spend_model_hash_extended(segment.spend_model, bigint) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_clv_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.spend_model_eq(segment.spend_model, segment.spend_model) IS 'Equality of spend models, by bytes';
COMMENT ON FUNCTION segment_internal.spend_model_ne(segment.spend_model, segment.spend_model) IS 'Inequality of spend models';
COMMENT ON FUNCTION segment_internal.spend_model_lt(segment.spend_model, segment.spend_model) IS 'Order of spend models, by bytes';
COMMENT ON FUNCTION segment_internal.spend_model_le(segment.spend_model, segment.spend_model) IS 'Order of spend models, by bytes';
COMMENT ON FUNCTION segment_internal.spend_model_gt(segment.spend_model, segment.spend_model) IS 'Order of spend models, by bytes';
COMMENT ON FUNCTION segment_internal.spend_model_ge(segment.spend_model, segment.spend_model) IS 'Order of spend models, by bytes';
COMMENT ON FUNCTION segment_internal.spend_model_cmp(segment.spend_model, segment.spend_model) IS 'Three-way comparison of spend models for btree: -1, 0 or 1';
COMMENT ON FUNCTION segment_internal.spend_model_hash(segment.spend_model) IS 'Hash, equal for equal spend models';
COMMENT ON FUNCTION segment_internal.spend_model_hash_extended(segment.spend_model, bigint) IS 'Hash with a seed, equal for equal spend models';
CREATE OPERATOR segment.= (LEFTARG = segment.spend_model, RIGHTARG = segment.spend_model, FUNCTION = segment_internal.spend_model_eq, COMMUTATOR = OPERATOR(segment.=), NEGATOR = OPERATOR(segment.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR segment.<> (LEFTARG = segment.spend_model, RIGHTARG = segment.spend_model, FUNCTION = segment_internal.spend_model_ne, COMMUTATOR = OPERATOR(segment.<>), NEGATOR = OPERATOR(segment.=), RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR segment.< (LEFTARG = segment.spend_model, RIGHTARG = segment.spend_model, FUNCTION = segment_internal.spend_model_lt, COMMUTATOR = OPERATOR(segment.>), NEGATOR = OPERATOR(segment.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR segment.<= (LEFTARG = segment.spend_model, RIGHTARG = segment.spend_model, FUNCTION = segment_internal.spend_model_le, COMMUTATOR = OPERATOR(segment.>=), NEGATOR = OPERATOR(segment.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR segment.> (LEFTARG = segment.spend_model, RIGHTARG = segment.spend_model, FUNCTION = segment_internal.spend_model_gt, COMMUTATOR = OPERATOR(segment.<), NEGATOR = OPERATOR(segment.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR segment.>= (LEFTARG = segment.spend_model, RIGHTARG = segment.spend_model, FUNCTION = segment_internal.spend_model_ge, COMMUTATOR = OPERATOR(segment.<=), NEGATOR = OPERATOR(segment.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR segment.= (segment.spend_model, segment.spend_model) IS 'Equality of spend models';
COMMENT ON OPERATOR segment.<> (segment.spend_model, segment.spend_model) IS 'Inequality of spend models';
COMMENT ON OPERATOR segment.< (segment.spend_model, segment.spend_model) IS 'Order of spend models, by bytes';
COMMENT ON OPERATOR segment.<= (segment.spend_model, segment.spend_model) IS 'Order of spend models, by bytes';
COMMENT ON OPERATOR segment.> (segment.spend_model, segment.spend_model) IS 'Order of spend models, by bytes';
COMMENT ON OPERATOR segment.>= (segment.spend_model, segment.spend_model) IS 'Order of spend models, by bytes';
CREATE OPERATOR CLASS segment.spend_model_ops DEFAULT FOR TYPE segment.spend_model USING btree AS
  OPERATOR 1 segment.<, OPERATOR 2 segment.<=, OPERATOR 3 segment.=, OPERATOR 4 segment.>=, OPERATOR 5 segment.>, FUNCTION 1 segment_internal.spend_model_cmp(segment.spend_model, segment.spend_model);
CREATE OPERATOR CLASS segment.spend_model_hash_ops DEFAULT FOR TYPE segment.spend_model USING hash AS
  OPERATOR 1 segment.=, FUNCTION 1 segment_internal.spend_model_hash(segment.spend_model), FUNCTION 2 segment_internal.spend_model_hash_extended(segment.spend_model, bigint);
COMMENT ON OPERATOR CLASS segment.spend_model_ops USING btree IS 'Sorting and uniqueness of spend models';
COMMENT ON OPERATOR CLASS segment.spend_model_hash_ops USING hash IS 'Grouping and hash joins of spend models';

CREATE TYPE segment.renewal_model;

CREATE FUNCTION segment_internal.renewal_model_in(cstring) RETURNS segment.renewal_model
  AS 'MODULE_PATHNAME', 'segment_renewal_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.renewal_model_in(cstring) IS 'Text input of type renewal_model: the kind, then words and numbers. 22P02 for anything else.';

CREATE FUNCTION segment_internal.renewal_model_out(segment.renewal_model) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_clv_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.renewal_model_out(segment.renewal_model) IS 'Text output of type renewal_model; numbers read back as the same doubles.';

CREATE FUNCTION segment_internal.renewal_model_recv(internal) RETURNS segment.renewal_model
  AS 'MODULE_PATHNAME', 'segment_renewal_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.renewal_model_recv(internal) IS 'Binary input of type renewal_model. 22P03 for anything that renewal_model_send does not give.';

CREATE FUNCTION segment_internal.renewal_model_send(segment.renewal_model) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_clv_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.renewal_model_send(segment.renewal_model) IS 'Binary output of type renewal_model.';

CREATE TYPE segment.renewal_model (
  INPUT = segment_internal.renewal_model_in, OUTPUT = segment_internal.renewal_model_out, RECEIVE = segment_internal.renewal_model_recv, SEND = segment_internal.renewal_model_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = plain
);
COMMENT ON TYPE segment.renewal_model IS 'A fitted model of contract renewals: sbg. Read by renewal_survival, renewal_rate, residual_renewals.';

CREATE FUNCTION segment_internal.renewal_model_to_jsonb(renewal_model segment.renewal_model) RETURNS jsonb
  AS 'MODULE_PATHNAME', 'segment_clv_model_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.renewal_model_to_jsonb(segment.renewal_model) IS 'An object: model, parameters, standard_errors, how the fit went, warnings';
CREATE CAST (segment.renewal_model AS jsonb) WITH FUNCTION segment_internal.renewal_model_to_jsonb(segment.renewal_model);
COMMENT ON CAST (segment.renewal_model AS jsonb) IS 'An object: model, parameters, standard_errors, how the fit went, warnings';

CREATE FUNCTION segment_internal.renewal_model_eq(segment.renewal_model, segment.renewal_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.renewal_model_ne(segment.renewal_model, segment.renewal_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.renewal_model_lt(segment.renewal_model, segment.renewal_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.renewal_model_le(segment.renewal_model, segment.renewal_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.renewal_model_gt(segment.renewal_model, segment.renewal_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.renewal_model_ge(segment.renewal_model, segment.renewal_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.renewal_model_cmp(segment.renewal_model, segment.renewal_model) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.renewal_model_hash(segment.renewal_model) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.renewal_model_hash_extended(segment.renewal_model, bigint) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_clv_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.renewal_model_eq(segment.renewal_model, segment.renewal_model) IS 'Equality of renewal models, by bytes';
COMMENT ON FUNCTION segment_internal.renewal_model_ne(segment.renewal_model, segment.renewal_model) IS 'Inequality of renewal models';
COMMENT ON FUNCTION segment_internal.renewal_model_lt(segment.renewal_model, segment.renewal_model) IS 'Order of renewal models, by bytes';
COMMENT ON FUNCTION segment_internal.renewal_model_le(segment.renewal_model, segment.renewal_model) IS 'Order of renewal models, by bytes';
COMMENT ON FUNCTION segment_internal.renewal_model_gt(segment.renewal_model, segment.renewal_model) IS 'Order of renewal models, by bytes';
COMMENT ON FUNCTION segment_internal.renewal_model_ge(segment.renewal_model, segment.renewal_model) IS 'Order of renewal models, by bytes';
COMMENT ON FUNCTION segment_internal.renewal_model_cmp(segment.renewal_model, segment.renewal_model) IS 'Three-way comparison of renewal models for btree: -1, 0 or 1';
COMMENT ON FUNCTION segment_internal.renewal_model_hash(segment.renewal_model) IS 'Hash, equal for equal renewal models';
COMMENT ON FUNCTION segment_internal.renewal_model_hash_extended(segment.renewal_model, bigint) IS 'Hash with a seed, equal for equal renewal models';
CREATE OPERATOR segment.= (LEFTARG = segment.renewal_model, RIGHTARG = segment.renewal_model, FUNCTION = segment_internal.renewal_model_eq, COMMUTATOR = OPERATOR(segment.=), NEGATOR = OPERATOR(segment.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR segment.<> (LEFTARG = segment.renewal_model, RIGHTARG = segment.renewal_model, FUNCTION = segment_internal.renewal_model_ne, COMMUTATOR = OPERATOR(segment.<>), NEGATOR = OPERATOR(segment.=), RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR segment.< (LEFTARG = segment.renewal_model, RIGHTARG = segment.renewal_model, FUNCTION = segment_internal.renewal_model_lt, COMMUTATOR = OPERATOR(segment.>), NEGATOR = OPERATOR(segment.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR segment.<= (LEFTARG = segment.renewal_model, RIGHTARG = segment.renewal_model, FUNCTION = segment_internal.renewal_model_le, COMMUTATOR = OPERATOR(segment.>=), NEGATOR = OPERATOR(segment.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR segment.> (LEFTARG = segment.renewal_model, RIGHTARG = segment.renewal_model, FUNCTION = segment_internal.renewal_model_gt, COMMUTATOR = OPERATOR(segment.<), NEGATOR = OPERATOR(segment.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR segment.>= (LEFTARG = segment.renewal_model, RIGHTARG = segment.renewal_model, FUNCTION = segment_internal.renewal_model_ge, COMMUTATOR = OPERATOR(segment.<=), NEGATOR = OPERATOR(segment.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR segment.= (segment.renewal_model, segment.renewal_model) IS 'Equality of renewal models';
COMMENT ON OPERATOR segment.<> (segment.renewal_model, segment.renewal_model) IS 'Inequality of renewal models';
COMMENT ON OPERATOR segment.< (segment.renewal_model, segment.renewal_model) IS 'Order of renewal models, by bytes';
COMMENT ON OPERATOR segment.<= (segment.renewal_model, segment.renewal_model) IS 'Order of renewal models, by bytes';
COMMENT ON OPERATOR segment.> (segment.renewal_model, segment.renewal_model) IS 'Order of renewal models, by bytes';
COMMENT ON OPERATOR segment.>= (segment.renewal_model, segment.renewal_model) IS 'Order of renewal models, by bytes';
CREATE OPERATOR CLASS segment.renewal_model_ops DEFAULT FOR TYPE segment.renewal_model USING btree AS
  OPERATOR 1 segment.<, OPERATOR 2 segment.<=, OPERATOR 3 segment.=, OPERATOR 4 segment.>=, OPERATOR 5 segment.>, FUNCTION 1 segment_internal.renewal_model_cmp(segment.renewal_model, segment.renewal_model);
CREATE OPERATOR CLASS segment.renewal_model_hash_ops DEFAULT FOR TYPE segment.renewal_model USING hash AS
  OPERATOR 1 segment.=, FUNCTION 1 segment_internal.renewal_model_hash(segment.renewal_model), FUNCTION 2 segment_internal.renewal_model_hash_extended(segment.renewal_model, bigint);
COMMENT ON OPERATOR CLASS segment.renewal_model_ops USING btree IS 'Sorting and uniqueness of renewal models';
COMMENT ON OPERATOR CLASS segment.renewal_model_hash_ops USING hash IS 'Grouping and hash joins of renewal models';
