/*
 * period_make.h: what the room's own files share.
 */
#ifndef SEGMENT_PERIOD_PERIOD_MAKE_H
#define SEGMENT_PERIOD_PERIOD_MAKE_H

#include "period/period.h"

/* The value of n boundaries, which are known to be sound. */
extern Periods *segment_periods_new(const DateADT *boundary, int n);

#endif
