/*
 * gmm_fit.c: gmm(): from a coreset to a mixture; gmm_choose(): for a range of k.
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "core/compat.h"
#include "core/error.h"
#include "core/progress.h"

#include "cluster/cluster.h"
#include "cluster/gmm_model.h"

/* No variance goes below this share of the feature's own. */
#define LEAST_VARIANCE 1e-6

/* Starts and swaps of the k-means that EM begins from. */
#define STARTS 8
#define SWAPS 20

/* What the variance floor depends on. */
typedef struct FloorArg
{
	const Space *space;
	double resolution[SEGMENT_MAX_FEATURES]; /* user's units */
	double least[SEGMENT_MAX_FEATURES];		 /* scaled */
} FloorArg;

/*
 * The least variance of a feature near a mean: that of a value rounded to the feature's resolution, which is the
 * smallest difference between two of its values; or a millionth of the feature's variance if that is more.
 */
static double
variance_floor(int feature, double mean, const void *arg)
{
	const FloorArg *a = arg;
	double step = a->resolution[feature];

	if (a->space->transform == SEGMENT_TRANSFORM_LOG)
		step /= 1.0 + fabs(segment_space_back(a->space, feature, mean));
	step *= a->space->inverse[feature];
	return fmax(a->least[feature], step * step / 12.0);
}

/* Scaled variances of the features, for the floor. */
static void
set_floors(const Coreset *coreset, const FitPoints *fit, FloorArg *floor)
{
	int n = fit->points.n;
	int i;
	int j;

	floor->space = &fit->space;
	for (j = 0; j < coreset->dims; j++)
	{
		const double *column = fit->points.x + (Size) j * n;
		double centroid = (fit->space.mean[j] - fit->space.shift[j]) * fit->space.inverse[j];
		double square = 0.0;

		for (i = 0; i < n; i++)
			square += fit->points.w[i] * (column[i] - centroid) * (column[i] - centroid) +
					  (fit->deviation ? fit->deviation[(Size) j * n + i] : 0.0);
		/* A constant feature gets some variance, so that it neither helps nor hurts. */
		floor->least[j] = square > 0.0 ? LEAST_VARIANCE * square / coreset->weight : LEAST_VARIANCE;
		floor->resolution[j] = segment_feature_resolution(coreset, j);
	}
}

GmmModel *
segment_fit_gmm(const Coreset *coreset, int transform, const GmmFitOptions *options)
{
	int n = coreset->items;
	int dims = coreset->dims;
	int k = Min(options->k, n);
	SegmentKmeansOptions start = {.k = k,
								  .starts = STARTS,
								  .swaps = SWAPS,
								  .max_iter = 300,
								  .seed = (uint64) options->seed,
								  .poll = segment_cluster_poll};
	SegmentGmmOptions how = {.max_iter = options->max_iter,
							 .tolerance = options->tolerance,
							 .floor = variance_floor,
							 .poll = segment_cluster_poll,
							 .progress = segment_progress_step};
	Size scratch = segment_gmm_scratch(n, dims, k, options->full);
	SegmentKmeansFit clusters;
	SegmentGmm gmm;
	FitPoints *fit;
	FloorArg floor;
	GmmModel *model;
	int c;
	int j;

	segment_check_not_empty(coreset);
	fit = segment_fit_points(coreset, transform, options->scale, "gmm",
							 segment_kmeans_workspace(n, dims, k) + (Size) n * 12 + scratch * sizeof(double));
	segment_progress_begin(psprintf("gmm, k = %d", options->k), options->max_iter, fit->memory);
	clusters.centroid = segment_palloc_array(double, dims *(Size) k);
	clusters.weight = segment_palloc_array(double, k);
	clusters.sse = segment_palloc_array(double, k);
	clusters.label = segment_palloc_array(int32, n);
	clusters.nearest = segment_palloc_array(double, n);
	segment_kmeans(&fit->points, &start, &clusters, palloc(segment_kmeans_workspace(n, dims, k)));
	for (c = k; c > 0 && clusters.weight[c - 1] == 0.0; c--)
		;
	if (c < options->k)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("more components than distinct points"),
						errdetail("k is %d; there are %d distinct points.", options->k, c),
						errhint("Ask for at most %d components.", c)));
	model = segment_gmm_make(k, dims, options->full);
	gmm = (SegmentGmm) {.k = k,
						.dims = dims,
						.full = options->full,
						.weight = segment_gmm_weights(model),
						.mean = segment_gmm_means(model),
						.covariance = segment_gmm_covariances(model),
						.at_floor = segment_palloc_array(bool, k)};
	set_floors(coreset, fit, &floor);
	how.floor_arg = &floor;
	segment_gmm_fit(&fit->points, fit->deviation, clusters.label, &how, &gmm, segment_palloc_array(double, scratch));
	segment_progress_end();
	memcpy(segment_gmm_shift(model), fit->space.shift, sizeof(double) * dims);
	memcpy(segment_gmm_shift(model) + dims, fit->space.spread, sizeof(double) * dims);
	memcpy(segment_gmm_shift(model) + 2 * dims, fit->space.mean, sizeof(double) * dims);
	for (c = 0; c < k; c++)
		segment_gmm_floors(model)[c] = gmm.at_floor[c];
	for (c = 0; c < k * dims; c++)
		segment_gmm_means(model)[c] += 0.0;
	for (c = 0; c < k * SEGMENT_COVARIANCE_SIZE(dims, options->full); c++)
		segment_gmm_covariances(model)[c] += 0.0;
	model->transform = fit->space.transform;
	model->nulls = fit->space.nulls;
	model->scale = fit->space.scale;
	model->exact = fit->exact;
	model->converged = gmm.converged;
	model->points = n;
	model->iterations = gmm.iterations;
	model->seed = options->seed;
	model->rows = coreset->rows;
	model->weight = coreset->weight;
	model->log_likelihood = gmm.log_likelihood;
	for (j = 0; j < dims; j++)
		model->log_likelihood -= coreset->weight * log(fit->space.spread[j]);
	return model;
}

