/*
 * assign.c: which cluster a vector belongs to, and how far it is from it. Everything is a function of the model and the
 * vector.
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"
#include "utils/memutils.h"

#include "cluster/cluster.h"
#include "cluster/model.h"

void
segment_model_space(const KmeansModel *model, Space *space)
{
	const double *shift = segment_model_shift(model);
	Size bytes = sizeof(double) * model->dims;
	int j;

	space->dims = model->dims;
	space->transform = model->transform;
	space->nulls = model->nulls;
	space->scale = model->scale;
	memcpy(space->shift, shift, bytes);
	memcpy(space->spread, shift + model->dims, bytes);
	memcpy(space->mean, shift + 2 * model->dims, bytes);
	for (j = 0; j < model->dims; j++)
		space->inverse[j] = 1.0 / space->spread[j];
}

void
segment_model_unpack(ModelCache *cache, const KmeansModel *model)
{
	cache->model = model;
	cache->k = model->k;
	cache->centroids = segment_model_centroids(model);
	segment_model_space(model, &cache->space);
}

ModelCache *
segment_model_argument(FunctionCallInfo fcinfo, int arg)
{
	ModelCache *cache = fcinfo->flinfo->fn_extra;
	char *raw = (char *) PG_GETARG_POINTER(arg);
	Size size = VARSIZE_ANY(raw);
	MemoryContext old;

	if (cache && cache->raw_size == size && memcmp(cache->raw, raw, size) == 0)
		return cache;
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	if (!cache)
		cache = fcinfo->flinfo->fn_extra = palloc0(sizeof(ModelCache));
	else
	{
		/* out of memory below, the cache may be used again by who caught that error */
		if (cache->raw != NULL)
			pfree(cache->raw);
		if (cache->model != NULL)
			pfree((void *) cache->model);
		cache->raw_size = 0;
		cache->raw = NULL;
		cache->model = NULL;
		cache->state = NULL;
	}
	cache->raw = palloc(size);
	memcpy(cache->raw, raw, size);
	segment_model_unpack(cache, (KmeansModel *) PG_DETOAST_DATUM_COPY(PointerGetDatum(raw)));
	cache->raw_size = size;
	MemoryContextSwitchTo(old);
	return cache;
}

/* Finds the two nearest centroids, for a number of dimensions that the compiler knows where it is small. */
static inline __attribute__((always_inline)) void
nearest_two(const ModelCache *cache, const double *x, int dims, Place *place)
{
	const double *centroid = cache->centroids;
	int c;
	int j;

	place->cluster = 0;
	place->second = -1;
	place->distance = INFINITY;
	place->second_distance = INFINITY;
	for (c = 0; c < cache->k; c++, centroid += dims)
	{
		double distance = 0.0;

		for (j = 0; j < dims; j++)
			distance += (x[j] - centroid[j]) * (x[j] - centroid[j]);
		if (distance < place->distance)
		{
			place->second = c == 0 ? -1 : place->cluster;
			place->second_distance = place->distance;
			place->cluster = c;
			place->distance = distance;
		}
		else if (distance < place->second_distance)
		{
			place->second = c;
			place->second_distance = distance;
		}
	}
}

bool
segment_model_locate(const ModelCache *cache, double *x, int dims, Place *place)
{
	if (unlikely(dims != cache->space.dims))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("feature vector does not fit the model"),
						errdetail("The vector has %d features, the model %d.", dims, cache->space.dims),
						errhint("Pass the features that the model was fitted on, in the same order.")));
	if (!segment_space_enter(&cache->space, x))
		return false;
	switch (dims)
	{
		case 2:
			nearest_two(cache, x, 2, place);
			break;
		case 3:
			nearest_two(cache, x, 3, place);
			break;
		case 4:
			nearest_two(cache, x, 4, place);
			break;
		default:
			nearest_two(cache, x, dims, place);
	}
	return true;
}

/* Locates the features of a call (model, features float8[]); false if the answer is NULL. */
static bool
locate_array(FunctionCallInfo fcinfo, ModelCache **cache, Place *place)
{
	double x[SEGMENT_MAX_FEATURES];
	int dims = segment_features_of_array(PG_GETARG_DATUM(1), x);

	*cache = segment_model_argument(fcinfo, 0);
	return segment_model_locate(*cache, x, dims, place);
}

PG_FUNCTION_INFO_V1(segment_cluster_of);

/* cluster_of(model, features float8[]) -> int. */
Datum
segment_cluster_of(PG_FUNCTION_ARGS)
{
	ModelCache *cache;
	Place place;

	if (!locate_array(fcinfo, &cache, &place))
		PG_RETURN_NULL();
	PG_RETURN_INT32(segment_model_label(cache->model, place.cluster));
}

PG_FUNCTION_INFO_V1(segment_cluster_of_columns);

/* cluster_of(model, f1 float8, ..., fn float8) -> int; not strict, so that nulls mean and error work. */
Datum
segment_cluster_of_columns(PG_FUNCTION_ARGS)
{
	double x[SEGMENT_MAX_FEATURES];
	ModelCache *cache;
	Place place;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	segment_features_of_args(fcinfo, 1, PG_NARGS() - 1, x);
	cache = segment_model_argument(fcinfo, 0);
	if (!segment_model_locate(cache, x, PG_NARGS() - 1, &place))
		PG_RETURN_NULL();
	PG_RETURN_INT32(segment_model_label(cache->model, place.cluster));
}

PG_FUNCTION_INFO_V1(segment_cluster_distance);

/* cluster_distance(model, features): distance to the nearest centroid, scaled. */
Datum
segment_cluster_distance(PG_FUNCTION_ARGS)
{
	ModelCache *cache;
	Place place;

	if (!locate_array(fcinfo, &cache, &place))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(sqrt(place.distance));
}

PG_FUNCTION_INFO_V1(segment_cluster_second);

/* cluster_second(model, features): the second nearest cluster; NULL if there is one only. */
Datum
segment_cluster_second(PG_FUNCTION_ARGS)
{
	ModelCache *cache;
	Place place;

	if (!locate_array(fcinfo, &cache, &place) || place.second < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(segment_model_label(cache->model, place.second));
}

PG_FUNCTION_INFO_V1(segment_cluster_second_distance);

/* cluster_second_distance(model, features): distance to the second nearest centroid, scaled. */
Datum
segment_cluster_second_distance(PG_FUNCTION_ARGS)
{
	ModelCache *cache;
	Place place;

	if (!locate_array(fcinfo, &cache, &place) || place.second < 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(sqrt(place.second_distance));
}

PG_FUNCTION_INFO_V1(segment_cluster_anomaly);

/*
 * cluster_anomaly(model, features): distance to the nearest centroid / root mean squared distance of that cluster's
 * members. NULL where all members of the cluster are the same point and the vector is that point; infinite elsewhere.
 */
Datum
segment_cluster_anomaly(PG_FUNCTION_ARGS)
{
	ModelCache *cache;
	Place place;
	double spread;

	if (!locate_array(fcinfo, &cache, &place))
		PG_RETURN_NULL();
	spread = segment_model_inertias(cache->model)[place.cluster] / segment_model_weights(cache->model)[place.cluster];
	if (place.distance == 0.0 && spread == 0.0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(sqrt(place.distance / spread));
}
