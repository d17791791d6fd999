/*
 * test_wide.c: 256-bit integers against 128-bit arithmetic of the compiler and against identities.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "math/wide.h"

static int tests;
static int failures;

static void
check(bool passed, const char *name)
{
	printf("%s %d - %s\n", passed ? "ok" : "not ok", ++tests, name);
	if (!passed)
		failures++;
}

static uint64_t state = 42;

static uint64_t
next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* A value of any magnitude, either sign. */
static __int128
random_int128(void)
{
	unsigned __int128 value = ((unsigned __int128) next_random() << 64) | next_random();

	return (__int128) value >> (next_random() % 127);
}

static SegmentWide
wide(__int128 value)
{
	return segment_wide_from_int128(value);
}

static bool
equals(const SegmentWide *value, __int128 expected)
{
	segment_int128 narrow;

	return segment_wide_to_int128(value, &narrow) && narrow == expected;
}

static bool
prints(SegmentWide value, int decimals, const char *expected)
{
	char text[SEGMENT_WIDE_DIGITS];
	int length = segment_wide_print(&value, decimals, text);

	return strcmp(text, expected) == 0 && length == (int) strlen(expected);
}

static void
test_arithmetic(void)
{
	bool add = true, multiply = true, divide = true, negate = true, order = true, convert = true;

	for (int i = 0; i < 200000; i++)
	{
		__int128 a = random_int128();
		__int128 b = random_int128();
		__int128 expected;
		SegmentWide value = wide(a);
		SegmentWide other = wide(b);
		unsigned __int128 magnitude = a < 0 ? -(unsigned __int128) a : (unsigned __int128) a;
		uint64_t divisor = next_random() | 1;

		convert = convert && equals(&value, a);
		order = order && segment_wide_compare(&value, &other) == (a < b ? -1 : a > b);
		if (!__builtin_add_overflow(a, b, &expected))
			add = add && segment_wide_add(&value, &other) && equals(&value, expected);
		value = wide(a >> 64);
		if (!__builtin_mul_overflow(a >> 64, (__int128) (divisor >> 1), &expected))
			multiply = multiply && segment_wide_multiply(&value, divisor >> 1) && equals(&value, expected);
		value = wide(a);
		divide = divide && segment_wide_divide(&value, divisor) == (uint64_t) (magnitude % divisor) &&
				 equals(&value, a / (__int128) divisor);
		value = wide(a);
		if (magnitude != (unsigned __int128) 1 << 127)
			negate = negate && segment_wide_negate(&value) && equals(&value, -a);
	}
	check(convert, "128 bits there and back");
	check(order, "compare");
	check(add, "add");
	check(multiply, "multiply");
	check(divide, "divide and remainder");
	check(negate, "negate");
}

static void
test_beyond_128(void)
{
	SegmentWide value = wide(1);
	SegmentWide back;
	segment_int128 narrow;
	bool chain = true;
	int doublings = 0;

	for (int i = 0; i < 76; i++)
		chain = chain && segment_wide_multiply(&value, 10);
	check(chain, "10^76 fits");
	check(!segment_wide_to_int128(&value, &narrow), "but not in 128 bits");
	back = value;
	check(!segment_wide_multiply(&back, 10), "10^77 is an overflow");
	back = value;
	for (int i = 0; i < 76; i++)
		chain = chain && segment_wide_divide(&back, 10) == 0;
	check(chain && equals(&back, 1), "and back by division");
	check(prints(value, 20, "100000000000000000000000000000000000000000000000000000000.00000000000000000000"),
		  "prints 10^56 with 20 decimals");
	back = value;
	(void) segment_wide_negate(&back);
	(void) segment_wide_add(&back, &value);
	check(segment_wide_is_zero(&back), "x + (-x) = 0");
	while (doublings < 10)
	{
		SegmentWide same = value;

		if (!segment_wide_add(&value, &same))
			break;
		doublings++;
	}
	check(doublings == 2, "2^255 / 10^76 = 5.8: two doublings, then an overflow");
}

/* Limb by limb, with the sign of a result that its operands do not allow. */
static bool
add_by_limbs(SegmentWide *sum, const SegmentWide *addend)
{
	bool negative = segment_wide_is_negative(sum);
	bool alike = negative == segment_wide_is_negative(addend);
	unsigned carry = 0;

	for (int i = 0; i < 4; i++)
	{
		uint64_t with_carry = sum->limb[i] + carry;

		carry = with_carry < carry;
		sum->limb[i] = with_carry + addend->limb[i];
		carry += sum->limb[i] < addend->limb[i];
	}
	return !alike || segment_wide_is_negative(sum) == negative;
}

static void
test_carries(void)
{
	static const uint64_t limbs[] = {0, 1, UINT64_MAX, UINT64_MAX - 1, (uint64_t) 1 << 63, ((uint64_t) 1 << 63) - 1};
	bool same = true;

	for (int i = 0; i < 6 * 6 * 6 * 6 * 6 * 6 * 6 * 6; i++)
	{
		SegmentWide a;
		SegmentWide b;
		SegmentWide expected;
		int rest = i;
		bool fits;

		for (int j = 0; j < 4; j++, rest /= 36)
		{
			a.limb[j] = limbs[rest % 6];
			b.limb[j] = limbs[rest / 6 % 6];
		}
		expected = a;
		fits = add_by_limbs(&expected, &b);
		same = same && segment_wide_add(&a, &b) == fits && (!fits || segment_wide_compare(&a, &expected) == 0);
	}
	check(same, "carries and overflows of all limbs at their ends");
}

static void
test_text(void)
{
	segment_int128 scaled = 123;

	check(prints(wide(0), 0, "0") && prints(wide(0), 3, "0.000"), "zero");
	check(prints(wide(-5), 2, "-0.05") && prints(wide(12345), 2, "123.45"), "small numbers");
	check(segment_int128_scale_up(&scaled, 20) && prints(wide(scaled), 20, "123.00000000000000000000"),
		  "scale up by 20");
	check(!segment_int128_scale_up(&scaled, 20), "scale up overflows 128 bits");
}

static void
test_double(void)
{
	bool nearest = true;

	for (int i = 0; i < 100000; i++)
	{
		__int128 units = random_int128();
		int decimals = (int) (next_random() % 21);
		SegmentWide value = wide(units);
		char text[SEGMENT_WIDE_DIGITS];

		segment_wide_print(&value, decimals, text);
		nearest = nearest && segment_wide_to_double(&value, decimals) == strtod(text, NULL);
	}
	check(nearest, "to double is what strtod makes of the digits");
}

/* The mean of n times an amount is the amount, whatever n: the divisions by n and by the scale are rounded once. */
static void
test_mean(void)
{
	bool equal = true;

	for (int i = 0; i < 100000; i++)
	{
		__int128 units = (int64_t) next_random();
		int64_t count = (int64_t) (next_random() >> (1 + next_random() % 63)) | 1;
		int decimals = (int) (next_random() % 21);
		SegmentWide value = wide(units);
		SegmentWide total = wide(units);

		equal = equal && segment_wide_multiply(&total, (uint64_t) count) &&
				segment_wide_to_mean(&total, decimals, count) == segment_wide_to_double(&value, decimals);
	}
	check(equal, "the mean of equal amounts is the amount");
}

int
main(void)
{
	test_arithmetic();
	test_beyond_128();
	test_carries();
	test_text();
	test_double();
	test_mean();
	printf("1..%d\n", tests);
	return failures > 0;
}
