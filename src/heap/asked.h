/* SPDX-License-Identifier: MIT */
/*
 * Heaps of which a signal asks something.
 *
 * Invariant: the handler writes to nothing but words of heaps that are in the list, and a heap that
 * has left the list is not written to any more.
 */
#pragma once

#include "base/base.h"

struct ter_heap;

/* What is asked of more heaps is said in the log, and not done. */
#define TER_MOST_ASKED 16u

/* From now on that signal makes the heap's next slow allocation call gate.asked. */
void ter_heap_listen(struct ter_heap *heap, int signal);
/* No more; a heap that does not listen is none the worse. */
void ter_heap_stop_listening(struct ter_heap *heap);
