/* SPDX-License-Identifier: MIT */
/*
 * A program that clears all roots and scans no library, as embedders do: only stacks, uncollectable
 * objects and what it adds keep objects then.
 */
#include "check.h"

enum { WATCHED = 200, CHANCE = 8 };

static uintptr_t watched_hidden;
static void *data[WATCHED];
static void *added[WATCHED];

static void **watched(void)
{
    return reveal(watched_hidden);
}

static NOINLINE void fill(void **places)
{
    void **links = GC_malloc_atomic_uncollectable(WATCHED * sizeof *links);

    memset(links, 0, WATCHED * sizeof *links);
    watched_hidden = hide(links);
    for (size_t i = 0; i < WATCHED; i++) {
        links[i] = GC_malloc(48);
        places[i] = links[i];
        GC_general_register_disappearing_link(&links[i], links[i]);
    }
}

static size_t count_alive(void)
{
    size_t count = 0;

    for (size_t i = 0; i < WATCHED; i++)
        count += watched()[i] != NULL;
    return count;
}

static NOINLINE void *make_uncollectable(void)
{
    void **object = GC_malloc_uncollectable(WATCHED * sizeof *object);

    fill(object);
    return (void *)hide(object);
}

int main(void)
{
    void *uncollectable;

    GC_INIT();
    /* As long as the data of libraries are scanned, those of the program come back. */
    GC_clear_roots();
    fill(data);
    collect();
    EXPECT(count_alive() == WATCHED, "%zu of %d in static data", count_alive(), WATCHED);
    memset(data, 0, sizeof data);

    GC_set_no_dls(1);
    EXPECT(GC_get_no_dls() == 1, "%d", GC_get_no_dls());
    GC_clear_roots();
    fill(data);
    collect();
    EXPECT(count_alive() <= CHANCE, "%zu of %d in static data are alive", count_alive(), WATCHED);

    GC_add_roots(added, added + WATCHED);
    fill(added);
    collect();
    EXPECT(count_alive() == WATCHED, "%zu of %d in an added range", count_alive(), WATCHED);
    GC_clear_roots();
    collect();
    EXPECT(count_alive() <= CHANCE, "%zu of %d in a cleared range", count_alive(), WATCHED);

    uncollectable = make_uncollectable();
    collect();
    EXPECT(count_alive() == WATCHED, "%zu of %d in an uncollectable object", count_alive(),
           WATCHED);
    GC_free(reveal((uintptr_t)uncollectable));
    collect();
    EXPECT(count_alive() <= CHANCE, "%zu of %d in a freed object", count_alive(), WATCHED);
    return check_end();
}
