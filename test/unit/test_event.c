/*
 * test_event.c: funnels, patterns and components on plain arrays: the ends of their ranges, random events against the plain
 * definition, and texts that are no patterns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "math/components.h"
#include "math/sequence.h"
#include "tap.h"

static uint64_t state = 20240101;

static uint32_t
below(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t) (state >> 33) % n;
}

/* The longest chain that goes on behind event last, which was step step; by trying all. */
static int
longest(const SegmentEvent *events, size_t n, const SegmentFunnelRule *rule, uint32_t used, int64_t start, int64_t last,
		int step)
{
	int best = step;

	if (step == rule->steps)
		return step;
	for (size_t i = 0; i < n; i++)
	{
		int length;

		if (((used >> i) & 1) || !((events[i].steps >> step) & 1))
			continue;
		if (step == 0
				? events[i].at < rule->from || events[i].at >= rule->before
				: (rule->is_later ? events[i].at <= last : events[i].at < last) || events[i].at - start > rule->within)
			continue;
		length = longest(events, n, rule, used | ((uint32_t) 1 << i), step == 0 ? events[i].at : start, events[i].at,
						 step + 1);
		best = length > best ? length : best;
	}
	return best;
}

static int
random_funnels(int is_later)
{
	SegmentFunnel funnel;
	int differ = 0;

	for (int trial = 0; trial < 20000; trial++)
	{
		SegmentEvent events[8];
		size_t n = 1 + below(8);
		SegmentFunnelRule rule = {1 + (int) below(4), is_later, false, below(6), 0, 1 + below(9)};
		int64_t at = 0;

		for (size_t i = 0; i < n; i++)
		{
			at += below(3) / 2;
			events[i] = (SegmentEvent) {at, 1 + below(15), 0};
		}
		segment_funnel(events, n, &rule, &funnel, NULL);
		differ += funnel.reached != longest(events, n, &rule, 0, 0, 0, 0);
		for (int i = 1; i < funnel.reached; i++)
			differ += funnel.time[i] < funnel.time[i - 1] || (is_later && funnel.time[i] == funnel.time[i - 1]);
		differ += funnel.reached > 0 && funnel.time[funnel.reached - 1] - funnel.time[0] > rule.within;
	}
	return differ;
}

/* Any text: it is read to its end or refused, and what is read stays within its bounds. */
static int
random_patterns(void)
{
	static const char letters[] = "(?)12t<>=.* 3456789";
	int read = 0;

	for (int trial = 0; trial < 200000; trial++)
	{
		char text[24];
		size_t n = below(sizeof(text));
		SegmentPattern pattern;

		for (size_t i = 0; i < n; i++)
			text[i] = letters[below(sizeof(letters) - 1)];
		text[n] = '\0';
		if (segment_pattern_parse(text, 2, &pattern) == NULL)
			read += pattern.n >= 1 && pattern.n <= SEGMENT_MAX_ELEMENTS;
	}
	return read;
}

int
main(void)
{
	static SegmentEvent many[100];
	SegmentEvent far[2] = {{INT64_MIN + 1, 1, 0}, {INT64_MAX - 1, 2, 0}};
	SegmentFunnelRule all = {32, false, false, INT64_MAX, INT64_MIN, INT64_MAX};
	SegmentFunnelRule two = {2, false, false, INT64_MAX, INT64_MIN, INT64_MAX};
	SegmentFunnel funnel;
	SegmentPattern pattern;
	uint32_t place[6];
	uint32_t end = 0;
	SegmentEnds ends = {place, {0}};
	SegmentEvent three[3] = {{0, 1, 0}, {1000000, 1, 0}, {2000000, 2, 0}};
	SegmentEdge edges[4] = {{0, 4}, {1, 2}, {1, 3}, {2, 3}};
	uint32_t degree[5];
	uint32_t root[5];
	uint32_t size[5];
	char wide[200] = "";

	tap_ok(random_funnels(0) == 0, "20,000 random funnels are as all chains say");
	tap_ok(random_funnels(1) == 0, "and with strictly later steps");
	for (int i = 0; i < 100; i++)
		many[i] = (SegmentEvent) {7, UINT32_MAX, 0};
	segment_funnel(many, 100, &all, &funnel, NULL);
	tap_ok(funnel.reached == 32, "32 steps in one instant");
	segment_funnel(many, 31, &all, &funnel, NULL);
	tap_ok(funnel.reached == 31, "one event less than steps");
	all.any_order = true;
	segment_funnel(many, 31, &all, &funnel, NULL);
	tap_ok(funnel.reached == 31, "in any order, too");
	segment_funnel(far, 2, &two, &funnel, NULL);
	tap_ok(funnel.reached == 1, "times further apart than 63 bits tell");
	tap_ok(segment_pattern_parse("(?1)(?t>=1)(?t<1.5)(?2)", 2, &pattern) == NULL && pattern.n == 2 &&
			   pattern.element[1].at_least == 1000000 && pattern.element[1].at_most == 1499999,
		   "bounds of time in microseconds");
	tap_ok(segment_sequence_count(&pattern, three, 3, 10, &ends, &end, NULL) == 1 && end == 2, "the later start fits");
	for (int i = 0; i < 65; i++)
		strcat(wide, ".");
	tap_ok(segment_pattern_parse(wide, 2, &pattern) != NULL, "65 events are too many");
	tap_ok(segment_pattern_parse("(?1)(?t<99999999999999999999)(?2)", 2, &pattern) != NULL, "too many seconds");
	tap_ok(random_patterns() > 10, "random texts are patterns, or refused");
	segment_components(edges, 4, 5, 0, degree, root, size, NULL);
	tap_ok(root[4] == 0 && root[3] == 1 && root[2] == 1 && size[1] == 3 && size[0] == 2, "two components");
	segment_components(edges, 4, 5, 1, degree, root, size, NULL);
	tap_ok(root[4] == 0 && root[3] == 3 && size[3] == 1 && degree[1] == 2, "ids of two edges join nobody");
	return tap_done();
}
