/*
 * micro_clusters.c: reduction of points and micro-clusters to a bounded number of micro-clusters.
 */
#include "math/micro_clusters.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "math/kernel.h"

/* A node of the tree that is still a leaf: items [start, start + count) of one of the two item buffers. */
typedef struct Leaf
{
	double priority; /* scaled sum of squares; 0: can't be split */
	double cut;		 /* split there: left is below */
	int dim;		 /* ... in this dimension */
	int start;
	int count;
	int side; /* the buffer that holds the items */
	int node; /* its place in the tree */
} Leaf;

/* The work in progress. An item is x[dims], weight, origin (the number of the micro-cluster or row it came from). */
typedef struct Reduction
{
	int dims;
	int stride;
	double *items[2];
	double *inverse_variance;
	double *mean;
	double *sum;
	double *square;
	Leaf *leaves; /* a binary heap, largest priority first */
	int n_leaves;
} Reduction;

/* Rounds a size up so that what follows is aligned. */
static size_t
align8(size_t size)
{
	return (size + 7) & ~(size_t) 7;
}

bool
segment_micros_sound(int dims, const double *micros, int n)
{
	for (int i = 0; i < n; i++, micros += SEGMENT_MICRO_SIZE(dims))
	{
		if (!(micros[0] > 0.0 && isfinite(micros[0])))
			return false;
		for (int j = 1; j <= dims; j++)
			if (!isfinite(micros[j]) || !(micros[dims + j] >= 0.0 && isfinite(micros[dims + j])))
				return false;
	}
	return true;
}

size_t
segment_micros_workspace(int dims, int n, int m)
{
	return 2 * (size_t) n * (size_t) (dims + 2) * sizeof(double) + 4 * (size_t) dims * sizeof(double) +
		   align8(((size_t) m + 1) * sizeof(Leaf));
}

/* The body of measure(), for a number of dimensions that the compiler knows in the common cases. */
static inline __attribute__((always_inline)) double
measure_items(const double *item, int count, int dims, double *mean, double *sum, double *square)
{
	double weight = 0.0;
	const double *origin = item;
	int i;
	int j;

	for (j = 0; j < dims; j++)
		sum[j] = square[j] = 0.0;
	for (i = 0; i < count; i++, item += dims + 2)
	{
		double w = item[dims];

		weight += w;
		for (j = 0; j < dims; j++)
		{
			double delta = item[j] - origin[j];
			double weighted = w * delta;

			sum[j] += weighted;
			square[j] += weighted * delta;
		}
	}
	for (j = 0; j < dims; j++)
	{
		double shift = sum[j] / weight;

		mean[j] = origin[j] + shift;
		square[j] = fmax(square[j] - sum[j] * shift, 0.0);
	}
	return weight;
}

/*
 * Sums a leaf's items about its first item: mean and sum of squared deviations per dimension. Returns the weight.
 */
SEGMENT_KERNEL static double
measure(const Reduction *r, const double *item, int count)
{
	double sum[4];
	double square[4];
	double weight;

	switch (r->dims)
	{
		case 1:
			weight = measure_items(item, count, 1, r->mean, sum, square);
			break;
		case 2:
			weight = measure_items(item, count, 2, r->mean, sum, square);
			break;
		case 3:
			weight = measure_items(item, count, 3, r->mean, sum, square);
			break;
		case 4:
			weight = measure_items(item, count, 4, r->mean, sum, square);
			break;
		default:
			return measure_items(item, count, r->dims, r->mean, r->sum, r->square);
	}
	memcpy(r->square, square, (size_t) r->dims * sizeof(double));
	return weight;
}

/* Completes a leaf of known place: where it would be split, and how urgent that is. */
static void
plan_split(Reduction *r, Leaf *leaf)
{
	const double *item = r->items[leaf->side] + (size_t) leaf->start * (size_t) r->stride;
	double largest = 0.0;
	int j;

	leaf->priority = 0.0;
	leaf->dim = 0;
	leaf->cut = 0.0;
	if (leaf->count < 2)
		return;
	measure(r, item, leaf->count);
	for (j = 0; j < r->dims; j++)
	{
		double scaled = r->square[j] * r->inverse_variance[j];

		leaf->priority += scaled;
		if (scaled > largest)
		{
			largest = scaled;
			leaf->dim = j;
			leaf->cut = r->mean[j];
		}
	}
}

