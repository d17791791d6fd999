/*
 * hash.h: the hash of tables that hold what users send. A secret key, drawn anew for each table or query, keeps anybody
 * from finding values that all fall into one place, which would make filling a table quadratic.
 *
 * A step multiplies 64 by 64 bits and folds the two halves of the product together, as wyhash (Wang Yi) does: both
 * factors depend on the key. Nothing but the speed of a table may depend on the key.
 */
#ifndef SEGMENT_MATH_HASH_H
#define SEGMENT_MATH_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct SegmentHashKey
{
	uint64_t a;
	uint64_t b; /* odd */
} SegmentHashKey;

/* The two halves of a product, folded. */
static inline uint64_t
segment_hash_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128) a * b;

	return (uint64_t) product ^ (uint64_t) (product >> 64);
}

/* Adds 64 bits to a hash; 0 is where to start. */
static inline uint64_t
segment_hash_word(const SegmentHashKey *key, uint64_t hash, uint64_t word)
{
	return segment_hash_fold(word ^ hash ^ key->a, key->b);
}

static inline uint64_t
segment_hash_load(const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* Adds bytes, and how many they are, to a hash. */
static inline uint64_t
segment_hash_bytes(const SegmentHashKey *key, uint64_t hash, const char *bytes, size_t length)
{
	uint64_t first = 0;
	uint64_t second = 0;
	size_t left = length;

	hash ^= key->a;
	for (; left > 16; left -= 16, bytes += 16)
		hash = segment_hash_fold(segment_hash_load(bytes) ^ key->b, segment_hash_load(bytes + 8) ^ hash);
	if (left >= 8)
	{
		first = segment_hash_load(bytes);
		second = segment_hash_load(bytes + left - 8);
	}
	else
		memcpy(&first, bytes, left);
	return segment_hash_fold(first ^ key->b ^ length, second ^ hash);
}

/*
 * What a table takes of a hash. A folded product has weak bits where values differ little; the upper bits of one more
 * product have none.
 */
static inline uint32_t
segment_hash_end(uint64_t hash)
{
	return (uint32_t) ((hash * UINT64_C(0x9E3779B97F4A7C15)) >> 32);
}

#endif
