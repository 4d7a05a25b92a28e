/* SPDX-License-Identifier: MIT */
#include "metadata/metadata.h"

bool ter_valid_find_object(const struct ter_side_table *valid, uintptr_t word)
{
    return ter_is_aligned(word, (uintptr_t)1 << valid->log_region) &&
           ter_side_is_mapped(valid, word) &&
           ter_side_load_atomic(valid, word, memory_order_acquire) != 0;
}

bool ter_valid_find_object_from_interior(const struct ter_side_table *valid, uintptr_t word,
                                         size_t distance, ter_valid_bytes *bytes_of,
                                         const void *context, uintptr_t *object)
{
    uintptr_t lowest = word - ter_min(word, distance);
    uintptr_t found;

    /* A search begins inside the data: what lies beyond it is in no object of this table. */
    if (!ter_side_is_mapped(valid, word))
        return false;
    if (!ter_side_find_previous_non_zero(valid, word, lowest, &found))
        return false;
    /* The search has no order of its own, and somebody may have cleared the bit since. */
    if (ter_side_load_atomic(valid, found, memory_order_acquire) == 0)
        return false;
    if (bytes_of != NULL && word - found >= bytes_of(context, found))
        return false;
    *object = found;
    return true;
}
