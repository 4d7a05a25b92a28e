/* SPDX-License-Identifier: MIT */
/*
 * How the tables of a range of data come into being and go.
 *
 * Invariant: what is mapped for a chunk stays mapped until the end; it reads as zero until somebody
 * writes it, and again once it was cleared. Under the lock of who owns the chunks.
 */
#pragma once

#include "metadata/table.h"

/* Bytes of address space that the heap's tables take for `data_bytes` of heap, at any start. */
size_t ter_side_reserved_bytes(size_t data_bytes);

/* Reserves the heap's tables for [data_start, data_start + data_bytes), chunk-aligned. */
ter_status ter_side_init(struct ter_side_metadata *side, uintptr_t data_start, size_t data_bytes);
/*
 * The same without a reservation: the tables come to lie from `tables_start`, a multiple of a
 * chunk, as they are needed, within ter_side_by_need_bytes.
 */
ter_status ter_side_init_by_need(struct ter_side_metadata *side, uintptr_t data_start,
                                 size_t data_bytes, uintptr_t tables_start);
size_t ter_side_by_need_bytes(size_t data_bytes);
/*
 * The same for other specs, which outlive `side`; also for other data than a heap's, such as all
 * that a program can address. TER_ERROR_INVALID: a spec or their sum breaks a rule of
 * ter_side_verify_specs; the log says which.
 */
ter_status ter_side_init_specs(struct ter_side_metadata *side, const struct ter_side_spec *specs,
                               unsigned count, uintptr_t data_start, size_t data_bytes);
void ter_side_fini(struct ter_side_metadata *side);

/*
 * Makes the tables of `set`, and the global ones, readable and writable for whole chunks of data.
 * Zero at first. Several spaces may own neighbouring chunks: what is mapped already stays as it is.
 * TER_ERROR_OWNED: without a reservation, somebody else lies there.
 */
ter_status ter_side_map(struct ter_side_metadata *side, ter_side_set set, uintptr_t start,
                        size_t bytes);

/*
 * Makes the values of `set`, and the global ones, zero for whole mapped chunks of data, so that
 * another space may have them, and gives whole pages behind the values back to the system. The
 * tables stay mapped. Values of regions that are only in part in the range stay as they are.
 */
void ter_side_clear(struct ter_side_metadata *side, ter_side_set set, uintptr_t start,
                    size_t bytes);

/*
 * A table over memory of the caller's, all of it readable, whose first value is for `data_start`, a
 * multiple of what 64 bytes of the table describe. `memory` is aligned to 8 bytes. For tables of no
 * heap, such as tests and measurements have.
 */
void ter_side_table_over(struct ter_side_table *table, const struct ter_side_spec *spec,
                         void *memory, uintptr_t data_start);
