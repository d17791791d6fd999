/*
 * gmm_type.c: gmm_model as a type. Its text form is a JSON object; binary is a version byte and the text.
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "core/error.h"
#include "core/message.h"
#include "core/option.h"
#include "math/json_text.h"
#include "math/text.h"

#include "cluster/gmm_model.h"

static Size
gmm_size(int k, int dims, bool full)
{
	return offsetof(GmmModel, data) +
		   sizeof(double) * (3 * dims + 2 * k + (Size) k * dims + (Size) k * SEGMENT_COVARIANCE_SIZE(dims, full));
}

GmmModel *
segment_gmm_make(int k, int dims, bool full)
{
	Size size = gmm_size(k, dims, full);
	GmmModel *model = palloc0(size);

	SET_VARSIZE(model, size);
	model->version = SEGMENT_MODEL_VERSION;
	model->k = k;
	model->dims = dims;
	model->full = full;
	return model;
}

/* True if the numbers of a model are consistent. */
static bool
gmm_valid(const GmmModel *model)
{
	const double *spread = segment_gmm_shift(model) + model->dims;
	int size = SEGMENT_COVARIANCE_SIZE(model->dims, model->full);
	double *scratch = segment_palloc_array(double, size);
	double sum = 0.0;
	int c;
	int j;

	if (!(model->weight > 0.0))
		return false;
	for (j = 0; j < model->dims; j++)
		if (!(spread[j] > 0.0 && isfinite(1.0 / spread[j])))
			return false;
	for (c = 0; c < model->k; c++)
	{
		double floored = segment_gmm_floors(model)[c];

		if (!(segment_gmm_weights(model)[c] > 0.0) || (floored != 0.0 && floored != 1.0) ||
			!segment_covariance_valid(segment_gmm_covariances(model) + (Size) c * size, model->dims, model->full,
									  scratch))
			return false;
		sum += segment_gmm_weights(model)[c];
	}
	return fabs(sum - 1.0) < 1e-6;
}

const char *
segment_gmm_model_fault(const void *value)
{
	const GmmModel *model = value;

	if (model->version != SEGMENT_MODEL_VERSION || model->k < 1 || model->k > SEGMENT_MAX_COMPONENTS ||
		model->dims < 1 || model->dims > SEGMENT_MAX_FEATURES ||
		VARSIZE(model) != gmm_size(model->k, model->dims, model->full))
		return "The head of a gmm_model is none.";
	for (Size i = 0; i < (VARSIZE(model) - offsetof(GmmModel, data)) / sizeof(double); i++)
		if (!isfinite(model->data[i]))
			return "The numbers of a gmm_model make no sense together.";
	return gmm_valid(model) ? NULL : "The numbers of a gmm_model make no sense together.";
}

/* The model of a text; NULL if it is none. */
static GmmModel *
read_gmm(const char *text)
{
	SegmentJson json;
	GmmModel *model;
	size_t dims;
	size_t k;
	int transform;
	int nulls;
	int scale;
	int full;
	bool exact;
	bool converged;
	int64_t points;
	int64_t iterations;
	int64_t seed;
	int64_t rows;

	if (!segment_json_parse(text, &json) || json.n_members != 19 || !segment_json_array_length(&json, "shift", &dims) ||
		dims < 1 || dims > SEGMENT_MAX_FEATURES || !segment_json_array_length(&json, "weights", &k) || k < 1 ||
		k > SEGMENT_MAX_COMPONENTS || !segment_json_option(&json, &segment_transform_option, &transform) ||
		!segment_json_option(&json, &segment_nulls_option, &nulls) ||
		!segment_json_option(&json, &segment_scale_option, &scale) ||
		!segment_json_option(&json, &segment_covariance_option, &full) || !segment_json_bool(&json, "exact", &exact) ||
		!segment_json_bool(&json, "converged", &converged) ||
		!segment_json_count(&json, "points", 1, PG_INT32_MAX, &points) ||
		!segment_json_count(&json, "iterations", 0, PG_INT32_MAX, &iterations) ||
		!segment_json_count(&json, "seed", 0, PG_INT64_MAX, &seed) ||
		!segment_json_count(&json, "rows", 1, PG_INT64_MAX, &rows))
		return NULL;
	model = segment_gmm_make((int) k, (int) dims, full);
	model->transform = transform;
	model->nulls = nulls;
	model->scale = scale;
	model->exact = exact;
	model->converged = converged;
	model->points = points;
	model->iterations = iterations;
	model->seed = seed;
	model->rows = rows;
	if (!segment_json_double(&json, "weight", &model->weight) ||
		!segment_json_double(&json, "log_likelihood", &model->log_likelihood) ||
		!segment_json_array(&json, "shift", segment_gmm_shift(model), dims) ||
		!segment_json_array(&json, "spread", segment_gmm_shift(model) + dims, dims) ||
		!segment_json_array(&json, "mean", segment_gmm_shift(model) + 2 * dims, dims) ||
		!segment_json_array(&json, "weights", segment_gmm_weights(model), k) ||
		!segment_json_array(&json, "floors", segment_gmm_floors(model), k) ||
		!segment_json_array(&json, "means", segment_gmm_means(model), k * dims) ||
		!segment_json_array(&json, "covariances", segment_gmm_covariances(model),
							k * SEGMENT_COVARIANCE_SIZE(dims, full)) ||
		!gmm_valid(model))
		return NULL;
	return model;
}

