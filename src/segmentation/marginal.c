/*
 * marginal.c: the Stuart-Maxwell test in SQL.
 */
#include "postgres.h"

#include "core/compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"

#include "math/marginal.h"

/* More categories than any scheme has segments; the table is k x k. */
#define MAX_CATEGORIES 1000

PG_FUNCTION_INFO_V1(segment_stuart_maxwell_test);

/*
 * stuart_maxwell(counts bigint[]) -> (statistic, df, p_value): counts is square, rows before, columns after. All but df are
 * NULL if nobody changed. 2202E for another shape, 22004 for NULL, 22023 for a negative count.
 */
Datum
segment_stuart_maxwell_test(PG_FUNCTION_ARGS)
{
	ArrayType *counts = PG_GETARG_ARRAYTYPE_P(0);
	TupleDesc desc;
	Datum values[3] = {0};
	bool nulls[3] = {true, false, true};
	const int64 *table;
	double statistic;
	int k;
	int df;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "stuart_maxwell returns a record");
	if (ARR_NDIM(counts) != 2 || ARR_DIMS(counts)[0] != ARR_DIMS(counts)[1] || ARR_DIMS(counts)[0] > MAX_CATEGORIES)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("the table of counts is not square"),
						errdetail("Accepted are two dimensions of the same length, at most %d.", MAX_CATEGORIES),
						errhint("Give each category a row (before) and a column (after).")));
	if (array_contains_nulls(counts))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a count is NULL"),
						errdetail("Every cell needs a count."), errhint("Pass 0 for an empty cell.")));
	k = ARR_DIMS(counts)[0];
	table = (const int64 *) ARR_DATA_PTR(counts);
	for (int i = 0; i < k * k; i++)
		if (table[i] < 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a count is negative"),
							errdetail("It is %lld; accepted is 0 or more.", (long long) table[i]),
							errhint("Pass numbers of members.")));

	statistic = segment_stuart_maxwell(table, k, segment_palloc_array(double, (Size) k *(k + 1)), &df);
	values[1] = Int32GetDatum(df);
	if (df > 0)
	{
		values[0] = Float8GetDatum(statistic);
		values[2] = Float8GetDatum(segment_chi_square_tail(statistic, df));
		nulls[0] = nulls[2] = false;
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
