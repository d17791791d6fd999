/*
 * score_stream.c: bytes that are written once and then read, see score_stream.h.
 */
#include "postgres.h"

#include <fcntl.h>

#include "core/compat.h"

#include "utils/memutils.h"

#include "core/temp_file.h"
#include "score/score_stream.h"

#define FIRST_ROOM 1024

void
segment_score_stream_write(ScoreStream *stream, MemoryContext context, void *bytes, Size size)
{
	if (stream->file != NULL)
	{
		BufFileWrite(stream->file, bytes, size);
		return;
	}
	if (stream->room - stream->used < size)
	{
		Size room = Max(add_size(stream->used, size), Max(2 * stream->room, FIRST_ROOM));

		stream->bytes =
			stream->bytes == NULL ? MemoryContextAllocHuge(context, room) : repalloc_huge(stream->bytes, room);
		stream->room = room;
	}
	memcpy(stream->bytes + stream->used, bytes, size);
	stream->used += size;
}

void
segment_score_stream_spill(ScoreStream *stream)
{
	BufFile *file;

	if (stream->file != NULL)
		return;
	file = BufFileCreateTemp(false);
	if (stream->bytes != NULL)
	{
		BufFileWrite(file, stream->bytes, stream->used);
		pfree(stream->bytes);
	}
	*stream = (ScoreStream) {.file = file};
}

void
segment_score_stream_create(ScoreStream *stream, SharedFileSet *files, const char *name)
{
	*stream = (ScoreStream) {.file = BufFileCreateFileSet(&files->fs, name)};
}

void
segment_score_stream_open(ScoreStream *stream, SharedFileSet *files, const char *name)
{
	*stream = (ScoreStream) {.file = BufFileOpenFileSet(&files->fs, name, O_RDONLY, true)};
}

void
segment_score_stream_rewind(ScoreStream *stream)
{
	stream->at = 0;
	if (stream->file != NULL)
		segment_file_rewind(stream->file, "rfm_score");
}

bool
segment_score_stream_read(ScoreStream *stream, void *bytes, Size size)
{
	if (stream->file == NULL)
	{
		if (stream->used - stream->at < size)
			return false;
		memcpy(bytes, stream->bytes + stream->at, size);
		stream->at += size;
		return true;
	}
	return segment_file_read(stream->file, bytes, size, true, "rfm_score");
}

void
segment_score_stream_close(ScoreStream *stream)
{
	if (stream->file != NULL)
		BufFileClose(stream->file);
	if (stream->bytes != NULL)
		pfree(stream->bytes);
	*stream = (ScoreStream) {0};
}
