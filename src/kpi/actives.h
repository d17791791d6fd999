/*
 * actives.h: actives: how many customers were active on each day of a range, and within a window of days up to it.
 */
#ifndef SEGMENT_KPI_ACTIVES_H
#define SEGMENT_KPI_ACTIVES_H

#include "core/compat.h"

#include "utils/date.h"

#include "ledger/ledger.h"
#include "math/wire.h"

#define SEGMENT_ACTIVES_VERSION 1

/* 27 years of days, and a window of ten. */
#define SEGMENT_ACTIVES_MAX_DAYS 10000
#define SEGMENT_ACTIVES_MAX_WINDOW 3660

typedef struct Actives
{
	DateADT from;
	int n;			/* days */
	int window;		/* days, the day itself among them */
	int64 *active;	/* n + window - 1: customers with an order on the day, from window - 1 days before from on */
	int64 *reached; /* n + 1: customers who are active within the window, as differences from one day to the next */
} Actives;

/* An empty one in the current context. */
extern Actives *segment_actives_new(DateADT from, int n, int window);

extern void segment_actives_add_customer(Actives *actives, const Ledger *ledger);

/* Adds all of other, which stays as it is. 22023 unless days and window are the same. */
extern void segment_actives_merge(Actives *actives, const Actives *other);

/*
 * The byte string: version (1 byte), from, n, window (4 bytes each), then counts: active, and those active within the
 * window of each day. 22003 if one is too large.
 */
extern bytea *segment_actives_encode(const Actives *actives);

/* Back from it, checked; *fault says what is wrong with it, else it is NULL. */
extern Actives *segment_actives_decode(SegmentCursor cursor, const char **fault);

#endif
