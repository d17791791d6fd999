/*
 * outcome_type.c: the SQL type outcome: text and binary form, and values made of sums that were computed elsewhere.
 *
 * As text: "n 3, y 6.50, yy 15.25": rows, sum of the metric, sum of its squares. With a second column "n 3, y 6, yy 14,
 * x 9, xx 29, xy 20", and behind a semicolon the rows whose second column is missing.
 */
#include "postgres.h"

#include "core/compat.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "core/message.h"
#include "experiment/experiment.h"
#include "math/text.h"

void
segment_outcome_arg(FunctionCallInfo fcinfo, int arg, SegmentMoments *moments)
{
	bytea *bytes = PG_GETARG_BYTEA_PP(arg);
	const char *fault = segment_outcome_decode(segment_state_cursor(bytes), moments);

	if (fault)
		segment_refuse_binary("outcome", fault);
	PG_FREE_IF_COPY(bytes, arg);
}

static const char *const names[SEGMENT_MOMENTS] = {"y", "yy", "y", "yy", "x", "xx", "xy"};

static bool
parse_sum(const char **text, int which, SegmentBig *sum, int *decimals)
{
	bool is_product = which != SEGMENT_ALONE_Y && which != SEGMENT_Y && which != SEGMENT_X;

	if (!segment_text_char(text, ',') || !segment_text_word(text, names[which]))
		return false;
	segment_text_skip(text);
	if (!segment_big_parse(text, is_product ? SEGMENT_PRODUCT_DECIMALS : SEGMENT_MOMENT_DECIMALS, sum, decimals))
		return false;
	*decimals = segment_big_normalize(sum, *decimals);
	return true;
}

/* Reads "n 3, y 6, yy 14" into these and the following sums. */
static bool
parse_rows(const char **text, SegmentMoment first, SegmentMoment end, int64 *n, SegmentBig *sums, int *decimals)
{
	if (!segment_text_word(text, "n") || !segment_text_count(text, n))
		return false;
	for (int i = first; i < (int) end; i++)
		if (!parse_sum(text, i, &sums[i], &decimals[i]))
			return false;
	return true;
}

/* Reads the whole text; what is wrong with it, or NULL. */
static const char *
parse(const char *text, SegmentMoments *moments)
{
	SegmentBig sums[SEGMENT_MOMENTS] = {0};
	int decimals[SEGMENT_MOMENTS] = {0};
	const char *two_columns = text;
	const char *syntax = "It is no list of a number of rows and sums.";

	memset(moments, 0, sizeof(SegmentMoments));
	if (parse_rows(&two_columns, SEGMENT_Y, SEGMENT_MOMENTS, &moments->n_both, sums, decimals))
	{
		text = two_columns;
		moments->has_x = true;
		if (segment_text_char(&text, ';') &&
			!parse_rows(&text, SEGMENT_ALONE_Y, SEGMENT_Y, &moments->n_alone, sums, decimals))
			return syntax;
	}
	else
	{
		memset(sums, 0, sizeof(sums));
		memset(decimals, 0, sizeof(decimals));
		moments->n_both = 0;
		if (!parse_rows(&text, SEGMENT_ALONE_Y, SEGMENT_Y, &moments->n_alone, sums, decimals))
			return syntax;
	}
	if (!segment_text_end(&text))
		return syntax;
	if (!segment_outcome_set_sums(moments, sums, decimals))
		return "A sum is too large, or has too many decimals.";
	return segment_moments_fault(moments);
}

PG_FUNCTION_INFO_V1(segment_outcome_in);

Datum
segment_outcome_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	SegmentMoments moments;
	const char *fault = parse(text, &moments);

	if (fault)
	{
		segment_refuse_text(fcinfo->context, "outcome", text, fault,
							"Examples are n 3, y 6, yy 14 and n 3, y 6, yy 14, x 9, xx 29, xy 20.");
		PG_RETURN_NULL();
	}
	PG_RETURN_BYTEA_P(segment_outcome_encode(&moments));
}

static void
print_sums(StringInfo text, const SegmentMoments *moments, int first, int end)
{
	for (int i = first; i < end; i++)
	{
		char digits[SEGMENT_BIG_DIGITS];
		SegmentBig sum = moments->sum[i];
		int decimals = segment_big_normalize(&sum, segment_moment_scale(moments, i));

		segment_big_print(&sum, decimals, digits);
		appendStringInfo(text, ", %s %s", names[i], digits);
	}
}

PG_FUNCTION_INFO_V1(segment_outcome_out);

