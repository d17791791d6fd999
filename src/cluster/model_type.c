/*
 * model_type.c: kmeans_model as a type. Its text form is a JSON object; binary is a version byte and the text.
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

#include "cluster/model.h"

static const char *const stop_words[] = {"converged", "tolerance", "max_iter"};

static Size
model_size(int k, int dims)
{
	return offsetof(KmeansModel, data) + sizeof(double) * (3 * dims + 3 * k + (Size) k * dims);
}

KmeansModel *
segment_model_make(int k, int dims)
{
	Size size = model_size(k, dims);
	KmeansModel *model = palloc0(size);

	SET_VARSIZE(model, size);
	model->version = SEGMENT_MODEL_VERSION;
	model->k = k;
	model->dims = dims;
	return model;
}

/* True if the numbers of a model are consistent. */
static bool
model_valid(const KmeansModel *model)
{
	const double *spread = segment_model_shift(model) + model->dims;
	const double *labels = segment_model_labels(model);
	int c;
	int i;

	if (!(model->weight > 0.0 && model->inertia >= 0.0 && model->total >= 0.0))
		return false;
	for (i = 0; i < model->dims; i++)
		if (!(spread[i] > 0.0 && isfinite(1.0 / spread[i])))
			return false;
	for (c = 0; c < model->k; c++)
	{
		if (!(labels[c] >= 1.0 && labels[c] <= model->last_label && labels[c] == floor(labels[c])))
			return false;
		for (i = 0; i < c; i++)
			if (labels[i] == labels[c])
				return false;
		if (!(segment_model_weights(model)[c] >= 0.0 && segment_model_inertias(model)[c] >= 0.0))
			return false;
	}
	return true;
}

const char *
segment_kmeans_model_fault(const void *value)
{
	const KmeansModel *model = value;

	if (model->version != SEGMENT_MODEL_VERSION || model->k < 1 || model->k > SEGMENT_MAX_CLUSTERS || model->dims < 1 ||
		model->dims > SEGMENT_MAX_FEATURES || VARSIZE(model) != model_size(model->k, model->dims))
		return "The head of a kmeans_model is none.";
	for (Size i = 0; i < (VARSIZE(model) - offsetof(KmeansModel, data)) / sizeof(double); i++)
		if (!isfinite(model->data[i]))
			return "The numbers of a kmeans_model make no sense together.";
	return model_valid(model) ? NULL : "The numbers of a kmeans_model make no sense together.";
}

KmeansModel *
segment_model_read(const char *text)
{
	SegmentJson json;
	KmeansModel *model;
	size_t dims;
	size_t k;
	int transform;
	int nulls;
	int scale;
	int stop;
	bool exact;
	int64_t points;
	int64_t iterations;
	int64_t starts;
	int64_t swaps;
	int64_t last;
	int64_t seed;
	int64_t rows;

	if (!segment_json_parse(text, &json) || !segment_json_array_length(&json, "shift", &dims) || dims < 1 ||
		dims > SEGMENT_MAX_FEATURES || !segment_json_array_length(&json, "labels", &k) || k < 1 ||
		k > SEGMENT_MAX_CLUSTERS || !segment_json_option(&json, &segment_transform_option, &transform) ||
		!segment_json_option(&json, &segment_nulls_option, &nulls) ||
		!segment_json_option(&json, &segment_scale_option, &scale) ||
		!segment_json_word(&json, "stop", stop_words, 3, &stop) || !segment_json_bool(&json, "exact", &exact) ||
		!segment_json_count(&json, "points", 1, PG_INT32_MAX, &points) ||
		!segment_json_count(&json, "iterations", 0, PG_INT32_MAX, &iterations) ||
		!segment_json_count(&json, "starts", 0, PG_INT32_MAX, &starts) ||
		!segment_json_count(&json, "swaps", 0, PG_INT32_MAX, &swaps) ||
		!segment_json_count(&json, "last_label", 1, PG_INT32_MAX, &last) ||
		!segment_json_count(&json, "seed", 0, PG_INT64_MAX, &seed) ||
		!segment_json_count(&json, "rows", 1, PG_INT64_MAX, &rows))
		return NULL;
	model = segment_model_make((int) k, (int) dims);
	model->transform = transform;
	model->nulls = nulls;
	model->scale = scale;
	model->exact = exact;
	model->stop = stop;
	model->points = points;
	model->iterations = iterations;
	model->starts = starts;
	model->swaps = swaps;
	model->last_label = last;
	model->seed = seed;
	model->rows = rows;
	if (!segment_json_double(&json, "weight", &model->weight) ||
		!segment_json_double(&json, "inertia", &model->inertia) ||
		!segment_json_double(&json, "total", &model->total) ||
		!segment_json_array(&json, "shift", segment_model_shift(model), dims) ||
		!segment_json_array(&json, "spread", segment_model_shift(model) + dims, dims) ||
		!segment_json_array(&json, "mean", segment_model_shift(model) + 2 * dims, dims) ||
		!segment_json_array(&json, "labels", segment_model_labels(model), k) ||
		!segment_json_array(&json, "weights", segment_model_weights(model), k) ||
		!segment_json_array(&json, "inertias", segment_model_inertias(model), k) ||
		!segment_json_array(&json, "centroids", segment_model_centroids(model), k * dims) || json.n_members != 22 ||
		!model_valid(model))
		return NULL;
	return model;
}

