/*
 * ledger_agg.c: ledger_agg(at, amount [, order_id [, zone]]), ledger_rollup(ledger), ledger + ledger.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "core/agg_context.h"
#include "core/error.h"
#include "core/message.h"
#include "core/option.h"
#include "core/order_row.h"
#include "ledger/ledger_input.h"

PG_FUNCTION_INFO_V1(segment_ledger_agg_trans);
PG_FUNCTION_INFO_V1(segment_ledger_agg_combine);
PG_FUNCTION_INFO_V1(segment_ledger_agg_serialize);
PG_FUNCTION_INFO_V1(segment_ledger_agg_deserialize);
PG_FUNCTION_INFO_V1(segment_ledger_agg_final);
PG_FUNCTION_INFO_V1(segment_ledger_rollup_trans);
PG_FUNCTION_INFO_V1(segment_ledger_add);

/* What one call site knows of its arguments; kept in fn_extra. */
typedef struct LedgerCall
{
	SegmentOrderInput input;
	bool has_order_id;
	bool has_zone;
	SegmentOrderIdType id_type; /* valid where id_type.type is */
	LedgerZone zone;
} LedgerCall;

/* Reads the argument types from the function's declaration: one C function serves every overload. */
static LedgerCall *
call_of(FunctionCallInfo fcinfo)
{
	LedgerCall *call = (LedgerCall *) fcinfo->flinfo->fn_extra;
	int count;

	if (call != NULL)
		return call;
	call = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(LedgerCall));
	count = segment_order_input_of_call(fcinfo, &call->input);
	call->has_order_id = count > 2;
	call->has_zone = count > 3;
	if (call->has_order_id)
	{
		Oid type = get_fn_expr_argtype(fcinfo->flinfo, 3);

		if (!OidIsValid(type))
			elog(ERROR, "could not determine the type of the order id");
		segment_order_id_type(&call->id_type, type, PG_GET_COLLATION(), fcinfo->flinfo->fn_mcxt);
	}
	fcinfo->flinfo->fn_extra = call;
	return call;
}

pg_tz *
segment_ledger_zone_of(LedgerZone *zone, Datum argument, bool is_null)
{
	text *name;

	if (is_null)
		segment_refuse_null_option("zone");
	name = DatumGetTextPP(argument);
	if (zone->zone == NULL || VARSIZE_ANY_EXHDR(name) != zone->length ||
		memcmp(VARDATA_ANY(name), zone->name, zone->length) != 0)
	{
		/* the name of a zone always fits */
		zone->zone = segment_zone(name);
		zone->length = VARSIZE_ANY_EXHDR(name);
		memcpy(zone->name, VARDATA_ANY(name), zone->length);
	}
	return zone->zone;
}

/* A state in the aggregate's context, empty. */
static LedgerState *
new_state(const LedgerMemory *memory)
{
	return MemoryContextAllocZero(memory->context, sizeof(LedgerState));
}

/* Adds one row; a row with a NULL time or amount is skipped, its order id too. */
Datum
segment_ledger_agg_trans(PG_FUNCTION_ARGS)
{
	LedgerState *state = PG_ARGISNULL(0) ? NULL : (LedgerState *) PG_GETARG_POINTER(0);
	LedgerMemory memory = {NULL, NULL};
	LedgerCall *call;
	SegmentAmount amount;
	int64 at;
	DateADT day;
	uint32 order = 0;

	memory.context = segment_aggregate_context(fcinfo);
	call = call_of(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	segment_order_read(&call->input, PG_GETARG_DATUM(1), PG_GETARG_DATUM(2), &at, &amount);
	day = segment_day_of(at, call->input.kind,
						 call->has_zone ? segment_ledger_zone_of(&call->zone, PG_GETARG_DATUM(4), PG_ARGISNULL(4))
										: NULL);
	if (state == NULL)
	{
		state = new_state(&memory);
		state->id_type = call->id_type.type;
		state->collation = call->id_type.collation;
	}
	if (call->has_order_id && !PG_ARGISNULL(3))
	{
		Datum id = PG_GETARG_DATUM(3);

		if (call->id_type.length == -1)
			id = PointerGetDatum(PG_DETOAST_DATUM_PACKED(id));
		order = segment_ledger_state_order(state, &memory, &call->id_type, id);
	}
	segment_ledger_state_add(state, &memory, day, order, &amount);
	PG_RETURN_POINTER(state);
}

/* How to compare the ids of a state; kept in fn_extra of the support functions. NULL without ids. */
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
	LedgerMemory memory = {NULL, NULL};

	memory.context = segment_aggregate_context(fcinfo);
	if (other != NULL)
	{
		if (state == NULL)
			state = new_state(&memory);
		segment_ledger_state_merge(state, &memory, other, id_type_of(fcinfo, other->id_type, other->collation));
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

Datum
segment_ledger_agg_serialize(PG_FUNCTION_ARGS)
{
	LedgerState *state;
	StringInfoData buffer;

	(void) segment_aggregate_context(fcinfo);
	state = (LedgerState *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buffer);
	segment_ledger_state_write(&buffer, state, id_type_of(fcinfo, state->id_type, state->collation));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

Datum
segment_ledger_agg_deserialize(PG_FUNCTION_ARGS)
{
	SegmentOrderIdType id_type;
	SegmentCursor cursor;

	(void) segment_aggregate_context(fcinfo);
	cursor = segment_state_cursor(PG_GETARG_BYTEA_PP(0));
	PG_RETURN_POINTER(segment_ledger_state_read(&cursor, &id_type));
}

Datum
segment_ledger_agg_final(PG_FUNCTION_ARGS)
{
	Ledger *result = NULL;

	(void) segment_aggregate_context(fcinfo);
	if (!PG_ARGISNULL(0))
	{
		const LedgerState *state = (const LedgerState *) PG_GETARG_POINTER(0);

		result = segment_ledger_state_result(state, id_type_of(fcinfo, state->id_type, state->collation));
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
	LedgerMemory memory = {NULL, NULL};

	memory.context = segment_aggregate_context(fcinfo);
	if (!PG_ARGISNULL(1))
	{
		if (state == NULL)
			state = new_state(&memory);
		segment_ledger_state_add_ledger(state, &memory, PG_GETARG_LEDGER(1));
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
