/*
 * coreset_state.c: the coreset in memory: an expanded object that the aggregates change in place. It grows with what
 * it holds, so that a million small groups are cheap, and is bounded.
 */
#include "postgres.h"

#include <math.h>

#include "utils/memutils.h"

#include "core/compat.h"

#include "cluster/cluster.h"
#include "cluster/coreset.h"

#define STATE_MAGIC 0x5e6c0e5e

/* Up to this many points a scan is faster than a hash table, and takes less memory. */
#define SCANNED_POINTS 16

/*
 * Full coresets whose micro-clusters are gathered before they are reduced together: what a leader and few workers have.
 */
#define MERGED_AT_ONCE 4

static Size state_flat_size(ExpandedObjectHeader *header);
static void state_flatten(ExpandedObjectHeader *header, void *result, Size allocated_size);

static const ExpandedObjectMethods state_methods = {state_flat_size, state_flatten};

CoresetState *
segment_coreset_state(MemoryContext parent, SegmentTransform transform, SegmentNulls nulls)
{
	MemoryContext context = AllocSetContextCreate(parent, "segment coreset", ALLOCSET_SMALL_SIZES);
	CoresetState *state = MemoryContextAllocZero(context, sizeof(CoresetState));

	EOH_init_header(&state->header, &state_methods, context);
	state->magic = STATE_MAGIC;
	state->head.version = SEGMENT_CORESET_VERSION;
	state->head.transform = transform;
	state->head.nulls = nulls;
	return state;
}

void
segment_coreset_set_dims(CoresetState *state, int dims)
{
	int j;

	if (state->head.dims == dims)
		return;
	if (state->head.dims != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("feature vectors of different length"),
						errdetail("One has %d features, another %d.", state->head.dims, dims),
						errhint("Pass the same features for every row, and NULL for one that is not known.")));
	state->stats = MemoryContextAlloc(state->header.eoh_context, sizeof(double) * SEGMENT_CORESET_STATS * dims);
	for (j = 0; j < dims; j++)
	{
		state->stats[j] = INFINITY;
		state->stats[dims + j] = -INFINITY;
		state->stats[2 * dims + j] = 0.0;
		state->stats[3 * dims + j] = 0.0;
	}
	state->head.dims = dims;
}

/* Makes room for at least so many rows or micro-clusters of so many doubles. */
static double *
grow(MemoryContext context, double *array, int *room, int needed, int largest, int size)
{
	int grown = *room == 0 ? 4 : *room;

	while (grown < needed)
		grown *= 2;
	if (grown > largest)
		grown = Max(largest, needed);
	*room = grown;
	if (!array)
		return MemoryContextAllocHuge(context, mul_size(mul_size(grown, size), sizeof(double)));
	return repalloc_huge(array, mul_size(mul_size(grown, size), sizeof(double)));
}

/* Makes room for one row more. */
static inline double *
next_row(CoresetState *state)
{
	int size = SEGMENT_ROW_SIZE(state->head.dims);

	if (state->n_rows == state->max_rows)
		state->rows = grow(state->header.eoh_context, state->rows, &state->max_rows, state->n_rows + 1,
						   SEGMENT_GATHERED_ROWS, size);
	return state->rows + (Size) state->n_rows * size;
}

/* Makes room for so many micro-clusters more. */
static double *
next_micros(CoresetState *state, int count)
{
	int size = SEGMENT_MICRO_SIZE(state->head.dims);

	if (state->n_micros + count > state->max_micros)
		state->micros = grow(state->header.eoh_context, state->micros, &state->max_micros, state->n_micros + count,
							 MERGED_AT_ONCE * segment_coreset_micros(state->head.dims), size);
	return state->micros + (Size) state->n_micros * size;
}

/* A hash of the bits of a point. */
static uint32
hash_point(const CoresetState *state, const double *x)
{
	return segment_hash_end(segment_hash_bytes(&state->key, 0, (const char *) x, state->head.dims * sizeof(double)));
}

/* Rehashes all points into a table of a new size. */
static void
rehash(CoresetState *state, uint32 n_slots)
{
	int size = SEGMENT_ROW_SIZE(state->head.dims);
	int i;

	segment_hash_draw(&state->key);
	if (state->slots)
		pfree(state->slots);
	state->slots = MemoryContextAllocZero(state->header.eoh_context, n_slots * sizeof(uint32));
	state->n_slots = n_slots;
	for (i = 0; i < state->n_rows; i++)
	{
		uint32 slot = hash_point(state, state->rows + (Size) i * size) & (n_slots - 1);

		while (state->slots[slot])
			slot = (slot + 1) & (n_slots - 1);
		state->slots[slot] = i + 1;
	}
}

