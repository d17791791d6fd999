/*
 * scorer_batch.c: scoring a batch, see scorer.h: all partitions with the same bits of their hash.
 */
#include "postgres.h"

#include "core/compat.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "core/option.h"
#include "score/scorer_batch.h"

/* What a row takes: values, partition, place, score, and its share of the partitions and their index. */
#define BYTES_A_ROW 64

#define FIRST_ROOM 256
#define NO_PARTITION PG_UINT32_MAX

/* Poll for a cancel, and free what comparisons leave behind, once per this many rows. */
#define ROWS_A_LOOK 1024

typedef struct Partition
{
	ScoreRecord *first; /* without its values: keys and options of the partition */
	uint32 due;			/* rows */
	uint32 end;			/* of its rows, where they are sorted by partition */
} Partition;

/* One pass over a batch. */
typedef struct Batch
{
	Scorer *scorer;
	int number;
	int pass;
	int passes;
	RfmScore *scores; /* of all rows of the batch, by place; the mark at first */
	uint32 read;	  /* rows */
	uint32 rows;	  /* of them in this pass */
	uint32 room;
	double *values;	   /* of each row, one dimension beside the other */
	uint32 *partition; /* of each row */
	uint32 *place;	   /* of each row among those of the batch */
	uint32 partitions;
	uint32 partitions_room;
	Partition *of;
	uint32 *slot; /* partitions by hash, or NO_PARTITION */
	uint32 slots; /* a power of 2 */
	ScoreRecord *record;
	Size record_room;
	MemoryContext scratch;
} Batch;

/* The passes that a batch is taken in. */
static int
passes_of(const Scorer *scorer, int batch)
{
	const ScorerCount *count = &scorer->count[batch];

	if (!count->is_mixed)
		return 1;
	return (int) Min((uint64) count->rows * BYTES_A_ROW / scorer->limit + 1, SCORER_MAX_PASSES);
}

/* Bits of a hash for another purpose: those that chose the batch are the same for all of its rows. */
static uint32
other_bits(const Scorer *scorer, uint32 hash, uint64 purpose)
{
	return segment_hash_end(segment_hash_word(&scorer->layout.key, purpose, hash));
}

static void *
resized(void *elements, Size count, Size size)
{
	return elements == NULL ? MemoryContextAllocHuge(CurrentMemoryContext, mul_size(count, size))
							: repalloc_huge(elements, mul_size(count, size));
}

/* Makes room for another row. */
static void
make_room(Batch *batch)
{
	if (batch->rows < batch->room)
		return;
	batch->room = batch->room == 0 ? FIRST_ROOM : 2 * batch->room;
	batch->values = resized(batch->values, batch->room, sizeof(double) * RFM_DIMENSIONS);
	batch->partition = resized(batch->partition, batch->room, sizeof(uint32));
	batch->place = resized(batch->place, batch->room, sizeof(uint32));
}

/* Makes the index twice as large. */
static void
make_slots(Batch *batch)
{
	batch->slots = batch->slots == 0 ? FIRST_ROOM : 2 * batch->slots;
	batch->slot = resized(batch->slot, batch->slots, sizeof(uint32));
	memset(batch->slot, 0xFF, sizeof(uint32) * batch->slots);
	for (uint32 i = 0; i < batch->partitions; i++)
	{
		uint32 at = other_bits(batch->scorer, batch->of[i].first->hash, 2) & (batch->slots - 1);

		while (batch->slot[at] != NO_PARTITION)
			at = (at + 1) & (batch->slots - 1);
		batch->slot[at] = i;
	}
}

/* A new partition. */
static uint32
add_partition(Batch *batch, const ScoreRecord *record)
{
	Partition *partition;

	if (batch->partitions == batch->partitions_room)
	{
		batch->partitions_room = Max(FIRST_ROOM, 2 * batch->partitions_room);
		batch->of = resized(batch->of, batch->partitions_room, sizeof(Partition));
	}
	partition = &batch->of[batch->partitions];
	partition->first = MemoryContextAllocHuge(CurrentMemoryContext, record->size);
	memcpy(partition->first, record, record->size);
	partition->due = partition->end = 0;
	return batch->partitions++;
}

/* The partition of a record. */
static uint32
find_partition(Batch *batch, const ScoreRecord *record)
{
	ScoreLayout *layout = &batch->scorer->layout;
	uint32 at;

	if (batch->partitions * 2 >= batch->slots)
		make_slots(batch);
	at = other_bits(batch->scorer, record->hash, 2) & (batch->slots - 1);
	for (; batch->slot[at] != NO_PARTITION; at = (at + 1) & (batch->slots - 1))
	{
		MemoryContext caller = MemoryContextSwitchTo(batch->scratch);
		bool is_same = segment_score_same_keys(layout, batch->of[batch->slot[at]].first, record);

		MemoryContextSwitchTo(caller);
		if (is_same)
			return batch->slot[at];
	}
	return batch->slot[at] = add_partition(batch, record);
}