/* The text of a model. */
static char *
write_gmm(const GmmModel *model)
{
	Size size = (Size) model->k * SEGMENT_COVARIANCE_SIZE(model->dims, model->full);
	Size numbers = 40 + 3 * model->dims + 2 * model->k + (Size) model->k * model->dims + size;
	char *text = palloc(numbers * (SEGMENT_NUMBER_TEXT + 2));
	char *at = segment_json_put_name(text, "transform", true);
	int dims = model->dims;

	at += sprintf(at, "\"%s\"", segment_transform_option.words[model->transform]);
	at = segment_json_put_word(at, "scale", segment_scale_option.words[model->scale]);
	at = segment_json_put_word(at, "nulls", segment_nulls_option.words[model->nulls]);
	at = segment_json_put_word(at, "covariance", segment_covariance_option.words[model->full]);
	at = segment_json_put_bool(at, "exact", model->exact);
	at = segment_json_put_bool(at, "converged", model->converged);
	at = segment_json_put_count(at, "iterations", model->iterations);
	at = segment_json_put_count(at, "seed", model->seed);
	at = segment_json_put_count(at, "points", model->points);
	at = segment_json_put_count(at, "rows", model->rows);
	at = segment_json_put_double(at, "weight", model->weight);
	at = segment_json_put_double(at, "log_likelihood", model->log_likelihood);
	at = segment_json_put_array(at, "shift", segment_gmm_shift(model), dims);
	at = segment_json_put_array(at, "spread", segment_gmm_shift(model) + dims, dims);
	at = segment_json_put_array(at, "mean", segment_gmm_shift(model) + 2 * dims, dims);
	at = segment_json_put_array(at, "weights", segment_gmm_weights(model), model->k);
	at = segment_json_put_array(at, "floors", segment_gmm_floors(model), model->k);
	at = segment_json_put_array(at, "means", segment_gmm_means(model), (Size) model->k * dims);
	at = segment_json_put_array(at, "covariances", segment_gmm_covariances(model), size);
	strcpy(at, "}");
	return text;
}

PG_FUNCTION_INFO_V1(segment_gmm_model_in);

/* Text input; 22P02 for anything but a model. */
Datum
segment_gmm_model_in(PG_FUNCTION_ARGS)
{
	GmmModel *model = read_gmm(PG_GETARG_CSTRING(0));

	if (!model)
	{
		segment_refuse_text(fcinfo->context, "gmm_model", PG_GETARG_CSTRING(0),
							"The text is not the JSON object of a model, or its numbers make no sense together.",
							"Make models with gmm.");
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(model);
}

PG_FUNCTION_INFO_V1(segment_gmm_model_out);

/* Text output. */
Datum
segment_gmm_model_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(write_gmm(PG_GETARG_GMM_MODEL(0)));
}

PG_FUNCTION_INFO_V1(segment_gmm_model_recv);

/* Binary input. 22P03 for anything that send does not write. */
Datum
segment_gmm_model_recv(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor = segment_message_cursor((StringInfo) PG_GETARG_POINTER(0));
	int version = (int) segment_take(&cursor, 1);
	const char *text = segment_take_text(&cursor, segment_cursor_left(&cursor));
	GmmModel *model = version == SEGMENT_MODEL_VERSION && text != NULL ? read_gmm(text) : NULL;

	if (!model)
		segment_refuse_binary("gmm_model",
							  psprintf("It is not version %d, or its text is no model.", SEGMENT_MODEL_VERSION));
	PG_RETURN_POINTER(model);
}

PG_FUNCTION_INFO_V1(segment_gmm_model_send);

/* Binary output. */
Datum
segment_gmm_model_send(PG_FUNCTION_ARGS)
{
	const char *text = write_gmm(PG_GETARG_GMM_MODEL(0));
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendbyte(&message, SEGMENT_MODEL_VERSION);
	pq_sendbytes(&message, text, strlen(text));
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

PG_FUNCTION_INFO_V1(segment_gmm_model_to_jsonb);

/* The model as jsonb. */
Datum
segment_gmm_model_to_jsonb(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(write_gmm(PG_GETARG_GMM_MODEL(0)))));
}

PG_FUNCTION_INFO_V1(segment_gmm_model_from_jsonb);

/* A model from jsonb. 22023 if it is none. */
Datum
segment_gmm_model_from_jsonb(PG_FUNCTION_ARGS)
{
	GmmModel *model = read_gmm(DatumGetCString(DirectFunctionCall1(jsonb_out, PG_GETARG_DATUM(0))));

	if (!model)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("jsonb value is no gmm_model"),
						errdetail("A member is missing, unknown or out of range."),
						errhint("Cast a gmm_model to jsonb to see its form.")));
	PG_RETURN_POINTER(model);
}
