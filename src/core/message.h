/*
 * message.h: reading what receive and deserialisation functions are handed, by the cursor of math/wire.h.
 */
#ifndef SEGMENT_CORE_MESSAGE_H
#define SEGMENT_CORE_MESSAGE_H

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"

#include "core/error.h"
#include "math/wide.h"
#include "math/wire.h"

/* All that is left of a message, which counts as read. */
static inline SegmentCursor
segment_message_cursor(StringInfo message)
{
	SegmentCursor cursor = segment_cursor(message->data + message->cursor, (size_t) (message->len - message->cursor));

	message->cursor = message->len;
	return cursor;
}

/* The bytes of a state, where they are. */
static inline SegmentCursor
segment_state_cursor(const bytea *bytes)
{
	return segment_cursor(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
}

/* 22P03 unless exactly the value's bytes were there. */
static inline void
segment_end_message(const SegmentCursor *cursor, const char *type)
{
	const char *fault = segment_cursor_fault(cursor);

	if (fault != NULL)
		segment_refuse_binary(type, fault);
}

/* The same for a state of an aggregate. */
static inline void
segment_end_state(const SegmentCursor *cursor, const char *aggregate)
{
	const char *fault = segment_cursor_fault(cursor);

	if (fault != NULL)
		segment_refuse_state(aggregate, fault);
}

/* A text of so many bytes, terminated, in the current context; NULL if it is too short or holds a zero byte. */
static inline const char *
segment_take_text(SegmentCursor *cursor, size_t length)
{
	const char *bytes = (const char *) segment_take_bytes(cursor, length);

	return bytes != NULL && memchr(bytes, 0, length) == NULL ? pnstrdup(bytes, length) : NULL;
}

/* Four limbs, the most significant one first. */
static inline SegmentWide
segment_take_wide(SegmentCursor *cursor)
{
	SegmentWide wide;

	for (int limb = 3; limb >= 0; limb--)
		wide.limb[limb] = segment_take(cursor, 8);
	return wide;
}

static inline void
segment_send_wide(StringInfo message, const SegmentWide *wide)
{
	for (int limb = 3; limb >= 0; limb--)
		pq_sendint64(message, (int64) wide->limb[limb]);
}

#endif
