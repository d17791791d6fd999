/*
 * cut_points_agg.c: the aggregates that make cut points in one step: cut_points_agg(value, bins, ...) and
 * rfm_cut_points_agg(rfm, as_of, bins, ...).
 *
 * Both keep multisets that spill to disk, one a dimension, and the options, which must be the same in every row.
 */
#include "postgres.h"

#include "core/compat.h"

#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "core/agg_context.h"
#include "core/error.h"
#include "core/message.h"
#include "score/quantiles.h"

/* The state of both. cut_points_agg has one dimension, rfm_cut_points_agg three. */
typedef struct CutPointsState
{
	int32 dimensions;
	int32 bins;
	uint8 method;
	uint8 descending; /* cut_points_agg */
	uint8 monetary;	  /* rfm_cut_points_agg, like the following */
	DateADT as_of;
	char *zone_name; /* NULL in a state that came from elsewhere */
	pg_tz *zone;
	QuantilesState values[RFM_DIMENSIONS];
} CutPointsState;

/* The state in argument 0, or NULL. Sets *context to the aggregate's. */
static CutPointsState *
state_argument(FunctionCallInfo fcinfo, MemoryContext *context, bool *may_spill)
{
	*may_spill = segment_aggregate_kind(fcinfo, context) == AGG_CONTEXT_AGGREGATE;
	return PG_ARGISNULL(0) ? NULL : (CutPointsState *) PG_GETARG_POINTER(0);
}

/* An empty state in a context. */
static CutPointsState *
new_state(MemoryContext context, int dimensions, bool may_spill)
{
	CutPointsState *state = MemoryContextAllocZero(context, sizeof(CutPointsState));

	state->dimensions = dimensions;
	for (int d = 0; d < dimensions; d++)
		segment_quantiles_state_init(&state->values[d], context, may_spill);
	return state;
}

static void
settle(CutPointsState *state, FunctionCallInfo fcinfo)
{
	for (int d = 0; d < state->dimensions; d++)
		segment_runs_settle(&state->values[d].runs, fcinfo);
}

/* Stops for a NULL option. */
static void
check_option(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		segment_refuse_null_option(name);
}

/* True if a text argument is this name. */
static bool
text_is(FunctionCallInfo fcinfo, int argument, const char *name)
{
	const text *value = PG_GETARG_TEXT_PP(argument);
	size_t length = VARSIZE_ANY_EXHDR(value);

	return length == strlen(name) && memcmp(VARDATA_ANY(value), name, length) == 0;
}

/* --- cut_points_agg(value, bins, method, direction) --------------------------------------------- */

/* Takes the options of the first row. */
static void
read_options(FunctionCallInfo fcinfo, CutPointsState *state)
{
	state->bins = PG_GETARG_INT32(2);
	segment_check_cut_bins(state->bins);
	state->method = PG_NARGS() > 3 ? segment_method_of(PG_GETARG_TEXT_PP(3)) : SEGMENT_METHOD_QUANTILE;
	state->descending = PG_NARGS() > 4 && segment_option_of(&segment_direction_option, PG_GETARG_TEXT_PP(4)) == 1;
}

PG_FUNCTION_INFO_V1(segment_cut_points_agg_trans);

Datum
segment_cut_points_agg_trans(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	bool may_spill;
	CutPointsState *state = state_argument(fcinfo, &context, &may_spill);
	double value;

	check_option(fcinfo, 2, "bins");
	if (PG_NARGS() > 3)
		check_option(fcinfo, 3, "method");
	if (PG_NARGS() > 4)
		check_option(fcinfo, 4, "direction");
	if (!state)
	{
		state = new_state(context, 1, may_spill);
		read_options(fcinfo, state);
	}
	else
	{
		if (PG_GETARG_INT32(2) != state->bins)
			segment_refuse_changed_option("bins");
		if (PG_NARGS() > 3 && !text_is(fcinfo, 3, segment_method_names[state->method]))
			segment_refuse_changed_option("method");
		if (PG_NARGS() > 4 && !text_is(fcinfo, 4, segment_direction_option.words[state->descending]))
			segment_refuse_changed_option("direction");
	}
	if (!PG_ARGISNULL(1))
	{
		value = PG_GETARG_FLOAT8(1);
		segment_quantiles_check(value);
		segment_quantiles_state_add(&state->values[0], value, 1);
		settle(state, fcinfo);
	}
	PG_RETURN_POINTER(state);
}

/* Makes the cut points of one dimension. */
static const SegmentCuts *
make(CutPointsState *state, int dimension, bool descending, SegmentCutsBuffer *buffer)
{
	segment_make_cuts(segment_quantiles_state_source(&state->values[dimension]), state->bins,
					  (SegmentMethod) state->method, descending, buffer);
	return &buffer->cuts;
}

