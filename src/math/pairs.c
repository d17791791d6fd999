/*
 * pairs.c: counts pairs of items, see pairs.h.
 */
#include "math/pairs.h"

#include <stdlib.h>
#include <string.h>

/* Fewer partners than this part of all items are sorted, more are found by looking through the counts. */
#define SORT_BELOW 16

#define SHORT_LIST 24

void
segment_pairs_start(SegmentPairCounter *counter, SegmentPoll poll)
{
	const uint32_t *words = counter->words;
	uint32_t total = 0;

	memset(counter->end, 0, counter->n_items * sizeof(uint32_t));
	for (size_t i = 0; i + 1 < counter->n_words; i++)
	{
		SEGMENT_POLL(poll, i);
		if (words[i] != SEGMENT_BASKET_END && words[i + 1] != SEGMENT_BASKET_END)
			counter->end[words[i]]++;
	}
	for (uint32_t item = 0; item < counter->n_items; item++)
	{
		uint32_t n = counter->end[item];

		counter->end[item] = total;
		total += n;
	}
	for (size_t i = 0; i + 1 < counter->n_words; i++)
	{
		SEGMENT_POLL(poll, i);
		if (words[i] != SEGMENT_BASKET_END && words[i + 1] != SEGMENT_BASKET_END)
			counter->places[counter->end[words[i]]++] = (uint32_t) i;
	}
}

static int
compare_numbers(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *) a;
	uint32_t right = *(const uint32_t *) b;

	return left < right ? -1 : left > right;
}

static void
sort_numbers(uint32_t *number, uint32_t n)
{
	if (n > SHORT_LIST)
	{
		qsort(number, n, sizeof(uint32_t), compare_numbers);
		return;
	}
	for (uint32_t i = 1; i < n; i++)
	{
		uint32_t moved = number[i];
		uint32_t at = i;

		for (; at > 0 && number[at - 1] > moved; at--)
			number[at] = number[at - 1];
		number[at] = moved;
	}
}

uint32_t
segment_pairs_of(SegmentPairCounter *counter, uint32_t item, SegmentPoll poll)
{
	uint32_t *count = counter->count;
	uint32_t *partner = counter->partner;
	uint32_t first = item > 0 ? counter->end[item - 1] : 0;
	uint32_t n = 0;
	size_t round = 1;

	for (uint32_t i = first; i < counter->end[item]; i++)
	{
		const uint32_t *word = counter->words + counter->places[i] + 1;

		for (; *word != SEGMENT_BASKET_END; word++)
		{
			/* written whether it is a new partner or not: what would be predicted wrongly costs more */
			partner[n] = *word;
			n += count[*word]++ == 0;
			SEGMENT_POLL(poll, round++);
		}
	}
	if (n == 0)
		return 0;
	if (n < counter->n_items / SORT_BELOW)
		sort_numbers(partner, n);
	else
	{
		uint32_t lowest = partner[0];
		uint32_t highest = partner[0];

		for (uint32_t i = 1; i < n; i++)
		{
			lowest = partner[i] < lowest ? partner[i] : lowest;
			highest = partner[i] > highest ? partner[i] : highest;
		}
		n = 0;
		for (uint32_t other = lowest; other <= highest; other++)
		{
			partner[n] = other;
			n += count[other] != 0;
		}
	}
	return n;
}
