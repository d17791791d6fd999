/*
 * poll.h: the callback that long loops of src/math call now and then. It may jump out: no function of src/math holds
 * anything that would leak.
 */
#ifndef SEGMENT_MATH_POLL_H
#define SEGMENT_MATH_POLL_H

#include <stdint.h>

typedef void (*SegmentPoll)(void);

/* A callback that is told how many steps are done, of as many as the function says; the like. */
typedef void (*SegmentSteps)(int64_t done);

/* Calls poll once in 2^16 rounds; poll may be NULL. */
#define SEGMENT_POLL(poll, round)                   \
	do                                              \
	{                                               \
		if (((round) & 0xFFFF) == 0 && (poll) != 0) \
			(poll)();                               \
	} while (0)

#endif
