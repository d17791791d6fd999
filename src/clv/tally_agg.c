/*
 * tally_agg.c: btyd_agg, spend_agg and their rollups.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "utils/array.h"

#include "clv/tally.h"
#include "core/agg_context.h"
#include "core/error.h"
#include "core/message.h"
#include "core/option.h"
#include "ledger/ledger.h"
#include "math/btyd_fit.h"
#include "math/text.h"

PG_FUNCTION_INFO_V1(segment_btyd_agg_trans);
PG_FUNCTION_INFO_V1(segment_spend_agg_trans);
PG_FUNCTION_INFO_V1(segment_tally_rollup_trans);
PG_FUNCTION_INFO_V1(segment_tally_combine);
PG_FUNCTION_INFO_V1(segment_tally_serialize);
PG_FUNCTION_INFO_V1(segment_tally_deserialize);
PG_FUNCTION_INFO_V1(segment_tally_final);
PG_FUNCTION_INFO_V1(segment_tally_plus);

TallyState *
segment_tally_state_of(FunctionCallInfo fcinfo, const Tally *head)
{
	MemoryContext aggregate_context;
	MemoryContext caller_context;
	TallyState *state;
	int kind = segment_aggregate_kind(fcinfo, &aggregate_context);

	if (!PG_ARGISNULL(0))
	{
		state = (TallyState *) PG_GETARG_POINTER(0);
		segment_tally_check_alike(&state->head, head);
		return state;
	}
	caller_context = MemoryContextSwitchTo(aggregate_context);
	state = segment_tally_state(head);
	state->may_spill = kind == AGG_CONTEXT_AGGREGATE;
	MemoryContextSwitchTo(caller_context);
	return state;
}

/* Covariates of one customer behind the history; returns how many. */
static int
read_covariates(ArrayType *array, double *row)
{
	int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const float8 *values = (const float8 *) ARR_DATA_PTR(array);

	if (ARR_NDIM(array) > 1 || n > SEGMENT_BTYD_MAX_COVARIATES)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("too many covariates"),
				 errdetail("There are %d; accepted are up to %d in one dimension.", n, SEGMENT_BTYD_MAX_COVARIATES),
				 errhint("Choose the few that matter.")));
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("covariates must not be NULL"),
						errdetail("An element of a customer's covariates is NULL."),
						errhint("Replace unknown values, or leave the customer out with FILTER.")));
	for (int i = 0; i < n; i++)
	{
		if (!isfinite(values[i]) || fabs(values[i]) > 1e6)
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("covariate is out of range"),
							errdetail("It is %g; accepted are -1000000 to 1000000.", values[i]),
							errhint("Scale covariates to numbers around 1.")));
		row[i] = segment_positive_zero(values[i]);
	}
	return n;
}

/* btyd_agg(repeat_summary [, covariates]): a customer without a summary, or with NULL covariates, is skipped. */
Datum
segment_btyd_agg_trans(PG_FUNCTION_ARGS)
{
	RepeatSummary *repeat;
	double row[3 + SEGMENT_BTYD_MAX_COVARIATES];
	TallyState *state;
	Tally head;

	if (PG_ARGISNULL(1) || (PG_NARGS() > 2 && PG_ARGISNULL(2)))
		return segment_state_unchanged(fcinfo);
	repeat = PG_GETARG_REPEAT(1);
	memset(&head, 0, sizeof(head));
	head.version = SEGMENT_TALLY_VERSION;
	head.kind = TALLY_BTYD;
	head.unit = repeat->unit;
	row[0] = (double) repeat->x;
	row[1] = repeat->t_x;
	row[2] = repeat->t;
	if (PG_NARGS() > 2)
		head.n_covariates = (uint8) read_covariates(PG_GETARG_ARRAYTYPE_P(2), row + 3);
	state = segment_tally_state_of(fcinfo, &head);
	segment_tally_add(state, row, 1);
	segment_runs_settle(&state->runs, fcinfo);
	PG_RETURN_POINTER(state);
}

/*
 * spend_agg(repeat_summary [, include_first]): the mean spend of the repeat purchases, or of all; customers of whom
 * it is unknown or not positive are skipped and counted.
 */
Datum
segment_spend_agg_trans(PG_FUNCTION_ARGS)
{
	RepeatSummary *repeat;
	double row[2];
	TallyState *state;
	Tally head;
	bool is_known;

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	if (PG_NARGS() > 2 && PG_ARGISNULL(2))
		segment_refuse_null_option("include_first");
	repeat = PG_GETARG_REPEAT(1);
	memset(&head, 0, sizeof(head));
	head.version = SEGMENT_TALLY_VERSION;
	head.kind = TALLY_SPEND;
	head.with_first = PG_NARGS() > 2 && PG_GETARG_BOOL(2);
	state = segment_tally_state_of(fcinfo, &head);
	is_known = segment_repeat_mean_spend(repeat, head.with_first, &row[0], &row[1]);
	if (is_known && row[0] > 0 && row[1] > 0)
		segment_tally_add(state, row, 1);
	else
		state->head.skipped++;
	segment_runs_settle(&state->runs, fcinfo);
	PG_RETURN_POINTER(state);
}

/* Merges a stored value into the state. */
Datum
segment_tally_rollup_trans(PG_FUNCTION_ARGS)
{
	TallyState *state;
	Tally *tally;

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	tally = PG_GETARG_TALLY(1);
	state = segment_tally_state_of(fcinfo, tally);
	if (PG_ARGISNULL(0))
		state->head.skipped = 0;
	segment_tally_merge(state, tally);
	segment_runs_settle(&state->runs, fcinfo);
	PG_RETURN_POINTER(state);
}

Datum
segment_tally_combine(PG_FUNCTION_ARGS)
{
	TallyState *other;
	TallyState *state;

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	other = (TallyState *) PG_GETARG_POINTER(1);
	state = segment_tally_state_of(fcinfo, &other->head);
	if (PG_ARGISNULL(0))
		state->head.skipped = 0;
	segment_tally_merge_state(state, other);
	segment_runs_settle(&state->runs, fcinfo);
	PG_RETURN_POINTER(state);
}

Datum
segment_tally_serialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;

	(void) segment_aggregate_context(fcinfo);
	pq_begintypsend(&buffer);
	segment_tally_write(&buffer, segment_tally_finish((TallyState *) PG_GETARG_POINTER(0)));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

Datum
segment_tally_deserialize(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor;
	TallyState *state;
	Tally *tally;
	int kind;

	(void) segment_aggregate_context(fcinfo);
	cursor = segment_state_cursor(PG_GETARG_BYTEA_PP(0));
	kind = segment_cursor_left(&cursor) > 1 ? cursor.at[1] : 0;
	if (kind < TALLY_BTYD || kind > TALLY_HOLDOUT)
		segment_refuse_state("an aggregate of customer histories", "Its kind is unknown.");
	tally = segment_tally_read(&cursor, (TallyKind) kind);
	state = segment_tally_state(tally);
	state->head.skipped = 0;
	segment_tally_merge(state, tally);
	PG_RETURN_POINTER(state);
}

Datum
segment_tally_final(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(segment_tally_finish((TallyState *) PG_GETARG_POINTER(0)));
}

/* value + value: the customers of both. */
Datum
segment_tally_plus(PG_FUNCTION_ARGS)
{
	Tally *a = PG_GETARG_TALLY(0);
	TallyState *state = segment_tally_state(a);

	state->head.skipped = 0;
	segment_tally_merge(state, a);
	segment_tally_merge(state, PG_GETARG_TALLY(1));
	PG_RETURN_POINTER(segment_tally_finish(state));
}
