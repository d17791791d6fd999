/*
 * test_select.c: selection, sorting of multisets, quantile and equal-width cut points, against plain sorting.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "math/cuts_make.h"
#include "math/select.h"
#include "tap.h"

static int polls;

static void
count_poll(void)
{
	polls++;
}

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return (x > y) - (x < y);
}

/* Data of several shapes: 0 few distinct, 1 any, 2 ascending, 3 descending, 4 equal, 5 organ pipe. */
static void
fill(double *values, size_t n, int shape, uint64_t *seed)
{
	for (size_t i = 0; i < n; i++)
	{
		uint64_t random = tap_random(seed);

		switch (shape)
		{
			case 0:
				values[i] = (double) (random % 7);
				break;
			case 1:
				values[i] = (double) (int64_t) random / 1e9;
				break;
			case 2:
				values[i] = (double) i;
				break;
			case 3:
				values[i] = -(double) i;
				break;
			case 4:
				values[i] = 42;
				break;
			default:
				values[i] = (double) (i < n / 2 ? i : n - i);
		}
	}
}

static void
test_select(size_t n, int shape)
{
	uint64_t seed = n * 31 + (uint64_t) shape;
	double *values = malloc(n * sizeof(double));
	double *sorted = malloc(n * sizeof(double));
	int64_t ranks64[SEGMENT_MAX_RANKS];
	size_t ranks[SEGMENT_MAX_RANKS];
	size_t places[SEGMENT_MAX_RANKS];
	double picked[SEGMENT_MAX_RANKS];
	void *memory = malloc(segment_pick_memory(n));
	bool same = true;
	double sum = 0;

	for (int bins = 2; bins <= 9; bins++)
	{
		int n_ranks = segment_quantile_ranks((int64_t) n, bins, ranks64);

		fill(values, n, shape, &seed);
		memcpy(sorted, values, n * sizeof(double));
		qsort(sorted, n, sizeof(double), compare_doubles);
		for (int i = 0; i < n_ranks; i++)
		{
			ranks[i] = (size_t) ranks64[i];
			same &= i == 0 || ranks[i] > ranks[i - 1];
			same &= ranks[i] < n;
		}
		memcpy(places, ranks, (size_t) n_ranks * sizeof(size_t));
		segment_pick(values, n, places, n_ranks, picked, memory, count_poll);
		segment_select(values, n, ranks, n_ranks, count_poll);
		for (int i = 0; i < n_ranks; i++)
			same &= values[ranks[i]] == sorted[ranks[i]] && picked[i] == sorted[ranks[i]];
		qsort(values, n, sizeof(double), compare_doubles);
		same &= memcmp(values, sorted, n * sizeof(double)) == 0;
		sum += sorted[0];
	}
	tap_ok(same && !isnan(sum), "selection of %zu values of shape %d is what sorting gives", n, shape);
	free(values);
	free(sorted);
	free(memory);
}

static void
test_sort(size_t n, int shape)
{
	uint64_t seed = n * 17 + (uint64_t) shape;
	double *values = malloc(n * sizeof(double));
	SegmentWeighted *entries = malloc(n * sizeof(SegmentWeighted));
	SegmentWeighted *scratch = malloc(n * sizeof(SegmentWeighted));
	size_t distinct;
	size_t at = 0;
	bool same = true;

	fill(values, n, shape, &seed);
	for (size_t i = 0; i < n; i++)
		entries[i] = (SegmentWeighted) {values[i], 1};
	distinct = segment_weighted_sort(entries, n, scratch, count_poll);
	qsort(values, n, sizeof(double), compare_doubles);
	for (size_t i = 0; i < distinct; i++)
		for (int64_t c = 0; c < entries[i].count; c++)
			same &= at < n && values[at++] == entries[i].value;
	for (size_t i = 1; i < distinct; i++)
		same &= entries[i - 1].value < entries[i].value;
	tap_ok(same && at == n, "sorting %zu values of shape %d into a multiset", n, shape);
	free(values);
	free(entries);
	free(scratch);
}

/* Every cut point c of neighbours a <= b keeps a <= c < b, at the exact place for whole numbers. */
static void
test_between(void)
{
	static const double edges[] = {0, 1, -1, 5e-324, 1.7976931348623157e308, -1.7976931348623157e308, 1e300, 2, 3};
	bool inside = true;

	for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++)
		for (size_t j = 0; j < sizeof(edges) / sizeof(*edges); j++)
			for (int part = 0; part < 9; part++)
			{
				double low = fmin(edges[i], edges[j]);
				double high = fmax(edges[i], edges[j]);
				double cut = segment_between(low, high, part, 9);
				double next = segment_between(low, nextafter(low, INFINITY), part, 9);

				inside &= low == high ? cut == low : low <= cut && cut < high;
				inside &= next == low;
			}
	tap_ok(inside, "a cut point lies at or above the lower and below the upper neighbour");
	tap_ok(segment_between(13, 14, 4, 5) == 13.8, "four fifths between 13 and 14 are 13.8");
}

static void
test_quantiles(void)
{
	/* ranks of deciles of 11 values are whole: percentile_cont's floating position 0.3 * 10 is 3 by luck only */
	double values[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	int64_t ranks[SEGMENT_MAX_RANKS];
	double at[SEGMENT_MAX_RANKS];
	double cuts[SEGMENT_CUTS_MAX_BINS];
	int n_ranks = segment_quantile_ranks(11, 10, ranks);
	bool whole = n_ranks == 9;

	for (int i = 0; i < n_ranks; i++)
		at[i] = values[ranks[i]];
	segment_quantile_cuts(11, 10, ranks, at, n_ranks, cuts);
	for (int i = 0; i < 9; i++)
		whole &= cuts[i] == i + 1;
	tap_ok(whole, "deciles of eleven values are values");

	n_ranks = segment_quantile_ranks(1, 5, ranks);
	at[0] = 7;
	segment_quantile_cuts(1, 5, ranks, at, n_ranks, cuts);
	tap_ok(n_ranks == 1 && cuts[0] == 7 && cuts[3] == 7, "one value is every cut point");

	n_ranks = segment_quantile_ranks(2, 5, ranks);
	at[0] = 0;
	at[1] = 1;
	segment_quantile_cuts(2, 5, ranks, at, n_ranks, cuts);
	tap_ok(n_ranks == 2 && cuts[0] == 0.2 && cuts[1] == 0.4 && cuts[2] == 0.6 && cuts[3] == 0.8, "two values");

	n_ranks = segment_quantile_ranks(SEGMENT_MAX_TOTAL, 100, ranks);
	tap_ok(ranks[n_ranks - 1] < SEGMENT_MAX_TOTAL && ranks[n_ranks - 1] > SEGMENT_MAX_TOTAL / 100 * 98,
		   "the most values there can be do not overflow");

	segment_equal_width_cuts(-10, 10, 4, cuts);
	tap_ok(cuts[0] == -5 && cuts[1] == 0 && cuts[2] == 5, "bins of equal width");
	segment_equal_width_cuts(-1.7976931348623157e308, 1.7976931348623157e308, 2, cuts);
	tap_ok(cuts[0] == 0, "the whole range of doubles has a middle");
}

int
main(void)
{
	static const size_t sizes[] = {1, 2, 3, 10, 25, 100, 1000, 16384, 50000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (int shape = 0; shape < 6; shape++)
		{
			test_select(sizes[i], shape);
			test_sort(sizes[i], shape);
		}
	tap_ok(polls > 0, "long work polls");
	test_between();
	test_quantiles();
	return tap_done();
}
