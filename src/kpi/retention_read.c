/*
 * retention_read.c: what readers of retention share: opening a value, rates, means and margins as columns.
 */
#include "postgres.h"

#include "core/compat.h"

#include "core/decimal.h"
#include "core/message.h"
#include "kpi/retention.h"
#include "math/kpi.h"
#include "math/special.h"

/* Intervals here are of 95 %. */
#define CONFIDENCE 0.95

Retention *
segment_retention_argument(FunctionCallInfo fcinfo, int arg)
{
	const char *fault;
	Retention *retention = segment_retention_decode(segment_state_cursor(PG_GETARG_BYTEA_PP(arg)), &fault);

	if (fault)
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("retention is damaged"), errdetail("%s", fault),
						errhint("Collect it again.")));
	return retention;
}

void
segment_retention_put_rate(Datum *values, bool *nulls, int64 numerator, int64 denominator)
{
	double low;
	double high;

	nulls[0] = nulls[1] = nulls[2] = true;
	if (denominator <= 0 || numerator < 0 || numerator > denominator)
		return;
	segment_wilson(numerator, denominator, segment_normal_quantile(0.5 + CONFIDENCE / 2.0), &low, &high);
	values[0] = Float8GetDatum((double) numerator / (double) denominator);
	values[1] = Float8GetDatum(low);
	values[2] = Float8GetDatum(high);
	nulls[0] = nulls[1] = nulls[2] = false;
}

void
segment_retention_put_mean(Datum *value, bool *null, const Retention *retention, const SegmentWide *money, int64 count)
{
	*null = count <= 0;
	if (count > 0)
		*value = Float8GetDatum(segment_wide_to_mean(money, retention->scale, count));
}

SegmentWide
segment_retention_put_margin(Datum *values, bool *nulls, const Retention *retention, const RetentionMargin *margin)
{
	SegmentWide left = {{0}};
	SegmentWide cost;
	double earned;

	nulls[0] = nulls[1] = true;
	if (margin == NULL)
		return left;
	left = margin->earned;
	cost = margin->cost;
	(void) segment_wide_negate(&cost);
	(void) segment_wide_add(&left, &cost);
	values[0] = segment_decimal_to_numeric(&left, retention->scale);
	nulls[0] = false;
	earned = segment_decimal_to_double(&margin->earned, retention->scale);
	nulls[1] = !(earned > 0.0);
	if (!nulls[1])
		values[1] = Float8GetDatum(segment_decimal_to_double(&left, retention->scale) / earned);
	return left;
}
