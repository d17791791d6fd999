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
#include "math/wire.h"
#include "period/period.h"

/*
 * The stored value is the byte string that retention_wire.c describes; equal values have equal
 * bytes.
 */
#define SEGMENT_RETENTION_VERSION 1

/* Cells grow with the square of the number of periods: 110 MB at this one. */
#define SEGMENT_RETENTION_MAX_PERIODS 1000

/* Gaps grow with its cube: longer ones than this leaves room for are not told apart. */
#define SEGMENT_RETENTION_MAX_GAPS (1 << 21)

/* First orders that are older than this many days count as this old. */
#define SEGMENT_RETENTION_MAX_AGE 36525

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
 * What is left of it after costs. A customer's day of which a cost is missing counts in missing only, and neither its
 * money nor its costs in the others.
 */
typedef struct RetentionMargin
{
	int64 missing;		/* orders without cost; of days without orders, returns without */
	SegmentWide earned; /* the net money whose costs are known */
	SegmentWide cost;
} RetentionMargin;

/*
 * Periods are numbered from 1 to n; 0 stands for the time before the grid, n + 1 for that after it. A cohort is the
 * period of a customer's first order ever. Triangles hold the pairs (p, q) with 1 <= p <= q <= n.
 *
 * Own ages: a customer's own period k begins in period cohort + k of the grid, as many days after that begins as the
 * first order was after its own began, or on its last day if it is shorter. It stands at (cohort, cohort + k).
 *
 * Gaps say of each active period of a customer how many periods later the next active one is: SEGMENT_NEVER if there
 * is none up to as_of, reach + 1 if it is more than reach periods later, or after the grid. There are rows of gaps for
 * the same pairs as in a triangle.
 */
typedef struct Retention
{
	int n;
	int scale;
	bool has_costs;
	DateADT as_of;
	DateADT *boundary;		 /* n + 1 */
	int reach;				 /* the longest gap that is told apart, 0 .. n - 1 */
	Size *gap_row;			 /* 1 .. n + 1: where the rows of a period begin */
	Size *gap_start;		 /* 1 .. n + 1: how far those of (p, a) are behind those of (p, p), and more for p > 1 */
	RetentionCell *cell;	 /* see segment_retention_cell */
	RetentionCell *own;		 /* triangle: the same by own age */
	RetentionMargin *margin; /* of cell; NULL without costs, as the next */
	RetentionMargin *own_margin; /* of own */
	uint32 *gap;				 /* of the customers active in p, of their active periods from p on */
	uint32 *cohort_gap;			 /* of the customers of cohort p */
	uint32 *own_gap;			 /* the same by own age */
	int64 before;				 /* customers whose first order lies before the grid */
	int64 *periods_active;		 /* 0 .. n: customers by the number of periods that they are active in */
	int64 *by_age;				 /* customers by the days from their first order to as_of, */
	int64 *repeaters;			 /* and those with two orders or more among them */
	int n_ages;					 /* both have as many entries, so far */
} Retention;

#define SEGMENT_NEVER 0

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

static inline Size
segment_retention_cell_at(int n, int cohort, int period)
{
	if (cohort == 0)
		return period - 1;
	if (cohort == SEGMENT_RETENTION_NO_COHORT)
		return (Size) n + (period - 1);
	return 2 * (Size) n + segment_triangle(n, cohort, period);
}

static inline RetentionCell *
segment_retention_cell(const Retention *retention, int cohort, int period)
{
	return &retention->cell[segment_retention_cell_at(retention->n, cohort, period)];
}

static inline Size
segment_retention_cells(int n)
{
	return 2 * (Size) n + segment_triangle_size(n);
}

/* Where the gaps of (p, a) begin; there are segment_retention_gaps(retention, a) of them. */
static inline Size
segment_retention_gap_at(const Retention *retention, int p, int a)
{
	return retention->gap_row[p] + retention->gap_start[a] - retention->gap_start[p];
}

/* SEGMENT_NEVER, the gaps that fit into the grid, and what is farther away. */
static inline int
segment_retention_gaps(const Retention *retention, int a)
{
	return Min(retention->reach, retention->n - a) + 2;
}

static inline Size
segment_retention_all_gaps(const Retention *retention)
{
	return retention->gap_row[retention->n + 1];
}

/* An empty one in the current context. 54000 for too many periods, 22023 for an infinite as_of. */
extern Retention *segment_retention_new(const DateADT *boundary, int n, DateADT as_of, int scale, bool has_costs);

/* Adds a customer: the days of the calendar up to as_of. costs: the calendar of costs, or NULL. */
extern void segment_retention_add_customer(Retention *retention, const Ledger *ledger, const Ledger *costs);

/* Adds all of other, which stays as it is. 22023 unless grid and day are the same, and both have costs or none. */
extern void segment_retention_merge(Retention *retention, const Retention *other);

/* Room for first orders that are so many days old; 0 to SEGMENT_RETENTION_MAX_AGE. */
extern void segment_retention_grow_ages(Retention *retention, int age);

/* Customers by the gaps of (p, a): all, and those who have none of the gaps up to the given one. */
extern int64 segment_retention_count(const Retention *retention, const uint32 *gaps, int p, int a);
extern int64 segment_retention_longer(const Retention *retention, const uint32 *gaps, int p, int a, int gap);

/* Customers of a cohort, active ones of a period, and those active in both. */
extern int64 segment_retention_size(const Retention *retention, int cohort);
extern int64 segment_retention_active(const Retention *retention, int period);
extern int64 segment_retention_both(const Retention *retention, int p, int q);

/* The byte string, and back from it, checked; *fault says what is wrong with it, else it is NULL. */
extern bytea *segment_retention_encode(const Retention *retention);
extern Retention *segment_retention_decode(SegmentCursor cursor, const char **fault);

/* The argument of a function; XX001 for a stored value that is damaged. */
extern Retention *segment_retention_argument(FunctionCallInfo fcinfo, int arg);

static inline bool
segment_retention_has_begun(const Retention *retention, int period)
{
	return retention->boundary[period - 1] <= retention->as_of;
}

static inline bool
segment_retention_is_complete(const Retention *retention, int period)
{
	return (int64) retention->boundary[period] <= (int64) retention->as_of + 1;
}

/* A rate and its interval of 95 % into three columns, which stay NULL without a denominator. */
extern void segment_retention_put_rate(Datum *values, bool *nulls, int64 numerator, int64 denominator);

/* Money per count; NULL without any. */
extern void segment_retention_put_mean(Datum *value, bool *null, const Retention *retention, const SegmentWide *money,
									   int64 count);

/* earned - cost, and its share of what was earned, into two columns: NULL without costs, the share also unless earned > 0. */
extern SegmentWide segment_retention_put_margin(Datum *values, bool *nulls, const Retention *retention,
												const RetentionMargin *margin);

#endif
