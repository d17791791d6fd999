/*
 * period_make.c: makes periods: calendar units from a day to another, or boundaries that the caller gives.
 */
#include "postgres.h"

#include <ctype.h>

#include "core/compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#include "core/day.h"
#include "core/error.h"
#include "math/text.h"
#include "period/period_make.h"

Periods *
segment_periods_new(const DateADT *boundary, int n)
{
	Size size = offsetof(Periods, boundary) + sizeof(DateADT) * n;
	Periods *periods = palloc0(size);

	SET_VARSIZE(periods, size);
	periods->version = SEGMENT_PERIODS_VERSION;
	periods->count = n - 1;
	memcpy(periods->boundary, boundary, sizeof(DateADT) * n);
	return periods;
}

/* The length of a period: months of the calendar, or days; one of them is 0. */
typedef struct Unit
{
	int months;
	int days;
	bool is_week; /* begins on a day of the week, not on the first day asked for */
} Unit;

pg_noreturn static void
refuse_unit(const char *text)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown unit of periods: \"%s\"", text),
					errdetail("Accepted are day, week, month, quarter, year, and a number of days or weeks such as "
							  "28 days (1 to 3660 days)."),
					errhint("Pass any other calendar as an array of its boundaries: periods(date[]).")));
}

static Unit
unit_of(const text *name)
{
	static const struct
	{
		const char *word;
		Unit unit;
	} known[] = {{"day", {0, 1, false}},
				 {"week", {0, 7, true}},
				 {"month", {1, 0, false}},
				 {"quarter", {3, 0, false}},
				 {"year", {12, 0, false}}};
	char *text = text_to_cstring(name);
	const char *rest = text;
	int64 number;

	for (int i = 0; i < (int) lengthof(known); i++)
		if (strcmp(text, known[i].word) == 0)
			return known[i].unit;
	if (segment_text_count(&rest, &number))
	{
		bool weeks;

		while (*rest == ' ')
			rest++;
		weeks = strcmp(rest, "week") == 0 || strcmp(rest, "weeks") == 0;
		if ((weeks || strcmp(rest, "day") == 0 || strcmp(rest, "days") == 0) && number > 0 &&
			number <= (weeks ? 3660 / 7 : 3660))
			return (Unit) {0, (int) number * (weeks ? 7 : 1), false};
	}
	refuse_unit(text);
}

/* The first day of a month, counted from January of the year 0. */
static int64
day_of_month(int64 month)
{
	return (int64) date2j((int) (month / 12), (int) (month % 12) + 1, 1) - POSTGRES_EPOCH_JDATE;
}

/*
 * periods(unit, from_day, to_day, first_day, first_month): the whole periods that [from_day, to_day) touches. Strict.
 */
PG_FUNCTION_INFO_V1(segment_periods_calendar);

