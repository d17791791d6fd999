/*
 * tally.c: tables of numbers in which equal rows are kept once, with a count.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "executor/nodeHash.h"
#include "utils/memutils.h"

#include "clv/tally.h"
#include "core/memory.h"

#define FIRST_CAPACITY 64

/* Rows that are kept in memory whatever the limit. */
#define LEAST_IN_MEMORY 1024

#define SIGN_BIT (UINT64CONST(1) << 63)
#define RADIX_BITS 11
#define RADIX (1 << RADIX_BITS)

int64
segment_tally_customers(const Tally *tally)
{
	const int64 *counts = tally_counts(tally);
	int64 sum = 0;

	for (int32 i = 0; i < tally->n_rows; i++)
		sum += counts[i];
	return sum;
}

static uint32
index_mask(const TallyState *state)
{
	return 2 * state->capacity - 1;
}

static uint32
hash_row(const TallyState *state, const uint64 *row)
{
	return segment_hash_end(segment_hash_bytes(&state->key, 0, (const char *) row, state->width * sizeof(uint64)));
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
find_place(const TallyState *state, const uint64 *row)
{
	uint32 mask = index_mask(state);

	for (uint32 at = hash_row(state, row);; at++)
	{
		uint32 slot = state->index[at & mask];

		if (slot == 0 || is_same_row(segment_tally_state_row(state, slot - 1), row, state->width))
			return at & mask;
	}
}

static void *
allocate(MemoryContext context, Size element, Size n, int flags)
{
	return MemoryContextAllocExtended(context, mul_size(element, n), MCXT_ALLOC_HUGE | flags);
}

#ifdef USE_ASSERT_CHECKING
/* What is wrong with the rows in memory and their index; NULL if nothing is. */
static const char *
find_fault(const TallyState *state)
{
	uint32 n_rows = (uint32) state->head.n_rows;
	uint32 taken = 0;

	if (n_rows > state->capacity)
		return "There are more rows than there is room for.";
	for (Size i = 0; i < (Size) 2 * state->capacity; i++)
		taken += state->index[i] != 0;
	if (taken != n_rows)
		return "The index does not have as many places as there are rows.";
	for (uint32 i = 0; i < n_rows; i++)
	{
		const uint64 *row = segment_tally_state_row(state, i);

		if (state->index[find_place(state, row)] != i + 1)
			return "The index leads to another row, or there are two of a kind.";
		if ((int64) row[state->width] <= 0)
			return "A count is not positive.";
	}
	return NULL;
}
#endif

/* The sum; 22003 where it leaves its range. */
static int64
add_counts(int64 a, int64 b)
{
	if (a > PG_INT64_MAX / 2 - b)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("number of customers is out of range"),
				 errdetail("A history holds at most 2^62 customers."), errhint("Check the values that are merged.")));
	return a + b;
}

/* A double's bits as an unsigned number of the same order. */
static uint64
sort_key(uint64 bits)
{
	return bits & SIGN_BIT ? ~bits : bits | SIGN_BIT;
}

/* Three-way comparison of rows by their numbers. */
static int
compare_rows(const uint64 *a, const uint64 *b, int width)
{
	for (int i = 0; i < width; i++)
		if (a[i] != b[i])
			return sort_key(a[i]) < sort_key(b[i]) ? -1 : 1;
	return 0;
}

/*
 * Rows in the order of their numbers: by radix from the last number's low bits on, in digits of 11 bits counted from
 * the top, as whole numbers differ in the top ones only. A digit in which all rows are equal is passed over.
 */
static uint32 *
sorted_order(const TallyState *state)
{
	uint32 n = (uint32) state->head.n_rows;
	uint32 *order = allocate(CurrentMemoryContext, sizeof(uint32), (Size) n + 1, 0);
	uint32 *other = allocate(CurrentMemoryContext, sizeof(uint32), (Size) n + 1, 0);
	uint32 *starts = palloc(RADIX * sizeof(uint32));

	for (uint32 i = 0; i < n; i++)
		order[i] = i;
	for (int column = state->width - 1; column >= 0; column--)
	{
		uint64 differ = 0;

		for (uint32 i = 1; i < n; i++)
			differ |= sort_key(segment_tally_state_row(state, i)[column]) ^
					  sort_key(segment_tally_state_row(state, 0)[column]);
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
				starts[sort_key(segment_tally_state_row(state, i)[column]) >> low & mask]++;
			for (uint32 digit = 0; digit <= mask; digit++)
			{
				uint32 count = starts[digit];

				starts[digit] = sum;
				sum += count;
			}
			for (uint32 i = 0; i < n; i++)
				other[starts[sort_key(segment_tally_state_row(state, order[i])[column]) >> low & mask]++] = order[i];
			swap = order;
			order = other;
			other = swap;
		}
	}
	pfree(starts);
	pfree(other);
	return order;
}

