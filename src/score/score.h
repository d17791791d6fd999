/*
 * score.h: the rfm_score value: the triple of scores of one customer, with the bins it was made with. Passed by value.
 */
#ifndef SEGMENT_SCORE_SCORE_H
#define SEGMENT_SCORE_SCORE_H

#include "fmgr.h"

#define SEGMENT_MIN_BINS 2
#define SEGMENT_MAX_BINS 9

/* Dimensions, in the order that a score is written. */
typedef enum RfmDimension
{
	RFM_RECENCY,
	RFM_FREQUENCY,
	RFM_MONETARY
} RfmDimension;

#define RFM_DIMENSIONS 3

/*
 * Six nibbles: bits 0-3 recency score, 4-7 frequency, 8-11 monetary, 12-15 bins of recency, 16-19 of frequency, 20-23
 * of monetary; the other bits are zero. Scores are 1 .. bins, bins is best. All scores zero with the bins set: a
 * customer without an order (returns only), whose scores are undefined.
 */
typedef uint32 RfmScore;

#define DatumGetRfmScore(datum) ((RfmScore) DatumGetUInt32(datum))
#define RfmScoreGetDatum(score) UInt32GetDatum(score)
#define PG_GETARG_RFM_SCORE(n) DatumGetRfmScore(PG_GETARG_DATUM(n))
#define PG_RETURN_RFM_SCORE(score) return RfmScoreGetDatum(score)

static inline int
rfm_score_of(RfmScore score, RfmDimension dimension)
{
	return (score >> (4 * dimension)) & 15;
}

static inline int
rfm_score_bins(RfmScore score, RfmDimension dimension)
{
	return (score >> (12 + 4 * dimension)) & 15;
}

/* False for a customer without an order. */
static inline bool
rfm_score_has_orders(RfmScore score)
{
	return (score & 0xFFF) != 0;
}

static inline RfmScore
rfm_score_make(int r, int f, int m, int bins_r, int bins_f, int bins_m)
{
	return (RfmScore) (r | f << 4 | m << 8 | bins_r << 12 | bins_f << 16 | bins_m << 20);
}

#endif
