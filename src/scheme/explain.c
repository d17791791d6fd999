/*
 * explain.c: explain_label(): why a customer carries a label, and what would move it up, in words.
 *
 * Nothing here predicts: each suggestion is tried out. The customer's summary with the further orders is scored by the
 * same cut points and labelled by the same scheme, and is named only if the segment's sort is better.
 */
#include "postgres.h"

#include "core/compat.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "scheme/scheme.h"

/* Further orders of money: amounts are suggested with at most this many decimals. */
#define MONEY_DECIMALS 2

/* At most so many ways up are named, the nearest ones. */
#define MAX_WAYS 3

/* How far ahead a worse label is looked for: ten years of days. */
#define MAX_DAYS_AHEAD 3653

/* Amounts beyond this, in units of the last decimal, are no suggestion. */
#define MAX_UNITS 1e15

static const char *const dimension_titles[RFM_DIMENSIONS] = {"Recency", "Frequency", "Monetary"};
static const char *const dimension_words[RFM_DIMENSIONS] = {"recency", "frequency", "monetary"};

typedef struct Customer
{
	const Scheme *scheme;
	const SegmentCuts *cuts[RFM_DIMENSIONS];
	RfmMonetary monetary;
	const Rfm *rfm;
	DateADT as_of;
	pg_tz *zone;
	double values[RFM_DIMENSIONS];
	SchemeFacts facts;
	RfmScore score;
	int rule;
	const SchemeLabel *label;
} Customer;

/* The rule that fires for other values and facts of the customer. */
static int
rule_for(const Customer *customer, const double values[RFM_DIMENSIONS], const SchemeFacts *facts)
{
	return segment_scheme_fire(customer->scheme, segment_rfm_score_values(customer->cuts, values), facts);
}

static const char *
label_name(const SchemeLabel *label)
{
	return text_to_cstring(label->name);
}

/* --- what is ------------------------------------------------------------------------------------------------------ */

/* Name, rank, meaning and action of the label. */
static void
write_label(StringInfo out, const Customer *customer)
{
	const Scheme *scheme = customer->scheme;
	int better = 0;

	for (int i = SCHEME_FIXED_LABELS; i < scheme->n_labels; i++)
		better += scheme->labels[i].sort < customer->label->sort;
	appendStringInfoString(out, label_name(customer->label));
	if (customer->rule >= 0)
		appendStringInfo(out, " (%d of %d in scheme %s)", better + 1, scheme->n_labels - SCHEME_FIXED_LABELS,
						 text_to_cstring(scheme->name));
	else
		appendStringInfo(out, " (scheme %s)", text_to_cstring(scheme->name));
	if (customer->label->meaning != NULL)
		appendStringInfo(out, ": %s", text_to_cstring(customer->label->meaning));
	if (customer->label->action != NULL)
		appendStringInfo(out, "\nWhat to do: %s", text_to_cstring(customer->label->action));
}

/* Lowest and highest whole number of a score; false if there is none. */
static bool
whole_range(const SegmentCuts *cuts, int score, double lowest, double *from, double *to)
{
	bool inclusive = segment_cuts_inclusive(cuts);
	int lower;
	int upper;

	segment_cuts_bounds(cuts, score, &lower, &upper);
	*from = lowest;
	*to = INFINITY;
	if (lower >= 0)
		*from = Max(lowest, inclusive ? ceil(cuts->thresholds[lower]) : floor(cuts->thresholds[lower]) + 1);
	if (upper >= 0)
		*to = inclusive ? ceil(cuts->thresholds[upper]) - 1 : floor(cuts->thresholds[upper]);
	return *from <= *to;
}

