/*
 * fit.c: bgnbd(btyd), mbgnbd(btyd), pareto_nbd(btyd), bgbb(btyd), nbd(btyd), gamma_gamma(spend_summary), sbg(bigint[]).
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "clv/tally.h"
#include "clv/fit.h"
#include "core/error.h"
#include "core/memory.h"

PG_FUNCTION_INFO_V1(segment_nbd);
PG_FUNCTION_INFO_V1(segment_bgnbd);
PG_FUNCTION_INFO_V1(segment_mbgnbd);
PG_FUNCTION_INFO_V1(segment_pareto_nbd);
PG_FUNCTION_INFO_V1(segment_bgbb);
PG_FUNCTION_INFO_V1(segment_gamma_gamma);
PG_FUNCTION_INFO_V1(segment_sbg);

/* More distinct times than there are days in a hundred years. */
#define USUAL_TIMES 65536

/* The default of max_iter, and its limit. */
#define USUAL_ITERATIONS 500
#define MOST_ITERATIONS 100000

/* liblbfgs holds memory of its own, so a fit must return normally before it can be cancelled. */
static bool
cancel_requested(void *arg)
{
	(void) arg;
	return InterruptPending && (QueryCancelPending || ProcDiePending);
}

SegmentFitOptions
segment_clv_fit_options(double penalty, int32 max_iter)
{
	SegmentFitOptions options;

	if (!(penalty >= 0 && penalty <= 1e6))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("penalty is out of range"),
						errdetail("penalty is %g; accepted are 0 to 1000000.", penalty),
						errhint("0 is maximum likelihood; 0.001 to 0.1 is usual.")));
	segment_check_int_range("max_iter", max_iter, 1, MOST_ITERATIONS);
	options.penalty = penalty;
	options.max_iterations = max_iter;
	options.poll = cancel_requested;
	options.poll_arg = NULL;
	return options;
}

/* Work space of a fit, checked. */
static void *
work_space(Size size)
{
	segment_check_memory("the fit", size, CLV_FEWER_CUSTOMERS);
	return MemoryContextAllocHuge(CurrentMemoryContext, size);
}

/* A penalty that determines what so few customers leave open: logs to a factor of ten, and no less than is usual. */
static double
helpful_penalty(double penalty, double customers)
{
	return fmax(fmax(0.001, 0.1 / customers), 10 * penalty);
}

/*
 * The covariance of the natural parameters from that of their logs; false if there is none, or if one of its numbers
 * has left the range of a double: then the model has no standard errors.
 */
static bool
natural_covariance(const SegmentFit *fit, int natural, const double *params, double *covariance)
{
	for (int i = 0; i < fit->n_params && fit->has_covariance; i++)
		for (int j = 0; j <= i; j++)
		{
			double *element = &covariance[SEGMENT_TRIANGLE(i, j)];

			*element = segment_positive_zero(fit->covariance[SEGMENT_TRIANGLE(i, j)] * (i < natural ? params[i] : 1) *
											 (j < natural ? params[j] : 1));
			if (!isfinite(*element) || (i == j && *element < 0))
				return false;
		}
	return fit->has_covariance;
}

