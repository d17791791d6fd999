/*
 * load.c: from the rows of scheme and scheme_rule to a compiled scheme.
 *
 * Read through SPI as the current user, so privileges and row-level security hold, with the active snapshot of the
 * query that calls. All names in the queries are qualified: they mean the same under any search_path. The schema is
 * that of the calling function and not a fixed name: its owner could rename it and put other tables under the old name.
 */
#include "postgres.h"

#include "core/compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#include "scheme/fixed.h"
#include "scheme/scheme.h"

#define EQUALS " OPERATOR(pg_catalog.=) "

/* Columns of the query for rules, in its order. */
enum
{
	RULE_POSITION = 1,
	RULE_SEGMENT,
	RULE_SCORES, /* lower and upper of each dimension: 6 columns */
	RULE_ORDERS_LOWER = RULE_SCORES + 2 * RFM_DIMENSIONS,
	RULE_ORDERS_UPPER,
	RULE_TENURE_LOWER,
	RULE_TENURE_UPPER,
	RULE_SORT,
	RULE_MEANING,
	RULE_ACTION,
	RULE_COLOUR
};

static const char *const rules_query =
	"SELECT position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper, orders_lower, orders_upper,"
	" tenure_days_lower, tenure_days_upper, sort, meaning, action, colour"
	" FROM %s.scheme_rule WHERE scheme" EQUALS "$1 AND shipped" EQUALS "$2 ORDER BY position";

/* Runs a read-only query inside SPI, with %s for the schema and up to two parameters. */
static void
read_rows(const char *query, Oid schema, int n_args, text *name, bool shipped)
{
	Oid types[2] = {TEXTOID, BOOLOID};
	Datum values[2];
	int status;

	values[0] = PointerGetDatum(name);
	values[1] = BoolGetDatum(shipped);
	status = SPI_execute_with_args(psprintf(query, quote_identifier(get_namespace_name(schema))), n_args, types, values,
								   NULL, true, 0);
	if (status != SPI_OK_SELECT)
		elog(ERROR, "reading schemes failed: %s", SPI_result_code_string(status));
}

/* A column of a row of the current SPI result; sets *is_null. */
static Datum
column(uint64 row, int number, bool *is_null)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, number, is_null);
}

/* A text column copied into context; NULL for NULL. */
static text *
text_column(uint64 row, int number, MemoryContext context)
{
	bool is_null;
	Datum value = column(row, number, &is_null);
	MemoryContext before;
	text *copy;

	if (is_null)
		return NULL;
	before = MemoryContextSwitchTo(context);
	copy = DatumGetTextPCopy(value);
	MemoryContextSwitchTo(before);
	return copy;
}

/* A smallint column; instead where it is NULL. */
static int
small_column(uint64 row, int number, int instead)
{
	bool is_null;
	Datum value = column(row, number, &is_null);

	return is_null ? instead : DatumGetInt16(value);
}

/* Most scheme names that the error for an unknown scheme lists. */
#define MAX_NAMES_LISTED 30

/* Raises 42704; the detail lists the existing names, the hint suggests the most similar one. */
static void
unknown_scheme(Oid schema, text *name)
{
	const char *wrong = VARDATA_ANY(name);
	int length = VARSIZE_ANY_EXHDR(name);
	const char *nearest = NULL;
	int nearest_distance = INT_MAX;
	StringInfoData names;

	initStringInfo(&names);
	read_rows("SELECT DISTINCT name FROM %s.scheme ORDER BY name", schema, 0, NULL, false);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		char *known = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 1);
		int distance;

		if (row < MAX_NAMES_LISTED)
			appendStringInfo(&names, "%s\"%s\"", row == 0 ? "" : ", ", known);
		else if (row == MAX_NAMES_LISTED)
			appendStringInfoString(&names, ", and others");
		if (length > NAMEDATALEN * MAX_MULTIBYTE_CHAR_LEN)
			continue;
		distance = varstr_levenshtein(wrong, length, known, strlen(known), 1, 1, 1, true);
		/* A name with less than half its letters in common is no useful suggestion. */
		if (distance < nearest_distance && 2 * distance <= Max(length, (int) strlen(known)))
		{
			nearest = known;
			nearest_distance = distance;
		}
	}
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("scheme \"%s\" does not exist", text_to_cstring(name)),
					errdetail("Schemes are %s.", names.data),
					nearest == NULL ? errhint("Choose one of these, or make one with copy_scheme().")
									: errhint("Did you mean \"%s\"?", nearest)));
}

/* Index of the label with this name; a new one is added, with its sort unknown (0). */
static int
label_index(Scheme *scheme, text *name)
{
	SchemeLabel *label;

	for (int i = SCHEME_FIXED_LABELS; i < scheme->n_labels; i++)
	{
		const text *known = scheme->labels[i].name;

		if (VARSIZE_ANY_EXHDR(known) == VARSIZE_ANY_EXHDR(name) &&
			memcmp(VARDATA_ANY(known), VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)) == 0)
			return i;
	}
	label = &scheme->labels[scheme->n_labels];
	memset(label, 0, sizeof(SchemeLabel));
	label->name = name;
	return scheme->n_labels++;
}

