/* SPDX-License-Identifier: MIT */
/*
 * What a client is called for, out of what the collector and its allocator call. Invariant: those
 * call these only if there is a client; its heap is the context, or holds the collector that is.
 */
#include "heap/heap.h"

static const struct ter_client_callbacks *callbacks_of(const struct ter_heap *heap)
{
    return heap->client.callbacks;
}

/* The gate's context is the collector. */
static struct ter_heap *heap_of_collector(void *collector)
{
    return (struct ter_heap *)(void *)((char *)collector - offsetof(struct ter_heap, collector));
}

/* ---- May it, is it due ---- */

static enum ter_client_cause cause_of(enum ter_collection_reason reason)
{
    switch (reason) {
    case TER_REASON_ALLOCATION: return TER_CAUSE_FULL;
    case TER_REASON_STRESS: return TER_CAUSE_STRESS;
    default: return TER_CAUSE_NEED;
    }
}

static bool client_allows(void *context, enum ter_collection_reason reason)
{
    struct ter_heap *heap = context;

    return callbacks_of(heap)->allowed(heap, cause_of(reason));
}

static bool client_is_due(void *context)
{
    return callbacks_of(context)->due(context);
}

/* ---- In a collection ---- */

static void call(void (*callback)(struct ter_heap *heap), struct ter_heap *heap)
{
    if (callback != NULL)
        callback(heap);
}

static void tell_point(struct ter_heap *heap, enum ter_client_point point)
{
    if (callbacks_of(heap)->passed != NULL)
        callbacks_of(heap)->passed(heap, point);
}

static void tell_end(struct ter_heap *heap, const struct ter_collection *collection)
{
    struct ter_client_collection told = {.pause_ns = collection->pause_ns,
                                         .total_ns = collection->total_ns,
                                         .allocated_bytes = collection->allocated_bytes,
                                         .live_bytes = collection->live.scanned_bytes +
                                                       collection->live.atomic_bytes};

    if (callbacks_of(heap)->after != NULL)
        callbacks_of(heap)->after(heap, &told);
}

static void client_passed(void *context, const struct ter_passage *passage)
{
    struct ter_heap *heap = context;

    switch (passage->phase) {
    case TER_PHASE_BEGINNING: call(callbacks_of(heap)->before, heap); break;
    case TER_PHASE_STOPPING: tell_point(heap, TER_POINT_STOPPING); break;
    case TER_PHASE_STOPPED: tell_point(heap, TER_POINT_STOPPED); break;
    case TER_PHASE_ROOTS: call(callbacks_of(heap)->roots, heap); break;
    case TER_PHASE_REACHED: call(callbacks_of(heap)->marked, heap); break;
    case TER_PHASE_MARKED: tell_point(heap, TER_POINT_MARKED); break;
    case TER_PHASE_RELEASED: tell_point(heap, TER_POINT_RELEASED); break;
    case TER_PHASE_RESUMED: tell_point(heap, TER_POINT_RESUMED); break;
    case TER_PHASE_ENDED: tell_end(heap, passage->collection); break;
    case TER_PHASE_COUNT: break;
    }
}

/* ---- Elsewhere ---- */

static void client_resized(void *context, size_t limit_bytes)
{
    callbacks_of(context)->resized(context, limit_bytes);
}

static void client_thread_ended(void *context, const struct ter_mutator *mutator)
{
    struct ter_heap *heap = heap_of_collector(context);

    callbacks_of(heap)->thread_ended(heap, mutator);
}

static void client_notified(void *context)
{
    struct ter_heap *heap = heap_of_collector(context);

    callbacks_of(heap)->notified(heap);
}

#define IF_WANTED(callback, function) (callbacks->callback != NULL ? (function) : NULL)

/* What the client has no function for, nobody calls. */
void ter_heap_set_callbacks(struct ter_heap *heap, const struct ter_client_callbacks *callbacks)
{
    struct ter_collector *collector = &heap->collector;

    heap->client.callbacks = callbacks;
    heap->client.record = (struct ter_callbacks){.allowed = IF_WANTED(allowed, client_allows),
                                                 .due = IF_WANTED(due, client_is_due),
                                                 .passed = client_passed,
                                                 .resized = IF_WANTED(resized, client_resized),
                                                 .context = heap};
    ter_callbacks_add(&collector->callbacks, &heap->client.record);
    collector->allocator.gate.ended = IF_WANTED(thread_ended, client_thread_ended);
    collector->allocator.gate.notified = IF_WANTED(notified, client_notified);
}
