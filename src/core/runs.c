/*
 * runs.c: sorted records in temporary files, see runs.h.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "core/runs.h"
#include "core/temp_file.h"

#define MERGE_RUNS 8

/* Bytes that are read and written at once. */
#define CHUNK BLCKSZ

/* One sorted input of a merge. */
typedef struct Reader
{
	BufFile *file; /* NULL: memory */
	SegmentSorted memory;
	Size n;
	Size at;	   /* records before current */
	char *current; /* NULL at the end */
	char *chunk;   /* of the file: what current points into */
	char *end;	   /* of the chunk */
} Reader;

struct SegmentMerge
{
	const SegmentRecord *record;
	Size size;
	int n_readers;
	Reader readers[FLEXIBLE_ARRAY_MEMBER];
};

void
segment_runs_init(SegmentRuns *runs, const SegmentRecord *record, Size size, MemoryContext context)
{
	memset(runs, 0, sizeof(SegmentRuns));
	runs->record = record;
	runs->size = size;
	runs->context = context;
}

/* Records that a chunk holds. */
static Size
chunk_records(Size size)
{
	return Max(CHUNK / size, 1);
}

/* Reads the next chunk of a run that has one. */
static void
read_chunk(const SegmentMerge *merge, Reader *reader)
{
	Size bytes = Min(chunk_records(merge->size), reader->n - reader->at) * merge->size;

	(void) segment_file_read(reader->file, reader->chunk, bytes, false, merge->record->name);
	reader->current = reader->chunk;
	reader->end = reader->chunk + bytes;
}

/* Makes current the record that reader->at says, the first of a chunk where it is in a file. */
static void
place(const SegmentMerge *merge, Reader *reader)
{
	if (reader->at == reader->n)
		reader->current = NULL;
	else if (reader->file != NULL)
		read_chunk(merge, reader);
	else
		reader->current = (char *) reader->memory.records +
						  (reader->memory.order == NULL ? reader->at : reader->memory.order[reader->at]) * merge->size;
}

static inline void
advance(const SegmentMerge *merge, Reader *reader)
{
	reader->at++;
	reader->current += merge->size;
	if (reader->file == NULL || reader->current == reader->end)
		place(merge, reader);
}

void
segment_merge_rewind(SegmentMerge *merge)
{
	for (Reader *reader = merge->readers; reader < merge->readers + merge->n_readers; reader++)
	{
		reader->at = 0;
		if (reader->file != NULL)
			segment_file_rewind(reader->file, merge->record->name);
		place(merge, reader);
	}
}

static SegmentMerge *
start(const SegmentRecord *record, Size size, const SegmentRun *run, int n_runs, const SegmentSorted *memory)
{
	SegmentMerge *merge = palloc0(offsetof(SegmentMerge, readers) + (n_runs + 1) * sizeof(Reader));

	merge->record = record;
	merge->size = size;
	merge->n_readers = n_runs;
	for (int i = 0; i < n_runs; i++)
		merge->readers[i] = (Reader) {.file = run[i].file, .n = run[i].n, .chunk = palloc(chunk_records(size) * size)};
	if (memory != NULL)
		merge->readers[merge->n_readers++] = (Reader) {.memory = *memory, .n = memory->n};
	segment_merge_rewind(merge);
	return merge;
}

SegmentMerge *
segment_merge_start(const SegmentRuns *runs, const SegmentSorted *memory)
{
	return start(runs->record, runs->size, runs->run, runs->n_runs, memory);
}

bool
segment_merge_next(SegmentMerge *merge, void *record)
{
	const Reader *end = merge->readers + merge->n_readers;
	Reader *least = NULL;

	for (Reader *reader = merge->readers; reader < end; reader++)
		if (reader->current != NULL &&
			(least == NULL || merge->record->compare(reader->current, least->current, merge->size) < 0))
			least = reader;
	if (least == NULL)
		return false;
	memcpy(record, least->current, merge->size);
	advance(merge, least);
	for (Reader *reader = least + 1; reader < end; reader++)
		if (reader->current != NULL && merge->record->compare(reader->current, record, merge->size) == 0)
		{
			merge->record->combine(record, reader->current, merge->size);
			advance(merge, reader);
		}
	return true;
}

Size
segment_merge_records(const SegmentMerge *merge)
{
	Size n = 0;

	for (int i = 0; i < merge->n_readers; i++)
		n += merge->readers[i].n;
	return n;
}

void
segment_merge_end(SegmentMerge *merge)
{
	for (int i = 0; i < merge->n_readers; i++)
		if (merge->readers[i].chunk != NULL)
			pfree(merge->readers[i].chunk);
	pfree(merge);
}

static void
push(SegmentRuns *runs, SegmentRun run)
{
	if (runs->n_runs == runs->max_runs)
	{
		runs->max_runs = Max(2 * runs->max_runs, 2 * MERGE_RUNS);
		runs->run = runs->run == NULL ? segment_palloc_array(SegmentRun, runs->max_runs)
									  : repalloc(runs->run, mul_size(sizeof(SegmentRun), runs->max_runs));
	}
	runs->run[runs->n_runs++] = run;
}

/* All records of a merge, which ends with it, in a new file. */
static void
write_run(SegmentRuns *runs, SegmentMerge *merge, int level, SegmentRun *run)
{
	Size most = chunk_records(runs->size);
	char *chunk = palloc(most * runs->size);
	Size n;

	*run = (SegmentRun) {BufFileCreateTemp(false), 0, level};
	do
	{
		CHECK_FOR_INTERRUPTS();
		n = 0;
		while (n < most && segment_merge_next(merge, chunk + n * runs->size))
			n++;
		BufFileWrite(run->file, chunk, n * runs->size);
		run->n += n;
	} while (n == most);
	segment_merge_end(merge);
	pfree(chunk);
}

void
segment_runs_write(SegmentRuns *runs, const SegmentSorted *memory)
{
	MemoryContext caller = MemoryContextSwitchTo(runs->context);
	SegmentRun run;

	write_run(runs, start(runs->record, runs->size, NULL, 0, memory), 0, &run);
	push(runs, run);
	while (runs->n_runs >= MERGE_RUNS && runs->run[runs->n_runs - MERGE_RUNS].level == run.level)
	{
		SegmentRun *last = runs->run + runs->n_runs - MERGE_RUNS;

		write_run(runs, start(runs->record, runs->size, last, MERGE_RUNS, NULL), run.level + 1, &run);
		for (int i = 0; i < MERGE_RUNS; i++)
			BufFileClose(last[i].file);
		runs->n_runs -= MERGE_RUNS;
		push(runs, run);
	}
	MemoryContextSwitchTo(caller);
}

void
segment_runs_close(SegmentRuns *runs)
{
	for (int i = 0; i < runs->n_runs; i++)
		BufFileClose(runs->run[i].file);
	runs->n_runs = 0;
}

/* Called when the aggregate ends or starts anew, before its memory goes. After an error the server closes the files. */
static void
close_files(Datum argument)
{
	segment_runs_close((SegmentRuns *) DatumGetPointer(argument));
}

void
segment_runs_settle(SegmentRuns *runs, FunctionCallInfo fcinfo)
{
	if (likely(runs->n_runs == 0) || runs->closes_files)
		return;
	AggRegisterCallback(fcinfo, close_files, PointerGetDatum(runs));
	runs->closes_files = true;
}
