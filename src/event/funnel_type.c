/*
 * funnel_type.c: the SQL type funnel and what it says.
 */
#include "postgres.h"

#include "core/compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/timestamp.h"

#include "core/message.h"
#include "core/option.h"
#include "core/stored.h"
#include "event/event.h"
#include "event/rows.h"

#define FLAG_KIND 3
#define FLAG_LATER 4
#define FLAG_ANY_ORDER 8

#define WIRE_HEAD 12

bytea *
segment_funnel_encode(const Funnel *funnel)
{
	const FunnelRule *rule = &funnel->rule;
	const SegmentFunnel *result = &funnel->result;
	Size size = VARHDRSZ + WIRE_HEAD + (result->reached > 0 ? 8 * (1 + (Size) result->reached) : 0);
	bytea *bytes = palloc(size);
	unsigned char *at = (unsigned char *) VARDATA(bytes);

	SET_VARSIZE(bytes, size);
	at = segment_wire_put(at, SEGMENT_FUNNEL_VERSION, 1);
	at = segment_wire_put(at, rule->kind | (rule->is_later ? FLAG_LATER : 0) | (rule->any_order ? FLAG_ANY_ORDER : 0),
						  1);
	at = segment_wire_put(at, rule->steps, 1);
	at = segment_wire_put(at, result->reached, 1);
	at = segment_wire_put(at, (uint64) rule->within, 8);
	if (result->reached > 0)
		at = segment_wire_put(at, (uint64) result->entered, 8);
	for (int i = 0; i < result->reached; i++)
		at = segment_wire_put(at, (uint64) result->time[i], 8);
	return bytes;
}

const char *
segment_funnel_decode(SegmentCursor cursor, Funnel *funnel)
{
	FunnelRule *rule = &funnel->rule;
	SegmentFunnel *result = &funnel->result;
	int version = (int) segment_take(&cursor, 1);
	int flags = (int) segment_take(&cursor, 1);
	int steps = (int) segment_take(&cursor, 1);

	memset(funnel, 0, sizeof(Funnel));
	rule->kind = (uint8) (flags & FLAG_KIND);
	rule->is_later = (flags & FLAG_LATER) != 0;
	rule->any_order = (flags & FLAG_ANY_ORDER) != 0;
	rule->steps = (uint8) steps;
	result->reached = (int) segment_take(&cursor, 1);
	rule->within = (int64) segment_take(&cursor, 8);
	if (cursor.is_short || version != SEGMENT_FUNNEL_VERSION)
		return "The version is unknown.";
	if (rule->kind == 0 || flags > (FLAG_KIND | FLAG_LATER | FLAG_ANY_ORDER) || steps < 1 ||
		steps > SEGMENT_MAX_STEPS || result->reached > steps || rule->within < 0)
		return "The rule is out of range.";
	if (segment_cursor_left(&cursor) != (result->reached > 0 ? 8 * (1 + (Size) result->reached) : 0))
		return "The length does not fit the steps that were reached.";
	if (result->reached > 0)
		result->entered = (int64) segment_take(&cursor, 8);
	for (int i = 0; i < result->reached; i++)
	{
		int64 at = result->time[i] = (int64) segment_take(&cursor, 8);
		int64 before = i == 0 ? result->entered : result->time[i - 1];

		if (!segment_event_time_is_sound(before, (SegmentTimeKind) rule->kind) ||
			!segment_event_time_is_sound(at, (SegmentTimeKind) rule->kind))
			return "A time is out of range.";
		if (at < before || (at == before && i > 0 && rule->is_later && !rule->any_order))
			return "Times must ascend.";
		if (segment_time_between(result->time[0], at) > (uint64) rule->within)
			return "The steps take longer than they may.";
	}
	return NULL;
}

void
segment_funnel_arg(FunctionCallInfo fcinfo, int arg, Funnel *funnel)
{
	const char *fault = segment_funnel_decode(segment_state_cursor(PG_GETARG_BYTEA_PP(arg)), funnel);

	if (fault)
		segment_refuse_binary("funnel", fault);
}

static const char *
fault_of(SegmentCursor cursor)
{
	Funnel funnel;

	return segment_funnel_decode(cursor, &funnel);
}

PG_FUNCTION_INFO_V1(segment_funnel_in);

Datum
segment_funnel_in(PG_FUNCTION_ARGS)
{
	return segment_stored_in(fcinfo, "funnel", "funnel_agg", fault_of);
}

PG_FUNCTION_INFO_V1(segment_funnel_recv);

Datum
segment_funnel_recv(PG_FUNCTION_ARGS)
{
	return segment_stored_recv(fcinfo, "funnel", fault_of);
}

/* funnel_steps(funnel). Strict, as all of these. */
PG_FUNCTION_INFO_V1(segment_funnel_steps);

Datum
segment_funnel_steps(PG_FUNCTION_ARGS)
{
	Funnel funnel;

	segment_funnel_arg(fcinfo, 0, &funnel);
	PG_RETURN_INT32(funnel.rule.steps);
}

PG_FUNCTION_INFO_V1(segment_funnel_reached);

