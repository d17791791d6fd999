-- segmentation: ids that are kept out, and ids that are not shown

CREATE FUNCTION segment.keyed_hash(customer text, key bytea) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_keyed_hash';
COMMENT ON FUNCTION segment.keyed_hash(text, bytea) IS 'pseudonym of a customer id as text: keyed SHA-256, 64 hexadecimal digits; NULL for NULL';

CREATE FUNCTION segment_internal.customer_hash(customer text) RETURNS bytea
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT decode(segment.keyed_hash(customer, k.key), 'hex') FROM segment.forgotten_key k;
END;
COMMENT ON FUNCTION segment_internal.customer_hash(text) IS 'keyed hash of a customer id as text; NULL before the first forget()';

CREATE FUNCTION segment.is_forgotten(customer text) RETURNS boolean AS 'MODULE_PATHNAME', 'segment_is_forgotten' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.is_forgotten(text) IS
  'whether a customer id was given to forget(); NULL for NULL. 42501 for roles that neither declare segmentations nor read any';

CREATE FUNCTION segment_internal.anybody_forgotten() RETURNS boolean AS 'MODULE_PATHNAME', 'segment_anybody_forgotten' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.anybody_forgotten() IS 'whether forget() has kept anybody out; as of this moment, in any transaction';

CREATE FUNCTION segment_internal.wait_for_writers() RETURNS void AS 'MODULE_PATHNAME', 'segment_wait_for_writers' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.wait_for_writers() IS 'waits for the transactions that have queued changes so far; new ones don''t wait';
