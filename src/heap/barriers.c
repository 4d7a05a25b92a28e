/* SPDX-License-Identifier: MIT */
#include "heap/barriers.h"

#include "heap/heap.h"

/* A cell that a mutator may still hand out is none yet. */
static void note_barriers_of(void *context, uintptr_t object, size_t bytes,
                             const struct ter_kind *kind)
{
    struct ter_heap *heap = context;

    if (ter_collector_is_object(&heap->collector, object))
        ter_barrier_check_note(&heap->barrier_check, object, bytes, kind);
}

static void write_down_slots(struct ter_heap *heap)
{
    ter_barrier_check_begin(&heap->barrier_check);
    ter_collector_visit_objects(&heap->collector, note_barriers_of, heap);
    ter_barrier_check_end(&heap->barrier_check);
}

static void barriers_passed(void *context, const struct ter_passage *passage)
{
    struct ter_heap *heap = context;

    if (passage->phase == TER_PHASE_STOPPED)
        ter_barrier_check_compare(&heap->barrier_check);
    else if (passage->phase == TER_PHASE_RELEASED)
        write_down_slots(heap);
}

void ter_heap_check_barriers(struct ter_heap *heap)
{
    struct ter_allocator *allocator = &heap->collector.allocator;

    ter_barrier_check_init(&heap->barrier_check, allocator);
    allocator->barrier_check = &heap->barrier_check;
    allocator->is_checked = true;
    ter_barrier_set(allocator, (unsigned)allocator->head.barrier | TER_BARRIER_CHECKED);
    heap->barrier_callbacks = (struct ter_callbacks){.passed = barriers_passed, .context = heap};
    ter_callbacks_add(&heap->collector.callbacks, &heap->barrier_callbacks);
}

void ter_heap_compare_barriers(struct ter_heap *heap)
{
    struct ter_allocator *allocator = &heap->collector.allocator;

    if (allocator->barrier_check == NULL || ter_world_stop(allocator) != TER_OK)
        return;
    ter_barrier_check_compare(&heap->barrier_check);
    write_down_slots(heap);
    ter_world_resume(allocator);
}

void ter_heap_end_barriers(struct ter_heap *heap)
{
    if (heap->collector.allocator.barrier_check != NULL)
        ter_barrier_check_fini(&heap->barrier_check);
    heap->collector.allocator.barrier_check = NULL;
}

bool ter_heap_barriers_allow(const struct ter_heap *heap)
{
    const struct ter_allocator *allocator = &heap->collector.allocator;

    if (allocator->barrier_check == NULL || allocator->safepoints || allocator->mutators == NULL)
        return true;
    ter_log(TER_LOG_WARNING, "ter_mutator_bind: with check_barriers, and threads that signals stop "
                             "anywhere, a heap has one mutator");
    return false;
}
