/*
 * grouping_explain.c: what EXPLAIN shows of the node.
 */
#include "postgres.h"

#include "commands/explain.h"
#include "executor/executor.h"
#include "utils/ruleutils.h"

#include "core/compat.h"
#include "grouping/grouping_node.h"

/* Lists the keys as the query writes them. */
static void
explain_keys(GroupingState *node, List *ancestors, ExplainState *es)
{
	CustomScan *scan = (CustomScan *) node->css.ss.ps.plan;
	List *context = set_deparse_context_plan(es->deparse_cxt, (Plan *) scan, ancestors);
	bool use_prefix = es->verbose || segment_explain_relations(es) > 1;
	List *keys = NIL;

	for (int i = 0; i < list_length(node->plan.operators); i++)
	{
		Node *key = (Node *) list_nth_node(TargetEntry, scan->custom_scan_tlist, i)->expr;

		keys = lappend(keys, deparse_expression(key, context, use_prefix, true));
	}
	ExplainPropertyList("Group Key", keys, es);
}

void
segment_grouping_explain(CustomScanState *css, List *ancestors, ExplainState *es)
{
	GroupingState *node = (GroupingState *) css;

	explain_keys(node, ancestors, es);
	if (!es->analyze || !node->started)
		return;
	ExplainPropertyUInteger("Groups", NULL, node->groups, es);
	ExplainPropertyInteger("Batches", NULL, node->passes, es);
	ExplainPropertyInteger("Memory Usage", "kB", (node->peak_memory + 1023) / 1024, es);
	if (es->verbose)
		ExplainPropertyUInteger("Longest Probe", NULL, node->table.longest_probe, es);
	if (node->spill.bytes > 0)
	{
		ExplainPropertyInteger("Partitions", NULL, node->spill.partitions, es);
		ExplainPropertyInteger("Disk Usage", "kB", (node->spill.bytes + 1023) / 1024, es);
	}
}
