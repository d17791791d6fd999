/*
 * polish.h: the last digits of a k-means fit on micro-clusters: a micro-cluster that lies across the border of two
 * clusters is shared between them, as its points would be.
 */
#ifndef SEGMENT_MATH_POLISH_H
#define SEGMENT_MATH_POLISH_H

#include "math/kmeans.h"

/* Bytes of scratch memory for segment_kmeans_polish. Without exact, those of segment_kmeans are enough. */
extern size_t segment_kmeans_polish_workspace(int n, int dims, int k);

/*
 * Improves the centroids (k x dims) of a fit on micro-clusters. Lloyd's descent on micro-clusters takes each as a
 * whole; here the points of a micro-cluster are taken as normally distributed, with its mean and its variance in each
 * dimension, and the part of them that lies beyond the plane half way to the second nearest centroid goes there, with
 * its own mean. The centroids that this converges to are nearer to those of a descent on all points. deviation: n x
 * dims, sums of squared deviations within micro-clusters, dimension by dimension. exact: NULL, or sums (k x dims) and
 * then weights (k) of all points by their nearest centroid, for the centroids given: then the difference to what the
 * micro-clusters say there is added in every round, which leaves errors of second order only, and the centroids stay
 * near enough for that. Stops when a round moves no centroid by more than 1e-5 of the mean distance, or after
 * max_rounds. Returns the rounds.
 */
extern int segment_kmeans_polish(const SegmentPoints *points, const double *deviation, int k, const double *exact,
								 int max_rounds, double *centroid, void *workspace, SegmentPoll poll);

#endif