Datum
segment_funnel_reached(PG_FUNCTION_ARGS)
{
	Funnel funnel;

	segment_funnel_arg(fcinfo, 0, &funnel);
	PG_RETURN_INT32(funnel.result.reached);
}

/* funnel_within(funnel) -> interval */
PG_FUNCTION_INFO_V1(segment_funnel_within);

static Datum
interval_of(int64 length)
{
	Interval *interval = palloc0(sizeof(Interval));

	interval->day = (int32) (length / USECS_PER_DAY);
	interval->time = length % USECS_PER_DAY;
	return IntervalPGetDatum(interval);
}

Datum
segment_funnel_within(PG_FUNCTION_ARGS)
{
	Funnel funnel;

	segment_funnel_arg(fcinfo, 0, &funnel);
	return interval_of(funnel.rule.within);
}

/* A time as the clocks of a zone show it. */
static Timestamp
local_time(int64 at, SegmentTimeKind kind, pg_tz *zone)
{
	struct pg_tm tm;
	fsec_t fsec;
	int tz;
	Timestamp local;

	if (kind != SEGMENT_TIME_TIMESTAMPTZ)
		return at;
	if (timestamp2tm(at, &tz, &tm, &fsec, NULL, zone) != 0 || tm2timestamp(&tm, fsec, NULL, &local) != 0)
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("time is out of range in this zone"),
						errdetail("It is at an end of the range of times."), errhint("Pass the zone 'UTC'.")));
	return local;
}

/* funnel_entered(funnel, zone): when the person could first have begun; NULL if never. */
PG_FUNCTION_INFO_V1(segment_funnel_entered);

Datum
segment_funnel_entered(PG_FUNCTION_ARGS)
{
	Funnel funnel;
	pg_tz *zone = segment_zone_arg(fcinfo, 1);

	segment_funnel_arg(fcinfo, 0, &funnel);
	if (funnel.result.reached == 0)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMP(local_time(funnel.result.entered, (SegmentTimeKind) funnel.rule.kind, zone));
}

/* funnel_times(funnel, zone): the time of each step that was reached. */
PG_FUNCTION_INFO_V1(segment_funnel_times);

Datum
segment_funnel_times(PG_FUNCTION_ARGS)
{
	Funnel funnel;
	pg_tz *zone = segment_zone_arg(fcinfo, 1);
	Datum times[SEGMENT_MAX_STEPS];

	segment_funnel_arg(fcinfo, 0, &funnel);
	for (int i = 0; i < funnel.result.reached; i++)
		times[i] = TimestampGetDatum(local_time(funnel.result.time[i], (SegmentTimeKind) funnel.rule.kind, zone));
	PG_RETURN_POINTER(construct_array(times, funnel.result.reached, TIMESTAMPOID, sizeof(Timestamp), FLOAT8PASSBYVAL,
									  TYPALIGN_DOUBLE));
}

/* funnel_time(funnel, step): from the first step of the chain to this one; NULL if it was not reached. */
PG_FUNCTION_INFO_V1(segment_funnel_time);

Datum
segment_funnel_time(PG_FUNCTION_ARGS)
{
	Funnel funnel;
	int step = PG_GETARG_INT32(1);
	uint64 length;

	segment_funnel_arg(fcinfo, 0, &funnel);
	segment_check_int_range("step", step, 1, funnel.rule.steps);
	if (step > funnel.result.reached)
		PG_RETURN_NULL();
	length = segment_time_between(funnel.result.time[0], funnel.result.time[step - 1]);
	return interval_of((int64) length);
}

int64
segment_funnel_end_of(FunctionCallInfo fcinfo, int as_of_arg, int zone_arg, SegmentTimeKind kind)
{
	DateADT as_of = PG_GETARG_DATEADT(as_of_arg);
	pg_tz *zone = segment_zone_arg(fcinfo, zone_arg);

	segment_check_as_of(as_of);
	if (as_of + 1 >= TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE)
		return PG_INT64_MAX;
	return kind == SEGMENT_TIME_TIMESTAMPTZ ? segment_start_of_day(as_of + 1, zone)
											: (int64) (as_of + 1) * USECS_PER_DAY;
}

bool
segment_funnel_is_open(const FunnelRule *rule, int64 entered, int64 end)
{
	if (entered >= end)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("funnel holds events after as_of"),
						errdetail("Somebody entered after it."), errhint("Filter the events: at < as_of + 1.")));
	return segment_time_between(entered, end) <= (uint64) rule->within;
}

/* funnel_in_progress(funnel, as_of, zone): whether the window of the first entry was still open. */
PG_FUNCTION_INFO_V1(segment_funnel_in_progress);

Datum
segment_funnel_in_progress(PG_FUNCTION_ARGS)
{
	Funnel funnel;
	int64 end;

	segment_funnel_arg(fcinfo, 0, &funnel);
	end = segment_funnel_end_of(fcinfo, 1, 2, (SegmentTimeKind) funnel.rule.kind);
	PG_RETURN_BOOL(funnel.result.reached > 0 && segment_funnel_is_open(&funnel.rule, funnel.result.entered, end));
}
