/*
 * big.h: integers of 512 bits, for exact sums of products of decimals. The caller knows that results fit: nothing here
 * looks for an overflow.
 */
#ifndef SEGMENT_MATH_BIG_H
#define SEGMENT_MATH_BIG_H

#include <stdbool.h>
#include <stdint.h>

#include "math/wide.h"

typedef unsigned __int128 segment_uint128;

/* Least significant limb first, two's complement. */
#define SEGMENT_BIG_LIMBS 8
typedef struct SegmentBig
{
	uint64_t limb[SEGMENT_BIG_LIMBS];
} SegmentBig;

extern SegmentBig segment_big_of_count(int64_t count); /* >= 0 */
extern SegmentBig segment_big_of_wide(const SegmentWide *value);
extern bool segment_big_is_negative(const SegmentBig *value);
extern bool segment_big_is_zero(const SegmentBig *value);
/* Bits of the magnitude. */
extern int segment_big_bit_length(const SegmentBig *value);

extern void segment_big_negate(SegmentBig *value);
extern void segment_big_add(SegmentBig *sum, const SegmentBig *addend);
extern SegmentBig segment_big_product(const SegmentBig *a, const SegmentBig *b);

/* Nearest double. */
extern double segment_big_to_double(const SegmentBig *value);

/* What a carry out of the lower limbs does to those from this one on: it seldom runs far. */
static inline void
segment_big_carry(SegmentBig *sum, int from, bool negative)
{
	if (negative)
		while (from < SEGMENT_BIG_LIMBS && sum->limb[from]-- == 0)
			from++;
	else
		while (from < SEGMENT_BIG_LIMBS && ++sum->limb[from] == 0)
			from++;
}

/*
 * Adds or subtracts a magnitude of 128 or 256 bits, at little more than what integers of that size would cost. In pairs of
 * limbs, which compilers turn into additions with carry.
 */
static inline void
segment_big_add_128(SegmentBig *sum, segment_uint128 magnitude, bool negative)
{
	segment_uint128 low = (segment_uint128) sum->limb[1] << 64 | sum->limb[0];
	segment_uint128 result = negative ? low - magnitude : low + magnitude;

	sum->limb[0] = (uint64_t) result;
	sum->limb[1] = (uint64_t) (result >> 64);
	if (negative ? low < magnitude : result < magnitude)
		segment_big_carry(sum, 2, negative);
}

/* high is below 2^128 - 1. */
static inline void
segment_big_add_256(SegmentBig *sum, segment_uint128 low, segment_uint128 high, bool negative)
{
	segment_uint128 sum_low = (segment_uint128) sum->limb[1] << 64 | sum->limb[0];
	segment_uint128 sum_high = (segment_uint128) sum->limb[3] << 64 | sum->limb[2];
	segment_uint128 result;
	bool carry;

	if (negative)
	{
		result = sum_low - low;
		high += sum_low < low;
	}
	else
	{
		result = sum_low + low;
		high += result < low;
	}
	sum->limb[0] = (uint64_t) result;
	sum->limb[1] = (uint64_t) (result >> 64);
	if (negative)
	{
		result = sum_high - high;
		carry = sum_high < high;
	}
	else
	{
		result = sum_high + high;
		carry = result < high;
	}
	sum->limb[2] = (uint64_t) result;
	sum->limb[3] = (uint64_t) (result >> 64);
	if (carry)
		segment_big_carry(sum, 4, negative);
}

/* value * 10^decimals. */
extern void segment_big_scale_up(SegmentBig *value, int decimals);

/* Drops zeros at the end of the decimals; returns how many decimals are left. */
extern int segment_big_normalize(SegmentBig *value, int decimals);

/* value / 10^decimals as text, like segment_wide_print. */
#define SEGMENT_BIG_DIGITS 200
extern int segment_big_print(const SegmentBig *value, int decimals, char *buffer);

/* Reads "-12.50" and moves text on; false without a digit, beyond so many decimals, and beyond 150 digits. */
extern bool segment_big_parse(const char **text, int max_decimals, SegmentBig *value, int *decimals);

#endif
