/*
 * score_partition.h: scoring customers by the cut points of their own partition: what the window function and the
 * executor node of the same purpose share. Private to the room.
 */
#ifndef SEGMENT_SCORE_SCORE_PARTITION_H
#define SEGMENT_SCORE_SCORE_PARTITION_H

#include "score/cut_points.h"

/* Arguments of rfm_score(...) OVER, in the order of the SQL function. */
enum
{
	SCORE_ARG_RFM,
	SCORE_ARG_AS_OF,
	SCORE_ARG_BINS,
	SCORE_ARG_METHOD,
	SCORE_ARG_MONETARY,
	SCORE_ARG_ZONE,
	SCORE_ARG_MIN_PARTITION,
	SCORE_ARG_FALLBACK,
	SCORE_ARGS
};

extern const char *const segment_score_argument_names[SCORE_ARGS];

/* Marks stored in place of scores until these are known; no valid score equals them. */
#define SCORE_NONE PG_UINT32_MAX /* without a summary: no score; this one stays */
#define SCORE_UNDEFINED 0		 /* without an order */
#define SCORE_DUE 1				 /* the next of the values belongs to it */

/* The options of a partition. */
typedef struct ScoreOptions
{
	DateADT as_of;
	int32 bins;
	SegmentMethod method;
	RfmMonetary monetary;
	pg_tz *zone;
	int64 min_partition;
	const RfmCutPoints *fallback; /* NULL: none */
} ScoreOptions;

/* Checks the arguments' values; 22023 for what is out of range. fallback points into them. */
extern ScoreOptions segment_score_options(const Datum *arguments, const bool *nulls);

/*
 * False if n > 0 customers with orders are enough for cut points of their own. Else sets cuts to the fallback's; 22023
 * without a fallback.
 */
extern bool segment_score_falls_back(const ScoreOptions *options, int64 n, const SegmentCuts *cuts[RFM_DIMENSIONS]);

/* The cut points of one dimension of n > 0 customers, in the buffer. */
extern const SegmentCuts *segment_score_make_cuts(const ScoreOptions *options, int dimension, const double *values,
												  int64 n, SegmentCutsBuffer *buffer);

/* Turns the marks of rows into scores; values as the marks say. cuts are not looked at where no row is due. */
extern void segment_score_rows(const ScoreOptions *options, const SegmentCuts *const cuts[RFM_DIMENSIONS],
							   double *const values[RFM_DIMENSIONS], RfmScore *marks, int64 rows);

#endif
