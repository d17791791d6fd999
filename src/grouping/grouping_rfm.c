/*
 * grouping_rfm.c: the kernels of rfm_agg. rfm_agg(at, amount): the narrow rfm value lies flat in the group.
 * rfm_agg(at, amount, order_id): so does its state but for the ids.
 *
 * A state that outgrows 128 bits moves to the aggregate's context: then the narrow value's head says so by a length of
 * its own, and its first field points there. A zero length says that no row has counted yet.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "core/compat.h"
#include "grouping/grouping_trans.h"
#include "rfm/rfm.h"

PGDLLEXPORT Datum segment_rfm_agg_trans(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum segment_rfm_orders_trans(PG_FUNCTION_ARGS);

/* Marks a state that lies elsewhere; no rfm value has this length word. */
#define MOVED (-1)

/* What the kernels know of the arguments. */
typedef struct RfmBinding
{
	SegmentTimeKind kind;
	SegmentAmountType amount_type;
	/* of order ids */
	Oid order_type;
	int16 order_length;
	bool order_by_value;
	Oid collation;
	SegmentOrderIdType id_type; /* looked up with the first row, as the transition function does */
	SegmentArena arena;
} RfmBinding;

static void *
rfm_bind(const Oid *argument_types, int arguments, Oid collation)
{
	RfmBinding *binding = palloc0(sizeof(RfmBinding));

	if (!segment_time_kind_of(argument_types[0], &binding->kind) ||
		!segment_amount_type_of(argument_types[1], &binding->amount_type))
		return NULL;
	if (arguments > 2)
	{
		binding->order_type = argument_types[2];
		get_typlenbyval(argument_types[2], &binding->order_length, &binding->order_by_value);
	}
	binding->collation = collation;
	return binding;
}

/* The value of a state that is not empty, wherever it lies. */
static inline Rfm *
rfm_of(const void *state)
{
	const Rfm *rfm = (const Rfm *) state;

	return rfm->vl_len_ == MOVED ? (Rfm *) (uintptr_t) rfm->first : (Rfm *) rfm;
}

/* Goes on where 128 bits do not suffice: from now on the value lies in the context. */
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

/* Raises the error of a row that can't be counted. */
static pg_noinline void
rfm_refuse(const RfmBinding *binding, int64 at, SegmentAmountFault fault, Datum amount)
{
	char at_text[SEGMENT_TIME_TEXT];

	if (!segment_time_is_finite(at, binding->kind))
		segment_time_refuse(at, binding->kind);
	segment_time_print(at, binding->kind, at_text);
	segment_amount_refuse(fault, amount, binding->amount_type, at_text);
}

/*
 * A row, packed: 184 bits of two's complement hold any accepted amount (below 10^50 units), so an amount that leaves
 * 128 bits needs no memory of its own.
 */
typedef struct PackedRow
{
	int64 at;
	segment_int128 units; /* or the low 128 bits of a wide amount */
	int64 tail;			  /* bits 0 to 4: scale; 5 to 7: see below; 8 to 63: the high bits of a wide amount */
} PackedRow;

#define PACKED_SCALE 0x1F
#define PACKED_COUNTS 0x20 /* the row counts */
#define PACKED_WIDE 0x40
#define PACKED_NULL_ID 0x80

/* The same with an order id, if that is of fixed length and not longer. */
#define PACKED_ID_LENGTH 16

typedef struct PackedOrder
{
	PackedRow row;
	Datum id[PACKED_ID_LENGTH / sizeof(Datum)]; /* a Datum, or the bytes that one would point to */
} PackedOrder;

static void
rfm_pack(const void *bound, const Datum *arguments, const bool *nulls, void *packed)
{
	const RfmBinding *binding = (const RfmBinding *) bound;
	PackedRow *row = (PackedRow *) packed;
	SegmentAmount amount;
	SegmentAmountFault fault;

	if (nulls[0] || nulls[1])
	{
		row->tail = 0;
		return;
	}
	row->at = segment_time_from_datum(arguments[0], binding->kind);
	fault = segment_amount_read(arguments[1], binding->amount_type, &amount);
	if (unlikely(fault != SEGMENT_AMOUNT_OK || !segment_time_is_finite(row->at, binding->kind)))
		rfm_refuse(binding, row->at, fault, arguments[1]);
	if (likely(!amount.is_wide))
	{
		row->units = amount.units;
		row->tail = amount.scale | PACKED_COUNTS;
	}
	else
	{
		memcpy(&row->units, amount.wide.limb, 2 * sizeof(uint64));
		row->tail = (int64) (amount.wide.limb[2] << 8) | amount.scale | PACKED_COUNTS | PACKED_WIDE;
	}
}

/* The amount of a packed row. */
static inline void
unpack_amount(const PackedRow *row, SegmentAmount *amount)
{
	amount->scale = (int) (row->tail & PACKED_SCALE);
	amount->is_wide = (row->tail & PACKED_WIDE) != 0;
	amount->units = row->units;
	if (unlikely(amount->is_wide))
	{
		memcpy(amount->wide.limb, &row->units, 2 * sizeof(uint64));
		amount->wide.limb[2] = (uint64) (row->tail >> 8);
		amount->wide.limb[3] = (uint64) (row->tail >> 63);
	}
}

/*
 * The short form of a row that counts: units of 55 bits and a sign stand above the tail's lowest byte. That is what
 * nearly all amounts need.
 */