Datum
segment_periods_calendar(PG_FUNCTION_ARGS)
{
	Unit unit = unit_of(PG_GETARG_TEXT_PP(0));
	DateADT from = PG_GETARG_DATEADT(1);
	DateADT to = PG_GETARG_DATEADT(2);
	int first_day = PG_GETARG_INT32(3);
	int first_month = PG_GETARG_INT32(4);
	DateADT *boundary;
	int64 month = 0;
	int64 day = from;
	int n = 0;
	Periods *periods;

	segment_check_int_range("first_day", first_day, 1, 7);
	segment_check_int_range("first_month", first_month, 1, 12);
	if (first_day != 1 && !unit.is_week)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("first_day is for weeks only"),
						errdetail("It is %d; other periods do not begin on a day of the week.", first_day),
						errhint("Leave it out, or pass 'week' as the unit.")));
	if (first_month != 1 && unit.months <= 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("first_month is for quarters and years only"),
						errdetail("It is %d.", first_month),
						errhint("Leave it out, or pass 'quarter' or 'year' as the unit.")));
	if (!segment_time_is_finite(from, SEGMENT_TIME_DATE) || !segment_time_is_finite(to, SEGMENT_TIME_DATE) ||
		from >= to)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("from_day must be before to_day"),
						errdetail("Both must be finite; to_day is the first day that is not wanted any more."),
						errhint("The months of 2024 are periods('month', '2024-01-01', '2025-01-01').")));
	if (unit.months > 0)
	{
		int year, month_of_year, day_of_month_of_year;

		j2date(from + POSTGRES_EPOCH_JDATE, &year, &month_of_year, &day_of_month_of_year);
		if (year < 1)
			ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("from_day is out of range"),
							errdetail("Accepted are days after Christ."), errhint("Pass a later day.")));
		month = (int64) year * 12 + month_of_year - 1;
		month -= (month - (first_month - 1) + 12) % unit.months;
		day = day_of_month(month);
	}
	else if (unit.is_week)
	{
		int weekday = j2day(from + POSTGRES_EPOCH_JDATE); /* 0 is Sunday */

		day -= ((weekday == 0 ? 7 : weekday) - first_day + 7) % 7;
	}
	boundary = segment_palloc_array(DateADT, SEGMENT_MAX_PERIODS + 1);
	for (;;)
	{
		if (!segment_time_is_finite(day, SEGMENT_TIME_DATE))
			ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("a period leaves the range of dates"),
							errdetail("The periods reach beyond what a date can hold."),
							errhint("Pass another from_day or to_day.")));
		if (n > SEGMENT_MAX_PERIODS)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many periods"),
							errdetail("At most %d are accepted.", SEGMENT_MAX_PERIODS),
							errhint("Take a longer unit, or a shorter time.")));
		boundary[n++] = (DateADT) day;
		if (day >= to)
			break;
		month += unit.months;
		day = unit.months > 0 ? day_of_month(month) : day + unit.days;
	}
	periods = segment_periods_new(boundary, n);
	pfree(boundary);
	PG_RETURN_POINTER(periods);
}

/* periods(boundaries): 2202E for another shape than a list, 22004 for a NULL, 22023 unless they ascend. Strict. */
PG_FUNCTION_INFO_V1(segment_periods_given);

Datum
segment_periods_given(PG_FUNCTION_ARGS)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
	int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const DateADT *boundary = (const DateADT *) ARR_DATA_PTR(array);

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("boundaries must be a plain list"),
				 errdetail("The array has %d dimensions.", ARR_NDIM(array)), errhint("Pass an array of dates.")));
	if (array_contains_nulls(array))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("boundaries must not be NULL"),
						errdetail("The array holds a NULL."), errhint("Leave it out, or give its day.")));
	if (n < 2 || n > SEGMENT_MAX_PERIODS + 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("wrong number of boundaries: %d", n),
				 errdetail("Accepted are 2 to %d boundaries, which make one period less.", SEGMENT_MAX_PERIODS + 1),
				 errhint("The last boundary is the day after the last period.")));
	for (int i = 0; i < n; i++)
	{
		char day[SEGMENT_TIME_TEXT];
		char before[SEGMENT_TIME_TEXT];

		if (!segment_time_is_finite(boundary[i], SEGMENT_TIME_DATE))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("boundaries must be finite"),
							errdetail("Boundary %d is %s.", i + 1, boundary[i] < 0 ? "-infinity" : "infinity"),
							errhint("Give the first day of each period, and the day after the last.")));
		if (i == 0 || boundary[i] > boundary[i - 1])
			continue;
		segment_time_print(boundary[i - 1], SEGMENT_TIME_DATE, before);
		segment_time_print(boundary[i], SEGMENT_TIME_DATE, day);
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("boundaries must ascend"),
				 errdetail("Boundary %d is %s, after %s.", i + 1, day, before),
				 errhint("Sort them, each day once: periods(ARRAY(SELECT DISTINCT day FROM calendar ORDER BY 1)).")));
	}
	PG_RETURN_POINTER(segment_periods_new(boundary, n));
}
