/*
 * order_kernel.h: what the kernels of aggregates over orders have in common: the arguments at, amount and, for some, an
 * order id; states whose ids and rows lie outside the group, in an arena.
 */
#ifndef SEGMENT_CORE_ORDER_KERNEL_H
#define SEGMENT_CORE_ORDER_KERNEL_H

#include "core/aggregate.h"
#include "core/order_ids.h"
#include "core/order_row.h"

/* The arguments, by number. */
enum
{
	SEGMENT_ARG_AT,
	SEGMENT_ARG_AMOUNT,
	SEGMENT_ARG_ORDER_ID
};

/* What a kernel knows of its arguments; zero before it is bound, in the current context. */
typedef struct SegmentOrderBinding
{
	SegmentOrderInput input;
	/* of order ids */
	Oid id_type_oid;
	int16 id_length;
	bool id_by_value;
	Oid collation;
	SegmentOrderIdType id_type; /* looked up with the first row, as the transition function does */
	MemoryContext context;		/* of the binding */
	SegmentArena arena;
} SegmentOrderBinding;

extern void segment_order_bind(SegmentOrderBinding *binding, const Oid *argument_types, int arguments, Oid collation);

/*
 * The kernel for arguments of these types, NULL if they are none of ours: without order ids; with ids that are not
 * packed; with ids that are. The types are those of an aggregate of any of our transition functions: they may be other
 * than it declares.
 */
extern const SegmentKernel *segment_order_kernel_of(const Oid *argument_types, int arguments,
													const SegmentKernel *without_ids, const SegmentKernel *unpacked,
													const SegmentKernel *packed);

/* Packs the id of an order whose row is packed. */
static inline void
segment_order_pack_id(const SegmentOrderBinding *binding, const Datum *arguments, const bool *nulls,
					  SegmentPackedOrder *packed)
{
	segment_packed_set_id(packed, arguments[SEGMENT_ARG_ORDER_ID], nulls[SEGMENT_ARG_ORDER_ID], binding->id_length,
						  binding->id_by_value);
}

/* Prepares to add a row with this id to a state that allocates in the context. The id is returned, detoasted. */
static inline Datum
segment_order_prepare(SegmentOrderBinding *binding, MemoryContext context, Datum id, bool id_is_null)
{
	if (unlikely(!OidIsValid(binding->id_type.type)))
		segment_order_id_type(&binding->id_type, binding->id_type_oid, binding->collation, binding->context);
	binding->arena.context = context;
	return binding->id_length == -1 && !id_is_null ? PointerGetDatum(PG_DETOAST_DATUM_PACKED(id)) : id;
}

#endif
