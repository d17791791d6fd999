/*
 * score_node.h: the executor node of rfm_score(…) OVER (): the whole input is one partition. Private to the room.
 *
 * It reads its input, keeps the rows in a tuplestore and what the scores look at in plain arrays, finds the cut points
 * and returns the rows with their scores. Groups that are all in memory are not stored but read twice. Several processes
 * each do so with their share of the rows: they hand over values, make a dimension's cut points each, and return their
 * own rows.
 */
#ifndef SEGMENT_SCORE_SCORE_NODE_H
#define SEGMENT_SCORE_SCORE_NODE_H

#include "executor/executor.h"
#include "nodes/extensible.h"
#include "nodes/pathnodes.h"
#include "port/atomics.h"
#include "storage/barrier.h"
#include "utils/dsa.h"
#include "utils/tuplestore.h"

#include "score/score_partition.h"

#define SCORE_NODE_NAME "SegmentScore"

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
	pg_atomic_uint32 dimension; /* the next whose cut points are to be made */
	SegmentCutsBuffer cuts[RFM_DIMENSIONS];
	ScorePart part[FLEXIBLE_ARRAY_MEMBER];
} ScoreShared;

typedef struct ScoreState
{
	CustomScanState css;
	ScoreShared *shared; /* NULL unless several processes work on it */
	int columns;		 /* of the child */
	ExprState *argument[SCORE_ARGS];
	AttrNumber rfm_column; /* of the child, if the first argument is no more than that; else 0 */
	ScoreOptions options;
	bool has_options;
	bool started;
	MemoryContext context;	/* of everything below */
	bool rereads;			/* the child has the rows a second time */
	Tuplestorestate *store; /* where it has not */
	TupleTableSlot *stored; /* a row of the store */
	int64 room;				/* of the arrays, in rows */
	int64 rows;
	RfmScore *scores; /* marks at first, see score_partition.h */
	int64 customers;  /* with orders */
	double *values[RFM_DIMENSIONS];
	int64 next; /* row to return */
} ScoreState;

extern const CustomScanMethods segment_score_scan_methods;
extern Node *segment_score_create_state(CustomScan *scan);

/* The options; evaluates them at the first call. */
extern const ScoreOptions *segment_score_node_options(ScoreState *node);

/*
 * Several processes: joining, false if the rows are read already; and after reading, the cut points of all rows.
 * Returns how many customers there are in all; cuts are not set if none.
 */
extern bool segment_score_join(ScoreState *node);
extern int64 segment_score_cuts_together(ScoreState *node, SegmentCutsBuffer buffers[RFM_DIMENSIONS],
										 const SegmentCuts *cuts[RFM_DIMENSIONS]);
extern Size segment_score_estimate_dsm(CustomScanState *css, ParallelContext *pcxt);
extern void segment_score_init_dsm(CustomScanState *css, ParallelContext *pcxt, void *coordinate);
extern void segment_score_reinit_dsm(CustomScanState *css, ParallelContext *pcxt, void *coordinate);
extern void segment_score_init_worker(CustomScanState *css, shm_toc *toc, void *coordinate);

#endif
