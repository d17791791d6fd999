/*
 * progress.h: what long calls are doing, for other connections to see (view segment.progress).
 *
 *   segment_progress_begin("kmeans", 58, bytes);
 *   segment_progress_step(1); ... segment_progress_step(58);
 *   segment_progress_end();
 *
 * Calls nest: a refresh that fits a model shows both. An error or the end of the transaction closes open levels. The
 * board needs named shared memory (17 and newer) or a preloaded library; elsewhere long calls report by NOTICE.
 */
#ifndef SEGMENT_CORE_PROGRESS_H
#define SEGMENT_CORE_PROGRESS_H

/* Levels shown; deeper ones are only counted. */
#define SEGMENT_PROGRESS_LEVELS 4

/* Called when the library is loaded. */
extern void segment_progress_init(void);

/*
 * Opens a level. what: a few words, copied, truncated to 63 bytes. total: the number of steps, 0 if unknown. memory:
 * bytes the call will allocate, 0 if unknown.
 */
extern void segment_progress_begin(const char *what, int64 total, Size memory);

/* Reports progress of the innermost open level; cheap enough to call in every round of a loop that does real work. */
extern void segment_progress_step(int64 done);

/* Closes the innermost level. */
extern void segment_progress_end(void);

#endif
