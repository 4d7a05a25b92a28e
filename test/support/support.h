/* SPDX-License-Identifier: MIT */
/*
 * What unit tests share: cmocka, random seeds, children that are expected to die, answers in the
 * system's place, and the process's list of mappings.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "os/os.h"

/* ---- Random tests ---- */

/* Prints the seed: TERRIER_TEST_SEED if that is set, else a new one. */
struct ter_random test_random(void);

/* A number below `bound` (> 0). */
TER_INLINE size_t test_below(struct ter_random *random, size_t bound)
{
    return (size_t)ter_random_below(random, bound);
}

/* `count`, or 20 times that when TERRIER_THOROUGH=1; 4 times where running is very slow. */
unsigned test_iterations(unsigned count);

/*
 * `usual`, or `thorough` when TERRIER_THOROUGH=1, for tests that know both; less of it by the
 * factor CHECK_DIVISOR, which slow ways of running set.
 */
uint64_t test_count(uint64_t usual, uint64_t thorough);
/* The usual number, or fewer where that is slow, but never less than `least`. */
unsigned test_count_not_below(unsigned usual, unsigned least);

/* ---- Emulators ---- */

/*
 * Does an emulator of a processor stand in for the kernel (TERRIER_TEST_EMULATED, which the build
 * sets for tests that it runs under one)? qemu-user knows no limit on addresses, says in /proc what
 * memory the emulator itself uses, and takes time for every page of a reservation.
 */
bool test_is_emulated(void);

/* ---- Children ---- */

struct test_end {
    int signal; /* 0: it left with `code` */
    int code;
    char text[4096]; /* what it wrote to standard error */
};

typedef void test_body(void *context);

/* Runs `body` in a forked child; the child's exit code is 0 when it returns. */
void test_in_child(test_body *body, void *context, struct test_end *end);

/* The body must stop the process by SIGABRT, with "terrier: " and `part` on standard error. */
void test_dies(test_body *body, void *context, const char *part);

/* ---- Faults ---- */

#define TEST_CALL(name) (1u << TER_OS_CALL_##name)
/* All that a caller can do something about: what cannot be released stays, whoever asks. */
#define TEST_ALL_CALLS (((1u << TER_OS_CALL_COUNT) - 1) & ~TEST_CALL(RELEASE))
#define TEST_FOR_EVER UINT64_MAX

/* Of the calls in the set `calls`, those from number `first` (from 0), `count` of them, fail. */
void test_fail_calls(unsigned calls, uint64_t first, uint64_t count);
/* The errno of failures from now on; ENOMEM at first. */
void test_fail_with(int error);
/* Takes the fault away; how many calls of the set there were, and how many of them failed. */
uint64_t test_stop_failing(uint64_t *failed);

/* ---- The log ---- */

/*
 * Lines of the log go to a file from here on. test_log_end has them written to standard error
 * again, asserts that each of those lines contains `part`, and returns how many there are.
 */
void test_log_begin(void);
size_t test_log_end(const char *part);

/* ---- Mappings ---- */

/* Lines of /proc/self/maps that contain `part`; all for "". */
size_t test_count_mappings(const char *part);
/* Is any byte of the range mapped, with or without access? */
bool test_is_mapped(uintptr_t start, size_t bytes);

/* ---- Conservative scanning ---- */

/* An address in a form that a scan does not take for one. */
TER_INLINE uintptr_t test_hide(const void *address)
{
    return ~(uintptr_t)address;
}

TER_INLINE void *test_show(uintptr_t hidden)
{
    return (void *)~hidden;
}

/* Overwrites the stack below the caller, where addresses may have been left. */
TER_NOINLINE void test_clear_stack_by_call(void);

/* A call leaves what its own frame does not use: the caller's next call has it in its frame. */
TER_INLINE void test_clear_stack(void)
{
#ifdef __x86_64__
    __asm__ volatile("lea -32768(%%rsp), %%rdi\n\t"
                     "mov $4096, %%ecx\n\t"
                     "xor %%eax, %%eax\n\t"
                     "rep stosq" ::
                         : "rdi", "rcx", "rax", "memory", "cc");
#else
    test_clear_stack_by_call();
#endif
}
