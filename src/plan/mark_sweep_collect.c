/* SPDX-License-Identifier: MIT */
/*
 * A collection of the mark-sweep plan.
 *
 * Invariant: between begin and end no mutator allocates; the heap lock is held throughout.
 */
#include "plan/plan.h"

/* ---- What weak things need ---- */

/* A reference to an object, or one into memory of a space that has kept none there. */
static bool is_ours(const struct ter_plan *plan, uintptr_t object)
{
    const struct ter_sft *owner = ter_plan_owner(plan, object);

    if (ter_sft_is_outside(owner))
        return ter_outside_space_find(ter_outside_space_of(owner), object) == object;
    return owner->kind != TER_SPACE_EMPTY && owner->is_in_space(owner, object);
}

/*
 * What was freed by hand is no object any more and so is not reached, whatever its mark says.
 * Memory of the program's that holds no object is as good as any other outside the heap.
 */
static bool is_reached(void *context, uintptr_t object)
{
    const struct ter_plan *plan = context;
    const struct ter_sft *owner = ter_plan_owner(plan, object);
    ter_object base = ter_plan_find_interior(plan, object);

    if (ter_object_is_none(base) && ter_sft_is_outside(owner))
        return owner->kind == TER_SPACE_VM;
    if (ter_object_is_none(base))
        return !owner->is_in_space(owner, object);
    return ter_plan_is_marked(plan, base.bits);
}

struct contents {
    struct ter_plan *plan;
    bool marked_only; /* else: what is uncollectable */
};

static void scan_object(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    struct contents *contents = context;
    struct ter_plan *plan = contents->plan;

    if (contents->marked_only ? !ter_plan_is_marked(plan, object) : !kind->uncollectable)
        return;
    ter_plan_set_mark(plan, object, true);
    ter_tracer_contents(&plan->tracer, object, bytes, (unsigned)(kind - plan->allocator.kinds));
    if (contents->marked_only)
        ter_tracer_drain(&plan->tracer);
}

/* Scans the objects outside of the layout's range that are marked or uncollectable. */
static void scan_outside(struct ter_plan *plan, bool marked_only)
{
    struct contents contents = {plan, marked_only};
    const struct ter_malloc_space *space = plan->allocator.malloc_space;

    if (space != NULL && (marked_only || space->uncollectable != 0))
        ter_outside_space_for_each(&space->outside, scan_object, &contents);
    if (plan->allocator.vm_space != NULL)
        ter_outside_space_for_each(&plan->allocator.vm_space->outside, scan_object, &contents);
}

/*
 * Scans all that is marked. When the stack lost entries for want of memory, every marked object is
 * scanned again, until a whole pass loses none: each pass marks at least one more, so this ends.
 */
static void drain_all(struct ter_plan *plan)
{
    struct contents contents = {plan, true};

    ter_workers_drain(&plan->workers, &plan->tracer);
    while (plan->tracer.stack.overflowed) {
        plan->tracer.stack.overflowed = false;
        ter_block_space_for_each(plan->allocator.mark_sweep, scan_object, &contents);
        ter_block_space_for_each(plan->allocator.immortal, scan_object, &contents);
        ter_large_space_for_each(plan->allocator.large, scan_object, &contents);
        scan_outside(plan, true);
    }
}

static void reach_object(void *context, uintptr_t object)
{
    struct ter_plan *plan = context;

    ter_tracer_word(&plan->tracer, object);
    drain_all(plan);
}

static void reach_children(void *context, uintptr_t object)
{
    struct ter_plan *plan = context;

    if (!is_ours(plan, object))
        return;
    ter_tracer_contents(&plan->tracer, object, ter_plan_object_bytes(plan, object),
                        ter_plan_object_kind(plan, object));
    drain_all(plan);
}

/*
 * With its mark set meanwhile, references back to the object lead nowhere. All of the object is
 * read now, also a large one: only references that lie in it are ignored, not ones further on.
 */
