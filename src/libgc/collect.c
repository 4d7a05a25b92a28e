/* SPDX-License-Identifier: MIT */
/* Collections and the size of the heap. */
#include "libgc/libgc.h"

static void collect_locked(enum ter_collection_reason reason)
{
    /* What is disabled stays disabled, even when asked for. */
    if (ter_libgc.plan->trigger.disabled == 0)
        ter_plan_collect(ter_libgc.plan, reason);
}

void GC_gcollect(void)
{
    struct ter_allocator *allocator = ter_libgc_self()->allocator;

    ter_allocator_lock(allocator);
    collect_locked(TER_REASON_REQUEST);
    ter_allocator_unlock_and_notify(allocator);
}

void GC_gcollect_and_unmap(void)
{
    GC_gcollect();
}

/* A collection here is not interrupted; the question is asked once, before it. */
int GC_try_to_collect(GC_stop_func stop)
{
    ter_libgc_self();
    if (ter_libgc.plan->trigger.disabled != 0 || (stop != NULL && stop() != 0))
        return 0;
    GC_gcollect();
    return 1;
}

/* Collections are whole: a little is one when it is due, and then nothing is left to do. */
int GC_collect_a_little(void)
{
    struct ter_allocator *allocator = ter_libgc_self()->allocator;

    ter_allocator_lock(allocator);
    if (ter_trigger_is_due(&ter_libgc.plan->trigger, allocator))
        collect_locked(TER_REASON_REQUEST);
    ter_allocator_unlock_and_notify(allocator);
    return 0;
}

int GC_expand_hp(size_t bytes)
{
    struct ter_plan *plan = (ter_libgc_self(), ter_libgc.plan);
    struct ter_accounting *accounting = &plan->ground.accounting;
    bool grown = false;

    ter_allocator_lock(&plan->allocator);
    if (bytes <= SIZE_MAX / 2 && accounting->limit_bytes <= SIZE_MAX / 4 &&
        (plan->trigger.max_bytes == 0 ||
         bytes <=
             plan->trigger.max_bytes - ter_min(accounting->limit_bytes, plan->trigger.max_bytes))) {
        accounting->limit_bytes += bytes;
        grown = true;
    }
    ter_libgc_write_variables();
    ter_allocator_unlock(&plan->allocator);
    return grown;
}

void GC_set_max_heap_size(GC_word bytes)
{
    ter_libgc_self();
    ter_libgc.plan->trigger.max_bytes = bytes;
}

void GC_disable(void)
{
    ter_libgc_self();
    ter_allocator_lock(&ter_libgc.plan->allocator);
    GC_dont_gc++;
    ter_libgc_read_variables();
    ter_allocator_unlock(&ter_libgc.plan->allocator);
}

void GC_enable(void)
{
    ter_libgc_self();
    ter_allocator_lock(&ter_libgc.plan->allocator);
    TER_REQUIRE(GC_dont_gc > 0, "GC_enable without GC_disable before it");
    GC_dont_gc--;
    ter_libgc_read_variables();
    ter_allocator_unlock(&ter_libgc.plan->allocator);
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
