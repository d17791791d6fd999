/*
 * score.h: the rfm_score value: the triple of scores of one customer, with the bins it was made with. Passed by value.
 * Also what other rooms need to score a customer by cut points.
 */
#ifndef SEGMENT_SCORE_SCORE_H
#define SEGMENT_SCORE_SCORE_H

#include "fmgr.h"

#include "math/cuts.h"
#include "rfm/rfm.h"

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

#ifdef USE_ASSERT_CHECKING
extern RfmScore segment_checked_score(RfmScore score);
#define DatumGetRfmScore(datum) segment_checked_score((RfmScore) DatumGetUInt32(datum))
#else
#define DatumGetRfmScore(datum) ((RfmScore) DatumGetUInt32(datum))
#endif
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

/* What a customer's monetary score looks at. */
typedef enum RfmMonetary
{
	RFM_MONETARY_TOTAL,
	RFM_MONETARY_AVERAGE
} RfmMonetary;

/* Registers the node of rfm_score(...) OVER () and hooks it into the planner; called once, when the library is loaded. */
extern void segment_score_init(void);

/* What an rfm_cut_points value consists of; cuts point into the value, or into a copy in the current context. */
extern void segment_rfm_cut_points_open(Datum value, const SegmentCuts *cuts[RFM_DIMENSIONS], RfmMonetary *monetary);

/* A customer's recency, frequency and monetary; false for a customer without an order. */
extern bool segment_rfm_measure(const Rfm *rfm, DateADT as_of, pg_tz *zone, RfmMonetary monetary,
								double values[RFM_DIMENSIONS]);

/* The score of these values. */
static inline RfmScore
segment_rfm_score_values(const SegmentCuts *const cuts[RFM_DIMENSIONS], const double values[RFM_DIMENSIONS])
{
	return rfm_score_make(segment_cuts_score(cuts[0], values[0]), segment_cuts_score(cuts[1], values[1]),
						  segment_cuts_score(cuts[2], values[2]), cuts[0]->bins, cuts[1]->bins, cuts[2]->bins);
}

#endif
