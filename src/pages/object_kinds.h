/* SPDX-License-Identifier: MIT */
/*
 * Kinds of single objects, where what an object lies in does not say it: a byte for each granule,
 * in a table for each chunk in which that was ever so (space/block_several.c).
 *
 * Invariant: a byte that is not 0 is the kind of the object that begins there, if one does. Tables
 * are made under the heap lock and stay until the end of the arena; reading takes no lock.
 */
#pragma once

#include <stdatomic.h>

#include "layout/layout.h"
#include "os/os.h"

struct ter_object_kinds {
    uintptr_t start;
    size_t chunks;             /* of the heap's range */
    _Atomic uintptr_t *tables; /* of each chunk; 0: it has none. NULL: no chunk has */
};

/* Gives the tables of an arena back. */
void ter_object_kinds_fini(struct ter_object_kinds *kinds);
/*
 * Makes sure that there is a table for the chunk of `address`, one of so many of the heap's range
 * from `start` on.
 */
ter_status ter_object_kinds_make(struct ter_object_kinds *kinds, uintptr_t start, size_t chunks,
                                 uintptr_t address);

/* Where the byte of `object` is, or NULL. Total: any address. */
TER_INLINE uint8_t *ter_object_kinds_at(const struct ter_object_kinds *list, uintptr_t object)
{
    size_t chunks = __atomic_load_n(&list->chunks, __ATOMIC_ACQUIRE);
    size_t chunk = (object - list->start) >> TER_LOG_BYTES_IN_CHUNK;
    uintptr_t table = 0;

    if (chunk < chunks)
        table = atomic_load_explicit(&list->tables[chunk], memory_order_acquire);
    if (table == 0)
        return NULL;
    return (uint8_t *)(table + ((object & (TER_BYTES_IN_CHUNK - 1)) >> TER_LOG_BYTES_IN_GRANULE));
}

/* 0 where nothing else was said. Total. */
TER_INLINE unsigned ter_object_kinds_load(const struct ter_object_kinds *list, uintptr_t object)
{
    const uint8_t *byte = ter_object_kinds_at(list, object);

    return byte == NULL ? 0 : __atomic_load_n(byte, __ATOMIC_RELAXED);
}

TER_INLINE void ter_object_kinds_store(const struct ter_object_kinds *list, uintptr_t object,
                                       unsigned kind)
{
    __atomic_store_n(ter_object_kinds_at(list, object), (uint8_t)kind, __ATOMIC_RELAXED);
}
