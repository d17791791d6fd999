/*
 * rfm_kernel.c: the kernels of rfm_agg. rfm_agg(at, amount): the narrow rfm value lies flat in the group.
 * rfm_agg(at, amount, order_id): so does its state but for the ids.
 *
 * A state that outgrows 128 bits moves to the aggregate's context: then the narrow value's head says so by a length of
 * its own, and its first field points there. A zero length says that no row has counted yet.
 */
#include "postgres.h"

#include "core/order_kernel.h"
#include "rfm/rfm.h"

PGDLLEXPORT Datum segment_rfm_agg_trans(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum segment_rfm_agg_combine(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum segment_rfm_agg_final(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum segment_rfm_orders_trans(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum segment_rfm_orders_combine(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum segment_rfm_orders_serialize(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum segment_rfm_orders_deserialize(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum segment_rfm_orders_final(PG_FUNCTION_ARGS);

/* Marks a state stored elsewhere; no rfm value has this length word. */
#define MOVED (-1)

static void *
rfm_bind(const Oid *argument_types, int arguments, Oid collation)
{
	SegmentOrderBinding *binding = palloc0(sizeof(SegmentOrderBinding));

	segment_order_bind(binding, argument_types, arguments, collation);
	return binding;
}

/* The value of a state that is not empty, wherever it lies. */
static inline Rfm *
rfm_of(const void *state)
{
	const Rfm *rfm = (const Rfm *) state;

	return rfm->vl_len_ == MOVED ? (Rfm *) (uintptr_t) rfm->first : (Rfm *) rfm;
}

/* Switches to a value in the context when 128 bits no longer suffice. */
static pg_noinline void
rfm_add_moved(MemoryContext context, Rfm *state, int64 at, const SegmentAmount *amount)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	Rfm *rfm = rfm_of(state);

	if (rfm == state)
	{
		rfm = palloc(sizeof(Rfm));
		memcpy(rfm, state, sizeof(Rfm));
	}
	rfm = segment_rfm_add(rfm, at, amount);
	state->vl_len_ = MOVED;
	state->first = (int64) (uintptr_t) rfm;
	MemoryContextSwitchTo(caller);
}

static void
rfm_pack(void *bound, const Datum *arguments, const bool *nulls, void *packed)
{
	const SegmentOrderBinding *binding = (const SegmentOrderBinding *) bound;
	SegmentPackedRow *row = (SegmentPackedRow *) packed;
	SegmentAmount amount;
	int64 at;

	if (nulls[SEGMENT_ARG_AT] || nulls[SEGMENT_ARG_AMOUNT])
	{
		segment_packed_skip(row);
		return;
	}
	segment_order_read(&binding->input, arguments[SEGMENT_ARG_AT], arguments[SEGMENT_ARG_AMOUNT], &at, &amount);
	segment_packed_set(row, at, &amount);
}

/* Adds a row that the narrow form has no room for. */
static pg_noinline void
rfm_add_large(MemoryContext context, Rfm *rfm, const SegmentPackedRow *row)
{
	SegmentAmount amount;

	segment_packed_amount(row, &amount);
	rfm_add_moved(context, rfm, row->at, &amount);
}

static void
rfm_add(void *binding, MemoryContext context, void *state, const void *packed, Datum unpacked, bool is_null)
{
	Rfm *rfm = (Rfm *) state;
	const SegmentPackedRow *row = (const SegmentPackedRow *) packed;

	(void) unpacked;
	(void) is_null;
	if (!(row->tail & SEGMENT_PACKED_COUNTS))
		return;
	if (rfm->vl_len_ == 0)
		segment_rfm_init(rfm, ((const SegmentOrderBinding *) binding)->input.kind);
	if (unlikely((row->tail & SEGMENT_PACKED_WIDE) || rfm->vl_len_ == MOVED ||
				 !segment_rfm_add_narrow(rfm, row->at, row->units, (int) (row->tail & SEGMENT_PACKED_SCALE))))
		rfm_add_large(context, rfm, row);
}

static void
rfm_merge(MemoryContext context, void *state, const void *other)
{
	Rfm *rfm = (Rfm *) state;
	MemoryContext caller;
	Rfm *sum;

	if (((const Rfm *) other)->vl_len_ == 0)
		return;
	if (rfm->vl_len_ == 0 && ((const Rfm *) other)->vl_len_ != MOVED)
	{
		memcpy(rfm, other, sizeof(Rfm));
		return;
	}
	caller = MemoryContextSwitchTo(context);
	if (rfm->vl_len_ == 0)
	{
		sum = palloc(VARSIZE(rfm_of(other)));
		memcpy(sum, rfm_of(other), VARSIZE(rfm_of(other)));
	}
	else
		sum = segment_rfm_merge(rfm_of(rfm), rfm_of(other));
	MemoryContextSwitchTo(caller);
	if (sum != rfm)
	{
		rfm->vl_len_ = MOVED;
		rfm->first = (int64) (uintptr_t) sum;
	}
}

static bool
rfm_value(void *state, Datum *value)
{
	if (((Rfm *) state)->vl_len_ == 0)
		return false;
	*value = PointerGetDatum(rfm_of(state));
	return true;
}

static bool
rfm_is_moved(const void *state)
{
	return ((const Rfm *) state)->vl_len_ == MOVED;
}

static const void *
rfm_outside(const void *state, Size *size)
{
	*size = VARSIZE(rfm_of(state));
	return rfm_of(state);
}

static void
rfm_relocate(void *state, void *outside)
{
	((Rfm *) state)->first = (int64) (uintptr_t) outside;
}

static void
orders_pack(void *bound, const Datum *arguments, const bool *nulls, void *packed)
{
	rfm_pack(bound, arguments, nulls, packed);
	segment_order_pack_id((const SegmentOrderBinding *) bound, arguments, nulls, (SegmentPackedOrder *) packed);
}

static void
orders_add(void *bound, MemoryContext context, void *state, const void *packed, Datum id, bool id_is_null)
{
	SegmentOrderBinding *binding = (SegmentOrderBinding *) bound;
	const SegmentPackedRow *row = (const SegmentPackedRow *) packed;
	SegmentAmount amount;

	if (!(row->tail & SEGMENT_PACKED_COUNTS))
		return;
	id = segment_order_prepare(binding, context, id, id_is_null);
	segment_packed_amount(row, &amount);
	segment_rfm_orders_add((RfmOrders *) state, context, &binding->arena, binding->input.kind, row->at, &amount,
						   &binding->id_type, id, id_is_null);
}

static void
orders_add_packed(void *bound, MemoryContext context, void *state, const void *packed, Datum unpacked, bool is_null)
{
	const SegmentPackedOrder *order = (const SegmentPackedOrder *) packed;

	(void) unpacked;
	(void) is_null;
	orders_add(bound, context, state, &order->row,
			   segment_packed_id(order, ((const SegmentOrderBinding *) bound)->id_by_value),
			   segment_packed_id_is_null(order));
}

static bool
orders_value(void *state, Datum *value)
{
	*value = PointerGetDatum(state);
	return ((RfmOrders *) state)->sum.vl_len_ != 0;
}

static void
orders_prefetch(const void *state)
{
	segment_order_ids_prefetch(&((const RfmOrders *) state)->ids);
}

static void
orders_prefetch_result(const void *state)
{
	segment_order_ids_prefetch_all(&((const RfmOrders *) state)->ids);
}

static const SegmentKernel rfm_kernel = {
	.state_size = sizeof(Rfm),
	.unpacked = -1,
	.bind = rfm_bind,
	.packed_size = sizeof(SegmentPackedRow),
	.pack = rfm_pack,
	.shrink = segment_packed_shrink,
	.expand = segment_packed_expand,
	.add = rfm_add,
	.value = rfm_value,
	.merge = rfm_merge,
	.is_moved = rfm_is_moved,
	.outside = rfm_outside,
	.relocate = rfm_relocate,
};

/* Ids lie outside the group: they are not moved to other processes, rows are. */
static const SegmentKernel orders_kernel = {
	.state_size = sizeof(RfmOrders),
	.unpacked = SEGMENT_ARG_ORDER_ID,
	.bind = rfm_bind,
	.packed_size = sizeof(SegmentPackedRow),
	.pack = rfm_pack,
	.add = orders_add,
	.value = orders_value,
	.prefetch = orders_prefetch,
	.prefetch_result = orders_prefetch_result,
};

static const SegmentKernel orders_packed_kernel = {
	.state_size = sizeof(RfmOrders),
	.unpacked = -1,
	.bind = rfm_bind,
	.packed_size = sizeof(SegmentPackedOrder),
	.pack = orders_pack,
	.add = orders_add_packed,
	.value = orders_value,
	.prefetch = orders_prefetch,
	.prefetch_result = orders_prefetch_result,
};

static const SegmentKernel *
kernel_of_rfm(const Oid *argument_types, int arguments)
{
	return segment_order_kernel_of(argument_types, arguments, &rfm_kernel, &rfm_kernel, &rfm_kernel);
}

static const SegmentKernel *
kernel_of_orders(const Oid *argument_types, int arguments)
{
	return segment_order_kernel_of(argument_types, arguments, NULL, &orders_kernel, &orders_packed_kernel);
}

static const SegmentAggregate rfm_agg = {
	.transition = segment_rfm_agg_trans,
	.combine = segment_rfm_agg_combine,
	.final = segment_rfm_agg_final,
	.kernel = kernel_of_rfm,
};

static const SegmentAggregate rfm_agg_with_ids = {
	.transition = segment_rfm_orders_trans,
	.combine = segment_rfm_orders_combine,
	.serialize = segment_rfm_orders_serialize,
	.deserialize = segment_rfm_orders_deserialize,
	.final = segment_rfm_orders_final,
	.kernel = kernel_of_orders,
};

static const SegmentAggregate rfm_rollup = {
	.transition = segment_rfm_agg_combine,
	.combine = segment_rfm_agg_combine,
	.final = segment_rfm_agg_final,
};

void
segment_rfm_register(void)
{
	segment_aggregate_register(&rfm_agg);
	segment_aggregate_register(&rfm_agg_with_ids);
	segment_aggregate_register(&rfm_rollup);
}
