/*
 * rates.c: rates with their intervals, and what a change of a product of factors is made of.
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"

#include "core/option.h"
#include "math/distribution.h"
#include "math/kpi.h"
#include "math/special.h"

/* The normal quantile of a two-sided confidence; 22023 unless it lies between 0 and 1. */
static double
quantile_of(double confidence)
{
	/* from the tail, which does not round to nothing where the confidence is near 1 */
	return -segment_normal_quantile(segment_alpha_of(confidence) / 2.0);
}

/* rate_interval(numerator, denominator, confidence) -> (rate, low, high): NULLs without a denominator. Strict. */
PG_FUNCTION_INFO_V1(segment_rate_interval);

Datum
segment_rate_interval(PG_FUNCTION_ARGS)
{
	int64 numerator = PG_GETARG_INT64(0);
	int64 denominator = PG_GETARG_INT64(1);
	double z = quantile_of(PG_GETARG_FLOAT8(2));
	TupleDesc row;
	Datum values[3] = {0};
	bool nulls[3] = {true, true, true};

	if (numerator < 0 || numerator > denominator)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("numerator is out of range"),
						errdetail("It is %lld of %lld; accepted are 0 to the denominator.", (long long) numerator,
								  (long long) denominator),
						errhint("Count each customer once, in the denominator too.")));
	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (denominator > 0)
	{
		double low;
		double high;

		segment_wilson(numerator, denominator, z, &low, &high);
		values[0] = Float8GetDatum((double) numerator / (double) denominator);
		values[1] = Float8GetDatum(low);
		values[2] = Float8GetDatum(high);
		memset(nulls, false, sizeof(nulls));
	}
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls));
}

/* mean_interval(n, mean, variance, confidence) -> (mean, low, high): no interval of one value. Strict. */
PG_FUNCTION_INFO_V1(segment_mean_interval);

Datum
segment_mean_interval(PG_FUNCTION_ARGS)
{
	int64 n = PG_GETARG_INT64(0);
	double mean = PG_GETARG_FLOAT8(1);
	double variance = PG_GETARG_FLOAT8(2);
	double alpha = segment_alpha_of(PG_GETARG_FLOAT8(3));
	TupleDesc row;
	Datum values[3] = {0};
	bool nulls[3] = {true, true, true};

	if (n < 0 || !(variance >= 0.0 && isfinite(variance)) || !isfinite(mean))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("no values have that sum and sum of squares"),
						errdetail("Of %lld values the mean would be %g and the variance %g; accepted are 0 and more.",
								  (long long) n, mean, variance),
						errhint("Pass count(*), sum(x) and sum(x * x) of the same rows.")));
	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Float8GetDatum(mean);
	nulls[0] = n == 0;
	if (n > 1)
	{
		double half = segment_t_upper_quantile(alpha / 2.0, (double) (n - 1)) * sqrt(variance / (double) n);

		values[1] = Float8GetDatum(mean - half);
		values[2] = Float8GetDatum(mean + half);
		nulls[1] = nulls[2] = false;
	}
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls));
}

/* The finite factors of an array, at most SEGMENT_MAX_FACTORS; -1 if one is NULL. */
static int
factors_of(ArrayType *array, const char *name, double *factors)
{
	int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const double *values = (const double *) ARR_DATA_PTR(array);

	if (ARR_NDIM(array) > 1 || n > SEGMENT_MAX_FACTORS)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("%s is no list of factors", name),
						errdetail("It has %d elements in %d dimensions; accepted are up to %d in one.", n,
								  ARR_NDIM(array), SEGMENT_MAX_FACTORS),
						errhint("Pass an array such as ARRAY[customers, orders_per_customer, average_order_value].")));
	if (array_contains_nulls(array))
		return -1;
	for (int i = 0; i < n; i++)
	{
		if (!isfinite(values[i]))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("factor is not finite"),
							errdetail("Factor %d of %s is %g.", i + 1, name, values[i]),
							errhint("Pass NULL for a factor that does not exist.")));
		factors[i] = values[i];
	}
	return n;
}

/* decompose(before, after): NULL if a factor is NULL; 22003 if the product leaves the range of float8. Strict. */
PG_FUNCTION_INFO_V1(segment_decompose);

Datum
segment_decompose(PG_FUNCTION_ARGS)
{
	double before[SEGMENT_MAX_FACTORS];
	double after[SEGMENT_MAX_FACTORS];
	double parts[SEGMENT_MAX_FACTORS];
	Datum elements[SEGMENT_MAX_FACTORS];
	ArrayType *first = PG_GETARG_ARRAYTYPE_P(0);
	ArrayType *second = PG_GETARG_ARRAYTYPE_P(1);
	int n = factors_of(first, "before", before);
	int n_after = factors_of(second, "after", after);

	if (ArrayGetNItems(ARR_NDIM(first), ARR_DIMS(first)) != ArrayGetNItems(ARR_NDIM(second), ARR_DIMS(second)))
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("before and after have different factors"),
						errdetail("They have %d and %d elements.", ArrayGetNItems(ARR_NDIM(first), ARR_DIMS(first)),
								  ArrayGetNItems(ARR_NDIM(second), ARR_DIMS(second))),
						errhint("Pass the same factors in the same order.")));
	if (n < 0 || n_after < 0)
		PG_RETURN_NULL();
	segment_shapley(before, after, n, parts);
	for (int i = 0; i < n; i++)
	{
		if (!isfinite(parts[i]))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("part is out of range"),
							errdetail("The part of factor %d is %g.", i + 1, parts[i]),
							errhint("Pass the factors in larger units.")));
		elements[i] = Float8GetDatum(parts[i]);
	}
	PG_RETURN_POINTER(construct_array(elements, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
