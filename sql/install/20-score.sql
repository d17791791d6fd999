-- score: cut points and scores

-- rfm_score: the triple of scores ----------------------------------------------------------------

CREATE TYPE segment.rfm_score;

CREATE FUNCTION segment_internal.rfm_score_in(cstring) RETURNS segment.rfm_score
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_in';
COMMENT ON FUNCTION segment_internal.rfm_score_in(cstring) IS 'reads an rfm_score such as 5-4-3, 3-2-1/4 or none';

CREATE FUNCTION segment_internal.rfm_score_out(segment.rfm_score) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_out';
COMMENT ON FUNCTION segment_internal.rfm_score_out(segment.rfm_score) IS 'writes an rfm_score as text';

CREATE FUNCTION segment_internal.rfm_score_recv(internal) RETURNS segment.rfm_score
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_recv';
COMMENT ON FUNCTION segment_internal.rfm_score_recv(internal) IS 'reads the binary form of an rfm_score, checking it';

CREATE FUNCTION segment_internal.rfm_score_send(segment.rfm_score) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_send';
COMMENT ON FUNCTION segment_internal.rfm_score_send(segment.rfm_score) IS 'writes the binary form of an rfm_score';

CREATE TYPE segment.rfm_score (
  INPUT = segment_internal.rfm_score_in, OUTPUT = segment_internal.rfm_score_out, RECEIVE = segment_internal.rfm_score_recv, SEND = segment_internal.rfm_score_send,
  INTERNALLENGTH = 4, PASSEDBYVALUE, ALIGNMENT = int4
);
COMMENT ON TYPE segment.rfm_score IS
  'recency, frequency and monetary score of a customer, n is best, with the number of bins of each (2 to 9, 5 unless '
  'written): 5-4-3, 3-2-1/4, 3-2-1/4-3-2; none for a customer who has returns only, and so no scores';

CREATE FUNCTION segment_internal.rfm_score_eq(segment.rfm_score, segment.rfm_score) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_eq';
COMMENT ON FUNCTION segment_internal.rfm_score_eq(segment.rfm_score, segment.rfm_score) IS 'behind =: equal';

CREATE FUNCTION segment_internal.rfm_score_ne(segment.rfm_score, segment.rfm_score) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_ne';
COMMENT ON FUNCTION segment_internal.rfm_score_ne(segment.rfm_score, segment.rfm_score) IS 'behind <>: not equal';

CREATE FUNCTION segment_internal.rfm_score_lt(segment.rfm_score, segment.rfm_score) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_lt';
COMMENT ON FUNCTION segment_internal.rfm_score_lt(segment.rfm_score, segment.rfm_score) IS 'behind <: less';

CREATE FUNCTION segment_internal.rfm_score_le(segment.rfm_score, segment.rfm_score) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_le';
COMMENT ON FUNCTION segment_internal.rfm_score_le(segment.rfm_score, segment.rfm_score) IS 'behind <=: less or equal';

CREATE FUNCTION segment_internal.rfm_score_gt(segment.rfm_score, segment.rfm_score) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_gt';
COMMENT ON FUNCTION segment_internal.rfm_score_gt(segment.rfm_score, segment.rfm_score) IS 'behind >: greater';

CREATE FUNCTION segment_internal.rfm_score_ge(segment.rfm_score, segment.rfm_score) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_ge';
COMMENT ON FUNCTION segment_internal.rfm_score_ge(segment.rfm_score, segment.rfm_score) IS 'behind >=: greater or equal';

CREATE FUNCTION segment_internal.rfm_score_cmp(segment.rfm_score, segment.rfm_score) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_cmp';
COMMENT ON FUNCTION segment_internal.rfm_score_cmp(segment.rfm_score, segment.rfm_score) IS 'order of two rfm_score values: by recency score, then frequency, then monetary, then bins; none is lowest';

CREATE FUNCTION segment_internal.rfm_score_hash(segment.rfm_score) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_hash';
COMMENT ON FUNCTION segment_internal.rfm_score_hash(segment.rfm_score) IS 'hash of rfm_score; equal values have equal hashes';

