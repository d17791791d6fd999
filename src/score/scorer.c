/*
 * scorer.c: reading rows and returning their scores, see scorer.h. What happens between is in scorer_batch.c.
 */
#include "postgres.h"

#include "core/compat.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "core/option.h"
#include "score/scorer_batch.h"

void
segment_scorer_begin(Scorer *scorer)
{
	scorer->count = MemoryContextAllocZero(scorer->context, mul_size(scorer->batches, sizeof(ScorerCount)));
	scorer->records = MemoryContextAllocZero(scorer->context, mul_size(scorer->batches, sizeof(ScoreStream)));
	scorer->scores = MemoryContextAllocZero(scorer->context, mul_size(scorer->batches, sizeof(ScoreStream)));
}

/* 22004 for a NULL where there must be a value. */
static void
check_null(int argument, bool is_null)
{
	if (is_null && argument != SCORE_ARG_FALLBACK)
		segment_refuse_null_option(segment_score_argument_names[argument]);
}

/* Evaluates the options that can't differ from row to row; not before there is a row. */
static void
know_options(Scorer *scorer)
{
	MemoryContext caller;

	if (scorer->has_options)
		return;
	/* what the options point to lives as long as they */
	caller = MemoryContextSwitchTo(scorer->context);
	for (int i = SCORE_ARG_AS_OF; i < SCORE_ARGS; i++)
	{
		if (scorer->field_of[i] >= 0)
			continue;
		scorer->arguments[i] = ExecEvalExpr(scorer->argument[i], scorer->econtext, &scorer->nulls[i]);
		check_null(i, scorer->nulls[i]);
	}
	if (!scorer->varies)
		scorer->options = segment_score_options(scorer->arguments, scorer->nulls);
	MemoryContextSwitchTo(caller);
	scorer->has_options = true;
}

const ScoreOptions *
segment_scorer_known(Scorer *scorer)
{
	know_options(scorer);
	return &scorer->options;
}

ScoreOptions
segment_scorer_options(Scorer *scorer, const ScoreRecord *record)
{
	Datum arguments[SCORE_ARGS];
	bool nulls[SCORE_ARGS];

	know_options(scorer);
	if (!scorer->varies)
		return scorer->options;
	memcpy(arguments, scorer->arguments, sizeof(arguments));
	memcpy(nulls, scorer->nulls, sizeof(nulls));
	for (int i = SCORE_ARG_AS_OF; i < SCORE_ARGS; i++)
	{
		if (scorer->field_of[i] < 0)
			continue;
		arguments[i] = segment_score_field(&scorer->layout, record, scorer->field_of[i], &nulls[i]);
		check_null(i, nulls[i]);
	}
	return segment_score_options(arguments, nulls);
}

/* The options of the row at hand. */
static const ScoreOptions *
row_options(Scorer *scorer, const ScoreRecord *record)
{
	MemoryContext caller;

	if (!scorer->varies)
		know_options(scorer);
	if (!scorer->varies || (scorer->last != NULL && segment_score_same_options(&scorer->layout, record, scorer->last)))
		return &scorer->options;
	if (scorer->last_context == NULL)
		scorer->last_context = AllocSetContextCreate(scorer->context, "options of rfm_score", ALLOCSET_SMALL_SIZES);
	MemoryContextReset(scorer->last_context);
	caller = MemoryContextSwitchTo(scorer->last_context);
	scorer->last = palloc(record->size);
	memcpy(scorer->last, record, record->size);
	scorer->options = segment_scorer_options(scorer, scorer->last);
	MemoryContextSwitchTo(caller);
	return &scorer->options;
}

int
segment_scorer_batch_of(const Scorer *scorer, uint32 hash)
{
	return (int) (hash & (uint32) (scorer->batches - 1));
}

/* A row more in a batch. */
static inline void
count_row(ScorerCount *count, uint32 hash)
{
	if (count->rows++ == 0)
		count->hash = hash;
	else if (count->hash != hash)
		count->is_mixed = true;
}

void
segment_scorer_add_count(ScorerCount *count, const ScorerCount *other)
{
	if (other->rows == 0)
		return;
	if (count->rows == 0)
		*count = *other;
	else
	{
		count->rows += other->rows;
		count->is_mixed = count->is_mixed || other->is_mixed || count->hash != other->hash;
	}
}

