/*
 * test_pairs.c: pairs of random baskets against a square of counts; what counts say, at the edges.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "math/association.h"
#include "math/pairs.h"
#include "tap.h"

#define MOST_ITEMS 300
#define MOST_WORDS 20000

static uint32_t words[MOST_WORDS];
static uint32_t square[MOST_ITEMS][MOST_ITEMS];
static uint32_t end[MOST_ITEMS + 1];
static uint32_t places[MOST_WORDS];
static uint32_t count[MOST_ITEMS + 1];
static uint32_t partner[MOST_ITEMS + 1];

/* Baskets of so many items at most, each with some order that is the same in all of them. */
static size_t
make_baskets(uint64_t *state, uint32_t n_items, uint32_t most)
{
	size_t n = 0;

	memset(square, 0, sizeof(square));
	while (n + MOST_ITEMS + 1 < MOST_WORDS)
	{
		size_t first = n;

		for (uint32_t i = 0; i < n_items && n - first < most; i++)
		{
			uint32_t item = (i * 7) % n_items;

			if (tap_random(state) % n_items >= most)
				continue;
			for (size_t before = first; before < n; before++)
				square[words[before]][item]++;
			words[n++] = item;
		}
		words[n++] = SEGMENT_BASKET_END;
	}
	return n;
}

static bool
counts_are_right(size_t n, uint32_t n_items)
{
	SegmentPairCounter counter = {words, n, n_items, end, places, count, partner};
	bool right = true;

	segment_pairs_start(&counter, NULL);
	for (uint32_t item = 0; item < n_items; item++)
	{
		uint32_t n_partners = segment_pairs_of(&counter, item, NULL);
		uint32_t expected = 0;

		for (uint32_t other = 0; other < n_items; other++)
			expected += square[item][other] > 0;
		right = right && n_partners == expected;
		for (uint32_t i = 0; i < n_partners; i++)
		{
			right = right && (i == 0 || partner[i] > partner[i - 1]) && count[partner[i]] == square[item][partner[i]];
			count[partner[i]] = 0;
		}
	}
	return right;
}

int
main(void)
{
	static const uint32_t items[] = {1, 2, 11, 60, 299};
	static const uint32_t most[] = {1, 2, 5, 40};
	uint64_t state = 16;
	double z = 1.959963984540054;
	SegmentAssociation a;

	for (int i = 0; i < 5; i++)
		for (int j = 0; j < 4; j++)
			tap_ok(counts_are_right(make_baskets(&state, items[i], most[j]), items[i]),
				   "%u items, at most %u in a basket", items[i], most[j]);

	a = segment_association(&(SegmentTogether) {1, 1, 1, 5}, z);
	tap_ok(isinf(a.conviction) && a.lift == 5 && fabs(a.lift_low - 5 * exp(-z * sqrt(0.8))) < 1e-14,
		   "one basket of five");
	a = segment_association(&(SegmentTogether) {7, 7, 7, 7}, z);
	tap_ok(isinf(a.conviction) && a.lift == 1 && a.lift_low == 1 && a.leverage == 0,
		   "always together: no doubt about it");
	/* products of counts near 2^48 differ by one basket */
	a = segment_association(&(SegmentTogether) {INT64_C(1) << 46, INT64_C(1) << 47, INT64_C(1) << 47, INT64_C(1) << 48},
							z);
	tap_ok(a.lift == 1 && a.leverage == 0 && a.conviction == 1, "independent items, many baskets");
	a = segment_association(
		&(SegmentTogether) {(INT64_C(1) << 46) + 1, INT64_C(1) << 47, INT64_C(1) << 47, INT64_C(1) << 48}, z);
	tap_ok(a.leverage > 0, "one basket more than by chance is seen");
	return tap_done();
}
