/*
 * row_checks.c: the checks of a source that look at one row alone, all of them in one call a row: what a refresh that reads all
 * orders costs beside reading them. quality_conditions (780-segmentation-quality.sql) says the same in SQL.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "core/agg_context.h"
#include "core/day.h"
#include "core/decimal.h"

PG_FUNCTION_INFO_V1(segment_row_checks_trans);
PG_FUNCTION_INFO_V1(segment_row_checks_combine);

/* As segment_internal.row_check_names() lists them, behind the rows and those up to the day. */
typedef enum RowCheck
{
	ROWS,
	ROWS_COUNTED,
	NO_CUSTOMER,
	NO_TIME,
	NO_AMOUNT,
	NOT_A_NUMBER,
	OUT_OF_RANGE,
	INFINITE_TIME,
	IN_FUTURE,
	BEFORE_1990,
	NEGATIVE,
	ZERO,
	ROW_CHECKS
} RowCheck;

/* 1990-01-01, in days since 2000-01-01 */
#define DAY_1990 (-3652)

static int64 *
counts_of(ArrayType *state)
{
	if (ARR_NDIM(state) != 1 || ARR_DIMS(state)[0] != ROW_CHECKS || ARR_HASNULL(state) ||
		ARR_ELEMTYPE(state) != INT8OID)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("state is no state of row_checks_agg"),
						errdetail("It has %d counts.", ROW_CHECKS), errhint("Call row_checks_agg as it is.")));
	return (int64 *) ARR_DATA_PTR(state);
}

typedef struct RowTypes
{
	SegmentTimeKind time;
	SegmentAmountType amount;
} RowTypes;

/* The types of the arguments, looked up once a query. */
static const RowTypes *
types_of(FmgrInfo *function)
{
	RowTypes *types = function->fn_extra;

	if (types == NULL)
	{
		types = MemoryContextAllocZero(function->fn_mcxt, sizeof(RowTypes));
		if (!segment_time_kind_of(getBaseType(get_fn_expr_argtype(function, 2)), &types->time) ||
			!segment_amount_type_of(getBaseType(get_fn_expr_argtype(function, 3)), &types->amount))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("arguments are no time and no amount"),
							errdetail("The types are %s and %s.", format_type_be(get_fn_expr_argtype(function, 2)),
									  format_type_be(get_fn_expr_argtype(function, 3))),
							errhint("A time is a date, timestamp or timestamptz; an amount is a number.")));
		function->fn_extra = types;
	}
	return types;
}

static void
check_time(int64 *count, int64 at, SegmentTimeKind kind, bool in_future)
{
	bool infinite = kind == SEGMENT_TIME_DATE ? DATE_NOT_FINITE((DateADT) at) : TIMESTAMP_NOT_FINITE(at);

	count[INFINITE_TIME] += infinite;
	count[IN_FUTURE] += in_future && !infinite;
	count[BEFORE_1990] += at < (kind == SEGMENT_TIME_DATE ? DAY_1990 : DAY_1990 * USECS_PER_DAY);
}

/* An amount that no aggregate takes. */
static void
check_unfit(int64 *count, Datum value, SegmentAmountType type, SegmentAmountFault fault)
{
	count[fault == SEGMENT_AMOUNT_NOT_FINITE ? NOT_A_NUMBER : OUT_OF_RANGE]++;
	if (type == SEGMENT_AMOUNT_NUMERIC)
	{
		Datum zero = NumericGetDatum(int64_to_numeric(0));

		count[NEGATIVE] += DatumGetBool(DirectFunctionCall2(numeric_lt, value, zero));
		count[ZERO] += DatumGetBool(DirectFunctionCall2(numeric_eq, value, zero));
	}
	else if (type == SEGMENT_AMOUNT_FLOAT8)
		count[NEGATIVE] += DatumGetFloat8(value) < 0;
}

static void
check_amount(int64 *count, Datum value, SegmentAmountType type)
{
	SegmentAmount amount;
	SegmentAmountFault fault = segment_amount_read(value, type, &amount);

	if (unlikely(fault != SEGMENT_AMOUNT_OK))
		check_unfit(count, value, type, fault);
	/* which are rounded when they are read */
	else if (type == SEGMENT_AMOUNT_FLOAT8)
	{
		count[NEGATIVE] += DatumGetFloat8(value) < 0;
		count[ZERO] += DatumGetFloat8(value) == 0;
	}
	else
	{
		count[NEGATIVE] += segment_amount_is_negative(&amount);
		count[ZERO] += !amount.is_wide && amount.units == 0;
	}
}

/*
 * row_checks_agg(no_customer boolean, at "any", amount "any", counted boolean, in_future boolean): how many rows fail which
 * check. counted: the row's day is up to the day of the refresh.
 */
Datum
segment_row_checks_trans(PG_FUNCTION_ARGS)
{
	MemoryContext context = segment_aggregate_context(fcinfo);
	ArrayType *state;
	const RowTypes *types;
	int64 *count;

	if (PG_ARGISNULL(0))
	{
		MemoryContext caller = MemoryContextSwitchTo(context);
		Datum zero[ROW_CHECKS] = {0};

		for (int i = 0; i < ROW_CHECKS; i++)
			zero[i] = Int64GetDatum(0);
		state = construct_array(zero, ROW_CHECKS, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
		MemoryContextSwitchTo(caller);
	}
	else
		state = PG_GETARG_ARRAYTYPE_P(0);
	count = counts_of(state);
	count[ROWS]++;
	count[ROWS_COUNTED] += !PG_ARGISNULL(4) && PG_GETARG_BOOL(4);
	count[NO_CUSTOMER] += !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);
	types = types_of(fcinfo->flinfo);
	if (PG_ARGISNULL(2))
		count[NO_TIME]++;
	else
		check_time(count, segment_time_from_datum(PG_GETARG_DATUM(2), types->time), types->time,
				   !PG_ARGISNULL(5) && PG_GETARG_BOOL(5));
	if (PG_ARGISNULL(3))
		count[NO_AMOUNT]++;
	else
		check_amount(count, PG_GETARG_DATUM(3), types->amount);
	PG_RETURN_ARRAYTYPE_P(state);
}

Datum
segment_row_checks_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = segment_aggregate_context(fcinfo);
	ArrayType *state;
	int64 *count;
	const int64 *other;

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	if (PG_ARGISNULL(0))
	{
		MemoryContext caller = MemoryContextSwitchTo(context);

		state = PG_GETARG_ARRAYTYPE_P_COPY(1);
		MemoryContextSwitchTo(caller);
		(void) counts_of(state);
		PG_RETURN_ARRAYTYPE_P(state);
	}
	state = PG_GETARG_ARRAYTYPE_P(0);
	count = counts_of(state);
	other = counts_of(PG_GETARG_ARRAYTYPE_P(1));
	for (int i = 0; i < ROW_CHECKS; i++)
		count[i] += other[i];
	PG_RETURN_ARRAYTYPE_P(state);
}
