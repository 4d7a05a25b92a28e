/* SPDX-License-Identifier: MIT */
/* Settings that come too late, and one GC_enable too many: what the stock library does. */
#include "check.h"

enum { OBJECTS = 300, CHANCE = 10 };

static char *volatile objects[OBJECTS];
static void **links;

static NOINLINE void make(void)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        char *object = GC_malloc(64);

        links[i] = object;
        objects[i] = object + 24;
        GC_general_register_disappearing_link(&links[i], object);
    }
}

static size_t count_alive(void)
{
    size_t count = 0;

    clear_stack();
    GC_gcollect();
    for (size_t i = 0; i < OBJECTS; i++)
        count += links[i] != NULL;
    return count;
}

static void test_interior(void)
{
    size_t alive;

    links = malloc(OBJECTS * sizeof *links);
    memset(links, 0, OBJECTS * sizeof *links);
    make();
    alive = count_alive();
    EXPECT(alive == OBJECTS, "%zu", alive);
    GC_set_all_interior_pointers(0);
    EXPECT(GC_get_all_interior_pointers() == 0, "%d", GC_get_all_interior_pointers());
    make();
    alive = count_alive();
    EXPECT(alive <= CHANCE, "%zu", alive);
    memset(links, 0, OBJECTS * sizeof *links);
    GC_set_all_interior_pointers(1);
    EXPECT(GC_get_all_interior_pointers() == 1, "%d", GC_get_all_interior_pointers());
    make();
    alive = count_alive();
    EXPECT(alive == OBJECTS, "%zu", alive);
    for (size_t i = 0; i < 5000; i++) {
        char *object = GC_malloc(i % 200);

        EXPECT(GC_base(object + i % 200) == object, "the byte behind %zu bytes", i % 200);
        /* The stock library cannot free any more: its own tables are made for one setting. */
        if (is_drop_in())
            object = GC_realloc(object, i % 300 + 1);
        EXPECT(GC_base(object) == object, "%zu bytes", i % 300 + 1);
    }
}

static void test_enable(void)
{
    GC_word collections = GC_get_gc_no();

    GC_enable();
    EXPECT(GC_is_disabled(), "after one too many");
    GC_gcollect();
    for (size_t i = 0; i < 20000; i++)
        (void)GC_malloc(100);
    EXPECT(GC_get_gc_no() == collections, "%zu", (size_t)GC_get_gc_no());
    GC_disable();
    EXPECT(!GC_is_disabled(), "after as many of both");
    GC_gcollect();
    EXPECT(GC_get_gc_no() > collections, "%zu", (size_t)GC_get_gc_no());
}

int main(void)
{
    GC_INIT();
    test_interior();
    test_enable();
    return check_end();
}
