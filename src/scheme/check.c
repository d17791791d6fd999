/*
 * check.c: check_scheme(): gaps, overlaps, dead rules and non-monotone neighbours of a scheme.
 *
 * Conditional rules make the answer depend on orders and tenure. Both axes are cut where a bound of some rule lies;
 * within a piece nothing changes, so one customer of each piece stands for all, and one more for "by scores alone".
 */
#include "postgres.h"

#include "core/compat.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "scheme/scheme.h"

#define CHECK_COLUMNS 4

static const char *const dimension_names[RFM_DIMENSIONS] = {"recency", "frequency", "monetary"};

/* Where an axis is cut: piece i is [starts[i], starts[i + 1]), the last one open. */
typedef struct Axis
{
	int count;
	int64 *starts;
} Axis;

/* A kind of customer: a piece of either axis; by_scores: neither is known. */
typedef struct Case
{
	bool by_scores;
	int orders;
	int tenure;
} Case;

typedef struct Check
{
	ReturnSetInfo *result;
	const Scheme *scheme;
	bool has_conditions;
	Axis orders;
	Axis tenure;
} Check;

static int
compare_int64(const void *a, const void *b)
{
	int64 x = *(const int64 *) a;
	int64 y = *(const int64 *) b;

	return (x > y) - (x < y);
}

/* Sorts the starts and drops doubles. */
static void
finish_axis(Axis *axis)
{
	int kept = 0;

	qsort(axis->starts, axis->count, sizeof(int64), compare_int64);
	for (int i = 0; i < axis->count; i++)
		if (kept == 0 || axis->starts[i] != axis->starts[kept - 1])
			axis->starts[kept++] = axis->starts[i];
	axis->count = kept;
}

/* A customer with orders has at least one, and a tenure of at least 0 days: the axes begin there. */
static void
cut_axes(Check *check)
{
	const Scheme *scheme = check->scheme;

	check->orders.starts = segment_palloc_array(int64, 2 * scheme->n_rules + 1);
	check->tenure.starts = segment_palloc_array(int64, 2 * scheme->n_rules + 1);
	check->orders.starts[0] = 1;
	check->tenure.starts[0] = 0;
	check->orders.count = check->tenure.count = 1;
	for (int i = 0; i < scheme->n_rules; i++)
	{
		const SchemeRule *rule = &scheme->rules[i];

		check->has_conditions |= rule->conditional;
		if (rule->orders_lower > 1)
			check->orders.starts[check->orders.count++] = rule->orders_lower;
		if (rule->orders_upper < PG_INT64_MAX)
			check->orders.starts[check->orders.count++] = rule->orders_upper + 1;
		if (rule->tenure_lower > 0)
			check->tenure.starts[check->tenure.count++] = rule->tenure_lower;
		if (rule->tenure_upper < PG_INT32_MAX)
			check->tenure.starts[check->tenure.count++] = (int64) rule->tenure_upper + 1;
	}
	finish_axis(&check->orders);
	finish_axis(&check->tenure);
}

/* Steps through the cases, by scores alone first; start with *at all zero and by_scores true. */
static bool
next_case(const Check *check, Case *at)
{
	if (at->by_scores)
	{
		at->by_scores = false;
		return check->has_conditions;
	}
	if (++at->tenure < check->tenure.count)
		return true;
	at->tenure = 0;
	return ++at->orders < check->orders.count;
}

/* Does a rule hold in a case, its scores aside? */
static bool
holds(const Check *check, const SchemeRule *rule, const Case *at)
{
	SchemeFacts facts;

	if (!rule->conditional)
		return true;
	if (at->by_scores)
		return false;
	facts.orders = check->orders.starts[at->orders];
	facts.tenure_days = (int32) check->tenure.starts[at->tenure];
	return scheme_rule_allows(rule, &facts);
}

/* Writes a piece of an axis: "3 orders", "1 to 2 orders", "61 or more orders". */
static void
append_piece(StringInfo message, const Axis *axis, int piece, const char *unit)
{
	long long from = axis->starts[piece];

	appendStringInfo(message, "%lld", from);
	if (piece + 1 == axis->count)
		appendStringInfoString(message, " or more");
	else if (axis->starts[piece + 1] > from + 1)
		appendStringInfo(message, " to %lld", (long long) axis->starts[piece + 1] - 1);
	appendStringInfo(message, " %s", unit);
}

/* Writes which customers are meant; nothing for a scheme without conditions. */
static void
append_case(const Check *check, StringInfo message, const Case *at)
{
	if (!check->has_conditions)
		return;
	if (at->by_scores)
	{
		appendStringInfoString(message, " (by scores alone)");
		return;
	}
	appendStringInfoString(message, " (with ");
	append_piece(message, &check->orders, at->orders, "orders");
	appendStringInfoString(message, ", first order ");
	append_piece(message, &check->tenure, at->tenure, "days ago)");
}

