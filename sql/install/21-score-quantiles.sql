-- score: quantiles, and cut points made of data

-- quantiles: the exact multiset of values -------------------------------------------------------

CREATE TYPE segment.quantiles;

CREATE FUNCTION segment_internal.quantiles_in(cstring) RETURNS segment.quantiles
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_in';
COMMENT ON FUNCTION segment_internal.quantiles_in(cstring) IS 'reads quantiles, such as {1:1493,2:835,3.5}. 22P02 for anything else';

CREATE FUNCTION segment_internal.quantiles_out(segment.quantiles) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_out';
COMMENT ON FUNCTION segment_internal.quantiles_out(segment.quantiles) IS 'writes quantiles as text that reads back the same';

CREATE FUNCTION segment_internal.quantiles_recv(internal) RETURNS segment.quantiles
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_recv';
COMMENT ON FUNCTION segment_internal.quantiles_recv(internal) IS 'reads the binary form of quantiles, checking it. 22P03 for anything else';

CREATE FUNCTION segment_internal.quantiles_send(segment.quantiles) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_send';
COMMENT ON FUNCTION segment_internal.quantiles_send(segment.quantiles) IS 'writes the binary form of quantiles';

CREATE TYPE segment.quantiles (
  INPUT = segment_internal.quantiles_in, OUTPUT = segment_internal.quantiles_out, RECEIVE = segment_internal.quantiles_recv, SEND = segment_internal.quantiles_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE segment.quantiles IS
  'every value that was counted, exactly: distinct finite numbers in ascending order, each with how often it occurred: '
  '{1:1493,2:835,3.5}. Made by quantiles_agg, merged by quantiles_rollup and +, at most 1 GB. cut_points makes cut points '
  'of it, for any number of bins and any method';

CREATE FUNCTION segment_internal.quantiles_eq(segment.quantiles, segment.quantiles) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_eq';
COMMENT ON FUNCTION segment_internal.quantiles_eq(segment.quantiles, segment.quantiles) IS 'behind =: equal';

CREATE FUNCTION segment_internal.quantiles_ne(segment.quantiles, segment.quantiles) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_ne';
COMMENT ON FUNCTION segment_internal.quantiles_ne(segment.quantiles, segment.quantiles) IS 'behind <>: not equal';

CREATE FUNCTION segment_internal.quantiles_lt(segment.quantiles, segment.quantiles) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_lt';
COMMENT ON FUNCTION segment_internal.quantiles_lt(segment.quantiles, segment.quantiles) IS 'behind <: less';

CREATE FUNCTION segment_internal.quantiles_le(segment.quantiles, segment.quantiles) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_le';
COMMENT ON FUNCTION segment_internal.quantiles_le(segment.quantiles, segment.quantiles) IS 'behind <=: less or equal';

CREATE FUNCTION segment_internal.quantiles_gt(segment.quantiles, segment.quantiles) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_gt';
COMMENT ON FUNCTION segment_internal.quantiles_gt(segment.quantiles, segment.quantiles) IS 'behind >: greater';

CREATE FUNCTION segment_internal.quantiles_ge(segment.quantiles, segment.quantiles) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_ge';
COMMENT ON FUNCTION segment_internal.quantiles_ge(segment.quantiles, segment.quantiles) IS 'behind >=: greater or equal';

CREATE FUNCTION segment_internal.quantiles_cmp(segment.quantiles, segment.quantiles) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_cmp';
COMMENT ON FUNCTION segment_internal.quantiles_cmp(segment.quantiles, segment.quantiles) IS 'order of two quantiles values: entry by entry as in a dictionary';

CREATE FUNCTION segment_internal.quantiles_hash(segment.quantiles) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_hash';
COMMENT ON FUNCTION segment_internal.quantiles_hash(segment.quantiles) IS 'hash of quantiles; equal values have equal hashes';

CREATE FUNCTION segment_internal.quantiles_hash_extended(segment.quantiles, bigint) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_hash_extended';
COMMENT ON FUNCTION segment_internal.quantiles_hash_extended(segment.quantiles, bigint) IS 'seeded hash of quantiles';

CREATE OPERATOR segment.= (LEFTARG = segment.quantiles, RIGHTARG = segment.quantiles, FUNCTION = segment_internal.quantiles_eq, COMMUTATOR = OPERATOR(segment.=), NEGATOR = OPERATOR(segment.<>),
  RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR segment.<> (LEFTARG = segment.quantiles, RIGHTARG = segment.quantiles, FUNCTION = segment_internal.quantiles_ne, COMMUTATOR = OPERATOR(segment.<>), NEGATOR = OPERATOR(segment.=),
  RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR segment.< (LEFTARG = segment.quantiles, RIGHTARG = segment.quantiles, FUNCTION = segment_internal.quantiles_lt, COMMUTATOR = OPERATOR(segment.>), NEGATOR = OPERATOR(segment.>=),
  RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR segment.<= (LEFTARG = segment.quantiles, RIGHTARG = segment.quantiles, FUNCTION = segment_internal.quantiles_le, COMMUTATOR = OPERATOR(segment.>=), NEGATOR = OPERATOR(segment.>),
  RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR segment.> (LEFTARG = segment.quantiles, RIGHTARG = segment.quantiles, FUNCTION = segment_internal.quantiles_gt, COMMUTATOR = OPERATOR(segment.<), NEGATOR = OPERATOR(segment.<=),
  RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR segment.>= (LEFTARG = segment.quantiles, RIGHTARG = segment.quantiles, FUNCTION = segment_internal.quantiles_ge, COMMUTATOR = OPERATOR(segment.<=), NEGATOR = OPERATOR(segment.<),
  RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR segment.= (segment.quantiles, segment.quantiles) IS 'equal';
COMMENT ON OPERATOR segment.<> (segment.quantiles, segment.quantiles) IS 'not equal';
COMMENT ON OPERATOR segment.< (segment.quantiles, segment.quantiles) IS 'less';
COMMENT ON OPERATOR segment.<= (segment.quantiles, segment.quantiles) IS 'less or equal';
COMMENT ON OPERATOR segment.> (segment.quantiles, segment.quantiles) IS 'greater';
COMMENT ON OPERATOR segment.>= (segment.quantiles, segment.quantiles) IS 'greater or equal';

CREATE OPERATOR CLASS segment.quantiles_ops DEFAULT FOR TYPE segment.quantiles USING btree AS
  OPERATOR 1 segment.<, OPERATOR 2 segment.<=, OPERATOR 3 segment.=, OPERATOR 4 segment.>=, OPERATOR 5 segment.>,
  FUNCTION 1 segment_internal.quantiles_cmp(segment.quantiles, segment.quantiles);
COMMENT ON OPERATOR CLASS segment.quantiles_ops USING btree IS 'order of quantiles: entry by entry as in a dictionary';

CREATE OPERATOR CLASS segment.quantiles_hash_ops DEFAULT FOR TYPE segment.quantiles USING hash AS
  OPERATOR 1 segment.=,
  FUNCTION 1 segment_internal.quantiles_hash(segment.quantiles), FUNCTION 2 segment_internal.quantiles_hash_extended(segment.quantiles, bigint);
COMMENT ON OPERATOR CLASS segment.quantiles_hash_ops USING hash IS 'hashing of quantiles';

CREATE FUNCTION segment_internal.quantiles_agg_trans(segment.quantiles, double precision) RETURNS segment.quantiles
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_agg_trans';
COMMENT ON FUNCTION segment_internal.quantiles_agg_trans(segment.quantiles, double precision) IS 'transition function of quantiles_agg';

CREATE FUNCTION segment_internal.quantiles_agg_combine(segment.quantiles, segment.quantiles) RETURNS segment.quantiles
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_agg_combine';
COMMENT ON FUNCTION segment_internal.quantiles_agg_combine(segment.quantiles, segment.quantiles) IS
  'combine function of quantiles_agg, and transition function of quantiles_rollup';

CREATE FUNCTION segment_internal.quantiles_agg_final(segment.quantiles) RETURNS segment.quantiles
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_agg_final';
COMMENT ON FUNCTION segment_internal.quantiles_agg_final(segment.quantiles) IS 'final function of quantiles_agg and quantiles_rollup';

CREATE AGGREGATE segment.quantiles_agg(value double precision) (
  SFUNC = segment_internal.quantiles_agg_trans, STYPE = segment.quantiles, FINALFUNC = segment_internal.quantiles_agg_final, COMBINEFUNC = segment_internal.quantiles_agg_combine,
  PARALLEL = SAFE, SSPACE = 1024
);
COMMENT ON AGGREGATE segment.quantiles_agg(double precision) IS
  'every value, exactly, for cut_points and quantile. NULL is skipped, NULL without a value; 22003 for NaN and infinity; '
  '54000 beyond 1 GB. Memory is limited by work_mem times hash_mem_multiplier (except as a window function): beyond, '
  'sorted runs go to temporary files';

CREATE AGGREGATE segment.quantiles_rollup(quantiles segment.quantiles) (
  SFUNC = segment_internal.quantiles_agg_combine, STYPE = segment.quantiles, FINALFUNC = segment_internal.quantiles_agg_final, COMBINEFUNC = segment_internal.quantiles_agg_combine,
  PARALLEL = SAFE, SSPACE = 1024
);
COMMENT ON AGGREGATE segment.quantiles_rollup(segment.quantiles) IS
  'merges stored parts: the quantiles of all their values. NULL is skipped, NULL without a part';

CREATE FUNCTION segment_internal.quantiles_add(segment.quantiles, segment.quantiles) RETURNS segment.quantiles
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_add';
COMMENT ON FUNCTION segment_internal.quantiles_add(segment.quantiles, segment.quantiles) IS 'behind +: the quantiles of the values of both';
CREATE OPERATOR segment.+ (LEFTARG = segment.quantiles, RIGHTARG = segment.quantiles, FUNCTION = segment_internal.quantiles_add, COMMUTATOR = OPERATOR(segment.+));
COMMENT ON OPERATOR segment.+ (segment.quantiles, segment.quantiles) IS 'the quantiles of the values of both; NULL if one is NULL';

CREATE FUNCTION segment.quantiles_count(quantiles segment.quantiles) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_count';
COMMENT ON FUNCTION segment.quantiles_count(segment.quantiles) IS 'how many values were counted; NULL for NULL';

CREATE FUNCTION segment.quantiles_distinct(quantiles segment.quantiles) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_distinct';
COMMENT ON FUNCTION segment.quantiles_distinct(segment.quantiles) IS 'how many of the values differ; NULL for NULL';

CREATE FUNCTION segment.quantile(quantiles segment.quantiles, p double precision) RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantile';
COMMENT ON FUNCTION segment.quantile(segment.quantiles, double precision) IS
  'the type-7 quantile at p, 0 to 1, as percentile_cont: 0.5 is the median. NULL if an argument is NULL, 22003 for '
  'another p';

CREATE FUNCTION segment.quantiles_entries(quantiles segment.quantiles, OUT value double precision, OUT count bigint) RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_entries';
COMMENT ON FUNCTION segment.quantiles_entries(segment.quantiles) IS
  'the distinct values in ascending order, and how often each occurred; no row for NULL';

CREATE FUNCTION segment_internal.quantiles_to_jsonb(quantiles segment.quantiles) RETURNS jsonb
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_to_jsonb';
COMMENT ON FUNCTION segment_internal.quantiles_to_jsonb(segment.quantiles) IS
  'an object with count and values, pairs of value and count; NULL for NULL';
CREATE CAST (segment.quantiles AS jsonb) WITH FUNCTION segment_internal.quantiles_to_jsonb(segment.quantiles);
COMMENT ON CAST (segment.quantiles AS jsonb) IS 'count, and pairs of value and count, as a JSON object';

CREATE FUNCTION segment.cut_points(quantiles segment.quantiles, bins integer, method text DEFAULT 'quantile',
  direction text DEFAULT 'ascending') RETURNS segment.cut_points
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_of_quantiles';
COMMENT ON FUNCTION segment.cut_points(segment.quantiles, integer, text, text) IS
  'cut points made of values, 2 to 100 bins. method: quantile (type-7 quantiles at exact positions), equal_width, or '
  'natural (the exact optimum of one-dimensional k-means: Fisher 1958, Jenks 1977; all distinct values in '
  'maintenance_work_mem). direction: ascending (more is better) or descending. NULL if an argument is NULL, 22023 for '
  'other options, 53400 if natural needs more than maintenance_work_mem';

-- cut_points_agg, rfm_cut_points_agg: cut points in one step -------------------------------------

CREATE FUNCTION segment_internal.cut_points_agg_combine(internal, internal) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_agg_combine';
COMMENT ON FUNCTION segment_internal.cut_points_agg_combine(internal, internal) IS
  'combine function of cut_points_agg and rfm_cut_points_agg';

CREATE FUNCTION segment_internal.cut_points_agg_serialize(internal) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_agg_serialize';
COMMENT ON FUNCTION segment_internal.cut_points_agg_serialize(internal) IS
  'serialisation function of cut_points_agg and rfm_cut_points_agg';

CREATE FUNCTION segment_internal.cut_points_agg_deserialize(bytea, internal) RETURNS internal
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_agg_deserialize';
COMMENT ON FUNCTION segment_internal.cut_points_agg_deserialize(bytea, internal) IS
  'deserialisation function of cut_points_agg and rfm_cut_points_agg, checking the bytes';

CREATE FUNCTION segment_internal.cut_points_agg_final(internal) RETURNS segment.cut_points
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_agg_final';
COMMENT ON FUNCTION segment_internal.cut_points_agg_final(internal) IS 'final function of cut_points_agg';

CREATE FUNCTION segment_internal.cut_points_agg_trans(internal, double precision, integer) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_agg_trans';
COMMENT ON FUNCTION segment_internal.cut_points_agg_trans(internal, double precision, integer) IS 'transition function of cut_points_agg';
CREATE AGGREGATE segment.cut_points_agg(value double precision, bins integer) (
  SFUNC = segment_internal.cut_points_agg_trans, STYPE = internal, FINALFUNC = segment_internal.cut_points_agg_final, COMBINEFUNC = segment_internal.cut_points_agg_combine,
  SERIALFUNC = segment_internal.cut_points_agg_serialize, DESERIALFUNC = segment_internal.cut_points_agg_deserialize, PARALLEL = SAFE, SSPACE = 1024
);
COMMENT ON AGGREGATE segment.cut_points_agg(double precision, integer) IS
  'cut_points(quantiles_agg(value), bins, method, direction) in one step, for any number of values: those beyond '
  'work_mem times hash_mem_multiplier go to temporary files. bins is 2 to 100; method is quantile (default), '
  'equal_width or natural; direction is ascending (default) or descending. NULL is skipped, NULL without a value; '
  '22003 for NaN and infinity; 22023 for options out of range or changing';

CREATE FUNCTION segment_internal.cut_points_agg_trans(internal, double precision, integer, text) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_agg_trans';
COMMENT ON FUNCTION segment_internal.cut_points_agg_trans(internal, double precision, integer, text) IS 'transition function of cut_points_agg';
CREATE AGGREGATE segment.cut_points_agg(value double precision, bins integer, method text) (
  SFUNC = segment_internal.cut_points_agg_trans, STYPE = internal, FINALFUNC = segment_internal.cut_points_agg_final, COMBINEFUNC = segment_internal.cut_points_agg_combine,
  SERIALFUNC = segment_internal.cut_points_agg_serialize, DESERIALFUNC = segment_internal.cut_points_agg_deserialize, PARALLEL = SAFE, SSPACE = 1024
);
COMMENT ON AGGREGATE segment.cut_points_agg(double precision, integer, text) IS
  'cut_points(quantiles_agg(value), bins, method, direction) in one step, for any number of values: those beyond '
  'work_mem times hash_mem_multiplier go to temporary files. bins is 2 to 100; method is quantile (default), '
  'equal_width or natural; direction is ascending (default) or descending. NULL is skipped, NULL without a value; '
  '22003 for NaN and infinity; 22023 for options out of range or changing';

CREATE FUNCTION segment_internal.cut_points_agg_trans(internal, double precision, integer, text, text) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_agg_trans';
COMMENT ON FUNCTION segment_internal.cut_points_agg_trans(internal, double precision, integer, text, text) IS 'transition function of cut_points_agg';
CREATE AGGREGATE segment.cut_points_agg(value double precision, bins integer, method text, direction text) (
  SFUNC = segment_internal.cut_points_agg_trans, STYPE = internal, FINALFUNC = segment_internal.cut_points_agg_final, COMBINEFUNC = segment_internal.cut_points_agg_combine,
  SERIALFUNC = segment_internal.cut_points_agg_serialize, DESERIALFUNC = segment_internal.cut_points_agg_deserialize, PARALLEL = SAFE, SSPACE = 1024
);
COMMENT ON AGGREGATE segment.cut_points_agg(double precision, integer, text, text) IS
  'cut_points(quantiles_agg(value), bins, method, direction) in one step, for any number of values: those beyond '
  'work_mem times hash_mem_multiplier go to temporary files. bins is 2 to 100; method is quantile (default), '
  'equal_width or natural; direction is ascending (default) or descending. NULL is skipped, NULL without a value; '
  '22003 for NaN and infinity; 22023 for options out of range or changing';

CREATE FUNCTION segment_internal.rfm_cut_points_agg_final(internal) RETURNS segment.rfm_cut_points
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_agg_final';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_agg_final(internal) IS 'final function of rfm_cut_points_agg';

CREATE FUNCTION segment_internal.rfm_cut_points_agg_trans(internal, segment.rfm, date, integer) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_agg_trans';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_agg_trans(internal, segment.rfm, date, integer) IS 'transition function of rfm_cut_points_agg';
CREATE AGGREGATE segment.rfm_cut_points_agg(rfm segment.rfm, as_of date, bins integer) (
  SFUNC = segment_internal.rfm_cut_points_agg_trans, STYPE = internal, FINALFUNC = segment_internal.rfm_cut_points_agg_final, COMBINEFUNC = segment_internal.cut_points_agg_combine,
  SERIALFUNC = segment_internal.cut_points_agg_serialize, DESERIALFUNC = segment_internal.cut_points_agg_deserialize, PARALLEL = SAFE, SSPACE = 1024
);
COMMENT ON AGGREGATE segment.rfm_cut_points_agg(segment.rfm, date, integer) IS
  'the cut points of recency, frequency and monetary of these customers as of the end of a day, for rfm_score: the '
  'window function''s for the same customers. bins is 2 to 9; method is quantile (default), equal_width or natural; '
  'monetary is total (default) or average; zone gives the days of timestamptz orders (default UTC). Customers without '
  'an order and NULL are skipped, NULL without a customer. 22023 for options out of range or changing, or a summary '
  'that holds orders after as_of';

CREATE FUNCTION segment_internal.rfm_cut_points_agg_trans(internal, segment.rfm, date, integer, text) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_agg_trans';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_agg_trans(internal, segment.rfm, date, integer, text) IS 'transition function of rfm_cut_points_agg';
CREATE AGGREGATE segment.rfm_cut_points_agg(rfm segment.rfm, as_of date, bins integer, method text) (
  SFUNC = segment_internal.rfm_cut_points_agg_trans, STYPE = internal, FINALFUNC = segment_internal.rfm_cut_points_agg_final, COMBINEFUNC = segment_internal.cut_points_agg_combine,
  SERIALFUNC = segment_internal.cut_points_agg_serialize, DESERIALFUNC = segment_internal.cut_points_agg_deserialize, PARALLEL = SAFE, SSPACE = 1024
);
COMMENT ON AGGREGATE segment.rfm_cut_points_agg(segment.rfm, date, integer, text) IS
  'the cut points of recency, frequency and monetary of these customers as of the end of a day, for rfm_score: the '
  'window function''s for the same customers. bins is 2 to 9; method is quantile (default), equal_width or natural; '
  'monetary is total (default) or average; zone gives the days of timestamptz orders (default UTC). Customers without '
  'an order and NULL are skipped, NULL without a customer. 22023 for options out of range or changing, or a summary '
  'that holds orders after as_of';

CREATE FUNCTION segment_internal.rfm_cut_points_agg_trans(internal, segment.rfm, date, integer, text, text) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_agg_trans';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_agg_trans(internal, segment.rfm, date, integer, text, text) IS 'transition function of rfm_cut_points_agg';
CREATE AGGREGATE segment.rfm_cut_points_agg(rfm segment.rfm, as_of date, bins integer, method text, monetary text) (
  SFUNC = segment_internal.rfm_cut_points_agg_trans, STYPE = internal, FINALFUNC = segment_internal.rfm_cut_points_agg_final, COMBINEFUNC = segment_internal.cut_points_agg_combine,
  SERIALFUNC = segment_internal.cut_points_agg_serialize, DESERIALFUNC = segment_internal.cut_points_agg_deserialize, PARALLEL = SAFE, SSPACE = 1024
);
COMMENT ON AGGREGATE segment.rfm_cut_points_agg(segment.rfm, date, integer, text, text) IS
  'the cut points of recency, frequency and monetary of these customers as of the end of a day, for rfm_score: the '
  'window function''s for the same customers. bins is 2 to 9; method is quantile (default), equal_width or natural; '
  'monetary is total (default) or average; zone gives the days of timestamptz orders (default UTC). Customers without '
  'an order and NULL are skipped, NULL without a customer. 22023 for options out of range or changing, or a summary '
  'that holds orders after as_of';

CREATE FUNCTION segment_internal.rfm_cut_points_agg_trans(internal, segment.rfm, date, integer, text, text, text) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_agg_trans';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_agg_trans(internal, segment.rfm, date, integer, text, text, text) IS 'transition function of rfm_cut_points_agg';
CREATE AGGREGATE segment.rfm_cut_points_agg(rfm segment.rfm, as_of date, bins integer, method text, monetary text, zone text) (
  SFUNC = segment_internal.rfm_cut_points_agg_trans, STYPE = internal, FINALFUNC = segment_internal.rfm_cut_points_agg_final, COMBINEFUNC = segment_internal.cut_points_agg_combine,
  SERIALFUNC = segment_internal.cut_points_agg_serialize, DESERIALFUNC = segment_internal.cut_points_agg_deserialize, PARALLEL = SAFE, SSPACE = 1024
);
COMMENT ON AGGREGATE segment.rfm_cut_points_agg(segment.rfm, date, integer, text, text, text) IS
  'the cut points of recency, frequency and monetary of these customers as of the end of a day, for rfm_score: the '
  'window function''s for the same customers. bins is 2 to 9; method is quantile (default), equal_width or natural; '
  'monetary is total (default) or average; zone gives the days of timestamptz orders (default UTC). Customers without '
  'an order and NULL are skipped, NULL without a customer. 22023 for options out of range or changing, or a summary '
  'that holds orders after as_of';
