/*
 * hash.h: keys of hashes, and the hash functions of types.
 */
#ifndef SEGMENT_CORE_HASH_H
#define SEGMENT_CORE_HASH_H

#include "core/compat.h"

#include "math/hash.h"

/* A random key. */
extern void segment_hash_draw(SegmentHashKey *key);

/*
 * A key of its own for each number: for tests, and where places of values must not change from run to run. No secret.
 */
extern void segment_hash_numbered(SegmentHashKey *key, uint64 number);

/* SHA-256 of two pieces of bytes, one behind the other. */
extern bytea *segment_sha256(const char *first, Size first_length, const char *second, Size second_length);

/* How values of a type are hashed that are not compared by their bytes. */
typedef struct SegmentTypeHash
{
	FmgrInfo function;
	bool takes_seed;
} SegmentTypeHash;

/*
 * Looks up the hash function that goes with an equality operator of a type: the one that takes a seed, if the type has
 * it. False if there is none. It lives in context.
 */
extern bool segment_type_hash(SegmentTypeHash *hash, Oid type, Oid equality, MemoryContext context);

/* Adds a value to a hash. */
extern uint64 segment_type_hash_value(SegmentTypeHash *type_hash, const SegmentHashKey *key, uint64 hash, Oid collation,
									  Datum value);

#endif
