/*
 * funnel.c: how far one person got through steps.
 *
 * In order, it is enough to know for each step the latest start of a chain that reached it: whatever completes an earlier
 * start within the time completes a later one too. Within one instant steps are matched to events (Kuhn 1955): chains
 * that had reached step j before it get as far as the steps behind j can be matched to events of their own.
 */
#include "math/funnel.h"

#include <string.h>

#define MAX_CANDIDATES (SEGMENT_MAX_STEPS * SEGMENT_MAX_STEPS)

/*
 * Events that steps can be matched to. As many events as there are steps suffice for each step: if it has that many,
 * one is always left for it.
 */
typedef struct Matching
{
	int steps;
	int n; /* candidates */
	int count[SEGMENT_MAX_STEPS];
	int candidate[SEGMENT_MAX_STEPS][SEGMENT_MAX_STEPS];
	int owner[MAX_CANDIDATES]; /* the step that has it, or -1 */
	bool seen[MAX_CANDIDATES];
} Matching;

static void
matching_init(Matching *matching, int steps)
{
	matching->steps = steps;
	matching->n = 0;
	memset(matching->count, 0, sizeof(matching->count));
}

static void
matching_add(Matching *matching, uint32_t steps)
{
	bool is_new = false;

	for (; steps != 0; steps &= steps - 1)
	{
		int step = __builtin_ctz(steps);

		if (matching->count[step] == matching->steps)
			continue;
		matching->candidate[step][matching->count[step]++] = matching->n;
		is_new = true;
	}
	if (is_new)
		matching->owner[matching->n++] = -1;
}

static void
matching_free_all(Matching *matching)
{
	for (int i = 0; i < matching->n; i++)
		matching->owner[i] = -1;
}

/* Gives the step an event that it has not tried yet; at most as deep as there are steps. */
static bool
matching_place(Matching *matching, int step)
{
	for (int i = 0; i < matching->count[step]; i++)
	{
		int candidate = matching->candidate[step][i];

		if (matching->seen[candidate])
			continue;
		matching->seen[candidate] = true;
		if (matching->owner[candidate] < 0 || matching_place(matching, matching->owner[candidate]))
		{
			matching->owner[candidate] = step;
			return true;
		}
	}
	return false;
}

/* True if this step can have an event beside those that have one. */
static bool
matching_extend(Matching *matching, int step)
{
	if (matching->count[step] == 0)
		return false;
	memset(matching->seen, 0, sizeof(bool) * (size_t) matching->n);
	return matching_place(matching, step);
}

/* How many of the steps from this one on, without a gap, have events of their own. */
static int
matching_run(Matching *matching, int from)
{
	int step = from;

	matching_free_all(matching);
	while (step < matching->steps && matching_extend(matching, step))
		step++;
	return step - from;
}

/* How many steps at all. */
static int
matching_size(Matching *matching)
{
	int size = 0;

	matching_free_all(matching);
	for (int step = 0; step < matching->steps; step++)
		size += matching_extend(matching, step);
	return size;
}

/* --- steps in order ------------------------------------------------------------------------------------------ */

/* The events [first, end) of one instant. */
typedef struct Instant
{
	size_t first;
	size_t end;
	int64_t at;
	uint32_t steps; /* of all of them */
} Instant;

static inline void
instant_read(Instant *instant, const SegmentEvent *events, size_t n, size_t first)
{
	size_t end = first + 1;

	instant->first = first;
	instant->at = events[first].at;
	instant->steps = events[first].steps;
	for (; end < n && events[end].at == instant->at; end++)
		instant->steps |= events[end].steps;
	instant->end = end;
}

static inline bool
in_range(const SegmentFunnelRule *rule, int64_t at)
{
	return at >= rule->from && at < rule->before;
}

/* Whether several steps can be done within the instant. */
static inline bool
is_joint(const Instant *instant, const SegmentFunnelRule *rule)
{
	return instant->end - instant->first > 1 && !rule->is_later;
}

static void
instant_candidates(Matching *matching, const SegmentEvent *events, const Instant *instant, int steps)
{
	matching_init(matching, steps);
	for (size_t i = instant->first; i < instant->end; i++)
		matching_add(matching, events[i].steps);
}

