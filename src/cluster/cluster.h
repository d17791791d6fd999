/*
 * cluster.h: what the files of the room share: reading feature vectors and words, and polling for interrupts.
 */
#ifndef SEGMENT_CLUSTER_CLUSTER_H
#define SEGMENT_CLUSTER_CLUSTER_H

#include "fmgr.h"

/* CHECK_FOR_INTERRUPTS, as the poll callback of math code. */
extern void segment_cluster_poll(void);

/*
 * Reads a float8[] of features into x (room for SEGMENT_MAX_FEATURES), NULL as NaN, -0 as 0, and returns how many
 * there are. 2202E if the array is empty, too long or has more than one dimension; 22003 for NaN and infinities.
 */
extern int segment_features_of_array(Datum array, double *x);

/* The same for count float8 arguments from number first on. */
extern void segment_features_of_args(FunctionCallInfo fcinfo, int first, int count, double *x);

/*
 * The names of the features, which are argument arg, or NULL for none; 22023 unless there is one for each of dims.
 */
extern Datum *segment_feature_names(FunctionCallInfo fcinfo, int arg, int dims);

/* Bytes as \x and lower-case hexadecimal digits, and back: NULL if the text is not that. */
extern unsigned char *segment_hex_decode(const char *text, Size *length);
extern char *segment_hex_encode(const unsigned char *bytes, Size length);

#endif
