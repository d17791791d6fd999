/*
 * period.h: periods: a calendar grid as a value. Other rooms read it through this header.
 */
#ifndef SEGMENT_PERIOD_PERIOD_H
#define SEGMENT_PERIOD_PERIOD_H

#include "core/compat.h"

#include "utils/date.h"

#include "core/checked.h"

#define SEGMENT_PERIODS_VERSION 1

/* A grid of months for eight centuries, or of days for 27 years. */
#define SEGMENT_MAX_PERIODS 10000

/* The stored value. Period n, counted from 1, is the half-open range of days [boundary[n - 1], boundary[n]). */
typedef struct Periods
{
	int32 vl_len_;
	uint8 version;							 /* SEGMENT_PERIODS_VERSION */
	uint8 reserved[3];						 /* zero */
	int32 count;							 /* periods, 1 .. SEGMENT_MAX_PERIODS */
	DateADT boundary[FLEXIBLE_ARRAY_MEMBER]; /* count + 1 finite days, strictly ascending */
} Periods;

/* What is wrong with a value; NULL if nothing is. */
extern const char *segment_periods_fault(const void *value);

#define DatumGetPeriods(datum) SEGMENT_CHECKED(Periods, PG_DETOAST_DATUM(datum), segment_periods_fault)
#define PG_GETARG_PERIODS(n) DatumGetPeriods(PG_GETARG_DATUM(n))

/* The number of the period that holds the day; 0 before the first, count + 1 after the last. */
extern int segment_period_find(const Periods *periods, DateADT day);

/* True if the period has ended by the end of as_of. */
static inline bool
segment_period_is_complete(const Periods *periods, int number, DateADT as_of)
{
	return (int64) periods->boundary[number] <= (int64) as_of + 1;
}

#endif
