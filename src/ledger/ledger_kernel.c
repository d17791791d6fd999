/*
 * ledger_kernel.c: the kernels of ledger_agg. The state lies in the group, its rows and order ids in an arena.
 */
#include "postgres.h"

#include "core/order_kernel.h"
#include "ledger/ledger_input.h"

PGDLLEXPORT Datum segment_ledger_agg_trans(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum segment_ledger_agg_combine(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum segment_ledger_agg_serialize(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum segment_ledger_agg_deserialize(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum segment_ledger_agg_final(PG_FUNCTION_ARGS);

/* Behind those of core/order_kernel.h. */
#define ARG_ZONE (SEGMENT_ARG_ORDER_ID + 1)

/* What the kernels know of the arguments. */
typedef struct LedgerBinding
{
	SegmentOrderBinding order;
	bool has_zone;
	LedgerZone zone;
} LedgerBinding;

static void *
ledger_bind(const Oid *argument_types, int arguments, Oid collation)
{
	LedgerBinding *binding = palloc0(sizeof(LedgerBinding));

	segment_order_bind(&binding->order, argument_types, arguments, collation);
	binding->has_zone = arguments > ARG_ZONE;
	return binding;
}

/* A row's time is packed as its day. */
static void
ledger_pack(void *bound, const Datum *arguments, const bool *nulls, void *packed)
{
	LedgerBinding *binding = (LedgerBinding *) bound;
	SegmentPackedRow *row = (SegmentPackedRow *) packed;
	SegmentAmount amount;
	pg_tz *zone = NULL;
	int64 at;

	if (nulls[SEGMENT_ARG_AT] || nulls[SEGMENT_ARG_AMOUNT])
	{
		segment_packed_skip(row);
		return;
	}
	segment_order_read(&binding->order.input, arguments[SEGMENT_ARG_AT], arguments[SEGMENT_ARG_AMOUNT], &at, &amount);
	if (binding->has_zone)
		zone = segment_ledger_zone_of(&binding->zone, arguments[ARG_ZONE], nulls[ARG_ZONE]);
	segment_packed_set(row, segment_day_of(at, binding->order.input.kind, zone), &amount);
}

static void
order_pack(void *bound, const Datum *arguments, const bool *nulls, void *packed)
{
	ledger_pack(bound, arguments, nulls, packed);
	segment_order_pack_id(&((const LedgerBinding *) bound)->order, arguments, nulls, (SegmentPackedOrder *) packed);
}

static inline void
add_row(LedgerState *state, const LedgerMemory *memory, const SegmentPackedRow *row, uint32 order)
{
	SegmentAmount amount;

	if (likely(!(row->tail & SEGMENT_PACKED_WIDE) &&
			   segment_ledger_state_add_slim(state, (DateADT) row->at, order, row->units,
											 (int) (row->tail & SEGMENT_PACKED_SCALE))))
		return;
	segment_packed_amount(row, &amount);
	segment_ledger_state_add(state, memory, (DateADT) row->at, order, &amount);
}

static void
ledger_add(void *bound, MemoryContext context, void *state, const void *packed, Datum unpacked, bool is_null)
{
	LedgerBinding *binding = (LedgerBinding *) bound;
	const SegmentPackedRow *row = (const SegmentPackedRow *) packed;
	LedgerMemory memory = {context, &binding->order.arena};

	(void) unpacked;
	(void) is_null;
	if (!(row->tail & SEGMENT_PACKED_COUNTS))
		return;
	binding->order.arena.context = context;
	add_row((LedgerState *) state, &memory, row, 0);
}

static inline void
add_order(SegmentOrderBinding *binding, MemoryContext context, LedgerState *state, const SegmentPackedRow *row,
		  Datum id, bool id_is_null)
{
	LedgerMemory memory = {context, &binding->arena};
	uint32 order = 0;

	if (!(row->tail & SEGMENT_PACKED_COUNTS))
		return;
	id = segment_order_prepare(binding, context, id, id_is_null);
	state->id_type = binding->id_type.type;
	state->collation = binding->collation;
	if (!id_is_null)
		order = segment_ledger_state_order(state, &memory, &binding->id_type, id);
	add_row(state, &memory, row, order);
}

static void
order_add(void *bound, MemoryContext context, void *state, const void *packed, Datum id, bool id_is_null)
{
	add_order(&((LedgerBinding *) bound)->order, context, (LedgerState *) state, (const SegmentPackedRow *) packed, id,
			  id_is_null);
}

static void
order_add_packed(void *bound, MemoryContext context, void *state, const void *packed, Datum unpacked, bool is_null)
{
	SegmentOrderBinding *binding = &((LedgerBinding *) bound)->order;
	const SegmentPackedOrder *order = (const SegmentPackedOrder *) packed;

	(void) unpacked;
	(void) is_null;
	add_order(binding, context, (LedgerState *) state, &order->row, segment_packed_id(order, binding->id_by_value),
			  segment_packed_id_is_null(order));
}

static bool
ledger_value(void *state, Datum *value)
{
	*value = PointerGetDatum(state);
	return ((const LedgerState *) state)->has_rows;
}

/* Prefetches where the next slim row goes. */
static inline void
prefetch_rows(const LedgerState *state)
{
	__builtin_prefetch((const LedgerSlimRow *) state->rows + state->n_rows, 1);
}

static void
ledger_prefetch(const void *state)
{
	prefetch_rows((const LedgerState *) state);
}

static void
order_prefetch(const void *state)
{
	prefetch_rows((const LedgerState *) state);
	segment_order_ids_prefetch(&((const LedgerState *) state)->ids);
}

/* The rows of most customers fit these cache lines. */
static void
ledger_prefetch_result(const void *state)
{
	const LedgerState *ledger = (const LedgerState *) state;

	for (uint32 i = 0; i < Min(ledger->n_rows, 32); i += 8)
		__builtin_prefetch((const LedgerSlimRow *) ledger->rows + i);
}

static void
order_prefetch_result(const void *state)
{
	ledger_prefetch_result(state);
	segment_order_ids_prefetch_all(&((const LedgerState *) state)->ids);
}

/* Rows lie outside the group, so groups are not moved to other processes: input rows are. */
static const SegmentKernel ledger_kernel = {
	.state_size = LEDGER_STATE_WITHOUT_IDS,
	.unpacked = -1,
	.bind = ledger_bind,
	.packed_size = sizeof(SegmentPackedRow),
	.pack = ledger_pack,
	.shrink = segment_packed_shrink,
	.expand = segment_packed_expand,
	.add = ledger_add,
	.value = ledger_value,
	.prefetch = ledger_prefetch,
	.prefetch_result = ledger_prefetch_result,
};

static const SegmentKernel order_kernel = {
	.state_size = sizeof(LedgerState),
	.unpacked = SEGMENT_ARG_ORDER_ID,
	.bind = ledger_bind,
	.packed_size = sizeof(SegmentPackedRow),
	.pack = ledger_pack,
	.add = order_add,
	.value = ledger_value,
	.prefetch = order_prefetch,
	.prefetch_result = order_prefetch_result,
};

static const SegmentKernel order_packed_kernel = {
	.state_size = sizeof(LedgerState),
	.unpacked = -1,
	.bind = ledger_bind,
	.packed_size = sizeof(SegmentPackedOrder),
	.pack = order_pack,
	.add = order_add_packed,
	.value = ledger_value,
	.prefetch = order_prefetch,
	.prefetch_result = order_prefetch_result,
};

static const SegmentKernel *
kernel_of_ledger(const Oid *argument_types, int arguments)
{
	return segment_order_kernel_of(argument_types, arguments, &ledger_kernel, &order_kernel, &order_packed_kernel);
}

static const SegmentAggregate ledger_agg = {
	.transition = segment_ledger_agg_trans,
	.combine = segment_ledger_agg_combine,
	.serialize = segment_ledger_agg_serialize,
	.deserialize = segment_ledger_agg_deserialize,
	.final = segment_ledger_agg_final,
	.kernel = kernel_of_ledger,
};

void
segment_ledger_register(void)
{
	segment_aggregate_register(&ledger_agg);
}
