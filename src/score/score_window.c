/*
 * score_window.c: the window function rfm_score(rfm, as_of, …) OVER (…): scores every customer of a partition by the
 * partition's own cut points.
 *
 * The first call of a partition reads the summaries once into plain arrays, finds the cut points by selection, and
 * keeps one score a row; the following calls look theirs up.
 */
#include "postgres.h"

#include "core/compat.h"

#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "windowapi.h"

#include "core/error.h"
#include "score/cut_points.h"

/* Arguments, in the order of the SQL function. */
enum
{
	ARG_RFM,
	ARG_AS_OF,
	ARG_BINS,
	ARG_METHOD,
	ARG_MONETARY,
	ARG_ZONE,
	ARG_MIN_PARTITION,
	ARG_FALLBACK,
	ARGS
};

static const char *const argument_names[ARGS] = {"rfm", "as_of", "bins", "method", "monetary", "zone", "min_partition",
												 "fallback"};

/* A row without a summary has no score; no valid score looks like this. */
#define NO_SCORE PG_UINT32_MAX

/* Kept a query. */
typedef struct QueryState
{
	bool is_stable[ARGS];		/* the planner knows that the argument can't change */
	bool has_warned;
} QueryState;

/* Kept a partition, with what it points to in the same context. */
typedef struct PartitionState
{
	RfmScore *scores;			/* a score a row; NULL before the first call */
	Datum arguments[ARGS];		/* the options of the first row */
	bool nulls[ARGS];
} PartitionState;

/* The options of a partition. */
typedef struct Options
{
	DateADT as_of;
	int32 bins;
	SegmentMethod method;
	RfmMonetary monetary;
	pg_tz *zone;
	int64 min_partition;
	const RfmCutPoints *fallback; /* NULL: none */
} Options;

static bool
is_by_reference(int argument)
{
	return argument == ARG_METHOD || argument == ARG_MONETARY || argument == ARG_ZONE || argument == ARG_FALLBACK;
}

static QueryState *
query_state(FunctionCallInfo fcinfo)
{
	QueryState *state = fcinfo->flinfo->fn_extra;

	if (!state)
	{
		state = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(QueryState));
		for (int i = 0; i < ARGS; i++)
			state->is_stable[i] = get_fn_expr_arg_stable(fcinfo->flinfo, i);
		fcinfo->flinfo->fn_extra = state;
	}
	return state;
}

/* Reads the options of the current row into the partition's context. 22004 for a NULL where there must be a value. */
static void
remember_arguments(WindowObject window, PartitionState *partition, MemoryContext context)
{
	for (int i = ARG_AS_OF; i < ARGS; i++)
	{
		Datum value = WinGetFuncArgCurrent(window, i, &partition->nulls[i]);

		if (partition->nulls[i])
		{
			if (i == ARG_FALLBACK)
				continue;
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("%s of rfm_score must not be NULL", argument_names[i]),
							errdetail("Only rfm and fallback may be NULL."),
							errhint("Leave the option out to get its default; as_of has none.")));
		}
		if (is_by_reference(i))
		{
			MemoryContext old = MemoryContextSwitchTo(context);

			value = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
			MemoryContextSwitchTo(old);
		}
		partition->arguments[i] = value;
	}
}

/* 22023 if an option of the current row is another than that of the partition's first row. */
static void
check_arguments(WindowObject window, const QueryState *query, const PartitionState *partition)
{
	for (int i = ARG_AS_OF; i < ARGS; i++)
	{
		Datum value;
		bool is_null;
		bool is_same;

		if (query->is_stable[i])
			continue;
		value = WinGetFuncArgCurrent(window, i, &is_null);
		if (is_null || partition->nulls[i])
			is_same = is_null && partition->nulls[i];
		else if (is_by_reference(i))
		{
			struct varlena *now = PG_DETOAST_DATUM(value);
			struct varlena *first = (struct varlena *) DatumGetPointer(partition->arguments[i]);

			is_same = VARSIZE(now) == VARSIZE(first) && memcmp(now, first, VARSIZE(now)) == 0;
		}
		else
			is_same = value == partition->arguments[i];
		if (!is_same)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("%s of rfm_score must be the same for all rows of a partition", argument_names[i]),
							errdetail("One scoring has one date and one set of options."),
							errhint("Add it to PARTITION BY, or pass a constant.")));
	}
}

static Options
read_options(const PartitionState *partition)
{
	const Datum *arguments = partition->arguments;
	Options options;

	options.as_of = DatumGetDateADT(arguments[ARG_AS_OF]);
	segment_check_as_of(options.as_of);
	options.bins = DatumGetInt32(arguments[ARG_BINS]);
	segment_check_score_bins(options.bins);
	options.method = segment_method_option(DatumGetTextPP(arguments[ARG_METHOD]));
	options.monetary = segment_monetary_option(DatumGetTextPP(arguments[ARG_MONETARY]));
	options.zone = segment_zone(DatumGetTextPP(arguments[ARG_ZONE]));
	options.min_partition = DatumGetInt64(arguments[ARG_MIN_PARTITION]);
	segment_check_int_range("min_partition", options.min_partition, 0, PG_INT32_MAX);
	options.fallback = NULL;
	if (!partition->nulls[ARG_FALLBACK])
	{
		const SegmentCuts *cuts[RFM_DIMENSIONS];

		options.fallback = DatumGetRfmCutPoints(arguments[ARG_FALLBACK]);
		segment_rfm_cuts(options.fallback, cuts);
		for (int d = 0; d < RFM_DIMENSIONS; d++)
			if (cuts[d]->bins != options.bins)
				ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
								errmsg("fallback has other bins than the partition"),
								errdetail("fallback has %d bins in a dimension, the partition %d.", cuts[d]->bins,
										  options.bins),
								errhint("Make fallback with the same bins.")));
		if (options.fallback->monetary != options.monetary)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("fallback looks at another monetary than the partition"),
							errdetail("fallback is made of the %s, the partition of the %s.",
									  segment_monetary_names[options.fallback->monetary],
									  segment_monetary_names[options.monetary]),
							errhint("Make fallback with the same monetary.")));
	}
	return options;
}

