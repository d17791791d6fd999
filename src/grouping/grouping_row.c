/*
 * grouping_row.c: rows and groups as bytes: filling rows from slots, hashing and comparing keys, writing and reading
 * the stored columns of groups.
 */
#include "postgres.h"

#include "core/image.h"
#include "grouping/grouping_row.h"

#include "utils/expandeddatum.h"

/* Gives every field its place. Every field begins at a multiple of 8 bytes. */
void
segment_grouping_lay_out(GroupingLayout *layout, Size states_size, Size packed_size)
{
	Size row = sizeof(GroupingRowHead);
	Size group = 0;

	layout->narrow = layout->columns == 1 && layout->field[0].compare == GROUPING_COMPARE_DATUM;
	layout->variable = layout->by_reference = false;
	if (!layout->narrow)
		group = sizeof(GroupingGroupHead);
	for (int i = 0; i < layout->fields; i++)
	{
		GroupingField *field = &layout->field[i];
		Size size = field->kind == GROUPING_FIELD_FIXED ? MAXALIGN(field->length) : sizeof(Datum);

		field->in_row = row;
		row += size;
		if (field->kind == GROUPING_FIELD_VARLENA)
			layout->by_reference = true;
		if (i < layout->columns)
		{
			field->in_group = group;
			group += size;
			if (field->kind == GROUPING_FIELD_VARLENA)
				layout->variable = true;
		}
	}
	layout->packed_offset = row;
	layout->row_size = row + packed_size;
	layout->states_offset = group;
	layout->group_size = group + states_size;
}

Size
segment_grouping_fill_row(const GroupingLayout *layout, const Datum *values, const bool *nulls, char *row)
{
	GroupingRowHead *head = (GroupingRowHead *) row;
	Size bytes = 0;

	head->filtered = 0;
	head->nulls = 0;
	for (int i = 0; i < layout->fields; i++)
	{
		const GroupingField *field = &layout->field[i];
		Datum value = values[field->input - 1];
		Datum *place = (Datum *) (row + field->in_row);

		if (nulls[field->input - 1])
		{
			head->nulls |= UINT64CONST(1) << i;
			if (field->kind == GROUPING_FIELD_FIXED)
				memset(place, 0, MAXALIGN(field->length));
			else
				*place = 0;
			continue;
		}
		switch (field->kind)
		{
			case GROUPING_FIELD_BYVAL:
				*place = segment_canonical_datum(value, field->length);
				break;
			case GROUPING_FIELD_FIXED:
				memcpy(place, DatumGetPointer(value), field->length);
				break;
			case GROUPING_FIELD_VARLENA:
				/* Keys are compared as they lie in memory; arguments go to functions that detoast them. */
				if (i < layout->columns)
					value = PointerGetDatum(PG_DETOAST_DATUM_PACKED(value));
				else if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
					value = PointerGetDatum(PG_DETOAST_DATUM(value));
				*place = value;
				bytes += MAXALIGN(VARSIZE_ANY(DatumGetPointer(value)));
				break;
		}
	}
	return bytes;
}

/* Hashed in place of a NULL key. */
#define NULL_WORD UINT64CONST(0x4E554C4C4B455921)

uint32
segment_grouping_hash_row(GroupingLayout *layout, const SegmentHashKey *key, char *row)
{
	uint64 hash = 0;

	if (layout->narrow)
		return grouping_hash_datum(key, *(Datum *) (row + layout->field[0].in_row));
	for (int i = 0; i < layout->keys; i++)
	{
		GroupingField *field = &layout->field[i];
		Datum value = grouping_row_value(field, row);

		if (grouping_row_is_null(row, i))
		{
			hash = segment_hash_word(key, hash, NULL_WORD);
			continue;
		}
		switch (field->compare)
		{
			case GROUPING_COMPARE_DATUM:
				hash = segment_hash_word(key, hash, (uint64) value);
				break;
			case GROUPING_COMPARE_FIXED:
				hash = segment_hash_bytes(key, hash, DatumGetPointer(value), field->length);
				break;
			case GROUPING_COMPARE_BYTES:
				hash = segment_hash_bytes(key, hash, VARDATA_ANY(DatumGetPointer(value)),
										  VARSIZE_ANY_EXHDR(DatumGetPointer(value)));
				break;
			case GROUPING_COMPARE_FUNCTION:
				hash = segment_type_hash_value(&field->hash, key, hash, field->collation, value);
				break;
			case GROUPING_COMPARE_NONE:
				break;
		}
	}
	return segment_hash_end(hash);
}

void
segment_grouping_keep_row(GroupingLayout *layout, char *row, char *arena)
{
	if (layout->by_reference)
	{
		for (int i = 0; i < layout->fields; i++)
		{
			GroupingField *field = &layout->field[i];

			if (field->kind == GROUPING_FIELD_VARLENA && !grouping_row_is_null(row, i))
			{
				Datum *place = (Datum *) (row + field->in_row);
				Size size = VARSIZE_ANY(DatumGetPointer(*place));

				memcpy(arena, DatumGetPointer(*place), size);
				*place = PointerGetDatum(arena);
				arena += MAXALIGN(size);
			}
		}
	}
	((GroupingRowHead *) row)->hash = segment_grouping_hash_row(layout, &layout->key, row);
}

