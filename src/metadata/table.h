/* SPDX-License-Identifier: MIT */
/* Where the tables are and how they come into being. */
#pragma once

#include "metadata/specs.h"
#include "mmapper/mmapper.h"

struct ter_side_table {
    uintptr_t bias; /* address of the value for data address 0, modulo the address space */
    unsigned shift; /* log2 of data bytes described by one byte of the table */
};

struct ter_side_metadata {
    struct ter_mmapper mmapper; /* of the tables' own range */
    struct ter_side_table tables[TER_SIDE_COUNT];
    uintptr_t data_start;
    size_t data_bytes;
};

/* Bytes of address space that the tables of `data_bytes` of heap take. */
size_t ter_side_reserved_bytes(size_t data_bytes);

/* Reserves the tables for [data_start, data_start + data_bytes), chunk-aligned. */
ter_status ter_side_init(struct ter_side_metadata *side, uintptr_t data_start, size_t data_bytes);
void ter_side_fini(struct ter_side_metadata *side);

/* Makes the tables of `set` readable and writable for whole chunks of data. Zero at first. */
ter_status ter_side_map(struct ter_side_metadata *side, ter_side_set set, uintptr_t start,
                        size_t bytes);

/* Makes the tables of `set` read zero for such chunks again. They stay readable. */
void ter_side_clear(struct ter_side_metadata *side, ter_side_set set, uintptr_t start,
                    size_t bytes);

/* Address of the byte that holds (the first bits of) the value for `address`. */
TER_INLINE uintptr_t ter_side_address(const struct ter_side_table *table, uintptr_t address)
{
    return table->bias + (address >> table->shift);
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
