/*
 * multiset.c: validity, binary and text form of stored multisets.
 */
#include "math/multiset.h"

#include <math.h>

#include "math/text.h"
#include "math/wire.h"

int
segment_count_width(int64_t largest)
{
	return largest == 1 ? 0 : largest <= UINT8_MAX ? 1 : largest <= UINT16_MAX ? 2 : largest <= UINT32_MAX ? 4 : 8;
}

void
segment_multiset_put_count(unsigned char *counts, int width, size_t i, int64_t count)
{
	unsigned char *place = counts + i * (size_t) width;
	uint8_t one = (uint8_t) count;
	uint16_t two = (uint16_t) count;
	uint32_t four = (uint32_t) count;

	switch (width)
	{
		case 0:
			break;
		case 1:
			*place = one;
			break;
		case 2:
			memcpy(place, &two, 2);
			break;
		case 4:
			memcpy(place, &four, 4);
			break;
		default:
			memcpy(place, &count, 8);
			break;
	}
}

/* What is wrong with a value that follows another (NULL: none), or NULL. */
static const char *
value_fault(double value, const double *before)
{
	if (!isfinite(value))
		return "Values must be finite numbers.";
	if (value == 0 && signbit(value))
		return "Zero has no sign here.";
	if (before && value <= *before)
		return "Values must ascend and differ.";
	return NULL;
}

/* Adds a count to the total; what is wrong with it, or NULL. */
static const char *
add_count(int64_t count, int64_t *total)
{
	if (count < 1 || count > SEGMENT_MAX_TOTAL || (*total += count) > SEGMENT_MAX_TOTAL)
		return "Counts must be positive, and at most 2^55 in all.";
	return NULL;
}

const char *
segment_multiset_fault(const SegmentMultiset *set, int64_t *total, SegmentPoll poll)
{
	int64_t largest = 0;

	*total = 0;
	if (set->n == 0)
		return "There must be at least one value.";
	for (size_t i = 0; i < set->n; i++)
	{
		int64_t count = segment_multiset_count(set, i);
		const char *fault = value_fault(set->values[i], i > 0 ? &set->values[i - 1] : NULL);

		SEGMENT_POLL(poll, i);
		if (!fault)
			fault = add_count(count, total);
		if (fault)
			return fault;
		if (count > largest)
			largest = count;
	}
	if (segment_count_width(largest) != set->width)
		return "The counts are not stored in the smallest width.";
	return NULL;
}

const char *
segment_multiset_head(SegmentCursor *cursor, size_t *n, int *width)
{
	*width = (int) segment_take(cursor, 1);
	*n = segment_take(cursor, 4);
	if (cursor->is_short)
		return segment_cursor_fault(cursor);
	if (*width != 0 && *width != 1 && *width != 2 && *width != 4 && *width != 8)
		return "The width of counts is none of 0, 1, 2, 4, 8.";
	if (segment_cursor_left(cursor) != *n * (sizeof(double) + (size_t) *width))
		return "The length does not fit the number of values.";
	return NULL;
}

void
segment_multiset_decode(SegmentCursor *cursor, size_t n, int width, double *values, unsigned char *counts)
{
	for (size_t i = 0; i < n; i++)
		values[i] = segment_take_double(cursor);
	for (size_t i = 0; i < n; i++)
		segment_multiset_put_count(counts, width, i, (int64_t) segment_take(cursor, width));
}

size_t
segment_multiset_encoded_size(const SegmentMultiset *set)
{
	return SEGMENT_MULTISET_HEAD + set->n * (sizeof(double) + (size_t) set->width);
}

void
segment_multiset_encode(const SegmentMultiset *set, unsigned char *bytes)
{
	*bytes++ = (unsigned char) set->width;
	bytes = segment_wire_put(bytes, set->n, 4);
	for (size_t i = 0; i < set->n; i++)
		bytes = segment_wire_put_double(bytes, set->values[i]);
	for (size_t i = 0; i < set->n; i++)
		bytes = segment_wire_put(bytes, (uint64_t) segment_multiset_count(set, i), set->width);
}

size_t
segment_multiset_text_entries(const char *text)
{
	size_t entries = 1;

	for (; *text; text++)
		entries += *text == ',';
	return entries;
}

const char *
segment_multiset_parse(const char *text, SegmentWeighted *entries, size_t *n)
{
	int64_t total = 0;

	*n = 0;
	if (!segment_text_char(&text, '{'))
		return "It begins with a brace, as in {1:1493,2:835,3.5}.";
	do
	{
		SegmentWeighted *entry = &entries[*n];
		const char *fault;

		if (!segment_text_double(&text, &entry->value))
			return "A value is no finite number.";
		entry->count = 1;
		if (segment_text_char(&text, ':') && !segment_text_count(&text, &entry->count))
			return "A count is no whole number.";
		fault = value_fault(entry->value, *n > 0 ? &entries[*n - 1].value : NULL);
		if (!fault)
			fault = add_count(entry->count, &total);
		if (fault)
			return fault;
		(*n)++;
	} while (segment_text_char(&text, ','));
	if (!segment_text_char(&text, '}') || !segment_text_end(&text))
		return "It ends with a brace behind the last value.";
	return NULL;
}

int
segment_multiset_print_entry(double value, int64_t count, bool is_first, char *buffer)
{
	char *end = buffer;

	if (!is_first)
		*end++ = ',';
	end += segment_print_double(value, end);
	if (count != 1)
	{
		*end++ = ':';
		end += segment_print_count(count, end);
	}
	return (int) (end - buffer);
}
