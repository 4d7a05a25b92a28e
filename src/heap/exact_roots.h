/* SPDX-License-Identifier: MIT */
/*
 * Exact roots of a heap, for who is built with the library: programs have roots.h.
 *
 * Threads: from any thread that is bound to the heap, outside callbacks.
 */
#pragma once

#include <terrier/heap.h>

#include "roots/roots.h"

/* In each collection from now on `reporter` says which slots are roots; NULL: none. */
void ter_heap_report_roots(struct ter_heap *heap, ter_root_reporter *reporter, void *context);

/*
 * From now on stacks, registers and thread-local data of mutators are no roots, or are again. A
 * thread may be stopped anywhere, so while they are none, what a thread holds in a local variable
 * must not be its only reference when another one may collect.
 */
void ter_heap_scan_stacks(struct ter_heap *heap, bool scan);
