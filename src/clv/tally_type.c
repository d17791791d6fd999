/*
 * tally_type.c: the SQL types btyd, spend_summary and holdout: text, binary and jsonb forms; and comparison and hash
 * of all values of this room, which are by bytes, as each value has one form only.
 *
 * Text form: what all histories share, then each history's numbers and its count:
 *     {unit 7 covariates 0: 0 0 38.857142857142854*12, 2 30.428571428571427 38.857142857142854*1}
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "clv/tally.h"
#include "core/error.h"
#include "core/message.h"
#include "math/btyd_fit.h"
#include "math/text.h"

PG_FUNCTION_INFO_V1(segment_btyd_in);
PG_FUNCTION_INFO_V1(segment_btyd_recv);
PG_FUNCTION_INFO_V1(segment_spend_summary_in);
PG_FUNCTION_INFO_V1(segment_spend_summary_recv);
PG_FUNCTION_INFO_V1(segment_holdout_in);
PG_FUNCTION_INFO_V1(segment_holdout_recv);
PG_FUNCTION_INFO_V1(segment_tally_out);
PG_FUNCTION_INFO_V1(segment_tally_send);
PG_FUNCTION_INFO_V1(segment_tally_to_jsonb);

static const char *
kind_name(TallyKind kind)
{
	return kind == TALLY_BTYD ? "btyd" : kind == TALLY_SPEND ? "spend_summary" : "holdout";
}

/* Why a head from outside is none, or NULL. */
static const char *
find_head_fault(const Tally *head)
{
	bool has_unit = head->kind != TALLY_SPEND;

	if (head->n_covariates > SEGMENT_BTYD_MAX_COVARIATES || (head->kind != TALLY_BTYD && head->n_covariates > 0))
		return "There are at most 8 covariates.";
	if (has_unit ? !(head->unit >= 1.0 / 86400 && head->unit <= 36525) : head->unit != 0)
		return "The unit must be one second to 100 years.";
	if (head->kind == TALLY_HOLDOUT ? !(head->horizon > 0 && head->horizon <= 1e12) : head->horizon != 0)
		return "The length of the hold-out must be positive and finite.";
	if (head->skipped < 0 || head->skipped > PG_INT64_MAX / 2 || (head->kind != TALLY_SPEND && head->skipped > 0))
		return "The number of skipped customers is out of range.";
	if (head->with_first > 1 || (head->kind != TALLY_SPEND && head->with_first > 0))
		return "The mark of first purchases must be 0 or 1.";
	return NULL;
}

static bool
is_count(double value)
{
	return value >= 0 && value <= 1e15 && value == floor(value);
}

/* Why a row from outside is none, or NULL. */
static const char *
find_row_fault(const Tally *head, const double *row, int64 count)
{
	int width = tally_width(head->kind, head->n_covariates);

	for (int i = 0; i < width; i++)
		if (!isfinite(row[i]))
			return "All numbers must be finite.";
	if (count <= 0 || count > PG_INT64_MAX / 2)
		return "The count of a history must be positive.";
	if (!is_count(row[0]))
		return "The number of purchases must be whole and not negative.";
	if (head->kind == TALLY_SPEND)
		return row[0] >= 1 && row[1] > 0 ? NULL : "Spend must be positive, of at least one purchase.";
	if (!(row[1] >= 0 && row[1] <= row[2] && row[2] <= 1e12) || (row[0] == 0 && row[1] != 0))
		return "The times must be 0 <= t_x <= t, and t_x 0 without repeat purchases.";
	if (head->kind == TALLY_HOLDOUT && (!is_count(row[4]) || !is_count(row[5])))
		return "Numbers of orders must be whole and not negative.";
	return NULL;
}

/* True if one row comes before another in the order of a value's rows. */
static bool
ascends(const double *a, const double *b, int width)
{
	for (int i = 0; i < width; i++)
		if (a[i] != b[i])
			return a[i] < b[i];
	return false;
}

const char *
segment_tally_fault(const void *value)
{
	const Tally *tally = value;
	int width = tally_width(tally->kind, tally->n_covariates);
	const char *fault = find_head_fault(tally);

	if (tally->version != SEGMENT_TALLY_VERSION || tally->kind < TALLY_BTYD || tally->kind > TALLY_HOLDOUT ||
		tally->reserved != 0 || tally->n_rows < 0 ||
		VARSIZE(tally) != sizeof(Tally) + (Size) tally->n_rows * (width + 1) * sizeof(double))
		return "The head of a tally is not valid.";
	for (int32 i = 0; i < tally->n_rows && fault == NULL; i++)
	{
		fault = find_row_fault(tally, tally_row(tally, i), tally_counts(tally)[i]);
		if (fault == NULL && i > 0 && !ascends(tally_row(tally, i - 1), tally_row(tally, i), width))
			fault = "Rows must ascend.";
	}
	return fault;
}

