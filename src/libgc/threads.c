/* SPDX-License-Identifier: MIT */
/*
 * Threads of the program: registered by hand or started through the wrappers; stopped by signals;
 * outside the heap while they block.
 *
 * Invariant: the heap lock is used (allocator.locking) from the moment when a second thread may be
 * registered. That moment is in a registered thread, so no allocation without the lock is under
 * way.
 */
#include "libgc/libgc.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>

/* There may be more than one thread from now on. */
static void share_heap(void)
{
    struct ter_allocator *allocator = ter_libgc_ready();

    /* Only the first time: other threads read it without the lock. */
    if (ter_libgc.threads_allowed)
        return;
    ter_libgc.threads_allowed = true;
    if (ter_libgc_mutator != NULL)
        ter_allocator_share(allocator);
    GC_start_mark_threads();
}

/* ---- Registration ---- */

void GC_allow_register_threads(void)
{
    share_heap();
}

/* Is the thread registered, or a guest in one of its calls? */
static bool is_registered(void)
{
    return ter_libgc_mutator != NULL && !ter_libgc_mutator->is_guest;
}

static int bind_thread(uintptr_t stack_base)
{
    struct ter_mutator *mutator;
    struct ter_os_mask before;
    ter_status status = TER_OK;

    if (is_registered())
        return GC_DUPLICATE;
    ter_os_accept_stops(&before);
    mutator = ter_libgc_take_guest();
    if (mutator == NULL)
        status = ter_mutator_new(&ter_libgc.collector->allocator, stack_base, &mutator);
    else if (stack_base != 0)
        mutator->stack_base = stack_base;
    if (status != TER_OK)
        ter_fatal("a thread cannot be registered: %s", ter_status_message(status));
    ter_libgc_mutator = mutator;
    return GC_SUCCESS;
}

