/*
 * model.h: fitted clusters as a value, and the space in which distances are taken. Private to the room.
 *
 * A feature x becomes y = (t(x) - shift) * (1 / spread), t being the model's transform. Centroids stand in that scaled
 * space; users see them mapped back.
 */
#ifndef SEGMENT_CLUSTER_MODEL_H
#define SEGMENT_CLUSTER_MODEL_H

#include "cluster/coreset.h"
#include "math/json_text.h"
#include "math/kmeans.h"

#define SEGMENT_MAX_CLUSTERS 1000
#define SEGMENT_MODEL_VERSION 1

typedef enum SegmentScale
{
	SEGMENT_SCALE_STANDARD = 0, /* shift mean, spread standard deviation (of the population) */
	SEGMENT_SCALE_ROBUST = 1,	/* shift median, spread interquartile range / 1.349 */
	SEGMENT_SCALE_NONE = 2
} SegmentScale;

/* What is done to the features. */
typedef struct Space
{
	int dims;
	SegmentTransform transform;
	SegmentNulls nulls;
	SegmentScale scale;
	double shift[SEGMENT_MAX_FEATURES];
	double spread[SEGMENT_MAX_FEATURES];
	double inverse[SEGMENT_MAX_FEATURES]; /* 1 / spread */
	double mean[SEGMENT_MAX_FEATURES];	  /* of the transformed feature: what a NULL is taken for */
} Space;

/*
 * The stored form. data: shift, spread, mean (dims doubles each); labels, weights, inertias (k each); centroids
 * (k x dims, scaled), cluster by cluster.
 */
typedef struct KmeansModel
{
	int32 vl_len_;
	uint8 version;
	uint8 transform; /* SegmentTransform */
	uint8 nulls;	 /* SegmentNulls */
	uint8 scale;	 /* SegmentScale */
	uint8 exact;	 /* 1: fitted on all distinct points, nothing was compressed */
	uint8 stop;		 /* SegmentKmeansStop */
	uint16 reserved; /* 0 */
	int32 k;
	int32 dims;
	int32 points; /* distinct points or micro-clusters that it was fitted on */
	int32 iterations;
	int32 starts;
	int32 swaps;
	int32 last_label; /* the highest label that this model or a predecessor of its labels has given */
	int64 seed;
	int64 rows;		/* vectors behind the coreset */
	double weight;	/* their total weight */
	double inertia; /* weighted sum of squared distances, scaled; an upper bound if not exact */
	double total;	/* the same about the common mean */
	double data[FLEXIBLE_ARRAY_MEMBER];
} KmeansModel;

/* What is wrong with a value; NULL if nothing is. */
extern const char *segment_kmeans_model_fault(const void *value);

#define DatumGetKmeansModel(datum) SEGMENT_CHECKED(KmeansModel, PG_DETOAST_DATUM(datum), segment_kmeans_model_fault)
#define PG_GETARG_KMEANS_MODEL(n) DatumGetKmeansModel(PG_GETARG_DATUM(n))

/* The arrays of a model. */
static inline double *
segment_model_shift(const KmeansModel *model)
{
	return (double *) model->data;
}

static inline double *
segment_model_labels(const KmeansModel *model)
{
	return (double *) model->data + 3 * model->dims;
}

static inline double *
segment_model_weights(const KmeansModel *model)
{
	return segment_model_labels(model) + model->k;
}

static inline double *
segment_model_inertias(const KmeansModel *model)
{
	return segment_model_labels(model) + 2 * model->k;
}

static inline double *
segment_model_centroids(const KmeansModel *model)
{
	return segment_model_labels(model) + 3 * model->k;
}

/* An empty model of this size in the current context. */
extern KmeansModel *segment_model_make(int k, int dims);

/* The model of a text, NULL if it is none; and back. */
extern KmeansModel *segment_model_read(const char *text);
extern char *segment_model_write(const KmeansModel *model);

