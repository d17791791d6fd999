/*
 * model.c: the SQL types btyd_model, spend_model and renewal_model: one struct, three types, so that the parser tells
 * them apart.
 *
 * Text form: words and numbers in a fixed order, first the kind:
 *     mbgnbd covariates 0 unit 7 with_first 0 params 0.52 6.18 0.89 1.61 status 1 warnings 0 customers 2357 cells 1016
 *     skipped 0 iterations 22 evaluations 44 log_likelihood -9582.1 gradient 1e-15 penalty 0 correlation 0
 *     covariance 0.0069 …
 * where covariance is left out if there is none.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "clv/clv.h"
#include "core/error.h"
#include "core/option.h"
#include "ledger/ledger.h"
#include "math/btyd_fit.h"
#include "math/text.h"

PG_FUNCTION_INFO_V1(segment_btyd_model_in);
PG_FUNCTION_INFO_V1(segment_spend_model_in);
PG_FUNCTION_INFO_V1(segment_renewal_model_in);
PG_FUNCTION_INFO_V1(segment_btyd_model_recv);
PG_FUNCTION_INFO_V1(segment_spend_model_recv);
PG_FUNCTION_INFO_V1(segment_renewal_model_recv);
PG_FUNCTION_INFO_V1(segment_clv_model_out);
PG_FUNCTION_INFO_V1(segment_clv_model_send);
PG_FUNCTION_INFO_V1(segment_btyd_model_make);
PG_FUNCTION_INFO_V1(segment_spend_model_make);
PG_FUNCTION_INFO_V1(segment_renewal_model_make);

#define FAMILIES 3

static const char *const family_name[FAMILIES] = {"btyd_model", "spend_model", "renewal_model"};

static const char *const status_name[] = {
	"given",   "converged", "boundary", "flat likelihood", "maximum of iterations", "gradient not zero",
	"stopped", "no optimum"};

ClvFamily
segment_clv_family(int kind)
{
	return kind == CLV_GAMMA_GAMMA ? CLV_SPEND_MODEL : kind == CLV_SBG ? CLV_RENEWAL_MODEL : CLV_BTYD_MODEL;
}

const char *
segment_clv_kind_name(int kind)
{
	return kind == CLV_GAMMA_GAMMA ? "gamma_gamma" : kind == CLV_SBG ? "sbg" : segment_btyd_names[kind - SEGMENT_NBD];
}

SegmentBtydKind
segment_btyd_kind_of(const text *word)
{
	static const SegmentOption option = {"model", segment_btyd_names, SEGMENT_BTYD_KINDS,
										 "mbgnbd and pareto_nbd fit most shops, bgbb one chance to buy a period."};

	return (SegmentBtydKind) (SEGMENT_NBD + segment_option_of(&option, word));
}

int
segment_clv_natural(int kind)
{
	return kind == CLV_GAMMA_GAMMA ? 3 : kind == CLV_SBG ? 2 : segment_btyd_n_params((SegmentBtydKind) kind);
}

const char *
segment_clv_param_name(const ClvModel *model, int i, char *buffer)
{
	static const char *const spend[3] = {"p", "q", "v"};
	static const char *const renewal[2] = {"alpha", "beta"};
	int natural = segment_clv_natural(model->kind);

	if (i >= natural)
	{
		int covariate = i - natural;

		snprintf(buffer, 32, "%s_%d", covariate < model->n_covariates ? "rate" : "leave",
				 covariate % model->n_covariates + 1);
		return buffer;
	}
	return model->kind == CLV_GAMMA_GAMMA ? spend[i]
		   : model->kind == CLV_SBG		  ? renewal[i]
										  : segment_btyd_param_name((SegmentBtydKind) model->kind, i);
}

const char *
segment_clv_status_name(int status)
{
	return status_name[status];
}

ClvModel *
segment_clv_new(int kind, int n_covariates, bool has_covariance)
{
	int n = segment_clv_natural(kind) + 2 * n_covariates;
	Size size = offsetof(ClvModel, params) + (n + (has_covariance ? n * (n + 1) / 2 : 0)) * sizeof(double);
	ClvModel *model = palloc0(size);

	SET_VARSIZE(model, size);
	model->version = SEGMENT_CLV_MODEL_VERSION;
	model->kind = (uint8) kind;
	model->n_params = (uint8) n;
	model->n_covariates = (uint8) n_covariates;
	model->has_covariance = has_covariance;
	return model;
}

SegmentBtydParams
segment_clv_params(const ClvModel *model)
{
	SegmentBtydParams params;
	int n = segment_clv_natural(model->kind);

	if (model->n_covariates > 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the model has covariates"),
						errdetail("It was fitted with %d covariates of each customer.", model->n_covariates),
						errhint("Pass with_covariates(model, customer's covariates) as the model.")));
	params.kind = (SegmentBtydKind) model->kind;
	for (int i = 0; i < SEGMENT_BTYD_MAX_PARAMS; i++)
		params.p[i] = i < n ? model->params[i] : 1;
	return params;
}

/* Parameters beyond these are at the wall of every fit. */
static bool
is_natural(double value)
{
	return value >= 1e-16 && value <= 1e16;
}

