/*
 * big.c: integers of 512 bits, see big.h.
 */
#include "math/big.h"

#include <math.h>
#include <string.h>

bool
segment_big_is_negative(const SegmentBig *value)
{
	return (value->limb[SEGMENT_BIG_LIMBS - 1] >> 63) != 0;
}

bool
segment_big_is_zero(const SegmentBig *value)
{
	uint64_t any = 0;

	for (int i = 0; i < SEGMENT_BIG_LIMBS; i++)
		any |= value->limb[i];
	return any == 0;
}

void
segment_big_negate(SegmentBig *value)
{
	segment_uint128 carry = 1;

	for (int i = 0; i < SEGMENT_BIG_LIMBS; i++)
	{
		carry += (uint64_t) ~value->limb[i];
		value->limb[i] = (uint64_t) carry;
		carry >>= 64;
	}
}

void
segment_big_add(SegmentBig *sum, const SegmentBig *addend)
{
	segment_uint128 carry = 0;

	for (int i = 0; i < SEGMENT_BIG_LIMBS; i++)
	{
		carry += (segment_uint128) sum->limb[i] + addend->limb[i];
		sum->limb[i] = (uint64_t) carry;
		carry >>= 64;
	}
}

/* Multiplies a magnitude by a factor. */
static void
multiply_magnitude(SegmentBig *value, uint64_t factor)
{
	segment_uint128 carry = 0;

	for (int i = 0; i < SEGMENT_BIG_LIMBS; i++)
	{
		carry += (segment_uint128) value->limb[i] * factor;
		value->limb[i] = (uint64_t) carry;
		carry >>= 64;
	}
}

static uint64_t
divide_magnitude(SegmentBig *value, uint64_t divisor)
{
	segment_uint128 rest = 0;

	for (int i = SEGMENT_BIG_LIMBS - 1; i >= 0; i--)
	{
		rest = (rest << 64) | value->limb[i];
		value->limb[i] = (uint64_t) (rest / divisor);
		rest %= divisor;
	}
	return (uint64_t) rest;
}

static bool
take_magnitude(SegmentBig *value)
{
	bool negative = segment_big_is_negative(value);

	if (negative)
		segment_big_negate(value);
	return negative;
}

int
segment_big_bit_length(const SegmentBig *value)
{
	SegmentBig magnitude = *value;

	(void) take_magnitude(&magnitude);
	for (int i = SEGMENT_BIG_LIMBS - 1; i >= 0; i--)
		if (magnitude.limb[i] != 0)
			return 64 * i + 64 - __builtin_clzll(magnitude.limb[i]);
	return 0;
}

void
segment_big_scale_up(SegmentBig *value, int decimals)
{
	bool negative = take_magnitude(value);

	while (decimals > 0)
	{
		int step = decimals > 18 ? 18 : decimals;

		multiply_magnitude(value, (uint64_t) segment_power_of_ten(step));
		decimals -= step;
	}
	if (negative)
		segment_big_negate(value);
}

int
segment_big_normalize(SegmentBig *value, int decimals)
{
	bool negative = take_magnitude(value);

	while (decimals > 0)
	{
		SegmentBig shorter = *value;

		if ((value->limb[0] & 1) || divide_magnitude(&shorter, 10) != 0)
			break;
		*value = shorter;
		decimals--;
	}
	if (negative)
		segment_big_negate(value);
	return decimals;
}

int
segment_big_print(const SegmentBig *value, int decimals, char *buffer)
{
	SegmentBig magnitude = *value;
	bool negative = take_magnitude(&magnitude);
	char digits[SEGMENT_BIG_DIGITS];
	int count = 0;
	int length = 0;

	while (!segment_big_is_zero(&magnitude) || count <= decimals)
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

bool
segment_big_parse(const char **text, int max_decimals, SegmentBig *value, int *decimals)
{
	const char *at = *text;
	bool negative = *at == '-';
	bool point = false;
	int digits = 0;

	memset(value, 0, sizeof(SegmentBig));
	*decimals = 0;
	if (negative)
		at++;
	for (;; at++)
	{
		uint64_t digit;

		if (*at == '.' && !point && digits > 0)
		{
			point = true;
			continue;
		}
		if (*at < '0' || *at > '9')
			break;
		digit = (uint64_t) (*at - '0');
		if (++digits > 150 || (point && ++*decimals > max_decimals))
			return false;
		multiply_magnitude(value, 10);
		segment_big_add_128(value, digit, false);
	}
	if (digits == 0 || (point && *decimals == 0))
		return false;
	if (negative)
		segment_big_negate(value);
	*text = at;
	return true;
}

double
segment_big_to_double(const SegmentBig *value)
{
	SegmentBig magnitude = *value;
	bool negative = take_magnitude(&magnitude);
	int top = SEGMENT_BIG_LIMBS - 1;
	int shift;
	uint64_t head;
	uint64_t below = 0;
	double result;

	while (top > 0 && magnitude.limb[top] == 0)
		top--;
	if (top == 0)
		result = (double) magnitude.limb[0];
	else
	{
		shift = __builtin_clzll(magnitude.limb[top]);
		head = magnitude.limb[top] << shift;
		if (shift > 0)
		{
			head |= magnitude.limb[top - 1] >> (64 - shift);
			below = magnitude.limb[top - 1] << shift;
		}
		else
			below = magnitude.limb[top - 1];
		for (int i = top - 2; i >= 0; i--)
			below |= magnitude.limb[i];
		/* the bit that no double keeps makes the cast round the right way */
		result = ldexp((double) (head | (below != 0)), 64 * top - shift);
	}
	return negative ? -result : result;
}

SegmentBig
segment_big_product(const SegmentBig *a, const SegmentBig *b)
{
	SegmentBig x = *a;
	SegmentBig y = *b;
	bool negative = take_magnitude(&x) != take_magnitude(&y);
	SegmentBig product = {{0}};

	for (int i = 0; i < SEGMENT_BIG_LIMBS; i++)
	{
		uint64_t carry = 0;

		if (x.limb[i] == 0)
			continue;
		for (int j = 0; i + j < SEGMENT_BIG_LIMBS; j++)
		{
			segment_uint128 sum = (segment_uint128) x.limb[i] * y.limb[j] + product.limb[i + j] + carry;

			product.limb[i + j] = (uint64_t) sum;
			carry = (uint64_t) (sum >> 64);
		}
	}
	if (negative)
		segment_big_negate(&product);
	return product;
}

SegmentBig
segment_big_of_wide(const SegmentWide *value)
{
	SegmentBig big;
	uint64_t sign = segment_wide_is_negative(value) ? UINT64_MAX : 0;

	for (int i = 0; i < SEGMENT_BIG_LIMBS; i++)
		big.limb[i] = i < 4 ? value->limb[i] : sign;
	return big;
}

SegmentBig
segment_big_of_count(int64_t count)
{
	SegmentBig big = {{0}};

	big.limb[0] = (uint64_t) count;
	return big;
}
