/* SPDX-License-Identifier: MIT */
#include "cycle/collect.h"

#include "cycle/dispose.h"
#include "cycle/drain.h"
#include "cycle/move_steps.h"
#include "cycle/parts.h"
#include "cycle/root_steps.h"
#include "cycle/sizer.h"
#include "cycle/unchecked.h"
#include "cycle/weak_steps.h"
#include "cycle/young.h"

struct collection_request {
    struct ter_collector *collector;
    struct ter_collection collection;
    uintptr_t own_stack;
    bool stopped; /* else: nothing was done */
};

static void pass(const struct collection_request *request, enum ter_phase phase)
{
    struct ter_passage passage = {phase, request->collector, &request->collection,
                                  request->own_stack};

    ter_callbacks_passed(request->collector->callbacks, &passage);
}

static uint64_t since_start(const struct collection_request *request)
{
    return ter_os_now_ns() - request->collection.start_ns - request->collection.looked_ns;
}

static size_t used_bytes(const struct ter_collector *collector)
{
    return atomic_load_explicit(&collector->arena.accounting.used_bytes, memory_order_relaxed);
}

/* ---- Stop ---- */

static bool stop_world(struct ter_collector *collector)
{
    if (ter_world_stop(&collector->allocator) == TER_OK)
        return true;
    ter_log(collector->allocator.is_courteous ? TER_LOG_DECISION : TER_LOG_WARNING,
            "the other threads cannot be stopped: no collection now");
    return false;
}

static void prepare_all(struct ter_collector *collector)
{
    ter_young_take_logs(collector);
    if (collector->minor && collector->plan->prepare_young != NULL)
        collector->plan->prepare_young(collector);
    else if (collector->minor)
        ter_spaces_prepare_young(collector);
    else if (collector->plan->prepare != NULL)
        collector->plan->prepare(collector);
    else
        ter_spaces_prepare(collector);
    ter_world_mark_cell_runs(&collector->allocator, &collector->arena.side.tables[TER_SIDE_MARK]);
    collector->tracer.loop->begin(&collector->tracer);
    ter_ephemerons_begin(&collector->ephemerons);
}

/*
 * Under the loader's lock, so that no library goes while its data are marked. It is taken before
 * the world stops: a thread that stands may hold it. The list of data segments again, since
 * callbacks may load.
 */
static void stop_and_mark_static_roots(void *context)
{
    struct collection_request *request = context;
    struct ter_collector *collector = request->collector;

    request->stopped = ter_root_steps_refresh(collector) && stop_world(collector);
    if (!request->stopped)
        return;
    ter_part_begin(collector, TER_PART_STATIC_ROOTS);
    pass(request, TER_PHASE_STOPPED);
    ter_unchecked_begin();
    prepare_all(collector);
    ter_root_steps_static(collector);
}

/* What may fail or needs locks of others comes before the world stops. */
static bool begin(struct collection_request *request)
{
    struct ter_collector *collector = request->collector;

    if (!ter_root_steps_refresh(collector) ||
        !ter_callbacks_allowed(collector->callbacks, request->collection.reason))
        return false;
    collector->collecting = true;
    collector->minor = ter_young_is_next(collector, request->collection.reason);
    request->collection.young = collector->minor;
    TER_PROBE4(collection__begin, collector, collector->collections + 1,
               (int)request->collection.reason, (int)collector->minor);
    ter_part_begin(collector, TER_PART_PREPARE);
    /* Under stress also where it is not worth it, so that tests see it. */
    ter_workers_prepare(&collector->workers, &collector->tracer,
                        collector->allocator.stress_interval != 0
                            ? SIZE_MAX
                            : collector->trigger.live.scanned_bytes,
                        !collector->minor);
    pass(request, TER_PHASE_BEGINNING);
    pass(request, TER_PHASE_STOPPING);
    ter_part_begin(collector, TER_PART_STOP);
    ter_os_hold_libraries(stop_and_mark_static_roots, request);
    if (!request->stopped) {
        collector->collecting = false;
        ter_part_begin(collector, TER_PART_NONE);
    }
    return request->stopped;
}

/* ---- Mark ---- */