static void reach_children_but_self(void *context, uintptr_t object)
{
    struct ter_plan *plan = context;
    unsigned kind;
    size_t bytes;

    if (!is_ours(plan, object))
        return;
    kind = ter_plan_object_kind(plan, object);
    bytes = ter_plan_object_bytes(plan, object);
    ter_plan_set_mark(plan, object, true);
    if (plan->allocator.kinds[kind].scan == TER_SCAN_AMBIGUOUS)
        ter_tracer_data(&plan->tracer, object, object + bytes);
    else
        ter_tracer_contents(&plan->tracer, object, bytes, kind);
    ter_plan_set_mark(plan, object, false);
    drain_all(plan);
}

static uintptr_t base_of(void *context, uintptr_t address)
{
    const struct ter_plan *plan = context;

    return ter_plan_find_interior(plan, address).bits;
}

static void process_weak(struct ter_plan *plan)
{
    struct ter_reach way = {.is_reached = is_reached,
                            .reach = reach_object,
                            .reach_children = reach_children,
                            .reach_children_but_self = reach_children_but_self,
                            .context = plan};

    ter_links_clear_unreached(&plan->short_links, &way);
    ter_finalizers_process(&plan->finalizers, &way);
    ter_links_clear_unreached(&plan->long_links, &way);
    if (plan->hooks.marked != NULL)
        plan->hooks.marked(plan->hooks.context, &way);
    ter_links_forget_dead(&plan->short_links, &way, base_of);
    ter_links_forget_dead(&plan->long_links, &way, base_of);
}

/* ---- Marking ---- */

static void visit_stack(void *context, uintptr_t start, uintptr_t end)
{
    ter_tracer_stack(context, start, end);
}

static void visit_data(void *context, uintptr_t start, uintptr_t end)
{
    ter_tracer_data(context, start, end);
}

/* Uncollectable objects are roots, wherever they live. */
static void mark_uncollectable(struct ter_plan *plan)
{
    struct contents contents = {plan, false};

    ter_block_space_for_each(plan->allocator.immortal, scan_object, &contents);
    ter_large_space_for_each(plan->allocator.large, scan_object, &contents);
    scan_outside(plan, false);
}

static void visit_static_range(void *context, uintptr_t start, uintptr_t end)
{
    struct ter_plan *plan = context;

    ter_roots_visit_range(&plan->roots, start, end, visit_data, &plan->tracer);
}

static void visit_own_block(void *context, const struct ter_os_segment *segment)
{
    visit_static_range(context, ter_align_up(segment->start, sizeof(uintptr_t)),
                       ter_align_down(segment->end, sizeof(uintptr_t)));
}

/* While nothing is unloaded. */
static void mark_static_roots(struct ter_plan *plan)
{
    ter_roots_visit(&plan->roots, visit_data, &plan->tracer);
    if (plan->allocator.vm_space != NULL)
        ter_vm_space_visit_roots(plan->allocator.vm_space, visit_static_range, plan);
    ter_world_visit_thread_data(&plan->allocator, &plan->roots.modules, visit_data, &plan->tracer);
    /* The loader tells a thread at least of its own, also of libraries that came later. */
    if (!ter_os_knows_thread_data())
        ter_os_for_each_tls_block(visit_own_block, plan);
}

static void mark_roots(struct ter_plan *plan, uintptr_t own_stack)
{
    struct ter_reach way = {.reach = reach_object, .context = plan};
    uint64_t start_ns;

    /* Before the stacks: it may say where those begin. */
    if (plan->hooks.push_roots != NULL)
        plan->hooks.push_roots(plan->hooks.context);
    ter_world_visit_stacks(&plan->allocator, own_stack, visit_stack, &plan->tracer);
    mark_uncollectable(plan);
    start_ns = ter_os_now_ns();
    drain_all(plan);
    plan->drain_ns = ter_os_now_ns() - start_ns;
    /* What is left is little: weak things, one by one. */
    plan->workers.ready = 0;
    ter_finalizers_reach(&plan->finalizers, &way);
}

static void prepare(struct ter_plan *plan)
{
    ter_block_space_prepare(plan->allocator.mark_sweep);
    ter_block_space_prepare(plan->allocator.immortal);
    ter_large_space_prepare(plan->allocator.large);
    if (plan->allocator.malloc_space != NULL)
        ter_malloc_space_prepare(plan->allocator.malloc_space);
    if (plan->allocator.vm_space != NULL)
        ter_outside_clear_marks(&plan->allocator.vm_space->outside.set);
    ter_world_mark_runs(&plan->allocator, &plan->ground.side.tables[TER_SIDE_MARK]);
}

