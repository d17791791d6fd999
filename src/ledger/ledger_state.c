/*
 * ledger_state.c: the state of ledger_agg. Rows are appended as they come and sorted at the end; long lists of rows
 * without order ids are packed into a ledger on the way, so that memory follows active days and not rows.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "ledger/ledger_state.h"

/* In rows of 8 bytes; few customers have more. */
#define FIRST_CAPACITY 8

/* Rows without an order id are packed when there are this many. */
#define PACK_ROWS 4096

#define FIRST_WIDE_ROWS 4

static LedgerRareParts *
rare_parts(LedgerState *state, const LedgerMemory *memory)
{
	if (state->rare == NULL)
		state->rare = MemoryContextAllocZero(memory->context, sizeof(LedgerRareParts));
	return state->rare;
}

/* Adds a ledger that lies in the memory's context, and is the state's from now on. */
static void
push(LedgerState *state, const LedgerMemory *memory, Ledger *ledger)
{
	LedgerPacked *packed = &rare_parts(state, memory)->packed;
	MemoryContext caller = MemoryContextSwitchTo(memory->context);

	while (ledger != NULL && packed->count > 0 && VARSIZE(ledger) >= VARSIZE(packed->ledger[packed->count - 1]) / 2)
	{
		Ledger *before = packed->ledger[--packed->count];
		Ledger *sum = segment_ledger_merge(before, ledger);

		pfree(before);
		pfree(ledger);
		ledger = sum;
	}
	if (ledger != NULL && packed->count == packed->capacity)
	{
		int capacity = Max(2 * packed->capacity, 1);

		packed->ledger = packed->ledger == NULL ? palloc(sizeof(Ledger *) * capacity)
												: repalloc(packed->ledger, sizeof(Ledger *) * capacity);
		packed->capacity = capacity;
	}
	if (ledger != NULL)
		packed->ledger[packed->count++] = ledger;
	MemoryContextSwitchTo(caller);
}

void
segment_ledger_state_add_ledger(LedgerState *state, const LedgerMemory *memory, const Ledger *stored)
{
	MemoryContext caller = MemoryContextSwitchTo(memory->context);
	Ledger *ledger = segment_ledger_copy(stored);

	MemoryContextSwitchTo(caller);
	state->has_rows = true;
	push(state, memory, ledger);
}

/* Moves the rows, none of which has an order id, into a packed ledger. */
static void
pack(LedgerState *state, const LedgerMemory *memory)
{
	MemoryContext caller = MemoryContextSwitchTo(memory->context);
	Ledger *rows = segment_ledger_state_rows(state, NULL);

	MemoryContextSwitchTo(caller);
	state->n_rows = 0;
	if (state->rare != NULL)
		state->rare->n_wide = 0;
	if (rows != NULL)
		push(state, memory, rows);
}

/* Units of 8 bytes that the rows take. */
static inline uint64
used_by_rows(const LedgerState *state)
{
	return state->is_full ? (uint64) state->n_rows * (sizeof(LedgerRow) / sizeof(LedgerSlimRow)) : state->n_rows;
}

/* Makes room for rows of this many units of 8 bytes in all. */
static void
reserve(LedgerState *state, const LedgerMemory *memory, uint64 units)
{
	uint64 capacity = Max(state->capacity, FIRST_CAPACITY);

	if (units <= state->capacity)
		return;
	while (capacity < units)
		capacity *= 2;
	if (capacity > PG_INT32_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many order lines of one customer"),
						errdetail("One group can have at most %d rows with order ids.", PG_INT32_MAX / 4),
						errhint("Check that the grouping key is the customer.")));
	state->rows =
		segment_arena_grow(memory->arena, memory->context, state->rows, used_by_rows(state) * sizeof(LedgerSlimRow),
						   (Size) state->capacity * sizeof(LedgerSlimRow), capacity * sizeof(LedgerSlimRow));
	state->capacity = (uint32) capacity;
}

/* Turns slim rows into full ones. */
static void
make_full(LedgerState *state, const LedgerMemory *memory)
{
	LedgerRow *rows;

	if (state->is_full)
		return;
	reserve(state, memory, (uint64) state->n_rows * (sizeof(LedgerRow) / sizeof(LedgerSlimRow)));
	rows = (LedgerRow *) state->rows;
	/* from behind, so that no row is overwritten before it is read */
	for (uint32 i = state->n_rows; i-- > 0;)
		rows[i] = ledger_state_row(state, i);
	state->is_full = true;
	state->rows_unified = 0;
}

static inline bool
fits_32_bits(int64 units)
{
	return units == (int32) units;
}

