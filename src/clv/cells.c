/*
 * cells.c: tables of numbers in which equal rows are one cell with a count.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "clv/cells.h"
#include "math/btyd_fit.h"

#define FIRST_CAPACITY 64

/* btyd with the most covariates is the widest. */
#define CELLS_MAX_WIDTH (3 + SEGMENT_BTYD_MAX_COVARIATES)

#define SIGN_BIT (UINT64CONST(1) << 63)
#define RADIX_BITS 11
#define RADIX (1 << RADIX_BITS)

int64
segment_cells_customers(const Cells *cells)
{
	const int64 *counts = cells_counts(cells);
	int64 sum = 0;

	for (int32 i = 0; i < cells->n_cells; i++)
		sum += counts[i];
	return sum;
}

static uint32
index_mask(const CellsState *state)
{
	return 2 * state->capacity - 1;
}

static uint64 *
state_row(const CellsState *state, uint32 i)
{
	return state->rows + (Size) i * (state->width + 1);
}

/* Whole numbers differ in the high bits only: each is multiplied, and the high half folded down. */
static uint32
hash_row(const CellsState *state, const uint64 *row)
{
	uint64 hash = 0;

	for (int i = 0; i < state->width; i++)
	{
		hash = (hash ^ row[i]) * UINT64CONST(0x9E3779B97F4A7C15);
		hash ^= hash >> 32;
	}
	return (uint32) hash;
}

static bool
is_same_row(const uint64 *a, const uint64 *b, int width)
{
	uint64 differ = 0;

	for (int i = 0; i < width; i++)
		differ |= a[i] ^ b[i];
	return differ == 0;
}

/* The place of a row in the index: where it is, or a free one. */
static uint32
find_place(const CellsState *state, const uint64 *row)
{
	uint32 mask = index_mask(state);

	for (uint32 at = hash_row(state, row);; at++)
	{
		uint32 slot = state->index[at & mask];

		if (slot == 0 || is_same_row(state_row(state, slot - 1), row, state->width))
			return at & mask;
	}
}

static void *
allocate(MemoryContext context, Size element, Size n, int flags)
{
	return MemoryContextAllocExtended(context, mul_size(element, n), MCXT_ALLOC_HUGE | flags);
}

static Size
row_size(const CellsState *state)
{
	return (state->width + 1) * sizeof(uint64);
}

CellsState *
segment_cells_state(const Cells *head)
{
	CellsState *state = palloc0(sizeof(CellsState));

	state->head = *head;
	state->head.n_cells = 0;
	state->width = cells_width(head->kind, head->n_covariates);
	state->capacity = FIRST_CAPACITY;
	state->rows = allocate(CurrentMemoryContext, row_size(state), state->capacity, 0);
	state->index = allocate(CurrentMemoryContext, sizeof(uint32), (Size) 2 * state->capacity, MCXT_ALLOC_ZERO);
	return state;
}

/* Bytes of a value with so many cells. */
static Size
value_size(const Cells *head, Size n_cells)
{
	Size width = cells_width(head->kind, head->n_covariates);

	return add_size(offsetof(Cells, numbers), mul_size(n_cells, (width + 1) * sizeof(double)));
}

/* Doubles the room; what is in it must end up in one value, which has at most a gigabyte. */
static void
grow(CellsState *state)
{
	MemoryContext context = GetMemoryChunkContext(state);
	uint32 capacity = 2 * state->capacity;

	if (value_size(&state->head, state->head.n_cells) > MaxAllocSize)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many different customer histories"),
						errdetail("%d cells do not fit a value of one gigabyte.", state->head.n_cells),
						errhint("Group by market or cohort and fit each, take a sample of the customers, or round "
								"covariates.")));
	state->rows = repalloc_huge(state->rows, mul_size(row_size(state), capacity));
	pfree(state->index);
	state->capacity = capacity;
	state->index = allocate(context, sizeof(uint32), (Size) 2 * capacity, MCXT_ALLOC_ZERO);
	for (uint32 i = 0; i < (uint32) state->head.n_cells; i++)
		state->index[find_place(state, state_row(state, i))] = i + 1;
}

static void
add_bits(CellsState *state, const uint64 *bits, int64 count)
{
	uint32 place = find_place(state, bits);
	uint64 *row;

	if (state->index[place] != 0)
	{
		row = state_row(state, state->index[place] - 1);
		if ((int64) row[state->width] > PG_INT64_MAX / 2 - count)
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("number of customers is out of range"),
							errdetail("A cell holds at most 2^62 customers."), errhint("Check the values that are merged.")));
		row[state->width] += (uint64) count;
		return;
	}
	if ((uint32) state->head.n_cells == state->capacity)
	{
		grow(state);
		place = find_place(state, bits);
	}
	row = state_row(state, (uint32) state->head.n_cells);
	memcpy(row, bits, state->width * sizeof(uint64));
	row[state->width] = (uint64) count;
	state->head.n_cells++;
	state->index[place] = (uint32) state->head.n_cells;
}

