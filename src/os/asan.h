/* SPDX-License-Identifier: MIT */
/*
 * What AddressSanitizer is told, where the library is built with it: memory of a heap that nobody
 * is to use. Whoever does all the same is stopped at the use, whichever code it is in. In other
 * builds nothing of this is compiled.
 *
 * Invariant: memory that was said to be nobody's is a heap's own, and is said to be somebody's
 * again before it is handed out, before the collector itself writes or reads there, and before its
 * addresses go back. Any thread; bytes of whole granules.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

#if TER_HAS_ASAN
/* Of its runtime, whose header not every system has. */
void __asan_poison_memory_region(const volatile void *start, size_t bytes);
void __asan_unpoison_memory_region(const volatile void *start, size_t bytes);
void *__asan_region_is_poisoned(void *start, size_t bytes);

/*
 * It keeps an eighth of what it is told of. So of what is larger, and may never have had memory,
 * only the beginning is told; and what was not told is not taken back.
 */
#define TER_ASAN_MOST_BYTES ((size_t)1 << 24)

TER_INLINE void ter_asan_no_access(uintptr_t start, size_t bytes)
{
    __asan_poison_memory_region((const volatile void *)start,
                                bytes < TER_ASAN_MOST_BYTES ? bytes : TER_ASAN_MOST_BYTES);
}

TER_INLINE void ter_asan_access(uintptr_t start, size_t bytes)
{
    for (; bytes > TER_ASAN_MOST_BYTES; bytes -= TER_ASAN_MOST_BYTES) {
        if (__asan_region_is_poisoned((void *)start, TER_ASAN_MOST_BYTES) != NULL)
            __asan_unpoison_memory_region((const volatile void *)start, TER_ASAN_MOST_BYTES);
        start += TER_ASAN_MOST_BYTES;
    }
    __asan_unpoison_memory_region((const volatile void *)start, bytes);
}
#else
TER_INLINE void ter_asan_no_access(uintptr_t start, size_t bytes)
{
    (void)start, (void)bytes;
}

TER_INLINE void ter_asan_access(uintptr_t start, size_t bytes)
{
    (void)start, (void)bytes;
}
#endif
