/*
 * cells_runs.c: what a table of cells does beyond its memory limit.
 *
 * The rows in memory become a sorted run in a temporary file; every eight runs of one level are merged into one of the
 * next, so that a file is read and written a logarithmic number of times and few are open.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/buffile.h"
#include "utils/memutils.h"

#include "clv/cells.h"

#define MERGE_RUNS 8

typedef struct CellsReader
{
	BufFile *file; /* NULL: the rows in memory, by order */
	Size n;
	Size at;
	bool is_done;
	uint64 row[CELLS_MAX_WIDTH + 1];
} CellsReader;

struct CellsMerge
{
	const CellsState *state;
	uint32 *order; /* of the rows in memory */
	int n_readers;
	CellsReader readers[FLEXIBLE_ARRAY_MEMBER];
};

static void
advance(const CellsMerge *merge, CellsReader *reader)
{
	Size size = segment_cells_row_size(merge->state);

	if (reader->at == reader->n)
	{
		reader->is_done = true;
		return;
	}
	if (reader->file == NULL)
		memcpy(reader->row, segment_cells_state_row(merge->state, merge->order[reader->at]), size);
	else if (BufFileRead(reader->file, reader->row, size) != size)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not read from a temporary file of cells")));
	reader->at++;
}

/* Runs, and the rows in memory if order is not NULL; order becomes the merge's. */
static CellsMerge *
start(const CellsState *state, const CellsRun *runs, int n_runs, uint32 *order)
{
	CellsMerge *merge = palloc0(offsetof(CellsMerge, readers) + (n_runs + 1) * sizeof(CellsReader));

	merge->state = state;
	merge->order = order;
	merge->n_readers = n_runs;
	for (int i = 0; i < n_runs; i++)
	{
		merge->readers[i].file = runs[i].file;
		merge->readers[i].n = runs[i].n;
		if (BufFileSeek(runs[i].file, 0, 0, SEEK_SET) != 0)
			ereport(ERROR, (errcode_for_file_access(), errmsg("could not rewind a temporary file of cells")));
	}
	if (order != NULL)
		merge->readers[merge->n_readers++].n = state->head.n_cells;
	for (int i = 0; i < merge->n_readers; i++)
		advance(merge, &merge->readers[i]);
	return merge;
}

CellsMerge *
segment_cells_merge_start(const CellsState *state)
{
	return start(state, state->runs, state->n_runs, segment_cells_order(state));
}

bool
segment_cells_merge_next(CellsMerge *merge, uint64 *row)
{
	int width = merge->state->width;
	CellsReader *least = NULL;

	for (CellsReader *reader = merge->readers; reader < merge->readers + merge->n_readers; reader++)
		if (!reader->is_done && (least == NULL || segment_cells_compare(reader->row, least->row, width) < 0))
			least = reader;
	if (least == NULL)
		return false;
	memcpy(row, least->row, segment_cells_row_size(merge->state));
	advance(merge, least);
	for (CellsReader *reader = least + 1; reader < merge->readers + merge->n_readers; reader++)
		if (!reader->is_done && segment_cells_compare(reader->row, row, width) == 0)
		{
			row[width] = (uint64) segment_cells_add_counts((int64) row[width], (int64) reader->row[width]);
			advance(merge, reader);
		}
	return true;
}

void
segment_cells_merge_end(CellsMerge *merge)
{
	if (merge->order != NULL)
		pfree(merge->order);
	pfree(merge);
}

static void
push_run(CellsState *state, CellsRun run)
{
	if (state->n_runs == state->max_runs)
	{
		state->max_runs = Max(2 * state->max_runs, 2 * MERGE_RUNS);
		state->runs = state->runs == NULL ? segment_palloc_array(CellsRun, state->max_runs)
										  : repalloc(state->runs, mul_size(sizeof(CellsRun), state->max_runs));
	}
	state->runs[state->n_runs++] = run;
}

/* All rows of a merge in a new file. */
static CellsRun
write_run(const CellsState *state, CellsMerge *merge, int level)
{
	CellsRun run = {BufFileCreateTemp(false), 0, level};
	uint64 row[CELLS_MAX_WIDTH + 1];

	while (segment_cells_merge_next(merge, row))
	{
		if ((run.n & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		BufFileWrite(run.file, row, segment_cells_row_size(state));
		run.n++;
	}
	segment_cells_merge_end(merge);
	return run;
}

void
segment_cells_spill(CellsState *state)
{
	MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(state));

	push_run(state, write_run(state, start(state, NULL, 0, segment_cells_order(state)), 0));
	state->head.n_cells = 0;
	while (state->n_runs >= MERGE_RUNS &&
		   state->runs[state->n_runs - MERGE_RUNS].level == state->runs[state->n_runs - 1].level)
	{
		CellsRun *runs = state->runs + state->n_runs - MERGE_RUNS;
		CellsRun merged = write_run(state, start(state, runs, MERGE_RUNS, NULL), runs[0].level + 1);

		for (int i = 0; i < MERGE_RUNS; i++)
			BufFileClose(runs[i].file);
		state->n_runs -= MERGE_RUNS;
		push_run(state, merged);
	}
	MemoryContextSwitchTo(caller);
}

/* Called when the aggregate ends or starts anew, before its memory goes. After an error the server closes the files. */
static void
close_files(Datum argument)
{
	CellsState *state = (CellsState *) DatumGetPointer(argument);

	for (int i = 0; i < state->n_runs; i++)
		BufFileClose(state->runs[i].file);
	state->n_runs = 0;
}

void
segment_cells_settle(CellsState *state, FunctionCallInfo fcinfo)
{
	if (likely(state->n_runs == 0) || state->closes_files)
		return;
	AggRegisterCallback(fcinfo, close_files, PointerGetDatum(state));
	state->closes_files = true;
}
