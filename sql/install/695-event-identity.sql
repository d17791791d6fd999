-- event: one person behind many ids: type identity

CREATE TYPE segment.identity;

CREATE FUNCTION segment_internal.identity_in(cstring) RETURNS segment.identity
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_identity_in';
COMMENT ON FUNCTION segment_internal.identity_in(cstring) IS
  'reads the text of an identity';

CREATE FUNCTION segment_internal.identity_out(segment.identity) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_stored_out';
COMMENT ON FUNCTION segment_internal.identity_out(segment.identity) IS
  'writes an identity as text';

CREATE FUNCTION segment_internal.identity_recv(internal) RETURNS segment.identity
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_identity_recv';
COMMENT ON FUNCTION segment_internal.identity_recv(internal) IS
  'reads the binary form of an identity, checking it';

CREATE FUNCTION segment_internal.identity_send(segment.identity) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_stored_send';
COMMENT ON FUNCTION segment_internal.identity_send(segment.identity) IS
  'writes the binary form of an identity';

CREATE TYPE segment.identity (
  INPUT = segment_internal.identity_in, OUTPUT = segment_internal.identity_out, RECEIVE = segment_internal.identity_recv, SEND = segment_internal.identity_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended
);
COMMENT ON TYPE segment.identity IS
  'ids, and which of them belong together: what identity_table reads. It holds the edges, so that nothing is merged for good: leave an edge out and build it anew. Values merge: identity_rollup, +';

CREATE FUNCTION segment_internal.identity_agg_trans(internal, a text, b text) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_identity_trans';
COMMENT ON FUNCTION segment_internal.identity_agg_trans(internal, text, text) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.identity_agg_trans(internal, a text, b text, max_component integer) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_identity_trans';
COMMENT ON FUNCTION segment_internal.identity_agg_trans(internal, text, text, integer) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.identity_agg_trans(internal, a text, b text, max_component integer, max_degree integer) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_identity_trans';
COMMENT ON FUNCTION segment_internal.identity_agg_trans(internal, text, text, integer, integer) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.identity_rollup_trans(internal, identity segment.identity) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_identity_rollup_trans';
COMMENT ON FUNCTION segment_internal.identity_rollup_trans(internal, segment.identity) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.identity_combine(internal, internal) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_identity_combine';
COMMENT ON FUNCTION segment_internal.identity_combine(internal, internal) IS
  'Combine function.';

CREATE FUNCTION segment_internal.identity_final(internal) RETURNS segment.identity
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_identity_final';
COMMENT ON FUNCTION segment_internal.identity_final(internal) IS
  'Final function.';

CREATE FUNCTION segment_internal.identity_serialize(internal) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_identity_final';
COMMENT ON FUNCTION segment_internal.identity_serialize(internal) IS
  'Serial function.';

CREATE FUNCTION segment_internal.identity_deserialize(bytea, internal) RETURNS internal
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_identity_deserialize';
COMMENT ON FUNCTION segment_internal.identity_deserialize(bytea, internal) IS
  'Deserial function.';

