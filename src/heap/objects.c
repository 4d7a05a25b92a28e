/* SPDX-License-Identifier: MIT */
/* Objects, roots, finalizers and collections of a heap: the public functions over the collector. */
#include <terrier/roots.h>

#include "heap/heap.h"

#include <string.h>

static struct ter_collector *collector_of(struct ter_mutator *mutator)
{
    return (struct ter_collector *)mutator->allocator->gate.context;
}

/* ---- Growing and freeing ---- */

/* The owner of an object that the heap may free. */
static const struct ter_sft *require_own_object(const struct ter_collector *collector,
                                                const void *object, const char *call)
{
    const struct ter_sft *owner = ter_collector_require_object(collector, object, call);

    TER_REQUIRE(!ter_space_of(owner)->policy->owned_by_program,
                "%s: %p is the program's own (owner: %s)", call, object, owner->name);
    return owner;
}

/* Large objects grow where they are when the pages behind them are free. */
static bool grow_in_place(struct ter_collector *collector, const struct ter_sft *owner,
                          uintptr_t object, size_t old_bytes, size_t bytes)
{
    size_t wanted = ter_align_up(bytes, TER_BYTES_IN_GRANULE);
    struct ter_space *space = ter_space_of(owner);
    bool grown = false;

    if (space->policy->extend == NULL || bytes > UINTPTR_MAX / 2)
        return false;
    ter_allocator_lock(&collector->allocator);
    if (ter_accounting_has_room(&collector->arena.accounting, wanted - old_bytes))
        grown = space->policy->extend(space, object, wanted);
    if (grown)
        ter_allocator_count(&collector->allocator, wanted - old_bytes);
    ter_allocator_unlock(&collector->allocator);
    return grown;
}

/* Clears what a shrunken object no longer uses, so that it keeps nothing. */
static void clear_tail(const struct ter_collector *collector, uintptr_t object, size_t bytes,
                       size_t old_bytes)
{
    if (collector->allocator.kinds[ter_collector_object_kind(collector, object)].zeroed)
        memset((void *)(object + bytes), 0, old_bytes - bytes);
}

static bool has_finalizers(const struct ter_collector *collector)
{
    return !ter_weak_table_is_empty(&collector->finalizers.waiting) ||
           !ter_weak_table_is_empty(&collector->had_finalizer);
}

/* An object that goes away by hand takes its finalizer with it. */
static void forget(struct ter_collector *collector, uintptr_t object)
{
    struct ter_finalizer none = {.object = object}, old;

    if (has_finalizers(collector)) {
        ter_allocator_lock(&collector->allocator);
        ter_finalizers_register(&collector->finalizers, &none, &old);
        ter_weak_table_remove(&collector->had_finalizer, object);
        ter_allocator_unlock(&collector->allocator);
    }
    ter_barrier_check_forget(collector->allocator.barrier_check, object);
}

/*
 * The owner was looked up without the lock: between that and the lock lies no safepoint, and what a
 * stopped thread names does not move.
 */
static void release(struct ter_mutator *mutator, const struct ter_sft *owner, uintptr_t object)
{
    forget(collector_of(mutator), object);
    ter_mutator_release(mutator, owner, object);
}

/* Another object of the same kind. A collection may come first, and *object be elsewhere then. */
static void *allocate_beside(struct ter_mutator *mutator, void **object, size_t bytes)
{
    unsigned kind = ter_collector_object_kind(collector_of(mutator), (uintptr_t)*object);
    void *made;

    TER_FRAME(mutator, frame, 1);
    frame.slots[0] = *object;
    made = ter_mutator_allocate(mutator, kind, bytes);
    *object = frame.slots[0];
    TER_FRAME_END(mutator, frame);
    return made;
}

/* By the program's function for that. *object stays where it is unless it is TER_RESIZED. */
static enum ter_resizing resize_by_program(struct ter_mutator *mutator, const struct ter_sft *owner,
                                           void **object, size_t bytes)
{
    const void *before = *object;
    enum ter_resizing resizing;

    TER_FRAME(mutator, frame, 1);
    frame.slots[0] = *object;
    resizing = ter_mutator_resize_in_malloc(mutator, owner, bytes, &frame.slots[0]);
    *object = frame.slots[0];
    TER_FRAME_END(mutator, frame);
    if (*object != before)
        forget(collector_of(mutator), (uintptr_t)before);
    return resizing;
}

/* By copying it, unless it can stay where it is. */
static void *resize_by_copy(struct ter_mutator *mutator, const struct ter_sft *owner, void *object,
                            size_t old_bytes, size_t bytes)
{
    struct ter_collector *collector = collector_of(mutator);
    void *moved;

    if (bytes <= old_bytes && bytes >= old_bytes / 2) {
        clear_tail(collector, (uintptr_t)object, bytes, old_bytes);
        return object;
    }
    if (bytes > old_bytes && grow_in_place(collector, owner, (uintptr_t)object, old_bytes, bytes))
        return object;
    moved = allocate_beside(mutator, &object, bytes);
    if (moved == NULL)
        return NULL;
    memcpy(moved, object, ter_min(bytes, old_bytes));
    release(mutator, ter_collector_owner(collector, (uintptr_t)object), (uintptr_t)object);
    return moved;
}