/* NULL if there was no value. */
PG_FUNCTION_INFO_V1(segment_cut_points_agg_final);

Datum
segment_cut_points_agg_final(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	bool may_spill;
	CutPointsState *state = state_argument(fcinfo, &context, &may_spill);
	SegmentCutsBuffer buffer;

	if (!state || state->values[0].total == 0)
		PG_RETURN_NULL();
	make(state, 0, state->descending, &buffer);
	segment_warn_lopsided(&buffer.cuts, "values");
	PG_RETURN_POINTER(segment_cut_points_value(&buffer.cuts));
}

/* --- rfm_cut_points_agg(rfm, as_of, bins, method, monetary, zone) ------------------------------- */

/* Takes the options of the first row. */
static void
read_rfm_options(FunctionCallInfo fcinfo, CutPointsState *state, MemoryContext context)
{
	MemoryContext old;

	state->as_of = PG_GETARG_DATEADT(2);
	segment_check_as_of(state->as_of);
	state->bins = PG_GETARG_INT32(3);
	segment_check_score_bins(state->bins);
	state->method = PG_NARGS() > 4 ? segment_method_of(PG_GETARG_TEXT_PP(4)) : SEGMENT_METHOD_QUANTILE;
	state->monetary =
		PG_NARGS() > 5 ? segment_option_of(&segment_monetary_option, PG_GETARG_TEXT_PP(5)) : RFM_MONETARY_TOTAL;
	if (PG_NARGS() > 6)
	{
		state->zone = segment_zone(PG_GETARG_TEXT_PP(6));
		old = MemoryContextSwitchTo(context);
		state->zone_name = text_to_cstring(PG_GETARG_TEXT_PP(6));
		MemoryContextSwitchTo(old);
	}
}

PG_FUNCTION_INFO_V1(segment_rfm_cut_points_agg_trans);

Datum
segment_rfm_cut_points_agg_trans(PG_FUNCTION_ARGS)
{
	static const char *const options[] = {NULL, NULL, "as_of", "bins", "method", "monetary", "zone"};
	MemoryContext context;
	bool may_spill;
	CutPointsState *state = state_argument(fcinfo, &context, &may_spill);
	double values[RFM_DIMENSIONS];

	for (int i = 2; i < PG_NARGS(); i++)
		check_option(fcinfo, i, options[i]);
	if (!state)
	{
		state = new_state(context, RFM_DIMENSIONS, may_spill);
		read_rfm_options(fcinfo, state, context);
	}
	else
	{
		if (PG_GETARG_DATEADT(2) != state->as_of)
			segment_refuse_changed_option("as_of");
		if (PG_GETARG_INT32(3) != state->bins)
			segment_refuse_changed_option("bins");
		if (PG_NARGS() > 4 && !text_is(fcinfo, 4, segment_method_names[state->method]))
			segment_refuse_changed_option("method");
		if (PG_NARGS() > 5 && !text_is(fcinfo, 5, segment_monetary_option.words[state->monetary]))
			segment_refuse_changed_option("monetary");
		if (PG_NARGS() > 6 && !text_is(fcinfo, 6, state->zone_name))
			segment_refuse_changed_option("zone");
	}
	if (!PG_ARGISNULL(1) &&
		segment_rfm_measure(PG_GETARG_RFM(1), state->as_of, state->zone, (RfmMonetary) state->monetary, values))
	{
		for (int d = 0; d < RFM_DIMENSIONS; d++)
			segment_quantiles_state_add(&state->values[d], values[d], 1);
		settle(state, fcinfo);
	}
	PG_RETURN_POINTER(state);
}

/* NULL if no customer has an order. */
PG_FUNCTION_INFO_V1(segment_rfm_cut_points_agg_final);

Datum
segment_rfm_cut_points_agg_final(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	bool may_spill;
	CutPointsState *state = state_argument(fcinfo, &context, &may_spill);
	SegmentCutsBuffer buffers[RFM_DIMENSIONS];
	const SegmentCuts *cuts[RFM_DIMENSIONS];

	if (!state || state->values[0].total == 0)
		PG_RETURN_NULL();
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		cuts[d] = make(state, d, d == RFM_RECENCY, &buffers[d]);
	segment_warn_lopsided(cuts[RFM_MONETARY], "customers");
	PG_RETURN_POINTER(segment_rfm_cut_points_value(cuts, (RfmMonetary) state->monetary));
}

/* --- both: combine, serialise, deserialise ------------------------------------------------------ */

/* Adds the state in argument 1 without changing it. */
PG_FUNCTION_INFO_V1(segment_cut_points_agg_combine);

