/*
 * sha256.c: SHA-256, see sha256.h. Constants and names are those of FIPS 180-4.
 */
#include "math/sha256.h"

#include <string.h>

static const uint32_t K[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline uint32_t
rotate(uint32_t x, int bits)
{
	return x >> bits | x << (32 - bits);
}

static inline uint32_t
word_at(const unsigned char *bytes)
{
	return (uint32_t) bytes[0] << 24 | (uint32_t) bytes[1] << 16 | (uint32_t) bytes[2] << 8 | bytes[3];
}

static void
add_block(uint32_t *state, const unsigned char *block)
{
	uint32_t w[64];
	uint32_t v[8]; /* a to h */

	for (int t = 0; t < 16; t++)
		w[t] = word_at(block + 4 * t);
	for (int t = 16; t < 64; t++)
	{
		uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
		uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10;

		w[t] = w[t - 16] + s0 + w[t - 7] + s1;
	}
	memcpy(v, state, sizeof(v));
	for (int t = 0; t < 64; t++)
	{
		uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
		uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
		uint32_t first = v[7] + s1 + choice + K[t] + w[t];
		uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
		uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);

		v[7] = v[6];
		v[6] = v[5];
		v[5] = v[4];
		v[4] = v[3] + first;
		v[3] = v[2];
		v[2] = v[1];
		v[1] = v[0];
		v[0] = first + s0 + majority;
	}
	for (int i = 0; i < 8; i++)
		state[i] += v[i];
}

void
segment_sha256_begin(SegmentSha256 *hash)
{
	static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
										0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	memcpy(hash->state, initial, sizeof(initial));
	hash->length = 0;
}

void
segment_sha256_add(SegmentSha256 *hash, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	size_t used = hash->length % sizeof(hash->block);

	hash->length += length;
	while (length > 0)
	{
		size_t taken = sizeof(hash->block) - used < length ? sizeof(hash->block) - used : length;

		memcpy(hash->block + used, at, taken);
		at += taken;
		length -= taken;
		used += taken;
		if (used == sizeof(hash->block))
		{
			add_block(hash->state, hash->block);
			used = 0;
		}
	}
}

uint64_t
segment_sha256_end(SegmentSha256 *hash)
{
	uint64_t bits = hash->length * 8;
	size_t used = hash->length % sizeof(hash->block);

	hash->block[used++] = 0x80;
	if (used > 56)
	{
		memset(hash->block + used, 0, sizeof(hash->block) - used);
		add_block(hash->state, hash->block);
		used = 0;
	}
	memset(hash->block + used, 0, 56 - used);
	for (int i = 0; i < 8; i++)
		hash->block[56 + i] = (unsigned char) (bits >> (56 - 8 * i));
	add_block(hash->state, hash->block);
	return (uint64_t) hash->state[0] << 32 | hash->state[1];
}