/* "5: 0 to 13, 4: 14 to 33, ...": what days or orders get which score; scores that nobody can get are left out. */
static void
write_whole_cuts(StringInfo out, const SegmentCuts *cuts, double lowest)
{
	const char *separator = "";

	for (int score = cuts->bins; score >= 1; score--)
	{
		double from;
		double to;

		if (!whole_range(cuts, score, lowest, &from, &to))
			continue;
		appendStringInfo(out, "%s%d: %.0f", separator, score, from);
		if (isinf(to))
			appendStringInfoString(out, " or more");
		else if (to > from)
			appendStringInfo(out, " to %.0f", to);
		separator = ", ";
	}
}

/* "5: above 2058.426, 4: above 942.276, ..., 1: the rest" */
static void
write_money_cuts(StringInfo out, const SegmentCuts *cuts)
{
	for (int score = cuts->bins; score >= 2; score--)
	{
		int lower;
		int upper;

		segment_cuts_bounds(cuts, score, &lower, &upper);
		if (upper >= 0 && cuts->thresholds[lower] >= cuts->thresholds[upper])
			continue;
		appendStringInfo(out, "%d: %s %.15g%s, ", score, segment_cuts_inclusive(cuts) ? "from" : "above",
						 cuts->thresholds[lower], segment_cuts_inclusive(cuts) ? " on" : "");
	}
	appendStringInfoString(out, "1: less");
}

/* The exact net total. */
static char *
money_text(const Rfm *rfm)
{
	Datum total = rfm->is_wide ? segment_decimal_to_numeric(&((const RfmWide *) rfm)->total, rfm->scale)
							   : segment_units_to_numeric(rfm->total, rfm->scale);

	return DatumGetCString(DirectFunctionCall1(numeric_out, total));
}

/* A line for each dimension: the value, its score, and the cut points; and the day of the first order. */
static void
write_scores(StringInfo out, const Customer *customer)
{
	for (int d = 0; d < RFM_DIMENSIONS; d++)
	{
		const SegmentCuts *cuts = customer->cuts[d];

		appendStringInfo(out, "\n%s %d of %d: ", dimension_titles[d], rfm_score_of(customer->score, d), cuts->bins);
		if (d == RFM_RECENCY)
			appendStringInfo(out, "%.0f day%s since the last order (", customer->values[d],
							 customer->values[d] == 1 ? "" : "s");
		else if (d == RFM_FREQUENCY)
			appendStringInfo(out, "%.0f order%s (", customer->values[d], customer->values[d] == 1 ? "" : "s");
		else if (customer->monetary == RFM_MONETARY_TOTAL)
			appendStringInfo(out, "%s in total (", money_text(customer->rfm));
		else
			appendStringInfo(out, "%.2f an order, %s in total (", customer->values[d], money_text(customer->rfm));
		if (d == RFM_MONETARY)
			write_money_cuts(out, cuts);
		else
			write_whole_cuts(out, cuts, d == RFM_RECENCY ? 0 : 1);
		appendStringInfoString(out, ")");
	}
	appendStringInfo(out, "\nFirst order %d day%s ago", customer->facts.tenure_days,
					 customer->facts.tenure_days == 1 ? "" : "s");
	if (customer->rfm->returns > 0)
		appendStringInfo(out, "; %lld return%s", (long long) customer->rfm->returns,
						 customer->rfm->returns == 1 ? "" : "s");
}

/* "at least 3", "at most 60", "3 to 5"; false, writing nothing, without a bound. */
static bool
write_bounds(StringInfo out, const char *before, int64 lower, int64 upper, int64 lowest, int64 highest,
			 const char *after)
{
	if (lower <= lowest && upper >= highest)
		return false;
	appendStringInfoString(out, before);
	if (lower == upper)
		appendStringInfo(out, "%lld", (long long) lower);
	else if (lower <= lowest)
		appendStringInfo(out, "at most %lld", (long long) upper);
	else if (upper >= highest)
		appendStringInfo(out, "at least %lld", (long long) lower);
	else
		appendStringInfo(out, "%lld to %lld", (long long) lower, (long long) upper);
	appendStringInfoString(out, after);
	return true;
}

