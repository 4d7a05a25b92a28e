/* SPDX-License-Identifier: MIT */
/* Life of the plan, the gate, and questions. A collection is in mark_sweep_collect.c. */
#include "plan/plan.h"

/* What a mutator takes of a block at once: zeroing it stays in the first cache. */
#define RUN_BYTES TER_KIB(4)

/* ---- The gate ---- */

/*
 * Where the lock is left out, callbacks may allocate; a collection in one would be another inside
 * it.
 */
static bool in_callback(const struct ter_plan *plan)
{
    return plan->collecting || plan->allocator.visiting;
}

/*
 * A collection may help, unless nothing was allocated since the last one. Then the request fails;
 * the next one collects again, since the program may have let go of something meanwhile.
 */
static enum ter_admission refused(void *context, size_t bytes)
{
    struct ter_plan *plan = context;

    (void)bytes;
    if (plan->never || plan->trigger.disabled != 0 || in_callback(plan))
        return TER_REFUSED;
    if (ter_mutators_handed_out(&plan->allocator) == 0 && !plan->refused) {
        plan->refused = true;
        return TER_REFUSED;
    }
    plan->refused = false;
    if (!ter_plan_collect(plan, TER_REASON_MEMORY))
        return TER_REFUSED;
    /* What one space does not need, another may take. */
    ter_plan_release_memory(plan);
    return TER_RETRY;
}

/* Before the first collection nothing is known of the roots, which the interval depends on. */
static void measure_roots_once(struct ter_plan *plan)
{
    if (plan->trigger.root_bytes == 0 && ter_roots_refresh(&plan->roots) == TER_OK)
        plan->trigger.root_bytes = ter_plan_root_bytes(plan);
}

static bool is_due(const struct ter_plan *plan)
{
    bool wanted = plan->hooks.due != NULL && plan->hooks.due(plan->hooks.context);

    return !plan->never && ter_trigger_is_due(&plan->trigger, &plan->allocator, wanted);
}

/* Idle memory of one space gives way to what another takes. */
static enum ter_admission admitted(struct ter_plan *plan)
{
    size_t excess = ter_trim_excess(&plan->ground.accounting);

    if (TER_UNLIKELY(excess != 0) && plan->trim.enabled)
        ter_trim_spaces(&plan->allocator, excess);
    return TER_ADMITTED;
}

static enum ter_admission admit(void *context, size_t bytes)
{
    struct ter_plan *plan = context;
    struct ter_accounting *accounting = &plan->ground.accounting;

    if (ter_accounting_has_room(accounting, bytes))
        return admitted(plan);
    /* No collection makes room for this. */
    if (plan->trigger.max_bytes != 0 && bytes > plan->trigger.max_bytes)
        return TER_REFUSED;
    measure_roots_once(plan);
    if (!in_callback(plan) && is_due(plan) && ter_plan_collect(plan, TER_REASON_ALLOCATION))
        return TER_RETRY;
    if (ter_trigger_grow(&plan->trigger, accounting, bytes)) {
        if (plan->hooks.resized != NULL)
            plan->hooks.resized(plan->hooks.context, accounting->limit_bytes);
        return admitted(plan);
    }
    plan->allocator.make_do_bytes = ter_trigger_missing(&plan->trigger, &plan->allocator);
    return plan->allocator.make_do_bytes != 0 ? TER_CROWDED : refused(context, bytes);
}

static void stress(void *context)
{
    struct ter_plan *plan = context;

    if (plan->trigger.disabled == 0 && !in_callback(plan))
        ter_plan_collect(plan, TER_REASON_STRESS);
}

/* ---- Life ---- */

