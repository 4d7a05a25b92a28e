/* SPDX-License-Identifier: MIT */
#include "libgc/hooks.h"

#include "libgc/current.h"
#include "libgc/debug_table.h"
#include "libgc/events.h"
#include "libgc/finalization.h"
#include "libgc/guests.h"
#include "libgc/variables.h"

static const struct ter_libgc_step *steps[TER_STEPS];
static uint64_t finalizers_found;
static size_t live_before, finalizers_before;
static uint64_t finalizers_found_lately; /* in the last collection, above it in the one before */

/* ---- Steps of what the program uses ---- */

void ter_libgc_add_step(enum ter_libgc_step_order order, const struct ter_libgc_step *step)
{
    steps[order] = step;
}

static void take_step(void (*step)(void))
{
    if (step != NULL)
        step();
}

static const struct ter_libgc_step *step_at(unsigned order)
{
    static const struct ter_libgc_step nothing;

    return steps[order] != NULL ? steps[order] : &nothing;
}

/* ---- When ---- */

/*
 * Programs count on some quiet at their start: the stock library does not collect before its
 * initial heap is full of blocks of 4 KiB. Blocks are larger here and the heap looks full sooner,
 * but what mutators took is counted in pieces of 4 KiB.
 */
static bool is_too_early(const struct ter_heap *heap)
{
    return ter_heap_collections(heap) == 0 &&
           ter_heap_allocated_bytes(heap) < ter_heap_options(heap)->heap_initial;
}

/* Who asks for a collection by name has asked the program already. */
static bool is_allowed(struct ter_heap *heap, enum ter_client_cause cause)
{
    if (GC_dont_gc != 0)
        return false;
    if (cause == TER_CAUSE_NEED)
        return true;
    if (cause == TER_CAUSE_FULL && (ter_libgc.automatic_off != 0 || is_too_early(heap) ||
                                    ter_heap_handed_out_bytes(heap) < ter_libgc.least_allocated))
        return false;
    return ter_libgc.stop == NULL || ter_libgc.stop() == 0;
}

/*
 * Objects with finalizers stand for more than their bytes: enough new ones make a collection due,
 * as long as the last one or the one before it found any to finalize. After it there are no new
 * ones, so the next time the heap grows.
 */
static bool is_due_for_finalizers(struct ter_heap *heap)
{
    struct ter_finalizer_counts counts;
    size_t made;

    ter_heap_count_finalizers(heap, &counts);
    made = counts.waiting > finalizers_before ? counts.waiting - finalizers_before : 0;
    return made != 0 && finalizers_found_lately != 0 &&
           ter_heap_handed_out_bytes(heap) / made < ter_libgc.bytes_per_finalizer;
}

/* ---- In a collection ---- */

static void before_collection(struct ter_heap *heap)
{
    struct ter_finalizer_counts counts;

    ter_libgc_read_variables();
    ter_heap_count_finalizers(heap, &counts);
    finalizers_found = counts.found;
    ter_libgc_event(GC_EVENT_START);
    ter_libgc_debug_before();
    for (unsigned i = 0; i < TER_STEPS; i++)
        take_step(step_at(i)->before);
    if (ter_libgc.start_callback != NULL)
        ter_libgc.start_callback();
}

static void passed(struct ter_heap *heap, enum ter_client_point point)
{
    (void)heap;
    switch (point) {
    case TER_POINT_STOPPING: ter_libgc_event(GC_EVENT_PRE_STOP_WORLD); break;
    case TER_POINT_STOPPED:
        ter_libgc_thread_events(GC_EVENT_THREAD_SUSPENDED);
        ter_libgc_event(GC_EVENT_POST_STOP_WORLD);
        ter_libgc_event(GC_EVENT_MARK_START);
        break;
    case TER_POINT_MARKED:
        ter_libgc_event(GC_EVENT_MARK_END);
        ter_libgc_event(GC_EVENT_RECLAIM_START);
        break;
    case TER_POINT_RELEASED:
        ter_libgc_event(GC_EVENT_RECLAIM_END);
        ter_libgc_event(GC_EVENT_PRE_START_WORLD);
        ter_libgc_thread_events(GC_EVENT_THREAD_UNSUSPENDED);
        break;
    case TER_POINT_RESUMED: ter_libgc_event(GC_EVENT_POST_START_WORLD); break;
    }
}

static void push_roots(struct ter_heap *heap)
{
    (void)heap;
    for (unsigned i = 0; i < TER_STEPS; i++)
        take_step(step_at(i)->roots);
    if (GC_push_other_roots != NULL)
        GC_push_other_roots();
}

static void marked(struct ter_heap *heap)
{
    (void)heap;
    for (unsigned i = 0; i < TER_STEPS; i++)
        take_step(step_at(i)->marked);
    ter_libgc_debug_marked();
}

static void account(const struct ter_client_collection *collection)
{
    size_t there = live_before + collection->allocated_bytes;
    size_t live = collection->live_bytes;

    __atomic_store_n(&GC_gc_no, GC_gc_no + 1, __ATOMIC_RELAXED);
    ter_libgc.reclaimed_before += ter_libgc.reclaimed;
    ter_libgc.reclaimed = there > live ? there - live : 0;
    live_before = live;
    if (ter_libgc.measuring)
        ter_libgc.measured_ns += collection->total_ns;
}

static void after_collection(struct ter_heap *heap, const struct ter_client_collection *collection)
{
    struct ter_finalizer_counts counts;

    account(collection);
    ter_heap_count_finalizers(heap, &counts);
    finalizers_found_lately =
        finalizers_found_lately << 32 | (uint32_t)(counts.found - finalizers_found);
    finalizers_before = counts.waiting;
    ter_libgc_write_variables();
    for (unsigned i = 0; i < TER_STEPS; i++)
        take_step(step_at(i)->after);
    ter_libgc_await_finalizers(finalizers_found);
    if (ter_heap_ready_finalizers(heap) > 0)
        ter_heap_notify(heap);
    if (ter_libgc.dump_regularly)
        GC_dump_named(NULL);
    ter_libgc_event(GC_EVENT_END);
}

/* ---- Elsewhere ---- */

/* What the program does here may be a place where threads are cancelled, and the lock is held. */
static void resized(struct ter_heap *heap, size_t limit_bytes)
{
    TER_KEEP_ERRNO;
    struct ter_os_cancel before;

    (void)heap;
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

static void notified(struct ter_heap *heap)
{
    (void)heap;
    ter_libgc_debug_tell_leaks();
    ter_libgc_call_program(run_ready, NULL);
}

void ter_libgc_connect(struct ter_heap *heap)
{
    static const struct ter_client_callbacks callbacks = {
        .allowed = is_allowed,
        .due = is_due_for_finalizers,
        .before = before_collection,
        .passed = passed,
        .roots = push_roots,
        .marked = marked,
        .after = after_collection,
        .resized = resized,
        .thread_ended = ter_libgc_thread_ended,
        .notified = notified,
    };

    ter_heap_set_callbacks(heap, &callbacks);
    ter_heap_leave_lock_out(heap);
}