static bool
rfm_shrink(const void *packed, uint64 words[2])
{
	const PackedRow *row = (const PackedRow *) packed;
	int64 units = (int64) row->units;

	if ((row->tail & (PACKED_COUNTS | PACKED_WIDE)) != PACKED_COUNTS || row->units != units ||
		units >= INT64CONST(1) << 55 || units < -(INT64CONST(1) << 55))
		return false;
	words[0] = (uint64) units << 8 | (uint64) row->tail;
	words[1] = (uint64) row->at;
	return true;
}

static void
rfm_expand(const uint64 words[2], void *packed)
{
	PackedRow *row = (PackedRow *) packed;

	row->at = (int64) words[1];
	row->units = (int64) words[0] >> 8;
	row->tail = (int64) (words[0] & 0xFF);
}

/* Adds a row that the narrow form has no room for. */
static pg_noinline void
rfm_add_large(MemoryContext context, Rfm *rfm, const PackedRow *row)
{
	SegmentAmount amount;

	unpack_amount(row, &amount);
	rfm_add_moved(context, rfm, row->at, &amount);
}

static void
rfm_add(void *binding, MemoryContext context, void *state, const void *packed, Datum cell, bool cell_is_null)
{
	Rfm *rfm = (Rfm *) state;
	const PackedRow *row = (const PackedRow *) packed;

	(void) cell;
	(void) cell_is_null;
	if (!(row->tail & PACKED_COUNTS))
		return;
	if (rfm->vl_len_ == 0)
		segment_rfm_init(rfm, ((RfmBinding *) binding)->kind);
	if (unlikely((row->tail & PACKED_WIDE) || rfm->vl_len_ == MOVED ||
				 !segment_rfm_add_narrow(rfm, row->at, row->units, (int) (row->tail & PACKED_SCALE))))
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

/* True if the ids of a type are packed. */
static bool
is_packable_id(Oid type)
{
	int16 length;
	bool by_value;

	get_typlenbyval(type, &length, &by_value);
	return length > 0 && length <= PACKED_ID_LENGTH;
}

static void
orders_pack(const void *bound, const Datum *arguments, const bool *nulls, void *packed)
{
	const RfmBinding *binding = (const RfmBinding *) bound;
	PackedOrder *order = (PackedOrder *) packed;

	rfm_pack(bound, arguments, nulls, &order->row);
	if (nulls[2])
		order->row.tail |= PACKED_NULL_ID;
	else if (binding->order_by_value)
		order->id[0] = arguments[2];
	else
		memcpy(order->id, DatumGetPointer(arguments[2]), binding->order_length);
}

static inline void
add_order(RfmBinding *binding, MemoryContext context, void *state, const PackedRow *row, Datum id, bool id_is_null)
{
	SegmentAmount amount;

	if (!(row->tail & PACKED_COUNTS))
		return;
	if (unlikely(!OidIsValid(binding->id_type.type)))
		segment_order_id_type(&binding->id_type, binding->order_type, binding->collation,
							  GetMemoryChunkContext(binding));
	unpack_amount(row, &amount);
	if (binding->order_length == -1 && !id_is_null)
		id = PointerGetDatum(PG_DETOAST_DATUM_PACKED(id));
	binding->arena.context = context;
	segment_rfm_orders_add((RfmOrders *) state, context, &binding->arena, binding->kind, row->at, &amount,
						   &binding->id_type, id, id_is_null);
}

static void
orders_add(void *binding, MemoryContext context, void *state, const void *packed, Datum cell, bool cell_is_null)
{
	add_order((RfmBinding *) binding, context, state, (const PackedRow *) packed, cell, cell_is_null);
}

static void
orders_add_packed(void *binding, MemoryContext context, void *state, const void *packed, Datum cell, bool cell_is_null)
{
	const PackedOrder *order = (const PackedOrder *) packed;

	(void) cell_is_null;
	cell = ((RfmBinding *) binding)->order_by_value ? order->id[0] : PointerGetDatum(order->id);
	add_order((RfmBinding *) binding, context, state, &order->row, cell, (order->row.tail & PACKED_NULL_ID) != 0);
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

static const GroupingKernel rfm_kernel = {
	.state_size = sizeof(Rfm),
	.bind = rfm_bind,
	.packed_size = sizeof(PackedRow),
	.pack = rfm_pack,
	.shrink = rfm_shrink,
	.expand = rfm_expand,
	.add = rfm_add,
	.value = rfm_value,
	.merge = rfm_merge,
	.is_moved = rfm_is_moved,
	.outside = rfm_outside,
	.relocate = rfm_relocate,
};

/* Ids lie outside the group: they are not moved to other processes, rows are. */
static const GroupingKernel orders_kernel = {
	.state_size = sizeof(RfmOrders),
	.takes_cell = true,
	.bind = rfm_bind,
	.packed_size = sizeof(PackedRow),
	.pack = rfm_pack,
	.add = orders_add,
	.value = orders_value,
	.prefetch = orders_prefetch,
	.prefetch_result = orders_prefetch_result,
};

static const GroupingKernel orders_packed_kernel = {
	.state_size = sizeof(RfmOrders),
	.bind = rfm_bind,
	.packed_size = sizeof(PackedOrder),
	.pack = orders_pack,
	.add = orders_add_packed,
	.value = orders_value,
	.prefetch = orders_prefetch,
	.prefetch_result = orders_prefetch_result,
};

const GroupingKernel *
segment_grouping_kernel(PGFunction transition, const Oid *argument_types)
{
	if (transition == segment_rfm_agg_trans)
		return &rfm_kernel;
	if (transition == segment_rfm_orders_trans)
		return is_packable_id(argument_types[2]) ? &orders_packed_kernel : &orders_kernel;
	return NULL;
}
