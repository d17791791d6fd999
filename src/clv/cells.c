/*
 * cells.c: tables of numbers in which equal rows are one cell with a count.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "clv/cells.h"

#define FIRST_CAPACITY 64

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
	return 4 * state->capacity - 1;
}

static uint32
hash_row(const CellsState *state, const double *row)
{
	return hash_bytes((const unsigned char *) row, state->width * (int) sizeof(double));
}

/* The place of a row in the index: where it is, or a free one. */
static uint32
find_place(const CellsState *state, const double *row)
{
	uint32 mask = index_mask(state);

	for (uint32 at = hash_row(state, row);; at++)
	{
		uint32 slot = state->index[at & mask];

		if (slot == 0 || memcmp(state->numbers + (Size) (slot - 1) * state->width, row,
								state->width * sizeof(double)) == 0)
			return at & mask;
	}
}

static void *
allocate(MemoryContext context, Size element, Size n, int flags)
{
	return MemoryContextAllocExtended(context, mul_size(element, n), MCXT_ALLOC_HUGE | flags);
}

CellsState *
segment_cells_state(const Cells *head)
{
	CellsState *state = palloc0(sizeof(CellsState));

	state->head = *head;
	state->head.n_cells = 0;
	state->width = cells_width(head->kind, head->n_covariates);
	state->capacity = FIRST_CAPACITY;
	state->numbers = allocate(CurrentMemoryContext, sizeof(double), (Size) state->capacity * state->width, 0);
	state->counts = allocate(CurrentMemoryContext, sizeof(int64), state->capacity, 0);
	state->index = allocate(CurrentMemoryContext, sizeof(uint32), (Size) 4 * state->capacity, MCXT_ALLOC_ZERO);
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
	state->numbers = repalloc_huge(state->numbers, mul_size(sizeof(double) * state->width, capacity));
	state->counts = repalloc_huge(state->counts, mul_size(sizeof(int64), capacity));
	pfree(state->index);
	state->capacity = capacity;
	state->index = allocate(context, sizeof(uint32), (Size) 4 * capacity, MCXT_ALLOC_ZERO);
	for (int32 i = 0; i < state->head.n_cells; i++)
		state->index[find_place(state, state->numbers + (Size) i * state->width)] = (uint32) i + 1;
}

void
segment_cells_add(CellsState *state, const double *row, int64 count)
{
	uint32 place = find_place(state, row);

	if (state->index[place] != 0)
	{
		int64 *sum = &state->counts[state->index[place] - 1];

		if (*sum > PG_INT64_MAX / 2 - count)
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("number of customers is out of range"),
							errdetail("A cell holds at most 2^62 customers."), errhint("Check the values that are merged.")));
		*sum += count;
		return;
	}
	if ((uint32) state->head.n_cells == state->capacity)
	{
		grow(state);
		place = find_place(state, row);
	}
	memcpy(state->numbers + (Size) state->head.n_cells * state->width, row, state->width * sizeof(double));
	state->counts[state->head.n_cells] = count;
	state->head.n_cells++;
	state->index[place] = (uint32) state->head.n_cells;
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
	state->head.skipped += Min(other->skipped, PG_INT64_MAX / 2 - Min(state->head.skipped, PG_INT64_MAX / 2));
}

/* Rows by their numbers, in order. */
static int
compare_rows(const void *a, const void *b, void *arg)
{
	const CellsState *state = arg;
	const double *row_a = state->numbers + (Size) *(const uint32 *) a * state->width;
	const double *row_b = state->numbers + (Size) *(const uint32 *) b * state->width;

	for (int i = 0; i < state->width; i++)
		if (row_a[i] != row_b[i])
			return row_a[i] < row_b[i] ? -1 : 1;
	return 0;
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
	order = allocate(CurrentMemoryContext, sizeof(uint32), (Size) n + 1, 0);
	for (int32 i = 0; i < n; i++)
		order[i] = (uint32) i;
	qsort_arg(order, n, sizeof(uint32), compare_rows, unconstify(CellsState *, state));
	cells = palloc0(size);
	*cells = state->head;
	SET_VARSIZE(cells, size);
	number = cells->numbers;
	count = unconstify(int64 *, cells_counts(cells));
	for (int32 i = 0; i < n; i++)
	{
		memcpy(number, state->numbers + (Size) order[i] * state->width, state->width * sizeof(double));
		number += state->width;
		count[i] = state->counts[order[i]];
	}
	pfree(order);
	return cells;
}
