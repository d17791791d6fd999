/*
 * options.c: options of the room's functions as users write them.
 */
#include "postgres.h"

#include "core/compat.h"

#include "utils/builtins.h"

#include "core/error.h"
#include "score/cut_points.h"

const char *const segment_monetary_names[] = {"total", "average", NULL};

static const char *const method_choices[] = {"quantile", "equal_width", "natural", NULL};
static const char *const direction_choices[] = {"ascending", "descending", NULL};

/* The index of an option's value among its choices; 22023 if it is none of them. */
static int
choose(const char *option, const text *name, const char *const *choices, const char *list)
{
	char *value = text_to_cstring(name);

	for (int i = 0; choices[i]; i++)
		if (strcmp(value, choices[i]) == 0)
		{
			pfree(value);
			return i;
		}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown %s: \"%s\"", option, value),
					errdetail("Accepted are %s.", list), errhint("Names are written in lower case.")));
}

SegmentMethod
segment_method_option(const text *name)
{
	return (SegmentMethod) (SEGMENT_METHOD_QUANTILE +
							choose("method", name, method_choices, "quantile, equal_width and natural"));
}

RfmMonetary
segment_monetary_option(const text *name)
{
	return (RfmMonetary) choose("monetary", name, segment_monetary_names, "total and average");
}

bool
segment_direction_option(const text *name)
{
	return choose("direction", name, direction_choices, "ascending and descending") == 1;
}

void
segment_check_score_bins(int32 bins)
{
	segment_check_int_range("bins", bins, SEGMENT_MIN_BINS, SEGMENT_MAX_BINS);
}

void
segment_check_cut_bins(int32 bins)
{
	segment_check_int_range("bins", bins, SEGMENT_CUTS_MIN_BINS, SEGMENT_CUTS_MAX_BINS);
}
