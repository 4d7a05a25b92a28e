/* SPDX-License-Identifier: MIT */
/* Terrier with frames of exact roots: objects may move, under plans that move them. */
#ifndef BENCH_HEAP_TERRIER_EXACT_H
#define BENCH_HEAP_TERRIER_EXACT_H

#define ADAPTER_STACKS "exact"

#include "terrier_heap.h"

#define BENCH_ROOTS(m, name, ...) TER_ROOTS(m, name, __VA_ARGS__)
#define BENCH_ROOTS_END(m, name) TER_FRAME_END(m, name)

#endif