/*
 * Reads the partition's summaries: values[d] of the n customers who have orders, in the order of their rows; marks[i]
 * of a row is NO_SCORE without a summary, 0 without an order, else 1. Returns n.
 */
static int64
read_partition(WindowObject window, const Options *options, int64 rows, double *values[RFM_DIMENSIONS],
			   RfmScore *marks)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "rfm_score", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	int64 n = 0;

	for (int64 row = 0; row < rows; row++)
	{
		bool is_null;
		bool is_out;
		Datum datum = WinGetFuncArgInPartition(window, ARG_RFM, (int) row, WINDOW_SEEK_HEAD, false, &is_null, &is_out);
		double measured[RFM_DIMENSIONS];

		if (is_null)
			marks[row] = NO_SCORE;
		else if (segment_rfm_measure(DatumGetRfm(datum), options->as_of, options->zone, options->monetary, measured))
		{
			marks[row] = 1;
			for (int d = 0; d < RFM_DIMENSIONS; d++)
				values[d][n] = measured[d];
			n++;
		}
		else
			marks[row] = 0;
		if ((row & 0x3FF) == 0)
		{
			CHECK_FOR_INTERRUPTS();
			MemoryContextReset(scratch);
		}
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return n;
}

/* The cut points for n > 0 customers: their own, or the fallback's if they are too few. */
static void
find_cuts(const Options *options, double *values[RFM_DIMENSIONS], int64 n, SegmentCutsBuffer buffers[RFM_DIMENSIONS],
		  const SegmentCuts *cuts[RFM_DIMENSIONS])
{
	if (n < options->min_partition)
	{
		if (!options->fallback)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("a partition is smaller than min_partition, and there is no fallback"),
							errdetail("The partition has " INT64_FORMAT " customers with orders, min_partition is "
									  INT64_FORMAT ".", n, options->min_partition),
							errhint("Pass fallback => (SELECT rfm_cut_points_agg(rfm, as_of, bins) FROM …).")));
		segment_rfm_cuts(options->fallback, cuts);
		return;
	}
	for (int d = 0; d < RFM_DIMENSIONS; d++)
	{
		segment_make_cuts_of(values[d], (size_t) n, options->bins, options->method, d == RFM_RECENCY, &buffers[d]);
		cuts[d] = &buffers[d].cuts;
	}
}

/* Scores all rows of the partition. */
static void
score_partition(WindowObject window, QueryState *query, PartitionState *partition, MemoryContext context)
{
	Options options = read_options(partition);
	int64 rows = WinGetPartitionRowCount(window);
	RfmScore *scores = MemoryContextAllocHuge(context, mul_size(rows, sizeof(RfmScore)));
	RfmScore none = rfm_score_make(0, 0, 0, options.bins, options.bins, options.bins);
	SegmentCutsBuffer buffers[RFM_DIMENSIONS];
	const SegmentCuts *cuts[RFM_DIMENSIONS];
	double *values[RFM_DIMENSIONS];
	int64 n;
	int64 next = 0;

	/* WinGetFuncArgInPartition counts rows in an int */
	if (rows > PG_INT32_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("a partition has too many rows"),
						errdetail("It has " INT64_FORMAT " rows; rfm_score takes %d.", rows, PG_INT32_MAX),
						errhint("Score by frozen cut points: rfm_score(rfm_cut_points, rfm, as_of).")));
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		values[d] = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(rows, sizeof(double)));
	n = read_partition(window, &options, rows, values, scores);
	if (n > 0)
		find_cuts(&options, values, n, buffers, cuts);
	for (int64 row = 0; row < rows; row++)
	{
		if (scores[row] == 1)
		{
			double measured[RFM_DIMENSIONS] = {values[0][next], values[1][next], values[2][next]};

			scores[row] = segment_rfm_score_values(cuts, measured);
			next++;
		}
		else if (scores[row] == 0)
			scores[row] = none;
	}
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		pfree(values[d]);
	if (n > 0 && !query->has_warned)
		query->has_warned = segment_warn_lopsided(cuts[RFM_MONETARY], "customers");
	partition->scores = scores;
}

PG_FUNCTION_INFO_V1(segment_rfm_score_window);

Datum
segment_rfm_score_window(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	QueryState *query = query_state(fcinfo);
	PartitionState *partition = WinGetPartitionLocalMemory(window, sizeof(PartitionState));
	RfmScore score;

	WinCheckAndInitializeNullTreatment(window, false, fcinfo);
	if (!partition->scores)
	{
		/* what must live as long as the partition goes where its local memory is */
		MemoryContext context = GetMemoryChunkContext(partition);

		remember_arguments(window, partition, context);
		score_partition(window, query, partition, context);
	}
	else
		check_arguments(window, query, partition);
	score = partition->scores[WinGetCurrentPosition(window)];
	if (score == NO_SCORE)
		PG_RETURN_NULL();
	PG_RETURN_RFM_SCORE(score);
}
