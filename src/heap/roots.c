/* SPDX-License-Identifier: MIT */
/* Exact roots, pins and identities of a heap: the public functions. */
#include <terrier/roots.h>

#include "heap/heap.h"

/* ---- Slots and visitors ---- */

ter_status ter_roots_set_tags(struct ter_heap *heap, const struct ter_slot_type *type)
{
    struct ter_allocator *allocator;
    struct ter_root_tags tags = {0, 1};

    ter_heap_require(heap, "ter_roots_set_tags");
    if (type == NULL || ter_slot_type_check(type) != NULL || type->form == TER_SLOTS_OFFSET32)
        return TER_ERROR_INVALID;
    if (type->form == TER_SLOTS_TAGGED)
        tags = (struct ter_root_tags){type->mask, type->references};
    allocator = &heap->collector.allocator;
    ter_allocator_lock(allocator);
    heap->collector.roots.exact.tags = tags;
    ter_allocator_unlock(allocator);
    return TER_OK;
}

static bool are_words(const void *first, size_t count)
{
    return (uintptr_t)first % sizeof(uintptr_t) == 0 && first != NULL && count != 0 &&
           count <= (UINTPTR_MAX - (uintptr_t)first) / sizeof(uintptr_t);
}

ter_status ter_roots_add_slots(struct ter_heap *heap, void *first, size_t count,
                               enum ter_root_form form)
{
    TER_KEEP_ERRNO;
    uintptr_t start = (uintptr_t)first;
    struct ter_slot_range range = {start, start + count * sizeof(uintptr_t), form};
    ter_status status;

    ter_heap_require(heap, "ter_roots_add_slots");
    if (!are_words(first, count) || (unsigned)form > TER_ROOT_TAGGED)
        return TER_ERROR_INVALID;
    ter_allocator_lock(&heap->collector.allocator);
    status = ter_slot_ranges_add(&heap->collector.roots.exact.slots, &range);
    ter_allocator_unlock(&heap->collector.allocator);
    ter_heap_check_slots(heap, status, "ter_roots_add_slots",
                         "some of these words are roots already: each is added once");
    return status;
}

ter_status ter_roots_remove_slots(struct ter_heap *heap, void *first, size_t count)
{
    TER_KEEP_ERRNO;
    uintptr_t start = (uintptr_t)first;
    ter_status status;

    ter_heap_require(heap, "ter_roots_remove_slots");
    if (!are_words(first, count))
        return TER_ERROR_INVALID;
    ter_allocator_lock(&heap->collector.allocator);
    status = ter_slot_ranges_remove(&heap->collector.roots.exact.slots, start,
                                    start + count * sizeof(uintptr_t));
    ter_allocator_unlock(&heap->collector.allocator);
    ter_heap_check_slots(heap, status, "ter_roots_remove_slots",
                         "not all of these words are roots: what is removed was added before by "
                         "ter_roots_add_slots, and is removed once");
    return status;
}

ter_status ter_roots_add_visitor(struct ter_heap *heap, ter_roots_function *function, void *context)
{
    struct ter_roots_visitor visitor = {function, context};
    ter_status status;

    ter_heap_require(heap, "ter_roots_add_visitor");
    if (function == NULL)
        return TER_ERROR_INVALID;
    ter_allocator_lock(&heap->collector.allocator);
    status = ter_roots_visitors_add(&heap->collector.roots.exact.visitors, visitor);
    ter_allocator_unlock(&heap->collector.allocator);
    return status;
}

ter_status ter_roots_remove_visitor(struct ter_heap *heap, ter_roots_function *function,
                                    void *context)
{
    struct ter_roots_visitor visitor = {function, context};
    ter_status status;

    ter_heap_require(heap, "ter_roots_remove_visitor");
    ter_allocator_lock(&heap->collector.allocator);
    status = ter_roots_visitors_remove(&heap->collector.roots.exact.visitors, visitor);
    ter_allocator_unlock(&heap->collector.allocator);
    return status;
}

void ter_mutator_set_visitor(struct ter_mutator *mutator, ter_roots_function *function,
                             void *context)
{
    ter_mutator_require_own(mutator, "ter_mutator_set_visitor");
    ter_allocator_lock(mutator->allocator);
    mutator->visitor = (struct ter_roots_visitor){function, context};
    ter_allocator_unlock(mutator->allocator);
}

/* ---- Pins and identities ---- */

ter_status ter_pin(struct ter_heap *heap, void *object)
{
    TER_KEEP_ERRNO;
    ter_status status;

    ter_heap_require(heap, "ter_pin");
    (void)ter_collector_require_object(&heap->collector, object, "ter_pin");
    ter_allocator_lock(&heap->collector.allocator);
    status = ter_pins_add(&heap->collector.pins, (uintptr_t)object);
    ter_allocator_unlock(&heap->collector.allocator);
    return status;
}

void ter_unpin(struct ter_heap *heap, void *object)
{
    bool was_pinned;

    ter_heap_require(heap, "ter_unpin");
    ter_allocator_lock(&heap->collector.allocator);
    was_pinned = ter_pins_remove(&heap->collector.pins, (uintptr_t)object);
    ter_allocator_unlock(&heap->collector.allocator);
    TER_REQUIRE(was_pinned,
                "ter_unpin: %p is not pinned by ter_pin, which comes before "
                "each ter_unpin",
                object);
}

static bool heap_moves(const struct ter_heap *heap)
{
    return ter_plan_moves(heap->collector.plan);
}

bool ter_is_movable(const struct ter_heap *heap, const void *object)
{
    struct ter_allocator *allocator = (struct ter_allocator *)&heap->collector.allocator;
    const struct ter_sft *owner;
    bool is_pinned;

    ter_heap_require(heap, "ter_is_movable");
    owner = ter_collector_require_object(&heap->collector, object, "ter_is_movable");
    if (!heap_moves(heap) || !owner->is_movable(owner, ter_object_at((uintptr_t)object)))
        return false;
    ter_allocator_lock(allocator);
    is_pinned = ter_pins_has(&heap->collector.pins, (uintptr_t)object);
    ter_allocator_unlock(allocator);
    return !is_pinned;
}

/* Addresses are multiples of a granule. */
static uintptr_t hash_of_address(uintptr_t address)
{
    return (uintptr_t)ter_spread(address >> TER_LOG_BYTES_IN_GRANULE) | 1u;
}

uintptr_t ter_identity_hash(struct ter_heap *heap, const void *object)
{
    TER_KEEP_ERRNO;
    uintptr_t hash;

    ter_heap_require(heap, "ter_identity_hash");
    (void)ter_collector_require_object(&heap->collector, object, "ter_identity_hash");
    if (!heap_moves(heap))
        return hash_of_address((uintptr_t)object);
    ter_allocator_lock(&heap->collector.allocator);
    hash = ter_identities_of(&heap->collector.identities, (uintptr_t)object);
    ter_allocator_unlock(&heap->collector.allocator);
    return hash;
}
