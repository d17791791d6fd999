/*
 * quantiles_agg.c: the aggregates quantiles_agg and quantiles_rollup, and the operator +.
 *
 * The state is the type itself, as an expanded object below the aggregate's context that is changed in place: parallel
 * workers and distributed servers hand it over as a plain value.
 */
#include "postgres.h"

#include "core/compat.h"

#include "utils/expandeddatum.h"

#include "core/agg_context.h"
#include "core/error.h"
#include "score/quantiles_object.h"

/*
 * The aggregate's state as an object that may be changed: argument 0 itself, or a new object with its contents; NULL
 * is empty.
 */
static QuantilesObject *
state_object(FunctionCallInfo fcinfo)
{
	MemoryContext context;
	int kind = segment_aggregate_kind(fcinfo, &context);
	QuantilesObject *object = NULL;

	if (!PG_ARGISNULL(0) && VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(PG_GETARG_DATUM(0))))
		object = segment_quantiles_object_of(PG_GETARG_DATUM(0));
	if (!object)
	{
		object = segment_quantiles_object_new(context, kind == AGG_CONTEXT_AGGREGATE);
		if (!PG_ARGISNULL(0))
			segment_quantiles_state_add_all(&object->state, segment_quantiles_datum_source(PG_GETARG_DATUM(0)));
	}
	return object;
}

/* Adds a value; NULL is skipped. 22003 for NaN and infinity. */
PG_FUNCTION_INFO_V1(segment_quantiles_agg_trans);

Datum
segment_quantiles_agg_trans(PG_FUNCTION_ARGS)
{
	QuantilesObject *object;
	double value;

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	value = PG_GETARG_FLOAT8(1);
	segment_quantiles_check(value);
	object = state_object(fcinfo);
	segment_quantiles_state_add(&object->state, value, 1);
	segment_runs_settle(&object->state.runs, fcinfo);
	PG_RETURN_DATUM(EOHPGetRWDatum(&object->header));
}

/* Adds argument 1 to the state, without changing the argument. */
PG_FUNCTION_INFO_V1(segment_quantiles_agg_combine);

Datum
segment_quantiles_agg_combine(PG_FUNCTION_ARGS)
{
	QuantilesObject *object;
	SegmentSource *source;

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	object = state_object(fcinfo);
	source = segment_quantiles_datum_source(PG_GETARG_DATUM(1));
	segment_quantiles_state_add_all(&object->state, source);
	segment_runs_settle(&object->state.runs, fcinfo);
	PG_RETURN_DATUM(EOHPGetRWDatum(&object->header));
}

/* The flat value of the state, which may keep growing. */
PG_FUNCTION_INFO_V1(segment_quantiles_agg_final);

Datum
segment_quantiles_agg_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(segment_quantiles_flatten(segment_quantiles_datum_source(PG_GETARG_DATUM(0))));
}

/* a + b: the multiset that holds both. */
PG_FUNCTION_INFO_V1(segment_quantiles_add);

Datum
segment_quantiles_add(PG_FUNCTION_ARGS)
{
	QuantilesState state;

	segment_quantiles_state_init(&state, CurrentMemoryContext, false);
	segment_quantiles_state_add_all(&state, segment_quantiles_datum_source(PG_GETARG_DATUM(0)));
	segment_quantiles_state_add_all(&state, segment_quantiles_datum_source(PG_GETARG_DATUM(1)));
	PG_RETURN_POINTER(segment_quantiles_flatten(segment_quantiles_state_source(&state)));
}
