/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

/* Between two looks at those that did not come. */
#define LOOK_MS 50u
#define PATIENCE_MS 2000u

static bool is_missing(const struct ter_mutator *mutator)
{
    return mutator->blocked_at == 0 && mutator->thread != ter_os_thread_self();
}

static void set_poll(struct ter_mutator *mutator, uintptr_t wanted)
{
    __atomic_store_n(&mutator->head.poll, wanted, __ATOMIC_RELAXED);
}

static bool all_stand(const struct ter_allocator *allocator)
{
    const struct ter_mutator *mutator = allocator->mutators;

    while (mutator != NULL && !is_missing(mutator))
        mutator = mutator->next;
    return mutator == NULL;
}

/* ---- Those that do not come ---- */

static void say_missing(const struct ter_mutator *mutator)
{
    char name[32];

    ter_os_thread_name(mutator->thread, name, sizeof name);
    ter_log(TER_LOG_WARNING,
            "thread %d (%s) has come to no safepoint for %u s, and all wait for it: it needs a "
            "ter_poll, or a ter_mutator_leave before what takes long",
            mutator->thread->number, name, PATIENCE_MS / 1000);
}

static void look_for(struct ter_mutator *mutator)
{
    if (ter_os_thread_is_gone(mutator->thread)) {
        ter_log(TER_LOG_WARNING, "thread %d ended without being unregistered from its heap",
                mutator->thread->number);
        ter_mutator_end_unasked(mutator);
        return;
    }
    mutator->waited_ms += LOOK_MS;
    if (mutator->waited_ms == PATIENCE_MS)
        say_missing(mutator);
}

static void look_for_missing(struct ter_allocator *allocator)
{
    struct ter_mutator *mutator = allocator->mutators;

    while (mutator != NULL) {
        struct ter_mutator *next = mutator->next;

        if (is_missing(mutator))
            look_for(mutator);
        mutator = next;
    }
}

/* ---- Waiting ---- */

/* True: the word has changed, or there was another reason to look. */
static bool wait_unlocked(struct ter_allocator *allocator, _Atomic uint32_t *word,
                          unsigned milliseconds)
{
    uint32_t seen = atomic_load_explicit(word, memory_order_relaxed);
    struct ter_os_cancel before;

    ter_allocator_unlock(allocator);
    before = ter_os_cancel_off();
    ter_os_wait_while(word, seen, milliseconds);
    ter_os_cancel_back(before);
    ter_allocator_lock(allocator);
    return atomic_load_explicit(word, memory_order_relaxed) != seen;
}

static void change(_Atomic uint32_t *word)
{
    atomic_fetch_add_explicit(word, 1, memory_order_relaxed);
    ter_os_wake_waiting(word);
}

void ter_safepoints_arrived(struct ter_allocator *allocator)
{
    if (TER_UNLIKELY(allocator->gathering))
        change(&allocator->arrivals);
}

void ter_safepoints_await_end(struct ter_allocator *allocator)
{
    while (TER_UNLIKELY(allocator->gathering))
        (void)wait_unlocked(allocator, &allocator->dispersals, 0);
}

/* ---- Standing ---- */

/* Under the lock. */
static void stand(struct ter_mutator *mutator, uintptr_t stack_pointer)
{
    struct ter_allocator *allocator = mutator->allocator;

    if (mutator->blocked_at != 0) {
        ter_safepoints_await_end(allocator);
        return;
    }
    ter_mutator_note_outside(mutator, stack_pointer);
    ter_safepoints_await_end(allocator);
    ter_mutator_note_inside(mutator);
}

static void stand_aside(void *context, uintptr_t stack_pointer)
{
    struct ter_allocator *allocator = context;
    struct ter_mutator *mutator = allocator->mutators;

    while (mutator != NULL && mutator->thread != ter_os_thread_self())
        mutator = mutator->next;
    if (mutator != NULL)
        stand(mutator, stack_pointer);
    else
        ter_safepoints_await_end(allocator);
}

static void stand_here(void *context, uintptr_t stack_pointer)
{
    struct ter_mutator *mutator = context;

    ter_allocator_lock(mutator->allocator);
    if (mutator->allocator->gathering)
        stand(mutator, stack_pointer);
    ter_allocator_unlock(mutator->allocator);
}

void ter_mutator_poll(struct ter_mutator *mutator)
{
    ter_stack_call(stand_here, mutator);
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
        ter_stack_call(stand_aside, allocator);
        return false;
    }
    allocator->gathering = true;
    call_all(allocator);
    while (!all_stand(allocator))
        if (!wait_unlocked(allocator, &allocator->arrivals, LOOK_MS))
            look_for_missing(allocator);
    return true;
}

void ter_safepoints_disperse(struct ter_allocator *allocator)
{
    if (!allocator->gathering)
        return;
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        set_poll(m, 0);
    allocator->gathering = false;
    change(&allocator->dispersals);
}
