/* SPDX-License-Identifier: MIT */
#include "libgc/guests.h"

static _Thread_local struct ter_os_mask mask_outside; /* while it is inside */

/* ---- In and out ---- */

static struct ter_mutator *guest(void)
{
    ter_status status;

    if (ter_libgc_own_guest != NULL)
        return ter_libgc_own_guest;
    status = ter_mutator_make(ter_libgc.heap, 0, &ter_libgc_own_guest);
    if (status != TER_OK)
        ter_fatal("a thread that is not registered cannot be served: %s",
                  ter_status_message(status));
    return ter_libgc_own_guest;
}

static void enter(void)
{
    ter_os_accept_stops(&mask_outside);
    ter_mutator_enter_as_guest(guest());
    ter_libgc_mutator = ter_libgc_own_guest;
}

static bool is_guest_inside(void)
{
    return ter_libgc_own_guest != NULL && ter_libgc_mutator == ter_libgc_own_guest;
}

void *ter_libgc_as_guest(void *(*function)(void *data), void *data)
{
    void *volatile result;

    enter();
    result = function(data);
    /* A finalizer may have registered the thread. */
    if (is_guest_inside()) {
        ter_libgc_mutator = NULL;
        ter_mutator_leave_as_guest(ter_libgc_own_guest);
        ter_os_restore_stops(&mask_outside);
    }
    return result;
}

struct call {
    void *(*function)(void *data);
    void *data;
    void *volatile result;
};

static void call_outside(void *data)
{
    struct call *call = data;

    ter_os_restore_stops(&mask_outside);
    call->result = call->function(call->data);
    if (ter_libgc_mutator == NULL)
        enter();
}

void *ter_libgc_call_program(void *(*function)(void *data), void *data)
{
    struct call call = {function, data, NULL};

    if (TER_LIKELY(!is_guest_inside()))
        return function(data);
    ter_libgc_mutator = NULL;
    ter_mutator_leave_and_call(ter_libgc_own_guest, call_outside, &call);
    return call.result;
}

/* ---- Its end ---- */

struct ter_mutator *ter_libgc_take_guest(void)
{
    struct ter_mutator *mutator = ter_libgc_own_guest;

    if (mutator != NULL)
        ter_mutator_adopt(mutator);
    ter_libgc_own_guest = NULL;
    return mutator;
}
