/*
 * event.h: what happened before and around orders: how far one person got through steps, and how far many did.
 */
#ifndef SEGMENT_EVENT_EVENT_H
#define SEGMENT_EVENT_EVENT_H

#include "core/compat.h"

#include "core/day.h"
#include "math/funnel.h"
#include "math/wire.h"

#define SEGMENT_FUNNEL_VERSION 1
#define SEGMENT_FUNNELS_VERSION 1

/* What values that are put together must have in common. */
typedef struct FunnelRule
{
	uint8 kind; /* SegmentTimeKind */
	uint8 is_later;
	uint8 any_order;
	uint8 steps;
	int64 within; /* microseconds */
} FunnelRule;

/* How far one person got: the value of type funnel, opened. */
typedef struct Funnel
{
	FunnelRule rule;
	SegmentFunnel result;
} Funnel;

/*
 * The byte string of a funnel: version, flags (kind in the lowest two bits, 4: later, 8: any order), steps, reached (1
 * byte each), within (8); if a step was reached, entered and the time of each step reached (8 each).
 */
extern bytea *segment_funnel_encode(const Funnel *funnel);

/* Back from it, checked; NULL, or what is wrong with it. */
extern const char *segment_funnel_decode(SegmentCursor cursor, Funnel *funnel);

/* The value of an argument, which is not NULL. */
extern void segment_funnel_arg(FunctionCallInfo fcinfo, int arg, Funnel *funnel);

/* The moment at which as_of, a day that is included, ends: for times of this kind, in a zone that matters for moments. */
extern int64 segment_funnel_end_of(FunctionCallInfo fcinfo, int as_of_arg, int zone_arg, SegmentTimeKind kind);

/* Whether somebody's window was still open at that moment; 22023 if the funnel has events after it. */
extern bool segment_funnel_is_open(const FunnelRule *rule, int64 entered, int64 end);

/*
 * How far many persons got. A record is the time of entry and, for each step, how long after the first one it was done;
 * -1 where it was not. Records of equal entry are in the order of what follows.
 */
typedef struct Funnels
{
	FunnelRule rule;
	int64 outside; /* persons who did not enter */
	int64 n;
	int64 size;
	int64 *records; /* n of steps + 1 numbers */
	bool is_sorted;
} Funnels;

#define FUNNELS_WIDTH(funnels) ((funnels)->rule.steps + 1)

/* In the current context. */
extern Funnels *segment_funnels_new(const FunnelRule *rule);

/* Adds a person, or all of other, which stays as it is; 22023 for another rule. */
extern void segment_funnels_add(Funnels *funnels, const Funnel *funnel, MemoryContext context);
extern void segment_funnels_merge(Funnels *funnels, const Funnels *other, MemoryContext context);

/* The byte string; sorts the records. */
extern bytea *segment_funnels_encode(Funnels *funnels);
extern Funnels *segment_funnels_decode(SegmentCursor cursor, const char **fault);

/* Makes the aggregates known to the grouping node. */
extern void segment_event_register(void);

#endif