/* 22023 if a record's options are not its partition's. */
static void
check_options(const Scorer *scorer, const ScoreRecord *first, const ScoreRecord *record)
{
	if (!scorer->varies || segment_score_same_options(&scorer->layout, first, record))
		return;
	for (int i = SCORE_ARG_AS_OF; i < SCORE_ARGS; i++)
	{
		bool is_null;
		bool was_null;
		Datum was;
		Datum is;
		int field = scorer->field_of[i];
		const ScoreField *form;

		if (field < 0)
			continue;
		form = &scorer->layout.field[field];
		was = segment_score_field(&scorer->layout, first, field, &was_null);
		is = segment_score_field(&scorer->layout, record, field, &is_null);
		if (was_null != is_null ||
			(!is_null && (form->by_value ? was != is
										 : VARSIZE(DatumGetPointer(was)) != VARSIZE(DatumGetPointer(is)) ||
											   memcmp(DatumGetPointer(was), DatumGetPointer(is),
													  VARSIZE(DatumGetPointer(is))) != 0)))
			segment_refuse_changed_option(segment_score_argument_names[i]);
	}
}

/* Takes a record, if it is one of the pass. */
static void
take(Batch *batch, const ScoreRecord *record)
{
	uint32 partition;
	uint32 place = batch->read++;

	if (batch->passes > 1 &&
		other_bits(batch->scorer, record->hash, 1) % (uint32) batch->passes != (uint32) batch->pass)
		return;
	make_room(batch);
	partition = find_partition(batch, record);
	check_options(batch->scorer, batch->of[partition].first, record);
	batch->partition[batch->rows] = partition;
	batch->place[batch->rows] = place;
	batch->scores[place] = record->mark;
	if (record->mark == SCORE_DUE)
	{
		memcpy(batch->values + (Size) batch->rows * RFM_DIMENSIONS, record->values, sizeof(record->values));
		batch->of[partition].due++;
	}
	batch->rows++;
	if (batch->rows % ROWS_A_LOOK == 0)
		MemoryContextReset(batch->scratch);
}

