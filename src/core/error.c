/*
 * error.c: errors that several rooms raise, see error.h.
 */
#include "postgres.h"

#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "mb/pg_wchar.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

#include "core/error.h"

/* Bytes of a refused text that the message shows. */
#define SHOWN_TEXT 100

void
segment_refuse_text(fmNodePtr context, const char *type, const char *text, const char *fault, const char *hint)
{
	int length = (int) strlen(text);
	int shown = pg_mbcliplen(text, length, SHOWN_TEXT);

	errsave(context,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s: \"%.*s%s\"", type, shown, text, shown < length ? "..." : ""),
			 errdetail("%s", fault), errhint("%s", hint)));
}

void
segment_refuse_binary(const char *type, const char *fault)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("invalid binary form of type %s", type),
					errdetail("%s", fault), errhint("Send what the type's send function wrote.")));
}

void
segment_refuse_call(FunctionCallInfo fcinfo)
{
	const char *name = fcinfo->flinfo != NULL ? get_func_name(fcinfo->flinfo->fn_oid) : NULL;

	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("%s is a support function of an aggregate", name != NULL ? name : "this function"),
					errdetail("It was called outside an aggregate."), errhint("Call the aggregate instead.")));
}

void
segment_check_execute(Oid function, Oid role, ObjectType type)
{
	AclResult result = segment_function_aclcheck(function, role, ACL_EXECUTE);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, type, get_func_name(function));
	InvokeFunctionExecuteHook(function);
}

void
segment_refuse_state(const char *aggregate, const char *fault)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("invalid serialized state of %s", aggregate),
					errdetail("%s", fault), errhint("Check that all servers run the same version of the extension.")));
}
