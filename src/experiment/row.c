/*
 * row.c: rows of numbers, and options, see row.h.
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "core/option.h"
#include "experiment/row.h"

/* Lists have at most this many elements. */
#define MAX_ELEMENTS 100000

void
segment_row_begin(SegmentRow *row, FunctionCallInfo fcinfo, int columns, int reason)
{
	if (get_call_result_type(fcinfo, NULL, &row->desc) != TYPEFUNC_COMPOSITE || row->desc->natts != columns)
		elog(ERROR, "return type must be a row type of %d columns", columns);
	row->columns = columns;
	row->reason = reason;
	memset(row->is_null, true, sizeof(row->is_null));
	memset(row->value, 0, sizeof(row->value));
}

void
segment_row_set(SegmentRow *row, int column, double value)
{
	if (isnan(value))
		return;
	row->value[column] = Float8GetDatum(value);
	row->is_null[column] = false;
}

void
segment_row_set_count(SegmentRow *row, int column, int64 value)
{
	row->value[column] = Int64GetDatum(value);
	row->is_null[column] = false;
}

void
segment_row_set_text(SegmentRow *row, int column, const char *value)
{
	row->value[column] = CStringGetTextDatum(value);
	row->is_null[column] = false;
}

void
segment_row_reason(SegmentRow *row, const char *reason)
{
	if (row->reason >= 0 && row->is_null[row->reason])
		segment_row_set_text(row, row->reason, reason);
}

Datum
segment_row_end(SegmentRow *row)
{
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row->desc), row->value, row->is_null));
}

double
segment_alpha_arg(FunctionCallInfo fcinfo, int arg)
{
	if (PG_ARGISNULL(arg))
		segment_refuse_null_option("confidence");
	return segment_alpha_of(PG_GETARG_FLOAT8(arg));
}

SegmentSide
segment_side_arg(FunctionCallInfo fcinfo, int arg)
{
	static const char *const words[] = {"two-sided", "greater", "less"};
	static const SegmentOption option = {
		"side", words, lengthof(words),
		"greater asks only whether the treated arm is better, less only whether it is worse."};

	return (SegmentSide) segment_option_arg(fcinfo, arg, &option);
}

double
segment_between_arg(FunctionCallInfo fcinfo, int arg, const char *name, double low, double high)
{
	double value;

	if (PG_ARGISNULL(arg))
		segment_refuse_null_option(name);
	value = PG_GETARG_FLOAT8(arg);
	if (!(value > low && value < high))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s is out of range", name),
						errdetail("%s is %g; accepted are numbers between %g and %g.", name, value, low, high),
						errhint("Rates, shares and powers are fractions: 10 percent is 0.1.")));
	return value;
}

double *
segment_list_arg(FunctionCallInfo fcinfo, int arg, const char *name, int *n)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(arg);
	Datum *elements;
	bool *nulls;
	double *list;

	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (ARR_NDIM(array) > 1 || *n > MAX_ELEMENTS)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("%s is no list of numbers", name),
						errdetail("It has %d elements in %d dimensions; accepted are up to %d in one.", *n,
								  ARR_NDIM(array), MAX_ELEMENTS),
						errhint("Pass an array of one dimension, such as ARRAY[0.01, 0.2].")));
	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements, &nulls, n);
	list = segment_palloc_array(double, Max(*n, 1));
	for (int i = 0; i < *n; i++)
	{
		list[i] = nulls[i] ? NAN : DatumGetFloat8(elements[i]);
		if (!nulls[i] && !isfinite(list[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("%s has an element that is no finite number", name),
					 errdetail("Element %d is %g.", i + 1, list[i]), errhint("Pass NULL where there is no number.")));
	}
	return list;
}
