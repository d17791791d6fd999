/*
 * ledger_access.c: what a ledger answers: any past date, any period, gaps between purchases.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/tuplestore.h"

#include "core/day.h"
#include "ledger/ledger.h"
#include "rfm/rfm.h"

PG_FUNCTION_INFO_V1(segment_ledger_as_of);
PG_FUNCTION_INFO_V1(segment_ledger_rfm);
PG_FUNCTION_INFO_V1(segment_ledger_due);
PG_FUNCTION_INFO_V1(segment_ledger_entries);
PG_FUNCTION_INFO_V1(segment_ledger_orders);
PG_FUNCTION_INFO_V1(segment_ledger_revenue);
PG_FUNCTION_INFO_V1(segment_ledger_active);
PG_FUNCTION_INFO_V1(segment_ledger_first);
PG_FUNCTION_INFO_V1(segment_ledger_last);
PG_FUNCTION_INFO_V1(segment_ledger_next_purchase);
PG_FUNCTION_INFO_V1(segment_ledger_gaps);
PG_FUNCTION_INFO_V1(segment_ledger_median_gap);
PG_FUNCTION_INFO_V1(segment_ledger_regularity);
PG_FUNCTION_INFO_V1(segment_ledger_overdue);

/* The part of the calendar up to as_of; NULL if there is none. */
Datum
segment_ledger_as_of(PG_FUNCTION_ARGS)
{
	Ledger *ledger = PG_GETARG_LEDGER(0);
	DateADT as_of = PG_GETARG_DATEADT(1);
	LedgerReader reader;
	LedgerWriter writer;
	LedgerDay day;
	Ledger *result;

	segment_check_as_of(as_of);
	segment_ledger_open(&reader, ledger);
	segment_ledger_start(&writer, ledger->scale, ledger->n_days);
	while (segment_ledger_next(&reader, &day) && day.day <= as_of)
		segment_ledger_put(&writer, &day);
	result = segment_ledger_finish(&writer);
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(result);
}

/* The day before a look-back window that ends at as_of. */
static DateADT
before_window(DateADT as_of, const Interval *look_back)
{
	Datum start = DirectFunctionCall2(date_mi_interval, DateADTGetDatum(as_of), IntervalPGetDatum(look_back));
	DateADT before = DatumGetDateADT(DirectFunctionCall1(timestamp_date, start));

	if (before >= as_of)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("look-back window is out of range"),
						errdetail("The window must be at least one day long."),
						errhint("Pass an interval such as '365 days' or '1 year'.")));
	return before;
}

/*
 * The rfm of the orders up to as_of, or of those in the look-back window that ends there: the same as rfm_agg over
 * them with their dates. NULL if there is nothing.
 */
Datum
segment_ledger_rfm(PG_FUNCTION_ARGS)
{
	Ledger *ledger = PG_GETARG_LEDGER(0);
	DateADT as_of = PG_GETARG_DATEADT(1);
	DateADT before = DATEVAL_NOBEGIN;
	LedgerReader reader;
	LedgerDay day;
	Rfm *rfm = palloc(sizeof(Rfm));
	bool has_days = false;

	segment_check_as_of(as_of);
	if (PG_NARGS() > 2)
		before = before_window(as_of, PG_GETARG_INTERVAL_P(2));
	segment_rfm_init(rfm, SEGMENT_TIME_DATE);
	segment_ledger_open(&reader, ledger);
	while (segment_ledger_next(&reader, &day) && day.day <= as_of)
	{
		SegmentAmount amount;

		if (day.day <= before)
			continue;
		has_days = true;
		amount.scale = ledger->scale;
		amount.is_wide = true;
		amount.wide = day.net;
		rfm = segment_rfm_add_amount(rfm, &amount, true, false);
		amount.wide = day.returned;
		rfm = segment_rfm_add_amount(rfm, &amount, false, true);
		rfm->orders += day.orders;
		rfm->returns += day.returns;
		if (day.dates_order)
		{
			rfm->first = Min(rfm->first, day.day);
			rfm->last = Max(rfm->last, day.day);
		}
	}
	if (!has_days)
		PG_RETURN_NULL();
	/* A window may begin between the days of one order or return: only what lies in it counts. */
	if (rfm->first <= rfm->last && rfm->orders == 0)
		rfm->orders = 1;
	if (rfm->returns == 0)
	{
		SegmentWide returned = segment_rfm_returned(rfm);

		if (!segment_wide_is_zero(&returned) || rfm->orders == 0)
			rfm->returns = 1;
	}
	PG_RETURN_POINTER(segment_rfm_finish(rfm));
}

