/*
 * score_type.c: the SQL type rfm_score: text and binary form, comparison, hashing, accessors.
 */
#include "postgres.h"

#include "core/compat.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "core/compare.h"
#include "core/error.h"
#include "core/message.h"
#include "math/score_text.h"
#include "score/score.h"

/* Splits a value into scores and bins. */
static void
unpack(RfmScore score, int scores[RFM_DIMENSIONS], int bins[RFM_DIMENSIONS])
{
	for (int d = 0; d < RFM_DIMENSIONS; d++)
	{
		scores[d] = rfm_score_of(score, d);
		bins[d] = rfm_score_bins(score, d);
	}
}

static RfmScore
pack(const int scores[RFM_DIMENSIONS], const int bins[RFM_DIMENSIONS])
{
	return rfm_score_make(scores[0], scores[1], scores[2], bins[0], bins[1], bins[2]);
}

/* Text form, see math/score_text.h. 22P02 for anything else, softly where the caller asks so. */
PG_FUNCTION_INFO_V1(segment_rfm_score_in);

Datum
segment_rfm_score_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	int scores[RFM_DIMENSIONS];
	int bins[RFM_DIMENSIONS];

	switch (segment_triple_parse(text, scores, bins))
	{
		case SEGMENT_TRIPLE_OK:
			PG_RETURN_RFM_SCORE(pack(scores, bins));
		case SEGMENT_TRIPLE_SYNTAX:
			segment_refuse_text(fcinfo->context, "rfm_score", text,
								"A score is recency-frequency-monetary, each a digit, such as 5-4-3; bins other than 5 "
								"follow as in 3-2-1/4 or 3-2-1/4-3-2; a customer without an order is none.",
								"rfm_score(r, f, m, bins) makes a score from numbers.");
			break;
		case SEGMENT_TRIPLE_BINS:
			segment_refuse_text(fcinfo->context, "rfm_score", text,
								psprintf("Bins, behind the slash, are %d to %d.", SEGMENT_MIN_BINS, SEGMENT_MAX_BINS),
								"Without a slash a score has 5 bins.");
			break;
		case SEGMENT_TRIPLE_SCORE:
			segment_refuse_text(
				fcinfo->context, "rfm_score", text,
				psprintf("Scores are 1 to the number of bins: here %d, %d and %d.", bins[0], bins[1], bins[2]),
				"Other bins than 5 are written behind a slash, as in 7-7-7/9.");
			break;
	}
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(segment_rfm_score_out);

Datum
segment_rfm_score_out(PG_FUNCTION_ARGS)
{
	int scores[RFM_DIMENSIONS];
	int bins[RFM_DIMENSIONS];
	char *text = palloc(SEGMENT_TRIPLE_TEXT);

	unpack(PG_GETARG_RFM_SCORE(0), scores, bins);
	segment_triple_print(scores, bins, text);
	PG_RETURN_CSTRING(text);
}

/* True for a score that a function of ours can have made. */
static bool
is_sound(RfmScore score)
{
	int scores[RFM_DIMENSIONS];
	int bins[RFM_DIMENSIONS];

	unpack(score, scores, bins);
	return pack(scores, bins) == score && segment_triple_is_valid(scores, bins);
}

#ifdef USE_ASSERT_CHECKING
RfmScore
segment_checked_score(RfmScore score)
{
	SEGMENT_CHECK_STATE(is_sound(score) ? NULL : "The bits of an rfm_score are none.");
	return score;
}
#endif

/* Binary form: the packed 4 bytes, checked. */
PG_FUNCTION_INFO_V1(segment_rfm_score_recv);

Datum
segment_rfm_score_recv(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor = segment_message_cursor((StringInfo) PG_GETARG_POINTER(0));
	RfmScore score = (RfmScore) segment_take(&cursor, 4);

	segment_end_message(&cursor, "rfm_score");
	if (!is_sound(score))
		segment_refuse_binary("rfm_score", psprintf("The value is 0x%08X; scores are 1 to bins, and bins are %d to %d.",
													score, SEGMENT_MIN_BINS, SEGMENT_MAX_BINS));
	PG_RETURN_RFM_SCORE(score);
}

PG_FUNCTION_INFO_V1(segment_rfm_score_send);

