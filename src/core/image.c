/*
 * image.c: types whose values are equal exactly if their bytes are.
 */
#include "postgres.h"

#include "core/image.h"

#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

bool
segment_equal_by_image(Oid equal, Oid collation)
{
	switch (equal)
	{
		case F_INT2EQ:
		case F_INT4EQ:
		case F_INT8EQ:
		case F_OIDEQ:
		case F_BOOLEQ:
		case F_CHAREQ:
		case F_DATE_EQ:
		case F_TIME_EQ:
		case F_TIMESTAMP_EQ:
		case F_TIMESTAMPTZ_EQ:
		case F_ENUM_EQ:
		case F_UUID_EQ:
		case F_BYTEAEQ:
			return true;
		case F_TEXTEQ:
			return OidIsValid(collation) && get_collation_isdeterministic(collation);
		default:
			return false;
	}
}
