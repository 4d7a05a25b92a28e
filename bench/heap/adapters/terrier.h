/* SPDX-License-Identifier: MIT */
/* Terrier with stacks that are scanned: variables are roots as they are. Stores are announced, so
 * that plans with young objects collect those by themselves, and threads stop at safepoints. */
#ifndef BENCH_HEAP_TERRIER_H
#define BENCH_HEAP_TERRIER_H

#define ADAPTER_STACKS "ambiguous"

#include "terrier_heap.h"

#define BENCH_ROOTS(m, name, ...)                                                                  \
    struct {                                                                                       \
        __VA_ARGS__                                                                                \
    } name = {0};                                                                                  \
    (void)(m)
#define BENCH_ROOTS_END(m, name) ((void)(m), (void)(name))

#endif
