-- event: how far people get through steps: types funnel and funnels

CREATE TYPE segment.funnel;

CREATE FUNCTION segment_internal.funnel_in(cstring) RETURNS segment.funnel
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnel_in';
COMMENT ON FUNCTION segment_internal.funnel_in(cstring) IS
  'reads the text of a funnel';

CREATE FUNCTION segment_internal.funnel_out(segment.funnel) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_stored_out';
COMMENT ON FUNCTION segment_internal.funnel_out(segment.funnel) IS
  'writes a funnel as text';

CREATE FUNCTION segment_internal.funnel_recv(internal) RETURNS segment.funnel
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnel_recv';
COMMENT ON FUNCTION segment_internal.funnel_recv(internal) IS
  'reads the binary form of a funnel, checking it';

CREATE FUNCTION segment_internal.funnel_send(segment.funnel) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_stored_send';
COMMENT ON FUNCTION segment_internal.funnel_send(segment.funnel) IS
  'writes the binary form of a funnel';

CREATE TYPE segment.funnel (
  INPUT = segment_internal.funnel_in, OUTPUT = segment_internal.funnel_out, RECEIVE = segment_internal.funnel_recv, SEND = segment_internal.funnel_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended
);
COMMENT ON TYPE segment.funnel IS
  'how far one person got through steps, and when: what funnel_agg makes. Cast it to jsonb to look at it';

CREATE TYPE segment.funnels;

CREATE FUNCTION segment_internal.funnels_in(cstring) RETURNS segment.funnels
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnels_in';
COMMENT ON FUNCTION segment_internal.funnels_in(cstring) IS
  'reads the text of funnels';

CREATE FUNCTION segment_internal.funnels_out(segment.funnels) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_stored_out';
COMMENT ON FUNCTION segment_internal.funnels_out(segment.funnels) IS
  'writes funnels as text';

CREATE FUNCTION segment_internal.funnels_recv(internal) RETURNS segment.funnels
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnels_recv';
COMMENT ON FUNCTION segment_internal.funnels_recv(internal) IS
  'reads the binary form of funnels, checking it';

CREATE FUNCTION segment_internal.funnels_send(segment.funnels) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_stored_send';
COMMENT ON FUNCTION segment_internal.funnels_send(segment.funnels) IS
  'writes the binary form of funnels';

CREATE TYPE segment.funnels (
  INPUT = segment_internal.funnels_in, OUTPUT = segment_internal.funnels_out, RECEIVE = segment_internal.funnels_recv, SEND = segment_internal.funnels_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended
);
COMMENT ON TYPE segment.funnels IS
  'how far many persons got, each with the times of the steps: what funnel_table reads, at any as_of. Values of the same rule merge: funnels_rollup, +';

-- funnel_agg: the overloads are a loop over the types of the time and the options

CREATE FUNCTION segment_internal.event_combine(internal, internal) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_event_combine';
COMMENT ON FUNCTION segment_internal.event_combine(internal, internal) IS
  'Combine function.';

CREATE FUNCTION segment_internal.event_serialize(internal) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_event_serial';
COMMENT ON FUNCTION segment_internal.event_serialize(internal) IS
  'Serial function.';

CREATE FUNCTION segment_internal.event_deserialize(bytea, internal) RETURNS internal
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_event_deserial';
COMMENT ON FUNCTION segment_internal.event_deserialize(bytea, internal) IS
  'Deserial function.';

CREATE FUNCTION segment_internal.funnel_final(internal) RETURNS segment.funnel
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnel_final';
COMMENT ON FUNCTION segment_internal.funnel_final(internal) IS
  'Final function.';

DO $$
DECLARE
  at_type text;
  more text;
  more_types text;
  rest text;
