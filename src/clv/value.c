/*
 * value.c: discounted orders, and what they are worth.
 *
 * The annual discount is effective: an order one year ahead counts 1 / (1 + discount). Continuous timing discounts
 * each order from its own moment; period_end discounts all orders of a step from the end of that step.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"

#include "clv/predict.h"
#include "core/option.h"
#include "math/distribution.h"

PG_FUNCTION_INFO_V1(segment_discounted_orders);
PG_FUNCTION_INFO_V1(segment_residual_orders);
PG_FUNCTION_INFO_V1(segment_clv);
PG_FUNCTION_INFO_V1(segment_residual_value);
PG_FUNCTION_INFO_V1(segment_clv_quantile);

#define DAYS_PER_YEAR_MEAN 365.25

/* More steps than this are an oversight. */
#define MAX_STEPS 100000

/* Numbers of orders that a quantile of value adds up at most; what lies beyond TAIL is left out. */
#define MAX_VALUE_ORDERS 100000
#define VALUE_TAIL 1e-11

/* log(1 + annual discount) per unit of the model. */
static double
discount_per_unit(const ClvModel *model, double annual, double lowest)
{
	if (!(annual >= lowest && annual <= 1000))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("annual discount is out of range"),
						errdetail("It is %g; accepted are %g to 1000.", annual, lowest),
						errhint("10 per cent a year are 0.1.%s",
								lowest > 0 ? " Without a discount an infinite horizon has no finite value." : "")));
	return log1p(annual) * model->unit / DAYS_PER_YEAR_MEAN;
}

static const char *const timing_words[] = {"continuous", "period_end"};

/* 1: period_end. */
static const SegmentOption timing_option = {
	"timing", timing_words, lengthof(timing_words),
	"continuous discounts each order from its own moment, period_end from the end of its step."};

/* Discounted orders within horizon, in steps if step > 0 (the last one may be shorter). */
static double
discounted(const SegmentOutlook *outlook, double horizon, double discount, double step)
{
	double before = 0;
	double total = 0;
	int steps;

	if (step <= 0)
		return segment_outlook_discounted(outlook, horizon, discount);
	if (horizon / step > MAX_STEPS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("too many steps"),
						errdetail("The horizon is %g steps long; accepted are up to %d.", horizon / step, MAX_STEPS),
						errhint("Pass a longer step such as '1 month', or timing continuous.")));
	steps = (int) ceil(horizon / step - 1e-9);
	for (int i = 1; i <= steps; i++)
	{
		double end = fmin(i * step, horizon);
		double orders;

		CHECK_FOR_INTERRUPTS();
		orders = segment_outlook_orders(outlook, end);

		total += (orders - before) * exp(-discount * end);
		before = orders;
	}
	return total;
}

/* Arguments from first on: horizon, annual_discount; then timing and step from timing_arg on. */
static double
orders_of_args(FunctionCallInfo fcinfo, int first, int timing_arg)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	SegmentOutlook outlook = segment_clv_outlook(model, PG_GETARG_REPEAT(first - 1));
	double horizon = segment_clv_horizon(model, PG_GETARG_INTERVAL_P(first));
	double discount = discount_per_unit(model, PG_GETARG_FLOAT8(first + 1), 0);
	double step = 0;

	if (segment_option_arg(fcinfo, timing_arg, &timing_option) == 1)
		step = segment_unit_days(PG_GETARG_INTERVAL_P(timing_arg + 1)) / model->unit;
	if (step > 0 && model->kind == SEGMENT_BGBB && step != rint(step))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("bgbb predicts whole periods"),
						errdetail("A step is %g periods of %g days.", step, model->unit),
						errhint("Pass a multiple of the model's unit.")));
	return discounted(&outlook, horizon, discount, step);
}

static double
margin_of(double margin)
{
	if (!(margin >= -1000 && margin <= 1000))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("margin rate is out of range"),
						errdetail("It is %g; accepted are -1000 to 1000.", margin),
						errhint("A margin of 40 per cent of revenue is 0.4; 1 gives revenue.")));
	return margin;
}

/* discounted_orders(model, customer, horizon, annual_discount, timing, step) */
Datum
segment_discounted_orders(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(orders_of_args(fcinfo, 2, 4));
}

/* residual_orders(model, customer, annual_discount): over an infinite horizon, continuously discounted (DERT). */
Datum
segment_residual_orders(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	SegmentOutlook outlook = segment_clv_outlook(model, PG_GETARG_REPEAT(1));

	PG_RETURN_FLOAT8(
		segment_outlook_discounted(&outlook, INFINITY, discount_per_unit(model, PG_GETARG_FLOAT8(2), 1e-6)));
}

/* clv(model, spend, customer, horizon, annual_discount, margin_rate, timing, step) */
Datum
segment_clv(PG_FUNCTION_ARGS)
{
	double orders = orders_of_args(fcinfo, 3, 6);
	double margin = margin_of(PG_GETARG_FLOAT8(5));
	double spend;

	if (!segment_clv_spend(PG_GETARG_CLV_MODEL(1), PG_GETARG_REPEAT(2), &spend))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(orders * spend * margin);
}