int GC_register_my_thread(const struct GC_stack_base *base)
{
    TER_REQUIRE(ter_libgc.heap != NULL && ter_libgc.threads_allowed,
                "GC_register_my_thread before GC_allow_register_threads");
    return bind_thread((uintptr_t)base->mem_base);
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

/* Called in the thread that ends, or by a collector for one that is no more; with the lock. */
void ter_libgc_thread_ended(void *context, const struct ter_mutator *mutator)
{
    (void)context;
    if (ter_libgc.main_mutator == mutator)
        ter_libgc.main_mutator = NULL;
    if (ter_libgc_mutator == mutator)
        ter_libgc_mutator = NULL;
    ter_libgc_guest_ended(mutator);
}

int GC_thread_is_registered(void)
{
    return is_registered();
}

/* Also of a thread that is not registered. */
static struct ter_mutator *own_mutator(void)
{
    ter_libgc_ready();
    return ter_libgc_mutator != NULL ? ter_libgc_mutator : ter_libgc_guest();
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
    struct ter_mutator *mutator = own_mutator();

    ter_allocator_lock(mutator->allocator);
    /* A program may have written the variable and not called the function below. */
    if (mutator == ter_libgc.main_mutator && GC_stackbottom != NULL)
        mutator->stack_base = (uintptr_t)GC_stackbottom;
    base->mem_base = (void *)mutator->stack_base;
    ter_allocator_unlock(mutator->allocator);
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
        mutator = own_mutator();
    mutator->stack_base = (uintptr_t)base->mem_base;
    if (mutator == ter_libgc.main_mutator)
        GC_stackbottom = base->mem_base;
}

void GC_register_altstack(void *stack, GC_word bytes, void *signal_stack, GC_word signal_bytes)
{
    struct ter_mutator *mutator = own_mutator();
    uintptr_t start = (uintptr_t)stack, signal_start = (uintptr_t)signal_stack;

    ter_allocator_lock(mutator->allocator);
    mutator->usual_stack = (struct ter_root_range){start, start + bytes};
    mutator->signal_stack = (struct ter_root_range){signal_start, signal_start + signal_bytes};
    ter_allocator_unlock(mutator->allocator);
}

/* Both came with 8.2.8 of the stock library. */
void GC_set_sp_corrector(GC_sp_corrector_proc function)
{
    struct ter_allocator *allocator = ter_libgc_lock();

    allocator->correct_stack = function;
    ter_allocator_unlock(allocator);
}

GC_sp_corrector_proc GC_get_sp_corrector(void)
{
    struct ter_allocator *allocator = ter_libgc_lock();
    GC_sp_corrector_proc function = allocator->correct_stack;

    ter_allocator_unlock(allocator);
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
    if (mutator == NULL || mutator->blocked_at != 0)
        return function(data);
    return ter_mutator_outside(mutator, function, data);
}

/* Back in the heap for one call; the whole stack is scanned then, the outer part too. */
void *GC_call_with_gc_active(GC_fn_type function, void *data)
{
    struct ter_mutator *mutator = ter_libgc_mutator;
    uintptr_t blocked_at;
    void *result;

    require_function(function != NULL, "GC_call_with_gc_active");
    if (mutator == NULL)
        return ter_libgc_inside(function, data);
    blocked_at = mutator->blocked_at;
    if (blocked_at == 0)
        return function(data);
    ter_mutator_return(mutator);
    result = function(data);
    ter_mutator_leave(mutator, blocked_at);
    return result;
}

void GC_alloc_lock(void)
{
    ter_allocator_lock(ter_libgc_ready());
}

void GC_alloc_unlock(void)
{
    ter_allocator_unlock(ter_libgc_ready());
}

void *GC_call_with_alloc_lock(GC_fn_type function, void *data)
{
    struct ter_os_cancel before;
    struct ter_allocator *allocator;
    void *result;

    require_function(function != NULL, "GC_call_with_alloc_lock");
    before = ter_os_cancel_off();
    allocator = ter_libgc_lock();
    result = function(data);
    ter_allocator_unlock(allocator);
    ter_os_cancel_back(before);
    return result;
}

/* ---- Signals ---- */

/* A thread that blocks the signals that stop it would stop the program. */
int GC_pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    sigset_t allowed;

    if (set != NULL && (how == SIG_BLOCK || how == SIG_SETMASK)) {
        allowed = *set;
        sigdelset(&allowed, ter_os_stop_signal());
        sigdelset(&allowed, ter_os_suspend_signal());
        set = &allowed;
    }
    return pthread_sigmask(how, set, old);
}

/* ---- Wrappers ---- */

/*
 * A thread that GC_pthread_create started. Uncollectable: it keeps the argument until the thread is
 * registered, and the result from the end of the thread until another has joined it.
 */
struct thread {
    struct thread *next;
    void *(*function)(void *);
    void *argument;
    void *result;
    sem_t *registered; /* its creator's, which waits for it */
    pthread_t id;
    bool known;    /* to its creator: it is not freed before */
    bool detached; /* nobody joins it */
    bool finished;
};

/* All under the heap lock. */
static struct thread *threads; /* in memory that is no root; the records need none */
static _Thread_local struct thread *own_thread;

static void lock_threads(void)
{
    ter_allocator_lock(&ter_libgc.collector->allocator);
}

static void unlock_threads(void)
{
    ter_allocator_unlock(&ter_libgc.collector->allocator);
}

static void unlink_thread(struct thread *thread)
{
    struct thread **link = &threads;

    while (*link != thread)
        link = &(*link)->next;
    *link = thread->next;
}

/* Takes the thread off the list when nothing can refer to it any more; the caller frees it. */
static bool is_thread_done(struct thread *thread)
{
    if (!thread->known || !thread->detached || !thread->finished)
        return false;
    unlink_thread(thread);
    return true;
}

/* One that can still be joined; NULL for a thread that was started in another way. */
static struct thread *find_thread(pthread_t id)
{
    struct thread *thread = threads;

