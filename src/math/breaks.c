/*
 * breaks.c: natural breaks by dynamic programming, D[k][j] = min over i of D[k-1][i] + cost(i .. j). The best i does
 * not move left as j moves right, so each layer takes n log n steps by divide and conquer.
 *
 * The cost of a class is a difference of two prefix sums of squares and the square of a sum: nearly all digits may
 * cancel. The sums are kept as unevaluated pairs of doubles (106 bits), of values less their mean. As pairs are slow, a
 * first pass in plain doubles, with a bound on its error, leaves a few candidates for them.
 */
#include "math/breaks.h"

#include <math.h>
#include <string.h>

/* high + low, |low| at most half an ulp of high (Dekker 1971, Numer. Math. 18, 224). */
typedef struct Pair
{
	double high;
	double low;
} Pair;

static inline Pair
two_sum(double a, double b)
{
	double sum = a + b;
	double part = sum - a;

	return (Pair) {sum, (a - (sum - part)) + (b - part)};
}

static inline Pair
fast_two_sum(double large, double small)
{
	double sum = large + small;

	return (Pair) {sum, small - (sum - large)};
}

/* Exact product of two doubles below 10^150, by splitting each into halves of 26 bits (Veltkamp). */
static inline Pair
two_product(double a, double b)
{
	double product = a * b;
	double shifted_a = 134217729.0 * a;
	double shifted_b = 134217729.0 * b;
	double high_a = shifted_a - (shifted_a - a);
	double high_b = shifted_b - (shifted_b - b);
	double low_a = a - high_a;
	double low_b = b - high_b;

	return (Pair) {product, ((high_a * high_b - product) + high_a * low_b + low_a * high_b) + low_a * low_b};
}

static inline Pair
pair_add(Pair a, Pair b)
{
	Pair sum = two_sum(a.high, b.high);
	Pair rest = two_sum(a.low, b.low);

	sum = fast_two_sum(sum.high, sum.low + rest.high);
	return fast_two_sum(sum.high, sum.low + rest.low);
}

static inline Pair
pair_subtract(Pair a, Pair b)
{
	return pair_add(a, (Pair) {-b.high, -b.low});
}

static inline Pair
pair_multiply(Pair a, Pair b)
{
	Pair product = two_product(a.high, b.high);

	product.low += a.high * b.low + a.low * b.high;
	return fast_two_sum(product.high, product.low);
}

static inline Pair
pair_divide(Pair a, double divisor)
{
	double quotient = a.high / divisor;
	Pair rest = pair_subtract(a, two_product(quotient, divisor));

	return fast_two_sum(quotient, rest.high / divisor);
}

/* Prefix sums over the values before an index: of weights, weighted values, weighted squares. */
typedef struct Prefix
{
	double weight;
	Pair sum;
	Pair squares;
} Prefix;

static inline Prefix
prefix_add(const Prefix *before, Pair value, double weight)
{
	Pair weighted = pair_multiply(value, (Pair) {weight, 0});

	return (Prefix) {before->weight + weight, pair_add(before->sum, weighted),
					 pair_add(before->squares, pair_multiply(weighted, value))};
}

static inline double
class_cost(const Prefix *prefix, size_t first, size_t last)
{
	Pair sum = pair_subtract(prefix[last].sum, prefix[first].sum);
	Pair squares = pair_subtract(prefix[last].squares, prefix[first].squares);
	Pair cost =
		pair_subtract(squares, pair_divide(pair_multiply(sum, sum), prefix[last].weight - prefix[first].weight));

	return cost.high > 0 ? cost.high : 0;
}

/* The cost in plain doubles, to Work.margin. */
static inline double
rough_cost(const Prefix *prefix, size_t first, size_t last)
{
	double sum = prefix[last].sum.high - prefix[first].sum.high;

	return prefix[last].squares.high - prefix[first].squares.high -
		   sum * sum / (prefix[last].weight - prefix[first].weight);
}

/* Working memory. */
typedef struct Work
{
	Prefix *prefix;	  /* n + 1 */
	double *before;	  /* n + 1: best cost of the first j values in one class fewer */
	double *now;	  /* n + 1 */
	uint32_t *starts; /* k layers of n + 1: where the last class begins */
	double margin;	  /* rough costs are at most this far from the truth */
} Work;

size_t
segment_breaks_memory(size_t n, int k)
{
	size_t each = sizeof(Prefix) + 2 * sizeof(double) + (size_t) k * sizeof(uint32_t);

	if (n >= UINT32_MAX || n + 1 > SIZE_MAX / each)
		return 0;
	return (n + 1) * each;
}

/*
 * Fills now[j] and starts[j] for j in first .. last, whose best starts lie in lowest .. highest.
 */
