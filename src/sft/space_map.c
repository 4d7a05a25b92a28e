/* SPDX-License-Identifier: MIT */
/*
 * Claims and releases of slots.
 *
 * Invariant: an entry goes from EMPTY to a space and back, never from one space to another; the
 * entry behind the last slot is always EMPTY. A release store publishes what the space wrote before.
 */
#include "sft/sft.h"

ter_status ter_sft_map_init(struct ter_sft_map *map, uintptr_t start, unsigned log_slot_bytes,
                            unsigned slot_count)
{
    unsigned address_bits = (unsigned)sizeof(uintptr_t) * 8;

    if (slot_count == 0 || slot_count > TER_SFT_MAX_SLOTS || log_slot_bytes >= address_bits)
        return TER_ERROR_OUT_OF_RANGE;
    /* Without a wrap: is there room for that many slots above `start`? */
    if (((uintptr_t)0 - start - 1) >> log_slot_bytes < slot_count - 1u)
        return TER_ERROR_OUT_OF_RANGE;
    if ((((uintptr_t)0 - start - 1) >> log_slot_bytes) == slot_count - 1u &&
        (start & (((uintptr_t)1 << log_slot_bytes) - 1)) != 0)
        return TER_ERROR_OUT_OF_RANGE;
    map->start = start;
    map->slot_count = slot_count;
    map->log_slot_bytes = log_slot_bytes;
    for (unsigned i = 0; i < TER_SFT_MAX_SLOTS + 1; i++)
        map->entries[i] = &ter_sft_empty;
    return TER_OK;
}

/* First and last slot of a range; false if the range is empty, wraps or leaves the slots. */
static bool slots_of_range(const struct ter_sft_map *map, uintptr_t start, size_t bytes,
                           uintptr_t *first, uintptr_t *last)
{
    if (bytes == 0 || bytes - 1 > UINTPTR_MAX - start)
        return false;
    if (!ter_sft_map_has_entry(map, start) || !ter_sft_map_has_entry(map, start + bytes - 1))
        return false;
    *first = (start - map->start) >> map->log_slot_bytes;
    *last = (start + bytes - 1 - map->start) >> map->log_slot_bytes;
    return *first <= *last;
}

static ter_status replace(struct ter_sft_map *map, const struct ter_sft *space,
                          const struct ter_sft *entry, uintptr_t start, size_t bytes,
                          const struct ter_sft **owner)
{
    uintptr_t first, last;

    TER_REQUIRE(space != NULL && space != &ter_sft_empty,
                "SFT map: a claim or release needs a space (address %#zx)", (size_t)start);
    if (!slots_of_range(map, start, bytes, &first, &last))
        return TER_ERROR_OUT_OF_RANGE;
    for (uintptr_t i = first; i <= last; i++) {
        const struct ter_sft *there = map->entries[i];

        if (there != &ter_sft_empty && there != space) {
            if (owner != NULL)
                *owner = there;
            return TER_ERROR_OWNED;
        }
    }
    for (uintptr_t i = first; i <= last; i++)
        __atomic_store_n(&map->entries[i], entry, __ATOMIC_RELEASE);
    return TER_OK;
}

ter_status ter_sft_map_claim(struct ter_sft_map *map, const struct ter_sft *space, uintptr_t start,
                             size_t bytes, const struct ter_sft **owner)
{
    return replace(map, space, space, start, bytes, owner);
}

ter_status ter_sft_map_release(struct ter_sft_map *map, const struct ter_sft *space,
                               uintptr_t start, size_t bytes, const struct ter_sft **owner)
{
    return replace(map, space, &ter_sft_empty, start, bytes, owner);
}