/* Appends a row to the distinct points or gathered rows. */
static inline void
append_row(CoresetState *state, const double *x, double weight)
{
	int dims = state->head.dims;
	double *row = next_row(state);
	int j;

	for (j = 0; j < dims; j++)
		row[j] = x[j];
	row[dims] = weight;
	state->n_rows++;
}

/*
 * Adds weight to a distinct point; false if it is not there and there are already as many as may be. Points are
 * compared by their bits: -0 was made 0, and every NaN is the same.
 */
static bool
add_distinct(CoresetState *state, const double *x, double weight)
{
	int dims = state->head.dims;
	int size = SEGMENT_ROW_SIZE(dims);
	uint32 slot = 0;
	double *row;

	if (state->slots)
	{
		slot = hash_point(state, x) & (state->n_slots - 1);
		for (; state->slots[slot]; slot = (slot + 1) & (state->n_slots - 1))
		{
			row = state->rows + (Size) (state->slots[slot] - 1) * size;
			if (memcmp(row, x, dims * sizeof(double)) == 0)
			{
				row[dims] += weight;
				return true;
			}
		}
	}
	else
	{
		int i;

		for (i = 0, row = state->rows; i < state->n_rows; i++, row += size)
		{
			if (memcmp(row, x, dims * sizeof(double)) == 0)
			{
				row[dims] += weight;
				return true;
			}
		}
	}
	if (state->n_rows == SEGMENT_CORESET_POINTS)
		return false;
	append_row(state, x, weight);
	if (state->slots)
		state->slots[slot] = state->n_rows;
	if (state->n_rows > SCANNED_POINTS && (uint32) state->n_rows * 2 > state->n_slots)
		rehash(state, Max(state->n_slots * 2, 64));
	return true;
}

/* Adds a row that was checked: to the distinct points, or to those gathered for the next reduction. */
static void
add_checked(CoresetState *state, const double *x, double weight)
{
	if (state->head.mode == SEGMENT_CORESET_DISTINCT)
	{
		if (add_distinct(state, x, weight))
			return;
		segment_coreset_leave_distinct(state);
	}
	segment_coreset_make_room(state);
	append_row(state, x, weight);
}

/* Adds to the total weight. */
static void
add_weight(CoresetState *state, double weight, int64 rows)
{
	if (state->head.weight + weight >= SEGMENT_MAX_WEIGHT)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too much weight for a coreset"),
						errdetail("The total weight must stay below %.0f.", SEGMENT_MAX_WEIGHT),
						errhint("Scale the weights down.")));
	state->head.weight += weight;
	state->head.rows += rows;
}

void
segment_coreset_add_row(CoresetState *state, double *x, double weight)
{
	int dims = state->head.dims;
	double *least = state->stats;
	double *greatest = state->stats + dims;
	int nulls = 0;
	int j;

	for (j = 0; j < dims; j++)
	{
		if (unlikely(isnan(x[j])))
		{
			x[j] = NAN;
			nulls++;
		}
		else if (unlikely(fabs(x[j]) > SEGMENT_MAX_RAW_FEATURE) && state->head.transform == SEGMENT_TRANSFORM_NONE)
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("feature is out of range"),
							errdetail("Feature %d is %g; without a transform its magnitude may be %g at most.", j + 1,
									  x[j], SEGMENT_MAX_RAW_FEATURE),
							errhint("Pass transform log.")));
	}
	if (unlikely(nulls > 0))
	{
		if (state->head.nulls == SEGMENT_NULLS_ERROR)
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("feature is NULL"),
							errdetail("%d of the %d features are NULL, and nulls is error.", nulls, dims),
							errhint("Pass nulls skip or mean.")));
		for (j = 0; j < dims; j++)
			if (isnan(x[j]))
				state->stats[3 * dims + j] += 1.0;
		if (state->head.nulls == SEGMENT_NULLS_SKIP)
		{
			state->head.skipped++;
			return;
		}
	}
	if (weight == 0.0)
		return;
	add_weight(state, weight, 1);
	for (j = 0; j < dims; j++)
	{
		least[j] = x[j] < least[j] ? x[j] : least[j];
		greatest[j] = x[j] > greatest[j] ? x[j] : greatest[j];
	}
	add_checked(state, x, weight);
}

