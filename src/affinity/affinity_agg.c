/*
 * affinity_agg.c: the aggregates affinity_agg and affinity_rollup, and the operator +.
 */
#include "postgres.h"

#include "affinity/state.h"
#include "core/agg_context.h"
#include "core/message.h"
#include "core/option.h"

#define DEFAULT_MAX_ITEMS 1000

/* The state in argument 0, or a new one in the aggregate's context. */
static AffinityState *
state_of(FunctionCallInfo fcinfo, SegmentItemKind kind, int32 max_items)
{
	MemoryContext context;
	int aggregate = segment_aggregate_kind(fcinfo, &context);
	AffinityState *state;

	if (PG_ARGISNULL(0))
		return segment_affinity_state_new(context, kind, max_items, aggregate == AGG_CONTEXT_AGGREGATE);
	state = (AffinityState *) PG_GETARG_POINTER(0);
	/* an aggregate of somebody else's making, whose combine function is none of ours */
	if (state->is_message)
		segment_refuse_state("affinity_agg", "It is one that was read from bytes, to be added to another.");
	return state;
}

static Datum
settled(FunctionCallInfo fcinfo, AffinityState *state)
{
	segment_affinity_settle(state, fcinfo);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(segment_affinity_agg_trans);

/* affinity_agg(items, max_items): NULL items are skipped; max_items is constant. */
Datum
segment_affinity_agg_trans(PG_FUNCTION_ARGS)
{
	int32 max_items = DEFAULT_MAX_ITEMS;
	SegmentItemReader reader;
	AffinityState *state;

	(void) segment_aggregate_context(fcinfo);
	if (PG_NARGS() > 2)
	{
		if (PG_ARGISNULL(2))
			segment_refuse_null_option("max_items");
		max_items = PG_GETARG_INT32(2);
		segment_check_int_range("max_items", max_items, 2, SEGMENT_AFFINITY_MAX_ITEMS);
	}
	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	reader = PG_GETARG_ITEMS(1);
	state = state_of(fcinfo, reader.kind, max_items);
	if (state->head.max_items != max_items)
		segment_refuse_changed_option("max_items");
	if (state->head.kind != reader.kind)
		segment_refuse_kinds("affinity");
	segment_affinity_add_basket(state, reader);
	return settled(fcinfo, state);
}

PG_FUNCTION_INFO_V1(segment_affinity_rollup_trans);

Datum
segment_affinity_rollup_trans(PG_FUNCTION_ARGS)
{
	Affinity *affinity;
	AffinityState *state;

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	(void) segment_aggregate_context(fcinfo);
	affinity = PG_GETARG_AFFINITY(1);
	state = state_of(fcinfo, affinity->head.kind, affinity->head.max_items);
	segment_affinity_add_value(state, affinity);
	return settled(fcinfo, state);
}

PG_FUNCTION_INFO_V1(segment_affinity_agg_combine);

Datum
segment_affinity_agg_combine(PG_FUNCTION_ARGS)
{
	AffinityState *other;
	AffinityState *state;

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	(void) segment_aggregate_context(fcinfo);
	other = (AffinityState *) PG_GETARG_POINTER(1);
	state = state_of(fcinfo, other->head.kind, other->head.max_items);
	segment_affinity_add_state(state, other);
	return settled(fcinfo, state);
}

PG_FUNCTION_INFO_V1(segment_affinity_agg_final);

Datum
segment_affinity_agg_final(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(segment_affinity_value(state_of(fcinfo, 0, 0)));
}

PG_FUNCTION_INFO_V1(segment_affinity_agg_serialize);

Datum
segment_affinity_agg_serialize(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	PG_RETURN_BYTEA_P(segment_affinity_state_write(state_of(fcinfo, 0, 0)));
}

PG_FUNCTION_INFO_V1(segment_affinity_agg_deserialize);

Datum
segment_affinity_agg_deserialize(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	PG_RETURN_POINTER(segment_affinity_state_read(PG_GETARG_BYTEA_PP(0)));
}

PG_FUNCTION_INFO_V1(segment_affinity_add);

/* affinity + affinity. Strict. */
Datum
segment_affinity_add(PG_FUNCTION_ARGS)
{
	Affinity *left = PG_GETARG_AFFINITY(0);
	AffinityState *state =
		segment_affinity_state_new(CurrentMemoryContext, left->head.kind, left->head.max_items, false);

	segment_affinity_add_value(state, left);
	segment_affinity_add_value(state, PG_GETARG_AFFINITY(1));
	PG_RETURN_POINTER(segment_affinity_value(state));
}
