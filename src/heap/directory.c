/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"

#include <stdatomic.h>

/*
 * 16 GiB where addresses have 64 bits, 32 MiB where they have 32: what the smallest presets take.
 * The tables are static data, which are roots where the library is part of the program, so they
 * stay small.
 */
#define LOG_REGION (sizeof(uintptr_t) == 8 ? 34u : 25u)
/* Regions below 2^47, or all of them. A word above, where only a layout by hand can be, is in the
 * last. */
#define REGIONS ((size_t)1 << (sizeof(uintptr_t) == 8 ? 13 : 7))

/* Of a region: 0 for no heap, 1 + the number of an entry, or SEVERAL. */
#define SEVERAL UINT16_MAX
_Static_assert(TER_MAX_HEAPS < SEVERAL, "numbers of entries fit a region");

struct entry {
    _Atomic(struct ter_heap *) heap;
    _Atomic uintptr_t start;
    _Atomic size_t bytes;
    size_t taken_bytes;
};

static struct entry entries[TER_MAX_HEAPS];
static _Atomic uint16_t regions[REGIONS];
static _Atomic size_t count;
static struct ter_mutex directory_lock = TER_MUTEX_INIT;

static size_t region_of(uintptr_t word)
{
    return ter_min(word >> LOG_REGION, REGIONS - 1);
}

/* ---- Changes; under the lock ---- */

static struct ter_heap *heap_of(const struct entry *entry)
{
    return atomic_load_explicit(&entry->heap, memory_order_relaxed);
}

static bool touches(const struct entry *entry, uintptr_t first, uintptr_t last)
{
    uintptr_t start = atomic_load_explicit(&entry->start, memory_order_relaxed);

    return start <= last && first <= start + (entry->taken_bytes - 1);
}

/* A region that several heaps had stays slow until none has it. */
static uint16_t region_without(size_t region, const struct entry *gone)
{
    uint16_t now = atomic_load_explicit(&regions[region], memory_order_relaxed);

    if (now != SEVERAL)
        return 0;
    for (size_t i = 0; i < TER_MAX_HEAPS; i++) {
        const struct entry *entry = &entries[i];
        uintptr_t start = atomic_load_explicit(&entry->start, memory_order_relaxed);

        if (entry != gone && heap_of(entry) != NULL && region_of(start) <= region &&
            region <= region_of(start + (entry->taken_bytes - 1)))
            return SEVERAL;
    }
    return 0;
}

static void mark_regions(const struct entry *entry)
{
    uintptr_t start = atomic_load_explicit(&entry->start, memory_order_relaxed);
    size_t last = region_of(start + (entry->taken_bytes - 1));

    for (size_t region = region_of(start); region <= last; region++) {
        uint16_t now = atomic_load_explicit(&regions[region], memory_order_relaxed);

        atomic_store_explicit(&regions[region],
                              now == 0 ? (uint16_t)(entry - entries + 1) : SEVERAL,
                              memory_order_release);
    }
}

static void clear_regions(const struct entry *entry)
{
    uintptr_t start = atomic_load_explicit(&entry->start, memory_order_relaxed);
    size_t last = region_of(start + (entry->taken_bytes - 1));

    for (size_t region = region_of(start); region <= last; region++)
        atomic_store_explicit(&regions[region], region_without(region, entry),
                              memory_order_release);
}

static struct entry *free_entry(void)
{
    for (size_t i = 0; i < TER_MAX_HEAPS; i++)
        if (heap_of(&entries[i]) == NULL)
            return &entries[i];
    return NULL;
}

