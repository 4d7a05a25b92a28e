/* SPDX-License-Identifier: MIT */
/* The rules that specs and tables keep, asked at start. */
#pragma once

#include "metadata/table.h"

/* Tables take at most 1/2^3 of the bytes of the data that they describe. */
#define TER_SIDE_LOG_BUDGET 3u

/* Which rule is broken, and by which spec; `spec` is NULL when it is all of them. */
struct ter_side_fault {
    const char *rule;
    const char *spec;
};

/* False, and a fault, when a spec, their sum or the range breaks a rule. Pure. */
bool ter_side_verify_specs(const struct ter_side_spec *specs, unsigned count, uintptr_t data_start,
                           size_t data_bytes, struct ter_side_fault *fault);

/* False, and a fault, when a table leaves the reservation or meets another. Pure. */
bool ter_side_verify_tables(const struct ter_side_metadata *side, struct ter_side_fault *fault);

/*
 * First and last byte of table memory for the data [start, end), not empty; whole words for values
 * narrower than a byte.
 */
struct ter_side_extent {
    uintptr_t first, last;
};
struct ter_side_extent ter_side_extent_of(const struct ter_side_table *table, uintptr_t start,
                                          uintptr_t end);