/*
 * What is on stacks and in objects need not be defined, and so are marks set after it. Marks are as
 * defined as the collector will ever have them.
 */
static void define_marks(const struct ter_plan *plan)
{
    const struct ter_side_table *marks = &plan->ground.side.tables[TER_SIDE_MARK];

    for (size_t i = 0; i < plan->tracer.range_count; i++) {
        const struct ter_range *range = plan->tracer.ranges[i];
        uintptr_t end = 0, start;

        while ((start = ter_range_next(range, &plan->ground, end, &end)) != 0) {
            struct ter_side_extent extent = ter_side_extent_of(marks, start, end);

            ter_valgrind_defined(extent.first, extent.last - extent.first + 1);
        }
    }
}

/* From when static roots are read until all is marked. */
static void end_unchecked_reads(const struct ter_plan *plan)
{
    if (!ter_on_valgrind())
        return;
    define_marks(plan);
    ter_valgrind_errors_on();
}

static void begin_unchecked_reads(void)
{
    if (ter_on_valgrind())
        ter_valgrind_errors_off();
}

static void mark(struct ter_plan *plan, uintptr_t own_stack)
{
    mark_roots(plan, own_stack);
    drain_all(plan);
    process_weak(plan);
    ter_mark_stack_trim(&plan->tracer.stack);
    end_unchecked_reads(plan);
}

/* ---- The whole ---- */

static void sweep(struct ter_plan *plan, struct ter_live *live)
{
    *live = (struct ter_live){0};
    ter_block_space_sweep(plan->allocator.mark_sweep, live);
    ter_block_space_sweep(plan->allocator.immortal, live);
    ter_large_space_sweep(plan->allocator.large, live);
    if (plan->allocator.malloc_space != NULL)
        ter_malloc_space_sweep(plan->allocator.malloc_space, live);
}

/* malloc may only be called when nobody stands still while holding its lock. */
static void free_dead(struct ter_plan *plan)
{
    if (plan->allocator.malloc_space != NULL)
        ter_malloc_space_free_dead(plan->allocator.malloc_space);
}

static size_t used_bytes(const struct ter_plan *plan)
{
    return atomic_load_explicit(&plan->ground.accounting.used_bytes, memory_order_relaxed);
}

static void pass(const struct ter_plan *plan, enum ter_plan_phase phase)
{
    if (plan->hooks.passed != NULL)
        plan->hooks.passed(plan->hooks.context, phase);
}

/* The list that a collection needs; again when the world is about to stop, since callbacks may
 * load. */
static bool refresh_roots(struct ter_plan *plan)
{
    if (ter_roots_refresh(&plan->roots) == TER_OK)
        return true;
    ter_log(TER_LOG_WARNING, "no memory for the list of data segments: no collection now");
    return false;
}

static bool stop_world(struct ter_plan *plan)
{
    if (ter_world_stop(&plan->allocator) == TER_OK)
        return true;
    ter_log(TER_LOG_WARNING, "the other threads cannot be stopped: no collection now");
    return false;
}

struct start {
    struct ter_plan *plan;
    bool stopped;
};

/*
 * Under the loader's lock, so that no library goes while its data are marked. It is taken before
 * the world stops: a thread that stands may hold it.
 */
static void stop_and_mark_static_roots(void *context)
{
    struct start *start = context;
    struct ter_plan *plan = start->plan;

    start->stopped = refresh_roots(plan) && stop_world(plan);
    if (!start->stopped)
        return;
    pass(plan, TER_PHASE_STOPPED);
    begin_unchecked_reads();
    prepare(plan);
    plan->tracer.loop->begin(&plan->tracer);
    mark_static_roots(plan);
}

/* What may fail or needs locks of others comes before the world stops. */
static bool begin(struct ter_plan *plan, enum ter_collection_reason reason)
{
    struct start start = {plan, false};

    if (!refresh_roots(plan))
        return false;
    if (plan->hooks.allowed != NULL && !plan->hooks.allowed(plan->hooks.context, reason))
        return false;
    plan->collecting = true;
    /* Under stress also where it is not worth it, so that tests see it. */
    ter_workers_prepare(&plan->workers, &plan->tracer,
                        plan->allocator.stress_interval != 0 ? SIZE_MAX
                                                             : plan->trigger.live.scanned_bytes);
    if (plan->listener.before != NULL)
        plan->listener.before(plan->listener.context, reason);
    pass(plan, TER_PHASE_STOPPING);
    ter_os_hold_libraries(stop_and_mark_static_roots, &start);
    if (!start.stopped)
        plan->collecting = false;
    return start.stopped;
}

