/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

#include <errno.h>

/* Threads that do not answer are asked for this long; the stock library of libgc.so.1 takes 16 s.
 */
#define PATIENCE_MS 15000u
/* A guest may go on, so it is asked until it is plain that it does not answer, or for this long. */
#define PATIENCE_WITH_GUESTS_MS 3000u

/* Its runs may be in use at this very instruction. */
static bool is_stopped(const struct ter_mutator *mutator)
{
    return !ter_mutator_is_own(mutator) && mutator->blocked_at == 0;
}

/* Those outside the heap are left alone, but for guests that can be asked: see mutator.h. */
static bool is_to_stand(const struct ter_mutator *mutator)
{
    return is_stopped(mutator) ||
           (!ter_mutator_is_own(mutator) && mutator->is_guest && !mutator->refuses);
}

/* ---- Threads that ended ---- */

static void end_gone(struct ter_allocator *allocator)
{
    struct ter_mutator *mutator = allocator->mutators;

    while (mutator != NULL) {
        struct ter_mutator *next = mutator->next;

        if (mutator->is_gone)
            ter_mutator_end_unasked(mutator);
        mutator = next;
    }
}

/* For threads that are not asked to stand: nothing of one that has ended is to be scanned. */
static void find_gone(const struct ter_allocator *allocator)
{
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        if (m->thread != NULL && !ter_mutator_is_own(m) && !m->is_asked && !m->is_gone &&
            ter_os_thread_is_gone(m->thread)) {
            ter_mutator_say_gone(m);
            m->is_gone = true;
        }
}

/* ---- Threads that do not answer ---- */

static TER_NORETURN void give_up_for_good(const struct ter_mutator *mutator,
                                          enum ter_os_answer answer)
{
    char name[32];

    ter_os_thread_name(mutator->thread, name, sizeof name);
    ter_fatal("Signals delivery fails constantly: thread %d (%s) has not stopped for %u s, it %s "
              "signal %d",
              mutator->thread->number, name, PATIENCE_MS / 1000,
              answer == TER_OS_BLOCKS  ? "blocks"
              : answer == TER_OS_TAKES ? "takes by sigwait, or cannot answer,"
                                       : "does not answer",
              ter_os_stop_signal());
}

static bool is_refusal(const struct ter_mutator *guest, enum ter_os_answer answer)
{
    return answer == TER_OS_BLOCKS || guest->waited_ms > PATIENCE_WITH_GUESTS_MS ||
           (answer == TER_OS_TAKES && guest->waited_ms > PATIENCE_WITH_GUESTS_MS / 10);
}

/* True: the thread is asked no more, and the stop is to fail. */
static bool is_let_off(struct ter_allocator *allocator, struct ter_mutator *mutator)
{
    if (!allocator->is_courteous || mutator->is_guest ||
        mutator->waited_ms + mutator->halted_ms < TER_COURTESY_MS ||
        !ter_os_stop_give_up(mutator->thread))
        return false;
    allocator->silent = mutator;
    mutator->is_asked = false;
    return true;
}

static void look_after(struct ter_allocator *allocator, struct ter_mutator *mutator)
{
    enum ter_os_answer answer = ter_os_stop_again(mutator->thread);

    if (answer == TER_OS_STANDS || (answer != TER_OS_GONE && is_let_off(allocator, mutator)))
        return;
    if (answer == TER_OS_HALTED)
        mutator->halted_ms += TER_OS_STOP_WAIT_MS;
    else
        mutator->waited_ms += TER_OS_STOP_WAIT_MS;
    if (answer == TER_OS_GONE) {
        ter_mutator_say_gone(mutator);
        mutator->is_gone = true;
        mutator->is_asked = false;
    } else if (!is_stopped(mutator) && is_refusal(mutator, answer)) {
        mutator->refuses = ter_os_stop_give_up(mutator->thread);
        mutator->is_asked = !mutator->refuses;
    } else if (answer == TER_OS_HALTED) {
        /* Rather for ever than that a debugger ends the program; but not without a word. */
        if (mutator->halted_ms == PATIENCE_MS)
            ter_log(TER_LOG_WARNING, "waiting for thread %d, which the system keeps from running",
                    mutator->thread->number);
    } else if (mutator->waited_ms > PATIENCE_MS) {
        give_up_for_good(mutator, answer);
    }
}

/* Time in which the whole process stood still is not counted. */
static void wait_for_all(struct ter_allocator *allocator)
{
    while (!ter_os_stop_wait())
        for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
            if (m->is_asked)
                look_after(allocator, m);
}

