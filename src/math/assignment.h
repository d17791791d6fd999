/*
 * assignment.h: the assignment problem: match rows to columns at the least total cost.
 */
#ifndef SEGMENT_MATH_ASSIGNMENT_H
#define SEGMENT_MATH_ASSIGNMENT_H

#include "math/poll.h"

/* Doubles of scratch memory. */
#define SEGMENT_ASSIGNMENT_SCRATCH(rows, columns) (4 * ((size_t) (columns) + 1) + (size_t) (rows) + 1)

/*
 * cost[i * columns + j] in [0, 1e290], rows <= columns. Sets column[i] to the column of each row. The Hungarian method with
 * potentials (Kuhn 1955, Munkres 1957), O(rows^2 columns).
 */
extern void segment_assign_rows(const double *cost, int rows, int columns, int *column, double *scratch,
								SegmentPoll poll);

#endif
