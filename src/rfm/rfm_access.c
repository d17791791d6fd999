/*
 * rfm_access.c: accessors of the rfm value.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "rfm/rfm.h"

PG_FUNCTION_INFO_V1(segment_rfm_recency);
PG_FUNCTION_INFO_V1(segment_rfm_tenure);
PG_FUNCTION_INFO_V1(segment_rfm_first);
PG_FUNCTION_INFO_V1(segment_rfm_last);
PG_FUNCTION_INFO_V1(segment_rfm_since_first);
PG_FUNCTION_INFO_V1(segment_rfm_with_monetary);
PG_FUNCTION_INFO_V1(segment_rfm_frequency);
PG_FUNCTION_INFO_V1(segment_rfm_monetary);
PG_FUNCTION_INFO_V1(segment_rfm_average);
PG_FUNCTION_INFO_V1(segment_rfm_returns);
PG_FUNCTION_INFO_V1(segment_rfm_returned_amount);

/* rfm_recency(rfm, as_of, zone): days from the last order to as_of; NULL without an order. */
Datum
segment_rfm_recency(PG_FUNCTION_ARGS)
{
	Rfm buffer;
	const Rfm *rfm = segment_rfm_open(PG_GETARG_DATUM(0), &buffer);

	if (!segment_rfm_has_orders(rfm))
		PG_RETURN_NULL();
	PG_RETURN_INT32(segment_rfm_recency_days(rfm, PG_GETARG_DATEADT(1), segment_zone_arg(fcinfo, 2)));
}

/* rfm_tenure(rfm, as_of, zone): days from the first order to as_of; NULL without an order. */
Datum
segment_rfm_tenure(PG_FUNCTION_ARGS)
{
	Rfm buffer;
	const Rfm *rfm = segment_rfm_open(PG_GETARG_DATUM(0), &buffer);

	if (!segment_rfm_has_orders(rfm))
		PG_RETURN_NULL();
	PG_RETURN_INT32(segment_rfm_tenure_days(rfm, PG_GETARG_DATEADT(1), segment_zone_arg(fcinfo, 2)));
}

/* rfm_first(rfm, zone): day of the first order; NULL without an order. */
Datum
segment_rfm_first(PG_FUNCTION_ARGS)
{
	Rfm buffer;
	const Rfm *rfm = segment_rfm_open(PG_GETARG_DATUM(0), &buffer);

	if (!segment_rfm_has_orders(rfm))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(segment_day_of(rfm->first, rfm->kind, segment_zone_arg(fcinfo, 1)));
}

/* rfm_last(rfm, zone): day of the last order; NULL without an order. */
Datum
segment_rfm_last(PG_FUNCTION_ARGS)
{
	Rfm buffer;
	const Rfm *rfm = segment_rfm_open(PG_GETARG_DATUM(0), &buffer);

	if (!segment_rfm_has_orders(rfm))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(segment_day_of(rfm->last, rfm->kind, segment_zone_arg(fcinfo, 1)));
}

Datum
segment_rfm_frequency(PG_FUNCTION_ARGS)
{
	Rfm buffer;

	PG_RETURN_INT64(segment_rfm_open(PG_GETARG_DATUM(0), &buffer)->orders);
}

/* The net total as numeric, exact. */
static Datum
monetary(const Rfm *rfm)
{
	SegmentWide total;

	if (!rfm->is_wide)
		return segment_units_to_numeric(rfm->total, rfm->scale);
	total = segment_rfm_total(rfm);
	return segment_decimal_to_numeric(&total, rfm->scale);
}

Datum
segment_rfm_monetary(PG_FUNCTION_ARGS)
{
	Rfm buffer;

	PG_RETURN_DATUM(monetary(segment_rfm_open(PG_GETARG_DATUM(0), &buffer)));
}

/* rfm_average(rfm): net total per order, with numeric's own rule for decimals; NULL without an order. */
Datum
segment_rfm_average(PG_FUNCTION_ARGS)
{
	Rfm buffer;
	const Rfm *rfm = segment_rfm_open(PG_GETARG_DATUM(0), &buffer);

	if (!segment_rfm_has_orders(rfm))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(DirectFunctionCall2(numeric_div, monetary(rfm), NumericGetDatum(int64_to_numeric(rfm->orders))));
}

Datum
segment_rfm_returns(PG_FUNCTION_ARGS)
{
	Rfm buffer;

	PG_RETURN_INT64(segment_rfm_open(PG_GETARG_DATUM(0), &buffer)->returns);
}

/* rfm_returned(rfm): the amount returned, as a positive number. */
Datum
segment_rfm_returned_amount(PG_FUNCTION_ARGS)
{
	Rfm buffer;
	const Rfm *rfm = segment_rfm_open(PG_GETARG_DATUM(0), &buffer);
	SegmentWide returned;

	/* the wide form can hold the negation of any value */
	if (!rfm->is_wide && rfm->returned > PG_INT64_MIN)
		PG_RETURN_DATUM(segment_units_to_numeric(-rfm->returned, rfm->scale));
	returned = segment_rfm_returned(rfm);
	(void) segment_wide_negate(&returned);
	PG_RETURN_DATUM(segment_decimal_to_numeric(&returned, rfm->scale));
}

/*
 * rfm_since_first(rfm, whole): rfm, whose orders are those of a window, with the first order of the whole history:
 * who bought long ago is not new in a window. Strict; rfm itself without orders in either.
 */
Datum
segment_rfm_since_first(PG_FUNCTION_ARGS)
{
	Rfm *rfm = PG_GETARG_RFM(0);
	const Rfm *whole = PG_GETARG_RFM(1);
	Rfm *result;

	if (!segment_rfm_has_orders(rfm) || !segment_rfm_has_orders(whole))
		PG_RETURN_POINTER(rfm);
	if (rfm->kind != whole->kind)
		segment_rfm_refuse_kinds((SegmentTimeKind) rfm->kind, (SegmentTimeKind) whole->kind);
	result = palloc(VARSIZE(rfm));
	memcpy(result, rfm, VARSIZE(rfm));
	result->first = Min(rfm->first, whole->first);
	PG_RETURN_POINTER(result);
}

/*
 * rfm_with_monetary(rfm, monetary): the same orders and returns with another total, such as their margin: what was an
 * order stays one, however little it earned. Strict.
 */
Datum
segment_rfm_with_monetary(PG_FUNCTION_ARGS)
{
	const Rfm *rfm = PG_GETARG_RFM(0);
	Datum value = DirectFunctionCall2(numeric_sub, PG_GETARG_DATUM(1), monetary(rfm));
	SegmentAmount change;
	SegmentAmountFault fault = segment_amount_read(value, SEGMENT_AMOUNT_NUMERIC, &change);
	Rfm *result;

	if (fault != SEGMENT_AMOUNT_OK)
		segment_amount_refuse(fault, PG_GETARG_DATUM(1), SEGMENT_AMOUNT_NUMERIC, NULL);
	result = palloc(VARSIZE(rfm));
	memcpy(result, rfm, VARSIZE(rfm));
	PG_RETURN_POINTER(segment_rfm_finish(segment_rfm_add_amount(result, &change, true, false)));
}
