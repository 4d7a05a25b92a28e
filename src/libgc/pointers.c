/* SPDX-License-Identifier: MIT */
/*
 * Checks of pointer arithmetic, for preprocessors that insert calls of them. Each returns its
 * argument; when it is wrong, it calls a function that the program may set, which by default stops
 * the program.
 */
#include <string.h>

#include "libgc/displacements.h"

static void not_same(void *pointer, void *other)
{
    ter_fatal("GC_same_obj: %p and %p are not in one object", pointer, other);
}

static void not_valid(void *pointer)
{
    ter_fatal("GC_is_valid_displacement: %p is no valid pointer into its object", pointer);
}

static void not_visible(void *pointer)
{
    ter_fatal("GC_is_visible: %p is no place where the collector sees a pointer", pointer);
}

void (*GC_same_obj_print_proc)(void *pointer, void *other) = not_same;
void (*GC_is_valid_displacement_print_proc)(void *pointer) = not_valid;
void (*GC_is_visible_print_proc)(void *pointer) = not_visible;

static uintptr_t object_of(const void *pointer)
{
    return ter_libgc.heap == NULL ? 0 : ter_heap_find(ter_libgc.heap, (uintptr_t)pointer).bits;
}

/* Static data and stacks of other threads are not told from other memory. */
void *GC_is_visible(void *pointer)
{
    /* Beside malloc's memory, in the same chunk, the program has data of its own. */
    bool in_heap = ter_libgc.heap != NULL && ter_heap_owns(ter_libgc.heap, (uintptr_t)pointer);

    if (!ter_is_aligned((uintptr_t)pointer, sizeof(void *)) || (in_heap && object_of(pointer) == 0))
        GC_is_visible_print_proc(pointer);
    return pointer;
}

/* Two addresses outside all objects count as the same one. */
void *GC_same_obj(void *pointer, void *other)
{
    if (object_of(pointer) != object_of(other))
        GC_same_obj_print_proc(pointer, other);
    return pointer;
}

void *GC_is_valid_displacement(void *pointer)
{
    uintptr_t object = object_of(pointer);
    uintptr_t displacement = (uintptr_t)pointer - object;

    if (object != 0 && GC_all_interior_pointers == 0 && !ter_libgc_has_displacement(displacement))
        GC_is_valid_displacement_print_proc(pointer);
    return pointer;
}

static void *check_moved(void *old, ptrdiff_t bytes)
{
    void *moved = GC_same_obj((void *)((uintptr_t)old + (uintptr_t)bytes), old);

    return GC_all_interior_pointers != 0 ? moved : GC_is_valid_displacement(moved);
}

void *GC_pre_incr(void **pointer, ptrdiff_t bytes)
{
    *pointer = check_moved(*pointer, bytes);
    return *pointer;
}

void *GC_post_incr(void **pointer, ptrdiff_t bytes)
{
    void *old = *pointer;

    *pointer = check_moved(old, bytes);
    return old;
}

void GC_ptr_store_and_dirty(void *where, const void *value)
{
    *(const void **)where = value;
}

void GC_debug_ptr_store_and_dirty(void *where, const void *value)
{
    const void *checked = GC_is_valid_displacement((void *)value);

    /* A place that was reported, and is not aligned, is written all the same. */
    memcpy(GC_is_visible(where), &checked, sizeof checked);
}
