/*
 * order_row.c: one row of an aggregate over orders.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/lsyscache.h"

#include "core/order_row.h"

bool
segment_order_input_of_types(const Oid *types, int count, SegmentOrderInput *input)
{
	return count >= 2 && segment_time_kind_of(types[0], &input->kind) &&
		   segment_amount_type_of(types[1], &input->amount_type);
}

int
segment_order_input_of_call(FunctionCallInfo fcinfo, SegmentOrderInput *input)
{
	Oid *types;
	int count;

	(void) get_func_signature(fcinfo->flinfo->fn_oid, &types, &count);
	if (!segment_order_input_of_types(types + 1, count - 1, input))
		elog(ERROR, "function %u is not a transition function over orders", fcinfo->flinfo->fn_oid);
	pfree(types);
	return count - 1;
}

void
segment_order_refuse(const SegmentOrderInput *input, int64 at, SegmentAmountFault fault, Datum amount)
{
	char at_text[SEGMENT_TIME_TEXT];

	if (!segment_time_is_finite(at, input->kind))
		segment_time_refuse(at, input->kind);
	segment_time_print(at, input->kind, at_text);
	segment_amount_refuse(fault, amount, input->amount_type, at_text);
}

bool
segment_packed_shrink(const void *packed, uint64 words[2])
{
	const SegmentPackedRow *row = (const SegmentPackedRow *) packed;
	int64 units = (int64) row->units;

	if ((row->tail & (SEGMENT_PACKED_COUNTS | SEGMENT_PACKED_WIDE)) != SEGMENT_PACKED_COUNTS || row->units != units ||
		units >= INT64CONST(1) << 55 || units < -(INT64CONST(1) << 55))
		return false;
	words[0] = (uint64) units << 8 | (uint64) row->tail;
	words[1] = (uint64) row->at;
	return true;
}

void
segment_packed_expand(const uint64 words[2], void *packed)
{
	SegmentPackedRow *row = (SegmentPackedRow *) packed;

	row->at = (int64) words[1];
	row->units = (int64) words[0] >> 8;
	row->tail = (int64) (words[0] & 0xFF);
}

bool
segment_packed_holds_id(Oid type)
{
	int16 length;
	bool by_value;

	get_typlenbyval(type, &length, &by_value);
	return length > 0 && length <= SEGMENT_PACKED_ID_LENGTH;
}
