/*
 * score_window.c: the window function rfm_score(rfm, as_of, ...) OVER (...): scores every customer of a partition by the
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
#include "score/score_partition.h"

/* Kept a query. */
typedef struct QueryState
{
	bool is_stable[SCORE_ARGS]; /* the planner knows that the argument can't change */
	bool has_warned;
} QueryState;

/* Kept a partition, with what it points to in the same context. */
typedef struct PartitionState
{
	RfmScore *scores;			 /* a score a row; NULL before the first call */
	Datum arguments[SCORE_ARGS]; /* the options of the first row */
	bool nulls[SCORE_ARGS];
} PartitionState;

static bool
is_by_reference(int argument)
{
	return argument == SCORE_ARG_METHOD || argument == SCORE_ARG_MONETARY || argument == SCORE_ARG_ZONE ||
		   argument == SCORE_ARG_FALLBACK;
}

static QueryState *
query_state(FunctionCallInfo fcinfo)
{
	QueryState *state = fcinfo->flinfo->fn_extra;

	if (!state)
	{
		state = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(QueryState));
		for (int i = 0; i < SCORE_ARGS; i++)
			state->is_stable[i] = get_fn_expr_arg_stable(fcinfo->flinfo, i);
		fcinfo->flinfo->fn_extra = state;
	}
	return state;
}

/* Reads the options of the current row into the partition's context. 22004 for a NULL where there must be a value. */
static void
remember_arguments(WindowObject window, PartitionState *partition, MemoryContext context)
{
	for (int i = SCORE_ARG_AS_OF; i < SCORE_ARGS; i++)
	{
		Datum value = WinGetFuncArgCurrent(window, i, &partition->nulls[i]);

		if (partition->nulls[i])
		{
			if (i == SCORE_ARG_FALLBACK)
				continue;
			segment_refuse_null_option(segment_score_argument_names[i]);
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
	for (int i = SCORE_ARG_AS_OF; i < SCORE_ARGS; i++)
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
			segment_refuse_changed_option(segment_score_argument_names[i]);
	}
}

/*
 * Reads the partition's summaries: values[d] of the n customers who have orders, in the order of their rows, and a mark
 * a row. Returns n.
 */
static int64
read_partition(WindowObject window, const ScoreOptions *options, int64 rows, double *values[RFM_DIMENSIONS],
			   RfmScore *marks)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "rfm_score", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	int64 n = 0;

	for (int64 row = 0; row < rows; row++)
	{
		bool is_null;
		bool is_out;
		Datum datum =
			WinGetFuncArgInPartition(window, SCORE_ARG_RFM, (int) row, WINDOW_SEEK_HEAD, false, &is_null, &is_out);
		double measured[RFM_DIMENSIONS];
		Rfm buffer;

		if (is_null)
			marks[row] = SCORE_NONE;
		else if (segment_rfm_measure(segment_rfm_open(datum, &buffer), options->as_of, options->zone, options->monetary,
									 measured))
		{
			marks[row] = SCORE_DUE;
			for (int d = 0; d < RFM_DIMENSIONS; d++)
				values[d][n] = measured[d];
			n++;
		}
		else
			marks[row] = SCORE_UNDEFINED;
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

/* Scores all rows of the partition. */
static void
score_partition(WindowObject window, QueryState *query, PartitionState *partition, MemoryContext context)
{
	ScoreOptions options = segment_score_options(partition->arguments, partition->nulls);
	int64 rows = WinGetPartitionRowCount(window);
	RfmScore *scores = MemoryContextAllocHuge(context, mul_size(rows, sizeof(RfmScore)));
	SegmentCutsBuffer buffers[RFM_DIMENSIONS];
	const SegmentCuts *cuts[RFM_DIMENSIONS];
	double *values[RFM_DIMENSIONS];
	int64 n;

	/* WinGetFuncArgInPartition counts rows in an int */
	if (rows > PG_INT32_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("a partition has too many rows"),
						errdetail("It has " INT64_FORMAT " rows; rfm_score takes %d.", rows, PG_INT32_MAX),
						errhint("Score by frozen cut points: rfm_score(rfm_cut_points, rfm, as_of).")));
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		values[d] = MemoryContextAllocHuge(CurrentMemoryContext, mul_size(rows, sizeof(double)));
	n = read_partition(window, &options, rows, values, scores);
	if (n > 0 && !segment_score_falls_back(&options, n, cuts))
		for (int d = 0; d < RFM_DIMENSIONS; d++)
			cuts[d] = segment_score_make_cuts(&options, d, values[d], n, &buffers[d]);
	segment_score_rows(&options, cuts, values, scores, rows);
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
	if (score == SCORE_NONE)
		PG_RETURN_NULL();
	PG_RETURN_RFM_SCORE(score);
}
