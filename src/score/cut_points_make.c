/*
 * cut_points_make.c: makes cut points of values: quantiles, bins of equal width, natural breaks.
 */
#include "postgres.h"

#include "core/compat.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "core/memory.h"
#include "math/breaks.h"
#include "math/cuts_make.h"
#include "math/select.h"
#include "score/cut_points.h"

/* What to do if natural breaks need too much memory. */
#define OTHER_METHOD "round the values, or use the method quantile"

/* Warn of bins of equal width if one score holds more than this share of at least so many values. */
#define LOPSIDED_SHARE 0.8
#define LOPSIDED_VALUES 20

void
segment_score_poll(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* Allocates n elements in the current context, beyond 1 GB if need be. */
static void *
allocate_huge(Size n, Size size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, mul_size(n, size));
}

/* Quantile thresholds: one pass over the multiset picks the order statistics. */
static void
quantile_thresholds(SegmentSource *source, int bins, double *thresholds)
{
	int64 ranks[SEGMENT_MAX_RANKS];
	double values[SEGMENT_MAX_RANKS];
	int n_ranks = segment_quantile_ranks(source->total, bins, ranks);
	int next = 0;
	int64 seen = 0;
	SegmentWeighted entry;

	source->rewind(source);
	while (next < n_ranks && source->next(source, &entry))
	{
		CHECK_FOR_INTERRUPTS();
		seen += entry.count;
		while (next < n_ranks && ranks[next] < seen)
			values[next++] = entry.value;
	}
	if (next < n_ranks)
		elog(ERROR, "a multiset of " INT64_FORMAT " values ended at " INT64_FORMAT, source->total, seen);
	segment_quantile_cuts(source->total, bins, ranks, values, n_ranks, thresholds);
}

/*
 * Thresholds at natural breaks of sorted distinct values: each is the highest value of its class. With fewer values
 * than bins, the first thresholds repeat the lowest value: it keeps the score at its end, and the scores behind it are
 * those that nobody gets, as with quantiles of tied values.
 */
static void
natural_thresholds(const SegmentWeighted *values, size_t n, int bins, double *thresholds)
{
	int classes = (int) Min((size_t) bins, n);
	size_t ends[SEGMENT_CUTS_MAX_BINS];
	Size memory = segment_breaks_memory(n, classes);
	Size with_values = add_size(memory, mul_size(n, sizeof(SegmentWeighted)));
	void *work;

	segment_check_memory("natural breaks", memory == 0 ? 0 : with_values, OTHER_METHOD);
	work = MemoryContextAllocHuge(CurrentMemoryContext, memory);
	segment_breaks(values, n, classes, work, ends, segment_score_poll);
	pfree(work);
	for (int i = 0; i < bins - 1; i++)
	{
		int class = i - (bins - classes);

		thresholds[i] = class < 0 ? values[0].value : values[ends[class] - 1].value;
	}
}

/* All entries of a source; the caller frees them. */
static SegmentWeighted *
collect(SegmentSource *source, size_t *n)
{
	SegmentWeighted *entries;

	segment_check_memory("the values of natural breaks", mul_size(source->distinct, sizeof(SegmentWeighted)),
						 OTHER_METHOD);
	entries = allocate_huge(source->distinct, sizeof(SegmentWeighted));
	source->rewind(source);
	*n = 0;
	while (*n < source->distinct && source->next(source, &entries[*n]))
	{
		CHECK_FOR_INTERRUPTS();
		(*n)++;
	}
	return entries;
}

void
segment_make_cuts(SegmentSource *source, int bins, SegmentMethod method, bool descending, SegmentCutsBuffer *result)
{
	SegmentCuts *cuts = &result->cuts;
	int64 *counts;
	SegmentWeighted entry;
	SegmentWeighted *entries;
	size_t n;

	segment_cuts_init(cuts, SEGMENT_SIDE_QUANTILE, method, descending, bins);
	switch (method)
	{
		case SEGMENT_METHOD_QUANTILE:
			quantile_thresholds(source, bins, cuts->thresholds);
			break;
		case SEGMENT_METHOD_EQUAL_WIDTH:
			segment_equal_width_cuts(source->lowest, source->highest, bins, cuts->thresholds);
			break;
		case SEGMENT_METHOD_NATURAL:
			entries = collect(source, &n);
			natural_thresholds(entries, n, bins, cuts->thresholds);
			pfree(entries);
			break;
		case SEGMENT_METHOD_GIVEN:
			elog(ERROR, "thresholds that a person gives are not made");
	}

	counts = segment_cuts_counts(cuts);
	source->rewind(source);
	while (source->next(source, &entry))
	{
		CHECK_FOR_INTERRUPTS();
		counts[segment_cuts_score(cuts, entry.value) - 1] += entry.count;
	}
}

