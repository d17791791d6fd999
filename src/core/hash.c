/*
 * hash.c: keys of hashes, and the hash functions of types.
 */
#include "postgres.h"

#include "core/hash.h"

#include "common/pg_prng.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "math/rng.h"

void
segment_hash_draw(SegmentHashKey *key)
{
	/* seeded from the system's randomness as the process starts; SQL's random() and setseed() have another state */
	key->a = pg_prng_uint64(&pg_global_prng_state);
	key->b = pg_prng_uint64(&pg_global_prng_state) | 1;
}

void
segment_hash_numbered(SegmentHashKey *key, uint64 number)
{
	SegmentRng rng = segment_rng_start(number, 0);

	key->a = segment_rng_next(&rng);
	key->b = segment_rng_next(&rng) | 1;
}

bytea *
segment_sha256(const char *first, Size first_length, const char *second, Size second_length)
{
	bytea *message = palloc(VARHDRSZ + first_length + second_length);
	bytea *digest;

	SET_VARSIZE(message, VARHDRSZ + first_length + second_length);
	memcpy(VARDATA(message), first, first_length);
	memcpy(VARDATA(message) + first_length, second, second_length);
	digest = DatumGetByteaPP(DirectFunctionCall1(sha256_bytea, PointerGetDatum(message)));
	pfree(message);
	return digest;
}

bool
segment_type_hash(SegmentTypeHash *hash, Oid type, Oid equality, MemoryContext context)
{
	TypeCacheEntry *cache = lookup_type_cache(type, TYPECACHE_EQ_OPR | TYPECACHE_HASH_EXTENDED_PROC);
	Oid function;

	hash->takes_seed = cache->eq_opr == equality && OidIsValid(cache->hash_extended_proc);
	if (hash->takes_seed)
		function = cache->hash_extended_proc;
	else if (!get_op_hash_functions(equality, &function, NULL))
		return false;
	fmgr_info_cxt(function, &hash->function, context);
	return true;
}

uint64
segment_type_hash_value(SegmentTypeHash *type_hash, const SegmentHashKey *key, uint64 hash, Oid collation, Datum value)
{
	uint64 word =
		type_hash->takes_seed
			? DatumGetUInt64(FunctionCall2Coll(&type_hash->function, collation, value, UInt64GetDatum(key->a)))
			: DatumGetUInt32(FunctionCall1Coll(&type_hash->function, collation, value));

	return segment_hash_word(key, hash, word);
}
