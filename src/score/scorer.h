/*
 * scorer.h: the work of one rfm_score(...) OVER (PARTITION BY ...) in the node: customers are scored by the cut points of
 * their own partition without being sorted. Private to the room.
 *
 * Each row leaves a record in a batch, chosen by the hash of its partition's keys. When all rows are read, each batch
 * is loaded and scored by one of the processes, and the scores of its rows are written in the order in which the rows
 * were read. Rows are returned in that order too, so a row's score is the next one of its batch: nothing is looked up,
 * and only one batch is in memory at a time.
 */
#ifndef SEGMENT_SCORE_SCORER_H
#define SEGMENT_SCORE_SCORER_H

#include "score/score_record.h"
#include "score/score_stream.h"

/* A batch that is too large for the memory is taken in passes, each with other partitions. */
#define SCORER_MAX_PASSES 32

/* What is known of a batch from having written it. */
typedef struct ScorerCount
{
	int64 rows;
	uint32 hash; /* of one of the rows */
	bool is_mixed;
} ScorerCount;

/* Where the batches of several processes are. */
typedef struct ScorerShare
{
	SharedFileSet *files;
	uint32 participant;	 /* this process */
	uint32 participants; /* known when all have read their rows */
} ScorerShare;

typedef struct Scorer
{
	int number; /* among those of the node */
	ScoreLayout layout;
	ExprState *argument[SCORE_ARGS];
	AttrNumber rfm_column;		 /* of the input, if the first argument is no more than that; else 0 */
	int field_of[SCORE_ARGS];	 /* of an option that may differ from row to row; else -1 */
	bool varies;				 /* there is such an option */
	Datum arguments[SCORE_ARGS]; /* of those that can't differ, once has_options */
	bool nulls[SCORE_ARGS];
	bool has_options;
	ExprContext *econtext;
	ScoreOptions options;		/* of the row at hand */
	ScoreRecord *last;			/* whose options these are, if they vary */
	MemoryContext context;		/* of everything that is kept until the rows are returned */
	MemoryContext last_context; /* of last */
	int batches;				/* a power of 2 */
	Size limit;					/* of memory */
	ScorerCount *count;			/* of each batch: of this process first, then of all */
	ScoreStream *records;		/* of each batch */
	ScoreStream *scores;		/* of each batch */
	bool has_files;				/* this process's own streams have become files */
	ScorerShare *share;			/* NULL: this process is alone */
	bool *has_warned;
	Size in_memory; /* bytes of records */
	int64 bytes;	/* written to files */
	int64 partitions;
} Scorer;

/* Begins a scan; the fields up to limit, and econtext, share and has_warned, are set. */
extern void segment_scorer_begin(Scorer *scorer);

/* Takes a row, the econtext's scan tuple. Leaves memory behind in the current context. */
extern void segment_scorer_add(Scorer *scorer);

/* All rows are read: closes what other processes will read. */
extern void segment_scorer_end_reading(Scorer *scorer);

/* Adds the count of a batch in another process. */
extern void segment_scorer_add_count(ScorerCount *count, const ScorerCount *other);

/* Scores a batch. */
extern void segment_scorer_score(Scorer *scorer, int batch);

/* The score of the next row, the econtext's scan tuple: of those that this process has read, in their order. */
extern RfmScore segment_scorer_next(Scorer *scorer);

/* The options of a scorer whose options can't differ; evaluates them at the first call, so not before there is a row. */
extern const ScoreOptions *segment_scorer_known(Scorer *scorer);

/* The options of a row, which point into its record; 22004 for a NULL. */
extern ScoreOptions segment_scorer_options(Scorer *scorer, const ScoreRecord *record);

/* Closes the files, forgets everything that was read. */
extern void segment_scorer_forget(Scorer *scorer);

#endif