/* The kind's word and value of the head, as far as the kind has it. */
static bool
parse_head(const char **text, Tally *head)
{
	int64 count;

	if (head->kind == TALLY_SPEND)
	{
		if (!segment_text_word(text, "with_first") || !segment_text_count(text, &count) || count > 1)
			return false;
		head->with_first = (uint8) count;
		return segment_text_word(text, "skipped") && segment_text_count(text, &head->skipped);
	}
	if (!segment_text_word(text, "unit") || !segment_text_double(text, &head->unit))
		return false;
	if (head->kind == TALLY_HOLDOUT)
		return segment_text_word(text, "horizon") && segment_text_double(text, &head->horizon);
	if (!segment_text_word(text, "covariates") || !segment_text_count(text, &count) ||
		count > SEGMENT_BTYD_MAX_COVARIATES)
		return false;
	head->n_covariates = (uint8) count;
	return true;
}

static Tally *
parse(const char *text, TallyKind kind, const char **fault)
{
	Tally head;
	TallyState *state;

	memset(&head, 0, sizeof(head));
	head.version = SEGMENT_TALLY_VERSION;
	head.kind = (uint8) kind;
	*fault = "Expected are a brace, the head, and histories behind a colon.";
	if (!segment_text_char(&text, '{') || !parse_head(&text, &head))
		return NULL;
	*fault = find_head_fault(&head);
	if (*fault != NULL)
		return NULL;
	state = segment_tally_state(&head);
	if (segment_text_char(&text, ':'))
		do
		{
			double row[3 + SEGMENT_BTYD_MAX_COVARIATES];
			int64 count;

			*fault = "A history is its numbers, a star and a count.";
			for (int i = 0; i < state->width; i++)
				if (!segment_text_double(&text, &row[i]))
					return NULL;
			if (!segment_text_char(&text, '*') || !segment_text_count(&text, &count))
				return NULL;
			*fault = find_row_fault(&head, row, count);
			if (*fault != NULL)
				return NULL;
			segment_tally_add(state, row, count);
		} while (segment_text_char(&text, ','));
	*fault = "Expected is a comma or the closing brace.";
	if (!segment_text_char(&text, '}') || !segment_text_end(&text))
		return NULL;
	return segment_tally_finish(state);
}

