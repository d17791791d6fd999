/*
 * stored.h: what several types have in common: a value is a byte string that one function checks, its text the
 * bytes in hexadecimal digits; in it are numbers of fixed width and counts.
 *
 * A count is seven bits a byte, least significant first, with the high bit set on all but the last.
 */
#ifndef SEGMENT_CORE_STORED_H
#define SEGMENT_CORE_STORED_H

#include "core/compat.h"

#include "lib/stringinfo.h"

#include "math/wire.h"

/* Counts stay within this, so that sums of a few of them cannot overflow. */
#define SEGMENT_STORED_MAX_COUNT (PG_INT64_MAX >> 24)

/* What is wrong with the bytes; NULL if nothing is. */
typedef const char *(*SegmentStoredFault)(SegmentCursor cursor);

/* Behind the input function of a type and its receive function; maker is the function that makes values. */
extern Datum segment_stored_in(FunctionCallInfo fcinfo, const char *type, const char *maker, SegmentStoredFault fault);
extern Datum segment_stored_recv(FunctionCallInfo fcinfo, const char *type, SegmentStoredFault fault);

/* A string that begins with the length word of a varlena. */
extern void segment_stored_start(StringInfo buffer);
extern bytea *segment_stored_finish(StringInfo buffer);

extern void segment_stored_put_fixed(StringInfo buffer, uint64 value, int width);

/* False for a count beyond the limit. */
extern bool segment_stored_put_count(StringInfo buffer, int64 count);

/* A number of up to 63 bits in the form of a count. */
extern void segment_stored_put_number(StringInfo buffer, uint64 number);

typedef struct SegmentStoredReader
{
	SegmentCursor cursor;
	const char *fault; /* what else is wrong */
} SegmentStoredReader;

/* A count that is too large, or not in its shortest form, is one that is not there. */
extern int64 segment_stored_get_count(SegmentStoredReader *reader);
extern int64 segment_stored_get_number(SegmentStoredReader *reader);

#endif
