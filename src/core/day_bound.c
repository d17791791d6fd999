/*
 * day_bound.c: day_of(timestamptz, zone) and day_start(day, zone): the days of a named zone, as SQL functions.
 */
#include "postgres.h"

#include "utils/datetime.h"

#include "core/day.h"

PG_FUNCTION_INFO_V1(segment_day_of_timestamptz);
PG_FUNCTION_INFO_V1(segment_day_start);

/* day_of(at, zone): the calendar day of a moment. */
Datum
segment_day_of_timestamptz(PG_FUNCTION_ARGS)
{
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(0);
	pg_tz *zone = segment_zone_arg(fcinfo, 1);

	if (TIMESTAMP_IS_NOBEGIN(at))
		PG_RETURN_DATEADT(DATEVAL_NOBEGIN);
	if (TIMESTAMP_IS_NOEND(at))
		PG_RETURN_DATEADT(DATEVAL_NOEND);
	PG_RETURN_DATEADT(segment_day_of(at, SEGMENT_TIME_TIMESTAMPTZ, zone));
}

/*
 * The first moment, in seconds since 1970, at which the clocks of a zone show a time of theirs, or a later one if they
 * skip it. Clocks that are put back show some times twice: the first of them counts.
 */
static pg_time_t
first_moment(pg_time_t local, const pg_tz *zone)
{
	/* no clock is further from UTC than two days */
	pg_time_t from = local - 2 * SECS_PER_DAY;

	for (;;)
	{
		long before;
		long after;
		int is_dst;
		pg_time_t change;
		int found = pg_next_dst_boundary(&from, &before, &is_dst, &change, &after, &is_dst, zone);
		pg_time_t moment = Max(from, local - before);

		if (found != 1 || moment < change)
			return moment;
		from = change;
	}
}

TimestampTz
segment_start_of_day(DateADT day, const pg_tz *zone)
{
	int64 seconds;

	if (DATE_IS_NOBEGIN(day))
		return DT_NOBEGIN;
	if (DATE_IS_NOEND(day))
		return DT_NOEND;
	/* dates reach further than times: the seconds fit into 64 bits, the microseconds need not */
	seconds = first_moment((day + (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)) * SECS_PER_DAY, zone) -
			  (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY;
	if (seconds < MIN_TIMESTAMP / USECS_PER_SEC || seconds >= END_TIMESTAMP / USECS_PER_SEC)
	{
		char text[SEGMENT_TIME_TEXT];

		segment_time_print(day, SEGMENT_TIME_DATE, text);
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("day out of range for timestamptz"),
						errdetail("The day is %s; accepted are days from -4713-11-24 to 294276-12-31.", text),
						errhint("Pass 'infinity' for a bound that no time reaches.")));
	}
	return seconds * USECS_PER_SEC;
}

/* day_start(day, zone): the first moment of a day. */
Datum
segment_day_start(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(segment_start_of_day(PG_GETARG_DATEADT(0), segment_zone_arg(fcinfo, 1)));
}
