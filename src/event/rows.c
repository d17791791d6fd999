/*
 * rows.c: one person's events: reading their arguments, collecting, sorting.
 */
#include "postgres.h"

#include "core/compat.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "core/agg_context.h"
#include "core/message.h"
#include "core/option.h"
#include "event/rows.h"

#define FIRST_SIZE 2

/* Bytes of a row, and of what stands before the rows, in a serialised state. */
#define WIRE_ROW 12
#define WIRE_HEAD 32

static const char *const ties_words[] = {"any", "later"};
static const SegmentOption ties_option = {
	"ties", ties_words, lengthof(ties_words),
	"any lets events of one instant come in the order that helps; later asks for a strictly later time."};

static const char *const order_words[] = {"ordered", "any_order"};
static const SegmentOption order_option = {
	"step_order", order_words, lengthof(order_words),
	"ordered wants the steps one after the other; any_order counts how many were done, in any order."};

void
segment_event_poll(void)
{
	CHECK_FOR_INTERRUPTS();
}

bool
segment_event_call_of_types(const Oid *types, int arguments, EventCall *call)
{
	memset(call, 0, sizeof(EventCall));
	call->arguments = arguments;
	if (arguments < 2 || !segment_time_kind_of(types[0], &call->kind) || types[arguments - 1] != BOOLARRAYOID)
		return false;
	if (arguments == 2)
		return true;
	call->has_within = true;
	if (types[1] != INTERVALOID)
		return false;
	if (arguments == 3)
		return true;
	if (arguments < 5 || types[2] != TEXTOID || types[3] != TEXTOID)
		return false;
	return arguments == 5 || (arguments == 7 && types[4] == types[0] && types[5] == types[0]);
}

EventCall *
segment_event_call(FunctionCallInfo fcinfo)
{
	EventCall *call = (EventCall *) fcinfo->flinfo->fn_extra;
	Oid *types;
	int count;

	if (call != NULL)
		return call;
	call = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(EventCall));
	(void) get_func_signature(fcinfo->flinfo->fn_oid, &types, &count);
	if (!segment_event_call_of_types(types + 1, count - 1, call))
		elog(ERROR, "function %u is not a transition function over events", fcinfo->flinfo->fn_oid);
	pfree(types);
	fcinfo->flinfo->fn_extra = call;
	return call;
}

int64
segment_event_native_time(int64 at, SegmentTimeKind kind)
{
	return kind == SEGMENT_TIME_DATE ? at / USECS_PER_DAY : at;
}

bool
segment_event_time_is_sound(int64 at, SegmentTimeKind kind)
{
	return IS_VALID_TIMESTAMP(at) && (kind != SEGMENT_TIME_DATE || at % USECS_PER_DAY == 0);
}

/* The time in microseconds; 22008 unless it is finite and within the range of timestamps. */
static int64
time_of(Datum value, SegmentTimeKind kind)
{
	int64 at = segment_time_from_datum(value, kind);
	char text[SEGMENT_TIME_TEXT];

	if (kind != SEGMENT_TIME_DATE)
	{
		if (likely(IS_VALID_TIMESTAMP(at)))
			return at;
	}
	else if (IS_VALID_DATE(at) && at < TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE)
		return at * USECS_PER_DAY;
	if (segment_time_is_finite(at, kind))
		segment_time_print(at, kind, text);
	else
		strlcpy(text, at < 0 ? "-infinity" : "infinity", sizeof(text));
	ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("time of an event is out of range"),
					errdetail("The %s is %s; accepted are finite times up to the year 294276.",
							  segment_time_kind_name(kind), text),
					errhint("Leave such rows out, or correct them.")));
}

/* A bound of the time of entry, which may be infinite. */
static int64
bound_of(const NullableDatum *argument, SegmentTimeKind kind, const char *name)
{
	int64 at;

	if (argument->isnull)
		segment_refuse_null_option(name);
	at = segment_time_from_datum(argument->value, kind);
	if (kind == SEGMENT_TIME_DATE ? DATE_NOT_FINITE(at) : TIMESTAMP_NOT_FINITE(at))
		return at < 0 ? PG_INT64_MIN : PG_INT64_MAX;
	return time_of(argument->value, kind);
}

/* A length in microseconds: a day has 24 hours, and there are no months. */
static int64
length_of(const NullableDatum *argument)
{
	const Interval *interval;
	int64 length;

	if (argument->isnull)
		segment_refuse_null_option("within");
	interval = DatumGetIntervalP(argument->value);
#ifdef INTERVAL_IS_NOEND
	if (INTERVAL_IS_NOEND(interval))
		return PG_INT64_MAX;
#endif
	if (interval->month == 0 && !pg_mul_s64_overflow(interval->day, USECS_PER_DAY, &length) &&
		!pg_add_s64_overflow(length, interval->time, &length) && length >= 0)
		return length;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					interval->month != 0 ? errmsg("within has no fixed length") : errmsg("within is out of range"),
					errdetail("within is %s; accepted are days of 24 hours and parts of them, from 0 on.",
							  DatumGetCString(DirectFunctionCall1(interval_out, argument->value))),
					errhint("Write '30 days' for a month, '36500 days' for no limit.")));
}