BEGIN
  FOREACH at_type IN ARRAY ARRAY['date', 'timestamp', 'timestamptz'] LOOP
    FOREACH more IN ARRAY ARRAY['', ', ties text, step_order text', ', ties text, step_order text, entered_from ' || at_type || ', entered_before ' || at_type] LOOP
      more_types := pg_catalog.regexp_replace(more, '(ties|step_order|entered_from|entered_before) ', '', 'g');
      rest := CASE WHEN more = '' THEN 'Events of one instant come in the order that helps most'
                   ELSE 'ties: any lets events of one instant come in the order that helps most, later asks for a strictly later time; step_order: ordered, or any_order, which counts how many of the steps were done, whatever their order and ties' END
           || CASE WHEN more LIKE '%entered%' THEN '; the first step lies in [entered_from, entered_before), the others may lie after it' ELSE '' END;
      EXECUTE pg_catalog.format($f$
        CREATE FUNCTION segment_internal.funnel_agg_trans(internal, at %1$s, within interval%2$s, steps boolean[]) RETURNS internal
          LANGUAGE c IMMUTABLE PARALLEL SAFE SUPPORT segment_internal.rfm_agg_support AS 'MODULE_PATHNAME', 'segment_event_trans';
        COMMENT ON FUNCTION segment_internal.funnel_agg_trans(internal, %1$s, interval%3$s, boolean[]) IS
          'Transition function of funnel_agg. 22023 outside an aggregate.';
        CREATE AGGREGATE segment.funnel_agg(at %1$s, within interval%2$s, VARIADIC steps boolean[]) (
          SFUNC = segment_internal.funnel_agg_trans, STYPE = internal, SSPACE = 256, FINALFUNC = segment_internal.funnel_final,
          COMBINEFUNC = segment_internal.event_combine, SERIALFUNC = segment_internal.event_serialize,
          DESERIALFUNC = segment_internal.event_deserialize, PARALLEL = SAFE
        );
        COMMENT ON AGGREGATE segment.funnel_agg(%1$s, interval%3$s, VARIADIC boolean[]) IS %4$L;
      $f$, at_type, more, more_types,
        'How far one person got: the most steps 1, 2, ... that events in order of time fulfil, the last at most within after the first. Exact: no later start, repeated step or tie is lost. An event fulfils one step; other events may lie between. '
        || rest || '. Of the longest chains the one that completes first is timed, of those the one that starts last. A condition that is NULL does not hold. Rows with a NULL time are skipped; NULL without rows, 0 steps where none was reached. within is a length of days (of 24 hours) and parts of them. Options and the number of steps, 1 to 32, are the same in every row: 22023 where they change, 22004 for NULL; 22008 for infinite times');
    END LOOP;
  END LOOP;
END
$$;

CREATE FUNCTION segment.funnel_reached(funnel segment.funnel) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnel_reached';
COMMENT ON FUNCTION segment.funnel_reached(segment.funnel) IS
  'how many steps were reached, from 0; NULL for NULL';

CREATE FUNCTION segment.funnel_steps(funnel segment.funnel) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnel_steps';
COMMENT ON FUNCTION segment.funnel_steps(segment.funnel) IS
  'how many steps there are; NULL for NULL';

CREATE FUNCTION segment.funnel_within(funnel segment.funnel) RETURNS interval
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnel_within';
COMMENT ON FUNCTION segment.funnel_within(segment.funnel) IS
  'how long the steps may take; NULL for NULL';

CREATE FUNCTION segment.funnel_entered(funnel segment.funnel, zone text DEFAULT 'UTC') RETURNS timestamp
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnel_entered';
COMMENT ON FUNCTION segment.funnel_entered(segment.funnel, text) IS
  'when the person first did what the first step asks for (with any_order, any step), in the range of entry: the begin of the time that all get; the steps that count may be later ones. As the clocks of zone show it, for timestamptz. NULL for who did not enter, and for NULL';

