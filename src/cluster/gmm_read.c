/*
 * gmm_read.c: what a mixture says about a vector, and about itself.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "core/compat.h"

#include "cluster/cluster.h"
#include "cluster/gmm_model.h"

/* A model unpacked for many vectors, kept in fn_extra. */
typedef struct GmmCache
{
	Space space;
	SegmentGmm gmm;
	double *prepared;
	double *density;
	Size raw_size;
	char *raw;
	MemoryContext context;
} GmmCache;

/* The unpacked model that is argument 0, unpacked anew when the argument's bytes change. */
static GmmCache *
model_argument(FunctionCallInfo fcinfo)
{
	GmmCache *cache = fcinfo->flinfo->fn_extra;
	char *raw = (char *) PG_GETARG_POINTER(0);
	Size size = VARSIZE_ANY(raw);
	MemoryContext context;
	MemoryContext old;
	const double *shift;
	GmmModel *model;
	int j;

	if (cache && cache->raw_size == size && memcmp(cache->raw, raw, size) == 0)
		return cache;
	fcinfo->flinfo->fn_extra = NULL;
	if (cache)
		MemoryContextDelete(cache->context);
	context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "segment gmm_model", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	cache = palloc0(sizeof(GmmCache));
	cache->context = context;
	cache->raw = palloc(size);
	memcpy(cache->raw, raw, size);
	cache->raw_size = size;
	model = (GmmModel *) PG_DETOAST_DATUM_COPY(PointerGetDatum(raw));
	shift = segment_gmm_shift(model);
	cache->space.dims = model->dims;
	cache->space.transform = model->transform;
	cache->space.nulls = model->nulls;
	cache->space.scale = model->scale;
	for (j = 0; j < model->dims; j++)
	{
		cache->space.shift[j] = shift[j];
		cache->space.spread[j] = shift[model->dims + j];
		cache->space.inverse[j] = 1.0 / shift[model->dims + j];
		cache->space.mean[j] = shift[2 * model->dims + j];
	}
	cache->gmm = (SegmentGmm) {.k = model->k,
							   .dims = model->dims,
							   .full = model->full,
							   .weight = segment_gmm_weights(model),
							   .mean = segment_gmm_means(model),
							   .covariance = segment_gmm_covariances(model)};
	cache->prepared = segment_palloc_array(double, segment_gmm_prepared_size(model->dims, model->k, model->full));
	cache->density = segment_palloc_array(double, model->k);
	segment_gmm_prepare(&cache->gmm, cache->prepared);
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = cache;
	return cache;
}

/*
 * Log densities of a call (model, features float8[]), scaled, go to the cache; *all is the log of their sum. NULL if
 * the answer is NULL.
 */
static GmmCache *
densities(FunctionCallInfo fcinfo, double *all)
{
	double x[SEGMENT_MAX_FEATURES];
	double scratch[SEGMENT_MAX_FEATURES];
	int dims = segment_features_of_array(PG_GETARG_DATUM(1), x);
	GmmCache *cache = model_argument(fcinfo);

	if (dims != cache->space.dims)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("feature vector does not fit the model"),
						errdetail("The vector has %d features, the model %d.", dims, cache->space.dims),
						errhint("Pass the features that the model was fitted on, in the same order.")));
	if (!segment_space_enter(&cache->space, x))
		return NULL;
	*all = segment_gmm_densities(&cache->gmm, cache->prepared, x, cache->density, scratch);
	return cache;
}

PG_FUNCTION_INFO_V1(segment_gmm_responsibilities);

