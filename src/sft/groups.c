/* SPDX-License-Identifier: MIT */
#include "sft/groups.h"

#define LOG_BITS 6u
#define BIT(index) (UINT64_C(1) << (index) % 64)

/* Words of a level that has so many bits. */
static size_t words_for(uintptr_t bits)
{
    return (size_t)((bits - 1) >> LOG_BITS) + 1;
}

size_t ter_sft_groups_words(uintptr_t groups)
{
    size_t words = words_for(groups), all = words;

    while (words > 1) {
        words = words_for(words);
        all += words;
    }
    return all;
}

void ter_sft_groups_init(struct ter_sft_groups *set, uintptr_t groups, uint64_t *words)
{
    uintptr_t bits = groups;

    set->level_count = 0;
    do {
        TER_CHECK(set->level_count < TER_SFT_GROUP_LEVELS);
        set->bits[set->level_count] = bits;
        set->levels[set->level_count++] = words;
        bits = words_for(bits);
        words += bits;
    } while (bits > 1);
}

void ter_sft_groups_add(struct ter_sft_groups *set, uintptr_t first, uintptr_t last)
{
    for (unsigned level = 0; level < set->level_count; level++) {
        for (uintptr_t index = first; index <= last; index++)
            set->levels[level][index >> LOG_BITS] |= BIT(index);
        first >>= LOG_BITS;
        last >>= LOG_BITS;
    }
}

void ter_sft_groups_remove(struct ter_sft_groups *set, uintptr_t group)
{
    for (unsigned level = 0; level < set->level_count; level++) {
        uint64_t *word = &set->levels[level][group >> LOG_BITS];

        *word &= ~BIT(group);
        if (*word != 0)
            return;
        group >>= LOG_BITS;
    }
}

/* The lowest bit of a level that stands for something in bit `index` of `level`. */
static uintptr_t descend(const struct ter_sft_groups *set, unsigned level, uintptr_t index)
{
    while (level > 0) {
        level--;
        index = index << LOG_BITS | ter_count_trailing_zeros(set->levels[level][index]);
    }
    return index;
}

uintptr_t ter_sft_groups_next(const struct ter_sft_groups *set, uintptr_t from)
{
    uintptr_t index = from;

    for (unsigned level = 0; level < set->level_count; level++) {
        uint64_t rest;

        if (index >= set->bits[level])
            return TER_SFT_NO_GROUP;
        rest = set->levels[level][index >> LOG_BITS] >> index % 64;
        if (rest != 0)
            return descend(set, level, index + ter_count_trailing_zeros(rest));
        index = (index >> LOG_BITS) + 1;
    }
    return TER_SFT_NO_GROUP;
}