size_t ter_plan_root_bytes(const struct ter_plan *plan)
{
    const struct ter_vm_space *vm_space = plan->allocator.vm_space;

    return ter_roots_bytes(&plan->roots) + (vm_space == NULL ? 0 : vm_space->root_bytes) +
           2 * ter_world_stack_bytes(&plan->allocator);
}

static void account(struct ter_plan *plan, struct ter_collection *collection)
{
    collection->number = ++plan->collections;
    collection->used_after_bytes = used_bytes(plan);
    collection->heap_bytes = plan->ground.accounting.limit_bytes;
    collection->allocated_bytes = ter_mutators_allocated(&plan->allocator);
    ter_workers_learn(&plan->workers, plan->drain_ns,
                      collection->live.scanned_bytes + collection->live.atomic_bytes);
    plan->trigger.live = collection->live;
    plan->trigger.used_bytes = collection->used_after_bytes;
    plan->trigger.root_bytes = ter_plan_root_bytes(plan);
    plan->allocator.allocated_since_collection = 0 - ter_mutators_uncounted(&plan->allocator);
    plan->allocator.make_do_bytes = 0;
    plan->allocator.held_at_collection = ter_mutators_held(&plan->allocator);
    plan->allocator.freed_since_collection = 0 - ter_mutators_freed_uncounted(&plan->allocator);
    /* Last: who asks in between sees less than there is, and does not go by that. */
    plan->allocator.allocated_before += collection->allocated_bytes;
}

static void trim(struct ter_plan *plan, size_t allocated_bytes)
{
    size_t surplus;

    ter_trim_note(&plan->trim, allocated_bytes);
    if (!plan->trim.enabled)
        return;
    surplus = ter_trim_surplus(&plan->trim, &plan->ground.accounting);
    if (surplus == 0)
        return;
    ter_trim_spaces(&plan->allocator, surplus);
    ter_workers_trim(&plan->workers);
}

struct request {
    struct ter_plan *plan;
    enum ter_collection_reason reason;
    bool done;
};

static void collect(void *context, uintptr_t own_stack)
{
    struct request *request = context;
    struct ter_plan *plan = request->plan;
    struct ter_collection collection = {.reason = request->reason, .start_ns = ter_os_now_ns()};
    uint64_t marked_ns;

    collection.used_before_bytes = used_bytes(plan);
    request->done = begin(plan, request->reason);
    if (!request->done)
        return;
    mark(plan, own_stack);
    pass(plan, TER_PHASE_MARKED);
    marked_ns = ter_os_now_ns();
    sweep(plan, &collection.live);
    account(plan, &collection);
    pass(plan, TER_PHASE_SWEPT);
    ter_world_resume(&plan->allocator);
    pass(plan, TER_PHASE_RESUMED);
    free_dead(plan);
    trim(plan, collection.allocated_bytes);
    plan->collecting = false;
    collection.mark_ns = marked_ns - collection.start_ns;
    collection.pause_ns = ter_os_now_ns() - collection.start_ns;
    collection.sweep_ns = collection.pause_ns - collection.mark_ns;
    if (plan->listener.after != NULL)
        plan->listener.after(plan->listener.context, &collection);
}

bool ter_plan_collect(struct ter_plan *plan, enum ter_collection_reason reason)
{
    TER_KEEP_ERRNO;
    struct request request = {plan, reason, false};
    struct ter_os_cancel before;

    TER_REQUIRE(!plan->collecting && !plan->allocator.visiting,
                "a collection was asked for in a callback of a collection or of a visit");
    if (plan->never)
        return false;
    /* Helpers are waited for, and what is called back may do anything. */
    before = ter_os_cancel_off();
    ter_stack_call(collect, &request);
    ter_os_cancel_back(before);
    return request.done;
}
