/*
 * retention_agg.c: the SQL type retention, and the aggregates that build and merge it.
 */
#include "postgres.h"

#include "core/compat.h"

#include "core/agg_context.h"
#include "core/message.h"
#include "core/option.h"
#include "kpi/retention.h"
#include "core/stored.h"

/* The value of an argument. */
static Retention *
decoded(FunctionCallInfo fcinfo, int arg)
{
	const char *fault;
	Retention *retention = segment_retention_decode(segment_state_cursor(PG_GETARG_BYTEA_PP(arg)), &fault);

	if (fault)
		segment_refuse_binary("retention", fault);
	return retention;
}

static const char *
fault_of(SegmentCursor cursor)
{
	const char *fault;

	segment_retention_decode(cursor, &fault);
	return fault;
}

PG_FUNCTION_INFO_V1(segment_retention_in);

Datum
segment_retention_in(PG_FUNCTION_ARGS)
{
	return segment_stored_in(fcinfo, "retention", "retention_agg", fault_of);
}

PG_FUNCTION_INFO_V1(segment_retention_recv);

Datum
segment_retention_recv(PG_FUNCTION_ARGS)
{
	return segment_stored_recv(fcinfo, "retention", fault_of);
}

/*
 * retention_agg(ledger, periods, as_of [, costs]): a NULL ledger is skipped; periods and as_of must be constant, 22004
 * if NULL. Without a calendar of costs all of a customer's are missing.
 */
PG_FUNCTION_INFO_V1(segment_retention_agg_trans);

Datum
segment_retention_agg_trans(PG_FUNCTION_ARGS)
{
	MemoryContext context = segment_aggregate_context(fcinfo);
	Retention *state = PG_ARGISNULL(0) ? NULL : (Retention *) PG_GETARG_POINTER(0);
	bool has_costs = PG_NARGS() > 4;
	Ledger *ledger;
	Ledger *costs;
	Periods *periods;
	DateADT as_of;

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
		segment_refuse_null_option(PG_ARGISNULL(2) ? "periods" : "as_of");
	periods = PG_GETARG_PERIODS(2);
	as_of = PG_GETARG_DATEADT(3);
	if (state == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(context);

		state = segment_retention_new(periods->boundary, periods->count, as_of, 0, has_costs);
		MemoryContextSwitchTo(caller);
	}
	else if (state->as_of != as_of)
		segment_refuse_changed_option("as_of");
	else if (state->n != periods->count ||
			 memcmp(state->boundary, periods->boundary, sizeof(DateADT) * (state->n + 1)) != 0)
		segment_refuse_changed_option("periods");
	ledger = PG_GETARG_LEDGER(1);
	costs = has_costs && !PG_ARGISNULL(4) ? PG_GETARG_LEDGER(4) : NULL;
	segment_retention_add_customer(state, ledger, costs);
	PG_FREE_IF_COPY(ledger, 1);
	if (costs)
		PG_FREE_IF_COPY(costs, 4);
	PG_FREE_IF_COPY(periods, 2);
	PG_RETURN_POINTER(state);
}

/* Adds a part, or makes it the state: then it has to be in the aggregate's context. */
static Datum
add_part(FunctionCallInfo fcinfo, const Retention *part)
{
	MemoryContext context = segment_aggregate_context(fcinfo);
	Retention *state;

	if (PG_ARGISNULL(0))
	{
		MemoryContext caller = MemoryContextSwitchTo(context);

		state = segment_retention_new(part->boundary, part->n, part->as_of, part->scale, part->has_costs);
		MemoryContextSwitchTo(caller);
	}
	else
		state = (Retention *) PG_GETARG_POINTER(0);
	segment_retention_merge(state, part);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(segment_retention_rollup_trans);

Datum
segment_retention_rollup_trans(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	return add_part(fcinfo, decoded(fcinfo, 1));
}

PG_FUNCTION_INFO_V1(segment_retention_combine);

Datum
segment_retention_combine(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	return add_part(fcinfo, (const Retention *) PG_GETARG_POINTER(1));
}

/* Serial and final function: the byte string. */
PG_FUNCTION_INFO_V1(segment_retention_final);

Datum
segment_retention_final(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(segment_retention_encode((const Retention *) PG_GETARG_POINTER(0)));
}

PG_FUNCTION_INFO_V1(segment_retention_deserialize);

Datum
segment_retention_deserialize(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	PG_RETURN_POINTER(decoded(fcinfo, 0));
}

/* retention + retention. Strict. */
PG_FUNCTION_INFO_V1(segment_retention_add);

Datum
segment_retention_add(PG_FUNCTION_ARGS)
{
	Retention *sum = decoded(fcinfo, 0);

	segment_retention_merge(sum, decoded(fcinfo, 1));
	PG_RETURN_BYTEA_P(segment_retention_encode(sum));
}
