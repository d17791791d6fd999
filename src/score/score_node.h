/*
 * score_node.h: the executor node of rfm_score(...) OVER (...): scores without sorting. Private to the room.
 *
 * It reads its input, keeps the rows in a tuplestore, finds the cut points and returns the rows with their scores.
 * Groups are not stored but read twice while all of them are in memory. Several processes each do so with their share
 * of the rows. A single function over the whole input, with options that are the same for all rows, is the common case:
 * what its scores look at lies in plain arrays; several processes hand over values, make a dimension's cut points each,
 * and score their own rows. Functions with partitions, or several of them, have a scorer each, see scorer.h.
 */
#ifndef SEGMENT_SCORE_SCORE_NODE_H
#define SEGMENT_SCORE_SCORE_NODE_H

#include "executor/executor.h"
#include "nodes/extensible.h"
#include "nodes/pathnodes.h"
#include "port/atomics.h"
#include "storage/barrier.h"
#include "storage/dsm.h"
#include "utils/dsa.h"
#include "utils/tuplestore.h"

#include "score/scorer.h"

#define SCORE_NODE_NAME "SegmentScore"

/* What the plan says of the functions, beside their arguments and keys; kept in CustomScan.custom_private. */
typedef struct ScorePlan
{
	List *operators;  /* an OidList a function: the equality operator of each key */
	List *collations; /* an OidList a function: of each key */
	int batches;	  /* of a scorer */
} ScorePlan;

extern List *segment_score_plan_write(const ScorePlan *plan);
extern void segment_score_plan_read(ScorePlan *plan, List *custom_private);

/* What a participant hands over. */
typedef struct ScorePart
{
	int64 customers;
	dsa_pointer values; /* customers values of each dimension, one dimension behind the other */
} ScorePart;

typedef struct ScoreShared
{
	Barrier barrier; /* phase 0: rows are read; 1: cut points are made; 2: rows are returned */
	pg_atomic_uint32 participants;
	pg_atomic_uint32 next; /* the next dimension, or batch of a scorer, to be taken */
	SegmentCutsBuffer cuts[RFM_DIMENSIONS];
	/* for scorers */
	SharedFileSet files;
	dsm_handle segment;
	SegmentHashKey key;
	Size limit;
	bool has_warned;
	pg_atomic_uint64 partitions; /* for EXPLAIN */
	pg_atomic_uint64 bytes;
	uint32 room; /* for so many participants */
	/* the counts of each participant's batches follow */
	ScorePart part[FLEXIBLE_ARRAY_MEMBER];
} ScoreShared;

typedef struct ScoreState
{
	CustomScanState css;
	ScoreShared *shared; /* NULL unless several processes work on it */
	int columns;		 /* of the child */
	int scorers;		 /* functions */
	Scorer *scorer;
	ScorerShare share;
	bool is_whole; /* one function, no partitions */
	bool has_warned;
	bool started;
	MemoryContext context;	/* of everything below */
	bool rereads;			/* the child has the rows a second time */
	Tuplestorestate *store; /* where it has not */
	TupleTableSlot *stored; /* a row of the store */
	int64 rows;
	/* of the whole */
	int64 room;		  /* of the arrays, in rows */
	RfmScore *scores; /* marks at first, see score_partition.h */
	int64 customers;  /* with orders */
	double *values[RFM_DIMENSIONS];
	int64 next; /* row to return */
	/* for EXPLAIN */
	int64 partitions;
	int64 bytes;
} ScoreState;

extern const CustomScanMethods segment_score_scan_methods;
extern Node *segment_score_create_state(CustomScan *scan);

/*
 * Several processes: join, false if all rows are read already; and after reading, the cut points of all rows. The
 * second returns how many customers there are in all; cuts are not set if there are none.
 */
extern bool segment_score_join(ScoreState *node);
extern int64 segment_score_cuts_together(ScoreState *node, SegmentCutsBuffer buffers[RFM_DIMENSIONS],
										 const SegmentCuts *cuts[RFM_DIMENSIONS]);

/* After reading, the scorers' batches: by this process, or by several together. */
extern void segment_score_batches(ScoreState *node);

extern Size segment_score_estimate_dsm(CustomScanState *css, ParallelContext *pcxt);
extern void segment_score_init_dsm(CustomScanState *css, ParallelContext *pcxt, void *coordinate);
extern void segment_score_reinit_dsm(CustomScanState *css, ParallelContext *pcxt, void *coordinate);
extern void segment_score_init_worker(CustomScanState *css, shm_toc *toc, void *coordinate);
extern void segment_score_shutdown(CustomScanState *css);

#endif
