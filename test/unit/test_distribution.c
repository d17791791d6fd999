/*
 * test_distribution.c: distributions against figures of mpmath with 50 digits (distribution.py), and quantiles against tails.
 */
#include "math/distribution.h"

#include <math.h>
#include <stddef.h>

#include "tap.h"

#include "distribution_figures.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Relatively, whatever the size. */
static double
apart(double have, double want)
{
	return have == want ? 0.0 : fabs(have - want) / fabs(want);
}

int
main(void)
{
	double worst = 0.0;
	double lower;
	double upper;
	uint64_t random = 7;

	for (size_t i = 0; i < LENGTH(beta_figures); i++)
	{
		segment_beta_tails(beta_figures[i].a, beta_figures[i].b, beta_figures[i].x, beta_figures[i].y, &lower, &upper);
		worst = fmax(apart(lower, beta_figures[i].lower), apart(upper, beta_figures[i].upper));
		tap_ok(worst < 2e-13, "incomplete beta %g, %g at %g: %.1e", beta_figures[i].a, beta_figures[i].b,
			   beta_figures[i].x, worst);
	}
	for (size_t i = 0; i < LENGTH(gamma_figures); i++)
	{
		segment_gamma_tails(gamma_figures[i].a, gamma_figures[i].x, &lower, &upper);
		worst = fmax(apart(lower, gamma_figures[i].lower), apart(upper, gamma_figures[i].upper));
		tap_ok(worst < 2e-13, "incomplete gamma %g at %g: %.1e", gamma_figures[i].a, gamma_figures[i].x, worst);
	}
	for (size_t i = 0; i < LENGTH(normal_figures); i++)
	{
		worst = apart(segment_normal_upper(normal_figures[i].z), normal_figures[i].upper);
		tap_ok(worst < 2e-13, "normal at %g: %.1e", normal_figures[i].z, worst);
		if (normal_figures[i].upper > 0.5)
			continue;
		worst = fabs(segment_normal_upper_quantile(normal_figures[i].upper) - normal_figures[i].z);
		tap_ok(worst <= 1e-14 * fmax(1.0, normal_figures[i].z), "normal quantile of %g: %.1e", normal_figures[i].upper,
			   worst);
	}
	for (size_t i = 0; i < LENGTH(t_figures); i++)
	{
		double back;

		worst = apart(segment_t_upper(t_figures[i].t, t_figures[i].df), t_figures[i].upper);
		tap_ok(worst < 2e-13, "t at %g, df %g: %.1e", t_figures[i].t, t_figures[i].df, worst);
		tap_ok(segment_t_upper(-t_figures[i].t, t_figures[i].df) ==
					   1.0 - segment_t_upper(t_figures[i].t, t_figures[i].df) ||
				   apart(segment_t_upper(-t_figures[i].t, t_figures[i].df), 1.0 - t_figures[i].upper) < 1e-15,
			   "t is symmetric at %g, df %g", t_figures[i].t, t_figures[i].df);
		if (t_figures[i].upper < 1e-300)
			continue;
		back = segment_t_upper_quantile(t_figures[i].upper, t_figures[i].df);
		/* near 0 the tail is near 1/2, whose last digit is worth more than that of t */
		tap_ok(fabs(back - t_figures[i].t) <= 1e-13 * t_figures[i].t + 1e-15, "t quantile of %g, df %g: %.1e",
			   t_figures[i].upper, t_figures[i].df, fabs(back - t_figures[i].t));
	}
	for (size_t i = 0; i < LENGTH(f_figures); i++)
	{
		worst = apart(segment_f_upper(f_figures[i].f, f_figures[i].df1, f_figures[i].df2), f_figures[i].upper);
		tap_ok(worst < 2e-13, "F at %g, df %g and %g: %.1e", f_figures[i].f, f_figures[i].df1, f_figures[i].df2, worst);
		if (f_figures[i].upper > 0.999)
			continue; /* the tail's digits do not tell f */
		worst = apart(segment_f_upper_quantile(f_figures[i].upper, f_figures[i].df1, f_figures[i].df2), f_figures[i].f);
		tap_ok(worst < 1e-12, "F quantile: %.1e", worst);
	}
	for (size_t i = 0; i < LENGTH(noncentral_figures); i++)
	{
		double have = segment_noncentral_t_upper(noncentral_figures[i].t, noncentral_figures[i].df,
												 noncentral_figures[i].noncentrality);

		worst = fabs(have - noncentral_figures[i].upper);
		tap_ok(worst < 1e-12, "noncentral t at %g, df %g, %g: %.1e", noncentral_figures[i].t, noncentral_figures[i].df,
			   noncentral_figures[i].noncentrality, worst);
	}

	/* quantiles lead back to the tails, over shapes and tails of all sizes */
	worst = 0.0;
	for (int i = 0; i < 20000; i++)
	{
		double a = exp(14 * tap_uniform(&random) - 4);
		double b = exp(14 * tap_uniform(&random) - 4);
		double tail = exp(-40 * tap_uniform(&random)) / 2;
		int side = i % 2;
		double x;
		double y;

		segment_beta_quantile(a, b, side ? tail : 1 - tail, side ? 1 - tail : tail, &x, &y);
		if (x < 1e-290 || y < 1e-290)
			continue;
		segment_beta_tails(a, b, x, y, &lower, &upper);
		/* one digit of x moves the tail by this much */
		worst = fmax(worst, apart(side ? lower : upper, tail) / (1 + sqrt(a + b)));
	}
	tap_ok(worst < 1e-12, "beta quantiles lead back: %.1e", worst);
	worst = 0.0;
	for (int i = 0; i < 20000; i++)
	{
		double a = exp(14 * tap_uniform(&random) - 4);
		double tail = exp(-40 * tap_uniform(&random)) / 2;
		int side = i % 2;
		double x = segment_gamma_quantile(a, side ? tail : 1 - tail, side ? 1 - tail : tail);

		if (x < 1e-290)
			continue;
		segment_gamma_tails(a, x, &lower, &upper);
		worst = fmax(worst, apart(side ? lower : upper, tail) / (1 + sqrt(a)));
	}
	tap_ok(worst < 1e-12, "gamma quantiles lead back: %.1e", worst);
	worst =
		apart(segment_chi_square_upper_quantile(0.05, 1), 3.8414588206941259584); /* mpmath: 1.959963984540054...^2 */
	tap_ok(worst < 1e-13, "chi-square quantile: %.1e", worst);
	tap_ok(segment_t_upper(0.0, 5) == 0.5 && segment_t_upper(HUGE_VAL, 5) == 0.0 &&
			   segment_t_upper(-HUGE_VAL, 5) == 1.0,
		   "t at its ends");
	tap_ok(segment_t_upper(1e200, 1) > 0.0 && apart(segment_t_upper(1e200, 1), 1e-200 / 3.14159265358979323846) < 1e-12,
		   "Cauchy far out");
	tap_ok(segment_t_upper(2.0, HUGE_VAL) == segment_normal_upper(2.0), "t of infinitely many degrees");
	tap_ok(segment_chi_square_upper(0.0, 3) == 1.0 && segment_f_upper(0.0, 2, 3) == 1.0, "at 0 everything is above");
	tap_ok(segment_chi_square_upper(HUGE_VAL, 3) == 0.0 && segment_f_upper(HUGE_VAL, 2, 3) == 0.0,
		   "nothing is above infinity");
	return tap_done();
}