ter_status ter_directory_add(struct ter_heap *heap, uintptr_t start, size_t bytes,
                             size_t taken_bytes)
{
    struct entry *entry;

    ter_mutex_acquire(&directory_lock);
    entry = free_entry();
    if (entry != NULL) {
        atomic_store_explicit(&entry->start, start, memory_order_relaxed);
        atomic_store_explicit(&entry->bytes, bytes, memory_order_relaxed);
        entry->taken_bytes = taken_bytes;
        mark_regions(entry);
        atomic_store_explicit(&entry->heap, heap, memory_order_release);
        atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
    }
    ter_mutex_release(&directory_lock);
    return entry == NULL ? TER_ERROR_FULL : TER_OK;
}

void ter_directory_remove(struct ter_heap *heap)
{
    ter_mutex_acquire(&directory_lock);
    for (size_t i = 0; i < TER_MAX_HEAPS; i++)
        if (heap_of(&entries[i]) == heap) {
            atomic_store_explicit(&entries[i].heap, NULL, memory_order_release);
            clear_regions(&entries[i]);
            atomic_fetch_sub_explicit(&count, 1, memory_order_relaxed);
            break;
        }
    ter_mutex_release(&directory_lock);
}

static bool touches_in_region(size_t region, uintptr_t first, uintptr_t last)
{
    uint16_t number = atomic_load_explicit(&regions[region], memory_order_relaxed);
    bool found = false;

    if (number == 0)
        return false;
    if (number != SEVERAL)
        return touches(&entries[number - 1], first, last);
    for (size_t i = 0; i < TER_MAX_HEAPS && !found; i++)
        found = heap_of(&entries[i]) != NULL && touches(&entries[i], first, last);
    return found;
}

bool ter_directory_touches(uintptr_t start, size_t bytes)
{
    uintptr_t last = start + (bytes - 1);
    bool found = false;

    ter_mutex_acquire(&directory_lock);
    for (size_t region = region_of(start); region <= region_of(last) && !found; region++)
        found = touches_in_region(region, start, last);
    ter_mutex_release(&directory_lock);
    return found;
}

size_t ter_directory_count(void)
{
    return atomic_load_explicit(&count, memory_order_relaxed);
}

/* ---- Questions; without the lock ---- */

static struct ter_heap *heap_at(const struct entry *entry, uintptr_t word)
{
    struct ter_heap *heap = atomic_load_explicit(&entry->heap, memory_order_acquire);
    bool holds;

    if (heap == NULL)
        return NULL;
    holds = word - atomic_load_explicit(&entry->start, memory_order_relaxed) <
            atomic_load_explicit(&entry->bytes, memory_order_acquire);
    return holds && heap_of(entry) == heap ? heap : NULL;
}

struct ter_heap *ter_heap_of_word(uintptr_t word)
{
    uint16_t region = atomic_load_explicit(&regions[region_of(word)], memory_order_acquire);
    struct ter_heap *heap = NULL;

    if (region == 0)
        return NULL;
    if (region != SEVERAL)
        return heap_at(&entries[region - 1], word);
    for (size_t i = 0; i < TER_MAX_HEAPS && heap == NULL; i++)
        heap = heap_at(&entries[i], word);
    return heap;
}

bool ter_directory_holds(const struct ter_heap *heap)
{
    size_t i = 0;

    while (i < TER_MAX_HEAPS &&
           atomic_load_explicit(&entries[i].heap, memory_order_relaxed) != heap)
        i++;
    return heap != NULL && i < TER_MAX_HEAPS;
}

struct ter_heap *ter_directory_at(size_t index)
{
    return atomic_load_explicit(&entries[index].heap, memory_order_acquire);
}

void ter_directory_hold(void)
{
    ter_mutex_acquire(&directory_lock);
}

void ter_directory_let_go(void)
{
    ter_mutex_release(&directory_lock);
}

void ter_directory_reset_after_fork(void)
{
    ter_mutex_init(&directory_lock);
}

void ter_heap_require(const struct ter_heap *heap, const char *call)
{
    TER_REQUIRE(ter_directory_holds(heap), "%s: %p is no heap, or one that was freed", call,
                (const void *)heap);
    ter_lock_require_none(call);
}
