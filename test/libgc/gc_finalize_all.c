/* SPDX-License-Identifier: MIT */
/* Finalizers at the end of a program; the function that hears of objects that wait for theirs. */
#include "check.h"

#include <gc/javaxfc.h>

enum { OBJECTS = 200, CHANCE = 8 };

static void **held;
static unsigned runs[OBJECTS], late_runs, awaited, odd;
static void *last;

static void GC_CALLBACK finalize_late(void *object, void *data)
{
    (void)object, (void)data;
    late_runs++;
}

/* Some make another one. */
static void GC_CALLBACK finalize(void *object, void *data)
{
    unsigned *run = data;

    odd += *(unsigned **)object != run;
    ++*run;
    if ((run - runs) % 10 == 0) {
        last = GC_malloc(20);
        GC_register_finalizer(last, finalize_late, NULL, NULL, NULL);
    }
}

static void GC_CALLBACK await(void *object)
{
    odd += GC_base(object) != object;
    awaited++;
}

static NOINLINE void make(size_t from, size_t to, bool hold)
{
    for (size_t i = from; i < to; i++) {
        unsigned **object = GC_malloc(40);

        *object = &runs[i];
        if (hold)
            held[i] = object;
        GC_register_finalizer_no_order(object, finalize, &runs[i], NULL, NULL);
    }
}

static size_t count_runs(size_t from, size_t to)
{
    size_t count = 0;

    for (size_t i = from; i < to; i++)
        count += runs[i];
    return count;
}

int main(void)
{
    size_t count;
    unsigned ready;

    GC_INIT();
    GC_set_finalize_on_demand(1);
    held = GC_malloc_uncollectable(OBJECTS * sizeof *held);
    GC_set_await_finalize_proc(await);
    EXPECT(GC_get_await_finalize_proc() == await, "the function is another");
    make(0, OBJECTS / 2, true);
    make(OBJECTS / 2, OBJECTS, false);
    collect();
    collect();
    EXPECT(awaited + CHANCE >= OBJECTS / 2 && awaited <= OBJECTS / 2, "%u", awaited);
    EXPECT(count_runs(0, OBJECTS) == 0, "%zu ran", count_runs(0, OBJECTS));
    EXPECT(GC_should_invoke_finalizers(), "nothing is ready");
    ready = awaited;
    GC_invoke_finalizers();
    count = count_runs(OBJECTS / 2, OBJECTS);
    EXPECT(count == ready, "%zu, not %u", count, ready);
    EXPECT(count_runs(0, OBJECTS / 2) == 0, "%zu", count_runs(0, OBJECTS / 2));

    GC_finalize_all();
    for (size_t i = 0; i < OBJECTS; i++)
        EXPECT(runs[i] == 1, "object %zu: %u times", i, runs[i]);
    EXPECT(late_runs == OBJECTS / 10, "%u", late_runs);
    EXPECT(odd == 0, "%u", odd);
    GC_finalize_all();
    EXPECT(late_runs == OBJECTS / 10, "%u", late_runs);
    return check_end();
}
