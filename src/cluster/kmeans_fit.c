/*
 * kmeans_fit.c: kmeans(): from a coreset to a model.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"

#include "core/compat.h"
#include "core/error.h"
#include "core/progress.h"
#include "math/coarse.h"
#include "math/polish.h"

#include "cluster/cluster.h"
#include "cluster/coreset.h"
#include "cluster/model.h"

/*
 * Effort by default: one start or swap costs about points x k, so small problems can afford many and large ones need
 * few; tiny ones need few too. Swaps end when many in a row fail, sooner among micro-clusters, which limit what there
 * is to gain. The bounds keep the quality gates of the published sets for every seed tried, not only the default one.
 */
#define START_EFFORT (1 << 19)
#define SWAP_EFFORT (1 << 25)
#define STALL_EFFORT (1 << 21)
#define STARTS_A_POINT 20
#define SWAPS_A_POINT 40

/* An effort divided by the size of the problem, within bounds. */
static int
affordable(int effort, int points, int k, int fewest, int most)
{
	int64 count = effort / ((int64) points * k);

	return (int) Max(Min(count, most), fewest);
}

/*
 * Swaps that are tried at least, whatever they cost: 50 clusters need six a cluster to come near the best known sums.
 */
static int
fewest_swaps(int k)
{
	return Max(50, Min(6 * k, 200 + 2 * k));
}

/* Sets the inertia of every cluster, with what the items themselves hold. */
static void
add_inner(const FitPoints *fit, SegmentKmeansFit *result)
{
	int i;

	for (i = 0; i < fit->points.n; i++)
		result->sse[result->label[i]] += fit->within[i];
	result->inertia += fit->inner;
}

/*
 * Moves the centroids to where a descent on all points would end, as far as micro-clusters can tell, and assigns the
 * micro-clusters anew. Everything stays as it is if a cluster would be left without any.
 */
static void
polish(const FitPoints *fit, const SegmentKmeansOptions *how, SegmentKmeansFit *result, void *workspace)
{
	SegmentKmeansOptions settle = *how;
	SegmentKmeansStop stop = result->stop;
	Size bytes = sizeof(double) * (Size) how->k * fit->space.dims;
	double *centroid;

	if (!fit->deviation || result->weight[how->k - 1] == 0.0)
		return;
	centroid = palloc(bytes);
	memcpy(centroid, result->centroid, bytes);
	result->iterations += segment_kmeans_polish(&fit->points, fit->deviation, how->k, NULL, how->max_iter,
												result->centroid, workspace, how->poll);
	settle.max_iter = 0;
	segment_kmeans_descend(&fit->points, &settle, result, workspace);
	if (result->weight[how->k - 1] == 0.0)
	{
		memcpy(result->centroid, centroid, bytes);
		segment_kmeans_descend(&fit->points, &settle, result, workspace);
	}
	result->stop = stop;
	pfree(centroid);
}

KmeansModel *
segment_fit_model(const Coreset *coreset, int transform, const FitOptions *options)
{
	int n = coreset->items;
	int k = options->k;
	int dims = coreset->dims;
	SegmentKmeansOptions how;
	SegmentKmeansFit result;
	KmeansModel *model;
	FitPoints *fit;
	void *workspace;
	int c;

	segment_check_not_empty(coreset);
	how.k = Min(k, n);
	how.starts =
		options->starts >= 0 ? options->starts : affordable(START_EFFORT, n, k, 8, Min(512, STARTS_A_POINT * n));
	how.swaps = options->swaps;
	if (options->swaps < 0)
		how.swaps = affordable(SWAP_EFFORT, n, k, fewest_swaps(k), Min(2000, SWAPS_A_POINT * n));
	if (options->swaps >= 0)
		how.stall = 0;
	else if (coreset->mode == SEGMENT_CORESET_DISTINCT)
		how.stall = affordable(STALL_EFFORT, n, k, 40 + 4 * k, how.swaps);
	else
		how.stall = affordable(STALL_EFFORT / 2, n, k, 20 + 2 * k, how.swaps);
	how.max_iter = options->max_iter;
	how.tolerance = options->tolerance;
	how.seed = (uint64) options->seed;
	how.poll = segment_cluster_poll;
	how.progress = segment_progress_step;
	fit = segment_fit_points(coreset, transform, options->scale, "kmeans",
							 segment_kmeans_workspace(n, dims, how.k) + segment_coarse_workspace(n, dims, how.k) +
								 (Size) n * 12);
	segment_progress_begin(psprintf("kmeans, k = %d", k), how.starts + how.swaps, fit->memory);
	model = segment_model_make(how.k, dims);
	result.centroid = segment_model_centroids(model);
	result.weight = segment_model_weights(model);
	result.sse = segment_model_inertias(model);
	result.label = segment_palloc_array(int32, n);
	result.nearest = segment_palloc_array(double, n);
	workspace = palloc(segment_kmeans_workspace(n, dims, how.k));
	if (fit->exact)
		segment_kmeans(&fit->points, &how, &result, workspace);
	else
		segment_kmeans_coarse(&fit->points, &how, &result, workspace, palloc(segment_coarse_workspace(n, dims, how.k)));
	polish(fit, &how, &result, workspace);
	/* Points that coincide after the transform leave clusters empty; those are numbered last. */
	for (c = how.k; c > 0 && result.weight[c - 1] == 0.0; c--)
		;
	if (c < k)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("more clusters than distinct points"),
						errdetail("k is %d; there are %d distinct points.", k, c),
						errhint("Ask for at most %d clusters.", c)));
	segment_progress_end();
	add_inner(fit, &result);
	memcpy(segment_model_shift(model), fit->space.shift, sizeof(double) * dims);
	memcpy(segment_model_shift(model) + dims, fit->space.spread, sizeof(double) * dims);
	memcpy(segment_model_shift(model) + 2 * dims, fit->space.mean, sizeof(double) * dims);
	for (c = 0; c < k; c++)
		segment_model_labels(model)[c] = c + 1;
	for (c = 0; c < k * dims; c++)
		segment_model_centroids(model)[c] += 0.0;
	model->transform = fit->space.transform;
	model->nulls = fit->space.nulls;
	model->scale = fit->space.scale;
	model->exact = fit->exact;
	model->stop = result.stop;
	model->points = n;
	model->iterations = result.iterations;
	model->starts = how.starts;
	model->swaps = how.swaps;
	model->last_label = k;
	model->seed = options->seed;
	model->rows = coreset->rows;
	model->weight = coreset->weight;
	model->inertia = result.inertia;
	model->total = fit->total;
	return model;
}

