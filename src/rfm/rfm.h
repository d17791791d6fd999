/*
 * rfm.h: the rfm value: the fixed-size summary of one customer's orders. Other rooms read it through this header.
 *
 * The same bytes serve as value, as stored form and as aggregate state (changed in place). Totals are integers in
 * units of 10^-scale, so sums do not depend on the order of the rows; scale is the largest input scale. The narrow
 * form (72 bytes) holds 128-bit totals; the wide form is used exactly when one of the two does not fit: equal inputs
 * give equal bytes.
 */
#ifndef SEGMENT_RFM_RFM_H
#define SEGMENT_RFM_RFM_H

#include "core/checked.h"
#include "core/day.h"
#include "core/decimal.h"
#include "core/order_ids.h"

#define SEGMENT_RFM_VERSION 1

/* Totals are below 10^50 in magnitude: more than 2^63 rows of the largest amount. */
#define SEGMENT_RFM_TOTAL_DIGITS 50

typedef struct Rfm
{
	int32 vl_len_;
	uint8 version;			 /* SEGMENT_RFM_VERSION */
	uint8 kind;				 /* SegmentTimeKind of first and last */
	uint8 scale;			 /* decimals of the totals, 0 .. SEGMENT_MAX_DECIMALS */
	uint8 is_wide;			 /* 1: the totals are SegmentWide, see RfmWide */
	int64 first;			 /* time of the first order; PG_INT64_MAX without orders */
	int64 last;				 /* time of the last order; PG_INT64_MIN without orders */
	int64 orders;			 /* frequency */
	int64 returns;			 /* rows (or order ids) with a negative amount */
	segment_int128 total;	 /* net of returns */
	segment_int128 returned; /* sum of the returns, <= 0 */
} Rfm;

/* The wide form has the same head. */
typedef struct RfmWide
{
	Rfm head; /* head.total and head.returned are zero */
	SegmentWide total;
	SegmentWide returned;
} RfmWide;

/* What is wrong with a value, which may be partial as states are; NULL if nothing is. */
extern const char *segment_rfm_fault(const void *value);

#define DatumGetRfm(datum) SEGMENT_CHECKED(Rfm, PG_DETOAST_DATUM(datum), segment_rfm_fault)
#define PG_GETARG_RFM(n) DatumGetRfm(PG_GETARG_DATUM(n))

/*
 * A value to read from: as it is, or a copy with a long head. Stored values have a short one, and lie at any address:
 * a narrow one is copied to the caller's buffer, which saves the allocation.
 */
static inline const Rfm *
segment_rfm_open(Datum datum, Rfm *buffer)
{
	const char *value = DatumGetPointer(datum);

	if (!VARATT_IS_SHORT(value) || VARSIZE_SHORT(value) != sizeof(Rfm) - VARHDRSZ + VARHDRSZ_SHORT)
		return DatumGetRfm(datum);
	SET_VARSIZE(buffer, sizeof(Rfm));
	memcpy(VARDATA(buffer), VARDATA_SHORT(value), sizeof(Rfm) - VARHDRSZ);
	return SEGMENT_CHECKED(Rfm, buffer, segment_rfm_fault);
}

/* Registers the room's aggregates with the grouping node; called once, when the library is loaded. */
extern void segment_rfm_register(void);

/* An empty narrow summary, ready to add rows to. */
extern void segment_rfm_init(Rfm *rfm, SegmentTimeKind kind);

/*
 * Adds one row to a narrow summary in place. Returns false, leaving it unchanged, if 128 bits do not suffice: then
 * go on with segment_rfm_add.
 */
