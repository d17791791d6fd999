/*
 * score_stream.h: bytes that are written once and then read once, from the first: in memory, or in a temporary file.
 * Private to the room.
 */
#ifndef SEGMENT_SCORE_SCORE_STREAM_H
#define SEGMENT_SCORE_SCORE_STREAM_H

#include "storage/buffile.h"
#include "storage/sharedfileset.h"

/* All zero: an empty one in memory. */
typedef struct ScoreStream
{
	BufFile *file; /* NULL: in memory */
	char *bytes;
	Size used;
	Size room;
	Size at; /* the next byte to read */
} ScoreStream;

/* Appends bytes; memory comes from the context. */
extern void segment_score_stream_write(ScoreStream *stream, MemoryContext context, void *bytes, Size size);

/* Moves what is in memory to a temporary file of this process. */
extern void segment_score_stream_spill(ScoreStream *stream);

/* Streams that other processes read: a file of the set. Opening one that nobody has written gives an empty stream. */
extern void segment_score_stream_create(ScoreStream *stream, SharedFileSet *files, const char *name);
extern void segment_score_stream_open(ScoreStream *stream, SharedFileSet *files, const char *name);

/* Goes to the first byte, to read; then size bytes, or false at the end. */
extern void segment_score_stream_rewind(ScoreStream *stream);
extern bool segment_score_stream_read(ScoreStream *stream, void *bytes, Size size);

/* Frees the memory, closes the file. */
extern void segment_score_stream_close(ScoreStream *stream);

#endif
