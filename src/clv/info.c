/*
 * info.c: what a fitted model says of itself, and what a sample lacks before a fit.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "clv/tally.h"
#include "clv/clv.h"
#include "math/text.h"

PG_FUNCTION_INFO_V1(segment_clv_model_info);
PG_FUNCTION_INFO_V1(segment_model_parameters);
PG_FUNCTION_INFO_V1(segment_model_covariance);
PG_FUNCTION_INFO_V1(segment_clv_model_to_jsonb);
PG_FUNCTION_INFO_V1(segment_btyd_check);

#define WARNINGS 7

/* By bit of ClvModel.warnings. */
static const char *const warning_text[WARNINGS] = {
	"not converged: do not use the parameters",
	"at the boundary: a parameter tends to zero or infinity, there are no standard errors",
	"flat likelihood: the data do not determine the parameters, there are no standard errors",
	"q <= 1: the population has no mean spend, customers without repeat purchases get NULL",
	"frequency and spend are correlated: the model takes them for independent",
	"no customer has a repeat purchase: the likelihood has no maximum, do not use the parameters",
	"nobody seems to leave: predictions are those of nbd, p_alive is near 1, there are no standard errors"};

/* Warnings as text[]; NULL without any. */
static ArrayType *
warnings_of(const ClvModel *model)
{
	Datum texts[WARNINGS];
	int n = 0;

	for (int i = 0; i < WARNINGS; i++)
		if (model->warnings & (1 << i))
			texts[n++] = CStringGetTextDatum(warning_text[i]);
	return n == 0 ? NULL : construct_array(texts, n, TEXTOID, -1, false, TYPALIGN_INT);
}

static Datum
interval_of_days(double days)
{
	Interval *interval = palloc0(sizeof(Interval));

	interval->day = (int32) floor(days);
	interval->time = (TimeOffset) rint((days - interval->day) * USECS_PER_DAY);
	return IntervalPGetDatum(interval);
}

static bool
was_fitted(const ClvModel *model)
{
	return model->status != CLV_GIVEN;
}

/*
 * One row: model, unit, customers, skipped customers, histories, log-likelihood, AIC, BIC, iterations, evaluations, why
 * it stopped, gradient norm, penalty, correlation, warnings.
 */
Datum
segment_clv_model_info(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	ArrayType *warnings = warnings_of(model);
	TupleDesc desc;
	Datum values[15];
	bool nulls[15];

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	for (int i = 0; i < 15; i++)
		nulls[i] = !was_fitted(model);
	values[0] = CStringGetTextDatum(segment_clv_kind_name(model->kind));
	values[1] = interval_of_days(model->unit);
	values[2] = Int64GetDatum(model->customers);
	values[3] = Int64GetDatum(model->skipped);
	values[4] = Int32GetDatum(model->n_histories);
	values[5] = Float8GetDatum(model->log_likelihood);
	values[6] = Float8GetDatum(2 * model->n_params - 2 * model->log_likelihood);
	values[7] = Float8GetDatum(model->n_params * log((double) model->customers) - 2 * model->log_likelihood);
	values[8] = Int32GetDatum(model->iterations);
	values[9] = Int32GetDatum(model->evaluations);
	values[10] = CStringGetTextDatum(segment_clv_status_name(model->status));
	values[11] = Float8GetDatum(model->gradient_norm);
	values[12] = Float8GetDatum(model->penalty);
	values[13] = Float8GetDatum(model->correlation);
	values[14] = PointerGetDatum(warnings);
	nulls[0] = nulls[10] = false;
	nulls[1] = model->unit == 0;
	nulls[13] |= model->kind != CLV_GAMMA_GAMMA;
	nulls[14] = warnings == NULL;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}

/*
 * Rows: parameter, estimate, standard error, and the 95 % interval: for positive parameters of their logs, so that it
 * stays positive.
 */
