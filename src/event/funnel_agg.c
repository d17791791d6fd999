/*
 * funnel_agg.c: the aggregate funnel_agg.
 */
#include "postgres.h"

#include "core/compat.h"

#include "core/agg_context.h"
#include "core/message.h"
#include "event/event.h"
#include "event/event_functions.h"
#include "event/rows.h"

/* Adds one row; one whose time is NULL is skipped. Transition function of funnel_agg and sequence_agg. */
PG_FUNCTION_INFO_V1(segment_event_trans);

Datum
segment_event_trans(PG_FUNCTION_ARGS)
{
	MemoryContext context = segment_aggregate_context(fcinfo);
	EventRows *rows = PG_ARGISNULL(0) ? NULL : (EventRows *) PG_GETARG_POINTER(0);
	EventRow row;

	segment_event_read(segment_event_call(fcinfo), fcinfo->args + 1, &row);
	if (!row.counts)
		return segment_state_unchanged(fcinfo);
	if (rows == NULL)
		rows = MemoryContextAllocZero(context, sizeof(EventRows));
	segment_event_add(rows, context, NULL, &row);
	PG_RETURN_POINTER(rows);
}

PG_FUNCTION_INFO_V1(segment_event_combine);

Datum
segment_event_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = segment_aggregate_context(fcinfo);
	EventRows *rows = PG_ARGISNULL(0) ? NULL : (EventRows *) PG_GETARG_POINTER(0);

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	if (rows == NULL)
		rows = MemoryContextAllocZero(context, sizeof(EventRows));
	segment_event_add_all(rows, context, (const EventRows *) PG_GETARG_POINTER(1));
	PG_RETURN_POINTER(rows);
}

PG_FUNCTION_INFO_V1(segment_event_serial);

Datum
segment_event_serial(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	PG_RETURN_BYTEA_P(segment_event_serialize((const EventRows *) PG_GETARG_POINTER(0)));
}

PG_FUNCTION_INFO_V1(segment_event_deserial);

Datum
segment_event_deserial(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	PG_RETURN_POINTER(
		segment_event_deserialize(segment_state_cursor(PG_GETARG_BYTEA_PP(0)), "an aggregate over events"));
}

PG_FUNCTION_INFO_V1(segment_funnel_final);

Datum
segment_funnel_final(PG_FUNCTION_ARGS)
{
	EventRows *rows;
	SegmentFunnelRule rule;
	Funnel funnel;

	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	rows = (EventRows *) PG_GETARG_POINTER(0);
	rule.steps = rows->options.steps;
	rule.is_later = rows->options.is_later;
	rule.any_order = rows->options.any_order;
	rule.within = rows->options.within;
	rule.from = rows->options.from;
	rule.before = rows->options.before;
	segment_event_sort(rows);
	segment_funnel(rows->rows, rows->n, &rule, &funnel.result, segment_event_poll);
	funnel.rule.kind = rows->options.kind;
	funnel.rule.steps = rows->options.steps;
	funnel.rule.is_later = rule.is_later;
	funnel.rule.any_order = rule.any_order;
	funnel.rule.within = rule.within;
	PG_RETURN_BYTEA_P(segment_funnel_encode(&funnel));
}
