/* SPDX-License-Identifier: MIT */
/*
 * What an entry is: one word, or in a dense map one byte, that the processor loads and stores whole
 * and without a lock. A look-up rests on that, in signal handlers too; so it is checked when this
 * is compiled, and of the real table before the map is used.
 */
#pragma once

#include <terrier/sft.h>

#include "base/base.h"

/* Bytes of an entry of each form. */
TER_INLINE size_t ter_sft_entry_bytes(enum ter_sft_map_kind kind)
{
    return kind == TER_SFT_DENSE_MAP ? 1 : sizeof(uintptr_t);
}

/* Stops the process with one line if an entry of so many bytes at `entry` is none of these. */
void ter_sft_check_entry(const void *entry, size_t bytes);

/* The same for the first entry of a map and its last. */
void ter_sft_check_entries(const struct ter_sft_map *map);