/* Warns of a fit that did not converge: why, and what helps. */
static void
warn_of_fit(int kind, const SegmentFitOptions *options, double customers, const SegmentFit *fit, bool has_covariance)
{
	const char *errors = has_covariance ? "doubtful" : "no";
	const char *detail;

	if (fit->status == SEGMENT_FIT_CONVERGED)
		return;
	if (fit->status == SEGMENT_FIT_NO_OPTIMUM)
	{
		ereport(WARNING,
				(errcode(ERRCODE_WARNING), errmsg("%s has no optimum", segment_clv_kind_name(kind)),
				 errdetail("No customer has a repeat purchase: the likelihood rises for ever as orders get rarer."),
				 errhint("Observe longer, or take in customers who came back.")));
		return;
	}
	if (fit->status == SEGMENT_FIT_NOBODY_LEAVES)
	{
		ereport(WARNING, (errcode(ERRCODE_WARNING),
						  errmsg("%s: nobody among these customers seems to leave", segment_clv_kind_name(kind)),
						  errdetail("nbd, a model without leaving, fits as well. Predictions are those of nbd; p_alive "
									"is near 1 and tells hardly anybody apart."),
						  errhint("Fit nbd to these data, or observe longer; rank customers by expected_orders.")));
		return;
	}
	if (fit->status == SEGMENT_FIT_MAX_ITERATIONS)
		detail = psprintf("It stopped after max_iter iterations, before the likelihood was highest; there are %s "
						  "standard errors.",
						  errors);
	else if (fit->status == SEGMENT_FIT_BOUNDARY)
		detail = "The likelihood is highest where a parameter is zero or infinite; there are no standard errors.";
	else if (fit->status == SEGMENT_FIT_FLAT)
		detail = "The data do not determine all parameters; there are no standard errors.";
	else
		detail = psprintf("No step from the last parameters makes the likelihood higher, but its slope is not zero; "
						  "there are %s standard errors.",
						  errors);
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("%s did not converge: %s", segment_clv_kind_name(kind), segment_clv_status_name(fit->status)),
			 errdetail("%s", detail),
			 fit->status == SEGMENT_FIT_MAX_ITERATIONS && options->max_iterations < MOST_ITERATIONS
				 ? errhint("Pass max_iter => %d.",
						   Min(Max(USUAL_ITERATIONS, 10 * options->max_iterations), MOST_ITERATIONS))
				 : errhint("Pass penalty => %g: it draws parameters that the data leave open toward the scale of the "
						   "data.%s",
						   helpful_penalty(options->penalty, customers),
						   segment_clv_family(kind) == CLV_BTYD_MODEL ? " btyd_check says what a sample lacks." : "")));
}

/* Natural parameters and their covariance from those of the logs; warns if the fit did not converge. */
static ClvModel *
model_of_fit(int kind, int n_covariates, const SegmentFitOptions *options, double customers, const SegmentFit *fit)
{
	int natural = segment_clv_natural(kind);
	double params[SEGMENT_FIT_MAX_PARAMS];
	double covariance[SEGMENT_FIT_TRIANGLE];
	bool has_covariance;
	ClvModel *model;

	/* Serves the cancel that stopped the fit. */
	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < fit->n_params; i++)
		params[i] = segment_positive_zero(i < natural ? fmin(fmax(exp(fit->theta[i]), 1e-16), 1e16)
													  : fmin(fmax(fit->theta[i], -1e6), 1e6));
	has_covariance = natural_covariance(fit, natural, params, covariance);
	model = segment_clv_new(kind, n_covariates, has_covariance);
	memcpy(model->params, params, sizeof(double) * model->n_params);
	if (has_covariance)
		memcpy(model->params + model->n_params, covariance,
			   sizeof(double) * model->n_params * (model->n_params + 1) / 2);
	model->status = (uint8) fit->status;
	model->iterations = fit->iterations;
	model->evaluations = fit->evaluations;
	model->log_likelihood = segment_positive_zero(isfinite(fit->log_likelihood) ? fit->log_likelihood : 0);
	model->gradient_norm = segment_positive_zero(isfinite(fit->gradient_norm) ? fit->gradient_norm : 1e308);
	if (fit->status == SEGMENT_FIT_BOUNDARY)
		model->warnings |= CLV_WARN_BOUNDARY;
	else if (fit->status == SEGMENT_FIT_FLAT)
		model->warnings |= CLV_WARN_FLAT;
	else if (fit->status == SEGMENT_FIT_NO_OPTIMUM)
		model->warnings |= CLV_WARN_NO_REPEATERS;
	else if (fit->status == SEGMENT_FIT_NOBODY_LEAVES)
		model->warnings |= CLV_WARN_NOBODY_LEAVES;
	else if (fit->status != SEGMENT_FIT_CONVERGED)
		model->warnings |= CLV_WARN_NOT_CONVERGED;
	warn_of_fit(kind, options, customers, fit, has_covariance);
	return model;
}

