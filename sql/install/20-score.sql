-- score: cut points and scores

-- rfm_score: the triple of scores ----------------------------------------------------------------

CREATE TYPE rfm_score;

CREATE FUNCTION rfm_score_in(cstring) RETURNS rfm_score
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_in';
COMMENT ON FUNCTION rfm_score_in(cstring) IS 'reads an rfm_score such as 5-4-3, 3-2-1/4 or none';

CREATE FUNCTION rfm_score_out(rfm_score) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_out';
COMMENT ON FUNCTION rfm_score_out(rfm_score) IS 'writes an rfm_score as text';

CREATE FUNCTION rfm_score_recv(internal) RETURNS rfm_score
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_recv';
COMMENT ON FUNCTION rfm_score_recv(internal) IS 'reads the binary form of an rfm_score, checking it';

CREATE FUNCTION rfm_score_send(rfm_score) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_send';
COMMENT ON FUNCTION rfm_score_send(rfm_score) IS 'writes the binary form of an rfm_score';

CREATE TYPE rfm_score (
  INPUT = rfm_score_in, OUTPUT = rfm_score_out, RECEIVE = rfm_score_recv, SEND = rfm_score_send,
  INTERNALLENGTH = 4, PASSEDBYVALUE, ALIGNMENT = int4
);
COMMENT ON TYPE rfm_score IS
  'recency, frequency and monetary score of a customer, n is best, with the number of bins of each (2 to 9, 5 unless '
  'written): 5-4-3, 3-2-1/4, 3-2-1/4-3-2; none for a customer who has returns only, and so no scores';

CREATE FUNCTION rfm_score_eq(rfm_score, rfm_score) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_eq';
COMMENT ON FUNCTION rfm_score_eq(rfm_score, rfm_score) IS 'behind =: equal';

CREATE FUNCTION rfm_score_ne(rfm_score, rfm_score) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_ne';
COMMENT ON FUNCTION rfm_score_ne(rfm_score, rfm_score) IS 'behind <>: not equal';

CREATE FUNCTION rfm_score_lt(rfm_score, rfm_score) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_lt';
COMMENT ON FUNCTION rfm_score_lt(rfm_score, rfm_score) IS 'behind <: less';

CREATE FUNCTION rfm_score_le(rfm_score, rfm_score) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_le';
COMMENT ON FUNCTION rfm_score_le(rfm_score, rfm_score) IS 'behind <=: less or equal';

CREATE FUNCTION rfm_score_gt(rfm_score, rfm_score) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_gt';
COMMENT ON FUNCTION rfm_score_gt(rfm_score, rfm_score) IS 'behind >: greater';

CREATE FUNCTION rfm_score_ge(rfm_score, rfm_score) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_ge';
COMMENT ON FUNCTION rfm_score_ge(rfm_score, rfm_score) IS 'behind >=: greater or equal';

CREATE FUNCTION rfm_score_cmp(rfm_score, rfm_score) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_cmp';
COMMENT ON FUNCTION rfm_score_cmp(rfm_score, rfm_score) IS 'order of two rfm_score values: by recency score, then frequency, then monetary, then bins; none is lowest';

CREATE FUNCTION rfm_score_hash(rfm_score) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_hash';
COMMENT ON FUNCTION rfm_score_hash(rfm_score) IS 'hash of rfm_score; equal values have equal hashes';

CREATE FUNCTION rfm_score_hash_extended(rfm_score, bigint) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_hash_extended';
COMMENT ON FUNCTION rfm_score_hash_extended(rfm_score, bigint) IS 'seeded hash of rfm_score';

