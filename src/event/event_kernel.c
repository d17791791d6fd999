/*
 * event_kernel.c: the kernels of the aggregates over one person's events. The state lies in the group, the events that
 * count in an arena.
 */
#include "postgres.h"

#include "core/compat.h"

#include "core/aggregate.h"
#include "event/event.h"
#include "event/event_functions.h"
#include "event/rows.h"

#define MAX_ARGUMENTS 7

typedef struct EventBinding
{
	EventCall call;
	SegmentArena arena;
} EventBinding;

static void *
event_bind(const Oid *argument_types, int arguments, Oid collation)
{
	EventBinding *binding = palloc0(sizeof(EventBinding));

	(void) collation;
	(void) segment_event_call_of_types(argument_types, arguments, &binding->call);
	return binding;
}

static void
event_pack(void *bound, const Datum *arguments, const bool *nulls, void *packed)
{
	EventBinding *binding = (EventBinding *) bound;
	EventRow *row = (EventRow *) packed;
	NullableDatum values[MAX_ARGUMENTS];

	for (int i = 0; i < binding->call.arguments; i++)
	{
		values[i].value = arguments[i];
		values[i].isnull = nulls[i];
	}
	memset(row, 0, sizeof(EventRow));
	segment_event_read(&binding->call, values, row);
}

static void
event_add(void *bound, MemoryContext context, void *state, const void *packed, Datum unpacked, bool is_null)
{
	EventBinding *binding = (EventBinding *) bound;
	const EventRow *row = (const EventRow *) packed;

	(void) unpacked;
	(void) is_null;
	if (!row->counts)
		return;
	binding->arena.context = context;
	segment_event_add((EventRows *) state, context, &binding->arena, row);
}

static bool
event_value(void *state, Datum *value)
{
	*value = PointerGetDatum(state);
	return ((const EventRows *) state)->options.steps != 0;
}

static void
event_prefetch(const void *state)
{
	const EventRows *rows = (const EventRows *) state;

	__builtin_prefetch(rows->rows + rows->n, 1);
}

static void
event_prefetch_result(const void *state)
{
	const EventRows *rows = (const EventRows *) state;

	for (uint32 i = 0; i < Min(rows->n, 32); i += 4)
		__builtin_prefetch(rows->rows + i);
}

/* Events lie outside the group, so groups are not moved to other processes: input rows are. */
static const SegmentKernel event_kernel = {
	.state_size = sizeof(EventRows),
	.unpacked = -1,
	.bind = event_bind,
	.packed_size = sizeof(EventRow),
	.pack = event_pack,
	.add = event_add,
	.value = event_value,
	.prefetch = event_prefetch,
	.prefetch_result = event_prefetch_result,
};

static const SegmentKernel *
kernel_of_funnel(const Oid *argument_types, int arguments)
{
	EventCall call;

	return segment_event_call_of_types(argument_types, arguments, &call) && call.has_within ? &event_kernel : NULL;
}

static const SegmentAggregate funnel_agg = {
	.transition = segment_event_trans,
	.combine = segment_event_combine,
	.serialize = segment_event_serial,
	.deserialize = segment_event_deserial,
	.final = segment_funnel_final,
	.kernel = kernel_of_funnel,
};

static const SegmentKernel *
kernel_of_sequence(const Oid *argument_types, int arguments)
{
	EventCall call;

	return segment_event_call_of_types(argument_types, arguments, &call) && !call.has_within ? &event_kernel : NULL;
}

static const SegmentAggregate sequence_agg = {
	.transition = segment_sequence_trans,
	.combine = segment_event_combine,
	.serialize = segment_event_serial,
	.deserialize = segment_event_deserial,
	.final = segment_sequence_final,
	.kernel = kernel_of_sequence,
};

void
segment_event_register(void)
{
	segment_aggregate_register(&funnel_agg);
	segment_aggregate_register(&sequence_agg);
}
