/* SPDX-License-Identifier: MIT */
#include "cycle/life.h"

#include "cycle/gate.h"
#include "cycle/sizer.h"
#include "cycle/weak_steps.h"

_Static_assert(TER_MOST_SPACES <= TER_TRACER_MAX_RANGES, "the tracer has room for all spaces");

/* What a mutator takes of a block at once: zeroing it stays in the first cache. */
#define CELL_RUN_BYTES TER_KIB(4)

/* Memory elsewhere that wants the first collection. */
#define FIRST_EXTERNAL_BYTES TER_MIB(1)

/* ---- Spaces ---- */

static void serve(struct ter_allocator *allocator, struct ter_space *space, unsigned serves)
{
    if ((serves & TER_SERVES_SMALL) != 0)
        allocator->small[0] = allocator->small[2] = space;
    if ((serves & TER_SERVES_UNCOLLECTABLE) != 0)
        allocator->small[1] = space;
    if ((serves & TER_SERVES_FIXED) != 0)
        allocator->small[2] = space;
    if ((serves & TER_SERVES_LARGE) != 0)
        allocator->large = space;
    if ((serves & ~(unsigned)TER_SERVES_LARGE) != 0 && !space->policy->cells)
        allocator->by_policy = true;
}

static ter_status add_space(struct ter_collector *collector, const struct ter_policy *policy,
                            unsigned serves, struct ter_space **space)
{
    ter_status status;

    TER_CHECK(collector->space_count < TER_MOST_SPACES);
    status = ter_space_new(&collector->arena, policy, collector->space_count,
                           collector->allocator.kinds, space);
    if (status == TER_OK)
        collector->spaces[collector->space_count++] = (struct ter_collector_space){*space, serves};
    return status;
}

static ter_status add_plan_spaces(struct ter_collector *collector)
{
    ter_status status = TER_OK;
    struct ter_space *space;

    for (unsigned i = 0; i < collector->plan->space_count && status == TER_OK; i++) {
        const struct ter_plan_space *wanted = &collector->plan->spaces[i];

        status = add_space(collector, wanted->policy, wanted->serves, &space);
        if (status == TER_OK)
            serve(&collector->allocator, space, wanted->serves);
    }
    return status;
}

static ter_status add_malloc_space(struct ter_collector *collector)
{
    struct ter_space *space;
    ter_status status = add_space(collector, &ter_policy_malloc, 0, &space);

    if (status != TER_OK)
        return status;
    collector->allocator.malloc_space = ter_malloc_space_of(space);
    collector->allocator.by_policy = true;
    return TER_OK;
}

static ter_status add_vm_space(struct ter_collector *collector)
{
    struct ter_space *space;
    ter_status status = add_space(collector, &ter_policy_vm, 0, &space);

    if (status == TER_OK)
        collector->vm_space = ter_vm_space_of(space);
    return status;
}

static void fini_spaces(struct ter_collector *collector)
{
    while (collector->space_count > 0)
        ter_space_fini(collector->spaces[--collector->space_count].space);
}

static ter_status make_spaces(struct ter_collector *collector,
                              const struct ter_collector_settings *settings)
{
    const struct ter_allocator *allocator = &collector->allocator;
    ter_status status = add_plan_spaces(collector);

    if (status == TER_OK && settings->malloc_objects)
        status = add_malloc_space(collector);
    if (status == TER_OK && settings->vm_space)
        status = add_vm_space(collector);
    if (status != TER_OK)
        fini_spaces(collector);
    else
        TER_CHECK(allocator->small[0] != NULL && allocator->small[1] != NULL &&
                  allocator->large != NULL);
    return status;
}

/* ---- Life ---- */

/*
 * All stores into old objects must be logged. A signal may stop a thread between barrier and store;
 * of malloc's objects and those in the program's own memory nothing says whether they are old.
 */
bool ter_collector_can_age(const struct ter_plan *plan,
                           const struct ter_collector_settings *settings)
{
    return plan->barrier == TER_BARRIER_LOGGED && settings->barriers && settings->safepoints &&
           !settings->malloc_objects && !settings->vm_space;
}

static ter_status init_arena(struct ter_collector *collector,
                             const struct ter_collector_settings *settings)
{
    struct ter_arena_settings arena = settings->arena;
    ter_status status;

    arena.record_bytes = ter_policy_record_bytes();
    arena.foreign = settings->malloc_objects || settings->vm_space;
    collector->ages = ter_collector_can_age(collector->plan, settings);
    ter_nursery_init(&collector->nursery, settings->young_bytes, settings->young_pause_ns);
    ter_worth_init(&collector->worth);
    if (collector->ages)
        arena.side_of_all = TER_SIDE_SET(SLOT_LOG) | TER_SIDE_SET(OBJECT_LOG);
    if (collector->plan->moving != NULL)
        arena.side_of_all |= TER_SIDE_SET(LIVE) | TER_SIDE_SET(SLIDE);
    status = ter_arena_init(&collector->arena, &arena);
    if (status != TER_OK)
        return status;
    status = make_spaces(collector, settings);
    if (status != TER_OK)
        ter_arena_fini(&collector->arena);
    return status;
}

