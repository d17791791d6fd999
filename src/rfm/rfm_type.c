/*
 * rfm_type.c: the SQL type rfm: text, binary and jsonb forms, comparison, hash.
 *
 * Text form: kind(first,last,orders,total,returns,returned), for example
 *     timestamp(2010-12-07 14:57:00,2011-12-07 15:52:00,7,4310.00,0,0.00)
 * with empty first and last where there is no order; returned is a positive amount with total's decimals.
 */
#include "postgres.h"

#include <ctype.h>

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "core/compare.h"
#include "core/error.h"
#include "core/message.h"
#include "rfm/rfm_wire.h"

PG_FUNCTION_INFO_V1(segment_rfm_in);
PG_FUNCTION_INFO_V1(segment_rfm_out);
PG_FUNCTION_INFO_V1(segment_rfm_recv);
PG_FUNCTION_INFO_V1(segment_rfm_send);
PG_FUNCTION_INFO_V1(segment_rfm_to_jsonb);
PG_FUNCTION_INFO_V1(segment_rfm_hash);
PG_FUNCTION_INFO_V1(segment_rfm_hash_extended);

#define FIELDS 6

#define RFM_EXAMPLE "An example is date(2011-01-18,2011-12-07,7,4310.00,0,0.00)."

/* The parts of a value that come from outside, not yet trusted. */
typedef struct RfmParts
{
	SegmentTimeKind kind;
	int scale;
	int64 first;
	int64 last;
	int64 orders;
	int64 returns;
	SegmentWide total;
	SegmentWide returned; /* <= 0 */
} RfmParts;

/* NULL if the parts are a partial summary, else what is wrong. */
static const char *
find_partial_fault(const RfmParts *parts)
{
	bool timeless = parts->first == PG_INT64_MAX && parts->last == PG_INT64_MIN;

	if (parts->orders < 0 || parts->returns < 0)
		return "The numbers of orders and returns must not be negative.";
	if (!timeless && (!segment_time_is_finite(parts->first, parts->kind) ||
					  !segment_time_is_finite(parts->last, parts->kind) || parts->first > parts->last))
		return "The times of the first and the last order must be finite and in order.";
	if (timeless && parts->orders > 0)
		return "Orders must have a time of the first and of the last one.";
	if (!segment_rfm_total_in_range(&parts->total, parts->scale) ||
		!segment_rfm_total_in_range(&parts->returned, parts->scale))
		return "The totals must lie within +/-10^50.";
	if (segment_wide_is_zero(&parts->returned) != (parts->returns == 0) ||
		(!segment_wide_is_zero(&parts->returned) && !segment_wide_is_negative(&parts->returned)))
		return "The amount returned must be positive where there are returns, and zero where there are none.";
	return NULL;
}

/* Why the parts are no rfm, or NULL if they are one. */
static const char *
find_fault(const RfmParts *parts)
{
	if (parts->orders == 0 && parts->returns == 0)
		return "The numbers of orders and returns must not both be zero.";
	if (parts->orders == 0 && parts->first != PG_INT64_MAX)
		return "Without orders there must be no time of a first or last order.";
	return find_partial_fault(parts);
}

const char *
segment_rfm_fault(const void *value)
{
	const Rfm *rfm = value;
	RfmParts parts;

	if (rfm->version != SEGMENT_RFM_VERSION || rfm->is_wide > 1 || rfm->scale > SEGMENT_MAX_DECIMALS ||
		rfm->kind < SEGMENT_TIME_DATE || rfm->kind > SEGMENT_TIME_TIMESTAMPTZ ||
		VARSIZE(rfm) != (rfm->is_wide ? sizeof(RfmWide) : sizeof(Rfm)))
		return "The head of an rfm is none.";
	parts.kind = (SegmentTimeKind) rfm->kind;
	parts.scale = rfm->scale;
	parts.first = rfm->first;
	parts.last = rfm->last;
	parts.orders = rfm->orders;
	parts.returns = rfm->returns;
	parts.total = segment_rfm_total(rfm);
	parts.returned = segment_rfm_returned(rfm);
	return find_partial_fault(&parts);
}