void
segment_cells_add(CellsState *state, const double *row, int64 count)
{
	uint64 bits[CELLS_MAX_WIDTH];

	memcpy(bits, row, state->width * sizeof(uint64));
	add_bits(state, bits, count);
}

static void
add_skipped(CellsState *state, int64 skipped)
{
	state->head.skipped += Min(skipped, PG_INT64_MAX / 2 - Min(state->head.skipped, PG_INT64_MAX / 2));
}

void
segment_cells_merge_state(CellsState *state, const CellsState *other)
{
	for (uint32 i = 0; i < (uint32) other->head.n_cells; i++)
	{
		const uint64 *row = state_row(other, i);

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		add_bits(state, row, (int64) row[other->width]);
	}
	add_skipped(state, other->head.skipped);
}

void
segment_cells_check_alike(const Cells *a, const Cells *b)
{
	if (a->unit != b->unit)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("units of time differ"),
						errdetail("One is %g days, the other %g days.", a->unit, b->unit),
						errhint("Make all summaries with the same unit, for example '1 week'.")));
	if (a->horizon != b->horizon)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("hold-out periods differ"),
						errdetail("One is %g units long, the other %g.", a->horizon, b->horizon),
						errhint("Make all parts with the same dates.")));
	if (a->n_covariates != b->n_covariates)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("numbers of covariates differ"),
						errdetail("One customer has %d, another %d.", a->n_covariates, b->n_covariates),
						errhint("Give every customer the same covariates in the same order.")));
	if (a->with_first != b->with_first)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("spend with and without first purchases can't be mixed"),
						errdetail("One part includes them, the other does not."),
						errhint("Make all parts with the same include_first.")));
}

void
segment_cells_merge(CellsState *state, const Cells *other)
{
	const int64 *counts = cells_counts(other);

	segment_cells_check_alike(&state->head, other);
	for (int32 i = 0; i < other->n_cells; i++)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		segment_cells_add(state, cells_row(other, i), counts[i]);
	}
	add_skipped(state, other->skipped);
}

/* A double's bits as an unsigned number of the same order. */
static uint64
sort_key(uint64 bits)
{
	return bits & SIGN_BIT ? ~bits : bits | SIGN_BIT;
}

/*
 * Rows in the order of their numbers: by radix from the last number's low bits on, in digits of 11 bits counted from
 * the top, as whole numbers differ in the top ones only. A digit in which all rows are equal is passed over.
 */
static uint32 *
sorted_order(const CellsState *state)
{
	uint32 n = (uint32) state->head.n_cells;
	uint32 *order = allocate(CurrentMemoryContext, sizeof(uint32), (Size) n + 1, 0);
	uint32 *other = allocate(CurrentMemoryContext, sizeof(uint32), (Size) n + 1, 0);
	uint32 *starts = palloc(RADIX * sizeof(uint32));

	for (uint32 i = 0; i < n; i++)
		order[i] = i;
	for (int column = state->width - 1; column >= 0; column--)
	{
		uint64 differ = 0;

		for (uint32 i = 1; i < n; i++)
			differ |= sort_key(state_row(state, i)[column]) ^ sort_key(state_row(state, 0)[column]);
		for (int shift = 64 % RADIX_BITS - RADIX_BITS; shift < 64; shift += RADIX_BITS)
		{
			int low = Max(shift, 0);
			uint64 mask = (UINT64CONST(1) << (shift + RADIX_BITS - low)) - 1;
			uint32 sum = 0;
			uint32 *swap;

			if ((differ >> low & mask) == 0)
				continue;
			CHECK_FOR_INTERRUPTS();
			memset(starts, 0, RADIX * sizeof(uint32));
			for (uint32 i = 0; i < n; i++)
				starts[sort_key(state_row(state, i)[column]) >> low & mask]++;
			for (uint32 digit = 0; digit <= mask; digit++)
			{
				uint32 count = starts[digit];

				starts[digit] = sum;
				sum += count;
			}
			for (uint32 i = 0; i < n; i++)
				other[starts[sort_key(state_row(state, order[i])[column]) >> low & mask]++] = order[i];
			swap = order;
			order = other;
			other = swap;
		}
	}
	pfree(starts);
	pfree(other);
	return order;
}

Cells *
segment_cells_finish(const CellsState *state)
{
	int32 n = state->head.n_cells;
	Size size = value_size(&state->head, n);
	uint32 *order;
	Cells *cells;
	double *number;
	int64 *count;

	if (size > MaxAllocSize)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many different customer histories"),
						errdetail("%d cells do not fit a value of one gigabyte.", n),
						errhint("Group by market or cohort and fit each, take a sample of the customers, or round "
								"covariates.")));
	order = sorted_order(state);
	cells = palloc0(size);
	*cells = state->head;
	SET_VARSIZE(cells, size);
	number = cells->numbers;
	count = unconstify(int64 *, cells_counts(cells));
	for (int32 i = 0; i < n; i++)
	{
		const uint64 *row = state_row(state, order[i]);

		memcpy(number, row, state->width * sizeof(double));
		number += state->width;
		count[i] = (int64) row[state->width];
	}
	pfree(order);
	return cells;
}
