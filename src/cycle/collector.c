/* SPDX-License-Identifier: MIT */
#include "cycle/collector.h"

/* ---- Questions ---- */

bool ter_collector_is_object(const struct ter_collector *collector, uintptr_t word)
{
    const struct ter_sft *owner = ter_collector_owner(collector, word);

    return !ter_object_is_none(owner->find_object(owner, word));
}

const struct ter_sft *ter_collector_require_object(const struct ter_collector *collector,
                                                   const void *object, const char *call)
{
    const struct ter_sft *owner = ter_collector_owner(collector, (uintptr_t)object);

    TER_REQUIRE(!ter_object_is_none(owner->find_object(owner, (uintptr_t)object)),
                "%s: %p is no object (owner: %s)", call, object, owner->name);
    return owner;
}

size_t ter_collector_object_bytes(const struct ter_collector *collector, uintptr_t object)
{
    const struct ter_space *space = ter_collector_space(collector, object);

    return space->policy->object_bytes(space, object);
}

unsigned ter_collector_object_kind(const struct ter_collector *collector, uintptr_t object)
{
    const struct ter_space *space = ter_collector_space(collector, object);

    return space->policy->object_kind(space, object);
}

bool ter_collector_is_marked(const struct ter_collector *collector, uintptr_t object)
{
    const struct ter_space *space = ter_collector_space(collector, object);

    return space->policy->is_marked(space, object);
}

void ter_collector_set_mark(const struct ter_collector *collector, uintptr_t object, bool marked)
{
    const struct ter_space *space = ter_collector_space(collector, object);

    space->policy->set_mark(space, object, marked);
}

uintptr_t ter_collector_now_at(const struct ter_collector *collector, uintptr_t address)
{
    const struct ter_space *space = ter_collector_space(collector, address);

    return space->policy->moves ? space->policy->now_at(space, address) : address;
}

void ter_collector_hold(const struct ter_collector *collector, uintptr_t word)
{
    const struct ter_space *space = ter_collector_space(collector, word);

    /* The map knows the space of a word, not whether that has memory there. */
    if (space->policy->moves && ter_range_covers(&space->range, word))
        space->policy->hold(space, word);
}

/* ---- All spaces ---- */

void ter_collector_visit_objects(const struct ter_collector *collector, ter_object_visitor *visit,
                                 void *context)
{
    for (unsigned i = 0; i < collector->space_count; i++) {
        const struct ter_space *space = collector->spaces[i].space;

        space->policy->for_each(space, visit, context);
    }
}

static ter_status stop_to_look(struct ter_collector *collector)
{
    ter_status status;

    while (!ter_safepoints_gather(&collector->allocator))
        continue;
    status = ter_world_stop(&collector->allocator);
    if (status != TER_OK)
        ter_safepoints_disperse(&collector->allocator);
    return status;
}

static void visit_collected_of(const struct ter_collector *collector, const struct ter_space *space,
                               ter_object_visitor *visit, void *context)
{
    const struct ter_policy *policy = space->policy;

    if (!collector->minor)
        policy->for_each(space, visit, context);
    else if (policy->for_each_young != NULL)
        policy->for_each_young(space, visit, context);
}

void ter_collector_visit_collected(const struct ter_collector *collector, ter_object_visitor *visit,
                                   void *context)
{
    for (unsigned i = 0; i < collector->space_count; i++)
        visit_collected_of(collector, collector->spaces[i].space, visit, context);
}

void ter_collector_visit_staying(const struct ter_collector *collector, ter_object_visitor *visit,
                                 void *context)
{
    for (unsigned i = 0; i < collector->space_count; i++)
        if (!collector->spaces[i].space->policy->moves)
            visit_collected_of(collector, collector->spaces[i].space, visit, context);
}

ter_status ter_collector_for_each(struct ter_collector *collector, ter_object_visitor *visit,
                                  void *context)
{
    ter_status status = stop_to_look(collector);

    if (status != TER_OK)
        return status;
    ter_collector_visit_objects(collector, visit, context);
    ter_world_resume(&collector->allocator);
    return TER_OK;
}

ter_status ter_collector_check(struct ter_collector *collector)
{
    ter_status status = stop_to_look(collector);

    if (status != TER_OK)
        return status;
    for (unsigned i = 0; i < collector->space_count; i++) {
        const struct ter_space *space = collector->spaces[i].space;

        if (space->policy->check != NULL)
            space->policy->check(space);
    }
    ter_world_resume(&collector->allocator);
    return TER_OK;
}

size_t ter_collector_static_root_bytes(const struct ter_collector *collector)
{
    size_t bytes = ter_roots_bytes(&collector->roots);

    for (unsigned i = 0; i < collector->space_count; i++) {
        const struct ter_space *space = collector->spaces[i].space;

        if (space->policy->root_bytes != NULL)
            bytes += space->policy->root_bytes(space);
    }
    return bytes;
}

size_t ter_collector_root_bytes(const struct ter_collector *collector)
{
    return ter_collector_static_root_bytes(collector) +
           2 * ter_world_stack_bytes(&collector->allocator);
}

