/* SPDX-License-Identifier: MIT */
/* All reachable objects are visited once, with their sizes. */
#include "check.h"

#include <gc/gc_mark.h>

enum { OBJECTS = 1000, NUMBER = 0x7a11 };

struct item {
    uintptr_t mark, index;
    struct item *next;
};

static unsigned visits[OBJECTS];
static size_t others, odd;

static void GC_CALLBACK visit(void *object, size_t bytes, void *data)
{
    const struct item *item = object;

    odd += data != &others || bytes < 16 || bytes % 16 != 0 || GC_base(object) != object ||
           GC_size(object) != bytes;
    if (bytes >= sizeof *item && item->mark == NUMBER && item->index < OBJECTS)
        visits[item->index]++;
    else
        others++;
}

static void *GC_CALLBACK enumerate(void *data)
{
    GC_enumerate_reachable_objects_inner(visit, data);
    return data;
}

static NOINLINE struct item *make_items(void)
{
    static const size_t sizes[] = {sizeof(struct item), 100, 3000, 40000};
    struct item *list = NULL;

    for (size_t i = 0; i < OBJECTS; i++) {
        size_t bytes = sizes[i % 20 == 0 ? 3 : i % 3];
        struct item *item = i % 7 == 0 ? GC_malloc_uncollectable(bytes) : GC_malloc(bytes);

        item->mark = NUMBER;
        item->index = i;
        item->next = list;
        list = item;
    }
    return list;
}

int main(void)
{
    static struct item *volatile list;

    GC_INIT();
    list = make_items();
    GC_gcollect();
    EXPECT(GC_call_with_alloc_lock(enumerate, &others) == &others, "the result");
    for (size_t i = 0; i < OBJECTS; i++)
        EXPECT(visits[i] == 1, "object %zu was visited %u times", i, visits[i]);
    EXPECT(odd == 0, "%zu", odd);
    EXPECT(list->index == OBJECTS - 1, "%zu", (size_t)list->index);
    return check_end();
}
