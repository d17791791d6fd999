/*
 * wide.c: 256-bit integers, see wide.h.
 */
#include "math/wide.h"

#include <math.h>
#include <string.h>

static const int64_t powers_of_ten[19] = {1LL,
										  10LL,
										  100LL,
										  1000LL,
										  10000LL,
										  100000LL,
										  1000000LL,
										  10000000LL,
										  100000000LL,
										  1000000000LL,
										  10000000000LL,
										  100000000000LL,
										  1000000000000LL,
										  10000000000000LL,
										  100000000000000LL,
										  1000000000000000LL,
										  10000000000000000LL,
										  100000000000000000LL,
										  1000000000000000000LL};

int64_t
segment_power_of_ten(int exponent)
{
	return powers_of_ten[exponent];
}

bool
segment_int128_scale_up(segment_int128 *value, int decimals)
{
	while (decimals > 0)
	{
		int step = decimals > 18 ? 18 : decimals;
		__int128 scaled;

		if (__builtin_mul_overflow((__int128) *value, (__int128) powers_of_ten[step], &scaled))
			return false;
		*value = scaled;
		decimals -= step;
	}
	return true;
}

SegmentWide
segment_wide_from_int128(segment_int128 value)
{
	SegmentWide wide;
	uint64_t sign = value < 0 ? UINT64_MAX : 0;

	wide.limb[0] = (uint64_t) value;
	wide.limb[1] = (uint64_t) ((unsigned __int128) value >> 64);
	wide.limb[2] = sign;
	wide.limb[3] = sign;
	return wide;
}

bool
segment_wide_to_int128(const SegmentWide *value, segment_int128 *narrow)
{
	uint64_t sign = (value->limb[1] >> 63) ? UINT64_MAX : 0;

	if (value->limb[2] != sign || value->limb[3] != sign)
		return false;
	*narrow = (segment_int128) (((unsigned __int128) value->limb[1] << 64) | value->limb[0]);
	return true;
}

bool
segment_wide_is_negative(const SegmentWide *value)
{
	return (value->limb[3] >> 63) != 0;
}

bool
segment_wide_is_zero(const SegmentWide *value)
{
	return (value->limb[0] | value->limb[1] | value->limb[2] | value->limb[3]) == 0;
}

int
segment_wide_compare(const SegmentWide *a, const SegmentWide *b)
{
	bool negative_a = segment_wide_is_negative(a);
	bool negative_b = segment_wide_is_negative(b);

	if (negative_a != negative_b)
		return negative_a ? -1 : 1;
	for (int i = 3; i >= 0; i--)
		if (a->limb[i] != b->limb[i])
			return a->limb[i] < b->limb[i] ? -1 : 1;
	return 0;
}

bool
segment_wide_negate(SegmentWide *value)
{
	bool negative = segment_wide_is_negative(value);
	unsigned __int128 carry = 1;

	for (int i = 0; i < 4; i++)
	{
		carry += (uint64_t) ~value->limb[i];
		value->limb[i] = (uint64_t) carry;
		carry >>= 64;
	}
	return segment_wide_is_zero(value) || segment_wide_is_negative(value) != negative;
}

/* The magnitude as an unsigned number; -2^255 has one too. */
static bool
take_magnitude(SegmentWide *value)
{
	bool negative = segment_wide_is_negative(value);

	if (negative)
		(void) segment_wide_negate(value);
	return negative;
}

bool
segment_wide_multiply(SegmentWide *value, uint64_t factor)
{
	bool negative = take_magnitude(value);
	unsigned __int128 carry = 0;

	for (int i = 0; i < 4; i++)
	{
		carry += (unsigned __int128) value->limb[i] * factor;
		value->limb[i] = (uint64_t) carry;
		carry >>= 64;
	}
	if (carry != 0 || (value->limb[3] >> 63) != 0)
		return false;
	if (negative)
		(void) segment_wide_negate(value);
	return true;
}

bool
segment_wide_scale_up(SegmentWide *value, int decimals)
{
	while (decimals > 0)
	{
		int step = decimals > 18 ? 18 : decimals;

		if (!segment_wide_multiply(value, (uint64_t) powers_of_ten[step]))
			return false;
		decimals -= step;
	}
	return true;
}

