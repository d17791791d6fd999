/*
 * period_read.c: reads periods: which one holds a day, where they begin and end.
 */
#include "postgres.h"

#include "core/compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "period/period.h"

int
segment_period_find(const Periods *periods, DateADT day)
{
	int low = 0;
	int high = periods->count + 1;

	/* the number of boundaries up to the day */
	while (low < high)
	{
		int middle = (low + high) / 2;

		if (periods->boundary[middle] <= day)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* period_of(periods, day): NULL outside. Strict. */
PG_FUNCTION_INFO_V1(segment_period_of);

Datum
segment_period_of(PG_FUNCTION_ARGS)
{
	Periods *periods = PG_GETARG_PERIODS(0);
	int number = segment_period_find(periods, PG_GETARG_DATEADT(1));
	bool inside = number >= 1 && number <= periods->count;

	PG_FREE_IF_COPY(periods, 0);
	if (!inside)
		PG_RETURN_NULL();
	PG_RETURN_INT32(number);
}

PG_FUNCTION_INFO_V1(segment_period_count);

Datum
segment_period_count(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_PERIODS(0)->count);
}

/* Boundary number - 1 + offset of a period; NULL if there is no such period. */
static Datum
boundary_of(FunctionCallInfo fcinfo, int offset)
{
	Periods *periods = PG_GETARG_PERIODS(0);
	int number = PG_GETARG_INT32(1);

	if (number < 1 || number > periods->count)
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(periods->boundary[number - 1 + offset]);
}

PG_FUNCTION_INFO_V1(segment_period_start);

Datum
segment_period_start(PG_FUNCTION_ARGS)
{
	return boundary_of(fcinfo, 0);
}

PG_FUNCTION_INFO_V1(segment_period_end);

Datum
segment_period_end(PG_FUNCTION_ARGS)
{
	return boundary_of(fcinfo, 1);
}

PG_FUNCTION_INFO_V1(segment_periods_array);

Datum
segment_periods_array(PG_FUNCTION_ARGS)
{
	const Periods *periods = PG_GETARG_PERIODS(0);
	int n = periods->count + 1;
	Datum *days = segment_palloc_array(Datum, n);

	for (int i = 0; i < n; i++)
		days[i] = DateADTGetDatum(periods->boundary[i]);
	PG_RETURN_POINTER(construct_array(days, n, DATEOID, sizeof(DateADT), true, TYPALIGN_INT));
}