CREATE FUNCTION segment.funnel_times(funnel segment.funnel, zone text DEFAULT 'UTC') RETURNS timestamp[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnel_times';
COMMENT ON FUNCTION segment.funnel_times(segment.funnel, text) IS
  'the time of each step that was reached, as the clocks of zone show it, for timestamptz; each as early as the first and the last allow. With any_order element n is when n steps were done. Empty for who did not enter, NULL for NULL';

CREATE FUNCTION segment.funnel_time(funnel segment.funnel, step integer) RETURNS interval
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnel_time';
COMMENT ON FUNCTION segment.funnel_time(segment.funnel, integer) IS
  'how long after the first step this one was done; NULL if it was not reached, and for NULL. 22023 for a step that there is not';

CREATE FUNCTION segment.funnel_in_progress(funnel segment.funnel, as_of date, zone text DEFAULT 'UTC') RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnel_in_progress';
COMMENT ON FUNCTION segment.funnel_in_progress(segment.funnel, date, text) IS
  'whether the person entered so lately that the time for all steps is not over at the end of the day as_of, whatever was reached until then: such people are not in the rates of funnel_table. zone matters for timestamptz. NULL for NULL; 22023 if the person entered after as_of';

CREATE FUNCTION segment_internal.funnel_to_jsonb(segment.funnel) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.jsonb_build_object('steps', segment.funnel_steps($1), 'reached', segment.funnel_reached($1), 'within', segment.funnel_within($1),
           'entered', segment.funnel_entered($1), 'times', segment.funnel_times($1));
END;
COMMENT ON FUNCTION segment_internal.funnel_to_jsonb(segment.funnel) IS 'behind the cast: steps, reached, within, entered and times, in UTC';
CREATE CAST (segment.funnel AS jsonb) WITH FUNCTION segment_internal.funnel_to_jsonb(segment.funnel);
COMMENT ON CAST (segment.funnel AS jsonb) IS 'steps, reached, within, entered and times, in UTC';

-- many persons

CREATE FUNCTION segment_internal.funnels_trans(internal, funnel segment.funnel) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnels_trans';
COMMENT ON FUNCTION segment_internal.funnels_trans(internal, segment.funnel) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.funnels_rollup_trans(internal, funnels segment.funnels) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnels_rollup_trans';
COMMENT ON FUNCTION segment_internal.funnels_rollup_trans(internal, segment.funnels) IS
  'Transition function. 22023 outside an aggregate.';

CREATE FUNCTION segment_internal.funnels_combine(internal, internal) RETURNS internal
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnels_combine';
COMMENT ON FUNCTION segment_internal.funnels_combine(internal, internal) IS
  'Combine function.';

CREATE FUNCTION segment_internal.funnels_final(internal) RETURNS segment.funnels
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnels_final';
COMMENT ON FUNCTION segment_internal.funnels_final(internal) IS
  'Final function.';

CREATE FUNCTION segment_internal.funnels_serialize(internal) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnels_final';
COMMENT ON FUNCTION segment_internal.funnels_serialize(internal) IS
  'Serial function.';

CREATE FUNCTION segment_internal.funnels_deserialize(bytea, internal) RETURNS internal
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnels_deserialize';
COMMENT ON FUNCTION segment_internal.funnels_deserialize(bytea, internal) IS
  'Deserial function.';

CREATE AGGREGATE segment.funnel_table_agg(funnel segment.funnel) (
  SFUNC = segment_internal.funnels_trans,
  STYPE = internal, SSPACE = 65536, FINALFUNC = segment_internal.funnels_final,
  COMBINEFUNC = segment_internal.funnels_combine, SERIALFUNC = segment_internal.funnels_serialize, DESERIALFUNC = segment_internal.funnels_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.funnel_table_agg(segment.funnel) IS
  'how far all persons got, a funnel each, for funnel_table; GROUP BY segment, channel or platform to compare them. NULLs are skipped; NULL without any. 22023 for funnels of different rules';

CREATE AGGREGATE segment.funnels_rollup(funnels segment.funnels) (
  SFUNC = segment_internal.funnels_rollup_trans,
  STYPE = internal, SSPACE = 65536, FINALFUNC = segment_internal.funnels_final,
  COMBINEFUNC = segment_internal.funnels_combine, SERIALFUNC = segment_internal.funnels_serialize, DESERIALFUNC = segment_internal.funnels_deserialize,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.funnels_rollup(segment.funnels) IS
  'the persons of all parts; NULL without any. Each person must lie in one part. 22023 for funnels of different rules';

CREATE FUNCTION segment_internal.funnels_add(segment.funnels, segment.funnels) RETURNS segment.funnels
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_funnels_plus';
COMMENT ON FUNCTION segment_internal.funnels_add(segment.funnels, segment.funnels) IS
  'behind +: the persons of both. 22023 for funnels of different rules';

CREATE OPERATOR segment.+ (LEFTARG = segment.funnels, RIGHTARG = segment.funnels, FUNCTION = segment_internal.funnels_add,
  COMMUTATOR = OPERATOR(segment.+));
COMMENT ON OPERATOR segment.+ (segment.funnels, segment.funnels) IS 'the persons of both';

CREATE FUNCTION segment.funnel_table(funnels segment.funnels, as_of date, zone text DEFAULT 'UTC', confidence double precision DEFAULT 0.95,
  OUT step integer, OUT reached bigint, OUT entered bigint, OUT rate double precision, OUT rate_low double precision, OUT rate_high double precision,
  OUT step_rate double precision, OUT median_step_time interval, OUT median_time interval, OUT in_progress bigint)
  RETURNS SETOF record
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 5 AS 'MODULE_PATHNAME', 'segment_funnel_table';
COMMENT ON FUNCTION segment.funnel_table(segment.funnels, date, text, double precision) IS
  'one row a step: of the people who entered and have had the whole time since, how many reached it; the rate with its Wilson interval, and the rate of those who had reached the step before; the median time since the step before and since the first one, of those who reached it. in_progress: who entered so lately that the time is not over at the end of the day as_of, and has reached the step; they are in no other column. zone matters for timestamptz. NULL where nobody is; no row for NULL. 22023 for people who entered after as_of';

CREATE FUNCTION segment_internal.funnels_to_jsonb(segment.funnels) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('step', t.step, 'reached', t.reached + t.in_progress) ORDER BY t.step)
    FROM segment.funnel_table($1, '294276-12-30') AS t;
END;
COMMENT ON FUNCTION segment_internal.funnels_to_jsonb(segment.funnels) IS 'behind the cast: how many reached each step so far';
CREATE CAST (segment.funnels AS jsonb) WITH FUNCTION segment_internal.funnels_to_jsonb(segment.funnels);
COMMENT ON CAST (segment.funnels AS jsonb) IS 'how many reached each step so far, those in progress included';