static ter_status make_spaces(struct ter_plan *plan, const struct ter_plan_settings *settings)
{
    struct ter_allocator *allocator = &plan->allocator;
    struct ter_ground *ground = &plan->ground;
    ter_status status = ter_mark_sweep_space_new(ground, TER_SLOT_MARK_SWEEP, allocator->kinds,
                                                 &plan->mark_sweep_lists, &allocator->mark_sweep);

    if (status == TER_OK)
        status = ter_immortal_space_new(ground, TER_SLOT_IMMORTAL, allocator->kinds,
                                        &plan->immortal_lists, &allocator->immortal);
    if (status == TER_OK)
        status = ter_large_space_new(ground, TER_SLOT_LARGE, allocator->kinds, &allocator->large);
    if (status == TER_OK && settings->malloc_objects)
        status = ter_malloc_space_new(ground, allocator->kinds, &allocator->malloc_space);
    if (status == TER_OK && settings->vm_space)
        status = ter_vm_space_new(ground, allocator->kinds, &allocator->vm_space);
    return status;
}

static ter_status init_ground(struct ter_plan *plan, const struct ter_plan_settings *settings)
{
    struct ter_ground_settings ground = settings->ground;
    ter_status status;

    ground.record_bytes = TER_SPACE_RECORD_BYTES;
    ground.outside = settings->malloc_objects || settings->vm_space;
    status = ter_ground_init(&plan->ground, &ground);
    if (status != TER_OK)
        return status;
    status = make_spaces(plan, settings);
    TER_CHECK(status == TER_OK); /* the map is new and has room for all of them */
    return TER_OK;
}

static void init_allocator(struct ter_plan *plan, const struct ter_plan_settings *settings)
{
    struct ter_allocator *allocator = &plan->allocator;

    ter_lock_init(&allocator->lock, TER_RANK_HEAP);
    allocator->locking = true;
    allocator->stress_interval = settings->stress_interval;
    /* Under stress every allocation takes the slow path, where allocations are counted. */
    allocator->run_bytes = settings->stress_interval != 0 ? TER_BYTES_IN_GRANULE : RUN_BYTES;
    allocator->gate =
        (struct ter_gate){.admit = admit, .refused = refused, .stress = stress, .context = plan};
}

static ter_status init_tracer(struct ter_plan *plan)
{
    const struct ter_allocator *allocator = &plan->allocator;

    ter_status status =
        ter_tracer_init(&plan->tracer, &plan->ground, allocator->kinds, &ter_mark_sweep_loop);

    if (status != TER_OK)
        return status;
    ter_tracer_add_range(&plan->tracer, &allocator->mark_sweep->space.range);
    ter_tracer_add_range(&plan->tracer, &allocator->immortal->space.range);
    ter_tracer_add_range(&plan->tracer, &allocator->large->space.range);
    return TER_OK;
}

ter_status ter_plan_init(struct ter_plan *plan, const struct ter_plan_settings *settings)
{
    ter_status status = init_ground(plan, settings);

    if (status != TER_OK)
        return status;
    init_allocator(plan, settings);
    ter_workers_init(&plan->workers, &plan->ground, settings->markers);
    status = init_tracer(plan);
    if (status != TER_OK) {
        ter_lock_fini(&plan->allocator.lock);
        ter_ground_fini(&plan->ground);
        return status;
    }
    ter_roots_init(&plan->roots, settings->scan_program, settings->scan_libraries);
    ter_finalizers_init(&plan->finalizers);
    ter_links_init(&plan->short_links);
    ter_links_init(&plan->long_links);
    plan->ground.accounting.limit_bytes =
        settings->max_bytes == 0 ? settings->initial_bytes
                                 : ter_min(settings->initial_bytes, settings->max_bytes);
    plan->trigger.max_bytes = settings->max_bytes;
    plan->trigger.free_space_divisor = settings->free_space_divisor;
    plan->trim.enabled = settings->trim;
    plan->never = settings->never_collect;
    return TER_OK;
}

void ter_plan_fini(struct ter_plan *plan)
{
    TER_REQUIRE(plan->allocator.mutators == NULL, "a heap is freed while a mutator is bound to it");
    ter_links_fini(&plan->long_links);
    ter_links_fini(&plan->short_links);
    ter_finalizers_fini(&plan->finalizers);
    ter_roots_fini(&plan->roots);
    ter_workers_fini(&plan->workers);
    ter_tracer_fini(&plan->tracer);
    if (plan->allocator.malloc_space != NULL)
        ter_malloc_space_fini(plan->allocator.malloc_space);
    if (plan->allocator.vm_space != NULL)
        ter_vm_space_fini(plan->allocator.vm_space);
    ter_mutators_release_retired(&plan->allocator);
    ter_lock_fini(&plan->allocator.lock);
    ter_ground_fini(&plan->ground);
}

