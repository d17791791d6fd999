/*
 * coarse.h: the search for a k-means fit on many micro-clusters, done on fewer.
 */
#ifndef SEGMENT_MATH_COARSE_H
#define SEGMENT_MATH_COARSE_H

#include "math/kmeans.h"

/*
 * How many micro-clusters a search for k clusters among n of them is done on: enough that a cluster is five wide in
 * every dimension; n, which is all of them, where fewer would save nothing.
 */
extern int segment_coarse_micros(int n, int dims, int k);

/* Bytes of scratch memory for segment_kmeans_coarse, beside those of segment_kmeans. */
extern size_t segment_coarse_workspace(int n, int dims, int k);

/*
 * segment_kmeans, but with starts and swaps on a coarser summary of the points: the best solution there descends on all
 * of them. Which solution is best hardly depends on where borders run within micro-clusters, and the search is cheaper
 * in proportion to their number. The same result fields.
 */
extern void segment_kmeans_coarse(const SegmentPoints *points, const SegmentKmeansOptions *options,
								  SegmentKmeansFit *fit, void *workspace, void *coarse_workspace);

#endif
