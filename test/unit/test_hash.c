/*
 * test_hash.c: the keyed hash: spread of regular values, and of values crafted against the hashes that it took the place
 * of.
 */
#include <stdlib.h>
#include <string.h>

#include "math/hash.h"
#include "tap.h"

#define SLOTS (1 << 18)
#define KEYS 60
#define VALUES (SLOTS / 4 * 3 - 1)

static uint64_t random_state = 7;

static SegmentHashKey
draw(void)
{
	return (SegmentHashKey) {tap_random(&random_state), tap_random(&random_state) | 1};
}

/* Adds a hash to a table of linear probing; the slots that it looks at. */
static unsigned
place(unsigned char *taken, uint32_t hash)
{
	uint32_t at = hash & (SLOTS - 1);
	unsigned probes = 1;

	for (; taken[at]; probes++)
		at = (at + 1) & (SLOTS - 1);
	taken[at] = 1;
	return probes;
}

/* The inverses of the two multiplications of MurmurHash3's finalizer, and of Fibonacci hashing. */
#define INVERSE_1 UINT64_C(0x4f74430c22a54005)
#define INVERSE_2 UINT64_C(0x9cb4b2f8129337db)
#define FIBONACCI UINT64_C(0x9E3779B97F4A7C15)
#define INVERSE_FIBONACCI UINT64_C(0xF1DE83E19937733D)

static uint64_t
murmur(uint64_t value)
{
	value ^= value >> 33;
	value *= UINT64_C(0xff51afd7ed558ccd);
	value ^= value >> 33;
	value *= UINT64_C(0xc4ceb9fe1a85ec53);
	return value ^ value >> 33;
}

/* The value that MurmurHash3's finalizer turns into hash. */
static uint64_t
unmurmur(uint64_t hash)
{
	hash ^= hash >> 33;
	hash *= INVERSE_2;
	hash ^= hash >> 33;
	hash *= INVERSE_1;
	return hash ^ hash >> 33;
}

static uint64_t
regular(int shape, uint64_t i)
{
	double number = (double) i;
	uint64_t bits;

	memcpy(&bits, &number, sizeof(bits));
	switch (shape)
	{
		case 0:
			return i;
		case 1:
			return i * 1024;
		case 2:
			return i << 32;
		case 3:
			return i << 44;
		case 4:
			return bits;
		case 5:
			return i * UINT64_C(86400000000);
		case 6:
			return UINT64_MAX - i;
		case 7:
			return (i & 255) | (i >> 8) << 40;
		case 8:
			return unmurmur(i << 32);
		default:
			return i * INVERSE_FIBONACCI;
	}
}

static void
test_words(unsigned char *taken)
{
	const char *shapes[] = {"numbers",
							"multiples of 1024",
							"high halves",
							"high bits",
							"doubles",
							"days in microseconds",
							"downwards",
							"low byte and high bits",
							"crafted against MurmurHash3's finalizer",
							"crafted against Fibonacci hashing"};

	for (int shape = 0; shape < 10; shape++)
	{
		double worst = 0.0;

		for (int k = 0; k < KEYS; k++)
		{
			SegmentHashKey key = draw();
			double probes = 0.0;

			memset(taken, 0, SLOTS);
			for (int i = 0; i < VALUES; i++)
				probes += place(taken, segment_hash_end(segment_hash_word(&key, 0, regular(shape, (uint64_t) i))));
			if (probes / VALUES > worst)
				worst = probes / VALUES;
		}
		/* Knuth, TAOCP 3, 6.4: (1 + 1 / (1 - 3/4)) / 2 = 2.5 */
		tap_ok(worst < 2.75, "%s: %.2f probes on average with the worst of %d keys", shapes[shape], worst, KEYS);
	}
}

/*
 * Strings of 17 blocks of 16 bytes: each block is one of two that the hash of bytes before this one could not tell apart,
 * whatever its seed: a difference in the top bit of a word passes a multiplication.
 */
#define BLOCKS 17

static void
craft(char *bytes, uint32_t which)
{
	memset(bytes, 'a', BLOCKS * 16);
	for (int block = 0; block < BLOCKS; block++)
		if (which >> block & 1)
		{
			bytes[block * 16 + 7] ^= (char) 0x80;
			bytes[block * 16 + 15] ^= (char) 0x80;
			bytes[block * 16 + 11] ^= (char) 0x80;
		}
}

/* The hash of bytes before this one. */
static uint64_t
old_hash(uint64_t seed, const char *bytes, size_t length)
{
	uint64_t hash = seed ^ length;
	uint64_t word;
	const char *last = bytes + length - sizeof(word);

	for (; bytes < last; bytes += sizeof(word))
	{
		memcpy(&word, bytes, sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
		hash ^= hash >> 32;
	}
	memcpy(&word, last, sizeof(word));
	return (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
}

static void
test_bytes(unsigned char *taken)
{
	char bytes[BLOCKS * 16];
	double worst = 0.0;
	bool all_same = true;
	bool all_differ = true;
	uint64_t first;

	craft(bytes, 0);
	first = old_hash(99, bytes, sizeof(bytes));
	for (uint32_t i = 0; i < 1 << BLOCKS; i++)
	{
		craft(bytes, i);
		all_same = all_same && old_hash(99, bytes, sizeof(bytes)) == first;
	}
	tap_ok(all_same, "%d strings are crafted against the hash of bytes before this one", 1 << BLOCKS);
	for (int k = 0; k < 10; k++)
	{
		SegmentHashKey key = draw();
		double probes = 0.0;

		memset(taken, 0, SLOTS);
		for (uint32_t i = 0; i < 1 << BLOCKS; i++)
		{
			craft(bytes, i);
			probes += place(taken, segment_hash_end(segment_hash_bytes(&key, 0, bytes, sizeof(bytes))));
		}
		if (probes / (1 << BLOCKS) > worst)
			worst = probes / (1 << BLOCKS);
	}
	tap_ok(worst < 1.6, "they are spread: %.2f probes on average with the worst of 10 keys", worst);

	/* every length, and every byte of it, counts */
	for (size_t length = 0; length <= 100; length++)
	{
		SegmentHashKey key = draw();
		uint64_t hash;

		memset(bytes, 0, sizeof(bytes));
		hash = segment_hash_bytes(&key, 0, bytes, length);
		all_differ = all_differ && hash != segment_hash_bytes(&key, 0, bytes, length + 1) &&
					 hash != segment_hash_bytes(&key, 1, bytes, length);
		for (size_t i = 0; i < length; i++)
		{
			bytes[i] = 1;
			all_differ = all_differ && hash != segment_hash_bytes(&key, 0, bytes, length);
			bytes[i] = 0;
		}
	}
	tap_ok(all_differ, "every length, every byte and what was hashed before count");
}

int
main(void)
{
	unsigned char *taken = malloc(SLOTS);
	bool inverted = FIBONACCI * INVERSE_FIBONACCI == 1;

	for (uint64_t i = 0; i < 1000; i++)
		inverted = inverted && murmur(unmurmur(i << 32)) == i << 32;
	tap_ok(inverted, "the crafted values are what they say");
	test_words(taken);
	test_bytes(taken);
	free(taken);
	return tap_done();
}
