/*
 * sequence.h: patterns over one person's events.
 *
 * A pattern is a list of elements: (?1) is an event for which condition 1 holds, . is any event. Between two of them may
 * stand .*, any number of events, or bounds of the time between the two, such as (?t>1800) or (?t<=3600), in seconds;
 * any events may then lie between, too. Without either the events follow each other.
 */
#ifndef SEGMENT_MATH_SEQUENCE_H
#define SEGMENT_MATH_SEQUENCE_H

#include "math/funnel.h"

#define SEGMENT_MAX_ELEMENTS 64

typedef enum SegmentGap
{
	SEGMENT_GAP_NONE, /* the next event */
	SEGMENT_GAP_ANY,  /* any later event */
	SEGMENT_GAP_TIME  /* any later event within bounds of the time between */
} SegmentGap;

/* An element, and what lies between the one before and it. */
typedef struct SegmentElement
{
	uint32_t steps; /* the conditions one of which must hold; all bits for any event */
	SegmentGap gap;
	int64_t at_least; /* microseconds */
	int64_t at_most;
} SegmentElement;

typedef struct SegmentPattern
{
	int n;
	SegmentElement element[SEGMENT_MAX_ELEMENTS];
} SegmentPattern;

/* Reads a terminated text; NULL, or what is wrong with it. conditions: how many there are. */
extern const char *segment_pattern_parse(const char *text, int conditions, SegmentPattern *pattern);

/* Room for the ends of matches of parts of the pattern: n places for each element but the last. */
typedef struct SegmentEnds
{
	uint32_t *place; /* n * (pattern.n - 1) numbers of events */
	uint32_t count[SEGMENT_MAX_ELEMENTS];
} SegmentEnds;

/*
 * How many matches there are that do not overlap, each ending as early as it can behind the one before; stops at most.
 * events: in order of time, events of one instant in theirs. *end: the event that the last match ends with.
 */
extern int64_t segment_sequence_count(const SegmentPattern *pattern, const SegmentEvent *events, uint32_t n,
									  int64_t most, SegmentEnds *ends, uint32_t *end, SegmentPoll poll);

#endif