/* Thresholds of plain values by selection. */
static void
quantile_thresholds_of(const double *values, size_t n, int bins, double *thresholds)
{
	void *memory = MemoryContextAllocHuge(CurrentMemoryContext, segment_pick_memory(n));
	int64 ranks[SEGMENT_MAX_RANKS];
	size_t places[SEGMENT_MAX_RANKS];
	double picked[SEGMENT_MAX_RANKS];
	int n_ranks = segment_quantile_ranks((int64) n, bins, ranks);

	for (int i = 0; i < n_ranks; i++)
		places[i] = (size_t) ranks[i];
	segment_pick(values, n, places, n_ranks, picked, memory, segment_score_poll);
	segment_quantile_cuts((int64) n, bins, ranks, picked, n_ranks, thresholds);
	pfree(memory);
}

static void
natural_thresholds_of(const double *values, size_t n, int bins, double *thresholds)
{
	SegmentWeighted *entries = allocate_huge(n, sizeof(SegmentWeighted));
	SegmentWeighted *scratch = allocate_huge(n, sizeof(SegmentWeighted));

	for (size_t i = 0; i < n; i++)
		entries[i] = (SegmentWeighted) {values[i], 1};
	n = segment_weighted_sort(entries, n, scratch, segment_score_poll);
	pfree(scratch);
	natural_thresholds(entries, n, bins, thresholds);
	pfree(entries);
}

void
segment_make_cuts_of(const double *values, size_t n, int bins, SegmentMethod method, bool descending,
					 SegmentCutsBuffer *result)
{
	SegmentCuts *cuts = &result->cuts;
	double lowest = values[0];
	double highest = values[0];
	int64 *counts;

	segment_cuts_init(cuts, SEGMENT_SIDE_QUANTILE, method, descending, bins);
	switch (method)
	{
		case SEGMENT_METHOD_QUANTILE:
			quantile_thresholds_of(values, n, bins, cuts->thresholds);
			break;
		case SEGMENT_METHOD_EQUAL_WIDTH:
			for (size_t i = 1; i < n; i++)
			{
				lowest = Min(lowest, values[i]);
				highest = Max(highest, values[i]);
			}
			segment_equal_width_cuts(lowest, highest, bins, cuts->thresholds);
			break;
		case SEGMENT_METHOD_NATURAL:
			natural_thresholds_of(values, n, bins, cuts->thresholds);
			break;
		case SEGMENT_METHOD_GIVEN:
			elog(ERROR, "thresholds that a person gives are not made");
	}

	counts = segment_cuts_counts(cuts);
	for (size_t i = 0; i < n; i++)
	{
		SEGMENT_POLL(segment_score_poll, i);
		counts[segment_cuts_score(cuts, values[i]) - 1]++;
	}
}

bool
segment_warn_lopsided(const SegmentCuts *cuts, const char *what)
{
	const int64 *counts;
	int64 total = 0;
	int64 most = 0;

	if (cuts->method != SEGMENT_METHOD_EQUAL_WIDTH)
		return false;
	counts = segment_cuts_counts(cuts);
	for (int i = 0; i < cuts->bins; i++)
	{
		total += counts[i];
		most = Max(most, counts[i]);
	}
	if (total < LOPSIDED_VALUES || most <= LOPSIDED_SHARE * total)
		return false;
	ereport(WARNING, (errmsg("bins of equal width put " INT64_FORMAT " of " INT64_FORMAT " %s into one score", most,
							 total, what),
					  errdetail("A few large values stretch the bins, so that nearly all others fall into one."),
					  errhint("Use the method quantile or natural for skewed values such as money.")));
	return true;
}
