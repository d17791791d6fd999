/*
 * image.h: types whose values are equal exactly if their bytes are.
 */
#ifndef SEGMENT_CORE_IMAGE_H
#define SEGMENT_CORE_IMAGE_H

#include "core/compat.h"

/* True if this equality function compares nothing but the bytes (those behind the length word of a varlena). */
extern bool segment_equal_by_image(Oid equal, Oid collation);

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