#ifdef USE_ASSERT_CHECKING
const char *
segment_coreset_state_fault(const CoresetState *state)
{
	int dims = state->head.dims;
	double weight = 0.0;
	uint32 taken = 0;

	if (state->magic != STATE_MAGIC || state->n_rows > state->max_rows || state->n_micros > state->max_micros ||
		state->n_waiting > state->n_rows)
		return "There are more rows or micro-clusters than there is room for.";
	if (state->head.mode == SEGMENT_CORESET_DISTINCT && (state->n_micros > 0 || state->n_rows > SEGMENT_CORESET_POINTS))
		return "There are micro-clusters beside distinct points, or too many of these.";
	if (!segment_micros_sound(dims, state->micros, state->n_micros))
		return "A micro-cluster is not what points can have.";
	for (int i = 0; i < state->n_rows; i++)
		weight += state->rows[(Size) i * SEGMENT_ROW_SIZE(dims) + dims];
	for (int i = 0; i < state->n_micros; i++)
		weight += state->micros[(Size) i * SEGMENT_MICRO_SIZE(dims)];
	/* Weights are multiples of a unit, so their sums are exact. */
	if (weight != state->head.weight)
		return "The weights do not add up to the total.";
	for (uint32 i = 0; i < state->n_slots; i++)
		taken += state->slots[i] != 0;
	for (int i = 0; i < state->n_rows && state->n_slots > 0; i++)
	{
		uint32 slot = hash_point(state, state->rows + (Size) i * SEGMENT_ROW_SIZE(dims)) & (state->n_slots - 1);

		while (state->slots[slot] != 0 && state->slots[slot] != (uint32) i + 1)
			slot = (slot + 1) & (state->n_slots - 1);
		if (state->slots[slot] == 0)
			return "A point is not found by its hash.";
	}
	return state->n_slots > 0 && taken != (uint32) state->n_rows ? "There are more slots than points." : NULL;
}
#endif

/* Merges the feature statistics of another coreset, without its items. */
static void
merge_stats(CoresetState *state, const Coreset *other)
{
	int dims = other->dims;
	int j;

	for (j = 0; j < dims; j++)
	{
		double *mine = state->stats + j;
		const double *theirs = other->data + j;

		if (theirs[0] < mine[0])
			mine[0] = theirs[0];
		if (theirs[dims] > mine[dims])
			mine[dims] = theirs[dims];
		if (theirs[2 * dims] > 0.0 && (mine[2 * dims] == 0.0 || theirs[2 * dims] < mine[2 * dims]))
			mine[2 * dims] = theirs[2 * dims];
		mine[3 * dims] += theirs[3 * dims];
	}
}

/* Stops unless a state and a coreset were made with the same options. */
static void
check_alike(const CoresetState *state, const Coreset *other)
{
	if (state->head.transform != other->transform || state->head.nulls != other->nulls)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("coresets made with different options"),
				 errdetail("One has transform %s and nulls %s, another %s and %s.",
						   segment_transform_option.words[state->head.transform],
						   segment_nulls_option.words[state->head.nulls],
						   segment_transform_option.words[other->transform], segment_nulls_option.words[other->nulls]),
				 errhint("Merge coresets that were made with the same options.")));
	if (state->head.fit_k != other->fit_k)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("different numbers of clusters"),
						errdetail("One is %d, another %d.", state->head.fit_k, other->fit_k),
						errhint("Pass the same k for every row.")));
}

void
segment_coreset_merge(CoresetState *state, const Coreset *other)
{
	const double *item = segment_coreset_items(other);
	int size = segment_coreset_item_size(other->mode, other->dims);
	int i;

	check_alike(state, other);
	state->head.skipped += other->skipped;
	if (other->dims == 0)
		return;
	segment_coreset_set_dims(state, other->dims);
	add_weight(state, other->weight, other->rows);
	if (other->mode == SEGMENT_CORESET_COMPRESSED)
	{
		int most = segment_coreset_micros(other->dims);

		if (state->head.mode == SEGMENT_CORESET_DISTINCT)
			segment_coreset_leave_distinct(state);
		if (state->n_micros + other->items > MERGED_AT_ONCE * most)
			segment_coreset_reduce(state, most);
		memcpy(next_micros(state, other->items), item, (Size) other->items * size * sizeof(double));
		state->n_micros += other->items;
	}
	merge_stats(state, other);
	if (other->mode == SEGMENT_CORESET_DISTINCT)
		for (i = 0; i < other->items; i++, item += size)
			add_checked(state, item, item[other->dims]);
	SEGMENT_CHECK_STATE(segment_coreset_state_fault(state));
}