CREATE AGGREGATE segment.identity_agg(a text, b text) (
  SFUNC = segment_internal.identity_agg_trans,
  STYPE = internal, SSPACE = 8192, FINALFUNC = segment_internal.identity_final,
  COMBINEFUNC = segment_internal.identity_combine, SERIALFUNC = segment_internal.identity_serialize, DESERIALFUNC = segment_internal.identity_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.identity_agg(text, text) IS
  'ids that belong together, two a row: what is connected by any number of steps is one person. Put the kind before an id, such as ''card:'' || card_no: ids of different kinds then never meet. A NULL beside an id says that the id exists; NULL without any. 22023 for an empty id and one of more than 1000 bytes; 53400 beyond maintenance_work_mem';

CREATE AGGREGATE segment.identity_agg(a text, b text, max_component integer) (
  SFUNC = segment_internal.identity_agg_trans,
  STYPE = internal, SSPACE = 8192, FINALFUNC = segment_internal.identity_final,
  COMBINEFUNC = segment_internal.identity_combine, SERIALFUNC = segment_internal.identity_serialize, DESERIALFUNC = segment_internal.identity_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.identity_agg(text, text, integer) IS
  'ids that belong together, two a row: what is connected by any number of steps is one person. Put the kind before an id, such as ''card:'' || card_no: ids of different kinds then never meet. A NULL beside an id says that the id exists; NULL without any. More than max_component ids are not one person: they are left as they are, and listed. 22023 for an empty id and one of more than 1000 bytes; 53400 beyond maintenance_work_mem';

CREATE AGGREGATE segment.identity_agg(a text, b text, max_component integer, max_degree integer) (
  SFUNC = segment_internal.identity_agg_trans,
  STYPE = internal, SSPACE = 8192, FINALFUNC = segment_internal.identity_final,
  COMBINEFUNC = segment_internal.identity_combine, SERIALFUNC = segment_internal.identity_serialize, DESERIALFUNC = segment_internal.identity_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.identity_agg(text, text, integer, integer) IS
  'ids that belong together, two a row: what is connected by any number of steps is one person. Put the kind before an id, such as ''card:'' || card_no: ids of different kinds then never meet. A NULL beside an id says that the id exists; NULL without any. An id with edges to more than max_degree others (a till, a shared tablet, noreply@) joins nobody, and more than max_component ids are not one person: they are left as they are, and listed. 22023 for an empty id and one of more than 1000 bytes; 53400 beyond maintenance_work_mem';

CREATE AGGREGATE segment.identity_rollup(identity segment.identity) (
  SFUNC = segment_internal.identity_rollup_trans,
  STYPE = internal, SSPACE = 8192, FINALFUNC = segment_internal.identity_final,
  COMBINEFUNC = segment_internal.identity_combine, SERIALFUNC = segment_internal.identity_serialize, DESERIALFUNC = segment_internal.identity_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.identity_rollup(segment.identity) IS
  'the edges of all parts; NULL without any. 22023 for different limits';

CREATE FUNCTION segment_internal.identity_add(segment.identity, segment.identity) RETURNS segment.identity
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_identity_add';
COMMENT ON FUNCTION segment_internal.identity_add(segment.identity, segment.identity) IS
  'behind +: the edges of both. 22023 for different limits';

CREATE OPERATOR segment.+ (LEFTARG = segment.identity, RIGHTARG = segment.identity, FUNCTION = segment_internal.identity_add,
  COMMUTATOR = OPERATOR(segment.+));
COMMENT ON OPERATOR segment.+ (segment.identity, segment.identity) IS 'the edges of both';

CREATE FUNCTION segment.identity_table(identity segment.identity, OUT id text, OUT person text, OUT ids integer, OUT degree integer, OUT left_out text) RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 AS 'MODULE_PATHNAME', 'segment_identity_table';
COMMENT ON FUNCTION segment.identity_table(segment.identity) IS
  'one row an id: the person, named by the first of its ids by their bytes; how many ids are connected with this one, how many edges it has. left_out: degree for a hub, which joins nobody; component for an id of too many that are connected: each of them is a person of its own; else NULL. No row for NULL';

CREATE FUNCTION segment.identity_info(identity segment.identity, OUT ids bigint, OUT edges bigint, OUT persons bigint, OUT joined bigint, OUT largest bigint, OUT hubs bigint, OUT too_connected bigint, OUT ids_per_person double precision) RETURNS record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_identity_info';
COMMENT ON FUNCTION segment.identity_info(segment.identity) IS
  'the whole in numbers: ids, edges, persons, persons of several ids, ids of the largest person, hubs left out by max_degree, ids left out by max_component; ids per person. NULL for NULL';

CREATE FUNCTION segment_internal.identity_to_jsonb(segment.identity) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.to_jsonb(i) FROM segment.identity_info($1) AS i;
END;
COMMENT ON FUNCTION segment_internal.identity_to_jsonb(segment.identity) IS 'behind the cast: identity_info';
CREATE CAST (segment.identity AS jsonb) WITH FUNCTION segment_internal.identity_to_jsonb(segment.identity);
COMMENT ON CAST (segment.identity AS jsonb) IS 'identity_info';
