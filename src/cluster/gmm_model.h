/*
 * gmm_model.h: a fitted mixture of normal distributions as a value. Private to the room.
 */
#ifndef SEGMENT_CLUSTER_GMM_MODEL_H
#define SEGMENT_CLUSTER_GMM_MODEL_H

#include "cluster/model.h"
#include "math/gmm.h"

/* Most components of a mixture: more would not describe customers, and fits are linear in this. */
#define SEGMENT_MAX_COMPONENTS 100

/*
 * The stored form. data: shift, spread, mean of the space (dims doubles each); weights, floors (k each; 1: a variance
 * of the component stands at its floor); means (k x dims, scaled); covariances (k x SEGMENT_COVARIANCE_SIZE, scaled).
 */
typedef struct GmmModel
{
	int32 vl_len_;
	uint8 version;
	uint8 transform;
	uint8 nulls;
	uint8 scale;
	uint8 full; /* 1: full covariances */
	uint8 exact;
	uint8 converged;
	uint8 reserved; /* 0 */
	int32 k;
	int32 dims;
	int32 points;
	int32 iterations;
	int32 pad; /* 0 */
	int64 seed;
	int64 rows;
	double weight;
	double log_likelihood; /* of all vectors, in transformed, not scaled, units */
	double data[FLEXIBLE_ARRAY_MEMBER];
} GmmModel;

/* What is wrong with a value; NULL if nothing is. */
extern const char *segment_gmm_model_fault(const void *value);

#define PG_GETARG_GMM_MODEL(n) SEGMENT_CHECKED(GmmModel, PG_DETOAST_DATUM(PG_GETARG_DATUM(n)), segment_gmm_model_fault)

static inline double *
segment_gmm_shift(const GmmModel *model)
{
	return (double *) model->data;
}

static inline double *
segment_gmm_weights(const GmmModel *model)
{
	return (double *) model->data + 3 * model->dims;
}

static inline double *
segment_gmm_floors(const GmmModel *model)
{
	return segment_gmm_weights(model) + model->k;
}

static inline double *
segment_gmm_means(const GmmModel *model)
{
	return segment_gmm_floors(model) + model->k;
}

static inline double *
segment_gmm_covariances(const GmmModel *model)
{
	return segment_gmm_means(model) + (Size) model->k * model->dims;
}

/* An empty model of this size in the current context. */
extern GmmModel *segment_gmm_make(int k, int dims, bool full);

/* Number of free parameters, and the criteria: less is better. */
extern int segment_gmm_parameters(const GmmModel *model);
extern double segment_gmm_bic(const GmmModel *model);
extern double segment_gmm_aic(const GmmModel *model);

/* How many components stand at the variance floor. */
extern int segment_gmm_floored(const GmmModel *model);

/* Options of a fit. */
typedef struct GmmFitOptions
{
	int k;
	bool full;
	SegmentScale scale;
	int64 seed;
	int max_iter;
	double tolerance;
} GmmFitOptions;

/* Fits a mixture; 22023 if k exceeds the number of distinct points. */
extern GmmModel *segment_fit_gmm(const Coreset *coreset, int transform, const GmmFitOptions *options);

#endif
