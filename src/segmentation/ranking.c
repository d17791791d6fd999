/*
 * ranking.c: stored rankings of revenues, and what follows from one and from the values that joined and left it since.
 *
 * Format: version byte, the number of zeros at the end of all values, then numbers of 7 bits a byte, the lowest first, the
 * high bit set where more follow: how many values, the first (its sign in the lowest bit), and the gap from each to the next.
 */
#include "postgres.h"

#include "core/compat.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"

#include "math/wide.h"
#include "segmentation/ranking.h"
#include "segmentation/revenue.h"

#define RANKING_VERSION 1
#define RANKING_HEAD 2
#define MAX_ZEROS 18

PG_FUNCTION_INFO_V1(segment_ranking_curve);
PG_FUNCTION_INFO_V1(segment_ranking_merge);

static void
put_number(StringInfo bytes, uint64 number)
{
	do
	{
		uint8 low = number & 0x7F;

		number >>= 7;
		appendStringInfoCharMacro(bytes, (char) (number ? low | 0x80 : low));
	} while (number);
}

void
segment_ranking_begin(RankingWriter *writer, int64 n, int zeros)
{
	initStringInfo(&writer->bytes);
	appendStringInfoSpaces(&writer->bytes, VARHDRSZ);
	appendStringInfoChar(&writer->bytes, RANKING_VERSION);
	appendStringInfoChar(&writer->bytes, (char) zeros);
	put_number(&writer->bytes, (uint64) n);
	writer->unit = segment_power_of_ten(zeros);
	writer->is_first = true;
}

void
segment_ranking_put(RankingWriter *writer, int64 value)
{
	value /= writer->unit;
	if (writer->is_first)
		put_number(&writer->bytes, (uint64) value << 1 ^ (uint64) (value >> 63));
	else
		put_number(&writer->bytes, (uint64) writer->last - (uint64) value);
	writer->last = value;
	writer->is_first = false;
}

bytea *
segment_ranking_end(RankingWriter *writer)
{
	SET_VARSIZE(writer->bytes.data, writer->bytes.len);
	return (bytea *) writer->bytes.data;
}

/* Reads a ranking. */
typedef struct RankingReader
{
	const uint8 *place;
	const uint8 *end;
	int64 left; /* values to come */
	int64 unit;
	int64 last;
	int zeros;
	bool is_first;
} RankingReader;

static void
refuse(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("the stored ranking is damaged"),
					errdetail("Its bytes end early, or a value is out of range."),
					errhint("Refresh the segmentation with read => 'all'.")));
}

static uint64
get_number(RankingReader *reader)
{
	uint64 number = 0;

	for (int shift = 0; shift < 64; shift += 7)
	{
		uint8 byte;

		if (unlikely(reader->place == reader->end))
			refuse();
		byte = *reader->place++;
		number |= (uint64) (byte & 0x7F) << shift;
		if (byte < 0x80)
			return number;
	}
	refuse();
	return 0;
}

static void
begin_reading(RankingReader *reader, const bytea *stored)
{
	uint64 n;

	reader->place = (const uint8 *) VARDATA_ANY(stored);
	reader->end = reader->place + VARSIZE_ANY_EXHDR(stored);
	if (reader->end - reader->place < RANKING_HEAD || reader->place[0] != RANKING_VERSION ||
		reader->place[1] > MAX_ZEROS)
		refuse();
	reader->zeros = reader->place[1];
	reader->unit = segment_power_of_ten(reader->zeros);
	reader->place += RANKING_HEAD;
	n = get_number(reader);
	/* a byte a value at least */
	if (n > (uint64) (reader->end - reader->place))
		refuse();
	reader->left = (int64) n;
	reader->is_first = true;
}

static bool
read_next(RankingReader *reader, int64 *value)
{
	uint64 number;

	if (reader->left == 0)
		return false;
	reader->left--;
	number = get_number(reader);
	if (reader->is_first)
		reader->last = (int64) (number >> 1) ^ -(int64) (number & 1);
	else if (number > (uint64) reader->last - (uint64) PG_INT64_MIN)
		refuse();
	else
		reader->last = (int64) ((uint64) reader->last - number);
	reader->is_first = false;
	if (__builtin_mul_overflow(reader->last, reader->unit, value))
		refuse();
	return true;
}

static int
compare_descending(const void *a, const void *b)
{
	int64 x = *(const int64 *) a;
	int64 y = *(const int64 *) b;

	return (x < y) - (x > y);
}

