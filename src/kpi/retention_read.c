/*
 * retention_read.c: what retention says, as rows: cohorts, lifecycle, one period against another.
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "core/decimal.h"
#include "core/error.h"
#include "core/option.h"
#include "kpi/retention.h"
#include "math/kpi.h"
#include "math/special.h"

/* Intervals here are of 95 %. */
#define CONFIDENCE 0.95

static Retention *
retention_argument(FunctionCallInfo fcinfo, int arg)
{
	const bytea *bytes = PG_GETARG_BYTEA_PP(arg);
	const char *fault;
	Retention *retention =
		segment_retention_decode((const unsigned char *) VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), &fault);

	if (fault)
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("retention is damaged"), errdetail("%s", fault),
						errhint("Collect it again.")));
	return retention;
}

static bool
has_begun(const Retention *retention, int period)
{
	return retention->boundary[period - 1] <= retention->as_of;
}

static bool
is_complete(const Retention *retention, int period)
{
	return (int64) retention->boundary[period] <= (int64) retention->as_of + 1;
}

/* A rate and its interval into three columns, which stay NULL without a denominator. */
static void
put_rate(Datum *values, bool *nulls, int64 numerator, int64 denominator)
{
	double low;
	double high;

	nulls[0] = nulls[1] = nulls[2] = true;
	if (denominator <= 0 || numerator < 0 || numerator > denominator)
		return;
	segment_wilson(numerator, denominator, segment_normal_quantile(0.5 + CONFIDENCE / 2.0), &low, &high);
	values[0] = Float8GetDatum((double) numerator / (double) denominator);
	values[1] = Float8GetDatum(low);
	values[2] = Float8GetDatum(high);
	nulls[0] = nulls[1] = nulls[2] = false;
}

static const char *const kind_words[] = {"on", "on_or_after"};
static const SegmentOption kind_option = {"kind", kind_words, lengthof(kind_words),
										  "on counts those active in the period, on_or_after in it or any later one."};

static const char *const cohort_words[] = {"first", "recurring"};
static const SegmentOption cohort_option = {
	"cohort", cohort_words, lengthof(cohort_words),
	"first is by the first order ever; recurring begins a cohort with all who are active in a period."};

/* Customers of a cohort that are active in the period; or_after: in it or later. */
static int64
customers_of(const Retention *retention, bool recurring, bool or_after, int cohort, int period)
{
	int64 customers = 0;

	if (!or_after)
		return recurring ? retention->both[segment_triangle(retention->n, cohort, period)]
						 : segment_retention_cell(retention, cohort, period)->customers;
	for (int last = period; last <= retention->n + 1; last++)
		customers += recurring ? *segment_retention_last(retention, cohort, last)
							   : *segment_retention_first_last(retention, cohort, last);
	return customers;
}

#define COHORT_COLUMNS 17

/* cohort_table(retention, kind, cohort): strict. Periods that have not begun by as_of are left out. */
PG_FUNCTION_INFO_V1(segment_cohort_table);