/* ---- Stopping ---- */

static void ask_to_stand(struct ter_mutator *mutator)
{
    mutator->waited_ms = mutator->halted_ms = 0;
    mutator->is_asked = ter_os_stop_thread(mutator->thread);
    mutator->is_gone = !mutator->is_asked;
    if (mutator->is_gone)
        ter_mutator_say_gone(mutator);
}

static ter_status ask_all(struct ter_allocator *allocator)
{
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next) {
        if (!is_to_stand(m))
            continue;
        if (!allocator->is_stopping && ter_os_stop_begin() != TER_OK)
            return TER_ERROR_SYSTEM;
        allocator->is_stopping = true;
        ask_to_stand(m);
    }
    return TER_OK;
}

/* Those that a signal stopped. Who has ended is noticed by the next stop. */
static void let_all_go(struct ter_allocator *allocator)
{
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        m->is_asked = false;
    if (allocator->is_stopping)
        ter_os_stop_resume();
    allocator->is_stopping = false;
}

static ter_status pause_others(struct ter_allocator *allocator)
{
    int saved_errno = errno;
    ter_status status = ask_all(allocator);

    if (status != TER_OK)
        return status;
    if (allocator->is_stopping)
        wait_for_all(allocator);
    if (allocator->silent != NULL) {
        let_all_go(allocator);
        return TER_ERROR_SYSTEM;
    }
    find_gone(allocator);
    end_gone(allocator);
    errno = saved_errno;
    return TER_OK;
}

static void end_being_alone(const struct ter_allocator *allocator)
{
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        __atomic_store_n(&m->alone, false, __ATOMIC_RELAXED);
}

static void wait_for_ends_of_holds(const struct ter_allocator *allocator)
{
    for (const struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        while (m->thread != NULL && !ter_mutator_is_own(m) && ter_os_holds_off(m->thread) &&
               !ter_os_thread_is_gone(m->thread))
            ter_os_yield();
}

/*
 * A hold begins with a store and then looks whether the thread is alone. After a barrier in all
 * threads either the hold is seen here, and waited for, or it will see that it is not alone. So a
 * thread that cannot be stopped now, as it blocks signals while it starts others, need not be.
 */
ter_status ter_world_share(struct ter_allocator *allocator)
{
    ter_status status;

    if (allocator->shared)
        return TER_OK;
    end_being_alone(allocator);
    if (allocator->mutators != NULL && !ter_os_order_threads()) {
        status = pause_others(allocator);
        if (status != TER_OK)
            return status;
        ter_world_resume(allocator);
    } else {
        wait_for_ends_of_holds(allocator);
    }
    allocator->shared = true;
    return TER_OK;
}

ter_status ter_world_stop(struct ter_allocator *allocator)
{
    ter_status status = pause_others(allocator);

    if (status != TER_OK)
        return status;
    allocator->standing = true;
    ter_mutators_close(allocator);
    if (allocator->common != NULL)
        ter_mutator_flush(allocator->common);
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next) {
        if (is_stopped(m))
            ter_mutator_drop_freed(m);
        else
            ter_mutator_flush(m);
    }
    return TER_OK;
}

void ter_world_resume(struct ter_allocator *allocator)
{
    allocator->standing = false;
    ter_mutators_open(allocator);
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next) {
        if (m->is_asked)
            ter_watch_stopped(allocator->watch, (unsigned)m->thread->number);
        m->is_asked = false;
    }
    if (allocator->is_stopping)
        ter_os_stop_resume();
    allocator->is_stopping = false;
    ter_safepoints_disperse(allocator);
}

void ter_world_forget_stopped(struct ter_allocator *allocator)
{
    allocator->is_stopping = false;
    ter_safepoints_disperse(allocator);
}

void ter_world_mark_cell_runs(const struct ter_allocator *allocator,
                              const struct ter_side_table *marks)
{
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next) {
        if (is_stopped(m))
            ter_mutator_mark_cell_runs(m, marks);
        ter_mutator_leave_blocks(m);
    }
}

/* Where the part of another thread's stack that may hold references ends. */
static uintptr_t stack_end(const struct ter_mutator *mutator)
{
    if (mutator->blocked_at != 0 && !mutator->is_asked)
        return mutator->blocked_at;
    return atomic_load_explicit(&mutator->thread->stack_pointer, memory_order_relaxed);
}