PG_FUNCTION_INFO_V1(segment_kmeans_sql);

/*
 * kmeans(coreset, k, scale, transform, seed, starts, swaps, max_iter, tolerance). NULL starts or swaps: as many as
 * the size of the problem asks for. NULL for a NULL coreset or k.
 */
Datum
segment_kmeans_sql(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {NULL, NULL, "scale", "transform", "seed", NULL, NULL, "max_iter", "tolerance"};
	FitOptions options;
	int arg;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	for (arg = 2; arg < 9; arg++)
		if (PG_ARGISNULL(arg) && names[arg] != NULL)
			segment_refuse_null_option(names[arg]);
	options.k = PG_GETARG_INT32(1);
	options.scale = segment_option_arg(fcinfo, 2, &segment_scale_option);
	options.seed = PG_GETARG_INT64(4);
	options.starts = PG_ARGISNULL(5) ? -1 : PG_GETARG_INT32(5);
	options.swaps = PG_ARGISNULL(6) ? -1 : PG_GETARG_INT32(6);
	options.max_iter = PG_GETARG_INT32(7);
	options.tolerance = PG_GETARG_FLOAT8(8);
	segment_check_int_range("k", options.k, 1, SEGMENT_MAX_CLUSTERS);
	segment_check_int_range("seed", options.seed, 0, PG_INT64_MAX);
	if (!PG_ARGISNULL(5))
		segment_check_int_range("starts", options.starts, 1, 1000000);
	if (!PG_ARGISNULL(6))
		segment_check_int_range("swaps", options.swaps, 0, 1000000);
	segment_check_int_range("max_iter", options.max_iter, 1, 1000000);
	if (!(options.tolerance >= 0.0 && options.tolerance < 1.0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("tolerance is out of range"),
						errdetail("tolerance is %g; accepted are 0 to below 1.", options.tolerance),
						errhint("0 goes on until no point changes its cluster.")));
	PG_RETURN_POINTER(segment_fit_model(PG_GETARG_CORESET(0),
										segment_option_arg(fcinfo, 3, &segment_fit_transform_option), &options));
}

PG_FUNCTION_INFO_V1(segment_kmeans_agg_final);

/* Final function of kmeans_agg: fits with the default options. */
Datum
segment_kmeans_agg_final(PG_FUNCTION_ARGS)
{
	FitOptions options = {0, SEGMENT_SCALE_STANDARD, 1, -1, -1, 300, 0.0};
	Coreset *coreset;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	coreset = PG_GETARG_CORESET(0);
	if (coreset->rows == 0)
		PG_RETURN_NULL();
	options.k = coreset->fit_k;
	/* anybody can call this function with the state of another aggregate, which has no k */
	segment_check_int_range("k", options.k, 1, SEGMENT_MAX_CLUSTERS);
	PG_RETURN_POINTER(segment_fit_model(coreset, SEGMENT_STORED_TRANSFORM, &options));
}
