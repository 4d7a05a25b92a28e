/* SPDX-License-Identifier: MIT */
/* What the compilers offer, each with a plain fallback. */
#pragma once

#if defined(__GNUC__)
#define TER_INLINE static inline __attribute__((always_inline))
#define TER_NOINLINE __attribute__((noinline))
#define TER_COLD __attribute__((cold, noinline))
#define TER_NORETURN __attribute__((noreturn))
#define TER_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define TER_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define TER_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define TER_PREFETCH_READ(address) __builtin_prefetch((const void *)(address), 0, 3)
#define TER_PREFETCH_WRITE(address) __builtin_prefetch((const void *)(address), 1, 3)
#define TER_ALIGNED(bytes) __attribute__((aligned(bytes)))
#define TER_UNUSED __attribute__((unused))
/* Of a variable: `function` gets its address when its scope is left. */
#define TER_AT_EXIT(function) __attribute__((cleanup(function)))
/* Saves every callee-saved register in the caller's frame, where a conservative scan sees it. */
#define TER_SPILL_REGISTERS() __builtin_unwind_init()
#define TER_FRAME_ADDRESS() ((uintptr_t)__builtin_frame_address(0))
/* The caller's stack pointer before it called: what lies above is its own. */
#define TER_CALLER_STACK_POINTER() ((uintptr_t)__builtin_dwarf_cfa())
/* An address at or below everything in this frame: that of a new object at its end. */
#define TER_STACK_POINTER() ((uintptr_t)__builtin_alloca(16))
#else
#define TER_INLINE static inline
#define TER_NOINLINE
#define TER_COLD
#define TER_NORETURN
#define TER_PRINTF(text, first)
#define TER_LIKELY(condition) (condition)
#define TER_UNLIKELY(condition) (condition)
#define TER_PREFETCH_READ(address) ((void)(address))
#define TER_PREFETCH_WRITE(address) ((void)(address))
#define TER_ALIGNED(bytes)
#define TER_UNUSED
#error "a conservative scan needs a way to spill registers: add it for this compiler"
#endif

/* Is the first byte of a word in memory its highest? */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define TER_BIG_ENDIAN 1
#else
#define TER_BIG_ENDIAN 0
#endif

/* Conservative scanning and the collector's own loops read memory of any kind, poisoned or racing.
 */
#if defined(__SANITIZE_ADDRESS__)
#define TER_HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TER_HAS_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define TER_HAS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TER_HAS_TSAN 1
#endif
#endif
#ifndef TER_HAS_ASAN
#define TER_HAS_ASAN 0
#endif
#ifndef TER_HAS_TSAN
#define TER_HAS_TSAN 0
#endif

/* For a function that reads memory of other threads' and functions' frames. */
#if TER_HAS_ASAN || TER_HAS_TSAN
#define TER_NO_SANITIZE __attribute__((no_sanitize("address", "thread")))
#else
#define TER_NO_SANITIZE
#endif

/* The layout that the option's value auto stands for, when who builds the library says so. */
#ifndef TER_AUTO_LAYOUT
#define TER_AUTO_LAYOUT ""
#endif

/* True in a build whose sanitizer keeps parts of the address space to itself. */
#define TER_HAS_SANITIZER (TER_HAS_ASAN || TER_HAS_TSAN)
