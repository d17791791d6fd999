/*
 * predict.c: predictions for one customer: pure functions of a model and a repeat summary.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "clv/predict.h"
#include "math/btyd_fit.h"
#include "math/special.h"
#include "math/text.h"

PG_FUNCTION_INFO_V1(segment_p_alive);
PG_FUNCTION_INFO_V1(segment_expected_orders);
PG_FUNCTION_INFO_V1(segment_p_orders);
PG_FUNCTION_INFO_V1(segment_p_orders_exactly);
PG_FUNCTION_INFO_V1(segment_orders_quantile);
PG_FUNCTION_INFO_V1(segment_expected_orders_error);
PG_FUNCTION_INFO_V1(segment_next_order);
PG_FUNCTION_INFO_V1(segment_expected_next_order);
PG_FUNCTION_INFO_V1(segment_p_return);
PG_FUNCTION_INFO_V1(segment_with_covariates);
PG_FUNCTION_INFO_V1(segment_expected_orders_new);
PG_FUNCTION_INFO_V1(segment_p_orders_new);
PG_FUNCTION_INFO_V1(segment_p_orders_exactly_new);
PG_FUNCTION_INFO_V1(segment_expected_spend);
PG_FUNCTION_INFO_V1(segment_history_log_likelihood);
PG_FUNCTION_INFO_V1(segment_renewal_survival);
PG_FUNCTION_INFO_V1(segment_renewal_rate);
PG_FUNCTION_INFO_V1(segment_residual_renewals);

/* The largest number of orders that is asked for or answered. */
#define MAX_ORDERS 1000000000

SegmentHistory
segment_clv_history(const ClvModel *model, const RepeatSummary *repeat)
{
	SegmentHistory history;

	if (repeat->unit != model->unit)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("units of time differ"),
						errdetail("The unit in days is %g for the model, %g for the customer's summary.", model->unit,
								  repeat->unit),
						errhint("Make the summary with the unit of the model: ledger_repeat(ledger, as_of, unit).")));
	history.x = (double) repeat->x;
	history.t_x = repeat->t_x;
	history.t = repeat->t;
	if (model->kind == SEGMENT_BGBB && (history.t != floor(history.t) || history.t_x != floor(history.t_x) ||
										history.t_x < history.x || history.t > 10000))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("bgbb needs whole periods"),
						errdetail("The customer has x %g, t_x %g and t %g.", history.x, history.t_x, history.t),
						errhint("Summarise per period with ledger_repeat_periods(ledger, as_of, period).")));
	return history;
}

SegmentOutlook
segment_clv_outlook(const ClvModel *model, const RepeatSummary *repeat)
{
	SegmentBtydParams params = segment_clv_params(model);
	SegmentHistory history = segment_clv_history(model, repeat);

	return segment_btyd_outlook(&params, &history);
}

double
segment_clv_horizon(const ClvModel *model, const Interval *interval)
{
	double days = segment_interval_days(interval);
	double horizon = days / model->unit;

	if (!(days >= 0 && days <= 365250))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("horizon is out of range"),
						errdetail("The horizon is %g days; accepted are 0 to 1000 years.", days),
						errhint("Pass an interval such as '12 months'.")));
	if (model->kind == SEGMENT_BGBB)
	{
		if (fabs(horizon - rint(horizon)) > 1e-6 || horizon > 100000)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("bgbb predicts whole periods"),
							errdetail("The horizon is %g periods of %g days; accepted are whole numbers up to 100000.",
									  horizon, model->unit),
							errhint("Pass a multiple of the model's unit.")));
		horizon = rint(horizon);
	}
	return horizon;
}

/* p_alive(model, customer [, after]) */
Datum
segment_p_alive(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	SegmentOutlook outlook = segment_clv_outlook(model, PG_GETARG_REPEAT(1));

	if (PG_NARGS() == 2)
		PG_RETURN_FLOAT8(outlook.alive);
	PG_RETURN_FLOAT8(segment_outlook_alive(&outlook, segment_clv_horizon(model, PG_GETARG_INTERVAL_P(2))));
}

Datum
segment_expected_orders(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	SegmentOutlook outlook = segment_clv_outlook(model, PG_GETARG_REPEAT(1));

	PG_RETURN_FLOAT8(segment_outlook_orders(&outlook, segment_clv_horizon(model, PG_GETARG_INTERVAL_P(2))));
}

