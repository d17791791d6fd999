/*
 * cut_points_info.c: cut points as rows and as jsonb: what each score means.
 */
#include "postgres.h"

#include "core/compat.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "math/text.h"
#include "score/cut_points.h"

static const char *const dimension_names[RFM_DIMENSIONS] = {"recency", "frequency", "monetary"};

/*
 * dimension (rfm_cut_points only), score, lower, includes_lower, upper, includes_upper, used, count, side, direction,
 * method
 */
#define INFO_COLUMNS 11

/* Appends one row per score, best first; a NULL dimension omits its column. */
static void
put_rows(ReturnSetInfo *result, const SegmentCuts *cuts, const char *dimension)
{
	for (int score = cuts->bins; score >= 1; score--)
	{
		Datum values[INFO_COLUMNS] = {0};
		bool nulls[INFO_COLUMNS] = {false};
		int skip = dimension ? 0 : 1;
		int lower;
		int upper;

		segment_cuts_bounds(cuts, score, &lower, &upper);
		if (dimension)
			values[0] = CStringGetTextDatum(dimension);
		values[1] = Int16GetDatum((int16) score);
		nulls[2] = nulls[3] = lower < 0;
		if (lower >= 0)
		{
			values[2] = Float8GetDatum(cuts->thresholds[lower]);
			values[3] = BoolGetDatum(segment_cuts_inclusive(cuts));
		}
		nulls[4] = nulls[5] = upper < 0;
		if (upper >= 0)
		{
			values[4] = Float8GetDatum(cuts->thresholds[upper]);
			values[5] = BoolGetDatum(!segment_cuts_inclusive(cuts));
		}
		values[6] = BoolGetDatum(segment_cuts_used(cuts, score));
		nulls[7] = cuts->method == SEGMENT_METHOD_GIVEN;
		if (!nulls[7])
			values[7] = Int64GetDatum(segment_cuts_counts(cuts)[score - 1]);
		values[8] = CStringGetTextDatum(segment_side_names[cuts->side]);
		values[9] = CStringGetTextDatum(cuts->descending ? "descending" : "ascending");
		values[10] = CStringGetTextDatum(segment_method_names[cuts->method]);
		tuplestore_putvalues(result->setResult, result->setDesc, values + skip, nulls + skip);
	}
}

PG_FUNCTION_INFO_V1(segment_cut_points_info);

Datum
segment_cut_points_info(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	put_rows((ReturnSetInfo *) fcinfo->resultinfo, &PG_GETARG_CUT_POINTS(0)->cuts, NULL);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(segment_rfm_cut_points_info);

Datum
segment_rfm_cut_points_info(PG_FUNCTION_ARGS)
{
	const SegmentCuts *cuts[RFM_DIMENSIONS];

	InitMaterializedSRF(fcinfo, 0);
	segment_rfm_cuts(PG_GETARG_RFM_CUT_POINTS(0), cuts);
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		put_rows((ReturnSetInfo *) fcinfo->resultinfo, cuts[d], dimension_names[d]);
	return (Datum) 0;
}

/* Appends {"side": ..., "direction": ..., "method": ..., "thresholds": [...], "counts": [...] or null}. */
static void
put_json(StringInfo json, const SegmentCuts *cuts)
{
	char number[SEGMENT_NUMBER_TEXT];

	appendStringInfo(json,
					 "{\"side\": \"%s\", \"direction\": \"%s\", \"method\": \"%s\", \"bins\": %d, \"thresholds\": ",
					 segment_side_names[cuts->side], cuts->descending ? "descending" : "ascending",
					 segment_method_names[cuts->method], cuts->bins);
	for (int i = 0; i < cuts->bins - 1; i++)
	{
		segment_print_double(cuts->thresholds[i], number);
		appendStringInfo(json, "%s%s", i == 0 ? "[" : ", ", number);
	}
	appendStringInfoString(json, "], \"counts\": ");
	if (cuts->method == SEGMENT_METHOD_GIVEN)
		appendStringInfoString(json, "null");
	else
	{
		for (int i = 0; i < cuts->bins; i++)
			appendStringInfo(json, "%s" INT64_FORMAT, i == 0 ? "[" : ", ", segment_cuts_counts(cuts)[i]);
		appendStringInfoChar(json, ']');
	}
	appendStringInfoChar(json, '}');
}

PG_FUNCTION_INFO_V1(segment_cut_points_to_jsonb);

Datum
segment_cut_points_to_jsonb(PG_FUNCTION_ARGS)
{
	StringInfoData json;

	initStringInfo(&json);
	put_json(&json, &PG_GETARG_CUT_POINTS(0)->cuts);
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

PG_FUNCTION_INFO_V1(segment_rfm_cut_points_to_jsonb);

Datum
segment_rfm_cut_points_to_jsonb(PG_FUNCTION_ARGS)
{
	const RfmCutPoints *value = PG_GETARG_RFM_CUT_POINTS(0);
	const SegmentCuts *cuts[RFM_DIMENSIONS];
	StringInfoData json;

	segment_rfm_cuts(value, cuts);
	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	for (int d = 0; d < RFM_DIMENSIONS; d++)
	{
		appendStringInfo(&json, "\"%s\": ", dimension_names[d]);
		put_json(&json, cuts[d]);
		appendStringInfoString(&json, ", ");
	}
	appendStringInfo(&json, "\"monetary_is\": \"%s\"}", segment_monetary_option.words[value->monetary]);
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}
