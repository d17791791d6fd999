/*
 * tally.h: the values that lifetime models are fitted on: btyd (histories), spend_summary (spend) and holdout
 * (histories and what came after). All three are tables of numbers, in which equal rows are kept once, with a count.
 */
#ifndef SEGMENT_CLV_TALLY_H
#define SEGMENT_CLV_TALLY_H

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "core/checked.h"
#include "core/hash.h"
#include "core/runs.h"
#include "math/btyd_fit.h"
#include "math/wire.h"

#define SEGMENT_TALLY_VERSION 1

typedef enum TallyKind
{
	TALLY_BTYD = 1,	  /* x, t_x, t, covariates */
	TALLY_SPEND = 2,  /* number of purchases averaged, their mean spend */
	TALLY_HOLDOUT = 3 /* x, t_x, t, spend, orders of the last period, orders and amount of the hold-out */
} TallyKind;

#define TALLY_HOLDOUT_WIDTH 7

/* Places in a row of a holdout, behind x, t_x, t. */
#define HOLDOUT_TOTAL 3	 /* amount of all purchases up to the split */
#define HOLDOUT_BEFORE 4 /* purchases in the period before the split that is as long as the hold-out */
#define HOLDOUT_LATER 5	 /* purchases in the hold-out */
#define HOLDOUT_AMOUNT 6 /* amount of the hold-out */

/* The fixed part; numbers of all histories follow, row by row, sorted, then the counts. */
typedef struct Tally
{
	int32 vl_len_;
	uint8 version;		/* SEGMENT_TALLY_VERSION */
	uint8 kind;			/* TallyKind */
	uint8 n_covariates; /* btyd only */
	uint8 with_first;	/* spend_summary: 1 if the first purchase is in the mean */
	int32 n_rows;
	int32 reserved; /* zero */
	double unit;	/* days; 0 for spend_summary */
	double horizon; /* holdout: length of the hold-out, in units; else 0 */
	int64 skipped;	/* spend_summary: customers without a usable spend; else 0 */
} Tally;

/* The numbers of all rows. */
#define tally_numbers(tally) ((double *) ((tally) + 1))

/* What is wrong with a value; NULL if nothing is. */
extern const char *segment_tally_fault(const void *value);

#define DatumGetTally(datum) SEGMENT_CHECKED(Tally, PG_DETOAST_DATUM(datum), segment_tally_fault)
#define PG_GETARG_TALLY(n) DatumGetTally(PG_GETARG_DATUM(n))

static inline int
tally_width(int kind, int n_covariates)
{
	return kind == TALLY_BTYD ? 3 + n_covariates : kind == TALLY_SPEND ? 2 : TALLY_HOLDOUT_WIDTH;
}

static inline const double *
tally_row(const Tally *tally, int32 i)
{
	return tally_numbers(tally) + (Size) i * tally_width(tally->kind, tally->n_covariates);
}

static inline const int64 *
tally_counts(const Tally *tally)
{
	return (const int64 *) tally_row(tally, tally->n_rows);
}

/* Customers in all histories. */
extern int64 segment_tally_customers(const Tally *tally);

/* btyd with the most covariates is the widest. */
#define TALLY_MAX_WIDTH (3 + SEGMENT_BTYD_MAX_COVARIATES)

/*
 * The growing table of an aggregate: rows in a hash table, each its numbers and its count, so that a row that is found
 * costs one cache line. Lives in the context it was created in. Beyond the memory limit of hash tables it goes on in
 * temporary files, if it may.
 */
typedef struct TallyState
{
	int width;
	uint64 *rows;  /* width bit patterns of doubles, then the count */
	uint32 *index; /* row + 1 by hash; 0 is free */
	SegmentHashKey key;
	uint32 capacity; /* rows that fit; the index has twice as many places */
	Tally head;		 /* n_rows counts the rows in memory; no numbers behind it */
	bool may_spill;	 /* set by aggregates */
	SegmentRuns runs;
} TallyState;

static inline uint64 *
segment_tally_state_row(const TallyState *state, uint32 i)
{
	return state->rows + (Size) i * (state->width + 1);
}

static inline Size
segment_tally_row_size(const TallyState *state)
{
	return (state->width + 1) * sizeof(uint64);
}

/* The state of an aggregate's call, a new one in its context if there is none yet; 22023 where heads are not alike. */
extern TallyState *segment_tally_state_of(FunctionCallInfo fcinfo, const Tally *head);

/* head: kind and what else all rows share. */
extern TallyState *segment_tally_state(const Tally *head);

extern void segment_tally_add(TallyState *state, const double *row, int64 count);

/* Adds all rows of another value; 22023 where units, covariates, ... differ. */
extern void segment_tally_merge(TallyState *state, const Tally *other);

/* The same for a state known to be compatible; other is not changed. */
extern void segment_tally_merge_state(TallyState *state, const TallyState *other);

/* The canonical value in the current context. */
extern Tally *segment_tally_finish(const TallyState *state);

/* 22023 unless a's rows and b's mean the same. */
extern void segment_tally_check_alike(const Tally *a, const Tally *b);

/* The customers of a holdout as they were at the split. */
extern Tally *segment_holdout_to_btyd(const Tally *holdout);

/* The binary form; reading raises 22P03 for anything else of this kind. */
extern void segment_tally_write(StringInfo buffer, const Tally *tally);
extern Tally *segment_tally_read(SegmentCursor *cursor, TallyKind kind);

#endif