CREATE OPERATOR = (LEFTARG = rfm_score, RIGHTARG = rfm_score, FUNCTION = rfm_score_eq, COMMUTATOR = =, NEGATOR = <>,
  RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR <> (LEFTARG = rfm_score, RIGHTARG = rfm_score, FUNCTION = rfm_score_ne, COMMUTATOR = <>, NEGATOR = =,
  RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR < (LEFTARG = rfm_score, RIGHTARG = rfm_score, FUNCTION = rfm_score_lt, COMMUTATOR = >, NEGATOR = >=,
  RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR <= (LEFTARG = rfm_score, RIGHTARG = rfm_score, FUNCTION = rfm_score_le, COMMUTATOR = >=, NEGATOR = >,
  RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR > (LEFTARG = rfm_score, RIGHTARG = rfm_score, FUNCTION = rfm_score_gt, COMMUTATOR = <, NEGATOR = <=,
  RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR >= (LEFTARG = rfm_score, RIGHTARG = rfm_score, FUNCTION = rfm_score_ge, COMMUTATOR = <=, NEGATOR = <,
  RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR = (rfm_score, rfm_score) IS 'equal';
COMMENT ON OPERATOR <> (rfm_score, rfm_score) IS 'not equal';
COMMENT ON OPERATOR < (rfm_score, rfm_score) IS 'less';
COMMENT ON OPERATOR <= (rfm_score, rfm_score) IS 'less or equal';
COMMENT ON OPERATOR > (rfm_score, rfm_score) IS 'greater';
COMMENT ON OPERATOR >= (rfm_score, rfm_score) IS 'greater or equal';

CREATE OPERATOR CLASS rfm_score_ops DEFAULT FOR TYPE rfm_score USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
  FUNCTION 1 rfm_score_cmp(rfm_score, rfm_score);
COMMENT ON OPERATOR CLASS rfm_score_ops USING btree IS 'order of rfm_score: by recency score, then frequency, then monetary, then bins; none is lowest';

CREATE OPERATOR CLASS rfm_score_hash_ops DEFAULT FOR TYPE rfm_score USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 rfm_score_hash(rfm_score), FUNCTION 2 rfm_score_hash_extended(rfm_score, bigint);
COMMENT ON OPERATOR CLASS rfm_score_hash_ops USING hash IS 'hashing of rfm_score';

CREATE FUNCTION rfm_score(r integer, f integer, m integer, bins integer DEFAULT 5) RETURNS rfm_score
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_make';
COMMENT ON FUNCTION rfm_score(integer, integer, integer, integer) IS
  'the rfm_score with these scores, 1 to bins each; bins is 2 to 9. 22023 out of range, NULL if any argument is NULL';

CREATE FUNCTION score_r(score rfm_score) RETURNS smallint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_score_r';
COMMENT ON FUNCTION score_r(rfm_score) IS
  'the recency score, 1 to n, n is best; NULL for NULL and for a customer who has no order';

CREATE FUNCTION score_f(score rfm_score) RETURNS smallint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_score_f';
COMMENT ON FUNCTION score_f(rfm_score) IS
  'the frequency score, 1 to n, n is best; NULL for NULL and for a customer who has no order';

CREATE FUNCTION score_m(score rfm_score) RETURNS smallint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_score_m';
COMMENT ON FUNCTION score_m(rfm_score) IS
  'the monetary score, 1 to n, n is best; NULL for NULL and for a customer who has no order';

CREATE FUNCTION score_code(score rfm_score) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_score_code';
COMMENT ON FUNCTION score_code(rfm_score) IS
  'the three scores as one number, such as 543; NULL for NULL and for a customer who has no order';

CREATE FUNCTION score_fm(score rfm_score) RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_score_fm';
COMMENT ON FUNCTION score_fm(rfm_score) IS
  'the mean of frequency and monetary score; NULL for NULL and for a customer who has no order';

CREATE FUNCTION score_bins_r(score rfm_score) RETURNS smallint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_score_bins_r';
COMMENT ON FUNCTION score_bins_r(rfm_score) IS 'the number of bins of the recency score, 2 to 9; NULL for NULL';

CREATE FUNCTION score_bins_f(score rfm_score) RETURNS smallint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_score_bins_f';
COMMENT ON FUNCTION score_bins_f(rfm_score) IS 'the number of bins of the frequency score, 2 to 9; NULL for NULL';

CREATE FUNCTION score_bins_m(score rfm_score) RETURNS smallint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_score_bins_m';
COMMENT ON FUNCTION score_bins_m(rfm_score) IS 'the number of bins of the monetary score, 2 to 9; NULL for NULL';

CREATE FUNCTION rfm_score_to_jsonb(score rfm_score) RETURNS jsonb
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_rfm_score_to_jsonb';
COMMENT ON FUNCTION rfm_score_to_jsonb(rfm_score) IS
  'an object with r, f, m (null for a customer who has no order) and bins, an array of three; NULL for NULL';
CREATE CAST (rfm_score AS jsonb) WITH FUNCTION rfm_score_to_jsonb(rfm_score);
COMMENT ON CAST (rfm_score AS jsonb) IS 'r, f, m and bins as a JSON object';
