/*
 * tap.h: TAP lines for tests of plain C, and a random generator that is the same everywhere.
 */
#ifndef SEGMENT_TEST_TAP_H
#define SEGMENT_TEST_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

static int tap_tests;
static int tap_failed;

__attribute__((format(printf, 2, 3))) static void
tap_ok(bool passed, const char *format, ...)
{
	va_list arguments;

	tap_failed += !passed;
	printf("%s %d - ", passed ? "ok" : "not ok", ++tap_tests);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

/* Prints the plan; the exit status of the test. */
static int
tap_done(void)
{
	printf("1..%d\n", tap_tests);
	return tap_failed ? 1 : 0;
}

/* splitmix64 (Steele, Lea & Flood 2014). */
__attribute__((unused)) static uint64_t
tap_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9E3779B97F4A7C15u);

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

/* A random number of [0, 1). */
__attribute__((unused)) static double
tap_uniform(uint64_t *state)
{
	return (double) (tap_random(state) >> 11) * 0x1p-53;
}

#endif
