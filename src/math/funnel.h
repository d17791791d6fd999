/*
 * funnel.h: how far one person got through steps, exactly.
 *
 * An event is a time and the set of steps that it can be; it counts as one of them only. A person has reached step j if
 * there are events e1 .. ej for the steps 1 .. j in order of time, with time(ej) - time(e1) <= within. Steps may be equal.
 */
#ifndef SEGMENT_MATH_FUNNEL_H
#define SEGMENT_MATH_FUNNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "math/poll.h"

#define SEGMENT_MAX_STEPS 32

typedef struct SegmentEvent
{
	int64_t at;
	uint32_t steps; /* bit j - 1: it can be step j; not 0 */
	uint32_t reserved;
} SegmentEvent;

typedef struct SegmentFunnelRule
{
	int steps;		/* 1 .. SEGMENT_MAX_STEPS */
	bool is_later;	/* the next step is strictly later; else events of one instant come in the order that helps */
	bool any_order; /* the steps may come in any order; is_later does not matter then */
	int64_t within; /* >= 0 */
	int64_t from;	/* the first event of a chain lies in [from, before) */
	int64_t before;
} SegmentFunnelRule;

/*
 * reached: the most steps of any chain. Of the chains of that many steps the one that completes first is kept, of those
 * the one that starts last; its steps are as early as they can be. Where any order will do, time[i] is when i + 1 of the
 * steps were done. entered: the first event that could begin a chain; set if reached > 0.
 */
typedef struct SegmentFunnel
{
	int reached;
	int64_t entered;
	int64_t time[SEGMENT_MAX_STEPS];
} SegmentFunnel;

/* events: in order of time. O(n * steps) but for instants of many events. */
extern void segment_funnel(const SegmentEvent *events, size_t n, const SegmentFunnelRule *rule, SegmentFunnel *funnel,
						   SegmentPoll poll);

/* later - earlier, which may be more than 63 bits hold. */
static inline uint64_t
segment_time_between(int64_t earlier, int64_t later)
{
	return (uint64_t) later - (uint64_t) earlier;
}

#endif