/* Why a model from outside is none, or NULL. */
static const char *
find_fault(const ClvModel *model)
{
	int natural = segment_clv_natural(model->kind);
	const double *covariance = clv_covariance(model);

	for (int i = 0; i < model->n_params; i++)
		if (i < natural ? !is_natural(model->params[i]) : !(fabs(model->params[i]) <= 1e6))
			return "Parameters must be positive and finite, coefficients within ±1000000.";
	if (model->n_covariates > 0 && (segment_clv_family(model->kind) != CLV_BTYD_MODEL || model->kind == SEGMENT_BGBB ||
									model->kind == SEGMENT_NBD))
		return "A model of this kind has no covariates.";
	if (segment_clv_family(model->kind) == CLV_BTYD_MODEL ? !(model->unit >= 1.0 / 86400 && model->unit <= 36525)
														  : model->unit != 0)
		return "The unit must be one second to 100 years.";
	if (model->status >= lengthof(status_name) || model->with_first > 1 ||
		(model->with_first == 1 && model->kind != CLV_GAMMA_GAMMA))
		return "The status or a mark is out of range.";
	if (model->customers < 0 || model->skipped < 0 || model->n_cells < 0 || model->iterations < 0 ||
		model->evaluations < 0)
		return "Counts must not be negative.";
	if (!isfinite(model->log_likelihood) || !isfinite(model->gradient_norm) || !isfinite(model->penalty) ||
		!(fabs(model->correlation) <= 1))
		return "All numbers must be finite.";
	for (int i = 0; i < model->n_params * (model->n_params + 1) / 2 && model->has_covariance; i++)
		if (!isfinite(covariance[i]))
			return "The covariance must be finite.";
	for (int i = 0; i < model->n_params && model->has_covariance; i++)
		if (covariance[SEGMENT_TRIANGLE(i, i)] < 0)
			return "Variances must not be negative.";
	return NULL;
}

static bool
parse_kind(const char **text, int *kind)
{
	for (*kind = 1; *kind <= CLV_KINDS; (*kind)++)
		if (segment_text_word(text, segment_clv_kind_name(*kind)))
			return true;
	return false;
}

static bool
parse_small(const char **text, const char *word, int highest, int *value)
{
	int64 count;

	if (!segment_text_word(text, word) || !segment_text_count(text, &count) || count > highest)
		return false;
	*value = (int) count;
	return true;
}

static bool
parse_number(const char **text, const char *word, double *value)
{
	return segment_text_word(text, word) && segment_text_double(text, value);
}

static ClvModel *
parse(const char *text, ClvFamily family)
{
	int kind;
	int n_covariates;
	int with_first;
	int status;
	int warnings;
	double unit;
	ClvModel *model;
	ClvModel *whole;

	if (!parse_kind(&text, &kind) || segment_clv_family(kind) != family ||
		!parse_small(&text, "covariates", SEGMENT_BTYD_MAX_COVARIATES, &n_covariates) ||
		!parse_number(&text, "unit", &unit) || !parse_small(&text, "with_first", 1, &with_first) ||
		!segment_text_word(&text, "params"))
		return NULL;
	model = segment_clv_new(kind, n_covariates, false);
	model->unit = unit;
	model->with_first = (uint8) with_first;
	for (int i = 0; i < model->n_params; i++)
		if (!segment_text_double(&text, &model->params[i]))
			return NULL;
	if (!parse_small(&text, "status", 255, &status) || !parse_small(&text, "warnings", 255, &warnings) ||
		!segment_text_word(&text, "customers") || !segment_text_count(&text, &model->customers) ||
		!parse_small(&text, "cells", PG_INT32_MAX, &model->n_cells) || !segment_text_word(&text, "skipped") ||
		!segment_text_count(&text, &model->skipped) ||
		!parse_small(&text, "iterations", PG_INT32_MAX, &model->iterations) ||
		!parse_small(&text, "evaluations", PG_INT32_MAX, &model->evaluations) ||
		!parse_number(&text, "log_likelihood", &model->log_likelihood) ||
		!parse_number(&text, "gradient", &model->gradient_norm) || !parse_number(&text, "penalty", &model->penalty) ||
		!parse_number(&text, "correlation", &model->correlation))
		return NULL;
	model->status = (uint8) status;
	model->warnings = (uint8) warnings;
	if (segment_text_end(&text))
		return model;
	whole = segment_clv_new(kind, n_covariates, true);
	memcpy((char *) whole + VARHDRSZ, (char *) model + VARHDRSZ, VARSIZE(model) - VARHDRSZ);
	whole->has_covariance = 1;
	if (!segment_text_word(&text, "covariance"))
		return NULL;
	for (int i = 0; i < whole->n_params * (whole->n_params + 1) / 2; i++)
		if (!segment_text_double(&text, &whole->params[whole->n_params + i]))
			return NULL;
	return segment_text_end(&text) ? whole : NULL;
}