/*
 * ledger_due(ledger, as_of, look_back_days): the first day after as_of on which ledger_rfm gives something else: that
 * of the next entry, or that on which the oldest one leaves the window. NULL look-back: no window. NULL if there is no
 * such day.
 */
Datum
segment_ledger_due(PG_FUNCTION_ARGS)
{
	Ledger *ledger;
	DateADT as_of;
	int64 due = PG_INT64_MAX;
	LedgerReader reader;
	LedgerDay day;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	ledger = PG_GETARG_LEDGER(0);
	as_of = PG_GETARG_DATEADT(1);
	segment_check_as_of(as_of);
	segment_ledger_open(&reader, ledger);
	while (segment_ledger_next(&reader, &day))
	{
		if (day.day > as_of)
		{
			due = Min(due, day.day);
			break;
		}
		if (!PG_ARGISNULL(2) && (int64) day.day + PG_GETARG_INT32(2) > as_of)
			due = Min(due, (int64) day.day + PG_GETARG_INT32(2));
	}
	if (due == PG_INT64_MAX || !IS_VALID_DATE(due))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT((DateADT) due);
}

/* Rows of day, orders, returns, amount, returned. */
Datum
segment_ledger_entries(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Ledger *ledger = PG_GETARG_LEDGER(0);
	LedgerReader reader;
	LedgerDay day;

	InitMaterializedSRF(fcinfo, 0);
	segment_ledger_open(&reader, ledger);
	while (segment_ledger_next(&reader, &day))
	{
		Datum values[5];
		bool nulls[5] = {false, false, false, false, false};

		CHECK_FOR_INTERRUPTS();
		(void) segment_wide_negate(&day.returned);
		values[0] = DateADTGetDatum(day.day);
		values[1] = Int64GetDatum(day.orders);
		values[2] = Int64GetDatum(day.returns);
		values[3] = segment_decimal_to_numeric(&day.net, ledger->scale);
		values[4] = segment_decimal_to_numeric(&day.returned, ledger->scale);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* Orders and net amount in [from, to); to may be 'infinity', from '-infinity'. */
static void
sum_period(FunctionCallInfo fcinfo, LedgerDay *sum, int *scale)
{
	Ledger *ledger = PG_GETARG_LEDGER(0);
	DateADT from = PG_GETARG_DATEADT(1);
	DateADT to = PG_GETARG_DATEADT(2);
	LedgerReader reader;
	LedgerDay day;

	memset(sum, 0, sizeof(*sum));
	*scale = ledger->scale;
	segment_ledger_open(&reader, ledger);
	while (segment_ledger_next(&reader, &day) && day.day < to)
		if (day.day >= from)
			segment_ledger_add_day(sum, &day);
}

Datum
segment_ledger_orders(PG_FUNCTION_ARGS)
{
	LedgerDay sum;
	int scale;

	sum_period(fcinfo, &sum, &scale);
	PG_RETURN_INT64(sum.orders);
}

Datum
segment_ledger_revenue(PG_FUNCTION_ARGS)
{
	LedgerDay sum;
	int scale;

	sum_period(fcinfo, &sum, &scale);
	PG_RETURN_DATUM(segment_decimal_to_numeric(&sum.net, scale));
}

Datum
segment_ledger_active(PG_FUNCTION_ARGS)
{
	LedgerDay sum;
	int scale;

	sum_period(fcinfo, &sum, &scale);
	PG_RETURN_BOOL(sum.orders > 0);
}

/* Day of the first order; NULL without one. */
Datum
segment_ledger_first(PG_FUNCTION_ARGS)
{
	LedgerReader reader;
	LedgerDay day;

	segment_ledger_open(&reader, PG_GETARG_LEDGER(0));
	while (segment_ledger_next(&reader, &day))
		if (day.dates_order)
			PG_RETURN_DATEADT(day.day);
	PG_RETURN_NULL();
}

/* Day of the last order up to as_of; NULL without one. */
Datum
segment_ledger_last(PG_FUNCTION_ARGS)
{
	DateADT as_of = PG_GETARG_DATEADT(1);
	LedgerReader reader;
	LedgerDay day;
	DateADT last = DATEVAL_NOBEGIN;

	segment_ledger_open(&reader, PG_GETARG_LEDGER(0));
	while (segment_ledger_next(&reader, &day) && day.day <= as_of)
		if (day.dates_order)
			last = day.day;
	if (last == DATEVAL_NOBEGIN)
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(last);
}

/* Day of the first purchase after a day; NULL if none is known. */
Datum
segment_ledger_next_purchase(PG_FUNCTION_ARGS)
{
	DateADT after = PG_GETARG_DATEADT(1);
	LedgerReader reader;
	LedgerDay day;

	segment_ledger_open(&reader, PG_GETARG_LEDGER(0));
	while (segment_ledger_next(&reader, &day))
		if (day.day > after && segment_ledger_is_purchase(&day))
			PG_RETURN_DATEADT(day.day);
	PG_RETURN_NULL();
}

/* Days between purchase days up to as_of, in order of time; *last is the last purchase day. Returns their number. */
static int
gaps_until(const Ledger *ledger, DateADT as_of, int32 **gaps, DateADT *last)
{
	LedgerReader reader;
	LedgerDay day;
	int n = -1;

	segment_check_as_of(as_of);
	*gaps = segment_palloc_array(int32, ledger->n_days);
	segment_ledger_open(&reader, ledger);
	while (segment_ledger_next(&reader, &day) && day.day <= as_of)
	{
		if (!segment_ledger_is_purchase(&day))
			continue;
		if (n >= 0)
			(*gaps)[n] = day.day - *last;
		n++;
		*last = day.day;
	}
	return Max(n, 0);
}

Datum
segment_ledger_gaps(PG_FUNCTION_ARGS)
{
	int32 *gaps;
	DateADT last;
	int n = gaps_until(PG_GETARG_LEDGER(0), PG_GETARG_DATEADT(1), &gaps, &last);
	Datum *values;

	if (n == 0)
		PG_RETURN_NULL();
	values = segment_palloc_array(Datum, n);
	for (int i = 0; i < n; i++)
		values[i] = Int32GetDatum(gaps[i]);
	PG_RETURN_POINTER(construct_array(values, n, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

static int
compare_gaps(const void *a, const void *b, void *arg)
{
	int32 gap_a = *(const int32 *) a;
	int32 gap_b = *(const int32 *) b;

	return gap_a < gap_b ? -1 : gap_a > gap_b;
}

static double
median(int32 *gaps, int n)
{
	qsort_interruptible(gaps, n, sizeof(int32), compare_gaps, NULL);
	return n % 2 == 1 ? gaps[n / 2] : ((double) gaps[n / 2 - 1] + gaps[n / 2]) / 2;
}

Datum
segment_ledger_median_gap(PG_FUNCTION_ARGS)
{
	int32 *gaps;
	DateADT last;
	int n = gaps_until(PG_GETARG_LEDGER(0), PG_GETARG_DATEADT(1), &gaps, &last);

	if (n == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(median(gaps, n));
}

/*
 * Shape of a gamma distribution of the gaps, by Thom's (1958) approximation of maximum likelihood: 1 is random, above
 * is regular, below is in bursts; infinity where all gaps are equal. NULL with fewer than two gaps.
 */
Datum
segment_ledger_regularity(PG_FUNCTION_ARGS)
{
	int32 *gaps;
	DateADT last;
	int n = gaps_until(PG_GETARG_LEDGER(0), PG_GETARG_DATEADT(1), &gaps, &last);
	double sum = 0;
	double logs = 0;
	bool equal = true;
	double s;

	if (n < 2)
		PG_RETURN_NULL();
	for (int i = 0; i < n; i++)
	{
		sum += gaps[i];
		logs += log(gaps[i]);
		equal &= gaps[i] == gaps[0];
	}
	s = log(sum / n) - logs / n;
	if (equal || s <= 0)
		PG_RETURN_FLOAT8((float8) INFINITY);
	PG_RETURN_FLOAT8((1 + sqrt(1 + 4 * s / 3)) / (4 * s));
}

/* Days since the last purchase / own median gap; NULL with fewer than two purchases. */
Datum
segment_ledger_overdue(PG_FUNCTION_ARGS)
{
	DateADT as_of = PG_GETARG_DATEADT(1);
	int32 *gaps;
	DateADT last;
	int n = gaps_until(PG_GETARG_LEDGER(0), as_of, &gaps, &last);

	if (n == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(((double) as_of - last) / median(gaps, n));
}
