/*
 * rng.h: a small seeded generator, the same on every machine: SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable
 * pseudorandom number generators"). Streams of one seed are independent of each other and of how many there are.
 */
#ifndef SEGMENT_MATH_RNG_H
#define SEGMENT_MATH_RNG_H

#include <stdint.h>

typedef struct SegmentRng
{
	uint64_t state;
} SegmentRng;

/* 64 random bits. */
static inline uint64_t
segment_rng_next(SegmentRng *rng)
{
	uint64_t z = (rng->state += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/* The generator of one stream of a seed. */
static inline SegmentRng
segment_rng_start(uint64_t seed, uint64_t stream)
{
	SegmentRng rng = {seed};

	rng.state = segment_rng_next(&rng) ^ (stream * UINT64_C(0xD1342543DE82EF95));
	(void) segment_rng_next(&rng);
	return rng;
}

/* Uniform in [0, 1), 53 bits. */
static inline double
segment_rng_double(SegmentRng *rng)
{
	return (double) (segment_rng_next(rng) >> 11) * 0x1p-53;
}

#endif
