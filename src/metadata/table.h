/* SPDX-License-Identifier: MIT */
/*
 * Where the tables are; how they come into being is in tables.h.
 *
 * Invariant: the value for the data address A lies in table memory at `bias` plus the bytes that
 * the values of all regions below A's take, counted from address 0. A table begins at a multiple of
 * 64 bytes of that count and at a grain of its reservation. What ter_side_map was not asked for
 * reads as zero for the searches, and is not to be touched otherwise.
 *
 * Values narrower than a byte: value 0 is in the lowest bits of a word of 64 bits on every machine.
 * So bit operations on words are right in any byte order; a byte is found by ter_side_unit.
 */
#pragma once

#include "metadata/specs.h"
#include "mmapper/mmapper.h"

struct ter_side_metadata;

struct ter_side_table {
    uintptr_t bias; /* address of the value for data address 0, modulo the address space */
    unsigned shift; /* log2 of data bytes described by one byte of the table */
    unsigned log_bits;
    unsigned log_region;
    const struct ter_side_metadata *side; /* its bounds and mapped parts; NULL: all is readable */
};

/* The tables of one range of data. It stays where it was initialised. */
struct ter_side_metadata {
    struct ter_mmapper mmapper; /* of the tables' own range */
    struct ter_side_table tables[TER_SIDE_MOST];
    uintptr_t data_start;
    size_t data_bytes;
    const struct ter_side_spec *specs;
    unsigned count;
    unsigned log_grain;  /* of what is mapped at a time */
    ter_side_set global; /* the global specs among them */
};

/* Address of the byte that holds (the first bits of) the value for `address`, by count. */
TER_INLINE uintptr_t ter_side_address(const struct ter_side_table *table, uintptr_t address)
{
    return table->bias + (address >> table->shift);
}

/* Address of the value for `address`, or of the byte in memory that holds it. */
TER_INLINE uintptr_t ter_side_unit(const struct ter_side_table *table, uintptr_t address)
{
    if (table->log_bits < 3)
        return (table->bias + (address >> table->shift)) ^ (TER_BIG_ENDIAN ? 7 : 0);
    return table->bias + ((address >> table->log_region) << (table->log_bits - 3));
}

/* The word of 64 bits that holds the value for `address`, or that is part of it. */
TER_INLINE uint64_t *ter_side_word_of(const struct ter_side_table *table, uintptr_t address)
{
    return (uint64_t *)ter_align_down(ter_side_unit(table, address), sizeof(uint64_t));
}

/*
 * The record for the region of `address` in the table that begins, for address 0, at `bias`. The
 * logarithms are constants, so that this is two shifts and an addition.
 */
TER_INLINE void *ter_side_record_at(uintptr_t bias, uintptr_t address, unsigned log_region,
                                    unsigned log_bits)
{
    return (void *)(bias + ((address >> log_region) << (log_bits - 3)));
}

/* The record of the spec IDENTIFIER, of at least 8 bits, in struct ter_side_metadata `side`. */
#define TER_SIDE_RECORD(side, IDENTIFIER, address)                                                 \
    ter_side_record_at((side).tables[TER_SIDE_##IDENTIFIER].bias, address,                         \
                       TER_SIDE_LOG_REGION_##IDENTIFIER, TER_SIDE_LOG_BITS_##IDENTIFIER)

/*
 * The table of IDENTIFIER with its figures as constants: the functions of values.h on it become the
 * few instructions of that one width.
 */
#define TER_SIDE_TABLE(side_metadata, IDENTIFIER)                                                  \
    (&(const struct ter_side_table){.bias = (side_metadata).tables[TER_SIDE_##IDENTIFIER].bias,    \
                                    .shift = TER_SIDE_LOG_REGION_##IDENTIFIER + 3 -                \
                                             TER_SIDE_LOG_BITS_##IDENTIFIER,                       \
                                    .log_bits = TER_SIDE_LOG_BITS_##IDENTIFIER,                    \
                                    .log_region = TER_SIDE_LOG_REGION_##IDENTIFIER,                \
                                    .side = &(side_metadata)})
