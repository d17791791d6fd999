/*
 * pairs.h: counts how many baskets hold both of two items, for all pairs that occur.
 *
 * Baskets are words: numbers of items, each once, then SEGMENT_BASKET_END. Instead of a table of pairs there are lists of
 * the places where each item stands: the items behind those places are the partners of one item, which are counted in an
 * array of one cell an item. So memory follows the words, not the pairs, and the cells stay in the cache.
 */
#ifndef SEGMENT_MATH_PAIRS_H
#define SEGMENT_MATH_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#include "math/poll.h"

/* No item has this number. */
#define SEGMENT_BASKET_END UINT32_MAX

/* Places are 32 bits. */
#define SEGMENT_BASKET_MAX_WORDS (UINT32_MAX / 2)

typedef struct SegmentPairCounter
{
	const uint32_t *words;
	size_t n_words;
	uint32_t n_items;
	/* the caller's memory: */
	uint32_t *end;	   /* n_items: where the places of each item end */
	uint32_t *places;  /* one for each item that has another one behind it: at most n_words */
	uint32_t *count;   /* n_items, zero */
	uint32_t *partner; /* n_items + 1 */
} SegmentPairCounter;

/* Lists the places of all items. */
extern void segment_pairs_start(SegmentPairCounter *counter, SegmentPoll poll);

/*
 * Counts the partners that stand behind an item, and returns how many different ones there are. partner has their
 * numbers, ascending, and count by these numbers in how many baskets; set count back to zero before the next item.
 */
extern uint32_t segment_pairs_of(SegmentPairCounter *counter, uint32_t item, SegmentPoll poll);

#endif
