/*
 * quantiles_type.c: the SQL type quantiles: text and binary form, comparison, hashing, accessors.
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"

#include "common/hashfn.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "core/compare.h"
#include "core/error.h"
#include "core/message.h"
#include "math/cuts_make.h"
#include "math/text.h"
#include "score/quantiles.h"

PG_FUNCTION_INFO_V1(segment_quantiles_in);

Datum
segment_quantiles_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	SegmentWeighted *entries = MemoryContextAllocHuge(
		CurrentMemoryContext, mul_size(segment_multiset_text_entries(text), sizeof(SegmentWeighted)));
	size_t n;
	int64 largest = 1;
	int64 total = 0;
	const char *fault = segment_multiset_parse(text, entries, &n);
	Quantiles *quantiles;

	if (fault)
	{
		segment_refuse_text(fcinfo->context, "quantiles", text, fault,
							"quantiles_agg(value) makes quantiles of any values.");
		PG_RETURN_NULL();
	}
	for (size_t i = 0; i < n; i++)
	{
		largest = Max(largest, entries[i].count);
		total += entries[i].count;
	}
	quantiles = segment_quantiles_allocate(n, segment_count_width(largest), total);
	for (size_t i = 0; i < n; i++)
	{
		quantiles->values[i] = entries[i].value;
		segment_multiset_put_count((unsigned char *) (quantiles->values + n), quantiles->width, i, entries[i].count);
	}
	pfree(entries);
	PG_RETURN_POINTER(quantiles);
}

PG_FUNCTION_INFO_V1(segment_quantiles_out);

Datum
segment_quantiles_out(PG_FUNCTION_ARGS)
{
	SegmentMultiset set = segment_quantiles_set(PG_GETARG_QUANTILES(0));
	StringInfoData text;
	char entry[SEGMENT_ENTRY_TEXT];

	initStringInfo(&text);
	appendStringInfoChar(&text, '{');
	for (size_t i = 0; i < set.n; i++)
	{
		SEGMENT_POLL(segment_score_poll, i);
		appendBinaryStringInfo(
			&text, entry, segment_multiset_print_entry(set.values[i], segment_multiset_count(&set, i), i == 0, entry));
	}
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}

PG_FUNCTION_INFO_V1(segment_quantiles_recv);

Datum
segment_quantiles_recv(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor = segment_message_cursor((StringInfo) PG_GETARG_POINTER(0));
	int version = (int) segment_take(&cursor, 1);
	const char *fault = version == SEGMENT_QUANTILES_VERSION ? NULL : "The version is unknown.";
	Quantiles *quantiles = fault ? NULL : segment_quantiles_decode(cursor, &fault);

	if (fault)
		segment_refuse_binary("quantiles", fault);
	PG_RETURN_POINTER(quantiles);
}

Quantiles *
segment_quantiles_decode(SegmentCursor cursor, const char **fault)
{
	Quantiles *quantiles;
	SegmentMultiset set;
	size_t n;
	int width;

	*fault = segment_multiset_head(&cursor, &n, &width);
	if (*fault)
		return NULL;
	quantiles = segment_quantiles_allocate(n, width, 0);
	segment_multiset_decode(&cursor, n, width, quantiles->values, (unsigned char *) (quantiles->values + n));
	set = segment_quantiles_set(quantiles);
	*fault = segment_multiset_fault(&set, &quantiles->total, segment_score_poll);
	return quantiles;
}

const char *
segment_quantiles_fault(const void *value)
{
	const Quantiles *quantiles = value;
	SegmentMultiset set = segment_quantiles_set(quantiles);
	const char *fault;
	int64 total;

	if (quantiles->version != SEGMENT_QUANTILES_VERSION || quantiles->zero2 != 0 ||
		VARSIZE(quantiles) != segment_quantiles_size(quantiles->n, quantiles->width))
		return "The head of quantiles is none.";
	fault = segment_multiset_fault(&set, &total, segment_score_poll);
	if (fault == NULL && total != quantiles->total)
		fault = "The counts do not add up to the total.";
	return fault;
}

PG_FUNCTION_INFO_V1(segment_quantiles_send);

Datum
segment_quantiles_send(PG_FUNCTION_ARGS)
{
	SegmentMultiset set = segment_quantiles_set(PG_GETARG_QUANTILES(0));
	Size size = segment_multiset_encoded_size(&set);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, SEGMENT_QUANTILES_VERSION);
	enlargeStringInfo(&buffer, (int) size);
	segment_multiset_encode(&set, (unsigned char *) buffer.data + buffer.len);
	buffer.len += (int) size;
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* Lexicographic order of the entries, values before counts. */
static int
compare(FunctionCallInfo fcinfo)
{
	Quantiles *a = PG_GETARG_QUANTILES(0);
	Quantiles *b = PG_GETARG_QUANTILES(1);
	SegmentMultiset set_a = segment_quantiles_set(a);
	SegmentMultiset set_b = segment_quantiles_set(b);
	int order = 0;

	for (size_t i = 0; order == 0 && i < Min(set_a.n, set_b.n); i++)
	{
		int64 count_a = segment_multiset_count(&set_a, i);
		int64 count_b = segment_multiset_count(&set_b, i);

		SEGMENT_POLL(segment_score_poll, i);
		order = (set_a.values[i] > set_b.values[i]) - (set_a.values[i] < set_b.values[i]);
		if (order == 0)
			order = (count_a > count_b) - (count_a < count_b);
	}
	if (order == 0)
		order = (set_a.n > set_b.n) - (set_a.n < set_b.n);
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return order;
}