/* A cell's scores from its index. */
static void
cell_scores(const Scheme *scheme, int cell, int scores[RFM_DIMENSIONS])
{
	scores[RFM_MONETARY] = cell % scheme->bins + 1;
	scores[RFM_FREQUENCY] = cell / scheme->bins % scheme->bins + 1;
	scores[RFM_RECENCY] = cell / (scheme->bins * scheme->bins) + 1;
}

/* "2-1-5" */
static char *
cell_text(const Scheme *scheme, int cell)
{
	int scores[RFM_DIMENSIONS];

	cell_scores(scheme, cell, scores);
	return psprintf("%d-%d-%d", scores[RFM_RECENCY], scores[RFM_FREQUENCY], scores[RFM_MONETARY]);
}

static char *
rule_name(const Scheme *scheme, int rule)
{
	return text_to_cstring(segment_scheme_label(scheme, rule)->name);
}

/* One row of the answer: rules are indexes of rules, cells of cells. */
static void
emit(const Check *check, const char *kind, const int *rules, int n_rules, const int *cells, int n_cells,
	 const char *message)
{
	Datum *positions = segment_palloc_array(Datum, n_rules + 1);
	Datum *texts = segment_palloc_array(Datum, n_cells + 1);
	Datum values[CHECK_COLUMNS];
	bool nulls[CHECK_COLUMNS] = {false};

	for (int i = 0; i < n_rules; i++)
		positions[i] = Int16GetDatum((int16) check->scheme->rules[rules[i]].position);
	for (int i = 0; i < n_cells; i++)
		texts[i] = CStringGetTextDatum(cell_text(check->scheme, cells[i]));
	values[0] = CStringGetTextDatum(kind);
	values[1] = PointerGetDatum(construct_array(positions, n_rules, INT2OID, 2, true, TYPALIGN_SHORT));
	values[2] = PointerGetDatum(construct_array(texts, n_cells, TEXTOID, -1, false, TYPALIGN_INT));
	values[3] = CStringGetTextDatum(message);
	tuplestore_putvalues(check->result->setResult, check->result->setDesc, values, nulls);
}

/* One row for each cell in which some customer meets no rule. */
static void
find_gaps(const Check *check)
{
	const Scheme *scheme = check->scheme;
	int n_cells = scheme->bins * scheme->bins * scheme->bins;

	for (int cell = 0; cell < n_cells; cell++)
	{
		Case at = {true, 0, 0};

		do
		{
			bool covered = scheme->cells[cell].plain >= 0;

			for (int i = 0; !covered && i < scheme->cells[cell].count; i++)
				covered = holds(check, &scheme->rules[scheme->candidates[scheme->cells[cell].first + i]], &at);
			CHECK_FOR_INTERRUPTS();
			if (!covered)
			{
				StringInfoData message;

				initStringInfo(&message);
				appendStringInfo(&message, "No rule covers %s", cell_text(scheme, cell));
				append_case(check, &message, &at);
				appendStringInfoString(&message, ": its label is Others.");
				emit(check, "gap", NULL, 0, &cell, 1, message.data);
				break;
			}
		} while (next_case(check, &at));
	}
}

/* A rule without bounds, which takes what is left. */
static bool
takes_all(const Scheme *scheme, const SchemeRule *rule)
{
	if (rule->conditional)
		return false;
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		if (rule->lower[d] > 1 || rule->upper[d] < scheme->bins)
			return false;
	return true;
}

/*
 * One row for each cell in which several rules match the same customer. A conditional rule before plain ones is an
 * exception from them; behind a plain rule it is not. A rule without bounds is meant for what is left, and no overlap.
 */
static void
find_overlaps(const Check *check)
{
	const Scheme *scheme = check->scheme;
	int n_cells = scheme->bins * scheme->bins * scheme->bins;
	bool *overlaps = segment_palloc_array(bool, scheme->n_rules + 1);
	int *covering = segment_palloc_array(int, scheme->n_rules + 1);
	int *matching = segment_palloc_array(int, scheme->n_rules + 1);

	for (int cell = 0; cell < n_cells; cell++)
	{
		Case at = {true, 0, 0};
		int scores[RFM_DIMENSIONS];
		int n_covering = 0;
		int n_overlaps = 0;
		StringInfoData message;

		cell_scores(scheme, cell, scores);
		memset(overlaps, 0, sizeof(bool) * scheme->n_rules);
		for (int i = 0; i < scheme->n_rules; i++)
			if (scheme_rule_covers(&scheme->rules[i], scores) && !takes_all(scheme, &scheme->rules[i]))
				covering[n_covering++] = i;
		do
		{
			int n_exceptions = 0;
			int n_matching = 0;

			CHECK_FOR_INTERRUPTS();
			for (int i = 0; i < n_covering; i++)
			{
				const SchemeRule *rule = &scheme->rules[covering[i]];

				if (!holds(check, rule, &at))
					continue;
				if (rule->conditional && n_exceptions == n_matching)
					n_exceptions++;
				matching[n_matching++] = covering[i];
			}
			if (n_exceptions > 1)
				for (int i = 0; i < n_exceptions; i++)
					overlaps[matching[i]] = true;
			if (n_matching - n_exceptions > 1)
				for (int i = n_exceptions; i < n_matching; i++)
					overlaps[matching[i]] = true;
		} while (next_case(check, &at));

		for (int i = 0; i < scheme->n_rules; i++)
			if (overlaps[i])
				matching[n_overlaps++] = i;
		if (n_overlaps == 0)
			continue;
		initStringInfo(&message);
		appendStringInfo(&message, "%s matches", cell_text(scheme, cell));
		for (int i = 0; i < n_overlaps; i++)
			appendStringInfo(&message, "%s rule %d (%s)",
							 i == 0				   ? ""
							 : i + 1 == n_overlaps ? " and"
												   : ",",
							 scheme->rules[matching[i]].position, rule_name(scheme, matching[i]));
		appendStringInfoString(&message, ": the first wins.");
		emit(check, "overlap", matching, n_overlaps, &cell, 1, message.data);
	}
}