/* residual_value(model, spend, customer, annual_discount, margin_rate) */
Datum
segment_residual_value(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	SegmentOutlook outlook = segment_clv_outlook(model, PG_GETARG_REPEAT(2));
	double discount = discount_per_unit(model, PG_GETARG_FLOAT8(3), 1e-6);
	double margin = margin_of(PG_GETARG_FLOAT8(4));
	double spend;

	if (!segment_clv_spend(PG_GETARG_CLV_MODEL(1), PG_GETARG_REPEAT(2), &spend))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(segment_outlook_discounted(&outlook, INFINITY, discount) * spend * margin);
}

/* Of the amount of a customer's orders within a horizon. */
typedef struct ValueDistribution
{
	int n;			/* orders that are looked at: 0 to n - 1 */
	double *orders; /* probability of so many */
	double shape;	/* p: an order is Gamma(p, rate) */
	double rate_shape;
	double rate_scale; /* rate ~ Gamma(rate_shape, rate_scale), given the customer's orders so far */
} ValueDistribution;

/*
 * P(amount <= s): n orders add up to Gamma(p n, rate), so that amount / (amount + rate_scale) is Beta(p n, rate_shape)
 * (Fader, Hardie 2013, "The Gamma-Gamma Model of Monetary Value").
 */
static double
value_at_most(const ValueDistribution *d, double s)
{
	double x = s / (s + d->rate_scale);
	double sum = d->orders[0];

	for (int n = 1; n < d->n; n++)
	{
		double lower;
		double upper;

		if ((n & 0xFF) == 0)
			CHECK_FOR_INTERRUPTS();
		segment_beta_tails(d->shape * n, d->rate_shape, x, d->rate_scale / (s + d->rate_scale), &lower, &upper);
		sum += d->orders[n] * lower;
	}
	return sum;
}

/* Probabilities of 0, 1, ... orders within the horizon, up to where hardly any is left. */
static void
orders_distribution(const SegmentOutlook *outlook, double horizon, ValueDistribution *d)
{
	double left = 1;
	int room = 64;

	d->orders = palloc(sizeof(double) * room);
	for (d->n = 0; left > VALUE_TAIL; d->n++)
	{
		CHECK_FOR_INTERRUPTS();
		if (d->n == MAX_VALUE_ORDERS)
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("quantile of value is out of range"),
					 errdetail("The customer may have more than %d orders within the horizon.", MAX_VALUE_ORDERS),
					 errhint("Pass a shorter horizon, and check the parameters of the model.")));
		if (d->n == room)
			d->orders = repalloc(d->orders, sizeof(double) * (room *= 2));
		d->orders[d->n] = segment_outlook_exactly(outlook, horizon, d->n);
		left -= d->orders[d->n];
	}
}

/* The amount that is not exceeded with a probability above that of no order: by regula falsi (Illinois). */
static double
value_quantile(const ValueDistribution *d, double probability, double guess)
{
	double low = 0;
	double high = guess;
	double miss_low = d->orders[0] - probability;
	double miss_high = value_at_most(d, high) - probability;
	int side = 0;

	for (; miss_high < 0 && high < 1e300; miss_high = value_at_most(d, high) - probability)
	{
		low = high;
		miss_low = miss_high;
		high *= 2;
	}
	for (int i = 0; i < 200 && high - low > 1e-12 * high && miss_high > 0; i++)
	{
		/* Each eighth step halves, should the others get nowhere. */
		double middle = i % 8 == 7 ? low + (high - low) / 2 : low + (high - low) * (miss_low / (miss_low - miss_high));
		double miss = value_at_most(d, middle) - probability;

		if (miss < 0)
		{
			low = middle;
			miss_low = miss;
			if (side < 0)
				miss_high /= 2;
			side = -1;
		}
		else
		{
			high = middle;
			miss_high = miss;
			if (side > 0)
				miss_low /= 2;
			side = 1;
		}
	}
	return high;
}

/*
 * clv_quantile(model, spend, customer, horizon, probability, margin_rate): the amount that the customer's orders within
 * the horizon add up to at most with a probability, times the margin rate; not discounted. NULL as clv.
 */
Datum
segment_clv_quantile(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	ClvModel *spend = PG_GETARG_CLV_MODEL(1);
	RepeatSummary *repeat = PG_GETARG_REPEAT(2);
	SegmentOutlook outlook = segment_clv_outlook(model, repeat);
	double horizon = segment_clv_horizon(model, PG_GETARG_INTERVAL_P(3));
	double probability = segment_clv_probability(PG_GETARG_FLOAT8(4));
	double margin = margin_of(PG_GETARG_FLOAT8(5));
	ValueDistribution d;
	double expected;
	double orders;
	double mean;

	if (!segment_clv_spend(spend, repeat, &expected) ||
		!segment_repeat_mean_spend(repeat, spend->with_first, &orders, &mean))
		PG_RETURN_NULL();
	/* As expected_spend: a mean that the model cannot produce says nothing. */
	if (orders > 0 && mean <= 0)
		orders = 0;
	d.shape = spend->params[0];
	d.rate_shape = spend->params[1] + spend->params[0] * orders;
	d.rate_scale = spend->params[2] + (orders > 0 ? orders * mean : 0);
	/* A loss is greatest where most is sold. */
	if (margin < 0)
		probability = 1 - probability;
	orders_distribution(&outlook, horizon, &d);
	PG_RETURN_FLOAT8(d.orders[0] >= probability ? 0 : value_quantile(&d, probability, expected) * margin);
}
