/*
 * btyd_fit.h: fits the buy-till-you-die models, the Gamma-Gamma model of spend and the sBG model of renewals.
 */
#ifndef SEGMENT_MATH_BTYD_FIT_H
#define SEGMENT_MATH_BTYD_FIT_H

#include <stddef.h>
#include <stdint.h>

#include "math/btyd.h"
#include "math/fit.h"

/* Covariates act on the rate and on leaving: two coefficients each. */
#define SEGMENT_BTYD_MAX_COVARIATES 8

/* Histories: each x, t_x, t, then the covariates; sorted; equal ones are counted together. */
typedef struct SegmentBtydTally
{
	size_t n_rows;
	int n_covariates;
	const double *numbers; /* n_rows rows of 3 + n_covariates */
	const int64_t *counts;
} SegmentBtydTally;

typedef struct SegmentFitOptions
{
	double penalty;
	int max_iterations;
	bool (*poll)(void *arg);
	void *poll_arg;
} SegmentFitOptions;

/* BG/NBD and MBG/NBD without covariates need work space. */
extern bool segment_btyd_uses_tables(SegmentBtydKind kind, const SegmentBtydTally *tally);

/* How much, for so many distinct times t_x and t; 0: too large for a size_t. */
extern size_t segment_btyd_work_size(const SegmentBtydTally *tally, size_t max_times);

/*
 * Fits by maximum likelihood. fit->theta holds the logs of the natural parameters, then the coefficients of the
 * covariates on the rate, then those on leaving. alpha of a customer is alpha * exp(-rate' z); leaving: beta *
 * exp(-leave' z) for Pareto/NBD, a * exp(leave' z) for BG/NBD and MBG/NBD, whose mean odds of leaving are a : b. False, and no fit, if there are
 * more than max_times distinct times to keep in the work space.
 */
extern bool segment_btyd_fit(SegmentBtydKind kind, const SegmentBtydTally *tally, const SegmentFitOptions *options,
							 void *work, size_t max_times, SegmentFit *fit);

/* Parameters of a customer with these covariates. theta as in the fit. */
extern void segment_btyd_params_of(SegmentBtydKind kind, const double *theta, int n_covariates,
								   const double *covariates, SegmentBtydParams *params);

/*
 * Gamma-Gamma (Fader, Hardie 2013): spend per order is Gamma(p, rate), rate ~ Gamma(q, v). histories: rows of x (number
 * of orders averaged) and their mean spend > 0; theta = log p, log q, log v.
 */
extern void segment_gamma_gamma_fit(size_t n_rows, const double *numbers, const int64_t *counts,
									const SegmentFitOptions *options, SegmentFit *fit);

/* Expected spend per order of a customer whose x orders averaged spend: infinite where p x + q <= 1. */
extern double segment_gamma_gamma_expected(double p, double q, double v, double x, double spend);

/*
 * sBG (Fader, Hardie 2007): each contract ends at a renewal with probability theta ~ Beta(alpha, beta). active[0] is
 * the size of the cohort, active[i] how many are left after i renewals. theta = log alpha, log beta.
 */
extern void segment_sbg_fit(int n, const double *active, const SegmentFitOptions *options, SegmentFit *fit);

#endif
