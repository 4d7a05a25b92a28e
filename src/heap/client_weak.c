/* SPDX-License-Identifier: MIT */
/* Finalizers, links and tables of objects for clients. */
#include "heap/heap.h"

_Static_assert((int)TER_ORDER_NORMAL == (int)TER_FINALIZER_NORMAL &&
                   (int)TER_ORDER_IGNORE_SELF == (int)TER_FINALIZER_IGNORE_SELF &&
                   (int)TER_ORDER_NO_ORDER == (int)TER_FINALIZER_NO_ORDER &&
                   (int)TER_ORDER_UNREACHABLE == (int)TER_FINALIZER_UNREACHABLE,
               "orders have the same numbers above and below");

/* ---- Finalizers ---- */

ter_status ter_heap_set_finalizer(struct ter_heap *heap, uintptr_t object,
                                  const struct ter_client_finalizer *wanted,
                                  struct ter_client_finalizer *old)
{
    struct ter_finalizer after = {object, wanted->function, wanted->data,
                                  (enum ter_finalizer_order)wanted->order};
    struct ter_finalizer before = {0};
    struct ter_finalizers *finalizers = &heap->collector.finalizers;
    ter_status status = ter_finalizers_register(finalizers, &after, &before);

    *old = (struct ter_client_finalizer){.function = before.function, .data = before.data};
    ter_heap_count_registrations(heap, &finalizers->bound, finalizers->waiting.count);
    return status;
}

ter_status ter_heap_queue_all_finalizers(struct ter_heap *heap)
{
    return ter_finalizers_queue_all(&heap->collector.finalizers);
}

void ter_heap_count_finalizers(const struct ter_heap *heap, struct ter_finalizer_counts *counts)
{
    const struct ter_finalizers *finalizers = &heap->collector.finalizers;

    *counts = (struct ter_finalizer_counts){.waiting = finalizers->waiting.count,
                                            .ready = ter_finalizers_ready(finalizers),
                                            .found = finalizers->found};
}

size_t ter_heap_ready_finalizers(const struct ter_heap *heap)
{
    return ter_finalizers_ready(&heap->collector.finalizers);
}

/* The newest are at the end of the queue. */
void ter_heap_visit_found(const struct ter_heap *heap, uint64_t found, ter_address_visitor *visit,
                          void *context)
{
    const struct ter_finalizers *finalizers = &heap->collector.finalizers;
    size_t count = (size_t)(finalizers->found - found);

    for (size_t i = finalizers->ready_end - count; i < finalizers->ready_end; i++)
        visit(context, finalizers->ready[i].object);
}

void ter_heap_visit_finalizable(const struct ter_heap *heap, ter_address_visitor *visit,
                                void *context)
{
    const struct ter_weak_table *waiting = &heap->collector.finalizers.waiting;

    for (size_t bucket = 0; bucket < waiting->capacity; bucket++) {
        const struct ter_finalizer *record = ter_weak_table_at(waiting, bucket);

        if (record != NULL)
            visit(context, record->object);
    }
}

/* ---- Links ---- */

static struct ter_links *links_of(struct ter_heap *heap, enum ter_client_links which)
{
    return which == TER_LINKS_SHORT ? &heap->collector.short_links : &heap->collector.long_links;
}

static const struct ter_weak_table *table_of(const struct ter_heap *heap,
                                             enum ter_client_links which)
{
    return which == TER_LINKS_SHORT ? &heap->collector.short_links.table
                                    : &heap->collector.long_links.table;
}

ter_status ter_heap_add_link(struct ter_heap *heap, enum ter_client_links which, uintptr_t link,
                             uintptr_t object, bool *existed)
{
    struct ter_links *links = links_of(heap, which);
    ter_status status = ter_links_register(links, link, object, existed);

    ter_heap_count_registrations(heap, &links->bound, links->table.count);
    return status;
}

ter_status ter_heap_move_link(struct ter_heap *heap, enum ter_client_links which, uintptr_t link,
                              uintptr_t new_link)
{
    return ter_links_move(links_of(heap, which), link, new_link);
}

bool ter_heap_remove_link(struct ter_heap *heap, enum ter_client_links which, uintptr_t link)
{
    return ter_links_unregister(links_of(heap, which), link);
}

size_t ter_heap_count_links(const struct ter_heap *heap, enum ter_client_links which)
{
    return table_of(heap, which)->count;
}

void ter_heap_visit_links(const struct ter_heap *heap, enum ter_client_links which,
                          void (*visit)(void *context, uintptr_t link, uintptr_t object),
                          void *context)
{
    const struct ter_weak_table *table = table_of(heap, which);

    for (size_t bucket = 0; bucket < table->capacity; bucket++) {
        const struct ter_link *link = ter_weak_table_at(table, bucket);

        if (link != NULL)
            visit(context, link->link, link->object);
    }
}

bool ter_heap_is_reached(const struct ter_heap *heap, uintptr_t object)
{
    return ter_collector_is_reached(&heap->collector, object);
}

/* ---- Tables of objects ---- */

_Static_assert(sizeof(struct ter_object_table) >= sizeof(struct ter_weak_table),
               "the one holds the other");

static const struct ter_weak_table *weak(const struct ter_object_table *table)
{
    return (const struct ter_weak_table *)(const void *)table->opaque;
}

static struct ter_weak_table *weak_of(struct ter_object_table *table)
{
    return (struct ter_weak_table *)(void *)table->opaque;
}

void ter_object_table_init(struct ter_object_table *table, size_t record_bytes)
{
    ter_weak_table_init(weak_of(table), record_bytes);
}

void *ter_object_table_find(const struct ter_object_table *table, uintptr_t object)
{
    return ter_weak_table_find(weak(table), object);
}

void *ter_object_table_insert(struct ter_object_table *table, uintptr_t object)
{
    return ter_weak_table_insert(weak_of(table), object);
}

void ter_object_table_remove(struct ter_object_table *table, uintptr_t object)
{
    ter_weak_table_remove(weak_of(table), object);
}

void ter_object_table_visit(const struct ter_object_table *table, void (*visit)(void *record))
{
    for (size_t bucket = 0; bucket < weak(table)->capacity; bucket++) {
        void *record = ter_weak_table_at(weak(table), bucket);

        if (record != NULL)
            visit(record);
    }
}

static bool is_dead_in_heap(void *record, void *context)
{
    return !ter_heap_is_reached(context, *(const uintptr_t *)record);
}

void ter_object_table_forget_dead(struct ter_object_table *table, const struct ter_heap *heap)
{
    ter_weak_table_sift(weak_of(table), false, is_dead_in_heap, (void *)heap);
}