static void init_allocator(struct ter_collector *collector,
                           const struct ter_collector_settings *settings)
{
    struct ter_allocator *allocator = &collector->allocator;

    ter_lock_init(&allocator->lock, TER_RANK_HEAP);
    allocator->locking = true;
    allocator->exact_stacks = settings->exact_stacks;
    allocator->safepoints = settings->safepoints;
    /* A mutator may go from thread to thread, so none is ever alone (freeing.h). */
    allocator->shared = settings->safepoints;
    ter_stores_init(&allocator->stores);
    ter_barrier_set(allocator, collector->ages ? TER_BARRIER_LOGGED : TER_BARRIER_NONE);
    allocator->stress_interval = settings->stress_interval;
    allocator->stress_polls = settings->stress_polls;
    /* Under stress every allocation takes the slow path, where allocations are counted. */
    allocator->cell_run_bytes =
        settings->stress_interval != 0 ? TER_BYTES_IN_GRANULE : CELL_RUN_BYTES;
    ter_gate_init(collector);
}

static void init_sizes(struct ter_collector *collector,
                       const struct ter_collector_settings *settings)
{
    collector->arena.accounting.limit_bytes =
        settings->max_bytes == 0 ? settings->initial_bytes
                                 : ter_min(settings->initial_bytes, settings->max_bytes);
    collector->trigger.max_bytes = settings->max_bytes;
    collector->trigger.free_space_divisor = settings->free_space_divisor;
    collector->trim.enabled = settings->trim;
    ter_sizer_init(collector, settings->sizing);
    collector->allocator.external_limit = FIRST_EXTERNAL_BYTES;
}

/* The ranges of all spaces, the plan's first one first. */
static ter_status init_tracer(struct ter_collector *collector)
{
    ter_status status;

    if (collector->plan->loop == NULL)
        return TER_OK;
    status = ter_tracer_init(&collector->tracer, &collector->arena, collector->allocator.kinds,
                             collector->plan->loop);
    for (unsigned i = 0; i < collector->space_count && status == TER_OK; i++)
        if (collector->spaces[i].space->policy->in_layout)
            ter_tracer_add_range(&collector->tracer, &collector->spaces[i].space->range);
    return status;
}

ter_status ter_collector_init(struct ter_collector *collector,
                              const struct ter_collector_settings *settings)
{
    ter_status status;

    collector->plan = settings->plan;
    status = init_arena(collector, settings);
    if (status != TER_OK)
        return status;
    init_allocator(collector, settings);
    ter_workers_init(&collector->workers, &collector->arena, settings->markers,
                     settings->markers_measured);
    status = init_tracer(collector);
    if (status != TER_OK) {
        ter_stores_fini(&collector->allocator.stores);
        ter_lock_fini(&collector->allocator.lock);
        fini_spaces(collector);
        ter_arena_fini(&collector->arena);
        return status;
    }
    ter_roots_init(&collector->roots, settings->scan_program, settings->scan_libraries);
    collector->roots.exact.no_stacks = settings->exact_stacks;
    ter_pins_init(&collector->pins);
    ter_identities_init(&collector->identities);
    ter_finalizers_init(&collector->finalizers);
    ter_weak_table_init(&collector->had_finalizer, sizeof(uintptr_t));
    ter_links_init(&collector->short_links);
    ter_links_init(&collector->long_links);
    ter_ephemerons_init(&collector->ephemerons);
    if (collector->ages)
        ter_weak_steps_watch(collector);
    init_sizes(collector, settings);
    ter_balance_join(&collector->balance, &collector->arena.accounting, &collector->allocator);
    return TER_OK;
}

void ter_collector_fini(struct ter_collector *collector)
{
    TER_REQUIRE(collector->allocator.mutators == NULL,
                "a heap is freed while a mutator is bound to it");
    ter_balance_leave(&collector->balance);
    ter_disposals_fini(&collector->disposals);
    ter_guardians_fini(&collector->guardians);
    ter_ephemerons_fini(&collector->ephemerons);
    ter_links_fini(&collector->long_links);
    ter_links_fini(&collector->short_links);
    ter_weak_table_fini(&collector->had_finalizer);
    ter_finalizers_fini(&collector->finalizers);
    ter_identities_fini(&collector->identities);
    ter_pins_fini(&collector->pins);
    ter_roots_fini(&collector->roots);
    ter_workers_fini(&collector->workers);
    if (collector->plan->loop != NULL)
        ter_tracer_fini(&collector->tracer);
    fini_spaces(collector);
    ter_mutators_release_retired(&collector->allocator);
    ter_stores_fini(&collector->allocator.stores);
    ter_lock_fini(&collector->allocator.lock);
    ter_arena_fini(&collector->arena);
}
