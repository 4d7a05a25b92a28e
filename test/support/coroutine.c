/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "coroutine.h"

#include <signal.h>
#include <string.h>

#include "support.h"

/* ---- By hand ---- */

/*
 * test_exchange_stacks(save, to): what a function has to keep is pushed, the stack pointer stored
 * at `save`, `to` is the stack pointer, and what was pushed there is taken back.
 */
void test_exchange_stacks(void **save, void *to);

#define FUNCTION_BEGINS                                                                            \
    ".text\n.balign 16\n.globl test_exchange_stacks\n"                                             \
    ".type test_exchange_stacks, %function\ntest_exchange_stacks:\n"
#define FUNCTION_ENDS ".size test_exchange_stacks, . - test_exchange_stacks\n"

/* WORDS: how many lie from the stack pointer up when a stack begins; ENTRY: which is the entry. */
#if defined(__x86_64__) && defined(__LP64__)
enum { WORDS = 8, ENTRY = 6 };
__asm__(FUNCTION_BEGINS "push %rbp\n push %rbx\n push %r12\n push %r13\n push %r14\n push %r15\n"
                        "mov %rsp, (%rdi)\n"
                        "mov %rsi, %rsp\n"
                        "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbx\n pop %rbp\n"
                        "ret\n" FUNCTION_ENDS);
#elif defined(__i386__)
enum { WORDS = 6, ENTRY = 4 };
__asm__(FUNCTION_BEGINS "mov 4(%esp), %eax\n"
                        "mov 8(%esp), %ecx\n"
                        "push %ebp\n push %ebx\n push %esi\n push %edi\n"
                        "mov %esp, (%eax)\n"
                        "mov %ecx, %esp\n"
                        "pop %edi\n pop %esi\n pop %ebx\n pop %ebp\n"
                        "ret\n" FUNCTION_ENDS);
#elif defined(__aarch64__)
enum { WORDS = 20, ENTRY = 1 };
__asm__(FUNCTION_BEGINS "sub sp, sp, #160\n"
                        "stp x29, x30, [sp]\n"
                        "stp x19, x20, [sp, #16]\n"
                        "stp x21, x22, [sp, #32]\n"
                        "stp x23, x24, [sp, #48]\n"
                        "stp x25, x26, [sp, #64]\n"
                        "stp x27, x28, [sp, #80]\n"
                        "stp d8, d9, [sp, #96]\n"
                        "stp d10, d11, [sp, #112]\n"
                        "stp d12, d13, [sp, #128]\n"
                        "stp d14, d15, [sp, #144]\n"
                        "mov x2, sp\n"
                        "str x2, [x0]\n"
                        "mov sp, x1\n"
                        "ldp x29, x30, [sp]\n"
                        "ldp x19, x20, [sp, #16]\n"
                        "ldp x21, x22, [sp, #32]\n"
                        "ldp x23, x24, [sp, #48]\n"
                        "ldp x25, x26, [sp, #64]\n"
                        "ldp x27, x28, [sp, #80]\n"
                        "ldp d8, d9, [sp, #96]\n"
                        "ldp d10, d11, [sp, #112]\n"
                        "ldp d12, d13, [sp, #128]\n"
                        "ldp d14, d15, [sp, #144]\n"
                        "add sp, sp, #160\n"
                        "ret\n" FUNCTION_ENDS);
#else
enum { WORDS = 0, ENTRY = 0 };
void test_exchange_stacks(void **save, void *to)
{
    (void)save, (void)to;
    abort();
}
#endif

static struct test_coroutine *entered; /* whose function begins now */

static void enter(void)
{
    entered->function();
    abort();
}

static void begin_by_hand(struct test_coroutine *coroutine, char *stack, size_t bytes)
{
    uintptr_t *pointer = (uintptr_t *)(((uintptr_t)stack + bytes) & ~(uintptr_t)15) - WORDS;

    memset(pointer, 0, WORDS * sizeof *pointer);
    pointer[ENTRY] = (uintptr_t)enter;
    coroutine->own_pointer = pointer;
}

