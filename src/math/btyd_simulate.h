/*
 * btyd_simulate.h: draws customers' orders from the buy-till-you-die models.
 */
#ifndef SEGMENT_MATH_BTYD_SIMULATE_H
#define SEGMENT_MATH_BTYD_SIMULATE_H

#include "math/btyd.h"
#include "math/rng.h"

/* One customer as it goes on from the first order. */
typedef struct SegmentBuyer
{
	SegmentBtydKind kind;
	SegmentRng rng;
	double rate;	  /* orders per unit; BG/BB: probability of buying at a chance */
	double leave;	  /* probability of leaving after an order, at a chance (BG/BB) */
	double leaves_at; /* Pareto/NBD: the moment; else INFINITY until it is known */
	double now;
} SegmentBuyer;

/* Draws the customer's rate and way of leaving. */
extern SegmentBuyer segment_buyer_start(const SegmentBtydParams *params, SegmentRng rng);

/* The moment of the next order since the first, or INFINITY if there is none before end. */
extern double segment_buyer_next(SegmentBuyer *buyer, double end);

/* Gamma variate of this shape and rate 1 (Marsaglia & Tsang 2000). */
extern double segment_rng_gamma(SegmentRng *rng, double shape);

/* Beta variate. */
extern double segment_rng_beta(SegmentRng *rng, double a, double b);

#endif
