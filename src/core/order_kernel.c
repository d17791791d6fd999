/*
 * order_kernel.c: what the kernels of aggregates over orders have in common.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/lsyscache.h"

#include "core/order_kernel.h"

void
segment_order_bind(SegmentOrderBinding *binding, const Oid *argument_types, int arguments, Oid collation)
{
	(void) segment_order_input_of_types(argument_types, arguments, &binding->input);
	if (arguments > SEGMENT_ARG_ORDER_ID)
	{
		binding->id_type_oid = argument_types[SEGMENT_ARG_ORDER_ID];
		get_typlenbyval(binding->id_type_oid, &binding->id_length, &binding->id_by_value);
	}
	binding->collation = collation;
	binding->context = CurrentMemoryContext;
}

const SegmentKernel *
segment_order_kernel_of(const Oid *argument_types, int arguments, const SegmentKernel *without_ids,
						const SegmentKernel *unpacked, const SegmentKernel *packed)
{
	SegmentOrderInput input;

	if (!segment_order_input_of_types(argument_types, arguments, &input))
		return NULL;
	if (arguments <= SEGMENT_ARG_ORDER_ID)
		return without_ids;
	return segment_packed_holds_id(argument_types[SEGMENT_ARG_ORDER_ID]) ? packed : unpacked;
}
