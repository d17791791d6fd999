/*
 * cut_points_type.c: the SQL type cut_points: text and binary form, comparison, hashing, and scoring one value.
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "core/compare.h"
#include "core/error.h"
#include "core/message.h"
#include "math/text.h"
#include "score/cut_points.h"

CutPoints *
segment_cut_points_value(const SegmentCuts *cuts)
{
	Size size = segment_cuts_size(cuts);
	CutPoints *value = palloc0(offsetof(CutPoints, cuts) + size);

	SET_VARSIZE(value, offsetof(CutPoints, cuts) + size);
	value->version = SEGMENT_CUT_POINTS_VERSION;
	memcpy(&value->cuts, cuts, size);
	return SEGMENT_CHECKED(CutPoints, value, segment_cut_points_fault);
}

const char *
segment_cut_points_fault(const void *value)
{
	const CutPoints *cut_points = value;

	if (cut_points->version != SEGMENT_CUT_POINTS_VERSION)
		return "The head of cut_points is none.";
	return segment_cuts_fault(&cut_points->cuts, VARSIZE(cut_points) - offsetof(CutPoints, cuts));
}

PG_FUNCTION_INFO_V1(segment_cut_points_in);

Datum
segment_cut_points_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	const char *next = text;
	SegmentCutsBuffer buffer;
	const char *fault = segment_cuts_parse(&next, &buffer);

	if (!fault && !segment_text_end(&next))
		fault = "Something follows behind the end.";
	if (fault)
	{
		segment_refuse_text(
			fcinfo->context, "cut_points", text, fault,
			"Examples are from {2,5,10} and within {30,90,365}; cut_points(array, side) makes them of an array.");
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(segment_cut_points_value(&buffer.cuts));
}

PG_FUNCTION_INFO_V1(segment_cut_points_out);

Datum
segment_cut_points_out(PG_FUNCTION_ARGS)
{
	const CutPoints *value = PG_GETARG_CUT_POINTS(0);
	char *text = palloc(SEGMENT_CUTS_TEXT);

	segment_cuts_print(&value->cuts, text);
	PG_RETURN_CSTRING(text);
}

PG_FUNCTION_INFO_V1(segment_cut_points_recv);

Datum
segment_cut_points_recv(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor = segment_message_cursor((StringInfo) PG_GETARG_POINTER(0));
	int version = (int) segment_take(&cursor, 1);
	SegmentCutsBuffer cuts;
	const char *fault;

	if (version != SEGMENT_CUT_POINTS_VERSION)
		fault = "The version is unknown.";
	else
		fault = segment_cuts_decode(&cursor, &cuts);
	if (!fault)
		fault = segment_cursor_fault(&cursor);
	if (fault)
		segment_refuse_binary("cut_points", fault);
	PG_RETURN_POINTER(segment_cut_points_value(&cuts.cuts));
}

PG_FUNCTION_INFO_V1(segment_cut_points_send);

Datum
segment_cut_points_send(PG_FUNCTION_ARGS)
{
	const CutPoints *value = PG_GETARG_CUT_POINTS(0);
	unsigned char bytes[SEGMENT_CUTS_MAX_SIZE];
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, SEGMENT_CUT_POINTS_VERSION);
	pq_sendbytes(&buffer, (char *) bytes, (int) segment_cuts_encode(&value->cuts, bytes));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* Orders by bins, then thresholds, then the remaining bytes. */
static int
compare(FunctionCallInfo fcinfo)
{
	CutPoints *a = PG_GETARG_CUT_POINTS(0);
	CutPoints *b = PG_GETARG_CUT_POINTS(1);
	int order = (a->cuts.bins > b->cuts.bins) - (a->cuts.bins < b->cuts.bins);
	Size size_a = segment_cuts_size(&a->cuts);
	Size size_b = segment_cuts_size(&b->cuts);

	for (int i = 0; order == 0 && i < a->cuts.bins - 1; i++)
		order = (a->cuts.thresholds[i] > b->cuts.thresholds[i]) - (a->cuts.thresholds[i] < b->cuts.thresholds[i]);
	if (order == 0)
		order = memcmp(&a->cuts, &b->cuts, Min(size_a, size_b));
	if (order == 0)
		order = (size_a > size_b) - (size_a < size_b);
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return order;
}

SEGMENT_COMPARISONS(cut_points, compare)

PG_FUNCTION_INFO_V1(segment_cut_points_hash);

