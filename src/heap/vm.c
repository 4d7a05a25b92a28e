/* SPDX-License-Identifier: MIT */
/* Memory of the program's own: the public functions over the VM space. */
#include "heap/heap.h"

#include <stdio.h>

static void say_conflict(const struct ter_vm_conflict *conflict, char *text, size_t size)
{
    const char *owner = conflict->map.owner->name;
    const char *claimant = conflict->map.claimant->name;
    size_t start = (size_t)conflict->map.start;

    if (conflict->is_reserved)
        snprintf(text, size,
                 "%#zx is in the range of the heap itself (owner: %s), not for space %s", start,
                 owner, claimant);
    else if (conflict->map.owner == conflict->map.claimant)
        snprintf(text, size, "%#zx is in a range that was added to space %s before", start, owner);
    else
        ter_sft_conflict_print(&conflict->map, text, size);
}

ter_status ter_vm_space_add(struct ter_heap *heap, const void *start, size_t bytes,
                            enum ter_vm_use use, char *message, size_t message_bytes)
{
    struct ter_vm_space *space;
    struct ter_vm_conflict conflict;
    ter_status status;

    ter_heap_require(heap, "ter_vm_space_add");
    space = heap->collector.vm_space;
    if (space == NULL) {
        snprintf(message, message_bytes, "the heap was made without the option vm_space");
        return TER_ERROR_INVALID;
    }
    ter_allocator_lock(&heap->collector.allocator);
    status =
        ter_vm_space_add_range(space, (uintptr_t)start, bytes, use == TER_VM_TRACED, &conflict);
    ter_allocator_unlock(&heap->collector.allocator);
    if (status == TER_ERROR_OWNED)
        say_conflict(&conflict, message, message_bytes);
    else if (status != TER_OK)
        snprintf(message, message_bytes, "%s", ter_status_message(status));
    return status;
}

/* What goes without dying is not finalized. */
static void drop_finalizer(void *context, uintptr_t object, size_t bytes,
                           const struct ter_kind *kind)
{
    struct ter_collector *collector = context;
    struct ter_finalizer none = {.object = object}, old;

    (void)bytes, (void)kind;
    ter_finalizers_register(&collector->finalizers, &none, &old);
    ter_weak_table_remove(&collector->had_finalizer, object);
}

ter_status ter_vm_space_remove(struct ter_heap *heap, const void *start, size_t bytes)
{
    struct ter_vm_space *space;
    ter_status status;

    ter_heap_require(heap, "ter_vm_space_remove");
    space = heap->collector.vm_space;
    if (space == NULL)
        return TER_ERROR_INVALID;
    ter_allocator_lock(&heap->collector.allocator);
    status =
        ter_vm_space_remove_range(space, (uintptr_t)start, bytes, drop_finalizer, &heap->collector);
    ter_allocator_unlock(&heap->collector.allocator);
    return status;
}

ter_status ter_vm_object(struct ter_heap *heap, void *object, size_t bytes, unsigned kind)
{
    struct ter_allocator *allocator;
    ter_status status = TER_ERROR_INVALID;

    ter_heap_require(heap, "ter_vm_object");
    allocator = &heap->collector.allocator;
    if (heap->collector.vm_space == NULL || bytes == 0 ||
        !ter_is_aligned((uintptr_t)object, TER_BYTES_IN_GRANULE))
        return TER_ERROR_INVALID;
    if (bytes > UINTPTR_MAX / 2)
        return TER_ERROR_OUT_OF_RANGE;
    ter_allocator_lock(allocator);
    if (kind < allocator->kind_count)
        status = ter_vm_space_add_object(heap->collector.vm_space, (uintptr_t)object,
                                         ter_align_up(bytes, TER_BYTES_IN_GRANULE), kind);
    ter_allocator_unlock(allocator);
    return status;
}
