/*
 * image.h: types whose values are equal exactly if their bytes are.
 */
#ifndef SEGMENT_CORE_IMAGE_H
#define SEGMENT_CORE_IMAGE_H

#include "core/compat.h"

/* True if this equality function compares nothing but the bytes (those behind the length word of a varlena). */
extern bool segment_equal_by_image(Oid equal, Oid collation);

/*
 * Hashes bytes, eight at a time. The upper bits are the better ones: mix the result before only a few of it are used.
 */
static inline uint64
segment_hash_image(uint64 seed, const char *bytes, Size length)
{
	uint64 hash = seed ^ length;
	uint64 word = 0;

	if (length >= sizeof(word))
	{
		const char *last = bytes + length - sizeof(word);

		for (; bytes < last; bytes += sizeof(word))
		{
			memcpy(&word, bytes, sizeof(word));
			hash = (hash ^ word) * UINT64CONST(0x9fb21c651e98df25);
			hash ^= hash >> 32;
		}
		memcpy(&word, last, sizeof(word));
	}
	else
		memcpy(&word, bytes, length);
	return (hash ^ word) * UINT64CONST(0x9fb21c651e98df25);
}

/* The bits of a value as a stored tuple would give them: then equal values of its length have equal bits. */
static inline Datum
segment_canonical_datum(Datum value, int16 length)
{
	switch (length)
	{
		case 1:
			return CharGetDatum(DatumGetChar(value));
		case 2:
			return Int16GetDatum(DatumGetInt16(value));
		case 4:
			return Int32GetDatum(DatumGetInt32(value));
		default:
			return value;
	}
}

#endif
