/*
 * features.c: feature vectors and option words as they come from SQL.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "core/option.h"

#include "cluster/cluster.h"
#include "cluster/coreset.h"

void
segment_cluster_poll(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* Refuses a feature that is not finite; number counts from 1. */
static void
refuse_feature(int number, double value)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("feature is not a finite number"),
					errdetail("Feature %d is %g; accepted are finite numbers.", number, value),
					errhint("Filter such rows, or pass NULL for a value that is not known.")));
}

int
segment_features_of_array(Datum array, double *x)
{
	ArrayType *features = DatumGetArrayTypeP(array);
	int count;
	int i;
	const double *values;

	if (ARR_NDIM(features) != 1 || ARR_DIMS(features)[0] > SEGMENT_MAX_FEATURES)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("not a vector of features"),
						errdetail("The array has %d dimensions and %d elements; accepted is one dimension of 1 to %d.",
								  ARR_NDIM(features), ArrayGetNItems(ARR_NDIM(features), ARR_DIMS(features)),
								  SEGMENT_MAX_FEATURES),
						errhint("Pass one number for each feature, as in ARRAY[recency, orders, revenue].")));
	count = ARR_DIMS(features)[0];
	values = (const double *) ARR_DATA_PTR(features);
	for (i = 0; i < count; i++)
	{
		const uint8 *bitmap = (const uint8 *) ARR_NULLBITMAP(features);

		if (bitmap && !(bitmap[i / 8] & (1 << (i % 8))))
		{
			x[i] = NAN;
			continue;
		}
		x[i] = *values++ + 0.0;
		if (unlikely(!isfinite(x[i])))
			refuse_feature(i + 1, x[i]);
	}
	return count;
}

void
segment_features_of_args(FunctionCallInfo fcinfo, int first, int count, double *x)
{
	int i;

	for (i = 0; i < count; i++)
	{
		if (PG_ARGISNULL(first + i))
		{
			x[i] = NAN;
			continue;
		}
		x[i] = PG_GETARG_FLOAT8(first + i) + 0.0;
		if (unlikely(!isfinite(x[i])))
			refuse_feature(i + 1, x[i]);
	}
}

static const char *const transform_words[] = {"none", "log", "stored"};
static const char *const nulls_words[] = {"skip", "error", "mean"};
static const char *const scale_words[] = {"standard", "robust", "none"};
static const char *const covariance_words[] = {"diagonal", "full"};

const SegmentOption segment_transform_option = {"transform", transform_words, SEGMENT_TRANSFORMS,
												"log is for money and counts, none for coordinates and scores."};
const SegmentOption segment_fit_transform_option = {
	"transform", transform_words, SEGMENT_TRANSFORMS + 1,
	"stored is the coreset's own; log is for money and counts, none for coordinates and scores."};
const SegmentOption segment_nulls_option = {"nulls", nulls_words, lengthof(nulls_words),
											"skip leaves the vector out, mean takes the feature's mean instead."};
const SegmentOption segment_scale_option = {"scale", scale_words, lengthof(scale_words),
											"standard gives every feature the same weight."};
const SegmentOption segment_covariance_option = {
	"covariance", covariance_words, lengthof(covariance_words),
	"full lets features vary together within a component, at the cost of more parameters."};

/* The value of a hexadecimal digit; -1 for another character. */
static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

unsigned char *
segment_hex_decode(const char *text, Size *length)
{
	Size digits = strlen(text);
	unsigned char *bytes = palloc(digits / 2 + 1);
	Size i;

	if (digits < 2 || digits % 2 != 0 || text[0] != '\\' || text[1] != 'x')
		return NULL;
	for (i = 2; i < digits; i += 2)
	{
		int high = hex_digit(text[i]);
		int low = hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			return NULL;
		bytes[i / 2 - 1] = (unsigned char) (high * 16 + low);
	}
	*length = digits / 2 - 1;
	return bytes;
}

char *
segment_hex_encode(const unsigned char *bytes, Size length)
{
	static const char digits[] = "0123456789abcdef";
	char *text = palloc(2 * length + 3);
	Size i;

	text[0] = '\\';
	text[1] = 'x';
	for (i = 0; i < length; i++)
	{
		text[2 + 2 * i] = digits[bytes[i] >> 4];
		text[3 + 2 * i] = digits[bytes[i] & 15];
	}
	text[2 + 2 * length] = '\0';
	return text;
}

Datum *
segment_feature_names(FunctionCallInfo fcinfo, int arg, int dims)
{
	Datum *names;
	bool *is_null;
	int count;
	int j;

	if (PG_ARGISNULL(arg))
		return NULL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), TEXTOID, -1, false, TYPALIGN_INT, &names, &is_null, &count);
	for (j = 0; j < count && !is_null[j]; j++)
		;
	if (count != dims || j < count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("names do not fit the features"),
				 errdetail("There are %d names, %d of them before the first NULL, for %d features.", count, j, dims),
				 errhint("Pass one name for each feature, in the order of the vector.")));
	return names;
}