static inline bool
segment_rfm_add_narrow(Rfm *rfm, int64 at, segment_int128 units, int scale)
{
	segment_int128 total = rfm->total;
	segment_int128 returned = rfm->returned;
	__int128 sum;

	if (unlikely(scale != rfm->scale))
	{
		if (scale < rfm->scale)
		{
			if (!segment_int128_scale_up(&units, rfm->scale - scale))
				return false;
		}
		else if (!segment_int128_scale_up(&total, scale - rfm->scale) ||
				 !segment_int128_scale_up(&returned, scale - rfm->scale))
			return false;
	}
	if (unlikely(__builtin_add_overflow((__int128) total, (__int128) units, &sum)))
		return false;
	if (units < 0)
	{
		__int128 returned_sum;

		if (unlikely(__builtin_add_overflow((__int128) returned, (__int128) units, &returned_sum)))
			return false;
		rfm->returned = returned_sum;
		rfm->returns++;
	}
	else
	{
		rfm->returned = returned;
		rfm->orders++;
		if (at < rfm->first)
			rfm->first = at;
		if (at > rfm->last)
			rfm->last = at;
	}
	rfm->total = sum;
	if (scale > rfm->scale)
		rfm->scale = (uint8) scale;
	return true;
}

/* Adds one row to a narrow or wide summary; the result is rfm itself or a widened copy in the current context. */
extern Rfm *segment_rfm_add(Rfm *rfm, int64 at, const SegmentAmount *amount);

/* Adds an amount to the chosen totals only, counting nothing; the result is rfm or a widened copy. */
extern Rfm *segment_rfm_add_amount(Rfm *rfm, const SegmentAmount *amount, bool to_total, bool to_returned);

/*
 * Adds b to a, in place where a's form allows it, else in a copy in the current context. b is left untouched.
 * 22023 if the kinds differ.
 */
extern Rfm *segment_rfm_merge(Rfm *a, const Rfm *b);

/* Raises 22023: the two times are of different types. */
pg_noreturn extern void segment_rfm_refuse_kinds(SegmentTimeKind a, SegmentTimeKind b);

/* The canonical value: narrow if it fits. rfm itself, or a copy in the current context. */
extern Rfm *segment_rfm_finish(Rfm *rfm);

/*
 * The state of rfm_agg(at, amount, order_id). All zero: no row has counted yet. What it points to lies in the
 * aggregate's context.
 */
typedef struct RfmOrders
{
	Rfm sum;				   /* total of all rows; first and last; counts and returned of rows without id */
	struct RfmRareParts *rare; /* what few customers need: NULL for the others */
	SegmentOrderIds ids;
	Oid type; /* of the ids; support functions for parallel plans are not told it */
	Oid collation;
} RfmOrders;

/*
 * Adds a row whose id (detoasted), if it is not NULL, is of id_type. Ids live in the arena, or in context if it is
 * NULL.
 */
extern void segment_rfm_orders_add(RfmOrders *state, MemoryContext context, SegmentArena *arena, SegmentTimeKind kind,
								   int64 at, const SegmentAmount *amount, SegmentOrderIdType *id_type, Datum id,
								   bool id_is_null);

/* Readers. The summary of a customer with returns only has no orders: recency and tenure are undefined then. */
static inline bool
segment_rfm_has_orders(const Rfm *rfm)
{
	return rfm->orders > 0;
}

/*
 * Days from the last (first) order to as_of; the summary must have orders. 22023 with a hint if an order lies after
 * as_of. zone NULL is UTC.
 */
extern int32 segment_rfm_recency_days(const Rfm *rfm, DateADT as_of, pg_tz *zone);
extern int32 segment_rfm_tenure_days(const Rfm *rfm, DateADT as_of, pg_tz *zone);

/* The two totals in units of 10^-scale, whatever the form. */
extern SegmentWide segment_rfm_total(const Rfm *rfm);
extern SegmentWide segment_rfm_returned(const Rfm *rfm);

/* True if a total is one that an rfm may have. */
extern bool segment_rfm_total_in_range(const SegmentWide *units, int scale);

/* Net total, and net total per order (the summary must have orders), as the nearest double. */
extern double segment_rfm_monetary_double(const Rfm *rfm);
extern double segment_rfm_average_double(const Rfm *rfm);

#endif
