/* SPDX-License-Identifier: MIT */
/*
 * Three tiers of checks.
 *
 * TER_REQUIRE: the caller's duty (misuse of the interface). On in every build; says what was wrong.
 * TER_CHECK:   our own invariant, cheap. On in release builds too (TER_CHECKS >= 1).
 * TER_ASSERT:  our own invariant, on a hot path or costly. On in debug and sanitizer builds.
 *
 * A failed check writes one line to standard error and aborts; it takes no lock and allocates
 * nothing, so it may fire anywhere.
 */
#pragma once

#include "base/compiler.h"

#ifndef TER_CHECKS
#define TER_CHECKS 1
#endif

/* Writes "terrier: " and the message, then aborts. */
TER_NORETURN TER_COLD TER_PRINTF(1, 2) void ter_fatal(const char *format, ...);

#define TER_REQUIRE(condition, ...) (TER_LIKELY(condition) ? (void)0 : ter_fatal(__VA_ARGS__))

#define TER_CHECK_ON(condition)                                                                    \
    (TER_LIKELY(condition)                                                                         \
         ? (void)0                                                                                 \
         : ter_fatal("broken invariant at %s:%d: %s", __FILE__, __LINE__, #condition))
/* Compiled, so that it keeps compiling, and never evaluated. Not by sizeof: clang calls a function
 * that nothing but a sizeof names unneeded. */
#define TER_CHECK_OFF(condition) ((void)(0 && (condition)))

#if TER_CHECKS >= 1
#define TER_CHECK(condition) TER_CHECK_ON(condition)
#else
#define TER_CHECK(condition) TER_CHECK_OFF(condition)
#endif

#if TER_CHECKS >= 2
#define TER_ASSERT(condition) TER_CHECK_ON(condition)
#else
#define TER_ASSERT(condition) TER_CHECK_OFF(condition)
#endif