static void
refuse_steps(int n)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("number of conditions is out of range"),
					errdetail("There are %d; accepted are 1 to %d.", n, SEGMENT_MAX_STEPS),
					errhint("Pass a condition a step, such as kind = 'purchase'.")));
}

/* The conditions that hold; a NULL does not. */
static uint32
steps_of(const NullableDatum *argument, uint8 *n)
{
	ArrayType *array;
	const char *values;
	const bits8 *bitmap;
	uint32 steps = 0;
	int count;

	if (argument->isnull)
		segment_refuse_null_option("steps");
	array = DatumGetArrayTypeP(argument->value);
	count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (ARR_NDIM(array) != 1 || count > SEGMENT_MAX_STEPS)
		refuse_steps(count);
	values = ARR_DATA_PTR(array);
	bitmap = ARR_NULLBITMAP(array);
	for (int i = 0; i < count; i++)
		if (bitmap == NULL || (bitmap[i / 8] >> (i % 8)) & 1)
			steps |= (uint32) (*values++ != 0) << i;
	*n = (uint8) count;
	if ((Pointer) array != DatumGetPointer(argument->value))
		pfree(array);
	return steps;
}

/* The place of a word among an option's, looked up where it is another than in the row before. */
static bool
word_of(const NullableDatum *argument, const SegmentOption *option, struct varlena **last, bool *answer,
		MemoryContext context)
{
	struct varlena *word;

	if (argument->isnull)
		segment_refuse_null_option(option->name);
	word = PG_DETOAST_DATUM_PACKED(argument->value);
	if (*last == NULL || VARSIZE_ANY(*last) != VARSIZE_ANY(word) || memcmp(*last, word, VARSIZE_ANY(word)) != 0)
	{
		*answer = segment_option_of(option, (text *) word) != 0;
		if (*last != NULL)
			pfree(*last);
		*last = MemoryContextAlloc(context, VARSIZE_ANY(word));
		memcpy(*last, word, VARSIZE_ANY(word));
	}
	return *answer;
}

void
segment_event_read(EventCall *call, const NullableDatum *arguments, EventRow *row)
{
	EventOptions *options = &row->options;

	row->counts = !arguments[0].isnull;
	if (!row->counts)
		return;
	row->at = time_of(arguments[0].value, call->kind);
	memset(options, 0, sizeof(EventOptions));
	options->kind = (uint8) call->kind;
	row->steps = steps_of(&arguments[call->arguments - 1], &options->steps);
	if (!call->has_within)
		return;
	options->within = length_of(&arguments[1]);
	options->from = PG_INT64_MIN;
	options->before = PG_INT64_MAX;
	if (call->arguments >= 5)
	{
		MemoryContext context = GetMemoryChunkContext(call);

		options->is_later = word_of(&arguments[2], &ties_option, &call->ties, &call->is_later, context);
		options->any_order = word_of(&arguments[3], &order_option, &call->step_order, &call->any_order, context);
	}
	if (call->arguments == 7)
	{
		options->from = bound_of(&arguments[4], call->kind, "entered_from");
		options->before = bound_of(&arguments[5], call->kind, "entered_before");
	}
}

void
segment_event_same_options(const EventOptions *options, const EventOptions *other)
{
	if (options->steps != other->steps)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("number of conditions changes"),
						errdetail("There are %d and %d of them.", options->steps, other->steps),
						errhint("Pass the same conditions in every row.")));
	if (options->within != other->within)
		segment_refuse_changed_option("within");
	if (options->is_later != other->is_later)
		segment_refuse_changed_option("ties");
	if (options->any_order != other->any_order)
		segment_refuse_changed_option("step_order");
	if (options->from != other->from)
		segment_refuse_changed_option("entered_from");
	if (options->before != other->before)
		segment_refuse_changed_option("entered_before");
	if (options->kind != other->kind)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("times of different kinds"),
						errdetail("They are %s and %s.", segment_time_kind_name((SegmentTimeKind) options->kind),
								  segment_time_kind_name((SegmentTimeKind) other->kind)),
						errhint("Cast them to one type.")));
}

/* True if a row belongs behind another one: by time, the first condition, all of them. */
static inline int
compare_events(const SegmentEvent *a, const SegmentEvent *b)
{
	uint32 different;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	/* the lowest condition that holds of one only decides */
	different = a->steps ^ b->steps;
	if (different == 0)
		return 0;
	return a->steps & different & -different ? -1 : 1;
}

#define ST_SORT sort_events
#define ST_ELEMENT_TYPE SegmentEvent
#define ST_COMPARE(a, b) compare_events(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

void
segment_event_sort(EventRows *rows)
{
	if (rows->is_unsorted)
		sort_events(rows->rows, rows->n);
	rows->is_unsorted = false;
}

