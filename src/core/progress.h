/*
 * progress.h: what long calls are doing, for other connections to see (view segment.progress).
 *
 *   segment_progress_begin("kmeans", 58, bytes);
 *   segment_progress_step(1); … segment_progress_step(58);
 *   segment_progress_end();
 *
 * Calls nest: a refresh that fits a model shows both. What an error or the end of the transaction leaves open is closed
 * by itself. The board is in shared memory: on servers with a registry of named segments (17 and newer), or where the
 * library is preloaded; elsewhere a call that takes long says how far it is by a NOTICE.
 */
#ifndef SEGMENT_CORE_PROGRESS_H
#define SEGMENT_CORE_PROGRESS_H

/* Levels that are shown; deeper ones are counted only. */
#define SEGMENT_PROGRESS_LEVELS 4

/* Called when the library is loaded. */
extern void segment_progress_init(void);

/*
 * Opens a level. what: a few words, copied, cut at 63 bytes. total: the last step, 0 if not known. memory: bytes that
 * the call is about to take, 0 if not known.
 */
extern void segment_progress_begin(const char *what, int64 total, Size memory);

/* How far the innermost open level is; cheap enough for every round of a loop that does real work. */
extern void segment_progress_step(int64 done);

/* Closes the innermost level. */
extern void segment_progress_end(void);

#endif