/* ---- By a signal stack ---- */

/*
 * The handler runs on the stack, notes its place there, and returns; a jump to that place later is
 * no signal handler any more. What it left on the stack is still there: nothing else runs on it.
 */
static void note_place(int number)
{
    (void)number;
    if (_setjmp(entered->own_place) != 0)
        enter();
}

static void begin_by_signal_stack(struct test_coroutine *coroutine, char *stack, size_t bytes)
{
    struct sigaction action = {.sa_handler = note_place, .sa_flags = SA_ONSTACK}, before;
    stack_t signal_stack = {.ss_sp = stack, .ss_size = bytes}, stack_before;

    entered = coroutine;
    assert_int_equal(sigaltstack(&signal_stack, &stack_before), 0);
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    assert_int_equal(sigaltstack(&stack_before, NULL), 0);
}

/* ---- By contexts ---- */

/* A standard that other libraries have left out. */
#ifdef __GLIBC__
enum { HAS_CONTEXTS = 1 };

static void begin_by_contexts(struct test_coroutine *coroutine, char *stack, size_t bytes)
{
    assert_int_equal(getcontext(&coroutine->own_context), 0);
    coroutine->own_context.uc_stack.ss_sp = stack;
    coroutine->own_context.uc_stack.ss_size = bytes;
    coroutine->own_context.uc_link = NULL;
    makecontext(&coroutine->own_context, coroutine->function, 0);
}

static void exchange_contexts(ucontext_t *save, ucontext_t *to)
{
    swapcontext(save, to);
}
#else
enum { HAS_CONTEXTS = 0 };

static void begin_by_contexts(struct test_coroutine *coroutine, char *stack, size_t bytes)
{
    (void)coroutine, (void)stack, (void)bytes;
    abort();
}

static void exchange_contexts(ucontext_t *save, ucontext_t *to)
{
    (void)save, (void)to;
    abort();
}
#endif

/* ---- All ---- */

/*
 * ThreadSanitizer knows the stacks of contexts and no others. AddressSanitizer takes back what it
 * marked on a signal's stack only where the handler's frame returns.
 */
bool test_way_is_there(enum test_way way)
{
    switch (way) {
    case TEST_BY_CONTEXTS: return HAS_CONTEXTS;
    case TEST_BY_HAND: return WORDS != 0 && !TER_HAS_TSAN;
    default: return !TER_HAS_SANITIZER;
    }
}

void test_coroutine_begin(struct test_coroutine *coroutine, enum test_way way, char *stack,
                          size_t bytes, void (*function)(void))
{
    memset(coroutine, 0, sizeof *coroutine);
    coroutine->way = way;
    coroutine->function = function;
    switch (way) {
    case TEST_BY_CONTEXTS: begin_by_contexts(coroutine, stack, bytes); break;
    case TEST_BY_HAND: begin_by_hand(coroutine, stack, bytes); break;
    default: begin_by_signal_stack(coroutine, stack, bytes); break;
    }
}

void test_coroutine_resume(struct test_coroutine *coroutine)
{
    entered = coroutine;
    switch (coroutine->way) {
    case TEST_BY_CONTEXTS:
        exchange_contexts(&coroutine->back_context, &coroutine->own_context);
        break;
    case TEST_BY_HAND:
        test_exchange_stacks(&coroutine->back_pointer, coroutine->own_pointer);
        break;
    default:
        if (_setjmp(coroutine->back_place) == 0)
            _longjmp(coroutine->own_place, 1);
        break;
    }
}

void test_coroutine_yield(struct test_coroutine *coroutine)
{
    switch (coroutine->way) {
    case TEST_BY_CONTEXTS:
        exchange_contexts(&coroutine->own_context, &coroutine->back_context);
        break;
    case TEST_BY_HAND:
        test_exchange_stacks(&coroutine->own_pointer, coroutine->back_pointer);
        break;
    default:
        if (_setjmp(coroutine->own_place) == 0)
            _longjmp(coroutine->back_place, 1);
        break;
    }
}
