/*
 * btyd_simulate.c: draws customers' orders from the buy-till-you-die models.
 */
#include "math/btyd_simulate.h"

#include <math.h>

/* Uniform in (0, 1). */
static double
open_uniform(SegmentRng *rng)
{
	return segment_rng_double(rng) + 0x1p-54;
}

static double
exponential(SegmentRng *rng)
{
	return -log(open_uniform(rng));
}

/* Standard normal, by the polar method. */
static double
normal(SegmentRng *rng)
{
	for (;;)
	{
		double u = 2 * open_uniform(rng) - 1;
		double v = 2 * open_uniform(rng) - 1;
		double s = u * u + v * v;

		if (s > 0 && s < 1)
			return u * sqrt(-2 * log(s) / s);
	}
}

double
segment_rng_gamma(SegmentRng *rng, double shape)
{
	double d;
	double c;

	if (shape < 1)
		return segment_rng_gamma(rng, shape + 1) * pow(open_uniform(rng), 1 / shape);
	d = shape - 1.0 / 3;
	c = 1 / sqrt(9 * d);
	for (;;)
	{
		double x = normal(rng);
		double v = 1 + c * x;

		if (v <= 0)
			continue;
		v = v * v * v;
		if (log(open_uniform(rng)) < 0.5 * x * x + d - d * v + d * log(v))
			return d * v;
	}
}

double
segment_rng_beta(SegmentRng *rng, double a, double b)
{
	double x = segment_rng_gamma(rng, a);
	double y = segment_rng_gamma(rng, b);

	/* Both underflow for tiny shapes: then the draw is 0 or 1, with the odds of the shapes. */
	if (x + y == 0)
		return segment_rng_double(rng) * (a + b) < a ? 1 : 0;
	return x / (x + y);
}

SegmentBuyer
segment_buyer_start(const SegmentBtydParams *params, SegmentRng rng)
{
	SegmentBuyer buyer;

	buyer.kind = params->kind;
	buyer.rng = rng;
	buyer.now = 0;
	buyer.leave = 0;
	buyer.leaves_at = INFINITY;
	if (params->kind == SEGMENT_BGBB)
	{
		buyer.rate = segment_rng_beta(&buyer.rng, params->p[0], params->p[1]);
		buyer.leave = segment_rng_beta(&buyer.rng, params->p[2], params->p[3]);
		return buyer;
	}
	buyer.rate = segment_rng_gamma(&buyer.rng, params->p[0]) / params->p[1];
	if (params->kind == SEGMENT_BGNBD || params->kind == SEGMENT_MBGNBD)
		buyer.leave = segment_rng_beta(&buyer.rng, params->p[2], params->p[3]);
	if (params->kind == SEGMENT_PARETO_NBD)
		buyer.leaves_at = exponential(&buyer.rng) / (segment_rng_gamma(&buyer.rng, params->p[2]) / params->p[3]);
	if (params->kind == SEGMENT_MBGNBD && segment_rng_double(&buyer.rng) < buyer.leave)
		buyer.leaves_at = 0;
	return buyer;
}

double
segment_buyer_next(SegmentBuyer *buyer, double end)
{
	if (buyer->kind == SEGMENT_BGBB)
	{
		while (buyer->now + 1 <= end)
		{
			buyer->now += 1;
			if (segment_rng_double(&buyer->rng) < buyer->leave)
				break;
			if (segment_rng_double(&buyer->rng) < buyer->rate)
				return buyer->now;
		}
		buyer->now = INFINITY;
		return INFINITY;
	}
	if (buyer->now >= buyer->leaves_at)
		return INFINITY;
	buyer->now += exponential(&buyer->rng) / buyer->rate;
	/* Written so that a rate of zero, and the NaN that may come of it, ends the orders too. */
	if (!(buyer->now < buyer->leaves_at && buyer->now <= end))
	{
		buyer->leaves_at = 0;
		return INFINITY;
	}
	if (buyer->leave > 0 && segment_rng_double(&buyer->rng) < buyer->leave)
		buyer->leaves_at = buyer->now;
	return buyer->now;
}
