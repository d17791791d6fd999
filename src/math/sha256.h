/*
 * sha256.h: SHA-256 (FIPS 180-4) of short texts, without allocation or set-up: the server's own function needs more time to
 * begin and end than the hashing of an id takes.
 */
#ifndef SEGMENT_MATH_SHA256_H
#define SEGMENT_MATH_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct SegmentSha256
{
	uint32_t state[8];
	uint64_t length; /* bytes so far */
	unsigned char block[64];
} SegmentSha256;

extern void segment_sha256_begin(SegmentSha256 *hash);
extern void segment_sha256_add(SegmentSha256 *hash, const void *bytes, size_t length);

/* Ends the hash; the first 8 of its 32 bytes, most significant first. */
extern uint64_t segment_sha256_end(SegmentSha256 *hash);

#endif
