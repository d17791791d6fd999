/*
 * compat.h: the only file that names server versions.
 *
 * Shims are named after the newer interface and make it available on older servers. Everything else in the tree is
 * written as if only the newest server existed. Minor releases differ too: nothing here may resolve to a symbol that
 * an older minor release of the same major version does not export (palloc_array, PG_GETARG_HEAPTUPLEHEADER).
 */
#ifndef SEGMENT_CORE_COMPAT_H
#define SEGMENT_CORE_COMPAT_H

#include "fmgr.h"

#if PG_VERSION_NUM < 150000
#error "segment needs PostgreSQL 15 or newer"
#endif

#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#include "varatt.h"
#else
/* Input functions report soft errors from 16 on; before, the error is thrown. Call sites look the same. */
#define errsave(context, ...)        \
	do                               \
	{                                \
		(void) (context);            \
		ereport(ERROR, __VA_ARGS__); \
	} while (0)
#define ereturn(context, dummy_value, ...) \
	do                                     \
	{                                      \
		errsave(context, __VA_ARGS__);     \
		return dummy_value;                \
	} while (0)
#endif

/* mul_size and add_size are declared in different headers in different minor releases. */
#include "storage/shmem.h"

/* Privileges on a function. */
#if PG_VERSION_NUM >= 160000
#define segment_function_aclcheck(function, role, mode) object_aclcheck(ProcedureRelationId, function, role, mode)
#else
#define segment_function_aclcheck(function, role, mode) pg_proc_aclcheck(function, role, mode)
#endif

/* What a query needs the right to read is noted apart from its range table from 16 on. Include nodes/parsenodes.h first. */
#if PG_VERSION_NUM >= 160000
#define segment_read_permissions(query) ((query)->rteperminfos)
#define SegmentReadPermission RTEPermissionInfo
#else
#define segment_read_permissions(query) ((query)->rtable)
#define SegmentReadPermission RangeTblEntry
#endif

/* The GROUP BY clause without the keys that the planner found redundant. */
#if PG_VERSION_NUM >= 160000
#define segment_group_clause(root) ((root)->processed_groupClause)
#else
#define segment_group_clause(root) ((root)->parse->groupClause)
#endif

/*
 * The condition that ends a WindowAgg early, and another WindowAgg for the same window: from 17 on its path has the
 * condition, before its clause.
 */
#if PG_VERSION_NUM >= 170000
#define segment_run_condition(window) ((window)->runCondition)
#define segment_windowagg_path(root, rel, subpath, target, functions, window, qual, is_top)                         \
	create_windowagg_path(root, rel, subpath, target, functions, (window)->runCondition, (window)->winclause, qual, \
						  is_top)
#else
#define segment_run_condition(window) ((window)->winclause->runCondition)
#define segment_windowagg_path(root, rel, subpath, target, functions, window, qual, is_top) \
	create_windowagg_path(root, rel, subpath, target, functions, (window)->winclause, qual, is_top)
#endif

/* From 18 on EXPLAIN properties are declared in a header of their own. */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif

/* How many relations a query has, for EXPLAIN: from 18 on the grouping step is one of the range table, too. */
#if PG_VERSION_NUM >= 180000
#define segment_explain_relations(es) ((es)->rtable_size)
#else
#define segment_explain_relations(es) list_length((es)->rtable)
#endif

/* What ExecutorRun takes besides the query. */
#if PG_VERSION_NUM >= 180000
#define SEGMENT_EXECUTOR_RUN_ARGS ScanDirection direction, uint64 count
#define SEGMENT_EXECUTOR_RUN_VALUES direction, count
#else
#define SEGMENT_EXECUTOR_RUN_ARGS ScanDirection direction, uint64 count, bool execute_once
#define SEGMENT_EXECUTOR_RUN_VALUES direction, count, execute_once
#endif

/* From 18 on a path counts the nodes that settings disable, itself and below, which comes before any cost. */
#if PG_VERSION_NUM >= 180000
#define segment_count_disabled(path, child) ((path)->disabled_nodes = (child)->disabled_nodes)
#else
#define segment_count_disabled(path, child) ((void) (path), (void) (child))
#endif

/* From 18 on the magic block has a name and a version. */
#ifdef PG_MODULE_MAGIC_EXT
#define SEGMENT_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "segment", .version = SEGMENT_VERSION)
#else
#define SEGMENT_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/* From 18 on pg_noreturn precedes the declaration. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn _Noreturn
#endif

/* From 19 on a hand-made tuple descriptor must be finalized. */
#if PG_VERSION_NUM < 190000
#define TupleDescFinalize(desc) ((void) (desc))
#endif

/* From 19 on any window function may be called with RESPECT or IGNORE NULLS; ours must say that they ignore it. */
#if PG_VERSION_NUM < 190000
#define WinCheckAndInitializeNullTreatment(window, allow, fcinfo) ((void) 0)
#endif

/* The number of this process, below MaxBackends. */
#if PG_VERSION_NUM >= 170000
#define segment_proc_number() MyProcNumber
#else
#define segment_proc_number() (MyProc->pgprocno)
#endif

/*
 * Named shared memory, created and initialised by the first process to ask for it. NULL before 17; the callback has an
 * argument from 19 on.
 */
typedef void (*SegmentMemoryInit)(void *memory);
#if PG_VERSION_NUM >= 170000
#include "storage/dsm_registry.h"
#if PG_VERSION_NUM >= 190000
static inline void
segment_call_memory_init(void *memory, void *init)
{
	((SegmentMemoryInit) init)(memory);
}
#endif
static inline void *
segment_named_memory(const char *name, Size size, SegmentMemoryInit init)
{
	bool found;

#if PG_VERSION_NUM >= 190000
	return GetNamedDSMSegment(name, size, segment_call_memory_init, &found, (void *) init);
#else
	return GetNamedDSMSegment(name, size, init, &found);
#endif
}
#else
#define segment_named_memory(name, size, init) ((void) (name), (void) (size), (void) (init), (void *) NULL)
#endif

/* True for RESPECT or IGNORE NULLS. */
#if PG_VERSION_NUM >= 190000
#define segment_has_null_treatment(function) ((function)->ignore_nulls != 0)
#else
#define segment_has_null_treatment(function) ((void) (function), false)
#endif

/* The next datum of a sort, in ascending direction, copied where it is a pointer; false at the end. */
#if PG_VERSION_NUM >= 160000
#define segment_tuplesort_getdatum(sort, value, null) tuplesort_getdatum(sort, true, true, value, null, NULL)
#else
#define segment_tuplesort_getdatum(sort, value, null) tuplesort_getdatum(sort, true, value, null, NULL)
#endif

/* The entries of a new row in all indexes. Include executor/executor.h first. */
#if PG_VERSION_NUM >= 160000
#define segment_insert_index_tuples(result, slot, estate) \
	((void) ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL, false))
#else
#define segment_insert_index_tuples(result, slot, estate) \
	((void) ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL))
#endif

/* A scan of an index whose work nobody counts. Include access/genam.h first. */
#if PG_VERSION_NUM >= 180000
#define segment_index_beginscan(table, index, snapshot, keys) index_beginscan(table, index, snapshot, NULL, keys, 0)
#else
#define segment_index_beginscan(table, index, snapshot, keys) index_beginscan(table, index, snapshot, keys, 0)
#endif

/* palloc of n elements with a checked size, without palloc_array's newer symbol. */
#define segment_palloc_array(type, n) ((type *) palloc(mul_size(sizeof(type), (n))))
#define segment_palloc0_array(type, n) ((type *) palloc0(mul_size(sizeof(type), (n))))

#endif
