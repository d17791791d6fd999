/*
 * backtest.c: fits models on customers as they were at a split date, and measures their predictions on what came after,
 * beside baselines that any analyst would try first.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "clv/fit.h"
#include "core/day.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/option.h"
#include "ledger/ledger.h"
#include "math/cuts_make.h"
#include "math/gain.h"
#include "math/text.h"

PG_FUNCTION_INFO_V1(segment_backtest);
PG_FUNCTION_INFO_V1(segment_backtest_calibration);
PG_FUNCTION_INFO_V1(segment_backtest_gain);
PG_FUNCTION_INFO_V1(segment_tracked_orders);

/* RFM's usual quintiles. */
#define RFM_BINS 5

static SegmentHistory
history_of(const double *row)
{
	SegmentHistory history;

	history.x = row[0];
	history.t_x = row[1];
	history.t = row[2];
	return history;
}

static int
by_score(const void *a, const void *b, void *arg)
{
	double score_a = ((const SegmentScored *) a)->score;
	double score_b = ((const SegmentScored *) b)->score;

	(void) arg;
	return score_a < score_b ? -1 : score_a > score_b;
}

static int
by_score_best_first(const void *a, const void *b, void *arg)
{
	return by_score(b, a, arg);
}

/* A row of the result; expected is NULL for scores that predict no number. */
static void
put_measures(ReturnSetInfo *result, const Tally *holdout, const char *name, const double *expected, const double *score)
{
	SegmentScored *scored =
		MemoryContextAllocHuge(CurrentMemoryContext, mul_size(sizeof(SegmentScored), holdout->n_rows));
	const int64 *counts = tally_counts(holdout);
	double customers = 0;
	double actual = 0;
	double sums[4] = {0, 0, 0, 0};
	Datum values[12];
	bool nulls[12];

	memset(nulls, 0, sizeof(nulls));
	for (int32 i = 0; i < holdout->n_rows; i++)
	{
		double later = tally_row(holdout, i)[HOLDOUT_LATER];
		double count = (double) counts[i];

		customers += count;
		actual += count * later;
		if (expected != NULL)
		{
			double miss = expected[i] - later;
			double log_miss = log1p(expected[i]) - log1p(later);

			sums[0] += count * expected[i];
			sums[1] += count * fabs(miss);
			sums[2] += count * miss * miss;
			sums[3] += count * log_miss * log_miss;
		}
		scored[i].score = score[i];
		scored[i].outcome = later;
		scored[i].count = count;
	}
	qsort_interruptible(scored, holdout->n_rows, sizeof(SegmentScored), by_score_best_first, NULL);
	values[0] = CStringGetTextDatum(name);
	values[1] = Int64GetDatum(segment_tally_customers(holdout));
	values[2] = Float8GetDatum(actual);
	values[3] = Float8GetDatum(sums[0]);
	values[4] = Float8GetDatum(sums[1] / customers);
	values[5] = Float8GetDatum(sqrt(sums[2] / customers));
	values[6] = Float8GetDatum(actual > 0 ? sums[0] / actual - 1 : 0);
	values[7] = Float8GetDatum(sums[3] / customers);
	for (int i = 3; i < 8; i++)
		nulls[i] = expected == NULL;
	nulls[6] |= actual == 0;
	for (int i = 8; i < 12; i++)
	{
		double measure = i == 8	  ? segment_auc(scored, holdout->n_rows)
						 : i == 9 ? segment_gini(scored, holdout->n_rows)
								  : segment_gain(scored, holdout->n_rows, i == 10 ? 0.1 : 0.2);

		values[i] = Float8GetDatum(measure);
		nulls[i] = isnan(measure);
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	pfree(scored);
}

/* Adds each customer's quintile score (1 is lowest) of a value to score: type-7 cut points, 1 + #(cut < value). */
static void
add_quintiles(const Tally *holdout, const double *value, double *score)
{
	SegmentScored *sorted =
		MemoryContextAllocHuge(CurrentMemoryContext, mul_size(sizeof(SegmentScored), holdout->n_rows));
	const int64 *counts = tally_counts(holdout);
	int64 ranks[SEGMENT_MAX_RANKS];
	double at_ranks[SEGMENT_MAX_RANKS];
	double cuts[RFM_BINS - 1];
	int64 before = 0;
	int n_ranks = segment_quantile_ranks(segment_tally_customers(holdout), RFM_BINS, ranks);
	int found = 0;

	for (int32 i = 0; i < holdout->n_rows; i++)
	{
		sorted[i].score = value[i];
		sorted[i].count = (double) counts[i];
	}
	qsort_interruptible(sorted, holdout->n_rows, sizeof(SegmentScored), by_score, NULL);
	for (int32 i = 0; i < holdout->n_rows; i++)
	{
		before += (int64) sorted[i].count;
		while (found < n_ranks && ranks[found] < before)
			at_ranks[found++] = sorted[i].score;
	}
	segment_quantile_cuts(segment_tally_customers(holdout), RFM_BINS, ranks, at_ranks, n_ranks, cuts);
	for (int32 i = 0; i < holdout->n_rows; i++)
	{
		score[i] += 1;
		for (int cut = 0; cut < RFM_BINS - 1; cut++)
			score[i] += cuts[cut] < value[i];
	}
	pfree(sorted);
}

/*
 * Minus the time since the last purchase, in days to the millionth: t and t_x are rounded each by itself where the unit
 * is no day, so that equal recencies would be ranked apart by the last bits of their difference.
 */
static double
recency_score(const Tally *holdout, const double *row)
{
	return rint((row[1] - row[2]) * holdout->unit * 1e6) / 1e6;
}

/* Three scores that need no model: recency alone, as many as in the last period, the sum of R, F and M quintiles. */
static void
put_baselines(ReturnSetInfo *result, const Tally *holdout)
{
	Size size = mul_size(sizeof(double), (Size) holdout->n_rows + 1);
	double *value = MemoryContextAllocHuge(CurrentMemoryContext, size);
	double *score = MemoryContextAllocHuge(CurrentMemoryContext, size);

	for (int32 i = 0; i < holdout->n_rows; i++)
		value[i] = recency_score(holdout, tally_row(holdout, i));
	put_measures(result, holdout, "baseline: recency", NULL, value);
	for (int32 i = 0; i < holdout->n_rows; i++)
		score[i] = 0;
	add_quintiles(holdout, value, score);
	for (int32 i = 0; i < holdout->n_rows; i++)
		value[i] = tally_row(holdout, i)[0];
	add_quintiles(holdout, value, score);
	for (int32 i = 0; i < holdout->n_rows; i++)
		value[i] = tally_row(holdout, i)[HOLDOUT_TOTAL];
	add_quintiles(holdout, value, score);
	put_measures(result, holdout, "baseline: rfm score", NULL, score);
	for (int32 i = 0; i < holdout->n_rows; i++)
		value[i] = tally_row(holdout, i)[HOLDOUT_BEFORE];
	put_measures(result, holdout, "baseline: last period", value, value);
}

/* 22023 unless the hold-out counts whole periods, as bgbb does. */
static void
check_periods(const Tally *holdout)
{
	bool is_whole = holdout->horizon == floor(holdout->horizon);

	for (int32 i = 0; i < holdout->n_rows && is_whole; i++)
	{
		const double *row = tally_row(holdout, i);

		is_whole = row[1] == floor(row[1]) && row[2] == floor(row[2]) && row[1] >= row[0] && row[2] <= 10000;
	}
	if (!is_whole)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("bgbb needs whole periods"),
						errdetail("The hold-out is in continuous time."),
						errhint("Collect it with holdout_periods_agg(ledger, split, until, period).")));
}

