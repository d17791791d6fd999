/*
 * rfm_input.h: one row of rfm_agg's input, the same for the forms with and without an order id.
 */
#ifndef SEGMENT_RFM_RFM_INPUT_H
#define SEGMENT_RFM_RFM_INPUT_H

#include "rfm/rfm.h"

/* What the arguments of an overload of rfm_agg's transition function are. */
typedef struct RfmInput
{
	SegmentTimeKind kind;
	SegmentAmountType amount_type;
} RfmInput;

/*
 * The argument types of the SQL function that is being called: read from its declaration once per query, so that one
 * C function serves every overload, also where the caller has no expression tree (Citus' workers).
 */
extern void segment_rfm_input_of(FunctionCallInfo fcinfo, RfmInput *input);

/* Reads arguments 1 (time) and 2 (amount), both not NULL; raises 22003 or 22008 for values out of range. */
static inline void
segment_rfm_read_row(FunctionCallInfo fcinfo, const RfmInput *input, int64 *at, SegmentAmount *amount)
{
	SegmentAmountFault fault;

	*at = segment_time_from_datum(PG_GETARG_DATUM(1), input->kind);
	if (unlikely(!segment_time_is_finite(*at, input->kind)))
		segment_time_refuse(*at, input->kind);
	fault = segment_amount_read(PG_GETARG_DATUM(2), input->amount_type, amount);
	if (unlikely(fault != SEGMENT_AMOUNT_OK))
	{
		char at_text[SEGMENT_TIME_TEXT];

		segment_time_print(*at, input->kind, at_text);
		segment_amount_refuse(fault, PG_GETARG_DATUM(2), input->amount_type, at_text);
	}
}

#endif
