/* SPDX-License-Identifier: MIT */
/* Stacks on Linux: that of a thread, and the one that it gave the system for its signal handlers.
 */
#define _GNU_SOURCE
#include "os/os.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc's loader leaves the first word of the main thread's stack here; other C libraries do not.
 */
extern void *__libc_stack_end __attribute__((weak));

/* In the child of a fork, the first thread may be any. */
static bool is_first_thread(void)
{
    return (long)getpid() == syscall(SYS_gettid);
}

static bool has_attributes(uintptr_t *start, uintptr_t *end)
{
    pthread_attr_t attributes;
    void *lowest = NULL;
    size_t bytes = 0;

    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return false;
    if (pthread_attr_getstack(&attributes, &lowest, &bytes) != 0)
        bytes = 0;
    pthread_attr_destroy(&attributes);
    *start = (uintptr_t)lowest;
    *end = (uintptr_t)lowest + bytes;
    return bytes != 0;
}

/* Its frames reach from here up to there without a hole; spares asking, which reads a file. */
static bool stands_below(uintptr_t end)
{
    uintptr_t here = ter_align_down(TER_FRAME_ADDRESS(), (uintptr_t)sysconf(_SC_PAGESIZE));

    return here < end && end - here < TER_MIB(1024) && ter_os_is_mapped(here, end);
}

/* How far the main thread's stack goes down changes: `start` is then the last page. */
static void set_growing(struct ter_os_stack *stack, uintptr_t end)
{
    stack->grows = true;
    stack->end = end;
    stack->start = ter_align_down(end - 1, (uintptr_t)sysconf(_SC_PAGESIZE));
}

bool ter_os_find_stack(struct ter_os_stack *stack)
{
    uintptr_t main_end = &__libc_stack_end != NULL ? (uintptr_t)__libc_stack_end : 0;

    *stack = (struct ter_os_stack){0};
    if (main_end != 0 && is_first_thread() && stands_below(main_end)) {
        set_growing(stack, main_end);
        return true;
    }
    if (!has_attributes(&stack->start, &stack->end)) {
        if (main_end == 0 || !is_first_thread())
            return false;
        set_growing(stack, main_end);
        return true;
    }
    if (main_end != 0 && stack->start <= main_end && main_end <= stack->end)
        set_growing(stack, main_end);
    else if (main_end == 0 && is_first_thread())
        set_growing(stack, stack->end);
    return true;
}

uintptr_t ter_os_stack_base(void)
{
    struct ter_os_stack stack;

    return ter_os_find_stack(&stack) ? stack.end : 0;
}

void ter_os_note_signal_stack(struct ter_os_thread *self)
{
    TER_KEEP_ERRNO;
    uintptr_t start = 0, end = 0;
    stack_t stack;

    if (sigaltstack(NULL, &stack) == 0 && (stack.ss_flags & SS_ONSTACK) != 0) {
        start = (uintptr_t)stack.ss_sp;
        end = start + stack.ss_size;
    }
    atomic_store_explicit(&self->signal_stack_start, start, memory_order_relaxed);
    atomic_store_explicit(&self->signal_stack_end, end, memory_order_relaxed);
}
