/*
 * fixed.h: the labels that every scheme has without a rule.
 */
#ifndef SEGMENT_SCHEME_FIXED_H
#define SEGMENT_SCHEME_FIXED_H

#include "scheme/scheme.h"

/* Writes the SCHEME_FIXED_LABELS labels, their texts allocated in context. */
extern void segment_scheme_fixed_labels(SchemeLabel *labels, MemoryContext context);

#endif
