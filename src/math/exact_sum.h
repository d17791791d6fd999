/*
 * exact_sum.h: sums of doubles that do not depend on the order of the terms: a wide fixed-point accumulator (Kulisch).
 * Every term is truncated to a multiple of 2^-256, which is far below anything that matters here, and then summed
 * without rounding; the value is rounded once, when it is read.
 */
#ifndef SEGMENT_MATH_EXACT_SUM_H
#define SEGMENT_MATH_EXACT_SUM_H

#include <stdbool.h>
#include <stdint.h>

/* 32-bit digits from 2^-256 to 2^1024, and room above for the sum of 2^62 terms. */
#define SEGMENT_SUM_DIGITS 43

typedef struct SegmentSum
{
	int64_t digit[SEGMENT_SUM_DIGITS]; /* least significant first; canonical: all but the last in [0, 2^32) */
} SegmentSum;

/* Adds a finite double. After 2^30 terms the sum must be made canonical. */
extern void segment_sum_add(SegmentSum *sum, double term);

/* Propagates carries: equal sums get equal digits. */
extern void segment_sum_settle(SegmentSum *sum);

/* Adds another canonical sum. */
extern void segment_sum_merge(SegmentSum *sum, const SegmentSum *other);

/* Whether the digits are canonical and the sum is one that finite doubles can have. */
extern bool segment_sum_valid(const SegmentSum *sum);

/* The sum of a canonical accumulator, correct to the last place but one; infinite beyond the range of doubles. */
extern double segment_sum_value(const SegmentSum *sum);

#endif
