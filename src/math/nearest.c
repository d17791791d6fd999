/*
 * nearest.c: squared distances, and the nearest centroid of every point.
 */
#include "math/nearest.h"

#include <math.h>
#include <string.h>

#include "math/kernel.h"

/* Points are handled in blocks that stay in the first-level cache. */
#define BLOCK 256

/* Squared distances of up to BLOCK points, from first on, to one centroid. */
static inline __attribute__((always_inline)) void
block_distances(const SegmentPoints *points, int first, int count, const double *centroid, double *restrict distance)
{
	size_t n = (size_t) points->n;
	const double *x = points->x + first;
	int i;
	int j;

	if (points->dims == 2)
	{
		const double *y = x + n;

		for (i = 0; i < count; i++)
		{
			double a = x[i] - centroid[0];
			double b = y[i] - centroid[1];

			distance[i] = a * a + b * b;
		}
		return;
	}
	if (points->dims == 3)
	{
		const double *y = x + n;
		const double *z = x + 2 * n;

		for (i = 0; i < count; i++)
		{
			double a = x[i] - centroid[0];
			double b = y[i] - centroid[1];
			double c = z[i] - centroid[2];

			distance[i] = a * a + b * b + c * c;
		}
		return;
	}
	for (i = 0; i < count; i++)
	{
		double a = x[i] - centroid[0];

		distance[i] = a * a;
	}
	x += n;
	/* Four dimensions at a time load and store the sum once; the terms are added in the order of the dimensions. */
	for (j = 1; j + 3 < points->dims; j += 4, x += 4 * n)
	{
		const double *y = x + n;
		const double *z = y + n;
		const double *t = z + n;

		for (i = 0; i < count; i++)
		{
			double a = x[i] - centroid[j];
			double b = y[i] - centroid[j + 1];
			double c = z[i] - centroid[j + 2];
			double d = t[i] - centroid[j + 3];

			distance[i] = distance[i] + a * a + b * b + c * c + d * d;
		}
	}
	for (; j < points->dims; j++, x += n)
	{
		for (i = 0; i < count; i++)
		{
			double a = x[i] - centroid[j];

			distance[i] += a * a;
		}
	}
}

/* segment_nearest for one block. The numbers of the centroids are as wide as the
 * distances, and chosen by masks: a choice by condition would become a branch. */
SEGMENT_KERNEL static void
block_nearest(const SegmentPoints *points, int first, int count, const double *centroid, int k, int32_t *label,
			  double *nearest, double *second)
{
	double distance[BLOCK];
	double best[BLOCK];
	double next[BLOCK];
	int64_t which[BLOCK];
	int c;
	int i;

	block_distances(points, first, count, centroid, best);
	for (i = 0; i < count; i++)
	{
		next[i] = INFINITY;
		which[i] = 0;
	}
	for (c = 1; c < k; c++)
	{
		block_distances(points, first, count, centroid + (size_t) c * (size_t) points->dims, distance);
		if (second)
		{
			for (i = 0; i < count; i++)
			{
				double worse = distance[i] < best[i] ? best[i] : distance[i];

				next[i] = worse < next[i] ? worse : next[i];
			}
		}
		for (i = 0; i < count; i++)
		{
			int64_t nearer = -(int64_t) (distance[i] < best[i]);

			which[i] ^= (which[i] ^ c) & nearer;
			best[i] = distance[i] < best[i] ? distance[i] : best[i];
		}
	}
	for (i = 0; i < count; i++)
		label[i] = (int32_t) which[i];
	memcpy(nearest, best, (size_t) count * sizeof(double));
	if (second)
		memcpy(second, next, (size_t) count * sizeof(double));
}

void
segment_nearest(const SegmentPoints *points, int first, int count, const double *centroid, int k, int32_t *label,
				double *nearest, double *second)
{
	int done;

	for (done = 0; done < count; done += BLOCK)
		block_nearest(points, first + done, count - done < BLOCK ? count - done : BLOCK, centroid, k, label + done,
					  nearest + done, second ? second + done : NULL);
}

SEGMENT_KERNEL void
segment_distances(const SegmentPoints *points, const double *centroid, double *distance)
{
	int first;

	for (first = 0; first < points->n; first += BLOCK)
		block_distances(points, first, points->n - first < BLOCK ? points->n - first : BLOCK, centroid,
						distance + first);
}

/* The squared distance of point i to a centroid; the same sum, in the same order, as block_distances. */
static inline double
point_distance(const SegmentPoints *points, int i, const double *centroid)
{
	const double *x = points->x + i;
	double a = x[0] - centroid[0];
	double sum = a * a;
	int j;

	for (j = 1; j < points->dims; j++)
	{
		x += points->n;
		a = x[0] - centroid[j];
		sum += a * a;
	}
	return sum;
}

/* The nearest of all centroids for one point. */
static void
search_all(const SegmentPoints *points, int i, const double *centroid, int k, int32_t *label, double *nearest)
{
	int c;

	*label = 0;
	*nearest = point_distance(points, i, centroid);
	for (c = 1; c < k; c++)
	{
		double distance = point_distance(points, i, centroid + (size_t) c * (size_t) points->dims);

		if (distance < *nearest)
		{
			*nearest = distance;
			*label = c;
		}
	}
}

/* One block of segment_reassign, for one centroid that moved. */
SEGMENT_KERNEL static void
try_centroid(const SegmentPoints *points, int first, int count, const double *centroid, int32_t number, int32_t *label,
			 double *nearest)
{
	double distance[BLOCK];
	int i;

	block_distances(points, first, count, centroid, distance);
	for (i = 0; i < count; i++)
	{
		/* A tie goes to the lower number. */
		bool nearer = distance[i] < nearest[i] || (distance[i] == nearest[i] && number < label[i]);

		label[i] = nearer ? number : label[i];
		nearest[i] = nearer ? distance[i] : nearest[i];
	}
}

void
segment_reassign(const SegmentPoints *points, const double *centroid, int k, const bool *moved, int32_t *label,
				 double *nearest)
{
	int n_moved = 0;
	int first;
	int c;

	for (c = 0; c < k; c++)
		n_moved += moved[c];
	if (n_moved > k / 2)
	{
		segment_nearest(points, 0, points->n, centroid, k, label, nearest, NULL);
		return;
	}
	for (first = 0; first < points->n; first += BLOCK)
	{
		int count = points->n - first < BLOCK ? points->n - first : BLOCK;
		int search[BLOCK];
		int n_search = 0;
		int i;

		for (i = first; i < first + count; i++)
		{
			double distance;

			if (!moved[label[i]])
				continue;
			distance = point_distance(points, i, centroid + (size_t) label[i] * (size_t) points->dims);
			if (distance > nearest[i])
				search[n_search++] = i;
			nearest[i] = distance;
		}
		for (c = 0; c < k; c++)
			if (moved[c])
				try_centroid(points, first, count, centroid + (size_t) c * (size_t) points->dims, c, label + first,
							 nearest + first);
		for (i = 0; i < n_search; i++)
			search_all(points, search[i], centroid, k, &label[search[i]], &nearest[search[i]]);
	}
}
