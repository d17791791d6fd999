/*
 * retention.h: retention: who was active when, by cohort, with orders and exact money, over the periods of a grid up to
 * a day. Everything in it is additive over customers.
 */
#ifndef SEGMENT_KPI_RETENTION_H
#define SEGMENT_KPI_RETENTION_H

#include "core/compat.h"

#include "utils/date.h"

#include "ledger/ledger.h"
#include "math/wide.h"
#include "period/period.h"

/*
 * The stored value is the byte string that retention_wire.c describes; equal values have equal
 * bytes.
 */
#define SEGMENT_RETENTION_VERSION 1

/* Cells grow with the square of the number of periods: 45 MB at this one. */
#define SEGMENT_RETENTION_MAX_PERIODS 1000

/* What the customers of one cohort did in one period. */
typedef struct RetentionCell
{
	int64 customers; /* with an order in the period */
	int64 orders;
	int64 returns;
	SegmentWide net;	  /* in units of 10^-scale */
	SegmentWide returned; /* the returns among them, <= 0 */
} RetentionCell;

/*
 * Periods are numbered from 1 to n; 0 stands for the time before the grid, n + 1 for that after it. A cohort is the
 * period of a customer's first order ever. Triangles hold the pairs (p, q) with 1 <= p <= q <= n.
 */
typedef struct Retention
{
	int n;
	int scale;
	DateADT as_of;
	DateADT *boundary;	 /* n + 1 */
	RetentionCell *cell; /* see segment_retention_cell */
	int64 *both;		 /* triangle: customers active in p and in q */
	int64 *last;		 /* (p, l), l = 1 .. n + 1: customers active in p who were active in l last */
	int64 *first_last;	 /* (c, l), 0 .. n + 1 each, c <= n: customers by first and last active period */
	int64 *repeaters;	 /* 0 .. n: customers of a cohort with two orders or more up to as_of */
} Retention;

/* Numbers of cells of (p, q) in a triangle, and how many a triangle has. */
static inline Size
segment_triangle(int n, int p, int q)
{
	return (Size) (p - 1) * (Size) n - (Size) (p - 1) * (Size) (p - 2) / 2 + (Size) (q - p);
}

static inline Size
segment_triangle_size(int n)
{
	return (Size) n * ((Size) n + 1) / 2;
}

/* Rows of cells: those from before the grid, the cohorts, and money of customers without an order up to then. */
#define SEGMENT_RETENTION_NO_COHORT (-1)

static inline RetentionCell *
segment_retention_cell(const Retention *retention, int cohort, int period)
{
	int n = retention->n;

	if (cohort == 0)
		return &retention->cell[period - 1];
	if (cohort == SEGMENT_RETENTION_NO_COHORT)
		return &retention->cell[(Size) n + (period - 1)];
	return &retention->cell[2 * (Size) n + segment_triangle(n, cohort, period)];
}

static inline Size
segment_retention_cells(int n)
{
	return 2 * (Size) n + segment_triangle_size(n);
}

static inline int64 *
segment_retention_last(const Retention *retention, int period, int last)
{
	return &retention->last[(Size) (period - 1) * ((Size) retention->n + 1) + (last - 1)];
}

static inline int64 *
segment_retention_first_last(const Retention *retention, int cohort, int last)
{
	return &retention->first_last[(Size) cohort * ((Size) retention->n + 2) + last];
}

/* An empty one in the current context. 54000 for too many periods, 22023 for an infinite as_of. */
extern Retention *segment_retention_new(const DateADT *boundary, int n, DateADT as_of, int scale);

/* Adds a customer: the days of the calendar up to as_of. */
extern void segment_retention_add_customer(Retention *retention, const Ledger *ledger);

/* Adds all of other, which stays as it is. 22023 unless grid and day are the same. */
extern void segment_retention_merge(Retention *retention, const Retention *other);

/* Customers of a cohort, and active ones of a period. */
extern int64 segment_retention_size(const Retention *retention, int cohort);
extern int64 segment_retention_active(const Retention *retention, int period);

/* The byte string, and back from it, checked; *fault says what is wrong with it, else it is NULL. */
extern bytea *segment_retention_encode(const Retention *retention);
extern Retention *segment_retention_decode(const unsigned char *bytes, Size size, const char **fault);

#endif
