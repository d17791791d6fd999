/*
 * pair_sums.c: growing sums of pairs, and baskets, in memory and in temporary files; see state.h.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "executor/executor.h"
#include "executor/nodeHash.h"
#include "utils/memutils.h"

#include "affinity/state.h"
#include "math/pairs.h"

/* Bytes that are kept in memory whatever the limit. */
#define SMALLEST_LIMIT (64 * 1024)

/* Of sums, of sorting them, of baskets, of counting their pairs: none takes more than a quarter. */
static Size
quarter(void)
{
	return Max(get_hash_memory_limit() / 4, SMALLEST_LIMIT);
}

static int
compare_records(const void *a, const void *b, Size size)
{
	uint64 left = ((const PairRecord *) a)->key;
	uint64 right = ((const PairRecord *) b)->key;

	(void) size;
	return left < right ? -1 : left > right;
}

static void
combine_records(void *record, const void *equal, Size size)
{
	(void) size;
	((PairRecord *) record)->n += ((const PairRecord *) equal)->n;
}

static const SegmentRecord pair_record = {"affinity", compare_records, combine_records};

#define ST_SORT sort_records
#define ST_ELEMENT_TYPE PairRecord
#define ST_COMPARE(a, b) ((a)->key<(b)->key ? -1 : (a)->key>(b)->key)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

void
segment_pair_sums_init(PairSums *sums, MemoryContext context, bool may_spill)
{
	memset(sums, 0, sizeof(PairSums));
	sums->context = context;
	sums->may_spill = may_spill;
	segment_runs_init(&sums->runs, &pair_record, sizeof(PairRecord), context);
}

/* Sorts all records in memory, and adds up what is there twice. */
static void
compact(PairSums *sums)
{
	Size n = 0;

	if (sums->sorted == sums->n)
		return;
	sort_records(sums->record, sums->n);
	for (Size i = 1; i < sums->n; i++)
	{
		if (sums->record[i].key == sums->record[n].key)
			sums->record[n].n += sums->record[i].n;
		else
			sums->record[++n] = sums->record[i];
	}
	sums->n = sums->sorted = n + 1;
}

void
segment_pair_sums_make_room(PairSums *sums)
{
	compact(sums);
	if (sums->n <= sums->size / 2 && sums->size > 0)
		return;
	if (sums->may_spill && 2 * sums->size * sizeof(PairRecord) > quarter())
	{
		segment_runs_write(&sums->runs, &(SegmentSorted) {sums->record, NULL, sums->n});
		sums->n = sums->sorted = 0;
		return;
	}
	sums->size = Max(2 * sums->size, 1024);
	sums->record = sums->record == NULL
					   ? MemoryContextAllocHuge(sums->context, mul_size(sums->size, sizeof(PairRecord)))
					   : repalloc_huge(sums->record, mul_size(sums->size, sizeof(PairRecord)));
}

SegmentMerge *
segment_pair_sums_read(PairSums *sums)
{
	compact(sums);
	return segment_merge_start(&sums->runs, &(SegmentSorted) {sums->record, NULL, sums->n});
}

void
segment_pair_sums_end(PairSums *sums)
{
	segment_runs_close(&sums->runs);
	if (sums->record != NULL)
		pfree(sums->record);
	segment_pair_sums_init(sums, sums->context, sums->may_spill);
}

/* --- baskets -------------------------------------------------------------------------------------- */

void
segment_baskets_init(BasketStore *baskets, MemoryContext context, bool may_spill)
{
	memset(baskets, 0, sizeof(BasketStore));
	baskets->context = context;
	baskets->may_spill = may_spill;
}

/* Moves all baskets in memory to the file. */
static void
spill(BasketStore *baskets)
{
	MemoryContext caller = MemoryContextSwitchTo(baskets->context);

	CHECK_FOR_INTERRUPTS();
	if (baskets->file == NULL)
		baskets->file = BufFileCreateTemp(false);
	if (baskets->n_parts == baskets->max_parts)
	{
		baskets->max_parts = Max(2 * baskets->max_parts, 16);
		baskets->part = baskets->part == NULL
							? segment_palloc_array(Size, baskets->max_parts)
							: repalloc_huge(baskets->part, mul_size(sizeof(Size), baskets->max_parts));
	}
	BufFileWrite(baskets->file, baskets->word, baskets->n * sizeof(uint32));
	baskets->part[baskets->n_parts++] = baskets->n;
	baskets->n = 0;
	MemoryContextSwitchTo(caller);
}

void
segment_baskets_make_room(BasketStore *baskets, Size items)
{
	Size needed = baskets->n + items + 1;

	if (likely(needed <= baskets->size))
		return;
	if (baskets->may_spill && baskets->n > 0 &&
		Max(2 * baskets->size, needed) * sizeof(uint32) > Min(quarter(), SEGMENT_BASKET_MAX_WORDS * sizeof(uint32)))
	{
		spill(baskets);
		needed = items + 1;
		if (needed <= baskets->size)
			return;
	}
	if (needed > SEGMENT_BASKET_MAX_WORDS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many baskets for one state of affinity"),
						errdetail("As a window function it keeps at most %u items.", SEGMENT_BASKET_MAX_WORDS),
						errhint("Use it as an aggregate.")));
	baskets->size = Max(Max(2 * baskets->size, needed), 1024);
	baskets->word = baskets->word == NULL
						? MemoryContextAllocHuge(baskets->context, mul_size(baskets->size, sizeof(uint32)))
						: repalloc_huge(baskets->word, mul_size(baskets->size, sizeof(uint32)));
}
