/*
 * fit.h: what fits and backtests share.
 */
#ifndef SEGMENT_CLV_FIT_H
#define SEGMENT_CLV_FIT_H

#include "clv/cells.h"
#include "clv/clv.h"
#include "math/btyd_fit.h"
#include "math/text.h"

/* 53400 with the size that a fit or backtest takes if that is beyond maintenance_work_mem, or not a size (0). */
extern void segment_clv_check_work(Size size, const char *what);

/* Work space, checked. */
extern void *segment_clv_work(Size size);

/* Checked options, with a poll that answers to a cancel. */
extern SegmentFitOptions segment_clv_fit_options(double penalty, int32 max_iter);

/* A transaction model of these customers; warns if the fit did not converge. */
extern ClvModel *segment_clv_fit_btyd(int kind, const Cells *btyd, const SegmentFitOptions *options);

#endif
