/*
 * test_marginal.c: the Stuart-Maxwell test against published figures and McNemar's formula; chi-square tails against tables.
 */
#include <math.h>
#include <stdio.h>

#include "math/marginal.h"
#include "tap.h"

static int
near(double a, double b, double tolerance)
{
	return fabs(a - b) <= tolerance;
}

int
main(void)
{
	/* Unaided distance vision of 7,477 women, right eye and left eye (Stuart 1955; chi-square 11.957, 3 df, p 0.007533). */
	const int64_t vision[] = {1520, 266, 124, 66, 234, 1512, 432, 78, 117, 362, 1772, 205, 36, 82, 179, 492};
	const int64_t mcnemar[] = {59, 6, 16, 80};
	const int64_t still[] = {5, 0, 0, 7};
	const int64_t blocks[] = {9, 3, 0, 0, 1, 9, 0, 0, 0, 0, 9, 8, 0, 0, 2, 9};
	double work[20];
	int df;
	double statistic;

	/* The 5 % points of chi-square. */
	tap_ok(near(segment_chi_square_tail(3.841458820694124, 1), 0.05, 1e-14), "1 degree of freedom");
	tap_ok(near(segment_chi_square_tail(5.991464547107979, 2), 0.05, 1e-14), "2 degrees of freedom");
	tap_ok(near(segment_chi_square_tail(7.814727903251179, 3), 0.05, 1e-14), "3 degrees of freedom");
	tap_ok(near(segment_chi_square_tail(18.307038053275146, 10), 0.05, 1e-14), "10 degrees of freedom");
	tap_ok(near(segment_chi_square_tail(19.67513757268249, 11), 0.05, 1e-14), "11 degrees of freedom");
	tap_ok(segment_chi_square_tail(0, 4) == 1 && segment_chi_square_tail(0, 5) == 1, "nothing is below 0");

	statistic = segment_stuart_maxwell(vision, 4, work, &df);
	tap_ok(df == 3 && near(statistic, 11.957, 0.0005), "vision: the published statistic");
	tap_ok(near(segment_chi_square_tail(statistic, df), 0.007533, 0.0000005), "vision: the published p-value");
	statistic = segment_stuart_maxwell(mcnemar, 2, work, &df);
	tap_ok(df == 1 && near(statistic, 100.0 / 22, 1e-12), "two categories: McNemar's (b - c)^2 / (b + c)");
	statistic = segment_stuart_maxwell(still, 2, work, &df);
	tap_ok(df == 0 && statistic == 0, "nobody changed");
	statistic = segment_stuart_maxwell(blocks, 4, work, &df);
	tap_ok(df == 2 && near(statistic, 4.0 / 4 + 36.0 / 10, 1e-12), "separate blocks: the sum of their tests");
	return tap_done();
}
