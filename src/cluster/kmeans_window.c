/*
 * kmeans_window.c: kmeans_assign(features, k, ...) OVER (...): fits on the partition and assigns its rows at once.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "windowapi.h"

#include "core/compat.h"
#include "core/error.h"

#include "cluster/cluster.h"
#include "cluster/model.h"

/* Kept for a partition; all zero before its first row. */
typedef struct PartitionModel
{
	bool ready;
	bool empty; /* no vector to fit on: every answer is NULL */
	ModelCache cache;
} PartitionModel;

/* An option of the partition's first row; 22004 if it is NULL. */
static Datum
option(WindowObject window, int arg, const char *name)
{
	bool is_null;
	Datum value = WinGetFuncArgCurrent(window, arg, &is_null);

	if (is_null)
		segment_refuse_null_option(name);
	return value;
}

/* Reads all vectors of the partition into a coreset, which lives as long as the current context. */
static Coreset *
read_partition(WindowObject window, SegmentTransform transform)
{
	CoresetState *state = segment_coreset_state(CurrentMemoryContext, transform, SEGMENT_NULLS_SKIP);
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "kmeans_assign row", ALLOCSET_SMALL_SIZES);
	int64 rows = WinGetPartitionRowCount(window);
	int64 row;

	for (row = 0; row < rows; row++)
	{
		double x[SEGMENT_MAX_FEATURES];
		MemoryContext old;
		bool is_null;
		bool is_out;
		Datum features;

		CHECK_FOR_INTERRUPTS();
		old = MemoryContextSwitchTo(scratch);
		features = WinGetFuncArgInPartition(window, 0, (int) row, WINDOW_SEEK_HEAD, false, &is_null, &is_out);
		if (!is_null)
		{
			int dims = segment_features_of_array(features, x);

			MemoryContextSwitchTo(old);
			segment_coreset_set_dims(state, dims);
			segment_coreset_add_row(state, x, 1.0);
		}
		MemoryContextSwitchTo(old);
		MemoryContextReset(scratch);
	}
	return DatumGetCoreset(EOHPGetRWDatum(&state->header));
}

/* Fits the partition's model. A partition with fewer distinct vectors than k gets one cluster for each. */
static void
fit_partition(FunctionCallInfo fcinfo, WindowObject window, PartitionModel *partition)
{
	FitOptions options = {0, SEGMENT_SCALE_STANDARD, 1, -1, -1, 300, 0.0};
	int n_args = PG_NARGS();
	SegmentTransform transform = SEGMENT_TRANSFORM_LOG;
	Coreset *coreset;
	KmeansModel *model;
	MemoryContext old;

	options.k = DatumGetInt32(option(window, 1, "k"));
	segment_check_int_range("k", options.k, 1, SEGMENT_MAX_CLUSTERS);
	if (n_args > 2)
		transform = segment_option_of(&segment_transform_option, DatumGetTextPP(option(window, 2, "transform")));
	if (n_args > 3)
		options.scale = segment_option_of(&segment_scale_option, DatumGetTextPP(option(window, 3, "scale")));
	if (n_args > 4)
		options.seed = DatumGetInt64(option(window, 4, "seed"));
	segment_check_int_range("seed", options.seed, 0, PG_INT64_MAX);
	coreset = read_partition(window, transform);
	partition->ready = true;
	if (coreset->items == 0)
	{
		partition->empty = true;
		return;
	}
	if (coreset->mode == SEGMENT_CORESET_DISTINCT)
		options.k = Min(options.k, coreset->items);
	model = segment_fit_model(coreset, SEGMENT_STORED_TRANSFORM, &options);
	old = MemoryContextSwitchTo(GetMemoryChunkContext(partition));
	segment_model_unpack(&partition->cache, (KmeansModel *) PG_DETOAST_DATUM_COPY(PointerGetDatum(model)));
	MemoryContextSwitchTo(old);
}

PG_FUNCTION_INFO_V1(segment_kmeans_assign);

/* kmeans_assign(features, k [, transform [, scale [, seed]]]) OVER (...). */
Datum
segment_kmeans_assign(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	PartitionModel *partition = WinGetPartitionLocalMemory(window, sizeof(PartitionModel));
	double x[SEGMENT_MAX_FEATURES];
	Datum features;
	Place place;
	bool is_null;
	int dims;

	if (!partition->ready)
		fit_partition(fcinfo, window, partition);
	features = WinGetFuncArgCurrent(window, 0, &is_null);
	if (is_null || partition->empty)
		PG_RETURN_NULL();
	dims = segment_features_of_array(features, x);
	if (!segment_model_locate(&partition->cache, x, dims, &place))
		PG_RETURN_NULL();
	PG_RETURN_INT32(segment_model_label(partition->cache.model, place.cluster));
}
