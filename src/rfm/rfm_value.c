/*
 * rfm_value.c: what the rfm value can do without SQL: add a row, merge, bring into canonical form, read.
 */
#include "postgres.h"

#include "common/int.h"

#include "rfm/rfm.h"

void
segment_rfm_init(Rfm *rfm, SegmentTimeKind kind)
{
	memset(rfm, 0, sizeof(Rfm));
	SET_VARSIZE(rfm, sizeof(Rfm));
	rfm->version = SEGMENT_RFM_VERSION;
	rfm->kind = (uint8) kind;
	rfm->first = PG_INT64_MAX;
	rfm->last = PG_INT64_MIN;
}

SegmentWide
segment_rfm_total(const Rfm *rfm)
{
	return rfm->is_wide ? ((const RfmWide *) rfm)->total : segment_wide_from_int128(rfm->total);
}

SegmentWide
segment_rfm_returned(const Rfm *rfm)
{
	return rfm->is_wide ? ((const RfmWide *) rfm)->returned : segment_wide_from_int128(rfm->returned);
}

/* A wide copy in the current context. */
static RfmWide *
widen(const Rfm *rfm)
{
	RfmWide *wide = palloc0(sizeof(RfmWide));

	memcpy(&wide->head, rfm, sizeof(Rfm));
	SET_VARSIZE(wide, sizeof(RfmWide));
	wide->total = segment_rfm_total(rfm);
	wide->returned = segment_rfm_returned(rfm);
	wide->head.is_wide = 1;
	wide->head.total = 0;
	wide->head.returned = 0;
	return wide;
}

/* Reached by crafted values only: see wide.h for the range. */
static void
refuse_total(void)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("total of amounts is out of range"),
					errdetail("The total of an rfm must stay within +/-10^%d.", SEGMENT_RFM_TOTAL_DIGITS),
					errhint("Check the summaries that are merged.")));
}

static void
refuse_count(void)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("number of orders is out of range"),
					errdetail("The number of orders and of returns must stay below 2^63."),
					errhint("Check the summaries that are merged.")));
}

bool
segment_rfm_total_in_range(const SegmentWide *units, int scale)
{
	SegmentWide magnitude = *units;
	SegmentWide limit = segment_wide_from_int128(1);

	if (segment_wide_is_negative(&magnitude) && !segment_wide_negate(&magnitude))
		return false;
	(void) segment_wide_scale_up(&limit, SEGMENT_RFM_TOTAL_DIGITS + scale);
	return segment_wide_compare(&magnitude, &limit) < 0;
}

/* Brings the wide totals to a larger scale. */
static void
rescale(RfmWide *wide, int scale)
{
	int more = scale - wide->head.scale;

	if (!segment_wide_scale_up(&wide->total, more) || !segment_wide_scale_up(&wide->returned, more))
		refuse_total();
	wide->head.scale = (uint8) scale;
}

/* The same in 128 bits; false, with rfm unchanged, on overflow. */
static bool
add_amount_narrow(Rfm *rfm, const SegmentAmount *amount, bool to_total, bool to_returned)
{
	segment_int128 total = rfm->total;
	segment_int128 returned = rfm->returned;
	segment_int128 units = amount->units;
	int scale = Max(rfm->scale, amount->scale);
	__int128 total_sum;
	__int128 returned_sum;

	if (!segment_int128_scale_up(&total, scale - rfm->scale) ||
		!segment_int128_scale_up(&returned, scale - rfm->scale) ||
		!segment_int128_scale_up(&units, scale - amount->scale) ||
		__builtin_add_overflow((__int128) total, (__int128) (to_total ? units : 0), &total_sum) ||
		__builtin_add_overflow((__int128) returned, (__int128) (to_returned ? units : 0), &returned_sum))
		return false;
	rfm->total = total_sum;
	rfm->returned = returned_sum;
	rfm->scale = (uint8) scale;
	return true;
}

Rfm *
segment_rfm_add_amount(Rfm *rfm, const SegmentAmount *amount, bool to_total, bool to_returned)
{
	RfmWide *wide;
	SegmentWide units;

	if (!rfm->is_wide && !amount->is_wide && add_amount_narrow(rfm, amount, to_total, to_returned))
		return rfm;
	wide = rfm->is_wide ? (RfmWide *) rfm : widen(rfm);
	units = amount->is_wide ? amount->wide : segment_wide_from_int128(amount->units);
	if (amount->scale > wide->head.scale)
		rescale(wide, amount->scale);
	else if (!segment_wide_scale_up(&units, wide->head.scale - amount->scale))
		refuse_total();
	if (to_total && !segment_wide_add(&wide->total, &units))
		refuse_total();
	if (to_returned && !segment_wide_add(&wide->returned, &units))
		refuse_total();
	return &wide->head;
}

Rfm *
segment_rfm_add(Rfm *rfm, int64 at, const SegmentAmount *amount)
{
	bool is_return = segment_amount_is_negative(amount);

	if (!amount->is_wide && !rfm->is_wide && segment_rfm_add_narrow(rfm, at, amount->units, amount->scale))
		return rfm;
	rfm = segment_rfm_add_amount(rfm, amount, true, is_return);
	if (is_return)
		rfm->returns++;
	else
	{
		rfm->orders++;
		rfm->first = Min(rfm->first, at);
		rfm->last = Max(rfm->last, at);
	}
	return rfm;
}

/* Counts, first and last of b join a's. */
static void
merge_head(Rfm *a, const Rfm *b)
{
	if (pg_add_s64_overflow(a->orders, b->orders, &a->orders) ||
		pg_add_s64_overflow(a->returns, b->returns, &a->returns))
		refuse_count();
	a->first = Min(a->first, b->first);
	a->last = Max(a->last, b->last);
}

