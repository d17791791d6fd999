/*
 * init_plans.h: values that a query level's uncorrelated subqueries give, where several processes run the level.
 */
#ifndef SEGMENT_CORE_INIT_PLANS_H
#define SEGMENT_CORE_INIT_PLANS_H

#include "nodes/extensible.h"
#include "nodes/pathnodes.h"

/*
 * Hands a level's InitPlans to the level above, if one of the partial paths of its final relation is a custom path of
 * these methods. For a create_upper_paths_hook, at UPPERREL_FINAL.
 *
 * Core drops the partial paths of a level with an InitPlan: before version 17 always, from then on where the InitPlan
 * itself has parallel workers, as the maximum of a large table does. All that stands above the level would then be the
 * leader's work. The level above computes the same values once, in the leader, before its own workers start.
 */
extern void segment_hand_up_init_plans(PlannerInfo *root, const RelOptInfo *final_rel,
									   const CustomPathMethods *methods);

#endif
