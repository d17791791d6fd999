/*
 * refuse.c: what users see of errors: what is wrong, in one line, detail and hint; not the insides of the room.
 */
#include "postgres.h"

#include "core/compat.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "segmentation/authority.h"
#include "segmentation/refuse.h"

PG_FUNCTION_INFO_V1(segment_refuse);

#define OUR_FUNCTION "PL/pgSQL function segment_internal."
#define OUR_STATEMENT "SQL statement \""
#define ANY_FUNCTION "PL/pgSQL function "

/*
 * refuse(sqlstate text, message text, detail text, hint text): stops with an error, without the lines of context that
 * every function of ours between the user's call and the check would add: the text says what is wrong by itself.
 */
Datum
segment_refuse(PG_FUNCTION_ARGS)
{
	char *given[4];

	for (int i = 0; i < lengthof(given); i++)
		given[i] = PG_ARGISNULL(i) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(i));
	/* By hand: what is no code is that of RAISE. */
	if (given[0] == NULL || strlen(given[0]) != 5 || strspn(given[0], "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 5)
		given[0] = "P0001";
	/* Whoever catches the error has kept the stack as it was there. */
	error_context_stack = segment_callers_context();
	ereport(ERROR, (errcode(MAKE_SQLSTATE(given[0][0], given[0][1], given[0][2], given[0][3], given[0][4])),
					errmsg_internal("%s", given[1] && *given[1] ? given[1] : "refused"),
					given[2] ? errdetail_internal("%s", given[2]) : 0, given[3] ? errhint("%s", given[3]) : 0));
}

/* The first, or last, line before end that begins so; NULL if there is none. */
static char *
line_beginning(char *text, const char *end, const char *with, bool last)
{
	char *found = NULL;

	for (char *line = text; line != NULL && line < end; line = strchr(line, '\n'))
	{
		if (*line == '\n')
			line++;
		if (line < end && strncmp(line, with, strlen(with)) == 0)
		{
			found = line;
			if (!last)
				break;
		}
	}
	return found;
}

/*
 * Where the context of a function of ours begins, innermost lines first: with its line, or with a statement of its
 * that ran what users wrote.
 */
static char *
our_part(char *context)
{
	char *end = context + strlen(context);
	char *ours = line_beginning(context, end, OUR_FUNCTION, false);
	char *theirs;
	char *statement;

	if (ours == NULL)
		return NULL;
	/* Statements behind the last function that is not ours are ours, too: theirs come before it. */
	theirs = line_beginning(context, ours, ANY_FUNCTION, true);
	statement = line_beginning(theirs != NULL ? theirs : context, ours, OUR_STATEMENT, false);
	if (statement != NULL)
		return statement;
	return ours;
}

void
segment_rethrow(MemoryContext memory)
{
	ErrorData *error;
	char *ours;

	MemoryContextSwitchTo(memory);
	error = CopyErrorData();
	FlushErrorState();
	ours = error->context ? our_part(error->context) : NULL;
	if (ours != NULL)
	{
		char *last;
		char *callers;

		/* For whoever looks for the fault in us */
		ereport(DEBUG1, (errmsg_internal("%s", error->context), errhidestmt(true)));
		last = line_beginning(error->context, error->context + strlen(error->context), OUR_FUNCTION, true);
		callers = strchr(last, '\n');

		if (ours == error->context)
		{
			/* a statement that we made */
			error->internalquery = NULL;
			error->internalpos = 0;
		}
		else if (callers == NULL)
			ours--;
		if (callers == NULL)
			*ours = '\0';
		else
			memmove(ours, callers + 1, strlen(callers));
		if (*error->context == '\0')
			error->context = NULL;
	}
	ReThrowError(error);
}