ClvModel *
segment_clv_fit_btyd(int kind, const Tally *btyd, const SegmentFitOptions *options)
{
	SegmentBtydTally tally;
	SegmentFit fit;
	ClvModel *model;
	/* Summaries of whole days have few distinct times; room for as many as there can be is taken only if needed. */
	size_t max_times = Min(2 * (size_t) btyd->n_rows, USUAL_TIMES);
	void *work = NULL;

	if (btyd->n_rows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("there are no customers to fit"),
				 errdetail("The btyd value is empty."), errhint("Check the query that collects the summaries.")));
	if (btyd->n_covariates > 0 && (kind == SEGMENT_NBD || kind == SEGMENT_BGBB))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("%s has no covariates", segment_clv_kind_name(kind)),
				 errdetail("The customers have %d covariates each.", btyd->n_covariates),
				 errhint("Fit bgnbd, mbgnbd or pareto_nbd, or collect the customers without covariates.")));
	for (int32 i = 0; i < btyd->n_rows && kind == SEGMENT_BGBB; i++)
	{
		const double *row = tally_row(btyd, i);

		if (row[1] != floor(row[1]) || row[2] != floor(row[2]) || row[1] < row[0] || row[2] > 10000)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("bgbb needs whole periods"),
							errdetail("A customer has x %g, t_x %g and t %g; accepted are whole numbers with x <= t_x, "
									  "and t up to 10000.",
									  row[0], row[1], row[2]),
							errhint("Summarise per period with ledger_repeat_periods(ledger, as_of, period).")));
	}
	tally.n_rows = btyd->n_rows;
	tally.n_covariates = btyd->n_covariates;
	tally.numbers = tally_row(btyd, 0);
	tally.counts = tally_counts(btyd);
	for (;; max_times = 2 * (size_t) btyd->n_rows)
	{
		bool done;

		if (segment_btyd_uses_tables((SegmentBtydKind) kind, &tally))
			work = work_space(segment_btyd_work_size(&tally, max_times));
		done = segment_btyd_fit((SegmentBtydKind) kind, &tally, options, work, max_times, &fit);
		if (work != NULL)
			pfree(work);
		if (done)
			break;
	}
	model = model_of_fit(kind, btyd->n_covariates, options, (double) segment_tally_customers(btyd), &fit);
	model->unit = btyd->unit;
	model->n_histories = btyd->n_rows;
	model->customers = segment_tally_customers(btyd);
	model->penalty = options->penalty;
	return model;
}

static Datum
fit_btyd(FunctionCallInfo fcinfo, int kind)
{
	SegmentFitOptions options = segment_clv_fit_options(PG_GETARG_FLOAT8(1), PG_GETARG_INT32(2));

	PG_RETURN_POINTER(segment_clv_fit_btyd(kind, PG_GETARG_TALLY(0), &options));
}

Datum
segment_nbd(PG_FUNCTION_ARGS)
{
	return fit_btyd(fcinfo, SEGMENT_NBD);
}

Datum
segment_bgnbd(PG_FUNCTION_ARGS)
{
	return fit_btyd(fcinfo, SEGMENT_BGNBD);
}

Datum
segment_mbgnbd(PG_FUNCTION_ARGS)
{
	return fit_btyd(fcinfo, SEGMENT_MBGNBD);
}

Datum
segment_pareto_nbd(PG_FUNCTION_ARGS)
{
	return fit_btyd(fcinfo, SEGMENT_PARETO_NBD);
}

Datum
segment_bgbb(PG_FUNCTION_ARGS)
{
	return fit_btyd(fcinfo, SEGMENT_BGBB);
}