/* The rule that fired, or that none did. */
static void
write_rule(StringInfo out, const Customer *customer)
{
	const SchemeRule *rule;
	bool some = false;

	if (customer->rule < 0)
	{
		appendStringInfoString(out, "\nWhy: no rule of the scheme covers these scores");
		return;
	}
	rule = &customer->scheme->rules[customer->rule];
	appendStringInfo(out, "\nWhy: rule %d:", rule->position);
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		some |= write_bounds(out, psprintf("%s %s ", some ? "," : "", dimension_words[d]), rule->lower[d],
							 rule->upper[d], 1, customer->scheme->bins, "");
	some |= write_bounds(out, some ? ", " : " ", rule->orders_lower, rule->orders_upper, 1, PG_INT64_MAX, " orders");
	some |= write_bounds(out, some ? ", first order " : " first order ", rule->tenure_lower, rule->tenure_upper, 0,
						 PG_INT32_MAX, " days ago");
	if (!some)
		appendStringInfoString(out, " whatever the scores");
}

/*
 * --- what would be --------------------------------------------------------------------------------------------------
 */

/* The customer with further orders, on the day as_of, of an amount in all. */
static void
with_orders(const Customer *customer, int64 orders, int64 units, int scale, double values[RFM_DIMENSIONS],
			SchemeFacts *facts)
{
	Rfm *copy = palloc(VARSIZE(customer->rfm));
	SegmentAmount amount = {0};
	Rfm *more;

	memcpy(copy, customer->rfm, VARSIZE(customer->rfm));
	amount.units = units;
	amount.scale = scale;
	/* One order carries the whole amount, the others none; their times are set below. */
	more = segment_rfm_add(copy, customer->rfm->last, &amount);
	more->orders += orders - 1;
	segment_rfm_measure(more, customer->as_of, customer->zone, customer->monetary, values);
	values[RFM_RECENCY] = 0;
	facts->orders = more->orders;
	facts->tenure_days = customer->facts.tenure_days;
	if (more != copy)
		pfree(more);
	pfree(copy);
}

/* The monetary score with further orders of an amount in all. */
static int
monetary_with(const Customer *customer, int64 orders, int64 units, int scale)
{
	double values[RFM_DIMENSIONS];
	SchemeFacts facts;

	with_orders(customer, orders, units, scale, values, &facts);
	return segment_cuts_score(customer->cuts[RFM_MONETARY], values[RFM_MONETARY]);
}

/* The least total amount that reaches at least this monetary score; -1 if none within reason does. */
static int64
least_amount(const Customer *customer, int64 orders, int score, int scale)
{
	const SegmentCuts *cuts = customer->cuts[RFM_MONETARY];
	double power = (double) segment_power_of_ten(scale);
	double goal;
	double estimate;
	int64 units;
	int lower;
	int upper;

	segment_cuts_bounds(cuts, score, &lower, &upper);
	goal = cuts->thresholds[lower];
	if (customer->monetary == RFM_MONETARY_AVERAGE)
		goal *= (double) (customer->rfm->orders + orders);
	estimate = ceil((goal - segment_rfm_monetary_double(customer->rfm)) * power);
	if (!(estimate < MAX_UNITS))
		return -1;
	/* Rounding may put the estimate off: adjust it by trying. */
	units = (int64) Max(estimate, 0);
	for (int tries = 0; tries < 8 && units > 0 && monetary_with(customer, orders, units - 1, scale) >= score; tries++)
		units--;
	for (int tries = 0; tries < 8; tries++)
	{
		if (monetary_with(customer, orders, units, scale) >= score)
			return units;
		units++;
	}
	return -1;
}

/* An amount as text. */
static char *
units_text(int64 units, int scale)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, segment_units_to_numeric(units, scale)));
}

static int
compare_int64(const void *a, const void *b)
{
	int64 x = *(const int64 *) a;
	int64 y = *(const int64 *) b;

	return (x > y) - (x < y);
}

/*
 * Numbers of further orders that may make a difference, ascending: one, those that reach a better frequency score, and
 * those that reach a bound of orders in a rule.
 */
