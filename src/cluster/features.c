/*
 * features.c: feature vectors and option words as they come from SQL.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "core/compat.h"

#include "cluster/cluster.h"
#include "cluster/coreset.h"

void
segment_cluster_poll(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* Refuses a feature that is no finite number. number counts from 1. */
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

void
segment_check_fit_memory(const char *what, Size bytes)
{
	Size limit = (Size) maintenance_work_mem * 1024;

	if (bytes > limit)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("%s needs more than maintenance_work_mem", what),
				 errdetail("It needs %zu kB; maintenance_work_mem is %d kB.", bytes / 1024 + 1, maintenance_work_mem),
				 errhint("Raise maintenance_work_mem, or ask for fewer clusters.")));
}

/* Whether a text is a word. */
static bool
is_word(const text *given, const char *word)
{
	size_t length = strlen(word);

	return VARSIZE_ANY_EXHDR(given) == length && memcmp(VARDATA_ANY(given), word, length) == 0;
}

const char *
segment_transform_name(SegmentTransform transform)
{
	return transform == SEGMENT_TRANSFORM_LOG ? "log" : "none";
}

SegmentTransform
segment_transform_of(const text *word)
{
	if (is_word(word, "log"))
		return SEGMENT_TRANSFORM_LOG;
	if (is_word(word, "none"))
		return SEGMENT_TRANSFORM_NONE;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown transform"),
					errdetail("transform is \"%s\"; accepted are log and none.", text_to_cstring(word)),
					errhint("log fits money and counts, none fits coordinates and scores.")));
}

const char *
segment_nulls_name(SegmentNulls nulls)
{
	return nulls == SEGMENT_NULLS_SKIP ? "skip" : nulls == SEGMENT_NULLS_ERROR ? "error" : "mean";
}

SegmentNulls
segment_nulls_of(const text *word)
{
	SegmentNulls nulls;

	for (nulls = SEGMENT_NULLS_SKIP; nulls <= SEGMENT_NULLS_MEAN; nulls++)
		if (is_word(word, segment_nulls_name(nulls)))
			return nulls;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown policy for NULL"),
					errdetail("nulls is \"%s\"; accepted are skip, error and mean.", text_to_cstring(word)),
					errhint("skip leaves the vector out, mean takes the feature's mean instead.")));
}

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
