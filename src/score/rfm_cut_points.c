/*
 * rfm_cut_points.c: the SQL type rfm_cut_points, the frozen rule that scores one customer: cut points of recency,
 * frequency and monetary. Text and binary form, comparison, hashing.
 */
#include "postgres.h"

#include "core/compat.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "core/compare.h"
#include "core/error.h"
#include "core/message.h"
#include "math/text.h"
#include "score/cut_points.h"

static const char *const dimension_letters[RFM_DIMENSIONS] = {"r", "f", "m"};

RfmCutPoints *
segment_rfm_cut_points_value(const SegmentCuts *const cuts[RFM_DIMENSIONS], RfmMonetary monetary)
{
	Size size = offsetof(RfmCutPoints, recency);
	RfmCutPoints *value;
	char *place;

	for (int d = 0; d < RFM_DIMENSIONS; d++)
		size += segment_cuts_size(cuts[d]);
	value = palloc0(size);
	SET_VARSIZE(value, size);
	value->version = SEGMENT_CUT_POINTS_VERSION;
	value->monetary = (uint8) monetary;
	place = (char *) &value->recency;
	for (int d = 0; d < RFM_DIMENSIONS; d++)
	{
		memcpy(place, cuts[d], segment_cuts_size(cuts[d]));
		place += segment_cuts_size(cuts[d]);
	}
	return SEGMENT_CHECKED(RfmCutPoints, value, segment_rfm_cut_points_fault);
}

const char *
segment_rfm_cut_points_fault(const void *value)
{
	const RfmCutPoints *cut_points = value;
	const SegmentCuts *cuts[RFM_DIMENSIONS];
	const char *fault = NULL;

	if (cut_points->version != SEGMENT_CUT_POINTS_VERSION || cut_points->monetary > RFM_MONETARY_AVERAGE)
		return "The head of rfm_cut_points is none.";
	segment_rfm_cuts(cut_points, cuts);
	for (int d = 0; d < RFM_DIMENSIONS && fault == NULL; d++)
		fault = segment_cuts_fault(cuts[d], segment_cuts_size(cuts[d]));
	if (fault == NULL && (const char *) segment_cuts_next(cuts[RFM_MONETARY]) != (const char *) value + VARSIZE(value))
		return "The length does not fit the three.";
	return fault != NULL ? fault : segment_rfm_cuts_fault(cuts);
}

const char *
segment_rfm_cuts_fault(const SegmentCuts *const cuts[RFM_DIMENSIONS])
{
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		if (cuts[d]->bins > SEGMENT_MAX_BINS)
			return "Each of the three may have at most 9 bins.";
	if (!cuts[RFM_RECENCY]->descending)
		return "Cut points of recency must be descending: the sides within and under are.";
	if (cuts[RFM_FREQUENCY]->descending || cuts[RFM_MONETARY]->descending)
		return "Cut points of frequency and monetary must be ascending, such as the side from.";
	return NULL;
}

/* Parses "r: CUTS; f: CUTS; m: total CUTS". Returns NULL, or what is wrong. */
static const char *
parse(const char *text, SegmentCutsBuffer buffers[RFM_DIMENSIONS], RfmMonetary *monetary)
{
	const SegmentCuts *cuts[RFM_DIMENSIONS];

	for (int d = 0; d < RFM_DIMENSIONS; d++)
	{
		const char *fault;

		if ((d > 0 && !segment_text_char(&text, ';')) || !segment_text_word(&text, dimension_letters[d]) ||
			!segment_text_char(&text, ':'))
			return "It has three parts, r: ...; f: ...; m: ...";
		if (d == RFM_MONETARY)
		{
			if (segment_text_word(&text, segment_monetary_option.words[RFM_MONETARY_TOTAL]))
				*monetary = RFM_MONETARY_TOTAL;
			else if (segment_text_word(&text, segment_monetary_option.words[RFM_MONETARY_AVERAGE]))
				*monetary = RFM_MONETARY_AVERAGE;
			else
				return "Behind m: stands total or average.";
		}
		fault = segment_cuts_parse(&text, &buffers[d]);
		if (fault)
			return fault;
		cuts[d] = &buffers[d].cuts;
	}
	if (!segment_text_end(&text))
		return "Something follows behind the end.";
	return segment_rfm_cuts_fault(cuts);
}

PG_FUNCTION_INFO_V1(segment_rfm_cut_points_in);

Datum
segment_rfm_cut_points_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	SegmentCutsBuffer buffers[RFM_DIMENSIONS];
	const SegmentCuts *cuts[RFM_DIMENSIONS];
	RfmMonetary monetary;
	const char *fault = parse(text, buffers, &monetary);

	if (fault)
	{
		segment_refuse_text(fcinfo->context, "rfm_cut_points", text, fault,
							"An example is r: within {30,90,365}; f: from {2,3,5}; m: total from {50,100,500}. "
							"rfm_cut_points(r, f, m) makes it of cut_points.");
		PG_RETURN_NULL();
	}
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		cuts[d] = &buffers[d].cuts;
	PG_RETURN_POINTER(segment_rfm_cut_points_value(cuts, monetary));
}

