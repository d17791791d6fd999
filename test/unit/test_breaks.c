/*
 * test_breaks.c: natural breaks against every partition there is, and their accuracy under cancellation.
 */
#include <math.h>
#include <stdlib.h>

#include "math/breaks.h"
#include "tap.h"

/* Smallest cost of splitting values[first .. n) into k classes, in exact integer arithmetic scaled by all weights. */
static double
best_cost(const SegmentWeighted *values, size_t first, size_t n, int k)
{
	double best = INFINITY;

	if (k == 1)
	{
		long double weight = 0;
		long double sum = 0;
		long double cost = 0;

		for (size_t i = first; i < n; i++)
		{
			weight += (long double) values[i].count;
			sum += (long double) values[i].count * values[i].value;
		}
		for (size_t i = first; i < n; i++)
			cost += (long double) values[i].count * (values[i].value - sum / weight) * (values[i].value - sum / weight);
		return (double) cost;
	}
	for (size_t end = first + 1; end + (size_t) k - 1 <= n; end++)
	{
		double cost = best_cost(values, first, end, 1) + best_cost(values, end, n, k - 1);

		if (cost < best)
			best = cost;
	}
	return best;
}

static double
cost_of(const SegmentWeighted *values, const size_t *ends, int k)
{
	double cost = 0;

	for (int i = 0; i < k; i++)
		cost += best_cost(values, i ? ends[i - 1] : 0, ends[i], 1);
	return cost;
}

static void
breaks(const SegmentWeighted *values, size_t n, int k, size_t *ends)
{
	void *work = malloc(segment_breaks_memory(n, k));

	segment_breaks(values, n, k, work, ends, NULL);
	free(work);
}

/* 2000 small random multisets: the partition found costs what the best of all partitions costs. */
static void
test_optimum(void)
{
	uint64_t seed = 1;
	int worse = 0;
	int misshapen = 0;

	for (int round = 0; round < 2000; round++)
	{
		SegmentWeighted values[14];
		size_t n = 1 + tap_random(&seed) % 14;
		int k = 1 + (int) (tap_random(&seed) % (n < 5 ? n : 5));
		double value = (double) (tap_random(&seed) % 100) - 50;
		size_t ends[5];
		double best;

		for (size_t i = 0; i < n; i++)
		{
			value += 1 + (double) (tap_random(&seed) % (round % 2 ? 3 : 1000));
			values[i] = (SegmentWeighted) {value, 1 + (int64_t) (tap_random(&seed) % 9)};
		}
		breaks(values, n, k, ends);
		for (int i = 0; i < k; i++)
			misshapen += ends[i] <= (i ? ends[i - 1] : 0);
		misshapen += ends[k - 1] != n;
		best = best_cost(values, 0, n, k);
		worse += cost_of(values, ends, k) > best * (1 + 1e-12) + 1e-12;
	}
	tap_ok(worse == 0, "every partition found is the best of all (2000 multisets)");
	tap_ok(misshapen == 0, "classes are not empty and cover all values");
}

/* Two classes 1 apart at 10^9: plain doubles lose the cost (squares of 10^18) altogether. */
static void
test_cancellation(void)
{
	SegmentWeighted values[60];
	size_t ends[3];

	for (int i = 0; i < 60; i++)
		values[i] = (SegmentWeighted) {1e9 + i / 20 * 1e-3 + i % 20 * 1e-6, 1000};
	breaks(values, 60, 3, ends);
	tap_ok(ends[0] == 20 && ends[1] == 40 && ends[2] == 60, "classes a thousandth apart at 10^9 are found");
	tap_ok(fabs(segment_breaks_cost(values, 0, 20) - best_cost(values, 0, 20, 1)) <
			   1e-3 * best_cost(values, 0, 20, 1) + 1e-12,
		   "and their cost is accurate");
}

static void
test_extremes(void)
{
	SegmentWeighted huge[] = {{-1.7e308, 1}, {-1.6e308, 5}, {1.6e308, 1}, {1.7e308, 2}};
	SegmentWeighted tiny[] = {{1e-310, 1}, {2e-310, 5}, {9e-310, 1}, {1e-309, 2}};
	size_t ends[2];

	breaks(huge, 4, 2, ends);
	tap_ok(ends[0] == 2, "values near the end of the range");
	breaks(tiny, 4, 2, ends);
	tap_ok(ends[0] == 2, "values near zero");
	tap_ok(segment_breaks_memory((size_t) 1 << 40, 9) == 0, "sizes that overflow have no memory");
}

int
main(void)
{
	test_optimum();
	test_cancellation();
	test_extremes();
	return tap_done();
}
