/*
 * cuts_make.c: thresholds from order statistics and from the range.
 */
#include "math/cuts_make.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "math/text.h"

/* The double nearest to the value's first 15 digits: 250.194 rather than 250.19400000000002. */
static double
round_to_15_digits(double value)
{
	char digits[SEGMENT_NUMBER_TEXT];

	snprintf(digits, sizeof(digits), "%.15g", value);
	return strtod(digits, NULL);
}

double
segment_between(double low, double high, int64_t part, int64_t parts)
{
	double p = (double) part;
	double n = (double) parts;
	double value;
	double rounded;

	if (part == 0 || low == high)
		return low;
	if (part == parts)
		return high;

	/* one rounded division for whole numbers (13.8 is 69 / 5); near the ends of the range the products would overflow */
	if (fabs(low) < 1e300 && fabs(high) < 1e300)
		value = ((n - p) * low + p * high) / n;
	else
		value = low * ((n - p) / n) + high * (p / n);
	rounded = round_to_15_digits(value);
	if (low <= rounded && rounded < high)
		value = rounded;
	if (value < low)
		return low;
	if (value >= high)
		return nextafter(high, low);
	return segment_positive_zero(value);
}

int
segment_quantile_ranks(int64_t n, int bins, int64_t ranks[SEGMENT_MAX_RANKS])
{
	int n_ranks = 0;

	for (int i = 1; i < bins; i++)
	{
		int64_t rank = (n - 1) * i / bins;
		bool is_between = (n - 1) * i % bins != 0;

		for (int64_t r = rank; r <= rank + is_between; r++)
			if (n_ranks == 0 || ranks[n_ranks - 1] < r)
				ranks[n_ranks++] = r;
	}
	return n_ranks;
}

/* The value at a rank that is among the ranks. */
static double
value_at(int64_t rank, const int64_t *ranks, const double *values, int n_ranks)
{
	int i = 0;

	while (i < n_ranks - 1 && ranks[i] < rank)
		i++;
	return values[i];
}

void
segment_quantile_cuts(int64_t n, int bins, const int64_t *ranks, const double *values, int n_ranks, double *thresholds)
{
	for (int i = 1; i < bins; i++)
	{
		int64_t rank = (n - 1) * i / bins;
		int64_t rest = (n - 1) * i % bins;
		double low = value_at(rank, ranks, values, n_ranks);

		thresholds[i - 1] =
			rest == 0 ? low : segment_between(low, value_at(rank + 1, ranks, values, n_ranks), rest, bins);
	}
}

void
segment_equal_width_cuts(double lowest, double highest, int bins, double *thresholds)
{
	for (int i = 1; i < bins; i++)
	{
		thresholds[i - 1] = segment_between(lowest, highest, i, bins);
		/* in a range of a few representable numbers rounding could cross */
		if (i > 1 && thresholds[i - 1] < thresholds[i - 2])
			thresholds[i - 1] = thresholds[i - 2];
	}
}
