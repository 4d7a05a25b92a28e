/* SPDX-License-Identifier: MIT */
/* What Terrier's small costs are held against, as rows of heap.json: 32 bytes from a list of
 * libgc's (gc_inline.h), while the list lasts, and from malloc, where the last 1,024 live. */
#define GC_ASSERT(expression)
#define GC_THREADS
#include <gc/gc.h>
#include <gc/gc_inline.h>

#include "costs.h"

enum { GRANULES = 2, RING = 1024 };

static void *lists[GC_TINY_FREELISTS];

static void *new_object(void)
{
    void *object;

    GC_FAST_MALLOC_GRANS(object, GRANULES, lists, 0, GC_I_NORMAL, NULL, *(void **)object = NULL);
    return object;
}

static double libgc_ns(void)
{
    static double batches[COSTS_BATCHES_MOST];
    double clock_ns = costs_clock_ns();
    size_t count = 0;

    for (unsigned i = 0; i < COSTS_BATCHES_MOST; i++) {
        size_t cells = 0;
        double start;
        if (new_object() == NULL)
            exit(1);
        start = costs_now_ns();
        for (; lists[GRANULES] != NULL; cells++) {
            void *object = new_object();
            __asm__ volatile("" : : "r"(object) : "memory");
        }
        if (cells >= 30)
            batches[count++] = (costs_now_ns() - start - clock_ns) / (double)cells;
    }
    return costs_median(batches, count);
}

static double malloc_ns(void)
{
    static void *ring[RING];
    double ns;

    COSTS_OF_STEP(ns, free(ring[i % RING]); ring[i % RING] = malloc(GRANULES * 16));
    return ns;
}

int main(void)
{
    GC_INIT();
    costs_say("allocate", "libgc", "\"ambiguous\"", libgc_ns());
    costs_say("allocate", "malloc", "null", malloc_ns());
    return 0;
}
