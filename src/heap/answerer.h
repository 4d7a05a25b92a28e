/* SPDX-License-Identifier: MIT */
/*
 * The thread that answers other programs (option `live`): one for all heaps of the process that
 * want it, on a socket of the process's own.
 *
 * Invariant: it is there while a heap is that wants it. It waits for no caller, and for a heap's
 * lock only where a program may wait for it too; a caller that asks wrongly, half, slowly or not at
 * all costs a place of sixteen. A forked child has a thread and a socket of its own from its first
 * slow allocation on.
 */
#pragma once

#include "base/base.h"

struct ter_heap;

/* By the option; what cannot be had is said in the log, and the heap works. */
void ter_answerer_add(struct ter_heap *heap);
/* Waits while it is being answered for. */
void ter_answerer_remove(struct ter_heap *heap);

/* Around a fork, after the heaps' locks; the last in the child, which has a thread again after its
 * next slow allocation. */
void ter_answerer_hold(void);
void ter_answerer_let_go(void);
void ter_answerer_forked(void);