/* A stored column of a group as a Datum. */
static inline Datum
group_value(const GroupingField *field, char *group)
{
	switch (field->kind)
	{
		case GROUPING_FIELD_FIXED:
			return PointerGetDatum(group + field->in_group);
		case GROUPING_FIELD_VARLENA:
			return PointerGetDatum(group + *(Datum *) (group + field->in_group));
		default:
			return *(Datum *) (group + field->in_group);
	}
}

bool
segment_grouping_same_keys(GroupingLayout *layout, char *group, char *row)
{
	const GroupingGroupHead *group_head = (const GroupingGroupHead *) group;
	const GroupingRowHead *row_head = (const GroupingRowHead *) row;
	uint64 key_bits = (UINT64CONST(1) << layout->keys) - 1;

	if (group_head->hash != row_head->hash || (group_head->nulls & key_bits) != (row_head->nulls & key_bits))
		return false;
	for (int i = 0; i < layout->keys; i++)
	{
		GroupingField *field = &layout->field[i];
		Datum ours = group_value(field, group);
		Datum theirs = grouping_row_value(field, row);
		Size length;

		if (grouping_row_is_null(row, i))
			continue;
		switch (field->compare)
		{
			case GROUPING_COMPARE_DATUM:
				if (ours != theirs)
					return false;
				break;
			case GROUPING_COMPARE_FIXED:
				if (memcmp(DatumGetPointer(ours), DatumGetPointer(theirs), field->length) != 0)
					return false;
				break;
			case GROUPING_COMPARE_BYTES:
				length = VARSIZE_ANY_EXHDR(DatumGetPointer(ours));
				if (length != VARSIZE_ANY_EXHDR(DatumGetPointer(theirs)) ||
					memcmp(VARDATA_ANY(DatumGetPointer(ours)), VARDATA_ANY(DatumGetPointer(theirs)), length) != 0)
					return false;
				break;
			case GROUPING_COMPARE_FUNCTION:
				if (!DatumGetBool(FunctionCall2Coll(&field->equal, field->collation, ours, theirs)))
					return false;
				break;
			case GROUPING_COMPARE_NONE:
				break;
		}
	}
	return true;
}

Size
segment_grouping_group_size(const GroupingLayout *layout, const char *row)
{
	Size size = layout->group_size;

	if (layout->variable)
	{
		for (int i = 0; i < layout->columns; i++)
		{
			const GroupingField *field = &layout->field[i];

			if (field->kind == GROUPING_FIELD_VARLENA && !grouping_row_is_null(row, i))
				size += MAXALIGN(VARSIZE_ANY(*(char *const *) (row + field->in_row)));
		}
	}
	return size;
}

void
segment_grouping_write_group(const GroupingLayout *layout, char *group, Size size, char *row)
{
	const GroupingRowHead *row_head = (const GroupingRowHead *) row;
	GroupingGroupHead *head = (GroupingGroupHead *) group;
	Size end = layout->group_size;

	if (layout->narrow)
		*(Datum *) group = *(Datum *) (row + layout->field[0].in_row);
	else
	{
		head->hash = row_head->hash;
		head->nulls = (uint16) (row_head->nulls & ((UINT64CONST(1) << layout->columns) - 1));
		head->eighths = size / 8 <= PG_UINT16_MAX ? (uint16) (size / 8) : 0;
		for (int i = 0; i < layout->columns; i++)
		{
			const GroupingField *field = &layout->field[i];

			if (field->kind == GROUPING_FIELD_VARLENA && !grouping_row_is_null(row, i))
			{
				char *bytes = *(char **) (row + field->in_row);

				*(Datum *) (group + field->in_group) = (Datum) end;
				memcpy(group + end, bytes, VARSIZE_ANY(bytes));
				end += MAXALIGN(VARSIZE_ANY(bytes));
			}
			else
				memcpy(group + field->in_group, row + field->in_row,
					   field->kind == GROUPING_FIELD_FIXED ? MAXALIGN(field->length) : sizeof(Datum));
		}
	}
	memset(group + layout->states_offset, 0, layout->group_size - layout->states_offset);
}

void
segment_grouping_read_group(const GroupingLayout *layout, char *group, Datum *values, bool *nulls)
{
	const GroupingGroupHead *head = (const GroupingGroupHead *) group;

	for (int i = 0; i < layout->columns; i++)
	{
		nulls[i] = (head->nulls >> i) & 1;
		values[i] = nulls[i] ? (Datum) 0 : group_value(&layout->field[i], group);
	}
}

void
segment_grouping_group_as_row(const GroupingLayout *layout, char *group, bool is_null_group, char *row)
{
	GroupingRowHead *head = (GroupingRowHead *) row;

	head->filtered = 0;
	if (layout->narrow)
	{
		head->nulls = is_null_group;
		head->hash = grouping_hash_of_group(layout, group);
		*(Datum *) (row + layout->field[0].in_row) = *(Datum *) group;
		return;
	}
	head->nulls = ((GroupingGroupHead *) group)->nulls;
	head->hash = ((GroupingGroupHead *) group)->hash;
	for (int i = 0; i < layout->columns; i++)
	{
		const GroupingField *field = &layout->field[i];

		if (field->kind == GROUPING_FIELD_VARLENA)
			*(Datum *) (row + field->in_row) = group_value(field, group);
		else
			memcpy(row + field->in_row, group + field->in_group,
				   field->kind == GROUPING_FIELD_FIXED ? MAXALIGN(field->length) : sizeof(Datum));
	}
}