static void
fill_layer(const Work *work, uint32_t *starts, size_t first, size_t last, size_t lowest, size_t highest,
		   SegmentPoll poll)
{
	while (first <= last)
	{
		size_t middle = first + (last - first) / 2;
		size_t end = highest < middle - 1 ? highest : middle - 1;
		size_t best = lowest;
		double best_cost = INFINITY;
		double limit = INFINITY;

		for (size_t start = lowest; start <= end; start++)
		{
			double cost = work->before[start] + rough_cost(work->prefix, start, middle);

			SEGMENT_POLL(poll, start);
			if (cost < limit)
				limit = cost;
		}
		limit += 2 * work->margin;
		for (size_t start = lowest; start <= end; start++)
		{
			double cost;

			SEGMENT_POLL(poll, start);
			if (work->before[start] + rough_cost(work->prefix, start, middle) > limit)
				continue;
			cost = work->before[start] + class_cost(work->prefix, start, middle);
			if (cost < best_cost)
			{
				best_cost = cost;
				best = start;
			}
		}
		work->now[middle] = best_cost;
		starts[middle] = (uint32_t) best;
		if (middle > first)
			fill_layer(work, starts, first, middle - 1, lowest, best, poll);
		first = middle + 1;
		lowest = best;
	}
}

/* The power of two that brings the values to at most 1 in size, so that squares neither overflow nor vanish. */
static double
scale_of(const SegmentWeighted *values, size_t n)
{
	double largest = fmax(fabs(values[0].value), fabs(values[n - 1].value));
	int exponent;

	if (largest == 0)
		return 1;
	frexp(largest, &exponent);
	if (exponent < -1000)
		exponent = -1000;
	if (exponent > 1000)
		exponent = 1000;
	return ldexp(1, -exponent);
}

/* A double near the mean of the scaled values. */
static double
centre_of(const SegmentWeighted *values, size_t n, double scale)
{
	double weight = 0;
	double mean = 0;

	for (size_t i = 0; i < n; i++)
	{
		weight += (double) values[i].count;
		mean += (values[i].value * scale - mean) * ((double) values[i].count / weight);
	}
	return mean;
}

/* Fills the prefix sums; returns the margin of rough costs. */
static double
fill_prefix(Prefix *prefix, const SegmentWeighted *values, size_t n, SegmentPoll poll)
{
	double scale = scale_of(values, n);
	double centre = centre_of(values, n, scale);
	double largest = fmax(fabs(values[0].value * scale - centre), fabs(values[n - 1].value * scale - centre));
	double largest_sum = 0;

	memset(&prefix[0], 0, sizeof(Prefix));
	for (size_t i = 0; i < n; i++)
	{
		SEGMENT_POLL(poll, i);
		prefix[i + 1] = prefix_add(&prefix[i], two_sum(values[i].value * scale, -centre), (double) values[i].count);
		largest_sum = fmax(largest_sum, fabs(prefix[i + 1].sum.high));
	}

	/*
	 * Each rounding of rough_cost errs by at most 2^-53 of a number below the sum of squares, or by that of a sum times
	 * a class's mean, and layers add up costs below the sum of squares: sixteen of them are more than enough.
	 */
	return ldexp(prefix[n].squares.high + largest * largest_sum, -49);
}

void
segment_breaks(const SegmentWeighted *values, size_t n, int k, void *memory, size_t *ends, SegmentPoll poll)
{
	Work work;
	size_t end = n;

	work.prefix = memory;
	work.before = (double *) (work.prefix + n + 1);
	work.now = work.before + n + 1;
	work.starts = (uint32_t *) (work.now + n + 1);
	work.margin = fill_prefix(work.prefix, values, n, poll);

	for (size_t j = 1; j <= n; j++)
		work.before[j] = class_cost(work.prefix, 0, j);
	for (int layer = 1; layer < k; layer++)
	{
		double *swap = work.before;

		/* layer + 1 classes need as many values; the classes before the last need layer */
		fill_layer(&work, work.starts + (size_t) layer * (n + 1), (size_t) layer + 1, n, (size_t) layer, n - 1, poll);
		work.before = work.now;
		work.now = swap;
	}
	for (int layer = k - 1; layer >= 0; layer--)
	{
		ends[layer] = end;
		end = layer > 0 ? work.starts[(size_t) layer * (n + 1) + end] : 0;
	}
}

double
segment_breaks_cost(const SegmentWeighted *values, size_t first, size_t last)
{
	Prefix prefix[2];

	memset(prefix, 0, sizeof(prefix));
	for (size_t i = first; i < last; i++)
		prefix[1] = prefix_add(&prefix[1], (Pair) {values[i].value, 0}, (double) values[i].count);
	return class_cost(prefix, 0, 1);
}