static int
order_steps(const Customer *customer, int64 **steps)
{
	const SegmentCuts *cuts = customer->cuts[RFM_FREQUENCY];
	const Scheme *scheme = customer->scheme;
	int64 have = customer->rfm->orders;
	int64 *goals = segment_palloc_array(int64, cuts->bins + 2 * scheme->n_rules + 1);
	int n = 0;
	int kept = 0;

	goals[n++] = have + 1;
	for (int score = 2; score <= cuts->bins; score++)
	{
		double from;
		double to;

		if (whole_range(cuts, score, 1, &from, &to) && from < MAX_UNITS)
			goals[n++] = (int64) from;
	}
	for (int i = 0; i < scheme->n_rules; i++)
	{
		goals[n++] = scheme->rules[i].orders_lower;
		if (scheme->rules[i].orders_upper < PG_INT64_MAX)
			goals[n++] = scheme->rules[i].orders_upper + 1;
	}
	qsort(goals, n, sizeof(int64), compare_int64);
	for (int i = 0; i < n; i++)
		if (goals[i] > have && (kept == 0 || goals[i] - have != goals[kept - 1]))
			goals[kept++] = goals[i] - have;
	*steps = goals;
	return kept;
}

/* Appends one line for each way up through further orders; returns how many. */
static int
write_ways_up(StringInfo out, const Customer *customer)
{
	int scale = Min(customer->rfm->scale, MONEY_DECIMALS);
	int top = customer->cuts[RFM_MONETARY]->bins;
	int best = customer->label->sort;
	int ways = 0;
	int64 *steps;
	int n_steps = order_steps(customer, &steps);

	for (int i = 0; i < n_steps && ways < MAX_WAYS; i++)
	{
		/* For each monetary score from the lowest on: the least amount for it, and the label then. */
		int64 units[SEGMENT_MAX_BINS + 1];
		const SchemeLabel *labels[SEGMENT_MAX_BINS + 1];
		int lowest = monetary_with(customer, steps[i], 0, scale);

		CHECK_FOR_INTERRUPTS();
		for (int score = lowest; score <= top; score++)
		{
			double values[RFM_DIMENSIONS];
			SchemeFacts facts;

			labels[score] = NULL;
			units[score] = score == lowest ? 0 : least_amount(customer, steps[i], score, scale);
			if (units[score] < 0)
				continue;
			with_orders(customer, steps[i], units[score], scale, values, &facts);
			/* Skip a score that no amount gets because its thresholds are equal. */
			if (segment_cuts_score(customer->cuts[RFM_MONETARY], values[RFM_MONETARY]) == score)
				labels[score] = segment_scheme_label(customer->scheme, rule_for(customer, values, &facts));
		}
		for (int score = lowest; score <= top && ways < MAX_WAYS; score++)
		{
			int beyond;

			if (labels[score] == NULL || labels[score]->sort >= best)
				continue;
			best = labels[score]->sort;
			/* Find where it stops holding: in a scheme that is not monotone, more money can give a worse label. */
			for (beyond = score + 1; beyond <= top; beyond++)
				if (labels[beyond] != NULL && labels[beyond]->sort > best)
					break;
			appendStringInfo(out, "\nUp: with %lld more order%s now", (long long) steps[i], steps[i] == 1 ? "" : "s");
			if (units[score] == 0 && beyond > top)
				appendStringInfoString(out, " of any amount");
			else if (beyond > top)
				appendStringInfo(out, " of %s or more%s", units_text(units[score], scale),
								 steps[i] == 1 ? "" : " in all");
			else
				appendStringInfo(out, " of %s to %s%s", units[score] == 0 ? "up" : units_text(units[score], scale),
								 units_text(units[beyond] - 1, scale), steps[i] == 1 ? "" : " in all");
			appendStringInfo(out, ": %s", label_name(labels[score]));
			ways++;
		}
	}
	pfree(steps);
	return ways;
}