static void
grow(EventRows *rows, MemoryContext context, SegmentArena *arena)
{
	uint64 size = rows->size == 0 ? FIRST_SIZE : (uint64) rows->size * 2;

	if (size > PG_UINT32_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many events of one person"),
						errdetail("At most %u are accepted.", 1U << 31),
						errhint("Is this a person, or many under one id? Leave such ids out.")));
	rows->rows = segment_arena_grow(arena, context, rows->rows, rows->n * sizeof(SegmentEvent),
									rows->size * sizeof(SegmentEvent), size * sizeof(SegmentEvent));
	rows->size = (uint32) size;
}

static inline void
append(EventRows *rows, MemoryContext context, SegmentArena *arena, int64 at, uint32 steps)
{
	SegmentEvent event = {at, steps, 0};

	if (rows->n == rows->size)
		grow(rows, context, arena);
	if (rows->n > 0 && compare_events(&rows->rows[rows->n - 1], &event) > 0)
		rows->is_unsorted = true;
	rows->rows[rows->n++] = event;
}

void
segment_event_add(EventRows *rows, MemoryContext context, SegmentArena *arena, const EventRow *row)
{
	if (rows->options.steps == 0)
		rows->options = row->options;
	else if (unlikely(memcmp(&rows->options, &row->options, sizeof(EventOptions)) != 0))
		segment_event_same_options(&rows->options, &row->options);
	if (row->steps != 0)
		append(rows, context, arena, row->at, row->steps);
}

void
segment_event_add_all(EventRows *rows, MemoryContext context, const EventRows *other)
{
	if (other->options.steps == 0)
		return;
	if (rows->options.steps == 0)
		rows->options = other->options;
	else
		segment_event_same_options(&rows->options, &other->options);
	for (uint32 i = 0; i < other->n; i++)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		append(rows, context, NULL, other->rows[i].at, other->rows[i].steps);
	}
}

/* --- as bytes ------------------------------------------------------------------------------------------------ */

bytea *
segment_event_serialize(const EventRows *rows)
{
	Size size = VARHDRSZ + WIRE_HEAD + (Size) rows->n * WIRE_ROW;
	bytea *bytes;
	unsigned char *at;

	if (!AllocSizeIsValid(size))
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many events of one person"),
						errdetail("There are %u, which a parallel plan would have to hand over at once.", rows->n),
						errhint("SET max_parallel_workers_per_gather = 0, or leave such ids out.")));
	bytes = palloc(size);
	SET_VARSIZE(bytes, size);
	at = (unsigned char *) VARDATA(bytes);
	at = segment_wire_put(at, (uint64) rows->options.within, 8);
	at = segment_wire_put(at, (uint64) rows->options.from, 8);
	at = segment_wire_put(at, (uint64) rows->options.before, 8);
	at = segment_wire_put(at, rows->options.kind, 1);
	at = segment_wire_put(at, rows->options.steps, 1);
	at = segment_wire_put(at, rows->options.is_later, 1);
	at = segment_wire_put(at, rows->options.any_order, 1);
	at = segment_wire_put(at, rows->n, 4);
	for (uint32 i = 0; i < rows->n; i++)
	{
		at = segment_wire_put(at, (uint64) rows->rows[i].at, 8);
		at = segment_wire_put(at, rows->rows[i].steps, 4);
	}
	return bytes;
}

EventRows *
segment_event_deserialize(SegmentCursor cursor, const char *name)
{
	EventRows *rows = palloc0(sizeof(EventRows));
	EventOptions *options = &rows->options;
	uint32 all;
	uint32 n;

	options->within = (int64) segment_take(&cursor, 8);
	options->from = (int64) segment_take(&cursor, 8);
	options->before = (int64) segment_take(&cursor, 8);
	options->kind = (uint8) segment_take(&cursor, 1);
	options->steps = (uint8) segment_take(&cursor, 1);
	options->is_later = (uint8) segment_take(&cursor, 1);
	options->any_order = (uint8) segment_take(&cursor, 1);
	n = (uint32) segment_take(&cursor, 4);
	if (options->within < 0 || options->kind < SEGMENT_TIME_DATE || options->kind > SEGMENT_TIME_TIMESTAMPTZ ||
		options->steps < 1 || options->steps > SEGMENT_MAX_STEPS || options->is_later > 1 || options->any_order > 1 ||
		segment_cursor_left(&cursor) != (Size) n * WIRE_ROW)
		segment_refuse_state(name, "Its options or its length are out of range.");
	all = options->steps == 32 ? PG_UINT32_MAX : ((uint32) 1 << options->steps) - 1;
	for (uint32 i = 0; i < n; i++)
	{
		int64 at = (int64) segment_take(&cursor, 8);
		uint32 steps = (uint32) segment_take(&cursor, 4);

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (!segment_event_time_is_sound(at, (SegmentTimeKind) options->kind) || steps == 0 || (steps & ~all) != 0)
			segment_refuse_state(name, "An event is out of range.");
		append(rows, CurrentMemoryContext, NULL, at, steps);
	}
	segment_end_state(&cursor, name);
	return rows;
}
