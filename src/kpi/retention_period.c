/*
 * retention_period.c: periods as rows: lifecycle, one period against another, who comes again.
 */
#include "postgres.h"

#include "core/compat.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"

#include "core/decimal.h"
#include "core/error.h"
#include "kpi/retention.h"

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

/* What is left of it after costs; NULL if none were given. */
static const RetentionMargin *
total_margin_of(const Retention *retention, int period, RetentionMargin *total)
{
	if (!retention->has_costs)
		return NULL;
	*total = retention->margin[segment_retention_cell_at(retention->n, SEGMENT_RETENTION_NO_COHORT, period)];
	for (int cohort = 0; cohort <= period; cohort++)
	{
		const RetentionMargin *margin = &retention->margin[segment_retention_cell_at(retention->n, cohort, period)];

		total->missing += margin->missing;
		(void) segment_wide_add(&total->earned, &margin->earned);
		(void) segment_wide_add(&total->cost, &margin->cost);
	}
	return total;
}

#define LIFECYCLE_COLUMNS 22

/*
 * lifecycle_table(retention): strict. Before the first period lies what the grid does not tell apart: where customers
 * are known from then, retained, resurrected, dormant and asleep of the first period are NULL.
 */
PG_FUNCTION_INFO_V1(segment_lifecycle_table);

Datum
segment_lifecycle_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Retention *retention = segment_retention_argument(fcinfo, 0);
	int64 ever = segment_retention_size(retention, 0);
	bool known = ever == 0;

	InitMaterializedSRF(fcinfo, 0);
	for (int period = 1; period <= retention->n && segment_retention_has_begun(retention, period); period++)
	{
		RetentionCell total = total_of(retention, period);
		RetentionMargin sums;
		const RetentionMargin *margin = total_margin_of(retention, period, &sums);
		SegmentWide left;
		int64 before = period > 1 ? segment_retention_active(retention, period - 1) : 0;
		int64 retained = period > 1 ? segment_retention_both(retention, period - 1, period) : 0;
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
		segment_retention_put_mean(&values[14], &nulls[14], retention, &total.net, total.orders);
		segment_retention_put_mean(&values[15], &nulls[15], retention, &total.net, total.customers);
		nulls[16] = total.customers == 0;
		if (total.customers > 0)
			values[16] = Float8GetDatum((double) total.orders / (double) total.customers);
		left = segment_retention_put_margin(&values[17], &nulls[17], retention, margin);
		segment_retention_put_mean(&values[19], &nulls[19], retention, &left, margin ? total.customers : 0);
		nulls[20] = margin == NULL;
		if (margin)
			values[20] = Int64GetDatum(margin->missing);
		values[21] = BoolGetDatum(segment_retention_is_complete(retention, period));
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

/* Customers of one period and a later one. */
typedef struct Pair
{
	int64 start; /* active in the first */
	int64 end;	 /* active in the second, */
	int64 fresh; /* of them new in it, */
	int64 both;	 /* and active in both */
	int64 ever;	 /* customers before the second */
	bool is_complete;
} Pair;

/* The pair that arguments 1 and 2 name; 22023 unless from_period < to_period, both of the grid. */
static Pair
pair_of(FunctionCallInfo fcinfo, const Retention *retention)
{
	int from = PG_GETARG_INT32(1);
	int to = PG_GETARG_INT32(2);
	Pair pair = {0};

	if (retention->n < 2)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("retention has a single period"),
						errdetail("A rate compares one period with a later one."),
						errhint("Collect it over two periods or more.")));
	segment_check_int_range("from_period", from, 1, retention->n - 1);
	segment_check_int_range("to_period", to, from + 1, retention->n);
	pair.start = segment_retention_active(retention, from);
	pair.end = segment_retention_active(retention, to);
	pair.both = segment_retention_both(retention, from, to);
	pair.fresh = segment_retention_size(retention, to);
	for (int cohort = 0; cohort < to; cohort++)
		pair.ever += segment_retention_size(retention, cohort);
	pair.is_complete = segment_retention_is_complete(retention, to);
	return pair;
}

#define RATE_COLUMNS 13

/* retention_rate(retention, from_period, to_period): strict. */
PG_FUNCTION_INFO_V1(segment_retention_rate);

