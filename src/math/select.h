/*
 * select.h: order statistics by selection, without sorting everything.
 */
#ifndef SEGMENT_MATH_SELECT_H
#define SEGMENT_MATH_SELECT_H

#include <stddef.h>

#include "math/poll.h"

/*
 * Permutes n finite doubles so that values[rank] is what sorting would put there, for each of the ranks (ascending,
 * 0-based, below n). Expected n log2(n_ranks) steps; at most n log n.
 */
extern void segment_select(double *values, size_t n, const size_t *ranks, int n_ranks, SegmentPoll poll);

/* Bytes of memory that segment_pick needs for n values. */
extern size_t segment_pick_memory(size_t n);

/*
 * The order statistics of n finite doubles that stay where they are: picked[i] is what sorting would put at ranks[i]
 * (ascending, below n; changed). Two passes over the values, and a selection among those near a wanted rank.
 */
extern void segment_pick(const double *values, size_t n, size_t *ranks, int n_ranks, double *picked, void *memory,
						 SegmentPoll poll);

#endif
