/* SPDX-License-Identifier: MIT */
/* Questions about pointers; each goes through the SFT map. */
#include "libgc/libgc.h"

static ter_object find(const void *pointer)
{
    if (ter_libgc.heap == NULL)
        return ter_object_none();
    return ter_heap_find(ter_libgc.heap, (uintptr_t)pointer);
}

void *GC_base(void *pointer)
{
    return (void *)find(pointer).bits;
}

size_t GC_size(const void *object)
{
    ter_object found = find(object);

    TER_REQUIRE(!ter_object_is_none(found), "GC_size: %p is no object", object);
    return ter_collector_object_bytes(ter_libgc.collector, found.bits);
}

int GC_is_heap_ptr(const void *pointer)
{
    return !ter_object_is_none(find(pointer));
}

int GC_get_kind_and_size(const void *object, size_t *bytes)
{
    ter_object found = find(object);

    TER_REQUIRE(!ter_object_is_none(found), "GC_get_kind_and_size: %p is no object", object);
    if (bytes != NULL)
        *bytes = ter_collector_object_bytes(ter_libgc.collector, found.bits);
    return (int)ter_collector_object_kind(ter_libgc.collector, found.bits);
}

void GC_register_displacement(size_t offset)
{
    GC_init();
    TER_REQUIRE(offset < TER_MAX_DISPLACEMENT,
                "GC_register_displacement: %zu is over the limit of %u", offset,
                TER_MAX_DISPLACEMENT);
    ter_allocator_lock(&ter_libgc.collector->allocator);
    ter_libgc.displacements[offset] = 1;
    ter_allocator_unlock(&ter_libgc.collector->allocator);
}

/* ---- All objects ---- */

struct enumeration {
    GC_reachable_object_proc visit;
    void *client_data;
};

/* Cells that a thread has not handed out yet are no objects. */
static void visit_reachable(void *context, uintptr_t object, size_t bytes,
                            const struct ter_kind *kind)
{
    const struct enumeration *enumeration = context;

    (void)kind;
    if (ter_collector_find_interior(ter_libgc.collector, object).bits == object)
        enumeration->visit((void *)object, bytes, enumeration->client_data);
}

/* The caller holds the lock. What the last collection left is visited, and what came since. */
void GC_enumerate_reachable_objects_inner(GC_reachable_object_proc visit, void *client_data)
{
    struct enumeration enumeration = {visit, client_data};
    struct ter_allocator *allocator = ter_libgc_ready();
    bool locked;

    TER_REQUIRE(visit != NULL,
                "GC_enumerate_reachable_objects_inner: there is no function to call");
    locked = ter_libgc_lock_if_not_held();
    allocator->visiting = true;
    ter_collector_visit_objects(ter_libgc.collector, visit_reachable, &enumeration);
    allocator->visiting = false;
    ter_libgc_unlock_if(locked);
}
