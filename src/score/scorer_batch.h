/*
 * scorer_batch.h: what reading rows and scoring batches have in common, see scorer.h.
 */
#ifndef SEGMENT_SCORE_SCORER_BATCH_H
#define SEGMENT_SCORE_SCORER_BATCH_H

#include "score/scorer.h"

extern int segment_scorer_batch_of(const Scorer *scorer, uint32 hash);

/* The passes that a batch is taken in, once all rows are counted, and the pass of a partition. */
extern int segment_scorer_passes(const Scorer *scorer, int batch);
extern int segment_scorer_pass_of(const Scorer *scorer, uint32 hash, int passes);

/* The stream of a pass's scores. */
extern ScoreStream *segment_scorer_scores(Scorer *scorer, int batch, int pass);

/* The name of a file that several processes know. */
extern void segment_scorer_file_name(char *name, const char *what, const Scorer *scorer, int batch, int pass,
									 uint32 participant);

#endif
