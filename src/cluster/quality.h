/*
 * quality.h: the cluster_quality value: exact sums over an assignment scan. Private to the room.
 *
 * All sums are exact (math/exact_sum.h), so they do not depend on the order of the rows, the plan or the split.
 */
#ifndef SEGMENT_CLUSTER_QUALITY_H
#define SEGMENT_CLUSTER_QUALITY_H

#include "cluster/model.h"
#include "math/exact_sum.h"

#define SEGMENT_QUALITY_VERSION 1

/*
 * The stored form and the state. Behind the head stand the model (model_size bytes, rounded up to 8), the number of
 * vectors of each cluster (k), and the sums: for each cluster QUALITY_OWN sums and two for each feature (the user's
 * units, the scaled space), then for each feature the sum of its squares in the scaled space.
 */
typedef struct Quality
{
	int32 vl_len_;
	uint8 version;
	uint8 reserved[3];
	int32 k;
	int32 dims;
	int32 model_size;
	int32 pending; /* terms since the sums were last canonical; 0 in stored values */
	int64 rows;
	int64 skipped;
	int64 data[FLEXIBLE_ARRAY_MEMBER];
} Quality;

/* Sums of a cluster that do not belong to a feature. */
enum
{
	QUALITY_SQUARED,	/* squared distances to the centroid */
	QUALITY_DISTANCE,	/* distances */
	QUALITY_SILHOUETTE, /* simplified silhouettes */
	QUALITY_OWN
};

#define PG_GETARG_QUALITY(n) segment_quality_open(PG_GETARG_DATUM(n))

static inline KmeansModel *
segment_quality_model(const Quality *quality)
{
	return (KmeansModel *) quality->data;
}

static inline int64 *
segment_quality_counts(const Quality *quality)
{
	return (int64 *) quality->data + (quality->model_size + 7) / 8;
}

static inline int
segment_quality_n_sums(int k, int dims)
{
	return k * (QUALITY_OWN + 2 * dims) + dims;
}

static inline SegmentSum *
segment_quality_sums(const Quality *quality)
{
	return (SegmentSum *) (segment_quality_counts(quality) + quality->k);
}

/* Sum number which of a cluster: one of the above, or QUALITY_OWN + feature (user's units), + dims (scaled). */
static inline SegmentSum *
segment_quality_sum(const Quality *quality, int cluster, int which)
{
	return segment_quality_sums(quality) + (Size) cluster * (QUALITY_OWN + 2 * quality->dims) + which;
}

/* The sum of squares of a feature, scaled. */
static inline SegmentSum *
segment_quality_square(const Quality *quality, int feature)
{
	return segment_quality_sums(quality) + (Size) quality->k * (QUALITY_OWN + 2 * quality->dims) + feature;
}

/* An empty value for a model, in the current context. */
extern Quality *segment_quality_make(const KmeansModel *model);

/* Makes all sums canonical. */
extern void segment_quality_settle(Quality *quality);

/* A value to read, detoasted and canonical: an aggregate without our final function returns a state that may not be. */
extern Quality *segment_quality_open(Datum datum);

#endif
