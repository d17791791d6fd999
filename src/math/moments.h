/*
 * moments.h: exact sums of one or two columns of decimal numbers: what a mean, a variance, a ratio or a regression is
 * computed from. They do not depend on the order of the rows, and the variance of equal values is exactly 0.
 *
 * A value is below 10^30 with at most 20 decimals, which makes 10^50 units; its square times 2^62 rows stays below 2^395.
 */
#ifndef SEGMENT_MATH_MOMENTS_H
#define SEGMENT_MATH_MOMENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "math/big.h"
#include "math/wide.h"

/* Decimals of a value, and of a product of two. */
#define SEGMENT_MOMENT_DECIMALS 20
#define SEGMENT_PRODUCT_DECIMALS 40

/* Values are below 10^30. */
#define SEGMENT_MOMENT_DIGITS 30

#define SEGMENT_FIVE_TO_THE_20 UINT64_C(95367431640625)

#define SEGMENT_MOMENT_MAX_ROWS (INT64_C(1) << 62)

/* The sums, in the order in which they are stored: of rows without x, then of rows with both. */
typedef enum SegmentMoment
{
	SEGMENT_ALONE_Y,
	SEGMENT_ALONE_YY,
	SEGMENT_Y,
	SEGMENT_YY,
	SEGMENT_X,
	SEGMENT_XX,
	SEGMENT_XY,
	SEGMENT_MOMENTS
} SegmentMoment;

/* All zero, but for has_x, is none without rows. */
typedef struct SegmentMoments
{
	bool has_x;
	int y_scale; /* decimals of the units of y; squares have twice as many */
	int x_scale;
	int64_t n_alone; /* rows whose x is missing; all rows without a second column */
	int64_t n_both;
	SegmentBig sum[SEGMENT_MOMENTS];
} SegmentMoments;

/* A value: magnitude * 10^-scale with its sign; if is_wide, its units are in wide instead, sign and all. */
typedef struct SegmentMomentValue
{
	segment_uint128 magnitude;
	int scale;
	bool is_negative;
	bool is_wide;
	SegmentWide wide;
} SegmentMomentValue;

static inline void
segment_moment_value_of_int128(segment_int128 units, SegmentMomentValue *value)
{
	value->is_negative = units < 0;
	value->magnitude = units < 0 ? -(segment_uint128) units : (segment_uint128) units;
	value->is_wide = false;
}

/* A finite double below 10^30, rounded to 20 decimals, half to even; of any size. */
extern void segment_moment_value_of_any_double(double value, SegmentMomentValue *result);

/* The same, at once for sizes from 5e-10 to 4e9. */
static inline void
segment_moment_value_of_double(double value, SegmentMomentValue *result)
{
	uint64_t bits;
	int shift; /* |value| * 10^20 = mantissa * 5^20 / 2^shift */

	memcpy(&bits, &value, sizeof(bits));
	shift = 1055 - (int) (bits >> 52 & 0x7FF);
	if (shift >= 1 && shift <= 63)
	{
		segment_uint128 units =
			(segment_uint128) ((bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52) * SEGMENT_FIVE_TO_THE_20;
		uint64_t low = (uint64_t) units;
		uint64_t high = (uint64_t) (units >> 64);
		uint64_t rest = low << (64 - shift);
		uint64_t quotient = low >> shift | high << (64 - shift);

		result->magnitude =
			((segment_uint128) (high >> shift) << 64 | quotient) + ((rest >> 63) & (rest << 1 != 0 || (quotient & 1)));
		result->scale = SEGMENT_MOMENT_DECIMALS;
		result->is_negative = (bits >> 63) != 0;
		result->is_wide = false;
	}
	else
		segment_moment_value_of_any_double(value, result);
}

/* Adds a row; x is NULL where it is missing. False beyond the number of rows. */
extern bool segment_moments_add(SegmentMoments *moments, const SegmentMomentValue *y, const SegmentMomentValue *x);

/* Adds other sums, which stay as they are. False beyond the number of rows. */
extern bool segment_moments_merge(SegmentMoments *moments, const SegmentMoments *other);

/* Decimals of the units that a sum is counted in. */
extern int segment_moment_scale(const SegmentMoments *moments, SegmentMoment which);

/* What is wrong with sums that come from elsewhere, or NULL. */
extern const char *segment_moments_fault(const SegmentMoments *moments);

/* Mean of y, and of x, over rows with n > 0: all of them, or those with both. Correctly rounded. */
extern double segment_moments_mean_y(const SegmentMoments *moments);
extern double segment_moments_mean_y_both(const SegmentMoments *moments);
extern double segment_moments_mean_x(const SegmentMoments *moments);

/* Mean of y of b minus that of a, all rows: rounded once. Both have rows. */
extern double segment_moments_mean_difference(const SegmentMoments *a, const SegmentMoments *b);

/* Sums of squares and products about the means: exact, and rounded once or twice. 0 exactly where all values are equal. */
extern double segment_moments_squares_y(const SegmentMoments *moments); /* of all rows */
extern double segment_moments_squares_y_both(const SegmentMoments *moments);
extern double segment_moments_squares_x(const SegmentMoments *moments);
extern double segment_moments_products(const SegmentMoments *moments);

/* True if y is 0 or 1 in all rows, as far as the sums tell. */
extern bool segment_moments_is_rate(const SegmentMoments *moments);

#endif
