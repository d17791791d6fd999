/*
 * repeat_type.c: the SQL type repeat_summary: made from a ledger or from numbers; text, binary and jsonb forms,
 * comparison, hash, accessors.
 *
 * Text form, in which spend and first are left out where they are unknown:
 *     x 2 t_x 30.428571428571427 t 38.857142857142854 spend 22.35 first 29.33 skipped 0 unit 7
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "core/compare.h"
#include "core/day.h"
#include "core/error.h"
#include "core/message.h"
#include "ledger/ledger.h"
#include "math/text.h"

PG_FUNCTION_INFO_V1(segment_ledger_repeat);
PG_FUNCTION_INFO_V1(segment_repeat_later);
PG_FUNCTION_INFO_V1(segment_repeat_summary_make);
PG_FUNCTION_INFO_V1(segment_repeat_summary_in);
PG_FUNCTION_INFO_V1(segment_repeat_summary_out);
PG_FUNCTION_INFO_V1(segment_repeat_summary_recv);
PG_FUNCTION_INFO_V1(segment_repeat_summary_send);
PG_FUNCTION_INFO_V1(segment_repeat_summary_to_jsonb);
PG_FUNCTION_INFO_V1(segment_repeat_summary_hash);
PG_FUNCTION_INFO_V1(segment_repeat_summary_hash_extended);
PG_FUNCTION_INFO_V1(segment_repeat_x);
PG_FUNCTION_INFO_V1(segment_repeat_t_x);
PG_FUNCTION_INFO_V1(segment_repeat_t);
PG_FUNCTION_INFO_V1(segment_repeat_spend);
PG_FUNCTION_INFO_V1(segment_repeat_first_spend);
PG_FUNCTION_INFO_V1(segment_repeat_unit);
PG_FUNCTION_INFO_V1(segment_repeat_skipped);

/* Julian months, as all of time here: a year has 365.25 days. */
#define DAYS_PER_MONTH_MEAN (365.25 / 12)

/* The models count in doubles: up to here they are exact, and nobody has more orders. */
#define MAX_X INT64CONST(1000000000)

double
segment_interval_days(const Interval *interval)
{
	return interval->month * DAYS_PER_MONTH_MEAN + interval->day + (double) interval->time / USECS_PER_DAY;
}

double
segment_unit_days(const Interval *interval)
{
	double days = segment_interval_days(interval);

	if (!(days >= 1.0 / 86400 && days <= 36525))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unit of time is out of range"),
						errdetail("The unit is %g days; accepted are one second to 100 years.", days),
						errhint("Pass an interval such as '1 week' or '1 day'.")));
	return days;
}

RepeatSummary *
segment_repeat_new(void)
{
	RepeatSummary *repeat = palloc0(sizeof(RepeatSummary));

	SET_VARSIZE(repeat, sizeof(RepeatSummary));
	repeat->version = SEGMENT_REPEAT_VERSION;
	return repeat;
}

RepeatSummary *
segment_ledger_repeat_at(const Ledger *ledger, DateADT as_of, double unit)
{
	RepeatSummary *repeat = segment_repeat_new();
	SegmentWide total = segment_wide_from_int128(0);
	DateADT first = 0;
	DateADT last = 0;
	int64 purchases = 0;
	LedgerReader reader;
	LedgerDay day;

	segment_ledger_open(&reader, ledger);
	while (segment_ledger_next(&reader, &day) && day.day <= as_of)
	{
		if (!segment_ledger_is_purchase(&day))
		{
			repeat->skipped++;
			continue;
		}
		if (purchases++ == 0)
		{
			first = day.day;
			repeat->first_spend = segment_decimal_to_double(&day.net, ledger->scale);
		}
		else
			(void) segment_wide_add(&total, &day.net);
		last = day.day;
	}
	if (purchases == 0)
		return NULL;
	repeat->has_first_spend = 1;
	repeat->x = purchases - 1;
	repeat->t_x = (last - first) / unit;
	repeat->t = (as_of - first) / unit;
	repeat->unit = unit;
	if (repeat->x > 0)
	{
		repeat->has_spend = 1;
		repeat->spend = segment_wide_to_mean(&total, ledger->scale, repeat->x);
	}
	return repeat;
}

bool
segment_repeat_mean_spend(const RepeatSummary *repeat, bool with_first, double *purchases, double *spend)
{
	*purchases = (double) repeat->x;
	*spend = repeat->spend;
	if (repeat->x > 0 && !repeat->has_spend)
		return false;
	if (with_first)
	{
		if (!repeat->has_first_spend)
			return false;
		*spend = (repeat->spend * *purchases + repeat->first_spend) / (*purchases + 1);
		*purchases += 1;
	}
	return true;
}

