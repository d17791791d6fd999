/*
 * ledger_decay.c: what a calendar is worth if what is long ago counts less.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"

#include "core/day.h"
#include "ledger/ledger.h"

PG_FUNCTION_INFO_V1(segment_ledger_decayed);

/* The days of an interval; 22023 unless they are a positive, finite number. */
static double
days_of(const Interval *half_life)
{
	double days = (double) half_life->day + (double) half_life->time / (double) USECS_PER_DAY;

	if (half_life->month != 0 || !(days > 0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("half_life is out of range"),
						errdetail("It has %d months and %g days; accepted are days above 0, without months.",
								  half_life->month, days),
						errhint("Months differ in length: pass '180 days' rather than '6 months'.")));
	return days;
}

/*
 * ledger_decayed(ledger, as_of, half_life): the sum of each day's net amount, halved for each half_life that it is before
 * as_of. Days are summed exactly, then added in their order, so nothing depends on the order of rows. Strict.
 */
Datum
segment_ledger_decayed(PG_FUNCTION_ARGS)
{
	Ledger *ledger = PG_GETARG_LEDGER(0);
	DateADT as_of = PG_GETARG_DATEADT(1);
	double half_life = days_of(PG_GETARG_INTERVAL_P(2));
	LedgerReader reader;
	LedgerDay day;
	double sum = 0;

	segment_check_as_of(as_of);
	segment_ledger_open(&reader, ledger);
	while (segment_ledger_next(&reader, &day) && day.day <= as_of)
		sum += segment_decimal_to_double(&day.net, ledger->scale) * exp2(-((double) as_of - day.day) / half_life);
	PG_RETURN_FLOAT8(sum);
}
