/*
 * multiset.h: the stored, binary and text form of a sorted multiset of doubles: the distinct values, then their counts
 * in as few bytes each as the largest needs (none if every value occurs once).
 */
#ifndef SEGMENT_MATH_MULTISET_H
#define SEGMENT_MATH_MULTISET_H

#include <string.h>

#include "math/weighted.h"
#include "math/wire.h"

/* A stored multiset: counts are integers of width bytes (0, 1, 2, 4 or 8) in the machine's byte order. */
typedef struct SegmentMultiset
{
	const double *values;
	const unsigned char *counts;
	size_t n;
	int width;
} SegmentMultiset;

/* The fewest bytes that hold a count: 0 for 1. */
extern int segment_count_width(int64_t largest);

static inline int64_t
segment_multiset_count(const SegmentMultiset *set, size_t i)
{
	const unsigned char *place = set->counts + i * (size_t) set->width;
	uint16_t two;
	uint32_t four;
	int64_t eight;

	switch (set->width)
	{
		case 0:
			return 1;
		case 1:
			return *place;
		case 2:
			memcpy(&two, place, 2);
			return two;
		case 4:
			memcpy(&four, place, 4);
			return four;
		default:
			memcpy(&eight, place, 8);
			return eight;
	}
}

/* Writes a count at its place in a stored multiset. */
extern void segment_multiset_put_count(unsigned char *counts, int width, size_t i, int64_t count);

/*
 * NULL if the multiset is valid: at least one value, finite, ascending, no negative zero, positive counts in the
 * smallest width, at most SEGMENT_MAX_TOTAL in all; sets *total. Else what is wrong, as a sentence.
 */
extern const char *segment_multiset_fault(const SegmentMultiset *set, int64_t *total, SegmentPoll poll);

/*
 * Binary form: width (1 byte), number of distinct values (4 bytes), values (8 each), counts (width each), most
 * significant byte first. segment_multiset_head takes the first 5 bytes and checks that the rest is exactly what they
 * announce; segment_multiset_decode then fills values and counts (n doubles, n * width bytes), which still have to be
 * checked.
 */
#define SEGMENT_MULTISET_HEAD 5
extern const char *segment_multiset_head(SegmentCursor *cursor, size_t *n, int *width);
extern void segment_multiset_decode(SegmentCursor *cursor, size_t n, int width, double *values, unsigned char *counts);
extern size_t segment_multiset_encoded_size(const SegmentMultiset *set);
extern void segment_multiset_encode(const SegmentMultiset *set, unsigned char *bytes);

/*
 * Text form: {1:1493,2:835,3.5}: ascending values, each with its count if that is not 1. No text has more entries than
 * segment_multiset_text_entries says; segment_multiset_parse reads them into entries (room for that many).
 */
extern size_t segment_multiset_text_entries(const char *text);
extern const char *segment_multiset_parse(const char *text, SegmentWeighted *entries, size_t *n);

/* Writes one entry, with a comma before it unless it is the first; returns the length, at most SEGMENT_ENTRY_TEXT. */
#define SEGMENT_ENTRY_TEXT 64
extern int segment_multiset_print_entry(double value, int64_t count, bool is_first, char *buffer);

#endif
