/*
 * test_kmeans_search.c: what k-means gains on a coarse sample and by polishing, without a server.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "math/micro_clusters.h"
#include "math/coarse.h"
#include "math/kmeans.h"
#include "math/nearest.h"
#include "math/polish.h"
#include "tap.h"

/* Two clusters that touch: centroids polished on a few micro-clusters come near those of a descent on all points. */
static void
test_polish(void)
{
	enum
	{
		N = 20000,
		M = 40,
		DIMS = 2,
		K = 4
	};
	uint64_t state = 5;
	double *x = malloc(sizeof(double) * N * DIMS);
	double *w = malloc(sizeof(double) * N);
	double *rows = malloc(sizeof(double) * N * SEGMENT_ROW_SIZE(DIMS));
	double micros[M * SEGMENT_MICRO_SIZE(DIMS)];
	double micro_x[M * DIMS];
	double micro_w[M];
	double deviation[M * DIMS];
	double centroid[K * DIMS];
	double weight[K];
	double sse[K];
	double *nearest = malloc(sizeof(double) * N);
	int32_t *label = malloc(sizeof(int32_t) * N);
	void *workspace = malloc(segment_kmeans_polish_workspace(N, DIMS, K) + segment_micros_workspace(DIMS, N, M));
	SegmentPoints all = {N, DIMS, x, w};
	SegmentKmeansOptions options = {.k = K, .starts = 20, .max_iter = 500, .seed = 1};
	SegmentKmeansFit fit = {.centroid = centroid, .label = label, .nearest = nearest, .weight = weight, .sse = sse};
	double best;
	double before = 0.0;
	double after = 0.0;
	double refined = 0.0;
	double exact[K * (DIMS + 1)];
	int count;

	for (int i = 0; i < N; i++)
	{
		double a = tap_uniform(&state);
		double b = tap_uniform(&state);

		x[i] = rows[i * 3] = a * a;
		x[N + i] = rows[i * 3 + 1] = 0.7 * b;
		w[i] = rows[i * 3 + 2] = 1.0;
	}
	count = segment_micros_reduce(DIMS, NULL, 0, rows, N, M, micros, NULL, workspace, NULL);
	for (int i = 0; i < count; i++)
	{
		micro_w[i] = micros[i * 5];
		for (int j = 0; j < DIMS; j++)
		{
			micro_x[j * count + i] = micros[i * 5 + 1 + j];
			deviation[j * count + i] = micros[i * 5 + 3 + j];
		}
	}
	segment_kmeans(&(SegmentPoints) {count, DIMS, micro_x, micro_w}, &options, &fit, workspace);
	segment_nearest(&all, 0, N, centroid, K, label, nearest, NULL);
	for (int i = 0; i < N; i++)
		before += nearest[i];
	tap_ok(segment_kmeans_polish(&(SegmentPoints) {count, DIMS, micro_x, micro_w}, deviation, K, NULL, 500, centroid,
								 workspace, NULL) < 500,
		   "polishing settles");
	segment_nearest(&all, 0, N, centroid, K, label, nearest, NULL);
	for (int i = 0; i < N; i++)
		after += nearest[i];
	for (int i = 0; i < K * (DIMS + 1); i++)
		exact[i] = 0.0;
	for (int i = 0; i < N; i++)
	{
		exact[label[i] * DIMS] += x[i];
		exact[label[i] * DIMS + 1] += x[N + i];
		exact[K * DIMS + label[i]] += 1.0;
	}
	segment_kmeans_polish(&(SegmentPoints) {count, DIMS, micro_x, micro_w}, deviation, K, exact, 500, centroid,
						  workspace, NULL);
	segment_nearest(&all, 0, N, centroid, K, label, nearest, NULL);
	for (int i = 0; i < N; i++)
		refined += nearest[i];
	segment_kmeans_descend(&all, &options, &fit, workspace);
	best = fit.inertia;
	tap_ok(refined < after && refined < best * 1.0002, "… and with exact sums once: %.6f", refined / best);
	tap_ok(after < before && after < best * 1.0005, "forty micro-clusters: %.6f of the best, %.6f unpolished",
		   after / best, before / best);
	free(x);
	free(w);
	free(rows);
	free(nearest);
	free(label);
	free(workspace);
}

/* A search on a coarser summary ends where one on all points does; a small problem is searched on all. */
static void
test_coarse(void)
{
	enum
	{
		N = 6000,
		DIMS = 2,
		K = 7
	};
	uint64_t state = 11;
	double *x = malloc(sizeof(double) * N * DIMS);
	double *w = malloc(sizeof(double) * N);
	double *nearest = malloc(sizeof(double) * N);
	int32_t *label = malloc(sizeof(int32_t) * N);
	double centroid[K * DIMS];
	double weight[K];
	double sse[K];
	void *workspace = malloc(segment_kmeans_workspace(N, DIMS, K));
	void *coarse = malloc(segment_coarse_workspace(N, DIMS, K));
	SegmentPoints all = {N, DIMS, x, w};
	SegmentKmeansOptions options = {.k = K, .starts = 5, .swaps = 50, .max_iter = 500, .seed = 1};
	SegmentKmeansFit fit = {.centroid = centroid, .label = label, .nearest = nearest, .weight = weight, .sse = sse};
	double best;
	int iterations;

	for (int i = 0; i < N; i++)
	{
		x[i] = i % K * 4.0 + tap_uniform(&state) + tap_uniform(&state);
		x[N + i] = i % K * i % 3 + tap_uniform(&state) + tap_uniform(&state);
		w[i] = 1.0 + i % 2;
	}
	segment_kmeans(&all, &options, &fit, workspace);
	best = fit.inertia;
	memset(centroid, 0, sizeof(centroid));
	segment_kmeans_coarse(&all, &options, &fit, workspace, coarse);
	iterations = fit.iterations;
	tap_ok(segment_coarse_micros(N, DIMS, K) == 500 && iterations > 10 && fabs(fit.inertia / best - 1.0) < 1e-12,
		   "the coarse search finds the same clusters, %.3g of the sum off", fit.inertia / best - 1.0);
	tap_ok(segment_coarse_micros(900, DIMS, K) == 900 && segment_coarse_workspace(900, DIMS, K) == 0 &&
			   segment_coarse_micros(8192, 64, K) == 8192 && segment_coarse_micros(8192, 3, 8) == 1000,
		   "few micro-clusters, or many dimensions, are searched as they are");
	free(x);
	free(w);
	free(nearest);
	free(label);
	free(workspace);
	free(coarse);
}

int
main(void)
{
	test_polish();
	test_coarse();
	return tap_done();
}
