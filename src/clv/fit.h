/*
 * fit.h: what fits and backtests share.
 */
#ifndef SEGMENT_CLV_FIT_H
#define SEGMENT_CLV_FIT_H

#include "clv/tally.h"
#include "clv/clv.h"
#include "math/btyd_fit.h"
#include "math/text.h"

/* How to fit or test with less memory: the end of a hint. */
#define CLV_FEWER_CUSTOMERS "group by market or cohort and take each"

/* Checked options, with a poll that answers to a cancel. */
extern SegmentFitOptions segment_clv_fit_options(double penalty, int32 max_iter);

/* A transaction model of these customers; warns if the fit did not converge. */
extern ClvModel *segment_clv_fit_btyd(int kind, const Tally *btyd, const SegmentFitOptions *options);

#endif
