/*
 * attribution.c: which touch before a conversion gets how much of its value: shares by a model, exact parts of an amount,
 * paths made shorter.
 */
#include "postgres.h"

#include <math.h>

#include "core/compat.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "core/decimal.h"
#include "core/error.h"
#include "core/option.h"

#define MAX_TOUCHES 100000

typedef enum Model
{
	MODEL_FIRST,
	MODEL_LAST,
	MODEL_LAST_NON_DIRECT,
	MODEL_LINEAR,
	MODEL_POSITION,
	MODEL_TIME_DECAY
} Model;

static const char *const model_words[] = {"first", "last", "last_non_direct", "linear", "position", "time_decay"};
static const SegmentOption model_option = {
	"model", model_words, lengthof(model_words),
	"position gives 40 percent each to the first and the last touch, 20 to those between; time_decay halves a touch's "
	"weight with each half-life before the conversion."};

static void
refuse_list(const char *name, int n, int touches)
{
	ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("%s is no list of the touches", name),
					errdetail("It has %d elements; there are %d touches.", n, touches),
					errhint("This model needs one element a touch, none of them NULL.")));
}

/* The elements of a list with one for each touch. */
static Datum *
list_of(FunctionCallInfo fcinfo, int arg, const char *name, int touches, Oid type)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(arg);
	Datum *values;
	int n;

	if (ARR_NDIM(array) > 1 || array_contains_nulls(array) ||
		ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) != touches)
		refuse_list(name, ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)), touches);
	if (type == BOOLOID)
		deconstruct_array(array, BOOLOID, 1, true, TYPALIGN_CHAR, &values, NULL, &n);
	else
		deconstruct_array(array, FLOAT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &values, NULL, &n);
	return values;
}

/* 2^(-age / half_life), divided by their sum; the youngest has the weight 1 before, so none is lost to underflow. */
static void
decay(double *shares, const Datum *ages, int n, double half_life)
{
	double youngest = INFINITY;
	double sum = 0.0;

	if (!(half_life > 0.0) || isinf(half_life))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("half_life is out of range"),
						errdetail("half_life is %g; accepted are finite numbers above 0.", half_life),
						errhint("It is in the unit of the ages.")));
	for (int i = 0; i < n; i++)
	{
		double age = DatumGetFloat8(ages[i]);

		if (!isfinite(age) || age < 0.0)
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("age of a touch is out of range"),
							errdetail("The age is %g; accepted are finite numbers from 0 on.", age),
							errhint("A touch after the conversion has no part in it: leave it out.")));
		youngest = fmin(youngest, age);
	}
	for (int i = 0; i < n; i++)
	{
		shares[i] = exp2((youngest - DatumGetFloat8(ages[i])) / half_life);
		sum += shares[i];
	}
	for (int i = 0; i < n; i++)
		shares[i] /= sum;
}

/* attribution_shares(touches, model, ages, half_life, direct): the touches in order of time. Strict. */
PG_FUNCTION_INFO_V1(segment_attribution_shares);

