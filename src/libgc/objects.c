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
    return ter_plan_object_bytes(ter_libgc.plan, found.bits);
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
        *bytes = ter_plan_object_bytes(ter_libgc.plan, found.bits);
    return (int)ter_plan_object_kind(ter_libgc.plan, found.bits);
}

/* The checks below are debugging aids of programs; they return their argument when all is well. */

void *GC_is_visible(void *pointer)
{
    return pointer;
}

void *GC_same_obj(void *pointer, void *other)
{
    TER_REQUIRE(find(pointer).bits == find(other).bits,
                "GC_same_obj: %p and %p are not in one object", pointer, other);
    return pointer;
}

void *GC_is_valid_displacement(void *pointer)
{
    ter_object found = find(pointer);
    uintptr_t displacement = (uintptr_t)pointer - found.bits;

    TER_REQUIRE(ter_object_is_none(found) || GC_all_interior_pointers != 0 ||
                    (displacement < TER_MAX_DISPLACEMENT &&
                     ter_libgc.plan->marker.displacements[displacement] != 0),
                "GC_is_valid_displacement: %p is no valid pointer into its object", pointer);
    return pointer;
}

void GC_register_displacement(size_t offset)
{
    GC_init();
    TER_REQUIRE(offset < TER_MAX_DISPLACEMENT,
                "GC_register_displacement: %zu is over the limit of %u", offset,
                TER_MAX_DISPLACEMENT);
    ter_allocator_lock(&ter_libgc.plan->allocator);
    ter_libgc.plan->marker.displacements[offset] = 1;
    ter_allocator_unlock(&ter_libgc.plan->allocator);
}