/* The rule that fires in a cell and case; -1 if none does. */
static int
fires(const Check *check, int cell, const Case *at)
{
	const SchemeCell *compiled = &check->scheme->cells[cell];

	for (int i = 0; i < compiled->count; i++)
	{
		int rule = check->scheme->candidates[compiled->first + i];

		if (holds(check, &check->scheme->rules[rule], at))
			return rule;
	}
	return compiled->plain;
}

/* One row for each rule that fires for nobody, with all the cells that it covers. */
static void
find_dead_rules(const Check *check)
{
	const Scheme *scheme = check->scheme;
	int n_cells = scheme->bins * scheme->bins * scheme->bins;
	bool *alive = palloc0(mul_size(sizeof(bool), scheme->n_rules + 1));
	int *cells = segment_palloc_array(int, n_cells);

	for (int cell = 0; cell < n_cells; cell++)
	{
		Case at = {true, 0, 0};

		do
		{
			int rule = fires(check, cell, &at);

			CHECK_FOR_INTERRUPTS();
			if (rule >= 0)
				alive[rule] = true;
		} while (next_case(check, &at));
	}
	for (int rule = 0; rule < scheme->n_rules; rule++)
	{
		int covered = 0;

		if (alive[rule])
			continue;
		for (int cell = 0; cell < n_cells; cell++)
		{
			int scores[RFM_DIMENSIONS];

			cell_scores(scheme, cell, scores);
			if (scheme_rule_covers(&scheme->rules[rule], scores))
				cells[covered++] = cell;
		}
		emit(check, "dead rule", &rule, 1, cells, covered,
			 psprintf("Rule %d (%s) never fires: earlier rules take every customer that it would match.",
					  scheme->rules[rule].position, rule_name(scheme, rule)));
	}
}

/* One row for each pair of neighbouring cells of which the one with the better score has the worse segment. */
static void
find_non_monotone(const Check *check)
{
	const Scheme *scheme = check->scheme;
	int bins = scheme->bins;
	int n_cells = bins * bins * bins;
	int steps[RFM_DIMENSIONS] = {bins * bins, bins, 1};

	for (int cell = 0; cell < n_cells; cell++)
	{
		int scores[RFM_DIMENSIONS];

		cell_scores(scheme, cell, scores);
		for (int d = 0; d < RFM_DIMENSIONS; d++)
		{
			Case at = {true, 0, 0};
			int pair[2] = {cell, cell + steps[d]};

			if (scores[d] == bins)
				continue;
			do
			{
				int rules[2] = {fires(check, pair[0], &at), fires(check, pair[1], &at)};
				StringInfoData message;

				CHECK_FOR_INTERRUPTS();
				/* Gaps are told as gaps. */
				if (rules[0] < 0 || rules[1] < 0 ||
					segment_scheme_label(scheme, rules[1])->sort <= segment_scheme_label(scheme, rules[0])->sort)
					continue;
				initStringInfo(&message);
				appendStringInfo(&message, "%s is %s, but %s, better in %s, is %s", cell_text(scheme, pair[0]),
								 rule_name(scheme, rules[0]), cell_text(scheme, pair[1]), dimension_names[d],
								 rule_name(scheme, rules[1]));
				append_case(check, &message, &at);
				appendStringInfoChar(&message, '.');
				emit(check, "non-monotone", rules, 2, pair, 2, message.data);
				break;
			} while (next_case(check, &at));
		}
	}
}

/* check_scheme(name): see its comment in SQL. Strict. */
PG_FUNCTION_INFO_V1(segment_check_scheme);

Datum
segment_check_scheme(PG_FUNCTION_ARGS)
{
	Check check = {0};

	InitMaterializedSRF(fcinfo, 0);
	check.result = (ReturnSetInfo *) fcinfo->resultinfo;
	check.scheme = segment_scheme_load(SCHEME_SCHEMA(fcinfo), PG_GETARG_TEXT_PP(0), CurrentMemoryContext);
	cut_axes(&check);
	find_gaps(&check);
	find_overlaps(&check);
	find_dead_rules(&check);
	find_non_monotone(&check);
	return (Datum) 0;
}
