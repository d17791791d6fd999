/*
 * quantiles_value.c: flat quantiles: allocation, reading as a source, the expanded object that aggregates change in
 * place.
 */
#include "postgres.h"

#include "core/memory.h"

#include "utils/expandeddatum.h"
#include "utils/memutils.h"

#include "score/quantiles_object.h"

Size
segment_quantiles_size(size_t n, int width)
{
	Size size = add_size(offsetof(Quantiles, values), mul_size(n, sizeof(double) + (Size) width));

	segment_check_value_size("quantiles", size,
							 "cut_points_agg makes cut points of any number of values in one step, without parallel "
							 "workers; or round the values.");
	return size;
}

Quantiles *
segment_quantiles_allocate(size_t n, int width, int64 total)
{
	Size size = segment_quantiles_size(n, width);
	Quantiles *quantiles = palloc0(size);

	SET_VARSIZE(quantiles, size);
	quantiles->version = SEGMENT_QUANTILES_VERSION;
	quantiles->width = (uint8) width;
	quantiles->n = (uint32) n;
	quantiles->total = total;
	return quantiles;
}

void
segment_quantiles_measure(SegmentSource *source, size_t *n, int *width)
{
	SegmentWeighted entry;
	int64 largest = 1;

	*n = 0;
	source->rewind(source);
	while (source->next(source, &entry))
	{
		SEGMENT_POLL(segment_score_poll, *n);
		largest = Max(largest, entry.count);
		(*n)++;
	}
	*width = segment_count_width(largest);
}

void
segment_quantiles_fill(SegmentSource *source, Quantiles *quantiles)
{
	unsigned char *counts = (unsigned char *) (quantiles->values + quantiles->n);
	SegmentWeighted entry;

	source->rewind(source);
	for (size_t i = 0; i < quantiles->n && source->next(source, &entry); i++)
	{
		SEGMENT_POLL(segment_score_poll, i);
		quantiles->values[i] = entry.value;
		segment_multiset_put_count(counts, quantiles->width, i, entry.count);
	}
}

Quantiles *
segment_quantiles_flatten(SegmentSource *source)
{
	Quantiles *quantiles;
	size_t n;
	int width;

	segment_quantiles_measure(source, &n, &width);
	quantiles = segment_quantiles_allocate(n, width, source->total);
	segment_quantiles_fill(source, quantiles);
	return quantiles;
}

/* --- a flat value as a source ------------------------------------------------------------------- */

typedef struct ValueSource
{
	SegmentSource source;
	SegmentMultiset set;
	size_t at;
} ValueSource;

static void
value_rewind(SegmentSource *source)
{
	((ValueSource *) source)->at = 0;
}

static bool
value_next(SegmentSource *source, SegmentWeighted *entry)
{
	ValueSource *value = (ValueSource *) source;

	if (value->at == value->set.n)
		return false;
	entry->value = value->set.values[value->at];
	entry->count = segment_multiset_count(&value->set, value->at++);
	return true;
}

SegmentSource *
segment_quantiles_value_source(const Quantiles *quantiles)
{
	ValueSource *value = palloc0(sizeof(ValueSource));

	value->source.total = quantiles->total;
	value->source.distinct = quantiles->n;
	value->source.lowest = quantiles->values[0];
	value->source.highest = quantiles->values[quantiles->n - 1];
	value->source.rewind = value_rewind;
	value->source.next = value_next;
	value->set = segment_quantiles_set(quantiles);
	return &value->source;
}

/* --- the expanded object ------------------------------------------------------------------------ */

/* Works in the object's own context: a sort's context can't free single chunks from 17 on. */
static Size
object_flat_size(ExpandedObjectHeader *header)
{
	QuantilesObject *object = (QuantilesObject *) header;
	MemoryContext before = MemoryContextSwitchTo(header->eoh_context);
	SegmentSource *source = segment_quantiles_state_source(&object->state);

	segment_quantiles_measure(source, &object->flat_n, &object->flat_width);
	pfree(source);
	MemoryContextSwitchTo(before);
	return segment_quantiles_size(object->flat_n, object->flat_width);
}

/* Always called right behind object_flat_size. */
static void
object_flatten(ExpandedObjectHeader *header, void *result, Size size)
{
	QuantilesObject *object = (QuantilesObject *) header;
	MemoryContext before = MemoryContextSwitchTo(header->eoh_context);
	SegmentSource *source = segment_quantiles_state_source(&object->state);
	Quantiles *quantiles = result;

	Assert(size == segment_quantiles_size(object->flat_n, object->flat_width));
	memset(quantiles, 0, size);
	SET_VARSIZE(quantiles, size);
	quantiles->version = SEGMENT_QUANTILES_VERSION;
	quantiles->width = (uint8) object->flat_width;
	quantiles->n = (uint32) object->flat_n;
	quantiles->total = object->state.total;
	segment_quantiles_fill(source, quantiles);
	pfree(source);
	MemoryContextSwitchTo(before);
}

static const ExpandedObjectMethods object_methods = {object_flat_size, object_flatten};

QuantilesObject *
segment_quantiles_object_new(MemoryContext parent, bool may_spill)
{
	MemoryContext context = AllocSetContextCreate(parent, "quantiles", ALLOCSET_SMALL_SIZES);
	QuantilesObject *object = MemoryContextAllocZero(context, sizeof(QuantilesObject));

	EOH_init_header(&object->header, &object_methods, context);
	segment_quantiles_state_init(&object->state, context, may_spill);
	return object;
}

QuantilesObject *
segment_quantiles_object_of(Datum datum)
{
	ExpandedObjectHeader *header;

	if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(datum)))
		return NULL;
	header = DatumGetEOHP(datum);
	return header->eoh_methods == &object_methods ? (QuantilesObject *) header : NULL;
}

SegmentSource *
segment_quantiles_datum_source(Datum datum)
{
	QuantilesObject *object = segment_quantiles_object_of(datum);

	if (object)
		return segment_quantiles_state_source(&object->state);
	return segment_quantiles_value_source(DatumGetQuantiles(datum));
}
