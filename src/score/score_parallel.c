/*
 * score_parallel.c: rfm_score(...) OVER (...) by several processes, see score_node.h.
 *
 * No participant waits after it has returned a row: a waiting process could otherwise wait for one that waits for room
 * in its queue of rows.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "core/compat.h"
#include "score/score_node.h"

bool
segment_score_join(ScoreState *node)
{
	Barrier *barrier = &node->shared->barrier;

	if (BarrierAttach(barrier) == 0)
	{
		node->share.participant = pg_atomic_fetch_add_u32(&node->shared->participants, 1);
		return true;
	}
	/* all rows are read; nobody must wait for this process */
	BarrierDetach(barrier);
	return false;
}

/* Shares this process's values with the others. */
static void
hand_over(ScoreState *node)
{
	ScorePart *part = &node->shared->part[node->share.participant];
	dsa_area *area = node->css.ss.ps.state->es_query_dsa;
	Size size = mul_size(node->customers, sizeof(double));
	char *values;

	part->customers = node->customers;
	part->values = InvalidDsaPointer;
	if (node->customers == 0)
		return;
	part->values = dsa_allocate_extended(area, mul_size(size, RFM_DIMENSIONS), DSA_ALLOC_HUGE);
	values = dsa_get_address(area, part->values);
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		memcpy(values + d * size, node->values[d], size);
}

/* Makes the cut points of one dimension of all customers. */
static void
make_cuts(ScoreState *node, int dimension, int64 customers)
{
	ScoreShared *shared = node->shared;
	double *values = MemoryContextAllocHuge(node->context, mul_size(customers, sizeof(double)));
	uint32 participants = pg_atomic_read_u32(&shared->participants);
	int64 n = 0;

	for (uint32 i = 0; i < participants; i++)
	{
		const ScorePart *part = &shared->part[i];
		const double *handed_over;

		if (part->customers == 0)
			continue;
		handed_over = dsa_get_address(node->css.ss.ps.state->es_query_dsa, part->values);
		memcpy(values + n, handed_over + dimension * part->customers, part->customers * sizeof(double));
		n += part->customers;
	}
	(void) segment_score_make_cuts(segment_scorer_known(node->scorer), dimension, values, n, &shared->cuts[dimension]);
	pfree(values);
}

int64
segment_score_cuts_together(ScoreState *node, SegmentCutsBuffer buffers[RFM_DIMENSIONS],
							const SegmentCuts *cuts[RFM_DIMENSIONS])
{
	ScoreShared *shared = node->shared;
	uint32 participants;
	uint32 dimension;
	int64 customers = 0;
	bool falls_back = false;

	hand_over(node);
	(void) BarrierArriveAndWait(&shared->barrier, PG_WAIT_EXTENSION);
	participants = pg_atomic_read_u32(&shared->participants);
	for (uint32 i = 0; i < participants; i++)
		customers += shared->part[i].customers;
	if (customers > 0)
		falls_back = segment_score_falls_back(segment_scorer_known(node->scorer), customers, cuts);
	while (customers > 0 && !falls_back && (dimension = pg_atomic_fetch_add_u32(&shared->next, 1)) < RFM_DIMENSIONS)
		make_cuts(node, (int) dimension, customers);
	/* elected: this process does what is done once */
	if (BarrierArriveAndWait(&shared->barrier, PG_WAIT_EXTENSION))
	{
		for (uint32 i = 0; i < participants; i++)
			if (DsaPointerIsValid(shared->part[i].values))
				dsa_free(node->css.ss.ps.state->es_query_dsa, shared->part[i].values);
		if (customers > 0 && !falls_back)
			(void) segment_warn_lopsided(&shared->cuts[RFM_MONETARY].cuts, "customers");
	}
	if (customers > 0 && !falls_back)
	{
		memcpy(buffers, shared->cuts, sizeof(shared->cuts));
		for (int d = 0; d < RFM_DIMENSIONS; d++)
			cuts[d] = &buffers[d].cuts;
	}
	return customers;
}

/* The counts of a participant's batches, one scorer behind the other. */
static ScorerCount *
counts_of(const ScoreState *node, uint32 participant)
{
	ScoreShared *shared = node->shared;
	char *counts = (char *) shared + MAXALIGN(offsetof(ScoreShared, part) + shared->room * sizeof(ScorePart));

	return (ScorerCount *) counts + (Size) participant * node->scorers * node->scorer->batches;
}

/* Tells the others what this process has read, waits for them, and learns what they have read. */
static void
exchange_counts(ScoreState *node)
{
	uint32 participant = node->share.participant;
	int batches = node->scorer->batches;
	ScorerCount *mine = counts_of(node, participant);

	for (int i = 0; i < node->scorers; i++)
	{
		segment_scorer_end_reading(&node->scorer[i]);
		memcpy(mine + (Size) i * batches, node->scorer[i].count, batches * sizeof(ScorerCount));
	}
	(void) BarrierArriveAndWait(&node->shared->barrier, PG_WAIT_EXTENSION);
	node->share.participants = pg_atomic_read_u32(&node->shared->participants);
	for (uint32 other = 0; other < node->share.participants; other++)
	{
		const ScorerCount *counts = counts_of(node, other);

		for (int i = 0; i < node->scorers * batches && other != participant; i++)
			segment_scorer_add_count(&node->scorer[i / batches].count[i % batches], &counts[i]);
	}
}

