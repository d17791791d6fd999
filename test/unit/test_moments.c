/*
 * test_moments.c: exact sums: doubles as decimals, any order, parts, magnitudes.
 */
#include "math/moments.h"

#include <math.h>
#include <string.h>

#include "tap.h"

static bool
same(const SegmentMoments *a, const SegmentMoments *b)
{
	SegmentMoments x = *a;
	SegmentMoments y = *b;
	SegmentMoments none = {.y_scale = SEGMENT_MOMENT_DECIMALS, .x_scale = SEGMENT_MOMENT_DECIMALS};

	/* in the same units */
	segment_moments_merge(&x, &none);
	segment_moments_merge(&y, &none);
	return x.n_alone == y.n_alone && x.n_both == y.n_both && memcmp(x.sum, y.sum, sizeof(x.sum)) == 0;
}

static void
add(SegmentMoments *moments, double y, double x)
{
	SegmentMomentValue a;
	SegmentMomentValue b;

	segment_moment_value_of_double(y, &a);
	segment_moment_value_of_double(x, &b);
	segment_moments_add(moments, &a, isnan(x) ? NULL : &b);
}

/* Of any size and sign. */
static double
any_double(uint64_t *random)
{
	double value = ldexp(tap_uniform(random) + 1, (int) (tap_random(random) % 160) - 65);

	return tap_random(random) % 2 ? value : -value;
}

static const char *
text_of(double value)
{
	static char buffer[SEGMENT_BIG_DIGITS];
	SegmentMoments moments = {.has_x = false};
	SegmentBig sum;
	int decimals;

	add(&moments, value, NAN);
	sum = moments.sum[SEGMENT_ALONE_Y];
	decimals = segment_big_normalize(&sum, moments.y_scale);
	segment_big_print(&sum, decimals, buffer);
	return buffer;
}

int
main(void)
{
	uint64_t random = 11;
	bool orders = true;
	bool parts = true;
	bool constant = true;
	bool ways = true;
	double worst = 0.0;

	/* decimals by Python's decimal module */
	tap_ok(strcmp(text_of(0.1), "0.10000000000000000555") == 0, "0.1 as its bits are, to 20 decimals: %s",
		   text_of(0.1));
	tap_ok(strcmp(text_of(-1234.5678), "-1234.56780000000003383320") == 0 ||
			   strcmp(text_of(-1234.5678), "-1234.5678000000000338332") == 0,
		   "-1234.5678: %s", text_of(-1234.5678));
	tap_ok(strcmp(text_of(1e29), "99999999999999991433150857216") == 0, "1e29: %s", text_of(1e29));
	tap_ok(strcmp(text_of(ldexp(1, -67)), "0.00000000000000000001") == 0, "2^-67 is rounded to one unit: %s",
		   text_of(ldexp(1, -67)));
	tap_ok(strcmp(text_of(ldexp(1, -68)), "0") == 0, "2^-68 to none: %s", text_of(ldexp(1, -68)));
	tap_ok(strcmp(text_of(5e-324), "0") == 0 && strcmp(text_of(-0.0), "0") == 0, "nothing is 0");

	/* the short way is the long one */
	for (int i = 0; i < 100000; i++)
	{
		double value = i % 3 ? any_double(&random) : ldexp((double) (tap_random(&random) >> (11 + i % 50)), -i % 70);
		SegmentMomentValue a;
		SegmentMomentValue b;

		segment_moment_value_of_double(value, &a);
		segment_moment_value_of_any_double(value, &b);
		ways = ways && a.is_wide == b.is_wide && a.scale == b.scale &&
			   (a.is_wide ? memcmp(&a.wide, &b.wide, sizeof(a.wide)) == 0
						  : a.magnitude == b.magnitude && a.is_negative == b.is_negative);
	}
	tap_ok(ways, "both ways of reading a double agree");

	for (int run = 0; run < 300; run++)
	{
		double y[40];
		double x[40];
		int n = 1 + (int) (tap_random(&random) % 40);
		SegmentMoments forward = {.has_x = true};
		SegmentMoments backward = {.has_x = true};
		SegmentMoments first = {.has_x = true};
		SegmentMoments second = {.has_x = true};
		SegmentMoments equal = {.has_x = true};

		for (int i = 0; i < n; i++)
		{
			y[i] = any_double(&random);
			x[i] = tap_random(&random) % 5 ? any_double(&random) : NAN;
		}
		for (int i = 0; i < n; i++)
		{
			add(&forward, y[i], x[i]);
			add(&backward, y[n - 1 - i], x[n - 1 - i]);
			add(i % 3 ? &first : &second, y[i], x[i]);
			add(&equal, y[0], x[0]);
		}
		orders = orders && same(&forward, &backward);
		segment_moments_merge(&first, &second);
		parts = parts && same(&forward, &first) && segment_moments_fault(&forward) == NULL;
		constant = constant && segment_moments_squares_y(&equal) == 0.0 && segment_moments_squares_x(&equal) == 0.0 &&
				   segment_moments_products(&equal) == 0.0 && segment_moments_mean_difference(&equal, &equal) == 0.0;
	}
	tap_ok(orders, "any order gives the same sums");
	tap_ok(parts, "parts add up to the whole, and are sound");
	tap_ok(constant, "equal values have no variance at all");

	/* of whole numbers, against exact integers, about a mean that would eat all digits of a naive sum of squares */
	for (int run = 0; run < 300; run++)
	{
		SegmentMoments moments = {.has_x = false};
		__int128 sum = 0;
		__int128 squares = 0;
		int n = 2 + (int) (tap_random(&random) % 50);

		for (int i = 0; i < n; i++)
		{
			int64_t value = (INT64_C(1) << 50) + (int64_t) (tap_random(&random) % 1000);

			add(&moments, (double) value, NAN);
			value -= INT64_C(1) << 50;
			sum += value;
			squares += (__int128) value * value;
		}
		worst = fmax(worst, fabs(segment_moments_squares_y(&moments) / ((double) (squares * n - sum * sum) / n) - 1));
	}
	tap_ok(worst < 1e-15, "squares about a large mean: %.1e", worst);
	return tap_done();
}
