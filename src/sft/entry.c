/* SPDX-License-Identifier: MIT */
#include "sft/entry.h"

#include <stdatomic.h>

_Static_assert(sizeof(_Atomic(uintptr_t)) == sizeof(void *) && sizeof(uintptr_t) == sizeof(void *),
               "an entry of the SFT map must be one word");
_Static_assert(sizeof(_Atomic(uint8_t)) == 1, "an entry of a dense map must be one byte");
_Static_assert(ATOMIC_POINTER_LOCK_FREE == 2, "a word must be atomic without a lock");
_Static_assert(ATOMIC_CHAR_LOCK_FREE == 2, "a byte must be atomic without a lock");
_Static_assert(TER_SFT_MAX_SPACES <= UINT8_MAX, "a byte must have a number for every space");

/* For an address 0 the answer is about aligned words: alignment is the other half of the question.
 */
static bool is_lock_free(const void *entry, size_t bytes)
{
    if (bytes == sizeof(uintptr_t))
        return ter_is_aligned((uintptr_t)entry, sizeof(uintptr_t)) &&
               __atomic_is_lock_free(sizeof(uintptr_t), NULL);
    return bytes == 1 && __atomic_is_lock_free(1, NULL);
}

void ter_sft_check_entry(const void *entry, size_t bytes)
{
    if (!is_lock_free(entry, bytes))
        ter_fatal("SFT map: the entry of %zu bytes at %#zx is no word that this machine loads and "
                  "stores without a lock",
                  bytes, (size_t)entry);
}

void ter_sft_check_entries(const struct ter_sft_map *map)
{
    size_t bytes = ter_sft_entry_bytes(map->kind);

    ter_sft_check_entry(map->table, bytes);
    ter_sft_check_entry((const char *)map->table + map->beyond * bytes, bytes);
}