void
segment_scorer_file_name(char *name, const char *what, const Scorer *scorer, int batch, uint32 participant)
{
	snprintf(name, MAXPGPATH, "%s.%d.%d.%u", what, scorer->number, batch, participant);
}

/* Moves the records to files if there are too many for the memory. */
static void
keep_within_memory(Scorer *scorer)
{
	MemoryContext caller;

	if (scorer->in_memory <= scorer->limit / 2)
		return;
	caller = MemoryContextSwitchTo(scorer->context);
	for (int i = 0; i < scorer->batches; i++)
		segment_score_stream_spill(&scorer->records[i]);
	MemoryContextSwitchTo(caller);
	scorer->has_files = true;
	scorer->bytes += scorer->in_memory;
	scorer->in_memory = 0;
}

/* Puts a record into its batch. */
static void
keep(Scorer *scorer, ScoreRecord *record)
{
	int batch = segment_scorer_batch_of(scorer, record->hash);
	ScoreStream *stream = &scorer->records[batch];

	count_row(&scorer->count[batch], record->hash);
	if (scorer->share != NULL && stream->file == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(scorer->context);
		char name[MAXPGPATH];

		segment_scorer_file_name(name, "records", scorer, batch, scorer->share->participant);
		segment_score_stream_create(stream, scorer->share->files, name);
		MemoryContextSwitchTo(caller);
	}
	segment_score_stream_write(stream, scorer->context, record, record->size);
	if (stream->file != NULL)
		scorer->bytes += record->size;
	else
	{
		scorer->in_memory += record->size;
		keep_within_memory(scorer);
	}
}

void
segment_scorer_add(Scorer *scorer)
{
	ExprContext *econtext = scorer->econtext;
	ScoreRecord *record = segment_score_pack(&scorer->layout, econtext, scorer->context);
	const ScoreOptions *options = row_options(scorer, record);
	Rfm buffer;
	Datum rfm;
	bool is_null;

	if (scorer->rfm_column != 0)
		rfm = slot_getattr(econtext->ecxt_scantuple, scorer->rfm_column, &is_null);
	else
		rfm = ExecEvalExpr(scorer->argument[SCORE_ARG_RFM], econtext, &is_null);
	if (is_null)
		record->mark = SCORE_NONE;
	else
		record->mark = segment_rfm_measure(segment_rfm_open(rfm, &buffer), options->as_of, options->zone,
										   options->monetary, record->values)
						   ? SCORE_DUE
						   : SCORE_UNDEFINED;
	keep(scorer, record);
}

void
segment_scorer_end_reading(Scorer *scorer)
{
	if (scorer->share == NULL)
		return;
	for (int i = 0; i < scorer->batches; i++)
		segment_score_stream_close(&scorer->records[i]);
}

RfmScore
segment_scorer_next(Scorer *scorer)
{
	uint32 hash = segment_score_hash(&scorer->layout, scorer->econtext);
	int batch = segment_scorer_batch_of(scorer, hash);
	ScoreStream *stream = &scorer->scores[batch];
	RfmScore score;

	if (scorer->share != NULL && stream->file == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(scorer->context);
		char name[MAXPGPATH];

		segment_scorer_file_name(name, "scores", scorer, batch, scorer->share->participant);
		segment_score_stream_open(stream, scorer->share->files, name);
		MemoryContextSwitchTo(caller);
	}
	if (!segment_score_stream_read(stream, &score, sizeof(score)))
		elog(ERROR, "a row of rfm_score has no score");
	return score;
}

void
segment_scorer_forget(Scorer *scorer)
{
	for (int i = 0; i < scorer->batches && scorer->records != NULL; i++)
	{
		segment_score_stream_close(&scorer->records[i]);
		segment_score_stream_close(&scorer->scores[i]);
	}
	MemoryContextReset(scorer->context);
	scorer->layout.record = NULL;
	scorer->layout.room = 0;
	scorer->has_options = scorer->has_files = false;
	scorer->last = NULL;
	scorer->last_context = NULL;
	scorer->count = NULL;
	scorer->records = NULL;
	scorer->scores = NULL;
	scorer->in_memory = 0;
	scorer->bytes = scorer->partitions = 0;
}
