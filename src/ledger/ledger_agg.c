/*
 * ledger_agg.c: ledger_agg(at, amount [, order_id [, zone]]), ledger_rollup(ledger), ledger + ledger.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "core/aggregate.h"
#include "core/error.h"
#include "core/option.h"
#include "core/order_row.h"
#include "ledger/ledger_state.h"

PG_FUNCTION_INFO_V1(segment_ledger_agg_trans);
PG_FUNCTION_INFO_V1(segment_ledger_agg_combine);
PG_FUNCTION_INFO_V1(segment_ledger_agg_serial);
PG_FUNCTION_INFO_V1(segment_ledger_agg_deserial);
PG_FUNCTION_INFO_V1(segment_ledger_agg_final);
PG_FUNCTION_INFO_V1(segment_ledger_rollup_trans);
PG_FUNCTION_INFO_V1(segment_ledger_add);

/* What one call site knows of its arguments; kept in fn_extra. */
typedef struct LedgerInput
{
	SegmentOrderInput input;
	bool has_order_id;
	bool has_zone;
	SegmentOrderIdType id_type; /* valid where id_type.type is */
	text *zone_name;			/* the zone of the last row */
	pg_tz *zone;
} LedgerInput;

/* Reads the argument types from the function's declaration: one C function serves every overload. */
static LedgerInput *
input_of(FunctionCallInfo fcinfo)
{
	LedgerInput *input = (LedgerInput *) fcinfo->flinfo->fn_extra;
	int count;

	if (input != NULL)
		return input;
	input = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(LedgerInput));
	count = segment_order_input_of_call(fcinfo, &input->input);
	input->has_order_id = count > 2;
	input->has_zone = count > 3;
	if (input->has_order_id)
	{
		Oid type = get_fn_expr_argtype(fcinfo->flinfo, 3);

		if (!OidIsValid(type))
			elog(ERROR, "could not determine the type of the order id");
		segment_order_id_type(&input->id_type, type, PG_GET_COLLATION(), fcinfo->flinfo->fn_mcxt);
	}
	fcinfo->flinfo->fn_extra = input;
	return input;
}

/* The zone of this row, argument 4: looked up again only when its name changes. */
static pg_tz *
zone_of(FunctionCallInfo fcinfo, LedgerInput *input)
{
	text *name;

	if (!input->has_zone)
		return NULL;
	if (PG_ARGISNULL(4))
		segment_refuse_null_option("zone");
	name = PG_GETARG_TEXT_PP(4);
	if (input->zone_name == NULL || VARSIZE_ANY_EXHDR(name) != VARSIZE_ANY_EXHDR(input->zone_name) ||
		memcmp(VARDATA_ANY(name), VARDATA_ANY(input->zone_name), VARSIZE_ANY_EXHDR(name)) != 0)
	{
		MemoryContext caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		input->zone = segment_zone(name);
		input->zone_name = cstring_to_text_with_len(VARDATA_ANY(name), (int) VARSIZE_ANY_EXHDR(name));
		MemoryContextSwitchTo(caller);
	}
	return input->zone;
}

/* Adds one row; a row with a NULL time or amount is skipped, its order id too. */
Datum
segment_ledger_agg_trans(PG_FUNCTION_ARGS)
{
	LedgerState *state = PG_ARGISNULL(0) ? NULL : (LedgerState *) PG_GETARG_POINTER(0);
	LedgerInput *input;
	MemoryContext aggregate_context;
	MemoryContext caller_context;
	SegmentAmount amount;
	int64 at;
	DateADT day;
	uint32 order = 0;

	if (!AggCheckCallContext(fcinfo, &aggregate_context))
		segment_not_an_aggregate("ledger_agg_trans");
	input = input_of(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	segment_order_read(&input->input, PG_GETARG_DATUM(1), PG_GETARG_DATUM(2), &at, &amount);
	day = segment_day_of(at, input->input.kind, zone_of(fcinfo, input));

	caller_context = MemoryContextSwitchTo(aggregate_context);
	if (state == NULL)
	{
		state = segment_ledger_state_new();
		if (input->has_order_id)
		{
			state->id_type = input->id_type.type;
			state->collation = input->id_type.collation;
		}
	}
	MemoryContextSwitchTo(caller_context);
	if (input->has_order_id && !PG_ARGISNULL(3))
	{
		Datum id = PG_GETARG_DATUM(3);

		if (input->id_type.length == -1)
			id = PointerGetDatum(PG_DETOAST_DATUM_PACKED(id));
		order = segment_ledger_state_order(state, &input->id_type, id, aggregate_context);
	}
	MemoryContextSwitchTo(aggregate_context);
	segment_ledger_state_add(state, day, order, &amount);
	MemoryContextSwitchTo(caller_context);
	PG_RETURN_POINTER(state);
}

/* How to compare the ids of a state; kept in fn_extra of the support functions. */
static SegmentOrderIdType *
id_type_of(FunctionCallInfo fcinfo, Oid type, Oid collation)
{
	SegmentOrderIdType *id_type = (SegmentOrderIdType *) fcinfo->flinfo->fn_extra;

	if (!OidIsValid(type))
		return NULL;
	if (id_type == NULL || id_type->type != type || id_type->collation != collation)
	{
		id_type = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(SegmentOrderIdType));
		segment_order_id_type(id_type, type, collation, fcinfo->flinfo->fn_mcxt);
		fcinfo->flinfo->fn_extra = id_type;
	}
	return id_type;
}

