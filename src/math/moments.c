/*
 * moments.c: exact sums of one or two columns, see moments.h.
 */
#include "math/moments.h"

#include <math.h>
#include <string.h>

/* --- values ------------------------------------------------------------------------------------ */

void
segment_moment_value_of_any_double(double value, SegmentMomentValue *result)
{
	uint64_t bits;
	uint64_t mantissa;
	int exponent;
	segment_uint128 units;

	memcpy(&bits, &value, sizeof(bits));
	exponent = (int) (bits >> 52 & 0x7FF);
	mantissa = bits & ((UINT64_C(1) << 52) - 1);
	if (exponent > 0)
		mantissa |= UINT64_C(1) << 52;
	else
		exponent = 1;
	/* |value| = mantissa * 2^(exponent - 1075), and 10^20 = 5^20 * 2^20 */
	exponent += 20 - 1075;
	units = (segment_uint128) mantissa * SEGMENT_FIVE_TO_THE_20; /* below 2^100 */
	result->scale = SEGMENT_MOMENT_DECIMALS;
	result->is_wide = false;
	if (exponent < 0)
	{
		if (exponent < -101)
			units = 0;
		else
		{
			segment_uint128 half = (segment_uint128) 1 << (-exponent - 1);
			segment_uint128 rest = units & (2 * half - 1);

			units >>= -exponent;
			if (rest > half || (rest == half && (units & 1)))
				units++;
		}
	}
	else if (exponent <= 26)
		units <<= exponent;
	else
	{
		result->wide = segment_wide_from_int128((segment_int128) units);
		for (; exponent > 0; exponent -= 32)
			(void) segment_wide_multiply(&result->wide, UINT64_C(1) << (exponent > 32 ? 32 : exponent));
		if (bits >> 63)
			(void) segment_wide_negate(&result->wide);
		result->is_wide = true;
		return;
	}
	result->magnitude = units;
	result->is_negative = (bits >> 63) != 0;
}

/* 10^exponent, 0 <= exponent <= 120, to the last place. */
static double
power_of_ten(int exponent)
{
	long double power = 1.0L;

	for (; exponent > 0; exponent--)
		power *= 10.0L;
	return (double) power;
}

/* --- sums -------------------------------------------------------------------------------------- */

int
segment_moment_scale(const SegmentMoments *moments, SegmentMoment which)
{
	switch (which)
	{
		case SEGMENT_ALONE_Y:
		case SEGMENT_Y:
			return moments->y_scale;
		case SEGMENT_ALONE_YY:
		case SEGMENT_YY:
			return 2 * moments->y_scale;
		case SEGMENT_X:
			return moments->x_scale;
		case SEGMENT_XX:
			return 2 * moments->x_scale;
		default:
			return moments->y_scale + moments->x_scale;
	}
}

/* Counts in smaller units. */
static void
raise_scales(SegmentMoments *moments, int y_scale, int x_scale)
{
	SegmentMoments before = *moments;

	moments->y_scale = y_scale > moments->y_scale ? y_scale : moments->y_scale;
	moments->x_scale = x_scale > moments->x_scale ? x_scale : moments->x_scale;
	for (int i = 0; i < SEGMENT_MOMENTS; i++)
		segment_big_scale_up(&moments->sum[i], segment_moment_scale(moments, i) - segment_moment_scale(&before, i));
}

/* The magnitude of a value at this scale, which is not below its own; false if it takes more than 127 bits. */
static inline bool
magnitude_at(const SegmentMomentValue *value, int scale, segment_uint128 *magnitude)
{
	segment_int128 units = (segment_int128) value->magnitude;

	*magnitude = value->magnitude;
	if (value->is_wide || value->magnitude >> 127)
		return false;
	if (value->scale == scale)
		return true;
	if (!segment_int128_scale_up(&units, scale - value->scale))
		return false;
	*magnitude = (segment_uint128) units;
	return true;
}

static SegmentBig
wide_units_at(const SegmentMomentValue *value, int scale)
{
	SegmentWide wide = value->wide;

	if (!value->is_wide)
	{
		wide.limb[0] = (uint64_t) value->magnitude;
		wide.limb[1] = (uint64_t) (value->magnitude >> 64);
		wide.limb[2] = wide.limb[3] = 0;
		if (value->is_negative)
			(void) segment_wide_negate(&wide);
	}
	(void) segment_wide_scale_up(&wide, scale - value->scale);
	return segment_big_of_wide(&wide);
}

