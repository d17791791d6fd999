/*
 * authority.h: what the room's other files ask about who acts.
 */
#ifndef SEGMENT_SEGMENTATION_AUTHORITY_H
#define SEGMENT_SEGMENTATION_AUTHORITY_H

#include "postgres.h"

/* Error unless the current user is the tables' owner by a call of ours. */
void segment_require_authority(void);

/* The role whose queries may be run; error outside a call, and before act_for. */
Oid segment_authority_acts_for(void);

/* The context of errors outside of our call; NULL outside of all calls. */
ErrorContextCallback *segment_callers_context(void);

#endif