Datum
segment_ledger_agg_combine(PG_FUNCTION_ARGS)
{
	LedgerState *state = PG_ARGISNULL(0) ? NULL : (LedgerState *) PG_GETARG_POINTER(0);
	LedgerState *other = PG_ARGISNULL(1) ? NULL : (LedgerState *) PG_GETARG_POINTER(1);
	MemoryContext aggregate_context;
	MemoryContext caller_context;

	if (!AggCheckCallContext(fcinfo, &aggregate_context))
		segment_not_an_aggregate("ledger_agg_combine");
	if (other != NULL)
	{
		SegmentOrderIdType *id_type = id_type_of(fcinfo, other->id_type, other->collation);

		caller_context = MemoryContextSwitchTo(aggregate_context);
		if (state == NULL)
			state = segment_ledger_state_new();
		segment_ledger_state_merge(state, other, id_type);
		MemoryContextSwitchTo(caller_context);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

Datum
segment_ledger_agg_serial(PG_FUNCTION_ARGS)
{
	LedgerState *state;
	StringInfoData buffer;

	if (!AggCheckCallContext(fcinfo, NULL))
		segment_not_an_aggregate("ledger_agg_serial");
	state = (LedgerState *) PG_GETARG_POINTER(0);
	segment_ledger_state_unify(state, id_type_of(fcinfo, state->id_type, state->collation));
	pq_begintypsend(&buffer);
	segment_ledger_state_write(&buffer, state);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

Datum
segment_ledger_agg_deserial(PG_FUNCTION_ARGS)
{
	SegmentOrderIdType id_type;
	StringInfoData buffer;
	LedgerState *state;
	bytea *bytes;

	if (!AggCheckCallContext(fcinfo, NULL))
		segment_not_an_aggregate("ledger_agg_deserial");
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), (int) VARSIZE_ANY_EXHDR(bytes));
	state = segment_ledger_state_read(&buffer, &id_type);
	pfree(buffer.data);
	PG_RETURN_POINTER(state);
}

Datum
segment_ledger_agg_final(PG_FUNCTION_ARGS)
{
	Ledger *result = NULL;

	if (!AggCheckCallContext(fcinfo, NULL))
		segment_not_an_aggregate("ledger_agg_final");
	if (!PG_ARGISNULL(0))
	{
		LedgerState *state = (LedgerState *) PG_GETARG_POINTER(0);

		segment_ledger_state_unify(state, id_type_of(fcinfo, state->id_type, state->collation));
		result = segment_ledger_state_result(state);
	}
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(result);
}

/* Merges a stored ledger into the state. */
Datum
segment_ledger_rollup_trans(PG_FUNCTION_ARGS)
{
	LedgerState *state = PG_ARGISNULL(0) ? NULL : (LedgerState *) PG_GETARG_POINTER(0);
	MemoryContext aggregate_context;
	MemoryContext caller_context;

	if (!AggCheckCallContext(fcinfo, &aggregate_context))
		segment_not_an_aggregate("ledger_rollup_trans");
	if (!PG_ARGISNULL(1))
	{
		LedgerState part;

		memset(&part, 0, sizeof(part));
		part.packed = PG_GETARG_LEDGER(1);
		caller_context = MemoryContextSwitchTo(aggregate_context);
		if (state == NULL)
			state = segment_ledger_state_new();
		segment_ledger_state_merge(state, &part, NULL);
		MemoryContextSwitchTo(caller_context);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* ledger + ledger: the calendar of both, a new value. */
Datum
segment_ledger_add(PG_FUNCTION_ARGS)
{
	Ledger *sum = segment_ledger_merge(PG_GETARG_LEDGER(0), PG_GETARG_LEDGER(1));

	if (sum == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(sum);
}

static const SegmentAggregate ledger_agg = {
	.transition = segment_ledger_agg_trans,
	.combine = segment_ledger_agg_combine,
	.serialize = segment_ledger_agg_serial,
	.deserialize = segment_ledger_agg_deserial,
	.final = segment_ledger_agg_final,
};

void
segment_ledger_register(void)
{
	segment_aggregate_register(&ledger_agg);
}
