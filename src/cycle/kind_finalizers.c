/* SPDX-License-Identifier: MIT */
#include "cycle/kind_finalizers.h"

struct finding {
    struct ter_collector *collector;
    const struct ter_reach *reach;
};

static bool register_object(struct ter_collector *collector, uintptr_t object,
                            const struct ter_kind_details *details)
{
    struct ter_finalizer old,
        wanted = {.object = object,
                  .function = details->finalizer,
                  .data = details->context,
                  .order = (details->flags & TER_KIND_NO_ORDER) != 0 ? TER_FINALIZER_NO_ORDER
                                                                     : TER_FINALIZER_NORMAL};

    if (ter_weak_table_insert(&collector->had_finalizer, object) == NULL)
        return false;
    /* One that the program has set goes before. */
    if (ter_weak_table_find(&collector->finalizers.waiting, object) != NULL ||
        ter_finalizers_register(&collector->finalizers, &wanted, &old) == TER_OK)
        return true;
    ter_weak_table_remove(&collector->had_finalizer, object);
    return false;
}

static bool finalizes(const struct ter_kind *kind)
{
    return kind->details != NULL && kind->details->finalizer != NULL && !kind->uncollectable;
}

static bool had_its_own(const struct ter_collector *collector, uintptr_t object)
{
    return ter_weak_table_find(&collector->had_finalizer, object) != NULL;
}

static void find_finalizable(void *context, uintptr_t object, size_t bytes,
                             const struct ter_kind *kind)
{
    const struct finding *finding = context;
    struct ter_collector *collector = finding->collector;

    (void)bytes;
    if (!finalizes(kind) || ter_collector_is_marked(collector, object) ||
        had_its_own(collector, object))
        return;
    /* Where there is no memory to remember it, it is kept, and the next collection finds it. */
    if (!register_object(collector, object, kind->details))
        finding->reach->reach(finding->reach->context, object);
}

void ter_kind_finalizers_find(struct ter_collector *collector, const struct ter_reach *reach)
{
    struct finding finding = {collector, reach};

    if (collector->finalizers_of_kinds)
        ter_collector_visit_collected(collector, find_finalizable, &finding);
}

/* ---- All ---- */

struct registering {
    struct ter_collector *collector;
    bool complete;
};

/* A cell that a mutator may still hand out is none yet. */
static void register_any(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    struct registering *registering = context;
    struct ter_collector *collector = registering->collector;

    (void)bytes;
    if (finalizes(kind) && !had_its_own(collector, object) &&
        ter_collector_is_object(collector, object) &&
        !register_object(collector, object, kind->details))
        registering->complete = false;
}

ter_status ter_kind_finalizers_register_all(struct ter_collector *collector)
{
    struct registering registering = {collector, true};

    if (collector->finalizers_of_kinds)
        ter_collector_visit_objects(collector, register_any, &registering);
    return registering.complete ? TER_OK : TER_ERROR_NO_MEMORY;
}

/* ---- After a collection ---- */

static bool is_dead(void *record, void *context)
{
    const struct ter_reach *reach = context;

    return !reach->is_reached(reach->context, *(const uintptr_t *)record);
}

void ter_kind_finalizers_follow(struct ter_collector *collector, const struct ter_reach *reach)
{
    struct ter_weak_table *had = &collector->had_finalizer;

    ter_weak_table_sift(had, reach->recent, is_dead, (void *)reach);
    if (reach->moves)
        ter_weak_table_rekey(had, reach->recent, reach->now_at, reach->context);
}