char *
segment_model_write(const KmeansModel *model)
{
	Size numbers = 40 + 3 * model->dims + 3 * model->k + (Size) model->k * model->dims;
	char *text = palloc(numbers * (SEGMENT_NUMBER_TEXT + 2));
	char *at = segment_json_put_name(text, "transform", true);

	at += sprintf(at, "\"%s\"", segment_transform_option.words[model->transform]);
	at = segment_json_put_word(at, "scale", segment_scale_option.words[model->scale]);
	at = segment_json_put_word(at, "nulls", segment_nulls_option.words[model->nulls]);
	at = segment_json_put_bool(at, "exact", model->exact);
	at = segment_json_put_word(at, "stop", stop_words[model->stop]);
	at = segment_json_put_count(at, "iterations", model->iterations);
	at = segment_json_put_count(at, "seed", model->seed);
	at = segment_json_put_count(at, "starts", model->starts);
	at = segment_json_put_count(at, "swaps", model->swaps);
	at = segment_json_put_count(at, "points", model->points);
	at = segment_json_put_count(at, "rows", model->rows);
	at = segment_json_put_double(at, "weight", model->weight);
	at = segment_json_put_double(at, "inertia", model->inertia);
	at = segment_json_put_double(at, "total", model->total);
	at = segment_json_put_count(at, "last_label", model->last_label);
	at = segment_json_put_array(at, "shift", segment_model_shift(model), model->dims);
	at = segment_json_put_array(at, "spread", segment_model_shift(model) + model->dims, model->dims);
	at = segment_json_put_array(at, "mean", segment_model_shift(model) + 2 * model->dims, model->dims);
	at = segment_json_put_array(at, "labels", segment_model_labels(model), model->k);
	at = segment_json_put_array(at, "weights", segment_model_weights(model), model->k);
	at = segment_json_put_array(at, "inertias", segment_model_inertias(model), model->k);
	at = segment_json_put_array(at, "centroids", segment_model_centroids(model), (Size) model->k * model->dims);
	strcpy(at, "}");
	return text;
}

PG_FUNCTION_INFO_V1(segment_kmeans_model_in);

/* Text input; 22P02 for anything but a model. */
Datum
segment_kmeans_model_in(PG_FUNCTION_ARGS)
{
	KmeansModel *model = segment_model_read(PG_GETARG_CSTRING(0));

	if (!model)
	{
		segment_refuse_text(fcinfo->context, "kmeans_model", PG_GETARG_CSTRING(0),
							"The text is not the JSON object of a model, or its numbers make no sense together.",
							"Make models with kmeans or kmeans_agg.");
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(model);
}

PG_FUNCTION_INFO_V1(segment_kmeans_model_out);

/* Text output. */
Datum
segment_kmeans_model_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(segment_model_write(PG_GETARG_KMEANS_MODEL(0)));
}

PG_FUNCTION_INFO_V1(segment_kmeans_model_recv);

/* Binary input. 22P03 for anything that send does not write. */
Datum
segment_kmeans_model_recv(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor = segment_message_cursor((StringInfo) PG_GETARG_POINTER(0));
	int version = (int) segment_take(&cursor, 1);
	const char *text = segment_take_text(&cursor, segment_cursor_left(&cursor));
	KmeansModel *model = version == SEGMENT_MODEL_VERSION && text != NULL ? segment_model_read(text) : NULL;

	if (!model)
		segment_refuse_binary("kmeans_model",
							  psprintf("It is not version %d, or its text is no model.", SEGMENT_MODEL_VERSION));
	PG_RETURN_POINTER(model);
}

PG_FUNCTION_INFO_V1(segment_kmeans_model_send);

/* Binary output. */
Datum
segment_kmeans_model_send(PG_FUNCTION_ARGS)
{
	const char *text = segment_model_write(PG_GETARG_KMEANS_MODEL(0));
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendbyte(&message, SEGMENT_MODEL_VERSION);
	pq_sendbytes(&message, text, strlen(text));
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

PG_FUNCTION_INFO_V1(segment_kmeans_model_to_jsonb);

/* The model as jsonb. */
Datum
segment_kmeans_model_to_jsonb(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(segment_model_write(PG_GETARG_KMEANS_MODEL(0)))));
}

PG_FUNCTION_INFO_V1(segment_kmeans_model_from_jsonb);

/* A model from jsonb. 22023 if it is none. */
Datum
segment_kmeans_model_from_jsonb(PG_FUNCTION_ARGS)
{
	KmeansModel *model = segment_model_read(DatumGetCString(DirectFunctionCall1(jsonb_out, PG_GETARG_DATUM(0))));

	if (!model)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("jsonb value is no kmeans_model"),
						errdetail("A member is missing, unknown or out of range."),
						errhint("Cast a kmeans_model to jsonb to see its form.")));
	PG_RETURN_POINTER(model);
}
