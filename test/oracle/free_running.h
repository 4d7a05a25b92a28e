/* SPDX-License-Identifier: MIT */
/*
 * Threads that run as they like, each in a world of its own, all on one heap. Now and then a thread
 * leaves its world to the next and takes another one: so objects go from thread to thread. Threads
 * end and begin.
 *
 * Invariant: a world is used by one thread at a time. Where roots are exact or objects move, a
 * thread must not be stopped between two operations' halves: there each operation holds a lock that
 * a collection waits for, and the heap is too large to collect by itself.
 */
#pragma once

#include "stage.h"

void free_running(struct stage *stage, struct ter_mutator *mutator);
