/*
 * revenue.h: what a customer spent, as an integer of a fixed number of decimals where it fits: nearly always.
 */
#ifndef SEGMENT_SEGMENTATION_REVENUE_H
#define SEGMENT_SEGMENTATION_REVENUE_H

#include "utils/numeric.h"

#include "rfm/rfm.h"

#define SEGMENT_REVENUE_DECIMALS 6

/* The net total in units of 10^-6; false if it has more decimals or leaves 64 bits. Equal totals give equal units. */
extern bool segment_revenue_units(const Rfm *rfm, int64 *units);

/* The net total, exact. */
extern Numeric segment_revenue_numeric(const Rfm *rfm);

/* A hash of the amount returned, the same for equal amounts. */
extern uint64 segment_returned_hash(const Rfm *rfm);

#endif