/* Copies a stored coreset into a state. */
static CoresetState *
expand(const Coreset *stored, MemoryContext parent)
{
	CoresetState *state = segment_coreset_state(parent, stored->transform, stored->nulls);

	state->head.fit_k = stored->fit_k;
	segment_coreset_merge(state, stored);
	return state;
}

CoresetState *
segment_coreset_state_of(Datum datum, MemoryContext parent)
{
	if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(datum)))
	{
		CoresetState *state = (CoresetState *) DatumGetEOHP(datum);

		Assert(state->magic == STATE_MAGIC);
		return state;
	}
	return expand(DatumGetCoreset(datum), parent);
}

Size
segment_coreset_size(SegmentCoresetMode mode, int dims, int items)
{
	return offsetof(Coreset, data) + sizeof(double) * ((Size) SEGMENT_CORESET_STATS * dims +
													   (Size) items * segment_coreset_item_size(mode, dims));
}

/*
 * Size of the stored form. A compressed state is brought into its stored shape first, so that all readers agree. Works
 * in the object's own context: a sort's context can't free single chunks from 17 on.
 */
static Size
state_flat_size(ExpandedObjectHeader *header)
{
	CoresetState *state = (CoresetState *) header;
	MemoryContext before;

	SEGMENT_CHECK_STATE(segment_coreset_state_fault(state));
	if (state->head.mode == SEGMENT_CORESET_DISTINCT)
		return segment_coreset_size(SEGMENT_CORESET_DISTINCT, state->head.dims, state->n_rows);
	before = MemoryContextSwitchTo(header->eoh_context);
	segment_coreset_compress(state, segment_coreset_micros(state->head.dims));
	MemoryContextSwitchTo(before);
	return segment_coreset_size(SEGMENT_CORESET_COMPRESSED, state->head.dims, state->n_micros);
}

/* Orders rows by their coordinates, NULL last. arg: the number of features. */
static int
compare_rows(const void *a, const void *b, void *arg)
{
	const double *x = *(const double *const *) a;
	const double *y = *(const double *const *) b;
	int dims = *(const int *) arg;
	int j;

	for (j = 0; j < dims; j++)
	{
		if (x[j] < y[j] || (isnan(y[j]) && !isnan(x[j])))
			return -1;
		if (x[j] > y[j] || (isnan(x[j]) && !isnan(y[j])))
			return 1;
	}
	return 0;
}

/* Writes the stored form. */
static void
state_flatten(ExpandedObjectHeader *header, void *result, Size allocated_size)
{
	CoresetState *state = (CoresetState *) header;
	Coreset *stored = result;
	int dims = state->head.dims;
	double *item;
	const double **order;
	int i;

	memcpy(stored, &state->head, offsetof(Coreset, data));
	SET_VARSIZE(stored, allocated_size);
	if (dims > 0)
		memcpy(stored->data, state->stats, sizeof(double) * SEGMENT_CORESET_STATS * dims);
	item = stored->data + SEGMENT_CORESET_STATS * dims;
	if (state->head.mode == SEGMENT_CORESET_COMPRESSED)
	{
		stored->items = state->n_micros;
		memcpy(item, state->micros, sizeof(double) * (Size) state->n_micros * SEGMENT_MICRO_SIZE(dims));
		SEGMENT_CHECK_STATE(segment_coreset_fault(stored));
		return;
	}
	stored->items = state->n_rows;
	order = MemoryContextAlloc(header->eoh_context, mul_size(sizeof(*order), Max(state->n_rows, 1)));
	for (i = 0; i < state->n_rows; i++)
		order[i] = state->rows + (Size) i * SEGMENT_ROW_SIZE(dims);
	qsort_arg(order, state->n_rows, sizeof(double *), compare_rows, &dims);
	for (i = 0; i < state->n_rows; i++, item += SEGMENT_ROW_SIZE(dims))
		memcpy(item, order[i], SEGMENT_ROW_SIZE(dims) * sizeof(double));
	pfree(order);
	SEGMENT_CHECK_STATE(segment_coreset_fault(stored));
}