/* NULL if the customer has not bought up to as_of. */
Datum
segment_ledger_repeat(PG_FUNCTION_ARGS)
{
	Ledger *ledger = PG_GETARG_LEDGER(0);
	DateADT as_of = PG_GETARG_DATEADT(1);
	double unit = segment_unit_days(PG_GETARG_INTERVAL_P(2));
	RepeatSummary *repeat;

	segment_check_as_of(as_of);
	repeat = segment_ledger_repeat_at(ledger, as_of, unit);
	if (repeat == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(repeat);
}

/* Why a summary from outside is not valid, or NULL. */
static const char *
find_fault(const RepeatSummary *repeat)
{
	if (repeat->x < 0 || repeat->x > MAX_X)
		return "x, the number of repeat purchases, must be 0 to 1000000000.";
	if (!(repeat->t >= 0 && repeat->t <= 1e12) || !(repeat->t_x >= 0 && repeat->t_x <= repeat->t))
		return "The times must be finite, with 0 <= t_x <= t.";
	if (repeat->x == 0 && repeat->t_x != 0)
		return "Without repeat purchases t_x must be 0.";
	if (!isfinite(repeat->spend) || !isfinite(repeat->first_spend))
		return "Amounts must be finite.";
	if (repeat->has_spend && repeat->x == 0)
		return "Without repeat purchases there is no mean spend of them.";
	if (!(repeat->unit >= 1.0 / 86400 && repeat->unit <= 36525))
		return "The unit must be one second to 100 years.";
	if (repeat->skipped < 0)
		return "The number of skipped days must not be negative.";
	return NULL;
}

/*
 * repeat_later(repeat, days): what ledger_repeat gives so many days later if nothing was bought between, to the last
 * bit where the days observed are a whole number. 22023 where the result is no summary.
 */
Datum
segment_repeat_later(PG_FUNCTION_ARGS)
{
	const RepeatSummary *repeat = PG_GETARG_REPEAT(0);
	double whole = rint(repeat->t * repeat->unit);
	double observed = whole / repeat->unit == repeat->t ? whole : repeat->t * repeat->unit;
	RepeatSummary *later = segment_repeat_new();

	memcpy(later, repeat, sizeof(RepeatSummary));
	later->t = fmax((observed + PG_GETARG_INT32(1)) / repeat->unit, repeat->t);
	if (PG_GETARG_INT32(1) < 0 || find_fault(later) != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("days is out of range"),
						errdetail("It is %d; accepted are 0 and more.", PG_GETARG_INT32(1)),
						errhint("A summary can be brought forward only.")));
	PG_RETURN_POINTER(later);
}

const char *
segment_repeat_fault(const void *value)
{
	const RepeatSummary *repeat = value;

	if (VARSIZE(repeat) != sizeof(RepeatSummary) || repeat->version != SEGMENT_REPEAT_VERSION ||
		repeat->has_spend > 1 || repeat->has_first_spend > 1 || repeat->reserved != 0)
		return "The head of a repeat_summary is none.";
	return find_fault(repeat);
}

/* repeat_summary(x, t_x, t, spend, unit [, first_spend]), of which spend and first_spend may be NULL. */
Datum
segment_repeat_summary_make(PG_FUNCTION_ARGS)
{
	RepeatSummary *repeat = segment_repeat_new();
	const char *fault;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(4))
		PG_RETURN_NULL();
	repeat->x = PG_GETARG_INT64(0);
	repeat->t_x = segment_positive_zero(PG_GETARG_FLOAT8(1));
	repeat->t = segment_positive_zero(PG_GETARG_FLOAT8(2));
	repeat->unit = segment_unit_days(PG_GETARG_INTERVAL_P(4));
	/* Data from elsewhere often have a spend of zero instead of NULL. */
	if (!PG_ARGISNULL(3) && !(repeat->x == 0 && PG_GETARG_FLOAT8(3) == 0))
	{
		repeat->has_spend = 1;
		repeat->spend = segment_positive_zero(PG_GETARG_FLOAT8(3));
	}
	if (!PG_ARGISNULL(5))
	{
		repeat->has_first_spend = 1;
		repeat->first_spend = segment_positive_zero(PG_GETARG_FLOAT8(5));
	}
	fault = find_fault(repeat);
	if (fault != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid repeat summary"),
						errdetail("x is " INT64_FORMAT ", t_x %g, t %g. %s", repeat->x, repeat->t_x, repeat->t, fault),
						errhint("t_x and t count from the customer's first purchase.")));
	PG_RETURN_POINTER(repeat);
}