/* sum += a * b, of magnitudes below 2^127. */
static inline __attribute__((always_inline)) void
add_product(SegmentBig *sum, segment_uint128 a, segment_uint128 b, bool negative)
{
	uint64_t a0 = (uint64_t) a;
	uint64_t a1 = (uint64_t) (a >> 64);
	uint64_t b0 = (uint64_t) b;
	uint64_t b1 = (uint64_t) (b >> 64);
	segment_uint128 low = (segment_uint128) a0 * b0;

	if ((a1 | b1) == 0)
		segment_big_add_128(sum, low, negative);
	else
	{
		/* a1 and b1 are below 2^63: their products with a0 and b0 add up without overflow */
		segment_uint128 middle = (segment_uint128) a0 * b1 + (segment_uint128) a1 * b0;
		segment_uint128 shifted = middle << 64;
		segment_uint128 high = (segment_uint128) a1 * b1 + (middle >> 64);

		low += shifted;
		high += low < shifted;
		segment_big_add_256(sum, low, high, negative);
	}
}

static void
add_wide_row(SegmentMoments *moments, const SegmentMomentValue *y, const SegmentMomentValue *x)
{
	SegmentBig big_y = wide_units_at(y, moments->y_scale);
	SegmentBig big_x;
	SegmentBig product = segment_big_product(&big_y, &big_y);

	segment_big_add(&moments->sum[x ? SEGMENT_Y : SEGMENT_ALONE_Y], &big_y);
	segment_big_add(&moments->sum[x ? SEGMENT_YY : SEGMENT_ALONE_YY], &product);
	if (x == NULL)
		return;
	big_x = wide_units_at(x, moments->x_scale);
	segment_big_add(&moments->sum[SEGMENT_X], &big_x);
	product = segment_big_product(&big_x, &big_x);
	segment_big_add(&moments->sum[SEGMENT_XX], &product);
	product = segment_big_product(&big_x, &big_y);
	segment_big_add(&moments->sum[SEGMENT_XY], &product);
}

bool
segment_moments_add(SegmentMoments *moments, const SegmentMomentValue *y, const SegmentMomentValue *x)
{
	segment_uint128 y_units;
	segment_uint128 x_units = 0;

	if (moments->n_alone + moments->n_both >= SEGMENT_MOMENT_MAX_ROWS)
		return false;
	if (y->scale > moments->y_scale || (x && x->scale > moments->x_scale))
		raise_scales(moments, y->scale, x ? x->scale : 0);
	if (x)
		moments->n_both++;
	else
		moments->n_alone++;
	if (!magnitude_at(y, moments->y_scale, &y_units) || (x && !magnitude_at(x, moments->x_scale, &x_units)))
		add_wide_row(moments, y, x);
	else if (x == NULL)
	{
		segment_big_add_128(&moments->sum[SEGMENT_ALONE_Y], y_units, y->is_negative);
		add_product(&moments->sum[SEGMENT_ALONE_YY], y_units, y_units, false);
	}
	else
	{
		segment_big_add_128(&moments->sum[SEGMENT_Y], y_units, y->is_negative);
		add_product(&moments->sum[SEGMENT_YY], y_units, y_units, false);
		segment_big_add_128(&moments->sum[SEGMENT_X], x_units, x->is_negative);
		add_product(&moments->sum[SEGMENT_XX], x_units, x_units, false);
		add_product(&moments->sum[SEGMENT_XY], x_units, y_units, x->is_negative != y->is_negative);
	}
	return true;
}

bool
segment_moments_merge(SegmentMoments *moments, const SegmentMoments *other)
{
	SegmentMoments part;

	if (other->n_alone + other->n_both > SEGMENT_MOMENT_MAX_ROWS - (moments->n_alone + moments->n_both))
		return false;
	raise_scales(moments, other->y_scale, other->x_scale);
	part = *other;
	raise_scales(&part, moments->y_scale, moments->x_scale);
	moments->n_alone += part.n_alone;
	moments->n_both += part.n_both;
	for (int i = 0; i < SEGMENT_MOMENTS; i++)
		segment_big_add(&moments->sum[i], &part.sum[i]);
	return true;
}

