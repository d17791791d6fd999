-- cluster: how good an assignment is, and what the clusters are like: exact sums in the assignment scan.

CREATE TYPE segment.cluster_quality;

CREATE FUNCTION segment_internal.cluster_quality_in(cstring) RETURNS segment.cluster_quality
  AS 'MODULE_PATHNAME', 'segment_cluster_quality_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.cluster_quality_in(cstring) IS 'Text input of type cluster_quality. 22P02 for anything that cluster_quality_out does not give.';

CREATE FUNCTION segment_internal.cluster_quality_out(segment.cluster_quality) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_cluster_quality_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.cluster_quality_out(segment.cluster_quality) IS 'Text output of type cluster_quality; reads back as the same value.';

CREATE FUNCTION segment_internal.cluster_quality_recv(internal) RETURNS segment.cluster_quality
  AS 'MODULE_PATHNAME', 'segment_cluster_quality_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.cluster_quality_recv(internal) IS 'Binary input of type cluster_quality. 22P03 for anything that cluster_quality_send does not give.';

CREATE FUNCTION segment_internal.cluster_quality_send(segment.cluster_quality) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_cluster_quality_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.cluster_quality_send(segment.cluster_quality) IS 'Binary output of type cluster_quality.';

CREATE TYPE segment.cluster_quality (
  INPUT = segment_internal.cluster_quality_in, OUTPUT = segment_internal.cluster_quality_out, RECEIVE = segment_internal.cluster_quality_recv, SEND = segment_internal.cluster_quality_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE segment.cluster_quality IS 'Exact sums over the assignment of vectors to the clusters of a model. Made by the aggregate cluster_quality, read by cluster_quality_info and cluster_profile.';

CREATE FUNCTION segment_internal.cluster_quality_eq(segment.cluster_quality, segment.cluster_quality) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_cluster_quality_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.cluster_quality_eq(segment.cluster_quality, segment.cluster_quality) IS 'Behind =: same model, same sums';
CREATE FUNCTION segment_internal.cluster_quality_ne(segment.cluster_quality, segment.cluster_quality) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_cluster_quality_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.cluster_quality_ne(segment.cluster_quality, segment.cluster_quality) IS 'Behind <>: another model or other sums';
CREATE OPERATOR segment.= (LEFTARG = segment.cluster_quality, RIGHTARG = segment.cluster_quality, FUNCTION = segment_internal.cluster_quality_eq, COMMUTATOR = OPERATOR(segment.=), NEGATOR = OPERATOR(segment.<>), RESTRICT = eqsel, JOIN = eqjoinsel);
COMMENT ON OPERATOR segment.= (segment.cluster_quality, segment.cluster_quality) IS 'Equality: same model, same sums';
CREATE OPERATOR segment.<> (LEFTARG = segment.cluster_quality, RIGHTARG = segment.cluster_quality, FUNCTION = segment_internal.cluster_quality_ne, COMMUTATOR = OPERATOR(segment.<>), NEGATOR = OPERATOR(segment.=), RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR segment.<> (segment.cluster_quality, segment.cluster_quality) IS 'Inequality: another model or other sums';

CREATE FUNCTION segment_internal.cluster_quality_trans(segment.cluster_quality, segment.kmeans_model, float8[]) RETURNS segment.cluster_quality
  AS 'MODULE_PATHNAME', 'segment_cluster_quality_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.cluster_quality_trans(segment.cluster_quality, segment.kmeans_model, float8[]) IS 'Support function of cluster_quality: adds one vector. 22023 outside an aggregate.';
CREATE FUNCTION segment_internal.cluster_quality_combine(segment.cluster_quality, segment.cluster_quality) RETURNS segment.cluster_quality
  AS 'MODULE_PATHNAME', 'segment_cluster_quality_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.cluster_quality_combine(segment.cluster_quality, segment.cluster_quality) IS 'Support function of cluster_quality: merges two states. 22023 outside an aggregate.';
CREATE FUNCTION segment_internal.cluster_quality_final(segment.cluster_quality) RETURNS segment.cluster_quality
  AS 'MODULE_PATHNAME', 'segment_cluster_quality_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.cluster_quality_final(segment.cluster_quality) IS 'Support function of cluster_quality: the value, or NULL if there was no vector.';
CREATE AGGREGATE segment.cluster_quality(segment.kmeans_model, float8[]) (
  SFUNC = segment_internal.cluster_quality_trans, STYPE = segment.cluster_quality, FINALFUNC = segment_internal.cluster_quality_final, COMBINEFUNC = segment_internal.cluster_quality_combine, SSPACE = 30000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.cluster_quality(segment.kmeans_model, float8[]) IS 'Assigns every vector to its cluster and sums up exactly, in any order: sizes, squared distances, silhouettes, features. Vectors skipped by the model''s NULL policy are counted; rows with a NULL model are ignored. NULL without any vector. 22023 if the model changes from row to row or the vectors do not fit it.';

CREATE FUNCTION segment_internal.cluster_quality_trans(segment.cluster_quality, segment.kmeans_model, float8) RETURNS segment.cluster_quality
  AS 'MODULE_PATHNAME', 'segment_cluster_quality_trans_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.cluster_quality_trans(segment.cluster_quality, segment.kmeans_model, float8) IS 'Support function of cluster_quality: adds one vector. 22023 outside an aggregate.';
CREATE AGGREGATE segment.cluster_quality(segment.kmeans_model, float8) (
  SFUNC = segment_internal.cluster_quality_trans, STYPE = segment.cluster_quality, FINALFUNC = segment_internal.cluster_quality_final, COMBINEFUNC = segment_internal.cluster_quality_combine, SSPACE = 30000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.cluster_quality(segment.kmeans_model, float8) IS 'As cluster_quality(kmeans_model, float8[]), for 1 feature as argument: faster than building an array.';

CREATE FUNCTION segment_internal.cluster_quality_trans(segment.cluster_quality, segment.kmeans_model, float8, float8) RETURNS segment.cluster_quality
  AS 'MODULE_PATHNAME', 'segment_cluster_quality_trans_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.cluster_quality_trans(segment.cluster_quality, segment.kmeans_model, float8, float8) IS 'Support function of cluster_quality: adds one vector. 22023 outside an aggregate.';
CREATE AGGREGATE segment.cluster_quality(segment.kmeans_model, float8, float8) (
  SFUNC = segment_internal.cluster_quality_trans, STYPE = segment.cluster_quality, FINALFUNC = segment_internal.cluster_quality_final, COMBINEFUNC = segment_internal.cluster_quality_combine, SSPACE = 30000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.cluster_quality(segment.kmeans_model, float8, float8) IS 'As cluster_quality(kmeans_model, float8[]), for 2 features as arguments: faster than building an array.';

CREATE FUNCTION segment_internal.cluster_quality_trans(segment.cluster_quality, segment.kmeans_model, float8, float8, float8) RETURNS segment.cluster_quality
  AS 'MODULE_PATHNAME', 'segment_cluster_quality_trans_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.cluster_quality_trans(segment.cluster_quality, segment.kmeans_model, float8, float8, float8) IS 'Support function of cluster_quality: adds one vector. 22023 outside an aggregate.';
CREATE AGGREGATE segment.cluster_quality(segment.kmeans_model, float8, float8, float8) (
  SFUNC = segment_internal.cluster_quality_trans, STYPE = segment.cluster_quality, FINALFUNC = segment_internal.cluster_quality_final, COMBINEFUNC = segment_internal.cluster_quality_combine, SSPACE = 30000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.cluster_quality(segment.kmeans_model, float8, float8, float8) IS 'As cluster_quality(kmeans_model, float8[]), for 3 features as arguments: faster than building an array.';

CREATE FUNCTION segment_internal.cluster_quality_trans(segment.cluster_quality, segment.kmeans_model, float8, float8, float8, float8) RETURNS segment.cluster_quality
  AS 'MODULE_PATHNAME', 'segment_cluster_quality_trans_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.cluster_quality_trans(segment.cluster_quality, segment.kmeans_model, float8, float8, float8, float8) IS 'Support function of cluster_quality: adds one vector. 22023 outside an aggregate.';
CREATE AGGREGATE segment.cluster_quality(segment.kmeans_model, float8, float8, float8, float8) (
  SFUNC = segment_internal.cluster_quality_trans, STYPE = segment.cluster_quality, FINALFUNC = segment_internal.cluster_quality_final, COMBINEFUNC = segment_internal.cluster_quality_combine, SSPACE = 30000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.cluster_quality(segment.kmeans_model, float8, float8, float8, float8) IS 'As cluster_quality(kmeans_model, float8[]), for 4 features as arguments: faster than building an array.';

CREATE FUNCTION segment_internal.cluster_quality_trans(segment.cluster_quality, segment.kmeans_model, float8, float8, float8, float8, float8) RETURNS segment.cluster_quality
  AS 'MODULE_PATHNAME', 'segment_cluster_quality_trans_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.cluster_quality_trans(segment.cluster_quality, segment.kmeans_model, float8, float8, float8, float8, float8) IS 'Support function of cluster_quality: adds one vector. 22023 outside an aggregate.';
CREATE AGGREGATE segment.cluster_quality(segment.kmeans_model, float8, float8, float8, float8, float8) (
  SFUNC = segment_internal.cluster_quality_trans, STYPE = segment.cluster_quality, FINALFUNC = segment_internal.cluster_quality_final, COMBINEFUNC = segment_internal.cluster_quality_combine, SSPACE = 30000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.cluster_quality(segment.kmeans_model, float8, float8, float8, float8, float8) IS 'As cluster_quality(kmeans_model, float8[]), for 5 features as arguments: faster than building an array.';

CREATE FUNCTION segment_internal.cluster_quality_trans(segment.cluster_quality, segment.kmeans_model, float8, float8, float8, float8, float8, float8) RETURNS segment.cluster_quality
  AS 'MODULE_PATHNAME', 'segment_cluster_quality_trans_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.cluster_quality_trans(segment.cluster_quality, segment.kmeans_model, float8, float8, float8, float8, float8, float8) IS 'Support function of cluster_quality: adds one vector. 22023 outside an aggregate.';
CREATE AGGREGATE segment.cluster_quality(segment.kmeans_model, float8, float8, float8, float8, float8, float8) (
  SFUNC = segment_internal.cluster_quality_trans, STYPE = segment.cluster_quality, FINALFUNC = segment_internal.cluster_quality_final, COMBINEFUNC = segment_internal.cluster_quality_combine, SSPACE = 30000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.cluster_quality(segment.kmeans_model, float8, float8, float8, float8, float8, float8) IS 'As cluster_quality(kmeans_model, float8[]), for 6 features as arguments: faster than building an array.';

CREATE FUNCTION segment_internal.cluster_quality_trans(segment.cluster_quality, segment.kmeans_model, float8, float8, float8, float8, float8, float8, float8) RETURNS segment.cluster_quality
  AS 'MODULE_PATHNAME', 'segment_cluster_quality_trans_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.cluster_quality_trans(segment.cluster_quality, segment.kmeans_model, float8, float8, float8, float8, float8, float8, float8) IS 'Support function of cluster_quality: adds one vector. 22023 outside an aggregate.';
CREATE AGGREGATE segment.cluster_quality(segment.kmeans_model, float8, float8, float8, float8, float8, float8, float8) (
  SFUNC = segment_internal.cluster_quality_trans, STYPE = segment.cluster_quality, FINALFUNC = segment_internal.cluster_quality_final, COMBINEFUNC = segment_internal.cluster_quality_combine, SSPACE = 30000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.cluster_quality(segment.kmeans_model, float8, float8, float8, float8, float8, float8, float8) IS 'As cluster_quality(kmeans_model, float8[]), for 7 features as arguments: faster than building an array.';

CREATE FUNCTION segment_internal.cluster_quality_trans(segment.cluster_quality, segment.kmeans_model, float8, float8, float8, float8, float8, float8, float8, float8) RETURNS segment.cluster_quality
  AS 'MODULE_PATHNAME', 'segment_cluster_quality_trans_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.cluster_quality_trans(segment.cluster_quality, segment.kmeans_model, float8, float8, float8, float8, float8, float8, float8, float8) IS 'Support function of cluster_quality: adds one vector. 22023 outside an aggregate.';
CREATE AGGREGATE segment.cluster_quality(segment.kmeans_model, float8, float8, float8, float8, float8, float8, float8, float8) (
  SFUNC = segment_internal.cluster_quality_trans, STYPE = segment.cluster_quality, FINALFUNC = segment_internal.cluster_quality_final, COMBINEFUNC = segment_internal.cluster_quality_combine, SSPACE = 30000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.cluster_quality(segment.kmeans_model, float8, float8, float8, float8, float8, float8, float8, float8) IS 'As cluster_quality(kmeans_model, float8[]), for 8 features as arguments: faster than building an array.';

CREATE AGGREGATE segment.cluster_quality_rollup(segment.cluster_quality) (
  SFUNC = segment_internal.cluster_quality_combine, STYPE = segment.cluster_quality, FINALFUNC = segment_internal.cluster_quality_final, COMBINEFUNC = segment_internal.cluster_quality_combine, SSPACE = 30000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.cluster_quality_rollup(segment.cluster_quality) IS 'Merges qualities of disjoint sets of vectors: the same as cluster_quality of all of them. NULL without vectors; 22023 if they are of different models.';

CREATE FUNCTION segment.cluster_quality_info(quality segment.cluster_quality, OUT vectors bigint, OUT skipped bigint, OUT k int, OUT inertia float8, OUT total float8, OUT calinski_harabasz float8, OUT davies_bouldin float8, OUT silhouette float8)
  AS 'MODULE_PATHNAME', 'segment_cluster_quality_info' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.cluster_quality_info(segment.cluster_quality) IS 'One row about an assignment: vectors, skipped for a NULL, clusters; inertia (sum of squared distances to the centroids, scaled; exact), total (the same about the mean); Calinski-Harabasz index (1974; more is better), Davies-Bouldin index (1979; less is better), mean simplified silhouette (by distances to centroids; -1 to 1, more is better). Indices are NULL where they are undefined.';

CREATE FUNCTION segment.cluster_profile(quality segment.cluster_quality, names text[] DEFAULT NULL, OUT cluster int, OUT size bigint, OUT share float8, OUT feature int, OUT name text, OUT mean float8, OUT population_mean float8, OUT index float8, OUT z float8, OUT rank int) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_cluster_profile' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 30;
COMMENT ON FUNCTION segment.cluster_profile(segment.cluster_quality, text[]) IS 'One row a cluster and feature: size and share of the cluster; number and name of the feature (names in the order of the vector); mean in the cluster and in the population, in the user''s units; index = 100 * mean / population mean (NULL if that is 0); z = how many standard deviations the cluster''s mean lies off the population''s, after the model''s transform; rank 1 is the feature that sets the cluster apart most. 22023 if names does not have one name a feature.';

CREATE FUNCTION segment.kmeans_refine(quality segment.cluster_quality, coreset segment.coreset) RETURNS segment.kmeans_model
  AS 'MODULE_PATHNAME', 'segment_kmeans_refine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION segment.kmeans_refine(segment.cluster_quality, segment.coreset) IS 'The model that quality was measured with, moved to where a descent on all vectors would end: quality has the exact sums of one scan, the coreset says how they change nearby. Sizes are those of the scan, labels stay, inertia is an upper bound that is nearly exact. Not needed where the model is exact. coreset: the one that the model was fitted on, of vectors of weight 1; 22023 if it is another.';

CREATE FUNCTION segment.cluster_rules(model segment.kmeans_model, coreset segment.coreset, names text[] DEFAULT NULL, OUT cluster int, OUT size float8, OUT rule text, OUT "precision" float8, OUT recall float8, OUT lower float8[], OUT upper float8[]) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_cluster_rules' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 8 COST 100000;
COMMENT ON FUNCTION segment.cluster_rules(segment.kmeans_model, segment.coreset, text[]) IS 'One row a cluster: its size in the coreset; a rule of at most four thresholds in the user''s units that describes it (names: the features'' names, in the order of the vector); precision (how much of what the rule selects belongs to the cluster) and recall (how much of the cluster it selects), measured on the coreset: exact if that is; the thresholds as arrays, NULL where there is none. Each threshold is the one that raises F1 most. No rows for NULL; 22023 if coreset or names do not fit the model.';
