/*
 * coreset_type.c: the coreset as a type: text, binary, comparison. Text is \x and the binary form in hexadecimal.
 *
 * Binary form, most significant byte first: version, mode, transform, nulls (1 byte each); dims, items (4); rows,
 * skipped (8); fit_k (4); weight (double); the statistics and the items as in the stored form (doubles).
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"

#include "core/compat.h"
#include "core/error.h"
#include "core/message.h"
#include "math/wire.h"

#include "cluster/cluster.h"
#include "cluster/coreset.h"
#include "cluster/model.h"

#define WIRE_HEAD (4 + 4 + 4 + 8 + 8 + 4 + 8)

/* Whether a double is one that sums without rounding: a multiple of SEGMENT_WEIGHT_UNIT in [0, SEGMENT_MAX_WEIGHT). */
static bool
is_weight(double weight)
{
	return weight >= 0.0 && weight < SEGMENT_MAX_WEIGHT &&
		   weight / SEGMENT_WEIGHT_UNIT == floor(weight / SEGMENT_WEIGHT_UNIT);
}

/* Whether the least and greatest values and the other statistics of all features make sense. */
static bool
stats_valid(const Coreset *coreset)
{
	int dims = coreset->dims;
	int j;

	for (j = 0; j < dims; j++)
	{
		double least = coreset->data[j];
		double greatest = coreset->data[dims + j];
		double resolution = coreset->data[2 * dims + j];
		double nulls = coreset->data[3 * dims + j];
		bool none = least == INFINITY && greatest == -INFINITY;

		if (!none && !(isfinite(least) && isfinite(greatest) && least <= greatest))
			return false;
		if (none && coreset->items > 0 && coreset->nulls != SEGMENT_NULLS_MEAN)
			return false;
		if (!(resolution >= 0.0 && isfinite(resolution)) ||
			(coreset->mode == SEGMENT_CORESET_DISTINCT && resolution > 0.0))
			return false;
		if (!(nulls >= 0.0 && nulls < 0x1p53 && nulls == floor(nulls)))
			return false;
	}
	return true;
}

/* Whether a coordinate is one that add_row lets through (NaN: a NULL that waits for its mean). */
static bool
coordinate_valid(const Coreset *coreset, int feature, double x)
{
	if (isnan(x))
		return coreset->mode == SEGMENT_CORESET_DISTINCT && coreset->nulls == SEGMENT_NULLS_MEAN &&
			   coreset->data[3 * coreset->dims + feature] > 0.0;
	if (!isfinite(x) || (x == 0.0 && signbit(x)))
		return false;
	if (coreset->mode == SEGMENT_CORESET_DISTINCT)
	{
		if (x < coreset->data[feature] || x > coreset->data[coreset->dims + feature])
			return false;
		return coreset->transform == SEGMENT_TRANSFORM_LOG || fabs(x) <= SEGMENT_MAX_RAW_FEATURE;
	}
	return fabs(x) <= (coreset->transform == SEGMENT_TRANSFORM_LOG ? 1000.0 : SEGMENT_MAX_RAW_FEATURE);
}

/* Whether one distinct point comes before another in the stored order: NULL last. */
static bool
ascending(const double *x, const double *y, int dims)
{
	int j;

	for (j = 0; j < dims; j++)
	{
		if (x[j] < y[j] || (isnan(y[j]) && !isnan(x[j])))
			return true;
		if (x[j] > y[j] || isnan(x[j]) != isnan(y[j]))
			return false;
	}
	return false;
}

bool
segment_coreset_valid(const Coreset *coreset, const char **why)
{
	int dims = coreset->dims;
	int size = segment_coreset_item_size(coreset->mode, dims);
	bool distinct = coreset->mode == SEGMENT_CORESET_DISTINCT;
	const double *item = segment_coreset_items(coreset);
	double weight = 0.0;
	int i;
	int j;

	*why = "counts do not fit each other";
	if (coreset->rows < coreset->items || coreset->skipped < 0 || (coreset->items == 0) != (coreset->rows == 0) ||
		coreset->fit_k < 0 || coreset->fit_k > SEGMENT_MAX_CLUSTERS || (dims == 0 && !distinct) ||
		coreset->rows > INT64CONST(1) << 53 || coreset->skipped > INT64CONST(1) << 53)
		return false;
	*why = "statistics of the features make no sense";
	if (!stats_valid(coreset))
		return false;
	for (i = 0; i < coreset->items; i++, item += size)
	{
		const double *x = distinct ? item : item + 1;
		double w = distinct ? item[dims] : item[0];

		*why = "weight is not allowed";
		if (!is_weight(w) || w == 0.0)
			return false;
		weight += w;
		*why = "coordinate is not allowed";
		for (j = 0; j < dims; j++)
		{
			if (!coordinate_valid(coreset, j, x[j]))
				return false;
			if (!distinct && !(x[dims + j] >= 0.0 && x[dims + j] <= 1e295))
				return false;
		}
		*why = "points are not in ascending order";
		if (distinct && i > 0 && !ascending(item - size, item, dims))
			return false;
	}
	*why = "total weight is wrong";
	return weight == coreset->weight;
}

const char *
segment_coreset_fault(const void *value)
{
	const Coreset *coreset = value;
	const char *why;

	if (coreset->version != SEGMENT_CORESET_VERSION || coreset->mode > SEGMENT_CORESET_COMPRESSED ||
		coreset->items < 0 || coreset->dims < 0 || coreset->dims > SEGMENT_MAX_FEATURES ||
		VARSIZE(coreset) != segment_coreset_size(coreset->mode, coreset->dims, coreset->items))
		return "The head of a coreset is none.";
	return segment_coreset_valid(coreset, &why) ? NULL : why;
}

