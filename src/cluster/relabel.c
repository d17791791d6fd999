/*
 * relabel.c: labels that stay put: a refit takes over the numbers of the model before it.
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "core/memory.h"
#include "math/assignment.h"

#include "cluster/cluster.h"
#include "cluster/model.h"

/* Costs stay below this, so that no sum of them overflows. */
#define LARGEST_COST 1e290

/* How the clusters of a new model follow those of an old one. */
typedef struct Lineage
{
	const KmeansModel *fresh;
	const KmeansModel *old;
	int *match;		  /* fresh->k: the cluster of old, or -1 */
	double *distance; /* fresh->k: distance to it, in old's scaled space */
	int32 *label;	  /* fresh->k: the number that the cluster gets */
	int32 last_label;
} Lineage;

/* Squared distances between the centroids of both, in old's scaled space: fresh->k rows, old->k columns. */
static double *
distances(const KmeansModel *fresh, const KmeansModel *old)
{
	double *squared = segment_palloc_array(double, (Size) fresh->k * old->k);
	Space from;
	Space to;
	int a;
	int b;
	int j;

	segment_model_space(fresh, &from);
	segment_model_space(old, &to);
	for (a = 0; a < fresh->k; a++)
	{
		const double *centroid = segment_model_centroids(fresh) + (Size) a * fresh->dims;

		for (b = 0; b < old->k; b++)
		{
			const double *other = segment_model_centroids(old) + (Size) b * old->dims;
			double sum = 0.0;

			for (j = 0; j < old->dims; j++)
			{
				double moved = (centroid[j] * from.spread[j] + from.shift[j] - to.shift[j]) * to.inverse[j] - other[j];

				sum += moved * moved;
			}
			/* Models come as text, too: whatever their numbers, the matching gets finite costs. */
			squared[(Size) a * old->k + b] = sum < LARGEST_COST ? sum : LARGEST_COST;
		}
	}
	return squared;
}

/* Distance from a centroid of a model to the nearest other one; infinite if there is none. */
static double
isolation(const KmeansModel *model, int cluster)
{
	const double *centroid = segment_model_centroids(model) + (Size) cluster * model->dims;
	double nearest = INFINITY;
	int c;
	int j;

	for (c = 0; c < model->k; c++)
	{
		const double *other = segment_model_centroids(model) + (Size) c * model->dims;
		double sum = 0.0;

		for (j = 0; j < model->dims; j++)
			sum += (centroid[j] - other[j]) * (centroid[j] - other[j]);
		if (c != cluster && sum < nearest)
			nearest = sum;
	}
	return sqrt(nearest);
}

/*
 * Matches the clusters at the least sum of squared distances. A pair farther apart than half the old cluster's distance
 * to its nearest neighbour is no match: such a cluster is new. Numbers of retired clusters are never given again.
 */
static Lineage
trace(const KmeansModel *fresh, const KmeansModel *old)
{
	Lineage lineage = {fresh, old};
	int few = Min(fresh->k, old->k);
	int many = Max(fresh->k, old->k);
	double *squared;
	double *cost;
	int *column;
	int a;
	int b;

	if (fresh->dims != old->dims || fresh->transform != old->transform)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("models of different features"),
						errdetail("One has %d features and transform %s, the other %d and %s.", fresh->dims,
								  segment_transform_option.words[fresh->transform], old->dims,
								  segment_transform_option.words[old->transform]),
						errhint("Relabel a refit on the same features with the same transform.")));
	segment_check_memory("relabel", sizeof(double) * ((Size) fresh->k * old->k + (Size) many * (few + 8)),
						 "fit fewer clusters");
	squared = distances(fresh, old);
	cost = segment_palloc_array(double, many *(Size) few);
	column = segment_palloc_array(int, few);
	for (a = 0; a < fresh->k; a++)
		for (b = 0; b < old->k; b++)
			cost[fresh->k <= old->k ? (Size) a * many + b : (Size) b * many + a] = squared[(Size) a * old->k + b];
	segment_assign_rows(cost, few, many, column, segment_palloc_array(double, SEGMENT_ASSIGNMENT_SCRATCH(few, many)),
						segment_cluster_poll);
	lineage.match = segment_palloc_array(int, fresh->k);
	lineage.distance = segment_palloc_array(double, fresh->k);
	lineage.label = segment_palloc_array(int32, fresh->k);
	lineage.last_label = old->last_label;
	for (a = 0; a < fresh->k; a++)
		lineage.match[a] = -1;
	for (a = 0; a < few; a++)
	{
		int mine = fresh->k <= old->k ? a : column[a];
		int theirs = fresh->k <= old->k ? column[a] : a;

		lineage.distance[mine] = sqrt(squared[(Size) mine * old->k + theirs]);
		if (lineage.distance[mine] < 0.5 * isolation(old, theirs))
			lineage.match[mine] = theirs;
	}
	for (a = 0; a < fresh->k; a++)
	{
		if (lineage.match[a] >= 0)
			lineage.label[a] = segment_model_label(old, lineage.match[a]);
		else if (lineage.last_label == PG_INT32_MAX)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("no cluster numbers left"),
							errdetail("The highest number given so far is %d.", lineage.last_label),
							errhint("Use the new model with its own numbers.")));
		else
			lineage.label[a] = ++lineage.last_label;
	}
	return lineage;
}

PG_FUNCTION_INFO_V1(segment_relabel);

/* relabel(new_model, old_model): the new model with the old one's numbers. */
Datum
segment_relabel(PG_FUNCTION_ARGS)
{
	KmeansModel *model = (KmeansModel *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0));
	Lineage lineage = trace(model, PG_GETARG_KMEANS_MODEL(1));
	int c;

	for (c = 0; c < model->k; c++)
		segment_model_labels(model)[c] = lineage.label[c];
	model->last_label = lineage.last_label;
	PG_RETURN_POINTER(model);
}

PG_FUNCTION_INFO_V1(segment_relabel_report);

/* relabel_report(new_model, old_model): one row a cluster of either. */
Datum
segment_relabel_report(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	KmeansModel *fresh = PG_GETARG_KMEANS_MODEL(0);
	KmeansModel *old = PG_GETARG_KMEANS_MODEL(1);
	Lineage lineage = trace(fresh, old);
	Datum values[5];
	int a;
	int b;

	InitMaterializedSRF(fcinfo, 0);
	for (a = 0; a < fresh->k; a++)
	{
		bool matched = lineage.match[a] >= 0;
		bool nulls[5] = {false, false, !matched, false, !matched};

		values[0] = Int32GetDatum(lineage.label[a]);
		values[1] = Int32GetDatum(segment_model_label(fresh, a));
		values[2] = Int32GetDatum(lineage.label[a]);
		values[3] = CStringGetTextDatum(matched ? "matched" : "new");
		values[4] = Float8GetDatum(lineage.distance[a]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	for (b = 0; b < old->k; b++)
	{
		bool nulls[5] = {false, true, false, false, true};

		for (a = 0; a < fresh->k && lineage.match[a] != b; a++)
			;
		if (a < fresh->k)
			continue;
		values[0] = values[2] = Int32GetDatum(segment_model_label(old, b));
		values[3] = CStringGetTextDatum("retired");
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