PG_FUNCTION_INFO_V1(segment_rfm_cut_points_out);

Datum
segment_rfm_cut_points_out(PG_FUNCTION_ARGS)
{
	const RfmCutPoints *value = PG_GETARG_RFM_CUT_POINTS(0);
	const SegmentCuts *cuts[RFM_DIMENSIONS];
	StringInfoData text;
	char *part = palloc(SEGMENT_CUTS_TEXT);

	segment_rfm_cuts(value, cuts);
	initStringInfo(&text);
	for (int d = 0; d < RFM_DIMENSIONS; d++)
	{
		appendStringInfo(&text, "%s%s: ", d > 0 ? "; " : "", dimension_letters[d]);
		if (d == RFM_MONETARY)
			appendStringInfo(&text, "%s ", segment_monetary_option.words[value->monetary]);
		segment_cuts_print(cuts[d], part);
		appendStringInfoString(&text, part);
	}
	PG_RETURN_CSTRING(text.data);
}

PG_FUNCTION_INFO_V1(segment_rfm_cut_points_recv);

Datum
segment_rfm_cut_points_recv(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor = segment_message_cursor((StringInfo) PG_GETARG_POINTER(0));
	int version = (int) segment_take(&cursor, 1);
	int monetary = (int) segment_take(&cursor, 1);
	SegmentCutsBuffer buffers[RFM_DIMENSIONS];
	const SegmentCuts *cuts[RFM_DIMENSIONS];
	const char *fault = NULL;

	if (version != SEGMENT_CUT_POINTS_VERSION)
		fault = "The version is unknown.";
	else if (monetary > RFM_MONETARY_AVERAGE)
		fault = "The choice of monetary is unknown.";
	for (int d = 0; !fault && d < RFM_DIMENSIONS; d++)
	{
		fault = segment_cuts_decode(&cursor, &buffers[d]);
		cuts[d] = &buffers[d].cuts;
	}
	if (!fault)
		fault = segment_cursor_fault(&cursor);
	if (!fault)
		fault = segment_rfm_cuts_fault(cuts);
	if (fault)
		segment_refuse_binary("rfm_cut_points", fault);
	PG_RETURN_POINTER(segment_rfm_cut_points_value(cuts, (RfmMonetary) monetary));
}

PG_FUNCTION_INFO_V1(segment_rfm_cut_points_send);

Datum
segment_rfm_cut_points_send(PG_FUNCTION_ARGS)
{
	const RfmCutPoints *value = PG_GETARG_RFM_CUT_POINTS(0);
	const SegmentCuts *cuts[RFM_DIMENSIONS];
	unsigned char bytes[SEGMENT_CUTS_MAX_SIZE];
	StringInfoData buffer;

	segment_rfm_cuts(value, cuts);
	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, SEGMENT_CUT_POINTS_VERSION);
	pq_sendbyte(&buffer, value->monetary);
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		pq_sendbytes(&buffer, (char *) bytes, (int) segment_cuts_encode(cuts[d], bytes));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* An arbitrary total order: by length, then by bytes. */
static int
compare(FunctionCallInfo fcinfo)
{
	RfmCutPoints *a = PG_GETARG_RFM_CUT_POINTS(0);
	RfmCutPoints *b = PG_GETARG_RFM_CUT_POINTS(1);
	int order = (VARSIZE(a) > VARSIZE(b)) - (VARSIZE(a) < VARSIZE(b));

	if (order == 0)
		order = memcmp(VARDATA(a), VARDATA(b), VARSIZE(a) - VARHDRSZ);
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return order;
}

SEGMENT_COMPARISONS(rfm_cut_points, compare)

PG_FUNCTION_INFO_V1(segment_rfm_cut_points_hash);

Datum
segment_rfm_cut_points_hash(PG_FUNCTION_ARGS)
{
	const RfmCutPoints *value = PG_GETARG_RFM_CUT_POINTS(0);

	PG_RETURN_UINT32(hash_bytes((const unsigned char *) VARDATA(value), (int) (VARSIZE(value) - VARHDRSZ)));
}

PG_FUNCTION_INFO_V1(segment_rfm_cut_points_hash_extended);

Datum
segment_rfm_cut_points_hash_extended(PG_FUNCTION_ARGS)
{
	const RfmCutPoints *value = PG_GETARG_RFM_CUT_POINTS(0);

	PG_RETURN_UINT64(hash_bytes_extended((const unsigned char *) VARDATA(value), (int) (VARSIZE(value) - VARHDRSZ),
										 (uint64) PG_GETARG_INT64(1)));
}