static Datum
model_in(FunctionCallInfo fcinfo, ClvFamily family)
{
	char *text = PG_GETARG_CSTRING(0);
	ClvModel *model = parse(text, family);
	const char *fault = "Expected is what the type's output gave: the kind, then words and numbers.";

	if (model != NULL)
		fault = find_fault(model);
	if (fault != NULL)
	{
		segment_refuse_text(fcinfo->context, family_name[family], text, fault,
							psprintf("%s(...) makes a model from given parameters.", family_name[family]));
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(model);
}

Datum
segment_btyd_model_in(PG_FUNCTION_ARGS)
{
	return model_in(fcinfo, CLV_BTYD_MODEL);
}

Datum
segment_spend_model_in(PG_FUNCTION_ARGS)
{
	return model_in(fcinfo, CLV_SPEND_MODEL);
}

Datum
segment_renewal_model_in(PG_FUNCTION_ARGS)
{
	return model_in(fcinfo, CLV_RENEWAL_MODEL);
}

static void
append_number(StringInfo text, const char *word, double value)
{
	char number[SEGMENT_NUMBER_TEXT];

	segment_print_double(value, number);
	appendStringInfo(text, "%s %s", word, number);
}

Datum
segment_clv_model_out(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%s covariates %d", segment_clv_kind_name(model->kind), model->n_covariates);
	append_number(&text, " unit", model->unit);
	appendStringInfo(&text, " with_first %d params", model->with_first);
	for (int i = 0; i < model->n_params; i++)
		append_number(&text, "", model->params[i]);
	appendStringInfo(&text,
					 " status %d warnings %d customers " INT64_FORMAT " cells %d skipped " INT64_FORMAT
					 " iterations %d evaluations %d",
					 model->status, model->warnings, model->customers, model->n_cells, model->skipped,
					 model->iterations, model->evaluations);
	append_number(&text, " log_likelihood", model->log_likelihood);
	append_number(&text, " gradient", model->gradient_norm);
	append_number(&text, " penalty", model->penalty);
	append_number(&text, " correlation", model->correlation);
	if (model->has_covariance)
	{
		appendStringInfoString(&text, " covariance");
		for (int i = 0; i < model->n_params * (model->n_params + 1) / 2; i++)
			append_number(&text, "", clv_covariance(model)[i]);
	}
	PG_RETURN_CSTRING(text.data);
}

Datum
segment_clv_model_send(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	int n = model->n_params + (model->has_covariance ? model->n_params * (model->n_params + 1) / 2 : 0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, SEGMENT_CLV_MODEL_VERSION);
	pq_sendint8(&buffer, model->kind);
	pq_sendint8(&buffer, model->n_covariates);
	pq_sendint8(&buffer, model->has_covariance);
	pq_sendint8(&buffer, model->status);
	pq_sendint8(&buffer, model->warnings);
	pq_sendint8(&buffer, model->with_first);
	pq_sendint32(&buffer, (uint32) model->iterations);
	pq_sendint32(&buffer, (uint32) model->evaluations);
	pq_sendint32(&buffer, (uint32) model->n_cells);
	pq_sendint64(&buffer, model->customers);
	pq_sendint64(&buffer, model->skipped);
	pq_sendfloat8(&buffer, model->unit);
	pq_sendfloat8(&buffer, model->log_likelihood);
	pq_sendfloat8(&buffer, model->gradient_norm);
	pq_sendfloat8(&buffer, model->penalty);
	pq_sendfloat8(&buffer, model->correlation);
	for (int i = 0; i < n; i++)
		pq_sendfloat8(&buffer, model->params[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

static void
refuse_binary(ClvFamily family, const char *fault)
{
	segment_refuse_binary(family_name[family], fault);
}

static Datum
model_recv(FunctionCallInfo fcinfo, ClvFamily family)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	int version = pq_getmsgbyte(buffer);
	int kind = pq_getmsgbyte(buffer);
	int n_covariates = pq_getmsgbyte(buffer);
	int has_covariance = pq_getmsgbyte(buffer);
	ClvModel *model;
	const char *fault;
	int n;

	if (version != SEGMENT_CLV_MODEL_VERSION)
		refuse_binary(family, "The format version is unknown to this version of segment.");
	if (kind < 1 || kind > CLV_KINDS || segment_clv_family(kind) != family)
		refuse_binary(family, "The kind of model is unknown or of another type.");
	if (n_covariates > SEGMENT_BTYD_MAX_COVARIATES || has_covariance > 1)
		refuse_binary(family, "The number of covariates or a mark is out of range.");
	model = segment_clv_new(kind, n_covariates, has_covariance == 1);
	model->status = (uint8) pq_getmsgbyte(buffer);
	model->warnings = (uint8) pq_getmsgbyte(buffer);
	model->with_first = (uint8) pq_getmsgbyte(buffer);
	model->iterations = (int32) pq_getmsgint(buffer, 4);
	model->evaluations = (int32) pq_getmsgint(buffer, 4);
	model->n_cells = (int32) pq_getmsgint(buffer, 4);
	model->customers = pq_getmsgint64(buffer);
	model->skipped = pq_getmsgint64(buffer);
	model->unit = segment_positive_zero(pq_getmsgfloat8(buffer));
	model->log_likelihood = segment_positive_zero(pq_getmsgfloat8(buffer));
	model->gradient_norm = segment_positive_zero(pq_getmsgfloat8(buffer));
	model->penalty = segment_positive_zero(pq_getmsgfloat8(buffer));
	model->correlation = segment_positive_zero(pq_getmsgfloat8(buffer));
	n = model->n_params + (has_covariance ? model->n_params * (model->n_params + 1) / 2 : 0);
	for (int i = 0; i < n; i++)
		model->params[i] = segment_positive_zero(pq_getmsgfloat8(buffer));
	fault = find_fault(model);
	if (fault != NULL)
		refuse_binary(family, fault);
	return PointerGetDatum(model);
}

Datum
segment_btyd_model_recv(PG_FUNCTION_ARGS)
{
	return model_recv(fcinfo, CLV_BTYD_MODEL);
}

Datum
segment_spend_model_recv(PG_FUNCTION_ARGS)
{
	return model_recv(fcinfo, CLV_SPEND_MODEL);
}

Datum
segment_renewal_model_recv(PG_FUNCTION_ARGS)
{
	return model_recv(fcinfo, CLV_RENEWAL_MODEL);
}

static void
check_given(const ClvModel *model)
{
	const char *fault = find_fault(model);

	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid parameters of a model"),
				 errdetail("%s", fault), errhint("Pass the parameters in the order that model_parameters shows.")));
}

/* btyd_model(kind, parameters, unit): a model with given parameters. */
Datum
segment_btyd_model_make(PG_FUNCTION_ARGS)
{
	int kind = segment_btyd_kind_of(PG_GETARG_TEXT_PP(0));
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(1);
	int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	ClvModel *model;

	if (n != segment_clv_natural(kind) || array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("wrong number of parameters"),
				 errdetail("%s has %d, given are %d.", segment_clv_kind_name(kind), segment_clv_natural(kind), n),
				 errhint("Pass them in the order that model_parameters shows.")));
	model = segment_clv_new(kind, 0, false);
	model->unit = segment_unit_days(PG_GETARG_INTERVAL_P(2));
	memcpy(model->params, ARR_DATA_PTR(array), n * sizeof(double));
	check_given(model);
	PG_RETURN_POINTER(model);
}

/* spend_model(p, q, v, with_first) */
Datum
segment_spend_model_make(PG_FUNCTION_ARGS)
{
	ClvModel *model = segment_clv_new(CLV_GAMMA_GAMMA, 0, false);

	for (int i = 0; i < 3; i++)
		model->params[i] = PG_GETARG_FLOAT8(i);
	model->with_first = PG_GETARG_BOOL(3);
	check_given(model);
	if (model->params[1] <= 1)
		model->warnings |= CLV_WARN_NO_MEAN;
	PG_RETURN_POINTER(model);
}

/* renewal_model(alpha, beta) */
Datum
segment_renewal_model_make(PG_FUNCTION_ARGS)
{
	ClvModel *model = segment_clv_new(CLV_SBG, 0, false);

	for (int i = 0; i < 2; i++)
		model->params[i] = PG_GETARG_FLOAT8(i);
	check_given(model);
	PG_RETURN_POINTER(model);
}
