/*
 * state.h: the growing state behind affinity_agg and affinity_rollup.
 *
 * Baskets are kept as they are, as numbers of items, and their pairs are counted at the end (math/pairs.h); beyond a
 * quarter of the memory limit they go to a temporary file. Pairs that were counted elsewhere are sorted records, with
 * sorted runs in temporary files beyond another quarter.
 *
 * The order of the items of a basket, and of the two of a pair, is always that of items: integers by value, texts by
 * bytes. Their numbers are those of the state's own dictionary.
 */
#ifndef SEGMENT_AFFINITY_STATE_H
#define SEGMENT_AFFINITY_STATE_H

#include "affinity/dictionary.h"
#include "affinity/value.h"
#include "core/runs.h"

/* A pair by its numbers, the first one in the upper half, and its baskets. */
typedef struct PairRecord
{
	uint64 key;
	int64 n;
} PairRecord;

/* Growing sums of pairs. */
typedef struct PairSums
{
	MemoryContext context;
	PairRecord *record;
	Size n;
	Size sorted; /* the first ones are sorted, each once */
	Size size;
	bool may_spill;
	SegmentRuns runs;
} PairSums;

extern void segment_pair_sums_init(PairSums *sums, MemoryContext context, bool may_spill);
extern void segment_pair_sums_make_room(PairSums *sums);
extern SegmentMerge *segment_pair_sums_read(PairSums *sums);

/* Frees memory and files. */
extern void segment_pair_sums_end(PairSums *sums);

static inline bool
segment_pair_sums_are_empty(const PairSums *sums)
{
	return sums->n == 0 && sums->runs.n_runs == 0;
}

static inline void
segment_pair_sums_add(PairSums *sums, uint32 a, uint32 b, int64 n)
{
	if (unlikely(sums->n == sums->size))
		segment_pair_sums_make_room(sums);
	sums->record[sums->n++] = (PairRecord) {(uint64) a << 32 | b, n};
}

/* Baskets as math/pairs.h takes them, in memory and before that in a file. */
typedef struct BasketStore
{
	MemoryContext context;
	uint32 *word;
	Size n;
	Size size;
	bool may_spill;
	BufFile *file;
	int n_parts;
	int max_parts;
	Size *part; /* words that went to the file at a time */
} BasketStore;

extern void segment_baskets_init(BasketStore *baskets, MemoryContext context, bool may_spill);

/* Makes room for a basket of so many items. */
extern void segment_baskets_make_room(BasketStore *baskets, Size items);

typedef struct AffinityState
{
	MemoryContext context;
	AffinityHead head; /* n_items and n_pairs are filled in at the end */
	Dictionary items;
	int64 *count; /* by number */
	uint32 counts;
	BasketStore baskets;
	PairSums pairs;
	bool closes_files;
	/* What a state was made of that came from another process, and is read once: */
	bool is_message;
	SegmentCursor message;
	bool has_baskets; /* the message ends with baskets, else with pairs */
	Size words;
} AffinityState;

/* An empty state. may_spill: only where the executor tells when the aggregate ends. */
extern AffinityState *segment_affinity_state_new(MemoryContext context, SegmentItemKind kind, int32 max_items,
												 bool may_spill);

extern void segment_affinity_add_basket(AffinityState *state, SegmentItemReader reader);

/* Add all of a value; all of a state, which stays as it is. 22023 for another kind of items or other max_items. */
extern void segment_affinity_add_value(AffinityState *state, const Affinity *affinity);
extern void segment_affinity_add_state(AffinityState *state, AffinityState *other);

/* Call after adding in an aggregate: closes the files when it ends. */
extern void segment_affinity_settle(AffinityState *state, FunctionCallInfo fcinfo);

/* The value of a state, which may keep growing. */
extern struct varlena *segment_affinity_value(AffinityState *state);

/* A state as bytes, and back: into the current context. */
extern bytea *segment_affinity_state_write(AffinityState *state);
extern AffinityState *segment_affinity_state_read(bytea *bytes);

/* --- between the files of the state ---------------------------------------------------------------- */

/* The number of an item, with a count for it. */
extern uint32 segment_affinity_number(AffinityState *state, const SegmentItem *item);

/* Adds what another head says of baskets. */
extern void segment_affinity_add_head(AffinityState *state, const AffinityHead *head);

/* Takes a pair and its baskets. */
typedef void (*PairSink)(void *arg, uint32 a, uint32 b, int64 n);

/* Gives out all pairs, ascending by number[item]: these numbers. The order of items in baskets and pairs is kept. */
extern void segment_affinity_each_pair(AffinityState *state, const uint32 *number, PairSink sink, void *arg);

#endif
