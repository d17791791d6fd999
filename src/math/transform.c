/*
 * transform.c: the signed logarithm and its inverse.
 */
#include "math/transform.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "math/kernel.h"

/* log 2 in two parts: the first has 32 trailing zero bits, so exponent * LN2_HIGH is exact. */
#define LN2_HIGH 0x1.62e42feep-1
#define LN2_LOW 0x1.a39ef35793c76p-33

/*
 * log(1 + a) for a >= 0. With u = 1 + a rounded and its rounding error c (Knuth's two-sum), log(1 + a) = log(u) + c/u to first order
 * (Kahan). u = 2^e m with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m-1)/(m+1), |s| < 0.172, by its Taylor
 * series to s^25: the remainder is below 2^-58.
 */
static inline double
log_one_plus(double a)
{
	double u = 1.0 + a;
	double rest = u - 1.0;
	double c = (1.0 - (u - rest)) + (a - rest);
	uint64_t bits;
	uint64_t exponent;
	double m;
	double f;
	double s;
	double z;
	double y;
	double odd;
	double even;
	double e;

	memcpy(&bits, &u, sizeof(bits));
	/* The exponent that brings the mantissa below sqrt(2): 0x3fe6a09e... is sqrt(1/2), and u is at least 1. */
	bits -= UINT64_C(0x3fe6a09e667f3bcd);
	/* It goes into the lowest bits of 2^52: a conversion from integers would not vectorize. */
	exponent = (bits >> 52) | UINT64_C(0x4330000000000000);
	bits = (bits & UINT64_C(0x000fffffffffffff)) + UINT64_C(0x3fe6a09e667f3bcd);
	memcpy(&m, &bits, sizeof(m));
	f = m - 1.0;
	s = f / (m + 1.0);
	z = s * s;
	y = z * z;
	odd = 1.0 / 3 + y * (1.0 / 7 + y * (1.0 / 11 + y * (1.0 / 15 + y * (1.0 / 19 + y * (1.0 / 23)))));
	even = 1.0 / 5 + y * (1.0 / 9 + y * (1.0 / 13 + y * (1.0 / 17 + y * (1.0 / 21 + y * (1.0 / 25)))));
	/* 2 atanh(s) = f - s (f - 2 z R), because 2 s = f - s f: the large term f is exact. */
	memcpy(&e, &exponent, sizeof(e));
	e -= 0x1p52;
	return e * LN2_HIGH + (f - (s * (f - 2.0 * (z * (odd + z * even))) - (e * LN2_LOW + c / u)));
}

double
segment_signed_log(double x)
{
	return copysign(log_one_plus(fabs(x)), x) + 0.0;
}

double
segment_signed_exp(double y)
{
	return copysign(expm1(fabs(y)), y) + 0.0;
}

/* Numbers that are gathered, transformed together and put back. */
#define BLOCK 256

SEGMENT_KERNEL void
segment_signed_log_array(double *x, int count, int stride)
{
	double block[BLOCK];
	int first;
	int i;

	for (first = 0; first < count; first += BLOCK, x += (int64_t) BLOCK * stride)
	{
		int here = count - first < BLOCK ? count - first : BLOCK;

		for (i = 0; i < here; i++)
			block[i] = x[(int64_t) i * stride];
		for (i = 0; i < here; i++)
			block[i] = copysign(log_one_plus(fabs(block[i])), block[i]) + 0.0;
		for (i = 0; i < here; i++)
			x[(int64_t) i * stride] = block[i];
	}
}
