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

#endif