/* gmm_responsibilities(model, features): probability of each component; they sum to 1. */
Datum
segment_gmm_responsibilities(PG_FUNCTION_ARGS)
{
	double all;
	GmmCache *cache = densities(fcinfo, &all);
	double largest = -INFINITY;
	double sum = 0.0;
	Datum *share;
	int k;
	int c;

	if (!cache)
		PG_RETURN_NULL();
	k = cache->gmm.k;
	share = segment_palloc_array(Datum, k);
	/* Far off all components every density is tiny; what counts is their ratio to the largest. */
	for (c = 0; c < k; c++)
		largest = fmax(largest, cache->density[c]);
	for (c = 0; c < k; c++)
	{
		cache->density[c] = isfinite(largest) ? exp(cache->density[c] - largest) : cache->gmm.weight[c];
		sum += cache->density[c];
	}
	for (c = 0; c < k; c++)
		share[c] = Float8GetDatum(cache->density[c] / sum);
	PG_RETURN_ARRAYTYPE_P(construct_array(share, k, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

PG_FUNCTION_INFO_V1(segment_gmm_cluster_of);

/* cluster_of(gmm_model, features): number of the most probable component, ties to the lower one. */
Datum
segment_gmm_cluster_of(PG_FUNCTION_ARGS)
{
	double all;
	GmmCache *cache = densities(fcinfo, &all);
	int best = 0;
	int c;

	if (!cache)
		PG_RETURN_NULL();
	for (c = 1; c < cache->gmm.k; c++)
		if (cache->density[c] > cache->density[best])
			best = c;
	PG_RETURN_INT32(best + 1);
}

PG_FUNCTION_INFO_V1(segment_gmm_log_density);

/* gmm_log_density(model, features): log density, in transformed units; the lower, the more unusual. */
Datum
segment_gmm_log_density(PG_FUNCTION_ARGS)
{
	double all;
	GmmCache *cache = densities(fcinfo, &all);
	int j;

	if (!cache)
		PG_RETURN_NULL();
	for (j = 0; j < cache->space.dims; j++)
		all -= log(cache->space.spread[j]);
	PG_RETURN_FLOAT8(all);
}

PG_FUNCTION_INFO_V1(segment_gmm_info);

/* model_info(gmm_model): one row about the fit. */
Datum
segment_gmm_info(PG_FUNCTION_ARGS)
{
	GmmModel *model = PG_GETARG_GMM_MODEL(0);
	Datum values[16];
	bool nulls[16] = {0};
	TupleDesc descriptor;
	int i = 0;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[i++] = Int64GetDatum(model->rows);
	values[i++] = Float8GetDatum(model->weight);
	values[i++] = Int32GetDatum(model->k);
	values[i++] = Int32GetDatum(model->dims);
	values[i++] = CStringGetTextDatum(model->full ? "full" : "diagonal");
	values[i++] = CStringGetTextDatum(segment_transform_option.words[model->transform]);
	values[i++] = CStringGetTextDatum(segment_scale_option.words[model->scale]);
	values[i++] = CStringGetTextDatum(segment_nulls_option.words[model->nulls]);
	values[i++] = Int64GetDatum(model->seed);
	values[i++] = Int32GetDatum(model->iterations);
	values[i++] = BoolGetDatum(model->converged);
	values[i++] = Float8GetDatum(model->log_likelihood);
	values[i++] = Float8GetDatum(segment_gmm_bic(model));
	values[i++] = Float8GetDatum(segment_gmm_aic(model));
	values[i++] = Int32GetDatum(segment_gmm_floored(model));
	values[i++] = BoolGetDatum(model->exact);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}

PG_FUNCTION_INFO_V1(segment_gmm_table);

/* gmm_table(gmm_model): one row a component. */
Datum
segment_gmm_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	GmmModel *model = PG_GETARG_GMM_MODEL(0);
	int dims = model->dims;
	int size = SEGMENT_COVARIANCE_SIZE(dims, model->full);
	const double *shift = segment_gmm_shift(model);
	int c;
	int j;

	InitMaterializedSRF(fcinfo, 0);
	for (c = 0; c < model->k; c++)
	{
		Datum centroid[SEGMENT_MAX_FEATURES];
		Datum deviation[SEGMENT_MAX_FEATURES];
		Datum values[5];
		bool nulls[5] = {0};

		for (j = 0; j < dims; j++)
		{
			double spread = shift[dims + j];
			double variance = segment_gmm_covariances(model)[c * size + (model->full ? j * (j + 3) / 2 : j)];

			centroid[j] = Float8GetDatum(
				segment_transform_back(model->transform, segment_gmm_means(model)[c * dims + j] * spread + shift[j]));
			deviation[j] = Float8GetDatum(sqrt(variance) * spread);
		}
		values[0] = Int32GetDatum(c + 1);
		values[1] = Float8GetDatum(segment_gmm_weights(model)[c]);
		values[2] = PointerGetDatum(
			construct_array(centroid, dims, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
		values[3] = PointerGetDatum(
			construct_array(deviation, dims, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
		values[4] = BoolGetDatum(segment_gmm_floors(model)[c] > 0.0);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
