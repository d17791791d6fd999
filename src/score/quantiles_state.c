/*
 * quantiles_state.c: the growing multiset behind quantiles_agg and the cut point aggregates.
 *
 * Values are appended, and sorted with equal ones added up when the array is full; it grows only while that leaves it
 * more than half full, so a column with few distinct values stays small. Beyond the memory limit the sorted entries
 * become a run in a temporary file; every eight runs of one level are merged into one of the next, so that a file is
 * read and written a logarithmic number of times and few are open.
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
#define MERGE_RUNS 8

/* Even the smallest memory limit leaves room for so many entries. */
#define SMALLEST_LIMIT 1024

void
segment_quantiles_state_init(QuantilesState *state, MemoryContext context, bool may_spill)
{
	memset(state, 0, sizeof(QuantilesState));
	state->context = context;
	state->may_spill = may_spill;
	state->capacity = INITIAL_CAPACITY;
	state->entries = MemoryContextAlloc(context, INITIAL_CAPACITY * sizeof(SegmentWeighted));
}

void
segment_quantiles_check(double value)
{
	if (isnan(value) || isinf(value))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("value is out of range for quantiles"),
						errdetail("The value is %g; accepted are finite numbers.", value),
						errhint("Filter such values, or replace them.")));
}

/* Entries that fit the memory limit, half of which is for sorting. */
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

/* --- sources ------------------------------------------------------------------------------------ */

/* One sorted input of a merge: entries in memory, or a run in a file. */
typedef struct Reader
{
	const SegmentWeighted *memory; /* NULL: file */
	BufFile *file;
	Size n;
	Size at;
	SegmentWeighted current;
	bool is_done;
} Reader;

typedef struct StateSource
{
	SegmentSource source;
	int n_readers;
	Reader readers[FLEXIBLE_ARRAY_MEMBER];
} StateSource;

/* Moves a reader on. */
static void
advance(Reader *reader)
{
	if (reader->at == reader->n)
	{
		reader->is_done = true;
		return;
	}
	if (reader->memory)
		reader->current = reader->memory[reader->at];
	else if (BufFileRead(reader->file, &reader->current, sizeof(SegmentWeighted)) != sizeof(SegmentWeighted))
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not read from a temporary file of quantiles")));
	reader->at++;
}

static void
state_rewind(SegmentSource *source)
{
	StateSource *merge = (StateSource *) source;

	for (int i = 0; i < merge->n_readers; i++)
	{
		Reader *reader = &merge->readers[i];

		reader->at = 0;
		reader->is_done = false;
		if (!reader->memory && BufFileSeek(reader->file, 0, 0, SEEK_SET) != 0)
			ereport(ERROR, (errcode_for_file_access(), errmsg("could not rewind a temporary file of quantiles")));
		advance(reader);
	}
}

/* The smallest current value of all readers, with all its counts. There are few readers. */
static bool
state_next(SegmentSource *source, SegmentWeighted *entry)
{
	StateSource *merge = (StateSource *) source;
	Reader *least = NULL;

	for (int i = 0; i < merge->n_readers; i++)
	{
		Reader *reader = &merge->readers[i];

		if (!reader->is_done && (!least || reader->current.value < least->current.value))
			least = reader;
	}
	if (!least)
		return false;
	*entry = least->current;
	advance(least);
	for (Reader *reader = least + 1; reader < merge->readers + merge->n_readers; reader++)
		if (!reader->is_done && reader->current.value == entry->value)
		{
			entry->count += reader->current.count;
			advance(reader);
		}
	return true;
}

