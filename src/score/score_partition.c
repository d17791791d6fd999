/*
 * score_partition.c: options and scores of a partition, see score_partition.h.
 */
#include "postgres.h"

#include "core/compat.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "core/error.h"
#include "score/score_partition.h"

const char *const segment_score_argument_names[SCORE_ARGS] = {"rfm",	  "as_of", "bins",			"method",
															  "monetary", "zone",  "min_partition", "fallback"};

ScoreOptions
segment_score_options(const Datum *arguments, const bool *nulls)
{
	ScoreOptions options;

	options.as_of = DatumGetDateADT(arguments[SCORE_ARG_AS_OF]);
	segment_check_as_of(options.as_of);
	options.bins = DatumGetInt32(arguments[SCORE_ARG_BINS]);
	segment_check_score_bins(options.bins);
	options.method = segment_method_of(DatumGetTextPP(arguments[SCORE_ARG_METHOD]));
	options.monetary =
		(RfmMonetary) segment_option_of(&segment_monetary_option, DatumGetTextPP(arguments[SCORE_ARG_MONETARY]));
	options.zone = segment_zone(DatumGetTextPP(arguments[SCORE_ARG_ZONE]));
	options.min_partition = DatumGetInt64(arguments[SCORE_ARG_MIN_PARTITION]);
	segment_check_int_range("min_partition", options.min_partition, 0, PG_INT32_MAX);
	options.fallback = NULL;
	if (!nulls[SCORE_ARG_FALLBACK])
	{
		const SegmentCuts *cuts[RFM_DIMENSIONS];

		options.fallback = DatumGetRfmCutPoints(arguments[SCORE_ARG_FALLBACK]);
		segment_rfm_cuts(options.fallback, cuts);
		for (int d = 0; d < RFM_DIMENSIONS; d++)
			if (cuts[d]->bins != options.bins)
				ereport(
					ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("fallback has other bins than the partition"),
					 errdetail("fallback has %d bins in a dimension, the partition %d.", cuts[d]->bins, options.bins),
					 errhint("Make fallback with the same bins.")));
		if (options.fallback->monetary != options.monetary)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("fallback looks at another monetary than the partition"),
							errdetail("fallback is made of the %s, the partition of the %s.",
									  segment_monetary_option.words[options.fallback->monetary],
									  segment_monetary_option.words[options.monetary]),
							errhint("Make fallback with the same monetary.")));
	}
	return options;
}

bool
segment_score_falls_back(const ScoreOptions *options, int64 n, const SegmentCuts *cuts[RFM_DIMENSIONS])
{
	if (n >= options->min_partition)
		return false;
	if (!options->fallback)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a partition is smaller than min_partition, and there is no fallback"),
						errdetail("The partition has " INT64_FORMAT
								  " customers with orders, min_partition is " INT64_FORMAT ".",
								  n, options->min_partition),
						errhint("Pass fallback => (SELECT rfm_cut_points_agg(rfm, as_of, bins) FROM ...).")));
	segment_rfm_cuts(options->fallback, cuts);
	return true;
}

const SegmentCuts *
segment_score_make_cuts(const ScoreOptions *options, int dimension, const double *values, int64 n,
						SegmentCutsBuffer *buffer)
{
	segment_make_cuts_of(values, (size_t) n, options->bins, options->method, dimension == RFM_RECENCY, buffer);
	return &buffer->cuts;
}

void
segment_score_rows(const ScoreOptions *options, const SegmentCuts *const cuts[RFM_DIMENSIONS],
				   double *const values[RFM_DIMENSIONS], RfmScore *marks, int64 rows)
{
	RfmScore undefined = rfm_score_make(0, 0, 0, options->bins, options->bins, options->bins);
	int64 next = 0;

	for (int64 row = 0; row < rows; row++)
	{
		if ((row & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (marks[row] == SCORE_DUE)
		{
			double measured[RFM_DIMENSIONS] = {values[0][next], values[1][next], values[2][next]};

			marks[row] = segment_rfm_score_values(cuts, measured);
			next++;
		}
		else if (marks[row] == SCORE_UNDEFINED)
			marks[row] = undefined;
	}
}
