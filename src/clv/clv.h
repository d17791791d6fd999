/*
 * clv.h: fitted models of the room clv. Other rooms read them through this header.
 */
#ifndef SEGMENT_CLV_CLV_H
#define SEGMENT_CLV_CLV_H

#include "core/compat.h"

#include "core/checked.h"
#include "math/btyd.h"
#include "math/fit.h"

#define SEGMENT_CLV_MODEL_VERSION 1

/* Kinds 1 to 5 are those of SegmentBtydKind. */
#define CLV_GAMMA_GAMMA 6
#define CLV_SBG 7
#define CLV_KINDS 7

typedef enum ClvFamily
{
	CLV_BTYD_MODEL,
	CLV_SPEND_MODEL,
	CLV_RENEWAL_MODEL
} ClvFamily;

/* Status of a model whose parameters were given, not fitted; otherwise a SegmentFitStatus. */
#define CLV_GIVEN 0

/* Warnings, bits. */
#define CLV_WARN_NOT_CONVERGED 1
#define CLV_WARN_BOUNDARY 2
#define CLV_WARN_FLAT 4
#define CLV_WARN_NO_MEAN 8		 /* Gamma-Gamma with q <= 1: the population has no mean spend */
#define CLV_WARN_CORRELATED 16	 /* frequency and spend are correlated, against the model's assumption */
#define CLV_WARN_NO_REPEATERS 32 /* ... and so no optimum */
#define CLV_WARN_NOBODY_LEAVES 64

/* A fitted model; the parameters follow, then, if there is one, the lower triangle of their covariance by rows. */
typedef struct ClvModel
{
	int32 vl_len_;
	uint8 version; /* SEGMENT_CLV_MODEL_VERSION */
	uint8 kind;
	uint8 status;
	uint8 n_params; /* natural parameters and coefficients of covariates */
	uint8 n_covariates;
	uint8 has_covariance;
	uint8 warnings;
	uint8 with_first; /* gamma_gamma: fitted on spend with the first purchase */
	int32 iterations;
	int32 evaluations;
	int32 n_histories;
	int64 customers;
	int64 skipped; /* customers that could not be used */
	double unit;   /* days; 0 where there is none */
	double log_likelihood;
	double gradient_norm;
	double penalty;
	double correlation; /* gamma_gamma: of number of purchases and mean spend; else 0 */
	double params[FLEXIBLE_ARRAY_MEMBER];
} ClvModel;

/* What is wrong with a value; NULL if nothing is. */
extern const char *segment_clv_model_fault(const void *value);

#define DatumGetClvModel(datum) SEGMENT_CHECKED(ClvModel, PG_DETOAST_DATUM(datum), segment_clv_model_fault)
#define PG_GETARG_CLV_MODEL(n) DatumGetClvModel(PG_GETARG_DATUM(n))

static inline const double *
clv_covariance(const ClvModel *model)
{
	return model->params + model->n_params;
}

extern ClvFamily segment_clv_family(int kind);

/* "mbgnbd", "gamma_gamma", ... */
extern const char *segment_clv_kind_name(int kind);

/* The model of customers' orders with this name; 22023 for another word. */
extern SegmentBtydKind segment_btyd_kind_of(const text *word);

/* Natural parameters of a kind, without coefficients. */
extern int segment_clv_natural(int kind);

/* Name of parameter i: "r", "rate_1" (first covariate's effect on the rate), "leave_1". buffer: 32 bytes. */
extern const char *segment_clv_param_name(const ClvModel *model, int i, char *buffer);

/* Why it stopped: "converged", "boundary", ... */
extern const char *segment_clv_status_name(int status);

/* A model without parameters set: zeroed, sized, kind and counts of parameters filled. */
extern ClvModel *segment_clv_new(int kind, int n_covariates, bool has_covariance);

/* A transaction model's parameters for a customer without covariates; 22023 if the model has some. */
extern SegmentBtydParams segment_clv_params(const ClvModel *model);

#endif
