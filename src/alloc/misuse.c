/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

static const char *what_is_wrong(const struct ter_mutator *mutator)
{
    if (mutator->allocator == NULL)
        return "was unbound before";
    if (mutator->thread == NULL)
        return "is no thread's (ter_mutator_detach)";
    if (mutator->blocked_at != 0)
        return "is outside the heap (ter_mutator_outside, ter_mutator_leave)";
    return "must not be used in a callback of a collection or a visit";
}

static void require_no_visitor(const struct ter_allocator *allocator, const char *call)
{
    const struct ter_kind *kind = allocator == NULL ? NULL : allocator->visited;

    TER_REQUIRE(kind == NULL || kind->details == NULL,
                "%s: called by the visitor of kind \"%s\", which calls nothing of the heap but "
                "ter_trace_slot, ter_trace_object, ter_trace_objects and ter_trace_word",
                call, kind->details->name);
}

void ter_mutator_refuse(const struct ter_mutator *mutator, unsigned kind, const char *call)
{
    TER_REQUIRE(mutator != NULL, "%s: the mutator is NULL", call);
    TER_REQUIRE(__atomic_load_n(&mutator->kind_limit, __ATOMIC_RELAXED) == 0,
                "%s: kind %u was never added", call, kind);
    require_no_visitor(mutator->allocator, call);
    ter_fatal("%s: mutator %p %s", call, (const void *)mutator, what_is_wrong(mutator));
}

void ter_mutator_require_bound(const struct ter_mutator *mutator, const char *call)
{
    if (mutator == NULL || mutator->allocator == NULL)
        ter_mutator_refuse(mutator, 0, call);
    TER_REQUIRE(ter_mutator_is_own(mutator),
                "%s: mutator %p belongs to another thread: "
                "each thread binds its own (ter_mutator_bind) or takes one over "
                "(ter_mutator_detach, ter_mutator_attach)",
                call, (const void *)mutator);
    ter_lock_require_none(call);
}

void ter_mutator_require_own(const struct ter_mutator *mutator, const char *call)
{
    ter_mutator_require(mutator, 0, call);
    ter_mutator_require_bound(mutator, call);
}

void ter_mutator_open(struct ter_mutator *mutator)
{
    unsigned limit = mutator->blocked_at == 0 ? mutator->allocator->kind_count : 0;

    __atomic_store_n(&mutator->kind_limit, limit, __ATOMIC_RELAXED);
}

void ter_mutator_close(struct ter_mutator *mutator)
{
    __atomic_store_n(&mutator->kind_limit, 0, __ATOMIC_RELAXED);
}

void ter_mutators_open(const struct ter_allocator *allocator)
{
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        ter_mutator_open(m);
}

void ter_mutators_close(const struct ter_allocator *allocator)
{
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        ter_mutator_close(m);
}
