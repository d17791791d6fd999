/*
 * retention_state.h: what the files that change retention share.
 */
#ifndef SEGMENT_KPI_RETENTION_STATE_H
#define SEGMENT_KPI_RETENTION_STATE_H

#include "kpi/retention.h"

/* Amounts of a stored value take no more, so that sums of a few of them cannot overflow. */
#define SEGMENT_RETENTION_MAX_AMOUNT_BYTES 29

/* Stops with 22003. */
pg_noreturn extern void segment_retention_refuse_amount(void);
pg_noreturn extern void segment_retention_refuse_sum(void);

/* Goes on with more decimals. */
extern void segment_retention_rescale(Retention *retention, int scale);

static inline void
segment_retention_add_wide(SegmentWide *sum, const SegmentWide *term)
{
	if (unlikely(!segment_wide_add(sum, term)))
		segment_retention_refuse_amount();
}

static inline void
segment_retention_scale_up(SegmentWide *amount, int decimals)
{
	if (decimals > 0 && !segment_wide_scale_up(amount, decimals))
		segment_retention_refuse_amount();
}

#endif
