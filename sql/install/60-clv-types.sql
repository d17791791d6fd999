-- clv-types: the values of room clv: what models are fitted on, and fitted models.

CREATE TYPE btyd;

CREATE FUNCTION btyd_in(cstring) RETURNS btyd
  AS 'MODULE_PATHNAME', 'segment_btyd_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_in(cstring) IS 'Text input of type btyd: {unit days covariates n: x t_x t*count, …}. 22P02 for anything else.';

CREATE FUNCTION btyd_out(btyd) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_cells_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_out(btyd) IS 'Text output of type btyd; numbers read back as the same doubles.';

CREATE FUNCTION btyd_recv(internal) RETURNS btyd
  AS 'MODULE_PATHNAME', 'segment_btyd_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_recv(internal) IS 'Binary input of type btyd. 22P03 for anything that btyd_send does not give.';

CREATE FUNCTION btyd_send(btyd) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_cells_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_send(btyd) IS 'Binary output of type btyd.';

CREATE TYPE btyd (
  INPUT = btyd_in, OUTPUT = btyd_out, RECEIVE = btyd_recv, SEND = btyd_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE btyd IS 'Histories of many customers, equal ones once with a count: what transaction models are fitted on. Made by btyd_agg; merges by btyd_rollup and +.';

CREATE FUNCTION btyd_to_jsonb(btyd btyd) RETURNS jsonb
  AS 'MODULE_PATHNAME', 'segment_cells_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_to_jsonb(btyd) IS 'An object: unit_days and cells, each x, t_x, t, covariates, count';
CREATE CAST (btyd AS jsonb) WITH FUNCTION btyd_to_jsonb(btyd);
COMMENT ON CAST (btyd AS jsonb) IS 'An object: unit_days and cells, each x, t_x, t, covariates, count';

CREATE FUNCTION btyd_eq(btyd, btyd) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION btyd_ne(btyd, btyd) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION btyd_lt(btyd, btyd) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION btyd_le(btyd, btyd) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION btyd_gt(btyd, btyd) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION btyd_ge(btyd, btyd) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION btyd_cmp(btyd, btyd) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION btyd_hash(btyd) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION btyd_hash_extended(btyd, bigint) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_clv_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_eq(btyd, btyd) IS 'Equality of btyd values, by bytes';
COMMENT ON FUNCTION btyd_ne(btyd, btyd) IS 'Inequality of btyd values';
COMMENT ON FUNCTION btyd_lt(btyd, btyd) IS 'Order of btyd values, by bytes';
COMMENT ON FUNCTION btyd_le(btyd, btyd) IS 'Order of btyd values, by bytes';
COMMENT ON FUNCTION btyd_gt(btyd, btyd) IS 'Order of btyd values, by bytes';
COMMENT ON FUNCTION btyd_ge(btyd, btyd) IS 'Order of btyd values, by bytes';
COMMENT ON FUNCTION btyd_cmp(btyd, btyd) IS 'Three-way comparison of btyd values for btree: -1, 0 or 1';
COMMENT ON FUNCTION btyd_hash(btyd) IS 'Hash, equal for equal btyd values';
COMMENT ON FUNCTION btyd_hash_extended(btyd, bigint) IS 'Hash with a seed, equal for equal btyd values';
CREATE OPERATOR = (LEFTARG = btyd, RIGHTARG = btyd, FUNCTION = btyd_eq, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR <> (LEFTARG = btyd, RIGHTARG = btyd, FUNCTION = btyd_ne, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR < (LEFTARG = btyd, RIGHTARG = btyd, FUNCTION = btyd_lt, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR <= (LEFTARG = btyd, RIGHTARG = btyd, FUNCTION = btyd_le, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR > (LEFTARG = btyd, RIGHTARG = btyd, FUNCTION = btyd_gt, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR >= (LEFTARG = btyd, RIGHTARG = btyd, FUNCTION = btyd_ge, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR = (btyd, btyd) IS 'Equality of btyd values';
COMMENT ON OPERATOR <> (btyd, btyd) IS 'Inequality of btyd values';
COMMENT ON OPERATOR < (btyd, btyd) IS 'Order of btyd values, by bytes';
COMMENT ON OPERATOR <= (btyd, btyd) IS 'Order of btyd values, by bytes';
COMMENT ON OPERATOR > (btyd, btyd) IS 'Order of btyd values, by bytes';
COMMENT ON OPERATOR >= (btyd, btyd) IS 'Order of btyd values, by bytes';
CREATE OPERATOR CLASS btyd_ops DEFAULT FOR TYPE btyd USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btyd_cmp(btyd, btyd);
CREATE OPERATOR CLASS btyd_hash_ops DEFAULT FOR TYPE btyd USING hash AS
  OPERATOR 1 =, FUNCTION 1 btyd_hash(btyd), FUNCTION 2 btyd_hash_extended(btyd, bigint);
COMMENT ON OPERATOR CLASS btyd_ops USING btree IS 'Sorting and uniqueness of btyd values';
COMMENT ON OPERATOR CLASS btyd_hash_ops USING hash IS 'Grouping and hash joins of btyd values';

CREATE TYPE spend_summary;

CREATE FUNCTION spend_summary_in(cstring) RETURNS spend_summary
  AS 'MODULE_PATHNAME', 'segment_spend_summary_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_summary_in(cstring) IS 'Text input of type spend_summary: {with_first 0 skipped n: purchases spend*count, …}. 22P02 for anything else.';

CREATE FUNCTION spend_summary_out(spend_summary) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_cells_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_summary_out(spend_summary) IS 'Text output of type spend_summary; numbers read back as the same doubles.';

CREATE FUNCTION spend_summary_recv(internal) RETURNS spend_summary
  AS 'MODULE_PATHNAME', 'segment_spend_summary_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_summary_recv(internal) IS 'Binary input of type spend_summary. 22P03 for anything that spend_summary_send does not give.';

CREATE FUNCTION spend_summary_send(spend_summary) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_cells_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_summary_send(spend_summary) IS 'Binary output of type spend_summary.';

CREATE TYPE spend_summary (
  INPUT = spend_summary_in, OUTPUT = spend_summary_out, RECEIVE = spend_summary_recv, SEND = spend_summary_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE spend_summary IS 'Mean spends of many customers with the number of purchases behind each: what gamma_gamma is fitted on. Made by spend_agg; merges by spend_rollup and +.';

CREATE FUNCTION spend_summary_to_jsonb(spend_summary spend_summary) RETURNS jsonb
  AS 'MODULE_PATHNAME', 'segment_cells_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_summary_to_jsonb(spend_summary) IS 'An object: with_first, skipped_customers and cells, each purchases, mean spend, count';
CREATE CAST (spend_summary AS jsonb) WITH FUNCTION spend_summary_to_jsonb(spend_summary);
COMMENT ON CAST (spend_summary AS jsonb) IS 'An object: with_first, skipped_customers and cells, each purchases, mean spend, count';

CREATE FUNCTION spend_summary_eq(spend_summary, spend_summary) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spend_summary_ne(spend_summary, spend_summary) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spend_summary_lt(spend_summary, spend_summary) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spend_summary_le(spend_summary, spend_summary) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spend_summary_gt(spend_summary, spend_summary) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spend_summary_ge(spend_summary, spend_summary) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spend_summary_cmp(spend_summary, spend_summary) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spend_summary_hash(spend_summary) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spend_summary_hash_extended(spend_summary, bigint) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_clv_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_summary_eq(spend_summary, spend_summary) IS 'Equality of spend summaries, by bytes';
COMMENT ON FUNCTION spend_summary_ne(spend_summary, spend_summary) IS 'Inequality of spend summaries';
COMMENT ON FUNCTION spend_summary_lt(spend_summary, spend_summary) IS 'Order of spend summaries, by bytes';
COMMENT ON FUNCTION spend_summary_le(spend_summary, spend_summary) IS 'Order of spend summaries, by bytes';
COMMENT ON FUNCTION spend_summary_gt(spend_summary, spend_summary) IS 'Order of spend summaries, by bytes';
COMMENT ON FUNCTION spend_summary_ge(spend_summary, spend_summary) IS 'Order of spend summaries, by bytes';
COMMENT ON FUNCTION spend_summary_cmp(spend_summary, spend_summary) IS 'Three-way comparison of spend summaries for btree: -1, 0 or 1';
COMMENT ON FUNCTION spend_summary_hash(spend_summary) IS 'Hash, equal for equal spend summaries';
COMMENT ON FUNCTION spend_summary_hash_extended(spend_summary, bigint) IS 'Hash with a seed, equal for equal spend summaries';
CREATE OPERATOR = (LEFTARG = spend_summary, RIGHTARG = spend_summary, FUNCTION = spend_summary_eq, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR <> (LEFTARG = spend_summary, RIGHTARG = spend_summary, FUNCTION = spend_summary_ne, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR < (LEFTARG = spend_summary, RIGHTARG = spend_summary, FUNCTION = spend_summary_lt, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR <= (LEFTARG = spend_summary, RIGHTARG = spend_summary, FUNCTION = spend_summary_le, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR > (LEFTARG = spend_summary, RIGHTARG = spend_summary, FUNCTION = spend_summary_gt, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR >= (LEFTARG = spend_summary, RIGHTARG = spend_summary, FUNCTION = spend_summary_ge, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR = (spend_summary, spend_summary) IS 'Equality of spend summaries';
COMMENT ON OPERATOR <> (spend_summary, spend_summary) IS 'Inequality of spend summaries';
COMMENT ON OPERATOR < (spend_summary, spend_summary) IS 'Order of spend summaries, by bytes';
COMMENT ON OPERATOR <= (spend_summary, spend_summary) IS 'Order of spend summaries, by bytes';
COMMENT ON OPERATOR > (spend_summary, spend_summary) IS 'Order of spend summaries, by bytes';
COMMENT ON OPERATOR >= (spend_summary, spend_summary) IS 'Order of spend summaries, by bytes';
CREATE OPERATOR CLASS spend_summary_ops DEFAULT FOR TYPE spend_summary USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 spend_summary_cmp(spend_summary, spend_summary);
CREATE OPERATOR CLASS spend_summary_hash_ops DEFAULT FOR TYPE spend_summary USING hash AS
  OPERATOR 1 =, FUNCTION 1 spend_summary_hash(spend_summary), FUNCTION 2 spend_summary_hash_extended(spend_summary, bigint);
COMMENT ON OPERATOR CLASS spend_summary_ops USING btree IS 'Sorting and uniqueness of spend summaries';
COMMENT ON OPERATOR CLASS spend_summary_hash_ops USING hash IS 'Grouping and hash joins of spend summaries';

CREATE TYPE holdout;

CREATE FUNCTION holdout_in(cstring) RETURNS holdout
  AS 'MODULE_PATHNAME', 'segment_holdout_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION holdout_in(cstring) IS 'Text input of type holdout: {unit days horizon units: x t_x t spend before orders amount*count, …}. 22P02 for anything else.';

CREATE FUNCTION holdout_out(holdout) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_cells_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION holdout_out(holdout) IS 'Text output of type holdout; numbers read back as the same doubles.';

CREATE FUNCTION holdout_recv(internal) RETURNS holdout
  AS 'MODULE_PATHNAME', 'segment_holdout_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION holdout_recv(internal) IS 'Binary input of type holdout. 22P03 for anything that holdout_send does not give.';

CREATE FUNCTION holdout_send(holdout) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_cells_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION holdout_send(holdout) IS 'Binary output of type holdout.';

CREATE TYPE holdout (
  INPUT = holdout_in, OUTPUT = holdout_out, RECEIVE = holdout_recv, SEND = holdout_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE holdout IS 'Histories up to a split date and what came after, of many customers: what backtest compares models on. Made by holdout_agg; merges by holdout_rollup and +.';

CREATE FUNCTION holdout_to_jsonb(holdout holdout) RETURNS jsonb
  AS 'MODULE_PATHNAME', 'segment_cells_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION holdout_to_jsonb(holdout) IS 'An object: unit_days, horizon and cells, each x, t_x, t, mean spend, orders of the last period, orders and amount of the hold-out, count';
CREATE CAST (holdout AS jsonb) WITH FUNCTION holdout_to_jsonb(holdout);
COMMENT ON CAST (holdout AS jsonb) IS 'An object: unit_days, horizon and cells, each x, t_x, t, mean spend, orders of the last period, orders and amount of the hold-out, count';

CREATE FUNCTION holdout_eq(holdout, holdout) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION holdout_ne(holdout, holdout) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION holdout_lt(holdout, holdout) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION holdout_le(holdout, holdout) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION holdout_gt(holdout, holdout) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION holdout_ge(holdout, holdout) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION holdout_cmp(holdout, holdout) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION holdout_hash(holdout) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION holdout_hash_extended(holdout, bigint) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_clv_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION holdout_eq(holdout, holdout) IS 'Equality of holdouts, by bytes';
COMMENT ON FUNCTION holdout_ne(holdout, holdout) IS 'Inequality of holdouts';
COMMENT ON FUNCTION holdout_lt(holdout, holdout) IS 'Order of holdouts, by bytes';
COMMENT ON FUNCTION holdout_le(holdout, holdout) IS 'Order of holdouts, by bytes';
COMMENT ON FUNCTION holdout_gt(holdout, holdout) IS 'Order of holdouts, by bytes';
COMMENT ON FUNCTION holdout_ge(holdout, holdout) IS 'Order of holdouts, by bytes';
COMMENT ON FUNCTION holdout_cmp(holdout, holdout) IS 'Three-way comparison of holdouts for btree: -1, 0 or 1';
COMMENT ON FUNCTION holdout_hash(holdout) IS 'Hash, equal for equal holdouts';
COMMENT ON FUNCTION holdout_hash_extended(holdout, bigint) IS 'Hash with a seed, equal for equal holdouts';
CREATE OPERATOR = (LEFTARG = holdout, RIGHTARG = holdout, FUNCTION = holdout_eq, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR <> (LEFTARG = holdout, RIGHTARG = holdout, FUNCTION = holdout_ne, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR < (LEFTARG = holdout, RIGHTARG = holdout, FUNCTION = holdout_lt, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR <= (LEFTARG = holdout, RIGHTARG = holdout, FUNCTION = holdout_le, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR > (LEFTARG = holdout, RIGHTARG = holdout, FUNCTION = holdout_gt, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR >= (LEFTARG = holdout, RIGHTARG = holdout, FUNCTION = holdout_ge, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR = (holdout, holdout) IS 'Equality of holdouts';
COMMENT ON OPERATOR <> (holdout, holdout) IS 'Inequality of holdouts';
COMMENT ON OPERATOR < (holdout, holdout) IS 'Order of holdouts, by bytes';
COMMENT ON OPERATOR <= (holdout, holdout) IS 'Order of holdouts, by bytes';
COMMENT ON OPERATOR > (holdout, holdout) IS 'Order of holdouts, by bytes';
COMMENT ON OPERATOR >= (holdout, holdout) IS 'Order of holdouts, by bytes';
CREATE OPERATOR CLASS holdout_ops DEFAULT FOR TYPE holdout USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 holdout_cmp(holdout, holdout);
CREATE OPERATOR CLASS holdout_hash_ops DEFAULT FOR TYPE holdout USING hash AS
  OPERATOR 1 =, FUNCTION 1 holdout_hash(holdout), FUNCTION 2 holdout_hash_extended(holdout, bigint);
COMMENT ON OPERATOR CLASS holdout_ops USING btree IS 'Sorting and uniqueness of holdouts';
COMMENT ON OPERATOR CLASS holdout_hash_ops USING hash IS 'Grouping and hash joins of holdouts';

CREATE TYPE btyd_model;

CREATE FUNCTION btyd_model_in(cstring) RETURNS btyd_model
  AS 'MODULE_PATHNAME', 'segment_btyd_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_in(cstring) IS 'Text input of type btyd_model: the kind, then words and numbers. 22P02 for anything else.';

CREATE FUNCTION btyd_model_out(btyd_model) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_clv_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_out(btyd_model) IS 'Text output of type btyd_model; numbers read back as the same doubles.';

CREATE FUNCTION btyd_model_recv(internal) RETURNS btyd_model
  AS 'MODULE_PATHNAME', 'segment_btyd_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_recv(internal) IS 'Binary input of type btyd_model. 22P03 for anything that btyd_model_send does not give.';

CREATE FUNCTION btyd_model_send(btyd_model) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_clv_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_send(btyd_model) IS 'Binary output of type btyd_model.';

CREATE TYPE btyd_model (
  INPUT = btyd_model_in, OUTPUT = btyd_model_out, RECEIVE = btyd_model_recv, SEND = btyd_model_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = plain
);
COMMENT ON TYPE btyd_model IS 'A fitted transaction model: nbd, bgnbd, mbgnbd, pareto_nbd or bgbb. Read by p_alive, expected_orders, p_orders, clv, …; described by model_info and model_parameters.';

CREATE FUNCTION btyd_model_to_jsonb(btyd_model btyd_model) RETURNS jsonb
  AS 'MODULE_PATHNAME', 'segment_clv_model_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_to_jsonb(btyd_model) IS 'An object: model, parameters, standard_errors, how the fit went, warnings';
CREATE CAST (btyd_model AS jsonb) WITH FUNCTION btyd_model_to_jsonb(btyd_model);
COMMENT ON CAST (btyd_model AS jsonb) IS 'An object: model, parameters, standard_errors, how the fit went, warnings';

CREATE FUNCTION btyd_model_eq(btyd_model, btyd_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION btyd_model_ne(btyd_model, btyd_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION btyd_model_lt(btyd_model, btyd_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION btyd_model_le(btyd_model, btyd_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION btyd_model_gt(btyd_model, btyd_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION btyd_model_ge(btyd_model, btyd_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION btyd_model_cmp(btyd_model, btyd_model) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION btyd_model_hash(btyd_model) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION btyd_model_hash_extended(btyd_model, bigint) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_clv_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_eq(btyd_model, btyd_model) IS 'Equality of transaction models, by bytes';
COMMENT ON FUNCTION btyd_model_ne(btyd_model, btyd_model) IS 'Inequality of transaction models';
COMMENT ON FUNCTION btyd_model_lt(btyd_model, btyd_model) IS 'Order of transaction models, by bytes';
COMMENT ON FUNCTION btyd_model_le(btyd_model, btyd_model) IS 'Order of transaction models, by bytes';
COMMENT ON FUNCTION btyd_model_gt(btyd_model, btyd_model) IS 'Order of transaction models, by bytes';
COMMENT ON FUNCTION btyd_model_ge(btyd_model, btyd_model) IS 'Order of transaction models, by bytes';
COMMENT ON FUNCTION btyd_model_cmp(btyd_model, btyd_model) IS 'Three-way comparison of transaction models for btree: -1, 0 or 1';
COMMENT ON FUNCTION btyd_model_hash(btyd_model) IS 'Hash, equal for equal transaction models';
COMMENT ON FUNCTION btyd_model_hash_extended(btyd_model, bigint) IS 'Hash with a seed, equal for equal transaction models';
CREATE OPERATOR = (LEFTARG = btyd_model, RIGHTARG = btyd_model, FUNCTION = btyd_model_eq, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR <> (LEFTARG = btyd_model, RIGHTARG = btyd_model, FUNCTION = btyd_model_ne, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR < (LEFTARG = btyd_model, RIGHTARG = btyd_model, FUNCTION = btyd_model_lt, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR <= (LEFTARG = btyd_model, RIGHTARG = btyd_model, FUNCTION = btyd_model_le, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR > (LEFTARG = btyd_model, RIGHTARG = btyd_model, FUNCTION = btyd_model_gt, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR >= (LEFTARG = btyd_model, RIGHTARG = btyd_model, FUNCTION = btyd_model_ge, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR = (btyd_model, btyd_model) IS 'Equality of transaction models';
COMMENT ON OPERATOR <> (btyd_model, btyd_model) IS 'Inequality of transaction models';
COMMENT ON OPERATOR < (btyd_model, btyd_model) IS 'Order of transaction models, by bytes';
COMMENT ON OPERATOR <= (btyd_model, btyd_model) IS 'Order of transaction models, by bytes';
COMMENT ON OPERATOR > (btyd_model, btyd_model) IS 'Order of transaction models, by bytes';
COMMENT ON OPERATOR >= (btyd_model, btyd_model) IS 'Order of transaction models, by bytes';
CREATE OPERATOR CLASS btyd_model_ops DEFAULT FOR TYPE btyd_model USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btyd_model_cmp(btyd_model, btyd_model);
CREATE OPERATOR CLASS btyd_model_hash_ops DEFAULT FOR TYPE btyd_model USING hash AS
  OPERATOR 1 =, FUNCTION 1 btyd_model_hash(btyd_model), FUNCTION 2 btyd_model_hash_extended(btyd_model, bigint);
COMMENT ON OPERATOR CLASS btyd_model_ops USING btree IS 'Sorting and uniqueness of transaction models';
COMMENT ON OPERATOR CLASS btyd_model_hash_ops USING hash IS 'Grouping and hash joins of transaction models';

CREATE TYPE spend_model;

CREATE FUNCTION spend_model_in(cstring) RETURNS spend_model
  AS 'MODULE_PATHNAME', 'segment_spend_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_in(cstring) IS 'Text input of type spend_model: the kind, then words and numbers. 22P02 for anything else.';

CREATE FUNCTION spend_model_out(spend_model) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_clv_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_out(spend_model) IS 'Text output of type spend_model; numbers read back as the same doubles.';

CREATE FUNCTION spend_model_recv(internal) RETURNS spend_model
  AS 'MODULE_PATHNAME', 'segment_spend_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_recv(internal) IS 'Binary input of type spend_model. 22P03 for anything that spend_model_send does not give.';

CREATE FUNCTION spend_model_send(spend_model) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_clv_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_send(spend_model) IS 'Binary output of type spend_model.';

CREATE TYPE spend_model (
  INPUT = spend_model_in, OUTPUT = spend_model_out, RECEIVE = spend_model_recv, SEND = spend_model_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = plain
);
COMMENT ON TYPE spend_model IS 'A fitted model of spend per order: gamma_gamma. Read by expected_spend and clv.';

CREATE FUNCTION spend_model_to_jsonb(spend_model spend_model) RETURNS jsonb
  AS 'MODULE_PATHNAME', 'segment_clv_model_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_to_jsonb(spend_model) IS 'An object: model, parameters, standard_errors, how the fit went, warnings';
CREATE CAST (spend_model AS jsonb) WITH FUNCTION spend_model_to_jsonb(spend_model);
COMMENT ON CAST (spend_model AS jsonb) IS 'An object: model, parameters, standard_errors, how the fit went, warnings';

CREATE FUNCTION spend_model_eq(spend_model, spend_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spend_model_ne(spend_model, spend_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spend_model_lt(spend_model, spend_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spend_model_le(spend_model, spend_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spend_model_gt(spend_model, spend_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spend_model_ge(spend_model, spend_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spend_model_cmp(spend_model, spend_model) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spend_model_hash(spend_model) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION spend_model_hash_extended(spend_model, bigint) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_clv_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_eq(spend_model, spend_model) IS 'Equality of spend models, by bytes';
COMMENT ON FUNCTION spend_model_ne(spend_model, spend_model) IS 'Inequality of spend models';
COMMENT ON FUNCTION spend_model_lt(spend_model, spend_model) IS 'Order of spend models, by bytes';
COMMENT ON FUNCTION spend_model_le(spend_model, spend_model) IS 'Order of spend models, by bytes';
COMMENT ON FUNCTION spend_model_gt(spend_model, spend_model) IS 'Order of spend models, by bytes';
COMMENT ON FUNCTION spend_model_ge(spend_model, spend_model) IS 'Order of spend models, by bytes';
COMMENT ON FUNCTION spend_model_cmp(spend_model, spend_model) IS 'Three-way comparison of spend models for btree: -1, 0 or 1';
COMMENT ON FUNCTION spend_model_hash(spend_model) IS 'Hash, equal for equal spend models';
COMMENT ON FUNCTION spend_model_hash_extended(spend_model, bigint) IS 'Hash with a seed, equal for equal spend models';
CREATE OPERATOR = (LEFTARG = spend_model, RIGHTARG = spend_model, FUNCTION = spend_model_eq, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR <> (LEFTARG = spend_model, RIGHTARG = spend_model, FUNCTION = spend_model_ne, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR < (LEFTARG = spend_model, RIGHTARG = spend_model, FUNCTION = spend_model_lt, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR <= (LEFTARG = spend_model, RIGHTARG = spend_model, FUNCTION = spend_model_le, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR > (LEFTARG = spend_model, RIGHTARG = spend_model, FUNCTION = spend_model_gt, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR >= (LEFTARG = spend_model, RIGHTARG = spend_model, FUNCTION = spend_model_ge, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR = (spend_model, spend_model) IS 'Equality of spend models';
COMMENT ON OPERATOR <> (spend_model, spend_model) IS 'Inequality of spend models';
COMMENT ON OPERATOR < (spend_model, spend_model) IS 'Order of spend models, by bytes';
COMMENT ON OPERATOR <= (spend_model, spend_model) IS 'Order of spend models, by bytes';
COMMENT ON OPERATOR > (spend_model, spend_model) IS 'Order of spend models, by bytes';
COMMENT ON OPERATOR >= (spend_model, spend_model) IS 'Order of spend models, by bytes';
CREATE OPERATOR CLASS spend_model_ops DEFAULT FOR TYPE spend_model USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 spend_model_cmp(spend_model, spend_model);
CREATE OPERATOR CLASS spend_model_hash_ops DEFAULT FOR TYPE spend_model USING hash AS
  OPERATOR 1 =, FUNCTION 1 spend_model_hash(spend_model), FUNCTION 2 spend_model_hash_extended(spend_model, bigint);
COMMENT ON OPERATOR CLASS spend_model_ops USING btree IS 'Sorting and uniqueness of spend models';
COMMENT ON OPERATOR CLASS spend_model_hash_ops USING hash IS 'Grouping and hash joins of spend models';

CREATE TYPE renewal_model;

CREATE FUNCTION renewal_model_in(cstring) RETURNS renewal_model
  AS 'MODULE_PATHNAME', 'segment_renewal_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_in(cstring) IS 'Text input of type renewal_model: the kind, then words and numbers. 22P02 for anything else.';

CREATE FUNCTION renewal_model_out(renewal_model) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_clv_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_out(renewal_model) IS 'Text output of type renewal_model; numbers read back as the same doubles.';

CREATE FUNCTION renewal_model_recv(internal) RETURNS renewal_model
  AS 'MODULE_PATHNAME', 'segment_renewal_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_recv(internal) IS 'Binary input of type renewal_model. 22P03 for anything that renewal_model_send does not give.';

CREATE FUNCTION renewal_model_send(renewal_model) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_clv_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_send(renewal_model) IS 'Binary output of type renewal_model.';

CREATE TYPE renewal_model (
  INPUT = renewal_model_in, OUTPUT = renewal_model_out, RECEIVE = renewal_model_recv, SEND = renewal_model_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = plain
);
COMMENT ON TYPE renewal_model IS 'A fitted model of contract renewals: sbg. Read by renewal_survival, renewal_rate, residual_renewals.';

CREATE FUNCTION renewal_model_to_jsonb(renewal_model renewal_model) RETURNS jsonb
  AS 'MODULE_PATHNAME', 'segment_clv_model_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_to_jsonb(renewal_model) IS 'An object: model, parameters, standard_errors, how the fit went, warnings';
CREATE CAST (renewal_model AS jsonb) WITH FUNCTION renewal_model_to_jsonb(renewal_model);
COMMENT ON CAST (renewal_model AS jsonb) IS 'An object: model, parameters, standard_errors, how the fit went, warnings';

CREATE FUNCTION renewal_model_eq(renewal_model, renewal_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION renewal_model_ne(renewal_model, renewal_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION renewal_model_lt(renewal_model, renewal_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION renewal_model_le(renewal_model, renewal_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION renewal_model_gt(renewal_model, renewal_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION renewal_model_ge(renewal_model, renewal_model) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_clv_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION renewal_model_cmp(renewal_model, renewal_model) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION renewal_model_hash(renewal_model) RETURNS int AS 'MODULE_PATHNAME', 'segment_clv_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION renewal_model_hash_extended(renewal_model, bigint) RETURNS bigint AS 'MODULE_PATHNAME', 'segment_clv_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_eq(renewal_model, renewal_model) IS 'Equality of renewal models, by bytes';
COMMENT ON FUNCTION renewal_model_ne(renewal_model, renewal_model) IS 'Inequality of renewal models';
COMMENT ON FUNCTION renewal_model_lt(renewal_model, renewal_model) IS 'Order of renewal models, by bytes';
COMMENT ON FUNCTION renewal_model_le(renewal_model, renewal_model) IS 'Order of renewal models, by bytes';
COMMENT ON FUNCTION renewal_model_gt(renewal_model, renewal_model) IS 'Order of renewal models, by bytes';
COMMENT ON FUNCTION renewal_model_ge(renewal_model, renewal_model) IS 'Order of renewal models, by bytes';
COMMENT ON FUNCTION renewal_model_cmp(renewal_model, renewal_model) IS 'Three-way comparison of renewal models for btree: -1, 0 or 1';
COMMENT ON FUNCTION renewal_model_hash(renewal_model) IS 'Hash, equal for equal renewal models';
COMMENT ON FUNCTION renewal_model_hash_extended(renewal_model, bigint) IS 'Hash with a seed, equal for equal renewal models';
CREATE OPERATOR = (LEFTARG = renewal_model, RIGHTARG = renewal_model, FUNCTION = renewal_model_eq, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR <> (LEFTARG = renewal_model, RIGHTARG = renewal_model, FUNCTION = renewal_model_ne, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR < (LEFTARG = renewal_model, RIGHTARG = renewal_model, FUNCTION = renewal_model_lt, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR <= (LEFTARG = renewal_model, RIGHTARG = renewal_model, FUNCTION = renewal_model_le, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR > (LEFTARG = renewal_model, RIGHTARG = renewal_model, FUNCTION = renewal_model_gt, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR >= (LEFTARG = renewal_model, RIGHTARG = renewal_model, FUNCTION = renewal_model_ge, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR = (renewal_model, renewal_model) IS 'Equality of renewal models';
COMMENT ON OPERATOR <> (renewal_model, renewal_model) IS 'Inequality of renewal models';
COMMENT ON OPERATOR < (renewal_model, renewal_model) IS 'Order of renewal models, by bytes';
COMMENT ON OPERATOR <= (renewal_model, renewal_model) IS 'Order of renewal models, by bytes';
COMMENT ON OPERATOR > (renewal_model, renewal_model) IS 'Order of renewal models, by bytes';
COMMENT ON OPERATOR >= (renewal_model, renewal_model) IS 'Order of renewal models, by bytes';
CREATE OPERATOR CLASS renewal_model_ops DEFAULT FOR TYPE renewal_model USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 renewal_model_cmp(renewal_model, renewal_model);
CREATE OPERATOR CLASS renewal_model_hash_ops DEFAULT FOR TYPE renewal_model USING hash AS
  OPERATOR 1 =, FUNCTION 1 renewal_model_hash(renewal_model), FUNCTION 2 renewal_model_hash_extended(renewal_model, bigint);
COMMENT ON OPERATOR CLASS renewal_model_ops USING btree IS 'Sorting and uniqueness of renewal models';
COMMENT ON OPERATOR CLASS renewal_model_hash_ops USING hash IS 'Grouping and hash joins of renewal models';