static Datum
tally_in(FunctionCallInfo fcinfo, TallyKind kind)
{
	char *text = PG_GETARG_CSTRING(0);
	const char *fault;
	Tally *tally = parse(text, kind, &fault);

	if (tally == NULL)
	{
		segment_refuse_text(fcinfo->context, kind_name(kind), text, fault,
							"An example of btyd is {unit 7 covariates 0: 2 30.5 38.5*1}.");
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(tally);
}

Datum
segment_btyd_in(PG_FUNCTION_ARGS)
{
	return tally_in(fcinfo, TALLY_BTYD);
}

Datum
segment_spend_summary_in(PG_FUNCTION_ARGS)
{
	return tally_in(fcinfo, TALLY_SPEND);
}

Datum
segment_holdout_in(PG_FUNCTION_ARGS)
{
	return tally_in(fcinfo, TALLY_HOLDOUT);
}

static void
append_double(StringInfo text, double value)
{
	char number[SEGMENT_NUMBER_TEXT];

	appendBinaryStringInfo(text, number, segment_print_double(value, number));
}

Datum
segment_tally_out(PG_FUNCTION_ARGS)
{
	Tally *tally = PG_GETARG_TALLY(0);
	int width = tally_width(tally->kind, tally->n_covariates);
	StringInfoData text;

	initStringInfo(&text);
	if (tally->kind == TALLY_SPEND)
		appendStringInfo(&text, "{with_first %d skipped " INT64_FORMAT, tally->with_first, tally->skipped);
	else
	{
		appendStringInfoString(&text, "{unit ");
		append_double(&text, tally->unit);
		if (tally->kind == TALLY_BTYD)
			appendStringInfo(&text, " covariates %d", tally->n_covariates);
		else
		{
			appendStringInfoString(&text, " horizon ");
			append_double(&text, tally->horizon);
		}
	}
	for (int32 i = 0; i < tally->n_rows; i++)
	{
		const double *row = tally_row(tally, i);

		CHECK_FOR_INTERRUPTS();
		appendStringInfoChar(&text, i == 0 ? ':' : ',');
		for (int j = 0; j < width; j++)
		{
			appendStringInfoChar(&text, ' ');
			append_double(&text, row[j]);
		}
		appendStringInfo(&text, "*" INT64_FORMAT, tally_counts(tally)[i]);
	}
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}

/* An object: what all histories share, and an array of arrays, the count last in each. */
Datum
segment_tally_to_jsonb(PG_FUNCTION_ARGS)
{
	Tally *tally = PG_GETARG_TALLY(0);
	int width = tally_width(tally->kind, tally->n_covariates);
	StringInfoData json;

	initStringInfo(&json);
	if (tally->kind == TALLY_SPEND)
		appendStringInfo(&json, "{\"with_first\": %s, \"skipped_customers\": " INT64_FORMAT,
						 tally->with_first ? "true" : "false", tally->skipped);
	else
	{
		appendStringInfoString(&json, "{\"unit_days\": ");
		append_double(&json, tally->unit);
		if (tally->kind == TALLY_HOLDOUT)
		{
			appendStringInfoString(&json, ", \"horizon\": ");
			append_double(&json, tally->horizon);
		}
	}
	appendStringInfoString(&json, ", \"histories\": [");
	for (int32 i = 0; i < tally->n_rows; i++)
	{
		const double *row = tally_row(tally, i);

		CHECK_FOR_INTERRUPTS();
		appendStringInfoString(&json, i == 0 ? "[" : ", [");
		for (int j = 0; j < width; j++)
		{
			append_double(&json, row[j]);
			appendStringInfoString(&json, ", ");
		}
		appendStringInfo(&json, INT64_FORMAT "]", tally_counts(tally)[i]);
	}
	appendStringInfoString(&json, "]}");
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

void
segment_tally_write(StringInfo buffer, const Tally *tally)
{
	int width = tally_width(tally->kind, tally->n_covariates);

	pq_sendint8(buffer, SEGMENT_TALLY_VERSION);
	pq_sendint8(buffer, tally->kind);
	pq_sendint8(buffer, tally->n_covariates);
	pq_sendint8(buffer, tally->with_first);
	pq_sendint32(buffer, (uint32) tally->n_rows);
	pq_sendfloat8(buffer, tally->unit);
	pq_sendfloat8(buffer, tally->horizon);
	pq_sendint64(buffer, tally->skipped);
	for (int32 i = 0; i < tally->n_rows; i++)
	{
		const double *row = tally_row(tally, i);

		for (int j = 0; j < width; j++)
			pq_sendfloat8(buffer, row[j]);
		pq_sendint64(buffer, tally_counts(tally)[i]);
	}
}

static void
refuse_binary(TallyKind kind, const char *fault)
{
	segment_refuse_binary(kind_name(kind), fault);
}

Tally *
segment_tally_read(SegmentCursor *cursor, TallyKind kind)
{
	Tally head;
	TallyState *state;
	const char *fault;
	uint32 n_rows;

	memset(&head, 0, sizeof(head));
	head.version = (uint8) segment_take(cursor, 1);
	head.kind = (uint8) segment_take(cursor, 1);
	head.n_covariates = (uint8) segment_take(cursor, 1);
	head.with_first = (uint8) segment_take(cursor, 1);
	n_rows = (uint32) segment_take(cursor, 4);
	head.unit = segment_positive_zero(segment_take_double(cursor));
	head.horizon = segment_positive_zero(segment_take_double(cursor));
	head.skipped = (int64) segment_take(cursor, 8);
	if (head.version != SEGMENT_TALLY_VERSION)
		refuse_binary(kind, "The format version is unknown to this version of segment.");
	if (head.kind != kind)
		refuse_binary(kind, "The value is of another type.");
	fault = cursor->is_short ? segment_cursor_fault(cursor) : find_head_fault(&head);
	if (fault != NULL)
		refuse_binary(kind, fault);
	state = segment_tally_state(&head);
	if (n_rows > PG_INT32_MAX || segment_cursor_left(cursor) != n_rows * segment_tally_row_size(state))
		refuse_binary(kind, "The number of histories does not fit the length.");
	for (uint32 i = 0; i < n_rows; i++)
	{
		double row[3 + SEGMENT_BTYD_MAX_COVARIATES];
		int64 count;

		for (int j = 0; j < state->width; j++)
			row[j] = segment_positive_zero(segment_take_double(cursor));
		count = (int64) segment_take(cursor, 8);
		fault = find_row_fault(&head, row, count);
		if (fault != NULL)
			refuse_binary(kind, fault);
		segment_tally_add(state, row, count);
	}
	return segment_tally_finish(state);
}

Datum
segment_tally_send(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	segment_tally_write(&buffer, PG_GETARG_TALLY(0));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

static Datum
receive(FunctionCallInfo fcinfo, TallyKind kind)
{
	SegmentCursor cursor = segment_message_cursor((StringInfo) PG_GETARG_POINTER(0));

	PG_RETURN_POINTER(segment_tally_read(&cursor, kind));
}

Datum
segment_btyd_recv(PG_FUNCTION_ARGS)
{
	return receive(fcinfo, TALLY_BTYD);
}

Datum
segment_spend_summary_recv(PG_FUNCTION_ARGS)
{
	return receive(fcinfo, TALLY_SPEND);
}

Datum
segment_holdout_recv(PG_FUNCTION_ARGS)
{
	return receive(fcinfo, TALLY_HOLDOUT);
}