/* The place of the word that an option's member is, in the text form of a model; false if it is none of its words. */
static inline bool
segment_json_option(const SegmentJson *json, const SegmentOption *option, int *value)
{
	return segment_json_word(json, option->name, option->words, option->n_words, value);
}

/* The space of a model. */
extern void segment_model_space(const KmeansModel *model, Space *space);

/* A coordinate of the scaled space in the user's units. */
static inline double
segment_space_back(const Space *space, int feature, double y)
{
	return segment_transform_back(space->transform, y * space->spread[feature] + space->shift[feature]);
}

/*
 * Scales one vector in place (NaN: NULL). False if it has a NULL and the policy is skip; 22004 if the policy is error,
 * 22003 if a value is too large for the space.
 */
extern bool segment_space_enter(const Space *space, double *x);

/* Points of a coreset in a scaled space, ready to be fitted on. */
typedef struct FitPoints
{
	Space space;
	SegmentPoints points;
	double *within;	   /* points.n: scaled sum of squares within the item, all 0 if nothing was compressed */
	double *deviation; /* points.n x dims, dimension by dimension: the same by feature; NULL if all are 0 */
	double inner;	   /* sum of within */
	double total;	   /* sum of squares about the mean, with inner */
	bool exact;
	Size memory; /* bytes of the whole fit, which were checked */
} FitPoints;

/* Behind the transforms: that of the coreset. */
#define SEGMENT_STORED_TRANSFORM SEGMENT_TRANSFORMS

/*
 * Prepares a coreset for fits. transform: SEGMENT_STORED_TRANSFORM, or another one: 0A000 if the coreset is compressed
 * with another one. extra: bytes that the fit will need beside: 53400 if all of it is more than maintenance_work_mem.
 */
extern FitPoints *segment_fit_points(const Coreset *coreset, int transform, SegmentScale scale, const char *what,
									 Size extra);

/* Where and how far: the answer of segment_model_locate. Distances are in the scaled space. */
typedef struct Place
{
	int cluster;			/* position among the centroids, from 0 */
	int second;				/* -1 if there is one centroid only */
	double distance;		/* squared */
	double second_distance; /* squared */
} Place;

/* A model unpacked for many vectors; see segment_model_argument. */
typedef struct ModelCache
{
	Space space;
	int k;
	const KmeansModel *model;
	const double *centroids;
	Size raw_size; /* the argument's bytes as they were passed */
	char *raw;
	const void *state; /* an aggregate's state that was found to be of this model; may be gone */
} ModelCache;

/*
 * The unpacked model that is argument arg, kept between the calls of one query in fn_extra and unpacked anew when the
 * argument's bytes change.
 */
extern ModelCache *segment_model_argument(FunctionCallInfo fcinfo, int arg);

/* Unpacks a model that stays where it is. */
extern void segment_model_unpack(ModelCache *cache, const KmeansModel *model);

/*
 * Scales a vector of features in place and finds its nearest centroids; false for a NULL under policy skip. 22023 if
 * dims is not the model's.
 */
extern bool segment_model_locate(const ModelCache *cache, double *x, int dims, Place *place);

/* The label of a centroid. */
static inline int32
segment_model_label(const KmeansModel *model, int cluster)
{
	return (int32) segment_model_labels(model)[cluster];
}

/* Options of a fit as SQL has them. starts or swaps below 0: as many as the size of the problem asks for. */
typedef struct FitOptions
{
	int k;
	SegmentScale scale;
	int64 seed;
	int starts;
	int swaps;
	int max_iter;
	double tolerance;
} FitOptions;

/* Fits a model; 22023 if k exceeds the number of distinct points. */
extern KmeansModel *segment_fit_model(const Coreset *coreset, int transform, const FitOptions *options);

/* Stops unless a coreset holds vectors. */
extern void segment_check_not_empty(const Coreset *coreset);

#endif
