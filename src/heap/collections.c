/* SPDX-License-Identifier: MIT */
/*
 * Collections held and allowed, and a program that is told of them. Invariant: what a collection
 * passes is told under the lock, so whom to tell does not change in one.
 */
#include "heap/heap.h"

/* ---- When ---- */

void ter_collections_hold(struct ter_heap *heap)
{
    ter_heap_require(heap, "ter_collections_hold");
    ter_allocator_lock(&heap->collector.allocator);
    heap->collector.trigger.disabled++;
    ter_allocator_unlock(&heap->collector.allocator);
}

ter_status ter_collections_allow(struct ter_heap *heap)
{
    struct ter_trigger *trigger;
    bool held;

    ter_heap_require(heap, "ter_collections_allow");
    trigger = &heap->collector.trigger;
    ter_allocator_lock(&heap->collector.allocator);
    held = trigger->disabled != 0;
    if (held)
        trigger->disabled--;
    ter_allocator_unlock(&heap->collector.allocator);
    return held ? TER_OK : TER_ERROR_INVALID;
}

int ter_collections_weigh(struct ter_heap *heap, size_t room)
{
    struct ter_collector *collector;
    bool is_worth_it;

    ter_heap_require(heap, "ter_collections_weigh");
    collector = &heap->collector;
    ter_allocator_lock(&collector->allocator);
    collector->held_room = room;
    is_worth_it = collector->ages && !collector->arena.fills_up;
    ter_allocator_unlock(&collector->allocator);
    return is_worth_it;
}

/* ---- What happens in one ---- */

/* The number is given when the figures are known. */
static uint64_t number_of_passage(const struct ter_passage *passage)
{
    return passage->collection->number != 0 ? passage->collection->number
                                            : passage->collector->collections + 1;
}

static void collection_passed(void *context, const struct ter_passage *passage)
{
    struct ter_listener *listener = context;
    const struct ter_collection *collection = passage->collection;
    const struct ter_live *live = &collection->live;
    size_t limit = ter_balance_limit();
    struct ter_collection_event event = {
        .phase = passage->phase,
        .reason = collection->reason,
        .number = number_of_passage(passage),
        .young = collection->young,
        .start_ns = collection->start_ns,
        .mark_ns = collection->mark_ns,
        .pause_ns = collection->pause_ns,
        .total_ns = collection->total_ns,
        .allocated_bytes = collection->allocated_bytes,
        .used_before_bytes = collection->used_before_bytes,
        .used_after_bytes = collection->used_after_bytes,
        .heap_bytes = collection->heap_bytes,
        .live_bytes = live->scanned_bytes + live->atomic_bytes,
        .live_objects = live->objects,
        .soft_limit_bytes = limit == SIZE_MAX ? 0 : limit,
        .exceeded_ns = ter_balance_exceeded_ns(),
    };

    if (listener->function == NULL)
        return;
    listener->is_told = true;
    listener->function(listener->context, &event);
    listener->is_told = false;
}

/* The record is added once: collections go through it ever after. */
static void listen_once(struct ter_heap *heap, struct ter_listener *listener)
{
    if (listener->callbacks.passed != NULL)
        return;
    listener->callbacks = (struct ter_callbacks){.passed = collection_passed, .context = listener};
    ter_callbacks_add(&heap->collector.callbacks, &listener->callbacks);
}

void ter_heap_on_collection(struct ter_heap *heap, ter_collection_function *function, void *context)
{
    struct ter_listener *listener;

    ter_heap_require(heap, "ter_heap_on_collection");
    listener = &heap->listener;
    ter_allocator_lock(&heap->collector.allocator);
    TER_REQUIRE(!listener->is_told,
                "ter_heap_on_collection: called in the function that it told of collections");
    listener->function = function;
    listener->context = context;
    listen_once(heap, listener);
    ter_allocator_unlock(&heap->collector.allocator);
}
