-- cluster: coresets, the bounded summaries of feature vectors that models are fitted on.

CREATE TYPE segment.coreset;

CREATE FUNCTION segment_internal.coreset_in(cstring) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_in(cstring) IS 'Text input of type coreset. 22P02 for anything that coreset_out does not give.';

CREATE FUNCTION segment_internal.coreset_out(segment.coreset) RETURNS cstring
  AS 'MODULE_PATHNAME', 'segment_coreset_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_out(segment.coreset) IS 'Text output of type coreset; reads back as the same value.';

CREATE FUNCTION segment_internal.coreset_recv(internal) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_recv(internal) IS 'Binary input of type coreset. 22P03 for anything that coreset_send does not give.';

CREATE FUNCTION segment_internal.coreset_send(segment.coreset) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_coreset_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_send(segment.coreset) IS 'Binary output of type coreset.';

CREATE TYPE segment.coreset (
  INPUT = segment_internal.coreset_in, OUTPUT = segment_internal.coreset_out, RECEIVE = segment_internal.coreset_recv, SEND = segment_internal.coreset_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE segment.coreset IS 'Bounded, mergeable summary of feature vectors: up to 8192 distinct points with weights, exactly; beyond that, clustering features. Made by coreset_agg, merged by coreset_rollup and +, read by kmeans, gmm, kmeans_choose, ...';

-- Aggregates. Options are ordered overloads: transform, weight, nulls.

CREATE FUNCTION segment_internal.coreset_combine(segment.coreset, segment.coreset) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_combine(segment.coreset, segment.coreset) IS 'Support function of coreset_agg and coreset_rollup: merges the second coreset into the first. 22023 outside an aggregate.';
CREATE FUNCTION segment_internal.coreset_final(segment.coreset) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_final(segment.coreset) IS 'Support function of coreset_agg and coreset_rollup: the coreset, or NULL if it holds no vector.';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8[]) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8[]) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8[]) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 1000000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8[]) IS 'Coreset of feature vectors: one scan, no number of clusters yet. Transform log (signed log1p), weight 1, vectors with a NULL are skipped and counted. NULL without any vector. 22003 for NaN and infinity, 22023 for vectors of different length, 2202E for an empty or multi-dimensional array.';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8[], text) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8[], text) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8[], text) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 1000000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8[], text) IS 'Coreset of feature vectors: one scan, no number of clusters yet. transform: log (signed log1p: money and counts) or none (coordinates, scores). Otherwise as coreset_agg(float8[]).';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8[], text, float8) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8[], text, float8) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8[], text, float8) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 1000000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8[], text, float8) IS 'Coreset of feature vectors: one scan, no number of clusters yet. weight: what the vector counts for: 0, or 2^-20 to 2^33, rounded to multiples of 2^-20; NULL skips the row; 22023 for others, 54000 for a total of 2^33 or more. Otherwise as coreset_agg(float8[], text).';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8[], text, float8, text) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8[], text, float8, text) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8[], text, float8, text) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 1000000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8[], text, float8, text) IS 'Coreset of feature vectors: one scan, no number of clusters yet. nulls: skip (a vector with a NULL is left out and counted), error (22004) or mean (the feature''s mean is taken instead). Otherwise as coreset_agg(float8[], text, float8).';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 730000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8) IS 'As coreset_agg(float8[]), for 1 feature as argument: faster than building an array.';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, text) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans_columns_as' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, text) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8, text) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 730000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8, text) IS 'As coreset_agg(float8[], text), for 1 feature as argument; the last argument is the transform.';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8, float8) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 910000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8, float8) IS 'As coreset_agg(float8[]), for 2 features as arguments: faster than building an array.';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, text) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans_columns_as' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, text) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8, float8, text) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 910000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8, float8, text) IS 'As coreset_agg(float8[], text), for 2 features as arguments; the last argument is the transform.';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8, float8, float8) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 980000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8, float8, float8) IS 'As coreset_agg(float8[]), for 3 features as arguments: faster than building an array.';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, text) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans_columns_as' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, text) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8, float8, float8, text) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 980000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8, float8, float8, text) IS 'As coreset_agg(float8[], text), for 3 features as arguments; the last argument is the transform.';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8, float8, float8, float8) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 1090000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8, float8, float8, float8) IS 'As coreset_agg(float8[]), for 4 features as arguments: faster than building an array.';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8, text) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans_columns_as' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8, text) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8, float8, float8, float8, text) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 1090000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8, float8, float8, float8, text) IS 'As coreset_agg(float8[], text), for 4 features as arguments; the last argument is the transform.';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8, float8) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8, float8) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8, float8, float8, float8, float8) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 1280000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8, float8, float8, float8, float8) IS 'As coreset_agg(float8[]), for 5 features as arguments: faster than building an array.';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8, float8, text) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans_columns_as' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8, float8, text) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8, float8, float8, float8, float8, text) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 1280000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8, float8, float8, float8, float8, text) IS 'As coreset_agg(float8[], text), for 5 features as arguments; the last argument is the transform.';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8, float8, float8) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8, float8, float8) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8, float8, float8, float8, float8, float8) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 1480000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8, float8, float8, float8, float8, float8) IS 'As coreset_agg(float8[]), for 6 features as arguments: faster than building an array.';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8, float8, float8, text) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans_columns_as' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8, float8, float8, text) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8, float8, float8, float8, float8, float8, text) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 1480000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8, float8, float8, float8, float8, float8, text) IS 'As coreset_agg(float8[], text), for 6 features as arguments; the last argument is the transform.';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8, float8, float8, float8) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8, float8, float8, float8) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8, float8, float8, float8, float8, float8, float8) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 1670000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8, float8, float8, float8, float8, float8, float8) IS 'As coreset_agg(float8[]), for 7 features as arguments: faster than building an array.';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8, float8, float8, float8, text) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans_columns_as' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8, float8, float8, float8, text) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8, float8, float8, float8, float8, float8, float8, text) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 1670000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8, float8, float8, float8, float8, float8, float8, text) IS 'As coreset_agg(float8[], text), for 7 features as arguments; the last argument is the transform.';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8, float8, float8, float8, float8) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans_columns' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8, float8, float8, float8, float8) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8, float8, float8, float8, float8, float8, float8, float8) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 1870000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8, float8, float8, float8, float8, float8, float8, float8) IS 'As coreset_agg(float8[]), for 8 features as arguments: faster than building an array.';

