-- cluster: soft clusters, mixtures of normal distributions.

CREATE TYPE segment.gmm_model;

CREATE FUNCTION segment_internal.gmm_model_in(cstring) RETURNS segment.gmm_model
  AS 'MODULE_PATHNAME', 'segment_gmm_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.gmm_model_in(cstring) IS 'Text input of type gmm_model. 22P02 for anything that is no model.';

CREATE FUNCTION segment_internal.gmm_model_out(segment.gmm_model) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_gmm_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.gmm_model_out(segment.gmm_model) IS 'Text output of type gmm_model; reads back as the same value.';

CREATE FUNCTION segment_internal.gmm_model_recv(internal) RETURNS segment.gmm_model
  AS 'MODULE_PATHNAME', 'segment_gmm_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.gmm_model_recv(internal) IS 'Binary input of type gmm_model. 22P03 for anything that gmm_model_send does not give.';

CREATE FUNCTION segment_internal.gmm_model_send(segment.gmm_model) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_gmm_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.gmm_model_send(segment.gmm_model) IS 'Binary output of type gmm_model.';

CREATE TYPE segment.gmm_model (
  INPUT = segment_internal.gmm_model_in, OUTPUT = segment_internal.gmm_model_out, RECEIVE = segment_internal.gmm_model_recv, SEND = segment_internal.gmm_model_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE segment.gmm_model IS 'Fitted mixture of normal distributions (soft clusters): transform, scale, weights, means and covariances. Made by gmm; applied by gmm_responsibilities, cluster_of, gmm_log_density; its text form is a JSON object.';

CREATE FUNCTION segment_internal.gmm_model_to_jsonb(segment.gmm_model) RETURNS jsonb
  AS 'MODULE_PATHNAME', 'segment_gmm_model_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.gmm_model_to_jsonb(segment.gmm_model) IS 'The model as a JSON object; means and covariances stand in the scaled space';
CREATE CAST (segment.gmm_model AS jsonb) WITH FUNCTION segment_internal.gmm_model_to_jsonb(segment.gmm_model);
COMMENT ON CAST (segment.gmm_model AS jsonb) IS 'The model as a JSON object';
CREATE FUNCTION segment_internal.gmm_model_from_jsonb(jsonb) RETURNS segment.gmm_model
  AS 'MODULE_PATHNAME', 'segment_gmm_model_from_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.gmm_model_from_jsonb(jsonb) IS 'The model of a JSON object; 22023 if it is none';
CREATE CAST (jsonb AS segment.gmm_model) WITH FUNCTION segment_internal.gmm_model_from_jsonb(jsonb);
COMMENT ON CAST (jsonb AS segment.gmm_model) IS 'The model of a JSON object';

CREATE FUNCTION segment.gmm(coreset segment.coreset, k int, covariance text DEFAULT 'diagonal', scale text DEFAULT 'standard', transform text DEFAULT 'stored', seed bigint DEFAULT 1,
                    max_iter int DEFAULT 500, tolerance float8 DEFAULT 1e-6) RETURNS segment.gmm_model
  AS 'MODULE_PATHNAME', 'segment_gmm_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000000;
COMMENT ON FUNCTION segment.gmm(segment.coreset, int, text, text, text, bigint, int, float8) IS 'Fits a mixture of k normal distributions (1 to 100) by expectation-maximisation, from k-means. covariance: diagonal or full. scale, transform and seed as in kmeans. It stops when a round gains less than tolerance in log-likelihood a vector, or after max_iter rounds. No variance goes below that of a value rounded to the feature''s own resolution (smallest difference between two values); components there describe tied values and are flagged. Components are numbered from 1 by weight. NULL for NULL; 22023 for options out of range and k above the number of distinct points; 53400 if it needs more than maintenance_work_mem.';

CREATE FUNCTION segment.gmm_choose(coreset segment.coreset, k_min int DEFAULT 1, k_max int DEFAULT 8, covariance text DEFAULT 'diagonal', scale text DEFAULT 'standard', transform text DEFAULT 'stored', seed bigint DEFAULT 1,
                           OUT k int, OUT log_likelihood float8, OUT bic float8, OUT aic float8, OUT at_floor int, OUT smallest_share float8, OUT advised_k int) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_gmm_choose' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000000 ROWS 8;
COMMENT ON FUNCTION segment.gmm_choose(segment.coreset, int, int, text, text, text, bigint) IS 'One row for each k: log-likelihood, BIC and AIC of the mixture (less is better), how many components stand at the variance floor, share of the lightest. advised_k, the same in every row: the k of the least BIC among the mixtures without a component at the floor; NULL if there is none. 22023 for options out of range and k_max above the number of distinct points. Each k is a fit of up to 500 rounds, and a round''s work grows with k, the coreset''s points and the features (their square for full): from 1 to k_max it grows with the square of k_max. A cancel stops it within a round.';

CREATE FUNCTION segment.gmm_responsibilities(model segment.gmm_model, features float8[]) RETURNS float8[]
  AS 'MODULE_PATHNAME', 'segment_gmm_responsibilities' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.gmm_responsibilities(segment.gmm_model, float8[]) IS 'Probability that the vector belongs to component 1, 2, ...; they sum to 1. NULL for a NULL model or vector, and for a NULL feature under nulls skip. 22023 if the vector does not fit the model; 22003 for NaN and infinity.';

CREATE FUNCTION segment.cluster_of(model segment.gmm_model, features float8[]) RETURNS int
  AS 'MODULE_PATHNAME', 'segment_gmm_cluster_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.cluster_of(segment.gmm_model, float8[]) IS 'Number of the most probable component. NULL for a NULL model or vector, and for a NULL feature under nulls skip. 22023 if the vector does not fit the model; 22003 for NaN and infinity.';

CREATE FUNCTION segment.gmm_log_density(model segment.gmm_model, features float8[]) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_gmm_log_density' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.gmm_log_density(segment.gmm_model, float8[]) IS 'Log density of the vector under the mixture, in transformed units: the lower, the more unusual the vector. NULL for a NULL model or vector, and for a NULL feature under nulls skip. 22023 if the vector does not fit the model; 22003 for NaN and infinity.';

CREATE FUNCTION segment.model_info(model segment.gmm_model, OUT vectors bigint, OUT weight float8, OUT k int, OUT features int, OUT covariance text, OUT transform text, OUT scale text, OUT nulls text, OUT seed bigint, OUT iterations int, OUT converged boolean, OUT log_likelihood float8, OUT bic float8, OUT aic float8, OUT at_floor int, OUT exact boolean)
  AS 'MODULE_PATHNAME', 'segment_gmm_info' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.model_info(segment.gmm_model) IS 'One row about a fit: what it was fitted on, its options, rounds, whether it converged, log-likelihood in transformed units, BIC and AIC (less is better), how many components stand at the variance floor (they describe tied values), exact (nothing was compressed).';

CREATE FUNCTION segment.gmm_table(model segment.gmm_model, OUT component int, OUT share float8, OUT mean float8[], OUT deviation float8[], OUT at_floor boolean) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_gmm_table' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 5;
COMMENT ON FUNCTION segment.gmm_table(segment.gmm_model) IS 'One row a component: number, share, mean in the user''s units, standard deviations of the transformed features, at_floor (a variance stands at its floor: the component describes tied values).';
