/*
 * transform.h: what is done to a feature before distances are taken: nothing, or the signed logarithm
 * sign(x) * log(1 + |x|), which fits money and counts. The logarithm is our own, so that its bits are the same on
 * every machine.
 */
#ifndef SEGMENT_MATH_TRANSFORM_H
#define SEGMENT_MATH_TRANSFORM_H

typedef enum SegmentTransform
{
	SEGMENT_TRANSFORM_NONE = 0,
	SEGMENT_TRANSFORM_LOG = 1
} SegmentTransform;
#define SEGMENT_TRANSFORMS 2

/* sign(x) * log(1 + |x|) of a finite x, or NaN of NaN; error below 2 units in the last place. */
extern double segment_signed_log(double x);

/* Its inverse. */
extern double segment_signed_exp(double y);

/* count values in place, at x[0], x[stride], x[2 * stride], ... */
extern void segment_signed_log_array(double *x, int count, int stride);

/* One value, forth and back. */
static inline double
segment_transform(SegmentTransform transform, double x)
{
	return transform == SEGMENT_TRANSFORM_LOG ? segment_signed_log(x) : x;
}

static inline double
segment_transform_back(SegmentTransform transform, double y)
{
	return transform == SEGMENT_TRANSFORM_LOG ? segment_signed_exp(y) : y;
}

#endif