SEGMENT_COMPARISONS(quantiles, compare)

PG_FUNCTION_INFO_V1(segment_quantiles_hash);

Datum
segment_quantiles_hash(PG_FUNCTION_ARGS)
{
	const Quantiles *value = PG_GETARG_QUANTILES(0);

	PG_RETURN_UINT32(hash_bytes((const unsigned char *) VARDATA(value), (int) (VARSIZE(value) - VARHDRSZ)));
}

PG_FUNCTION_INFO_V1(segment_quantiles_hash_extended);

Datum
segment_quantiles_hash_extended(PG_FUNCTION_ARGS)
{
	const Quantiles *value = PG_GETARG_QUANTILES(0);

	PG_RETURN_UINT64(hash_bytes_extended((const unsigned char *) VARDATA(value), (int) (VARSIZE(value) - VARHDRSZ),
										 (uint64) PG_GETARG_INT64(1)));
}

PG_FUNCTION_INFO_V1(segment_quantiles_count);

Datum
segment_quantiles_count(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_QUANTILES(0)->total);
}

PG_FUNCTION_INFO_V1(segment_quantiles_distinct);

Datum
segment_quantiles_distinct(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_QUANTILES(0)->n);
}

/* quantile(quantiles, p): type 7, as percentile_cont. 22003 for p outside 0 to 1. */
PG_FUNCTION_INFO_V1(segment_quantile);

Datum
segment_quantile(PG_FUNCTION_ARGS)
{
	SegmentMultiset set = segment_quantiles_set(PG_GETARG_QUANTILES(0));
	int64 total = PG_GETARG_QUANTILES(0)->total;
	double p = PG_GETARG_FLOAT8(1);
	double position;
	int64 rank;
	int64 seen;
	size_t i = 0;
	double low;
	double high;

	if (!(p >= 0 && p <= 1))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("p is out of range"),
						errdetail("p is %g; accepted are 0 to 1.", p), errhint("The median is quantile(..., 0.5).")));
	position = p * (double) (total - 1);
	rank = (int64) floor(position);
	for (seen = segment_multiset_count(&set, 0); seen <= rank && i + 1 < set.n; seen += segment_multiset_count(&set, i))
		i++;
	low = set.values[i];
	high = rank + 1 >= seen && i + 1 < set.n ? set.values[i + 1] : low;
	position -= (double) rank;
	PG_RETURN_FLOAT8(position == 0 || low == high ? low : low * (1 - position) + high * position);
}

/* quantiles_entries(quantiles): the distinct values and their counts as rows. */
PG_FUNCTION_INFO_V1(segment_quantiles_entries);

Datum
segment_quantiles_entries(PG_FUNCTION_ARGS)
{
	SegmentMultiset set = segment_quantiles_set(PG_GETARG_QUANTILES(0));
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (size_t i = 0; i < set.n; i++)
	{
		Datum values[2] = {Float8GetDatum(set.values[i]), Int64GetDatum(segment_multiset_count(&set, i))};
		bool nulls[2] = {false, false};

		SEGMENT_POLL(segment_score_poll, i);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* {"count": n, "values": [[value, count], ...]}. */
PG_FUNCTION_INFO_V1(segment_quantiles_to_jsonb);

Datum
segment_quantiles_to_jsonb(PG_FUNCTION_ARGS)
{
	const Quantiles *quantiles = PG_GETARG_QUANTILES(0);
	SegmentMultiset set = segment_quantiles_set(quantiles);
	StringInfoData json;
	char number[SEGMENT_NUMBER_TEXT];

	initStringInfo(&json);
	appendStringInfo(&json, "{\"count\": " INT64_FORMAT ", \"values\": [", quantiles->total);
	for (size_t i = 0; i < set.n; i++)
	{
		SEGMENT_POLL(segment_score_poll, i);
		segment_print_double(set.values[i], number);
		appendStringInfo(&json, "%s[%s, " INT64_FORMAT "]", i == 0 ? "" : ", ", number,
						 segment_multiset_count(&set, i));
	}
	appendStringInfoString(&json, "]}");
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

/* cut_points(quantiles, bins, method, direction): strict. */
PG_FUNCTION_INFO_V1(segment_cut_points_of_quantiles);

Datum
segment_cut_points_of_quantiles(PG_FUNCTION_ARGS)
{
	int32 bins = PG_GETARG_INT32(1);
	SegmentMethod method = segment_method_of(PG_GETARG_TEXT_PP(2));
	bool descending = segment_option_of(&segment_direction_option, PG_GETARG_TEXT_PP(3)) == 1;
	SegmentCutsBuffer buffer;

	segment_check_cut_bins(bins);
	segment_make_cuts(segment_quantiles_datum_source(PG_GETARG_DATUM(0)), bins, method, descending, &buffer);
	segment_warn_lopsided(&buffer.cuts, "values");
	PG_RETURN_POINTER(segment_cut_points_value(&buffer.cuts));
}