/* A copy of another row keeps what that one is called. */
static void add_row(struct ter_allocator *allocator, const struct ter_kind *kind, unsigned *index)
{
    struct ter_kind_details *details = &allocator->details[allocator->kind_count];
    bool is_copy = kind->details >= allocator->details && kind->details < details;

    *index = allocator->kind_count;
    if (kind->details != NULL)
        *details = *kind->details;
    if (!is_copy)
        details->base = *index;
    allocator->kinds[*index] = *kind;
    allocator->kinds[*index].never_moves |= kind->uncollectable || ter_kind_pins(kind) ||
                                            details->dispose != NULL ||
                                            ter_allocator_fixes(allocator, kind->remembered);
    allocator->kinds[*index].details = details;
    allocator->kind_count++;
}

ter_status ter_collector_add_kind(struct ter_collector *collector, const struct ter_kind *kind,
                                  unsigned *index)
{
    struct ter_allocator *allocator = &collector->allocator;
    const char *wrong = ter_kind_check(kind);

    if (wrong != NULL) {
        ter_log(TER_LOG_WARNING, "a kind of objects is refused: %s", wrong);
        return TER_ERROR_INVALID;
    }
    if (allocator->kind_count == TER_MAX_KINDS)
        return TER_ERROR_FULL;
    add_row(allocator, kind, index);
    if (kind->ephemerons)
        ter_ephemerons_adopt(&collector->ephemerons, &allocator->kinds[*index], *index);
    if (allocator->details[*index].dispose != NULL)
        collector->disposals.wanted = true;
    if (allocator->details[*index].finalizer != NULL)
        collector->finalizers_of_kinds = true;
    ter_mutators_open(allocator);
    return TER_OK;
}

/* ---- Steps ---- */

void ter_spaces_prepare(struct ter_collector *collector)
{
    for (unsigned i = 0; i < collector->space_count; i++) {
        struct ter_space *space = collector->spaces[i].space;

        if (space->policy->prepare != NULL)
            space->policy->prepare(space);
    }
}

void ter_spaces_release(struct ter_collector *collector, struct ter_live *live)
{
    for (unsigned i = 0; i < collector->space_count; i++) {
        struct ter_space *space = collector->spaces[i].space;

        if (space->policy->release != NULL)
            space->policy->release(space, live);
    }
}

void ter_spaces_prepare_young(struct ter_collector *collector)
{
    for (unsigned i = 0; i < collector->space_count; i++) {
        struct ter_space *space = collector->spaces[i].space;

        if (space->policy->prepare_young != NULL)
            space->policy->prepare_young(space);
    }
}

void ter_spaces_release_young(struct ter_collector *collector, struct ter_live *live)
{
    for (unsigned i = 0; i < collector->space_count; i++) {
        struct ter_space *space = collector->spaces[i].space;

        if (space->policy->release_young != NULL)
            space->policy->release_young(space, live);
    }
}

size_t ter_spaces_open(const struct ter_collector *collector)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < collector->space_count; i++) {
        const struct ter_space *space = collector->spaces[i].space;

        if (space->policy->open_bytes != NULL)
            bytes += space->policy->open_bytes(space);
    }
    return bytes;
}

size_t ter_spaces_reserve(const struct ter_collector *collector)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < collector->space_count; i++) {
        const struct ter_space *space = collector->spaces[i].space;

        if (space->policy->reserve_bytes != NULL)
            bytes += space->policy->reserve_bytes(space);
    }
    return bytes;
}

/* Of those that serve large objects, or of the others. */
static size_t trim_serving(struct ter_collector *collector, bool large, size_t bytes)
{
    size_t done = 0;

    for (unsigned i = 0; i < collector->space_count && done < bytes; i++) {
        const struct ter_collector_space *entry = &collector->spaces[i];

        if (entry->space->policy->trim != NULL &&
            large == ((entry->serves & TER_SERVES_LARGE) != 0))
            done += entry->space->policy->trim(entry->space, bytes - done);
    }
    return done;
}

/* Large objects' pages first: they lie in few pieces. */
size_t ter_spaces_trim(struct ter_collector *collector, size_t bytes)
{
    size_t done = trim_serving(collector, true, bytes);

    if (done < bytes)
        done += trim_serving(collector, false, bytes - done);
    collector->returned_bytes += done;
    if (done > 0)
        ter_log(TER_LOG_DECISION, "%zu KiB of free memory go back to the system", done >> 10);
    return done;
}

size_t ter_spaces_hollow(struct ter_collector *collector, bool resting)
{
    size_t done = 0;

    for (unsigned i = 0; i < collector->space_count; i++) {
        struct ter_space *space = collector->spaces[i].space;

        if (space->policy->hollow != NULL)
            done += space->policy->hollow(space, resting);
    }
    collector->returned_bytes += done;
    if (done > 0)
        ter_log(TER_LOG_DECISION, "%zu KiB inside blocks go back to the system", done >> 10);
    return done;
}
