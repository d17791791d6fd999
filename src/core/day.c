/*
 * day.c: calendar days, see day.h.
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#include "core/day.h"

bool
segment_time_kind_of(Oid type, SegmentTimeKind *kind)
{
	switch (type)
	{
		case DATEOID:
			*kind = SEGMENT_TIME_DATE;
			return true;
		case TIMESTAMPOID:
			*kind = SEGMENT_TIME_TIMESTAMP;
			return true;
		case TIMESTAMPTZOID:
			*kind = SEGMENT_TIME_TIMESTAMPTZ;
			return true;
		default:
			return false;
	}
}

const char *
segment_time_kind_name(SegmentTimeKind kind)
{
	switch (kind)
	{
		case SEGMENT_TIME_DATE:
			return "date";
		case SEGMENT_TIME_TIMESTAMP:
			return "timestamp";
		default:
			return "timestamptz";
	}
}

bool
segment_time_is_finite(int64 time, SegmentTimeKind kind)
{
	if (kind == SEGMENT_TIME_DATE)
		return time >= DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE && time < DATE_END_JULIAN - POSTGRES_EPOCH_JDATE;
	return IS_VALID_TIMESTAMP(time);
}

void
segment_time_refuse(int64 time, SegmentTimeKind kind)
{
	ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("time of an order is not finite"),
					errdetail("The %s is %s; accepted are finite times.", segment_time_kind_name(kind),
							  time < 0 ? "-infinity" : "infinity"),
					errhint("Leave such rows out with WHERE isfinite(...), or turn the time into NULL: rows with a "
							"NULL time are skipped.")));
}

/* True if the server lists a zone of this name, which is written in capitals, among its files. */
static bool
is_listed(const char *name)
{
	pg_tzenum *zones = pg_tzenumerate_start();
	pg_tz *zone;
	bool found = false;

	while (!found && (zone = pg_tzenumerate_next(zones)) != NULL)
		found = strcmp(pg_get_timezone_name(zone), name) == 0;
	pg_tzenumerate_end(zones);
	return found;
}

/*
 * True if a zone has no file but was read from its name by the rules of POSIX: "UTC+14", "EST5EDT4", "<+03>-3". Such
 * a name holds an offset, so digits, and the server keeps it in capitals; few zones that have a file look like that
 * (EST5EDT, GMT+0), and only they are searched for.
 */
static bool
is_posix(pg_tz *zone)
{
	const char *name = pg_get_timezone_name(zone);
	bool has_digit = false;

	for (const char *c = name; *c != '\0'; c++)
	{
		if (*c >= 'a' && *c <= 'z')
			return false;
		has_digit |= *c >= '0' && *c <= '9';
	}
	return has_digit && !is_listed(name);
}

/* POSIX counts hours west of UTC as positive, all else does the opposite: the hint names zones for both readings. */
static void
refuse_posix(const char *name, pg_tz *zone)
{
	long offset;
	int hours;

	if (!pg_get_timezone_offset(zone, &offset) || offset % SECS_PER_HOUR != 0 || offset == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("time zone \"%s\" not accepted", name),
						errdetail("It is a POSIX rule, not a name; accepted are the names in pg_timezone_names."),
						errhint("Name the place, such as Europe/Berlin or America/New_York.")));
	hours = (int) (labs(offset) / SECS_PER_HOUR);
	ereport(
		ERROR,
		(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("time zone \"%s\" not accepted", name),
		 errdetail("It is a POSIX rule, in which the sign means the opposite of what it means elsewhere: its clocks "
				   "are %d hours %s UTC. Accepted are the names in pg_timezone_names.",
				   hours, offset < 0 ? "behind" : "ahead of"),
		 hours > 14	  ? errhint("Name the place, such as Europe/Berlin or America/New_York.")
		 : hours > 12 ? errhint("For clocks %d hours ahead of UTC, write Etc/GMT-%d.", hours, hours)
					  : errhint("For clocks %d hours ahead of UTC, write Etc/GMT-%d; for %d hours behind, Etc/GMT+%d.",
								hours, hours, hours, hours)));
}

pg_tz *
segment_zone(const text *name)
{
	char *zone_name = text_to_cstring(name);
	pg_tz *zone = NULL;

	/* longer names than the server takes can't be zones */
	if (strlen(zone_name) <= TZ_STRLEN_MAX)
		zone = pg_tzset(zone_name);
	if (zone != NULL && is_posix(zone))
		refuse_posix(zone_name, zone);
	/* not listed: zones with leap seconds, whose days begin some seconds late, and other ways to name a file (":UTC") */
	if (zone == NULL || !pg_tz_acceptable(zone) || pg_strcasecmp(zone_name, pg_get_timezone_name(zone)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("time zone \"%s\" not recognized", zone_name),
				 errdetail("Accepted are names such as UTC, Europe/Berlin or America/New_York; no abbreviations or "
						   "offsets."),
				 errhint("SELECT name FROM pg_timezone_names lists the zones of this server.")));
	return zone;
}

