/*
 * model.c: the SQL types btyd_model, spend_model and renewal_model: one struct, three types, so that the parser tells
 * them apart.
 *
 * The text form is a flat JSON object, as of all models:
 *     {"model":"mbgnbd","covariates":0,"unit":7,"with_first":false,"params":[0.52,6.18,0.89,1.61],"status":"converged",
 *      "warnings":0,"customers":2357,"histories":1016, ...,"covariance":[0.0069, ...]}
 * without covariance if there is none.
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
#include "core/message.h"
#include "core/option.h"
#include "ledger/ledger.h"
#include "math/btyd_fit.h"
#include "math/json_text.h"
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
	"given",   "converged",	 "boundary",	 "flat likelihood", "maximum of iterations", "gradient not zero",
	"stopped", "no optimum", "nobody leaves"};

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

/* Numbers of a covariance by its lower triangle. */
static int
covariance_size(int n_params)
{
	return n_params * (n_params + 1) / 2;
}

static Size
model_size(int n_params, bool has_covariance)
{
	return offsetof(ClvModel, params) + (n_params + (has_covariance ? covariance_size(n_params) : 0)) * sizeof(double);
}

ClvModel *
segment_clv_new(int kind, int n_covariates, bool has_covariance)
{
	int n = segment_clv_natural(kind) + 2 * n_covariates;
	Size size = model_size(n, has_covariance);
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

/* Bounds of the parameters, which every fit respects. */
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
			return "Parameters must be positive and finite, coefficients within +/-1000000.";
	if (model->n_covariates > 0 && (segment_clv_family(model->kind) != CLV_BTYD_MODEL || model->kind == SEGMENT_BGBB ||
									model->kind == SEGMENT_NBD))
		return "A model of this kind has no covariates.";
	if (segment_clv_family(model->kind) == CLV_BTYD_MODEL ? !(model->unit >= 1.0 / 86400 && model->unit <= 36525)
														  : model->unit != 0)
		return "The unit must be one second to 100 years.";
	if (model->status >= lengthof(status_name) || model->with_first > 1 ||
		(model->with_first == 1 && model->kind != CLV_GAMMA_GAMMA))
		return "The status or a mark is out of range.";
	if (model->customers < 0 || model->skipped < 0 || model->n_histories < 0 || model->iterations < 0 ||
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

const char *
segment_clv_model_fault(const void *value)
{
	const ClvModel *model = value;

	if (model->version != SEGMENT_CLV_MODEL_VERSION || model->has_covariance > 1 ||
		model->n_params != segment_clv_natural(model->kind) + 2 * model->n_covariates ||
		VARSIZE(model) != model_size(model->n_params, model->has_covariance))
		return "The head of a model is none.";
	return find_fault(model);
}

/* A count that fits its field. */
static bool
read_small(const SegmentJson *json, const char *name, int highest, int *value)
{
	int64 count;

	if (!segment_json_count(json, name, 0, highest, &count))
		return false;
	*value = (int) count;
	return true;
}

/* The model of a text, or NULL. */
static ClvModel *
parse(const char *text, ClvFamily family)
{
	SegmentJson json;
	const char *kinds[CLV_KINDS];
	int kind;
	int n_covariates;
	bool with_first;
	int status;
	int warnings;
	size_t length;
	bool has_covariance;
	ClvModel *model;

	for (int i = 0; i < CLV_KINDS; i++)
		kinds[i] = segment_clv_kind_name(i + 1);
	if (!segment_json_parse(text, &json) || !segment_json_word(&json, "model", kinds, CLV_KINDS, &kind) ||
		segment_clv_family(++kind) != family ||
		!read_small(&json, "covariates", SEGMENT_BTYD_MAX_COVARIATES, &n_covariates) ||
		!segment_json_bool(&json, "with_first", &with_first))
		return NULL;
	has_covariance = segment_json_array_length(&json, "covariance", &length);
	model = segment_clv_new(kind, n_covariates, has_covariance);
	model->with_first = with_first;
	if (json.n_members != 16 + has_covariance || !segment_json_double(&json, "unit", &model->unit) ||
		!segment_json_array(&json, "params", model->params, model->n_params) ||
		!segment_json_word(&json, "status", status_name, lengthof(status_name), &status) ||
		!read_small(&json, "warnings", 255, &warnings) ||
		!segment_json_count(&json, "customers", 0, PG_INT64_MAX, &model->customers) ||
		!read_small(&json, "histories", PG_INT32_MAX, &model->n_histories) ||
		!segment_json_count(&json, "skipped", 0, PG_INT64_MAX, &model->skipped) ||
		!read_small(&json, "iterations", PG_INT32_MAX, &model->iterations) ||
		!read_small(&json, "evaluations", PG_INT32_MAX, &model->evaluations) ||
		!segment_json_double(&json, "log_likelihood", &model->log_likelihood) ||
		!segment_json_double(&json, "gradient", &model->gradient_norm) ||
		!segment_json_double(&json, "penalty", &model->penalty) ||
		!segment_json_double(&json, "correlation", &model->correlation))
		return NULL;
	if (has_covariance &&
		!segment_json_array(&json, "covariance", model->params + model->n_params, covariance_size(model->n_params)))
		return NULL;
	model->status = (uint8) status;
	model->warnings = (uint8) warnings;
	return model;
}

static Datum
model_in(FunctionCallInfo fcinfo, ClvFamily family)
{
	char *text = PG_GETARG_CSTRING(0);
	ClvModel *model = parse(text, family);
	const char *fault = "Expected is the JSON object that the type's output gives.";

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

Datum
segment_clv_model_out(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	Size numbers = 40 + model->n_params + covariance_size(model->n_params);
	char *text = palloc(numbers * (SEGMENT_NUMBER_TEXT + 2));
	char *at = segment_json_put_name(text, "model", true);

	at += sprintf(at, "\"%s\"", segment_clv_kind_name(model->kind));
	at = segment_json_put_count(at, "covariates", model->n_covariates);
	at = segment_json_put_double(at, "unit", model->unit);
	at = segment_json_put_bool(at, "with_first", model->with_first);
	at = segment_json_put_array(at, "params", model->params, model->n_params);
	at = segment_json_put_word(at, "status", status_name[model->status]);
	at = segment_json_put_count(at, "warnings", model->warnings);
	at = segment_json_put_count(at, "customers", model->customers);
	at = segment_json_put_count(at, "histories", model->n_histories);
	at = segment_json_put_count(at, "skipped", model->skipped);
	at = segment_json_put_count(at, "iterations", model->iterations);
	at = segment_json_put_count(at, "evaluations", model->evaluations);
	at = segment_json_put_double(at, "log_likelihood", model->log_likelihood);
	at = segment_json_put_double(at, "gradient", model->gradient_norm);
	at = segment_json_put_double(at, "penalty", model->penalty);
	at = segment_json_put_double(at, "correlation", model->correlation);
	if (model->has_covariance)
		at = segment_json_put_array(at, "covariance", clv_covariance(model), covariance_size(model->n_params));
	strcpy(at, "}");
	PG_RETURN_CSTRING(text);
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
	pq_sendint32(&buffer, (uint32) model->n_histories);
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
	SegmentCursor cursor = segment_message_cursor((StringInfo) PG_GETARG_POINTER(0));
	int version = (int) segment_take(&cursor, 1);
	int kind = (int) segment_take(&cursor, 1);
	int n_covariates = (int) segment_take(&cursor, 1);
	int has_covariance = (int) segment_take(&cursor, 1);
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
	model->status = (uint8) segment_take(&cursor, 1);
	model->warnings = (uint8) segment_take(&cursor, 1);
	model->with_first = (uint8) segment_take(&cursor, 1);
	model->iterations = (int32) segment_take(&cursor, 4);
	model->evaluations = (int32) segment_take(&cursor, 4);
	model->n_histories = (int32) segment_take(&cursor, 4);
	model->customers = (int64) segment_take(&cursor, 8);
	model->skipped = (int64) segment_take(&cursor, 8);
	model->unit = segment_positive_zero(segment_take_double(&cursor));
	model->log_likelihood = segment_positive_zero(segment_take_double(&cursor));
	model->gradient_norm = segment_positive_zero(segment_take_double(&cursor));
	model->penalty = segment_positive_zero(segment_take_double(&cursor));
	model->correlation = segment_positive_zero(segment_take_double(&cursor));
	n = model->n_params + (has_covariance ? model->n_params * (model->n_params + 1) / 2 : 0);
	for (int i = 0; i < n; i++)
		model->params[i] = segment_positive_zero(segment_take_double(&cursor));
	segment_end_message(&cursor, family_name[family]);
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