Datum
segment_cohort_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Retention *retention = retention_argument(fcinfo, 0);
	bool or_after = segment_option_arg(fcinfo, 1, &kind_option) == 1;
	bool recurring = segment_option_arg(fcinfo, 2, &cohort_option) == 1;

	InitMaterializedSRF(fcinfo, 0);
	for (int cohort = 1; cohort <= retention->n && has_begun(retention, cohort); cohort++)
	{
		int64 size =
			recurring ? segment_retention_active(retention, cohort) : segment_retention_size(retention, cohort);
		SegmentWide cumulative = {{0}};

		CHECK_FOR_INTERRUPTS();
		for (int period = cohort; period <= retention->n && has_begun(retention, period); period++)
		{
			const RetentionCell *cell = segment_retention_cell(retention, cohort, period);
			int64 customers = customers_of(retention, recurring, or_after, cohort, period);
			Datum values[COHORT_COLUMNS] = {0};
			bool nulls[COHORT_COLUMNS] = {false};

			values[0] = Int32GetDatum(cohort);
			values[1] = DateADTGetDatum(retention->boundary[cohort - 1]);
			values[2] = Int32GetDatum(period - cohort);
			values[3] = DateADTGetDatum(retention->boundary[period - 1]);
			values[4] = DateADTGetDatum(retention->boundary[period]);
			values[5] = Int64GetDatum(size);
			values[6] = Int64GetDatum(customers);
			put_rate(&values[7], &nulls[7], customers, size);
			if (recurring)
				memset(&nulls[10], true, 6 * sizeof(bool));
			else
			{
				values[10] = Int64GetDatum(cell->orders);
				values[11] = Int64GetDatum(cell->returns);
				values[12] = segment_decimal_to_numeric(&cell->net, retention->scale);
				values[13] = segment_decimal_to_numeric(&cell->returned, retention->scale);
				segment_wide_add(&cumulative, &cell->net);
				values[14] = segment_decimal_to_numeric(&cumulative, retention->scale);
				nulls[15] = size == 0;
				if (size > 0)
					values[15] = Float8GetDatum(segment_wide_to_mean(&cumulative, retention->scale, size));
			}
			/* who comes later changes all cells of an on_or_after row, so they are final when the last one is */
			values[16] = BoolGetDatum(is_complete(retention, or_after ? retention->n : period));
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	}
	return (Datum) 0;
}

/* Orders and money of all customers in a period. */
static RetentionCell
total_of(const Retention *retention, int period)
{
	RetentionCell total = *segment_retention_cell(retention, SEGMENT_RETENTION_NO_COHORT, period);

	for (int cohort = 0; cohort <= period; cohort++)
	{
		const RetentionCell *cell = segment_retention_cell(retention, cohort, period);

		total.customers += cell->customers;
		total.orders += cell->orders;
		total.returns += cell->returns;
		segment_wide_add(&total.net, &cell->net);
		segment_wide_add(&total.returned, &cell->returned);
	}
	return total;
}

/* Money per count; NULL without any. */
static void
put_mean(Datum *value, bool *null, const Retention *retention, const SegmentWide *money, int64 count)
{
	*null = count == 0;
	if (count > 0)
		*value = Float8GetDatum(segment_wide_to_mean(money, retention->scale, count));
}

#define LIFECYCLE_COLUMNS 18

/*
 * lifecycle_table(retention): strict. Before the first period lies what the grid does not tell apart: where customers
 * are known from then, retained, resurrected, dormant and asleep of the first period are NULL.
 */
PG_FUNCTION_INFO_V1(segment_lifecycle_table);

Datum
segment_lifecycle_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Retention *retention = retention_argument(fcinfo, 0);
	int64 ever = segment_retention_size(retention, 0);
	bool known = ever == 0;

	InitMaterializedSRF(fcinfo, 0);
	for (int period = 1; period <= retention->n && has_begun(retention, period); period++)
	{
		RetentionCell total = total_of(retention, period);
		int64 before = period > 1 ? segment_retention_active(retention, period - 1) : 0;
		int64 retained = period > 1 ? retention->both[segment_triangle(retention->n, period - 1, period)] : 0;
		int64 fresh = segment_retention_size(retention, period);
		Datum values[LIFECYCLE_COLUMNS] = {0};
		bool nulls[LIFECYCLE_COLUMNS] = {false};

		CHECK_FOR_INTERRUPTS();
		values[0] = Int32GetDatum(period);
		values[1] = DateADTGetDatum(retention->boundary[period - 1]);
		values[2] = DateADTGetDatum(retention->boundary[period]);
		values[3] = Int64GetDatum(total.customers);
		values[4] = Int64GetDatum(fresh);
		values[5] = Int64GetDatum(retained);
		values[6] = Int64GetDatum(total.customers - fresh - retained);
		values[7] = Int64GetDatum(before - retained);
		values[8] = Int64GetDatum(retained - before);
		values[9] = Int64GetDatum(ever - before);
		if (!known)
			memset(&nulls[5], true, 5 * sizeof(bool));
		values[10] = Int64GetDatum(total.orders);
		values[11] = Int64GetDatum(total.returns);
		values[12] = segment_decimal_to_numeric(&total.net, retention->scale);
		values[13] = segment_decimal_to_numeric(&total.returned, retention->scale);
		put_mean(&values[14], &nulls[14], retention, &total.net, total.orders);
		put_mean(&values[15], &nulls[15], retention, &total.net, total.customers);
		nulls[16] = total.customers == 0;
		if (total.customers > 0)
			values[16] = Float8GetDatum((double) total.orders / (double) total.customers);
		values[17] = BoolGetDatum(is_complete(retention, period));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		known = true;
		ever += fresh;
	}
	return (Datum) 0;
}

