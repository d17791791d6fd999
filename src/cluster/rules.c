/*
 * rules.c: cluster_rules(): a line for each cluster that says in the user's units who is in it.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "core/memory.h"
#include "math/box.h"
#include "math/text.h"

#include "cluster/cluster.h"
#include "cluster/model.h"

/* Orders point numbers by the value of one feature. */
static int
compare_points(const void *a, const void *b, void *arg)
{
	const double *x = arg;
	int32 i = *(const int32 *) a;
	int32 j = *(const int32 *) b;

	if (x[i] != x[j])
		return x[i] < x[j] ? -1 : 1;
	return i - j;
}

/* The points of a coreset in the user's units, with the clusters that the model gives them. */
static SegmentBoxPoints
label_points(const Coreset *coreset, const KmeansModel *model)
{
	int n = coreset->items;
	int dims = coreset->dims;
	bool distinct = coreset->mode == SEGMENT_CORESET_DISTINCT;
	int size = segment_coreset_item_size(coreset->mode, dims);
	const double *item = segment_coreset_items(coreset);
	double *x;
	double *y;
	double *w;
	int32 *label;
	int32 *order;
	Space space;
	int i;
	int j;

	segment_check_memory("cluster_rules", (Size) n * (dims * 20 + 40), "use fewer features");
	x = segment_palloc_array(double, dims *(Size) n);
	y = segment_palloc_array(double, dims *(Size) n);
	w = segment_palloc_array(double, n);
	label = segment_palloc_array(int32, n);
	order = segment_palloc_array(int32, dims *(Size) n);
	segment_model_space(model, &space);
	space.nulls = SEGMENT_NULLS_MEAN;
	for (i = 0; i < n; i++, item += size)
	{
		double vector[SEGMENT_MAX_FEATURES];

		w[i] = distinct ? item[dims] : item[0];
		for (j = 0; j < dims; j++)
		{
			double value = distinct ? item[j] : segment_transform_back(coreset->transform, item[1 + j]);

			vector[j] = value;
			x[(Size) j * n + i] = isnan(value) ? segment_transform_back(space.transform, space.mean[j]) : value;
		}
		(void) segment_space_enter(&space, vector);
		for (j = 0; j < dims; j++)
			y[(Size) j * n + i] = vector[j];
	}
	segment_nearest(&(SegmentPoints) {n, dims, y, w}, 0, n, segment_model_centroids(model), model->k, label,
					segment_palloc_array(double, n), NULL);
	for (j = 0; j < dims; j++)
	{
		for (i = 0; i < n; i++)
			order[(Size) j * n + i] = i;
		qsort_interruptible(order + (Size) j * n, n, sizeof(int32), compare_points, x + (Size) j * n);
	}
	pfree(y);
	return (SegmentBoxPoints) {n, dims, x, w, label, order};
}

/* Writes one bound. */
static void
put_number(StringInfo rule, double value)
{
	char number[SEGMENT_NUMBER_TEXT];

	segment_print_double(value, number);
	appendStringInfoString(rule, number);
}

/* The rule as a line: "recency <= 30 and orders >= 5". */
static Datum
rule_text(const SegmentBox *box, int dims, Datum *names)
{
	StringInfoData rule;
	int j;

	initStringInfo(&rule);
	for (j = 0; j < dims; j++)
	{
		bool lower = isfinite(box->lower[j]);
		bool upper = isfinite(box->upper[j]);

		if (!lower && !upper)
			continue;
		if (rule.len > 0)
			appendStringInfoString(&rule, " and ");
		if (names)
			appendStringInfoString(&rule, TextDatumGetCString(names[j]));
		else
			appendStringInfo(&rule, "feature %d", j + 1);
		appendStringInfoString(&rule, lower && upper ? " between " : lower ? " >= " : " <= ");
		put_number(&rule, lower ? box->lower[j] : box->upper[j]);
		if (lower && upper)
		{
			appendStringInfoString(&rule, " and ");
			put_number(&rule, box->upper[j]);
		}
	}
	if (rule.len == 0)
		appendStringInfoString(&rule, "everyone");
	return CStringGetTextDatum(rule.data);
}

/* Bounds as a float8[], NULL for none. */
static Datum
bounds(const double *bound, int dims)
{
	Datum values[SEGMENT_MAX_FEATURES];
	bool nulls[SEGMENT_MAX_FEATURES];
	int lower_bound = 1;
	int j;

	for (j = 0; j < dims; j++)
	{
		nulls[j] = !isfinite(bound[j]);
		values[j] = Float8GetDatum(bound[j]);
	}
	return PointerGetDatum(construct_md_array(values, nulls, 1, &dims, &lower_bound, FLOAT8OID, sizeof(float8),
											  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

PG_FUNCTION_INFO_V1(segment_cluster_rules);

/* cluster_rules(model, coreset, names text[]): one row a cluster that any point of the coreset belongs to. */
Datum
segment_cluster_rules(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	double lower[SEGMENT_MAX_FEATURES];
	double upper[SEGMENT_MAX_FEATURES];
	SegmentBox box = {.lower = lower, .upper = upper};
	SegmentBoxPoints points;
	KmeansModel *model;
	Coreset *coreset;
	Datum *names;
	uint8 *inside;
	int c;
	int i;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	model = PG_GETARG_KMEANS_MODEL(0);
	coreset = PG_GETARG_CORESET(1);
	segment_check_not_empty(coreset);
	if (model->dims != coreset->dims)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("coreset does not fit the model"),
						errdetail("The coreset has %d features, the model %d.", coreset->dims, model->dims),
						errhint("Pass the coreset that the model was fitted on.")));
	names = segment_feature_names(fcinfo, 2, model->dims);
	points = label_points(coreset, model);
	inside = palloc(points.n);
	for (c = 0; c < model->k; c++)
	{
		Datum values[7];
		bool nulls[7] = {0};
		double weight = 0.0;

		for (i = 0; i < points.n; i++)
			if (points.label[i] == c)
				weight += points.w[i];
		if (weight == 0.0)
			continue;
		segment_box(&points, c, &box, inside, segment_cluster_poll);
		values[0] = Int32GetDatum(segment_model_label(model, c));
		values[1] = Float8GetDatum(weight);
		values[2] = rule_text(&box, model->dims, names);
		values[3] = Float8GetDatum(box.precision);
		values[4] = Float8GetDatum(box.recall);
		values[5] = bounds(lower, model->dims);
		values[6] = bounds(upper, model->dims);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
