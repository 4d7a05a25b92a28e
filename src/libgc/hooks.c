/* SPDX-License-Identifier: MIT */
/*
 * What happens in a collection besides marking and sweeping, in the order in which it happens. The
 * collector calls all of this under the heap lock, in the thread that collects.
 */
#include "libgc/libgc.h"

static uint64_t finalizers_found;
static size_t live_before, finalizers_before;
static uint64_t finalizers_found_lately; /* in the last collection, above it in the one before */

/*
 * Programs count on some quiet at their start: the stock library does not collect before its
 * initial heap is full of blocks of 4 KiB. Blocks are larger here and the heap looks full sooner,
 * but what mutators took is counted in pieces of 4 KiB.
 */
static bool is_too_early(const struct ter_collector *collector)
{
    return collector->collections == 0 &&
           collector->allocator.allocated_total < ter_libgc.heap->options.heap_initial;
}

static bool is_allowed(void *context, enum ter_collection_reason reason)
{
    const struct ter_collector *collector = ter_libgc.collector;

    (void)context;
    if (GC_dont_gc != 0)
        return false;
    /* Who asks for a collection by name has asked the program already. */
    if (reason == TER_REASON_REQUEST || reason == TER_REASON_MEMORY)
        return true;
    if (reason == TER_REASON_ALLOCATION &&
        (ter_libgc.automatic_off != 0 || is_too_early(collector) ||
         ter_mutators_handed_out(&collector->allocator) < ter_libgc.least_allocated))
        return false;
    return ter_libgc.stop == NULL || ter_libgc.stop() == 0;
}

/*
 * Objects with finalizers stand for more than their bytes: enough new ones make a collection due,
 * as long as the last one or the one before it found any to finalize. After it there are no new
 * ones, so the next time the heap grows.
 */
static bool is_due_for_finalizers(void *context)
{
    const struct ter_collector *collector = ter_libgc.collector;
    size_t count = collector->finalizers.waiting.count;
    size_t made = count > finalizers_before ? count - finalizers_before : 0;

    (void)context;
    return made != 0 && finalizers_found_lately != 0 &&
           ter_mutators_handed_out(&collector->allocator) / made < ter_libgc.bytes_per_finalizer;
}

static void before_collection(void)
{
    ter_libgc_read_variables();
    finalizers_found = ter_libgc.collector->finalizers.found;
    ter_libgc_event(GC_EVENT_START);
    ter_libgc_debug_before();
    ter_libgc_toggles_before();
    if (ter_libgc.start_callback != NULL)
        ter_libgc.start_callback();
}

static void push_roots(void)
{
    ter_libgc_toggles_roots();
    ter_libgc_disclaim_roots();
    ter_libgc_push_roots();
}

static void reached(void)
{
    ter_libgc_toggles_marked();
    ter_libgc_disclaim_marked();
    ter_libgc_debug_marked();
}

static void after_collection(const struct ter_collection *collection)
{
    size_t live = collection->live.scanned_bytes + collection->live.atomic_bytes;
    size_t there = live_before + collection->allocated_bytes;

    __atomic_store_n(&GC_gc_no, GC_gc_no + 1, __ATOMIC_RELAXED);
    ter_libgc.reclaimed_before += ter_libgc.reclaimed;
    ter_libgc.reclaimed = there > live ? there - live : 0;
    live_before = live;
    if (ter_libgc.measuring)
        ter_libgc.measured_ns += collection->total_ns;
    finalizers_found_lately = finalizers_found_lately << 32 |
                              (uint32_t)(ter_libgc.collector->finalizers.found - finalizers_found);
    finalizers_before = ter_libgc.collector->finalizers.waiting.count;
    ter_libgc_write_variables();
    ter_libgc_disclaim_after();
    ter_libgc_await_finalizers(finalizers_found);
    if (ter_finalizers_ready(&ter_libgc.collector->finalizers) > 0)
        ter_allocator_notify(&ter_libgc.collector->allocator);
    if (ter_libgc.dump_regularly)
        GC_dump_named(NULL);
    ter_libgc_event(GC_EVENT_END);
}

static void passed(void *context, const struct ter_passage *passage)
{
    (void)context;
    switch (passage->phase) {
    case TER_PHASE_BEGINNING: before_collection(); break;
    case TER_PHASE_STOPPING: ter_libgc_event(GC_EVENT_PRE_STOP_WORLD); break;
    case TER_PHASE_STOPPED:
        ter_libgc_thread_events(GC_EVENT_THREAD_SUSPENDED);
        ter_libgc_event(GC_EVENT_POST_STOP_WORLD);
        ter_libgc_event(GC_EVENT_MARK_START);
        break;
    case TER_PHASE_ROOTS: push_roots(); break;
    case TER_PHASE_REACHED: reached(); break;
    case TER_PHASE_MARKED:
        ter_libgc_event(GC_EVENT_MARK_END);
        ter_libgc_event(GC_EVENT_RECLAIM_START);
        break;
    case TER_PHASE_RELEASED:
        ter_libgc_event(GC_EVENT_RECLAIM_END);
        ter_libgc_event(GC_EVENT_PRE_START_WORLD);
        ter_libgc_thread_events(GC_EVENT_THREAD_UNSUSPENDED);
        break;
    case TER_PHASE_RESUMED: ter_libgc_event(GC_EVENT_POST_START_WORLD); break;
    case TER_PHASE_ENDED: after_collection(passage->collection); break;
    case TER_PHASE_COUNT: break;
    }
}

/* What the program does here may be a place where threads are cancelled, and the lock is held. */
static void resized(void *context, size_t limit_bytes)
{
    TER_KEEP_ERRNO;
    struct ter_os_cancel before;

    (void)context;
    if (GC_on_heap_resize == NULL)
        return;
    before = ter_os_cancel_off();
    GC_on_heap_resize(limit_bytes);
    ter_os_cancel_back(before);
}

static void *run_ready(void *data)
{
    ter_libgc_finalizers_ready();
    return data;
}

static void notified(void *context)
{
    (void)context;
    ter_libgc_call_program(run_ready, NULL);
}

void ter_libgc_connect(struct ter_collector *collector)
{
    static struct ter_callbacks callbacks = {
        .allowed = is_allowed, .due = is_due_for_finalizers, .passed = passed, .resized = resized};

    ter_callbacks_add(&collector->callbacks, &callbacks);
    collector->allocator.gate.notified = notified;
    collector->allocator.gate.ended = ter_libgc_thread_ended;
    collector->allocator.locking = false;
}
