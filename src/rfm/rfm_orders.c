/*
 * rfm_orders.c: rfm_agg(at, amount, order_id): rows with the same id are one order, counted exactly.
 *
 * The state keeps every order id of the customer, so that parts of an aggregation that saw rows of the same order can
 * be merged: counts are exact under parallel plans. An order counts if any of its rows is >= 0; until such a row comes
 * it is a return, whose amount is kept apart. A row with a NULL id is an order (or a return) of its own.
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"

#include "core/agg_context.h"
#include "core/error.h"
#include "core/message.h"
#include "core/order_ids.h"
#include "core/order_row.h"
#include "rfm/rfm.h"
#include "rfm/rfm_wire.h"

PG_FUNCTION_INFO_V1(segment_rfm_orders_trans);
PG_FUNCTION_INFO_V1(segment_rfm_orders_combine);
PG_FUNCTION_INFO_V1(segment_rfm_orders_serialize);
PG_FUNCTION_INFO_V1(segment_rfm_orders_deserialize);
PG_FUNCTION_INFO_V1(segment_rfm_orders_final);

/* What one call site knows of its arguments; kept in fn_extra. */
typedef struct OrdersInput
{
	SegmentOrderIdType id_type;
	SegmentOrderInput input; /* used by the transition function only */
} OrdersInput;

/* An order with negative rows only so far, and their sum. */
typedef struct ReturnedOrder
{
	uint32 number;
	int scale;
	SegmentWide units;
} ReturnedOrder;

typedef struct RfmRareParts
{
	Rfm *wide_sum;			 /* NULL while the narrow form suffices */
	ReturnedOrder *returned; /* by number */
	uint32 count;
	uint32 capacity;
} RareParts;

/* Looks up how to compare ids of a type. */
static OrdersInput *
input_of(FunctionCallInfo fcinfo, Oid type, Oid collation)
{
	OrdersInput *input = (OrdersInput *) fcinfo->flinfo->fn_extra;

	if (input != NULL && input->id_type.type == type && input->id_type.collation == collation)
		return input;
	input = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(OrdersInput));
	segment_order_id_type(&input->id_type, type, collation, fcinfo->flinfo->fn_mcxt);
	fcinfo->flinfo->fn_extra = input;
	return input;
}

static void
init_state(RfmOrders *state, SegmentTimeKind kind, Oid type, Oid collation)
{
	memset(state, 0, sizeof(*state));
	segment_rfm_init(&state->sum, kind);
	state->type = type;
	state->collation = collation;
}

static RareParts *
rare_parts(RfmOrders *state, MemoryContext context)
{
	if (state->rare == NULL)
		state->rare = MemoryContextAllocZero(context, sizeof(RareParts));
	return state->rare;
}

static Rfm *
sum_of(RfmOrders *state)
{
	return state->rare != NULL && state->rare->wide_sum != NULL ? state->rare->wide_sum : &state->sum;
}

/* Stores the sum that a function returned: changed in place, or a wider copy. */
static void
keep_sum(RfmOrders *state, Rfm *sum, MemoryContext context)
{
	if (sum != sum_of(state))
		rare_parts(state, context)->wide_sum = sum;
}

static bool
last_is_return(const RfmOrders *state)
{
	const RareParts *rare = state->rare;

	return rare != NULL && rare->count > 0 && rare->returned[rare->count - 1].number == state->ids.count - 1;
}

/* Adds a negative amount to what is returned so far of an order. */
static void
add_units(ReturnedOrder *order, SegmentWide units, int scale)
{
	/* fits: see wide.h */
	if (scale > order->scale)
	{
		(void) segment_wide_scale_up(&order->units, scale - order->scale);
		order->scale = scale;
	}
	else
		(void) segment_wide_scale_up(&units, order->scale - scale);
	(void) segment_wide_add(&order->units, &units);
}

