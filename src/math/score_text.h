/*
 * score_text.h: the text form of a score triple: '5-4-3' (five bins each), '3-2-1/4' (four bins each), '3-2-1/4-3-2'
 * (bins of recency, frequency, monetary), and 'none', 'none/4', ... for a customer without an order.
 */
#ifndef SEGMENT_MATH_SCORE_TEXT_H
#define SEGMENT_MATH_SCORE_TEXT_H

#include <stdbool.h>

/* The number of dimensions, the range of bins, and the bins that are not written. */
#define SEGMENT_TRIPLE 3
#define SEGMENT_TRIPLE_MIN_BINS 2
#define SEGMENT_TRIPLE_MAX_BINS 9
#define SEGMENT_TRIPLE_DEFAULT_BINS 5

/* True if bins are 2 .. 9 and scores are 1 .. bins, or all scores are zero (no order). */
extern bool segment_triple_is_valid(const int scores[SEGMENT_TRIPLE], const int bins[SEGMENT_TRIPLE]);

/* Why a text is refused. */
typedef enum SegmentTripleFault
{
	SEGMENT_TRIPLE_OK,
	SEGMENT_TRIPLE_SYNTAX,
	SEGMENT_TRIPLE_BINS, /* bins outside 2 .. 9 */
	SEGMENT_TRIPLE_SCORE /* a score outside 1 .. bins */
} SegmentTripleFault;

/* Reads a terminated text; white space around it is ignored. */
extern SegmentTripleFault segment_triple_parse(const char *text, int scores[SEGMENT_TRIPLE], int bins[SEGMENT_TRIPLE]);

/* Writes the text form, terminated: SEGMENT_TRIPLE_TEXT bytes are enough. */
#define SEGMENT_TRIPLE_TEXT 16
extern void segment_triple_print(const int scores[SEGMENT_TRIPLE], const int bins[SEGMENT_TRIPLE], char *buffer);

#endif
