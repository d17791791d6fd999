/*
 * score_parallel.c: rfm_score(…) OVER () by several processes, see score_node.h.
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
		return true;
	/* the rows are taken; nobody shall wait for this process */
	BarrierDetach(barrier);
	return false;
}

/* Puts this process's values where the others see them. */
static void
hand_over(ScoreState *node)
{
	ScorePart *part = &node->shared->part[pg_atomic_fetch_add_u32(&node->shared->participants, 1)];
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
	(void) segment_score_make_cuts(segment_score_node_options(node), dimension, values, n, &shared->cuts[dimension]);
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
		falls_back = segment_score_falls_back(segment_score_node_options(node), customers, cuts);
	while (customers > 0 && !falls_back &&
		   (dimension = pg_atomic_fetch_add_u32(&shared->dimension, 1)) < RFM_DIMENSIONS)
		make_cuts(node, (int) dimension, customers);
	/* one process does what is to be done once */
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

Size
segment_score_estimate_dsm(CustomScanState *css, ParallelContext *pcxt)
{
	(void) css;
	/* the workers and the leader */
	return add_size(offsetof(ScoreShared, part), mul_size(pcxt->nworkers + 1, sizeof(ScorePart)));
}

/* Everything at its beginning. */
static void
reset_shared(ScoreShared *shared)
{
	BarrierInit(&shared->barrier, 0);
	pg_atomic_init_u32(&shared->participants, 0);
	pg_atomic_init_u32(&shared->dimension, 0);
}

void
segment_score_init_dsm(CustomScanState *css, ParallelContext *pcxt, void *coordinate)
{
	ScoreState *node = (ScoreState *) css;

	/* without a segment there are no workers, and the node works alone */
	node->shared = pcxt->seg != NULL ? (ScoreShared *) coordinate : NULL;
	if (node->shared != NULL)
		reset_shared(node->shared);
}

void
segment_score_reinit_dsm(CustomScanState *css, ParallelContext *pcxt, void *coordinate)
{
	ScoreState *node = (ScoreState *) css;

	(void) pcxt;
	(void) coordinate;
	if (node->shared != NULL)
		reset_shared(node->shared);
}

void
segment_score_init_worker(CustomScanState *css, shm_toc *toc, void *coordinate)
{
	(void) toc;
	((ScoreState *) css)->shared = (ScoreShared *) coordinate;
}