Datum
segment_retention_rate(PG_FUNCTION_ARGS)
{
	Pair pair = pair_of(fcinfo, segment_retention_argument(fcinfo, 0));
	int64 resurrected = pair.end - pair.fresh - pair.both;
	Datum values[RATE_COLUMNS] = {0};
	bool nulls[RATE_COLUMNS] = {false};

	values[0] = Int64GetDatum(pair.start);
	values[1] = Int64GetDatum(pair.end);
	values[2] = Int64GetDatum(pair.fresh);
	values[3] = Int64GetDatum(pair.both);
	values[4] = Int64GetDatum(resurrected);
	values[5] = Int64GetDatum(pair.start - pair.both);
	segment_retention_put_rate(&values[6], &nulls[6], pair.both, pair.start);
	nulls[9] = nulls[10] = pair.start == 0;
	if (pair.start > 0)
	{
		values[9] = Float8GetDatum((double) (pair.start - pair.both) / (double) pair.start);
		values[10] = Float8GetDatum((double) (pair.end - pair.fresh) / (double) pair.start);
	}
	nulls[11] = pair.ever - pair.start <= 0;
	if (!nulls[11])
		values[11] = Float8GetDatum((double) resurrected / (double) (pair.ever - pair.start));
	values[12] = BoolGetDatum(pair.is_complete);
	return one_row(fcinfo, values, nulls);
}

/* numerator, denominator, rate, low, high, is_complete. */
static Datum
rate_row(FunctionCallInfo fcinfo, int64 numerator, int64 denominator, bool is_complete)
{
	Datum values[6] = {Int64GetDatum(numerator), Int64GetDatum(denominator)};
	bool nulls[6] = {false};

	segment_retention_put_rate(&values[2], &nulls[2], numerator, denominator);
	values[5] = BoolGetDatum(is_complete);
	return one_row(fcinfo, values, nulls);
}

/* churn_rate(retention, from_period, to_period): strict. */
PG_FUNCTION_INFO_V1(segment_churn_rate);

Datum
segment_churn_rate(PG_FUNCTION_ARGS)
{
	Pair pair = pair_of(fcinfo, segment_retention_argument(fcinfo, 0));

	return rate_row(fcinfo, pair.start - pair.both, pair.start, pair.is_complete);
}

/* reactivation_rate(retention, from_period, to_period): strict. */
PG_FUNCTION_INFO_V1(segment_reactivation_rate);

Datum
segment_reactivation_rate(PG_FUNCTION_ARGS)
{
	Pair pair = pair_of(fcinfo, segment_retention_argument(fcinfo, 0));

	return rate_row(fcinfo, pair.end - pair.fresh - pair.both, pair.ever - pair.start, pair.is_complete);
}

/* repeat_rate(retention, mature_days): strict. */
PG_FUNCTION_INFO_V1(segment_repeat_rate);

Datum
segment_repeat_rate(PG_FUNCTION_ARGS)
{
	Retention *retention = segment_retention_argument(fcinfo, 0);
	int mature_days = PG_GETARG_INT32(1);
	int64 customers[2] = {0};
	int64 repeaters[2] = {0};
	Datum values[10] = {0};
	bool nulls[10] = {false};

	segment_check_int_range("mature_days", mature_days, 0, SEGMENT_RETENTION_MAX_AGE);
	for (int age = 0; age < retention->n_ages; age++)
	{
		for (int mature = 0; mature < 2; mature++)
		{
			if (mature && age < mature_days)
				continue;
			customers[mature] += retention->by_age[age];
			repeaters[mature] += retention->repeaters[age];
		}
	}
	for (int mature = 0; mature < 2; mature++)
	{
		values[mature * 5] = Int64GetDatum(repeaters[mature]);
		values[mature * 5 + 1] = Int64GetDatum(customers[mature]);
		segment_retention_put_rate(&values[mature * 5 + 2], &nulls[mature * 5 + 2], repeaters[mature],
								   customers[mature]);
	}
	return one_row(fcinfo, values, nulls);
}

/* stickiness_table(retention): strict. */
PG_FUNCTION_INFO_V1(segment_stickiness_table);

Datum
segment_stickiness_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Retention *retention = segment_retention_argument(fcinfo, 0);
	int64 at_least = 0;

	InitMaterializedSRF(fcinfo, 0);
	for (int periods = 1; periods <= retention->n; periods++)
		at_least += retention->periods_active[periods];
	for (int periods = 1; periods <= retention->n && segment_retention_has_begun(retention, periods); periods++)
	{
		Datum values[3] = {Int32GetDatum(periods), Int64GetDatum(retention->periods_active[periods]),
						   Int64GetDatum(at_least)};
		bool nulls[3] = {false};

		CHECK_FOR_INTERRUPTS();
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		at_least -= retention->periods_active[periods];
	}
	return (Datum) 0;
}
