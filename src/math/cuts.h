/*
 * cuts.h: cut points: the thresholds that turn a value into a score, 1 .. bins, bins is best.
 *
 * side       score of v                                    direction
 * quantile   1 + #(t < v), descending: bins - #(t < v)     either
 * from       1 + #(t <= v)       "5 or more"               ascending
 * within     1 + #(t >= v)       "within 180 days"         descending
 * under      bins - #(t <= v)    "under 180 days"          descending; the recency rule of the R package rfm
 */
#ifndef SEGMENT_MATH_CUTS_H
#define SEGMENT_MATH_CUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "math/weighted.h"
#include "math/wire.h"

#define SEGMENT_CUTS_MIN_BINS 2
#define SEGMENT_CUTS_MAX_BINS 100

typedef enum SegmentSide
{
	SEGMENT_SIDE_QUANTILE,
	SEGMENT_SIDE_FROM,
	SEGMENT_SIDE_WITHIN,
	SEGMENT_SIDE_UNDER
} SegmentSide;
#define SEGMENT_SIDES 4

/* Where the thresholds come from: a person, or data by a method. Made ones know how many values got each score. */
typedef enum SegmentMethod
{
	SEGMENT_METHOD_GIVEN,
	SEGMENT_METHOD_QUANTILE,
	SEGMENT_METHOD_EQUAL_WIDTH,
	SEGMENT_METHOD_NATURAL
} SegmentMethod;
#define SEGMENT_METHODS 4

/* The form that is stored. Variable length: bins - 1 thresholds, and for made cut points bins counts (int64). */
typedef struct SegmentCuts
{
	uint8_t side;
	uint8_t method;
	uint8_t descending; /* 0 or 1 */
	uint8_t bins;
	uint32_t zero;
	double thresholds[1]; /* ascending */
} SegmentCuts;

#define SEGMENT_CUTS_HEAD offsetof(SegmentCuts, thresholds)
#define SEGMENT_CUTS_MAX_SIZE (SEGMENT_CUTS_HEAD + (2 * SEGMENT_CUTS_MAX_BINS - 1) * sizeof(double))

/* Room for any cut points. */
typedef union SegmentCutsBuffer
{
	SegmentCuts cuts;
	char bytes[SEGMENT_CUTS_MAX_SIZE];
} SegmentCutsBuffer;

extern const char *const segment_side_names[SEGMENT_SIDES];
extern const char *const segment_method_names[SEGMENT_METHODS];

/* Size of the stored form; a multiple of 8. */
static inline size_t
segment_cuts_size_of(int bins, SegmentMethod method)
{
	return SEGMENT_CUTS_HEAD + (size_t) (bins - 1 + (method == SEGMENT_METHOD_GIVEN ? 0 : bins)) * sizeof(double);
}

static inline size_t
segment_cuts_size(const SegmentCuts *cuts)
{
	return segment_cuts_size_of(cuts->bins, (SegmentMethod) cuts->method);
}

/* How many values got each score, lowest score first; made cut points only. */
static inline int64_t *
segment_cuts_counts(const SegmentCuts *cuts)
{
	return (int64_t *) ((char *) cuts + SEGMENT_CUTS_HEAD + (cuts->bins - 1) * sizeof(double));
}

/* True if a value equal to a threshold lies above it. */
static inline bool
segment_cuts_inclusive(const SegmentCuts *cuts)
{
	return cuts->side == SEGMENT_SIDE_FROM || cuts->side == SEGMENT_SIDE_UNDER;
}

/* The score of a finite value. */
static inline int
segment_cuts_score(const SegmentCuts *cuts, double value)
{
	int below = 0;

	if (segment_cuts_inclusive(cuts))
		for (int i = 0; i < cuts->bins - 1; i++)
			below += cuts->thresholds[i] <= value;
	else
		for (int i = 0; i < cuts->bins - 1; i++)
			below += cuts->thresholds[i] < value;
	return cuts->descending ? cuts->bins - below : 1 + below;
}

/* The bounds of one score: those that do not exist have no threshold index (-1). */
extern void segment_cuts_bounds(const SegmentCuts *cuts, int score, int *lower, int *upper);

/* False if no value can get this score or, for made cut points, none did. */
extern bool segment_cuts_used(const SegmentCuts *cuts, int score);

/*
 * Sets head and thresholds of cut points that a person gives; the side decides the direction, except that quantile is
 * ascending. Check the result with segment_cuts_fault.
 */
extern void segment_cuts_init(SegmentCuts *cuts, SegmentSide side, SegmentMethod method, bool descending, int bins);

/*
 * NULL if the cut points are valid: known side and method, a direction that the side has, 2 .. 100 bins, finite
 * ascending thresholds, counts that are possible; else what is wrong, as a sentence. The head is read only after bins
 * and method have been found valid, so size must hold SEGMENT_CUTS_HEAD bytes and is checked beyond.
 */
extern const char *segment_cuts_fault(const SegmentCuts *cuts, size_t size);

/* Reads a text form at *text and moves on; NULL, or what is wrong. Nothing is left out: the result is valid. */
extern const char *segment_cuts_parse(const char **text, SegmentCutsBuffer *result);

/* Writes the text form, terminated; returns the length. */
#define SEGMENT_CUTS_TEXT (64 + 2 * SEGMENT_CUTS_MAX_BINS * 32)
extern int segment_cuts_print(const SegmentCuts *cuts, char *buffer);

/*
 * Binary form: side, method, descending, bins (a byte each), thresholds and counts (8 bytes each, most significant
 * first). segment_cuts_decode takes one from a cursor; NULL, or what is wrong.
 */
extern size_t segment_cuts_encode(const SegmentCuts *cuts, unsigned char *bytes);
extern const char *segment_cuts_decode(SegmentCursor *cursor, SegmentCutsBuffer *result);

#endif
