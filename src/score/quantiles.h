/*
 * quantiles.h: the value quantiles (an exact multiset of doubles), and the growing state that aggregates build it from.
 * Private to the room.
 */
#ifndef SEGMENT_SCORE_QUANTILES_H
#define SEGMENT_SCORE_QUANTILES_H

#include "fmgr.h"
#include "utils/palloc.h"

#include "core/runs.h"
#include "math/multiset.h"
#include "score/cut_points.h"

/* quantiles: a head, the distinct values, then their counts as math/multiset.h stores them. */
#define SEGMENT_QUANTILES_VERSION 1

typedef struct Quantiles
{
	int32 vl_len_;
	uint8 version;
	uint8 width; /* bytes a count */
	uint8 zero[2];
	uint32 n; /* distinct values */
	uint32 zero2;
	int64 total; /* values */
	double values[FLEXIBLE_ARRAY_MEMBER];
} Quantiles;

/* What is wrong with a value; NULL if nothing is. */
extern const char *segment_quantiles_fault(const void *value);

#define DatumGetQuantiles(datum) SEGMENT_CHECKED(Quantiles, PG_DETOAST_DATUM(datum), segment_quantiles_fault)
#define PG_GETARG_QUANTILES(n) DatumGetQuantiles(PG_GETARG_DATUM(n))

static inline SegmentMultiset
segment_quantiles_set(const Quantiles *quantiles)
{
	return (SegmentMultiset) {quantiles->values, (const unsigned char *) (quantiles->values + quantiles->n),
							  quantiles->n, quantiles->width};
}

/* Bytes of a value; 54000 with a hint if it would pass 1 GB. */
extern Size segment_quantiles_size(size_t n, int width);

/* Allocates a zeroed value with its header set in the current context. */
extern Quantiles *segment_quantiles_allocate(size_t n, int width, int64 total);

/* Decodes the binary form without its version byte. The result is valid only if *fault is NULL. */
extern Quantiles *segment_quantiles_decode(SegmentCursor cursor, const char **fault);

/*
 * A growing multiset: entries, of which the first ones are sorted and distinct, and sorted runs in temporary files once
 * memory (work_mem times hash_mem_multiplier) does not hold them. Everything lives in one memory context.
 */
typedef struct QuantilesState
{
	MemoryContext context;
	int64 total;
	double lowest;
	double highest;
	SegmentWeighted *entries;
	Size capacity;
	Size used;
	Size sorted;
	bool may_spill;
	SegmentRuns runs;
} QuantilesState;

/*
 * An empty state. may_spill: only where the executor tells when the aggregate ends, so that files get closed; call
 * segment_runs_settle after adding.
 */
extern void segment_quantiles_state_init(QuantilesState *state, MemoryContext context, bool may_spill);

/* Raises 54000. */
pg_noreturn extern void segment_quantiles_too_many(void);

/* Makes room for one entry more. */
extern void segment_quantiles_state_grow(QuantilesState *state);

/* Adds a finite value count times. */
static inline void
segment_quantiles_state_add(QuantilesState *state, double value, int64 count)
{
	value += 0.0; /* -0 becomes 0 */
	if (unlikely(count > SEGMENT_MAX_TOTAL - state->total))
		segment_quantiles_too_many();
	if (unlikely(state->used == state->capacity))
		segment_quantiles_state_grow(state);
	if (state->total == 0 || value < state->lowest)
		state->lowest = value;
	if (state->total == 0 || value > state->highest)
		state->highest = value;
	state->total += count;
	state->entries[state->used++] = (SegmentWeighted) {value, count};
}

/* Adds everything that a source gives. */
extern void segment_quantiles_state_add_all(QuantilesState *state, SegmentSource *source);

/* Raises 22003 for NaN and infinity. */
extern void segment_quantiles_check(double value);

/*
 * Reads a state (which must not grow meanwhile) or a value. The source is freed with the current context; states may
 * sort themselves first.
 */
extern SegmentSource *segment_quantiles_state_source(QuantilesState *state);
extern SegmentSource *segment_quantiles_value_source(const Quantiles *quantiles);

/* What a flat value of a source needs; then its contents, into a value allocated for that. */
extern void segment_quantiles_measure(SegmentSource *source, size_t *n, int *width);
extern void segment_quantiles_fill(SegmentSource *source, Quantiles *quantiles);

/* A flat value of a source, in the current context. */
extern Quantiles *segment_quantiles_flatten(SegmentSource *source);

/* The source of a datum, either an expanded object or a flat value. */
extern SegmentSource *segment_quantiles_datum_source(Datum datum);

#endif