static void
append_return(RareParts *rare, MemoryContext context, const ReturnedOrder *order)
{
	if (rare->count == rare->capacity)
	{
		uint32 capacity = Max(4, 2 * rare->capacity);
		Size size = mul_size(sizeof(ReturnedOrder), capacity);

		rare->returned =
			rare->returned == NULL ? MemoryContextAlloc(context, size) : repalloc_huge(rare->returned, size);
		rare->capacity = capacity;
	}
	rare->returned[rare->count++] = *order;
}

/* Removes duplicate ids; a return is dropped if another row of the same order is not one. */
static void
unify(RfmOrders *state, SegmentOrderIdType *id_type)
{
	RareParts *rare = state->rare;
	uint32 count = state->ids.count;
	uint32 kept = 0;
	uint32 *number_of;
	uint32 *returned_at; /* place + 1 among the returns by new number; 0 for an order */

	if (rare == NULL || rare->count == 0)
	{
		segment_order_ids_unify(&state->ids, id_type, NULL);
		return;
	}
	number_of = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(sizeof(uint32), count));
	segment_order_ids_unify(&state->ids, id_type, number_of);
	returned_at = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(sizeof(uint32), count));
	memset(returned_at, 0xFF, sizeof(uint32) * count);
	for (uint32 i = 0, next = 0; i < count; i++)
	{
		if (next < rare->count && rare->returned[next].number == i)
			next++;
		else
			returned_at[number_of[i]] = 0;
	}
	for (uint32 i = 0; i < rare->count; i++)
	{
		ReturnedOrder *order = &rare->returned[i];
		uint32 number = number_of[order->number];

		if (returned_at[number] == 0)
			continue;
		if (returned_at[number] != PG_UINT32_MAX)
		{
			add_units(&rare->returned[returned_at[number] - 1], order->units, order->scale);
			continue;
		}
		rare->returned[kept] = *order;
		rare->returned[kept].number = number;
		returned_at[number] = ++kept;
	}
	rare->count = kept;
	pfree(number_of);
	pfree(returned_at);
}

/* Counts a row of the order id added last; is_new if the row before had another. */
static void
add_row(RfmOrders *state, MemoryContext context, int64 at, const SegmentAmount *amount, bool is_new)
{
	MemoryContext caller = MemoryContextSwitchTo(context);

	keep_sum(state, segment_rfm_add_amount(sum_of(state), amount, true, false), context);
	MemoryContextSwitchTo(caller);
	if (segment_amount_is_negative(amount))
	{
		ReturnedOrder order;

		order.number = state->ids.count - 1;
		order.scale = amount->scale;
		order.units = amount->is_wide ? amount->wide : segment_wide_from_int128(amount->units);
		if (is_new)
			append_return(rare_parts(state, context), context, &order);
		else if (last_is_return(state))
			add_units(&state->rare->returned[state->rare->count - 1], order.units, order.scale);
		return;
	}
	if (!is_new && last_is_return(state))
		state->rare->count--;
	sum_of(state)->first = Min(sum_of(state)->first, at);
	sum_of(state)->last = Max(sum_of(state)->last, at);
}

void
segment_rfm_orders_add(RfmOrders *state, MemoryContext context, SegmentArena *arena, SegmentTimeKind kind, int64 at,
					   const SegmentAmount *amount, SegmentOrderIdType *id_type, Datum id, bool id_is_null)
{
	uint32 count;

	if (state->sum.vl_len_ == 0)
		init_state(state, kind, id_type->type, id_type->collation);
	if (id_is_null)
	{
		MemoryContext caller = MemoryContextSwitchTo(context);

		keep_sum(state, segment_rfm_add(sum_of(state), at, amount), context);
		MemoryContextSwitchTo(caller);
		return;
	}
	count = state->ids.count;
	if (!segment_order_ids_add(&state->ids, id_type, id))
	{
		/* in the caller's short-lived context: hashing and comparing may leave copies behind */
		if (!segment_order_ids_is_small(&state->ids))
			unify(state, id_type);
		segment_order_ids_reserve(&state->ids, segment_order_id_size(id_type, id), context, arena);
		count = state->ids.count;
		(void) segment_order_ids_add(&state->ids, id_type, id);
	}
	if (likely(!amount->is_wide && amount->units >= 0 && state->rare == NULL &&
			   segment_rfm_add_narrow(&state->sum, at, amount->units, amount->scale)))
		state->sum.orders--; /* the id is counted at the end */
	else
		add_row(state, context, at, amount, state->ids.count > count);
}

