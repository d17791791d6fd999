/*
 * coarse.h: the search for a k-means fit on many micro-clusters, done on fewer.
 */
#ifndef SEGMENT_MATH_COARSE_H
#define SEGMENT_MATH_COARSE_H

#include "math/kmeans.h"

/*
 * How many micro-clusters a search for k clusters among n micro-clusters is done on: enough that a cluster is five
 * micro-clusters wide in every dimension; n, that is all of them, where that saves nothing.
 */
extern int segment_coarse_micros(int n, int dims, int k);

/* Bytes of scratch memory for segment_kmeans_coarse, beside those of segment_kmeans. */
extern size_t segment_coarse_workspace(int n, int dims, int k);

/*
 * segment_kmeans, but with starts and swaps on a coarser summary of the points: the best solution there descends on all
 * of them. The ranks of solutions hardly depend on where borders run within a micro-cluster, and it is cheaper by what
 * there are fewer of. The same result fields.
 */
extern void segment_kmeans_coarse(const SegmentPoints *points, const SegmentKmeansOptions *options,
								  SegmentKmeansFit *fit, void *workspace, void *coarse_workspace);

#endif
