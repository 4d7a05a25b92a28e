/* SPDX-License-Identifier: MIT */
/*
 * Static probes: places in the code that a tracer of the system (SystemTap, perf, bpftrace) finds
 * by name in the library's notes and may put a breakpoint at. Each is one instruction that does
 * nothing while nobody looks. The provider is `terrier`; the names and arguments are in
 * docs/seeing.md. Where the system has no <sys/sdt.h> there are none.
 */
#pragma once

/* A build that asks first says so: a header that comes later would change no file of it. */
#if !defined(TER_HAS_SDT) && defined(__has_include)
#if __has_include(<sys/sdt.h>)
#define TER_HAS_SDT 1
#endif
#endif
#if defined(TER_HAS_SDT) && TER_HAS_SDT
#include <sys/sdt.h>
#endif

#ifdef DTRACE_PROBE2
#define TER_PROBE2(name, a, b) DTRACE_PROBE2(terrier, name, a, b)
#define TER_PROBE3(name, a, b, c) DTRACE_PROBE3(terrier, name, a, b, c)
#define TER_PROBE4(name, a, b, c, d) DTRACE_PROBE4(terrier, name, a, b, c, d)
#else
#define TER_PROBE2(name, a, b) ((void)(a), (void)(b))
#define TER_PROBE3(name, a, b, c) ((void)(a), (void)(b), (void)(c))
#define TER_PROBE4(name, a, b, c, d) ((void)(a), (void)(b), (void)(c), (void)(d))
#endif
