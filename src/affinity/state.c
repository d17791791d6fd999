/*
 * state.c: the growing state behind affinity_agg and affinity_rollup, see state.h.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "affinity/state.h"
#include "core/error.h"
#include "core/temp_file.h"
#include "math/pairs.h"

AffinityState *
segment_affinity_state_new(MemoryContext context, SegmentItemKind kind, int32 max_items, bool may_spill)
{
	AffinityState *state = MemoryContextAllocZero(context, sizeof(AffinityState));

	state->context = context;
	state->head.kind = kind;
	state->head.max_items = max_items;
	segment_dictionary_init(&state->items, kind, context);
	segment_baskets_init(&state->baskets, context, may_spill);
	segment_pair_sums_init(&state->pairs, context, may_spill);
	return state;
}

/* Called when the aggregate ends or starts anew, before its memory goes. After an error the server closes the files. */
static void
close_files(Datum argument)
{
	AffinityState *state = (AffinityState *) DatumGetPointer(argument);

	if (state->baskets.file != NULL)
		BufFileClose(state->baskets.file);
	state->baskets.file = NULL;
}

void
segment_affinity_settle(AffinityState *state, FunctionCallInfo fcinfo)
{
	segment_runs_settle(&state->pairs.runs, fcinfo);
	if (likely(state->baskets.file == NULL) || state->closes_files)
		return;
	AggRegisterCallback(fcinfo, close_files, PointerGetDatum(state));
	state->closes_files = true;
}

uint32
segment_affinity_number(AffinityState *state, const SegmentItem *item)
{
	uint32 number = segment_dictionary_number(&state->items, item);

	if (unlikely(number >= state->counts))
	{
		uint32 counts = state->items.size;
		Size size = mul_size(counts, sizeof(int64));

		state->count =
			state->count == NULL ? MemoryContextAllocHuge(state->context, size) : repalloc_huge(state->count, size);
		memset(state->count + state->counts, 0, (counts - state->counts) * sizeof(int64));
		state->counts = counts;
	}
	return number;
}

pg_noreturn static void
refuse_head(const char *detail)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("values of affinity do not go together"),
					errdetail("%s", detail), errhint("Collect both alike, or keep them apart with GROUP BY.")));
}

void
segment_affinity_add_head(AffinityState *state, const AffinityHead *head)
{
	if (state->head.kind != head->kind)
		segment_refuse_kinds("affinity");
	if (state->head.max_items != head->max_items)
		refuse_head(psprintf("max_items is %d and %d.", state->head.max_items, head->max_items));
	if (head->baskets > SEGMENT_AFFINITY_MAX_BASKETS - state->head.baskets)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many baskets for affinity"),
						errdetail("At most %lld can be counted.", (long long) SEGMENT_AFFINITY_MAX_BASKETS),
						errhint("Were values merged that hold each other already?")));
	state->head.baskets += head->baskets;
	state->head.single += head->single;
	state->head.large += head->large;
	state->head.largest = Max(state->head.largest, head->largest);
}

void
segment_affinity_add_basket(AffinityState *state, SegmentItemReader reader)
{
	AffinityHead head = {.kind = reader.kind,
						 .max_items = state->head.max_items,
						 .baskets = 1,
						 .single = reader.left == 1,
						 .large = reader.left > (uint64) state->head.max_items,
						 .largest = (int64) reader.left};
	bool has_pairs = !head.single && !head.large;
	BasketStore *baskets = &state->baskets;
	SegmentItem item;

	segment_affinity_add_head(state, &head);
	if (has_pairs)
		segment_baskets_make_room(baskets, reader.left);
	while (segment_item_next(&reader, &item))
	{
		uint32 number = segment_affinity_number(state, &item);

		state->count[number]++;
		if (has_pairs)
			baskets->word[baskets->n++] = number;
	}
	if (has_pairs)
		baskets->word[baskets->n++] = SEGMENT_BASKET_END;
}

void
segment_affinity_add_value(AffinityState *state, const Affinity *affinity)
{
	uint32 *number = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(affinity->head.n_items, sizeof(uint32)));
	AffinityPairReader reader = segment_affinity_pairs(affinity);
	Size round = 0;

	segment_affinity_add_head(state, &affinity->head);
	for (uint32 i = 0; i < affinity->head.n_items; i++)
	{
		number[i] = segment_affinity_number(state, &affinity->item[i]);
		state->count[number[i]] += affinity->count[i];
	}
	while (segment_affinity_pair_next(&reader))
	{
		if ((round++ & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		segment_pair_sums_add(&state->pairs, number[reader.pair.a], number[reader.pair.b], reader.pair.n);
	}
	pfree(number);
	if (reader.fault)
		segment_refuse_affinity(reader.fault);
}

/* --- pairs ---------------------------------------------------------------------------------------- */

static void
poll(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* Counts the pairs of some baskets, whose words become number[word] meanwhile. */
static void
count_baskets(const AffinityState *state, uint32 *word, Size n, PairSink sink, void *arg)
{
	Size n_items = state->items.n;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "affinity pairs", ALLOCSET_DEFAULT_SIZES);
	SegmentPairCounter counter = {.words = word, .n_words = n, .n_items = (uint32) n_items};

	counter.end = MemoryContextAllocHuge(context, (n_items + 1) * sizeof(uint32));
	counter.places = MemoryContextAllocHuge(context, (n + 1) * sizeof(uint32));
	counter.count = MemoryContextAllocHuge(context, (n_items + 1) * sizeof(uint32));
	counter.partner = MemoryContextAllocHuge(context, (n_items + 1) * sizeof(uint32));
	memset(counter.count, 0, (n_items + 1) * sizeof(uint32));
	segment_pairs_start(&counter, poll);
	for (uint32 item = 0; item < n_items; item++)
	{
		uint32 n_partners = segment_pairs_of(&counter, item, poll);

		if ((item & 0xFF) == 0)
			CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < n_partners; i++)
		{
			uint32 other = counter.partner[i];

			sink(arg, item, other, counter.count[other]);
			counter.count[other] = 0;
		}
	}
	MemoryContextDelete(context);
}

