/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

/* Between two looks at those that did not come. */
#define LOOK_MS 50u
#define MISSING_MS 2000u

static bool is_missing(const struct ter_mutator *mutator)
{
    return mutator->blocked_at == 0 && !ter_mutator_is_own(mutator);
}

static void set_poll(struct ter_mutator *mutator, uintptr_t wanted)
{
    __atomic_store_n(&mutator->head.poll, wanted, __ATOMIC_RELAXED);
}

/* NULL: all stand. */
static const struct ter_mutator *first_missing(const struct ter_allocator *allocator)
{
    const struct ter_mutator *mutator = allocator->mutators;

    while (mutator != NULL && !is_missing(mutator))
        mutator = mutator->next;
    return mutator;
}

static bool all_stand(const struct ter_allocator *allocator)
{
    return first_missing(allocator) == NULL;
}

/* ---- Those that do not come ---- */

static void say_missing(const struct ter_mutator *mutator)
{
    char name[32];

    ter_os_thread_name(mutator->thread, name, sizeof name);
    ter_log(TER_LOG_WARNING,
            "thread %d (%s) has come to no safepoint for %u s, and all wait for it: it needs a "
            "ter_poll, or a ter_mutator_leave before what takes long",
            mutator->thread->number, name, MISSING_MS / 1000);
}

static void look_for_one(struct ter_mutator *mutator)
{
    if (ter_os_thread_is_gone(mutator->thread)) {
        ter_mutator_say_gone(mutator);
        ter_mutator_end_unasked(mutator);
        return;
    }
    mutator->waited_ms += LOOK_MS;
    if (mutator->waited_ms == MISSING_MS)
        say_missing(mutator);
}

static void look_for_missing(struct ter_allocator *allocator)
{
    struct ter_mutator *mutator = allocator->mutators;

    while (mutator != NULL) {
        struct ter_mutator *next = mutator->next;

        if (is_missing(mutator))
            look_for_one(mutator);
        mutator = next;
    }
}

/* ---- Gathering ---- */

static void call_all(const struct ter_allocator *allocator)
{
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        if (is_missing(m)) {
            m->waited_ms = 0;
            set_poll(m, 1);
        }
}

bool ter_safepoints_gather(struct ter_allocator *allocator)
{
    if (!allocator->safepoints)
        return true;
    if (allocator->gathering) {
        ter_mutator_stand_aside(allocator);
        return false;
    }
    allocator->gathering = true;
    call_all(allocator);
    while (!all_stand(allocator))
        if (!ter_allocator_wait(allocator, &allocator->arrivals, LOOK_MS))
            look_for_missing(allocator);
    return true;
}

const struct ter_mutator *ter_safepoints_gather_briefly(struct ter_allocator *allocator,
                                                        unsigned milliseconds)
{
    uint64_t end_ns = ter_os_now_ns() + milliseconds * UINT64_C(1000000);

    allocator->gathering = true;
    call_all(allocator);
    while (!all_stand(allocator) && ter_os_now_ns() < end_ns)
        (void)ter_allocator_wait(allocator, &allocator->arrivals, milliseconds);
    return first_missing(allocator);
}

void ter_safepoints_disperse(struct ter_allocator *allocator)
{
    if (!allocator->gathering)
        return;
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        set_poll(m, ter_allocator_idle_poll(allocator));
    ter_safepoints_end(allocator);
}
