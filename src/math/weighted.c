/*
 * weighted.c: merging and sorting multisets. The merge sort adds up equal values as it goes, so that a column with few
 * distinct values sorts in nearly linear time.
 */
#include "math/weighted.h"

#include <string.h>

size_t
segment_weighted_merge(const SegmentWeighted *a, size_t na, const SegmentWeighted *b, size_t nb, SegmentWeighted *out,
					   SegmentPoll poll)
{
	size_t ia = 0;
	size_t ib = 0;
	size_t n = 0;

	while (ia < na && ib < nb)
	{
		SEGMENT_POLL(poll, n);
		if (a[ia].value < b[ib].value)
			out[n++] = a[ia++];
		else if (b[ib].value < a[ia].value)
			out[n++] = b[ib++];
		else
		{
			out[n] = a[ia++];
			out[n++].count += b[ib++].count;
		}
	}
	memcpy(out + n, a + ia, (na - ia) * sizeof(SegmentWeighted));
	n += na - ia;
	memcpy(out + n, b + ib, (nb - ib) * sizeof(SegmentWeighted));
	return n + nb - ib;
}

/* Insertion sort of a few entries, adding up equal values. */
static size_t
sort_few(SegmentWeighted *entries, size_t n)
{
	size_t distinct = 0;

	for (size_t i = 0; i < n; i++)
	{
		SegmentWeighted entry = entries[i];
		size_t place = distinct;

		while (place > 0 && entries[place - 1].value > entry.value)
			place--;
		if (place > 0 && entries[place - 1].value == entry.value)
		{
			entries[place - 1].count += entry.count;
			continue;
		}
		memmove(entries + place + 1, entries + place, (distinct - place) * sizeof(SegmentWeighted));
		entries[place] = entry;
		distinct++;
	}
	return distinct;
}

size_t
segment_weighted_sort(SegmentWeighted *entries, size_t n, SegmentWeighted *scratch, SegmentPoll poll)
{
	size_t half = n / 2;
	size_t left;
	size_t right;
	size_t distinct;

	if (n <= 16)
		return sort_few(entries, n);
	left = segment_weighted_sort(entries, half, scratch, poll);
	right = segment_weighted_sort(entries + half, n - half, scratch, poll);
	if (entries[left - 1].value < entries[half].value)
	{
		/* the halves are in order already, as in sorted input */
		if (left < half)
			memmove(entries + left, entries + half, right * sizeof(SegmentWeighted));
		return left + right;
	}
	distinct = segment_weighted_merge(entries, left, entries + half, right, scratch, poll);
	memcpy(entries, scratch, distinct * sizeof(SegmentWeighted));
	return distinct;
}
