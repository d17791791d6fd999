/*
 * outcome_agg.c: the aggregates outcome_agg and outcome_rollup, and the operator +.
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"

#include "utils/builtins.h"
#include "utils/fmgroids.h"

#include "core/agg_context.h"
#include "core/decimal.h"
#include "core/message.h"
#include "experiment/experiment.h"

/* A type that a column may have: that of an amount, or boolean, whose true is 1. */
#define OUTCOME_BOOLEAN (-1)

void
segment_outcome_refuse_rows(void)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("outcome has too many rows"),
					errdetail("Accepted are up to 2^62 in all."), errhint("Check the values that are merged.")));
}

/* Stops for a value that no sum can take: 22003. */
pg_noreturn static void
refuse_value(SegmentAmountFault fault, Datum value, int type, const char *column)
{
	Oid output = type == SEGMENT_AMOUNT_FLOAT8 ? F_FLOAT8OUT : F_NUMERIC_OUT;
	char *shown = DatumGetCString(OidFunctionCall1(output, value));
	bool decimals = fault == SEGMENT_AMOUNT_TOO_MANY_DECIMALS;

	if (strlen(shown) > 60)
		strcpy(shown + 57, "...");
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg(decimals							   ? "%s has too many decimals"
						   : fault == SEGMENT_AMOUNT_TOO_LARGE ? "%s is out of range"
															   : "%s is not a finite number",
						   column),
					errdetail("%s is %s; accepted are numbers within +/-10^%d with up to %d decimals.", column, shown,
							  SEGMENT_AMOUNT_DIGITS, SEGMENT_MAX_DECIMALS),
					decimals ? errhint("Round it: round(%s, %d).", column, SEGMENT_MAX_DECIMALS)
							 : errhint("Leave such rows out with WHERE, or turn the value into NULL.")));
}

/* Reads a column of a row; type is a constant wherever this is inlined. */
static inline void
read_value(Datum value, int type, const char *column, SegmentMomentValue *result)
{
	SegmentAmount amount;
	SegmentAmountFault fault;

	result->scale = 0;
	switch (type)
	{
		case OUTCOME_BOOLEAN:
			segment_moment_value_of_int128(DatumGetBool(value), result);
			break;
		case SEGMENT_AMOUNT_INT2:
			segment_moment_value_of_int128(DatumGetInt16(value), result);
			break;
		case SEGMENT_AMOUNT_INT4:
			segment_moment_value_of_int128(DatumGetInt32(value), result);
			break;
		case SEGMENT_AMOUNT_INT8:
			segment_moment_value_of_int128(DatumGetInt64(value), result);
			break;
		case SEGMENT_AMOUNT_FLOAT8:
		{
			double number = DatumGetFloat8(value);

			/* not by way of an amount, which has 6 decimals: a metric may be of any size */
			if (unlikely(!(number > -1e30 && number < 1e30)))
				refuse_value(isfinite(number) ? SEGMENT_AMOUNT_TOO_LARGE : SEGMENT_AMOUNT_NOT_FINITE, value, type,
							 column);
			segment_moment_value_of_double(number, result);
			break;
		}
		default:
			fault = segment_amount_read(value, SEGMENT_AMOUNT_NUMERIC, &amount);
			if (unlikely(fault != SEGMENT_AMOUNT_OK))
				refuse_value(fault, value, type, column);
			segment_moment_value_of_int128(amount.units, result);
			result->scale = amount.scale;
			result->is_wide = amount.is_wide;
			if (unlikely(amount.is_wide))
				result->wide = amount.wide;
			break;
	}
}

/* The state, made in the aggregate's context with the first row. */
static inline SegmentMoments *
state_of(FunctionCallInfo fcinfo, bool has_x)
{
	MemoryContext context = segment_aggregate_context(fcinfo);
	SegmentMoments *state;

	if (!PG_ARGISNULL(0))
		return (SegmentMoments *) PG_GETARG_POINTER(0);
	state = MemoryContextAllocZero(context, sizeof(SegmentMoments));
	state->has_x = has_x;
	return state;
}

static pg_attribute_always_inline Datum
add_row(FunctionCallInfo fcinfo, bool has_x, int y_type, int x_type)
{
	SegmentMoments *state;
	SegmentMomentValue y;
	SegmentMomentValue x;
	bool x_is_null = !has_x || PG_ARGISNULL(2);

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	state = state_of(fcinfo, has_x);
	read_value(PG_GETARG_DATUM(1), y_type, "y", &y);
	if (!x_is_null)
		read_value(PG_GETARG_DATUM(2), x_type, "x", &x);
	if (unlikely(!segment_moments_add(state, &y, x_is_null ? NULL : &x)))
		segment_outcome_refuse_rows();
	PG_RETURN_POINTER(state);
}

