/*
 * module.c: the library's entry: the magic block, and the rooms that have something to set up.
 */
#include "postgres.h"

#include "core/compat.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "core/progress.h"
#include "core/table_sink.h"
#include "event/event.h"
#include "grouping/grouping.h"
#include "ledger/ledger.h"
#include "rfm/rfm.h"
#include "score/score.h"

SEGMENT_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	segment_rfm_register();
	segment_ledger_register();
	segment_event_register();
	segment_grouping_init();
	segment_score_init();
	segment_progress_init();
	segment_table_sink_init();
	MarkGUCPrefixReserved("segment");
}