void *ter_object_resize(struct ter_mutator *mutator, void *object, size_t bytes)
{
    struct ter_collector *collector = collector_of(mutator);
    const struct ter_sft *owner = require_own_object(collector, object, "ter_reallocate");
    size_t old_bytes = ter_collector_object_bytes(collector, (uintptr_t)object);
    enum ter_resizing resizing = TER_RESIZE_OTHERWISE;

    if (mutator->allocator->malloc_space != NULL && bytes != old_bytes)
        resizing = resize_by_program(mutator, owner, &object, bytes);
    if (resizing == TER_RESIZED && bytes < old_bytes)
        clear_tail(collector, (uintptr_t)object, bytes,
                   ter_collector_object_bytes(collector, (uintptr_t)object));
    if (resizing != TER_RESIZE_OTHERWISE)
        return resizing == TER_RESIZED ? object : NULL;
    return resize_by_copy(mutator, owner, object, old_bytes, bytes);
}

/* The same with an object that is known to the ledger: its kind, and what was asked for. */
TER_COLD static void *resize_checked(struct ter_mutator *mutator, void *object, size_t bytes,
                                     void *site)
{
    struct ter_collector *collector = collector_of(mutator);
    unsigned kind = TER_KIND_NORMAL;
    void *resized;

    mutator->called_at = 0; /* growing has a frame of its own */
    if (object != NULL) {
        (void)require_own_object(collector, object, "ter_reallocate");
        kind = ter_collector_object_kind(collector, (uintptr_t)object);
        resized = ter_object_resize(mutator, object, bytes);
    } else {
        resized = ter_mutator_allocate(mutator, TER_KIND_NORMAL, bytes);
    }
    if (resized == object)
        return object;
    if (resized != NULL && mutator->allocator->checking != NULL)
        ter_checking_moved(mutator->allocator->checking, (uintptr_t)object, (uintptr_t)resized,
                           kind, bytes, (uintptr_t)site);
    return resized;
}

void *ter_reallocate(struct ter_mutator *mutator, void *object, size_t bytes)
{
    ter_mutator_require(mutator, TER_KIND_NORMAL, "ter_reallocate");
    TER_NOTE_CALL(mutator);
    if (TER_UNLIKELY(mutator->allocator->is_checked))
        return resize_checked(mutator, object, bytes, __builtin_return_address(0));
    if (object == NULL)
        return ter_mutator_allocate(mutator, TER_KIND_NORMAL, bytes);
    return ter_object_resize(mutator, object, bytes);
}

/* What most that is freed is: small, with no finalizer anywhere. Looked up once, and no lock. */
static bool free_if_small(struct ter_mutator *mutator, void *object)
{
    const struct ter_collector *collector = collector_of(mutator);
    const struct ter_sft *owner = ter_collector_owner(collector, (uintptr_t)object);

    return !has_finalizers(collector) && ter_is_in_cells(owner) &&
           ter_mutator_free_small(mutator, owner, (uintptr_t)object);
}

void ter_object_free(struct ter_mutator *mutator, void *object)
{
    if (TER_LIKELY(free_if_small(mutator, object)))
        return;
    release(mutator, require_own_object(collector_of(mutator), object, "ter_free"),
            (uintptr_t)object);
}

/* What the program frees is told as what a collection finds. */
static void dispose(struct ter_mutator *mutator, void *object)
{
    const struct ter_collector *collector = collector_of(mutator);

    require_own_object(collector, object, "ter_free");
    ter_dispose_object(collector, (uintptr_t)object);
}

TER_COLD static void free_told(struct ter_mutator *mutator, void *object)
{
    struct ter_checking *checking = mutator->allocator->checking;
    const struct ter_sft *owner;

    if (checking != NULL)
        ter_checking_free(checking, (uintptr_t)object, "ter_free");
    owner = require_own_object(collector_of(mutator), object, "ter_free");
    release(mutator, owner, (uintptr_t)object);
}

void ter_free(struct ter_mutator *mutator, void *object)
{
    if (object == NULL)
        return;
    ter_mutator_require(mutator, 0, "ter_free");
    if (TER_UNLIKELY(collector_of(mutator)->disposals.wanted))
        dispose(mutator, object);
    if (TER_UNLIKELY(mutator->allocator->is_checked))
        free_told(mutator, object);
    else
        ter_object_free(mutator, object);
}

/* ---- Questions ---- */

