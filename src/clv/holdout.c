/*
 * holdout.c: holdout_agg and holdout_periods_agg collect customers as they were on a split date, and what they did after
 * it; holdout_btyd gives what models are fitted on.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/timestamp.h"

#include "clv/tally.h"
#include "core/day.h"
#include "core/agg_context.h"
#include "core/error.h"
#include "core/option.h"
#include "ledger/ledger.h"
#include "math/text.h"

PG_FUNCTION_INFO_V1(segment_holdout_agg_trans);
PG_FUNCTION_INFO_V1(segment_holdout_periods_agg_trans);
PG_FUNCTION_INFO_V1(segment_holdout_btyd);

/* The split and the end of the hold-out, both days; 22023 unless the one is before the other. */
static void
read_days(FunctionCallInfo fcinfo, DateADT *split, DateADT *until)
{
	static const char *const names[] = {"split", "until", "unit"};

	(void) segment_aggregate_context(fcinfo);
	for (int i = 0; i < 3; i++)
		if (PG_ARGISNULL(2 + i))
			segment_refuse_null_option(names[i]);
	*split = PG_GETARG_DATEADT(2);
	*until = PG_GETARG_DATEADT(3);
	segment_check_as_of(*split);
	segment_check_as_of(*until);
	if (*until <= *split)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the hold-out is empty"),
						errdetail("It would end %d days after the split.", *until - *split),
						errhint("Pass a day until that lies after the split.")));
}

static Tally
head_of(double unit, double horizon)
{
	Tally head;

	memset(&head, 0, sizeof(head));
	head.version = SEGMENT_TALLY_VERSION;
	head.kind = TALLY_HOLDOUT;
	head.unit = unit;
	head.horizon = horizon;
	return head;
}

/* Adds the amounts up to the split and after it to a row, and the row to the state. */
static Datum
add_customer(FunctionCallInfo fcinfo, const Tally *head, const Ledger *ledger, DateADT split, DateADT until,
			 double *row)
{
	SegmentWide total = segment_wide_from_int128(0);
	SegmentWide later = segment_wide_from_int128(0);
	TallyState *state;
	LedgerReader reader;
	LedgerDay day;

	segment_ledger_open(&reader, ledger);
	while (segment_ledger_next(&reader, &day) && day.day <= until)
		(void) segment_wide_add(day.day > split ? &later : &total, &day.net);
	row[HOLDOUT_TOTAL] = segment_positive_zero(segment_decimal_to_double(&total, ledger->scale));
	row[HOLDOUT_AMOUNT] = segment_positive_zero(segment_decimal_to_double(&later, ledger->scale));
	state = segment_tally_state_of(fcinfo, head);
	segment_tally_add(state, row, 1);
	segment_runs_settle(&state->runs, fcinfo);
	PG_RETURN_POINTER(state);
}

/* holdout_agg(ledger, split, until, unit): customers who had not bought by the split are not in it. */
Datum
segment_holdout_agg_trans(PG_FUNCTION_ARGS)
{
	double row[TALLY_HOLDOUT_WIDTH] = {0, 0, 0, 0, 0, 0, 0};
	DateADT split;
	DateADT until;
	double unit;
	Tally head;
	Ledger *ledger;
	RepeatSummary *repeat;
	LedgerReader reader;
	LedgerDay day;

	read_days(fcinfo, &split, &until);
	unit = segment_unit_days(PG_GETARG_INTERVAL_P(4));
	head = head_of(unit, (until - split) / unit);
	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	ledger = PG_GETARG_LEDGER(1);
	repeat = segment_ledger_repeat_at(ledger, split, unit);
	if (repeat == NULL)
		return segment_state_unchanged(fcinfo);
	row[0] = (double) repeat->x;
	row[1] = repeat->t_x;
	row[2] = repeat->t;
	segment_ledger_open(&reader, ledger);
	while (segment_ledger_next(&reader, &day) && day.day <= until)
	{
		if (!segment_ledger_is_purchase(&day))
			continue;
		if (day.day > split)
			row[HOLDOUT_LATER]++;
		else if ((int64) day.day > (int64) split - ((int64) until - split))
			row[HOLDOUT_BEFORE]++;
	}
	return add_customer(fcinfo, &head, ledger, split, until, row);
}

/*
 * holdout_periods_agg(ledger, split, until, period): the same in whole periods of each customer, as bgbb counts them;
 * the hold-out is as many periods as lie between split and until.
 */
Datum
segment_holdout_periods_agg_trans(PG_FUNCTION_ARGS)
{
	double row[TALLY_HOLDOUT_WIDTH] = {0, 0, 0, 0, 0, 0, 0};
	DateADT split;
	DateADT until;
	SegmentPeriod period;
	int64 ahead;
	Tally head;
	SegmentPeriodCount count;
	Ledger *ledger;

	read_days(fcinfo, &split, &until);
	period = segment_interval_period(PG_GETARG_INTERVAL_P(4));
	ahead = segment_periods_between(split, until, &period);
	if (ahead == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the hold-out is shorter than a period"),
						errdetail("It is %d days long.", until - split), errhint("Pass a later day until.")));
	head = head_of(period.unit, (double) ahead);
	if (PG_ARGISNULL(1))
		return segment_state_unchanged(fcinfo);
	ledger = PG_GETARG_LEDGER(1);
	if (!segment_ledger_count_periods(ledger, split, &period, ahead, &count))
		return segment_state_unchanged(fcinfo);
	row[0] = (double) count.x;
	row[1] = (double) count.t_x;
	row[2] = (double) count.t;
	row[HOLDOUT_BEFORE] = (double) count.before;
	row[HOLDOUT_LATER] = (double) count.later;
	return add_customer(fcinfo, &head, ledger, split, until, row);
}

Tally *
segment_holdout_to_btyd(const Tally *holdout)
{
	TallyState *state;
	Tally head;

	memset(&head, 0, sizeof(head));
	head.version = SEGMENT_TALLY_VERSION;
	head.kind = TALLY_BTYD;
	head.unit = holdout->unit;
	state = segment_tally_state(&head);
	for (int32 i = 0; i < holdout->n_rows; i++)
		segment_tally_add(state, tally_row(holdout, i), tally_counts(holdout)[i]);
	return segment_tally_finish(state);
}

Datum
segment_holdout_btyd(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(segment_holdout_to_btyd(PG_GETARG_TALLY(0)));
}
