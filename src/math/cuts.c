/*
 * cuts.c: cut points: validity, bounds, text and binary form.
 */
#include "math/cuts.h"

#include <math.h>
#include <string.h>

#include "math/text.h"
#include "math/wire.h"

const char *const segment_side_names[SEGMENT_SIDES] = {"quantile", "from", "within", "under"};
const char *const segment_method_names[SEGMENT_METHODS] = {"given", "quantile", "equal_width", "natural"};

void
segment_cuts_bounds(const SegmentCuts *cuts, int score, int *lower, int *upper)
{
	int below = cuts->descending ? cuts->bins - score : score - 1;

	*lower = below - 1;
	*upper = below < cuts->bins - 1 ? below : -1;
}

/* False if the thresholds leave no value for this score. */
static bool
is_possible(const SegmentCuts *cuts, int score)
{
	int lower;
	int upper;

	segment_cuts_bounds(cuts, score, &lower, &upper);
	return lower < 0 || upper < 0 || cuts->thresholds[lower] < cuts->thresholds[upper];
}

bool
segment_cuts_used(const SegmentCuts *cuts, int score)
{
	if (cuts->method == SEGMENT_METHOD_GIVEN)
		return is_possible(cuts, score);
	return segment_cuts_counts(cuts)[score - 1] > 0;
}

void
segment_cuts_init(SegmentCuts *cuts, SegmentSide side, SegmentMethod method, bool descending, int bins)
{
	memset(cuts, 0, segment_cuts_size_of(bins, method));
	cuts->side = (uint8_t) side;
	cuts->method = (uint8_t) method;
	cuts->descending = descending || side == SEGMENT_SIDE_WITHIN || side == SEGMENT_SIDE_UNDER;
	cuts->bins = (uint8_t) bins;
}

/* What is wrong with the head, or NULL. */
static const char *
head_fault(const SegmentCuts *cuts)
{
	if (cuts->side >= SEGMENT_SIDES)
		return "The side is none of quantile, from, within, under.";
	if (cuts->method >= SEGMENT_METHODS)
		return "The method is none of given, quantile, equal_width, natural.";
	if (cuts->descending > 1 || cuts->zero != 0)
		return "A byte that must be 0 or 1 is neither.";
	if (cuts->bins < SEGMENT_CUTS_MIN_BINS || cuts->bins > SEGMENT_CUTS_MAX_BINS)
		return "There must be 1 to 99 thresholds, for 2 to 100 bins.";
	if (cuts->side == SEGMENT_SIDE_FROM && cuts->descending)
		return "The side from is ascending.";
	if ((cuts->side == SEGMENT_SIDE_WITHIN || cuts->side == SEGMENT_SIDE_UNDER) && !cuts->descending)
		return "The sides within and under are descending.";
	if (cuts->method != SEGMENT_METHOD_GIVEN && cuts->side != SEGMENT_SIDE_QUANTILE)
		return "Cut points made from data have the side quantile.";
	return NULL;
}

const char *
segment_cuts_fault(const SegmentCuts *cuts, size_t size)
{
	const char *fault = head_fault(cuts);

	if (fault)
		return fault;
	if (size != segment_cuts_size(cuts))
		return "The length does not fit the number of bins.";
	for (int i = 0; i < cuts->bins - 1; i++)
	{
		if (!isfinite(cuts->thresholds[i]))
			return "Thresholds must be finite numbers.";
		if (cuts->thresholds[i] == 0 && signbit(cuts->thresholds[i]))
			return "Zero has no sign here.";
		if (i > 0 && cuts->thresholds[i] < cuts->thresholds[i - 1])
			return "Thresholds must ascend.";
	}
	if (cuts->method != SEGMENT_METHOD_GIVEN)
	{
		const int64_t *counts = segment_cuts_counts(cuts);
		int64_t total = 0;

		for (int score = 1; score <= cuts->bins; score++)
		{
			int64_t count = counts[score - 1];

			if (count < 0 || count > SEGMENT_MAX_TOTAL || (total += count) > SEGMENT_MAX_TOTAL)
				return "A count is out of range.";
			if (count > 0 && !is_possible(cuts, score))
				return "A score that no value can get has a count.";
		}
		if (total == 0)
			return "The counts are all zero.";
	}
	return NULL;
}

/* Reads "{a, b, ...}" of at most limit doubles or counts into numbers (one of the two). */
static const char *
parse_list(const char **text, int limit, double *doubles, int64_t *counts, int *n)
{
	*n = 0;
	if (!segment_text_char(text, '{'))
		return "A list in braces is missing.";
	do
	{
		if (*n == limit)
			return "There must be 1 to 99 thresholds, and a count for each bin.";
		if (doubles ? !segment_text_double(text, &doubles[*n]) : !segment_text_count(text, &counts[*n]))
			return doubles ? "A threshold is no finite number." : "A count is no whole number.";
		(*n)++;
	} while (segment_text_char(text, ','));
	return segment_text_char(text, '}') ? NULL : "A closing brace is missing.";
}

