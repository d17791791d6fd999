/*
 * grouping_parallel.h: one grouping by several processes.
 *
 * By groups, where rows are many times as many as groups: each groups its share of the rows, hands its groups over in
 * partitions by hash, and when all have done so, merges whole partitions and returns their finished groups. By rows,
 * otherwise: each hands its rows over in partitions, and groups whole partitions; that serves any aggregate.
 */
#ifndef SEGMENT_GROUPING_PARALLEL_H
#define SEGMENT_GROUPING_PARALLEL_H

#include "nodes/extensible.h"
#include "port/atomics.h"
#include "storage/barrier.h"
#include "storage/buffile.h"
#include "storage/dsm.h"
#include "storage/sharedfileset.h"

#include "core/hash.h"

/* Enough to share evenly, few enough that the files' buffers stay small. */
#define GROUPING_SHARE_BITS 5
#define GROUPING_SHARES (1 << GROUPING_SHARE_BITS)

typedef struct GroupingShared
{
	Barrier barrier;	 /* phase 0: rows are grouped; 1: partitions are merged */
	SharedFileSet files; /* "participant.partition": the groups that a participant handed over */
	dsm_handle segment;
	SegmentHashKey key; /* of all participants' hashes */
	pg_atomic_uint32 participants;
	pg_atomic_uint32 next;					  /* the next partition to merge */
	pg_atomic_uint64 groups[GROUPING_SHARES]; /* handed over, of each partition */
	pg_atomic_uint64 bytes[GROUPING_SHARES];
	/* for EXPLAIN */
	pg_atomic_uint64 total_groups;
	pg_atomic_uint64 peak_memory; /* of all participants together */
	pg_atomic_uint64 spilled_bytes;
	pg_atomic_uint32 longest_probe;
} GroupingShared;

/* What a participant keeps. */
typedef struct GroupingShare
{
	bool leaves_groups; /* to the others, see segment_grouping_leave_groups */
	bool is_done;		/* and so has done all that it does */
	uint32 participant;
	BufFile *file[GROUPING_SHARES]; /* being written */
	int partition;					/* being merged */
	int passes;						/* in which a partition is merged that is too large for the memory */
	int pass;
	char *record; /* room for a group on its way */
	Size record_size;
} GroupingShare;

struct GroupingState;

/* Hands over all groups in memory, and forgets them. */
extern void segment_grouping_hand_over(struct GroupingState *node);

/* Ends the first phase: hands over the rest and waits for the others. */
extern void segment_grouping_end_build(struct GroupingState *node);

/* Fills the table with merged groups of another partition; false if all are taken. */
extern bool segment_grouping_merge_next(struct GroupingState *node);

/* Adds what EXPLAIN shows of a worker to what it shows of all. */
extern void segment_grouping_report(struct GroupingState *node);

/* Callbacks of the node. */
extern Size segment_grouping_estimate_dsm(CustomScanState *node, ParallelContext *pcxt);
extern void segment_grouping_init_dsm(CustomScanState *node, ParallelContext *pcxt, void *coordinate);
extern void segment_grouping_reinit_dsm(CustomScanState *node, ParallelContext *pcxt, void *coordinate);
extern void segment_grouping_init_worker(CustomScanState *node, shm_toc *toc, void *coordinate);
extern void segment_grouping_shutdown(CustomScanState *node);

#endif