/* Correlation of number of purchases and mean spend: Gamma-Gamma takes them for independent. */
static double
correlation_of(const Tally *spend)
{
	double n = (double) segment_tally_customers(spend);
	double mean[2] = {0, 0};
	double square[2] = {0, 0};
	double both = 0;

	for (int32 i = 0; i < spend->n_rows; i++)
		for (int j = 0; j < 2; j++)
			mean[j] += tally_row(spend, i)[j] * (double) tally_counts(spend)[i] / n;
	for (int32 i = 0; i < spend->n_rows; i++)
	{
		double count = (double) tally_counts(spend)[i];
		double x = tally_row(spend, i)[0] - mean[0];
		double m = tally_row(spend, i)[1] - mean[1];

		square[0] += count * x * x;
		square[1] += count * m * m;
		both += count * x * m;
	}
	if (!(square[0] > 0 && square[1] > 0))
		return 0;
	return fmax(-1, fmin(1, both / sqrt(square[0]) / sqrt(square[1])));
}

Datum
segment_gamma_gamma(PG_FUNCTION_ARGS)
{
	Tally *spend = PG_GETARG_TALLY(0);
	SegmentFitOptions options = segment_clv_fit_options(PG_GETARG_FLOAT8(1), PG_GETARG_INT32(2));
	SegmentFit fit;
	ClvModel *model;

	if (spend->n_rows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("there are no customers to fit"),
				 errdetail("No customer has a positive mean spend of repeat purchases; skipped were " INT64_FORMAT ".",
						   spend->skipped),
				 errhint("spend_agg(summary, true) takes the first purchase too.")));
	segment_gamma_gamma_fit(spend->n_rows, tally_row(spend, 0), tally_counts(spend), &options, &fit);
	model = model_of_fit(CLV_GAMMA_GAMMA, 0, &options, (double) segment_tally_customers(spend), &fit);
	model->n_histories = spend->n_rows;
	model->customers = segment_tally_customers(spend);
	model->skipped = spend->skipped;
	model->with_first = spend->with_first;
	model->penalty = options.penalty;
	model->correlation = segment_positive_zero(correlation_of(spend));
	if (model->params[1] <= 1)
		model->warnings |= CLV_WARN_NO_MEAN;
	if (fabs(model->correlation) > 0.3)
		model->warnings |= CLV_WARN_CORRELATED;
	PG_RETURN_POINTER(model);
}

/* sbg(active): customers at the start, and still there after each renewal. */
Datum
segment_sbg(PG_FUNCTION_ARGS)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
	SegmentFitOptions options = segment_clv_fit_options(PG_GETARG_FLOAT8(1), PG_GETARG_INT32(2));
	int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const int64 *counts = (const int64 *) ARR_DATA_PTR(array);
	double *active;
	SegmentFit fit;
	ClvModel *model;

	if (ARR_NDIM(array) != 1 || n < 3 || n > 10000 || array_contains_nulls(array))
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("wrong number of counts"),
						errdetail("There are %d; accepted are 3 to 10000 in one dimension, without NULL.", n),
						errhint("Pass the customers at the start and after each renewal: ARRAY[1000, 869, 743].")));
	active = segment_palloc_array(double, n);
	for (int i = 0; i < n; i++)
	{
		if (counts[i] < 0 || counts[i] > INT64CONST(1000000000000000) || counts[0] == 0 ||
			(i > 0 && counts[i] > counts[i - 1]))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("counts of a cohort must not rise"),
							errdetail("Element %d is " INT64_FORMAT ".", i + 1, counts[i]),
							errhint("Pass one cohort: how many of those who started are left after each renewal.")));
		active[i] = (double) counts[i];
	}
	segment_sbg_fit(n, active, &options, &fit);
	model = model_of_fit(CLV_SBG, 0, &options, (double) counts[0], &fit);
	model->n_histories = n;
	model->customers = counts[0];
	model->penalty = options.penalty;
	PG_RETURN_POINTER(model);
}