/* Adds one row; a row with a NULL time or amount is skipped, its id too. */
Datum
segment_rfm_orders_trans(PG_FUNCTION_ARGS)
{
	OrdersInput *input = (OrdersInput *) fcinfo->flinfo->fn_extra;
	RfmOrders *state = PG_ARGISNULL(0) ? NULL : (RfmOrders *) PG_GETARG_POINTER(0);
	MemoryContext context;
	int64 at;
	SegmentAmount amount;
	Datum id = PG_GETARG_DATUM(3);

	context = segment_aggregate_context(fcinfo);
	if (input == NULL)
	{
		Oid type = get_fn_expr_argtype(fcinfo->flinfo, 3);

		if (!OidIsValid(type))
			elog(ERROR, "could not determine the type of the order id");
		input = input_of(fcinfo, type, PG_GET_COLLATION());
		(void) segment_order_input_of_call(fcinfo, &input->input);
	}
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	segment_order_read(&input->input, PG_GETARG_DATUM(1), PG_GETARG_DATUM(2), &at, &amount);
	if (state == NULL)
		state = MemoryContextAllocZero(context, sizeof(RfmOrders));
	if (!PG_ARGISNULL(3) && input->id_type.length == -1)
		id = PointerGetDatum(PG_DETOAST_DATUM_PACKED(id));
	segment_rfm_orders_add(state, context, NULL, input->input.kind, at, &amount, &input->id_type, id, PG_ARGISNULL(3));
	PG_RETURN_POINTER(state);
}

/* A copy of a summary in the current context. */
static Rfm *
copy_rfm(const Rfm *rfm)
{
	Rfm *copy = palloc(VARSIZE(rfm));

	memcpy(copy, rfm, VARSIZE(rfm));
	return copy;
}

/* Adds all rows of other, which is left untouched. */
static void
merge(RfmOrders *state, RfmOrders *other, SegmentOrderIdType *id_type, MemoryContext context)
{
	MemoryContext caller;

	if (state->ids.used + other->ids.used > state->ids.capacity)
	{
		if (!segment_order_ids_is_small(&state->ids))
			unify(state, id_type);
		segment_order_ids_reserve(&state->ids, other->ids.used, context, NULL);
	}
	for (uint32 i = 0; other->rare != NULL && i < other->rare->count; i++)
	{
		ReturnedOrder order = other->rare->returned[i];

		order.number += state->ids.count;
		append_return(rare_parts(state, context), context, &order);
	}
	segment_order_ids_append(&state->ids, &other->ids);
	caller = MemoryContextSwitchTo(context);
	keep_sum(state, segment_rfm_merge(sum_of(state), sum_of(other)), context);
	MemoryContextSwitchTo(caller);
}

Datum
segment_rfm_orders_combine(PG_FUNCTION_ARGS)
{
	RfmOrders *state = PG_ARGISNULL(0) ? NULL : (RfmOrders *) PG_GETARG_POINTER(0);
	RfmOrders *other = PG_ARGISNULL(1) ? NULL : (RfmOrders *) PG_GETARG_POINTER(1);
	MemoryContext context;

	context = segment_aggregate_context(fcinfo);
	if (other == NULL)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
	{
		state = MemoryContextAlloc(context, sizeof(RfmOrders));
		init_state(state, other->sum.kind, other->type, other->collation);
	}
	merge(state, other, &input_of(fcinfo, other->type, other->collation)->id_type, context);
	PG_RETURN_POINTER(state);
}