/* Whether leaf a comes before leaf b; ties go to the one that stands first among the items. */
static bool
before(const Leaf *a, const Leaf *b)
{
	return a->priority > b->priority || (a->priority == b->priority && a->start < b->start);
}

/* Puts a leaf into the heap at a place from which it may sink. */
static void
sift_down(Reduction *r, int place, Leaf leaf)
{
	for (;;)
	{
		int child = 2 * place + 1;

		if (child >= r->n_leaves)
			break;
		if (child + 1 < r->n_leaves && before(&r->leaves[child + 1], &r->leaves[child]))
			child++;
		if (!before(&r->leaves[child], &leaf))
			break;
		r->leaves[place] = r->leaves[child];
		place = child;
	}
	r->leaves[place] = leaf;
}

/* Adds a leaf to the heap. */
static void
push(Reduction *r, Leaf leaf)
{
	int place = r->n_leaves++;

	while (place > 0 && before(&leaf, &r->leaves[(place - 1) / 2]))
	{
		r->leaves[place] = r->leaves[(place - 1) / 2];
		place = (place - 1) / 2;
	}
	r->leaves[place] = leaf;
}

/* The body of partition(), for an item size that the compiler knows in the common cases. */
static inline __attribute__((always_inline)) int
partition_items(const double *item, double *low, int count, int dim, double cut, int stride)
{
	double *high = low + (size_t) (count - 1) * (size_t) stride;
	int below = 0;
	int i;

	for (i = 0; i < count; i++, item += stride)
	{
		int is_below = item[dim] < cut;

		memcpy(low, item, (size_t) stride * sizeof(double));
		memcpy(high, item, (size_t) stride * sizeof(double));
		low += is_below * stride;
		high -= (1 - is_below) * stride;
		below += is_below;
	}
	return below;
}

/*
 * Moves the items of a leaf to the same place of the other buffer, those below the cut from the left, the others from
 * the right; returns how many are below. Every item is written to both ends, so there is no branch to mispredict.
 */
SEGMENT_KERNEL static int
partition(const Reduction *r, const Leaf *leaf)
{
	size_t offset = (size_t) leaf->start * (size_t) r->stride;
	const double *item = r->items[leaf->side] + offset;
	double *low = r->items[1 - leaf->side] + offset;

	switch (r->dims)
	{
		case 1:
			return partition_items(item, low, leaf->count, leaf->dim, leaf->cut, 3);
		case 2:
			return partition_items(item, low, leaf->count, leaf->dim, leaf->cut, 4);
		case 3:
			return partition_items(item, low, leaf->count, leaf->dim, leaf->cut, 5);
		case 4:
			return partition_items(item, low, leaf->count, leaf->dim, leaf->cut, 6);
		default:
			return partition_items(item, low, leaf->count, leaf->dim, leaf->cut, r->stride);
	}
}

/* Writes the micro-cluster of a leaf: exact two-pass mean and deviations, and the members' own deviations. */
static void
emit(Reduction *r, const Leaf *leaf, const double *micros, int n_micros, double *micro)
{
	int dims = r->dims;
	const double *item = r->items[leaf->side] + (size_t) leaf->start * (size_t) r->stride;
	double *mean = micro + 1;
	double *deviation = micro + 1 + dims;
	int i;
	int j;

	micro[0] = measure(r, item, leaf->count);
	memcpy(mean, r->mean, (size_t) dims * sizeof(double));
	memset(deviation, 0, (size_t) dims * sizeof(double));
	for (i = 0; i < leaf->count; i++, item += r->stride)
	{
		double w = item[dims];
		int64_t origin = (int64_t) item[dims + 1];

		for (j = 0; j < dims; j++)
			deviation[j] += w * (item[j] - mean[j]) * (item[j] - mean[j]);
		if (origin < n_micros)
		{
			const double *inner = micros + (size_t) origin * (size_t) SEGMENT_MICRO_SIZE(dims) + 1 + dims;

			for (j = 0; j < dims; j++)
				deviation[j] += inner[j];
		}
	}
}

