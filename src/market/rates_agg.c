/*
 * rates_agg.c: the aggregates rates_agg and rates_rollup, and the operator +.
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "core/agg_context.h"
#include "core/day.h"
#include "core/decimal.h"
#include "core/error.h"
#include "core/message.h"
#include "market/market.h"

/* The state, made in the aggregate's context with the first row. */
static SegmentRateRows *
state_of(FunctionCallInfo fcinfo, const char *base)
{
	MemoryContext context;
	MemoryContext caller;
	SegmentRateRows *rows;

	context = segment_aggregate_context(fcinfo);
	if (!PG_ARGISNULL(0))
		return (SegmentRateRows *) PG_GETARG_POINTER(0);
	caller = MemoryContextSwitchTo(context);
	rows = segment_rate_rows_new(base);
	MemoryContextSwitchTo(caller);
	return rows;
}

/* The code in an argument; 22023 for anything else. */
static void
code_argument(FunctionCallInfo fcinfo, int arg, char *code)
{
	text *name = PG_GETARG_TEXT_PP(arg);

	if (!segment_currency_code(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), code))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("currency code is none"),
						errdetail("The code is \"%s\"; accepted are 1 to %d letters and digits.", text_to_cstring(name),
								  SEGMENT_CURRENCY_SIZE - 1),
						errhint("Use the codes of ISO 4217, such as USD.")));
}

/* Reads a rate as it is; false unless it is positive and has at most SEGMENT_RATE_DIGITS digits. */
static bool
read_rate(Datum value, SegmentRate *rate)
{
	SegmentAmount amount;

	if (segment_amount_read(value, SEGMENT_AMOUNT_NUMERIC, &amount) != SEGMENT_AMOUNT_OK || amount.is_wide ||
		amount.units <= 0)
		return false;
	for (; amount.scale > 0 && amount.units % 10 == 0; amount.scale--)
		amount.units /= 10;
	if (amount.units >= segment_power_of_ten(SEGMENT_RATE_DIGITS))
		return false;
	rate->units = (int64) amount.units;
	rate->scale = amount.scale;
	return segment_rate_is_sound(rate);
}

/* The same; a longer one, such as 1 / 0.9, is rounded. 22003 for a rate that is not positive, or out of any reason. */
static void
rate_argument(FunctionCallInfo fcinfo, int arg, const char *code, SegmentRate *rate)
{
	Datum value = PG_GETARG_DATUM(arg);
	Numeric number = DatumGetNumeric(value);

	if (read_rate(value, rate))
		return;
	if (!numeric_is_nan(number) && !numeric_is_inf(number))
	{
		double size = DatumGetFloat8(DirectFunctionCall1(numeric_float8, value));
		int digits = size >= 1 && size < 1e17 ? (int) floor(log10(size)) + 2 : 1; /* before the point, or one more */

		if (size > 0 && size < 1e17 &&
			read_rate(DirectFunctionCall2(numeric_round, value, Int32GetDatum(SEGMENT_RATE_DIGITS - digits)), rate))
			return;
	}
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("exchange rate is out of range"),
					errdetail("The rate of %s is %s; accepted are positive numbers below 10^17.", code,
							  DatumGetCString(DirectFunctionCall1(numeric_out, value))),
					errhint("A rate says how many units of the currency one unit of the base currency buys.")));
}

/* rates_agg(currency, day, rate, base): rows with a NULL are skipped. Without a base it is EUR. */
PG_FUNCTION_INFO_V1(segment_rates_agg_trans);

Datum
segment_rates_agg_trans(PG_FUNCTION_ARGS)
{
	char base[SEGMENT_CURRENCY_SIZE] = "EUR";
	char code[SEGMENT_CURRENCY_SIZE];
	SegmentRate rate = {0};
	SegmentRateRows *rows;
	MemoryContext caller;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return segment_state_unchanged(fcinfo);
	if (PG_NARGS() > 4)
	{
		if (PG_ARGISNULL(4))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("base is NULL"),
							errdetail("An option of an aggregate cannot be NULL."),
							errhint("Pass the code of the base currency, or leave the argument out.")));
		code_argument(fcinfo, 4, base);
	}
	code_argument(fcinfo, 1, code);
	rate.day = PG_GETARG_DATEADT(2);
	if (!segment_time_is_finite(rate.day, SEGMENT_TIME_DATE))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("day of an exchange rate is not finite"),
						errdetail("The day of a rate of %s is infinite.", code), errhint("Leave such rows out.")));
	rate_argument(fcinfo, 3, code, &rate);
	rows = state_of(fcinfo, base);
	if (memcmp(rows->base, base, SEGMENT_CURRENCY_SIZE) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("options change within an aggregate"),
				 errdetail("base is %s and %s.", rows->base, base), errhint("Pass a constant, or GROUP BY it.")));
	if (memcmp(code, base, SEGMENT_CURRENCY_SIZE) == 0)
	{
		/* one unit of the base buys one; anything else is quoted the other way round, or per another currency */
		if (rate.units != 1 || rate.scale != 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("rate of the base currency is not 1"),
							errdetail("The base is %s.", base),
							errhint("Name the currency that the rates are quoted per: rates_agg(currency, day, rate, "
									"base).")));
		PG_RETURN_POINTER(rows);
	}
	caller = MemoryContextSwitchTo(segment_aggregate_context(fcinfo));
	segment_rate_rows_add(rows, code, &rate);
	MemoryContextSwitchTo(caller);
	PG_RETURN_POINTER(rows);
}

