/*
 * score_text.c: reads and writes the text form of a score triple.
 */
#include "math/score_text.h"

#include <string.h>

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Reads one digit into *value and moves on. */
static bool
read_digit(const char **text, int *value)
{
	if (**text < '0' || **text > '9')
		return false;
	*value = *(*text)++ - '0';
	return true;
}

/* Reads "-d-d" behind a first digit that has been read. */
static bool
read_other_two(const char **text, int values[SEGMENT_TRIPLE])
{
	for (int i = 1; i < SEGMENT_TRIPLE; i++)
	{
		if (**text != '-')
			return false;
		(*text)++;
		if (!read_digit(text, &values[i]))
			return false;
	}
	return true;
}

static bool
bins_are_valid(const int bins[SEGMENT_TRIPLE])
{
	for (int i = 0; i < SEGMENT_TRIPLE; i++)
		if (bins[i] < SEGMENT_TRIPLE_MIN_BINS || bins[i] > SEGMENT_TRIPLE_MAX_BINS)
			return false;
	return true;
}

bool
segment_triple_is_valid(const int scores[SEGMENT_TRIPLE], const int bins[SEGMENT_TRIPLE])
{
	if (!bins_are_valid(bins))
		return false;
	if (scores[0] == 0 && scores[1] == 0 && scores[2] == 0)
		return true;
	for (int i = 0; i < SEGMENT_TRIPLE; i++)
		if (scores[i] < 1 || scores[i] > bins[i])
			return false;
	return true;
}

SegmentTripleFault
segment_triple_parse(const char *text, int scores[SEGMENT_TRIPLE], int bins[SEGMENT_TRIPLE])
{
	bool is_none = false;

	while (is_space(*text))
		text++;
	if (strncmp(text, "none", 4) == 0)
	{
		is_none = true;
		text += 4;
		memset(scores, 0, SEGMENT_TRIPLE * sizeof(int));
	}
	else if (!read_digit(&text, &scores[0]) || !read_other_two(&text, scores))
		return SEGMENT_TRIPLE_SYNTAX;

	for (int i = 0; i < SEGMENT_TRIPLE; i++)
		bins[i] = SEGMENT_TRIPLE_DEFAULT_BINS;
	if (*text == '/')
	{
		text++;
		if (!read_digit(&text, &bins[0]))
			return SEGMENT_TRIPLE_SYNTAX;
		if (*text == '-')
		{
			if (!read_other_two(&text, bins))
				return SEGMENT_TRIPLE_SYNTAX;
		}
		else
			bins[1] = bins[2] = bins[0];
	}
	while (is_space(*text))
		text++;
	if (*text != '\0')
		return SEGMENT_TRIPLE_SYNTAX;
	if (!bins_are_valid(bins))
		return SEGMENT_TRIPLE_BINS;
	/* '0-0-0' is not another way to write 'none' */
	if (!is_none && (scores[0] == 0 || !segment_triple_is_valid(scores, bins)))
		return SEGMENT_TRIPLE_SCORE;
	return SEGMENT_TRIPLE_OK;
}

/* Writes "a-b-c" and returns the end. */
static char *
print_three(char *end, const int values[SEGMENT_TRIPLE])
{
	for (int i = 0; i < SEGMENT_TRIPLE; i++)
	{
		if (i > 0)
			*end++ = '-';
		*end++ = (char) ('0' + values[i]);
	}
	return end;
}

void
segment_triple_print(const int scores[SEGMENT_TRIPLE], const int bins[SEGMENT_TRIPLE], char *buffer)
{
	char *end = buffer;
	bool alike = bins[0] == bins[1] && bins[1] == bins[2];

	if (scores[0] == 0)
	{
		memcpy(end, "none", 4);
		end += 4;
	}
	else
		end = print_three(end, scores);
	if (!alike || bins[0] != SEGMENT_TRIPLE_DEFAULT_BINS)
	{
		*end++ = '/';
		if (alike)
			*end++ = (char) ('0' + bins[0]);
		else
			end = print_three(end, bins);
	}
	*end = '\0';
}
