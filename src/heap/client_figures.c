/* SPDX-License-Identifier: MIT */
/*
 * Figures for clients. Invariant: without `wait` nothing is waited for: programs ask in callbacks,
 * where their thread has the lock, and in threads that a callback waits for.
 */
#include "heap/heap.h"

static size_t relaxed(const _Atomic size_t *figure)
{
    return atomic_load_explicit(figure, memory_order_relaxed);
}

/* Counts that run behind those of mutators are less than nothing for a while. */
static size_t not_negative(size_t bytes)
{
    return bytes > SIZE_MAX / 2 ? 0 : bytes;
}

/* `exact`: under the lock. Else what mutators have not counted yet is missing. */
static struct ter_client_figures read_counts(const struct ter_collector *collector, bool exact)
{
    const struct ter_allocator *allocator = &collector->allocator;
    const struct ter_accounting *accounting = &collector->arena.accounting;
    size_t used = relaxed(&accounting->used_bytes);
    struct ter_client_figures figures = {.heap_bytes =
                                             ter_max(relaxed(&accounting->limit_bytes), used),
                                         .before_bytes = relaxed(&allocator->allocated_before)};

    figures.free_bytes = figures.heap_bytes - used;
    figures.allocated_bytes = not_negative(exact ? ter_mutators_allocated(allocator)
                                                 : relaxed(&allocator->allocated_since_collection));
    figures.freed_bytes = not_negative(exact ? ter_mutators_freed(allocator)
                                             : relaxed(&allocator->freed_since_collection));
    return figures;
}

/* Nobody else changes anything. */
static bool has_lock(const struct ter_allocator *allocator)
{
    return ter_allocator_is_locked_by_me(allocator) ||
           (!ter_allocator_is_locking(allocator) && ter_os_is_single_threaded());
}

static struct ter_client_figures read_without_waiting(struct ter_collector *collector)
{
    struct ter_lock *lock = &collector->allocator.lock;
    struct ter_client_figures figures;

    if (!ter_allocator_is_locking(&collector->allocator) || !ter_lock_try(lock))
        return read_counts(collector, false);
    figures = read_counts(collector, true);
    ter_lock_release(lock);
    return figures;
}

struct ter_client_figures ter_heap_figures(struct ter_heap *heap, bool wait)
{
    struct ter_collector *collector = &heap->collector;
    struct ter_client_figures figures;

    if (has_lock(&collector->allocator))
        return read_counts(collector, true);
    if (!wait)
        return read_without_waiting(collector);
    ter_allocator_lock(&collector->allocator);
    figures = read_counts(collector, true);
    ter_allocator_unlock(&collector->allocator);
    return figures;
}

size_t ter_heap_obtained_bytes(const struct ter_heap *heap)
{
    const struct ter_accounting *accounting = &heap->collector.arena.accounting;

    return ter_max(relaxed(&accounting->mapped_bytes), relaxed(&accounting->limit_bytes));
}

struct ter_statistics ter_heap_all_figures(const struct ter_heap *heap)
{
    struct ter_statistics statistics;

    ter_heap_statistics_locked(heap, &statistics);
    return statistics;
}

void ter_heap_count_allocated(struct ter_heap *heap, size_t bytes)
{
    ter_allocator_count(&heap->collector.allocator, bytes);
}

void ter_heap_count_freed(struct ter_heap *heap, size_t bytes)
{
    heap->collector.allocator.freed_since_collection += bytes;
}

bool ter_heap_note_lost(struct ter_heap *heap, uintptr_t object)
{
    return ter_leaked_note(&heap->seeing.samples, object);
}

void ter_heap_tell_lost(struct ter_heap *heap, void (*line)(void *context, const char *text),
                        void *context)
{
    struct ter_leaked *leaked;

    ter_heap_lock(heap);
    leaked = ter_leaked_begin(&heap->seeing.samples);
    ter_heap_unlock(heap);
    if (leaked != NULL)
        ter_leaked_tell(leaked, line, context);
}

void ter_heap_write_last_report(struct ter_heap *heap)
{
    ter_heap_write_wanted_report(heap);
    ter_heap_write_wanted_map(heap);
    ter_heap_write_wanted_dump(heap);
    ter_heap_write_wanted_profile(heap);
    ter_heap_settle_seeing(heap);
}

/* ---- Regions ---- */

static uintptr_t end_of(const struct ter_occupancy_run *run)
{
    return run->start + run->chunks * TER_BYTES_IN_CHUNK;
}

void ter_heap_visit_regions(const struct ter_heap *heap,
                            void (*visit)(uintptr_t start, uintptr_t end, const char *space))
{
    struct ter_occupancy_run run;
    uintptr_t from = 0;

    for (; ter_occupancy_next(heap, from, &run); from = end_of(&run))
        visit(run.start, end_of(&run), run.owner->name);
    from = 0;
    for (; ter_occupancy_next_foreign(heap, from, &run) && run.start >= from; from = end_of(&run))
        visit(run.start, end_of(&run), run.owner->name);
}