/* Adds a row to the last one if they are of one order, on one day and of one sign; false if not. */
static bool
add_to_last(LedgerState *state, DateADT day, uint32 order, int64 units)
{
	LedgerRow last;
	int64 sum;

	if (order == 0 || state->n_rows == 0)
		return false;
	last = ledger_state_row(state, state->n_rows - 1);
	if (last.order != order || last.day != day || (last.units < 0) != (units < 0) ||
		__builtin_add_overflow(last.units, units, &sum))
		return false;
	if (state->is_full)
		((LedgerRow *) state->rows)[state->n_rows - 1].units = sum;
	else if (fits_32_bits(sum))
		((LedgerSlimRow *) state->rows)[state->n_rows - 1] = ledger_slim_row(day, (int32) sum);
	else
		return false;
	return true;
}

static void
append_row(LedgerState *state, const LedgerMemory *memory, DateADT day, uint32 order, int64 units)
{
	if (add_to_last(state, day, order, units))
		return;
	if (!state->is_full && (!fits_32_bits(units) || order != (OidIsValid(state->id_type) ? state->n_rows + 1 : 0)))
		make_full(state, memory);
	if (state->n_rows >= PACK_ROWS && !OidIsValid(state->id_type))
		pack(state, memory);
	if (state->is_full)
	{
		LedgerRow *row;

		reserve(state, memory, used_by_rows(state) + sizeof(LedgerRow) / sizeof(LedgerSlimRow));
		row = &((LedgerRow *) state->rows)[state->n_rows++];
		row->day = day;
		row->order = order;
		row->units = units;
	}
	else
	{
		reserve(state, memory, used_by_rows(state) + 1);
		((LedgerSlimRow *) state->rows)[state->n_rows++] = ledger_slim_row(day, (int32) units);
	}
}

static void
append_wide(LedgerState *state, const LedgerMemory *memory, DateADT day, uint32 order, SegmentWide units)
{
	LedgerRareParts *rare = rare_parts(state, memory);
	LedgerWideRow *row;

	if (rare->n_wide >= PACK_ROWS && !OidIsValid(state->id_type))
		pack(state, memory);
	if (rare->n_wide == rare->wide_capacity)
	{
		uint32 capacity = rare->wide_capacity == 0 ? FIRST_WIDE_ROWS : 2 * rare->wide_capacity;
		Size size = mul_size(sizeof(LedgerWideRow), capacity);

		rare->wide = rare->wide == NULL ? MemoryContextAlloc(memory->context, size) : repalloc_huge(rare->wide, size);
		rare->wide_capacity = capacity;
	}
	row = &rare->wide[rare->n_wide++];
	row->day = day;
	row->order = order;
	row->units = units;
}

/* Brings all rows to a larger scale; those that outgrow 64 bits become wide. */
static void
raise_scale(LedgerState *state, const LedgerMemory *memory, int scale)
{
	int more = scale - state->scale;
	uint32 n_rows = state->n_rows;
	bool fits = !state->is_full;

	for (uint32 i = 0; state->rare != NULL && i < state->rare->n_wide; i++)
		(void) segment_wide_scale_up(&state->rare->wide[i].units, more);
	state->scale = (uint8) scale;
	for (uint32 i = 0; i < n_rows && fits; i++)
	{
		segment_int128 units = ledger_state_row(state, i).units;

		fits = segment_int128_scale_up(&units, more) && units == (int32) units;
	}
	if (!fits)
		make_full(state, memory);
	state->n_rows = 0;
	state->rows_unified = 0;
	for (uint32 i = 0; i < n_rows; i++)
	{
		LedgerRow row = ledger_state_row(state, i);
		segment_int128 units = row.units;

		if (!segment_int128_scale_up(&units, more) || units != (int64) units)
		{
			SegmentWide wide = segment_wide_from_int128(row.units);

			(void) segment_wide_scale_up(&wide, more);
			append_wide(state, memory, row.day, row.order, wide);
			continue;
		}
		row.units = (int64) units;
		if (state->is_full)
			((LedgerRow *) state->rows)[state->n_rows++] = row;
		else
			((LedgerSlimRow *) state->rows)[state->n_rows++] = ledger_slim_row(row.day, (int32) row.units);
	}
}

void
segment_ledger_state_add(LedgerState *state, const LedgerMemory *memory, DateADT day, uint32 order,
						 const SegmentAmount *amount)
{
	segment_int128 units = amount->units;

	state->has_rows = true;
	if (amount->scale > state->scale)
		raise_scale(state, memory, amount->scale);
	if (!amount->is_wide &&
		(amount->scale == state->scale || segment_int128_scale_up(&units, state->scale - amount->scale)) &&
		units == (int64) units)
		append_row(state, memory, day, order, (int64) units);
	else
	{
		SegmentWide wide = amount->is_wide ? amount->wide : segment_wide_from_int128(amount->units);

		(void) segment_wide_scale_up(&wide, state->scale - amount->scale);
		append_wide(state, memory, day, order, wide);
	}
}

