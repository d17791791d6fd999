/*
 * assign.c: which arm a customer belongs to: a pure function of id and salt, the same in any system that has SHA-256.
 */
#include "postgres.h"

#include "core/compat.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "core/hash.h"

#define MAX_ARMS 1000

/* Appends a text in UTF-8, whatever the database's encoding. */
static void
append_utf8(StringInfo message, const text *word)
{
	int length = VARSIZE_ANY_EXHDR(word);
	const char *bytes = VARDATA_ANY(word);
	const char *converted = pg_server_to_any(bytes, length, PG_UTF8);

	appendBinaryStringInfo(message, converted, converted == bytes ? length : (int) strlen(converted));
}

/* The first 8 bytes of SHA-256(salt || ':' || id), their top 53 bits / 2^53: of [0, 1). */
static double
share_of(const text *id, const text *salt)
{
	StringInfoData message;
	bytea *hash;
	uint64 first = 0;

	if (VARSIZE_ANY_EXHDR(salt) == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("salt must not be empty"),
						errdetail("Two experiments with the same salt have the same arms."),
						errhint("Pass a name of the experiment, such as 'spring-2026'.")));
	initStringInfo(&message);
	append_utf8(&message, salt);
	appendStringInfoChar(&message, ':');
	append_utf8(&message, id);
	hash = segment_sha256(message.data, message.len, "", 0);
	for (int i = 0; i < 8; i++)
		first = first << 8 | (unsigned char) VARDATA_ANY(hash)[i];
	return (double) (first >> 11) * 0x1p-53;
}

/* assign_share(id, salt). Strict. */
PG_FUNCTION_INFO_V1(segment_assign_share);

Datum
segment_assign_share(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(share_of(PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1)));
}

pg_noreturn static void
refuse_shares(const char *detail)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("shares are no split"), errdetail("%s", detail),
					errhint("Pass one share an arm, such as ARRAY[0.1, 0.9]; who is in no arm gets NULL if they add up "
							"to less than 1.")));
}

/* The shares of a split, after it was checked that they are one; their number and their sum. */
static const double *
checked_shares(ArrayType *array, int *count, double *total)
{
	const double *shares = (const double *) ARR_DATA_PTR(array);
	int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	double sum = 0.0;

	if (ARR_NDIM(array) != 1 || n > MAX_ARMS)
		refuse_shares(psprintf("They have %d elements in %d dimensions; accepted are 1 to %d in one.", n,
							   ARR_NDIM(array), MAX_ARMS));
	if (array_contains_nulls(array))
		refuse_shares("One of them is NULL.");
	for (int i = 0; i < n; i++)
	{
		if (!(shares[i] >= 0.0 && shares[i] <= 1.0))
			refuse_shares(psprintf("Share %d is %g; accepted are 0 to 1.", i + 1, shares[i]));
		sum += shares[i];
	}
	if (sum > 1.0 + 1e-9 || sum == 0.0)
		refuse_shares(psprintf("They add up to %.17g; accepted are sums above 0, up to 1.", sum));
	*count = n;
	*total = sum;
	return shares;
}

/* The first arm, from 1, whose cumulated share exceeds a point of [0, 1); 0 if none does. */
static int
arm_at(double point, ArrayType *array)
{
	int n;
	double total;
	const double *shares = checked_shares(array, &n, &total);
	double sum = 0.0;
	int arm;

	for (int i = 0; i < n; i++)
	{
		sum += shares[i];
		if (point < sum)
			return i + 1;
	}
	if (total <= 1.0 - 1e-9)
		return 0;
	/* ten times 0.1 is a bit less than 1: nobody falls out for that */
	for (arm = n; shares[arm - 1] == 0.0;)
		arm--;
	return arm;
}

/* assign(id, salt, shares): the arm of a customer; NULL for whoever is in none. Strict. */
PG_FUNCTION_INFO_V1(segment_assign);

Datum
segment_assign(PG_FUNCTION_ARGS)
{
	double share = share_of(PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1));
	int arm = arm_at(share, PG_GETARG_ARRAYTYPE_P(2));

	if (arm == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(arm);
}

/* arm_at(point, shares): the same of a point that is given. Strict. */
PG_FUNCTION_INFO_V1(segment_arm_at);

Datum
segment_arm_at(PG_FUNCTION_ARGS)
{
	int arm = arm_at(PG_GETARG_FLOAT8(0), PG_GETARG_ARRAYTYPE_P(1));

	if (arm == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(arm);
}
