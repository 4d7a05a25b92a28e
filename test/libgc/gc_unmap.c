/* SPDX-License-Identifier: MIT */
/*
 * Free memory goes back to the system when the program says so: by GC_gcollect_and_unmap, and by
 * GC_gcollect with GC_set_force_unmap_on_gcollect.
 */
#include "check.h"

#include <unistd.h>

#define MIB ((size_t)1 << 20)

enum { OBJECTS = 64 };

static void *volatile objects[OBJECTS];

/* Bytes of this process that are in memory. */
static size_t resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long all = 0, pages = 0;

    if (file == NULL || fscanf(file, "%lu %lu", &all, &pages) != 2) {
        printf("SKIP: /proc/self/statm cannot be read\n");
        exit(77);
    }
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static NOINLINE void fill(void)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        objects[i] = GC_malloc_atomic(MIB);
        memset(objects[i], 1, MIB);
    }
}

static void drop(void)
{
    for (size_t i = 0; i < OBJECTS; i++)
        objects[i] = NULL;
    clear_stack();
}

static void expect_less(size_t before, const char *how)
{
    size_t now = resident();

    /* The stock library waits until memory was free for some collections. */
    EXPECT(!is_drop_in() || now + OBJECTS / 2 * MIB < before, "%s: %zu MiB, and before %zu", how,
           now / MIB, before / MIB);
}

int main(void)
{
    size_t before;

    GC_INIT();
    fill();
    before = resident();
    drop();
    GC_gcollect_and_unmap();
    expect_less(before, "GC_gcollect_and_unmap");

    fill();
    before = resident();
    drop();
    GC_set_force_unmap_on_gcollect(1);
    EXPECT(GC_get_force_unmap_on_gcollect() == 1, "%d", GC_get_force_unmap_on_gcollect());
    GC_gcollect();
    expect_less(before, "GC_gcollect");

    /* What was given back is there again when it is needed. */
    fill();
    for (size_t i = 0; i < OBJECTS; i++)
        EXPECT(is_filled(objects[i], 1, MIB), "object %zu", i);
    return check_end();
}
