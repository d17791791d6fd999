/*
 * quality_agg.c: the aggregate cluster_quality(model, features), and its value as a type. Text is \x and the binary
 * form in hexadecimal; binary is a version byte, the length (4 bytes) and text of the model, then vectors, skipped, the
 * counts and all digits of the sums (8 bytes each).
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "core/agg_context.h"
#include "core/compat.h"
#include "core/error.h"
#include "core/message.h"
#include "math/wire.h"

#include "cluster/cluster.h"
#include "cluster/quality.h"

/* Sums are made canonical after so many terms, well before a digit can overflow. */
#define MAX_PENDING (1 << 28)

/* Bytes of a value. */
static Size
quality_size(int k, int dims, int model_size)
{
	return offsetof(Quality, data) + sizeof(int64) * ((model_size + 7) / 8 + k) +
		   sizeof(SegmentSum) * (Size) segment_quality_n_sums(k, dims);
}

Quality *
segment_quality_make(const KmeansModel *model)
{
	Size size = quality_size(model->k, model->dims, VARSIZE(model));
	Quality *quality = palloc0(size);

	SET_VARSIZE(quality, size);
	quality->version = SEGMENT_QUALITY_VERSION;
	quality->k = model->k;
	quality->dims = model->dims;
	quality->model_size = VARSIZE(model);
	memcpy(quality->data, model, VARSIZE(model));
	return quality;
}

void
segment_quality_settle(Quality *quality)
{
	SegmentSum *sums = segment_quality_sums(quality);
	int n = segment_quality_n_sums(quality->k, quality->dims);
	int i;

	if (quality->pending == 0)
		return;
	for (i = 0; i < n; i++)
		segment_sum_settle(&sums[i]);
	quality->pending = 0;
}

#ifdef USE_ASSERT_CHECKING
/* What is wrong with a settled value; NULL if nothing is. */
static const char *
find_fault(const void *value)
{
	const Quality *quality = value;
	int64 rows = 0;

	if (quality->version != SEGMENT_QUALITY_VERSION || quality->pending != 0 ||
		VARSIZE(quality) != quality_size(quality->k, quality->dims, quality->model_size))
		return "The head of a cluster_quality is none.";
	for (int i = 0; i < quality->k; i++)
		rows += segment_quality_counts(quality)[i];
	for (int i = 0; i < segment_quality_n_sums(quality->k, quality->dims); i++)
		if (!segment_sum_valid(&segment_quality_sums(quality)[i]))
			return "A sum of a cluster_quality is none.";
	return rows != quality->rows ? "The vectors of the clusters do not add up."
								 : segment_kmeans_model_fault(quality->data);
}
#endif

Quality *
segment_quality_open(Datum datum)
{
	Quality *quality = (Quality *) PG_DETOAST_DATUM(datum);

	if (quality->pending > 0)
	{
		quality = (Quality *) PG_DETOAST_DATUM_COPY(PointerGetDatum(quality));
		segment_quality_settle(quality);
	}
	return SEGMENT_CHECKED(Quality, quality, find_fault);
}

/* Adds one located vector: x in the user's units, y scaled. */
static void
add_vector(Quality *quality, const double *x, const double *y, const Place *place)
{
	double distance = sqrt(place->distance);
	SegmentSum *sums = segment_quality_sum(quality, place->cluster, 0);
	int dims = quality->dims;
	int j;

	for (j = 0; j < dims; j++)
		if (!isfinite(y[j] * y[j]) || !isfinite(place->distance))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("vector is too far from the clusters"),
							errdetail("Feature %d is %g; its scaled square is no finite number.", j + 1, x[j]),
							errhint("Filter such rows, or use a model with transform log.")));
	if (quality->pending >= MAX_PENDING)
		segment_quality_settle(quality);
	quality->pending++;
	quality->rows++;
	segment_quality_counts(quality)[place->cluster]++;
	segment_sum_add(&sums[QUALITY_SQUARED], place->distance);
	segment_sum_add(&sums[QUALITY_DISTANCE], distance);
	if (place->second >= 0 && place->second_distance > 0.0)
		segment_sum_add(&sums[QUALITY_SILHOUETTE], 1.0 - distance / sqrt(place->second_distance));
	for (j = 0; j < dims; j++)
	{
		segment_sum_add(&sums[QUALITY_OWN + j], x[j]);
		segment_sum_add(&sums[QUALITY_OWN + dims + j], y[j]);
		segment_sum_add(segment_quality_square(quality, j), y[j] * y[j]);
	}
}

/*
 * The state of this aggregate, made on the first row, and the unpacked model; NULL if the model of the row is NULL. Stops
 * outside an aggregate, and if the model is another one than before.
 */
