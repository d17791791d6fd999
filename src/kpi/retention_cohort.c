/*
 * retention_cohort.c: cohorts as rows: the triangle of when customers came first, and when again.
 */
#include "postgres.h"

#include "core/compat.h"

#include "funcapi.h"
#include "miscadmin.h"

#include "core/decimal.h"
#include "core/error.h"
#include "core/option.h"
#include "kpi/retention.h"

typedef enum Kind
{
	KIND_ON,
	KIND_ON_OR_AFTER,
	KIND_ROLLING
} Kind;

static const char *const kind_words[] = {"on", "on_or_after", "rolling"};
static const SegmentOption kind_option = {"kind", kind_words, lengthof(kind_words),
										  "on counts those active in the period, on_or_after in it or any later one, "
										  "rolling in it or one of those before it, rolling_periods in all."};

static const char *const cohort_words[] = {"first", "recurring"};
static const SegmentOption cohort_option = {
	"cohort", cohort_words, lengthof(cohort_words),
	"first is by the first order ever; recurring begins a cohort with all who are active in a period."};

static const char *const age_words[] = {"calendar", "own"};
static const SegmentOption age_option = {
	"age", age_words, lengthof(age_words),
	"calendar counts periods of the grid; own counts from the day of each customer's first order."};

/* What the table is of. */
typedef struct Triangle
{
	const Retention *retention;
	Kind kind;
	bool recurring;
	bool own;
	int rolling; /* periods */
	const uint32 *gaps;
} Triangle;

/* 22023 below 1; 54000 where the grid has more periods than gaps are told apart for. */
static int
rolling_argument(FunctionCallInfo fcinfo, int arg, const Retention *retention)
{
	int rolling = PG_GETARG_INT32(arg);

	segment_check_int_range("rolling_periods", rolling, 1, SEGMENT_RETENTION_MAX_PERIODS);
	rolling = Min(rolling, retention->n);
	if (rolling > retention->reach + 1)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("rolling_periods is too many for this retention"),
				 errdetail("It is %d; with %d periods, up to %d are kept apart.", rolling, retention->n,
						   retention->reach + 1),
				 errhint("Collect retention over longer periods, or over a shorter time.")));
	return rolling;
}

static Triangle
triangle_of(FunctionCallInfo fcinfo)
{
	const Retention *retention = segment_retention_argument(fcinfo, 0);
	Triangle triangle = {
		.retention = retention,
		.kind = (Kind) segment_option_arg(fcinfo, 1, &kind_option),
		.recurring = segment_option_arg(fcinfo, 2, &cohort_option) == 1,
		.own = segment_option_arg(fcinfo, 3, &age_option) == 1,
	};

	if (triangle.kind == KIND_ROLLING)
		triangle.rolling = rolling_argument(fcinfo, 4, retention);
	if (triangle.recurring && triangle.own)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("recurring cohorts have no own age"),
						errdetail("A customer is in several of them, but has one first order."),
						errhint("Take cohort => 'first' or age => 'calendar'.")));
	triangle.gaps = triangle.recurring ? retention->gap : triangle.own ? retention->own_gap : retention->cohort_gap;
	return triangle;
}

/* Customers of a cohort that the table counts in a period. */
static int64
customers_of(const Triangle *triangle, int cohort, int period)
{
	const Retention *retention = triangle->retention;
	int64 customers = 0;

	switch (triangle->kind)
	{
		case KIND_ON:
			return segment_retention_count(retention, triangle->gaps, cohort, period);
		case KIND_ON_OR_AFTER:
			customers = segment_retention_count(retention, triangle->gaps, cohort, cohort);
			for (int last = cohort; last < period; last++)
				customers -= triangle->gaps[segment_retention_gap_at(retention, cohort, last) + SEGMENT_NEVER];
			return customers;
		case KIND_ROLLING:
			for (int last = Max(cohort, period - triangle->rolling + 1); last <= period; last++)
				customers += segment_retention_longer(retention, triangle->gaps, cohort, last, period - last);
			return customers;
	}
	return 0;
}