/* Merges runs, and the entries in memory if there are any. */
static StateSource *
merge_source(const QuantilesRun *runs, int n_runs, const SegmentWeighted *memory, Size n_memory)
{
	StateSource *merge = palloc0(offsetof(StateSource, readers) + (n_runs + 1) * sizeof(Reader));

	merge->source.rewind = state_rewind;
	merge->source.next = state_next;
	for (int i = 0; i < n_runs; i++)
	{
		merge->readers[i].file = runs[i].file;
		merge->readers[i].n = runs[i].n;
		merge->source.distinct += runs[i].n;
	}
	merge->n_readers = n_runs;
	if (n_memory > 0)
	{
		merge->readers[n_runs].memory = memory;
		merge->readers[n_runs].n = n_memory;
		merge->source.distinct += n_memory;
		merge->n_readers++;
	}
	state_rewind(&merge->source);
	return merge;
}

SegmentSource *
segment_quantiles_state_source(QuantilesState *state)
{
	StateSource *merge;

	compact(state);
	merge = merge_source(state->runs, state->n_runs, state->entries, state->used);
	merge->source.total = state->total;
	merge->source.lowest = state->lowest;
	merge->source.highest = state->highest;
	return &merge->source;
}

/* --- spilling ----------------------------------------------------------------------------------- */

/* Adds a run; the list grows as needed. */
static void
push_run(QuantilesState *state, BufFile *file, Size n, int level)
{
	if (state->n_runs == state->max_runs)
	{
		int max_runs = Max(2 * state->max_runs, 2 * MERGE_RUNS);
		QuantilesRun *runs = MemoryContextAlloc(state->context, mul_size(max_runs, sizeof(QuantilesRun)));

		if (state->n_runs > 0)
		{
			memcpy(runs, state->runs, state->n_runs * sizeof(QuantilesRun));
			pfree(state->runs);
		}
		state->runs = runs;
		state->max_runs = max_runs;
	}
	state->runs[state->n_runs++] = (QuantilesRun) {file, n, level};
}

/* Merges the last runs into one of the next level while there are enough of the same level. */
static void
merge_runs(QuantilesState *state)
{
	while (state->n_runs >= MERGE_RUNS &&
		   state->runs[state->n_runs - MERGE_RUNS].level == state->runs[state->n_runs - 1].level)
	{
		QuantilesRun *runs = state->runs + state->n_runs - MERGE_RUNS;
		int level = runs[0].level + 1;
		StateSource *merge = merge_source(runs, MERGE_RUNS, NULL, 0);
		BufFile *file = BufFileCreateTemp(false);
		SegmentWeighted entry;
		Size n = 0;

		while (state_next(&merge->source, &entry))
		{
			SEGMENT_POLL(segment_score_poll, n);
			BufFileWrite(file, &entry, sizeof(entry));
			n++;
		}
		pfree(merge);
		for (int i = 0; i < MERGE_RUNS; i++)
			BufFileClose(runs[i].file);
		state->n_runs -= MERGE_RUNS;
		push_run(state, file, n, level);
	}
}

/* Writes the sorted entries out. */
static void
spill(QuantilesState *state)
{
	MemoryContext old = MemoryContextSwitchTo(state->context);
	BufFile *file = BufFileCreateTemp(false);

	for (Size i = 0; i < state->used; i++)
		BufFileWrite(file, &state->entries[i], sizeof(SegmentWeighted));
	push_run(state, file, state->used, 0);
	state->used = state->sorted = 0;
	merge_runs(state);
	MemoryContextSwitchTo(old);
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
		spill(state);
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

/* Called when the aggregate ends or starts anew, before its memory goes. After an error the server closes the files. */
static void
close_files(Datum argument)
{
	QuantilesState *state = (QuantilesState *) DatumGetPointer(argument);

	for (int i = 0; i < state->n_runs; i++)
		BufFileClose(state->runs[i].file);
	state->n_runs = 0;
}

void
segment_quantiles_state_settle(QuantilesState *state, FunctionCallInfo fcinfo)
{
	if (likely(state->n_runs == 0) || state->closes_files)
		return;
	AggRegisterCallback(fcinfo, close_files, PointerGetDatum(state));
	state->closes_files = true;
}
