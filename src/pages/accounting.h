/* SPDX-License-Identifier: MIT */
/*
 * How much memory the spaces of a heap use, against how much they may use before a collection.
 *
 * Invariant: used_bytes is the sum of all blocks and page runs in use, of all spaces; it changes
 * only under the heap lock. mapped_bytes is the sum of their chunks; it changes only under the
 * growth lock. Both are read by anyone. foreign_bytes, of used_bytes, is what lies outside of the
 * spaces' chunks in the layout, as malloc's memory does. clean_bytes is free and has no memory of
 * the system's behind it; it changes under the heap lock; mapped - clean is what may be resident.
 * hollow_bytes, of clean_bytes, are free pages inside blocks that are in use; the rest are blocks
 * and runs. The limit changes under the heap lock and is read by anyone.
 */
#pragma once

#include <stdatomic.h>

#include "base/base.h"

struct ter_accounting {
    _Atomic size_t used_bytes;
    _Atomic size_t peak_used_bytes;
    _Atomic size_t foreign_bytes;
    _Atomic size_t mapped_bytes;
    _Atomic size_t clean_bytes;
    _Atomic size_t hollow_bytes;
    _Atomic size_t limit_bytes; /* what the trigger allows now; see cycle/trigger.h */
};

/* Is there room for `bytes` more under the limit? */
TER_INLINE bool ter_accounting_has_room(const struct ter_accounting *accounting, size_t bytes)
{
    size_t used = atomic_load_explicit(&accounting->used_bytes, memory_order_relaxed);
    size_t limit = atomic_load_explicit(&accounting->limit_bytes, memory_order_relaxed);

    return used <= limit && bytes <= limit - used;
}

TER_INLINE void ter_accounting_add(struct ter_accounting *accounting, size_t bytes)
{
    size_t used = atomic_load_explicit(&accounting->used_bytes, memory_order_relaxed) + bytes;

    atomic_store_explicit(&accounting->used_bytes, used, memory_order_relaxed);
    if (used > atomic_load_explicit(&accounting->peak_used_bytes, memory_order_relaxed))
        atomic_store_explicit(&accounting->peak_used_bytes, used, memory_order_relaxed);
}

TER_INLINE void ter_accounting_subtract(struct ter_accounting *accounting, size_t bytes)
{
    size_t used = atomic_load_explicit(&accounting->used_bytes, memory_order_relaxed);

    TER_CHECK(bytes <= used);
    atomic_store_explicit(&accounting->used_bytes, used - bytes, memory_order_relaxed);
}

TER_INLINE void ter_accounting_add_foreign(struct ter_accounting *accounting, size_t bytes)
{
    size_t foreign = atomic_load_explicit(&accounting->foreign_bytes, memory_order_relaxed);

    atomic_store_explicit(&accounting->foreign_bytes, foreign + bytes, memory_order_relaxed);
    ter_accounting_add(accounting, bytes);
}

TER_INLINE void ter_accounting_subtract_foreign(struct ter_accounting *accounting, size_t bytes)
{
    size_t foreign = atomic_load_explicit(&accounting->foreign_bytes, memory_order_relaxed);

    TER_CHECK(bytes <= foreign);
    atomic_store_explicit(&accounting->foreign_bytes, foreign - bytes, memory_order_relaxed);
    ter_accounting_subtract(accounting, bytes);
}

TER_INLINE void ter_accounting_add_mapped(struct ter_accounting *accounting, size_t bytes)
{
    atomic_fetch_add_explicit(&accounting->mapped_bytes, bytes, memory_order_relaxed);
}

TER_INLINE void ter_accounting_subtract_mapped(struct ter_accounting *accounting, size_t bytes)
{
    size_t mapped =
        atomic_fetch_sub_explicit(&accounting->mapped_bytes, bytes, memory_order_relaxed);

    TER_CHECK(bytes <= mapped);
}

/* Bytes that have memory of the system behind them. */
TER_INLINE size_t ter_accounting_resident(const struct ter_accounting *accounting)
{
    size_t mapped = atomic_load_explicit(&accounting->mapped_bytes, memory_order_relaxed);
    size_t clean = atomic_load_explicit(&accounting->clean_bytes, memory_order_relaxed);

    /* Who asks without the lock may have missed a chunk that is clean already. */
    return clean < mapped ? mapped - clean : 0;
}

TER_INLINE void ter_accounting_add_clean(struct ter_accounting *accounting, size_t bytes)
{
    atomic_fetch_add_explicit(&accounting->clean_bytes, bytes, memory_order_relaxed);
}

TER_INLINE void ter_accounting_subtract_clean(struct ter_accounting *accounting, size_t bytes)
{
    size_t clean = atomic_fetch_sub_explicit(&accounting->clean_bytes, bytes, memory_order_relaxed);

    TER_CHECK(bytes <= clean);
}

TER_INLINE void ter_accounting_add_hollow(struct ter_accounting *accounting, size_t bytes)
{
    atomic_fetch_add_explicit(&accounting->hollow_bytes, bytes, memory_order_relaxed);
    ter_accounting_add_clean(accounting, bytes);
}

TER_INLINE void ter_accounting_subtract_hollow(struct ter_accounting *accounting, size_t bytes)
{
    size_t hollow =
        atomic_fetch_sub_explicit(&accounting->hollow_bytes, bytes, memory_order_relaxed);

    TER_CHECK(bytes <= hollow);
    ter_accounting_subtract_clean(accounting, bytes);
}

/* Bytes that have memory of the system behind them, in blocks and runs that nothing is in. */
TER_INLINE size_t ter_accounting_idle(const struct ter_accounting *accounting)
{
    size_t used = atomic_load_explicit(&accounting->used_bytes, memory_order_relaxed);
    size_t foreign = atomic_load_explicit(&accounting->foreign_bytes, memory_order_relaxed);
    size_t hollow = atomic_load_explicit(&accounting->hollow_bytes, memory_order_relaxed);

    return ter_accounting_resident(accounting) - (used - foreign - hollow);
}