typedef struct ZoneCache
{
	pg_tz *zone;
	int length;
	char name[TZ_STRLEN_MAX + 1];
} ZoneCache;

pg_tz *
segment_zone_arg(FunctionCallInfo fcinfo, int arg)
{
	text *name = PG_GETARG_TEXT_PP(arg);
	int length = (int) VARSIZE_ANY_EXHDR(name);
	ZoneCache *cache = (ZoneCache *) fcinfo->flinfo->fn_extra;

	if (cache != NULL && cache->length == length && memcmp(cache->name, VARDATA_ANY(name), length) == 0)
		return cache->zone;
	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ZoneCache));
		cache->length = -1;
		fcinfo->flinfo->fn_extra = cache;
	}
	cache->length = -1;
	cache->zone = segment_zone(name);
	memcpy(cache->name, VARDATA_ANY(name), length);
	cache->length = length;
	return cache->zone;
}

/* Days since 2000-01-01 of microseconds since then, rounded down. */
static inline DateADT
day_of_microseconds(int64 time)
{
	int64 day = time / USECS_PER_DAY;

	if (time % USECS_PER_DAY < 0)
		day--;
	return (DateADT) day;
}

/*
 * The offsets of a zone, remembered: looking one up in the zone's rules takes longer than all else that is done with a
 * time. Seconds since 1970 are divided into spans of 24 days, most of which have one offset, and few more than two.
 */
#define SPAN_BITS 21
#define SPANS 256

typedef struct OffsetSpan
{
	bool is_known;
	bool is_mixed; /* the clocks are changed more than once */
	int64 number;
	pg_time_t change; /* from then on it is after, until then before */
	long before;	  /* seconds east of UTC */
	long after;
} OffsetSpan;

static void
look_up_span(OffsetSpan *span, int64 number, const pg_tz *zone)
{
	pg_time_t begin = number * (INT64CONST(1) << SPAN_BITS);
	pg_time_t end = begin + (INT64CONST(1) << SPAN_BITS);
	pg_time_t second;
	long offset;
	int is_dst;
	int found = pg_next_dst_boundary(&begin, &span->before, &is_dst, &span->change, &span->after, &is_dst, zone);

	span->number = number;
	span->is_known = true;
	span->is_mixed = found < 0;
	if (found == 1 && span->change < end)
		span->is_mixed =
			pg_next_dst_boundary(&span->change, &offset, &is_dst, &second, &offset, &is_dst, zone) == 1 && second < end;
	else
		span->change = end;
}

/* Seconds east of UTC at a time, in seconds since 1970. */
static long
offset_at(pg_time_t seconds, const pg_tz *zone)
{
	static const pg_tz *remembered = NULL;
	static OffsetSpan spans[SPANS];
	int64 number = seconds >> SPAN_BITS;
	OffsetSpan *span = &spans[number & (SPANS - 1)];
	const struct pg_tm *local;

	if (remembered != zone)
	{
		memset(spans, 0, sizeof(spans));
		remembered = zone;
	}
	if (!span->is_known || span->number != number)
		look_up_span(span, number, zone);
	if (likely(!span->is_mixed))
		return seconds < span->change ? span->before : span->after;
	local = pg_localtime(&seconds, zone);
	return local != NULL ? local->tm_gmtoff : 0;
}

