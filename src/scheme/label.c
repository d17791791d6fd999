/*
 * label.c: label() and its companions: from a score to the segment's name, rank, meaning, action and colour.
 */
#include "postgres.h"

#include "core/compat.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "scheme/scheme.h"

/*
 * What a scheme's rows look like depends on the snapshot, on what this transaction has done before it, and, with
 * row-level security, on the user. fn_extra outlives a statement inside plpgsql, so a change there must be seen.
 * snapXactCompletionCount moves whenever a transaction with an id ends; curcid whenever this one has written;
 * a rolled back subtransaction, which moves neither under REPEATABLE READ, is told by its id. What a policy reads
 * beside the rows, such as a setting, is told by nothing: where one applies, schemes are read for every call.
 */
typedef struct CacheKey
{
	uint64 completions;
	TransactionId xmin;
	TransactionId xmax;
	CommandId curcid;
	SubTransactionId subtransaction;
	Oid user;
} CacheKey;

typedef struct LabelCache
{
	CacheKey key;
	MemoryContext context; /* the schemes' parent */
	Scheme *schemes;	   /* most recently used first */
	text *zone_name;	   /* NULL: none yet */
	pg_tz *zone;
} LabelCache;

static CacheKey
current_key(void)
{
	Snapshot snapshot = GetActiveSnapshot();
	CacheKey key;

	key.completions = snapshot->snapXactCompletionCount;
	key.xmin = snapshot->xmin;
	key.xmax = snapshot->xmax;
	key.curcid = snapshot->curcid;
	key.subtransaction = GetCurrentSubTransactionId();
	key.user = GetUserId();
	return key;
}

static bool
same_key(const CacheKey *a, const CacheKey *b)
{
	return a->completions == b->completions && a->xmin == b->xmin && a->xmax == b->xmax && a->curcid == b->curcid &&
		   a->subtransaction == b->subtransaction && a->user == b->user;
}

static bool
same_text(const text *a, const text *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		   memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/* The call site's cache, emptied if it may be out of date. */
static LabelCache *
current_cache(FunctionCallInfo fcinfo)
{
	LabelCache *cache = fcinfo->flinfo->fn_extra;
	CacheKey key = current_key();

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(LabelCache));
		cache->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "segment schemes", ALLOCSET_SMALL_SIZES);
		cache->key = key;
		fcinfo->flinfo->fn_extra = cache;
	}
	else if (!same_key(&cache->key, &key))
	{
		cache->schemes = NULL;
		MemoryContextReset(cache->context);
		cache->key = key;
	}
	return cache;
}

/* True if row-level security decides which rows of a scheme the user sees. */
static bool
under_policies(Oid schema)
{
	return check_enable_rls(get_relname_relid("scheme", schema), InvalidOid, true) == RLS_ENABLED ||
		   check_enable_rls(get_relname_relid("scheme_rule", schema), InvalidOid, true) == RLS_ENABLED;
}

/* The scheme of this name, read once a query; for every call, into the current context, where policies apply. */
static Scheme *
cached_scheme(FunctionCallInfo fcinfo, LabelCache *cache, text *name)
{
	Scheme **link = &cache->schemes;
	Scheme *scheme;

	while (*link != NULL && !same_text((*link)->name, name))
		link = &(*link)->next;
	if (*link == cache->schemes && *link != NULL)
		return *link;
	if (*link != NULL)
	{
		scheme = *link;
		*link = scheme->next;
	}
	else if (under_policies(SCHEME_SCHEMA(fcinfo)))
		return segment_scheme_load(SCHEME_SCHEMA(fcinfo), name, CurrentMemoryContext);
	else
		scheme = segment_scheme_load(SCHEME_SCHEMA(fcinfo), name, cache->context);
	scheme->next = cache->schemes;
	cache->schemes = scheme;
	return scheme;
}

