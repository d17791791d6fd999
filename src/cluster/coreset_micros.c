/*
 * coreset_micros.c: how a coreset becomes, and stays, a bounded number of micro-clusters.
 *
 * Rows are gathered until a first reduction makes micro-clusters and a tree over them; after that, batches of rows go
 * down the tree into the micro-clusters they belong to, and only those that would spread a micro-cluster too far wait
 * for the next reduction.
 */
#include "postgres.h"

#include <math.h>

#include "utils/memutils.h"

#include "core/compat.h"

#include "cluster/cluster.h"
#include "cluster/coreset.h"

/* Rows assigned to existing micro-clusters per batch: they fit the first-level cache. */
#define BATCH_ROWS 256

/* Orders doubles for qsort. */
static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return x < y ? -1 : x > y;
}

/* The smallest difference between two values of a feature among rows; values has room for n_rows doubles. */
static double
resolution_of(const double *rows, int n_rows, int dims, int feature, double *values)
{
	double resolution = 0.0;
	int n = 0;
	int i;

	for (i = 0; i < n_rows; i++)
	{
		double value = rows[(Size) i * SEGMENT_ROW_SIZE(dims) + feature];

		if (!isnan(value))
			values[n++] = value;
	}
	qsort(values, n, sizeof(double), compare_doubles);
	for (i = 1; i < n; i++)
		if (values[i] > values[i - 1] && (resolution == 0.0 || values[i] - values[i - 1] < resolution))
			resolution = values[i] - values[i - 1];
	return isfinite(resolution) ? resolution : 0.0;
}

double
segment_feature_resolution(const Coreset *coreset, int feature)
{
	double resolution;
	double *values;

	if (coreset->mode == SEGMENT_CORESET_COMPRESSED)
		return coreset->data[2 * coreset->dims + feature];
	values = segment_palloc_array(double, Max(coreset->items, 1));
	resolution = resolution_of(segment_coreset_items(coreset), coreset->items, coreset->dims, feature, values);
	pfree(values);
	return resolution;
}

void
segment_coreset_leave_distinct(CoresetState *state)
{
	int dims = state->head.dims;
	double *values = segment_palloc_array(double, Max(state->n_rows, 1));
	int j;

	for (j = 0; j < dims; j++)
		state->stats[2 * dims + j] = resolution_of(state->rows, state->n_rows, dims, j, values);
	pfree(values);
	if (state->slots)
		pfree(state->slots);
	state->slots = NULL;
	state->n_slots = 0;
	state->head.mode = SEGMENT_CORESET_COMPRESSED;
}

/* Replaces NULLs in the gathered rows, which are transformed already, by the mean of the feature so far. */
static void
fill_in_means(CoresetState *state)
{
	int dims = state->head.dims;
	int j;

	for (j = 0; j < dims; j++)
	{
		double sum = 0.0;
		double weight = 0.0;
		double *row;
		int i;

		if (state->stats[3 * dims + j] == 0.0)
			continue;
		for (i = 0; i < state->n_micros; i++)
		{
			const double *micro = state->micros + (Size) i * SEGMENT_MICRO_SIZE(dims);

			weight += micro[0];
			sum += micro[0] * micro[1 + j];
		}
		for (i = 0, row = state->rows; i < state->n_rows; i++, row += SEGMENT_ROW_SIZE(dims))
		{
			if (!isnan(row[j]))
			{
				weight += row[dims];
				sum += row[dims] * row[j];
			}
		}
		for (i = 0, row = state->rows; i < state->n_rows; i++, row += SEGMENT_ROW_SIZE(dims))
			if (isnan(row[j]))
				row[j] = weight > 0.0 ? sum / weight : 0.0;
	}
}

/* Applies the transform to the rows that do not wait yet. */
static void
transform_rows(CoresetState *state)
{
	int size = SEGMENT_ROW_SIZE(state->head.dims);
	int j;

	if (state->head.transform == SEGMENT_TRANSFORM_LOG)
		for (j = 0; j < state->head.dims; j++)
			segment_signed_log_array(state->rows + (Size) state->n_waiting * size + j, state->n_rows - state->n_waiting,
									 size);
}

/* Assigns new rows to micro-clusters; those that fit none wait for the next reduction. */
static void
absorb(CoresetState *state)
{
	double *rows = state->rows + (Size) state->n_waiting * SEGMENT_ROW_SIZE(state->head.dims);

	transform_rows(state);
	state->n_waiting += segment_micros_absorb(state->head.dims, &state->tree, state->micros, rows,
											  state->n_rows - state->n_waiting, state->head.weight);
	state->n_rows = state->n_waiting;
}

/* True if rows can be assigned to existing micro-clusters; a row with a NULL to be replaced by the mean cannot. */
static inline bool
can_absorb(const CoresetState *state)
{
	return state->tree.node && state->head.nulls != SEGMENT_NULLS_MEAN;
}

void
segment_coreset_reduce(CoresetState *state, int most)
{
	int dims = state->head.dims;
	SegmentMicroTree *tree = &state->tree;
	int room = Max(most, segment_coreset_micros(dims));
	void *workspace = MemoryContextAllocHuge(CurrentMemoryContext,
											 segment_micros_workspace(dims, state->n_micros + state->n_rows, most));
	double *reduced = MemoryContextAlloc(state->header.eoh_context,
										 mul_size(mul_size(room, SEGMENT_MICRO_SIZE(dims)), sizeof(double)));

	if (!tree->node)
	{
		tree->inverse_variance = MemoryContextAlloc(state->header.eoh_context, sizeof(double) * dims);
		tree->node = MemoryContextAlloc(state->header.eoh_context, mul_size(sizeof(SegmentMicroNode), 2 * room));
		tree->micro = MemoryContextAlloc(state->header.eoh_context, mul_size(sizeof(int32), 2 * room));
	}
	transform_rows(state);
	if (state->head.nulls == SEGMENT_NULLS_MEAN)
		fill_in_means(state);
	state->n_micros = segment_micros_reduce(dims, state->micros, state->n_micros, state->rows, state->n_rows, most,
											reduced, tree, workspace, segment_cluster_poll);
	state->n_rows = 0;
	state->n_waiting = 0;
	if (state->micros)
		pfree(state->micros);
	state->micros = reduced;
	state->max_micros = room;
	pfree(workspace);
}

void
segment_coreset_compress(CoresetState *state, int micros)
{
	/* Without a vector there is nothing to compress, and no micro-cluster to be made. */
	if (state->head.dims == 0)
		return;
	if (state->head.mode == SEGMENT_CORESET_DISTINCT)
		segment_coreset_leave_distinct(state);
	if (can_absorb(state))
		absorb(state);
	if (state->n_rows > 0 || state->n_micros > micros)
		segment_coreset_reduce(state, micros);
}

void
segment_coreset_make_room(CoresetState *state)
{
	if (state->n_rows - state->n_waiting >= BATCH_ROWS && can_absorb(state))
		absorb(state);
	if (state->n_rows == SEGMENT_GATHERED_ROWS)
		segment_coreset_reduce(state, segment_coreset_micros(state->head.dims));
}
