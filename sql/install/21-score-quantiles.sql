-- score: quantiles, and cut points made of data

-- quantiles: the exact multiset of values -------------------------------------------------------

CREATE TYPE quantiles;

CREATE FUNCTION quantiles_in(cstring) RETURNS quantiles
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_in';
COMMENT ON FUNCTION quantiles_in(cstring) IS 'reads quantiles, such as {1:1493,2:835,3.5}. 22P02 for anything else';

CREATE FUNCTION quantiles_out(quantiles) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_out';
COMMENT ON FUNCTION quantiles_out(quantiles) IS 'writes quantiles as text that reads back the same';

CREATE FUNCTION quantiles_recv(internal) RETURNS quantiles
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_recv';
COMMENT ON FUNCTION quantiles_recv(internal) IS 'reads the binary form of quantiles, checking it. 22P03 for anything else';

CREATE FUNCTION quantiles_send(quantiles) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_send';
COMMENT ON FUNCTION quantiles_send(quantiles) IS 'writes the binary form of quantiles';

CREATE TYPE quantiles (
  INPUT = quantiles_in, OUTPUT = quantiles_out, RECEIVE = quantiles_recv, SEND = quantiles_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE quantiles IS
  'every value that was counted, exactly: distinct finite numbers in ascending order, each with how often it occurred: '
  '{1:1493,2:835,3.5}. Made by quantiles_agg, merged by quantiles_rollup and +, at most 1 GB. cut_points makes cut points '
  'of it, for any number of bins and any method';

CREATE FUNCTION quantiles_eq(quantiles, quantiles) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_eq';
COMMENT ON FUNCTION quantiles_eq(quantiles, quantiles) IS 'behind =: equal';

CREATE FUNCTION quantiles_ne(quantiles, quantiles) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_ne';
COMMENT ON FUNCTION quantiles_ne(quantiles, quantiles) IS 'behind <>: not equal';

CREATE FUNCTION quantiles_lt(quantiles, quantiles) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_lt';
COMMENT ON FUNCTION quantiles_lt(quantiles, quantiles) IS 'behind <: less';

CREATE FUNCTION quantiles_le(quantiles, quantiles) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_le';
COMMENT ON FUNCTION quantiles_le(quantiles, quantiles) IS 'behind <=: less or equal';

CREATE FUNCTION quantiles_gt(quantiles, quantiles) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_gt';
COMMENT ON FUNCTION quantiles_gt(quantiles, quantiles) IS 'behind >: greater';

CREATE FUNCTION quantiles_ge(quantiles, quantiles) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_ge';
COMMENT ON FUNCTION quantiles_ge(quantiles, quantiles) IS 'behind >=: greater or equal';

CREATE FUNCTION quantiles_cmp(quantiles, quantiles) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_cmp';
COMMENT ON FUNCTION quantiles_cmp(quantiles, quantiles) IS 'order of two quantiles values: entry by entry as in a dictionary';

CREATE FUNCTION quantiles_hash(quantiles) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_hash';
COMMENT ON FUNCTION quantiles_hash(quantiles) IS 'hash of quantiles; equal values have equal hashes';

CREATE FUNCTION quantiles_hash_extended(quantiles, bigint) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_hash_extended';
COMMENT ON FUNCTION quantiles_hash_extended(quantiles, bigint) IS 'seeded hash of quantiles';

CREATE OPERATOR = (LEFTARG = quantiles, RIGHTARG = quantiles, FUNCTION = quantiles_eq, COMMUTATOR = =, NEGATOR = <>,
  RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR <> (LEFTARG = quantiles, RIGHTARG = quantiles, FUNCTION = quantiles_ne, COMMUTATOR = <>, NEGATOR = =,
  RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR < (LEFTARG = quantiles, RIGHTARG = quantiles, FUNCTION = quantiles_lt, COMMUTATOR = >, NEGATOR = >=,
  RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR <= (LEFTARG = quantiles, RIGHTARG = quantiles, FUNCTION = quantiles_le, COMMUTATOR = >=, NEGATOR = >,
  RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR > (LEFTARG = quantiles, RIGHTARG = quantiles, FUNCTION = quantiles_gt, COMMUTATOR = <, NEGATOR = <=,
  RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR >= (LEFTARG = quantiles, RIGHTARG = quantiles, FUNCTION = quantiles_ge, COMMUTATOR = <=, NEGATOR = <,
  RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR = (quantiles, quantiles) IS 'equal';
COMMENT ON OPERATOR <> (quantiles, quantiles) IS 'not equal';
COMMENT ON OPERATOR < (quantiles, quantiles) IS 'less';
COMMENT ON OPERATOR <= (quantiles, quantiles) IS 'less or equal';
COMMENT ON OPERATOR > (quantiles, quantiles) IS 'greater';
COMMENT ON OPERATOR >= (quantiles, quantiles) IS 'greater or equal';

CREATE OPERATOR CLASS quantiles_ops DEFAULT FOR TYPE quantiles USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
  FUNCTION 1 quantiles_cmp(quantiles, quantiles);
COMMENT ON OPERATOR CLASS quantiles_ops USING btree IS 'order of quantiles: entry by entry as in a dictionary';

CREATE OPERATOR CLASS quantiles_hash_ops DEFAULT FOR TYPE quantiles USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 quantiles_hash(quantiles), FUNCTION 2 quantiles_hash_extended(quantiles, bigint);
COMMENT ON OPERATOR CLASS quantiles_hash_ops USING hash IS 'hashing of quantiles';

CREATE FUNCTION quantiles_agg_trans(quantiles, double precision) RETURNS quantiles
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_agg_trans';
COMMENT ON FUNCTION quantiles_agg_trans(quantiles, double precision) IS 'transition function of quantiles_agg';

CREATE FUNCTION quantiles_agg_combine(quantiles, quantiles) RETURNS quantiles
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_agg_combine';
COMMENT ON FUNCTION quantiles_agg_combine(quantiles, quantiles) IS
  'combine function of quantiles_agg, and transition function of quantiles_rollup';

CREATE FUNCTION quantiles_agg_final(quantiles) RETURNS quantiles
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_agg_final';
COMMENT ON FUNCTION quantiles_agg_final(quantiles) IS 'final function of quantiles_agg and quantiles_rollup';

CREATE AGGREGATE quantiles_agg(value double precision) (
  SFUNC = quantiles_agg_trans, STYPE = quantiles, FINALFUNC = quantiles_agg_final, COMBINEFUNC = quantiles_agg_combine,
  PARALLEL = SAFE, SSPACE = 1024
);
COMMENT ON AGGREGATE quantiles_agg(double precision) IS
  'every value, exactly, for cut_points and quantile. NULL is skipped, NULL without a value; 22003 for NaN and infinity; '
  '54000 beyond 1 GB. Memory is limited by work_mem times hash_mem_multiplier (except as a window function): beyond, '
  'sorted runs go to temporary files';

CREATE AGGREGATE quantiles_rollup(quantiles quantiles) (
  SFUNC = quantiles_agg_combine, STYPE = quantiles, FINALFUNC = quantiles_agg_final, COMBINEFUNC = quantiles_agg_combine,
  PARALLEL = SAFE, SSPACE = 1024
);
COMMENT ON AGGREGATE quantiles_rollup(quantiles) IS
  'merges stored parts: the quantiles of all their values. NULL is skipped, NULL without a part';

CREATE FUNCTION quantiles_add(quantiles, quantiles) RETURNS quantiles
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_add';
COMMENT ON FUNCTION quantiles_add(quantiles, quantiles) IS 'behind +: the quantiles of the values of both';
CREATE OPERATOR + (LEFTARG = quantiles, RIGHTARG = quantiles, FUNCTION = quantiles_add, COMMUTATOR = +);
COMMENT ON OPERATOR + (quantiles, quantiles) IS 'the quantiles of the values of both; NULL if one is NULL';

CREATE FUNCTION quantiles_count(quantiles quantiles) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_count';
COMMENT ON FUNCTION quantiles_count(quantiles) IS 'how many values were counted; NULL for NULL';

CREATE FUNCTION quantiles_distinct(quantiles quantiles) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_distinct';
COMMENT ON FUNCTION quantiles_distinct(quantiles) IS 'how many of the values differ; NULL for NULL';

CREATE FUNCTION quantile(quantiles quantiles, p double precision) RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantile';
COMMENT ON FUNCTION quantile(quantiles, double precision) IS
  'the type-7 quantile at p, 0 to 1, as percentile_cont: 0.5 is the median. NULL if an argument is NULL, 22003 for '
  'another p';

CREATE FUNCTION quantiles_entries(quantiles quantiles, OUT value double precision, OUT count bigint) RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_entries';
COMMENT ON FUNCTION quantiles_entries(quantiles) IS
  'the distinct values in ascending order, and how often each occurred; no row for NULL';

CREATE FUNCTION quantiles_to_jsonb(quantiles quantiles) RETURNS jsonb
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_quantiles_to_jsonb';
COMMENT ON FUNCTION quantiles_to_jsonb(quantiles) IS
  'an object with count and values, pairs of value and count; NULL for NULL';
CREATE CAST (quantiles AS jsonb) WITH FUNCTION quantiles_to_jsonb(quantiles);
COMMENT ON CAST (quantiles AS jsonb) IS 'count, and pairs of value and count, as a JSON object';

CREATE FUNCTION cut_points(quantiles quantiles, bins integer, method text DEFAULT 'quantile',
  direction text DEFAULT 'ascending') RETURNS cut_points
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_of_quantiles';
COMMENT ON FUNCTION cut_points(quantiles, integer, text, text) IS
  'cut points made of values, 2 to 100 bins. method: quantile (type-7 quantiles at exact positions), equal_width, or '
  'natural (the exact optimum of one-dimensional k-means: Fisher 1958, Jenks 1977; all distinct values in '
  'maintenance_work_mem). direction: ascending (more is better) or descending. NULL if an argument is NULL, 22023 for '
  'other options, 54000 if natural needs more memory';

-- cut_points_agg, rfm_cut_points_agg: cut points in one step -------------------------------------

CREATE FUNCTION cut_points_agg_combine(internal, internal) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_agg_combine';
COMMENT ON FUNCTION cut_points_agg_combine(internal, internal) IS
  'combine function of cut_points_agg and rfm_cut_points_agg';

CREATE FUNCTION cut_points_agg_serialize(internal) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_agg_serialize';
COMMENT ON FUNCTION cut_points_agg_serialize(internal) IS
  'serialisation function of cut_points_agg and rfm_cut_points_agg';

CREATE FUNCTION cut_points_agg_deserialize(bytea, internal) RETURNS internal
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_agg_deserialize';
COMMENT ON FUNCTION cut_points_agg_deserialize(bytea, internal) IS
  'deserialisation function of cut_points_agg and rfm_cut_points_agg, checking the bytes';

CREATE FUNCTION cut_points_agg_final(internal) RETURNS cut_points
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_agg_final';
COMMENT ON FUNCTION cut_points_agg_final(internal) IS 'final function of cut_points_agg';

CREATE FUNCTION cut_points_agg_trans(internal, double precision, integer) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_agg_trans';
COMMENT ON FUNCTION cut_points_agg_trans(internal, double precision, integer) IS 'transition function of cut_points_agg';
CREATE AGGREGATE cut_points_agg(value double precision, bins integer) (
  SFUNC = cut_points_agg_trans, STYPE = internal, FINALFUNC = cut_points_agg_final, COMBINEFUNC = cut_points_agg_combine,
  SERIALFUNC = cut_points_agg_serialize, DESERIALFUNC = cut_points_agg_deserialize, PARALLEL = SAFE, SSPACE = 1024
);
COMMENT ON AGGREGATE cut_points_agg(double precision, integer) IS
  'cut_points(quantiles_agg(value), bins, method, direction) in one step, for any number of values: those beyond '
  'work_mem times hash_mem_multiplier go to temporary files. bins is 2 to 100; method is quantile (default), '
  'equal_width or natural; direction is ascending (default) or descending. NULL is skipped, NULL without a value; '
  '22003 for NaN and infinity; 22023 for options out of range or changing';

CREATE FUNCTION cut_points_agg_trans(internal, double precision, integer, text) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_agg_trans';
COMMENT ON FUNCTION cut_points_agg_trans(internal, double precision, integer, text) IS 'transition function of cut_points_agg';
CREATE AGGREGATE cut_points_agg(value double precision, bins integer, method text) (
  SFUNC = cut_points_agg_trans, STYPE = internal, FINALFUNC = cut_points_agg_final, COMBINEFUNC = cut_points_agg_combine,
  SERIALFUNC = cut_points_agg_serialize, DESERIALFUNC = cut_points_agg_deserialize, PARALLEL = SAFE, SSPACE = 1024
);
COMMENT ON AGGREGATE cut_points_agg(double precision, integer, text) IS
  'cut_points(quantiles_agg(value), bins, method, direction) in one step, for any number of values: those beyond '
  'work_mem times hash_mem_multiplier go to temporary files. bins is 2 to 100; method is quantile (default), '
  'equal_width or natural; direction is ascending (default) or descending. NULL is skipped, NULL without a value; '
  '22003 for NaN and infinity; 22023 for options out of range or changing';

CREATE FUNCTION cut_points_agg_trans(internal, double precision, integer, text, text) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_agg_trans';
COMMENT ON FUNCTION cut_points_agg_trans(internal, double precision, integer, text, text) IS 'transition function of cut_points_agg';
CREATE AGGREGATE cut_points_agg(value double precision, bins integer, method text, direction text) (
  SFUNC = cut_points_agg_trans, STYPE = internal, FINALFUNC = cut_points_agg_final, COMBINEFUNC = cut_points_agg_combine,
  SERIALFUNC = cut_points_agg_serialize, DESERIALFUNC = cut_points_agg_deserialize, PARALLEL = SAFE, SSPACE = 1024
);
COMMENT ON AGGREGATE cut_points_agg(double precision, integer, text, text) IS
  'cut_points(quantiles_agg(value), bins, method, direction) in one step, for any number of values: those beyond '
  'work_mem times hash_mem_multiplier go to temporary files. bins is 2 to 100; method is quantile (default), '
  'equal_width or natural; direction is ascending (default) or descending. NULL is skipped, NULL without a value; '
  '22003 for NaN and infinity; 22023 for options out of range or changing';

CREATE FUNCTION rfm_cut_points_agg_final(internal) RETURNS rfm_cut_points
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_agg_final';
COMMENT ON FUNCTION rfm_cut_points_agg_final(internal) IS 'final function of rfm_cut_points_agg';

CREATE FUNCTION rfm_cut_points_agg_trans(internal, rfm, date, integer) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_agg_trans';
COMMENT ON FUNCTION rfm_cut_points_agg_trans(internal, rfm, date, integer) IS 'transition function of rfm_cut_points_agg';
CREATE AGGREGATE rfm_cut_points_agg(rfm rfm, as_of date, bins integer) (
  SFUNC = rfm_cut_points_agg_trans, STYPE = internal, FINALFUNC = rfm_cut_points_agg_final, COMBINEFUNC = cut_points_agg_combine,
  SERIALFUNC = cut_points_agg_serialize, DESERIALFUNC = cut_points_agg_deserialize, PARALLEL = SAFE, SSPACE = 1024
);
COMMENT ON AGGREGATE rfm_cut_points_agg(rfm, date, integer) IS
  'the cut points of recency, frequency and monetary of these customers as of the end of a day, for rfm_score: the '
  'window function''s for the same customers. bins is 2 to 9; method is quantile (default), equal_width or natural; '
  'monetary is total (default) or average; zone gives the days of timestamptz orders (default UTC). Customers without '
  'an order and NULL are skipped, NULL without a customer. 22023 for options out of range or changing, or a summary '
  'that holds orders after as_of';

CREATE FUNCTION rfm_cut_points_agg_trans(internal, rfm, date, integer, text) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_agg_trans';
COMMENT ON FUNCTION rfm_cut_points_agg_trans(internal, rfm, date, integer, text) IS 'transition function of rfm_cut_points_agg';
CREATE AGGREGATE rfm_cut_points_agg(rfm rfm, as_of date, bins integer, method text) (
  SFUNC = rfm_cut_points_agg_trans, STYPE = internal, FINALFUNC = rfm_cut_points_agg_final, COMBINEFUNC = cut_points_agg_combine,
  SERIALFUNC = cut_points_agg_serialize, DESERIALFUNC = cut_points_agg_deserialize, PARALLEL = SAFE, SSPACE = 1024
);
COMMENT ON AGGREGATE rfm_cut_points_agg(rfm, date, integer, text) IS
  'the cut points of recency, frequency and monetary of these customers as of the end of a day, for rfm_score: the '
  'window function''s for the same customers. bins is 2 to 9; method is quantile (default), equal_width or natural; '
  'monetary is total (default) or average; zone gives the days of timestamptz orders (default UTC). Customers without '
  'an order and NULL are skipped, NULL without a customer. 22023 for options out of range or changing, or a summary '
  'that holds orders after as_of';

CREATE FUNCTION rfm_cut_points_agg_trans(internal, rfm, date, integer, text, text) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_agg_trans';
COMMENT ON FUNCTION rfm_cut_points_agg_trans(internal, rfm, date, integer, text, text) IS 'transition function of rfm_cut_points_agg';
CREATE AGGREGATE rfm_cut_points_agg(rfm rfm, as_of date, bins integer, method text, monetary text) (
  SFUNC = rfm_cut_points_agg_trans, STYPE = internal, FINALFUNC = rfm_cut_points_agg_final, COMBINEFUNC = cut_points_agg_combine,
  SERIALFUNC = cut_points_agg_serialize, DESERIALFUNC = cut_points_agg_deserialize, PARALLEL = SAFE, SSPACE = 1024
);
COMMENT ON AGGREGATE rfm_cut_points_agg(rfm, date, integer, text, text) IS
  'the cut points of recency, frequency and monetary of these customers as of the end of a day, for rfm_score: the '
  'window function''s for the same customers. bins is 2 to 9; method is quantile (default), equal_width or natural; '
  'monetary is total (default) or average; zone gives the days of timestamptz orders (default UTC). Customers without '
  'an order and NULL are skipped, NULL without a customer. 22023 for options out of range or changing, or a summary '
  'that holds orders after as_of';

CREATE FUNCTION rfm_cut_points_agg_trans(internal, rfm, date, integer, text, text, text) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_agg_trans';
COMMENT ON FUNCTION rfm_cut_points_agg_trans(internal, rfm, date, integer, text, text, text) IS 'transition function of rfm_cut_points_agg';
CREATE AGGREGATE rfm_cut_points_agg(rfm rfm, as_of date, bins integer, method text, monetary text, zone text) (
  SFUNC = rfm_cut_points_agg_trans, STYPE = internal, FINALFUNC = rfm_cut_points_agg_final, COMBINEFUNC = cut_points_agg_combine,
  SERIALFUNC = cut_points_agg_serialize, DESERIALFUNC = cut_points_agg_deserialize, PARALLEL = SAFE, SSPACE = 1024
);
COMMENT ON AGGREGATE rfm_cut_points_agg(rfm, date, integer, text, text, text) IS
  'the cut points of recency, frequency and monetary of these customers as of the end of a day, for rfm_score: the '
  'window function''s for the same customers. bins is 2 to 9; method is quantile (default), equal_width or natural; '
  'monetary is total (default) or average; zone gives the days of timestamptz orders (default UTC). Customers without '
  'an order and NULL are skipped, NULL without a customer. 22023 for options out of range or changing, or a summary '
  'that holds orders after as_of';
