/* SPDX-License-Identifier: MIT */
/* Kinds of objects: the public functions over the heap's rows. */
#include "heap/heap.h"

static ter_status add_described(struct ter_heap *heap, struct ter_kind *wanted,
                                const struct ter_kind_details *details, unsigned *kind)
{
    ter_status status;

    wanted->details = details;
    ter_allocator_lock(&heap->collector.allocator);
    status = ter_collector_add_kind(&heap->collector, wanted, kind);
    ter_allocator_unlock(&heap->collector.allocator);
    return status;
}

static bool is_in_reach(const struct ter_heap *heap, const struct ter_slot_type *slots)
{
    uintptr_t low, high;

    ter_heap_bounds(heap, &low, &high);
    if (ter_slot_type_reaches(slots, low, high))
        return true;
    ter_log(TER_LOG_WARNING,
            "a kind of objects is refused: its offsets of 32 bits do not reach all of the heap, "
            "which is [%#zx, %#zx); layout=compressed lies below 32 GiB",
            (size_t)low, (size_t)high);
    return false;
}

ter_status ter_kind_define(struct ter_heap *heap, const struct ter_kind_description *description,
                           unsigned *kind)
{
    struct ter_kind_details details;
    struct ter_kind wanted;
    const char *wrong;

    ter_heap_require(heap, "ter_kind_define");
    if (kind == NULL || description == NULL)
        return TER_ERROR_INVALID;
    wrong = ter_kind_describe(description, &wanted, &details);
    if (wrong != NULL) {
        ter_log(TER_LOG_WARNING, "kind \"%s\" of objects is refused: %s",
                description->name != NULL ? description->name : "", wrong);
        return TER_ERROR_INVALID;
    }
    if (!is_in_reach(heap, &description->slots))
        return TER_ERROR_OUT_OF_RANGE;
    return add_described(heap, &wanted, &details, kind);
}

ter_status ter_kind_add(struct ter_heap *heap,
                        void (*tracer)(void *context, struct ter_trace *trace, uintptr_t object,
                                       size_t bytes),
                        void *context, unsigned *kind)
{
    struct ter_kind_description description = {.visitor = tracer, .context = context};

    ter_heap_require(heap, "ter_kind_add");
    return ter_kind_define(heap, &description, kind);
}

ter_status ter_kind_add_layout(struct ter_heap *heap, const struct ter_object_layout *layout,
                               unsigned *kind)
{
    struct ter_kind_description description = {.layout = layout};

    ter_heap_require(heap, "ter_kind_add_layout");
    return ter_kind_define(heap, &description, kind);
}

const char *ter_kind_name(const struct ter_heap *heap, unsigned kind)
{
    const struct ter_allocator *allocator = &heap->collector.allocator;

    return kind < allocator->kind_count ? allocator->details[kind].name : "";
}

unsigned ter_object_kind(const struct ter_heap *heap, const void *object)
{
    const struct ter_collector *collector = &heap->collector;

    (void)ter_collector_require_object(collector, object, "ter_object_kind");
    return collector->allocator.details[ter_collector_object_kind(collector, (uintptr_t)object)]
        .base;
}

/* ---- Rows that differ from another in their flags ---- */

static bool is_variant(const struct ter_allocator *allocator, unsigned kind, unsigned base,
                       bool never_moves, bool remembered)
{
    const struct ter_kind *row = &allocator->kinds[kind];

    return allocator->details[kind].base == base && row->never_moves == never_moves &&
           row->remembered == remembered;
}

static ter_status find_variant(struct ter_collector *collector, unsigned base, bool never_moves,
                               bool remembered, unsigned *kind)
{
    const struct ter_allocator *allocator = &collector->allocator;
    struct ter_kind wanted = allocator->kinds[base];

    for (*kind = 0; *kind < allocator->kind_count; ++*kind)
        if (is_variant(allocator, *kind, base, never_moves, remembered))
            return TER_OK;
    wanted.never_moves = never_moves;
    wanted.remembered = remembered;
    return ter_collector_add_kind(collector, &wanted, kind);
}

ter_status ter_heap_kind_variant(struct ter_mutator *mutator, unsigned base, bool never_moves,
                                 bool remembered, unsigned *kind)
{
    struct ter_allocator *allocator = mutator->allocator;
    const struct ter_kind *row = &allocator->kinds[base];
    ter_status status;

    *kind = base;
    never_moves |= row->never_moves;
    remembered |= row->remembered;
    never_moves |= ter_allocator_fixes(allocator, remembered);
    if (never_moves == row->never_moves && remembered == row->remembered)
        return TER_OK;
    ter_allocator_lock(allocator);
    status = find_variant((struct ter_collector *)allocator->gate.context,
                          allocator->details[base].base, never_moves, remembered, kind);
    ter_allocator_unlock(allocator);
    return status;
}

/* ---- Figures ---- */

struct counting {
    const struct ter_allocator *allocator;
    unsigned kind;
    struct ter_kind_statistics statistics;
};

static void count_object(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    struct counting *counting = context;

    (void)object;
    if (counting->allocator->details[kind - counting->allocator->kinds].base != counting->kind)
        return;
    counting->statistics.objects++;
    counting->statistics.bytes += bytes;
}

ter_status ter_kind_count(struct ter_heap *heap, unsigned kind,
                          struct ter_kind_statistics *statistics)
{
    struct counting counting = {.allocator = &heap->collector.allocator, .kind = kind};
    struct ter_os_cancel before = ter_os_cancel_off();
    ter_status status = TER_ERROR_INVALID;

    ter_heap_require(heap, "ter_kind_count");
    ter_allocator_lock(&heap->collector.allocator);
    if (kind < heap->collector.allocator.kind_count && statistics != NULL)
        status = ter_collector_for_each(&heap->collector, count_object, &counting);
    ter_allocator_unlock(&heap->collector.allocator);
    ter_os_cancel_back(before);
    if (status == TER_OK)
        *statistics = counting.statistics;
    return status;
}
