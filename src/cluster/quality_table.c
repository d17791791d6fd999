/*
 * quality_table.c: what cluster_quality measured, as rows: the indices of the whole, and the profile of each cluster.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "core/compat.h"

#include "cluster/cluster.h"
#include "cluster/quality.h"

/* Sum of squares about the mean, scaled. */
static double
total_squares(const Quality *quality)
{
	double total = 0.0;
	int c;
	int j;

	for (j = 0; j < quality->dims; j++)
	{
		double sum = 0.0;

		for (c = 0; c < quality->k; c++)
			sum += segment_sum_value(segment_quality_sum(quality, c, QUALITY_OWN + quality->dims + j));
		total += fmax(segment_sum_value(segment_quality_square(quality, j)) - sum * sum / quality->rows, 0.0);
	}
	return total;
}

/* Distance between two centroids, scaled. */
static double
centroid_distance(const KmeansModel *model, int a, int b)
{
	const double *x = segment_model_centroids(model) + (Size) a * model->dims;
	const double *y = segment_model_centroids(model) + (Size) b * model->dims;
	double sum = 0.0;
	int j;

	for (j = 0; j < model->dims; j++)
		sum += (x[j] - y[j]) * (x[j] - y[j]);
	return sqrt(sum);
}

/*
 * Davies & Bouldin (1979): the mean over clusters of the largest (scatter a + scatter b) / distance between the
 * centroids, scatter being the mean distance of the members to their centroid. Clusters without vectors are left out; NaN
 * if fewer than two have any.
 */
static double
davies_bouldin(const Quality *quality)
{
	const KmeansModel *model = segment_quality_model(quality);
	const int64 *counts = segment_quality_counts(quality);
	double sum = 0.0;
	int used = 0;
	int a;
	int b;

	for (a = 0; a < quality->k; a++)
	{
		double worst = 0.0;

		if (counts[a] == 0)
			continue;
		used++;
		for (b = 0; b < quality->k; b++)
		{
			double scatter;

			if (b == a || counts[b] == 0)
				continue;
			scatter = segment_sum_value(segment_quality_sum(quality, a, QUALITY_DISTANCE)) / counts[a] +
					  segment_sum_value(segment_quality_sum(quality, b, QUALITY_DISTANCE)) / counts[b];
			worst = fmax(worst, scatter / centroid_distance(model, a, b));
		}
		sum += worst;
	}
	return used > 1 ? sum / used : NAN;
}

PG_FUNCTION_INFO_V1(segment_cluster_quality_info);

/* cluster_quality_info(cluster_quality): one row. */
Datum
segment_cluster_quality_info(PG_FUNCTION_ARGS)
{
	Quality *quality = PG_GETARG_QUALITY(0);
	int k = quality->k;
	double inertia = 0.0;
	double silhouette = 0.0;
	double total = total_squares(quality);
	double bouldin = davies_bouldin(quality);
	Datum values[8];
	bool nulls[8] = {0};
	TupleDesc descriptor;
	int c;

	for (c = 0; c < k; c++)
	{
		inertia += segment_sum_value(segment_quality_sum(quality, c, QUALITY_SQUARED));
		silhouette += segment_sum_value(segment_quality_sum(quality, c, QUALITY_SILHOUETTE));
	}
	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int64GetDatum(quality->rows);
	values[1] = Int64GetDatum(quality->skipped);
	values[2] = Int32GetDatum(k);
	values[3] = Float8GetDatum(inertia);
	nulls[4] = quality->rows == 0;
	values[4] = Float8GetDatum(total);
	nulls[5] = k < 2 || quality->rows <= k || inertia <= 0.0;
	values[5] = nulls[5] ? (Datum) 0 : Float8GetDatum((total - inertia) / (k - 1) / (inertia / (quality->rows - k)));
	nulls[6] = isnan(bouldin);
	values[6] = Float8GetDatum(bouldin);
	nulls[7] = k < 2 || quality->rows == 0;
	values[7] = Float8GetDatum(silhouette / quality->rows);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}

/* What one feature of one cluster is like. */
typedef struct Trait
{
	int feature;
	double mean;
	double z;
} Trait;

/* Orders traits by how far they stand out; ties by feature. */
static int
compare_traits(const void *a, const void *b)
{
	double x = fabs(((const Trait *) a)->z);
	double y = fabs(((const Trait *) b)->z);

	if (x != y)
		return x > y ? -1 : 1;
	return ((const Trait *) a)->feature - ((const Trait *) b)->feature;
}

PG_FUNCTION_INFO_V1(segment_cluster_profile);

/* cluster_profile(cluster_quality, names text[]): one row a cluster and feature, what sets it apart first. */
Datum
segment_cluster_profile(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Quality *quality;
	KmeansModel *model;
	Datum *names;
	double population[SEGMENT_MAX_FEATURES] = {0};
	double scaled_mean[SEGMENT_MAX_FEATURES] = {0};
	double deviation[SEGMENT_MAX_FEATURES];
	int dims;
	int c;
	int j;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	quality = PG_GETARG_QUALITY(0);
	model = segment_quality_model(quality);
	dims = quality->dims;
	names = segment_feature_names(fcinfo, 1, dims);
	for (j = 0; j < dims; j++)
	{
		SegmentSum sum = *segment_quality_sum(quality, 0, QUALITY_OWN + j);
		SegmentSum scaled = *segment_quality_sum(quality, 0, QUALITY_OWN + dims + j);

		for (c = 1; c < quality->k; c++)
		{
			segment_sum_merge(&sum, segment_quality_sum(quality, c, QUALITY_OWN + j));
			segment_sum_merge(&scaled, segment_quality_sum(quality, c, QUALITY_OWN + dims + j));
		}
		population[j] = segment_sum_value(&sum) / quality->rows;
		scaled_mean[j] = segment_sum_value(&scaled) / quality->rows;
		deviation[j] = sqrt(fmax(segment_sum_value(segment_quality_square(quality, j)) / quality->rows -
									 scaled_mean[j] * scaled_mean[j],
								 0.0));
	}
	for (c = 0; c < quality->k; c++)
	{
		int64 count = segment_quality_counts(quality)[c];
		Trait traits[SEGMENT_MAX_FEATURES];

		if (count == 0)
			continue;
		for (j = 0; j < dims; j++)
		{
			double mean = segment_sum_value(segment_quality_sum(quality, c, QUALITY_OWN + dims + j)) / count;

			traits[j].feature = j;
			traits[j].mean = segment_sum_value(segment_quality_sum(quality, c, QUALITY_OWN + j)) / count;
			traits[j].z = deviation[j] > 0.0 ? (mean - scaled_mean[j]) / deviation[j] : 0.0;
		}
		qsort(traits, dims, sizeof(Trait), compare_traits);
		for (j = 0; j < dims; j++)
		{
			int feature = traits[j].feature;
			Datum values[10];
			bool nulls[10] = {0};

			values[0] = Int32GetDatum(segment_model_label(model, c));
			values[1] = Int64GetDatum(count);
			values[2] = Float8GetDatum((double) count / quality->rows);
			values[3] = Int32GetDatum(feature + 1);
			nulls[4] = !names;
			values[4] = names ? names[feature] : (Datum) 0;
			values[5] = Float8GetDatum(traits[j].mean);
			values[6] = Float8GetDatum(population[feature]);
			nulls[7] = population[feature] == 0.0;
			values[7] = Float8GetDatum(100.0 * traits[j].mean / population[feature]);
			values[8] = Float8GetDatum(traits[j].z);
			values[9] = Int32GetDatum(j + 1);
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	}
	return (Datum) 0;
}
