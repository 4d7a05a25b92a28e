/* SPDX-License-Identifier: MIT */
#include "cycle/dispose.h"

static bool has_hook(const struct ter_kind *kind)
{
    return kind->details != NULL && kind->details->dispose != NULL;
}

static void call_hook(const struct ter_kind *kind, uintptr_t object, size_t bytes)
{
    kind->details->dispose(kind->details->context, (void *)object, bytes);
}

static void find_dead(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    struct ter_collector *collector = context;

    (void)bytes;
    if (!has_hook(kind) || kind->uncollectable || ter_collector_is_marked(collector, object))
        return;
    ter_collector_set_mark(collector, object, true);
    /* Where there is no memory to remember it, it is kept, and the next collection finds it. */
    ter_disposals_add(&collector->disposals, object);
}

void ter_dispose_find(struct ter_collector *collector)
{
    if (collector->disposals.wanted)
        ter_collector_visit_collected(collector, find_dead, collector);
}

/* A cell below its block's resume point is found again after the next sweep. */
static void free_disposed(const struct ter_collector *collector, uintptr_t object)
{
    struct ter_space *space = ter_space_of(ter_collector_owner(collector, object));
    bool passed;

    if (space->policy->cells)
        ter_block_space_free(ter_block_space_of(space), object, false, &passed);
    else if (space->policy->free != NULL)
        space->policy->free(space, object);
}

void ter_dispose_object(const struct ter_collector *collector, uintptr_t object)
{
    const struct ter_kind *kind =
        &collector->allocator.kinds[ter_collector_object_kind(collector, object)];

    if (has_hook(kind))
        call_hook(kind, object, ter_collector_object_bytes(collector, object));
}

void ter_dispose_run(struct ter_collector *collector)
{
    struct ter_disposals *disposals = &collector->disposals;

    for (size_t i = 0; i < disposals->count; i++) {
        uintptr_t object = disposals->objects[i];

        ter_dispose_object(collector, object);
        ter_barrier_check_forget(collector->allocator.barrier_check, object);
        free_disposed(collector, object);
    }
    disposals->count = 0;
}

static void dispose_of(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    (void)context;
    if (has_hook(kind))
        call_hook(kind, object, bytes);
}

void ter_dispose_all(struct ter_collector *collector)
{
    if (collector->disposals.wanted)
        ter_collector_visit_objects(collector, dispose_of, collector);
}
