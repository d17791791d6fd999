/*
 * wide.h: 256-bit two's complement integers, for exact decimal totals that leave 128 bits.
 *
 * An amount is below 10^30 with at most 20 decimals (10^50 units), so 2^63 rows of it stay below 10^69 < 2^230: sums
 * of checked amounts can't overflow, whatever the order of the rows.
 */
#ifndef SEGMENT_MATH_WIDE_H
#define SEGMENT_MATH_WIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 128-bit integers that need no more than 8-byte alignment, like everything that PostgreSQL allocates. */
typedef __int128 segment_int128 __attribute__((aligned(8)));

/* Least significant limb first, two's complement. */
typedef struct SegmentWide
{
	uint64_t limb[4];
} SegmentWide;

extern SegmentWide segment_wide_from_int128(segment_int128 value);

/* True if the value fits 128 bits; then *narrow is set. */
extern bool segment_wide_to_int128(const SegmentWide *value, segment_int128 *narrow);

extern bool segment_wide_is_negative(const SegmentWide *value);

extern bool segment_wide_is_zero(const SegmentWide *value);

/* -1, 0 or 1. */
extern int segment_wide_compare(const SegmentWide *a, const SegmentWide *b);

/* The halves of a value: limbs 0 and 1, limbs 2 and 3. */
static inline unsigned __int128
segment_wide_half(const SegmentWide *value, int half)
{
	return (unsigned __int128) value->limb[2 * half + 1] << 64 | value->limb[2 * half];
}

/* False on overflow, leaving the sum unspecified. */
static inline bool
segment_wide_add(SegmentWide *sum, const SegmentWide *addend)
{
	unsigned __int128 low = segment_wide_half(sum, 0) + segment_wide_half(addend, 0);
	bool carry = low < segment_wide_half(addend, 0);
	__int128 high;
	/* the carry may bring back what fell below the range */
	bool overflow =
		__builtin_add_overflow((__int128) segment_wide_half(sum, 1), (__int128) segment_wide_half(addend, 1), &high);

	overflow ^= __builtin_add_overflow(high, (__int128) carry, &high);
	sum->limb[0] = (uint64_t) low;
	sum->limb[1] = (uint64_t) (low >> 64);
	sum->limb[2] = (uint64_t) high;
	sum->limb[3] = (uint64_t) (high >> 64);
	return !overflow;
}

/* The following return false on overflow, leaving the result unspecified. */
extern bool segment_wide_negate(SegmentWide *value);
extern bool segment_wide_multiply(SegmentWide *value, uint64_t factor);

/* value * 10^decimals, decimals >= 0. */
extern bool segment_wide_scale_up(SegmentWide *value, int decimals);

/* Divides the magnitude by divisor (> 0), truncating toward zero, and returns the remainder of the magnitude. */
extern uint64_t segment_wide_divide(SegmentWide *value, uint64_t divisor);

/* Nearest double (ties to even) to value / 10^decimals, 0 <= decimals <= 22, correctly rounded. */
extern double segment_wide_to_double(const SegmentWide *value, int decimals);

/* Nearest double to value / 10^decimals / count, 0 <= decimals <= 22, count > 0, correctly rounded. */
extern double segment_wide_to_mean(const SegmentWide *value, int decimals, int64_t count);

/*
 * Writes value / 10^decimals as decimal digits with exactly that many decimals ("-0.50"), terminated.
 * SEGMENT_WIDE_DIGITS bytes are enough for any value with up to 20 decimals. Returns the length.
 */
#define SEGMENT_WIDE_DIGITS 104
extern int segment_wide_print(const SegmentWide *value, int decimals, char *buffer);

/* 10^exponent, 0 <= exponent <= 18. */
extern int64_t segment_power_of_ten(int exponent);

/* value * 10^decimals into *value, false on overflow of 128 bits; decimals >= 0. */
extern bool segment_int128_scale_up(segment_int128 *value, int decimals);

#endif
