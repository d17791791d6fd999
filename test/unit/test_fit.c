/*
 * Fits of small published samples, and what a fit says where there is nothing to find.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "math/btyd_fit.h"
#include "math/btyd_tables.h"
#include "math/special.h"

static int count;
static int failures;

static void
check(int condition, const char *what)
{
	count++;
	if (!condition)
		failures++;
	printf("%s %d - %s\n", condition ? "ok" : "not ok", count, what);
}

static const SegmentFitOptions options = {0, 500, NULL, NULL};

static bool
stop_at_once(void *arg)
{
	(void) arg;
	return true;
}

/* Fader & Hardie (2007), table 1, high end: .668, 3.806, -1611.2. */
static void
renewals(void)
{
	static const double active[8] = {1000, 869, 743, 653, 593, 551, 517, 491};
	SegmentFit fit;

	segment_sbg_fit(8, active, &options, &fit);
	check(fit.status == SEGMENT_FIT_CONVERGED, "sBG converges");
	check(fabs(exp(fit.theta[0]) - .668) < 5e-4 && fabs(exp(fit.theta[1]) - 3.806) < 5e-4, "sBG estimates");
	check(fabs(fit.log_likelihood + 1611.2) < .05, "sBG log-likelihood");
}

static void
fit_tally(SegmentBtydKind kind, size_t n, const double *numbers, const int64_t *counts, SegmentFit *fit)
{
	SegmentBtydTally sample = {n, 0, numbers, counts};
	void *work = malloc(segment_btyd_work_size(&sample, 2 * n));

	segment_btyd_fit(kind, &sample, &options, work, 2 * n, fit);
	free(work);
}

/* Samples that determine no model: the fit ends, finite, and says so. */
static void
degenerate(void)
{
	static const double one_timers[6] = {0, 0, 10, 0, 0, 20};
	static const double same[3] = {3, 9, 10};
	static const double nothing[3] = {0, 0, 0};
	static const double many[6] = {5000, 700, 701, 0, 0, 700};
	static const int64_t counts[2] = {500, 500};
	int kind;

	for (kind = SEGMENT_NBD; kind <= SEGMENT_PARETO_NBD; kind++)
	{
		SegmentFit fit;
		int i;
		int finite = 1;

		fit_tally((SegmentBtydKind) kind, 2, one_timers, counts, &fit);
		check(fit.status == SEGMENT_FIT_NO_OPTIMUM, "all one-timers: no optimum");
		for (i = 0; i < fit.n_params; i++)
			finite &= isfinite(fit.theta[i]);
		fit_tally((SegmentBtydKind) kind, 1, same, counts, &fit);
		check(fit.status != SEGMENT_FIT_CONVERGED, "identical customers: not converged");
		for (i = 0; i < fit.n_params; i++)
			finite &= isfinite(fit.theta[i]);
		fit_tally((SegmentBtydKind) kind, 1, nothing, counts, &fit);
		check(fit.status != SEGMENT_FIT_CONVERGED, "no time observed: not converged");
		for (i = 0; i < fit.n_params; i++)
			finite &= isfinite(fit.theta[i]);
		fit_tally((SegmentBtydKind) kind, 2, many, counts, &fit);
		for (i = 0; i < fit.n_params; i++)
			finite &= isfinite(fit.theta[i]);
		check(finite, "parameters stay finite");
	}
}

static void
stops(void)
{
	static const double numbers[6] = {0, 0, 10, 3, 9, 10};
	static const int64_t counts[2] = {5, 5};
	SegmentBtydTally sample = {2, 0, numbers, counts};
	SegmentFitOptions stopping = {0, 500, stop_at_once, NULL};
	void *work = malloc(segment_btyd_work_size(&sample, 4));
	SegmentFit fit;

	check(!segment_btyd_fit(SEGMENT_BGNBD, &sample, &options, work, 2, &fit), "no room for the third time");
	check(segment_btyd_fit(SEGMENT_BGNBD, &sample, &stopping, work, 3, &fit), "room for all times");
	check(fit.status == SEGMENT_FIT_STOPPED, "poll stops a fit");
	free(work);
}

/* The likelihood by tables is that by rows, its Hessian the slope of its gradient. */
static void
tables(SegmentBtydKind kind)
{
	static const double numbers[15] = {0, 0, 10, 0, 0, 30, 1, 9, 10, 3, 9, 30, 700, 29, 30};
	static const int64_t counts[5] = {5, 3, 4, 2, 1};
	static const double theta[4] = {-0.5, 1.7, -0.3, 0.4};
	SegmentBtydTally sample = {5, 0, numbers, counts};
	SegmentBtydTables t = {kind, &sample, &options, 0, 0, NULL, NULL, NULL};
	void *work = malloc(segment_btyd_work_size(&sample, 10));
	SegmentBtydParams params;
	double gradient[4];
	double triangle[10];
	double by_rows = 0;
	int good = 1;
	int i;
	int j;

	segment_btyd_tables_make(&t, work, 10);
	segment_btyd_params_of(kind, theta, 0, NULL, &params);
	for (i = 0; i < 5; i++)
	{
		SegmentHistory h = {numbers[3 * i], numbers[3 * i + 1], numbers[3 * i + 2]};

		by_rows += (double) counts[i] * segment_btyd_log_likelihood(&params, &h, NULL);
	}
	check(fabs(segment_btyd_tables_objective(theta, gradient, &t) / by_rows - 1) < 1e-13, "tables and rows agree");
	segment_btyd_tables_hessian(theta, triangle, &t);
	for (i = 0; i < 4; i++)
	{
		double up[4];
		double down[4];
		double at[4];

		memcpy(at, theta, sizeof(at));
		at[i] = theta[i] + 1e-5;
		segment_btyd_tables_objective(at, up, &t);
		at[i] = theta[i] - 1e-5;
		segment_btyd_tables_objective(at, down, &t);
		for (j = 0; j <= i; j++)
			good &= fabs((up[j] - down[j]) / 2e-5 - triangle[SEGMENT_TRIANGLE(i, j)]) <
					1e-6 * (1 + fabs(triangle[SEGMENT_TRIANGLE(i, j)]));
	}
	check(good, "the Hessian is the slope of the gradient");
	free(work);
}

static void
inverse(void)
{
	double m[6] = {4, 2, 5, 1, 3, 6};
	double singular[3] = {1, 1, 1};

	check(segment_invert_triangle(m, 3), "a positive definite matrix has an inverse");
	/* det = 67 by hand; cofactor (0,0) is 5 * 6 - 3 * 3 = 21, (1,0) is -(2 * 6 - 3 * 1) = -9 */
	check(fabs(m[0] - 21.0 / 67) < 1e-15 && fabs(m[1] + 9.0 / 67) < 1e-15, "its elements");
	check(!segment_invert_triangle(singular, 2), "a singular matrix has none");
}

int
main(void)
{
	renewals();
	degenerate();
	stops();
	tables(SEGMENT_BGNBD);
	tables(SEGMENT_MBGNBD);
	inverse();
	/* A&S 6.4.2, 6.4.4: pi^2 / 6, pi^2 / 2 */
	check(fabs(segment_trigamma(1) - 1.6449340668482264365) < 1e-14, "trigamma at 1");
	check(fabs(segment_trigamma(0.5) - 4.9348022005446793094) < 2e-14, "trigamma at 1/2");
	check(fabs(segment_trigamma(1e6) * 1e6 - 1.0000005000001666667) < 1e-15, "trigamma far out");
	printf("1..%d\n", count);
	return failures != 0;
}
