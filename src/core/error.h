/*
 * error.h: the shape of this extension's errors: SQLSTATE, a one-line primary, a detail with the value and the
 * accepted range, a hint with the way out. Only errors that several rooms raise stand here.
 */
#ifndef SEGMENT_CORE_ERROR_H
#define SEGMENT_CORE_ERROR_H

#include "core/compat.h"
#include "fmgr.h"
#include "nodes/parsenodes.h"

/* Stops unless an integer option lies in [lowest, highest]; name is the option as the user writes it. */
static inline void
segment_check_int_range(const char *name, int64 value, int64 lowest, int64 highest)
{
	if (value < lowest || value > highest)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s is out of range", name),
						errdetail("%s is %lld; accepted are %lld to %lld.", name, (long long) value, (long long) lowest,
								  (long long) highest),
						errhint("Pass a value within the range.")));
}

/* Stops a support function of an aggregate that is called from elsewhere: 22023. See core/agg_context.h. */
pg_noreturn extern void segment_refuse_call(FunctionCallInfo fcinfo);

/*
 * What an input function reports of a text that is no value of its type: 22P02, softly where the server can. The caller
 * returns NULL then.
 */
extern void segment_refuse_text(fmNodePtr context, const char *type, const char *text, const char *fault,
								const char *hint);

/* Stops a receive function: 22P03. */
pg_noreturn extern void segment_refuse_binary(const char *type, const char *fault);

/*
 * Stops unless role may execute a function (OBJECT_FUNCTION) or aggregate (OBJECT_AGGREGATE), as core's executor does
 * for what it calls; nodes that call functions by themselves owe the same.
 */
extern void segment_check_execute(Oid function, Oid role, ObjectType type);

/* Stops a deserialisation function: 22P03. */
pg_noreturn extern void segment_refuse_state(const char *aggregate, const char *fault);

#endif
