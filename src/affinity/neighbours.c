/*
 * neighbours.c: an affinity opened for many questions, see neighbours.h.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "affinity/neighbours.h"

/* Zeroed memory of any size. */
static void *
zeroed(MemoryContext context, Size n, Size size)
{
	void *memory = MemoryContextAllocHuge(context, mul_size(n + 1, size));

	memset(memory, 0, mul_size(n + 1, size));
	return memory;
}

/* Calls of the same value, or pointer to one, get what is open. A toasted value keeps its bytes while the query can see it. */
static bool
is_same(const Neighbours *neighbours, const struct varlena *value, int64 min_count)
{
	return neighbours != NULL && neighbours->least_count <= min_count &&
		   VARSIZE_ANY(neighbours->value) == VARSIZE_ANY(value) &&
		   memcmp(neighbours->value, value, VARSIZE_ANY(value)) == 0;
}

static int
compare_popularity(const void *a, const void *b, void *arg)
{
	const int64 *count = arg;
	uint32 left = *(const uint32 *) a;
	uint32 right = *(const uint32 *) b;

	if (count[left] != count[right])
		return count[left] > count[right] ? -1 : 1;
	return left < right ? -1 : left > right;
}

/* Lists the neighbours of each item, in both directions. */
static void
list_neighbours(Neighbours *neighbours)
{
	Affinity *affinity = neighbours->affinity;
	uint32 n_items = affinity->head.n_items;
	AffinityPairReader reader;
	Size total = 0;

	for (reader = segment_affinity_pairs(affinity); segment_affinity_pair_next(&reader);)
	{
		if ((reader.read & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (reader.pair.n < neighbours->min_count)
			continue;
		neighbours->end[reader.pair.a]++;
		neighbours->end[reader.pair.b]++;
		total += 2;
	}
	if (reader.fault)
		segment_refuse_affinity(reader.fault);
	neighbours->neighbour = zeroed(neighbours->context, total, sizeof(Neighbour));
	total = 0;
	for (uint32 i = 0; i < n_items; i++)
	{
		Size n = neighbours->end[i];

		neighbours->end[i] = total;
		total += n;
	}
	for (reader = segment_affinity_pairs(affinity); segment_affinity_pair_next(&reader);)
	{
		const AffinityPair *pair = &reader.pair;

		if ((reader.read & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (pair->n < neighbours->min_count)
			continue;
		neighbours->neighbour[neighbours->end[pair->a]++] = (Neighbour) {pair->n, pair->b};
		neighbours->neighbour[neighbours->end[pair->b]++] = (Neighbour) {pair->n, pair->a};
	}
}

Neighbours *
segment_neighbours_of(FunctionCallInfo fcinfo, int arg, int64 min_count)
{
	struct varlena *value = (struct varlena *) DatumGetPointer(PG_GETARG_DATUM(arg));
	Neighbours *neighbours = fcinfo->flinfo->fn_extra;
	MemoryContext context;
	MemoryContext caller;
	uint32 n;

	if (is_same(neighbours, value, min_count))
	{
		neighbours->min_count = min_count;
		return neighbours;
	}
	fcinfo->flinfo->fn_extra = NULL;
	if (neighbours != NULL)
		MemoryContextDelete(neighbours->context);
	context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "affinity neighbours", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	neighbours = palloc0(sizeof(Neighbours));
	neighbours->context = context;
	neighbours->min_count = neighbours->least_count = min_count;
	neighbours->value = palloc(VARSIZE_ANY(value));
	memcpy(neighbours->value, value, VARSIZE_ANY(value));
	/* a copy, in any case: what is open points into it */
	neighbours->affinity = segment_affinity_of((struct varlena *) PG_DETOAST_DATUM_COPY(PointerGetDatum(value)));
	n = neighbours->affinity->head.n_items;
	neighbours->end = zeroed(context, n, sizeof(Size));
	list_neighbours(neighbours);
	neighbours->root = zeroed(context, n, sizeof(double));
	neighbours->popular = zeroed(context, n, sizeof(uint32));
	for (uint32 i = 0; i < n; i++)
	{
		neighbours->root[i] = 1 / sqrt((double) neighbours->affinity->count[i]);
		neighbours->popular[i] = i;
	}
	qsort_arg(neighbours->popular, n, sizeof(uint32), compare_popularity, neighbours->affinity->count);
	neighbours->score = zeroed(context, n, sizeof(double));
	neighbours->most = zeroed(context, n, sizeof(double));
	neighbours->offer = zeroed(context, n, sizeof(Offer));
	neighbours->touched = zeroed(context, n, sizeof(uint32));
	neighbours->is_owned = zeroed(context, n, sizeof(bool));
	neighbours->owned = zeroed(context, n, sizeof(uint32));
	MemoryContextSwitchTo(caller);
	fcinfo->flinfo->fn_extra = neighbours;
	return neighbours;
}

/* The number of an item; n_items if it is not there. */
static uint32
number_of(const Affinity *affinity, const SegmentItem *item)
{
	uint32 low = 0;
	uint32 high = affinity->head.n_items;

	while (low < high)
	{
		uint32 middle = low + (high - low) / 2;
		int order = segment_item_compare(affinity->head.kind, &affinity->item[middle], item);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return affinity->head.n_items;
}

void
segment_neighbours_forget(Neighbours *neighbours)
{
	for (uint32 i = 0; i < neighbours->n_owned; i++)
		neighbours->is_owned[neighbours->owned[i]] = false;
	neighbours->n_owned = 0;
}

void
segment_neighbours_own(Neighbours *neighbours, SegmentItemReader items)
{
	const Affinity *affinity = neighbours->affinity;
	SegmentItem item;

	if (items.kind != affinity->head.kind)
		segment_refuse_kinds("affinity and items");
	segment_neighbours_forget(neighbours);
	while (segment_item_next(&items, &item))
	{
		uint32 number = number_of(affinity, &item);

		if (number == affinity->head.n_items)
			continue;
		neighbours->is_owned[number] = true;
		neighbours->owned[neighbours->n_owned++] = number;
	}
}

/* Adds up the scores of all items that go with what is owned; returns how many there are. */
static uint32
add_scores(Neighbours *neighbours, bool allow_repeat)
{
	uint32 n = 0;

	for (uint32 i = 0; i < neighbours->n_owned; i++)
	{
		uint32 owned = neighbours->owned[i];
		const Neighbour *end = neighbours->neighbour + neighbours->end[owned];
		const Neighbour *neighbour = neighbours->neighbour + (owned > 0 ? neighbours->end[owned - 1] : 0);

		for (; neighbour < end; neighbour++)
		{
			uint32 item = neighbour->item;
			double part = (double) neighbour->n * neighbours->root[owned] * neighbours->root[item];
			/* of one offer, parts go by this, which is the same double where they are equal */
			double square = (double) neighbour->n * (double) neighbour->n / (double) neighbours->affinity->count[owned];

			if (neighbour->n < neighbours->min_count || (neighbours->is_owned[item] && !allow_repeat))
				continue;
			if (neighbours->score[item] == 0)
				neighbours->touched[n++] = item;
			neighbours->score[item] += part;
			if (square > neighbours->most[item])
			{
				neighbours->most[item] = square;
				neighbours->offer[item] = (Offer) {.item = item, .because = owned, .together = neighbour->n};
			}
		}
	}
	return n;
}

/* Is a better offer than b? By score, then by popularity, then by item: the list stays the same from day to day. */
static bool
is_better(const Neighbours *neighbours, const Offer *a, const Offer *b)
{
	const int64 *count = neighbours->affinity->count;

	if (a->score != b->score)
		return a->score > b->score;
	if (count[a->item] != count[b->item])
		return count[a->item] > count[b->item];
	return a->item < b->item;
}

int
segment_neighbours_best(Neighbours *neighbours, int k, bool allow_repeat, Offer *best)
{
	uint32 n = add_scores(neighbours, allow_repeat);
	int n_best = 0;

	for (uint32 i = 0; i < n; i++)
	{
		uint32 item = neighbours->touched[i];
		Offer offer = neighbours->offer[item];
		int at;

		offer.score = neighbours->score[item];
		neighbours->score[item] = neighbours->most[item] = 0;
		if (n_best == k && !is_better(neighbours, &offer, &best[k - 1]))
			continue;
		if (n_best < k)
			n_best++;
		for (at = n_best - 1; at > 0 && is_better(neighbours, &offer, &best[at - 1]); at--)
			best[at] = best[at - 1];
		best[at] = offer;
	}
	return n_best;
}

int
segment_neighbours_popular(const Neighbours *neighbours, int k, bool allow_repeat, uint32 *best)
{
	int n = 0;

	for (uint32 i = 0; i < neighbours->affinity->head.n_items && n < k; i++)
		if (allow_repeat || !neighbours->is_owned[neighbours->popular[i]])
			best[n++] = neighbours->popular[i];
	return n;
}
