/* SPDX-License-Identifier: MIT */
/* Many new finalizers make a collection due where the heap would only grow. */
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

enum { OBJECTS = 100000 };

static void **held;

static void GC_CALLBACK finalize(void *object, void *data)
{
    (void)object, (void)data;
}

static NOINLINE void make(size_t count, bool hold)
{
    for (size_t i = 0; i < count; i++) {
        void *object = GC_malloc(200);

        GC_register_finalizer_no_order(object, finalize, NULL, NULL, NULL);
        if (hold && i % 4 != 0)
            held[i] = object;
    }
}

/* Fills a heap that is new with objects of which some die; some have died before. */
static void fill(GC_word bytes_per_finalizer)
{
    GC_INIT();
    /* Finalizers apart, only very much new memory makes a collection due. */
    GC_set_free_space_divisor(1);
    GC_set_allocd_bytes_per_finalizer(bytes_per_finalizer);
    EXPECT(GC_get_allocd_bytes_per_finalizer() == bytes_per_finalizer, "another value");
    held = GC_malloc_uncollectable(OBJECTS * sizeof *held);
    make(1000, false);
    collect();
    make(OBJECTS, true);
}

/* How many collections it takes; each in a process of its own. */
static int count_collections(GC_word bytes_per_finalizer)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        fill(bytes_per_finalizer);
        _exit(check_end() != 0 ? 255 : GC_get_gc_no() < 250 ? (int)GC_get_gc_no() : 250);
    }
    EXPECT(child > 0 && waitpid(child, &status, 0) == child, "no process");
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) != 255, "%#x", status);
    return WEXITSTATUS(status);
}

int main(void)
{
    int without = count_collections(0), with = count_collections(1000000);

    /* Under stress there are as many as there are. */
    if (getenv("TERRIER_OPTIONS") == NULL)
        EXPECT(with > without, "%d collections, and %d with regard to finalizers", without, with);
    return check_end();
}