static void
check_n(int64 n)
{
	if (n < 0 || n > MAX_ORDERS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("n is out of range"),
						errdetail("n is " INT64_FORMAT "; accepted are 0 to %d.", n, MAX_ORDERS),
						errhint("n is a number of orders.")));
}

typedef double (*OrdersFunction)(const SegmentOutlook *outlook, double time, double n);

/* The arguments from first on: horizon, n. */
static Datum
probability(FunctionCallInfo fcinfo, const SegmentOutlook *outlook, int first, OrdersFunction function)
{
	double horizon = segment_clv_horizon(PG_GETARG_CLV_MODEL(0), PG_GETARG_INTERVAL_P(first));
	int64 n = PG_GETARG_INT64(first + 1);

	check_n(n);
	PG_RETURN_FLOAT8(function(outlook, horizon, (double) n));
}

static SegmentOutlook
newcomer(FunctionCallInfo fcinfo)
{
	SegmentBtydParams params = segment_clv_params(PG_GETARG_CLV_MODEL(0));

	return segment_btyd_newcomer(&params);
}

/* expected_orders(model, horizon): of a customer right after the first order. */
Datum
segment_expected_orders_new(PG_FUNCTION_ARGS)
{
	SegmentOutlook outlook = newcomer(fcinfo);

	PG_RETURN_FLOAT8(
		segment_outlook_orders(&outlook, segment_clv_horizon(PG_GETARG_CLV_MODEL(0), PG_GETARG_INTERVAL_P(1))));
}

/* p_orders(model, customer, horizon, n): of at least n orders. */
Datum
segment_p_orders(PG_FUNCTION_ARGS)
{
	SegmentOutlook outlook = segment_clv_outlook(PG_GETARG_CLV_MODEL(0), PG_GETARG_REPEAT(1));

	return probability(fcinfo, &outlook, 2, segment_outlook_at_least);
}

Datum
segment_p_orders_new(PG_FUNCTION_ARGS)
{
	SegmentOutlook outlook = newcomer(fcinfo);

	return probability(fcinfo, &outlook, 1, segment_outlook_at_least);
}

/* p_orders_exactly(model, customer, horizon, n) */
Datum
segment_p_orders_exactly(PG_FUNCTION_ARGS)
{
	SegmentOutlook outlook = segment_clv_outlook(PG_GETARG_CLV_MODEL(0), PG_GETARG_REPEAT(1));

	return probability(fcinfo, &outlook, 2, segment_outlook_exactly);
}

Datum
segment_p_orders_exactly_new(PG_FUNCTION_ARGS)
{
	SegmentOutlook outlook = newcomer(fcinfo);

	return probability(fcinfo, &outlook, 1, segment_outlook_exactly);
}

double
segment_clv_probability(double probability)
{
	if (!(probability > 0 && probability < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("probability is out of range"),
						errdetail("It is %g; accepted is more than 0 and less than 1.", probability),
						errhint("Pass a fraction such as 0.5.")));
	return probability;
}

/* The smallest n with P(at most n orders) >= probability: at most 60 looks at the distribution. */
Datum
segment_orders_quantile(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	SegmentOutlook outlook = segment_clv_outlook(model, PG_GETARG_REPEAT(1));
	double horizon = segment_clv_horizon(model, PG_GETARG_INTERVAL_P(2));
	double more = 1 - segment_clv_probability(PG_GETARG_FLOAT8(3));
	double low = -1; /* P(at most low) < probability */
	double high = 0;

	/* P(at least n + 1) falls with n: double, then halve. */
	while (segment_outlook_at_least(&outlook, horizon, high + 1) > more)
	{
		CHECK_FOR_INTERRUPTS();
		if (high >= MAX_ORDERS)
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("quantile of orders is out of range"),
							errdetail("It is more than %d orders within the horizon.", MAX_ORDERS),
							errhint("Pass a shorter horizon, and check the parameters of the model.")));
		low = high;
		high = fmin(2 * high + 1, MAX_ORDERS);
	}
	while (high - low > 1)
	{
		double middle = floor((low + high) / 2);

		CHECK_FOR_INTERRUPTS();
		if (segment_outlook_at_least(&outlook, horizon, middle + 1) > more)
			low = middle;
		else
			high = middle;
	}
	PG_RETURN_INT64((int64) high);
}

/*
 * Standard error of expected_orders that comes from the parameters' alone (delta method); a single customer's orders
 * scatter far more: see orders_quantile. NULL for a model without covariance.
 */
