/*
 * breaks.h: natural breaks: the partition of weighted distinct values into k classes of neighbours with the smallest
 * sum of squared distances to the class means: the exact optimum (Fisher 1958; Jenks 1977), which is one-dimensional
 * k-means.
 */
#ifndef SEGMENT_MATH_BREAKS_H
#define SEGMENT_MATH_BREAKS_H

#include "math/weighted.h"

/* Bytes of working memory for n distinct values and k classes; 0 if that overflows. */
extern size_t segment_breaks_memory(size_t n, int k);

/*
 * Writes to ends[0 .. k-1] the index behind the last value of each class; values are n >= k sorted distinct ones. Of
 * equally good starts of a class the lowest is taken, last class first.
 * work has segment_breaks_memory bytes, aligned for doubles. k (n log n) steps.
 */
extern void segment_breaks(const SegmentWeighted *values, size_t n, int k, void *work, size_t *ends, SegmentPoll poll);

/* The sum of squared distances to the mean of values[first .. last), for tests and reports. */
extern double segment_breaks_cost(const SegmentWeighted *values, size_t first, size_t last);

#endif
