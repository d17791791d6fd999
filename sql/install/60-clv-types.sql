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