static void mark(struct ter_collector *collector, uintptr_t own_stack)
{
    uint64_t start_ns;

    ter_part_begin(collector, TER_PART_OTHER_ROOTS);
    ter_root_steps_other(collector, own_stack);
    ter_part_begin(collector, TER_PART_MARK);
    start_ns = ter_os_now_ns();
    ter_collector_drain(collector);
    collector->drain_ns = ter_os_now_ns() - start_ns;
    ter_part_tell_helpers(collector);
    ter_part_begin(collector, TER_PART_WEAK);
    /* What is left is little: weak things, one by one. */
    collector->workers.ready = 0;
    ter_weak_steps_reach(collector);
    ter_collector_drain(collector);
    ter_weak_steps_process(collector);
    ter_dispose_find(collector);
    ter_mark_stack_trim(&collector->tracer.stack);
    ter_unchecked_end(collector);
}

/* ---- Release ---- */

static void release_unreached(struct ter_collector *collector, struct ter_live *live)
{
    ter_young_end_logs(collector);
    *live = collector->minor ? collector->trigger.live : (struct ter_live){0};
    if (collector->minor)
        ter_spaces_release_young(collector, live);
    else if (collector->plan->release != NULL)
        collector->plan->release(collector, live);
    else
        ter_spaces_release(collector, live);
    ter_young_restore_logs(collector);
}

/* Memory elsewhere may grow as much as the heap before it wants the next collection. */
static void expect_external(struct ter_collector *collector)
{
    struct ter_allocator *allocator = &collector->allocator;
    size_t now = atomic_load_explicit(&allocator->external_bytes, memory_order_relaxed);
    size_t more = ter_max(ter_trigger_interval(&collector->trigger),
                          now / collector->trigger.free_space_divisor);

    atomic_store_explicit(&allocator->external_limit, now + more, memory_order_relaxed);
    atomic_fetch_and_explicit(&allocator->pressed, ~(unsigned)TER_PRESSED_BY_MEMORY,
                              memory_order_relaxed);
}

static void account(struct ter_collector *collector, struct ter_collection *collection)
{
    struct ter_allocator *allocator = &collector->allocator;

    collection->number = ++collector->collections;
    collection->used_after_bytes = used_bytes(collector);
    collection->allocated_bytes = ter_mutators_allocated(allocator);
    /* Of young objects there are too few to learn anything from. */
    if (!collector->minor)
        ter_workers_learn(&collector->workers, collector->drain_ns,
                          collection->live.scanned_bytes + collection->live.atomic_bytes);
    collector->trigger.live = collection->live;
    collector->trigger.used_bytes = collection->used_after_bytes;
    collector->trigger.root_bytes = ter_collector_root_bytes(collector);
    ter_sizer_resize(collector, collection);
    collection->heap_bytes = collector->arena.accounting.limit_bytes;
    allocator->allocated_since_collection = 0 - ter_mutators_uncounted(allocator);
    allocator->beside_since_collection = 0;
    allocator->make_do_bytes = 0;
    expect_external(collector);
    ter_young_decide(collector);
    allocator->held_at_collection = ter_mutators_held(allocator);
    allocator->freed_since_collection = 0 - ter_mutators_freed_uncounted(allocator);
    /* Last: who asks in between sees less than there is, and does not go by that. */
    allocator->allocated_before += collection->allocated_bytes;
}

/* ---- After the pause ---- */

/* malloc may only be called when nobody stands still while holding its lock. */
static void tell_resumed(const struct ter_collector *collector)
{
    for (unsigned i = 0; i < collector->space_count; i++) {
        struct ter_space *space = collector->spaces[i].space;

        if (space->policy->resumed != NULL)
            space->policy->resumed(space);
    }
}

/* Where there are young objects, a heap that has become quiet may not see all collected again. */
static size_t expected_growth(const struct ter_collector *collector)
{
    return collector->ages && !collector->arena.fills_up ? ter_young_expected(collector)
                                                         : SIZE_MAX / 2;
}

static void note_for_trim(struct ter_collector *collector)
{
    bool adaptive = collector->trigger.sizing == TER_SIZING_ADAPTIVE;

    if (!collector->minor)
        ter_trim_note(&collector->trim, collector->pacing.grown_bytes);
    ter_trim_note_limit(&collector->trim, adaptive ? collector->arena.accounting.limit_bytes : 0);
}