/* Divides an unsigned magnitude. */
static uint64_t
divide_magnitude(SegmentWide *value, uint64_t divisor)
{
	unsigned __int128 rest = 0;

	for (int i = 3; i >= 0; i--)
	{
		rest = (rest << 64) | value->limb[i];
		value->limb[i] = (uint64_t) (rest / divisor);
		rest %= divisor;
	}
	return (uint64_t) rest;
}

uint64_t
segment_wide_divide(SegmentWide *value, uint64_t divisor)
{
	bool negative = take_magnitude(value);
	uint64_t rest = divide_magnitude(value, divisor);

	if (negative)
		(void) segment_wide_negate(value);
	return rest;
}

static int
bit_length(const SegmentWide *value)
{
	for (int i = 3; i >= 0; i--)
		if (value->limb[i] != 0)
			return 64 * i + 64 - __builtin_clzll(value->limb[i]);
	return 0;
}

static void
shift_left_once(SegmentWide *value)
{
	for (int i = 3; i > 0; i--)
		value->limb[i] = (value->limb[i] << 1) | (value->limb[i - 1] >> 63);
	value->limb[0] <<= 1;
}

/*
 * Long division, one quotient bit at a time: 55 significant bits and a sticky bit decide the rounding exactly. Only
 * totals beyond 2^53 units come here; the common case is a single correctly rounded division by the caller.
 */
static double
divide_to_double(SegmentWide magnitude, int decimals, int64_t count)
{
	SegmentWide divisor = segment_wide_from_int128(1);
	SegmentWide rest = {{0, 0, 0, 0}};
	uint64_t quotient = 0;
	int exponent;
	int bits = bit_length(&magnitude);
	int taken = 0;
	bool sticky = false;

	if (bits == 0)
		return 0.0;
	/* below 10^22 * 2^63 < 2^137: doubling a rest can't overflow */
	(void) segment_wide_scale_up(&divisor, decimals);
	(void) segment_wide_multiply(&divisor, (uint64_t) count);
	for (exponent = bits - 1;; exponent--)
	{
		SegmentWide minus = divisor;

		shift_left_once(&rest);
		if (exponent >= 0)
			rest.limb[0] |= (magnitude.limb[exponent / 64] >> (exponent % 64)) & 1;
		if (quotient != 0)
			quotient <<= 1;
		if (segment_wide_compare(&rest, &divisor) >= 0)
		{
			(void) segment_wide_negate(&minus);
			(void) segment_wide_add(&rest, &minus);
			quotient |= 1;
		}
		if (quotient != 0 && ++taken == 55)
			break;
	}
	sticky = !segment_wide_is_zero(&rest);
	for (int i = exponent - 1; i >= 0 && !sticky; i--)
		sticky = ((magnitude.limb[i / 64] >> (i % 64)) & 1) != 0;
	/* 55 bits: 53 kept, one for half, one that joins the sticky bit */
	{
		uint64_t kept = quotient >> 2;
		uint64_t tail = (quotient & 3) * 2 + (sticky ? 1 : 0);

		if (tail > 4 || (tail == 4 && (kept & 1)))
			kept++;
		return ldexp((double) kept, exponent + 2);
	}
}

double
segment_wide_to_mean(const SegmentWide *value, int decimals, int64_t count)
{
	SegmentWide magnitude = *value;
	bool negative = take_magnitude(&magnitude);
	double result = divide_to_double(magnitude, decimals, count);

	return negative ? -result : result;
}

double
segment_wide_to_double(const SegmentWide *value, int decimals)
{
	return segment_wide_to_mean(value, decimals, 1);
}

int
segment_wide_print(const SegmentWide *value, int decimals, char *buffer)
{
	SegmentWide magnitude = *value;
	bool negative = take_magnitude(&magnitude);
	char digits[SEGMENT_WIDE_DIGITS];
	int count = 0;
	int length = 0;

	while (!segment_wide_is_zero(&magnitude) || count <= decimals)
		digits[count++] = (char) ('0' + divide_magnitude(&magnitude, 10));
	if (negative)
		buffer[length++] = '-';
	while (count > 0)
	{
		if (count == decimals)
			buffer[length++] = '.';
		buffer[length++] = digits[--count];
	}
	buffer[length] = '\0';
	return length;
}
