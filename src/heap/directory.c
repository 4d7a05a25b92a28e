/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"

#include <stdatomic.h>

struct entry {
    _Atomic(struct ter_heap *) heap;
    _Atomic uintptr_t start;
    _Atomic size_t bytes;
};

static struct entry entries[TER_MAX_HEAPS];
static pthread_mutex_t directory_lock = PTHREAD_MUTEX_INITIALIZER;

ter_status ter_directory_add(struct ter_heap *heap, uintptr_t start, size_t bytes)
{
    ter_status status = TER_ERROR_FULL;

    pthread_mutex_lock(&directory_lock);
    for (size_t i = 0; i < TER_MAX_HEAPS && status != TER_OK; i++) {
        struct entry *entry = &entries[i];

        if (atomic_load_explicit(&entry->heap, memory_order_relaxed) != NULL)
            continue;
        atomic_store_explicit(&entry->start, start, memory_order_relaxed);
        atomic_store_explicit(&entry->bytes, bytes, memory_order_relaxed);
        atomic_store_explicit(&entry->heap, heap, memory_order_release);
        status = TER_OK;
    }
    pthread_mutex_unlock(&directory_lock);
    return status;
}

void ter_directory_remove(struct ter_heap *heap)
{
    pthread_mutex_lock(&directory_lock);
    for (size_t i = 0; i < TER_MAX_HEAPS; i++)
        if (atomic_load_explicit(&entries[i].heap, memory_order_relaxed) == heap)
            atomic_store_explicit(&entries[i].heap, NULL, memory_order_release);
    pthread_mutex_unlock(&directory_lock);
}

struct ter_heap *ter_heap_of_word(uintptr_t word)
{
    for (size_t i = 0; i < TER_MAX_HEAPS; i++) {
        struct ter_heap *heap = atomic_load_explicit(&entries[i].heap, memory_order_acquire);
        bool holds;

        if (heap == NULL)
            continue;
        holds = word - atomic_load_explicit(&entries[i].start, memory_order_relaxed) <
                atomic_load_explicit(&entries[i].bytes, memory_order_acquire);
        if (holds && atomic_load_explicit(&entries[i].heap, memory_order_relaxed) == heap)
            return heap;
    }
    return NULL;
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
    pthread_mutex_lock(&directory_lock);
}

void ter_directory_let_go(void)
{
    pthread_mutex_unlock(&directory_lock);
}

void ter_directory_reset_after_fork(void)
{
    pthread_mutex_init(&directory_lock, NULL);
}
