/*
 * ledger.h: the ledger: one customer's purchase calendar, day by day; and the repeat summary that
 * buy-till-you-die models are fitted on. Other rooms read them through this header.
 */
#ifndef SEGMENT_LEDGER_LEDGER_H
#define SEGMENT_LEDGER_LEDGER_H

#include "core/compat.h"

#include "utils/date.h"
#include "utils/timestamp.h"

#include "core/checked.h"
#include "core/decimal.h"

/* Registers the room's aggregates with the grouping node; called once, when the library is loaded. */
extern void segment_ledger_register(void);

#define SEGMENT_LEDGER_VERSION 1

/*
 * The stored value: this head, then the days in order, delta-encoded. All numbers are variable-length: seven bits a
 * byte, least significant first, the high bit set on all but the last.
 *
 *   days since the day before (0 for the first) * 2, plus 1 if the day is not simple
 *   simple, which is one order and no return: the amount, in units of 10^-scale
 *   else: orders * 2 + dates_order; returns; the amount in zigzag (0, -1, 1, -2, ...); the amount returned, positive
 *
 * A simple day of 2 decimals takes 3 to 5 bytes. Each calendar has exactly one encoding at a scale.
 */
typedef struct Ledger
{
	int32 vl_len_;
	uint8 version;	 /* SEGMENT_LEDGER_VERSION */
	uint8 scale;	 /* decimals of the amounts, 0 .. SEGMENT_MAX_DECIMALS */
	uint16 reserved; /* zero */
	int32 n_days;	 /* at least 1 */
	DateADT first;	 /* the first day */
	uint8 days[FLEXIBLE_ARRAY_MEMBER];
} Ledger;

/* What is wrong with a value; NULL if nothing is. */
extern const char *segment_ledger_fault(const void *value);

#define DatumGetLedger(datum) SEGMENT_CHECKED(Ledger, PG_DETOAST_DATUM(datum), segment_ledger_fault)
#define PG_GETARG_LEDGER(n) DatumGetLedger(PG_GETARG_DATUM(n))

/* One day. An order that spans days counts on the day of its first row >= 0, money on the day of each row. */
typedef struct LedgerDay
{
	DateADT day;
	bool dates_order; /* a row of an order lies on this day: it can be the first or the last one */
	int64 orders;
	int64 returns;
	SegmentWide net;	  /* all rows, in units of 10^-scale */
	SegmentWide returned; /* the returns among them, <= 0 */
} LedgerDay;

typedef struct LedgerReader
{
	const uint8 *at;
	const uint8 *end;
	DateADT day; /* the day before the next one */
	int32 left;	 /* days not read yet */
	bool broken; /* the bytes are no ledger */
} LedgerReader;

extern void segment_ledger_open(LedgerReader *reader, const Ledger *ledger);

/* The next day; false at the end. */
extern bool segment_ledger_next(LedgerReader *reader, LedgerDay *day);

/* Writes days, which must come in order; those with nothing on them are left out. NULL if none was written. */
typedef struct LedgerWriter
{
	Ledger *ledger; /* as it grows, in the context that was current at the start */
	uint8 *at;		/* what is written ends here */
	uint8 *end;
	int scale;
	int32 n_days;
	DateADT first;
	DateADT previous;
} LedgerWriter;

/* expected is a number of days, a guess. */
extern void segment_ledger_start(LedgerWriter *writer, int scale, int64 expected);
extern void segment_ledger_put(LedgerWriter *writer, const LedgerDay *day);
extern Ledger *segment_ledger_finish(LedgerWriter *writer);

/* Adds the counts and amounts of another record of the same day and scale; 22003 where they leave their range. */
extern void segment_ledger_add_day(LedgerDay *day, const LedgerDay *other);

/* The calendar of both, a new value. */
extern Ledger *segment_ledger_merge(const Ledger *a, const Ledger *b);

/* A copy in the current context. */
extern Ledger *segment_ledger_copy(const Ledger *ledger);

/* A day on which the customer bought: an order, and no more returned than bought. Zero-priced orders count. */
static inline bool
segment_ledger_is_purchase(const LedgerDay *day)
{
	return day->orders > 0 && !segment_wide_is_negative(&day->net) &&
		   (!segment_wide_is_zero(&day->net) || segment_wide_is_zero(&day->returned));
}

#define SEGMENT_REPEAT_VERSION 1

/*
 * The repeat summary, as the buy-till-you-die literature defines it: x purchase days after the first, t_x from the
 * first to the last of them, t from the first to the end of the observation, in units of unit days.
 */
typedef struct RepeatSummary
{
	int32 vl_len_;
	uint8 version;		   /* SEGMENT_REPEAT_VERSION */
	uint8 has_spend;	   /* 0 or 1; else spend is 0 */
	uint8 has_first_spend; /* 0 or 1; else first_spend is 0 */
	uint8 reserved;		   /* zero */
	int64 x;
	double t_x;
	double t;
	double spend;		/* mean amount of the x repeat purchase days */
	double first_spend; /* amount of the first purchase day */
	double unit;		/* days */
	int64 skipped;		/* days with orders or returns that were no purchase */
} RepeatSummary;

/* What is wrong with a value; NULL if nothing is. */
extern const char *segment_repeat_fault(const void *value);

#define DatumGetRepeat(datum) SEGMENT_CHECKED(RepeatSummary, PG_DETOAST_DATUM(datum), segment_repeat_fault)
#define PG_GETARG_REPEAT(n) DatumGetRepeat(PG_GETARG_DATUM(n))

/* Zeroed, with size and version. */
extern RepeatSummary *segment_repeat_new(void);

/* The summary at as_of; NULL if there is no purchase up to then. */
extern RepeatSummary *segment_ledger_repeat_at(const Ledger *ledger, DateADT as_of, double unit);

/*
 * The mean spend of a customer and of how many purchases it is the mean: the repeat ones, or all. False if unknown;
 * without repeat purchases, and without the first one, it is the mean of none.
 */
extern bool segment_repeat_mean_spend(const RepeatSummary *repeat, bool with_first, double *purchases, double *spend);

/* Days of an interval: a month is 365.25 / 12 days. */
extern double segment_interval_days(const Interval *interval);

/* The same for a unit of time: 22023 unless finite and positive. */
extern double segment_unit_days(const Interval *interval);

/* A period of whole days or of calendar months. */
typedef struct SegmentPeriod
{
	int32 months; /* one of months and days is 0 */
	int32 days;
	double unit; /* mean length in days */
} SegmentPeriod;

/* 22023 for anything else. */
extern SegmentPeriod segment_interval_period(const Interval *interval);

/* Whole periods from first to day, day >= first. */
extern int64 segment_periods_between(DateADT first, DateADT day, const SegmentPeriod *period);

/* A customer's chances to buy, one in each period since the first purchase. */
typedef struct SegmentPeriodCount
{
	int64 x;				 /* periods up to as_of with a purchase */
	int64 t_x;				 /* the last of them */
	int64 t;				 /* whole periods up to as_of */
	int64 before;			 /* periods with a purchase among the last so many */
	int64 later;			 /* and among as many after period t */
	int64 skipped;			 /* days with orders or returns that were no purchase */
	SegmentWide first_spend; /* amount of the first purchase day */
	SegmentWide spend;		 /* of the purchase days in periods 1 to t */
} SegmentPeriodCount;

/* ahead: how many periods before and after the last one are looked at. False without a purchase up to as_of. */
extern bool segment_ledger_count_periods(const Ledger *ledger, DateADT as_of, const SegmentPeriod *period, int64 ahead,
										 SegmentPeriodCount *count);

#endif