/* The canonical value of checked parts. */
static Rfm *
build(const RfmParts *parts)
{
	RfmWide *wide = palloc0(sizeof(RfmWide));

	segment_rfm_init(&wide->head, parts->kind);
	SET_VARSIZE(wide, sizeof(RfmWide));
	wide->head.is_wide = 1;
	wide->head.scale = (uint8) parts->scale;
	wide->head.first = parts->first;
	wide->head.last = parts->last;
	wide->head.orders = parts->orders;
	wide->head.returns = parts->returns;
	wide->total = parts->total;
	wide->returned = parts->returned;
	return segment_rfm_finish(&wide->head);
}

/* Splits "kind(a,b,...)" in place into kind and fields; false if the text has another shape. */
static bool
split_text(char *text, char **kind, char **fields)
{
	char *at = text;
	size_t length;

	while (isspace((unsigned char) *at))
		at++;
	length = strlen(at);
	while (length > 0 && isspace((unsigned char) at[length - 1]))
		at[--length] = '\0';
	*kind = at;
	at = strchr(at, '(');
	if (at == NULL || length == 0 || (*kind)[length - 1] != ')')
		return false;
	(*kind)[length - 1] = '\0';
	*at++ = '\0';
	for (int i = 0; i < FIELDS; i++)
	{
		char *comma = strchr(at, ',');

		fields[i] = at;
		if ((comma != NULL) != (i < FIELDS - 1))
			return false;
		if (comma != NULL)
		{
			*comma = '\0';
			at = comma + 1;
		}
	}
	return true;
}

static bool
parse_kind(const char *text, SegmentTimeKind *kind)
{
	for (int i = SEGMENT_TIME_DATE; i <= SEGMENT_TIME_TIMESTAMPTZ; i++)
		if (strcmp(text, segment_time_kind_name((SegmentTimeKind) i)) == 0)
		{
			*kind = (SegmentTimeKind) i;
			return true;
		}
	return false;
}

/* A count of up to 19 digits. */
static bool
parse_count(const char *text, int64 *count)
{
	char *end;

	if (!isdigit((unsigned char) *text))
		return false;
	errno = 0;
	*count = strtoi64(text, &end, 10);
	return *end == '\0' && errno == 0;
}

/* "-12.50" to -1250 and 2 decimals. */
static bool
parse_decimal(const char *text, SegmentWide *units, int *scale)
{
	return segment_decimal_parse(&text, units, scale) && *text == '\0';
}

/* Fields 0 and 1: both empty, or both times. */
static bool
parse_times(char **fields, RfmParts *parts)
{
	parts->first = PG_INT64_MAX;
	parts->last = PG_INT64_MIN;
	if (fields[0][0] == '\0' && fields[1][0] == '\0')
		return true;
	return segment_time_parse(fields[0], parts->kind, &parts->first) &&
		   segment_time_parse(fields[1], parts->kind, &parts->last);
}