Datum
segment_model_parameters(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ClvModel *model = PG_GETARG_CLV_MODEL(0);

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < model->n_params; i++)
	{
		char name[32];
		double estimate = model->params[i];
		Datum values[5];
		bool nulls[5] = {false, false, !model->has_covariance, !model->has_covariance, !model->has_covariance};

		values[0] = CStringGetTextDatum(segment_clv_param_name(model, i, name));
		values[1] = Float8GetDatum(estimate);
		values[2] = values[3] = values[4] = (Datum) 0;
		if (model->has_covariance)
		{
			double error = sqrt(clv_covariance(model)[SEGMENT_TRIANGLE(i, i)]);
			/* 0.975 quantile of the standard normal distribution */
			double wide = 1.959963984540054 * error;

			values[2] = Float8GetDatum(error);
			if (i < segment_clv_natural(model->kind))
			{
				values[3] = Float8GetDatum(estimate * exp(-wide / estimate));
				values[4] = Float8GetDatum(estimate * exp(wide / estimate));
			}
			else
			{
				values[3] = Float8GetDatum(estimate - wide);
				values[4] = Float8GetDatum(estimate + wide);
			}
		}
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* The covariance matrix of the parameters as float8[][]; NULL if there is none. */
Datum
segment_model_covariance(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	int n = model->n_params;
	int dims[2];
	int bounds[2] = {1, 1};
	Datum *values;

	if (!model->has_covariance)
		PG_RETURN_NULL();
	dims[0] = dims[1] = n;
	values = segment_palloc_array(Datum, n *(Size) n);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			values[i * n + j] =
				Float8GetDatum(clv_covariance(model)[i >= j ? SEGMENT_TRIANGLE(i, j) : SEGMENT_TRIANGLE(j, i)]);
	PG_RETURN_POINTER(
		construct_md_array(values, NULL, 2, dims, bounds, FLOAT8OID, sizeof(float8), true, TYPALIGN_DOUBLE));
}

static void
append_number(StringInfo text, const char *format, double value)
{
	char number[SEGMENT_NUMBER_TEXT];

	segment_print_double(value, number);
	appendStringInfo(text, format, number);
}

/* An object: model, parameters by name, standard errors by name, and what model_info shows. */
Datum
segment_clv_model_to_jsonb(PG_FUNCTION_ARGS)
{
	ClvModel *model = PG_GETARG_CLV_MODEL(0);
	StringInfoData json;
	char name[32];
	bool first = true;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"model\": \"%s\", \"stopped\": \"%s\", \"parameters\": {",
					 segment_clv_kind_name(model->kind), segment_clv_status_name(model->status));
	for (int i = 0; i < model->n_params; i++)
	{
		appendStringInfo(&json, "%s\"%s\": ", i == 0 ? "" : ", ", segment_clv_param_name(model, i, name));
		append_number(&json, "%s", model->params[i]);
	}
	appendStringInfoChar(&json, '}');
	if (model->has_covariance)
	{
		appendStringInfoString(&json, ", \"standard_errors\": {");
		for (int i = 0; i < model->n_params; i++)
		{
			appendStringInfo(&json, "%s\"%s\": ", i == 0 ? "" : ", ", segment_clv_param_name(model, i, name));
			append_number(&json, "%s", sqrt(clv_covariance(model)[SEGMENT_TRIANGLE(i, i)]));
		}
		appendStringInfoChar(&json, '}');
	}
	if (model->unit > 0)
		append_number(&json, ", \"unit_days\": %s", model->unit);
	if (was_fitted(model))
	{
		appendStringInfo(&json,
						 ", \"customers\": " INT64_FORMAT ", \"skipped_customers\": " INT64_FORMAT
						 ", \"histories\": %d, \"iterations\": %d, \"evaluations\": %d",
						 model->customers, model->skipped, model->n_histories, model->iterations, model->evaluations);
		append_number(&json, ", \"log_likelihood\": %s", model->log_likelihood);
		append_number(&json, ", \"gradient_norm\": %s", model->gradient_norm);
		append_number(&json, ", \"penalty\": %s", model->penalty);
	}
	appendStringInfoString(&json, ", \"warnings\": [");
	for (int i = 0; i < WARNINGS; i++)
		if (model->warnings & (1 << i))
		{
			appendStringInfo(&json, "%s\"%s\"", first ? "" : ", ", warning_text[i]);
			first = false;
		}
	appendStringInfoString(&json, "]}");
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

/*
 * Rows: what a fit needs, how much there is, how much it takes, whether that is enough, and what is missing. The
 * thresholds are rules of thumb: below them the models still fit, with wide intervals.
 */
Datum
segment_btyd_check(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Tally *tally = PG_GETARG_TALLY(0);
	double customers = 0;
	double repeaters = 0;
	double orders = 0;
	double longest = 0;
	double observed = 0;
	struct
	{
		const char *what;
		double have;
		double need;
		bool at_most;
		const char *missing;
	} checks[5];

	for (int32 i = 0; i < tally->n_rows; i++)
	{
		const double *row = tally_row(tally, i);
		double count = (double) tally_counts(tally)[i];

		customers += count;
		repeaters += row[0] > 0 ? count : 0;
		orders += row[0] * count;
		observed += row[2] * count;
		longest = fmax(longest, row[2]);
	}
	checks[0].what = "customers";
	checks[0].have = customers;
	checks[0].need = 500;
	checks[0].at_most = false;
	checks[0].missing = "more customers, or a longer period";
	checks[1].what = "customers with repeat purchases";
	checks[1].have = repeaters;
	checks[1].need = 100;
	checks[1].at_most = false;
	checks[1].missing = "repeat purchases: observe longer";
	checks[2].what = "share of one-time buyers";
	checks[2].have = customers > 0 ? 1 - repeaters / customers : 0;
	checks[2].need = 0.95;
	checks[2].at_most = true;
	checks[2].missing = "repeat purchases: nearly everybody bought once only";
	checks[3].what = "repeat purchases";
	checks[3].have = orders;
	checks[3].need = 300;
	checks[3].at_most = false;
	checks[3].missing = "repeat purchases: observe longer";
	checks[4].what = "longest observation, in mean gaps between purchases";
	checks[4].have = observed > 0 ? longest * orders / observed : 0;
	checks[4].need = 0.5;
	checks[4].at_most = false;
	checks[4].missing = "time: the period is short against the time between purchases";
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < 5; i++)
	{
		bool enough = checks[i].at_most ? checks[i].have <= checks[i].need : checks[i].have >= checks[i].need;
		Datum values[6];
		bool nulls[6] = {false, false, false, false, enough, enough};

		values[0] = CStringGetTextDatum(checks[i].what);
		values[1] = Float8GetDatum(checks[i].have);
		values[2] = Float8GetDatum(checks[i].need);
		values[3] = BoolGetDatum(enough);
		values[4] = Float8GetDatum(fabs(checks[i].need - checks[i].have));
		values[5] = CStringGetTextDatum(checks[i].missing);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
