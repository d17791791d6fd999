/*
 * items_agg.c: the aggregates items_agg and items_rollup.
 */
#include "postgres.h"

#include "affinity/affinity.h"
#include "affinity/items_input.h"
#include "core/agg_context.h"
#include "core/message.h"

/* The list that is the state, made in the aggregate's context. */
static SegmentItems *
state_of(FunctionCallInfo fcinfo, SegmentItemKind kind)
{
	MemoryContext context = segment_aggregate_context(fcinfo);
	SegmentItems *items;

	if (PG_ARGISNULL(0))
	{
		items = MemoryContextAlloc(context, sizeof(SegmentItems));
		segment_items_init(items, kind, context);
		return items;
	}
	items = (SegmentItems *) PG_GETARG_POINTER(0);
	if (items->kind != kind)
		segment_refuse_kinds("items");
	return items;
}

/* Adds all items of a reader. */
static Datum
add_all(FunctionCallInfo fcinfo, SegmentItemReader reader)
{
	SegmentItems *items = state_of(fcinfo, reader.kind);
	SegmentItem item;

	while (segment_item_next(&reader, &item))
		segment_items_add(items, &item);
	PG_RETURN_POINTER(items);
}

PG_FUNCTION_INFO_V1(segment_items_agg_trans);

/* items_agg(item): NULL is skipped. */
Datum
segment_items_agg_trans(PG_FUNCTION_ARGS)
{
	SegmentItemInput *input;
	SegmentItems *items;
	SegmentItem item;

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	(void) segment_aggregate_context(fcinfo);
	input = segment_item_input(fcinfo, 1);
	items = state_of(fcinfo, input->kind);
	segment_item_input_read(input, PG_GETARG_DATUM(1), &item);
	segment_items_add(items, &item);
	PG_RETURN_POINTER(items);
}

PG_FUNCTION_INFO_V1(segment_items_rollup_trans);

Datum
segment_items_rollup_trans(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	(void) segment_aggregate_context(fcinfo);
	return add_all(fcinfo, PG_GETARG_ITEMS(1));
}

PG_FUNCTION_INFO_V1(segment_items_agg_combine);

/* A state may be read in place: its items are sorted then. */
Datum
segment_items_agg_combine(PG_FUNCTION_ARGS)
{
	SegmentItems *other;
	SegmentItems *items;

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	(void) segment_aggregate_context(fcinfo);
	other = (SegmentItems *) PG_GETARG_POINTER(1);
	items = state_of(fcinfo, other->kind);
	segment_items_sort(other);
	for (uint32 i = 0; i < other->n; i++)
		segment_items_add(items, &other->item[i]);
	PG_RETURN_POINTER(items);
}

PG_FUNCTION_INFO_V1(segment_items_agg_final);

/* Final and serialisation function: the value. */
Datum
segment_items_agg_final(PG_FUNCTION_ARGS)
{
	SegmentItems *items;

	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	items = (SegmentItems *) PG_GETARG_POINTER(0);
	segment_items_sort(items);
	PG_RETURN_POINTER(segment_items_value(items));
}

PG_FUNCTION_INFO_V1(segment_items_agg_deserialize);

/* The state lives in the caller's context, as do all that are read from bytes. */
Datum
segment_items_agg_deserialize(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor;
	SegmentItemReader reader;
	SegmentItems *items = palloc(sizeof(SegmentItems));
	SegmentItem item;
	uint64 version;
	uint64 kind;
	uint64 n;

	(void) segment_aggregate_context(fcinfo);
	cursor = segment_state_cursor(PG_GETARG_BYTEA_PP(0));
	version = segment_take(&cursor, 1);
	kind = segment_take(&cursor, 1);
	n = segment_take_count(&cursor);
	if (version != SEGMENT_ITEMS_VERSION || kind >= SEGMENT_ITEM_KINDS || n == 0)
		segment_refuse_state("items_agg", "Its head is none.");
	segment_items_init(items, (SegmentItemKind) kind, CurrentMemoryContext);
	reader = segment_item_reader(cursor, items->kind, n);
	while (segment_item_next(&reader, &item))
		segment_items_add(items, &item);
	if (reader.fault)
		segment_refuse_state("items_agg", reader.fault);
	segment_end_state(&reader.cursor, "items_agg");
	PG_RETURN_POINTER(items);
}
