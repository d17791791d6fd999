-- event: patterns in one person's events: type timeline

CREATE TYPE segment.timeline;

CREATE FUNCTION segment_internal.timeline_in(cstring) RETURNS segment.timeline
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_timeline_in';
COMMENT ON FUNCTION segment_internal.timeline_in(cstring) IS
  'reads the text of a timeline';

CREATE FUNCTION segment_internal.timeline_out(segment.timeline) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_stored_out';
COMMENT ON FUNCTION segment_internal.timeline_out(segment.timeline) IS
  'writes a timeline as text';

CREATE FUNCTION segment_internal.timeline_recv(internal) RETURNS segment.timeline
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_timeline_recv';
COMMENT ON FUNCTION segment_internal.timeline_recv(internal) IS
  'reads the binary form of a timeline, checking it';

CREATE FUNCTION segment_internal.timeline_send(segment.timeline) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_stored_send';
COMMENT ON FUNCTION segment_internal.timeline_send(segment.timeline) IS
  'writes the binary form of a timeline';

CREATE TYPE segment.timeline (
  INPUT = segment_internal.timeline_in, OUTPUT = segment_internal.timeline_out, RECEIVE = segment_internal.timeline_recv, SEND = segment_internal.timeline_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended
);
COMMENT ON TYPE segment.timeline IS
  'the events of one person for which a condition holds, in order of time: what sequence_match reads. Values merge: timeline_rollup, +';

CREATE FUNCTION segment_internal.sequence_final(internal) RETURNS segment.timeline
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_sequence_final';
COMMENT ON FUNCTION segment_internal.sequence_final(internal) IS
  'Final function.';

DO $$
DECLARE
  at_type text;
BEGIN
  FOREACH at_type IN ARRAY ARRAY['date', 'timestamp', 'timestamptz'] LOOP
    EXECUTE pg_catalog.format($f$
      CREATE FUNCTION segment_internal.sequence_agg_trans(internal, at %1$s, conditions boolean[]) RETURNS internal
        LANGUAGE c IMMUTABLE PARALLEL SAFE SUPPORT segment_internal.rfm_agg_support AS 'MODULE_PATHNAME', 'segment_sequence_trans';
      COMMENT ON FUNCTION segment_internal.sequence_agg_trans(internal, %1$s, boolean[]) IS
        'Transition function of sequence_agg. 22023 outside an aggregate.';
      CREATE AGGREGATE segment.sequence_agg(at %1$s, VARIADIC conditions boolean[]) (
        SFUNC = segment_internal.sequence_agg_trans, STYPE = internal, SSPACE = 256, FINALFUNC = segment_internal.sequence_final,
        COMBINEFUNC = segment_internal.event_combine, SERIALFUNC = segment_internal.event_serialize,
        DESERIALFUNC = segment_internal.event_deserialize, PARALLEL = SAFE
      );
      COMMENT ON AGGREGATE segment.sequence_agg(%1$s, VARIADIC boolean[]) IS
        'The events of one person in order of time, each with the conditions that hold for it, numbered from 1; events for which none holds are left out. Events of one instant are in the order of their conditions, whatever the order of the rows. A condition that is NULL does not hold. Rows with a NULL time are skipped; NULL without rows. 22023 unless there are 1 to 32 conditions, as many in every row; 22008 for infinite times';
    $f$, at_type);
  END LOOP;
END
$$;

CREATE FUNCTION segment_internal.timeline_rollup_trans(internal, timeline segment.timeline) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_timeline_rollup_trans';
COMMENT ON FUNCTION segment_internal.timeline_rollup_trans(internal, segment.timeline) IS
  'Transition function. 22023 outside an aggregate.';

CREATE AGGREGATE segment.timeline_rollup(timeline segment.timeline) (
  SFUNC = segment_internal.timeline_rollup_trans, STYPE = internal, SSPACE = 256, FINALFUNC = segment_internal.sequence_final,
  COMBINEFUNC = segment_internal.event_combine, SERIALFUNC = segment_internal.event_serialize,
  DESERIALFUNC = segment_internal.event_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.timeline_rollup(segment.timeline) IS
  'the events of all parts of one person; NULL without any. Each event must lie in one part. 22023 for other conditions';

CREATE FUNCTION segment_internal.timeline_add(segment.timeline, segment.timeline) RETURNS segment.timeline
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_timeline_add';
COMMENT ON FUNCTION segment_internal.timeline_add(segment.timeline, segment.timeline) IS
  'behind +: the events of both. 22023 for other conditions';

CREATE OPERATOR segment.+ (LEFTARG = segment.timeline, RIGHTARG = segment.timeline, FUNCTION = segment_internal.timeline_add,
  COMMUTATOR = OPERATOR(segment.+));
COMMENT ON OPERATOR segment.+ (segment.timeline, segment.timeline) IS 'the events of both';

CREATE FUNCTION segment.timeline_events(timeline segment.timeline) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_timeline_events';
COMMENT ON FUNCTION segment.timeline_events(segment.timeline) IS
  'how many events there are; NULL for NULL';

CREATE FUNCTION segment.sequence_match(timeline segment.timeline, pattern text) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_sequence_match';
COMMENT ON FUNCTION segment.sequence_match(segment.timeline, text) IS
  'whether the events match a pattern: (?1) is an event of condition 1, . any event; .* between two of them any number of events, (?t<=3600), with < <= > >= or ==, a bound of the seconds between the two, with any events between; else they follow each other. NULL for NULL; 22023 for what is no pattern';

CREATE FUNCTION segment.sequence_count(timeline segment.timeline, pattern text) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_sequence_count_of';
COMMENT ON FUNCTION segment.sequence_count(segment.timeline, text) IS
  'how often a pattern matches (sequence_match says what one is), without overlaps, each match ending as early as it can. NULL for NULL; 22023 for what is no pattern';

CREATE FUNCTION segment_internal.timeline_to_jsonb(segment.timeline) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.jsonb_build_object('events', segment.timeline_events($1));
END;
COMMENT ON FUNCTION segment_internal.timeline_to_jsonb(segment.timeline) IS 'behind the cast: events';
CREATE CAST (segment.timeline AS jsonb) WITH FUNCTION segment_internal.timeline_to_jsonb(segment.timeline);
COMMENT ON CAST (segment.timeline AS jsonb) IS 'how many events there are';