Datum
segment_attribution_shares(PG_FUNCTION_ARGS)
{
	int n = PG_GETARG_INT32(0);
	Model model = (Model) segment_option_arg(fcinfo, 1, &model_option);
	double *shares;
	Datum *elements;
	int last = n - 1;

	segment_check_int_range("touches", n, 1, MAX_TOUCHES);
	shares = palloc0(sizeof(double) * n);
	elements = palloc(sizeof(Datum) * n);
	switch (model)
	{
		case MODEL_FIRST:
			shares[0] = 1.0;
			break;
		case MODEL_LAST_NON_DIRECT:
		{
			Datum *direct = list_of(fcinfo, 4, "direct", n, BOOLOID);

			while (last >= 0 && DatumGetBool(direct[last]))
				last--;
			shares[last >= 0 ? last : n - 1] = 1.0;
			break;
		}
		case MODEL_LAST:
			shares[last] = 1.0;
			break;
		case MODEL_LINEAR:
			for (int i = 0; i < n; i++)
				shares[i] = 1.0 / n;
			break;
		case MODEL_POSITION:
			for (int i = 1; i < last; i++)
				shares[i] = 0.2 / (n - 2);
			shares[0] = n == 1 ? 1.0 : n == 2 ? 0.5 : 0.4;
			shares[last] = shares[0];
			break;
		case MODEL_TIME_DECAY:
			decay(shares, list_of(fcinfo, 2, "ages", n, FLOAT8OID), n, PG_GETARG_FLOAT8(3));
			break;
	}
	for (int i = 0; i < n; i++)
		elements[i] = Float8GetDatum(shares[i]);
	PG_RETURN_POINTER(construct_array(elements, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* --- exact parts of an amount -------------------------------------------------------------------------------------- */

/* A part: its weight, the units it has for sure, and what that left over, of the sum of all weights. */
typedef struct Part
{
	int64 weight;
	int64 units;
	segment_int128 rest;
	int place;
} Part;

static int
compare_rests(const void *a, const void *b)
{
	const Part *left = (const Part *) a;
	const Part *right = (const Part *) b;

	if (left->rest != right->rest)
		return left->rest > right->rest ? -1 : 1;
	return left->place < right->place ? -1 : 1;
}

static int
compare_places(const void *a, const void *b)
{
	return ((const Part *) a)->place < ((const Part *) b)->place ? -1 : 1;
}

/* The shares as integers of 52 bits, so that all that follows is exact; the sum of them. */
static segment_int128
weights_of(ArrayType *array, Part *parts, int n)
{
	const double *shares = (const double *) ARR_DATA_PTR(array);
	double sum = 0.0;
	segment_int128 total = 0;

	for (int i = 0; i < n; i++)
	{
		if (!isfinite(shares[i]) || shares[i] < 0.0)
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("share is out of range"),
							errdetail("Share %d is %g; accepted are finite numbers from 0 on.", i + 1, shares[i]),
							errhint("The shares are weights; they need not add up to 1.")));
		sum += shares[i];
	}
	for (int i = 0; i < n && sum > 0.0 && isfinite(sum); i++)
	{
		parts[i].weight = (int64) rint(ldexp(shares[i] / sum, 52));
		parts[i].place = i;
		total += parts[i].weight;
	}
	if (total == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("shares add up to nothing, or to too much"),
				 errdetail("There are %d, with the sum %g.", n, sum), errhint("Pass at least one share above 0.")));
	return total;
}

/* split_exact(value, shares, decimals): parts that add up to the value, by the largest remainder. Strict. */
PG_FUNCTION_INFO_V1(segment_split_exact);

Datum
segment_split_exact(PG_FUNCTION_ARGS)
{
	Datum value = PG_GETARG_DATUM(0);
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(1);
	int decimals = PG_GETARG_INT32(2);
	int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	SegmentAmount amount;
	SegmentAmountFault fault = segment_amount_read(value, SEGMENT_AMOUNT_NUMERIC, &amount);
	segment_int128 units;
	segment_int128 total;
	segment_int128 left;
	Part *parts;
	Datum *elements;

	segment_check_int_range("decimals", decimals, 0, SEGMENT_MAX_DECIMALS);
	if (ARR_NDIM(array) != 1 || array_contains_nulls(array) || n > MAX_TOUCHES)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("shares is no list of shares"),
				 errdetail("It has %d elements in %d dimensions; accepted are 1 to %d in one, none of them NULL.", n,
						   ARR_NDIM(array), MAX_TOUCHES),
				 errhint("attribution_shares makes them.")));
	if (fault != SEGMENT_AMOUNT_OK)
		segment_amount_refuse(fault, value, SEGMENT_AMOUNT_NUMERIC, NULL);
	units = amount.units;
	for (int scale = amount.scale; scale < decimals && units <= PG_INT64_MAX && units >= -PG_INT64_MAX; scale++)
		units *= 10;
	if (amount.is_wide || units > PG_INT64_MAX || units < -PG_INT64_MAX)
		segment_amount_refuse(SEGMENT_AMOUNT_TOO_LARGE, value, SEGMENT_AMOUNT_NUMERIC, NULL);
	parts = palloc0(sizeof(Part) * n);
	elements = palloc(sizeof(Datum) * n);
	total = weights_of(array, parts, n);
	left = units < 0 ? -units : units;
	for (int i = 0; i < n; i++)
	{
		segment_int128 product = (units < 0 ? -units : units) * parts[i].weight;

		parts[i].units = (int64) (product / total);
		parts[i].rest = product % total;
		left -= parts[i].units;
	}
	/* fewer units are left than there are parts, each of which lost less than one */
	qsort(parts, n, sizeof(Part), compare_rests);
	for (int i = 0; i < n && left > 0; i++, left--)
		parts[i].units++;
	qsort(parts, n, sizeof(Part), compare_places);
	for (int i = 0; i < n; i++)
		elements[i] = segment_units_to_numeric(units < 0 ? -(segment_int128) parts[i].units : parts[i].units,
											   Max(decimals, amount.scale));
	PG_RETURN_POINTER(construct_array(elements, n, NUMERICOID, -1, false, TYPALIGN_INT));
}

