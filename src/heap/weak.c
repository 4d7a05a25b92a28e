/* SPDX-License-Identifier: MIT */
/* Weak words, ephemerons and guardians: the public functions. Weak words are short links. */
#include "heap/heap.h"

#include <terrier/weak.h>

static struct ter_heap *heap_of_mutator(const struct ter_mutator *mutator)
{
    return mutator->allocator->gate.context;
}

/* ---- Weak words ---- */

ter_status ter_weak_add(struct ter_heap *heap, void **word, void *object)
{
    bool existed;
    ter_status status;

    ter_heap_require(heap, "ter_weak_add");
    if ((uintptr_t)word % sizeof *word != 0 ||
        !ter_collector_is_object(&heap->collector, (uintptr_t)object))
        return TER_ERROR_INVALID;
    ter_allocator_lock(&heap->collector.allocator);
    status = ter_heap_add_link(heap, TER_LINKS_SHORT, (uintptr_t)word, (uintptr_t)object, &existed);
    ter_allocator_unlock(&heap->collector.allocator);
    return status;
}

ter_status ter_weak_remove(struct ter_heap *heap, void **word)
{
    bool existed;

    ter_heap_require(heap, "ter_weak_remove");
    ter_allocator_lock(&heap->collector.allocator);
    existed = ter_links_unregister(&heap->collector.short_links, (uintptr_t)word);
    ter_allocator_unlock(&heap->collector.allocator);
    return existed ? TER_OK : TER_ERROR_INVALID;
}

/* ---- Ephemerons ---- */

struct ephemeron {
    void *key, *value;
};

/* Two threads may both make one at first: then one of the kinds has few objects. */
static ter_status ephemeron_kind(struct ter_heap *heap, unsigned *kind)
{
    static const struct ter_object_layout layout = {.element_bytes = sizeof(struct ephemeron),
                                                    .element = {.bitmap = 3}};
    static const struct ter_kind_description description = {
        .name = "ephemeron", .layout = &layout, .flags = TER_KIND_EPHEMERONS};
    ter_status status;

    *kind = __atomic_load_n(&heap->ephemeron_kind, __ATOMIC_ACQUIRE);
    if (*kind != 0)
        return TER_OK;
    status = ter_kind_define(heap, &description, kind);
    if (status == TER_OK)
        __atomic_store_n(&heap->ephemeron_kind, *kind, __ATOMIC_RELEASE);
    return status;
}

void *ter_ephemeron_new(struct ter_mutator *mutator, void *key, void *value)
{
    struct ephemeron *ephemeron;
    unsigned kind;

    if (ephemeron_kind(heap_of_mutator(mutator), &kind) != TER_OK)
        return NULL;
    TER_ROOTS(mutator, keep, void *key; void *value;);
    keep.key = key;
    keep.value = value;
    ephemeron = ter_allocate(mutator, kind, sizeof *ephemeron);
    if (ephemeron != NULL)
        *ephemeron = (struct ephemeron){keep.key, keep.value};
    TER_FRAME_END(mutator, keep);
    return ephemeron;
}

/* ---- Weak things of the program's own ---- */

void ter_weak_set_function(struct ter_heap *heap, ter_weak_function *function, void *context)
{
    ter_heap_require(heap, "ter_weak_set_function");
    ter_allocator_lock(&heap->collector.allocator);
    heap->collector.weak_function = function;
    heap->collector.weak_context = context;
    ter_allocator_unlock(&heap->collector.allocator);
}

/* ---- Guardians ---- */

ter_status ter_guardian_new(struct ter_heap *heap, struct ter_guardian **guardian)
{
    ter_status status;

    ter_heap_require(heap, "ter_guardian_new");
    ter_allocator_lock(&heap->collector.allocator);
    status = ter_guardian_make(&heap->collector.guardians, guardian);
    ter_allocator_unlock(&heap->collector.allocator);
    return status;
}

void ter_guardian_free(struct ter_heap *heap, struct ter_guardian *guardian)
{
    ter_heap_require(heap, "ter_guardian_free");
    ter_allocator_lock(&heap->collector.allocator);
    ter_guardian_end(&heap->collector.guardians, guardian);
    ter_allocator_unlock(&heap->collector.allocator);
}

ter_status ter_guardian_add(struct ter_heap *heap, struct ter_guardian *guardian, void *object,
                            void *stands_for_it)
{
    ter_status status;

    ter_heap_require(heap, "ter_guardian_add");
    if (!ter_collector_is_object(&heap->collector, (uintptr_t)object) ||
        !ter_collector_is_object(&heap->collector, (uintptr_t)stands_for_it))
        return TER_ERROR_INVALID;
    ter_allocator_lock(&heap->collector.allocator);
    status = ter_guardian_register(guardian, (uintptr_t)object, (uintptr_t)stands_for_it);
    ter_heap_count_registrations(heap, &guardian->bound, guardian->waiting.count);
    ter_allocator_unlock(&heap->collector.allocator);
    return status;
}

void *ter_guardian_poll(struct ter_heap *heap, struct ter_guardian *guardian)
{
    uintptr_t next;

    ter_heap_require(heap, "ter_guardian_poll");
    ter_allocator_lock(&heap->collector.allocator);
    next = ter_guardian_take(guardian);
    ter_allocator_unlock(&heap->collector.allocator);
    return (void *)next;
}
