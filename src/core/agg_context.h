/*
 * agg_context.h: support functions of aggregates. Anyone may call them from SQL, with a state that is a pointer to
 * anything, so each begins by asking for the context of its aggregate.
 */
#ifndef SEGMENT_CORE_AGG_CONTEXT_H
#define SEGMENT_CORE_AGG_CONTEXT_H

#include "fmgr.h"

#include "core/error.h"

/* AGG_CONTEXT_AGGREGATE or AGG_CONTEXT_WINDOW, and the memory context of the states; 22023 outside an aggregate. */
static inline int
segment_aggregate_kind(FunctionCallInfo fcinfo, MemoryContext *context)
{
	int kind = AggCheckCallContext(fcinfo, context);

	if (unlikely(kind == 0))
		segment_refuse_call(fcinfo);
	return kind;
}

/* The memory context alone. */
static inline MemoryContext
segment_aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	(void) segment_aggregate_kind(fcinfo, &context);
	return context;
}

/* What a transition function returns if a row does not count: its state as it is. */
static inline Datum
segment_state_unchanged(FunctionCallInfo fcinfo)
{
	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

#endif