/* Reads the records of one process. */
static void
read_records(Batch *batch, ScoreStream *stream)
{
	uint32 looked = 0;

	segment_score_stream_rewind(stream);
	while (segment_score_stream_read(stream, batch->record, sizeof(ScoreRecord)))
	{
		Size fields = batch->record->size - sizeof(ScoreRecord);

		if (batch->record->size > batch->record_room)
		{
			batch->record_room = (Size) batch->record->size * 2;
			batch->record = repalloc_huge(batch->record, batch->record_room);
		}
		if (fields > 0 && !segment_score_stream_read(stream, batch->record + 1, fields))
			elog(ERROR, "a record of rfm_score is incomplete");
		take(batch, batch->record);
		if (++looked % ROWS_A_LOOK == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

/* The places of rows that are due, sorted by partition. */
static uint32 *
sorted_rows(Batch *batch)
{
	uint32 *sorted = resized(NULL, Max(batch->rows, 1), sizeof(uint32));
	uint32 end = 0;

	/* a partition starts where the one before it ends; its end moves on as its rows are placed */
	for (uint32 i = 0; i < batch->partitions; i++)
	{
		batch->of[i].end = end;
		end += batch->of[i].due;
	}
	for (uint32 row = 0; row < batch->rows; row++)
		if (batch->scores[batch->place[row]] == SCORE_DUE)
			sorted[batch->of[batch->partition[row]].end++] = row;
	return sorted;
}

/* Scores the rows of a partition that are due; values has room for one dimension of them. */
static void
score_partition(Batch *batch, const Partition *partition, const ScoreOptions *options, const uint32 *sorted,
				double *values)
{
	const uint32 *rows = sorted + partition->end - partition->due;
	SegmentCutsBuffer buffers[RFM_DIMENSIONS];
	const SegmentCuts *cuts[RFM_DIMENSIONS];

	if (!segment_score_falls_back(options, partition->due, cuts))
	{
		for (int d = 0; d < RFM_DIMENSIONS; d++)
		{
			for (uint32 i = 0; i < partition->due; i++)
				values[i] = batch->values[(Size) rows[i] * RFM_DIMENSIONS + d];
			cuts[d] = segment_score_make_cuts(options, d, values, partition->due, &buffers[d]);
		}
		if (!*batch->scorer->has_warned)
			*batch->scorer->has_warned = segment_warn_lopsided(cuts[RFM_MONETARY], "customers");
	}
	for (uint32 i = 0; i < partition->due; i++)
		batch->scores[batch->place[rows[i]]] =
			segment_rfm_score_values(cuts, batch->values + (Size) rows[i] * RFM_DIMENSIONS);
}

/* Turns the marks of all rows into scores. */
static void
score_rows(Batch *batch)
{
	Scorer *scorer = batch->scorer;
	uint32 *sorted = sorted_rows(batch);
	RfmScore *undefined = resized(NULL, Max(batch->partitions, 1), sizeof(RfmScore));
	uint32 largest = 0;
	double *values;
	MemoryContext caller;

	for (uint32 i = 0; i < batch->partitions; i++)
		largest = Max(largest, batch->of[i].due);
	values = resized(NULL, Max(largest, 1), sizeof(double));
	caller = MemoryContextSwitchTo(batch->scratch);
	for (uint32 i = 0; i < batch->partitions; i++)
	{
		ScoreOptions options = segment_scorer_options(scorer, batch->of[i].first);

		CHECK_FOR_INTERRUPTS();
		undefined[i] = rfm_score_make(0, 0, 0, options.bins, options.bins, options.bins);
		if (batch->of[i].due > 0)
			score_partition(batch, &batch->of[i], &options, sorted, values);
		MemoryContextReset(batch->scratch);
	}
	MemoryContextSwitchTo(caller);
	for (uint32 row = 0; row < batch->rows; row++)
		if (batch->scores[batch->place[row]] == SCORE_UNDEFINED)
			batch->scores[batch->place[row]] = undefined[batch->partition[row]];
}

/* Writes the scores of one process's rows. */
static void
write_scores(Scorer *scorer, int batch, uint32 participant, RfmScore *scores, uint32 rows)
{
	Size size = mul_size(rows, sizeof(RfmScore));
	ScoreStream file;
	char name[MAXPGPATH];

	if (rows == 0)
		return;
	if (scorer->share != NULL)
	{
		segment_scorer_file_name(name, "scores", scorer, batch, participant);
		segment_score_stream_create(&file, scorer->share->files, name);
		segment_score_stream_write(&file, scorer->context, scores, size);
		segment_score_stream_close(&file);
	}
	else
	{
		MemoryContext caller = MemoryContextSwitchTo(scorer->context);
		ScoreStream *stream = &scorer->scores[batch];

		if (scorer->has_files)
			segment_score_stream_spill(stream);
		segment_score_stream_write(stream, scorer->context, scores, size);
		segment_score_stream_rewind(stream);
		MemoryContextSwitchTo(caller);
	}
	if (scorer->share != NULL || scorer->has_files)
		scorer->bytes += size;
}

/* Scores the partitions of one pass; memory of the current context. end: of each participant's rows in the batch. */
static void
score_pass(Batch *batch, uint32 *end, uint32 participants)
{
	Scorer *scorer = batch->scorer;

	batch->record_room = 1024;
	batch->record = palloc(batch->record_room);
	for (uint32 i = 0; i < participants; i++)
	{
		if (scorer->share != NULL)
		{
			ScoreStream file;
			char name[MAXPGPATH];

			segment_scorer_file_name(name, "records", scorer, batch->number, i);
			segment_score_stream_open(&file, scorer->share->files, name);
			if (file.file != NULL)
				read_records(batch, &file);
			segment_score_stream_close(&file);
		}
		else
			read_records(batch, &scorer->records[batch->number]);
		end[i] = batch->read;
	}
	score_rows(batch);
	scorer->partitions += batch->partitions;
}

void
segment_scorer_score(Scorer *scorer, int batch)
{
	int64 rows = scorer->count[batch].rows;
	int passes = passes_of(scorer, batch);
	uint32 participants = scorer->share != NULL ? scorer->share->participants : 1;
	uint32 begin = 0;
	uint32 *end;
	RfmScore *scores;
	MemoryContext context;
	MemoryContext pass_context;
	MemoryContext caller;

	if (rows == 0)
		return;
	if (rows > PG_INT32_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("a partition has too many rows"),
						errdetail("rfm_score has %lld rows to score at once, in one partition or a few; accepted are "
								  "up to %d.",
								  (long long) rows, PG_INT32_MAX),
						errhint("Score by frozen cut points: rfm_score(rfm_cut_points, rfm, as_of).")));
	context = AllocSetContextCreate(scorer->context, "scores of rfm_score", ALLOCSET_DEFAULT_SIZES);
	pass_context = AllocSetContextCreate(context, "partitions of rfm_score", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	scores = resized(NULL, (Size) rows, sizeof(RfmScore));
	end = resized(NULL, participants, sizeof(uint32));
	MemoryContextSwitchTo(pass_context);
	for (int pass = 0; pass < passes; pass++)
	{
		Batch state = {.scorer = scorer, .number = batch, .pass = pass, .passes = passes, .scores = scores};

		state.scratch = AllocSetContextCreate(pass_context, "comparing keys", ALLOCSET_SMALL_SIZES);
		score_pass(&state, end, participants);
		MemoryContextReset(pass_context);
	}
	for (uint32 i = 0; i < participants; i++)
	{
		write_scores(scorer, batch, i, scores + begin, end[i] - begin);
		begin = end[i];
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	if (scorer->share == NULL)
		segment_score_stream_close(&scorer->records[batch]);
}
