/*
 * repeat_periods.c: the history of a customer who has one chance to buy in each period since the first purchase, for
 * BG/BB (Fader, Hardie, Shang 2010).
 *
 * Period k runs from the day after first + (k - 1) periods to first + k periods. Months and years are those of the
 * calendar, so that yearly purchases of 1 January, or of any day, fall into one period each.
 */
#include "postgres.h"

#include <math.h>

#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "core/day.h"
#include "ledger/ledger.h"

PG_FUNCTION_INFO_V1(segment_ledger_repeat_periods);

#define YEARS_BEFORE 8000

SegmentPeriod
segment_interval_period(const Interval *interval)
{
	SegmentPeriod period;

	period.months = interval->month;
	period.days = interval->day;
	period.unit = segment_unit_days(interval);
	if (interval->time != 0 || (period.months != 0) == (period.days != 0) || period.months < 0 || period.days < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a period must be whole days or whole months"),
						errdetail("It has %d months, %d days and %g hours.", period.months, period.days,
								  (double) interval->time / USECS_PER_HOUR),
						errhint("Pass an interval such as '1 year', '1 month' or '7 days'.")));
	return period;
}

/* The last day of period k: k periods after first; the last day of a month that has no such day. */
static int64
end_of_period(DateADT first, const SegmentPeriod *period, int64 k)
{
	int year;
	int month;
	int day;
	int64 months;

	if (period->days > 0)
		return first + k * period->days;
	j2date(first + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	/* Counted from a year before all dates, so that the remainder is never negative. */
	months = ((int64) year + YEARS_BEFORE) * MONTHS_PER_YEAR + month - 1 + k * period->months;
	if (months / MONTHS_PER_YEAR >= JULIAN_MAXYEAR - 1 + YEARS_BEFORE)
		return PG_INT32_MAX;
	year = (int) (months / MONTHS_PER_YEAR) - YEARS_BEFORE;
	month = (int) (months % MONTHS_PER_YEAR) + 1;
	day = Min(day, day_tab[isleap(year)][month - 1]);
	return (int64) date2j(year, month, day) - POSTGRES_EPOCH_JDATE;
}

int64
segment_periods_between(DateADT first, DateADT day, const SegmentPeriod *period)
{
	/* Periods are at most three days shorter than their mean length: start below, and count up. */
	int64 k = (int64) floor(((double) day - first) / period->unit) - 1;

	k = Max(k, 0);
	while (k > 0 && end_of_period(first, period, k) > day)
		k--;
	while (end_of_period(first, period, k + 1) <= day)
		k++;
	return k;
}

bool
segment_ledger_count_periods(const Ledger *ledger, DateADT as_of, const SegmentPeriod *period, int64 ahead,
							 SegmentPeriodCount *count)
{
	bool has_first = false;
	DateADT first = 0;
	int64 counted = 0; /* the last period with a purchase so far */
	LedgerReader reader;
	LedgerDay day;

	memset(count, 0, sizeof(*count));
	count->spend = segment_wide_from_int128(0);
	segment_ledger_open(&reader, ledger);
	while (segment_ledger_next(&reader, &day) && (!has_first ? day.day <= as_of : true))
	{
		int64 k;

		if (!segment_ledger_is_purchase(&day))
		{
			count->skipped += day.day <= as_of;
			continue;
		}
		if (!has_first)
		{
			has_first = true;
			first = day.day;
			count->t = segment_periods_between(first, as_of, period);
			count->first_spend = day.net;
			continue;
		}
		/* The period that a day lies in ends on it or after it. */
		k = segment_periods_between(first, day.day - 1, period) + 1;
		if (k > count->t + ahead)
			break;
		if (k <= count->t)
			(void) segment_wide_add(&count->spend, &day.net);
		if (k == counted)
			continue;
		counted = k;
		if (k > count->t)
			count->later++;
		else
		{
			count->x++;
			count->t_x = k;
			count->before += k > count->t - ahead;
		}
	}
	return has_first;
}

/* NULL if the customer has not bought up to as_of; purchases in the period that has not ended are left out. */
Datum
segment_ledger_repeat_periods(PG_FUNCTION_ARGS)
{
	Ledger *ledger = PG_GETARG_LEDGER(0);
	DateADT as_of = PG_GETARG_DATEADT(1);
	SegmentPeriod period = segment_interval_period(PG_GETARG_INTERVAL_P(2));
	SegmentPeriodCount count;
	RepeatSummary *repeat;

	segment_check_as_of(as_of);
	if (!segment_ledger_count_periods(ledger, as_of, &period, 0, &count))
		PG_RETURN_NULL();
	repeat = segment_repeat_new();
	repeat->x = count.x;
	repeat->t_x = (double) count.t_x;
	repeat->t = (double) count.t;
	repeat->unit = period.unit;
	repeat->skipped = count.skipped;
	repeat->has_first_spend = 1;
	repeat->first_spend = segment_decimal_to_double(&count.first_spend, ledger->scale);
	if (count.x > 0)
	{
		repeat->has_spend = 1;
		repeat->spend = segment_wide_to_mean(&count.spend, ledger->scale, count.x);
	}
	PG_RETURN_POINTER(repeat);
}
