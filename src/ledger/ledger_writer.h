/*
 * ledger_writer.h: writing the days of a ledger, inlined where it is done for every customer. See ledger.h for the format.
 */
#ifndef SEGMENT_LEDGER_LEDGER_WRITER_H
#define SEGMENT_LEDGER_LEDGER_WRITER_H

#include "port/pg_bitutils.h"

#include "ledger/ledger.h"

/* The most bytes of a number: 256 bits in groups of seven. */
#define LEDGER_MAX_GROUPS 37

/* The most bytes of a day: gap, orders, returns, two amounts; and what a number may write behind its end. */
#define LEDGER_DAY_BYTES (5 + 10 + 10 + 2 * LEDGER_MAX_GROUPS + 8)

/* Poll for a cancel once per this many days or rows, plus one. */
#define LEDGER_INTERRUPT_MASK 0xFFF

/* Makes room for another day. */
extern void segment_ledger_grow(LedgerWriter *writer);

/*
 * Writes a number and returns its end. Up to five bytes are written without a branch, as lengths are hard to predict;
 * up to eight bytes from at may be overwritten.
 */
static inline uint8 *
ledger_write_number(uint8 *at, uint64 value)
{
#ifndef WORDS_BIGENDIAN
	if (likely(value < UINT64CONST(1) << 35))
	{
		/* the number of groups of seven bits, less one: right for 0 to 34 as the highest bit */
		int more = pg_leftmost_one_pos64(value | 1) * 37 >> 8;
		uint64 groups = (value & 0x7F) | (value & 0x3F80) << 1 | (value & 0x1FC000) << 2 | (value & 0xFE00000) << 3 |
						(value & UINT64CONST(0x7F0000000)) << 4;

		groups |= UINT64CONST(0x8080808080) & ((UINT64CONST(1) << (8 * more)) - 1);
		memcpy(at, &groups, sizeof(groups));
		return at + more + 1;
	}
#endif
	while (value >= 0x80)
	{
		*at++ = (uint8) (value | 0x80);
		value >>= 7;
	}
	*at++ = (uint8) value;
	return at;
}

/* Starts a day that is written. */
static inline void
ledger_put_gap(LedgerWriter *writer, DateADT day, bool is_simple)
{
	uint64 gap;

	if (unlikely(writer->end - writer->at < LEDGER_DAY_BYTES))
		segment_ledger_grow(writer);
	if (writer->n_days++ == 0)
		writer->first = writer->previous = day;
	gap = (uint64) ((int64) day - writer->previous);
	writer->previous = day;
	writer->at = ledger_write_number(writer->at, gap << 1 | (is_simple ? 0 : 1));
}

/* segment_ledger_put for a day whose amounts fit 64 bits. */
static inline void
ledger_put_narrow(LedgerWriter *writer, DateADT day, bool dates_order, int64 orders, int64 returns, int64 net,
				  int64 returned)
{
	bool has_returns = returns != 0 || returned != 0;

	if (likely(dates_order && orders == 1 && !has_returns && net >= 0))
	{
		ledger_put_gap(writer, day, true);
		writer->at = ledger_write_number(writer->at, (uint64) net);
		return;
	}
	if (!dates_order && orders == 0 && !has_returns && net == 0)
		return;
	ledger_put_gap(writer, day, false);
	writer->at = ledger_write_number(writer->at, (uint64) orders << 1 | (dates_order ? 1 : 0));
	writer->at = ledger_write_number(writer->at, (uint64) returns);
	writer->at = ledger_write_number(writer->at, ((uint64) net << 1) ^ (uint64) (net >> 63));
	writer->at = ledger_write_number(writer->at, -(uint64) returned);
}

#endif