Datum
segment_rfm_in(PG_FUNCTION_ARGS)
{
	char *input = PG_GETARG_CSTRING(0);
	char *text = pstrdup(input);
	char *kind;
	char *fields[FIELDS];
	RfmParts parts;
	int returned_scale;
	const char *fault;

	if (!split_text(text, &kind, fields) || !parse_kind(kind, &parts.kind) || !parse_times(fields, &parts) ||
		!parse_count(fields[2], &parts.orders) || !parse_decimal(fields[3], &parts.total, &parts.scale) ||
		!parse_count(fields[4], &parts.returns) || !parse_decimal(fields[5], &parts.returned, &returned_scale) ||
		returned_scale != parts.scale)
	{
		segment_refuse_text(fcinfo->context, "rfm", input,
							"Expected is kind(first,last,orders,total,returns,returned), kind being date, timestamp "
							"or timestamptz, both amounts with the same decimals.",
							RFM_EXAMPLE);
		PG_RETURN_NULL();
	}
	(void) segment_wide_negate(&parts.returned);
	fault = find_fault(&parts);
	if (fault != NULL)
	{
		segment_refuse_text(fcinfo->context, "rfm", input, fault, RFM_EXAMPLE);
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(build(&parts));
}

/* The printable fields of a value. */
typedef struct RfmText
{
	char first[SEGMENT_TIME_TEXT];
	char last[SEGMENT_TIME_TEXT];
	char total[SEGMENT_WIDE_DIGITS];
	char returned[SEGMENT_WIDE_DIGITS];
} RfmText;

static void
print_fields(const Rfm *rfm, RfmText *text)
{
	SegmentWide total = segment_rfm_total(rfm);
	SegmentWide returned = segment_rfm_returned(rfm);

	text->first[0] = text->last[0] = '\0';
	if (segment_rfm_has_orders(rfm))
	{
		segment_time_print(rfm->first, rfm->kind, text->first);
		segment_time_print(rfm->last, rfm->kind, text->last);
	}
	(void) segment_wide_negate(&returned);
	segment_wide_print(&total, rfm->scale, text->total);
	segment_wide_print(&returned, rfm->scale, text->returned);
}

Datum
segment_rfm_out(PG_FUNCTION_ARGS)
{
	Rfm *rfm = PG_GETARG_RFM(0);
	RfmText text;

	print_fields(rfm, &text);
	PG_RETURN_CSTRING(psprintf("%s(%s,%s," INT64_FORMAT ",%s," INT64_FORMAT ",%s)", segment_time_kind_name(rfm->kind),
							   text.first, text.last, rfm->orders, text.total, rfm->returns, text.returned));
}

/* Times are ISO 8601 strings or null, amounts numbers. */
Datum
segment_rfm_to_jsonb(PG_FUNCTION_ARGS)
{
	Rfm *rfm = PG_GETARG_RFM(0);
	bool orders = segment_rfm_has_orders(rfm);
	const char *quote = orders ? "\"" : "";
	RfmText text;
	char *json;

	print_fields(rfm, &text);
	json = psprintf("{\"first\": %s%s%s, \"last\": %s%s%s, \"orders\": " INT64_FORMAT
					", \"monetary\": %s, \"returns\": " INT64_FORMAT ", \"returned\": %s, \"time\": \"%s\"}",
					quote, orders ? text.first : "null", quote, quote, orders ? text.last : "null", quote, rfm->orders,
					text.total, rfm->returns, text.returned, segment_time_kind_name(rfm->kind));
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));
}

void
segment_rfm_write(StringInfo buffer, const Rfm *rfm)
{
	SegmentWide totals[2];

	totals[0] = segment_rfm_total(rfm);
	totals[1] = segment_rfm_returned(rfm);
	pq_sendint8(buffer, SEGMENT_RFM_VERSION);
	pq_sendint8(buffer, rfm->kind);
	pq_sendint8(buffer, rfm->scale);
	pq_sendint64(buffer, rfm->first);
	pq_sendint64(buffer, rfm->last);
	pq_sendint64(buffer, rfm->orders);
	pq_sendint64(buffer, rfm->returns);
	for (int i = 0; i < 2; i++)
		segment_send_wide(buffer, &totals[i]);
}

Rfm *
segment_rfm_read(SegmentCursor *cursor, bool is_partial)
{
	RfmParts parts;
	int version = (int) segment_take(cursor, 1);
	int kind = (int) segment_take(cursor, 1);
	const char *fault;

	parts.scale = (int) segment_take(cursor, 1);
	parts.first = (int64) segment_take(cursor, 8);
	parts.last = (int64) segment_take(cursor, 8);
	parts.orders = (int64) segment_take(cursor, 8);
	parts.returns = (int64) segment_take(cursor, 8);
	parts.kind = (SegmentTimeKind) kind;
	parts.total = segment_take_wide(cursor);
	parts.returned = segment_take_wide(cursor);
	if (cursor->is_short)
		fault = segment_cursor_fault(cursor);
	else if (version != SEGMENT_RFM_VERSION)
		fault = "The format version is unknown to this version of segment.";
	else if (kind < SEGMENT_TIME_DATE || kind > SEGMENT_TIME_TIMESTAMPTZ)
		fault = "The kind of time must be 1 (date), 2 (timestamp) or 3 (timestamptz).";
	else if (parts.scale > SEGMENT_MAX_DECIMALS)
		fault = "There may be at most 20 decimals.";
	else
		fault = is_partial ? find_partial_fault(&parts) : find_fault(&parts);
	if (fault != NULL)
		segment_refuse_binary("rfm", fault);
	return build(&parts);
}

