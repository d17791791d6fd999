/*
 * choose.c: kmeans_choose(): all criteria for a range of k, from one coreset, and the k that they advise.
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "core/compat.h"
#include "core/error.h"
#include "core/progress.h"
#include "math/criteria.h"

#include "cluster/cluster.h"
#include "cluster/model.h"

/* Effort of the fits, and of the bootstrap: samples of each k, vectors of a sample, effort of its fits. */
#define STARTS 4
#define SWAPS 20
#define SAMPLES 8
#define SAMPLE_SIZE 2000.0
#define SAMPLE_STARTS 2
#define SAMPLE_SWAPS 4
#define SAMPLE_STREAM (UINT64CONST(1) << 40)

/* What is known about one k. */
typedef struct Candidate
{
	int k;
	double inertia;
	double stability;
	SegmentCriteria criteria;
} Candidate;

/* Memory for fits of up to so many points and clusters. */
typedef struct Bench
{
	SegmentKmeansOptions options;
	SegmentKmeansFit fit;	 /* on all points */
	SegmentKmeansFit sample; /* on a sample */
	double *sample_x;
	double *sample_w;
	double *drawn;
	int32 *other_label;
	double *other_nearest;
	double *scratch;
	void *workspace;
} Bench;

/* Allocates the arrays of a fit. */
static void
make_fit(SegmentKmeansFit *fit, int n, int dims, int k)
{
	fit->centroid = segment_palloc_array(double, dims *(Size) k);
	fit->weight = segment_palloc_array(double, k);
	fit->sse = segment_palloc_array(double, k);
	fit->label = segment_palloc_array(int32, n);
	fit->nearest = segment_palloc_array(double, n);
}

/* Copies the drawn points, dimension by dimension. */
static void
gather_sample(const SegmentPoints *points, Bench *bench, int n_drawn)
{
	int i;
	int j;
	int to;

	for (i = 0, to = 0; i < points->n; i++)
	{
		if (bench->drawn[i] == 0.0)
			continue;
		bench->sample_w[to] = bench->drawn[i];
		for (j = 0; j < points->dims; j++)
			bench->sample_x[(Size) j * n_drawn + to] = points->x[(Size) j * points->n + i];
		to++;
	}
}

/*
 * Mean adjusted Rand index between the clusters of all points and those that fits on bootstrap samples give them; NaN
 * if the samples are too small for k clusters.
 */
static double
stability(const FitPoints *points, Bench *bench, int k)
{
	SegmentKmeansOptions options = bench->options;
	int n = points->points.n;
	double weight = 0.0;
	double sum = 0.0;
	int sample;
	int i;

	for (i = 0; i < n; i++)
		weight += points->points.w[i];
	options.starts = SAMPLE_STARTS;
	options.swaps = SAMPLE_SWAPS;
	for (sample = 0; sample < SAMPLES; sample++)
	{
		SegmentRng rng = segment_rng_start(options.seed, SAMPLE_STREAM + sample);
		int n_drawn = segment_resample(points->points.w, n, fmin(1.0, SAMPLE_SIZE / weight), &rng, bench->drawn);
		SegmentPoints drawn = {n_drawn, points->points.dims, bench->sample_x, bench->sample_w};

		if (n_drawn < k)
			return NAN;
		gather_sample(&points->points, bench, n_drawn);
		segment_kmeans(&drawn, &options, &bench->sample, bench->workspace);
		segment_nearest(&points->points, 0, n, bench->sample.centroid, k, bench->other_label, bench->other_nearest,
						NULL);
		sum += segment_adjusted_rand(bench->fit.label, bench->other_label, points->points.w, n, k, bench->scratch);
	}
	return sum / SAMPLES;
}

/* Fits k clusters and judges them; false if there are fewer distinct points. */
static bool
judge(const FitPoints *points, Bench *bench, int k, Candidate *candidate)
{
	int i;

	bench->options.k = k;
	segment_kmeans(&points->points, &bench->options, &bench->fit, bench->workspace);
	for (i = 0; i < k; i++)
		if (bench->fit.weight[i] == 0.0)
			return false;
	candidate->k = k;
	candidate->inertia = bench->fit.inertia + points->inner;
	segment_criteria(&points->points, k, &bench->fit, points->exact ? NULL : points->within, points->total,
					 candidate->inertia, &candidate->criteria, bench->scratch);
	candidate->stability = stability(points, bench, k);
	return true;
}

/* The k of the best candidate by a criterion: sign 1 if more is better, -1 if less is; 0 if it is never defined. */
static int
best_by(const Candidate *candidates, int n, size_t criterion, double sign)
{
	double best = -INFINITY;
	int k = 0;
	int i;

	for (i = 0; i < n; i++)
	{
		double value = sign * *(const double *) ((const char *) &candidates[i].criteria + criterion);

		if (value > best)
		{
			best = value;
			k = candidates[i].k;
		}
	}
	return k;
}

/*
 * The k to advise, or 0; *why says what decided. Calinski-Harabasz leads; it must not point at an end of the range,
 * where the true optimum may lie outside, and one of the others must agree.
 */
