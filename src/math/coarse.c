/*
 * coarse.c: k-means on a coarser summary first.
 */
#include "math/coarse.h"

#include <string.h>

#include "math/micro_clusters.h"

/* Micro-clusters across a cluster in every dimension. */
#define MICROS_ACROSS 5.0

/* ... and this many at least. */
#define FEWEST_MICROS 500.0

/* Fewer than this share of the micro-clusters, or the search stays on all. */
#define WORTHWHILE 0.5

int
segment_coarse_micros(int n, int dims, int k)
{
	double micros = k;
	int j;

	for (j = 0; j < dims; j++)
		micros *= MICROS_ACROSS;
	if (micros < FEWEST_MICROS)
		micros = FEWEST_MICROS;
	return micros < WORTHWHILE * n ? (int) micros : n;
}

size_t
segment_coarse_workspace(int n, int dims, int k)
{
	int m = segment_coarse_micros(n, dims, k);

	if (m == n)
		return 0;
	return sizeof(double) * ((size_t) n * (size_t) SEGMENT_ROW_SIZE(dims) +
							 (size_t) m * (size_t) (SEGMENT_MICRO_SIZE(dims) + SEGMENT_ROW_SIZE(dims))) +
		   segment_micros_workspace(dims, n, m);
}

void
segment_kmeans_coarse(const SegmentPoints *points, const SegmentKmeansOptions *options, SegmentKmeansFit *fit,
					  void *workspace, void *coarse_workspace)
{
	int n = points->n;
	int dims = points->dims;
	int most = segment_coarse_micros(n, dims, options->k);
	double *rows = coarse_workspace;
	double *micros;
	double *x;
	double *w;
	int m;
	int i;
	int j;

	if (most == n)
	{
		segment_kmeans(points, options, fit, workspace);
		return;
	}
	micros = rows + (size_t) n * (size_t) SEGMENT_ROW_SIZE(dims);
	w = micros + (size_t) most * (size_t) SEGMENT_MICRO_SIZE(dims);
	x = w + most;
	for (i = 0; i < n; i++)
	{
		double *row = rows + (size_t) i * (size_t) SEGMENT_ROW_SIZE(dims);

		for (j = 0; j < dims; j++)
			row[j] = points->x[(size_t) j * (size_t) n + (size_t) i];
		row[dims] = points->w[i];
	}
	m = segment_micros_reduce(dims, NULL, 0, rows, n, most, micros, NULL, x + (size_t) most * (size_t) dims,
							  options->poll);
	for (i = 0; i < m; i++)
	{
		const double *micro = micros + (size_t) i * (size_t) SEGMENT_MICRO_SIZE(dims);

		w[i] = micro[0];
		for (j = 0; j < dims; j++)
			x[(size_t) j * (size_t) m + (size_t) i] = micro[1 + j];
	}
	segment_kmeans(&(SegmentPoints) {m, dims, x, w}, options, fit, workspace);
	segment_kmeans_descend(points, options, fit, workspace);
}