void
segment_score_batches(ScoreState *node)
{
	ScoreShared *shared = node->shared;
	int batches = node->scorer->batches;
	uint32 all = (uint32) (node->scorers * batches);

	if (shared != NULL)
	{
		uint32 next;

		exchange_counts(node);
		while ((next = pg_atomic_fetch_add_u32(&shared->next, 1)) < all)
			segment_scorer_score(&node->scorer[next / batches], (int) (next % batches));
	}
	else
		for (uint32 next = 0; next < all; next++)
			segment_scorer_score(&node->scorer[next / batches], (int) (next % batches));
	node->partitions = node->bytes = 0;
	for (int i = 0; i < node->scorers; i++)
	{
		node->partitions += node->scorer[i].partitions;
		node->bytes += node->scorer[i].bytes;
	}
	if (shared == NULL)
		return;
	pg_atomic_fetch_add_u64(&shared->partitions, node->partitions);
	pg_atomic_fetch_add_u64(&shared->bytes, node->bytes);
	(void) BarrierArriveAndWait(&shared->barrier, PG_WAIT_EXTENSION);
}

Size
segment_score_estimate_dsm(CustomScanState *css, ParallelContext *pcxt)
{
	const ScoreState *node = (const ScoreState *) css;
	Size participants = pcxt->nworkers + 1; /* the workers and the leader */
	Size counts = mul_size(mul_size(node->scorers, node->scorer->batches), sizeof(ScorerCount));

	return add_size(MAXALIGN(add_size(offsetof(ScoreShared, part), mul_size(participants, sizeof(ScorePart)))),
					node->is_whole ? 0 : mul_size(participants, counts));
}

/* Resets the shared state. */
static void
reset_shared(ScoreShared *shared)
{
	BarrierInit(&shared->barrier, 0);
	pg_atomic_init_u32(&shared->participants, 0);
	pg_atomic_init_u32(&shared->next, 0);
	pg_atomic_init_u64(&shared->partitions, 0);
	pg_atomic_init_u64(&shared->bytes, 0);
	shared->has_warned = false;
}

/* Has the scorers work with those of other processes. */
static void
share_scorers(ScoreState *node)
{
	ScoreShared *shared = node->shared;

	node->share.files = &shared->files;
	for (int i = 0; i < node->scorers; i++)
	{
		node->scorer[i].share = &node->share;
		node->scorer[i].layout.key = shared->key;
		node->scorer[i].limit = shared->limit;
		node->scorer[i].has_warned = &shared->has_warned;
	}
}

void
segment_score_init_dsm(CustomScanState *css, ParallelContext *pcxt, void *coordinate)
{
	ScoreState *node = (ScoreState *) css;

	/* without a segment there are no workers, and the node works alone */
	if (pcxt->seg == NULL)
		return;
	node->shared = (ScoreShared *) coordinate;
	reset_shared(node->shared);
	node->shared->room = (uint32) pcxt->nworkers + 1;
	node->shared->segment = dsm_segment_handle(pcxt->seg);
	node->shared->key = node->scorer->layout.key;
	node->shared->limit = node->scorer->limit;
	SharedFileSetInit(&node->shared->files, pcxt->seg);
	share_scorers(node);
}

void
segment_score_reinit_dsm(CustomScanState *css, ParallelContext *pcxt, void *coordinate)
{
	ScoreState *node = (ScoreState *) css;

	(void) pcxt;
	(void) coordinate;
	if (node->shared == NULL)
		return;
	SharedFileSetDeleteAll(&node->shared->files);
	reset_shared(node->shared);
}

void
segment_score_init_worker(CustomScanState *css, shm_toc *toc, void *coordinate)
{
	ScoreState *node = (ScoreState *) css;

	(void) toc;
	node->shared = (ScoreShared *) coordinate;
	SharedFileSetAttach(&node->shared->files, dsm_find_mapping(node->shared->segment));
	share_scorers(node);
}

/* Keeps what EXPLAIN shows, before the shared memory goes. */
void
segment_score_shutdown(CustomScanState *css)
{
	ScoreState *node = (ScoreState *) css;

	if (node->shared == NULL || IsParallelWorker())
		return;
	node->partitions = (int64) pg_atomic_read_u64(&node->shared->partitions);
	node->bytes = (int64) pg_atomic_read_u64(&node->shared->bytes);
	/* close this process's files; the next scan works alone unless there are other processes again */
	for (int i = 0; i < node->scorers; i++)
	{
		segment_scorer_forget(&node->scorer[i]);
		node->scorer[i].share = NULL;
		node->scorer[i].has_warned = &node->has_warned;
	}
	node->shared = NULL;
}
