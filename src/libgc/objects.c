/* SPDX-License-Identifier: MIT */
/* Questions about pointers; each goes through the SFT map. */
#include "libgc/displacements.h"
#include "libgc/init.h"

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

static TER_COLD size_t bytes_of_none(uintptr_t address)
{
    TER_REQUIRE(false, "GC_size: %p is no object", (void *)address);
    return 0;
}

size_t GC_size(const void *object)
{
    if (TER_UNLIKELY(ter_libgc.heap == NULL))
        return bytes_of_none((uintptr_t)object);
    return ter_heap_bytes_at(ter_libgc.heap, (uintptr_t)object, bytes_of_none);
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
        *bytes = ter_heap_bytes_of(ter_libgc.heap, found.bits);
    return (int)ter_heap_kind_of(ter_libgc.heap, found.bits);
}

void GC_register_displacement(size_t offset)
{
    GC_init();
    TER_REQUIRE(offset < TER_HEAP_DISPLACEMENTS,
                "GC_register_displacement: %zu is over the limit of %u", offset,
                TER_HEAP_DISPLACEMENTS);
    ter_heap_lock(ter_libgc.heap);
    ter_libgc_add_displacement(offset);
    ter_libgc_unlock();
}

/* ---- All objects ---- */

struct enumeration {
    GC_reachable_object_proc visit;
    void *client_data;
};

static void visit_reachable(void *context, const struct ter_client_object *object)
{
    const struct enumeration *enumeration = context;

    enumeration->visit((void *)object->address, object->bytes, enumeration->client_data);
}

/* The caller holds the lock. What the last collection left is visited, and what came since. */
void GC_enumerate_reachable_objects_inner(GC_reachable_object_proc visit, void *client_data)
{
    struct enumeration enumeration = {visit, client_data};
    bool locked;

    ter_libgc_ready();
    TER_REQUIRE(visit != NULL,
                "GC_enumerate_reachable_objects_inner: there is no function to call");
    locked = ter_libgc_lock_if_not_held();
    ter_heap_show_objects(ter_libgc.heap, visit_reachable, &enumeration);
    ter_libgc_unlock_if(locked);
}
