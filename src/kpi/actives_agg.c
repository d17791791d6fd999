/*
 * actives_agg.c: the SQL type actives, the aggregates that build and merge it, and its rows.
 */
#include "postgres.h"

#include "core/compat.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "core/agg_context.h"
#include "core/message.h"
#include "core/option.h"
#include "kpi/actives.h"
#include "core/stored.h"

static const char *
fault_of(SegmentCursor cursor)
{
	const char *fault;

	segment_actives_decode(cursor, &fault);
	return fault;
}

/* The value of an argument. */
static Actives *
decoded(FunctionCallInfo fcinfo, int arg)
{
	const char *fault;
	Actives *actives = segment_actives_decode(segment_state_cursor(PG_GETARG_BYTEA_PP(arg)), &fault);

	if (fault)
		segment_refuse_binary("actives", fault);
	return actives;
}

PG_FUNCTION_INFO_V1(segment_actives_in);

Datum
segment_actives_in(PG_FUNCTION_ARGS)
{
	return segment_stored_in(fcinfo, "actives", "active_agg", fault_of);
}

PG_FUNCTION_INFO_V1(segment_actives_recv);

Datum
segment_actives_recv(PG_FUNCTION_ARGS)
{
	return segment_stored_recv(fcinfo, "actives", fault_of);
}

/* The days from from_day to the day before to_day, in the current context. */
static Actives *
start(DateADT from, DateADT to, int window)
{
	segment_check_int_range("window_days", window, 1, SEGMENT_ACTIVES_MAX_WINDOW);
	if (DATE_NOT_FINITE(from) || DATE_NOT_FINITE(to) || to <= from)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("to_day is not after from_day"),
						errdetail("They are %s and %s; to_day is the day after the last one.",
								  DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(from))),
								  DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(to)))),
						errhint("For a single day pass it and the day after it.")));
	if ((int64) to - from > SEGMENT_ACTIVES_MAX_DAYS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many days for actives"),
				 errdetail("There are %lld; at most %d are accepted.", (long long) to - from, SEGMENT_ACTIVES_MAX_DAYS),
				 errhint("Take a shorter time.")));
	return segment_actives_new(from, to - from, window);
}

/* active_agg(ledger, from_day, to_day, window_days): a NULL ledger is skipped; the others are constant, 22004 if NULL. */
PG_FUNCTION_INFO_V1(segment_active_agg_trans);

Datum
segment_active_agg_trans(PG_FUNCTION_ARGS)
{
	MemoryContext context = segment_aggregate_context(fcinfo);
	static const char *const names[] = {"from_day", "to_day", "window_days"};
	Actives *state = PG_ARGISNULL(0) ? NULL : (Actives *) PG_GETARG_POINTER(0);
	Ledger *ledger;

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	for (int i = 0; i < 3; i++)
		if (PG_ARGISNULL(2 + i))
			segment_refuse_null_option(names[i]);
	if (state == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(context);

		state = start(PG_GETARG_DATEADT(2), PG_GETARG_DATEADT(3), PG_GETARG_INT32(4));
		MemoryContextSwitchTo(caller);
	}
	else if (state->from != PG_GETARG_DATEADT(2))
		segment_refuse_changed_option(names[0]);
	else if ((int64) state->from + state->n != PG_GETARG_DATEADT(3))
		segment_refuse_changed_option(names[1]);
	else if (state->window != PG_GETARG_INT32(4))
		segment_refuse_changed_option(names[2]);
	ledger = PG_GETARG_LEDGER(1);
	segment_actives_add_customer(state, ledger);
	PG_FREE_IF_COPY(ledger, 1);
	PG_RETURN_POINTER(state);
}

/* Adds a part to the state, or to an empty one in the aggregate's context. */
static Datum
add_part(FunctionCallInfo fcinfo, const Actives *part)
{
	MemoryContext context = segment_aggregate_context(fcinfo);
	Actives *state;

	if (PG_ARGISNULL(0))
	{
		MemoryContext caller = MemoryContextSwitchTo(context);

		state = segment_actives_new(part->from, part->n, part->window);
		MemoryContextSwitchTo(caller);
	}
	else
		state = (Actives *) PG_GETARG_POINTER(0);
	segment_actives_merge(state, part);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(segment_active_rollup_trans);

Datum
segment_active_rollup_trans(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	return add_part(fcinfo, decoded(fcinfo, 1));
}

PG_FUNCTION_INFO_V1(segment_active_combine);

Datum
segment_active_combine(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	return add_part(fcinfo, (const Actives *) PG_GETARG_POINTER(1));
}

/* Serial and final function: the byte string. */
PG_FUNCTION_INFO_V1(segment_active_final);

Datum
segment_active_final(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(segment_actives_encode((const Actives *) PG_GETARG_POINTER(0)));
}

PG_FUNCTION_INFO_V1(segment_active_deserialize);

Datum
segment_active_deserialize(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	PG_RETURN_POINTER(decoded(fcinfo, 0));
}

/* actives + actives. Strict. */
PG_FUNCTION_INFO_V1(segment_actives_add);

Datum
segment_actives_add(PG_FUNCTION_ARGS)
{
	Actives *sum = decoded(fcinfo, 0);

	segment_actives_merge(sum, decoded(fcinfo, 1));
	PG_RETURN_BYTEA_P(segment_actives_encode(sum));
}

#define ACTIVE_COLUMNS 6

/* active_table(actives): strict. */
PG_FUNCTION_INFO_V1(segment_active_table);

Datum
segment_active_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Actives *actives = decoded(fcinfo, 0);
	int64 reached = 0;
	int64 days = 0;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < actives->window - 1; i++)
		days += actives->active[i];
	for (int i = 0; i < actives->n; i++)
	{
		int64 active = actives->active[i + actives->window - 1];
		Datum values[ACTIVE_COLUMNS] = {0};
		bool nulls[ACTIVE_COLUMNS] = {false};

		CHECK_FOR_INTERRUPTS();
		days += active;
		reached += actives->reached[i];
		values[0] = DateADTGetDatum(actives->from + i);
		values[1] = Int64GetDatum(active);
		values[2] = Int64GetDatum(reached);
		values[3] = Int64GetDatum(days);
		nulls[4] = nulls[5] = reached == 0;
		if (reached > 0)
		{
			values[4] = Float8GetDatum((double) active / (double) reached);
			values[5] = Float8GetDatum((double) days / (double) reached / actives->window);
		}
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		days -= actives->active[i];
	}
	return (Datum) 0;
}
