/*
 * sequence.c: patterns over events. All events at which some match of the first elements of a pattern ends are kept, so
 * that nothing is tried twice: the work is at most events times elements, and a binary search where time is bounded.
 */
#include "math/sequence.h"

#include <string.h>

#define SECOND INT64_C(1000000)

/* Digits, and up to six behind a point, as microseconds; false if there are none or too many. */
static bool
read_seconds(const char **text, int64_t *length)
{
	const char *at = *text;
	int64_t seconds = 0;
	int64_t fraction = 0;
	int64_t unit = SECOND;

	if (*at < '0' || *at > '9')
		return false;
	for (; *at >= '0' && *at <= '9'; at++)
	{
		seconds = seconds * 10 + (*at - '0');
		if (seconds > INT64_MAX / SECOND / 16)
			return false;
	}
	if (*at == '.')
	{
		at++;
		if (*at < '0' || *at > '9')
			return false;
		for (; *at >= '0' && *at <= '9'; at++)
		{
			unit /= 10;
			if (unit == 0)
				return false;
			fraction += unit * (*at - '0');
		}
	}
	*text = at;
	*length = seconds * SECOND + fraction;
	return true;
}

/* Reads the rest of a bound behind (?t; false if it is none. */
static bool
read_bound(const char **text, SegmentElement *next)
{
	char sign = **text;
	bool or_equal;
	int64_t length;

	if (sign != '<' && sign != '>' && sign != '=')
		return false;
	(*text)++;
	or_equal = **text == '=';
	if (sign == '=' && !or_equal)
		return false;
	*text += or_equal;
	if (!read_seconds(text, &length) || **text != ')')
		return false;
	(*text)++;
	next->gap = SEGMENT_GAP_TIME;
	if (sign != '<')
	{
		int64_t at_least = length + (sign == '>' && !or_equal);

		next->at_least = at_least > next->at_least ? at_least : next->at_least;
	}
	if (sign != '>')
	{
		int64_t at_most = length - (sign == '<' && !or_equal);

		next->at_most = at_most < next->at_most ? at_most : next->at_most;
	}
	return true;
}

/* Reads the number of a condition behind (?; 0 if it is none. */
static int
read_condition(const char **text, int conditions)
{
	int number = 0;

	for (; **text >= '0' && **text <= '9' && number <= conditions; (*text)++)
		number = number * 10 + (**text - '0');
	if (number > conditions || **text != ')')
		return 0;
	(*text)++;
	return number;
}

static void
start_gap(SegmentElement *next)
{
	next->gap = SEGMENT_GAP_NONE;
	next->at_least = 0;
	next->at_most = INT64_MAX;
}

const char *
segment_pattern_parse(const char *text, int conditions, SegmentPattern *pattern)
{
	SegmentElement next;
	bool has_bound = false;

	pattern->n = 0;
	start_gap(&next);
	while (*text != '\0')
	{
		if (*text == ' ')
			text++;
		else if (strncmp(text, ".*", 2) == 0)
		{
			text += 2;
			if (next.gap == SEGMENT_GAP_NONE)
				next.gap = SEGMENT_GAP_ANY;
		}
		else if (strncmp(text, "(?t", 3) == 0)
		{
			text += 3;
			if (pattern->n == 0)
				return "A bound of time stands between two events, not before the first.";
			if (!read_bound(&text, &next))
				return "A bound of time reads (?t, one of < <= > >= ==, seconds, and ).";
			has_bound = true;
		}
		else
		{
			if (*text == '.')
			{
				text++;
				next.steps = UINT32_MAX;
			}
			else if (strncmp(text, "(?", 2) == 0)
			{
				int number;

				text += 2;
				number = read_condition(&text, conditions);
				if (number == 0)
					return "A condition reads (?, the number of one of the conditions, and ).";
				next.steps = (uint32_t) 1 << (number - 1);
			}
			else
				return "It is made of (?1), (?2), ..., bounds of time such as (?t<=3600), . and .* only.";
			if (pattern->n == SEGMENT_MAX_ELEMENTS)
				return "It has more than 64 events.";
			pattern->element[pattern->n++] = next;
			start_gap(&next);
			has_bound = false;
		}
	}
	if (has_bound)
		return "A bound of time stands between two events, not behind the last.";
	return pattern->n == 0 ? "It asks for no event." : NULL;
}

/* True if a match of the elements before ends at an event from which this one can be reached. */
static bool
is_reached(const SegmentElement *element, const SegmentEvent *events, const uint32_t *place, uint32_t count,
		   uint32_t event)
{
	uint32_t low = 0;
	uint32_t high = count;

	if (count == 0)
		return false;
	if (element->gap == SEGMENT_GAP_NONE)
		return place[count - 1] + 1 == event;
	if (element->gap == SEGMENT_GAP_ANY)
		return true;
	/* the last end that is long enough ago: if that is too long ago, all are */
	while (low < high)
	{
		uint32_t middle = low + (high - low) / 2;

		if (segment_time_between(events[place[middle]].at, events[event].at) >= (uint64_t) element->at_least)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && element->at_most >= 0 &&
		   segment_time_between(events[place[low - 1]].at, events[event].at) <= (uint64_t) element->at_most;
}

int64_t
segment_sequence_count(const SegmentPattern *pattern, const SegmentEvent *events, uint32_t n, int64_t most,
					   SegmentEnds *ends, uint32_t *end, SegmentPoll poll)
{
	int64_t matches = 0;

	memset(ends->count, 0, sizeof(ends->count));
	for (uint32_t i = 0; i < n && matches < most; i++)
	{
		SEGMENT_POLL(poll, i);
		/* from the last element down: an event is one element of a match */
		for (int j = pattern->n - 1; j >= 0; j--)
		{
			const SegmentElement *element = &pattern->element[j];

			if (!(events[i].steps & element->steps))
				continue;
			if (j > 0 && !is_reached(element, events, ends->place + (size_t) (j - 1) * n, ends->count[j - 1], i))
				continue;
			if (j == pattern->n - 1)
			{
				matches++;
				*end = i;
				memset(ends->count, 0, sizeof(ends->count));
				break;
			}
			ends->place[(size_t) j * n + ends->count[j]++] = i;
		}
	}
	return matches;
}