Datum
segment_cut_points_agg_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	bool may_spill;
	CutPointsState *state = state_argument(fcinfo, &context, &may_spill);
	CutPointsState *other = PG_ARGISNULL(1) ? NULL : (CutPointsState *) PG_GETARG_POINTER(1);

	if (!other)
	{
		if (!state)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (!state)
	{
		state = new_state(context, other->dimensions, may_spill);
		state->bins = other->bins;
		state->method = other->method;
		state->descending = other->descending;
		state->monetary = other->monetary;
		state->as_of = other->as_of;
	}
	else if (state->dimensions != other->dimensions || state->bins != other->bins || state->method != other->method ||
			 state->descending != other->descending || state->monetary != other->monetary ||
			 state->as_of != other->as_of)
		segment_refuse_changed_option("each option");
	for (int d = 0; d < state->dimensions; d++)
		segment_quantiles_state_add_all(&state->values[d], segment_quantiles_state_source(&other->values[d]));
	settle(state, fcinfo);
	PG_RETURN_POINTER(state);
}

/*
 * Options, then a dimension each: the length of its multiset (0: empty) and the multiset. 54000 with a hint if a
 * multiset passes 1 GB.
 */
PG_FUNCTION_INFO_V1(segment_cut_points_agg_serialize);

Datum
segment_cut_points_agg_serialize(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	bool may_spill;
	CutPointsState *state = state_argument(fcinfo, &context, &may_spill);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, SEGMENT_QUANTILES_VERSION);
	pq_sendbyte(&buffer, (uint8) state->dimensions);
	pq_sendbyte(&buffer, (uint8) state->bins);
	pq_sendbyte(&buffer, state->method);
	pq_sendbyte(&buffer, state->descending);
	pq_sendbyte(&buffer, state->monetary);
	pq_sendint32(&buffer, (uint32) state->as_of);
	for (int d = 0; d < state->dimensions; d++)
	{
		Quantiles *quantiles;
		SegmentMultiset set;
		Size size;

		if (state->values[d].total == 0)
		{
			pq_sendint32(&buffer, 0);
			continue;
		}
		quantiles = segment_quantiles_flatten(segment_quantiles_state_source(&state->values[d]));
		set = segment_quantiles_set(quantiles);
		size = segment_multiset_encoded_size(&set);
		pq_sendint32(&buffer, (uint32) size);
		enlargeStringInfo(&buffer, (int) size);
		segment_multiset_encode(&set, (unsigned char *) buffer.data + buffer.len);
		buffer.len += (int) size;
		pfree(quantiles);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

PG_FUNCTION_INFO_V1(segment_cut_points_agg_deserialize);

Datum
segment_cut_points_agg_deserialize(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor;
	CutPointsState *state;
	int dimensions;

	(void) segment_aggregate_context(fcinfo);
	cursor = segment_state_cursor(PG_GETARG_BYTEA_PP(0));
	if (segment_take(&cursor, 1) != SEGMENT_QUANTILES_VERSION)
		segment_refuse_state("a cut points aggregate", "The version is unknown.");
	dimensions = (int) segment_take(&cursor, 1);
	if (dimensions != 1 && dimensions != RFM_DIMENSIONS)
		segment_refuse_state("a cut points aggregate", "The number of dimensions is neither 1 nor 3.");
	state = new_state(CurrentMemoryContext, dimensions, false);
	state->bins = (int) segment_take(&cursor, 1);
	state->method = (uint8) segment_take(&cursor, 1);
	state->descending = (uint8) segment_take(&cursor, 1);
	state->monetary = (uint8) segment_take(&cursor, 1);
	state->as_of = (DateADT) segment_take(&cursor, 4);
	if (state->bins < SEGMENT_CUTS_MIN_BINS ||
		state->bins > (dimensions == 1 ? SEGMENT_CUTS_MAX_BINS : SEGMENT_MAX_BINS) ||
		state->method == SEGMENT_METHOD_GIVEN || state->method >= SEGMENT_METHODS || state->descending > 1 ||
		state->monetary > RFM_MONETARY_AVERAGE)
		segment_refuse_state("a cut points aggregate", "An option is out of range.");
	for (int d = 0; d < dimensions; d++)
	{
		Size size = segment_take(&cursor, 4);
		const unsigned char *bytes = segment_take_bytes(&cursor, size);
		const char *fault;
		Quantiles *quantiles;

		if (size == 0 || bytes == NULL)
			continue;
		quantiles = segment_quantiles_decode(segment_cursor(bytes, size), &fault);
		if (fault)
			segment_refuse_state("a cut points aggregate", fault);
		segment_quantiles_state_add_all(&state->values[d], segment_quantiles_value_source(quantiles));
		pfree(quantiles);
	}
	segment_end_state(&cursor, "a cut points aggregate");
	PG_RETURN_POINTER(state);
}
