/*
 * coreset.h: the coreset value: a bounded, mergeable summary of feature vectors that models are fitted on. Private to
 * the room.
 *
 * Up to SEGMENT_CORESET_POINTS distinct points it holds exactly these, in the user's units, sorted, with their weights:
 * equal rows give equal bytes, whatever their order or split. With one point more it becomes a set of micro-clusters
 * (see math/micro_clusters.h) in transformed units, and stays one. Weights are multiples of 2^-20 whose total stays below 2^33,
 * so their sums are exact and do not depend on the order.
 */
#ifndef SEGMENT_CLUSTER_CORESET_H
#define SEGMENT_CLUSTER_CORESET_H

#include "core/checked.h"
#include "core/option.h"
#include "core/hash.h"
#include "math/micro_clusters.h"
#include "math/transform.h"
#include "utils/expandeddatum.h"

#define SEGMENT_CORESET_VERSION 1

/* The switch from distinct points to micro-clusters. */
#define SEGMENT_CORESET_POINTS 8192

/* Most features of a vector; fits with full covariances are quadratic in this. */
#define SEGMENT_MAX_FEATURES 64

/* Largest magnitude of a feature without a transform, so that no sum of squares overflows. */
#define SEGMENT_MAX_RAW_FEATURE 1e140

/* Weights are rounded to multiples of this, the smallest positive weight. */
#define SEGMENT_WEIGHT_UNIT 0x1p-20

/* The total weight stays below this. */
#define SEGMENT_MAX_WEIGHT 0x1p33

typedef enum SegmentNulls
{
	SEGMENT_NULLS_SKIP = 0, /* a vector with a NULL is skipped, and counted */
	SEGMENT_NULLS_ERROR = 1,
	SEGMENT_NULLS_MEAN = 2 /* a NULL feature is taken as the feature's mean */
} SegmentNulls;

typedef enum SegmentCoresetMode
{
	SEGMENT_CORESET_DISTINCT = 0,
	SEGMENT_CORESET_COMPRESSED = 1
} SegmentCoresetMode;

/*
 * The stored form. data holds, dims doubles each, the features' least and greatest value (user's units; infinities
 * if there is none), resolution (see CoresetState) and number of NULLs; then the items: rows (math/micro_clusters.h; a NaN is a
 * NULL to be replaced by the mean) or micro-clusters.
 */
typedef struct Coreset
{
	int32 vl_len_;
	uint8 version;
	uint8 mode;		 /* SegmentCoresetMode */
	uint8 transform; /* SegmentTransform */
	uint8 nulls;	 /* SegmentNulls */
	int32 dims;		 /* 0: no vector seen yet */
	int32 items;
	int64 rows;		/* vectors taken, of positive weight */
	int64 skipped;	/* vectors skipped for a NULL */
	int32 fit_k;	/* kmeans_agg: the clusters to fit; else 0 */
	int32 reserved; /* 0 */
	double weight;	/* of all vectors taken */
	double data[FLEXIBLE_ARRAY_MEMBER];
} Coreset;

#define SEGMENT_CORESET_STATS 4

/* What is wrong with a value; NULL if nothing is. */
extern const char *segment_coreset_fault(const void *value);

#define DatumGetCoreset(datum) SEGMENT_CHECKED(Coreset, PG_DETOAST_DATUM(datum), segment_coreset_fault)
#define PG_GETARG_CORESET(n) DatumGetCoreset(PG_GETARG_DATUM(n))

/* Doubles of one item. */
static inline int
segment_coreset_item_size(SegmentCoresetMode mode, int dims)
{
	return mode == SEGMENT_CORESET_DISTINCT ? SEGMENT_ROW_SIZE(dims) : SEGMENT_MICRO_SIZE(dims);
}

/* The items of a stored coreset, and its statistics. */
static inline const double *
segment_coreset_items(const Coreset *coreset)
{
	return coreset->data + SEGMENT_CORESET_STATS * coreset->dims;
}

