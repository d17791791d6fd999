/*
 * fit_points.c: from a coreset to points in the scaled space that a model is fitted in.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"

#include "core/memory.h"

#include "cluster/cluster.h"
#include "cluster/model.h"

/* Interquartile range of the standard normal distribution: robust spread estimates the standard deviation. */
#define NORMAL_QUARTILES 1.3489795003921634

/* Sums of squares stay below this, so that what is computed from them stays finite. */
#define LARGEST_TOTAL 1e295

/* A value and its weight, for quantiles. */
typedef struct Weighed
{
	double value;
	double weight;
} Weighed;

void
segment_check_not_empty(const Coreset *coreset)
{
	if (coreset->items == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("coreset holds no vectors"),
						errdetail("%lld vectors were skipped for a NULL.", (long long) coreset->skipped),
						errhint("Pass nulls mean to coreset_agg, or other features.")));
}

/* The transform of a fit on this coreset. */
static SegmentTransform
effective_transform(const Coreset *coreset, int asked)
{
	SegmentTransform transform = (SegmentTransform) (asked == SEGMENT_STORED_TRANSFORM ? coreset->transform : asked);
	int j;

	if (transform == (SegmentTransform) coreset->transform)
		return transform;
	if (coreset->mode == SEGMENT_CORESET_COMPRESSED)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the transform of a compressed coreset cannot be changed"),
				 errdetail("The coreset was made with transform %s and holds micro-clusters instead of its points.",
						   segment_transform_option.words[coreset->transform]),
				 errhint("Make it with coreset_agg(features, '%s').", segment_transform_option.words[transform])));
	for (j = 0; j < coreset->dims; j++)
		if (fmax(-coreset->data[j], coreset->data[coreset->dims + j]) > SEGMENT_MAX_RAW_FEATURE)
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("feature is out of range"),
					 errdetail("Feature %d goes from %g to %g; without a transform its magnitude may be %g at most.",
							   j + 1, coreset->data[j], coreset->data[coreset->dims + j], SEGMENT_MAX_RAW_FEATURE),
					 errhint("Use transform log.")));
	return transform;
}

/* Orders by value. */
static int
compare_weighed(const void *a, const void *b, void *arg)
{
	double x = ((const Weighed *) a)->value;
	double y = ((const Weighed *) b)->value;

	(void) arg;
	return x < y ? -1 : x > y;
}

/* The smallest value at or below which lies this share of the weight. */
static double
quantile(const Weighed *sorted, int n, double share)
{
	double total = 0.0;
	double sum = 0.0;
	int i;

	for (i = 0; i < n; i++)
		total += sorted[i].weight;
	for (i = 0; i < n - 1; i++)
	{
		sum += sorted[i].weight;
		if (sum >= share * total)
			break;
	}
	return sorted[i].value;
}

/* Copies the transformed coordinates into fit, and fills in means for NULLs; space->mean is set. */
static void
load_points(const Coreset *coreset, FitPoints *fit, double *x, double *w)
{
	int dims = coreset->dims;
	int n = coreset->items;
	bool distinct = coreset->mode == SEGMENT_CORESET_DISTINCT;
	int size = segment_coreset_item_size(coreset->mode, dims);
	const double *items = segment_coreset_items(coreset);
	int i;
	int j;

	for (i = 0; i < n; i++)
		w[i] = items[(Size) i * size + (distinct ? dims : 0)];
	for (j = 0; j < dims; j++)
	{
		double *column = x + (Size) j * n;
		double sum = 0.0;
		double weight = 0.0;

		for (i = 0; i < n; i++)
		{
			column[i] = items[(Size) i * size + (distinct ? 0 : 1) + j];
			if (distinct)
				column[i] = segment_transform(fit->space.transform, column[i]);
		}
		/* About the first value, so that a large common part does not cost digits. */
		for (i = 0; i < n; i++)
		{
			if (isnan(column[i]))
				continue;
			weight += w[i];
			sum += w[i] * (column[i] - (isnan(column[0]) ? 0.0 : column[0]));
		}
		fit->space.mean[j] = weight > 0.0 ? (isnan(column[0]) ? 0.0 : column[0]) + sum / weight : 0.0;
		for (i = 0; i < n; i++)
			if (isnan(column[i]))
				column[i] = fit->space.mean[j];
		if (!distinct)
			for (i = 0; i < n; i++)
				fit->deviation[(Size) j * n + i] = items[(Size) i * size + 1 + dims + j];
	}
}