static bool
parse(const char *text, RepeatSummary *repeat)
{
	if (!segment_text_word(&text, "x") || !segment_text_count(&text, &repeat->x) || !segment_text_word(&text, "t_x") ||
		!segment_text_double(&text, &repeat->t_x) || !segment_text_word(&text, "t") ||
		!segment_text_double(&text, &repeat->t))
		return false;
	if (segment_text_word(&text, "spend"))
	{
		repeat->has_spend = 1;
		if (!segment_text_double(&text, &repeat->spend))
			return false;
	}
	if (segment_text_word(&text, "first"))
	{
		repeat->has_first_spend = 1;
		if (!segment_text_double(&text, &repeat->first_spend))
			return false;
	}
	return segment_text_word(&text, "skipped") && segment_text_count(&text, &repeat->skipped) &&
		   segment_text_word(&text, "unit") && segment_text_double(&text, &repeat->unit) && segment_text_end(&text);
}

Datum
segment_repeat_summary_in(PG_FUNCTION_ARGS)
{
	char *text = PG_GETARG_CSTRING(0);
	RepeatSummary *repeat = segment_repeat_new();
	const char *fault =
		"Expected is: x count t_x number t number [spend number] [first number] skipped count unit days.";

	if (parse(text, repeat))
		fault = find_fault(repeat);
	if (fault != NULL)
	{
		segment_refuse_text(fcinfo->context, "repeat_summary", text, fault,
							"An example is x 2 t_x 30.5 t 38.5 spend 22.35 skipped 0 unit 7.");
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(repeat);
}

static void
append_number(StringInfo text, const char *name, double value)
{
	char number[SEGMENT_NUMBER_TEXT];

	segment_print_double(value, number);
	appendStringInfo(text, name, number);
}

Datum
segment_repeat_summary_out(PG_FUNCTION_ARGS)
{
	RepeatSummary *repeat = PG_GETARG_REPEAT(0);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "x " INT64_FORMAT, repeat->x);
	append_number(&text, " t_x %s", repeat->t_x);
	append_number(&text, " t %s", repeat->t);
	if (repeat->has_spend)
		append_number(&text, " spend %s", repeat->spend);
	if (repeat->has_first_spend)
		append_number(&text, " first %s", repeat->first_spend);
	appendStringInfo(&text, " skipped " INT64_FORMAT, repeat->skipped);
	append_number(&text, " unit %s", repeat->unit);
	PG_RETURN_CSTRING(text.data);
}

Datum
segment_repeat_summary_to_jsonb(PG_FUNCTION_ARGS)
{
	RepeatSummary *repeat = PG_GETARG_REPEAT(0);
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"x\": " INT64_FORMAT, repeat->x);
	append_number(&json, ", \"t_x\": %s", repeat->t_x);
	append_number(&json, ", \"t\": %s", repeat->t);
	if (repeat->has_spend)
		append_number(&json, ", \"spend\": %s", repeat->spend);
	else
		appendStringInfoString(&json, ", \"spend\": null");
	if (repeat->has_first_spend)
		append_number(&json, ", \"first_spend\": %s", repeat->first_spend);
	else
		appendStringInfoString(&json, ", \"first_spend\": null");
	appendStringInfo(&json, ", \"skipped_days\": " INT64_FORMAT, repeat->skipped);
	append_number(&json, ", \"unit_days\": %s}", repeat->unit);
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