Datum
segment_outcome_out(PG_FUNCTION_ARGS)
{
	SegmentMoments moments;
	StringInfoData text;

	segment_outcome_arg(fcinfo, 0, &moments);
	initStringInfo(&text);
	if (moments.has_x)
	{
		appendStringInfo(&text, "n " INT64_FORMAT, moments.n_both);
		print_sums(&text, &moments, SEGMENT_Y, SEGMENT_MOMENTS);
		if (moments.n_alone > 0)
			appendStringInfoString(&text, "; ");
	}
	if (moments.n_alone > 0)
	{
		appendStringInfo(&text, "n " INT64_FORMAT, moments.n_alone);
		print_sums(&text, &moments, SEGMENT_ALONE_Y, SEGMENT_Y);
	}
	PG_RETURN_CSTRING(text.data);
}

PG_FUNCTION_INFO_V1(segment_outcome_recv);

Datum
segment_outcome_recv(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor = segment_message_cursor((StringInfo) PG_GETARG_POINTER(0));
	Size size = segment_cursor_left(&cursor);
	bytea *bytes = palloc(VARHDRSZ + size);
	SegmentMoments moments;
	const char *fault;

	SET_VARSIZE(bytes, VARHDRSZ + size);
	memcpy(VARDATA(bytes), cursor.at, size);
	fault = segment_outcome_decode(cursor, &moments);
	if (fault)
		segment_refuse_binary("outcome", fault);
	PG_RETURN_BYTEA_P(bytes);
}

PG_FUNCTION_INFO_V1(segment_outcome_send);

Datum
segment_outcome_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(PG_GETARG_BYTEA_P_COPY(0));
}

/* --- of sums ----------------------------------------------------------------------------------- */

pg_noreturn static void
refuse_sums(const char *fault)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("sums are those of no data"), errdetail("%s", fault),
			 errhint("Pass the number of rows, the sum, and the sum of squares of the same rows, unrounded.")));
}

static void
numeric_argument(FunctionCallInfo fcinfo, int arg, SegmentBig *sum, int *decimals)
{
	Numeric number = PG_GETARG_NUMERIC(arg);
	const char *digits = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));

	if (!segment_big_parse(&digits, 10000, sum, decimals) || *digits != '\0')
		refuse_sums("A sum is too large, or no finite number.");
	*decimals = segment_big_normalize(sum, *decimals);
	if (*decimals > SEGMENT_PRODUCT_DECIMALS)
		refuse_sums("A sum has more than 40 decimals.");
}

/* outcome(n, y, yy [, x, xx, xy]). Strict. */
PG_FUNCTION_INFO_V1(segment_outcome_of_sums);

Datum
segment_outcome_of_sums(PG_FUNCTION_ARGS)
{
	SegmentBig sums[SEGMENT_MOMENTS] = {0};
	int decimals[SEGMENT_MOMENTS] = {0};
	SegmentMoments moments = {0};
	const char *fault = "A sum is too large, or has too many decimals.";
	SegmentMoment first;

	moments.has_x = PG_NARGS() > 3;
	first = moments.has_x ? SEGMENT_Y : SEGMENT_ALONE_Y;
	if (moments.has_x)
		moments.n_both = PG_GETARG_INT64(0);
	else
		moments.n_alone = PG_GETARG_INT64(0);
	for (int i = 1; i < PG_NARGS(); i++)
		numeric_argument(fcinfo, i, &sums[first + i - 1], &decimals[first + i - 1]);
	if (segment_outcome_set_sums(&moments, sums, decimals))
		fault = segment_moments_fault(&moments);
	if (fault)
		refuse_sums(fault);
	PG_RETURN_BYTEA_P(segment_outcome_encode(&moments));
}

/* outcome_of_rate(events, n): n rows of 0 or 1. Strict. */
PG_FUNCTION_INFO_V1(segment_outcome_of_rate);

Datum
segment_outcome_of_rate(PG_FUNCTION_ARGS)
{
	int64 events = PG_GETARG_INT64(0);
	SegmentMoments moments = {0};

	moments.n_alone = PG_GETARG_INT64(1);
	if (events < 0 || events > moments.n_alone || moments.n_alone < 1 || moments.n_alone > SEGMENT_MOMENT_MAX_ROWS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("rate is out of range"),
						errdetail("It is %lld of %lld; accepted are 0 to n of n, n from 1 to 2^62.", (long long) events,
								  (long long) moments.n_alone),
						errhint("Pass the number of customers with the event, then the number of all customers.")));
	moments.sum[SEGMENT_ALONE_Y] = segment_big_of_count(events);
	moments.sum[SEGMENT_ALONE_YY] = segment_big_of_count(events);
	PG_RETURN_BYTEA_P(segment_outcome_encode(&moments));
}