/* Reads the rules of the current SPI result. A later rule of a segment may supply what its first one leaves open. */
static void
read_rules(Scheme *scheme)
{
	int *first_position;

	scheme->n_rules = (int) SPI_processed;
	scheme->rules = MemoryContextAlloc(scheme->context, mul_size(sizeof(SchemeRule), scheme->n_rules + 1));
	scheme->labels =
		MemoryContextAllocZero(scheme->context, mul_size(sizeof(SchemeLabel), scheme->n_rules + SCHEME_FIXED_LABELS));
	first_position = segment_palloc0_array(int, scheme->n_rules + SCHEME_FIXED_LABELS);
	segment_scheme_fixed_labels(scheme->labels, scheme->context);
	scheme->n_labels = SCHEME_FIXED_LABELS;
	for (int i = 0; i < scheme->n_rules; i++)
	{
		SchemeRule *rule = &scheme->rules[i];
		SchemeLabel *label;
		bool open[4];
		Datum value;

		rule->position = small_column(i, RULE_POSITION, 0);
		rule->label = label_index(scheme, text_column(i, RULE_SEGMENT, scheme->context));
		for (int d = 0; d < RFM_DIMENSIONS; d++)
		{
			rule->lower[d] = small_column(i, RULE_SCORES + 2 * d, 1);
			rule->upper[d] = Min(small_column(i, RULE_SCORES + 2 * d + 1, scheme->bins), scheme->bins);
		}
		value = column(i, RULE_ORDERS_LOWER, &open[0]);
		rule->orders_lower = open[0] ? 0 : DatumGetInt64(value);
		value = column(i, RULE_ORDERS_UPPER, &open[1]);
		rule->orders_upper = open[1] ? PG_INT64_MAX : DatumGetInt64(value);
		value = column(i, RULE_TENURE_LOWER, &open[2]);
		rule->tenure_lower = open[2] ? PG_INT32_MIN : DatumGetInt32(value);
		value = column(i, RULE_TENURE_UPPER, &open[3]);
		rule->tenure_upper = open[3] ? PG_INT32_MAX : DatumGetInt32(value);
		rule->conditional = !(open[0] && open[1] && open[2] && open[3]);

		label = &scheme->labels[rule->label];
		if (first_position[rule->label] == 0)
			first_position[rule->label] = rule->position;
		if (label->sort == 0)
			label->sort = small_column(i, RULE_SORT, 0);
		if (label->meaning == NULL)
			label->meaning = text_column(i, RULE_MEANING, scheme->context);
		if (label->action == NULL)
			label->action = text_column(i, RULE_ACTION, scheme->context);
		if (label->colour == NULL)
			label->colour = text_column(i, RULE_COLOUR, scheme->context);
	}
	for (int i = SCHEME_FIXED_LABELS; i < scheme->n_labels; i++)
		if (scheme->labels[i].sort == 0)
			scheme->labels[i].sort = first_position[i];
	pfree(first_position);
}

/* For each cell: the first rule without conditions, and the conditional ones before it. */
static void
compile_cells(Scheme *scheme)
{
	int bins = scheme->bins;
	int n_cells = bins * bins * bins;
	int pool = 0;
	int used = 0;

	for (int i = 0; i < scheme->n_rules; i++)
		if (scheme->rules[i].conditional)
			pool += n_cells;
	scheme->cells = MemoryContextAlloc(scheme->context, mul_size(sizeof(SchemeCell), n_cells));
	scheme->candidates = MemoryContextAllocHuge(scheme->context, mul_size(sizeof(int), pool + 1));
	for (int r = 1; r <= bins; r++)
		for (int f = 1; f <= bins; f++)
			for (int m = 1; m <= bins; m++)
			{
				int scores[RFM_DIMENSIONS] = {r, f, m};
				SchemeCell *cell = &scheme->cells[scheme_cell(bins, r, f, m)];

				cell->plain = -1;
				cell->first = used;
				for (int i = 0; i < scheme->n_rules && cell->plain < 0; i++)
				{
					if (!scheme_rule_covers(&scheme->rules[i], scores))
						continue;
					if (scheme->rules[i].conditional)
						scheme->candidates[used++] = i;
					else
						cell->plain = i;
				}
				cell->count = used - cell->first;
				CHECK_FOR_INTERRUPTS();
			}
}

Scheme *
segment_scheme_load(Oid schema, text *name, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "segment scheme", ALLOCSET_SMALL_SIZES);
	Scheme *scheme = MemoryContextAllocZero(context, sizeof(Scheme));
	bool is_null;

	scheme->context = context;
	SPI_connect();
	read_rows("SELECT shipped, bins, name FROM %s.scheme WHERE name" EQUALS "$1 ORDER BY shipped LIMIT 1", schema, 1,
			  name, false);
	if (SPI_processed == 0)
		unknown_scheme(schema, name);
	scheme->shipped = DatumGetBool(column(0, 1, &is_null));
	scheme->bins = small_column(0, 2, 0);
	scheme->name = text_column(0, 3, context);
	read_rows(rules_query, schema, 2, name, scheme->shipped);
	read_rules(scheme);
	SPI_finish();
	compile_cells(scheme);
	return scheme;
}

void
segment_scheme_check_bins(const Scheme *scheme, RfmScore score)
{
	int bins = scheme->bins;

	if (likely(score >> 12 == rfm_score_make(0, 0, 0, bins, bins, bins) >> 12))
		return;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("score has other bins than scheme \"%s\"", text_to_cstring(scheme->name)),
					errdetail("The score was made with %d, %d and %d bins for recency, frequency and monetary; the "
							  "scheme takes %d of each.",
							  rfm_score_bins(score, RFM_RECENCY), rfm_score_bins(score, RFM_FREQUENCY),
							  rfm_score_bins(score, RFM_MONETARY), bins),
					errhint("Make the score with bins => %d, or choose a scheme with the score's bins: SELECT name, "
							"bins FROM segment.scheme.",
							bins)));
}
