/*
 * exact_sum.c: order-free sums of doubles.
 */
#include "math/exact_sum.h"

#include <math.h>
#include <string.h>

#define DIGIT_BITS 32
#define DIGIT_MASK INT64_C(0xffffffff)

/* The exponent of the lowest bit. */
#define LOWEST_EXPONENT (-256)

void
segment_sum_add(SegmentSum *sum, double term)
{
	uint64_t bits;
	uint64_t mantissa;
	int exponent;
	int place;
	int digit;
	int64_t low;
	int64_t middle;
	int64_t high;
	unsigned __int128 shifted;

	memcpy(&bits, &term, sizeof(bits));
	exponent = (int) (bits >> 52) & 0x7ff;
	mantissa = bits & UINT64_C(0x000fffffffffffff);
	if (exponent > 0)
		mantissa |= UINT64_C(1) << 52;
	else
		exponent = 1;
	/* term = mantissa * 2^(exponent - 1075) */
	place = exponent - 1075 - LOWEST_EXPONENT;
	if (place < 0)
	{
		mantissa = place > -64 ? mantissa >> -place : 0;
		place = 0;
	}
	digit = place / DIGIT_BITS;
	shifted = (unsigned __int128) mantissa << (place % DIGIT_BITS);
	low = (int64_t) ((uint64_t) shifted & (uint64_t) DIGIT_MASK);
	middle = (int64_t) ((uint64_t) (shifted >> 32) & (uint64_t) DIGIT_MASK);
	high = (int64_t) (uint64_t) (shifted >> 64);
	if (bits >> 63)
	{
		sum->digit[digit] -= low;
		sum->digit[digit + 1] -= middle;
		sum->digit[digit + 2] -= high;
	}
	else
	{
		sum->digit[digit] += low;
		sum->digit[digit + 1] += middle;
		sum->digit[digit + 2] += high;
	}
}

void
segment_sum_settle(SegmentSum *sum)
{
	int64_t carry = 0;
	int i;

	for (i = 0; i < SEGMENT_SUM_DIGITS - 1; i++)
	{
		int64_t value = sum->digit[i] + carry;

		sum->digit[i] = value & DIGIT_MASK;
		carry = value >> DIGIT_BITS;
	}
	sum->digit[SEGMENT_SUM_DIGITS - 1] += carry;
}

void
segment_sum_merge(SegmentSum *sum, const SegmentSum *other)
{
	int i;

	for (i = 0; i < SEGMENT_SUM_DIGITS; i++)
		sum->digit[i] += other->digit[i];
	segment_sum_settle(sum);
}

bool
segment_sum_valid(const SegmentSum *sum)
{
	int i;

	for (i = 0; i < SEGMENT_SUM_DIGITS - 1; i++)
		if (sum->digit[i] < 0 || sum->digit[i] > DIGIT_MASK)
			return false;
	/* 2^62 terms below 2^1024 leave at most 2^62 * 2^(1024 + 256 - 42 * 32) = 2^-2 of this digit: 0 or -1. */
	return sum->digit[SEGMENT_SUM_DIGITS - 1] == 0 || sum->digit[SEGMENT_SUM_DIGITS - 1] == -1;
}

double
segment_sum_value(const SegmentSum *sum)
{
	SegmentSum magnitude = *sum;
	bool negative = sum->digit[SEGMENT_SUM_DIGITS - 1] < 0;
	double value = 0.0;
	int top;
	int i;

	if (negative)
	{
		for (i = 0; i < SEGMENT_SUM_DIGITS; i++)
			magnitude.digit[i] = -magnitude.digit[i];
		segment_sum_settle(&magnitude);
	}
	for (top = SEGMENT_SUM_DIGITS - 1; top > 0 && magnitude.digit[top] == 0; top--)
		;
	/* Four digits hold at least 97 significant bits; the rest can't matter beyond the last place but one. */
	for (i = top > 3 ? top - 3 : 0; i <= top; i++)
		value += ldexp((double) magnitude.digit[i], DIGIT_BITS * i + LOWEST_EXPONENT);
	return negative ? -value : value;
}