Datum
segment_rfm_score_send(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint32(&buffer, PG_GETARG_RFM_SCORE(0));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* rfm_score(r, f, m, bins): all four strict; 22023 out of range. */
PG_FUNCTION_INFO_V1(segment_rfm_score_make);

Datum
segment_rfm_score_make(PG_FUNCTION_ARGS)
{
	static const char *const names[RFM_DIMENSIONS] = {"r", "f", "m"};
	int32 bins = PG_GETARG_INT32(3);
	int scores[RFM_DIMENSIONS];

	segment_check_int_range("bins", bins, SEGMENT_MIN_BINS, SEGMENT_MAX_BINS);
	for (int d = 0; d < RFM_DIMENSIONS; d++)
	{
		scores[d] = PG_GETARG_INT32(d);
		segment_check_int_range(names[d], scores[d], 1, bins);
	}
	PG_RETURN_RFM_SCORE(rfm_score_make(scores[0], scores[1], scores[2], bins, bins, bins));
}

/*
 * The sort key: recency score first, then frequency, monetary, and the bins last; none sorts lowest. A permutation of
 * the nibbles, so equal keys are equal values.
 */
static uint32
sort_key(RfmScore score)
{
	uint32 key = 0;

	for (int nibble = 0; nibble < 2 * RFM_DIMENSIONS; nibble++)
		key = key << 4 | ((score >> (4 * nibble)) & 15);
	return key;
}

static int
compare(FunctionCallInfo fcinfo)
{
	uint32 a = sort_key(PG_GETARG_RFM_SCORE(0));
	uint32 b = sort_key(PG_GETARG_RFM_SCORE(1));

	return (a > b) - (a < b);
}

SEGMENT_COMPARISONS(rfm_score, compare)

PG_FUNCTION_INFO_V1(segment_rfm_score_hash);

Datum
segment_rfm_score_hash(PG_FUNCTION_ARGS)
{
	PG_RETURN_UINT32(hash_bytes_uint32(PG_GETARG_RFM_SCORE(0)));
}

PG_FUNCTION_INFO_V1(segment_rfm_score_hash_extended);

Datum
segment_rfm_score_hash_extended(PG_FUNCTION_ARGS)
{
	PG_RETURN_UINT64(hash_bytes_uint32_extended(PG_GETARG_RFM_SCORE(0), (uint64) PG_GETARG_INT64(1)));
}

/* One score as smallint; NULL for a customer without an order. */
static Datum
one_score(FunctionCallInfo fcinfo, RfmDimension dimension)
{
	RfmScore score = PG_GETARG_RFM_SCORE(0);

	if (!rfm_score_has_orders(score))
		PG_RETURN_NULL();
	PG_RETURN_INT16((int16) rfm_score_of(score, dimension));
}

PG_FUNCTION_INFO_V1(segment_score_r);
PG_FUNCTION_INFO_V1(segment_score_f);
PG_FUNCTION_INFO_V1(segment_score_m);

Datum
segment_score_r(PG_FUNCTION_ARGS)
{
	return one_score(fcinfo, RFM_RECENCY);
}

Datum
segment_score_f(PG_FUNCTION_ARGS)
{
	return one_score(fcinfo, RFM_FREQUENCY);
}

Datum
segment_score_m(PG_FUNCTION_ARGS)
{
	return one_score(fcinfo, RFM_MONETARY);
}

/* 100 r + 10 f + m: one digit a score, as scores are at most 9. NULL without an order. */
PG_FUNCTION_INFO_V1(segment_score_code);

Datum
segment_score_code(PG_FUNCTION_ARGS)
{
	RfmScore score = PG_GETARG_RFM_SCORE(0);

	if (!rfm_score_has_orders(score))
		PG_RETURN_NULL();
	PG_RETURN_INT32(100 * rfm_score_of(score, RFM_RECENCY) + 10 * rfm_score_of(score, RFM_FREQUENCY) +
					rfm_score_of(score, RFM_MONETARY));
}

/* (f + m) / 2. NULL without an order. */
PG_FUNCTION_INFO_V1(segment_score_fm);

Datum
segment_score_fm(PG_FUNCTION_ARGS)
{
	RfmScore score = PG_GETARG_RFM_SCORE(0);

	if (!rfm_score_has_orders(score))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((rfm_score_of(score, RFM_FREQUENCY) + rfm_score_of(score, RFM_MONETARY)) / 2.0);
}

/* The bins of recency, frequency and monetary as a smallint each. */
static Datum
one_bins(FunctionCallInfo fcinfo, RfmDimension dimension)
{
	PG_RETURN_INT16((int16) rfm_score_bins(PG_GETARG_RFM_SCORE(0), dimension));
}

PG_FUNCTION_INFO_V1(segment_score_bins_r);
PG_FUNCTION_INFO_V1(segment_score_bins_f);
PG_FUNCTION_INFO_V1(segment_score_bins_m);

Datum
segment_score_bins_r(PG_FUNCTION_ARGS)
{
	return one_bins(fcinfo, RFM_RECENCY);
}

Datum
segment_score_bins_f(PG_FUNCTION_ARGS)
{
	return one_bins(fcinfo, RFM_FREQUENCY);
}

Datum
segment_score_bins_m(PG_FUNCTION_ARGS)
{
	return one_bins(fcinfo, RFM_MONETARY);
}

/* {"r": 5, "f": 4, "m": 3, "bins": [5, 5, 5]}; the scores are null for a customer without an order. */
PG_FUNCTION_INFO_V1(segment_rfm_score_to_jsonb);

Datum
segment_rfm_score_to_jsonb(PG_FUNCTION_ARGS)
{
	RfmScore score = PG_GETARG_RFM_SCORE(0);
	int scores[RFM_DIMENSIONS];
	int bins[RFM_DIMENSIONS];
	char *text;

	unpack(score, scores, bins);
	if (rfm_score_has_orders(score))
		text = psprintf("{\"r\": %d, \"f\": %d, \"m\": %d, \"bins\": [%d, %d, %d]}", scores[0], scores[1], scores[2],
						bins[0], bins[1], bins[2]);
	else
		text = psprintf("{\"r\": null, \"f\": null, \"m\": null, \"bins\": [%d, %d, %d]}", bins[0], bins[1], bins[2]);
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}
