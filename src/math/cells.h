/*
 * cells.h: clustering features ("cells"): bounded summaries of weighted points. A cell stands for all points that fell
 * into it by their total weight, mean and, per dimension, sum of squared deviations from that mean. That is the
 * BETULA form (Lang & Schubert, Information Systems 108, 2022): unlike BIRCH's sums of squares it does not cancel.
 *
 * A cell is 1 + 2 dims doubles: weight, mean[dims], deviation[dims]. A row is dims + 1 doubles: x[dims], weight.
 */
#ifndef SEGMENT_MATH_CELLS_H
#define SEGMENT_MATH_CELLS_H

#include <stddef.h>

#include "math/poll.h"

#define SEGMENT_CELL_SIZE(dims) (1 + 2 * (dims))
#define SEGMENT_ROW_SIZE(dims) ((dims) + 1)

/* Bytes of scratch memory that segment_cells_reduce needs for n items and at most m cells. */
extern size_t segment_cells_workspace(int dims, int n, int m);

/*
 * Summarizes n_cells cells and n_rows rows by at most m cells; writes them to out (m cells of room, not overlapping
 * cells) and returns their number. A top-down kd-tree: the cell with the largest sum of squares, every
 * dimension divided by its variance over all items, is split at its mean in the dimension that contributes most, until
 * there are m cells. The result depends on the order of the items.
 */
extern int segment_cells_reduce(int dims, const double *cells, int n_cells, const double *rows, int n_rows, int m,
								double *out, void *workspace, SegmentPoll poll);

#endif