Datum
segment_cut_points_hash(PG_FUNCTION_ARGS)
{
	const CutPoints *value = PG_GETARG_CUT_POINTS(0);

	PG_RETURN_UINT32(hash_bytes((const unsigned char *) &value->cuts, (int) segment_cuts_size(&value->cuts)));
}

PG_FUNCTION_INFO_V1(segment_cut_points_hash_extended);

Datum
segment_cut_points_hash_extended(PG_FUNCTION_ARGS)
{
	const CutPoints *value = PG_GETARG_CUT_POINTS(0);

	PG_RETURN_UINT64(hash_bytes_extended((const unsigned char *) &value->cuts, (int) segment_cuts_size(&value->cuts),
										 (uint64) PG_GETARG_INT64(1)));
}

/* By SegmentSide. */
static const SegmentOption side_option = {
	"side", segment_side_names, SEGMENT_SIDES,
	"from is for frequency and monetary (5 or more), within for recency (within 180 days)."};

/*
 * cut_points(thresholds float8[], side): thresholds that a person gives, strict. 2202E for another shape than a plain
 * list, 22004 for a NULL among them, 22003 for NaN and infinity, 22023 if they don't ascend or are none or too many.
 */
PG_FUNCTION_INFO_V1(segment_cut_points_given);

Datum
segment_cut_points_given(PG_FUNCTION_ARGS)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
	SegmentSide side = (SegmentSide) segment_option_of(&side_option, PG_GETARG_TEXT_PP(1));
	SegmentCutsBuffer buffer;
	double *thresholds;
	int n;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("thresholds must be a plain list"),
						errdetail("The array has %d dimensions.", ARR_NDIM(array)),
						errhint("Pass an array such as ARRAY[2, 5, 10].")));
	if (array_contains_nulls(array))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("thresholds must not be NULL"),
						errdetail("The array holds a NULL."), errhint("Leave it out, or give its value.")));
	n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (n < SEGMENT_CUTS_MIN_BINS - 1 || n > SEGMENT_CUTS_MAX_BINS - 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("wrong number of thresholds: %d", n),
						errdetail("Accepted are %d to %d thresholds, which make one score more.",
								  SEGMENT_CUTS_MIN_BINS - 1, SEGMENT_CUTS_MAX_BINS - 1),
						errhint("Five scores need four thresholds.")));
	thresholds = (double *) ARR_DATA_PTR(array);
	segment_cuts_init(&buffer.cuts, side, SEGMENT_METHOD_GIVEN, false, n + 1);
	for (int i = 0; i < n; i++)
	{
		if (isnan(thresholds[i]) || isinf(thresholds[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("thresholds must be finite"),
					 errdetail("Threshold %d is %g.", i + 1, thresholds[i]),
					 errhint("The lowest and the highest score have no outer threshold: leave infinities out.")));
		if (i > 0 && thresholds[i] < thresholds[i - 1])
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("thresholds must ascend"),
							errdetail("Threshold %d is %g, after %g.", i + 1, thresholds[i], thresholds[i - 1]),
							errhint("List them from low to high, for recency too: the side gives the direction.")));
		buffer.cuts.thresholds[i] = segment_positive_zero(thresholds[i]);
	}
	PG_RETURN_POINTER(segment_cut_points_value(&buffer.cuts));
}

PG_FUNCTION_INFO_V1(segment_cut_points_array);

Datum
segment_cut_points_array(PG_FUNCTION_ARGS)
{
	const CutPoints *value = PG_GETARG_CUT_POINTS(0);
	int n = value->cuts.bins - 1;
	Datum elements[SEGMENT_CUTS_MAX_BINS];

	for (int i = 0; i < n; i++)
		elements[i] = Float8GetDatum(value->cuts.thresholds[i]);
	PG_RETURN_POINTER(construct_array(elements, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* score(cut_points, value): strict; 22003 for NaN and infinity. */
PG_FUNCTION_INFO_V1(segment_score);

Datum
segment_score(PG_FUNCTION_ARGS)
{
	CutPoints *value = PG_GETARG_CUT_POINTS(0);
	double number = PG_GETARG_FLOAT8(1);
	int score;

	if (isnan(number) || isinf(number))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("value is out of range for a score"),
						errdetail("The value is %g; accepted are finite numbers.", number),
						errhint("Filter such values, or replace them.")));
	score = segment_cuts_score(&value->cuts, number);
	PG_FREE_IF_COPY(value, 0);
	PG_RETURN_INT16((int16) score);
}
