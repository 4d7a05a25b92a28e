/* SPDX-License-Identifier: MIT */
/*
 * What is told when somebody touches memory of a heap that a policy lets nobody touch.
 *
 * Invariant: the handler is there as long as a heap has such a policy; what it tells first is read
 * from side metadata alone, so that it comes out whatever other threads are in the middle of.
 */
#pragma once

struct ter_heap;

/* By its plan's policies; before the heap has its first object, and behind its last. */
void ter_heap_watch_touches(struct ter_heap *heap);
void ter_heap_unwatch_touches(struct ter_heap *heap);
