/*
 * weighted.h: sorted multisets: distinct finite doubles, ascending, each with how often it occurs.
 */
#ifndef SEGMENT_MATH_WEIGHTED_H
#define SEGMENT_MATH_WEIGHTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "math/poll.h"

/* The most values in all: ranks times bins then fit 63 bits. */
#define SEGMENT_MAX_TOTAL ((int64_t) 1 << 55)

typedef struct SegmentWeighted
{
	double value;
	int64_t count;
} SegmentWeighted;

/*
 * Merges two sorted multisets of distinct values into out (room for na + nb), adding counts of equal values. Returns
 * the number of distinct values.
 */
extern size_t segment_weighted_merge(const SegmentWeighted *a, size_t na, const SegmentWeighted *b, size_t nb,
									 SegmentWeighted *out, SegmentPoll poll);

/*
 * Sorts entries in any order and with repeats into a sorted multiset, in place; scratch has room for n entries.
 * Returns the number of distinct values. At most n log2 n comparisons, fewer with many repeats.
 */
extern size_t segment_weighted_sort(SegmentWeighted *entries, size_t n, SegmentWeighted *scratch, SegmentPoll poll);

#endif