/* Nobody ordered: more likely than that all left is that the data end before the hold-out begins. */
static void
warn_without_orders(const Tally *holdout)
{
	for (int32 i = 0; i < holdout->n_rows; i++)
		if (tally_row(holdout, i)[HOLDOUT_LATER] > 0)
			return;
	ereport(WARNING,
			(errcode(ERRCODE_WARNING), errmsg("the hold-out has no order"),
			 errdetail("None of the customers ordered between the split and the end of the hold-out, so nothing can "
					   "be said of the models."),
			 errhint("Take a split and an end that lie before the day of the last order.")));
}

/*
 * Three rows a model, which differ in what customers are ranked by: expected orders (with the measures of the
 * prediction), probability of at least one order, and p_alive; then the baselines.
 */
Datum
segment_backtest(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Tally *holdout = PG_GETARG_TALLY(0);
	SegmentFitOptions options = segment_clv_fit_options(PG_GETARG_FLOAT8(2), 500);
	Size size = mul_size(sizeof(double), (Size) holdout->n_rows + 1);
	double *numbers[3];
	Tally *btyd;
	Datum *names;
	bool *name_nulls;
	int n_names;

	/* Three scores a model, two of the baselines, and what is sorted for one measure and for quintiles. */
	segment_check_memory("the backtest",
						 mul_size(5 * sizeof(double) + 2 * sizeof(SegmentScored), (Size) holdout->n_rows + 1),
						 CLV_FEWER_CUSTOMERS);
	warn_without_orders(holdout);
	btyd = segment_holdout_to_btyd(holdout);
	InitMaterializedSRF(fcinfo, 0);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &names, &name_nulls, &n_names);
	for (int i = 0; i < 3; i++)
		numbers[i] = MemoryContextAllocHuge(CurrentMemoryContext, size);
	for (int m = 0; m < n_names; m++)
	{
		SegmentBtydKind kind;
		const char *name;
		ClvModel *model;
		SegmentBtydParams params;

		if (name_nulls[m])
			segment_refuse_null_option("model");
		kind = segment_btyd_kind_of(DatumGetTextPP(names[m]));
		name = segment_clv_kind_name(kind);
		if (kind == SEGMENT_BGBB)
			check_periods(holdout);
		model = segment_clv_fit_btyd(kind, btyd, &options);
		params = segment_clv_params(model);
		for (int32 i = 0; i < holdout->n_rows; i++)
		{
			SegmentHistory history = history_of(tally_row(holdout, i));
			SegmentOutlook outlook = segment_btyd_outlook(&params, &history);

			if ((i & 0xFFF) == 0)
				CHECK_FOR_INTERRUPTS();
			numbers[0][i] = segment_outlook_orders(&outlook, holdout->horizon);
			numbers[1][i] = segment_outlook_at_least(&outlook, holdout->horizon, 1);
			numbers[2][i] = outlook.alive;
		}
		put_measures(result, holdout, psprintf("%s: expected orders", name), numbers[0], numbers[0]);
		put_measures(result, holdout, psprintf("%s: p_orders", name), NULL, numbers[1]);
		put_measures(result, holdout, psprintf("%s: p_alive", name), NULL, numbers[2]);
	}
	put_baselines(result, holdout);
	return (Datum) 0;
}

