/*
 * outcome_wire.c: an outcome as a byte string: stored, sent and handed from process to process alike.
 *
 *   version, number of columns (1 byte each); rows without x, rows with both (8 bytes each)
 *   then sums: y and y squared of rows without x; with two columns those of rows with both, then x, x squared, x times y
 *
 * A sum is a byte with its decimals, without zeros at their end; a byte with its length; and as many bytes of two's
 * complement, most significant first, as few as hold it, none for zero.
 */
#include "postgres.h"

#include "core/compat.h"

#include "lib/stringinfo.h"

#include "core/error.h"
#include "experiment/experiment.h"

#define BIG_BYTES ((int) sizeof(SegmentBig))

static unsigned char
byte_of(const SegmentBig *sum, int i)
{
	return (unsigned char) (sum->limb[i / 8] >> (8 * (i % 8)));
}

static void
put_fixed(StringInfo buffer, uint64 value, int width)
{
	unsigned char bytes[8];

	segment_wire_put(bytes, value, width);
	appendBinaryStringInfo(buffer, (char *) bytes, width);
}

static void
put_sum(StringInfo buffer, SegmentBig sum, int decimals)
{
	unsigned char sign;
	int length = BIG_BYTES;

	decimals = segment_big_normalize(&sum, decimals);
	sign = segment_big_is_negative(&sum) ? 0xFF : 0;
	/* a byte that the next lower one's sign stands for need not be written */
	while (length > 1 && byte_of(&sum, length - 1) == sign && (byte_of(&sum, length - 2) & 0x80) == (sign & 0x80))
		length--;
	if (segment_big_is_zero(&sum))
		length = 0;
	appendStringInfoCharMacro(buffer, (char) decimals);
	appendStringInfoCharMacro(buffer, (char) length);
	while (length-- > 0)
		appendStringInfoCharMacro(buffer, (char) byte_of(&sum, length));
}

bytea *
segment_outcome_encode(const SegmentMoments *moments)
{
	StringInfoData buffer;

	initStringInfo(&buffer);
	appendStringInfoSpaces(&buffer, VARHDRSZ);
	put_fixed(&buffer, SEGMENT_OUTCOME_VERSION, 1);
	put_fixed(&buffer, moments->has_x ? 2 : 1, 1);
	put_fixed(&buffer, (uint64) moments->n_alone, 8);
	put_fixed(&buffer, (uint64) moments->n_both, 8);
	for (int i = 0; i < (moments->has_x ? SEGMENT_MOMENTS : SEGMENT_Y); i++)
		put_sum(&buffer, moments->sum[i], segment_moment_scale(moments, i));
	SET_VARSIZE(buffer.data, buffer.len);
	return (bytea *) buffer.data;
}

static bool
take_sum(SegmentCursor *cursor, SegmentBig *sum, int *decimals)
{
	int length;
	const unsigned char *bytes;
	bool negative;

	memset(sum, 0, sizeof(SegmentBig));
	*decimals = (int) segment_take(cursor, 1);
	length = (int) segment_take(cursor, 1);
	bytes = segment_take_bytes(cursor, (Size) length);
	if (bytes == NULL || *decimals > SEGMENT_PRODUCT_DECIMALS || length > BIG_BYTES)
		return false;
	negative = length > 0 && (bytes[0] & 0x80) != 0;
	for (int i = 0; i < BIG_BYTES; i++)
	{
		uint64 byte = i < length ? bytes[length - 1 - i] : negative ? 0xFF : 0;

		sum->limb[i / 8] |= byte << (8 * (i % 8));
	}
	return true;
}

bool
segment_outcome_set_sums(SegmentMoments *moments, const SegmentBig *sums, const int *decimals)
{
#define HALF(d) (((d) + 1) / 2)
	int product = decimals[SEGMENT_XY];

	moments->y_scale = Max(Max(decimals[SEGMENT_ALONE_Y], HALF(decimals[SEGMENT_ALONE_YY])),
						   Max(decimals[SEGMENT_Y], HALF(decimals[SEGMENT_YY])));
	moments->x_scale = Max(decimals[SEGMENT_X], HALF(decimals[SEGMENT_XX]));
	/* decimals of the product that the squares do not show: whichever column has them */
	if (product > moments->y_scale + moments->x_scale)
		moments->y_scale = Min(product - moments->x_scale, SEGMENT_MOMENT_DECIMALS);
	if (product > moments->y_scale + moments->x_scale)
		moments->x_scale = product - moments->y_scale;
	if (moments->y_scale > SEGMENT_MOMENT_DECIMALS || moments->x_scale > SEGMENT_MOMENT_DECIMALS)
		return false;
	for (int i = 0; i < SEGMENT_MOMENTS; i++)
	{
		int more = segment_moment_scale(moments, i) - decimals[i];

		/* 10^more < 2^(10 more / 3 + 1) */
		if (segment_big_bit_length(&sums[i]) + 10 * more / 3 + 1 >= 64 * SEGMENT_BIG_LIMBS)
			return false;
		moments->sum[i] = sums[i];
		segment_big_scale_up(&moments->sum[i], more);
	}
	return true;
#undef HALF
}

const char *
segment_outcome_decode(SegmentCursor cursor, SegmentMoments *moments)
{
	const unsigned char *bytes = cursor.at;
	Size size = segment_cursor_left(&cursor);
	int version = (int) segment_take(&cursor, 1);
	int columns = (int) segment_take(&cursor, 1);
	SegmentBig sums[SEGMENT_MOMENTS] = {0};
	int decimals[SEGMENT_MOMENTS] = {0};
	const char *fault;
	bytea *again;

	memset(moments, 0, sizeof(SegmentMoments));
	moments->has_x = columns == 2;
	moments->n_alone = (int64) segment_take(&cursor, 8);
	moments->n_both = (int64) segment_take(&cursor, 8);
	if (cursor.is_short || version != SEGMENT_OUTCOME_VERSION)
		return "The format version is unknown.";
	if (columns != 1 && columns != 2)
		return "The number of columns is neither 1 nor 2.";
	for (int i = 0; i < (moments->has_x ? SEGMENT_MOMENTS : SEGMENT_Y); i++)
		if (!take_sum(&cursor, &sums[i], &decimals[i]))
			return "A sum is broken.";
	if (segment_cursor_left(&cursor) > 0)
		return segment_cursor_fault(&cursor);
	if (!segment_outcome_set_sums(moments, sums, decimals))
		return "A sum is too large, or has too many decimals.";
	fault = segment_moments_fault(moments);
	if (fault)
		return fault;
	/* equal values have equal bytes: the shortest form only */
	again = segment_outcome_encode(moments);
	if (VARSIZE_ANY_EXHDR(again) != size || memcmp(VARDATA_ANY(again), bytes, size) != 0)
		fault = "A sum is not in its shortest form.";
	pfree(again);
	return fault;
}
