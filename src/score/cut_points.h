/*
 * cut_points.h: the values cut_points and rfm_cut_points, and how cut points are made. Private to the room.
 */
#ifndef SEGMENT_SCORE_CUT_POINTS_H
#define SEGMENT_SCORE_CUT_POINTS_H

#include "fmgr.h"

#include "core/checked.h"
#include "core/option.h"
#include "math/cuts.h"
#include "rfm/rfm.h"
#include "score/score.h"

/* cut_points: versioned, then the form of math/cuts.h. */
#define SEGMENT_CUT_POINTS_VERSION 1

typedef struct CutPoints
{
	int32 vl_len_;
	uint8 version;
	uint8 zero[3];
	SegmentCuts cuts;
} CutPoints;

/* What is wrong with a value; NULL if nothing is. */
extern const char *segment_cut_points_fault(const void *value);

#define DatumGetCutPoints(datum) SEGMENT_CHECKED(CutPoints, PG_DETOAST_DATUM(datum), segment_cut_points_fault)
#define PG_GETARG_CUT_POINTS(n) DatumGetCutPoints(PG_GETARG_DATUM(n))

/* A value in the current context. */
extern CutPoints *segment_cut_points_value(const SegmentCuts *cuts);

/* rfm_cut_points: the cut points of recency, frequency and monetary, one after another, each 8-byte aligned. */
typedef struct RfmCutPoints
{
	int32 vl_len_;
	uint8 version;
	uint8 monetary; /* RfmMonetary */
	uint8 zero[2];
	SegmentCuts recency;
} RfmCutPoints;

/* What is wrong with a value; NULL if nothing is. */
extern const char *segment_rfm_cut_points_fault(const void *value);

#define DatumGetRfmCutPoints(datum) SEGMENT_CHECKED(RfmCutPoints, PG_DETOAST_DATUM(datum), segment_rfm_cut_points_fault)
#define PG_GETARG_RFM_CUT_POINTS(n) DatumGetRfmCutPoints(PG_GETARG_DATUM(n))

static inline const SegmentCuts *
segment_cuts_next(const SegmentCuts *cuts)
{
	return (const SegmentCuts *) ((const char *) cuts + segment_cuts_size(cuts));
}

/* Pointers to the three cut points of a value. */
static inline void
segment_rfm_cuts(const RfmCutPoints *value, const SegmentCuts *cuts[RFM_DIMENSIONS])
{
	cuts[RFM_RECENCY] = &value->recency;
	cuts[RFM_FREQUENCY] = segment_cuts_next(cuts[RFM_RECENCY]);
	cuts[RFM_MONETARY] = segment_cuts_next(cuts[RFM_FREQUENCY]);
}

/*
 * NULL if the three are compatible: at most 9 bins each, recency descending, frequency and monetary ascending; else
 * what is wrong, as a sentence.
 */
extern const char *segment_rfm_cuts_fault(const SegmentCuts *const cuts[RFM_DIMENSIONS]);

/* A value in the current context. */
extern RfmCutPoints *segment_rfm_cut_points_value(const SegmentCuts *const cuts[RFM_DIMENSIONS], RfmMonetary monetary);

extern const SegmentOption segment_monetary_option;	 /* RfmMonetary */
extern const SegmentOption segment_direction_option; /* 1: descending */

/* How cut points are made of values; 22023 for another word. */
extern SegmentMethod segment_method_of(const text *word);

/* Bins of scores (2 to 9) and of plain cut points (2 to 100); 22023 beyond. */
extern void segment_check_score_bins(int32 bins);
extern void segment_check_cut_bins(int32 bins);

/*
 * Where values come from that cut points are made of: a sorted multiset, read from the start as often as needed.
 * n is at least 1.
 */
typedef struct SegmentSource
{
	int64 total;	 /* how many values */
	size_t distinct; /* how many distinct ones, or more */
	double lowest;
	double highest;
	void (*rewind)(struct SegmentSource *source);
	bool (*next)(struct SegmentSource *source, SegmentWeighted *entry);
} SegmentSource;

/*
 * Makes cut points of at least one value. Fewer distinct values than bins: see docs/score.md. natural needs all
 * distinct values in memory, within maintenance_work_mem: 53400 beyond.
 */
extern void segment_make_cuts(SegmentSource *source, int bins, SegmentMethod method, bool descending,
							  SegmentCutsBuffer *result);

/* The same for n doubles in any order, which are not changed. */
extern void segment_make_cuts_of(const double *values, size_t n, int bins, SegmentMethod method, bool descending,
								 SegmentCutsBuffer *result);

/* Warns, and returns true, if bins of equal width put nearly all of what ("customers") into one score. */
extern bool segment_warn_lopsided(const SegmentCuts *cuts, const char *what);

/* The poll of math's long loops. */
extern void segment_score_poll(void);

#endif
