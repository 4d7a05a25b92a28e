/* SPDX-License-Identifier: MIT */
/*
 * Which groups of entries own anything, so that looking at a map costs what is owned and not what
 * could be: a table for all addresses has 2^42 entries.
 *
 * A bitmap with summaries: bit i of a level stands for word i of the level below it; the last level
 * is one word. Invariant: a bit above the lowest level is set when and only when its word is not
 * zero.
 *
 * All under the lock of the map. A search reads one word a level, and those that a summary names.
 */
#pragma once

#include "base/base.h"

/* Enough for 64^6 groups. */
#define TER_SFT_GROUP_LEVELS 6
/* No such group; larger than all. */
#define TER_SFT_NO_GROUP UINTPTR_MAX

struct ter_sft_groups {
    uint64_t *levels[TER_SFT_GROUP_LEVELS];
    uintptr_t bits[TER_SFT_GROUP_LEVELS]; /* of each level */
    unsigned level_count;
};

/* How many words `groups` groups need in all. */
size_t ter_sft_groups_words(uintptr_t groups);
/* Takes that many words, which are zero. */
void ter_sft_groups_init(struct ter_sft_groups *set, uintptr_t groups, uint64_t *words);

void ter_sft_groups_add(struct ter_sft_groups *set, uintptr_t first, uintptr_t last);
void ter_sft_groups_remove(struct ter_sft_groups *set, uintptr_t group);
/* The first at or above `from`. */
uintptr_t ter_sft_groups_next(const struct ter_sft_groups *set, uintptr_t from);
