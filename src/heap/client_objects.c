/* SPDX-License-Identifier: MIT */
/* Objects and kinds for clients. */
#include "heap/heap.h"

_Static_assert(TER_HEAP_GRANULE_BYTES == TER_BYTES_IN_GRANULE, "as the header says");
_Static_assert(TER_HEAP_PAGE_BYTES == TER_BYTES_IN_PAGE, "as the header says");
_Static_assert(TER_HEAP_SMALL_BYTES == TER_SMALL_MAX_BYTES, "as the header says");
_Static_assert(TER_HEAP_KINDS == TER_MAX_KINDS, "as the header says");

/* ---- Allocation ---- */

bool ter_mutator_new_objects(struct ter_mutator *mutator, unsigned kind, size_t bytes, size_t most,
                             void **list)
{
    return ter_mutator_allocate_list(mutator, kind, bytes, most, list);
}

void ter_object_drop(struct ter_mutator *mutator, uintptr_t object)
{
    struct ter_collector *collector = mutator->allocator->gate.context;
    size_t freed = collector->allocator.freed_since_collection;

    ter_mutator_release_locked(mutator, ter_collector_owner(collector, object), object);
    collector->allocator.freed_since_collection = freed;
}

bool ter_heap_can_hold(size_t bytes)
{
    return ter_allocator_can_hold(bytes);
}

size_t ter_heap_rounded_bytes(size_t bytes)
{
    unsigned size_class = 0;

    while (ter_size_class_bytes[size_class] < bytes)
        size_class++;
    return ter_size_class_bytes[size_class];
}

/* ---- Kinds ---- */

static enum ter_scan scan_of(const struct ter_client_kind *kind)
{
    if (kind->tracer != NULL)
        return TER_SCAN_VISITOR;
    return kind->has_references ? TER_SCAN_AMBIGUOUS : TER_SCAN_NONE;
}

ter_status ter_heap_add_kind(struct ter_heap *heap, const struct ter_client_kind *kind,
                             unsigned *index)
{
    struct ter_kind wanted = {.scan = scan_of(kind),
                              .zeroed = kind->zeroed,
                              .never_moves = true,
                              .visitor = kind->tracer,
                              .context = kind->context};

    return ter_collector_add_kind(&heap->collector, &wanted, index);
}

void ter_heap_never_move(struct ter_heap *heap)
{
    struct ter_allocator *allocator = &heap->collector.allocator;

    for (unsigned kind = 0; kind < allocator->kind_count; kind++)
        allocator->kinds[kind].never_moves = true;
}

unsigned ter_heap_kind_count(const struct ter_heap *heap)
{
    return heap->collector.allocator.kind_count;
}

void ter_trace_reference(struct ter_trace *trace, uintptr_t word)
{
    ter_tracer_word(ter_tracer_of(trace), word);
}

void ter_trace_words(struct ter_trace *trace, uintptr_t start, uintptr_t end)
{
    ter_tracer_data(ter_tracer_of(trace), start, end);
}

/* ---- Questions ---- */

static TER_NOINLINE size_t bytes_in_space(const struct ter_sft *owner, uintptr_t address,
                                          size_t (*none)(uintptr_t address))
{
    ter_object object = owner->find_object_from_interior(owner, address);

    return ter_object_is_none(object)
               ? none(address)
               : ter_space_of(owner)->policy->object_bytes(ter_space_of(owner), object.bits);
}

/*
 * Most are small and asked for by their first byte, some programs for each that they allocate. So
 * nothing that is loaded for the answer waits for another load, and nothing is saved for a call:
 * what is called comes last, here and in who calls this.
 */
size_t ter_heap_bytes_at(const struct ter_heap *heap, uintptr_t address,
                         size_t (*none)(uintptr_t address))
{
    const struct ter_arena *arena = &heap->collector.arena;
    const struct ter_sft *owner = ter_sft_map_get(&arena->map, address);

    if (TER_LIKELY(owner->find_object_from_interior == ter_block_space_find) &&
        TER_LIKELY(
            ter_block_space_is_object_in(arena, ter_block_space_of(ter_space_of(owner)), address)))
        return ter_block_head_of(arena, address)->cell_bytes;
    return bytes_in_space(owner, address, none);
}

size_t ter_heap_bytes_of(const struct ter_heap *heap, uintptr_t object)
{
    return ter_collector_object_bytes(&heap->collector, object);
}

unsigned ter_heap_kind_of(const struct ter_heap *heap, uintptr_t object)
{
    return ter_collector_object_kind(&heap->collector, object);
}

bool ter_heap_lasts(const struct ter_heap *heap, uintptr_t object)
{
    return heap->collector.allocator.kinds[ter_heap_kind_of(heap, object)].uncollectable;
}

bool ter_heap_owns(const struct ter_heap *heap, uintptr_t address)
{
    const struct ter_sft *owner = ter_collector_owner(&heap->collector, address);

    return owner->is_in_space(owner, address);
}

bool ter_heap_is_marked(const struct ter_heap *heap, uintptr_t object)
{
    return ter_collector_is_marked(&heap->collector, object);
}

void ter_heap_set_mark(struct ter_heap *heap, uintptr_t object, bool marked)
{
    ter_collector_set_mark(&heap->collector, object, marked);
}

/* The whole range, now and after any growth; malloc's memory may be anywhere. */
void ter_heap_bounds(const struct ter_heap *heap, uintptr_t *low, uintptr_t *high)
{
    const struct ter_layout *layout = &heap->collector.arena.layout;
    bool anywhere = heap->collector.allocator.malloc_space != NULL;

    *low = anywhere ? TER_BYTES_IN_GRANULE : layout->heap_start - sizeof(void *);
    *high = anywhere ? UINTPTR_MAX : layout->heap_start + ter_layout_heap_bytes(layout);
}

void ter_heap_keep_by_first_page(struct ter_heap *heap, uintptr_t object)
{
    struct ter_space *space = ter_space_of(ter_collector_owner(&heap->collector, object));

    if (space->policy->keep_by_first_page != NULL)
        space->policy->keep_by_first_page(space, object);
}

/* ---- All objects ---- */

struct showing {
    const struct ter_collector *collector;
    ter_client_visitor *visit;
    void *context;
};

static struct ter_client_object describe_object(const struct ter_collector *collector,
                                                uintptr_t object, size_t bytes,
                                                const struct ter_kind *kind)
{
    return (struct ter_client_object){.address = object,
                                      .bytes = bytes,
                                      .kind = (unsigned)(kind - collector->allocator.kinds),
                                      .has_references = kind->scan != TER_SCAN_NONE,
                                      .lasts = kind->uncollectable};
}

static void show_cell(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    const struct showing *showing = context;
    struct ter_client_object shown = describe_object(showing->collector, object, bytes, kind);

    showing->visit(showing->context, &shown);
}

/* Cells that a thread has not handed out yet are no objects. */
static void show_object(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    const struct showing *showing = context;

    if (ter_collector_find_interior(showing->collector, object).bits == object)
        show_cell(context, object, bytes, kind);
}

void ter_heap_visit_objects(struct ter_heap *heap, ter_client_visitor *visit, void *context)
{
    struct showing showing = {&heap->collector, visit, context};

    ter_collector_visit_objects(&heap->collector, show_cell, &showing);
}

void ter_heap_show_objects(struct ter_heap *heap, ter_client_visitor *visit, void *context)
{
    struct showing showing = {&heap->collector, visit, context};

    heap->collector.allocator.visiting = true;
    ter_collector_visit_objects(&heap->collector, show_object, &showing);
    heap->collector.allocator.visiting = false;
}
