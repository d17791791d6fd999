/*
 * coreset_agg.c: the aggregates that build and merge coresets, and the operator.
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"
#include "core/agg_context.h"
#include "core/error.h"
#include "utils/builtins.h"

#include "cluster/cluster.h"
#include "cluster/coreset.h"
#include "cluster/model.h"

/* Options of one row. */
typedef struct RowOptions
{
	SegmentTransform transform;
	SegmentNulls nulls;
	double weight; /* NaN: NULL */
	int fit_k;
} RowOptions;

/* Rounds a weight to a multiple of the unit; 22023 if it is out of range. */
static double
check_weight(double weight)
{
	if (!(weight == 0.0 || (weight >= SEGMENT_WEIGHT_UNIT && weight < SEGMENT_MAX_WEIGHT)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("weight is out of range"),
				 errdetail("The weight is %g; accepted are 0 and %g to %g.", weight, SEGMENT_WEIGHT_UNIT,
						   SEGMENT_MAX_WEIGHT),
				 errhint("Weights are rounded to multiples of %g: scale smaller ones up.", SEGMENT_WEIGHT_UNIT)));
	return rint(weight / SEGMENT_WEIGHT_UNIT) * SEGMENT_WEIGHT_UNIT;
}

/* Refuses a NULL option. */
/* The state of this aggregate, made on the first row; options must not change from row to row. */
static CoresetState *
fetch_state(FunctionCallInfo fcinfo, MemoryContext context, const RowOptions *options)
{
	CoresetState *state;

	if (PG_ARGISNULL(0))
	{
		state = segment_coreset_state(context, options->transform, options->nulls);
		state->head.fit_k = options->fit_k;
		return state;
	}
	state = segment_coreset_state_of(PG_GETARG_DATUM(0), context);
	if (state->head.transform != options->transform)
		segment_refuse_changed_option("transform");
	if (state->head.nulls != options->nulls)
		segment_refuse_changed_option("nulls");
	if (state->head.fit_k != options->fit_k)
		segment_refuse_changed_option("k");
	return state;
}

/* Adds one row of dims features to the state; dims 0 stands for a NULL vector. */
static Datum
add(FunctionCallInfo fcinfo, const RowOptions *options, double *x, int dims)
{
	CoresetState *state = fetch_state(fcinfo, segment_aggregate_context(fcinfo), options);

	if (dims == 0 || isnan(options->weight))
	{
		if (state->head.nulls == SEGMENT_NULLS_ERROR)
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg(dims == 0 ? "feature vector is NULL" : "weight is NULL"),
							errdetail("nulls is error."), errhint("Filter such rows, or pass nulls skip.")));
		state->head.skipped++;
	}
	else
	{
		segment_coreset_set_dims(state, dims);
		segment_coreset_add_row(state, x, options->weight);
	}
	return EOHPGetRWDatum(&state->header);
}

PG_FUNCTION_INFO_V1(segment_coreset_agg_trans);

/*
 * Transition: (state, features float8[] [, transform text [, weight float8 [, nulls text]]]).
 */
Datum
segment_coreset_agg_trans(PG_FUNCTION_ARGS)
{
	RowOptions options = {SEGMENT_TRANSFORM_LOG, SEGMENT_NULLS_SKIP, 1.0, 0};
	double x[SEGMENT_MAX_FEATURES];
	int dims = PG_ARGISNULL(1) ? 0 : segment_features_of_array(PG_GETARG_DATUM(1), x);

	if (PG_NARGS() > 2)
		options.transform = segment_option_arg(fcinfo, 2, &segment_transform_option);
	if (PG_NARGS() > 3)
		options.weight = PG_ARGISNULL(3) ? NAN : check_weight(PG_GETARG_FLOAT8(3));
	if (PG_NARGS() > 4)
		options.nulls = segment_option_arg(fcinfo, 4, &segment_nulls_option);
	return add(fcinfo, &options, x, dims);
}

PG_FUNCTION_INFO_V1(segment_coreset_agg_trans_columns);