static void trim(struct ter_collector *collector)
{
    size_t surplus;

    note_for_trim(collector);
    if (!collector->trim.enabled)
        return;
    if (!collector->minor)
        ter_spaces_hollow(collector, true);
    surplus = ter_trim_surplus(&collector->trim, &collector->arena.accounting,
                               expected_growth(collector), ter_spaces_reserve(collector));
    if (surplus == 0)
        return;
    ter_spaces_trim(collector, surplus);
    ter_workers_trim(&collector->workers);
}

static void end(struct collection_request *request)
{
    struct ter_collector *collector = request->collector;

    ter_part_begin(collector, TER_PART_AFTER);
    pass(request, TER_PHASE_RESUMED);
    tell_resumed(collector);
    ter_dispose_run(collector);
    trim(collector);
    collector->collecting = false;
    ter_sizer_end(collector, true);
    ter_part_begin(collector, TER_PART_NONE);
    request->collection.total_ns = since_start(request);
    TER_PROBE4(collection__end, collector, request->collection.number, request->collection.pause_ns,
               used_bytes(collector));
    pass(request, TER_PHASE_ENDED);
}

/* ---- The order ---- */

static void collect(void *context, uintptr_t own_stack)
{
    struct collection_request *request = context;
    struct ter_collector *collector = request->collector;
    struct ter_collection *collection = &request->collection;
    size_t live_before =
        collector->trigger.live.scanned_bytes + collector->trigger.live.atomic_bytes;
    size_t handed_out = ter_mutators_handed_out(&collector->allocator);

    request->own_stack = own_stack;
    collector->collection = collection;
    collection->used_before_bytes = used_bytes(collector);
    ter_trim_begin(&collector->trim, &collector->arena.accounting);
    ter_sizer_begin(collector);
    if (!begin(request)) {
        ter_sizer_end(collector, false);
        return;
    }
    mark(collector, own_stack);
    if (collector->plan->moving != NULL)
        collector->plan->moving->lay_out(collector);
    pass(request, TER_PHASE_MARKED);
    collection->mark_ns = since_start(request);
    if (collector->plan->moving != NULL) {
        ter_part_begin(collector, TER_PART_MOVE);
        ter_move_steps(collector);
    }
    ter_part_begin(collector, TER_PART_RELEASE);
    release_unreached(collector, &collection->live);
    account(collector, collection);
    ter_futile_collected(&collector->futile, handed_out);
    pass(request, TER_PHASE_RELEASED);
    ter_part_begin(collector, TER_PART_RESUME);
    ter_world_resume(&collector->allocator);
    collection->pause_ns = since_start(request);
    collection->sweep_ns = collection->pause_ns - collection->mark_ns;
    ter_young_learn(collector, collection, live_before);
    end(request);
}

bool ter_collector_collect(struct ter_collector *collector, enum ter_collection_reason reason)
{
    TER_KEEP_ERRNO;
    struct collection_request request = {
        .collector = collector, .collection = {.reason = reason, .start_ns = ter_os_now_ns()}};
    struct ter_os_cancel before;

    TER_REQUIRE(!collector->collecting && !collector->allocator.visiting,
                "a collection was asked for in a callback of a collection or of a visit");
    if (collector->plan->loop == NULL)
        return false;
    if (reason == TER_REASON_REQUEST)
        ter_futile_forget(&collector->futile);
    /* One for which this thread stood is as good, unless this one was asked for. */
    while (!ter_safepoints_gather(&collector->allocator))
        if (reason != TER_REASON_REQUEST && reason != TER_REASON_YOUNG)
            return true;
    /* Helpers are waited for, and what is called back may do anything. */
    before = ter_os_cancel_off();
    ter_stack_call(collect, &request);
    ter_os_cancel_back(before);
    ter_safepoints_disperse(&collector->allocator);
    return request.stopped;
}

size_t ter_collector_release_memory(struct ter_collector *collector)
{
    ter_workers_trim(&collector->workers);
    return ter_spaces_trim(collector, SIZE_MAX) + ter_spaces_hollow(collector, false);
}