static int
advise(const Candidate *candidates, int n, const char **why)
{
	int leader = best_by(candidates, n, offsetof(SegmentCriteria, calinski_harabasz), 1.0);
	int silhouette = best_by(candidates, n, offsetof(SegmentCriteria, silhouette), 1.0);
	int bouldin = best_by(candidates, n, offsetof(SegmentCriteria, davies_bouldin), -1.0);
	int bic = best_by(candidates, n, offsetof(SegmentCriteria, bic), -1.0);

	*why = psprintf("Calinski-Harabasz %d, silhouette %d, Davies-Bouldin %d, BIC %d", leader, silhouette, bouldin, bic);
	if (leader == 0)
		*why = "no clear k: the criteria are not defined";
	else if (leader == candidates[0].k || leader == candidates[n - 1].k)
		*why = psprintf("no clear k: the best lies at an end of the range (%s)", *why);
	else if (leader != silhouette && leader != bouldin && leader != bic)
		*why = psprintf("no clear k: the criteria disagree (%s)", *why);
	else
		return leader;
	return 0;
}

/* Sets a value, or NULL for NaN. */
static void
put(Datum *values, bool *nulls, int place, double value)
{
	nulls[place] = isnan(value);
	values[place] = Float8GetDatum(value);
}

PG_FUNCTION_INFO_V1(segment_kmeans_choose);

/* kmeans_choose(coreset, k_min, k_max, scale, transform, seed): one row a k. */
Datum
segment_kmeans_choose(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Coreset *coreset = PG_GETARG_CORESET(0);
	int k_min = PG_GETARG_INT32(1);
	int k_max = PG_GETARG_INT32(2);
	int n = coreset->items;
	int dims = coreset->dims;
	int n_candidates = 0;
	int most;
	Candidate *candidates;
	Bench bench;
	FitPoints *points;
	const char *why;
	int advised;
	int i;

	InitMaterializedSRF(fcinfo, 0);
	segment_check_not_empty(coreset);
	segment_check_int_range("k_min", k_min, 1, SEGMENT_MAX_CLUSTERS);
	segment_check_int_range("k_max", k_max, k_min, SEGMENT_MAX_CLUSTERS);
	segment_check_int_range("seed", PG_GETARG_INT64(5), 0, PG_INT64_MAX);
	most = Min(k_max, n);
	points = segment_fit_points(coreset, segment_option_arg(fcinfo, 4, &segment_fit_transform_option),
								segment_option_arg(fcinfo, 3, &segment_scale_option), "kmeans_choose",
								segment_kmeans_workspace(n, dims, most) + sizeof(double) * (Size) n * (dims + 8) +
									sizeof(double) * most * (most + 2 * dims));
	bench.options = (SegmentKmeansOptions) {.starts = STARTS,
											.swaps = SWAPS,
											.max_iter = 300,
											.seed = (uint64) PG_GETARG_INT64(5),
											.poll = segment_cluster_poll};
	make_fit(&bench.fit, n, dims, most);
	make_fit(&bench.sample, n, dims, most);
	bench.sample_x = segment_palloc_array(double, dims *(Size) n);
	bench.sample_w = segment_palloc_array(double, n);
	bench.drawn = segment_palloc_array(double, n);
	bench.other_label = segment_palloc_array(int32, n);
	bench.other_nearest = segment_palloc_array(double, n);
	bench.scratch = segment_palloc_array(double, (Size) n + (Size) most * most + 2 * most);
	bench.workspace = palloc(segment_kmeans_workspace(n, dims, most));
	candidates = segment_palloc_array(Candidate, most - Min(k_min, most) + 1);
	segment_progress_begin("kmeans_choose", most - Min(k_min, most) + 1, points->memory);
	for (i = k_min; i <= most && judge(points, &bench, i, &candidates[n_candidates]); i++)
		segment_progress_step(++n_candidates);
	segment_progress_end();
	if (n_candidates == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("more clusters than distinct points"),
						errdetail("k_min is %d; there are fewer distinct points.", k_min),
						errhint("Ask for fewer clusters.")));
	advised = advise(candidates, n_candidates, &why);
	for (i = 0; i < n_candidates; i++)
	{
		const Candidate *candidate = &candidates[i];
		Datum values[10];
		bool nulls[10] = {0};

		values[0] = Int32GetDatum(candidate->k);
		put(values, nulls, 1, candidate->inertia);
		put(values, nulls, 2, candidate->criteria.calinski_harabasz);
		put(values, nulls, 3, candidate->criteria.silhouette);
		put(values, nulls, 4, candidate->criteria.davies_bouldin);
		put(values, nulls, 5, candidate->criteria.bic);
		put(values, nulls, 6, candidate->stability);
		put(values, nulls, 7, candidate->criteria.smallest_share);
		nulls[8] = advised == 0;
		values[8] = Int32GetDatum(advised);
		values[9] = CStringGetTextDatum(why);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