Datum
segment_repeat_summary_send(PG_FUNCTION_ARGS)
{
	RepeatSummary *repeat = PG_GETARG_REPEAT(0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, SEGMENT_REPEAT_VERSION);
	pq_sendint8(&buffer, repeat->has_spend);
	pq_sendint8(&buffer, repeat->has_first_spend);
	pq_sendint64(&buffer, repeat->x);
	pq_sendfloat8(&buffer, repeat->t_x);
	pq_sendfloat8(&buffer, repeat->t);
	pq_sendfloat8(&buffer, repeat->spend);
	pq_sendfloat8(&buffer, repeat->first_spend);
	pq_sendfloat8(&buffer, repeat->unit);
	pq_sendint64(&buffer, repeat->skipped);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

Datum
segment_repeat_summary_recv(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor = segment_message_cursor((StringInfo) PG_GETARG_POINTER(0));
	RepeatSummary *repeat = segment_repeat_new();
	int version = (int) segment_take(&cursor, 1);
	const char *fault;

	repeat->has_spend = (uint8) segment_take(&cursor, 1);
	repeat->has_first_spend = (uint8) segment_take(&cursor, 1);
	repeat->x = (int64) segment_take(&cursor, 8);
	repeat->t_x = segment_positive_zero(segment_take_double(&cursor));
	repeat->t = segment_positive_zero(segment_take_double(&cursor));
	repeat->spend = segment_positive_zero(segment_take_double(&cursor));
	repeat->first_spend = segment_positive_zero(segment_take_double(&cursor));
	repeat->unit = segment_take_double(&cursor);
	repeat->skipped = (int64) segment_take(&cursor, 8);
	segment_end_message(&cursor, "repeat_summary");
	fault = find_fault(repeat);
	if (version != SEGMENT_REPEAT_VERSION)
		fault = "The format version is unknown to this version of segment.";
	else if (repeat->has_spend > 1 || repeat->has_first_spend > 1 || (!repeat->has_spend && repeat->spend != 0) ||
			 (!repeat->has_first_spend && repeat->first_spend != 0))
		fault = "The marks of what is known are out of range.";
	if (fault != NULL)
		segment_refuse_binary("repeat_summary", fault);
	return PointerGetDatum(repeat);
}

static int
compare_double(double a, double b)
{
	return a < b ? -1 : a > b;
}

/* A total order: by x, t_x, t, unit, spend, first_spend, skipped; what is unknown is less. */
static int
compare(const RepeatSummary *a, const RepeatSummary *b)
{
	int order;

	if (a->x != b->x)
		return a->x < b->x ? -1 : 1;
	if ((order = compare_double(a->t_x, b->t_x)) != 0 || (order = compare_double(a->t, b->t)) != 0 ||
		(order = compare_double(a->unit, b->unit)) != 0 || (order = a->has_spend - b->has_spend) != 0 ||
		(order = compare_double(a->spend, b->spend)) != 0 || (order = a->has_first_spend - b->has_first_spend) != 0 ||
		(order = compare_double(a->first_spend, b->first_spend)) != 0)
		return order;
	return a->skipped < b->skipped ? -1 : a->skipped > b->skipped;
}

/* The same of two arguments. */
static int
compare_arguments(FunctionCallInfo fcinfo)
{
	return compare(PG_GETARG_REPEAT(0), PG_GETARG_REPEAT(1));
}

SEGMENT_COMPARISONS(repeat_summary, compare_arguments)

/* The bytes behind the length word are canonical: equal values have equal ones. */
Datum
segment_repeat_summary_hash(PG_FUNCTION_ARGS)
{
	RepeatSummary *repeat = PG_GETARG_REPEAT(0);

	PG_RETURN_DATUM(hash_any((unsigned char *) repeat + VARHDRSZ, sizeof(RepeatSummary) - VARHDRSZ));
}

Datum
segment_repeat_summary_hash_extended(PG_FUNCTION_ARGS)
{
	RepeatSummary *repeat = PG_GETARG_REPEAT(0);

	PG_RETURN_DATUM(hash_any_extended((unsigned char *) repeat + VARHDRSZ, sizeof(RepeatSummary) - VARHDRSZ,
									  (uint64) PG_GETARG_INT64(1)));
}

Datum
segment_repeat_x(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_REPEAT(0)->x);
}

Datum
segment_repeat_t_x(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(PG_GETARG_REPEAT(0)->t_x);
}

Datum
segment_repeat_t(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(PG_GETARG_REPEAT(0)->t);
}

Datum
segment_repeat_spend(PG_FUNCTION_ARGS)
{
	RepeatSummary *repeat = PG_GETARG_REPEAT(0);

	if (!repeat->has_spend)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(repeat->spend);
}

Datum
segment_repeat_first_spend(PG_FUNCTION_ARGS)
{
	RepeatSummary *repeat = PG_GETARG_REPEAT(0);

	if (!repeat->has_first_spend)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(repeat->first_spend);
}

/* Whole days as days, the rest as hours. */
Datum
segment_repeat_unit(PG_FUNCTION_ARGS)
{
	RepeatSummary *repeat = PG_GETARG_REPEAT(0);
	Interval *unit = palloc0(sizeof(Interval));

	unit->day = (int32) floor(repeat->unit);
	unit->time = (TimeOffset) rint((repeat->unit - unit->day) * USECS_PER_DAY);
	PG_RETURN_INTERVAL_P(unit);
}

Datum
segment_repeat_skipped(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_REPEAT(0)->skipped);
}
