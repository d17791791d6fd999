/*
 * nearest.h: points in memory, and the search for their nearest centroids, which everything about clusters uses. Ties go to
 * the lower centroid.
 */
#ifndef SEGMENT_MATH_NEAREST_H
#define SEGMENT_MATH_NEAREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Points, one array a dimension: coordinate j of point i is x[j * n + i]. Weights are positive. */
typedef struct SegmentPoints
{
	int n;
	int dims;
	const double *x;
	const double *w;
} SegmentPoints;

/*
 * For points [first, first + count), the nearest of k centroids: label and squared distance (indexed from 0), and
 * where second is not NULL the squared distance to the second nearest (infinite if k is 1).
 */
extern void segment_nearest(const SegmentPoints *points, int first, int count, const double *centroid, int k,
							int32_t *label, double *nearest, double *second);

/*
 * Brings labels and distances of all points up to date after some centroids moved: gives what segment_nearest would give,
 * to the bit, at less cost where few moved. A point need not look at centroids that stayed, unless its own went further away
 * (Kaukoranta, Franti & Nevalainen 2000, "A fast exact GLA based on code vector activity detection").
 */
extern void segment_reassign(const SegmentPoints *points, const double *centroid, int k, const bool *moved,
							 int32_t *label, double *nearest);

/* Squared distances of all points to one point. */
extern void segment_distances(const SegmentPoints *points, const double *centroid, double *distance);

#endif
