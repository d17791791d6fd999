/*
 * select.c: multiple selection: quickselect (Hoare, CACM 4, 1961, algorithm 65) that follows every side that holds a
 * wanted rank. Ties are split evenly between the sides, so they cost nothing extra.
 */
#include "math/select.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define FEW 24

/* Buckets of segment_pick: the sign, the exponent and four bits of the mantissa, so a factor of 1.06 at most. */
#define BUCKETS 65536
#define BUCKET_SHIFT 48

/* Fewer values than this are not worth counting. */
#define FEWEST_TO_COUNT (BUCKETS / 4)

static void
sort_few(double *values, size_t n)
{
	for (size_t i = 1; i < n; i++)
	{
		double value = values[i];
		size_t place = i;

		for (; place > 0 && values[place - 1] > value; place--)
			values[place] = values[place - 1];
		values[place] = value;
	}
}

/* Moves the value at the root of a heap down to its place. */
static void
sift_down(double *heap, size_t root, size_t n)
{
	double value = heap[root];
	size_t child;

	while ((child = 2 * root + 1) < n)
	{
		if (child + 1 < n && heap[child + 1] > heap[child])
			child++;
		if (heap[child] <= value)
			break;
		heap[root] = heap[child];
		root = child;
	}
	heap[root] = value;
}

/* The way out for input on which partitioning makes no progress. */
static void
heap_sort(double *values, size_t n, SegmentPoll poll)
{
	for (size_t root = n / 2; root-- > 0;)
	{
		SEGMENT_POLL(poll, root);
		sift_down(values, root, n);
	}
	for (size_t last = n; last-- > 1;)
	{
		double top = values[0];

		SEGMENT_POLL(poll, last);
		values[0] = values[last];
		values[last] = top;
		sift_down(values, 0, last);
	}
}

static double
median_of_3(double a, double b, double c)
{
	if (a > b)
	{
		double swap = a;

		a = b;
		b = swap;
	}
	return c <= a ? a : c >= b ? b : c;
}

/* Median of three medians of three, spread over the values. */
static double
choose_pivot(const double *values, size_t n)
{
	size_t step = n / 9;
	double medians[3];

	for (int i = 0; i < 3; i++)
		medians[i] = median_of_3(values[3 * i * step], values[(3 * i + 1) * step], values[(3 * i + 2) * step]);
	return median_of_3(medians[0], medians[1], medians[2]);
}

/* As segment_select; ranks count from first, the rank of values[0]. */
static void
select_part(double *values, size_t n, size_t first, const size_t *ranks, int n_ranks, int depth, SegmentPoll poll)
{
	while (n_ranks > 0)
	{
		double pivot;
		size_t low = 0;
		size_t high = n;
		int left_ranks = 0;
		int right_ranks = 0;

		if (n <= FEW)
		{
			sort_few(values, n);
			return;
		}
		if (depth-- == 0)
		{
			heap_sort(values, n, poll);
			return;
		}
		if (poll)
			poll();

		/* high is one past the place that the downward scan looks at next, so that it never goes below zero */
		pivot = choose_pivot(values, n);
		for (;;)
		{
			double swap;

			while (values[low] < pivot)
				low++;
			while (values[high - 1] > pivot)
				high--;
			if (low + 1 > high)
				break;
			swap = values[low];
			values[low++] = values[high - 1];
			values[--high] = swap;
			if (low > high)
				break;
		}
		/* values[0 .. high) <= pivot <= values[low .. n), and a value between the two is the pivot */
		while (left_ranks < n_ranks && ranks[left_ranks] - first < high)
			left_ranks++;
		while (right_ranks < n_ranks && ranks[n_ranks - 1 - right_ranks] - first >= low)
			right_ranks++;
		select_part(values, high, first, ranks, left_ranks, depth, poll);
		values += low;
		n -= low;
		first += low;
		ranks += n_ranks - right_ranks;
		n_ranks = right_ranks;
	}
}

void
segment_select(double *values, size_t n, const size_t *ranks, int n_ranks, SegmentPoll poll)
{
	int depth = 8;

	for (size_t size = n; size > 1; size /= 2)
		depth += 2;
	select_part(values, n, 0, ranks, n_ranks, depth, poll);
}

size_t
segment_pick_memory(size_t n)
{
	return n * sizeof(double) + (n < FEWEST_TO_COUNT ? 0 : BUCKETS * sizeof(size_t));
}

/* Buckets ascend with their values. */
static inline size_t
bucket_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	bits = bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
	return (size_t) (bits >> BUCKET_SHIFT);
}

/*
 * Copies the values of the buckets that hold a wanted rank, bucket by bucket; ranks become places among the copies.
 * Returns how many they are.
 */
static size_t
collect_near(const double *values, size_t n, size_t *ranks, int n_ranks, double *near, size_t *cursor, SegmentPoll poll)
{
	size_t seen = 0;
	size_t taken = 0;
	int next = 0;

	memset(cursor, 0, BUCKETS * sizeof(size_t));
	for (size_t i = 0; i < n; i++)
	{
		SEGMENT_POLL(poll, i);
		cursor[bucket_of(values[i])]++;
	}
	for (size_t bucket = 0; bucket < BUCKETS; bucket++)
	{
		size_t count = cursor[bucket];
		bool is_wanted = next < n_ranks && ranks[next] < seen + count;

		for (; next < n_ranks && ranks[next] < seen + count; next++)
			ranks[next] = taken + (ranks[next] - seen);
		seen += count;
		cursor[bucket] = is_wanted ? taken : SIZE_MAX;
		if (is_wanted)
			taken += count;
	}
	for (size_t i = 0; i < n; i++)
	{
		size_t bucket = bucket_of(values[i]);

		SEGMENT_POLL(poll, i);
		if (cursor[bucket] != SIZE_MAX)
			near[cursor[bucket]++] = values[i];
	}
	return taken;
}

void
segment_pick(const double *values, size_t n, size_t *ranks, int n_ranks, double *picked, void *memory, SegmentPoll poll)
{
	double *near = memory;

	if (n < FEWEST_TO_COUNT)
		memcpy(near, values, n * sizeof(double));
	else
		n = collect_near(values, n, ranks, n_ranks, near, (size_t *) (near + n), poll);
	segment_select(near, n, ranks, n_ranks, poll);
	for (int i = 0; i < n_ranks; i++)
		picked[i] = near[ranks[i]];
}