Datum
segment_expected_orders_error(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	SegmentBtydParams params = segment_clv_params(model);
	SegmentHistory history = segment_clv_history(model, PG_GETARG_REPEAT(1));
	double horizon = segment_clv_horizon(model, PG_GETARG_INTERVAL_P(2));
	double slope[SEGMENT_BTYD_MAX_PARAMS];
	double variance = 0;

	if (!model->has_covariance)
		PG_RETURN_NULL();
	for (int i = 0; i < model->n_params; i++)
	{
		double step = 1e-5 * params.p[i];
		SegmentBtydParams moved = params;
		SegmentOutlook outlook;

		moved.p[i] = params.p[i] + step;
		outlook = segment_btyd_outlook(&moved, &history);
		slope[i] = segment_outlook_orders(&outlook, horizon);
		moved.p[i] = params.p[i] - step;
		outlook = segment_btyd_outlook(&moved, &history);
		slope[i] = (slope[i] - segment_outlook_orders(&outlook, horizon)) / (2 * step);
	}
	for (int i = 0; i < model->n_params; i++)
		for (int j = 0; j < model->n_params; j++)
			variance +=
				slope[i] * slope[j] * clv_covariance(model)[i >= j ? SEGMENT_TRIANGLE(i, j) : SEGMENT_TRIANGLE(j, i)];
	PG_RETURN_FLOAT8(sqrt(fmax(variance, 0)));
}

/* Days within which the next order comes with a probability; NULL if it never gets that probable. */
Datum
segment_next_order(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	SegmentOutlook outlook = segment_clv_outlook(model, PG_GETARG_REPEAT(1));
	double wait = segment_outlook_wait(&outlook, segment_clv_probability(PG_GETARG_FLOAT8(2)));

	if (!isfinite(wait * model->unit))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(wait * model->unit);
}

/* Mean days until the next order, given that it comes within the horizon; NULL for a horizon of 0. */
Datum
segment_expected_next_order(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	SegmentOutlook outlook = segment_clv_outlook(model, PG_GETARG_REPEAT(1));
	double wait = segment_outlook_mean_wait(&outlook, segment_clv_horizon(model, PG_GETARG_INTERVAL_P(2)));

	if (isnan(wait))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(wait * model->unit);
}

/* Probability that another order ever comes. */
Datum
segment_p_return(PG_FUNCTION_ARGS)
{
	SegmentOutlook outlook = segment_clv_outlook(PG_GETARG_CLV_MODEL(0), PG_GETARG_REPEAT(1));

	PG_RETURN_FLOAT8(segment_outlook_returns(&outlook));
}

/* The log-likelihood of one history. */
Datum
segment_history_log_likelihood(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	SegmentBtydParams params = segment_clv_params(model);
	SegmentHistory history = segment_clv_history(model, PG_GETARG_REPEAT(1));

	PG_RETURN_FLOAT8(segment_btyd_log_likelihood(&params, &history, NULL));
}

/*
 * The covariance of the parameters of a customer with covariates z (delta method). Each is its natural parameter times
 * exp of a sum over z: slopes are the ratio of the two, and for each coefficient the parameter times z, or minus that.
 */
static void
move_covariance(const ClvModel *model, const float8 *z, ClvModel *result)
{
	int n = model->n_covariates;
	int natural = segment_clv_natural(model->kind);
	double slope[SEGMENT_BTYD_MAX_PARAMS][SEGMENT_FIT_MAX_PARAMS] = {{0}};

	for (int i = 0; i < natural; i++)
	{
		double p = result->params[i];

		slope[i][i] = p / model->params[i];
		for (int j = 0; j < n; j++)
		{
			if (i == 1)
				slope[i][natural + j] = -p * z[j];
			else if (i == 3 && model->kind == SEGMENT_PARETO_NBD)
				slope[i][natural + n + j] = -p * z[j];
			else if (i == 2 && model->kind != SEGMENT_PARETO_NBD)
				slope[i][natural + n + j] = p * z[j];
		}
	}
	for (int i = 0; i < natural; i++)
		for (int j = 0; j <= i; j++)
		{
			double sum = 0;

			for (int k = 0; k < model->n_params; k++)
				for (int l = 0; l < model->n_params; l++)
					sum += slope[i][k] * slope[j][l] *
						   clv_covariance(model)[k >= l ? SEGMENT_TRIANGLE(k, l) : SEGMENT_TRIANGLE(l, k)];
			if (i == j)
				sum = fmax(sum, 0);
			result->params[natural + SEGMENT_TRIANGLE(i, j)] = segment_positive_zero(isfinite(sum) ? sum : 0);
		}
}