CREATE FUNCTION segment_internal.rfm_score_hash_extended(segment.rfm_score, bigint) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_hash_extended';
COMMENT ON FUNCTION segment_internal.rfm_score_hash_extended(segment.rfm_score, bigint) IS 'seeded hash of rfm_score';

CREATE OPERATOR segment.= (LEFTARG = segment.rfm_score, RIGHTARG = segment.rfm_score, FUNCTION = segment_internal.rfm_score_eq, COMMUTATOR = OPERATOR(segment.=), NEGATOR = OPERATOR(segment.<>),
  RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR segment.<> (LEFTARG = segment.rfm_score, RIGHTARG = segment.rfm_score, FUNCTION = segment_internal.rfm_score_ne, COMMUTATOR = OPERATOR(segment.<>), NEGATOR = OPERATOR(segment.=),
  RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR segment.< (LEFTARG = segment.rfm_score, RIGHTARG = segment.rfm_score, FUNCTION = segment_internal.rfm_score_lt, COMMUTATOR = OPERATOR(segment.>), NEGATOR = OPERATOR(segment.>=),
  RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR segment.<= (LEFTARG = segment.rfm_score, RIGHTARG = segment.rfm_score, FUNCTION = segment_internal.rfm_score_le, COMMUTATOR = OPERATOR(segment.>=), NEGATOR = OPERATOR(segment.>),
  RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR segment.> (LEFTARG = segment.rfm_score, RIGHTARG = segment.rfm_score, FUNCTION = segment_internal.rfm_score_gt, COMMUTATOR = OPERATOR(segment.<), NEGATOR = OPERATOR(segment.<=),
  RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR segment.>= (LEFTARG = segment.rfm_score, RIGHTARG = segment.rfm_score, FUNCTION = segment_internal.rfm_score_ge, COMMUTATOR = OPERATOR(segment.<=), NEGATOR = OPERATOR(segment.<),
  RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR segment.= (segment.rfm_score, segment.rfm_score) IS 'equal';
COMMENT ON OPERATOR segment.<> (segment.rfm_score, segment.rfm_score) IS 'not equal';
COMMENT ON OPERATOR segment.< (segment.rfm_score, segment.rfm_score) IS 'less';
COMMENT ON OPERATOR segment.<= (segment.rfm_score, segment.rfm_score) IS 'less or equal';
COMMENT ON OPERATOR segment.> (segment.rfm_score, segment.rfm_score) IS 'greater';
COMMENT ON OPERATOR segment.>= (segment.rfm_score, segment.rfm_score) IS 'greater or equal';

CREATE OPERATOR CLASS segment.rfm_score_ops DEFAULT FOR TYPE segment.rfm_score USING btree AS
  OPERATOR 1 segment.<, OPERATOR 2 segment.<=, OPERATOR 3 segment.=, OPERATOR 4 segment.>=, OPERATOR 5 segment.>,
  FUNCTION 1 segment_internal.rfm_score_cmp(segment.rfm_score, segment.rfm_score);
COMMENT ON OPERATOR CLASS segment.rfm_score_ops USING btree IS 'order of rfm_score: by recency score, then frequency, then monetary, then bins; none is lowest';

CREATE OPERATOR CLASS segment.rfm_score_hash_ops DEFAULT FOR TYPE segment.rfm_score USING hash AS
  OPERATOR 1 segment.=,
  FUNCTION 1 segment_internal.rfm_score_hash(segment.rfm_score), FUNCTION 2 segment_internal.rfm_score_hash_extended(segment.rfm_score, bigint);
COMMENT ON OPERATOR CLASS segment.rfm_score_hash_ops USING hash IS 'hashing of rfm_score';

CREATE FUNCTION segment.rfm_score(r integer, f integer, m integer, bins integer DEFAULT 5) RETURNS segment.rfm_score
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_make';
COMMENT ON FUNCTION segment.rfm_score(integer, integer, integer, integer) IS
  'the rfm_score with these scores, 1 to bins each; bins is 2 to 9. 22023 out of range, NULL if any argument is NULL';

CREATE FUNCTION segment.score_r(score segment.rfm_score) RETURNS smallint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_score_r';
COMMENT ON FUNCTION segment.score_r(segment.rfm_score) IS
  'the recency score, 1 to n, n is best; NULL for NULL and for a customer who has no order';

CREATE FUNCTION segment.score_f(score segment.rfm_score) RETURNS smallint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_score_f';
COMMENT ON FUNCTION segment.score_f(segment.rfm_score) IS
  'the frequency score, 1 to n, n is best; NULL for NULL and for a customer who has no order';

CREATE FUNCTION segment.score_m(score segment.rfm_score) RETURNS smallint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_score_m';
COMMENT ON FUNCTION segment.score_m(segment.rfm_score) IS
  'the monetary score, 1 to n, n is best; NULL for NULL and for a customer who has no order';

CREATE FUNCTION segment.score_code(score segment.rfm_score) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_score_code';
COMMENT ON FUNCTION segment.score_code(segment.rfm_score) IS
  'the three scores as one number, such as 543; NULL for NULL and for a customer who has no order';

CREATE FUNCTION segment.score_fm(score segment.rfm_score) RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_score_fm';
COMMENT ON FUNCTION segment.score_fm(segment.rfm_score) IS
  'the mean of frequency and monetary score; NULL for NULL and for a customer who has no order';

CREATE FUNCTION segment.score_bins_r(score segment.rfm_score) RETURNS smallint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_score_bins_r';
COMMENT ON FUNCTION segment.score_bins_r(segment.rfm_score) IS 'the number of bins of the recency score, 2 to 9; NULL for NULL';

CREATE FUNCTION segment.score_bins_f(score segment.rfm_score) RETURNS smallint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_score_bins_f';
COMMENT ON FUNCTION segment.score_bins_f(segment.rfm_score) IS 'the number of bins of the frequency score, 2 to 9; NULL for NULL';

CREATE FUNCTION segment.score_bins_m(score segment.rfm_score) RETURNS smallint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_score_bins_m';
COMMENT ON FUNCTION segment.score_bins_m(segment.rfm_score) IS 'the number of bins of the monetary score, 2 to 9; NULL for NULL';

CREATE FUNCTION segment_internal.rfm_score_to_jsonb(score segment.rfm_score) RETURNS jsonb
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_to_jsonb';
COMMENT ON FUNCTION segment_internal.rfm_score_to_jsonb(segment.rfm_score) IS
  'an object with r, f, m (null for a customer who has no order) and bins, an array of three; NULL for NULL';
CREATE CAST (segment.rfm_score AS jsonb) WITH FUNCTION segment_internal.rfm_score_to_jsonb(segment.rfm_score);
COMMENT ON CAST (segment.rfm_score AS jsonb) IS 'r, f, m and bins as a JSON object';

-- cut_points: the thresholds of one score ---------------------------------------------------------

CREATE TYPE segment.cut_points;

CREATE FUNCTION segment_internal.cut_points_in(cstring) RETURNS segment.cut_points
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_in';
COMMENT ON FUNCTION segment_internal.cut_points_in(cstring) IS 'reads cut_points, such as from {2,5,10} or within {30,90,365}. 22P02 for anything else';

CREATE FUNCTION segment_internal.cut_points_out(segment.cut_points) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_out';
COMMENT ON FUNCTION segment_internal.cut_points_out(segment.cut_points) IS 'writes cut_points as text that reads back the same';

CREATE FUNCTION segment_internal.cut_points_recv(internal) RETURNS segment.cut_points
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_recv';
COMMENT ON FUNCTION segment_internal.cut_points_recv(internal) IS 'reads the binary form of cut_points, checking it. 22P03 for anything else';

CREATE FUNCTION segment_internal.cut_points_send(segment.cut_points) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_send';
COMMENT ON FUNCTION segment_internal.cut_points_send(segment.cut_points) IS 'writes the binary form of cut_points';

CREATE TYPE segment.cut_points (
  INPUT = segment_internal.cut_points_in, OUTPUT = segment_internal.cut_points_out, RECEIVE = segment_internal.cut_points_recv, SEND = segment_internal.cut_points_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE segment.cut_points IS
  'thresholds that turn a value into a score 1 to n, n is best. side: quantile (score 1 + number of thresholds below '
  'the value), from (1 + those at or below it: 5 or more), within (1 + those at or above it: within 180 days), under '
  '(n - those at or below it: under 180 days, the recency rule of the R package rfm). Made cut points also know how '
  'many values got each score';

CREATE FUNCTION segment_internal.cut_points_eq(segment.cut_points, segment.cut_points) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_eq';
COMMENT ON FUNCTION segment_internal.cut_points_eq(segment.cut_points, segment.cut_points) IS 'behind =: equal';

CREATE FUNCTION segment_internal.cut_points_ne(segment.cut_points, segment.cut_points) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_ne';
COMMENT ON FUNCTION segment_internal.cut_points_ne(segment.cut_points, segment.cut_points) IS 'behind <>: not equal';

CREATE FUNCTION segment_internal.cut_points_lt(segment.cut_points, segment.cut_points) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_lt';
COMMENT ON FUNCTION segment_internal.cut_points_lt(segment.cut_points, segment.cut_points) IS 'behind <: less';

CREATE FUNCTION segment_internal.cut_points_le(segment.cut_points, segment.cut_points) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_le';
COMMENT ON FUNCTION segment_internal.cut_points_le(segment.cut_points, segment.cut_points) IS 'behind <=: less or equal';

CREATE FUNCTION segment_internal.cut_points_gt(segment.cut_points, segment.cut_points) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_gt';
COMMENT ON FUNCTION segment_internal.cut_points_gt(segment.cut_points, segment.cut_points) IS 'behind >: greater';

CREATE FUNCTION segment_internal.cut_points_ge(segment.cut_points, segment.cut_points) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_ge';
COMMENT ON FUNCTION segment_internal.cut_points_ge(segment.cut_points, segment.cut_points) IS 'behind >=: greater or equal';

CREATE FUNCTION segment_internal.cut_points_cmp(segment.cut_points, segment.cut_points) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_cmp';
COMMENT ON FUNCTION segment_internal.cut_points_cmp(segment.cut_points, segment.cut_points) IS 'order of two cut_points values: by bins, then the thresholds one by one, then the rest';

CREATE FUNCTION segment_internal.cut_points_hash(segment.cut_points) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_hash';
COMMENT ON FUNCTION segment_internal.cut_points_hash(segment.cut_points) IS 'hash of cut_points; equal values have equal hashes';

CREATE FUNCTION segment_internal.cut_points_hash_extended(segment.cut_points, bigint) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_hash_extended';
COMMENT ON FUNCTION segment_internal.cut_points_hash_extended(segment.cut_points, bigint) IS 'seeded hash of cut_points';

CREATE OPERATOR segment.= (LEFTARG = segment.cut_points, RIGHTARG = segment.cut_points, FUNCTION = segment_internal.cut_points_eq, COMMUTATOR = OPERATOR(segment.=), NEGATOR = OPERATOR(segment.<>),
  RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR segment.<> (LEFTARG = segment.cut_points, RIGHTARG = segment.cut_points, FUNCTION = segment_internal.cut_points_ne, COMMUTATOR = OPERATOR(segment.<>), NEGATOR = OPERATOR(segment.=),
  RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR segment.< (LEFTARG = segment.cut_points, RIGHTARG = segment.cut_points, FUNCTION = segment_internal.cut_points_lt, COMMUTATOR = OPERATOR(segment.>), NEGATOR = OPERATOR(segment.>=),
  RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR segment.<= (LEFTARG = segment.cut_points, RIGHTARG = segment.cut_points, FUNCTION = segment_internal.cut_points_le, COMMUTATOR = OPERATOR(segment.>=), NEGATOR = OPERATOR(segment.>),
  RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR segment.> (LEFTARG = segment.cut_points, RIGHTARG = segment.cut_points, FUNCTION = segment_internal.cut_points_gt, COMMUTATOR = OPERATOR(segment.<), NEGATOR = OPERATOR(segment.<=),
  RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR segment.>= (LEFTARG = segment.cut_points, RIGHTARG = segment.cut_points, FUNCTION = segment_internal.cut_points_ge, COMMUTATOR = OPERATOR(segment.<=), NEGATOR = OPERATOR(segment.<),
  RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR segment.= (segment.cut_points, segment.cut_points) IS 'equal';
COMMENT ON OPERATOR segment.<> (segment.cut_points, segment.cut_points) IS 'not equal';
COMMENT ON OPERATOR segment.< (segment.cut_points, segment.cut_points) IS 'less';
COMMENT ON OPERATOR segment.<= (segment.cut_points, segment.cut_points) IS 'less or equal';
COMMENT ON OPERATOR segment.> (segment.cut_points, segment.cut_points) IS 'greater';
COMMENT ON OPERATOR segment.>= (segment.cut_points, segment.cut_points) IS 'greater or equal';

CREATE OPERATOR CLASS segment.cut_points_ops DEFAULT FOR TYPE segment.cut_points USING btree AS
  OPERATOR 1 segment.<, OPERATOR 2 segment.<=, OPERATOR 3 segment.=, OPERATOR 4 segment.>=, OPERATOR 5 segment.>,
  FUNCTION 1 segment_internal.cut_points_cmp(segment.cut_points, segment.cut_points);
COMMENT ON OPERATOR CLASS segment.cut_points_ops USING btree IS 'order of cut_points: by bins, then the thresholds one by one, then the rest';

CREATE OPERATOR CLASS segment.cut_points_hash_ops DEFAULT FOR TYPE segment.cut_points USING hash AS
  OPERATOR 1 segment.=,
  FUNCTION 1 segment_internal.cut_points_hash(segment.cut_points), FUNCTION 2 segment_internal.cut_points_hash_extended(segment.cut_points, bigint);
COMMENT ON OPERATOR CLASS segment.cut_points_hash_ops USING hash IS 'hashing of cut_points';

CREATE FUNCTION segment.cut_points(thresholds double precision[], side text DEFAULT 'from') RETURNS segment.cut_points
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_given';
COMMENT ON FUNCTION segment.cut_points(double precision[], text) IS
  'cut points that a person gives: 1 to 99 ascending thresholds make one score more; side is from (the default, for '
  'frequency and monetary), within (for recency), under, or quantile; see the type. NULL if an argument is NULL. 22004 '
  'for a NULL among the thresholds, 22003 for NaN and infinity, 22023 if they do not ascend or are too many';

CREATE FUNCTION segment.cut_points_array(cut_points segment.cut_points) RETURNS double precision[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_array';
COMMENT ON FUNCTION segment.cut_points_array(segment.cut_points) IS 'the thresholds, ascending; NULL for NULL';

CREATE FUNCTION segment.cut_points_info(cut_points segment.cut_points,
  OUT score smallint, OUT lower double precision, OUT includes_lower boolean, OUT upper double precision,
  OUT includes_upper boolean, OUT used boolean, OUT count bigint, OUT side text, OUT direction text,
  OUT method text) RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 5 AS 'MODULE_PATHNAME', 'segment_cut_points_info';
COMMENT ON FUNCTION segment.cut_points_info(segment.cut_points) IS
  'one row a score, the best first: its bounds (NULL: unbounded) and whether they belong to it; used, false for a score '
  'that nobody gets; how many of the values that the cut points were made of got it (NULL for a person''s thresholds); '
  'side, direction, and method (given for a person''s). No row for NULL';

CREATE FUNCTION segment.score(cut_points segment.cut_points, value double precision) RETURNS smallint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_score';
COMMENT ON FUNCTION segment.score(segment.cut_points, double precision) IS
  'the score of a value, 1 to n, n is best; equal values get equal scores. NULL if an argument is NULL, 22003 for NaN '
  'and infinity';

CREATE FUNCTION segment_internal.cut_points_to_jsonb(cut_points segment.cut_points) RETURNS jsonb
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_cut_points_to_jsonb';
COMMENT ON FUNCTION segment_internal.cut_points_to_jsonb(segment.cut_points) IS
  'an object with side, direction, method, bins, thresholds and counts (null for a person''s); NULL for NULL';
CREATE CAST (segment.cut_points AS jsonb) WITH FUNCTION segment_internal.cut_points_to_jsonb(segment.cut_points);
COMMENT ON CAST (segment.cut_points AS jsonb) IS 'side, direction, method, bins, thresholds and counts as a JSON object';

-- rfm_cut_points: the frozen rule that scores a customer -----------------------------------------

CREATE TYPE segment.rfm_cut_points;

CREATE FUNCTION segment_internal.rfm_cut_points_in(cstring) RETURNS segment.rfm_cut_points
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_in';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_in(cstring) IS 'reads rfm_cut_points, such as r: within {30,90}; f: from {2,5}; m: total from {50,200}. 22P02 for anything else';

CREATE FUNCTION segment_internal.rfm_cut_points_out(segment.rfm_cut_points) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_out';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_out(segment.rfm_cut_points) IS 'writes rfm_cut_points as text that reads back the same';

CREATE FUNCTION segment_internal.rfm_cut_points_recv(internal) RETURNS segment.rfm_cut_points
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_recv';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_recv(internal) IS 'reads the binary form of rfm_cut_points, checking it. 22P03 for anything else';

CREATE FUNCTION segment_internal.rfm_cut_points_send(segment.rfm_cut_points) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_send';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_send(segment.rfm_cut_points) IS 'writes the binary form of rfm_cut_points';

CREATE TYPE segment.rfm_cut_points (
  INPUT = segment_internal.rfm_cut_points_in, OUTPUT = segment_internal.rfm_cut_points_out, RECEIVE = segment_internal.rfm_cut_points_recv, SEND = segment_internal.rfm_cut_points_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE segment.rfm_cut_points IS
  'cut points of recency (days, fewer is better), frequency (orders) and monetary (total, or average an order): the '
  'frozen rule by which rfm_score scores a customer. Bins may differ, 2 to 9 each';

CREATE FUNCTION segment_internal.rfm_cut_points_eq(segment.rfm_cut_points, segment.rfm_cut_points) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_eq';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_eq(segment.rfm_cut_points, segment.rfm_cut_points) IS 'behind =: equal';

CREATE FUNCTION segment_internal.rfm_cut_points_ne(segment.rfm_cut_points, segment.rfm_cut_points) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_ne';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_ne(segment.rfm_cut_points, segment.rfm_cut_points) IS 'behind <>: not equal';

CREATE FUNCTION segment_internal.rfm_cut_points_lt(segment.rfm_cut_points, segment.rfm_cut_points) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_lt';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_lt(segment.rfm_cut_points, segment.rfm_cut_points) IS 'behind <: less';

CREATE FUNCTION segment_internal.rfm_cut_points_le(segment.rfm_cut_points, segment.rfm_cut_points) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_le';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_le(segment.rfm_cut_points, segment.rfm_cut_points) IS 'behind <=: less or equal';

CREATE FUNCTION segment_internal.rfm_cut_points_gt(segment.rfm_cut_points, segment.rfm_cut_points) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_gt';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_gt(segment.rfm_cut_points, segment.rfm_cut_points) IS 'behind >: greater';

CREATE FUNCTION segment_internal.rfm_cut_points_ge(segment.rfm_cut_points, segment.rfm_cut_points) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_ge';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_ge(segment.rfm_cut_points, segment.rfm_cut_points) IS 'behind >=: greater or equal';

CREATE FUNCTION segment_internal.rfm_cut_points_cmp(segment.rfm_cut_points, segment.rfm_cut_points) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_cmp';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_cmp(segment.rfm_cut_points, segment.rfm_cut_points) IS 'order of two rfm_cut_points values: a total order without a meaning of its own';

CREATE FUNCTION segment_internal.rfm_cut_points_hash(segment.rfm_cut_points) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_hash';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_hash(segment.rfm_cut_points) IS 'hash of rfm_cut_points; equal values have equal hashes';

CREATE FUNCTION segment_internal.rfm_cut_points_hash_extended(segment.rfm_cut_points, bigint) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_hash_extended';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_hash_extended(segment.rfm_cut_points, bigint) IS 'seeded hash of rfm_cut_points';

CREATE OPERATOR segment.= (LEFTARG = segment.rfm_cut_points, RIGHTARG = segment.rfm_cut_points, FUNCTION = segment_internal.rfm_cut_points_eq, COMMUTATOR = OPERATOR(segment.=), NEGATOR = OPERATOR(segment.<>),
  RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR segment.<> (LEFTARG = segment.rfm_cut_points, RIGHTARG = segment.rfm_cut_points, FUNCTION = segment_internal.rfm_cut_points_ne, COMMUTATOR = OPERATOR(segment.<>), NEGATOR = OPERATOR(segment.=),
  RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR segment.< (LEFTARG = segment.rfm_cut_points, RIGHTARG = segment.rfm_cut_points, FUNCTION = segment_internal.rfm_cut_points_lt, COMMUTATOR = OPERATOR(segment.>), NEGATOR = OPERATOR(segment.>=),
  RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR segment.<= (LEFTARG = segment.rfm_cut_points, RIGHTARG = segment.rfm_cut_points, FUNCTION = segment_internal.rfm_cut_points_le, COMMUTATOR = OPERATOR(segment.>=), NEGATOR = OPERATOR(segment.>),
  RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR segment.> (LEFTARG = segment.rfm_cut_points, RIGHTARG = segment.rfm_cut_points, FUNCTION = segment_internal.rfm_cut_points_gt, COMMUTATOR = OPERATOR(segment.<), NEGATOR = OPERATOR(segment.<=),
  RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR segment.>= (LEFTARG = segment.rfm_cut_points, RIGHTARG = segment.rfm_cut_points, FUNCTION = segment_internal.rfm_cut_points_ge, COMMUTATOR = OPERATOR(segment.<=), NEGATOR = OPERATOR(segment.<),
  RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR segment.= (segment.rfm_cut_points, segment.rfm_cut_points) IS 'equal';
COMMENT ON OPERATOR segment.<> (segment.rfm_cut_points, segment.rfm_cut_points) IS 'not equal';
COMMENT ON OPERATOR segment.< (segment.rfm_cut_points, segment.rfm_cut_points) IS 'less';
COMMENT ON OPERATOR segment.<= (segment.rfm_cut_points, segment.rfm_cut_points) IS 'less or equal';
COMMENT ON OPERATOR segment.> (segment.rfm_cut_points, segment.rfm_cut_points) IS 'greater';
COMMENT ON OPERATOR segment.>= (segment.rfm_cut_points, segment.rfm_cut_points) IS 'greater or equal';

CREATE OPERATOR CLASS segment.rfm_cut_points_ops DEFAULT FOR TYPE segment.rfm_cut_points USING btree AS
  OPERATOR 1 segment.<, OPERATOR 2 segment.<=, OPERATOR 3 segment.=, OPERATOR 4 segment.>=, OPERATOR 5 segment.>,
  FUNCTION 1 segment_internal.rfm_cut_points_cmp(segment.rfm_cut_points, segment.rfm_cut_points);
COMMENT ON OPERATOR CLASS segment.rfm_cut_points_ops USING btree IS 'order of rfm_cut_points: a total order without a meaning of its own';

CREATE OPERATOR CLASS segment.rfm_cut_points_hash_ops DEFAULT FOR TYPE segment.rfm_cut_points USING hash AS
  OPERATOR 1 segment.=,
  FUNCTION 1 segment_internal.rfm_cut_points_hash(segment.rfm_cut_points), FUNCTION 2 segment_internal.rfm_cut_points_hash_extended(segment.rfm_cut_points, bigint);
COMMENT ON OPERATOR CLASS segment.rfm_cut_points_hash_ops USING hash IS 'hashing of rfm_cut_points';

CREATE FUNCTION segment.rfm_cut_points(r segment.cut_points, f segment.cut_points, m segment.cut_points, monetary text DEFAULT 'total')
  RETURNS segment.rfm_cut_points
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_make';
COMMENT ON FUNCTION segment.rfm_cut_points(segment.cut_points, segment.cut_points, segment.cut_points, text) IS
  'puts cut points of recency, frequency and monetary together, a person''s or made ones, with 2 to 9 bins each; '
  'monetary is total or average (an order). NULL if an argument is NULL. 22023 if recency is not descending, or '
  'frequency or monetary not ascending';

CREATE FUNCTION segment.rfm_score(cut_points segment.rfm_cut_points, rfm segment.rfm, as_of date, zone text DEFAULT 'UTC') RETURNS segment.rfm_score
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_frozen';
COMMENT ON FUNCTION segment.rfm_score(segment.rfm_cut_points, segment.rfm, date, text) IS
  'the score of one customer by frozen cut points, as of the end of a day; the same as the window function''s if the cut '
  'points were made of the same customers. zone gives the days of timestamptz orders. none for a customer without an '
  'order; NULL if an argument is NULL. 22023 if the summary holds orders after as_of';

CREATE FUNCTION segment_internal.score_due(cut_points segment.rfm_cut_points, rfm segment.rfm, as_of date, zone text, tenure integer[]) RETURNS date
  AS 'MODULE_PATHNAME', 'segment_score_due' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.score_due(segment.rfm_cut_points, segment.rfm, date, text, integer[]) IS
  'the first day after as_of on which time alone changes the score, or the days since the first order reach one of tenure; '
  'NULL if there is none, without orders, and for NULL';

CREATE FUNCTION segment.rfm_cut_points_info(cut_points segment.rfm_cut_points,
  OUT dimension text, OUT score smallint, OUT lower double precision, OUT includes_lower boolean,
  OUT upper double precision, OUT includes_upper boolean, OUT used boolean, OUT count bigint, OUT side text,
  OUT direction text, OUT method text) RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 15 AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_info';
COMMENT ON FUNCTION segment.rfm_cut_points_info(segment.rfm_cut_points) IS
  'one row a dimension (recency, frequency, monetary) and score, the best first; columns as of cut_points_info. No row '
  'for NULL';

CREATE FUNCTION segment_internal.rfm_cut_points_to_jsonb(cut_points segment.rfm_cut_points) RETURNS jsonb
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_cut_points_to_jsonb';
COMMENT ON FUNCTION segment_internal.rfm_cut_points_to_jsonb(segment.rfm_cut_points) IS
  'an object with recency, frequency, monetary (each as cut_points have it) and monetary_is; NULL for NULL';
CREATE CAST (segment.rfm_cut_points AS jsonb) WITH FUNCTION segment_internal.rfm_cut_points_to_jsonb(segment.rfm_cut_points);
COMMENT ON CAST (segment.rfm_cut_points AS jsonb) IS 'the cut points of the three dimensions as a JSON object';

-- rfm_score OVER: scores by the partition's own cut points ---------------------------------------

CREATE FUNCTION segment.rfm_score(rfm segment.rfm, as_of date, bins integer DEFAULT 5, method text DEFAULT 'quantile',
  monetary text DEFAULT 'total', zone text DEFAULT 'UTC', min_partition bigint DEFAULT 0,
  fallback segment.rfm_cut_points DEFAULT NULL) RETURNS segment.rfm_score
  LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_window';
COMMENT ON FUNCTION segment.rfm_score(segment.rfm, date, integer, text, text, text, bigint, segment.rfm_cut_points) IS
  'window function: scores each customer among the customers of the partition as of the end of a day, 1 to bins (2 to '
  '9), n is best, equal values alike. method is quantile, equal_width or natural; monetary is total or average; zone '
  'gives the days of timestamptz orders. A partition with fewer customers than min_partition is scored by fallback. '
  'Customers without an order get none and do not count; NULL for NULL. ORDER BY and frames do not matter. 22023 if an '
  'option changes within a partition, or a summary holds orders after as_of';
