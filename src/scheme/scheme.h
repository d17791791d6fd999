/*
 * scheme.h: a scheme in memory, compiled from its rows: for each score cell the rule that fires. Other rooms read
 * schemes through this header.
 *
 * The first rule by position whose bounds all hold fires. A rule with a bound of orders or tenure is conditional: with
 * scores alone it can't be checked and never fires.
 */
#ifndef SEGMENT_SCHEME_SCHEME_H
#define SEGMENT_SCHEME_SCHEME_H

#include "utils/lsyscache.h"

#include "rfm/rfm.h"
#include "score/score.h"

/* Labels that every scheme has, at the front of its labels: they need no rule, and sort behind all segments. */
typedef enum SchemeFixedLabel
{
	SCHEME_OTHERS,	  /* no rule matches */
	SCHEME_NO_ORDERS, /* returns only */
	SCHEME_PROSPECT	  /* not even a summary */
} SchemeFixedLabel;

#define SCHEME_FIXED_LABELS 3
#define SCHEME_MAX_SORT 999 /* of a segment; fixed labels sort behind */

/* A segment in words. What no rule states is NULL. */
typedef struct SchemeLabel
{
	text *name;
	int sort; /* 1 is best */
	text *meaning;
	text *action;
	text *colour;
} SchemeLabel;

typedef struct SchemeRule
{
	int position;
	int label; /* index into labels */
	int lower[RFM_DIMENSIONS];
	int upper[RFM_DIMENSIONS];
	bool conditional;	/* one of the following bounds is stated */
	int64 orders_lower; /* 0 where not stated */
	int64 orders_upper; /* PG_INT64_MAX where not stated */
	int32 tenure_lower; /* days since the first order; PG_INT32_MIN where not stated */
	int32 tenure_upper; /* PG_INT32_MAX where not stated */
} SchemeRule;

/* What fires in one cell of scores: the first of the conditional rules that holds, else the plain one. */
typedef struct SchemeCell
{
	int plain; /* index of the first rule without conditions, -1 if there is none */
	int first; /* the conditional rules before it: candidates[first], ... */
	int count;
} SchemeCell;

typedef struct Scheme
{
	struct Scheme *next;   /* for caches */
	MemoryContext context; /* everything below lives here */
	text *name;
	bool shipped;
	int bins;
	int n_labels;
	SchemeLabel *labels;
	int n_rules;
	SchemeRule *rules; /* by position */
	SchemeCell *cells; /* bins^3, see scheme_cell */
	int *candidates;
} Scheme;

/* What conditional rules ask. */
typedef struct SchemeFacts
{
	int64 orders;
	int32 tenure_days;
} SchemeFacts;

static inline int
scheme_cell(int bins, int r, int f, int m)
{
	return ((r - 1) * bins + (f - 1)) * bins + (m - 1);
}

/* Do the rule's score bounds hold? */
static inline bool
scheme_rule_covers(const SchemeRule *rule, const int scores[RFM_DIMENSIONS])
{
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		if (scores[d] < rule->lower[d] || scores[d] > rule->upper[d])
			return false;
	return true;
}

/* Do its bounds of orders and tenure hold? */
static inline bool
scheme_rule_allows(const SchemeRule *rule, const SchemeFacts *facts)
{
	return facts->orders >= rule->orders_lower && facts->orders <= rule->orders_upper &&
		   facts->tenure_days >= rule->tenure_lower && facts->tenure_days <= rule->tenure_upper;
}

/* The extension's schema, from a function that it contains. */
#define SCHEME_SCHEMA(fcinfo) get_func_namespace((fcinfo)->flinfo->fn_oid)

/*
 * Reads the scheme of this name from the tables in the extension's schema, as the current user and with the active snapshot, and compiles it in
 * a new child of parent. A user's scheme goes before a shipped one of the same name. 42704 if there is none, with the
 * nearest name as hint.
 */
extern Scheme *segment_scheme_load(Oid schema, text *name, MemoryContext parent);

/* Checks that the score was made with the scheme's bins: 22023 otherwise. */
extern void segment_scheme_check_bins(const Scheme *scheme, RfmScore score);

/*
 * Index of the rule that fires for a score with orders and the scheme's bins; -1 if none does. facts NULL: by scores
 * alone.
 */
static inline int
segment_scheme_fire(const Scheme *scheme, RfmScore score, const SchemeFacts *facts)
{
	const SchemeCell *cell =
		&scheme->cells[scheme_cell(scheme->bins, rfm_score_of(score, RFM_RECENCY), rfm_score_of(score, RFM_FREQUENCY),
								   rfm_score_of(score, RFM_MONETARY))];

	if (facts != NULL)
		for (int i = 0; i < cell->count; i++)
		{
			int rule = scheme->candidates[cell->first + i];

			if (scheme_rule_allows(&scheme->rules[rule], facts))
				return rule;
		}
	return cell->plain;
}

/* The label of a rule's index, Others for -1. */
static inline const SchemeLabel *
segment_scheme_label(const Scheme *scheme, int rule)
{
	return &scheme->labels[rule < 0 ? SCHEME_OTHERS : scheme->rules[rule].label];
}

#endif
