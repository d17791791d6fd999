/*
 * model_table.c: models as rows: model_info, cluster_table; coresets as rows: coreset_info, coreset_features.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/tuplestore.h"
#include "catalog/pg_type.h"

#include "core/compat.h"

#include "cluster/cluster.h"
#include "cluster/model.h"

/* The function's one result row. */
static Datum
one_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc descriptor;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls));
}

/* A float8[] of n values. */
static Datum
float8_array(const double *values, int n)
{
	Datum *elements = segment_palloc_array(Datum, n);
	int i;

	for (i = 0; i < n; i++)
		elements[i] = Float8GetDatum(values[i]);
	return PointerGetDatum(construct_array(elements, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

PG_FUNCTION_INFO_V1(segment_model_info);

/* model_info(kmeans_model): one row about the fit. */
Datum
segment_model_info(PG_FUNCTION_ARGS)
{
	static const char *const stops[] = {"converged", "tolerance", "max_iter"};
	KmeansModel *model = PG_GETARG_KMEANS_MODEL(0);
	Datum values[18];
	bool nulls[18] = {0};
	int i = 0;

	values[i++] = Int64GetDatum(model->rows);
	values[i++] = Float8GetDatum(model->weight);
	values[i++] = Int32GetDatum(model->k);
	values[i++] = Int32GetDatum(model->dims);
	values[i++] = CStringGetTextDatum(segment_transform_option.words[model->transform]);
	values[i++] = CStringGetTextDatum(segment_scale_option.words[model->scale]);
	values[i++] = CStringGetTextDatum(segment_nulls_option.words[model->nulls]);
	values[i++] = Int64GetDatum(model->seed);
	values[i++] = Int32GetDatum(model->starts);
	values[i++] = Int32GetDatum(model->swaps);
	values[i++] = Int32GetDatum(model->iterations);
	values[i++] = CStringGetTextDatum(stops[model->stop]);
	values[i++] = Float8GetDatum(model->inertia);
	values[i++] = Float8GetDatum(model->total);
	values[i++] = Float8GetDatum(model->total > 0.0 ? 1.0 - model->inertia / model->total : 0.0);
	nulls[i - 1] = model->total <= 0.0;
	values[i++] = BoolGetDatum(model->exact);
	values[i++] = Int32GetDatum(model->points);
	values[i++] = Int32GetDatum(model->last_label);
	PG_RETURN_DATUM(one_row(fcinfo, values, nulls));
}

PG_FUNCTION_INFO_V1(segment_cluster_table);

/* cluster_table(kmeans_model): one row a cluster, by label. */
Datum
segment_cluster_table(PG_FUNCTION_ARGS)
{
	KmeansModel *model = PG_GETARG_KMEANS_MODEL(0);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Space space;
	int last = 0;
	int row;

	InitMaterializedSRF(fcinfo, 0);
	segment_model_space(model, &space);
	for (row = 0; row < model->k; row++)
	{
		double centroid[SEGMENT_MAX_FEATURES];
		Datum values[6];
		bool nulls[6] = {0};
		int next = -1;
		int c;
		int j;

		for (c = 0; c < model->k; c++)
		{
			int label = segment_model_label(model, c);

			if (label > last && (next < 0 || label < segment_model_label(model, next)))
				next = c;
		}
		last = segment_model_label(model, next);
		for (j = 0; j < model->dims; j++)
			centroid[j] = segment_space_back(&space, j, segment_model_centroids(model)[(Size) next * model->dims + j]);
		values[0] = Int32GetDatum(last);
		values[1] = Float8GetDatum(segment_model_weights(model)[next]);
		values[2] = Float8GetDatum(segment_model_weights(model)[next] / model->weight);
		values[3] = float8_array(centroid, model->dims);
		values[4] = Float8GetDatum(segment_model_inertias(model)[next]);
		values[5] = Float8GetDatum(sqrt(segment_model_inertias(model)[next] / segment_model_weights(model)[next]));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(segment_coreset_info);

/* coreset_info(coreset): one row about the summary. */
Datum
segment_coreset_info(PG_FUNCTION_ARGS)
{
	Coreset *coreset = PG_GETARG_CORESET(0);
	Datum values[9];
	bool nulls[9] = {0};

	values[0] = Int64GetDatum(coreset->rows);
	values[1] = Float8GetDatum(coreset->weight);
	values[2] = Int64GetDatum(coreset->skipped);
	values[3] = Int32GetDatum(coreset->dims);
	values[4] = CStringGetTextDatum(segment_transform_option.words[coreset->transform]);
	values[5] = CStringGetTextDatum(segment_nulls_option.words[coreset->nulls]);
	values[6] = BoolGetDatum(coreset->mode == SEGMENT_CORESET_DISTINCT);
	values[7] = Int32GetDatum(coreset->items);
	values[8] = Int64GetDatum((int64) VARSIZE(coreset));
	PG_RETURN_DATUM(one_row(fcinfo, values, nulls));
}

PG_FUNCTION_INFO_V1(segment_coreset_features);

/*
 * coreset_features(coreset): one row a feature: least, greatest and NULLs in the user's units, mean and variance of
 * the transformed feature.
 */
Datum
segment_coreset_features(PG_FUNCTION_ARGS)
{
	Coreset *coreset = PG_GETARG_CORESET(0);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	FitPoints *fit;
	int dims = coreset->dims;
	int i;
	int j;

	InitMaterializedSRF(fcinfo, 0);
	fit = segment_fit_points(coreset, SEGMENT_STORED_TRANSFORM, SEGMENT_SCALE_STANDARD, "coreset_features", 0);
	for (j = 0; j < dims; j++)
	{
		double least = coreset->data[j];
		double greatest = coreset->data[dims + j];
		const double *column = fit->points.x + (Size) j * fit->points.n;
		double spread = fit->space.spread[j];
		double square = 0.0;
		Datum values[6];
		bool nulls[6] = {0};

		for (i = 0; i < fit->points.n; i++)
			square += fit->points.w[i] * column[i] * column[i] +
					  (fit->deviation ? fit->deviation[(Size) j * fit->points.n + i] : 0.0);
		values[0] = Int32GetDatum(j + 1);
		values[1] = Float8GetDatum(least);
		values[2] = Float8GetDatum(greatest);
		nulls[1] = nulls[2] = least > greatest;
		values[3] = Float8GetDatum(fit->space.mean[j]);
		values[4] = Float8GetDatum(square / coreset->weight * spread * spread);
		values[5] = Int64GetDatum((int64) coreset->data[3 * dims + j]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
