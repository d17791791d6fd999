/*
 * revenue.h: what a customer spent, as an integer of a fixed number of decimals where it fits: nearly always.
 */
#ifndef SEGMENT_SEGMENTATION_REVENUE_H
#define SEGMENT_SEGMENTATION_REVENUE_H

#include "utils/array.h"
#include "utils/numeric.h"

#include "rfm/rfm.h"

#define SEGMENT_REVENUE_DECIMALS 6

/* The net total in units of 10^-6; false if it has more decimals or leaves 64 bits. Equal totals give equal units. */
extern bool segment_revenue_units(const Rfm *rfm, int64 *units);

/* The net total, exact. */
extern Numeric segment_revenue_numeric(const Rfm *rfm);

/* The points of the value curve, made of revenues from the largest down. */
#define SEGMENT_PERCENTILES 100

typedef struct SegmentCurvePoints
{
	int64 n;	 /* customers */
	int64 taken; /* so far */
	int64 stop;	 /* customers of the next point */
	int next;	 /* per cent of it */
	segment_int128 units;
	Numeric others; /* NULL: nothing */
	Datum points[SEGMENT_PERCENTILES + 1];
} SegmentCurvePoints;

extern void segment_curve_begin(SegmentCurvePoints *curve, int64 n);
extern void segment_curve_take_points(SegmentCurvePoints *curve);

static inline void
segment_curve_add(SegmentCurvePoints *curve, int64 units)
{
	/* 2^63 customers of 2^63 units fit */
	curve->units += units;
	if (++curve->taken == curve->stop)
		segment_curve_take_points(curve);
}

/* One that does not fit 64 bits. */
extern void segment_curve_add_other(SegmentCurvePoints *curve, Numeric value);

/* numeric[101]. */
extern ArrayType *segment_curve_end(SegmentCurvePoints *curve);

/* A hash of the amount returned, the same for equal amounts. */
extern uint64 segment_returned_hash(const Rfm *rfm);

#endif