ter_object ter_heap_find(const struct ter_heap *heap, uintptr_t word)
{
    return ter_collector_find_interior(&heap->collector, word);
}

const struct ter_sft *ter_heap_owner(const struct ter_heap *heap, uintptr_t word)
{
    return ter_collector_owner(&heap->collector, word);
}

size_t ter_object_bytes(const struct ter_heap *heap, ter_object object)
{
    ter_collector_require_object(&heap->collector, (const void *)object.bits, "ter_object_bytes");
    return ter_collector_object_bytes(&heap->collector, object.bits);
}

struct each {
    void (*visit)(void *context, ter_object object, size_t bytes);
    void *context;
};

static void visit_each(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    const struct each *each = context;

    (void)kind;
    each->visit(each->context, ter_object_at(object), bytes);
}

ter_status ter_heap_for_each_object(struct ter_heap *heap,
                                    void (*visit)(void *context, ter_object object, size_t bytes),
                                    void *context)
{
    struct each each = {visit, context};
    struct ter_os_cancel before = ter_os_cancel_off();
    ter_status status;

    ter_heap_require(heap, "ter_heap_for_each_object");
    if (visit == NULL)
        return TER_ERROR_INVALID;
    ter_allocator_lock(&heap->collector.allocator);
    status = ter_collector_for_each(&heap->collector, visit_each, &each);
    ter_allocator_unlock(&heap->collector.allocator);
    ter_os_cancel_back(before);
    return status;
}

/* ---- From visitors ---- */

void ter_trace_word(struct ter_trace *trace, uintptr_t word)
{
    ter_tracer_word(ter_tracer_of(trace), word);
}

void ter_trace_slot(struct ter_trace *trace, ter_slot slot)
{
    struct ter_tracer *tracer = ter_tracer_of(trace);

    tracer->loop->slot(tracer, slot);
}

void *ter_trace_object(struct ter_trace *trace, void *object)
{
    struct ter_tracer *tracer = ter_tracer_of(trace);

    return (void *)tracer->loop->object(tracer, ter_object_at((uintptr_t)object)).bits;
}

void ter_trace_objects(struct ter_trace *trace, void **objects, size_t count)
{
    struct ter_tracer *tracer = ter_tracer_of(trace);

    if (tracer->loop->objects != NULL) {
        tracer->loop->objects(tracer, (ter_object *)(void *)objects, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        objects[i] = ter_trace_object(trace, objects[i]);
}

/* ---- Collections and roots ---- */

static void collect_for(struct ter_mutator *mutator, enum ter_collection_reason reason)
{
    /* A safepoint also where nothing is collected. */
    ter_poll(mutator);
    ter_allocator_lock(mutator->allocator);
    if (collector_of(mutator)->plan->loop == NULL)
        ter_heap_look((struct ter_heap *)collector_of(mutator));
    ter_collector_collect(collector_of(mutator), reason);
    ter_allocator_unlock(mutator->allocator);
}

void ter_collect(struct ter_mutator *mutator)
{
    ter_mutator_require_own(mutator, "ter_collect");
    TER_NOTE_CALL(mutator);
    collect_for(mutator, TER_REASON_REQUEST);
}

void ter_collect_young(struct ter_mutator *mutator)
{
    ter_mutator_require_own(mutator, "ter_collect_young");
    TER_NOTE_CALL(mutator);
    collect_for(mutator, TER_REASON_YOUNG);
}

size_t ter_heap_release_memory(struct ter_heap *heap)
{
    size_t bytes;

    ter_heap_require(heap, "ter_heap_release_memory");
    ter_allocator_lock(&heap->collector.allocator);
    bytes = ter_collector_release_memory(&heap->collector);
    ter_allocator_unlock(&heap->collector.allocator);
    return bytes;
}

ter_status ter_roots_add_range(struct ter_heap *heap, const void *start, const void *end)
{
    ter_status status;

    ter_heap_require(heap, "ter_roots_add_range");
    if ((uintptr_t)start > (uintptr_t)end)
        return TER_ERROR_OUT_OF_RANGE;
    ter_allocator_lock(&heap->collector.allocator);
    status = ter_roots_add(&heap->collector.roots, (uintptr_t)start, (uintptr_t)end);
    ter_allocator_unlock(&heap->collector.allocator);
    return status;
}

ter_status ter_roots_remove_range(struct ter_heap *heap, const void *start, const void *end)
{
    ter_status status;

    ter_heap_require(heap, "ter_roots_remove_range");
    if ((uintptr_t)start > (uintptr_t)end)
        return TER_ERROR_OUT_OF_RANGE;
    ter_allocator_lock(&heap->collector.allocator);
    status = ter_roots_remove(&heap->collector.roots, (uintptr_t)start, (uintptr_t)end);
    ter_allocator_unlock(&heap->collector.allocator);
    return status;
}
