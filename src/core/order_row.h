/*
 * order_row.h: one row of an aggregate over orders: a time, an amount, and perhaps an order id. Reading them from an
 * aggregate's arguments, and packing them into bytes without pointers.
 */
#ifndef SEGMENT_CORE_ORDER_ROW_H
#define SEGMENT_CORE_ORDER_ROW_H

#include "core/day.h"
#include "core/decimal.h"

/* The types of the time and of the amount. */
typedef struct SegmentOrderInput
{
	SegmentTimeKind kind;
	SegmentAmountType amount_type;
} SegmentOrderInput;

/* From the types of the first two arguments of an aggregate; false if they are none of ours. */
extern bool segment_order_input_of_types(const Oid *types, int count, SegmentOrderInput *input);

/*
 * From the declaration of the transition function that is being called: one C function serves every overload, also
 * where the caller has no expression tree (Citus' workers). Returns the number of arguments behind the state.
 */
extern int segment_order_input_of_call(FunctionCallInfo fcinfo, SegmentOrderInput *input);

/* Raises the error of a row that can't be counted: 22008 for its time, 22003 for its amount. */
pg_noreturn extern void segment_order_refuse(const SegmentOrderInput *input, int64 at, SegmentAmountFault fault,
											 Datum amount);

/* Reads time and amount, both not NULL; raises the errors of values out of range. */
static inline void
segment_order_read(const SegmentOrderInput *input, Datum time, Datum value, int64 *at, SegmentAmount *amount)
{
	SegmentAmountFault fault;

	*at = segment_time_from_datum(time, input->kind);
	fault = segment_amount_read(value, input->amount_type, amount);
	if (unlikely(fault != SEGMENT_AMOUNT_OK || !segment_time_is_finite(*at, input->kind)))
		segment_order_refuse(input, *at, fault, value);
}

/*
 * A row, packed: 184 bits of two's complement hold any accepted amount (below 10^50 units), so an amount that leaves
 * 128 bits needs no memory of its own.
 */
typedef struct SegmentPackedRow
{
	int64 at;
	segment_int128 units; /* or the low 128 bits of a wide amount */
	int64 tail;			  /* bits 0 to 4: scale; 5 to 7: see below; 8 to 63: the high bits of a wide amount */
} SegmentPackedRow;

#define SEGMENT_PACKED_SCALE 0x1F
#define SEGMENT_PACKED_COUNTS 0x20 /* the row counts */
#define SEGMENT_PACKED_WIDE 0x40
#define SEGMENT_PACKED_NULL_ID 0x80

/* The same with an order id, if that is of fixed length and not longer. */
#define SEGMENT_PACKED_ID_LENGTH 16

typedef struct SegmentPackedOrder
{
	SegmentPackedRow row;
	Datum id[SEGMENT_PACKED_ID_LENGTH / sizeof(Datum)]; /* a Datum, or the bytes that one would point to */
} SegmentPackedOrder;

/* A row that does not count. */
static inline void
segment_packed_skip(SegmentPackedRow *row)
{
	row->at = row->tail = 0;
	row->units = 0;
}

static inline void
segment_packed_set(SegmentPackedRow *row, int64 at, const SegmentAmount *amount)
{
	row->at = at;
	if (likely(!amount->is_wide))
	{
		row->units = amount->units;
		row->tail = amount->scale | SEGMENT_PACKED_COUNTS;
	}
	else
	{
		memcpy(&row->units, amount->wide.limb, 2 * sizeof(uint64));
		row->tail = (int64) (amount->wide.limb[2] << 8) | amount->scale | SEGMENT_PACKED_COUNTS | SEGMENT_PACKED_WIDE;
	}
}

/* The amount of a packed row. */
static inline void
segment_packed_amount(const SegmentPackedRow *row, SegmentAmount *amount)
{
	amount->scale = (int) (row->tail & SEGMENT_PACKED_SCALE);
	amount->is_wide = (row->tail & SEGMENT_PACKED_WIDE) != 0;
	amount->units = row->units;
	if (unlikely(amount->is_wide))
	{
		memcpy(amount->wide.limb, &row->units, 2 * sizeof(uint64));
		amount->wide.limb[2] = (uint64) (row->tail >> 8);
		amount->wide.limb[3] = (uint64) (row->tail >> 63);
	}
}

/* Sets the id, of a type of this length, of an order whose row is set. */
static inline void
segment_packed_set_id(SegmentPackedOrder *order, Datum id, bool is_null, int16 length, bool by_value)
{
	if (is_null)
	{
		order->row.tail |= SEGMENT_PACKED_NULL_ID;
		memset(order->id, 0, sizeof(order->id));
	}
	else if (by_value)
		order->id[0] = id;
	else
		memcpy(order->id, DatumGetPointer(id), length);
}

/* The id of an order that has one. */
static inline Datum
segment_packed_id(const SegmentPackedOrder *order, bool by_value)
{
	return by_value ? order->id[0] : PointerGetDatum(order->id);
}

static inline bool
segment_packed_id_is_null(const SegmentPackedOrder *order)
{
	return (order->row.tail & SEGMENT_PACKED_NULL_ID) != 0;
}

/*
 * The short form of a SegmentPackedRow that counts, in the form that SegmentKernel asks for: units of 55 bits and a sign
 * stand above the tail's lowest byte. That is what nearly all amounts need.
 */
extern bool segment_packed_shrink(const void *packed, uint64 words[2]);
extern void segment_packed_expand(const uint64 words[2], void *packed);

/* True if order ids of a type fit into a SegmentPackedOrder. */
extern bool segment_packed_holds_id(Oid type);

#endif