static int
compare_records(const void *a, const void *b, Size size)
{
	return compare_rows(a, b, (int) (size / sizeof(uint64)) - 1);
}

static void
combine_records(void *record, const void *equal, Size size)
{
	Size count = size / sizeof(uint64) - 1;
	uint64 *row = record;

	row[count] = (uint64) add_counts((int64) row[count], (int64) ((const uint64 *) equal)[count]);
}

static const SegmentRecord tally_record = {"customer histories", compare_records, combine_records};

/* Reads all rows, in files and in memory, in order; order is that of the rows in memory. */
static SegmentMerge *
merge_all(const TallyState *state, const uint32 *order)
{
	return segment_merge_start(&state->runs, &(SegmentSorted) {state->rows, order, state->head.n_rows});
}

TallyState *
segment_tally_state(const Tally *head)
{
	TallyState *state = palloc0(sizeof(TallyState));

	segment_hash_draw(&state->key);
	state->head = *head;
	state->head.n_rows = 0;
	state->width = tally_width(head->kind, head->n_covariates);
	state->capacity = FIRST_CAPACITY;
	state->rows = allocate(CurrentMemoryContext, segment_tally_row_size(state), state->capacity, 0);
	state->index = allocate(CurrentMemoryContext, sizeof(uint32), (Size) 2 * state->capacity, MCXT_ALLOC_ZERO);
	segment_runs_init(&state->runs, &tally_record, segment_tally_row_size(state), CurrentMemoryContext);
	return state;
}

/* Bytes of a value with so many histories. */
static Size
value_size(const Tally *head, Size n_rows)
{
	Size width = tally_width(head->kind, head->n_covariates);

	return add_size(sizeof(Tally), mul_size(n_rows, (width + 1) * sizeof(double)));
}

/* The same; 54000 beyond what a value can have. */
static Size
checked_value_size(const Tally *head, Size n_rows)
{
	Size size = value_size(head, n_rows);

	segment_check_value_size("the table of customer histories", size,
							 "Group by market or cohort and fit each, take a sample of the customers, or round "
							 "covariates.");
	return size;
}

/* Makes room: twice as much, or, beyond the memory limit, in a file. */
static void
grow(TallyState *state)
{
	MemoryContext context = GetMemoryChunkContext(state);
	uint32 capacity = 2 * state->capacity;

	if (state->may_spill && capacity > LEAST_IN_MEMORY &&
		(segment_tally_row_size(state) + 2 * sizeof(uint32)) * capacity > get_hash_memory_limit())
	{
		uint32 *order = sorted_order(state);

		segment_runs_write(&state->runs, &(SegmentSorted) {state->rows, order, state->head.n_rows});
		pfree(order);
		state->head.n_rows = 0;
		memset(state->index, 0, (Size) 2 * state->capacity * sizeof(uint32));
		return;
	}
	/* What is in memory must end up in one value, which has at most a gigabyte. */
	checked_value_size(&state->head, state->head.n_rows);
	state->rows = repalloc_huge(state->rows, mul_size(segment_tally_row_size(state), capacity));
	pfree(state->index);
	state->capacity = capacity;
	state->index = allocate(context, sizeof(uint32), (Size) 2 * capacity, MCXT_ALLOC_ZERO);
	for (uint32 i = 0; i < (uint32) state->head.n_rows; i++)
		state->index[find_place(state, segment_tally_state_row(state, i))] = i + 1;
}

