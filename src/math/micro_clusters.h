/*
 * micro_clusters.h: micro-clusters (the clustering features of BIRCH): bounded summaries of weighted points. A micro-cluster
 * stands for all points that fell into it by their total weight, mean and, per dimension, sum of squared deviations
 * from that mean. That is the BETULA form (Lang & Schubert, Information Systems 108, 2022): unlike BIRCH's sums of
 * squares it does not cancel.
 *
 * A micro-cluster is 1 + 2 dims doubles: weight, mean[dims], deviation[dims]. A row is dims + 1 doubles: x[dims],
 * weight.
 */
#ifndef SEGMENT_MATH_MICRO_CLUSTERS_H
#define SEGMENT_MATH_MICRO_CLUSTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "math/poll.h"

#define SEGMENT_MICRO_SIZE(dims) (1 + 2 * (dims))
#define SEGMENT_ROW_SIZE(dims) ((dims) + 1)

/*
 * The tree behind micro-clusters: where a reduction cut. A node sends a point to node child if it lies below the cut,
 * else to child + 1. A leaf sends every point to itself: its cut is infinite.
 */
typedef struct SegmentMicroNode
{
	double cut;
	int32_t dim;
	int32_t child;
} SegmentMicroNode;

typedef struct SegmentMicroTree
{
	SegmentMicroNode *node;	  /* room for 2 m - 1 */
	int32_t *micro;			  /* 2 m - 1: the micro-cluster that a leaf stands for */
	double *inverse_variance; /* dims: what sums of squares are multiplied with */
	double limit;			  /* what a micro-cluster's scaled sum of squares was at most, when ... */
	double weight;			  /* ... the total weight was this */
} SegmentMicroTree;

/* True if n micro-clusters are what points can have: finite, of positive weight, with no negative deviation. */
extern bool segment_micros_sound(int dims, const double *micros, int n);

/* Bytes of scratch memory that segment_micros_reduce needs for n items and at most m micro-clusters. */
extern size_t segment_micros_workspace(int dims, int n, int m);

/*
 * Summarizes n_micros micro-clusters and n_rows rows by at most m micro-clusters; writes them to out (m micro-clusters
 * of room, not overlapping micro-clusters) and returns their number. A top-down kd-tree: the micro-cluster with the
 * largest sum of squares, every dimension divided by its variance over all items, is split at its mean in the dimension
 * that contributes most, until there are m micro-clusters. The result depends on the order of the items. tree is filled
 * unless NULL.
 */
extern int segment_micros_reduce(int dims, const double *micros, int n_micros, const double *rows, int n_rows, int m,
								 double *out, SegmentMicroTree *tree, void *workspace, SegmentPoll poll);

/*
 * Adds rows to the micro-clusters that the tree leads them to, but for those that would spread a micro-cluster by more
 * than its share; weight is the total including all rows. Returns how many are left, moved to the front of rows.
 */
extern int segment_micros_absorb(int dims, const SegmentMicroTree *tree, double *micros, double *rows, int n_rows,
								 double weight);

#endif