/* --- what they say ----------------------------------------------------------------------------- */

/* n * sum(ab) - sum(a) * sum(b): n times the sum of products about the means. */
static SegmentBig
centered(int64_t n, const SegmentBig *products, const SegmentBig *a, const SegmentBig *b)
{
	SegmentBig count = segment_big_of_count(n);
	SegmentBig result = segment_big_product(products, &count);
	SegmentBig square = segment_big_product(a, b);

	segment_big_negate(&square);
	segment_big_add(&result, &square);
	return result;
}

static double
centered_double(int64_t n, const SegmentBig *products, const SegmentBig *a, const SegmentBig *b, int decimals)
{
	SegmentBig value = centered(n, products, a, b);

	return n > 0 ? segment_big_to_double(&value) / power_of_ten(decimals) / (double) n : 0.0;
}

static SegmentBig
sum_of_all(const SegmentMoments *moments, SegmentMoment alone, SegmentMoment both)
{
	SegmentBig sum = moments->sum[alone];

	segment_big_add(&sum, &moments->sum[both]);
	return sum;
}

static double
mean_of(const SegmentBig *sum, int scale, int64_t n)
{
	SegmentWide wide;

	memcpy(wide.limb, sum->limb, sizeof(wide.limb)); /* sums of values fit 256 bits */
	return segment_wide_to_mean(&wide, scale, n);
}

double
segment_moments_mean_y(const SegmentMoments *moments)
{
	SegmentBig sum = sum_of_all(moments, SEGMENT_ALONE_Y, SEGMENT_Y);

	return mean_of(&sum, moments->y_scale, moments->n_alone + moments->n_both);
}

double
segment_moments_mean_y_both(const SegmentMoments *moments)
{
	return mean_of(&moments->sum[SEGMENT_Y], moments->y_scale, moments->n_both);
}

double
segment_moments_mean_x(const SegmentMoments *moments)
{
	return mean_of(&moments->sum[SEGMENT_X], moments->x_scale, moments->n_both);
}

double
segment_moments_mean_difference(const SegmentMoments *a, const SegmentMoments *b)
{
	int scale = a->y_scale > b->y_scale ? a->y_scale : b->y_scale;
	SegmentBig sum_a = sum_of_all(a, SEGMENT_ALONE_Y, SEGMENT_Y);
	SegmentBig sum_b = sum_of_all(b, SEGMENT_ALONE_Y, SEGMENT_Y);
	SegmentBig n_a = segment_big_of_count(a->n_alone + a->n_both);
	SegmentBig n_b = segment_big_of_count(b->n_alone + b->n_both);

	segment_big_scale_up(&sum_a, scale - a->y_scale);
	segment_big_scale_up(&sum_b, scale - b->y_scale);
	sum_a = segment_big_product(&sum_a, &n_b);
	sum_b = segment_big_product(&sum_b, &n_a);
	segment_big_negate(&sum_a);
	segment_big_add(&sum_b, &sum_a);
	return segment_big_to_double(&sum_b) / power_of_ten(scale) / (double) n_a.limb[0] / (double) n_b.limb[0];
}

double
segment_moments_squares_y(const SegmentMoments *moments)
{
	SegmentBig y = sum_of_all(moments, SEGMENT_ALONE_Y, SEGMENT_Y);
	SegmentBig yy = sum_of_all(moments, SEGMENT_ALONE_YY, SEGMENT_YY);

	return centered_double(moments->n_alone + moments->n_both, &yy, &y, &y, 2 * moments->y_scale);
}

double
segment_moments_squares_y_both(const SegmentMoments *moments)
{
	return centered_double(moments->n_both, &moments->sum[SEGMENT_YY], &moments->sum[SEGMENT_Y],
						   &moments->sum[SEGMENT_Y], 2 * moments->y_scale);
}

double
segment_moments_squares_x(const SegmentMoments *moments)
{
	return centered_double(moments->n_both, &moments->sum[SEGMENT_XX], &moments->sum[SEGMENT_X],
						   &moments->sum[SEGMENT_X], 2 * moments->x_scale);
}

