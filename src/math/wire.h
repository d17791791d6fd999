/*
 * wire.h: integers and doubles in binary forms, most significant byte first.
 */
#ifndef SEGMENT_MATH_WIRE_H
#define SEGMENT_MATH_WIRE_H

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

#endif
