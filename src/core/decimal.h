/*
 * decimal.h: exact decimal amounts: from a Datum of any amount type to integer units of 10^-scale, and back to
 * numeric. Reads numeric's stored digits directly; no text, no general numeric arithmetic.
 */
#ifndef SEGMENT_CORE_DECIMAL_H
#define SEGMENT_CORE_DECIMAL_H

#include "core/compat.h"
#include "math/wide.h"

/* Amounts have at most this many decimals. */
#define SEGMENT_MAX_DECIMALS 20

/* Amounts are below 10^30 in magnitude; wide.h explains why no sum of them can overflow. */
#define SEGMENT_AMOUNT_DIGITS 30

/* float8 amounts are rounded to this many decimals, half to even, once a row. */
#define SEGMENT_FLOAT_DECIMALS 6

/* What an amount's Datum holds. */
typedef enum SegmentAmountType
{
	SEGMENT_AMOUNT_NUMERIC,
	SEGMENT_AMOUNT_INT2,
	SEGMENT_AMOUNT_INT4,
	SEGMENT_AMOUNT_INT8,
	SEGMENT_AMOUNT_FLOAT8
} SegmentAmountType;

/* One amount: units * 10^-scale; if is_wide, the units are in wide instead. */
typedef struct SegmentAmount
{
	segment_int128 units;
	int scale;
	bool is_wide;
	SegmentWide wide;
} SegmentAmount;

static inline bool
segment_amount_is_negative(const SegmentAmount *amount)
{
	return amount->is_wide ? segment_wide_is_negative(&amount->wide) : amount->units < 0;
}

/* The amount type of an SQL type; false for any other type. */
extern bool segment_amount_type_of(Oid type, SegmentAmountType *amount_type);

/* Why an amount was refused. */
typedef enum SegmentAmountFault
{
	SEGMENT_AMOUNT_OK,
	SEGMENT_AMOUNT_NOT_FINITE,
	SEGMENT_AMOUNT_TOO_LARGE,
	SEGMENT_AMOUNT_TOO_MANY_DECIMALS
} SegmentAmountFault;

/* Reads a non-NULL amount. wide is written only if is_wide. Never raises an error. */
extern SegmentAmountFault segment_amount_read(Datum value, SegmentAmountType type, SegmentAmount *amount);

/*
 * Raises 22003 for a refused amount. The detail names the amount and, if at_text is not NULL, the time of the row
 * ("2011-12-09 12:50:00").
 */
pg_noreturn extern void segment_amount_refuse(SegmentAmountFault fault, Datum value, SegmentAmountType type,
											  const char *at_text);

/* numeric with exactly scale decimals. */
extern Datum segment_decimal_to_numeric(const SegmentWide *units, int scale);
extern Datum segment_units_to_numeric(segment_int128 units, int scale);

/* Nearest double. */
extern double segment_decimal_to_double(const SegmentWide *units, int scale);
extern double segment_units_to_double(segment_int128 units, int scale);

/* Nearest double to the mean of count > 0 amounts of this total: equal means are equal doubles. */
extern double segment_units_to_mean(segment_int128 units, int scale, int64 count);

/*
 * Parses "-12.50" as -1250 units with 2 decimals and advances text. False without a digit (also after a point), with
 * more than SEGMENT_MAX_DECIMALS decimals, or if the value does not fit.
 */
extern bool segment_decimal_parse(const char **text, SegmentWide *units, int *scale);

#endif
