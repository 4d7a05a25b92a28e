/* SPDX-License-Identifier: MIT */
/* From the description that a runtime gives of a kind to the heap's own rows. */
#pragma once

#include "object/kind.h"

/*
 * Fills in both rows, but for the kind's pointer to its details. What is wrong with the
 * description, in words; NULL for nothing.
 */
const char *ter_kind_describe(const struct ter_kind_description *description, struct ter_kind *kind,
                              struct ter_kind_details *details);
/* What is wrong with a type of slots, in words; NULL for nothing. */
const char *ter_slot_type_check(const struct ter_slot_type *slots);
/* Do offsets of such slots reach all of [low, high)? */
bool ter_slot_type_reaches(const struct ter_slot_type *slots, uintptr_t low, uintptr_t high);
