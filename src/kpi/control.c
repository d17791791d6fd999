/*
 * control.c: control limits: is this period unusual, or is it noise?
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"

#include "core/error.h"
#include "core/option.h"

/* Mean of the difference of two neighbours in standard deviations, for normal values (Shewhart's d2 of two). */
#define D2 1.128

/* A list without NULLs; 2202E and 22004 for anything else. Returns its length. */
static int
list_of(FunctionCallInfo fcinfo, int arg, const char *name, ArrayType **array)
{
	*array = PG_GETARG_ARRAYTYPE_P(arg);
	if (ARR_NDIM(*array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("%s must be a plain list", name),
						errdetail("The array has %d dimensions.", ARR_NDIM(*array)),
						errhint("Pass an array with an element a period, in their order.")));
	if (array_contains_nulls(*array))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be NULL", name),
						errdetail("The array holds a NULL."), errhint("Leave out periods without a value.")));
	return ArrayGetNItems(ARR_NDIM(*array), ARR_DIMS(*array));
}

/* The points that the limits come from: the first so many, or all. */
static int
baseline_of(FunctionCallInfo fcinfo, int arg, int n)
{
	if (PG_ARGISNULL(arg))
		return n;
	segment_check_int_range("baseline", PG_GETARG_INT32(arg), 2, PG_INT32_MAX);
	return Min(PG_GETARG_INT32(arg), n);
}

static void
put_row(ReturnSetInfo *result, int position, double value, double center, double half, double least, double most)
{
	double lower = fmax(center - half, least);
	double upper = fmin(center + half, most);
	Datum values[6] = {Int32GetDatum(position), Float8GetDatum(value), Float8GetDatum(center),
					   Float8GetDatum(lower),	Float8GetDatum(upper), BoolGetDatum(value < lower || value > upper)};
	bool nulls[6] = {false};

	CHECK_FOR_INTERRUPTS();
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * control_limits(points, baseline): XmR: mean +- 3 mean moving range / d2. No rows for fewer than two points.
 */
PG_FUNCTION_INFO_V1(segment_control_limits);

Datum
segment_control_limits(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ArrayType *array;
	const double *point;
	int n;
	int baseline;
	double sum = 0.0;
	double ranges = 0.0;
	double center;
	double half;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	n = list_of(fcinfo, 0, "points", &array);
	baseline = baseline_of(fcinfo, 1, n);
	point = (const double *) ARR_DATA_PTR(array);
	for (int i = 0; i < n; i++)
		if (!isfinite(point[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("point is not finite"),
					 errdetail("Point %d is %g.", i + 1, point[i]), errhint("Leave out periods without a value.")));
	if (n < 2)
		return (Datum) 0;
	/* From the first point: the mean of equal points is that point to the last bit, or rounding would be a signal. */
	for (int i = 1; i < baseline; i++)
	{
		sum += point[i] - point[0];
		ranges += fabs(point[i] - point[i - 1]);
	}
	center = point[0] + sum / baseline;
	half = 3.0 * ranges / (baseline - 1) / D2;
	if (!isfinite(center - half) || !isfinite(center + half))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("control limits are out of range"),
						errdetail("The mean is %g, the limits lie %g from it.", center, half),
						errhint("Pass the points in a larger unit.")));
	for (int i = 0; i < n; i++)
		put_row(result, i + 1, point[i], center, half, -INFINITY, INFINITY);
	return (Datum) 0;
}

static const char *const method_words[] = {"laney", "binomial"};
static const SegmentOption method_option = {"method", method_words, lengthof(method_words),
											"laney allows for more variation than chance alone, as customers have it."};

/*
 * control_limits_rate(numerators, denominators, method, baseline): of rates. binomial: p +- 3 s_i with s_i^2 = p (1 - p) / n_i;
 * laney: the s_i are multiplied by the variation that the points really have (Laney 2002).
 */
PG_FUNCTION_INFO_V1(segment_control_limits_rate);

Datum
segment_control_limits_rate(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ArrayType *numerators;
	ArrayType *denominators;
	const int64 *events;
	const int64 *trials;
	int n;
	int baseline;
	bool laney;
	double all_events = 0.0;
	double all_trials = 0.0;
	double rate;
	double spread = 1.0;

	InitMaterializedSRF(fcinfo, 0);
	laney = segment_option_arg(fcinfo, 2, &method_option) == 0;
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	n = list_of(fcinfo, 0, "numerators", &numerators);
	if (list_of(fcinfo, 1, "denominators", &denominators) != n)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("numerators and denominators differ in number"),
				 errdetail("There are %d and %d.", n, ArrayGetNItems(ARR_NDIM(denominators), ARR_DIMS(denominators))),
				 errhint("Pass one of each for every period.")));
	baseline = baseline_of(fcinfo, 3, n);
	events = (const int64 *) ARR_DATA_PTR(numerators);
	trials = (const int64 *) ARR_DATA_PTR(denominators);
	for (int i = 0; i < n; i++)
		if (trials[i] < 1 || events[i] < 0 || events[i] > trials[i])
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("rate is out of range"),
							errdetail("Point %d is %lld of %lld.", i + 1, (long long) events[i], (long long) trials[i]),
							errhint("Leave out periods without a denominator.")));
	if (n < 2)
		return (Datum) 0;
	for (int i = 0; i < baseline; i++)
	{
		all_events += (double) events[i];
		all_trials += (double) trials[i];
	}
	rate = all_events / all_trials;
	if (laney && rate > 0.0 && rate < 1.0)
	{
		double ranges = 0.0;
		double previous = 0.0;

		for (int i = 0; i < baseline; i++)
		{
			double z =
				((double) events[i] / (double) trials[i] - rate) / sqrt(rate * (1.0 - rate) / (double) trials[i]);

			if (i > 0)
				ranges += fabs(z - previous);
			previous = z;
		}
		spread = ranges / (baseline - 1) / D2;
	}
	for (int i = 0; i < n; i++)
		put_row(result, i + 1, (double) events[i] / (double) trials[i], rate,
				3.0 * spread * sqrt(rate * (1.0 - rate) / (double) trials[i]), 0.0, 1.0);
	return (Datum) 0;
}
