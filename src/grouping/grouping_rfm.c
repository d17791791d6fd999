/*
 * grouping_rfm.c: the kernel of rfm_agg(at, amount): the narrow rfm value lies flat in the group.
 *
 * A state that outgrows 128 bits moves to the aggregate's context: then the narrow value's head says so by a length of
 * its own, and its first field points there. A zero length says that no row has counted yet.
 */
#include "postgres.h"

#include "fmgr.h"

#include "core/compat.h"
#include "grouping/grouping_trans.h"
#include "rfm/rfm.h"

PGDLLEXPORT Datum segment_rfm_agg_trans(PG_FUNCTION_ARGS);

/* Marks a state that lies elsewhere; no rfm value has this length word. */
#define MOVED (-1)

/* Time and amount type in one number. */
#define OPTION_OF(kind, amount_type) ((int) (kind) * 16 + (int) (amount_type))
#define OPTION_KIND(option) ((SegmentTimeKind) ((option) / 16))
#define OPTION_AMOUNT_TYPE(option) ((SegmentAmountType) ((option) % 16))

static bool
rfm_bind(const Oid *argument_types, int arguments, int *option)
{
	SegmentTimeKind kind;
	SegmentAmountType amount_type;

	if (arguments != 2 || !segment_time_kind_of(argument_types[0], &kind) ||
		!segment_amount_type_of(argument_types[1], &amount_type))
		return false;
	*option = OPTION_OF(kind, amount_type);
	return true;
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
rfm_refuse(int option, int64 at, SegmentAmountFault fault, Datum amount)
{
	char at_text[SEGMENT_TIME_TEXT];

	if (!segment_time_is_finite(at, OPTION_KIND(option)))
		segment_time_refuse(at, OPTION_KIND(option));
	segment_time_print(at, OPTION_KIND(option), at_text);
	segment_amount_refuse(fault, amount, OPTION_AMOUNT_TYPE(option), at_text);
}

/*
 * A row, packed: 184 bits of two's complement hold any accepted amount (below 10^50 units), so an amount that leaves
 * 128 bits needs no memory of its own.
 */
typedef struct PackedRow
{
	int64 at;
	segment_int128 units;		/* or the low 128 bits of a wide amount */
	int64 tail;					/* bits 0 to 4: scale; 5: the row counts; 6: wide; 8 to 63: the high bits of a wide amount */
} PackedRow;

#define PACKED_SCALE 0x1F
#define PACKED_COUNTS 0x20
#define PACKED_WIDE 0x40

static void
rfm_pack(int option, const Datum *arguments, const bool *nulls, void *packed)
{
	PackedRow *row = (PackedRow *) packed;
	SegmentAmount amount;
	SegmentAmountFault fault;

	if (nulls[0] || nulls[1])
	{
		row->tail = 0;
		return;
	}
	row->at = segment_time_from_datum(arguments[0], OPTION_KIND(option));
	fault = segment_amount_read(arguments[1], OPTION_AMOUNT_TYPE(option), &amount);
	if (unlikely(fault != SEGMENT_AMOUNT_OK || !segment_time_is_finite(row->at, OPTION_KIND(option))))
		rfm_refuse(option, row->at, fault, arguments[1]);
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

/* Adds a row that the narrow form has no room for. */
static pg_noinline void
rfm_add_large(MemoryContext context, Rfm *rfm, const PackedRow *row)
{
	SegmentAmount amount;

	amount.scale = (int) (row->tail & PACKED_SCALE);
	amount.is_wide = (row->tail & PACKED_WIDE) != 0;
	amount.units = row->units;
	if (amount.is_wide)
	{
		memcpy(amount.wide.limb, &row->units, 2 * sizeof(uint64));
		amount.wide.limb[2] = (uint64) (row->tail >> 8);
		amount.wide.limb[3] = (uint64) (row->tail >> 63);
	}
	rfm_add_moved(context, rfm, row->at, &amount);
}

static void
rfm_add(int option, MemoryContext context, void *state, const void *packed)
{
	Rfm *rfm = (Rfm *) state;
	const PackedRow *row = (const PackedRow *) packed;

	if (!(row->tail & PACKED_COUNTS))
		return;
	if (rfm->vl_len_ == 0)
		segment_rfm_init(rfm, OPTION_KIND(option));
	if (unlikely((row->tail & PACKED_WIDE) || rfm->vl_len_ == MOVED ||
				 !segment_rfm_add_narrow(rfm, row->at, row->units, (int) (row->tail & PACKED_SCALE))))
		rfm_add_large(context, rfm, row);
}

static void
rfm_merge(int option, MemoryContext context, void *state, const void *other)
{
	Rfm *rfm = (Rfm *) state;
	MemoryContext caller;
	Rfm *sum;

	(void) option;
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
rfm_value(int option, void *state, Datum *value)
{
	(void) option;
	if (((Rfm *) state)->vl_len_ == 0)
		return false;
	*value = PointerGetDatum(rfm_of(state));
	return true;
}

static bool
rfm_is_moved(int option, const void *state)
{
	(void) option;
	return ((const Rfm *) state)->vl_len_ == MOVED;
}

static const void *
rfm_outside(int option, const void *state, Size *size)
{
	(void) option;
	*size = VARSIZE(rfm_of(state));
	return rfm_of(state);
}

static void
rfm_relocate(int option, void *state, void *outside)
{
	(void) option;
	((Rfm *) state)->first = (int64) (uintptr_t) outside;
}

static const GroupingKernel rfm_kernel = {
	.transition = segment_rfm_agg_trans,
	.state_size = sizeof(Rfm),
	.bind = rfm_bind,
	.packed_size = sizeof(PackedRow),
	.pack = rfm_pack,
	.add = rfm_add,
	.merge = rfm_merge,
	.value = rfm_value,
	.is_moved = rfm_is_moved,
	.outside = rfm_outside,
	.relocate = rfm_relocate,
};

static const GroupingKernel *const kernels[] = {&rfm_kernel};

const GroupingKernel *
segment_grouping_kernel(PGFunction transition, const Oid *argument_types, int arguments, int *option)
{
	for (size_t i = 0; i < lengthof(kernels); i++)
		if (kernels[i]->transition == transition && kernels[i]->bind(argument_types, arguments, option))
			return kernels[i];
	return NULL;
}