/* outcome_agg(y): a row whose y is NULL is skipped. */
#define ONE_COLUMN(name, type)                         \
	PG_FUNCTION_INFO_V1(segment_outcome_agg_##name);   \
	Datum segment_outcome_agg_##name(PG_FUNCTION_ARGS) \
	{                                                  \
		return add_row(fcinfo, false, type, 0);        \
	}

/* outcome_agg(y, x): so it is here; a row whose x is NULL counts as one without x. */
#define TWO_COLUMNS(name, y_type, x_type)              \
	PG_FUNCTION_INFO_V1(segment_outcome_agg_##name);   \
	Datum segment_outcome_agg_##name(PG_FUNCTION_ARGS) \
	{                                                  \
		return add_row(fcinfo, true, y_type, x_type);  \
	}

ONE_COLUMN(numeric, SEGMENT_AMOUNT_NUMERIC)
ONE_COLUMN(int2, SEGMENT_AMOUNT_INT2)
ONE_COLUMN(int4, SEGMENT_AMOUNT_INT4)
ONE_COLUMN(int8, SEGMENT_AMOUNT_INT8)
ONE_COLUMN(float8, SEGMENT_AMOUNT_FLOAT8)
ONE_COLUMN(bool, OUTCOME_BOOLEAN)
TWO_COLUMNS(numeric_numeric, SEGMENT_AMOUNT_NUMERIC, SEGMENT_AMOUNT_NUMERIC)
TWO_COLUMNS(int4_int4, SEGMENT_AMOUNT_INT4, SEGMENT_AMOUNT_INT4)
TWO_COLUMNS(int8_int8, SEGMENT_AMOUNT_INT8, SEGMENT_AMOUNT_INT8)
TWO_COLUMNS(float8_float8, SEGMENT_AMOUNT_FLOAT8, SEGMENT_AMOUNT_FLOAT8)
TWO_COLUMNS(bool_bool, OUTCOME_BOOLEAN, OUTCOME_BOOLEAN)
TWO_COLUMNS(bool_numeric, OUTCOME_BOOLEAN, SEGMENT_AMOUNT_NUMERIC)
TWO_COLUMNS(bool_int8, OUTCOME_BOOLEAN, SEGMENT_AMOUNT_INT8)
TWO_COLUMNS(bool_float8, OUTCOME_BOOLEAN, SEGMENT_AMOUNT_FLOAT8)
TWO_COLUMNS(numeric_bool, SEGMENT_AMOUNT_NUMERIC, OUTCOME_BOOLEAN)
TWO_COLUMNS(int8_bool, SEGMENT_AMOUNT_INT8, OUTCOME_BOOLEAN)
TWO_COLUMNS(float8_bool, SEGMENT_AMOUNT_FLOAT8, OUTCOME_BOOLEAN)

/* Adds sums to the state. */
static Datum
add_part(FunctionCallInfo fcinfo, const SegmentMoments *part)
{
	SegmentMoments *state = state_of(fcinfo, part->has_x);

	if (state->has_x != part->has_x)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("outcomes have different columns"),
						errdetail("One has a second column, the other has none."),
						errhint("Merge values of outcome_agg(y), or values of outcome_agg(y, x).")));
	if (!segment_moments_merge(state, part))
		segment_outcome_refuse_rows();
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(segment_outcome_rollup_trans);

Datum
segment_outcome_rollup_trans(PG_FUNCTION_ARGS)
{
	SegmentMoments part;

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	segment_outcome_arg(fcinfo, 1, &part);
	return add_part(fcinfo, &part);
}

PG_FUNCTION_INFO_V1(segment_outcome_combine);

Datum
segment_outcome_combine(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	return add_part(fcinfo, (const SegmentMoments *) PG_GETARG_POINTER(1));
}

/* Serial and final function: the byte string. */
PG_FUNCTION_INFO_V1(segment_outcome_final);

Datum
segment_outcome_final(PG_FUNCTION_ARGS)
{
	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(segment_outcome_encode((const SegmentMoments *) PG_GETARG_POINTER(0)));
}

PG_FUNCTION_INFO_V1(segment_outcome_deserialize);

Datum
segment_outcome_deserialize(PG_FUNCTION_ARGS)
{
	bytea *bytes = PG_GETARG_BYTEA_PP(0);
	SegmentMoments *state;
	const char *fault;

	(void) segment_aggregate_context(fcinfo);
	state = palloc(sizeof(SegmentMoments));
	fault = segment_outcome_decode(segment_state_cursor(bytes), state);
	if (fault)
		segment_refuse_state("outcome_agg", fault);
	PG_RETURN_POINTER(state);
}

/* outcome + outcome: the rows of both. Strict. */
PG_FUNCTION_INFO_V1(segment_outcome_add);

Datum
segment_outcome_add(PG_FUNCTION_ARGS)
{
	SegmentMoments a;
	SegmentMoments b;

	segment_outcome_arg(fcinfo, 0, &a);
	segment_outcome_arg(fcinfo, 1, &b);
	if (a.has_x != b.has_x)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("outcomes have different columns"),
						errdetail("One has a second column, the other has none."),
						errhint("Merge values of outcome_agg(y), or values of outcome_agg(y, x).")));
	if (!segment_moments_merge(&a, &b))
		segment_outcome_refuse_rows();
	PG_RETURN_BYTEA_P(segment_outcome_encode(&a));
}
