/* SPDX-License-Identifier: MIT */
/* Finalizers of single objects: the public functions. */
#include "heap/heap.h"

static ter_status set_finalizer(struct ter_heap *heap, uintptr_t object,
                                const struct ter_client_finalizer *wanted)
{
    struct ter_client_finalizer old;
    ter_status status;

    if (object == 0 || ter_heap_find(heap, object).bits != object)
        return TER_ERROR_INVALID;
    ter_allocator_lock(&heap->collector.allocator);
    status = ter_heap_set_finalizer(heap, object, wanted, &old);
    ter_allocator_unlock(&heap->collector.allocator);
    return status;
}

ter_status ter_finalizer_set(struct ter_heap *heap, void *object,
                             void (*function)(void *object, void *data), void *data)
{
    struct ter_client_finalizer wanted = {function, data, TER_ORDER_NORMAL};

    ter_heap_require(heap, "ter_finalizer_set");
    return set_finalizer(heap, (uintptr_t)object, &wanted);
}

ter_status ter_finalizer_set_order(struct ter_heap *heap, void *object,
                                   void (*function)(void *object, void *data), void *data,
                                   enum ter_finalizer_order order)
{
    struct ter_client_finalizer wanted = {function, data, (enum ter_client_order)order};

    ter_heap_require(heap, "ter_finalizer_set_order");
    if ((unsigned)order > TER_FINALIZER_UNREACHABLE)
        return TER_ERROR_INVALID;
    return set_finalizer(heap, (uintptr_t)object, &wanted);
}

size_t ter_finalizers_run(struct ter_heap *heap)
{
    TER_KEEP_ERRNO;
    struct ter_allocator *allocator;
    struct ter_finalizer next;
    size_t count = 0;

    ter_heap_require(heap, "ter_finalizers_run");
    allocator = &heap->collector.allocator;
    ter_allocator_lock(allocator);
    while (ter_finalizers_take(&heap->collector.finalizers, &next)) {
        /* This one may take long, or never return: others need not wait for it. */
        if (ter_finalizers_ready(&heap->collector.finalizers) > 0)
            ter_allocator_notify(allocator);
        ter_allocator_unlock(allocator);
        next.function((void *)next.object, next.data);
        ter_heap_require(heap, "ter_finalizers_run");
        count++;
        ter_allocator_lock(allocator);
    }
    ter_allocator_unlock(allocator);
    return count;
}

/* With the world stopped: objects of kinds register themselves no earlier than now. */
static ter_status make_all_ready(struct ter_collector *collector)
{
    ter_status status = ter_kind_finalizers_register_all(collector);
    ter_status queued = ter_finalizers_queue_all(&collector->finalizers);

    return status != TER_OK ? status : queued;
}

ter_status ter_finalizers_make_ready(struct ter_heap *heap)
{
    struct ter_collector *collector;
    struct ter_os_cancel before = ter_os_cancel_off();
    ter_status status;

    ter_heap_require(heap, "ter_finalizers_make_ready");
    collector = &heap->collector;
    ter_allocator_lock(&collector->allocator);
    status = ter_world_stop(&collector->allocator);
    if (status == TER_OK) {
        status = make_all_ready(collector);
        ter_world_resume(&collector->allocator);
    }
    ter_allocator_unlock(&collector->allocator);
    ter_os_cancel_back(before);
    return status;
}