/* Latest starts of the chains that reached each step; the highest step is returned. */
typedef struct Starts
{
	int highest;
	uint32_t reached; /* bit j - 1: there is such a chain for step j */
	int64_t start[SEGMENT_MAX_STEPS];
} Starts;

static inline void
starts_set(Starts *starts, int step, int64_t start)
{
	if (!((starts->reached >> step) & 1) || starts->start[step] < start)
		starts->start[step] = start;
	starts->reached |= (uint32_t) 1 << step;
	if (starts->highest <= step)
		starts->highest = step + 1;
}

static inline bool
may_go_on(const Starts *starts, int step, int64_t at, int64_t within)
{
	return ((starts->reached >> step) & 1) && segment_time_between(starts->start[step], at) <= (uint64_t) within;
}

/* One step in this instant. */
static inline void
advance_by_one(Starts *starts, const SegmentFunnelRule *rule, const Instant *instant)
{
	uint32_t steps = instant->steps;

	/* from the last one down, so that what this instant reached takes no further step in it */
	while (steps != 0)
	{
		int step = 31 - __builtin_clz(steps);

		steps &= ~((uint32_t) 1 << step);
		if (step == 0)
		{
			if (in_range(rule, instant->at))
				starts_set(starts, 0, instant->at);
		}
		else if (may_go_on(starts, step - 1, instant->at, rule->within))
			starts_set(starts, step, starts->start[step - 1]);
	}
}

/* As many steps in this instant as there are events for. */
static void
advance_jointly(Starts *starts, const SegmentFunnelRule *rule, const Instant *instant, Matching *matching)
{
	Starts before = *starts;

	for (int from = rule->steps - 1; from >= 0; from--)
	{
		int64_t start = instant->at;
		int run;

		if (!((instant->steps >> from) & 1))
			continue;
		if (from == 0 ? !in_range(rule, instant->at) : !may_go_on(&before, from - 1, instant->at, rule->within))
			continue;
		if (from > 0)
			start = before.start[from - 1];
		run = matching_run(matching, from);
		for (int i = 0; i < run; i++)
			starts_set(starts, from + i, start);
	}
}

/* The times of a chain that begins at time[0] and is known to exist: each step as early as it can be. */
static void
earliest_times(const SegmentEvent *events, size_t n, const SegmentFunnelRule *rule, SegmentFunnel *funnel,
			   Matching *matching, SegmentPoll poll)
{
	size_t low = 0;
	size_t high = n;
	int reached = 0;
	size_t round = 0;
	Instant instant;

	while (low < high)
	{
		size_t middle = low + (high - low) / 2;

		if (events[middle].at < funnel->time[0])
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low; i < n && reached < funnel->reached; i = instant.end)
	{
		int run;

		SEGMENT_POLL(poll, round++);
		instant_read(&instant, events, n, i);
		if (!((instant.steps >> reached) & 1))
			continue;
		run = 1;
		if (is_joint(&instant, rule))
		{
			instant_candidates(matching, events, &instant, rule->steps);
			run = matching_run(matching, reached);
		}
		for (; run > 0 && reached < funnel->reached; run--)
			funnel->time[reached++] = instant.at;
	}
}

static void
funnel_ordered(const SegmentEvent *events, size_t n, const SegmentFunnelRule *rule, SegmentFunnel *funnel,
			   SegmentPoll poll)
{
	Starts starts = {0};
	Matching matching;
	Instant instant;
	int64_t completed = 0;
	size_t round = 0;

	for (size_t i = 0; i < n && funnel->reached < rule->steps; i = instant.end)
	{
		SEGMENT_POLL(poll, round++);
		instant_read(&instant, events, n, i);
		if (is_joint(&instant, rule))
		{
			instant_candidates(&matching, events, &instant, rule->steps);
			advance_jointly(&starts, rule, &instant, &matching);
		}
		else
			advance_by_one(&starts, rule, &instant);
		if (starts.highest > funnel->reached)
		{
			if (funnel->reached == 0)
				funnel->entered = instant.at;
			funnel->reached = starts.highest;
			funnel->time[0] = starts.start[starts.highest - 1];
			completed = instant.at;
		}
	}
	if (funnel->reached == 2)
		funnel->time[1] = completed;
	else if (funnel->reached > 2)
		earliest_times(events, n, rule, funnel, &matching, poll);
}

