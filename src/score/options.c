/*
 * options.c: options of the room's functions as users write them.
 */
#include "postgres.h"

#include "core/compat.h"

#include "core/error.h"
#include "score/cut_points.h"

static const char *const monetary_words[] = {"total", "average"};
static const char *const direction_words[] = {"ascending", "descending"};

const SegmentOption segment_monetary_option = {"monetary", monetary_words, lengthof(monetary_words),
											   "total is the sum of the amounts, average their mean per order."};
const SegmentOption segment_direction_option = {
	"direction", direction_words, lengthof(direction_words),
	"ascending gives the highest score to the highest values, descending to the lowest."};

static const SegmentOption method_option = {
	"method", segment_method_names + SEGMENT_METHOD_QUANTILE, SEGMENT_METHODS - SEGMENT_METHOD_QUANTILE,
	"quantile puts equally many values into each score, natural those that lie together."};

SegmentMethod
segment_method_of(const text *word)
{
	return (SegmentMethod) (SEGMENT_METHOD_QUANTILE + segment_option_of(&method_option, word));
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