/* The stored form of wire bytes, or NULL with the reason. */
static Coreset *
decode(SegmentCursor cursor, const char **why)
{
	Coreset head = {0};
	Coreset *coreset;
	Size doubles;
	Size i;

	head.version = (uint8) segment_take(&cursor, 1);
	head.mode = (uint8) segment_take(&cursor, 1);
	head.transform = (uint8) segment_take(&cursor, 1);
	head.nulls = (uint8) segment_take(&cursor, 1);
	head.dims = (int32) segment_take(&cursor, 4);
	head.items = (int32) segment_take(&cursor, 4);
	head.rows = (int64) segment_take(&cursor, 8);
	head.skipped = (int64) segment_take(&cursor, 8);
	head.fit_k = (int32) segment_take(&cursor, 4);
	head.weight = segment_take_double(&cursor);
	*why = "it ends too early";
	if (cursor.is_short)
		return NULL;
	*why = "version, mode or options are unknown";
	if (head.version != SEGMENT_CORESET_VERSION || head.mode > SEGMENT_CORESET_COMPRESSED ||
		head.transform > SEGMENT_TRANSFORM_LOG || head.nulls > SEGMENT_NULLS_MEAN)
		return NULL;
	*why = "counts are out of range";
	if (head.dims < 0 || head.dims > SEGMENT_MAX_FEATURES || head.items < 0 ||
		head.items >
			(head.mode == SEGMENT_CORESET_DISTINCT ? SEGMENT_CORESET_POINTS : segment_coreset_micros(head.dims)) ||
		(head.dims == 0 && head.items > 0))
		return NULL;
	*why = "its length does not fit its counts";
	doubles =
		(Size) SEGMENT_CORESET_STATS * head.dims + (Size) head.items * segment_coreset_item_size(head.mode, head.dims);
	if (segment_cursor_left(&cursor) != doubles * 8)
		return NULL;
	coreset = palloc0(segment_coreset_size(head.mode, head.dims, head.items));
	memcpy(coreset, &head, offsetof(Coreset, data));
	SET_VARSIZE(coreset, segment_coreset_size(head.mode, head.dims, head.items));
	for (i = 0; i < doubles; i++)
	{
		double value = segment_take_double(&cursor);

		coreset->data[i] = isnan(value) ? NAN : value;
	}
	return segment_coreset_valid(coreset, why) ? coreset : NULL;
}

/* The wire bytes of a coreset; *length is set. */
static unsigned char *
encode(const Coreset *coreset, Size *length)
{
	Size doubles = (VARSIZE(coreset) - offsetof(Coreset, data)) / sizeof(double);
	unsigned char *bytes;
	unsigned char *at;
	Size i;

	*length = WIRE_HEAD + doubles * 8;
	at = bytes = palloc(*length);
	*at++ = coreset->version;
	*at++ = coreset->mode;
	*at++ = coreset->transform;
	*at++ = coreset->nulls;
	at = segment_wire_put(at, (uint32) coreset->dims, 4);
	at = segment_wire_put(at, (uint32) coreset->items, 4);
	at = segment_wire_put(at, (uint64) coreset->rows, 8);
	at = segment_wire_put(at, (uint64) coreset->skipped, 8);
	at = segment_wire_put(at, (uint32) coreset->fit_k, 4);
	at = segment_wire_put_double(at, coreset->weight);
	for (i = 0; i < doubles; i++)
		at = segment_wire_put_double(at, coreset->data[i]);
	return bytes;
}

PG_FUNCTION_INFO_V1(segment_coreset_in);

/* Text input. 22P02 for anything that output does not write. */
Datum
segment_coreset_in(PG_FUNCTION_ARGS)
{
	const char *why = "it is no hexadecimal text that begins with \\x";
	Size length;
	unsigned char *bytes = segment_hex_decode(PG_GETARG_CSTRING(0), &length);
	Coreset *coreset = bytes ? decode(segment_cursor(bytes, length), &why) : NULL;

	if (!coreset)
	{
		segment_refuse_text(fcinfo->context, "coreset", PG_GETARG_CSTRING(0), psprintf("The text is refused: %s.", why),
							"Make coresets with coreset_agg.");
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(coreset);
}

PG_FUNCTION_INFO_V1(segment_coreset_out);

/* Text output. */
Datum
segment_coreset_out(PG_FUNCTION_ARGS)
{
	Size length;
	unsigned char *bytes = encode(PG_GETARG_CORESET(0), &length);

	PG_RETURN_CSTRING(segment_hex_encode(bytes, length));
}

PG_FUNCTION_INFO_V1(segment_coreset_recv);

/* Binary input. 22P03 for anything that send does not write. */
Datum
segment_coreset_recv(PG_FUNCTION_ARGS)
{
	const char *why;
	Coreset *coreset = decode(segment_message_cursor((StringInfo) PG_GETARG_POINTER(0)), &why);

	if (!coreset)
		segment_refuse_binary("coreset", psprintf("The bytes are refused: %s.", why));
	PG_RETURN_POINTER(coreset);
}

PG_FUNCTION_INFO_V1(segment_coreset_send);

/* Binary output. */
Datum
segment_coreset_send(PG_FUNCTION_ARGS)
{
	Size length;
	unsigned char *bytes = encode(PG_GETARG_CORESET(0), &length);
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendbytes(&message, (const char *) bytes, length);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}