    while (thread != NULL && (thread->detached || !pthread_equal(thread->id, id)))
        thread = thread->next;
    return thread;
}

static void end_thread(void *argument)
{
    struct thread *thread = argument;
    bool done;

    lock_threads();
    thread->finished = true;
    done = is_thread_done(thread);
    unlock_threads();
    own_thread = NULL;
    if (done)
        GC_free(thread);
    /* Else it stays registered while destructors run, which find their objects alive and may
     * allocate. */
    if (!ter_os_thread_end_is_noticed())
        GC_unregister_my_thread();
}

static void *run_thread(void *argument)
{
    struct thread *thread = argument;
    void *result;

    bind_thread(0);
    own_thread = thread;
    lock_threads();
    thread->id = pthread_self();
    unlock_threads();
    sem_post(thread->registered);
    pthread_cleanup_push(end_thread, thread);
    result = thread->function(thread->argument);
    thread->result = result;
    pthread_cleanup_pop(1);
    return result;
}

static bool starts_detached(const pthread_attr_t *attributes)
{
    int state = PTHREAD_CREATE_JOINABLE;

    return attributes != NULL && pthread_attr_getdetachstate(attributes, &state) == 0 &&
           state == PTHREAD_CREATE_DETACHED;
}

/*
 * Until the new thread is registered: collections stop it and scan its stack as soon as its creator
 * goes on. It also lets threads begin in the order of their creation, nearly always, as with the
 * stock library; programs came to count on that.
 */
static void wait_until_registered(sem_t *registered)
{
    int cancelling;

    /* Starting a thread is no point where the creator may be cancelled. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelling);
    while (sem_wait(registered) != 0)
        ; /* a signal came, often the one that stops the creator */
    pthread_setcancelstate(cancelling, NULL);
}

int GC_pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*function)(void *),
                      void *argument)
{
    TER_KEEP_ERRNO;
    struct thread *thread;
    sem_t registered;
    bool done;
    int error;

    share_heap();
    thread = GC_malloc_uncollectable(sizeof *thread);
    if (thread == NULL)
        return EAGAIN;
    sem_init(&registered, 0, 0);
    *thread = (struct thread){.function = function,
                              .argument = argument,
                              .registered = &registered,
                              .detached = starts_detached(attributes)};
    lock_threads();
    thread->next = threads;
    threads = thread;
    unlock_threads();
    error = pthread_create(id, attributes, run_thread, thread);
    if (error == 0)
        wait_until_registered(&registered);
    sem_destroy(&registered);
    lock_threads();
    thread->known = true;
    if (error != 0)
        thread->detached = thread->finished = true;
    else
        thread->id = *id;
    done = is_thread_done(thread);
    unlock_threads();
    if (done)
        GC_free(thread);
    return error;
}

/* Nobody will ask for the thread's result any more. */
static void detach_record(struct thread *thread)
{
    bool done;

    lock_threads();
    thread->detached = true;
    done = is_thread_done(thread);
    unlock_threads();
    if (done)
        GC_free(thread);
}

/* The record is looked up before: afterwards a new thread may have the same number. */
int GC_pthread_join(pthread_t id, void **result)
{
    struct thread *thread;
    int error;

    GC_init();
    lock_threads();
    thread = find_thread(id);
    unlock_threads();
    error = pthread_join(id, result);
    if (error == 0 && thread != NULL)
        detach_record(thread);
    return error;
}

int GC_pthread_detach(pthread_t id)
{
    struct thread *thread;
    int error;

    GC_init();
    lock_threads();
    thread = find_thread(id);
    error = pthread_detach(id);
    unlock_threads();
    if (error == 0 && thread != NULL)
        detach_record(thread);
    return error;
}

int GC_pthread_cancel(pthread_t id)
{
    return pthread_cancel(id);
}

void GC_pthread_exit(void *result)
{
    if (own_thread != NULL)
        own_thread->result = result;
    pthread_exit(result);
}