/* Reads one of the names; its index, or -1. */
static int
parse_name(const char **text, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (segment_text_word(text, names[i]))
			return i;
	return -1;
}

const char *
segment_cuts_parse(const char **text, SegmentCutsBuffer *result)
{
	SegmentCuts *cuts = &result->cuts;
	double thresholds[SEGMENT_CUTS_MAX_BINS - 1];
	int64_t counts[SEGMENT_CUTS_MAX_BINS];
	int n;
	int n_counts;
	int method = SEGMENT_METHOD_GIVEN;
	int side = parse_name(text, segment_side_names, SEGMENT_SIDES);
	bool descending = false;
	const char *fault;

	/* a bare list has the side that a bare array has, as cut_points('{2,5}') means the type's input */
	if (side < 0 && **text == '{')
		side = SEGMENT_SIDE_FROM;
	if (side < 0)
		return "It begins with a side: quantile, from, within, or under.";
	if (side == SEGMENT_SIDE_QUANTILE)
		descending = segment_text_word(text, "descending");
	fault = parse_list(text, SEGMENT_CUTS_MAX_BINS - 1, thresholds, NULL, &n);
	if (fault)
		return fault;
	if (segment_text_word(text, "by"))
	{
		method = parse_name(text, segment_method_names, SEGMENT_METHODS);
		if (method <= SEGMENT_METHOD_GIVEN)
			return "The word by is followed by a method: quantile, equal_width, or natural.";
		if (!segment_text_word(text, "of"))
			return "A method is followed by the word of and the counts.";
		fault = parse_list(text, n + 1, NULL, counts, &n_counts);
		if (fault)
			return fault;
		if (n_counts != n + 1)
			return "There must be one count more than thresholds.";
	}
	segment_cuts_init(cuts, (SegmentSide) side, (SegmentMethod) method, descending, n + 1);
	memcpy(cuts->thresholds, thresholds, (size_t) n * sizeof(double));
	if (method != SEGMENT_METHOD_GIVEN)
		memcpy(segment_cuts_counts(cuts), counts, (size_t) (n + 1) * sizeof(int64_t));
	return segment_cuts_fault(cuts, segment_cuts_size(cuts));
}

/* Appends a word and returns the new end. */
static char *
print_word(char *end, const char *word)
{
	size_t length = strlen(word);

	memcpy(end, word, length + 1);
	return end + length;
}

int
segment_cuts_print(const SegmentCuts *cuts, char *buffer)
{
	char *end = print_word(buffer, segment_side_names[cuts->side]);

	if (cuts->side == SEGMENT_SIDE_QUANTILE && cuts->descending)
		end = print_word(end, " descending");
	for (int i = 0; i < cuts->bins - 1; i++)
	{
		end = print_word(end, i == 0 ? " {" : ",");
		end += segment_print_double(cuts->thresholds[i], end);
	}
	end = print_word(end, "}");
	if (cuts->method != SEGMENT_METHOD_GIVEN)
	{
		const int64_t *counts = segment_cuts_counts(cuts);

		end = print_word(end, " by ");
		end = print_word(end, segment_method_names[cuts->method]);
		for (int i = 0; i < cuts->bins; i++)
		{
			end = print_word(end, i == 0 ? " of {" : ",");
			end += segment_print_count(counts[i], end);
		}
		end = print_word(end, "}");
	}
	return (int) (end - buffer);
}

size_t
segment_cuts_encode(const SegmentCuts *cuts, unsigned char *bytes)
{
	unsigned char *end = bytes;

	*end++ = cuts->side;
	*end++ = cuts->method;
	*end++ = cuts->descending;
	*end++ = cuts->bins;
	for (int i = 0; i < cuts->bins - 1; i++)
		end = segment_wire_put_double(end, cuts->thresholds[i]);
	if (cuts->method != SEGMENT_METHOD_GIVEN)
		for (int i = 0; i < cuts->bins; i++)
			end = segment_wire_put(end, (uint64_t) segment_cuts_counts(cuts)[i], 8);
	return (size_t) (end - bytes);
}

const char *
segment_cuts_decode(SegmentCursor *cursor, SegmentCutsBuffer *result)
{
	SegmentCuts *cuts = &result->cuts;
	const char *fault;

	memset(cuts, 0, SEGMENT_CUTS_HEAD);
	cuts->side = (unsigned char) segment_take(cursor, 1);
	cuts->method = (unsigned char) segment_take(cursor, 1);
	cuts->descending = (unsigned char) segment_take(cursor, 1);
	cuts->bins = (unsigned char) segment_take(cursor, 1);
	fault = head_fault(cuts);
	if (fault)
		return fault;
	for (int i = 0; i < cuts->bins - 1; i++)
		cuts->thresholds[i] = segment_take_double(cursor);
	if (cuts->method != SEGMENT_METHOD_GIVEN)
		for (int i = 0; i < cuts->bins; i++)
			segment_cuts_counts(cuts)[i] = (int64_t) segment_take(cursor, 8);
	if (cursor->is_short)
		return segment_cursor_fault(cursor);
	return segment_cuts_fault(cuts, segment_cuts_size(cuts));
}
