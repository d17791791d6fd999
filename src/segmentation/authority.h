/*
 * authority.h: what the room's other files ask about who acts.
 */
#ifndef SEGMENT_SEGMENTATION_AUTHORITY_H
#define SEGMENT_SEGMENTATION_AUTHORITY_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

/* What users' queries bring in: one set of rows of each kind at a time. */
typedef enum SegmentIncomingKind
{
	SEGMENT_INCOMING_STATES,
	SEGMENT_INCOMING_LEDGERS,
	SEGMENT_INCOMING_IDS,
	SEGMENT_INCOMING_MOVED, /* what put_changed has written, of which day is in the authority */
	SEGMENT_INCOMING_KINDS
} SegmentIncomingKind;

typedef struct SegmentIncoming
{
	Tuplestorestate *rows;
	TupleDesc desc;
	int64 count;
} SegmentIncoming;

/* One call of a trampoline. */
typedef struct SegmentAuthority
{
	Oid caller;	  /* who called the outermost one */
	Oid acts_for; /* whose queries may be run; InvalidOid before act_for */
	SegmentIncoming incoming[SEGMENT_INCOMING_KINDS];
	int32 moved_version; /* of moved rows */
	int32 moved_day;
	MemoryContext memory; /* of incoming rows; NULL before there are any */
	ResourceOwner files;  /* likewise */
	MemoryContext outer_memory;
	ResourceOwner outer_files;
	ErrorContextCallback *outer_context;
} SegmentAuthority;

/* What is as it was when what users wrote has ended. */
typedef struct SegmentOutside
{
	SegmentAuthority *authority;
	Oid user;
	int context;
	int nest;
} SegmentOutside;

/* The innermost call; NULL outside of all, and while what users wrote runs. */
SegmentAuthority *segment_current_authority(void);

/* The same; error unless the current user is the tables' owner by a call of ours. */
SegmentAuthority *segment_required_authority(void);

/* The role whose queries may be run; error outside a call, and before act_for. */
Oid segment_authority_acts_for(void);

/* From here on what runs is users': as the role of act_for, restricted, without authority of ours; and back, after errors too. */
void segment_go_outside(SegmentOutside *outside);
void segment_come_back(const SegmentOutside *outside);

/* An empty set of a kind, in the place of the former one. */
SegmentIncoming *segment_new_incoming(SegmentIncomingKind kind);

/* Within SPI: incoming rows as tables, called incoming and incoming_ledgers. For queries of ours only. */
void segment_register_incoming(void);

/* At the end of a call, what was collected in it. */
void segment_drop_incoming(SegmentAuthority *authority);

/* The context of errors outside of our call; NULL outside of all calls. */
ErrorContextCallback *segment_callers_context(void);

#endif
