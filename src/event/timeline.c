/*
 * timeline.c: the SQL type timeline, one person's events in order of time; the aggregate sequence_agg, and patterns.
 *
 * The byte string: version, kind of time, number of conditions (1 byte each), number of events (count); the time of the
 * first (8 bytes), then for each event how much later it is than the one before (a number; 0 for the first), and the
 * conditions that hold (a count).
 */
#include "postgres.h"

#include "core/compat.h"

#include "common/int.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "core/agg_context.h"
#include "core/memory.h"
#include "core/message.h"
#include "core/option.h"
#include "core/stored.h"
#include "event/event_functions.h"
#include "event/rows.h"
#include "math/sequence.h"

#define VERSION 1

/* The shortest event: two numbers. */
#define SHORTEST_EVENT 2

static bytea *
encode(EventRows *rows)
{
	StringInfoData buffer;

	segment_event_sort(rows);
	segment_stored_start(&buffer);
	segment_stored_put_fixed(&buffer, VERSION, 1);
	segment_stored_put_fixed(&buffer, rows->options.kind, 1);
	segment_stored_put_fixed(&buffer, rows->options.steps, 1);
	segment_stored_put_count(&buffer, rows->n);
	if (rows->n > 0)
		segment_stored_put_fixed(&buffer, (uint64) rows->rows[0].at, 8);
	for (uint32 i = 0; i < rows->n; i++)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		segment_check_value_size("timeline", (Size) buffer.len, "Leave out ids that are no persons.");
		segment_stored_put_number(&buffer, i == 0 ? 0 : segment_time_between(rows->rows[i - 1].at, rows->rows[i].at));
		segment_stored_put_count(&buffer, rows->rows[i].steps);
	}
	return segment_stored_finish(&buffer);
}

static const char *
take_event(SegmentStoredReader *reader, EventRows *rows, int64 *at, bool is_first)
{
	uint64 all = ((uint64) 1 << rows->options.steps) - 1;
	EventRow row = {.counts = true, .options = rows->options};
	int64 later = segment_stored_get_number(reader);
	int64 steps = segment_stored_get_count(reader);

	if (pg_add_s64_overflow(*at, later, at) || (is_first && later != 0) ||
		!segment_event_time_is_sound(*at, (SegmentTimeKind) rows->options.kind))
		return "A time is out of range.";
	if (steps < 1 || (uint64) steps > all)
		return "An event fulfils no condition, or one that there is not.";
	row.at = *at;
	row.steps = (uint32) steps;
	segment_event_add(rows, CurrentMemoryContext, NULL, &row);
	return rows->is_unsorted ? "Events must be in order." : NULL;
}

static EventRows *
decode(SegmentCursor cursor, const char **fault)
{
	SegmentStoredReader reader = {cursor, NULL};
	EventRows *rows = palloc0(sizeof(EventRows));
	int version = (int) segment_take(&reader.cursor, 1);
	int64 at = 0;
	int64 n;

	rows->options.kind = (uint8) segment_take(&reader.cursor, 1);
	rows->options.steps = (uint8) segment_take(&reader.cursor, 1);
	n = segment_stored_get_count(&reader);
	*fault = NULL;
	if (reader.cursor.is_short || version != VERSION)
		*fault = "The version is unknown.";
	else if (rows->options.kind < SEGMENT_TIME_DATE || rows->options.kind > SEGMENT_TIME_TIMESTAMPTZ ||
			 rows->options.steps < 1 || rows->options.steps > SEGMENT_MAX_STEPS ||
			 (uint64) n > segment_cursor_left(&reader.cursor) / SHORTEST_EVENT)
		*fault = "The kind of time, the number of conditions or of events is out of range.";
	if (*fault == NULL && n > 0)
		at = (int64) segment_take(&reader.cursor, 8);
	for (int64 i = 0; i < n && *fault == NULL; i++)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		*fault = take_event(&reader, rows, &at, i == 0);
	}
	if (*fault == NULL)
		*fault = segment_cursor_fault(&reader.cursor);
	return *fault ? NULL : rows;
}