static Quality *
fetch_state(FunctionCallInfo fcinfo, ModelCache **cache)
{
	Quality *quality;

	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(1))
		return NULL;
	*cache = segment_model_argument(fcinfo, 1);
	quality =
		PG_ARGISNULL(0) ? segment_quality_make((*cache)->model) : (Quality *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
	/* A state that this call has seen with the model that it still has is of that model. */
	if (quality == (*cache)->state)
		return quality;
	if (quality->model_size != (int32) VARSIZE((*cache)->model) ||
		memcmp(quality->data, (*cache)->model, quality->model_size) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the model changes within an aggregate"),
						errdetail("cluster_quality measures one model at a time."), errhint("GROUP BY the model.")));
	(*cache)->state = quality;
	return quality;
}

/* Adds a vector in the user's units; NULL features are NaN. */
static void
add_features(Quality *quality, const ModelCache *cache, double *x, int dims)
{
	double y[SEGMENT_MAX_FEATURES];
	Place place;
	int j;

	memcpy(y, x, sizeof(double) * dims);
	if (!segment_model_locate(cache, y, dims, &place))
	{
		quality->skipped++;
		return;
	}
	for (j = 0; j < dims; j++)
		if (isnan(x[j]))
			x[j] = segment_transform_back(cache->space.transform, cache->space.mean[j]);
	add_vector(quality, x, y, &place);
}

/* What a transition gives back for a row without a model. */
static Datum
same_state(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

PG_FUNCTION_INFO_V1(segment_cluster_quality_trans);

/* Transition: (state, model, features float8[]). Rows with a NULL model are ignored. */
Datum
segment_cluster_quality_trans(PG_FUNCTION_ARGS)
{
	double x[SEGMENT_MAX_FEATURES];
	ModelCache *cache;
	Quality *quality = fetch_state(fcinfo, &cache);

	if (!quality)
		return same_state(fcinfo);
	if (PG_ARGISNULL(2))
		quality->skipped++;
	else
		add_features(quality, cache, x, segment_features_of_array(PG_GETARG_DATUM(2), x));
	PG_RETURN_POINTER(quality);
}

PG_FUNCTION_INFO_V1(segment_cluster_quality_trans_columns);

/* Transition: (state, model, f1 float8, ..., fn float8). */
Datum
segment_cluster_quality_trans_columns(PG_FUNCTION_ARGS)
{
	double x[SEGMENT_MAX_FEATURES];
	ModelCache *cache;
	Quality *quality = fetch_state(fcinfo, &cache);

	if (!quality)
		return same_state(fcinfo);
	segment_features_of_args(fcinfo, 2, PG_NARGS() - 2, x);
	add_features(quality, cache, x, PG_NARGS() - 2);
	PG_RETURN_POINTER(quality);
}

PG_FUNCTION_INFO_V1(segment_cluster_quality_combine);

/* Combine: merges the second state, untouched, into the first. */
Datum
segment_cluster_quality_combine(PG_FUNCTION_ARGS)
{
	Quality *a;
	Quality *b;
	SegmentSum *sums;
	int n;
	int i;

	(void) segment_aggregate_context(fcinfo);
	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	b = (Quality *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(1));
	segment_quality_settle(b);
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(b);
	a = (Quality *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
	if (a->model_size != b->model_size || memcmp(a->data, b->data, a->model_size) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("qualities of different models"),
						errdetail("Sums over the clusters of different models cannot be added."),
						errhint("GROUP BY the model.")));
	segment_quality_settle(a);
	a->rows += b->rows;
	a->skipped += b->skipped;
	for (i = 0; i < a->k; i++)
		segment_quality_counts(a)[i] += segment_quality_counts(b)[i];
	sums = segment_quality_sums(a);
	n = segment_quality_n_sums(a->k, a->dims);
	for (i = 0; i < n; i++)
		segment_sum_merge(&sums[i], &segment_quality_sums(b)[i]);
	PG_RETURN_POINTER(a);
}

PG_FUNCTION_INFO_V1(segment_cluster_quality_final);

/* Final function: a canonical copy; NULL without any vector. */
Datum
segment_cluster_quality_final(PG_FUNCTION_ARGS)
{
	Quality *quality;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	quality = (Quality *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0));
	if (quality->rows == 0)
		PG_RETURN_NULL();
	segment_quality_settle(quality);
	PG_RETURN_POINTER(quality);
}

/*
 * Whether two values are equal. Sums that are not yet canonical, which an aggregate of the user's without our final
 * function leaves, are made so first: comparison by bytes would take equal sums for different ones.
 */
static bool
are_equal(FunctionCallInfo fcinfo)
{
	Quality *a = PG_GETARG_QUALITY(0);
	Quality *b = PG_GETARG_QUALITY(1);

	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

PG_FUNCTION_INFO_V1(segment_cluster_quality_eq);

/* Behind the operator =. */
Datum
segment_cluster_quality_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(are_equal(fcinfo));
}