/* The model of a customer with these covariates: one with given parameters and no covariates. */
Datum
segment_with_covariates(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(1);
	int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	int natural = segment_clv_natural(model->kind);
	const float8 *values = (const float8 *) ARR_DATA_PTR(array);
	double theta[SEGMENT_FIT_MAX_PARAMS];
	SegmentBtydParams params;
	ClvModel *result;

	if (n != model->n_covariates || array_contains_nulls(array))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("wrong number of covariates"),
						errdetail("The model was fitted with %d, the customer has %d; none may be NULL.",
								  model->n_covariates, n),
						errhint("Pass them in the order that btyd_agg got them.")));
	for (int i = 0; i < n; i++)
		if (!(fabs(values[i]) <= 1e6))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("covariate is out of range"),
							errdetail("It is %g; accepted are -1000000 to 1000000.", values[i]),
							errhint("Scale covariates to numbers around 1.")));
	for (int i = 0; i < model->n_params; i++)
		theta[i] = i < natural ? log(model->params[i]) : model->params[i];
	segment_btyd_params_of((SegmentBtydKind) model->kind, theta, n, values, &params);
	result = segment_clv_new(model->kind, 0, model->has_covariance);
	result->unit = model->unit;
	for (int i = 0; i < natural; i++)
		result->params[i] = fmin(fmax(params.p[i], 1e-16), 1e16);
	if (model->has_covariance)
		move_covariance(model, values, result);
	PG_RETURN_POINTER(result);
}

bool
segment_clv_spend(const ClvModel *model, const RepeatSummary *repeat, double *spend)
{
	double purchases;
	double mean;

	if (!segment_repeat_mean_spend(repeat, model->with_first, &purchases, &mean))
		return false;
	/* A mean that the model cannot produce says nothing: fall back to the population's mean. */
	if (purchases > 0 && mean <= 0)
		purchases = 0;
	*spend = segment_gamma_gamma_expected(model->params[0], model->params[1], model->params[2], purchases, mean);
	return isfinite(*spend);
}

Datum
segment_expected_spend(PG_FUNCTION_ARGS)
{
	double spend;

	if (!segment_clv_spend(PG_GETARG_CLV_MODEL(0), PG_GETARG_REPEAT(1), &spend))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(spend);
}

static double
renewals_arg(FunctionCallInfo fcinfo)
{
	int32 n = PG_GETARG_INT32(1);

	if (n < 0 || n > 1000000)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("number of renewals is out of range"),
				 errdetail("It is %d; accepted are 0 to 1000000.", n), errhint("Count renewals since the start.")));
	return n;
}

/* log of P(still there after n renewals) = B(alpha, beta + n) / B(alpha, beta). */
static double
log_survival(const ClvModel *model, double n)
{
	return segment_log_gamma_ratio(model->params[1], n) -
		   segment_log_gamma_ratio(model->params[0] + model->params[1], n);
}

Datum
segment_renewal_survival(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(exp(log_survival(PG_GETARG_CLV_MODEL(0), renewals_arg(fcinfo))));
}

/* Share of those with n renewals who renew again. */
Datum
segment_renewal_rate(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	double n = renewals_arg(fcinfo);

	PG_RETURN_FLOAT8((model->params[1] + n) / (model->params[0] + model->params[1] + n));
}

/*
 * Expected further renewals of a customer who has renewed n times, discounted by (1 + discount) per period, for
 * discount > 0 (Fader & Hardie 2010, without the renewal due now).
 */
Datum
segment_residual_renewals(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	double n = renewals_arg(fcinfo);
	double discount = PG_GETARG_FLOAT8(2);
	double survive = 1;
	double total = 0;

	if (!(discount >= 1e-6 && discount <= 1000))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("discount per period is out of range"),
						errdetail("It is %g; accepted are 0.000001 to 1000.", discount),
						errhint("Without a discount the sum has no end.")));
	for (double i = n; survive > 1e-17 * total * discount; i++)
	{
		if (fmod(i, 65536) == 0)
			CHECK_FOR_INTERRUPTS();
		survive *= (model->params[1] + i) / (model->params[0] + model->params[1] + i) / (1 + discount);
		total += survive;
	}
	PG_RETURN_FLOAT8(total);
}
