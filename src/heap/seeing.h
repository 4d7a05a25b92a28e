/* SPDX-License-Identifier: MIT */
/* What the options want to be seen of a heap while it lives. */
#pragma once

struct ter_heap;

/* Before the heap has mutators. What cannot be had is said in the log, and the heap works. */
void ter_heap_begin_seeing(struct ter_heap *heap);
/* The process may end after this: what was seen is written. */
void ter_heap_settle_seeing(struct ter_heap *heap);
void ter_heap_end_seeing(struct ter_heap *heap);
