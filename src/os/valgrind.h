/* SPDX-License-Identifier: MIT */
/*
 * What Valgrind is told. Its interface is a sequence of instructions that do nothing and mean a
 * request to it alone; the register of the answer holds what is to be answered without it. So
 * nothing is needed to build, and a request costs a dozen instructions.
 *
 * Memcheck learns what is free, what is handed out without contents, and that the collector looks
 * at stacks and objects whatever lies there. Requests that a tool does not know do nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum {
    TER_VALGRIND_RUNNING = 0x1001,
    TER_VALGRIND_DISABLE_ERRORS = 0x1801, /* by so many levels, of this thread */
    TER_VALGRIND_NO_ACCESS = 'M' << 24 | 'C' << 16,
    TER_VALGRIND_UNDEFINED,
    TER_VALGRIND_DEFINED
};

#if defined __x86_64__ && !defined __ILP32__
#define TER_VALGRIND_REQUEST(words, answer)                                                        \
    __asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\t" \
                     "xchgq %%rbx, %%rbx"                                                          \
                     : "+d"(answer)                                                                \
                     : "a"(words)                                                                  \
                     : "cc", "memory")
#elif defined __i386__
#define TER_VALGRIND_REQUEST(words, answer)                                                        \
    __asm__ volatile("roll $3, %%edi\n\troll $13, %%edi\n\troll $29, %%edi\n\troll $19, %%edi\n\t" \
                     "xchgl %%ebx, %%ebx"                                                          \
                     : "+d"(answer)                                                                \
                     : "a"(words)                                                                  \
                     : "cc", "memory")
#elif defined __aarch64__
#define TER_VALGRIND_REQUEST(words, answer)                                                        \
    do {                                                                                           \
        register uintptr_t in_x3 __asm__("x3") = (answer);                                         \
        register const volatile uintptr_t *in_x4 __asm__("x4") = (words);                          \
                                                                                                   \
        __asm__ volatile("ror x12, x12, #3\n\tror x12, x12, #13\n\tror x12, x12, #51\n\t"          \
                         "ror x12, x12, #61\n\torr x10, x10, x10"                                  \
                         : "+r"(in_x3)                                                             \
                         : "r"(in_x4)                                                              \
                         : "cc", "memory");                                                        \
        (answer) = in_x3;                                                                          \
    } while (0)
#elif defined __arm__ && !defined __thumb__
#define TER_VALGRIND_REQUEST(words, answer)                                                        \
    do {                                                                                           \
        register uintptr_t in_r3 __asm__("r3") = (answer);                                         \
        register const volatile uintptr_t *in_r4 __asm__("r4") = (words);                          \
                                                                                                   \
        __asm__ volatile("mov r12, r12, ror #3\n\tmov r12, r12, ror #13\n\t"                       \
                         "mov r12, r12, ror #29\n\tmov r12, r12, ror #19\n\torr r10, r10, r10"     \
                         : "+r"(in_r3)                                                             \
                         : "r"(in_r4)                                                              \
                         : "cc", "memory");                                                        \
        (answer) = in_r3;                                                                          \
    } while (0)
#else
#define TER_VALGRIND_REQUEST(words, answer) ((void)(words))
#endif

TER_INLINE uintptr_t ter_valgrind_request(uintptr_t request, uintptr_t first, uintptr_t second)
{
    const volatile uintptr_t words[6] = {request, first, second, 0, 0, 0};
    uintptr_t answer = 0;

    TER_VALGRIND_REQUEST(words, answer);
    return answer;
}

/* Is this process run by a tool of Valgrind? */
TER_INLINE bool ter_on_valgrind(void)
{
    return ter_valgrind_request(TER_VALGRIND_RUNNING, 0, 0) != 0;
}

/* Errors of this thread between off and on are not reported; they may be nested. */
TER_INLINE void ter_valgrind_errors_off(void)
{
    (void)ter_valgrind_request(TER_VALGRIND_DISABLE_ERRORS, 1, 0);
}

TER_INLINE void ter_valgrind_errors_on(void)
{
    (void)ter_valgrind_request(TER_VALGRIND_DISABLE_ERRORS, (uintptr_t)-1, 0);
}

/* Free memory: nobody is to read or write it. */
TER_INLINE void ter_valgrind_no_access(uintptr_t start, size_t bytes)
{
    (void)ter_valgrind_request(TER_VALGRIND_NO_ACCESS, start, bytes);
}

/* Memory that was handed out and has no contents yet. */
TER_INLINE void ter_valgrind_undefined(uintptr_t start, size_t bytes)
{
    (void)ter_valgrind_request(TER_VALGRIND_UNDEFINED, start, bytes);
}

TER_INLINE void ter_valgrind_defined(uintptr_t start, size_t bytes)
{
    (void)ter_valgrind_request(TER_VALGRIND_DEFINED, start, bytes);
}
