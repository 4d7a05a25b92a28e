/* SPDX-License-Identifier: MIT */
#include "libgc/threads.h"

#include "libgc/guests.h"
#include "libgc/init.h"

void ter_libgc_share_heap(void)
{
    ter_libgc_ready();
    /* Only the first time: other threads read it without the lock. */
    if (ter_libgc.threads_allowed)
        return;
    ter_libgc.threads_allowed = true;
    if (ter_libgc_mutator != NULL)
        ter_heap_share(ter_libgc.heap);
    GC_start_mark_threads();
}

/* ---- Registration ---- */

void GC_allow_register_threads(void)
{
    ter_libgc_share_heap();
}

/* Is the thread registered, or a guest in one of its calls? */
static bool is_registered(void)
{
    return ter_libgc_mutator != NULL && !ter_mutator_is_guest(ter_libgc_mutator);
}

int ter_libgc_bind_thread(uintptr_t stack_base)
{
    struct ter_mutator *mutator;
    struct ter_os_mask before;
    ter_status status = TER_OK;

    if (is_registered())
        return GC_DUPLICATE;
    ter_os_accept_stops(&before);
    mutator = ter_libgc_take_guest();
    if (mutator == NULL)
        status = ter_mutator_make(ter_libgc.heap, stack_base, &mutator);
    else if (stack_base != 0)
        ter_mutator_set_stack_base(mutator, stack_base);
    if (status != TER_OK)
        ter_fatal("a thread cannot be registered: %s", ter_status_message(status));
    ter_libgc_mutator = mutator;
    return GC_SUCCESS;
}

int GC_register_my_thread(const struct GC_stack_base *base)
{
    TER_REQUIRE(ter_libgc.heap != NULL && ter_libgc.threads_allowed,
                "GC_register_my_thread before GC_allow_register_threads");
    return ter_libgc_bind_thread((uintptr_t)base->mem_base);
}

/* A thread that was never registered may say so too. */
int GC_unregister_my_thread(void)
{
    struct ter_mutator *mutator = ter_libgc_mutator;

    if (!is_registered())
        return GC_NOT_FOUND;
    ter_libgc_mutator = NULL;
    if (ter_libgc.main_mutator == mutator)
        ter_libgc.main_mutator = NULL;
    ter_mutator_unbind(mutator);
    return GC_SUCCESS;
}

int GC_thread_is_registered(void)
{
    return is_registered();
}

/* ---- Stacks ---- */

int GC_get_stack_base(struct GC_stack_base *base)
{
    base->mem_base = (void *)ter_os_stack_base();
    return base->mem_base == NULL ? GC_UNIMPLEMENTED : GC_SUCCESS;
}

/* Where the stack of the calling thread, or of its coroutine, begins as far as the heap knows. */
void *GC_get_my_stackbottom(struct GC_stack_base *base)
{
    struct ter_mutator *mutator = ter_libgc_own_mutator();

    ter_heap_lock(ter_libgc.heap);
    /* A program may have written the variable and not called the function below. */
    if (mutator == ter_libgc.main_mutator && GC_stackbottom != NULL)
        ter_mutator_set_stack_base(mutator, (uintptr_t)GC_stackbottom);
    base->mem_base = (void *)ter_mutator_stack_base(mutator);
    ter_libgc_unlock();
    return mutator;
}

/* The caller holds the lock, or there is no heap yet. */
void GC_set_stackbottom(void *thread, const struct GC_stack_base *base)
{
    struct ter_mutator *mutator = thread;

    if (ter_libgc.heap == NULL) {
        GC_stackbottom = base->mem_base;
        return;
    }
    if (mutator == NULL)
        mutator = ter_libgc_own_mutator();
    ter_mutator_set_stack_base(mutator, (uintptr_t)base->mem_base);
    if (mutator == ter_libgc.main_mutator)
        GC_stackbottom = base->mem_base;
}

void GC_register_altstack(void *stack, GC_word bytes, void *signal_stack, GC_word signal_bytes)
{
    struct ter_mutator *mutator = ter_libgc_own_mutator();
    uintptr_t start = (uintptr_t)stack, signal_start = (uintptr_t)signal_stack;

    ter_heap_lock(ter_libgc.heap);
    ter_mutator_set_stacks(mutator, start, start + bytes, signal_start,
                           signal_start + signal_bytes);
    ter_libgc_unlock();
}

/* Both came with 8.2.8 of the stock library. */
void GC_set_sp_corrector(GC_sp_corrector_proc function)
{
    ter_libgc_lock();
    ter_heap_set_stack_corrector(ter_libgc.heap, function);
    ter_libgc_unlock();
}

GC_sp_corrector_proc GC_get_sp_corrector(void)
{
    GC_sp_corrector_proc function;

    ter_libgc_lock();
    function = ter_heap_stack_corrector(ter_libgc.heap);
    ter_libgc_unlock();
    return function;
}

static void require_function(bool is_there, const char *call)
{
    TER_REQUIRE(is_there, "%s: there is no function to call", call);
}

void *GC_call_with_stack_base(GC_stack_base_func function, void *argument)
{
    struct GC_stack_base base = {.mem_base = (void *)TER_FRAME_ADDRESS()};
    void *result;

    require_function(function != NULL, "GC_call_with_stack_base");
    result = function(&base, argument);
    /* The frame stays until the function is done. */
    __asm__ volatile("" ::"r"(&base) : "memory");
    return result;
}

void *GC_do_blocking(GC_fn_type function, void *data)
{
    struct ter_mutator *mutator = ter_libgc_mutator;

    require_function(function != NULL, "GC_do_blocking");
    /* A region inside a region is part of the outer one; who is not registered is outside anyway.
     */
    if (mutator == NULL || ter_mutator_outside_at(mutator) != 0)
        return function(data);
    return ter_mutator_outside(mutator, function, data);
}

/* Back in the heap for one call; the whole stack is scanned then, the outer part too. */
void *GC_call_with_gc_active(GC_fn_type function, void *data)
{
    struct ter_mutator *mutator = ter_libgc_mutator;
    uintptr_t outside_at;
    void *result;

    require_function(function != NULL, "GC_call_with_gc_active");
    if (mutator == NULL)
        return ter_libgc_inside(function, data);
    outside_at = ter_mutator_outside_at(mutator);
    if (outside_at == 0)
        return function(data);
    ter_mutator_come_back(mutator);
    result = function(data);
    ter_mutator_go_outside(mutator, outside_at);
    return result;
}

void GC_alloc_lock(void)
{
    ter_libgc_lock();
}

void GC_alloc_unlock(void)
{
    ter_libgc_unlock();
}

void *GC_call_with_alloc_lock(GC_fn_type function, void *data)
{
    struct ter_os_cancel before;
    void *result;

    require_function(function != NULL, "GC_call_with_alloc_lock");
    before = ter_os_cancel_off();
    ter_libgc_lock();
    result = function(data);
    ter_libgc_unlock();
    ter_os_cancel_back(before);
    return result;
}
