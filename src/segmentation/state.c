/*
 * state.c: the hash of a state, of which a snapshot's fingerprint is the sum.
 */
#include "postgres.h"

#include "core/compat.h"

#include "common/hashfn.h"

#include "utils/lsyscache.h"

#include "score/score.h"

/*
 * state_hash(customer, market, rfm, score, segment, sort, channel) -> bigint: of the bytes of each value; a NULL is
 * another value than an empty text. Never NULL.
 */
PG_FUNCTION_INFO_V1(segment_state_hash);

Datum
segment_state_hash(PG_FUNCTION_ARGS)
{
	uint64 hash = 0;

	for (int i = 0; i < PG_NARGS(); i++)
	{
		uint64 part = i;

		if (!PG_ARGISNULL(i))
		{
			/* By value: score and sort */
			if (i == 3)
				part = DatumGetUInt64(hash_uint32_extended(PG_GETARG_UINT32(i), i + 1));
			else if (i == 5)
				part = DatumGetUInt64(hash_uint32_extended((uint32) PG_GETARG_INT16(i), i + 1));
			else
			{
				struct varlena *value = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(i));

				part = DatumGetUInt64(
					hash_any_extended((unsigned char *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), i + 1));
			}
		}
		hash = hash_combine64(hash, part);
	}
	PG_RETURN_INT64((int64) hash);
}

/* flat(value) -> value: stored in the row itself, not out of line. */
PG_FUNCTION_INFO_V1(segment_flat);

Datum
segment_flat(PG_FUNCTION_ARGS)
{
	if (get_typlen(get_fn_expr_argtype(fcinfo->flinfo, 0)) != -1)
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	PG_RETURN_POINTER(PG_DETOAST_DATUM(PG_GETARG_DATUM(0)));
}