/* The model's expected orders of each history; 22023 if its unit is another. */
static double *
expected_of(const ClvModel *model, const Tally *holdout)
{
	SegmentBtydParams params = segment_clv_params(model);
	double *expected;

	/* The gain sorts two columns beside it. */
	segment_check_memory("the backtest",
						 mul_size(sizeof(double) + 2 * sizeof(SegmentScored), (Size) holdout->n_rows + 1),
						 CLV_FEWER_CUSTOMERS);
	expected = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(sizeof(double), (Size) holdout->n_rows + 1));
	if (model->unit != holdout->unit)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("units of time differ"),
				 errdetail("The unit in days is %g for the model, %g for the hold-out.", model->unit, holdout->unit),
				 errhint("Fit the model on holdout_btyd(holdout).")));
	if (model->kind == SEGMENT_BGBB)
		check_periods(holdout);
	for (int32 i = 0; i < holdout->n_rows; i++)
	{
		SegmentHistory history = history_of(tally_row(holdout, i));
		SegmentOutlook outlook = segment_btyd_outlook(&params, &history);

		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		expected[i] = segment_outlook_orders(&outlook, holdout->horizon);
	}
	return expected;
}

/* Rows of x (the last one: that many or more): customers, mean actual and expected orders of the hold-out. */
Datum
segment_backtest_calibration(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Tally *holdout = PG_GETARG_TALLY(0);
	double *expected = expected_of(PG_GETARG_CLV_MODEL(1), holdout);
	int32 classes = PG_GETARG_INT32(2);
	double *customers;
	double *sums;

	segment_check_int_range("classes", classes, 2, 1000);
	InitMaterializedSRF(fcinfo, 0);
	customers = segment_palloc0_array(double, classes);
	sums = segment_palloc0_array(double, 2 * classes);
	for (int32 i = 0; i < holdout->n_rows; i++)
	{
		const double *row = tally_row(holdout, i);
		double count = (double) tally_counts(holdout)[i];
		int x = (int) Min(row[0], classes - 1);

		customers[x] += count;
		sums[2 * x] += count * row[HOLDOUT_LATER];
		sums[2 * x + 1] += count * expected[i];
	}
	for (int x = 0; x < classes; x++)
	{
		Datum values[4];
		bool nulls[4] = {false, false, false, false};

		if (customers[x] == 0)
			continue;
		values[0] = Int32GetDatum(x);
		values[1] = Int64GetDatum((int64) customers[x]);
		values[2] = Float8GetDatum(sums[2 * x] / customers[x]);
		values[3] = Float8GetDatum(sums[2 * x + 1] / customers[x]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* Rows of deciles, best first: share of the customers, share of the actual orders and amount that they hold. */
Datum
segment_backtest_gain(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Tally *holdout = PG_GETARG_TALLY(0);
	double *expected = expected_of(PG_GETARG_CLV_MODEL(1), holdout);
	SegmentScored *scored[2];

	InitMaterializedSRF(fcinfo, 0);
	for (int j = 0; j < 2; j++)
	{
		scored[j] =
			MemoryContextAllocHuge(CurrentMemoryContext, mul_size(sizeof(SegmentScored), (Size) holdout->n_rows + 1));
		for (int32 i = 0; i < holdout->n_rows; i++)
		{
			scored[j][i].score = expected[i];
			scored[j][i].outcome = tally_row(holdout, i)[j == 0 ? HOLDOUT_LATER : HOLDOUT_AMOUNT];
			scored[j][i].count = (double) tally_counts(holdout)[i];
		}
		qsort_interruptible(scored[j], holdout->n_rows, sizeof(SegmentScored), by_score_best_first, NULL);
	}
	for (int decile = 1; decile <= 10; decile++)
	{
		double gains[2];
		Datum values[4];
		bool nulls[4] = {false, false, false, false};

		for (int j = 0; j < 2; j++)
		{
			gains[j] = segment_gain(scored[j], holdout->n_rows, decile / 10.0);
			values[2 + j] = Float8GetDatum(gains[j]);
			nulls[2 + j] = isnan(gains[j]);
		}
		values[0] = Int32GetDatum(decile);
		values[1] = Float8GetDatum(decile / 10.0);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * tracked_orders(model, btyd, after): repeat orders that the model expects of all customers, from each one's first
 * order until so long after the end of their histories (before, if after is negative).
 */
Datum
segment_tracked_orders(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	Tally *btyd = PG_GETARG_TALLY(1);
	double after = segment_interval_days(PG_GETARG_INTERVAL_P(2)) / model->unit;
	SegmentBtydParams params = segment_clv_params(model);
	SegmentOutlook outlook = segment_btyd_newcomer(&params);
	double total = 0;

	if (model->unit != btyd->unit)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("units of time differ"),
				 errdetail("The unit in days is %g for the model, %g for the histories.", model->unit, btyd->unit),
				 errhint("Make all summaries with the same unit, for example '1 week'.")));
	if (!(fabs(after) <= 1e9))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("time is out of range"),
						errdetail("It is %g units; accepted are up to 1000000000.", after),
						errhint("Pass an interval such as '39 weeks' or '-39 weeks'.")));
	for (int32 i = 0; i < btyd->n_rows; i++)
	{
		double time = tally_row(btyd, i)[2] + after;

		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (model->kind == SEGMENT_BGBB)
			time = floor(time + 1e-9);
		if (time > 0)
			total += (double) tally_counts(btyd)[i] * segment_outlook_orders(&outlook, time);
	}
	PG_RETURN_FLOAT8(total);
}