/* What the program says of the stack, which may be a coroutine's. */
static uintptr_t corrected(const struct ter_allocator *allocator, const struct ter_mutator *mutator,
                           uintptr_t end)
{
    void *pointer = (void *)end;

    if (allocator->correct_stack != NULL)
        allocator->correct_stack(&pointer, (void *)mutator->thread->identity);
    return (uintptr_t)pointer;
}

/* The stack for signal handlers that it stood on when it stopped, or else one that it told of. */
static struct ter_root_range signal_stack(const struct ter_mutator *mutator)
{
    const struct ter_os_thread *thread = mutator->thread;
    struct ter_root_range range = {
        atomic_load_explicit(&thread->signal_stack_start, memory_order_relaxed),
        atomic_load_explicit(&thread->signal_stack_end, memory_order_relaxed)};

    return range.end != 0 ? range : mutator->signal_stack;
}

static void visit_stack_of(struct ter_mutator *mutator, uintptr_t pointer,
                           ter_root_visitor *visitor, void *context)
{
    struct ter_stack_extent stack = {.pointer = pointer,
                                     .base = mutator->stack_base,
                                     .own = &mutator->own_stack,
                                     .usual = mutator->usual_stack,
                                     .signal = signal_stack(mutator)};

    mutator->stack_bytes = ter_stack_visit(&stack, visitor, context);
}

/* It is on a stack that the program declared; of its own as much as there was when it left that. */
static void visit_declared(struct ter_mutator *mutator, struct ter_stack *stack, uintptr_t pointer,
                           ter_root_visitor *visitor, void *context)
{
    stack->is_stood_on = true;
    if (mutator->home.pointer != 0) {
        ter_stack_visit_saved(&mutator->home, visitor, context);
        visit_stack_of(mutator, mutator->home.pointer, visitor, context);
    }
    visitor(context, ter_align_up(pointer, sizeof(uintptr_t)),
            ter_align_down(stack->high, sizeof(uintptr_t)));
}

static void visit_from(const struct ter_allocator *allocator, struct ter_mutator *mutator,
                       uintptr_t pointer, ter_root_visitor *visitor, void *context)
{
    struct ter_stack *stack = ter_stacks_find(&allocator->stacks, mutator->stack, pointer);

    /* Of a thread that left the heap without calling a function. */
    if (mutator->blocked_at != 0 && !ter_mutator_is_own(mutator))
        ter_stack_visit_saved(mutator->stack, visitor, context);
    if (stack != NULL)
        visit_declared(mutator, stack, pointer, visitor, context);
    else
        visit_stack_of(mutator, pointer, visitor, context);
}

void ter_world_visit_stacks(const struct ter_allocator *allocator, uintptr_t own_end,
                            ter_root_visitor *visitor, void *context)
{
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next) {
        uintptr_t end;

        if (m->thread == NULL)
            continue;
        end = ter_mutator_is_own(m) ? own_end : stack_end(m);
        /* The others did it when they stopped or left. */
        if (ter_mutator_is_own(m))
            ter_os_note_signal_stack(m->thread);
        visit_from(allocator, m, corrected(allocator, m, end), visitor, context);
    }
    ter_stacks_visit_left(&allocator->stacks, visitor, context);
}

void ter_world_visit_frames(const struct ter_allocator *allocator, struct ter_root_visit *visit)
{
    for (const struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next) {
        ter_root_visit_frames(visit, m->head.frames);
        if (m->stack != &m->home)
            ter_root_visit_frames(visit, m->home.frames);
    }
    ter_stacks_visit_frames(&allocator->stacks, visit);
}

void ter_world_call_visitors(const struct ter_allocator *allocator, struct ter_root_visit *visit)
{
    for (const struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        if (m->visitor.function != NULL)
            m->visitor.function(m->visitor.context, visit);
}

void ter_world_visit_thread_data(const struct ter_allocator *allocator,
                                 const struct ter_module_list *modules, ter_root_visitor *visitor,
                                 void *context)
{
    for (const struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next) {
        if (m->thread == NULL)
            continue;
        if (ter_os_knows_thread_data())
            ter_os_visit_thread_data(m->thread, modules->modules, modules->count, visitor, context);
        else if (m->thread_data.start != 0)
            visitor(context, m->thread_data.start, m->thread_data.end);
    }
}

size_t ter_world_stack_bytes(const struct ter_allocator *allocator)
{
    size_t bytes = 0;

    for (const struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        bytes += m->stack_bytes;
    return bytes;
}
