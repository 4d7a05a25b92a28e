/* SPDX-License-Identifier: MIT */
/*
 * Ranges of words that the program declares to be roots of one form.
 *
 * Invariant: the ranges are disjoint and ascend, so a word is found by halving. In memory that no
 * collector scans. Under the heap lock.
 */
#pragma once

#include "roots/visit.h"

struct ter_slot_range {
    uintptr_t start;
    uintptr_t end;
    enum ter_root_form form;
};

struct ter_slot_ranges {
    struct ter_slot_range *ranges;
    size_t count;
    size_t capacity;
};

void ter_slot_ranges_fini(struct ter_slot_ranges *list);

/* TER_ERROR_INVALID: it overlaps one that is there. */
ter_status ter_slot_ranges_add(struct ter_slot_ranges *list, const struct ter_slot_range *range);
/* Takes [start, end) out of the range that holds it whole; TER_ERROR_INVALID: none does. */
ter_status ter_slot_ranges_remove(struct ter_slot_ranges *list, uintptr_t start, uintptr_t end);
void ter_slot_ranges_visit(const struct ter_slot_ranges *list, struct ter_root_visit *visit);