double
segment_moments_products(const SegmentMoments *moments)
{
	return centered_double(moments->n_both, &moments->sum[SEGMENT_XY], &moments->sum[SEGMENT_X],
						   &moments->sum[SEGMENT_Y], moments->x_scale + moments->y_scale);
}

bool
segment_moments_is_rate(const SegmentMoments *moments)
{
	SegmentBig y = sum_of_all(moments, SEGMENT_ALONE_Y, SEGMENT_Y);
	SegmentBig yy = sum_of_all(moments, SEGMENT_ALONE_YY, SEGMENT_YY);
	SegmentBig n = segment_big_of_count(moments->n_alone + moments->n_both);

	/* sum(y^2) = sum(y), a whole number from 0 to n */
	segment_big_scale_up(&y, moments->y_scale);
	segment_big_negate(&yy);
	segment_big_add(&yy, &y);
	if (!segment_big_is_zero(&yy) || segment_big_is_negative(&y) ||
		segment_big_normalize(&y, 2 * moments->y_scale) != 0)
		return false;
	segment_big_negate(&y);
	segment_big_add(&n, &y);
	return !segment_big_is_negative(&n);
}

/* --- soundness --------------------------------------------------------------------------------- */

/* |sum| <= n * 10^digits, where the sum has so many decimals. */
static bool
within(const SegmentBig *sum, int64_t n, int digits, int decimals)
{
	SegmentBig limit = segment_big_of_count(n);
	SegmentBig magnitude = *sum;

	segment_big_scale_up(&limit, digits + decimals);
	if (segment_big_is_negative(&magnitude))
		segment_big_negate(&magnitude);
	segment_big_negate(&magnitude);
	segment_big_add(&limit, &magnitude);
	return !segment_big_is_negative(&limit);
}

/* No data have negative variance, and a single row has none. */
static bool
squares_are_possible(int64_t n, const SegmentBig *squares, const SegmentBig *sum)
{
	SegmentBig value;

	if (segment_big_is_negative(squares))
		return false;
	value = centered(n, squares, sum, sum);
	return !segment_big_is_negative(&value) && (n > 1 || segment_big_is_zero(&value));
}

const char *
segment_moments_fault(const SegmentMoments *moments)
{
	double bound;
	double products;

	if (moments->n_alone < 0 || moments->n_both < 0 || moments->n_alone > SEGMENT_MOMENT_MAX_ROWS ||
		moments->n_both > SEGMENT_MOMENT_MAX_ROWS - moments->n_alone || moments->n_alone + moments->n_both == 0)
		return "The number of rows is out of range.";
	if (!moments->has_x && moments->n_both > 0)
		return "It has rows with a second column, but no second column.";
	for (int i = 0; i < SEGMENT_MOMENTS; i++)
	{
		int64_t n = i <= SEGMENT_ALONE_YY ? moments->n_alone : moments->n_both;
		bool is_sum = i == SEGMENT_ALONE_Y || i == SEGMENT_Y || i == SEGMENT_X;

		if (!within(&moments->sum[i], n, is_sum ? SEGMENT_MOMENT_DIGITS : 2 * SEGMENT_MOMENT_DIGITS,
					segment_moment_scale(moments, i)))
			return "A sum is out of range for its number of rows.";
	}
	if (!squares_are_possible(moments->n_alone, &moments->sum[SEGMENT_ALONE_YY], &moments->sum[SEGMENT_ALONE_Y]) ||
		!squares_are_possible(moments->n_both, &moments->sum[SEGMENT_YY], &moments->sum[SEGMENT_Y]) ||
		!squares_are_possible(moments->n_both, &moments->sum[SEGMENT_XX], &moments->sum[SEGMENT_X]))
		return "No data have these sums: their variance would be negative.";
	bound = sqrt(segment_moments_squares_y_both(moments)) * sqrt(segment_moments_squares_x(moments));
	products = segment_moments_products(moments);
	if (fabs(products) > bound * (1 + 1e-9))
		return "No data have these sums: their correlation would exceed 1.";
	return NULL;
}