/* Fills the first item buffer, and the inverse variances over all items. */
static void
load(Reduction *r, const double *micros, int n_micros, const double *rows, int n_rows)
{
	int dims = r->dims;
	double *item = r->items[0];
	double weight;
	int i;
	int j;

	for (i = 0; i < n_micros; i++, micros += SEGMENT_MICRO_SIZE(dims), item += r->stride)
	{
		memcpy(item, micros + 1, (size_t) dims * sizeof(double));
		item[dims] = micros[0];
		item[dims + 1] = i;
	}
	for (i = 0; i < n_rows; i++, rows += SEGMENT_ROW_SIZE(dims), item += r->stride)
	{
		memcpy(item, rows, (size_t) SEGMENT_ROW_SIZE(dims) * sizeof(double));
		item[dims + 1] = n_micros + i;
	}
	weight = measure(r, r->items[0], n_micros + n_rows);
	for (j = 0; j < dims; j++)
		r->inverse_variance[j] = r->square[j] > 0.0 ? weight / r->square[j] : 0.0;
}

/*
 * A micro-cluster takes rows until its sum of squares is so many times the average. Measured on log-normal and
 * clustered features: at 2 the micro-clusters are as good as those of a reduction of all rows, and nine rows of ten
 * find a micro-cluster.
 */
#define MICRO_EXCESS 2.0

/* Keeps what later rows are added by: the scale and the limit. */
static void
finish_tree(const Reduction *r, const double *micros, SegmentMicroTree *tree)
{
	double total = 0.0;
	int i;
	int j;

	/* A feature that has not varied so far: a huge scale keeps rows with another value from being absorbed. */
	for (j = 0; j < r->dims; j++)
		tree->inverse_variance[j] = r->inverse_variance[j] > 0.0 ? r->inverse_variance[j] : 1e300;
	tree->weight = 0.0;
	for (i = 0; i < r->n_leaves; i++, micros += SEGMENT_MICRO_SIZE(r->dims))
	{
		tree->weight += micros[0];
		for (j = 0; j < r->dims; j++)
			total += micros[1 + r->dims + j] * r->inverse_variance[j];
	}
	tree->limit = MICRO_EXCESS * total / r->n_leaves;
}

int
segment_micros_reduce(int dims, const double *micros, int n_micros, const double *rows, int n_rows, int m, double *out,
					  SegmentMicroTree *tree, void *workspace, SegmentPoll poll)
{
	Reduction r;
	int n = n_micros + n_rows;
	double *memory = workspace;
	Leaf leaf;
	int n_nodes = 1;
	int i;

	if (n == 0)
		return 0;
	r.dims = dims;
	r.stride = dims + 2;
	r.items[0] = memory;
	r.items[1] = memory + (size_t) n * (size_t) r.stride;
	memory += 2 * (size_t) n * (size_t) r.stride;
	r.inverse_variance = memory;
	r.mean = memory + dims;
	r.sum = memory + 2 * dims;
	r.square = memory + 3 * dims;
	r.leaves = (Leaf *) (memory + 4 * dims);
	r.n_leaves = 0;

	load(&r, micros, n_micros, rows, n_rows);
	leaf = (Leaf) {.start = 0, .count = n, .side = 0, .node = 0};
	plan_split(&r, &leaf);
	push(&r, leaf);
	while (r.n_leaves < m && r.leaves[0].priority > 0.0)
	{
		Leaf parent = r.leaves[0];
		int below = partition(&r, &parent);
		Leaf left = {.start = parent.start, .count = below, .side = 1 - parent.side, .node = n_nodes};
		Leaf right = {
			.start = parent.start + below, .count = parent.count - below, .side = 1 - parent.side, .node = n_nodes + 1};

		if ((r.n_leaves & 255) == 0)
			if (poll)
				poll();
		if (left.count == 0 || right.count == 0)
		{
			/* The mean of equal or neighbouring values can round to their end: nothing to split. */
			parent.side = 1 - parent.side;
			parent.priority = 0.0;
			sift_down(&r, 0, parent);
			continue;
		}
		if (tree)
			tree->node[parent.node] = (SegmentMicroNode) {parent.cut, parent.dim, n_nodes};
		n_nodes += 2;
		plan_split(&r, &left);
		plan_split(&r, &right);
		sift_down(&r, 0, left);
		push(&r, right);
	}
	for (i = 0; i < r.n_leaves; i++)
	{
		emit(&r, &r.leaves[i], micros, n_micros, out + (size_t) i * (size_t) SEGMENT_MICRO_SIZE(dims));
		if (tree)
		{
			int node = r.leaves[i].node;

			tree->node[node] = (SegmentMicroNode) {INFINITY, 0, node};
			tree->micro[node] = i;
		}
	}
	if (tree)
		finish_tree(&r, out, tree);
	return r.n_leaves;
}