/* Micro-clusters that a compressed coreset of so many features has at most: below 300 kB up to 3 features. */
static inline int
segment_coreset_micros(int dims)
{
	return dims == 1 ? 8192 : dims == 2 ? 7168 : dims == 3 ? 5120 : 4096;
}

/* The form in memory, an expanded object: state of the aggregates. */
typedef struct CoresetState
{
	ExpandedObjectHeader header;
	uint32 magic;
	double *stats; /* SEGMENT_CORESET_STATS x dims, as in the stored form */
	double *rows;  /* distinct points, or rows not yet in micro-clusters */
	int n_rows;
	int n_waiting; /* the first so many rows, transformed, fitted no micro-cluster and wait for the next reduction */
	int max_rows;
	uint32 *slots;	/* hash table over the distinct points: number + 1, 0 is free; NULL while there are few */
	uint32 n_slots; /* a power of two */
	SegmentHashKey key;
	double *micros;
	int n_micros;
	int max_micros;
	SegmentMicroTree tree; /* of the last reduction; tree.node is NULL before */
	Coreset head;		   /* all fields but vl_len_, items and data */
} CoresetState;

/* An empty state in its own child context of parent. */
extern CoresetState *segment_coreset_state(MemoryContext parent, SegmentTransform transform, SegmentNulls nulls);

/* The state behind a Datum: itself if it is expanded and may be changed, else a copy in a child context of parent. */
extern CoresetState *segment_coreset_state_of(Datum datum, MemoryContext parent);

/* Sets the number of features of a state that has none yet; 22023 if it has another one. */
extern void segment_coreset_set_dims(CoresetState *state, int dims);

/*
 * Adds one vector of state->head.dims features; NaN stands for NULL. A positive weight must be a multiple of
 * SEGMENT_WEIGHT_UNIT. 22003 for a value out of range, 22004 for a NULL where they are errors, 54000 for too much
 * weight.
 */
extern void segment_coreset_add_row(CoresetState *state, double *x, double weight);

#ifdef USE_ASSERT_CHECKING
/* What is wrong with a state; NULL if nothing is. */
extern const char *segment_coreset_state_fault(const CoresetState *state);
#endif

/* Adds a stored coreset; 22023 if the two are incompatible. */
extern void segment_coreset_merge(CoresetState *state, const Coreset *other);

/* Rows buffered between reductions to micro-clusters: more is faster but takes more memory. */
#define SEGMENT_GATHERED_ROWS 16384

/* Stops keeping distinct points: they become rows to be reduced to micro-clusters. */
extern void segment_coreset_leave_distinct(CoresetState *state);

/* Reduces buffered rows to micro-clusters if the buffer is full, so that another row fits. */
extern void segment_coreset_make_room(CoresetState *state);

/* Reduces all micro-clusters and rows to at most so many micro-clusters. */
extern void segment_coreset_reduce(CoresetState *state, int most);

/* Turns distinct points into micro-clusters, or reduces micro-clusters: at most so many, and nothing left in rows. */
extern void segment_coreset_compress(CoresetState *state, int micros);

/* True if this code could have written the stored coreset; otherwise *why says what is wrong. */
extern bool segment_coreset_valid(const Coreset *coreset, const char **why);

/* Bytes of the stored form. */
extern Size segment_coreset_size(SegmentCoresetMode mode, int dims, int items);

/*
 * The smallest difference between two values of a feature (from 0), in the user's units; 0 if it has one value only.
 * In a compressed coreset it is that of the points before the compression.
 */
extern double segment_feature_resolution(const Coreset *coreset, int feature);

/* Options that take a word, in the order of their enums. */
extern const SegmentOption segment_transform_option;
extern const SegmentOption segment_fit_transform_option; /* with a word more: the coreset's own */
extern const SegmentOption segment_nulls_option;
extern const SegmentOption segment_scale_option;
extern const SegmentOption segment_covariance_option; /* 1: full */

#endif
