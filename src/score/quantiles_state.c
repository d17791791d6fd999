/*
 * quantiles_state.c: the growing multiset behind quantiles_agg and the cut point aggregates.
 *
 * Values are appended, and sorted with equal ones added up when the array is full; it grows only while that leaves it
 * more than half full, so a column with few distinct values stays small. Beyond the memory limit the sorted entries
 * become a run in a temporary file (core/runs.h).
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"

#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "executor/executor.h"
#include "executor/nodeHash.h"
#include "utils/memutils.h"

#include "score/quantiles.h"

#define INITIAL_CAPACITY 16

/* Entries that are kept in memory whatever the limit. */
#define SMALLEST_LIMIT 1024

static int
compare_entries(const void *a, const void *b, Size size)
{
	double left = ((const SegmentWeighted *) a)->value;
	double right = ((const SegmentWeighted *) b)->value;

	(void) size;
	return left < right ? -1 : left > right;
}

static void
combine_entries(void *entry, const void *equal, Size size)
{
	(void) size;
	((SegmentWeighted *) entry)->count += ((const SegmentWeighted *) equal)->count;
}

static const SegmentRecord entry_record = {"quantiles", compare_entries, combine_entries};

void
segment_quantiles_state_init(QuantilesState *state, MemoryContext context, bool may_spill)
{
	memset(state, 0, sizeof(QuantilesState));
	state->context = context;
	state->may_spill = may_spill;
	state->capacity = INITIAL_CAPACITY;
	state->entries = MemoryContextAlloc(context, INITIAL_CAPACITY * sizeof(SegmentWeighted));
	segment_runs_init(&state->runs, &entry_record, sizeof(SegmentWeighted), context);
}

void
segment_quantiles_check(double value)
{
	if (isnan(value) || isinf(value))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("value is out of range for quantiles"),
						errdetail("The value is %g; accepted are finite numbers.", value),
						errhint("Filter such values, or replace them.")));
}

/* Entries that fit the memory limit; half of it is reserved for sorting. */
static Size
entry_limit(void)
{
	return Max(get_hash_memory_limit() / (2 * sizeof(SegmentWeighted)), SMALLEST_LIMIT);
}

/* Sorts all entries in memory. */
static void
compact(QuantilesState *state)
{
	SegmentWeighted *scratch;
	Size tail;

	if (state->sorted == state->used)
		return;
	scratch = MemoryContextAllocHuge(state->context, mul_size(state->used, sizeof(SegmentWeighted)));
	tail =
		segment_weighted_sort(state->entries + state->sorted, state->used - state->sorted, scratch, segment_score_poll);
	if (state->sorted == 0)
		state->used = tail;
	else
	{
		state->used = segment_weighted_merge(state->entries, state->sorted, state->entries + state->sorted, tail,
											 scratch, segment_score_poll);
		memcpy(state->entries, scratch, state->used * sizeof(SegmentWeighted));
	}
	state->sorted = state->used;
	pfree(scratch);
}

/* --- runs --------------------------------------------------------------------------------------- */

typedef struct StateSource
{
	SegmentSource source;
	SegmentMerge *merge;
} StateSource;

static void
state_rewind(SegmentSource *source)
{
	segment_merge_rewind(((StateSource *) source)->merge);
}

static bool
state_next(SegmentSource *source, SegmentWeighted *entry)
{
	return segment_merge_next(((StateSource *) source)->merge, entry);
}

SegmentSource *
segment_quantiles_state_source(QuantilesState *state)
{
	StateSource *source = palloc0(sizeof(StateSource));

	compact(state);
	source->merge = segment_merge_start(&state->runs, &(SegmentSorted) {state->entries, NULL, state->used});
	source->source.rewind = state_rewind;
	source->source.next = state_next;
	source->source.distinct = segment_merge_records(source->merge);
	source->source.total = state->total;
	source->source.lowest = state->lowest;
	source->source.highest = state->highest;
	return &source->source;
}

void
segment_quantiles_too_many(void)
{
	ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many values for quantiles"),
					errdetail("At most " INT64_FORMAT " values can be counted.", SEGMENT_MAX_TOTAL),
					errhint("Were values merged that hold each other already?")));
}

void
segment_quantiles_state_grow(QuantilesState *state)
{
	compact(state);
	if (state->used <= state->capacity / 2)
		return;
	if (state->may_spill && 2 * state->capacity > entry_limit())
	{
		segment_runs_write(&state->runs, &(SegmentSorted) {state->entries, NULL, state->used});
		state->used = state->sorted = 0;
		return;
	}
	state->capacity *= 2;
	state->entries = repalloc_huge(state->entries, mul_size(state->capacity, sizeof(SegmentWeighted)));
}

void
segment_quantiles_state_add_all(QuantilesState *state, SegmentSource *source)
{
	SegmentWeighted entry;
	Size n = 0;

	source->rewind(source);
	while (source->next(source, &entry))
	{
		SEGMENT_POLL(segment_score_poll, n++);
		segment_quantiles_state_add(state, entry.value, entry.count);
	}
}