/* True if later orders change the customers of the cell no more. */
static bool
is_complete(const Triangle *triangle, int cohort, int period)
{
	const Retention *retention = triangle->retention;
	const DateADT *boundary = retention->boundary;

	if (triangle->kind == KIND_ON_OR_AFTER)
		return segment_retention_is_complete(retention, retention->n);
	if (!triangle->own)
		return segment_retention_is_complete(retention, period);
	/* whoever came first on the last day of the cohort ends this age last, in the period that follows */
	return period < retention->n &&
		   (int64) boundary[period] +
				   Min(boundary[cohort] - boundary[cohort - 1], boundary[period + 1] - boundary[period]) - 1 <=
			   (int64) retention->as_of + 1;
}

#define COHORT_COLUMNS 22

/* What the cohort did in the period, and what up to then. */
static void
put_money(const Triangle *triangle, int cohort, int period, int64 size, SegmentWide *revenue, SegmentWide *margin,
		  Datum *values, bool *nulls)
{
	const Retention *retention = triangle->retention;
	Size at = triangle->own ? segment_triangle(retention->n, cohort, period)
							: segment_retention_cell_at(retention->n, cohort, period);
	const RetentionCell *cell = triangle->own ? &retention->own[at] : &retention->cell[at];
	const RetentionMargin *margins = triangle->own ? retention->own_margin : retention->margin;
	SegmentWide left = segment_retention_put_margin(&values[6], &nulls[6], retention, margins ? &margins[at] : NULL);

	values[0] = Int64GetDatum(cell->orders);
	values[1] = Int64GetDatum(cell->returns);
	values[2] = segment_decimal_to_numeric(&cell->net, retention->scale);
	values[3] = segment_decimal_to_numeric(&cell->returned, retention->scale);
	(void) segment_wide_add(revenue, &cell->net);
	values[4] = segment_decimal_to_numeric(revenue, retention->scale);
	segment_retention_put_mean(&values[5], &nulls[5], retention, revenue, size);
	nulls[8] = nulls[9] = nulls[10] = margins == NULL;
	if (margins == NULL)
		return;
	values[8] = Int64GetDatum(margins[at].missing);
	(void) segment_wide_add(margin, &left);
	values[9] = segment_decimal_to_numeric(margin, retention->scale);
	segment_retention_put_mean(&values[10], &nulls[10], retention, margin, size);
}

/* cohort_table(retention, kind, cohort, age, rolling_periods): strict. Periods that have not begun are left out. */
PG_FUNCTION_INFO_V1(segment_cohort_table);

Datum
segment_cohort_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Triangle triangle = triangle_of(fcinfo);
	const Retention *retention = triangle.retention;

	InitMaterializedSRF(fcinfo, 0);
	for (int cohort = 1; cohort <= retention->n && segment_retention_has_begun(retention, cohort); cohort++)
	{
		int64 size = segment_retention_count(retention, triangle.gaps, cohort, cohort);
		SegmentWide revenue = {{0}};
		SegmentWide margin = {{0}};

		for (int period = cohort; period <= retention->n && segment_retention_has_begun(retention, period); period++)
		{
			int64 customers = customers_of(&triangle, cohort, period);
			Datum values[COHORT_COLUMNS] = {0};
			bool nulls[COHORT_COLUMNS] = {false};

			CHECK_FOR_INTERRUPTS();
			values[0] = Int32GetDatum(cohort);
			values[1] = DateADTGetDatum(retention->boundary[cohort - 1]);
			values[2] = Int32GetDatum(period - cohort);
			nulls[3] = nulls[4] = triangle.own;
			values[3] = DateADTGetDatum(retention->boundary[period - 1]);
			values[4] = DateADTGetDatum(retention->boundary[period]);
			values[5] = Int64GetDatum(size);
			values[6] = Int64GetDatum(customers);
			segment_retention_put_rate(&values[7], &nulls[7], customers, size);
			if (triangle.recurring)
				memset(&nulls[10], true, 11 * sizeof(bool));
			else
				put_money(&triangle, cohort, period, size, &revenue, &margin, &values[10], &nulls[10]);
			values[21] = BoolGetDatum(is_complete(&triangle, cohort, period));
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	}
	return (Datum) 0;
}
