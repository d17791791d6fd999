/*
 * scorer_batch.h: what reading rows and scoring batches have in common, see scorer.h.
 */
#ifndef SEGMENT_SCORE_SCORER_BATCH_H
#define SEGMENT_SCORE_SCORER_BATCH_H

#include "score/scorer.h"

extern int segment_scorer_batch_of(const Scorer *scorer, uint32 hash);

/* The name of a file that several processes know. */
extern void segment_scorer_file_name(char *name, const char *what, const Scorer *scorer, int batch, uint32 participant);

#endif