/* Transition: (state, f1 float8, ..., fn float8): transform log. */
Datum
segment_coreset_agg_trans_columns(PG_FUNCTION_ARGS)
{
	RowOptions options = {SEGMENT_TRANSFORM_LOG, SEGMENT_NULLS_SKIP, 1.0, 0};
	double x[SEGMENT_MAX_FEATURES];

	segment_features_of_args(fcinfo, 1, PG_NARGS() - 1, x);
	return add(fcinfo, &options, x, PG_NARGS() - 1);
}

PG_FUNCTION_INFO_V1(segment_coreset_agg_trans_columns_as);

/* Transition: (state, f1 float8, ..., fn float8, transform text). */
Datum
segment_coreset_agg_trans_columns_as(PG_FUNCTION_ARGS)
{
	RowOptions options = {SEGMENT_TRANSFORM_LOG, SEGMENT_NULLS_SKIP, 1.0, 0};
	double x[SEGMENT_MAX_FEATURES];
	int dims = PG_NARGS() - 2;

	segment_features_of_args(fcinfo, 1, dims, x);
	options.transform = segment_option_arg(fcinfo, dims + 1, &segment_transform_option);
	return add(fcinfo, &options, x, dims);
}

PG_FUNCTION_INFO_V1(segment_kmeans_agg_trans);

/* Transition of kmeans_agg: (state, features float8[], k int [, transform text]). k travels in the state. */
Datum
segment_kmeans_agg_trans(PG_FUNCTION_ARGS)
{
	RowOptions options = {SEGMENT_TRANSFORM_LOG, SEGMENT_NULLS_SKIP, 1.0, 0};
	double x[SEGMENT_MAX_FEATURES];
	int dims = PG_ARGISNULL(1) ? 0 : segment_features_of_array(PG_GETARG_DATUM(1), x);

	if (PG_ARGISNULL(2))
		segment_refuse_null_option("k");
	options.fit_k = PG_GETARG_INT32(2);
	segment_check_int_range("k", options.fit_k, 1, SEGMENT_MAX_CLUSTERS);
	if (PG_NARGS() > 3)
		options.transform = segment_option_arg(fcinfo, 3, &segment_transform_option);
	return add(fcinfo, &options, x, dims);
}

PG_FUNCTION_INFO_V1(segment_coreset_combine);

/*
 * Combine function, and transition of coreset_rollup: merges the second coreset, untouched, into the first. NULL is
 * the empty coreset.
 */
Datum
segment_coreset_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = segment_aggregate_context(fcinfo);
	CoresetState *state;
	Coreset *other;

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	other = PG_GETARG_CORESET(1);
	if (PG_ARGISNULL(0))
	{
		state = segment_coreset_state(context, other->transform, other->nulls);
		state->head.fit_k = other->fit_k;
	}
	else
		state = segment_coreset_state_of(PG_GETARG_DATUM(0), context);
	segment_coreset_merge(state, other);
	return EOHPGetRWDatum(&state->header);
}

PG_FUNCTION_INFO_V1(segment_coreset_final);

/* Final function: the state itself; NULL if it holds no vector. */
Datum
segment_coreset_final(PG_FUNCTION_ARGS)
{
	Coreset *coreset;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	coreset = PG_GETARG_CORESET(0);
	if (coreset->rows == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(coreset);
}

PG_FUNCTION_INFO_V1(segment_coreset_add);

/* a + b. */
Datum
segment_coreset_add(PG_FUNCTION_ARGS)
{
	CoresetState *state = segment_coreset_state_of(PointerGetDatum(PG_GETARG_CORESET(0)), CurrentMemoryContext);

	segment_coreset_merge(state, PG_GETARG_CORESET(1));
	return EOHPGetRWDatum(&state->header);
}

PG_FUNCTION_INFO_V1(segment_coreset_compress_to);

/* coreset_compress(coreset, micro_clusters): the same in at most so many micro-clusters. */
Datum
segment_coreset_compress_to(PG_FUNCTION_ARGS)
{
	CoresetState *state = segment_coreset_state_of(PointerGetDatum(PG_GETARG_CORESET(0)), CurrentMemoryContext);
	int micros = PG_GETARG_INT32(1);

	segment_check_int_range("micro_clusters", micros, 1, segment_coreset_micros(Max(state->head.dims, 1)));
	segment_coreset_compress(state, micros);
	return EOHPGetRWDatum(&state->header);
}