static Datum
one_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc row;

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls));
}

#define RATE_COLUMNS 13

/* retention_rate(retention, from_period, to_period): strict; 22023 unless from_period < to_period, both of the grid. */
PG_FUNCTION_INFO_V1(segment_retention_rate);

Datum
segment_retention_rate(PG_FUNCTION_ARGS)
{
	Retention *retention = retention_argument(fcinfo, 0);
	int from = PG_GETARG_INT32(1);
	int to = PG_GETARG_INT32(2);
	int64 start;
	int64 end;
	int64 both;
	int64 fresh;
	int64 ever = segment_retention_size(retention, 0);
	Datum values[RATE_COLUMNS] = {0};
	bool nulls[RATE_COLUMNS] = {false};

	if (retention->n < 2)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("retention has a single period"),
						errdetail("A rate compares one period with a later one."),
						errhint("Collect it over two periods or more.")));
	segment_check_int_range("from_period", from, 1, retention->n - 1);
	segment_check_int_range("to_period", to, from + 1, retention->n);
	start = segment_retention_active(retention, from);
	end = segment_retention_active(retention, to);
	both = retention->both[segment_triangle(retention->n, from, to)];
	fresh = segment_retention_size(retention, to);
	for (int cohort = 1; cohort < to; cohort++)
		ever += segment_retention_size(retention, cohort);
	values[0] = Int64GetDatum(start);
	values[1] = Int64GetDatum(end);
	values[2] = Int64GetDatum(fresh);
	values[3] = Int64GetDatum(both);
	values[4] = Int64GetDatum(end - fresh - both);
	values[5] = Int64GetDatum(start - both);
	put_rate(&values[6], &nulls[6], both, start);
	nulls[9] = nulls[10] = start == 0;
	if (start > 0)
	{
		values[9] = Float8GetDatum((double) (start - both) / (double) start);
		values[10] = Float8GetDatum((double) (end - fresh) / (double) start);
	}
	nulls[11] = ever - start <= 0;
	if (!nulls[11])
		values[11] = Float8GetDatum((double) (end - fresh - both) / (double) (ever - start));
	values[12] = BoolGetDatum(is_complete(retention, to));
	return one_row(fcinfo, values, nulls);
}

/* repeat_rate(retention, mature_days): strict. */
PG_FUNCTION_INFO_V1(segment_repeat_rate);

Datum
segment_repeat_rate(PG_FUNCTION_ARGS)
{
	Retention *retention = retention_argument(fcinfo, 0);
	int mature_days = PG_GETARG_INT32(1);
	int64 customers[2] = {0};
	int64 repeaters[2] = {0};
	Datum values[10] = {0};
	bool nulls[10] = {false};

	segment_check_int_range("mature_days", mature_days, 0, 36525);
	for (int cohort = 0; cohort <= retention->n; cohort++)
	{
		int64 size = segment_retention_size(retention, cohort);

		for (int mature = 0; mature < 2; mature++)
		{
			if (mature && (int64) retention->boundary[cohort] + mature_days > (int64) retention->as_of + 1)
				continue;
			customers[mature] += size;
			repeaters[mature] += retention->repeaters[cohort];
		}
	}
	for (int mature = 0; mature < 2; mature++)
	{
		values[mature * 5] = Int64GetDatum(repeaters[mature]);
		values[mature * 5 + 1] = Int64GetDatum(customers[mature]);
		put_rate(&values[mature * 5 + 2], &nulls[mature * 5 + 2], repeaters[mature], customers[mature]);
	}
	return one_row(fcinfo, values, nulls);
}
