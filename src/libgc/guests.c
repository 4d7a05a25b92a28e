/* SPDX-License-Identifier: MIT */
/*
 * Guests: threads that nobody registered and that call all the same.
 *
 * Invariant: a guest is outside the heap but for the time of a call, and lets the signals through
 * that stop it during that time. So a collection never waits for one that blocks signals or takes
 * them by sigwait; it asks guests to stand, and scans their stacks as well as it can
 * (alloc/mutator.h). A guest ends with its thread.
 *
 * A function of the program's that is called without the lock may never come back: it jumps away,
 * throws or ends the thread. So a guest is outside while it runs.
 */
#include "libgc/libgc.h"

static _Thread_local struct ter_mutator *guest;
static _Thread_local struct ter_os_mask mask_outside; /* while it is inside */

/* ---- In and out ---- */

static void leave(void *context, uintptr_t stack_pointer)
{
    (void)context;
    ter_mutator_leave(guest, stack_pointer);
}

static void make_guest(void)
{
    struct ter_mutator *made;
    ter_status status = ter_mutator_new(&ter_libgc.collector->allocator, 0, &made);

    if (status != TER_OK)
        ter_fatal("a thread that is not registered cannot be served: %s",
                  ter_status_message(status));
    guest = made;
}

static void enter(void)
{
    struct ter_allocator *allocator = &ter_libgc.collector->allocator;

    ter_os_accept_stops(&mask_outside);
    if (guest == NULL)
        make_guest();
    ter_allocator_lock(allocator);
    guest->is_guest = true;
    guest->refuses = false;
    guest->blocked_at = 0;
    ter_mutator_open(guest);
    ter_allocator_unlock(allocator);
    ter_libgc_mutator = guest;
}

static bool is_inside(void)
{
    return guest != NULL && ter_libgc_mutator == guest;
}

static void *visit_heap(void *(*function)(void *data), void *data)
{
    void *volatile result;

    enter();
    result = function(data);
    /* A finalizer may have registered the thread. */
    if (is_inside()) {
        ter_libgc_mutator = NULL;
        ter_stack_call(leave, NULL);
        ter_os_restore_stops(&mask_outside);
    }
    return result;
}

void *ter_libgc_inside(void *(*function)(void *data), void *data)
{
    if (ter_libgc.heap == NULL)
        GC_init();
    return ter_libgc_mutator != NULL ? function(data) : visit_heap(function, data);
}

struct call {
    void *(*function)(void *data);
    void *data;
    void *volatile result;
};

static void call_outside(void *context, uintptr_t stack_pointer)
{
    struct call *call = context;

    ter_libgc_mutator = NULL;
    ter_mutator_leave(guest, stack_pointer);
    ter_os_restore_stops(&mask_outside);
    call->result = call->function(call->data);
    if (ter_libgc_mutator == NULL)
        enter();
}

void *ter_libgc_call_program(void *(*function)(void *data), void *data)
{
    struct call call = {function, data, NULL};

    if (TER_LIKELY(!is_inside()))
        return function(data);
    ter_stack_call(call_outside, &call);
    return call.result;
}

/* ---- Its life ---- */

static void *do_nothing(void *data)
{
    return data;
}

struct ter_mutator *ter_libgc_guest(void)
{
    if (guest == NULL)
        ter_libgc_inside(do_nothing, NULL);
    return guest;
}

struct ter_mutator *ter_libgc_take_guest(void)
{
    struct ter_mutator *mutator = guest;
    struct ter_allocator *allocator = &ter_libgc.collector->allocator;

    if (mutator == NULL)
        return NULL;
    ter_allocator_lock(allocator);
    mutator->is_guest = false;
    mutator->blocked_at = 0;
    ter_mutator_open(mutator);
    ter_allocator_unlock(allocator);
    guest = NULL;
    return mutator;
}

void ter_libgc_guest_ended(const struct ter_mutator *mutator)
{
    if (mutator == guest)
        guest = NULL;
}