/* Adds both totals of b to a's in 128 bits; false, with a unchanged, if they do not fit. */
static bool
merge_narrow(Rfm *a, const Rfm *b)
{
	segment_int128 total = a->total;
	segment_int128 returned = a->returned;
	segment_int128 more_total = b->total;
	segment_int128 more_returned = b->returned;
	int scale = Max(a->scale, b->scale);
	__int128 total_sum;
	__int128 returned_sum;

	if (!segment_int128_scale_up(&total, scale - a->scale) || !segment_int128_scale_up(&returned, scale - a->scale) ||
		!segment_int128_scale_up(&more_total, scale - b->scale) ||
		!segment_int128_scale_up(&more_returned, scale - b->scale) ||
		__builtin_add_overflow((__int128) total, (__int128) more_total, &total_sum) ||
		__builtin_add_overflow((__int128) returned, (__int128) more_returned, &returned_sum))
		return false;
	a->total = total_sum;
	a->returned = returned_sum;
	a->scale = (uint8) scale;
	return true;
}

void
segment_rfm_refuse_kinds(SegmentTimeKind a, SegmentTimeKind b)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("summaries of different time types cannot be merged"),
			 errdetail("One rfm was made from %s, the other from %s.", segment_time_kind_name(a),
					   segment_time_kind_name(b)),
			 errhint("Cast the times to one type where the summaries are made.")));
}

Rfm *
segment_rfm_merge(Rfm *a, const Rfm *b)
{
	RfmWide *wide;
	SegmentWide total;
	SegmentWide returned;

	if (a->kind != b->kind)
		segment_rfm_refuse_kinds(a->kind, b->kind);
	if (!a->is_wide && !b->is_wide && merge_narrow(a, b))
	{
		merge_head(a, b);
		return a;
	}

	wide = a->is_wide ? (RfmWide *) a : widen(a);
	total = segment_rfm_total(b);
	returned = segment_rfm_returned(b);
	if (b->scale > wide->head.scale)
		rescale(wide, b->scale);
	else if (!segment_wide_scale_up(&total, wide->head.scale - b->scale) ||
			 !segment_wide_scale_up(&returned, wide->head.scale - b->scale))
		refuse_total();
	if (!segment_wide_add(&wide->total, &total) || !segment_wide_add(&wide->returned, &returned) ||
		!segment_rfm_total_in_range(&wide->total, wide->head.scale) ||
		!segment_rfm_total_in_range(&wide->returned, wide->head.scale))
		refuse_total();
	merge_head(&wide->head, b);
	return &wide->head;
}

Rfm *
segment_rfm_finish(Rfm *rfm)
{
	segment_int128 total;
	segment_int128 returned;
	Rfm *narrow;

	SEGMENT_CHECK_STATE(segment_rfm_fault(rfm));
	if (!rfm->is_wide)
		return rfm;
	if (!segment_wide_to_int128(&((RfmWide *) rfm)->total, &total) ||
		!segment_wide_to_int128(&((RfmWide *) rfm)->returned, &returned))
		return rfm;
	narrow = palloc(sizeof(Rfm));
	memcpy(narrow, rfm, sizeof(Rfm));
	SET_VARSIZE(narrow, sizeof(Rfm));
	narrow->is_wide = 0;
	narrow->total = total;
	narrow->returned = returned;
	return narrow;
}

/* The day of the last order; 22023 if it is after as_of, because a summary cannot leave orders out. */
static DateADT
last_day(const Rfm *rfm, DateADT as_of, pg_tz *zone)
{
	DateADT last = segment_day_of(rfm->last, rfm->kind, zone);
	char last_text[SEGMENT_TIME_TEXT];
	char as_of_text[SEGMENT_TIME_TEXT];
	char zone_text[TZ_STRLEN_MAX + 8] = "";

	segment_check_as_of(as_of);
	if (last <= as_of)
		return last;
	segment_time_print(last, SEGMENT_TIME_DATE, last_text);
	segment_time_print(as_of, SEGMENT_TIME_DATE, as_of_text);
	if (rfm->kind == SEGMENT_TIME_TIMESTAMPTZ && zone != NULL)
		snprintf(zone_text, sizeof(zone_text), ", '%s'", pg_get_timezone_name(zone));
	ereport(
		ERROR,
		(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("rfm holds orders after as_of"),
		 errdetail("The last order is on %s, as_of is %s.", last_text, as_of_text),
		 errhint("Filter the orders before they are aggregated: WHERE segment.on_or_before(ordered_at, DATE '%s'%s).",
				 as_of_text, zone_text)));
}

int32
segment_rfm_recency_days(const Rfm *rfm, DateADT as_of, pg_tz *zone)
{
	return as_of - last_day(rfm, as_of, zone);
}

int32
segment_rfm_tenure_days(const Rfm *rfm, DateADT as_of, pg_tz *zone)
{
	(void) last_day(rfm, as_of, zone);
	return as_of - segment_day_of(rfm->first, rfm->kind, zone);
}

double
segment_rfm_monetary_double(const Rfm *rfm)
{
	SegmentWide total;

	if (!rfm->is_wide)
		return segment_units_to_double(rfm->total, rfm->scale);
	total = segment_rfm_total(rfm);
	return segment_decimal_to_double(&total, rfm->scale);
}

double
segment_rfm_average_double(const Rfm *rfm)
{
	SegmentWide total;

	if (!rfm->is_wide)
		return segment_units_to_mean(rfm->total, rfm->scale, rfm->orders);
	total = segment_rfm_total(rfm);
	return segment_wide_to_mean(&total, rfm->scale, rfm->orders);
}