/* Adds all rates of a value without changing it. */
static Datum
add_value(FunctionCallInfo fcinfo, const Rates *rates)
{
	SegmentRateRows *rows = state_of(fcinfo, rates->base);

	segment_rate_rows_add_all(rows, rates);
	PG_RETURN_POINTER(rows);
}

PG_FUNCTION_INFO_V1(segment_rates_rollup_trans);

Datum
segment_rates_rollup_trans(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	return add_value(fcinfo, PG_GETARG_RATES(1));
}

PG_FUNCTION_INFO_V1(segment_rates_combine);

Datum
segment_rates_combine(PG_FUNCTION_ARGS)
{
	const SegmentRateRows *other;
	SegmentRateRows *rows;

	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	other = (const SegmentRateRows *) PG_GETARG_POINTER(1);
	rows = state_of(fcinfo, other->base);
	if (memcmp(rows->base, other->base, SEGMENT_CURRENCY_SIZE) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("options change within an aggregate"),
						errdetail("base is %s and %s.", rows->base, other->base),
						errhint("Pass a constant, or GROUP BY it.")));
	for (int64 i = 0; i < other->n; i++)
		segment_rate_rows_add(rows, other->row[i].code, &other->row[i].rate);
	PG_RETURN_POINTER(rows);
}

/* The value that the state stands for; a state of base rates only has none. */
PG_FUNCTION_INFO_V1(segment_rates_final);

Datum
segment_rates_final(PG_FUNCTION_ARGS)
{
	Rates *rates;

	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	rates = segment_rates_build((SegmentRateRows *) PG_GETARG_POINTER(0));
	if (rates == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(rates);
}

/* Base, and the rows of the state as a value, if there are any. */
PG_FUNCTION_INFO_V1(segment_rates_serialize);

Datum
segment_rates_serialize(PG_FUNCTION_ARGS)
{
	SegmentRateRows *rows;
	Rates *rates;
	StringInfoData buffer;

	(void) segment_aggregate_context(fcinfo);
	rows = (SegmentRateRows *) PG_GETARG_POINTER(0);
	rates = segment_rates_build(rows);
	pq_begintypsend(&buffer);
	pq_sendbytes(&buffer, rows->base, SEGMENT_CURRENCY_SIZE);
	pq_sendbyte(&buffer, rates != NULL);
	if (rates)
		segment_rates_write(rates, &buffer);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

PG_FUNCTION_INFO_V1(segment_rates_deserialize);

Datum
segment_rates_deserialize(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor;
	const unsigned char *bytes;
	char base[SEGMENT_CURRENCY_SIZE] = "";
	SegmentRateRows *rows;

	(void) segment_aggregate_context(fcinfo);
	cursor = segment_state_cursor(PG_GETARG_BYTEA_PP(0));
	bytes = segment_take_bytes(&cursor, SEGMENT_CURRENCY_SIZE);
	if (bytes != NULL)
		memcpy(base, bytes, SEGMENT_CURRENCY_SIZE - 1);
	rows = segment_rate_rows_new(base);
	if (segment_take(&cursor, 1) != 0)
		segment_rate_rows_add_all(rows, segment_rates_read(&cursor));
	segment_end_state(&cursor, "rates_agg");
	PG_RETURN_POINTER(rows);
}

/* rates + rates. Strict. */
PG_FUNCTION_INFO_V1(segment_rates_add);

Datum
segment_rates_add(PG_FUNCTION_ARGS)
{
	Rates *a = PG_GETARG_RATES(0);
	SegmentRateRows *rows = segment_rate_rows_new(a->base);
	Rates *sum;

	segment_rate_rows_add_all(rows, a);
	segment_rate_rows_add_all(rows, PG_GETARG_RATES(1));
	sum = segment_rates_build(rows);
	pfree(rows->row);
	PG_RETURN_POINTER(sum);
}
