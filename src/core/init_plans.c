/*
 * init_plans.c: see init_plans.h.
 */
#include "postgres.h"

#include "core/init_plans.h"

/* True if several processes may run a custom path of these methods for the level. */
static bool
is_shared(const RelOptInfo *final_rel, const CustomPathMethods *methods)
{
	ListCell *cell;

	foreach (cell, final_rel->partial_pathlist)
	{
		const Path *path = (const Path *) lfirst(cell);

		while (IsA(path, ProjectionPath) || IsA(path, SubqueryScanPath))
			path = IsA(path, ProjectionPath) ? ((const ProjectionPath *) path)->subpath
											 : ((const SubqueryScanPath *) path)->subpath;
		if (IsA(path, CustomPath) && ((const CustomPath *) path)->methods == methods)
			return true;
	}
	return false;
}

/*
 * True if the level's InitPlans give the same values wherever they are attached: nothing in the level refers to a row of
 * a level above (plan_params). A CTE is looked up in the level that it was declared in, and has to stay there.
 */
static bool
are_constant(const PlannerInfo *root)
{
	ListCell *cell;

	for (const PlannerInfo *above = root->parent_root; above != NULL; above = above->parent_root)
		if (above->plan_params != NIL)
			return false;
	foreach (cell, root->init_plans)
	{
		SubLinkType type = lfirst_node(SubPlan, cell)->subLinkType;

		if (type != EXPR_SUBLINK && type != EXISTS_SUBLINK && type != ARRAY_SUBLINK)
			return false;
	}
	return true;
}

void
segment_hand_up_init_plans(PlannerInfo *root, const RelOptInfo *final_rel, const CustomPathMethods *methods)
{
	if (root->parent_root == NULL || root->init_plans == NIL || !is_shared(final_rel, methods) || !are_constant(root))
		return;
	root->parent_root->init_plans = list_concat(root->parent_root->init_plans, root->init_plans);
	root->init_plans = NIL;
}
