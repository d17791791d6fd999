/*
 * assign.c: which arm a customer belongs to: a pure function of id and salt, the same in any system that has SHA-256.
 */
#include "postgres.h"

#include "core/compat.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"

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
	appendStringInfoSpaces(&message, VARHDRSZ);
	append_utf8(&message, salt);
	appendStringInfoChar(&message, ':');
	append_utf8(&message, id);
	SET_VARSIZE(message.data, message.len);
	hash = DatumGetByteaPP(DirectFunctionCall1(sha256_bytea, PointerGetDatum(message.data)));
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

/* assign(id, salt, shares): the first arm whose cumulated share exceeds the customer's; NULL if none does. Strict. */
PG_FUNCTION_INFO_V1(segment_assign);

Datum
segment_assign(PG_FUNCTION_ARGS)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(2);
	const double *shares = (const double *) ARR_DATA_PTR(array);
	int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	double share;
	double sum = 0.0;
	int arm = 0;

	if (ARR_NDIM(array) != 1 || n > MAX_ARMS)
		refuse_shares(psprintf("They have %d elements in %d dimensions; accepted are 1 to %d in one.", n,
							   ARR_NDIM(array), MAX_ARMS));
	if (array_contains_nulls(array))
		refuse_shares("One of them is NULL.");
	share = share_of(PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1));
	for (int i = 0; i < n; i++)
	{
		if (!(shares[i] >= 0.0 && shares[i] <= 1.0))
			refuse_shares(psprintf("Share %d is %g; accepted are 0 to 1.", i + 1, shares[i]));
		sum += shares[i];
		if (arm == 0 && share < sum)
			arm = i + 1;
	}
	if (sum > 1.0 + 1e-9 || sum == 0.0)
		refuse_shares(psprintf("They add up to %.17g; accepted are sums above 0, up to 1.", sum));
	/* ten times 0.1 is a bit less than 1: nobody falls out for that */
	if (arm == 0 && sum > 1.0 - 1e-9)
		for (arm = n; shares[arm - 1] == 0.0;)
			arm--;
	if (arm == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(arm);
}
