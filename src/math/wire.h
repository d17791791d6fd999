/*
 * wire.h: integers and doubles in binary forms, most significant byte first, and a cursor over such bytes.
 */
#ifndef SEGMENT_MATH_WIRE_H
#define SEGMENT_MATH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Writes the low bytes of a value and returns the place behind. */
static inline unsigned char *
segment_wire_put(unsigned char *bytes, uint64_t value, int width)
{
	for (int i = width - 1; i >= 0; i--)
		*bytes++ = (unsigned char) (value >> (8 * i));
	return bytes;
}

static inline uint64_t
segment_wire_get(const unsigned char *bytes, int width)
{
	uint64_t value = 0;

	for (int i = 0; i < width; i++)
		value = value << 8 | bytes[i];
	return value;
}

static inline unsigned char *
segment_wire_put_double(unsigned char *bytes, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return segment_wire_put(bytes, bits, 8);
}

static inline double
segment_wire_get_double(const unsigned char *bytes)
{
	uint64_t bits = segment_wire_get(bytes, 8);
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/*
 * A cursor over bytes that anyone may have made up. What lies beyond the end reads as zero and is remembered, so one look
 * at the end serves many fields. But a number of items must be held against segment_cursor_left before they are read.
 */
typedef struct SegmentCursor
{
	const unsigned char *at;
	const unsigned char *end;
	bool is_short;
} SegmentCursor;

static inline SegmentCursor
segment_cursor(const void *bytes, size_t size)
{
	SegmentCursor cursor = {(const unsigned char *) bytes, (const unsigned char *) bytes + size, false};

	return cursor;
}

static inline size_t
segment_cursor_left(const SegmentCursor *cursor)
{
	return (size_t) (cursor->end - cursor->at);
}

/* The next bytes; NULL if there are not as many. */
static inline const unsigned char *
segment_take_bytes(SegmentCursor *cursor, size_t size)
{
	const unsigned char *bytes = cursor->at;

	if (size > segment_cursor_left(cursor))
	{
		cursor->at = cursor->end;
		cursor->is_short = true;
		return NULL;
	}
	cursor->at += size;
	return bytes;
}

/* An unsigned integer of so many bytes. */
static inline uint64_t
segment_take(SegmentCursor *cursor, int width)
{
	const unsigned char *bytes = segment_take_bytes(cursor, (size_t) width);

	return bytes != NULL ? segment_wire_get(bytes, width) : 0;
}

static inline double
segment_take_double(SegmentCursor *cursor)
{
	const unsigned char *bytes = segment_take_bytes(cursor, 8);

	return bytes != NULL ? segment_wire_get_double(bytes) : 0;
}

/* NULL if all bytes were taken and no more. */
static inline const char *
segment_cursor_fault(const SegmentCursor *cursor)
{
	return cursor->is_short ? "It is too short." : cursor->at < cursor->end ? "It is too long." : NULL;
}

#endif