PG_FUNCTION_INFO_V1(segment_cluster_quality_ne);

/* Behind the operator <>. */
Datum
segment_cluster_quality_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!are_equal(fcinfo));
}

/*
 * The value of wire bytes, or NULL. One without vectors is the state of a part of the rows, which a distributed query
 * sends as text.
 */
static Quality *
decode(SegmentCursor cursor)
{
	int version = (int) segment_take(&cursor, 1);
	const char *text = segment_take_text(&cursor, segment_take(&cursor, 4));
	KmeansModel *model = version == SEGMENT_QUALITY_VERSION && text != NULL ? segment_model_read(text) : NULL;
	Quality *quality;
	int64 *numbers;
	int64 sum = 0;
	Size count;
	Size i;

	if (!model)
		return NULL;
	count = model->k + (Size) segment_quality_n_sums(model->k, model->dims) * SEGMENT_SUM_DIGITS;
	if (segment_cursor_left(&cursor) != (2 + count) * 8)
		return NULL;
	quality = segment_quality_make(model);
	quality->rows = (int64) segment_take(&cursor, 8);
	quality->skipped = (int64) segment_take(&cursor, 8);
	numbers = segment_quality_counts(quality);
	for (i = 0; i < count; i++)
		numbers[i] = (int64) segment_take(&cursor, 8);
	for (i = 0; i < (Size) model->k; i++)
		if (numbers[i] < 0 || __builtin_add_overflow(sum, numbers[i], &sum))
			return NULL;
	for (i = 0; i < (Size) segment_quality_n_sums(model->k, model->dims); i++)
		if (!segment_sum_valid(&segment_quality_sums(quality)[i]))
			return NULL;
	return sum == quality->rows && quality->skipped >= 0 ? quality : NULL;
}

/* The wire bytes of a value. */
static unsigned char *
encode(const Quality *quality, Size *length)
{
	const char *text = segment_model_write(segment_quality_model(quality));
	Size text_length = strlen(text);
	Size count = quality->k + (Size) segment_quality_n_sums(quality->k, quality->dims) * SEGMENT_SUM_DIGITS;
	const int64 *numbers = segment_quality_counts(quality);
	unsigned char *bytes;
	unsigned char *at;
	Size i;

	*length = 5 + text_length + 8 * (2 + count);
	at = bytes = palloc(*length);
	*at++ = quality->version;
	at = segment_wire_put(at, text_length, 4);
	memcpy(at, text, text_length);
	at += text_length;
	at = segment_wire_put(at, (uint64) quality->rows, 8);
	at = segment_wire_put(at, (uint64) quality->skipped, 8);
	for (i = 0; i < count; i++)
		at = segment_wire_put(at, (uint64) numbers[i], 8);
	return bytes;
}

PG_FUNCTION_INFO_V1(segment_cluster_quality_in);

/* Text input. 22P02 for anything that output does not write. */
Datum
segment_cluster_quality_in(PG_FUNCTION_ARGS)
{
	Size length;
	unsigned char *bytes = segment_hex_decode(PG_GETARG_CSTRING(0), &length);
	Quality *quality = bytes ? decode(segment_cursor(bytes, length)) : NULL;

	if (!quality)
	{
		segment_refuse_text(fcinfo->context, "cluster_quality", PG_GETARG_CSTRING(0),
							"The text is not \\x and the hexadecimal form of a value.",
							"Make values with cluster_quality.");
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(quality);
}

PG_FUNCTION_INFO_V1(segment_cluster_quality_out);

/* Text output. */
Datum
segment_cluster_quality_out(PG_FUNCTION_ARGS)
{
	Size length;
	unsigned char *bytes = encode(PG_GETARG_QUALITY(0), &length);

	PG_RETURN_CSTRING(segment_hex_encode(bytes, length));
}

PG_FUNCTION_INFO_V1(segment_cluster_quality_recv);

/* Binary input. 22P03 for anything that send does not write. */
Datum
segment_cluster_quality_recv(PG_FUNCTION_ARGS)
{
	Quality *quality = decode(segment_message_cursor((StringInfo) PG_GETARG_POINTER(0)));

	if (!quality)
		segment_refuse_binary("cluster_quality", "Its model, counts or sums make no sense.");
	PG_RETURN_POINTER(quality);
}

PG_FUNCTION_INFO_V1(segment_cluster_quality_send);

/* Binary output. */
Datum
segment_cluster_quality_send(PG_FUNCTION_ARGS)
{
	Size length;
	unsigned char *bytes = encode(PG_GETARG_QUALITY(0), &length);
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendbytes(&message, (const char *) bytes, length);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}
