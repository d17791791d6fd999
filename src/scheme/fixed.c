/*
 * fixed.c: the labels that every scheme has without a rule: Others, No orders, Prospect.
 */
#include "postgres.h"

#include "core/compat.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "scheme/fixed.h"

/* In the order of SchemeFixedLabel. */
static const struct
{
	const char *name;
	const char *meaning;
	const char *action;
	const char *colour;
} fixed[SCHEME_FIXED_LABELS] = {
	{"Others", "Has ordered, but no rule of the scheme covers these scores.",
	 "Nothing until the scheme has a rule for them: check_scheme() lists the gaps.", "#BBBBBB"},
	{"No orders", "Has returns only: no order is left to score.",
	 "Leave out of campaigns; look into why everything came back.", "#777777"},
	{"Prospect", "Known, but has not ordered yet.", "Win the first order: introduce the range, offer a small welcome.",
	 "#DDDDDD"},
};

/* Name, sort, meaning, action, colour of a fixed label. */
#define FIXED_COLUMNS 5

void
segment_scheme_fixed_labels(SchemeLabel *labels, MemoryContext context)
{
	MemoryContext before = MemoryContextSwitchTo(context);

	for (int i = 0; i < SCHEME_FIXED_LABELS; i++)
	{
		labels[i].name = cstring_to_text(fixed[i].name);
		labels[i].sort = SCHEME_MAX_SORT + 1 + i;
		labels[i].meaning = cstring_to_text(fixed[i].meaning);
		labels[i].action = cstring_to_text(fixed[i].action);
		labels[i].colour = cstring_to_text(fixed[i].colour);
	}
	MemoryContextSwitchTo(before);
}

/* scheme_fixed_labels(): them as rows. */
PG_FUNCTION_INFO_V1(segment_scheme_fixed_labels_rows);

Datum
segment_scheme_fixed_labels_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	SchemeLabel labels[SCHEME_FIXED_LABELS];

	InitMaterializedSRF(fcinfo, 0);
	segment_scheme_fixed_labels(labels, CurrentMemoryContext);
	for (int i = 0; i < SCHEME_FIXED_LABELS; i++)
	{
		Datum values[FIXED_COLUMNS];
		bool nulls[FIXED_COLUMNS] = {false};

		values[0] = PointerGetDatum(labels[i].name);
		values[1] = Int16GetDatum((int16) labels[i].sort);
		values[2] = PointerGetDatum(labels[i].meaning);
		values[3] = PointerGetDatum(labels[i].action);
		values[4] = PointerGetDatum(labels[i].colour);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
