/*
 * day.h: calendar days. The time of an order is a date, a timestamp or a timestamptz; everything counts days. A
 * timestamptz has its day in a named zone that is always an argument: nothing depends on the session's time zone.
 */
#ifndef SEGMENT_CORE_DAY_H
#define SEGMENT_CORE_DAY_H

#include "core/compat.h"

#include "pgtime.h"
#include "utils/date.h"
#include "utils/timestamp.h"

typedef enum SegmentTimeKind
{
	SEGMENT_TIME_DATE = 1,
	SEGMENT_TIME_TIMESTAMP = 2,
	SEGMENT_TIME_TIMESTAMPTZ = 3
} SegmentTimeKind;

/* The kind of time of a type; false for any other type. */
extern bool segment_time_kind_of(Oid type, SegmentTimeKind *kind);

/* "date", "timestamp", "timestamptz". */
extern const char *segment_time_kind_name(SegmentTimeKind kind);

/*
 * A time as the 8 bytes that summaries keep: days since 2000-01-01 for a date, else microseconds. Does not check
 * finiteness: see segment_time_is_finite.
 */
static inline int64
segment_time_from_datum(Datum value, SegmentTimeKind kind)
{
	return kind == SEGMENT_TIME_DATE ? (int64) DatumGetDateADT(value) : DatumGetInt64(value);
}

/* True for a finite time within the range of its type. */
extern bool segment_time_is_finite(int64 time, SegmentTimeKind kind);

/* Raises 22008 for +/-infinity. */
pg_noreturn extern void segment_time_refuse(int64 time, SegmentTimeKind kind);

/*
 * The zone of a name that pg_timezone_names lists, such as 'Europe/Berlin', in any case; 22023 with a hint for others:
 * abbreviations and offsets, which depend on settings, and POSIX rules ('UTC+14'), whose sign is the opposite of ISO's.
 */
extern pg_tz *segment_zone(const text *name);

/*
 * The same for a function's argument number arg, looked up once per query and name: keeps name and zone in
 * fcinfo->flinfo->fn_extra, so the function must not use fn_extra for anything else.
 */
extern pg_tz *segment_zone_arg(FunctionCallInfo fcinfo, int arg);

/* The day of a finite time. zone is used for timestamptz only; NULL is UTC. */
extern DateADT segment_day_of(int64 time, SegmentTimeKind kind, pg_tz *zone);

/* The first moment of a day in a zone; infinite for an infinite day. 22008 for a day beyond the range of moments. */
extern TimestampTz segment_start_of_day(DateADT day, const pg_tz *zone);

/*
 * Writes a time as ISO 8601 ("2011-12-09", "2011-12-09 12:50:00.5", "2011-12-09 12:50:00Z"), whatever DateStyle and
 * the session's zone are. SEGMENT_TIME_TEXT bytes are enough.
 */
#define SEGMENT_TIME_TEXT 64
extern void segment_time_print(int64 time, SegmentTimeKind kind, char *buffer);

/* Reads exactly what segment_time_print writes; false for anything else. */
extern bool segment_time_parse(const char *text, SegmentTimeKind kind, int64 *time);

/* as_of must be a finite date: 22023 otherwise. */
extern void segment_check_as_of(DateADT as_of);

#endif