/* --- paths ---------------------------------------------------------------------------------------------------------- */

typedef enum Transform
{
	TRANSFORM_EXPOSURE,
	TRANSFORM_FIRST,
	TRANSFORM_REMOVE_DIRECT,
	TRANSFORM_REMOVE_LAST_DIRECT
} Transform;

static const char *const transform_words[] = {"exposure", "first", "remove_direct", "remove_last_direct"};
static const SegmentOption transform_option = {
	"transform", transform_words, lengthof(transform_words),
	"exposure makes one of touches of the same channel that follow each other, first keeps each channel's first, the "
	"others drop direct visits, all or those at the end, unless there are no others."};

static inline bool
same_text(Datum a, Datum b)
{
	const text *left = DatumGetTextPP(a);
	const text *right = DatumGetTextPP(b);

	return VARSIZE_ANY_EXHDR(left) == VARSIZE_ANY_EXHDR(right) &&
		   memcmp(VARDATA_ANY(left), VARDATA_ANY(right), VARSIZE_ANY_EXHDR(left)) == 0;
}

/* attribution_path(channels, transform, direct). Strict. */
PG_FUNCTION_INFO_V1(segment_attribution_path);

Datum
segment_attribution_path(PG_FUNCTION_ARGS)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
	Transform transform = (Transform) segment_option_arg(fcinfo, 1, &transform_option);
	Datum direct = PG_GETARG_DATUM(2);
	Datum *channels;
	Datum *kept;
	int n;
	int n_kept = 0;
	int end = 0; /* behind the last touch that is not direct */

	if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("channels is no list of channels"),
						errdetail("It has %d dimensions, or a NULL.", ARR_NDIM(array)),
						errhint("Pass the channels in order of time: array_agg(channel ORDER BY at).")));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &channels, NULL, &n);
	kept = palloc(sizeof(Datum) * Max(n, 1));
	for (int i = 0; i < n; i++)
		if (!same_text(channels[i], direct))
			end = i + 1;
	for (int i = 0; i < n; i++)
	{
		bool keep = true;

		CHECK_FOR_INTERRUPTS();
		if (transform == TRANSFORM_EXPOSURE)
			keep = i == 0 || !same_text(channels[i], channels[i - 1]);
		else if (transform == TRANSFORM_FIRST)
			for (int j = 0; j < n_kept && keep; j++)
				keep = !same_text(channels[i], kept[j]);
		else if (transform == TRANSFORM_REMOVE_DIRECT)
			keep = end == 0 || !same_text(channels[i], direct);
		else
			keep = end == 0 || i < end;
		if (keep)
			kept[n_kept++] = channels[i];
	}
	PG_RETURN_POINTER(construct_array(kept, n_kept, TEXTOID, -1, false, TYPALIGN_INT));
}
