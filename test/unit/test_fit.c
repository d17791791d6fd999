/*
 * Fits of small published samples, and what a fit says where there is nothing to find.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "math/btyd_fit.h"

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
fit_cells(SegmentBtydKind kind, size_t n, const double *cells, const int64_t *counts, SegmentFit *fit)
{
	SegmentBtydCells sample = {n, 0, cells, counts};
	void *work = malloc(segment_btyd_work_size(n));

	segment_btyd_fit(kind, &sample, &options, work, fit);
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

		fit_cells((SegmentBtydKind) kind, 2, one_timers, counts, &fit);
		check(fit.status != SEGMENT_FIT_CONVERGED, "all one-timers: not converged");
		for (i = 0; i < fit.n_params; i++)
			finite &= isfinite(fit.theta[i]);
		fit_cells((SegmentBtydKind) kind, 1, same, counts, &fit);
		check(fit.status != SEGMENT_FIT_CONVERGED, "identical customers: not converged");
		for (i = 0; i < fit.n_params; i++)
			finite &= isfinite(fit.theta[i]);
		fit_cells((SegmentBtydKind) kind, 1, nothing, counts, &fit);
		check(fit.status != SEGMENT_FIT_CONVERGED, "no time observed: not converged");
		for (i = 0; i < fit.n_params; i++)
			finite &= isfinite(fit.theta[i]);
		fit_cells((SegmentBtydKind) kind, 2, many, counts, &fit);
		for (i = 0; i < fit.n_params; i++)
			finite &= isfinite(fit.theta[i]);
		check(finite, "parameters stay finite");
	}
}

static void
stops(void)
{
	static const double cells[6] = {0, 0, 10, 3, 9, 10};
	static const int64_t counts[2] = {5, 5};
	SegmentBtydCells sample = {2, 0, cells, counts};
	SegmentFitOptions stopping = {0, 500, stop_at_once, NULL};
	void *work = malloc(segment_btyd_work_size(2));
	SegmentFit fit;

	segment_btyd_fit(SEGMENT_BGNBD, &sample, &stopping, work, &fit);
	check(fit.status == SEGMENT_FIT_STOPPED, "poll stops a fit");
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
	inverse();
	printf("1..%d\n", count);
	return failures != 0;
}
