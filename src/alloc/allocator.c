/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

/*
 * A thread that was started in a callback, while the only one until then had the lock left out,
 * waits for the end of that.
 */
bool ter_allocator_begin_locking(struct ter_allocator *allocator)
{
    uintptr_t self = ter_os_thread_identity();

    if (ter_os_is_single_threaded()) {
        allocator->alone_thread = self;
        return false;
    }
    while (atomic_load_explicit(&allocator->alone_depth, memory_order_acquire) != 0) {
        if (allocator->alone_thread == self)
            return false;
        ter_os_yield();
    }
    atomic_store_explicit(&allocator->locking, true, memory_order_release);
    return true;
}

static void answer_once(struct ter_allocator *allocator, unsigned pressed,
                        void (*answer)(void *context))
{
    atomic_fetch_and_explicit(&allocator->pressed, ~pressed, memory_order_relaxed);
    if (answer != NULL)
        answer(allocator->gate.context);
}

static void hurry_pressed(struct ter_allocator *allocator, unsigned pressed)
{
    if ((pressed & TER_PRESSED_BY_MEMORY) != 0)
        allocator->gate.pressed(allocator->gate.context);
    if ((pressed & TER_PRESSED_BY_SIGNAL) != 0)
        answer_once(allocator, TER_PRESSED_BY_SIGNAL, allocator->gate.asked);
    if ((pressed & TER_PRESSED_BY_CALL) != 0)
        answer_once(allocator, TER_PRESSED_BY_CALL, allocator->gate.called);
}

/* Stress mode: at every so many allocations a collection. */
void ter_allocator_hurry(struct ter_allocator *allocator)
{
    unsigned pressed = atomic_load_explicit(&allocator->pressed, memory_order_relaxed);

    if (allocator->no_collect)
        return;
    if (pressed != 0)
        hurry_pressed(allocator, pressed);
    if (allocator->stress_interval != 0 &&
        ++allocator->stress_count % allocator->stress_interval == 0)
        allocator->gate.stress(allocator->gate.context);
}

void ter_allocator_share(struct ter_allocator *allocator)
{
    if (atomic_load_explicit(&allocator->alone_depth, memory_order_relaxed) == 0)
        atomic_store_explicit(&allocator->locking, true, memory_order_release);
}

bool ter_allocator_try_lock(struct ter_allocator *allocator)
{
    int before;

    if (!ter_allocator_is_locking(allocator) &&
        (atomic_load_explicit(&allocator->alone_depth, memory_order_acquire) != 0 ||
         !ter_allocator_begin_locking(allocator)))
        return false;
    before = ter_os_cancel_defer();
    if (ter_lock_try(&allocator->lock)) {
        allocator->cancel_type = before;
        return true;
    }
    ter_os_cancel_as_before(before);
    return false;
}