static void
add_to_sums(void *arg, uint32 a, uint32 b, int64 n)
{
	segment_pair_sums_add(arg, a, b, n);
}

/* A copy of words with other numbers, in the current context. */
static void
renumber(uint32 *copy, const uint32 *word, Size n, const uint32 *number)
{
	for (Size i = 0; i < n; i++)
		copy[i] = word[i] == SEGMENT_BASKET_END ? SEGMENT_BASKET_END : number[word[i]];
}

/* The largest piece of baskets that is in memory at a time. */
static Size
largest_part(const BasketStore *baskets)
{
	Size largest = baskets->n;

	for (int i = 0; i < baskets->n_parts; i++)
		largest = Max(largest, baskets->part[i]);
	return largest;
}

void
segment_affinity_each_pair(AffinityState *state, const uint32 *number, PairSink sink, void *arg)
{
	BasketStore *baskets = &state->baskets;
	uint32 *word = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(largest_part(baskets) + 1, sizeof(uint32)));
	PairSums sums;
	PairRecord record;
	SegmentMerge *merge;
	Size round = 0;

	if (baskets->n_parts == 0 && segment_pair_sums_are_empty(&state->pairs))
	{
		renumber(word, baskets->word, baskets->n, number);
		count_baskets(state, word, baskets->n, sink, arg);
		pfree(word);
		return;
	}
	segment_pair_sums_init(&sums, CurrentMemoryContext, true);
	if (baskets->n_parts > 0)
		segment_file_rewind(baskets->file, "affinity");
	for (int i = 0; i < baskets->n_parts; i++)
	{
		(void) segment_file_read(baskets->file, word, baskets->part[i] * sizeof(uint32), false, "affinity");
		renumber(word, word, baskets->part[i], number);
		count_baskets(state, word, baskets->part[i], add_to_sums, &sums);
	}
	renumber(word, baskets->word, baskets->n, number);
	count_baskets(state, word, baskets->n, add_to_sums, &sums);
	pfree(word);
	merge = segment_pair_sums_read(&state->pairs);
	while (segment_merge_next(merge, &record))
	{
		if ((round++ & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		segment_pair_sums_add(&sums, number[record.key >> 32], number[(uint32) record.key], record.n);
	}
	segment_merge_end(merge);
	merge = segment_pair_sums_read(&sums);
	while (segment_merge_next(merge, &record))
	{
		if ((round++ & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		sink(arg, (uint32) (record.key >> 32), (uint32) record.key, record.n);
	}
	segment_merge_end(merge);
	segment_pair_sums_end(&sums);
}

/* --- the value ------------------------------------------------------------------------------------ */

static void
write_pair(void *arg, uint32 a, uint32 b, int64 n)
{
	segment_affinity_write_pair(arg, a, b, n);
}

struct varlena *
segment_affinity_value(AffinityState *state)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "affinity value", ALLOCSET_DEFAULT_SIZES);
	uint32 n = state->items.n;
	SegmentItems items;
	AffinityWriter writer;
	uint32 *place;
	int64 *count;

	MemoryContextSwitchTo(context);
	place = MemoryContextAllocHuge(context, mul_size(n, sizeof(uint32)));
	count = MemoryContextAllocHuge(context, mul_size(n, sizeof(int64)));
	segment_items_init(&items, state->head.kind, context);
	items.item = MemoryContextAllocHuge(context, mul_size(n, sizeof(SegmentItem)));
	items.is_pointing = true; /* into the dictionary */
	for (; items.n < n; items.n++)
		segment_dictionary_item(&state->items, items.n, &items.item[items.n]);
	(void) segment_items_sort_places(&items, place);
	for (uint32 i = 0; i < n; i++)
		count[place[i]] = state->count[i];
	MemoryContextSwitchTo(caller);
	segment_affinity_write_start(&writer, &state->head, &items, count);
	MemoryContextSwitchTo(context);
	segment_affinity_each_pair(state, place, write_pair, &writer);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return segment_affinity_write_end(&writer);
}