/* --- steps in any order ------------------------------------------------------------------------------------------ */

/* The most steps that events [first, end) can do. */
static int
steps_within(const SegmentEvent *events, size_t first, size_t end, const SegmentFunnelRule *rule, Matching *matching,
			 SegmentPoll poll)
{
	matching_init(matching, rule->steps);
	for (size_t i = first; i < end; i++)
	{
		SEGMENT_POLL(poll, i);
		matching_add(matching, events[i].steps);
	}
	return matching_size(matching);
}

/* The last instant to start at, in [first, end), so that events from there on do as many steps. */
static size_t
latest_start(const SegmentEvent *events, size_t first, size_t end, const SegmentFunnelRule *rule, int reached,
			 Matching *matching, SegmentPoll poll)
{
	size_t low = first;
	size_t high = end;

	/* the steps that later starts can do only get fewer */
	while (high - low > 1)
	{
		size_t middle = low + (high - low) / 2;

		if (events[middle].at < rule->before && steps_within(events, middle, end, rule, matching, poll) >= reached)
			low = middle;
		else
			high = middle;
	}
	while (low > first && events[low - 1].at == events[low].at)
		low--;
	return low;
}

/* When one, two, ... steps were done of a chain that starts with the events from first on. */
static void
times_of_any(const SegmentEvent *events, size_t first, size_t n, const SegmentFunnelRule *rule, SegmentFunnel *funnel,
			 Matching *matching, SegmentPoll poll)
{
	int done = 0;
	uint32_t steps = 0;
	Instant instant;

	for (size_t i = first; i < n && done < funnel->reached; i = instant.end)
	{
		int size;

		instant_read(&instant, events, n, i);
		steps |= instant.steps;
		if (__builtin_popcount(steps) <= done)
			continue;
		size = steps_within(events, first, instant.end, rule, matching, poll);
		while (done < size && done < funnel->reached)
			funnel->time[done++] = instant.at;
	}
}

/*
 * A chain whose first event lies in the range exists as soon as the window has any event in the range: it can take the
 * place of another one that does the same step.
 */
static void
funnel_any_order(const SegmentEvent *events, size_t n, const SegmentFunnelRule *rule, SegmentFunnel *funnel,
				 SegmentPoll poll)
{
	size_t in_window[SEGMENT_MAX_STEPS] = {0};
	Matching matching;
	Instant instant;
	size_t first = 0;
	size_t start = 0;

	for (size_t i = 0; i < n && funnel->reached < rule->steps; i = instant.end)
	{
		int possible = 0;

		SEGMENT_POLL(poll, i);
		instant_read(&instant, events, n, i);
		for (size_t j = instant.first; j < instant.end; j++)
			for (uint32_t steps = events[j].steps; steps != 0; steps &= steps - 1)
				in_window[__builtin_ctz(steps)]++;
		for (; first < instant.end && (events[first].at < rule->from ||
									   segment_time_between(events[first].at, instant.at) > (uint64_t) rule->within);
			 first++)
			for (uint32_t steps = events[first].steps; steps != 0; steps &= steps - 1)
				in_window[__builtin_ctz(steps)]--;
		if (first == instant.end || events[first].at >= rule->before)
			continue;
		if (funnel->reached == 0)
			funnel->entered = events[first].at;
		for (int step = 0; step < rule->steps; step++)
			possible += in_window[step] > 0;
		if (possible <= funnel->reached || instant.end - first <= (size_t) funnel->reached)
			continue;
		possible = steps_within(events, first, instant.end, rule, &matching, poll);
		if (possible <= funnel->reached)
			continue;
		funnel->reached = possible;
		start = latest_start(events, first, instant.end, rule, possible, &matching, poll);
	}
	if (funnel->reached > 0)
		times_of_any(events, start, n, rule, funnel, &matching, poll);
}

void
segment_funnel(const SegmentEvent *events, size_t n, const SegmentFunnelRule *rule, SegmentFunnel *funnel,
			   SegmentPoll poll)
{
	memset(funnel, 0, sizeof(SegmentFunnel));
	if (rule->any_order)
		funnel_any_order(events, n, rule, funnel, poll);
	else
		funnel_ordered(events, n, rule, funnel, poll);
}