CREATE FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8, float8, float8, float8, float8, text) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_agg_trans_columns_as' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_agg_trans(segment.coreset, float8, float8, float8, float8, float8, float8, float8, float8, text) IS 'Support function of coreset_agg: adds one row. 22023 outside an aggregate.';
CREATE AGGREGATE segment.coreset_agg(float8, float8, float8, float8, float8, float8, float8, float8, text) (
  SFUNC = segment_internal.coreset_agg_trans, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 1870000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_agg(float8, float8, float8, float8, float8, float8, float8, float8, text) IS 'As coreset_agg(float8[], text), for 8 features as arguments; the last argument is the transform.';

CREATE AGGREGATE segment.coreset_rollup(segment.coreset) (
  SFUNC = segment_internal.coreset_combine, STYPE = segment.coreset, FINALFUNC = segment_internal.coreset_final, COMBINEFUNC = segment_internal.coreset_combine, SSPACE = 1000000, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.coreset_rollup(segment.coreset) IS 'Coreset of all vectors behind stored coresets (by day, shard, ...); the same as one scan over all of them while points are distinct. NULLs are skipped; NULL without any. 22023 for coresets made with different options or features.';

CREATE FUNCTION segment_internal.coreset_add(segment.coreset, segment.coreset) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_add' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.coreset_add(segment.coreset, segment.coreset) IS 'Coreset of the vectors behind both. NULL for NULL; 22023 for coresets made with different options or features.';
CREATE OPERATOR segment.+ (LEFTARG = segment.coreset, RIGHTARG = segment.coreset, FUNCTION = segment_internal.coreset_add);
COMMENT ON OPERATOR segment.+ (segment.coreset, segment.coreset) IS 'Coreset of the vectors behind both';

CREATE FUNCTION segment.coreset_compress(coreset segment.coreset, micro_clusters int) RETURNS segment.coreset
  AS 'MODULE_PATHNAME', 'segment_coreset_compress_to' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.coreset_compress(segment.coreset, int) IS 'The coreset in at most so many micro-clusters (1 to 8192, 7168, 5120 for 1, 2, 3 features, 4096 for more), to store it smaller. It is no longer exact. NULL for NULL; 22023 for micro_clusters out of range.';

CREATE FUNCTION segment.coreset_info(coreset segment.coreset, OUT vectors bigint, OUT weight float8, OUT skipped bigint, OUT features int, OUT transform text, OUT nulls text, OUT exact boolean, OUT points int, OUT bytes bigint)
  AS 'MODULE_PATHNAME', 'segment_coreset_info' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.coreset_info(segment.coreset) IS 'One row about a coreset: vectors taken and their total weight; vectors skipped for a NULL; number of features; transform and NULL policy; exact: it holds all distinct points (false: micro-clusters); how many points or micro-clusters; bytes in memory.';

CREATE FUNCTION segment.coreset_features(coreset segment.coreset, OUT feature int, OUT lowest float8, OUT highest float8, OUT mean float8, OUT variance float8, OUT missing bigint) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_coreset_features' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 5;
COMMENT ON FUNCTION segment.coreset_features(segment.coreset) IS 'One row a feature (1, 2, ...): lowest and highest value in the user''s units; mean and variance (of the population) of the transformed feature; missing: NULLs seen, also in vectors that were skipped.';
