/*
 * compare.h: the comparison functions of a type, made from one three-way comparison.
 */
#ifndef SEGMENT_CORE_COMPARE_H
#define SEGMENT_CORE_COMPARE_H

#include "core/compat.h"

#define SEGMENT_COMPARISON(name, returns) \
	PG_FUNCTION_INFO_V1(name);            \
	Datum name(PG_FUNCTION_ARGS)          \
	{                                     \
		returns;                          \
	}

/*
 * Defines the SQL functions segment_<type>_eq, _ne, _lt, _le, _gt, _ge and _cmp; compare is a function of a
 * FunctionCallInfo that is negative, zero or positive.
 */
#define SEGMENT_COMPARISONS(type, compare)                                        \
	SEGMENT_COMPARISON(segment_##type##_eq, PG_RETURN_BOOL(compare(fcinfo) == 0)) \
	SEGMENT_COMPARISON(segment_##type##_ne, PG_RETURN_BOOL(compare(fcinfo) != 0)) \
	SEGMENT_COMPARISON(segment_##type##_lt, PG_RETURN_BOOL(compare(fcinfo) < 0))  \
	SEGMENT_COMPARISON(segment_##type##_le, PG_RETURN_BOOL(compare(fcinfo) <= 0)) \
	SEGMENT_COMPARISON(segment_##type##_gt, PG_RETURN_BOOL(compare(fcinfo) > 0))  \
	SEGMENT_COMPARISON(segment_##type##_ge, PG_RETURN_BOOL(compare(fcinfo) >= 0)) \
	SEGMENT_COMPARISON(segment_##type##_cmp, PG_RETURN_INT32(compare(fcinfo)))

#endif
