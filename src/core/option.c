/*
 * option.c: options of SQL functions, see option.h.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "core/option.h"

/* Stops with the words that are accepted. */
pg_noreturn static void
refuse_word(const SegmentOption *option, const text *word)
{
	StringInfoData accepted;

	initStringInfo(&accepted);
	for (int i = 0; i < option->n_words; i++)
		appendStringInfo(&accepted, "%s%s", i == 0 ? "" : i == option->n_words - 1 ? " and " : ", ", option->words[i]);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unknown %s: \"%s\"", option->name, text_to_cstring(word)),
					errdetail("Accepted are %s, in lower case.", accepted.data), errhint("%s", option->hint)));
}

int
segment_option_of(const SegmentOption *option, const text *word)
{
	size_t length = VARSIZE_ANY_EXHDR(word);

	for (int i = 0; i < option->n_words; i++)
		if (strlen(option->words[i]) == length && memcmp(option->words[i], VARDATA_ANY(word), length) == 0)
			return i;
	refuse_word(option, word);
}

int
segment_option_arg(FunctionCallInfo fcinfo, int arg, const SegmentOption *option)
{
	if (PG_ARGISNULL(arg))
		segment_refuse_null_option(option->name);
	return segment_option_of(option, PG_GETARG_TEXT_PP(arg));
}

void
segment_refuse_null_option(const char *name)
{
	ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be NULL", name),
					errdetail("It is an option, and options have no unknown value."),
					errhint("Pass a value, or leave the argument out if it has a default.")));
}

void
segment_refuse_changed_option(const char *name)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be the same in every row", name),
					errdetail("It is an option: one value holds for all rows of a group or partition."),
					errhint("Pass a constant, or add it to GROUP BY or PARTITION BY.")));
}

double
segment_alpha_of(double confidence)
{
	if (!(confidence > 0.0 && confidence < 1.0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("confidence is out of range"),
						errdetail("confidence is %g; accepted are numbers between 0 and 1.", confidence),
						errhint("95 percent is 0.95.")));
	return 1.0 - confidence;
}
