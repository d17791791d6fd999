-- cluster: fitted models, and assignment of vectors to their clusters.

CREATE TYPE segment.kmeans_model;

CREATE FUNCTION segment_internal.kmeans_model_in(cstring) RETURNS segment.kmeans_model
  AS 'MODULE_PATHNAME', 'segment_kmeans_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.kmeans_model_in(cstring) IS 'Text input of type kmeans_model. 22P02 for anything that is no model.';

CREATE FUNCTION segment_internal.kmeans_model_out(segment.kmeans_model) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_kmeans_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.kmeans_model_out(segment.kmeans_model) IS 'Text output of type kmeans_model; reads back as the same value.';

CREATE FUNCTION segment_internal.kmeans_model_recv(internal) RETURNS segment.kmeans_model
  AS 'MODULE_PATHNAME', 'segment_kmeans_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.kmeans_model_recv(internal) IS 'Binary input of type kmeans_model. 22P03 for anything that kmeans_model_send does not give.';

CREATE FUNCTION segment_internal.kmeans_model_send(segment.kmeans_model) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_kmeans_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.kmeans_model_send(segment.kmeans_model) IS 'Binary output of type kmeans_model.';

CREATE TYPE segment.kmeans_model (
  INPUT = segment_internal.kmeans_model_in, OUTPUT = segment_internal.kmeans_model_out, RECEIVE = segment_internal.kmeans_model_recv, SEND = segment_internal.kmeans_model_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE segment.kmeans_model IS 'Fitted clusters: transform, scale and centroids, and how they were found. Made by kmeans, kmeans_agg and relabel; applied by cluster_of, cluster_distance, ...; its text form is a JSON object.';

CREATE FUNCTION segment_internal.kmeans_model_to_jsonb(segment.kmeans_model) RETURNS jsonb
  AS 'MODULE_PATHNAME', 'segment_kmeans_model_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.kmeans_model_to_jsonb(segment.kmeans_model) IS 'The model as a JSON object; centroids stand in the scaled space, cluster by cluster';
CREATE CAST (segment.kmeans_model AS jsonb) WITH FUNCTION segment_internal.kmeans_model_to_jsonb(segment.kmeans_model);
COMMENT ON CAST (segment.kmeans_model AS jsonb) IS 'The model as a JSON object';
CREATE FUNCTION segment_internal.kmeans_model_from_jsonb(jsonb) RETURNS segment.kmeans_model
  AS 'MODULE_PATHNAME', 'segment_kmeans_model_from_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.kmeans_model_from_jsonb(jsonb) IS 'The model of a JSON object; 22023 if it is none';
CREATE CAST (jsonb AS segment.kmeans_model) WITH FUNCTION segment_internal.kmeans_model_from_jsonb(jsonb);
COMMENT ON CAST (jsonb AS segment.kmeans_model) IS 'The model of a JSON object';

CREATE FUNCTION segment.kmeans(coreset segment.coreset, k int, scale text DEFAULT 'standard', transform text DEFAULT 'stored', seed bigint DEFAULT 1,
                       starts int DEFAULT NULL, swaps int DEFAULT NULL, max_iter int DEFAULT 300, tolerance float8 DEFAULT 0) RETURNS segment.kmeans_model
  AS 'MODULE_PATHNAME', 'segment_kmeans_sql' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION segment.kmeans(segment.coreset, int, text, text, bigint, int, int, int, float8) IS 'Fits k clusters (1 to 1000) by k-means. scale: standard (default), robust or none. transform: stored (the coreset''s), or log or none, which only an exact coreset can change. seed (>= 0) decides the random choices. starts, swaps: NULL for as many as the size of the problem asks for. max_iter rounds a descent; it stops when a round improves the sum of squares by the fraction tolerance or less (0: when no point changes its cluster). Clusters are numbered from 1 by weight, largest first. NULL for a NULL coreset or k. 22023 for options out of range and for k above the number of distinct points; 53400 if it needs more than maintenance_work_mem; 0A000 for another transform than a compressed coreset has. Greedy k-means++ (Arthur & Vassilvitskii 2007), Lloyd, random swaps (Fraenti 2018).';

CREATE FUNCTION segment_internal.kmeans_agg_final(segment.coreset) RETURNS segment.kmeans_model
  AS 'MODULE_PATHNAME', 'segment_kmeans_agg_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.kmeans_agg_final(segment.coreset) IS 'Support function of kmeans_agg: fits with the default options.';

CREATE FUNCTION segment_internal.kmeans_agg_trans(segment.coreset, float8[], int) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_kmeans_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.kmeans_agg_trans(segment.coreset, float8[], int) IS 'Support function of kmeans_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.kmeans_agg(float8[], int) (
  SFUNC = segment_internal.kmeans_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.kmeans_agg_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 1000000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.kmeans_agg(float8[], int) IS 'k-means in one step: kmeans(coreset_agg(features), k). k must be the same for every row (22023).';

CREATE FUNCTION segment_internal.kmeans_agg_trans(segment.coreset, float8[], int, text) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_kmeans_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.kmeans_agg_trans(segment.coreset, float8[], int, text) IS 'Support function of kmeans_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.kmeans_agg(float8[], int, text) (
  SFUNC = segment_internal.kmeans_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.kmeans_agg_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 1000000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.kmeans_agg(float8[], int, text) IS 'k-means in one step: kmeans(coreset_agg(features, transform), k).';

CREATE FUNCTION segment.model_info(model segment.kmeans_model, OUT vectors bigint, OUT weight float8, OUT k int, OUT features int, OUT transform text, OUT scale text, OUT nulls text, OUT seed bigint, OUT starts int, OUT swaps int, OUT iterations int, OUT stopped text, OUT inertia float8, OUT total float8, OUT explained float8, OUT exact boolean, OUT points int, OUT last_label int)
  AS 'MODULE_PATHNAME', 'segment_model_info' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.model_info(segment.kmeans_model) IS 'One row about a fit: what it was fitted on, its options, rounds of all descents, why the last one stopped (converged, tolerance, max_iter), inertia (sum of squared distances in the scaled space; an upper bound unless exact), total (the same about the mean), explained (1 - inertia/total, NULL if all points are equal), points or micro-clusters it was fitted on, last_label (highest cluster number given so far).';

CREATE FUNCTION segment.cluster_table(model segment.kmeans_model, OUT cluster int, OUT size float8, OUT share float8, OUT centroid float8[], OUT inertia float8, OUT radius float8) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_cluster_table' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 8;
COMMENT ON FUNCTION segment.cluster_table(segment.kmeans_model) IS 'One row a cluster: number, size (total weight of its vectors when fitted), share of all, centroid in the user''s units (after transform log: the typical value, not the arithmetic mean), inertia (sum of squared distances, scaled), radius (root mean squared distance, scaled).';

-- Assignment: pure functions of model and vector. NULL for a NULL model or vector, and for a NULL feature under nulls skip.

CREATE FUNCTION segment.cluster_of(model segment.kmeans_model, features float8[]) RETURNS int
  AS 'MODULE_PATHNAME', 'segment_cluster_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.cluster_of(segment.kmeans_model, float8[]) IS 'Number of the cluster whose centroid is nearest. NULL for a NULL model or vector, and for a NULL feature under nulls skip. 22023 if the vector does not have the model''s number of features; 22003 for NaN and infinity.';

CREATE FUNCTION segment.cluster_of(model segment.kmeans_model, f1 float8) RETURNS int
  AS 'MODULE_PATHNAME', 'segment_cluster_of_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment.cluster_of(segment.kmeans_model, float8) IS 'As cluster_of(kmeans_model, float8[]), for 1 feature as argument: faster than building an array.';

CREATE FUNCTION segment.cluster_of(model segment.kmeans_model, f1 float8, f2 float8) RETURNS int
  AS 'MODULE_PATHNAME', 'segment_cluster_of_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment.cluster_of(segment.kmeans_model, float8, float8) IS 'As cluster_of(kmeans_model, float8[]), for 2 features as arguments: faster than building an array.';

CREATE FUNCTION segment.cluster_of(model segment.kmeans_model, f1 float8, f2 float8, f3 float8) RETURNS int
  AS 'MODULE_PATHNAME', 'segment_cluster_of_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment.cluster_of(segment.kmeans_model, float8, float8, float8) IS 'As cluster_of(kmeans_model, float8[]), for 3 features as arguments: faster than building an array.';

CREATE FUNCTION segment.cluster_of(model segment.kmeans_model, f1 float8, f2 float8, f3 float8, f4 float8) RETURNS int
  AS 'MODULE_PATHNAME', 'segment_cluster_of_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment.cluster_of(segment.kmeans_model, float8, float8, float8, float8) IS 'As cluster_of(kmeans_model, float8[]), for 4 features as arguments: faster than building an array.';

CREATE FUNCTION segment.cluster_of(model segment.kmeans_model, f1 float8, f2 float8, f3 float8, f4 float8, f5 float8) RETURNS int
  AS 'MODULE_PATHNAME', 'segment_cluster_of_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment.cluster_of(segment.kmeans_model, float8, float8, float8, float8, float8) IS 'As cluster_of(kmeans_model, float8[]), for 5 features as arguments: faster than building an array.';

CREATE FUNCTION segment.cluster_of(model segment.kmeans_model, f1 float8, f2 float8, f3 float8, f4 float8, f5 float8, f6 float8) RETURNS int
  AS 'MODULE_PATHNAME', 'segment_cluster_of_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment.cluster_of(segment.kmeans_model, float8, float8, float8, float8, float8, float8) IS 'As cluster_of(kmeans_model, float8[]), for 6 features as arguments: faster than building an array.';

CREATE FUNCTION segment.cluster_of(model segment.kmeans_model, f1 float8, f2 float8, f3 float8, f4 float8, f5 float8, f6 float8, f7 float8) RETURNS int
  AS 'MODULE_PATHNAME', 'segment_cluster_of_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment.cluster_of(segment.kmeans_model, float8, float8, float8, float8, float8, float8, float8) IS 'As cluster_of(kmeans_model, float8[]), for 7 features as arguments: faster than building an array.';

CREATE FUNCTION segment.cluster_of(model segment.kmeans_model, f1 float8, f2 float8, f3 float8, f4 float8, f5 float8, f6 float8, f7 float8, f8 float8) RETURNS int
  AS 'MODULE_PATHNAME', 'segment_cluster_of_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment.cluster_of(segment.kmeans_model, float8, float8, float8, float8, float8, float8, float8, float8) IS 'As cluster_of(kmeans_model, float8[]), for 8 features as arguments: faster than building an array.';

CREATE FUNCTION segment.cluster_distance(model segment.kmeans_model, features float8[]) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_cluster_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.cluster_distance(segment.kmeans_model, float8[]) IS 'Distance to the nearest centroid, in the scaled space of the model. NULL for a NULL model or vector, and for a NULL feature under nulls skip. 22023 if the vector does not have the model''s number of features; 22003 for NaN and infinity.';

CREATE FUNCTION segment.cluster_second(model segment.kmeans_model, features float8[]) RETURNS int
  AS 'MODULE_PATHNAME', 'segment_cluster_second' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.cluster_second(segment.kmeans_model, float8[]) IS 'Number of the second nearest cluster; NULL if there is one only. NULL for a NULL model or vector, and for a NULL feature under nulls skip. 22023 if the vector does not have the model''s number of features; 22003 for NaN and infinity.';

CREATE FUNCTION segment.cluster_second_distance(model segment.kmeans_model, features float8[]) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_cluster_second_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.cluster_second_distance(segment.kmeans_model, float8[]) IS 'Distance to the second nearest centroid, in the scaled space of the model; NULL if there is one only. NULL for a NULL model or vector, and for a NULL feature under nulls skip. 22023 if the vector does not have the model''s number of features; 22003 for NaN and infinity.';

CREATE FUNCTION segment.cluster_anomaly(model segment.kmeans_model, features float8[]) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_cluster_anomaly' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.cluster_anomaly(segment.kmeans_model, float8[]) IS 'How unusual a vector is for its cluster: distance to the centroid / root mean squared distance of the cluster''s members when fitted. 1 is typical, above 3 is rare. Infinite off a cluster whose members are all equal, NULL on it. NULL for a NULL model or vector, and for a NULL feature under nulls skip. 22023 if the vector does not have the model''s number of features; 22003 for NaN and infinity.';
-- A refit keeps the numbers of its predecessor.

CREATE FUNCTION segment.relabel(new_model segment.kmeans_model, old_model segment.kmeans_model) RETURNS segment.kmeans_model
  AS 'MODULE_PATHNAME', 'segment_relabel' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.relabel(segment.kmeans_model, segment.kmeans_model) IS 'The new model with the old one''s cluster numbers: clusters are matched at the least sum of squared distances between centroids, in the old model''s scaled space (Hungarian method); a pair farther apart than half the old cluster''s distance to its nearest neighbour is no match. A cluster without match gets a number that was never given before. NULL for NULL; 22023 for models of different features or transforms.';

CREATE FUNCTION segment.relabel_report(new_model segment.kmeans_model, old_model segment.kmeans_model, OUT cluster int, OUT new_cluster int, OUT old_cluster int, OUT status text, OUT distance float8) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_relabel_report' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION segment.relabel_report(segment.kmeans_model, segment.kmeans_model) IS 'What relabel does, one row a cluster of either model: its number afterwards, its number in the new model (NULL if retired) and in the old one (NULL if new), status (matched, new, retired), distance between the matched centroids in the old model''s scaled space.';

-- Fit and assign at once, by partition.

CREATE FUNCTION segment.kmeans_assign(features float8[], k int) RETURNS int
  AS 'MODULE_PATHNAME', 'segment_kmeans_assign' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION segment.kmeans_assign(float8[], int) IS 'Window function: fits k clusters on the partition (transform log, scale standard) and gives each row''s cluster, 1 for the largest. A partition with fewer distinct vectors gets one cluster for each. NULL for a vector that is NULL or has a NULL. k is taken from the partition''s first row. 22023 for k out of range.';
CREATE FUNCTION segment.kmeans_assign(features float8[], k int, transform text) RETURNS int
  AS 'MODULE_PATHNAME', 'segment_kmeans_assign' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION segment.kmeans_assign(float8[], int, text) IS 'As kmeans_assign(float8[], int); transform: log or none';
CREATE FUNCTION segment.kmeans_assign(features float8[], k int, transform text, scale text) RETURNS int
  AS 'MODULE_PATHNAME', 'segment_kmeans_assign' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION segment.kmeans_assign(float8[], int, text, text) IS 'As kmeans_assign(float8[], int, text); scale: standard, robust or none';
CREATE FUNCTION segment.kmeans_assign(features float8[], k int, transform text, scale text, seed bigint) RETURNS int
  AS 'MODULE_PATHNAME', 'segment_kmeans_assign' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION segment.kmeans_assign(float8[], int, text, text, bigint) IS 'As kmeans_assign(float8[], int, text, text); seed (>= 0) decides the random choices';