static void
add_bits(TallyState *state, const uint64 *bits, int64 count)
{
	uint32 place = find_place(state, bits);
	uint64 *row;

	if (state->index[place] != 0)
	{
		row = segment_tally_state_row(state, state->index[place] - 1);
		row[state->width] = (uint64) add_counts((int64) row[state->width], count);
		return;
	}
	if ((uint32) state->head.n_rows == state->capacity)
	{
		grow(state);
		place = find_place(state, bits);
	}
	row = segment_tally_state_row(state, (uint32) state->head.n_rows);
	memcpy(row, bits, state->width * sizeof(uint64));
	row[state->width] = (uint64) count;
	state->head.n_rows++;
	state->index[place] = (uint32) state->head.n_rows;
}

void
segment_tally_add(TallyState *state, const double *row, int64 count)
{
	uint64 bits[TALLY_MAX_WIDTH];

	memcpy(bits, row, state->width * sizeof(uint64));
	add_bits(state, bits, count);
}

static void
add_skipped(TallyState *state, int64 skipped)
{
	state->head.skipped += Min(skipped, PG_INT64_MAX / 2 - Min(state->head.skipped, PG_INT64_MAX / 2));
}

void
segment_tally_merge_state(TallyState *state, const TallyState *other)
{
	uint64 row[TALLY_MAX_WIDTH + 1];

	SEGMENT_CHECK_STATE(find_fault(other));
	for (uint32 i = 0; i < (uint32) other->head.n_rows && other->runs.n_runs == 0; i++)
	{
		const uint64 *in_memory = segment_tally_state_row(other, i);

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		add_bits(state, in_memory, (int64) in_memory[other->width]);
	}
	if (other->runs.n_runs > 0)
	{
		uint32 *order = sorted_order(other);
		SegmentMerge *merge = merge_all(other, order);

		while (segment_merge_next(merge, row))
			add_bits(state, row, (int64) row[other->width]);
		segment_merge_end(merge);
		pfree(order);
	}
	add_skipped(state, other->head.skipped);
}

void
segment_tally_check_alike(const Tally *a, const Tally *b)
{
	if (a->unit != b->unit)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("units of time differ"),
						errdetail("The unit in days is %g in one, %g in the other.", a->unit, b->unit),
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
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("spend with and without first purchases cannot be mixed"),
						errdetail("One part includes them, the other does not."),
						errhint("Make all parts with the same include_first.")));
}

void
segment_tally_merge(TallyState *state, const Tally *other)
{
	const int64 *counts = tally_counts(other);

	segment_tally_check_alike(&state->head, other);
	for (int32 i = 0; i < other->n_rows; i++)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		segment_tally_add(state, tally_row(other, i), counts[i]);
	}
	add_skipped(state, other->skipped);
}

/* A value with room for so many histories. */
static Tally *
new_value(const TallyState *state, Size n_rows)
{
	Size size = checked_value_size(&state->head, n_rows);
	Tally *tally = palloc0(size);

	*tally = state->head;
	tally->n_rows = (int32) n_rows;
	SET_VARSIZE(tally, size);
	return tally;
}

static void
set_row(Tally *tally, Size i, const uint64 *row, int width)
{
	memcpy(tally_numbers(tally) + i * width, row, width * sizeof(double));
	unconstify(int64 *, tally_counts(tally))[i] = (int64) row[width];
}

/* With files: counts the histories first, because the value is allocated at once. */
static Tally *
finish_runs(const TallyState *state)
{
	uint64 row[TALLY_MAX_WIDTH + 1];
	uint32 *order = sorted_order(state);
	SegmentMerge *merge = merge_all(state, order);
	Size n = 0;
	Tally *tally;

	while (segment_merge_next(merge, row))
		if ((n++ & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	tally = new_value(state, n);
	segment_merge_rewind(merge);
	for (Size i = 0; i < n && segment_merge_next(merge, row); i++)
		set_row(tally, i, row, state->width);
	segment_merge_end(merge);
	pfree(order);
	return tally;
}

Tally *
segment_tally_finish(const TallyState *state)
{
	uint32 *order;
	Tally *tally;

	SEGMENT_CHECK_STATE(find_fault(state));
	if (state->runs.n_runs > 0)
		return SEGMENT_CHECKED(Tally, finish_runs(state), segment_tally_fault);
	tally = new_value(state, state->head.n_rows);
	order = sorted_order(state);
	for (int32 i = 0; i < tally->n_rows; i++)
		set_row(tally, i, segment_tally_state_row(state, order[i]), state->width);
	pfree(order);
	return SEGMENT_CHECKED(Tally, tally, segment_tally_fault);
}