/* The zone of this name, looked up when the name changes. */
static pg_tz *
cached_zone(FunctionCallInfo fcinfo, LabelCache *cache, text *name)
{
	if (cache->zone_name == NULL || !same_text(cache->zone_name, name))
	{
		cache->zone = segment_zone(name);
		if (cache->zone_name != NULL)
			pfree(cache->zone_name);
		cache->zone_name = NULL; /* out of memory, nothing may point to what is gone */
		cache->zone_name = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, VARSIZE_ANY(name));
		memcpy(cache->zone_name, name, VARSIZE_ANY(name));
	}
	return cache->zone;
}

/*
 * The label for the arguments (score, scheme) or (score, scheme, rfm, as_of, zone); NULL if SQL NULL is the answer:
 * scheme, as_of or zone is NULL, or the score is although the summary has orders.
 */
static const SchemeLabel *
find_label(FunctionCallInfo fcinfo)
{
	bool with_facts = PG_NARGS() > 2;
	const Rfm *rfm = NULL;
	DateADT as_of = 0;
	SchemeFacts facts;
	LabelCache *cache;
	Scheme *scheme;
	RfmScore score;

	if (PG_ARGISNULL(1) || (with_facts && (PG_ARGISNULL(3) || PG_ARGISNULL(4))))
		return NULL;
	cache = current_cache(fcinfo);
	scheme = cached_scheme(fcinfo, cache, PG_GETARG_TEXT_PP(1));
	if (with_facts)
	{
		if (PG_ARGISNULL(2))
			return &scheme->labels[SCHEME_PROSPECT];
		as_of = PG_GETARG_DATEADT(3);
		segment_check_as_of(as_of);
		rfm = PG_GETARG_RFM(2);
		if (!segment_rfm_has_orders(rfm))
			return &scheme->labels[SCHEME_NO_ORDERS];
		if (PG_ARGISNULL(0))
			return NULL;
	}
	else if (PG_ARGISNULL(0))
		return &scheme->labels[SCHEME_PROSPECT];
	score = PG_GETARG_RFM_SCORE(0);
	segment_scheme_check_bins(scheme, score);
	if (!rfm_score_has_orders(score))
		return &scheme->labels[SCHEME_NO_ORDERS];
	if (with_facts)
	{
		facts.orders = rfm->orders;
		facts.tenure_days = segment_rfm_tenure_days(rfm, as_of, cached_zone(fcinfo, cache, PG_GETARG_TEXT_PP(4)));
	}
	return segment_scheme_label(scheme, segment_scheme_fire(scheme, score, with_facts ? &facts : NULL));
}

/* One of a label's texts as a result. */
#define RETURN_LABEL_TEXT(field)                       \
	do                                                 \
	{                                                  \
		const SchemeLabel *label = find_label(fcinfo); \
		if (label == NULL || label->field == NULL)     \
			PG_RETURN_NULL();                          \
		PG_RETURN_TEXT_P(label->field);                \
	} while (0)

/* label(score, scheme [, rfm, as_of, zone]): the segment's name. Not strict: see find_label. */
PG_FUNCTION_INFO_V1(segment_label);

Datum
segment_label(PG_FUNCTION_ARGS)
{
	RETURN_LABEL_TEXT(name);
}

/* label_sort(...): the segment's rank as smallint, 1 is best; Others, No orders and Prospect come last. */
PG_FUNCTION_INFO_V1(segment_label_sort);

Datum
segment_label_sort(PG_FUNCTION_ARGS)
{
	const SchemeLabel *label = find_label(fcinfo);

	if (label == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT16((int16) label->sort);
}

/* label_meaning(...): who is in the segment. */
PG_FUNCTION_INFO_V1(segment_label_meaning);

Datum
segment_label_meaning(PG_FUNCTION_ARGS)
{
	RETURN_LABEL_TEXT(meaning);
}

/* label_action(...): what to do about them. */
PG_FUNCTION_INFO_V1(segment_label_action);

Datum
segment_label_action(PG_FUNCTION_ARGS)
{
	RETURN_LABEL_TEXT(action);
}

/* label_colour(...): #RRGGBB. */
PG_FUNCTION_INFO_V1(segment_label_colour);

Datum
segment_label_colour(PG_FUNCTION_ARGS)
{
	RETURN_LABEL_TEXT(colour);
}
