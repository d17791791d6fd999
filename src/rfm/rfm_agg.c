/*
 * rfm_agg.c: rfm_agg(at, amount) and rfm_rollup(rfm): the rfm value itself is the state, changed in place. A new or
 * widened state is made in the caller's short-lived context: the executor copies what is not the state it passed into
 * the aggregate's context, and frees the old one.
 */
#include "postgres.h"

#include "fmgr.h"

#include "core/agg_context.h"
#include "core/error.h"
#include "core/order_row.h"
#include "rfm/rfm.h"

PG_FUNCTION_INFO_V1(segment_rfm_agg_support);
PG_FUNCTION_INFO_V1(segment_rfm_agg_trans);
PG_FUNCTION_INFO_V1(segment_rfm_agg_combine);
PG_FUNCTION_INFO_V1(segment_rfm_agg_final);
PG_FUNCTION_INFO_V1(segment_rfm_add_rfm);

/*
 * Planner support of the transition functions. It answers nothing: being called while aggregates are costed is what
 * loads the library before the planner looks for grouping paths.
 */
Datum
segment_rfm_agg_support(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(NULL);
}

/* Adds one row; a row with a NULL time or amount is skipped. */
Datum
segment_rfm_agg_trans(PG_FUNCTION_ARGS)
{
	SegmentOrderInput *input = (SegmentOrderInput *) fcinfo->flinfo->fn_extra;
	Rfm *state = NULL;
	int64 at;
	SegmentAmount amount;

	(void) segment_aggregate_context(fcinfo);
	if (input == NULL)
	{
		input = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(SegmentOrderInput));
		(void) segment_order_input_of_call(fcinfo, input);
		fcinfo->flinfo->fn_extra = input;
	}
	if (!PG_ARGISNULL(0))
		state = (Rfm *) PG_GETARG_POINTER(0);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	segment_order_read(input, PG_GETARG_DATUM(1), PG_GETARG_DATUM(2), &at, &amount);

	if (state == NULL)
	{
		state = palloc(sizeof(Rfm));
		segment_rfm_init(state, input->kind);
	}
	else if (unlikely(state->kind != input->kind))
		segment_rfm_refuse_kinds((SegmentTimeKind) state->kind, input->kind);
	PG_RETURN_POINTER(segment_rfm_add(state, at, &amount));
}

/* Merges the second summary into the first (a copy of it where there is none yet); serves rfm_rollup too. */
Datum
segment_rfm_agg_combine(PG_FUNCTION_ARGS)
{
	Rfm *state;
	Rfm *other;

	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	other = PG_GETARG_RFM(1);
	if (PG_ARGISNULL(0))
	{
		state = palloc(VARSIZE(other));
		memcpy(state, other, VARSIZE(other));
	}
	else
		state = segment_rfm_merge((Rfm *) PG_GETARG_POINTER(0), other);
	PG_RETURN_POINTER(state);
}

/* The canonical form of the state, which is not changed. */
Datum
segment_rfm_agg_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(segment_rfm_finish((Rfm *) PG_GETARG_POINTER(0)));
}

/* rfm + rfm: the summary of both, a new value. */
Datum
segment_rfm_add_rfm(PG_FUNCTION_ARGS)
{
	Rfm *a = PG_GETARG_RFM(0);
	Rfm *b = PG_GETARG_RFM(1);
	Rfm *sum = palloc(VARSIZE(a));

	memcpy(sum, a, VARSIZE(a));
	PG_RETURN_POINTER(segment_rfm_finish(segment_rfm_merge(sum, b)));
}