/* Type and collation of the ids, the sum, the ids, then the orders that are returns. */
Datum
segment_rfm_orders_serialize(PG_FUNCTION_ARGS)
{
	RfmOrders *state;
	StringInfoData buffer;
	uint32 count;

	(void) segment_aggregate_context(fcinfo);
	state = (RfmOrders *) PG_GETARG_POINTER(0);
	unify(state, &input_of(fcinfo, state->type, state->collation)->id_type);
	count = state->rare != NULL ? state->rare->count : 0;
	pq_begintypsend(&buffer);
	pq_sendint32(&buffer, state->type);
	pq_sendint32(&buffer, state->collation);
	segment_rfm_write(&buffer, sum_of(state));
	segment_order_ids_write(&buffer, &state->ids);
	pq_sendint32(&buffer, count);
	for (uint32 i = 0; i < count; i++)
	{
		const ReturnedOrder *order = &state->rare->returned[i];

		pq_sendint32(&buffer, order->number);
		pq_sendint8(&buffer, (uint8) order->scale);
		segment_send_wide(&buffer, &order->units);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

Datum
segment_rfm_orders_deserialize(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor;
	RfmOrders *state;
	OrdersInput *input;
	Oid type;
	Oid collation;
	Rfm *sum;
	uint32 count;

	(void) segment_aggregate_context(fcinfo);
	cursor = segment_state_cursor(PG_GETARG_BYTEA_PP(0));
	type = (Oid) segment_take(&cursor, 4);
	collation = (Oid) segment_take(&cursor, 4);
	input = input_of(fcinfo, type, collation);
	sum = segment_rfm_read(&cursor, true);
	state = palloc(sizeof(RfmOrders));
	init_state(state, sum->kind, type, collation);
	if (sum->is_wide)
		keep_sum(state, sum, CurrentMemoryContext);
	else
		state->sum = *sum;
	segment_order_ids_read(&cursor, &state->ids, &input->id_type);
	count = (uint32) segment_take(&cursor, 4);
	for (uint32 i = 0; i < count; i++)
	{
		ReturnedOrder order;

		order.number = (uint32) segment_take(&cursor, 4);
		order.scale = (int) segment_take(&cursor, 1);
		order.units = segment_take_wide(&cursor);
		if (cursor.is_short || order.number >= state->ids.count || order.scale > SEGMENT_MAX_DECIMALS ||
			(i > 0 && order.number <= state->rare->returned[i - 1].number))
			segment_refuse_state("rfm_agg", "An order that is a return has a wrong number or scale.");
		append_return(rare_parts(state, CurrentMemoryContext), CurrentMemoryContext, &order);
	}
	segment_end_state(&cursor, "rfm_agg");
	PG_RETURN_POINTER(state);
}

/* The summary: ids become counts. The state keeps its meaning, but duplicate ids are removed. */
Datum
segment_rfm_orders_final(PG_FUNCTION_ARGS)
{
	RfmOrders *state;
	Rfm *result;
	uint32 returns;

	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (RfmOrders *) PG_GETARG_POINTER(0);
	unify(state, &input_of(fcinfo, state->type, state->collation)->id_type);
	result = copy_rfm(sum_of(state));
	returns = state->rare != NULL ? state->rare->count : 0;
	result->orders += state->ids.count - returns;
	result->returns += returns;
	for (uint32 i = 0; i < returns; i++)
	{
		const ReturnedOrder *order = &state->rare->returned[i];
		SegmentAmount amount;

		amount.scale = order->scale;
		amount.is_wide = true;
		amount.wide = order->units;
		result = segment_rfm_add_amount(result, &amount, false, true);
	}
	PG_RETURN_POINTER(segment_rfm_finish(result));
}