#ifdef USE_ASSERT_CHECKING
const char *
segment_ledger_state_fault(const LedgerState *state)
{
	const LedgerRareParts *rare = state->rare;
	uint32 orders = OidIsValid(state->id_type) ? state->ids.count : 0;

	if (used_by_rows(state) > state->capacity || state->rows_unified > state->n_rows)
		return "There are more rows than there is room for, or fewer than are unified.";
	if (state->scale > SEGMENT_MAX_DECIMALS)
		return "The scale of a state is out of range.";
	for (uint32 i = 0; i < state->n_rows; i++)
		if (ledger_state_row(state, i).order > orders)
			return "A row is of an order that is not there.";
	if (rare == NULL)
		return NULL;
	if (rare->n_wide > rare->wide_capacity || rare->wide_unified > rare->n_wide)
		return "There are more wide rows than there is room for, or fewer than are unified.";
	for (uint32 i = 0; i < rare->n_wide; i++)
		if (rare->wide[i].order > orders)
			return "A wide row is of an order that is not there.";
	for (int i = 0; i < rare->packed.count; i++)
	{
		const char *fault = segment_ledger_fault(rare->packed.ledger[i]);

		if (fault == NULL && i > 0 && VARSIZE(rare->packed.ledger[i]) >= VARSIZE(rare->packed.ledger[i - 1]) / 2)
			fault = "A packed ledger is as large as those before it.";
		if (fault != NULL)
			return fault;
	}
	return NULL;
}
#endif

/* Keeps each id once. */
static void
unify(LedgerState *state, const LedgerMemory *memory, SegmentOrderIdType *id_type)
{
	LedgerRareParts *rare = state->rare;
	uint32 count = state->ids.count;
	uint32 *number_of;

	if (segment_order_ids_are_distinct(&state->ids, id_type))
		return;
	number_of = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(sizeof(uint32), count));
	segment_order_ids_unify(&state->ids, id_type, number_of);
	if (state->ids.count < count)
		make_full(state, memory);
	if (state->is_full)
	{
		LedgerRow *rows = (LedgerRow *) state->rows;

		for (uint32 i = state->rows_unified; i < state->n_rows; i++)
			if (rows[i].order > 0)
				rows[i].order = number_of[rows[i].order - 1] + 1;
		state->rows_unified = state->n_rows;
	}
	if (rare != NULL)
	{
		for (uint32 i = rare->wide_unified; i < rare->n_wide; i++)
			if (rare->wide[i].order > 0)
				rare->wide[i].order = number_of[rare->wide[i].order - 1] + 1;
		rare->wide_unified = rare->n_wide;
	}
	pfree(number_of);
	SEGMENT_CHECK_STATE(segment_ledger_state_fault(state));
}

/* Makes room for this many more bytes of ids. */
static void
reserve_ids(LedgerState *state, const LedgerMemory *memory, Size more, SegmentOrderIdType *id_type)
{
	if (!segment_order_ids_is_small(&state->ids))
		unify(state, memory, id_type);
	segment_order_ids_reserve(&state->ids, more, memory->context, memory->arena);
}

uint32
segment_ledger_state_order(LedgerState *state, const LedgerMemory *memory, SegmentOrderIdType *id_type, Datum id)
{
	if (!segment_order_ids_add(&state->ids, id_type, id))
	{
		reserve_ids(state, memory, segment_order_id_size(id_type, id), id_type);
		(void) segment_order_ids_add(&state->ids, id_type, id);
	}
	return state->ids.count;
}

void
segment_ledger_state_merge(LedgerState *state, const LedgerMemory *memory, const LedgerState *other,
						   SegmentOrderIdType *id_type)
{
	const LedgerRareParts *rare = other->rare;
	SegmentAmount amount;
	uint32 base = 0;

	SEGMENT_CHECK_STATE(segment_ledger_state_fault(state));
	SEGMENT_CHECK_STATE(segment_ledger_state_fault(other));
	if (OidIsValid(other->id_type))
	{
		state->id_type = other->id_type;
		state->collation = other->collation;
		if (state->ids.used + other->ids.used > state->ids.capacity)
			reserve_ids(state, memory, other->ids.used, id_type);
		base = state->ids.count;
		segment_order_ids_append(&state->ids, &other->ids);
	}
	amount.scale = other->scale;
	for (uint32 i = 0; i < other->n_rows; i++)
	{
		LedgerRow row = ledger_state_row(other, i);

		amount.is_wide = false;
		amount.units = row.units;
		segment_ledger_state_add(state, memory, row.day, row.order > 0 ? base + row.order : 0, &amount);
	}
	for (uint32 i = 0; rare != NULL && i < rare->n_wide; i++)
	{
		const LedgerWideRow *row = &rare->wide[i];

		amount.is_wide = true;
		amount.wide = row->units;
		segment_ledger_state_add(state, memory, row->day, row->order > 0 ? base + row->order : 0, &amount);
	}
	for (int i = 0; rare != NULL && i < rare->packed.count; i++)
		segment_ledger_state_add_ledger(state, memory, rare->packed.ledger[i]);
	SEGMENT_CHECK_STATE(segment_ledger_state_fault(state));
}
