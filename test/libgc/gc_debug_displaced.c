/* SPDX-License-Identifier: MIT */
/* Debugging forms when only registered displacements count: the header's is one of them. */
#define GC_DEBUG
#include "check.h"

enum { OBJECTS = 200, CHANCE = 8, TAG = 2 };

static void **objects, **links;

static NOINLINE void make(size_t displacement)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        char *object = GC_MALLOC(50);

        objects[i] = object + displacement;
        links[i] = object;
        GC_GENERAL_REGISTER_DISAPPEARING_LINK(&links[i], object);
    }
}

static size_t count_left(void)
{
    size_t count = 0;

    clear_stack();
    GC_gcollect();
    for (size_t i = 0; i < OBJECTS; i++) {
        count += links[i] != NULL;
        links[i] = NULL;
    }
    return count;
}

int main(void)
{
    size_t left;

    GC_set_all_interior_pointers(0);
    GC_INIT();
    objects = GC_MALLOC_UNCOLLECTABLE(OBJECTS * sizeof *objects);
    links = GC_MALLOC_ATOMIC_UNCOLLECTABLE(OBJECTS * sizeof *links);
    make(0);
    left = count_left();
    EXPECT(left == OBJECTS, "%zu", left);
    make(TAG);
    left = count_left();
    EXPECT(left <= CHANCE, "%zu with a displacement that was not registered", left);
    GC_REGISTER_DISPLACEMENT(TAG);
    make(TAG);
    left = count_left();
    EXPECT(left == OBJECTS, "%zu with one that was", left);
    return check_end();
}