/* Says what would move the customer up, or why nothing would. */
static void
write_up(StringInfo out, const Customer *customer)
{
	const Scheme *scheme = customer->scheme;
	bool any_better = false;

	for (int i = SCHEME_FIXED_LABELS; i < scheme->n_labels; i++)
		any_better |= scheme->labels[i].sort < customer->label->sort;
	if (!any_better)
		appendStringInfoString(out, "\nUp: this is the best segment of the scheme");
	else if (write_ways_up(out, customer) == 0)
		appendStringInfoString(out, "\nUp: further orders alone do not lead to a better segment");
}

/* The day from which the label would be worse without another order. */
static void
write_down(StringInfo out, const Customer *customer)
{
	double values[RFM_DIMENSIONS];
	SchemeFacts facts = customer->facts;

	memcpy(values, customer->values, sizeof(values));
	for (int ahead = 1; ahead <= MAX_DAYS_AHEAD && IS_VALID_DATE(customer->as_of + ahead); ahead++)
	{
		const SchemeLabel *label;

		values[RFM_RECENCY] = customer->values[RFM_RECENCY] + ahead;
		facts.tenure_days = customer->facts.tenure_days + ahead;
		label = segment_scheme_label(customer->scheme, rule_for(customer, values, &facts));
		if (label->sort > customer->label->sort)
		{
			char day[SEGMENT_TIME_TEXT];

			segment_time_print(customer->as_of + ahead, SEGMENT_TIME_DATE, day);
			appendStringInfo(out, "\nDown: without an order, from %s on: %s", day, label_name(label));
			return;
		}
	}
}

/*
 * explain_label(cut_points, rfm, as_of, scheme, zone). NULL if one of them but rfm is NULL; a NULL rfm is a Prospect.
 * 22023 if the cut points have other bins than the scheme, or the summary holds orders after as_of; 42704 for an
 * unknown scheme.
 */
PG_FUNCTION_INFO_V1(segment_explain_label);

Datum
segment_explain_label(PG_FUNCTION_ARGS)
{
	Customer customer = {0};
	StringInfoData out;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(4))
		PG_RETURN_NULL();
	initStringInfo(&out);
	customer.as_of = PG_GETARG_DATEADT(2);
	segment_check_as_of(customer.as_of);
	customer.zone = segment_zone_arg(fcinfo, 4);
	customer.scheme = segment_scheme_load(SCHEME_SCHEMA(fcinfo), PG_GETARG_TEXT_PP(3), CurrentMemoryContext);
	segment_rfm_cut_points_open(PG_GETARG_DATUM(0), customer.cuts, &customer.monetary);
	segment_scheme_check_bins(customer.scheme,
							  rfm_score_make(0, 0, 0, customer.cuts[RFM_RECENCY]->bins,
											 customer.cuts[RFM_FREQUENCY]->bins, customer.cuts[RFM_MONETARY]->bins));
	customer.rule = -1;
	if (PG_ARGISNULL(1))
		customer.label = &customer.scheme->labels[SCHEME_PROSPECT];
	else
	{
		customer.rfm = PG_GETARG_RFM(1);
		if (!segment_rfm_measure(customer.rfm, customer.as_of, customer.zone, customer.monetary, customer.values))
			customer.label = &customer.scheme->labels[SCHEME_NO_ORDERS];
	}
	if (customer.label == NULL)
	{
		customer.score = segment_rfm_score_values(customer.cuts, customer.values);
		customer.facts.orders = customer.rfm->orders;
		customer.facts.tenure_days = segment_rfm_tenure_days(customer.rfm, customer.as_of, customer.zone);
		customer.rule = segment_scheme_fire(customer.scheme, customer.score, &customer.facts);
		customer.label = segment_scheme_label(customer.scheme, customer.rule);
		write_label(&out, &customer);
		write_scores(&out, &customer);
		write_rule(&out, &customer);
		write_up(&out, &customer);
		write_down(&out, &customer);
	}
	else
		write_label(&out, &customer);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
