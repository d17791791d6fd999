/*
 * refine.c: kmeans_refine(): a second scan takes the error of a compressed coreset out of a model.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"

#include "core/compat.h"
#include "math/polish.h"

#include "cluster/cluster.h"
#include "cluster/quality.h"

#define MAX_ROUNDS 1000

/* Stops unless a coreset is the one that a model was fitted on, and quality was measured on the same vectors. */
static void
check_same(const Quality *quality, const KmeansModel *model, const Coreset *coreset)
{
	if (coreset->dims != model->dims || coreset->rows != model->rows || coreset->rows != quality->rows)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("quality, model and coreset are not of the same vectors"),
				 errdetail("quality is about %lld vectors, its model about %lld with %d features, the coreset about "
						   "%lld with %d.",
						   (long long) quality->rows, (long long) model->rows, model->dims, (long long) coreset->rows,
						   coreset->dims),
				 errhint("Pass the coreset that the model was fitted on, and measure quality on the same rows.")));
	if (coreset->weight != coreset->rows)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("coreset with weights cannot refine a model"),
						errdetail("Its %lld vectors weigh %g; quality counts every vector once.",
								  (long long) coreset->rows, coreset->weight),
						errhint("Keep the model as it is.")));
}

/*
 * Sets sizes, and inertias as upper bounds: with every vector in the cluster that it was measured in, the sum of
 * squares about any centroid follows from the exact sums.
 */
static void
set_sizes(const Quality *quality, const KmeansModel *before, const double *exact, KmeansModel *model)
{
	int dims = model->dims;
	int c;
	int j;

	model->inertia = 0.0;
	for (c = 0; c < model->k; c++)
	{
		double count = exact[model->k * dims + c];
		double inertia = segment_sum_value(segment_quality_sum(quality, c, QUALITY_SQUARED));

		for (j = 0; j < dims && count > 0.0; j++)
		{
			double mean = exact[c * dims + j] / count;
			double old = segment_model_centroids(before)[c * dims + j] - mean;
			double new = segment_model_centroids(model)[c * dims + j] - mean;

			inertia += count * (new *new - old *old);
		}
		segment_model_weights(model)[c] = count;
		segment_model_inertias(model)[c] = fmax(inertia, 0.0);
		model->inertia += segment_model_inertias(model)[c];
	}
}

PG_FUNCTION_INFO_V1(segment_kmeans_refine);

/* kmeans_refine(cluster_quality, coreset). */
Datum
segment_kmeans_refine(PG_FUNCTION_ARGS)
{
	Quality *quality = PG_GETARG_QUALITY(0);
	Coreset *coreset = PG_GETARG_CORESET(1);
	const KmeansModel *before = segment_quality_model(quality);
	KmeansModel *model = (KmeansModel *) PG_DETOAST_DATUM_COPY(PointerGetDatum(before));
	int k = before->k;
	int dims = before->dims;
	double *exact;
	FitPoints *fit;
	Size workspace;
	int c;
	int j;

	check_same(quality, before, coreset);
	workspace = segment_kmeans_polish_workspace(coreset->items, dims, k);
	fit = segment_fit_points(coreset, SEGMENT_STORED_TRANSFORM, before->scale, "kmeans_refine", workspace);
	if (fit->space.transform != before->transform ||
		memcmp(fit->space.shift, segment_model_shift(before), sizeof(double) * dims) != 0 ||
		memcmp(fit->space.spread, segment_model_shift(before) + dims, sizeof(double) * dims) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the model was fitted on another coreset"),
						errdetail("Its features were scaled in another way."),
						errhint("Pass the coreset that the model was fitted on.")));
	if (fit->exact)
		PG_RETURN_POINTER(model);
	exact = segment_palloc_array(double, (Size) k *(dims + 1));
	for (c = 0; c < k; c++)
	{
		exact[k * dims + c] = segment_quality_counts(quality)[c];
		for (j = 0; j < dims; j++)
			exact[c * dims + j] = segment_sum_value(segment_quality_sum(quality, c, QUALITY_OWN + dims + j));
	}
	model->iterations += segment_kmeans_polish(&fit->points, fit->deviation, k, exact, MAX_ROUNDS,
											   segment_model_centroids(model), palloc(workspace), segment_cluster_poll);
	for (c = 0; c < k * dims; c++)
		segment_model_centroids(model)[c] += 0.0;
	set_sizes(quality, before, exact, model);
	PG_RETURN_POINTER(model);
}
