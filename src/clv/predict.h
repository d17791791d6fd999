/*
 * predict.h: what predictions and values share.
 */
#ifndef SEGMENT_CLV_PREDICT_H
#define SEGMENT_CLV_PREDICT_H

#include "clv/clv.h"
#include "ledger/ledger.h"

/* A summary as the model sees it; 22023 if their units differ. */
extern SegmentHistory segment_clv_history(const ClvModel *model, const RepeatSummary *repeat);

extern SegmentOutlook segment_clv_outlook(const ClvModel *model, const RepeatSummary *repeat);

/* A horizon in the model's units; 22023 if it is negative, or no whole number for bgbb. */
extern double segment_clv_horizon(const ClvModel *model, const Interval *interval);

/* The probability; 22023 unless it lies between 0 and 1. */
extern double segment_clv_probability(double probability);

/* Expected spend per order; false if it is unknown or infinite. */
extern bool segment_clv_spend(const ClvModel *model, const RepeatSummary *repeat, double *spend);

#endif
