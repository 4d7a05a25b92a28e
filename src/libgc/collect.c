/* SPDX-License-Identifier: MIT */
/* Collections and the size of the heap. */
#include "libgc/init.h"
#include "libgc/variables.h"

static void collect_locked(void)
{
    /* What is disabled stays disabled, even when asked for. */
    if (GC_dont_gc == 0)
        ter_heap_collect(ter_libgc.heap);
}

static int go_on(void)
{
    return 0;
}

GC_EXPORT void GC_set_stop_func(GC_stop_func stop);
GC_EXPORT GC_stop_func GC_get_stop_func(void);

void GC_set_stop_func(GC_stop_func stop)
{
    ter_libgc_lock();
    ter_libgc.stop = stop == go_on ? NULL : stop;
    ter_libgc_unlock();
}

GC_stop_func GC_get_stop_func(void)
{
    return ter_libgc.stop != NULL ? ter_libgc.stop : go_on;
}

struct wish {
    GC_stop_func stop;
    bool granted;
};

static void *collect_inside(void *data)
{
    TER_KEEP_ERRNO;
    struct wish *wish = data;

    ter_libgc_lock();
    wish->granted = GC_dont_gc == 0 && (wish->stop == NULL || wish->stop() == 0);
    if (wish->granted)
        collect_locked();
    ter_heap_unlock_and_notify(ter_libgc.heap);
    return NULL;
}

/*
 * A collection here is not interrupted; the question is asked once, before it. Inside, so that the
 * stack of the thread that asks is scanned, whoever it is.
 */
static bool collect_unless(GC_stop_func stop)
{
    struct wish wish = {stop, false};

    ter_libgc_inside(collect_inside, &wish);
    return wish.granted;
}

void GC_gcollect(void)
{
    if (collect_unless(ter_libgc.stop) && ter_libgc.force_unmap != 0)
        ter_heap_release_memory(ter_libgc.heap);
}

void GC_gcollect_and_unmap(void)
{
    collect_unless(NULL);
    ter_heap_release_memory(ter_libgc.heap);
}

int GC_try_to_collect(GC_stop_func stop)
{
    return collect_unless(stop);
}

static void *collect_if_due(void *data)
{
    ter_libgc_lock();
    if (ter_libgc.automatic_off == 0 && ter_heap_is_collection_due(ter_libgc.heap))
        collect_locked();
    ter_heap_unlock_and_notify(ter_libgc.heap);
    return data;
}

/* Collections are whole: a little is one when it is due, and then nothing is left to do. */
int GC_collect_a_little(void)
{
    ter_libgc_inside(collect_if_due, NULL);
    return 0;
}

int GC_expand_hp(size_t bytes)
{
    bool can_hold = ter_heap_can_hold(bytes);
    bool grown;

    ter_libgc_lock();
    grown = can_hold && ter_heap_expand(ter_libgc.heap, bytes);
    ter_libgc_write_variables();
    ter_libgc_unlock();
    return grown;
}

/* Never waits, as gc.h says: what the heap may use already comes down now, or before it is
 * collected. */
void GC_set_max_heap_size(GC_word bytes)
{
    ter_libgc_ready();
    ter_heap_set_maximum(ter_libgc.heap, bytes);
}

void GC_disable(void)
{
    ter_libgc_lock();
    GC_dont_gc++;
    ter_libgc_read_variables();
    ter_libgc_unlock();
}

void GC_enable(void)
{
    ter_libgc_lock();
    /* One too many switches collections off as well, as in Boehm's collector. */
    GC_dont_gc--;
    ter_libgc_read_variables();
    ter_libgc_unlock();
}

int GC_is_disabled(void)
{
    return GC_dont_gc != 0;
}

/* Incremental collection is not built; programs ask for it as a hint and go on without. */
void GC_enable_incremental(void)
{
    GC_init();
    ter_log(TER_LOG_DECISION, "incremental collection was asked for and is not built");
}

int GC_is_incremental_mode(void)
{
    return 0;
}