/* Values of many small rankings, largest first. */
typedef struct Values
{
	int64 *values;
	int64 n;
	int64 next;
} Values;

/* A ranking, with what joined and what left it: the values that remain. */
typedef struct Merge
{
	RankingReader base;
	int64 value; /* of base */
	bool has_value;
	Values began;
	Values ended;
	int64 n;
	int zeros;
} Merge;

/* False if one of them has no bytes. */
static bool
read_all(ArrayType *array, Values *all, int *zeros)
{
	Datum *stored;
	bool *nulls;
	int count;
	RankingReader reader;

	deconstruct_array(array, BYTEAOID, -1, false, TYPALIGN_INT, &stored, &nulls, &count);
	all->n = all->next = 0;
	all->values = NULL;
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			continue;
		if (VARSIZE_ANY_EXHDR(DatumGetPointer(stored[i])) == 0)
			return false;
		begin_reading(&reader, DatumGetByteaPP(stored[i]));
		if (reader.left == 0)
			continue;
		*zeros = Min(*zeros, reader.zeros);
		all->values = all->values
						  ? repalloc_huge(all->values, mul_size(sizeof(int64), (Size) (all->n + reader.left)))
						  : MemoryContextAllocHuge(CurrentMemoryContext, mul_size(sizeof(int64), (Size) reader.left));
		while (read_next(&reader, &all->values[all->n]))
			all->n++;
	}
	if (all->n > 0)
		qsort(all->values, (size_t) all->n, sizeof(int64), compare_descending);
	return true;
}

/* False if nothing remains, or one of the rankings has no bytes: a revenue did not fit. */
static bool
begin_merge(Merge *merge, FunctionCallInfo fcinfo)
{
	bytea *base = PG_GETARG_BYTEA_PP(0);

	if (VARSIZE_ANY_EXHDR(base) == 0)
		return false;
	begin_reading(&merge->base, base);
	merge->zeros = merge->base.zeros;
	if (!read_all(PG_GETARG_ARRAYTYPE_P(1), &merge->began, &merge->zeros) ||
		!read_all(PG_GETARG_ARRAYTYPE_P(2), &merge->ended, &merge->zeros))
		return false;
	merge->n = merge->base.left + merge->began.n - merge->ended.n;
	merge->has_value = read_next(&merge->base, &merge->value);
	return merge->n > 0;
}

/* The next value; false at the end, and as soon as something left that had not been there. */
static bool
merge_next(Merge *merge, int64 *value)
{
	Values *began = &merge->began;
	Values *ended = &merge->ended;

	for (;;)
	{
		bool more = began->next < began->n;

		if (!merge->has_value && !more)
			return false;
		if (more && (!merge->has_value || began->values[began->next] > merge->value))
			*value = began->values[began->next++];
		else
		{
			*value = merge->value;
			merge->has_value = read_next(&merge->base, &merge->value);
		}
		if (ended->next == ended->n || ended->values[ended->next] != *value)
			return ended->next == ended->n || ended->values[ended->next] < *value;
		ended->next++;
	}
}

/*
 * ranking_curve(ranking, began bytea[], ended bytea[]) -> numeric[101]: the revenue of the best 0 to 100 per cent. NULL
 * without a customer, if something ended that had not been there, and for rankings without bytes.
 */
Datum
segment_ranking_curve(PG_FUNCTION_ARGS)
{
	Merge merge;
	SegmentCurvePoints points;
	int64 value;
	int64 i = 0;

	if (!begin_merge(&merge, fcinfo))
		PG_RETURN_NULL();
	segment_curve_begin(&points, merge.n);
	for (; merge_next(&merge, &value); i++)
	{
		if (i == merge.n)
			PG_RETURN_NULL();
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		segment_curve_add(&points, value);
	}
	if (i != merge.n)
		PG_RETURN_NULL();
	PG_RETURN_ARRAYTYPE_P(segment_curve_end(&points));
}

/* ranking_merge(ranking, began bytea[], ended bytea[]) -> bytea: the ranking of what is there now; NULL likewise. */
Datum
segment_ranking_merge(PG_FUNCTION_ARGS)
{
	Merge merge;
	RankingWriter writer;
	int64 value;
	int64 i = 0;

	if (!begin_merge(&merge, fcinfo))
		PG_RETURN_NULL();
	segment_ranking_begin(&writer, merge.n, merge.zeros);
	for (; merge_next(&merge, &value); i++)
	{
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		segment_ranking_put(&writer, value);
	}
	if (i != merge.n)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(segment_ranking_end(&writer));
}
