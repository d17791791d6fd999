/*
 * progress.c: the progress board: a slot for each backend, written by its owner, read by progress_list().
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/spin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "core/compat.h"
#include "core/progress.h"

/* The number goes up when Slot changes: after an upgrade both libraries may be at work in a server. */
#define BOARD_NAME "segment progress 1"

/* Without a board, a call says how far it is after so many milliseconds, and again after as many. */
#define NOTICE_EVERY_MS 10000

typedef struct Level
{
	char what[64];
	int64 done;
	int64 total;  /* 0: not known */
	int64 memory; /* bytes; 0: not known */
	TimestampTz started;
} Level;

/* What a backend is doing. depth 0: nothing. */
typedef struct Slot
{
	slock_t mutex;
	int pid;
	Oid role;
	Oid database;
	int depth;
	Level level[SEGMENT_PROGRESS_LEVELS];
} Slot;

/* The slots, one for each possible backend; NULL where there is no board (yet). */
static Slot *board = NULL;

/* This backend's own levels, and the nesting level of the transaction that opened each. */
static Level levels[SEGMENT_PROGRESS_LEVELS];
static int opened_in[SEGMENT_PROGRESS_LEVELS];
static int depth = 0;
static TimestampTz last_notice;

static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;

static Size
board_size(void)
{
	return mul_size(MaxBackends, sizeof(Slot));
}

/* Makes an empty board. */
static void
init_board(void *memory)
{
	Slot *slots = memory;
	int i;

	memset(slots, 0, board_size());
	for (i = 0; i < MaxBackends; i++)
		SpinLockInit(&slots[i].mutex);
}

static void
request_board(void)
{
	if (previous_request_hook)
		previous_request_hook();
	RequestAddinShmemSpace(board_size());
}

static void
start_board(void)
{
	bool found;

	if (previous_startup_hook)
		previous_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	board = ShmemInitStruct(BOARD_NAME, board_size(), &found);
	if (!found)
		init_board(board);
	LWLockRelease(AddinShmemInitLock);
}

void
segment_progress_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = request_board;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = start_board;
}

/* The board, made or attached if need be; NULL if this server has none. */
static Slot *
find_board(void)
{
	if (!board && IsUnderPostmaster)
		board = segment_named_memory(BOARD_NAME, board_size(), init_board);
	return board;
}

/* Copies this backend's levels from number first on, and their count, to its slot. */
static void
publish(int first)
{
	Slot *slot;
	int shown = Min(depth, SEGMENT_PROGRESS_LEVELS);

	if (!board)
		return;
	slot = &board[segment_proc_number()];
	SpinLockAcquire(&slot->mutex);
	slot->pid = MyProcPid;
	slot->role = GetUserId();
	slot->database = MyDatabaseId;
	slot->depth = shown;
	if (first < shown)
		memcpy(&slot->level[first], &levels[first], sizeof(Level) * (shown - first));
	SpinLockRelease(&slot->mutex);
}

/* Closes all levels from this depth on. */
static void
close_levels(int to)
{
	if (depth <= to)
		return;
	depth = to;
	publish(to);
}

/* At the end of a transaction nothing is under way. */
static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_PARALLEL_COMMIT || event == XACT_EVENT_ABORT ||
		event == XACT_EVENT_PARALLEL_ABORT || event == XACT_EVENT_PREPARE)
		close_levels(0);
}

/* A subtransaction that is rolled back takes the levels that it opened with it. */
static void
at_subtransaction_end(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	int kept = Min(depth, SEGMENT_PROGRESS_LEVELS);

	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	while (kept > 0 && opened_in[kept - 1] >= GetCurrentTransactionNestLevel())
		kept--;
	if (kept < Min(depth, SEGMENT_PROGRESS_LEVELS))
		close_levels(kept);
}

void
segment_progress_begin(const char *what, int64 total, Size memory)
{
	static bool registered = false;
	Level *level;

	if (!registered)
	{
		RegisterXactCallback(at_transaction_end, NULL);
		RegisterSubXactCallback(at_subtransaction_end, NULL);
		registered = true;
	}
	(void) find_board();
	depth++;
	if (depth > SEGMENT_PROGRESS_LEVELS)
		return;
	opened_in[depth - 1] = GetCurrentTransactionNestLevel();
	level = &levels[depth - 1];
	strlcpy(level->what, what, sizeof(level->what));
	level->what[pg_mbcliplen(level->what, strlen(level->what), sizeof(level->what) - 1)] = '\0';
	level->done = 0;
	level->total = total;
	level->memory = (int64) memory;
	level->started = GetCurrentTimestamp();
	if (depth == 1)
		last_notice = level->started;
	publish(depth - 1);
}

/* Says how far the outermost level is, if nothing was said for long. */
static void
say(void)
{
	TimestampTz now = GetCurrentTimestamp();

	if (!TimestampDifferenceExceeds(last_notice, now, NOTICE_EVERY_MS))
		return;
	last_notice = now;
	if (levels[0].total > 0)
		ereport(NOTICE, (errmsg("%s: %lld of %lld steps", levels[0].what, (long long) levels[0].done,
								(long long) levels[0].total)));
	else
		ereport(NOTICE, (errmsg("%s: %lld steps", levels[0].what, (long long) levels[0].done)));
}

void
segment_progress_step(int64 done)
{
	if (depth == 0 || depth > SEGMENT_PROGRESS_LEVELS)
		return;
	levels[depth - 1].done = done;
	if (board)
		publish(depth - 1);
	else
		say();
}

void
segment_progress_end(void)
{
	close_levels(Max(depth - 1, 0));
}

PG_FUNCTION_INFO_V1(segment_progress_list);

/*
 * progress_list(): a row a level of every call under way, of roles that the caller has the privileges of; of all for
 * members of pg_read_all_stats. A NOTICE where there is no board.
 */
Datum
segment_progress_list(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	bool sees_all = has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
	int i;

	InitMaterializedSRF(fcinfo, 0);
	if (!find_board())
	{
		ereport(NOTICE, (errmsg("progress reporting is not available on this server"),
						 errdetail("Servers before version 17 have it if the library is preloaded."),
						 errhint("Add segment to shared_preload_libraries. Without it, long calls say how far they are "
								 "by a NOTICE.")));
		return (Datum) 0;
	}
	for (i = 0; i < MaxBackends; i++)
	{
		Slot copy;
		int j;

		SpinLockAcquire(&board[i].mutex);
		copy = board[i];
		SpinLockRelease(&board[i].mutex);
		if (copy.depth == 0 || !(sees_all || has_privs_of_role(GetUserId(), copy.role)))
			continue;
		for (j = 0; j < copy.depth; j++)
		{
			const Level *level = &copy.level[j];
			Datum values[9];
			bool nulls[9] = {0};

			values[0] = Int32GetDatum(copy.pid);
			values[1] = ObjectIdGetDatum(copy.database);
			values[2] = ObjectIdGetDatum(copy.role);
			values[3] = Int32GetDatum(j + 1);
			values[4] = CStringGetTextDatum(level->what);
			values[5] = Int64GetDatum(level->done);
			values[6] = Int64GetDatum(level->total);
			nulls[6] = level->total <= 0;
			values[7] = Int64GetDatum(level->memory);
			nulls[7] = level->memory <= 0;
			values[8] = TimestampTzGetDatum(level->started);
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	}
	return (Datum) 0;
}
