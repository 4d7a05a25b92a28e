/* SPDX-License-Identifier: MIT */
/*
 * Waiting for each other in a heap with safepoints: who gathers all, and who stands meanwhile.
 *
 * Invariant: `gathering` changes under the heap lock; `arrivals` and `dispersals` grow with each
 * change that those wait for who watch them, so that no wake-up is lost. All under the heap lock,
 * which is let go while somebody waits.
 */
#pragma once

#include "alloc/allocator.h"

/* Waits until the word changes, or for so long (0: however long); false: it has not changed. */
bool ter_allocator_wait(struct ter_allocator *allocator, _Atomic uint32_t *word,
                        unsigned milliseconds);

/* A mutator has just gone outside, or ended. */
void ter_safepoints_arrived(struct ter_allocator *allocator);
/* Waits for the end of a gathering, if there is one. */
void ter_safepoints_await_end(struct ter_allocator *allocator);
/* The gathering is over. */
void ter_safepoints_end(struct ter_allocator *allocator);