Datum
segment_rfm_send(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	segment_rfm_write(&buffer, PG_GETARG_RFM(0));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

Datum
segment_rfm_recv(PG_FUNCTION_ARGS)
{
	SegmentCursor cursor = segment_message_cursor((StringInfo) PG_GETARG_POINTER(0));
	Rfm *rfm = segment_rfm_read(&cursor, false);

	segment_end_message(&cursor, "rfm");
	PG_RETURN_POINTER(rfm);
}

/* The totals at the maximum scale, so that equal amounts have equal units. */
static void
normalize(const Rfm *rfm, SegmentWide *total, SegmentWide *returned)
{
	*total = segment_rfm_total(rfm);
	*returned = segment_rfm_returned(rfm);
	(void) segment_wide_scale_up(total, SEGMENT_MAX_DECIMALS - rfm->scale);
	(void) segment_wide_scale_up(returned, SEGMENT_MAX_DECIMALS - rfm->scale);
}

static int
compare_int64(int64 a, int64 b)
{
	return a < b ? -1 : a > b;
}

/* A total order: by orders, total, last, first, returns, returned, kind. Decimals do not matter: 1.5 = 1.50. */
static int
compare(const Rfm *a, const Rfm *b)
{
	SegmentWide total_a;
	SegmentWide total_b;
	SegmentWide returned_a;
	SegmentWide returned_b;
	int order = compare_int64(a->orders, b->orders);

	if (order != 0)
		return order;
	normalize(a, &total_a, &returned_a);
	normalize(b, &total_b, &returned_b);
	if ((order = segment_wide_compare(&total_a, &total_b)) != 0)
		return order;
	if ((order = compare_int64(a->last, b->last)) != 0)
		return order;
	if ((order = compare_int64(a->first, b->first)) != 0)
		return order;
	if ((order = compare_int64(a->returns, b->returns)) != 0)
		return order;
	if ((order = segment_wide_compare(&returned_a, &returned_b)) != 0)
		return order;
	return compare_int64(a->kind, b->kind);
}

/* The same of two arguments. */
static int
compare_arguments(FunctionCallInfo fcinfo)
{
	return compare(PG_GETARG_RFM(0), PG_GETARG_RFM(1));
}

SEGMENT_COMPARISONS(rfm, compare_arguments)

/* What equality looks at, without gaps. */
typedef struct RfmHashed
{
	int64 counters[5];
	SegmentWide total;
	SegmentWide returned;
} RfmHashed;

static void
hashed_parts(const Rfm *rfm, RfmHashed *parts)
{
	parts->counters[0] = rfm->kind;
	parts->counters[1] = rfm->first;
	parts->counters[2] = rfm->last;
	parts->counters[3] = rfm->orders;
	parts->counters[4] = rfm->returns;
	normalize(rfm, &parts->total, &parts->returned);
}

Datum
segment_rfm_hash(PG_FUNCTION_ARGS)
{
	RfmHashed parts;

	hashed_parts(PG_GETARG_RFM(0), &parts);
	PG_RETURN_DATUM(hash_any((unsigned char *) &parts, sizeof(parts)));
}

Datum
segment_rfm_hash_extended(PG_FUNCTION_ARGS)
{
	RfmHashed parts;

	hashed_parts(PG_GETARG_RFM(0), &parts);
	PG_RETURN_DATUM(hash_any_extended((unsigned char *) &parts, sizeof(parts), (uint64) PG_GETARG_INT64(1)));
}