int
segment_gmm_parameters(const GmmModel *model)
{
	return model->k - 1 + model->k * (model->dims + SEGMENT_COVARIANCE_SIZE(model->dims, model->full));
}

double
segment_gmm_bic(const GmmModel *model)
{
	return -2.0 * model->log_likelihood + segment_gmm_parameters(model) * log(model->weight);
}

double
segment_gmm_aic(const GmmModel *model)
{
	return -2.0 * model->log_likelihood + 2.0 * segment_gmm_parameters(model);
}

int
segment_gmm_floored(const GmmModel *model)
{
	int floored = 0;
	int c;

	for (c = 0; c < model->k; c++)
		floored += segment_gmm_floors(model)[c] > 0.0;
	return floored;
}

PG_FUNCTION_INFO_V1(segment_gmm_sql);

/* gmm(coreset, k, covariance, scale, transform, seed, max_iter, tolerance). */
Datum
segment_gmm_sql(PG_FUNCTION_ARGS)
{
	GmmFitOptions options;

	options.k = PG_GETARG_INT32(1);
	options.full = segment_option_arg(fcinfo, 2, &segment_covariance_option);
	options.scale = segment_option_arg(fcinfo, 3, &segment_scale_option);
	options.seed = PG_GETARG_INT64(5);
	options.max_iter = PG_GETARG_INT32(6);
	options.tolerance = PG_GETARG_FLOAT8(7);
	segment_check_int_range("k", options.k, 1, SEGMENT_MAX_COMPONENTS);
	segment_check_int_range("seed", options.seed, 0, PG_INT64_MAX);
	segment_check_int_range("max_iter", options.max_iter, 1, 1000000);
	if (!(options.tolerance >= 0.0 && options.tolerance < 1.0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("tolerance is out of range"),
						errdetail("tolerance is %g; accepted are 0 to below 1.", options.tolerance),
						errhint("The fit stops when a round gains less than this a vector.")));
	PG_RETURN_POINTER(
		segment_fit_gmm(PG_GETARG_CORESET(0), segment_option_arg(fcinfo, 4, &segment_fit_transform_option), &options));
}

PG_FUNCTION_INFO_V1(segment_gmm_choose);

/* gmm_choose(coreset, k_min, k_max, covariance, scale, transform, seed): one row a k. */
Datum
segment_gmm_choose(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Coreset *coreset = PG_GETARG_CORESET(0);
	int k_min = PG_GETARG_INT32(1);
	int k_max = PG_GETARG_INT32(2);
	GmmFitOptions options = {0,
							 segment_option_arg(fcinfo, 3, &segment_covariance_option),
							 segment_option_arg(fcinfo, 4, &segment_scale_option),
							 PG_GETARG_INT64(6),
							 500,
							 1e-6};
	GmmModel **models;
	double best = INFINITY;
	int advised = 0;
	int n;
	int i;

	InitMaterializedSRF(fcinfo, 0);
	segment_check_int_range("k_min", k_min, 1, SEGMENT_MAX_COMPONENTS);
	segment_check_int_range("k_max", k_max, k_min, SEGMENT_MAX_COMPONENTS);
	segment_check_int_range("seed", options.seed, 0, PG_INT64_MAX);
	n = k_max - k_min + 1;
	segment_progress_begin("gmm_choose", n, 0);
	models = segment_palloc_array(GmmModel *, n);
	for (i = 0; i < n; i++)
	{
		options.k = k_min + i;
		models[i] = segment_fit_gmm(coreset, segment_option_arg(fcinfo, 5, &segment_fit_transform_option), &options);
		if (segment_gmm_floored(models[i]) == 0 && segment_gmm_bic(models[i]) < best)
		{
			best = segment_gmm_bic(models[i]);
			advised = options.k;
		}
		segment_progress_step(i + 1);
	}
	segment_progress_end();
	for (i = 0; i < n; i++)
	{
		Datum values[7];
		bool nulls[7] = {0};

		values[0] = Int32GetDatum(models[i]->k);
		values[1] = Float8GetDatum(models[i]->log_likelihood);
		values[2] = Float8GetDatum(segment_gmm_bic(models[i]));
		values[3] = Float8GetDatum(segment_gmm_aic(models[i]));
		values[4] = Int32GetDatum(segment_gmm_floored(models[i]));
		values[5] = Float8GetDatum(segment_gmm_weights(models[i])[models[i]->k - 1]);
		nulls[6] = advised == 0;
		values[6] = Int32GetDatum(advised);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
