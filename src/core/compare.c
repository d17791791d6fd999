/*
 * compare.c: comparison of types whose equal values have equal bytes, by those bytes: an order without a meaning, for
 * indexes, DISTINCT and the detection of changes.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"

#include "core/compare.h"

/* -1, 0 or 1. */
static int
compare_bytes(FunctionCallInfo fcinfo)
{
	struct varlena *a = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));
	struct varlena *b = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(1));
	Size a_length = VARSIZE_ANY_EXHDR(a);
	Size b_length = VARSIZE_ANY_EXHDR(b);
	int order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(a_length, b_length));

	if (order != 0)
		return order < 0 ? -1 : 1;
	return a_length < b_length ? -1 : a_length > b_length;
}

SEGMENT_COMPARISONS(bytes, compare_bytes)

PG_FUNCTION_INFO_V1(segment_bytes_hash);

/* Hash of the bytes, 32 bits. */
Datum
segment_bytes_hash(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));

	return hash_any((unsigned char *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

PG_FUNCTION_INFO_V1(segment_bytes_hash_extended);

/* Hash of the bytes with a seed, 64 bits. */
Datum
segment_bytes_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));

	return hash_any_extended((unsigned char *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), PG_GETARG_INT64(1));
}
