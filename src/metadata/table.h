/* SPDX-License-Identifier: MIT */
/* Where the tables are and how they come into being. */
#pragma once

#include "metadata/specs.h"
#include "mmapper/mmapper.h"

struct ter_side_table {
    uintptr_t bias; /* address of the value for data address 0, modulo the address space */
    unsigned shift; /* log2 of data bytes described by one byte of the table */
    unsigned log_bits;
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

/* Address of the byte that holds (the first bits of) the value for `address`. */
TER_INLINE uintptr_t ter_side_address(const struct ter_side_table *table, uintptr_t address)
{
    return table->bias + (address >> table->shift);
}

/* The record of 2^log_bits bits for the region of `address`; log_bits of the spec is at least 3. */
TER_INLINE void *ter_side_record(const struct ter_side_table *table, uintptr_t address,
                                 unsigned log_region)
{
    unsigned log_bytes = table->log_bits - 3;

    return (void *)(table->bias + ((address >> log_region) << log_bytes));
}