static const char *
fault_of(SegmentCursor cursor)
{
	const char *fault;

	decode(cursor, &fault);
	return fault;
}

/* The value of an argument. */
static EventRows *
decoded(FunctionCallInfo fcinfo, int arg)
{
	const char *fault;
	EventRows *rows = decode(segment_state_cursor(PG_GETARG_BYTEA_PP(arg)), &fault);

	if (fault)
		segment_refuse_binary("timeline", fault);
	return rows;
}

PG_FUNCTION_INFO_V1(segment_timeline_in);

Datum
segment_timeline_in(PG_FUNCTION_ARGS)
{
	return segment_stored_in(fcinfo, "timeline", "sequence_agg", fault_of);
}

PG_FUNCTION_INFO_V1(segment_timeline_recv);

Datum
segment_timeline_recv(PG_FUNCTION_ARGS)
{
	return segment_stored_recv(fcinfo, "timeline", fault_of);
}

/* Transition function of sequence_agg: aggregates are told apart by theirs. */
PG_FUNCTION_INFO_V1(segment_sequence_trans);

Datum
segment_sequence_trans(PG_FUNCTION_ARGS)
{
	return segment_event_trans(fcinfo);
}

PG_FUNCTION_INFO_V1(segment_sequence_final);

Datum
segment_sequence_final(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(encode((EventRows *) PG_GETARG_POINTER(0)));
}

PG_FUNCTION_INFO_V1(segment_timeline_rollup_trans);

Datum
segment_timeline_rollup_trans(PG_FUNCTION_ARGS)
{
	MemoryContext context = segment_aggregate_context(fcinfo);
	EventRows *rows = PG_ARGISNULL(0) ? NULL : (EventRows *) PG_GETARG_POINTER(0);

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	if (rows == NULL)
		rows = MemoryContextAllocZero(context, sizeof(EventRows));
	segment_event_add_all(rows, context, decoded(fcinfo, 1));
	PG_RETURN_POINTER(rows);
}

/* timeline + timeline. Strict, as all that follow. */
PG_FUNCTION_INFO_V1(segment_timeline_add);

Datum
segment_timeline_add(PG_FUNCTION_ARGS)
{
	EventRows *sum = decoded(fcinfo, 0);

	segment_event_add_all(sum, CurrentMemoryContext, decoded(fcinfo, 1));
	PG_RETURN_BYTEA_P(encode(sum));
}

PG_FUNCTION_INFO_V1(segment_timeline_events);

Datum
segment_timeline_events(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(decoded(fcinfo, 0)->n);
}

/* How often the pattern in argument 1 matches, at most so often. */
static int64
count_matches(FunctionCallInfo fcinfo, int64 most)
{
	EventRows *rows = decoded(fcinfo, 0);
	char *wanted = text_to_cstring(PG_GETARG_TEXT_PP(1));
	SegmentPattern pattern;
	SegmentEnds ends;
	uint32 end;
	const char *fault = segment_pattern_parse(wanted, rows->options.steps, &pattern);

	if (fault)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid pattern: \"%s\"", wanted),
						errdetail("%s There are %d conditions.", fault, rows->options.steps),
						errhint("(?1).*(?2) is an event of condition 1, and later one of condition 2.")));
	ends.place =
		MemoryContextAllocHuge(CurrentMemoryContext, mul_size(mul_size(Max(rows->n, 1), pattern.n), sizeof(uint32)));
	return segment_sequence_count(&pattern, rows->rows, rows->n, most, &ends, &end, segment_event_poll);
}

PG_FUNCTION_INFO_V1(segment_sequence_match);

Datum
segment_sequence_match(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(count_matches(fcinfo, 1) > 0);
}

PG_FUNCTION_INFO_V1(segment_sequence_count_of);

Datum
segment_sequence_count_of(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(count_matches(fcinfo, PG_INT64_MAX));
}
