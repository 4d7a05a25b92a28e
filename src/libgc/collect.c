/* SPDX-License-Identifier: MIT */
/* Collections and the size of the heap. */
#include "libgc/libgc.h"

static void collect_locked(enum ter_collection_reason reason)
{
    /* What is disabled stays disabled, even when asked for. */
    if (GC_dont_gc == 0)
        ter_collector_collect(ter_libgc.collector, reason);
}

static int go_on(void)
{
    return 0;
}

GC_EXPORT void GC_set_stop_func(GC_stop_func stop);
GC_EXPORT GC_stop_func GC_get_stop_func(void);

void GC_set_stop_func(GC_stop_func stop)
{
    struct ter_allocator *allocator = ter_libgc_lock();

    ter_libgc.stop = stop == go_on ? NULL : stop;
    ter_allocator_unlock(allocator);
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
    struct ter_allocator *allocator = ter_libgc_lock();
    struct wish *wish = data;

    wish->granted = GC_dont_gc == 0 && (wish->stop == NULL || wish->stop() == 0);
    if (wish->granted)
        collect_locked(TER_REASON_REQUEST);
    ter_allocator_unlock_and_notify(allocator);
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
    struct ter_allocator *allocator = ter_libgc_lock();

    if (ter_libgc.automatic_off == 0 &&
        ter_trigger_is_due(&ter_libgc.collector->trigger, allocator, false))
        collect_locked(TER_REASON_REQUEST);
    ter_allocator_unlock_and_notify(allocator);
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
    bool can_hold = ter_allocator_can_hold(bytes);
    struct ter_allocator *allocator = ter_libgc_lock();
    struct ter_collector *collector = ter_libgc.collector;
    struct ter_accounting *accounting = &collector->ground.accounting;
    bool grown = false;

    if (can_hold && bytes <= SIZE_MAX / 2 && accounting->limit_bytes <= SIZE_MAX / 4 &&
        (collector->trigger.max_bytes == 0 ||
         bytes <= collector->trigger.max_bytes -
                      ter_min(accounting->limit_bytes, collector->trigger.max_bytes))) {
        accounting->limit_bytes += bytes;
        grown = true;
    }
    ter_libgc_write_variables();
    ter_allocator_unlock(allocator);
    return grown;
}

/* False: another thread has the lock. *locked: it is to be released. */
static bool lock_at_once(struct ter_allocator *allocator, bool *locked)
{
    *locked = false;
    if (ter_allocator_is_locked_by_me(allocator))
        return true;
    if (!ter_allocator_is_locking(allocator) && !ter_allocator_begin_locking(allocator))
        return true;
    *locked = ter_lock_try(&allocator->lock);
    return *locked;
}

/* Never waits, as gc.h says: what the heap may use already comes down now, or before it is
 * collected. */
void GC_set_max_heap_size(GC_word bytes)
{
    struct ter_collector *collector;
    bool locked;

    GC_init();
    collector = ter_libgc.collector;
    collector->trigger.max_bytes = bytes;
    if (lock_at_once(&collector->allocator, &locked))
        ter_trigger_keep_to_maximum(&collector->trigger, &collector->ground.accounting);
    if (locked)
        ter_lock_release(&collector->allocator.lock);
}

void GC_disable(void)
{
    ter_libgc_lock();
    GC_dont_gc++;
    ter_libgc_read_variables();
    ter_allocator_unlock(&ter_libgc.collector->allocator);
}

void GC_enable(void)
{
    ter_libgc_lock();
    /* One too many switches collections off as well, as in Boehm's collector. */
    GC_dont_gc--;
    ter_libgc_read_variables();
    ter_allocator_unlock(&ter_libgc.collector->allocator);
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
