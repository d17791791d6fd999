/*
 * refresh.c: what the refresh needs of C: values unpacked once a query, queries of ours whose rows are kept, and its
 * place on the progress board.
 */
#include "postgres.h"

#include "core/compat.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "core/progress.h"

/* flat(value) -> value: in one piece, not a pointer to where it is stored out of line or compressed. */
PG_FUNCTION_INFO_V1(segment_flat);

Datum
segment_flat(PG_FUNCTION_ARGS)
{
	if (get_typlen(get_fn_expr_argtype(fcinfo->flinfo, 0)) != -1)
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	PG_RETURN_POINTER(PG_DETOAST_DATUM(PG_GETARG_DATUM(0)));
}

/* A refresh shows itself, and within it the step that it is at. */
static bool in_step = false;
static int64 steps = 0;

/* progress_begin(what text) */
PG_FUNCTION_INFO_V1(segment_refresh_begin);

Datum
segment_refresh_begin(PG_FUNCTION_ARGS)
{
	segment_progress_begin(text_to_cstring(PG_GETARG_TEXT_PP(0)), 0, 0);
	in_step = false;
	steps = 0;
	PG_RETURN_VOID();
}

/* progress_next(step text) */
PG_FUNCTION_INFO_V1(segment_refresh_next);

Datum
segment_refresh_next(PG_FUNCTION_ARGS)
{
	if (in_step)
		segment_progress_end();
	segment_progress_step(++steps);
	segment_progress_begin(text_to_cstring(PG_GETARG_TEXT_PP(0)), 0, 0);
	in_step = true;
	PG_RETURN_VOID();
}

/* progress_end() */
PG_FUNCTION_INFO_V1(segment_refresh_end);

Datum
segment_refresh_end(PG_FUNCTION_ARGS)
{
	if (in_step)
		segment_progress_end();
	segment_progress_end();
	in_step = false;
	PG_RETURN_VOID();
}