size_t ter_plan_release_memory(struct ter_plan *plan)
{
    ter_workers_trim(&plan->workers);
    return ter_trim_spaces(&plan->allocator, SIZE_MAX);
}

ter_status ter_plan_add_kind(struct ter_plan *plan, const struct ter_kind *kind, unsigned *index)
{
    struct ter_allocator *allocator = &plan->allocator;
    const char *wrong = ter_kind_check(kind);

    if (wrong != NULL) {
        ter_log(TER_LOG_WARNING, "a kind of objects is refused: %s", wrong);
        return TER_ERROR_INVALID;
    }
    if (allocator->kind_count == TER_MAX_KINDS)
        return TER_ERROR_FULL;
    *index = allocator->kind_count;
    allocator->kinds[allocator->kind_count++] = *kind;
    ter_mutators_open(allocator);
    return TER_OK;
}

/* ---- Questions ---- */

void ter_plan_visit_objects(const struct ter_plan *plan, ter_object_visitor *visit, void *context)
{
    ter_block_space_for_each(plan->allocator.mark_sweep, visit, context);
    ter_block_space_for_each(plan->allocator.immortal, visit, context);
    ter_large_space_for_each(plan->allocator.large, visit, context);
    if (plan->allocator.malloc_space != NULL)
        ter_outside_space_for_each(&plan->allocator.malloc_space->outside, visit, context);
    if (plan->allocator.vm_space != NULL)
        ter_outside_space_for_each(&plan->allocator.vm_space->outside, visit, context);
}

ter_status ter_plan_for_each(struct ter_plan *plan, ter_object_visitor *visit, void *context)
{
    ter_status status = ter_world_stop(&plan->allocator);

    if (status != TER_OK)
        return status;
    ter_plan_visit_objects(plan, visit, context);
    ter_world_resume(&plan->allocator);
    return TER_OK;
}

size_t ter_plan_object_bytes(const struct ter_plan *plan, uintptr_t object)
{
    const struct ter_sft *owner = ter_plan_owner(plan, object);

    if (owner->kind == TER_SPACE_LARGE)
        return ter_large_record_of(&plan->ground, object)->bytes;
    if (ter_sft_is_outside(owner))
        return ter_outside_bytes(&plan->ground.outside, object);
    return ter_block_head_of(&plan->ground, object)->cell_bytes;
}

unsigned ter_plan_object_kind(const struct ter_plan *plan, uintptr_t object)
{
    const struct ter_sft *owner = ter_plan_owner(plan, object);

    if (owner->kind == TER_SPACE_LARGE)
        return ter_large_record_of(&plan->ground, object)->kind;
    if (ter_sft_is_outside(owner))
        return ter_outside_kind(&plan->ground.outside, object);
    return ter_block_head_of(&plan->ground, object)->kind;
}

static const struct ter_side_table *native_marks(const struct ter_plan *plan)
{
    return &plan->ground.side.tables[TER_SIDE_MARK];
}

bool ter_plan_is_marked(const struct ter_plan *plan, uintptr_t object)
{
    if (ter_sft_is_outside(ter_plan_owner(plan, object)))
        return ter_outside_is_marked(&plan->ground.outside, object);
    return ter_bits_test(native_marks(plan), object);
}

void ter_plan_set_mark(const struct ter_plan *plan, uintptr_t object, bool marked)
{
    if (ter_sft_is_outside(ter_plan_owner(plan, object)))
        ter_outside_mark(&plan->ground.outside, object, marked);
    else if (marked)
        ter_bits_set_shared(native_marks(plan), object);
    else
        ter_bits_clear_shared(native_marks(plan), object);
}
