/*
 * cells.h: the values that lifetime models are fitted on: btyd (histories), spend_summary (spend) and holdout
 * (histories and what came after). All three are tables of numbers, in which equal rows are kept once, with a count.
 */
#ifndef SEGMENT_CLV_CELLS_H
#define SEGMENT_CLV_CELLS_H

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "core/checked.h"
#include "core/hash.h"
#include "core/runs.h"
#include "math/btyd_fit.h"

#define SEGMENT_CELLS_VERSION 1

typedef enum CellsKind
{
	CELLS_BTYD = 1,	  /* x, t_x, t, covariates */
	CELLS_SPEND = 2,  /* number of purchases averaged, their mean spend */
	CELLS_HOLDOUT = 3 /* x, t_x, t, spend, orders of the last period, orders and amount of the hold-out */
} CellsKind;

#define CELLS_HOLDOUT_WIDTH 7

/* Places in a row of a holdout, behind x, t_x, t. */
#define HOLDOUT_TOTAL 3	 /* amount of all purchases up to the split */
#define HOLDOUT_BEFORE 4 /* purchases in the period before the split that is as long as the hold-out */
#define HOLDOUT_LATER 5	 /* purchases in the hold-out */
#define HOLDOUT_AMOUNT 6 /* amount of the hold-out */

/* The fixed part; numbers of all histories follow, row by row, sorted, then the counts. */
typedef struct Cells
{
	int32 vl_len_;
	uint8 version;		/* SEGMENT_CELLS_VERSION */
	uint8 kind;			/* CellsKind */
	uint8 n_covariates; /* btyd only */
	uint8 with_first;	/* spend_summary: 1 if the first purchase is in the mean */
	int32 n_cells;
	int32 reserved; /* zero */
	double unit;	/* days; 0 for spend_summary */
	double horizon; /* holdout: length of the hold-out, in units; else 0 */
	int64 skipped;	/* spend_summary: customers without a usable spend; else 0 */
} Cells;

/* The numbers of all cells. */
#define cells_numbers(cells) ((double *) ((cells) + 1))

/* What is wrong with a value; NULL if nothing is. */
extern const char *segment_cells_fault(const void *value);

#define DatumGetCells(datum) SEGMENT_CHECKED(Cells, PG_DETOAST_DATUM(datum), segment_cells_fault)
#define PG_GETARG_CELLS(n) DatumGetCells(PG_GETARG_DATUM(n))

static inline int
cells_width(int kind, int n_covariates)
{
	return kind == CELLS_BTYD ? 3 + n_covariates : kind == CELLS_SPEND ? 2 : CELLS_HOLDOUT_WIDTH;
}

static inline const double *
cells_row(const Cells *cells, int32 i)
{
	return cells_numbers(cells) + (Size) i * cells_width(cells->kind, cells->n_covariates);
}

static inline const int64 *
cells_counts(const Cells *cells)
{
	return (const int64 *) cells_row(cells, cells->n_cells);
}

/* Customers in all histories. */
extern int64 segment_cells_customers(const Cells *cells);

/* btyd with the most covariates is the widest. */
#define CELLS_MAX_WIDTH (3 + SEGMENT_BTYD_MAX_COVARIATES)

/*
 * The growing table of an aggregate: rows in a hash table, each its numbers and its count, so that a row that is found
 * costs one cache line. Lives in the context it was created in. Beyond the memory limit of hash tables it goes on in
 * temporary files, if it may.
 */
typedef struct CellsState
{
	int width;
	uint64 *rows;  /* width bit patterns of doubles, then the count */
	uint32 *index; /* row + 1 by hash; 0 is free */
	SegmentHashKey key;
	uint32 capacity; /* rows that fit; the index has twice as many places */
	Cells head;		 /* n_cells counts the rows in memory; no numbers behind it */
	bool may_spill;	 /* set by aggregates */
	SegmentRuns runs;
} CellsState;

static inline uint64 *
segment_cells_state_row(const CellsState *state, uint32 i)
{
	return state->rows + (Size) i * (state->width + 1);
}

static inline Size
segment_cells_row_size(const CellsState *state)
{
	return (state->width + 1) * sizeof(uint64);
}

/* The state of an aggregate's call, a new one in its context if there is none yet; 22023 where heads are not alike. */
extern CellsState *segment_cells_state_of(FunctionCallInfo fcinfo, const Cells *head);

/* head: kind and what else all rows share. */
extern CellsState *segment_cells_state(const Cells *head);

extern void segment_cells_add(CellsState *state, const double *row, int64 count);

/* Adds all rows of another value; 22023 where units, covariates, ... differ. */
extern void segment_cells_merge(CellsState *state, const Cells *other);

/* The same for a state known to be compatible; other is not changed. */
extern void segment_cells_merge_state(CellsState *state, const CellsState *other);

/* The canonical value in the current context. */
extern Cells *segment_cells_finish(const CellsState *state);

/* 22023 unless a's rows and b's mean the same. */
extern void segment_cells_check_alike(const Cells *a, const Cells *b);

/* The customers of a holdout as they were at the split. */
extern Cells *segment_holdout_to_btyd(const Cells *holdout);

/* The binary form; reading raises 22P03 for anything else of this kind. */
extern void segment_cells_write(StringInfo buffer, const Cells *cells);
extern Cells *segment_cells_read(StringInfo buffer, CellsKind kind);

#endif