/* Rows whose way down the tree is followed at the same time: their loads overlap. */
#define ABREAST 8

/* Steps down the tree between checks whether all rows have arrived. */
#define STEPS 3

/* The node that a row goes to from another. */
static inline int32_t
step_down(const SegmentMicroNode *node, int32_t at, const double *row)
{
	return node[at].child + !(row[node[at].dim] < node[at].cut);
}

/* The micro-cluster that a row belongs to. */
static int32_t
find_micro(const SegmentMicroTree *tree, const double *row)
{
	int32_t at = 0;

	while (tree->node[at].child != at)
		at = step_down(tree->node, at, row);
	return tree->micro[at];
}

/* The micro-clusters that ABREAST rows belong to. */
static inline __attribute__((always_inline)) void
find_micros(const SegmentMicroTree *tree, const double *rows, int row_size, int32_t *micro)
{
	int32_t at[ABREAST] = {0};
	bool arrived;
	int i;
	int step;

	do
	{
		arrived = true;
		for (step = 0; step < STEPS; step++)
			for (i = 0; i < ABREAST; i++)
				at[i] = step_down(tree->node, at[i], rows + i * row_size);
		for (i = 0; i < ABREAST; i++)
			arrived &= tree->node[at[i]].child == at[i];
	} while (!arrived);
	for (i = 0; i < ABREAST; i++)
		micro[i] = tree->micro[at[i]];
}

/* Adds a row to a micro-cluster if its scaled sum of squares stays within the limit; false if not. */
static inline __attribute__((always_inline)) bool
add_to_micro(double *micro, const double *row, int dims, const double *inverse_variance, double limit)
{
	double *mean = micro + 1;
	double *deviation = micro + 1 + dims;
	double w = row[dims];
	double weight = micro[0] + w;
	double share = w / weight;
	double moved = micro[0] * share;
	double spread = 0.0;
	int j;

	for (j = 0; j < dims; j++)
	{
		double delta = row[j] - mean[j];

		spread += inverse_variance[j] * (deviation[j] + moved * (delta * delta));
	}
	if (!(spread <= limit))
		return false;
	micro[0] = weight;
	for (j = 0; j < dims; j++)
	{
		double delta = row[j] - mean[j];

		mean[j] += share * delta;
		deviation[j] += moved * (delta * delta);
	}
	return true;
}

int
segment_micros_absorb(int dims, const SegmentMicroTree *tree, double *micros, double *rows, int n_rows, double weight)
{
	double limit = tree->limit * (weight / tree->weight);
	int row_size = SEGMENT_ROW_SIZE(dims);
	int micro_size = SEGMENT_MICRO_SIZE(dims);
	double *left = rows;
	int first;

	for (first = 0; first < n_rows; first += ABREAST)
	{
		int count = n_rows - first < ABREAST ? n_rows - first : ABREAST;
		double *row = rows + (size_t) first * (size_t) row_size;
		int32_t micro[ABREAST];
		int i;

		if (count == ABREAST)
			find_micros(tree, row, row_size, micro);
		else
			for (i = 0; i < count; i++)
				micro[i] = find_micro(tree, row + i * row_size);
		for (i = 0; i < count; i++, row += row_size)
		{
			double *to = micros + (size_t) micro[i] * (size_t) micro_size;
			bool taken = dims == 3 ? add_to_micro(to, row, 3, tree->inverse_variance, limit)
								   : add_to_micro(to, row, dims, tree->inverse_variance, limit);

			if (!taken)
			{
				memmove(left, row, (size_t) row_size * sizeof(double));
				left += row_size;
			}
		}
	}
	return (int) ((left - rows) / row_size);
}
