/*
 * text.c: small readers and writers for text forms.
 */
#include "math/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

void
segment_text_skip(const char **text)
{
	while (**text == ' ' || (**text >= '\t' && **text <= '\r'))
		(*text)++;
}

bool
segment_text_char(const char **text, char expected)
{
	segment_text_skip(text);
	if (**text != expected)
		return false;
	(*text)++;
	return true;
}

bool
segment_text_word(const char **text, const char *word)
{
	size_t length = strlen(word);

	segment_text_skip(text);
	if (strncmp(*text, word, length) != 0 || is_letter((*text)[length]) || is_digit((*text)[length]))
		return false;
	*text += length;
	return true;
}

bool
segment_text_end(const char **text)
{
	segment_text_skip(text);
	return **text == '\0';
}

/* Length of [+-] digits [. digits] [e [+-] digits] with at least one digit before the exponent; 0 if there is none. */
static size_t
number_length(const char *text)
{
	const char *end = text;
	const char *exponent;
	bool has_digits;

	if (*end == '+' || *end == '-')
		end++;
	has_digits = is_digit(*end);
	while (is_digit(*end))
		end++;
	if (*end == '.')
	{
		end++;
		has_digits |= is_digit(*end);
		while (is_digit(*end))
			end++;
	}
	if (!has_digits)
		return 0;
	if (*end == 'e' || *end == 'E')
	{
		exponent = end + 1;
		if (*exponent == '+' || *exponent == '-')
			exponent++;
		if (is_digit(*exponent))
		{
			while (is_digit(*exponent))
				exponent++;
			end = exponent;
		}
	}
	return (size_t) (end - text);
}

bool
segment_text_double(const char **text, double *value)
{
	size_t length;
	char *end;

	segment_text_skip(text);
	length = number_length(*text);
	if (length == 0)
		return false;
	*value = segment_positive_zero(strtod(*text, &end));
	/* strtod must have read what was checked: it would go on with a hexadecimal number such as 0x1 */
	if (end != *text + length || !isfinite(*value))
		return false;
	*text = end;
	return true;
}

bool
segment_text_count(const char **text, int64_t *value)
{
	int64_t number = 0;

	segment_text_skip(text);
	if (!is_digit(**text))
		return false;
	for (; is_digit(**text); (*text)++)
		if (__builtin_mul_overflow(number, (int64_t) 10, &number) ||
			__builtin_add_overflow(number, (int64_t) (**text - '0'), &number))
			return false;
	*value = number;
	return true;
}

int
segment_print_double(double value, char *buffer)
{
	int length = 0;

	for (int digits = 15; digits <= 17; digits++)
	{
		length = snprintf(buffer, SEGMENT_NUMBER_TEXT, "%.*g", digits, value);
		if (strtod(buffer, NULL) == value)
			break;
	}
	return length;
}

int
segment_print_count(int64_t value, char *buffer)
{
	return snprintf(buffer, SEGMENT_NUMBER_TEXT, "%" PRId64, value);
}