DateADT
segment_day_of(int64 time, SegmentTimeKind kind, pg_tz *zone)
{
	if (kind == SEGMENT_TIME_DATE)
		return (DateADT) time;
	if (kind == SEGMENT_TIME_TIMESTAMPTZ && zone != NULL)
	{
		/* the zone's offset at that moment is all that is needed */
		pg_time_t seconds = (pg_time_t) (time / USECS_PER_SEC);
		long offset;

		/* UTC, and any other zone that never changed its clocks */
		if (pg_get_timezone_offset(zone, &offset))
			return day_of_microseconds(time + offset * USECS_PER_SEC);
		if (time % USECS_PER_SEC < 0)
			seconds--;
		seconds += (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY;
		time += offset_at(seconds, zone) * USECS_PER_SEC;
	}
	return day_of_microseconds(time);
}

/* "YYYY-MM-DD"; years outside 0000..9999 have a sign and as many digits as needed (ISO 8601, astronomical years). */
static int
print_day(DateADT day, char *buffer)
{
	int year;
	int month;
	int mday;

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	if (year < 0 || year > 9999)
		return sprintf(buffer, "%+05d-%02d-%02d", year, month, mday);
	return sprintf(buffer, "%04d-%02d-%02d", year, month, mday);
}

void
segment_time_print(int64 time, SegmentTimeKind kind, char *buffer)
{
	DateADT day = segment_day_of(time, kind, NULL);
	int64 rest;
	int length = print_day(day, buffer);

	if (kind == SEGMENT_TIME_DATE)
		return;
	rest = time - (int64) day * USECS_PER_DAY;
	length += sprintf(buffer + length, " %02d:%02d:%02d", (int) (rest / USECS_PER_HOUR),
					  (int) (rest / USECS_PER_MINUTE % MINS_PER_HOUR), (int) (rest / USECS_PER_SEC % SECS_PER_MINUTE));
	rest %= USECS_PER_SEC;
	if (rest != 0)
	{
		length += sprintf(buffer + length, ".%06d", (int) rest);
		while (buffer[length - 1] == '0')
			buffer[--length] = '\0';
	}
	if (kind == SEGMENT_TIME_TIMESTAMPTZ)
		strcpy(buffer + length, "Z");
}

/* Reads up to most digits; returns how many there were. */
static int
parse_digits(const char **text, int most, int *value)
{
	int count = 0;

	*value = 0;
	while (count < most && isdigit((unsigned char) **text))
	{
		*value = *value * 10 + (**text - '0');
		(*text)++;
		count++;
	}
	return count;
}

/* Expects one character. */
static bool
parse_mark(const char **text, char mark)
{
	if (**text != mark)
		return false;
	(*text)++;
	return true;
}

static bool
parse_day(const char **text, int64 *day)
{
	bool negative = **text == '-';
	int year;
	int month;
	int mday;
	int check_year;
	int check_month;
	int check_mday;

	if (**text == '-' || **text == '+')
		(*text)++;
	if (parse_digits(text, 7, &year) < 4 || !parse_mark(text, '-') || parse_digits(text, 2, &month) != 2 ||
		!parse_mark(text, '-') || parse_digits(text, 2, &mday) != 2)
		return false;
	if (negative)
		year = -year;
	if (!IS_VALID_JULIAN(year, month, mday) || month < 1 || month > MONTHS_PER_YEAR || mday < 1)
		return false;
	*day = date2j(year, month, mday) - POSTGRES_EPOCH_JDATE;
	j2date((int) *day + POSTGRES_EPOCH_JDATE, &check_year, &check_month, &check_mday);
	return check_year == year && check_month == month && check_mday == mday;
}

bool
segment_time_parse(const char *text, SegmentTimeKind kind, int64 *time)
{
	int64 day;
	int hour;
	int minute;
	int second;
	int64 microseconds = 0;

	if (!parse_day(&text, &day))
		return false;
	if (kind != SEGMENT_TIME_DATE)
	{
		if (!parse_mark(&text, ' ') || parse_digits(&text, 2, &hour) != 2 || !parse_mark(&text, ':') ||
			parse_digits(&text, 2, &minute) != 2 || !parse_mark(&text, ':') || parse_digits(&text, 2, &second) != 2)
			return false;
		if (hour >= HOURS_PER_DAY || minute >= MINS_PER_HOUR || second >= SECS_PER_MINUTE)
			return false;
		if (parse_mark(&text, '.'))
		{
			int fraction;
			int digits = parse_digits(&text, 6, &fraction);

			if (digits == 0)
				return false;
			for (; digits < 6; digits++)
				fraction *= 10;
			microseconds = fraction;
		}
		if (kind == SEGMENT_TIME_TIMESTAMPTZ && !parse_mark(&text, 'Z'))
			return false;
		/* date2j is bounded, so this can't overflow before the range check below: 2^31 days are 1.9e20 us */
		if (day < DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE || day >= TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE)
			return false;
		microseconds += ((hour * MINS_PER_HOUR + minute) * (int64) SECS_PER_MINUTE + second) * USECS_PER_SEC;
		day = day * USECS_PER_DAY + microseconds;
	}
	*time = day;
	return *text == '\0' && segment_time_is_finite(*time, kind);
}

void
segment_check_as_of(DateADT as_of)
{
	if (DATE_NOT_FINITE(as_of))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("as_of must be a finite date"),
						errdetail("as_of is %s.", as_of < 0 ? "-infinity" : "infinity"),
						errhint("Pass the day as of which to score, such as current_date.")));
}
