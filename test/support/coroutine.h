/* SPDX-License-Identifier: MIT */
/*
 * Coroutines on stacks of the caller's, by three ways to change stacks. They know of no heap.
 *
 * Threads: one at a time runs coroutines; a coroutine may be resumed by another one than before.
 */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <ucontext.h>

enum test_way {
    TEST_BY_CONTEXTS,     /* makecontext and swapcontext */
    TEST_BY_HAND,         /* a few instructions that exchange registers and stack pointer */
    TEST_BY_SIGNAL_STACK, /* begun as a signal handler's by sigaltstack; setjmp and longjmp */
    TEST_WAYS
};

struct test_coroutine {
    enum test_way way;
    void (*function)(void);
    ucontext_t own_context, back_context;
    void *own_pointer, *back_pointer;
    jmp_buf own_place, back_place;
};

/* Is there such a way on this machine, in this build? */
bool test_way_is_there(enum test_way way);

/* The first time that it is resumed, `function` begins on that stack. It never returns. */
void test_coroutine_begin(struct test_coroutine *coroutine, enum test_way way, char *stack,
                          size_t bytes, void (*function)(void));
/* From outside: returns when it yields. */
void test_coroutine_resume(struct test_coroutine *coroutine);
/* From inside. */
void test_coroutine_yield(struct test_coroutine *coroutine);
