/*
 * text.h: small readers and writers that the text forms of values are made of. Readers take the address of a pointer
 * into a terminated text and move it past what they read; white space before an item is ignored. Numbers are finite
 * decimal doubles; what is written reads back as the same double.
 */
#ifndef SEGMENT_MATH_TEXT_H
#define SEGMENT_MATH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that a number needs: "-2.2250738585072014e-308" or a 64-bit integer, terminated. */
#define SEGMENT_NUMBER_TEXT 32

extern void segment_text_skip(const char **text);

/* True, having moved on, if the text goes on with this character. */
extern bool segment_text_char(const char **text, char expected);

/* True, having moved on, if the text goes on with this word and no further letter or underscore. */
extern bool segment_text_word(const char **text, const char *word);

/* True if nothing but white space is left. */
extern bool segment_text_end(const char **text);

/* A finite decimal number (no hexadecimal, no names); -0 is read as 0. */
extern bool segment_text_double(const char **text, double *value);

/* Digits that fit 63 bits, without a sign. */
extern bool segment_text_count(const char **text, int64_t *value);

/* Write 15 to 17 digits, as few as read back as the same double; a count. Return the length. */
extern int segment_print_double(double value, char *buffer);
extern int segment_print_count(int64_t value, char *buffer);

/* -0 becomes 0, so that equal values have equal bytes. */
static inline double
segment_positive_zero(double value)
{
	return value + 0.0;
}

#endif