/* Sets shift and spread of one feature; a feature without variation keeps spread 1. */
static void
set_scale(FitPoints *fit, int feature, Weighed *sorted)
{
	int n = fit->points.n;
	const double *column = fit->points.x + (Size) feature * n;
	double mean = fit->space.mean[feature];
	double square = 0.0;
	double weight = 0.0;
	double spread;
	int i;

	fit->space.shift[feature] = 0.0;
	fit->space.spread[feature] = 1.0;
	if (fit->space.scale == SEGMENT_SCALE_NONE)
		return;
	for (i = 0; i < n; i++)
	{
		weight += fit->points.w[i];
		square += fit->points.w[i] * (column[i] - mean) * (column[i] - mean);
		if (fit->deviation)
			square += fit->deviation[(Size) feature * n + i];
	}
	fit->space.shift[feature] = mean;
	spread = sqrt(square / weight);
	if (fit->space.scale == SEGMENT_SCALE_ROBUST)
	{
		double range;

		for (i = 0; i < n; i++)
			sorted[i] = (Weighed) {column[i], fit->points.w[i]};
		qsort_interruptible(sorted, n, sizeof(Weighed), compare_weighed, NULL);
		fit->space.shift[feature] = quantile(sorted, n, 0.5);
		range = quantile(sorted, n, 0.75) - quantile(sorted, n, 0.25);
		/* More than half of the customers share one value: the range says nothing, the deviation still does. */
		if (range > 0.0)
			spread = range / NORMAL_QUARTILES;
	}
	/* What is left of a constant after rounding is no variation. */
	if (spread > 1e-14 * fabs(mean) && isfinite(1.0 / spread))
		fit->space.spread[feature] = spread;
}

FitPoints *
segment_fit_points(const Coreset *coreset, int transform, SegmentScale scale, const char *what, Size extra)
{
	FitPoints *fit = palloc0(sizeof(FitPoints));
	int dims = coreset->dims;
	int n = coreset->items;
	bool distinct = coreset->mode == SEGMENT_CORESET_DISTINCT;
	Size column_bytes = sizeof(double) * n;
	double *x;
	double *w;
	Weighed *sorted;
	int i;
	int j;

	segment_check_not_empty(coreset);
	fit->memory = extra + column_bytes * ((distinct ? 1 : 2) * dims + 4);
	segment_check_memory(what, fit->memory, "ask for fewer clusters");
	x = palloc(column_bytes * dims);
	w = palloc(column_bytes);
	sorted = segment_palloc_array(Weighed, n);
	fit->space.dims = dims;
	fit->space.transform = effective_transform(coreset, transform);
	fit->space.nulls = coreset->nulls;
	fit->space.scale = scale;
	fit->exact = distinct;
	fit->points = (SegmentPoints) {n, dims, x, w};
	fit->within = palloc0(column_bytes);
	if (!distinct)
		fit->deviation = palloc(column_bytes * dims);
	load_points(coreset, fit, x, w);
	for (j = 0; j < dims; j++)
	{
		double *column = x + (Size) j * n;
		double inverse;
		double centroid;

		set_scale(fit, j, sorted);
		inverse = fit->space.inverse[j] = 1.0 / fit->space.spread[j];
		centroid = (fit->space.mean[j] - fit->space.shift[j]) * inverse;
		for (i = 0; i < n; i++)
		{
			column[i] = (column[i] - fit->space.shift[j]) * inverse;
			fit->total += w[i] * (column[i] - centroid) * (column[i] - centroid);
		}
		for (i = 0; !distinct && i < n; i++)
		{
			double *deviation = &fit->deviation[(Size) j * n + i];

			*deviation *= inverse * inverse;
			fit->within[i] += *deviation;
		}
	}
	for (i = 0; i < n; i++)
		fit->inner += fit->within[i];
	fit->total += fit->inner;
	if (!(fit->total <= LARGEST_TOTAL))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("features are too far apart for this scale"),
				 errdetail("The scaled sum of squares is %g; it must stay below %g.", fit->total, LARGEST_TOTAL),
				 errhint("Use scale standard, or transform log.")));
	pfree(sorted);
	return fit;
}

bool
segment_space_enter(const Space *space, double *x)
{
	int j;

	for (j = 0; j < space->dims; j++)
	{
		if (unlikely(isnan(x[j])))
		{
			if (space->nulls == SEGMENT_NULLS_SKIP)
				return false;
			if (space->nulls == SEGMENT_NULLS_ERROR)
				ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("feature is NULL"),
								errdetail("Feature %d is NULL, and nulls is error in the model.", j + 1),
								errhint("Filter such rows, or fit on a coreset made with nulls skip or mean.")));
			x[j] = space->mean[j];
		}
		else if (space->transform == SEGMENT_TRANSFORM_LOG)
			x[j] = segment_signed_log(x[j]);
		else if (unlikely(fabs(x[j]) > SEGMENT_MAX_RAW_FEATURE))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("feature is out of range"),
							errdetail("Feature %d is %g; without a transform its magnitude may be %g at most.", j + 1,
									  x[j], SEGMENT_MAX_RAW_FEATURE),
							errhint("Use transform log.")));
		x[j] = (x[j] - space->shift[j]) * space->inverse[j];
	}
	return true;
}
